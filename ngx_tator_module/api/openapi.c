/*
 * The document is built once as a JSON value and then written twice. Components are found by walking from the operations, so
 * that none is forgotten or left over. A failed allocation is remembered and ends the whole at the end.
 */

#include <math.h>
#include <strings.h>

#include "openapi.h"

#define LARGEST_INTEGER 9223372036854775808.0

typedef struct {
    json_t *paths, *schemas;
    bool    failed;
} document_t;

static json_t *document_create(document_t *document, const char *server);
static void    document_operation(document_t *document, const endpoint_t *endpoint);
static json_t *operation_parameters(document_t *document, const endpoint_t *endpoint);
static json_t *operation_parameter(document_t *document, const field_t *field);
static json_t *operation_body(document_t *document, const endpoint_t *endpoint);
static json_t *operation_responses(document_t *document, const endpoint_t *endpoint);
static json_t *response_success(document_t *document, const endpoint_t *endpoint);
static json_t *response_error(document_t *document, const endpoint_t *endpoint, const schema_t *schema, const char *text);
static json_t *schema_use(document_t *document, const schema_t *schema);
static json_t *schema_describe(document_t *document, const schema_t *schema);
static void    schema_facts(document_t *document, const schema_t *schema, json_t *out);
static void    schema_fields(document_t *document, const schema_t *schema, json_t *out);
static json_t *schema_list(document_t *document, const schema_t *const *list);
static json_t *number_value(double number);
static json_t *content(document_t *document, const char *type, json_t *schema);
static void    set(document_t *document, json_t *object, const char *key, json_t *value);
static void    yaml_value(text_t *out, json_t *value, int indent);
static void    yaml_key(text_t *out, const char *key);
static void    yaml_scalar(text_t *out, const json_t *value);

extern const schema_t schema_bad_request_response, schema_not_found_response;

static const char *const openapi_methods[] = {
    [METHOD_GET] = "get", [METHOD_POST] = "post", [METHOD_PUT] = "put", [METHOD_PATCH] = "patch",
    [METHOD_DELETE] = "delete",
};
static const char *const openapi_types[] = {[TYPE_INTEGER] = "integer", [TYPE_NUMBER] = "number", [TYPE_STRING] = "string",
                                            [TYPE_BOOLEAN] = "boolean", [TYPE_ARRAY] = "array", [TYPE_OBJECT] = "object"};


bool
openapi_write(arena_t *arena, const endpoint_t *const *tables, unsigned without, const char *server, text_t *yaml, text_t *json)
{
    json_t           *root;
    document_t        document = {.paths = json_object(), .schemas = json_object()};
    const endpoint_t *endpoint;

    root = document_create(&document, server);

    for (; *tables != NULL; tables++) {
        for (endpoint = *tables; endpoint->path != NULL; endpoint++) {
            if (endpoint->operation != NULL && !(endpoint->flags & without)) {
                document_operation(&document, endpoint);
            }
        }
    }

    if (!document.failed) {
        text_start(yaml, arena, 1024 * 1024);
        yaml_value(yaml, root, 0);
        text_puts(yaml, "\n");
        text_start(json, arena, 1024 * 1024);
        json_write(json, root);
    }

    json_decref(root);

    return !document.failed;
}


static json_t *
document_create(document_t *document, const char *server)
{
    json_t *root;

    root = json_pack("{s:s, s:{s:s, s:s, s:s}, s:[{s:s}], s:[{s:[]}, {s:[]}], s:[{s:s}], s:o, s:{s:o, s:{s:{s:s, s:s, s:s}, s:{s:s, s:s, s:s}}}}",
                     "openapi", "3.0.2",
                     "info", "title", "Tator REST API", "version", "0.0.0.dev0", "description", "Interface to the Tator backend.",
                     "servers", "url", server,
                     "security", "TokenAuth", "SessionAuth",
                     "tags", "name", "Tator",
                     "paths", document->paths,
                     "components", "schemas", document->schemas,
                     "securitySchemes",
                     "TokenAuth", "type", "apiKey", "in", "header", "name", "Authorization",
                     "SessionAuth", "type", "apiKey", "in", "header", "name", "X-CSRFToken");

    document->failed = root == NULL;

    return root;
}


static void
document_operation(document_t *document, const endpoint_t *endpoint)
{
    json_t *path, *operation;

    path = json_object_get(document->paths, endpoint->path);
    if (path == NULL) {
        path = json_object();
        set(document, document->paths, endpoint->path, path);
    }

    operation = json_object();
    set(document, path, openapi_methods[endpoint->method], operation);
    set(document, operation, "operationId", json_string(endpoint->operation));
    set(document, operation, "description", json_string(endpoint->doc));
    set(document, operation, "tags", json_pack("[s]", "Tator"));

    if (endpoint->handler == NULL) {
        set(document, operation, "x-tator-status", json_string("planned"));
    }

    set(document, operation, "parameters", operation_parameters(document, endpoint));

    if (endpoint->body) {
        set(document, operation, "requestBody", operation_body(document, endpoint));
    }

    set(document, operation, "responses", operation_responses(document, endpoint));
}


static json_t *
operation_parameters(document_t *document, const endpoint_t *endpoint)
{
    json_t        *list = json_array();
    const field_t *field;

    for (int k = 0; endpoint->params[k] != NULL; k++) {
        for (field = endpoint->params[k]; field->name != NULL; field++) {
            if (json_array_append_new(list, operation_parameter(document, field)) != 0) {
                document->failed = true;
            }
        }
    }

    return list;
}


static json_t *
operation_parameter(document_t *document, const field_t *field)
{
    bool    path = field->flags & PATH;
    json_t *out;

    out = json_pack("{s:s, s:s, s:b, s:s}", "name", field->name, "in", path ? "path" : "query",
                    "required", path || (field->flags & REQUIRED), "description", field->doc);

    if (!path && ((field->schema.type == TYPE_ARRAY && !(field->flags & EXPLODED)) || (field->flags & UNEXPLODED))) {
        set(document, out, "explode", json_false());
    }

    if (field->flags & STYLED) {
        set(document, out, "style", json_string("form"));
    }

    set(document, out, "schema", schema_use(document, &field->schema));

    return out;
}


static json_t *
operation_body(document_t *document, const endpoint_t *endpoint)
{
    json_t *schema;

    schema = schema_use(document, endpoint->body);

    if (endpoint->flags & BODY_LIST) {
        schema = json_pack("{s:[{s:s, s:i, s:O}, o]}", "oneOf", "type", "array", "maxItems", BODY_LIST_LIMIT, "items", schema, schema);
    }

    return json_pack("{s:b, s:o}", "required", !(endpoint->flags & BODY_OPTIONAL),
                     "content", content(document, "application/json", schema));
}


static json_t *
operation_responses(document_t *document, const endpoint_t *endpoint)
{
    int     status;
    char    code[12];
    json_t *out = json_object();

    if (!(endpoint->flags & NO_ERRORS)) {
        set(document, out, "404", response_error(document, endpoint, &schema_not_found_response, "Failure to find what the request names."));
        set(document, out, "400", response_error(document, endpoint, &schema_bad_request_response, "The request can not be done."));
    }

    if (endpoint->reply || (endpoint->flags & (REPLY_IMAGE | OPEN_SCHEMA))) {
        status = endpoint->status ? endpoint->status : endpoint->method == METHOD_POST ? 201 : 200;
        snprintf(code, sizeof(code), "%d", status);
        set(document, out, code, response_success(document, endpoint));
    }

    if (endpoint->flags & DOCUMENTS_503) {
        set(document, out, "503", json_pack("{s:s}", "description", "Not configured."));
    }

    return out;
}


static json_t *
response_success(document_t *document, const endpoint_t *endpoint)
{
    json_t *schema;

    if (endpoint->flags & OPEN_SCHEMA) {
        return json_pack("{s:s}", "description", "Done.");
    }

    if (endpoint->flags & REPLY_IMAGE) {
        schema = json_pack("{s:s, s:s}", "type", "string", "format", "binary");
        return json_pack("{s:s, s:o}", "description", "Done.", "content", content(document, "image/*", schema));
    }

    schema = schema_use(document, endpoint->reply);

    if (endpoint->flags & REPLY_LIST) {
        schema = json_pack("{s:s, s:o}", "type", "array", "items", schema);
    }

    return json_pack("{s:s, s:o}", "description", "Done.", "content", content(document, "application/json", schema));
}


static json_t *
response_error(document_t *document, const endpoint_t *endpoint, const schema_t *schema, const char *text)
{
    json_t *body;

    if (endpoint->flags & REPLY_IMAGE) {
        body = content(document, "image/*", json_pack("{s:s, s:s}", "type", "string", "format", "binary"));
    } else {
        body = content(document, "application/json", schema_use(document, schema));
    }

    return json_pack("{s:s, s:o}", "description", text, "content", body);
}


/* A component is described once and referred to, everything else is described in place. */
static json_t *
schema_use(document_t *document, const schema_t *schema)
{
    char            reference[128];
    json_t         *out;
    const schema_t *component = schema_resolve(schema);

    if (component->component == NULL) {
        return schema_describe(document, schema);
    }

    if (json_object_get(document->schemas, component->component) == NULL) {
        /* stands there before its own members are described: components may contain themselves */
        set(document, document->schemas, component->component, json_object());
        set(document, document->schemas, component->component, schema_describe(document, component));
    }

    snprintf(reference, sizeof(reference), "#/components/schemas/%s", component->component);
    out = json_pack("{s:s}", "$ref", reference);

    if (schema != component && schema->nullable) {
        set(document, out, "nullable", json_true());
    }

    return out;
}


static json_t *
schema_describe(document_t *document, const schema_t *schema)
{
    json_t *out = json_object();

    if (schema->type != TYPE_ANY) {
        set(document, out, "type", json_string(openapi_types[schema->type]));
    }

    schema_facts(document, schema, out);

    if (schema->items) {
        set(document, out, "items", schema_use(document, schema->items));
    }

    if (schema->additional) {
        set(document, out, "additionalProperties", schema_use(document, schema->additional));
    }

    if (schema->additional_any) {
        set(document, out, "additionalProperties", json_true());
    }

    if (schema->one_of) {
        set(document, out, "oneOf", schema_list(document, schema->one_of));
    }

    if (schema->any_of) {
        set(document, out, "anyOf", schema_list(document, schema->any_of));
    }

    if (schema->fields || schema->shared) {
        schema_fields(document, schema, out);
    }

    return out;
}


static void
schema_facts(document_t *document, const schema_t *schema, json_t *out)
{
    json_t            *list;
    const char *const *choice;
    const struct {
        const char *key;
        int         value;
    } sizes[] = {{"minItems", schema->min_items}, {"maxItems", schema->max_items},
                 {"minLength", schema->min_length}, {"maxLength", schema->max_length}};

    for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
        if (sizes[k].value != 0) {
            set(document, out, sizes[k].key, json_integer(sizes[k].value));
        }
    }

    if (schema->format) {
        set(document, out, "format", json_string(schema->format));
    }

    if (schema->pattern) {
        set(document, out, "pattern", json_string(schema->pattern));
    }

    if (schema->has_minimum) {
        set(document, out, "minimum", number_value(schema->minimum));
    }

    if (schema->has_maximum) {
        set(document, out, "maximum", number_value(schema->maximum));
    }

    if (schema->fallback) {
        set(document, out, "default", json_loads(schema->fallback, JSON_DECODE_ANY, NULL));
    }

    if (schema->nullable) {
        set(document, out, "nullable", json_true());
    }

    if (schema->deprecated) {
        set(document, out, "deprecated", json_true());
    }

    if (schema->enumeration) {
        list = json_array();
        for (choice = schema->enumeration; *choice != NULL; choice++) {
            document->failed |= json_array_append_new(list, json_string(*choice)) != 0;
        }
        set(document, out, "enum", list);
    }
}


static void
schema_fields(document_t *document, const schema_t *schema, json_t *out)
{
    json_t        *properties = json_object(), *required = json_array(), *member;
    const field_t *field;
    schema_walk_t  walk = {0};

    while ((field = schema_next(schema, &walk)) != NULL) {
        member = schema_use(document, &field->schema);

        /* beside a $ref nothing else counts */
        if (field->doc && json_object_get(member, "$ref") == NULL) {
            set(document, member, "description", json_string(field->doc));
        }

        set(document, properties, field->name, member);

        if (field->flags & REQUIRED) {
            document->failed |= json_array_append_new(required, json_string(field->name)) != 0;
        }
    }

    if (json_array_size(required) > 0) {
        set(document, out, "required", required);
    } else {
        json_decref(required);
    }

    set(document, out, "properties", properties);
}


static json_t *
schema_list(document_t *document, const schema_t *const *list)
{
    json_t *out = json_array();

    for (; *list != NULL; list++) {
        document->failed |= json_array_append_new(out, schema_use(document, *list)) != 0;
    }

    return out;
}


static json_t *
number_value(double number)
{
    if (fabs(number) < LARGEST_INTEGER && number == floor(number)) {
        return json_integer((json_int_t) number);
    }

    return json_real(number);
}


static json_t *
content(document_t *document, const char *type, json_t *schema)
{
    json_t *out = json_object();

    set(document, out, type, json_pack("{s:o}", "schema", schema));

    return out;
}


static void
set(document_t *document, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0) {
        document->failed = true;
    }
}


/* Block style; the value begins where the text stands: at the line's beginning, or behind "key:" or "-". */
static void
yaml_value(text_t *out, json_t *value, int indent)
{
    json_t     *item;
    size_t      k;
    const char *key;

    if (json_is_object(value) && json_object_size(value) > 0) {
        json_object_foreach(value, key, item) {
            text_printf(out, "%s%*s", out->len ? "\n" : "", indent, "");
            yaml_key(out, key);
            text_puts(out, ":");
            yaml_value(out, item, indent + 2);
        }

    } else if (json_is_array(value) && json_array_size(value) > 0) {
        json_array_foreach(value, k, item) {
            text_printf(out, "\n%*s-", indent, "");
            yaml_value(out, item, indent + 2);
        }

    } else {
        text_puts(out, " ");
        yaml_scalar(out, value);
    }
}


/* Words are plain, except those that YAML 1.1 reads as truth values or nothing. */
static void
yaml_key(text_t *out, const char *key)
{
    size_t                   len = strlen(key);
    static const char        letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    static const char *const special[] = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"};

    for (size_t k = 0; k < sizeof(special) / sizeof(special[0]); k++) {
        if (strcasecmp(key, special[k]) == 0) {
            len = 0;
        }
    }

    if (len > 0 && strspn(key, letters) == len) {
        text_puts(out, key);
    } else {
        json_write_text(out, key, strlen(key));
    }
}


/* JSON's scalars are YAML's; what a double rounds up to 2^64 is the largest 64-bit number. */
static void
yaml_scalar(text_t *out, const json_t *value)
{
    if (json_is_real(value) && json_real_value(value) == 2 * LARGEST_INTEGER) {
        text_puts(out, "18446744073709551615");
    } else {
        json_write(out, value);
    }
}
