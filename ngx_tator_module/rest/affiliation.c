/*
 * Affiliations: which users belong to an organization, and as what.
 */

#include "common.h"

static const field_t affiliation_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"user_id", INTEGER(MINIMUM(1)), OPTIONAL, "The user."},
    {"username", STRING(), OPTIONAL, "User name."},
    {"first_name", STRING(), OPTIONAL, "First name."},
    {"last_name", STRING(), OPTIONAL, "Last name."},
    {"email", STRING(), OPTIONAL, "E-mail address."},
    {"permission", STRING(ENUM_AFFILIATION), OPTIONAL, "What is permitted."},
    {"organization_id", INTEGER(MINIMUM(1)), OPTIONAL, "The organization."},
    {0},
};

static const field_t affiliation_spec_fields[] = {
    {"user", INTEGER(MINIMUM(1)), OPTIONAL, "Id of the user."},
    {"permission", STRING(ENUM_AFFILIATION), OPTIONAL, "What is permitted."},
    {0},
};

static const field_t affiliation_update_fields[] = {
    {"permission", STRING(ENUM_AFFILIATION), OPTIONAL, "What is permitted."},
    {0},
};

const schema_t schema_affiliation = OBJECT(affiliation_fields, NAMED("Affiliation"));
const schema_t schema_affiliation_spec = OBJECT(affiliation_spec_fields, NAMED("AffiliationSpec"));
const schema_t schema_affiliation_update = OBJECT(affiliation_update_fields, NAMED("AffiliationUpdate"));

const lookup_t lookup_affiliation = {
    .model = "Affiliation",
    .sql = "SELECT organization_id FROM main_affiliation WHERE id = $1",
};

const endpoint_t affiliation_endpoints[] = {
    {GET, "/rest/Affiliation/{id}", "GetAffiliation",
     .access = ACCESS_ORGANIZATION_EDIT, .lookup = &lookup_affiliation, .params = {path_id},
     .reply = &schema_affiliation,
     .doc = "An affiliation."},
    {PATCH, "/rest/Affiliation/{id}", "UpdateAffiliation",
     .access = ACCESS_ORGANIZATION_EDIT, .lookup = &lookup_affiliation, .params = {path_id},
     .body = &schema_affiliation_update, .reply = &schema_message_response,
     .doc = "Change an affiliation."},
    {DELETE, "/rest/Affiliation/{id}", "DeleteAffiliation",
     .access = ACCESS_ORGANIZATION_EDIT, .lookup = &lookup_affiliation, .params = {path_id},
     .reply = &schema_message_response,
     .doc = "Delete an affiliation."},
    {GET, "/rest/Affiliations/{organization}", "GetAffiliationList",
     .access = ACCESS_ORGANIZATION_EDIT, .params = {path_organization}, .reply = &schema_affiliation,
     .flags = REPLY_LIST,
     .doc = "All affiliations."},
    {POST, "/rest/Affiliations/{organization}", "CreateAffiliation",
     .access = ACCESS_ORGANIZATION_EDIT, .params = {path_organization}, .body = &schema_affiliation_spec,
     .reply = &schema_create_response,
     .doc = "Create an affiliation."},
    {0},
};
