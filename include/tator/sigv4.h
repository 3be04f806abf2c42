/*
 * Amazon's Signature Version 4 and the dialect of Google Cloud Storage: canonical requests, the string to sign, the
 * signing key. Pure: the store's clients sign with it, the embedded object store verifies with it.
 */

#ifndef TATOR_SIGV4_H
#define TATOR_SIGV4_H

#include <time.h>

#include <tator/arena.h>
#include <tator/crypto.h>
#include <tator/json.h>

#define SIGV4_UNSIGNED    "UNSIGNED-PAYLOAD"
#define SIGV4_EMPTY       "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SIGV4_DATE_LENGTH 16 /* 20130524T000000Z */

typedef struct {
    const char *name, *value; /* headers: lower-case name; query: decoded; value NULL counts as empty */
} pair_t;

/* What is signed. Lists are sorted in place. */
typedef struct {
    const char *method;
    const char *path; /* decoded; begins with a slash */
    size_t      path_len;
    pair_t     *query;
    size_t      n_query;
    pair_t     *headers;
    size_t      n_headers;
    const char *payload; /* hexadecimal SHA-256 of the body, or one of the fixed words */
} sigv4_request_t;

/* "YYYYMMDD'T'HHMMSS'Z'" of a time, and back (-1: not such a text). */
void   sigv4_date(char out[SIGV4_DATE_LENGTH + 1], time_t time);
time_t sigv4_time(const char *date);

/* "a=1&b=2", encoded and sorted. */
void sigv4_query(text_t *out, pair_t *query, size_t n);

/* "host;x-amz-date" of the sorted headers. */
void sigv4_header_names(text_t *out, pair_t *headers, size_t n);

/* The canonical request as text. */
char *sigv4_canonical(arena_t *arena, const sigv4_request_t *request);

/* "ALGORITHM\nDATE\nSCOPE\nHASH" */
char *sigv4_string_to_sign(arena_t *arena, const char *algorithm, const char *date, const char *scope, const char *canonical);

/* The key for a day (first eight characters of `date`), region and service. */
void sigv4_key(unsigned char out[SHA256_LENGTH], const char *secret, const char *date, const char *region, const char *service);

/* HMAC of the text by the key as 64 hexadecimal digits. */
void sigv4_signature(char out[2 * SHA256_LENGTH + 1], const unsigned char key[SHA256_LENGTH], const char *text);

#endif
