/*
 * Digests, signatures and randomness over OpenSSL.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <tator/crypto.h>


static void      crypto_must(int good, const char *what);
static digest_t *digest_new(const EVP_MD *algorithm);


static const char hex_digits[] = "0123456789abcdef";


void
sha256(unsigned char out[SHA256_LENGTH], const void *data, size_t len)
{
    crypto_must(EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL), "sha256");
}


void
md5(unsigned char out[MD5_LENGTH], const void *data, size_t len)
{
    crypto_must(EVP_Digest(data, len, out, NULL, EVP_md5(), NULL), "md5");
}


void
hmac_sha256(unsigned char out[SHA256_LENGTH], const void *key, size_t key_len, const void *data, size_t len)
{
    crypto_must(HMAC(EVP_sha256(), key, (int) key_len, data, len, out, NULL) != NULL, "hmac");
}


digest_t *
digest_sha256(void)
{
    return digest_new(EVP_sha256());
}


digest_t *
digest_md5(void)
{
    return digest_new(EVP_md5());
}


void
digest_add(digest_t *digest, const void *data, size_t len)
{
    crypto_must(EVP_DigestUpdate((EVP_MD_CTX *) digest, data, len), "digest");
}


void
digest_finish(digest_t *digest, unsigned char *out)
{
    crypto_must(EVP_DigestFinal_ex((EVP_MD_CTX *) digest, out, NULL), "digest");
}


void
digest_free(digest_t *digest)
{
    EVP_MD_CTX_free((EVP_MD_CTX *) digest);
}


unsigned char *
rsa_sha256(arena_t *arena, const char *pem, const void *data, size_t len, size_t *signature_len)
{
    BIO           *input;
    EVP_PKEY      *key;
    EVP_MD_CTX    *context;
    unsigned char *signature;

    signature = NULL;
    key = NULL;
    context = EVP_MD_CTX_new();
    input = BIO_new_mem_buf(pem, -1);

    if (context == NULL || input == NULL) {
        goto done;
    }

    key = PEM_read_bio_PrivateKey(input, NULL, NULL, NULL);
    if (key == NULL || EVP_PKEY_base_id(key) != EVP_PKEY_RSA) {
        goto done;
    }

    if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 || EVP_DigestSign(context, NULL, signature_len, data, len) != 1) {
        goto done;
    }

    signature = arena_alloc(arena, *signature_len);
    if (EVP_DigestSign(context, signature, signature_len, data, len) != 1) {
        signature = NULL;
    }

done:

    EVP_PKEY_free(key);
    BIO_free(input);
    EVP_MD_CTX_free(context);

    return signature;
}


void
random_bytes(void *out, size_t len)
{
    crypto_must(RAND_bytes(out, (int) len), "random");
}


void
random_letters(char *out, size_t len)
{
    size_t        i;
    unsigned char byte;

    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    for (i = 0; i < len; /* void */) {
        random_bytes(&byte, 1);

        /* 208 is the greatest multiple of 52 in a byte: beyond it the letters would not be even. */
        if (byte < 208) {
            out[i++] = letters[byte % 52];
        }
    }

    out[len] = '\0';
}


bool
same_bytes(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}


void
hex_encode(char *out, const void *data, size_t len)
{
    size_t               i;
    const unsigned char *bytes;

    bytes = data;

    for (i = 0; i < len; i++) {
        *out++ = hex_digits[bytes[i] >> 4];
        *out++ = hex_digits[bytes[i] & 15];
    }

    *out = '\0';
}


bool
hex_decode(unsigned char *out, const char *text, size_t len)
{
    int         high, low;
    size_t      i;
    const char *digit;

    for (i = 0; i < len; i++) {
        digit = text[2 * i] ? strchr(hex_digits, text[2 * i] | 0x20) : NULL;
        if (digit == NULL || *digit == '\0') {
            return false;
        }
        high = (int) (digit - hex_digits);

        digit = text[2 * i + 1] ? strchr(hex_digits, text[2 * i + 1] | 0x20) : NULL;
        if (digit == NULL || *digit == '\0') {
            return false;
        }
        low = (int) (digit - hex_digits);

        out[i] = (unsigned char) (high << 4 | low);
    }

    return true;
}


static digest_t *
digest_new(const EVP_MD *algorithm)
{
    EVP_MD_CTX *context;

    context = EVP_MD_CTX_new();
    crypto_must(context != NULL && EVP_DigestInit_ex(context, algorithm, NULL), "digest");

    return (digest_t *) context;
}


static void
crypto_must(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "OpenSSL can not work: %s\n", what);
        abort();
    }
}
