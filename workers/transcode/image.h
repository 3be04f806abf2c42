/*
 * Import of an image (contract/media.md §12) by libvips.
 */

#ifndef TRANSCODE_IMAGE_H
#define TRANSCODE_IMAGE_H

#include "destination.h"

typedef struct {
    const char *url; /* of the source, with its flags (source.h) */
    unsigned    flags;
    const char *thumbnail; /* the source of a given thumbnail, NULL: one is made */
    const char *thumbnail_name;
    bool        reference_only; /* the image stays where it is */
    int         threads;
} image_order_t;

/* The whole import, into the destination. false: the fault is noted. */
bool image_import(const image_order_t *order, destination_t *destination, fault_t *fault);

/* Whether the first bytes (up to 64 kB) are those of an image: of one that may move (GIF) not. */
bool image_is(const void *data, size_t len);

#endif
