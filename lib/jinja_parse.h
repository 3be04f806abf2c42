/* Reading templates: what the parser (jinja_parse.c), expressions (jinja_expression.c) and the reader of tokens (jinja_token.c) share. */

#ifndef TATOR_LIB_JINJA_PARSE_H
#define TATOR_LIB_JINJA_PARSE_H

#include "jinja.h"

typedef enum { TOKEN_END, TOKEN_NAME, TOKEN_INTEGER, TOKEN_FLOAT, TOKEN_TEXT, TOKEN_SIGN } token_kind_t;

typedef struct {
    token_kind_t kind;
    const char  *text; /* a name, a sign, the text of a literal */
    size_t       len;
    int64_t      integer;
    double       number;
} token_t;

/* `p` is behind the token; tags end with `close`, "}}" or "%}". */
typedef struct {
    jinja_t    *jinja;
    const char *p, *end;
    token_t     token;
    const char *close;
    bool        strip; /* the tag before ended with "-": white space after it goes */
    int         depth;
} parser_t;

/* The next token of the tag; at the tag's end `p` stays before it. Fails for what is no token. */
void token_next(parser_t *parser);

/* Whether the current token is this name or sign; the same, and going on when it is; failing when it is not. */
bool token_is(const parser_t *parser, const char *text);
bool token_take(parser_t *parser, const char *text);
void token_need(parser_t *parser, const char *text);

/* The current token, which must be a name. */
const char *token_name(parser_t *parser);

/* Expressions from the current token on: with "A if B else C", without, several with commas between (a tuple), a name with arguments. */
jinja_node_t *parse_expression(parser_t *parser);
jinja_node_t *parse_or(parser_t *parser);
jinja_node_t *parse_tuple(parser_t *parser);
jinja_node_t *parse_named(parser_t *parser, jinja_node_kind_t kind, jinja_node_t *object);

/* Nodes: without children, with one or two, and another child. */
jinja_node_t *node_new(parser_t *parser, jinja_node_kind_t kind);
jinja_node_t *node_of(parser_t *parser, jinja_node_kind_t kind, jinja_node_t *a, jinja_node_t *b);
void          node_add(parser_t *parser, jinja_node_t *node, jinja_node_t *child);

#endif
