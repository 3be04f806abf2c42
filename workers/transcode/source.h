/*
 * Bytes of a job's source, read where they are wanted: by HTTP ranges, or from a file. Blocks are fetched whole and the
 * last few are kept, so that a demuxer which hops between sound and picture does not fetch anything twice. A lost
 * connection is taken up again where it broke. A server that knows no ranges is read once into an unnamed file, which may be as large
 * as the process's limit of files. Redirects are followed one by one: each address that is not allowed by name must be a public one.
 *
 * One source belongs to one thread.
 */

#ifndef TRANSCODE_SOURCE_H
#define TRANSCODE_SOURCE_H

#include <libavformat/avio.h>

#include "fault.h"

typedef struct source_s source_t;

#define SOURCE_FILE       0x1 /* a path is good, too */
#define SOURCE_TRUSTED    0x2 /* the URL may lead to private addresses: it belongs to the deployment or was allowed */
#define SOURCE_BROKER     0x4 /* the URL is the number of one of the job's sources, which the broker reads (broker.h) */
#define SOURCE_DESCRIPTOR 0x8 /* the URL is the number of an open descriptor of a file; the source takes a copy of it */

/* http:// and https:// URLs, unless the flags say otherwise. NULL: the fault is noted. */
source_t *source_open(const char *url, unsigned flags, fault_t *fault);
void      source_close(source_t *source);

int64_t source_size(const source_t *source);

/* Up to `len` bytes from `offset`; 0 at the end, -1: the fault is noted. */
int64_t source_read(source_t *source, int64_t offset, void *data, size_t len);

/* For a demuxer. Belongs to the source. NULL: no memory. */
AVIOContext *source_io(source_t *source);

/* A descriptor, which the caller closes, of a file with all of the source: its own, or a copy without a name in TMPDIR. -1: the fault is noted. */
int source_file(source_t *source);

/* A new file in TMPDIR that is gone when it is closed. -1: the fault is noted. */
int source_unnamed(fault_t *fault);

/* The whole source as a new block of memory, with a NUL behind it. NULL: the fault is noted (also above `limit` bytes). The caller frees it. */
void *source_whole(source_t *source, size_t limit, size_t *len);

#endif
