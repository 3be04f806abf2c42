/*
 * Logs without secrets (masked_log.h). A log's writer is replaced by ours, which masks a copy of the line and hands it to the
 * writer that was there (syslog, memory) or into the file. Connections copy the writer from the log of their location.
 */

#include <tator/secrets.h>

#include "masked_log.h"

static void      masked_log_write(ngx_log_t *log, ngx_uint_t level, u_char *line, size_t len);
static void      masked_log_file(ngx_log_t *log, u_char *line, size_t len);
static ngx_int_t masked_log_request(ngx_http_request_t *r, ngx_http_variable_value_t *value, uintptr_t data);


ngx_int_t
masked_log(ngx_log_t *log, ngx_pool_t *pool)
{
    ngx_log_t *inner;

    for (/* void */; log != NULL; log = log->next) {
        if (log->writer == masked_log_write) {
            continue;
        }

        if (log->writer != NULL) {
            inner = ngx_palloc(pool, sizeof(ngx_log_t));
            if (inner == NULL) {
                return NGX_ERROR;
            }
            *inner = *log;
            log->wdata = inner;
        }

        log->writer = masked_log_write;
    }

    return NGX_OK;
}


ngx_int_t
masked_log_variable(ngx_conf_t *cf)
{
    ngx_str_t            name = ngx_string("tator_request");
    ngx_http_variable_t *variable;

    variable = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_NOCACHEABLE);
    if (variable == NULL) {
        return NGX_ERROR;
    }

    variable->get_handler = masked_log_request;

    return NGX_OK;
}


/* wdata: the log with its own writer, or NULL: a file. */
static void
masked_log_write(ngx_log_t *log, ngx_uint_t level, u_char *line, size_t len)
{
    u_char     text[NGX_MAX_ERROR_STR];
    ngx_log_t *inner = log->wdata;

    len = ngx_min(len, sizeof(text));
    ngx_memcpy(text, line, len);
    len = secrets_mask((char *) text, len);

    if (inner != NULL) {
        inner->writer(inner, level, text, len);

    } else if (log->file != NULL) {
        masked_log_file(log, text, len);
    }
}


/* As NGINX does itself: a full disk is left alone for a second. */
static void
masked_log_file(ngx_log_t *log, u_char *line, size_t len)
{
    if (ngx_time() == log->disk_full_time) {
        return;
    }

    if (ngx_write_fd(log->file->fd, line, len) == -1 && ngx_errno == NGX_ENOSPC) {
        log->disk_full_time = ngx_time();
    }
}


static ngx_int_t
masked_log_request(ngx_http_request_t *r, ngx_http_variable_value_t *value, uintptr_t data)
{
    u_char *text;

    (void) data;

    if (r->request_line.len == 0) {
        value->not_found = 1;
        return NGX_OK;
    }

    text = ngx_pnalloc(r->pool, r->request_line.len);
    if (text == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(text, r->request_line.data, r->request_line.len);

    value->data = text;
    value->len = secrets_mask((char *) text, r->request_line.len) & 0xfffffff;
    value->valid = 1;
    value->no_cacheable = 0;
    value->not_found = 0;

    return NGX_OK;
}
