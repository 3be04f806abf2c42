/*
 * Mail to people, with files of the project.
 */

#include "../api/mail.h"
#include "../api/stores.h"
#include "../net/pg.h"
#include "common.h"

static const field_t email_attachment_spec_fields[] = {
    {"key", STRING(), REQUIRED, "Object key."},
    {"name", STRING(), REQUIRED, "Its name."},
    {0},
};

static const field_t email_spec_fields[] = {
    {"recipients", ARRAY(STRING()), REQUIRED, "E-mail addresses."},
    {"subject", STRING(), REQUIRED, "Subject of the mail."},
    {"text", STRING(), REQUIRED, "Text of the mail."},
    {"attachments", ARRAY(REF(schema_email_attachment_spec)), OPTIONAL, "Files to send along."},
    {0},
};

const schema_t schema_email_attachment_spec = OBJECT(email_attachment_spec_fields, NAMED("EmailAttachmentSpec"));
const schema_t schema_email_spec = OBJECT(email_spec_fields, NAMED("EmailSpec"));

static void    email_send(rq_t *rq);
static void    email_check_recipients(rq_t *rq);
static json_t *email_attachments(rq_t *rq);
static int64_t email_attachment_bucket(rq_t *rq, const char *key);
static bool    email_key_allowed(rq_t *rq, const char *key);

const endpoint_t email_endpoints[] = {
    {POST(EXECUTE), "/rest/Email/{project}", "SendEmail", email_send,
     .params = {path_project}, .body = &schema_email_spec,
     .reply = &schema_message_response,
     .doc = "Send a mail."},
    {0},
};


/* POST Email/{project} (contract/operations.md §17): to members of the project alone */
static void
email_send(rq_t *rq)
{
    json_t     *attachments;
    const char *subject = param_text(rq, "subject"), *text = param_text(rq, "text");

    if (!rq->config->email_enabled) {
        fail(rq, 400, "Email not enabled");
    }

    email_check_recipients(rq);

    if (subject == NULL || *subject == '\0') {
        fail(rq, 400, "subject must not be empty.");
    }

    if (text == NULL || *text == '\0') {
        fail(rq, 400, "text must not be empty.");
    }

    attachments = email_attachments(rq);

    mail_send_all(rq, param(rq, "recipients"), subject, text, attachments);
    reply_message(rq, 201, "Email message sent!");
}


static void
email_check_recipients(rq_t *rq)
{
    size_t      k;
    json_t     *recipient;
    result_t   *found;
    const char *address, *at;

    if (json_array_size(param(rq, "recipients")) == 0) {
        fail(rq, 400, "recipients must name somebody.");
    }

    json_array_foreach(param(rq, "recipients"), k, recipient) {
        address = json_string_value(recipient);
        at = address == NULL ? NULL : strchr(address, '@');

        if (at == NULL || at == address || strchr(at + 1, '.') == NULL || address[strcspn(address, " \t\r\n<>,;\"")] != '\0') {
            fail(rq, 400, "recipients: %s is not an e-mail address.", address == NULL ? "a value" : address);
        }
    }

    found = pg_query(rq,
                     "SELECT address, u.id IS NOT NULL FROM unnest(%s::text[]) address LEFT JOIN LATERAL ("
                     "  SELECT u.id, EXISTS (SELECT FROM main_membership m WHERE m.project = %ld AND m.\"user\" = u.id AND m.permission <> 'n') AS member"
                     "  FROM main_user u WHERE u.email = address ORDER BY 2 DESC LIMIT 1) u ON true"
                     " WHERE u.member IS NOT TRUE LIMIT 1",
                     sql_json_array(rq->arena, param(rq, "recipients")), rq->project);

    if (pg_rows(found) == 0) {
        return;
    }

    if (pg_bool(found, 0, 1)) {
        fail(rq, 400, "recipients: the user of %s is not a member of the project.", pg_text(found, 0, 0));
    }

    fail(rq, 400, "recipients: no user has the address %s.", pg_text(found, 0, 0));
}


/* Where the worker will find them: the store is asked now whether each is there. */
static json_t *
email_attachments(rq_t *rq)
{
    size_t         k;
    json_t        *attachment, *list = rq_own(rq, json_array());
    int64_t        bucket;
    fetched_t     *answer;
    const char    *key, *name;
    const store_t *store;

    json_array_foreach(param(rq, "attachments"), k, attachment) {
        key = json_string_value(json_object_get(attachment, "key"));
        name = json_string_value(json_object_get(attachment, "name"));

        if (key == NULL || name == NULL || *name == '\0') {
            fail(rq, 400, "attachments: each needs key and name.");
        }

        if (!email_key_allowed(rq, key)) {
            fail(rq, 400, "attachments: %s is not a file of the project.", key);
        }

        bucket = email_attachment_bucket(rq, key);
        store = bucket < 0 ? stores_default(rq, STORE_UPLOAD) : stores_bucket(rq, bucket);
        answer = stores_send(rq, store, &(store_call_t) {STORE_HEAD, .path = key});
        if (answer == NULL || answer->status / 100 != 2) {
            fail(rq, 400, "attachments: %s is not in the object store.", key);
        }

        json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "name", name, "key", key, "bucket", (json_int_t) bucket));
    }

    return list;
}


/* The bucket of the resource that has the key, else the project's; 0: the default store, -1: the default store of uploads */
static int64_t
email_attachment_bucket(rq_t *rq, const char *key)
{
    result_t *result;

    result = pg_query(rq,
                      "SELECT CASE WHEN starts_with(%s, '_uploads/') THEN coalesce(p.upload_bucket, -1)"
                      "  ELSE coalesce((SELECT coalesce(r.bucket_id, 0) FROM main_resource r WHERE r.path = %s ORDER BY r.id LIMIT 1), p.bucket, 0) END"
                      " FROM main_project p WHERE p.id = %ld",
                      key, key, rq->project);

    return pg_int(result, 0, 0);
}


/* _uploads/DATE/ORGANIZATION/PROJECT/… or ORGANIZATION/PROJECT/…: the reference mails any object of the store to whoever asks. */
static bool
email_key_allowed(rq_t *rq, const char *key)
{
    int         skip = strncmp(key, "_uploads/", 9) == 0 ? 3 : 1;
    const char *own = rq_format(rq, "%ld/", (long) rq->project);

    for (/* void */; skip > 0 && key != NULL; skip--) {
        key = strchr(key, '/');
        key = key == NULL ? NULL : key + 1;
    }

    return key != NULL && strncmp(key, own, strlen(own)) == 0;
}
