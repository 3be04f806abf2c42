/*
 * Buckets: folders of buckets/.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "objects.h"


void
objects_buckets(objects_request_t *request)
{
    DIR           *scan;
    char          *path;
    struct stat    status;
    struct dirent *entry;

    path = arena_format(request->arena, "%s/buckets", request->store->root);
    objects_xml_begin(request, "ListAllMyBucketsResult");
    text_puts(&request->xml, "<Owner><ID>tator</ID><DisplayName>tator</DisplayName></Owner><Buckets>");

    scan = opendir(path);

    while (scan != NULL && (entry = readdir(scan)) != NULL) {
        if (name_bucket_good(entry->d_name) && fstatat(dirfd(scan), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
            text_puts(&request->xml, "<Bucket>");
            objects_xml_put(request, "Name", entry->d_name);
            objects_xml_time(request, "CreationDate", status.st_mtime);
            text_puts(&request->xml, "</Bucket>");
        }
    }

    if (scan != NULL) {
        closedir(scan);
    }

    text_puts(&request->xml, "</Buckets>");
    objects_xml_end(request, "ListAllMyBucketsResult");
}


void
objects_bucket_create(objects_request_t *request)
{
    if (!object_make_folders(arena_format(request->arena, "%s/buckets/%s/", request->store->root, request->bucket))) {
        objects_fail_errno(request);
        return;
    }

    objects_answer_header(request, "Location", arena_format(request->arena, "/%s", request->bucket));
    request->status = 200;
}


void
objects_bucket_head(objects_request_t *request)
{
    request->status = 200;
}


void
objects_bucket_delete(objects_request_t *request)
{
    char *path;

    path = arena_format(request->arena, "%s/buckets/%s", request->store->root, request->bucket);

    if (rmdir(path) != 0) {
        if (errno == ENOTEMPTY || errno == EEXIST) {
            objects_fail(request, "BucketNotEmpty");
        } else {
            objects_fail_errno(request);
        }
        return;
    }

    sync_folder_of(path);
    request->status = 204;
}


void
objects_location(objects_request_t *request)
{
    objects_xml_begin(request, "LocationConstraint");
    objects_xml_end(request, "LocationConstraint");
}


void
objects_versioning(objects_request_t *request)
{
    objects_xml_begin(request, "VersioningConfiguration");
    objects_xml_end(request, "VersioningConfiguration");
}
