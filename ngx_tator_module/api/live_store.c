/*
 * The default LIVE store (live_store.h).
 */

#include <time.h>

#include <tator/store.h>

#include "../net/fetch.h"
#include "live_store.h"

static store_t *live_store(rq_t *rq);
static int      live_store_run(rq_t *rq, const store_call_t *call);


const char *
live_store_url(rq_t *rq, const char *path, int seconds)
{
    store_t *store = live_store(rq);

    return store == NULL ? NULL : store_url(store, rq->arena, &(store_call_t) {STORE_GET, .path = path}, seconds, time(NULL));
}


bool
live_store_has(rq_t *rq, const char *path)
{
    return live_store_run(rq, &(store_call_t) {STORE_HEAD, .path = path}) / 100 == 2;
}


void
live_store_put(rq_t *rq, const char *path, const void *data, size_t len, const char *type)
{
    if (live_store_run(rq, &(store_call_t) {STORE_PUT, .path = path, .body = data, .body_len = len, .content_type = type}) / 100 != 2) {
        fail(rq, 503, "The object store does not take %s.", path);
    }
}


bool
live_store_delete(rq_t *rq, const char *path)
{
    int status = live_store_run(rq, &(store_call_t) {STORE_DELETE, .path = path});

    return status / 100 == 2 || status == 404;
}


static store_t *
live_store(rq_t *rq)
{
    const char           *error;
    json_t               *config;
    const store_config_t *live = &rq->config->stores[STORE_LIVE];

    if (live->config == NULL || live->bucket_name == NULL || live->store_type == NULL) {
        return NULL;
    }

    config = json_loads(live->config, 0, NULL);
    if (config == NULL) {
        return NULL;
    }

    rq_own(rq, config);

    return store_create(rq->arena, live->store_type, config, live->bucket_name, live->external_host, rq->config->require_https, &error);
}


/* The status; 0: no store, or no answer. */
static int
live_store_run(rq_t *rq, const store_call_t *call)
{
    store_t         *store = live_store(rq);
    store_request_t *request;

    if (store == NULL) {
        return 0;
    }

    request = store_request(store, rq->arena, call, time(NULL));
    if (request == NULL) {
        return 200;
    }

    return fetch(rq, &(fetch_t) {request->method, request->url, request->headers, request->body, request->body_len, .timeout_ms = 10000})->status;
}
