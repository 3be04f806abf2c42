/*
 * Projects: what is left of deleted ones goes (dropprojects), and what the list shows of the others is refreshed (updateprojects,
 * contract/operations.md §13.1).
 */

#include <errno.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/stores.h"
#include "jobs.h"

#define THUMB_LIMIT (16 << 20)

/* In the order of their dependence; each runs until it finds nothing more. `cleared`: the column becomes NULL instead (contract/database.md §4). */
typedef struct {
    const char *table, *where, *cleared;
    int         batch;
} drop_step_t;

static const drop_step_t drop_steps[] = {
    {"main_membership", "project = ", NULL, 1000},
    {"main_media", "project = ", "project", 1000},
    {"main_leaf", "project = ", "project", 1000},
    {"main_localization", "version IN (SELECT id FROM main_version WHERE project_id = ", NULL, 500},
    {"main_state", "version IN (SELECT id FROM main_version WHERE project_id = ", NULL, 500},
    {"main_changelog", "project_id = ", NULL, 2000},
    {"main_projectlookup", "project_id = ", NULL, 5000},
    {"main_file", "project = ", NULL, 100},
    {"main_section", "project = ", NULL, 200},
    {"main_favorite", "project = ", NULL, 1000},
    {"main_bookmark", "project = ", NULL, 1000},
    {"main_temporaryfile", "project_id = ", NULL, 1000},
    {"main_localization", "project = ", "project", 500},
    {"main_state", "project = ", "project", 500},
};

static int  drop_project(work_t *work, int64_t project);
static int  drop_rows(work_t *work, int64_t project, const drop_step_t *step);
static int  drop_indexes(work_t *work, int64_t project);
static void drop_folder(work_t *work, int64_t project);
static int  update_project(work_t *work, int64_t project);
static void update_thumb(work_t *work, arena_t *arena, int64_t project);
static int  each_project(work_t *work, const char *select, int (*step)(work_t *work, int64_t project));


int
job_drop_projects(work_t *work)
{
    return each_project(work, "SELECT id FROM tator.dropped_project ORDER BY dropped, id", drop_project);
}


int
job_update_projects(work_t *work)
{
    return each_project(work, "SELECT id FROM main_project p WHERE NOT EXISTS (SELECT FROM tator.dropped_project d WHERE d.id = p.id) ORDER BY id",
                        update_project);
}


int
job_get_projects(work_t *work)
{
    arena_t  *arena = arena_create(NULL, NULL);
    PGresult *rows;

    if (arena == NULL) {
        return 1;
    }

    rows = database_query(work->database, arena, "SELECT id FROM main_project ORDER BY id");
    for (int k = 0; rows != NULL && k < PQntuples(rows); k++) {
        printf("%s%s", k > 0 ? " " : "", database_text(rows, k, 0));
    }
    printf("\n");

    PQclear(rows);
    arena_destroy(arena);

    return rows == NULL;
}


static int
each_project(work_t *work, const char *select, int (*step)(work_t *work, int64_t project))
{
    int       status = 0;
    sql_t    *sql;
    arena_t  *arena = arena_create(NULL, NULL);
    PGresult *rows;

    if (arena == NULL) {
        return 1;
    }

    sql = sql_new(arena);
    sql_raw(sql, select);
    rows = database_run(work->database, sql);

    for (int k = 0; rows != NULL && k < PQntuples(rows) && !jobs_stopping; k++) {
        status |= step(work, database_int(rows, k, 0));
    }

    status |= rows == NULL;
    PQclear(rows);
    arena_destroy(arena);

    return status;
}


/* Interrupted anywhere it goes on from there the next time: the project is forgotten last. */
static int
drop_project(work_t *work, int64_t project)
{
    int      status = 0;
    arena_t *arena;

    for (size_t k = 0; k < sizeof(drop_steps) / sizeof(drop_steps[0]) && status == 0; k++) {
        status = drop_rows(work, project, &drop_steps[k]);
    }

    if (status != 0 || jobs_stopping) {
        return status;
    }

    arena = arena_create(NULL, NULL);
    if (arena == NULL) {
        return 1;
    }

    status = work_delete(work, arena, "main_project", sql_int_array(arena, &project, 1)) < 0 || drop_indexes(work, project) != 0;
    if (status == 0) {
        drop_folder(work, project);
        status = database_do(work->database, arena, "DELETE FROM tator.dropped_project WHERE id = %ld", project) < 0;
        log_info("project %lld is gone", (long long) project);
    }

    arena_destroy(arena);

    return status;
}


static int
drop_rows(work_t *work, int64_t project, const drop_step_t *step)
{
    int         status = 0;
    bool        more = true;
    sql_t      *sql;
    arena_t    *arena;
    PGresult   *ids, *cleared;
    const char *end = strchr(step->where, '(') != NULL ? ")" : "";

    while (more && status == 0 && !jobs_stopping) {
        arena = arena_create(NULL, NULL);
        if (arena == NULL) {
            return 1;
        }

        sql = sql_new(arena);
        sql_put(sql, "SELECT array_agg(id) FROM (SELECT id FROM ");
        sql_raw(sql, step->table);
        sql_put(sql, " WHERE ");
        sql_raw(sql, step->where);
        sql_put(sql, "%ld", project);
        sql_raw(sql, end);
        sql_put(sql, " LIMIT %d) batch", step->batch);

        ids = database_run(work->database, sql);
        status = ids == NULL;
        more = ids != NULL && !PQgetisnull(ids, 0, 0);

        if (more && step->cleared != NULL) {
            sql = sql_new(arena);
            sql_put(sql, "UPDATE ");
            sql_raw(sql, step->table);
            sql_put(sql, " SET ");
            sql_raw(sql, step->cleared);
            sql_put(sql, " = NULL WHERE id = ANY(%s::int[])", database_text(ids, 0, 0));
            cleared = database_run(work->database, sql);
            status = cleared == NULL;
            PQclear(cleared);

        } else if (more) {
            status = work_delete(work, arena, step->table, database_text(ids, 0, 0)) < 0;
        }

        PQclear(ids);
        arena_destroy(arena);
    }

    return status;
}


/* Indexes of its own that the reference made (contract/operations.md §12). */
static int
drop_indexes(work_t *work, int64_t project)
{
    int       status;
    sql_t    *sql;
    arena_t  *arena = arena_create(NULL, NULL);
    PGresult *rows, *result;

    if (arena == NULL) {
        return 1;
    }

    rows = database_query(work->database, arena,
                          "SELECT format('DROP INDEX CONCURRENTLY IF EXISTS %%I.%%I', schemaname, indexname) FROM pg_indexes"
                          " WHERE schemaname = 'public' AND starts_with(indexname, 'tator_proj_' || %ld::int || '_')",
                          project);
    status = rows == NULL;

    for (int k = 0; rows != NULL && k < PQntuples(rows); k++) {
        sql = sql_new(arena);
        sql_raw(sql, database_text(rows, k, 0));
        result = database_run(work->database, sql);
        status |= result == NULL;
        PQclear(result);
    }

    PQclear(rows);
    arena_destroy(arena);

    return status;
}


/* Its temporary files, manifests and pages: plain files in one folder. */
static void
drop_folder(work_t *work, int64_t project)
{
    DIR           *folder;
    arena_t       *arena = arena_create(NULL, NULL);
    const char    *path;
    struct dirent *entry;

    if (arena == NULL) {
        return;
    }

    path = arena_format(arena, "%s/%lld", work->config->media_root, (long long) project);
    folder = opendir(path);

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && unlinkat(dirfd(folder), entry->d_name, 0) != 0) {
            log_warning("%s/%s was not deleted: %s", path, entry->d_name, strerror(errno));
        }
    }

    if (folder != NULL) {
        closedir(folder);
        (void) rmdir(path);
    }

    arena_destroy(arena);
}


static int
update_project(work_t *work, int64_t project)
{
    int      status;
    arena_t *arena = arena_create(NULL, NULL);

    if (arena == NULL) {
        return 1;
    }

    status = database_do(work->database, arena,
                         "WITH files AS (SELECT (SELECT count(*) FROM main_temporaryfile t WHERE t.project_id = %ld)"
                         "                    + (SELECT count(*) FROM main_media m WHERE m.project = %ld AND NOT m.deleted) AS n),"
                         " length AS (SELECT coalesce(sum(m.num_frames / m.fps), 0)::bigint AS seconds FROM main_media m, files, main_project p"
                         "  WHERE p.id = %ld AND p.num_files <> files.n AND m.project = p.id AND NOT m.deleted AND m.num_frames <> 0 AND m.fps <> 0),"
                         " people AS (SELECT coalesce(array_agg(left(name, 256) ORDER BY creator DESC, last_name, id), '{}') AS names FROM ("
                         "  SELECT DISTINCT u.id, u.last_name, u.id = p.creator AS creator,"
                         "   CASE WHEN u.first_name = '' AND u.last_name = '' THEN u.username ELSE u.first_name || ' ' || u.last_name END AS name"
                         "  FROM main_membership m JOIN main_user u ON u.id = m.\"user\" JOIN main_project p ON p.id = m.project WHERE p.id = %ld) u)"
                         " UPDATE main_project p SET num_files = files.n, usernames = people.names,"
                         "  duration = CASE WHEN p.num_files <> files.n THEN length.seconds ELSE p.duration END"
                         " FROM files, length, people WHERE p.id = %ld"
                         "  AND (p.num_files, p.usernames) IS DISTINCT FROM (files.n, people.names::varchar[])",
                         project, project, project, project, project) < 0;

    if (status == 0) {
        update_thumb(work, arena, project);
    }

    arena_destroy(arena);

    return status;
}


/* A project without picture gets a copy of its first media's thumbnail, unless an object of that name is there already. */
static void
update_thumb(work_t *work, arena_t *arena, int64_t project)
{
    stored_t       stored;
    PGresult      *row;
    const char    *source, *name, *target;
    const store_t *from, *to;

    row = database_query(work->database, arena,
                         "SELECT m.path, p.organization, coalesce((SELECT r.bucket_id FROM main_resource r WHERE r.path = m.path ORDER BY r.id LIMIT 1),"
                         "       p.bucket, 0)"
                         " FROM main_project p CROSS JOIN LATERAL ("
                         "  SELECT m.media_files -> 'thumbnail' -> 0 ->> 'path' AS path FROM main_media m"
                         "  WHERE m.project = p.id AND NOT m.deleted AND m.media_files IS NOT NULL ORDER BY m.id LIMIT 1) m"
                         " WHERE p.id = %ld AND coalesce(p.thumb, '') = '' AND p.organization IS NOT NULL AND m.path IS NOT NULL",
                         project);
    if (row == NULL || PQntuples(row) == 0) {
        goto done;
    }

    source = database_text(row, 0, 0);
    name = strrchr(source, '/') == NULL ? source : strrchr(source, '/') + 1;
    target = arena_format(arena, "%lld/%lld/%s", (long long) database_int(row, 0, 1), (long long) project, name);
    from = stores_of(work->database, arena, database_int(row, 0, 2));
    to = stores_of(work->database, arena, 0);

    if (from == NULL || to == NULL || *name == '\0'
        || stores_send(to, arena, &(store_call_t) {STORE_HEAD, .path = target}, 65536).status != 404)
    {
        goto done;
    }

    stored = stores_send(from, arena, &(store_call_t) {STORE_GET, .path = source}, THUMB_LIMIT);
    if (stored.status / 100 != 2
        || stores_send(to, arena, &(store_call_t) {STORE_PUT, .path = target, .body = stored.body, .body_len = stored.len}, 65536).status / 100 != 2)
    {
        log_warning("the thumbnail of project %lld was not copied from %s", (long long) project, source);
        goto done;
    }

    database_do(work->database, arena,
                "WITH shown AS (UPDATE main_project SET thumb = %s WHERE id = %ld RETURNING 1)"
                " INSERT INTO main_resource (path, backed_up) SELECT %s, false FROM shown"
                " WHERE NOT EXISTS (SELECT FROM main_resource WHERE path = %s)",
                target, project, target, target);

done:

    PQclear(row);
}
