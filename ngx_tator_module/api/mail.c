/*
 * The outbox (mail.h).
 */

#include <stdarg.h>

#include "../net/pg.h"
#include "mail.h"


void
mail_send(rq_t *rq, const char *address, const char *title, const char *format, ...)
{
    va_list     args;
    const char *text;

    if (!rq->config->email_enabled) {
        return;
    }

    va_start(args, format);
    text = arena_vformat(rq->arena, format, args);
    va_end(args);

    pg_query(rq, "INSERT INTO tator.outbox (recipient, recipients, title, body) VALUES (%s, %s, %s, %s)", address,
             sql_text_array(rq->arena, &address, 1), title, text);
}


void
mail_send_all(rq_t *rq, const json_t *addresses, const char *title, const char *text, const json_t *attachments)
{
    const char *all;

    if (!rq->config->email_enabled) {
        return;
    }

    all = sql_json_array(rq->arena, addresses);
    pg_query(rq,
             "INSERT INTO tator.outbox (recipient, recipients, title, body, attachments)"
             " SELECT DISTINCT address, %s::text[], %s, %s, coalesce(%p::jsonb, '[]') FROM unnest(%s::text[]) address",
             all, title, text, attachments, all);
}


void
mail_send_staff(rq_t *rq, const char *title, const char *format, ...)
{
    va_list     args;
    const char *text;

    if (!rq->config->email_enabled || !rq->config->email_notify_staff) {
        return;
    }

    va_start(args, format);
    text = arena_vformat(rq->arena, format, args);
    va_end(args);

    pg_query(rq,
             "INSERT INTO tator.outbox (recipient, recipients, title, body)"
             " SELECT email, ARRAY[email], %s, %s FROM (SELECT DISTINCT email FROM main_user WHERE is_staff AND is_active AND email <> '') u",
             title, text);
}


void
mail_send_admins(rq_t *rq, int64_t organization, const char *title, const char *format, ...)
{
    va_list     args;
    const char *text;

    if (!rq->config->email_enabled) {
        return;
    }

    va_start(args, format);
    text = arena_vformat(rq->arena, format, args);
    va_end(args);

    pg_query(rq,
             "INSERT INTO tator.outbox (recipient, recipients, title, body)"
             " SELECT email, ARRAY[email], %s, %s FROM ("
             "  SELECT DISTINCT u.email FROM main_affiliation a JOIN main_user u ON u.id = a.user_id"
             "  WHERE a.organization_id = %ld AND a.permission = 'Admin' AND u.is_active AND u.email <> '') u",
             title, text, organization);
}


bool
chat_configured(const rq_t *rq)
{
    return rq->config->slack_token != NULL && rq->config->slack_channel != NULL;
}


void
chat_send(rq_t *rq, const char *format, ...)
{
    va_list     args;
    const char *text;

    if (!chat_configured(rq)) {
        return;
    }

    va_start(args, format);
    text = arena_vformat(rq->arena, format, args);
    va_end(args);

    pg_query(rq, "INSERT INTO tator.outbox (channel, body) VALUES ('chat', %s)", text);
}
