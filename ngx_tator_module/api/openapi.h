/*
 * The OpenAPI 3.0.2 document of the endpoint tables (contract/accounts.md §11), as YAML and as JSON.
 */

#ifndef TATOR_OPENAPI_H
#define TATOR_OPENAPI_H

#include "endpoint.h"

/* Both texts in the arena. `server` is the address of the installation: "https://tator.example.com". Rows without operation
   (pages) are left out, and those with one of the flags `without`. Returns false when there is no memory. */
bool openapi_write(arena_t *arena, const endpoint_t *const *tables, unsigned without, const char *server, text_t *yaml, text_t *json);

#endif
