/*
 * Bearer tokens (bearer.h). What a token says stays true until it expires, so its user is kept with those of other tokens (auth.h) until
 * then, or until somebody's rights change.
 */

#include <ctype.h>
#include <time.h>

#include "../net/pg.h"
#include "auth.h"
#include "bearer.h"
#include "provider.h"

#define BEARER "Bearer"

static const char *bearer_token(rq_t *rq);
static result_t   *bearer_user(rq_t *rq, const json_t *claims);
static int64_t     bearer_id(const char *subject);
static _Noreturn void bearer_refuse(rq_t *rq, const char *error, const char *detail);


void
bearer_check(rq_t *rq)
{
    result_t     *user;
    ngx_uint_t    generation;
    const char   *text = bearer_token(rq), *fault;
    const json_t *claims;

    if (text == NULL || auth_bearer(rq, text)) {
        return;
    }

    generation = auth_generation();
    claims = provider_claims(rq, text, &(jwt_rules_t) {.audience = provider_audience(rq)}, &fault);
    user = claims == NULL ? NULL : bearer_user(rq, claims);

    if (user == NULL || pg_rows(user) == 0) {
        bearer_refuse(rq, "Authentication failed", "Please provide or refresh your token.");
    }

    if (!pg_bool(user, 0, 6)) {
        bearer_refuse(rq, "User disabled", "User has been disabled by an administrator.");
    }

    rq->user.id = pg_int(user, 0, 0);
    rq->user.username = pg_text(user, 0, 1);
    rq->user.first_name = pg_text(user, 0, 2);
    rq->user.last_name = pg_text(user, 0, 3);
    rq->user.email = pg_text(user, 0, 4);
    rq->user.is_staff = pg_bool(user, 0, 5);

    auth_bearer_keep(rq, text, generation, (int64_t) (json_number_value(json_object_get(claims, "exp")) - (double) time(NULL)) * 1000);
}


static const char *
bearer_token(rq_t *rq)
{
    const char *header = rq_header(rq, "Authorization"), *token;

    if (header != NULL && strncasecmp(header, BEARER " ", sizeof(BEARER)) == 0) {
        header += sizeof(BEARER);
        header += strspn(header, " ");
        return arena_copy(rq->arena, header, strcspn(header, " "));
    }

    token = rq->config->keycloak ? rq_cookie(rq, "access_token") : NULL;

    return token != NULL && *token != '\0' ? token : NULL;
}


/* Keycloak's `sub` is f:COMPONENT:ID, with the user's id here. Okta's access tokens (only they have `cid`) have its own id of the user in
   `uid`, those of other providers in `sub`. NULL: nobody's. */
static result_t *
bearer_user(rq_t *rq, const json_t *claims)
{
    int64_t     id;
    const char *subject = json_string_value(json_object_get(claims, "sub"));

    if (rq->config->keycloak) {
        id = bearer_id(subject);
        return id == 0 ? NULL
                       : pg_query(rq, "SELECT id, username, first_name, last_name, email, is_staff, is_active FROM main_user WHERE id = %ld", id);
    }

    if (json_object_get(claims, "cid") != NULL) {
        subject = json_string_value(json_object_get(claims, "uid"));
    }

    return subject == NULL || *subject == '\0'
               ? NULL
               : pg_query(rq,
                          "SELECT id, username, first_name, last_name, email, is_staff, is_active FROM main_user WHERE okta_id = %s"
                          " ORDER BY id LIMIT 1", subject);
}


/* 0: not the id of a user. */
static int64_t
bearer_id(const char *subject)
{
    int64_t     id = 0;
    const char *digit = subject == NULL ? NULL : strrchr(subject, ':');

    digit = digit == NULL ? subject : digit + 1;

    if (digit == NULL || *digit == '\0' || strlen(digit) > 18) {
        return 0;
    }

    for (; *digit != '\0'; digit++) {
        if (!isdigit((unsigned char) *digit)) {
            return 0;
        }
        id = id * 10 + *digit - '0';
    }

    return id;
}


static void
bearer_refuse(rq_t *rq, const char *error, const char *detail)
{
    fail_json(rq, 401, rq_own(rq, json_pack("{s:s, s:s}", "error", error, "detail", detail)));
}
