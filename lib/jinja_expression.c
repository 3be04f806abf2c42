/*
 * Expressions by precedence, and the nodes that they are made of.
 */

#include <string.h>
#include <strings.h>

#include "jinja_parse.h"

typedef struct {
    const char *sign;
    int         level; /* binds more tightly the higher */
} binary_t;

static const binary_t binaries[] = {
    {"==", 1}, {"!=", 1}, {"<=", 1}, {">=", 1}, {"<", 1}, {">", 1}, {"in", 1}, {"~", 3}, {"+", 4}, {"-", 4}, {"*", 5}, {"//", 5}, {"/", 5}, {"%", 5},
    {"**", 6},
};

static jinja_node_t *parse_and(parser_t *parser);
static jinja_node_t *parse_not(parser_t *parser);
static jinja_node_t *parse_binary(parser_t *parser, int level);
static jinja_node_t *parse_unary(parser_t *parser, bool filtered);
static jinja_node_t *parse_postfix(parser_t *parser, jinja_node_t *node, bool filtered);
static jinja_node_t *parse_primary(parser_t *parser);
static jinja_node_t *parse_brackets(parser_t *parser, const char *close);
static jinja_node_t *parse_dict(parser_t *parser);
static jinja_node_t *parse_subscript(parser_t *parser, jinja_node_t *object);
static jinja_node_t *parse_test(parser_t *parser, jinja_node_t *object);
static void          parse_arguments(parser_t *parser, jinja_node_t *node);


/* An expression, or several with commas between: a tuple. */
jinja_node_t *
parse_tuple(parser_t *parser)
{
    jinja_node_t *node = parse_expression(parser), *list;

    if (!token_is(parser, ",")) {
        return node;
    }

    list = node_of(parser, NODE_LIST, node, NULL);
    list->negated = true;
    while (token_take(parser, ",") && parser->token.kind != TOKEN_END) {
        node_add(parser, list, parse_expression(parser));
    }

    return list;
}


jinja_node_t *
parse_expression(parser_t *parser)
{
    jinja_node_t *node, *choice;

    if (++parser->depth > JINJA_DEPTH) {
        jinja_fail(parser->jinja, "an expression is nested too deeply");
    }

    node = parse_or(parser);

    while (token_take(parser, "if")) {
        choice = node_of(parser, NODE_CHOICE, node, parse_or(parser));
        node_add(parser, choice, token_take(parser, "else") ? parse_expression(parser) : NULL);
        node = choice;
    }

    parser->depth--;

    return node;
}


jinja_node_t *
parse_or(parser_t *parser)
{
    jinja_node_t *node = parse_and(parser);

    while (token_take(parser, "or")) {
        node = node_of(parser, NODE_OR, node, parse_and(parser));
    }

    return node;
}


static jinja_node_t *
parse_and(parser_t *parser)
{
    jinja_node_t *node = parse_not(parser);

    while (token_take(parser, "and")) {
        node = node_of(parser, NODE_AND, node, parse_not(parser));
    }

    return node;
}


static jinja_node_t *
parse_not(parser_t *parser)
{
    jinja_node_t *node;

    if (!token_take(parser, "not")) {
        return parse_binary(parser, 1);
    }

    if (++parser->depth > JINJA_DEPTH) {
        jinja_fail(parser->jinja, "an expression is nested too deeply");
    }
    node = node_of(parser, NODE_NOT, parse_not(parser), NULL);
    parser->depth--;

    return node;
}


/* Chains of comparisons are joined by and, as Python has them. */
static jinja_node_t *
parse_binary(parser_t *parser, int level)
{
    bool            negated;
    jinja_node_t   *node, *right, *before = NULL, *compared;
    const binary_t *binary, *end = binaries + sizeof(binaries) / sizeof(binaries[0]);

    if (level > 6) {
        return parse_unary(parser, true);
    }

    node = parse_binary(parser, level + 1);

    for (;;) {
        negated = level == 1 && token_is(parser, "not") && strncmp(parser->p + strspn(parser->p, " \t\n"), "in", 2) == 0;
        if (negated) {
            token_next(parser);
        }

        for (binary = binaries; binary < end && !(binary->level == level && token_is(parser, binary->sign)); binary++) {
            /* the one that stands here */
        }
        if (binary == end) {
            return node;
        }
        token_next(parser);

        right = parse_binary(parser, level + 1);
        compared = node_of(parser, NODE_BINARY, before == NULL ? node : before, right);
        compared->name = binary->sign;
        if (negated) {
            compared = node_of(parser, NODE_NOT, compared, NULL);
        }

        node = before == NULL ? compared : node_of(parser, NODE_AND, node, compared);
        before = level == 1 ? right : NULL;
    }
}


/* The filters of "-1|abs" are those of -1. */
static jinja_node_t *
parse_unary(parser_t *parser, bool filtered)
{
    jinja_node_t *node;

    if (++parser->depth > JINJA_DEPTH) {
        jinja_fail(parser->jinja, "an expression is nested too deeply");
    }

    if (token_take(parser, "-")) {
        node = node_of(parser, NODE_NEGATE, parse_unary(parser, false), NULL);
    } else if (token_take(parser, "+")) {
        node = parse_unary(parser, false);
    } else {
        node = parse_primary(parser);
    }

    node = parse_postfix(parser, node, filtered);
    parser->depth--;

    return node;
}


static jinja_node_t *
parse_postfix(parser_t *parser, jinja_node_t *node, bool filtered)
{
    jinja_node_t *call;

    for (;;) {
        if (token_take(parser, ".")) {
            if (parser->token.kind == TOKEN_INTEGER) {
                call = node_new(parser, NODE_VALUE);
                call->value = jinja_integer(parser->jinja, parser->token.integer);
                token_next(parser);
                node = node_of(parser, NODE_ITEM, node, call);
            } else {
                node = node_of(parser, NODE_ATTRIBUTE, node, NULL);
                node->name = token_name(parser);
            }

        } else if (token_take(parser, "[")) {
            node = parse_subscript(parser, node);

        } else if (token_is(parser, "(")) {
            call = node_of(parser, NODE_CALL, node, NULL);
            parse_arguments(parser, call);
            node = call;

        } else if (filtered && token_take(parser, "|")) {
            node = parse_named(parser, NODE_FILTER, node);

        } else if (filtered && token_take(parser, "is")) {
            node = parse_test(parser, node);

        } else {
            return node;
        }
    }
}


static jinja_node_t *
parse_primary(parser_t *parser)
{
    jinja_t      *jinja = parser->jinja;
    token_t       token = parser->token;
    text_t        joined;
    jinja_node_t *node;

    switch (token.kind) {

    case TOKEN_INTEGER:
    case TOKEN_FLOAT:
        token_next(parser);
        node = node_new(parser, NODE_VALUE);
        node->value = token.kind == TOKEN_INTEGER ? jinja_integer(jinja, token.integer) : jinja_float(jinja, token.number);
        return node;

    case TOKEN_TEXT: /* texts side by side are one */
        text_start(&joined, jinja->arena, token.len + 16);
        do {
            text_add(&joined, parser->token.text, parser->token.len);
            token_next(parser);
        } while (parser->token.kind == TOKEN_TEXT);
        node = node_new(parser, NODE_VALUE);
        node->value = jinja_text(jinja, joined.data, joined.len);
        return node;

    case TOKEN_NAME:
        node = node_new(parser, NODE_NAME);
        node->name = token_name(parser);
        if (strcasecmp(node->name, "true") == 0 || strcasecmp(node->name, "false") == 0) {
            node->kind = NODE_VALUE;
            node->value = jinja_bool(node->name[0] == 't' || node->name[0] == 'T');
        } else if (strcasecmp(node->name, "none") == 0) {
            node->kind = NODE_VALUE;
            node->value = jinja_none();
        }
        return node;

    default:
        if (token_take(parser, "(")) {
            return parse_brackets(parser, ")");
        }
        if (token_take(parser, "[")) {
            return parse_brackets(parser, "]");
        }
        if (token_take(parser, "{")) {
            return parse_dict(parser);
        }
        jinja_fail(jinja, "an expression is expected before %.*s", token.kind == TOKEN_END ? 10 : (int) token.len,
                   token.kind == TOKEN_END ? "the tag ends" : token.text);
    }
}


/* A list, a tuple, or an expression in brackets. */
static jinja_node_t *
parse_brackets(parser_t *parser, const char *close)
{
    bool          tuple = *close == ')', comma = false;
    jinja_node_t *list = node_new(parser, NODE_LIST);

    while (!token_is(parser, close)) {
        node_add(parser, list, parse_expression(parser));
        if (!token_take(parser, ",")) {
            break;
        }
        comma = true;
    }
    token_need(parser, close);

    list->negated = tuple;

    return tuple && list->n == 1 && !comma ? list->nodes[0] : list;
}


static jinja_node_t *
parse_dict(parser_t *parser)
{
    jinja_node_t *dict = node_new(parser, NODE_DICT);

    while (!token_is(parser, "}")) {
        node_add(parser, dict, parse_expression(parser));
        token_need(parser, ":");
        node_add(parser, dict, parse_expression(parser));
        if (!token_take(parser, ",")) {
            break;
        }
    }
    token_need(parser, "}");

    return dict;
}


/* [object, index], or [object, from, to, step] */
static jinja_node_t *
parse_subscript(parser_t *parser, jinja_node_t *object)
{
    jinja_node_t *first = token_is(parser, ":") ? NULL : parse_expression(parser), *node;

    if (!token_is(parser, ":")) {
        token_need(parser, "]");
        return node_of(parser, NODE_ITEM, object, first);
    }

    node = node_of(parser, NODE_SLICE, object, NULL);
    node_add(parser, node, first);
    for (int k = 0; k < 2; k++) {
        node_add(parser, node, token_take(parser, ":") && !token_is(parser, ":") && !token_is(parser, "]") ? parse_expression(parser) : NULL);
    }
    token_need(parser, "]");

    return node;
}


/* A filter with its arguments, if any. */
jinja_node_t *
parse_named(parser_t *parser, jinja_node_kind_t kind, jinja_node_t *object)
{
    jinja_node_t *node = node_new(parser, kind);

    node_add(parser, node, object);
    node->name = token_name(parser);
    if (token_is(parser, "(")) {
        parse_arguments(parser, node);
    }

    return node;
}


/* "is NAME", "is not NAME", with arguments in brackets or one without. */
static jinja_node_t *
parse_test(parser_t *parser, jinja_node_t *object)
{
    bool          negated = token_take(parser, "not");
    jinja_node_t *node = node_of(parser, NODE_TEST, object, NULL);

    if (token_take(parser, "in")) {
        node->name = "in";
    } else {
        node->name = token_name(parser);
    }
    node->negated = negated;

    if (token_is(parser, "(")) {
        parse_arguments(parser, node);

    } else if (parser->token.kind == TOKEN_TEXT || parser->token.kind == TOKEN_INTEGER || parser->token.kind == TOKEN_FLOAT || token_is(parser, "[")
               || (parser->token.kind == TOKEN_NAME && !token_is(parser, "and") && !token_is(parser, "or") && !token_is(parser, "else") && !token_is(parser, "if")
                   && !token_is(parser, "is") && !token_is(parser, "not") && !token_is(parser, "in")))
    {
        node_add(parser, node, parse_unary(parser, false));
    }

    return node;
}


static void
parse_arguments(parser_t *parser, jinja_node_t *node)
{
    const char   *after;
    jinja_node_t *keyword;

    token_need(parser, "(");

    while (!token_is(parser, ")")) {
        after = parser->p + strspn(parser->p, " \t\n");

        if (parser->token.kind == TOKEN_NAME && after[0] == '=' && after[1] != '=') {
            keyword = node_new(parser, NODE_KEYWORD);
            keyword->name = token_name(parser);
            token_need(parser, "=");
            node_add(parser, keyword, parse_expression(parser));
            node_add(parser, node, keyword);
        } else {
            node_add(parser, node, parse_expression(parser));
        }

        if (!token_take(parser, ",")) {
            break;
        }
    }

    token_need(parser, ")");
}


jinja_node_t *
node_new(parser_t *parser, jinja_node_kind_t kind)
{
    jinja_node_t *node = arena_zalloc(parser->jinja->arena, sizeof(*node));

    jinja_step(parser->jinja);
    node->kind = kind;
    node->line = parser->jinja->line;

    return node;
}


jinja_node_t *
node_of(parser_t *parser, jinja_node_kind_t kind, jinja_node_t *a, jinja_node_t *b)
{
    jinja_node_t *node = node_new(parser, kind);

    node_add(parser, node, a);
    if (b != NULL) {
        node_add(parser, node, b);
    }

    return node;
}


void
node_add(parser_t *parser, jinja_node_t *node, jinja_node_t *child)
{
    jinja_node_t **grown;

    if (node->n == node->room) {
        node->room = node->room == 0 ? 4 : node->room * 2;
        grown = arena_alloc(parser->jinja->arena, node->room * sizeof(jinja_node_t *));
        if (node->n > 0) {
            memcpy(grown, node->nodes, node->n * sizeof(jinja_node_t *));
        }
        node->nodes = grown;
    }

    node->nodes[node->n++] = child;
}
