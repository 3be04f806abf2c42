/*
 * Object stores as handlers need them (stores.h).
 */

#include <time.h>

#include <tator/origin.h>
#include <tator/uri.h>

#include "../core/wait.h"
#include "../net/pg.h"
#include "access.h"
#include "stores.h"

#define STORES_TIMEOUT          10000
#define STORES_COMPLETE_TIMEOUT 600000 /* joining the parts of a large object takes a while */

typedef struct removed_s removed_t;

struct removed_s {
    const char *path;
    int64_t     bucket;
    bool        backed_up;
    removed_t  *next;
};

struct removal_s {
    rq_t       *rq;
    int64_t     project;
    removed_t  *first, **last;
};

static store_t       *stores_make(rq_t *rq, const char *type, const char *config, const char *name, const char *external_host);
static const store_t *stores_entered(rq_t *rq, const result_t *row);
static void           removal_delete(removal_t *removal, const store_t *store, const char *path);


/* The project's column of each kind. */
static const char *const stores_columns[STORE_KINDS] = {
    [STORE_LIVE] = "bucket",
    [STORE_UPLOAD] = "upload_bucket",
    [STORE_BACKUP] = "backup_bucket",
};

/* The link table and its column of each holder, and the table of the holder and its project. */
static const struct {
    const char *table, *column, *project;
} resource_holders[] = {
    [RESOURCE_MEDIA] = {"main_resource_media", "media_id", "SELECT project FROM main_media WHERE id = "},
    [RESOURCE_FILE] = {"main_resource_generic_files", "file_id", "SELECT project FROM main_file WHERE id = "},
};


const store_t *
stores_default(rq_t *rq, int kind)
{
    const store_config_t *config;

    if (kind == STORE_UPLOAD && rq->config->stores[STORE_UPLOAD].config == NULL) {
        kind = STORE_LIVE;
    }

    config = &rq->config->stores[kind];

    if (config->config == NULL) {
        if (kind == STORE_BACKUP) {
            return NULL;
        }
        fail(rq, 400, "No default object store is configured.");
    }

    return stores_make(rq, config->store_type, config->config, config->bucket_name, config->external_host);
}


const store_t *
stores_bucket(rq_t *rq, int64_t bucket)
{
    result_t *result;

    if (bucket == 0) {
        return stores_default(rq, STORE_LIVE);
    }

    result = pg_query(rq, "SELECT store_type, config, name, external_host FROM main_bucket WHERE id = %ld", bucket);
    if (pg_rows(result) == 0) {
        fail(rq, 400, "Bucket ID %ld does not exist!", (long) bucket);
    }

    return stores_entered(rq, result);
}


const store_t *
stores_project(rq_t *rq, int64_t project, int kind)
{
    sql_t    *sql;
    result_t *result;

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT b.store_type, b.config, b.name, b.external_host FROM main_project p JOIN main_bucket b ON b.id = p.");
    sql_raw(sql, stores_columns[kind]);
    sql_put(sql, " WHERE p.id = %ld", project);

    result = pg_run(rq, sql);
    if (pg_rows(result) == 0) {
        return stores_default(rq, kind);
    }

    return stores_entered(rq, result);
}


const store_t *
stores_path(rq_t *rq, const char *path)
{
    result_t *result;

    result = pg_query(rq, "SELECT bucket_id FROM main_resource WHERE path = %s ORDER BY id LIMIT 1", path);

    return pg_rows(result) != 0 ? stores_bucket(rq, pg_int(result, 0, 0)) : NULL;
}


void
stores_bucket_allowed(rq_t *rq, int64_t bucket)
{
    bool      allowed;
    result_t *result;

    result = pg_query(rq, "SELECT organization_id FROM main_bucket WHERE id = %ld", bucket);
    if (pg_rows(result) == 0) {
        fail(rq, 400, "Bucket ID %ld does not exist!", (long) bucket);
    }

    allowed = rq->config->fine_grain ? access_mask(rq, "tator.organization_permission", pg_int(result, 0, 0)) >> 8 > 0
                                     : access_affiliated(rq, pg_int(result, 0, 0), false);
    if (!allowed) {
        fail(rq, 400, "User %ld does not have permission to bucket %ld!", (long) rq->user.id, (long) bucket);
    }
}


fetched_t *
stores_send(rq_t *rq, const store_t *store, const store_call_t *call)
{
    store_request_t *request;

    request = store_request(store, rq->arena, call, time(NULL));
    if (request == NULL) {
        return NULL;
    }

    return fetch(rq, &(fetch_t) {
                         .method = request->method,
                         .url = request->url,
                         .headers = request->headers,
                         .body = request->body,
                         .body_len = request->body_len,
                         .limit = 16 * 1024 * 1024,
                         .guarded = store_guarded(store),
                         .timeout_ms = call->operation == STORE_UPLOAD_COMPLETE ? STORES_COMPLETE_TIMEOUT : STORES_TIMEOUT,
                     });
}


char *
stores_url(rq_t *rq, const store_t *store, const store_call_t *call, int seconds)
{
    char *url;

    url = store_url(store, rq->arena, call, seconds, time(NULL));
    if (url == NULL) {
        fail(rq, 400, "The key of the object store can not sign.");
    }

    return url;
}


void
resource_add(rq_t *rq, const char *path, resource_holder_t kind, int64_t holder, int64_t bucket)
{
    sql_t *sql;

    if (uri_has_scheme(path)) {
        fail(rq, 400, "Can't supply a url to a resource path");
    }

    /* Paths are not unique in the table: two that come at once must not both make a row. */
    pg_query(rq, "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", path);

    sql = sql_new(rq->arena);
    sql_put(sql,
            "WITH found AS (SELECT id FROM main_resource WHERE path = %s ORDER BY id LIMIT 1),"
            " made AS (INSERT INTO main_resource (path, backed_up, bucket_id)"
            "  SELECT %s, false, coalesce(nullif(%ld::bigint, 0), (SELECT bucket FROM main_project WHERE id = (",
            path, path, bucket);
    sql_raw(sql, resource_holders[kind].project);
    sql_put(sql, "%ld))) WHERE NOT EXISTS (SELECT FROM found) RETURNING id) INSERT INTO ", holder);
    sql_raw(sql, resource_holders[kind].table);
    sql_put(sql, " (resource_id, ");
    sql_raw(sql, resource_holders[kind].column);
    sql_put(sql, ") SELECT id, %ld FROM (SELECT id FROM found UNION ALL SELECT id FROM made) r ON CONFLICT DO NOTHING", holder);
    pg_run(rq, sql);
}


void
resource_drop(rq_t *rq, const char *path, resource_holder_t kind, int64_t holder)
{
    sql_t *sql;

    sql = sql_new(rq->arena);
    sql_put(sql, "DELETE FROM ");
    sql_raw(sql, resource_holders[kind].table);
    sql_put(sql, " WHERE resource_id IN (SELECT id FROM main_resource WHERE path = %s) AND ", path);
    sql_raw(sql, resource_holders[kind].column);
    sql_put(sql, " = %ld", holder);
    pg_run(rq, sql);
}


removal_t *
removal_new(rq_t *rq, int64_t project)
{
    removal_t *removal;

    removal = arena_zalloc(rq->arena, sizeof(removal_t));
    removal->rq = rq;
    removal->project = project;
    removal->last = &removal->first;

    return removal;
}


void
removal_add(removal_t *removal, const char *path)
{
    rq_t      *rq;
    int64_t    row;
    result_t  *result;
    removed_t *removed;

    if (path == NULL || uri_has_scheme(path)) {
        return;
    }

    rq = removal->rq;
    pg_query(rq, "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", path);

    result = pg_query(rq,
                      "DELETE FROM main_resource r WHERE r.path = %s"
                      " AND NOT EXISTS (SELECT FROM main_resource_media l WHERE l.resource_id = r.id)"
                      " AND NOT EXISTS (SELECT FROM main_resource_generic_files l WHERE l.resource_id = r.id)"
                      " RETURNING r.bucket_id, r.backed_up",
                      path);

    for (row = 0; row < pg_rows(result); row++) {
        removed = arena_zalloc(rq->arena, sizeof(removed_t));
        removed->path = arena_text(rq->arena, path);
        removed->bucket = pg_int(result, row, 0);
        removed->backed_up = pg_bool(result, row, 1);
        *removal->last = removed;
        removal->last = &removed->next;
    }
}


void
removal_run(removal_t *removal)
{
    removed_t     *removed;
    const store_t *backup;

    for (removed = removal->first; removed != NULL; removed = removed->next) {
        removal_delete(removal, stores_bucket(removal->rq, removed->bucket), removed->path);

        if (removed->backed_up && removal->project != 0) {
            backup = stores_project(removal->rq, removal->project, STORE_BACKUP);
            if (backup != NULL) {
                removal_delete(removal, backup, removed->path);
            }
        }
    }
}


static void
removal_delete(removal_t *removal, const store_t *store, const char *path)
{
    fetched_t *answer;

    answer = stores_send(removal->rq, store, &(store_call_t) {STORE_DELETE, .path = path});

    if (answer->status != 404 && (answer->status < 200 || answer->status > 299)) {
        ngx_log_error(NGX_LOG_WARN, rq_log(removal->rq), 0, "object %s was not deleted: status %d %s", path, answer->status,
                      answer->error != NULL ? answer->error : "");
    }
}


/* A bucket's row: type, configuration, name, external host. */
static const store_t *
stores_entered(rq_t *rq, const result_t *row)
{
    store_t *store = stores_make(rq, pg_text(row, 0, 0), pg_text(row, 0, 1), pg_text(row, 0, 2), pg_text(row, 0, 3));

    store_set_guarded(store, !origin_inside(rq->config, store_address(store)));

    return store;
}


static store_t *
stores_make(rq_t *rq, const char *type, const char *config, const char *name, const char *external_host)
{
    json_t     *value;
    store_t    *store;
    const char *error;

    value = config != NULL ? json_parse(config, strlen(config), NULL) : NULL;
    if (value == NULL) {
        fail(rq, 400, "The object store has no configuration.");
    }
    rq_own(rq, value);

    store = store_create(rq->arena, type, value, name, external_host, rq->config->require_https, &error);
    if (store == NULL) {
        fail(rq, 400, "%s", error);
    }

    return store;
}
