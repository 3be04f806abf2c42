/*
 * Pictures of projects (project_thumb.h).
 */

#include <string.h>
#include <time.h>

#include "../api/live_store.h"
#include "../net/pg.h"
#include "project_thumb.h"

#define THUMB_LIMIT (16 * 1024 * 1024)

/* _uploads / date / organization / project / user / name */
enum { PART_UPLOADS, PART_DATE, PART_ORGANIZATION, PART_PROJECT, PART_USER, PART_NAME, PARTS };

static bool thumb_parts(rq_t *rq, const char *upload, const char *parts[PARTS]);


const char *
project_thumb_take(rq_t *rq, const char *upload)
{
    fetched_t       *taken;
    const char      *key, *parts[PARTS];
    const store_t   *store;
    store_request_t *request;

    if (!thumb_parts(rq, upload, parts)) {
        fail(rq, 400, "Invalid thumbnail path %s!", upload);
    }

    if (strcmp(parts[PART_ORGANIZATION], rq_format(rq, "%ld", (long) rq->organization)) != 0) {
        fail(rq, 400, "Invalid thumbnail path for this organization!");
    }

    if (strcmp(parts[PART_PROJECT], rq_format(rq, "%ld", (long) rq->project)) != 0) {
        fail(rq, 400, "Invalid thumbnail path for this project!");
    }

    if (strcmp(parts[PART_USER], rq_format(rq, "%ld", (long) rq->user.id)) != 0) {
        fail(rq, 400, "Invalid thumbnail path for this user!");
    }

    store = stores_project(rq, rq->project, STORE_UPLOAD);
    request = store_request(store, rq->arena, &(store_call_t) {STORE_GET, .path = upload}, time(NULL));
    taken = fetch(rq, &(fetch_t) {.url = request->url, .headers = request->headers, .limit = THUMB_LIMIT,
                                  .guarded = store_guarded(store)});

    if (taken->status / 100 != 2) {
        fail(rq, 400, "Key %s not found in bucket", upload);
    }

    key = rq_format(rq, "%ld/%ld/%s", (long) rq->organization, (long) rq->project, parts[PART_NAME]);
    live_store_put(rq, key, taken->body, taken->len, fetched_header(rq, taken, "Content-Type"));

    return key;
}


void
project_thumb_put(rq_t *rq, removal_t *removal, const char *key)
{
    result_t   *old;
    const char *before;

    old = pg_query(rq, "SELECT thumb FROM main_project WHERE id = %ld FOR UPDATE", rq->project);
    before = pg_rows(old) == 0 ? NULL : pg_text(old, 0, 0);

    if (key != NULL) {
        pg_query(rq, "UPDATE main_project SET thumb = %s WHERE id = %ld", key, rq->project);
        pg_query(rq,
                 "INSERT INTO main_resource (path, backed_up) SELECT %s, false"
                 " WHERE NOT EXISTS (SELECT FROM main_resource WHERE path = %s)", key, key);
    }

    /* the same name again is the same object */
    if (before != NULL && (key == NULL || strcmp(before, key) != 0) && project_thumb_url(rq, rq->project, before) != NULL) {
        removal_add(removal, before);
    }
}


const char *
project_thumb_url(rq_t *rq, int64_t project, const char *key)
{
    const char *part, *own = rq_format(rq, "/%ld/", (long) project);

    if (key == NULL) {
        return NULL;
    }

    /* ORGANIZATION/PROJECT/NAME; the organization may have gone since */
    part = key + strspn(key, "0123456789");
    if (part == key || strncmp(part, own, strlen(own)) != 0) {
        return NULL;
    }

    return live_store_url(rq, key, LIVE_STORE_SHOWN);
}


static bool
thumb_parts(rq_t *rq, const char *upload, const char *parts[PARTS])
{
    int   k = 0;
    char *slash, *rest = arena_text(rq->arena, upload);

    for (k = 0; k < PARTS - 1; k++) {
        parts[k] = rest;
        slash = strchr(rest, '/');
        if (slash == NULL) {
            return false;
        }
        *slash = '\0';
        rest = slash + 1;
    }

    slash = strrchr(rest, '/');
    parts[PART_NAME] = slash == NULL ? rest : slash + 1;

    return strcmp(parts[PART_UPLOADS], "_uploads") == 0 && parts[PART_NAME][0] != '\0' && strcmp(parts[PART_NAME], "..") != 0;
}
