/*
 * Log-in and log-out pages for browsers (contract/accounts.md §1.1, §3.3): they begin and end cookie sessions.
 */

#include <tator/uri.h>

#include "../api/login.h"
#include "../api/page.h"
#include "../api/params.h"
#include "../api/session.h"
#include "common.h"
#include "keycloak.h"

#define LOGIN_REFUSED "Please enter a correct username and password. Note that both fields may be case-sensitive."

static void        login_page(rq_t *rq);
static void        login_enter(rq_t *rq);
static void        login_leave(rq_t *rq);
static void        login_leave_posted(rq_t *rq);
static void        login_known(rq_t *rq);
static void        login_redirect(rq_t *rq);
static const char *login_to(rq_t *rq, const char *path, const char *next);
static void        login_slash(rq_t *rq);
static void        login_form(rq_t *rq, const char *fault, const char *username);
static void        login_forbid(rq_t *rq, const char *fault);
static void        login_links(rq_t *rq, text_t *page, const char *next);

const endpoint_t login_endpoints[] = {
    {GET(OPEN), "/accounts/login/", .handler = login_page, .flags = NO_CREDENTIALS, .doc = "The log-in form."},
    {POST(OPEN), "/accounts/login/", .handler = login_enter, .flags = CREDENTIALS | NO_CREDENTIALS, .doc = "Log in."},
    {GET(OPEN), "/accounts/login", .handler = login_slash, .doc = "To the log-in form."},
    {GET(OPEN), "/accounts/logout/", .handler = login_leave, .flags = NO_CREDENTIALS, .doc = "Log out."},
    {POST(OPEN), "/accounts/logout/", .handler = login_leave_posted, .flags = NO_CREDENTIALS, .doc = "Log out."},
    {GET(OPEN), "/check-login/", .handler = login_known, .doc = "Whether a browser is logged in."},
    {GET(OPEN), "/check-login", .handler = login_slash, .doc = "To the same with a slash."},
    {GET(OPEN), "/redirect/login/", .handler = login_redirect, .doc = "To the log-in form."},
    {0},
};


static void
login_page(rq_t *rq)
{
    if (rq->config->keycloak) {
        keycloak_login(rq);
        return;
    }

    login_form(rq, NULL, "");
}


/* The form's answer; a refusal is the form again, whatever the reason. */
static void
login_enter(rq_t *rq)
{
    login_t     login;
    const char *fault, *username, *password;

    if (rq->config->keycloak) { /* passwords are its own affair */
        keycloak_login(rq);
        return;
    }

    fault = session_csrf_fault(rq, uri_query_value(rq->arena, rq->content, "csrfmiddlewaretoken"));
    if (fault != NULL) {
        login_forbid(rq, fault);
        return;
    }

    username = uri_query_value(rq->arena, rq->content, "username");
    password = uri_query_value(rq->arena, rq->content, "password");

    if (username == NULL || password == NULL || *password == '\0' || !login_try(rq, username, password, &login)) {
        login_form(rq, LOGIN_REFUSED, username == NULL ? "" : username);
        return;
    }

    session_start(rq, login.id, login.stored);
    page_never_kept(rq);
    reply_redirect(rq, 302, page_next(rq, "/projects"));
}


static void
login_leave(rq_t *rq)
{
    if (rq->config->keycloak) {
        keycloak_logout(rq);
        return;
    }

    session_end(rq);
    page_never_kept(rq);
    reply_redirect(rq, 302, page_next(rq, "/accounts/login/"));
}


static void
login_leave_posted(rq_t *rq)
{
    const char *fault;

    fault = rq->config->keycloak ? NULL : session_csrf_fault(rq, uri_query_value(rq->arena, rq->content, "csrfmiddlewaretoken"));
    if (fault != NULL) {
        login_forbid(rq, fault);
        return;
    }

    login_leave(rq);
}


/* Of the cookie session alone: pages do not look at tokens. */
static void
login_known(rq_t *rq)
{
    reply_header(rq, "Vary", "Cookie");
    reply_json(rq, 200, rq_own(rq, json_pack("{s:b}", "is_authenticated", rq->user.id != 0)));
}


static void
login_redirect(rq_t *rq)
{
    if (rq->config->saml && rq->config->saml_sso_url != NULL) {
        reply_redirect(rq, 302, rq->config->saml_sso_url);
        return;
    }

    reply_redirect(rq, 302, login_to(rq, "/accounts/login", query_value(rq->arena, rq->query, "next")));
}


static const char *
login_to(rq_t *rq, const char *path, const char *next)
{
    text_t location;

    text_start(&location, rq->arena, 256);
    text_puts(&location, path);
    if (next != NULL) {
        text_puts(&location, "?next=");
        uri_encode(&location, next, strlen(next), "/");
    }

    return rq_format(rq, "%.*s", (int) location.len, location.data);
}


static void
login_slash(rq_t *rq)
{
    reply_redirect(rq, 301, rq_format(rq, "%.*s/%s%.*s", (int) rq->uri.len, (char *) rq->uri.data, rq->query.len ? "?" : "",
                                      (int) rq->query.len, (char *) rq->query.data));
}


static void
login_form(rq_t *rq, const char *fault, const char *username)
{
    text_t      page;
    const char *next = page_next(rq, "");

    page_begin(rq, &page, "Log in");
    page_alert(&page, fault);
    page_form(rq, &page, "/accounts/login/");
    page_hidden(&page, "next", next);
    page_field(&page, &(page_field_t) {.name = "username", .label = "User name", .autocomplete = "username", .value = username,
                                       .wrong = fault == NULL ? NULL : "username"});
    page_field(&page, &(page_field_t) {.name = "password", .label = "Password", .type = "password", .autocomplete = "current-password",
                                       .wrong = fault == NULL ? NULL : "password"});
    page_form_end(&page, "Log in");

    login_links(rq, &page, next);
    page_never_kept(rq);
    page_close(rq, &page, 200);
}


/* The other ways in, as far as they are open. */
static void
login_links(rq_t *rq, text_t *page, const char *next)
{
    const struct {
        bool        open;
        const char *path, *text;
    } links[] = {
        {rq->config->saml, login_to(rq, "/saml2_auth/sp/", *next == '\0' ? NULL : next), "Log in at your organization"},
        {rq->config->okta, login_to(rq, "/oauth2/login", *next == '\0' ? NULL : next), "Log in with your organization's account"},
        {rq->config->anonymous_gateway, "/anonymous-gateway", "Continue as a guest"},
        {rq->config->email_enabled, "/password-reset-request", "Forgot the password?"},
    };

    for (size_t k = 0; k < sizeof(links) / sizeof(links[0]); k++) {
        if (links[k].open) {
            page_link(page, links[k].path, links[k].text);
        }
    }
}


static void
login_forbid(rq_t *rq, const char *fault)
{
    page_never_kept(rq);
    page_plain(rq, 403, "Forbidden", rq_format(rq, "CSRF verification failed: %s", fault));
}
