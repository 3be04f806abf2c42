/*
 * Download URLs for object keys.
 */

#include "common.h"

static const field_t download_info_fields[] = {
    {"key", STRING(), OPTIONAL, "Object key."},
    {"url", STRING(), OPTIONAL, "Its address."},
    {0},
};

static const field_t download_info_spec_fields[] = {
    {"keys", ARRAY(STRING()), REQUIRED, "Object keys."},
    {0},
};

const schema_t schema_download_info = OBJECT(download_info_fields, NAMED("DownloadInfo"));
const schema_t schema_download_info_spec = OBJECT(download_info_spec_fields, NAMED("DownloadInfoSpec"));

static const field_t download_info_params[] = {
    {"expiration", INTEGER(MINIMUM(1), MAXIMUM(604800), DEFAULT("86400")), OPTIONAL, "Seconds that the URLs hold."},
    {0},
};

const endpoint_t download_endpoints[] = {
    {POST, "/rest/DownloadInfo/{project}", "GetDownloadInfo",
     .access = ACCESS_TRANSFER, .params = {path_project, download_info_params}, .body = &schema_download_info_spec,
     .reply = &schema_download_info, .flags = REPLY_LIST,
     .doc = "URLs to download object keys."},
    {0},
};
