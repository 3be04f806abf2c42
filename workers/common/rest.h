/*
 * The REST API for workers: blocking calls as the user whose token it is, and uploads to the addresses that it gives out.
 * Faults of network and storage are tried again with growing pauses. One client belongs to one thread.
 */

#ifndef TATOR_REST_H
#define TATOR_REST_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

typedef struct {
    void *curl;
    char *host, *token;
    char  error[300]; /* what went wrong in the last call */
    bool  again;      /* it may go well another time */
} rest_t;

/* `host` with scheme, without /rest. NULL: no memory. */
rest_t *rest_open(const char *host, const char *token);
void    rest_close(rest_t *rest);

/*
 * One call: `path` with query, "/rest/Media/5"; `body` may be NULL. The answer's JSON goes to *answer (may be NULL; the caller
 * owns it; NULL when there is none). Returns the status; 0: no answer. Unless the status is 200 or 201, error and again are filled.
 */
int rest_call(rest_t *rest, const char *method, const char *path, const json_t *body, json_t **answer);

/* Put bytes to a presigned address; `etag` (128 bytes, may be NULL) gets the store's tag of them. */
bool rest_put(rest_t *rest, const char *url, const void *data, size_t len, char *etag);

/* One of the characters of URLs' query values escaped: a new text that the caller frees. NULL: no memory. */
char *rest_escape(const char *text);

#endif
