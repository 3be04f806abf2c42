/*
 * Thumbnails. The animation's pictures are few (one in every second of the sample or fewer) and small, so they are kept
 * until the palette of all of them can be made.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/opt.h>

#include "graph.h"
#include "stills.h"

#define WIDTH        256
#define SAMPLE       60.0 /* seconds */
#define PICTURE_TIME 25   /* hundredths of a second that a picture of the animation is shown */
#define JPEG_QUALITY 3
#define FRAMES_AHEAD 4
#define IO_BUFFER    (64 << 10)


static void *run(void *stills);
static bool  thumbnail_store(stills_t *stills, const AVFrame *frame);
static bool  picture_keep(stills_t *stills, const AVFrame *frame);
static bool  animation_store(stills_t *stills);
static bool  animation_write(stills_t *stills, graph_t *graph, AVFormatContext *format, AVCodecContext **encoder,
                             AVFrame *frame);
static bool  animation_encode(stills_t *stills, AVFormatContext *format, AVCodecContext *encoder, AVFrame *frame);
static bool  image_add(stills_t *stills, const char *role, const char *mime, const sink_t *sink);
static int   on_bytes(void *sink, uint8_t *data, int len);
static void  frame_destroy(void *frame);


stills_t *
stills_create(const input_t *input, bool thumbnail, bool animation, destination_t *destination, fault_t *fault)
{
    double    rate = av_q2d(input->rate), sample;
    stills_t *stills = calloc(1, sizeof(stills_t));

    if (stills == NULL) {
        fault_set(fault, true, "no memory");
        return NULL;
    }

    channel_init(&stills->channel, FRAMES_AHEAD, frame_destroy);

    stills->thumbnail = thumbnail;
    stills->animation = animation;
    stills->width = WIDTH;
    stills->height = (int) av_rescale(WIDTH, input->height, (int64_t) input->width * 2) * 2;
    stills->height = stills->height > 2 ? stills->height : 2;
    stills->destination = destination;
    stills->fault = fault;

    sample = input->duration > SAMPLE ? SAMPLE : input->duration;
    stills->step = llround(fmax(rate, sample > 0 ? input->duration / sample * rate : rate));
    stills->step = stills->step > 1 ? stills->step : 1;

    return stills;
}


bool
stills_start(stills_t *stills)
{
    stills->running = pthread_create(&stills->thread, NULL, run, stills) == 0;

    return stills->running || fault_set(stills->fault, true, "no thread");
}


void
stills_close(stills_t *stills)
{
    if (stills == NULL) {
        return;
    }

    if (stills->running) {
        pthread_join(stills->thread, NULL);
    }

    while (stills->n_kept > 0) {
        av_frame_free(&stills->kept[--stills->n_kept]);
    }

    channel_done(&stills->channel);
    free(stills);
}


bool
stills_wants(const stills_t *stills, int64_t number)
{
    return stills->animation ? number % stills->step == 0 : number == 0;
}


AVPacket *
still_jpeg(const AVFrame *frame, int width, int height, fault_t *fault)
{
    int             error = AVERROR(ENOMEM);
    char            chain[128];
    graph_t        *graph = NULL;
    AVFrame        *copy = av_frame_clone(frame), *small = av_frame_alloc();
    AVPacket       *packet = av_packet_alloc();
    const AVCodec  *codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
    AVCodecContext *encoder = avcodec_alloc_context3(codec);

    if (copy == NULL || small == NULL || packet == NULL || encoder == NULL) {
        goto done;
    }

    snprintf(chain, sizeof(chain), "scale=w=%d:h=%d:flags=lanczos:out_range=pc,format=yuvj420p,setsar=1", width,
             height);
    graph = graph_open(copy, (AVRational){1, 25}, chain, 1, NULL, fault);

    if (graph == NULL || !graph_put(graph, copy) || !graph_put(graph, NULL) || graph_take(graph, small) != 1) {
        goto done;
    }

    encoder->width = small->width;
    encoder->height = small->height;
    encoder->pix_fmt = small->format;
    encoder->color_range = AVCOL_RANGE_JPEG;
    encoder->time_base = (AVRational){1, 25};
    encoder->thread_count = 1;
    encoder->flags |= AV_CODEC_FLAG_QSCALE;
    encoder->global_quality = FF_QP2LAMBDA * JPEG_QUALITY;
    small->quality = encoder->global_quality;
    small->pict_type = AV_PICTURE_TYPE_NONE;
    small->pts = 0;

    error = avcodec_open2(encoder, codec, NULL);

    if (error >= 0) {
        error = avcodec_send_frame(encoder, small);
    }

    if (error >= 0) {
        error = avcodec_receive_packet(encoder, packet);
    }

done:

    if (error < 0) {
        fault_av(fault, error, "a JPEG picture can not be made");
        av_packet_free(&packet);
    }

    graph_close(graph);
    avcodec_free_context(&encoder);
    av_frame_free(&copy);
    av_frame_free(&small);

    return packet;
}


static void *
run(void *closure)
{
    bool      good = true, first = true;
    AVFrame  *frame;
    stills_t *stills = closure;

    while (good && (frame = channel_take(&stills->channel)) != NULL) {
        good = (!first || !stills->thumbnail || thumbnail_store(stills, frame)) &&
               (!stills->animation || picture_keep(stills, frame));
        first = false;
        av_frame_free(&frame);
    }

    if (good && stills->animation && stills->n_kept > 0 && !fault_is_set(stills->fault)) {
        animation_store(stills);
    }

    if (!good) {
        channel_break(&stills->channel);
    }

    return NULL;
}


static bool
thumbnail_store(stills_t *stills, const AVFrame *frame)
{
    bool      good = false;
    sink_t   *sink;
    AVPacket *jpeg = still_jpeg(frame, stills->width, stills->height, stills->fault);

    if (jpeg == NULL) {
        return false;
    }

    sink = stills->destination->open(stills->destination, "thumbnail.jpg", jpeg->size);

    if (sink != NULL) {
        good = sink->write(sink, jpeg->data, (size_t) jpeg->size) && sink->finish(sink) &&
               image_add(stills, "thumbnail", "image/jpeg", sink);
        sink->close(sink);
    }

    av_packet_free(&jpeg);

    return good;
}


/* A small copy. When a video turns out longer than it said, every second one goes. */
static bool
picture_keep(stills_t *stills, const AVFrame *frame)
{
    char     chain[96];
    size_t   i;
    AVFrame *small, *copy;
    graph_t *graph;

    if (frame->pts % stills->step != 0) {
        return true;
    }

    if (stills->n_kept == STILLS_KEPT) {
        for (i = 0; i < STILLS_KEPT; i++) {
            if (i % 2) {
                av_frame_free(&stills->kept[i]);
            } else {
                stills->kept[i / 2] = stills->kept[i];
            }
        }

        stills->n_kept = STILLS_KEPT / 2;
        stills->step *= 2;

        if (frame->pts % stills->step != 0) {
            return true;
        }
    }

    snprintf(chain, sizeof(chain), "scale=w=%d:h=%d:flags=lanczos,format=bgra,setsar=1", stills->width, stills->height);

    copy = av_frame_clone(frame);
    small = av_frame_alloc();
    graph = copy != NULL && small != NULL ? graph_open(copy, (AVRational){1, 25}, chain, 1, NULL, stills->fault) : NULL;

    if (graph == NULL || !graph_put(graph, copy) || !graph_put(graph, NULL) || graph_take(graph, small) != 1) {
        fault_set(stills->fault, false, "the animated thumbnail can not be made");
        av_frame_free(&small);
    } else {
        stills->kept[stills->n_kept++] = small;
    }

    graph_close(graph);
    av_frame_free(&copy);

    return small != NULL;
}


static bool
animation_store(stills_t *stills)
{
    bool             good = false;
    size_t           i;
    sink_t          *sink;
    graph_t         *graph = NULL;
    AVFrame         *frame = av_frame_alloc();
    AVFormatContext *format = NULL;
    AVCodecContext  *encoder = NULL;
    unsigned char   *buffer = av_malloc(IO_BUFFER);

    sink = stills->destination->open(stills->destination, "thumbnail_gif.gif",
                                     (int64_t) stills->n_kept * stills->width * stills->height);

    if (sink == NULL || frame == NULL || buffer == NULL ||
        avformat_alloc_output_context2(&format, NULL, "gif", NULL) < 0) {
        fault_set(stills->fault, true, "no memory");
        av_free(buffer);
        goto done;
    }

    format->pb = avio_alloc_context(buffer, IO_BUFFER, 1, sink, NULL, on_bytes, NULL);
    graph = graph_open(stills->kept[0], (AVRational){1, 100}, "split[a][b];[a]palettegen[c];[b][c]paletteuse", 1, NULL,
                       stills->fault);

    if (format->pb == NULL || graph == NULL) {
        goto done;
    }

    for (i = 0, good = true; good && i < stills->n_kept; i++) {
        stills->kept[i]->pts = (int64_t) i * PICTURE_TIME;
        good = graph_put(graph, stills->kept[i]);
    }

    good = good && graph_put(graph, NULL) && animation_write(stills, graph, format, &encoder, frame) &&
           sink->finish(sink) && image_add(stills, "thumbnail_gif", "image/gif", sink);

done:

    if (format != NULL && format->pb != NULL) {
        av_freep(&format->pb->buffer);
        avio_context_free(&format->pb);
    }

    avcodec_free_context(&encoder);
    avformat_free_context(format);
    graph_close(graph);
    av_frame_free(&frame);

    if (sink != NULL) {
        sink->close(sink);
    }

    return good;
}


static bool
animation_write(stills_t *stills, graph_t *graph, AVFormatContext *format, AVCodecContext **encoder, AVFrame *frame)
{
    int       error = 0;
    AVStream *stream;

    while (graph_take(graph, frame) == 1) {

        if (*encoder == NULL) {
            *encoder = avcodec_alloc_context3(avcodec_find_encoder(AV_CODEC_ID_GIF));
            stream = avformat_new_stream(format, NULL);

            if (*encoder == NULL || stream == NULL) {
                return fault_set(stills->fault, true, "no memory");
            }

            (*encoder)->width = frame->width;
            (*encoder)->height = frame->height;
            (*encoder)->pix_fmt = frame->format;
            (*encoder)->time_base = (AVRational){1, 100};

            error = avcodec_open2(*encoder, NULL, NULL);
            if (error >= 0) {
                error = avcodec_parameters_from_context(stream->codecpar, *encoder);
            }

            if (error >= 0) {
                stream->time_base = (*encoder)->time_base;
                error = avformat_write_header(format, NULL);
            }

            if (error < 0) {
                return fault_av(stills->fault, error, "the animated thumbnail can not be made");
            }
        }

        if (!animation_encode(stills, format, *encoder, frame)) {
            return false;
        }
    }

    return !fault_is_set(stills->fault) && animation_encode(stills, format, *encoder, NULL) &&
           av_write_trailer(format) >= 0;
}


static bool
animation_encode(stills_t *stills, AVFormatContext *format, AVCodecContext *encoder, AVFrame *frame)
{
    int       error = avcodec_send_frame(encoder, frame);
    AVPacket *packet = av_packet_alloc();

    if (packet == NULL) {
        return fault_set(stills->fault, true, "no memory");
    }

    while (error >= 0) {
        error = avcodec_receive_packet(encoder, packet);
        if (error >= 0) {
            packet->duration = PICTURE_TIME;
            av_packet_rescale_ts(packet, encoder->time_base, format->streams[0]->time_base);
            error = av_write_frame(format, packet);
        }
    }

    av_packet_free(&packet);

    if (frame != NULL) {
        av_frame_unref(frame);
    }

    return error == AVERROR(EAGAIN) || error == AVERROR_EOF ||
           fault_av(stills->fault, error, "the animated thumbnail can not be made");
}


static bool
image_add(stills_t *stills, const char *role, const char *mime, const sink_t *sink)
{
    return stills->destination->add(stills->destination, "ImageFiles", role,
                                    json_pack("{s:s,s:I,s:[i,i],s:s}", "path", sink->key, "size",
                                              (json_int_t) sink->size, "resolution", stills->height, stills->width,
                                              "mime", mime));
}


static int
on_bytes(void *closure, uint8_t *data, int len)
{
    sink_t *sink = closure;

    return sink->write(sink, data, (size_t) len) ? len : AVERROR(EIO);
}


static void
frame_destroy(void *item)
{
    AVFrame *frame = item;

    av_frame_free(&frame);
}
