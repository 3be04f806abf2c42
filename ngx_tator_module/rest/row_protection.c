/*
 * Row protections: fine-grain permissions of users, groups and organizations on rows.
 */

#include "common.h"

static const field_t row_protection_made_fields[] = {
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"media", INTEGER(), OPTIONAL, "Media."},
    {"localization", INTEGER(), OPTIONAL, "A localization."},
    {"state", INTEGER(), OPTIONAL, "A state."},
    {"file", INTEGER(), OPTIONAL, "The file."},
    {"section", INTEGER(), OPTIONAL, "Name of the section."},
    {"algorithm", INTEGER(), OPTIONAL, "An algorithm."},
    {"version", INTEGER(), OPTIONAL, "The version."},
    {"target_organization", INTEGER(), OPTIONAL, "An organization that is protected."},
    {"target_group", INTEGER(), OPTIONAL, "A group that is protected."},
    {"job_cluster", INTEGER(), OPTIONAL, "A job cluster."},
    {"bucket", INTEGER(), OPTIONAL, "Bucket of its files."},
    {"hosted_template", INTEGER(), OPTIONAL, "A hosted template."},
    {"user", INTEGER(), OPTIONAL, "The user who may."},
    {"organization", INTEGER(), OPTIONAL, "The organization whose affiliates may."},
    {"group", INTEGER(), OPTIONAL, "The group whose members may."},
    {0},
};

static const field_t row_protection_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"created_datetime", STRING(FORMAT("date-time")), OPTIONAL, "When it was created."},
    {"created_by", INTEGER(), OPTIONAL, "User who created it."},
    {"permission", INTEGER(), OPTIONAL, "Bits that the subject has on the target."},
    {0},
};

static const field_t row_protection_spec_fields[] = {
    {"permission", INTEGER(), REQUIRED, "Bits that the subject has on the target."},
    {0},
};

static const field_t row_protection_update_spec_fields[] = {
    {"permission", INTEGER(), OPTIONAL, "Bits that the subject has on the target."},
    {0},
};

const schema_t schema_row_protection =
    OBJECT(row_protection_fields, SHARED(row_protection_made_fields), NAMED("RowProtection"));
const schema_t schema_row_protection_spec =
    OBJECT(row_protection_spec_fields, SHARED(row_protection_made_fields), NAMED("RowProtectionSpec"));
const schema_t schema_row_protection_update_spec =
    OBJECT(row_protection_update_spec_fields, NAMED("RowProtectionUpdateSpec"));

static const field_t row_protection_list_params[] = {
    {"project", INTEGER(MINIMUM(1)), OPTIONAL, "Id of the project."},
    {"media", INTEGER(MINIMUM(1)), OPTIONAL, "Only protections of this media."},
    {"file", INTEGER(MINIMUM(1)), OPTIONAL, "Only protections of this file."},
    {"section", INTEGER(MINIMUM(1)), OPTIONAL, "Only media of this section."},
    {"algorithm", INTEGER(MINIMUM(1)), OPTIONAL, "Only protections of this algorithm."},
    {"version", INTEGER(MINIMUM(1)), OPTIONAL, "Version to look in."},
    {"target_organization", INTEGER(MINIMUM(1)), OPTIONAL, "Only protections of this organization."},
    {"target_group", INTEGER(MINIMUM(1)), OPTIONAL, "Only protections of this group."},
    {"job_cluster", INTEGER(MINIMUM(1)), OPTIONAL, "Only protections of this job cluster."},
    {"bucket", INTEGER(MINIMUM(1)), OPTIONAL, "Only protections of this bucket."},
    {"hosted_template", INTEGER(MINIMUM(1)), OPTIONAL, "Only protections of this hosted template."},
    {"user", INTEGER(MINIMUM(1)), OPTIONAL, "Only this user."},
    {"organization", INTEGER(MINIMUM(1)), OPTIONAL, "Id of the organization."},
    {"group", INTEGER(MINIMUM(1)), OPTIONAL, "Only for this group."},
    {0},
};

const endpoint_t row_protection_endpoints[] = {
    {GET, "/rest/RowProtection/{id}", "GetRowProtection",
     .access = ACCESS_OPEN, .params = {path_id}, .reply = &schema_row_protection,
     .doc = "A row protection."},
    {PATCH, "/rest/RowProtection/{id}", "UpdateRowProtection",
     .access = ACCESS_OPEN, .params = {path_id}, .body = &schema_row_protection_update_spec,
     .reply = &schema_message_response,
     .doc = "Change a row protection."},
    {DELETE, "/rest/RowProtection/{id}", "DeleteRowProtection",
     .access = ACCESS_OPEN, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a row protection."},
    {GET, "/rest/RowProtections", "GetRowProtectionList",
     .access = ACCESS_OPEN, .params = {row_protection_list_params}, .reply = &schema_row_protection,
     .flags = REPLY_LIST,
     .doc = "Row protections that match."},
    {POST, "/rest/RowProtections", "CreateRowProtection",
     .access = ACCESS_OPEN, .body = &schema_row_protection_spec, .reply = &schema_create_response,
     .doc = "Create a row protection."},
    {DELETE, "/rest/RowProtections", "destroyRowProtectionListAPI",
     .access = ACCESS_OPEN, .params = {row_protection_list_params},
     .doc = "Delete row protections."},
    {0},
};
