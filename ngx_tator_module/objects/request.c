/*
 * The event loop's side of a request: read it, check who asks, hand it to a thread (with each piece of the body as it comes), send
 * the answer. While a thread has it (context->busy) nothing here touches it.
 *
 *     handler ─▶ read body ─▶ thread: piece ─▶ read body ─▶ … ─▶ thread: last piece, operation ─▶ answer
 *        └─ refused: answer      └─ refused: answer, the rest of the body is not read
 */

#include <tator/uri.h>
#include <tator/xml.h>

#include "module.h"


#define OBJECTS_GUARD (3600 * 1000)

typedef struct {
    ngx_http_request_t *r;
    objects_conf_t     *conf;
    objects_request_t   request;
    ngx_event_t         guard; /* a timer while a thread works: without one, a worker that is to exit would not wait */
    ngx_chain_t        *taken; /* the piece of the body that the thread has */
    unsigned            busy : 1;
    unsigned            ready : 1; /* the thread is done, what follows is not */
    unsigned            end : 1;   /* the piece is the last */
    unsigned            sweep : 1;
} objects_context_t;


static ngx_int_t          objects_preflight(ngx_http_request_t *r);
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
static void objects_work(void *data, ngx_log_t *log);
static void objects_worked(ngx_event_t *ev);
static void objects_guard(ngx_event_t *ev);
static void objects_resume(ngx_http_request_t *r);

static void      objects_finish(objects_context_t *context);
static ngx_int_t objects_answer(objects_context_t *context);
static ngx_int_t objects_answer_file(objects_context_t *context);
static ngx_int_t objects_answer_text(objects_context_t *context, text_t *text);
static void      objects_error_text(objects_context_t *context, text_t *text);
static ngx_int_t objects_add_header(ngx_http_request_t *r, const char *name, const char *value);
static ngx_int_t objects_common_headers(objects_context_t *context);
static ngx_int_t objects_file_headers(objects_context_t *context);


/* Query parameters of a signed GET that replace headers of the answer. */
static const struct {
    const char *query, *header;
} objects_overrides[] = {
    {"response-content-disposition", "Content-Disposition"},
    {"response-content-encoding", "Content-Encoding"},
    {"response-cache-control", "Cache-Control"},
    {"response-content-language", "Content-Language"},
    {"response-expires", "Expires"},
};


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


/* What browsers ask before they upload. */
static ngx_int_t
objects_preflight(ngx_http_request_t *r)
{
    ngx_int_t rc;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (objects_add_header(r, "Access-Control-Allow-Origin", "*") != NGX_OK
        || objects_add_header(r, "Access-Control-Allow-Methods", "GET, HEAD, PUT, POST, DELETE") != NGX_OK
        || objects_add_header(r, "Access-Control-Allow-Headers", "*") != NGX_OK || objects_add_header(r, "Access-Control-Max-Age", "3600") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    r->header_only = 1;

    return ngx_http_send_header(r);
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
        context->sweep = 1;
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

    if (ngx_thread_task_post(context->conf->pool, task) != NGX_OK) {
        objects_fail(&context->request, "SlowDown");
        objects_finish(context);
        return;
    }

    if (c->read->timer_set) {
        ngx_del_timer(c->read);
    }
    ngx_add_timer(&context->guard, OBJECTS_GUARD);

    context->busy = 1;
    r->main->blocked++;
    r->aio = 1;
    r->write_event_handler = objects_resume;
}


/* In a thread. */
static void
objects_work(void *data, ngx_log_t *log)
{
    ngx_chain_t       *link;
    objects_context_t *context;

    context = *(objects_context_t **) data;

    if (context->sweep) {
        context->sweep = 0;
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

    if (context->guard.timer_set) {
        ngx_del_timer(&context->guard);
    }

    context->busy = 0;
    context->ready = 1;
    r->main->blocked--;
    r->aio = 0;

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


/* --- answering -------------------------------------------------------------------------------------------------------------- */

static void
objects_finish(objects_context_t *context)
{
    ngx_http_request_t *r;

    r = context->r;
    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_finalize_request(r, objects_answer(context));
}


static ngx_int_t
objects_answer(objects_context_t *context)
{
    text_t             error;
    objects_request_t *request;

    request = &context->request;

    if (objects_common_headers(context) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    context->r->headers_out.status = (ngx_uint_t) request->status;

    if (request->error != NULL) {
        objects_error_text(context, &error);
        return objects_answer_text(context, &error);
    }

    if (request->file >= 0) {
        return objects_answer_file(context);
    }

    return objects_answer_text(context, &request->xml);
}


static ngx_int_t
objects_answer_file(objects_context_t *context)
{
    ngx_int_t           rc;
    ngx_buf_t          *buffer;
    ngx_chain_t         out;
    ngx_http_request_t *r;
    objects_request_t  *request;

    r = context->r;
    request = &context->request;

    if (objects_file_headers(context) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.content_length_n = (off_t) request->info.size;
    r->headers_out.last_modified_time = (time_t) request->info.modified;
    r->allow_ranges = 1;

    rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    buffer = ngx_calloc_buf(r->pool);
    if (buffer == NULL) {
        return NGX_ERROR;
    }

    buffer->file = ngx_pcalloc(r->pool, sizeof(ngx_file_t));
    if (buffer->file == NULL) {
        return NGX_ERROR;
    }

    buffer->file->fd = request->file;
    buffer->file->log = r->connection->log;
    ngx_str_set(&buffer->file->name, "object");
    buffer->file_last = (off_t) request->info.size;
    buffer->in_file = buffer->file_last > 0;
    buffer->sync = !buffer->in_file;
    buffer->last_buf = r == r->main;
    buffer->last_in_chain = 1;

    out.buf = buffer;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static ngx_int_t
objects_answer_text(objects_context_t *context, text_t *text)
{
    ngx_int_t           rc;
    ngx_buf_t          *buffer;
    ngx_chain_t         out;
    ngx_http_request_t *r;

    r = context->r;

    if (text->len > 0) {
        ngx_str_set(&r->headers_out.content_type, "application/xml");
        r->headers_out.content_type_len = r->headers_out.content_type.len;
    }

    if (r->method == NGX_HTTP_HEAD || r->headers_out.status == NGX_HTTP_NO_CONTENT) {
        r->header_only = 1;
    }

    r->headers_out.content_length_n = r->headers_out.status == NGX_HTTP_NO_CONTENT ? -1 : (off_t) text->len;

    rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    buffer = ngx_calloc_buf(r->pool);
    if (buffer == NULL) {
        return NGX_ERROR;
    }

    buffer->pos = (u_char *) text->data;
    buffer->last = buffer->pos + text->len;
    buffer->memory = text->len > 0;
    buffer->sync = text->len == 0;
    buffer->last_buf = r == r->main;
    buffer->last_in_chain = 1;

    out.buf = buffer;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static void
objects_error_text(objects_context_t *context, text_t *text)
{
    objects_request_t *request;

    request = &context->request;

    text_start(text, request->arena, 512);
    text_puts(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>");
    text_puts(text, request->error->code != NULL ? request->error->code : "InternalError");
    text_puts(text, "</Code><Message>");
    text_puts(text, request->error->message != NULL ? request->error->message : "");
    text_puts(text, "</Message><Resource>");
    xml_escape(text, request->path != NULL ? request->path : "", request->path != NULL ? strlen(request->path) : 0);
    text_puts(text, "</Resource></Error>\n");

    ngx_log_error(
        NGX_LOG_INFO, context->r->connection->log, 0, "object store: %s refused: %s", request->method,
        request->error->code != NULL ? request->error->code : "InternalError"
    );
}


static ngx_int_t
objects_common_headers(objects_context_t *context)
{
    char               id[17];
    size_t             i;
    unsigned char      random[8];
    objects_request_t *request;

    request = &context->request;

    random_bytes(random, sizeof(random));
    hex_encode(id, random, sizeof(random));

    if (objects_add_header(context->r, "x-amz-request-id", arena_text(request->arena, id)) != NGX_OK) {
        return NGX_ERROR;
    }

    if (objects_header(request, "origin") != NULL) {
        if (objects_add_header(context->r, "Access-Control-Allow-Origin", "*") != NGX_OK
            || objects_add_header(context->r, "Access-Control-Expose-Headers", "ETag, Content-Length, Content-Range, x-amz-request-id") != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    for (i = 0; request->error == NULL && i < request->n_answer; i++) {
        if (objects_add_header(context->r, request->answer[i].name, request->answer[i].value) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
objects_file_headers(objects_context_t *context)
{
    size_t              i;
    const char         *value;
    object_info_t      *info;
    ngx_http_request_t *r;
    objects_request_t  *request;

    r = context->r;
    request = &context->request;
    info = &request->info;

    const char *const own[] = {info->content_disposition, info->content_encoding, info->cache_control, NULL, NULL};

    for (i = 0; i < sizeof(objects_overrides) / sizeof(objects_overrides[0]); i++) {
        value = objects_query(request, objects_overrides[i].query);
        value = value != NULL ? value : own[i];

        if (value != NULL && objects_add_header(r, objects_overrides[i].header, value) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < info->n_meta; i++) {
        if (objects_add_header(r, arena_format(request->arena, "x-amz-meta-%s", info->meta[i].name), info->meta[i].value) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (info->storage_class != NULL && strcmp(info->storage_class, "STANDARD") != 0
        && objects_add_header(r, "x-amz-storage-class", info->storage_class) != NGX_OK)
    {
        return NGX_ERROR;
    }

    value = objects_query(request, "response-content-type");
    value = value != NULL ? value : info->content_type != NULL ? info->content_type : OBJECTS_TYPE;
    r->headers_out.content_type.data = (u_char *) arena_text(request->arena, value);
    r->headers_out.content_type.len = strlen(value);
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    if (objects_add_header(r, "ETag", arena_format(request->arena, "\"%s\"", info->etag)) != NGX_OK) {
        return NGX_ERROR;
    }

    /* The filter that answers If-None-Match and If-Match looks here. */
    r->headers_out.etag = (ngx_table_elt_t *) r->headers_out.headers.last->elts + r->headers_out.headers.last->nelts - 1;

    return NGX_OK;
}


/* The texts must live as long as the request. A line end in a value would make another header: such a value is left out. */
static ngx_int_t
objects_add_header(ngx_http_request_t *r, const char *name, const char *value)
{
    ngx_table_elt_t *header;

    if (strpbrk(value, "\r\n") != NULL) {
        return NGX_OK;
    }

    header = ngx_list_push(&r->headers_out.headers);
    if (header == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(header, sizeof(ngx_table_elt_t));
    header->hash = 1;
    header->key.data = (u_char *) name;
    header->key.len = ngx_strlen(name);
    header->value.data = (u_char *) value;
    header->value.len = ngx_strlen(value);

    return NGX_OK;
}
