/*
 * The select list of a list statement: which members the parameter `fields` asks for, and $1, the one JSON object that its columns may use
 * (query.c).
 */

#include "internal.h"

static const char *fields_json(rq_t *rq);
static bool        fields_has(const json_t *fields, const char *name);
static bool        fields_nested(const char *name);
static void        fields_check(rq_t *rq, const json_t *fields, const column_t *columns);
static json_t     *fields_parse(rq_t *rq);


const column_t *
query_fields(rq_t *rq, const column_t *columns, const char *const *always)
{
    bool            whole, kept;
    size_t          n = 0, count = 0;
    json_t         *fields;
    column_t       *chosen;
    const column_t *column;

    for (column = columns; column->name != NULL; column++) {
        count++;
    }

    fields = fields_parse(rq);
    fields_check(rq, fields, columns);
    chosen = arena_zalloc(rq->arena, (count + 1) * sizeof(column_t));

    for (column = columns; column->name != NULL; column++) {
        whole = fields == NULL || fields_has(fields, column->name);
        kept = false;

        for (const char *const *name = always; name != NULL && *name != NULL; name++) {
            kept = kept || strcmp(*name, column->name) == 0;
        }

        if (!whole && !kept && json_object_get(fields, column->name) == NULL) {
            continue;
        }

        chosen[n] = *column;

        if (strstr(column->sql, "$1") != NULL && !rq->config->fine_grain) {
            chosen[n].sql = "0"; /* effective_permission in legacy mode (contract/queries.md §2) */
        }

        if (!whole && !kept) { /* members of a JSON column: absent ones are null */
            chosen[n].sql = rq_format(rq,
                                      "(SELECT jsonb_object_agg(m.name, %s -> m.name) FROM jsonb_array_elements_text($1::jsonb -> '%s') m(name))",
                                      column->sql, column->name);
        }

        n++;
    }

    return chosen;
}


void
query_select_list(rq_t *rq, sql_t *sql, const column_t *columns)
{
    query_select_values(rq, sql, columns);
    sql_put(sql, "SELECT ");
    columns_select_for(rq, sql, columns);
}


void
query_select_values(rq_t *rq, sql_t *sql, const column_t *columns)
{
    for (const column_t *column = columns; column->name != NULL; column++) {
        if (strstr(column->sql, "$1") != NULL) {
            sql_value(sql, fields_json(rq));
            break;
        }
    }
}


/* The parameter `fields` as {"x": [], "attributes": ["a", "b"]}; an empty list is the whole member. NULL: absent. */
static json_t *
fields_parse(rq_t *rq)
{
    size_t      len;
    json_t     *fields, *list;
    const char *text, *p, *dot, *comma;

    text = query_text(rq, "fields");

    if (text == NULL) {
        return NULL;
    }

    fields = rq_own(rq, json_object());

    for (p = text; p != NULL; p = comma ? comma + 1 : NULL) {
        comma = strchr(p, ',');
        len = comma ? (size_t) (comma - p) : strlen(p);
        dot = memchr(p, '.', len);

        text = arena_copy(rq->arena, p, dot ? (size_t) (dot - p) : len);
        list = json_object_get(fields, text);

        if (dot == NULL) {
            json_object_set(fields, text, rq_own(rq, json_array()));
            continue;
        }

        if (list == NULL) {
            list = rq_own(rq, json_array());
            json_object_set(fields, text, list);

        } else if (json_array_size(list) == 0) {
            continue; /* the whole member was asked for, too */
        }

        json_array_append(list, rq_own(rq, json_stringn(dot + 1, len - (size_t) (dot + 1 - p))));
    }

    return fields;
}


static bool
fields_has(const json_t *fields, const char *name)
{
    const json_t *list = json_object_get(fields, name);

    return list != NULL && json_array_size(list) == 0;
}


static void
fields_check(rq_t *rq, const json_t *fields, const column_t *columns)
{
    json_t         *list;
    const char     *name;
    const column_t *column;

    json_object_foreach((json_t *) fields, name, list) {
        for (column = columns; column->name != NULL && strcmp(column->name, name) != 0; column++) { /* void */ }

        if (column->name == NULL || (json_array_size(list) > 0 && !fields_nested(name))) {
            fail(rq, 400, "Unknown field '%s' in fields", query_shown(rq, name));
        }
    }
}


/* Members that are JSON, so that `a.b` names something. */
static bool
fields_nested(const char *name)
{
    static const char *const nested[] = {"attributes", "media_files", "points", "segments"};

    for (size_t k = 0; k < sizeof(nested) / sizeof(nested[0]); k++) {
        if (strcmp(name, nested[k]) == 0) {
            return true;
        }
    }

    return false;
}


static const char *
fields_json(rq_t *rq)
{
    json_t *fields;

    fields = fields_parse(rq);
    fields = fields ? fields : rq_own(rq, json_object());
    json_object_set(fields, "$user", rq_own(rq, json_integer(rq->viewer)));

    return json_text(rq->arena, fields);
}
