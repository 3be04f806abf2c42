/*
 * Answers (rq.h): a handler leaves one, this sends it on the main stack when its fiber has switched out. Headers are those
 * of contract/accounts.md §12.
 */

#include "conf.h"
#include "request.h"

typedef struct {
    ngx_str_t  name, value;
    ngx_uint_t success; /* sent only with the statuses of success and redirection */
    ngx_uint_t rest;    /* only below /rest */
} reply_constant_t;

static const reply_constant_t reply_constants[] = {
    {ngx_string("Vary"), ngx_string("Accept, Cookie"), 0, 1}, /* "Accept" alone before negotiation is through */
    {ngx_string("X-Frame-Options"), ngx_string("DENY"), 0, 0},
    {ngx_string("X-Content-Type-Options"), ngx_string("nosniff"), 0, 0},
    {ngx_string("Referrer-Policy"), ngx_string("same-origin"), 0, 0},
    {ngx_string("Cross-Origin-Opener-Policy"), ngx_string("same-origin"), 0, 0},
    {ngx_string("Cross-Origin-Embedder-Policy"), ngx_string("credentialless"), 1, 0},
    {ngx_string("Cache-Control"), ngx_string("max-age=0, must-revalidate"), 1, 0},
};

static ngx_int_t reply_headers(request_t *request);
static ngx_int_t reply_add_header(request_t *request, const ngx_str_t *name, const ngx_str_t *value);
static bool      reply_has(request_t *request, const ngx_str_t *name);
static void      reply_whole(request_t *request, int status, const char *type, const void *data, size_t len);
static void      reply_errors(rq_t *rq, int status, const char *message, const char *details);


void
reply_json(rq_t *rq, int status, json_t *value)
{
    char  *text;

    if (rq->format == FORMAT_PPRINT) {
        text = json_dumps(value, JSON_INDENT(4) | JSON_ENCODE_ANY);
        if (text == NULL) {
            fail(rq, 503, "No memory.");
        }
        arena_cleanup(rq->arena, free, text);
        reply_whole(request_of(rq), status, "application/json; charset=utf-8", text, strlen(text));
        return;
    }

    text = json_text(rq->arena, value);
    reply_whole(request_of(rq), status, "application/json", text, strlen(text));
}


void
reply_text(rq_t *rq, int status, const char *type, const void *data, size_t len)
{
    reply_whole(request_of(rq), status, arena_text(rq->arena, type), arena_copy(rq->arena, data, len), len);
}


void
reply_message(rq_t *rq, int status, const char *format, ...)
{
    va_list args;
    json_t *value;

    va_start(args, format);
    value = rq_own(rq, json_pack("{s:s}", "message", arena_vformat(rq->arena, format, args)));
    va_end(args);

    reply_json(rq, status, value);
}


void
reply_created(rq_t *rq, int64_t id, const char *format, ...)
{
    va_list args;
    json_t *value;

    va_start(args, format);
    value = rq_own(rq, json_pack("{s:s, s:I}", "message", arena_vformat(rq->arena, format, args), "id", (json_int_t) id));
    va_end(args);

    reply_json(rq, 201, value);
}


void
reply_redirect(rq_t *rq, int status, const char *location)
{
    reply_header(rq, "Location", location);
    reply_whole(request_of(rq), status, "text/html; charset=utf-8", "", 0);
}


void
reply_header(rq_t *rq, const char *name, const char *value)
{
    request_t       *request = request_of(rq);
    ngx_table_elt_t *header;

    if (request->headers == NULL) {
        request->headers = ngx_array_create(request->r->pool, 4, sizeof(ngx_table_elt_t));
        if (request->headers == NULL) {
            fail(rq, 503, "No memory.");
        }
    }

    header = ngx_array_push(request->headers);
    if (header == NULL) {
        fail(rq, 503, "No memory.");
    }

    ngx_memzero(header, sizeof(ngx_table_elt_t));
    header->key = (ngx_str_t) {strlen(name), (u_char *) arena_text(rq->arena, name)};
    header->value = (ngx_str_t) {strlen(value), (u_char *) arena_text(rq->arena, value)};
}


void
fail(rq_t *rq, int status, const char *format, ...)
{
    char   *message;
    va_list args;

    request_settle(rq); /* an old right may be why */

    va_start(args, format);
    message = arena_vformat(rq->arena, format, args);
    va_end(args);

    reply_errors(rq, status, message, "None");
    request_leave(request_of(rq));
}


void
fail_details(rq_t *rq, int status, const char *message, const char *format, ...)
{
    char   *details;
    va_list args;

    request_settle(rq); /* an old right may be why */

    va_start(args, format);
    details = arena_vformat(rq->arena, format, args);
    va_end(args);

    reply_errors(rq, status, message, details);
    request_leave(request_of(rq));
}


void
fail_json(rq_t *rq, int status, const json_t *body)
{
    request_t *request = request_of(rq);
    char      *text = json_text(rq->arena, body);

    if (!request->header_sent) {
        reply_reset(request);
        reply_whole(request, status, "application/json", text, strlen(text));
    }

    request_leave(request);
}


void
fail_credentials(rq_t *rq)
{
    fail(rq, rq->config->keycloak ? 403 : 400, "Authentication credentials were not provided.");
}


void
fail_permission(rq_t *rq)
{
    fail(rq, 403, "You do not have permission to perform this action.");
}


void
fail_missing(rq_t *rq, const char *model)
{
    fail(rq, 404, "No %s matches the given query.", model);
}


void
fail_no_match(rq_t *rq, const char *model)
{
    fail(rq, 404, "%s matching query does not exist.", model);
}


/* Also from the main stack (deadline). */
void
reply_error(request_t *request, int status, const char *message, const char *details)
{
    reply_errors(&request->rq, status, message, details);
}


void
reply_reset(request_t *request)
{
    stream_abandon(request);
    request->reply = REPLY_NONE;
    request->stream = NULL;
    request->headers = NULL;
    request->payload.len = 0;
}


/* A stream sends its header alone; the body follows by itself. */
ngx_int_t
reply_send(request_t *request)
{
    ngx_int_t           rc;
    ngx_buf_t          *buffer;
    ngx_chain_t         out;
    ngx_http_request_t *r = request->r;

    if (request->reply == REPLY_NONE) {
        ngx_log_error(NGX_LOG_ALERT, r->connection->log, 0, "tator: a handler left no answer");
        reply_error(request, 500, "Internal error", "None");
    }

    r->headers_out.status = request->status;
    r->headers_out.content_type = (ngx_str_t) {strlen(request->type), (u_char *) request->type};
    r->headers_out.content_type_len = strcspn(request->type, ";");
    r->headers_out.content_length_n = request->reply == REPLY_WHOLE ? (off_t) request->payload.len : -1;

    if (reply_headers(request) != NGX_OK) {
        return NGX_ERROR;
    }

    request->header_sent = 1;
    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only || request->reply == REPLY_STREAM) {
        return rc;
    }

    buffer = ngx_calloc_buf(r->pool);
    if (buffer == NULL) {
        return NGX_ERROR;
    }

    buffer->pos = request->payload.data;
    buffer->last = request->payload.data + request->payload.len;
    buffer->memory = request->payload.len > 0;
    buffer->last_buf = 1;
    buffer->last_in_chain = 1;

    out.buf = buffer;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static ngx_int_t
reply_headers(request_t *request)
{
    ngx_str_t        name, value, allow;
    ngx_uint_t       success, rest;
    ngx_table_elt_t *header;

    success = request->status < 400;
    rest = (request->route.status == 405 && request->route.other->operation != NULL) || (request->rq.endpoint != NULL && request->rq.endpoint->operation != NULL);

    for (size_t k = 0; k < sizeof(reply_constants) / sizeof(reply_constants[0]); k++) {
        if ((reply_constants[k].success && !success) || (reply_constants[k].rest && !rest)
            || reply_has(request, &reply_constants[k].name))
        {
            continue;
        }

        value = reply_constants[k].value;
        if (reply_constants[k].rest && !request->negotiated) {
            ngx_str_set(&value, "Accept");
        }

        if (reply_add_header(request, &reply_constants[k].name, &value) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    ngx_str_set(&name, "Allow");
    if (rest && request->route.allow != NULL && !reply_has(request, &name)) {
        allow = (ngx_str_t) {strlen(request->route.allow), (u_char *) request->route.allow};
        if (reply_add_header(request, &name, &allow) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    header = request->headers ? request->headers->elts : NULL;
    for (ngx_uint_t k = 0; request->headers != NULL && k < request->headers->nelts; k++) {
        if (reply_add_header(request, &header[k].key, &header[k].value) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
reply_add_header(request_t *request, const ngx_str_t *name, const ngx_str_t *value)
{
    ngx_table_elt_t    *header;
    ngx_http_request_t *r = request->r;

    header = ngx_list_push(&r->headers_out.headers);
    if (header == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(header, sizeof(ngx_table_elt_t));
    header->hash = 1;
    header->key = *name;
    header->value = *value;

    /* Location is not told to NGINX, which would make it absolute */

    if (ngx_strcasecmp(name->data, (u_char *) "Content-Encoding") == 0) {
        r->headers_out.content_encoding = header;

    } else if (ngx_strcasecmp(name->data, (u_char *) "ETag") == 0) {
        r->headers_out.etag = header;
    }

    return NGX_OK;
}


static bool
reply_has(request_t *request, const ngx_str_t *name)
{
    ngx_table_elt_t *header;

    if (request->headers == NULL) {
        return false;
    }

    header = request->headers->elts;
    for (ngx_uint_t k = 0; k < request->headers->nelts; k++) {
        if (header[k].key.len == name->len && ngx_strncasecmp(header[k].key.data, name->data, name->len) == 0) {
            return true;
        }
    }

    return false;
}


static void
reply_whole(request_t *request, int status, const char *type, const void *data, size_t len)
{
    request->reply = REPLY_WHOLE;
    request->status = status;
    request->type = type;
    request->payload = (str_t) {len, (unsigned char *) data};
}


static void
reply_errors(rq_t *rq, int status, const char *message, const char *details)
{
    text_t     text;
    request_t *request = request_of(rq);
    bool       own = rq->endpoint != NULL && (rq->endpoint->flags & OWN_ERRORS) != 0;

    if (request->header_sent) {
        ngx_log_error(NGX_LOG_ERR, request->r->connection->log, 0, "tator: the answer is cut off: %d %s", status, message);
        return;
    }

    reply_reset(request);
    text_start(&text, rq->arena, strlen(message) + strlen(details) + 64);
    text_puts(&text, own ? "{\"detail\":" : "{\"message\":");
    json_write_foreign(&text, message);

    if (status == 400 && !own) {
        text_puts(&text, ",\"details\":");
        json_write_foreign(&text, details);
    }

    text_puts(&text, "}");

    if (status == 503 || status == 429) {
        reply_header(rq, "Retry-After", rq_format(rq, "%d", rq->retry_after ? rq->retry_after : 1));
    }

    reply_whole(request, status, "application/json", text.data, text.len);
}
