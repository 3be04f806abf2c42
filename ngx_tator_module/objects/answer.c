/*
 * What the event loop sends: objects as files, so that NGINX's own filters answer ranges and conditions and sendfile works; XML;
 * errors in S3's form.
 */

#include <tator/xml.h>

#include "module.h"


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


/* What browsers ask before they upload. */
ngx_int_t
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


ngx_int_t
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
