/*
 * Files of any kind that belong to a project.
 */

#include "common.h"

static const field_t file_common_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"description", STRING(), OPTIONAL, "Free text about it."},
    {"attributes", ATTRIBUTES(), OPTIONAL, "Attribute values by name."},
    {"elemental_id", STRING(NULLABLE), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {"type", INTEGER(), OPTIONAL, "Id of its type."},
    {0},
};

static const field_t file_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"created_datetime", STRING(FORMAT("date-time")), OPTIONAL, "When it was created."},
    {"created_by", INTEGER(), OPTIONAL, "User who created it."},
    {"modified_datetime", STRING(FORMAT("date-time")), OPTIONAL, "When it was changed last."},
    {"modified_by", INTEGER(), OPTIONAL, "User who changed it last."},
    {"path", STRING(), OPTIONAL, "Where it is."},
    {0},
};

static const field_t file_spec_fields[] = {
    {"user_elemental_id", STRING(NULLABLE), OPTIONAL, "Elemental id of the user to write as author."},
    {0},
};

static const field_t file_update_fields[] = {
    {"path", STRING(), OPTIONAL, "Where it is."},
    {"null_attributes", ARRAY(STRING(MINIMUM(1))), OPTIONAL, "Attributes to set to null."},
    {"reset_attributes", ARRAY(STRING(MINIMUM(1))), OPTIONAL, "Attributes to set to their default."},
    {0},
};

const schema_t schema_file = OBJECT(file_fields, SHARED(file_common_fields), NAMED("File"));
const schema_t schema_file_spec = OBJECT(file_spec_fields, SHARED(file_common_fields), NAMED("FileSpec"));
const schema_t schema_file_update = OBJECT(file_update_fields, SHARED(file_common_fields), NAMED("FileUpdate"));

const lookup_t lookup_file = {
    .model = "File",
    .sql = "SELECT project FROM main_file WHERE id = $1 AND NOT deleted",
};

static const field_t file_list_params[] = {
    {"type", INTEGER(), OPTIONAL, "Only this type."},
    {"name", STRING(), OPTIONAL, "Only this name."},
    {"after", INTEGER(), OPTIONAL, "Only ids above this one."},
    {"elemental_id", STRING(), OPTIONAL, "UUID of the object."},
    {0},
};

const endpoint_t file_endpoints[] = {
    {GET, "/rest/File/{id}", "GetFile",
     .access = ACCESS_VIEW, .lookup = &lookup_file, .params = {path_id}, .reply = &schema_file,
     .doc = "A file."},
    {PATCH, "/rest/File/{id}", "UpdateFile",
     .access = ACCESS_EXECUTE, .lookup = &lookup_file, .params = {path_id}, .body = &schema_file_update,
     .doc = "Change a file."},
    {DELETE, "/rest/File/{id}", "DeleteFile",
     .access = ACCESS_EXECUTE, .lookup = &lookup_file, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a file."},
    {GET, "/rest/Files/{project}", "GetFileList",
     .access = ACCESS_VIEW, .params = {path_project, file_list_params, attribute_filters, paging},
     .reply = &schema_file, .flags = REPLY_LIST,
     .doc = "Files that match."},
    {POST, "/rest/Files/{project}", "CreateFile",
     .access = ACCESS_EXECUTE, .params = {path_project}, .body = &schema_file_spec, .reply = &schema_create_response,
     .doc = "Create a file."},
    {0},
};
