/* The object store's own parsers: bodies in pieces, signatures in query and header, keys and file names. */
/* link: ngx_tator_module/objects/auth.c ngx_tator_module/objects/chunks.c ngx_tator_module/objects/name.c ngx_tator_module/objects/operations.c ngx_tator_module/objects/file.c ngx_tator_module/objects/list.c ngx_tator_module/objects/tags.c ngx_tator_module/objects/buckets.c ngx_tator_module/objects/upload.c */

#include <stdlib.h>
#include <string.h>

#include <tator/uri.h>

#include "objects/objects.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static bool
sink(objects_request_t *request, const void *data, size_t len)
{
    (void) data;
    request->received += len;
    return true;
}


static void
pieces(objects_request_t *request, const uint8_t *data, size_t size)
{
    size_t    i, n;
    chunks_t *chunks;

    static const char *const words[] = {
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"};

    for (i = 0; i < 3; i++) {
        request->payload = words[i];
        request->error = NULL;
        chunks = chunks_create(request);

        /* In bites, as it comes from a network. */
        n = size > 0 ? 1 + data[0] % 13 : 1;
        for (size_t at = 0; at < size; at += n) {
            if (!chunks_add(chunks, data + at, at + n < size ? n : size - at, sink)) {
                break;
            }
        }
        chunks_end(chunks);
        chunks_free(chunks);
    }
}


static void
keys(arena_t *arena, const char *text, size_t size)
{
    char       *path;
    char        part[NAME_PART_SIZE];
    const char *p;

    name_decode(text, part);
    name_bucket_good(text);

    if (!name_key_good(text, size)) {
        return;
    }

    path = name_path(arena, "/folder", "bucket", text);
    if (path == NULL) {
        return;
    }

    /* No part is a way out, or hidden, or too long for a file's name; and the last one is its own again. */
    if (strncmp(path, "/folder/buckets/bucket/", 23) != 0) {
        abort();
    }
    for (p = path + 23; p != NULL; p = strchr(p, '/') != NULL ? strchr(p, '/') + 1 : NULL) {
        if (*p == '.' || *p == '/' || *p == '\0' || strcspn(p, "/") > 250) {
            abort();
        }
    }
    if (name_decode(strrchr(path, '/') + 1, part) != NAME_OBJECT || strlen(part) > size || strcmp(text + size - strlen(part), part) != 0) {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char             *text;
    arena_t          *arena;
    pair_t            query[7], headers[4];
    objects_request_t request;

    static const char *const none[] = {NULL};
    static objects_store_t   store = {"/nowhere", "key", "secret", (const char **) none, (const char **) none};

    arena = arena_create(NULL, NULL);
    text = arena_copy(arena, data, size);
    memset(&request, 0, sizeof(request));
    request.arena = arena;
    request.store = &store;
    request.date = "20130524T000000Z";
    request.scope = "20130524/r/s3/aws4_request";
    request.signature = SIGV4_EMPTY;
    request.method = "GET";
    request.path = "/";
    request.path_len = 1;
    request.now = 1369353600;

    pieces(&request, data, size);
    keys(arena, text, strlen(text));

    /* One text in each place of a signature. */
    headers[0] = (pair_t) {"host", "h"};
    headers[1] = (pair_t) {"authorization", text};
    headers[2] = (pair_t) {"x-amz-date", "20130524T000000Z"};
    headers[3] = (pair_t) {"x-amz-content-sha256", text};
    request.headers = headers;
    request.n_headers = 4;
    request.error = NULL;
    if (objects_authenticate(&request)) {
        abort();
    }

    query[0] = (pair_t) {"X-Amz-Algorithm", "AWS4-HMAC-SHA256"};
    query[1] = (pair_t) {"X-Amz-Credential", size % 2 ? text : "key/20130524/r/s3/aws4_request"};
    query[2] = (pair_t) {"X-Amz-Date", size % 3 ? "20130524T000000Z" : text};
    query[3] = (pair_t) {"X-Amz-SignedHeaders", size % 5 ? "host" : text};
    query[4] = (pair_t) {"X-Amz-Signature", size % 7 ? text : SIGV4_EMPTY};
    query[5] = (pair_t) {"X-Amz-Expires", size % 11 ? "60" : text};
    request.query = query;
    request.n_query = 6;
    request.n_headers = 1;
    request.error = NULL;
    if (objects_authenticate(&request)) {
        abort();
    }

    arena_destroy(arena);

    return 0;
}
