/*
 * One encoded video.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>

#include "graph.h"
#include "video.h"

#define GROUP        25           /* pictures from one key frame to the next: a fragment */
#define WORKING_FILE (384L << 20) /* bytes of an archival file, about, up to which it is made in a working file */
#define MEMORY_AHEAD (96L << 20)  /* of pictures that wait for an encoder; all outputs share them */

typedef struct {
    const char *codec, *variable, *encoder, *preset;
} encoder_t;

static const encoder_t encoders[] = {
    {"h264", "TATOR_H264_ENCODER", "libx264",   "fast"},
    {"hevc", "TATOR_HEVC_ENCODER", "libx265",   "fast"},
    {"av1",  "TATOR_AV1_ENCODER",  "libsvtav1", "5"   },
};


static video_t *video_create(const rung_config_t *config, const input_t *input, int height, int threads,
                             destination_t *destination, fault_t *fault);
static size_t   frames_ahead(const input_t *input);
static void    *run(void *video);
static bool     encode_all(video_t *video, graph_t **graph, AVFrame *frame, AVPacket *packet);
static graph_t *scaler_open(const video_t *video, const AVFrame *like);
static bool     encode(video_t *video, AVFrame *frame, AVPacket *packet);
static bool     encoder_open(video_t *video, const AVFrame *like);
static void     colours(const video_t *video, AVCodecContext *encoder, const AVFrame *like);
static bool     encoder_options(const video_t *video, const encoder_t *row, AVCodecContext *encoder);
static bool     segments_store(video_t *video, char *key, size_t size);
static void     frame_destroy(void *frame);


video_t *
video_rung(const rung_config_t *config, const input_t *input, int threads, int64_t estimate, destination_t *destination,
           fault_t *fault)
{
    char     name[64];
    sink_t  *sink;
    video_t *video = video_create(config, input, config->height, threads, destination, fault);

    if (video == NULL) {
        return NULL;
    }

    snprintf(name, sizeof(name), "%d%s%s.mp4", config->height, strcmp(config->codec, "h264") == 0 ? "" : "_",
             strcmp(config->codec, "h264") == 0 ? "" : config->codec);

    sink = destination->open(destination, name, estimate);
    if (sink != NULL) {
        video->muxer = muxer_open(MUXER_FRAGMENTED, "mp4", NULL, sink, 1, fault);
    }

    if (video->muxer == NULL) {
        video_close(video);
        return NULL;
    }

    return video;
}


video_t *
video_archival(const rung_config_t *config, const json_t *encode, const input_t *input, int threads, const char *name,
               int streams, int64_t estimate, destination_t *destination, fault_t *fault)
{
    sink_t     *sink;
    video_t    *video;
    const char *flags;

    video = video_create(config, input, input->height, threads, destination, fault);

    if (video == NULL) {
        return NULL;
    }

    video->archival = true;

    sink = destination->open(destination, name, estimate);
    if (sink != NULL) {
        flags = json_string_value(json_object_get(encode, "movflags"));
        video->muxer = muxer_open(flags == NULL && estimate > WORKING_FILE ? MUXER_LONG : MUXER_WHOLE, "mp4", flags,
                                  sink, streams, fault);
    }

    if (video->muxer == NULL) {
        video_close(video);
        return NULL;
    }

    return video;
}


bool
video_start(video_t *video)
{
    video->running = pthread_create(&video->thread, NULL, run, video) == 0;

    return video->running || fault_set(video->fault, true, "no thread");
}


void
video_close(video_t *video)
{
    if (video == NULL) {
        return;
    }

    if (video->running) {
        pthread_join(video->thread, NULL);
    }

    avcodec_free_context(&video->encoder);
    muxer_close(video->muxer);
    channel_done(&video->channel);
    free(video);
}


bool
video_register(video_t *video)
{
    char          segments[512] = "";
    double        seconds;
    json_t       *definition;
    const sink_t *sink = muxer_sink(video->muxer);

    seconds = (double) muxer_packets(video->muxer, video->stream) / av_q2d(video->rate);

    if (!video->archival && !segments_store(video, segments, sizeof(segments))) {
        return false;
    }

    definition = json_pack("{s:s,s:[i,i],s:s,s:s,s:I,s:I}", "path", sink->key, "resolution", video->encoder->height,
                           video->encoder->width, "codec", video->config.codec, "codec_description",
                           codec_description(video->encoder->codec_id), "size", (json_int_t) sink->size, "bit_rate",
                           (json_int_t) (seconds > 0 ? (double) sink->size * 8 / seconds : -1));

    if (video->archival) {
        json_object_set_new(definition, "codec_mime", json_string("video/mp4"));
    } else {
        json_object_set_new(definition, "segment_info", json_string(segments));
    }

    return video->destination->add(video->destination, "VideoFiles", video->archival ? "archival" : "streaming",
                                   definition);
}


const char *
codec_description(enum AVCodecID codec)
{
    const AVCodecDescriptor *facts = avcodec_descriptor_get(codec);

    return facts != NULL && facts->long_name != NULL ? facts->long_name : "";
}


static video_t *
video_create(const rung_config_t *config, const input_t *input, int height, int threads, destination_t *destination,
             fault_t *fault)
{
    video_t *video = calloc(1, sizeof(video_t));

    if (video == NULL) {
        fault_set(fault, true, "no memory");
        return NULL;
    }

    channel_init(&video->channel, frames_ahead(input), frame_destroy);

    video->config = *config;
    video->height = height;
    video->width = (int) av_rescale(height, input->width, (int64_t) input->height * 2) * 2;
    video->width = video->width > 2 ? video->width : 2;
    video->rate = input->rate;
    video->threads = threads;
    video->destination = destination;
    video->fault = fault;

    return video;
}


/* Enough that one slow output does not stop the others at once. */
static size_t
frames_ahead(const input_t *input)
{
    long frames = MEMORY_AHEAD / ((long) input->width * input->height * 3 / 2 + 1);

    return frames < 4 ? 4 : frames > 64 ? 64 : (size_t) frames;
}


static void *
run(void *closure)
{
    bool      last;
    video_t  *video = closure;
    graph_t  *graph = NULL;
    AVFrame  *frame = av_frame_alloc();
    AVPacket *packet = av_packet_alloc();

    if (frame == NULL || packet == NULL) {
        fault_set(video->fault, true, "no memory");
        goto done;
    }

    if (encode_all(video, &graph, frame, packet) && muxer_end(video->muxer, &last) && last) {
        if (video->turns != NULL) {
            turns_wait(video->turns, video->turn);
        }

        video_register(video);
    }

done:

    if (video->turns != NULL) {
        turns_pass(video->turns, video->turn);
    }

    graph_close(graph);
    av_packet_free(&packet);
    av_frame_free(&frame);

    if (fault_is_set(video->fault)) {
        channel_break(&video->channel);
    }

    return NULL;
}


/* Every picture of the channel through scaler and encoder, to the end. */
static bool
encode_all(video_t *video, graph_t **graph, AVFrame *frame, AVPacket *packet)
{
    int      got;
    int64_t  given = 0;
    AVFrame *picture;

    do {
        picture = channel_take(&video->channel);

        if (picture == NULL && (fault_is_set(video->fault) || *graph == NULL)) {
            return fault_set(video->fault, false, "the video has no pictures");
        }

        if (*graph == NULL) {
            video->rgb = picture->colorspace == AVCOL_SPC_RGB;
            *graph = scaler_open(video, picture);
        }

        if (*graph == NULL || !graph_put(*graph, picture)) {
            av_frame_free(&picture);
            return false;
        }

        given += picture != NULL;

        while ((got = graph_take(*graph, frame)) == 1) {
            if (!encode(video, frame, packet)) {
                return false;
            }
        }

        if (picture == NULL) {
            break;
        }

        av_frame_free(&picture);

    } while (got == 0);

    if (fault_is_set(video->fault) || !encode(video, NULL, packet)) {
        return false;
    }

    if (muxer_packets(video->muxer, video->stream) != given) {
        return fault_set(video->fault, false, "the %s file of %d lines has %ld pictures instead of %ld",
                         video->config.codec, video->height, (long) muxer_packets(video->muxer, video->stream),
                         (long) given);
    }

    return true;
}


static graph_t *
scaler_open(const video_t *video, const AVFrame *like)
{
    char        chain[256];
    const char *format = video->config.pixel_format;

    snprintf(
        chain, sizeof(chain), "scale=w=%d:h=%d:flags=bicubic%s%s,format=%s%s,setsar=1", video->width, video->height,
        like->color_range == AVCOL_RANGE_JPEG && strncmp(format, "yuvj", 4) != 0 ? ":in_range=pc:out_range=tv" : "",
        like->colorspace == AVCOL_SPC_RGB ? ":out_color_matrix=bt709" : "", format,
        video->height % 2 ? ",pad=ceil(iw/2)*2:ceil(ih/2)*2" : "");

    return graph_open(like, av_inv_q(video->rate), chain, 1, video->fault);
}


/* One picture (NULL: no more) into the encoder, and what comes out into the file. */
static bool
encode(video_t *video, AVFrame *frame, AVPacket *packet)
{
    int error;

    if (frame != NULL) {
        if (video->encoder == NULL && !encoder_open(video, frame)) {
            return false;
        }

        frame->pict_type = AV_PICTURE_TYPE_NONE;
    }

    error = avcodec_send_frame(video->encoder, frame);
    av_frame_unref(frame);

    while (error >= 0) {
        error = avcodec_receive_packet(video->encoder, packet);
        if (error < 0) {
            break;
        }

        if (packet->duration == 0) {
            packet->duration = 1;
        }

        if (!muxer_put(video->muxer, video->stream, packet, video->encoder->time_base)) {
            return false;
        }
    }

    return error == AVERROR(EAGAIN) || error == AVERROR_EOF ||
           fault_av(video->fault, error, "the %s encoder fails", video->config.codec);
}


static bool
encoder_open(video_t *video, const AVFrame *like)
{
    int              error;
    size_t           i;
    const char      *name;
    const AVCodec   *codec = NULL;
    AVCodecContext  *encoder;
    const encoder_t *row = NULL;

    for (i = 0; i < sizeof(encoders) / sizeof(encoders[0]); i++) {
        if (strcmp(encoders[i].codec, video->config.codec) == 0) {
            row = &encoders[i];
            name = getenv(row->variable);
            codec = avcodec_find_encoder_by_name(name != NULL && *name ? name : row->encoder);
        }
    }

    if (codec == NULL) {
        return fault_set(video->fault, false, "there is no encoder for %s", video->config.codec);
    }

    encoder = video->encoder = avcodec_alloc_context3(codec);
    if (encoder == NULL) {
        return fault_set(video->fault, true, "no memory");
    }

    encoder->width = like->width;
    encoder->height = like->height;
    encoder->pix_fmt = like->format;
    encoder->time_base = av_inv_q(video->rate);
    encoder->framerate = video->rate;
    encoder->sample_aspect_ratio = (AVRational){1, 1};
    encoder->thread_count = video->threads;
    encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_CLOSED_GOP;
    colours(video, encoder, like);

    if (!encoder_options(video, row, encoder)) {
        return false;
    }

    error = avcodec_open2(encoder, codec, NULL);
    if (error < 0) {
        return fault_av(video->fault, error, "the encoder %s does not open", codec->name);
    }

    video->stream = muxer_add(video->muxer, encoder);

    return video->stream >= 0;
}


static void
colours(const video_t *video, AVCodecContext *encoder, const AVFrame *like)
{
    encoder->color_range = like->color_range != AVCOL_RANGE_UNSPECIFIED ? like->color_range : AVCOL_RANGE_MPEG;
    encoder->colorspace = video->rgb ? AVCOL_SPC_BT709 : like->colorspace;
    encoder->color_primaries = like->color_primaries;
    encoder->color_trc = like->color_trc;
    encoder->chroma_sample_location = like->chroma_location;
}


static bool
encoder_options(const video_t *video, const encoder_t *row, AVCodecContext *encoder)
{
    int                  error = 0;
    char                 text[96];
    const char          *preset = video->config.preset[0] ? video->config.preset : row->preset;
    const char          *tune = video->config.tune[0] ? video->config.tune : "fastdecode";
    const rung_config_t *config = &video->config;

    if (!video->archival) {
        encoder->gop_size = GROUP;
        encoder->keyint_min = GROUP;
        av_opt_set(encoder->priv_data, "sc_threshold", "0", 0);
        av_opt_set(encoder, "sc_threshold", "0", 0);
    }

    error = av_opt_set(encoder->priv_data, "preset", preset, 0);

    if (strcmp(encoder->codec->name, "libsvtav1") == 0) {
        snprintf(text, sizeof(text), "fast-decode=1:lp=%d", video->threads);
        av_opt_set(encoder->priv_data, "svtav1-params", text, 0);

    } else if (strcmp(encoder->codec->name, "libx265") == 0) {
        snprintf(text, sizeof(text), "log-level=error:pools=%d%s", video->threads,
                 video->archival ? "" : ":scenecut=0:open-gop=0:keyint=25:min-keyint=25");
        av_opt_set(encoder->priv_data, "x265-params", text, 0);
        av_opt_set(encoder->priv_data, "tune", tune, 0);

    } else {
        av_opt_set(encoder->priv_data, "tune", tune, 0);
    }

    if (error < 0 || av_opt_set_double(encoder->priv_data, "crf", config->crf, 0) < 0) {
        return fault_set(video->fault, false, "the encoder %s does not take preset %s and crf %d", encoder->codec->name,
                         preset, config->crf);
    }

    return true;
}


/* The segment file stands next to the video. */
static bool
segments_store(video_t *video, char *key, size_t size)
{
    char    name[64], *text = NULL;
    bool    good = false;
    json_t *segments = muxer_segments(video->muxer);
    sink_t *sink = NULL;

    if (segments == NULL) {
        return false;
    }

    text = json_dumps(segments, JSON_COMPACT);
    json_decref(segments);

    if (text == NULL) {
        return fault_set(video->fault, true, "no memory");
    }

    snprintf(name, sizeof(name), "%d.json", video->height);
    sink = video->destination->open(video->destination, name, (int64_t) strlen(text));

    if (sink != NULL) {
        good = sink->write(sink, text, strlen(text)) && sink->finish(sink);
        snprintf(key, size, "%s", sink->key);
        sink->close(sink);
    }

    free(text);

    return good;
}


static void
frame_destroy(void *item)
{
    AVFrame *frame = item;

    av_frame_free(&frame);
}
