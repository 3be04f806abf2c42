/*
 * Walking over the tables of schema.h.
 */

#include "schema.h"


const field_t *
schema_next(const schema_t *schema, schema_walk_t *walk)
{
    const field_t *field;

    if (walk->next == NULL) {
        walk->next = schema->fields;
        walk->shared = schema->shared;
    }

    while (walk->next && walk->next->name == NULL) {
        if (walk->shared == NULL || *walk->shared == NULL) {
            return NULL;
        }

        walk->next = *walk->shared++;
    }

    field = walk->next;

    if (field) {
        walk->next++;
    }

    return field;
}
