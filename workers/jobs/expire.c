/*
 * What ends with time: invitations, announcements, password resets, sessions, mail that was given up, accounts that nobody uses; and the
 * announcements themselves (contract/operations.md §13, §16).
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "jobs.h"

static int   expire(work_t *work, const char *what, const char *statement);
static char *announce_text(work_t *work, arena_t *arena);


int
job_expire_invitations(work_t *work)
{
    return expire(work, "invitations expired",
                  "UPDATE main_invitation SET status = 'Expired' WHERE status = 'Pending' AND created_datetime <= now() - interval '7 days'");
}


int
job_expire_announcements(work_t *work)
{
    return expire(work, "announcements deleted",
                  "WITH old AS (SELECT id FROM main_announcement WHERE eol_datetime < now()),"
                  " shown AS (DELETE FROM main_announcementtouser WHERE announcement_id IN (SELECT id FROM old))"
                  " DELETE FROM main_announcement WHERE id IN (SELECT id FROM old)");
}


int
job_expire_password_resets(work_t *work)
{
    return expire(work, "password resets deleted", "DELETE FROM main_passwordreset WHERE created_datetime <= now() - interval '1 day'");
}


int
job_expire_sessions(work_t *work)
{
    return expire(work, "sessions deleted", "DELETE FROM django_session WHERE expire_date < now()");
}


int
job_expire_outbox(work_t *work)
{
    return expire(work, "messages deleted", "DELETE FROM tator.outbox WHERE given_up < now() - interval '7 days'");
}


int
job_disable_inactive_users(work_t *work)
{
    int      status = 0;
    long     days = work_number(work, "user_inactive_days", work->config->inactive_user_days);
    arena_t *arena = arena_create(NULL, NULL);
    int64_t  n = 0;

    if (days < 0 || arena == NULL) {
        arena_destroy(arena);
        return 2;
    }

    if (days > 0) {
        n = database_do(work->database, arena,
                        "UPDATE main_user SET is_active = false WHERE is_active AND last_login < now() - make_interval(days => %d)", (int) days);
        status = n < 0;
    }

    if (status == 0) {
        log_info("%lld users disabled", (long long) n);
    }
    arena_destroy(arena);

    return status;
}


/* One announcement, and a row for each who is to see it. */
int
job_announce(work_t *work)
{
    int         status = 1;
    long        days = work_number(work, "expires_in", 7), project = work_number(work, "project", 0), user = work_number(work, "user", 0);
    char       *text;
    arena_t    *arena = arena_create(NULL, NULL);
    PGresult   *result = NULL;

    if (arena == NULL) {
        return 1;
    }

    text = announce_text(work, arena);
    if (text == NULL || days < 0 || project < 0 || user < 0) {
        status = 2;
        goto done;
    }

    result = database_query(work->database, arena,
                            "WITH made AS (INSERT INTO main_announcement (markdown, created_datetime, eol_datetime)"
                            "  VALUES (%s, now(), now() + make_interval(days => %d)) RETURNING id),"
                            " shown AS (INSERT INTO main_announcementtouser (announcement_id, user_id)"
                            "  SELECT made.id, u.id FROM made CROSS JOIN main_user u WHERE (%ld = 0 OR u.id = %ld)"
                            "  AND (%ld = 0 OR EXISTS (SELECT FROM main_membership m WHERE m.project = %ld AND m.\"user\" = u.id)) RETURNING 1)"
                            " SELECT made.id, (SELECT count(*) FROM shown) FROM made",
                            text, (int) days, (int64_t) user, (int64_t) user, (int64_t) project, (int64_t) project);
    if (result != NULL) {
        status = 0;
        log_info("announcement %s for %s users", database_text(result, 0, 0), database_text(result, 0, 1));
    }

done:

    PQclear(result);
    arena_destroy(arena);

    return status;
}


static char *
announce_text(work_t *work, arena_t *arena)
{
    FILE       *in;
    char       *text = NULL;
    size_t      n;
    const char *markdown = work->option(work->data, "markdown"), *file = work->option(work->data, "file");

    if ((markdown == NULL) == (file == NULL)) {
        fprintf(stderr, "announce needs either --markdown or --file\n");
        return NULL;
    }

    if (markdown != NULL) {
        return arena_text(arena, markdown);
    }

    in = fopen(file, "rb");
    if (in != NULL) {
        text = arena_zalloc(arena, 8193);
        n = fread(text, 1, 8192, in);
        text[n] = '\0';
        fclose(in);
    } else {
        fprintf(stderr, "%s can not be read\n", file);
    }

    return text;
}


static int
expire(work_t *work, const char *what, const char *statement)
{
    sql_t    *sql;
    arena_t  *arena = arena_create(NULL, NULL);
    PGresult *result;

    if (arena == NULL) {
        return 1;
    }

    sql = sql_new(arena);
    sql_raw(sql, statement);
    result = database_run(work->database, sql);

    if (result != NULL) {
        log_info("%s %s", PQcmdTuples(result), what);
    }

    PQclear(result);
    arena_destroy(arena);

    return result == NULL;
}
