/*
 * From a routed request to its handler (serve.h). Runs in the request's fiber.
 */

#include "../core/request.h"
#include "access.h"
#include "auth.h"
#include "negotiate.h"
#include "params.h"
#include "serve.h"
#include "throttle.h"

static void serve_rest(rq_t *rq);
static bool serve_host_allowed(rq_t *rq);
static void serve_page(rq_t *rq, int status, const char *title, const char *text);


void
serve(rq_t *rq)
{
    request_t *request = request_of(rq);

    if (!serve_host_allowed(rq)) {
        serve_page(rq, 400, "Bad Request", "The host name of this request is not served here.");
        return;
    }

    if (request->route.status == 404) {
        serve_page(rq, 404, "Not Found", "The requested resource was not found on this server.");
        return;
    }

    if (request->route.status == 0 && request->route.endpoint->operation == NULL) {
        auth_check(rq);
        throttle(rq);
        rq->params = rq_own(rq, json_object());
        request->route.endpoint->handler(rq);
        return;
    }

    serve_rest(rq);
}


/* The order of contract/accounts.md §2. */
static void
serve_rest(rq_t *rq)
{
    char           *method;
    const char     *type;
    params_t        params;
    request_t      *request = request_of(rq);
    params_input_t  input;

    negotiate(rq);
    request->negotiated = 1;
    auth_check(rq);
    throttle(rq);

    if (request->route.status == 405) {
        method = arena_copy(rq->arena, rq->method.data, rq->method.len);
        for (char *p = method; *p != '\0'; p++) {
            *p = (char) (*p >= 'A' && *p <= 'Z' ? *p | 0x20 : *p);
        }
        fail(rq, 400, "Operation %s not found for %s://%.*s%.*s", method, (char *) rq->scheme.data, (int) rq->host.len,
             (char *) rq->host.data, (int) rq->uri.len, (char *) rq->uri.data);
    }

    type = rq_header(rq, "Content-Type");
    input.query = rq->query;
    input.body = rq->content;
    input.content_type = str_of(type);

    if (!params_read(rq->arena, &request->route, &input, &params)) {
        fail_details(rq, 400, params.message, "%s", params.details ? params.details : "None");
    }

    rq->params = params.params;
    rq->body = params.body;
    rq->single = params.single;

    access_check(rq);

    if (rq->endpoint->handler == NULL) {
        fail(rq, 501, "The operation %s is not available on this server yet.", rq->endpoint->operation);
    }

    rq->endpoint->handler(rq);
}


static bool
serve_host_allowed(rq_t *rq)
{
    size_t     len;
    ngx_str_t *host = tator_process.conf->hosts.elts;

    len = rq->host.len;
    for (size_t k = len; k > 0 && rq->host.data[k - 1] != ']'; k--) {
        if (rq->host.data[k - 1] == ':') {
            len = k - 1;
        }
    }

    for (ngx_uint_t k = 0; k < tator_process.conf->hosts.nelts; k++) {
        if (host[k].len == len && ngx_strncasecmp(host[k].data, rq->host.data, len) == 0) {
            return true;
        }
    }

    return tator_process.conf->hosts.nelts == 0;
}


static void
serve_page(rq_t *rq, int status, const char *title, const char *text)
{
    char *page;

    page = rq_format(rq,
                     "<!doctype html>\n<html lang=\"en\">\n<head>\n  <title>%s</title>\n</head>\n<body>\n"
                     "  <h1>%s</h1><p>%s</p>\n</body>\n</html>\n", title, title, text);
    reply_text(rq, status, "text/html; charset=utf-8", page, strlen(page));
}
