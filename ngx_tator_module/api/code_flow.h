/*
 * Log-in at the identity provider: OpenID Connect's authorization code flow with PKCE (RFC 7636). What a log-in that was begun is checked by
 * (state, nonce, verifier, where it goes on) stays in the browser, in a signed cookie of its own that lives ten minutes: a code counts only
 * in the browser that asked for it.
 */

#ifndef TATOR_CODE_FLOW_H
#define TATOR_CODE_FLOW_H

#include "../core/rq.h"

typedef enum {
    CODE_GOOD,
    CODE_NOT_BEGUN,  /* not in this browser, or too long ago */
    CODE_REFUSED,    /* by the provider */
    CODE_TOKEN_TYPE, /* another than Bearer */
    CODE_ID_TOKEN    /* not believed */
} code_result_t;

typedef struct {
    const char   *next;     /* the local path to go on with, "" when none was asked for */
    const char   *access_token, *refresh_token, *id_token; /* NULL: the answer has none */
    const json_t *answer;   /* the provider's, whole */
    const json_t *claims;   /* of the id token, believed; NULL without one */
} code_flow_t;

/* Send the browser to the provider, to come back to `path` of this site. */
void code_flow_begin(rq_t *rq, const char *path, const char *next);

/* Take the code that it came back with. Answers 503 when the provider can not be reached. */
code_result_t code_flow_end(rq_t *rq, const char *code, const char *state, code_flow_t *flow);

/* New tokens for a refresh token; whether there is an id token is up to the provider. */
code_result_t code_flow_refresh(rq_t *rq, const char *refresh_token, code_flow_t *flow);

/* "https://tator.example.com", as the browser asked for it. */
const char *code_flow_site(rq_t *rq);

#endif
