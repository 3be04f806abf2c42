/*
 * The small XML documents of object stores, read by Expat into a tree in an arena.
 */

#include <stdlib.h>
#include <string.h>

#include <expat.h>

#include <tator/xml.h>


typedef struct {
    arena_t   *arena;
    XML_Parser parser;
    xml_t     *root, *open[XML_DEPTH_LIMIT], *last[XML_DEPTH_LIMIT];
    text_t     text[XML_DEPTH_LIMIT];
    int        depth;
} xml_reader_t;


static void XMLCALL xml_start(void *data, const XML_Char *name, const XML_Char **attributes);
static void XMLCALL xml_end(void *data, const XML_Char *name);
static void XMLCALL xml_characters(void *data, const XML_Char *text, int len);
static void XMLCALL xml_doctype(void *data, const XML_Char *name, const XML_Char *system, const XML_Char *public, int internal);


xml_t *
xml_parse(arena_t *arena, const void *data, size_t len)
{
    xml_reader_t reader;

    memset(&reader, 0, sizeof(reader));
    reader.arena = arena;

    reader.parser = XML_ParserCreate(NULL);
    if (reader.parser == NULL || len > 16 * 1024 * 1024) {
        XML_ParserFree(reader.parser);
        return NULL;
    }

    XML_SetUserData(reader.parser, &reader);
    XML_SetElementHandler(reader.parser, xml_start, xml_end);
    XML_SetCharacterDataHandler(reader.parser, xml_characters);
    XML_SetStartDoctypeDeclHandler(reader.parser, xml_doctype);

    if (XML_Parse(reader.parser, data, (int) len, 1) != XML_STATUS_OK) {
        reader.root = NULL;
    }

    XML_ParserFree(reader.parser);

    return reader.root;
}


xml_t *
xml_child(const xml_t *element, const char *name)
{
    xml_t *child;

    for (child = element != NULL ? element->children : NULL; child != NULL; child = child->next) {
        if (strcmp(child->name, name) == 0) {
            return child;
        }
    }

    return NULL;
}


xml_t *
xml_next(const xml_t *element)
{
    xml_t *next;

    for (next = element->next; next != NULL; next = next->next) {
        if (strcmp(next->name, element->name) == 0) {
            return next;
        }
    }

    return NULL;
}


const char *
xml_text(const xml_t *element, const char *name)
{
    xml_t *child;

    child = xml_child(element, name);

    return child != NULL ? child->text : "";
}


void
xml_escape(text_t *out, const void *data, size_t len)
{
    size_t               i;
    const unsigned char *bytes;

    bytes = data;

    for (i = 0; i < len; i++) {
        switch (bytes[i]) {
        case '<':
            text_puts(out, "&lt;");
            break;
        case '>':
            text_puts(out, "&gt;");
            break;
        case '&':
            text_puts(out, "&amp;");
            break;
        case '"':
            text_puts(out, "&quot;");
            break;
        default:
            if (bytes[i] < 0x20) {
                text_printf(out, "&#x%X;", bytes[i]);
            } else {
                text_add(out, bytes + i, 1);
            }
        }
    }
}


static void XMLCALL
xml_start(void *data, const XML_Char *name, const XML_Char **attributes)
{
    int           depth;
    xml_t        *element;
    const char   *colon;
    xml_reader_t *reader;

    (void) attributes;

    reader = data;
    depth = reader->depth;

    if (depth == XML_DEPTH_LIMIT) {
        XML_StopParser(reader->parser, XML_FALSE);
        return;
    }

    colon = strchr(name, ':');
    element = arena_zalloc(reader->arena, sizeof(xml_t));
    element->name = arena_text(reader->arena, colon != NULL ? colon + 1 : name);
    element->text = "";

    if (depth == 0) {
        reader->root = element;
    } else if (reader->last[depth] != NULL) {
        reader->last[depth]->next = element;
    } else {
        reader->open[depth - 1]->children = element;
    }

    reader->last[depth] = element;
    reader->open[depth] = element;
    text_start(&reader->text[depth], reader->arena, 32);

    reader->depth = depth + 1;
    if (depth + 1 < XML_DEPTH_LIMIT) {
        reader->last[depth + 1] = NULL;
    }
}


static void XMLCALL
xml_end(void *data, const XML_Char *name)
{
    int           depth;
    xml_reader_t *reader;

    (void) name;

    reader = data;
    depth = --reader->depth;
    reader->open[depth]->text = arena_copy(reader->arena, reader->text[depth].data, reader->text[depth].len);
}


static void XMLCALL
xml_characters(void *data, const XML_Char *text, int len)
{
    xml_reader_t *reader;

    reader = data;
    if (reader->depth > 0) {
        text_add(&reader->text[reader->depth - 1], text, (size_t) len);
    }
}


static void XMLCALL
xml_doctype(void *data, const XML_Char *name, const XML_Char *system, const XML_Char *public, int internal)
{
    xml_reader_t *reader;

    (void) name;
    (void) system;
    (void) public;
    (void) internal;

    reader = data;
    XML_StopParser(reader->parser, XML_FALSE);
}
