/*
 * A file being made of one or two streams. Three kinds: FRAGMENTED goes to its sink in order as it grows, with its segment
 * map (contract/media.md §17); WHOLE is made in an unnamed working file, because its header comes last, and goes to the
 * sink at its end; LONG is for what would be too large for a working file: in fragments as it grows, without a map.
 *
 * Life: each stream's thread calls muxer_add() once, muxer_put() for its packets, muxer_end() at last. Packets that come
 * before all streams have been added wait in the muxer. The thread whose muxer_end() was the last one stores the file.
 */

#ifndef TRANSCODE_MUXER_H
#define TRANSCODE_MUXER_H

#include <libavcodec/avcodec.h>

#include "destination.h"

typedef enum { MUXER_FRAGMENTED, MUXER_WHOLE, MUXER_LONG } muxer_kind_t;

typedef struct muxer_s muxer_t;

/* `format` is libavformat's name; the muxer owns the sink from now on, also when NULL is returned. `flags`: mp4 flags of a whole file, NULL: faststart. */
muxer_t *muxer_open(muxer_kind_t kind, const char *format, const char *flags, sink_t *sink, int streams,
                    fault_t *fault);
void     muxer_close(muxer_t *muxer);

/* The number of the new stream; -1: the fault is noted. */
int muxer_add(muxer_t *muxer, const AVCodecContext *encoder);

/* Takes over what the packet refers to; its times are in `time_base`. */
bool muxer_put(muxer_t *muxer, int stream, AVPacket *packet, AVRational time_base);

/* The stream is complete. `last` tells whether the file is now too, and stored. */
bool muxer_end(muxer_t *muxer, bool *last);

/* Of a stored file. */
const sink_t *muxer_sink(const muxer_t *muxer);
int64_t       muxer_packets(const muxer_t *muxer, int stream);

/* The segment file of a stored fragmented file; NULL: the fault is noted. The caller owns it. */
json_t *muxer_segments(muxer_t *muxer);

#endif
