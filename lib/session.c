/*
 * Stored sessions and CSRF tokens (include/tator/session.h). session_data is DATA:TIME:SIGNATURE; DATA is JSON in URL-safe
 * base64, compressed with a point before it when that is shorter, TIME is base 62, and the signature covers both.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include <tator/base64.h>
#include <tator/crypto.h>
#include <tator/session.h>

#define SESSION_SIGNER "django.contrib.sessions.SessionStoresigner"
#define PASSWORD_SALT  "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"

/* No session of ours comes near; what unpacks to more is an attack. */
#define SESSION_LIMIT 65536

static const char session_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char session_digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static const char csrf_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

static void  random_of(char *out, size_t n, const char *letters, unsigned count);
static void  session_sign(unsigned char mac[SHA256_LENGTH], arena_t *arena, const char *salt, const char *secret_key, const char *data, size_t len);
static void  base62(char out[16], uint64_t number);


void
session_key(char out[SESSION_KEY + 1])
{
    random_of(out, SESSION_KEY, session_letters, sizeof(session_letters) - 1);
}


char *
session_encode(arena_t *arena, const char *secret_key, const json_t *members, time_t now)
{
    char          *json, *text, *data, when[16];
    uLongf         packed_len;
    size_t         len;
    unsigned char *packed, mac[SHA256_LENGTH];

    json = json_dumps(members, JSON_COMPACT | JSON_ENSURE_ASCII);
    if (json == NULL) {
        return NULL;
    }

    len = strlen(json);
    packed_len = compressBound(len);
    packed = arena_alloc(arena, packed_len);

    if (compress(packed, &packed_len, (Bytef *) json, len) == Z_OK && packed_len + 1 < len) {
        text = arena_format(arena, ".%s", base64_url_encode(arena, packed, packed_len));
    } else {
        text = base64_url_encode(arena, json, len);
    }
    free(json);

    base62(when, (uint64_t) now);
    data = arena_format(arena, "%s:%s", text, when);
    session_sign(mac, arena, SESSION_SIGNER, secret_key, data, strlen(data));

    return arena_format(arena, "%s:%s", data, base64_url_encode(arena, mac, sizeof(mac)));
}


json_t *
session_decode(arena_t *arena, const char *secret_key, const char *data)
{
    size_t         len, packed_len;
    uLongf         unpacked_len;
    const char    *signature, *when;
    unsigned char *signed_by, *bytes, *unpacked, mac[SHA256_LENGTH];

    signature = strrchr(data, ':');
    when = signature == NULL ? NULL : memrchr(data, ':', (size_t) (signature - data));
    if (when == NULL) {
        return NULL;
    }

    session_sign(mac, arena, SESSION_SIGNER, secret_key, data, (size_t) (signature - data));
    signed_by = base64_url_decode(arena, signature + 1, strlen(signature + 1), &len);
    if (signed_by == NULL || len != sizeof(mac) || !same_bytes(signed_by, mac, sizeof(mac))) {
        return NULL;
    }

    if (*data != '.') {
        bytes = base64_url_decode(arena, data, (size_t) (when - data), &len);
        return bytes == NULL ? NULL : json_loadb((char *) bytes, len, JSON_REJECT_DUPLICATES, NULL);
    }

    bytes = base64_url_decode(arena, data + 1, (size_t) (when - data) - 1, &packed_len);
    unpacked = arena_alloc(arena, SESSION_LIMIT);
    unpacked_len = SESSION_LIMIT;

    if (bytes == NULL || uncompress(unpacked, &unpacked_len, bytes, packed_len) != Z_OK) {
        return NULL;
    }

    return json_loadb((char *) unpacked, unpacked_len, JSON_REJECT_DUPLICATES, NULL);
}


char *
session_password_hash(arena_t *arena, const char *secret_key, const char *stored)
{
    char          *hex;
    unsigned char  mac[SHA256_LENGTH];

    session_sign(mac, arena, PASSWORD_SALT, secret_key, stored, strlen(stored));

    hex = arena_alloc(arena, 2 * SHA256_LENGTH + 1);
    hex_encode(hex, mac, sizeof(mac));

    return hex;
}


void
csrf_secret(char out[CSRF_SECRET + 1])
{
    random_of(out, CSRF_SECRET, csrf_letters, sizeof(csrf_letters) - 1);
}


void
csrf_mask(char out[CSRF_TOKEN + 1], const char *secret)
{
    unsigned place;

    csrf_secret(out);

    for (int k = 0; k < CSRF_SECRET; k++) {
        place = (unsigned) (strchr(csrf_letters, secret[k]) - csrf_letters) + (unsigned) (strchr(csrf_letters, out[k]) - csrf_letters);
        out[CSRF_SECRET + k] = csrf_letters[place % 62];
    }

    out[CSRF_TOKEN] = '\0';
}


csrf_form_t
csrf_unmask(char out[CSRF_SECRET + 1], const char *token)
{
    long   place;
    size_t len = strlen(token);

    if (len != CSRF_SECRET && len != CSRF_TOKEN) {
        return CSRF_BAD_LENGTH;
    }

    if (strspn(token, csrf_letters) != len) {
        return CSRF_BAD_CHARACTERS;
    }

    for (int k = 0; k < CSRF_SECRET; k++) {
        if (len == CSRF_SECRET) {
            out[k] = token[k];
            continue;
        }
        place = (strchr(csrf_letters, token[CSRF_SECRET + k]) - csrf_letters) - (strchr(csrf_letters, token[k]) - csrf_letters);
        out[k] = csrf_letters[(place + 62) % 62];
    }

    out[CSRF_SECRET] = '\0';

    return CSRF_GOOD;
}


/* Evenly spread: bytes beyond the last whole multiple of the alphabet are thrown away. */
static void
random_of(char *out, size_t n, const char *letters, unsigned count)
{
    unsigned char byte;

    for (size_t k = 0; k < n;) {
        random_bytes(&byte, 1);
        if (byte < 256 / count * count) {
            out[k++] = letters[byte % count];
        }
    }

    out[n] = '\0';
}


/* HMAC-SHA-256 whose key is the digest of salt and secret key. */
static void
session_sign(unsigned char mac[SHA256_LENGTH], arena_t *arena, const char *salt, const char *secret_key, const char *data, size_t len)
{
    char         *text;
    unsigned char key[SHA256_LENGTH];

    text = arena_format(arena, "%s%s", salt, secret_key);
    sha256(key, text, strlen(text));
    hmac_sha256(mac, key, sizeof(key), data, len);
}


static void
base62(char out[16], uint64_t number)
{
    char reversed[16];
    int  n = 0;

    do {
        reversed[n++] = session_digits[number % 62];
        number /= 62;
    } while (number > 0);

    for (int k = 0; k < n; k++) {
        out[k] = reversed[n - 1 - k];
    }
    out[n] = '\0';
}
