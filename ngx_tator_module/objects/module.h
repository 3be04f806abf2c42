/*
 * What module.c, request.c and answer.c share: the side of the object store that knows NGINX.
 */

#ifndef TATOR_OBJECTS_MODULE_H
#define TATOR_OBJECTS_MODULE_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <ngx_thread_pool.h>

#include "objects.h"

typedef struct {
    objects_store_t    store;
    ngx_thread_pool_t *pool;
    const char        *prefix; /* the location's name without the slash at its end */
    ngx_array_t       *hosts;  /* of char * */
    unsigned           swept : 1;
} objects_conf_t;

typedef struct {
    ngx_http_request_t *r;
    objects_conf_t     *conf;
    objects_request_t   request;
    ngx_event_t         guard; /* a timer while a thread works: without one, a worker that is to exit would not wait */
    ngx_chain_t        *taken; /* the piece of the body that the thread has */
    bool                sweep; /* the thread's; no bit field, whose word would be the loop's, too */
    unsigned            busy : 1;
    unsigned            ready : 1; /* the thread is done, what follows is not */
    unsigned            end : 1;   /* the piece is the last */
} objects_context_t;

extern ngx_module_t ngx_tator_objects_module;

/* request.c */
ngx_int_t objects_handler(ngx_http_request_t *r);

/* answer.c: what objects_request_t holds, and the answer to OPTIONS. */
ngx_int_t objects_answer(objects_context_t *context);
ngx_int_t objects_preflight(ngx_http_request_t *r);

#endif
