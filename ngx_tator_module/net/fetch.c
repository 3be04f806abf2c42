/*
 * Outgoing HTTP (net/fetch.h): one libcurl multi handle per worker, its sockets and timer on NGINX's events. The life of a
 * transfer:
 *
 *     fetch() ──▶ running ──▶ finished (collected after curl_multi_socket_action()) ──▶ the fiber takes status and body
 *                    └─ request gone: taken out of the multi handle at once
 *
 * libcurl is called from the main stack or from a fiber, never from inside its own callbacks: fibers go on only after it has
 * returned. libcurl owns the descriptors and closes them.
 *
 * Foreign URLs: what counts is the address that the socket is really opened to (after resolving, for every redirect anew), so
 * that no name and no redirect leads inside. They never share a connection with others. Redirects are followed here, since each
 * target must be judged.
 */

#include <arpa/inet.h>

#include <curl/curl.h>

#include "../core/metrics.h"
#include "../core/process.h"
#include "../core/wait.h"
#include <tator/address.h>
#include "fetch.h"
#include "net.h"

#define FETCH_LIMIT         (1024 * 1024)
#define FETCH_HEADERS_LIMIT (64 * 1024)
#define FETCH_TIMEOUT       10000 /* milliseconds */
#define FETCH_CONNECT       5000
#define FETCH_REDIRECTS     5
#define FETCH_PER_HOST      32

typedef struct {
    char  *data;
    size_t len, room, limit;
    int    file; /* 0: in memory */
} bytes_t;

/* malloc'ed: libcurl writes into it, also while its request goes. */
typedef struct {
    ngx_queue_t queue;   /* finished, fiber not yet resumed */
    wait_t     *wait;
    CURL       *easy;
    struct curl_slist *headers;
    bytes_t     body, answer_headers;
    CURLcode    result;
    unsigned    guarded : 1, refused : 1, too_large : 1, running : 1, queued : 1, done : 1;
    char        error[CURL_ERROR_SIZE];
} transfer_t;

static transfer_t *transfer_create(rq_t *rq, const fetch_t *request, const char *method, const char *url, bool same_origin);
static ngx_int_t   transfer_headers(transfer_t *transfer, const fetch_t *request, bool same_origin, bool body);
static void        transfer_cancel(wait_t *wait);
static void        transfer_free(transfer_t *transfer);
static void        fetch_collect(void);
static fetched_t  *fetch_once(rq_t *rq, const fetch_t *request, const char *method, const char *url, bool same_origin, char **location);
static bool        fetch_same_origin(const char *a, const char *b);
static char       *fetch_origin(const char *url);
static size_t      fetch_take(bytes_t *bytes, const char *data, size_t len);
static size_t      fetch_write(bytes_t *bytes, const char *data, size_t len);
static size_t      fetch_body(char *data, size_t size, size_t n, void *transfer);
static size_t      fetch_header(char *data, size_t size, size_t n, void *transfer);
static curl_socket_t fetch_open(void *data, curlsocktype purpose, struct curl_sockaddr *address);
static int         fetch_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *socket);
static int         fetch_timeout(CURLM *multi, long timeout, void *data);
static void        fetch_timer(ngx_event_t *event);
static void        fetch_read_event(ngx_event_t *event);
static void        fetch_write_event(ngx_event_t *event);
static ngx_int_t   fetch_want(ngx_event_t *event, ngx_int_t what, bool wanted);

static struct {
    CURLM      *multi;
    ngx_event_t timer;
    ngx_queue_t finished; /* transfer_t */
    unsigned    collecting : 1;
} fetcher;


ngx_int_t
fetch_init_process(ngx_cycle_t *cycle)
{
    ngx_memzero(&fetcher, sizeof(fetcher));
    ngx_queue_init(&fetcher.finished);

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "tator: libcurl does not start");
        return NGX_ERROR;
    }

    fetcher.multi = curl_multi_init();
    if (fetcher.multi == NULL) {
        return NGX_ERROR;
    }

    fetcher.timer.handler = fetch_timer;
    fetcher.timer.log = cycle->log;
    fetcher.timer.cancelable = 1; /* requests have their own */

    curl_multi_setopt(fetcher.multi, CURLMOPT_SOCKETFUNCTION, fetch_socket);
    curl_multi_setopt(fetcher.multi, CURLMOPT_TIMERFUNCTION, fetch_timeout);
    curl_multi_setopt(fetcher.multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long) FETCH_PER_HOST);

    return NGX_OK;
}


void
fetch_exit_process(ngx_cycle_t *cycle)
{
    (void) cycle;

    if (fetcher.multi != NULL) {
        curl_multi_cleanup(fetcher.multi);
        fetcher.multi = NULL;
    }

    if (fetcher.timer.timer_set) {
        ngx_del_timer(&fetcher.timer);
    }

    curl_global_cleanup();
}


fetched_t *
fetch(rq_t *rq, const fetch_t *request)
{
    bool        same_origin = true;
    char       *location;
    fetch_t     hop = *request;
    fetched_t  *answer;
    ngx_msec_t  started = ngx_current_msec, elapsed, timeout;
    const char *url = request->url, *method = request->method ? request->method : "GET";

    timeout = request->timeout_ms > 0 ? (ngx_msec_t) request->timeout_ms : FETCH_TIMEOUT;
    metrics_count(METRIC_FETCHES);

    for (int redirects = 0; ; redirects++) {
        elapsed = ngx_current_msec - started;
        hop.timeout_ms = (long) (elapsed < timeout ? timeout - elapsed : 1);

        answer = fetch_once(rq, &hop, method, url, same_origin, &location);

        if (!request->foreign || location == NULL) {
            break;
        }

        if (redirects == FETCH_REDIRECTS) {
            answer->status = 0;
            answer->error = "Too many redirects.";
            break;
        }

        if (answer->status == 303 || ((answer->status == 301 || answer->status == 302) && strcmp(method, "POST") == 0)) {
            method = strcmp(method, "HEAD") == 0 ? "HEAD" : "GET";
            hop.body = NULL;
            hop.body_len = 0;
        }

        same_origin = same_origin && fetch_same_origin(url, location);
        url = location;
    }

    metrics_duration(METRIC_FETCH_DURATION, ngx_current_msec - started);
    if (answer->status == 0) {
        metrics_count(METRIC_FETCH_ERRORS);
    }

    return answer;
}


const char *
fetched_header(rq_t *rq, const fetched_t *answer, const char *name)
{
    size_t      len = strlen(name), n;
    const char *line, *value;

    for (line = answer->headers; line != NULL && *line != '\0'; line += n + (line[n] == '\n')) {
        n = strcspn(line, "\n");

        if (n > len && line[len] == ':' && strncasecmp(line, name, len) == 0) {
            value = line + len + 1;
            n -= len + 1;
            while (n > 0 && (*value == ' ' || *value == '\t')) {
                value++;
                n--;
            }
            while (n > 0 && (value[n - 1] == '\r' || value[n - 1] == ' ' || value[n - 1] == '\t')) {
                n--;
            }
            return arena_copy(rq->arena, value, n);
        }
    }

    return NULL;
}


/* One hop. *location: the absolute URL that a redirect names, else NULL. */
static fetched_t *
fetch_once(rq_t *rq, const fetch_t *request, const char *method, const char *url, bool same_origin, char **location)
{
    long        status = 0;
    char       *redirect = NULL;
    wait_t      wait;
    fetched_t  *answer;
    transfer_t *transfer;

    *location = NULL;
    answer = arena_zalloc(rq->arena, sizeof(fetched_t));
    answer->body = arena_text(rq->arena, "");
    answer->headers = "";

    for (const char *const *line = request->headers; line != NULL && *line != NULL; line++) {
        if (strpbrk(*line, "\r\n") != NULL) { /* it would begin another header */
            answer->error = "A header has a line end.";
            return answer;
        }
    }

    transfer = transfer_create(rq, request, method, url, same_origin);
    if (transfer == NULL) {
        answer->error = "No memory.";
        return answer;
    }

    wait = (wait_t) {.rq = rq, .cancel = transfer_cancel, .data = transfer};
    transfer->wait = &wait;

    if (curl_multi_add_handle(fetcher.multi, transfer->easy) != CURLM_OK) {
        transfer_free(transfer);
        answer->error = "The transfer does not start.";
        return answer;
    }

    transfer->running = 1;

    while (!transfer->done) {
        rq_wait(rq, &wait);
    }

    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->easy, CURLINFO_REDIRECT_URL, &redirect);

    if (transfer->result != CURLE_OK) {
        answer->refused = transfer->refused;
        answer->error = transfer->refused     ? "The address is not allowed."
                        : transfer->too_large ? "The answer is too large."
                        : transfer->error[0]  ? arena_text(rq->arena, transfer->error)
                                              : curl_easy_strerror(transfer->result);
        transfer_free(transfer);
        return answer;
    }

    answer->status = (int) status;

    if (redirect != NULL) {
        *location = arena_text(rq->arena, redirect);
    }

    if (transfer->answer_headers.len > 0) {
        answer->headers = arena_copy(rq->arena, transfer->answer_headers.data, transfer->answer_headers.len);
    }

    answer->len = transfer->body.len;

    if (transfer->body.data != NULL) { /* taken as it is: it may be large */
        answer->body = transfer->body.data;
        transfer->body.data = NULL;
        arena_cleanup(rq->arena, free, answer->body);
    }

    transfer_free(transfer);

    return answer;
}


static transfer_t *
transfer_create(rq_t *rq, const fetch_t *request, const char *method, const char *url, bool same_origin)
{
    bool        body;
    CURL       *easy;
    transfer_t *transfer;

    transfer = calloc(1, sizeof(transfer_t));
    if (transfer == NULL) {
        return NULL;
    }

    easy = curl_easy_init();
    if (easy == NULL) {
        free(transfer);
        return NULL;
    }

    transfer->easy = easy;
    transfer->body.limit = request->limit ? request->limit : FETCH_LIMIT;
    transfer->body.file = request->file;
    transfer->answer_headers.limit = FETCH_HEADERS_LIMIT;
    transfer->guarded = (request->foreign || request->guarded) && !address_origin_listed(rq->config->request_origins, url);

    body = request->body_len > 0 || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;

    if (transfer_headers(transfer, request, same_origin, body) != NGX_OK) {
        transfer_free(transfer);
        return NULL;
    }

    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "tator");
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, request->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long) ngx_min(request->timeout_ms, FETCH_CONNECT));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, fetch_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, fetch_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long) (CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif

    if (request->foreign || request->guarded) {
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, fetch_open);
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
    }

    if (request->foreign) {
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    }

    if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);

    } else if (body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->body_len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body_len > 0 ? request->body : "");
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);

    } else if (strcmp(method, "GET") != 0) {
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    }

    return transfer;
}


/* After a redirect to another origin none of the caller's headers go along: they may hold secrets. */
static ngx_int_t
transfer_headers(transfer_t *transfer, const fetch_t *request, bool same_origin, bool body)
{
    bool               typed = false;
    struct curl_slist *list;

    for (const char *const *line = request->headers; same_origin && line != NULL && *line != NULL; line++) {
        typed = typed || strncasecmp(*line, "Content-Type:", 13) == 0;

        list = curl_slist_append(transfer->headers, *line);
        if (list == NULL) {
            return NGX_ERROR;
        }
        transfer->headers = list;
    }

    list = curl_slist_append(transfer->headers, "Expect:");
    if (list == NULL) {
        return NGX_ERROR;
    }
    transfer->headers = list;

    if (body && !typed) { /* libcurl would say that it is a form */
        list = curl_slist_append(transfer->headers, "Content-Type:");
        if (list == NULL) {
            return NGX_ERROR;
        }
        transfer->headers = list;
    }

    return NGX_OK;
}


static void
transfer_cancel(wait_t *wait)
{
    transfer_t *transfer = wait->data;

    if (transfer->queued) {
        ngx_queue_remove(&transfer->queue);
    }

    transfer_free(transfer);
}


static void
transfer_free(transfer_t *transfer)
{
    if (transfer->running) {
        curl_multi_remove_handle(fetcher.multi, transfer->easy);
    }

    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    free(transfer->body.data);
    free(transfer->answer_headers.data);
    free(transfer);
}


/* What has finished goes on. A fiber may start transfers and end other requests meanwhile, so each is taken from the queue anew. */
static void
fetch_collect(void)
{
    int          left;
    CURLMsg     *message;
    ngx_queue_t *q;
    transfer_t  *transfer;

    while ((message = curl_multi_info_read(fetcher.multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) {
            continue;
        }

        transfer = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **) &transfer);
        transfer->result = message->data.result;

        curl_multi_remove_handle(fetcher.multi, transfer->easy);
        transfer->running = 0;
        transfer->queued = 1;
        ngx_queue_insert_tail(&fetcher.finished, &transfer->queue);
    }

    while (!ngx_queue_empty(&fetcher.finished)) {
        q = ngx_queue_head(&fetcher.finished);
        ngx_queue_remove(q);
        transfer = ngx_queue_data(q, transfer_t, queue);
        transfer->queued = 0;
        transfer->done = 1;
        rq_wake(transfer->wait);
    }
}


static bool
fetch_same_origin(const char *a, const char *b)
{
    bool  same;
    char *origin_a, *origin_b;

    origin_a = fetch_origin(a);
    origin_b = fetch_origin(b);
    same = origin_a != NULL && origin_b != NULL && strcmp(origin_a, origin_b) == 0;
    free(origin_a);
    free(origin_b);

    return same;
}


/* malloc'ed "scheme://host:port", or NULL. */
static char *
fetch_origin(const char *url)
{
    return address_origin(url, NULL);
}


static size_t
fetch_take(bytes_t *bytes, const char *data, size_t len)
{
    char  *grown;
    size_t room;

    if (len > bytes->limit - bytes->len) {
        return 0;
    }

    if (bytes->len + len + 1 > bytes->room) {
        room = (bytes->len + len + 1) * 2;
        grown = realloc(bytes->data, room);
        if (grown == NULL) {
            return 0;
        }
        bytes->data = grown;
        bytes->room = room;
    }

    ngx_memcpy(bytes->data + bytes->len, data, len);
    bytes->len += len;
    bytes->data[bytes->len] = '\0';

    return len;
}


/* Into the page cache, as NGINX writes its own temporary files. */
static size_t
fetch_write(bytes_t *bytes, const char *data, size_t len)
{
    size_t  written = 0;
    ssize_t n;

    if (len > bytes->limit - bytes->len) {
        return 0;
    }

    while (written < len) {
        n = write(bytes->file, data + written, len - written);
        if (n <= 0) {
            return 0;
        }
        written += (size_t) n;
    }

    bytes->len += len;

    return len;
}


static size_t
fetch_body(char *data, size_t size, size_t n, void *userdata)
{
    long        status = 0;
    size_t      taken;
    transfer_t *transfer = userdata;

    if (size * n == 0) {
        return 0;
    }

    if (transfer->body.file != 0) {
        curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
        if (status / 100 != 2) { /* nobody asks for the text of a refusal */
            return size * n;
        }
        taken = fetch_write(&transfer->body, data, size * n);
    } else {
        taken = fetch_take(&transfer->body, data, size * n);
    }

    transfer->too_large |= taken == 0;

    return taken;
}


static size_t
fetch_header(char *data, size_t size, size_t n, void *userdata)
{
    transfer_t *transfer = userdata;

    if (size * n > 5 && ngx_strncmp(data, "HTTP/", 5) == 0) {
        transfer->answer_headers.len = 0;
    }

    return fetch_take(&transfer->answer_headers, data, size * n);
}


static curl_socket_t
fetch_open(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    transfer_t *transfer = data;

    (void) purpose;

    if (transfer->guarded && !address_public(&address->addr)) {
        transfer->refused = 1;
        return CURL_SOCKET_BAD;
    }

    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}


static int
fetch_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *socket)
{
    ngx_connection_t *c = socket;

    (void) easy;
    (void) data;

    if (what == CURL_POLL_REMOVE) {
        if (c == NULL) {
            return 0;
        }

        (void) fetch_want(c->read, NGX_READ_EVENT, false);
        (void) fetch_want(c->write, NGX_WRITE_EVENT, false);

        if (c->read->posted) {
            ngx_delete_posted_event(c->read);
        }
        if (c->write->posted) {
            ngx_delete_posted_event(c->write);
        }

        c->fd = (ngx_socket_t) -1;
        ngx_free_connection(c);
        curl_multi_assign(fetcher.multi, fd, NULL);
        return 0;
    }

    if (c == NULL) {
        c = ngx_get_connection(fd, tator_process.cycle->log);
        if (c == NULL) {
            return -1;
        }

        c->read->handler = fetch_read_event;
        c->write->handler = fetch_write_event;
        c->read->log = c->write->log = c->log;
        curl_multi_assign(fetcher.multi, fd, c);
    }

    if (fetch_want(c->read, NGX_READ_EVENT, (what & CURL_POLL_IN) != 0) != NGX_OK
        || fetch_want(c->write, NGX_WRITE_EVENT, (what & CURL_POLL_OUT) != 0) != NGX_OK)
    {
        return -1;
    }

    return 0;
}


static ngx_int_t
fetch_want(ngx_event_t *event, ngx_int_t what, bool wanted)
{
    if (wanted && !event->active) {
        return ngx_add_event(event, what, NGX_LEVEL_EVENT);
    }

    if (!wanted && event->active) {
        return ngx_del_event(event, what, 0);
    }

    return NGX_OK;
}


static int
fetch_timeout(CURLM *multi, long timeout, void *data)
{
    (void) multi;
    (void) data;

    if (fetcher.timer.timer_set) {
        ngx_del_timer(&fetcher.timer);
    }

    if (timeout >= 0) {
        ngx_add_timer(&fetcher.timer, (ngx_msec_t) timeout);
    }

    return 0;
}


static void
fetch_timer(ngx_event_t *event)
{
    int running;

    (void) event;
    curl_multi_socket_action(fetcher.multi, CURL_SOCKET_TIMEOUT, 0, &running);
    fetch_collect();
}


static void
fetch_read_event(ngx_event_t *event)
{
    int               running;
    ngx_connection_t *c = event->data;

    curl_multi_socket_action(fetcher.multi, c->fd, CURL_CSELECT_IN, &running);
    fetch_collect();
}


static void
fetch_write_event(ngx_event_t *event)
{
    int               running;
    ngx_connection_t *c = event->data;

    curl_multi_socket_action(fetcher.multi, c->fd, CURL_CSELECT_OUT, &running);
    fetch_collect();
}
