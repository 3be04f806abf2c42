/*
 * The flat parameter map (params.h): query parameters first, as the reference checks them first, then the body; then all are
 * put together in the order in which later ones win.
 */

#include <stdlib.h>
#include <strings.h>

#include "params.h"
#include "validate.h"

typedef struct {
    const char *name, *value; /* decoded */
    size_t      len;
} pair_t;

typedef struct {
    arena_t *arena;
    pair_t  *pairs;
    size_t   n;
} query_t;

static void    query_split(arena_t *arena, str_t query, query_t *out);
static char   *query_decode(arena_t *arena, const unsigned char *data, size_t len, size_t *out_len);
static const pair_t *query_last(const query_t *query, const char *name);
static bool    read_query(const query_t *query, const endpoint_t *endpoint, json_t *map, params_t *out);
static bool    read_parameter(const query_t *query, const field_t *field, json_t *map, params_t *out);
static json_t *parameter_value(arena_t *arena, const field_t *field, const pair_t *pair);
static json_t *parameter_list(arena_t *arena, const field_t *field, const pair_t *pair);
static bool    read_body(arena_t *arena, const endpoint_t *endpoint, const params_input_t *input, json_t **body, params_t *out);
static bool    read_list(arena_t *arena, const endpoint_t *endpoint, json_t *body, params_t *out);
static bool    is_json(str_t content_type);
static json_t *keep(arena_t *arena, json_t *value);
static void    drop(void *data);
static bool    refuse(params_t *out, const char *message, const char *details);


bool
params_read(arena_t *arena, const route_t *route, const params_input_t *input, params_t *out)
{
    int               failed = 0;
    json_t           *map, *body = NULL, *query_map;
    query_t           query;
    const endpoint_t *endpoint = route->endpoint;

    memset(out, 0, sizeof(params_t));
    map = keep(arena, json_object());
    query_map = keep(arena, json_object());
    query_split(arena, input->query, &query);

    if (!read_query(&query, endpoint, query_map, out) || !read_body(arena, endpoint, input, &body, out)) {
        return false;
    }

    if (json_is_object(body)) {
        failed |= json_object_update(map, body);
    }

    for (int k = 0; k < route->n; k++) {
        failed |= json_object_set_new(map, route->values[k].name,
                                      route->values[k].integer
                                          ? json_integer(route->values[k].number)
                                          : json_stringn((char *) route->values[k].text.data, route->values[k].text.len));
    }

    failed |= json_object_update(map, query_map);

    if (failed) {
        return refuse(out, "Request body validation error", "The path is not UTF-8.");
    }

    out->params = map;

    return true;
}


const char *
query_value(arena_t *arena, str_t query, const char *name)
{
    query_t       parsed;
    const pair_t *pair;

    query_split(arena, query, &parsed);
    pair = query_last(&parsed, name);

    return pair ? pair->value : NULL;
}


static void
query_split(arena_t *arena, str_t query, query_t *out)
{
    size_t               len, name_len;
    pair_t              *pair;
    const unsigned char *p, *end, *stop, *equals;

    out->arena = arena;
    out->n = query.len > 0;

    if (query.len == 0) {
        return;
    }

    end = query.data + query.len;

    for (size_t k = 0; k < query.len; k++) {
        out->n += query.data[k] == '&';
    }

    out->pairs = arena_zalloc(arena, (out->n + 1) * sizeof(pair_t));
    pair = out->pairs;

    for (p = query.data; pair < out->pairs + out->n; p = stop + 1, pair++) {
        stop = p < end ? memchr(p, '&', (size_t) (end - p)) : NULL;
        stop = stop ? stop : end;
        len = (size_t) (stop - p);
        equals = len ? memchr(p, '=', len) : NULL;
        name_len = equals ? (size_t) (equals - p) : len;
        pair->name = query_decode(arena, p, name_len, &pair->len);
        pair->value = equals ? query_decode(arena, equals + 1, len - name_len - 1, &pair->len) : "";
        pair->len = equals ? pair->len : 0;
    }
}


static char *
query_decode(arena_t *arena, const unsigned char *data, size_t len, size_t *out_len)
{
    char *out, *p, hex[3] = "";

    p = out = arena_alloc(arena, len + 1);

    for (size_t k = 0; k < len; k++) {
        if (data[k] == '%' && len - k > 2 && strchr("0123456789abcdefABCDEF", data[k + 1]) != NULL && data[k + 1] != '\0'
            && strchr("0123456789abcdefABCDEF", data[k + 2]) != NULL && data[k + 2] != '\0')
        {
            memcpy(hex, data + k + 1, 2);
            *p++ = (char) strtol(hex, NULL, 16);
            k += 2;

        } else {
            *p++ = data[k] == '+' ? ' ' : (char) data[k];
        }
    }

    *p = '\0';
    *out_len = (size_t) (p - out);

    return out;
}


static const pair_t *
query_last(const query_t *query, const char *name)
{
    for (size_t k = query->n; k > 0; k--) {
        if (strcmp(query->pairs[k - 1].name, name) == 0) {
            return &query->pairs[k - 1];
        }
    }

    return NULL;
}


static bool
read_query(const query_t *query, const endpoint_t *endpoint, json_t *map, params_t *out)
{
    const field_t *field;

    for (int k = 0; endpoint->params[k] != NULL; k++) {
        for (field = endpoint->params[k]; field->name != NULL; field++) {
            if (!(field->flags & PATH) && !read_parameter(query, field, map, out)) {
                return false;
            }
        }
    }

    return true;
}


static bool
read_parameter(const query_t *query, const field_t *field, json_t *map, params_t *out)
{
    json_t        *value, *wrapped;
    const pair_t  *pair;
    const char    *details;
    arena_t       *arena = query->arena;
    const schema_t *schema = &field->schema;

    pair = query_last(query, field->name);

    if (pair == NULL) {
        if (field->flags & REQUIRED) {
            return refuse(out, arena_format(arena, "Missing required query parameter: %s", field->name), NULL);
        }
        value = validate_default(schema);
        return value == NULL || json_object_set_new(map, field->name, value) == 0;
    }

    value = parameter_value(arena, field, pair);

    if (value == NULL) {
        return refuse(out, arena_format(arena, "Query parameter error: %s", field->name),
                      arena_format(arena, "'%.100s' can not be read as what %s is", pair->value, field->name));
    }

    if (json_object_set_new(map, field->name, value) != 0) {
        return refuse(out, arena_format(arena, "Query parameter error: %s", field->name), NULL);
    }

    /* validate() wants a container */
    wrapped = keep(arena, json_pack("[O]", value));

    if (!validate(arena, &(const schema_t) {.type = TYPE_ARRAY, .items = schema}, wrapped, 0, &details)) {
        return refuse(out, arena_format(arena, "Invalid query parameter: %s", field->name), strstr(details, ": ") + 2);
    }

    return true;
}


/* A new reference, or NULL. */
static json_t *
parameter_value(arena_t *arena, const field_t *field, const pair_t *pair)
{
    if (field->schema.type == TYPE_ARRAY) {
        return parameter_list(arena, field, pair);
    }

    return pair->len == 0 ? NULL : validate_text(&field->schema, pair->value, pair->len);
}


/* Items are separated by commas, but for sort_by: attribute names may have one. */
static json_t *
parameter_list(arena_t *arena, const field_t *field, const pair_t *pair)
{
    bool            split;
    size_t          len;
    json_t         *list, *item;
    const char     *p, *end;
    const schema_t *schema = schema_resolve(field->schema.items);

    split = !(field->flags & EXPLODED);

    if (strlen(pair->value) != pair->len) {
        return NULL;
    }

    list = keep(arena, json_array());

    for (p = pair->value; p != NULL; p = *end ? end + 1 : NULL) {
        len = split ? strcspn(p, ",") : strlen(p);
        end = p + len;
        item = validate_text(schema, arena_copy(arena, p, len), len);
        if (item == NULL || json_array_append_new(list, item) != 0) {
            return NULL;
        }
    }

    return json_incref(list);
}


static bool
read_body(arena_t *arena, const endpoint_t *endpoint, const params_input_t *input, json_t **body, params_t *out)
{
    json_t      *value;
    const char  *details;
    json_error_t error;
    static const char wrong[] = "Request body validation error";

    if (endpoint->body == NULL) {
        return true;
    }

    if (input->body.len == 0) {
        return (endpoint->flags & BODY_OPTIONAL) || refuse(out, "Missing required request body", NULL);
    }

    if (!is_json(input->content_type)) {
        return refuse(out, wrong, "The content type must be application/json.");
    }

    value = json_parse(input->body.data, input->body.len, &error);
    if (value == NULL) {
        return refuse(out, wrong, arena_format(arena, "The body is not JSON: %s (line %d, column %d)", error.text, error.line, error.column));
    }

    *body = keep(arena, value);

    if (endpoint->flags & BODY_LIST) {
        return read_list(arena, endpoint, value, out);
    }

    if (!json_is_object(value)) {
        return refuse(out, wrong, "The body must be an object.");
    }

    if (!validate(arena, endpoint->body, value, VALIDATE_CAST | VALIDATE_DEFAULTS, &details)) {
        return refuse(out, wrong, details);
    }

    return true;
}


static bool
read_list(arena_t *arena, const endpoint_t *endpoint, json_t *body, params_t *out)
{
    schema_t    list = {.type = TYPE_ARRAY, .items = endpoint->body, .max_items = BODY_LIST_LIMIT};
    const char *details;
    static const char wrong[] = "Request body validation error";

    if (json_is_array(body)) {
        if (!validate(arena, &list, body, 0, &details)) {
            return refuse(out, wrong, details);
        }
        out->body = json_array_size(body) ? body : NULL;
        return true;
    }

    if (!json_is_object(body)) {
        return refuse(out, wrong, "The body must be an object or a list.");
    }

    if (!validate(arena, endpoint->body, body, VALIDATE_DEFAULTS, &details)) {
        return refuse(out, wrong, details);
    }

    out->single = true;
    out->body = keep(arena, json_pack("[O]", body));

    return true;
}


static bool
is_json(str_t content_type)
{
    static const char json[] = "application/json";
    size_t            len = sizeof(json) - 1;

    return content_type.len >= len && strncasecmp((char *) content_type.data, json, len) == 0
           && (content_type.len == len || strchr("; \t", content_type.data[len]) != NULL);
}


/* Arena's from now on; no memory ends like the arena's own exhaustion. */
static json_t *
keep(arena_t *arena, json_t *value)
{
    if (value == NULL) {
        (void) arena_alloc(arena, (size_t) -1 / 2);
    }

    arena_cleanup(arena, drop, value);

    return value;
}


static void
drop(void *data)
{
    json_decref(data);
}


static bool
refuse(params_t *out, const char *message, const char *details)
{
    out->message = message;
    out->details = details;

    return false;
}
