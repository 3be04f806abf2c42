/*
 * One encoded sound: takes packets of the source, decodes, makes AAC of two channels that begin with the first picture,
 * in a thread of its own. Either a file of its own (audio.m4a), or the second stream of an archival video.
 */

#ifndef TRANSCODE_SOUND_H
#define TRANSCODE_SOUND_H

#include "graph.h"
#include "video.h"

typedef struct {
    channel_t       channel; /* AVPacket */
    pthread_t       thread;
    bool            running;
    AVCodecContext *decoder, *encoder;
    AVRational      time_base; /* of the packets */
    int64_t         start;     /* of the first picture, in time_base */
    graph_t        *graph;
    video_t        *video; /* shares its muxer; NULL: a file of its own */
    muxer_t        *muxer;
    int             stream;
    int64_t         samples;
    destination_t  *destination;
    fault_t        *fault;
} sound_t;

/* With `video` the sound joins its file. NULL: the fault is noted. */
sound_t *sound_create(const input_t *input, video_t *video, destination_t *destination, fault_t *fault);
bool     sound_start(sound_t *sound);
void     sound_close(sound_t *sound); /* joins the thread */

#endif
