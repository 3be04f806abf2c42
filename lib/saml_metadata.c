/*
 * Metadata of SAML (saml.h): the identity provider's is read, ours is written.
 */

#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <tator/base64.h>
#include <tator/xml.h>

#include "saml_xml.h"

#define RSA_BITS 2048
#define EC_BITS  256

static xmlNode *metadata_role(xmlNode *root, xmlNode **entity);
static void     metadata_addresses(saml_provider_t *provider, const xmlNode *role);
static void     metadata_keys(saml_provider_t *provider, const xmlNode *role);
static void     metadata_key(saml_provider_t *provider, const xmlNode *certificate);
static bool     metadata_key_strong(EVP_PKEY *key);


const char *
saml_provider_read(saml_provider_t *provider, const void *xml, size_t len)
{
    xmlDoc     *document;
    xmlNode    *entity = NULL, *role;
    const char *fault;

    memset(provider, 0, sizeof(saml_provider_t));

    document = saml_parse(xml, len, true, &fault);
    if (document == NULL) {
        return fault;
    }

    role = metadata_role(xmlDocGetRootElement(document), &entity);
    if (role != NULL) {
        saml_attribute(entity, "entityID", provider->entity, sizeof(provider->entity));
        metadata_addresses(provider, role);
        metadata_keys(provider, role);
    }

    xmlFreeDoc(document);

    if (role == NULL || provider->entity[0] == '\0') {
        return "The metadata does not describe exactly one identity provider of SAML 2.0.";
    }

    if (provider->redirect[0] == '\0' && provider->post[0] == '\0') {
        return "The metadata has no address for log-in by HTTP-Redirect or HTTP-POST.";
    }

    return provider->n == 0 ? "The metadata has no certificate with a key that is strong enough." : NULL;
}


void
saml_metadata_write(text_t *out, const char *acs)
{
    text_puts(out, "<md:EntityDescriptor xmlns:md=\"" NS_METADATA "\" entityID=\"");
    xml_escape(out, acs, strlen(acs));
    text_puts(out, "\"><md:SPSSODescriptor AuthnRequestsSigned=\"false\" WantAssertionsSigned=\"true\""
                   " protocolSupportEnumeration=\"" NS_PROTOCOL "\">"
                   "<md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</md:NameIDFormat>"
                   "<md:AssertionConsumerService index=\"0\" isDefault=\"true\" Binding=\"" BINDING_POST "\" Location=\"");
    xml_escape(out, acs, strlen(acs));
    text_puts(out, "\"/></md:SPSSODescriptor></md:EntityDescriptor>\n");
}


/* The one description of an identity provider, in the root or in one of its entities. */
static xmlNode *
metadata_role(xmlNode *root, xmlNode **entity)
{
    xmlNode *found = NULL;

    if (saml_count(root, NS_METADATA, "IDPSSODescriptor") != 1) {
        return NULL;
    }

    if (saml_is(root, NS_METADATA, "EntityDescriptor")) {
        *entity = root;
        return saml_child(root, NS_METADATA, "IDPSSODescriptor");
    }

    if (saml_is(root, NS_METADATA, "EntitiesDescriptor")) {
        for (xmlNode *node = saml_child(root, NS_METADATA, "EntityDescriptor"); node != NULL && found == NULL; node = saml_next(node)) {
            *entity = node;
            found = saml_child(node, NS_METADATA, "IDPSSODescriptor");
        }
    }

    return found;
}


static void
metadata_addresses(saml_provider_t *provider, const xmlNode *role)
{
    char url[SAML_URL];

    for (xmlNode *node = saml_child(role, NS_METADATA, "SingleSignOnService"); node != NULL; node = saml_next(node)) {
        if (!saml_attribute(node, "Location", url, sizeof(url)) || (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)) {
            continue;
        }

        if (provider->redirect[0] == '\0' && saml_attribute_is(node, "Binding", BINDING_REDIRECT)) {
            memcpy(provider->redirect, url, strlen(url) + 1);
        }
        if (provider->post[0] == '\0' && saml_attribute_is(node, "Binding", BINDING_POST)) {
            memcpy(provider->post, url, strlen(url) + 1);
        }
    }
}


/* Those for signing, or for anything; each certificate of each. */
static void
metadata_keys(saml_provider_t *provider, const xmlNode *role)
{
    char     use[16];
    xmlNode *info, *data;

    for (xmlNode *node = saml_child(role, NS_METADATA, "KeyDescriptor"); node != NULL; node = saml_next(node)) {
        if (saml_attribute(node, "use", use, sizeof(use)) && strcmp(use, "signing") != 0) {
            continue;
        }

        info = saml_child(node, NS_SIGNATURE, "KeyInfo");
        for (data = saml_child(info, NS_SIGNATURE, "X509Data"); data != NULL; data = saml_next(data)) {
            for (xmlNode *one = saml_child(data, NS_SIGNATURE, "X509Certificate"); one != NULL; one = saml_next(one)) {
                metadata_key(provider, one);
            }
        }
    }
}


/* A certificate is nothing but the form that a key has here: the metadata says that it is good, not who signed it, nor its dates
   (saml-metadata-iop-2.0). */
static void
metadata_key(saml_provider_t *provider, const xmlNode *certificate)
{
    int                  len = 0;
    X509                *x509;
    char                *text;
    size_t               der_len = 0;
    arena_t             *arena;
    EVP_PKEY            *key = NULL;
    unsigned char       *out;
    const unsigned char *der;

    if (provider->n == SAML_KEYS) {
        return;
    }

    arena = arena_create(NULL, NULL);
    if (arena == NULL) {
        return;
    }

    text = arena_alloc(arena, SAML_URL * 8);
    der = saml_content(certificate, text, SAML_URL * 8) ? base64_decode(arena, text, strlen(text), &der_len) : NULL;
    x509 = der == NULL ? NULL : d2i_X509(NULL, &der, (long) der_len);

    if (x509 != NULL) {
        key = X509_get0_pubkey(x509);
        len = key == NULL || !metadata_key_strong(key) ? 0 : i2d_PUBKEY(key, NULL);
    }

    if (len > 0 && len <= SAML_KEY) {
        out = provider->keys[provider->n].der;
        provider->keys[provider->n].len = i2d_PUBKEY(key, &out);
        provider->n++;
    }

    X509_free(x509);
    arena_destroy(arena);
}


static bool
metadata_key_strong(EVP_PKEY *key)
{
    switch (EVP_PKEY_base_id(key)) {
    case EVP_PKEY_RSA:
        return EVP_PKEY_bits(key) >= RSA_BITS;
    case EVP_PKEY_EC:
        return EVP_PKEY_bits(key) >= EC_BITS;
    default:
        return false;
    }
}
