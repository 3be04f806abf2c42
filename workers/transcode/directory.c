/*
 * Results in a directory: for work by hand, for measuring and for tests.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "destination.h"

typedef struct {
    destination_t   base;
    pthread_mutex_t lock;
    json_t         *media;
    char            path[];
} directory_t;

typedef struct {
    sink_t   base;
    FILE    *file;
    fault_t *fault;
} file_sink_t;


static sink_t *directory_sink(destination_t *destination, const char *name, int64_t estimate);
static bool    directory_add(destination_t *destination, const char *family, const char *role, json_t *definition);
static bool    directory_set(destination_t *destination, json_t *values);
static bool    directory_save(directory_t *directory);
static bool    file_write(sink_t *sink, const void *data, size_t len);
static bool    file_finish(sink_t *sink);
static void    file_close(sink_t *sink);


destination_t *
directory_open(const char *path, fault_t *fault)
{
    directory_t *directory = calloc(1, sizeof(directory_t) + strlen(path) + 1);

    if (directory == NULL) {
        return NULL;
    }

    directory->base =
        (destination_t){.fault = fault, .open = directory_sink, .add = directory_add, .set = directory_set};
    directory->media = json_pack("{s:{}}", "media_files");
    pthread_mutex_init(&directory->lock, NULL);
    strcpy(directory->path, path);

    return &directory->base;
}


void
directory_close(destination_t *destination)
{
    directory_t *directory = (directory_t *) destination;

    if (directory != NULL) {
        json_decref(directory->media);
        pthread_mutex_destroy(&directory->lock);
        free(directory);
    }
}


static sink_t *
directory_sink(destination_t *destination, const char *name, int64_t estimate)
{
    char         path[1024];
    directory_t *directory = (directory_t *) destination;
    file_sink_t *sink = calloc(1, sizeof(file_sink_t));

    (void) estimate;

    if (sink == NULL) {
        fault_set(destination->fault, true, "no memory");
        return NULL;
    }

    snprintf(path, sizeof(path), "%s/%s", directory->path, name);

    sink->base = (sink_t){.write = file_write, .finish = file_finish, .close = file_close};
    snprintf(sink->base.key, sizeof(sink->base.key), "%s", name);
    sink->fault = destination->fault;
    sink->file = fopen(path, "we");

    if (sink->file == NULL) {
        fault_set(destination->fault, false, "%s can not be written: %s", path, strerror(errno));
        free(sink);
        return NULL;
    }

    return &sink->base;
}


static bool
directory_add(destination_t *destination, const char *family, const char *role, json_t *definition)
{
    bool         good;
    json_t      *files, *list;
    directory_t *directory = (directory_t *) destination;

    (void) family;

    pthread_mutex_lock(&directory->lock);

    files = json_object_get(directory->media, "media_files");
    list = json_object_get(files, role);

    if (list == NULL) {
        json_object_set_new(files, role, json_array());
        list = json_object_get(files, role);
    }

    good = json_array_append_new(list, definition) == 0 && directory_save(directory);

    pthread_mutex_unlock(&directory->lock);

    return good || fault_set(destination->fault, false, "media.json can not be written");
}


static bool
directory_set(destination_t *destination, json_t *values)
{
    bool         good;
    directory_t *directory = (directory_t *) destination;

    pthread_mutex_lock(&directory->lock);
    good = json_object_update(directory->media, values) == 0 && directory_save(directory);
    pthread_mutex_unlock(&directory->lock);

    json_decref(values);

    return good || fault_set(destination->fault, false, "media.json can not be written");
}


static bool
directory_save(directory_t *directory)
{
    char path[1024];

    snprintf(path, sizeof(path), "%s/media.json", directory->path);

    return json_dump_file(directory->media, path, JSON_INDENT(2)) == 0;
}


static bool
file_write(sink_t *base, const void *data, size_t len)
{
    file_sink_t *sink = (file_sink_t *) base;

    if (fwrite(data, 1, len, sink->file) != len) {
        return fault_set(sink->fault, false, "%s can not be written: %s", base->key, strerror(errno));
    }

    base->size += (int64_t) len;

    return true;
}


static bool
file_finish(sink_t *base)
{
    file_sink_t *sink = (file_sink_t *) base;

    if (fflush(sink->file) != 0) {
        return fault_set(sink->fault, false, "%s can not be written: %s", base->key, strerror(errno));
    }

    return true;
}


static void
file_close(sink_t *base)
{
    file_sink_t *sink = (file_sink_t *) base;

    if (sink != NULL) {
        fclose(sink->file);
        free(sink);
    }
}
