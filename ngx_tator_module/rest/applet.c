/*
 * Applets: pages that a project hosts beside its media.
 */

#include "../api/columns.h"
#include "common.h"

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

static void      applet_get(rq_t *rq);
static void      applet_list(rq_t *rq);
static result_t *applet_rows(rq_t *rq, int64_t id);

const endpoint_t applet_endpoints[] = {
    {GET(EXECUTE), "/rest/Applet/{id}", "GetApplet", applet_get,
     .lookup = &lookup_applet, .params = {path_id}, .reply = &schema_applet,
     .doc = "An applet."},
    {PATCH(EXECUTE), "/rest/Applet/{id}", "UpdateApplet",
     .lookup = &lookup_applet, .params = {path_id}, .body = &schema_applet_spec,
     .doc = "Change an applet."},
    {DELETE(EXECUTE), "/rest/Applet/{id}", "DeleteApplet",
     .lookup = &lookup_applet, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete an applet."},
    {GET(EXECUTE), "/rest/Applets/{project}", "GetAppletList", applet_list,
     .params = {path_project}, .reply = &schema_applet, .flags = REPLY_LIST,
     .doc = "All applets."},
    {POST(EXECUTE), "/rest/Applets/{project}", "RegisterApplet",
     .params = {path_project}, .body = &schema_applet_spec,
     .reply = &schema_create_response,
     .doc = "Register an applet."},
    {0},
};


/* GET Applet/{id} */
static void
applet_get(rq_t *rq)
{
    reply_row(rq, 200, applet_columns, applet_rows(rq, param_int(rq, "id", 0)), 0);
}


/* GET Applets/{project} */
static void
applet_list(rq_t *rq)
{
    reply_rows(rq, applet_columns, applet_rows(rq, 0));
}


/* The project's applets, or the one of an id. */
static result_t *
applet_rows(rq_t *rq, int64_t id)
{
    sql_t    *sql = sql_new(rq->arena);
    result_t *result;

    sql_put(sql, "SELECT ");
    columns_select(sql, applet_columns);
    sql_put(sql, " FROM main_dashboard a WHERE a.project = %ld AND (%ld = 0 OR a.id = %ld) ORDER BY a.id", rq->project, id, id);
    result = pg_run(rq, sql);

    /* an answer without the text that a template makes would be a wrong one */
    for (int64_t row = 0; row < pg_rows(result); row++) {
        if (!pg_null(result, row, 6)) {
            fail(rq, 501, "Applets that are made of a hosted template are not available on this server yet.");
        }
    }

    return result;
}
