/*
 * The OpenID Connect provider of this installation: Keycloak or Okta (contract/accounts.md §3.7, §3.8), or whatever else speaks the
 * protocol. Its addresses come from its discovery document, its keys from its key set; both are kept for minutes in each worker process.
 * A token by a key that is not known has them read again, at most once in a few seconds.
 */

#ifndef TATOR_PROVIDER_H
#define TATOR_PROVIDER_H

#include <tator/jwt.h>

#include "../core/rq.h"

typedef enum { PROVIDER_AUTHORIZATION, PROVIDER_TOKEN, PROVIDER_USERINFO, PROVIDER_LOGOUT, PROVIDER_KEYS, PROVIDER_ADDRESSES } provider_address_t;

/* Whether there is one: KEYCLOAK_ENABLED or OKTA_ENABLED. */
bool provider_configured(rq_t *rq);

/* What this installation is for it: client id, its secret (NULL: a public client), and whom access tokens are for. */
const char *provider_client(rq_t *rq);
const char *provider_secret(rq_t *rq);
const char *provider_audience(rq_t *rq);
const char *provider_issuer(rq_t *rq);

/* One of its addresses; NULL: it has none of these. Answers 503 when the provider can not be reached. */
const char *provider_address(rq_t *rq, provider_address_t which);

/* The claims of a token that it signed, held against the rules; issuer, time and clock skew are filled in here. NULL: not believed, *fault
   says why. Answers 503 when the keys can not be had. */
const json_t *provider_claims(rq_t *rq, const char *token, const jwt_rules_t *rules, const char **fault);

/* 503: the provider gives no answer. */
_Noreturn void provider_unreachable(rq_t *rq);

#endif
