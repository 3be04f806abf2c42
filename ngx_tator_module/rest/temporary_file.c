/*
 * Temporary files of a project, gone after hours.
 */

#include "common.h"

static const field_t temporary_file_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"user", INTEGER(), OPTIONAL, "Id of the user."},
    {"path", STRING(), OPTIONAL, "Where it is."},
    {"created_datetime", STRING(), OPTIONAL, "When it was created."},
    {"eol_datetime", STRING(), OPTIONAL, "When it ends."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"lookup", STRING(), OPTIONAL, "Hash to find it by."},
    {0},
};

static const field_t temporary_file_spec_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {"url", STRING(), REQUIRED, "Its address."},
    {"lookup", STRING(), REQUIRED, "Hash to find it by."},
    {"hours", INTEGER(MINIMUM(1), MAXIMUM(24), DEFAULT("24")), OPTIONAL, "How long to keep it."},
    {0},
};

const schema_t schema_temporary_file = OBJECT(temporary_file_fields, NAMED("TemporaryFile"));
const schema_t schema_temporary_file_spec = OBJECT(temporary_file_spec_fields, NAMED("TemporaryFileSpec"));

const lookup_t lookup_temporary_file = {
    .model = "TemporaryFile",
    .sql = "SELECT project_id FROM main_temporaryfile WHERE id = $1",
};

static const field_t temporary_file_list_params[] = {
    {"expired", INTEGER(DEFAULT("0")), UNEXPLODED, "1: only those that ended."},
    {0},
};

const endpoint_t temporary_file_endpoints[] = {
    {GET(EDIT), "/rest/TemporaryFile/{id}", "GetTemporaryFile",
     .lookup = &lookup_temporary_file, .params = {path_id}, .reply = &schema_temporary_file,
     .doc = "A temporary file."},
    {DELETE(EDIT), "/rest/TemporaryFile/{id}", "DeleteTemporaryFile",
     .lookup = &lookup_temporary_file, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a temporary file."},
    {GET(EDIT), "/rest/TemporaryFiles/{project}", "GetTemporaryFileList",
     .params = {path_project, temporary_file_list_params}, .reply = &schema_temporary_file,
     .flags = REPLY_LIST,
     .doc = "Temporary files of a project."},
    {POST(EDIT), "/rest/TemporaryFiles/{project}", "CreateTemporaryFile",
     .params = {path_project}, .body = &schema_temporary_file_spec,
     .reply = &schema_create_response,
     .doc = "Create a temporary file."},
    {DELETE(EDIT), "/rest/TemporaryFiles/{project}", "DeleteTemporaryFileList",
     .params = {path_project, temporary_file_list_params},
     .doc = "Delete temporary files of a project."},
    {0},
};
