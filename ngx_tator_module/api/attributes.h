/*
 * User-defined attributes: values held against their definitions (contract/annotations.md §2). `types` is the attribute_types list of
 * the row's type (for sections: of the project), as stored; JSON null is no attribute.
 */

#ifndef TATOR_ATTRIBUTES_H
#define TATOR_ATTRIBUTES_H

#include "../core/rq.h"

/* The attributes to store for a new row from those given (NULL or JSON null: none): converted, with defaults. Names that are not defined
   are dropped. Fails with 400. Owned by the request. */
json_t *attributes_on_create(rq_t *rq, const json_t *types, const json_t *given);

/* What the parameters attributes, reset_attributes and null_attributes change, to be merged over the stored attributes; NULL when none
   of them was given. `owner` stands in the refusal: "entity type Boxes", "Section of Project". Fails with 400. Owned by the request. */
json_t *attributes_on_patch(rq_t *rq, const json_t *types, const char *owner);

/* One value as its attribute's dtype, a new reference; NULL: `message` (in the arena) says why not. Pure. */
json_t *attribute_convert(arena_t *arena, const json_t *type, const json_t *value, const char **message);

/* A text member of a definition; NULL: absent or no text. A value for messages: texts without quotes. */
const char *attribute_member(const json_t *type, const char *name);
const char *attribute_shown(arena_t *arena, const json_t *value);

#endif
