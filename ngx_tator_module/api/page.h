/*
 * Small pages for browsers, rendered here: a heading, an alert, a form. They work without scripts, with a keyboard and a screen reader, and
 * load nothing from anywhere.
 *
 *     page_begin(rq, &page, "Set a new password");
 *     page_alert(&page, fault);
 *     page_form(rq, &page, "/password-reset");
 *     page_field(&page, &(page_field_t) {.name = "password", .label = "New password", .type = "password"});
 *     page_form_end(&page, "Set the password");
 *     page_end(rq, &page, 200);
 */

#ifndef TATOR_PAGE_H
#define TATOR_PAGE_H

#include "../core/rq.h"

typedef struct {
    const char *name, *label;
    const char *type;         /* NULL: text */
    const char *autocomplete; /* NULL: off */
    const char *value, *hint; /* NULL: none */
    const char *wrong;        /* name of the field that the alert is about; NULL: of none */
    bool        optional;
} page_field_t;

void page_begin(rq_t *rq, text_t *page, const char *title);
void page_end(rq_t *rq, text_t *page, int status);  /* never kept, with a policy for its contents */
void page_end_script(rq_t *rq, text_t *page, int status, const char *script); /* the same with this script, which may ask this site alone */
void page_close(rq_t *rq, text_t *page, int status); /* without these headers */
void page_plain(rq_t *rq, int status, const char *title, const char *text); /* a whole page of one sentence, closed so */

/* For answers that depend on who asks. */
void page_never_kept(rq_t *rq);

void page_alert(text_t *page, const char *text);     /* what went wrong, one a page; NULL: nothing did */
void page_paragraph(text_t *page, const char *text);
void page_link(text_t *page, const char *href, const char *text);

/* A form that posts to `action`, with its CSRF token. */
void page_form(rq_t *rq, text_t *page, const char *action);
void page_field(text_t *page, const page_field_t *field);
void page_hidden(text_t *page, const char *name, const char *value);
void page_form_end(text_t *page, const char *button);

/* Text with what HTML gives a meaning escaped; fine in attributes in double quotes. */
void page_text(text_t *page, const char *text);

/* A value of the form, else of the query; "" when there is none. */
const char *page_value(rq_t *rq, const char *name);

/* Whether the posted form may act: else the answer is a 403 page. A caller by token has no cookie that others could abuse. */
bool page_may_act(rq_t *rq);

/* `path` when it is a path of this server ("/x"; not "//host", which browsers take for another), else `otherwise`. page_next(): of the
   form's or the query's `next`. */
const char *page_local(const char *path, const char *otherwise);
const char *page_next(rq_t *rq, const char *otherwise);

/* "https://tator.example.com": what links in mails begin with. */
const char *page_site(rq_t *rq);

#endif
