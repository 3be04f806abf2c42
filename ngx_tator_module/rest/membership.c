/*
 * Memberships: what a user may do in a project.
 */

#include "common.h"

static const field_t membership_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"user", INTEGER(MINIMUM(1)), OPTIONAL, "Id of the user."},
    {"username", STRING(), OPTIONAL, "User name."},
    {"first_name", STRING(), OPTIONAL, "First name."},
    {"last_name", STRING(), OPTIONAL, "Last name."},
    {"email", STRING(), OPTIONAL, "E-mail address."},
    {"permission", STRING(ENUM_MEMBERSHIP), OPTIONAL, "What is permitted."},
    {"default_version", INTEGER(MINIMUM(1)), OPTIONAL, "Version that the member writes to."},
    {0},
};

static const field_t membership_spec_fields[] = {
    {"user", INTEGER(MINIMUM(1)), REQUIRED, "Id of the user."},
    {"permission", STRING(ENUM_MEMBERSHIP), REQUIRED, "What is permitted."},
    {"default_version", INTEGER(MINIMUM(1)), OPTIONAL, "Version that the member writes to."},
    {0},
};

static const field_t membership_update_fields[] = {
    {"permission", STRING(ENUM_MEMBERSHIP), OPTIONAL, "What is permitted."},
    {"default_version", INTEGER(MINIMUM(1)), OPTIONAL, "Version that the member writes to."},
    {0},
};

const schema_t schema_membership = OBJECT(membership_fields, NAMED("Membership"));
const schema_t schema_membership_spec = OBJECT(membership_spec_fields, NAMED("MembershipSpec"));
const schema_t schema_membership_update = OBJECT(membership_update_fields, NAMED("MembershipUpdate"));

const lookup_t lookup_membership = {
    .model = "Membership",
    .sql = "SELECT project FROM main_membership WHERE id = $1",
};

const endpoint_t membership_endpoints[] = {
    {GET, "/rest/Membership/{id}", "GetMembership",
     .access = ACCESS_VIEW, .lookup = &lookup_membership, .params = {path_id}, .reply = &schema_membership,
     .doc = "A membership."},
    {PATCH, "/rest/Membership/{id}", "UpdateMembership",
     .access = ACCESS_FULL, .lookup = &lookup_membership, .params = {path_id}, .body = &schema_membership_update,
     .reply = &schema_message_response,
     .doc = "Change a membership."},
    {DELETE, "/rest/Membership/{id}", "DeleteMembership",
     .access = ACCESS_FULL, .lookup = &lookup_membership, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a membership."},
    {GET, "/rest/Memberships/{project}", "GetMembershipList",
     .access = ACCESS_VIEW, .params = {path_project}, .reply = &schema_membership, .flags = REPLY_LIST,
     .doc = "All memberships."},
    {POST, "/rest/Memberships/{project}", "CreateMembership",
     .access = ACCESS_FULL, .params = {path_project}, .body = &schema_membership_spec,
     .reply = &schema_create_response,
     .doc = "Create a membership."},
    {0},
};
