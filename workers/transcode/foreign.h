/*
 * A bucket of somebody else, on Amazon S3 or what AWS_ENDPOINT_URL names: archival files go there by `s3_storage` of an entry of
 * archive_config, and no media knows of them (contract/media.md §18).
 */

#ifndef TRANSCODE_FOREIGN_H
#define TRANSCODE_FOREIGN_H

#include "destination.h"

/* `storage`: aws_access_key, aws_secret_access_key, bucket_name; `prefix` of the keys. NULL: the fault is noted. */
destination_t *foreign_open(const json_t *storage, const char *prefix, fault_t *fault);
void           foreign_close(destination_t *destination);

#endif
