/*
 * Uploads in parts. Each has a folder of its own, uploads/BUCKET/ID/, where "upload" describes it and each part is a file of the
 * same form as an object. Completion joins the parts in a new file and puts it in place like any other object; the folder goes
 * last, so that a crash at any moment leaves an upload that can be completed again.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tator/xml.h>

#include "objects.h"


#define UPLOAD_ID 40 /* letters: not to be guessed */

typedef struct {
    int  number;
    char etag[OBJECTS_ETAG];
} upload_part_t;

typedef struct {
    const char *key, *id;
    json_int_t  started;
} upload_listed_t;


static char *upload_folder(objects_request_t *request, const char *id);
static bool  upload_id_good(const char *id);
static json_t *upload_get(objects_request_t *request, char **folder);
static bool  upload_parts_read(objects_request_t *request, upload_part_t **parts, size_t *n);
static bool  upload_join(objects_request_t *request, const char *folder, const upload_part_t *parts, size_t n, object_info_t *info);
static void  upload_completed(objects_request_t *request, const object_info_t *info);
static void  upload_remove(const char *folder);
static void  upload_describe(objects_request_t *request, json_t *upload, object_info_t *info);
static int   upload_part_number(const char *text);
static upload_listed_t *uploads_read(objects_request_t *request, size_t *n);
static int   uploads_compare(const void *a, const void *b);


void
objects_upload_start(objects_request_t *request)
{
    char           id[UPLOAD_ID + 1];
    char          *folder;
    json_t        *upload, *meta;
    size_t         i;
    object_info_t  info;

    random_letters(id, UPLOAD_ID);
    folder = upload_folder(request, id);

    object_describe(request, &info);

    meta = json_object();
    for (i = 0; i < info.n_meta; i++) {
        json_object_set_new(meta, info.meta[i].name, json_string(info.meta[i].value));
    }

    upload = json_pack(
        "{s:s, s:I, s:s?, s:s?, s:s?, s:s?, s:s?, s:o}", "key", request->key, "started", (json_int_t) request->now, "content-type",
        info.content_type, "content-disposition", info.content_disposition, "content-encoding", info.content_encoding, "cache-control",
        info.cache_control, "x-amz-storage-class", info.storage_class, "meta", meta
    );

    if (upload == NULL || !object_put_json(request, arena_format(request->arena, "%s/upload", folder), upload)) {
        json_decref(upload);
        objects_fail(request, "InvalidArgument");
        return;
    }
    json_decref(upload);

    objects_xml_begin(request, "InitiateMultipartUploadResult");
    objects_xml_put(request, "Bucket", request->bucket);
    objects_xml_put(request, "Key", request->key);
    objects_xml_put(request, "UploadId", id);
    objects_xml_end(request, "InitiateMultipartUploadResult");
}


void
objects_upload_part(objects_request_t *request)
{
    int                number, source;
    char              *folder;
    bool               good;
    json_t            *upload;
    const char        *text, *range;
    object_info_t      info, from;
    unsigned long long first, last;

    text = objects_query(request, "partNumber");
    number = text != NULL ? upload_part_number(text) : 0;
    if (number == 0) {
        objects_fail(request, "InvalidArgument");
        return;
    }

    upload = upload_get(request, &folder);
    if (upload == NULL) {
        return;
    }
    json_decref(upload);

    if (request->writer.fd < 0 && !object_create(request, &request->writer, true)) {
        return;
    }

    if (objects_header(request, "x-amz-copy-source") != NULL) {
        source = objects_copy_source(request, &from);
        if (source < 0) {
            return;
        }

        first = 0;
        last = from.size > 0 ? from.size - 1 : 0;
        range = objects_header(request, "x-amz-copy-source-range");

        if (range != NULL && (sscanf(range, "bytes=%llu-%llu", &first, &last) != 2 || first > last || last >= from.size)) {
            close(source);
            objects_fail(request, "InvalidArgument");
            return;
        }

        good = object_copy(request, &request->writer, source, first, from.size > 0 ? last - first + 1 : 0);
        close(source);
        if (!good) {
            return;
        }
    }

    memset(&info, 0, sizeof(info));
    if (!object_commit(request, &request->writer, &info, arena_format(request->arena, "%s/part.%05d", folder, number))) {
        return;
    }

    if (objects_header(request, "x-amz-copy-source") != NULL) {
        objects_xml_begin(request, "CopyPartResult");
        objects_xml_time(request, "LastModified", info.modified);
        objects_xml_put(request, "ETag", arena_format(request->arena, "\"%s\"", info.etag));
        objects_xml_end(request, "CopyPartResult");
    }

    objects_answer_header(request, "ETag", arena_format(request->arena, "\"%s\"", info.etag));
    request->status = 200;
}


void
objects_upload_complete(objects_request_t *request)
{
    char          *folder, *path;
    json_t        *upload;
    size_t         n;
    object_info_t  info;
    upload_part_t *parts;

    if (!upload_parts_read(request, &parts, &n)) {
        return;
    }

    upload = upload_get(request, &folder);
    if (upload == NULL) {
        return;
    }

    upload_describe(request, upload, &info);
    json_decref(upload);

    path = name_path(request->arena, request->store->root, request->bucket, request->key);
    if (path == NULL) {
        objects_fail(request, "KeyTooLongError");
        return;
    }

    if (upload_join(request, folder, parts, n, &info) && object_commit(request, &request->writer, &info, path)) {
        upload_remove(folder);
        upload_completed(request, &info);
    }
}


void
objects_upload_abort(objects_request_t *request)
{
    char   *folder;
    json_t *upload;

    upload = upload_get(request, &folder);
    if (upload == NULL) {
        return;
    }

    json_decref(upload);
    upload_remove(folder);
    request->status = 204;
}


void
objects_upload_parts(objects_request_t *request)
{
    int           fd, number;
    char         *folder, *file;
    bool          truncated;
    json_t       *upload;
    const char   *value;
    object_info_t info;
    unsigned long n, limit, marker;

    upload = upload_get(request, &folder);
    if (upload == NULL) {
        return;
    }
    json_decref(upload);

    value = objects_query(request, "max-parts");
    limit = value != NULL ? strtoul(value, NULL, 10) : OBJECTS_LIST_MAX;
    limit = limit < OBJECTS_LIST_MAX ? limit : OBJECTS_LIST_MAX;
    value = objects_query(request, "part-number-marker");
    marker = value != NULL ? strtoul(value, NULL, 10) : 0;

    objects_xml_begin(request, "ListPartsResult");
    objects_xml_put(request, "Bucket", request->bucket);
    objects_xml_put(request, "Key", request->key);
    objects_xml_put(request, "UploadId", objects_query(request, "uploadId"));

    truncated = false;
    n = 0;

    for (number = (int) (marker < OBJECTS_PART_MAX ? marker : OBJECTS_PART_MAX) + 1; number <= OBJECTS_PART_MAX; number++) {
        file = arena_format(request->arena, "%s/part.%05d", folder, number);
        fd = object_open(request->arena, file, &info);
        if (fd < 0) {
            continue;
        }
        close(fd);

        if (n == limit) {
            truncated = true;
            break;
        }
        n++;
        marker = (unsigned long) number;

        text_puts(&request->xml, "<Part>");
        objects_xml_number(request, "PartNumber", (uint64_t) number);
        objects_xml_time(request, "LastModified", info.modified);
        objects_xml_put(request, "ETag", arena_format(request->arena, "\"%s\"", info.etag));
        objects_xml_number(request, "Size", info.size);
        text_puts(&request->xml, "</Part>");
    }

    objects_xml_number(request, "NextPartNumberMarker", marker);
    objects_xml_number(request, "MaxParts", limit);
    objects_xml_put(request, "IsTruncated", truncated ? "true" : "false");
    objects_xml_end(request, "ListPartsResult");
}


void
objects_uploads(objects_request_t *request)
{
    size_t           k, n, limit;
    const char      *value = objects_query(request, "max-uploads");
    const char      *key = objects_query(request, "key-marker"), *id = objects_query(request, "upload-id-marker");
    upload_listed_t *uploads;

    limit = value != NULL ? strtoul(value, NULL, 10) : OBJECTS_LIST_MAX;
    limit = limit > 0 && limit < OBJECTS_LIST_MAX ? limit : OBJECTS_LIST_MAX;

    uploads = uploads_read(request, &n);
    qsort(uploads, n, sizeof(upload_listed_t), uploads_compare);

    /* a key alone: after all of its uploads */
    for (k = 0; key != NULL && k < n; k++) {
        int order = strcmp(uploads[k].key, key);

        if (order > 0 || (order == 0 && id != NULL && *id != '\0' && strcmp(uploads[k].id, id) > 0)) {
            break;
        }
    }

    objects_xml_begin(request, "ListMultipartUploadsResult");
    objects_xml_put(request, "Bucket", request->bucket);
    objects_xml_number(request, "MaxUploads", limit);

    for (; k < n && limit > 0; k++, limit--) {
        text_puts(&request->xml, "<Upload>");
        objects_xml_put(request, "Key", uploads[k].key);
        objects_xml_put(request, "UploadId", uploads[k].id);
        objects_xml_time(request, "Initiated", uploads[k].started);
        text_puts(&request->xml, "</Upload>");
    }

    if (k < n) {
        objects_xml_put(request, "NextKeyMarker", uploads[k - 1].key);
        objects_xml_put(request, "NextUploadIdMarker", uploads[k - 1].id);
    }

    objects_xml_put(request, "IsTruncated", k < n ? "true" : "false");
    objects_xml_end(request, "ListMultipartUploadsResult");
}


/* All uploads of the bucket whose keys begin with the query's prefix. */
static upload_listed_t *
uploads_read(objects_request_t *request, size_t *n)
{
    DIR             *scan;
    char            *folder;
    size_t           room = 0;
    json_t          *upload;
    const char      *key, *prefix = objects_query(request, "prefix");
    struct dirent   *entry;
    upload_listed_t *uploads = NULL, *more;

    *n = 0;
    folder = arena_format(request->arena, "%s/uploads/%s", request->store->root, request->bucket);
    scan = opendir(folder);

    while (scan != NULL && (entry = readdir(scan)) != NULL) {
        if (!upload_id_good(entry->d_name)) {
            continue;
        }

        upload = object_get_json(arena_format(request->arena, "%s/%s/upload", folder, entry->d_name));
        key = json_string_value(json_object_get(upload, "key"));

        if (key != NULL && (prefix == NULL || strncmp(key, prefix, strlen(prefix)) == 0)) {
            if (*n == room) {
                room = room * 2 + 64;
                more = arena_alloc(request->arena, room * sizeof(upload_listed_t));
                if (*n > 0) {
                    memcpy(more, uploads, *n * sizeof(upload_listed_t));
                }
                uploads = more;
            }

            uploads[(*n)++] = (upload_listed_t) {arena_text(request->arena, key), arena_text(request->arena, entry->d_name),
                                                 json_integer_value(json_object_get(upload, "started"))};
        }
        json_decref(upload);
    }

    if (scan != NULL) {
        closedir(scan);
    }

    return uploads != NULL ? uploads : arena_alloc(request->arena, sizeof(upload_listed_t));
}


static int
uploads_compare(const void *a, const void *b)
{
    const upload_listed_t *one = a, *other = b;
    int                    order = strcmp(one->key, other->key);

    return order != 0 ? order : strcmp(one->id, other->id);
}


/* Our own ids only: nothing else of a path can hide in one. */
static bool
upload_id_good(const char *id)
{
    size_t n;

    for (n = 0; (id[n] >= 'a' && id[n] <= 'z') || (id[n] >= 'A' && id[n] <= 'Z'); n++) {
        /* void */
    }

    return n == UPLOAD_ID && id[n] == '\0';
}


static char *
upload_folder(objects_request_t *request, const char *id)
{
    return arena_format(request->arena, "%s/uploads/%s/%s", request->store->root, request->bucket, id);
}


/* The description of the upload that the query names; fails when there is none for this key. The caller owns it. */
static json_t *
upload_get(objects_request_t *request, char **folder)
{
    json_t     *upload;
    const char *id, *key;

    id = objects_query(request, "uploadId");
    if (!upload_id_good(id)) {
        objects_fail(request, "NoSuchUpload");
        return NULL;
    }

    *folder = upload_folder(request, id);
    upload = object_get_json(arena_format(request->arena, "%s/upload", *folder));
    key = json_string_value(json_object_get(upload, "key"));

    if (key == NULL || strcmp(key, request->key) != 0) {
        json_decref(upload);
        objects_fail(request, "NoSuchUpload");
        return NULL;
    }

    return upload;
}


static bool
upload_parts_read(objects_request_t *request, upload_part_t **parts, size_t *n)
{
    char       *etag;
    xml_t      *root, *part;
    size_t      len;
    const char *text;

    *parts = arena_alloc(request->arena, OBJECTS_PART_MAX * sizeof(upload_part_t));
    *n = 0;

    root = xml_parse(request->arena, request->text.data, request->text.len);
    if (root == NULL || strcmp(root->name, "CompleteMultipartUpload") != 0) {
        return objects_fail(request, "MalformedXML");
    }


    for (part = xml_child(root, "Part"); part != NULL; part = xml_next(part)) {
        if (*n == OBJECTS_PART_MAX) {
            return objects_fail(request, "MalformedXML");
        }

        (*parts)[*n].number = upload_part_number(xml_text(part, "PartNumber"));

        /* With or without quotes. */
        text = xml_text(part, "ETag");
        text += *text == '"';
        etag = (*parts)[*n].etag;
        snprintf(etag, OBJECTS_ETAG, "%s", text);
        len = strlen(etag);
        if (len > 0 && etag[len - 1] == '"') {
            etag[len - 1] = '\0';
        }

        if ((*parts)[*n].number == 0) {
            return objects_fail(request, "MalformedXML");
        }
        if (*n > 0 && (*parts)[*n].number <= (*parts)[*n - 1].number) {
            return objects_fail(request, "InvalidPartOrder");
        }
        (*n)++;
    }

    return *n > 0 ? true : objects_fail(request, "MalformedXML");
}


/* The parts one after the other; the ETag is the MD5 of their MD5s and their number. */
static bool
upload_join(objects_request_t *request, const char *folder, const upload_part_t *parts, size_t n, object_info_t *info)
{
    int            fd;
    char           hex[2 * MD5_LENGTH + 1];
    bool           good;
    size_t         i;
    object_info_t  part;
    unsigned char *hashes, hash[MD5_LENGTH];

    hashes = arena_alloc(request->arena, n * MD5_LENGTH);

    if (!object_create(request, &request->writer, false)) {
        return false;
    }

    for (i = 0; i < n; i++) {
        fd = object_open(request->arena, arena_format(request->arena, "%s/part.%05d", folder, parts[i].number), &part);
        if (fd < 0) {
            return errno == ENOENT ? objects_fail(request, "InvalidPart") : objects_fail_errno(request);
        }

        good = strcmp(part.etag, parts[i].etag) == 0 && hex_decode(hashes + i * MD5_LENGTH, part.etag, MD5_LENGTH);
        if (!good) {
            objects_fail(request, "InvalidPart");
        }

        good = good && object_copy(request, &request->writer, fd, 0, part.size);
        close(fd);
        if (!good) {
            return false;
        }
    }

    md5(hash, hashes, n * MD5_LENGTH);
    hex_encode(hex, hash, MD5_LENGTH);
    snprintf(info->etag, sizeof(info->etag), "%s-%zu", hex, n);

    return true;
}


static void
upload_completed(objects_request_t *request, const object_info_t *info)
{
    objects_xml_begin(request, "CompleteMultipartUploadResult");
    objects_xml_put(request, "Location", request->path);
    objects_xml_put(request, "Bucket", request->bucket);
    objects_xml_put(request, "Key", request->key);
    objects_xml_put(request, "ETag", arena_format(request->arena, "\"%s\"", info->etag));
    objects_xml_end(request, "CompleteMultipartUploadResult");
}


/* The description goes first: without it the rest is not an upload. */
static void
upload_remove(const char *folder)
{
    int            fd;
    DIR           *scan;
    struct dirent *entry;

    scan = opendir(folder);
    if (scan == NULL) {
        return;
    }

    fd = dirfd(scan);
    unlinkat(fd, "upload", 0);

    while ((entry = readdir(scan)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            unlinkat(fd, entry->d_name, 0);
        }
    }

    closedir(scan);
    rmdir(folder);
    sync_folder_of(folder);
}


static void
upload_describe(objects_request_t *request, json_t *upload, object_info_t *info)
{
    json_t     *meta, *value;
    arena_t    *arena;
    const char *name;

    arena = request->arena;
    meta = json_object_get(upload, "meta");
    memset(info, 0, sizeof(object_info_t));

    struct {
        const char  *name;
        const char **place;
    } texts[] = {
        {"content-type", &info->content_type},
        {"content-disposition", &info->content_disposition},
        {"content-encoding", &info->content_encoding},
        {"cache-control", &info->cache_control},
        {"x-amz-storage-class", &info->storage_class},
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        name = json_string_value(json_object_get(upload, texts[i].name));
        *texts[i].place = name != NULL ? arena_text(arena, name) : NULL;
    }

    info->meta = arena_alloc(arena, (json_object_size(meta) + 1) * sizeof(pair_t));

    json_object_foreach (meta, name, value) {
        info->meta[info->n_meta++] = (pair_t) {arena_text(arena, name), arena_text(arena, json_string_value(value))};
    }
}


/* 1 … 10000; 0: something else. */
static int
upload_part_number(const char *text)
{
    char *end;
    long  number;

    number = strtol(text, &end, 10);

    return end != text && *end == '\0' && number >= 1 && number <= OBJECTS_PART_MAX ? (int) number : 0;
}
