/*
 * Size and format of a picture by its first bytes, without decoding: PNG, JPEG, GIF, WebP, BMP.
 */

#ifndef TATOR_PICTURE_H
#define TATOR_PICTURE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    int         width, height;
    const char *format; /* as in a MIME type: png, jpeg, gif, webp, bmp */
} picture_t;

/* false: none of these, or cut off before its size. */
bool picture_probe(const void *data, size_t len, picture_t *picture);

#endif
