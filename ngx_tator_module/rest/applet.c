/*
 * Applets: pages that a project hosts beside its media.
 */

#include "../api/columns.h"
#include "../api/own_file.h"
#include "common.h"
#include "hosted_template.h"

static const field_t applet_made_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"html_file", STRING(), OPTIONAL, "The page."},
    {"description", STRING(), OPTIONAL, "Free text about it."},
    {"categories", ARRAY(STRING()), OPTIONAL, "Words to group it by."},
    {"template", INTEGER(NULLABLE), OPTIONAL, "Hosted template that it is made of."},
    {"tparams", ARRAY(REF(schema_parameter), DEFAULT("[]")), OPTIONAL, "Values for the template."},
    {0},
};

static const field_t applet_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"rendered", STRING(), OPTIONAL, "The text after its template was filled in."},
    {0},
};

static const field_t applet_spec_fields[] = {
    {"headers", ARRAY(REF(schema_parameter), DEFAULT("[]")), OPTIONAL,
     "HTTP headers to send when the template is fetched."},
    {0},
};

const schema_t schema_applet = OBJECT(applet_fields, SHARED(applet_made_fields), NAMED("Applet"));
const schema_t schema_applet_spec = OBJECT(applet_spec_fields, SHARED(applet_made_fields), NAMED("AppletSpec"));

const lookup_t lookup_applet = {
    .model = "Dashboard",
    .sql = "SELECT project FROM main_dashboard WHERE id = $1",
};

static const column_t applet_columns[] = {
    {"id", "a.id", COLUMN_RAW},
    {"project", "a.project", COLUMN_RAW},
    {"name", "a.name", COLUMN_TEXT},
    {"html_file", "a.html_file", COLUMN_TEXT},
    {"description", "a.description", COLUMN_TEXT},
    {"categories", "a.categories", COLUMN_TEXTS},
    {"template", "a.template_id", COLUMN_RAW},
    {"tparams", "a.tparams", COLUMN_RAW},
    {0},
};

/* What is asked for beside the columns, to fill in a template. */
#define APPLET_HEADERS 8 /* the column after those above */

static void        applet_get(rq_t *rq);
static void        applet_list(rq_t *rq);
static void        applet_create(rq_t *rq);
static void        applet_update(rq_t *rq);
static void        applet_delete(rq_t *rq);
static sql_t      *applet_select(rq_t *rq);
static json_t     *applet_object(rq_t *rq, const result_t *result, int64_t row, const char **fault);
static void        applet_template(rq_t *rq, int64_t template);
static const char *applet_file(rq_t *rq);

const endpoint_t applet_endpoints[] = {
    {GET(EXECUTE), "/rest/Applet/{id}", "GetApplet", applet_get,
     .lookup = &lookup_applet, .params = {path_id}, .reply = &schema_applet,
     .doc = "An applet."},
    {PATCH(EXECUTE), "/rest/Applet/{id}", "UpdateApplet", applet_update,
     .lookup = &lookup_applet, .params = {path_id}, .body = &schema_applet_spec,
     .doc = "Change an applet."},
    {DELETE(EXECUTE), "/rest/Applet/{id}", "DeleteApplet", applet_delete,
     .lookup = &lookup_applet, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete an applet."},
    {GET(EXECUTE), "/rest/Applets/{project}", "GetAppletList", applet_list,
     .params = {path_project}, .reply = &schema_applet, .flags = REPLY_LIST,
     .doc = "All applets."},
    {POST(EXECUTE), "/rest/Applets/{project}", "RegisterApplet", applet_create,
     .params = {path_project}, .body = &schema_applet_spec,
     .reply = &schema_create_response,
     .doc = "Register an applet."},
    {0},
};


/* GET Applet/{id} */
static void
applet_get(rq_t *rq)
{
    sql_t      *sql = applet_select(rq);
    json_t     *applet;
    result_t   *result;
    const char *fault = NULL;

    sql_put(sql, " WHERE a.id = %ld", param_int(rq, "id", 0));

    result = pg_run(rq, sql);
    if (pg_rows(result) == 0) {
        fail_missing(rq, "Dashboard");
    }

    applet = applet_object(rq, result, 0, &fault);
    if (fault != NULL) {
        fail(rq, 400, "The template of applet %ld can not be filled in: %s", (long) param_int(rq, "id", 0), fault);
    }

    reply_json(rq, 200, applet);
}


/* GET Applets/{project}. One whose template can not be filled in has no text; it must not hide the others. */
static void
applet_list(rq_t *rq)
{
    sql_t      *sql = applet_select(rq);
    json_t     *list = rq_own(rq, json_array());
    result_t   *result;
    const char *fault;

    sql_put(sql, " WHERE a.project = %ld ORDER BY a.id", rq->project);

    result = pg_run(rq, sql);
    for (int64_t row = 0; row < pg_rows(result); row++) {
        json_array_append(list, applet_object(rq, result, row, &fault));
    }

    reply_json(rq, 200, list);
}


/* POST Applets/{project} (contract/operations.md §11) */
static void
applet_create(rq_t *rq)
{
    int64_t     id, template = param_int(rq, "template", 0);
    const char *file = "";

    if (param_text(rq, "name") == NULL) {
        fail(rq, 400, "name is missing.");
    }
    if (param_text(rq, "description") == NULL) {
        fail(rq, 400, "description is missing.");
    }

    if (template != 0) {
        applet_template(rq, template);
    } else if (param_text(rq, "html_file") != NULL) {
        file = applet_file(rq);
    } else {
        fail(rq, 400, "An applet needs html_file or template.");
    }

    id = pg_int(pg_query(rq,
                         "INSERT INTO main_dashboard (name, description, html_file, categories, tparams, headers, project, template_id)"
                         " VALUES (%s, %s, %s, %s::varchar[], coalesce(%p::jsonb, '[]'), coalesce(%p::jsonb, '[]'), %ld, nullif(%ld, 0)) RETURNING id",
                         param_text(rq, "name"), param_text(rq, "description"), file,
                         param_given(rq, "categories") ? sql_json_array(rq->arena, param(rq, "categories")) : NULL,
                         param_given(rq, "tparams") ? param(rq, "tparams") : NULL, param_given(rq, "headers") ? param(rq, "headers") : NULL,
                         rq->project, template), 0, 0);

    reply_created(rq, id, "Successfully created applet %ld!", (long) id);
}


/* PATCH Applet/{id}: null leaves a member as it is; a new file takes the place of the old one, which goes */
static void
applet_update(rq_t *rq)
{
    int64_t     id = param_int(rq, "id", 0), template = param_int(rq, "template", 0);
    result_t   *old;
    const char *file = NULL;

    if (template != 0) {
        applet_template(rq, template);
    }
    if (param_text(rq, "html_file") != NULL) {
        file = applet_file(rq);
    }

    tx_begin(rq);
    old = pg_query(rq, "SELECT coalesce(html_file, '') FROM main_dashboard WHERE id = %ld FOR UPDATE", id);
    if (pg_rows(old) == 0) {
        fail_missing(rq, "Dashboard");
    }

    pg_query(rq,
             "UPDATE main_dashboard SET name = coalesce(%s, name), description = coalesce(%s, description), html_file = coalesce(%s, html_file),"
             "                          categories = coalesce(%s::varchar[], categories), tparams = coalesce(%p::jsonb, tparams),"
             "                          headers = coalesce(%p::jsonb, headers), template_id = coalesce(nullif(%ld, 0), template_id) WHERE id = %ld",
             param_text(rq, "name"), param_text(rq, "description"), file,
             param_given(rq, "categories") ? sql_json_array(rq->arena, param(rq, "categories")) : NULL,
             param_given(rq, "tparams") ? param(rq, "tparams") : NULL, param_given(rq, "headers") ? param(rq, "headers") : NULL, template, id);
    tx_commit(rq);

    if (file != NULL && strcmp(pg_text(old, 0, 0), file) != 0) {
        own_file_delete(rq, pg_text(old, 0, 0));
    }

    reply_message(rq, 200, "Applet %ld successfully updated!", (long) id);
}


/* DELETE Applet/{id} with its file */
static void
applet_delete(rq_t *rq)
{
    result_t *gone = pg_query(rq, "DELETE FROM main_dashboard WHERE id = %ld RETURNING coalesce(html_file, '')", param_int(rq, "id", 0));

    if (pg_rows(gone) == 0) {
        fail_missing(rq, "Dashboard");
    }

    own_file_delete(rq, pg_text(gone, 0, 0));
    reply_message(rq, 200, "Registered applet deleted successfully!");
}


static sql_t *
applet_select(rq_t *rq)
{
    sql_t *sql = sql_new(rq->arena);

    sql_put(sql, "SELECT ");
    columns_select(sql, applet_columns);
    sql_put(sql, ", a.headers FROM main_dashboard a");

    return sql;
}


/* `rendered` when there is a template; null, and the reason, when it can not be filled in. */
static json_t *
applet_object(rq_t *rq, const result_t *result, int64_t row, const char **fault)
{
    json_t     *applet = columns_object(rq, applet_columns, result, row, 0);
    const char *text;

    if (!pg_null(result, row, 6)) {
        text = hosted_template_render(rq, pg_int(result, row, 6), json_object_get(applet, "tparams"), pg_json(rq, result, row, APPLET_HEADERS), fault);
        json_object_set_new(applet, "rendered", text == NULL ? json_null() : json_string(text));
    }

    return applet;
}


/* It must be there, the caller's to use, and be filled in with what the request gives. */
static void
applet_template(rq_t *rq, int64_t template)
{
    const char *fault;

    hosted_template_allowed(rq, template, 400);
    if (hosted_template_render(rq, template, param(rq, "tparams"), param(rq, "headers"), &fault) == NULL) {
        fail(rq, 400, "The template can not be filled in: %s", fault);
    }
}


/* The file of the project that html_file names by its last part; rows hold its absolute path (R). */
static const char *
applet_file(rq_t *rq)
{
    const char *path, *name = own_file_name(rq, param_text(rq, "html_file"));

    path = name == NULL ? "" : rq_format(rq, OWN_FILE_PREFIX "%ld/%s", (long) rq->project, name);
    if (!own_file_is(rq, path)) {
        fail(rq, 400, "Provided html file (%s) does not exist", param_text(rq, "html_file"));
    }

    return path;
}
