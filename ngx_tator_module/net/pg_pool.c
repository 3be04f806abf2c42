/*
 * The pool of PostgreSQL connections (pg_pool.h): who holds one, who waits for one. Connections themselves are in
 * pg_connection.c.
 */

#include "../core/metrics.h"
#include "net.h"
#include "pg_pool.h"

typedef struct {
    ngx_queue_t idle;             /* newest first: hot statements */
    ngx_queue_t waiters, streams; /* pg_hold_t, oldest first */
    ngx_uint_t  n, limit;         /* connections that exist */
    ngx_uint_t  streaming, quota;
    ngx_event_t dispatch;         /* posted: hand out idle connections on the main stack */
    ngx_uint_t  closing;
    ngx_msec_t  failed;           /* when connecting failed last, 0: it did not */
} pg_pool_t;

#define PG_BACK_OFF 200 /* ms without a new attempt while the server is away */

static void pg_open(void);
static void pg_dispatch(ngx_event_t *event);
static void pg_dispatch_soon(void);
static void pg_refuse_waiters(void);
static void pg_wait_over(pg_hold_t *hold);
static void pg_wait_cancelled(wait_t *wait);

static pg_pool_t pg_pool;


ngx_int_t
pg_init_process(ngx_cycle_t *cycle)
{
    ngx_memzero(&pg_pool, sizeof(pg_pool_t));
    ngx_queue_init(&pg_pool.idle);
    ngx_queue_init(&pg_pool.waiters);
    ngx_queue_init(&pg_pool.streams);
    pg_connections_init();

    pg_pool.limit = tator_process.conf->connections;
    pg_pool.quota = pg_pool.limit > 3 ? pg_pool.limit - 2 : 1;
    pg_pool.dispatch.handler = pg_dispatch;
    pg_pool.dispatch.log = cycle->log;

    return NGX_OK;
}


void
pg_exit_process(ngx_cycle_t *cycle)
{
    (void) cycle;
    pg_pool.closing = 1;
    pg_connections_close();
}


pg_hold_t *
pg_acquire(rq_t *rq, bool streaming)
{
    ngx_queue_t     *waiters;
    pg_hold_t       *hold;
    request_t       *request = request_of(rq);

    hold = request->hold;

    if (hold == NULL) {
        hold = arena_zalloc(rq->arena, sizeof(pg_hold_t));
        hold->request = request;
        hold->wait.rq = rq;
        hold->wait.cancel = pg_wait_cancelled;
        hold->wait.data = hold;
        request->hold = hold;
    }

    if (hold->connection != NULL) {
        if (hold->active) {
            ngx_log_error(NGX_LOG_ALERT, rq_log(rq), 0, "tator: a statement inside a cursor's loop");
            fail(rq, 500, "Internal error");
        }
        return hold;
    }

    if (pg_pool.n == 0 && pg_pool.failed != 0 && ngx_current_msec - pg_pool.failed < PG_BACK_OFF) {
        pg_fail_connection(rq);
    }

    hold->streaming = streaming;
    hold->refused = 0;
    waiters = streaming ? &pg_pool.streams : &pg_pool.waiters;

    ngx_queue_insert_tail(waiters, &hold->queue);
    hold->queued = 1;

    if (ngx_queue_empty(&pg_pool.idle) && pg_pool.n < pg_pool.limit) {
        pg_open();
    }

    /* nobody before us and a connection lies idle: no need to wait for the dispatcher */
    if (!ngx_queue_empty(&pg_pool.idle) && ngx_queue_head(waiters) == &hold->queue
        && (!streaming || pg_pool.streaming < pg_pool.quota))
    {
        ngx_queue_t *q = ngx_queue_head(&pg_pool.idle);

        ngx_queue_remove(q);
        ngx_queue_remove(&hold->queue);
        hold->queued = 0;
        hold->connection = ngx_queue_data(q, pg_connection_t, queue);
        hold->connection->hold = hold;
        hold->connection->state = PG_HELD;
        pg_pool.streaming += streaming;
        metrics_gauge_add(METRIC_PG_HELD, +1);
        return hold;
    }

    metrics_count(METRIC_PG_WAITS);
    metrics_gauge_add(METRIC_PG_WAITING, +1);
    hold->counted = 1;

    while (hold->queued) {
        rq_wait(rq, &hold->wait);
    }

    pg_wait_over(hold);

    if (hold->refused) {
        pg_fail_connection(rq);
    }

    return hold;
}


void
pg_release(pg_hold_t *hold)
{
    pg_connection_t *connection = hold->connection;

    hold->connection = NULL;
    hold->active = 0;
    hold->transaction = 0;
    connection->hold = NULL;
    metrics_gauge_add(METRIC_PG_HELD, -1);

    if (hold->streaming) {
        pg_pool.streaming--;
        hold->streaming = 0;
    }

    pg_pool_idle(connection);
}


void
pg_request_end(request_t *request)
{
    pg_hold_t       *hold = request->hold;
    pg_connection_t *connection;

    if (hold == NULL) {
        return;
    }

    if (hold->queued) {
        ngx_queue_remove(&hold->queue);
        hold->queued = 0;
    }

    pg_wait_over(hold);
    connection = hold->connection;
    request->hold = NULL;

    if (connection == NULL) {
        return;
    }

    if (!hold->active && !hold->transaction && PQtransactionStatus(connection->pg) == PQTRANS_IDLE) {
        pg_release(hold);
        return;
    }

    connection->hold = NULL;
    hold->connection = NULL;
    metrics_gauge_add(METRIC_PG_HELD, -1);

    if (hold->streaming) {
        pg_pool.streaming--;
    }

    if (hold->preparing) {
        pg_drop(connection);
        return;
    }

    pg_drain_start(connection, hold->active);
}


void
pg_pool_idle(pg_connection_t *connection)
{
    pg_pool.failed = 0;

    if (connection->c == NULL || PQstatus(connection->pg) != CONNECTION_OK) {
        connection->state = PG_CLOSED;
        pg_drop(connection);
        return;
    }

    connection->state = PG_IDLE;
    ngx_queue_insert_head(&pg_pool.idle, &connection->queue);

    /* idle connections are watched: a server that goes, notifications */
    if (pg_watch(connection) != NGX_OK || pg_pool.closing) {
        pg_drop(connection);
        return;
    }

    pg_dispatch_soon();
}


void
pg_pool_gone(void)
{
    pg_pool.n--;

    if (!pg_pool.closing) {
        pg_dispatch_soon();
    }
}


void
pg_pool_failed(void)
{
    pg_pool.failed = ngx_current_msec ? ngx_current_msec : 1;

    if (pg_pool.n == 0) {
        pg_refuse_waiters();
    }
}


static void
pg_open(void)
{
    if (pg_connection_open()) {
        pg_pool.n++;
    }
}


static void
pg_dispatch_soon(void)
{
    if ((!ngx_queue_empty(&pg_pool.waiters) || !ngx_queue_empty(&pg_pool.streams)) && !pg_pool.dispatch.posted) {
        ngx_post_event(&pg_pool.dispatch, &ngx_posted_events);
    }
}


/* Main stack: give idle connections to those who wait, oldest first, short requests before streams. */
static void
pg_dispatch(ngx_event_t *event)
{
    ngx_queue_t     *q, *w;
    pg_hold_t       *hold;
    pg_connection_t *connection;

    (void) event;

    while (!ngx_queue_empty(&pg_pool.idle)) {
        if (!ngx_queue_empty(&pg_pool.waiters)) {
            w = ngx_queue_head(&pg_pool.waiters);

        } else if (!ngx_queue_empty(&pg_pool.streams) && pg_pool.streaming < pg_pool.quota) {
            w = ngx_queue_head(&pg_pool.streams);
            pg_pool.streaming++;

        } else {
            return;
        }

        q = ngx_queue_head(&pg_pool.idle);
        ngx_queue_remove(q);
        ngx_queue_remove(w);

        hold = ngx_queue_data(w, pg_hold_t, queue);
        connection = ngx_queue_data(q, pg_connection_t, queue);

        hold->queued = 0;
        hold->connection = connection;
        connection->hold = hold;
        connection->state = PG_HELD;
        metrics_gauge_add(METRIC_PG_HELD, +1);
        rq_wake(&hold->wait);
    }

    if ((!ngx_queue_empty(&pg_pool.waiters) || !ngx_queue_empty(&pg_pool.streams)) && pg_pool.n < pg_pool.limit) {
        pg_open();
    }
}


static void
pg_refuse_waiters(void)
{
    pg_hold_t   *hold;
    ngx_queue_t *q, *queues[] = {&pg_pool.waiters, &pg_pool.streams};
    ngx_queue_t  refused;

    ngx_queue_init(&refused);

    for (int k = 0; k < 2; k++) {
        while (!ngx_queue_empty(queues[k])) {
            q = ngx_queue_head(queues[k]);
            ngx_queue_remove(q);
            ngx_queue_insert_tail(&refused, q);
        }
    }

    /* a request that ends takes itself out of the queue; new ones wait in the pool's own */
    while (!ngx_queue_empty(&refused)) {
        q = ngx_queue_head(&refused);
        ngx_queue_remove(q);
        hold = ngx_queue_data(q, pg_hold_t, queue);
        hold->queued = 0;
        hold->refused = 1;
        rq_wake(&hold->wait);
    }
}


static void
pg_wait_over(pg_hold_t *hold)
{
    if (hold->counted) {
        hold->counted = 0;
        metrics_gauge_add(METRIC_PG_WAITING, -1);
    }
}


static void
pg_wait_cancelled(wait_t *wait)
{
    (void) wait; /* pg_request_end() does what is to be done */
}
