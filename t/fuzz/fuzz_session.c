/* Cookies: any text as session data, unsigned and well signed, and any text as CSRF token. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <tator/base64.h>
#include <tator/crypto.h>
#include <tator/session.h>

#define KEY    "key"
#define SIGNER "django.contrib.sessions.SessionStoresigner" KEY

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *well_signed(arena_t *arena, const char *text);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char     secret[CSRF_SECRET + 1], again[CSRF_SECRET + 1], token[CSRF_TOKEN + 1], *text;
    json_t  *members, *read;
    arena_t *arena;

    arena = arena_create(NULL, NULL);
    text = arena_copy(arena, data, size);
    text[strcspn(text, "\r\n")] = '\0';

    json_decref(session_decode(arena, KEY, text));

    members = session_decode(arena, KEY, well_signed(arena, text));
    if (members != NULL) {
        read = session_decode(arena, KEY, session_encode(arena, KEY, members, 1700000000));
        if (read == NULL || !json_equal(read, members)) {
            abort();
        }
        json_decref(read);
        json_decref(members);
    }

    if (csrf_unmask(secret, text) == CSRF_GOOD) {
        csrf_mask(token, secret);
        if (csrf_unmask(again, token) != CSRF_GOOD || strcmp(secret, again) != 0) {
            abort();
        }
    }

    arena_destroy(arena);

    return 0;
}


static char *
well_signed(arena_t *arena, const char *text)
{
    char         *signature;
    unsigned char key[SHA256_LENGTH], mac[SHA256_LENGTH];

    sha256(key, SIGNER, strlen(SIGNER));
    hmac_sha256(mac, key, sizeof(key), text, strlen(text));
    signature = base64_encode(arena, mac, sizeof(mac));

    for (char *p = signature; *p != '\0'; p++) {
        *p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
    }
    signature[strcspn(signature, "=")] = '\0';

    return arena_format(arena, "%s:%s", text, signature);
}
