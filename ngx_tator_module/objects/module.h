/*
 * What module.c and request.c share: the side of the object store that knows NGINX.
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

extern ngx_module_t ngx_tator_objects_module;

ngx_int_t objects_handler(ngx_http_request_t *r);

#endif
