/*
 * Key sets (include/tator/jwt.h). A set is a list of independent keys: one that can not be used does not spoil the others.
 */

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include <tator/base64.h>
#include <tator/json.h>

#include "jwt.h"

#define JWKS_DEPTH       16
#define RSA_BITS_LEAST   2048
#define RSA_BITS_MOST    8192
#define RSA_EXPONENT     8  /* bytes */
#define EC_POINT_MOST    133
#define EC_POINT_PLAIN   4  /* SEC 1 §2.3.3: both coordinates follow */

static const struct {
    const char *name;
    size_t      coordinate;
} curves[] = {{"P-256", 32}, {"P-384", 48}, {"P-521", 66}};

static bool           jwk_read(arena_t *arena, jwk_t *key, const json_t *value);
static bool           jwk_signs(const json_t *value);
static EVP_PKEY      *jwk_rsa(arena_t *arena, const json_t *value);
static EVP_PKEY      *jwk_ec(arena_t *arena, const json_t *value, const char **curve);
static EVP_PKEY      *jwk_ed25519(arena_t *arena, const json_t *value);
static EVP_PKEY      *jwk_from(const char *type, OSSL_PARAM_BLD *parts);
static unsigned char *jwk_bytes(arena_t *arena, const json_t *value, const char *name, size_t *len);
static bool           jwk_text(const json_t *value, const char *name, char **out);


jwks_t *
jwks_read(const char *text, size_t len)
{
    size_t   k;
    json_t  *root, *list, *value;
    jwks_t  *keys = NULL;
    arena_t *arena;

    if (len > JWKS_LIMIT || json_depth(text, len) > JWKS_DEPTH) {
        return NULL;
    }

    arena = arena_create(NULL, NULL);
    root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    list = json_object_get(root, "keys");

    if (arena == NULL || !json_is_array(list)) {
        goto done;
    }

    keys = calloc(1, sizeof(jwks_t));
    if (keys == NULL) {
        goto done;
    }

    json_array_foreach(list, k, value) {
        if (keys->n < JWKS_KEYS && jwk_read(arena, &keys->keys[keys->n], value)) {
            keys->n++;
        }
    }

done:

    json_decref(root);
    if (arena != NULL) {
        arena_destroy(arena);
    }

    return keys;
}


void
jwks_free(jwks_t *keys)
{
    for (size_t k = 0; keys != NULL && k < keys->n; k++) {
        free(keys->keys[k].id);
        free(keys->keys[k].algorithm);
        EVP_PKEY_free(keys->keys[k].key);
    }

    free(keys);
}


size_t
jwks_count(const jwks_t *keys)
{
    return keys->n;
}


static bool
jwk_read(arena_t *arena, jwk_t *key, const json_t *value)
{
    const char *type = json_string_value(json_object_get(value, "kty"));

    memset(key, 0, sizeof(jwk_t));

    if (type == NULL || !jwk_signs(value)) {
        return false;
    }

    if (strcmp(type, "RSA") == 0) {
        key->kind = KEY_RSA;
        key->key = jwk_rsa(arena, value);

    } else if (strcmp(type, "EC") == 0) {
        key->kind = KEY_EC;
        key->key = jwk_ec(arena, value, &key->curve);

    } else if (strcmp(type, "OKP") == 0) {
        key->kind = KEY_ED25519;
        key->key = jwk_ed25519(arena, value);
    }

    if (key->key == NULL) {
        return false;
    }

    if (!jwk_text(value, "kid", &key->id) || !jwk_text(value, "alg", &key->algorithm)) {
        free(key->id);
        EVP_PKEY_free(key->key);
        return false;
    }

    return true;
}


/* What is meant for something else must not check signatures. */
static bool
jwk_signs(const json_t *value)
{
    size_t        k;
    json_t       *item;
    const char   *text;
    const json_t *use = json_object_get(value, "use"), *operations = json_object_get(value, "key_ops");

    if (use != NULL && (!json_is_string(use) || strcmp(json_string_value(use), "sig") != 0)) {
        return false;
    }

    json_array_foreach((json_t *) operations, k, item) {
        text = json_string_value(item);
        if (text != NULL && strcmp(text, "verify") == 0) {
            return true;
        }
    }

    return operations == NULL;
}


static EVP_PKEY *
jwk_rsa(arena_t *arena, const json_t *value)
{
    size_t          n_len, e_len;
    BIGNUM         *n, *e;
    EVP_PKEY       *key = NULL;
    unsigned char  *n_bytes, *e_bytes;
    OSSL_PARAM_BLD *parts;

    n_bytes = jwk_bytes(arena, value, "n", &n_len);
    e_bytes = jwk_bytes(arena, value, "e", &e_len);

    if (n_bytes == NULL || e_bytes == NULL || n_len > RSA_BITS_MOST / 8 || e_len > RSA_EXPONENT) {
        return NULL;
    }

    n = BN_bin2bn(n_bytes, (int) n_len, NULL);
    e = BN_bin2bn(e_bytes, (int) e_len, NULL);
    parts = OSSL_PARAM_BLD_new();

    if (n != NULL && e != NULL && parts != NULL && BN_num_bits(n) >= RSA_BITS_LEAST && BN_is_odd(n) && BN_is_odd(e) && !BN_is_one(e)
        && OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_RSA_N, n) == 1 && OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_RSA_E, e) == 1)
    {
        key = jwk_from("RSA", parts);
    }

    OSSL_PARAM_BLD_free(parts);
    BN_free(n);
    BN_free(e);

    return key;
}


/* A point of one of the three curves; both coordinates in their full length. */
static EVP_PKEY *
jwk_ec(arena_t *arena, const json_t *value, const char **curve)
{
    size_t          c, x_len, y_len;
    EVP_PKEY       *key = NULL;
    const char     *name = json_string_value(json_object_get(value, "crv"));
    unsigned char  *x, *y, point[EC_POINT_MOST];
    OSSL_PARAM_BLD *parts;

    for (c = 0; c < sizeof(curves) / sizeof(curves[0]) && (name == NULL || strcmp(curves[c].name, name) != 0); c++) {
        /* void */
    }

    x = jwk_bytes(arena, value, "x", &x_len);
    y = jwk_bytes(arena, value, "y", &y_len);

    if (c == sizeof(curves) / sizeof(curves[0]) || x == NULL || y == NULL || x_len != curves[c].coordinate || y_len != x_len) {
        return NULL;
    }

    *curve = curves[c].name;
    point[0] = EC_POINT_PLAIN;
    memcpy(point + 1, x, x_len);
    memcpy(point + 1 + x_len, y, y_len);

    parts = OSSL_PARAM_BLD_new();
    if (parts != NULL && OSSL_PARAM_BLD_push_utf8_string(parts, OSSL_PKEY_PARAM_GROUP_NAME, curves[c].name, 0) == 1
        && OSSL_PARAM_BLD_push_octet_string(parts, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + x_len + y_len) == 1)
    {
        key = jwk_from("EC", parts);
    }

    OSSL_PARAM_BLD_free(parts);

    return key;
}


static EVP_PKEY *
jwk_ed25519(arena_t *arena, const json_t *value)
{
    size_t         len;
    const char    *name = json_string_value(json_object_get(value, "crv"));
    unsigned char *x = jwk_bytes(arena, value, "x", &len);

    if (name == NULL || strcmp(name, "Ed25519") != 0 || x == NULL || len != 32) {
        return NULL;
    }

    return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x, len);
}


/* NULL: no memory, or no such key (a point that is not on its curve). */
static EVP_PKEY *
jwk_from(const char *type, OSSL_PARAM_BLD *parts)
{
    EVP_PKEY     *key = NULL;
    OSSL_PARAM   *params = OSSL_PARAM_BLD_to_param(parts);
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, type, NULL), *check = NULL;

    if (params == NULL || maker == NULL || EVP_PKEY_fromdata_init(maker) != 1
        || EVP_PKEY_fromdata(maker, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
    {
        EVP_PKEY_free(key);
        key = NULL;
        goto done;
    }

    check = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    if (check == NULL || EVP_PKEY_public_check_quick(check) != 1) {
        EVP_PKEY_free(key);
        key = NULL;
    }

done:

    EVP_PKEY_CTX_free(check);
    EVP_PKEY_CTX_free(maker);
    OSSL_PARAM_free(params);

    return key;
}


static unsigned char *
jwk_bytes(arena_t *arena, const json_t *value, const char *name, size_t *len)
{
    const json_t *text = json_object_get(value, name);

    *len = 0;

    return json_is_string(text) ? base64_url_decode(arena, json_string_value(text), json_string_length(text), len) : NULL;
}


/* A copy; NULL when there is none. false: no memory. */
static bool
jwk_text(const json_t *value, const char *name, char **out)
{
    const char *text = json_string_value(json_object_get(value, name));

    *out = text == NULL ? NULL : strdup(text);

    return text == NULL || *out != NULL;
}
