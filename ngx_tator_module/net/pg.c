/*
 * Statements for handlers (pg.h). A statement is prepared once per connection, named by its text's hash. Whatever libpq
 * gives is wrapped at once into the request's arena, so that a fiber dropped in the middle leaks nothing.
 */

#include "../core/metrics.h"
#include "pg.h"
#include "pg_pool.h"

struct pg_result_s {
    PGresult *result;
};

struct pg_cursor_s {
    pg_hold_t *hold;
    result_t   row;
    bool       ended;
};

static result_t *pg_result_new(rq_t *rq);
static void      pg_result_clear(void *data);
static void      pg_send(rq_t *rq, pg_hold_t *hold, const sql_t *sql);
static bool      pg_prepare(rq_t *rq, pg_hold_t *hold, const char *name, uint64_t hash, const char *text);
static PGresult *pg_finish(rq_t *rq, pg_hold_t *hold);
static void      pg_simple(rq_t *rq, pg_hold_t *hold, const char *text);
static uint64_t  pg_hash(const char *text, size_t len);


result_t *
pg_query(rq_t *rq, const char *format, ...)
{
    sql_t  *sql;
    va_list args;

    sql = sql_new(rq->arena);
    va_start(args, format);
    sql_vput(sql, format, args);
    va_end(args);

    return pg_run(rq, sql);
}


result_t *
pg_run(rq_t *rq, const sql_t *sql)
{
    result_t  *result = pg_result_new(rq);
    pg_hold_t *hold = pg_acquire(rq, false);

    pg_send(rq, hold, sql);
    result->result = pg_finish(rq, hold);

    if (!hold->transaction) {
        pg_release(hold);
    }

    return result;
}


int64_t
pg_rows(const result_t *result)
{
    return PQntuples(result->result);
}


int64_t
pg_affected(const result_t *result)
{
    return strtoll(PQcmdTuples(result->result), NULL, 10);
}


int
pg_columns(const result_t *result)
{
    return PQnfields(result->result);
}


bool
pg_null(const result_t *result, int64_t row, int column)
{
    return PQgetisnull(result->result, (int) row, column);
}


const char *
pg_text(const result_t *result, int64_t row, int column)
{
    return pg_null(result, row, column) ? NULL : PQgetvalue(result->result, (int) row, column);
}


size_t
pg_length(const result_t *result, int64_t row, int column)
{
    return (size_t) PQgetlength(result->result, (int) row, column);
}


int64_t
pg_int(const result_t *result, int64_t row, int column)
{
    return strtoll(PQgetvalue(result->result, (int) row, column), NULL, 10);
}


double
pg_double(const result_t *result, int64_t row, int column)
{
    return strtod(PQgetvalue(result->result, (int) row, column), NULL);
}


bool
pg_bool(const result_t *result, int64_t row, int column)
{
    return PQgetvalue(result->result, (int) row, column)[0] == 't';
}


json_t *
pg_json(rq_t *rq, const result_t *result, int64_t row, int column)
{
    json_error_t error;

    if (pg_null(result, row, column)) {
        return json_null();
    }

    return rq_own(rq, json_parse(pg_text(result, row, column), pg_length(result, row, column), &error));
}


void
tx_begin(rq_t *rq)
{
    pg_hold_t *hold = pg_acquire(rq, false);

    hold->transaction = 1;
    pg_simple(rq, hold, "BEGIN");
}


void
tx_commit(rq_t *rq)
{
    pg_hold_t *hold = pg_acquire(rq, false);

    pg_simple(rq, hold, "COMMIT");
    pg_release(hold);
}


bool
tx_open(const rq_t *rq)
{
    const pg_hold_t *hold = ((const request_t *) rq)->hold;

    return hold != NULL && hold->transaction;
}


void
pg_references(rq_t *rq, bool checked)
{
    pg_query(rq,
             "SELECT set_config('session_replication_role', %s, true) FROM pg_roles WHERE rolname = current_user AND rolsuper",
             checked ? "origin" : "replica");
}


void
pg_confirm(rq_t *rq)
{
    pg_query(rq, "SELECT");
}


cursor_t *
pg_cursor(rq_t *rq, const sql_t *sql)
{
    cursor_t  *cursor = arena_zalloc(rq->arena, sizeof(cursor_t));
    pg_hold_t *hold;

    arena_cleanup(rq->arena, pg_result_clear, &cursor->row);
    hold = pg_acquire(rq, true);
    cursor->hold = hold;

    pg_send(rq, hold, sql);

    if (!PQsetSingleRowMode(hold->connection->pg)) {
        ngx_log_error(NGX_LOG_ALERT, rq_log(rq), 0, "tator: no single-row mode");
        fail(rq, 500, "Internal error");
    }

    return cursor;
}


bool
pg_next(rq_t *rq, cursor_t *cursor)
{
    PGresult  *end;
    pg_hold_t *hold = cursor->hold;

    if (cursor->ended) {
        return false;
    }

    pg_result_clear(&cursor->row);
    pg_wait_result(rq, hold);
    cursor->row.result = PQgetResult(hold->connection->pg);
    pg_notifications(hold->connection);
    request_confirm(rq);

    if (cursor->row.result != NULL && PQresultStatus(cursor->row.result) == PGRES_SINGLE_TUPLE) {
        return true;
    }

    cursor->ended = true;

    if (cursor->row.result == NULL) {
        pg_fail_connection(rq);
    }

    if (PQresultStatus(cursor->row.result) != PGRES_TUPLES_OK) {
        end = cursor->row.result;
        cursor->row.result = NULL;
        pg_fail(rq, hold, end);
    }

    /* the end of the rows; after it comes the end of the statement */
    pg_wait_result(rq, hold);
    end = PQgetResult(hold->connection->pg);
    if (end != NULL) {
        PQclear(end);
        pg_fail_connection(rq);
    }

    hold->active = 0;
    if (!hold->transaction) {
        pg_release(hold);
    }

    return false;
}


result_t *
pg_row(cursor_t *cursor)
{
    return &cursor->row;
}


static result_t *
pg_result_new(rq_t *rq)
{
    result_t *result = arena_zalloc(rq->arena, sizeof(result_t));

    arena_cleanup(rq->arena, pg_result_clear, result);

    return result;
}


static void
pg_result_clear(void *data)
{
    result_t *result = data;

    PQclear(result->result);
    result->result = NULL;
}


static void
pg_send(rq_t *rq, pg_hold_t *hold, const sql_t *sql)
{
    int         sent;
    char        name[24];
    uint64_t    hash;
    PGconn     *pg = hold->connection->pg;

    if (sql->n > SQL_MAX_PARAMETERS) {
        fail(rq, 400, "The request asks for too much at once: %d values, of %d that a statement may have", sql->n, SQL_MAX_PARAMETERS);
    }

    metrics_count(METRIC_PG_STATEMENTS);
    hash = pg_hash(sql->text, sql->len);
    snprintf(name, sizeof(name), "t%016lx", (unsigned long) hash);

    if (!sql->once && pg_prepare(rq, hold, name, hash, sql->text)) {
        sent = PQsendQueryPrepared(pg, name, sql->n, sql->values, NULL, NULL, 0);
    } else {
        sent = PQsendQueryParams(pg, sql->text, sql->n, NULL, sql->values, NULL, NULL, 0);
    }

    if (!sent) {
        ngx_log_error(NGX_LOG_ERR, rq_log(rq), 0, "tator: PostgreSQL: %s", PQerrorMessage(pg));
        pg_fail_connection(rq);
    }

    hold->active = 1;
}


/* False: the connection has statements enough, run this one unprepared. */
static bool
pg_prepare(rq_t *rq, pg_hold_t *hold, const char *name, uint64_t hash, const char *text)
{
    uint64_t        *slot;
    PGresult        *result;
    pg_connection_t *connection = hold->connection;

    slot = &connection->statements[hash % PG_STATEMENTS];

    while (*slot != 0 && *slot != hash) {
        slot = slot + 1 == connection->statements + PG_STATEMENTS ? connection->statements : slot + 1;
    }

    if (*slot == hash) {
        return true;
    }

    if (connection->n_statements >= PG_STATEMENTS / 2) {
        return false;
    }

    if (!PQsendPrepare(connection->pg, name, text, 0, NULL)) {
        pg_fail_connection(rq);
    }

    hold->active = 1;
    hold->preparing = 1;
    result = pg_finish(rq, hold);
    PQclear(result);
    hold->preparing = 0;

    *slot = hash;
    connection->n_statements++;

    return true;
}


/* Wait for the whole answer; leaves the handler when it is an error. */
static PGresult *
pg_finish(rq_t *rq, pg_hold_t *hold)
{
    PGresult *result, *next;
    PGconn   *pg = hold->connection->pg;

    pg_wait_result(rq, hold);
    result = PQgetResult(pg);

    /* the end of the statement follows in the same packet nearly always */
    for (;;) {
        if (PQisBusy(pg)) {
            result_t *kept = pg_result_new(rq); /* in case that the client goes meanwhile */

            kept->result = result;
            pg_wait_result(rq, hold);
            kept->result = NULL;
        }

        next = PQgetResult(pg);
        if (next == NULL) {
            break;
        }

        PQclear(result);
        result = next;
    }

    if (result == NULL || PQstatus(pg) != CONNECTION_OK) {
        PQclear(result);
        pg_fail_connection(rq);
    }

    hold->active = 0;
    pg_notifications(hold->connection);

    if (!hold->preparing && request_of(rq)->assumed != 0) {
        result_t *kept = pg_result_new(rq);

        kept->result = result;
        request_confirm(rq);
        kept->result = NULL;
    }

    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK) {
        pg_fail(rq, hold, result);
    }

    return result;
}


static void
pg_simple(rq_t *rq, pg_hold_t *hold, const char *text)
{
    if (!PQsendQuery(hold->connection->pg, text)) {
        pg_fail_connection(rq);
    }

    hold->active = 1;
    PQclear(pg_finish(rq, hold));
}


/* FNV-1a; 0 marks an empty slot. */
static uint64_t
pg_hash(const char *text, size_t len)
{
    uint64_t hash = 14695981039346656037u;

    for (size_t k = 0; k < len; k++) {
        hash = (hash ^ (unsigned char) text[k]) * 1099511628211u;
    }

    return hash ? hash : 1;
}
