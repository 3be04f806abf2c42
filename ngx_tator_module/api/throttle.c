/*
 * Limits (throttle.h). The shared memory zone is a table of callers in sets of a few places: the hash of a caller names the
 * set, and who is new takes the place that was idle longest, so that one busy caller never clears another's record. Each
 * caller has the times of its last accepted requests in a ring as long as its limit: the oldest of them says whether one more
 * fits into the window that ends now.
 */

#include <tator/crypto.h>

#include "../core/conf.h"
#include "../core/request.h"
#include "endpoint.h"
#include "throttle.h"

#define THROTTLE_SETS 512
#define THROTTLE_WAYS 4

typedef struct {
    uint64_t   key;
    ngx_uint_t next;    /* place in the ring */
    ngx_uint_t made;    /* requests that the ring has ever taken */
    ngx_msec_t last;
    ngx_msec_t times[]; /* shared.ring of them */
} caller_t;

typedef struct {
    ngx_uint_t ring;
    u_char     callers[];
} throttle_shared_t;

/* What is counted for itself: the same number is a user here and an address there. */
typedef enum { COUNT_USER = 1, COUNT_ADDRESS, COUNT_CREDENTIALS } count_t;

static ngx_int_t  throttle_zone_init(ngx_shm_zone_t *zone, void *old);
static ngx_uint_t throttle_ring(const tator_conf_t *conf);
static size_t     throttle_caller_size(ngx_uint_t ring);
static void       throttle_count(rq_t *rq, count_t kind, ngx_uint_t limit, ngx_msec_t window);
static uint64_t   throttle_key(rq_t *rq, count_t kind);
static caller_t  *throttle_caller(uint64_t key);
static _Noreturn void throttle_refuse(rq_t *rq, ngx_msec_t wait);

/* Process-wide: the zone. */
static struct {
    ngx_slab_pool_t   *slab;
    throttle_shared_t *shared;
} throttler;


ngx_int_t
throttle_init(ngx_conf_t *cf)
{
    size_t              size;
    ngx_str_t           name = ngx_string("tator_limits");
    ngx_shm_zone_t     *zone;
    const tator_conf_t *conf = ngx_http_conf_get_module_main_conf(cf, ngx_tator_module);

    size = sizeof(throttle_shared_t) + THROTTLE_SETS * THROTTLE_WAYS * throttle_caller_size(throttle_ring(conf));

    zone = ngx_shared_memory_add(cf, &name, size + 64 * ngx_pagesize, &ngx_tator_module);
    if (zone == NULL) {
        return NGX_ERROR;
    }

    zone->init = throttle_zone_init;
    zone->data = (void *) conf;

    return NGX_OK;
}


void
throttle(rq_t *rq)
{
    const tator_conf_t *conf = tator_process.conf;

    if (!conf->rate_limits || request_of(rq)->retried) {
        return;
    }

    if (rq->endpoint != NULL && (rq->endpoint->flags & CREDENTIALS)) {
        throttle_count(rq, COUNT_CREDENTIALS, conf->rate_limit_credentials, 60000);
    }

    if (rq->endpoint != NULL && rq->endpoint->operation == NULL && !(rq->endpoint->flags & OWN_ERRORS)) {
        return; /* a page */
    }

    if (rq->user.id != 0) {
        throttle_count(rq, COUNT_USER, conf->rate_limit_user, 1000);
    } else {
        throttle_count(rq, COUNT_ADDRESS, conf->rate_limit_anonymous, 1000);
    }
}


/* A reload goes on with the same memory as long as the limits ask for the same size. */
static ngx_int_t
throttle_zone_init(ngx_shm_zone_t *zone, void *old)
{
    size_t              size;
    ngx_uint_t          ring;
    const tator_conf_t *conf = zone->data;

    throttler.slab = (ngx_slab_pool_t *) zone->shm.addr;

    if (old != NULL) {
        throttler.shared = old;
        zone->data = old;
        return NGX_OK;
    }

    ring = throttle_ring(conf);
    size = sizeof(throttle_shared_t) + THROTTLE_SETS * THROTTLE_WAYS * throttle_caller_size(ring);

    throttler.shared = ngx_slab_calloc(throttler.slab, size);
    if (throttler.shared == NULL) {
        return NGX_ERROR;
    }

    throttler.shared->ring = ring;
    zone->data = throttler.shared;

    return NGX_OK;
}


static ngx_uint_t
throttle_ring(const tator_conf_t *conf)
{
    ngx_uint_t ring = ngx_max(conf->rate_limit_anonymous, conf->rate_limit_user);

    ring = ngx_max(ring, conf->rate_limit_credentials);

    return ngx_max(ring, 1);
}


static size_t
throttle_caller_size(ngx_uint_t ring)
{
    return sizeof(caller_t) + ring * sizeof(ngx_msec_t);
}


/* limit 0: none. The clocks of workers differ by milliseconds, so that a time may lie ahead of ours. */
static void
throttle_count(rq_t *rq, count_t kind, ngx_uint_t limit, ngx_msec_t window)
{
    uint64_t       key;
    caller_t      *caller;
    ngx_msec_t     now = ngx_current_msec, oldest;
    ngx_msec_int_t age;

    if (limit == 0) {
        return;
    }

    key = throttle_key(rq, kind);

    ngx_shmtx_lock(&throttler.slab->mutex);

    caller = throttle_caller(key);
    if (caller->next >= limit) { /* a reload made the limit smaller */
        caller->next = 0;
    }

    oldest = caller->times[caller->next];
    age = (ngx_msec_int_t) (now - oldest);

    if (caller->made < limit || age >= (ngx_msec_int_t) window) {
        caller->times[caller->next] = now;
        caller->next = (caller->next + 1) % limit;
        caller->made++;
        caller->last = now;
        ngx_shmtx_unlock(&throttler.slab->mutex);
        return;
    }

    ngx_shmtx_unlock(&throttler.slab->mutex);

    throttle_refuse(rq, age < 0 ? window : window - (ngx_msec_t) age);
}


/* Of an address the digest counts: nobody can find a text that falls on another's. */
static uint64_t
throttle_key(rq_t *rq, count_t kind)
{
    uint64_t      key;
    unsigned char digest[SHA256_LENGTH];

    if (kind == COUNT_USER) {
        sha256(digest, &rq->user.id, sizeof(rq->user.id));
    } else {
        sha256(digest, rq->address.data, rq->address.len);
    }

    memcpy(&key, digest, sizeof(key));

    return (key & ~(uint64_t) 3) | kind;
}


/* The caller's place, or the one of its set that was idle longest, made new. */
static caller_t *
throttle_caller(uint64_t key)
{
    size_t      size = throttle_caller_size(throttler.shared->ring);
    u_char     *set;
    caller_t   *caller, *idle = NULL;
    ngx_msec_t  now = ngx_current_msec;

    set = throttler.shared->callers + (key >> 2) % THROTTLE_SETS * THROTTLE_WAYS * size;

    for (ngx_uint_t k = 0; k < THROTTLE_WAYS; k++) {
        caller = (caller_t *) (void *) (set + k * size);

        if (caller->key == key) {
            return caller;
        }

        if (idle == NULL || (idle->key != 0 && (caller->key == 0 || (ngx_msec_int_t) (now - caller->last) > (ngx_msec_int_t) (now - idle->last)))) {
            idle = caller;
        }
    }

    ngx_memzero(idle, size);
    idle->key = key;

    return idle;
}


static _Noreturn void
throttle_refuse(rq_t *rq, ngx_msec_t wait)
{
    long seconds = (long) ((wait + 999) / 1000);
    bool own = rq->endpoint != NULL && (rq->endpoint->operation == NULL || (rq->endpoint->flags & OWN_ERRORS));

    rq->retry_after = (int) seconds;
    fail(rq, own ? 429 : 400, "Request was throttled. Expected available in %ld second%s.", seconds, seconds == 1 ? "" : "s");
}
