/*
 * Tokens inside of tags: names, numbers, texts, signs.
 */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "jinja_parse.h"

static const char *const signs[] = {"==", "!=", "<=", ">=", "**", "//", "(", ")", "[", "]", "{", "}", ",", ":", ".", "|", "=", "<", ">", "+", "-", "*",
                                    "/", "%", "~", NULL};

/* Words that are no names of variables. */
static const char *const words[] = {"and", "or", "not", "in", "is", "if", "else", "elif", NULL};

static void token_number(parser_t *parser);
static void token_quoted(parser_t *parser);


/* At the tag's end `p` stays before it. */
void
token_next(parser_t *parser)
{
    token_t    *token = &parser->token;
    const char *p;

    *token = (token_t) {0};

    for (/* void */; isspace((unsigned char) *parser->p); parser->p++) {
        parser->jinja->line += *parser->p == '\n';
    }

    p = parser->p;
    token->text = p;

    if (p >= parser->end) {
        jinja_fail(parser->jinja, "a tag does not end");
    }

    if (strncmp(p, parser->close, 2) == 0 || ((*p == '-' || *p == '+') && strncmp(p + 1, parser->close, 2) == 0)) {
        return;
    }

    if (isalpha((unsigned char) *p) || *p == '_') {
        token->kind = TOKEN_NAME;
        while (isalnum((unsigned char) *p) || *p == '_') {
            p++;
        }
        token->len = (size_t) (p - parser->p);
        parser->p = p;
        return;
    }

    if (isdigit((unsigned char) *p)) {
        token_number(parser);
        return;
    }

    if (*p == '"' || *p == '\'') {
        token_quoted(parser);
        return;
    }

    for (size_t k = 0; signs[k] != NULL; k++) {
        if (strncmp(p, signs[k], strlen(signs[k])) == 0) {
            token->kind = TOKEN_SIGN;
            token->len = strlen(signs[k]);
            parser->p += token->len;
            return;
        }
    }

    jinja_fail(parser->jinja, "the character %.1s is not expected here", p);
}


static void
token_number(parser_t *parser)
{
    char        digits[64];
    bool        whole = true;
    size_t      n = 0;
    token_t    *token = &parser->token;
    const char *p = parser->p;

    while (isdigit((unsigned char) *p) || *p == '_' || (*p == '.' && isdigit((unsigned char) p[1]) && whole)
           || ((*p == 'e' || *p == 'E') && n > 0 && (isdigit((unsigned char) p[1]) || ((p[1] == '-' || p[1] == '+') && isdigit((unsigned char) p[2])))))
    {
        if (n >= sizeof(digits) - 3) {
            jinja_fail(parser->jinja, "a number is too long");
        }
        if (*p != '_') {
            whole = whole && isdigit((unsigned char) *p);
            digits[n++] = *p;
            if ((*p == 'e' || *p == 'E') && (p[1] == '-' || p[1] == '+')) {
                digits[n++] = *++p;
            }
        }
        p++;
    }

    digits[n] = '\0';
    token->kind = whole ? TOKEN_INTEGER : TOKEN_FLOAT;
    token->integer = strtoll(digits, NULL, 10);
    token->number = strtod(digits, NULL);
    token->len = (size_t) (p - parser->p);
    parser->p = p;
}


static void
token_quoted(parser_t *parser)
{
    char        quote = *parser->p, *out;
    token_t    *token = &parser->token;
    const char *p = parser->p + 1, *end;

    for (end = p; *end != quote; end++) {
        end += *end == '\\' && end[1] != '\0';
        if (*end == '\0') {
            jinja_fail(parser->jinja, "a text does not end");
        }
    }

    token->kind = TOKEN_TEXT;
    token->text = out = arena_alloc(parser->jinja->arena, (size_t) (end - p) + 1);

    for (/* void */; p < end; p++) {
        parser->jinja->line += *p == '\n';
        if (*p != '\\') {
            *out++ = *p;
            continue;
        }
        p++;
        *out++ = *p == 'n' ? '\n' : *p == 't' ? '\t' : *p == 'r' ? '\r' : *p;
    }

    token->len = (size_t) (out - token->text);
    parser->p = p + 1;
}


bool
token_is(const parser_t *parser, const char *text)
{
    const token_t *token = &parser->token;

    return (token->kind == TOKEN_NAME || token->kind == TOKEN_SIGN) && token->len == strlen(text) && memcmp(token->text, text, token->len) == 0;
}


bool
token_take(parser_t *parser, const char *text)
{
    bool there = token_is(parser, text);

    if (there) {
        token_next(parser);
    }

    return there;
}


void
token_need(parser_t *parser, const char *text)
{
    if (!token_take(parser, text)) {
        jinja_fail(parser->jinja, "%s is expected", text);
    }
}


const char *
token_name(parser_t *parser)
{
    char *name;

    if (parser->token.kind != TOKEN_NAME) {
        jinja_fail(parser->jinja, "a name is expected");
    }

    name = arena_copy(parser->jinja->arena, parser->token.text, parser->token.len);
    for (size_t k = 0; words[k] != NULL; k++) {
        if (strcmp(words[k], name) == 0) {
            jinja_fail(parser->jinja, "a name is expected instead of %s", name);
        }
    }
    token_next(parser);

    return name;
}
