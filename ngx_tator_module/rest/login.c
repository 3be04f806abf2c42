/*
 * Log-in and log-out pages for browsers (contract/accounts.md §1.1, §3.3): they begin and end cookie sessions.
 */

#include <tator/uri.h>

#include "../api/login.h"
#include "../api/params.h"
#include "../api/session.h"
#include "common.h"

#define LOGIN_REFUSED "Please enter a correct username and password. Note that both fields may be case-sensitive."

static void        login_page(rq_t *rq);
static void        login_enter(rq_t *rq);
static void        login_leave(rq_t *rq);
static void        login_leave_posted(rq_t *rq);
static void        login_known(rq_t *rq);
static void        login_redirect(rq_t *rq);
static void        login_slash(rq_t *rq);
static void        login_form(rq_t *rq, const char *fault, const char *username);
static void        login_forbid(rq_t *rq, const char *fault);
static const char *login_next(rq_t *rq, const char *otherwise);
static void        login_never_kept(rq_t *rq);
static bool        local_path(const char *path);
static void        html(text_t *out, const char *text);

const endpoint_t login_endpoints[] = {
    {GET(OPEN), "/accounts/login/", .handler = login_page, .doc = "The log-in form."},
    {POST(OPEN), "/accounts/login/", .handler = login_enter, .flags = CREDENTIALS, .doc = "Log in."},
    {GET(OPEN), "/accounts/login", .handler = login_slash, .doc = "To the log-in form."},
    {GET(OPEN), "/accounts/logout/", .handler = login_leave, .doc = "Log out."},
    {POST(OPEN), "/accounts/logout/", .handler = login_leave_posted, .doc = "Log out."},
    {GET(OPEN), "/check-login/", .handler = login_known, .doc = "Whether a browser is logged in."},
    {GET(OPEN), "/check-login", .handler = login_slash, .doc = "To the same with a slash."},
    {GET(OPEN), "/redirect/login/", .handler = login_redirect, .doc = "To the log-in form."},
    {0},
};


static void
login_page(rq_t *rq)
{
    login_form(rq, NULL, "");
}


/* The form's answer; a refusal is the form again, whatever the reason. */
static void
login_enter(rq_t *rq)
{
    login_t     login;
    const char *fault, *username, *password;

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
    login_never_kept(rq);
    reply_redirect(rq, 302, login_next(rq, "/projects"));
}


static void
login_leave(rq_t *rq)
{
    session_end(rq);
    login_never_kept(rq);
    reply_redirect(rq, 302, login_next(rq, "/accounts/login/"));
}


static void
login_leave_posted(rq_t *rq)
{
    const char *fault;

    fault = session_csrf_fault(rq, uri_query_value(rq->arena, rq->content, "csrfmiddlewaretoken"));
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
    text_t      location;
    const char *next = query_value(rq->arena, rq->query, "next");

    text_start(&location, rq->arena, 256);
    text_puts(&location, "/accounts/login");
    if (next != NULL) {
        text_puts(&location, "?next=");
        uri_encode(&location, next, strlen(next), "/");
    }

    reply_redirect(rq, 302, rq_format(rq, "%.*s", (int) location.len, location.data));
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
    const char *next = login_next(rq, "");

    text_start(&page, rq->arena, 2048);
    text_puts(&page, "<!doctype html>\n<html lang=\"en\">\n<head>\n  <meta charset=\"utf-8\">\n  <title>Log in - Tator</title>\n</head>\n<body>\n"
                     "  <h1>Tator</h1>\n");
    if (fault != NULL) {
        text_puts(&page, "  <p role=\"alert\">" LOGIN_REFUSED "</p>\n");
    }

    text_puts(&page, "  <form method=\"post\">\n    <input type=\"hidden\" name=\"csrfmiddlewaretoken\" value=\"");
    text_puts(&page, session_form_token(rq));
    text_puts(&page, "\">\n    <input type=\"hidden\" name=\"next\" value=\"");
    html(&page, next);
    text_puts(&page, "\">\n    <p><label>User name <input type=\"text\" name=\"username\" autocomplete=\"username\" autofocus required value=\"");
    html(&page, username);
    text_puts(&page, "\"></label></p>\n    <p><label>Password <input type=\"password\" name=\"password\" autocomplete=\"current-password\" required>"
                     "</label></p>\n    <p><button type=\"submit\">Log in</button></p>\n  </form>\n");

    if (rq->config->anonymous_gateway) {
        text_puts(&page, "  <p><a href=\"/anonymous-gateway\">Continue as a guest</a></p>\n");
    }
    if (rq->config->email_enabled) {
        text_puts(&page, "  <p><a href=\"/password-reset-request\">Forgot the password?</a></p>\n");
    }
    text_puts(&page, "</body>\n</html>\n");

    login_never_kept(rq);
    reply_text(rq, 200, "text/html; charset=utf-8", page.data, page.len);
}


static void
login_forbid(rq_t *rq, const char *fault)
{
    text_t page;

    text_start(&page, rq->arena, 512);
    text_puts(&page, "<!doctype html>\n<html lang=\"en\">\n<head>\n  <meta charset=\"utf-8\">\n  <title>Forbidden</title>\n</head>\n<body>\n"
                     "  <h1>Forbidden</h1>\n  <p>CSRF verification failed: ");
    html(&page, fault);
    text_puts(&page, "</p>\n</body>\n</html>\n");

    reply_text(rq, 403, "text/html; charset=utf-8", page.data, page.len);
}


/* Where to go after: `next` of the query or the form, when it stays on this server. */
static const char *
login_next(rq_t *rq, const char *otherwise)
{
    const char *next;

    next = uri_query_value(rq->arena, rq->content, "next");
    if (next == NULL || *next == '\0') {
        next = query_value(rq->arena, rq->query, "next");
    }

    return next != NULL && local_path(next) ? next : otherwise;
}


static void
login_never_kept(rq_t *rq)
{
    reply_header(rq, "Cache-Control", "max-age=0, no-cache, no-store, must-revalidate, private");
    reply_header(rq, "Expires", "Thu, 01 Jan 1970 00:00:00 GMT");
    reply_header(rq, "Vary", "Cookie");
}


/* A browser takes "//host" and "/\host" for another server, and skips control characters. */
static bool
local_path(const char *path)
{
    if (path[0] != '/' || path[1] == '/') {
        return false;
    }

    for (const char *p = path; *p != '\0'; p++) {
        if ((unsigned char) *p <= 0x20 || *p == '\\' || *p == 0x7f) {
            return false;
        }
    }

    return true;
}


static void
html(text_t *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            text_puts(out, "&amp;");
            break;
        case '<':
            text_puts(out, "&lt;");
            break;
        case '>':
            text_puts(out, "&gt;");
            break;
        case '"':
            text_puts(out, "&quot;");
            break;
        default:
            text_add(out, text, 1);
        }
    }
}
