/*
 * The authorization code flow (code_flow.h).
 */

#include <time.h>

#include <tator/base64.h>
#include <tator/crypto.h>
#include <tator/session.h>
#include <tator/uri.h>

#include "../net/fetch.h"
#include "code_flow.h"
#include "page.h"
#include "provider.h"

#define FLOW_COOKIE  "tator_login_" /* and the first letters of the state: log-ins in several windows are apart */
#define FLOW_LETTERS 8
#define FLOW_SECONDS 600
#define FLOW_MOST    6              /* cookies; when there are more, all are taken away */
#define FLOW_SECRET  32             /* bytes of state, nonce and verifier */
#define FLOW_SIGNER  "tator log-in at the provider " /* keeps these cookies apart from sessions */
#define FLOW_NEXT    1024

static void          flow_cookie(rq_t *rq, const char *state, const char *value, int seconds);
static void          flow_tidy(rq_t *rq);
static const char   *flow_member(const json_t *begun, const char *name);
static json_t       *flow_begun(rq_t *rq, const char *state);
static code_result_t flow_ask(rq_t *rq, text_t *form, const char *nonce, code_flow_t *flow);
static const char   *flow_basic(rq_t *rq);
static const char   *flow_text(const json_t *answer, const char *name);
static const char   *flow_random(rq_t *rq);
static void          flow_put(text_t *text, const char *name, const char *value);


void
code_flow_begin(rq_t *rq, const char *path, const char *next)
{
    text_t        location;
    json_t       *begun;
    const char   *address = provider_address(rq, PROVIDER_AUTHORIZATION), *redirect = rq_format(rq, "%s%s", code_flow_site(rq), path);
    const char   *state = flow_random(rq), *nonce = flow_random(rq), *verifier = flow_random(rq);
    unsigned char challenge[SHA256_LENGTH];

    sha256(challenge, verifier, strlen(verifier));
    begun = rq_own(rq, json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "state", state, "nonce", nonce, "verifier", verifier, "redirect", redirect,
                                 "next", strlen(next) > FLOW_NEXT ? "" : next, "until", (json_int_t) time(NULL) + FLOW_SECONDS));

    text_start(&location, rq->arena, 1024);
    text_printf(&location, "%s%s", address, strchr(address, '?') == NULL ? "?" : "&");
    text_puts(&location, "response_type=code&response_mode=query&code_challenge_method=S256");
    flow_put(&location, "client_id", provider_client(rq));
    flow_put(&location, "redirect_uri", redirect);
    flow_put(&location, "scope", rq->config->keycloak ? "openid" : "openid profile email");
    flow_put(&location, "state", state);
    flow_put(&location, "nonce", nonce);
    flow_put(&location, "code_challenge", base64_url_encode(rq->arena, challenge, sizeof(challenge)));

    flow_tidy(rq);
    flow_cookie(rq, state, session_encode(rq->arena, rq_format(rq, FLOW_SIGNER "%s", rq->config->secret_key), begun, time(NULL)), FLOW_SECONDS);
    page_never_kept(rq);
    reply_redirect(rq, 302, rq_format(rq, "%.*s", (int) location.len, location.data));
}


code_result_t
code_flow_end(rq_t *rq, const char *code, const char *state, code_flow_t *flow)
{
    text_t        form;
    json_t       *begun = flow_begun(rq, state);
    code_result_t result;

    memset(flow, 0, sizeof(code_flow_t));

    if (begun == NULL) {
        return CODE_NOT_BEGUN;
    }

    text_start(&form, rq->arena, 1024);
    text_puts(&form, "grant_type=authorization_code");
    flow_put(&form, "code", code);
    flow_put(&form, "redirect_uri", flow_member(begun, "redirect"));
    flow_put(&form, "code_verifier", flow_member(begun, "verifier"));

    result = flow_ask(rq, &form, flow_member(begun, "nonce"), flow);
    flow->next = page_local(flow_member(begun, "next"), "");

    if (result == CODE_GOOD) {
        flow_cookie(rq, state, "", 0);
    }

    return result;
}


code_result_t
code_flow_refresh(rq_t *rq, const char *refresh_token, code_flow_t *flow)
{
    text_t form;

    memset(flow, 0, sizeof(code_flow_t));
    flow->next = "";

    text_start(&form, rq->arena, 1024);
    text_puts(&form, "grant_type=refresh_token");
    flow_put(&form, "refresh_token", refresh_token);

    return flow_ask(rq, &form, NULL, flow);
}


const char *
code_flow_site(rq_t *rq)
{
    return rq_format(rq, "%s://%.*s", rq->config->require_https ? "https" : (char *) rq->scheme.data, (int) rq->host.len, (char *) rq->host.data);
}


static void
flow_cookie(rq_t *rq, const char *state, const char *value, int seconds)
{
    bool secure = rq->config->require_https || rq->scheme.len == 5;

    reply_header(rq, "Set-Cookie", rq_format(rq, FLOW_COOKIE "%.*s=%s; HttpOnly; Max-Age=%d; Path=/; SameSite=Lax%s", FLOW_LETTERS, state, value,
                                             seconds, secure ? "; Secure" : ""));
}


/* Log-ins that were given up leave cookies behind, which must not fill the browser's requests. */
static void
flow_tidy(rq_t *rq)
{
    int         n = 0;
    const char *header = rq_header(rq, "Cookie"), *p;

    for (p = header; p != NULL && (p = strstr(p, FLOW_COOKIE)) != NULL; p++) {
        n++;
    }

    for (p = n < FLOW_MOST ? NULL : header; p != NULL && (p = strstr(p, FLOW_COOKIE)) != NULL; p++) {
        if (strcspn(p + sizeof(FLOW_COOKIE) - 1, "=;, ") == FLOW_LETTERS) {
            flow_cookie(rq, p + sizeof(FLOW_COOKIE) - 1, "", 0);
        }
    }
}


/* What the browser's cookie says of this state; NULL: nothing that is signed, not too old, and of just this state. */
static json_t *
flow_begun(rq_t *rq, const char *state)
{
    json_t     *begun;
    const char *cookie, *known;

    if (state == NULL || strlen(state) < FLOW_LETTERS) {
        return NULL;
    }

    cookie = rq_cookie(rq, rq_format(rq, FLOW_COOKIE "%.*s", FLOW_LETTERS, state));
    begun = cookie == NULL ? NULL : session_decode(rq->arena, rq_format(rq, FLOW_SIGNER "%s", rq->config->secret_key), cookie);
    if (begun == NULL) {
        return NULL;
    }

    rq_own(rq, begun);
    known = flow_member(begun, "state");

    if (strlen(known) != strlen(state) || !same_bytes(known, state, strlen(state))
        || json_integer_value(json_object_get(begun, "until")) <= (json_int_t) time(NULL))
    {
        return NULL;
    }

    return begun;
}


static const char *
flow_member(const json_t *begun, const char *name)
{
    const char *value = json_string_value(json_object_get(begun, name));

    return value == NULL ? "" : value;
}


/* Ask the provider's token address. nonce NULL: an id token is no must. */
static code_result_t
flow_ask(rq_t *rq, text_t *form, const char *nonce, code_flow_t *flow)
{
    json_t     *answer;
    fetched_t  *fetched;
    const char *basic = flow_basic(rq), *type, *fault;
    const char *headers[] = {"Content-Type: application/x-www-form-urlencoded", "Accept: application/json", basic, NULL};
    const char *address = provider_address(rq, PROVIDER_TOKEN);

    if (basic == NULL) {
        flow_put(form, "client_id", provider_client(rq));
    }

    fetched = fetch(rq, &(fetch_t) {.method = "POST", .url = address, .headers = headers, .body = form->data, .body_len = form->len});

    if (fetched->status == 0 || fetched->status >= 500) {
        provider_unreachable(rq);
    }

    answer = json_parse(fetched->body, fetched->len, NULL);
    if (answer == NULL) {
        return CODE_REFUSED;
    }

    flow->answer = rq_own(rq, answer);
    flow->access_token = flow_text(answer, "access_token");
    flow->refresh_token = flow_text(answer, "refresh_token");
    flow->id_token = flow_text(answer, "id_token");
    type = json_string_value(json_object_get(answer, "token_type"));

    if (fetched->status != 200 || flow->access_token == NULL) {
        return CODE_REFUSED;
    }

    if (type == NULL || strcasecmp(type, "Bearer") != 0) {
        return CODE_TOKEN_TYPE;
    }

    if (flow->id_token == NULL) {
        return nonce == NULL ? CODE_GOOD : CODE_ID_TOKEN;
    }

    flow->claims = provider_claims(rq, flow->id_token,
                                   &(jwt_rules_t) {.audience = provider_client(rq), .client = provider_client(rq), .nonce = nonce}, &fault);

    return flow->claims == NULL ? CODE_ID_TOKEN : CODE_GOOD;
}


/* The client's own credentials (RFC 6749 §2.3.1); NULL: a public client has none. */
static const char *
flow_basic(rq_t *rq)
{
    text_t      pair;
    const char *client = provider_client(rq), *secret = provider_secret(rq);

    if (secret == NULL) {
        return NULL;
    }

    text_start(&pair, rq->arena, 128);
    uri_encode(&pair, client, strlen(client), "");
    text_puts(&pair, ":");
    uri_encode(&pair, secret, strlen(secret), "");

    return rq_format(rq, "Authorization: Basic %s", base64_encode(rq->arena, pair.data, pair.len));
}


/* A token of the answer; what could not stand in a header or a cookie is none (RFC 6750 §2.1 allows less). */
static const char *
flow_text(const json_t *answer, const char *name)
{
    const char *value = json_string_value(json_object_get(answer, name));

    if (value == NULL || *value == '\0') {
        return NULL;
    }

    for (const char *p = value; *p != '\0'; p++) {
        if (*p <= ' ' || *p >= 0x7f || strchr("\",;\\", *p) != NULL) {
            return NULL;
        }
    }

    return value;
}


static const char *
flow_random(rq_t *rq)
{
    unsigned char bytes[FLOW_SECRET];

    random_bytes(bytes, sizeof(bytes));

    return base64_url_encode(rq->arena, bytes, sizeof(bytes));
}


static void
flow_put(text_t *text, const char *name, const char *value)
{
    text_printf(text, "&%s=", name);
    uri_encode(text, value, strlen(value), "");
}
