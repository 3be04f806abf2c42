/*
 * Conditions on one attribute or built-in column, by its dtype. Equality of attributes is containment, which one index serves for
 * all names; ordering compares JSON values, so no cast can fail on a stored value.
 */

#include <math.h>
#include <stdlib.h>

#include <tator/time.h>

#include "internal.h"

static const char *const compare_operators[] = {
    [COMPARE_EQ] = " = ", [COMPARE_GT] = " > ", [COMPARE_GTE] = " >= ", [COMPARE_LT] = " < ", [COMPARE_LTE] = " <= ",
};

static void term_column(query_t *query, sql_t *sql, const term_t *term, compare_t compare, const json_t *value);
static void term_number(sql_t *sql, const term_t *term, compare_t compare, const json_t *value);
static const char *term_value(query_t *query, const json_t *value);


void
term_compare(query_t *query, sql_t *sql, const term_t *term, compare_t compare, const json_t *value, bool strict)
{
    json_t *object;

    if (term->column != NULL) {
        sql_put(sql, "coalesce(");
        term_column(query, sql, term, compare, value);
        sql_put(sql, ", false)");
        return;
    }

    if (term->dtype == DTYPE_DATETIME) {
        term_instant(sql, term);
        sql_raw(sql, compare_operators[compare]);
        sql_put(sql, "%s::timestamptz", instant_text(query, term->name, json_string_value(value), false));
        return;
    }

    if (compare == COMPARE_EQ && !strict && !json_is_array(value)) {
        object = rq_own(query->rq, json_object());
        json_object_set(object, term->name, (json_t *) value);
        sql_put(sql, "t.attributes @> %s::jsonb", json_text(query->rq->arena, object));
        return;
    }

    if (compare == COMPARE_EQ) {
        term_value_json(sql, term);
        sql_put(sql, " = %s::jsonb", json_text(query->rq->arena, value));
        return;
    }

    if (term->dtype == DTYPE_INT || term->dtype == DTYPE_FLOAT || term->dtype == DTYPE_BOOL) {
        term_number(sql, term, compare, value);
        return;
    }

    term_text(sql, term);
    sql_raw(sql, compare_operators[compare]);
    sql_bind(sql, term_value(query, value));
}


/* Case-insensitive: text between anything (`before`, `after` are "%" or ""). */
void
term_like(sql_t *sql, const term_t *term, const char *before, const char *text, const char *after)
{
    text_t pattern;

    text_start(&pattern, sql->arena, strlen(text) + 8);
    text_puts(&pattern, before);

    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '%' || *p == '_' || *p == '\\') {
            text_puts(&pattern, "\\");
        }
        text_add(&pattern, p, 1);
    }

    text_puts(&pattern, after);

    sql_put(sql, "upper(");
    term_text(sql, term);
    sql_put(sql, ") LIKE upper(%s)", pattern.data);
}


/* Within a distance on the spheroid. */
void
term_near(sql_t *sql, const term_t *term, double km, double latitude, double longitude)
{
    sql_put(sql, "CASE WHEN jsonb_typeof(");
    term_json(sql, term);
    sql_put(sql, ") = 'array' THEN ST_Distance(ST_MakePoint((");
    term_json(sql, term);
    sql_put(sql, " ->> 0)::float8, (");
    term_json(sql, term);
    sql_put(sql, " ->> 1)::float8)::geography, ST_MakePoint(%f::float8, %f::float8)::geography) <= %f::float8 END",
            longitude, latitude, km * 1000);
}


void
term_text(sql_t *sql, const term_t *term)
{
    if (term->column != NULL) {
        sql_raw(sql, term->column);
        sql_put(sql, "::text");
        return;
    }

    sql_put(sql, "(t.attributes ->> %s::text)", term->name);
}


void
term_json(sql_t *sql, const term_t *term)
{
    if (term->column != NULL) {
        sql_put(sql, "to_jsonb(");
        sql_raw(sql, term->column);
        sql_put(sql, ")");
        return;
    }

    sql_put(sql, "(t.attributes -> %s::text)", term->name);
}


/* As term_json(), but a stored null of a dtype other than the string-like is as good as a missing key: it matches neither a condition nor
   its negation. */
void
term_value_json(sql_t *sql, const term_t *term)
{
    if (term->column != NULL || DTYPE_BIT(term->dtype) & DTYPES_TEXT) {
        term_json(sql, term);
        return;
    }

    sql_put(sql, "NULLIF(");
    term_json(sql, term);
    sql_put(sql, ", 'null'::jsonb)");
}


/* A stored time; without a zone it is UTC, which is the session's. */
void
term_instant(sql_t *sql, const term_t *term)
{
    if (term->column != NULL) {
        sql_raw(sql, term->column);
        return;
    }

    sql_put(sql, "(CASE WHEN t.attributes ->> %s::text ~ '^\\d{4}-\\d\\d-\\d\\d' THEN (t.attributes ->> %s::text)::timestamptz END)",
            term->name, term->name);
}


/* An ISO date and time, or with `lenient` what time_parse() takes, as the database's text; a naive one is in the server's zone
   (contract/queries.md §6, §7). 400 unless it is one. */
const char *
instant_text(query_t *query, const char *name, const char *text, bool lenient)
{
    char       *out;
    datetime_t  read, today;

    time_calendar(time_now(), TIME_SERVER_OFFSET, &today);

    if (text == NULL || !(lenient ? time_parse(text, strlen(text), &today, &read) : time_parse_iso(text, strlen(text), &read))) {
        fail(query->rq, 400, "Invalid datetime for %s: %s", query_shown(query->rq, name), query_shown(query->rq, text));
    }

    if (!read.zoned) {
        read.zoned = true;
        read.offset = TIME_SERVER_OFFSET;
    }

    out = arena_alloc(query->rq->arena, TIME_TEXT);
    time_write(out, &read);

    return out;
}


static void
term_column(query_t *query, sql_t *sql, const term_t *term, compare_t compare, const json_t *value)
{
    const char *text;

    sql_raw(sql, term->column);

    if (term->dtype == DTYPE_DATETIME) {
        sql_raw(sql, compare_operators[compare]);
        sql_put(sql, "%s::timestamptz", instant_text(query, term->name, json_string_value(value), false));
        return;
    }

    text = term_value(query, value);

    if (strcmp(term->name, "$elemental_id") == 0) {
        if (compare == COMPARE_EQ) {
            sql_put(sql, " = %s::uuid", query_uuid(query->rq, term->name, text));
            return;
        }
        sql_put(sql, "::text");
    }

    sql_raw(sql, compare_operators[compare]);
    sql_bind(sql, text);
    sql_put(sql, term->dtype == DTYPE_STRING ? "::text" : "::numeric");
}


/* Among values of the same kind; anything else under the name has no order, nor has a missing key. */
static void
term_number(sql_t *sql, const term_t *term, compare_t compare, const json_t *value)
{
    sql_put(sql, "CASE jsonb_typeof(");
    term_json(sql, term);
    sql_put(sql, json_is_boolean(value) ? ") WHEN 'boolean' THEN " : ") WHEN 'number' THEN ");
    term_json(sql, term);
    sql_raw(sql, compare_operators[compare]);
    sql_put(sql, "%s::jsonb END", json_text(sql->arena, value));
}


static const char *
term_value(query_t *query, const json_t *value)
{
    return json_is_string(value) ? json_string_value(value) : json_text(query->rq->arena, value);
}
