/*
 * Opening a foreign image: libvips for most formats, LibRaw for DNG, FFmpeg for BMP.
 */

#ifndef TRANSCODE_PICTURE_H
#define TRANSCODE_PICTURE_H

#include <stdbool.h>

#include <vips/vips.h>

#include "fault.h"

#define PICTURE_PIXELS 1500000000L /* of an image, at most */

/* Life: picture_open() borrows the descriptor; picture_close() frees the rest. */
typedef struct {
    int         fd; /* of a file with the bytes; its offset is not used */
    size_t      len;
    const char *format; /* jpeg, png, gif, webp, tiff, heif, avif, bmp, dng */
    VipsImage  *image;  /* header; not turned; pixels are read when they are asked for */
    int         width, height; /* upright */
    int         orientation;   /* of EXIF, 1 … 8 */
    bool        decoded;       /* the pixels are in memory: there is no format that libvips could open again */
} picture_t;

/* libvips and its limits, once in a process. */
bool picture_start(int threads, fault_t *fault);

/* An image of `len` bytes in a file. false: the fault is noted. */
bool picture_open(picture_t *picture, int fd, size_t len, fault_t *fault);
void picture_close(picture_t *picture);

/* Fitted into a square of `side` pixels, never enlarged, upright, in sRGB with 8 bits and without alpha. NULL: the fault is noted. */
VipsImage *picture_small(picture_t *picture, int side, fault_t *fault);

/* Upright, grey or RGB (8 or 16 bits, in sRGB), with alpha where there is some. NULL: the fault is noted. */
VipsImage *picture_plain(const picture_t *picture, fault_t *fault);

/* What libvips says went wrong, as a fault of the media. Always false. */
bool picture_fault(fault_t *fault, const char *what);

#endif
