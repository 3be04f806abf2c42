/*
 * Base64 of RFC 4648 §4 (standard alphabet, padded).
 */

#ifndef TATOR_BASE64_H
#define TATOR_BASE64_H

#include <stdbool.h>

#include <tator/arena.h>

/* NUL-terminated, in the arena. */
char *base64_encode(arena_t *arena, const void *data, size_t len);

/* The bytes (and a NUL that `out_len` does not count) in the arena; white space is skipped, padding may be left out. NULL: not base64. */
unsigned char *base64_decode(arena_t *arena, const char *text, size_t len, size_t *out_len);

#endif
