/*
 * Responses of SAML (saml.h). In this order: the form of the document that came, its signatures, and then what the signed bytes say
 * (saml-profiles-2.0-os §4.1.4.2, §4.1.4.3).
 */

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <tator/crypto.h>
#include <tator/time.h>

#include "saml_xml.h"

#define SECOND      INT64_C(1000000)
#define STATUS_GOOD "urn:oasis:names:tc:SAML:2.0:status:Success"
#define BEARER      "urn:oasis:names:tc:SAML:2.0:cm:bearer"
#define TRANSIENT   "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
#define MAIL_FORMAT "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
#define CLAIMS      "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"

typedef struct {
    const saml_provider_t *provider;
    const char            *acs;
    int64_t                now;
    saml_login_t          *login;
} judge_t;

/* Names that identity providers give to what is wanted, in any case; the first that is there counts. */
typedef struct {
    size_t      offset, size;
    const char *names[8];
} wanted_t;

#define WANTED(field, ...) {offsetof(saml_login_t, field), sizeof(((saml_login_t *) 0)->field), {__VA_ARGS__}}

static const wanted_t wanted[] = {
    WANTED(username, "username", "user.username", "uid", "urn:oid:0.9.2342.19200300.100.1.1", CLAIMS "name"),
    WANTED(email, "email", "user.email", "mail", "emailAddress", "urn:oid:0.9.2342.19200300.100.1.3", CLAIMS "emailaddress"),
    WANTED(first_name, "first_name", "user.first_name", "firstName", "givenName", "urn:oid:2.5.4.42", CLAIMS "givenname"),
    WANTED(last_name, "last_name", "user.last_name", "lastName", "sn", "surname", "urn:oid:2.5.4.4", CLAIMS "surname"),
};

static void        response_judge(judge_t *judge, xmlNode *response);
static const char *response_form(const xmlNode *response);
static const char *response_says(judge_t *judge, const xmlNode *response, bool is_signed);
static const char *assertion_says(judge_t *judge, const xmlNode *assertion);
static const char *assertion_subject(judge_t *judge, const xmlNode *subject);
static const char *assertion_confirmation(judge_t *judge, const xmlNode *data);
static const char *assertion_conditions(judge_t *judge, const xmlNode *conditions);
static bool        assertion_for_us(const xmlNode *restriction, const char *audience);
static const char *assertion_session(judge_t *judge, const xmlNode *statement);
static const char *assertion_person(judge_t *judge, const xmlNode *assertion);
static const char *assertion_attribute(const xmlNode *assertion, const wanted_t *want, saml_login_t *login);
static bool        text_plain(const char *text);
static bool        time_within(judge_t *judge, const xmlNode *node);
static bool        time_of(const xmlNode *node, const char *name, int64_t *instant, bool *there);


void
saml_response_read(saml_login_t *login, const saml_provider_t *provider, const char *acs, int64_t now, const void *xml, size_t len)
{
    xmlDoc  *document;
    judge_t  judge = {.provider = provider, .acs = acs, .now = now, .login = login};

    memset(login, 0, sizeof(saml_login_t));
    login->until = INT64_MAX;

    if (len > SAML_LIMIT) {
        login->fault = "The response is too large.";
        return;
    }

    document = saml_parse(xml, len, false, &login->fault);
    if (document == NULL) {
        return;
    }

    login->fault = NULL;
    response_judge(&judge, xmlDocGetRootElement(document));
    xmlFreeDoc(document);
}


/* What comes first is of the document as it came, and only ever refuses. */
static void
response_judge(judge_t *judge, xmlNode *response)
{
    xmlDoc       *of_response = NULL, *of_assertion = NULL;
    xmlNode      *assertion;
    saml_login_t *login = judge->login;

    login->fault = response_form(response);
    if (login->fault == NULL) {
        login->fault = response_says(judge, response, false);
    }
    if (login->fault != NULL || login->unsolicited) {
        return;
    }

    login->fault = "Nothing in the response is signed.";
    assertion = saml_child(response, NS_ASSERTION, "Assertion");

    if (saml_child(assertion, NS_SIGNATURE, "Signature") != NULL) {
        of_assertion = saml_signed(assertion, judge->provider, &login->fault, &login->unknown_key);
        if (of_assertion == NULL) {
            return;
        }
        assertion = xmlDocGetRootElement(of_assertion);
        login->fault = NULL;
    }

    if (saml_child(response, NS_SIGNATURE, "Signature") != NULL) {
        of_response = saml_signed(response, judge->provider, &login->fault, &login->unknown_key);
        if (of_response == NULL) {
            goto done;
        }
        response = xmlDocGetRootElement(of_response);
        login->fault = response_says(judge, response, true);
        if (of_assertion == NULL) {
            assertion = saml_child(response, NS_ASSERTION, "Assertion");
        }
    }

    if (login->fault == NULL) {
        login->fault = assertion_says(judge, assertion);
    }

done:
    xmlFreeDoc(of_assertion);
    xmlFreeDoc(of_response);
}


/* One response with one assertion in it, and signatures where they belong: also what stands elsewhere counts. */
static const char *
response_form(const xmlNode *response)
{
    int            signatures = 0;
    const xmlNode *assertion = saml_child(response, NS_ASSERTION, "Assertion");

    if (!saml_is(response, NS_PROTOCOL, "Response") || saml_count(response, NS_PROTOCOL, "Response") != 1
        || !saml_attribute_is(response, "Version", "2.0"))
    {
        return "This is not a response of SAML 2.0.";
    }

    if (saml_count(response, NS_ASSERTION, "EncryptedAssertion") != 0) {
        return "The assertion is encrypted, which this server can not read: turn that off at the identity provider.";
    }

    for (const xmlNode *node = saml_child(response, NS_SIGNATURE, "Signature"); node != NULL; node = saml_next(node)) {
        signatures++;
    }
    if (signatures > 1) {
        return "The response has signatures in places where none belongs.";
    }

    if (assertion == NULL) {
        return saml_count(response, NS_SIGNATURE, "Signature") == signatures ? NULL : "The response has signatures in places where none belongs.";
    }

    if (saml_count(response, NS_ASSERTION, "Assertion") != 1) {
        return "The response has more than one assertion.";
    }

    signatures += saml_child(assertion, NS_SIGNATURE, "Signature") != NULL;

    return saml_count(response, NS_SIGNATURE, "Signature") == signatures ? NULL : "The response has signatures in places where none belongs.";
}


static const char *
response_says(judge_t *judge, const xmlNode *response, bool is_signed)
{
    const xmlNode *issuer = saml_child(response, NS_ASSERTION, "Issuer");

    if (!saml_attribute_is(saml_child(saml_child(response, NS_PROTOCOL, "Status"), NS_PROTOCOL, "StatusCode"), "Value", STATUS_GOOD)) {
        return "The identity provider did not log you in.";
    }

    if (saml_has(response, "Destination") ? !saml_attribute_is(response, "Destination", judge->acs) : is_signed) {
        return "The response was sent to another server.";
    }

    if (issuer != NULL && !saml_content_is(issuer, judge->provider->entity)) {
        return "The response is of another identity provider.";
    }

    if (saml_child(response, NS_ASSERTION, "Assertion") == NULL) {
        return "The response has no assertion.";
    }

    if (!saml_has(response, "InResponseTo")) {
        judge->login->unsolicited = !is_signed;
        return is_signed ? "The response does not say what it answers." : NULL;
    }

    return saml_attribute(response, "InResponseTo", judge->login->request, sizeof(judge->login->request)) ? NULL
           : "The response answers another request.";
}


/* Of signed bytes. */
static const char *
assertion_says(judge_t *judge, const xmlNode *assertion)
{
    int64_t        issued;
    bool           there;
    char           id[256];
    const char    *fault;
    unsigned char  digest[SHA256_LENGTH];
    digest_t      *hash;

    if (!saml_is(assertion, NS_ASSERTION, "Assertion") || !saml_attribute_is(assertion, "Version", "2.0")
        || !saml_attribute(assertion, "ID", id, sizeof(id)))
    {
        return "This is not an assertion of SAML 2.0.";
    }

    if (!saml_content_is(saml_child(assertion, NS_ASSERTION, "Issuer"), judge->provider->entity)) {
        return "The assertion is of another identity provider.";
    }

    if (!time_of(assertion, "IssueInstant", &issued, &there) || !there || issued > judge->now + SAML_SKEW * SECOND) {
        return "The assertion is of another time.";
    }

    fault = assertion_subject(judge, saml_child(assertion, NS_ASSERTION, "Subject"));
    if (fault == NULL) {
        fault = assertion_conditions(judge, saml_child(assertion, NS_ASSERTION, "Conditions"));
    }
    if (fault == NULL) {
        fault = assertion_session(judge, saml_child(assertion, NS_ASSERTION, "AuthnStatement"));
    }
    if (fault == NULL) {
        fault = assertion_person(judge, assertion);
    }
    if (fault != NULL) {
        return fault;
    }

    hash = digest_sha256();
    digest_add(hash, judge->provider->entity, strlen(judge->provider->entity) + 1);
    digest_add(hash, id, strlen(id));
    digest_finish(hash, digest);
    digest_free(hash);
    hex_encode(judge->login->id, digest, sizeof(digest));

    return NULL;
}


/* One bearer confirmation that holds is enough. */
static const char *
assertion_subject(judge_t *judge, const xmlNode *subject)
{
    const char *fault = "The assertion does not say that its bearer may be logged in.";

    for (xmlNode *node = saml_child(subject, NS_ASSERTION, "SubjectConfirmation"); node != NULL; node = saml_next(node)) {
        if (saml_attribute_is(node, "Method", BEARER)) {
            fault = assertion_confirmation(judge, saml_child(node, NS_ASSERTION, "SubjectConfirmationData"));
            if (fault == NULL) {
                return NULL;
            }
        }
    }

    return fault;
}


static const char *
assertion_confirmation(judge_t *judge, const xmlNode *data)
{
    if (!saml_attribute_is(data, "Recipient", judge->acs)) {
        return "The assertion is for another recipient.";
    }

    if (!saml_attribute_is(data, "InResponseTo", judge->login->request)) {
        return "The assertion answers another request.";
    }

    if (!saml_has(data, "NotOnOrAfter") || !time_within(judge, data)) {
        return "The assertion has expired, or is not valid yet.";
    }

    return NULL;
}


/* Whatever condition is not understood makes it void (saml-core-2.0-os §2.5.1.1). */
static const char *
assertion_conditions(judge_t *judge, const xmlNode *conditions)
{
    bool audience = false;

    if (conditions == NULL || !time_within(judge, conditions)) {
        return "The assertion has expired, or is not valid yet.";
    }

    for (xmlNode *node = saml_element(conditions->children); node != NULL; node = saml_element(node->next)) {
        if (saml_is(node, NS_ASSERTION, "AudienceRestriction")) {
            if (!assertion_for_us(node, judge->acs)) {
                return "The assertion is for another server.";
            }
            audience = true;

        } else if (!saml_is(node, NS_ASSERTION, "OneTimeUse") && !saml_is(node, NS_ASSERTION, "ProxyRestriction")) {
            return "The assertion has a condition that this server does not know.";
        }
    }

    return audience ? NULL : "The assertion is for another server.";
}


static bool
assertion_for_us(const xmlNode *restriction, const char *audience)
{
    for (xmlNode *node = saml_child(restriction, NS_ASSERTION, "Audience"); node != NULL; node = saml_next(node)) {
        if (saml_content_is(node, audience)) {
            return true;
        }
    }

    return false;
}


static const char *
assertion_session(judge_t *judge, const xmlNode *statement)
{
    bool    there;
    int64_t end;

    if (statement == NULL) {
        return "The assertion does not say that anybody has logged in.";
    }

    if (!time_of(statement, "SessionNotOnOrAfter", &end, &there) || (there && end <= judge->now - SAML_SKEW * SECOND)) {
        return "The session at the identity provider has ended.";
    }

    return NULL;
}


/* The attributes that are wanted; else the name that the subject has at the identity provider. */
static const char *
assertion_person(judge_t *judge, const xmlNode *assertion)
{
    char           name[255];
    const char    *fault;
    const xmlNode *id = saml_child(saml_child(assertion, NS_ASSERTION, "Subject"), NS_ASSERTION, "NameID");
    saml_login_t  *login = judge->login;

    for (size_t k = 0; k < sizeof(wanted) / sizeof(wanted[0]); k++) {
        fault = assertion_attribute(assertion, &wanted[k], login);
        if (fault != NULL) {
            return fault;
        }
    }

    if (id != NULL && (!saml_content(id, name, sizeof(name)) || !text_plain(name))) {
        return "The name of the user can not be used.";
    }

    if (login->username[0] == '\0' && id != NULL && !saml_attribute_is(id, "Format", TRANSIENT)) {
        if (strlen(name) >= sizeof(login->username)) {
            return "The name of the user can not be used.";
        }
        memcpy(login->username, name, strlen(name) + 1);
    }

    if (login->username[0] == '\0') {
        return "The assertion has no name of a user.";
    }

    /* contract/accounts.md §3.8 */
    if (login->email[0] == '\0') {
        snprintf(login->email, sizeof(login->email), "%s", id != NULL && saml_attribute_is(id, "Format", MAIL_FORMAT) ? name : login->username);
    }

    return NULL;
}


static const char *
assertion_attribute(const xmlNode *assertion, const wanted_t *want, saml_login_t *login)
{
    char     name[256], *out = (char *) login + want->offset;
    xmlNode *value;

    for (size_t k = 0; k < sizeof(want->names) / sizeof(want->names[0]) && want->names[k] != NULL; k++) {
        for (xmlNode *all = saml_child(assertion, NS_ASSERTION, "AttributeStatement"); all != NULL; all = saml_next(all)) {
            for (xmlNode *node = saml_child(all, NS_ASSERTION, "Attribute"); node != NULL; node = saml_next(node)) {
                if (!saml_attribute(node, "Name", name, sizeof(name)) || strcasecmp(name, want->names[k]) != 0) {
                    continue;
                }

                value = saml_child(node, NS_ASSERTION, "AttributeValue");
                if (value == NULL) {
                    continue;
                }
                if (!saml_content(value, out, want->size) || !text_plain(out)
                    || (want->offset == offsetof(saml_login_t, username) && saml_next(value)))
                {
                    return "An attribute of the user can not be used.";
                }
                return NULL;
            }
        }
    }

    return NULL;
}


/* Without control characters. */
static bool
text_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char) *text < 0x20 || *text == 0x7f) {
            return false;
        }
    }

    return true;
}


/* From NotBefore until NotOnOrAfter, with the clocks' difference; the earliest end is remembered. */
static bool
time_within(judge_t *judge, const xmlNode *node)
{
    bool    begins, ends;
    int64_t begin, end;

    if (!time_of(node, "NotBefore", &begin, &begins) || !time_of(node, "NotOnOrAfter", &end, &ends)) {
        return false;
    }

    if ((begins && begin > judge->now + SAML_SKEW * SECOND) || (ends && end <= judge->now - SAML_SKEW * SECOND)) {
        return false;
    }

    if (ends && end + SAML_SKEW * SECOND < judge->login->until) {
        judge->login->until = end + SAML_SKEW * SECOND;
    }

    return true;
}


/* false: there, but not a time. */
static bool
time_of(const xmlNode *node, const char *name, int64_t *instant, bool *there)
{
    char       text[64];
    datetime_t datetime;

    *there = saml_has(node, name);
    if (!*there) {
        return true;
    }

    if (!saml_attribute(node, name, text, sizeof(text)) || !time_parse_rfc3339(text, strlen(text), &datetime)) {
        return false;
    }

    *instant = time_instant(&datetime, 0);

    return true;
}
