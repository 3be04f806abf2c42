/*
 * Applets: pages that a project hosts beside its media.
 */

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

const endpoint_t applet_endpoints[] = {
    {GET, "/rest/Applet/{id}", "GetApplet",
     .access = ACCESS_EXECUTE, .lookup = &lookup_applet, .params = {path_id}, .reply = &schema_applet,
     .doc = "An applet."},
    {PATCH, "/rest/Applet/{id}", "UpdateApplet",
     .access = ACCESS_EXECUTE, .lookup = &lookup_applet, .params = {path_id}, .body = &schema_applet_spec,
     .doc = "Change an applet."},
    {DELETE, "/rest/Applet/{id}", "DeleteApplet",
     .access = ACCESS_EXECUTE, .lookup = &lookup_applet, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete an applet."},
    {GET, "/rest/Applets/{project}", "GetAppletList",
     .access = ACCESS_EXECUTE, .params = {path_project}, .reply = &schema_applet, .flags = REPLY_LIST,
     .doc = "All applets."},
    {POST, "/rest/Applets/{project}", "RegisterApplet",
     .access = ACCESS_EXECUTE, .params = {path_project}, .body = &schema_applet_spec,
     .reply = &schema_create_response,
     .doc = "Register an applet."},
    {0},
};
