/*
 * One encoded sound.
 */

#include <stdio.h>
#include <stdlib.h>

#include <libavfilter/buffersink.h>
#include <libavutil/channel_layout.h>

#include "sound.h"

#define PACKETS_AHEAD CHANNEL_ROOM
#define BIT_RATE      128000

static const int rates[] = {96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350};


static bool  decoder_open(sound_t *sound, const input_t *input);
static bool  aac_open(sound_t *sound);
static void *run(void *sound);
static bool  decode(sound_t *sound, const AVPacket *packet, AVFrame *frame, AVPacket *out);
static bool  filter(sound_t *sound, AVFrame *frame, AVPacket *out);
static bool  encode(sound_t *sound, AVFrame *frame, AVPacket *out);
static bool  store(sound_t *sound);
static int   rate_near(int rate);
static void  packet_destroy(void *packet);


sound_t *
sound_create(const input_t *input, video_t *video, destination_t *destination, fault_t *fault)
{
    sink_t  *sink;
    sound_t *sound = calloc(1, sizeof(sound_t));

    if (sound == NULL) {
        fault_set(fault, true, "no memory");
        return NULL;
    }

    channel_init(&sound->channel, PACKETS_AHEAD, packet_destroy);
    sound->fault = fault;
    sound->destination = destination;
    sound->video = video;
    sound->time_base = input->audio->time_base;

    if (input->video->start_time != AV_NOPTS_VALUE) {
        sound->start = av_rescale_q(input->video->start_time, input->video->time_base, sound->time_base);
    } else if (input->audio->start_time != AV_NOPTS_VALUE) {
        sound->start = input->audio->start_time;
    }

    if (!decoder_open(sound, input) || !aac_open(sound)) {
        goto failed;
    }

    if (video != NULL) {
        sound->muxer = video->muxer;

    } else {
        sink = destination->open(destination, "audio.m4a", (int64_t) (input->duration * BIT_RATE / 8));
        if (sink == NULL) {
            goto failed;
        }

        sound->muxer = muxer_open(MUXER_WHOLE, "ipod", NULL, sink, 1, fault);
        if (sound->muxer == NULL) {
            goto failed;
        }
    }

    sound->stream = muxer_add(sound->muxer, sound->encoder);
    if (sound->stream < 0) {
        goto failed;
    }

    return sound;

failed:

    sound_close(sound);

    return NULL;
}


bool
sound_start(sound_t *sound)
{
    sound->running = pthread_create(&sound->thread, NULL, run, sound) == 0;

    return sound->running || fault_set(sound->fault, true, "no thread");
}


void
sound_close(sound_t *sound)
{
    if (sound == NULL) {
        return;
    }

    if (sound->running) {
        pthread_join(sound->thread, NULL);
    }

    if (sound->video == NULL) {
        muxer_close(sound->muxer);
    }

    graph_close(sound->graph);
    avcodec_free_context(&sound->decoder);
    avcodec_free_context(&sound->encoder);
    channel_done(&sound->channel);
    free(sound);
}


static bool
decoder_open(sound_t *sound, const input_t *input)
{
    int            error;
    const AVCodec *codec = avcodec_find_decoder(input->audio->codecpar->codec_id);

    if (codec == NULL) {
        return fault_set(sound->fault, false, "there is no decoder for %s",
                         avcodec_get_name(input->audio->codecpar->codec_id));
    }

    sound->decoder = avcodec_alloc_context3(codec);
    if (sound->decoder == NULL) {
        return fault_set(sound->fault, true, "no memory");
    }

    error = avcodec_parameters_to_context(sound->decoder, input->audio->codecpar);
    if (error >= 0) {
        sound->decoder->pkt_timebase = sound->time_base;
        error = avcodec_open2(sound->decoder, codec, NULL);
    }

    return error >= 0 || fault_av(sound->fault, error, "the decoder of %s does not open", codec->name);
}


static bool
aac_open(sound_t *sound)
{
    int             error;
    const AVCodec  *codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
    AVCodecContext *encoder;

    sound->encoder = encoder = codec != NULL ? avcodec_alloc_context3(codec) : NULL;
    if (encoder == NULL) {
        return fault_set(sound->fault, false, "there is no encoder for AAC");
    }

    encoder->sample_rate = rate_near(sound->decoder->sample_rate);
    encoder->sample_fmt = AV_SAMPLE_FMT_FLTP;
    encoder->bit_rate = BIT_RATE;
    encoder->time_base = (AVRational){1, encoder->sample_rate};
    encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    av_channel_layout_default(&encoder->ch_layout, 2);

    error = avcodec_open2(encoder, codec, NULL);

    return error >= 0 || fault_av(sound->fault, error, "the AAC encoder does not open");
}


static void *
run(void *closure)
{
    bool      good = true, last;
    sound_t  *sound = closure;
    AVPacket *packet, *out = av_packet_alloc();
    AVFrame  *frame = av_frame_alloc();

    if (out == NULL || frame == NULL) {
        good = fault_set(sound->fault, true, "no memory");
    }

    while (good && (packet = channel_take(&sound->channel)) != NULL) {
        good = decode(sound, packet, frame, out);
        av_packet_free(&packet);
    }

    good = good && !fault_is_set(sound->fault) && decode(sound, NULL, frame, out);

    if (good && sound->graph != NULL) {
        good = graph_put(sound->graph, NULL) && filter(sound, frame, out);
    }

    good = good && encode(sound, NULL, out) && muxer_end(sound->muxer, &last);

    if (good && last) {
        if (sound->video != NULL) {
            video_register(sound->video);
        } else {
            store(sound);
        }
    }

    av_frame_free(&frame);
    av_packet_free(&out);

    if (!good) {
        channel_break(&sound->channel);
    }

    return NULL;
}


/* Damaged sound is left out: aresample fills the gap with silence. */
static bool
decode(sound_t *sound, const AVPacket *packet, AVFrame *frame, AVPacket *out)
{
    int      error = avcodec_send_packet(sound->decoder, packet);
    char     chain[256];
    AVFrame *like = frame;

    while (error >= 0) {
        error = avcodec_receive_frame(sound->decoder, frame);
        if (error < 0) {
            break;
        }

        frame->pts = frame->best_effort_timestamp;
        if (frame->pts != AV_NOPTS_VALUE) {
            frame->pts -= sound->start;
        }

        /* The resampler from the start: one that begins at the first correction forgets where it was, and fills the time up to there anew. */
        if (sound->graph == NULL) {
            snprintf(chain, sizeof(chain),
                     "aresample=%d:async=1000:min_hard_comp=0.1:first_pts=0:flags=res,aformat=sample_fmts=fltp:channel_"
                     "layouts="
                     "stereo:sample_rates=%d",
                     sound->encoder->sample_rate, sound->encoder->sample_rate);

            sound->graph = graph_open(like, sound->time_base, chain, 1, NULL, sound->fault);
            if (sound->graph == NULL) {
                return false;
            }

            av_buffersink_set_frame_size(sound->graph->sink, (unsigned) sound->encoder->frame_size);
        }

        if (!graph_put(sound->graph, frame) || !filter(sound, frame, out)) {
            return false;
        }
    }

    return true;
}


static bool
filter(sound_t *sound, AVFrame *frame, AVPacket *out)
{
    while (graph_take(sound->graph, frame) == 1) {
        frame->pts = sound->samples;
        sound->samples += frame->nb_samples;

        if (!encode(sound, frame, out)) {
            return false;
        }
    }

    return !fault_is_set(sound->fault);
}


static bool
encode(sound_t *sound, AVFrame *frame, AVPacket *out)
{
    int error = avcodec_send_frame(sound->encoder, frame);

    if (frame != NULL) {
        av_frame_unref(frame);
    }

    while (error >= 0) {
        error = avcodec_receive_packet(sound->encoder, out);

        if (error >= 0 && !muxer_put(sound->muxer, sound->stream, out, sound->encoder->time_base)) {
            return false;
        }
    }

    return error == AVERROR(EAGAIN) || error == AVERROR_EOF || fault_av(sound->fault, error, "the AAC encoder fails");
}


static bool
store(sound_t *sound)
{
    double        seconds = (double) sound->samples / sound->encoder->sample_rate;
    const sink_t *sink = muxer_sink(sound->muxer);

    return sound->destination->add(sound->destination, "AudioFiles", "audio",
                                   json_pack("{s:s,s:s,s:s,s:I,s:I}", "path", sink->key, "codec", "aac",
                                             "codec_description", codec_description(AV_CODEC_ID_AAC), "size",
                                             (json_int_t) sink->size, "bit_rate",
                                             (json_int_t) (seconds > 0 ? (double) sink->size * 8 / seconds : -1)));
}


/* The rate of AAC at or next above the source's. */
static int
rate_near(int rate)
{
    size_t i = sizeof(rates) / sizeof(rates[0]) - 1;

    while (i > 0 && rates[i] < rate) {
        i--;
    }

    return rates[i] > 48000 && rate != rates[i] ? 48000 : rates[i];
}


static void
packet_destroy(void *item)
{
    AVPacket *packet = item;

    av_packet_free(&packet);
}
