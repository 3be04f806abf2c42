/* What lib/jwt.c and lib/jwks.c share: algorithms and keys. */

#ifndef TATOR_LIB_JWT_H
#define TATOR_LIB_JWT_H

#include <openssl/evp.h>
#include <tator/jwt.h>

typedef enum { KEY_RSA, KEY_EC, KEY_ED25519 } key_kind_t;

typedef struct {
    const char *name;
    key_kind_t  kind;
    const char *digest;        /* OpenSSL's name; NULL: the key's own */
    const char *curve;         /* of an EC key */
    size_t      coordinate;    /* bytes of one of the two numbers of an EC signature */
    bool        probabilistic; /* RSASSA-PSS */
} jwt_algorithm_t;

typedef struct {
    char       *id, *algorithm; /* NULL: not said */
    key_kind_t  kind;
    const char *curve;
    EVP_PKEY   *key;
} jwk_t;

struct jwks_s {
    size_t n;
    jwk_t  keys[JWKS_KEYS];
};

/* NULL: not one of ours. */
const jwt_algorithm_t *jwt_algorithm(const char *name);

#endif
