/*
 * Job clusters: where algorithms run.
 */

#include "../api/columns.h"
#include "../api/delete.h"
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

static const column_t job_cluster_columns[] = {
    {"id", "c.id", COLUMN_RAW},
    {"organization", "c.organization_id", COLUMN_RAW},
    {"name", "c.name", COLUMN_TEXT},
    {"host", "c.host", COLUMN_TEXT},
    {"port", "c.port", COLUMN_RAW},
    {"token", "c.token", COLUMN_TEXT},
    {"cert", "c.cert", COLUMN_TEXT},
    {"effective_permission", "(tator.organization_permission(%ld::int, c.organization_id) >> 8)", COLUMN_MASK},
    {0},
};

static void   job_cluster_get(rq_t *rq);
static void   job_cluster_list(rq_t *rq);
static void   job_cluster_create(rq_t *rq);
static void   job_cluster_update(rq_t *rq);
static void   job_cluster_delete(rq_t *rq);
static sql_t *job_cluster_select(rq_t *rq);

const endpoint_t job_cluster_endpoints[] = {
    {GET(ORGANIZATION_EDIT), "/rest/JobCluster/{id}", "GetJobCluster", job_cluster_get,
     .lookup = &lookup_job_cluster, .params = {path_id},
     .reply = &schema_job_cluster,
     .doc = "A job cluster."},
    {PATCH(ORGANIZATION_EDIT), "/rest/JobCluster/{id}", "UpdateJobCluster", job_cluster_update,
     .lookup = &lookup_job_cluster, .params = {path_id},
     .body = &schema_job_cluster_spec, .reply = &schema_message_response, .status = 201,
     .doc = "Change a job cluster."},
    {DELETE(ORGANIZATION_EDIT), "/rest/JobCluster/{id}", "DeleteJobCluster", job_cluster_delete,
     .lookup = &lookup_job_cluster, .params = {path_id},
     .reply = &schema_message_response,
     .doc = "Delete a job cluster."},
    {GET(ORGANIZATION_EDIT), "/rest/JobClusters/{organization}", "GetJobClusterList", job_cluster_list,
     .params = {path_organization}, .reply = &schema_job_cluster,
     .flags = REPLY_LIST,
     .doc = "All job clusters."},
    {POST(ORGANIZATION_EDIT), "/rest/JobClusters/{organization}", "CreateJobCluster", job_cluster_create,
     .params = {path_organization}, .body = &schema_job_cluster_spec,
     .reply = &schema_create_response,
     .doc = "Create a job cluster."},
    {0},
};


/* GET JobCluster/{id}: reading needs the affiliation Admin, too (contract/operations.md §8) */
static void
job_cluster_get(rq_t *rq)
{
    sql_t    *sql = job_cluster_select(rq);
    result_t *result;

    sql_put(sql, " WHERE c.id = %ld", param_int(rq, "id", 0));

    result = pg_run(rq, sql);
    if (pg_rows(result) == 0) {
        fail_missing(rq, "JobCluster");
    }

    reply_row(rq, 200, job_cluster_columns, result, 0);
}


/* GET JobClusters/{organization} */
static void
job_cluster_list(rq_t *rq)
{
    sql_t *sql = job_cluster_select(rq);

    sql_put(sql, " WHERE c.organization_id = %ld ORDER BY c.id", rq->organization);
    reply_rows(rq, job_cluster_columns, pg_run(rq, sql));
}


/* POST JobClusters/{organization} */
static void
job_cluster_create(rq_t *rq)
{
    result_t *result;

    tx_begin(rq);

    /* One at a time: the name must be the organization's only one. */
    pg_query(rq, "SELECT FROM main_organization WHERE id = %ld FOR UPDATE", rq->organization);

    result = pg_query(rq, "SELECT FROM main_jobcluster WHERE organization_id = %ld AND name = %s", rq->organization, param_text(rq, "name"));
    if (pg_rows(result) != 0) {
        fail(rq, 400, "Provided job cluster name '%s' already exists", param_text(rq, "name"));
    }

    result = pg_query(rq,
                      "INSERT INTO main_jobcluster (name, host, port, token, cert, organization_id)"
                      " VALUES (%s, %s, %ld, %s, %s, %ld) RETURNING id",
                      param_text(rq, "name"), param_text(rq, "host"), param_int(rq, "port", 0), param_text(rq, "token"),
                      param_text(rq, "cert"), rq->organization);
    tx_commit(rq);

    reply_created(rq, pg_int(result, 0, 0), "Successfully registered job cluster.");
}


/* PATCH JobCluster/{id}: all five members, as on creation */
static void
job_cluster_update(rq_t *rq)
{
    int64_t id = param_int(rq, "id", 0);

    pg_query(rq, "UPDATE main_jobcluster SET name = %s, host = %s, port = %ld, token = %s, cert = %s WHERE id = %ld", param_text(rq, "name"),
             param_text(rq, "host"), param_int(rq, "port", 0), param_text(rq, "token"), param_text(rq, "cert"), id);

    reply_message(rq, 200, "Job Cluster %ld successfully updated!", (long) id);
}


/* DELETE JobCluster/{id}: algorithms that ran there have none then */
static void
job_cluster_delete(rq_t *rq)
{
    int64_t id = param_int(rq, "id", 0);

    tx_begin(rq);
    delete_rows(rq, "main_jobcluster", sql_int_array(rq->arena, &id, 1));
    tx_commit(rq);

    reply_message(rq, 200, "Job cluster deleted successfully!");
}


static sql_t *
job_cluster_select(rq_t *rq)
{
    sql_t *sql = sql_new(rq->arena);

    if (!rq->admin) {
        fail_permission(rq);
    }

    sql_put(sql, "SELECT ");
    columns_select_for(rq, sql, job_cluster_columns);
    sql_put(sql, " FROM main_jobcluster c");

    return sql;
}
