/*
 * Directives. Each has an environment default (contract/operations.md §19), so that an existing deployment's environment
 * file drives the module alone; what is written in nginx.conf wins. Bad values are refused with file and line.
 */

#include <tator/saml.h>

#include "../api/auth.h"
#include "../api/throttle.h"
#include "conf.h"
#include "masked_log.h"
#include "metrics.h"
#include "request.h"

static void *conf_create_main(ngx_conf_t *cf);
static char *conf_init_main(ngx_conf_t *cf, void *data);
static ngx_int_t conf_environment(ngx_conf_t *cf, tator_conf_t *conf);
static void conf_limits(tator_conf_t *conf);
static void *conf_create_location(ngx_conf_t *cf);
static char *conf_merge_location(ngx_conf_t *cf, void *parent, void *child);
static char *conf_tator(ngx_conf_t *cf, ngx_command_t *command, void *data);
static char *conf_metrics(ngx_conf_t *cf, ngx_command_t *command, void *data);
static char *conf_redis(ngx_conf_t *cf, ngx_command_t *command, void *data);
static char *conf_connections(ngx_conf_t *cf, void *post, void *data);
static char *conf_limit_most(ngx_conf_t *cf, void *post, void *data);
static ngx_int_t conf_hosts(ngx_conf_t *cf, tator_conf_t *conf);
static ngx_int_t conf_saml(ngx_conf_t *cf, config_t *config, arena_t *arena);
static void conf_exhausted(void *data);

static ngx_conf_post_t conf_at_least_one = {conf_connections};
static ngx_conf_post_t conf_limit = {conf_limit_most};

#define MAIN(name, kind, set, field, post) \
    {ngx_string(name), NGX_HTTP_MAIN_CONF | kind, set, NGX_HTTP_MAIN_CONF_OFFSET, offsetof(tator_conf_t, field), post}

ngx_command_t conf_commands[] = {
    MAIN("tator_database", NGX_CONF_TAKE1, ngx_conf_set_str_slot, dsn, NULL),
    MAIN("tator_database_connections", NGX_CONF_TAKE1, ngx_conf_set_num_slot, connections, &conf_at_least_one),
    MAIN("tator_database_connect_timeout", NGX_CONF_TAKE1, ngx_conf_set_msec_slot, connect_timeout, NULL),
    MAIN("tator_statement_timeout", NGX_CONF_TAKE1, ngx_conf_set_msec_slot, statement_timeout, NULL),
    MAIN("tator_redis", NGX_CONF_TAKE1, conf_redis, redis_host, NULL),
    MAIN("tator_request_timeout", NGX_CONF_TAKE1, ngx_conf_set_msec_slot, request_timeout, NULL),
    MAIN("tator_send_timeout", NGX_CONF_TAKE1, ngx_conf_set_msec_slot, send_timeout, NULL),
    MAIN("tator_requests", NGX_CONF_TAKE1, ngx_conf_set_num_slot, requests, &conf_at_least_one),
    MAIN("tator_body_limit", NGX_CONF_TAKE1, ngx_conf_set_size_slot, body_limit, NULL),
    MAIN("tator_search_nodes", NGX_CONF_TAKE1, ngx_conf_set_num_slot, search_nodes, &conf_at_least_one),
    MAIN("tator_search_depth", NGX_CONF_TAKE1, ngx_conf_set_num_slot, search_depth, &conf_at_least_one),
    MAIN("tator_list_limit", NGX_CONF_TAKE1, ngx_conf_set_num_slot, list_limit, &conf_at_least_one),
    MAIN("tator_rate_limits", NGX_CONF_FLAG, ngx_conf_set_flag_slot, rate_limits, NULL),
    MAIN("tator_rate_limit_anonymous", NGX_CONF_TAKE1, ngx_conf_set_num_slot, rate_limit_anonymous, &conf_limit),
    MAIN("tator_rate_limit_user", NGX_CONF_TAKE1, ngx_conf_set_num_slot, rate_limit_user, &conf_limit),
    MAIN("tator_rate_limit_credentials", NGX_CONF_TAKE1, ngx_conf_set_num_slot, rate_limit_credentials, &conf_limit),
    MAIN("tator_forwarded_for", NGX_CONF_FLAG, ngx_conf_set_flag_slot, forwarded_for, NULL),
    MAIN("tator_debug_abort", NGX_CONF_FLAG, ngx_conf_set_flag_slot, debug_abort, NULL),

    {ngx_string("tator"), NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_FLAG, conf_tator, NGX_HTTP_LOC_CONF_OFFSET,
     offsetof(location_conf_t, enable), NULL},
    {ngx_string("tator_metrics"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS, conf_metrics, NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},

    ngx_null_command};

ngx_http_module_t conf_context = {masked_log_variable, NULL, conf_create_main, conf_init_main, NULL, NULL, conf_create_location, conf_merge_location};


static void *
conf_create_main(ngx_conf_t *cf)
{
    tator_conf_t *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(tator_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->connections = NGX_CONF_UNSET_UINT;
    conf->connect_timeout = NGX_CONF_UNSET_MSEC;
    conf->statement_timeout = NGX_CONF_UNSET_MSEC;
    conf->request_timeout = NGX_CONF_UNSET_MSEC;
    conf->send_timeout = NGX_CONF_UNSET_MSEC;
    conf->requests = NGX_CONF_UNSET_UINT;
    conf->body_limit = NGX_CONF_UNSET_SIZE;
    conf->search_nodes = NGX_CONF_UNSET_UINT;
    conf->search_depth = NGX_CONF_UNSET_UINT;
    conf->list_limit = NGX_CONF_UNSET_UINT;
    conf->rate_limits = NGX_CONF_UNSET;
    conf->rate_limit_anonymous = NGX_CONF_UNSET_UINT;
    conf->rate_limit_user = NGX_CONF_UNSET_UINT;
    conf->rate_limit_credentials = NGX_CONF_UNSET_UINT;
    conf->forwarded_for = NGX_CONF_UNSET;
    conf->debug_abort = NGX_CONF_UNSET;

    return conf;
}


static char *
conf_init_main(ngx_conf_t *cf, void *data)
{
    const char   *wrong;
    ngx_str_t     id = ngx_string("request_id");
    tator_conf_t *conf = data;

    ngx_conf_init_uint_value(conf->connections, 8);
    ngx_conf_init_msec_value(conf->connect_timeout, 5000);
    ngx_conf_init_msec_value(conf->statement_timeout, 0);
    ngx_conf_init_msec_value(conf->request_timeout, 300000);
    ngx_conf_init_msec_value(conf->send_timeout, 60000);
    ngx_conf_init_uint_value(conf->requests, 2048);
    ngx_conf_init_size_value(conf->body_limit, 64 * 1024 * 1024);
    ngx_conf_init_value(conf->debug_abort, 0);

    if (conf_environment(cf, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    conf_limits(conf);

    conf->router = router_create(conf->arena, endpoint_tables, &wrong);
    if (conf->router == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s", wrong);
        return NGX_CONF_ERROR;
    }

    wrong = access_unknown(endpoint_tables);
    if (wrong != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "the rows of %s are not known to the permissions (rest/models.c)", wrong);
        return NGX_CONF_ERROR;
    }

    conf->id_index = ngx_http_get_variable_index(cf, &id);
    if (conf->id_index == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    if (auth_init(cf) != NGX_OK || throttle_init(cf) != NGX_OK || metrics_init(cf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return conf_hosts(cf, conf) == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* What the environment says, where no directive says something else. */
static ngx_int_t
conf_environment(ngx_conf_t *cf, tator_conf_t *conf)
{
    const char         *wrong;
    ngx_pool_cleanup_t *cleanup;

    conf->arena = arena_create(conf_exhausted, NULL);
    cleanup = ngx_pool_cleanup_add(cf->pool, 0);
    if (conf->arena == NULL || cleanup == NULL) {
        return NGX_ERROR;
    }

    cleanup->handler = (ngx_pool_cleanup_pt) arena_destroy;
    cleanup->data = conf->arena;

    wrong = config_read(&conf->config, conf->arena);
    if (wrong != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "the environment variable %s has no usable value", wrong);
        return NGX_ERROR;
    }

    if (conf->config.redis_tls) { /* hiredis 0.14 can not */
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "REDIS_USE_SSL is set, but Redis is spoken to without TLS only");
        return NGX_ERROR;
    }

    /* who relies on a provider must not find another way in instead */
    if (conf->config.cognito) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "COGNITO_ENABLED is set, but this identity provider is not available");
        return NGX_ERROR;
    }

    if (conf->config.keycloak && (conf->config.okta || conf->config.saml)) { /* it replaces the cookie sessions that these begin */
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "KEYCLOAK_ENABLED excludes OKTA_ENABLED and SAML_ENABLED");
        return NGX_ERROR;
    }

    if (conf->config.saml && conf_saml(cf, &conf->config, conf->arena) != NGX_OK) {
        return NGX_ERROR;
    }

    if (conf->dsn.len == 0) {
        conf->dsn.data = (u_char *) config_dsn(&conf->config, conf->arena);
        conf->dsn.len = ngx_strlen(conf->dsn.data);
    }

    if (conf->redis_host.len == 0) {
        conf->redis_host.data = (u_char *) conf->config.redis_host;
        conf->redis_host.len = ngx_strlen(conf->redis_host.data);
        conf->redis_port = (in_port_t) conf->config.redis_port;
    }

    return NGX_OK;
}


/* What all layers see in the configuration is what counts: the directive, else the environment. */
static void
conf_limits(tator_conf_t *conf)
{
    ngx_conf_init_uint_value(conf->search_nodes, (ngx_uint_t) conf->config.search_nodes);
    conf->config.search_nodes = (int) conf->search_nodes;
    ngx_conf_init_uint_value(conf->search_depth, (ngx_uint_t) conf->config.search_depth);
    conf->config.search_depth = (int) conf->search_depth;
    ngx_conf_init_uint_value(conf->list_limit, (ngx_uint_t) conf->config.list_limit);
    conf->config.list_limit = (int) conf->list_limit;

    ngx_conf_init_value(conf->rate_limits, conf->config.rate_limits);
    conf->config.rate_limits = conf->rate_limits;

    /* contract/operations.md §19; who has no credentials is under both limits of a second */
    ngx_conf_init_uint_value(conf->rate_limit_user, 100);
    ngx_conf_init_uint_value(conf->rate_limit_anonymous, 10);
    ngx_conf_init_uint_value(conf->rate_limit_credentials, 0);
    ngx_conf_init_value(conf->forwarded_for, 1);

    if (conf->rate_limit_user != 0 && (conf->rate_limit_anonymous == 0 || conf->rate_limit_anonymous > conf->rate_limit_user)) {
        conf->rate_limit_anonymous = conf->rate_limit_user;
    }
}


static void *
conf_create_location(ngx_conf_t *cf)
{
    location_conf_t *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(location_conf_t));
    if (conf != NULL) {
        conf->enable = NGX_CONF_UNSET;
    }

    return conf;
}


static char *
conf_merge_location(ngx_conf_t *cf, void *parent, void *child)
{
    location_conf_t          *above = parent, *conf = child;
    ngx_http_core_loc_conf_t *core = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    ngx_conf_merge_value(conf->enable, above->enable, 0);

    return masked_log(core->error_log, cf->pool) == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* tator on | off; */
static char *
conf_tator(ngx_conf_t *cf, ngx_command_t *command, void *data)
{
    char                     *rv;
    location_conf_t          *conf = data;
    ngx_http_core_loc_conf_t *core;

    rv = ngx_conf_set_flag_slot(cf, command, data);
    if (rv != NGX_CONF_OK || !conf->enable) {
        return rv;
    }

    core = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    core->handler = request_handler;

    ((tator_conf_t *) ngx_http_conf_get_module_main_conf(cf, ngx_tator_module))->enabled = 1;

    return NGX_CONF_OK;
}


/* tator_metrics; */
static char *
conf_metrics(ngx_conf_t *cf, ngx_command_t *command, void *data)
{
    ngx_http_core_loc_conf_t *core;

    (void) command;
    (void) data;

    core = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    core->handler = metrics_handler;

    return NGX_CONF_OK;
}


/* tator_redis HOST:PORT; */
static char *
conf_redis(ngx_conf_t *cf, ngx_command_t *command, void *data)
{
    u_char       *colon;
    ngx_int_t     port;
    ngx_str_t    *value = cf->args->elts;
    tator_conf_t *conf = data;

    (void) command;

    if (conf->redis_host.len) {
        return "is duplicate";
    }

    colon = ngx_strlchr(value[1].data, value[1].data + value[1].len, ':');
    port = colon == NULL ? 6379 : ngx_atoi(colon + 1, value[1].data + value[1].len - colon - 1);
    if (port < 1 || port > 65535 || colon == value[1].data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" is not HOST:PORT", &value[1]);
        return NGX_CONF_ERROR;
    }

    conf->redis_host = value[1];
    if (colon != NULL) {
        *colon = '\0';
        conf->redis_host.len = colon - value[1].data;
    }
    conf->redis_port = (in_port_t) port;

    return NGX_CONF_OK;
}


static char *
conf_connections(ngx_conf_t *cf, void *post, void *data)
{
    ngx_uint_t *n = data;

    (void) post;

    if (*n == 0 || *n > NGX_MAX_INT32_VALUE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "the value must be at least 1 and at most %d", NGX_MAX_INT32_VALUE);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
conf_limit_most(ngx_conf_t *cf, void *post, void *data)
{
    ngx_uint_t *n = data;

    (void) post;

    if (*n > THROTTLE_MOST) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "the value must be at most %d", THROTTLE_MOST);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* The names of contract/accounts.md §2: MAIN_HOST, ALIAS_HOSTS and the reference's service names; without MAIN_HOST any. */
static ngx_int_t
conf_hosts(ngx_conf_t *cf, tator_conf_t *conf)
{
    const char        *text, *end;
    ngx_str_t         *host;
    static const char *inside[] = {"gunicorn", "gunicorn-svc", "gunicorn-headless-svc", "localhost", "127.0.0.1", "[::1]"};

    if (ngx_array_init(&conf->hosts, cf->pool, 8, sizeof(ngx_str_t)) != NGX_OK) {
        return NGX_ERROR;
    }

    if (conf->config.main_host == NULL || conf->config.main_host[0] == '\0') {
        return NGX_OK;
    }

    for (size_t k = 0; k < sizeof(inside) / sizeof(inside[0]); k++) {
        host = ngx_array_push(&conf->hosts);
        if (host == NULL) {
            return NGX_ERROR;
        }
        *host = (ngx_str_t) {strlen(inside[k]), (u_char *) inside[k]};
    }

    for (int k = 0; k < 2; k++) {
        text = k == 0 ? conf->config.main_host : conf->config.alias_hosts;

        for (; text != NULL && *text != '\0'; text = *end ? end + 1 : end) {
            end = text + strcspn(text, ", ");
            if (end == text) {
                continue;
            }
            host = ngx_array_push(&conf->hosts);
            if (host == NULL) {
                return NGX_ERROR;
            }
            *host = (ngx_str_t) {strcspn(text, ":, "), (u_char *) text};
        }
    }

    return NGX_OK;
}


/* SAML_METADATA_URL: what it leads to says whom to trust, so that it must not be changed on its way. A file is read now, since no worker may wait
   for a disk. */
static ngx_int_t
conf_saml(ngx_conf_t *cf, config_t *config, arena_t *arena)
{
    FILE                    *file;
    size_t                   len;
    char                    *text;
    const char              *fault, *url = config->saml_metadata_url;
    saml_provider_t         *provider;
    static const char *const safe[] = {"https://", "http://127.0.0.1:", "http://127.0.0.1/", "http://localhost:", "http://localhost/"};

    for (size_t k = 0; url != NULL && k < sizeof(safe) / sizeof(safe[0]); k++) {
        if (strncmp(url, safe[k], strlen(safe[k])) == 0) {
            return NGX_OK;
        }
    }

    if (url == NULL || strncmp(url, "file:///", 8) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "SAML_ENABLED is set, but SAML_METADATA_URL is no URL of https or file");
        return NGX_ERROR;
    }

    text = arena_alloc(arena, SAML_METADATA_LIMIT + 1);
    file = fopen(url + 7, "r");
    if (file == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno, "the file of SAML_METADATA_URL can not be read");
        return NGX_ERROR;
    }

    len = fread(text, 1, SAML_METADATA_LIMIT, file);
    text[len] = '\0';
    fclose(file);

    provider = arena_alloc(arena, sizeof(saml_provider_t));
    fault = saml_provider_read(provider, text, len);
    if (fault != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "SAML_METADATA_URL: %s", fault);
        return NGX_ERROR;
    }

    config->saml_metadata = text;

    return NGX_OK;
}


static void
conf_exhausted(void *data)
{
    (void) data;
    fprintf(stderr, "no memory for the configuration\n");
    exit(1);
}
