/*
 * File types: what attributes files have.
 */

#include "type.h"

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

static const column_t file_type_columns[] = {
    {"id", "t.id", COLUMN_RAW},
    {"project", "t.project", COLUMN_RAW},
    {"name", "t.name", COLUMN_TEXT},
    {"description", "t.description", COLUMN_TEXT},
    {"attribute_types", "t.attribute_types", COLUMN_RAW},
    {"elemental_id", "t.elemental_id", COLUMN_SAFE},
    {0},
};

static const type_kind_t file_type_kind = {
    .entity = "file",
    .label = "File",
    .model = "FileType",
    .table = "main_filetype",
    .columns = file_type_columns,
    .order = "t.id",
};


static void
file_type_get(rq_t *rq)
{
    type_get(rq, &file_type_kind);
}


static void
file_type_list(rq_t *rq)
{
    type_list(rq, &file_type_kind);
}


static void
file_type_delete(rq_t *rq)
{
    type_delete(rq, &file_type_kind);
}


static void
file_type_create(rq_t *rq)
{
    result_t *result;

    type_check_members(rq);

    result = pg_query(rq,
                      "INSERT INTO main_filetype (dtype, name, description, attribute_types, elemental_id, project)"
                      " VALUES ('file', %s, COALESCE(%s, ''), COALESCE(%p::jsonb, '[]'),"
                      " COALESCE(NULLIF(%s, '')::uuid, gen_random_uuid()), %ld) RETURNING id",
                      param_text(rq, "name"), sql_param(rq, "description"), sql_param_json(rq, "attribute_types"),
                      sql_param_uuid(rq, "elemental_id"), rq->project);

    reply_created(rq, pg_int(result, 0, 0), "File type created successfully!");
}


/* The description has a default in the schema: absent, it becomes empty. */
static void
file_type_update(rq_t *rq)
{
    pg_query(rq,
             "UPDATE main_filetype SET name = COALESCE(%s, name), description = COALESCE(%s, description),"
             " elemental_id = COALESCE(NULLIF(%s, '')::uuid, elemental_id) WHERE id = %ld",
             sql_param(rq, "name"), sql_param(rq, "description"), sql_param_uuid(rq, "elemental_id"), param_int(rq, "id", 0));

    reply_message(rq, 200, "File type updated successfully!");
}


const endpoint_t file_type_endpoints[] = {
    {GET(VIEW), "/rest/FileType/{id}", "GetFileType",
     .handler = file_type_get,
     .lookup = &lookup_file_type, .params = {path_id}, .reply = &schema_file_type,
     .doc = "A file type."},
    {PATCH(FULL), "/rest/FileType/{id}", "UpdateFileType",
     .handler = file_type_update,
     .lookup = &lookup_file_type, .params = {path_id}, .body = &schema_file_type_update,
     .reply = &schema_message_response,
     .doc = "Change a file type."},
    {DELETE(FULL), "/rest/FileType/{id}", "DeleteFileType",
     .handler = file_type_delete,
     .lookup = &lookup_file_type, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a file type."},
    {GET(VIEW), "/rest/FileTypes/{project}", "GetFileTypeList",
     .handler = file_type_list,
     .params = {path_project, elemental_id_param}, .reply = &schema_file_type,
     .flags = REPLY_LIST,
     .doc = "File types that match."},
    {POST(FULL), "/rest/FileTypes/{project}", "CreateFileType",
     .handler = file_type_create,
     .params = {path_project}, .body = &schema_file_type_spec,
     .reply = &schema_create_response,
     .doc = "Create a file type."},
    {0},
};
