/*
 * The encoder of a video: which one of FFmpeg's, and how it is set. TATOR_H264_ENCODER, TATOR_HEVC_ENCODER and TATOR_AV1_ENCODER name
 * others than the usual ones; without them those of the hardware are tried that TATOR_TRANSCODE_HWACCEL names. What does not work here
 * gives way to the usual one, and it is said.
 */

#ifndef TRANSCODE_ENCODER_H
#define TRANSCODE_ENCODER_H

#include <libavcodec/avcodec.h>

#include "fault.h"
#include "ladder.h"

typedef struct {
    const AVCodec *codec;
    const char    *preset;           /* when none is wanted */
    char           pixel_format[24]; /* of the pictures that it is to be given */
    AVBufferRef   *device;           /* they are to be uploaded into it; NULL: no */
    char           absent[32];       /* the encoder that was to be used, but does not work here; empty: none */
} encoder_t;

typedef struct {
    AVRational rate;
    int        threads;
    int        group; /* pictures from one key picture to the next, closed; 0: as the encoder likes */
    bool       rgb;   /* pictures have been converted from RGB, by BT.709 */
} encoder_settings_t;

/* false: the fault is noted. The choice is ended by encoder_done() in any case. */
bool encoder_choose(encoder_t *choice, const rung_config_t *config, fault_t *fault);
void encoder_done(encoder_t *choice);

/* Open for pictures like this one. NULL: the fault is noted. */
AVCodecContext *encoder_open(const encoder_t *choice, const rung_config_t *config, const encoder_settings_t *settings,
                             const AVFrame *like, fault_t *fault);

#endif
