/*
 * Chains of filters.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/channel_layout.h>
#include <libavutil/mem.h>

#include "graph.h"


static bool source_make(graph_t *graph, const AVFrame *like, AVRational time_base);
static bool chain_make(graph_t *graph, const char *chain, bool sound, AVBufferRef *device);


graph_t *
graph_open(const AVFrame *like, AVRational time_base, const char *chain, int threads, AVBufferRef *device,
           fault_t *fault)
{
    graph_t *graph = calloc(1, sizeof(graph_t));

    if (graph == NULL) {
        fault_set(fault, true, "no memory");
        return NULL;
    }

    graph->fault = fault;
    graph->graph = avfilter_graph_alloc();

    if (graph->graph == NULL) {
        fault_set(fault, true, "no memory");
        goto failed;
    }

    graph->graph->nb_threads = threads;

    if (!source_make(graph, like, time_base) || !chain_make(graph, chain, like->nb_samples > 0, device)) {
        goto failed;
    }

    return graph;

failed:

    graph_close(graph);

    return NULL;
}


void
graph_close(graph_t *graph)
{
    if (graph != NULL) {
        avfilter_graph_free(&graph->graph);
        free(graph);
    }
}


bool
graph_put(graph_t *graph, AVFrame *frame)
{
    int error = av_buffersrc_add_frame_flags(graph->source, frame, 0);

    return error >= 0 || fault_av(graph->fault, error, "a filter refuses a frame");
}


int
graph_take(graph_t *graph, AVFrame *frame)
{
    int error = av_buffersink_get_frame(graph->sink, frame);

    if (error >= 0) {
        return 1;
    }

    if (error == AVERROR(EAGAIN)) {
        return 0;
    }

    if (error != AVERROR_EOF) {
        fault_av(graph->fault, error, "a filter fails");
    }

    return -1;
}


static bool
source_make(graph_t *graph, const AVFrame *like, AVRational time_base)
{
    int                    error;
    bool                   sound = like->nb_samples > 0;
    AVBufferSrcParameters *facts;

    graph->source = avfilter_graph_alloc_filter(graph->graph, avfilter_get_by_name(sound ? "abuffer" : "buffer"), "in");
    facts = av_buffersrc_parameters_alloc();

    if (graph->source == NULL || facts == NULL) {
        av_free(facts);
        return fault_set(graph->fault, true, "no memory");
    }

    facts->format = like->format;
    facts->time_base = time_base;
    error = 0;

    if (sound) {
        facts->sample_rate = like->sample_rate;
        if (like->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC) {
            av_channel_layout_default(&facts->ch_layout, like->ch_layout.nb_channels);
        } else {
            error = av_channel_layout_copy(&facts->ch_layout, &like->ch_layout);
        }

    } else {
        facts->width = like->width;
        facts->height = like->height;
        facts->sample_aspect_ratio = like->sample_aspect_ratio;
    }

    if (error >= 0) {
        error = av_buffersrc_parameters_set(graph->source, facts);
    }

    if (error >= 0) {
        error = avfilter_init_str(graph->source, NULL);
    }

    av_channel_layout_uninit(&facts->ch_layout);
    av_free(facts);

    return error >= 0 || fault_av(graph->fault, error, "the filters do not open");
}


static bool
chain_make(graph_t *graph, const char *chain, bool sound, AVBufferRef *device)
{
    int            error;
    unsigned       i;
    AVFilterInOut *from, *to;

    error = avfilter_graph_create_filter(&graph->sink, avfilter_get_by_name(sound ? "abuffersink" : "buffersink"),
                                         "out", NULL, NULL, graph->graph);
    if (error < 0) {
        return fault_av(graph->fault, error, "the filters do not open");
    }

    from = avfilter_inout_alloc();
    to = avfilter_inout_alloc();

    if (from == NULL || to == NULL) {
        avfilter_inout_free(&from);
        avfilter_inout_free(&to);
        return fault_set(graph->fault, true, "no memory");
    }

    from->name = av_strdup("in");
    from->filter_ctx = graph->source;
    to->name = av_strdup("out");
    to->filter_ctx = graph->sink;

    error = avfilter_graph_parse_ptr(graph->graph, chain, &to, &from, NULL);
    avfilter_inout_free(&from);
    avfilter_inout_free(&to);

    for (i = 0; error >= 0 && device != NULL && i < graph->graph->nb_filters; i++) {
        if (strcmp(graph->graph->filters[i]->filter->name, "hwupload") == 0) {
            graph->graph->filters[i]->hw_device_ctx = av_buffer_ref(device);
        }
    }

    if (error >= 0) {
        error = avfilter_graph_config(graph->graph, NULL);
    }

    return error >= 0 || fault_av(graph->fault, error, "the filters do not open (%s)", chain);
}
