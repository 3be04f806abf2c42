/*
 * One encoded video: takes decoded pictures, scales, encodes, muxes, stores and registers them, in a thread of its own.
 * A streaming rung is one; an archival encoding is one too, which shares its file with a sound.
 */

#ifndef TRANSCODE_VIDEO_H
#define TRANSCODE_VIDEO_H

#include "channel.h"
#include "destination.h"
#include "encoder.h"
#include "input.h"
#include "ladder.h"
#include "muxer.h"
#include "turns.h"

typedef struct {
    channel_t       channel; /* AVFrame, pts = number of the picture */
    pthread_t       thread;
    bool            running;
    rung_config_t   config;
    bool            archival;
    int             width, height; /* scaled, before padding to even */
    bool            rgb;           /* what comes */
    AVRational      rate;
    int             threads;
    double          seconds; /* of the whole video, for its bit rate, when pictures have not told it */
    muxer_t        *muxer;
    int             stream;
    encoder_t       choice;
    AVCodecContext *encoder;
    turns_t        *turns; /* of registration; NULL: at once */
    size_t          turn;
    destination_t  *destination;
    fault_t        *fault;
} video_t;

/* A streaming rung: `config` of a video of input's shape. NULL: the fault is noted. */
video_t *video_rung(const rung_config_t *config, const input_t *input, int threads, int64_t estimate,
                    destination_t *destination, fault_t *fault);

/* An archival file of source size, called `name`, with `streams` streams: 2 when a sound shares it. */
video_t *video_archival(const rung_config_t *config, const json_t *encode, const input_t *input, int threads,
                        const char *name, int streams, int64_t estimate, destination_t *destination, fault_t *fault);

bool video_start(video_t *video);
void video_close(video_t *video); /* joins the thread */

/* Register the stored file; for the thread whose muxer_end() was the last. */
bool video_register(video_t *video);

/* Words for players and people: codec_mime is not contained in the reference's streaming entries. */
const char *codec_description(enum AVCodecID codec);

#endif
