/*
 * Hosted templates: texts that algorithms and applets are made of.
 */

#include "common.h"

static const field_t hosted_template_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"organization", INTEGER(), OPTIONAL, "The organization it belongs to."},
    {"effective_permission", INTEGER(), OPTIONAL, "What the caller may do with it, as bits."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"url", STRING(), OPTIONAL, "Its address."},
    {"tparams", ARRAY(REF(schema_parameter), DEFAULT("[]")), OPTIONAL, "Values for the template."},
    {0},
};

static const field_t hosted_template_spec_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {"url", STRING(), REQUIRED, "Its address."},
    {"tparams", ARRAY(REF(schema_parameter), DEFAULT("[]")), OPTIONAL, "Values for the template."},
    {"headers", ARRAY(REF(schema_parameter), DEFAULT("[]")), OPTIONAL,
     "HTTP headers to send when the template is fetched."},
    {0},
};

const schema_t schema_hosted_template = OBJECT(hosted_template_fields, NAMED("HostedTemplate"));
const schema_t schema_hosted_template_spec = OBJECT(hosted_template_spec_fields, NAMED("HostedTemplateSpec"));

const lookup_t lookup_hosted_template = {
    .model = "HostedTemplate",
    .sql = "SELECT organization_id FROM main_hostedtemplate WHERE id = $1",
};

const endpoint_t hosted_template_endpoints[] = {
    {GET(ORGANIZATION_MEMBER), "/rest/HostedTemplate/{id}", "GetHostedTemplate",
     .lookup = &lookup_hosted_template, .params = {path_id},
     .reply = &schema_hosted_template,
     .doc = "A hosted template."},
    {PATCH(ORGANIZATION_EDIT), "/rest/HostedTemplate/{id}", "UpdateHostedTemplate",
     .lookup = &lookup_hosted_template, .params = {path_id},
     .body = &schema_hosted_template_spec, .reply = &schema_message_response, .status = 201,
     .doc = "Change a hosted template."},
    {DELETE(ORGANIZATION_EDIT), "/rest/HostedTemplate/{id}", "DeleteHostedTemplate",
     .lookup = &lookup_hosted_template, .params = {path_id},
     .reply = &schema_message_response,
     .doc = "Delete a hosted template."},
    {GET(ORGANIZATION_MEMBER), "/rest/HostedTemplates/{organization}", "GetHostedTemplateList",
     .params = {path_organization}, .reply = &schema_hosted_template,
     .flags = REPLY_LIST,
     .doc = "All hosted templates."},
    {POST(ORGANIZATION_EDIT), "/rest/HostedTemplates/{organization}", "CreateHostedTemplate",
     .params = {path_organization}, .body = &schema_hosted_template_spec,
     .reply = &schema_create_response,
     .doc = "Create a hosted template."},
    {0},
};
