/*
 * Filters of texts and numbers, and the table of all (jinja_filter.h).
 */

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tator/uri.h>

#include "jinja_filter.h"


const jinja_value_t *
jinja_argument(const jinja_arguments_t *arguments, size_t k, const char *name)
{
    if (k < arguments->n) {
        return arguments->values[k];
    }

    for (size_t j = 0; j < arguments->n_keywords; j++) {
        if (strcmp(arguments->names[j], name) == 0) {
            return arguments->keywords[j];
        }
    }

    return NULL;
}


bool
argument_true(const jinja_arguments_t *arguments, size_t k, const char *name)
{
    const jinja_value_t *value = jinja_argument(arguments, k, name);

    return value != NULL && jinja_true(value);
}


int64_t
argument_integer(const jinja_arguments_t *arguments, size_t k, const char *name, int64_t otherwise)
{
    const jinja_value_t *value = jinja_argument(arguments, k, name);

    return value == NULL || !jinja_is_number(value) ? otherwise : value->kind == JINJA_FLOAT ? (int64_t) value->number : value->integer;
}


const char *
argument_text(jinja_t *jinja, const jinja_arguments_t *arguments, size_t k, const char *name, const char *otherwise)
{
    const jinja_value_t *value = jinja_argument(arguments, k, name);

    return value == NULL ? otherwise : jinja_text_of(jinja, value)->text;
}


/* An item's member "a.b.0" of a filter's argument `attribute`; the item itself when there is none. */
const jinja_value_t *
attribute_of(jinja_t *jinja, const jinja_value_t *item, const jinja_value_t *attribute)
{
    size_t      n;
    const char *p;

    if (attribute == NULL) {
        return item;
    }

    if (attribute->kind != JINJA_TEXT) {
        return jinja_member(jinja, item, attribute);
    }

    for (p = attribute->text; *p != '\0'; p += n + (p[n] == '.')) {
        n = strcspn(p, ".");
        item = strspn(p, "0123456789") >= n ? jinja_member(jinja, item, jinja_integer(jinja, strtoll(p, NULL, 10)))
               : jinja_member(jinja, item, jinja_text(jinja, p, n));
    }

    return item;
}


const jinja_value_t *
text_done(jinja_t *jinja, const text_t *text)
{
    return jinja_text(jinja, text->data, text->len);
}


/* upper, lower, capitalize, title, swapcase: of ASCII letters; others stay. */
const jinja_value_t *
filter_case(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    bool  start = true;
    char *copy;

    (void) arguments;
    value = jinja_text_of(jinja, value);
    copy = arena_copy(jinja->arena, value->text, value->len);

    for (size_t k = 0; k < value->len; k++) {
        unsigned char c = (unsigned char) copy[k];

        copy[k] = (char) (*name == 'u' || ((*name == 'c' || *name == 't') && start) ? toupper(c)
                          : *name == 's' ? (isupper(c) ? tolower(c) : toupper(c)) : tolower(c));
        start = *name == 't' && (isspace(c) || strchr("-([{<", c) != NULL);
    }

    return jinja_text(jinja, copy, value->len);
}


/* trim, strip, lstrip, rstrip */
const jinja_value_t *
filter_trim(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    size_t      start = 0, end;
    const char *set = argument_text(jinja, arguments, 0, "chars", " \t\n\r\v\f");

    value = jinja_text_of(jinja, value);
    end = value->len;

    while (*name != 'r' && start < end && value->text[start] != '\0' && strchr(set, value->text[start]) != NULL) {
        start++;
    }
    while (*name != 'l' && end > start && value->text[end - 1] != '\0' && strchr(set, value->text[end - 1]) != NULL) {
        end--;
    }

    return jinja_text(jinja, value->text + start, end - start);
}


const jinja_value_t *
filter_replace(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    text_t               out;
    size_t               at = 0, old_len;
    int64_t              left = argument_integer(arguments, 2, "count", INT64_MAX);
    const char          *found;
    const jinja_value_t *old = jinja_argument(arguments, 0, "old"), *new = jinja_argument(arguments, 1, "new");

    if (old == NULL || new == NULL) {
        jinja_fail(jinja, "%s takes what is replaced, and by what", name);
    }

    value = jinja_text_of(jinja, value);
    old = jinja_text_of(jinja, old);
    new = jinja_text_of(jinja, new);
    old_len = old->len;
    text_start(&out, jinja->arena, value->len + 64);

    while (left != 0 && old_len > 0 && (found = memmem(value->text + at, value->len - at, old->text, old_len)) != NULL) {
        jinja_step(jinja);
        text_add(&out, value->text + at, (size_t) (found - value->text) - at);
        text_add(&out, new->text, new->len);
        at = (size_t) (found - value->text) + old_len;
        left = left < 0 ? left : left - 1;
        if (out.len > JINJA_OUTPUT) {
            jinja_fail(jinja, "a text is too long");
        }
    }
    text_add(&out, value->text + at, value->len - at);

    return text_done(jinja, &out);
}


static const jinja_value_t *
filter_escape(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    text_t                   out;
    static const char        plain[] = "&<>\"'";
    static const char *const escaped[] = {"&amp;", "&lt;", "&gt;", "&#34;", "&#39;"};

    (void) arguments;
    (void) name;
    value = jinja_text_of(jinja, value);
    text_start(&out, jinja->arena, value->len + 64);

    for (size_t k = 0; k < value->len; k++) {
        const char *found = value->text[k] == '\0' ? NULL : strchr(plain, value->text[k]);

        if (found != NULL) {
            text_puts(&out, escaped[found - plain]);
        } else {
            text_add(&out, value->text + k, 1);
        }
    }

    return text_done(jinja, &out);
}


/* A dictionary becomes a query, whose spaces are plus signs. */
static const jinja_value_t *
filter_urlencode(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    text_t               out;
    size_t               n;
    const jinja_value_t *part;

    (void) arguments;
    (void) name;
    text_start(&out, jinja->arena, 256);

    if (value->kind != JINJA_DICT) {
        value = jinja_text_of(jinja, value);
        uri_encode(&out, value->text, value->len, "/");
        return text_done(jinja, &out);
    }

    for (size_t k = 0; k < value->len; k++) {
        part = jinja_text_of(jinja, value->items[k]);
        text_puts(&out, k == 0 ? "" : k % 2 == 0 ? "&" : "=");

        for (const char *p = part->text; *p != '\0'; p += n + (p[n] == ' ')) {
            n = strcspn(p, " ");
            uri_encode(&out, p, n, "");
            text_puts(&out, p[n] == ' ' ? "+" : "");
        }
    }

    return text_done(jinja, &out);
}


/* Lines after the first, and with `first` that too, begin with spaces; empty lines do not, unless `blank`. */
static const jinja_value_t *
filter_indent(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    bool                 first = argument_true(arguments, 1, "first"), blank = argument_true(arguments, 2, "blank");
    size_t               n;
    text_t               out;
    int64_t              width = argument_integer(arguments, 0, "width", 4);
    const char          *p, *end;
    const jinja_value_t *given = jinja_argument(arguments, 0, "width");

    value = jinja_text_of(jinja, value);
    text_start(&out, jinja->arena, value->len + 256);
    if (width < 0 || width > 1000) {
        jinja_fail(jinja, "%s takes a width up to 1000", name);
    }

    end = value->text + value->len;
    for (p = value->text; p < end; p += n) {
        const char *line_end = memchr(p, '\n', (size_t) (end - p));

        n = line_end == NULL ? (size_t) (end - p) : (size_t) (line_end - p) + 1;
        if ((p > value->text || first) && (*p != '\n' || blank)) {
            if (given != NULL && given->kind == JINJA_TEXT) {
                text_add(&out, given->text, given->len);
            } else {
                text_printf(&out, "%*s", (int) width, "");
            }
        }
        text_add(&out, p, n);
        jinja_step(jinja);
        if (out.len > JINJA_OUTPUT) {
            jinja_fail(jinja, "a text is too long");
        }
    }

    return text_done(jinja, &out);
}


static const jinja_value_t *
filter_truncate(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    size_t               n, tail_len;
    text_t               out;
    int64_t              length = argument_integer(arguments, 0, "length", 255), leeway = argument_integer(arguments, 3, "leeway", 5);
    const char          *tail = argument_text(jinja, arguments, 2, "end", "...");
    const jinja_value_t *letters;

    value = jinja_text_of(jinja, value);
    letters = jinja_sequence(jinja, value);
    tail_len = strlen(tail);

    if ((int64_t) letters->len <= length + leeway) {
        return value;
    }
    if (length < (int64_t) tail_len) {
        jinja_fail(jinja, "%s: the length must be at least that of the end", name);
    }

    n = (size_t) length - tail_len;
    if (!argument_true(arguments, 1, "killwords")) {
        for (size_t k = n; k > 0; k--) {
            if (letters->items[k - 1]->text[0] == ' ') {
                n = k - 1;
                break;
            }
        }
    }

    text_start(&out, jinja->arena, 64);
    for (size_t k = 0; k < n; k++) {
        text_add(&out, letters->items[k]->text, letters->items[k]->len);
    }
    text_puts(&out, tail);

    return text_done(jinja, &out);
}


static const jinja_value_t *
filter_center(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    text_t  out;
    int64_t width = argument_integer(arguments, 0, "width", 80), room;

    value = jinja_text_of(jinja, value);
    room = width - (int64_t) jinja_sequence(jinja, value)->len;
    if (room <= 0) {
        return value;
    }
    if (room > 10000) {
        jinja_fail(jinja, "%s: the width is too large", name);
    }

    text_start(&out, jinja->arena, value->len + (size_t) room + 1);
    text_printf(&out, "%*s", (int) (room / 2), "");
    text_add(&out, value->text, value->len);
    text_printf(&out, "%*s", (int) (room - room / 2), "");

    return text_done(jinja, &out);
}


static const jinja_value_t *
filter_string(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    (void) arguments;
    (void) name;

    return jinja_text_of(jinja, value);
}


static const jinja_value_t *
filter_wordcount(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    bool    inside = false;
    int64_t n = 0;

    (void) arguments;
    (void) name;
    value = jinja_text_of(jinja, value);
    for (size_t k = 0; k < value->len; k++) {
        bool word = isalnum((unsigned char) value->text[k]) || value->text[k] == '_' || (unsigned char) value->text[k] >= 0x80;

        n += word && !inside;
        inside = word;
    }

    return jinja_integer(jinja, n);
}


static void
write_json(jinja_t *jinja, text_t *out, const jinja_value_t *value)
{
    text_t key;

    jinja_step(jinja);
    if (++jinja->depth > JINJA_DEPTH) {
        jinja_fail(jinja, "a value is nested too deeply");
    }

    switch (value->kind) {

    case JINJA_NONE:
        text_puts(out, "null");
        break;

    case JINJA_BOOL:
        text_puts(out, value->truth ? "true" : "false");
        break;

    case JINJA_INTEGER:
    case JINJA_FLOAT:
        jinja_write(jinja, out, value, false);
        break;

    case JINJA_TEXT:
        json_write_text(out, value->text, value->len);
        break;

    case JINJA_LIST:
        text_puts(out, "[");
        for (size_t k = 0; k < value->len; k++) {
            text_puts(out, k > 0 ? ", " : "");
            write_json(jinja, out, value->items[k]);
        }
        text_puts(out, "]");
        break;

    case JINJA_DICT:
        text_puts(out, "{");
        for (size_t k = 0; k < value->len; k += 2) {
            text_puts(out, k > 0 ? ", " : "");
            text_start(&key, jinja->arena, 64);
            jinja_write(jinja, &key, value->items[k], false);
            json_write_text(out, key.data, key.len);
            text_puts(out, ": ");
            write_json(jinja, out, value->items[k + 1]);
        }
        text_puts(out, "}");
        break;

    default:
        jinja_fail(jinja, "this value has no JSON");
    }

    jinja->depth--;
}


/* What HTML gives a meaning is escaped, so that it can stand in a script. */
static const jinja_value_t *
filter_tojson(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    text_t out, safe;

    (void) arguments;
    (void) name;
    text_start(&out, jinja->arena, 256);
    write_json(jinja, &out, value);

    text_start(&safe, jinja->arena, out.len + 64);
    for (size_t k = 0; k < out.len; k++) {
        if (out.data[k] != '\0' && strchr("<>&'", out.data[k]) != NULL) {
            text_printf(&safe, "\\u%04x", (unsigned) out.data[k]);
        } else {
            text_add(&safe, out.data + k, 1);
        }
    }

    return text_done(jinja, &safe);
}


static const jinja_value_t *
filter_int(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    char                *end;
    double               number;
    int64_t              integer, base = argument_integer(arguments, 1, "base", 10);
    const jinja_value_t *otherwise = jinja_argument(arguments, 0, "default");

    (void) name;
    otherwise = otherwise == NULL ? jinja_integer(jinja, 0) : otherwise;

    if (value->kind == JINJA_TEXT) {
        integer = strtoll(value->text, &end, base == 0 || (base >= 2 && base <= 36) ? (int) base : 10);
        if (end != value->text && end[strspn(end, " \t\n")] == '\0') {
            return jinja_integer(jinja, integer);
        }
        number = strtod(value->text, &end);
        if (end == value->text || end[strspn(end, " \t\n")] != '\0') {
            return otherwise;
        }

    } else if (jinja_is_number(value)) {
        number = jinja_number(value);
        if (value->kind != JINJA_FLOAT) {
            return jinja_integer(jinja, value->integer);
        }

    } else {
        return otherwise;
    }

    return fabs(number) < 9e18 ? jinja_integer(jinja, (int64_t) number) : otherwise;
}


static const jinja_value_t *
filter_float(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    char                *end;
    double               number;
    const jinja_value_t *otherwise = jinja_argument(arguments, 0, "default");

    (void) name;
    if (jinja_is_number(value)) {
        return jinja_float(jinja, jinja_number(value));
    }

    if (value->kind == JINJA_TEXT) {
        number = strtod(value->text, &end);
        if (end != value->text && end[strspn(end, " \t\n")] == '\0') {
            return jinja_float(jinja, number);
        }
    }

    return otherwise == NULL ? jinja_float(jinja, 0) : otherwise;
}


static const jinja_value_t *
filter_abs(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    (void) arguments;
    if (!jinja_is_number(value) || value->integer == INT64_MIN) {
        jinja_fail(jinja, "%s takes a number", name);
    }

    return value->kind == JINJA_FLOAT ? jinja_float(jinja, fabs(value->number)) : jinja_integer(jinja, value->integer < 0 ? -value->integer : value->integer);
}


/* Half to even, as Python rounds. */
static const jinja_value_t *
filter_round(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    double      factor, number;
    int64_t     precision = argument_integer(arguments, 0, "precision", 0);
    const char *method = argument_text(jinja, arguments, 1, "method", "common");

    if (!jinja_is_number(value) || precision < 0 || precision > 15) {
        jinja_fail(jinja, "%s takes a number and a precision up to 15", name);
    }

    factor = pow(10, (double) precision);
    number = jinja_number(value) * factor;
    number = *method == 'f' ? floor(number) : strcmp(method, "ceil") == 0 ? ceil(number) : nearbyint(number);

    return jinja_float(jinja, number / factor);
}


static const jinja_value_t *
filter_default(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    bool                 missing = value->kind == JINJA_UNDEFINED || (argument_true(arguments, 1, "boolean") && !jinja_true(value));
    const jinja_value_t *otherwise = jinja_argument(arguments, 0, "default_value");

    (void) name;

    return !missing ? value : otherwise != NULL ? otherwise : jinja_text(jinja, "", 0);
}


static const struct {
    const char *name;
    filter_pt   filter;
} filters[] = {
    {"abs", filter_abs},             {"batch", filter_batch},       {"capitalize", filter_case}, {"center", filter_center},
    {"count", filter_length},        {"d", filter_default},         {"default", filter_default}, {"dictsort", filter_items},
    {"e", filter_escape},            {"escape", filter_escape},     {"first", filter_end},       {"float", filter_float},
    {"forceescape", filter_escape},  {"indent", filter_indent},     {"int", filter_int},         {"items", filter_items},
    {"join", filter_join},           {"last", filter_end},          {"length", filter_length},   {"list", filter_list},
    {"lower", filter_case},          {"map", filter_map},           {"max", filter_sort},        {"min", filter_sort},
    {"reject", filter_select},       {"rejectattr", filter_select}, {"replace", filter_replace}, {"reverse", filter_reverse},
    {"round", filter_round},         {"safe", filter_string},       {"select", filter_select},   {"selectattr", filter_select},
    {"sort", filter_sort},           {"string", filter_string},     {"sum", filter_sum},         {"title", filter_case},
    {"tojson", filter_tojson},       {"trim", filter_trim},         {"truncate", filter_truncate}, {"unique", filter_unique},
    {"upper", filter_case},          {"urlencode", filter_urlencode}, {"wordcount", filter_wordcount},
};


filter_pt
jinja_filter_of(const char *name)
{
    for (size_t k = 0; k < sizeof(filters) / sizeof(filters[0]); k++) {
        if (strcmp(filters[k].name, name) == 0) {
            return filters[k].filter;
        }
    }

    return NULL;
}


const jinja_value_t *
jinja_filter(jinja_t *jinja, const char *name, const jinja_value_t *value, const jinja_arguments_t *arguments)
{
    filter_pt filter = jinja_filter_of(name);

    if (filter == NULL) {
        jinja_fail(jinja, "there is no filter %s", name);
    }

    return filter(jinja, value, arguments, name);
}
