/*
 * Connections to PostgreSQL, shared by the requests of a worker. The life of a connection:
 *
 *     connecting ──▶ setup (LISTEN) ──▶ idle ⇄ held by one request
 *                                        ▲          │ dropped in the middle, or a transaction left open
 *                                        └── draining (cancel in a thread, read to the end, ROLLBACK)
 *     any ── error, server gone ──▶ closed
 *
 * A connection is handed out again only after its cancel has finished and its transaction is over. Requests that find none
 * wait in order; those that stream may hold at most pool - 2, so that short ones never starve.
 */

#ifndef TATOR_PG_POOL_H
#define TATOR_PG_POOL_H

#include <libpq-fe.h>

#include "../core/request.h"

#define PG_STATEMENTS 1024 /* slots of the prepared statements' table; at most half are used */

typedef enum { PG_CONNECTING, PG_SETUP, PG_IDLE, PG_HELD, PG_DRAINING, PG_CLOSED } pg_state_t;

typedef struct pg_connection_s pg_connection_t;

struct pg_connection_s {
    ngx_queue_t       queue; /* in the pool's idle list */
    ngx_queue_t       all;   /* in the list of all */
    PGconn           *pg;
    ngx_connection_t *c;
    int               fd;
    pg_state_t        state;
    pg_hold_t        *hold;
    ngx_event_t       timer;
    ngx_uint_t        n_statements;
    uint64_t          statements[PG_STATEMENTS]; /* hashes of prepared texts, 0 empty */
    unsigned          cancelling : 1;            /* a thread is sending the cancel */
    unsigned          rollback : 1;              /* ROLLBACK was sent while draining */
    unsigned          starting : 1;              /* a thread resolves names and connects */
    unsigned          listening : 1;             /* hears of changed rights */
};

struct pg_hold_s {
    wait_t           wait;
    ngx_queue_t      queue; /* in the pool's waiters */
    request_t       *request;
    pg_connection_t *connection;
    unsigned         queued : 1;
    unsigned         streaming : 1; /* counts in the streams' quota */
    unsigned         transaction : 1;
    unsigned         active : 1;    /* a statement was sent and its results are not all read */
    unsigned         preparing : 1; /* whether the server knows the statement is open: the connection is of no further use */
    unsigned         refused : 1;   /* no server */
    unsigned         counted : 1;   /* among those who wait, for the metrics */
};

/* The request's hold with a connection; waits for one, answers 503 when there is no server. */
pg_hold_t *pg_acquire(rq_t *rq, bool streaming);

/* Give the connection back: legal in the fiber and on the main stack; nothing may be active. */
void pg_release(pg_hold_t *hold);

/* Main stack, at the end of a request whatever it did. */
void pg_request_end(request_t *request);

/* Tell of changed rights that the connection has heard of. */
void pg_notifications(pg_connection_t *connection);

/* Wait until libpq has a result (or the connection is lost: PQstatus tells). */
void pg_wait_result(rq_t *rq, pg_hold_t *hold);

/* --- pg_connection.c, for the pool ------------------------------------------------------------------------------------ */

/* Begin a new connection, in a thread at first; false: no memory. It tells the pool when it is ready, or that it failed. */
bool pg_connection_open(void);

/* Cancel what the dropped request left (`cancel`), read to the end, roll back, and give the connection to the pool. */
void pg_drain_start(pg_connection_t *connection, ngx_uint_t cancel);

/* For the process: before the first is opened; and at its end, also of those that are on their way. */
void pg_connections_init(void);
void pg_connections_close(void);

/* Hear of notifications, and of a server that goes. */
ngx_int_t pg_watch(pg_connection_t *connection);

/* --- pg_pool.c, for connections ------------------------------------------------------------------------------------------ */

void pg_pool_idle(pg_connection_t *connection); /* ready for the next request */
void pg_pool_gone(void);                        /* one less */
void pg_pool_failed(void);                      /* no server */

/* The connection is of no use any more. */
void pg_drop(pg_connection_t *connection);

/* Watch for the socket to take what libpq has buffered. */
ngx_int_t pg_flush(pg_connection_t *connection);

/* Leave the handler with the answer that the failed result deserves (pg_errors.c). The result is cleared. */
_Noreturn void pg_fail(rq_t *rq, pg_hold_t *hold, PGresult *result);
_Noreturn void pg_fail_connection(rq_t *rq);

#endif
