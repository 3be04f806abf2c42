/*
 * One value of an attribute (attributes.h): one converter for each dtype, in a table. Pure.
 */

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include <tator/time.h>

#include "attributes.h"

typedef struct {
    arena_t      *arena;
    const json_t *type;
    const char   *message;
} conversion_t;

typedef json_t *(*convert_pt)(conversion_t *conversion, const json_t *value);

static json_t     *convert_bool(conversion_t *conversion, const json_t *value);
static json_t     *convert_int(conversion_t *conversion, const json_t *value);
static json_t     *convert_float(conversion_t *conversion, const json_t *value);
static json_t     *convert_enum(conversion_t *conversion, const json_t *value);
static json_t     *convert_any(conversion_t *conversion, const json_t *value);
static json_t     *convert_datetime(conversion_t *conversion, const json_t *value);
static json_t     *convert_geopos(conversion_t *conversion, const json_t *value);
static json_t     *convert_float_array(conversion_t *conversion, const json_t *value);
static json_t     *convert_refuse(conversion_t *conversion, const json_t *value, const char *kind);
static bool        in_range(conversion_t *conversion, const json_t *value, const char *dtype);
static bool        to_double(const json_t *value, double *number);

static const struct {
    const char *dtype;
    convert_pt  convert;
} converters[] = {
    {"bool", convert_bool},         {"int", convert_int},       {"float", convert_float},   {"enum", convert_enum},
    {"string", convert_any},        {"blob", convert_any},      {"datetime", convert_datetime},
    {"geopos", convert_geopos},     {"float_array", convert_float_array},
};


json_t *
attribute_convert(arena_t *arena, const json_t *type, const json_t *value, const char **message)
{
    json_t      *out;
    const char  *dtype = attribute_member(type, "dtype");
    conversion_t conversion = {arena, type, NULL};

    for (size_t k = 0; k < sizeof(converters) / sizeof(converters[0]); k++) {
        if (dtype != NULL && strcmp(dtype, converters[k].dtype) == 0) {
            out = converters[k].convert(&conversion, value);
            *message = conversion.message;
            return out;
        }
    }

    *message = arena_format(arena, "Attribute %s has no known dtype!", attribute_member(type, "name"));

    return NULL;
}


static json_t *
convert_bool(conversion_t *conversion, const json_t *value)
{
    const char *text = json_string_value(value);

    if (json_is_boolean(value)) {
        return json_boolean(json_is_true(value));
    }

    if (text && strcasecmp(text, "true") == 0) {
        return json_true();
    }

    if (text && strcasecmp(text, "false") == 0) {
        return json_false();
    }

    return convert_refuse(conversion, value, "boolean");
}


static json_t *
convert_int(conversion_t *conversion, const json_t *value)
{
    char       *end;
    json_t     *out = NULL;
    long long   integer;
    const char *text = json_string_value(value);

    if (json_is_integer(value)) {
        out = json_integer(json_integer_value(value));

    } else if (json_is_boolean(value)) {
        out = json_integer(json_is_true(value));

    } else if (json_is_real(value) && fabs(json_real_value(value)) < 9e18) {
        out = json_integer((json_int_t) json_real_value(value));

    } else if (text && *text != '\0') {
        errno = 0;
        integer = strtoll(text, &end, 10);
        end += strspn(end, " \t\n");
        out = errno == 0 && *end == '\0' ? json_integer(integer) : NULL;
    }

    if (out == NULL) {
        return convert_refuse(conversion, value, "integer");
    }

    if (!in_range(conversion, out, "int")) {
        json_decref(out);
        return NULL;
    }

    return out;
}


static json_t *
convert_float(conversion_t *conversion, const json_t *value)
{
    double  number;
    json_t *out;

    if (!to_double(value, &number)) {
        return convert_refuse(conversion, value, "float");
    }

    out = json_real(number);

    if (!in_range(conversion, out, "float")) {
        json_decref(out);
        return NULL;
    }

    return out;
}


static json_t *
convert_enum(conversion_t *conversion, const json_t *value)
{
    size_t  k;
    json_t *choice;

    json_array_foreach(json_object_get(conversion->type, "choices"), k, choice) {
        if (json_equal(choice, value)) {
            return json_incref(choice);
        }
    }

    return convert_refuse(conversion, value, "enum");
}


static json_t *
convert_any(conversion_t *conversion, const json_t *value)
{
    (void) conversion;

    return json_incref((json_t *) value);
}


static json_t *
convert_datetime(conversion_t *conversion, const json_t *value)
{
    char        iso[TIME_TEXT];
    datetime_t  date, today;
    const char *text = json_string_value(value);

    time_calendar(time_now(), 0, &today);

    if (text == NULL || !time_parse(text, strlen(text), &today, &date)) {
        return convert_refuse(conversion, value, "datetime");
    }

    return json_stringn(iso, time_write(iso, &date));
}


/* [longitude, latitude], or "latitude_longitude". */
static json_t *
convert_geopos(conversion_t *conversion, const json_t *value)
{
    char       *end;
    double      longitude, latitude;
    const char *text = json_string_value(value);

    if (text != NULL) {
        latitude = strtod(text, &end);
        if (end == text || *end != '_') {
            return convert_refuse(conversion, value, "geopos");
        }
        text = end + 1;
        longitude = strtod(text, &end);
        if (end == text || *end != '\0') {
            return convert_refuse(conversion, value, "geopos");
        }

    } else if (json_array_size(value) != 2 || !to_double(json_array_get(value, 0), &longitude)
               || !to_double(json_array_get(value, 1), &latitude))
    {
        return convert_refuse(conversion, value, "geopos");
    }

    if (!(latitude >= -90 && latitude <= 90)) {
        conversion->message = arena_format(conversion->arena, "Latitude %g is not between -90 and 90 for attribute %s!", latitude,
                                           attribute_member(conversion->type, "name"));
        return NULL;
    }

    if (!(longitude >= -180 && longitude <= 180)) {
        conversion->message = arena_format(conversion->arena, "Longitude %g is not between -180 and 180 for attribute %s!", longitude,
                                           attribute_member(conversion->type, "name"));
        return NULL;
    }

    return json_pack("[f,f]", longitude, latitude);
}


static json_t *
convert_float_array(conversion_t *conversion, const json_t *value)
{
    size_t  k;
    double  number;
    json_t *item, *out;

    if (!json_is_array(value)) {
        return convert_refuse(conversion, value, "float_array");
    }

    out = json_array();

    json_array_foreach(value, k, item) {
        if (!to_double(item, &number) || json_array_append_new(out, json_real(number)) != 0) {
            json_decref(out);
            return convert_refuse(conversion, value, "float_array");
        }
    }

    return out;
}


static json_t *
convert_refuse(conversion_t *conversion, const json_t *value, const char *kind)
{
    conversion->message = arena_format(conversion->arena, "Invalid attribute value %s for %s attribute %s",
                                       attribute_shown(conversion->arena, value), kind, attribute_member(conversion->type, "name"));

    return NULL;
}


static bool
in_range(conversion_t *conversion, const json_t *value, const char *dtype)
{
    double        number = json_number_value(value);
    const json_t *minimum = json_object_get(conversion->type, "minimum"), *maximum = json_object_get(conversion->type, "maximum");

    if (json_is_number(minimum) && number < json_number_value(minimum)) {
        conversion->message = arena_format(conversion->arena, "%s is below minimum %s for %s attribute %s!",
                                           attribute_shown(conversion->arena, value), attribute_shown(conversion->arena, minimum), dtype,
                                           attribute_member(conversion->type, "name"));
        return false;
    }

    if (json_is_number(maximum) && number > json_number_value(maximum)) {
        conversion->message = arena_format(conversion->arena, "%s is above maximum %s for %s attribute %s!",
                                           attribute_shown(conversion->arena, value), attribute_shown(conversion->arena, maximum), dtype,
                                           attribute_member(conversion->type, "name"));
        return false;
    }

    return true;
}


static bool
to_double(const json_t *value, double *number)
{
    char       *end;
    const char *text = json_string_value(value);

    if (json_is_boolean(value)) {
        *number = json_is_true(value);
        return true;
    }

    if (text != NULL && *text != '\0' && text[strspn(text, "0123456789+-.eE \t\n")] == '\0') {
        *number = strtod(text, &end);
        end += strspn(end, " \t\n");
        return end != text && *end == '\0' && isfinite(*number);
    }

    *number = json_number_value(value);

    return json_is_number(value);
}


const char *
attribute_shown(arena_t *arena, const json_t *value)
{
    return json_is_string(value) ? json_string_value(value) : json_text(arena, value);
}


const char *
attribute_member(const json_t *type, const char *name)
{
    return json_string_value(json_object_get(type, name));
}
