/*
 * Editing of tracks: states whose frames are those of their localizations.
 */

#include "common.h"

static const field_t state_merge_update_fields[] = {
    {"merge_state_id", INTEGER(), REQUIRED, "The state that goes into this one."},
    {0},
};

static const field_t state_trim_update_fields[] = {
    {"frame", INTEGER(MINIMUM(0)), REQUIRED, "Frame at which to cut."},
    {"endpoint", STRING(ENUM("start", "end")), REQUIRED, "Which end to cut."},
    {0},
};

const schema_t schema_state_merge_update = OBJECT(state_merge_update_fields, NAMED("StateMergeUpdate"));
const schema_t schema_state_trim_update = OBJECT(state_trim_update_fields, NAMED("StateTrimUpdate"));

const endpoint_t track_endpoints[] = {
    {PATCH, "/rest/MergeStates/{id}", "MergeStates",
     .access = ACCESS_EDIT, .lookup = &lookup_state, .params = {path_id}, .body = &schema_state_merge_update,
     .reply = &schema_message_response, .flags = NO_ERRORS,
     .doc = "Join another track into this one."},
    {PATCH, "/rest/TrimStateEnd/{id}", "TrimStateEnd",
     .access = ACCESS_EDIT, .lookup = &lookup_state, .params = {path_id}, .body = &schema_state_trim_update,
     .reply = &schema_message_id, .flags = NO_ERRORS,
     .doc = "Cut a track at a frame."},
    {0},
};
