/*
 * Filters of lists and dictionaries (jinja_filter.h).
 */

#include <string.h>

#include "jinja_filter.h"


const jinja_value_t *
filter_length(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    (void) arguments;
    (void) name;

    return jinja_integer(jinja, (int64_t) jinja_sequence(jinja, value)->len);
}


const jinja_value_t *
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
const jinja_value_t *
filter_end(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    const jinja_value_t *items = jinja_sequence(jinja, value);

    (void) arguments;

    return items->len == 0 ? jinja_undefined(jinja, name) : items->items[*name == 'f' ? 0 : items->len - 1];
}


const jinja_value_t *
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


const jinja_value_t *
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
const jinja_value_t *
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


const jinja_value_t *
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


const jinja_value_t *
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
const jinja_value_t *
filter_map(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name)
{
    filter_pt            filter = NULL;
    const char          *called = NULL;
    jinja_value_t       *list;
    jinja_arguments_t    rest = *arguments;
    const jinja_value_t *items = jinja_sequence(jinja, value), *attribute = jinja_argument(arguments, 8, "attribute"), *item,
                        *otherwise = jinja_argument(arguments, 8, "default");

    if (attribute == NULL) {
        if (arguments->n == 0 || arguments->values[0]->kind != JINJA_TEXT || (filter = jinja_filter_of(arguments->values[0]->text)) == NULL) {
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
const jinja_value_t *
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
const jinja_value_t *
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
const jinja_value_t *
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
