/*
 * Signatures of SAML (saml_signed() of saml_xml.h): the form is held against a narrow profile here, the cryptography is xmlsec's. The signed bytes
 * are then taken from where xmlsec has digested them.
 *
 * The profile (saml-core-2.0-os §5.4): the signature is a direct child of what it signs; one reference, "#" and the ID of that; enveloped-signature
 * and exclusive canonicalization, no other transform; SHA-256 or longer; nothing else inside.
 */

#include <pthread.h>
#include <string.h>

#include <libxml/xmlerror.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <xmlsec/xmlsec.h>

#include <xmlsec/errors.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/openssl/evp.h>
#include <xmlsec/xmldsig.h>

#include "saml_xml.h"

#define EXCLUSIVE  "http://www.w3.org/2001/10/xml-exc-c14n#"
#define ENVELOPED  NS_SIGNATURE "enveloped-signature"
#define XMLENC     "http://www.w3.org/2001/04/xmlenc#"
#define MORE       "http://www.w3.org/2001/04/xmldsig-more#"
#define ALGORITHMS 8

/* What an element is followed by, in this order; its attribute Algorithm is one of these. */
typedef struct {
    const char *name;
    const char *algorithms[ALGORITHMS];
    bool        optional;
} part_t;

#define PART(element, ...) {.name = element, .algorithms = {__VA_ARGS__}}

static const part_t signature_parts[] = {{.name = "SignedInfo"}, {.name = "SignatureValue"}, {.name = "KeyInfo", .optional = true}, {0}};
static const part_t info_parts[] = {
    PART("CanonicalizationMethod", EXCLUSIVE),
    PART("SignatureMethod", MORE "rsa-sha256", MORE "rsa-sha384", MORE "rsa-sha512", MORE "ecdsa-sha256", MORE "ecdsa-sha384", MORE "ecdsa-sha512"),
    {.name = "Reference"}, {0}};
static const part_t reference_parts[] = {
    {.name = "Transforms"}, PART("DigestMethod", XMLENC "sha256", MORE "sha384", XMLENC "sha512"), {.name = "DigestValue"}, {0}};
static const part_t transforms_parts[] = {PART("Transform", ENVELOPED), PART("Transform", EXCLUSIVE), {0}};

static pthread_once_t signature_once = PTHREAD_ONCE_INIT;
static bool           signature_ready;

static const char *signature_form(xmlNode *signature, const char *id);
static bool        signature_parts_are(const xmlNode *parent, const part_t *parts);
static bool        signature_id(xmlNode *parent, char *id, size_t size);
static int         signature_same_ids(const xmlNode *node, const char *id);
static xmlDoc     *signature_check(xmlNode *signature, const unsigned char *der, int len);
static xmlSecKey  *signature_key(const unsigned char *der, int len);
static bool        signature_allow(xmlSecDSigCtx *context);
static void        signature_start(void);
static void        signature_silent(void *context, xmlError *error);


xmlDoc *
saml_signed(xmlNode *parent, const saml_provider_t *provider, const char **fault, bool *unknown_key)
{
    char     id[256];
    xmlDoc  *document;
    xmlAttr *attribute;
    xmlNode *root, *signature = saml_child(parent, NS_SIGNATURE, "Signature");

    pthread_once(&signature_once, signature_start);
    if (!signature_ready) {
        *fault = "Signatures can not be checked on this server.";
        return NULL;
    }

    if (!signature_id(parent, id, sizeof(id))) {
        *fault = "What is signed has no ID of its own.";
        return NULL;
    }

    *fault = signature_form(signature, id);
    if (*fault != NULL) {
        return NULL;
    }

    /* the one place where xmlsec can find the reference's target */
    attribute = xmlHasNsProp(parent, (const xmlChar *) "ID", NULL);
    if (xmlGetID(parent->doc, (const xmlChar *) id) == NULL) {
        xmlAddID(NULL, parent->doc, (const xmlChar *) id, attribute);
    }
    if (xmlGetID(parent->doc, (const xmlChar *) id) != attribute) {
        *fault = "What is signed has no ID of its own.";
        return NULL;
    }

    xmlSetStructuredErrorFunc(NULL, signature_silent);

    for (int k = 0; k < provider->n; k++) {
        document = signature_check(signature, provider->keys[k].der, provider->keys[k].len);
        if (document == NULL) {
            continue;
        }

        root = xmlDocGetRootElement(document);
        if (saml_is(root, (const char *) parent->ns->href, (const char *) parent->name) && saml_attribute_is(root, "ID", id)) {
            return document;
        }

        xmlFreeDoc(document);
        *fault = "The signature is of something else.";
        return NULL;
    }

    *unknown_key = true;
    *fault = "The signature is not that of the identity provider.";

    return NULL;
}


static const char *
signature_form(xmlNode *signature, const char *id)
{
    char     uri[260];
    xmlNode *info = saml_child(signature, NS_SIGNATURE, "SignedInfo"), *reference = saml_child(info, NS_SIGNATURE, "Reference");

    if (signature == NULL) {
        return "There is no signature.";
    }

    if (!saml_attribute(reference, "URI", uri, sizeof(uri)) || uri[0] != '#' || strcmp(uri + 1, id) != 0) {
        return "The signature is not of what it stands in.";
    }

    if (!signature_parts_are(signature, signature_parts) || !signature_parts_are(info, info_parts)
        || !signature_parts_are(reference, reference_parts)
        || !signature_parts_are(saml_child(reference, NS_SIGNATURE, "Transforms"), transforms_parts))
    {
        return "The signature is of a kind that is not accepted: exclusive canonicalization and SHA-256 or better are needed.";
    }

    return NULL;
}


/* Exactly these elements, in this order, and no text between them. */
static bool
signature_parts_are(const xmlNode *parent, const part_t *parts)
{
    int      k;
    char     algorithm[128];
    xmlNode *node = parent == NULL ? NULL : saml_element(parent->children);

    for (; parts->name != NULL; parts++) {
        if (!saml_is(node, NS_SIGNATURE, parts->name)) {
            if (parts->optional) {
                continue;
            }
            return false;
        }

        if (parts->algorithms[0] != NULL) {
            saml_attribute(node, "Algorithm", algorithm, sizeof(algorithm));
            for (k = 0; k < ALGORITHMS && parts->algorithms[k] != NULL && strcmp(parts->algorithms[k], algorithm) != 0; k++) {
                /* one of these */
            }
            if (k == ALGORITHMS || parts->algorithms[k] == NULL) {
                return false;
            }
        }

        node = saml_element(node->next);
    }

    return node == NULL;
}


/* Its ID: a name without colon, which no other element has by an attribute of any such name. */
static bool
signature_id(xmlNode *parent, char *id, size_t size)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_", others[] = "0123456789.-";

    if (!saml_attribute(parent, "ID", id, size) || strchr(letters, id[0]) == NULL || id[0] == '\0') {
        return false;
    }

    for (const char *p = id; *p != '\0'; p++) {
        if (strchr(letters, *p) == NULL && strchr(others, *p) == NULL) {
            return false;
        }
    }

    return signature_same_ids(xmlDocGetRootElement(parent->doc), id) == 1;
}


static int
signature_same_ids(const xmlNode *node, const char *id)
{
    int      n = 0;
    xmlChar *value;

    for (xmlAttr *attribute = node->type == XML_ELEMENT_NODE ? node->properties : NULL; attribute != NULL; attribute = attribute->next) {
        if (xmlStrcasecmp(attribute->name, (const xmlChar *) "id") == 0) {
            value = xmlNodeListGetString(node->doc, attribute->children, 1);
            n += value != NULL && strcmp((char *) value, id) == 0;
            xmlFree(value);
        }
    }

    for (const xmlNode *child = node->children; child != NULL; child = child->next) {
        n += signature_same_ids(child, id);
    }

    return n;
}


/* The bytes that were digested, parsed; NULL: not a good signature of this key. */
static xmlDoc *
signature_check(xmlNode *signature, const unsigned char *der, int len)
{
    xmlDoc                 *document = NULL;
    const char             *fault;
    xmlSecBuffer           *bytes;
    xmlSecDSigCtx          *context;
    xmlSecDSigReferenceCtx *reference;

    context = xmlSecDSigCtxCreate(NULL);
    if (context == NULL) {
        return NULL;
    }

    context->flags |= XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES;
    context->enabledReferenceUris = xmlSecTransformUriTypeSameDocument;
    context->signKey = signature_key(der, len);

    if (context->signKey != NULL && signature_allow(context) && xmlSecDSigCtxVerify(context, signature) >= 0
        && context->status == xmlSecDSigStatusSucceeded && xmlSecPtrListGetSize(&context->signedInfoReferences) == 1)
    {
        reference = xmlSecPtrListGetItem(&context->signedInfoReferences, 0);
        bytes = reference == NULL ? NULL : xmlSecDSigReferenceCtxGetPreDigestBuffer(reference);
        if (bytes != NULL && xmlSecBufferGetData(bytes) != NULL) {
            document = saml_parse(xmlSecBufferGetData(bytes), xmlSecBufferGetSize(bytes), false, &fault);
        }
    }

    xmlSecDSigCtxDestroy(context);
    ERR_clear_error();

    return document;
}


static xmlSecKey *
signature_key(const unsigned char *der, int len)
{
    EVP_PKEY      *public;
    xmlSecKey     *key;
    xmlSecKeyData *data;

    public = d2i_PUBKEY(NULL, &der, len);
    if (public == NULL) {
        return NULL;
    }

    data = xmlSecOpenSSLEvpKeyAdopt(public);
    if (data == NULL) {
        EVP_PKEY_free(public);
        return NULL;
    }

    key = xmlSecKeyCreate();
    if (key == NULL || xmlSecKeySetValue(key, data) < 0) {
        xmlSecKeyDataDestroy(data);
        xmlSecKeyDestroy(key);
        return NULL;
    }

    return key;
}


/* The same algorithms once more, for xmlsec. */
static bool
signature_allow(xmlSecDSigCtx *context)
{
    const xmlSecTransformId of_references[] = {
        xmlSecTransformEnvelopedId, xmlSecTransformExclC14NId, xmlSecOpenSSLTransformSha256Id, xmlSecOpenSSLTransformSha384Id,
        xmlSecOpenSSLTransformSha512Id};
    const xmlSecTransformId of_signatures[] = {
        xmlSecTransformExclC14NId, xmlSecOpenSSLTransformRsaSha256Id, xmlSecOpenSSLTransformRsaSha384Id, xmlSecOpenSSLTransformRsaSha512Id,
        xmlSecOpenSSLTransformEcdsaSha256Id, xmlSecOpenSSLTransformEcdsaSha384Id, xmlSecOpenSSLTransformEcdsaSha512Id};

    for (size_t k = 0; k < sizeof(of_references) / sizeof(of_references[0]); k++) {
        if (xmlSecDSigCtxEnableReferenceTransform(context, of_references[k]) < 0) {
            return false;
        }
    }

    for (size_t k = 0; k < sizeof(of_signatures) / sizeof(of_signatures[0]); k++) {
        if (xmlSecDSigCtxEnableSignatureTransform(context, of_signatures[k]) < 0) {
            return false;
        }
    }

    return true;
}


/* Once a process, in whatever thread comes first; it lasts as long as the process. */
static void
signature_start(void)
{
    xmlInitParser();
    signature_ready = xmlSecInit() >= 0 && xmlSecOpenSSLInit() >= 0;
    xmlSecErrorsSetCallback(NULL);
    xmlSecErrorsDefaultCallbackEnableOutput(0);
}


/* Foreign documents do not write into the log. */
static void
signature_silent(void *context, xmlError *error)
{
}
