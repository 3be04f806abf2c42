/*
 * Amazon's Signature Version 4: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tator/sigv4.h>
#include <tator/uri.h>


static int  sigv4_compare(const void *one, const void *other);
static void sigv4_trimmed(text_t *out, const char *value);


void
sigv4_date(char out[SIGV4_DATE_LENGTH + 1], time_t time)
{
    struct tm tm;

    gmtime_r(&time, &tm);
    strftime(out, SIGV4_DATE_LENGTH + 1, "%Y%m%dT%H%M%SZ", &tm);
}


time_t
sigv4_time(const char *date)
{
    const char *end;
    struct tm   tm;

    if (strlen(date) != SIGV4_DATE_LENGTH) {
        return -1;
    }

    memset(&tm, 0, sizeof(tm));
    end = strptime(date, "%Y%m%dT%H%M%SZ", &tm);

    return end != NULL && *end == '\0' ? timegm(&tm) : -1;
}


void
sigv4_query(text_t *out, pair_t *query, size_t n)
{
    size_t  i;
    text_t  one;
    pair_t *encoded;

    /* The order is that of the encoded names, not of the plain ones. */
    encoded = arena_alloc(out->arena, (n + 1) * sizeof(pair_t));

    for (i = 0; i < n; i++) {
        text_start(&one, out->arena, 64);
        uri_encode(&one, query[i].name, strlen(query[i].name), NULL);
        encoded[i].name = arena_copy(out->arena, one.data, one.len);

        text_start(&one, out->arena, 64);
        uri_encode(&one, query[i].value != NULL ? query[i].value : "", query[i].value != NULL ? strlen(query[i].value) : 0, NULL);
        encoded[i].value = arena_copy(out->arena, one.data, one.len);
    }

    qsort(encoded, n, sizeof(pair_t), sigv4_compare);

    for (i = 0; i < n; i++) {
        text_puts(out, i > 0 ? "&" : "");
        text_puts(out, encoded[i].name);
        text_puts(out, "=");
        text_puts(out, encoded[i].value);
    }
}


void
sigv4_header_names(text_t *out, pair_t *headers, size_t n)
{
    size_t i;

    qsort(headers, n, sizeof(pair_t), sigv4_compare);

    for (i = 0; i < n; i++) {
        text_puts(out, i > 0 ? ";" : "");
        text_puts(out, headers[i].name);
    }
}


char *
sigv4_canonical(arena_t *arena, const sigv4_request_t *request)
{
    size_t i;
    text_t out;

    text_start(&out, arena, 512);

    text_puts(&out, request->method);
    text_puts(&out, "\n");
    uri_encode(&out, request->path, request->path_len, "/");
    text_puts(&out, "\n");
    sigv4_query(&out, request->query, request->n_query);
    text_puts(&out, "\n");

    qsort(request->headers, request->n_headers, sizeof(pair_t), sigv4_compare);

    for (i = 0; i < request->n_headers; i++) {
        text_puts(&out, request->headers[i].name);
        text_puts(&out, ":");
        sigv4_trimmed(&out, request->headers[i].value);
        text_puts(&out, "\n");
    }

    text_puts(&out, "\n");
    sigv4_header_names(&out, request->headers, request->n_headers);
    text_puts(&out, "\n");
    text_puts(&out, request->payload);

    return arena_copy(arena, out.data, out.len);
}


char *
sigv4_string_to_sign(arena_t *arena, const char *algorithm, const char *date, const char *scope, const char *canonical)
{
    char          hex[2 * SHA256_LENGTH + 1];
    unsigned char hash[SHA256_LENGTH];

    sha256(hash, canonical, strlen(canonical));
    hex_encode(hex, hash, SHA256_LENGTH);

    return arena_format(arena, "%s\n%s\n%s\n%s", algorithm, date, scope, hex);
}


void
sigv4_key(unsigned char out[SHA256_LENGTH], const char *secret, const char *date, const char *region, const char *service)
{
    char   first[256];
    size_t n;

    n = (size_t) snprintf(first, sizeof(first), "AWS4%s", secret);
    if (n >= sizeof(first)) {
        n = sizeof(first) - 1;
    }

    hmac_sha256(out, first, n, date, 8);
    hmac_sha256(out, out, SHA256_LENGTH, region, strlen(region));
    hmac_sha256(out, out, SHA256_LENGTH, service, strlen(service));
    hmac_sha256(out, out, SHA256_LENGTH, "aws4_request", sizeof("aws4_request") - 1);
}


void
sigv4_signature(char out[2 * SHA256_LENGTH + 1], const unsigned char key[SHA256_LENGTH], const char *text)
{
    unsigned char signature[SHA256_LENGTH];

    hmac_sha256(signature, key, SHA256_LENGTH, text, strlen(text));
    hex_encode(out, signature, SHA256_LENGTH);
}


static int
sigv4_compare(const void *one, const void *other)
{
    int           order;
    const pair_t *a, *b;

    a = one;
    b = other;
    order = strcmp(a->name, b->name);

    return order != 0 ? order : strcmp(a->value != NULL ? a->value : "", b->value != NULL ? b->value : "");
}


/* Surrounding white space goes, inner runs become one space. */
static void
sigv4_trimmed(text_t *out, const char *value)
{
    const char *p;

    if (value == NULL) {
        return;
    }

    while (isspace((unsigned char) *value)) {
        value++;
    }

    for (p = value; *p != '\0'; p++) {
        if (!isspace((unsigned char) *p)) {
            text_add(out, p, 1);

        } else if (!isspace((unsigned char) p[1]) && p[1] != '\0') {
            text_puts(out, " ");
        }
    }
}
