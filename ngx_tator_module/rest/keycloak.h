/* Browsers' log-in and log-out where KEYCLOAK_ENABLED is set (contract/accounts.md §3.7): in place of the form's. */

#ifndef TATOR_KEYCLOAK_H
#define TATOR_KEYCLOAK_H

#include "../core/rq.h"

/* To the provider; the form's or the query's `next` is where it goes on. */
void keycloak_login(rq_t *rq);

/* The browser forgets its tokens and goes to the provider, whose session ends too. */
void keycloak_logout(rq_t *rq);

#endif
