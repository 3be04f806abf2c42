/*
 * How often a caller may ask: contract/operations.md §19, accounts.md §2. Counted in shared memory, for all workers together.
 */

#ifndef TATOR_THROTTLE_H
#define TATOR_THROTTLE_H

#include <ngx_config.h>
#include <ngx_core.h>

#include "../core/rq.h"

/* The largest limit that the directives take. */
#define THROTTLE_MOST 1000

/* Add the shared memory zone; at configuration time, when the limits are known. */
ngx_int_t throttle_init(ngx_conf_t *cf);

/*
 * Count the request of rq->user, or of rq->address without credentials, and what gives or makes credentials for the address in
 * addition. Beyond the limit fail with "Request was throttled. Expected available in N second(s).": 400; 429 with Retry-After on
 * what has its own form of errors, and on pages. What is refused is not counted.
 */
void throttle(rq_t *rq);

#endif
