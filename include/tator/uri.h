/*
 * Percent-encoding of RFC 3986 and the parts of a URL.
 */

#ifndef TATOR_URI_H
#define TATOR_URI_H

#include <stdbool.h>

#include <tator/arena.h>
#include <tator/json.h>

/* Append `len` bytes with all but unreserved characters (A-Z a-z 0-9 - . _ ~, and `keep`) as upper-case %XX. */
void uri_encode(text_t *out, const void *data, size_t len, const char *keep);

/* Decode into the arena, NUL-terminated; `plus`: '+' is a space. A '%' without two digits stays as it is. */
char *uri_decode(arena_t *arena, const char *text, size_t len, bool plus, size_t *out_len);

/* The pieces of "scheme://authority/path?query"; missing ones are empty. */
typedef struct {
    str_t scheme, authority, path, query;
} uri_t;

uri_t uri_split(const char *url);

/* true when text begins with "scheme://" as RFC 3986 spells schemes. */
bool uri_has_scheme(const char *text);

/* true when a path has a segment "." or "..": joined to a folder or an address it could lead elsewhere. */
bool uri_climbs(const char *path);

/* The last value of a query string's member, decoded; NULL when absent. */
char *uri_query_value(arena_t *arena, str_t query, const char *name);

#endif
