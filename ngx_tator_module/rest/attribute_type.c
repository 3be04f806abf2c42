/*
 * Attribute definitions: add, change, replace or remove an attribute of a type, and its values with it.
 */

#include "common.h"

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

const endpoint_t attribute_type_endpoints[] = {
    {POST, "/rest/AttributeType/{id}", "CreateAttributeType",
     .access = ACCESS_FULL, .lookup = &lookup_attribute_type, .params = {path_id},
     .body = &schema_attribute_type_spec, .reply = &schema_message_response,
     .doc = "Add an attribute to a type."},
    {PUT, "/rest/AttributeType/{id}", "ReplaceAttributeType",
     .access = ACCESS_VIEW, .lookup = &lookup_attribute_type, .params = {path_id},
     .body = &schema_attribute_type_update, .reply = &schema_message_response,
     .doc = "Change an attribute of a type, writing its definition anew."},
    {PATCH, "/rest/AttributeType/{id}", "UpdateAttributeType",
     .access = ACCESS_FULL, .lookup = &lookup_attribute_type, .params = {path_id},
     .body = &schema_attribute_type_update, .reply = &schema_message_response,
     .doc = "Change an attribute of a type."},
    {DELETE, "/rest/AttributeType/{id}", "DeleteAttributeType",
     .access = ACCESS_FULL, .lookup = &lookup_attribute_type, .params = {path_id},
     .body = &schema_attribute_type_delete, .reply = &schema_message_response,
     .doc = "Remove an attribute of a type and its values."},
    {0},
};
