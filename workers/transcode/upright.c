/*
 * The filters that all outputs share.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavfilter/buffersink.h>
#include <libavutil/pixdesc.h>

#include "upright.h"

#define HIGH_DEFINITION 720 /* lines from which a video without marks is taken for BT.709, as players do */
#define CHAIN           512

/*
 * To BT.709, on linear light: 203 nits are the white of pictures without a high dynamic range (ITU-R BT.2408), half of the light below
 * it stays as it is, what is brighter is bent into what is left.
 */
#define TONE                                                                                    \
    "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,tonemap=mobius:param=0.5:desat=0," \
    "zscale=t=bt709:m=bt709:r=tv,format=yuv420p"
#define GAMUT "zscale=p=bt709:t=bt709:m=bt709:r=tv,format=yuv420p"


static bool graph_begin(upright_t *upright, AVFrame *frame);
static void colours_mark(const upright_t *upright, AVFrame *frame);
static void chain_write(upright_t *upright, const AVFrame *frame, bool first, char *chain);
static void chain_add(char *chain, const char *format, ...) __attribute__((format(printf, 2, 3)));


upright_t *
upright_create(const input_t *input, int lines, int threads, fault_t *fault)
{
    upright_t *upright = calloc(1, sizeof(upright_t));

    if (upright == NULL) {
        fault_set(fault, true, "no memory");
        return NULL;
    }

    upright->input = input;
    upright->lines = lines;
    upright->threads = threads;
    upright->fault = fault;

    return upright;
}


void
upright_close(upright_t *upright)
{
    if (upright != NULL) {
        graph_close(upright->graph);
        av_frame_free(&upright->waiting);
        free(upright);
    }
}


void
upright_next(upright_t *upright, const input_t *input)
{
    graph_close(upright->graph);
    upright->graph = NULL;
    upright->input = input;
    upright->fixed = upright->out[0] > 0;
}


bool
upright_put(upright_t *upright, AVFrame *frame)
{
    if (frame == NULL) {
        return upright->graph == NULL || graph_put(upright->graph, NULL);
    }

    colours_mark(upright, frame);

    if (upright->graph == NULL) {
        return graph_begin(upright, frame);
    }

    if (frame->width == upright->shape[0] && frame->height == upright->shape[1] && frame->format == upright->shape[2]) {
        return graph_put(upright->graph, frame);
    }

    upright->waiting = av_frame_alloc();
    if (upright->waiting == NULL) {
        return fault_set(upright->fault, true, "no memory");
    }

    av_frame_move_ref(upright->waiting, frame);

    return graph_put(upright->graph, NULL);
}


int
upright_take(upright_t *upright, AVFrame *frame)
{
    int got;

    if (upright->graph == NULL) {
        return -1;
    }

    got = graph_take(upright->graph, frame);

    if (got == -1 && upright->waiting != NULL && !fault_is_set(upright->fault)) {
        if (!graph_begin(upright, upright->waiting)) {
            return -1;
        }

        av_frame_free(&upright->waiting);
        got = graph_take(upright->graph, frame);
    }

    if (got == 1 && frame->pts != AV_NOPTS_VALUE) {
        frame->pts = av_rescale_q(frame->pts, av_buffersink_get_time_base(upright->graph->sink),
                                  upright->input->video->time_base);
    }

    if (got == 1) {
        upright->out[0] = frame->width;
        upright->out[1] = frame->height;
        upright->out[2] = frame->format;
    }

    return got;
}


/* A new graph for pictures like this one, and this one into it. */
static bool
graph_begin(upright_t *upright, AVFrame *frame)
{
    bool first = upright->graph == NULL;
    char chain[CHAIN];

    if (first) {
        upright->width = frame->width;
        upright->height = frame->height;
        upright->format = frame->format;
    }

    graph_close(upright->graph);

    chain_write(upright, frame, first, chain);
    upright->shape[0] = frame->width;
    upright->shape[1] = frame->height;
    upright->shape[2] = frame->format;
    upright->graph = graph_open(frame, upright->input->video->time_base, chain, upright->threads, NULL, upright->fault);

    return upright->graph != NULL && graph_put(upright->graph, frame);
}


/* What a video does not say of its colours is decided once, for all outputs: a player decides by the size of each file. */
static void
colours_mark(const upright_t *upright, AVFrame *frame)
{
    bool                      high = upright->input->video->codecpar->height >= HIGH_DEFINITION;
    const AVPixFmtDescriptor *facts = av_pix_fmt_desc_get(frame->format);
    bool                      rgb = facts != NULL && (facts->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL));
    bool full = facts != NULL && (strncmp(facts->name, "yuvj", 4) == 0 || facts->nb_components < 3);

    if (rgb) {
        frame->colorspace = AVCOL_SPC_RGB;
    } else if (frame->colorspace == AVCOL_SPC_UNSPECIFIED || frame->colorspace == AVCOL_SPC_RESERVED ||
               frame->colorspace == AVCOL_SPC_RGB) {
        frame->colorspace = high ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
    }

    if (frame->color_range == AVCOL_RANGE_UNSPECIFIED) {
        frame->color_range = rgb || full ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    }

    if (frame->color_primaries == AVCOL_PRI_UNSPECIFIED || frame->color_primaries == AVCOL_PRI_RESERVED ||
        frame->color_primaries == AVCOL_PRI_RESERVED0) {
        frame->color_primaries = frame->colorspace == AVCOL_SPC_BT2020_NCL || frame->colorspace == AVCOL_SPC_BT2020_CL
                                     ? AVCOL_PRI_BT2020
                                 : high || rgb ? AVCOL_PRI_BT709
                                               : AVCOL_PRI_SMPTE170M;
    }

    if (frame->color_trc == AVCOL_TRC_UNSPECIFIED || frame->color_trc == AVCOL_TRC_RESERVED ||
        frame->color_trc == AVCOL_TRC_RESERVED0) {
        frame->color_trc = high || rgb ? AVCOL_TRC_BT709 : AVCOL_TRC_SMPTE170M;
    }
}


static void
chain_write(upright_t *upright, const AVFrame *frame, bool first, char *chain)
{
    int                       lines = upright->lines;
    bool                      alpha;
    const AVPixFmtDescriptor *facts = av_pix_fmt_desc_get(frame->format);
    const input_t            *input = upright->input;

    chain[0] = '\0';
    alpha = facts != NULL && (facts->flags & AV_PIX_FMT_FLAG_ALPHA);

    if (!first) {
        chain_add(chain, "scale=w=%d:h=%d:flags=bicubic,format=%s", upright->width, upright->height,
                  av_get_pix_fmt_name(upright->format));
    }

    chain_add(chain, "%s", input->progressive);

    if (alpha) { /* on black */
        chain_add(chain, "premultiply=inplace=1");
    }

    if (frame->color_trc == AVCOL_TRC_SMPTE2084 || frame->color_trc == AVCOL_TRC_ARIB_STD_B67 ||
        frame->color_primaries == AVCOL_PRI_BT2020) {
        upright->toned = true;

        if (lines > 0 && lines < input->height) {
            chain_add(chain, "scale=w=%d:h=%d:flags=bicubic",
                      (int) av_rescale(upright->width, lines, input->height * 2) * 2,
                      (int) av_rescale(upright->height, lines, input->height * 2) * 2);
        }

        chain_add(chain, "%s",
                  frame->color_trc == AVCOL_TRC_SMPTE2084 || frame->color_trc == AVCOL_TRC_ARIB_STD_B67 ? TONE : GAMUT);
    }

    chain_add(chain, "%s", input->upright);

    if (upright->fixed) {
        chain_add(chain, "scale=w=%d:h=%d:flags=bicubic,format=%s", upright->out[0], upright->out[1],
                  av_get_pix_fmt_name(upright->out[2]));
    }

    if (chain[0] == '\0') {
        strcpy(chain, "null");
    }
}


static void
chain_add(char *chain, const char *format, ...)
{
    char    text[CHAIN];
    size_t  len = strlen(chain);
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);

    if (text[0]) {
        snprintf(chain + len, CHAIN - len, "%s%s", len ? "," : "", text);
    }
}
