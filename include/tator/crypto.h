/*
 * Digests, signatures and randomness over OpenSSL. Nothing here fails for want of input; when OpenSSL itself can not work
 * (no memory, no entropy) the process aborts, since no caller could go on safely.
 */

#ifndef TATOR_CRYPTO_H
#define TATOR_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>

#include <tator/arena.h>

#define SHA256_LENGTH 32
#define MD5_LENGTH    16

void sha256(unsigned char out[SHA256_LENGTH], const void *data, size_t len);
void md5(unsigned char out[MD5_LENGTH], const void *data, size_t len);
void hmac_sha256(unsigned char out[SHA256_LENGTH], const void *key, size_t key_len, const void *data, size_t len);

/* A digest of data that comes in pieces. The owner frees it, NULL is fine. */
typedef struct digest_s digest_t;

digest_t *digest_sha256(void);
digest_t *digest_md5(void);
void      digest_add(digest_t *digest, const void *data, size_t len);
void      digest_finish(digest_t *digest, unsigned char *out); /* once, at the end */
void      digest_free(digest_t *digest);

/* RSA (PKCS #1 v1.5) over SHA-256 with a private key in PEM form; the signature is in the arena. NULL: not a usable key. */
unsigned char *rsa_sha256(arena_t *arena, const char *pem, const void *data, size_t len, size_t *signature_len);

void random_bytes(void *out, size_t len);

/* `len` random ASCII letters of both cases, evenly spread, and a NUL. */
void random_letters(char *out, size_t len);

/* Compare in a time that depends on `len` only. */
bool same_bytes(const void *a, const void *b, size_t len);

/* Lower-case hexadecimal of `len` bytes and a NUL. */
void hex_encode(char *out, const void *data, size_t len);

/* The reverse of 2 * len digits of either case; false: something else. */
bool hex_decode(unsigned char *out, const char *text, size_t len);

#endif
