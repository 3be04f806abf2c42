/*
 * The way of a request through the module (request.h has its life). Everything that NGINX does with a request, reading its
 * body, sending, finalizing, happens on the main stack; the handler runs in a fiber.
 */

#include <math.h>

#include "../net/pg_pool.h"
#include "conf.h"
#include "metrics.h"
#include "request.h"

static request_t *request_create(ngx_http_request_t *r);
static void       request_describe(request_t *request);
static ngx_int_t  request_refuse(ngx_http_request_t *r, ngx_int_t status);
static void       request_body(ngx_http_request_t *r);
static ngx_int_t  request_content(request_t *request);
static void       request_start(request_t *request);
static void       request_resume(request_t *request);
static void       request_main(void *data);
static void       request_done(request_t *request);
static void       request_finalize(request_t *request, ngx_int_t rc);
static void       request_drop(request_t *request);
static void       request_cleanup(void *data);
static void       request_deadline(ngx_event_t *event);
static void       request_exhausted(void *data);
static void       request_decref(void *data);
static json_t    *request_param(rq_t *rq, const char *name);
static u_char    *request_log(ngx_http_request_t *r, ngx_http_request_t *sr, u_char *buf, size_t len);


ngx_int_t
request_handler(ngx_http_request_t *r)
{
    ngx_int_t  rc;
    request_t *request;

    if (tator_process.in_flight >= tator_process.conf->requests) {
        return request_refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE);
    }

    request = request_create(r);
    if (request == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r->headers_in.content_length_n > (off_t) tator_process.conf->body_limit) {
        return request_refuse(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE);
    }

    r->request_body_in_single_buf = 1;

    rc = ngx_http_read_client_request_body(r, request_body);
    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


void
rq_wait(rq_t *rq, wait_t *wait)
{
    request_t *request = request_of(rq);

    wait->waiting = 1;
    request->wait = wait;
    request->waits++;

    fiber_yield(request->fiber);
}


void
rq_wake(wait_t *wait)
{
    request_t        *request;
    ngx_connection_t *c;

    if (!wait->waiting) {
        return;
    }

    request = request_of(wait->rq);
    c = request->r->connection;

    wait->waiting = 0;
    request->wait = NULL;

    request_resume(request);
    ngx_http_run_posted_requests(c);
}


ngx_log_t *
rq_log(rq_t *rq)
{
    return request_of(rq)->r->connection->log;
}


void
request_leave(request_t *request)
{
    request->ended = 1;
    fiber_yield(request->fiber);
    abort(); /* it never comes back */
}


void
request_assume(rq_t *rq, ngx_uint_t rights)
{
    request_t *request = request_of(rq);

    if (request->assumed == 0) { /* else the older one is to be confirmed */
        request->assumed = rights;
    }
}


void
request_confirm(rq_t *rq)
{
    ngx_uint_t assumed;
    request_t *request = request_of(rq);

    assumed = request->assumed;
    request->assumed = 0;

    if (assumed == 0 || assumed == *tator_process.rights || request->header_sent) {
        return;
    }

    request->strict = 1;
    request->again = 1;
    request_leave(request);
}


void
request_settle(rq_t *rq)
{
    if (request_of(rq)->assumed != 0) {
        tator_process.confirm(rq);
    }
}


bool
request_retry(request_t *request)
{
    if (request->retried == REQUEST_RETRIES || request->header_sent) {
        return false;
    }

    request->retry = 1;

    return true;
}


json_t *
rq_own(rq_t *rq, json_t *value)
{
    if (value == NULL) {
        fail(rq, 503, "No memory.");
    }

    arena_cleanup(rq->arena, request_decref, value);

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


const char *
rq_header(rq_t *rq, const char *name)
{
    size_t              len = strlen(name);
    ngx_list_part_t    *part;
    ngx_table_elt_t    *header;
    ngx_http_request_t *r = request_of(rq)->r;

    for (part = &r->headers_in.headers.part; part != NULL; part = part->next) {
        header = part->elts;
        for (ngx_uint_t k = 0; k < part->nelts; k++) {
            if (header[k].key.len == len && ngx_strncasecmp(header[k].key.data, (u_char *) name, len) == 0) {
                return arena_copy(rq->arena, header[k].value.data, header[k].value.len);
            }
        }
    }

    return NULL;
}


const char *
rq_cookie(rq_t *rq, const char *name)
{
    size_t      len = strlen(name);
    const char *cookies, *p, *end;

    cookies = rq_header(rq, "Cookie");

    for (p = cookies; p != NULL && *p != '\0'; p = *end ? end + 1 : end) {
        p += strspn(p, " ");
        end = p + strcspn(p, ";");
        if ((size_t) (end - p) > len && strncmp(p, name, len) == 0 && p[len] == '=') {
            return arena_copy(rq->arena, p + len + 1, (size_t) (end - p) - len - 1);
        }
    }

    return NULL;
}


json_t *
param(rq_t *rq, const char *name)
{
    return request_param(rq, name);
}


bool
param_given(rq_t *rq, const char *name)
{
    json_t *value = request_param(rq, name);

    return value != NULL && !json_is_null(value);
}


int64_t
param_int(rq_t *rq, const char *name, int64_t otherwise)
{
    json_t *value = request_param(rq, name);

    if (json_is_integer(value)) {
        return json_integer_value(value);
    }

    if (json_is_real(value)) {
        if (fabs(json_real_value(value)) > 9e18) {
            fail(rq, 400, "%s is out of range", name);
        }
        return (int64_t) json_real_value(value);
    }

    if (json_is_string(value)) {
        return strtoll(json_string_value(value), NULL, 10); /* a body's member that no schema has cast */
    }

    return json_is_boolean(value) ? json_is_true(value) : otherwise;
}


double
param_double(rq_t *rq, const char *name, double otherwise)
{
    json_t *value = request_param(rq, name);

    return json_is_number(value) ? json_number_value(value) : otherwise;
}


bool
param_bool(rq_t *rq, const char *name, bool otherwise)
{
    json_t *value = request_param(rq, name);

    if (json_is_boolean(value)) {
        return json_is_true(value);
    }

    return json_is_number(value) ? json_number_value(value) != 0 : otherwise;
}


const char *
param_text(rq_t *rq, const char *name)
{
    return json_string_value(request_param(rq, name));
}


static json_t *
request_param(rq_t *rq, const char *name)
{
    return json_object_get(rq->params, name);
}


static request_t *
request_create(ngx_http_request_t *r)
{
    request_t          *request;
    ngx_pool_cleanup_t *end;
    ngx_http_cleanup_t *cleanup;

    request = ngx_pcalloc(r->pool, sizeof(request_t));
    end = ngx_pool_cleanup_add(r->pool, 0);
    cleanup = ngx_http_cleanup_add(r, 0);
    if (request == NULL || end == NULL || cleanup == NULL) {
        return NULL;
    }

    request->r = r;
    request->log_handler = r->log_handler;
    r->log_handler = request_log;
    request->rq.arena = arena_create(request_exhausted, request);
    if (request->rq.arena == NULL) {
        return NULL;
    }

    end->handler = (ngx_pool_cleanup_pt) arena_destroy;
    end->data = request->rq.arena;

    cleanup->handler = request_cleanup;
    cleanup->data = request;

    request->counted = 1;
    tator_process.in_flight++;

    ngx_http_set_ctx(r, request, ngx_tator_module);
    request_describe(request);

    return request;
}


static void
request_describe(request_t *request)
{
    rq_t               *rq = &request->rq;
    ngx_http_request_t *r = request->r;
    const char         *forwarded;
    ngx_http_variable_value_t *id;

    rq->config = process_config();
    rq->method = (str_t) {r->method_name.len, r->method_name.data};
    rq->uri = (str_t) {r->uri.len, r->uri.data};
    rq->query = (str_t) {r->args.len, r->args.data};

    if (r->headers_in.host != NULL) {
        rq->host = (str_t) {r->headers_in.host->value.len, r->headers_in.host->value.data};
    }

    rq->address = (str_t) {r->connection->addr_text.len, r->connection->addr_text.data};
    forwarded = tator_process.conf->forwarded_for ? rq_header(rq, "X-Forwarded-For") : NULL;
    if (forwarded != NULL && *forwarded != '\0') {
        rq->address = str_of(forwarded);
    }

    rq->subrequest = r != r->main;
    if (rq->subrequest) {
        rq->original = (str_t) {r->main->uri.len, r->main->uri.data};
    } else {
        rq->original = str_of(rq_header(rq, "X-Original-URI"));
    }

    rq->scheme = STR("http");
    forwarded = rq->config->require_https ? rq_header(rq, "X-Forwarded-Proto") : NULL;
#if (NGX_HTTP_SSL)
    if (r->connection->ssl != NULL) {
        forwarded = "https";
    }
#endif
    if (forwarded != NULL && strcmp(forwarded, "https") == 0) {
        rq->scheme = STR("https");
    }

    id = ngx_http_get_indexed_variable(r, tator_process.conf->id_index);
    if (id != NULL && id->valid && id->len < sizeof(rq->id)) {
        ngx_memcpy(rq->id, id->data, id->len);
    }

    router_find(tator_process.conf->router, rq->method, rq->uri, &request->route);
    rq->endpoint = request->route.endpoint;
}


/* Before there is a request: the process is full, or the body too large. */
static ngx_int_t
request_refuse(ngx_http_request_t *r, ngx_int_t status)
{
    static const char full[] = "{\"message\":\"The server is busy. Please try again.\"}";
    static const char large[] = "{\"message\":\"The request body is too large.\",\"details\":\"None\"}";
    ngx_int_t         rc;
    ngx_str_t         type = ngx_string("application/json");
    ngx_table_elt_t  *header;
    ngx_http_complex_value_t text;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_memzero(&text, sizeof(text));

    if (status == NGX_HTTP_SERVICE_UNAVAILABLE) {
        header = ngx_list_push(&r->headers_out.headers);
        if (header == NULL) {
            return NGX_ERROR;
        }
        ngx_memzero(header, sizeof(ngx_table_elt_t));
        header->hash = 1;
        ngx_str_set(&header->key, "Retry-After");
        ngx_str_set(&header->value, "1");
        text.value = (ngx_str_t) {sizeof(full) - 1, (u_char *) full};

    } else {
        text.value = (ngx_str_t) {sizeof(large) - 1, (u_char *) large};
    }

    return ngx_http_send_response(r, status, &type, &text);
}


static void
request_body(ngx_http_request_t *r)
{
    request_t *request = ngx_http_get_module_ctx(r, ngx_tator_module);

    if (request_content(request) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    if (request->rq.content.len > tator_process.conf->body_limit) {
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE);
        return;
    }

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    request->started = ngx_current_msec;
    request->deadline.handler = request_deadline;
    request->deadline.data = request;
    request->deadline.log = r->connection->log;
    ngx_add_timer(&request->deadline, tator_process.conf->request_timeout);

    if (tator_process.conf->debug_abort) {
        const char *at = rq_header(&request->rq, "X-Tator-Abort-At");

        request->abort_at = at == NULL ? 0 : (unsigned) atoi(at) & 0xffff;
    }

    metrics_gauge_add(METRIC_FIBERS, +1);
    request_start(request);
}


/* The body in one piece: in memory (client_body_buffer_size) nearly always. */
static ngx_int_t
request_content(request_t *request)
{
    size_t              len = 0;
    ssize_t             n;
    unsigned char      *out;
    ngx_buf_t          *buf;
    ngx_chain_t        *link;
    ngx_http_request_t *r = request->r;

    if (r->request_body == NULL || r->request_body->bufs == NULL) {
        return NGX_OK;
    }

    for (link = r->request_body->bufs; link != NULL; link = link->next) {
        len += (size_t) ngx_buf_size(link->buf);
    }

    link = r->request_body->bufs;

    if (link->next == NULL && !link->buf->in_file) {
        request->rq.content = (str_t) {len, link->buf->pos};
        return NGX_OK;
    }

    out = ngx_pnalloc(r->pool, len + 1);
    if (out == NULL) {
        return NGX_ERROR;
    }

    request->rq.content = (str_t) {len, out};

    for (; link != NULL; link = link->next) {
        buf = link->buf;

        if (!buf->in_file) {
            out = ngx_cpymem(out, buf->pos, buf->last - buf->pos);
            continue;
        }

        n = ngx_read_file(buf->file, out, (size_t) (buf->file_last - buf->file_pos), buf->file_pos);
        if (n != (ssize_t) (buf->file_last - buf->file_pos)) {
            return NGX_ERROR;
        }
        out += n;
    }

    return NGX_OK;
}


static void
request_start(request_t *request)
{
    request->fiber = fiber_create(request_main, request);

    if (request->fiber == NULL) {
        request_finalize(request, NGX_HTTP_SERVICE_UNAVAILABLE);
        return;
    }

    request_resume(request);
}


static void
request_resume(request_t *request)
{
    request->running = 1;
    fiber_resume(request->fiber);
    request->running = 0;

    if (request->ended || fiber_finished(request->fiber)) {
        request_done(request);
        return;
    }

    if (request->abort_at != 0 && request->waits >= request->abort_at) {
        request_finalize(request, NGX_HTTP_CLIENT_CLOSED_REQUEST);
    }
}


/* The fiber's first function. */
static void
request_main(void *data)
{
    request_t *request = data;

    tator_process.serve(&request->rq);
}


/* On the main stack: the fiber finished, or was left by fail(). */
static void
request_done(request_t *request)
{
    ngx_int_t rc;

    pg_request_end(request);
    fiber_release(request->fiber);
    request->fiber = NULL;

    if (request->retry || request->again) {
        request->retried += request->retry;
        request->retry = 0;
        request->again = 0;
        request->ended = 0;
        reply_reset(request);
        request->rq.user = (user_t) {0};
        request_start(request);
        return;
    }

    if (request->abandoned || (request->reply == REPLY_STREAM && !request->complete) || (request->header_sent && !request->complete)) {
        request_finalize(request, NGX_ERROR);
        return;
    }

    rc = request->reply == REPLY_STREAM ? NGX_OK : reply_send(request);
    request_finalize(request, rc);
}


static void
request_finalize(request_t *request, ngx_int_t rc)
{
    ngx_http_request_t *r = request->r;

    if (request->deadline.timer_set) {
        ngx_del_timer(&request->deadline);
    }

    if (request->rq.endpoint != NULL) {
        metrics_request(request->rq.endpoint, request->status, ngx_current_msec - request->started);
    }

    ngx_http_finalize_request(r, rc);
}


/* Whatever the request waits for or holds goes; its fiber never runs again. */
static void
request_drop(request_t *request)
{
    wait_t *wait = request->wait;

    if (request->deadline.timer_set) {
        ngx_del_timer(&request->deadline);
    }

    if (wait != NULL) {
        request->wait = NULL;
        wait->waiting = 0;
        if (wait->cancel != NULL) {
            wait->cancel(wait);
        }
    }

    pg_request_end(request);

    if (request->fiber != NULL) {
        fiber_release(request->fiber);
        request->fiber = NULL;
    }
}


/* NGINX ends the request: normally, or because the client went away. */
static void
request_cleanup(void *data)
{
    request_t *request = data;

    if (request->running) {
        ngx_log_error(NGX_LOG_ALERT, request->r->connection->log, 0, "tator: a request ended inside its fiber");
        return;
    }

    request_drop(request);

    if (request->started != 0) {
        metrics_gauge_add(METRIC_FIBERS, -1);
        request->started = 0;
    }

    if (request->counted) {
        request->counted = 0;
        tator_process.in_flight--;
    }
}


static void
request_deadline(ngx_event_t *event)
{
    request_t        *request = event->data;
    ngx_connection_t *c = request->r->connection;

    ngx_log_error(NGX_LOG_ERR, c->log, 0, "tator: the request took too long");

    request_drop(request);

    if (request->header_sent) {
        request_finalize(request, NGX_ERROR);

    } else {
        reply_error(request, 503, "The request took too long.", "None");
        request_finalize(request, reply_send(request));
    }

    ngx_http_run_posted_requests(c);
}


/* An arena without memory: only fibers allocate from it after the beginning, so leaving one is always possible. */
static void
request_exhausted(void *data)
{
    static const char text[] = "{\"message\":\"The server is out of memory.\"}";
    request_t        *request = data;

    if (!request->running) {
        ngx_log_error(NGX_LOG_EMERG, ngx_cycle->log, 0, "tator: no memory");
        abort();
    }

    request->reply = REPLY_WHOLE;
    request->stream = NULL;
    request->headers = NULL;
    request->status = 503;
    request->type = "application/json";
    request->payload = (str_t) {sizeof(text) - 1, (unsigned char *) text};
    request_leave(request);
}


static void
request_decref(void *data)
{
    json_decref(data);
}


/* What NGINX says of a request in error.log, and its id, which the access log has, too. */
static u_char *
request_log(ngx_http_request_t *r, ngx_http_request_t *sr, u_char *buf, size_t len)
{
    u_char    *end;
    request_t *request = ngx_http_get_module_ctx(r, ngx_tator_module);

    if (request == NULL || request->log_handler == NULL) {
        return buf;
    }

    end = request->log_handler(r, sr, buf, len);

    return request->rq.id[0] ? ngx_snprintf(end, len - (end - buf), ", id: %s", request->rq.id) : end;
}
