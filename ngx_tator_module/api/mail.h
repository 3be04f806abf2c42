/*
 * Messages to people. They go into the outbox of the request's transaction (sql/0017_outbox.sql) and are sent by tator-mail after its
 * commit: no request waits for a mail server, one that is rolled back sends nothing, one that is committed does not lose its message.
 * Without mail service (config_t.email_enabled) or chat these do nothing.
 */

#ifndef TATOR_MAIL_H
#define TATOR_MAIL_H

#include "../core/rq.h"

/* To one address. The text is plain. */
void mail_send(rq_t *rq, const char *address, const char *title, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* One message to several addresses (a list of texts), all named in To. `attachments` as sql/0017_outbox.sql says, NULL: none. */
void mail_send_all(rq_t *rq, const json_t *addresses, const char *title, const char *text, const json_t *attachments);

/* To all active staff, when TATOR_EMAIL_NOTIFY_STAFF says so (contract/operations.md §17). */
void mail_send_staff(rq_t *rq, const char *title, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* To the administrators of an organization. */
void mail_send_admins(rq_t *rq, int64_t organization, const char *title, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* To the operators' chat. */
bool chat_configured(const rq_t *rq);
void chat_send(rq_t *rq, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
