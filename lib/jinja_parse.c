/*
 * From a template's text to its tree: texts, outputs, and statements by a table of their names.
 */

#include <ctype.h>
#include <string.h>

#include "jinja_parse.h"

typedef jinja_node_t *(*statement_pt)(parser_t *parser);

static jinja_node_t *parse_body(parser_t *parser, const char *const *ends);
static jinja_node_t *parse_statement(parser_t *parser, const char *name);
static jinja_node_t *statement_if(parser_t *parser);
static jinja_node_t *statement_for(parser_t *parser);
static jinja_node_t *statement_set(parser_t *parser);
static jinja_node_t *statement_with(parser_t *parser);
static jinja_node_t *statement_macro(parser_t *parser);
static jinja_node_t *statement_filter(parser_t *parser);
static jinja_node_t *statement_block(parser_t *parser);
static void          parse_raw(parser_t *parser, jinja_node_t *body);
static jinja_node_t *parse_target(parser_t *parser);
static void          text_node(parser_t *parser, jinja_node_t *body, const char *text, size_t len, bool strip_end);
static void          tag_open(parser_t *parser, const char *close);
static void          tag_close(parser_t *parser);

static const struct {
    const char  *name;
    statement_pt parse;
} statements[] = {
    {"if", statement_if},       {"for", statement_for},       {"set", statement_set},     {"with", statement_with},
    {"macro", statement_macro}, {"filter", statement_filter}, {"block", statement_block}, {NULL, NULL},
};

/* One line end at the end of a template goes, and every line end is a line feed. */
jinja_node_t *
jinja_parse(jinja_t *jinja, const char *source, size_t len)
{
    char    *copy = arena_alloc(jinja->arena, len + 1), *out = copy;
    parser_t parser = {.jinja = jinja};

    for (size_t k = 0; k < len; k++) {
        if (source[k] == '\0') {
            jinja_fail(jinja, "there is a zero byte in the template");
        }
        if (source[k] != '\r') {
            *out++ = source[k];
        } else if (k + 1 == len || source[k + 1] != '\n') {
            *out++ = '\n';
        }
    }

    if (out > copy && out[-1] == '\n') {
        out--;
    }
    *out = '\0';

    parser.p = copy;
    parser.end = out;
    jinja->line = 1;

    return parse_body(&parser, NULL);
}


/* Until a tag whose name is in `ends` (its name is then the current token), NULL: until the end of the text. */
static jinja_node_t *
parse_body(parser_t *parser, const char *const *ends)
{
    int           line;
    size_t        len;
    const char   *tag, *text, *stop;
    jinja_node_t *body = node_new(parser, NODE_BODY);

    if (++parser->depth > JINJA_DEPTH) {
        jinja_fail(parser->jinja, "statements are nested too deeply");
    }

    for (;;) {
        for (tag = parser->p; (tag = memchr(tag, '{', (size_t) (parser->end - tag))) != NULL && strchr("{%#", tag[1]) == NULL; tag++) {
            /* a brace alone is text; the text ends with a zero byte, which strchr() finds */
        }
        if (tag != NULL && tag[1] == '\0') {
            tag = NULL;
        }

        len = (size_t) ((tag == NULL ? parser->end : tag) - parser->p);
        text = parser->p;
        parser->p += len;
        text_node(parser, body, text, len, tag != NULL && tag[2] == '-');

        if (tag == NULL) {
            break;
        }

        if (tag[1] == '#') {
            stop = strstr(tag + 2, "#}");
            if (stop == NULL) {
                jinja_fail(parser->jinja, "a comment does not end");
            }
            for (const char *p = tag; p < stop; p++) {
                parser->jinja->line += *p == '\n';
            }
            parser->strip = stop[-1] == '-' && stop > tag + 2;
            parser->p = stop + 2;
            continue;
        }

        line = parser->jinja->line;
        parser->p = tag + 2 + (tag[2] == '-' || (tag[1] == '%' && tag[2] == '+'));

        if (tag[1] == '{') {
            tag_open(parser, "}}");
            node_add(parser, body, node_of(parser, NODE_OUTPUT, parse_tuple(parser), NULL));
            body->nodes[body->n - 1]->line = line;
            tag_close(parser);
            continue;
        }

        tag_open(parser, "%}");

        if (token_is(parser, "raw")) {
            parse_raw(parser, body);
            continue;
        }

        for (size_t k = 0; ends != NULL && ends[k] != NULL; k++) {
            if (token_is(parser, ends[k])) {
                parser->depth--;
                return body;
            }
        }

        node_add(parser, body, parse_statement(parser, token_is(parser, "if") ? "if" : token_name(parser)));
        body->nodes[body->n - 1]->line = line;
    }

    if (ends != NULL) {
        jinja_fail(parser->jinja, "%s is missing", ends[0]);
    }

    parser->depth--;

    return body;
}


static jinja_node_t *
parse_statement(parser_t *parser, const char *name)
{
    for (size_t k = 0; statements[k].name != NULL; k++) {
        if (strcmp(statements[k].name, name) == 0) {
            (void) token_take(parser, "if");
            return statements[k].parse(parser);
        }
    }

    jinja_fail(parser->jinja, "there is no statement %s", name);
}


static jinja_node_t *
statement_if(parser_t *parser)
{
    jinja_node_t            *node = node_new(parser, NODE_IF), *otherwise;
    static const char *const ends[] = {"endif", "elif", "else", NULL}, *const last[] = {"endif", NULL};

    node_add(parser, node, parse_expression(parser));
    tag_close(parser);
    node_add(parser, node, parse_body(parser, ends));

    if (token_take(parser, "elif")) {
        if (++parser->depth > JINJA_DEPTH) {
            jinja_fail(parser->jinja, "statements are nested too deeply");
        }
        otherwise = statement_if(parser);
        parser->depth--;
        node_add(parser, node, otherwise);
        return node;
    }

    if (token_take(parser, "else")) {
        tag_close(parser);
        node_add(parser, node, parse_body(parser, last));
    } else {
        node_add(parser, node, NULL);
    }

    token_need(parser, "endif");
    tag_close(parser);

    return node;
}


static jinja_node_t *
statement_for(parser_t *parser)
{
    jinja_node_t            *node = node_new(parser, NODE_FOR);
    static const char *const ends[] = {"endfor", "else", NULL}, *const last[] = {"endfor", NULL};

    node_add(parser, node, parse_target(parser));
    token_need(parser, "in");
    node_add(parser, node, parse_or(parser));
    node_add(parser, node, token_take(parser, "if") ? parse_expression(parser) : NULL);
    tag_close(parser);
    node_add(parser, node, parse_body(parser, ends));

    if (token_take(parser, "else")) {
        tag_close(parser);
        node_add(parser, node, parse_body(parser, last));
    } else {
        node_add(parser, node, NULL);
    }

    token_need(parser, "endfor");
    tag_close(parser);

    return node;
}


static jinja_node_t *
statement_set(parser_t *parser)
{
    jinja_node_t            *node, *target = parse_target(parser);
    static const char *const ends[] = {"endset", NULL};

    if (token_take(parser, "=")) {
        node = node_of(parser, NODE_SET, target, parse_tuple(parser));
        tag_close(parser);
        return node;
    }

    node = node_of(parser, NODE_SET_BLOCK, target, NULL);
    tag_close(parser);
    node_add(parser, node, parse_body(parser, ends));
    token_need(parser, "endset");
    tag_close(parser);

    return node;
}


/* [body, name, value, name, value …] */
static jinja_node_t *
statement_with(parser_t *parser)
{
    jinja_node_t            *node = node_of(parser, NODE_WITH, node_new(parser, NODE_BODY), NULL);
    static const char *const ends[] = {"endwith", NULL};

    while (parser->token.kind != TOKEN_END) {
        node_add(parser, node, parse_target(parser));
        token_need(parser, "=");
        node_add(parser, node, parse_expression(parser));
        if (!token_take(parser, ",")) {
            break;
        }
    }

    tag_close(parser);
    node->nodes[0] = parse_body(parser, ends);
    token_need(parser, "endwith");
    tag_close(parser);

    return node;
}


/* [body, parameter …]; a parameter is a keyword with its default, if any. */
static jinja_node_t *
statement_macro(parser_t *parser)
{
    jinja_node_t            *node = node_of(parser, NODE_MACRO, node_new(parser, NODE_BODY), NULL), *parameter;
    static const char *const ends[] = {"endmacro", NULL};

    node->name = token_name(parser);
    token_need(parser, "(");
    while (!token_is(parser, ")")) {
        parameter = node_new(parser, NODE_KEYWORD);
        parameter->name = token_name(parser);
        node_add(parser, parameter, token_take(parser, "=") ? parse_expression(parser) : NULL);
        node_add(parser, node, parameter);
        if (!token_take(parser, ",")) {
            break;
        }
    }
    token_need(parser, ")");

    tag_close(parser);
    node->nodes[0] = parse_body(parser, ends);
    token_need(parser, "endmacro");
    tag_close(parser);

    return node;
}


/* [body, filters over nothing] */
static jinja_node_t *
statement_filter(parser_t *parser)
{
    jinja_node_t            *node, *filter = parse_named(parser, NODE_FILTER, NULL);
    static const char *const ends[] = {"endfilter", NULL};

    while (token_take(parser, "|")) {
        filter = parse_named(parser, NODE_FILTER, filter);
    }

    node = node_of(parser, NODE_FILTER_BLOCK, filter, NULL);
    tag_close(parser);
    node_add(parser, node, parse_body(parser, ends));
    token_need(parser, "endfilter");
    tag_close(parser);

    return node;
}


/* Nothing extends a template here: a block is what it holds. */
static jinja_node_t *
statement_block(parser_t *parser)
{
    jinja_node_t            *node;
    static const char *const ends[] = {"endblock", NULL};

    (void) token_name(parser);
    tag_close(parser);
    node = node_of(parser, NODE_WITH, parse_body(parser, ends), NULL);
    token_need(parser, "endblock");
    if (parser->token.kind == TOKEN_NAME) {
        token_next(parser);
    }
    tag_close(parser);

    return node;
}


/* As it stands up to the tag endraw. */
static void
parse_raw(parser_t *parser, jinja_node_t *body)
{
    bool        strip;
    const char *start, *p, *q;

    token_next(parser);
    tag_close(parser);
    start = parser->p;

    for (p = start; (p = strstr(p, "{%")) != NULL; p += 2) {
        q = p + 2 + strspn(p + 2, "-+");
        q += strspn(q, " \t\n");
        if (strncmp(q, "endraw", 6) == 0) {
            q += 6;
            q += strspn(q, " \t\n");
            strip = *q == '-';
            q += strspn(q, "-+");
            if (strncmp(q, "%}", 2) == 0) {
                parser->p = p;
                text_node(parser, body, start, (size_t) (p - start), p[2] == '-');
                parser->p = q + 2;
                parser->strip = strip;
                return;
            }
        }
    }

    jinja_fail(parser->jinja, "endraw is missing");
}


/* A name, a member of a namespace, or several. */
static jinja_node_t *
parse_target(parser_t *parser)
{
    bool          bracket = token_take(parser, "(");
    jinja_node_t *list = NULL, *node;

    do {
        node = node_new(parser, NODE_NAME);
        node->name = token_name(parser);
        if (token_take(parser, ".")) {
            node = node_of(parser, NODE_ATTRIBUTE, node, NULL);
            node->name = token_name(parser);
        }

        if (list != NULL) {
            node_add(parser, list, node);
        } else if (token_is(parser, ",")) {
            list = node_of(parser, NODE_LIST, node, NULL);
        }
    } while (token_take(parser, ",") && parser->token.kind == TOKEN_NAME);

    if (bracket) {
        token_need(parser, ")");
    }

    return list != NULL ? list : node;
}


/* `strip_end`: the tag after it begins with "-", white space before it goes. */
static void
text_node(parser_t *parser, jinja_node_t *body, const char *text, size_t len, bool strip_end)
{
    jinja_node_t *node;

    for (size_t k = 0; k < len; k++) {
        parser->jinja->line += text[k] == '\n';
    }

    while (parser->strip && len > 0 && isspace((unsigned char) *text)) {
        text++;
        len--;
    }
    parser->strip = false;

    while (strip_end && len > 0 && isspace((unsigned char) text[len - 1])) {
        len--;
    }

    if (len > 0) {
        node = node_new(parser, NODE_TEXT);
        node->text = text;
        node->len = len;
        node_add(parser, body, node);
    }
}


static void
tag_open(parser_t *parser, const char *close)
{
    parser->close = close;
    token_next(parser);
}


static void
tag_close(parser_t *parser)
{
    if (parser->token.kind != TOKEN_END) {
        jinja_fail(parser->jinja, "%.*s is not expected here", (int) parser->token.len, parser->token.text);
    }

    parser->strip = *parser->p == '-';
    parser->p += strspn(parser->p, "-+");
    parser->p += 2;
}
