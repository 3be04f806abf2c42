/*
 * Redis for handlers: one multiplexed connection per worker (hiredis, asynchronous), reconnecting by itself. A lost
 * server or an error reply answers 503 unless the _try form is used.
 */

#ifndef TATOR_REDIS_H
#define TATOR_REDIS_H

#include "../core/rq.h"

typedef enum { REDIS_NIL, REDIS_TEXT, REDIS_INTEGER, REDIS_LIST, REDIS_STATUS, REDIS_FAULT } redis_type_t;

typedef struct redis_value_s redis_value_t;
struct redis_value_s {           /* copied into the request's arena */
    redis_type_t    type;
    int64_t         integer;
    const char     *text;        /* NUL-terminated; also the message of REDIS_FAULT */
    size_t          len;
    redis_value_t  *items;
    size_t          n;
};

/* Run one command. Never returns REDIS_FAULT (answers 503). */
redis_value_t *redis_command(rq_t *rq, int argc, const char *const *argv, const size_t *lengths);

/* The same; NULL when Redis can not be reached: for caches that requests can do without. */
redis_value_t *redis_try(rq_t *rq, int argc, const char *const *argv, const size_t *lengths);

#endif
