/*
 * Organizations.
 */

#include "common.h"

static const field_t organization_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"permission", STRING(), OPTIONAL, "What is permitted."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"default_membership_permission", STRING(ENUM_DEFAULT_MEMBERSHIP), OPTIONAL,
     "Permission that affiliates get in new projects."},
    {"thumb", STRING(), OPTIONAL, "Picture of it."},
    {"effective_permission", INTEGER(), OPTIONAL, "What the caller may do with it, as bits."},
    {0},
};

static const field_t organization_spec_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {"default_membership_permission", STRING(ENUM_DEFAULT_MEMBERSHIP), OPTIONAL,
     "Permission that affiliates get in new projects."},
    {"thumb", STRING(), OPTIONAL, "Picture of it."},
    {"effective_permission", INTEGER(), OPTIONAL, "What the caller may do with it, as bits."},
    {0},
};

static const field_t organization_update_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"default_membership_permission", STRING(ENUM_DEFAULT_MEMBERSHIP), OPTIONAL,
     "Permission that affiliates get in new projects."},
    {"thumb", STRING(), OPTIONAL, "Object key of an uploaded picture."},
    {"effective_permission", INTEGER(), OPTIONAL, "What the caller may do with it, as bits."},
    {0},
};

const schema_t schema_organization = OBJECT(organization_fields, NAMED("Organization"));
const schema_t schema_organization_spec = OBJECT(organization_spec_fields, NAMED("OrganizationSpec"));
const schema_t schema_organization_update = OBJECT(organization_update_fields, NAMED("OrganizationUpdate"));

const lookup_t lookup_organization = {
    .model = "Organization",
    .sql = "SELECT id FROM main_organization WHERE id = $1",
};

const endpoint_t organization_endpoints[] = {
    {GET, "/rest/Organization/{id}", "GetOrganization",
     .access = ACCESS_ORGANIZATION_MEMBER, .lookup = &lookup_organization, .params = {path_id},
     .reply = &schema_organization,
     .doc = "An organization."},
    {PATCH, "/rest/Organization/{id}", "UpdateOrganization",
     .access = ACCESS_ORGANIZATION_ADMIN, .lookup = &lookup_organization, .params = {path_id},
     .body = &schema_organization_update, .reply = &schema_message_response,
     .doc = "Change an organization."},
    {DELETE, "/rest/Organization/{id}", "DeleteOrganization",
     .access = ACCESS_ORGANIZATION_ADMIN, .lookup = &lookup_organization, .params = {path_id},
     .reply = &schema_message_response,
     .doc = "Delete an organization."},
    {GET, "/rest/Organizations", "GetOrganizationList",
     .access = ACCESS_SIGNED_IN, .reply = &schema_organization, .flags = REPLY_LIST,
     .doc = "All organizations."},
    {POST, "/rest/Organizations", "CreateOrganization",
     .access = ACCESS_OPEN, .body = &schema_organization_spec, .reply = &schema_create_response,
     .doc = "Create an organization."},
    {0},
};
