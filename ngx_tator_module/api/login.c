/*
 * Log-in and new passwords (login.h).
 */

#include <stdio.h>
#include <string.h>

#include <tator/password.h>

#include "../net/pg.h"
#include "../net/threads.h"
#include "login.h"
#include "mail.h"

/* What the thread gets: it may not look into the request. */
typedef struct {
    bool   good, outdated, made;
    size_t len;
    char   stored[PASSWORD_STORED], remade[PASSWORD_STORED];
    char   password[];
} login_task_t;

#define LOGIN_LOCKED "failed_login_count >= 3 AND last_failed_login >= now() - interval '10 minutes'"

static login_task_t *login_task(rq_t *rq, const char *stored, const char *password, size_t *size);
static void          login_failed(rq_t *rq, int64_t id);
static void          login_verify(void *data);
static void          login_make(void *data);


bool
login_try(rq_t *rq, const char *username, const char *password, login_t *login)
{
    bool          known;
    size_t        size;
    result_t     *user, *entered;
    login_task_t *task;

    /* two names that differ in case only are two users: the exact one counts */
    user = pg_query(rq,
                    "SELECT id, password, is_active AND NOT coalesce(" LOGIN_LOCKED ", false) FROM main_user"
                    " WHERE upper(username) = upper(%s) ORDER BY username = %s DESC, id LIMIT 1",
                    username, username);
    known = pg_rows(user) == 1;

    task = login_task(rq, known ? pg_text(user, 0, 1) : "", password, &size);
    thread_run(rq, login_verify, task, size);

    if (!known) {
        return false;
    }

    login->id = pg_int(user, 0, 0);
    login->stored = task->outdated ? task->remade : pg_text(user, 0, 1);

    /* guesses at the same time can not get past the third failure: the row is asked again */
    if (task->good && pg_bool(user, 0, 2)) {
        entered = pg_query(rq,
                           "UPDATE main_user SET failed_login_count = 0, last_login = now() WHERE id = %ld AND is_active"
                           " AND NOT coalesce(" LOGIN_LOCKED ", false) AND password = %s RETURNING id",
                           login->id, pg_text(user, 0, 1));

        if (pg_rows(entered) == 1) {
            if (task->outdated) {
                pg_query(rq, "UPDATE main_user SET password = %s WHERE id = %ld AND password = %s", task->remade, login->id,
                         pg_text(user, 0, 1));
            }
            return true;
        }
    }

    login_failed(rq, login->id);

    return false;
}


const char *
login_stored(rq_t *rq, const char *password)
{
    size_t        size;
    login_task_t *task;

    task = login_task(rq, "", password, &size);
    thread_run(rq, login_make, task, size);

    if (!task->made) {
        fail(rq, 503, "No randomness.");
    }

    return task->remade;
}


/* The third failure locks: its user is told, and the operators of each from there on (contract/accounts.md §3.5). */
static void
login_failed(rq_t *rq, int64_t id)
{
    result_t *user;

    user = pg_query(rq,
                    "UPDATE main_user SET failed_login_count = failed_login_count + 1, last_failed_login = now() WHERE id = %ld"
                    " RETURNING failed_login_count, username, email",
                    id);

    if (pg_rows(user) == 0 || pg_int(user, 0, 0) < 3) {
        return;
    }

    if (pg_int(user, 0, 0) == 3 && *pg_text(user, 0, 2) != '\0') {
        mail_send(rq, pg_text(user, 0, 2), "Tator account has been locked",
                  "The account %s has been locked for ten minutes after three attempts to log in that failed.\n\n"
                  "If these were not yours, tell your administrator, and set a new password.\n",
                  pg_text(user, 0, 1));
    }

    chat_send(rq, "Login of %s failed %ld times in a row, last from %.*s.", pg_text(user, 0, 1), (long) pg_int(user, 0, 0),
              (int) rq->address.len, (char *) rq->address.data);
}


static login_task_t *
login_task(rq_t *rq, const char *stored, const char *password, size_t *size)
{
    size_t        len = strlen(password);
    login_task_t *task;

    *size = sizeof(login_task_t) + len + 1;
    task = arena_zalloc(rq->arena, *size);
    task->len = len;
    snprintf(task->stored, sizeof(task->stored), "%s", stored);
    memcpy(task->password, password, len);

    return task;
}


/* Unknown names, and users without a password, cost the same time. */
static void
login_verify(void *data)
{
    login_task_t *task = data;

    if (task->stored[0] == '\0' || task->stored[0] == '!') {
        password_idle(task->password, task->len);
        return;
    }

    task->good = password_verify(task->stored, task->password, task->len);
    task->outdated = task->good && password_outdated(task->stored) && password_make(task->remade, task->password, task->len);
}


static void
login_make(void *data)
{
    login_task_t *task = data;

    task->made = password_make(task->remade, task->password, task->len);
}
