/*
 * What stands between two values: comparisons, sums of numbers, texts and lists.
 */

#include <math.h>
#include <string.h>

#include "jinja.h"

static const jinja_value_t *joined(jinja_t *jinja, const jinja_value_t *a, const jinja_value_t *b);
static const jinja_value_t *repeated(jinja_t *jinja, const jinja_value_t *value, int64_t n);
static const jinja_value_t *arithmetic(jinja_t *jinja, const char *sign, const jinja_value_t *a, const jinja_value_t *b);
static bool                 contains(jinja_t *jinja, const jinja_value_t *container, const jinja_value_t *item);


const jinja_value_t *
jinja_binary(jinja_t *jinja, const char *sign, const jinja_value_t *a, const jinja_value_t *b)
{
    int order;

    if (strcmp(sign, "==") == 0 || strcmp(sign, "!=") == 0) {
        return jinja_bool(jinja_equal(jinja, a, b) == (*sign == '='));
    }

    if (strcmp(sign, "in") == 0) {
        return jinja_bool(contains(jinja, b, a));
    }

    if (*sign == '<' || *sign == '>') {
        order = jinja_compare(jinja, a, b, sign);
        return jinja_bool((sign[1] == '=' && order == 0) || (*sign == '<' ? order < 0 : order > 0));
    }

    if (*sign == '~') {
        return joined(jinja, jinja_text_of(jinja, a), jinja_text_of(jinja, b));
    }

    if (*sign == '+' && a->kind == b->kind && (a->kind == JINJA_TEXT || a->kind == JINJA_LIST)) {
        return joined(jinja, a, b);
    }

    if (strcmp(sign, "*") == 0 && (a->kind == JINJA_TEXT || a->kind == JINJA_LIST) && b->kind == JINJA_INTEGER) {
        return repeated(jinja, a, b->integer);
    }

    if (*sign == '%' && a->kind == JINJA_TEXT) {
        jinja_fail(jinja, "formats of %% are not available");
    }

    return arithmetic(jinja, sign, a, b);
}


/* Texts, or lists. */
static const jinja_value_t *
joined(jinja_t *jinja, const jinja_value_t *a, const jinja_value_t *b)
{
    text_t         text;
    jinja_value_t *list;

    if (a->kind == JINJA_TEXT) {
        if (a->len + b->len > JINJA_OUTPUT) {
            jinja_fail(jinja, "a text is too long");
        }
        text_start(&text, jinja->arena, a->len + b->len + 1);
        text_add(&text, a->text, a->len);
        text_add(&text, b->text, b->len);
        return jinja_text(jinja, text.data, text.len);
    }

    list = jinja_list(jinja, a->len + b->len);
    for (size_t k = 0; k < list->len; k++) {
        list->items[k] = k < a->len ? a->items[k] : b->items[k - a->len];
    }

    return list;
}


static const jinja_value_t *
repeated(jinja_t *jinja, const jinja_value_t *value, int64_t n)
{
    text_t               text;
    jinja_value_t       *list;

    n = n < 0 ? 0 : n;
    if (value->len > 0 && n > (value->kind == JINJA_TEXT ? JINJA_OUTPUT : JINJA_STEPS) / (int64_t) value->len) {
        jinja_fail(jinja, "a value is too long");
    }
    n = value->len == 0 ? 0 : n;

    if (value->kind == JINJA_TEXT) {
        text_start(&text, jinja->arena, value->len * (size_t) n + 1);
        for (int64_t k = 0; k < n; k++) {
            text_add(&text, value->text, value->len);
        }
        return jinja_text(jinja, text.data, text.len);
    }

    list = jinja_list(jinja, value->len * (size_t) n);
    for (size_t k = 0; k < list->len; k++) {
        list->items[k] = value->items[k % value->len];
    }

    return list;
}


/* Integers stay integers but in "/"; quotients and remainders go down, as Python's. */
static const jinja_value_t *
arithmetic(jinja_t *jinja, const char *sign, const jinja_value_t *a, const jinja_value_t *b)
{
    bool    power = strcmp(sign, "**") == 0, floor_of = strcmp(sign, "//") == 0, good = true;
    double  x, y;
    int64_t i, j, result = 0;

    if (!jinja_is_number(a) || !jinja_is_number(b)) {
        jinja_fail(jinja, "%s works on numbers", sign);
    }

    x = jinja_number(a);
    y = jinja_number(b);
    i = a->integer;
    j = b->integer;

    if ((*sign == '/' || *sign == '%') && y == 0) {
        jinja_fail(jinja, "division by zero");
    }

    if (a->kind == JINJA_FLOAT || b->kind == JINJA_FLOAT || (*sign == '/' && !floor_of) || (power && j < 0)) {
        return jinja_float(jinja, power ? pow(x, y) : floor_of ? floor(x / y) : *sign == '+' ? x + y : *sign == '-' ? x - y
                                  : *sign == '*' ? x * y : *sign == '/' ? x / y : x - y * floor(x / y));
    }

    if ((floor_of || *sign == '%') && j == -1) { /* the least integer has no opposite */
        good = !__builtin_sub_overflow((int64_t) 0, i, &result);
        result = *sign == '%' ? 0 : result;

    } else if (floor_of) {
        result = i / j - (i % j != 0 && (i < 0) != (j < 0));

    } else if (*sign == '%') {
        result = i % j + (i % j != 0 && (i < 0) != (j < 0) ? j : 0);

    } else if (power) {
        for (result = 1; j > 0 && good && j < 64; j--) {
            good = !__builtin_mul_overflow(result, i, &result);
        }
        good = good && j == 0;

    } else {
        good = !(*sign == '+' ? __builtin_add_overflow(i, j, &result) : *sign == '-' ? __builtin_sub_overflow(i, j, &result)
                 : __builtin_mul_overflow(i, j, &result));
    }

    if (!good) {
        jinja_fail(jinja, "a number is too large");
    }

    return jinja_integer(jinja, result);
}


static bool
contains(jinja_t *jinja, const jinja_value_t *container, const jinja_value_t *item)
{
    if (container->kind == JINJA_TEXT && item->kind == JINJA_TEXT) {
        return memmem(container->text, container->len, item->text, item->len) != NULL;
    }

    container = jinja_sequence(jinja, container);
    for (size_t k = 0; k < container->len; k++) {
        jinja_step(jinja);
        if (jinja_equal(jinja, container->items[k], item)) {
            return true;
        }
    }

    return false;
}
