/*
 * Fetching the files of new media (media_import.h). Nothing is decoded here: images are left to the workers, of a thumbnail
 * only the header is looked at.
 */

#include <stdlib.h>

#include <tator/picture.h>
#include <tator/queue.h>
#include <tator/uri.h>
#include <tator/uuid.h>

#include "../api/delete.h"
#include "../api/origins.h"
#include "../api/stores.h"
#include "../net/redis.h"
#include "media_import.h"
#include "token.h"

#define IMPORT_THUMBNAIL_LIMIT (64UL << 20)
#define IMPORT_URL_SECONDS     86400

typedef struct {
    const char *member, *role;
} import_role_t;

static const import_role_t import_roles[] = {{"thumbnail_url", "thumbnail"}, {"thumbnail_gif_url", "thumbnail_gif"}};

static json_t        *import_thumbnail(rq_t *rq, media_plan_t *plan, const char *url);
static const char    *import_upload_key(rq_t *rq, const char *url);
static const char    *import_spec(rq_t *rq, media_plan_t *plan, const store_t *store, const char *token);
static void           import_upload(rq_t *rq, json_t *uploads, media_plan_t *plan, const store_t *store, const char *name);
static const char    *import_key(rq_t *rq, const media_plan_t *plan, const char *name);
static const char    *import_name(rq_t *rq, const char *url);
static const char    *import_text(const media_plan_t *plan, const char *member);
static void           import_undo(rq_t *rq, media_plan_t **plans, size_t n);


void
media_import_thumbnails(rq_t *rq, media_plan_t *plan)
{
    json_t     *files = NULL, *definition;
    const char *url;

    if (strcmp(plan->dtype, "image") == 0) {
        return;
    }

    for (size_t k = 0; k < 2; k++) {
        url = import_text(plan, import_roles[k].member);
        if (url == NULL) {
            continue;
        }

        definition = import_thumbnail(rq, plan, url);
        if (files == NULL) {
            files = rq_own(rq, json_object());
        }
        json_object_set_new(files, import_roles[k].role, json_pack("[O]", definition));
    }

    if (files != NULL) {
        pg_query(rq, "UPDATE main_media SET media_files = %p WHERE id = %ld", files, plan->id);
    }

    url = import_text(plan, "url");
    if (url != NULL) {
        media_import_tag(rq, plan->id, url);
    }
}


void
media_import_images(rq_t *rq, media_plan_t **plans, size_t n)
{
    char           uid[UUID_SIZE];
    job_t          job = {0};
    const char    *token = NULL, *gid;
    redis_args_t  *args;
    redis_value_t *answer;
    const store_t *store = NULL;

    for (size_t k = 0; k < n; k++) {
        if (strcmp(plans[k]->dtype, "image") != 0 || import_text(plans[k], "url") == NULL) {
            continue;
        }

        if (token == NULL) {
            token = token_of(rq, rq->user.id);
            store = stores_project(rq, rq->project, STORE_LIVE);
        }

        uuid_v1(uid);
        gid = import_text(plans[k], "gid");
        job = (job_t) {.uid = uid, .gid = gid ? gid : "", .user = rq->user.id, .project = rq->project,
                       .organization = rq->organization};
        job.spec = import_spec(rq, plans[k], store, token);

        args = queue_enqueue(rq->arena, QUEUE_IMAGES, &job);
        answer = redis_try(rq, rq->arena, args->argc, args->argv, args->lengths);
        if (answer == NULL || !queue_enqueued(answer)) {
            import_undo(rq, plans, n);
            fail(rq, 503, "The queue of imports can not be reached.");
        }
    }
}


void
media_import_tag(rq_t *rq, int64_t media, const char *url)
{
    const char *key = import_upload_key(rq, url);

    if (key != NULL) {
        stores_send(rq, stores_project(rq, rq->project, STORE_UPLOAD),
                    &(store_call_t) {.operation = STORE_TAG, .path = key, .tag = "media_id", .value = rq_format(rq, "%ld", (long) media)});
    }
}


void
media_import_undo(rq_t *rq, const int64_t *media, size_t n)
{
    tx_begin(rq);
    delete_rows(rq, "main_media", sql_int_array(rq->arena, media, n));
    tx_commit(rq);
}


int64_t
media_import_size(rq_t *rq, const char *url)
{
    fetched_t  *answer;
    const char *key = import_upload_key(rq, url), *length;

    if (key == NULL) {
        return -1;
    }

    answer = stores_send(rq, stores_project(rq, rq->project, STORE_UPLOAD), &(store_call_t) {.operation = STORE_HEAD, .path = key});
    length = answer->status == 200 ? fetched_header(rq, answer, "Content-Length") : NULL;

    return length != NULL ? strtoll(length, NULL, 10) : -1;
}


const char *
media_import_host(rq_t *rq)
{
    const char *host = rq->config->transcode_host;

    if (host == NULL || host[0] == '\0') {
        host = rq_format(rq, "%.*s://%.*s", (int) rq->scheme.len, rq->scheme.data, (int) rq->host.len, rq->host.data);
    }

    return host;
}


/* Fetch, store, register: the definition for media_files. */
static json_t *
import_thumbnail(rq_t *rq, media_plan_t *plan, const char *url)
{
    char        mime[16];
    fetched_t  *source, *stored;
    picture_t   picture;
    const char *key;

    source = fetch(rq, &(fetch_t) {.url = url, .limit = IMPORT_THUMBNAIL_LIMIT, .timeout_ms = 30000,
                                   .foreign = !origin_trusted(rq, url)});
    if (source->status != 200) {
        fail(rq, 400, "The thumbnail %.200s can not be fetched.", url);
    }
    if (!picture_probe(source->body, source->len, &picture)) {
        fail(rq, 400, "The thumbnail %.200s is no picture of a known format.", url);
    }

    key = import_key(rq, plan, import_name(rq, url));
    snprintf(mime, sizeof(mime), "image/%s", picture.format);

    stored = stores_send(rq, stores_project(rq, rq->project, STORE_LIVE),
                         &(store_call_t) {.operation = STORE_PUT, .path = key, .body = source->body, .body_len = source->len,
                                          .content_type = mime});
    if (stored->status / 100 != 2) {
        fail(rq, 503, "The object store did not take the thumbnail.");
    }

    resource_add(rq, key, RESOURCE_MEDIA, plan->id, 0);

    return rq_own(rq, json_pack("{s:s, s:I, s:[i,i], s:s}", "path", key, "size", (json_int_t) source->len, "resolution",
                                picture.height, picture.width, "mime", mime));
}


/* The key of an upload's URL (contract/media.md §12): the last six parts of the path, from _uploads on; NULL: another URL. */
static const char *
import_upload_key(rq_t *rq, const char *url)
{
    char  *path;
    size_t len;
    uri_t  uri = uri_split(url);

    path = uri_decode(rq->arena, (char *) uri.path.data, uri.path.len, false, &len);

    for (int parts = 0; len > 0; len--) {
        if (path[len - 1] == '/' && ++parts == 6) {
            break;
        }
    }

    return len > 0 && strncmp(path + len, "_uploads/", 9) == 0 ? path + len : NULL;
}


/* What the worker needs (include/tator/queue.h). */
static const char *
import_spec(rq_t *rq, media_plan_t *plan, const store_t *store, const char *token)
{
    json_t     *spec, *uploads = rq_own(rq, json_array());
    const char *thumbnail = import_text(plan, "thumbnail_url");

    import_upload(rq, uploads, plan, store, "image.png");
    import_upload(rq, uploads, plan, store, "image.jpeg");
    import_upload(rq, uploads, plan, store, "thumb.jpg");
    if (thumbnail != NULL) {
        import_upload(rq, uploads, plan, store, import_name(rq, thumbnail));
    }

    spec = json_pack("{s:s, s:s*, s:I, s:s, s:s, s:I, s:I, s:s, s:O}", "url", import_text(plan, "url"), "thumbnail_url", thumbnail,
                     "reference_only", json_integer_value(json_object_get(plan->spec, "reference_only")), "host", media_import_host(rq),
                     "token", token, "project", (json_int_t) rq->project, "media_id", (json_int_t) plan->id,
                     "name", import_text(plan, "name"), "uploads", uploads);

    json_object_set_new(rq_own(rq, spec), "trusted", json_boolean(origin_trusted(rq, import_text(plan, "url"))));
    if (thumbnail != NULL) {
        json_object_set_new(spec, "thumbnail_trusted", json_boolean(origin_trusted(rq, thumbnail)));
    }

    return json_text(rq->arena, spec);
}


static void
import_upload(rq_t *rq, json_t *uploads, media_plan_t *plan, const store_t *store, const char *name)
{
    const char *key = import_key(rq, plan, name), *url;

    url = stores_url(rq, store, &(store_call_t) {.operation = STORE_PUT, .path = key}, IMPORT_URL_SECONDS);
    json_array_append_new(uploads, json_pack("{s:s, s:s, s:s}", "name", name, "key", key, "url", url));
}


static const char *
import_key(rq_t *rq, const media_plan_t *plan, const char *name)
{
    return rq_format(rq, "%ld/%ld/%ld/%s", (long) rq->organization, (long) rq->project, (long) plan->id, name);
}


/* The last part of a URL's path, as it stands there. */
static const char *
import_name(rq_t *rq, const char *url)
{
    uri_t  uri = uri_split(url);
    size_t n = uri.path.len;

    while (n > 0 && uri.path.data[n - 1] != '/') {
        n--;
    }

    return n == uri.path.len ? "thumbnail" : arena_copy(rq->arena, uri.path.data + n, uri.path.len - n);
}


/* NULL: absent, null or empty. */
static const char *
import_text(const media_plan_t *plan, const char *member)
{
    const char *text = json_string_value(json_object_get(plan->spec, member));

    return text != NULL && text[0] != '\0' ? text : NULL;
}


static void
import_undo(rq_t *rq, media_plan_t **plans, size_t n)
{
    int64_t *ids = arena_alloc(rq->arena, (n + 1) * sizeof(int64_t));

    for (size_t k = 0; k < n; k++) {
        ids[k] = plans[k]->id;
    }

    media_import_undo(rq, ids, n);
}
