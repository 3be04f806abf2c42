/*
 * Base64 of RFC 4648: §4 (standard alphabet, padded) and §5 (URL-safe, here without padding).
 */

#ifndef TATOR_BASE64_H
#define TATOR_BASE64_H

#include <stdbool.h>

#include <tator/arena.h>

/* NUL-terminated, in the arena. */
char *base64_encode(arena_t *arena, const void *data, size_t len);

/* The bytes (and a NUL that `out_len` does not count) in the arena; white space is skipped, padding may be left out. NULL: not base64. */
unsigned char *base64_decode(arena_t *arena, const char *text, size_t len, size_t *out_len);

/* The URL-safe form. Decoding is strict: no padding, no white space, no bits that are thrown away, so that bytes have one text only. */
char          *base64_url_encode(arena_t *arena, const void *data, size_t len);
unsigned char *base64_url_decode(arena_t *arena, const char *text, size_t len, size_t *out_len);

#endif
