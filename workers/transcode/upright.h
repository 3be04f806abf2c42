/*
 * What all outputs share: decoded pictures become progressive, upright, opaque, of one size, and of the dynamic range and colours of
 * BT.709 or BT.601, marked as what they are.
 *
 * Life: each decoded picture is put, then pictures are taken until there is none; NULL is put at last.
 */

#ifndef TRANSCODE_UPRIGHT_H
#define TRANSCODE_UPRIGHT_H

#include "graph.h"
#include "input.h"

typedef struct {
    const input_t *input;
    graph_t       *graph;
    AVFrame       *waiting;       /* the first picture of another shape, until the ones before it are out */
    int            shape[3];      /* width, height, format of the pictures that the graph is open for */
    int            width, height; /* of the first picture: all others are made so */
    int            format;
    bool     fixed;  /* what comes out has the following shape, whatever goes in: that of the first video's pictures */
    int      out[3]; /* width, height, format of what came out last */
    int      threads;
    int      lines; /* of the largest output; 0: the source's */
    bool     toned; /* a high dynamic range or a wide gamut was mapped to BT.709 */
    fault_t *fault;
} upright_t;

/* `lines`: no output is higher; 0: not known. NULL: no memory. */
upright_t *upright_create(const input_t *input, int lines, int threads, fault_t *fault);
void       upright_close(upright_t *upright);

/* What follows are pictures of another video, which become like those of the first. After NULL was put and all are out. */
void upright_next(upright_t *upright, const input_t *input);

/* Takes over what the frame refers to; NULL: no more. false: the fault is noted. */
bool upright_put(upright_t *upright, AVFrame *frame);

/* 1: `frame` is filled, its pts in the video stream's time base; 0: it wants more; -1: all are out, or the fault is noted. */
int upright_take(upright_t *upright, AVFrame *frame);

#endif
