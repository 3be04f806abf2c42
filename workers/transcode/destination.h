/*
 * Where results go: to a media through REST, or into a directory. A sink takes one file, in order, while it is made.
 * Sinks of one destination may be used from different threads at a time, each by one.
 */

#ifndef TRANSCODE_DESTINATION_H
#define TRANSCODE_DESTINATION_H

#include <stdint.h>

#include <jansson.h>

#include "fault.h"

typedef struct sink_s        sink_t;
typedef struct destination_s destination_t;

struct sink_s {
    /* The next bytes. false: the fault is noted. */
    bool (*write)(sink_t *sink, const void *data, size_t len);
    /* The file is complete: store it, `key` tells where. */
    bool (*finish)(sink_t *sink);
    /* Ends the sink; what was not finished is dropped. */
    void (*close)(sink_t *sink);

    int64_t size;
    char    key[512];
};

struct destination_s {
    fault_t *fault;

    /* `estimate`: bytes expected, for the number of parts. NULL: the fault is noted. */
    sink_t *(*open)(destination_t *destination, const char *name, int64_t estimate);
    /* Make a stored file known: `family` VideoFiles, AudioFiles or ImageFiles, `role` as in media_files. Owns `definition`. */
    bool (*add)(destination_t *destination, const char *family, const char *role, json_t *definition);
    /* Set members of the media itself. Owns `values`. */
    bool (*set)(destination_t *destination, json_t *values);
};

/* Files in an existing directory; add and set are collected in its media.json. NULL: no memory. */
destination_t *directory_open(const char *path, fault_t *fault);
void           directory_close(destination_t *destination);

#endif
