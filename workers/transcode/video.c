/*
 * One encoded video.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph.h"
#include "video.h"

#define GROUP        25           /* pictures from one key frame to the next: a fragment */
#define WORKING_FILE (384L << 20) /* bytes of an archival file, about, up to which it is made in a working file */
#define MEMORY_AHEAD (96L << 20)  /* of pictures that wait for an encoder; all outputs share them */

static video_t *video_create(const rung_config_t *config, const input_t *input, int height, int threads,
                             destination_t *destination, fault_t *fault);
static size_t   frames_ahead(const input_t *input);
static void    *run(void *video);
static bool     encode_all(video_t *video, graph_t **graph, AVFrame *frame, AVPacket *packet);
static graph_t *scaler_open(const video_t *video, const AVFrame *like);
static bool     encode(video_t *video, AVFrame *frame, AVPacket *packet);
static bool     encoder_begin(video_t *video, const AVFrame *like);
static void     name_write(char *name, size_t size, const rung_config_t *config, const char *suffix);
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

    name_write(name, sizeof(name), config, "mp4");

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
    encoder_done(&video->choice);
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

    if (!encoder_choose(&video->choice, config, fault)) {
        video_close(video);
        return NULL;
    }

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
    const char *format = video->choice.pixel_format;

    snprintf(
        chain, sizeof(chain), "scale=w=%d:h=%d:flags=bicubic%s%s,format=%s%s,setsar=1%s", video->width, video->height,
        like->color_range == AVCOL_RANGE_JPEG && strncmp(format, "yuvj", 4) != 0 ? ":in_range=pc:out_range=tv" : "",
        like->colorspace == AVCOL_SPC_RGB ? ":out_color_matrix=bt709" : "", format,
        video->height % 2 ? ",pad=ceil(iw/2)*2:ceil(ih/2)*2" : "", video->choice.device != NULL ? ",hwupload" : "");

    return graph_open(like, av_inv_q(video->rate), chain, 1, video->choice.device, video->fault);
}


/* One picture (NULL: no more) into the encoder, and what comes out into the file. */
static bool
encode(video_t *video, AVFrame *frame, AVPacket *packet)
{
    int error;

    if (frame != NULL) {
        if (video->encoder == NULL && !encoder_begin(video, frame)) {
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
encoder_begin(video_t *video, const AVFrame *like)
{
    const encoder_settings_t settings = {
        .rate = video->rate, .threads = video->threads, .group = video->archival ? 0 : GROUP, .rgb = video->rgb};

    video->encoder = encoder_open(&video->choice, &video->config, &settings, like, video->fault);

    if (video->encoder != NULL) {
        video->stream = muxer_add(video->muxer, video->encoder);
    }

    return video->encoder != NULL && video->stream >= 0;
}


/* Of a rung's files. */
static void
name_write(char *name, size_t size, const rung_config_t *config, const char *suffix)
{
    bool plain = strcmp(config->codec, "h264") == 0;

    snprintf(name, size, "%d%s%s.%s", config->height, plain ? "" : "_", plain ? "" : config->codec, suffix);
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

    name_write(name, sizeof(name), &video->config, "json");
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
