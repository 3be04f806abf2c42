/*
 * From rows to JSON: one table says which member comes from which SQL expression and how its text form becomes JSON.
 * The select list, single objects and streamed lists are made of it, so that they agree.
 */

#ifndef TATOR_COLUMNS_H
#define TATOR_COLUMNS_H

#include "../net/pg.h"

typedef enum {
    COLUMN_RAW,    /* numbers, json: as it is; NaN and infinities become null */
    COLUMN_DOUBLE, /* the same for float8, which CSV writes with a point: 32.0 */
    COLUMN_BOOL,
    COLUMN_TEXT,   /* escaped */
    COLUMN_SAFE,   /* needs no escape: uuid, ltree, enums */
    COLUMN_TIME,   /* timestamptz: ISO, Z, three decimals only when there are microseconds (contract/queries.md §4) */
    COLUMN_TIME_MS,/* timestamptz in streamed lists: always three decimals */
    COLUMN_IDS,    /* int[] → [1,2] */
    COLUMN_TEXTS,  /* text[] → ["a","b"] */
    COLUMN_MASK    /* the caller's mask in fine-grain mode, 0 in legacy mode: SQL with one %ld, which is whose mask */
} column_kind_t;

typedef struct {
    const char   *name; /* JSON member; the table ends with a row without name */
    const char   *sql;  /* expression of the source, on the resource's table alias */
    column_kind_t kind;
} column_t;

/* Append the select list: expr AS "name", expr AS "name", … Without a request, masks are 0. */
void columns_select(sql_t *sql, const column_t *columns);
void columns_select_for(rq_t *rq, sql_t *sql, const column_t *columns);

/* One row as JSON text, {"id":1,…}, appended to `out`; SQL NULL is null. `first` is the result's column of the first member. */
void columns_write(text_t *out, const column_t *columns, const result_t *result, int64_t row, int first);

/* The same as a value owned by the request, for answers that nest it. */
json_t *columns_object(rq_t *rq, const column_t *columns, const result_t *result, int64_t row, int first);

/* Answer with one row (404 when the result has no such row), or with all rows as a list (small lists; long ones stream). */
void reply_row(rq_t *rq, int status, const column_t *columns, const result_t *result, int64_t row);
void reply_rows(rq_t *rq, const column_t *columns, const result_t *result);

/* Answer with the rows of a statement as they come, in bounded memory, in the format that the request asked for. */
void stream_rows(rq_t *rq, const column_t *columns, const sql_t *sql);

#endif
