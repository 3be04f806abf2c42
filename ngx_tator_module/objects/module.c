/*
 * Directives of the embedded object store:
 *
 *     tator_objects DIRECTORY;            location: serve buckets in DIRECTORY below this location
 *     tator_objects_key ACCESS SECRET;    the pair of keys; default: TATOR_OBJECTS_ACCESS_KEY and TATOR_OBJECTS_SECRET_KEY
 *     tator_objects_host NAME …;          further Host values that a signature may cover, for proxies that send another one
 *
 * The buckets of DEFAULT_LIVE_BUCKET_NAME, DEFAULT_UPLOAD_BUCKET_NAME, DEFAULT_BACKUP_BUCKET_NAME and DEFAULT_ALT_BUCKET_NAME are
 * made when they are first used.
 */

#include "module.h"


#define OBJECTS_BUFFER (256 * 1024)

static void     *objects_create_conf(ngx_conf_t *cf);
static char     *objects_merge_conf(ngx_conf_t *cf, void *parent, void *child);
static char     *objects_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *data);
static char     *objects_key_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *data);
static char     *objects_host_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *data);
static char     *objects_keys_of_environment(objects_conf_t *conf);
static ngx_int_t objects_own_buckets(ngx_conf_t *cf, objects_conf_t *conf);


static const char *const objects_bucket_names[] = {
    "DEFAULT_LIVE_BUCKET_NAME", "DEFAULT_UPLOAD_BUCKET_NAME", "DEFAULT_BACKUP_BUCKET_NAME", "DEFAULT_ALT_BUCKET_NAME"};

#define OBJECTS_BUCKET_NAMES (sizeof(objects_bucket_names) / sizeof(objects_bucket_names[0]))

static ngx_command_t objects_commands[] = {
    {ngx_string("tator_objects"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1, objects_directive, NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    {ngx_string("tator_objects_key"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_TAKE2, objects_key_directive,
     NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    {ngx_string("tator_objects_host"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_1MORE, objects_host_directive,
     NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    ngx_null_command};

static ngx_http_module_t objects_context = {
    .create_loc_conf = objects_create_conf,
    .merge_loc_conf = objects_merge_conf,
};

ngx_module_t ngx_tator_objects_module = {
    NGX_MODULE_V1,
    &objects_context,
    objects_commands,
    NGX_HTTP_MODULE,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
    NGX_MODULE_V1_PADDING};


static void *
objects_create_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(objects_conf_t));
}


static char *
objects_merge_conf(ngx_conf_t *cf, void *parent, void *child)
{
    static const char        *none = NULL;
    objects_conf_t           *outer, *conf;
    ngx_http_core_loc_conf_t *clcf;

    outer = parent;
    conf = child;

    if (conf->store.access_key == NULL) {
        conf->store.access_key = outer->store.access_key;
        conf->store.secret_key = outer->store.secret_key;
    }

    if (conf->hosts == NULL) {
        conf->hosts = outer->hosts;
    }

    if (conf->store.root == NULL) {
        return NGX_CONF_OK;
    }

    if (conf->store.access_key == NULL && objects_keys_of_environment(conf) == NULL) {
        ngx_conf_log_error(
            NGX_LOG_EMERG, cf, 0,
            "\"tator_objects\" needs keys: \"tator_objects_key\", or TATOR_OBJECTS_ACCESS_KEY and TATOR_OBJECTS_SECRET_KEY in the environment"
        );
        return NGX_CONF_ERROR;
    }

    if (objects_own_buckets(cf, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    conf->store.hosts = &none;
    if (conf->hosts != NULL) {
        /* The list ends with NULL for those who read it. */
        if (ngx_array_push(conf->hosts) == NULL) {
            return NGX_CONF_ERROR;
        }
        conf->store.hosts = conf->hosts->elts;
        ((const char **) conf->hosts->elts)[--conf->hosts->nelts] = NULL;
    }

    /* Objects are of any size, and pieces of the body go to a thread each. */
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->client_max_body_size = 0;
    clcf->if_modified_since = NGX_HTTP_IMS_BEFORE;
    if (clcf->client_body_buffer_size < OBJECTS_BUFFER) {
        clcf->client_body_buffer_size = OBJECTS_BUFFER;
    }

    return NGX_CONF_OK;
}


static char *
objects_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *data)
{
    char                     *prefix;
    ngx_str_t                *value, root;
    objects_conf_t           *conf;
    ngx_http_core_loc_conf_t *clcf;

    conf = data;
    value = cf->args->elts;
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (conf->store.root != NULL) {
        return "is duplicate";
    }

    if (clcf->name.len == 0 || clcf->name.data[0] != '/') {
        return "needs a location that is a prefix";
    }

    root = value[1];
    if (ngx_conf_full_name(cf->cycle, &root, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }
    while (root.len > 1 && root.data[root.len - 1] == '/') {
        root.data[--root.len] = '\0';
    }
    if (root.len > 512) {
        return "has a directory with too long a name";
    }

    prefix = ngx_pcalloc(cf->pool, clcf->name.len + 1);
    if (prefix == NULL) {
        return NGX_CONF_ERROR;
    }
    ngx_memcpy(prefix, clcf->name.data, clcf->name.len);
    if (prefix[clcf->name.len - 1] == '/') {
        prefix[clcf->name.len - 1] = '\0';
    }

    conf->store.root = (char *) root.data;
    conf->prefix = prefix;
    conf->pool = ngx_thread_pool_add(cf, NULL);
    if (conf->pool == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf->handler = objects_handler;

    return NGX_CONF_OK;
}


static char *
objects_key_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *data)
{
    ngx_str_t      *value;
    objects_conf_t *conf;

    conf = data;
    value = cf->args->elts;

    if (conf->store.access_key != NULL) {
        return "is duplicate";
    }

    if (value[1].len == 0 || value[2].len < 8) {
        return "needs an access key and a secret of at least 8 characters";
    }

    conf->store.access_key = (char *) value[1].data;
    conf->store.secret_key = (char *) value[2].data;

    return NGX_CONF_OK;
}


static char *
objects_host_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *data)
{
    char          **host;
    ngx_str_t      *value;
    ngx_uint_t      i;
    objects_conf_t *conf;

    conf = data;
    value = cf->args->elts;

    if (conf->hosts == NULL) {
        conf->hosts = ngx_array_create(cf->pool, cf->args->nelts, sizeof(char *));
        if (conf->hosts == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    for (i = 1; i < cf->args->nelts; i++) {
        host = ngx_array_push(conf->hosts);
        if (host == NULL) {
            return NGX_CONF_ERROR;
        }
        *host = (char *) value[i].data;
    }

    return NGX_CONF_OK;
}


static char *
objects_keys_of_environment(objects_conf_t *conf)
{
    char *access, *secret;

    access = getenv("TATOR_OBJECTS_ACCESS_KEY");
    secret = getenv("TATOR_OBJECTS_SECRET_KEY");

    if (access == NULL || *access == '\0' || secret == NULL || ngx_strlen(secret) < 8) {
        return NULL;
    }

    conf->store.access_key = access;
    conf->store.secret_key = secret;

    return access;
}


static ngx_int_t
objects_own_buckets(ngx_conf_t *cf, objects_conf_t *conf)
{
    char       *name;
    size_t      i, n;

    conf->store.buckets = ngx_pcalloc(cf->pool, (OBJECTS_BUCKET_NAMES + 1) * sizeof(char *));
    if (conf->store.buckets == NULL) {
        return NGX_ERROR;
    }

    for (i = 0, n = 0; i < OBJECTS_BUCKET_NAMES; i++) {
        name = getenv(objects_bucket_names[i]);
        if (name != NULL && name_bucket_good(name)) {
            conf->store.buckets[n++] = name;
        }
    }

    return NGX_OK;
}
