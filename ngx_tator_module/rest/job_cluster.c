/*
 * Job clusters: where algorithms run.
 */

#include "common.h"

static const field_t job_cluster_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"organization", INTEGER(), OPTIONAL, "The organization it belongs to."},
    {"effective_permission", INTEGER(), OPTIONAL, "What the caller may do with it, as bits."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"host", STRING(), OPTIONAL, "Host name of the cluster."},
    {"port", INTEGER(), OPTIONAL, "Port of the host."},
    {"token", STRING(), OPTIONAL, "Token of the cluster's service account."},
    {"cert", STRING(), OPTIONAL, "Certificate that proves the host, in PEM."},
    {0},
};

static const field_t job_cluster_spec_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {"host", STRING(), REQUIRED, "Host name of the cluster."},
    {"port", INTEGER(), REQUIRED, "Port of the host."},
    {"token", STRING(), REQUIRED, "Token of the cluster's service account."},
    {"cert", STRING(), REQUIRED, "Certificate that proves the host, in PEM."},
    {0},
};

const schema_t schema_job_cluster = OBJECT(job_cluster_fields, NAMED("JobCluster"));
const schema_t schema_job_cluster_spec = OBJECT(job_cluster_spec_fields, NAMED("JobClusterSpec"));

const lookup_t lookup_job_cluster = {
    .model = "JobCluster",
    .sql = "SELECT organization_id FROM main_jobcluster WHERE id = $1",
};

const endpoint_t job_cluster_endpoints[] = {
    {GET, "/rest/JobCluster/{id}", "GetJobCluster",
     .access = ACCESS_ORGANIZATION_EDIT, .lookup = &lookup_job_cluster, .params = {path_id},
     .reply = &schema_job_cluster,
     .doc = "A job cluster."},
    {PATCH, "/rest/JobCluster/{id}", "UpdateJobCluster",
     .access = ACCESS_ORGANIZATION_EDIT, .lookup = &lookup_job_cluster, .params = {path_id},
     .body = &schema_job_cluster_spec, .reply = &schema_message_response, .status = 201,
     .doc = "Change a job cluster."},
    {DELETE, "/rest/JobCluster/{id}", "DeleteJobCluster",
     .access = ACCESS_ORGANIZATION_EDIT, .lookup = &lookup_job_cluster, .params = {path_id},
     .reply = &schema_message_response,
     .doc = "Delete a job cluster."},
    {GET, "/rest/JobClusters/{organization}", "GetJobClusterList",
     .access = ACCESS_ORGANIZATION_EDIT, .params = {path_organization}, .reply = &schema_job_cluster,
     .flags = REPLY_LIST,
     .doc = "All job clusters."},
    {POST, "/rest/JobClusters/{organization}", "CreateJobCluster",
     .access = ACCESS_ORGANIZATION_EDIT, .params = {path_organization}, .body = &schema_job_cluster_spec,
     .reply = &schema_create_response,
     .doc = "Create a job cluster."},
    {0},
};
