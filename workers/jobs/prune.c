/*
 * Hard deletion of what was deleted long ago (contract/operations.md §13): in one pass over the ids, batch by batch.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "jobs.h"

typedef struct {
    const char *what, *table;
    int         batch;
    const char *orphan; /* SQL beside `deleted`: what belongs nowhere any more */
} prune_t;

static const prune_t prune_media = {"media", "main_media", 100, "project IS NULL OR meta IS NULL"};
static const prune_t prune_files = {"files", "main_file", 100, "meta IS NULL"};
static const prune_t prune_leaves = {"leaves", "main_leaf", 1000, "project IS NULL OR meta IS NULL"};
static const prune_t prune_localizations = {"localizations", "main_localization", 1000,
                                            "project IS NULL OR meta IS NULL OR version IS NULL OR media IS NULL"};
static const prune_t prune_states = {"states", "main_state", 1000,
                                     "project IS NULL OR meta IS NULL OR version IS NULL"
                                     " OR NOT EXISTS (SELECT FROM main_state_media l WHERE l.state_id = t.id)"};

static int prune(work_t *work, const prune_t *what);


int
job_prune_media(work_t *work)
{
    return prune(work, &prune_media);
}


int
job_prune_files(work_t *work)
{
    return prune(work, &prune_files);
}


int
job_prune_leaves(work_t *work)
{
    return prune(work, &prune_leaves);
}


int
job_prune_localizations(work_t *work)
{
    return prune(work, &prune_localizations);
}


int
job_prune_states(work_t *work)
{
    return prune(work, &prune_states);
}


/* The row first, then its file: one that is left over does no harm, a row without its file does. */
int
job_prune_temporary_files(work_t *work)
{
    int         n, total = 0;
    arena_t    *arena;
    PGresult   *rows;
    const char *path, *file;

    do {
        arena = arena_create(NULL, NULL);
        if (arena == NULL) {
            return 1;
        }

        rows = database_query(work->database, arena,
                              "DELETE FROM main_temporaryfile WHERE id IN (SELECT id FROM main_temporaryfile WHERE eol_datetime <= now()"
                              "  ORDER BY id LIMIT 500 FOR UPDATE SKIP LOCKED) RETURNING coalesce(path, '')");
        n = rows == NULL ? -1 : PQntuples(rows);

        for (int k = 0; k < n; k++) {
            path = database_text(rows, k, 0);
            if (strncmp(path, "/media/", 7) != 0 || strstr(path, "..") != NULL) {
                continue;
            }
            file = arena_format(arena, "%s/%s", work->config->media_root, path + 7);
            if (unlink(file) != 0 && errno != ENOENT) {
                log_warning("%s was not deleted: %s", file, strerror(errno));
            }
        }

        total += n > 0 ? n : 0;
        PQclear(rows);
        arena_destroy(arena);
    } while (n == 500 && !jobs_stopping);

    log_info("%d temporary files deleted", total);

    return n < 0;
}


static int
prune(work_t *work, const prune_t *what)
{
    int         status = 0;
    bool        more = true;
    long        age = work_number(work, "min_age_days", work->config->expiration_age_days);
    sql_t      *sql;
    arena_t    *arena;
    int64_t     last = 0, total = 0, gone;
    PGresult   *ids;

    if (age < 0) {
        return 2;
    }

    while (more && status == 0 && !jobs_stopping) {
        arena = arena_create(NULL, NULL);
        if (arena == NULL) {
            return 1;
        }

        sql = sql_new(arena);
        sql_put(sql, "SELECT array_agg(id), max(id) FROM (SELECT t.id FROM ");
        sql_raw(sql, what->table);
        sql_put(sql, " t WHERE t.id > %ld AND t.modified_datetime <= now() - make_interval(days => %d) AND (t.deleted OR ", last, (int) age);
        sql_raw(sql, what->orphan);
        sql_put(sql, ") ORDER BY t.id LIMIT %d) batch", what->batch);

        ids = database_run(work->database, sql);
        status = ids == NULL;
        more = ids != NULL && !PQgetisnull(ids, 0, 0);

        if (more) {
            last = database_int(ids, 0, 1);
            gone = work_delete(work, arena, what->table, database_text(ids, 0, 0));
            status = gone < 0;
            total += gone < 0 ? 0 : gone;
        }

        PQclear(ids);
        arena_destroy(arena);
    }

    log_info("%lld %s removed", (long long) total, what->what);

    return status;
}
