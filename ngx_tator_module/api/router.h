/*
 * From method and path to the operation's row. The tables of rest/ are compiled once per configuration into a trie of
 * path segments; a segment is a literal or one parameter, literals win. Knows nothing of NGINX.
 */

#ifndef TATOR_ROUTER_H
#define TATOR_ROUTER_H

#include "endpoint.h"

#define ROUTE_VALUES 2

typedef struct {
    const endpoint_t *endpoint; /* NULL unless status is 0 */
    int               status;   /* 0: found; 404: no such path (answer the HTML page); 405: the path has other methods
                                   (answer 400 "Operation METHOD not found for URL", method in lower case) */
    const endpoint_t *other;    /* with 405: one of the path's rows */
    const char       *allow;    /* "GET, PATCH, DELETE", in the router's memory; NULL with 404 */

    /* The path's parameters in the order of the template. integer: `number` counts (digits only, else 404), beyond
       64 bits it is INT64_MAX; otherwise `text`, a part of the path that was given. */
    struct {
        const char *name;
        bool        integer;
        int64_t     number;
        str_t       text;
    } values[ROUTE_VALUES];
    int n;
} route_t;

typedef struct router_s router_t;

/* Compile endpoint tables (endpoint_tables of rest/tables.c); the router lives in the arena. NULL and a text when two rows are
   the same operation, or a row's path parameters are not declared. */
router_t *router_create(arena_t *arena, const endpoint_t *const *tables, const char **error);

/* "GET" …, as it stands in a request. */
const char *router_method_name(method_t method);

/* `path` is the decoded path beginning with a slash, without query: "/rest/Media/3". */
void router_find(const router_t *router, str_t method, str_t path, route_t *route);

#endif
