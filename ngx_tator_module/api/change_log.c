/*
 * Change logs (change_log.h). A logged row is read into {"columns": {"_frame": 3, …}, "attributes": {…}}, columns in the order of the
 * tables below; a description is the difference of two such values (contract/annotations.md §16).
 */

#include <string.h>

#include "change_log.h"

/* Length of an array's text from which it is worth a round trip to leave checks of its links out. */
#define CHANGE_MANY 1000

typedef enum { VALUE_NUMBER, VALUE_BOOL, VALUE_TEXT, VALUE_JSON } change_value_t;

typedef struct {
    const char    *name;
    const char    *sql;
    change_value_t value;
} change_field_t;

struct change_kind_s {
    const char           *model; /* of the content type */
    const char           *table, *types;
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

const change_kind_t change_media = {"media", "main_media", "main_mediatype", change_media_fields};
const change_kind_t change_localization = {"localization", "main_localization", "main_localizationtype", change_localization_fields};
const change_kind_t change_state = {"state", "main_state", "main_statetype", change_state_fields};
const change_kind_t change_leaf = {"leaf", "main_leaf", "main_leaftype", change_leaf_fields};

static result_t *change_rows(rq_t *rq, const change_kind_t *kind, const char *ids);
static void      change_link(rq_t *rq, const change_kind_t *kind, int64_t log, const char *ids);
static json_t   *change_value(rq_t *rq, const change_kind_t *kind, const result_t *result, int64_t row);
static json_t   *change_types(rq_t *rq, const change_kind_t *kind, const char *ids);
static void      change_created_row(rq_t *rq, const change_kind_t *kind, const result_t *result, int64_t row, json_t *types, text_t *old,
                                    text_t *new);
static void      change_created_attributes(rq_t *rq, json_t *attributes, json_t *types, text_t *old, text_t *new);
static void      change_created_entry(text_t *old, text_t *new, const char *name);
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
    int64_t log;

    if (strcmp(ids, "{}") == 0) {
        return;
    }

    log = pg_int(pg_query(rq,
                          "INSERT INTO main_changelog (project_id, user_id, modified_datetime, description_of_change)"
                          " VALUES (%ld, %ld, now(), %p) RETURNING id",
                          rq->project, rq->user.id, change_description(rq, old, new)), 0, 0);

    if (strlen(ids) < CHANGE_MANY) {
        change_link(rq, kind, log, ids);
        return;
    }

    /* the two rows that links refer to are ours and held: checks of thousands of links would find them again and again */
    pg_references(rq, false);
    change_link(rq, kind, log, ids);
    pg_references(rq, true);
}


void
change_log_created(rq_t *rq, const change_kind_t *kind, const char *ids)
{
    change_log_created_rows(rq, kind, change_rows(rq, kind, ids), change_types(rq, kind, ids));
}


/* One statement. Text goes straight from the rows into the logs, one line each: no line has a line break, since JSON escapes them
   (bench: 500 localizations in one POST). */
void
change_log_created_rows(rq_t *rq, const change_kind_t *kind, const result_t *rows, json_t *types)
{
    text_t   old, new, all;
    int64_t *ids;

    if (pg_rows(rows) == 0) {
        return;
    }

    ids = arena_alloc(rq->arena, (size_t) pg_rows(rows) * sizeof(int64_t));
    text_start(&all, rq->arena, 2048 * (size_t) pg_rows(rows));
    text_start(&old, rq->arena, 2048);
    text_start(&new, rq->arena, 2048);

    for (int64_t k = 0; k < pg_rows(rows); k++) {
        ids[k] = pg_int(rows, k, 0);
        old.len = new.len = 0;
        change_created_row(rq, kind, rows, k, types, &old, &new);
        text_puts(&all, k > 0 ? "\n{\"old\":" : "{\"old\":");
        text_add(&all, old.data, old.len);
        text_puts(&all, ",\"new\":");
        text_add(&all, new.data, new.len);
        text_puts(&all, "}");
    }

    /* identities are drawn in the order of the rows, so the n-th log belongs to the n-th row */
    pg_query(rq,
             "WITH log AS (INSERT INTO main_changelog (project_id, user_id, modified_datetime, description_of_change)"
             "             SELECT %ld, %ld, now(), u.line::jsonb"
             "             FROM unnest(string_to_array(%s, E'\\n')) WITH ORDINALITY u(line, n) ORDER BY u.n RETURNING id),"
             " numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM log)"
             " INSERT INTO main_changetoobject (ref_table_id, ref_id, change_id_id)"
             " SELECT (SELECT id FROM django_content_type WHERE app_label = 'main' AND model = %s), ref.id, numbered.id"
             " FROM unnest(%s::int[]) WITH ORDINALITY ref(id, n) JOIN numbered USING (n)",
             rq->project, rq->user.id, all.data, kind->model, sql_int_array(rq->arena, ids, (size_t) pg_rows(rows)));
}


void
change_log_columns(sql_t *sql, const change_kind_t *kind)
{
    for (const change_field_t *field = kind->fields; field->name != NULL; field++) {
        sql_raw(sql, field->sql);
        sql_put(sql, ", ");
    }

    sql_put(sql, "t.attributes");
}


/* Rows by id, ascending: a column for each field, then the attributes. */
static result_t *
change_rows(rq_t *rq, const change_kind_t *kind, const char *ids)
{
    sql_t *sql;

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT ");
    change_log_columns(sql, kind);
    sql_put(sql, " FROM ");
    sql_raw(sql, kind->table);
    sql_put(sql, " t WHERE t.id = ANY(%s::int[]) ORDER BY t.id", ids);

    return pg_run(rq, sql);
}


static void
change_link(rq_t *rq, const change_kind_t *kind, int64_t log, const char *ids)
{
    pg_query(rq,
             "WITH kind AS (SELECT id FROM django_content_type WHERE app_label = 'main' AND model = %s FOR KEY SHARE)"
             " INSERT INTO main_changetoobject (ref_table_id, ref_id, change_id_id) SELECT kind.id, ref.id, %ld FROM kind, unnest(%s::int[]) AS ref(id)",
             kind->model, log, ids);
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


/* Attribute types of the rows by their type's id: creation logs name attributes in their order. */
static json_t *
change_types(rq_t *rq, const change_kind_t *kind, const char *ids)
{
    sql_t    *sql;
    json_t   *types;
    result_t *result;

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT id, attribute_types FROM ");
    sql_raw(sql, kind->types);
    sql_put(sql, " WHERE id IN (SELECT meta FROM ");
    sql_raw(sql, kind->table);
    sql_put(sql, " WHERE id = ANY(%s::int[]))", ids);
    result = pg_run(rq, sql);

    types = rq_own(rq, json_object());

    for (int64_t k = 0; k < pg_rows(result); k++) {
        json_object_set(types, pg_text(result, k, 0), pg_json(rq, result, k, 1));
    }

    return types;
}


/* The two lists of a row's creation: all that is not null. The reference logs marks before its triggers have set them, as 0. */
static void
change_created_row(rq_t *rq, const change_kind_t *kind, const result_t *result, int64_t row, json_t *types, text_t *old, text_t *new)
{
    int         column = 0;
    json_t     *type = NULL;
    const char *text;

    for (const change_field_t *field = kind->fields; field->name != NULL; field++, column++) {
        text = pg_text(result, row, column);

        if (text == NULL && field->value != VALUE_JSON) {
            continue;
        }

        change_created_entry(old, new, field->name);

        if (field->value == VALUE_JSON) {
            json_write(new, change_pairs(rq, pg_json(rq, result, row, column)));

        } else if (field->value == VALUE_TEXT) {
            json_write_text(new, text, pg_length(result, row, column));

        } else if (field->value == VALUE_BOOL) {
            text_puts(new, pg_bool(result, row, column) ? "true" : "false");

        } else {
            text_puts(new, strcmp(field->name, "_mark") == 0 || strcmp(field->name, "_latest_mark") == 0 ? "0" : text);
        }

        text_puts(new, "}");

        if (strcmp(field->name, "_type") == 0) {
            type = json_object_get(types, text);
        }
    }

    change_created_attributes(rq, pg_json(rq, result, row, column), type, old, new);
    text_puts(old, "]");
    text_puts(new, "]");
}


static void
change_created_attributes(rq_t *rq, json_t *attributes, json_t *types, text_t *old, text_t *new)
{
    size_t      k;
    json_t     *type, *value;
    const char *name;

    json_array_foreach(types, k, type) {
        name = json_string_value(json_object_get(type, "name"));
        value = name ? json_object_get(attributes, name) : NULL;

        if (value != NULL && !json_is_null(value)) {
            change_created_entry(old, new, name);
            json_write(new, value);
            text_puts(new, "}");
        }

        if (value != NULL) {
            json_object_del(attributes, name);
        }
    }

    json_object_foreach(attributes, name, value) { /* tator_user_sections */
        if (!json_is_null(value)) {
            change_created_entry(old, new, name);
            json_write(new, value);
            text_puts(new, "}");
        }
    }
}


static void
change_created_entry(text_t *old, text_t *new, const char *name)
{
    text_puts(old, old->len ? ",{\"name\":" : "[{\"name\":");
    json_write_text(old, name, strlen(name));
    text_puts(old, ",\"value\":null}");

    text_puts(new, new->len ? ",{\"name\":" : "[{\"name\":");
    json_write_text(new, name, strlen(name));
    text_puts(new, ",\"value\":");
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


/* {"old": […], "new": […]} of what differs; what is missing counts as null. */
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
