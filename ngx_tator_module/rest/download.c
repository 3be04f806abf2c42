/*
 * Download URLs for object keys.
 */

#include <time.h>

#include <tator/uri.h>

#include "../api/stores.h"
#include "../net/pg.h"
#include "../net/redis.h"
#include "common.h"

#define DOWNLOAD_TURN      200  /* keys signed in one go */
#define DOWNLOAD_KEPT_BACK 3600 /* seconds that a cached URL holds beyond its time in the cache */

typedef struct {
    const char    *key, *url;
    int64_t        bucket; /* -1: no resource has the key */
} download_t;

static const field_t download_info_fields[] = {
    {"key", STRING(), OPTIONAL, "Object key."},
    {"url", STRING(), OPTIONAL, "Its address."},
    {0},
};

static const field_t download_info_spec_fields[] = {
    {"keys", ARRAY(STRING()), REQUIRED, "Object keys."},
    {0},
};

const schema_t schema_download_info = OBJECT(download_info_fields, NAMED("DownloadInfo"));
const schema_t schema_download_info_spec = OBJECT(download_info_spec_fields, NAMED("DownloadInfoSpec"));

static const field_t download_info_params[] = {
    {"expiration", INTEGER(MINIMUM(1), MAXIMUM(604800), DEFAULT("86400")), OPTIONAL, "Seconds that the URLs hold."},
    {0},
};

/* keys and URLs, then the seconds */
static const char download_keep[] = "for k, key in ipairs(KEYS) do redis.call('SET', key, ARGV[k + 1], 'EX', ARGV[1]) end";

static void    download_info(rq_t *rq);
static void    download_recall(rq_t *rq, download_t *downloads, size_t n);
static void    download_remember(rq_t *rq, download_t **downloads, size_t n, int seconds);
static void    download_resources(rq_t *rq, download_t *downloads, size_t n);
static int64_t download_project(rq_t *rq, const char *key);
static void    download_sign(rq_t *rq, download_t *downloads, size_t n, int seconds);

const endpoint_t download_endpoints[] = {
    {POST(TRANSFER), "/rest/DownloadInfo/{project}", "GetDownloadInfo", download_info,
     .params = {path_project, download_info_params}, .body = &schema_download_info_spec,
     .reply = &schema_download_info, .flags = REPLY_LIST,
     .doc = "URLs to download object keys."},
    {0},
};


/* POST DownloadInfo/{project} (contract/media.md §9). A URL in the cache is given before the key's project is looked at (R). */
static void
download_info(rq_t *rq)
{
    int         seconds = (int) param_int(rq, "expiration", 86400);
    size_t      i, n = json_array_size(param(rq, "keys"));
    json_t     *key, *list = rq_own(rq, json_array());
    download_t *downloads = arena_zalloc(rq->arena, (n + 1) * sizeof(download_t));

    json_array_foreach(param(rq, "keys"), i, key) {
        downloads[i].key = json_string_value(key);
        downloads[i].bucket = -1;

        if (downloads[i].key == NULL) {
            fail(rq, 400, "Each of the keys must be a text.");
        }

        /* also of a key whose URL is remembered: the right may have gone since */
        if (download_project(rq, downloads[i].key) != rq->project || uri_climbs(downloads[i].key)) {
            fail_permission(rq);
        }
    }

    if (n > 0) {
        download_recall(rq, downloads, n);
        download_sign(rq, downloads, n, seconds);
    }

    for (i = 0; i < n; i++) {
        json_array_append_new(list, json_pack("{s:s, s:s}", "key", downloads[i].key, "url", downloads[i].url));
    }

    reply_json(rq, 201, list);
}


static void
download_sign(rq_t *rq, download_t *downloads, size_t n, int seconds)
{
    size_t         i, fresh = 0;
    int64_t        bucket = 0;
    const store_t *store = NULL, *defaults[STORE_KINDS] = {NULL};
    download_t   **made = arena_alloc(rq->arena, n * sizeof(download_t *));

    for (i = 0; i < n; i++) {
        if (downloads[i].url == NULL) {
            made[fresh++] = &downloads[i];

        }
    }

    if (fresh == 0) {
        return;
    }

    download_resources(rq, downloads, n);

    for (i = 0; i < fresh; i++) {
        int kind = strncmp(made[i]->key, "_uploads", 8) == 0 ? STORE_UPLOAD : STORE_LIVE;

        if (i % DOWNLOAD_TURN == DOWNLOAD_TURN - 1) {
            rq_yield(rq);
        }

        if (made[i]->bucket >= 0) {
            if (store == NULL || bucket != made[i]->bucket) {
                bucket = made[i]->bucket;
                store = stores_bucket(rq, bucket);
            }
            made[i]->url = stores_url(rq, store, &(store_call_t) {STORE_GET, .path = made[i]->key}, seconds);
            continue;
        }

        if (defaults[kind] == NULL) {
            defaults[kind] = stores_project(rq, rq->project, kind);
        }
        made[i]->url = stores_url(rq, defaults[kind], &(store_call_t) {STORE_GET, .path = made[i]->key}, seconds);
    }

    if (seconds > DOWNLOAD_KEPT_BACK) {
        download_remember(rq, made, fresh, seconds - DOWNLOAD_KEPT_BACK);
    }
}


/* The project that a key names: its fourth part below _uploads, else its second. */
static int64_t
download_project(rq_t *rq, const char *key)
{
    int         part = strncmp(key, "_uploads", 8) == 0 ? 3 : 1;
    char       *end;
    int64_t     project;
    const char *p = key;

    for (/* void */; part > 0 && p != NULL; part--) {
        p = strchr(p, '/');
        p = p != NULL ? p + 1 : NULL;
    }

    project = p != NULL ? strtoll(p, &end, 10) : 0;
    if (p == NULL || end == p || (*end != '/' && *end != '\0')) {
        fail(rq, 400, "The key %s names no project.", key);
    }

    return project;
}


/* Which keys are held by a resource, and in which bucket (0: the default one). */
static void
download_resources(rq_t *rq, download_t *downloads, size_t n)
{
    size_t       i;
    int64_t      at;
    result_t    *result;
    const char **keys = arena_alloc(rq->arena, n * sizeof(char *));

    for (i = 0; i < n; i++) {
        keys[i] = downloads[i].key;
    }

    result = pg_query(rq,
                      "SELECT k.at, r.bucket_id FROM unnest(%s::text[]) WITH ORDINALITY k(path, at)"
                      " CROSS JOIN LATERAL (SELECT bucket_id FROM main_resource WHERE path = k.path ORDER BY id LIMIT 1) r",
                      sql_text_array(rq->arena, keys, n));

    for (at = 0; at < pg_rows(result); at++) {
        downloads[pg_int(result, at, 0) - 1].bucket = pg_int(result, at, 1);
    }
}


static void
download_recall(rq_t *rq, download_t *downloads, size_t n)
{
    size_t         i;
    redis_value_t *answer;
    const char   **argv = arena_alloc(rq->arena, (n + 1) * sizeof(char *));

    argv[0] = "MGET";
    for (i = 0; i < n; i++) {
        argv[i + 1] = rq_format(rq, "%ld__%s", (long) rq->user.id, downloads[i].key);
    }

    answer = redis_try(rq, rq->arena, (int) n + 1, argv, NULL);

    for (i = 0; answer != NULL && answer->type == REDIS_LIST && i < n && i < answer->n; i++) {
        if (answer->items[i].type == REDIS_TEXT) {
            downloads[i].url = answer->items[i].text;
        }
    }
}


static void
download_remember(rq_t *rq, download_t **downloads, size_t n, int seconds)
{
    size_t       i;
    const char **argv = arena_alloc(rq->arena, (2 * n + 4) * sizeof(char *));

    argv[0] = "EVAL";
    argv[1] = download_keep;
    argv[2] = rq_format(rq, "%zu", n);
    argv[3 + n] = rq_format(rq, "%d", seconds);

    for (i = 0; i < n; i++) {
        argv[3 + i] = rq_format(rq, "%ld__%s", (long) rq->user.id, downloads[i]->key);
        argv[4 + n + i] = downloads[i]->url;
    }

    redis_try(rq, rq->arena, (int) (2 * n + 4), argv, NULL);
}
