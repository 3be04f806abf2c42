/*
 * Logs without secrets: whatever NGINX or a module writes into an error log goes through lib/secrets.c, and the variable
 * $tator_request is the request line for access logs.
 */

#ifndef TATOR_MASKED_LOG_H
#define TATOR_MASKED_LOG_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

/* Mask what is written into this log and those that follow it. Again: nothing. */
ngx_int_t masked_log(ngx_log_t *log, ngx_pool_t *pool);

/* Add $tator_request; before the configuration is read. */
ngx_int_t masked_log_variable(ngx_conf_t *cf);

#endif
