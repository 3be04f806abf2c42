/* Beginning and end of what net/ keeps in a worker process. */

#ifndef TATOR_NET_H
#define TATOR_NET_H

#include <ngx_config.h>
#include <ngx_core.h>

ngx_int_t pg_init_process(ngx_cycle_t *cycle);
void      pg_exit_process(ngx_cycle_t *cycle);
ngx_int_t redis_init_process(ngx_cycle_t *cycle);
void      redis_exit_process(ngx_cycle_t *cycle);
ngx_int_t fetch_init_process(ngx_cycle_t *cycle);
void      fetch_exit_process(ngx_cycle_t *cycle);

#endif
