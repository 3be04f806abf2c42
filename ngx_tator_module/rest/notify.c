/*
 * Messages to the operators.
 */

#include "../api/mail.h"
#include "../net/fetch.h"
#include "common.h"

static const field_t notify_spec_fields[] = {
    {"message", STRING(), REQUIRED, "What happened, for people."},
    {"send_as_file", INTEGER(), OPTIONAL, "1 sends the message as a file."},
    {0},
};

const schema_t schema_notify_spec = OBJECT(notify_spec_fields, NAMED("NotifySpec"));

#define NOTIFY_TIMEOUT 8000

static void    notify(rq_t *rq);
static bool    notify_post(rq_t *rq, const char *text);
static bool    notify_upload(rq_t *rq, const char *title, const char *text);
static json_t *notify_call(rq_t *rq, const char *method, const char *type, const char *body);

/* Anybody may send in the reference (contract/accounts.md §5, unsafe): here it needs credentials. */
const endpoint_t notify_endpoints[] = {
    {POST(SIGNED_IN), "/rest/Notify", "Notify", notify,
     .body = &schema_notify_spec, .status = 201,
     .flags = OPEN_SCHEMA | DOCUMENTS_503 | OWN_ERRORS,
     .doc = "Send a message to the operators."},
    {0},
};


/* POST Notify (contract/operations.md §17): the answer says whether the chat took it */
static void
notify(rq_t *rq)
{
    bool        sent = false;
    const char *name, *message = param_text(rq, "message");

    name = *rq->user.first_name == '\0' && *rq->user.last_name == '\0' ? rq->user.username
           : rq_format(rq, "%s %s", rq->user.first_name, rq->user.last_name);

    if (chat_configured(rq)) {
        sent = param_int(rq, "send_as_file", 0) > 0 ? notify_upload(rq, rq_format(rq, "Message from %s", name), message)
               : notify_post(rq, rq_format(rq, "_%s_ : %s", name, message));
    }

    reply_message(rq, sent ? 200 : 503, sent ? "Processed" : "Not Processed");
}


static bool
notify_post(rq_t *rq, const char *text)
{
    json_t *body = rq_own(rq, json_pack("{s:s, s:s}", "channel", rq->config->slack_channel, "text", text));

    return notify_call(rq, "chat.postMessage", "application/json; charset=utf-8", json_text(rq->arena, body)) != NULL;
}


/* An address for the bytes, the bytes, and into the channel. */
static bool
notify_upload(rq_t *rq, const char *title, const char *text)
{
    json_t     *place, *body;
    fetched_t  *answer;
    const char *url, *id;

    place = notify_call(rq, "files.getUploadURLExternal", "application/x-www-form-urlencoded",
                        rq_format(rq, "filename=message.txt&length=%zu", strlen(text)));
    url = json_string_value(json_object_get(place, "upload_url"));
    id = json_string_value(json_object_get(place, "file_id"));
    if (url == NULL || id == NULL) {
        return false;
    }

    answer = fetch(rq, &(fetch_t) {.method = "POST", .url = url, .body = text, .body_len = strlen(text), .timeout_ms = NOTIFY_TIMEOUT});
    if (answer->status / 100 != 2) {
        return false;
    }

    body = rq_own(rq, json_pack("{s:[{s:s, s:s}], s:s}", "files", "id", id, "title", title, "channel_id", rq->config->slack_channel));

    return notify_call(rq, "files.completeUploadExternal", "application/json; charset=utf-8", json_text(rq->arena, body)) != NULL;
}


/* The answer when it says ok, else NULL. */
static json_t *
notify_call(rq_t *rq, const char *method, const char *type, const char *body)
{
    json_t      *value;
    fetched_t   *answer;
    json_error_t error;
    const char  *headers[] = {rq_format(rq, "Authorization: Bearer %s", rq->config->slack_token), rq_format(rq, "Content-Type: %s", type), NULL};

    answer = fetch(rq, &(fetch_t) {.method = "POST", .url = rq_format(rq, "%s/%s", rq->config->slack_url, method), .headers = headers,
                                   .body = body, .body_len = strlen(body), .timeout_ms = NOTIFY_TIMEOUT});

    value = answer->status / 100 == 2 ? json_parse(answer->body, answer->len, &error) : NULL;
    if (value != NULL) {
        rq_own(rq, value);
    }

    return json_is_true(json_object_get(value, "ok")) ? value : NULL;
}
