/*
 * The operators' chat (Slack's Web API), and the one POST that it shares with Azure's mail.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include <tator/json.h>

#include "message.h"

#define ANSWER_LIMIT (256 * 1024)

typedef struct {
    char  *data;
    size_t len;
} answer_t;

static size_t take(char *data, size_t size, size_t n, void *closure);


sent_t
chat_send(const config_t *config, arena_t *arena, const message_t *message, char *fault)
{
    long        status;
    json_t     *value;
    sent_t      sent = FAILED;
    const char *body, *answer = "", *why;

    if (config->slack_token == NULL || config->slack_channel == NULL) {
        snprintf(fault, FAULT, "no chat is configured");
        return REFUSED;
    }

    value = json_pack("{s:s, s:s}", "channel", config->slack_channel, "text", message->body);
    body = json_text(arena, value);
    json_decref(value);

    const char *const lines[] = {
        arena_format(arena, "Authorization: Bearer %s", config->slack_token),
        "Content-Type: application/json; charset=utf-8",
        NULL,
    };

    status = http_post(arena, arena_format(arena, "%s/chat.postMessage", config->slack_url), lines, body, &answer, fault);
    if (status == 0) {
        return FAILED;
    }

    value = json_loads(answer, 0, NULL);
    if (status / 100 == 2 && json_is_true(json_object_get(value, "ok"))) {
        sent = SENT;
    } else {
        why = json_string_value(json_object_get(value, "error"));
        snprintf(fault, FAULT, "the chat answers %ld %s", status, why == NULL ? "" : why);
    }
    json_decref(value);

    return sent;
}


long
http_post(arena_t *arena, const char *url, const char *const *headers, const char *body, const char **text, char *fault)
{
    CURL              *curl = curl_easy_init();
    long               status = 0;
    CURLcode           code;
    answer_t           answer = {0};
    struct curl_slist *list = NULL, *more;
    char               reason[CURL_ERROR_SIZE] = "";

    *text = "";
    if (curl == NULL) {
        snprintf(fault, FAULT, "no memory");
        return 0;
    }

    for (size_t k = 0; headers[k] != NULL; k++) {
        more = curl_slist_append(list, headers[k]);
        list = more == NULL ? list : more;
    }

    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) strlen(body));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 20L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 120L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "tator-mail");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);

    code = curl_easy_perform(curl);
    if (code == CURLE_OK) {
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        *text = arena_copy(arena, answer.data == NULL ? "" : answer.data, answer.len);
    } else {
        snprintf(fault, FAULT, "%s", reason[0] ? reason : curl_easy_strerror(code));
    }

    free(answer.data);
    curl_slist_free_all(list);
    curl_easy_cleanup(curl);

    return status;
}


static size_t
take(char *data, size_t size, size_t n, void *closure)
{
    char     *grown;
    answer_t *answer = closure;

    size *= n;
    if (size > ANSWER_LIMIT - answer->len) {
        return 0;
    }

    grown = realloc(answer->data, answer->len + size + 1);
    if (grown == NULL) {
        return 0;
    }

    answer->data = grown;
    memcpy(answer->data + answer->len, data, size);
    answer->len += size;

    return size;
}
