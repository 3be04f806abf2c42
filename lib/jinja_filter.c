/*
 * What templates can do with values: filters, tests and methods, each a table of names.
 */

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tator/uri.h>

#include "jinja.h"

typedef const jinja_value_t *(*filter_pt)(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name);
typedef bool (*test_pt)(jinja_t *jinja, const jinja_value_t *value, const jinja_value_t *other, const char *name);

static filter_pt find_filter(const char *name);


/* --- arguments ---------------------------------------------------------------------------------------------------------------- */

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


static bool
argument_true(const jinja_arguments_t *arguments, size_t k, const char *name)
{
    const jinja_value_t *value = jinja_argument(arguments, k, name);

    return value != NULL && jinja_true(value);
}


static int64_t
argument_integer(const jinja_arguments_t *arguments, size_t k, const char *name, int64_t otherwise)
{
    const jinja_value_t *value = jinja_argument(arguments, k, name);

    return value == NULL || !jinja_is_number(value) ? otherwise : value->kind == JINJA_FLOAT ? (int64_t) value->number : value->integer;
}


static const char *
argument_text(jinja_t *jinja, const jinja_arguments_t *arguments, size_t k, const char *name, const char *otherwise)
{
    const jinja_value_t *value = jinja_argument(arguments, k, name);

    return value == NULL ? otherwise : jinja_text_of(jinja, value)->text;
}


/* An item's member "a.b.0" of a filter's argument `attribute`; the item itself when there is none. */
static const jinja_value_t *
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


static const jinja_value_t *
text_done(jinja_t *jinja, const text_t *text)
{
    return jinja_text(jinja, text->data, text->len);
}


/* --- text --------------------------------------------------------------------------------------------------------------------- */

/* upper, lower, capitalize, title, swapcase: of ASCII letters; others stay. */
static const jinja_value_t *
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
static const jinja_value_t *
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


static const jinja_value_t *
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


/* --- JSON --------------------------------------------------------------------------------------------------------------------- */

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


/* --- numbers ------------------------------------------------------------------------------------------------------------------- */

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


/* --- lists --------------------------------------------------------------------------------------------------------------------- */

static const jinja_value_t *
filter_length(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    (void) arguments;
    (void) name;

    return jinja_integer(jinja, (int64_t) jinja_sequence(jinja, value)->len);
}


static const jinja_value_t *
filter_list(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    jinja_value_t       *list;
    const jinja_value_t *items = jinja_sequence(jinja, value);

    (void) arguments;
    (void) name;
    list = jinja_list(jinja, items->len);
    memcpy(list->items, items->items, items->len * sizeof(jinja_value_t *));

    return list;
}


/* first, last */
static const jinja_value_t *
filter_end(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    const jinja_value_t *items = jinja_sequence(jinja, value);

    (void) arguments;

    return items->len == 0 ? jinja_undefined(jinja, name) : items->items[*name == 'f' ? 0 : items->len - 1];
}


static const jinja_value_t *
filter_join(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    text_t               out;
    const char          *between = argument_text(jinja, arguments, 0, "d", "");
    const jinja_value_t *items = jinja_sequence(jinja, value), *attribute = jinja_argument(arguments, 1, "attribute");

    (void) name;
    text_start(&out, jinja->arena, 256);
    for (size_t k = 0; k < items->len; k++) {
        text_puts(&out, k > 0 ? between : "");
        jinja_write(jinja, &out, attribute_of(jinja, items->items[k], attribute), false);
    }

    return text_done(jinja, &out);
}


static const jinja_value_t *
filter_reverse(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    text_t               out;
    jinja_value_t       *list;
    const jinja_value_t *items = jinja_sequence(jinja, value);

    (void) arguments;
    (void) name;
    list = jinja_list(jinja, items->len);
    for (size_t k = 0; k < items->len; k++) {
        list->items[k] = items->items[items->len - 1 - k];
    }

    if (value->kind != JINJA_TEXT) {
        return list;
    }

    text_start(&out, jinja->arena, value->len + 1);
    for (size_t k = 0; k < list->len; k++) {
        text_add(&out, list->items[k]->text, list->items[k]->len);
    }

    return text_done(jinja, &out);
}


/* What two items are compared by: texts without case unless it is asked for. */
static const jinja_value_t *
sort_key(jinja_t *jinja, const jinja_value_t *item, const jinja_value_t *attribute, bool cased)
{
    static const jinja_arguments_t none;

    item = attribute_of(jinja, item, attribute);

    return !cased && item->kind == JINJA_TEXT ? filter_case(jinja, item, &none, "lower") : item;
}


/* Stable: by merging. */
static void
sort_items(jinja_t *jinja, const jinja_value_t **items, const jinja_value_t **keys, const jinja_value_t **room, size_t n, int sign)
{
    size_t half = n / 2, a = 0, b = half;

    if (n < 2) {
        return;
    }

    sort_items(jinja, items, keys, room, half, sign);
    sort_items(jinja, items + half, keys + half, room, n - half, sign);

    for (size_t k = 0; k < n; k++) {
        bool left;

        jinja_step(jinja);
        left = b == n || (a < half && sign * jinja_compare(jinja, keys[a], keys[b], "sort") <= 0);
        room[2 * k] = items[left ? a : b];
        room[2 * k + 1] = keys[left ? a : b];
        a += left;
        b += !left;
    }

    for (size_t k = 0; k < n; k++) {
        items[k] = room[2 * k];
        keys[k] = room[2 * k + 1];
    }
}


/* sort(reverse, case_sensitive, attribute), min and max(case_sensitive, attribute) */
static const jinja_value_t *
filter_sort(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    bool                 sort = strcmp(name, "sort") == 0, cased = argument_true(arguments, sort, "case_sensitive");
    jinja_value_t       *list, *keys;
    const jinja_value_t *items = jinja_sequence(jinja, value), *attribute = jinja_argument(arguments, sort ? 2 : 1, "attribute");

    list = jinja_list(jinja, items->len);
    keys = jinja_list(jinja, items->len);
    for (size_t k = 0; k < items->len; k++) {
        list->items[k] = items->items[k];
        keys->items[k] = sort_key(jinja, items->items[k], attribute, cased);
    }

    sort_items(jinja, list->items, keys->items, arena_alloc(jinja->arena, (2 * items->len + 1) * sizeof(jinja_value_t *)), items->len,
               sort && argument_true(arguments, 0, "reverse") ? -1 : 1);

    if (sort) {
        return list;
    }

    return list->len == 0 ? jinja_undefined(jinja, name) : list->items[name[1] == 'i' ? 0 : list->len - 1];
}


static const jinja_value_t *
filter_unique(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    bool                 cased = argument_true(arguments, 0, "case_sensitive"), known;
    jinja_value_t       *list = jinja_list(jinja, 0), *keys = jinja_list(jinja, 0);
    const jinja_value_t *items = jinja_sequence(jinja, value), *key, *attribute = jinja_argument(arguments, 1, "attribute");

    (void) name;
    for (size_t k = 0; k < items->len; k++) {
        key = sort_key(jinja, items->items[k], attribute, cased);
        known = false;
        for (size_t j = 0; j < keys->len && !known; j++) {
            jinja_step(jinja);
            known = jinja_equal(jinja, keys->items[j], key);
        }
        if (!known) {
            jinja_append(jinja, keys, key);
            jinja_append(jinja, list, items->items[k]);
        }
    }

    return list;
}


static const jinja_value_t *
filter_sum(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    bool                 whole = true;
    double               sum = 0;
    int64_t              total = 0;
    const jinja_value_t *items = jinja_sequence(jinja, value), *item, *attribute = jinja_argument(arguments, 0, "attribute"),
                        *start = jinja_argument(arguments, 1, "start");

    for (size_t k = 0; k < items->len + (start != NULL); k++) {
        item = k < items->len ? attribute_of(jinja, items->items[k], attribute) : start;
        if (!jinja_is_number(item)) {
            jinja_fail(jinja, "%s takes numbers", name);
        }
        whole = whole && item->kind != JINJA_FLOAT;
        sum += jinja_number(item);
        if (whole && __builtin_add_overflow(total, item->integer, &total)) {
            jinja_fail(jinja, "a number is too large");
        }
    }

    return whole ? jinja_integer(jinja, total) : jinja_float(jinja, sum);
}


/* map("filter", …), map(attribute="a.b", default=…) */
static const jinja_value_t *
filter_map(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    filter_pt            filter = NULL;
    const char          *called = NULL;
    jinja_value_t       *list;
    jinja_arguments_t    rest = *arguments;
    const jinja_value_t *items = jinja_sequence(jinja, value), *attribute = jinja_argument(arguments, 8, "attribute"), *item,
                        *otherwise = jinja_argument(arguments, 8, "default");

    if (attribute == NULL) {
        if (arguments->n == 0 || arguments->values[0]->kind != JINJA_TEXT || (filter = find_filter(arguments->values[0]->text)) == NULL) {
            jinja_fail(jinja, "%s takes the name of a filter, or an attribute", name);
        }
        called = arguments->values[0]->text;
        memmove(rest.values, rest.values + 1, sizeof(rest.values) - sizeof(rest.values[0]));
        rest.n--;
    }

    list = jinja_list(jinja, items->len);
    for (size_t k = 0; k < items->len; k++) {
        jinja_step(jinja);
        item = attribute != NULL ? attribute_of(jinja, items->items[k], attribute) : filter(jinja, items->items[k], &rest, called);
        list->items[k] = item->kind == JINJA_UNDEFINED && otherwise != NULL ? otherwise : item;
    }

    return list;
}


/* select, reject("test", …), selectattr, rejectattr("attribute", "test", …) */
static const jinja_value_t *
filter_select(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    bool                 wanted = *name == 's', passes;
    size_t               skip = strstr(name, "attr") != NULL;
    jinja_value_t       *list = jinja_list(jinja, 0);
    jinja_arguments_t    rest = {0};
    const jinja_value_t *items = jinja_sequence(jinja, value), *test = jinja_argument(arguments, skip, ""), *item;

    if (arguments->n < skip || (test != NULL && test->kind != JINJA_TEXT)) {
        jinja_fail(jinja, "%s takes %s the name of a test", name, skip ? "an attribute and" : "");
    }

    for (size_t k = skip + 1; k < arguments->n; k++) {
        rest.values[rest.n++] = arguments->values[k];
    }

    for (size_t k = 0; k < items->len; k++) {
        jinja_step(jinja);
        item = skip ? attribute_of(jinja, items->items[k], arguments->values[0]) : items->items[k];
        passes = test == NULL ? jinja_true(item) : jinja_test(jinja, test->text, item, &rest);
        if (passes == wanted) {
            jinja_append(jinja, list, items->items[k]);
        }
    }

    return list;
}


/* items, dictsort: pairs of a dictionary */
static const jinja_value_t *
filter_items(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    jinja_value_t       *list = jinja_list(jinja, 0), *pair;
    jinja_arguments_t    sorting = {0};

    if (value->kind != JINJA_DICT && value->kind != JINJA_UNDEFINED) {
        jinja_fail(jinja, "%s takes a dictionary", name);
    }

    for (size_t k = 0; k < value->len; k += 2) {
        pair = jinja_list(jinja, 2);
        pair->tuple = true;
        pair->items[0] = value->items[k];
        pair->items[1] = value->items[k + 1];
        jinja_append(jinja, list, pair);
    }

    if (strcmp(name, "dictsort") != 0) {
        return list;
    }

    sorting.values[0] = jinja_bool(argument_true(arguments, 2, "reverse"));
    sorting.values[1] = jinja_bool(argument_true(arguments, 0, "case_sensitive"));
    sorting.values[2] = jinja_integer(jinja, strcmp(argument_text(jinja, arguments, 1, "by", "key"), "value") == 0);
    sorting.n = 3;

    return filter_sort(jinja, list, &sorting, "sort");
}


/* Rows of `linecount` items, the last filled up when something to fill with is given. */
static const jinja_value_t *
filter_batch(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    int64_t              n = argument_integer(arguments, 0, "linecount", 0);
    jinja_value_t       *rows = jinja_list(jinja, 0), *row = NULL;
    const jinja_value_t *items = jinja_sequence(jinja, value), *fill = jinja_argument(arguments, 1, "fill_with");

    if (n < 1 || n > JINJA_STEPS) {
        jinja_fail(jinja, "%s takes how many", name);
    }

    for (size_t k = 0; k < items->len; k++) {
        if (k % (size_t) n == 0) {
            row = jinja_list(jinja, 0);
            jinja_append(jinja, rows, row);
        }
        jinja_append(jinja, row, items->items[k]);
    }

    while (fill != NULL && row != NULL && row->len < (size_t) n) {
        jinja_step(jinja);
        jinja_append(jinja, row, fill);
    }

    return rows;
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


static filter_pt
find_filter(const char *name)
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
    filter_pt filter = find_filter(name);

    if (filter == NULL) {
        jinja_fail(jinja, "there is no filter %s", name);
    }

    return filter(jinja, value, arguments, name);
}


/* --- tests --------------------------------------------------------------------------------------------------------------------- */

/* By kind: the letters of the kinds that pass, in the order of jinja_kind_t. */
static bool
test_kind(jinja_t *jinja, const jinja_value_t *value, const jinja_value_t *other, const char *name)
{
    static const struct {
        const char *name;
        unsigned    kinds;
    } kinds[] = {
        {"undefined", 1 << JINJA_UNDEFINED}, {"defined", ~(1u << JINJA_UNDEFINED)}, {"none", 1 << JINJA_NONE}, {"boolean", 1 << JINJA_BOOL},
        {"integer", 1 << JINJA_INTEGER}, {"float", 1 << JINJA_FLOAT}, {"number", 1 << JINJA_INTEGER | 1 << JINJA_FLOAT | 1 << JINJA_BOOL},
        {"string", 1 << JINJA_TEXT}, {"mapping", 1 << JINJA_DICT}, {"sequence", 1 << JINJA_TEXT | 1 << JINJA_LIST | 1 << JINJA_DICT},
        {"iterable", 1 << JINJA_TEXT | 1 << JINJA_LIST | 1 << JINJA_DICT | 1 << JINJA_UNDEFINED}, {"callable", 1 << JINJA_MACRO},
    };

    (void) jinja;
    (void) other;
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        if (strcmp(kinds[k].name, name) == 0) {
            return (kinds[k].kinds >> value->kind & 1) != 0;
        }
    }

    return false;
}


static bool
test_truth(jinja_t *jinja, const jinja_value_t *value, const jinja_value_t *other, const char *name)
{
    (void) jinja;
    (void) other;

    return value->kind == JINJA_BOOL && value->truth == (*name == 't');
}


/* even, odd, divisibleby */
static bool
test_divides(jinja_t *jinja, const jinja_value_t *value, const jinja_value_t *other, const char *name)
{
    int64_t by = *name == 'd' && other != NULL && other->kind == JINJA_INTEGER ? other->integer : 2;

    if (value->kind != JINJA_INTEGER || by == 0 || by == -1) {
        jinja_fail(jinja, "%s takes whole numbers", name);
    }

    return (value->integer % by == 0) == (*name != 'o');
}


static bool
test_compared(jinja_t *jinja, const jinja_value_t *value, const jinja_value_t *other, const char *name)
{
    int order;

    if (other == NULL) {
        jinja_fail(jinja, "%s takes what to compare with", name);
    }

    if (*name == 'e' || *name == '=' || *name == 's') {
        return jinja_equal(jinja, value, other);
    }
    if (*name == 'n' || *name == '!') {
        return !jinja_equal(jinja, value, other);
    }

    order = jinja_compare(jinja, value, other, name);

    return *name == 'l' || *name == '<' ? order < 0 || (order == 0 && (name[1] == 'e' || name[1] == '='))
           : order > 0 || (order == 0 && (strcmp(name, "ge") == 0 || strcmp(name, ">=") == 0));
}


static bool
test_case(jinja_t *jinja, const jinja_value_t *value, const jinja_value_t *other, const char *name)
{
    bool letters = false;

    (void) other;
    value = jinja_text_of(jinja, value);
    for (size_t k = 0; k < value->len; k++) {
        unsigned char c = (unsigned char) value->text[k];

        letters = letters || isalpha(c);
        if (*name == 'l' ? isupper(c) : islower(c)) {
            return false;
        }
    }

    return letters;
}


static const struct {
    const char *name;
    test_pt     test;
} tests[] = {
    {"undefined", test_kind}, {"defined", test_kind},   {"none", test_kind},      {"boolean", test_kind},  {"integer", test_kind},
    {"float", test_kind},     {"number", test_kind},    {"string", test_kind},    {"mapping", test_kind},  {"sequence", test_kind},
    {"iterable", test_kind},  {"callable", test_kind},  {"true", test_truth},     {"false", test_truth},   {"even", test_divides},
    {"odd", test_divides},    {"divisibleby", test_divides}, {"eq", test_compared}, {"equalto", test_compared}, {"==", test_compared},
    {"sameas", test_compared}, {"ne", test_compared},   {"!=", test_compared},    {"lt", test_compared},   {"lessthan", test_compared},
    {"<", test_compared},     {"le", test_compared},    {"<=", test_compared},    {"gt", test_compared},   {"greaterthan", test_compared},
    {">", test_compared},     {"ge", test_compared},    {">=", test_compared},    {"lower", test_case},    {"upper", test_case},
};


bool
jinja_test(jinja_t *jinja, const char *name, const jinja_value_t *value, const jinja_arguments_t *arguments)
{
    const char *called = strcmp(name, "lessthan") == 0 ? "lt" : strcmp(name, "greaterthan") == 0 ? "gt" : name;

    for (size_t k = 0; k < sizeof(tests) / sizeof(tests[0]); k++) {
        if (strcmp(tests[k].name, name) == 0) {
            return tests[k].test(jinja, value, jinja_argument(arguments, 0, ""), called);
        }
    }

    jinja_fail(jinja, "there is no test %s", name);
}


/* --- methods ------------------------------------------------------------------------------------------------------------------- */

static const jinja_value_t *
method_split(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    size_t         n, skip;
    int64_t        left = argument_integer(arguments, 1, "maxsplit", -1);
    const char    *p = value->text, *end = p + value->len, *found, *by = argument_text(jinja, arguments, 0, "sep", NULL);
    jinja_value_t *list = jinja_list(jinja, 0);

    if (by != NULL && *by == '\0') {
        jinja_fail(jinja, "%s takes a separator that is not empty", name);
    }

    for (;;) {
        jinja_step(jinja);
        if (by == NULL) { /* by white space, none at the ends */
            p += strspn(p, " \t\n\r\v\f");
            if (p >= end) {
                return list;
            }
            n = left == 0 ? (size_t) (end - p) : strcspn(p, " \t\n\r\v\f");
            skip = 0;
        } else {
            found = left == 0 ? NULL : memmem(p, (size_t) (end - p), by, strlen(by));
            n = found == NULL ? (size_t) (end - p) : (size_t) (found - p);
            skip = found == NULL ? 0 : strlen(by);
        }

        jinja_append(jinja, list, jinja_text(jinja, p, n));
        left -= left > 0;
        p += n + skip;
        if (by != NULL && skip == 0) {
            return list;
        }
    }
}


/* startswith, endswith */
static const jinja_value_t *
method_has_end(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    const jinja_value_t *part = jinja_argument(arguments, 0, "");

    if (part == NULL || part->kind != JINJA_TEXT) {
        jinja_fail(jinja, "%s takes a text", name);
    }

    return jinja_bool(part->len <= value->len
                      && memcmp(*name == 's' ? value->text : value->text + value->len - part->len, part->text, part->len) == 0);
}


static const jinja_value_t *
method_join(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    jinja_arguments_t    joining = {.values = {value}, .n = 1};
    const jinja_value_t *items = jinja_argument(arguments, 0, "");

    if (items == NULL) {
        jinja_fail(jinja, "%s takes what to join", name);
    }

    return filter_join(jinja, items, &joining, name);
}


static const jinja_value_t *
method_get(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    const jinja_value_t *key = jinja_argument(arguments, 0, "key"), *found, *otherwise = jinja_argument(arguments, 1, "default");

    if (key == NULL) {
        jinja_fail(jinja, "%s takes a key", name);
    }

    found = jinja_member(jinja, value, key);

    return found->kind != JINJA_UNDEFINED ? found : otherwise != NULL ? otherwise : jinja_none();
}


static const jinja_value_t *
method_values(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    size_t         at = *name == 'v';
    jinja_value_t *list = jinja_list(jinja, value->len / 2);

    (void) arguments;
    for (size_t k = 0; k < list->len; k++) {
        list->items[k] = value->items[2 * k + at];
    }

    return list;
}


static const struct {
    jinja_kind_t kind;
    const char  *name;
    filter_pt    method;
} methods[] = {
    {JINJA_TEXT, "upper", filter_case},     {JINJA_TEXT, "lower", filter_case},         {JINJA_TEXT, "capitalize", filter_case},
    {JINJA_TEXT, "title", filter_case},     {JINJA_TEXT, "swapcase", filter_case},      {JINJA_TEXT, "strip", filter_trim},
    {JINJA_TEXT, "lstrip", filter_trim},    {JINJA_TEXT, "rstrip", filter_trim},        {JINJA_TEXT, "replace", filter_replace},
    {JINJA_TEXT, "split", method_split},    {JINJA_TEXT, "startswith", method_has_end}, {JINJA_TEXT, "endswith", method_has_end},
    {JINJA_TEXT, "join", method_join},      {JINJA_DICT, "get", method_get},            {JINJA_DICT, "keys", method_values},
    {JINJA_DICT, "values", method_values},  {JINJA_DICT, "items", filter_items},
};


const jinja_value_t *
jinja_method(jinja_t *jinja, const jinja_value_t *object, const char *name, const jinja_arguments_t *arguments)
{
    if (object->kind == JINJA_UNDEFINED) {
        jinja_fail(jinja, "%s is undefined", object->text);
    }

    for (size_t k = 0; k < sizeof(methods) / sizeof(methods[0]); k++) {
        if (methods[k].kind == object->kind && strcmp(methods[k].name, name) == 0) {
            return methods[k].method(jinja, object, arguments, name);
        }
    }

    jinja_fail(jinja, "this value has no method %s", name);
}
