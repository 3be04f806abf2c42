/*
 * Temporary files of a project, gone after hours.
 */

#include <tator/uuid.h>

#include "../api/columns.h"
#include "../api/own_file.h"
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

/* `path` is a URL: scheme and host are put before the path. */
static const column_t temporary_file_columns[] = {
    {"id", "t.id", COLUMN_RAW},
    {"name", "t.name", COLUMN_TEXT},
    {"project", "t.project_id", COLUMN_RAW},
    {"user", "t.user_id", COLUMN_RAW},
    {"path", "t.path", COLUMN_TEXT},
    {"lookup", "t.lookup", COLUMN_TEXT},
    {"created_datetime", "t.created_datetime", COLUMN_TIME},
    {"eol_datetime", "t.eol_datetime", COLUMN_TIME},
    {0},
};

static void    temporary_file_get(rq_t *rq);
static void    temporary_file_delete(rq_t *rq);
static void    temporary_file_list(rq_t *rq);
static void    temporary_file_create(rq_t *rq);
static void    temporary_file_delete_list(rq_t *rq);
static sql_t  *temporary_file_select(rq_t *rq);
static json_t *temporary_file_object(rq_t *rq, const result_t *result, int64_t row);
static void    temporary_file_expired(rq_t *rq, sql_t *sql);

const endpoint_t temporary_file_endpoints[] = {
    {GET(EDIT), "/rest/TemporaryFile/{id}", "GetTemporaryFile", temporary_file_get,
     .lookup = &lookup_temporary_file, .params = {path_id}, .reply = &schema_temporary_file,
     .doc = "A temporary file."},
    {DELETE(EDIT), "/rest/TemporaryFile/{id}", "DeleteTemporaryFile", temporary_file_delete,
     .lookup = &lookup_temporary_file, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a temporary file."},
    {GET(EDIT), "/rest/TemporaryFiles/{project}", "GetTemporaryFileList", temporary_file_list,
     .params = {path_project, temporary_file_list_params}, .reply = &schema_temporary_file,
     .flags = REPLY_LIST,
     .doc = "Temporary files of a project."},
    {POST(EDIT), "/rest/TemporaryFiles/{project}", "CreateTemporaryFile", temporary_file_create,
     .params = {path_project}, .body = &schema_temporary_file_spec,
     .reply = &schema_create_response,
     .doc = "Create a temporary file."},
    {DELETE(EDIT), "/rest/TemporaryFiles/{project}", "DeleteTemporaryFileList", temporary_file_delete_list,
     .params = {path_project, temporary_file_list_params},
     .doc = "Delete temporary files of a project."},
    {0},
};


/* GET TemporaryFile/{id} */
static void
temporary_file_get(rq_t *rq)
{
    sql_t    *sql = temporary_file_select(rq);
    result_t *result;

    sql_put(sql, " WHERE t.id = %ld", param_int(rq, "id", 0));

    result = pg_run(rq, sql);
    if (pg_rows(result) == 0) {
        fail_missing(rq, "TemporaryFile");
    }

    reply_json(rq, 200, temporary_file_object(rq, result, 0));
}


/* GET TemporaryFiles/{project} */
static void
temporary_file_list(rq_t *rq)
{
    sql_t    *sql = temporary_file_select(rq);
    json_t   *list = rq_own(rq, json_array());
    result_t *result;

    sql_put(sql, " WHERE t.project_id = %ld", rq->project);
    temporary_file_expired(rq, sql);
    sql_put(sql, " ORDER BY t.id");

    result = pg_run(rq, sql);
    for (int64_t row = 0; row < pg_rows(result); row++) {
        json_array_append(list, temporary_file_object(rq, result, row));
    }

    reply_json(rq, 200, list);
}


/* POST TemporaryFiles/{project}: the file lives for `hours` (contract/media.md §15; the reference's shift by its zone is left out) */
static void
temporary_file_create(rq_t *rq)
{
    char        uuid[UUID_SIZE];
    result_t   *result;
    own_file_t *file;
    const char *path, *name = param_text(rq, "name");

    uuid_v1(uuid);
    path = rq_format(rq, "%s%s", uuid, own_file_extension(rq, name));
    file = own_file_download(rq, rq->project, path, param_text(rq, "url"));

    result = pg_query(rq,
                      "INSERT INTO main_temporaryfile (name, path, lookup, created_datetime, eol_datetime, project_id, user_id)"
                      " VALUES (%s, %s, %s, now(), now() + make_interval(hours => %d), %ld, %ld) RETURNING id",
                      name, rq_format(rq, OWN_FILE_PREFIX "%ld/%s", (long) rq->project, path), param_text(rq, "lookup"),
                      (int) param_int(rq, "hours", 24), rq->project, rq->user.id);
    own_file_keep(file);

    reply_created(rq, pg_int(result, 0, 0), "Temporary file of %s created!", name);
}


/* DELETE TemporaryFile/{id} */
static void
temporary_file_delete(rq_t *rq)
{
    int64_t   id = param_int(rq, "id", 0);
    result_t *result;

    result = pg_query(rq, "DELETE FROM main_temporaryfile WHERE id = %ld RETURNING path", id);
    if (pg_rows(result) == 0) {
        fail_missing(rq, "TemporaryFile");
    }

    if (!pg_null(result, 0, 0)) {
        own_file_delete(rq, pg_text(result, 0, 0));
    }

    reply_message(rq, 200, "Temporary file %ld successfully deleted!", (long) id);
}


/* DELETE TemporaryFiles/{project} */
static void
temporary_file_delete_list(rq_t *rq)
{
    sql_t    *sql = sql_new(rq->arena);
    result_t *result;

    sql_put(sql, "DELETE FROM main_temporaryfile t WHERE t.project_id = %ld AND NOT %d::boolean", rq->project, (int) rq->hidden);
    temporary_file_expired(rq, sql);
    sql_put(sql, " RETURNING coalesce(path, '')");

    result = pg_run(rq, sql);
    for (int64_t row = 0; row < pg_rows(result); row++) {
        own_file_delete(rq, pg_text(result, row, 0));
    }

    reply_message(rq, 200, "Delete successful");
}


static sql_t *
temporary_file_select(rq_t *rq)
{
    sql_t *sql = sql_new(rq->arena);

    sql_put(sql, "SELECT ");
    columns_select(sql, temporary_file_columns);
    sql_put(sql, " FROM main_temporaryfile t");

    return sql;
}


static json_t *
temporary_file_object(rq_t *rq, const result_t *result, int64_t row)
{
    json_t     *file = columns_object(rq, temporary_file_columns, result, row, 0);
    const char *path = json_string_value(json_object_get(file, "path"));

    if (path != NULL) {
        json_object_set_new(file, "path", json_string(rq_format(rq, "%s://%.*s%s", (char *) rq->scheme.data, (int) rq->host.len,
                                                                (char *) rq->host.data, path)));
    }

    return file;
}


static void
temporary_file_expired(rq_t *rq, sql_t *sql)
{
    if (param_int(rq, "expired", 0) > 0) {
        sql_put(sql, " AND t.eol_datetime <= now()");
    }
}
