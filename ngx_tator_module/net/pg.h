/*
 * PostgreSQL for handlers. Every call waits in the fiber. Statements are prepared once per connection by their text.
 * An SQL error leaves the handler by the map of SQLSTATE to answers in net/pg_errors.c (40001 and 40P01 run the whole
 * handler once more when nothing was sent). Results and the texts in them belong to the request.
 */

#ifndef TATOR_PG_H
#define TATOR_PG_H

#include "../core/rq.h"

typedef struct pg_result_s result_t;

/* Run one statement and keep all its rows. The format is that of sql_put(). */
result_t *pg_query(rq_t *rq, const char *format, ...) __attribute__((format(printf, 2, 3)));
result_t *pg_run(rq_t *rq, const sql_t *sql);

int64_t     pg_rows(const result_t *result);
int64_t     pg_affected(const result_t *result);                        /* rows of INSERT, UPDATE, DELETE */
int         pg_columns(const result_t *result);
bool        pg_null(const result_t *result, int64_t row, int column);
const char *pg_text(const result_t *result, int64_t row, int column);   /* NULL for SQL NULL */
size_t      pg_length(const result_t *result, int64_t row, int column);
int64_t     pg_int(const result_t *result, int64_t row, int column);    /* 0 for SQL NULL */
double      pg_double(const result_t *result, int64_t row, int column);
bool        pg_bool(const result_t *result, int64_t row, int column);
json_t     *pg_json(rq_t *rq, const result_t *result, int64_t row, int column); /* owned by the request; SQL NULL gives JSON null */

/* All statements between run in one transaction; fail() and a lost client roll it back. */
void tx_begin(rq_t *rq);
void tx_commit(rq_t *rq);
bool tx_open(const rq_t *rq);

/* Whether foreign keys of rows written from now on are checked, in the open transaction. For a caller that holds what he refers to by a lock of
   his own. Only a superuser may leave checks out; for other roles they stay. */
void pg_references(rq_t *rq, bool checked);

/* Run a statement without effect, for request_confirm(). */
void pg_confirm(rq_t *rq);

/* Row by row in bounded memory: the result holds exactly one row at a time, numbered 0. false: no more rows. */
typedef struct pg_cursor_s cursor_t;
cursor_t *pg_cursor(rq_t *rq, const sql_t *sql);
bool      pg_next(rq_t *rq, cursor_t *cursor);
result_t *pg_row(cursor_t *cursor);                                     /* valid until the next pg_next() */

#endif
