/*
 * SAML 2.0 as a service provider: Web Browser SSO with the HTTP-Redirect or HTTP-POST binding for requests and HTTP-POST for responses
 * (saml-profiles-2.0-os §4.1, saml-core-2.0-os, saml-bindings-2.0-os §3.4, §3.5). All structures are flat, so that they can be copied into a
 * thread and back; times are microseconds as in time.h.
 *
 * What is trusted are the keys of the identity provider's metadata alone. A response is read from the very bytes that a good signature's
 * digest was made of, never from the document that came: whatever else stands in that, or where, has no meaning.
 */

#ifndef TATOR_SAML_H
#define TATOR_SAML_H

#include <stdbool.h>
#include <stdint.h>

#include <tator/arena.h>
#include <tator/json.h>

#define SAML_LIMIT 262144 /* bytes of a response */
#define SAML_METADATA_LIMIT 1048576
#define SAML_URL   2048
#define SAML_KEYS  8
#define SAML_KEY   1200 /* RSA of 8192 bits */
#define SAML_SKEW  120 /* seconds that the two clocks may differ */

/* An identity provider. */
typedef struct {
    char entity[1025];
    char redirect[SAML_URL], post[SAML_URL]; /* where requests go, by binding; "": not offered */
    int  n;
    struct {
        int           len;
        unsigned char der[SAML_KEY]; /* SubjectPublicKeyInfo */
    } keys[SAML_KEYS];
} saml_provider_t;

/* Who is logged in. */
typedef struct {
    const char *fault;       /* why not, a sentence; NULL: accepted. Static. */
    bool        unsolicited; /* nobody here asked for it; nothing was checked and nothing is filled */
    bool        unknown_key; /* the fault may go away with newer metadata */
    char        request[72]; /* the request that it answers */
    char        id[65];      /* SHA-256 of issuer and assertion's ID, hexadecimal: for telling a replay */
    int64_t     until;       /* the assertion is good before */
    char        username[151], email[255], first_name[151], last_name[151];
} saml_login_t;

/* Read the metadata of the one identity provider in it. Returns NULL, or what is wrong with it: a static text. Keys that are too weak (RSA below
   2048 bits, curves below 256) are left out. */
const char *saml_provider_read(saml_provider_t *provider, const void *xml, size_t len);

/* Judge a response. `acs` is our URL for responses, and our name. The caller checks that `request` is one of this browser, and that `id` comes for
   the first time. */
void saml_response_read(saml_login_t *login, const saml_provider_t *provider, const char *acs, int64_t now, const void *xml, size_t len);

/* A new request's ID: SAML_ID - 1 characters and a NUL, fit for a cookie's name. */
#define SAML_ID 34
void saml_request_id(char out[SAML_ID]);

/* An AuthnRequest; `destination` is the provider's URL. */
void saml_request_write(text_t *out, const char *id, int64_t now, const char *acs, const char *destination);

/* The URL that carries it by the HTTP-Redirect binding, in the arena. */
char *saml_request_url(arena_t *arena, const char *destination, const text_t *request);

/* Our metadata. */
void saml_metadata_write(text_t *out, const char *acs);

#endif
