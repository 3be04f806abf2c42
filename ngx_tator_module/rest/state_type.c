/*
 * State types: what states describe, and with what attributes.
 */

#include "common.h"

static const field_t state_type_common_fields[] = {
    {"description", STRING(), OPTIONAL, "Free text about it."},
    {"visible", BOOLEAN(), OPTIONAL, "Whether it shows in the user interface."},
    {"elemental_id", STRING(NULLABLE), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {"extended_info", FREE_OBJECT(ADDITIONAL_ANY), OPTIONAL, "Anything that applications want to keep with it."},
    {0},
};

static const field_t state_type_made_fields[] = {
    {"interpolation", STRING(ENUM("none", "latest", "attr_style_range"), DEFAULT_TEXT("latest")), OPTIONAL,
     "How values between two frames follow."},
    {"grouping_default", BOOLEAN(DEFAULT("true")), OPTIONAL, "Whether the user interface groups by it."},
    {"attribute_types", ATTRIBUTE_TYPES(), OPTIONAL, "Definitions of its attributes."},
    {"delete_child_localizations", BOOLEAN(DEFAULT("false")), OPTIONAL,
     "Whether its localizations are deleted with it."},
    {"default_localization", INTEGER(), OPTIONAL, "Localization type that begins such a state."},
    {"effective_permission", INTEGER(), OPTIONAL, "What the caller may do with it, as bits."},
    {0},
};

static const field_t state_type_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"dtype", STRING(), OPTIONAL, "Kind of data."},
    {"media", IDS(), OPTIONAL, "Media."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"association", STRING(ENUM("Media", "Frame", "Localization")), OPTIONAL, "What a state of this type describes."},
    {0},
};

static const field_t state_type_spec_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {"association", STRING(ENUM("Media", "Frame", "Localization")), REQUIRED, "What a state of this type describes."},
    {"media_types", ARRAY(INTEGER(MINIMUM(1)), MIN_ITEMS(1)), REQUIRED, "Media types that it applies to."},
    {0},
};

static const field_t state_type_update_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"grouping_default", BOOLEAN(), OPTIONAL, "Whether the user interface groups by it."},
    {"delete_child_localizations", BOOLEAN(), OPTIONAL, "Whether its localizations are deleted with it."},
    {0},
};

const schema_t schema_state_type =
    OBJECT(state_type_fields, SHARED(state_type_common_fields, state_type_made_fields), NAMED("StateType"));
const schema_t schema_state_type_spec =
    OBJECT(state_type_spec_fields, SHARED(state_type_common_fields, state_type_made_fields), NAMED("StateTypeSpec"));
const schema_t schema_state_type_update =
    OBJECT(state_type_update_fields, SHARED(state_type_common_fields), NAMED("StateTypeUpdate"));

const lookup_t lookup_state_type = {
    .model = "StateType",
    .sql = "SELECT project FROM main_statetype WHERE id = $1",
};

static const field_t state_type_list_params[] = {
    {"media_id", ARRAY(INTEGER()), OPTIONAL, "Only these media."},
    {"type", INTEGER(), OPTIONAL, "Only this type."},
    {"elemental_id", STRING(), OPTIONAL, "UUID of the object."},
    {0},
};

const endpoint_t state_type_endpoints[] = {
    {GET, "/rest/StateType/{id}", "GetStateType",
     .access = ACCESS_VIEW, .lookup = &lookup_state_type, .params = {path_id}, .reply = &schema_state_type,
     .doc = "A state type."},
    {PATCH, "/rest/StateType/{id}", "UpdateStateType",
     .access = ACCESS_FULL, .lookup = &lookup_state_type, .params = {path_id}, .body = &schema_state_type_update,
     .reply = &schema_message_response,
     .doc = "Change a state type."},
    {DELETE, "/rest/StateType/{id}", "DeleteStateType",
     .access = ACCESS_FULL, .lookup = &lookup_state_type, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a state type."},
    {GET, "/rest/StateTypes/{project}", "GetStateTypeList",
     .access = ACCESS_VIEW, .params = {path_project, state_type_list_params}, .reply = &schema_state_type,
     .flags = REPLY_LIST,
     .doc = "State types that match."},
    {POST, "/rest/StateTypes/{project}", "CreateStateType",
     .access = ACCESS_FULL, .params = {path_project}, .body = &schema_state_type_spec,
     .reply = &schema_create_response,
     .doc = "Create a state type."},
    {0},
};
