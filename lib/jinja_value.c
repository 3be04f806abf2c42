/*
 * Values of the template language: made, compared, written as Python writes them.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jinja.h"

static bool equal(jinja_t *jinja, const jinja_value_t *a, const jinja_value_t *b);
static void write_text(text_t *out, const char *text, size_t len);


const jinja_value_t *
jinja_undefined(jinja_t *jinja, const char *name)
{
    jinja_value_t *value = arena_zalloc(jinja->arena, sizeof(*value));

    value->text = name;

    return value;
}


const jinja_value_t *
jinja_none(void)
{
    static const jinja_value_t none = {.kind = JINJA_NONE};

    return &none;
}


const jinja_value_t *
jinja_bool(bool truth)
{
    static const jinja_value_t values[2] = {{.kind = JINJA_BOOL}, {.kind = JINJA_BOOL, .truth = true, .integer = 1}};

    return &values[truth];
}


const jinja_value_t *
jinja_integer(jinja_t *jinja, int64_t integer)
{
    jinja_value_t *value = arena_zalloc(jinja->arena, sizeof(*value));

    value->kind = JINJA_INTEGER;
    value->integer = integer;

    return value;
}


const jinja_value_t *
jinja_float(jinja_t *jinja, double number)
{
    jinja_value_t *value = arena_zalloc(jinja->arena, sizeof(*value));

    value->kind = JINJA_FLOAT;
    value->number = number;

    return value;
}


const jinja_value_t *
jinja_text(jinja_t *jinja, const char *text, size_t len)
{
    jinja_value_t *value;

    if (len > JINJA_OUTPUT) {
        jinja_fail(jinja, "a text is too long");
    }

    value = arena_zalloc(jinja->arena, sizeof(*value));
    value->kind = JINJA_TEXT;
    value->text = arena_copy(jinja->arena, text, len);
    value->len = len;

    return value;
}


jinja_value_t *
jinja_list(jinja_t *jinja, size_t n)
{
    jinja_value_t *value;

    if (n > JINJA_STEPS) {
        jinja_fail(jinja, "a list is too long");
    }

    value = arena_zalloc(jinja->arena, sizeof(*value));
    value->kind = JINJA_LIST;
    value->items = arena_zalloc(jinja->arena, (n + 1) * sizeof(jinja_value_t *));
    value->len = n;

    return value;
}


/* The room is the next power of two: `integer` counts it, which a list has no other use for. */
void
jinja_append(jinja_t *jinja, jinja_value_t *list, const jinja_value_t *item)
{
    const jinja_value_t **grown;

    if (list->len >= JINJA_STEPS) {
        jinja_fail(jinja, "a list is too long");
    }

    if ((int64_t) list->len >= list->integer) {
        list->integer = list->len < 8 ? 16 : (int64_t) list->len * 2;
        grown = arena_alloc(jinja->arena, (size_t) list->integer * sizeof(jinja_value_t *));
        memcpy(grown, list->items, list->len * sizeof(jinja_value_t *));
        list->items = grown;
    }

    list->items[list->len++] = item;
}


void
jinja_put(jinja_t *jinja, jinja_value_t *dict, const jinja_value_t *key, const jinja_value_t *value)
{
    for (size_t k = 0; k < dict->len; k += 2) {
        if (jinja_equal(jinja, dict->items[k], key)) {
            dict->items[k + 1] = value;
            return;
        }
    }

    jinja_append(jinja, dict, key);
    jinja_append(jinja, dict, value);
}


const jinja_value_t *
jinja_get(const jinja_value_t *dict, const char *key)
{
    for (size_t k = 0; k < dict->len; k += 2) {
        if (dict->items[k]->kind == JINJA_TEXT && strcmp(dict->items[k]->text, key) == 0) {
            return dict->items[k + 1];
        }
    }

    return NULL;
}


bool
jinja_true(const jinja_value_t *value)
{
    switch (value->kind) {
    case JINJA_UNDEFINED:
    case JINJA_NONE:
        return false;
    case JINJA_BOOL:
        return value->truth;
    case JINJA_INTEGER:
        return value->integer != 0;
    case JINJA_FLOAT:
        return value->number != 0;
    case JINJA_MACRO:
        return true;
    default:
        return value->len > 0;
    }
}


bool
jinja_is_number(const jinja_value_t *value)
{
    return value->kind == JINJA_BOOL || value->kind == JINJA_INTEGER || value->kind == JINJA_FLOAT;
}


double
jinja_number(const jinja_value_t *value)
{
    return value->kind == JINJA_FLOAT ? value->number : (double) value->integer;
}


/* Values may be large and deep, and a namespace may hold itself: steps and depth are counted. */
bool
jinja_equal(jinja_t *jinja, const jinja_value_t *a, const jinja_value_t *b)
{
    bool same;

    jinja_step(jinja);
    if (++jinja->depth > 2 * JINJA_DEPTH) {
        jinja_fail(jinja, "a value is nested too deeply");
    }

    same = equal(jinja, a, b);
    jinja->depth--;

    return same;
}


static bool
equal(jinja_t *jinja, const jinja_value_t *a, const jinja_value_t *b)
{
    const jinja_value_t *member = NULL;

    if (jinja_is_number(a) && jinja_is_number(b)) {
        return a->kind != JINJA_FLOAT && b->kind != JINJA_FLOAT ? a->integer == b->integer : jinja_number(a) == jinja_number(b);
    }

    if (a->kind != b->kind || a->len != b->len) {
        return false;
    }

    switch (a->kind) {

    case JINJA_TEXT:
        return memcmp(a->text, b->text, a->len) == 0;

    case JINJA_LIST:
        for (size_t k = 0; k < a->len; k++) {
            if (!jinja_equal(jinja, a->items[k], b->items[k])) {
                return false;
            }
        }
        return true;

    case JINJA_DICT:
        for (size_t k = 0; k < a->len; k += 2) {
            member = NULL;
            for (size_t j = 0; j < b->len; j += 2) {
                member = jinja_equal(jinja, a->items[k], b->items[j]) ? b->items[j + 1] : member;
            }
            if (member == NULL || !jinja_equal(jinja, a->items[k + 1], member)) {
                return false;
            }
        }
        return true;

    default:
        return a->kind != JINJA_MACRO || a == b;
    }
}


int
jinja_compare(jinja_t *jinja, const jinja_value_t *a, const jinja_value_t *b, const char *what)
{
    int    order;
    double x, y;

    jinja_step(jinja);
    if (jinja_is_number(a) && jinja_is_number(b)) {
        x = jinja_number(a);
        y = jinja_number(b);
        return x < y ? -1 : x > y;
    }

    if (a->kind == JINJA_TEXT && b->kind == JINJA_TEXT) {
        order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);
        return order != 0 ? order : a->len < b->len ? -1 : a->len > b->len;
    }

    if (a->kind == JINJA_LIST && b->kind == JINJA_LIST) {
        for (size_t k = 0; k < a->len && k < b->len; k++) {
            if (!jinja_equal(jinja, a->items[k], b->items[k])) {
                return jinja_compare(jinja, a->items[k], b->items[k], what);
            }
        }
        return a->len < b->len ? -1 : a->len > b->len;
    }

    jinja_fail(jinja, "%s: these values have no order", what);
}


/* str(), or with `quoted` repr(). */
void
jinja_write(jinja_t *jinja, text_t *out, const jinja_value_t *value, bool quoted)
{
    char number[40];

    jinja_step(jinja);
    if (++jinja->depth > JINJA_DEPTH) {
        jinja_fail(jinja, "a value is nested too deeply");
    }

    switch (value->kind) {

    case JINJA_UNDEFINED:
        text_puts(out, quoted ? "Undefined" : "");
        break;

    case JINJA_NONE:
        text_puts(out, "None");
        break;

    case JINJA_BOOL:
        text_puts(out, value->truth ? "True" : "False");
        break;

    case JINJA_INTEGER:
        text_printf(out, "%lld", (long long) value->integer);
        break;

    case JINJA_FLOAT:
        if (isfinite(value->number)) {
            text_add(out, number, json_double(number, value->number));
        } else {
            text_puts(out, isnan(value->number) ? "nan" : value->number < 0 ? "-inf" : "inf");
        }
        break;

    case JINJA_TEXT:
        if (quoted) {
            write_text(out, value->text, value->len);
        } else {
            text_add(out, value->text, value->len);
        }
        break;

    case JINJA_LIST:
        text_puts(out, value->tuple ? "(" : "[");
        for (size_t k = 0; k < value->len; k++) {
            text_puts(out, k > 0 ? ", " : "");
            jinja_write(jinja, out, value->items[k], true);
        }
        text_puts(out, !value->tuple ? "]" : value->len == 1 ? ",)" : ")");
        break;

    case JINJA_DICT:
        text_puts(out, "{");
        for (size_t k = 0; k < value->len; k += 2) {
            text_puts(out, k > 0 ? ", " : "");
            jinja_write(jinja, out, value->items[k], true);
            text_puts(out, ": ");
            jinja_write(jinja, out, value->items[k + 1], true);
        }
        text_puts(out, "}");
        break;

    default:
        text_puts(out, "<Macro>");
    }

    jinja->depth--;
    if (out->len > JINJA_OUTPUT) {
        jinja_fail(jinja, "the output is too long");
    }
}


const jinja_value_t *
jinja_text_of(jinja_t *jinja, const jinja_value_t *value)
{
    text_t out;

    if (value->kind == JINJA_TEXT) {
        return value;
    }

    text_start(&out, jinja->arena, 32);
    jinja_write(jinja, &out, value, false);

    return jinja_text(jinja, out.data, out.len);
}


const jinja_value_t *
jinja_sequence(jinja_t *jinja, const jinja_value_t *value)
{
    size_t         n;
    jinja_value_t *list;

    switch (value->kind) {

    case JINJA_LIST:
        return value;

    case JINJA_UNDEFINED:
        return jinja_list(jinja, 0);

    case JINJA_DICT:
        list = jinja_list(jinja, value->len / 2);
        for (size_t k = 0; k < list->len; k++) {
            list->items[k] = value->items[2 * k];
        }
        return list;

    case JINJA_TEXT:
        list = jinja_list(jinja, 0);
        for (const char *p = value->text, *end = p + value->len; p < end; p += n) {
            for (n = 1; p + n < end && ((unsigned char) p[n] & 0xc0) == 0x80; n++) {
                /* the rest of the character */
            }
            jinja_step(jinja);
            jinja_append(jinja, list, jinja_text(jinja, p, n));
        }
        return list;

    default:
        jinja_fail(jinja, "this value can not be gone through");
    }
}


/* By index or key; what is not there is undefined, of what is undefined nothing can be asked. */
const jinja_value_t *
jinja_member(jinja_t *jinja, const jinja_value_t *object, const jinja_value_t *key)
{
    int64_t index;

    if (object->kind == JINJA_UNDEFINED) {
        jinja_fail(jinja, "%s is undefined", object->text);
    }

    if (object->kind == JINJA_DICT) {
        for (size_t k = 0; k < object->len; k += 2) {
            if (jinja_equal(jinja, object->items[k], key)) {
                return object->items[k + 1];
            }
        }

    } else if ((object->kind == JINJA_LIST || object->kind == JINJA_TEXT) && key->kind == JINJA_INTEGER) {
        object = jinja_sequence(jinja, object);
        index = key->integer < 0 ? key->integer + (int64_t) object->len : key->integer;
        if (index >= 0 && index < (int64_t) object->len) {
            return object->items[index];
        }
    }

    return jinja_undefined(jinja, key->kind == JINJA_TEXT ? key->text : "a member");
}


/* repr() of text, with the quotes that need no escape if there are such. */
static void
write_text(text_t *out, const char *text, size_t len)
{
    char quote = memchr(text, '\'', len) != NULL && memchr(text, '"', len) == NULL ? '"' : '\'';

    text_add(out, &quote, 1);
    for (size_t k = 0; k < len; k++) {
        if (text[k] == quote || text[k] == '\\') {
            text_printf(out, "\\%c", text[k]);
        } else if (text[k] == '\n') {
            text_puts(out, "\\n");
        } else if (text[k] == '\t') {
            text_puts(out, "\\t");
        } else if (text[k] == '\r') {
            text_puts(out, "\\r");
        } else if ((unsigned char) text[k] < ' ' || text[k] == 0x7f) {
            text_printf(out, "\\x%02x", (unsigned char) text[k]);
        } else {
            text_add(out, text + k, 1);
        }
    }
    text_add(out, &quote, 1);
}
