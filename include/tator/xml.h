/*
 * The small XML documents of object stores, read by Expat into a tree in an arena, and text escaped for writing them.
 */

#ifndef TATOR_XML_H
#define TATOR_XML_H

#include <tator/arena.h>
#include <tator/json.h>

#define XML_DEPTH_LIMIT 16

typedef struct xml_s xml_t;
struct xml_s {
    const char *name; /* without prefix */
    const char *text; /* its own character data, joined; never NULL */
    xml_t      *children, *next;
};

/* The root element; NULL: not well-formed, nested too deep, or with a document type (entities are refused). */
xml_t *xml_parse(arena_t *arena, const void *data, size_t len);

/* The first child of that name, the next sibling of the same name, and the text of a child ("" when absent). NULL is a fine argument. */
xml_t      *xml_child(const xml_t *element, const char *name);
xml_t      *xml_next(const xml_t *element);
const char *xml_text(const xml_t *element, const char *name);

/* Append with <, >, &, quotes and control characters escaped. */
void xml_escape(text_t *out, const void *data, size_t len);

#endif
