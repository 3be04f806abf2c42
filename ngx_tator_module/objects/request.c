/*
 * The event loop's side of a request: read it, check who asks, hand it to a thread (with each piece of the body as it comes), send
 * the answer. While a thread has it (context->busy) nothing here touches it.
 *
 *     handler ─▶ read body ─▶ thread: piece ─▶ read body ─▶ … ─▶ thread: last piece, operation ─▶ answer
 *        └─ refused: answer      └─ refused: answer, the rest of the body is not read
 */

#include <tator/uri.h>

#include "module.h"


#define OBJECTS_GUARD (3600 * 1000)

static objects_context_t *objects_context_create(ngx_http_request_t *r, objects_conf_t *conf);
static bool               objects_read_request(objects_context_t *context);
static bool               objects_read_path(objects_context_t *context);
static void               objects_read_query(objects_context_t *context);
static void               objects_read_headers(objects_context_t *context);
static bool               objects_expect_body(objects_request_t *request);
static void               objects_context_cleanup(void *data);

static void objects_body_ready(ngx_http_request_t *r);
static void objects_body_event(ngx_http_request_t *r);
static void objects_body_step(objects_context_t *context);
static void objects_post(objects_context_t *context);
static void objects_released(objects_context_t *context);
static void objects_work(void *data, ngx_log_t *log);
static void objects_worked(ngx_event_t *ev);
static void objects_guard(ngx_event_t *ev);
static void objects_resume(ngx_http_request_t *r);

static void objects_finish(objects_context_t *context);


ngx_int_t
objects_handler(ngx_http_request_t *r)
{
    ngx_int_t          rc;
    objects_conf_t    *conf;
    objects_request_t *request;
    objects_context_t *context;

    if (r->method == NGX_HTTP_OPTIONS) {
        return objects_preflight(r);
    }

    conf = ngx_http_get_module_loc_conf(r, ngx_tator_objects_module);

    context = objects_context_create(r, conf);
    if (context == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    request = &context->request;

    if (!objects_read_request(context) || !objects_authenticate(request) || !objects_dispatch(request) || !objects_expect_body(request)) {
        rc = ngx_http_discard_request_body(r);
        return rc != NGX_OK ? rc : objects_answer(context);
    }

    if (request->operation->body == BODY_NONE) {
        rc = ngx_http_discard_request_body(r);
        if (rc != NGX_OK) {
            return rc;
        }

        context->end = 1;
        r->main->count++;
        objects_post(context);
        return NGX_DONE;
    }

    r->request_body_no_buffering = 1;
    rc = ngx_http_read_client_request_body(r, objects_body_ready);

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}


/* --- reading ----------------------------------------------------------------------------------------------------------- */

static objects_context_t *
objects_context_create(ngx_http_request_t *r, objects_conf_t *conf)
{
    ngx_pool_cleanup_t *cleanup;
    objects_context_t  *context;

    cleanup = ngx_pool_cleanup_add(r->pool, sizeof(objects_context_t));
    if (cleanup == NULL) {
        return NULL;
    }

    context = cleanup->data;
    ngx_memzero(context, sizeof(objects_context_t));

    context->r = r;
    context->conf = conf;
    context->request.store = &conf->store;
    context->request.file = -1;
    context->request.writer.fd = -1;
    context->request.now = ngx_time();
    context->request.content_length = r->headers_in.content_length_n;

    context->request.arena = arena_create(NULL, NULL);
    if (context->request.arena == NULL) {
        return NULL;
    }
    cleanup->handler = objects_context_cleanup;

    context->guard.handler = objects_guard;
    context->guard.data = r->connection;
    context->guard.log = r->connection->log;

    if (!conf->swept) {
        conf->swept = 1;
        context->sweep = true;
    }

    ngx_http_set_ctx(r, context, ngx_tator_objects_module);

    return context;
}


static void
objects_context_cleanup(void *data)
{
    objects_context_t *context;

    context = data;

    if (context->guard.timer_set) {
        ngx_del_timer(&context->guard);
    }

    objects_request_free(&context->request);
}


static bool
objects_read_request(objects_context_t *context)
{
    ngx_http_request_t *r;
    objects_request_t  *request;

    r = context->r;
    request = &context->request;

    request->method = arena_copy(request->arena, r->method_name.data, r->method_name.len);
    text_start(&request->xml, request->arena, 64);
    text_start(&request->text, request->arena, 64);

    objects_read_query(context);
    objects_read_headers(context);

    return objects_read_path(context);
}


/* The path as the client sent it: it is what the signature covers, and a key may hold what NGINX would resolve. */
static bool
objects_read_path(objects_context_t *context)
{
    char              *path, *slash;
    size_t             n, len;
    ngx_str_t         *uri;
    const char        *end;
    objects_request_t *request;

    request = &context->request;
    uri = &context->r->unparsed_uri;

    end = memchr(uri->data, '?', uri->len);
    n = end != NULL ? (size_t) (end - (char *) uri->data) : uri->len;

    path = uri_decode(request->arena, (char *) uri->data, n, false, &len);
    request->path = arena_copy(request->arena, path, len);
    request->path_len = len;
    request->prefix = context->conf->prefix;

    if (strlen(path) != len) {
        return objects_fail(request, "InvalidArgument");
    }

    n = strlen(request->prefix);
    if (strncmp(path, request->prefix, n) != 0 || (path[n] != '/' && path[n] != '\0')) {
        return objects_fail(request, "InvalidArgument");
    }

    path += n;
    path += *path == '/';

    if (*path == '\0') {
        return true;
    }

    request->bucket = path;
    slash = strchr(path, '/');
    if (slash == NULL) {
        return true;
    }

    *slash++ = '\0';
    if (*slash == '\0') {
        return true;
    }

    request->key = slash;

    if (!name_key_good(request->key, strlen(request->key))) {
        return objects_fail(request, strlen(request->key) > OBJECTS_KEY_MAX ? "KeyTooLongError" : "InvalidArgument");
    }

    return true;
}


static void
objects_read_query(objects_context_t *context)
{
    size_t             n, room;
    arena_t           *arena;
    const char        *p, *end, *next, *equals;
    objects_request_t *request;

    request = &context->request;
    arena = request->arena;
    p = (char *) context->r->args.data;
    end = p + context->r->args.len;

    for (room = 1, next = p; next < end; next++) {
        room += *next == '&';
    }
    request->query = arena_alloc(arena, room * sizeof(pair_t));

    for (/* void */; p < end; p = next + 1) {
        next = memchr(p, '&', (size_t) (end - p));
        next = next != NULL ? next : end;
        n = (size_t) (next - p);

        if (n == 0) {
            continue;
        }

        equals = memchr(p, '=', n);
        request->query[request->n_query].name = uri_decode(arena, p, equals != NULL ? (size_t) (equals - p) : n, true, NULL);
        request->query[request->n_query].value = equals != NULL ? uri_decode(arena, equals + 1, (size_t) (next - equals) - 1, true, NULL) : "";
        request->n_query++;
    }
}


static void
objects_read_headers(objects_context_t *context)
{
    char              *name;
    size_t             n;
    ngx_uint_t         i;
    ngx_list_part_t   *part;
    ngx_table_elt_t   *header;
    objects_request_t *request;

    request = &context->request;

    n = 0;
    for (part = &context->r->headers_in.headers.part; part != NULL; part = part->next) {
        n += part->nelts;
    }
    request->headers = arena_alloc(request->arena, (n + 1) * sizeof(pair_t));

    for (part = &context->r->headers_in.headers.part; part != NULL; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {
            name = arena_copy(request->arena, header[i].key.data, header[i].key.len);
            ngx_strlow((u_char *) name, (u_char *) name, header[i].key.len);

            request->headers[request->n_headers++] =
                (pair_t) {name, arena_copy(request->arena, header[i].value.data, header[i].value.len)};
        }
    }
}


/* How the body is to be read. */
static bool
objects_expect_body(objects_request_t *request)
{
    if (request->operation->body == BODY_NONE) {
        return true;
    }

    if (strncmp(request->payload, "STREAMING-", 10) == 0) {
        request->chunks = chunks_create(request);
        return request->chunks != NULL ? true : objects_fail(request, "NotImplemented");
    }

    if (strcmp(request->payload, SIGV4_UNSIGNED) != 0) {
        request->sha256 = digest_sha256();
    }

    return true;
}


/* --- the body, and the threads ------------------------------------------------------------------------------------------- */

static void
objects_body_ready(ngx_http_request_t *r)
{
    r->read_event_handler = objects_body_event;
    objects_body_step(ngx_http_get_module_ctx(r, ngx_tator_objects_module));
}


static void
objects_body_event(ngx_http_request_t *r)
{
    objects_context_t *context;

    context = ngx_http_get_module_ctx(r, ngx_tator_objects_module);

    if (!context->busy) {
        objects_body_step(context);
    }
}


/* Give what has come to a thread; when nothing has, read on. */
static void
objects_body_step(objects_context_t *context)
{
    ngx_int_t           rc;
    ngx_http_request_t *r;

    r = context->r;

    for ( ;; ) {
        context->taken = r->request_body != NULL ? r->request_body->bufs : NULL;
        context->end = !r->reading_body;

        if (context->taken != NULL || context->end) {
            if (r->request_body != NULL) {
                r->request_body->bufs = NULL;
            }
            objects_post(context);
            return;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            ngx_http_finalize_request(r, rc);
            return;
        }

        if (rc == NGX_AGAIN && r->request_body->bufs == NULL) {
            return;
        }
    }
}


static void
objects_post(objects_context_t *context)
{
    ngx_connection_t   *c;
    ngx_http_request_t *r;
    ngx_thread_task_t  *task;

    r = context->r;
    c = r->connection;

    task = ngx_thread_task_alloc(r->pool, sizeof(objects_context_t *));
    if (task == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    *(objects_context_t **) task->ctx = context;
    task->handler = objects_work;
    task->event.handler = objects_worked;
    task->event.data = context;

    if (c->read->timer_set) {
        ngx_del_timer(c->read);
    }
    ngx_add_timer(&context->guard, OBJECTS_GUARD);

    /* All before the thread may begin. */
    context->busy = 1;
    r->main->blocked++;
    r->aio = 1;
    r->write_event_handler = objects_resume;

    if (ngx_thread_task_post(context->conf->pool, task) != NGX_OK) {
        objects_released(context);
        objects_fail(&context->request, "SlowDown");
        objects_finish(context);
    }
}


/* No thread has it any more. */
static void
objects_released(objects_context_t *context)
{
    if (context->guard.timer_set) {
        ngx_del_timer(&context->guard);
    }

    context->busy = 0;
    context->r->main->blocked--;
    context->r->aio = 0;
}


/* In a thread. */
static void
objects_work(void *data, ngx_log_t *log)
{
    ngx_chain_t       *link;
    objects_context_t *context;

    context = *(objects_context_t **) data;

    if (context->sweep) {
        context->sweep = false;
        object_sweep(context->conf->store.root, context->request.now);
    }

    for (link = context->taken; link != NULL; link = link->next) {
        if (ngx_buf_in_memory(link->buf) && !objects_body_add(&context->request, link->buf->pos, (size_t) (link->buf->last - link->buf->pos))) {
            return;
        }
    }

    if (context->end) {
        objects_body_end(&context->request);
    }
}


static void
objects_worked(ngx_event_t *ev)
{
    ngx_connection_t   *c;
    objects_context_t  *context;
    ngx_http_request_t *r;

    context = ev->data;
    r = context->r;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    objects_released(context);
    context->ready = 1;

    /* Meanwhile the request may have been ended; then its handler is another one. */
    if (r->done) {
        c->write->handler(c->write);
        return;
    }

    r->write_event_handler(r);
    ngx_http_run_posted_requests(c);
}


static void
objects_guard(ngx_event_t *ev)
{
    ngx_add_timer(ev, OBJECTS_GUARD);
}


/* Back from the thread. */
static void
objects_resume(ngx_http_request_t *r)
{
    ngx_chain_t       *link, *next;
    objects_context_t *context;

    context = ngx_http_get_module_ctx(r, ngx_tator_objects_module);
    if (!context->ready) {
        return;
    }
    context->ready = 0;

    /* The buffers may be filled again. */
    for (link = context->taken; link != NULL; link = next) {
        next = link->next;
        link->buf->pos = link->buf->last;
        ngx_free_chain(r->pool, link);
    }
    context->taken = NULL;

    if (context->end || context->request.error != NULL) {
        objects_finish(context);
        return;
    }

    objects_body_step(context);
}


static void
objects_finish(objects_context_t *context)
{
    ngx_http_request_t *r;

    r = context->r;
    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_finalize_request(r, objects_answer(context));
}
