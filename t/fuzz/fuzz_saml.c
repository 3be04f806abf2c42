/* Responses and metadata of SAML: any bytes are read or refused. The first byte says which. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <tator/saml.h>

#define NOW INT64_C(1700000000000000)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static saml_provider_t known, provider;


/* A key that signs nothing of the corpus: nobody may come in. */
int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    EVP_PKEY      *key = EVP_EC_gen("P-256");
    unsigned char *out = known.keys[0].der;

    strcpy(known.entity, "https://idp.example.com/");
    known.n = 1;
    known.keys[0].len = i2d_PUBKEY(key, &out);
    EVP_PKEY_free(key);

    return 0;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    saml_login_t login;

    if (size == 0) {
        return 0;
    }

    if (data[0] == 'M') {
        if (saml_provider_read(&provider, data + 1, size - 1) == NULL && (provider.n < 1 || provider.n > SAML_KEYS || provider.entity[0] == 0)) {
            abort();
        }
        return 0;
    }

    saml_response_read(&login, &known, "https://tator.example.com/saml2_auth/acs/", NOW, data + 1, size - 1);
    if (login.fault == NULL && !login.unsolicited) {
        abort();
    }

    return 0;
}
