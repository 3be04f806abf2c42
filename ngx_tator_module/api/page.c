/*
 * Pages (page.h).
 */

#include <tator/base64.h>
#include <tator/crypto.h>
#include <tator/uri.h>

#include "page.h"
#include "params.h"
#include "session.h"

/* Readable in both colour schemes, and at any size of text. */
#define PAGE_STYLE                                                                                                             \
    ":root{color-scheme:light dark}"                                                                                           \
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem}"                                 \
    "label{display:block;margin-top:1rem}input{display:block;width:100%;box-sizing:border-box;font:inherit;padding:.4rem}"      \
    "button{font:inherit;margin-top:1.25rem;padding:.5rem 1rem}small{display:block}"                                            \
    "[role=alert]{border-left:.25rem solid #c22;padding-left:.75rem}"

static const char *page_policy(rq_t *rq, const char *script);
static const char *page_hash(rq_t *rq, const char *text);


void
page_begin(rq_t *rq, text_t *page, const char *title)
{
    text_start(page, rq->arena, 4096);
    text_puts(page, "<!doctype html>\n<html lang=\"en\">\n<head>\n  <meta charset=\"utf-8\">\n"
                    "  <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n  <title>");
    page_text(page, title);
    text_puts(page, " - Tator</title>\n  <style>" PAGE_STYLE "</style>\n</head>\n<body>\n<main>\n  <h1>");
    page_text(page, title);
    text_puts(page, "</h1>\n");
}


void
page_end(rq_t *rq, text_t *page, int status)
{
    page_end_script(rq, page, status, NULL);
}


/* Never kept: they show names and secrets of one person (contract/accounts.md §12). */
void
page_end_script(rq_t *rq, text_t *page, int status, const char *script)
{
    if (script != NULL) {
        text_printf(page, "  <script>%s</script>\n", script);
    }

    reply_header(rq, "Cache-Control", "no-cache, no-store, must-revalidate");
    reply_header(rq, "Vary", "Cookie");
    reply_header(rq, "Content-Security-Policy", page_policy(rq, script));
    page_close(rq, page, status);
}


void
page_close(rq_t *rq, text_t *page, int status)
{
    text_puts(page, "</main>\n</body>\n</html>\n");
    reply_text(rq, status, "text/html; charset=utf-8", page->data, page->len);
}


void
page_plain(rq_t *rq, int status, const char *title, const char *text)
{
    text_t page;

    page_begin(rq, &page, title);
    page_paragraph(&page, text);
    page_close(rq, &page, status);
}


void
page_never_kept(rq_t *rq)
{
    reply_header(rq, "Cache-Control", "max-age=0, no-cache, no-store, must-revalidate, private");
    reply_header(rq, "Expires", "Thu, 01 Jan 1970 00:00:00 GMT");
    reply_header(rq, "Vary", "Cookie");
}


void
page_alert(text_t *page, const char *text)
{
    if (text != NULL) {
        text_puts(page, "  <p role=\"alert\" id=\"fault\">");
        page_text(page, text);
        text_puts(page, "</p>\n");
    }
}


void
page_paragraph(text_t *page, const char *text)
{
    text_puts(page, "  <p>");
    page_text(page, text);
    text_puts(page, "</p>\n");
}


void
page_link(text_t *page, const char *href, const char *text)
{
    text_puts(page, "  <p><a href=\"");
    page_text(page, href);
    text_puts(page, "\">");
    page_text(page, text);
    text_puts(page, "</a></p>\n");
}


void
page_form(rq_t *rq, text_t *page, const char *action)
{
    text_puts(page, "  <form method=\"post\" action=\"");
    page_text(page, action);
    text_puts(page, "\">\n");
    page_hidden(page, "csrfmiddlewaretoken", session_form_token(rq));
}


/* The field is described by its hint, and by the alert when that is about it; readers of screens say both with it. */
void
page_field(text_t *page, const page_field_t *field)
{
    bool wrong = field->wrong != NULL && strcmp(field->wrong, field->name) == 0;

    text_puts(page, "    <label>");
    page_text(page, field->label);
    text_puts(page, " <input type=\"");
    text_puts(page, field->type == NULL ? "text" : field->type);
    text_puts(page, "\" name=\"");
    text_puts(page, field->name);
    text_puts(page, "\" autocomplete=\"");
    text_puts(page, field->autocomplete == NULL ? "off" : field->autocomplete);
    text_puts(page, "\" value=\"");
    page_text(page, field->value == NULL ? "" : field->value);
    text_puts(page, "\"");
    if (wrong || field->hint != NULL) {
        text_printf(page, " aria-describedby=\"%s", wrong ? "fault" : "");
        if (field->hint != NULL) {
            text_printf(page, "%s%s-hint", wrong ? " " : "", field->name);
        }
        text_puts(page, "\"");
    }
    text_puts(page, wrong ? " aria-invalid=\"true\"" : "");
    text_puts(page, field->optional ? "></label>\n" : " required></label>\n");
    if (field->hint != NULL) {
        text_printf(page, "    <small id=\"%s-hint\">", field->name);
        page_text(page, field->hint);
        text_puts(page, "</small>\n");
    }
}


void
page_hidden(text_t *page, const char *name, const char *value)
{
    text_puts(page, "    <input type=\"hidden\" name=\"");
    text_puts(page, name);
    text_puts(page, "\" value=\"");
    page_text(page, value);
    text_puts(page, "\">\n");
}


void
page_form_end(text_t *page, const char *button)
{
    text_puts(page, "    <button type=\"submit\">");
    page_text(page, button);
    text_puts(page, "</button>\n  </form>\n");
}


void
page_text(text_t *page, const char *text)
{
    static const struct {
        char        plain;
        const char *escaped;
    } meanings[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}, {'\0', NULL}};

    for (size_t k, n; *text != '\0'; text += n) {
        n = strcspn(text, "&<>\"'");
        text_add(page, text, n);

        if (text[n] != '\0') {
            for (k = 0; meanings[k].plain != text[n]; k++) {
                /* one of them it is */
            }
            text_puts(page, meanings[k].escaped);
            n++;
        }
    }
}


const char *
page_value(rq_t *rq, const char *name)
{
    const char *value;

    value = uri_query_value(rq->arena, rq->content, name);
    if (value == NULL) {
        value = query_value(rq->arena, rq->query, name);
    }

    return value == NULL ? "" : value;
}


bool
page_may_act(rq_t *rq)
{
    text_t      page;
    const char *fault;

    if (rq->user.id != 0 && !rq->user.by_session) {
        return true;
    }

    fault = session_csrf_fault(rq, uri_query_value(rq->arena, rq->content, "csrfmiddlewaretoken"));
    if (fault == NULL) {
        return true;
    }

    page_begin(rq, &page, "Forbidden");
    page_alert(&page, rq_format(rq, "CSRF verification failed: %s", fault));
    page_end(rq, &page, 403);

    return false;
}


/* Browsers take a backslash for a slash, and skip control characters. */
const char *
page_local(const char *path, const char *otherwise)
{
    if (path == NULL || path[0] != '/' || path[1] == '/') {
        return otherwise;
    }

    for (const char *p = path; *p != '\0'; p++) {
        if ((unsigned char) *p <= 0x20 || *p == '\\' || *p == 0x7f) {
            return otherwise;
        }
    }

    return path;
}


const char *
page_next(rq_t *rq, const char *otherwise)
{
    const char *next;

    next = uri_query_value(rq->arena, rq->content, "next");
    if (next == NULL || *next == '\0') {
        next = query_value(rq->arena, rq->query, "next");
    }

    return page_local(next, otherwise);
}


const char *
page_site(rq_t *rq)
{
    const char *host = rq->config->main_host;

    if (host == NULL) {
        return rq_format(rq, "%s://%.*s", (char *) rq->scheme.data, (int) rq->host.len, (char *) rq->host.data);
    }

    return rq_format(rq, "%s://%s", rq->config->require_https ? "https" : (char *) rq->scheme.data, host);
}


/* Nothing is loaded and nobody may frame the page; its own style and script are named by their hashes. */
static const char *
page_policy(rq_t *rq, const char *script)
{
    return rq_format(rq, "default-src 'none'; style-src %s;%s%s%s form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
                     page_hash(rq, PAGE_STYLE), script ? " script-src " : "", script ? page_hash(rq, script) : "",
                     script ? "; connect-src 'self';" : "");
}


static const char *
page_hash(rq_t *rq, const char *text)
{
    unsigned char digest[SHA256_LENGTH];

    sha256(digest, text, strlen(text));

    return rq_format(rq, "'sha256-%s'", base64_encode(rq->arena, digest, sizeof(digest)));
}
