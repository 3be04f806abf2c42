/*
 * States: what holds for media, frames or tracks of localizations.
 */

#include "common.h"

const lookup_t lookup_state = {
    .model = "State",
    .sql = "SELECT project FROM main_state WHERE id = $1 AND NOT deleted",
};

const lookup_t lookup_state_elemental = {
    .model = "State",
    .sql = "SELECT project FROM main_state WHERE version = $1 AND elemental_id = $2::uuid AND NOT deleted LIMIT 1",
    .keys = {"version", "elemental_id"},
};

static const field_t state_filters[] = {
    {"media_id", ARRAY(INTEGER()), OPTIONAL, "Only these media."},
    {"related_id", ARRAY(INTEGER()), OPTIONAL, "Only those linked with these."},
    {"section", INTEGER(), OPTIONAL, "Only media of this section."},
    {"multi_section", IDS(), OPTIONAL, "Only media of these sections."},
    {"type", INTEGER(), OPTIONAL, "Only this type."},
    {"version", ARRAY(INTEGER()), OPTIONAL, "Version to look in."},
    {"after", INTEGER(), OPTIONAL, "Only ids above this one."},
    {"elemental_id", STRING(), OPTIONAL, "UUID of the object."},
    {"merge", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("1")), OPTIONAL,
     "1: a row of an upper version hides its parent."},
    {"show_deleted", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("0")), OPTIONAL,
     "1: with those deleted in their version."},
    {"show_all_marks", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("0")), OPTIONAL, "1: with older marks."},
    {0},
};

static const field_t state_shape[] = {
    {"fields", STRING(), OPTIONAL, "Only these members, comma separated."},
    {0},
};

static const field_t state_by_elemental_id_params[] = {
    {"mark", INTEGER(MINIMUM(0)), OPTIONAL, "Only this mark."},
    {0},
};

const endpoint_t state_endpoints[] = {
    {GET, "/rest/State/{id}", "GetState",
     .access = ACCESS_VIEW, .lookup = &lookup_state, .params = {path_id}, .reply = &schema_state,
     .doc = "A state."},
    {PATCH, "/rest/State/{id}", "UpdateState",
     .access = ACCESS_EDIT, .lookup = &lookup_state, .params = {path_id}, .body = &schema_state_update,
     .reply = &schema_updated_state,
     .doc = "Change a state."},
    {DELETE, "/rest/State/{id}", "DeleteState",
     .access = ACCESS_EDIT, .lookup = &lookup_state, .params = {path_id}, .body = &schema_state_delete,
     .reply = &schema_message_response, .flags = BODY_OPTIONAL,
     .doc = "Delete a state."},
    {GET, "/rest/StateCount/{project}", "GetStateCount",
     .access = ACCESS_VIEW, .params = {path_project, state_filters, attribute_filters, paging, related_filters},
     .reply = &schema_count,
     .doc = "How many states match."},
    {PUT, "/rest/StateCount/{project}", "GetStateCountById",
     .access = ACCESS_VIEW, .params = {path_project, state_filters, attribute_filters, paging, related_filters},
     .body = &schema_state_id_query, .reply = &schema_count,
     .doc = "How many states match, with a body."},
    {GET, "/rest/States/{project}", "GetStateList",
     .access = ACCESS_VIEW,
     .params = {path_project, state_filters, attribute_filters, paging, related_filters, state_shape},
     .reply = &schema_state, .flags = REPLY_LIST | STREAMED,
     .doc = "States that match."},
    {POST, "/rest/States/{project}", "CreateStateList",
     .access = ACCESS_EDIT, .params = {path_project}, .body = &schema_state_spec,
     .reply = &schema_create_list_response, .flags = BODY_LIST,
     .doc = "Create states, one or many."},
    {PUT, "/rest/States/{project}", "GetStateListById",
     .access = ACCESS_VIEW,
     .params = {path_project, state_filters, attribute_filters, paging, related_filters, state_shape},
     .body = &schema_state_id_query, .reply = &schema_state, .flags = REPLY_LIST | STREAMED,
     .doc = "States that match, with a body."},
    {PATCH, "/rest/States/{project}", "UpdateStateList",
     .access = ACCESS_EDIT,
     .params = {path_project, state_filters, attribute_filters, paging, related_filters, count_param},
     .body = &schema_state_bulk_update, .reply = &schema_message_response,
     .doc = "Change all states that match."},
    {DELETE, "/rest/States/{project}", "DeleteStateList",
     .access = ACCESS_EDIT,
     .params = {path_project, state_filters, attribute_filters, paging, related_filters, count_param},
     .body = &schema_state_bulk_delete, .reply = &schema_message_response, .flags = BODY_OPTIONAL,
     .doc = "Delete all states that match."},
    {GET, "/rest/State/{version}/{elemental_id}", "GetStateByElementalId",
     .access = ACCESS_VIEW, .lookup = &lookup_state_elemental,
     .params = {path_version, state_by_elemental_id_params}, .reply = &schema_state,
     .doc = "The newest mark of a state in a version."},
    {PATCH, "/rest/State/{version}/{elemental_id}", "UpdateStateByElementalId",
     .access = ACCESS_EDIT, .lookup = &lookup_state_elemental, .params = {path_version},
     .body = &schema_state_update, .reply = &schema_updated_state,
     .doc = "Change a state in a version."},
    {DELETE, "/rest/State/{version}/{elemental_id}", "DeleteStateByElementalId",
     .access = ACCESS_EDIT, .lookup = &lookup_state_elemental, .params = {path_version},
     .body = &schema_state_delete, .reply = &schema_message_response, .flags = BODY_OPTIONAL,
     .doc = "Delete a state in a version."},
    {0},
};
