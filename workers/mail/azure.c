/*
 * Azure Communication Services: one signed POST a message. The connection string is "endpoint=https://…/;accesskey=BASE64".
 */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <tator/base64.h>
#include <tator/crypto.h>
#include <tator/json.h>
#include <tator/uri.h>

#include "message.h"

#define AZURE_PATH "/emails:send?api-version=2023-03-31"

static const char *setting(arena_t *arena, const char *connection, const char *name);
static char       *body_of(const config_t *config, arena_t *arena, const message_t *message);


sent_t
azure_send(const config_t *config, arena_t *arena, const message_t *message, char *fault)
{
    long           status;
    char          *body, *host, *hash, *signature, when[64], reason[FAULT] = "";
    size_t         key_len, end;
    uri_t          uri;
    struct tm      parts;
    const char    *endpoint = setting(arena, config->email_connection, "endpoint"), *answer = "", *to_sign;
    unsigned char *key, digest[SHA256_LENGTH];
    const char    *access = setting(arena, config->email_connection, "accesskey");

    key = access == NULL ? NULL : base64_decode(arena, access, strlen(access), &key_len);
    if (endpoint == NULL || key == NULL) {
        snprintf(fault, FAULT, "TATOR_EMAIL_CONNECTION_STRING has no usable endpoint and accesskey");
        return FAILED;
    }

    end = strlen(endpoint);
    while (end > 0 && endpoint[end - 1] == '/') {
        end--;
    }

    body = body_of(config, arena, message);
    uri = uri_split(endpoint);
    host = arena_copy(arena, uri.authority.data, uri.authority.len);

    gmtime_r(&(time_t) {time(NULL)}, &parts);
    strftime(when, sizeof(when), "%a, %d %b %Y %H:%M:%S GMT", &parts);

    sha256(digest, body, strlen(body));
    hash = base64_encode(arena, digest, sizeof(digest));
    to_sign = arena_format(arena, "POST\n" AZURE_PATH "\n%s;%s;%s", when, host, hash);
    hmac_sha256(digest, key, key_len, to_sign, strlen(to_sign));
    signature = base64_encode(arena, digest, sizeof(digest));

    const char *const lines[] = {
        "Content-Type: application/json",
        arena_format(arena, "x-ms-date: %s", when),
        arena_format(arena, "x-ms-content-sha256: %s", hash),
        arena_format(arena, "Authorization: HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=%s", signature),
        arena_format(arena, "Operation-Id: %s", arena_format(arena, "00000000-0000-4000-8000-%012llx", (unsigned long long) message->id)),
        NULL,
    };

    status = http_post(arena, arena_format(arena, "%.*s" AZURE_PATH, (int) end, endpoint), lines, body, &answer, reason);
    if (status / 100 == 2) {
        return SENT;
    }

    if (status == 0) {
        snprintf(fault, FAULT, "%s", reason);
    } else {
        snprintf(fault, FAULT, "the mail service answers %ld: %.300s", status, answer);
    }

    return status == 400 || status == 413 || status == 422 ? REFUSED : FAILED;
}


static char *
body_of(const config_t *config, arena_t *arena, const message_t *message)
{
    char   *text;
    json_t *value, *list = json_array();

    for (size_t k = 0; k < message->n_attachments; k++) {
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", message->attachments[k].name, "contentType", "application/octet-stream",
                                              "contentInBase64", base64_encode(arena, message->attachments[k].data, message->attachments[k].len)));
    }

    value = json_pack("{s:s, s:{s:s, s:s}, s:{s:[{s:s}]}, s:o}", "senderAddress", config->email_sender == NULL ? "" : config->email_sender,
                      "content", "subject", message->title, "plainText", message->body, "recipients", "to", "address", message->recipient,
                      "attachments", list);
    text = json_text(arena, value);
    json_decref(value);

    return text;
}


/* The value of NAME=…; in the string; names in any case. */
static const char *
setting(arena_t *arena, const char *connection, const char *name)
{
    size_t len = strlen(name), n;

    for (const char *p = connection; *p != '\0'; p += n + (p[n] == ';')) {
        n = strcspn(p, ";");
        if (n > len && p[len] == '=' && strncasecmp(p, name, len) == 0) {
            return arena_copy(arena, p + len + 1, n - len - 1);
        }
    }

    return NULL;
}
