/*
 * A row of images as a video: JPEG or PNG files, one behind another in a file, become the packets of one.
 */

#ifndef TRANSCODE_ROW_H
#define TRANSCODE_ROW_H

#include <stddef.h>
#include <sys/types.h>

#include "fault.h"

typedef struct {
    off_t at, len; /* of an image in the file */
} row_image_t;

/* Written to `to`, `rate` images a second. The images must be of one format and size. false: the fault is noted. */
bool row_film(int from, const row_image_t *images, size_t n, double rate, int to, fault_t *fault);

#endif
