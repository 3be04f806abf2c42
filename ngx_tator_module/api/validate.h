/*
 * JSON values against the tables of schema.h: contract/queries.md §1. Pure: no request, no NGINX.
 */

#ifndef TATOR_VALIDATE_H
#define TATOR_VALIDATE_H

#include <stdbool.h>

#include <tator/arena.h>
#include <tator/json.h>

#include "schema.h"

#define VALIDATE_CAST     0x1 /* scalars in texts and numbers of another kind become what the schema says, outside of alternatives */
#define VALIDATE_DEFAULTS 0x2 /* absent members get their defaults, at every depth */

/* Hold an object or list against its schema; casts and defaults change it in place. false: `details` (in the arena) names the
   member and what is wrong with it. */
bool validate(arena_t *arena, const schema_t *schema, json_t *value, unsigned options, const char **details);

/* A query parameter's text as the schema's type; NULL: it can not be read so. A new reference. */
json_t *validate_text(const schema_t *schema, const char *text, size_t len);

/* The schema's default as a new reference; NULL: none. */
json_t *validate_default(const schema_t *schema);

#endif
