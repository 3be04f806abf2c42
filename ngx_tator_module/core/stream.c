/*
 * Bodies of unknown length in bounded memory (rq.h). Two buffers of 32 kB go round: while NGINX has not sent both, the fiber
 * waits for the client, and with it the database. Compression is ISA-L's igzip, several times faster than zlib's level 1.
 * Whether a client is slow tells the chain of busy buffers, not c->buffered, which the filters use for themselves.
 */

#include <isa-l/igzip_lib.h>

#include "conf.h"
#include "request.h"

#define STREAM_BUFFER  32768
#define STREAM_BUFFERS 2

typedef struct stream_s {
    request_t           *request;
    wait_t               wait;
    ngx_chain_t         *free, *busy;
    ngx_buf_t           *buffer; /* being filled */
    ngx_uint_t           n;      /* buffers made */
    struct isal_zstream *gzip;   /* NULL: plain */
} stream_t;

static void stream_fill(stream_t *stream, const unsigned char *data, size_t len);
static void stream_deflate(stream_t *stream, const void *data, size_t len, bool end);
static void stream_buffer(stream_t *stream);
static void stream_send(stream_t *stream, bool last);
static void stream_wait(stream_t *stream);
static void stream_writer(ngx_http_request_t *r);
static void stream_wait_cancelled(wait_t *wait);


void
stream_begin(rq_t *rq, int status, const char *type, bool gzip)
{
    stream_t  *stream;
    request_t *request = request_of(rq);

    stream = arena_zalloc(rq->arena, sizeof(stream_t));
    stream->request = request;
    stream->wait.rq = rq;
    stream->wait.cancel = stream_wait_cancelled;
    stream->wait.data = stream;

    request->reply = REPLY_STREAM;
    request->status = status;
    request->type = type;
    request->stream = stream;

    if (gzip) {
        stream->gzip = arena_alloc(rq->arena, sizeof(struct isal_zstream));
        isal_deflate_init(stream->gzip);
        stream->gzip->gzip_flag = IGZIP_GZIP;
        stream->gzip->level = 1;
        stream->gzip->level_buf_size = ISAL_DEF_LVL1_SMALL;
        stream->gzip->level_buf = arena_alloc(rq->arena, ISAL_DEF_LVL1_SMALL);
        reply_header(rq, "Content-Encoding", "gzip");
    }
}


void
stream_write(rq_t *rq, const void *data, size_t len)
{
    stream_t *stream = request_of(rq)->stream;

    if (stream->gzip != NULL) {
        stream_deflate(stream, data, len, false);
        return;
    }

    stream_fill(stream, data, len);
}


void
stream_end(rq_t *rq)
{
    stream_t *stream = request_of(rq)->stream;

    if (stream->gzip != NULL) {
        stream_deflate(stream, NULL, 0, true);
    }

    if (stream->buffer == NULL) {
        stream_buffer(stream);
    }

    stream_send(stream, true);
    request_of(rq)->complete = 1;
}


void
stream_abandon(request_t *request)
{
    if (request->stream != NULL && request->r->write_event_handler == stream_writer) {
        request->r->write_event_handler = ngx_http_request_empty_handler;
    }
}


static void
stream_fill(stream_t *stream, const unsigned char *data, size_t len)
{
    size_t n;

    while (len > 0) {
        if (stream->buffer == NULL) {
            stream_buffer(stream);
        }

        n = ngx_min(len, (size_t) (stream->buffer->end - stream->buffer->last));
        stream->buffer->last = ngx_cpymem(stream->buffer->last, data, n);
        data += n;
        len -= n;

        if (stream->buffer->last == stream->buffer->end) {
            stream_send(stream, false);
        }
    }
}


static void
stream_deflate(stream_t *stream, const void *data, size_t len, bool end)
{
    struct isal_zstream *gzip = stream->gzip;

    gzip->next_in = (uint8_t *) data;
    gzip->avail_in = (uint32_t) len;
    gzip->end_of_stream = end;
    gzip->flush = NO_FLUSH;

    do {
        if (stream->buffer == NULL) {
            stream_buffer(stream);
        }

        gzip->next_out = stream->buffer->last;
        gzip->avail_out = (uint32_t) (stream->buffer->end - stream->buffer->last);

        if (isal_deflate(gzip) != COMP_OK) {
            fail(&stream->request->rq, 500, "Internal error");
        }

        stream->buffer->last = gzip->next_out;

        if (gzip->avail_out == 0) {
            stream_send(stream, false);
        }

    } while (end ? gzip->internal_state.state != ZSTATE_END : gzip->avail_in > 0);
}


/* An empty buffer to fill: a fresh one, or one that came back; waits for that. */
static void
stream_buffer(stream_t *stream)
{
    u_char      *memory;
    ngx_buf_t   *buffer;
    ngx_chain_t *link;
    request_t   *request = stream->request;

    if (stream->free == NULL && stream->n < STREAM_BUFFERS) {
        memory = arena_alloc(request->rq.arena, STREAM_BUFFER);
        buffer = arena_zalloc(request->rq.arena, sizeof(ngx_buf_t));
        buffer->start = memory;
        buffer->end = memory + STREAM_BUFFER;
        buffer->temporary = 1;
        buffer->tag = (ngx_buf_tag_t) &ngx_tator_module;
        stream->n++;

    } else {
        while (stream->free == NULL) {
            stream_wait(stream);
        }

        link = stream->free;
        stream->free = link->next;
        buffer = link->buf;
        ngx_free_chain(request->r->pool, link);
    }

    buffer->pos = buffer->start;
    buffer->last = buffer->start;
    buffer->flush = 0;
    buffer->last_buf = 0;
    buffer->temporary = 1;
    stream->buffer = buffer;
}


static void
stream_send(stream_t *stream, bool last)
{
    ngx_int_t           rc;
    ngx_chain_t        *out;
    request_t          *request = stream->request;
    ngx_http_request_t *r = request->r;

    if (!request->header_sent) {
        rc = reply_send(request);
        if (rc == NGX_ERROR || rc > NGX_OK) {
            request_leave(request);
        }
    }

    out = ngx_alloc_chain_link(r->pool);
    if (out == NULL) {
        request->abandoned = 1;
        request_leave(request);
    }

    stream->buffer->last_buf = last;
    stream->buffer->temporary = stream->buffer->pos != stream->buffer->last; /* an empty last one is a mark, not memory */
    out->buf = stream->buffer;
    out->next = NULL;
    stream->buffer = NULL;

    /* progress: the deadline is for the rest */
    ngx_add_timer(&request->deadline, tator_process.conf->request_timeout);

    rc = ngx_http_output_filter(r, out);
    if (rc == NGX_ERROR) {
        request->abandoned = 1;
        request_leave(request);
    }

    ngx_chain_update_chains(r->pool, &stream->free, &stream->busy, &out, (ngx_buf_tag_t) &ngx_tator_module);
}


/* Until the client has taken something. */
static void
stream_wait(stream_t *stream)
{
    request_t          *request = stream->request;
    ngx_http_request_t *r = request->r;
    ngx_event_t        *wev = r->connection->write;

    r->write_event_handler = stream_writer;

    if (!wev->delayed) {
        ngx_add_timer(wev, tator_process.conf->send_timeout);
    }

    if (ngx_handle_write_event(wev, 0) != NGX_OK) {
        request->abandoned = 1;
        request_leave(request);
    }

    rq_wait(&request->rq, &stream->wait);
}


/* The client's connection can take more. */
static void
stream_writer(ngx_http_request_t *r)
{
    ngx_int_t    rc;
    ngx_event_t *wev = r->connection->write;
    ngx_chain_t *out = NULL;
    request_t   *request = ngx_http_get_module_ctx(r, ngx_tator_module);
    stream_t    *stream = request->stream;

    if (wev->timedout) {
        if (!wev->delayed) {
            ngx_log_error(NGX_LOG_INFO, r->connection->log, NGX_ETIMEDOUT, "client timed out");
            r->connection->timedout = 1;
            ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
            return;
        }
        wev->timedout = 0;
        wev->delayed = 0;
    }

    rc = ngx_http_output_filter(r, NULL);
    if (rc == NGX_ERROR) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    ngx_chain_update_chains(r->pool, &stream->free, &stream->busy, &out, (ngx_buf_tag_t) &ngx_tator_module);

    if (stream->free == NULL) {
        if (!wev->delayed) {
            ngx_add_timer(wev, tator_process.conf->send_timeout);
        }
        if (ngx_handle_write_event(wev, 0) != NGX_OK) {
            ngx_http_finalize_request(r, NGX_ERROR);
        }
        return;
    }

    if (wev->timer_set && !wev->delayed) {
        ngx_del_timer(wev);
    }

    r->write_event_handler = ngx_http_request_empty_handler;
    rq_wake(&stream->wait);
}


static void
stream_wait_cancelled(wait_t *wait)
{
    stream_t *stream = wait->data;

    stream_abandon(stream->request);
}
