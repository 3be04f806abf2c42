/*
 * Signed tokens (include/tator/jwt.h): their form, their signature, their claims. The algorithm that a token names only chooses among the
 * public-key ones of the table, and the key must be of its kind: neither "none" nor a public key taken as an HMAC's secret can pass.
 */

#include <math.h>
#include <string.h>

#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include <tator/base64.h>
#include <tator/json.h>

#include "jwt.h"

#define JWT_DEPTH     16
#define JWT_SIGNATURE 1024 /* bytes; RSA of 8192 bits */
#define JWT_FAR       253402300800.0 /* the year 10000: beyond it is no time */

static const jwt_algorithm_t jwt_algorithms[] = {
    {"RS256", KEY_RSA, "SHA256", NULL, 0, false},
    {"RS384", KEY_RSA, "SHA384", NULL, 0, false},
    {"RS512", KEY_RSA, "SHA512", NULL, 0, false},
    {"PS256", KEY_RSA, "SHA256", NULL, 0, true},
    {"PS384", KEY_RSA, "SHA384", NULL, 0, true},
    {"PS512", KEY_RSA, "SHA512", NULL, 0, true},
    {"ES256", KEY_EC, "SHA256", "P-256", 32, false},
    {"ES384", KEY_EC, "SHA384", "P-384", 48, false},
    {"ES512", KEY_EC, "SHA512", "P-521", 66, false},
    {"EdDSA", KEY_ED25519, NULL, NULL, 0, false},
};

static const json_t *jwt_part(arena_t *arena, const char *text, size_t len);
static void          jwt_drop(void *value);
static bool          jwt_fits(const jwk_t *key, const jwt_algorithm_t *algorithm);
static bool          jwt_signed_by(const jwt_t *token, const jwt_algorithm_t *algorithm, EVP_PKEY *key);
static unsigned char *jwt_ec_signature(const jwt_t *token, const jwt_algorithm_t *algorithm, size_t *len);
static bool          claim_time(const json_t *claims, const char *name, bool *given, double *time);
static bool          claim_is(const json_t *claims, const char *name, const char *wanted);
static bool          claim_audience(const json_t *audience, const char *wanted);


const jwt_algorithm_t *
jwt_algorithm(const char *name)
{
    for (size_t k = 0; name != NULL && k < sizeof(jwt_algorithms) / sizeof(jwt_algorithms[0]); k++) {
        if (strcmp(jwt_algorithms[k].name, name) == 0) {
            return &jwt_algorithms[k];
        }
    }

    return NULL;
}


const char *
jwt_read(arena_t *arena, const char *text, size_t len, jwt_t *token)
{
    const char   *first, *second;
    const json_t *type, *id;

    memset(token, 0, sizeof(jwt_t));

    if (len > JWT_LIMIT) {
        return "the token is too long";
    }

    first = memchr(text, '.', len);
    second = first == NULL ? NULL : memchr(first + 1, '.', len - (size_t) (first + 1 - text));

    if (second == NULL || memchr(second + 1, '.', len - (size_t) (second + 1 - text)) != NULL) {
        return "the token has not three parts";
    }

    token->text = text;
    token->signed_len = (size_t) (second - text);
    token->header = jwt_part(arena, text, (size_t) (first - text));
    token->claims = jwt_part(arena, first + 1, (size_t) (second - first - 1));
    token->signature = base64_url_decode(arena, second + 1, len - token->signed_len - 1, &token->signature_len);

    if (token->header == NULL || token->claims == NULL || token->signature == NULL || token->signature_len == 0) {
        return "a part of the token can not be read";
    }

    type = json_object_get(token->header, "typ");
    id = json_object_get(token->header, "kid");

    if ((type != NULL && !json_is_string(type)) || (id != NULL && !json_is_string(id)) || json_object_get(token->header, "crit") != NULL) {
        return "the token's header is not understood";
    }

    token->key = json_string_value(id);
    token->algorithm = json_string_value(json_object_get(token->header, "alg"));

    return jwt_algorithm(token->algorithm) == NULL ? "the token's algorithm is not allowed" : NULL;
}


jwt_verdict_t
jwt_verify(const jwt_t *token, const jwks_t *keys)
{
    bool                   tried = false;
    const jwk_t           *key;
    const jwt_algorithm_t *algorithm = jwt_algorithm(token->algorithm);

    for (size_t k = 0; keys != NULL && algorithm != NULL && k < keys->n; k++) {
        key = &keys->keys[k];

        if (!jwt_fits(key, algorithm) || (token->key != NULL && (key->id == NULL || strcmp(key->id, token->key) != 0))) {
            continue;
        }

        if (jwt_signed_by(token, algorithm, key->key)) {
            return JWT_GOOD;
        }

        tried = true;
    }

    return tried ? JWT_BAD : JWT_UNKNOWN_KEY;
}


const char *
jwt_claims_fault(const json_t *claims, const jwt_rules_t *rules)
{
    bool          given;
    double        time, now = (double) rules->now;
    const json_t *audience = json_object_get(claims, "aud");

    if (!claim_time(claims, "exp", &given, &time) || !given) {
        return "exp is missing or not a time";
    }

    if (now >= time + rules->leeway) {
        return "the token has expired";
    }

    if (!claim_time(claims, "nbf", &given, &time) || (given && now + rules->leeway < time)) {
        return "the token is not valid yet";
    }

    if (!claim_time(claims, "iat", &given, &time) || (given && now + rules->leeway < time)) {
        return "the token was issued in the future";
    }

    if (rules->issuer != NULL && !claim_is(claims, "iss", rules->issuer)) {
        return "the token is of another issuer";
    }

    if (rules->audience != NULL && !claim_audience(audience, rules->audience)) {
        return "the token is for another audience";
    }

    if (rules->client != NULL && !claim_is(claims, "azp", rules->client)
        && (json_object_get(claims, "azp") != NULL || json_array_size(audience) > 1))
    {
        return "the token was issued to another client";
    }

    if (rules->nonce != NULL && !claim_is(claims, "nonce", rules->nonce)) {
        return "the token is not of this log-in";
    }

    return NULL;
}


/* An object in the arena's keeping. Two members of one name could be read in two ways: they are refused. */
static const json_t *
jwt_part(arena_t *arena, const char *text, size_t len)
{
    size_t         bytes;
    json_t        *value;
    unsigned char *plain;

    plain = base64_url_decode(arena, text, len, &bytes);
    if (plain == NULL || json_depth(plain, bytes) > JWT_DEPTH) {
        return NULL;
    }

    value = json_loadb((char *) plain, bytes, JSON_REJECT_DUPLICATES, NULL);
    if (value == NULL) {
        return NULL;
    }

    arena_cleanup(arena, jwt_drop, value);

    return json_is_object(value) ? value : NULL;
}


static void
jwt_drop(void *value)
{
    json_decref(value);
}


static bool
jwt_fits(const jwk_t *key, const jwt_algorithm_t *algorithm)
{
    if (key->kind != algorithm->kind || (algorithm->curve != NULL && strcmp(key->curve, algorithm->curve) != 0)) {
        return false;
    }

    return key->algorithm == NULL || strcmp(key->algorithm, algorithm->name) == 0;
}


static bool
jwt_signed_by(const jwt_t *token, const jwt_algorithm_t *algorithm, EVP_PKEY *key)
{
    bool                 good = false;
    size_t               len = token->signature_len;
    EVP_MD_CTX          *context;
    EVP_PKEY_CTX        *options;
    unsigned char       *made = NULL;
    const unsigned char *signature = token->signature;

    if (len > JWT_SIGNATURE) {
        return false;
    }

    if (algorithm->kind == KEY_EC) {
        made = jwt_ec_signature(token, algorithm, &len);
        signature = made;
    }

    context = EVP_MD_CTX_new();
    if (context == NULL || signature == NULL || EVP_DigestVerifyInit_ex(context, &options, algorithm->digest, NULL, NULL, key, NULL) != 1) {
        goto done;
    }

    if (algorithm->probabilistic
        && (EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) != 1
            || EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) != 1))
    {
        goto done;
    }

    good = EVP_DigestVerify(context, signature, len, (const unsigned char *) token->text, token->signed_len) == 1;

done:

    EVP_MD_CTX_free(context);
    OPENSSL_free(made);

    return good;
}


/* The two numbers side by side, as tokens have them (RFC 7518 §3.4), in the DER form that OpenSSL wants. NULL: of another length. */
static unsigned char *
jwt_ec_signature(const jwt_t *token, const jwt_algorithm_t *algorithm, size_t *len)
{
    int            size;
    BIGNUM        *r, *s;
    ECDSA_SIG     *pair;
    unsigned char *made = NULL;

    if (token->signature_len != 2 * algorithm->coordinate) {
        return NULL;
    }

    pair = ECDSA_SIG_new();
    r = BN_bin2bn(token->signature, (int) algorithm->coordinate, NULL);
    s = BN_bin2bn(token->signature + algorithm->coordinate, (int) algorithm->coordinate, NULL);

    if (pair == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(pair);
        return NULL;
    }

    size = i2d_ECDSA_SIG(pair, &made);
    ECDSA_SIG_free(pair);
    *len = size > 0 ? (size_t) size : 0;

    return size > 0 ? made : NULL;
}


/* false: it is there and is no time. */
static bool
claim_time(const json_t *claims, const char *name, bool *given, double *time)
{
    const json_t *value = json_object_get(claims, name);

    *given = value != NULL;
    *time = json_number_value(value);

    return value == NULL || (json_is_number(value) && isfinite(*time) && *time >= 0 && *time < JWT_FAR);
}


static bool
claim_is(const json_t *claims, const char *name, const char *wanted)
{
    const char *value = json_string_value(json_object_get(claims, name));

    return value != NULL && strcmp(value, wanted) == 0;
}


/* A text, or a list of them. */
static bool
claim_audience(const json_t *audience, const char *wanted)
{
    size_t      k;
    json_t     *item;
    const char *text = json_string_value(audience);

    if (text != NULL) {
        return strcmp(text, wanted) == 0;
    }

    json_array_foreach((json_t *) audience, k, item) {
        text = json_string_value(item);
        if (text != NULL && strcmp(text, wanted) == 0) {
            return true;
        }
    }

    return false;
}
