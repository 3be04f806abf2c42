/*
 * File types: what attributes files have.
 */

#include "common.h"

static const field_t file_type_common_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"description", STRING(DEFAULT_TEXT("")), OPTIONAL, "Free text about it."},
    {"elemental_id", STRING(NULLABLE), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {0},
};

static const field_t file_type_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"attribute_types", ATTRIBUTE_TYPES(), OPTIONAL, "Definitions of its attributes."},
    {0},
};

static const field_t file_type_spec_fields[] = {
    {"attribute_types", ATTRIBUTE_TYPES(), OPTIONAL, "Definitions of its attributes."},
    {0},
};

const schema_t schema_file_type = OBJECT(file_type_fields, SHARED(file_type_common_fields), NAMED("FileType"));
const schema_t schema_file_type_spec =
    OBJECT(file_type_spec_fields, SHARED(file_type_common_fields), NAMED("FileTypeSpec"));
const schema_t schema_file_type_update = OBJECT(file_type_common_fields, NAMED("FileTypeUpdate"));

const lookup_t lookup_file_type = {
    .model = "FileType",
    .sql = "SELECT project FROM main_filetype WHERE id = $1",
};

const endpoint_t file_type_endpoints[] = {
    {GET, "/rest/FileType/{id}", "GetFileType",
     .access = ACCESS_VIEW, .lookup = &lookup_file_type, .params = {path_id}, .reply = &schema_file_type,
     .doc = "A file type."},
    {PATCH, "/rest/FileType/{id}", "UpdateFileType",
     .access = ACCESS_FULL, .lookup = &lookup_file_type, .params = {path_id}, .body = &schema_file_type_update,
     .reply = &schema_message_response,
     .doc = "Change a file type."},
    {DELETE, "/rest/FileType/{id}", "DeleteFileType",
     .access = ACCESS_FULL, .lookup = &lookup_file_type, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a file type."},
    {GET, "/rest/FileTypes/{project}", "GetFileTypeList",
     .access = ACCESS_VIEW, .params = {path_project, elemental_id_param}, .reply = &schema_file_type,
     .flags = REPLY_LIST,
     .doc = "File types that match."},
    {POST, "/rest/FileTypes/{project}", "CreateFileType",
     .access = ACCESS_FULL, .params = {path_project}, .body = &schema_file_type_spec,
     .reply = &schema_create_response,
     .doc = "Create a file type."},
    {0},
};
