/*
 * Whether an image is as its format's rules want it, to its last byte. libvips shows what it can of a file, since people want to see
 * pictures; a file whose bytes are kept must be one that no reader refuses.
 */

#ifndef TRANSCODE_STRICT_H
#define TRANSCODE_STRICT_H

#include <stdbool.h>

/* `format` is jpeg (libjpeg has nothing to complain of up to the end mark) or png (each chunk has its length and checksum, up to IEND;
   the pixels are the caller's to decode); of others nothing is known, and false. The descriptor's offset is moved. */
bool strict_is_whole(const char *format, int fd);

#endif
