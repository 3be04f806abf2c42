/*
 * Attributes of new and changed rows (attributes.h): what is given, what is filled in.
 */

#include <tator/time.h>

#include "attributes.h"

static json_t     *create_value(rq_t *rq, const json_t *type, const json_t *value);
static json_t     *find_type(const json_t *types, const char *name);
static void        patch_given(rq_t *rq, const json_t *types, const char *owner, json_t *changes);
static void        patch_names(rq_t *rq, const json_t *types, const char *owner, json_t *changes, const char *parameter);
static void        put(rq_t *rq, json_t *object, const char *name, json_t *value);


json_t *
attributes_on_create(rq_t *rq, const json_t *types, const json_t *given)
{
    size_t      k;
    json_t     *type, *out, *value;
    const char *name;

    out = rq_own(rq, json_object());

    json_array_foreach(types, k, type) {
        name = attribute_member(type, "name");
        value = name ? create_value(rq, type, json_object_get(given, name)) : NULL;
        if (value != NULL) {
            put(rq, out, name, value);
        }
    }

    return out;
}


json_t *
attributes_on_patch(rq_t *rq, const json_t *types, const char *owner)
{
    json_t *changes;

    if (!param_given(rq, "attributes") && !param_given(rq, "reset_attributes") && !param_given(rq, "null_attributes")) {
        return NULL;
    }

    changes = rq_own(rq, json_object());
    patch_given(rq, types, owner, changes);
    patch_names(rq, types, owner, changes, "reset_attributes");
    patch_names(rq, types, owner, changes, "null_attributes");

    return changes;
}


/* Given, else the present time, else the default, else missing: the order of contract/annotations.md §2.2. */
static json_t *
create_value(rq_t *rq, const json_t *type, const json_t *value)
{
    bool        datetime;
    char        now[TIME_TEXT];
    datetime_t  date;
    json_t     *out;
    const char *name = attribute_member(type, "name"), *dtype = attribute_member(type, "dtype"), *message;

    if (value != NULL) {
        out = attribute_convert(rq->arena, type, value, &message);
        if (out == NULL) {
            fail(rq, 400, "%s", message);
        }
        return out;
    }

    datetime = dtype != NULL && strcmp(dtype, "datetime") == 0;

    if (datetime && json_is_true(json_object_get(type, "use_current"))) {
        time_calendar(time_now(), 0, &date);
        return json_stringn(now, time_write(now, &date));
    }

    value = json_object_get(type, "default");
    if (value != NULL && !json_is_null(value) && !datetime) {
        return json_incref((json_t *) value);
    }

    value = json_object_get(type, "required");
    if (value == NULL || json_is_true(value)) {
        fail(rq, 400, "Missing attribute value for \"%s\". Set the value or make the attribute not required.", name);
    }

    return NULL;
}


static void
patch_given(rq_t *rq, const json_t *types, const char *owner, json_t *changes)
{
    json_t     *value, *type, *converted;
    const char *name, *message;

    json_object_foreach(param(rq, "attributes"), name, value) {
        if (strcmp(name, "tator_user_sections") == 0) {
            put(rq, changes, name, json_incref(value));
            continue;
        }

        type = find_type(types, name);
        if (type == NULL) {
            fail(rq, 400, "Invalid attribute %s for %s", name, owner);
        }

        converted = attribute_convert(rq->arena, type, value, &message);
        if (converted == NULL) {
            fail(rq, 400, "%s", message);
        }
        put(rq, changes, name, converted);
    }
}


/* Names whose values go back to the default, or to nothing. */
static void
patch_names(rq_t *rq, const json_t *types, const char *owner, json_t *changes, const char *parameter)
{
    size_t      k;
    bool        reset = strcmp(parameter, "reset_attributes") == 0;
    json_t     *item, *type, *value;
    const char *name, *dtype;

    json_array_foreach(param(rq, parameter), k, item) {
        name = json_string_value(item);
        type = name ? find_type(types, name) : NULL;

        if (type == NULL) {
            fail(rq, 400, "Invalid attribute %s for %s", attribute_shown(rq->arena, item), owner);
        }

        dtype = attribute_member(type, "dtype");
        value = reset ? json_object_get(type, "default") : NULL;

        if (value != NULL) {
            put(rq, changes, name, json_incref(value));
        } else if (!reset && dtype != NULL && strcmp(dtype, "geopos") == 0) {
            put(rq, changes, name, json_pack("[f,f]", -1.0, -1.0));
        } else {
            put(rq, changes, name, json_null());
        }
    }
}


static json_t *
find_type(const json_t *types, const char *name)
{
    size_t      k;
    json_t     *type;
    const char *other;

    json_array_foreach(types, k, type) {
        other = attribute_member(type, "name");
        if (other != NULL && strcmp(other, name) == 0) {
            return type;
        }
    }

    return NULL;
}


static void
put(rq_t *rq, json_t *object, const char *name, json_t *value)
{
    if (json_object_set_new(object, name, value) != 0) {
        fail(rq, 503, "No memory.");
    }
}
