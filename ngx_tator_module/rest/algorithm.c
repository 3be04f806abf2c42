/*
 * Registered algorithms: workflows that users run on media.
 */

#include "common.h"

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

const endpoint_t algorithm_endpoints[] = {
    {GET(VIEW), "/rest/Algorithm/{id}", "GetAlgorithm",
     .lookup = &lookup_algorithm, .params = {path_id}, .reply = &schema_algorithm,
     .doc = "An algorithm."},
    {PATCH(EDIT), "/rest/Algorithm/{id}", "UpdateAlgorithm",
     .lookup = &lookup_algorithm, .params = {path_id}, .body = &schema_algorithm_spec,
     .reply = &schema_message_response,
     .doc = "Change an algorithm."},
    {DELETE(EDIT), "/rest/Algorithm/{id}", "DeleteAlgorithm",
     .lookup = &lookup_algorithm, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete an algorithm."},
    {GET(VIEW), "/rest/Algorithms/{project}", "GetAlgorithmList",
     .params = {path_project}, .reply = &schema_algorithm, .flags = REPLY_LIST,
     .doc = "All algorithms."},
    {POST(EDIT), "/rest/Algorithms/{project}", "RegisterAlgorithm",
     .params = {path_project}, .body = &schema_algorithm_spec,
     .reply = &schema_create_response,
     .doc = "Register an algorithm."},
    {0},
};
