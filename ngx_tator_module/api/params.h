/*
 * The flat parameter map of contract/queries.md §1: body members, path parameters, query parameters (later ones win) and
 * defaults, cast and validated by the operation's row. Pure: no request, no NGINX; json values are owned by the arena.
 */

#ifndef TATOR_PARAMS_H
#define TATOR_PARAMS_H

#include "router.h"

typedef struct {
    str_t query;        /* raw query string, without '?' */
    str_t content_type; /* the header; empty: none */
    str_t body;         /* as received; empty: none */
} params_input_t;

typedef struct {
    json_t *params;     /* rq->params; always an object */
    json_t *body;       /* rq->body; NULL: none. BODY_LIST operations: always the list; a single object comes as a list of one
                           (its members are in params, too). An empty list or object is no body */
    bool    single;     /* rq->single: a BODY_LIST operation got one object */

    /* What is wrong, when params_read() gives false: 400 with these. */
    const char *message; /* "Request body validation error", "Query parameter error: NAME", … */
    const char *details; /* NULL: the text "None" */
} params_t;

/* Read, cast, validate. Deep JSON is refused before it is parsed, so this may run on a fiber's stack. */
bool params_read(arena_t *arena, const route_t *route, const params_input_t *input, params_t *out);

/* One undecoded query parameter's last occurrence, decoded into the arena; NULL when absent: for `format` and the pages outside /rest. */
const char *query_value(arena_t *arena, str_t query, const char *name);

#endif
