/*
 * Tests, and the methods of values (jinja_filter.h).
 */

#include <ctype.h>
#include <string.h>

#include "jinja_filter.h"

typedef bool (*test_pt)(jinja_t *jinja, const jinja_value_t *value, const jinja_value_t *other, const char *name);


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
