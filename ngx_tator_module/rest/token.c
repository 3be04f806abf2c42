/*
 * API tokens.
 */

#include <tator/crypto.h>

#include "../api/login.h"
#include "../net/pg.h"
#include "common.h"
#include "token.h"

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

static void token_create(rq_t *rq);
static char *token_key(rq_t *rq);

const endpoint_t token_endpoints[] = {
    {POST(OPEN), "/rest/Token", "CreateObtainAuthToken", token_create,
     .body = &schema_credentials, .reply = &schema_token, .status = 200,
     .flags = CREDENTIALS, .doc = "Get the token of a user by name and password."},
    {0},
};


/* POST Token (contract/accounts.md §3.1, §3.5): counts as a login. */
static void
token_create(rq_t *rq)
{
    login_t     login;
    const char *token;

    if (!login_try(rq, param_text(rq, "username"), param_text(rq, "password"), &login)) {
        fail(rq, 400, "Could not authenticate with provided credentials!");
    }

    if (rq->user.id != 0 && rq->user.id != login.id) {
        fail(rq, 400, "Credentials do not match currently authenticated user!");
    }

    tx_begin(rq);

    if (param_bool(rq, "refresh", false)) {
        pg_query(rq, "DELETE FROM authtoken_token WHERE user_id = %ld", login.id);
    }

    token = token_of(rq, login.id);
    tx_commit(rq);

    reply_json(rq, 201, rq_own(rq, json_pack("{s:s}", "token", token)));
}


const char *
token_of(rq_t *rq, int64_t user)
{
    pg_query(rq, "INSERT INTO authtoken_token (key, created, user_id) VALUES (%s, now(), %ld) ON CONFLICT (user_id) DO NOTHING",
             token_key(rq), user);

    return pg_text(pg_query(rq, "SELECT key FROM authtoken_token WHERE user_id = %ld", user), 0, 0);
}


/* 40 hexadecimal digits. */
static char *
token_key(rq_t *rq)
{
    char         *key = arena_alloc(rq->arena, 41);
    unsigned char bytes[20];

    random_bytes(bytes, sizeof(bytes));
    hex_encode(key, bytes, sizeof(bytes));

    return key;
}
