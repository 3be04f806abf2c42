/*
 * Opening a video source. Media is foreign: only container formats of one file are let in (none that names other files),
 * and nothing but the source's own bytes is ever opened.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/display.h>
#include <libavutil/rational.h>

#include "input.h"

#define PIXELS_LIMIT (16384L * 16384)
#define RATE_LIMIT   1000.0
#define PROBE_BYTES  "50000000"
#define PROBE_TIME   "10000000"

static const char formats[] =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,mpegps,asf,flv,gif,mxf,ogg,nut,h264,hevc,"
    "av1,obu,ivf,mjpeg,m4v,vc1,dv,rm,wtv,y4m,yuv4mpegpipe,apng,webp_pipe,png_pipe,jpeg_pipe,gif_pipe,image2pipe,swf,"
    "gxf";


static bool       streams_find(input_t *input, fault_t *fault);
static bool       decoder_open(input_t *input, int threads, fault_t *fault);
static AVRational rate_of(const input_t *input, double force_fps);
static double     duration_of(const input_t *input);
static int        rotation_of(const AVStream *stream);
static void       shape(input_t *input);
static int nothing_else(AVFormatContext *format, AVIOContext **io, const char *url, int flags, AVDictionary **options);


input_t *
input_open(source_t *source, double force_fps, int threads, fault_t *fault)
{
    int           error;
    AVDictionary *options = NULL;
    input_t      *input = calloc(1, sizeof(input_t));

    if (input == NULL) {
        fault_set(fault, true, "no memory");
        return NULL;
    }

    input->format = avformat_alloc_context();
    if (input->format == NULL || source_io(source) == NULL) {
        fault_set(fault, true, "no memory");
        goto failed;
    }

    input->format->pb = source_io(source);
    input->format->flags |= AVFMT_FLAG_CUSTOM_IO;
    input->format->io_open = nothing_else;

    av_dict_set(&options, "format_whitelist", formats, 0);
    av_dict_set(&options, "protocol_whitelist", "none", 0);
    av_dict_set(&options, "probesize", PROBE_BYTES, 0);
    av_dict_set(&options, "analyzeduration", PROBE_TIME, 0);

    error = avformat_open_input(&input->format, NULL, NULL, &options);
    av_dict_free(&options);

    if (error < 0) {
        fault_av(fault, error, "the source is not a video that can be read");
        goto failed;
    }

    error = avformat_find_stream_info(input->format, NULL);
    if (error < 0) {
        fault_av(fault, error, "the source is not a video that can be read");
        goto failed;
    }

    if (!streams_find(input, fault) || !decoder_open(input, threads, fault)) {
        goto failed;
    }

    input->rate = rate_of(input, force_fps);
    input->duration = duration_of(input);
    input->frames =
        input->video->nb_frames > 0 ? input->video->nb_frames : (int64_t) (input->duration * av_q2d(input->rate));
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
        free(input);
    }
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
        error = avcodec_open2(input->decoder, codec, NULL);
    }

    return error >= 0 || fault_av(fault, error, "the decoder of %s does not open", codec->name);
}


/* The average rate, rounded to four decimals (contract/media.md §18). */
static AVRational
rate_of(const input_t *input, double force_fps)
{
    size_t     i;
    double     rate = force_fps;
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


/* Degrees clockwise by which pictures must be turned to stand upright: 0, 90, 180 or 270. */
static int
rotation_of(const AVStream *stream)
{
    double                   degrees = 0;
    const uint8_t           *matrix = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, NULL);
    const AVDictionaryEntry *tag = av_dict_get(stream->metadata, "rotate", NULL, 0);

    if (matrix != NULL) {
        degrees = -av_display_rotation_get((const int32_t *) (const void *) matrix);
    } else if (tag != NULL) {
        degrees = atof(tag->value);
    }

    if (!isfinite(degrees)) {
        return 0;
    }

    return ((int) lround(degrees / 90) % 4 + 4) % 4 * 90;
}


static void
shape(input_t *input)
{
    int                swap, rotation = rotation_of(input->video);
    const char        *turn = "", *lace = "";
    AVCodecParameters *facts = input->video->codecpar;
    AVRational         pixel = av_guess_sample_aspect_ratio(input->format, input->video, NULL);

    input->width = facts->width;
    input->height = facts->height;

    if (pixel.num > 0 && pixel.den > 0) {
        swap = (int) av_rescale(facts->width, pixel.num, pixel.den);
        input->width = swap > 0 && swap <= 65535 ? swap : facts->width;
    }

    switch (rotation) {
    case 90:
        turn = "transpose=clock";
        break;
    case 180:
        turn = "hflip,vflip";
        break;
    case 270:
        turn = "transpose=cclock";
        break;
    }

    if (rotation % 180 != 0) {
        swap = input->width;
        input->width = input->height;
        input->height = swap;
    }

    switch (facts->field_order) {
    case AV_FIELD_PROGRESSIVE:
        break;
    case AV_FIELD_UNKNOWN: /* each picture tells itself */
        lace = "yadif=deint=interlaced";
        break;
    default:
        lace = "yadif=deint=all";
    }

    snprintf(input->filters, sizeof(input->filters), "%s%s%s", lace, *lace && *turn ? "," : "", turn);
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
