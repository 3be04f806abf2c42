/*
 * Change logs (change_log.h). A logged row is read into {"columns": {"_frame": 3, …}, "attributes": {…}}, columns in the order of the
 * tables below; a description is the difference of two such values (contract/annotations.md §16).
 */

#include <string.h>

#include "change_log.h"

typedef enum { VALUE_NUMBER, VALUE_BOOL, VALUE_TEXT, VALUE_JSON } change_value_t;

typedef struct {
    const char    *name;
    const char    *sql;
    change_value_t value;
} change_field_t;

struct change_kind_s {
    const char           *model; /* of the content type */
    const char           *table;
    const change_field_t *fields;
};

#define STAMP(column) "to_char(t." column ", 'YYYY_MM_DD__HH24_MI_SS')"

static const change_field_t change_media_fields[] = {
    {"_id", "t.id", VALUE_NUMBER},
    {"_project", "t.project", VALUE_NUMBER},
    {"_type", "t.meta", VALUE_NUMBER},
    {"_gid", "t.gid", VALUE_TEXT},
    {"_uid", "t.uid", VALUE_TEXT},
    {"_created_by", "t.created_by", VALUE_NUMBER},
    {"_modified_by", "t.modified_by", VALUE_NUMBER},
    {"_primary_section", "t.primary_section_id", VALUE_NUMBER},
    {"_name", "t.name", VALUE_TEXT},
    {"_md5", "t.md5", VALUE_TEXT},
    {"_last_edit_start", STAMP("last_edit_start"), VALUE_TEXT},
    {"_last_edit_end", STAMP("last_edit_end"), VALUE_TEXT},
    {"_num_frames", "t.num_frames", VALUE_NUMBER},
    {"_fps", "t.fps", VALUE_NUMBER},
    {"_codec", "t.codec", VALUE_TEXT},
    {"_width", "t.width", VALUE_NUMBER},
    {"_height", "t.height", VALUE_NUMBER},
    {"_media_files", "t.media_files", VALUE_JSON},
    {"_deleted", "t.deleted", VALUE_BOOL},
    {"_restoration_requested", "t.restoration_requested", VALUE_BOOL},
    {"_archive_state", "t.archive_state", VALUE_TEXT},
    {"_recycled_from", "t.recycled_from_id", VALUE_NUMBER},
    {"_source_url", "t.source_url", VALUE_TEXT},
    {"_summary_level", "t.summary_level", VALUE_NUMBER},
    {"_elemental_id", "t.elemental_id", VALUE_TEXT},
    {0},
};

static const change_field_t change_localization_fields[] = {
    {"_id", "t.id", VALUE_NUMBER},
    {"_project", "t.project", VALUE_NUMBER},
    {"_type", "t.meta", VALUE_NUMBER},
    {"_created_by", "t.created_by", VALUE_NUMBER},
    {"_modified_by", "t.modified_by", VALUE_NUMBER},
    {"_user", "t.\"user\"", VALUE_NUMBER},
    {"_media", "t.media", VALUE_NUMBER},
    {"_frame", "t.frame", VALUE_NUMBER},
    {"_thumbnail_image", "t.thumbnail_image", VALUE_NUMBER},
    {"_version", "t.version", VALUE_NUMBER},
    {"_x", "t.x", VALUE_NUMBER},
    {"_y", "t.y", VALUE_NUMBER},
    {"_u", "t.u", VALUE_NUMBER},
    {"_v", "t.v", VALUE_NUMBER},
    {"_width", "t.width", VALUE_NUMBER},
    {"_height", "t.height", VALUE_NUMBER},
    {"_points", "t.points", VALUE_JSON},
    {"_parent", "t.parent", VALUE_NUMBER},
    {"_deleted", "t.deleted", VALUE_BOOL},
    {"_elemental_id", "t.elemental_id", VALUE_TEXT},
    {"_variant_deleted", "t.variant_deleted", VALUE_BOOL},
    {"_mark", "t.mark", VALUE_NUMBER},
    {"_latest_mark", "t.latest_mark", VALUE_NUMBER},
    {0},
};

static const change_field_t change_state_fields[] = {
    {"_id", "t.id", VALUE_NUMBER},
    {"_project", "t.project", VALUE_NUMBER},
    {"_type", "t.meta", VALUE_NUMBER},
    {"_created_by", "t.created_by", VALUE_NUMBER},
    {"_modified_by", "t.modified_by", VALUE_NUMBER},
    {"_version", "t.version", VALUE_NUMBER},
    {"_parent", "t.parent", VALUE_NUMBER},
    {"_segments", "t.segments", VALUE_JSON},
    {"_color", "t.color", VALUE_TEXT},
    {"_frame", "t.frame", VALUE_NUMBER},
    {"_extracted", "t.extracted", VALUE_NUMBER},
    {"_deleted", "t.deleted", VALUE_BOOL},
    {"_elemental_id", "t.elemental_id", VALUE_TEXT},
    {"_variant_deleted", "t.variant_deleted", VALUE_BOOL},
    {"_mark", "t.mark", VALUE_NUMBER},
    {"_latest_mark", "t.latest_mark", VALUE_NUMBER},
    {0},
};

static const change_field_t change_leaf_fields[] = {
    {"_id", "t.id", VALUE_NUMBER},
    {"_project", "t.project", VALUE_NUMBER},
    {"_type", "t.meta", VALUE_NUMBER},
    {"_created_by", "t.created_by", VALUE_NUMBER},
    {"_modified_by", "t.modified_by", VALUE_NUMBER},
    {"_parent", "t.parent", VALUE_NUMBER},
    {"_path", "t.path", VALUE_TEXT},
    {"_name", "t.name", VALUE_TEXT},
    {"_deleted", "t.deleted", VALUE_BOOL},
    {0},
};

const change_kind_t change_media = {"media", "main_media", change_media_fields};
const change_kind_t change_localization = {"localization", "main_localization", change_localization_fields};
const change_kind_t change_state = {"state", "main_state", change_state_fields};
const change_kind_t change_leaf = {"leaf", "main_leaf", change_leaf_fields};

static result_t *change_rows(rq_t *rq, const change_kind_t *kind, const char *ids);
static json_t   *change_value(rq_t *rq, const change_kind_t *kind, const result_t *result, int64_t row);
static json_t   *change_pairs(rq_t *rq, json_t *value);
static json_t   *change_description(rq_t *rq, const json_t *old, const json_t *new);
static void      change_entry(rq_t *rq, json_t *description, const char *name, json_t *old, json_t *new);


json_t *
change_log_row(rq_t *rq, const change_kind_t *kind, int64_t id)
{
    result_t *result;

    result = change_rows(rq, kind, rq_format(rq, "{%ld}", (long) id));

    return pg_rows(result) == 0 ? rq_own(rq, json_object()) : change_value(rq, kind, result, 0);
}


void
change_log_changed(rq_t *rq, const change_kind_t *kind, const json_t *old, const json_t *new, const char *ids)
{
    if (strcmp(ids, "{}") == 0) {
        return;
    }

    pg_query(rq,
             "WITH log AS (INSERT INTO main_changelog (project_id, user_id, modified_datetime, description_of_change)"
             "             VALUES (%ld, %ld, now(), %p) RETURNING id)"
             " INSERT INTO main_changetoobject (ref_table_id, ref_id, change_id_id)"
             " SELECT (SELECT id FROM django_content_type WHERE app_label = 'main' AND model = %s), ref.id, log.id"
             " FROM log, unnest(%s::int[]) AS ref(id)",
             rq->project, rq->user.id, change_description(rq, old, new), kind->model, ids);
}


void
change_log_created(rq_t *rq, const change_kind_t *kind, const char *ids)
{
    text_t    logs;
    json_t   *row, *columns;
    result_t *result;

    result = change_rows(rq, kind, ids);

    if (pg_rows(result) == 0) {
        return;
    }

    text_start(&logs, rq->arena, 4096);
    text_puts(&logs, "[");

    for (int64_t k = 0; k < pg_rows(result); k++) {
        row = change_value(rq, kind, result, k);
        columns = json_object_get(row, "columns");

        if (json_object_get(columns, "_mark") != NULL) { /* the reference logs before its triggers have run */
            json_object_set_new(columns, "_mark", json_integer(0));
            json_object_set_new(columns, "_latest_mark", json_integer(0));
        }

        text_puts(&logs, k ? "," : "");
        json_write(&logs, change_description(rq, NULL, row));
    }

    text_puts(&logs, "]");

    /* identities are drawn in the order of the rows, so the n-th log belongs to the n-th row */
    pg_query(rq,
             "WITH log AS (INSERT INTO main_changelog (project_id, user_id, modified_datetime, description_of_change)"
             "             SELECT %ld, %ld, now(), d.value FROM jsonb_array_elements(%s::jsonb) WITH ORDINALITY d(value, n) ORDER BY d.n"
             "             RETURNING id),"
             " numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM log)"
             " INSERT INTO main_changetoobject (ref_table_id, ref_id, change_id_id)"
             " SELECT (SELECT id FROM django_content_type WHERE app_label = 'main' AND model = %s), ref.id, numbered.id"
             " FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM unnest(%s::int[]) u(id)) ref JOIN numbered USING (n)",
             rq->project, rq->user.id, logs.data, kind->model, ids);
}


/* Rows by id, ascending: a column for each field, then the attributes. */
static result_t *
change_rows(rq_t *rq, const change_kind_t *kind, const char *ids)
{
    sql_t *sql;

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT ");

    for (const change_field_t *field = kind->fields; field->name != NULL; field++) {
        sql_raw(sql, field->sql);
        sql_put(sql, ", ");
    }

    sql_put(sql, "t.attributes FROM ");
    sql_raw(sql, kind->table);
    sql_put(sql, " t WHERE t.id = ANY(%s::int[]) ORDER BY t.id", ids);

    return pg_run(rq, sql);
}


static json_t *
change_value(rq_t *rq, const change_kind_t *kind, const result_t *result, int64_t row)
{
    int     column = 0;
    json_t *value, *all, *columns, *attributes;

    all = rq_own(rq, json_object());
    columns = rq_own(rq, json_object());

    for (const change_field_t *field = kind->fields; field->name != NULL; field++, column++) {

        if (field->value == VALUE_JSON) {
            value = change_pairs(rq, pg_json(rq, result, row, column));

        } else if (pg_null(result, row, column)) {
            value = rq_own(rq, json_null());

        } else if (field->value == VALUE_TEXT) {
            value = rq_own(rq, json_string(pg_text(result, row, column)));

        } else if (field->value == VALUE_BOOL) {
            value = rq_own(rq, json_boolean(pg_bool(result, row, column)));

        } else {
            value = pg_json(rq, result, row, column);
        }

        json_object_set(columns, field->name, value);
    }

    attributes = pg_json(rq, result, row, column);
    json_object_set(all, "columns", columns);
    json_object_set(all, "attributes", json_is_object(attributes) ? attributes : rq_own(rq, json_object()));

    return all;
}


/* Logs hold objects: nothing becomes {}, a list of pairs maps each first element to its second. */
static json_t *
change_pairs(rq_t *rq, json_t *value)
{
    size_t      k;
    json_t     *pair, *object, *first;
    const char *name;

    if (json_is_object(value)) {
        return value;
    }

    object = rq_own(rq, json_object());

    json_array_foreach(value, k, pair) {
        if (!json_is_array(pair) || json_array_size(pair) < 2) {
            continue;
        }

        first = json_array_get(pair, 0);
        name = json_is_string(first) ? json_string_value(first) : json_text(rq->arena, first);
        json_object_set(object, name, json_array_get(pair, 1));
    }

    return object;
}


/* {"old": […], "new": […]}. What is missing counts as null, so that without `old` all is listed that is not null. */
static json_t *
change_description(rq_t *rq, const json_t *old, const json_t *new)
{
    json_t     *description, *value, *before;
    const char *name;

    static const char *const parts[] = {"columns", "attributes"};

    description = rq_own(rq, json_object());
    json_object_set(description, "old", rq_own(rq, json_array()));
    json_object_set(description, "new", rq_own(rq, json_array()));

    for (int k = 0; k < 2; k++) {
        json_object_foreach(json_object_get(new, parts[k]), name, value) {
            before = json_object_get(json_object_get(old, parts[k]), name);
            before = before ? before : rq_own(rq, json_null());

            if (!json_equal(before, value)) {
                change_entry(rq, description, name, before, value);
            }
        }
    }

    return description;
}


static void
change_entry(rq_t *rq, json_t *description, const char *name, json_t *old, json_t *new)
{
    json_t *entry;

    entry = rq_own(rq, json_object());
    json_object_set_new(entry, "name", json_string(name));
    json_object_set(entry, "value", old);
    json_array_append(json_object_get(description, "old"), entry);

    entry = rq_own(rq, json_object());
    json_object_set_new(entry, "name", json_string(name));
    json_object_set(entry, "value", new);
    json_array_append(json_object_get(description, "new"), entry);
}
