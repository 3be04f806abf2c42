/* Reading templates: what the parser and its reader of tokens share. */

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

#endif
