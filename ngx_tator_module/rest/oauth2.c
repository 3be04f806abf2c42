/*
 * Log-in by Okta, or any other OpenID Connect provider, that ends in a cookie session (contract/accounts.md §3.8). Users are known by the
 * provider's id of them.
 */

#include "../api/code_flow.h"
#include "../api/page.h"
#include "../api/params.h"
#include "../api/provider.h"
#include "../api/session.h"
#include "../net/fetch.h"
#include "../net/pg.h"
#include "common.h"
#include "user.h"

#define OAUTH2_SUBJECT 255 /* OpenID Connect Core §2 */

static const field_t jwt_gateway_params[] = {
    {"code", STRING(), OPTIONAL, "What the provider gave the browser for the token."},
    {0},
};

static void          oauth2_login(rq_t *rq);
static void          oauth2_gateway(rq_t *rq);
static bool          oauth2_missing(rq_t *rq);
static void          oauth2_access(rq_t *rq, const code_flow_t *flow);
static const json_t *oauth2_claims(rq_t *rq, const code_flow_t *flow);
static int64_t       oauth2_user(rq_t *rq, const json_t *claims);
static int64_t       oauth2_new_user(rq_t *rq, const char *subject, const json_t *claims);
static void          oauth2_link(rq_t *rq, int64_t id, const char *subject);
static const char   *oauth2_claim(const json_t *claims, const char *name);

const endpoint_t oauth2_endpoints[] = {
    {GET(OPEN), "/oauth2/login/", "GetOauth2LoginSchema", oauth2_login,
     .reply = &schema_anything_list, .flags = NO_ERRORS | OWN_ERRORS | WITH_OKTA,
     .doc = "To the identity provider's log-in."},
    {GET(OPEN), "/oauth2/login", .handler = oauth2_login, .flags = OWN_ERRORS, .doc = "The same."},
    {GET(OPEN), "/jwt-gateway/", "GetJwtGatewaySchema", oauth2_gateway,
     .params = {jwt_gateway_params}, .reply = &schema_anything_list, .flags = NO_ERRORS | OWN_ERRORS | WITH_OKTA | CREDENTIALS,
     .doc = "Back from the identity provider's log-in."},
    {GET(OPEN), "/jwt-gateway", .handler = oauth2_gateway, .flags = OWN_ERRORS | CREDENTIALS, .doc = "The same."},
    {0},
};


static void
oauth2_login(rq_t *rq)
{
    if (oauth2_missing(rq)) {
        return;
    }

    code_flow_begin(rq, "/jwt-gateway", page_next(rq, ""));
}


/* The browser is back. The texts of refusals are the contract's, where it has them. */
static void
oauth2_gateway(rq_t *rq)
{
    int64_t     id;
    result_t   *user;
    code_flow_t flow;
    const char *code = query_value(rq->arena, rq->query, "code"), *error = query_value(rq->arena, rq->query, "error");

    if (oauth2_missing(rq)) {
        return;
    }

    if (error != NULL) {
        fail(rq, 403, "The identity provider refused the log-in: %s", error);
    }

    if (code == NULL || *code == '\0') {
        fail(rq, 404, "Not Found");
    }

    switch (code_flow_end(rq, code, query_value(rq->arena, rq->query, "state"), &flow)) {
    case CODE_NOT_BEGUN:
        fail(rq, 403, "This log-in was not begun in this browser, or too long ago. Please log in again.");
    case CODE_TOKEN_TYPE:
        fail(rq, 403, "Unsupported token type");
    case CODE_ID_TOKEN:
        fail(rq, 403, "ID token is invalid");
    case CODE_REFUSED:
        fail(rq, 404, "invalid token");
    case CODE_GOOD:
        break;
    }

    oauth2_access(rq, &flow);
    id = oauth2_user(rq, oauth2_claims(rq, &flow));

    user = pg_query(rq, "UPDATE main_user SET last_login = now(), failed_login_count = 0 WHERE id = %ld AND is_active RETURNING password", id);
    if (pg_rows(user) == 0) {
        fail(rq, 403, "User inactive or deleted.");
    }

    session_start(rq, id, pg_text(user, 0, 0));
    page_never_kept(rq);
    reply_redirect(rq, 302, *flow.next == '\0' ? "/projects" : flow.next);
}


/* Without Okta these pages are not there. */
static bool
oauth2_missing(rq_t *rq)
{
    if (!rq->config->okta) {
        page_plain(rq, 404, "Not Found", "The requested resource was not found on this server.");
    }

    return !rq->config->okta;
}


static void
oauth2_access(rq_t *rq, const code_flow_t *flow)
{
    const char *fault;

    if (provider_claims(rq, flow->access_token, &(jwt_rules_t) {.audience = provider_audience(rq)}, &fault) == NULL) {
        fail(rq, 403, "Access token is invalid");
    }
}


/* Those of the id token; where it has no address, as when a provider keeps it short, those of the provider's own page about the user. */
static const json_t *
oauth2_claims(rq_t *rq, const code_flow_t *flow)
{
    json_t     *claims;
    fetched_t  *answer;
    const char *address, *subject = oauth2_claim(flow->claims, "sub");
    const char *headers[] = {rq_format(rq, "Authorization: Bearer %s", flow->access_token), "Accept: application/json", NULL};

    if (*subject == '\0' || strlen(subject) > OAUTH2_SUBJECT) {
        fail(rq, 403, "ID token is invalid");
    }

    address = *oauth2_claim(flow->claims, "email") != '\0' ? NULL : provider_address(rq, PROVIDER_USERINFO);
    if (address == NULL) {
        return flow->claims;
    }

    answer = fetch(rq, &(fetch_t) {.url = address, .headers = headers});
    if (answer->status == 0 || answer->status >= 500) {
        provider_unreachable(rq);
    }

    claims = answer->status == 200 ? json_parse(answer->body, answer->len, NULL) : NULL;
    if (claims == NULL) {
        return flow->claims;
    }

    rq_own(rq, claims);

    return strcmp(oauth2_claim(claims, "sub"), subject) == 0 ? claims : flow->claims;
}


/* The provider's id of a user decides. One who is new here may have an account of his address already: that becomes his when the provider
   vouches for the address. Two log-ins at once make one user. */
static int64_t
oauth2_user(rq_t *rq, const json_t *claims)
{
    int64_t     id;
    result_t   *known;
    const char *subject = oauth2_claim(claims, "sub"), *email = oauth2_claim(claims, "email");

    known = pg_query(rq, "SELECT id FROM main_user WHERE okta_id = %s ORDER BY id LIMIT 1", subject);
    if (pg_rows(known) == 1) {
        return pg_int(known, 0, 0);
    }

    if (*email == '\0') {
        fail(rq, 403, "The identity provider does not say the user's e-mail address.");
    }

    tx_begin(rq);
    pg_query(rq, "SELECT pg_advisory_xact_lock(hashtextextended('tator user ' || lower(%s), 0))", email);
    known = pg_query(rq, "SELECT id FROM main_user WHERE okta_id = %s ORDER BY id LIMIT 1", subject);

    if (pg_rows(known) == 1) {
        id = pg_int(known, 0, 0);
        tx_commit(rq);
        return id;
    }

    known = pg_query(rq,
                     "SELECT id, okta_id IS NULL AND upper(email) = upper(%s) FROM main_user WHERE upper(username) = upper(%s)"
                     " ORDER BY username = %s DESC, id LIMIT 1", email, email, email);

    if (pg_rows(known) == 0) {
        id = oauth2_new_user(rq, subject, claims);

    } else if (pg_bool(known, 0, 1) && json_is_true(json_object_get(claims, "email_verified"))) {
        id = pg_int(known, 0, 0);
        oauth2_link(rq, id, subject);

    } else {
        fail(rq, 403, "There is an account %s already, which is not this user's.", email);
    }

    tx_commit(rq);

    return id;
}


static int64_t
oauth2_new_user(rq_t *rq, const char *subject, const json_t *claims)
{
    int64_t     id = user_id_new(rq);
    const char *email = oauth2_claim(claims, "email");

    user_insert(rq, id, &(user_new_t) {.username = email, .email = email, .first_name = oauth2_claim(claims, "given_name"),
                                       .last_name = oauth2_claim(claims, "family_name"), .known = true},
                "", rq_own(rq, json_object()));

    pg_query(rq, "UPDATE main_user SET okta_id = %s, initials = upper(left(first_name, 1) || left(last_name, 1)) WHERE id = %ld", subject, id);

    return id;
}


/* Who knows the old password or token may be somebody else, who registered under the address first: they end. With the password its
   sessions do. */
static void
oauth2_link(rq_t *rq, int64_t id, const char *subject)
{
    pg_query(rq, "UPDATE main_user SET okta_id = %s, password = '' WHERE id = %ld", subject, id);
    pg_query(rq, "DELETE FROM authtoken_token WHERE user_id = %ld", id);
    pg_query(rq, "DELETE FROM main_passwordreset WHERE user_id = %ld", id);
}


static const char *
oauth2_claim(const json_t *claims, const char *name)
{
    const char *value = json_string_value(json_object_get(claims, name));

    return value == NULL ? "" : value;
}
