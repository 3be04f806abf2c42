/*
 * The outbox (outbox.h). The life of a row: written by a request → due → taken (due again after LEASE) → deleted | put off, longer each
 * time | given up after TRIES or for good reasons; what was given up stays for a week, for operators to see.
 */

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "common/log.h"
#include "common/stores.h"
#include "message.h"
#include "outbox.h"

#define LEASE            "10 minutes"
#define TRIES            12         /* with the pauses below: a good half day */
#define PAUSE            30         /* seconds after the first failure, twice as long after each, an hour at most */
#define ATTACHMENT_LIMIT (25 << 20) /* bytes, of all together */

static atomic_long sent_count[2], failed_count[2], given_up_count[2], waiting, oldest;

static const char *const channels[2] = {"mail", "chat"};

static void   message_read(const PGresult *row, arena_t *arena, message_t *message);
static bool   message_attach(database_t *database, arena_t *arena, message_t *message, const char *text, char *fault, sent_t *sent);
static sent_t message_send(database_t *database, arena_t *arena, message_t *message, const char *attachments, char *fault);
static void   message_settle(database_t *database, arena_t *arena, const message_t *message, sent_t sent, const char *fault);


int
outbox_step(database_t *database)
{
    int         done = -1;
    char        fault[FAULT] = "";
    sent_t      sent;
    arena_t    *arena = arena_create(NULL, NULL);
    PGresult   *row;
    message_t   message = {0};

    if (arena == NULL) {
        return -1;
    }

    row = database_query(database, arena,
                         "UPDATE tator.outbox SET attempts = attempts + 1, due = now() + interval '" LEASE "' WHERE id = ("
                         "  SELECT id FROM tator.outbox WHERE given_up IS NULL AND due <= now() ORDER BY due LIMIT 1 FOR UPDATE SKIP LOCKED)"
                         " RETURNING id, channel, recipient, to_jsonb(recipients), title, body, attachments, attempts,"
                         "           extract(epoch FROM created)::bigint");
    if (row == NULL) {
        goto done;
    }

    done = PQntuples(row) > 0;

    if (done) {
        message_read(row, arena, &message);
        sent = message_send(database, arena, &message, database_text(row, 0, 6), fault);
        message_settle(database, arena, &message, sent, fault);
    }

done:

    PQclear(row);
    arena_destroy(arena);

    return done;
}


int
outbox_next(database_t *database, int otherwise)
{
    int64_t   next = otherwise;
    arena_t  *arena = arena_create(NULL, NULL);
    PGresult *row;

    if (arena == NULL) {
        return otherwise;
    }

    row = database_query(database, arena,
                         "SELECT ceil(1000 * extract(epoch FROM min(due) - now()))::bigint, count(*),"
                         "       coalesce(extract(epoch FROM now() - min(created))::bigint, 0) FROM tator.outbox WHERE given_up IS NULL");
    if (row != NULL) {
        waiting = (long) database_int(row, 0, 1);
        oldest = (long) database_int(row, 0, 2);
        if (!PQgetisnull(row, 0, 0)) {
            next = database_int(row, 0, 0);
        }
    }

    PQclear(row);
    arena_destroy(arena);

    return next < 0 ? 0 : next > otherwise ? otherwise : (int) next;
}


void
outbox_metrics(FILE *out)
{
    fputs("# HELP tator_mail_sent_total Messages that were delivered.\n# TYPE tator_mail_sent_total counter\n", out);
    for (int k = 0; k < 2; k++) {
        fprintf(out, "tator_mail_sent_total{channel=\"%s\"} %ld\n", channels[k], sent_count[k]);
    }

    fputs("# HELP tator_mail_failures_total Attempts that failed and are repeated.\n# TYPE tator_mail_failures_total counter\n", out);
    for (int k = 0; k < 2; k++) {
        fprintf(out, "tator_mail_failures_total{channel=\"%s\"} %ld\n", channels[k], failed_count[k]);
    }

    fputs("# HELP tator_mail_given_up_total Messages that could not be delivered.\n# TYPE tator_mail_given_up_total counter\n", out);
    for (int k = 0; k < 2; k++) {
        fprintf(out, "tator_mail_given_up_total{channel=\"%s\"} %ld\n", channels[k], given_up_count[k]);
    }

    fprintf(out, "# HELP tator_mail_waiting Messages that wait.\n# TYPE tator_mail_waiting gauge\ntator_mail_waiting %ld\n", waiting);
    fprintf(out, "# HELP tator_mail_oldest_seconds Age of the oldest of them.\n# TYPE tator_mail_oldest_seconds gauge\n"
                 "tator_mail_oldest_seconds %ld\n", oldest);
}


static void
message_read(const PGresult *row, arena_t *arena, message_t *message)
{
    json_t *list = json_loads(database_text(row, 0, 3), 0, NULL);

    message->id = database_int(row, 0, 0);
    message->channel = database_text(row, 0, 1);
    message->recipient = database_text(row, 0, 2);
    message->title = database_text(row, 0, 4);
    message->body = database_text(row, 0, 5);
    message->attempts = (int) database_int(row, 0, 7);
    message->created = database_int(row, 0, 8);

    message->n_recipients = json_array_size(list);
    message->recipients = arena_zalloc(arena, (message->n_recipients + 1) * sizeof(char *));
    for (size_t k = 0; k < message->n_recipients; k++) {
        message->recipients[k] = arena_text(arena, json_string_value(json_array_get(list, k)));
    }

    json_decref(list);
}


static sent_t
message_send(database_t *database, arena_t *arena, message_t *message, const char *attachments, char *fault)
{
    sent_t          sent = FAILED;
    const config_t *config = database->config;

    if (strcmp(message->channel, "chat") == 0) {
        return chat_send(config, arena, message, fault);
    }

    if (!config->email_enabled) {
        snprintf(fault, FAULT, "mail is switched off");
        return FAILED;
    }

    if (!message_attach(database, arena, message, attachments, fault, &sent)) {
        return sent;
    }

    return config->email_connection != NULL ? azure_send(config, arena, message, fault) : smtp_send(config, arena, message, fault);
}


static bool
message_attach(database_t *database, arena_t *arena, message_t *message, const char *text, char *fault, sent_t *sent)
{
    bool           good = true;
    json_t        *list = json_loads(text, 0, NULL), *item;
    size_t         k, total = 0;
    stored_t       stored;
    const char    *key;
    attachment_t  *attachments;
    const store_t *store;

    attachments = arena_zalloc(arena, (json_array_size(list) + 1) * sizeof(attachment_t));

    json_array_foreach(list, k, item) {
        key = json_string_value(json_object_get(item, "key"));
        store = stores_of(database, arena, json_integer_value(json_object_get(item, "bucket")));
        stored = store == NULL || key == NULL ? (stored_t) {0} : stores_send(store, arena, &(store_call_t) {STORE_GET, .path = key},
                                                                             ATTACHMENT_LIMIT - total);

        if (stored.status / 100 != 2) {
            snprintf(fault, FAULT, "the attachment %s can not be read: status %ld", key == NULL ? "" : key, stored.status);
            *sent = stored.status == 404 ? REFUSED : FAILED;
            good = false;
            break;
        }

        total += stored.len;
        attachments[k] = (attachment_t) {.name = arena_text(arena, json_string_value(json_object_get(item, "name"))),
                                         .data = stored.body, .len = stored.len};
    }

    message->attachments = attachments;
    message->n_attachments = json_array_size(list);
    json_decref(list);

    return good;
}


static void
message_settle(database_t *database, arena_t *arena, const message_t *message, sent_t sent, const char *fault)
{
    int chat = strcmp(message->channel, "chat") == 0, pause = PAUSE;

    if (sent == SENT) {
        sent_count[chat]++;
        log_info("%s %lld was sent", message->channel, (long long) message->id);
        database_do(database, arena, "DELETE FROM tator.outbox WHERE id = %ld", message->id);
        return;
    }

    if (sent == REFUSED || message->attempts >= TRIES) {
        given_up_count[chat]++;
        log_error("%s %lld is given up after %d attempts: %s", message->channel, (long long) message->id, message->attempts, fault);
        database_do(database, arena, "UPDATE tator.outbox SET given_up = now(), fault = %s WHERE id = %ld", fault, message->id);
        return;
    }

    for (int k = 1; k < message->attempts && pause < 3600; k++) {
        pause *= 2;
    }
    pause = pause > 3600 ? 3600 : pause;

    failed_count[chat]++;
    log_warning("%s %lld did not go, again in %d s: %s", message->channel, (long long) message->id, pause, fault);
    database_do(database, arena, "UPDATE tator.outbox SET due = now() + make_interval(secs => %d), fault = %s WHERE id = %ld", pause, fault,
                message->id);
}
