/*
 * Leaf types: what attributes leaves have.
 */

#include "common.h"

static const field_t leaf_type_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"dtype", STRING(), OPTIONAL, "Kind of data."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"description", STRING(DEFAULT_TEXT("")), OPTIONAL, "Free text about it."},
    {"attribute_types", ATTRIBUTE_TYPES(), OPTIONAL, "Definitions of its attributes."},
    {"elemental_id", STRING(NULLABLE), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {0},
};

static const field_t leaf_type_spec_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"description", STRING(DEFAULT_TEXT("")), OPTIONAL, "Free text about it."},
    {"attribute_types", ATTRIBUTE_TYPES(), OPTIONAL, "Definitions of its attributes."},
    {"elemental_id", STRING(NULLABLE), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {0},
};

static const field_t leaf_type_update_fields[] = {
    {"description", STRING(), OPTIONAL, "Free text about it."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"elemental_id", STRING(NULLABLE), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {0},
};

const schema_t schema_leaf_type = OBJECT(leaf_type_fields, NAMED("LeafType"));
const schema_t schema_leaf_type_spec = OBJECT(leaf_type_spec_fields, NAMED("LeafTypeSpec"));
const schema_t schema_leaf_type_update = OBJECT(leaf_type_update_fields, NAMED("LeafTypeUpdate"));

const lookup_t lookup_leaf_type = {
    .model = "LeafType",
    .sql = "SELECT project FROM main_leaftype WHERE id = $1",
};

const endpoint_t leaf_type_endpoints[] = {
    {GET, "/rest/LeafType/{id}", "GetLeafType",
     .access = ACCESS_VIEW, .lookup = &lookup_leaf_type, .params = {path_id}, .reply = &schema_leaf_type,
     .doc = "A leaf type."},
    {PATCH, "/rest/LeafType/{id}", "UpdateLeafType",
     .access = ACCESS_FULL, .lookup = &lookup_leaf_type, .params = {path_id}, .body = &schema_leaf_type_update,
     .reply = &schema_message_response,
     .doc = "Change a leaf type."},
    {DELETE, "/rest/LeafType/{id}", "DeleteLeafType",
     .access = ACCESS_FULL, .lookup = &lookup_leaf_type, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a leaf type."},
    {GET, "/rest/LeafTypes/{project}", "GetLeafTypeList",
     .access = ACCESS_VIEW, .params = {path_project, elemental_id_param}, .reply = &schema_leaf_type,
     .flags = REPLY_LIST,
     .doc = "Leaf types that match."},
    {POST, "/rest/LeafTypes/{project}", "CreateLeafType",
     .access = ACCESS_FULL, .params = {path_project}, .body = &schema_leaf_type_spec,
     .reply = &schema_create_response,
     .doc = "Create a leaf type."},
    {0},
};
