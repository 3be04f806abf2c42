/*
 * Projects.
 */

#include "common.h"

static const field_t project_made_fields[] = {
    {"summary", STRING(DEFAULT_TEXT("")), OPTIONAL, "One line about it."},
    {"enable_downloads", BOOLEAN(DEFAULT("true")), OPTIONAL, "Whether members may download files."},
    {"effective_permission", INTEGER(), OPTIONAL, "What the caller may do with it, as bits."},
    {0},
};

static const field_t project_common_fields[] = {
    {"bucket", INTEGER(MINIMUM(1)), OPTIONAL, "Bucket of its files."},
    {"upload_bucket", INTEGER(MINIMUM(1)), OPTIONAL, "Bucket that receives uploads."},
    {"backup_bucket", INTEGER(MINIMUM(1)), OPTIONAL, "Bucket for copies."},
    {"elemental_id", STRING(NULLABLE), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {0},
};

static const field_t project_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"organization", INTEGER(MINIMUM(1)), OPTIONAL, "The organization it belongs to."},
    {"thumb", STRING(), OPTIONAL, "Picture of it."},
    {"created", STRING(), OPTIONAL, "When it was created."},
    {"num_files", INTEGER(), OPTIONAL, "How many media."},
    {"size", INTEGER(), OPTIONAL, "Size in bytes."},
    {"duration", INTEGER(), OPTIONAL, "Length in seconds."},
    {"usernames", ARRAY(STRING()), OPTIONAL, "Names of the members."},
    {"permission", STRING(), OPTIONAL, "What is permitted."},
    {"attribute_types", ATTRIBUTE_TYPES(), OPTIONAL, "Definitions of its attributes."},
    {"extended_info", FREE_OBJECT(ADDITIONAL_ANY), OPTIONAL, "Anything that applications want to keep with it."},
    {0},
};

static const field_t project_spec_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {"organization", INTEGER(MINIMUM(1)), REQUIRED, "The organization it belongs to."},
    {0},
};

static const field_t project_update_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"summary", STRING(), OPTIONAL, "One line about it."},
    {"thumb", STRING(), OPTIONAL, "Object key of an uploaded picture."},
    {"enable_downloads", BOOLEAN(), OPTIONAL, "Whether members may download files."},
    {0},
};

const schema_t schema_project =
    OBJECT(project_fields, SHARED(project_made_fields, project_common_fields), NAMED("Project"));
const schema_t schema_project_spec =
    OBJECT(project_spec_fields, SHARED(project_made_fields, project_common_fields), NAMED("ProjectSpec"));
const schema_t schema_project_update =
    OBJECT(project_update_fields, SHARED(project_common_fields), NAMED("ProjectUpdate"));

const lookup_t lookup_project = {
    .model = "Project",
    .sql = "SELECT id FROM main_project WHERE id = $1",
};

static const field_t project_list_params[] = {
    {"organization", INTEGER(MINIMUM(1)), OPTIONAL, "Id of the organization."},
    {"elemental_id", STRING(), OPTIONAL, "UUID of the object."},
    {0},
};

const endpoint_t project_endpoints[] = {
    {GET, "/rest/Project/{id}", "GetProject",
     .access = ACCESS_VIEW, .lookup = &lookup_project, .params = {path_id}, .reply = &schema_project,
     .doc = "A project."},
    {PATCH, "/rest/Project/{id}", "UpdateProject",
     .access = ACCESS_FULL, .lookup = &lookup_project, .params = {path_id}, .body = &schema_project_update,
     .reply = &schema_message_response,
     .doc = "Change a project."},
    {DELETE, "/rest/Project/{id}", "DeleteProject",
     .access = ACCESS_FULL, .lookup = &lookup_project, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a project."},
    {GET, "/rest/Projects", "GetProjectList",
     .access = ACCESS_OPEN, .params = {project_list_params}, .reply = &schema_project, .flags = REPLY_LIST,
     .doc = "Projects that match."},
    {POST, "/rest/Projects", "CreateProject",
     .access = ACCESS_OPEN, .params = {project_list_params}, .body = &schema_project_spec,
     .reply = &schema_create_response,
     .doc = "Create a project."},
    {0},
};
