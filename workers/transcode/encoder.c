/*
 * Encoders.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/hwcontext.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>

#include "encoder.h"

#define TRIAL_WIDTH  640
#define TRIAL_HEIGHT 360

typedef struct {
    const char *codec, *variable, *encoder, *preset;
} usual_t;

static const usual_t usual[] = {
    {"h264", "TATOR_H264_ENCODER", "libx264",   "fast"},
    {"hevc", "TATOR_HEVC_ENCODER", "libx265",   "fast"},
    {"av1",  "TATOR_AV1_ENCODER",  "libsvtav1", "5"   },
};

/* Hardware as FFmpeg calls it where it decodes, and the ends of its encoders' names. */
static const struct {
    const char *name, *encoders;
} hardware[] = {
    {"vaapi", "vaapi"},
    {"qsv",   "qsv"  },
    {"cuda",  "nvenc"},
};

/* What hardware takes in place of the formats of a ladder. */
static const struct {
    const char *planar, *packed;
} hardware_formats[] = {
    {"yuv420p",     "nv12"  },
    {"yuvj420p",    "nv12"  },
    {"yuv420p10le", "p010le"},
    {"yuv422p",     "nv16"  },
};


static bool            name_find(char *name, size_t size, const usual_t *usual);
static bool            other_try(encoder_t *choice, const char *name, const rung_config_t *config);
static bool            works(const encoder_t *choice);
static bool            pictures_make(AVCodecContext *encoder, AVBufferRef *device);
static bool            takes(const AVCodec *codec, enum AVPixelFormat format);
static AVCodecContext *context_make(const encoder_t *choice, const encoder_settings_t *settings, const AVFrame *like);
static bool            options_set(AVCodecContext *encoder, const encoder_t *choice, const rung_config_t *config,
                                   const encoder_settings_t *settings);
static bool            quality_set(AVCodecContext *encoder, const encoder_t *choice, int crf);


bool
encoder_choose(encoder_t *choice, const rung_config_t *config, fault_t *fault)
{
    size_t i;
    char   name[sizeof(choice->absent)];

    for (i = 0; i < sizeof(usual) / sizeof(usual[0]) && strcmp(usual[i].codec, config->codec) != 0; i++) {
        /* up to its row */
    }

    if (i == sizeof(usual) / sizeof(usual[0])) {
        return fault_set(fault, false, "there is no encoder for %s", config->codec);
    }

    if (name_find(name, sizeof(name), &usual[i])) {
        if (other_try(choice, name, config)) {
            return true;
        }

        encoder_done(choice);
        memcpy(choice->absent, name, sizeof(name));
    }

    choice->codec = avcodec_find_encoder_by_name(usual[i].encoder);
    choice->preset = usual[i].preset;
    snprintf(choice->pixel_format, sizeof(choice->pixel_format), "%s", config->pixel_format);

    if (choice->codec == NULL) {
        return fault_set(fault, false, "there is no encoder for %s", config->codec);
    }

    return takes(choice->codec, av_get_pix_fmt(config->pixel_format)) ||
           fault_set(fault, false, "the encoder %s does not take the pixel format %s", choice->codec->name,
                     config->pixel_format);
}


void
encoder_done(encoder_t *choice)
{
    av_buffer_unref(&choice->device);
}


AVCodecContext *
encoder_open(const encoder_t *choice, const rung_config_t *config, const encoder_settings_t *settings,
             const AVFrame *like, fault_t *fault)
{
    int             error;
    AVCodecContext *encoder = context_make(choice, settings, like);

    if (encoder == NULL) {
        fault_set(fault, true, "no memory");
        return NULL;
    }

    if (!options_set(encoder, choice, config, settings)) {
        fault_set(fault, false, "the encoder %s does not take preset %s and crf %d", choice->codec->name,
                  config->preset[0] ? config->preset : choice->preset, config->crf);
        avcodec_free_context(&encoder);
        return NULL;
    }

    error = avcodec_open2(encoder, choice->codec, NULL);
    if (error < 0) {
        fault_av(fault, error, "the encoder %s does not open", choice->codec->name);
        avcodec_free_context(&encoder);
    }

    return encoder;
}


/* Of an encoder that the environment wants instead of the usual one. false: none. */
static bool
name_find(char *name, size_t size, const usual_t *usual)
{
    size_t      i;
    const char *named = getenv(usual->variable), *kind = getenv("TATOR_TRANSCODE_HWACCEL");

    if (named != NULL && *named) {
        snprintf(name, size, "%s", named);
        return strcmp(named, usual->encoder) != 0;
    }

    for (i = 0; kind != NULL && i < sizeof(hardware) / sizeof(hardware[0]); i++) {
        if (strcmp(kind, hardware[i].name) == 0) {
            snprintf(name, size, "%s_%s", usual->codec, hardware[i].encoders);
            return true;
        }
    }

    return false;
}


/* An encoder that the environment names, with the pixel format that it takes, and its device. false: it does not work. */
static bool
other_try(encoder_t *choice, const char *name, const rung_config_t *config)
{
    size_t                   i;
    const AVCodecDescriptor *wanted = avcodec_descriptor_get_by_name(config->codec);

    choice->codec = avcodec_find_encoder_by_name(name);
    if (choice->codec == NULL || wanted == NULL || choice->codec->id != wanted->id) {
        return false;
    }

    snprintf(choice->pixel_format, sizeof(choice->pixel_format), "%s", config->pixel_format);

    for (i = 0; i < sizeof(hardware_formats) / sizeof(hardware_formats[0]); i++) {
        if (strcmp(hardware_formats[i].planar, config->pixel_format) == 0 &&
            !takes(choice->codec, av_get_pix_fmt(config->pixel_format))) {
            snprintf(choice->pixel_format, sizeof(choice->pixel_format), "%s", hardware_formats[i].packed);
        }
    }

    if (takes(choice->codec, AV_PIX_FMT_VAAPI)) {
        return av_hwdevice_ctx_create(&choice->device, AV_HWDEVICE_TYPE_VAAPI, NULL, NULL, 0) >= 0 && works(choice);
    }

    return takes(choice->codec, av_get_pix_fmt(choice->pixel_format)) && works(choice);
}


/* Encoders of hardware are there on every machine, and tell only when they are opened that the hardware is not. */
static bool
works(const encoder_t *choice)
{
    bool            good = true;
    AVCodecContext *encoder = avcodec_alloc_context3(choice->codec);

    if (encoder == NULL) {
        return false;
    }

    encoder->width = TRIAL_WIDTH;
    encoder->height = TRIAL_HEIGHT;
    encoder->pix_fmt = av_get_pix_fmt(choice->pixel_format);
    encoder->time_base = (AVRational){1, 25};
    encoder->thread_count = 1;

    if (choice->device != NULL) {
        good = pictures_make(encoder, choice->device);
    }

    good = good && avcodec_open2(encoder, choice->codec, NULL) >= 0;
    avcodec_free_context(&encoder);

    return good;
}


/* Room for pictures in the device's memory. */
static bool
pictures_make(AVCodecContext *encoder, AVBufferRef *device)
{
    AVHWFramesContext *pictures;

    encoder->hw_frames_ctx = av_hwframe_ctx_alloc(device);
    if (encoder->hw_frames_ctx == NULL) {
        return false;
    }

    pictures = (AVHWFramesContext *) (void *) encoder->hw_frames_ctx->data;
    pictures->format = AV_PIX_FMT_VAAPI;
    pictures->sw_format = encoder->pix_fmt;
    pictures->width = encoder->width;
    pictures->height = encoder->height;
    encoder->pix_fmt = AV_PIX_FMT_VAAPI;

    return av_hwframe_ctx_init(encoder->hw_frames_ctx) >= 0;
}


static bool
takes(const AVCodec *codec, enum AVPixelFormat format)
{
    const enum AVPixelFormat *each;

    for (each = codec->pix_fmts; each != NULL && *each != AV_PIX_FMT_NONE; each++) {
        if (*each == format) {
            return true;
        }
    }

    return false;
}


static AVCodecContext *
context_make(const encoder_t *choice, const encoder_settings_t *settings, const AVFrame *like)
{
    AVCodecContext *encoder = avcodec_alloc_context3(choice->codec);

    if (encoder == NULL) {
        return NULL;
    }

    encoder->width = like->width;
    encoder->height = like->height;
    encoder->pix_fmt = like->format;
    encoder->time_base = av_inv_q(settings->rate);
    encoder->framerate = settings->rate;
    encoder->sample_aspect_ratio = (AVRational){1, 1};
    encoder->thread_count = settings->threads;
    encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_CLOSED_GOP;
    encoder->color_range = like->color_range != AVCOL_RANGE_UNSPECIFIED ? like->color_range : AVCOL_RANGE_MPEG;
    encoder->colorspace = settings->rgb ? AVCOL_SPC_BT709 : like->colorspace;
    encoder->color_primaries = like->color_primaries;
    encoder->color_trc = like->color_trc;
    encoder->chroma_sample_location = like->chroma_location;

    if (like->hw_frames_ctx != NULL) {
        encoder->hw_frames_ctx = av_buffer_ref(like->hw_frames_ctx);
    }

    if (settings->group > 0) {
        encoder->gop_size = settings->group;
        encoder->keyint_min = settings->group;
    }

    return encoder;
}


static bool
options_set(AVCodecContext *encoder, const encoder_t *choice, const rung_config_t *config,
            const encoder_settings_t *settings)
{
    char        text[128];
    const char *preset = config->preset[0] ? config->preset : choice->preset;
    const char *tune = config->tune[0] ? config->tune : "fastdecode";

    if (settings->group > 0) {
        av_opt_set(encoder->priv_data, "sc_threshold", "0", 0);
        av_opt_set(encoder, "sc_threshold", "0", 0);
        av_opt_set(encoder->priv_data, "forced-idr", "1", 0);
    }

    if (preset != NULL && av_opt_set(encoder->priv_data, "preset", preset, 0) < 0 && choice->preset != NULL) {
        return false;
    }

    if (strcmp(choice->codec->name, "libsvtav1") == 0) {
        snprintf(text, sizeof(text), "fast-decode=1:lp=%d", settings->threads);
        av_opt_set(encoder->priv_data, "svtav1-params", text, 0);

    } else {
        av_opt_set(encoder->priv_data, "tune", tune, 0);
    }

    if (strcmp(choice->codec->name, "libx265") == 0) {
        snprintf(text, sizeof(text), "log-level=error:pools=%d", settings->threads);

        if (settings->group > 0) {
            snprintf(text + strlen(text), sizeof(text) - strlen(text), ":scenecut=0:open-gop=0:keyint=%d:min-keyint=%d",
                     settings->group, settings->group);
        }

        av_opt_set(encoder->priv_data, "x265-params", text, 0);
    }

    return quality_set(encoder, choice, config->crf);
}


/* The constant quality under the name that the encoder has for it. */
static bool
quality_set(AVCodecContext *encoder, const encoder_t *choice, int crf)
{
    static const char *const names[] = {"crf", "cq", "qp"};
    size_t                   i;

    for (i = 0; choice->device == NULL && i < sizeof(names) / sizeof(names[0]); i++) {
        if (av_opt_find(encoder->priv_data, names[i], NULL, 0, 0) != NULL) {
            return av_opt_set_double(encoder->priv_data, names[i], crf, 0) >= 0;
        }
    }

    encoder->global_quality = crf;

    return true;
}
