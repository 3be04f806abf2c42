/*
 * Bodies in pieces ("aws-chunked"), as clients send what they can not sign as a whole:
 *
 *     SIZE[;chunk-signature=SIGNATURE] CR LF bytes CR LF … 0[;chunk-signature=…] CR LF [trailer: value CR LF]… CR LF
 *
 * Each piece's signature covers the one before, the first covers the request's. Trailers hold checksums.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 */

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include <tator/base64.h>

#include "objects.h"


#define CHUNK_LINE_MAX 1024
#define CHUNK_TRAILERS 16

typedef enum { CHUNK_SIZE, CHUNK_DATA, CHUNK_DATA_END, CHUNK_TRAILER, CHUNK_DONE } chunk_state_t;

/* The words of x-amz-content-sha256. */
typedef struct {
    const char *word;
    bool        is_signed, trailer;
} chunk_kind_t;

struct chunks_s {
    objects_request_t  *request;
    const chunk_kind_t *kind;
    chunk_state_t       state;
    char                line[CHUNK_LINE_MAX];
    size_t              line_len;
    uint64_t            rest; /* of this piece */
    bool                last;
    digest_t           *piece;
    char                previous[2 * SHA256_LENGTH + 1], given[2 * SHA256_LENGTH + 1];
    uLong               crc32;
    text_t              trailers; /* canonical: name:value\n */
    text_t              to_sign;  /* kept, so that memory does not grow with the number of pieces */
    int                 n_trailers;
};


static bool chunk_line(chunks_t *chunks);
static bool chunk_size(chunks_t *chunks);
static bool chunk_trailer(chunks_t *chunks);
static bool chunk_check(chunks_t *chunks);
static bool chunk_expect(chunks_t *chunks, const char *kind, const char *more, const char *signature);


static const chunk_kind_t chunk_kinds[] = {
    {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", true, false},
    {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", true, true},
    {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", false, true},
    {NULL, false, false},
};


chunks_t *
chunks_create(objects_request_t *request)
{
    chunks_t           *chunks;
    const chunk_kind_t *kind;

    for (kind = chunk_kinds; kind->word != NULL && strcmp(kind->word, request->payload) != 0; kind++) {
        /* void */
    }

    if (kind->word == NULL) {
        return NULL;
    }

    chunks = arena_zalloc(request->arena, sizeof(chunks_t));
    chunks->request = request;
    chunks->kind = kind;
    chunks->crc32 = crc32(0, NULL, 0);
    memcpy(chunks->previous, request->signature, sizeof(chunks->previous));
    text_start(&chunks->trailers, request->arena, 128);
    text_start(&chunks->to_sign, request->arena, 512);

    return chunks;
}


bool
chunks_add(chunks_t *chunks, const void *data, size_t len, chunks_sink_pt sink)
{
    size_t      n;
    const char *p, *end;

    for (p = data, end = p + len; p < end; /* void */) {

        if (chunks->state == CHUNK_DATA) {
            n = (uint64_t) (end - p) < chunks->rest ? (size_t) (end - p) : (size_t) chunks->rest;

            if (chunks->piece != NULL) {
                digest_add(chunks->piece, p, n);
            }
            chunks->crc32 = crc32(chunks->crc32, (const Bytef *) p, (uInt) n);

            if (!sink(chunks->request, p, n)) {
                return false;
            }

            p += n;
            chunks->rest -= n;
            if (chunks->rest == 0) {
                chunks->state = CHUNK_DATA_END;
            }
            continue;
        }

        if (chunks->state == CHUNK_DONE || chunks->line_len == CHUNK_LINE_MAX) {
            return objects_fail(chunks->request, "InvalidRequest");
        }

        chunks->line[chunks->line_len++] = *p++;

        if (p[-1] == '\n' && !chunk_line(chunks)) {
            return false;
        }
    }

    return true;
}


bool
chunks_end(chunks_t *chunks)
{
    return chunks->state == CHUNK_DONE ? true : objects_fail(chunks->request, "IncompleteBody");
}


void
chunks_free(chunks_t *chunks)
{
    if (chunks != NULL) {
        digest_free(chunks->piece);
        chunks->piece = NULL;
    }
}


/* A whole line is there. */
static bool
chunk_line(chunks_t *chunks)
{
    size_t n;

    n = chunks->line_len;
    chunks->line_len = 0;

    if (n < 2 || chunks->line[n - 2] != '\r' || memchr(chunks->line, '\0', n) != NULL) {
        return objects_fail(chunks->request, "InvalidRequest");
    }
    chunks->line[n - 2] = '\0';

    switch (chunks->state) {

    case CHUNK_SIZE:
        return chunk_size(chunks);

    case CHUNK_DATA_END:
        chunks->state = CHUNK_SIZE;
        return n == 2 ? chunk_check(chunks) : objects_fail(chunks->request, "InvalidRequest");

    default:
        return chunk_trailer(chunks);
    }
}


static bool
chunk_size(chunks_t *chunks)
{
    char       *end;
    const char *given;

    chunks->rest = strtoull(chunks->line, &end, 16);
    if (end == chunks->line || end - chunks->line > 15 || (*end != '\0' && *end != ';')) {
        return objects_fail(chunks->request, "InvalidRequest");
    }

    if (chunks->kind->is_signed) {
        given = strstr(end, "chunk-signature=");
        if (given == NULL || strlen(given + 16) != 2 * SHA256_LENGTH) {
            return objects_fail(chunks->request, "SignatureDoesNotMatch");
        }
        memcpy(chunks->given, given + 16, sizeof(chunks->given));

        digest_free(chunks->piece);
        chunks->piece = digest_sha256();
    }

    if (chunks->rest > 0) {
        chunks->state = CHUNK_DATA;
        return true;
    }

    chunks->state = CHUNK_TRAILER;

    return chunk_check(chunks);
}


/* One trailer, or the empty line at the end. */
static bool
chunk_trailer(chunks_t *chunks)
{
    char          *colon, *made;
    const char    *value;
    unsigned char  sum[4];

    if (chunks->line[0] == '\0') {
        if (chunks->kind->trailer && chunks->kind->is_signed && chunks->n_trailers > 0) {
            return objects_fail(chunks->request, "SignatureDoesNotMatch"); /* the signature, which comes last, is not there */
        }
        chunks->state = CHUNK_DONE;
        return true;
    }

    colon = strchr(chunks->line, ':');
    if (colon == NULL || !chunks->kind->trailer || ++chunks->n_trailers > CHUNK_TRAILERS) {
        return objects_fail(chunks->request, "InvalidRequest");
    }

    *colon = '\0';
    value = colon + 1 + strspn(colon + 1, " ");

    if (strcmp(chunks->line, "x-amz-trailer-signature") == 0) {
        chunks->n_trailers = 0;
        return !chunks->kind->is_signed || chunk_expect(chunks, "AWS4-HMAC-SHA256-TRAILER", chunks->trailers.data, value);
    }

    text_printf(&chunks->trailers, "%s:%s\n", chunks->line, value);

    if (strcmp(chunks->line, "x-amz-checksum-crc32") == 0) {
        sum[0] = (unsigned char) (chunks->crc32 >> 24);
        sum[1] = (unsigned char) (chunks->crc32 >> 16);
        sum[2] = (unsigned char) (chunks->crc32 >> 8);
        sum[3] = (unsigned char) chunks->crc32;
        made = base64_encode(chunks->request->arena, sum, 4);

        if (strcmp(made, value) != 0) {
            return objects_fail(chunks->request, "BadDigest");
        }
    }

    return true;
}


/* The piece is whole: its signature must be right. */
static bool
chunk_check(chunks_t *chunks)
{
    char          hash[2 * SHA256_LENGTH + 1];
    unsigned char digest[SHA256_LENGTH];

    if (!chunks->kind->is_signed) {
        return true;
    }

    digest_finish(chunks->piece, digest);
    digest_free(chunks->piece);
    chunks->piece = NULL;
    hex_encode(hash, digest, SHA256_LENGTH);

    return chunk_expect(chunks, "AWS4-HMAC-SHA256-PAYLOAD", hash, chunks->given);
}


/* `more`: the hash of a piece; for the trailers their text, which is hashed here. */
static bool
chunk_expect(chunks_t *chunks, const char *kind, const char *more, const char *signature)
{
    char               made[2 * SHA256_LENGTH + 1], hash[2 * SHA256_LENGTH + 1];
    size_t             i;
    const char        *lines[6];
    unsigned char      digest[SHA256_LENGTH];
    objects_request_t *request;

    request = chunks->request;

    if (strcmp(kind, "AWS4-HMAC-SHA256-PAYLOAD") != 0) {
        sha256(digest, more, strlen(more));
        hex_encode(hash, digest, SHA256_LENGTH);
        more = hash;
    }

    lines[0] = kind;
    lines[1] = request->date;
    lines[2] = request->scope;
    lines[3] = chunks->previous;
    lines[4] = SIGV4_EMPTY;
    lines[5] = more;

    chunks->to_sign.len = 0;
    for (i = 0; i < 6; i++) {
        if (i == 4 && more == hash) {
            continue; /* trailers have no such line */
        }
        text_puts(&chunks->to_sign, i > 0 ? "\n" : "");
        text_puts(&chunks->to_sign, lines[i]);
    }

    sigv4_signature(made, request->signing_key, chunks->to_sign.data);

    if (strlen(signature) != 2 * SHA256_LENGTH || !same_bytes(made, signature, 2 * SHA256_LENGTH)) {
        return objects_fail(request, "SignatureDoesNotMatch");
    }

    memcpy(chunks->previous, made, sizeof(made));

    return true;
}
