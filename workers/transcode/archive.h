/*
 * Archives with videos, images and annotations (contract/media.md §18, last paragraph), by libarchive.
 *
 * Nothing is unpacked to a name: members are read into unnamed files one after another; links, devices and folders are passed over.
 * A video or image becomes a media of its own, named as the member; `NAME/states/TYPE.csv` and `NAME/localizations/TYPE.csv` beside
 * it, where NAME is the member's without its suffix, are its annotations (table.h). An archive with nothing but one row of
 * numbered images of one format is one video, and an archive with one video alone is that video: they become the job's own media.
 */

#ifndef TRANSCODE_ARCHIVE_H
#define TRANSCODE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "fault.h"

typedef struct {
    const char   *url; /* of the source, with its flags (source.h) */
    unsigned      flags;
    const json_t *task; /* of the broker */
    int           threads;
    void (*progress)(double part, void *data);
    void *data;

    /* The outcome. */
    char   note[400]; /* what the user is to know of a success; may be empty */
    double played;    /* seconds of video */
} archive_order_t;

/* By the first bytes (512 are enough) and, for packed tars, the name. */
bool archive_is(const void *data, size_t len, const char *name);

/* The whole import. false: the fault is noted. */
bool archive_import(archive_order_t *order, fault_t *fault);

#endif
