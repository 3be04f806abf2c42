/*
 * Foreign XML for SAML (saml_xml.h), on libxml2. Whatever could make two readers see two documents is refused while it is parsed: document types
 * (entities, default attributes, declared IDs), comments and processing instructions (texts fall apart at them).
 */

#include <string.h>

#include <libxml/parser.h>

#include "saml_xml.h"

#define SAML_DEPTH 40

static const char *saml_trimmed(const xmlNode *node, xmlChar **text, size_t *len);
static void saml_refuse_subset(void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system);
static void saml_refuse_comment(void *context, const xmlChar *text);
static void saml_refuse_instruction(void *context, const xmlChar *target, const xmlChar *data);
static void saml_skip_comment(void *context, const xmlChar *text);
static void saml_refuse(xmlParserCtxt *context, const char *what);
static bool saml_plain(const xmlNode *root);


xmlDoc *
saml_parse(const void *xml, size_t len, bool comments, const char **fault)
{
    xmlDoc        *document;
    const char    *refused = NULL;
    xmlParserCtxt *context;

    context = len > SAML_METADATA_LIMIT ? NULL : xmlNewParserCtxt();
    if (context == NULL) {
        *fault = len > SAML_METADATA_LIMIT ? "The document is too large." : "No memory.";
        return NULL;
    }

    context->_private = &refused;
    context->sax->internalSubset = saml_refuse_subset;
    context->sax->externalSubset = saml_refuse_subset;
    context->sax->comment = comments ? saml_skip_comment : saml_refuse_comment;
    context->sax->processingInstruction = saml_refuse_instruction;

    document = xmlCtxtReadMemory(context, xml, (int) len, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA);
    if (document != NULL && refused == NULL
        && (document->intSubset != NULL || document->extSubset != NULL || !saml_plain(xmlDocGetRootElement(document))))
    {
        refused = "The document has parts that are not accepted.";
    }

    if (document != NULL && refused != NULL) {
        xmlFreeDoc(document);
        document = NULL;
    }

    xmlFreeParserCtxt(context);
    *fault = refused != NULL ? refused : "The document is not well-formed XML.";

    return document;
}


bool
saml_is(const xmlNode *node, const char *space, const char *name)
{
    return node != NULL && node->type == XML_ELEMENT_NODE && node->ns != NULL && strcmp((const char *) node->name, name) == 0
           && strcmp((const char *) node->ns->href, space) == 0;
}


xmlNode *
saml_child(const xmlNode *parent, const char *space, const char *name)
{
    for (xmlNode *child = parent == NULL ? NULL : parent->children; child != NULL; child = child->next) {
        if (saml_is(child, space, name)) {
            return child;
        }
    }

    return NULL;
}


xmlNode *
saml_next(const xmlNode *node)
{
    for (xmlNode *next = node == NULL ? NULL : node->next; next != NULL; next = next->next) {
        if (saml_is(next, (const char *) node->ns->href, (const char *) node->name)) {
            return next;
        }
    }

    return NULL;
}


xmlNode *
saml_element(const xmlNode *first)
{
    while (first != NULL && first->type != XML_ELEMENT_NODE) {
        first = first->next;
    }

    return (xmlNode *) first;
}


bool
saml_attribute(const xmlNode *node, const char *name, char *out, size_t size)
{
    size_t   len;
    xmlChar *value;

    *out = '\0';
    value = node == NULL ? NULL : xmlGetNoNsProp((xmlNode *) node, (const xmlChar *) name);
    if (value == NULL) {
        return false;
    }

    len = strlen((char *) value);
    if (len < size) {
        memcpy(out, value, len + 1);
    }
    xmlFree(value);

    return len < size;
}


bool
saml_content(const xmlNode *node, char *out, size_t size)
{
    size_t      len = 0;
    xmlChar    *text;
    const char *begin = saml_trimmed(node, &text, &len);

    *out = '\0';
    if (begin != NULL && len < size) {
        memcpy(out, begin, len);
        out[len] = '\0';
    }
    xmlFree(text);

    return begin != NULL && len < size;
}


bool
saml_content_is(const xmlNode *node, const char *value)
{
    bool        same;
    size_t      len = 0;
    xmlChar    *text;
    const char *begin = saml_trimmed(node, &text, &len);

    same = begin != NULL && len == strlen(value) && memcmp(begin, value, len) == 0;
    xmlFree(text);

    return same;
}


bool
saml_has(const xmlNode *node, const char *name)
{
    return node != NULL && xmlHasNsProp((xmlNode *) node, (const xmlChar *) name, NULL) != NULL;
}


bool
saml_attribute_is(const xmlNode *node, const char *name, const char *value)
{
    bool     same;
    xmlChar *found = node == NULL ? NULL : xmlGetNoNsProp((xmlNode *) node, (const xmlChar *) name);

    same = found != NULL && strcmp((char *) found, value) == 0;
    xmlFree(found);

    return same;
}


/* The depth is bounded by saml_parse(). */
int
saml_count(const xmlNode *node, const char *space, const char *name)
{
    int n = saml_is(node, space, name);

    for (const xmlNode *child = node->children; child != NULL; child = child->next) {
        n += saml_count(child, space, name);
    }

    return n;
}


/* The part of *text, which the caller frees; NULL: there is none. */
static const char *
saml_trimmed(const xmlNode *node, xmlChar **text, size_t *len)
{
    const char *begin;

    *text = node == NULL || saml_element(node->children) != NULL ? NULL : xmlNodeGetContent((xmlNode *) node);
    if (*text == NULL) {
        return NULL;
    }

    begin = (char *) *text + strspn((char *) *text, " \t\r\n");
    *len = strlen(begin);
    while (*len > 0 && strchr(" \t\r\n", begin[*len - 1]) != NULL) {
        (*len)--;
    }

    return begin;
}


static void
saml_refuse_subset(void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    saml_refuse(context, "The document has a document type, which is not accepted.");
}


static void
saml_refuse_comment(void *context, const xmlChar *text)
{
    saml_refuse(context, "The document has comments, which are not accepted.");
}


static void
saml_refuse_instruction(void *context, const xmlChar *target, const xmlChar *data)
{
    saml_refuse(context, "The document has processing instructions, which are not accepted.");
}


static void
saml_skip_comment(void *context, const xmlChar *text)
{
}


static void
saml_refuse(xmlParserCtxt *context, const char *what)
{
    *(const char **) context->_private = what;
    xmlStopParser(context);
}


/* Elements and text, and not too deep: without recursion, which the depth could misuse. */
static bool
saml_plain(const xmlNode *root)
{
    int            depth = 0;
    const xmlNode *node = root;

    while (node != NULL) {
        if ((node->type != XML_ELEMENT_NODE && node->type != XML_TEXT_NODE) || depth > SAML_DEPTH) {
            return false;
        }

        if (node->type == XML_ELEMENT_NODE && node->children != NULL) {
            node = node->children;
            depth++;
            continue;
        }

        while (node != root && node->next == NULL) {
            node = node->parent;
            depth--;
        }
        node = node == root ? NULL : node->next;
    }

    return root != NULL;
}
