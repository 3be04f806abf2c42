/*
 * Sections: folders, playlists and saved searches of media.
 */

#include "common.h"
#include "section.h"
#include "section_path.h"
#include "type.h"
#include "../api/attributes.h"
#include "../api/delete.h"
#include "../query/query.h"

#define MATCH_WAYS 1e6 /* tens of milliseconds for one path */

static const field_t section_common_fields[] = {
    {"path", STRING(NULLABLE), OPTIONAL, "Place in the tree of folders, dotted."},
    {"dtype", STRING(ENUM_SECTION_DTYPE), OPTIONAL, "Kind of data."},
    {"tator_user_sections", STRING(DEPRECATED), OPTIONAL, "UUID by which older media name their section."},
    {"object_search", REF(schema_attribute_operation_spec), OPTIONAL, "Search over attributes."},
    {"related_search", REF(schema_attribute_operation_spec), OPTIONAL, "Search over related objects."},
    {"visible", BOOLEAN(), OPTIONAL, "Whether it shows in the user interface."},
    {"elemental_id", STRING(NULLABLE), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {"attributes", ATTRIBUTES(), OPTIONAL, "Attribute values by name."},
    {"explicit_listing", BOOLEAN(DEPRECATED), OPTIONAL, "Whether the section lists its media."},
    {0},
};

static const field_t section_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"created_datetime", STRING(FORMAT("date-time"), NULLABLE), OPTIONAL, "When it was created."},
    {"created_by", INTEGER(), OPTIONAL, "User who created it."},
    {"media", ARRAY(INTEGER()), OPTIONAL, "Media."},
    {0},
};

static const field_t section_spec_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {"media", ARRAY(INTEGER()), OPTIONAL, "Media."},
    {0},
};

static const field_t section_update_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"media_add", ARRAY(INTEGER()), OPTIONAL, "Media to add."},
    {"media_del", ARRAY(INTEGER()), OPTIONAL, "Media to remove."},
    {0},
};

static const field_t section_bulk_update_path_substitution_fields[] = {
    {"old", STRING(), OPTIONAL, "What the paths begin with."},
    {"new", STRING(), OPTIONAL, "What to write instead."},
    {0},
};

static const field_t section_bulk_update_fields[] = {
    {"path_substitution", OBJECT(section_bulk_update_path_substitution_fields), OPTIONAL, "Begin of paths to replace."},
    {0},
};

const schema_t schema_section = OBJECT(section_fields, SHARED(section_common_fields), NAMED("Section"));
const schema_t schema_section_bulk_update = OBJECT(section_bulk_update_fields, NAMED("SectionBulkUpdate"));
const schema_t schema_section_spec = OBJECT(section_spec_fields, SHARED(section_common_fields), NAMED("SectionSpec"));
const schema_t schema_section_update =
    OBJECT(section_update_fields, SHARED(section_common_fields), NAMED("SectionUpdate"));

const lookup_t lookup_section = {
    .model = "Section",
    .sql = "SELECT project FROM main_section WHERE id = $1",
};

static const field_t section_list_params[] = {
    {"name", STRING(), OPTIONAL, "Only this name."},
    {"encoded_search", STRING(), OPTIONAL, "A search over attributes, as JSON in base64."},
    {"elemental_id", STRING(), OPTIONAL, "UUID of the object."},
    {"match", STRING(), OPTIONAL, "Only paths that match this ltree pattern."},
    {"ancestors", STRING(), OPTIONAL, "Only sections above this path."},
    {"descendants", STRING(), OPTIONAL, "Only sections below this path."},
    {0},
};

/* A path that is null reads "None" (contract/annotations.md §12). */
static const column_t section_columns[] = {
    {"id", "t.id", COLUMN_RAW},
    {"project", "t.project", COLUMN_RAW},
    {"name", "t.name", COLUMN_TEXT},
    {"path", "COALESCE(t.path::text, 'None')", COLUMN_SAFE},
    {"dtype", "t.dtype", COLUMN_TEXT},
    {"tator_user_sections", "t.tator_user_sections", COLUMN_TEXT},
    {"object_search", "t.object_search", COLUMN_RAW},
    {"related_search", "t.related_object_search", COLUMN_RAW},
    {"visible", "t.visible", COLUMN_BOOL},
    {"elemental_id", "t.elemental_id", COLUMN_SAFE},
    {"attributes", "t.attributes", COLUMN_RAW},
    {"explicit_listing", "t.explicit_listing", COLUMN_BOOL},
    {"created_datetime", "t.created_datetime", COLUMN_TIME},
    {"created_by", "t.created_by", COLUMN_RAW},
    {"media", "ARRAY(SELECT l.media_id FROM main_section_media l WHERE l.section_id = t.id ORDER BY 1)", COLUMN_IDS},
    {0},
};

static void        section_select(sql_t *sql);
static void        section_filters(rq_t *rq, sql_t *sql);
static void        section_check_match(rq_t *rq, const char *match);
static const char *section_matched(rq_t *rq);
static const char *section_path(rq_t *rq);
static void        section_check_path(rq_t *rq, const char *path);
static json_t     *section_attribute_types(rq_t *rq, const char **owner);
static void        section_add_media(rq_t *rq, int64_t section, json_t *media);


static void
section_get(rq_t *rq)
{
    sql_t    *sql;
    result_t *result;

    sql = sql_new(rq->arena);
    section_select(sql);
    sql_put(sql, " WHERE t.id = %ld", param_int(rq, "id", 0));

    result = pg_run(rq, sql);
    if (pg_rows(result) == 0) {
        fail_missing(rq, "Section");
    }

    reply_row(rq, 200, section_columns, result, 0);
}


static void
section_list(rq_t *rq)
{
    sql_t *sql;

    sql = sql_new(rq->arena);
    query_acl(rq, sql, &kind_section);
    section_select(sql);
    section_filters(rq, sql);
    sql_raw(sql, rq->config->fine_grain ? " ORDER BY t.id" : " ORDER BY t.name, t.id");

    reply_rows(rq, section_columns, pg_run(rq, sql));
}


static void
section_create(rq_t *rq)
{
    bool        search;
    json_t     *attributes;
    int64_t     id;
    result_t   *result;
    const char *path, *owner;

    path = section_path(rq);
    search = param_given(rq, "object_search") || param_given(rq, "related_search");
    attributes = attributes_on_create(rq, section_attribute_types(rq, &owner), param(rq, "attributes"));

    tx_begin(rq);
    section_check_path(rq, path);

    result = pg_query(rq,
                      "INSERT INTO main_section (name, dtype, path, tator_user_sections, object_search, related_object_search, visible,"
                      " elemental_id, created_datetime, attributes, explicit_listing, created_by, project)"
                      " VALUES (%s, COALESCE(%s, %s), %s::ltree, %s, %p::jsonb, %p::jsonb, COALESCE(%s::boolean, true),"
                      " COALESCE(NULLIF(%s, '')::uuid, gen_random_uuid()), now(), %p::jsonb, COALESCE(%s::boolean, false), %ld, %ld)"
                      " RETURNING id",
                      param_text(rq, "name"), sql_param(rq, "dtype"), search ? "saved_search" : "folder", path,
                      sql_param(rq, "tator_user_sections"), sql_param_json(rq, "object_search"), sql_param_json(rq, "related_search"),
                      sql_param(rq, "visible"), sql_param_uuid(rq, "elemental_id"), attributes, sql_param(rq, "explicit_listing"),
                      rq->user.id, rq->project);
    id = pg_int(result, 0, 0);
    section_add_media(rq, id, param(rq, "media"));

    pg_query(rq, "INSERT INTO main_rowprotection (created_datetime, permission, section_id, user_id) VALUES (now(), 16777215, %ld, %ld)",
             id, rq->user.id);

    tx_commit(rq);
    reply_created(rq, id, "Section %s created!", param_text(rq, "name"));
}


/* dtype and related_search are accepted and stay as they are (contract/annotations.md §12). */
static void
section_update(rq_t *rq)
{
    int64_t     id = param_int(rq, "id", 0);
    json_t     *attributes, *types;
    result_t   *result;
    const char *owner;

    types = section_attribute_types(rq, &owner);
    attributes = attributes_on_patch(rq, types, owner);
    tx_begin(rq);

    if (param_given(rq, "path")) {
        section_check_path(rq, param_text(rq, "path"));
    }

    result = pg_query(rq,
                      "UPDATE main_section SET name = COALESCE(%s, name), path = COALESCE(%s::ltree, path),"
                      " object_search = COALESCE(%p::jsonb, object_search), tator_user_sections = COALESCE(%s, tator_user_sections),"
                      " visible = COALESCE(%s::boolean, visible), explicit_listing = COALESCE(%s::boolean, explicit_listing),"
                      " elemental_id = COALESCE(NULLIF(%s, '')::uuid, elemental_id),"
                      " attributes = COALESCE(attributes, '{}') || COALESCE(%p::jsonb, '{}')"
                      " WHERE id = %ld RETURNING name",
                      sql_param(rq, "name"), sql_param(rq, "path"), sql_param_json(rq, "object_search"),
                      sql_param(rq, "tator_user_sections"), sql_param(rq, "visible"), sql_param(rq, "explicit_listing"),
                      sql_param_uuid(rq, "elemental_id"), attributes, id);

    if (pg_rows(result) == 0) {
        fail_missing(rq, "Section");
    }

    section_add_media(rq, id, param(rq, "media_add"));

    if (param_given(rq, "media_del")) {
        pg_query(rq, "DELETE FROM main_section_media WHERE section_id = %ld AND media_id = ANY(%s::int[])", id,
                 sql_json_array(rq->arena, param(rq, "media_del")));
    }

    tx_commit(rq);
    reply_message(rq, 200, "Section %s updated successfully!", pg_text(result, 0, 0));
}


static void
section_delete(rq_t *rq)
{
    int64_t id = param_int(rq, "id", 0);

    tx_begin(rq);
    delete_rows(rq, "main_section", sql_int_array(rq->arena, &id, 1));
    tx_commit(rq);

    reply_message(rq, 200, "Section %ld successfully deleted!", (long) id);
}


/* The beginning of paths is replaced: whole branches of the tree move. */
static void
section_move(rq_t *rq)
{
    json_t     *substitution = param(rq, "path_substitution");
    result_t   *result;
    const char *old = json_string_value(json_object_get(substitution, "old")), *new = json_string_value(json_object_get(substitution, "new"));

    if (old == NULL || new == NULL) {
        fail(rq, 400, "path_substitution must have the members old and new.");
    }

    result = pg_query(rq,
                      "UPDATE main_section SET path = (%s || substr(path::text, length(%s) + 1))::ltree"
                      " WHERE id = ANY(%s::int[]) AND starts_with(path::text, %s) RETURNING id",
                      new, old, section_matched(rq), old);

    reply_message(rq, 200, "Successfully patched %ld sections!", (long) pg_rows(result));
}


static void
section_delete_list(rq_t *rq)
{
    int64_t n;

    tx_begin(rq);
    n = delete_rows(rq, "main_section", section_matched(rq));
    tx_commit(rq);

    reply_message(rq, 200, "Successfully deleted %ld sections!", (long) n);
}


static void
section_select(sql_t *sql)
{
    sql_put(sql, "SELECT ");
    columns_select(sql, section_columns);
    sql_put(sql, " FROM main_section AS t");
}


/* contract/queries.md §15 */
static void
section_filters(rq_t *rq, sql_t *sql)
{
    sql_put(sql, " WHERE t.project = %ld", rq->project);

    if (param_given(rq, "name")) {
        sql_put(sql, " AND upper(t.name) = upper(%s)", param_text(rq, "name"));
    }

    if (param_given(rq, "elemental_id")) {
        sql_put(sql, " AND t.elemental_id = %s::uuid", query_uuid(rq, "elemental_id", param_text(rq, "elemental_id")));
    }

    if (param_given(rq, "match")) {
        section_check_match(rq, param_text(rq, "match"));
        sql_put(sql, " AND t.path ~ %s::lquery", param_text(rq, "match"));
    }

    if (param_given(rq, "ancestors")) {
        sql_put(sql, " AND t.path @> %s::ltree", param_text(rq, "ancestors"));
    }

    if (param_given(rq, "descendants")) {
        sql_put(sql, " AND t.path <@ %s::ltree", param_text(rq, "descendants"));
    }

    query_visible(rq, sql, &kind_section);
    query_searched(rq, &kind_section, sql);
}


/* A pattern with several parts of any length is tried in every way that these can share a path's labels: 400 when these are too many. */
static void
section_check_match(rq_t *rq, const char *match)
{
    double  ways = 1;
    int64_t labels, parts = 0;

    for (const char *p = match; *p != '\0'; p++) {
        parts += (p == match || p[-1] == '.') && p[0] == '*' && p[1] != '{';
        parts += *p == '{';
    }

    if (parts <= 2) {
        return;
    }

    labels = pg_int(pg_query(rq, "SELECT max(nlevel(path)) FROM main_section WHERE project = %ld", rq->project), 0, 0);

    for (int64_t k = 1; k <= parts && ways <= MATCH_WAYS; k++) {
        ways *= (double) (labels + k) / (double) k;
    }

    if (ways > MATCH_WAYS) {
        fail(rq, 400, "match: too many parts of any length, for paths of up to %ld labels", (long) labels);
    }
}


rights_t
section_rights(rq_t *rq)
{
    sql_t    *sql;
    result_t *result;

    sql = sql_new(rq->arena);
    query_acl(rq, sql, &kind_section);
    sql_put(sql, "SELECT count(*), bit_and(mask) FROM (SELECT tator.section_permission(%ld::int, t.id) AS mask FROM main_section AS t", rq->viewer);
    section_filters(rq, sql);
    sql_put(sql, ") p");
    result = pg_run(rq, sql);

    return (rights_t) {pg_int(result, 0, 0), pg_int(result, 0, 1)};
}


/* Ids of the sections that the filters match, as array text. */
static const char *
section_matched(rq_t *rq)
{
    sql_t      *sql;
    const char *ids;

    sql = sql_new(rq->arena);
    query_acl(rq, sql, &kind_section);
    sql_put(sql, "SELECT array_agg(t.id) FROM main_section AS t");
    section_filters(rq, sql);
    ids = pg_text(pg_run(rq, sql), 0, 0);

    return ids ? ids : "{}";
}


/* The path of a new section: as given or its name. */
static const char *
section_path(rq_t *rq)
{
    const char *path, *given = param_text(rq, param_given(rq, "path") ? "path" : "name");

    path = section_path_of(rq->arena, given);

    if (path == NULL) {
        fail(rq, 400, "The path %.100s has an empty label, or one that is too long.", given);
    }

    return path;
}


static void
section_check_path(rq_t *rq, const char *path)
{
    result_t *result;

    result = pg_query(rq, "SELECT 1 FROM main_section WHERE project = %ld AND path = %s::ltree LIMIT 1", rq->project, path);

    if (pg_rows(result) > 0) {
        fail(rq, 400, "Section with this path already exists!");
    }
}


static json_t *
section_attribute_types(rq_t *rq, const char **owner)
{
    result_t *result;

    result = pg_query(rq, "SELECT attribute_types, name FROM main_project WHERE id = %ld", rq->project);
    if (pg_rows(result) == 0) {
        fail_missing(rq, "Project");
    }

    *owner = rq_format(rq, "Section of %s", pg_text(result, 0, 1));

    return pg_json(rq, result, 0, 0);
}


static void
section_add_media(rq_t *rq, int64_t section, json_t *media)
{
    result_t   *result;
    const char *ids;

    if (!json_is_array(media)) {
        return;
    }

    ids = sql_json_array(rq->arena, media);
    result = pg_query(rq, "SELECT m FROM unnest(%s::int[]) AS m"
                      " WHERE NOT EXISTS (SELECT FROM main_media WHERE id = m AND project = %ld)", ids, rq->project);

    if (pg_rows(result) > 0) {
        fail(rq, 400, "Media %s does not exist in the project.", pg_text(result, 0, 0));
    }

    pg_query(rq,
             "INSERT INTO main_section_media (section_id, media_id) SELECT DISTINCT %ld::int, m FROM unnest(%s::int[]) AS m"
             " ON CONFLICT DO NOTHING",
             section, ids);
}


const endpoint_t section_endpoints[] = {
    {GET(VIEW), "/rest/Section/{id}", "GetSection",
     .handler = section_get,
     .lookup = &lookup_section, .params = {path_id}, .reply = &schema_section,
     .doc = "A section."},
    {PATCH(EDIT), "/rest/Section/{id}", "UpdateSection",
     .handler = section_update,
     .lookup = &lookup_section, .params = {path_id}, .body = &schema_section_update,
     .doc = "Change a section."},
    {DELETE(EDIT), "/rest/Section/{id}", "DeleteSection",
     .handler = section_delete,
     .lookup = &lookup_section, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a section."},
    {GET(VIEW), "/rest/Sections/{project}", "GetSectionList",
     .handler = section_list,
     .params = {path_project, section_list_params}, .reply = &schema_section,
     .flags = REPLY_LIST,
     .doc = "Sections that match."},
    {POST(EDIT), "/rest/Sections/{project}", "CreateSection",
     .handler = section_create,
     .params = {path_project}, .body = &schema_section_spec, .reply = &schema_create_response,
     .doc = "Create a section."},
    {PATCH(EDIT), "/rest/Sections/{project}", "UpdateSectionList",
     .handler = section_move,
     .params = {path_project, section_list_params}, .body = &schema_section_bulk_update,
     .reply = &schema_message_response,
     .doc = "Move sections to other paths."},
    {DELETE(EDIT), "/rest/Sections/{project}", "destroySectionListAPI",
     .handler = section_delete_list,
     .params = {path_project, section_list_params},
     .doc = "Delete sections."},
    {0},
};
