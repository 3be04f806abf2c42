/*
 * Import of an image (contract/media.md §12) by libvips.
 */

#ifndef TRANSCODE_IMAGE_H
#define TRANSCODE_IMAGE_H

#include <jansson.h>

#include "fault.h"

/* The whole job of this spec. false: the fault is noted. */
bool image_import(const json_t *spec, fault_t *fault);

#endif
