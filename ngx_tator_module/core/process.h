/*
 * What a worker process has: its settings and counters. The one place for state that outlives a request; net/ keeps its
 * pools behind it. Set up by core/module.c before the first request.
 */

#ifndef TATOR_PROCESS_H
#define TATOR_PROCESS_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>

#include <tator/config.h>

#include "../api/router.h"

/* http-level settings (core/conf.c); text ends with NUL. */
typedef struct {
    config_t   config;               /* environment */
    arena_t   *arena;                /* of config */
    ngx_str_t  dsn;                  /* tator_database */
    ngx_uint_t connections;          /* tator_database_connections, per worker */
    ngx_msec_t connect_timeout;      /* tator_database_connect_timeout */
    ngx_msec_t statement_timeout;    /* tator_statement_timeout; 0: none */
    ngx_str_t  redis_host;           /* tator_redis */
    in_port_t  redis_port;
    ngx_msec_t request_timeout;      /* tator_request_timeout: of a request, without the time its answer streams */
    ngx_msec_t send_timeout;         /* tator_send_timeout: a streaming client's silence */
    ngx_uint_t requests;             /* tator_requests: in flight per worker */
    size_t     body_limit;           /* tator_body_limit */
    ngx_uint_t search_nodes;         /* tator_search_nodes, and those below: the defaults and what counts are in config */
    ngx_uint_t search_depth;         /* tator_search_depth */
    ngx_uint_t list_limit;           /* tator_list_limit */
    ngx_flag_t rate_limits;          /* tator_rate_limits */
    ngx_uint_t rate_limit_anonymous, rate_limit_user; /* tator_rate_limit_…: requests in a second; 0: any number */
    ngx_uint_t rate_limit_credentials; /* requests in a minute */
    ngx_flag_t forwarded_for;        /* tator_forwarded_for: X-Forwarded-For says whose request it is */
    ngx_flag_t debug_abort;          /* tator_debug_abort: header X-Tator-Abort-At: N drops the client at the N-th wait (tests) */
    router_t  *router;
    ngx_array_t hosts;               /* ngx_str_t, names that a Host header may have */
    ngx_uint_t enabled;              /* some location has tator on */
    ngx_int_t  id_index;             /* of $request_id: access log and error log name a request alike */
} tator_conf_t;

typedef struct {
    const tator_conf_t *conf;
    ngx_cycle_t        *cycle;
    ngx_uint_t          in_flight;
    ngx_thread_pool_t  *threads, *kdf; /* thread pools "default" and "kdf" */

    /* What the layers above do; module.c sets them, so that core and net call nobody upwards. */
    void (*serve)(rq_t *rq);           /* in the request's fiber */
    void (*listening)(int change);     /* so many connections more hear notifications */
    void (*notified)(void);            /* rights changed, here or on another replica */
    void (*confirm)(rq_t *rq);         /* run a statement, so that request_confirm() is called */
    const ngx_atomic_t *rights;        /* counts the changes of rights that any process of this server has heard of */
} process_t;

extern process_t tator_process;

static inline const config_t *
process_config(void)
{
    return &tator_process.conf->config;
}

#endif
