/*
 * Validation (validate.h). One walk over value and schema together: cast, check, descend, fill in. The way down is a chain of
 * steps on the stack, from which the details of a refusal take the member's name. Depth is limited by JSON_DEPTH_LIMIT.
 */

#include <errno.h>
#include <math.h>
#include <regex.h>
#include <stdlib.h>
#include <strings.h>

#include <tator/time.h>

#include "validate.h"

typedef struct step_s step_t;

struct step_s {
    const step_t *up;
    const char   *name; /* NULL: an item */
    size_t        index;
};

typedef struct {
    arena_t    *arena;
    unsigned    options;
    bool        silent; /* alternatives are tried without words */
    const char *details;
} walk_t;

static bool    walk_value(walk_t *walk, const schema_t *schema, json_t *value, const step_t *step);
static bool    walk_object(walk_t *walk, const schema_t *schema, json_t *value, const step_t *step);
static bool    walk_member(walk_t *walk, const field_t *field, json_t *object, const step_t *step);
static bool    walk_array(walk_t *walk, const schema_t *schema, json_t *value, const step_t *step);
static bool    walk_string(walk_t *walk, const schema_t *schema, json_t *value, const step_t *step);
static bool    walk_choice(walk_t *walk, const char *const *choices, const char *text, const step_t *step);
static bool    walk_number(walk_t *walk, const schema_t *schema, json_t *value, const step_t *step);
static bool    walk_alternatives(walk_t *walk, const schema_t *schema, json_t *value, const step_t *step);
static json_t *walk_cast(const walk_t *walk, const schema_t *schema, const json_t *value);
static bool    walk_refuse(walk_t *walk, const step_t *step, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void    walk_place(text_t *text, const step_t *step);
static bool    text_integer(const char *text, json_int_t *number);
static bool    text_real(const char *text, double *number);
static bool    is_uuid(const char *text);
static bool    is_like(const char *text, const char *pattern);


bool
validate(arena_t *arena, const schema_t *schema, json_t *value, unsigned options, const char **details)
{
    walk_t walk = {.arena = arena, .options = options};

    if (walk_value(&walk, schema, value, NULL)) {
        return true;
    }

    *details = walk.details ? walk.details : "no memory";

    return false;
}


json_t *
validate_text(const schema_t *schema, const char *text, size_t len)
{
    double     real;
    json_int_t integer;

    if (strlen(text) != len) {
        return NULL;
    }

    switch (schema->type) {

    case TYPE_INTEGER:
        return text_integer(text, &integer) ? json_integer(integer) : NULL;

    case TYPE_NUMBER:
        return text_real(text, &real) ? json_real(real) : NULL;

    case TYPE_BOOLEAN:
        if (strcasecmp(text, "true") == 0) {
            return json_true();
        }
        return strcasecmp(text, "false") == 0 ? json_false() : NULL;

    default:
        return json_string(text);
    }
}


json_t *
validate_default(const schema_t *schema)
{
    return schema->fallback ? json_loads(schema->fallback, JSON_DECODE_ANY, NULL) : NULL;
}


static bool
walk_value(walk_t *walk, const schema_t *schema, json_t *value, const step_t *step)
{
    bool null = schema->nullable;

    schema = schema_resolve(schema);

    if (schema->one_of || schema->any_of) {
        return walk_alternatives(walk, schema, value, step);
    }

    if (json_is_null(value)) {
        return null || schema->nullable || schema->type == TYPE_ANY || walk_refuse(walk, step, "null is not permitted");
    }

    switch (schema->type) {

    case TYPE_OBJECT:
        return walk_object(walk, schema, value, step);

    case TYPE_ARRAY:
        return walk_array(walk, schema, value, step);

    case TYPE_STRING:
        return walk_string(walk, schema, value, step);

    case TYPE_INTEGER:
        return (json_is_integer(value) || walk_refuse(walk, step, "must be an integer")) && walk_number(walk, schema, value, step);

    case TYPE_NUMBER:
        return (json_is_number(value) || walk_refuse(walk, step, "must be a number")) && walk_number(walk, schema, value, step);

    case TYPE_BOOLEAN:
        return json_is_boolean(value) || walk_refuse(walk, step, "must be true or false");

    default:
        return true;
    }
}


static bool
walk_object(walk_t *walk, const schema_t *schema, json_t *value, const step_t *step)
{
    step_t         member = {.up = step};
    json_t        *item;
    const char    *name;
    const field_t *field;
    schema_walk_t  fields = {0};

    if (!json_is_object(value)) {
        return walk_refuse(walk, step, "must be an object");
    }

    while ((field = schema_next(schema, &fields)) != NULL) {
        member.name = field->name;
        if (!walk_member(walk, field, value, &member)) {
            return false;
        }
    }

    if (schema->additional == NULL) {
        return true;
    }

    /* objects with additional members have no others in our tables, or those agree with both */
    json_object_foreach(value, name, item) {
        member.name = name;
        if (!walk_value(walk, schema->additional, item, &member)) {
            return false;
        }
    }

    return true;
}


static bool
walk_member(walk_t *walk, const field_t *field, json_t *object, const step_t *step)
{
    json_t *value, *cast;

    value = json_object_get(object, field->name);

    if (value == NULL) {
        if (field->flags & REQUIRED) {
            return walk_refuse(walk, step, "is required");
        }
        if (!(walk->options & VALIDATE_DEFAULTS) || field->schema.fallback == NULL) {
            return true;
        }
        return json_object_set_new(object, field->name, validate_default(&field->schema)) == 0;
    }

    cast = walk_cast(walk, &field->schema, value);

    if (cast != NULL) {
        if (json_object_set_new(object, field->name, cast) != 0) {
            return false;
        }
        value = cast;
    }

    return walk_value(walk, &field->schema, value, step);
}


static bool
walk_array(walk_t *walk, const schema_t *schema, json_t *value, const step_t *step)
{
    size_t  n;
    step_t  place = {.up = step};
    json_t *item, *cast;

    if (!json_is_array(value)) {
        return walk_refuse(walk, step, "must be a list");
    }

    n = json_array_size(value);

    if (n < (size_t) schema->min_items) {
        return walk_refuse(walk, step, "must have at least %d items", schema->min_items);
    }

    if (schema->max_items && n > (size_t) schema->max_items) {
        return walk_refuse(walk, step, "must have at most %d items", schema->max_items);
    }

    for (place.index = 0; place.index < n; place.index++) {
        item = json_array_get(value, place.index);
        cast = walk_cast(walk, schema->items, item);

        if (cast != NULL) {
            if (json_array_set_new(value, place.index, cast) != 0) {
                return false;
            }
            item = cast;
        }

        if (!walk_value(walk, schema->items, item, &place)) {
            return false;
        }
    }

    return true;
}


static bool
walk_string(walk_t *walk, const schema_t *schema, json_t *value, const step_t *step)
{
    int         length = 0;
    datetime_t  date;
    const char *text;

    if (!json_is_string(value)) {
        return walk_refuse(walk, step, "must be a text");
    }

    text = json_string_value(value);

    for (const char *p = text; *p != '\0'; p++) {
        length += (*p & 0xc0) != 0x80;
    }

    if (length < schema->min_length || (schema->max_length && length > schema->max_length)) {
        return walk_refuse(walk, step, "must have %d to %d characters", schema->min_length, schema->max_length);
    }

    if (schema->enumeration && !walk_choice(walk, schema->enumeration, text, step)) {
        return false;
    }

    if (schema->pattern && !is_like(text, schema->pattern)) {
        return walk_refuse(walk, step, "'%.100s' does not match %s", text, schema->pattern);
    }

    if (schema->format && strcmp(schema->format, "uuid") == 0 && !is_uuid(text)) {
        return walk_refuse(walk, step, "'%.100s' is not a UUID", text);
    }

    if (schema->format && strcmp(schema->format, "date-time") == 0 && !time_parse_rfc3339(text, strlen(text), &date)) {
        return walk_refuse(walk, step, "'%.100s' is not a date and time of RFC 3339", text);
    }

    return true;
}


/* The words "Input should be" and "literal_error" are what clients look for. */
static bool
walk_choice(walk_t *walk, const char *const *choices, const char *text, const step_t *step)
{
    text_t permitted;

    for (const char *const *choice = choices; *choice != NULL; choice++) {
        if (strcmp(*choice, text) == 0) {
            return true;
        }
    }

    if (walk->silent) {
        return false;
    }

    text_start(&permitted, walk->arena, 128);

    for (const char *const *choice = choices; *choice != NULL; choice++) {
        text_printf(&permitted, "%s'%s'", choice == choices ? "" : choice[1] ? ", " : " or ", *choice);
    }

    return walk_refuse(walk, step, "Input should be %s, not '%.100s' (literal_error)", permitted.data, text);
}


static bool
walk_number(walk_t *walk, const schema_t *schema, json_t *value, const step_t *step)
{
    double number = json_number_value(value);

    if (schema->has_minimum && number < schema->minimum) {
        return walk_refuse(walk, step, "%.15g is less than %.15g", number, schema->minimum);
    }

    if (schema->has_maximum && number > schema->maximum) {
        return walk_refuse(walk, step, "%.15g is more than %.15g", number, schema->maximum);
    }

    return true;
}


/* oneOf: just one must fit; anyOf: at least one. Values are looked at only, then each that fits gives its defaults. */
static bool
walk_alternatives(walk_t *walk, const schema_t *schema, json_t *value, const step_t *step)
{
    int                    fitting = 0;
    walk_t                 trial = {.arena = walk->arena, .silent = true}, fill = trial;
    const schema_t *const *alternatives = schema->one_of ? schema->one_of : schema->any_of;

    fill.options = walk->options & VALIDATE_DEFAULTS;

    for (int k = 0; alternatives[k] != NULL; k++) {
        fitting += walk_value(&trial, alternatives[k], value, step);
    }

    if (fitting == 0 || (fitting > 1 && schema->one_of)) {
        return walk_refuse(walk, step, "is not what may stand here");
    }

    for (int k = 0; alternatives[k] != NULL && fill.options != 0; k++) {
        if (walk_value(&trial, alternatives[k], value, step) && !walk_value(&fill, alternatives[k], value, step)) {
            return false;
        }
    }

    return true;
}


/* The value as the schema's type, a new reference; NULL: it stays as it is. */
static json_t *
walk_cast(const walk_t *walk, const schema_t *schema, const json_t *value)
{
    double      real;
    json_int_t  integer;
    const char *text = json_string_value(value);

    schema = schema_resolve(schema);

    if (!(walk->options & VALIDATE_CAST)) {
        return NULL;
    }

    switch (schema->type) {

    case TYPE_INTEGER:
        if (json_is_boolean(value)) {
            return json_integer(json_is_true(value));
        }
        if (json_is_real(value)) {
            real = json_real_value(value);
            return fabs(real) < 9e18 ? json_integer((json_int_t) real) : NULL;
        }
        return text && text_integer(text, &integer) ? json_integer(integer) : NULL;

    case TYPE_NUMBER:
        if (json_is_boolean(value)) {
            return json_real(json_is_true(value));
        }
        if (json_is_integer(value)) {
            return json_real((double) json_integer_value(value));
        }
        return text && text_real(text, &real) ? json_real(real) : NULL;

    case TYPE_BOOLEAN:
        if (json_is_number(value)) {
            return json_boolean(json_number_value(value) != 0);
        }
        if (text && strcasecmp(text, "true") == 0) {
            return json_true();
        }
        return text && strcasecmp(text, "false") == 0 ? json_false() : NULL;

    default:
        return NULL;
    }
}


static bool
walk_refuse(walk_t *walk, const step_t *step, const char *format, ...)
{
    text_t  text;
    va_list args;

    if (walk->silent) {
        return false;
    }

    text_start(&text, walk->arena, 128);
    walk_place(&text, step);
    text_puts(&text, text.len ? ": " : "The body ");

    va_start(args, format);
    text_puts(&text, arena_vformat(walk->arena, format, args));
    va_end(args);

    walk->details = text.data;

    return false;
}


/* "attributes.Depth" or "[3].points[0]". */
static void
walk_place(text_t *text, const step_t *step)
{
    if (step == NULL) {
        return;
    }

    walk_place(text, step->up);

    if (step->name == NULL) {
        text_printf(text, "[%zu]", step->index);
    } else {
        text_printf(text, "%s%.100s", text->len ? "." : "", step->name);
    }
}


static bool
text_integer(const char *text, json_int_t *number)
{
    char *end;

    if (*text != '-' && *text != '+' && (*text < '0' || *text > '9')) {
        return false;
    }

    errno = 0;
    *number = strtoll(text, &end, 10);

    return errno == 0 && *end == '\0' && end[-1] >= '0' && end[-1] <= '9';
}


static bool
text_real(const char *text, double *number)
{
    char *end;

    if (*text == '\0' || text[strspn(text, "0123456789+-.eE")] != '\0') {
        return false;
    }

    *number = strtod(text, &end);

    return *end == '\0' && isfinite(*number);
}


static bool
is_uuid(const char *text)
{
    size_t digits = 0;

    for (; *text != '\0'; text++) {
        if (strchr("0123456789abcdefABCDEF", *text) != NULL) {
            digits++;
        } else if (*text != '-') {
            return false;
        }
    }

    return digits == 32;
}


/* POSIX knows no (?:…): a plain group does the same here. */
static bool
is_like(const char *text, const char *pattern)
{
    bool        matches;
    char        expression[256];
    size_t      n = 0;
    regex_t     regex;

    for (const char *p = pattern; *p != '\0' && n < sizeof(expression) - 1; p++) {
        if (p > pattern && p[-1] == '(' && p[0] == '?' && p[1] == ':') {
            p++;
            continue;
        }
        expression[n++] = *p;
    }
    expression[n] = '\0';

    if (regcomp(&regex, expression, REG_EXTENDED | REG_NOSUB) != 0) {
        return false;
    }

    matches = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);

    return matches;
}
