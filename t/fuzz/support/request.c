/*
 * Requests for fuzz targets (request.h).
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tator/json.h>

#include "request.h"
#include "api/access.h"
#include "api/columns.h"

struct pg_result_s {
    const char *cells[2][4];
};

const char fuzz_attribute_types[] =
    "[{\"name\": \"Bool\", \"dtype\": \"bool\"}, {\"name\": \"Int\", \"dtype\": \"int\", \"minimum\": -9, \"maximum\": 1000},"
    " {\"name\": \"Float\", \"dtype\": \"float\"}, {\"name\": \"Enum\", \"dtype\": \"enum\", \"choices\": [\"a\", \"b\"]},"
    " {\"name\": \"String\", \"dtype\": \"string\"}, {\"name\": \"Date\", \"dtype\": \"datetime\"},"
    " {\"name\": \"Geo\", \"dtype\": \"geopos\"}, {\"name\": \"Vector\", \"dtype\": \"float_array\", \"size\": 3},"
    " {\"name\": \"Blob\", \"dtype\": \"blob\"}]";

static fuzz_request_t *
request_of(rq_t *rq)
{
    return (fuzz_request_t *) rq;
}


static void
drop(void *data)
{
    json_decref(data);
}


fuzz_request_t *
fuzz_request_new(void)
{
    arena_t        *arena = arena_create(NULL, NULL);
    fuzz_request_t *request = arena_zalloc(arena, sizeof(fuzz_request_t));

    request->config = (config_t) {.search_nodes = 1000, .search_depth = 32, .list_limit = 1000};
    request->rq = (rq_t) {.arena = arena, .config = &request->config, .project = 7, .viewer = 3};
    request->rq.params = rq_own(&request->rq, json_object());
    request->section_dtype = "folder";

    return request;
}


void
fuzz_request_end(fuzz_request_t *request)
{
    arena_destroy(request->rq.arena);
}


void
fuzz_statement(const sql_t *sql)
{
    int   depth = 0;
    char  quote = '\0';
    char *seen = calloc((size_t) sql->n + 1, 1), *end;
    long  n;

    for (const char *p = sql->text; *p != '\0'; p++) {
        if ((unsigned char) *p < 0x20 || (unsigned char) *p > 0x7e) {
            abort();
        }

        if (quote != '\0') {
            quote = *p == quote ? '\0' : quote;
            continue;
        }

        quote = *p == '\'' || *p == '"' ? *p : '\0';
        depth += (*p == '(') - (*p == ')');

        if (depth < 0) {
            abort();
        }

        if (*p == '$') {
            n = strtol(p + 1, &end, 10);
            if (end == p + 1 || n < 1 || n > sql->n) {
                abort();
            }
            seen[n] = 1;
        }
    }

    if (depth != 0 || quote != '\0' || (sql->n > 0 && memchr(seen + 1, 0, (size_t) sql->n) != NULL)) {
        abort();
    }

    free(seen);
}


void
fuzz_refusal(const fuzz_request_t *request)
{
    json_t *text = json_string(request->message);

    if ((request->status != 400 && request->status != 404) || text == NULL || *request->message == '\0') {
        abort();
    }

    json_decref(text);
}


/* --- what handlers see of the process --- */

void
fail(rq_t *rq, int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    request_of(rq)->message = arena_vformat(rq->arena, format, args);
    va_end(args);
    request_of(rq)->status = status;
    longjmp(request_of(rq)->refused, 1);
}


void
fail_details(rq_t *rq, int status, const char *message, const char *format, ...)
{
    fail(rq, status, "%s (%s)", message, format);
}


void
fail_no_match(rq_t *rq, const char *model)
{
    fail(rq, 404, "%s matching query does not exist.", model);
}


json_t *
param(rq_t *rq, const char *name)
{
    return json_object_get(rq->params, name);
}


bool
param_given(rq_t *rq, const char *name)
{
    return param(rq, name) != NULL && !json_is_null(param(rq, name));
}


int64_t
param_int(rq_t *rq, const char *name, int64_t otherwise)
{
    return json_is_integer(param(rq, name)) ? json_integer_value(param(rq, name)) : otherwise;
}


const char *
param_text(rq_t *rq, const char *name)
{
    return json_string_value(param(rq, name));
}


json_t *
rq_own(rq_t *rq, json_t *value)
{
    if (value == NULL) {
        abort();
    }

    arena_cleanup(rq->arena, drop, value);

    return value;
}


char *
rq_format(rq_t *rq, const char *format, ...)
{
    char   *text;
    va_list args;

    va_start(args, format);
    text = arena_vformat(rq->arena, format, args);
    va_end(args);

    return text;
}


void
reply_json(rq_t *rq, int status, json_t *value)
{
}


void
reply_text(rq_t *rq, int status, const char *type, const void *data, size_t len)
{
}


/* --- the database: two types with all attributes, one section, and otherwise two rows of small numbers --- */

result_t *
pg_run(rq_t *rq, const sql_t *sql)
{
    result_t       *result = arena_zalloc(rq->arena, sizeof(result_t));
    fuzz_request_t *request = request_of(rq);

    fuzz_statement(sql);

    if (strstr(sql->text, "attribute_types") != NULL) {
        *result = (result_t) {{{"1", fuzz_attribute_types}, {"2", "[{\"name\": \"Int\", \"dtype\": \"float\"}]"}}};

    } else if (strstr(sql->text, "related_object_search") != NULL) {
        *result = (result_t) {{{"5", request->section_dtype}}};
        result->cells[0][2] = request->object_search ? json_text(rq->arena, request->object_search) : NULL;
        result->cells[0][3] = request->related_search ? json_text(rq->arena, request->related_search) : NULL;

    } else if (strstr(sql->text, "to_regtype") != NULL) {
        *result = (result_t) {{{"t", "f"}}};

    } else {
        *result = (result_t) {{{"0", "1"}, {"2", "2"}}};
    }

    return result;
}


result_t *
pg_query(rq_t *rq, const char *format, ...)
{
    sql_t  *sql = sql_new(rq->arena);
    va_list args;

    va_start(args, format);
    sql_vput(sql, format, args);
    va_end(args);

    return pg_run(rq, sql);
}


int64_t
pg_rows(const result_t *result)
{
    return result->cells[1][0] ? 2 : 1;
}


bool
pg_null(const result_t *result, int64_t row, int column)
{
    return result->cells[row][column] == NULL;
}


const char *
pg_text(const result_t *result, int64_t row, int column)
{
    return result->cells[row][column];
}


size_t
pg_length(const result_t *result, int64_t row, int column)
{
    return strlen(result->cells[row][column]);
}


int64_t
pg_int(const result_t *result, int64_t row, int column)
{
    return result->cells[row][column] ? atoll(result->cells[row][column]) : 0;
}


bool
pg_bool(const result_t *result, int64_t row, int column)
{
    return result->cells[row][column] != NULL && result->cells[row][column][0] == 't';
}


json_t *
pg_json(rq_t *rq, const result_t *result, int64_t row, int column)
{
    const char *text = result->cells[row][column];

    return rq_own(rq, text ? json_loads(text, JSON_DECODE_ANY, NULL) : json_null());
}


/* As api/columns.c, which writes answers, too. */
void
columns_select_for(rq_t *rq, sql_t *sql, const column_t *columns)
{
    for (const column_t *column = columns; column->name != NULL; column++) {
        sql_raw(sql, column == columns ? "" : ", ");
        sql_raw(sql, column->sql);
        sql_raw(sql, " AS \"");
        sql_raw(sql, column->name);
        sql_raw(sql, "\"");
    }
}
