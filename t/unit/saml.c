/* Responses, requests and metadata of SAML: lib/saml*.c. Responses are signed here, by a key of this process. */

#include "unit.h"

#include <libxml/parser.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <tator/base64.h>
#include <tator/saml.h>
#include <tator/time.h>
#include <tator/uri.h>
#include <xmlsec/xmlsec.h>
#include <zlib.h>

#include <xmlsec/openssl/crypto.h>
#include <xmlsec/openssl/evp.h>
#include <xmlsec/templates.h>
#include <xmlsec/xmldsig.h>

#define ACS "https://tator.example.com/saml2_auth/acs/"
#define NOW INT64_C(1700000000000000) /* 2023-11-14T22:13:20Z */

#define TEXT_ISSUER    "<saml:Issuer>https://idp.example.com/</saml:Issuer>"
#define TEXT_SIGNATURE(id, method, digest)                                                                                                  \
    "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo>"                                                          \
    "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/><ds:SignatureMethod Algorithm=\"" method "\"/>"       \
    "<ds:Reference URI=\"#" id "\"><ds:Transforms><ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>"       \
    "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/></ds:Transforms><ds:DigestMethod Algorithm=\"" digest "\"/>"       \
    "<ds:DigestValue></ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue></ds:SignatureValue></ds:Signature>"
#define RSA256 "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
#define SHA256_NAME "http://www.w3.org/2001/04/xmlenc#sha256"
#define OF_ASSERTION TEXT_SIGNATURE("_assertion", RSA256, SHA256_NAME)
#define OF_RESPONSE  TEXT_SIGNATURE("_response", RSA256, SHA256_NAME)

static const char response_text[] =
    "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_response\""
    " Version=\"2.0\" IssueInstant=\"2023-11-14T22:13:10Z\" Destination=\"" ACS "\" InResponseTo=\"_request\">" TEXT_ISSUER "[response]"
    "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>"
    "<saml:Assertion ID=\"_assertion\" Version=\"2.0\" IssueInstant=\"2023-11-14T22:13:10.1234567Z\">" TEXT_ISSUER "[assertion]"
    "<saml:Subject><saml:NameID>ann</saml:NameID><saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">"
    "<saml:SubjectConfirmationData InResponseTo=\"_request\" NotOnOrAfter=\"2023-11-14T22:18:20Z\" Recipient=\"" ACS "\"/>"
    "</saml:SubjectConfirmation></saml:Subject>"
    "<saml:Conditions NotBefore=\"2023-11-14T22:13:10Z\" NotOnOrAfter=\"2023-11-14T23:13:20Z\">"
    "<saml:AudienceRestriction><saml:Audience>https://other.example.com</saml:Audience><saml:Audience> " ACS "\n</saml:Audience></saml:AudienceRestriction>"
    "</saml:Conditions><saml:AuthnStatement AuthnInstant=\"2023-11-14T22:13:10Z\"><saml:AuthnContext><saml:AuthnContextClassRef>x"
    "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
    "<saml:AttributeStatement><saml:Attribute Name=\"Email\"><saml:AttributeValue>ann@example.com</saml:AttributeValue></saml:Attribute>"
    "<saml:Attribute Name=\"urn:oid:2.5.4.42\"><saml:AttributeValue>Ann</saml:AttributeValue></saml:Attribute>"
    "<saml:Attribute Name=\"sn\"><saml:AttributeValue>&lt;Lee&gt;</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>"
    "</saml:Assertion></samlp:Response>";

/* What differs from the good response before it is signed, and after it; and what is said to that (NULL: accepted). */
typedef struct {
    const char *from, *to;
    const char *fault;
} case_t;

static struct {
    EVP_PKEY       *key;
    saml_provider_t provider;
} idp;


/* `text` with the first `from` replaced. */
static char *
replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);

    if (at == NULL) {
        fail_msg("%s is not in the text", from);
    }

    return arena_format(arena, "%.*s%s%s", (int) (at - text), text, to, at + strlen(from));
}


static xmlNode *
found(xmlNode *node, const char *name)
{
    xmlNode *inside = NULL;

    for (xmlNode *child = node->children; child != NULL && inside == NULL; child = child->next) {
        if (child->type == XML_ELEMENT_NODE) {
            inside = strcmp((const char *) child->name, name) == 0 ? child : found(child, name);
        }
    }

    return inside;
}


static void
sign(xmlDoc *document, xmlNode *parent)
{
    xmlSecKey     *key = xmlSecKeyCreate();
    xmlSecDSigCtx *context = xmlSecDSigCtxCreate(NULL);
    xmlNode       *signature = NULL;

    for (xmlNode *child = parent->children; child != NULL; child = child->next) {
        signature = strcmp((const char *) child->name, "Signature") == 0 ? child : signature;
    }
    if (signature == NULL) {
        xmlSecKeyDestroy(key);
        xmlSecDSigCtxDestroy(context);
        return;
    }

    EVP_PKEY_up_ref(idp.key);
    assert_int_equal(xmlSecKeySetValue(key, xmlSecOpenSSLEvpKeyAdopt(idp.key)), 0);
    xmlAddID(NULL, document, xmlHasProp(parent, (const xmlChar *) "ID")->children->content, xmlHasProp(parent, (const xmlChar *) "ID"));
    context->signKey = key;
    assert_int_equal(xmlSecDSigCtxSign(context, signature), 0);
    xmlSecDSigCtxDestroy(context);
}


static char *
signed_text(const char *text)
{
    int      len;
    char    *out;
    xmlDoc  *document = xmlReadMemory(text, (int) strlen(text), NULL, NULL, XML_PARSE_NONET);
    xmlChar *dumped;
    xmlNode *assertion;

    assert_non_null(document);
    assertion = found(xmlDocGetRootElement(document), "Assertion");
    if (assertion != NULL) {
        sign(document, assertion);
    }
    sign(document, xmlDocGetRootElement(document));
    xmlDocDumpMemory(document, &dumped, &len);
    out = arena_copy(arena, dumped, (size_t) len);
    xmlFree(dumped);
    xmlFreeDoc(document);

    return out;
}


static char *
response(const char *of_response, const char *of_assertion)
{
    return replaced(replaced(response_text, "[response]", of_response), "[assertion]", of_assertion);
}


/* In a buffer of just its size, so that a byte beyond is noticed. */
static void
judged(const char *text, saml_login_t *login)
{
    size_t len = strlen(text);
    char  *copy = malloc(len);

    assert_non_null(copy);
    memcpy(copy, text, len);
    saml_response_read(login, &idp.provider, ACS, NOW, copy, len);
    free(copy);
}


static void
expect(const char *text, const char *fault, const char *what)
{
    saml_login_t login;

    judged(text, &login);
    if ((login.fault == NULL) != (fault == NULL) || (fault != NULL && strstr(login.fault, fault) == NULL)) {
        fail_msg("%s: \"%s\" instead of \"%s\"", what, login.fault == NULL ? "accepted" : login.fault, fault == NULL ? "accepted" : fault);
    }
}


static int
prepare(void **state)
{
    X509          *certificate = X509_new();
    char          *base64;
    unsigned char *der = NULL;
    int            len;

    start(state);
    strcpy(idp.provider.entity, "https://idp.example.com/");
    expect(response("", OF_ASSERTION), "not that of the identity provider", "no signature yet"); /* xmlsec is there from now on */

    idp.key = EVP_RSA_gen(2048);
    X509_set_pubkey(certificate, idp.key);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 60);
    X509_sign(certificate, idp.key, EVP_sha256());
    len = i2d_X509(certificate, &der);
    base64 = base64_encode(arena, der, (size_t) len);
    OPENSSL_free(der);
    X509_free(certificate);

    base64 = arena_format(arena,
                          "<!-- a comment --><md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"https://idp.example.com/\">"
                          "<md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><md:KeyDescriptor use=\"signing\">"
                          "<ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data><ds:X509Certificate>\n%s\n</ds:X509Certificate></ds:X509Data>"
                          "</ds:KeyInfo></md:KeyDescriptor><md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\""
                          " Location=\"https://idp.example.com/sso?tenant=1\"/></md:IDPSSODescriptor></md:EntityDescriptor>", base64);

    return saml_provider_read(&idp.provider, base64, strlen(base64)) == NULL ? 0 : -1;
}


static int
finish(void **state)
{
    EVP_PKEY_free(idp.key);

    return end(state);
}


static void
a_good_response(void **state)
{
    saml_login_t login;
    const char  *forms[][2] = {{"", OF_ASSERTION}, {OF_RESPONSE, ""}, {OF_RESPONSE, OF_ASSERTION}};

    for (size_t k = 0; k < 3; k++) {
        judged(signed_text(response(forms[k][0], forms[k][1])), &login);
        assert_null(login.fault);
        assert_false(login.unsolicited);
        assert_string_equal(login.request, "_request");
        assert_string_equal(login.username, "ann");
        assert_string_equal(login.email, "ann@example.com");
        assert_string_equal(login.first_name, "Ann");
        assert_string_equal(login.last_name, "<Lee>");
        assert_int_equal(login.until, NOW + (300 + SAML_SKEW) * INT64_C(1000000));
    }
}


/* What the identity provider signs does not fit. */
static void
signed_but_wrong(void **state)
{
    static const case_t cases[] = {
        {"SAML:2.0:status:Success", "SAML:2.0:status:Responder", "did not log you in"},
        {"Destination=\"" ACS, "Destination=\"https://other.example.com/", "sent to another server"},
        {TEXT_ISSUER "[response]", "<saml:Issuer>https://other.example.com/</saml:Issuer>[response]", "of another identity provider"},
        {TEXT_ISSUER "[response]", "[response]", NULL},
        {TEXT_ISSUER "[assertion]", "<saml:Issuer>https://other.example.com/</saml:Issuer>[assertion]", "of another identity provider"},
        {TEXT_ISSUER "[assertion]", "[assertion]", "of another identity provider"},
        {"IssueInstant=\"2023-11-14T22:13:10.1234567Z\"", "IssueInstant=\"2023-11-14T22:16:00Z\"", "of another time"},
        {"IssueInstant=\"2023-11-14T22:13:10.1234567Z\"", "IssueInstant=\"2023-11-14T22:15:00Z\"", NULL},
        {"IssueInstant=\"2023-11-14T22:13:10.1234567Z\"", "IssueInstant=\"soon\"", "of another time"},
        {"cm:bearer", "cm:sender-vouches", "its bearer"},
        {"Recipient=\"" ACS, "Recipient=\"https://other.example.com/", "another recipient"},
        {"Recipient=\"" ACS "\"", "", "another recipient"},
        {"Data InResponseTo=\"_request\"", "Data InResponseTo=\"_other\"", "another request"},
        {"Data InResponseTo=\"_request\"", "Data", "another request"},
        {" NotOnOrAfter=\"2023-11-14T22:18:20Z\"", "", "expired"},
        {" NotOnOrAfter=\"2023-11-14T22:18:20Z\"", " NotOnOrAfter=\"2023-11-14T22:11:20Z\"", "expired"},
        {" NotOnOrAfter=\"2023-11-14T22:18:20Z\"", " NotOnOrAfter=\"2023-11-14T22:11:21Z\"", NULL},
        {"NotBefore=\"2023-11-14T22:13:10Z\"", "NotBefore=\"2023-11-14T22:15:21Z\"", "not valid yet"},
        {"NotBefore=\"2023-11-14T22:13:10Z\"", "NotBefore=\"2023-11-14T22:15:20Z\"", NULL},
        {"NotOnOrAfter=\"2023-11-14T23:13:20Z\"", "NotOnOrAfter=\"2023-11-14T22:11:20Z\"", "expired"},
        {"NotOnOrAfter=\"2023-11-14T23:13:20Z\"", "NotOnOrAfter=\"\"", "expired"},
        {" " ACS "\n", "https://another.example.com", "for another server"},
        {" " ACS "\n", ACS "x", "for another server"},
        {" " ACS "\n", "<x xmlns=\"\">" ACS "</x>", "for another server"},
        {"</saml:Conditions>", "<saml:AudienceRestriction><saml:Audience>x</saml:Audience></saml:AudienceRestriction></saml:Conditions>", "for another server"},
        {"</saml:Conditions>", "<saml:OneTimeUse/><saml:ProxyRestriction Count=\"0\"/></saml:Conditions>", NULL},
        {"</saml:Conditions>", "<saml:Condition/></saml:Conditions>", "does not know"},
        {"<saml:AuthnStatement ", "<saml:AuthnStatement SessionNotOnOrAfter=\"2023-11-14T20:00:00Z\" ", "has ended"},
        {"<saml:AuthnStatement ", "<saml:AuthnStatement SessionNotOnOrAfter=\"2023-11-15T20:00:00+02:00\" ", NULL},
        {"saml:NameID>ann</saml:NameID", "saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\">ann</saml:NameID", "no name of a user"},
        {"<saml:NameID>ann</saml:NameID>", "", "no name of a user"},
        {"<saml:NameID>ann</saml:NameID>", "<saml:NameID>a\tn</saml:NameID>", "can not be used"},
        {"Name=\"sn\"", "Name=\"uid\"", NULL},
        {"<saml:AttributeValue>Ann</saml:AttributeValue>", "", NULL},
        {"Name=\"sn\"><saml:AttributeValue>", "Name=\"uid\"><saml:AttributeValue>ann</saml:AttributeValue><saml:AttributeValue>", "can not be used"},
        {"Version=\"2.0\" IssueInstant=\"2023-11-14T22:13:10Z\"", "Version=\"1.1\" IssueInstant=\"2023-11-14T22:13:10Z\"", "not a response"},
        {"ID=\"_assertion\" Version=\"2.0\"", "ID=\"_assertion\" Version=\"2.1\"", "not an assertion"},
        {"ID=\"_assertion\"", "ID=\"a b\"", "no ID of its own"},
        {"#_assertion\"", "#xpointer(id('_assertion'))\"", "not of what it stands in"},
    };

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        char *text;

        if (strstr(cases[k].from, "#_assertion") != NULL || strcmp(cases[k].to, "ID=\"a b\"") == 0) { /* can not be signed so */
            text = replaced(signed_text(response("", OF_ASSERTION)), cases[k].from, cases[k].to);
        } else {
            text = replaced(response_text, cases[k].from, cases[k].to);
            text = signed_text(replaced(replaced(text, "[response]", ""), "[assertion]", OF_ASSERTION));
        }
        expect(text, cases[k].fault, cases[k].to);
    }
}


/* What is changed after it was signed. */
static void
tampered(void **state)
{
    static const case_t cases[] = {
        {">ann<", ">bob<", "not that of the identity provider"},
        {">ann<", ">a<!-- -->nn<", "comments"},
        {">ann<", ">a<?x y?>nn<", "processing instructions"},
        {">ann<", "><![CDATA[ann]]><", NULL}, /* the same to a canonical reader */
        {"<samlp:Response", "<!DOCTYPE samlp:Response [<!ENTITY x \"y\">]><samlp:Response", "document type"},
        {"<samlp:Response", "<!DOCTYPE samlp:Response SYSTEM \"http://127.0.0.1:9/x.dtd\"><samlp:Response", "document type"},
        {"<samlp:Response", "<!-- x --><samlp:Response", "comments"},
        {"</samlp:Response>", "</samlp:Response>x", "well-formed"},
        {">ann<", ">&x;<", "well-formed"},
        {"<ds:SignatureValue>", "<ds:SignatureValue>AAAA", "not that of the identity provider"},
        {"<ds:DigestValue>", "<ds:DigestValue>AAAA", "not that of the identity provider"},
        {"<samlp:Status>", "<samlp:Extensions><x xmlns=\"\" Id=\"_assertion\"/></samlp:Extensions><samlp:Status>", "no ID of its own"},
        {"<samlp:Status>", "<samlp:Extensions><x xmlns=\"\" xml:id=\"_assertion\"/></samlp:Extensions><samlp:Status>", "no ID of its own"},
        {"<samlp:Status>", "<samlp:Extensions><saml:Assertion/></samlp:Extensions><samlp:Status>", "more than one assertion"},
        {"</samlp:Response>", "<saml:EncryptedAssertion/></samlp:Response>", "encrypted"},
        {"</ds:Signature>", "<ds:Object/></ds:Signature>", "kind that is not accepted"},
        {"</ds:Reference>", "</ds:Reference><ds:Reference URI=\"#x\"/>", "kind that is not accepted"},
        {"enveloped-signature\"/>", "enveloped-signature\"/><ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"/>", "kind that is not accepted"},
        {"xmldsig-more#rsa-sha256", "xmldsig-more#hmac-sha256", "kind that is not accepted"},
    };

    char *good = signed_text(response("", OF_ASSERTION));

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        expect(replaced(good, cases[k].from, cases[k].to), cases[k].fault, cases[k].to);
    }

    expect(response("", ""), "Nothing in the response is signed", "unsigned");
    expect(replaced(response("", ""), "InResponseTo=\"_request\">", ">"), NULL, "unsolicited");
    expect(replaced(signed_text(response(OF_RESPONSE, "")), "Destination=\"" ACS "\"", ""), "not that of the identity provider", "no destination");
    expect(signed_text(replaced(response(OF_RESPONSE, ""), " Destination=\"" ACS "\"", "")), "sent to another server", "no destination, signed");
    expect(good + 1, "well-formed", "cut");
    expect("", "well-formed", "empty");
}


/* Only the good algorithms. */
static void
algorithms(void **state)
{
    static const struct {
        const char *of, *fault;
    } cases[] = {
        {TEXT_SIGNATURE("_assertion", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", "http://www.w3.org/2001/04/xmldsig-more#sha384"), NULL},
        {TEXT_SIGNATURE("_assertion", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", "http://www.w3.org/2001/04/xmlenc#sha512"), NULL},
        {TEXT_SIGNATURE("_assertion", "http://www.w3.org/2000/09/xmldsig#rsa-sha1", SHA256_NAME), "SHA-256 or better"},
        {TEXT_SIGNATURE("_assertion", RSA256, "http://www.w3.org/2000/09/xmldsig#sha1"), "SHA-256 or better"},
        {TEXT_SIGNATURE("_assertion", "http://www.w3.org/2001/04/xmldsig-more#rsa-md5", SHA256_NAME), "SHA-256 or better"},
    };

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        expect(k == 4 ? response("", cases[k].of) : signed_text(response("", cases[k].of)), cases[k].fault, "algorithm");
    }
}


/* Replays are told by issuer and ID, whatever else differs. */
static void
the_same_assertion(void **state)
{
    saml_login_t first, second, other;

    judged(signed_text(response("", OF_ASSERTION)), &first);
    judged(signed_text(response(OF_RESPONSE, OF_ASSERTION)), &second);
    judged(signed_text(replaced(response("", TEXT_SIGNATURE("_x", RSA256, SHA256_NAME)), "ID=\"_assertion\"", "ID=\"_x\"")), &other);
    assert_string_equal(first.id, second.id);
    assert_string_not_equal(first.id, other.id);
    assert_int_equal(strlen(first.id), 64);
}


static void
metadata(void **state)
{
    text_t          text;
    saml_provider_t provider;

    assert_string_equal(idp.provider.entity, "https://idp.example.com/");
    assert_string_equal(idp.provider.redirect, "https://idp.example.com/sso?tenant=1");
    assert_string_equal(idp.provider.post, "");
    assert_int_equal(idp.provider.n, 1);

    text_start(&text, arena, 64);
    saml_metadata_write(&text, "https://h/&");
    assert_non_null(strstr(arena_copy(arena, text.data, text.len), "entityID=\"https://h/&amp;\""));
    assert_string_equal(saml_provider_read(&provider, text.data, text.len), "The metadata does not describe exactly one identity provider of SAML 2.0.");
    assert_non_null(saml_provider_read(&provider, "<x", 2));
    assert_non_null(strstr(saml_provider_read(&provider, "<!DOCTYPE x><x/>", 16), "document type"));
}


/* The URL carries the request, deflated. */
static void
requests(void **state)
{
    char           id[SAML_ID], *url, *value;
    text_t         request;
    size_t         len;
    z_stream       stream = {0};
    unsigned char *packed, plain[2048];

    saml_request_id(id);
    assert_int_equal(strlen(id), SAML_ID - 1);
    text_start(&request, arena, 64);
    saml_request_write(&request, id, NOW, ACS, "https://idp.example.com/sso?tenant=1&x=2");
    url = saml_request_url(arena, "https://idp.example.com/sso?tenant=1", &request);
    assert_memory_equal(url, "https://idp.example.com/sso?tenant=1&SAMLRequest=", 49);

    value = uri_query_value(arena, uri_split(url).query, "SAMLRequest");
    packed = base64_decode(arena, value, strlen(value), &len);
    assert_non_null(packed);
    assert_int_equal(inflateInit2(&stream, -MAX_WBITS), Z_OK);
    stream.next_in = packed;
    stream.avail_in = (uInt) len;
    stream.next_out = plain;
    stream.avail_out = sizeof(plain);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    inflateEnd(&stream);
    assert_int_equal(stream.total_out, request.len);
    assert_memory_equal(plain, request.data, request.len);
    plain[stream.total_out] = '\0';
    assert_non_null(strstr((char *) plain, "Destination=\"https://idp.example.com/sso?tenant=1&amp;x=2\""));
    assert_non_null(strstr((char *) plain, "IssueInstant=\"2023-11-14T22:13:20Z\""));
    assert_non_null(strstr((char *) plain, arena_format(arena, "ID=\"%s\"", id)));
    assert_non_null(strstr((char *) plain, "<saml:Issuer>" ACS "</saml:Issuer>"));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_response), cmocka_unit_test(signed_but_wrong), cmocka_unit_test(tampered), cmocka_unit_test(algorithms),
        cmocka_unit_test(the_same_assertion), cmocka_unit_test(metadata), cmocka_unit_test(requests),
    };

    return cmocka_run_group_tests(tests, prepare, finish);
}
