/*
 * Google Cloud Storage. Everything goes through its XML interface by V4 signed URLs made with the service account's key, also the
 * server's own requests, so that no token has to be fetched first.
 * https://cloud.google.com/storage/docs/authentication/signatures
 */

#include <string.h>

#include "store.h"


#define GCS_ENDPOINT "https://storage.googleapis.com"
#define GCS_SECONDS  300 /* life of the server's own signatures */
#define GCS_PAIRS    12


static bool             gcs_configure(store_t *store, arena_t *arena, const json_t *config, const char **error);
static char            *gcs_url(const store_t *store, arena_t *arena, const store_call_t *call, int seconds, time_t now);
static store_request_t *gcs_request(const store_t *store, arena_t *arena, const store_call_t *call, time_t now);
static size_t           gcs_headers(const store_t *store, arena_t *arena, const store_call_t *call, time_t now, pair_t *headers);
static char *
gcs_sign(const store_t *store, arena_t *arena, const store_call_t *call, pair_t *headers, size_t n_headers, int seconds, time_t now);


const store_driver_t store_gcs_driver = {gcs_configure, gcs_url, gcs_request};

static const char *const gcs_methods[STORE_OPERATIONS] = {
    [STORE_GET] = "GET",
    [STORE_HEAD] = "HEAD",
    [STORE_PUT] = "PUT",
    [STORE_DELETE] = "DELETE",
    [STORE_LIST] = "GET",
    [STORE_UPLOAD_START] = "POST",
    [STORE_UPLOAD_PART] = "PUT",
    [STORE_TAGS_GET] = "HEAD",
    [STORE_TAG] = "PUT",
    [STORE_CLASS] = "PUT",
    [STORE_RESTORE] = "PUT",
};


static bool
gcs_configure(store_t *store, arena_t *arena, const json_t *config, const char **error)
{
    store->endpoint = GCS_ENDPOINT;
    store->region = "auto";
    store->access_key = store_member(arena, config, "client_email");
    store->secret_key = store_member(arena, config, "private_key");

    if (store->access_key == NULL || store->secret_key == NULL) {
        *error = "The store's configuration lacks client_email or private_key";
        return false;
    }

    return true;
}


static char *
gcs_url(const store_t *store, arena_t *arena, const store_call_t *call, int seconds, time_t now)
{
    pair_t headers[1];

    /* All parts go to the session. */
    if (call->operation == STORE_UPLOAD_PART) {
        return arena_text(arena, call->upload_id);
    }

    return gcs_sign(store, arena, call, headers, 0, seconds, now);
}


static store_request_t *
gcs_request(const store_t *store, arena_t *arena, const store_call_t *call, time_t now)
{
    char            *url;
    pair_t           headers[STORE_HEADERS];
    size_t           n, i;
    const char      *lines[STORE_HEADERS];
    store_request_t *request;

    /* A session ends by itself with its last byte. */
    if (call->operation == STORE_UPLOAD_COMPLETE || call->operation == STORE_UPLOAD_LIST) {
        return NULL;
    }

    if (call->operation == STORE_UPLOAD_ABORT) {
        return store_request_make(arena, "DELETE", call->upload_id, NULL, 0);
    }

    n = gcs_headers(store, arena, call, now, headers);
    for (i = 0; i < n; i++) {
        lines[i] = arena_format(arena, "%s: %s", headers[i].name, headers[i].value != NULL ? headers[i].value : "");
    }

    url = gcs_sign(store, arena, call, headers, n, GCS_SECONDS, now);
    if (url == NULL) {
        url = arena_text(arena, "");
    }

    request = store_request_make(arena, gcs_methods[call->operation], url, lines, n);

    if (call->operation == STORE_PUT) {
        request->body = call->body;
        request->body_len = call->body_len;
    }

    return request;
}


static size_t
gcs_headers(const store_t *store, arena_t *arena, const store_call_t *call, time_t now, pair_t *headers)
{
    char      date[32];
    size_t    n;
    text_t    source;
    struct tm tm;

    n = 0;

    if (call->ranged) {
        headers[n++] = (pair_t) {
            "range", arena_format(arena, "bytes=%llu-%llu", (unsigned long long) call->first, (unsigned long long) call->last)};
    }

    if (call->content_type != NULL) {
        headers[n++] = (pair_t) {"content-type", call->content_type};
    }

    if (call->operation == STORE_UPLOAD_START) {
        headers[n++] = (pair_t) {"x-goog-resumable", "start"};
    }

    if (call->operation != STORE_TAG && call->operation != STORE_CLASS && call->operation != STORE_RESTORE) {
        return n;
    }

    /* Changes of an object's properties are copies onto itself. */
    text_start(&source, arena, 128);
    uri_encode(&source, store->bucket, strlen(store->bucket), NULL);
    text_puts(&source, "/");
    uri_encode(&source, call->path, strlen(call->path), "/");
    headers[n++] = (pair_t) {"x-goog-copy-source", arena_copy(arena, source.data, source.len)};

    if (call->operation != STORE_TAG) {
        headers[n++] = (pair_t) {"x-goog-metadata-directive", "COPY"};
        headers[n++] = (pair_t) {"x-goog-storage-class", call->storage_class != NULL ? call->storage_class : "STANDARD"};
        return n;
    }

    headers[n++] = (pair_t) {"x-goog-metadata-directive", "REPLACE"};

    if (strcmp(call->tag, "archive") == 0) {
        gmtime_r(&now, &tm);
        strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
        headers[n++] = (pair_t) {"x-goog-custom-time", arena_text(arena, date)};
    } else {
        headers[n++] = (pair_t) {arena_format(arena, "x-goog-meta-%s", call->tag), call->value};
    }

    return n;
}


/* `headers` has room for one more: the host. */
static char *
gcs_sign(const store_t *store, arena_t *arena, const store_call_t *call, pair_t *headers, size_t n_headers, int seconds, time_t now)
{
    char            date[SIGV4_DATE_LENGTH + 1];
    char           *path, *scope, *to_sign, *hex;
    pair_t          query[GCS_PAIRS], signed_headers[STORE_HEADERS + 1];
    text_t          names, url;
    size_t          len;
    unsigned char  *signature;
    sigv4_request_t request;

    if (n_headers > 0) {
        memcpy(signed_headers, headers, n_headers * sizeof(pair_t));
    }
    signed_headers[n_headers++] = (pair_t) {"host", &GCS_ENDPOINT[sizeof("https://") - 1]};

    sigv4_date(date, now);
    path = store_object_path(store, arena, call->operation == STORE_LIST ? NULL : call->path);
    scope = arena_format(arena, "%.8s/auto/storage/goog4_request", date);

    text_start(&names, arena, 64);
    sigv4_header_names(&names, signed_headers, n_headers);

    request.n_query = 0;
    if (call->operation == STORE_LIST) {
        query[request.n_query++] = (pair_t) {"list-type", "2"};
        query[request.n_query++] = (pair_t) {"prefix", call->path};
        if (call->limit > 0) {
            query[request.n_query++] = (pair_t) {"max-keys", arena_format(arena, "%d", call->limit)};
        }
        if (call->continuation != NULL) {
            query[request.n_query++] = (pair_t) {"continuation-token", call->continuation};
        }
    }
    query[request.n_query++] = (pair_t) {"X-Goog-Algorithm", "GOOG4-RSA-SHA256"};
    query[request.n_query++] = (pair_t) {"X-Goog-Credential", arena_format(arena, "%s/%s", store->access_key, scope)};
    query[request.n_query++] = (pair_t) {"X-Goog-Date", date};
    query[request.n_query++] = (pair_t) {"X-Goog-Expires", arena_format(arena, "%d", seconds)};
    query[request.n_query++] = (pair_t) {"X-Goog-SignedHeaders", arena_copy(arena, names.data, names.len)};

    request.method = gcs_methods[call->operation];
    request.path = path;
    request.path_len = strlen(path);
    request.query = query;
    request.headers = signed_headers;
    request.n_headers = n_headers;
    request.payload = SIGV4_UNSIGNED;

    to_sign = sigv4_string_to_sign(arena, "GOOG4-RSA-SHA256", date, scope, sigv4_canonical(arena, &request));
    signature = rsa_sha256(arena, store->secret_key, to_sign, strlen(to_sign), &len);
    if (signature == NULL) {
        return NULL;
    }

    hex = arena_alloc(arena, 2 * len + 1);
    hex_encode(hex, signature, len);

    text_start(&url, arena, 1024);
    text_puts(&url, GCS_ENDPOINT);
    uri_encode(&url, path, strlen(path), "/");
    text_puts(&url, "?");
    sigv4_query(&url, query, request.n_query);
    text_puts(&url, "&X-Goog-Signature=");
    text_puts(&url, hex);

    return arena_copy(arena, url.data, url.len);
}
