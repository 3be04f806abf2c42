/*
 * Groups of users inside an organization.
 */

#include "common.h"

static const field_t group_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"organization", INTEGER(), OPTIONAL, "The organization it belongs to."},
    {"members", ARRAY(INTEGER()), OPTIONAL, "Users who belong to it."},
    {0},
};

static const field_t group_spec_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {"initial_members", ARRAY(INTEGER()), OPTIONAL, "Users who belong to it from the start."},
    {0},
};

static const field_t group_update_spec_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"add_members", ARRAY(INTEGER()), OPTIONAL, "Users to add."},
    {"remove_members", ARRAY(INTEGER()), OPTIONAL, "Users to remove."},
    {0},
};

const schema_t schema_group = OBJECT(group_fields, NAMED("Group"));
const schema_t schema_group_spec = OBJECT(group_spec_fields, NAMED("GroupSpec"));
const schema_t schema_group_update_spec = OBJECT(group_update_spec_fields, NAMED("GroupUpdateSpec"));

const lookup_t lookup_group = {
    .model = "Group",
    .sql = "SELECT organization_id FROM main_group WHERE id = $1",
};

static const field_t group_list_params[] = {
    {"user", INTEGER(MINIMUM(1), MAXIMUM(18446744073709551615.0)), OPTIONAL, "Only this user."},
    {0},
};

const endpoint_t group_endpoints[] = {
    {GET, "/rest/Group/{id}", "GetGroup",
     .access = ACCESS_ORGANIZATION_EDIT, .lookup = &lookup_group, .params = {path_id}, .reply = &schema_group,
     .doc = "A group."},
    {PATCH, "/rest/Group/{id}", "UpdateGroup",
     .access = ACCESS_ORGANIZATION_EDIT, .lookup = &lookup_group, .params = {path_id},
     .body = &schema_group_update_spec, .reply = &schema_message_response,
     .doc = "Change a group."},
    {DELETE, "/rest/Group/{id}", "DeleteGroup",
     .access = ACCESS_ORGANIZATION_EDIT, .lookup = &lookup_group, .params = {path_id},
     .reply = &schema_message_response,
     .doc = "Delete a group."},
    {GET, "/rest/Groups/{organization}", "GetGroupList",
     .access = ACCESS_ORGANIZATION_EDIT, .params = {path_organization, group_list_params}, .reply = &schema_group,
     .flags = REPLY_LIST,
     .doc = "Groups that match."},
    {POST, "/rest/Groups/{organization}", "CreateGroup",
     .access = ACCESS_ORGANIZATION_EDIT, .params = {path_organization}, .body = &schema_group_spec,
     .reply = &schema_create_response,
     .doc = "Create a group."},
    {0},
};
