/*
 * A connection to PostgreSQL (pg_pool.h has its life). libpq owns the socket; events are level-triggered, since PQconsumeInput
 * reads once a call. Name resolution and PQcancel block, so they run in the thread pool.
 */

#include <ngx_thread_pool.h>

#include "../core/metrics.h"
#include "pg_pool.h"

/* Data of a thread's task; malloc'ed, since it must outlive everything. */
typedef struct {
    pg_connection_t *connection;
    PGcancel        *cancel;
    PGconn          *pg;
    char             dsn[1024];
    char             options[256];
} pg_task_t;

static void pg_opened(ngx_event_t *event);
static void pg_open_thread(void *data, ngx_log_t *log);
static void pg_connect_poll(pg_connection_t *connection);
static void pg_connect_failed(pg_connection_t *connection, const char *why);
static void pg_setup(pg_connection_t *connection);
static ngx_int_t pg_wrap(pg_connection_t *connection);
static void pg_unwrap(pg_connection_t *connection);
static ngx_int_t pg_want(pg_connection_t *connection, ngx_uint_t reading, ngx_uint_t writing);
static void pg_read_handler(ngx_event_t *event);
static void pg_write_handler(ngx_event_t *event);
static void pg_timer_handler(ngx_event_t *event);
static void pg_drain(pg_connection_t *connection);
static void pg_cancel_thread(void *data, ngx_log_t *log);
static void pg_cancelled(ngx_event_t *event);

static ngx_queue_t pg_connections;


void
pg_connections_init(void)
{
    ngx_queue_init(&pg_connections);
}


void
pg_connections_close(void)
{
    ngx_queue_t     *q, *next;
    pg_connection_t *connection;

    for (q = ngx_queue_head(&pg_connections); q != ngx_queue_sentinel(&pg_connections); q = next) {
        next = ngx_queue_next(q);
        connection = ngx_queue_data(q, pg_connection_t, all);

        if (connection->state != PG_HELD) {
            pg_drop(connection);
        }
    }
}


bool
pg_connection_open(void)
{
    pg_task_t         *data;
    pg_connection_t   *connection;
    ngx_thread_task_t *task;

    connection = calloc(1, sizeof(pg_connection_t));
    task = calloc(1, sizeof(ngx_thread_task_t) + sizeof(pg_task_t));

    if (connection == NULL || task == NULL) {
        free(connection);
        free(task);
        return false;
    }

    connection->fd = -1;
    connection->state = PG_CONNECTING;
    connection->starting = 1;
    connection->timer.handler = pg_timer_handler;
    connection->timer.data = connection;
    connection->timer.log = tator_process.cycle->log;
    connection->timer.cancelable = 1;

    task->ctx = task + 1;
    data = task->ctx;
    data->connection = connection;
    ngx_snprintf((u_char *) data->dsn, sizeof(data->dsn), "%V%Z", &tator_process.conf->dsn);
    ngx_snprintf((u_char *) data->options, sizeof(data->options),
                 "-c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres -c standard_conforming_strings=on "
                 "-c statement_timeout=%M -c idle_in_transaction_session_timeout=600000%Z",
                 tator_process.conf->statement_timeout);

    task->handler = pg_open_thread;
    task->event.handler = pg_opened;
    task->event.data = task;

    if (ngx_thread_task_post(tator_process.threads, task) != NGX_OK) {
        free(connection);
        free(task);
        return false;
    }

    ngx_queue_insert_tail(&pg_connections, &connection->all);
    metrics_gauge_add(METRIC_PG_CONNECTIONS, +1);

    return true;
}


void
pg_drop(pg_connection_t *connection)
{
    if (connection->state == PG_IDLE) {
        ngx_queue_remove(&connection->queue);
    }

    connection->state = PG_CLOSED;
    ngx_queue_remove(&connection->all);

    if (connection->timer.timer_set) {
        ngx_del_timer(&connection->timer);
    }

    pg_unwrap(connection);

    if (connection->pg != NULL) {
        PQfinish(connection->pg);
        connection->pg = NULL;
    }

    metrics_gauge_add(METRIC_PG_CONNECTIONS, -1);

    if (connection->listening) {
        tator_process.listening(-1);
    }

    if (!connection->cancelling && !connection->starting) {
        free(connection); /* otherwise its thread's end does */
    }

    pg_pool_gone();
}


ngx_int_t
pg_watch(pg_connection_t *connection)
{
    return pg_want(connection, 1, 0);
}


void
pg_wait_result(rq_t *rq, pg_hold_t *hold)
{
    pg_connection_t *connection = hold->connection;

    if (pg_flush(connection) != NGX_OK) {
        return;
    }

    while (PQstatus(connection->pg) == CONNECTION_OK && PQisBusy(connection->pg)) {
        if (pg_want(connection, 1, connection->c->write->active) != NGX_OK) {
            return;
        }
        rq_wait(rq, &hold->wait);
    }
}


/* Data of both kinds may be waiting: watch for reading always, for writing while libpq has something left. */
ngx_int_t
pg_flush(pg_connection_t *connection)
{
    int left;

    left = PQflush(connection->pg);
    if (left < 0) {
        return NGX_ERROR;
    }

    return pg_want(connection, 1, left > 0);
}


void
pg_drain_start(pg_connection_t *connection, ngx_uint_t cancel)
{
    pg_task_t         *data;
    ngx_thread_task_t *task;

    if (PQstatus(connection->pg) != CONNECTION_OK || connection->c == NULL) {
        pg_drop(connection);
        return;
    }

    connection->state = PG_DRAINING;
    connection->rollback = 0;
    ngx_add_timer(&connection->timer, 30000);

    if (cancel && PQtransactionStatus(connection->pg) == PQTRANS_ACTIVE) {
        task = calloc(1, sizeof(ngx_thread_task_t) + sizeof(pg_task_t));
        if (task == NULL) {
            pg_drop(connection);
            return;
        }

        task->ctx = task + 1;
        data = task->ctx;
        data->connection = connection;
        data->cancel = PQgetCancel(connection->pg);
        task->handler = pg_cancel_thread;
        task->event.handler = pg_cancelled;
        task->event.data = task;

        if (data->cancel == NULL || ngx_thread_task_post(tator_process.threads, task) != NGX_OK) {
            PQfreeCancel(data->cancel);
            free(task);
            pg_drop(connection);
            return;
        }

        connection->cancelling = 1;
    }

    if (pg_flush(connection) != NGX_OK) {
        pg_drop(connection);
        return;
    }

    pg_drain(connection);
}


/* In a thread: getaddrinfo blocks. */
static void
pg_open_thread(void *data, ngx_log_t *log)
{
    pg_task_t  *task = data;
    const char *keywords[] = {"dbname", "options", "application_name", "client_encoding", "fallback_application_name", NULL};
    const char *values[] = {task->dsn, task->options, "tator", "UTF8", "tator", NULL};

    (void) log;
    task->pg = PQconnectStartParams(keywords, values, 1);
}


static void
pg_opened(ngx_event_t *event)
{
    ngx_thread_task_t *task = event->data;
    pg_task_t         *data = task->ctx;
    pg_connection_t   *connection = data->connection;

    connection->starting = 0;
    connection->pg = data->pg;
    free(task);

    if (connection->state == PG_CLOSED) {
        if (connection->pg != NULL) {
            PQfinish(connection->pg);
        }
        free(connection);
        return;
    }

    if (connection->pg == NULL || PQstatus(connection->pg) == CONNECTION_BAD) {
        pg_connect_failed(connection, connection->pg ? PQerrorMessage(connection->pg) : "no memory");
        return;
    }

    ngx_add_timer(&connection->timer, tator_process.conf->connect_timeout);
    pg_connect_poll(connection);
}


static void
pg_connect_poll(pg_connection_t *connection)
{
    /* before the first poll libpq wants the socket to be writable */
    switch (connection->fd == -1 ? PGRES_POLLING_WRITING : PQconnectPoll(connection->pg)) {

    case PGRES_POLLING_READING:
        if (pg_wrap(connection) == NGX_OK && pg_want(connection, 1, 0) == NGX_OK) {
            return;
        }
        break;

    case PGRES_POLLING_WRITING:
        if (pg_wrap(connection) == NGX_OK && pg_want(connection, 0, 1) == NGX_OK) {
            return;
        }
        break;

    case PGRES_POLLING_OK:
        if (pg_wrap(connection) != NGX_OK) {
            break;
        }
        connection->state = PG_SETUP;
        if (PQsetnonblocking(connection->pg, 1) == 0 && PQsendQuery(connection->pg, "LISTEN tator_access")
            && pg_flush(connection) == NGX_OK)
        {
            return;
        }
        break;

    default:
        break;
    }

    pg_connect_failed(connection, PQerrorMessage(connection->pg));
}


static void
pg_connect_failed(pg_connection_t *connection, const char *why)
{
    ngx_log_error(NGX_LOG_ERR, tator_process.cycle->log, 0, "tator: no connection to PostgreSQL: %s", why);
    pg_drop(connection);
    pg_pool_failed();
}


/* The answer to LISTEN: from now on the caches hear of changes. */
static void
pg_setup(pg_connection_t *connection)
{
    PGresult *result;

    while (!PQisBusy(connection->pg)) {
        result = PQgetResult(connection->pg);

        if (result == NULL) {
            ngx_del_timer(&connection->timer);
            connection->listening = 1;
            tator_process.listening(+1);
            pg_pool_idle(connection);
            return;
        }

        if (PQresultStatus(result) != PGRES_COMMAND_OK) {
            PQclear(result);
            pg_connect_failed(connection, PQerrorMessage(connection->pg));
            return;
        }

        PQclear(result);
    }
}


/* libpq may use another socket than before (several hosts, TLS fallback). */
static ngx_int_t
pg_wrap(pg_connection_t *connection)
{
    int               fd = PQsocket(connection->pg);
    ngx_connection_t *c;

    if (connection->fd == fd && connection->c != NULL) {
        return NGX_OK;
    }

    pg_unwrap(connection);

    if (fd < 0) {
        return NGX_ERROR;
    }

    c = ngx_get_connection(fd, tator_process.cycle->log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    c->data = connection;
    c->read->handler = pg_read_handler;
    c->write->handler = pg_write_handler;
    c->read->log = c->log;
    c->write->log = c->log;

    connection->c = c;
    connection->fd = fd;

    return NGX_OK;
}


/* The socket is libpq's: forget it without closing. */
static void
pg_unwrap(pg_connection_t *connection)
{
    ngx_uint_t        flags;
    ngx_connection_t *c = connection->c;

    if (c == NULL) {
        return;
    }

    /* libpq closes the socket itself when the server goes; then epoll has forgotten it already */
    flags = PQsocket(connection->pg) == connection->fd ? 0 : NGX_CLOSE_EVENT;

    if (c->read->active) {
        ngx_del_event(c->read, NGX_READ_EVENT, flags);
    }
    if (c->write->active) {
        ngx_del_event(c->write, NGX_WRITE_EVENT, flags);
    }
    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }
    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }

    ngx_free_connection(c);
    c->fd = (ngx_socket_t) -1;
    connection->c = NULL;
    connection->fd = -1;
}


static ngx_int_t
pg_want(pg_connection_t *connection, ngx_uint_t reading, ngx_uint_t writing)
{
    ngx_connection_t *c = connection->c;

    if (c == NULL) {
        return NGX_ERROR;
    }

    if (reading && !c->read->active) {
        if (ngx_add_event(c->read, NGX_READ_EVENT, NGX_LEVEL_EVENT) != NGX_OK) {
            return NGX_ERROR;
        }
    } else if (!reading && c->read->active) {
        if (ngx_del_event(c->read, NGX_READ_EVENT, 0) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (writing && !c->write->active) {
        if (ngx_add_event(c->write, NGX_WRITE_EVENT, NGX_LEVEL_EVENT) != NGX_OK) {
            return NGX_ERROR;
        }
    } else if (!writing && c->write->active) {
        if (ngx_del_event(c->write, NGX_WRITE_EVENT, 0) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
pg_read_handler(ngx_event_t *event)
{
    ngx_connection_t *c = event->data;
    pg_connection_t  *connection = c->data;
    ngx_uint_t        lost;

    if (connection->state == PG_CONNECTING) {
        pg_connect_poll(connection);
        return;
    }

    /* the handler is busy elsewhere (a slow client): leave the rows in the kernel */
    if (connection->state == PG_HELD && !connection->hold->wait.waiting) {
        (void) pg_want(connection, 0, c->write->active);
        return;
    }

    lost = !PQconsumeInput(connection->pg) || PQstatus(connection->pg) != CONNECTION_OK;
    pg_notifications(connection);

    switch (connection->state) {

    case PG_SETUP:
        if (lost) {
            pg_connect_failed(connection, PQerrorMessage(connection->pg));
        } else {
            pg_setup(connection);
        }
        return;

    case PG_HELD:
        if (lost || !PQisBusy(connection->pg)) {
            if (lost) {
                pg_unwrap(connection);
            }
            rq_wake(&connection->hold->wait);
        }
        return;

    case PG_DRAINING:
        if (lost) {
            pg_drop(connection);
        } else {
            pg_drain(connection);
        }
        return;

    default:
        if (lost) {
            pg_drop(connection);
        }
        return;
    }
}


static void
pg_write_handler(ngx_event_t *event)
{
    ngx_connection_t *c = event->data;
    pg_connection_t  *connection = c->data;

    if (connection->state == PG_CONNECTING) {
        pg_connect_poll(connection);
        return;
    }

    if (pg_flush(connection) != NGX_OK) {
        if (connection->state == PG_HELD) {
            rq_wake(&connection->hold->wait);
        } else {
            pg_drop(connection);
        }
    }
}


static void
pg_timer_handler(ngx_event_t *event)
{
    pg_connection_t *connection = event->data;

    if (connection->state == PG_DRAINING) {
        pg_drop(connection);
        return;
    }

    pg_connect_failed(connection, "timed out");
}


/* Changes of rights, from this or another replica: what the caches hold is old. */
void
pg_notifications(pg_connection_t *connection)
{
    PGnotify *notify;

    while ((notify = PQnotifies(connection->pg)) != NULL) {
        PQfreemem(notify);
        tator_process.notified();
    }
}


static void
pg_drain(pg_connection_t *connection)
{
    PGresult *result;

    while (!PQisBusy(connection->pg)) {
        result = PQgetResult(connection->pg);

        if (result != NULL) {
            PQclear(result);
            continue;
        }

        if (PQstatus(connection->pg) != CONNECTION_OK) {
            pg_drop(connection);
            return;
        }

        if (connection->cancelling) {
            return; /* it may still hit the next statement */
        }

        if (PQtransactionStatus(connection->pg) == PQTRANS_IDLE) {
            ngx_del_timer(&connection->timer);
            pg_pool_idle(connection);
            return;
        }

        if (connection->rollback || !PQsendQuery(connection->pg, "ROLLBACK") || pg_flush(connection) != NGX_OK) {
            pg_drop(connection);
            return;
        }

        connection->rollback = 1;
    }
}


/* In a thread: PQcancel connects and waits. */
static void
pg_cancel_thread(void *data, ngx_log_t *log)
{
    char       error[256];
    pg_task_t *task = data;

    if (!PQcancel(task->cancel, error, sizeof(error))) {
        ngx_log_error(NGX_LOG_WARN, log, 0, "tator: cancel: %s", error);
    }
}


static void
pg_cancelled(ngx_event_t *event)
{
    ngx_thread_task_t *task = event->data;
    pg_task_t         *data = task->ctx;
    pg_connection_t   *connection = data->connection;

    PQfreeCancel(data->cancel);
    free(task);
    connection->cancelling = 0;

    if (connection->state == PG_CLOSED) {
        free(connection);
        return;
    }

    pg_drain(connection);
}
