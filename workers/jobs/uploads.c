/*
 * Uploads in parts that were begun and never completed: stores keep their parts, and charge for them, until somebody ends them. The URLs of parts
 * are good for a week at most (tator/store.h), so that nothing can be added to an older upload.
 */

#include <string.h>
#include <time.h>

#include "common/log.h"
#include "common/stores.h"
#include "jobs.h"

#define UPLOADS_AGE    8       /* days */
#define UPLOADS_ANSWER 8388608 /* bytes of a store's list of a thousand */

typedef struct {
    int64_t ended, failed;
} uploads_t;

static void uploads_abort(work_t *work, int64_t bucket, time_t before, uploads_t *counted);
static bool uploads_page(const store_t *store, arena_t *arena, const store_upload_t *after, time_t before, uploads_t *counted, store_upload_t *next);
static bool uploads_ours(const char *path);


/* Of the deployment's own stores and of all buckets. One that does not answer is left for the next run. */
int
job_abort_uploads(work_t *work)
{
    long      age = work_number(work, "min_age_days", UPLOADS_AGE);
    time_t    before;
    arena_t  *arena;
    PGresult *buckets;
    uploads_t counted = {0};

    if (age < 0) {
        return 2;
    }

    before = time(NULL) - age * 86400;

    arena = arena_create(NULL, NULL);
    if (arena == NULL) {
        return 1;
    }

    buckets = database_query(work->database, arena,
                             "SELECT * FROM (VALUES (0), (%d), (%d)) own (id) UNION ALL (SELECT id FROM main_bucket ORDER BY id)", STORES_UPLOAD,
                             STORES_BACKUP);

    for (int k = 0; buckets != NULL && k < PQntuples(buckets) && !jobs_stopping; k++) {
        uploads_abort(work, database_int(buckets, k, 0), before, &counted);
    }

    log_info("%lld uploads ended, %lld could not be", (long long) counted.ended, (long long) counted.failed);

    PQclear(buckets);
    arena_destroy(arena);

    return buckets == NULL;
}


/* Page by page; what can not be ended is passed over, and a store that repeats itself is left, so that this comes to an end. */
static void
uploads_abort(work_t *work, int64_t bucket, time_t before, uploads_t *counted)
{
    bool           more = true;
    arena_t       *arena, *page;
    const store_t *store;
    store_upload_t next, last = {.path = "", .id = ""};

    arena = arena_create(NULL, NULL);
    if (arena == NULL) {
        return;
    }

    store = stores_of(work->database, arena, bucket);

    while (store != NULL && more && !jobs_stopping) {
        page = arena_create(NULL, NULL);
        if (page == NULL) {
            break;
        }

        more = uploads_page(store, page, *last.path != '\0' ? &last : NULL, before, counted, &next)
            && (strcmp(next.path, last.path) != 0 || strcmp(next.id, last.id) != 0);
        if (more) {
            last = (store_upload_t) {.path = arena_text(arena, next.path), .id = arena_text(arena, next.id)};
        }
        arena_destroy(page);
    }

    arena_destroy(arena);
}


/* Whether there is another page, after *next. */
static bool
uploads_page(const store_t *store, arena_t *arena, const store_upload_t *after, time_t before, uploads_t *counted, store_upload_t *next)
{
    size_t           k;
    stored_t         stored;
    store_uploads_t *list;

    stored = stores_send(store, arena, &(store_call_t) {STORE_UPLOAD_LIST, .path = "", .limit = 1000, .after = after}, UPLOADS_ANSWER);
    if (stored.len == 0 && stored.status == 200) {
        return false; /* a store without such lists */
    }

    list = stored.status == 200 ? store_uploads(store, arena, stored.body, stored.len) : NULL;
    if (list == NULL) {
        log_warning("the store %s does not say which uploads it has (status %ld)", store_address(store), stored.status);
        return false;
    }

    for (k = 0; k < list->n && !jobs_stopping; k++) {
        if (list->uploads[k].started > before || !uploads_ours(list->uploads[k].path)) {
            continue;
        }

        stored = stores_send(store, arena, &(store_call_t) {STORE_UPLOAD_ABORT, .path = list->uploads[k].path, .upload_id = list->uploads[k].id}, 65536);

        if (stored.status / 100 == 2 || stored.status == 404) {
            counted->ended++;
        } else {
            counted->failed++;
            log_warning("the upload to %s was not ended (status %ld)", list->uploads[k].path, stored.status);
        }
    }

    if (list->after == NULL) {
        return false;
    }

    *next = *list->after;

    return true;
}


/* A bucket may be used by others, too: the keys of this server begin with a number or with _uploads (contract/media.md §5). */
static bool
uploads_ours(const char *path)
{
    size_t digits = strspn(path, "0123456789");

    return strncmp(path, "_uploads/", 9) == 0 || (digits > 0 && path[digits] == '/');
}
