/*
 * JSON text. jansson holds values; this writes them: compact, numbers in their shortest form that reads back the same
 * (so that a stored 0.1 stays 0.1), non-ASCII as UTF-8.
 */

#ifndef TATOR_JSON_H
#define TATOR_JSON_H

#include <stdbool.h>

#include <jansson.h>
#include <tator/arena.h>

/* A growing text in an arena. */
typedef struct {
    arena_t *arena;
    char    *data;
    size_t   len, size;
} text_t;

void text_start(text_t *text, arena_t *arena, size_t size);
void text_add(text_t *text, const void *data, size_t len);
void text_puts(text_t *text, const char *string);
void text_printf(text_t *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Bytes that `text` of `len` needs inside JSON quotes (without them), and writing it there; returns the new end. */
size_t         json_escaped_length(const unsigned char *text, size_t len);
unsigned char *json_escape(unsigned char *out, const unsigned char *text, size_t len);

/* The shortest decimal form that reads back as `value`, always with a point or exponent; 32 bytes are enough. Not finite: null. */
size_t json_double(char *out, double value);

/* A value as compact JSON text, in the arena. */
char *json_text(arena_t *arena, const json_t *value);
void  json_write(text_t *out, const json_t *value);

/* A text as a JSON string, quotes included. */
void json_write_text(text_t *out, const char *text, size_t len);

/* The same of text that may not be UTF-8 (a path, a cut piece): each byte that is not becomes U+FFFD. */
void json_write_foreign(text_t *out, const char *text);

/* Parse text whose depth is at most JSON_DEPTH_LIMIT and whose values are at most JSON_VALUE_LIMIT (each takes up to 150 bytes of memory).
   Texts may not have NUL: neither SQL nor C can hold one. NULL: not JSON (error filled). Duplicate keys: the last counts. The caller owns
   the value. */
#define JSON_DEPTH_LIMIT 64
#define JSON_VALUE_LIMIT 2000000
json_t *json_parse(const void *text, size_t len, json_error_t *error);

/* Nesting of brackets, counted without recursion: to be asked before anything recursive sees foreign text. */
unsigned json_depth(const void *text, size_t len);

#endif
