/*
 * The default LIVE store (live_store.h).
 */

#include "live_store.h"
#include "stores.h"

static int live_store_run(rq_t *rq, const store_call_t *call);


const char *
live_store_url(rq_t *rq, const char *path, int seconds)
{
    if (rq->config->stores[STORE_LIVE].config == NULL) {
        return NULL;
    }

    return stores_url(rq, stores_default(rq, STORE_LIVE), &(store_call_t) {STORE_GET, .path = path}, seconds);
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


/* The status; 0: no answer. */
static int
live_store_run(rq_t *rq, const store_call_t *call)
{
    fetched_t *answer = stores_send(rq, stores_default(rq, STORE_LIVE), call);

    return answer == NULL ? 200 : answer->status;
}
