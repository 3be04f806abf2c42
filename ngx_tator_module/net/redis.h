/*
 * Redis for handlers: one multiplexed connection per worker (hiredis, asynchronous), reconnecting by itself. A lost
 * server or an error reply answers 503 unless the _try form is used.
 */

#ifndef TATOR_REDIS_H
#define TATOR_REDIS_H

#include <tator/redis_value.h>

#include "../core/rq.h"

/* Run one command; `lengths` NULL: the arguments are texts. Without an answer, or with an error for one (logged), the request is
   answered with 503. */
redis_value_t *redis_command(rq_t *rq, int argc, const char *const *argv, const size_t *lengths);

/* The same, but NULL instead of the 503: for caches that requests can do without. REDIS_FAULT stands only inside lists. The answer lives in
   `arena`: the request's, or one of a step of long work. */
redis_value_t *redis_try(rq_t *rq, arena_t *arena, int argc, const char *const *argv, const size_t *lengths);

#endif
