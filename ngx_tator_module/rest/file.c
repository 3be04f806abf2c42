/*
 * Files of any kind that belong to a project (contract/annotations.md §11). Their objects are uploaded beforehand; `path` names one.
 */

#include <string.h>

#include "common.h"
#include "type.h"
#include "../api/attributes.h"
#include "../api/author.h"
#include "../api/delete.h"
#include "../api/stores.h"
#include "../query/query.h"

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
    .sql = "SELECT project FROM main_file WHERE id = $1", /* also of a type that was deleted */
};

static const field_t file_list_params[] = {
    {"type", INTEGER(), OPTIONAL, "Only this type."},
    {"name", STRING(), OPTIONAL, "Only this name."},
    {"after", INTEGER(), OPTIONAL, "Only ids above this one."},
    {"elemental_id", STRING(), OPTIONAL, "UUID of the object."},
    {0},
};

/* The raw columns: `meta`, not `type` (contract/annotations.md §11). */
static const column_t file_detail_columns[] = {
    {"id", "t.id", COLUMN_RAW},
    {"created_datetime", "t.created_datetime", COLUMN_TIME},
    {"created_by", "t.created_by", COLUMN_RAW},
    {"description", "t.description", COLUMN_TEXT},
    {"path", "t.path", COLUMN_TEXT},
    {"modified_datetime", "t.modified_datetime", COLUMN_TIME},
    {"modified_by", "t.modified_by", COLUMN_RAW},
    {"name", "t.name", COLUMN_TEXT},
    {"project", "t.project", COLUMN_RAW},
    {"meta", "t.meta", COLUMN_RAW},
    {"attributes", "t.attributes", COLUMN_RAW},
    {"deleted", "t.deleted", COLUMN_BOOL},
    {"elemental_id", "t.elemental_id", COLUMN_SAFE},
    {0},
};

static const column_t file_list_columns[] = {
    {"id", "t.id", COLUMN_RAW},
    {"project", "t.project", COLUMN_RAW},
    {"created_datetime", "t.created_datetime", COLUMN_TIME},
    {"created_by", "t.created_by", COLUMN_RAW},
    {"modified_datetime", "t.modified_datetime", COLUMN_TIME},
    {"modified_by", "t.modified_by", COLUMN_RAW},
    {"path", "t.path", COLUMN_TEXT},
    {"name", "t.name", COLUMN_TEXT},
    {"description", "t.description", COLUMN_TEXT},
    {"attributes", "t.attributes", COLUMN_RAW},
    {"elemental_id", "t.elemental_id", COLUMN_SAFE},
    {"type", "t.meta", COLUMN_RAW},
    {0},
};

static const char *file_path(rq_t *rq, int64_t id);


static void
file_get(rq_t *rq)
{
    sql_t    *sql;
    result_t *result;

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT ");
    columns_select(sql, file_detail_columns);
    sql_put(sql, " FROM main_file AS t WHERE t.id = %ld", param_int(rq, "id", 0));

    result = pg_run(rq, sql);
    if (pg_rows(result) == 0) {
        fail_missing(rq, "File");
    }

    reply_row(rq, 200, file_detail_columns, result, 0);
}


static void
file_create(rq_t *rq)
{
    int64_t     author, id;
    json_t     *attributes;
    result_t   *result;
    const char *name = param_text(rq, "name"), *description = param_text(rq, "description");

    if (name == NULL || description == NULL || !param_given(rq, "type")) {
        fail(rq, 400, "name, description and type are needed.");
    }

    author = author_of(rq, param_text(rq, "user_elemental_id"));
    result = pg_query(rq, "SELECT attribute_types FROM main_filetype WHERE id = %ld AND project = %ld", param_int(rq, "type", 0), rq->project);
    if (pg_rows(result) == 0) {
        fail(rq, 400, "File type %ld is not part of this project.", (long) param_int(rq, "type", 0));
    }

    attributes = attributes_on_create(rq, pg_json(rq, result, 0, 0), param(rq, "attributes"));

    result = pg_query(rq,
                      "INSERT INTO main_file (name, description, path, created_datetime, modified_datetime, created_by, modified_by,"
                      " attributes, deleted, elemental_id, project, meta)"
                      " VALUES (%s, %s, '', now(), now(), %ld, %ld, %p::jsonb, false,"
                      " COALESCE(NULLIF(%s, '')::uuid, gen_random_uuid()), %ld, %ld) RETURNING id",
                      name, description, author, author, attributes, sql_param_uuid(rq, "elemental_id"), rq->project, param_int(rq, "type", 0));
    id = pg_int(result, 0, 0);

    reply_created(rq, id, "Successfully created file %ld!", (long) id);
}


static void
file_list(rq_t *rq)
{
    int64_t type = param_int(rq, "type", 0);

    if (param_given(rq, "type")
        && pg_rows(pg_query(rq, "SELECT 1 FROM main_filetype WHERE id = %ld AND project = %ld", type, rq->project)) == 0) {
        fail_no_match(rq, "FileType");
    }

    reply_rows(rq, file_list_columns, pg_run(rq, file_query(rq, file_list_columns)));
}


/* An object that the file does not name any more goes when nobody else holds it. */
static void
file_update(rq_t *rq)
{
    json_t     *attributes;
    int64_t     author, id = param_int(rq, "id", 0);
    result_t   *result;
    removal_t  *removal;
    const char *path, *old, *owner;

    path = file_path(rq, id);
    author = param_given(rq, "user_elemental_id") ? author_of(rq, param_text(rq, "user_elemental_id")) : 0;
    removal = removal_new(rq, rq->project);

    tx_begin(rq);
    result = pg_query(rq,
                      "SELECT t.path, k.attribute_types, k.name FROM main_file t LEFT JOIN main_filetype k ON k.id = t.meta"
                      " WHERE t.id = %ld FOR UPDATE OF t",
                      id);

    if (pg_rows(result) == 0) {
        fail_missing(rq, "File");
    }

    old = pg_null(result, 0, 0) ? "" : pg_text(result, 0, 0);
    owner = rq_format(rq, "entity type %s", pg_null(result, 0, 2) ? "" : pg_text(result, 0, 2));
    attributes = attributes_on_patch(rq, pg_json(rq, result, 0, 1), owner);

    pg_query(rq,
             "UPDATE main_file SET name = coalesce(%s, name), description = coalesce(%s, description), path = coalesce(%s, path),"
             " elemental_id = coalesce(nullif(%s, '')::uuid, elemental_id), created_by = coalesce(nullif(%ld::int, 0), created_by),"
             " attributes = coalesce(attributes, '{}') || coalesce(%p::jsonb, '{}'), modified_by = %ld, modified_datetime = now()"
             " WHERE id = %ld",
             sql_param(rq, "name"), sql_param(rq, "description"), path, sql_param_uuid(rq, "elemental_id"), author, attributes, rq->user.id, id);

    if (path != NULL && strcmp(path, old) != 0) {
        resource_add(rq, path, RESOURCE_FILE, id, 0);

        if (old[0] != '\0') {
            resource_drop(rq, old, RESOURCE_FILE, id);
            removal_add(removal, old);
        }
    }

    tx_commit(rq);
    removal_run(removal);

    reply_message(rq, 200, "File %ld successfully updated!", (long) id);
}


static void
file_delete(rq_t *rq)
{
    int64_t    id = param_int(rq, "id", 0);
    result_t  *result;
    removal_t *removal;

    removal = removal_new(rq, rq->project);

    tx_begin(rq);
    result = pg_query(rq, "SELECT nullif(path, '') FROM main_file WHERE id = %ld FOR UPDATE", id);

    if (pg_rows(result) == 0) {
        fail_missing(rq, "File");
    }

    delete_rows(rq, "main_file", sql_int_array(rq->arena, &id, 1));
    removal_add(removal, pg_text(result, 0, 0));
    tx_commit(rq);
    removal_run(removal);

    reply_message(rq, 200, "Registered file deleted successfully!");
}


/* The parameter `path`, NULL when absent. A file may only name what lies in its own folder: ORGANIZATION/PROJECT/files/FILE/NAME. */
static const char *
file_path(rq_t *rq, int64_t id)
{
    size_t      len;
    const char *path, *folder;

    if (!param_given(rq, "path")) {
        return NULL;
    }

    path = param_text(rq, "path");
    folder = rq_format(rq, "%ld/%ld/files/%ld/", (long) rq->organization, (long) rq->project, (long) id);
    len = strlen(folder);

    if (path == NULL || strncmp(path, folder, len) != 0 || path[len] == '\0' || strchr(path + len, '/') != NULL
        || strcmp(path + len, ".") == 0 || strcmp(path + len, "..") == 0) {
        fail(rq, 403, "The path of file %ld must be %sNAME.", (long) id, folder);
    }

    return path;
}


const endpoint_t file_endpoints[] = {
    {GET(VIEW), "/rest/File/{id}", "GetFile",
     .handler = file_get,
     .lookup = &lookup_file, .params = {path_id}, .reply = &schema_file,
     .doc = "A file."},
    {PATCH(EXECUTE), "/rest/File/{id}", "UpdateFile",
     .handler = file_update,
     .lookup = &lookup_file, .params = {path_id}, .body = &schema_file_update,
     .doc = "Change a file."},
    {DELETE(EXECUTE), "/rest/File/{id}", "DeleteFile",
     .handler = file_delete,
     .lookup = &lookup_file, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a file."},
    {GET(VIEW), "/rest/Files/{project}", "GetFileList",
     .handler = file_list,
     .params = {path_project, file_list_params, attribute_filters, paging},
     .reply = &schema_file, .flags = REPLY_LIST,
     .doc = "Files that match."},
    {POST(EXECUTE), "/rest/Files/{project}", "CreateFile",
     .handler = file_create,
     .params = {path_project}, .body = &schema_file_spec, .reply = &schema_create_response,
     .doc = "Create a file."},
    {0},
};
