/* Tokens and key sets of providers: the first line is a key set, the rest a token, or claims as JSON. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <tator/base64.h>
#include <tator/json.h>
#include <tator/jwt.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char          *text, *rest;
    jwt_t          token;
    size_t         len;
    jwks_t        *keys;
    json_t        *claims;
    arena_t       *arena;
    unsigned char *bytes;
    const jwt_rules_t rules = {.issuer = "i", .audience = "a", .client = "c", .nonce = "n", .now = 1700000000, .leeway = 60};

    arena = arena_create(NULL, NULL);
    text = arena_copy(arena, data, size);
    rest = text + strcspn(text, "\n");
    keys = jwks_read(text, (size_t) (rest - text));
    rest += *rest == '\n';

    if (jwt_read(arena, rest, strlen(rest), &token) == NULL) {
        (void) jwt_verify(&token, keys);
        (void) jwt_claims_fault(token.claims, &rules);
    }

    claims = json_parse(rest, strlen(rest), NULL);
    (void) jwt_claims_fault(claims, &rules);
    json_decref(claims);

    /* bytes have one text only */
    bytes = base64_url_decode(arena, rest, strlen(rest), &len);
    if (bytes != NULL && strcmp(base64_url_encode(arena, bytes, len), rest) != 0) {
        abort();
    }

    jwks_free(keys);
    arena_destroy(arena);

    return 0;
}
