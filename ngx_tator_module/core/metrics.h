/*
 * What operators watch: counters and histograms of all workers in one shared memory zone, written as Prometheus text by
 * locations with `tator_metrics`. Counters outlive a reload. Gauges are kept for each process, so that those of a worker
 * that was killed do not stay.
 */

#ifndef TATOR_METRICS_H
#define TATOR_METRICS_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "../api/endpoint.h"

typedef enum {
    METRIC_FIBERS,          /* requests that run or wait now */
    METRIC_PG_CONNECTIONS,  /* open */
    METRIC_PG_HELD,         /* in use */
    METRIC_PG_WAITING,      /* requests that wait for one */
    METRIC_GAUGES
} metric_gauge_t;

typedef enum {
    METRIC_PG_STATEMENTS,
    METRIC_PG_WAITS,        /* requests that had to wait for a connection */
    METRIC_PG_ERRORS,
    METRIC_REDIS_COMMANDS,
    METRIC_REDIS_ERRORS,
    METRIC_FETCHES,
    METRIC_FETCH_ERRORS,
    METRIC_COUNTERS
} metric_counter_t;

typedef enum {
    METRIC_REDIS_DURATION,
    METRIC_FETCH_DURATION,
    METRIC_HISTOGRAMS
} metric_histogram_t;

/* Add the shared memory zone; at configuration time. */
ngx_int_t metrics_init(ngx_conf_t *cf);

/* A worker begins or ends: its gauges are zero. */
void metrics_init_process(void);
void metrics_exit_process(void);

void metrics_gauge_add(metric_gauge_t gauge, ngx_int_t change);
void metrics_count(metric_counter_t counter);
void metrics_duration(metric_histogram_t histogram, ngx_msec_t duration);
void metrics_request(const endpoint_t *endpoint, int status, ngx_msec_t duration);

/* Content handler of `tator_metrics`. */
ngx_int_t metrics_handler(ngx_http_request_t *r);

#endif
