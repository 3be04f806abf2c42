/*
 * Attribute definitions: add, change, replace or remove an attribute of a type, and its values with it.
 */

#include <ctype.h>

#include "common.h"
#include "type.h"
#include "../api/attributes.h"

static const field_t attribute_type_fields[] = {
    {"name", STRING(), OPTIONAL, "Name of the attribute."},
    {"description", STRING(DEFAULT_TEXT("")), OPTIONAL, "Free text about it."},
    {"dtype", STRING(ENUM_ATTRIBUTE_DTYPE), OPTIONAL, "Kind of data."},
    {"required", BOOLEAN(DEFAULT("false")), OPTIONAL, "Whether a value is needed."},
    {"order", INTEGER(DEFAULT("0")), OPTIONAL, "Place in the order; negative hides it."},
    {"default", REF(schema_attribute_value), OPTIONAL, "Value when none is given."},
    {"minimum", NUMBER(), OPTIONAL, "Smallest value."},
    {"maximum", NUMBER(), OPTIONAL, "Largest value."},
    {"choices", ARRAY(STRING()), OPTIONAL, "Values that an enum may have."},
    {"labels", ARRAY(STRING()), OPTIONAL, "What to show for each choice."},
    {"autocomplete", REF(schema_autocomplete_service), OPTIONAL, "Where an editor finds suggestions."},
    {"use_current", BOOLEAN(), OPTIONAL, "Whether the present time is the value when none is given."},
    {"size", INTEGER(MINIMUM(1), MAXIMUM(2000)), OPTIONAL, "Length of a float_array."},
    {"style", STRING(), OPTIONAL, "How an editor shows it."},
    {"visible", BOOLEAN(), OPTIONAL, "Whether it shows in the user interface."},
    {0},
};

static const field_t attribute_type_delete_fields[] = {
    {"entity_type", STRING(ENUM_ENTITY_TYPE), OPTIONAL, "Kind of type that has the attribute."},
    {"name", STRING(), OPTIONAL, "Name of the attribute to remove."},
    {0},
};

static const field_t attribute_type_spec_fields[] = {
    {"entity_type", STRING(ENUM_ENTITY_TYPE), OPTIONAL, "Kind of type that has the attribute."},
    {"addition", REF(schema_attribute_type), OPTIONAL, "The attribute to add."},
    {0},
};

static const field_t attribute_type_update_attribute_type_update_fields[] = {
    {"name", STRING(), OPTIONAL, "New name of the attribute."},
    {"description", STRING(), OPTIONAL, "Free text about it."},
    {"dtype", STRING(ENUM_ATTRIBUTE_DTYPE), OPTIONAL, "Kind of data."},
    {"required", BOOLEAN(), OPTIONAL, "Whether a value is needed."},
    {"order", INTEGER(), OPTIONAL, "Place in the order; negative hides it."},
    {"default", REF(schema_attribute_value), OPTIONAL, "Value when none is given."},
    {"minimum", NUMBER(), OPTIONAL, "Smallest value."},
    {"maximum", NUMBER(), OPTIONAL, "Largest value."},
    {"choices", ARRAY(STRING()), OPTIONAL, "Values that an enum may have."},
    {"labels", ARRAY(STRING()), OPTIONAL, "What to show for each choice."},
    {"autocomplete", REF(schema_autocomplete_service), OPTIONAL, "Where an editor finds suggestions."},
    {"use_current", BOOLEAN(), OPTIONAL, "Whether the present time is the value when none is given."},
    {"size", INTEGER(MINIMUM(1), MAXIMUM(2000)), OPTIONAL, "Length of a float_array."},
    {"style", STRING(), OPTIONAL, "How an editor shows it."},
    {"visible", BOOLEAN(), OPTIONAL, "Whether it shows in the user interface."},
    {0},
};

static const field_t attribute_type_update_fields[] = {
    {"entity_type", STRING(ENUM_ENTITY_TYPE), REQUIRED, "Kind of type that has the attribute."},
    {"current_name", STRING(), REQUIRED, "Name of the attribute to change."},
    {"attribute_type_update", OBJECT(attribute_type_update_attribute_type_update_fields), REQUIRED,
     "What to change in the definition."},
    {0},
};

static const field_t autocomplete_service_fields[] = {
    {"serviceUrl", STRING(), OPTIONAL, "Address of the service."},
    {"match_any", BOOLEAN(DEFAULT("false")), OPTIONAL, "Whether suggestions match anywhere in the name."},
    {"mode", STRING(ENUM("tator", "worms"), DEFAULT_TEXT("tator")), OPTIONAL, "Which kind of service it is."},
    {"minLevel", INTEGER(), OPTIONAL, "Depth from which to suggest."},
    {"useCommon", BOOLEAN(), OPTIONAL, "Whether to suggest common names."},
    {0},
};

const schema_t schema_attribute_type = OBJECT(attribute_type_fields, NAMED("AttributeType"));
const schema_t schema_attribute_type_delete = OBJECT(attribute_type_delete_fields, NAMED("AttributeTypeDelete"));
const schema_t schema_attribute_type_spec = OBJECT(attribute_type_spec_fields, NAMED("AttributeTypeSpec"));
const schema_t schema_attribute_type_update = OBJECT(attribute_type_update_fields, NAMED("AttributeTypeUpdate"));
const schema_t schema_autocomplete_service =
    OBJECT(autocomplete_service_fields, NULLABLE, NAMED("AutocompleteService"));

const lookup_t lookup_attribute_type = {
    .model = "AttributeType",
    .sql = "SELECT project FROM (\n"
           "  SELECT 'MediaType' AS entity_type, id, project FROM main_mediatype\n"
           "  UNION ALL SELECT 'LocalizationType', id, project FROM main_localizationtype\n"
           "  UNION ALL SELECT 'StateType', id, project FROM main_statetype\n"
           "  UNION ALL SELECT 'LeafType', id, project FROM main_leaftype\n"
           "  UNION ALL SELECT 'FileType', id, project FROM main_filetype\n"
           "  UNION ALL SELECT 'Section', id, id FROM main_project\n"
           ") AS types WHERE id = $1 AND entity_type = $2",
    .keys = {"id", "entity_type"},
};

/* Where the definitions and the values of each kind are. */
typedef struct {
    const char *name;     /* parameter entity_type */
    const char *types;    /* table with attribute_types */
    const char *entities; /* table with attributes */
    const char *column;   /* of entities: the row of `types` */
} attribute_owner_t;

static const attribute_owner_t attribute_owners[] = {
    {"MediaType", "main_mediatype", "main_media", "meta"},
    {"LocalizationType", "main_localizationtype", "main_localization", "meta"},
    {"StateType", "main_statetype", "main_state", "meta"},
    {"LeafType", "main_leaftype", "main_leaf", "meta"},
    {"FileType", "main_filetype", "main_file", "meta"},
    {"Section", "main_project", "main_section", "project"},
    {NULL, NULL, NULL, NULL},
};

static void                     attribute_type_change(rq_t *rq, bool replace);
static const attribute_owner_t *attribute_owner(rq_t *rq);
static json_t                  *attribute_types_locked(rq_t *rq, const attribute_owner_t *owner);
static void                     attribute_types_store(rq_t *rq, const attribute_owner_t *owner, const json_t *types);
static sql_t                   *attribute_rows(rq_t *rq, const attribute_owner_t *owner, const char *set);
static size_t                   attribute_place(const json_t *types, const char *name);
static void                     attribute_check(rq_t *rq, json_t *definition);
static void                     attribute_check_name(rq_t *rq, const char *name);
static void                     attribute_check_dtype(rq_t *rq, const char *old, const char *new);
static bool                     attribute_differs(const json_t *old, const json_t *update, bool replace);
static void                     put(rq_t *rq, json_t *object, const char *name, json_t *value);


static void
attribute_type_create(rq_t *rq)
{
    sql_t                   *sql;
    json_t                  *types, *addition = param(rq, "addition"), *value;
    const char              *name;
    const attribute_owner_t *owner = attribute_owner(rq);

    if (addition == NULL) {
        fail(rq, 400, "addition is missing.");
    }

    attribute_check(rq, addition);
    name = attribute_member(addition, "name");

    if (name[0] == '$') {
        fail(rq, 400, "Attribute names must not begin with $.");
    }

    tx_begin(rq);
    types = attribute_types_locked(rq, owner);

    if (attribute_place(types, name) < json_array_size(types)) {
        fail(rq, 400, "%s is already an attribute.", name);
    }

    if (json_array_append(types, addition) != 0) {
        fail(rq, 503, "No memory.");
    }

    attribute_types_store(rq, owner, types);
    value = json_object_get(addition, "default");

    if (value != NULL && !json_is_null(value)) {
        sql = attribute_rows(rq, owner, "COALESCE(attributes, '{}') || ");
        sql_put(sql, "jsonb_build_object(%s::text, %p::jsonb) WHERE ", name, value);
        sql_raw(sql, owner->column);
        sql_put(sql, " = %ld", param_int(rq, "id", 0));
        pg_run(rq, sql);
    }

    tx_commit(rq);
    reply_message(rq, 201, "New attribute type '%s' added", name);
}


static void
attribute_type_update(rq_t *rq)
{
    attribute_type_change(rq, false);
}


static void
attribute_type_replace(rq_t *rq)
{
    attribute_type_change(rq, true);
}


static void
attribute_type_delete(rq_t *rq)
{
    size_t                   place;
    sql_t                   *sql;
    json_t                  *types;
    const char              *name = param_text(rq, "name");
    const attribute_owner_t *owner = attribute_owner(rq);

    if (name == NULL) {
        fail(rq, 400, "name is missing.");
    }

    tx_begin(rq);
    types = attribute_types_locked(rq, owner);
    place = attribute_place(types, name);

    /* an unknown name of a section is no fault (contract/annotations.md §3) */
    if (place == json_array_size(types) && strcmp(owner->name, "Section") != 0) {
        fail(rq, 400, "Could not find attribute name %s", name);
    }

    if (place < json_array_size(types)) {
        json_array_remove(types, place);
        attribute_types_store(rq, owner, types);
        sql = attribute_rows(rq, owner, "attributes - ");
        sql_put(sql, "%s::text WHERE attributes ? %s AND ", name, name);
        sql_raw(sql, owner->column);
        sql_put(sql, " = %ld", param_int(rq, "id", 0));
        pg_run(rq, sql);
    }

    tx_commit(rq);
    reply_message(rq, 200, "Attribute '%s' deleted", name);
}


/* Renaming and mutation are two steps, each with a line of the message; stored values are moved, never converted. */
static void
attribute_type_change(rq_t *rq, bool replace)
{
    text_t                   message;
    size_t                   place;
    sql_t                   *sql;
    json_t                  *types, *old, *new, *update = param(rq, "attribute_type_update");
    const char              *current = param_text(rq, "current_name"), *name;
    const attribute_owner_t *owner = attribute_owner(rq);

    text_start(&message, rq->arena, 256);
    name = attribute_member(update, "name");

    tx_begin(rq);
    types = attribute_types_locked(rq, owner);
    place = attribute_place(types, current);
    old = json_array_get(types, place);

    if (old == NULL) {
        fail(rq, 400, "Could not find attribute name %s", current);
    }

    if (name != NULL && strcmp(name, current) != 0) {
        attribute_check_name(rq, name);
        old = rq_own(rq, json_copy(old));
        put(rq, old, "name", json_string(name));

        sql = attribute_rows(rq, owner, "(attributes - ");
        sql_put(sql, "%s::text) || jsonb_build_object(%s::text, attributes -> %s::text) WHERE attributes ? %s AND ", current, name, current,
                current);
        sql_raw(sql, owner->column);
        sql_put(sql, " = %ld", param_int(rq, "id", 0));
        pg_run(rq, sql);
        text_printf(&message, "Attribute '%s' renamed to '%s'.", current, name);
    }

    new = old;

    if (attribute_differs(old, update, replace)) {
        attribute_check(rq, update);
        attribute_check_dtype(rq, attribute_member(old, "dtype"), attribute_member(update, "dtype"));

        new = rq_own(rq, replace ? json_copy(update) : json_copy(old));
        if (json_object_update(new, update) != 0) {
            fail(rq, 503, "No memory.");
        }

        text_printf(&message, "%sAttribute '%s' mutated from:\n%s\nto:\n%s", message.len ? "\n" : "", name, json_text(rq->arena, old),
                    json_text(rq->arena, new));
    }

    if (json_array_set(types, place, new) != 0) {
        fail(rq, 503, "No memory.");
    }

    attribute_types_store(rq, owner, types);
    tx_commit(rq);
    reply_message(rq, 200, "%s", message.data);
}


static const attribute_owner_t *
attribute_owner(rq_t *rq)
{
    const char              *name = param_text(rq, "entity_type");
    const attribute_owner_t *owner;

    for (owner = attribute_owners; owner->name != NULL; owner++) {
        if (name != NULL && strcmp(owner->name, name) == 0) {
            return owner;
        }
    }

    fail(rq, 400, "entity_type is missing.");
}


/* The definitions, of which nobody else may have the row now: a copy to change. */
static json_t *
attribute_types_locked(rq_t *rq, const attribute_owner_t *owner)
{
    sql_t    *sql;
    json_t   *types;
    result_t *result;

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT attribute_types FROM ");
    sql_raw(sql, owner->types);
    sql_put(sql, " WHERE id = %ld FOR UPDATE NOWAIT", param_int(rq, "id", 0));

    result = pg_run(rq, sql);
    if (pg_rows(result) == 0) {
        fail_missing(rq, owner->name);
    }

    types = pg_json(rq, result, 0, 0);

    return json_is_array(types) ? types : rq_own(rq, json_array());
}


static void
attribute_types_store(rq_t *rq, const attribute_owner_t *owner, const json_t *types)
{
    sql_t *sql;

    sql = sql_new(rq->arena);
    sql_put(sql, "UPDATE ");
    sql_raw(sql, owner->types);
    sql_put(sql, " SET attribute_types = %p::jsonb WHERE id = %ld", types, param_int(rq, "id", 0));
    pg_run(rq, sql);
}


/* "UPDATE main_media SET attributes = SET": the caller goes on. */
static sql_t *
attribute_rows(rq_t *rq, const attribute_owner_t *owner, const char *set)
{
    sql_t *sql;

    sql = sql_new(rq->arena);
    sql_put(sql, "UPDATE ");
    sql_raw(sql, owner->entities);
    sql_put(sql, " SET attributes = ");
    sql_raw(sql, set);

    return sql;
}


/* The index of that name, or the list's length. */
static size_t
attribute_place(const json_t *types, const char *name)
{
    size_t      k;
    json_t     *type;
    const char *other;

    json_array_foreach(types, k, type) {
        other = attribute_member(type, "name");
        if (other != NULL && strcmp(other, name) == 0) {
            break;
        }
    }

    return k;
}


/* What a definition must have; its default is stored converted. */
static void
attribute_check(rq_t *rq, json_t *definition)
{
    json_t     *value;
    const char *name = attribute_member(definition, "name"), *dtype = attribute_member(definition, "dtype"), *message;

    if (name == NULL || dtype == NULL) {
        fail(rq, 400, "An attribute must have name and dtype.");
    }

    attribute_check_name(rq, name);

    if (strcmp(dtype, "enum") == 0 && json_object_get(definition, "choices") == NULL) {
        fail(rq, 400, "%s: enum attribute type definition missing 'choices' field", name);
    }

    if (strcmp(dtype, "float_array") == 0 && json_object_get(definition, "size") == NULL) {
        fail(rq, 400, "%s: float_array attribute type definition missing 'size' field", name);
    }

    value = json_object_get(definition, "default");

    if (value != NULL && !json_is_null(value)) {
        value = attribute_convert(rq->arena, definition, value, &message);
        if (value == NULL) {
            fail(rq, 400, "%s", message);
        }
        put(rq, definition, "default", value);
    }
}


static void
attribute_check_name(rq_t *rq, const char *name)
{
    bool good = name[0] != '\0';

    for (const char *p = name; *p != '\0'; p++) {
        good = good && (isalnum((unsigned char) *p) || isspace((unsigned char) *p) || (*p & 0x80) || strchr("_-><%:&#;(),@", *p) != NULL);
    }

    if (!good) {
        fail(rq, 400, "The attribute name '%s' has characters that are not permitted.", name);
    }
}


/* int and float, enum and string may change into each other. */
static void
attribute_check_dtype(rq_t *rq, const char *old, const char *new)
{
    static const char *const pairs[][2] = {{"int", "float"}, {"float", "int"}, {"enum", "string"}, {"string", "enum"}};

    if (old == NULL || strcmp(old, new) == 0) {
        return;
    }

    for (size_t k = 0; k < sizeof(pairs) / sizeof(pairs[0]); k++) {
        if (strcmp(pairs[k][0], old) == 0 && strcmp(pairs[k][1], new) == 0) {
            return;
        }
    }

    fail(rq, 400, "Attribute mutations from %s to %s are not permitted.", old, new);
}


/* Beside the name. */
static bool
attribute_differs(const json_t *old, const json_t *update, bool replace)
{
    json_t     *value;
    const char *key;

    json_object_foreach((json_t *) update, key, value) {
        if (strcmp(key, "name") != 0 && !json_equal(value, json_object_get(old, key))) {
            return true;
        }
    }

    json_object_foreach((json_t *) old, key, value) {
        if (replace && strcmp(key, "name") != 0 && json_object_get(update, key) == NULL) {
            return true;
        }
    }

    return false;
}


static void
put(rq_t *rq, json_t *object, const char *name, json_t *value)
{
    if (json_object_set_new(object, name, value) != 0) {
        fail(rq, 503, "No memory.");
    }
}


const endpoint_t attribute_type_endpoints[] = {
    {POST(FULL), "/rest/AttributeType/{id}", "CreateAttributeType",
     .handler = attribute_type_create,
     .lookup = &lookup_attribute_type, .params = {path_id},
     .body = &schema_attribute_type_spec, .reply = &schema_message_response,
     .doc = "Add an attribute to a type."},
    {PUT(VIEW), "/rest/AttributeType/{id}", "ReplaceAttributeType",
     .handler = attribute_type_replace,
     .lookup = &lookup_attribute_type, .params = {path_id},
     .body = &schema_attribute_type_update, .reply = &schema_message_response,
     .doc = "Change an attribute of a type, writing its definition anew."},
    {PATCH(FULL), "/rest/AttributeType/{id}", "UpdateAttributeType",
     .handler = attribute_type_update,
     .lookup = &lookup_attribute_type, .params = {path_id},
     .body = &schema_attribute_type_update, .reply = &schema_message_response,
     .doc = "Change an attribute of a type."},
    {DELETE(FULL), "/rest/AttributeType/{id}", "DeleteAttributeType",
     .handler = attribute_type_delete,
     .lookup = &lookup_attribute_type, .params = {path_id},
     .body = &schema_attribute_type_delete, .reply = &schema_message_response,
     .doc = "Remove an attribute of a type and its values."},
    {0},
};
