/*
 * Uploads to a foreign bucket: in parts while the file is made. Part sizes grow, so that ten thousand of them are enough for any file.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>
#include <tator/store.h>

#include "common/rest.h"
#include "foreign.h"

#define PART         (8L << 20)
#define GROWTH       64 /* the part after so many is twice the first */
#define PARTS        2000
#define EXPIRATION   3600
#define ANSWER_LIMIT (64 << 10)
#define ETAG         128

typedef struct {
    destination_t base;
    arena_t      *arena;
    store_t      *store;
    char          prefix[64];
} foreign_t;

typedef struct {
    sink_t     base;
    foreign_t *foreign;
    arena_t   *arena; /* of signatures; used by this sink alone */
    rest_t    *rest;
    char      *upload_id; /* NULL: no part has been sent */
    char      *buffer;
    size_t     used, size;
    char       etags[PARTS][ETAG];
    size_t     n_parts;
} upload_t;

typedef struct {
    char   data[ANSWER_LIMIT];
    size_t len;
} answer_t;


static sink_t *foreign_sink(destination_t *destination, const char *name, int64_t estimate);
static bool    foreign_add(destination_t *destination, const char *family, const char *role, json_t *definition);
static bool    foreign_set(destination_t *destination, json_t *values);
static bool    upload_write(sink_t *sink, const void *data, size_t len);
static bool    upload_finish(sink_t *sink);
static void    upload_close(sink_t *sink);
static bool    upload_begin(upload_t *upload);
static bool    part_send(upload_t *upload);
static bool    complete(upload_t *upload);
static bool    post(upload_t *upload, const store_call_t *call, answer_t *answer);
static size_t  on_answer(char *data, size_t size, size_t n, void *answer);


destination_t *
foreign_open(const json_t *storage, const char *prefix, fault_t *fault)
{
    char        endpoint[128];
    json_t     *config;
    foreign_t  *foreign = calloc(1, sizeof(foreign_t));
    const char *error = "no memory", *region = getenv("AWS_DEFAULT_REGION"), *given = getenv("AWS_ENDPOINT_URL");

    if (foreign == NULL || (foreign->arena = arena_create(NULL, NULL)) == NULL) {
        fault_set(fault, true, "no memory");
        free(foreign);
        return NULL;
    }

    region = region != NULL && *region ? region : "us-east-1";
    snprintf(endpoint, sizeof(endpoint), "https://s3.%s.amazonaws.com", region);

    config = json_pack("{s:s,s:s,s:s*,s:s*}", "endpoint_url", given != NULL && *given ? given : endpoint, "region_name",
                       region, "aws_access_key_id", json_string_value(json_object_get(storage, "aws_access_key")),
                       "aws_secret_access_key", json_string_value(json_object_get(storage, "aws_secret_access_key")));

    if (config != NULL && json_is_string(json_object_get(storage, "bucket_name"))) {
        foreign->store = store_create(foreign->arena, "MINIO", config,
                                      json_string_value(json_object_get(storage, "bucket_name")), NULL, false, &error);
    } else if (config != NULL) {
        error = "bucket_name is missing";
    }

    json_decref(config);

    if (foreign->store == NULL) {
        fault_set(fault, false, "s3_storage of archive_config can not be used: %s", error);
        foreign_close(&foreign->base);
        return NULL;
    }

    foreign->base = (destination_t){.fault = fault, .open = foreign_sink, .add = foreign_add, .set = foreign_set};
    snprintf(foreign->prefix, sizeof(foreign->prefix), "%s", prefix);

    return &foreign->base;
}


void
foreign_close(destination_t *destination)
{
    foreign_t *foreign = (foreign_t *) destination;

    if (foreign != NULL) {
        arena_destroy(foreign->arena);
        free(foreign);
    }
}


static sink_t *
foreign_sink(destination_t *destination, const char *name, int64_t estimate)
{
    upload_t *upload = calloc(1, sizeof(upload_t));

    (void) estimate;

    if (upload == NULL) {
        fault_set(destination->fault, true, "no memory");
        return NULL;
    }

    upload->base = (sink_t){.write = upload_write, .finish = upload_finish, .close = upload_close};
    upload->foreign = (foreign_t *) destination;
    upload->rest = rest_open("", "");
    upload->arena = arena_create(NULL, NULL);
    snprintf(upload->base.key, sizeof(upload->base.key), "%s%s", upload->foreign->prefix, name);

    if (upload->rest == NULL || upload->arena == NULL) {
        fault_set(destination->fault, true, "no memory");
        upload_close(&upload->base);
        return NULL;
    }

    return &upload->base;
}


static bool
foreign_add(destination_t *destination, const char *family, const char *role, json_t *definition)
{
    (void) destination;
    (void) family;
    (void) role;

    json_decref(definition);

    return true;
}


static bool
foreign_set(destination_t *destination, json_t *values)
{
    (void) destination;

    json_decref(values);

    return true;
}


static bool
upload_write(sink_t *sink, const void *bytes, size_t len)
{
    char       *grown;
    size_t      n, room;
    upload_t   *upload = (upload_t *) sink;
    const char *data = bytes;

    sink->size += (int64_t) len;

    while (len > 0) {
        room = (size_t) (PART + PART / GROWTH * (long) upload->n_parts);

        if (upload->used == room) {
            if (!part_send(upload)) {
                return false;
            }

            continue;
        }

        if (upload->size < room) {
            grown = realloc(upload->buffer, room);
            if (grown == NULL) {
                return fault_set(upload->foreign->base.fault, true, "no memory");
            }

            upload->buffer = grown;
            upload->size = room;
        }

        n = room - upload->used < len ? room - upload->used : len;
        memcpy(upload->buffer + upload->used, data, n);
        upload->used += n;
        data += n;
        len -= n;
    }

    return true;
}


static bool
upload_finish(sink_t *sink)
{
    char     *url;
    upload_t *upload = (upload_t *) sink;

    if (upload->upload_id != NULL) {
        return part_send(upload) && complete(upload);
    }

    url = store_url(upload->foreign->store, upload->arena, &(store_call_t){STORE_PUT, .path = sink->key}, EXPIRATION,
                    time(NULL));

    return (url != NULL && rest_put(upload->rest, url, upload->buffer, upload->used, NULL)) ||
           fault_set(upload->foreign->base.fault, upload->rest->again, "%s", upload->rest->error);
}


static void
upload_close(sink_t *sink)
{
    upload_t *upload = (upload_t *) sink;

    if (upload != NULL) {
        rest_close(upload->rest);
        if (upload->arena != NULL) {
            arena_destroy(upload->arena);
        }

        free(upload->buffer);
        free(upload);
    }
}


static bool
upload_begin(upload_t *upload)
{
    bool      good = false;
    answer_t *answer = malloc(sizeof(answer_t));

    if (answer == NULL) {
        return fault_set(upload->foreign->base.fault, true, "no memory");
    }

    if (post(upload, &(store_call_t){STORE_UPLOAD_START, .path = upload->base.key}, answer)) {
        upload->upload_id =
            store_upload_id(upload->foreign->store, upload->arena, answer->data, answer->len, NULL, PARTS);
        good = upload->upload_id != NULL ||
               fault_set(upload->foreign->base.fault, false, "the bucket of s3_storage takes no upload");
    }

    free(answer);

    return good;
}


/* What is in the buffer becomes the next part. */
static bool
part_send(upload_t *upload)
{
    char    *url;
    fault_t *fault = upload->foreign->base.fault;

    if (upload->n_parts == PARTS) {
        return fault_set(fault, false, "%s became larger than %ld bytes", upload->base.key, (long) upload->base.size);
    }

    if (upload->upload_id == NULL && !upload_begin(upload)) {
        return false;
    }

    url = store_url(upload->foreign->store, upload->arena,
                    &(store_call_t){STORE_UPLOAD_PART, .path = upload->base.key, .upload_id = upload->upload_id,
                                    .part = (int) upload->n_parts + 1},
                    EXPIRATION, time(NULL));

    if (url == NULL || !rest_put(upload->rest, url, upload->buffer, upload->used, upload->etags[upload->n_parts])) {
        return fault_set(fault, upload->rest->again, "%s", upload->rest->error);
    }

    upload->n_parts++;
    upload->used = 0;

    return true;
}


static bool
complete(upload_t *upload)
{
    bool          good;
    size_t        i;
    answer_t     *answer = malloc(sizeof(answer_t));
    store_part_t *parts = calloc(upload->n_parts, sizeof(store_part_t));

    good = answer != NULL && parts != NULL;

    if (!good) {
        fault_set(upload->foreign->base.fault, true, "no memory");
        goto done;
    }

    for (i = 0; i < upload->n_parts; i++) {
        parts[i] = (store_part_t){.etag = upload->etags[i], .number = (int) i + 1};
    }

    good = post(upload,
                &(store_call_t){STORE_UPLOAD_COMPLETE, .path = upload->base.key, .upload_id = upload->upload_id,
                                .parts = parts, .n_parts = upload->n_parts},
                answer);

    if (good && store_error(upload->arena, answer->data, answer->len) != NULL) {
        good = fault_set(upload->foreign->base.fault, true, "the bucket of s3_storage does not complete the upload");
    }

done:

    free(answer);
    free(parts);

    return good;
}


/* A signed request with an answer that is read. */
static bool
post(upload_t *upload, const store_call_t *call, answer_t *answer)
{
    int                i;
    CURL              *curl = curl_easy_init();
    long               status = 0;
    CURLcode           code = CURLE_OUT_OF_MEMORY;
    store_request_t   *request = store_request(upload->foreign->store, upload->arena, call, time(NULL));
    struct curl_slist *headers = NULL;

    answer->len = 0;

    if (curl != NULL && request != NULL) {
        for (i = 0; request->headers != NULL && request->headers[i] != NULL; i++) {
            headers = curl_slist_append(headers, request->headers[i]);
        }

        headers = curl_slist_append(headers, "Expect:");

        curl_easy_setopt(curl, CURLOPT_URL, request->url);
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 20L);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT, 120L);
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->body_len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body_len > 0 ? request->body : "");
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);

        code = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    }

    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);

    if (code != CURLE_OK) {
        return fault_set(upload->foreign->base.fault, true, "the bucket of s3_storage can not be reached: %s",
                         curl_easy_strerror(code));
    }

    return status / 100 == 2 ||
           fault_set(upload->foreign->base.fault, status >= 500, "the bucket of s3_storage answers %ld", status);
}


static size_t
on_answer(char *data, size_t size, size_t n, void *closure)
{
    answer_t *answer = closure;

    size *= n;

    if (size > ANSWER_LIMIT - answer->len) {
        return 0;
    }

    memcpy(answer->data + answer->len, data, size);
    answer->len += size;

    return size;
}
