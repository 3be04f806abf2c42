/*
 * Outgoing HTTP for handlers, by libcurl's multi interface on NGINX's event loop. Names resolve off the loop (AsynchDNS).
 */

#ifndef TATOR_FETCH_H
#define TATOR_FETCH_H

#include "../core/rq.h"

typedef struct {
    const char        *method;         /* NULL: GET */
    const char        *url;
    const char *const *headers;        /* "Name: value", ended by NULL */
    const void        *body;
    size_t             body_len;
    size_t             limit;          /* largest answer; 0: 1 MiB */
    int                file;           /* descriptor that a 2xx answer's body is written to, instead of into memory; 0: none */
    long               timeout_ms;     /* 0: 10 s */
    bool               foreign;        /* the URL comes from a user: refuse private, loopback and link-local addresses, also after
                                          redirects and by what names really resolve to, unless the URL's origin is in
                                          SERVER_SIDE_REQUEST_ORIGINS; follow at most 5 redirects */
    bool               guarded;        /* the same refusal, but redirects are answers */
} fetch_t;

typedef struct {
    int         status;                /* 0: could not be reached; error says why */
    const char *error;
    bool        refused;               /* by the rule of `foreign` */
    char       *body;                  /* NUL-terminated */
    size_t      len;                   /* of the body, also when it went to a file */
    const char *headers;               /* all lines of the last answer */
} fetched_t;

fetched_t  *fetch(rq_t *rq, const fetch_t *request);
const char *fetched_header(rq_t *rq, const fetched_t *answer, const char *name); /* NULL when absent */

#endif
