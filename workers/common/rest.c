/*
 * Blocking REST calls by libcurl.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <curl/curl.h>

#include "rest.h"

#define TRIES        6
#define ANSWER_LIMIT (64 << 20)
#define ETAG         128

typedef struct {
    char  *data;
    size_t len, size;
    bool   broken;
} body_t;

typedef struct {
    const char *data;
    size_t      len, at;
} given_t;


static CURLcode call_once(rest_t *rest, const char *method, const char *url, const char *text, body_t *answer,
                          long *status);
static bool     is_untouched(CURLcode code, long status, const body_t *answer);
static bool     may_pass(long status);
static void     common(CURL *curl, const char *url, char *error);
static void     pause_before(int try);
static size_t   on_answer(char *data, size_t size, size_t n, void *body);
static size_t   on_put(char *data, size_t size, size_t n, void *given);
static int      on_rewind(void *given, curl_off_t offset, int origin);
static size_t   on_put_header(char *data, size_t size, size_t n, void *etag);


rest_t *
rest_open(const char *host, const char *token)
{
    rest_t *rest = calloc(1, sizeof(rest_t));

    if (rest == NULL) {
        return NULL;
    }

    rest->curl = curl_easy_init();
    rest->host = strdup(host);
    rest->token = strdup(token);

    if (rest->curl == NULL || rest->host == NULL || rest->token == NULL) {
        rest_close(rest);
        return NULL;
    }

    while (*rest->host && rest->host[strlen(rest->host) - 1] == '/') {
        rest->host[strlen(rest->host) - 1] = '\0';
    }

    return rest;
}


void
rest_close(rest_t *rest)
{
    if (rest != NULL) {
        if (rest->curl != NULL) {
            curl_easy_cleanup(rest->curl);
        }

        free(rest->host);
        free(rest->token);
        free(rest);
    }
}


int
rest_call(rest_t *rest, const char *method, const char *path, const json_t *body, json_t **answer)
{
    int      try;
    long     status = 0;
    char    *url, *text = NULL;
    body_t   got = {0};
    json_t  *value;
    CURLcode code;

    if (answer != NULL) {
        *answer = NULL;
    }

    rest->again = true;
    url = malloc(strlen(rest->host) + strlen(path) + 1);
    if (body != NULL) {
        text = json_dumps(body, JSON_COMPACT);
    }

    if (url == NULL || (body != NULL && text == NULL)) {
        snprintf(rest->error, sizeof(rest->error), "no memory");
        goto done;
    }

    sprintf(url, "%s%s", rest->host, path);

    for (try = 0; try < TRIES; try++) {
        pause_before(try);
        got.len = 0;
        code = call_once(rest, method, url, text, &got, &status);

        /* What may have been done must not be done twice. */
        if (!is_untouched(code, status, &got) &&
            !(strcmp(method, "GET") == 0 && (code != CURLE_OK || may_pass(status)))) {
            break;
        }
    }

    if (code != CURLE_OK) {
        status = 0;
        goto done;
    }

    value = got.len > 0 ? json_loadb(got.data, got.len, JSON_DECODE_ANY, NULL) : NULL;

    if (status != 200 && status != 201) {
        rest->again = may_pass(status);
        snprintf(rest->error, sizeof(rest->error), "%s %s answers %ld: %s", method, path, status,
                 json_is_string(json_object_get(value, "message"))
                     ? json_string_value(json_object_get(value, "message"))
                     : "");
    }

    if (answer != NULL) {
        *answer = value;
    } else {
        json_decref(value);
    }

done:

    free(got.data);
    free(text);
    free(url);

    return (int) status;
}


bool
rest_put(rest_t *rest, const char *url, const void *data, size_t len, char *etag)
{
    int                try;
    long               status = 0;
    given_t            given = {.data = data, .len = len};
    CURL              *curl = rest->curl;
    CURLcode           code = CURLE_OK;
    char               text[CURL_ERROR_SIZE] = "", tag[ETAG] = "";
    struct curl_slist *headers = NULL;

    headers = curl_slist_append(headers, "Content-Type:");
    if (strstr(url, "sig=") != NULL) { /* Azure wants to know */
        headers = curl_slist_append(headers, "x-ms-blob-type: BlockBlob");
    }

    for (try = 0; try < TRIES; try++) {
        pause_before(try);

        given.at = 0;
        status = 0;
        text[0] = tag[0] = '\0';

        curl_easy_reset(curl);
        common(curl, url, text);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t) len);
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_put);
        curl_easy_setopt(curl, CURLOPT_READDATA, &given);
        curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_rewind);
        curl_easy_setopt(curl, CURLOPT_SEEKDATA, &given);
        curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_put_header);
        curl_easy_setopt(curl, CURLOPT_HEADERDATA, tag);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, NULL);

        code = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);

        if (code == CURLE_OK && !may_pass(status)) {
            break;
        }
    }

    curl_slist_free_all(headers);

    if (code != CURLE_OK || status < 200 || status > 299) {
        rest->again = code != CURLE_OK || may_pass(status);
        if (code != CURLE_OK) {
            snprintf(rest->error, sizeof(rest->error), "a file can not be stored: %s",
                     text[0] ? text : curl_easy_strerror(code));
        } else {
            snprintf(rest->error, sizeof(rest->error), "a file can not be stored: the store answers %ld", status);
        }

        return false;
    }

    if (etag != NULL) {
        snprintf(etag, ETAG, "%s", tag);
    }

    return true;
}


char *
rest_escape(const char *text)
{
    char *out, *at;

    out = at = malloc(strlen(text) * 3 + 1);
    if (out == NULL) {
        return NULL;
    }

    for (; *text; text++) {
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~", *text) != NULL) {
            *at++ = *text;
        } else {
            at += sprintf(at, "%%%02X", (unsigned char) *text);
        }
    }

    *at = '\0';

    return out;
}


static CURLcode
call_once(rest_t *rest, const char *method, const char *url, const char *text, body_t *answer, long *status)
{
    CURL              *curl = rest->curl;
    CURLcode           code;
    char               line[300], error[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = NULL;

    snprintf(line, sizeof(line), "Authorization: Token %s", rest->token);
    headers = curl_slist_append(headers, line);
    headers = curl_slist_append(headers, "Accept: application/json");
    headers = curl_slist_append(headers, "Expect:");
    if (text != NULL) {
        headers = curl_slist_append(headers, "Content-Type: application/json");
    }

    curl_easy_reset(curl);
    common(curl, url, error);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);

    if (text != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) strlen(text));
    }

    *status = 0;
    code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
    curl_slist_free_all(headers);

    if (code != CURLE_OK) {
        snprintf(rest->error, sizeof(rest->error), "the server can not be reached: %s",
                 error[0] ? error : curl_easy_strerror(code));
    }

    return code;
}


/* Whether the request was surely not carried out, for a reason that passes. */
static bool
is_untouched(CURLcode code, long status, const body_t *answer)
{
    static const char throttled[] = "Request was throttled";

    return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
           (code == CURLE_OK && (status == 503 || status == 429 ||
                                 (status == 400 && answer->len > 0 &&
                                  memmem(answer->data, answer->len, throttled, sizeof(throttled) - 1) != NULL)));
}


/* A status that tells of a passing fault: 501 does not. */
static bool
may_pass(long status)
{
    return status == 429 || status == 500 || status > 501;
}


static void
common(CURL *curl, const char *url, char *error)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 20L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 120L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "tator-worker");
}


static void
pause_before(int try)
{
    if (try > 0) {
        nanosleep(&(struct timespec){.tv_sec = 1 << (try - 1)}, NULL);
    }
}


static size_t
on_answer(char *data, size_t size, size_t n, void *closure)
{
    char   *grown;
    size_t  room;
    body_t *body = closure;

    size *= n;

    if (body == NULL) {
        return size;
    }

    if (size > ANSWER_LIMIT - body->len) {
        body->broken = true;
        return 0;
    }

    if (body->len + size > body->size) {
        room = (body->len + size) * 2;
        grown = realloc(body->data, room);
        if (grown == NULL) {
            body->broken = true;
            return 0;
        }

        body->data = grown;
        body->size = room;
    }

    memcpy(body->data + body->len, data, size);
    body->len += size;

    return size;
}


static size_t
on_put(char *data, size_t size, size_t n, void *closure)
{
    given_t *given = closure;

    size *= n;
    size = size < given->len - given->at ? size : given->len - given->at;

    memcpy(data, given->data + given->at, size);
    given->at += size;

    return size;
}


static int
on_rewind(void *closure, curl_off_t offset, int origin)
{
    given_t *given = closure;

    if (origin != SEEK_SET || offset < 0 || (size_t) offset > given->len) {
        return CURL_SEEKFUNC_FAIL;
    }

    given->at = (size_t) offset;

    return CURL_SEEKFUNC_OK;
}


static size_t
on_put_header(char *data, size_t size, size_t n, void *closure)
{
    char  *etag = closure;
    size_t at = 5, end = size * n;

    if (end <= at || strncasecmp(data, "ETag:", at) != 0) {
        return size * n;
    }

    while (at < end && data[at] == ' ') {
        at++;
    }

    while (end > at && (data[end - 1] == '\r' || data[end - 1] == '\n' || data[end - 1] == ' ')) {
        end--;
    }

    if (end - at < ETAG) {
        memcpy(etag, data + at, end - at);
        etag[end - at] = '\0';
    }

    return size * n;
}
