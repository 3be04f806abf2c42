/*
 * Versions: layers of annotations, each on top of its bases.
 */

#include "common.h"
#include "type.h"
#include "../api/delete.h"

static const field_t version_common_fields[] = {
    {"description", STRING(DEFAULT_TEXT("")), OPTIONAL, "Free text about it."},
    {"show_empty", BOOLEAN(DEFAULT("true")), OPTIONAL, "Whether media without annotations show in it."},
    {"bases", ARRAY(INTEGER(), MINIMUM(0)), OPTIONAL, "Versions below this one."},
    {"elemental_id", STRING(), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {0},
};

static const field_t version_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"number", INTEGER(), OPTIONAL, "Place in the order of versions."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"created_by", STRING(), OPTIONAL, "User who created it."},
    {"effective_permission", INTEGER(), OPTIONAL, "What the caller may do with it, as bits."},
    {0},
};

static const field_t version_spec_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {0},
};

static const field_t version_update_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {0},
};

const schema_t schema_version = OBJECT(version_fields, SHARED(version_common_fields), NAMED("Version"));
const schema_t schema_version_spec = OBJECT(version_spec_fields, SHARED(version_common_fields), NAMED("VersionSpec"));
const schema_t schema_version_update =
    OBJECT(version_update_fields, SHARED(version_common_fields), NAMED("VersionUpdate"));

const lookup_t lookup_version = {
    .model = "Version",
    .sql = "SELECT project_id FROM main_version WHERE id = $1",
};

static const field_t version_list_params[] = {
    {"media_id", INTEGER(), OPTIONAL, "Only these media."},
    {0},
};

static const column_t version_columns[] = {
    {"id", "t.id", COLUMN_RAW},
    {"name", "t.name", COLUMN_TEXT},
    {"description", "t.description", COLUMN_TEXT},
    {"show_empty", "t.show_empty", COLUMN_BOOL},
    {"elemental_id", "t.elemental_id", COLUMN_SAFE},
    {"number", "t.number", COLUMN_RAW},
    {"project", "t.project_id", COLUMN_RAW},
    {"created_by", "t.created_by_id", COLUMN_RAW},
    {"effective_permission", "tator.version_permission(%ld::int, t.id)", COLUMN_MASK},
    {"bases", "ARRAY(SELECT b.to_version_id FROM main_version_bases b WHERE b.from_version_id = t.id ORDER BY 1)", COLUMN_IDS},
    {0},
};

static sql_t *version_select(rq_t *rq);
static void   version_set_bases(rq_t *rq, int64_t version);


static void
version_get(rq_t *rq)
{
    sql_t    *sql;
    result_t *result;

    sql = version_select(rq);
    sql_put(sql, " WHERE t.id = %ld", param_int(rq, "id", 0));

    result = pg_run(rq, sql);
    if (pg_rows(result) == 0) {
        fail_missing(rq, "Version");
    }

    reply_row(rq, 200, version_columns, result, 0);
}


static void
version_list(rq_t *rq)
{
    sql_t *sql;

    sql = version_select(rq);
    sql_put(sql, " WHERE t.project_id = %ld", rq->project);
    if (rq->config->fine_grain) {
        sql_put(sql, " AND tator.version_permission(%ld::int, t.id) & 3 = 3 ORDER BY t.id", rq->viewer);
    } else {
        sql_put(sql, " ORDER BY t.number, t.id");
    }

    reply_rows(rq, version_columns, pg_run(rq, sql));
}


static void
version_create(rq_t *rq)
{
    int64_t   id;
    result_t *result;

    tx_begin(rq);

    result = pg_query(rq,
                      "INSERT INTO main_version (name, description, number, created_datetime, show_empty, elemental_id, created_by_id,"
                      " project_id)"
                      " SELECT %s, COALESCE(%s, ''), COALESCE(max(v.number) + 1, 0), now(), %d::boolean,"
                      " COALESCE(NULLIF(%s, '')::uuid, gen_random_uuid()), %ld, p.id"
                      " FROM main_project p LEFT JOIN main_version v ON v.project_id = p.id WHERE p.id = %ld GROUP BY p.id"
                      " RETURNING id",
                      param_text(rq, "name"), sql_param(rq, "description"), param_bool(rq, "show_empty", true),
                      sql_param_uuid(rq, "elemental_id"), rq->user.id, rq->project);
    id = pg_int(result, 0, 0);
    version_set_bases(rq, id);

    pg_query(rq, "INSERT INTO main_rowprotection (created_datetime, permission, version_id, user_id) VALUES (now(), 65535, %ld, %ld)",
             id, rq->user.id);

    tx_commit(rq);
    reply_created(rq, id, "Created version successfully!");
}


/* Description and show_empty have defaults in the schema: absent, they return to those. */
static void
version_update(rq_t *rq)
{
    int64_t id = param_int(rq, "id", 0);

    tx_begin(rq);

    pg_query(rq,
             "UPDATE main_version SET name = COALESCE(%s, name), description = COALESCE(%s, description),"
             " show_empty = COALESCE(%s::boolean, show_empty), elemental_id = COALESCE(NULLIF(%s, '')::uuid, elemental_id)"
             " WHERE id = %ld",
             sql_param(rq, "name"), sql_param(rq, "description"), sql_param(rq, "show_empty"), sql_param_uuid(rq, "elemental_id"), id);

    if (param_given(rq, "bases")) {
        pg_query(rq, "DELETE FROM main_version_bases WHERE from_version_id = %ld", id);
        version_set_bases(rq, id);
    }

    tx_commit(rq);
    reply_message(rq, 200, "Version %ld updated successfully!", (long) id);
}


/* Annotations that are deleted or replaced go with the version; those that still stand keep it. */
static void
version_delete(rq_t *rq)
{
    int64_t   id = param_int(rq, "id", 0);
    result_t *result;

    tx_begin(rq);

    result = pg_query(rq,
                      "SELECT (SELECT count(*) FROM main_localization WHERE version = %ld AND NOT deleted AND NOT variant_deleted"
                      "        AND (mark = latest_mark) IS TRUE),"
                      "       (SELECT count(*) FROM main_state WHERE version = %ld AND NOT deleted AND NOT variant_deleted"
                      "        AND (mark = latest_mark) IS TRUE)",
                      id, id);

    if (pg_int(result, 0, 0) + pg_int(result, 0, 1) > 0) {
        fail(rq, 400, "Cannot delete version with annotations! Found %s localizations, %s states!", pg_text(result, 0, 0),
             pg_text(result, 0, 1));
    }

    delete_rows(rq, "main_version", sql_int_array(rq->arena, &id, 1));
    tx_commit(rq);

    reply_message(rq, 200, "Version %ld deleted successfully!", (long) id);
}


static sql_t *
version_select(rq_t *rq)
{
    sql_t *sql;

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT ");
    columns_select_for(rq, sql, version_columns);
    sql_put(sql, " FROM main_version AS t");

    return sql;
}


/* Bases are versions of the same project: annotations of another one are not for its members. */
static void
version_set_bases(rq_t *rq, int64_t version)
{
    result_t   *result;
    const char *bases;

    if (!param_given(rq, "bases")) {
        return;
    }

    bases = sql_json_array(rq->arena, param(rq, "bases"));
    result = pg_query(rq,
                      "SELECT b FROM unnest(%s::int[]) AS b"
                      " WHERE NOT EXISTS (SELECT FROM main_version v WHERE v.id = b AND v.project_id = %ld)",
                      bases, rq->project);

    if (pg_rows(result) > 0) {
        fail(rq, 400, "Version %s, given as a base, does not exist in the project.", pg_text(result, 0, 0));
    }

    pg_query(rq,
             "INSERT INTO main_version_bases (from_version_id, to_version_id) SELECT DISTINCT %ld::int, b FROM unnest(%s::int[]) AS b",
             version, bases);
}


const endpoint_t version_endpoints[] = {
    {GET(VIEW), "/rest/Version/{id}", "GetVersion",
     .handler = version_get,
     .lookup = &lookup_version, .params = {path_id}, .reply = &schema_version,
     .doc = "A version."},
    {PATCH(EDIT), "/rest/Version/{id}", "UpdateVersion",
     .handler = version_update,
     .lookup = &lookup_version, .params = {path_id}, .body = &schema_version_update,
     .reply = &schema_message_response,
     .doc = "Change a version."},
    {DELETE(EDIT), "/rest/Version/{id}", "DeleteVersion",
     .handler = version_delete,
     .lookup = &lookup_version, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a version."},
    {GET(VIEW), "/rest/Versions/{project}", "GetVersionList",
     .handler = version_list,
     .params = {path_project, version_list_params}, .reply = &schema_version,
     .flags = REPLY_LIST,
     .doc = "Versions that match."},
    {POST(EDIT), "/rest/Versions/{project}", "CreateVersion",
     .handler = version_create,
     .params = {path_project}, .body = &schema_version_spec, .reply = &schema_create_response,
     .doc = "Create a version."},
    {0},
};
