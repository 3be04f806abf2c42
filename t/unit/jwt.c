/* Signed tokens and key sets: lib/jwt.c, lib/jwks.c. Keys and tokens are made here, but for the published examples. */

#include "unit.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <tator/base64.h>
#include <tator/crypto.h>
#include <tator/jwt.h>

#define NOW 1700000000

/* RFC 7515 appendix A.3, and RFC 8037 appendix A.4. */
#define A3_KEYS \
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"," \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}"
#define A3_TOKEN \
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ." \
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
#define ED_KEYS  "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}"
#define ED_SIGNED "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"

typedef struct {
    const char *algorithm, *type, *digest;
    size_t      coordinate;
    bool        probabilistic;
    EVP_PKEY   *key;
    char       *jwk; /* members without braces */
} signer_t;

static signer_t signers[] = {
    {"RS256", "RSA", "SHA256", 0, false, NULL, NULL}, {"RS384", "RSA", "SHA384", 0, false, NULL, NULL},
    {"RS512", "RSA", "SHA512", 0, false, NULL, NULL}, {"PS256", "RSA", "SHA256", 0, true, NULL, NULL},
    {"PS384", "RSA", "SHA384", 0, true, NULL, NULL}, {"PS512", "RSA", "SHA512", 0, true, NULL, NULL},
    {"ES256", "P-256", "SHA256", 32, false, NULL, NULL}, {"ES384", "P-384", "SHA384", 48, false, NULL, NULL},
    {"ES512", "P-521", "SHA512", 66, false, NULL, NULL}, {"EdDSA", "ED25519", NULL, 0, false, NULL, NULL},
};

enum { SIGNERS = sizeof(signers) / sizeof(signers[0]), RS256 = 0, PS256 = 3, ES256 = 6, ES384 = 7 };


static char *
number(EVP_PKEY *key, const char *name, size_t size)
{
    BIGNUM        *value = NULL;
    unsigned char  bytes[1024];

    assert_int_equal(EVP_PKEY_get_bn_param(key, name, &value), 1);
    size = size ? size : (size_t) BN_num_bytes(value);
    BN_bn2binpad(value, bytes, (int) size);
    BN_free(value);

    return base64_url_encode(arena, bytes, size);
}


static char *
public_members(const signer_t *signer)
{
    size_t        len = 32;
    unsigned char raw[32];

    if (signer->coordinate) {
        return arena_format(arena, "\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"", signer->type,
                            number(signer->key, OSSL_PKEY_PARAM_EC_PUB_X, signer->coordinate),
                            number(signer->key, OSSL_PKEY_PARAM_EC_PUB_Y, signer->coordinate));
    }

    if (signer->digest == NULL) {
        assert_int_equal(EVP_PKEY_get_raw_public_key(signer->key, raw, &len), 1);
        return arena_format(arena, "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"", base64_url_encode(arena, raw, len));
    }

    return arena_format(arena, "\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"", number(signer->key, OSSL_PKEY_PARAM_RSA_N, 0),
                        number(signer->key, OSSL_PKEY_PARAM_RSA_E, 0));
}


static int
begin(void **state)
{
    EVP_PKEY *rsa;

    if (start(state) != 0) {
        return 1;
    }

    rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t) 2048);

    for (size_t k = 0; k < SIGNERS; k++) {
        if (strcmp(signers[k].type, "RSA") == 0) {
            signers[k].key = rsa;
            EVP_PKEY_up_ref(rsa);
        } else if (signers[k].coordinate) {
            signers[k].key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", signers[k].type);
        } else {
            signers[k].key = EVP_PKEY_Q_keygen(NULL, NULL, signers[k].type);
        }
        if (signers[k].key == NULL) {
            return 1;
        }
        signers[k].jwk = public_members(&signers[k]);
    }

    EVP_PKEY_free(rsa);

    return 0;
}


static int
finish(void **state)
{
    for (size_t k = 0; k < SIGNERS; k++) {
        EVP_PKEY_free(signers[k].key);
    }

    return end(state);
}


static char *
unsigned_token(const char *header, const char *claims)
{
    return arena_format(arena, "%s.%s", base64_url_encode(arena, header, strlen(header)), base64_url_encode(arena, claims, strlen(claims)));
}


/* header NULL: the signer's algorithm and the key id "k". */
static char *
token_of(const signer_t *signer, const char *header, const char *claims)
{
    char                *text;
    size_t               len;
    EVP_MD_CTX          *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX        *options;
    ECDSA_SIG           *pair;
    unsigned char        signature[1024], plain[132];
    const unsigned char *der = signature;

    text = unsigned_token(header ? header : arena_format(arena, "{\"alg\":\"%s\",\"kid\":\"k\"}", signer->algorithm), claims);

    assert_int_equal(EVP_DigestSignInit_ex(context, &options, signer->digest, NULL, NULL, signer->key, NULL), 1);
    if (signer->probabilistic) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST), 1);
    }
    len = sizeof(signature);
    assert_int_equal(EVP_DigestSign(context, signature, &len, (unsigned char *) text, strlen(text)), 1);
    EVP_MD_CTX_free(context);

    if (signer->coordinate == 0) {
        return arena_format(arena, "%s.%s", text, base64_url_encode(arena, signature, len));
    }

    pair = d2i_ECDSA_SIG(NULL, &der, (long) len);
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), plain, (int) signer->coordinate);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), plain + signer->coordinate, (int) signer->coordinate);
    ECDSA_SIG_free(pair);

    return arena_format(arena, "%s.%s", text, base64_url_encode(arena, plain, 2 * signer->coordinate));
}


static jwks_t *
keys_of(const char *text)
{
    jwks_t *keys = jwks_read(text, strlen(text));

    assert_non_null(keys);

    return keys;
}


/* The verdict on a token by keys given as members of one JWK; -1: the token is not even read. */
static int
verdict(const char *text, const char *jwk)
{
    int     found;
    jwt_t   token;
    jwks_t *keys;

    if (jwt_read(arena, text, strlen(text), &token) != NULL) {
        return -1;
    }

    keys = keys_of(arena_format(arena, "{\"keys\":[{%s}]}", jwk));
    found = jwt_verify(&token, keys);
    jwks_free(keys);

    return found;
}


static void
each_algorithm_is_verified(void **state)
{
    char  *text;
    jwt_t  token;

    for (size_t k = 0; k < SIGNERS; k++) {
        text = token_of(&signers[k], NULL, "{\"sub\":\"f:x:7\"}");
        assert_int_equal(verdict(text, arena_format(arena, "\"kid\":\"k\",%s", signers[k].jwk)), JWT_GOOD);

        assert_null(jwt_read(arena, text, strlen(text), &token));
        assert_string_equal(json_string_value(json_object_get(token.claims, "sub")), "f:x:7");
        assert_string_equal(token.algorithm, signers[k].algorithm);
        assert_string_equal(token.key, "k");
    }
}


static void
published_examples_are_verified(void **state)
{
    jwt_t   token;
    jwks_t *keys = keys_of(A3_KEYS);

    assert_null(jwt_read(arena, A3_TOKEN, strlen(A3_TOKEN), &token));
    assert_int_equal(jwt_verify(&token, keys), JWT_GOOD);
    assert_string_equal(json_string_value(json_object_get(token.claims, "iss")), "joe");
    jwks_free(keys);

    /* its payload is not JSON: the token is none, though the key is one */
    keys = keys_of(ED_KEYS);
    assert_int_equal(jwks_count(keys), 1);
    assert_non_null(jwt_read(arena, ED_SIGNED ".AA", strlen(ED_SIGNED ".AA"), &token));
    jwks_free(keys);
}


static void
a_changed_token_is_bad(void **state)
{
    char       *text, *changed;
    const char *jwk;
    int         found;

    for (size_t k = 0; k < SIGNERS; k++) {
        text = token_of(&signers[k], NULL, "{\"sub\":\"f:x:7\",\"exp\":1700000100}");
        jwk = arena_format(arena, "\"kid\":\"k\",%s", signers[k].jwk);

        for (size_t at = 0; at < strlen(text); at += 7) {
            changed = arena_text(arena, text);
            changed[at] = changed[at] == 'A' ? 'B' : 'A';
            found = verdict(changed, jwk);
            assert_int_not_equal(found, JWT_GOOD);
        }

        assert_int_not_equal(verdict(arena_format(arena, "%sA", text), jwk), JWT_GOOD);
        changed = arena_text(arena, text);
        changed[strlen(changed) - 2] = '\0';
        assert_int_not_equal(verdict(changed, jwk), JWT_GOOD);
    }
}


static void
another_key_of_the_same_id_is_bad(void **state)
{
    EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    signer_t  stranger = signers[ES256];

    stranger.key = other;
    assert_int_equal(verdict(token_of(&stranger, NULL, "{}"), arena_format(arena, "\"kid\":\"k\",%s", signers[ES256].jwk)), JWT_BAD);
    EVP_PKEY_free(other);
}


static void
keys_are_chosen_by_id_and_algorithm(void **state)
{
    char       *rs = token_of(&signers[RS256], NULL, "{}"), *nameless = token_of(&signers[RS256], "{\"alg\":\"RS256\"}", "{}");
    jwt_t       token;
    jwks_t     *keys;
    const char *jwk = signers[RS256].jwk;

    assert_int_equal(verdict(rs, arena_format(arena, "\"kid\":\"other\",%s", jwk)), JWT_UNKNOWN_KEY);
    assert_int_equal(verdict(rs, jwk), JWT_UNKNOWN_KEY);
    assert_int_equal(verdict(rs, arena_format(arena, "\"kid\":\"k\",\"alg\":\"RS512\",%s", jwk)), JWT_UNKNOWN_KEY);
    assert_int_equal(verdict(rs, arena_format(arena, "\"kid\":\"k\",%s", signers[ES256].jwk)), JWT_UNKNOWN_KEY);
    assert_int_equal(verdict(token_of(&signers[ES256], NULL, "{}"), arena_format(arena, "\"kid\":\"k\",%s", signers[ES384].jwk)), JWT_UNKNOWN_KEY);

    /* without an id each key that fits is tried */
    assert_int_equal(verdict(nameless, arena_format(arena, "\"kid\":\"k\",%s", jwk)), JWT_GOOD);
    keys = keys_of(arena_format(arena, "{\"keys\":[{%s},{\"kid\":\"b\",%s}]}", signers[ES256].jwk, jwk));
    assert_null(jwt_read(arena, nameless, strlen(nameless), &token));
    assert_int_equal(jwt_verify(&token, keys), JWT_GOOD);
    jwks_free(keys);

    assert_null(jwt_read(arena, rs, strlen(rs), &token));
    assert_int_equal(jwt_verify(&token, NULL), JWT_UNKNOWN_KEY);
}


static void
no_signature_and_shared_secrets_are_refused(void **state)
{
    char         *text, *signed_by_public;
    jwt_t         token;
    unsigned char mac[SHA256_LENGTH];
    static const char *const headers[] = {
        "{\"alg\":\"none\"}", "{\"alg\":\"NONE\"}", "{\"alg\":\"HS256\",\"kid\":\"k\"}", "{\"alg\":\"HS512\"}", "{\"alg\":\"\"}", "{}",
        "{\"alg\":null}", "{\"alg\":[\"RS256\"]}", "{\"alg\":\"rs256\"}", "{\"alg\":\"ES256K\"}", "{\"alg\":\"RS256\",\"alg\":\"none\"}",
        "{\"alg\":\"RS256\",\"crit\":[\"exp\"]}", "{\"alg\":\"RS256\",\"b64\":false,\"crit\":[\"b64\"]}", "{\"alg\":\"RS256\",\"kid\":7}", "[]", "\"RS256\"",
    };

    for (size_t k = 0; k < sizeof(headers) / sizeof(headers[0]); k++) {
        text = unsigned_token(headers[k], "{\"sub\":\"1\"}");

        /* the public key's text as the secret: the classic confusion */
        hmac_sha256(mac, signers[RS256].jwk, strlen(signers[RS256].jwk), text, strlen(text));
        signed_by_public = arena_format(arena, "%s.%s", text, base64_url_encode(arena, mac, sizeof(mac)));

        assert_non_null(jwt_read(arena, signed_by_public, strlen(signed_by_public), &token));
        text = arena_format(arena, "%s.", text);
        assert_non_null(jwt_read(arena, text, strlen(text), &token));
    }
}


static void
malformed_tokens_are_no_tokens(void **state)
{
    char       *good = token_of(&signers[RS256], NULL, "{\"a\":1}"), *long_one;
    jwt_t       token;
    const char *texts[] = {
        "", ".", "..", "...", "a.b", "a.b.c", "e30.e30.e30", "e30=.e30.AAAA", arena_format(arena, "%s.x", good), arena_format(arena, " %s", good),
        arena_format(arena, "%s\n", good), arena_format(arena, "%s=", good), unsigned_token("{\"alg\":\"RS256\"}", "[1]"),
        arena_format(arena, "%s.AAAA", unsigned_token("{\"alg\":\"RS256\"}", "[1]")),
        arena_format(arena, "%s.AAAA", unsigned_token("{\"alg\":\"RS256\"}", "{\"a\":1,\"a\":2}")),
        arena_format(arena, "%s.AAAA", unsigned_token("{\"alg\":\"RS256\"}", "{\"a\":\"\\u0000\"}")),
        arena_format(arena, "%s.AA+A", unsigned_token("{\"alg\":\"RS256\"}", "{}")),
        arena_format(arena, "%s.AB", unsigned_token("{\"alg\":\"RS256\"}", "{}")), /* bits beyond the byte */
        arena_format(arena, "%s.AAAA", unsigned_token("{\"alg\":\"RS256\"}", "{\"a\":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}")),
    };

    for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
        assert_non_null(jwt_read(arena, texts[k], strlen(texts[k]), &token));
    }

    long_one = arena_alloc(arena, JWT_LIMIT + 2);
    memset(long_one, 'A', JWT_LIMIT + 1);
    assert_string_equal(jwt_read(arena, long_one, JWT_LIMIT + 1, &token), "the token is too long");
}


static size_t
usable(const char *jwk)
{
    size_t  n;
    jwks_t *keys = keys_of(arena_format(arena, "{\"keys\":[%s]}", jwk));

    n = jwks_count(keys);
    jwks_free(keys);

    return n;
}


static void
keys_for_something_else_are_left_out(void **state)
{
    EVP_PKEY   *small = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t) 1024);
    signer_t    weak = {.type = "RSA", .digest = "SHA256", .key = small};
    const char *rsa = signers[RS256].jwk, *ec = signers[ES256].jwk;
    char       *off;

    assert_int_equal(usable(arena_format(arena, "{%s},{%s}", rsa, ec)), 2);
    assert_int_equal(usable(arena_format(arena, "{\"use\":\"sig\",\"key_ops\":[\"verify\"],%s}", rsa)), 1);
    assert_int_equal(usable(arena_format(arena, "{\"use\":\"enc\",%s}", rsa)), 0);
    assert_int_equal(usable(arena_format(arena, "{\"use\":1,%s}", rsa)), 0);
    assert_int_equal(usable(arena_format(arena, "{\"key_ops\":[\"encrypt\"],%s}", rsa)), 0);
    assert_int_equal(usable(arena_format(arena, "{\"key_ops\":\"verify\",%s}", rsa)), 0);
    assert_int_equal(usable(arena_format(arena, "{%s}", public_members(&weak))), 0);
    assert_int_equal(usable("{\"kty\":\"oct\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"},{},7,null,{\"kty\":\"RSA\"},{\"kty\":\"EC\",\"crv\":\"P-256\"}"), 0);
    assert_int_equal(usable("{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"},{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"), 0);

    /* a point beside the curve */
    off = arena_text(arena, ec);
    off[strlen(off) - 3] = off[strlen(off) - 3] == 'A' ? 'Q' : 'A';
    assert_int_equal(usable(arena_format(arena, "{%s}", off)), 0);

    EVP_PKEY_free(small);
}


static void
what_is_no_key_set_is_refused(void **state)
{
    static const char *const texts[] = {"", "null", "[]", "{}", "{\"keys\":{}}", "{\"keys\":7}", "{\"keys\":[]", "{\"keys\":[],\"keys\":[]}",
                                        "<html>", "{\"keys\":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]}"};

    for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
        assert_null(jwks_read(texts[k], strlen(texts[k])));
    }

    jwks_free(NULL);
}


static void
a_set_has_at_most_so_many_keys(void **state)
{
    char    text[64 * 1024];
    size_t  len = 0;
    jwks_t *keys;

    for (int k = 0; k < JWKS_KEYS + 5; k++) {
        len += (size_t) snprintf(text + len, sizeof(text) - len, "%s{%s}", k ? "," : "{\"keys\":[", signers[ES256].jwk);
    }
    len += (size_t) snprintf(text + len, sizeof(text) - len, "]}");

    keys = jwks_read(text, len);
    assert_int_equal(jwks_count(keys), JWKS_KEYS);
    jwks_free(keys);
}


static void
claims_are_held_against_the_rules(void **state)
{
    json_t *claims;
    const jwt_rules_t rules = {.issuer = "https://id", .audience = "account", .client = "tator", .nonce = "n", .now = NOW, .leeway = 60};
    static const struct {
        const char *claims;
        bool        good;
    } cases[] = {
#define REST "\"iss\":\"https://id\",\"aud\":\"account\",\"nonce\":\"n\""
        {"{\"exp\":1700000300," REST "}", true},
        {"{\"exp\":1700000300.5," REST "}", true},
        {"{\"exp\":1699999941," REST "}", true},          /* 59 seconds ago */
        {"{\"exp\":1699999940," REST "}", false},         /* 60 */
        {"{" REST "}", false},
        {"{\"exp\":\"1700000300\"," REST "}", false},
        {"{\"exp\":null," REST "}", false},
        {"{\"exp\":-1," REST "}", false},
        {"{\"exp\":1e300," REST "}", false},
        {"{\"exp\":1700000300,\"nbf\":1700000060," REST "}", true},
        {"{\"exp\":1700000300,\"nbf\":1700000061," REST "}", false},
        {"{\"exp\":1700000300,\"iat\":1700000060," REST "}", true},
        {"{\"exp\":1700000300,\"iat\":1700000061," REST "}", false},
        {"{\"exp\":1700000300,\"nbf\":\"now\"," REST "}", false},
        {"{\"exp\":1700000300,\"azp\":\"tator\"," REST "}", true},
        {"{\"exp\":1700000300,\"azp\":\"other\"," REST "}", false},
        {"{\"exp\":1700000300,\"azp\":7," REST "}", false},
#define AUD(aud) "{\"exp\":1700000300,\"iss\":\"https://id\",\"nonce\":\"n\",\"aud\":" aud "}"
        {AUD("[\"account\"]"), true},
        {AUD("[\"other\",\"account\"]"), false},          /* several, and no azp */
        {AUD("[\"other\",\"account\"],\"azp\":\"tator\""), true},
        {AUD("[\"other\"]"), false},
        {AUD("[]"), false},
        {AUD("\"accounts\""), false},
        {AUD("{\"account\":1}"), false},
        {AUD("null"), false},
        {"{\"exp\":1700000300,\"aud\":\"account\",\"nonce\":\"n\",\"iss\":\"https://id/\"}", false},
        {"{\"exp\":1700000300,\"aud\":\"account\",\"nonce\":\"n\"}", false},
        {"{\"exp\":1700000300,\"aud\":\"account\",\"iss\":\"https://id\",\"nonce\":\"m\"}", false},
        {"{\"exp\":1700000300,\"aud\":\"account\",\"iss\":\"https://id\"}", false},
    };

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        claims = json_loads(cases[k].claims, 0, NULL);
        assert_non_null(claims);
        if ((jwt_claims_fault(claims, &rules) == NULL) != cases[k].good) {
            fail_msg("%s: %s", cases[k].claims, jwt_claims_fault(claims, &rules));
        }
        json_decref(claims);
    }

    claims = json_loads("{\"exp\":1700000001}", 0, NULL);
    assert_null(jwt_claims_fault(claims, &(jwt_rules_t) {.now = NOW}));
    assert_non_null(jwt_claims_fault(claims, &(jwt_rules_t) {.now = NOW + 1}));
    json_decref(claims);
}


static void
base64_for_urls_is_strict(void **state)
{
    size_t      len;
    const char *bad[] = {"A", "AB", "AAB", "A===", "AA==", "A A", "AA\n", "A+AA", "A/AA", "A*AA", "AAAAA"};

    assert_string_equal(base64_url_encode(arena, "\xfb\xff\xfe", 3), "-__-");
    assert_string_equal(base64_url_encode(arena, "\xfb", 1), "-w");
    assert_memory_equal(base64_url_decode(arena, "-__-", 4, &len), "\xfb\xff\xfe", 3);
    assert_int_equal(len, 3);
    assert_non_null(base64_url_decode(arena, "", 0, &len));
    assert_int_equal(len, 0);

    for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
        assert_null(base64_url_decode(arena, bad[k], strlen(bad[k]), &len));
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_algorithm_is_verified),
        cmocka_unit_test(published_examples_are_verified),
        cmocka_unit_test(a_changed_token_is_bad),
        cmocka_unit_test(another_key_of_the_same_id_is_bad),
        cmocka_unit_test(keys_are_chosen_by_id_and_algorithm),
        cmocka_unit_test(no_signature_and_shared_secrets_are_refused),
        cmocka_unit_test(malformed_tokens_are_no_tokens),
        cmocka_unit_test(keys_for_something_else_are_left_out),
        cmocka_unit_test(what_is_no_key_set_is_refused),
        cmocka_unit_test(a_set_has_at_most_so_many_keys),
        cmocka_unit_test(claims_are_held_against_the_rules),
        cmocka_unit_test(base64_for_urls_is_strict),
    };

    return cmocka_run_group_tests(tests, begin, finish);
}
