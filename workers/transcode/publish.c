/*
 * Uploads and registration. Part sizes grow with their number, because the number of parts must be told before the size
 * of the file is known: the store accepts fewer parts than were announced.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/rest.h"
#include "publish.h"
#include "source.h"

#define PART      (8L << 20)
#define PARTS     64 /* at least so many are announced */
#define PARTS_MAX 2000
#define GROWTH    32 /* the part after so many is twice the first */

typedef struct {
    destination_t base;
    const char   *host, *token;
    int64_t       project, media;
    const json_t *uploads; /* NULL: REST is asked for addresses */
} publish_t;

/* A file that goes to an address which is known. */
typedef struct {
    sink_t      base;
    publish_t  *publish;
    const char *url;
    int         fd;
} known_t;

typedef struct {
    sink_t     base;
    publish_t *publish;
    rest_t    *rest;
    char       name[128];
    int64_t    estimate;
    char      *buffer;
    size_t     used, size;
    json_t    *info;  /* UploadInfo; NULL: nothing sent yet */
    json_t    *parts; /* sent ones */
} upload_t;


static sink_t *known_open(destination_t *destination, const char *name, int64_t estimate);
static bool    known_write(sink_t *sink, const void *data, size_t len);
static bool    known_finish(sink_t *sink);
static void    known_close(sink_t *sink);
static sink_t *upload_open(destination_t *destination, const char *name, int64_t estimate);
static bool    upload_write(sink_t *sink, const void *data, size_t len);
static bool    upload_finish(sink_t *sink);
static void    upload_close(sink_t *sink);
static bool    upload_begin(upload_t *upload, size_t parts);
static bool    part_send(upload_t *upload);
static size_t  part_size(const upload_t *upload);
static bool    publish_add(destination_t *destination, const char *family, const char *role, json_t *definition);
static bool    publish_set(destination_t *destination, json_t *values);
static bool    is_known(const json_t *files, const char *role, const json_t *definition);


destination_t *
publish_open(const char *host, const char *token, int64_t project, int64_t media, const json_t *uploads, fault_t *fault)
{
    publish_t *publish = calloc(1, sizeof(publish_t));

    if (publish == NULL) {
        return NULL;
    }

    publish->base = (destination_t){
        .fault = fault, .open = uploads != NULL ? known_open : upload_open, .add = publish_add, .set = publish_set};
    publish->uploads = uploads;
    publish->host = host;
    publish->token = token;
    publish->project = project;
    publish->media = media;

    return &publish->base;
}


void
publish_close(destination_t *destination)
{
    free(destination);
}


static sink_t *
known_open(destination_t *destination, const char *name, int64_t estimate)
{
    size_t        i;
    known_t      *known = calloc(1, sizeof(known_t));
    publish_t    *publish = (publish_t *) destination;
    const char   *its, *key, *url;
    const json_t *upload;

    (void) estimate;

    if (known == NULL) {
        fault_set(destination->fault, true, "no memory");
        return NULL;
    }

    known->base = (sink_t){.write = known_write, .finish = known_finish, .close = known_close};
    known->publish = publish;
    known->fd = -1;

    json_array_foreach(publish->uploads, i, upload)
    {
        its = json_string_value(json_object_get(upload, "name"));
        key = json_string_value(json_object_get(upload, "key"));
        url = json_string_value(json_object_get(upload, "url"));

        if (its != NULL && key != NULL && url != NULL && strcmp(its, name) == 0) {
            known->url = url;
            snprintf(known->base.key, sizeof(known->base.key), "%s", key);
        }
    }

    if (known->url == NULL) {
        fault_set(destination->fault, false, "the job has no upload address for %s", name);
        known_close(&known->base);
        return NULL;
    }

    known->fd = source_unnamed(destination->fault);
    if (known->fd == -1) {
        known_close(&known->base);
        return NULL;
    }

    return &known->base;
}


static bool
known_write(sink_t *sink, const void *data, size_t len)
{
    known_t *known = (known_t *) sink;

    sink->size += (int64_t) len;

    return write(known->fd, data, len) == (ssize_t) len ||
           fault_of(known->publish->base.fault, FAULT_LIMIT, false, "a file is larger than what the disk can take");
}


static bool
known_finish(sink_t *sink)
{
    bool     good;
    void    *data;
    rest_t  *rest;
    known_t *known = (known_t *) sink;
    fault_t *fault = known->publish->base.fault;

    if (sink->size == 0) {
        return fault_set(fault, false, "a file is empty");
    }

    rest = rest_open(known->publish->host, known->publish->token);
    data = mmap(NULL, (size_t) sink->size, PROT_READ, MAP_SHARED, known->fd, 0);

    if (rest == NULL || data == MAP_FAILED) {
        rest_close(rest);
        return fault_set(fault, true, "no memory");
    }

    good = rest_put(rest, known->url, data, (size_t) sink->size, NULL) ||
           fault_of(fault, FAULT_SERVER, rest->again, "%s", rest->error);

    munmap(data, (size_t) sink->size);
    rest_close(rest);

    return good;
}


static void
known_close(sink_t *sink)
{
    known_t *known = (known_t *) sink;

    if (known->fd != -1) {
        close(known->fd);
    }

    free(known);
}


static sink_t *
upload_open(destination_t *destination, const char *name, int64_t estimate)
{
    publish_t *publish = (publish_t *) destination;
    upload_t  *upload = calloc(1, sizeof(upload_t));

    if (upload == NULL) {
        fault_set(destination->fault, true, "no memory");
        return NULL;
    }

    upload->base = (sink_t){.write = upload_write, .finish = upload_finish, .close = upload_close};
    upload->publish = publish;
    upload->estimate = estimate > 0 ? estimate : 0;
    upload->rest = rest_open(publish->host, publish->token);
    upload->parts = json_array();
    snprintf(upload->name, sizeof(upload->name), "%s", name);

    if (upload->rest == NULL || upload->parts == NULL) {
        fault_set(destination->fault, true, "no memory");
        upload_close(&upload->base);
        return NULL;
    }

    return &upload->base;
}


static bool
upload_write(sink_t *sink, const void *bytes, size_t len)
{
    char       *grown;
    size_t      n, room;
    upload_t   *upload = (upload_t *) sink;
    const char *data = bytes;

    sink->size += (int64_t) len;

    while (len > 0) {

        if (upload->used == part_size(upload) && !part_send(upload)) {
            return false;
        }

        n = part_size(upload) - upload->used;
        n = n < len ? n : len;

        if (upload->used + n > upload->size) {
            room = (upload->used + n) * 2;
            room = room < part_size(upload) ? room : part_size(upload);
            grown = realloc(upload->buffer, room);

            if (grown == NULL) {
                return fault_set(upload->publish->base.fault, true, "no memory");
            }

            upload->buffer = grown;
            upload->size = room;
        }

        memcpy(upload->buffer + upload->used, data, n);
        upload->used += n;
        data += n;
        len -= n;
    }

    return true;
}


static bool
upload_finish(sink_t *sink)
{
    int       status;
    char      path[64];
    fault_t  *fault;
    json_t   *body;
    upload_t *upload = (upload_t *) sink;

    fault = upload->publish->base.fault;

    if (upload->info == NULL) {
        if (!upload_begin(upload, 1)) {
            return false;
        }

        if (!rest_put(upload->rest, json_string_value(json_array_get(json_object_get(upload->info, "urls"), 0)),
                      upload->buffer, upload->used, NULL)) {
            return fault_of(fault, FAULT_SERVER, upload->rest->again, "%s", upload->rest->error);
        }

    } else {
        if (upload->used > 0 && !part_send(upload)) {
            return false;
        }

        body = json_pack("{s:O,s:O,s:O,s:n}", "key", json_object_get(upload->info, "key"), "upload_id",
                         json_object_get(upload->info, "upload_id"), "parts", upload->parts, "bucket_id");
        snprintf(path, sizeof(path), "/rest/UploadCompletion/%ld", (long) upload->publish->project);
        status = rest_call(upload->rest, "POST", path, body, NULL);
        json_decref(body);

        if (status != 201) {
            return fault_of(fault, FAULT_SERVER, true, "%s", upload->rest->error);
        }
    }

    snprintf(sink->key, sizeof(sink->key), "%s", json_string_value(json_object_get(upload->info, "key")));

    return true;
}


static void
upload_close(sink_t *sink)
{
    upload_t *upload = (upload_t *) sink;

    if (upload != NULL) {
        rest_close(upload->rest);
        json_decref(upload->info);
        json_decref(upload->parts);
        free(upload->buffer);
        free(upload);
    }
}


static bool
upload_begin(upload_t *upload, size_t parts)
{
    char     path[512], *name = rest_escape(upload->name);
    fault_t *fault = upload->publish->base.fault;

    if (name == NULL) {
        return fault_set(fault, true, "no memory");
    }

    snprintf(path, sizeof(path), "/rest/UploadInfo/%ld?media_id=%ld&num_parts=%zu&expiration=604800&filename=%s",
             (long) upload->publish->project, (long) upload->publish->media, parts, name);
    free(name);

    if (rest_call(upload->rest, "GET", path, NULL, &upload->info) != 200) {
        return fault_of(fault, FAULT_SERVER, upload->rest->again, "%s", upload->rest->error);
    }

    if (json_array_size(json_object_get(upload->info, "urls")) != parts ||
        !json_is_string(json_object_get(upload->info, "key"))) {
        return fault_set(fault, false, "the server gives no upload addresses");
    }

    return true;
}


/* What is in the buffer becomes the next part. */
static bool
part_send(upload_t *upload)
{
    char     etag[128];
    size_t   number = json_array_size(upload->parts), parts;
    fault_t *fault = upload->publish->base.fault;

    if (upload->info == NULL) {
        parts = (size_t) (upload->estimate * 4 / PART) + PARTS;

        if (!upload_begin(upload, parts < PARTS_MAX ? parts : PARTS_MAX)) {
            return false;
        }
    }

    if (number == json_array_size(json_object_get(upload->info, "urls"))) {
        return fault_set(fault, false, "%s became larger than %ld bytes", upload->name, (long) upload->base.size);
    }

    if (!rest_put(upload->rest, json_string_value(json_array_get(json_object_get(upload->info, "urls"), number)),
                  upload->buffer, upload->used, etag)) {
        return fault_of(fault, FAULT_SERVER, upload->rest->again, "%s", upload->rest->error);
    }

    if (json_array_append_new(upload->parts, json_pack("{s:s,s:i}", "ETag", etag, "PartNumber", (int) number + 1)) !=
        0) {
        return fault_set(fault, true, "no memory");
    }

    upload->used = 0;

    return true;
}


static size_t
part_size(const upload_t *upload)
{
    return (size_t) (PART + PART / GROWTH * (long) json_array_size(upload->parts));
}


static bool
publish_add(destination_t *destination, const char *family, const char *role, json_t *definition)
{
    int        status;
    bool       good = false;
    char       path[128];
    json_t    *media = NULL;
    rest_t    *rest;
    publish_t *publish = (publish_t *) destination;

    rest = rest_open(publish->host, publish->token);
    if (rest == NULL || definition == NULL) {
        fault_set(destination->fault, true, "no memory");
        goto done;
    }

    snprintf(path, sizeof(path), "/rest/Media/%ld", (long) publish->media);
    if (rest_call(rest, "GET", path, NULL, &media) != 200) {
        fault_of(destination->fault, FAULT_SERVER, rest->again, "%s", rest->error);
        goto done;
    }

    if (is_known(json_object_get(json_object_get(media, "media_files"), role), role, definition)) {
        good = true;
        goto done;
    }

    snprintf(path, sizeof(path), "/rest/%s/%ld?role=%s", family, (long) publish->media, role);
    status = rest_call(rest, "POST", path, definition, NULL);
    good = status == 201 || fault_of(destination->fault, FAULT_SERVER, rest->again, "%s", rest->error);

done:

    json_decref(media);
    json_decref(definition);
    rest_close(rest);

    return good;
}


static bool
publish_set(destination_t *destination, json_t *values)
{
    bool       good = false;
    char       path[64];
    rest_t    *rest;
    publish_t *publish = (publish_t *) destination;

    rest = rest_open(publish->host, publish->token);

    if (rest == NULL || values == NULL) {
        fault_set(destination->fault, true, "no memory");

    } else {
        snprintf(path, sizeof(path), "/rest/Media/%ld", (long) publish->media);
        good = rest_call(rest, "PATCH", path, values, NULL) == 200 ||
               fault_of(destination->fault, FAULT_SERVER, rest->again, "%s", rest->error);
    }

    rest_close(rest);
    json_decref(values);

    return good;
}


/* The same file: role, codec and resolution are equal; archival ones may differ in size alone. */
static bool
is_known(const json_t *files, const char *role, const json_t *definition)
{
    size_t        i;
    const json_t *file;

    json_array_foreach(files, i, file)
    {
        if (json_equal(json_object_get(file, "resolution"), json_object_get(definition, "resolution")) &&
            (json_object_get(definition, "codec") == NULL ||
             json_equal(json_object_get(file, "codec"), json_object_get(definition, "codec"))) &&
            (strcmp(role, "archival") != 0 ||
             json_equal(json_object_get(file, "size"), json_object_get(definition, "size")))) {
            return true;
        }
    }

    return false;
}
