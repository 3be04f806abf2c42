/*
 * A Redis command and its answer as plain data: what the module's asynchronous connection and the workers' blocking one
 * have in common, so that lib/ can make commands and read answers for both.
 */

#ifndef TATOR_REDIS_VALUE_H
#define TATOR_REDIS_VALUE_H

#include <stddef.h>
#include <stdint.h>

typedef enum { REDIS_NIL, REDIS_TEXT, REDIS_INTEGER, REDIS_LIST, REDIS_STATUS, REDIS_FAULT } redis_type_t;

typedef struct redis_value_s redis_value_t;
struct redis_value_s { /* copied into an arena */
    redis_type_t   type;
    int64_t        integer;
    const char    *text; /* NUL-terminated; also the message of REDIS_FAULT */
    size_t         len;
    redis_value_t *items;
    size_t         n;
};

typedef struct {
    int          argc;
    const char **argv;
    size_t      *lengths;
} redis_args_t;

#endif
