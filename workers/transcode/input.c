/*
 * Opening a video source. Media is foreign: only container formats of one file are let in (none that names other files),
 * and nothing but the source's own bytes is ever opened.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/display.h>
#include <libavutil/hwcontext.h>
#include <libavutil/rational.h>

#include "input.h"

#define PIXELS_LIMIT (16384L * 16384)
#define RATE_LIMIT   1000.0
#define SCAN_LIMIT   (512L << 20) /* bytes that are read for the rate of a source that does not tell it */
#define JUMP         10.0         /* seconds back in time: another recording begins */
#define PAUSE        3600.0       /* seconds ahead: the same */
#define PROBE_BYTES  "50000000"
#define PROBE_TIME   "10000000"

static const char formats[] =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,mpegps,asf,flv,gif,mxf,ogg,nut,h264,hevc,"
    "av1,obu,ivf,mjpeg,m4v,vc1,dv,rm,wtv,y4m,yuv4mpegpipe,apng,webp_pipe,png_pipe,jpeg_pipe,gif_pipe,image2pipe,swf,"
    "gxf";


/* By quarter turns clockwise; the second of each pair for mirrored pictures. */
static const char *const turns[4][2] = {
    {"",                 "vflip"                },
    {"transpose=clock",  "transpose=cclock_flip"},
    {"hflip,vflip",      "hflip"                },
    {"transpose=cclock", "transpose=clock_flip" },
};


static bool               container_open(input_t *input, source_t *source, fault_t *fault);
static bool               streams_find(input_t *input, fault_t *fault);
static bool               is_to_be_scanned(const input_t *input, double force_fps);
static bool               scan(input_t *input, fault_t *fault);
static bool               is_shown(const input_t *input, const AVPacket *packet);
static bool               decoder_open(input_t *input, int threads, fault_t *fault);
static void               hardware_open(input_t *input, const AVCodec *codec);
static enum AVPixelFormat on_format(AVCodecContext *decoder, const enum AVPixelFormat *formats);
static AVRational         rate_of(const input_t *input, double force_fps);
static double             duration_of(const input_t *input);
static int                rotation_of(const AVStream *stream, bool *mirrored);
static void               shape(input_t *input);
static int nothing_else(AVFormatContext *format, AVIOContext **io, const char *url, int flags, AVDictionary **options);


input_t *
input_open(source_t *source, double force_fps, int threads, fault_t *fault)
{
    input_t *input = calloc(1, sizeof(input_t));

    if (input == NULL) {
        fault_set(fault, true, "no memory");
        return NULL;
    }

    if (!container_open(input, source, fault)) {
        goto failed;
    }

    if (is_to_be_scanned(input, force_fps)) {
        if (!scan(input, fault)) {
            goto failed;
        }

        avformat_close_input(&input->format);
        input->video = input->audio = NULL;

        if (!container_open(input, source, fault)) {
            goto failed;
        }
    }

    if (!decoder_open(input, threads, fault)) {
        goto failed;
    }

    input->rate = rate_of(input, force_fps);
    input->duration = duration_of(input);

    if (input->frames == 0) {
        input->frames =
            input->video->nb_frames > 0 ? input->video->nb_frames : (int64_t) (input->duration * av_q2d(input->rate));
    }

    shape(input);

    return input;

failed:

    input_close(input);

    return NULL;
}


void
input_close(input_t *input)
{
    if (input != NULL) {
        avcodec_free_context(&input->decoder);
        avformat_close_input(&input->format);
        av_buffer_unref(&input->device);
        free(input);
    }
}


bool
input_picture(const input_t *input, AVFrame *frame)
{
    bool     good = true;
    AVFrame *copy;

    frame->pts = frame->best_effort_timestamp;

    if (input->device != NULL && frame->format == input->hardware) {
        copy = av_frame_alloc();
        good = copy != NULL && av_hwframe_transfer_data(copy, frame, 0) >= 0 && av_frame_copy_props(copy, frame) >= 0;

        if (good) {
            av_frame_unref(frame);
            av_frame_move_ref(frame, copy);
        }

        av_frame_free(&copy);
    }

    return good;
}


static bool
container_open(input_t *input, source_t *source, fault_t *fault)
{
    int           error;
    AVIOContext  *io = source_io(source);
    AVDictionary *options = NULL;

    input->format = avformat_alloc_context();
    if (input->format == NULL || io == NULL) {
        return fault_set(fault, true, "no memory");
    }

    avio_seek(io, 0, SEEK_SET);
    io->eof_reached = io->error = 0;

    input->format->pb = io;
    input->format->flags |= AVFMT_FLAG_CUSTOM_IO;
    input->format->io_open = nothing_else;

    av_dict_set(&options, "format_whitelist", formats, 0);
    av_dict_set(&options, "protocol_whitelist", "none", 0);
    av_dict_set(&options, "probesize", PROBE_BYTES, 0);
    av_dict_set(&options, "analyzeduration", PROBE_TIME, 0);

    error = avformat_open_input(&input->format, NULL, NULL, &options);
    av_dict_free(&options);

    if (error >= 0) {
        error = avformat_find_stream_info(input->format, NULL);
    }

    if (error < 0) {
        return fault_av(fault, error, "the source is not a video that can be read");
    }

    return streams_find(input, fault);
}


/* The first stream of moving pictures, the best one of sound; the rest is not read. */
static bool
streams_find(input_t *input, fault_t *fault)
{
    int       sound;
    unsigned  i;
    AVStream *stream;

    sound = av_find_best_stream(input->format, AVMEDIA_TYPE_AUDIO, -1, -1, NULL, 0);

    for (i = 0; i < input->format->nb_streams; i++) {
        stream = input->format->streams[i];
        stream->discard = AVDISCARD_ALL;

        if (input->video == NULL && stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
            !(stream->disposition & AV_DISPOSITION_ATTACHED_PIC)) {
            input->video = stream;
            stream->discard = AVDISCARD_DEFAULT;
        }

        if ((int) i == sound && stream->codecpar->sample_rate > 0) {
            input->audio = stream;
            stream->discard = AVDISCARD_DEFAULT;
        }
    }

    return input->video != NULL || fault_set(fault, false, "the source has no video stream");
}


/* Whether the container does not count its pictures: what it says of their rate may then be far from the truth. */
static bool
is_to_be_scanned(const input_t *input, double force_fps)
{
    return input->video->nb_frames <= 0 && force_fps <= 0;
}


/* The rate by the times of the packets. It is used when it leads away from the container's rate by more than a picture. */
static bool
scan(input_t *input, fault_t *fault)
{
    double    span = 0, nominal = av_q2d(input->video->avg_frame_rate), tick = av_q2d(input->video->time_base), steps;
    int64_t   bytes = 0, low = AV_NOPTS_VALUE, high = AV_NOPTS_VALUE, time, count = 0;
    AVPacket *packet = av_packet_alloc();

    if (packet == NULL) {
        return fault_set(fault, true, "no memory");
    }

    while (bytes < SCAN_LIMIT && av_read_frame(input->format, packet) >= 0) {
        bytes += packet->size;
        time = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;

        if (packet->stream_index == input->video->index && is_shown(input, packet)) {
            count++;

            if (time != AV_NOPTS_VALUE && high != AV_NOPTS_VALUE &&
                ((double) (high - time) * tick > JUMP || (double) (time - high) * tick > PAUSE)) {
                span += (double) (high - low) * tick;
                high = AV_NOPTS_VALUE;
            }

            if (time != AV_NOPTS_VALUE) {
                low = high == AV_NOPTS_VALUE || time < low ? time : low;
                high = high == AV_NOPTS_VALUE || time > high ? time : high;
            }
        }

        av_packet_unref(packet);
    }

    av_packet_free(&packet);

    if (bytes < SCAN_LIMIT) {
        input->frames = count;
    }

    span += high != AV_NOPTS_VALUE ? (double) (high - low) * tick : 0;
    steps = (double) (count - 1);

    if (span > 0 && steps > 0 && fabs(span * nominal - steps) > 1 + 2 * tick * nominal &&
        fabs(span * nominal * 2 - steps) > 0.1 * steps) { /* twice as many: packets are fields */
        input->scanned = steps / span;
    }

    return !fault_is_set(fault);
}


/* VP8 in Matroska has packets of pictures that are never shown. */
static bool
is_shown(const input_t *input, const AVPacket *packet)
{
    return packet->size > 0 && (input->video->codecpar->codec_id != AV_CODEC_ID_VP8 || (packet->data[0] & 0x10) != 0);
}


static bool
decoder_open(input_t *input, int threads, fault_t *fault)
{
    int                error;
    AVCodecParameters *facts = input->video->codecpar;
    const AVCodec     *codec = avcodec_find_decoder(facts->codec_id);

    if (codec == NULL) {
        return fault_set(fault, false, "there is no decoder for %s", avcodec_get_name(facts->codec_id));
    }

    if (facts->width <= 0 || facts->height <= 0 || (int64_t) facts->width * facts->height > PIXELS_LIMIT) {
        return fault_set(fault, false, "pictures of %d x %d can not be read", facts->width, facts->height);
    }

    input->decoder = avcodec_alloc_context3(codec);
    if (input->decoder == NULL) {
        return fault_set(fault, true, "no memory");
    }

    error = avcodec_parameters_to_context(input->decoder, facts);
    if (error >= 0) {
        input->decoder->pkt_timebase = input->video->time_base;
        input->decoder->thread_count = threads;
        input->decoder->max_pixels = PIXELS_LIMIT;
        hardware_open(input, codec);
        error = avcodec_open2(input->decoder, codec, NULL);
    }

    return error >= 0 || fault_av(fault, error, "the decoder of %s does not open", codec->name);
}


/* Hardware that TATOR_TRANSCODE_HWACCEL names, if it is there and knows the codec; else the processor decodes (contract/media.md §18). */
static void
hardware_open(input_t *input, const AVCodec *codec)
{
    int                    i;
    const char            *name = getenv("TATOR_TRANSCODE_HWACCEL");
    enum AVHWDeviceType    type = name != NULL ? av_hwdevice_find_type_by_name(name) : AV_HWDEVICE_TYPE_NONE;
    const AVCodecHWConfig *found;

    if (name == NULL || *name == '\0') {
        return;
    }

    if (type == AV_HWDEVICE_TYPE_NONE || av_hwdevice_ctx_create(&input->device, type, NULL, NULL, 0) < 0) {
        input->absent = name;
        return;
    }

    for (i = 0; (found = avcodec_get_hw_config(codec, i)) != NULL; i++) {
        if (found->device_type == type && (found->methods & AV_CODEC_HW_CONFIG_METHOD_HW_DEVICE_CTX)) {
            break;
        }
    }

    if (found == NULL) {
        return;
    }

    input->hardware = found->pix_fmt;
    input->decoder->hw_device_ctx = av_buffer_ref(input->device);
    input->decoder->opaque = input;
    input->decoder->get_format = on_format;
}


static enum AVPixelFormat
on_format(AVCodecContext *decoder, const enum AVPixelFormat *formats)
{
    const input_t            *input = decoder->opaque;
    const enum AVPixelFormat *format;

    for (format = formats; *format != AV_PIX_FMT_NONE; format++) {
        if (*format == (enum AVPixelFormat) input->hardware) {
            return *format;
        }
    }

    return avcodec_default_get_format(decoder, formats);
}


/* The average rate, rounded to four decimals (contract/media.md §18). */
static AVRational
rate_of(const input_t *input, double force_fps)
{
    size_t     i;
    double     rate = force_fps > 0 ? force_fps : input->scanned;
    AVRational found[] = {
        input->video->avg_frame_rate,
        input->video->r_frame_rate,
        av_guess_frame_rate(input->format, input->video, NULL),
        {25, 1}
    };

    for (i = 0; i < sizeof(found) / sizeof(found[0]) && !(rate > 0 && rate <= RATE_LIMIT); i++) {
        rate = found[i].num > 0 && found[i].den > 0 ? av_q2d(found[i]) : 0;
    }

    rate = round(rate * 1e4) / 1e4;

    return av_d2q(rate > 0 ? rate : 1e-4, 1001000);
}


static double
duration_of(const input_t *input)
{
    double                   seconds;
    const AVDictionaryEntry *tag;
    const AVStream          *video = input->video;
    int                      hours, minutes;

    if (video->duration != AV_NOPTS_VALUE && video->duration > 0) {
        return (double) video->duration * av_q2d(video->time_base);
    }

    if (input->format->duration != AV_NOPTS_VALUE && input->format->duration > 0) {
        return (double) input->format->duration / AV_TIME_BASE;
    }

    tag = av_dict_get(video->metadata, "DURATION", NULL, 0);
    if (tag != NULL && sscanf(tag->value, "%d:%d:%lf", &hours, &minutes, &seconds) == 3) {
        return hours * 3600.0 + minutes * 60.0 + seconds;
    }

    return 0;
}


/* Quarters clockwise by which pictures must be turned to stand upright. */
static int
rotation_of(const AVStream *stream, bool *mirrored)
{
    double                   degrees = 0;
    const int32_t           *matrix;
    const AVDictionaryEntry *tag = av_dict_get(stream->metadata, "rotate", NULL, 0);

    matrix = (const int32_t *) (const void *) av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, NULL);
    *mirrored = false;

    if (matrix != NULL) {
        degrees = -av_display_rotation_get(matrix);
        *mirrored = (double) matrix[0] * matrix[4] < (double) matrix[1] * matrix[3];
    } else if (tag != NULL) {
        degrees = atof(tag->value);
    }

    if (!isfinite(degrees)) {
        return 0;
    }

    return (int) ((lround(fmod(degrees, 360) / 90) + 4) % 4);
}


static void
shape(input_t *input)
{
    int                swap, rotation;
    bool               mirrored;
    AVCodecParameters *facts = input->video->codecpar;
    AVRational         pixel = av_guess_sample_aspect_ratio(input->format, input->video, NULL);

    rotation = rotation_of(input->video, &mirrored);

    input->width = facts->width;
    input->height = facts->height;
    input->upright = turns[rotation][mirrored];

    if (pixel.num > 0 && pixel.den > 0) {
        swap = (int) av_rescale(facts->width, pixel.num, pixel.den);
        input->width = swap > 0 && swap <= 65535 ? swap : facts->width;
    }

    if (rotation % 2 != 0) {
        swap = input->width;
        input->width = input->height;
        input->height = swap;
    }

    input->progressive = facts->field_order == AV_FIELD_PROGRESSIVE ? ""
                         : facts->field_order == AV_FIELD_UNKNOWN   ? "yadif=deint=interlaced" /* each picture tells */
                                                                    : "yadif=deint=all";
}


/* Files, playlists and addresses that the media names are not opened. */
static int
nothing_else(AVFormatContext *format, AVIOContext **io, const char *url, int flags, AVDictionary **options)
{
    (void) format;
    (void) io;
    (void) url;
    (void) flags;
    (void) options;

    return AVERROR(EACCES);
}
