/*
 * The list of maintenance jobs with their schedule, and what they share (jobs.h).
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tator/deletion.h>

#include "common/log.h"
#include "common/stores.h"
#include "jobs.h"

#define AGE "[--min_age_days N]"

const maintenance_t maintenance_jobs[] = {
    {"dropprojects", "", "remove what is left of deleted projects", EVERY, EVERY, job_drop_projects},
    {"updateprojects", "", "refresh numbers of files, durations, names of members and thumbnails of projects", EVERY, 10, job_update_projects},
    {"prunetemporaryfiles", "", "delete temporary files whose time is over", EVERY, 20, job_prune_temporary_files},
    {"expirepasswordresets", "", "delete password resets of yesterday", EVERY, 40, job_expire_password_resets},
    {"prunemedia", AGE, "remove deleted media and their files for good", 0, 30, job_prune_media},
    {"prunelocalizations", AGE, "remove deleted localizations for good", 1, 30, job_prune_localizations},
    {"prunestates", AGE, "remove deleted states, and those without media, for good", 2, 30, job_prune_states},
    {"expireinvitations", "", "end invitations of a week ago", 2, 50, job_expire_invitations},
    {"pruneleaves", AGE, "remove deleted leaves for good", 3, 30, job_prune_leaves},
    {"expireannouncements", "", "delete announcements whose time is over", 3, 50, job_expire_announcements},
    {"prunefiles", AGE, "remove deleted files for good", 4, 30, job_prune_files},
    {"abortuploads", AGE, "end uploads in parts that nobody completed", 4, 50, job_abort_uploads},
    {"expiresessions", "", "delete sessions whose time is over", 5, 20, job_expire_sessions},
    {"expireoutbox", "", "delete mail that was given up a week ago", 5, 30, job_expire_outbox},
    {"disableinactiveusers", "[--user-inactive-days N]", "disable users who have not logged in for so long", NEVER, 0, job_disable_inactive_users},
    {"announce", "--markdown TEXT | --file FILE [--expires_in DAYS] [--project ID] [--user ID]", "show a text to users", NEVER, 0, job_announce},
    {"getprojects", "", "print the ids of all projects", NEVER, 0, job_get_projects},
    {0},
};

typedef struct {
    char   *path;
    int64_t bucket, backup; /* backup 0: not backed up */
} orphan_t;

volatile sig_atomic_t jobs_stopping;

static bool      work_run(void *data, const sql_t *sql, const char *values[2], int64_t *affected);
static PGresult *work_paths(work_t *work, arena_t *arena, const char *table, const char *ids);
static orphan_t *work_orphans(work_t *work, arena_t *arena, const PGresult *paths, size_t *n);

/* What work_run() needs: results end with the deletion. */
typedef struct {
    work_t  *work;
    arena_t *arena;
} run_t;


const maintenance_t *
maintenance_find(const char *name)
{
    for (const maintenance_t *job = maintenance_jobs; job->name != NULL; job++) {
        if (strcmp(job->name, name) == 0) {
            return job;
        }
    }

    return NULL;
}


/* The reference spells options with either sign between words. */
long
work_number(work_t *work, const char *name, long otherwise)
{
    char       *end, other[64];
    long        value;
    const char *text = work->option(work->data, name);

    if (text == NULL) {
        snprintf(other, sizeof(other), "%s", name);
        for (char *p = other; *p != '\0'; p++) {
            *p = *p == '_' ? '-' : *p;
        }
        text = work->option(work->data, other);
    }

    if (text == NULL) {
        return otherwise;
    }

    value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < 0 || value > 1000000) {
        fprintf(stderr, "--%s: %s is not a whole number\n", name, text);
        return -1;
    }

    return value;
}


int64_t
work_delete(work_t *work, arena_t *arena, const char *table, const char *ids)
{
    run_t      run = {.work = work, .arena = arena};
    size_t     k, n = 0;
    int64_t    gone = -1;
    orphan_t  *orphans = NULL;
    PGresult  *paths;
    deletion_t deletion = {.arena = arena, .data = &run, .run = work_run};

    if (database_do(work->database, arena, "BEGIN") < 0) {
        return -1;
    }

    paths = work_paths(work, arena, table, ids);
    if (paths != NULL) {
        gone = deletion_rows(&deletion, table, ids);
        if (gone >= 0) {
            orphans = work_orphans(work, arena, paths, &n);
        }
    }
    PQclear(paths);

    if (gone < 0 || orphans == NULL) {
        log_error("rows of %s were not deleted: %s", table, deletion.fault[0] ? deletion.fault : work->database->fault);
        database_do(work->database, arena, "ROLLBACK");
        return -1;
    }

    if (database_do(work->database, arena, "COMMIT") < 0) {
        return -1;
    }

    for (k = 0; k < n; k++) {
        const store_t *store = stores_of(work->database, arena, orphans[k].bucket);

        if (store == NULL || !stores_delete(store, arena, orphans[k].path)) {
            log_warning("the object %s was not deleted", orphans[k].path);
        }

        store = orphans[k].backup == 0 ? NULL : stores_of(work->database, arena, orphans[k].backup);
        if (store != NULL && !stores_delete(store, arena, orphans[k].path)) {
            log_warning("the backup of the object %s was not deleted", orphans[k].path);
        }
    }

    return gone;
}


/* Paths of the objects of these rows with the project's bucket for backups. */
static PGresult *
work_paths(work_t *work, arena_t *arena, const char *table, const char *ids)
{
    sql_t *sql = sql_new(arena);

    if (strcmp(table, "main_media") == 0) {
        sql_raw(sql, deletion_media_paths);
        sql_put(sql, "%s::int[])", ids);

    } else if (strcmp(table, "main_file") == 0) {
        sql_put(sql, "SELECT path FROM main_file WHERE path <> '' AND id = ANY(%s::int[])", ids);

    } else {
        sql_put(sql, "SELECT NULL::text WHERE false");
    }

    return database_run(work->database, sql);
}


/* Resources that nobody holds any more: their rows go with the transaction. The project of a path is its second part (contract/media.md §5). */
static orphan_t *
work_orphans(work_t *work, arena_t *arena, const PGresult *paths, size_t *n)
{
    int         rows = PQntuples(paths);
    orphan_t   *orphans = arena_zalloc(arena, ((size_t) rows + 1) * sizeof(orphan_t));
    PGresult   *gone;
    const char *path;

    *n = 0;

    for (int k = 0; k < rows; k++) {
        path = database_text(paths, k, 0);

        if (database_do(work->database, arena, "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", path) < 0) {
            return NULL;
        }

        gone = database_query(work->database, arena,
                              "WITH gone AS (DELETE FROM main_resource r WHERE r.path = %s"
                              "  AND NOT EXISTS (SELECT FROM main_resource_media l WHERE l.resource_id = r.id)"
                              "  AND NOT EXISTS (SELECT FROM main_resource_generic_files l WHERE l.resource_id = r.id)"
                              "  RETURNING r.bucket_id, r.backed_up)"
                              " SELECT coalesce(bucket_id, 0), CASE WHEN backed_up THEN coalesce((SELECT p.backup_bucket FROM main_project p"
                              "   WHERE p.id::text = split_part(%s, '/', 2)), %d) ELSE 0 END FROM gone",
                              path, path, STORES_BACKUP);
        if (gone == NULL) {
            return NULL;
        }

        if (PQntuples(gone) > 0) {
            orphans[(*n)++] = (orphan_t) {.path = arena_text(arena, path), .bucket = database_int(gone, 0, 0), .backup = database_int(gone, 0, 1)};
        }
        PQclear(gone);
    }

    return orphans;
}


static bool
work_run(void *data, const sql_t *sql, const char *values[2], int64_t *affected)
{
    run_t    *run = data;
    PGresult *result = database_run(run->work->database, sql);

    if (result == NULL) {
        return false;
    }

    values[0] = values[1] = NULL;
    for (int k = 0; PQntuples(result) > 0 && k < PQnfields(result) && k < 2; k++) {
        values[k] = PQgetisnull(result, 0, k) ? NULL : arena_text(run->arena, PQgetvalue(result, 0, k));
    }

    *affected = strtoll(PQcmdTuples(result), NULL, 10);
    PQclear(result);

    return true;
}
