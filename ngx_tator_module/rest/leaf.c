/*
 * Leaves: named nodes of label trees.
 */

#include "common.h"

static const field_t leaf_query_fields[] = {
    {"ids", IDS(), OPTIONAL, "Ids to take."},
    {"float_array", ARRAY(REF(schema_float_array_query)), OPTIONAL, "Searches by distance of vectors."},
    {"object_search", REF(schema_attribute_operation_spec), OPTIONAL, "Search over attributes."},
    {0},
};

static const field_t leaf_bulk_update_fields[] = {
    {"attributes", ATTRIBUTES(), OPTIONAL, "Attribute values by name."},
    {"null_attributes", ARRAY(STRING(MINIMUM(1))), OPTIONAL, "Attributes to set to null."},
    {"reset_attributes", ARRAY(STRING(MINIMUM(1))), OPTIONAL, "Attributes to set to their default."},
    {0},
};

static const field_t leaf_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"type", INTEGER(), OPTIONAL, "Id of its type."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"path", STRING(), OPTIONAL, "Place in the tree, dotted."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"parent", INTEGER(NULLABLE), OPTIONAL, "The row that it came from."},
    {"attributes", ATTRIBUTES(), OPTIONAL, "Attribute values by name."},
    {0},
};

static const field_t leaf_spec_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {"type", INTEGER(), REQUIRED, "Id of its type."},
    {"parent", INTEGER(NULLABLE), OPTIONAL, "The row that it came from."},
    {"attributes", ATTRIBUTES(), OPTIONAL, "Attribute values by name."},
    {0},
};

static const field_t leaf_suggestion_fields[] = {
    {"value", STRING(), OPTIONAL, "The name suggested."},
    {"group", STRING(), OPTIONAL, "Heading to show it under."},
    {"data", ATTRIBUTES(), OPTIONAL, "Attribute values of the suggestion."},
    {0},
};

static const field_t leaf_update_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"attributes", ATTRIBUTES(), OPTIONAL, "Attribute values by name."},
    {"null_attributes", ARRAY(STRING(MINIMUM(1))), OPTIONAL, "Attributes to set to null."},
    {"reset_attributes", ARRAY(STRING(MINIMUM(1))), OPTIONAL, "Attributes to set to their default."},
    {0},
};

const schema_t schema_leaf = OBJECT(leaf_fields, NAMED("Leaf"));
const schema_t schema_leaf_bulk_update =
    OBJECT(leaf_bulk_update_fields, SHARED(leaf_query_fields), NAMED("LeafBulkUpdate"));
const schema_t schema_leaf_id_query = OBJECT(leaf_query_fields, NAMED("LeafIdQuery"));
const schema_t schema_leaf_spec = OBJECT(leaf_spec_fields, NAMED("LeafSpec"));
const schema_t schema_leaf_suggestion = OBJECT(leaf_suggestion_fields, NAMED("LeafSuggestion"));
const schema_t schema_leaf_update = OBJECT(leaf_update_fields, NAMED("LeafUpdate"));

const lookup_t lookup_leaf = {
    .model = "Leaf",
    .sql = "SELECT project FROM main_leaf WHERE id = $1 AND NOT deleted",
};

static const field_t leaf_count_params[] = {
    {"type", INTEGER(), OPTIONAL, "Only this type."},
    {"name", STRING(), OPTIONAL, "Only this name."},
    {"depth", INTEGER(), OPTIONAL, "Only leaves at this depth."},
    {"leaf_id", ARRAY(INTEGER()), OPTIONAL, "Only these leaves."},
    {0},
};

static const field_t leaf_suggestion_path[] = {
    {"project", INTEGER(), PATH, "Id of the project."},
    {"ancestor", STRING(), PATH, "Path of the leaf below which to look."},
    {0},
};

static const field_t leaf_suggestion_params[] = {
    {"min_level", INTEGER(), OPTIONAL, "Depth from which to suggest."},
    {"query", STRING(), REQUIRED, "Begin of the name."},
    {0},
};

const endpoint_t leaf_endpoints[] = {
    {GET, "/rest/Leaf/{id}", "GetLeaf",
     .access = ACCESS_VIEW, .lookup = &lookup_leaf, .params = {path_id}, .reply = &schema_leaf,
     .doc = "A leaf."},
    {PATCH, "/rest/Leaf/{id}", "UpdateLeaf",
     .access = ACCESS_FULL, .lookup = &lookup_leaf, .params = {path_id}, .body = &schema_leaf_update,
     .reply = &schema_message_response,
     .doc = "Change a leaf."},
    {DELETE, "/rest/Leaf/{id}", "DeleteLeaf",
     .access = ACCESS_FULL, .lookup = &lookup_leaf, .params = {path_id}, .flags = OPEN_SCHEMA,
     .doc = "Delete a leaf."},
    {GET, "/rest/LeafCount/{project}", "GetLeafCount",
     .access = ACCESS_VIEW, .params = {path_project, leaf_count_params, attribute_filters, paging},
     .reply = &schema_count,
     .doc = "How many leaves match."},
    {PUT, "/rest/LeafCount/{project}", "GetLeafCountById",
     .access = ACCESS_VIEW, .params = {path_project, leaf_count_params, attribute_filters, paging},
     .body = &schema_leaf_id_query, .reply = &schema_count,
     .doc = "How many leaves match, with a body."},
    {GET, "/rest/Leaves/{project}", "GetLeafList",
     .access = ACCESS_VIEW, .params = {path_project, leaf_count_params, attribute_filters, paging},
     .reply = &schema_leaf, .flags = REPLY_LIST,
     .doc = "Leaves that match."},
    {POST, "/rest/Leaves/{project}", "CreateLeafList",
     .access = ACCESS_FULL, .params = {path_project}, .body = &schema_leaf_spec,
     .reply = &schema_create_list_response, .flags = BODY_LIST,
     .doc = "Create leaves, one or many."},
    {PUT, "/rest/Leaves/{project}", "GetLeafListById",
     .access = ACCESS_VIEW, .params = {path_project, leaf_count_params, attribute_filters, paging},
     .body = &schema_leaf_id_query, .reply = &schema_leaf, .flags = REPLY_LIST,
     .doc = "Leaves that match, with a body."},
    {PATCH, "/rest/Leaves/{project}", "UpdateLeafList",
     .access = ACCESS_FULL, .params = {path_project, leaf_count_params, attribute_filters, paging, count_param},
     .body = &schema_leaf_bulk_update, .reply = &schema_message_response,
     .doc = "Change all leaves that match."},
    {DELETE, "/rest/Leaves/{project}", "DeleteLeafList",
     .access = ACCESS_FULL, .params = {path_project, leaf_count_params, attribute_filters, paging, count_param},
     .body = &schema_leaf_id_query, .reply = &schema_message_response, .flags = BODY_OPTIONAL,
     .doc = "Delete all leaves that match."},
    {GET, "/rest/Leaves/Suggestion/{ancestor}/{project}", "LeafSuggestion",
     .access = ACCESS_VIEW, .params = {leaf_suggestion_path, leaf_suggestion_params},
     .reply = &schema_leaf_suggestion, .flags = REPLY_LIST,
     .doc = "Leaves whose name begins with the text."},
    {0},
};
