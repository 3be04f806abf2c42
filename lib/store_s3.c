/*
 * Stores that speak S3 (AWS, MINIO, VAST and the S3 side of OCI): SigV4, path style always.
 */

#include <stdio.h>
#include <string.h>

#include "store.h"

#include <tator/base64.h>
#include <tator/xml.h>


#define S3_PAIRS 12

typedef struct {
    const char *method;
    const char *subresource; /* in the query, without value; NULL: none */
} s3_operation_t;


static bool             s3_configure(store_t *store, arena_t *arena, const json_t *config, const char **error);
static char            *s3_url(const store_t *store, arena_t *arena, const store_call_t *call, int seconds, time_t now);
static store_request_t *s3_request(const store_t *store, arena_t *arena, const store_call_t *call, time_t now);
static bool             s3_nothing_to_do(const store_t *store, const store_call_t *call);
static size_t           s3_query(const store_t *store, arena_t *arena, const store_call_t *call, pair_t *query);
static const char      *s3_key(const store_t *store, arena_t *arena, const char *path);
static size_t           s3_headers(const store_t *store, arena_t *arena, const store_call_t *call, pair_t *headers);
static void             s3_body(arena_t *arena, const store_call_t *call, store_request_t *request);
static char            *s3_path(const store_t *store, arena_t *arena, const store_call_t *call);
static char            *s3_join(const store_t *store, arena_t *arena, const char *path, const char *query);


const store_driver_t store_s3_driver = {s3_configure, s3_url, s3_request};

static const s3_operation_t s3_operations[STORE_OPERATIONS] = {
    [STORE_GET] = {"GET", NULL},
    [STORE_HEAD] = {"HEAD", NULL},
    [STORE_PUT] = {"PUT", NULL},
    [STORE_DELETE] = {"DELETE", NULL},
    [STORE_LIST] = {"GET", NULL},
    [STORE_UPLOAD_START] = {"POST", "uploads"},
    [STORE_UPLOAD_PART] = {"PUT", NULL},
    [STORE_UPLOAD_COMPLETE] = {"POST", NULL},
    [STORE_UPLOAD_ABORT] = {"DELETE", NULL},
    [STORE_UPLOAD_LIST] = {"GET", "uploads"},
    [STORE_TAGS_GET] = {"GET", "tagging"},
    [STORE_TAG] = {"PUT", "tagging"},
    [STORE_CLASS] = {"PUT", NULL},
    [STORE_RESTORE] = {"POST", "restore"},
};


static bool
s3_configure(store_t *store, arena_t *arena, const json_t *config, const char **error)
{
    char       *endpoint, *found;
    size_t      n;
    const char *prefix;

    store->access_key = store_member(arena, config, "aws_access_key_id");
    store->secret_key = store_member(arena, config, "aws_secret_access_key");
    store->region = store_member(arena, config, "region_name");
    endpoint = (char *) store_member(arena, config, "endpoint_url");

    if (store->access_key == NULL || store->secret_key == NULL) {
        *error = "The store's configuration lacks aws_access_key_id or aws_secret_access_key";
        return false;
    }

    if (store->region == NULL) {
        store->region = "us-east-1";
    }

    if (endpoint == NULL) {
        endpoint = arena_format(arena, "https://s3.%s.amazonaws.com", store->region);
    }

    if (!uri_has_scheme(endpoint)) {
        *error = "The store's endpoint_url is not a URL";
        return false;
    }

    /* A virtual host's name becomes path style. */
    prefix = arena_format(arena, "%s.", store->bucket);
    n = strlen(prefix);
    while ((found = strstr(endpoint, prefix)) != NULL) {
        memmove(found, found + n, strlen(found + n) + 1);
    }

    for (n = strlen(endpoint); n > 0 && endpoint[n - 1] == '/'; n--) {
        endpoint[n - 1] = '\0';
    }

    store->endpoint = endpoint;

    return true;
}


static char *
s3_url(const store_t *store, arena_t *arena, const store_call_t *call, int seconds, time_t now)
{
    char            date[SIGV4_DATE_LENGTH + 1], signature[2 * SHA256_LENGTH + 1];
    char           *path, *scope, *canonical;
    text_t          text;
    uri_t           uri;
    pair_t          query[S3_PAIRS], host;
    unsigned char   key[SHA256_LENGTH];
    sigv4_request_t request;

    sigv4_date(date, now);
    uri = uri_split(store->endpoint);
    path = s3_path(store, arena, call);
    scope = arena_format(arena, "%.8s/%s/s3/aws4_request", date, store->region);

    host = (pair_t) {"host", arena_copy(arena, uri.authority.data, uri.authority.len)};

    request.n_query = s3_query(store, arena, call, query);
    query[request.n_query++] = (pair_t) {"X-Amz-Algorithm", "AWS4-HMAC-SHA256"};
    query[request.n_query++] = (pair_t) {"X-Amz-Credential", arena_format(arena, "%s/%s", store->access_key, scope)};
    query[request.n_query++] = (pair_t) {"X-Amz-Date", date};
    query[request.n_query++] = (pair_t) {"X-Amz-Expires", arena_format(arena, "%d", seconds)};
    query[request.n_query++] = (pair_t) {"X-Amz-SignedHeaders", "host"};

    request.method = s3_operations[call->operation].method;
    request.path = path;
    request.path_len = strlen(path);
    request.query = query;
    request.headers = &host;
    request.n_headers = 1;
    request.payload = SIGV4_UNSIGNED;

    canonical = sigv4_canonical(arena, &request);
    sigv4_key(key, store->secret_key, date, store->region, "s3");
    sigv4_signature(signature, key, sigv4_string_to_sign(arena, "AWS4-HMAC-SHA256", date, scope, canonical));

    text_start(&text, arena, 512);
    sigv4_query(&text, query, request.n_query);
    text_puts(&text, "&X-Amz-Signature=");
    text_puts(&text, signature);

    return s3_join(store, arena, path, arena_copy(arena, text.data, text.len));
}


static store_request_t *
s3_request(const store_t *store, arena_t *arena, const store_call_t *call, time_t now)
{
    char             date[SIGV4_DATE_LENGTH + 1], payload[2 * SHA256_LENGTH + 1], signature[2 * SHA256_LENGTH + 1];
    char            *path, *scope;
    uri_t            uri;
    text_t           text;
    pair_t           query[S3_PAIRS], headers[STORE_HEADERS];
    size_t           i;
    const char      *lines[STORE_HEADERS + 2];
    unsigned char    key[SHA256_LENGTH], hash[SHA256_LENGTH];
    sigv4_request_t  request;
    store_request_t *out;

    if (s3_nothing_to_do(store, call)) {
        return NULL;
    }

    out = store_request_make(arena, s3_operations[call->operation].method, NULL, NULL, 0);
    s3_body(arena, call, out);

    sha256(hash, out->body, out->body_len);
    hex_encode(payload, hash, SHA256_LENGTH);

    sigv4_date(date, now);
    uri = uri_split(store->endpoint);
    path = s3_path(store, arena, call);
    scope = arena_format(arena, "%.8s/%s/s3/aws4_request", date, store->region);

    request.method = out->method;
    request.path = path;
    request.path_len = strlen(path);
    request.query = query;
    request.n_query = s3_query(store, arena, call, query);
    request.headers = headers;
    request.n_headers = s3_headers(store, arena, call, headers);
    request.payload = call->streamed ? SIGV4_UNSIGNED : payload;
    headers[request.n_headers++] = (pair_t) {"host", arena_copy(arena, uri.authority.data, uri.authority.len)};
    headers[request.n_headers++] = (pair_t) {"x-amz-date", date};
    headers[request.n_headers++] = (pair_t) {"x-amz-content-sha256", request.payload};

    sigv4_key(key, store->secret_key, date, store->region, "s3");
    sigv4_signature(signature, key, sigv4_string_to_sign(arena, "AWS4-HMAC-SHA256", date, scope, sigv4_canonical(arena, &request)));

    for (i = 0; i < request.n_headers; i++) {
        lines[i] = arena_format(arena, "%s: %s", headers[i].name, headers[i].value);
    }

    text_start(&text, arena, 128);
    sigv4_header_names(&text, headers, request.n_headers);
    lines[i++] = arena_format(
        arena, "Authorization: AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%.*s, Signature=%s", store->access_key, scope, (int) text.len,
        text.data, signature
    );

    text_start(&text, arena, 128);
    sigv4_query(&text, query, request.n_query);
    out->url = s3_join(store, arena, path, arena_copy(arena, text.data, text.len));
    out->headers = store_request_make(arena, NULL, NULL, lines, i)->headers;

    return out;
}


/* contract/media.md §2: tags of VAST and OCI. */
static bool
s3_nothing_to_do(const store_t *store, const store_call_t *call)
{
    return call->operation == STORE_TAG && (store->type == STORE_VAST || store->type == STORE_OCI);
}


static size_t
s3_query(const store_t *store, arena_t *arena, const store_call_t *call, pair_t *query)
{
    size_t n;

    n = 0;

    if (s3_operations[call->operation].subresource != NULL) {
        query[n++] = (pair_t) {s3_operations[call->operation].subresource, ""};
    }

    if (call->operation == STORE_UPLOAD_PART) {
        query[n++] = (pair_t) {"partNumber", arena_format(arena, "%d", call->part)};
    }

    if (call->upload_id != NULL) {
        query[n++] = (pair_t) {"uploadId", call->upload_id};
    }

    if (call->operation == STORE_LIST) {
        query[n++] = (pair_t) {"list-type", "2"};
        query[n++] = (pair_t) {"prefix", s3_key(store, arena, call->path)};

        if (call->limit > 0) {
            query[n++] = (pair_t) {"max-keys", arena_format(arena, "%d", call->limit)};
        }
        if (call->continuation != NULL) {
            query[n++] = (pair_t) {"continuation-token", call->continuation};
        }
    }

    if (call->operation == STORE_UPLOAD_LIST) {
        query[n++] = (pair_t) {"prefix", s3_key(store, arena, call->path)};

        if (call->limit > 0) {
            query[n++] = (pair_t) {"max-uploads", arena_format(arena, "%d", call->limit)};
        }
        if (call->after != NULL) {
            query[n++] = (pair_t) {"key-marker", s3_key(store, arena, call->after->path)};
            query[n++] = (pair_t) {"upload-id-marker", call->after->id};
        }
    }

    return n;
}


/* A path as the bucket has it: the AWS type's keys begin with the bucket's name (contract/media.md §2). */
static const char *
s3_key(const store_t *store, arena_t *arena, const char *path)
{
    return store->type == STORE_AWS ? arena_format(arena, "%s/%s", store->bucket, path) : path;
}


static size_t
s3_headers(const store_t *store, arena_t *arena, const store_call_t *call, pair_t *headers)
{
    size_t n;
    text_t source;

    n = 0;

    if (call->ranged) {
        headers[n++] = (pair_t) {
            "range", arena_format(arena, "bytes=%llu-%llu", (unsigned long long) call->first, (unsigned long long) call->last)};
    }

    if (call->content_type != NULL) {
        headers[n++] = (pair_t) {"content-type", call->content_type};
    }

    if (call->operation == STORE_CLASS) {
        text_start(&source, arena, 128);
        uri_encode(&source, store_object_path(store, arena, call->path), strlen(store_object_path(store, arena, call->path)), "/");

        headers[n++] = (pair_t) {"x-amz-copy-source", arena_copy(arena, source.data, source.len)};
        headers[n++] = (pair_t) {"x-amz-metadata-directive", "COPY"};
        headers[n++] = (pair_t) {"x-amz-tagging-directive", "REPLACE"};
        headers[n++] = (pair_t) {"x-amz-storage-class", call->storage_class};
    }

    return n;
}


static void
s3_body(arena_t *arena, const store_call_t *call, store_request_t *request)
{
    text_t text;

    text_start(&text, arena, 256);

    switch (call->operation) {
    case STORE_PUT:
        request->body = call->body;
        request->body_len = call->body_len;
        return;
    case STORE_UPLOAD_COMPLETE:
        store_parts_xml(&text, call);
        break;
    case STORE_TAG:
        store_tag_xml(&text, "Tagging", call->tag, call->value);
        break;
    case STORE_RESTORE:
        text_printf(&text, "<RestoreRequest><Days>%d</Days></RestoreRequest>", call->days);
        break;
    default:
        return;
    }

    request->body = arena_copy(arena, text.data, text.len);
    request->body_len = text.len;
}


/* Decoded, with the endpoint's own path before it. */
static char *
s3_path(const store_t *store, arena_t *arena, const store_call_t *call)
{
    uri_t uri;

    uri = uri_split(store->endpoint);

    return arena_format(
        arena, "%.*s%s", (int) uri.path.len, (const char *) uri.path.data,
        store_object_path(store, arena, call->operation == STORE_LIST || call->operation == STORE_UPLOAD_LIST ? NULL : call->path)
    );
}


static char *
s3_join(const store_t *store, arena_t *arena, const char *path, const char *query)
{
    uri_t  uri;
    text_t url;

    uri = uri_split(store->endpoint);

    text_start(&url, arena, 512);
    text_add(&url, uri.scheme.data, uri.scheme.len);
    text_puts(&url, "://");
    text_add(&url, uri.authority.data, uri.authority.len);
    uri_encode(&url, path, strlen(path), "/");
    text_puts(&url, *query != '\0' ? "?" : "");
    text_puts(&url, query);

    return arena_copy(arena, url.data, url.len);
}
