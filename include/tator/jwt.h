/*
 * Signed tokens of identity providers: JSON Web Tokens in compact form (RFC 7515, 7519) and the key sets that they are checked with (RFC
 * 7517). What asks for no signature, for a secret key in place of a public one, or for a header that is not understood, is no token here.
 *
 *     fault = jwt_read(arena, text, len, &token);
 *     verdict = jwt_verify(&token, keys);
 *     fault = jwt_claims_fault(token.claims, &(jwt_rules_t) {.issuer = …, .audience = …, .now = time(NULL), .leeway = 60});
 */

#ifndef TATOR_JWT_H
#define TATOR_JWT_H

#include <stdbool.h>
#include <time.h>

#include <jansson.h>
#include <tator/arena.h>

#define JWT_LIMIT  16384 /* bytes of a token */
#define JWKS_LIMIT 262144
#define JWKS_KEYS  64

/* Public keys. Those that are not for signatures, of unknown kinds or too weak (RSA below 2048 bits) are left out. */
typedef struct jwks_s jwks_t;

/* NULL: not a key set. The caller frees it. */
jwks_t *jwks_read(const char *text, size_t len);
void    jwks_free(jwks_t *keys); /* NULL is fine */
size_t  jwks_count(const jwks_t *keys);

typedef struct {
    const json_t        *header, *claims;      /* of the arena */
    const char          *algorithm, *key;      /* key: its id, NULL when the header names none */
    const char          *text;
    size_t               signed_len;           /* of the text */
    const unsigned char *signature;
    size_t               signature_len;
} jwt_t;

typedef enum {
    JWT_GOOD,
    JWT_UNKNOWN_KEY, /* no key of that id, or none for that algorithm: the set may be old */
    JWT_BAD          /* the signature is not by that key */
} jwt_verdict_t;

/* Take a token apart, without believing any of it. `text` must live as long as the token. NULL, or what is wrong with it. */
const char *jwt_read(arena_t *arena, const char *text, size_t len, jwt_t *token);

/* By the key that the header names; without a name by any that fits the algorithm. */
jwt_verdict_t jwt_verify(const jwt_t *token, const jwks_t *keys);

typedef struct {
    const char *issuer;   /* NULL: any */
    const char *audience; /* one of aud; NULL: any */
    const char *client;   /* whom it was issued to: azp, which there must be when aud names several; NULL: not looked at */
    const char *nonce;    /* NULL: not looked at */
    time_t      now;
    int         leeway;   /* seconds that the clocks may differ */
} jwt_rules_t;

/* NULL, or which claim is not as the rules want it. `exp` must be there; `nbf` and `iat` count when they are. */
const char *jwt_claims_fault(const json_t *claims, const jwt_rules_t *rules);

#endif
