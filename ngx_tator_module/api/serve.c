/*
 * From a routed request to its handler (serve.h). Runs in the request's fiber.
 */

#include "../core/request.h"
#include "access.h"
#include "auth.h"
#include "negotiate.h"
#include "page.h"
#include "params.h"
#include "serve.h"
#include "throttle.h"

static void serve_rest(rq_t *rq);
static void serve_settle(rq_t *rq);
static bool serve_host_allowed(str_t host);
static void serve_page(rq_t *rq);
static void serve_no_method(rq_t *rq, const endpoint_t *other);


void
serve(rq_t *rq)
{
    request_t *request = request_of(rq);
    ngx_str_t *named = &request->r->headers_in.server;

    /* the host of an address that was given whole counts as much as the header */
    if (!serve_host_allowed(rq->host) || (named->len > 0 && !serve_host_allowed((str_t) {named->len, named->data}))) {
        page_plain(rq, 400, "Bad Request", "The host name of this request is not served here.");
        return;
    }

    if (request->route.status == 404) {
        page_plain(rq, 404, "Not Found", "The requested resource was not found on this server.");
        return;
    }

    if (request->route.status == 0 && rq->endpoint->operation == NULL) {
        serve_page(rq);
        return;
    }

    if (request->route.status == 405 && (request->route.other->operation == NULL || (request->route.other->flags & OWN_ERRORS))) {
        serve_no_method(rq, request->route.other);
        return;
    }

    serve_rest(rq);
    request_settle(rq);
}


/* What is not an operation: for browsers, proxies and identity providers. NGINX's own questions are not counted: the request behind them
   is a file's. */
static void
serve_page(rq_t *rq)
{
    auth_check(rq);

    if (!rq->subrequest) {
        throttle(rq);
    }

    rq->params = rq_own(rq, json_object());
    serve_settle(rq);
    rq->endpoint->handler(rq);
    request_settle(rq);
}


static void
serve_no_method(rq_t *rq, const endpoint_t *other)
{
    reply_header(rq, "Allow", request_of(rq)->route.allow);

    if (!(other->flags & OWN_ERRORS)) {
        page_plain(rq, 405, "Method Not Allowed", "This page does not answer requests of this kind.");
        return;
    }

    reply_json(rq, 405, rq_own(rq, json_pack("{s:o}", "detail", json_string(rq_format(rq, "Method \"%.*s\" not allowed.", (int) rq->method.len,
                                                                                      (char *) rq->method.data)))));
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

    serve_settle(rq);

    if (rq->endpoint->handler == NULL) {
        fail(rq, 501, "The operation %s is not available on this server yet.", rq->endpoint->operation);
    }

    if (rq->hidden && access_reads(rq) && (rq->endpoint->flags & REPLY_LIST)) {
        reply_json(rq, 200, rq_own(rq, json_array()));
        return;
    }

    rq->endpoint->handler(rq);
}


/* Before anything is changed the caller's rights are certain, and later ones are asked of the database: a request that changes does not
   begin again. */
static void
serve_settle(rq_t *rq)
{
    if (!access_reads(rq)) {
        request_settle(rq);
        request_of(rq)->strict = 1;
    }
}


/* A name that is served here, alone or with the digits of a port. */
static bool
serve_host_allowed(str_t given)
{
    size_t     len = given.len, digits = 0;
    ngx_str_t *host = tator_process.conf->hosts.elts;

    while (len > 0 && given.data[len - 1] >= '0' && given.data[len - 1] <= '9') {
        len--;
        digits++;
    }

    len = digits > 0 && len > 0 && given.data[len - 1] == ':' ? len - 1 : given.len;

    for (ngx_uint_t k = 0; k < tator_process.conf->hosts.nelts; k++) {
        if (host[k].len == len && ngx_strncasecmp(host[k].data, given.data, len) == 0) {
            return true;
        }
    }

    return tator_process.conf->hosts.nelts == 0;
}
