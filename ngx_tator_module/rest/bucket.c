/*
 * Buckets: object stores of an organization.
 */

#include <tator/store.h>

#include "../api/columns.h"
#include "../api/delete.h"
#include "common.h"

static const field_t bucket_common_fields[] = {
    {"archive_sc", STRING(ENUM_ARCHIVE_CLASS), OPTIONAL, "Storage class of archived objects."},
    {"live_sc", STRING(ENUM("STANDARD")), OPTIONAL, "Storage class of objects in use."},
    {"external_host", STRING(), OPTIONAL, "Host to write in URLs instead of the store's."},
    {"effective_permission", INTEGER(), OPTIONAL, "What the caller may do with it, as bits."},
    {0},
};

static const field_t bucket_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"organization", INTEGER(), OPTIONAL, "The organization it belongs to."},
    {"endpoint_url", STRING(), OPTIONAL, "Address of the store."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"store_type", STRING(ENUM_STORE_TYPE), OPTIONAL, "Kind of store."},
    {0},
};

static const field_t bucket_spec_fields[] = {
    {"config", ANY(ONE_OF(&schema_bucket_gcp_config, &schema_bucket_oci_config, &schema_bucket_s3_config, &schema_bucket_azure_config)), REQUIRED,
     "How to reach the store."},
    {"name", STRING(), REQUIRED, "Its name."},
    {"store_type", STRING(ENUM_STORE_TYPE), REQUIRED, "Kind of store."},
    {0},
};

static const field_t bucket_update_fields[] = {
    {"config", ANY(ONE_OF(&schema_bucket_gcp_config, &schema_bucket_oci_config, &schema_bucket_s3_config, &schema_bucket_azure_config)), OPTIONAL,
     "How to reach the store."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"store_type", STRING(ENUM_STORE_TYPE), OPTIONAL, "Kind of store."},
    {0},
};

static const field_t bucket_azure_config_fields[] = {
    {"connection_string", STRING(), REQUIRED, "Connection string of the storage account."},
    {0},
};

static const field_t bucket_gcp_config_fields[] = {
    {"type", STRING(), REQUIRED, "Kind of account."},
    {"project_id", STRING(), REQUIRED, "Project of the service account."},
    {"private_key_id", STRING(), REQUIRED, "Id of the private key."},
    {"private_key", STRING(), REQUIRED, "The private key."},
    {"client_email", STRING(), REQUIRED, "Address of the service account."},
    {"client_id", STRING(), REQUIRED, "Id of the service account."},
    {"auth_uri", STRING(), REQUIRED, "Where authorization begins."},
    {"token_uri", STRING(), REQUIRED, "Where tokens are made."},
    {"auth_provider_x509_cert_url", STRING(), REQUIRED, "Where the provider's certificates are."},
    {"client_x509_cert_url", STRING(), REQUIRED, "Where the account's certificate is."},
    {0},
};

static const field_t bucket_oci_config_fields[] = {
    {"boto3_config", REF(schema_bucket_s3_config), REQUIRED, "Access by the S3 protocol."},
    {"native_config", REF(schema_bucket_oci_native_config), REQUIRED, "Access by the store's own protocol."},
    {0},
};

static const field_t bucket_oci_native_config_fields[] = {
    {"user", STRING(), REQUIRED, "Id of the account."},
    {"key_content", STRING(), REQUIRED, "The private key."},
    {"fingerprint", STRING(), REQUIRED, "Fingerprint of the key."},
    {"tenancy", STRING(), REQUIRED, "Tenancy of the account."},
    {"region", STRING(), REQUIRED, "Region of the store."},
    {0},
};

static const field_t bucket_s3_config_fields[] = {
    {"endpoint_url", STRING(), REQUIRED, "Address of the store."},
    {"region_name", STRING(), REQUIRED, "Region of the store."},
    {"aws_access_key_id", STRING(), REQUIRED, "Access key of the store."},
    {"aws_secret_access_key", STRING(), REQUIRED, "Secret of the access key."},
    {0},
};

const schema_t schema_bucket = OBJECT(bucket_fields, SHARED(bucket_common_fields), NAMED("Bucket"));
const schema_t schema_bucket_azure_config = OBJECT(bucket_azure_config_fields, NAMED("BucketAzureConfig"));
const schema_t schema_bucket_gcp_config = OBJECT(bucket_gcp_config_fields, NAMED("BucketGCPConfig"));
const schema_t schema_bucket_oci_config = OBJECT(bucket_oci_config_fields, NAMED("BucketOCIConfig"));
const schema_t schema_bucket_oci_native_config =
    OBJECT(bucket_oci_native_config_fields, NAMED("BucketOCINativeConfig"));
const schema_t schema_bucket_s3_config = OBJECT(bucket_s3_config_fields, NAMED("BucketS3Config"));
const schema_t schema_bucket_spec = OBJECT(bucket_spec_fields, SHARED(bucket_common_fields), NAMED("BucketSpec"));
const schema_t schema_bucket_update = OBJECT(bucket_update_fields, SHARED(bucket_common_fields), NAMED("BucketUpdate"));

const lookup_t lookup_bucket = {
    .model = "Bucket",
    .sql = "SELECT organization_id FROM main_bucket WHERE id = $1",
};

static const column_t bucket_columns[] = {
    {"id", "b.id", COLUMN_RAW},
    {"name", "b.name", COLUMN_TEXT},
    {"organization", "b.organization_id", COLUMN_RAW},
    {"endpoint_url",
     "CASE WHEN b.store_type = 'OCI' THEN b.config -> 'boto3_config' ->> 'endpoint_url'"
     " WHEN b.store_type IN ('AWS', 'MINIO', 'VAST') THEN b.config ->> 'endpoint_url' END", COLUMN_TEXT},
    {"archive_sc", "b.archive_sc", COLUMN_SAFE},
    {"live_sc", "b.live_sc", COLUMN_SAFE},
    {"store_type", "b.store_type", COLUMN_SAFE},
    {"external_host", "b.external_host", COLUMN_TEXT},
    {"effective_permission", "(tator.organization_permission(%ld::int, b.organization_id) >> 8)", COLUMN_MASK},
    {0},
};

/* Members that the configuration of each type must have; OCI's is taken as it is (contract/media.md §4, R). */
static const char *const bucket_members[STORE_TYPES][11] = {
    [STORE_AWS] = {"endpoint_url", "region_name", "aws_access_key_id", "aws_secret_access_key"},
    [STORE_MINIO] = {"endpoint_url", "region_name", "aws_access_key_id", "aws_secret_access_key"},
    [STORE_VAST] = {"endpoint_url", "region_name", "aws_access_key_id", "aws_secret_access_key"},
    [STORE_GCP] = {"type", "project_id", "private_key_id", "private_key", "client_email", "client_id", "auth_uri", "token_uri",
                   "auth_provider_x509_cert_url", "client_x509_cert_url"},
    [STORE_AZURE] = {"connection_string"},
};

static void    bucket_get(rq_t *rq);
static void    bucket_list(rq_t *rq);
static void    bucket_create(rq_t *rq);
static void    bucket_update(rq_t *rq);
static void    bucket_delete(rq_t *rq);
static sql_t  *bucket_select(rq_t *rq);
static void    bucket_check_config(rq_t *rq, store_type_t type);
static char   *bucket_class(rq_t *rq, store_type_t type, bool archive, const char *name);

const endpoint_t bucket_endpoints[] = {
    {GET(ORGANIZATION_EDIT), "/rest/Bucket/{id}", "GetBucket", bucket_get,
     .lookup = &lookup_bucket, .params = {path_id}, .reply = &schema_bucket,
     .doc = "A bucket."},
    {PATCH(ORGANIZATION_EDIT), "/rest/Bucket/{id}", "UpdateBucket", bucket_update,
     .lookup = &lookup_bucket, .params = {path_id},
     .body = &schema_bucket_update, .reply = &schema_message_response,
     .doc = "Change a bucket."},
    {DELETE(ORGANIZATION_EDIT), "/rest/Bucket/{id}", "DeleteBucket", bucket_delete,
     .lookup = &lookup_bucket, .params = {path_id},
     .reply = &schema_message_response,
     .doc = "Delete a bucket."},
    {GET(ORGANIZATION_EDIT), "/rest/Buckets/{organization}", "GetBucketList", bucket_list,
     .params = {path_organization}, .reply = &schema_bucket, .flags = REPLY_LIST,
     .doc = "All buckets."},
    {POST(ORGANIZATION_EDIT), "/rest/Buckets/{organization}", "CreateBucket", bucket_create,
     .params = {path_organization}, .body = &schema_bucket_spec,
     .reply = &schema_create_response,
     .doc = "Create a bucket."},
    {0},
};


/* GET Bucket/{id}: reading needs the affiliation Admin, too (contract/media.md §4) */
static void
bucket_get(rq_t *rq)
{
    sql_t    *sql = bucket_select(rq);
    result_t *result;

    sql_put(sql, " WHERE b.id = %ld", param_int(rq, "id", 0));

    result = pg_run(rq, sql);
    if (pg_rows(result) == 0) {
        fail_missing(rq, "Bucket");
    }

    reply_row(rq, 200, bucket_columns, result, 0);
}


/* GET Buckets/{organization} */
static void
bucket_list(rq_t *rq)
{
    sql_t *sql = bucket_select(rq);

    sql_put(sql, " WHERE b.organization_id = %ld ORDER BY b.id", rq->organization);
    reply_rows(rq, bucket_columns, pg_run(rq, sql));
}


/* POST Buckets/{organization} */
static void
bucket_create(rq_t *rq)
{
    store_type_t type = (store_type_t) store_type_of(param_text(rq, "store_type"));
    result_t    *result;

    bucket_check_config(rq, type);

    result = pg_query(rq,
                      "INSERT INTO main_bucket (name, config, store_type, external_host, archive_sc, live_sc, organization_id)"
                      " VALUES (%s, %p, %s, %s, %s, %s, %ld) RETURNING id",
                      param_text(rq, "name"), param(rq, "config"), store_type_name(type), param_text(rq, "external_host"),
                      bucket_class(rq, type, true, "archive_sc"), bucket_class(rq, type, false, "live_sc"), rq->organization);

    reply_created(rq, pg_int(result, 0, 0), "Bucket %s created!", param_text(rq, "name"));
}


/* PATCH Bucket/{id}: classes that are given must be allowed for the new or present type; those that are not given stay. */
static void
bucket_update(rq_t *rq)
{
    int          number;
    int64_t      id = param_int(rq, "id", 0);
    result_t    *old;
    store_type_t type;

    tx_begin(rq);

    old = pg_query(rq, "SELECT store_type FROM main_bucket WHERE id = %ld FOR UPDATE", id);
    if (pg_rows(old) == 0) {
        fail_missing(rq, "Bucket");
    }

    number = store_type_of(param_given(rq, "store_type") ? param_text(rq, "store_type") : pg_text(old, 0, 0));
    type = number < 0 ? STORE_MINIO : (store_type_t) number;

    if (param_given(rq, "config")) {
        bucket_check_config(rq, type);
    }

    pg_query(rq,
             "UPDATE main_bucket SET name = coalesce(%s, name), config = coalesce(%p::jsonb, config), store_type = coalesce(%s, store_type),"
             " external_host = coalesce(%s, external_host), archive_sc = coalesce(%s, archive_sc), live_sc = coalesce(%s, live_sc)"
             " WHERE id = %ld",
             param_text(rq, "name"), param_given(rq, "config") ? param(rq, "config") : NULL, param_text(rq, "store_type"),
             param_text(rq, "external_host"), param_given(rq, "archive_sc") ? bucket_class(rq, type, true, "archive_sc") : NULL,
             param_given(rq, "live_sc") ? bucket_class(rq, type, false, "live_sc") : NULL, id);

    tx_commit(rq);

    reply_message(rq, 200, "Bucket %ld updated successfully!", (long) id);
}


/* DELETE Bucket/{id}: projects that use it fall back to the default; refused while a resource is in it. */
static void
bucket_delete(rq_t *rq)
{
    int64_t id = param_int(rq, "id", 0);

    tx_begin(rq);
    delete_rows(rq, "main_bucket", sql_int_array(rq->arena, &id, 1));
    tx_commit(rq);

    reply_message(rq, 200, "Bucket %ld deleted successfully!", (long) id);
}


static sql_t *
bucket_select(rq_t *rq)
{
    sql_t *sql = sql_new(rq->arena);

    if (!rq->admin) {
        fail_permission(rq);
    }

    sql_put(sql, "SELECT ");
    columns_select_for(rq, sql, bucket_columns);
    sql_put(sql, " FROM main_bucket b");

    return sql;
}


static void
bucket_check_config(rq_t *rq, store_type_t type)
{
    const char *const *name;

    for (name = bucket_members[type]; *name != NULL; name++) {
        if (!json_is_string(json_object_get(param(rq, "config"), *name))) {
            fail(rq, 400, "The config of a store of type %s needs a text %s.", store_type_name(type), *name);
        }
    }
}


/* The class given, checked, or the type's default. */
static char *
bucket_class(rq_t *rq, store_type_t type, bool archive, const char *name)
{
    const char *given = param_text(rq, name);

    if (given != NULL && !store_class_allowed(type, archive, given)) {
        fail(rq, 400, "%s storage class '%s' invalid for %s store", archive ? "Archive" : "Live", given, store_type_label(type));
    }

    return arena_text(rq->arena, given != NULL ? given : store_default_class(type, archive));
}
