/*
 * Foreign XML for SAML: elements, attributes and text alone. Shared by lib/saml_*.c.
 */

#ifndef TATOR_SAML_XML_H
#define TATOR_SAML_XML_H

#include <stdbool.h>

#include <libxml/tree.h>
#include <tator/saml.h>

#define NS_PROTOCOL  "urn:oasis:names:tc:SAML:2.0:protocol"
#define NS_ASSERTION "urn:oasis:names:tc:SAML:2.0:assertion"
#define NS_METADATA  "urn:oasis:names:tc:SAML:2.0:metadata"
#define NS_SIGNATURE "http://www.w3.org/2000/09/xmldsig#"

#define BINDING_REDIRECT "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
#define BINDING_POST     "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"

/* The document, which the caller frees; NULL and a static text for: not well-formed, a document type, comments or processing instructions,
   nested too deep. Nothing is loaded from anywhere. Metadata may have comments: they are left out. */
xmlDoc *saml_parse(const void *xml, size_t len, bool comments, const char **fault);

bool saml_is(const xmlNode *node, const char *space, const char *name);

/* The first child element of that name, and the next sibling of it; NULL is a fine argument. */
xmlNode *saml_child(const xmlNode *parent, const char *space, const char *name);
xmlNode *saml_next(const xmlNode *node);

/* The first or next child element of any name. */
xmlNode *saml_element(const xmlNode *first);

/* Copy an attribute without namespace, or the text of an element without surrounding white space. false, and "": absent, has elements in it, or
   does not fit. */
bool saml_attribute(const xmlNode *node, const char *name, char *out, size_t size);
bool saml_content(const xmlNode *node, char *out, size_t size);

/* Whether the attribute (without namespace) is there, whether it is this, and whether this is what saml_content() finds. */
bool saml_has(const xmlNode *node, const char *name);
bool saml_attribute_is(const xmlNode *node, const char *name, const char *value);
bool saml_content_is(const xmlNode *node, const char *value);

/* How many elements of that name are in the tree below `node`, itself included. */
int saml_count(const xmlNode *node, const char *space, const char *name);

/* Check the signature that stands in `parent` (a direct child of it): of one of the provider's keys, over the whole of `parent`, by safe
   algorithms. The bytes that were signed, parsed: a document whose root is what `parent` was, without the signature; the caller frees it. NULL and
   a static text otherwise; *unknown_key: no key fits, but everything else does. */
xmlDoc *saml_signed(xmlNode *parent, const saml_provider_t *provider, const char **fault, bool *unknown_key);

#endif
