/*
 * Rendering (include/tator/jinja.h): the tree of jinja_parse.c is walked, expressions give values, statements write. Frames hold names: a loop, a
 * macro and with open one, so that what is set inside does not last.
 */

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <tator/jinja.h>

#include "jinja.h"

static void                 render(jinja_t *jinja, const jinja_node_t *node);
static void                 render_body(jinja_t *jinja, const jinja_node_t *body);
static void                 render_for(jinja_t *jinja, const jinja_node_t *node);
static const jinja_value_t *loop_of(jinja_t *jinja, const jinja_value_t *items, size_t k);
static void                 render_with(jinja_t *jinja, const jinja_node_t *node);
static const jinja_value_t *captured(jinja_t *jinja, const jinja_node_t *body);
static void                 assign(jinja_t *jinja, const jinja_node_t *target, const jinja_value_t *value);
static const jinja_value_t *evaluate(jinja_t *jinja, const jinja_node_t *node);
static const jinja_value_t *evaluate_node(jinja_t *jinja, const jinja_node_t *node);
static const jinja_value_t *evaluate_list(jinja_t *jinja, const jinja_node_t *node);
static const jinja_value_t *evaluate_slice(jinja_t *jinja, const jinja_node_t *node);
static const jinja_value_t *evaluate_filter(jinja_t *jinja, const jinja_node_t *node, const jinja_value_t *value);
static const jinja_value_t *evaluate_call(jinja_t *jinja, const jinja_node_t *node);
static const jinja_value_t *global(jinja_t *jinja, const char *name, const jinja_arguments_t *arguments);
static const jinja_value_t *range(jinja_t *jinja, const jinja_arguments_t *arguments);
static const jinja_value_t *macro(jinja_t *jinja, const jinja_node_t *node, const jinja_arguments_t *arguments);
static void                 arguments_of(jinja_t *jinja, const jinja_node_t *node, jinja_arguments_t *arguments);
static const jinja_value_t *lookup(const jinja_t *jinja, const char *name);
static void                 frame_put(jinja_t *jinja, jinja_frame_t *frame, const char *name, const jinja_value_t *value);


char *
jinja_render(arena_t *arena, const char *source, size_t len, const jinja_variable_t *variables, size_t n, size_t *out_len, const char **fault)
{
    text_t        out;
    jinja_t       jinja = {.arena = arena, .used = arena_used(arena), .out = &out};
    jinja_node_t *body;
    jinja_frame_t top = {0};

    text_start(&out, arena, len + 256);
    jinja.frame = &top;

    if (setjmp(jinja.leave) != 0) {
        *fault = jinja.fault;
        return NULL;
    }

    for (size_t k = 0; k < n; k++) {
        frame_put(&jinja, &top, variables[k].name, jinja_text(&jinja, variables[k].value, strlen(variables[k].value)));
    }

    body = jinja_parse(&jinja, source, len);
    jinja.depth = 0;
    render_body(&jinja, body);
    *out_len = out.len;

    return arena_copy(arena, out.data, out.len);
}


_Noreturn void
jinja_fail(jinja_t *jinja, const char *format, ...)
{
    char   *text;
    va_list args;

    va_start(args, format);
    text = arena_vformat(jinja->arena, format, args);
    va_end(args);

    jinja->fault = arena_format(jinja->arena, "line %d: %s", jinja->line, text);
    longjmp(jinja->leave, 1);
}


void
jinja_step(jinja_t *jinja)
{
    if (++jinja->steps > JINJA_STEPS) {
        jinja_fail(jinja, "the template takes too long");
    }

    if (arena_used(jinja->arena) - jinja->used > JINJA_MEMORY) {
        jinja_fail(jinja, "the template takes too much memory");
    }
}


static void
render_body(jinja_t *jinja, const jinja_node_t *body)
{
    if (body == NULL) {
        return;
    }

    if (++jinja->depth > JINJA_DEPTH) {
        jinja_fail(jinja, "the template calls itself too deeply");
    }

    if (body->kind != NODE_BODY) { /* what an elif is */
        render(jinja, body);
    }

    for (size_t k = 0; body->kind == NODE_BODY && k < body->n; k++) {
        render(jinja, body->nodes[k]);
    }

    jinja->depth--;
}


static void
render(jinja_t *jinja, const jinja_node_t *node)
{
    jinja_value_t       *value;
    const jinja_value_t *given;

    jinja_step(jinja);
    jinja->line = node->line;

    switch (node->kind) {

    case NODE_TEXT:
        text_add(jinja->out, node->text, node->len);
        break;

    case NODE_OUTPUT:
        jinja_write(jinja, jinja->out, evaluate(jinja, node->nodes[0]), false);
        break;

    case NODE_IF:
        render_body(jinja, jinja_true(evaluate(jinja, node->nodes[0])) ? node->nodes[1] : node->nodes[2]);
        break;

    case NODE_FOR:
        render_for(jinja, node);
        break;

    case NODE_SET:
        assign(jinja, node->nodes[0], evaluate(jinja, node->nodes[1]));
        break;

    case NODE_SET_BLOCK:
        assign(jinja, node->nodes[0], captured(jinja, node->nodes[1]));
        break;

    case NODE_MACRO:
        value = arena_zalloc(jinja->arena, sizeof(*value));
        value->kind = JINJA_MACRO;
        value->macro = node;
        frame_put(jinja, jinja->frame, node->name, value);
        break;

    case NODE_FILTER_BLOCK:
        given = captured(jinja, node->nodes[1]);
        jinja_write(jinja, jinja->out, evaluate_filter(jinja, node->nodes[0], given), false);
        break;

    default:
        render_with(jinja, node);
    }

    if (jinja->out->len > JINJA_OUTPUT) {
        jinja_fail(jinja, "the output is too long");
    }
}


/* With a condition the loop counts what passes it. */
static void
render_for(jinja_t *jinja, const jinja_node_t *node)
{
    jinja_frame_t        frame = {.outer = jinja->frame};
    jinja_value_t       *passed;
    const jinja_value_t *items = jinja_sequence(jinja, evaluate(jinja, node->nodes[1]));

    jinja->frame = &frame;

    if (node->nodes[2] != NULL) {
        passed = jinja_list(jinja, 0);
        for (size_t k = 0; k < items->len; k++) {
            jinja_step(jinja);
            assign(jinja, node->nodes[0], items->items[k]);
            if (jinja_true(evaluate(jinja, node->nodes[2]))) {
                jinja_append(jinja, passed, items->items[k]);
            }
        }
        items = passed;
    }

    for (size_t k = 0; k < items->len; k++) {
        frame.n = 0;
        frame_put(jinja, &frame, "loop", loop_of(jinja, items, k));
        assign(jinja, node->nodes[0], items->items[k]);
        render_body(jinja, node->nodes[3]);
    }

    jinja->frame = frame.outer;

    if (items->len == 0) {
        render_body(jinja, node->nodes[4]);
    }
}


static const jinja_value_t *
loop_of(jinja_t *jinja, const jinja_value_t *items, size_t k)
{
    jinja_value_t *loop = jinja_list(jinja, 0);
    const struct {
        const char          *name;
        const jinja_value_t *value;
    } members[] = {
        {"index", jinja_integer(jinja, (int64_t) k + 1)},
        {"index0", jinja_integer(jinja, (int64_t) k)},
        {"revindex", jinja_integer(jinja, (int64_t) (items->len - k))},
        {"revindex0", jinja_integer(jinja, (int64_t) (items->len - k) - 1)},
        {"first", jinja_bool(k == 0)},
        {"last", jinja_bool(k + 1 == items->len)},
        {"length", jinja_integer(jinja, (int64_t) items->len)},
        {"previtem", k == 0 ? jinja_undefined(jinja, "previtem") : items->items[k - 1]},
        {"nextitem", k + 1 == items->len ? jinja_undefined(jinja, "nextitem") : items->items[k + 1]},
    };

    loop->kind = JINJA_DICT;
    for (size_t m = 0; m < sizeof(members) / sizeof(members[0]); m++) {
        jinja_append(jinja, loop, jinja_text(jinja, members[m].name, strlen(members[m].name)));
        jinja_append(jinja, loop, members[m].value);
    }

    return loop;
}


static void
render_with(jinja_t *jinja, const jinja_node_t *node)
{
    jinja_frame_t        frame = {.outer = jinja->frame};
    const jinja_value_t *value;

    for (size_t k = 1; k + 1 < node->n; k += 2) {
        value = evaluate(jinja, node->nodes[k + 1]);
        jinja->frame = &frame;
        assign(jinja, node->nodes[k], value);
        jinja->frame = frame.outer;
    }

    jinja->frame = &frame;
    render_body(jinja, node->nodes[0]);
    jinja->frame = frame.outer;
}


/* What a body writes, as a text. */
static const jinja_value_t *
captured(jinja_t *jinja, const jinja_node_t *body)
{
    text_t         out, *before = jinja->out;
    jinja_frame_t  frame = {.outer = jinja->frame};

    text_start(&out, jinja->arena, 256);
    jinja->out = &out;
    jinja->frame = &frame;
    render_body(jinja, body);
    jinja->frame = frame.outer;
    jinja->out = before;

    return jinja_text(jinja, out.data, out.len);
}


static void
assign(jinja_t *jinja, const jinja_node_t *target, const jinja_value_t *value)
{
    jinja_value_t       *space;
    const jinja_value_t *items;

    if (target->kind == NODE_NAME) {
        frame_put(jinja, jinja->frame, target->name, value);
        return;
    }

    if (target->kind == NODE_ATTRIBUTE) { /* of a namespace, the one kind of value that changes */
        space = (jinja_value_t *) evaluate(jinja, target->nodes[0]);
        if (space->kind != JINJA_DICT || !space->tuple) {
            jinja_fail(jinja, "only members of a namespace can be set");
        }
        jinja_put(jinja, space, jinja_text(jinja, target->name, strlen(target->name)), value);
        return;
    }

    items = jinja_sequence(jinja, value);
    if (items->len != target->n) {
        jinja_fail(jinja, "%zu values for %zu names", items->len, target->n);
    }
    for (size_t k = 0; k < target->n; k++) {
        assign(jinja, target->nodes[k], items->items[k]);
    }
}


static const jinja_value_t *
evaluate(jinja_t *jinja, const jinja_node_t *node)
{
    const jinja_value_t *value;

    jinja_step(jinja);
    if (++jinja->depth > 2 * JINJA_DEPTH) {
        jinja_fail(jinja, "the template calls itself too deeply");
    }

    value = evaluate_node(jinja, node);
    jinja->depth--;

    return value;
}


static const jinja_value_t *
evaluate_node(jinja_t *jinja, const jinja_node_t *node)
{
    bool                 truth;
    jinja_arguments_t    arguments;
    const jinja_value_t *value;

    switch (node->kind) {

    case NODE_VALUE:
        return node->value;

    case NODE_NAME:
        value = lookup(jinja, node->name);
        return value != NULL ? value : jinja_undefined(jinja, node->name);

    case NODE_LIST:
    case NODE_DICT:
        return evaluate_list(jinja, node);

    case NODE_BINARY:
        value = evaluate(jinja, node->nodes[0]);
        return jinja_binary(jinja, node->name, value, evaluate(jinja, node->nodes[1]));

    case NODE_NOT:
        return jinja_bool(!jinja_true(evaluate(jinja, node->nodes[0])));

    case NODE_NEGATE:
        return jinja_binary(jinja, "-", jinja_integer(jinja, 0), evaluate(jinja, node->nodes[0]));

    case NODE_AND:
    case NODE_OR:
        value = evaluate(jinja, node->nodes[0]);
        return jinja_true(value) == (node->kind == NODE_OR) ? value : evaluate(jinja, node->nodes[1]);

    case NODE_CHOICE:
        if (jinja_true(evaluate(jinja, node->nodes[1]))) {
            return evaluate(jinja, node->nodes[0]);
        }
        return node->nodes[2] != NULL ? evaluate(jinja, node->nodes[2]) : jinja_undefined(jinja, "the value of an if without else");

    case NODE_ATTRIBUTE:
        return jinja_member(jinja, evaluate(jinja, node->nodes[0]), jinja_text(jinja, node->name, strlen(node->name)));

    case NODE_ITEM:
        value = evaluate(jinja, node->nodes[0]);
        return jinja_member(jinja, value, evaluate(jinja, node->nodes[1]));

    case NODE_SLICE:
        return evaluate_slice(jinja, node);

    case NODE_CALL:
        return evaluate_call(jinja, node);

    case NODE_FILTER:
        return evaluate_filter(jinja, node, NULL);

    default: /* NODE_TEST */
        value = evaluate(jinja, node->nodes[0]);
        arguments_of(jinja, node, &arguments);
        truth = strcmp(node->name, "in") == 0 && arguments.n == 1 ? jinja_true(jinja_binary(jinja, "in", value, arguments.values[0]))
                : jinja_test(jinja, node->name, value, &arguments);
        return jinja_bool(truth != node->negated);
    }
}


static const jinja_value_t *
evaluate_list(jinja_t *jinja, const jinja_node_t *node)
{
    jinja_value_t       *list = jinja_list(jinja, 0);
    const jinja_value_t *key;

    if (node->kind == NODE_DICT) {
        list->kind = JINJA_DICT;
        for (size_t k = 0; k < node->n; k += 2) {
            key = evaluate(jinja, node->nodes[k]);
            jinja_put(jinja, list, key, evaluate(jinja, node->nodes[k + 1]));
        }
        return list;
    }

    list->tuple = node->negated;
    for (size_t k = 0; k < node->n; k++) {
        jinja_append(jinja, list, evaluate(jinja, node->nodes[k]));
    }

    return list;
}


static const jinja_value_t *
evaluate_slice(jinja_t *jinja, const jinja_node_t *node)
{
    int64_t              bounds[3] = {0, 0, 1}, n;
    text_t               text;
    jinja_value_t       *list = jinja_list(jinja, 0);
    const jinja_value_t *object = evaluate(jinja, node->nodes[0]), *items = jinja_sequence(jinja, object), *bound;

    n = (int64_t) items->len;
    bounds[1] = n;

    for (size_t k = 0; k < 3; k++) {
        bound = node->nodes[k + 1] == NULL ? jinja_none() : evaluate(jinja, node->nodes[k + 1]);
        if (bound->kind == JINJA_INTEGER) {
            bounds[k] = k < 2 && bound->integer < 0 ? bound->integer + n : bound->integer;
        } else if (bound->kind != JINJA_NONE) {
            jinja_fail(jinja, "a bound must be a whole number");
        } else if (k == 2) {
            bounds[k] = 1;
        }
    }

    if (bounds[2] == 0) {
        jinja_fail(jinja, "the step of a slice must not be zero");
    }

    if (bounds[2] < 0) { /* from the end, unless a bound says otherwise */
        bounds[0] = node->nodes[1] == NULL || bounds[0] >= n ? n - 1 : bounds[0];
        bounds[1] = node->nodes[2] == NULL ? -1 : bounds[1];
    }

    bounds[0] = bounds[0] < 0 && bounds[2] > 0 ? 0 : bounds[0];
    for (int64_t k = bounds[0]; bounds[2] > 0 ? k < bounds[1] && k < n : k > bounds[1] && k >= 0; k += bounds[2]) {
        jinja_step(jinja);
        jinja_append(jinja, list, items->items[k]);
        if (bounds[2] > n || bounds[2] < -n) {
            break;
        }
    }

    if (object->kind != JINJA_TEXT) {
        return list;
    }

    text_start(&text, jinja->arena, 64);
    for (size_t k = 0; k < list->len; k++) {
        text_add(&text, list->items[k]->text, list->items[k]->len);
    }

    return jinja_text(jinja, text.data, text.len);
}


/* `value` stands for the object that the innermost filter of a block has not. default may be asked of what is undefined inside, too. */
static const jinja_value_t *
evaluate_filter(jinja_t *jinja, const jinja_node_t *node, const jinja_value_t *value)
{
    jinja_arguments_t arguments;

    if (node->nodes[0] != NULL) {
        value = node->nodes[0]->kind == NODE_FILTER ? evaluate_filter(jinja, node->nodes[0], value) : evaluate(jinja, node->nodes[0]);
    }

    jinja_step(jinja);
    arguments_of(jinja, node, &arguments);

    return jinja_filter(jinja, node->name, value, &arguments);
}


/* A macro, a method of a value, or a function that every template has. */
static const jinja_value_t *
evaluate_call(jinja_t *jinja, const jinja_node_t *node)
{
    jinja_arguments_t    arguments;
    const jinja_node_t  *callee = node->nodes[0];
    const jinja_value_t *value, *object;

    arguments_of(jinja, node, &arguments);

    if (callee->kind == NODE_ATTRIBUTE) {
        object = evaluate(jinja, callee->nodes[0]);
        value = object->kind == JINJA_DICT ? jinja_get(object, callee->name) : NULL;
        if (value == NULL || value->kind != JINJA_MACRO) {
            return jinja_method(jinja, object, callee->name, &arguments);
        }

    } else if (callee->kind == NODE_NAME && lookup(jinja, callee->name) == NULL) {
        return global(jinja, callee->name, &arguments);

    } else {
        value = evaluate(jinja, callee);
    }

    if (value->kind != JINJA_MACRO) {
        jinja_fail(jinja, "this value can not be called");
    }

    return macro(jinja, value->macro, &arguments);
}


static const jinja_value_t *
global(jinja_t *jinja, const char *name, const jinja_arguments_t *arguments)
{
    jinja_value_t *dict;

    if (strcmp(name, "range") == 0) {
        return range(jinja, arguments);
    }

    if (strcmp(name, "dict") == 0 || strcmp(name, "namespace") == 0) {
        dict = jinja_list(jinja, 0);
        dict->kind = JINJA_DICT;
        dict->tuple = *name == 'n';
        for (size_t k = 0; k < arguments->n_keywords; k++) {
            jinja_put(jinja, dict, jinja_text(jinja, arguments->names[k], strlen(arguments->names[k])), arguments->keywords[k]);
        }
        return dict;
    }

    jinja_fail(jinja, "%s is undefined", name);
}


static const jinja_value_t *
range(jinja_t *jinja, const jinja_arguments_t *arguments)
{
    int64_t        bounds[3] = {0, 0, 1};
    jinja_value_t *list = jinja_list(jinja, 0);

    if (arguments->n < 1 || arguments->n > 3) {
        jinja_fail(jinja, "range takes one to three numbers");
    }

    for (size_t k = 0; k < arguments->n; k++) {
        if (arguments->values[k]->kind != JINJA_INTEGER) {
            jinja_fail(jinja, "range takes whole numbers");
        }
        bounds[arguments->n == 1 ? 1 : k] = arguments->values[k]->integer;
    }

    if (bounds[2] == 0) {
        jinja_fail(jinja, "the step of a range must not be zero");
    }

    for (int64_t i = bounds[0]; bounds[2] > 0 ? i < bounds[1] : i > bounds[1];) {
        jinja_step(jinja);
        jinja_append(jinja, list, jinja_integer(jinja, i));
        if (__builtin_add_overflow(i, bounds[2], &i)) {
            break;
        }
    }

    return list;
}


/* It sees what stands outside of everything, and its own parameters. */
static const jinja_value_t *
macro(jinja_t *jinja, const jinja_node_t *node, const jinja_arguments_t *arguments)
{
    jinja_frame_t        frame = {0}, *before = jinja->frame;
    const jinja_node_t  *parameter;
    const jinja_value_t *value;

    for (frame.outer = before; frame.outer->outer != NULL; frame.outer = frame.outer->outer) {
        /* to the outermost */
    }

    for (size_t k = 1; k < node->n; k++) {
        parameter = node->nodes[k];
        value = jinja_argument(arguments, k - 1, parameter->name);
        if (value == NULL) {
            value = parameter->nodes[0] != NULL ? evaluate(jinja, parameter->nodes[0]) : jinja_undefined(jinja, parameter->name);
        }
        frame_put(jinja, &frame, parameter->name, value);
    }

    jinja->frame = &frame;
    value = captured(jinja, node->nodes[0]);
    jinja->frame = before;

    return value;
}


static void
arguments_of(jinja_t *jinja, const jinja_node_t *node, jinja_arguments_t *arguments)
{
    memset(arguments, 0, sizeof(*arguments));

    for (size_t k = 1; k < node->n; k++) {
        if (arguments->n == 8 || arguments->n_keywords == 8) {
            jinja_fail(jinja, "there are too many arguments");
        }

        if (node->nodes[k]->kind == NODE_KEYWORD) {
            arguments->names[arguments->n_keywords] = node->nodes[k]->name;
            arguments->keywords[arguments->n_keywords++] = evaluate(jinja, node->nodes[k]->nodes[0]);
        } else {
            arguments->values[arguments->n++] = evaluate(jinja, node->nodes[k]);
        }
    }
}


static const jinja_value_t *
lookup(const jinja_t *jinja, const char *name)
{
    for (const jinja_frame_t *frame = jinja->frame; frame != NULL; frame = frame->outer) {
        for (size_t k = frame->n; k > 0; k--) {
            if (strcmp(frame->names[k - 1], name) == 0) {
                return frame->values[k - 1];
            }
        }
    }

    return NULL;
}


static void
frame_put(jinja_t *jinja, jinja_frame_t *frame, const char *name, const jinja_value_t *value)
{
    const char          **names;
    const jinja_value_t **values;

    for (size_t k = 0; k < frame->n; k++) {
        if (strcmp(frame->names[k], name) == 0) {
            frame->values[k] = value;
            return;
        }
    }

    if (frame->n == frame->room) {
        frame->room = frame->room == 0 ? 8 : frame->room * 2;
        names = arena_alloc(jinja->arena, frame->room * sizeof(char *));
        values = arena_alloc(jinja->arena, frame->room * sizeof(jinja_value_t *));
        if (frame->n > 0) {
            memcpy(names, frame->names, frame->n * sizeof(char *));
            memcpy(values, frame->values, frame->n * sizeof(jinja_value_t *));
        }
        frame->names = names;
        frame->values = values;
    }

    frame->names[frame->n] = name;
    frame->values[frame->n++] = value;
}
