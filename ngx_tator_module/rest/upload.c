/*
 * Upload URLs and the end of multipart uploads.
 */

#include "common.h"

static const field_t upload_completion_spec_fields[] = {
    {"key", STRING(), OPTIONAL, "Object key."},
    {"upload_id", STRING(), OPTIONAL, "Id of the multipart upload."},
    {"parts", ARRAY(REF(schema_upload_part), MIN_ITEMS(2), MAX_ITEMS(10000)), OPTIONAL, "Parts of a multipart upload."},
    {"bucket_id", INTEGER(MINIMUM(1), NULLABLE), OPTIONAL, "Bucket that received the upload."},
    {0},
};

static const field_t upload_info_fields[] = {
    {"urls", ARRAY(STRING(), MIN_ITEMS(1)), OPTIONAL, "Where to put the parts."},
    {"key", STRING(), OPTIONAL, "Object key."},
    {"upload_id", STRING(), OPTIONAL, "Id of the multipart upload."},
    {0},
};

static const field_t upload_part_fields[] = {
    {"ETag", STRING(), OPTIONAL, "Entity tag that the store answered for the part."},
    {"PartNumber", INTEGER(), OPTIONAL, "Number of the part, counted from 1."},
    {0},
};

const schema_t schema_upload_completion_spec = OBJECT(upload_completion_spec_fields, NAMED("UploadCompletionSpec"));
const schema_t schema_upload_info = OBJECT(upload_info_fields, NAMED("UploadInfo"));
const schema_t schema_upload_part = OBJECT(upload_part_fields, NAMED("UploadPart"));

static const field_t organization_upload_info_params[] = {
    {"expiration", INTEGER(MINIMUM(1), MAXIMUM(604800), DEFAULT("86400")), OPTIONAL, "Seconds that the URLs hold."},
    {"num_parts", INTEGER(MINIMUM(1), MAXIMUM(10000), DEFAULT("1")), OPTIONAL, "How many parts the upload has."},
    {0},
};

static const field_t upload_info_params[] = {
    {"expiration", INTEGER(MINIMUM(1), MAXIMUM(604800), DEFAULT("86400")), OPTIONAL, "Seconds that the URLs hold."},
    {"num_parts", INTEGER(MINIMUM(1), MAXIMUM(10000), DEFAULT("1")), OPTIONAL, "How many parts the upload has."},
    {"media_id", INTEGER(MINIMUM(1)), OPTIONAL, "Only these media."},
    {"file_id", INTEGER(MINIMUM(1)), OPTIONAL, "File that the upload is for."},
    {"filename", STRING(), OPTIONAL, "Name of the file."},
    {"bucket_id", INTEGER(MINIMUM(1)), OPTIONAL, "Bucket that holds the file."},
    {0},
};

const endpoint_t upload_endpoints[] = {
    {GET, "/rest/OrganizationUploadInfo/{organization}", "GetOrganizationUploadInfo",
     .access = ACCESS_ORGANIZATION_EDIT, .params = {path_organization, organization_upload_info_params},
     .reply = &schema_upload_info,
     .doc = "URLs to upload a file of the organization."},
    {POST, "/rest/UploadCompletion/{project}", "CompleteUpload",
     .access = ACCESS_TRANSFER, .params = {path_project}, .body = &schema_upload_completion_spec,
     .reply = &schema_message_response,
     .doc = "Finish a multipart upload."},
    {GET, "/rest/UploadInfo/{project}", "GetUploadInfo",
     .access = ACCESS_TRANSFER, .params = {path_project, upload_info_params}, .reply = &schema_upload_info,
     .doc = "URLs to upload a file of the project."},
    {0},
};
