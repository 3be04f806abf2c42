/* Callers who bring a token of the identity provider: contract/accounts.md §3.7, §3.8. */

#ifndef TATOR_BEARER_H
#define TATOR_BEARER_H

#include "../core/rq.h"

/* Fill rq->user from the header "Authorization: Bearer …", with Keycloak else from the cookie access_token. Without one nothing happens; one
   that is not believed, or whose user is not there or not active, answers 401. */
void bearer_check(rq_t *rq);

#endif
