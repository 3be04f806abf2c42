/*
 * The operations: their table, what all have in common, and the short ones. Except for objects_dispatch() everything here runs in a
 * thread and may wait for the disk.
 */

#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tator/base64.h>
#include <tator/uri.h>
#include <tator/xml.h>

#include "objects.h"


typedef struct {
    int         number;
    const char *code;
} objects_errno_t;


static void  objects_get(objects_request_t *request);
static void  objects_put(objects_request_t *request);
static void  objects_delete(objects_request_t *request);
static void  objects_delete_many(objects_request_t *request);
static void  objects_copy(objects_request_t *request, const char *path);
static void  objects_restore(objects_request_t *request);
static bool  objects_sink(objects_request_t *request, const void *data, size_t len);
static bool  objects_preconditions(objects_request_t *request, const char *path);


/* The first row that fits is it. */
static const objects_operation_t objects_operations[] = {
    {"GET", false, false, NULL, BODY_NONE, objects_buckets},

    {"GET", true, false, "location", BODY_NONE, objects_location},
    {"GET", true, false, "versioning", BODY_NONE, objects_versioning},
    {"GET", true, false, "uploads", BODY_NONE, objects_uploads},
    {"GET", true, false, NULL, BODY_NONE, objects_list},
    {"HEAD", true, false, NULL, BODY_NONE, objects_bucket_head},
    {"PUT", true, false, NULL, BODY_XML, objects_bucket_create},
    {"DELETE", true, false, NULL, BODY_NONE, objects_bucket_delete},
    {"POST", true, false, "delete", BODY_XML, objects_delete_many},

    {"GET", true, true, "tagging", BODY_NONE, objects_tags_get},
    {"GET", true, true, "uploadId", BODY_NONE, objects_upload_parts},
    {"GET", true, true, NULL, BODY_NONE, objects_get},
    {"HEAD", true, true, NULL, BODY_NONE, objects_get},
    {"PUT", true, true, "tagging", BODY_XML, objects_tags_put},
    {"PUT", true, true, "uploadId", BODY_OBJECT, objects_upload_part},
    {"PUT", true, true, NULL, BODY_OBJECT, objects_put},
    {"POST", true, true, "uploads", BODY_XML, objects_upload_start},
    {"POST", true, true, "uploadId", BODY_XML, objects_upload_complete},
    {"POST", true, true, "restore", BODY_XML, objects_restore},
    {"DELETE", true, true, "tagging", BODY_NONE, objects_tags_delete},
    {"DELETE", true, true, "uploadId", BODY_NONE, objects_upload_abort},
    {"DELETE", true, true, NULL, BODY_NONE, objects_delete},
    {NULL, false, false, NULL, BODY_NONE, NULL},
};

/* Members of the query that make it an operation that this store does not have. */
static const char *const objects_not_here[] = {
    "accelerate", "acl", "analytics", "cors", "encryption", "intelligent-tiering", "inventory", "legal-hold", "lifecycle", "logging",
    "metrics", "notification", "object-lock", "ownershipControls", "policy", "policyStatus", "publicAccessBlock", "replication",
    "requestPayment", "retention", "select", "torrent", "versions", "website", "attributes", NULL};

static const objects_error_t objects_errors[] = {
    {"AccessDenied", 403, "Access Denied"},
    {"AuthorizationHeaderMalformed", 400, "The authorization header is not valid."},
    {"AuthorizationQueryParametersError", 400, "The signature's query parameters are not valid."},
    {"BadDigest", 400, "The digest that was given is not that of the body."},
    {"BucketNotEmpty", 409, "The bucket is not empty."},
    {"EntityTooLarge", 400, "The body is too large."},
    {"ExpiredRequest", 403, "Request has expired"},
    {"IncompleteBody", 400, "The body is shorter than announced."},
    {"InsufficientStorage", 507, "The disk is full."},
    {"InternalError", 500, "An internal error occurred."},
    {"InvalidAccessKeyId", 403, "The access key is not known."},
    {"InvalidArgument", 400, "A parameter is not valid."},
    {"InvalidBucketName", 400, "The bucket's name is not valid."},
    {"InvalidDigest", 400, "The Content-MD5 header is not valid."},
    {"InvalidPart", 400, "A part is missing, or its ETag is another one."},
    {"InvalidPartOrder", 400, "The parts are not in ascending order."},
    {"InvalidRequest", 400, "The request is not valid."},
    {"KeyTooLongError", 400, "The key is too long."},
    {"MalformedXML", 400, "The XML of the body is not valid."},
    {"MetadataTooLarge", 400, "The metadata is too large."},
    {"MethodNotAllowed", 405, "The method is not allowed for this resource."},
    {"MissingSecurityHeader", 400, "The header x-amz-content-sha256 is missing."},
    {"NoSuchBucket", 404, "The bucket does not exist."},
    {"NoSuchKey", 404, "The key does not exist."},
    {"NoSuchUpload", 404, "The upload does not exist; it may have been completed or aborted."},
    {"NotImplemented", 501, "This store does not have the operation."},
    {"PreconditionFailed", 412, "A precondition of the request does not hold."},
    {"RequestTimeTooSkewed", 403, "The request's time differs too much from the server's."},
    {"SignatureDoesNotMatch", 403, "The signature is not that of the request."},
    {"SlowDown", 503, "The server is busy; try again."},
    {"XAmzContentSHA256Mismatch", 400, "The body's SHA-256 is not the one that was signed."},
    {NULL, 500, NULL},
};

static const objects_errno_t objects_errnos[] = {
    {ENOENT, "NoSuchKey"},       {ENOTDIR, "NoSuchKey"},          {ENAMETOOLONG, "KeyTooLongError"}, {ENOSPC, "InsufficientStorage"},
    {EDQUOT, "InsufficientStorage"}, {EFBIG, "EntityTooLarge"}, {EMFILE, "SlowDown"},             {ENFILE, "SlowDown"},
    {ENOMEM, "SlowDown"},        {0, NULL},
};


bool
objects_fail(objects_request_t *request, const char *code)
{
    const objects_error_t *error;

    for (error = objects_errors; error->code != NULL && strcmp(error->code, code) != 0; error++) {
        /* void */
    }

    if (request->error == NULL) {
        request->error = error;
        request->status = error->status;
    }

    return false;
}


bool
objects_fail_errno(objects_request_t *request)
{
    const objects_errno_t *known;

    for (known = objects_errnos; known->number != 0 && known->number != errno; known++) {
        /* void */
    }

    return objects_fail(request, known->code != NULL ? known->code : "InternalError");
}


const char *
objects_query(const objects_request_t *request, const char *name)
{
    size_t i;

    for (i = 0; i < request->n_query; i++) {
        if (strcmp(request->query[i].name, name) == 0) {
            return request->query[i].value;
        }
    }

    return NULL;
}


const char *
objects_header(const objects_request_t *request, const char *name)
{
    size_t i;

    for (i = 0; i < request->n_headers; i++) {
        if (strcmp(request->headers[i].name, name) == 0) {
            return request->headers[i].value;
        }
    }

    return NULL;
}


void
objects_answer_header(objects_request_t *request, const char *name, const char *value)
{
    request->answer[request->n_answer++] = (pair_t) {name, value};
}


bool
objects_dispatch(objects_request_t *request)
{
    const char *const         *name;
    const objects_operation_t *operation;

    if (request->bucket != NULL && !name_bucket_good(request->bucket)) {
        return objects_fail(request, "InvalidBucketName");
    }

    for (name = objects_not_here; *name != NULL; name++) {
        if (objects_query(request, *name) != NULL) {
            return objects_fail(request, "NotImplemented");
        }
    }

    for (operation = objects_operations; operation->method != NULL; operation++) {
        if (strcmp(operation->method, request->method) == 0 && operation->bucket == (request->bucket != NULL)
            && operation->key == (request->key != NULL) && (operation->query == NULL || objects_query(request, operation->query) != NULL))
        {
            request->operation = operation;
            return true;
        }
    }

    return objects_fail(request, "MethodNotAllowed");
}


bool
objects_body_add(objects_request_t *request, const void *data, size_t len)
{
    if (request->operation->body == BODY_OBJECT && request->writer.fd < 0) {
        if (!objects_bucket(request) || !object_create(request, &request->writer, true)) {
            return false;
        }
    }

    if (request->sha256 != NULL) {
        digest_add(request->sha256, data, len);
    }

    return request->chunks != NULL ? chunks_add(request->chunks, data, len, objects_sink) : objects_sink(request, data, len);
}


void
objects_body_end(objects_request_t *request)
{
    char          hex[2 * SHA256_LENGTH + 1];
    const char   *length;
    unsigned char hash[SHA256_LENGTH];

    if (request->chunks != NULL && request->operation->body != BODY_NONE && !chunks_end(request->chunks)) {
        return;
    }

    length = objects_header(request, "x-amz-decoded-content-length");
    if (request->chunks != NULL && length != NULL && strtoull(length, NULL, 10) != request->received) {
        objects_fail(request, "IncompleteBody");
        return;
    }

    if (request->sha256 != NULL) {
        digest_finish(request->sha256, hash);
        hex_encode(hex, hash, SHA256_LENGTH);

        if (strcmp(hex, request->payload) != 0) {
            objects_fail(request, "XAmzContentSHA256Mismatch");
            return;
        }
    }

    if (request->bucket != NULL && request->operation->run != objects_bucket_create && !objects_bucket(request)) {
        return;
    }

    request->operation->run(request);
}


void
objects_request_free(objects_request_t *request)
{
    if (request->file >= 0) {
        close(request->file);
    }
    object_drop(&request->writer);
    chunks_free(request->chunks);
    digest_free(request->sha256);
    arena_destroy(request->arena);
}


bool
objects_bucket(objects_request_t *request)
{
    char        *path;
    const char **own;
    struct stat  status;

    path = arena_format(request->arena, "%s/buckets/%s", request->store->root, request->bucket);
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        return true;
    }

    for (own = request->store->buckets; *own != NULL; own++) {
        if (strcmp(*own, request->bucket) == 0) {
            return object_make_folders(arena_format(request->arena, "%s/", path)) ? true : objects_fail_errno(request);
        }
    }

    return objects_fail(request, "NoSuchBucket");
}


int
objects_copy_source(objects_request_t *request, object_info_t *info)
{
    int         fd;
    char       *bucket, *key, *path;
    const char *source;

    source = objects_header(request, "x-amz-copy-source");
    source += *source == '/';

    bucket = uri_decode(request->arena, source, strcspn(source, "?"), false, NULL);
    key = strchr(bucket, '/');
    if (key == NULL) {
        objects_fail(request, "InvalidArgument");
        return -1;
    }
    *key++ = '\0';

    if (!name_bucket_good(bucket) || !name_key_good(key, strlen(key))) {
        objects_fail(request, "InvalidArgument");
        return -1;
    }

    path = name_path(request->arena, request->store->root, bucket, key);
    fd = path != NULL ? object_open(request->arena, path, info) : -1;
    if (fd < 0) {
        objects_fail_errno(request);
    }

    return fd;
}


void
objects_xml_begin(objects_request_t *request, const char *root)
{
    text_start(&request->xml, request->arena, 1024);
    text_printf(&request->xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<%s xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">", root);
}


void
objects_xml_end(objects_request_t *request, const char *root)
{
    text_printf(&request->xml, "</%s>\n", root);
    request->status = 200;
}


void
objects_xml_put(objects_request_t *request, const char *element, const char *text)
{
    text_printf(&request->xml, "<%s>", element);
    xml_escape(&request->xml, text, strlen(text));
    text_printf(&request->xml, "</%s>", element);
}


void
objects_xml_number(objects_request_t *request, const char *element, uint64_t number)
{
    text_printf(&request->xml, "<%s>%llu</%s>", element, (unsigned long long) number, element);
}


void
objects_xml_time(objects_request_t *request, const char *element, int64_t seconds)
{
    char      date[32];
    time_t    when;
    struct tm tm;

    when = (time_t) seconds;
    gmtime_r(&when, &tm);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
    objects_xml_put(request, element, date);
}


/* --- objects ---------------------------------------------------------------------------------------------------------- */

static void
objects_get(objects_request_t *request)
{
    char *path;

    path = objects_key_path(request);
    if (path == NULL) {
        return;
    }

    request->file = object_open(request->arena, path, &request->info);
    if (request->file < 0) {
        objects_fail_errno(request);
        return;
    }

    request->status = 200;
}


static void
objects_put(objects_request_t *request)
{
    char          *path;
    json_t        *tags;
    const char    *tagging;
    object_info_t  info;

    path = objects_key_path(request);
    if (path == NULL) {
        return;
    }

    if (objects_header(request, "x-amz-copy-source") != NULL) {
        objects_copy(request, path);
        return;
    }

    /* An empty body has opened no file yet. */
    if (request->writer.fd < 0 && !object_create(request, &request->writer, true)) {
        return;
    }

    object_describe(request, &info);

    if (!objects_preconditions(request, path) || !object_commit(request, &request->writer, &info, path)) {
        return;
    }

    tagging = objects_header(request, "x-amz-tagging");
    if (tagging != NULL) {
        tags = objects_tags_of_header(tagging, request->arena);
        if (!objects_store_tags(request, path, info.id, tags)) {
            return;
        }
    }

    objects_answer_header(request, "ETag", arena_format(request->arena, "\"%s\"", info.etag));
    request->status = 200;
}


static bool
objects_preconditions(objects_request_t *request, const char *path)
{
    struct stat  status;
    const char  *none;

    none = objects_header(request, "if-none-match");

    if (none != NULL && strcmp(none, "*") == 0 && stat(path, &status) == 0) {
        return objects_fail(request, "PreconditionFailed");
    }

    return true;
}


static void
objects_copy(objects_request_t *request, const char *path)
{
    int           source;
    bool          good;
    json_t       *tags;
    const char   *directive;
    object_info_t from, info;

    source = objects_copy_source(request, &from);
    if (source < 0) {
        return;
    }

    object_drop(&request->writer);
    good = object_create(request, &request->writer, false) && object_copy(request, &request->writer, source, 0, from.size);
    close(source);
    if (!good) {
        return;
    }

    directive = objects_header(request, "x-amz-metadata-directive");

    if (directive != NULL && strcmp(directive, "REPLACE") == 0) {
        object_describe(request, &info);
    } else {
        info = from;
        info.storage_class = objects_header(request, "x-amz-storage-class");
    }
    memcpy(info.etag, from.etag, sizeof(info.etag));

    if (!object_commit(request, &request->writer, &info, path)) {
        return;
    }

    directive = objects_header(request, "x-amz-tagging");
    if (directive != NULL) {
        tags = objects_tags_of_header(directive, request->arena);
        if (!objects_store_tags(request, path, info.id, tags)) {
            return;
        }
    }

    objects_xml_begin(request, "CopyObjectResult");
    objects_xml_time(request, "LastModified", info.modified);
    objects_xml_put(request, "ETag", arena_format(request->arena, "\"%s\"", info.etag));
    objects_xml_end(request, "CopyObjectResult");
}


static void
objects_delete(objects_request_t *request)
{
    char *path;

    path = objects_key_path(request);
    if (path != NULL && object_remove(request, path)) {
        request->status = 204;
    }
}


static void
objects_delete_many(objects_request_t *request)
{
    char       *path;
    bool        quiet;
    xml_t      *root, *object;
    size_t      n;
    const char *key;

    root = xml_parse(request->arena, request->text.data, request->text.len);
    if (root == NULL || strcmp(root->name, "Delete") != 0) {
        objects_fail(request, "MalformedXML");
        return;
    }

    n = 0;
    quiet = strcmp(xml_text(root, "Quiet"), "true") == 0;
    objects_xml_begin(request, "DeleteResult");

    for (object = xml_child(root, "Object"); object != NULL; object = xml_next(object)) {
        key = xml_text(object, "Key");
        path = name_key_good(key, strlen(key)) ? name_path(request->arena, request->store->root, request->bucket, key) : NULL;

        if (++n > OBJECTS_LIST_MAX || path == NULL) {
            objects_fail(request, "MalformedXML");
            return;
        }

        if (!object_remove(request, path)) {
            return;
        }

        if (!quiet) {
            text_puts(&request->xml, "<Deleted>");
            objects_xml_put(request, "Key", key);
            text_puts(&request->xml, "</Deleted>");
        }
    }

    objects_xml_end(request, "DeleteResult");
}


/* Archived objects stay where they are, so there is nothing to bring back. */
static void
objects_restore(objects_request_t *request)
{
    int fd;

    fd = object_open(request->arena, objects_key_path(request), &request->info);
    if (fd < 0) {
        objects_fail_errno(request);
        return;
    }

    close(fd);
    request->status = 200;
}


/* --- helpers --------------------------------------------------------------------------------------------------------------- */

char *
objects_key_path(objects_request_t *request)
{
    char *path;

    path = name_path(request->arena, request->store->root, request->bucket, request->key);
    if (path == NULL) {
        objects_fail(request, "KeyTooLongError");
    }

    return path;
}


/* Decoded bytes of the body. */
static bool
objects_sink(objects_request_t *request, const void *data, size_t len)
{
    request->received += len;

    if (request->operation->body == BODY_OBJECT) {
        return object_write(request, &request->writer, data, len);
    }

    if (request->received > OBJECTS_XML_MAX) {
        return objects_fail(request, "EntityTooLarge");
    }

    text_add(&request->text, data, len);

    return true;
}
