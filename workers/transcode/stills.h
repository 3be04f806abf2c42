/*
 * Thumbnail and animated thumbnail of a video (contract/media.md §18), in a thread of their own. The thumbnail is stored
 * as soon as the first picture is there.
 */

#ifndef TRANSCODE_STILLS_H
#define TRANSCODE_STILLS_H

#include "channel.h"
#include "destination.h"
#include "input.h"

#define STILLS_KEPT 128

typedef struct {
    channel_t      channel; /* AVFrame, pts = number of the picture; only those that stills_wants() */
    pthread_t      thread;
    bool           running;
    bool           thumbnail, animation; /* wanted */
    int            width, height;
    int64_t        step; /* of pictures of the animation */
    AVFrame       *kept[STILLS_KEPT];
    size_t         n_kept;
    destination_t *destination;
    fault_t       *fault;
} stills_t;

/* NULL: the fault is noted. */
stills_t *stills_create(const input_t *input, bool thumbnail, bool animation, destination_t *destination,
                        fault_t *fault);
bool      stills_start(stills_t *stills);
void      stills_close(stills_t *stills); /* joins the thread */

/* Whether picture `number` is to be put into the channel. */
bool stills_wants(const stills_t *stills, int64_t number);

/* A picture as a JPEG file of the given size: the one frame is read, not taken. The caller frees the packet. NULL: the fault is noted. */
struct AVPacket *still_jpeg(const AVFrame *frame, int width, int height, fault_t *fault);

#endif
