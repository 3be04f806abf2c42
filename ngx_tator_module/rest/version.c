/*
 * Versions: layers of annotations, each on top of its bases.
 */

#include "common.h"

static const field_t version_common_fields[] = {
    {"description", STRING(DEFAULT_TEXT("")), OPTIONAL, "Free text about it."},
    {"show_empty", BOOLEAN(DEFAULT("true")), OPTIONAL, "Whether media without annotations show in it."},
    {"bases", ARRAY(INTEGER(), MINIMUM(0)), OPTIONAL, "Versions below this one."},
    {"elemental_id", STRING(), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {0},
};

static const field_t version_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"number", INTEGER(), OPTIONAL, "Place in the order of versions."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"created_by", STRING(), OPTIONAL, "User who created it."},
    {"effective_permission", INTEGER(), OPTIONAL, "What the caller may do with it, as bits."},
    {0},
};

static const field_t version_spec_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {0},
};

static const field_t version_update_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {0},
};

const schema_t schema_version = OBJECT(version_fields, SHARED(version_common_fields), NAMED("Version"));
const schema_t schema_version_spec = OBJECT(version_spec_fields, SHARED(version_common_fields), NAMED("VersionSpec"));
const schema_t schema_version_update =
    OBJECT(version_update_fields, SHARED(version_common_fields), NAMED("VersionUpdate"));

const lookup_t lookup_version = {
    .model = "Version",
    .sql = "SELECT project_id FROM main_version WHERE id = $1",
};

static const field_t version_list_params[] = {
    {"media_id", INTEGER(), OPTIONAL, "Only these media."},
    {0},
};

const endpoint_t version_endpoints[] = {
    {GET, "/rest/Version/{id}", "GetVersion",
     .access = ACCESS_VIEW, .lookup = &lookup_version, .params = {path_id}, .reply = &schema_version,
     .doc = "A version."},
    {PATCH, "/rest/Version/{id}", "UpdateVersion",
     .access = ACCESS_EDIT, .lookup = &lookup_version, .params = {path_id}, .body = &schema_version_update,
     .reply = &schema_message_response,
     .doc = "Change a version."},
    {DELETE, "/rest/Version/{id}", "DeleteVersion",
     .access = ACCESS_EDIT, .lookup = &lookup_version, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a version."},
    {GET, "/rest/Versions/{project}", "GetVersionList",
     .access = ACCESS_VIEW, .params = {path_project, version_list_params}, .reply = &schema_version,
     .flags = REPLY_LIST,
     .doc = "Versions that match."},
    {POST, "/rest/Versions/{project}", "CreateVersion",
     .access = ACCESS_EDIT, .params = {path_project}, .body = &schema_version_spec, .reply = &schema_create_response,
     .doc = "Create a version."},
    {0},
};
