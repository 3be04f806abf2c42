/*
 * Keycloak's side of the browser (contract/accounts.md §3.7): no cookie sessions, but tokens that the page keeps and sends along. /callback is
 * where the provider sends the browser back to; it exchanges the code for tokens by POST /exchange, and has them renewed by GET /refresh.
 */

#include <tator/uri.h>

#include "../api/code_flow.h"
#include "../api/page.h"
#include "../api/params.h"
#include "../api/provider.h"
#include "common.h"
#include "keycloak.h"

/* Where browsers send which token without being told. */
static const struct {
    const char *name, *path;
    bool        refresh;
} keycloak_cookies[] = {
    {"refresh_token", "/refresh", true},
    {"access_token", "/media", false},
    {"access_token", "/admin", false},
    {"access_token", "/bespoke", false},
};

#define KEYCLOAK_CALLBACK \
    "(async () => {" \
    "const say = text => { const p = document.querySelector('main p'); p.setAttribute('role', 'alert'); p.textContent = text; };" \
    "const query = new URLSearchParams(location.search);" \
    "history.replaceState(null, '', '/callback');" \
    "try {" \
    "const answer = await fetch('/exchange', {method: 'POST', credentials: 'include', headers: {'Content-Type': 'application/json'}," \
    " body: JSON.stringify({code: query.get('code'), state: query.get('state'), origin: location.origin})});" \
    "const body = await answer.json();" \
    "if (!answer.ok) { say(body.message); return; }" \
    "localStorage.setItem('access_token', body.access_token);" \
    "localStorage.setItem('id_token', body.id_token);" \
    "location.replace(body.next);" \
    "} catch (error) { say('The server gives no answer.'); }" \
    "})();"

#define KEYCLOAK_LOGOUT \
    "(() => {" \
    "const out = document.querySelector('main a').href, id = localStorage.getItem('id_token');" \
    "localStorage.removeItem('access_token');" \
    "localStorage.removeItem('id_token');" \
    "location.replace(id === null ? out : out + '&id_token_hint=' + encodeURIComponent(id));" \
    "})();"

static void        keycloak_callback(rq_t *rq);
static void        keycloak_exchange(rq_t *rq);
static void        keycloak_refresh(rq_t *rq);
static bool        keycloak_missing(rq_t *rq);
static void        keycloak_reply(rq_t *rq, const code_flow_t *flow);
static void        keycloak_cookie(rq_t *rq, size_t k, const char *value, const char *age);
static const char *keycloak_body(rq_t *rq, const char *name);

const endpoint_t keycloak_endpoints[] = {
    {GET(OPEN), "/callback", .handler = keycloak_callback, .flags = NO_CREDENTIALS, .doc = "Back from the identity provider's log-in."},
    {POST(OPEN), "/exchange", .handler = keycloak_exchange, .flags = CREDENTIALS | NO_CREDENTIALS, .doc = "Tokens for the code of a log-in."},
    {GET(OPEN), "/refresh", .handler = keycloak_refresh, .flags = NO_CREDENTIALS, .doc = "New tokens."},
    {0},
};


void
keycloak_login(rq_t *rq)
{
    code_flow_begin(rq, "/callback", page_next(rq, ""));
}


void
keycloak_logout(rq_t *rq)
{
    text_t      page, location;
    const char *address = provider_address(rq, PROVIDER_LOGOUT), *site = rq_format(rq, "%s/", code_flow_site(rq));

    for (size_t k = 0; k < sizeof(keycloak_cookies) / sizeof(keycloak_cookies[0]); k++) {
        keycloak_cookie(rq, k, "", "0");
    }

    text_start(&location, rq->arena, 256);
    if (address == NULL) {
        text_puts(&location, "/?");
    } else {
        text_printf(&location, "%s%sclient_id=", address, strchr(address, '?') == NULL ? "?" : "&");
        uri_encode(&location, provider_client(rq), strlen(provider_client(rq)), "");
        text_puts(&location, "&post_logout_redirect_uri=");
        uri_encode(&location, site, strlen(site), "");
    }

    page_begin(rq, &page, "Log out");
    page_paragraph(&page, "You are logged out here, and will be at the identity provider.");
    page_link(&page, rq_format(rq, "%.*s", (int) location.len, location.data), "Log out there, too");
    page_end_script(rq, &page, 200, KEYCLOAK_LOGOUT);
}


static void
keycloak_callback(rq_t *rq)
{
    text_t      page;
    const char *error = query_value(rq->arena, rq->query, "error");

    if (keycloak_missing(rq)) {
        return;
    }

    page_begin(rq, &page, "Log in");

    if (error != NULL) {
        page_alert(&page, rq_format(rq, "The identity provider refused the log-in: %s", error));
        page_link(&page, "/accounts/login/", "Try again");
        page_end(rq, &page, 403);
        return;
    }

    page_paragraph(&page, "One moment please. Without JavaScript it does not go on.");
    page_end_script(rq, &page, 200, KEYCLOAK_CALLBACK);
}


/* {code, state}. The address that the code was for is known from the log-in's beginning: the body's `origin` is not needed. */
static void
keycloak_exchange(rq_t *rq)
{
    code_flow_t   flow;
    code_result_t result;
    const char   *code = keycloak_body(rq, "code");

    if (keycloak_missing(rq)) {
        return;
    }

    result = code == NULL ? CODE_REFUSED : code_flow_end(rq, code, keycloak_body(rq, "state"), &flow);

    if (result == CODE_NOT_BEGUN) {
        fail(rq, 403, "Failed to retrieve access token! This log-in was not begun in this browser, or too long ago.");
    }

    if (result != CODE_GOOD) {
        fail(rq, 403, "Failed to retrieve access token!");
    }

    keycloak_reply(rq, &flow);
}


static void
keycloak_refresh(rq_t *rq)
{
    code_flow_t flow;
    const char *token = rq_cookie(rq, "refresh_token");

    if (keycloak_missing(rq)) {
        return;
    }

    if (token == NULL || *token == '\0') {
        fail(rq, 403, "No refresh token!");
    }

    if (code_flow_refresh(rq, token, &flow) != CODE_GOOD) {
        fail(rq, 403, "Failed to refresh access token!");
    }

    keycloak_reply(rq, &flow);
}


/* Without Keycloak these pages are not there. */
static bool
keycloak_missing(rq_t *rq)
{
    if (!rq->config->keycloak) {
        page_plain(rq, 404, "Not Found", "The requested resource was not found on this server.");
    }

    return !rq->config->keycloak;
}


/* The tokens as cookies, for as long as the provider will refresh them, and in the body, with the page to go on with. */
static void
keycloak_reply(rq_t *rq, const code_flow_t *flow)
{
    json_t     *answer = rq_own(rq, json_object()), *age = json_object_get(flow->answer, "refresh_expires_in"), *value;
    const char *seconds, *token;
    static const char *const members[] = {"access_token", "expires_in", "token_type", "id_token"};

    seconds = json_is_integer(age) && json_integer_value(age) > 0 ? rq_format(rq, "%ld", (long) json_integer_value(age)) : NULL;

    for (size_t k = 0; k < sizeof(keycloak_cookies) / sizeof(keycloak_cookies[0]); k++) {
        token = keycloak_cookies[k].refresh ? flow->refresh_token : flow->access_token;
        if (token != NULL) {
            keycloak_cookie(rq, k, token, seconds);
        }
    }

    for (size_t k = 0; k < sizeof(members) / sizeof(members[0]); k++) {
        value = json_object_get(flow->answer, members[k]);
        if (value != NULL) {
            json_object_set(answer, members[k], value);
        }
    }

    json_object_set_new(answer, "next", json_string(*flow->next == '\0' ? "/projects" : flow->next));

    page_never_kept(rq);
    reply_header(rq, "Access-Control-Allow-Credentials", "true");
    reply_json(rq, 200, answer);
}


/* age NULL: until the browser ends. */
static void
keycloak_cookie(rq_t *rq, size_t k, const char *value, const char *age)
{
    reply_header(rq, "Set-Cookie", rq_format(rq, "%s=%s; HttpOnly;%s%s%s Path=%s; SameSite=Strict; Secure", keycloak_cookies[k].name, value,
                                             age ? " Max-Age=" : "", age ? age : "", age ? ";" : "", keycloak_cookies[k].path));
}


/* A text of the JSON body; NULL: it has none. */
static const char *
keycloak_body(rq_t *rq, const char *name)
{
    json_t *body = json_parse(rq->content.data, rq->content.len, NULL);

    return body == NULL ? NULL : json_string_value(json_object_get(rq_own(rq, body), name));
}
