/*
 * Metrics of all workers (metrics.h): plain atomic adds into one zone, read while others write. An operation's row is found by
 * its place in the endpoint tables.
 */

#include <tator/version.h>

#include "../api/router.h"
#include "conf.h"
#include "metrics.h"

#define METRICS_STATUSES 24
#define METRICS_BUCKETS  16
#define METRICS_TABLES   128
#define METRICS_LINE     320 /* a line's length at most */

/* One more than stands here: everything else. */
static const int metrics_statuses[METRICS_STATUSES - 1] = {200, 201, 202, 204, 206, 301, 302, 304, 307, 400, 401, 403,
                                                           404, 405, 409, 411, 412, 413, 416, 429, 500, 501, 503};

/* Upper bounds in milliseconds; the last bucket has none. */
static const ngx_msec_t metrics_bounds[METRICS_BUCKETS - 1] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 30000, 60000};

typedef struct {
    ngx_atomic_t buckets[METRICS_BUCKETS]; /* each for itself, not yet summed */
    ngx_atomic_t sum;                      /* milliseconds */
} histogram_t;

typedef struct {
    ngx_atomic_t statuses[METRICS_STATUSES];
    histogram_t  duration;
} operation_t;

typedef struct {
    ngx_atomic_t gauges[NGX_MAX_PROCESSES][METRIC_GAUGES];
    ngx_atomic_t counters[METRIC_COUNTERS];
    histogram_t  histograms[METRIC_HISTOGRAMS];
    operation_t  operations[];
} zone_t;

typedef struct {
    const char *name, *type, *help;
} description_t;

static const description_t metrics_gauges[METRIC_GAUGES] = {
    [METRIC_FIBERS] = {"tator_fibers", "gauge", "Requests that run or wait now."},
    [METRIC_PG_CONNECTIONS] = {"tator_database_connections", "gauge", "Open connections to PostgreSQL."},
    [METRIC_PG_HELD] = {"tator_database_connections_used", "gauge", "Connections to PostgreSQL that a request holds."},
    [METRIC_PG_WAITING] = {"tator_database_waiting", "gauge", "Requests that wait for a connection to PostgreSQL."},
};

static const description_t metrics_counters[METRIC_COUNTERS] = {
    [METRIC_PG_STATEMENTS] = {"tator_database_statements_total", "counter", "Statements sent to PostgreSQL."},
    [METRIC_PG_WAITS] = {"tator_database_waits_total", "counter", "Requests that had to wait for a connection to PostgreSQL."},
    [METRIC_PG_ERRORS] = {"tator_database_errors_total", "counter", "Statements that PostgreSQL refused."},
    [METRIC_REDIS_COMMANDS] = {"tator_redis_commands_total", "counter", "Commands for Redis."},
    [METRIC_REDIS_ERRORS] = {"tator_redis_errors_total", "counter", "Commands that Redis refused or did not answer."},
    [METRIC_FETCHES] = {"tator_fetches_total", "counter", "Outgoing HTTP requests, to object stores and others."},
    [METRIC_FETCH_ERRORS] = {"tator_fetch_errors_total", "counter", "Outgoing HTTP requests without an answer."},
};

static const description_t metrics_histograms[METRIC_HISTOGRAMS] = {
    [METRIC_REDIS_DURATION] = {"tator_redis_duration_seconds", "histogram", "Time until Redis answered."},
    [METRIC_FETCH_DURATION] = {"tator_fetch_duration_seconds", "histogram", "Time of outgoing HTTP requests."},
};

static ngx_int_t   metrics_zone_init(ngx_shm_zone_t *zone, void *data);
static void        metrics_observe(histogram_t *histogram, ngx_msec_t duration);
static ngx_int_t   metrics_index(const endpoint_t *endpoint);
static u_char     *metrics_text(u_char *p, u_char *end);
static u_char     *metrics_head(u_char *p, u_char *end, const description_t *description);
static u_char     *metrics_write_histogram(u_char *p, u_char *end, const char *name, const char *label, const histogram_t *histogram);
static u_char *metrics_operation(u_char *p, u_char *end, const endpoint_t *endpoint);

/* Where the rows of each endpoint table begin; the same in all processes. */
static struct {
    const endpoint_t *rows;
    ngx_uint_t        first, n;
} metrics_tables[METRICS_TABLES];

static ngx_uint_t metrics_n_tables, metrics_operations;
static zone_t    *metrics_zone;


ngx_int_t
metrics_init(ngx_conf_t *cf)
{
    size_t            size;
    ngx_str_t         name = ngx_string("tator_metrics");
    ngx_shm_zone_t   *zone;
    const endpoint_t *endpoint;

    metrics_n_tables = 0;
    metrics_operations = 0;

    for (const endpoint_t *const *table = endpoint_tables; *table != NULL; table++) {
        if (metrics_n_tables == METRICS_TABLES) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "more than %d tables of operations", METRICS_TABLES);
            return NGX_ERROR;
        }

        metrics_tables[metrics_n_tables].rows = *table;
        metrics_tables[metrics_n_tables].first = metrics_operations;

        for (endpoint = *table; endpoint->path != NULL; endpoint++) {
            metrics_operations++;
        }

        metrics_tables[metrics_n_tables].n = (ngx_uint_t) (endpoint - *table);
        metrics_n_tables++;
    }

    size = sizeof(zone_t) + metrics_operations * sizeof(operation_t) + 32 * ngx_pagesize;

    zone = ngx_shared_memory_add(cf, &name, ngx_align(size, ngx_pagesize), &ngx_tator_module);
    if (zone == NULL) {
        return NGX_ERROR;
    }

    zone->init = metrics_zone_init;

    return NGX_OK;
}


void
metrics_init_process(void)
{
    if (metrics_zone != NULL) {
        ngx_memzero((void *) metrics_zone->gauges[ngx_process_slot], sizeof(metrics_zone->gauges[0]));
    }
}


void
metrics_exit_process(void)
{
    metrics_init_process();
}


void
metrics_gauge_add(metric_gauge_t gauge, ngx_int_t change)
{
    (void) ngx_atomic_fetch_add(&metrics_zone->gauges[ngx_process_slot][gauge], change);
}


void
metrics_count(metric_counter_t counter)
{
    (void) ngx_atomic_fetch_add(&metrics_zone->counters[counter], 1);
}


void
metrics_duration(metric_histogram_t histogram, ngx_msec_t duration)
{
    metrics_observe(&metrics_zone->histograms[histogram], duration);
}


void
metrics_request(const endpoint_t *endpoint, int status, ngx_msec_t duration)
{
    ngx_int_t    index;
    ngx_uint_t   k;
    operation_t *operation;

    index = metrics_index(endpoint);
    if (index < 0) {
        return;
    }

    for (k = 0; k < METRICS_STATUSES - 1 && metrics_statuses[k] != status; k++) { /* void */
    }

    operation = &metrics_zone->operations[index];
    (void) ngx_atomic_fetch_add(&operation->statuses[k], 1);
    metrics_observe(&operation->duration, duration);
}


ngx_int_t
metrics_handler(ngx_http_request_t *r)
{
    size_t                   size;
    ngx_int_t                rc;
    ngx_str_t                type = ngx_string("text/plain; version=0.0.4; charset=utf-8");
    ngx_uint_t               lines;
    ngx_http_complex_value_t text;

    if (!(r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (metrics_zone == NULL) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    lines = 8 + 3 * (METRIC_GAUGES + METRIC_COUNTERS) + METRIC_HISTOGRAMS * (METRICS_BUCKETS + 4);

    for (ngx_uint_t k = 0; k < metrics_operations; k++) {
        ngx_uint_t used = 0;

        for (ngx_uint_t j = 0; j < METRICS_STATUSES; j++) {
            used += metrics_zone->operations[k].statuses[j] != 0;
        }

        /* whoever counts meanwhile makes one line more; the writer stops at the buffer's end */
        lines += used ? used + METRICS_BUCKETS + 3 : 0;
    }

    size = (lines + 64) * METRICS_LINE;

    ngx_memzero(&text, sizeof(text));
    text.value.data = ngx_pnalloc(r->pool, size);
    if (text.value.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    text.value.len = (size_t) (metrics_text(text.value.data, text.value.data + size) - text.value.data);

    return ngx_http_send_response(r, NGX_HTTP_OK, &type, &text);
}


static ngx_int_t
metrics_zone_init(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t *pool = (ngx_slab_pool_t *) zone->shm.addr;

    if (data != NULL) { /* a reload */
        zone->data = data;
        metrics_zone = data;
        return NGX_OK;
    }

    if (zone->shm.exists) {
        metrics_zone = zone->data = pool->data;
        return NGX_OK;
    }

    metrics_zone = ngx_slab_calloc(pool, sizeof(zone_t) + metrics_operations * sizeof(operation_t));
    if (metrics_zone == NULL) {
        return NGX_ERROR;
    }

    zone->data = metrics_zone;
    pool->data = metrics_zone;

    return NGX_OK;
}


static void
metrics_observe(histogram_t *histogram, ngx_msec_t duration)
{
    ngx_uint_t k;

    for (k = 0; k < METRICS_BUCKETS - 1 && duration > metrics_bounds[k]; k++) { /* void */
    }

    (void) ngx_atomic_fetch_add(&histogram->buckets[k], 1);
    (void) ngx_atomic_fetch_add(&histogram->sum, duration);
}


static ngx_int_t
metrics_index(const endpoint_t *endpoint)
{
    for (ngx_uint_t k = 0; k < metrics_n_tables; k++) {
        const endpoint_t *rows = metrics_tables[k].rows;

        if ((uintptr_t) endpoint >= (uintptr_t) rows && (uintptr_t) endpoint < (uintptr_t) (rows + metrics_tables[k].n)) {
            return (ngx_int_t) (metrics_tables[k].first + (ngx_uint_t) (endpoint - rows));
        }
    }

    return -1;
}


static u_char *
metrics_text(u_char *p, u_char *end)
{
    static const description_t requests = {"tator_requests_total", "counter", "Requests by operation and status."};
    static const description_t duration = {"tator_request_duration_seconds", "histogram", "Time from the request's body to the end of its answer."};
    static const description_t build = {"tator_build_info", "gauge", "What this server is made of."};
    u_char                    *line, label[METRICS_LINE];
    ngx_atomic_int_t           sum;
    const endpoint_t          *endpoint;
    operation_t               *operation;

    p = metrics_head(p, end, &build);
    p = ngx_slprintf(p, end, "tator_build_info{version=\"%s\",nginx=\"%s\",compiler=\"%s\"} 1\n", TATOR_VERSION, NGINX_VERSION, __VERSION__);

    for (ngx_uint_t k = 0; k < METRIC_GAUGES; k++) {
        sum = 0;
        for (ngx_uint_t j = 0; j < NGX_MAX_PROCESSES; j++) {
            sum += (ngx_atomic_int_t) metrics_zone->gauges[j][k];
        }
        p = metrics_head(p, end, &metrics_gauges[k]);
        p = ngx_slprintf(p, end, "%s %L\n", metrics_gauges[k].name, (int64_t) sum);
    }

    for (ngx_uint_t k = 0; k < METRIC_COUNTERS; k++) {
        p = metrics_head(p, end, &metrics_counters[k]);
        p = ngx_slprintf(p, end, "%s %uA\n", metrics_counters[k].name, metrics_zone->counters[k]);
    }

    for (ngx_uint_t k = 0; k < METRIC_HISTOGRAMS; k++) {
        p = metrics_head(p, end, &metrics_histograms[k]);
        p = metrics_write_histogram(p, end, metrics_histograms[k].name, "", &metrics_zone->histograms[k]);
    }

    for (int pass = 0; pass < 2; pass++) {
        p = metrics_head(p, end, pass == 0 ? &requests : &duration);

        for (ngx_uint_t k = 0; k < metrics_operations; k++) {
            ngx_uint_t table = 0, used = 0;

            while (k >= metrics_tables[table].first + metrics_tables[table].n) {
                table++;
            }

            endpoint = metrics_tables[table].rows + (k - metrics_tables[table].first);
            operation = &metrics_zone->operations[k];

            line = metrics_operation(label, label + sizeof(label) - 1, endpoint);
            *line = '\0';

            for (ngx_uint_t j = 0; j < METRICS_STATUSES; j++) {
                if (operation->statuses[j] == 0) {
                    continue;
                }
                used = 1;
                if (pass != 0) {
                    continue;
                }
                if (j < METRICS_STATUSES - 1) {
                    p = ngx_slprintf(p, end, "%s{%sstatus=\"%d\"} %uA\n", requests.name, label, metrics_statuses[j], operation->statuses[j]);
                } else {
                    p = ngx_slprintf(p, end, "%s{%sstatus=\"other\"} %uA\n", requests.name, label, operation->statuses[j]);
                }
            }

            if (pass == 1 && used) {
                p = metrics_write_histogram(p, end, duration.name, (const char *) label, &operation->duration);
            }
        }
    }

    return p;
}


static u_char *
metrics_head(u_char *p, u_char *end, const description_t *description)
{
    return ngx_slprintf(p, end, "# HELP %s %s\n# TYPE %s %s\n", description->name, description->help, description->name, description->type);
}


/* `label` is empty or "name=\"value\",". */
static u_char *
metrics_write_histogram(u_char *p, u_char *end, const char *name, const char *label, const histogram_t *histogram)
{
    size_t         len;
    ngx_atomic_t   count = 0;
    ngx_atomic_t   sum = histogram->sum;

    for (ngx_uint_t k = 0; k < METRICS_BUCKETS; k++) {
        count += histogram->buckets[k];

        if (k < METRICS_BUCKETS - 1) {
            p = ngx_slprintf(p, end, "%s_bucket{%sle=\"%M.%03M\"} %uA\n", name, label, metrics_bounds[k] / 1000, metrics_bounds[k] % 1000, count);
        } else {
            p = ngx_slprintf(p, end, "%s_bucket{%sle=\"+Inf\"} %uA\n", name, label, count);
        }
    }

    len = ngx_strlen(label);

    if (len == 0) {
        p = ngx_slprintf(p, end, "%s_sum %uA.%03uA\n", name, sum / 1000, sum % 1000);
        return ngx_slprintf(p, end, "%s_count %uA\n", name, count);
    }

    p = ngx_slprintf(p, end, "%s_sum{%*s} %uA.%03uA\n", name, len - 1, label, sum / 1000, sum % 1000);

    return ngx_slprintf(p, end, "%s_count{%*s} %uA\n", name, len - 1, label, count);
}


/* Pages have no operation id: their method and path, which are one row each. */
static u_char *
metrics_operation(u_char *p, u_char *end, const endpoint_t *endpoint)
{
    if (endpoint->operation != NULL) {
        return ngx_slprintf(p, end, "operation=\"%s\",", endpoint->operation);
    }

    return ngx_slprintf(p, end, "operation=\"%s %s\",", router_method_name(endpoint->method), endpoint->path);
}
