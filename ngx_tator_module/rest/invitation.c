/*
 * Invitations to an organization.
 */

#include "common.h"

static const field_t invitation_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"organization", INTEGER(MINIMUM(1)), OPTIONAL, "The organization it belongs to."},
    {"created_by", INTEGER(), OPTIONAL, "User who created it."},
    {"created_username", STRING(), OPTIONAL, "Name of the user who created it."},
    {"created_datetime", STRING(FORMAT("date-time")), OPTIONAL, "When it was created."},
    {"status", STRING(ENUM("Pending", "Expired", "Accepted")), OPTIONAL, "How it stands."},
    {"registration_token", STRING(), OPTIONAL, "Secret of the invitation."},
    {"email", STRING(), OPTIONAL, "E-mail address."},
    {"permission", STRING(ENUM_AFFILIATION), OPTIONAL, "What is permitted."},
    {0},
};

static const field_t invitation_spec_fields[] = {
    {"email", STRING(), REQUIRED, "E-mail address."},
    {"permission", STRING(ENUM_AFFILIATION), REQUIRED, "What is permitted."},
    {0},
};

static const field_t invitation_update_fields[] = {
    {"status", STRING(ENUM("Accepted")), OPTIONAL, "How it stands."},
    {"permission", STRING(ENUM_AFFILIATION), OPTIONAL, "What is permitted."},
    {0},
};

const schema_t schema_invitation = OBJECT(invitation_fields, NAMED("Invitation"));
const schema_t schema_invitation_spec = OBJECT(invitation_spec_fields, NAMED("InvitationSpec"));
const schema_t schema_invitation_update = OBJECT(invitation_update_fields, NAMED("InvitationUpdate"));

const lookup_t lookup_invitation = {
    .model = "Invitation",
    .sql = "SELECT organization_id FROM main_invitation WHERE id = $1",
};

const endpoint_t invitation_endpoints[] = {
    {GET, "/rest/Invitation/{id}", "GetInvitation",
     .access = ACCESS_ORGANIZATION_EDIT, .lookup = &lookup_invitation, .params = {path_id},
     .reply = &schema_invitation,
     .doc = "An invitation."},
    {PATCH, "/rest/Invitation/{id}", "UpdateInvitation",
     .access = ACCESS_ORGANIZATION_EDIT, .lookup = &lookup_invitation, .params = {path_id},
     .body = &schema_invitation_update, .reply = &schema_message_response,
     .doc = "Change an invitation."},
    {DELETE, "/rest/Invitation/{id}", "DeleteInvitation",
     .access = ACCESS_ORGANIZATION_EDIT, .lookup = &lookup_invitation, .params = {path_id},
     .reply = &schema_message_response,
     .doc = "Delete an invitation."},
    {GET, "/rest/Invitations/{organization}", "GetInvitationList",
     .access = ACCESS_ORGANIZATION_EDIT, .params = {path_organization}, .reply = &schema_invitation,
     .flags = REPLY_LIST,
     .doc = "All invitations."},
    {POST, "/rest/Invitations/{organization}", "CreateInvitation",
     .access = ACCESS_ORGANIZATION_EDIT, .params = {path_organization}, .body = &schema_invitation_spec,
     .reply = &schema_create_response,
     .doc = "Create an invitation."},
    {0},
};
