/*
 * Redis (net/redis.h): one hiredis connection per worker on NGINX's events, level-triggered, opened by the first command.
 * The life of the connection:
 *
 *     down ── first command ──▶ resolving (a thread) ──▶ connecting ──▶ up ── lost ──▶ down (at once ready for the next try)
 *               ▲                   └───────────────────────┴── failed ──▶ down, commands are refused until the pause is over
 *
 * Commands that come while it is resolving wait in `queue`; from connecting on hiredis holds them. The life of a command:
 *
 *     queued ──▶ sent ──▶ replied: the fiber runs inside hiredis' callback, copies the reply into its arena, goes on
 *                  └─ request gone: wait is NULL, the reply is dropped when it comes
 *
 * hiredis owns the descriptor and closes it. No reply for REDIS_TIMEOUT while some are due: the connection is dropped.
 */

#include <netdb.h>

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <ngx_thread_pool.h>

#include "../core/metrics.h"
#include "../core/process.h"
#include "../core/wait.h"
#include "net.h"
#include "redis.h"

#define REDIS_TIMEOUT   10000 /* milliseconds */
#define REDIS_PAUSE_MIN 50
#define REDIS_PAUSE_MAX 2000

typedef enum { LINK_DOWN, LINK_RESOLVING, LINK_CONNECTING, LINK_UP } link_state_t;

/* One command; malloc'ed, since its reply may come after its request has gone. */
typedef struct {
    ngx_queue_t        queue;  /* while resolving */
    wait_t            *wait;   /* NULL: the request is gone */
    redisReply        *reply;  /* valid only inside the callback */
    ngx_msec_t         started;
    int                argc;
    const char *const *argv;   /* of the request: used before it can go */
    const size_t      *lengths;
    unsigned           queued : 1;
    unsigned           done : 1;
} command_t;

typedef struct {
    link_state_t       state;
    redisAsyncContext *context;
    ngx_connection_t  *c;
    ngx_event_t        flush;  /* posted: send what the commands of this turn of the loop have buffered */
    ngx_event_t        timer;
    ngx_queue_t        queue;  /* command_t */
    ngx_uint_t         due;    /* replies */
    ngx_msec_t         pause, retry_at;
    unsigned           paused : 1;
    unsigned           flushing : 1;
    unsigned           closing : 1;
} link_t;

/* A thread's task: resolving blocks. */
typedef struct {
    char host[256], port[8], address[NI_MAXHOST];
    int  error;
} resolve_t;

static command_t     *redis_run(rq_t *rq, wait_t *wait, int argc, const char *const *argv, const size_t *lengths);
static ngx_int_t      redis_send(command_t *command);
static ngx_int_t      redis_resolve(void);
static void           redis_resolve_thread(void *data, ngx_log_t *log);
static void           redis_resolved(ngx_event_t *event);
static ngx_int_t      redis_connect(const char *address);
static void           redis_connected(const redisAsyncContext *context, int status);
static void           redis_disconnected(const redisAsyncContext *context, int status);
static void           redis_authenticated(redisAsyncContext *context, void *reply, void *data);
static void           redis_replied(redisAsyncContext *context, void *reply, void *data);
static void           redis_finish(command_t *command);
static void           redis_cancel(wait_t *wait);
static void           redis_down(const char *why);
static void           redis_watch(void);
static void           redis_timer(ngx_event_t *event);
static void           redis_add_read(void *data);
static void           redis_del_read(void *data);
static void           redis_add_write(void *data);
static void           redis_del_write(void *data);
static void           redis_unwrap(void *data);
static void           redis_read_event(ngx_event_t *event);
static void           redis_write_event(ngx_event_t *event);
static void           redis_flush_event(ngx_event_t *event);
static redis_value_t *redis_copy(arena_t *arena, const redisReply *reply);
static void           redis_fill(arena_t *arena, redis_value_t *value, const redisReply *reply, unsigned depth);

static link_t redis_link;


ngx_int_t
redis_init_process(ngx_cycle_t *cycle)
{
    ngx_memzero(&redis_link, sizeof(link_t));
    ngx_queue_init(&redis_link.queue);

    redis_link.pause = REDIS_PAUSE_MIN;
    redis_link.timer.handler = redis_timer;
    redis_link.timer.log = cycle->log;
    redis_link.timer.cancelable = 1;
    redis_link.flush.handler = redis_flush_event;
    redis_link.flush.log = cycle->log;

    return NGX_OK;
}


void
redis_exit_process(ngx_cycle_t *cycle)
{
    (void) cycle;
    redis_link.closing = 1;

    if (redis_link.context != NULL) {
        redisAsyncFree(redis_link.context);
    }

    if (redis_link.timer.timer_set) {
        ngx_del_timer(&redis_link.timer);
    }
}


redis_value_t *
redis_command(rq_t *rq, int argc, const char *const *argv, const size_t *lengths)
{
    redis_value_t *value;

    value = redis_try(rq, rq->arena, argc, argv, lengths);

    if (value == NULL) {
        fail(rq, 503, "The job queue can not be reached. Please try again.");
    }

    return value;
}


redis_value_t *
redis_try(rq_t *rq, arena_t *arena, int argc, const char *const *argv, const size_t *lengths)
{
    wait_t         wait;
    command_t     *command;
    redis_value_t *value = NULL;

    metrics_count(METRIC_REDIS_COMMANDS);

    command = redis_run(rq, &wait, argc, argv, lengths);
    if (command == NULL) {
        metrics_count(METRIC_REDIS_ERRORS);
        return NULL;
    }

    while (!command->done) {
        rq_wait(rq, &wait);
    }

    /* still inside hiredis' callback: the reply lives until the fiber waits again */

    metrics_duration(METRIC_REDIS_DURATION, ngx_current_msec - command->started);

    if (command->reply != NULL) {
        value = redis_copy(arena, command->reply);
    }

    free(command);

    if (value != NULL && value->type == REDIS_FAULT) {
        ngx_log_error(NGX_LOG_ERR, rq_log(rq), 0, "tator: Redis refused %s: %s", argv[0], value->text);
        value = NULL;
    }

    if (value == NULL) {
        metrics_count(METRIC_REDIS_ERRORS);
    }

    return value;
}


/* NULL: there is no server. */
static command_t *
redis_run(rq_t *rq, wait_t *wait, int argc, const char *const *argv, const size_t *lengths)
{
    command_t *command;

    if (redis_link.state == LINK_DOWN) {
        if (redis_link.closing || (redis_link.paused && (ngx_msec_int_t) (redis_link.retry_at - ngx_current_msec) > 0)) {
            return NULL;
        }

        if (redis_resolve() != NGX_OK) {
            return NULL;
        }
    }

    command = calloc(1, sizeof(command_t));
    if (command == NULL) {
        return NULL;
    }

    *wait = (wait_t) {.rq = rq, .cancel = redis_cancel, .data = command};
    command->wait = wait;
    command->started = ngx_current_msec;
    command->argc = argc;
    command->argv = argv;
    command->lengths = lengths;

    if (redis_link.state == LINK_RESOLVING) {
        ngx_queue_insert_tail(&redis_link.queue, &command->queue);
        command->queued = 1;

    } else if (redis_send(command) != NGX_OK) {
        free(command);
        return NULL;
    }

    return command;
}


static ngx_int_t
redis_send(command_t *command)
{
    /* hiredis copies the arguments */
    if (redisAsyncCommandArgv(redis_link.context, redis_replied, command, command->argc, (const char **) command->argv,
                              command->lengths) != REDIS_OK)
    {
        return NGX_ERROR;
    }

    redis_link.due++;
    redis_watch();

    return NGX_OK;
}


static ngx_int_t
redis_resolve(void)
{
    resolve_t         *resolve;
    ngx_thread_task_t *task;

    task = calloc(1, sizeof(ngx_thread_task_t) + sizeof(resolve_t));
    if (task == NULL) {
        return NGX_ERROR;
    }

    resolve = (resolve_t *) (task + 1);
    (void) ngx_snprintf((u_char *) resolve->host, sizeof(resolve->host) - 1, "%V", &tator_process.conf->redis_host);
    (void) ngx_snprintf((u_char *) resolve->port, sizeof(resolve->port) - 1, "%d", (int) tator_process.conf->redis_port);

    task->ctx = resolve;
    task->handler = redis_resolve_thread;
    task->event.data = task;
    task->event.handler = redis_resolved;
    task->event.log = tator_process.cycle->log;

    if (ngx_thread_task_post(tator_process.threads, task) != NGX_OK) {
        free(task);
        return NGX_ERROR;
    }

    redis_link.state = LINK_RESOLVING;

    return NGX_OK;
}


static void
redis_resolve_thread(void *data, ngx_log_t *log)
{
    resolve_t       *resolve = data;
    struct addrinfo  hints, *list;

    (void) log;
    ngx_memzero(&hints, sizeof(hints));
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;

    resolve->error = getaddrinfo(resolve->host, resolve->port, &hints, &list);
    if (resolve->error != 0) {
        return;
    }

    resolve->error = getnameinfo(list->ai_addr, list->ai_addrlen, resolve->address, sizeof(resolve->address), NULL, 0, NI_NUMERICHOST);
    freeaddrinfo(list);
}


static void
redis_resolved(ngx_event_t *event)
{
    ngx_queue_t        waiting, *q;
    command_t         *command;
    ngx_thread_task_t *task = event->data;
    resolve_t         *resolve = task->ctx;

    redis_link.state = LINK_DOWN;

    if (redis_link.closing) {
        free(task);
        return;
    }

    if (resolve->error != 0) {
        redis_down(gai_strerror(resolve->error));

    } else if (redis_connect(resolve->address) == NGX_OK) {
        redis_link.state = LINK_CONNECTING;
    }

    free(task);

    /* the fibers that go on may queue again */
    ngx_queue_init(&waiting);
    if (!ngx_queue_empty(&redis_link.queue)) {
        ngx_queue_add(&waiting, &redis_link.queue);
        ngx_queue_init(&redis_link.queue);
    }

    while (!ngx_queue_empty(&waiting)) {
        q = ngx_queue_head(&waiting);
        ngx_queue_remove(q);
        command = ngx_queue_data(q, command_t, queue);
        command->queued = 0;

        if (redis_link.state != LINK_CONNECTING || redis_send(command) != NGX_OK) {
            redis_finish(command);
        }
    }
}


static ngx_int_t
redis_connect(const char *address)
{
    ngx_connection_t  *c;
    redisAsyncContext *context;
    const char        *password = tator_process.conf->config.redis_password;

    context = redisAsyncConnect(address, tator_process.conf->redis_port);
    if (context == NULL || context->err) {
        redis_down(context == NULL ? "no memory" : context->errstr);
        if (context != NULL) {
            redisAsyncFree(context);
        }
        return NGX_ERROR;
    }

    c = ngx_get_connection(context->c.fd, tator_process.cycle->log);
    if (c == NULL) {
        redis_down("no free connections");
        redisAsyncFree(context);
        return NGX_ERROR;
    }

    c->data = &redis_link;
    c->read->handler = redis_read_event;
    c->write->handler = redis_write_event;
    c->read->log = c->write->log = c->log;

    context->ev.data = &redis_link;
    context->ev.addRead = redis_add_read;
    context->ev.delRead = redis_del_read;
    context->ev.addWrite = redis_add_write;
    context->ev.delWrite = redis_del_write;
    context->ev.cleanup = redis_unwrap;

    redis_link.context = context;
    redis_link.c = c;
    redis_link.due = 0;
    redis_link.state = LINK_CONNECTING;

    redisAsyncSetConnectCallback(context, redis_connected); /* asks for the write event */
    redisAsyncSetDisconnectCallback(context, redis_disconnected);

    if (password != NULL && *password != '\0') {
        (void) redisAsyncCommand(context, redis_authenticated, NULL, "AUTH %s", password);
        redis_link.due++;
    }

    redis_watch();

    return NGX_OK;
}


static void
redis_connected(const redisAsyncContext *context, int status)
{
    if (status != REDIS_OK) { /* hiredis frees the context after this */
        redis_down(context->errstr);
        return;
    }

    redis_link.state = LINK_UP;
    redis_link.pause = REDIS_PAUSE_MIN;
    redis_link.paused = 0;
}


static void
redis_disconnected(const redisAsyncContext *context, int status)
{
    if (status != REDIS_OK && !redis_link.closing) {
        ngx_log_error(NGX_LOG_WARN, tator_process.cycle->log, 0, "tator: Redis closed the connection: %s", context->errstr);
    }
}


static void
redis_authenticated(redisAsyncContext *context, void *reply, void *data)
{
    redisReply *answer = reply;

    (void) context;
    (void) data;
    redis_link.due--;
    redis_watch();

    if (answer != NULL && answer->type == REDIS_REPLY_ERROR) {
        ngx_log_error(NGX_LOG_ERR, tator_process.cycle->log, 0, "tator: Redis refused the password: %s", answer->str);
    }
}


static void
redis_replied(redisAsyncContext *context, void *reply, void *data)
{
    command_t *command = data;

    (void) context;
    redis_link.due--;
    redis_watch();

    command->reply = reply; /* NULL: the connection is lost */
    redis_finish(command);
}


static void
redis_finish(command_t *command)
{
    if (command->wait == NULL) {
        free(command);
        return;
    }

    command->done = 1;
    rq_wake(command->wait);
}


static void
redis_cancel(wait_t *wait)
{
    command_t *command = wait->data;

    if (command->queued) {
        ngx_queue_remove(&command->queue);
        free(command);
        return;
    }

    command->wait = NULL;
}


static void
redis_down(const char *why)
{
    ngx_log_error(NGX_LOG_ERR, tator_process.cycle->log, 0, "tator: Redis at %V:%d: %s", &tator_process.conf->redis_host,
                  (int) tator_process.conf->redis_port, why);

    redis_link.state = LINK_DOWN;
    redis_link.paused = 1;
    redis_link.retry_at = ngx_current_msec + redis_link.pause;
    redis_link.pause = ngx_min(redis_link.pause * 2, REDIS_PAUSE_MAX);
}


/* The timer runs while replies or the connection are due, from the last sign of life on. */
static void
redis_watch(void)
{
    if (redis_link.due == 0 && redis_link.state != LINK_CONNECTING) {
        if (redis_link.timer.timer_set) {
            ngx_del_timer(&redis_link.timer);
        }
        return;
    }

    ngx_add_timer(&redis_link.timer, REDIS_TIMEOUT);
}


static void
redis_timer(ngx_event_t *event)
{
    (void) event;

    redis_down("no answer");

    if (redis_link.context != NULL) {
        redisAsyncFree(redis_link.context); /* calls back with NULL for all that are due */
    }
}


static void
redis_add_read(void *data)
{
    link_t *link = data;

    if (!link->c->read->active) {
        (void) ngx_add_event(link->c->read, NGX_READ_EVENT, NGX_LEVEL_EVENT);
    }
}


static void
redis_del_read(void *data)
{
    link_t *link = data;

    if (link->c->read->active) {
        (void) ngx_del_event(link->c->read, NGX_READ_EVENT, 0);
    }
}


/* Up: try to send at the end of this turn of the loop; most of the time that is all, and epoll need not know. */
static void
redis_add_write(void *data)
{
    link_t *link = data;

    if (link->state == LINK_UP && !link->flushing && !link->c->write->active) {
        ngx_post_event(&link->flush, &ngx_posted_events);
        return;
    }

    if (!link->c->write->active) {
        (void) ngx_add_event(link->c->write, NGX_WRITE_EVENT, NGX_LEVEL_EVENT);
    }
}


static void
redis_del_write(void *data)
{
    link_t *link = data;

    if (link->c->write->active) {
        (void) ngx_del_event(link->c->write, NGX_WRITE_EVENT, 0);
    }
}


/* hiredis is about to close the descriptor and to free the context. */
static void
redis_unwrap(void *data)
{
    link_t           *link = data;
    ngx_connection_t *c = link->c;

    if (c == NULL) {
        return;
    }

    redis_del_read(link);
    redis_del_write(link);

    if (link->flush.posted) {
        ngx_delete_posted_event(&link->flush);
    }

    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }

    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }

    c->fd = (ngx_socket_t) -1;
    ngx_free_connection(c);

    link->c = NULL;
    link->context = NULL;
    link->due = 0;
    link->state = LINK_DOWN;
    redis_watch();
}


static void
redis_read_event(ngx_event_t *event)
{
    ngx_connection_t *c = event->data;
    link_t           *link = c->data;

    redisAsyncHandleRead(link->context); /* may free the context */
}


static void
redis_write_event(ngx_event_t *event)
{
    ngx_connection_t *c = event->data;
    link_t           *link = c->data;

    redisAsyncHandleWrite(link->context);
}


static void
redis_flush_event(ngx_event_t *event)
{
    (void) event;

    if (redis_link.context == NULL) {
        return;
    }

    redis_link.flushing = 1; /* what does not go out now waits for epoll */
    redisAsyncHandleWrite(redis_link.context);
    redis_link.flushing = 0;
}


static redis_value_t *
redis_copy(arena_t *arena, const redisReply *reply)
{
    redis_value_t *value;

    value = arena_zalloc(arena, sizeof(redis_value_t));
    redis_fill(arena, value, reply, 0);

    return value;
}


/* hiredis refuses answers of more than seven levels. */
static void
redis_fill(arena_t *arena, redis_value_t *value, const redisReply *reply, unsigned depth)
{
    static const redis_type_t types[] = {
        [REDIS_REPLY_STRING] = REDIS_TEXT,   [REDIS_REPLY_ARRAY] = REDIS_LIST,    [REDIS_REPLY_INTEGER] = REDIS_INTEGER,
        [REDIS_REPLY_NIL] = REDIS_NIL,       [REDIS_REPLY_STATUS] = REDIS_STATUS, [REDIS_REPLY_ERROR] = REDIS_FAULT,
    };

    if (reply->type < 1 || (size_t) reply->type >= sizeof(types) / sizeof(types[0]) || depth > 8) {
        return; /* REDIS_NIL */
    }

    value->type = types[reply->type];
    value->integer = reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;

    if (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS || reply->type == REDIS_REPLY_ERROR) {
        value->text = arena_copy(arena, reply->str, (size_t) reply->len);
        value->len = (size_t) reply->len;
    }

    if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0) {
        value->n = reply->elements;
        value->items = arena_zalloc(arena, value->n * sizeof(redis_value_t));

        for (size_t k = 0; k < value->n; k++) {
            redis_fill(arena, &value->items[k], reply->element[k], depth + 1);
        }
    }
}
