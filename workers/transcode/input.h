/*
 * A video source opened for one pass: demuxer, picture decoder, and what must be known before the first picture.
 * Life: input_open() borrows the source, which must outlive it; input_close() ends the rest.
 */

#ifndef TRANSCODE_INPUT_H
#define TRANSCODE_INPUT_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "fault.h"
#include "source.h"

typedef struct {
    AVFormatContext *format;
    AVCodecContext  *decoder;
    AVStream        *video, *audio; /* audio: NULL when there is none */
    AVRational       rate;          /* pictures a second of all outputs */
    double           duration;      /* seconds; 0: not known */
    int64_t          frames;        /* about how many pictures; 0: not known */
    int              width, height; /* as shown: upright, square pixels */
    const char      *progressive;   /* filters that take interlacing away, and that turn pictures; may be empty */
    const char      *upright;
    double           scanned;  /* pictures a second as the packets' times tell; 0: the container's word is good */
    AVBufferRef     *device;   /* of hardware that decodes; NULL: none */
    int              hardware; /* format of its pictures */
    const char      *absent;   /* hardware that was to decode, but is not here; NULL: none */
} input_t;

/* `force_fps` above 0 is the rate to use instead of the source's average. `threads` of the decoder. NULL: the fault is noted. */
input_t *input_open(source_t *source, double force_fps, int threads, fault_t *fault);
void     input_close(input_t *input);

/* A decoded picture, taken out of the hardware's memory when it is there. false: it can not be read. */
bool input_picture(const input_t *input, AVFrame *frame);

#endif
