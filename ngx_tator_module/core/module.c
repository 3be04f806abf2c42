/*
 * The module as NGINX sees it, and the beginning and end of a worker process: pools are opened when first used and closed
 * at the end, so that a reload drops nothing and leaves nothing open. Here the layers are tied together: this file and
 * conf.c alone know those above core.
 */

#include "conf.h"
#include "fiber.h"
#include "masked_log.h"
#include "metrics.h"
#include "../net/net.h"
#include "../net/pg.h"
#include "../api/auth.h"
#include "../api/serve.h"

static ngx_int_t module_init(ngx_cycle_t *cycle);
static ngx_int_t module_init_process(ngx_cycle_t *cycle);
static void      module_exit_process(ngx_cycle_t *cycle);

process_t tator_process;

ngx_module_t ngx_tator_module = {
    NGX_MODULE_V1,
    &conf_context,
    conf_commands,
    NGX_HTTP_MODULE,
    NULL,                /* init master */
    module_init,         /* init module */
    module_init_process,
    NULL,                /* init thread */
    NULL,                /* exit thread */
    module_exit_process,
    NULL,                /* exit master */
    NGX_MODULE_V1_PADDING
};


/* The main log, and any that the configuration named after http {}. */
static ngx_int_t
module_init(ngx_cycle_t *cycle)
{
    return masked_log(cycle->log, cycle->pool);
}


static ngx_int_t
module_init_process(ngx_cycle_t *cycle)
{
    ngx_str_t pool = ngx_string("default"), kdf = ngx_string("kdf");

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE) {
        return NGX_OK; /* cache manager and loader */
    }

    tator_process.conf = ngx_http_cycle_get_module_main_conf(cycle, ngx_tator_module);
    if (tator_process.conf == NULL || !tator_process.conf->enabled) {
        tator_process.conf = NULL;
        return NGX_OK;
    }

    tator_process.cycle = cycle;
    tator_process.in_flight = 0;
    tator_process.serve = serve;
    tator_process.listening = auth_cache_listening;
    tator_process.notified = auth_cache_flush;
    tator_process.confirm = pg_confirm;
    tator_process.rights = auth_rights();
    metrics_init_process();
    tator_process.threads = ngx_thread_pool_get(cycle, &pool);
    tator_process.kdf = ngx_thread_pool_get(cycle, &kdf);

    if (tator_process.threads == NULL || tator_process.kdf == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "tator needs \"thread_pool default\" and \"thread_pool kdf\"");
        return NGX_ERROR;
    }

    if (pg_init_process(cycle) != NGX_OK || redis_init_process(cycle) != NGX_OK || fetch_init_process(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
module_exit_process(ngx_cycle_t *cycle)
{
    if (tator_process.conf == NULL) {
        return;
    }

    fetch_exit_process(cycle);
    redis_exit_process(cycle);
    pg_exit_process(cycle);
    fiber_pool_drain();
    metrics_exit_process();
    tator_process.conf = NULL;
}
