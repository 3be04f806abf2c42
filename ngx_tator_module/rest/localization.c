/*
 * Localizations: boxes, lines, dots and polygons on frames of a media (contract/annotations.md §7). The single ones are here, lists in
 * localization_list.c.
 */

#include <string.h>

#include "../api/delete.h"
#include "annotation.h"
#include "localization.h"

const lookup_t lookup_localization = {
    .model = "Localization",
    .sql = "SELECT project FROM main_localization WHERE id = $1 AND NOT deleted",
};

const lookup_t lookup_localization_elemental = {
    .model = "Localization",
    .sql = "SELECT project FROM main_localization WHERE version = $1 AND elemental_id = $2::uuid AND NOT deleted LIMIT 1",
    .keys = {"version", "elemental_id"},
};

static const field_t localization_filters[] = {
    {"media_id", ARRAY(INTEGER()), OPTIONAL, "Only these media."},
    {"related_id", ARRAY(INTEGER()), OPTIONAL, "Only those linked with these."},
    {"section", INTEGER(), OPTIONAL, "Only media of this section."},
    {"multi_section", IDS(), OPTIONAL, "Only media of these sections."},
    {"type", INTEGER(), OPTIONAL, "Only this type."},
    {"version", ARRAY(INTEGER()), OPTIONAL, "Version to look in."},
    {"after", INTEGER(), OPTIONAL, "Only ids above this one."},
    {"elemental_id", STRING(), OPTIONAL, "UUID of the object."},
    {"merge", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("1")), OPTIONAL,
     "1: a row of an upper version hides its parent."},
    {"show_deleted", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("0")), OPTIONAL,
     "1: with those deleted in their version."},
    {"show_all_marks", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("0")), OPTIONAL, "1: with older marks."},
    {0},
};

static const field_t localization_frame[] = {
    {"frame", INTEGER(MINIMUM(0)), OPTIONAL, "Only this frame."},
    {0},
};

static const field_t localization_shape[] = {
    {"fields", STRING(), OPTIONAL, "Only these members, comma separated."},
    {0},
};

static const field_t localization_by_elemental_id_params[] = {
    {"mark", INTEGER(MINIMUM(0)), OPTIONAL, "Only this mark."},
    {0},
};

/* Members of a localization; times differ between lists and the rest (contract/queries.md §4). */
#define LOCALIZATION_COLUMNS(time, media, user)                                                                                         \
    {"id", "t.id", COLUMN_RAW}, {"project", "t.project", COLUMN_RAW}, {"type", "t.meta", COLUMN_RAW},                      \
    {"media", media}, {"thumbnail_image", "t.thumbnail_image", COLUMN_RAW},                                \
    {"version", "t.version", COLUMN_RAW}, {"attributes", "t.attributes", COLUMN_RAW},                                      \
    {"created_by", "t.created_by", COLUMN_RAW}, {"created_datetime", "t.created_datetime", time},                          \
    {"modified_datetime", "t.modified_datetime", time}, {"modified_by", "t.modified_by", COLUMN_RAW},                      \
    {"user", user}, {"variant_deleted", "t.variant_deleted", COLUMN_BOOL},                             \
    {"effective_permission", "tator.localization_permission(($1::jsonb ->> '$user')::int, t.id)", COLUMN_RAW},             \
    {"x", "t.x", COLUMN_DOUBLE}, {"y", "t.y", COLUMN_RAW}, {"width", "t.width", COLUMN_RAW}, {"height", "t.height", COLUMN_RAW}, \
    {"u", "t.u", COLUMN_DOUBLE}, {"v", "t.v", COLUMN_RAW}, {"points", "t.points", COLUMN_RAW}, {"frame", "t.frame", COLUMN_RAW}, \
    {"parent", "t.parent", COLUMN_RAW}, {"elemental_id", "t.elemental_id", COLUMN_SAFE}, {"mark", "t.mark", COLUMN_RAW}, {0}

#define MEDIA_ID  "t.media", COLUMN_RAW
#define USER_ID   "t.\"user\"", COLUMN_RAW
#define MEDIA_NAME "(SELECT m.name FROM main_media m WHERE m.id = t.media)", COLUMN_TEXT
#define USER_EMAIL "(SELECT u.email FROM main_user u WHERE u.id = t.created_by)", COLUMN_TEXT

const column_t localization_columns[] = {LOCALIZATION_COLUMNS(COLUMN_TIME, MEDIA_ID, USER_ID)};
const column_t localization_list_columns[] = {LOCALIZATION_COLUMNS(COLUMN_TIME_MS, MEDIA_ID, USER_ID)};
const column_t localization_csv_columns[] = {LOCALIZATION_COLUMNS(COLUMN_TIME_MS, MEDIA_NAME, USER_EMAIL)};

/* Which members of a body change a localization of a dtype, and when. */
typedef enum { IF_GIVEN, IF_NOT_ZERO, IF_NOT_EMPTY } geometry_rule_t;

static const struct {
    const char     *dtype, *member, *sql;
    geometry_rule_t rule;
} geometry[] = {
    {"box", "x", "%s::float8", IF_GIVEN},   {"box", "y", "%s::float8", IF_GIVEN},
    {"box", "width", "%s::float8", IF_NOT_ZERO}, {"box", "height", "%s::float8", IF_NOT_ZERO},
    {"line", "x", "%s::float8", IF_GIVEN},  {"line", "y", "%s::float8", IF_GIVEN},
    {"line", "u", "%s::float8", IF_NOT_ZERO}, {"line", "v", "%s::float8", IF_NOT_ZERO},
    {"dot", "x", "%s::float8", IF_GIVEN},   {"dot", "y", "%s::float8", IF_GIVEN},
    {"poly", "points", "%s::jsonb", IF_NOT_EMPTY},
};

static void localization_get(rq_t *rq);
static void localization_patch(rq_t *rq);
static void localization_delete(rq_t *rq);
static void localization_changes(rq_t *rq, const annotation_row_t *row, changes_t *changes);
static bool localization_geometry(rq_t *rq, const annotation_row_t *row, changes_t *changes);

const endpoint_t localization_endpoints[] = {
    {GET(VIEW), "/rest/Localization/{id}", "GetLocalization", .handler = localization_get,
     .lookup = &lookup_localization, .params = {path_id}, .reply = &schema_localization,
     .doc = "A localization."},
    {PATCH(EDIT), "/rest/Localization/{id}", "UpdateLocalization", .handler = localization_patch,
     .lookup = &lookup_localization, .params = {path_id}, .body = &schema_localization_update,
     .reply = &schema_updated_localization,
     .doc = "Change a localization."},
    {DELETE(EDIT), "/rest/Localization/{id}", "DeleteLocalization", .handler = localization_delete,
     .lookup = &lookup_localization, .params = {path_id}, .body = &schema_localization_delete,
     .reply = &schema_message_id, .flags = BODY_OPTIONAL,
     .doc = "Delete a localization."},
    {GET(VIEW), "/rest/LocalizationCount/{project}", "GetLocalizationCount", .handler = localization_count,
     .params = {path_project, localization_filters, attribute_filters, paging, localization_frame, related_filters},
     .reply = &schema_count,
     .doc = "How many localizations match."},
    {PUT(VIEW), "/rest/LocalizationCount/{project}", "GetLocalizationCountById", .handler = localization_count,
     .params = {path_project, localization_filters, attribute_filters, paging, localization_frame, related_filters},
     .body = &schema_localization_id_query, .reply = &schema_count,
     .doc = "How many localizations match, with a body."},
    {GET(VIEW), "/rest/Localizations/{project}", "GetLocalizationList", .handler = localization_list,
     .params = {path_project, localization_filters, attribute_filters, paging, localization_frame,
                related_filters, localization_shape}, .reply = &schema_localization, .flags = REPLY_LIST | STREAMED,
     .doc = "Localizations that match."},
    {POST(EDIT), "/rest/Localizations/{project}", "CreateLocalizationList", .handler = localization_create,
     .params = {path_project}, .body = &schema_localization_spec,
     .reply = &schema_create_list_response, .flags = BODY_LIST,
     .doc = "Create localizations, one or many."},
    {PUT(VIEW), "/rest/Localizations/{project}", "GetLocalizationListById", .handler = localization_list,
     .params = {path_project, localization_filters, attribute_filters, paging, localization_frame,
                related_filters, localization_shape}, .body = &schema_localization_id_query,
     .reply = &schema_localization, .flags = REPLY_LIST | STREAMED,
     .doc = "Localizations that match, with a body."},
    {PATCH(EDIT), "/rest/Localizations/{project}", "UpdateLocalizationList", .handler = localization_patch_list,
     .params = {path_project, localization_filters, attribute_filters, paging, localization_frame,
                related_filters, count_param}, .body = &schema_localization_bulk_update,
     .reply = &schema_message_response,
     .doc = "Change all localizations that match."},
    {DELETE(EDIT), "/rest/Localizations/{project}", "DeleteLocalizationList", .handler = localization_delete_list,
     .params = {path_project, localization_filters, attribute_filters, paging, localization_frame,
                related_filters, count_param}, .body = &schema_localization_bulk_delete,
     .reply = &schema_message_response, .flags = BODY_OPTIONAL,
     .doc = "Delete all localizations that match."},
    {GET(VIEW), "/rest/Localization/{version}/{elemental_id}", "GetLocalizationByElementalId", .handler = localization_get,
     .lookup = &lookup_localization_elemental,
     .params = {path_version, localization_by_elemental_id_params}, .reply = &schema_localization,
     .doc = "The newest mark of a localization in a version."},
    {PATCH(EDIT), "/rest/Localization/{version}/{elemental_id}", "UpdateLocalizationByElementalId", .handler = localization_patch,
     .lookup = &lookup_localization_elemental, .params = {path_version},
     .body = &schema_localization_update, .reply = &schema_updated_localization,
     .doc = "Change a localization in a version."},
    {DELETE(EDIT), "/rest/Localization/{version}/{elemental_id}", "DeleteLocalizationByElementalId", .handler = localization_delete,
     .lookup = &lookup_localization_elemental, .params = {path_version},
     .body = &schema_localization_delete, .reply = &schema_message_id, .flags = BODY_OPTIONAL,
     .doc = "Delete a localization in a version."},
    {0},
};


static void
localization_get(rq_t *rq)
{
    sql_t          *sql;
    result_t       *result;
    const column_t *columns;

    columns = query_fields(rq, localization_columns, NULL);
    sql = sql_new(rq->arena);
    query_select_list(rq, sql, columns);
    sql_put(sql, " FROM main_localization t WHERE t.id = %ld AND t.deleted = false", annotation_addressed(rq, &annotation_localization, false));
    result = pg_run(rq, sql);

    if (pg_rows(result) == 0) {
        fail_missing(rq, "Localization");
    }

    reply_row(rq, 200, columns, result, 0);
}


static void
localization_patch(rq_t *rq)
{
    bool             in_place;
    json_t          *old;
    int64_t          addressed, author, id;
    changes_t        changes = {0};
    annotation_row_t row;

    tx_begin(rq);

    author = annotation_author(rq, param_text(rq, "user_elemental_id"));
    in_place = param_int(rq, "in_place", 0) != 0 || author != 0;

    addressed = annotation_addressed(rq, &annotation_localization, false);
    annotation_lock(rq, &annotation_localization, rq_format(rq, "{%ld}", (long) addressed), annotation_target(rq, "elemental_id"));
    row = annotation_row(rq, &annotation_localization, addressed);
    id = annotation_newest(rq, &annotation_localization, &row, !in_place && param_int(rq, "pedantic", 0) != 0);
    row = annotation_row(rq, &annotation_localization, id);

    if (author != 0) {
        changes_set(&changes, "created_by", "%s::int", rq_format(rq, "%ld", (long) author));
        changes_set(&changes, "\"user\"", "%s::int", rq_format(rq, "%ld", (long) author));
    }

    localization_changes(rq, &row, &changes);

    if (in_place) {
        old = change_log_row(rq, &change_localization, addressed);
        annotation_change(rq, &annotation_localization, &changes, rq_format(rq, "{%ld}", (long) id));
        change_log_changed(rq, &change_localization, old, change_log_row(rq, &change_localization, id), rq_format(rq, "{%ld}", (long) id));

    } else {
        id = pg_int(annotation_copy(rq, &annotation_localization, &changes, rq_format(rq, "{%ld}", (long) id)), 0, 0);
    }

    tx_commit(rq);
    annotation_reply(rq, &annotation_localization, id, row.mark);
}


static void
localization_delete(rq_t *rq)
{
    bool             prune;
    json_t          *same;
    int64_t          id;
    changes_t        changes = {0};
    const char      *ids;
    annotation_row_t row;

    tx_begin(rq);

    prune = param_int(rq, "prune", 0) != 0;
    id = annotation_addressed(rq, &annotation_localization, prune);
    annotation_lock(rq, &annotation_localization, rq_format(rq, "{%ld}", (long) id), NULL);
    id = annotation_addressed(rq, &annotation_localization, prune); /* there may be a newer mark by now */
    row = annotation_row(rq, &annotation_localization, id);

    if (prune) {
        annotation_prune(rq, &annotation_localization, rq_format(rq, "{%ld}", (long) id), id);

    } else {
        if (param_int(rq, "pedantic", 0) != 0) {
            annotation_newest(rq, &annotation_localization, &row, true);
        }

        changes_set(&changes, "variant_deleted", "true", NULL);
        changes_set(&changes, "created_datetime", "now()", NULL);
        changes_set(&changes, "modified_datetime", "now()", NULL);
        changes_set(&changes, "modified_by", "%s::int", rq_format(rq, "%ld", (long) rq->user.id));

        id = pg_int(annotation_copy(rq, &annotation_localization, &changes, rq_format(rq, "{%ld}", (long) id)), 0, 0);
        ids = rq_format(rq, "{%ld}", (long) id);
        same = change_log_row(rq, &change_localization, id);
        change_log_changed(rq, &change_localization, same, same, ids);
    }

    tx_commit(rq);
    annotation_deleted(rq, &annotation_localization, &row, id);
}


/* What the body changes in the row (contract/annotations.md §7.4, 2 to 5). */
static void
localization_changes(rq_t *rq, const annotation_row_t *row, changes_t *changes)
{
    bool    moved;
    json_t *attributes;

    if (param_given(rq, "frame")) {
        changes_set(changes, "frame", "%s::int", json_text(rq->arena, param(rq, "frame")));
    }

    if (param_given(rq, "version")) {
        if (pg_rows(pg_query(rq, "SELECT 1 FROM main_version WHERE id = %ld AND project_id = %ld", param_int(rq, "version", 0), rq->project)) == 0) {
            fail_no_match(rq, "Version");
        }
        changes_set(changes, "version", "%s::int", rq_format(rq, "%ld", (long) param_int(rq, "version", 0)));
    }

    moved = localization_geometry(rq, row, changes);
    attributes = attributes_on_patch(rq, row->attribute_types, annotation_owner(rq, row->type_name));

    if (attributes != NULL) {
        changes_set(changes, "attributes", "coalesce(t.attributes, '{}') || %s::jsonb", json_text(rq->arena, attributes));
    }

    if (param_given(rq, "elemental_id")) {
        changes_set(changes, "elemental_id", "%s::uuid", annotation_target(rq, "elemental_id"));
    }

    if (row->thumbnail != 0 && moved && strcmp(row->dtype, "box") == 0) { /* it shows another place now */
        changes_set(changes, "thumbnail_image", "NULL", NULL);
        pg_query(rq, "UPDATE main_localization SET thumbnail_image = NULL WHERE thumbnail_image = %ld", row->thumbnail);
        delete_rows(rq, "main_media", rq_format(rq, "{%ld}", (long) row->thumbnail));

    } else if (row->thumbnail != 0 && attributes != NULL) {
        pg_query(rq, "UPDATE main_media SET attributes = coalesce(attributes, '{}') || %p::jsonb WHERE id = %ld", attributes, row->thumbnail);
    }

    changes_set(changes, "modified_datetime", "now()", NULL);
    changes_set(changes, "modified_by", "%s::int", rq_format(rq, "%ld", (long) rq->user.id));
}


/* true: a member of the row's dtype was given. */
static bool
localization_geometry(rq_t *rq, const annotation_row_t *row, changes_t *changes)
{
    bool    moved = false;
    json_t *value;

    for (size_t k = 0; k < sizeof(geometry) / sizeof(geometry[0]); k++) {
        value = param(rq, geometry[k].member);

        if (strcmp(row->dtype, geometry[k].dtype) != 0 || value == NULL || json_is_null(value)) {
            continue;
        }

        if (geometry[k].rule == IF_NOT_ZERO && json_number_value(value) == 0) {
            continue;
        }

        if (geometry[k].rule == IF_NOT_EMPTY && json_array_size(value) == 0) {
            continue;
        }

        changes_set(changes, geometry[k].member, geometry[k].sql, json_text(rq->arena, value));
        moved = true;
    }

    return moved;
}
