/*
 * /schema: the OpenAPI document of this server (contract/accounts.md §11). Its texts are made at a process's first use and stay
 * for its life; they change only with the program and MAIN_HOST, so that clients may keep them by their ETag.
 */

#include <tator/crypto.h>

#include "common.h"
#include "../api/openapi.h"
#include "../api/params.h"

typedef struct {
    text_t text;
    char   etag[36];
} document_t;

static document_t document_yaml, document_json;

static void document_make(rq_t *rq);
static void document_tag(document_t *document);


static void
schema_get(rq_t *rq)
{
    const char       *accept = rq_header(rq, "Accept"), *format, *known = rq_header(rq, "If-None-Match");
    const document_t *document = &document_yaml;

    if (document_json.text.len == 0) {
        document_make(rq);
    }

    format = query_value(rq->arena, rq->query, "format");

    if (format == NULL ? accept && strncmp(accept, "application/json", 16) == 0 : strcmp(format, "json") == 0) {
        document = &document_json;

    } else if (format != NULL && strcmp(format, "openapi") != 0) {
        fail(rq, 404, "Not found.");
    }

    reply_header(rq, "ETag", document->etag);
    reply_header(rq, "Vary", "Accept");

    if (known != NULL && strstr(known, document->etag) != NULL) {
        reply_text(rq, 304, "application/vnd.oai.openapi", "", 0);
        return;
    }

    reply_text(rq, 200, document == &document_json ? "application/json" : "application/vnd.oai.openapi", document->text.data,
               document->text.len);
}


static void
document_make(rq_t *rq)
{
    char    *server;
    arena_t *arena;

    arena = arena_create(NULL, NULL);
    if (arena == NULL) {
        fail(rq, 503, "No memory.");
    }

    server = rq_format(rq, "%s://%s", rq->config->require_https ? "https" : "http", rq->config->main_host);

    if (!openapi_write(arena, endpoint_tables, rq->config->okta ? 0 : WITH_OKTA, server, &document_yaml.text, &document_json.text)) {
        arena_destroy(arena);
        document_json.text.len = 0;
        fail(rq, 503, "No memory.");
    }

    document_tag(&document_yaml);
    document_tag(&document_json);
}


static void
document_tag(document_t *document)
{
    unsigned char digest[SHA256_LENGTH];

    sha256(digest, document->text.data, document->text.len);

    document->etag[0] = '"';
    for (int k = 0; k < 16; k++) {
        snprintf(document->etag + 1 + 2 * k, 3, "%02x", digest[k]);
    }
    memcpy(document->etag + 33, "\"", 2);
}


const endpoint_t openapi_endpoints[] = {
    {GET(OPEN), "/schema", .handler = schema_get, .flags = OWN_ERRORS, .doc = "The OpenAPI document."},
    {GET(OPEN), "/schema/", .handler = schema_get, .flags = OWN_ERRORS, .doc = "The OpenAPI document."},
    {0},
};
