/*
 * Password hashes (include/tator/password.h). Formats are a table: prefix and verifier. All comparisons take constant time.
 */

#include <argon2.h>
#include <crypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <tator/password.h>

#define PASSWORD_FIELDS 6
#define PASSWORD_FIELD  256

/* What stands between the dollar signs after the format's name. */
typedef struct {
    int  n;
    char text[PASSWORD_FIELDS][PASSWORD_FIELD];
} password_fields_t;

typedef struct {
    const char *name;
    bool (*verify)(const password_fields_t *fields, const char *stored, const char *password, size_t len);
} password_format_t;

static bool verify_pbkdf2_sha256(const password_fields_t *fields, const char *stored, const char *password, size_t len);
static bool verify_pbkdf2_sha1(const password_fields_t *fields, const char *stored, const char *password, size_t len);
static bool verify_scrypt(const password_fields_t *fields, const char *stored, const char *password, size_t len);
static bool verify_argon2(const password_fields_t *fields, const char *stored, const char *password, size_t len);
static bool verify_bcrypt_sha256(const password_fields_t *fields, const char *stored, const char *password, size_t len);
static bool verify_pbkdf2(const password_fields_t *fields, const EVP_MD *digest, const char *password, size_t len);
static bool same_as_base64(const unsigned char *key, int len, const char *text);
static bool split(const char *stored, password_fields_t *fields);

static const password_format_t password_formats[] = {
    {"pbkdf2_sha256", verify_pbkdf2_sha256},
    {"pbkdf2_sha1", verify_pbkdf2_sha1},
    {"scrypt", verify_scrypt},
    {"argon2", verify_argon2},
    {"bcrypt_sha256", verify_bcrypt_sha256},
};


bool
password_verify(const char *stored, const char *password, size_t len)
{
    size_t            n = strcspn(stored, "$");
    password_fields_t fields;

    for (size_t k = 0; k < sizeof(password_formats) / sizeof(password_formats[0]); k++) {
        if (strlen(password_formats[k].name) == n && strncmp(password_formats[k].name, stored, n) == 0 && stored[n] == '$') {
            return split(stored + n + 1, &fields) && password_formats[k].verify(&fields, stored, password, len);
        }
    }

    return false;
}


bool
password_outdated(const char *stored)
{
    char current[40];

    snprintf(current, sizeof(current), "pbkdf2_sha256$%d$", PASSWORD_ITERATIONS);

    return strncmp(stored, current, strlen(current)) != 0 || strcspn(stored + strlen(current), "$") < 22;
}


bool
password_make(char stored[PASSWORD_STORED], const char *password, size_t len)
{
    char          salt[23];
    unsigned char key[32], text[64];

    if (!password_random(salt, 22)
        || !PKCS5_PBKDF2_HMAC(password, (int) len, (unsigned char *) salt, 22, PASSWORD_ITERATIONS, EVP_sha256(), sizeof(key), key))
    {
        return false;
    }

    EVP_EncodeBlock(text, key, sizeof(key));
    snprintf(stored, PASSWORD_STORED, "pbkdf2_sha256$%d$%s$%s", PASSWORD_ITERATIONS, salt, (char *) text);

    return true;
}


void
password_idle(const char *password, size_t len)
{
    char stored[PASSWORD_STORED];

    (void) password_make(stored, password, len);
}


bool
password_random(char *out, size_t n)
{
    unsigned char     byte;
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    for (size_t k = 0; k < n;) {
        if (RAND_bytes(&byte, 1) != 1) {
            return false;
        }
        if (byte < 248) { /* 4 × 62: no letter is likelier than another */
            out[k++] = letters[byte % 62];
        }
    }

    out[n] = '\0';

    return true;
}


static bool
verify_pbkdf2_sha256(const password_fields_t *fields, const char *stored, const char *password, size_t len)
{
    return verify_pbkdf2(fields, EVP_sha256(), password, len);
}


static bool
verify_pbkdf2_sha1(const password_fields_t *fields, const char *stored, const char *password, size_t len)
{
    return verify_pbkdf2(fields, EVP_sha1(), password, len);
}


/* iterations$salt$base64 */
static bool
verify_pbkdf2(const password_fields_t *fields, const EVP_MD *digest, const char *password, size_t len)
{
    int           iterations, size = EVP_MD_size(digest);
    unsigned char key[EVP_MAX_MD_SIZE];

    if (fields->n != 3) {
        return false;
    }

    iterations = atoi(fields->text[0]);

    return iterations > 0
        && PKCS5_PBKDF2_HMAC(password, (int) len, (const unsigned char *) fields->text[1], (int) strlen(fields->text[1]), iterations,
                             digest, size, key)
        && same_as_base64(key, size, fields->text[2]);
}


/* n$salt$r$p$base64 of 64 bytes, as the framework writes it */
static bool
verify_scrypt(const password_fields_t *fields, const char *stored, const char *password, size_t len)
{
    unsigned char key[64];

    return fields->n == 5
        && EVP_PBE_scrypt(password, len, (const unsigned char *) fields->text[1], strlen(fields->text[1]), strtoull(fields->text[0], NULL, 10),
                          strtoull(fields->text[2], NULL, 10), strtoull(fields->text[3], NULL, 10), 256 * 1024 * 1024, key, sizeof(key))
        && same_as_base64(key, sizeof(key), fields->text[4]);
}


/* argon2 then the library's own text: $argon2id$v=19$m=…,t=…,p=…$salt$hash */
static bool
verify_argon2(const password_fields_t *fields, const char *stored, const char *password, size_t len)
{
    const char *encoded = strchr(stored, '$');

    return argon2id_verify(encoded, password, len) == ARGON2_OK || argon2i_verify(encoded, password, len) == ARGON2_OK;
}


/* bcrypt_sha256$ then a bcrypt text: bcrypt of the hex SHA-256 of the password */
static bool
verify_bcrypt_sha256(const password_fields_t *fields, const char *stored, const char *password, size_t len)
{
    char              hex[2 * SHA256_DIGEST_LENGTH + 1];
    const char       *bcrypt = strchr(stored, '$') + 1, *made;
    unsigned char     digest[SHA256_DIGEST_LENGTH];
    struct crypt_data *data;
    bool              good;

    data = calloc(1, sizeof(struct crypt_data));
    if (data == NULL) {
        return false;
    }

    SHA256((const unsigned char *) password, len, digest);
    for (int k = 0; k < SHA256_DIGEST_LENGTH; k++) {
        snprintf(hex + 2 * k, 3, "%02x", digest[k]);
    }

    made = crypt_r(hex, bcrypt, data);
    good = made != NULL && strlen(made) == strlen(bcrypt) && CRYPTO_memcmp(made, bcrypt, strlen(bcrypt)) == 0;
    free(data);

    return good;
}


static bool
same_as_base64(const unsigned char *key, int len, const char *text)
{
    unsigned char encoded[128];

    EVP_EncodeBlock(encoded, key, len);

    return strlen(text) == strlen((char *) encoded) && CRYPTO_memcmp(encoded, text, strlen(text)) == 0;
}


static bool
split(const char *stored, password_fields_t *fields)
{
    size_t len;

    for (fields->n = 0; fields->n < PASSWORD_FIELDS; fields->n++) {
        len = strcspn(stored, "$");
        if (len >= PASSWORD_FIELD) {
            return false;
        }
        memcpy(fields->text[fields->n], stored, len);
        fields->text[fields->n][len] = '\0';
        if (stored[len] == '\0') {
            fields->n++;
            return true;
        }
        stored += len + 1;
    }

    return false;
}
