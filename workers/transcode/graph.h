/*
 * A chain of picture or sound filters of libavfilter, opened for frames that are like the first one.
 */

#ifndef TRANSCODE_GRAPH_H
#define TRANSCODE_GRAPH_H

#include <libavfilter/avfilter.h>
#include <libavutil/frame.h>

#include "fault.h"

typedef struct {
    AVFilterGraph   *graph;
    AVFilterContext *source, *sink;
    fault_t         *fault;
} graph_t;

/* `chain` in libavfilter's words, worked by so many threads; `device` for its hwupload, or NULL. NULL: the fault is noted. */
graph_t *graph_open(const AVFrame *like, AVRational time_base, const char *chain, int threads, AVBufferRef *device,
                    fault_t *fault);
void     graph_close(graph_t *graph);

/* Takes over what the frame refers to; NULL: no more. false: the fault is noted. */
bool graph_put(graph_t *graph, AVFrame *frame);

/* 1: `frame` is filled; 0: it wants more; -1: all are out, or the fault is noted. */
int graph_take(graph_t *graph, AVFrame *frame);

#endif
