/*
 * Buckets: object stores of an organization.
 */

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

const endpoint_t bucket_endpoints[] = {
    {GET, "/rest/Bucket/{id}", "GetBucket",
     .access = ACCESS_ORGANIZATION_EDIT, .lookup = &lookup_bucket, .params = {path_id}, .reply = &schema_bucket,
     .doc = "A bucket."},
    {PATCH, "/rest/Bucket/{id}", "UpdateBucket",
     .access = ACCESS_ORGANIZATION_EDIT, .lookup = &lookup_bucket, .params = {path_id},
     .body = &schema_bucket_update, .reply = &schema_message_response,
     .doc = "Change a bucket."},
    {DELETE, "/rest/Bucket/{id}", "DeleteBucket",
     .access = ACCESS_ORGANIZATION_EDIT, .lookup = &lookup_bucket, .params = {path_id},
     .reply = &schema_message_response,
     .doc = "Delete a bucket."},
    {GET, "/rest/Buckets/{organization}", "GetBucketList",
     .access = ACCESS_ORGANIZATION_EDIT, .params = {path_organization}, .reply = &schema_bucket, .flags = REPLY_LIST,
     .doc = "All buckets."},
    {POST, "/rest/Buckets/{organization}", "CreateBucket",
     .access = ACCESS_ORGANIZATION_EDIT, .params = {path_organization}, .body = &schema_bucket_spec,
     .reply = &schema_create_response,
     .doc = "Create a bucket."},
    {0},
};
