/*
 * Rows to JSON (columns.h). PostgreSQL's text forms are turned into JSON without a parse: numbers and JSON go through, the
 * rest is quoted. Sessions run in UTC with ISO dates. A streamed list is written through one buffer that goes out whenever it
 * is full, so that memory stays bounded whatever the number of rows (bench: 10,000 rows against psql COPY).
 */

#include <tator/time.h>

#include "columns.h"
#include "endpoint.h"

#define STREAM_PIECE 32768

typedef void (*cell_pt)(text_t *out, const char *text, size_t len);

/* A table made ready: {"id": and ,"name": once instead of in each row. */
typedef struct {
    const column_t *columns;
    str_t          *prefixes;
    int             n;
} writer_t;

static void writer_start(writer_t *writer, arena_t *arena, const column_t *columns);
static void writer_row(const writer_t *writer, text_t *out, const result_t *result, int64_t row, int first);
static void cell_raw(text_t *out, const char *text, size_t len);
static void cell_bool(text_t *out, const char *text, size_t len);
static void cell_safe(text_t *out, const char *text, size_t len);
static void cell_time(text_t *out, const char *text, size_t len);
static void cell_time_ms(text_t *out, const char *text, size_t len);
static void cell_ids(text_t *out, const char *text, size_t len);
static void cell_texts(text_t *out, const char *text, size_t len);
static void cell_instant(text_t *out, const char *text, size_t len, bool always);
static void stream_json(rq_t *rq, const writer_t *writer, cursor_t *cursor);
static void stream_csv(rq_t *rq, const column_t *columns, const sql_t *sql);
static json_t *csv_names(rq_t *rq, const column_t *columns, const sql_t *sql);
static const column_t *csv_column(const column_t *columns, const char *name);
static void csv_header(text_t *out, const column_t *columns, const json_t *names);
static void csv_row(rq_t *rq, text_t *out, const column_t *columns, const json_t *names, const result_t *row);
static void csv_cell(text_t *out, column_kind_t kind, const char *text, size_t len);
static void csv_json(text_t *out, const json_t *value);
static void reply_csv(rq_t *rq, const json_t *list);
static void stream_flush(rq_t *rq, text_t *out, size_t least);

static const cell_pt cells[] = {
    [COLUMN_RAW] = cell_raw,   [COLUMN_DOUBLE] = cell_raw, [COLUMN_BOOL] = cell_bool,       [COLUMN_TEXT] = json_write_text,
    [COLUMN_SAFE] = cell_safe, [COLUMN_TIME] = cell_time,  [COLUMN_TIME_MS] = cell_time_ms, [COLUMN_IDS] = cell_ids,
    [COLUMN_TEXTS] = cell_texts, [COLUMN_MASK] = cell_raw,
};

/* Where the attributes of a listed component are defined. */
static const struct {
    const char *component, *types;
} csv_types[] = {
    {"Media", "main_mediatype"},
    {"Localization", "main_localizationtype"},
    {"State", "main_statetype"},
};


void
columns_select(sql_t *sql, const column_t *columns)
{
    columns_select_for(NULL, sql, columns);
}


void
columns_select_for(rq_t *rq, sql_t *sql, const column_t *columns)
{
    const column_t *column;

    for (column = columns; column->name != NULL; column++) {
        sql_raw(sql, column == columns ? "" : ", ");

        if (column->kind != COLUMN_MASK) {
            sql_raw(sql, column->sql);
        } else if (rq != NULL && rq->config->fine_grain) {
            sql_put(sql, column->sql, rq->viewer);
        } else {
            sql_put(sql, "0");
        }

        sql_raw(sql, " AS \"");
        sql_raw(sql, column->name);
        sql_raw(sql, "\"");
    }
}


void
columns_write(text_t *out, const column_t *columns, const result_t *result, int64_t row, int first)
{
    writer_t writer;

    writer_start(&writer, out->arena, columns);
    writer_row(&writer, out, result, row, first);
}


json_t *
columns_object(rq_t *rq, const column_t *columns, const result_t *result, int64_t row, int first)
{
    text_t       text;
    json_error_t error;

    text_start(&text, rq->arena, 1024);
    columns_write(&text, columns, result, row, first);

    return rq_own(rq, json_loadb(text.data, text.len, JSON_ALLOW_NUL, &error));
}


void
reply_row(rq_t *rq, int status, const column_t *columns, const result_t *result, int64_t row)
{
    text_t text;

    /* gone since the access check looked it up */
    if (row >= pg_rows(result)) {
        fail_missing(rq, rq->endpoint->lookup ? rq->endpoint->lookup->model : "object");
    }

    if (rq->format != FORMAT_JSON) {
        reply_json(rq, status, columns_object(rq, columns, result, row, 0));
        return;
    }

    text_start(&text, rq->arena, 1024);
    columns_write(&text, columns, result, row, 0);
    reply_text(rq, status, "application/json", text.data, text.len);
}


void
reply_rows(rq_t *rq, const column_t *columns, const result_t *result)
{
    text_t   text;
    json_t  *list;
    bool     lines = rq->format == FORMAT_JSONL;
    writer_t writer;

    writer_start(&writer, rq->arena, columns);
    text_start(&text, rq->arena, 4096);
    text_puts(&text, lines ? "" : "[");

    for (int64_t row = 0; row < pg_rows(result); row++) {
        text_puts(&text, row > 0 && !lines ? "," : "");
        writer_row(&writer, &text, result, row, 0);
        text_puts(&text, lines ? "\n" : "");
    }

    text_puts(&text, lines ? "" : "]");

    if (rq->format == FORMAT_JSON || lines) {
        reply_text(rq, 200, lines ? "application/jsonl" : "application/json", text.data, text.len);
        return;
    }

    list = rq_own(rq, json_loadb(text.data, text.len, JSON_ALLOW_NUL, NULL));

    if (rq->format == FORMAT_CSV) {
        reply_csv(rq, list);
    } else {
        reply_json(rq, 200, list);
    }
}


void
stream_rows(rq_t *rq, const column_t *columns, const sql_t *sql)
{
    writer_t  writer;
    cursor_t *cursor;

    if (rq->format == FORMAT_CSV) {
        stream_csv(rq, columns, sql);
        return;
    }

    writer_start(&writer, rq->arena, columns);
    cursor = pg_cursor(rq, sql);
    stream_json(rq, &writer, cursor);
}


static void
writer_start(writer_t *writer, arena_t *arena, const column_t *columns)
{
    char *prefix;

    writer->columns = columns;

    for (writer->n = 0; columns[writer->n].name != NULL; writer->n++) { /* count */ }

    writer->prefixes = arena_alloc(arena, (size_t) (writer->n + 1) * sizeof(str_t));

    for (int k = 0; k < writer->n; k++) {
        prefix = arena_format(arena, "%c\"%s\":", k == 0 ? '{' : ',', columns[k].name);
        writer->prefixes[k] = str_of(prefix);
    }
}


static void
writer_row(const writer_t *writer, text_t *out, const result_t *result, int64_t row, int first)
{
    const char *value;

    if (writer->n == 0) {
        text_puts(out, "{");
    }

    for (int k = 0; k < writer->n; k++) {
        text_add(out, writer->prefixes[k].data, writer->prefixes[k].len);
        value = pg_text(result, row, first + k);

        if (value == NULL) {
            text_add(out, "null", 4);
        } else {
            cells[writer->columns[k].kind](out, value, pg_length(result, row, first + k));
        }
    }

    text_add(out, "}", 1);
}


static void
cell_raw(text_t *out, const char *text, size_t len)
{
    if (text[0] == 'N' || text[0] == 'I' || (text[0] == '-' && text[1] == 'I')) {
        text_add(out, "null", 4);
    } else {
        text_add(out, text, len);
    }
}


static void
cell_bool(text_t *out, const char *text, size_t len)
{
    text_puts(out, len == 1 && text[0] == 't' ? "true" : "false");
}


static void
cell_safe(text_t *out, const char *text, size_t len)
{
    text_add(out, "\"", 1);
    text_add(out, text, len);
    text_add(out, "\"", 1);
}


static void
cell_time(text_t *out, const char *text, size_t len)
{
    cell_instant(out, text, len, false);
}


static void
cell_time_ms(text_t *out, const char *text, size_t len)
{
    cell_instant(out, text, len, true);
}


/* {1,2,NULL} */
static void
cell_ids(text_t *out, const char *text, size_t len)
{
    size_t from = 0;

    text_add(out, "[", 1);

    for (size_t k = 1; k < len; k++) {
        if (text[k] == 'N') {
            text_add(out, text + 1 + from, k - 1 - from);
            text_add(out, "null", 4);
            k += 4;
            from = k - 1;
        }
    }

    if (len > 2 + from) {
        text_add(out, text + 1 + from, len - 2 - from);
    }

    text_add(out, "]", 1);
}


/* {plain,"quoted \"text\"",NULL} */
static void
cell_texts(text_t *out, const char *text, size_t len)
{
    bool        quoted;
    size_t      n;
    char       *item;
    const char *p = text + 1, *end = text + len - 1;

    item = arena_alloc(out->arena, len);
    text_add(out, "[", 1);

    while (p < end) {
        quoted = *p == '"';
        p += quoted;

        for (n = 0; p < end && *p != (quoted ? '"' : ','); p++) {
            p += *p == '\\';
            item[n++] = *p;
        }

        p += quoted;

        if (!quoted && n == 4 && memcmp(item, "NULL", 4) == 0) {
            text_add(out, "null", 4);
        } else {
            json_write_text(out, item, n);
        }

        if (p < end) {
            text_add(out, ",", 1);
            p++;
        }
    }

    text_add(out, "]", 1);
}


static void
cell_instant(text_t *out, const char *text, size_t len, bool always)
{
    char   stamp[TIME_TEXT];
    size_t n;

    n = time_write_database(stamp, text, len, always);

    if (n == 0) {
        text_add(out, "null", 4); /* infinity */
    } else {
        cell_safe(out, stamp, n);
    }
}


/* GET is compressed whatever the client accepts (contract/queries.md §4). */
static void
stream_json(rq_t *rq, const writer_t *writer, cursor_t *cursor)
{
    bool        first = true, lines = rq->format == FORMAT_JSONL;
    text_t      out;
    const char *between;

    text_start(&out, rq->arena, STREAM_PIECE + 4096);
    text_puts(&out, lines ? "" : "[");
    between = lines ? "\n" : rq->format == FORMAT_PPRINT ? ",\n    " : ",";

    while (pg_next(rq, cursor)) {
        if (first) {
            stream_begin(rq, 200, "application/json", rq->endpoint->method == METHOD_GET);
            text_puts(&out, rq->format == FORMAT_PPRINT ? "\n    " : "");
        } else {
            text_puts(&out, between);
        }

        first = false;
        writer_row(writer, &out, pg_row(cursor), 0, 0);
        stream_flush(rq, &out, STREAM_PIECE);
    }

    if (first) {
        stream_begin(rq, 200, "application/json", rq->endpoint->method == METHOD_GET);
    }

    text_puts(&out, !lines ? "]" : first ? "" : "\n");
    stream_flush(rq, &out, 1);
    stream_end(rq);
}


/* The form of contract/queries.md §4: no quotes, attributes in columns of their own at the end. */
static void
stream_csv(rq_t *rq, const column_t *columns, const sql_t *sql)
{
    text_t    out;
    json_t   *names;
    cursor_t *cursor;

    names = csv_names(rq, columns, sql);
    cursor = pg_cursor(rq, sql);

    text_start(&out, rq->arena, STREAM_PIECE + 4096);
    csv_header(&out, columns, names);
    stream_begin(rq, 200, "application/json", rq->endpoint->method == METHOD_GET);

    while (pg_next(rq, cursor)) {
        csv_row(rq, &out, columns, names, pg_row(cursor));
        stream_flush(rq, &out, STREAM_PIECE);
    }

    stream_flush(rq, &out, 1);
    stream_end(rq);
}


/* The names of the attributes that the types of the rows define; NULL: the table has no attributes. */
static json_t *
csv_names(rq_t *rq, const column_t *columns, const sql_t *sql)
{
    sql_t      *names;
    json_t     *list;
    result_t   *result;
    const char *types = NULL;

    for (size_t k = 0; k < sizeof(csv_types) / sizeof(csv_types[0]); k++) {
        if (strcmp(csv_types[k].component, rq->endpoint->reply->component) == 0) {
            types = csv_types[k].types;
        }
    }

    if (types == NULL || csv_column(columns, "attributes") == NULL) {
        return NULL;
    }

    names = sql_new(rq->arena);
    sql_put(names, "SELECT DISTINCT a.definition ->> 'name' FROM ");
    sql_raw(names, types);
    sql_put(names, " AS y CROSS JOIN jsonb_array_elements(CASE jsonb_typeof(y.attribute_types) WHEN 'array' THEN y.attribute_types"
                   " ELSE '[]' END) AS a(definition) WHERE ");

    if (csv_column(columns, "type") != NULL) {
        sql_put(names, "y.id IN (SELECT rows.type FROM (");
        sql_append(names, sql);
        sql_put(names, ") AS rows)");
    } else {
        sql_put(names, "y.project = %ld", rq->project);
    }

    sql_put(names, " ORDER BY 1");

    result = pg_run(rq, names);
    list = rq_own(rq, json_array());

    for (int64_t row = 0; row < pg_rows(result); row++) {
        json_array_append_new(list, json_string(pg_text(result, row, 0)));
    }

    return list;
}


static const column_t *
csv_column(const column_t *columns, const char *name)
{
    for (; columns->name != NULL; columns++) {
        if (strcmp(columns->name, name) == 0) {
            return columns;
        }
    }

    return NULL;
}


static void
csv_header(text_t *out, const column_t *columns, const json_t *names)
{
    size_t          k;
    json_t         *name;
    const column_t *column;

    for (column = columns; column->name != NULL; column++) {
        if (strcmp(column->name, "attributes") != 0) {
            text_puts(out, out->len ? "," : "");
            text_puts(out, column->name);
        }
    }

    json_array_foreach(names, k, name) {
        text_puts(out, out->len ? "," : "");
        text_puts(out, json_string_value(name));
    }

    text_puts(out, "\n");
}


static void
csv_row(rq_t *rq, text_t *out, const column_t *columns, const json_t *names, const result_t *row)
{
    int          k;
    bool         first = true;
    size_t       n;
    json_t      *attributes = NULL, *name;

    for (k = 0; columns[k].name != NULL; k++) {
        if (strcmp(columns[k].name, "attributes") == 0) {
            attributes = pg_json(rq, row, 0, k);
            continue;
        }

        text_puts(out, first ? "" : ",");
        first = false;
        csv_cell(out, columns[k].kind, pg_text(row, 0, k), pg_length(row, 0, k));
    }

    json_array_foreach(names, n, name) {
        text_puts(out, first ? "" : ",");
        first = false;
        name = json_object_get(attributes, json_string_value(name));
        if (name != NULL) {
            csv_json(out, name);
        }
    }

    text_puts(out, "\n");
}


static void
csv_cell(text_t *out, column_kind_t kind, const char *text, size_t len)
{
    size_t start = out->len;

    if (text == NULL) {
        text_puts(out, "None");

    } else if (kind == COLUMN_BOOL) {
        text_puts(out, text[0] == 't' ? "True" : "False");

    } else if (kind == COLUMN_TIME || kind == COLUMN_TIME_MS) {
        cells[kind](out, text, len);
        if (out->len - start > 2) {
            memmove(out->data + start, out->data + start + 1, out->len - start - 2);
            out->len -= 2;
        }

    } else if (kind == COLUMN_IDS || kind == COLUMN_TEXTS) {
        cells[kind](out, text, len);

    } else {
        text_add(out, text, len);
        if (kind == COLUMN_DOUBLE && text[strspn(text, "-0123456789")] == '\0') {
            text_puts(out, ".0");
        }
    }
}


static void
csv_json(text_t *out, const json_t *value)
{
    if (json_is_string(value)) {
        text_puts(out, json_string_value(value));

    } else if (json_is_null(value)) {
        text_puts(out, "None");

    } else if (json_is_boolean(value)) {
        text_puts(out, json_is_true(value) ? "True" : "False");

    } else {
        json_write(out, value);
    }
}


/* Small lists: members of nested objects become columns, too. */
static void
reply_csv(rq_t *rq, const json_t *list)
{
    text_t      out;
    size_t      k;
    json_t     *row, *value, *member, *names, *flat, *rows;
    const char *key, *inner;

    names = rq_own(rq, json_object());
    rows = rq_own(rq, json_array());

    json_array_foreach(list, k, row) {
        flat = json_object();
        json_object_foreach(row, key, value) {
            if (!json_is_object(value)) {
                json_object_set(flat, key, value);
                json_object_set_new(names, key, json_true());
                continue;
            }
            json_object_foreach(value, inner, member) {
                char *name = rq_format(rq, "%s.%s", key, inner);

                json_object_set(flat, name, member);
                json_object_set_new(names, name, json_true());
            }
        }
        json_array_append_new(rows, flat);
    }

    text_start(&out, rq->arena, 4096);

    json_object_foreach(names, key, value) {
        text_puts(&out, out.len ? "," : "");
        text_puts(&out, key);
    }

    text_puts(&out, json_array_size(list) ? "\n" : "No Records found.");

    json_array_foreach(rows, k, row) {
        const char *comma = "";

        json_object_foreach(names, key, value) {
            text_puts(&out, comma);
            comma = ",";
            member = json_object_get(row, key);
            if (member != NULL && !json_is_null(member)) {
                csv_json(&out, member);
            }
        }
        text_puts(&out, "\n");
    }

    reply_text(rq, 200, "text/plain; charset=utf-8", out.data, out.len);
}


static void
stream_flush(rq_t *rq, text_t *out, size_t least)
{
    if (out->len >= least) {
        stream_write(rq, out->data, out->len);
        out->len = 0;
    }
}
