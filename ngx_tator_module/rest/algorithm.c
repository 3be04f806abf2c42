/*
 * Registered algorithms: workflows that users run on media.
 */

#include <tator/yaml.h>

#include "../api/columns.h"
#include "../api/delete.h"
#include "../api/own_file.h"
#include "../net/threads.h"
#include "common.h"
#include "hosted_template.h"

static const field_t algorithm_made_fields[] = {
    {"description", STRING(), OPTIONAL, "Free text about it."},
    {"manifest", STRING(), OPTIONAL, "The workflow to run."},
    {"cluster", INTEGER(NULLABLE), OPTIONAL, "Job cluster that runs it."},
    {"categories", ARRAY(STRING()), OPTIONAL, "Words to group it by."},
    {"parameters", ARRAY(REF(schema_algorithm_parameter)), OPTIONAL, "Parameters with their usual values."},
    {"template", INTEGER(NULLABLE), OPTIONAL, "Hosted template that it is made of."},
    {"tparams", ARRAY(REF(schema_parameter), DEFAULT("[]")), OPTIONAL, "Values for the template."},
    {0},
};

static const field_t algorithm_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"rendered", STRING(), OPTIONAL, "The text after its template was filled in."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"user", INTEGER(), OPTIONAL, "Id of the user."},
    {"files_per_job", INTEGER(), OPTIONAL, "Media that one job takes."},
    {0},
};

static const field_t algorithm_spec_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {"user", INTEGER(), REQUIRED, "Id of the user."},
    {"files_per_job", INTEGER(), REQUIRED, "Media that one job takes."},
    {"headers", ARRAY(REF(schema_parameter), DEFAULT("[]")), OPTIONAL,
     "HTTP headers to send when the template is fetched."},
    {0},
};

static const field_t algorithm_parameter_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {"value", ANY(ONE_OF(INLINE(NUMBER()), INLINE(STRING()))), REQUIRED, "Its value."},
    {0},
};

const schema_t schema_algorithm = OBJECT(algorithm_fields, SHARED(algorithm_made_fields), NAMED("Algorithm"));
const schema_t schema_algorithm_parameter = OBJECT(algorithm_parameter_fields, NAMED("AlgorithmParameter"));
const schema_t schema_algorithm_spec =
    OBJECT(algorithm_spec_fields, SHARED(algorithm_made_fields), NAMED("AlgorithmSpec"));

const lookup_t lookup_algorithm = {
    .model = "Algorithm",
    .sql = "SELECT project FROM main_algorithm WHERE id = $1",
};

/* Without headers, which may hold secrets. */
static const column_t algorithm_columns[] = {
    {"id", "a.id", COLUMN_RAW},
    {"project", "a.project", COLUMN_RAW},
    {"name", "a.name", COLUMN_TEXT},
    {"user", "a.\"user\"", COLUMN_RAW},
    {"description", "a.description", COLUMN_TEXT},
    {"cluster", "a.cluster", COLUMN_RAW},
    {"files_per_job", "a.files_per_job", COLUMN_RAW},
    {"categories", "a.categories", COLUMN_TEXTS},
    {"parameters", "a.parameters", COLUMN_RAW},
    {"template", "a.template_id", COLUMN_RAW},
    {"tparams", "a.tparams", COLUMN_RAW},
    {"manifest", "coalesce(a.manifest, '')", COLUMN_TEXT},
    {0},
};

#define ALGORITHM_TEMPLATE 9
#define ALGORITHM_HEADERS  12 /* the column after those above */

/* What a thread looks at. */
typedef struct {
    size_t len;
    char   fault[YAML_FAULT];
    char   text[];
} algorithm_manifest_t;

static void        algorithm_get(rq_t *rq);
static void        algorithm_list(rq_t *rq);
static void        algorithm_create(rq_t *rq);
static void        algorithm_update(rq_t *rq);
static void        algorithm_delete(rq_t *rq);
static const char *algorithm_source(rq_t *rq);
static void        algorithm_check_yaml(rq_t *rq, const char *text, size_t len);
static void        algorithm_read_yaml(void *data);
static void        algorithm_cluster(rq_t *rq);
static sql_t      *algorithm_select(rq_t *rq);

const endpoint_t algorithm_endpoints[] = {
    {GET(VIEW), "/rest/Algorithm/{id}", "GetAlgorithm", algorithm_get,
     .lookup = &lookup_algorithm, .params = {path_id}, .reply = &schema_algorithm,
     .doc = "An algorithm."},
    {PATCH(EDIT), "/rest/Algorithm/{id}", "UpdateAlgorithm", algorithm_update,
     .lookup = &lookup_algorithm, .params = {path_id}, .body = &schema_algorithm_spec,
     .reply = &schema_message_response,
     .doc = "Change an algorithm."},
    {DELETE(EDIT), "/rest/Algorithm/{id}", "DeleteAlgorithm", algorithm_delete,
     .lookup = &lookup_algorithm, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete an algorithm."},
    {GET(VIEW), "/rest/Algorithms/{project}", "GetAlgorithmList", algorithm_list,
     .params = {path_project}, .reply = &schema_algorithm, .flags = REPLY_LIST,
     .doc = "All algorithms."},
    {POST(EDIT), "/rest/Algorithms/{project}", "RegisterAlgorithm", algorithm_create,
     .params = {path_project}, .body = &schema_algorithm_spec,
     .reply = &schema_create_response,
     .doc = "Register an algorithm."},
    {0},
};


/* GET Algorithm/{id}; with a template also what it makes */
static void
algorithm_get(rq_t *rq)
{
    sql_t      *sql = algorithm_select(rq);
    json_t     *algorithm;
    result_t   *result;
    const char *text, *fault;

    sql_put(sql, " WHERE a.id = %ld", param_int(rq, "id", 0));

    result = pg_run(rq, sql);
    if (pg_rows(result) == 0) {
        fail_missing(rq, "Algorithm");
    }

    algorithm = columns_object(rq, algorithm_columns, result, 0, 0);

    if (!pg_null(result, 0, ALGORITHM_TEMPLATE)) {
        text = hosted_template_render(rq, pg_int(result, 0, ALGORITHM_TEMPLATE), json_object_get(algorithm, "tparams"),
                                      pg_json(rq, result, 0, ALGORITHM_HEADERS), &fault);
        if (text == NULL) {
            fail(rq, 400, "The template of algorithm %ld can not be filled in: %s", (long) param_int(rq, "id", 0), fault);
        }
        json_object_set_new(algorithm, "rendered", json_string(text));
    }

    reply_json(rq, 200, algorithm);
}


/* GET Algorithms/{project} */
static void
algorithm_list(rq_t *rq)
{
    sql_t *sql = algorithm_select(rq);

    sql_put(sql, " WHERE a.project = %ld ORDER BY a.id", rq->project);
    reply_rows(rq, algorithm_columns, pg_run(rq, sql));
}


/* POST Algorithms/{project} (contract/operations.md §9), its checks in their order */
static void
algorithm_create(rq_t *rq)
{
    int64_t     id;
    const char *manifest, *name = param_text(rq, "name");

    if (pg_rows(pg_query(rq, "SELECT FROM main_algorithm WHERE project = %ld AND name = %s LIMIT 1", rq->project, name)) != 0) {
        fail(rq, 400, "Provided algorithm name '%s' already exists", name);
    }

    if (pg_rows(pg_query(rq, "SELECT FROM main_user WHERE id = %ld", param_int(rq, "user", 0))) == 0) {
        fail_no_match(rq, "User");
    }

    manifest = algorithm_source(rq);

    if (param_int(rq, "files_per_job", 0) < 1) {
        fail(rq, 400, "files_per_job must be at least 1.");
    }

    algorithm_cluster(rq);

    tx_begin(rq);
    pg_query(rq, "SELECT FROM main_project WHERE id = %ld FOR UPDATE", rq->project);
    if (pg_rows(pg_query(rq, "SELECT FROM main_algorithm WHERE project = %ld AND name = %s LIMIT 1", rq->project, name)) != 0) {
        fail(rq, 400, "Provided algorithm name '%s' already exists", name);
    }

    id = pg_int(pg_query(rq,
                         "INSERT INTO main_algorithm (name, description, manifest, files_per_job, categories, parameters, tparams, headers, cluster,"
                         "                            project, template_id, \"user\")"
                         " VALUES (%s, %s, %s, %ld, %s::varchar[], %p, coalesce(%p::jsonb, '[]'), coalesce(%p::jsonb, '[]'), nullif(%ld, 0), %ld,"
                         "         nullif(%ld, 0), %ld) RETURNING id",
                         name, param_text(rq, "description"), manifest, param_int(rq, "files_per_job", 1),
                         param_given(rq, "categories") ? sql_json_array(rq->arena, param(rq, "categories")) : NULL,
                         param_given(rq, "parameters") ? param(rq, "parameters") : NULL, param_given(rq, "tparams") ? param(rq, "tparams") : NULL,
                         param_given(rq, "headers") ? param(rq, "headers") : NULL, param_int(rq, "cluster", 0), rq->project,
                         param_int(rq, "template", 0), param_int(rq, "user", 0)), 0, 0);
    pg_query(rq, "INSERT INTO main_rowprotection (created_datetime, permission, algorithm_id, user_id) VALUES (now(), 255, %ld, %ld)", id,
             rq->user.id);
    tx_commit(rq);

    reply_created(rq, id, "Successfully registered algorithm argo workflow.");
}


/* PATCH Algorithm/{id}: null leaves a member as it is; a manifest is stored as given (contract/operations.md §9) */
static void
algorithm_update(rq_t *rq)
{
    int64_t     id = param_int(rq, "id", 0), template = param_int(rq, "template", 0);
    const char *fault;

    algorithm_cluster(rq);

    if (param_int(rq, "files_per_job", 0) < 1) {
        fail(rq, 400, "files_per_job must be at least 1.");
    }

    if (template != 0) {
        hosted_template_allowed(rq, template, 403);
        if (hosted_template_render(rq, template, param(rq, "tparams"), param(rq, "headers"), &fault) == NULL) {
            fail(rq, 400, "The template can not be filled in: %s", fault);
        }
    }

    if (pg_rows(pg_query(rq,
                         "UPDATE main_algorithm SET name = %s, \"user\" = %ld, files_per_job = %ld, description = coalesce(%s, description),"
                         "  manifest = coalesce(%s, manifest), categories = coalesce(%s::varchar[], categories),"
                         "  parameters = coalesce(%p::jsonb, parameters), tparams = coalesce(%p::jsonb, tparams), headers = coalesce(%p::jsonb, headers),"
                         "  cluster = coalesce(nullif(%ld, 0), cluster), template_id = coalesce(nullif(%ld, 0), template_id)"
                         " WHERE id = %ld RETURNING id",
                         param_text(rq, "name"), param_int(rq, "user", 0), param_int(rq, "files_per_job", 1), param_text(rq, "description"),
                         param_text(rq, "manifest"), param_given(rq, "categories") ? sql_json_array(rq->arena, param(rq, "categories")) : NULL,
                         param_given(rq, "parameters") ? param(rq, "parameters") : NULL, param_given(rq, "tparams") ? param(rq, "tparams") : NULL,
                         param_given(rq, "headers") ? param(rq, "headers") : NULL, param_int(rq, "cluster", 0), template, id)) == 0)
    {
        fail_missing(rq, "Algorithm");
    }

    reply_message(rq, 200, "Algorithm %ld successfully updated!", (long) id);
}


/* DELETE Algorithm/{id} with its manifest, unless that is another's */
static void
algorithm_delete(rq_t *rq)
{
    int64_t     id = param_int(rq, "id", 0);
    result_t   *row;
    const char *own = rq_format(rq, "%ld/", (long) rq->project), *manifest;

    tx_begin(rq);
    row = pg_query(rq,
                   "SELECT coalesce(a.manifest, ''), EXISTS (SELECT FROM main_algorithm o WHERE o.manifest = a.manifest AND o.id <> a.id)"
                   " FROM main_algorithm a WHERE a.id = %ld FOR UPDATE",
                   id);
    if (pg_rows(row) == 0) {
        fail_missing(rq, "Algorithm");
    }
    delete_rows(rq, "main_algorithm", sql_int_array(rq->arena, &id, 1));
    tx_commit(rq);

    /* PATCH stores anything: only files of the project itself are deleted */
    manifest = pg_text(row, 0, 0);
    if (!pg_bool(row, 0, 1) && strncmp(manifest, own, strlen(own)) == 0) {
        own_file_delete(rq, manifest);
    }

    reply_message(rq, 200, "Registered algorithm deleted successfully!");
}


/* The path of the manifest, which is there and is YAML; NULL with a template, which can be filled in. */
static const char *
algorithm_source(rq_t *rq)
{
    size_t      len;
    int64_t     template = param_int(rq, "template", 0);
    const char *path, *name, *text, *fault;

    if (template != 0) {
        hosted_template_allowed(rq, template, 403);
        if (hosted_template_render(rq, template, param(rq, "tparams"), param(rq, "headers"), &fault) == NULL) {
            fail(rq, 400, "The template can not be filled in: %s", fault);
        }
        return NULL;
    }

    if (param_text(rq, "manifest") == NULL) {
        fail(rq, 400, "An algorithm needs manifest or template.");
    }

    name = own_file_name(rq, param_text(rq, "manifest"));
    path = name == NULL ? "" : rq_format(rq, "%ld/%s", (long) rq->project, name);
    text = own_file_read(rq, path, &len);
    if (text == NULL) {
        fail(rq, 400, "Provided manifest (%s) does not exist", param_text(rq, "manifest"));
    }

    algorithm_check_yaml(rq, text, len);

    return path;
}


/* In a thread: a megabyte takes its time. */
static void
algorithm_check_yaml(rq_t *rq, const char *text, size_t len)
{
    algorithm_manifest_t *manifest = arena_zalloc(rq->arena, sizeof(algorithm_manifest_t) + len + 1);

    manifest->len = len;
    memcpy(manifest->text, text, len);
    thread_run_io(rq, algorithm_read_yaml, manifest, sizeof(algorithm_manifest_t) + len + 1);

    if (manifest->fault[0] != '\0') {
        fail(rq, 400, "The manifest is not YAML: %s", manifest->fault);
    }
}


static void
algorithm_read_yaml(void *data)
{
    algorithm_manifest_t *manifest = data;

    (void) yaml_check(manifest->text, manifest->len, manifest->fault);
}


/* A cluster is one of the project's organization; what runs in the server's own is for staff (contract/operations.md §8, R: the user of the body). */
static void
algorithm_cluster(rq_t *rq)
{
    result_t *row;

    if (param_given(rq, "cluster")) {
        if (pg_rows(pg_query(rq, "SELECT FROM main_jobcluster WHERE id = %ld AND organization_id = %ld", param_int(rq, "cluster", 0),
                             rq->organization)) == 0)
        {
            fail_no_match(rq, "JobCluster");
        }
        return;
    }

    row = pg_query(rq, "SELECT is_staff FROM main_user WHERE id = %ld", param_int(rq, "user", 0));
    if (pg_rows(row) == 0) {
        fail_no_match(rq, "User");
    }

    if (!pg_bool(row, 0, 0)) {
        fail(rq, 403, "Only staff users can save an algorithm with cluster: None.");
    }
}


static sql_t *
algorithm_select(rq_t *rq)
{
    sql_t *sql = sql_new(rq->arena);

    sql_put(sql, "SELECT ");
    columns_select(sql, algorithm_columns);
    sql_put(sql, ", a.headers FROM main_algorithm a");

    return sql;
}
