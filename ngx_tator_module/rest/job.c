/*
 * Jobs: runs of registered algorithms.
 */

#include "common.h"

static const field_t job_fields[] = {
    {"id", STRING(), OPTIONAL, "Id of the job."},
    {"uid", STRING(), OPTIONAL, "Id of the upload or job."},
    {"gid", STRING(), OPTIONAL, "Group that the upload belonged to."},
    {"user", INTEGER(), OPTIONAL, "Id of the user."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"nodes", ARRAY(REF(schema_job_node)), OPTIONAL, "Steps of the job."},
    {"status", STRING(), OPTIONAL, "How far it is."},
    {"start_time", STRING(FORMAT("date-time"), NULLABLE), OPTIONAL, "When it began."},
    {"stop_time", STRING(FORMAT("date-time"), NULLABLE), OPTIONAL, "When it ended."},
    {"media_ids", ARRAY(INTEGER()), OPTIONAL, "Media."},
    {0},
};

static const field_t job_node_fields[] = {
    {"id", STRING(), OPTIONAL, "Id of the step."},
    {"children", ARRAY(STRING()), OPTIONAL, "Nodes that run after it."},
    {"task", STRING(), OPTIONAL, "What it runs."},
    {"status", STRING(), OPTIONAL, "How it stands."},
    {"start_time", STRING(FORMAT("date-time"), NULLABLE), OPTIONAL, "When it began."},
    {"stop_time", STRING(FORMAT("date-time"), NULLABLE), OPTIONAL, "When it ended."},
    {0},
};

static const field_t job_spec_success_email_spec_fields[] = {
    {"recipients", ARRAY(STRING()), REQUIRED, "E-mail addresses."},
    {"subject", STRING(), REQUIRED, "Subject of the mail."},
    {"text", STRING(), REQUIRED, "Text of the mail."},
    {"attachments", ARRAY(REF(schema_email_attachment_spec)), OPTIONAL, "Files to send along."},
    {0},
};

static const field_t job_spec_failure_email_spec_fields[] = {
    {"recipients", ARRAY(STRING()), REQUIRED, "E-mail addresses."},
    {"subject", STRING(), REQUIRED, "Subject of the mail."},
    {"text", STRING(), REQUIRED, "Text of the mail."},
    {"attachments", ARRAY(REF(schema_email_attachment_spec)), OPTIONAL, "Files to send along."},
    {0},
};

static const field_t job_spec_fields[] = {
    {"algorithm_name", STRING(), REQUIRED, "Name of the registered algorithm to run."},
    {"media_ids", ARRAY(INTEGER()), REQUIRED, "Media."},
    {"extra_params", ARRAY(REF(schema_algorithm_parameter)), OPTIONAL, "Parameters of this run."},
    {"success_email_spec", OBJECT(job_spec_success_email_spec_fields, NULLABLE), OPTIONAL,
     "Mail to send when it succeeds."},
    {"failure_email_spec", OBJECT(job_spec_failure_email_spec_fields, NULLABLE), OPTIONAL,
     "Mail to send when it fails."},
    {0},
};

const schema_t schema_job = OBJECT(job_fields, NAMED("Job"));
const schema_t schema_job_node = OBJECT(job_node_fields, NAMED("JobNode"));
const schema_t schema_job_spec = OBJECT(job_spec_fields, NAMED("JobSpec"));

static const field_t job_list_params[] = {
    {"gid", STRING(), OPTIONAL, "Only this group of uploads."},
    {"media_id", ARRAY(INTEGER()), OPTIONAL, "Only these media."},
    {0},
};

const endpoint_t job_endpoints[] = {
    {GET(OPEN), "/rest/Job/{uid}", "GetJob",
     .params = {path_uid}, .reply = &schema_job,
     .doc = "A job."},
    {DELETE(OPEN), "/rest/Job/{uid}", "DeleteJob",
     .params = {path_uid}, .reply = &schema_message_response,
     .doc = "Cancel a job."},
    {GET(VIEW), "/rest/Jobs/{project}", "GetJobList",
     .params = {path_project, job_list_params}, .reply = &schema_job, .flags = REPLY_LIST,
     .doc = "Jobs of a project."},
    {POST(VIEW), "/rest/Jobs/{project}", "CreateJobList",
     .params = {path_project}, .body = &schema_job_spec,
     .reply = &schema_create_list_response,
     .doc = "Run an algorithm on media."},
    {DELETE(EXECUTE), "/rest/Jobs/{project}", "DeleteJobList",
     .params = {path_project, job_list_params}, .reply = &schema_message_response,
     .doc = "Cancel jobs."},
    {0},
};
