/*
 * Presigned URLs in media_files. Signing needs no other server: the stores of all buckets are read once, before a list
 * begins, so that the rows can be dealt with while the database's cursor is open. URLs already made for this user come from
 * Redis, one round trip a row; without Redis they are just made anew.
 *
 * The row in hand (`files`, `scratch`) belongs to the presigner and is dropped when the next one comes or the request ends.
 */

#include <time.h>

#include <tator/store.h>
#include <tator/uri.h>

#include "../net/redis.h"
#include "media.h"

#define PRESIGN_KEPT_BACK 3600 /* seconds that a cached URL holds beyond its time in the cache */

typedef struct {
    int64_t     bucket; /* 0: the default store */
    const char *type, *config, *name, *external_host;
    store_t    *store;  /* NULL: not made yet */
} presign_store_t;

/* A member of a definition that is a key. */
typedef struct {
    json_t     *definition;
    const char *member, *path, *url;
} presign_file_t;

struct media_presign_s {
    rq_t            *rq;
    int              seconds;
    bool             cached;
    bool             list;
    json_t          *only; /* roles; NULL: all */
    presign_store_t *stores;
    size_t           n_stores;
    json_t          *files;
    arena_t         *scratch;
    time_t           now;
};

static const char *const presign_roles[] = {"archival", "streaming", "audio", "image", "thumbnail", "thumbnail_gif", "attachment", NULL};

/* seconds, then keys and URLs */
static const char presign_keep[] = "for k, key in ipairs(KEYS) do redis.call('SET', key, ARGV[k + 1], 'EX', ARGV[1]) end";

const column_t media_resources_column = {
    "resources", "(SELECT json_object_agg(r.path, coalesce(r.bucket_id, 0)) FROM main_resource_media l JOIN main_resource r ON r.id = l.resource_id"
        " WHERE l.media_id = t.id)",
    COLUMN_RAW,
};

static void            presign_stores(media_presign_t *presign);
static void            presign_drop(void *data);
static void            presign_exhausted(void *data);
static bool            presign_wanted(const media_presign_t *presign, const char *role);
static presign_file_t *presign_collect(media_presign_t *presign, size_t *n);
static void            presign_add(presign_file_t *files, size_t *n, json_t *definition, const char *member);
static void            presign_recall(media_presign_t *presign, presign_file_t *files, size_t n);
static void            presign_sign(media_presign_t *presign, presign_file_t *files, size_t n, const json_t *resources);
static void            presign_remember(media_presign_t *presign, presign_file_t **files, size_t n);
static const store_t  *presign_store(media_presign_t *presign, int64_t bucket);


media_presign_t *
media_presign_start(rq_t *rq)
{
    media_presign_t *presign;

    if (!param_given(rq, "presigned")) {
        return NULL;
    }

    presign = arena_zalloc(rq->arena, sizeof(media_presign_t));
    presign->rq = rq;
    presign->seconds = (int) param_int(rq, "presigned", 0);
    presign->cached = !param_bool(rq, "no_cache", false);
    presign->only = json_array_size(param(rq, "presign_only")) > 0 ? param(rq, "presign_only") : NULL;
    presign->list = param(rq, "id") == NULL;
    presign->now = time(NULL);
    presign_stores(presign);
    arena_cleanup(rq->arena, presign_drop, presign);

    return presign;
}


const char *
media_presign_files(rq_t *rq, media_presign_t *presign, const char *media_files, const char *resources)
{
    size_t          n;
    json_t         *buckets;
    json_error_t    error;
    presign_file_t *files;

    presign_drop(presign);
    presign->scratch = arena_create(presign_exhausted, rq);
    presign->files = json_parse(media_files ? media_files : "null", media_files ? strlen(media_files) : 4, &error);
    if (presign->scratch == NULL || presign->files == NULL) {
        fail(rq, 503, "No memory.");
    }

    files = presign_collect(presign, &n);
    if (n > 0) {
        buckets = resources ? json_parse(resources, strlen(resources), &error) : NULL;
        if (buckets != NULL) {
            arena_cleanup(presign->scratch, (void (*)(void *)) json_decref, buckets);
        }

        if (presign->cached) {
            presign_recall(presign, files, n);
        }
        presign_sign(presign, files, n, buckets);
    }

    return json_text(presign->scratch, presign->files);
}


/* The default live store and those of all buckets. */
static void
presign_stores(media_presign_t *presign)
{
    rq_t                 *rq = presign->rq;
    result_t             *result;
    presign_store_t      *store;
    const store_config_t *live = &rq->config->stores[STORE_LIVE];

    result = pg_query(rq, "SELECT id, store_type, config, name, external_host FROM main_bucket");
    presign->n_stores = 1 + (size_t) pg_rows(result);
    presign->stores = arena_zalloc(rq->arena, presign->n_stores * sizeof(presign_store_t));
    presign->stores[0] = (presign_store_t) {0, live->store_type, live->config, live->bucket_name, live->external_host, NULL};

    for (int64_t row = 0; row < pg_rows(result); row++) {
        store = &presign->stores[row + 1];
        store->bucket = pg_int(result, row, 0);
        store->type = pg_text(result, row, 1);
        store->config = pg_text(result, row, 2);
        store->name = pg_text(result, row, 3);
        store->external_host = pg_text(result, row, 4);
    }
}


static void
presign_drop(void *data)
{
    media_presign_t *presign = data;

    json_decref(presign->files);
    presign->files = NULL;
    if (presign->scratch != NULL) {
        arena_destroy(presign->scratch);
        presign->scratch = NULL;
    }
}


static void
presign_exhausted(void *data)
{
    fail(data, 503, "No memory.");
}


static bool
presign_wanted(const media_presign_t *presign, const char *role)
{
    size_t  k;
    json_t *wanted;

    if (presign->only == NULL) {
        return true;
    }

    json_array_foreach(presign->only, k, wanted) {
        if (strcmp(json_string_value(wanted), role) == 0) {
            return true;
        }
    }

    return false;
}


/* All keys; a URL stays what it is. */
static presign_file_t *
presign_collect(media_presign_t *presign, size_t *n)
{
    size_t          k, at, room = 0;
    json_t         *definition;
    presign_file_t *files;

    *n = 0;
    for (k = 0; presign_roles[k] != NULL; k++) {
        room += 2 * json_array_size(json_object_get(presign->files, presign_roles[k]));
    }
    files = arena_zalloc(presign->scratch, (room + 1) * sizeof(presign_file_t));

    for (k = 0; presign_roles[k] != NULL; k++) {
        if (!presign_wanted(presign, presign_roles[k])) {
            continue;
        }
        json_array_foreach(json_object_get(presign->files, presign_roles[k]), at, definition) {
            presign_add(files, n, definition, "path");
            if (strcmp(presign_roles[k], "streaming") == 0) {
                presign_add(files, n, definition, "segment_info");
            }
        }
    }

    return files;
}


static void
presign_add(presign_file_t *files, size_t *n, json_t *definition, const char *member)
{
    const char *path = json_string_value(json_object_get(definition, member));

    if (path != NULL && !uri_has_scheme(path)) {
        files[(*n)++] = (presign_file_t) {definition, member, path, NULL};
    }
}


static void
presign_recall(media_presign_t *presign, presign_file_t *files, size_t n)
{
    const char   **argv = arena_alloc(presign->scratch, (n + 1) * sizeof(char *));
    redis_value_t *answer;

    argv[0] = "MGET";
    for (size_t k = 0; k < n; k++) {
        argv[k + 1] = arena_format(presign->scratch, "%ld__%s", (long) presign->rq->user.id, files[k].path);
    }

    answer = redis_try(presign->rq, presign->scratch, (int) n + 1, argv, NULL);
    if (answer == NULL || answer->type != REDIS_LIST || answer->n != n) {
        return;
    }

    for (size_t k = 0; k < n; k++) {
        files[k].url = answer->items[k].type == REDIS_TEXT ? answer->items[k].text : NULL;
    }
}


static void
presign_sign(media_presign_t *presign, presign_file_t *files, size_t n, const json_t *resources)
{
    json_t          *bucket;
    size_t           made = 0;
    const store_t   *store;
    presign_file_t **fresh = arena_alloc(presign->scratch, n * sizeof(presign_file_t *));

    for (size_t k = 0; k < n; k++) {

        if (files[k].url == NULL) {
            bucket = json_object_get(resources, files[k].path);

            if (bucket == NULL && !presign->list) {
                fail(presign->rq, 400, "Resource matching query does not exist.");
            }

            store = bucket ? presign_store(presign, json_integer_value(bucket)) : NULL;
            if (store == NULL) {
                continue; /* in the middle of a list: the key stays */
            }

            files[k].url = store_url(store, presign->scratch, &(store_call_t) {.operation = STORE_GET, .path = files[k].path},
                                     presign->seconds, presign->now);
            if (files[k].url == NULL) {
                continue;
            }
            fresh[made++] = &files[k];
        }
    }

    if (presign->cached && presign->seconds > PRESIGN_KEPT_BACK) {
        presign_remember(presign, fresh, made);
    }

    for (size_t k = 0; k < n; k++) {
        if (files[k].url != NULL) {
            json_object_set_new(files[k].definition, files[k].member, json_string(files[k].url));
        }
    }
}


static void
presign_remember(media_presign_t *presign, presign_file_t **files, size_t n)
{
    const char **argv;

    if (n == 0) {
        return;
    }

    argv = arena_alloc(presign->scratch, (2 * n + 4) * sizeof(char *));
    argv[0] = "EVAL";
    argv[1] = presign_keep;
    argv[2] = arena_format(presign->scratch, "%zu", n);
    argv[3 + n] = arena_format(presign->scratch, "%d", presign->seconds - PRESIGN_KEPT_BACK);

    for (size_t k = 0; k < n; k++) {
        argv[3 + k] = arena_format(presign->scratch, "%ld__%s", (long) presign->rq->user.id, files[k]->path);
        argv[4 + n + k] = files[k]->url;
    }

    redis_try(presign->rq, presign->scratch, (int) (2 * n + 4), argv, NULL);
}


/* NULL: there is no such store, or its configuration can not be used. */
static const store_t *
presign_store(media_presign_t *presign, int64_t bucket)
{
    json_t          *config;
    const char      *problem;
    json_error_t     error;
    presign_store_t *store;

    for (store = presign->stores; store < presign->stores + presign->n_stores; store++) {
        if (store->bucket == bucket) {
            break;
        }
    }

    if (store == presign->stores + presign->n_stores || store->config == NULL || store->type == NULL) {
        return NULL;
    }

    if (store->store == NULL) {
        config = json_parse(store->config, strlen(store->config), &error);
        if (config == NULL) {
            return NULL;
        }
        rq_own(presign->rq, config);
        store->store = store_create(presign->rq->arena, store->type, config, store->name, store->external_host,
                                    presign->rq->config->require_https, &problem);
    }

    return store->store;
}
