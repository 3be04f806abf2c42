/*
 * API tokens.
 */

#include <openssl/rand.h>

#include <tator/password.h>

#include "../net/pg.h"
#include "../net/threads.h"
#include "common.h"

#define TOKEN_PASSWORD 1024 /* bytes of a password that is looked at; nobody has a longer one */

static const field_t credentials_fields[] = {
    {"username", STRING(), REQUIRED, "User name, in any case."},
    {"password", STRING(), REQUIRED, "The password."},
    {"refresh", BOOLEAN(), OPTIONAL, "Whether to make a new token."},
    {0},
};

static const field_t token_fields[] = {
    {"token", STRING(), OPTIONAL, "Secret for access."},
    {0},
};

const schema_t schema_credentials = OBJECT(credentials_fields, NAMED("Credentials"));
const schema_t schema_token = OBJECT(token_fields, NAMED("Token"));

typedef struct {
    bool   good, outdated;
    size_t len;
    char   stored[PASSWORD_STORED], remade[PASSWORD_STORED], password[TOKEN_PASSWORD + 1];
} password_task_t;

static void token_create(rq_t *rq);
static void token_check(void *data);
static char *token_key(rq_t *rq);

const endpoint_t token_endpoints[] = {
    {POST, "/rest/Token", "CreateObtainAuthToken", token_create,
     .access = ACCESS_OPEN, .body = &schema_credentials, .reply = &schema_token, .status = 200,
     .doc = "Get the token of a user by name and password."},
    {0},
};


/* POST Token (contract/accounts.md §3.1, §3.5): counts as a login. */
static void
token_create(rq_t *rq)
{
    bool            locked, active;
    int64_t         id;
    result_t       *user, *token;
    const char     *username = param_text(rq, "username"), *password = param_text(rq, "password");
    password_task_t task = {0};

    user = pg_query(rq,
                    "SELECT id, password, is_active,"
                    "       failed_login_count >= 3 AND last_failed_login >= now() - interval '10 minutes'"
                    " FROM main_user WHERE upper(username) = upper(%s) ORDER BY username = %s DESC, id LIMIT 1",
                    username, username);

    task.len = strnlen(password, TOKEN_PASSWORD);
    memcpy(task.password, password, task.len);
    snprintf(task.stored, sizeof(task.stored), "%s", pg_rows(user) ? pg_text(user, 0, 1) : "");
    thread_run(rq, token_check, &task, sizeof(task));

    if (pg_rows(user) == 0) {
        fail(rq, 400, "Could not authenticate with provided credentials!");
    }

    id = pg_int(user, 0, 0);
    active = pg_bool(user, 0, 2);
    locked = pg_bool(user, 0, 3);

    if (!task.good || !active || locked) {
        pg_query(rq, "UPDATE main_user SET failed_login_count = failed_login_count + 1, last_failed_login = now() WHERE id = %ld", id);
        fail(rq, 400, "Could not authenticate with provided credentials!");
    }

    if (rq->user.id != 0 && rq->user.id != id) {
        fail(rq, 400, "Credentials do not match currently authenticated user!");
    }

    tx_begin(rq);
    pg_query(rq, "UPDATE main_user SET failed_login_count = 0, last_login = now() WHERE id = %ld", id);

    if (task.outdated) {
        pg_query(rq, "UPDATE main_user SET password = %s WHERE id = %ld", task.remade, id);
    }

    if (param_bool(rq, "refresh", false)) {
        pg_query(rq, "DELETE FROM authtoken_token WHERE user_id = %ld", id);
    }

    pg_query(rq, "INSERT INTO authtoken_token (key, created, user_id) VALUES (%s, now(), %ld) ON CONFLICT (user_id) DO NOTHING",
             token_key(rq), id);
    token = pg_query(rq, "SELECT key FROM authtoken_token WHERE user_id = %ld", id);
    tx_commit(rq);

    reply_json(rq, 201, rq_own(rq, json_pack("{s:s}", "token", pg_text(token, 0, 0))));
}


/* In a thread. Unknown names cost the same time. */
static void
token_check(void *data)
{
    password_task_t *task = data;

    if (task->stored[0] == '\0') {
        password_idle(task->password, task->len);
        return;
    }

    task->good = password_verify(task->stored, task->password, task->len);
    task->outdated = task->good && password_outdated(task->stored) && password_make(task->remade, task->password, task->len);
}


/* 40 hexadecimal digits. */
static char *
token_key(rq_t *rq)
{
    char         *key = arena_alloc(rq->arena, 41);
    unsigned char bytes[20];

    if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
        fail(rq, 503, "No randomness.");
    }

    for (size_t k = 0; k < sizeof(bytes); k++) {
        snprintf(key + 2 * k, 3, "%02x", bytes[k]);
    }

    return key;
}
