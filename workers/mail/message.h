/* A message of the outbox (sql/0017_outbox.sql) and the ways that it can go. All texts live in the arena of its sending. */

#ifndef MAIL_MESSAGE_H
#define MAIL_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <tator/arena.h>
#include <tator/config.h>

typedef struct {
    const char *name;
    const void *data;
    size_t      len;
} attachment_t;

typedef struct {
    int64_t             id;
    const char         *channel, *recipient, *title, *body;
    const char        **recipients; /* of the header To */
    size_t              n_recipients;
    const attachment_t *attachments;
    size_t              n_attachments;
    int                 attempts;
    int64_t             created; /* seconds since 1970 */
} message_t;

typedef enum { SENT, FAILED, REFUSED /* trying again is no use */ } sent_t;

/* Each sends one message and waits for it; `fault` (FAULT bytes) says why it did not go. */
#define FAULT 400

sent_t smtp_send(const config_t *config, arena_t *arena, const message_t *message, char *fault);
sent_t azure_send(const config_t *config, arena_t *arena, const message_t *message, char *fault);
sent_t chat_send(const config_t *config, arena_t *arena, const message_t *message, char *fault);

/* POST a body with headers ("Name: value", ended by NULL) and read the answer, NUL-terminated in the arena. The status, 0: no answer (fault filled). */
long http_post(arena_t *arena, const char *url, const char *const *headers, const char *body, const char **answer, char *fault);

#endif
