/*
 * The decode pass.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/pixdesc.h>

#include "graph.h"
#include "pipeline.h"
#include "sound.h"
#include "stills.h"
#include "video.h"

#define ARCHIVES   8
#define OUTPUTS    (LADDER_ROOM + ARCHIVES)
#define COPY_BLOCK (1 << 20)

typedef struct {
    pthread_t      thread;
    bool           running;
    const char    *url;
    unsigned       flags;
    char           name[64];
    const input_t *input;
    destination_t *destination;
    fault_t       *fault;
} copy_t;

typedef struct {
    input_t      *input;
    const plan_t *plan;
    result_t     *result;
    fault_t      *fault;
    stills_t     *stills;
    video_t      *videos[OUTPUTS];
    sound_t      *sounds[ARCHIVES + 1];
    copy_t        copies[ARCHIVES];
    size_t        n_videos, n_sounds, n_copies;
    graph_t      *upright;  /* the common filters; NULL: not open, or none needed */
    int           shape[3]; /* width, height, format of the pictures that it is open for */
    int           first[2]; /* width and height of the first picture: all others are made so */
    bool          open;
    AVFrame      *held; /* with force_fps: the last picture, until its time is over */
    int64_t       held_index;
    int64_t       start;
    int64_t       packets;
} pass_t;


static bool  outputs_open(pass_t *pass, const char *url, unsigned flags, destination_t *destination);
static bool  archive_open(pass_t *pass, const json_t *entry, size_t number, const char *url, unsigned flags,
                          destination_t *destination);
static bool  outputs_start(pass_t *pass);
static void  outputs_end(pass_t *pass, bool good);
static bool  read_all(pass_t *pass, AVPacket *packet, AVFrame *frame);
static bool  sound_packet(pass_t *pass, const AVPacket *packet);
static bool  decode(pass_t *pass, const AVPacket *packet, AVFrame *frame);
static bool  picture(pass_t *pass, AVFrame *frame);
static bool  upright_open(pass_t *pass, const AVFrame *frame);
static bool  upright_drain(pass_t *pass, AVFrame *frame);
static bool  at_rate(pass_t *pass, AVFrame *frame);
static bool  held_emit(pass_t *pass, int64_t times);
static bool  emit(pass_t *pass, AVFrame *frame);
static bool  give(channel_t *channel, const AVFrame *frame, int64_t number);
static bool  check(pass_t *pass);
static void *copy_run(void *copy);
static int   threads_for(const pass_t *pass, int height);


bool
pipeline_run(input_t *input, const char *url, unsigned flags, const plan_t *plan, destination_t *destination,
             result_t *result, fault_t *fault)
{
    bool      good = false;
    pass_t   *pass = calloc(1, sizeof(pass_t));
    AVPacket *packet = av_packet_alloc();
    AVFrame  *frame = av_frame_alloc();

    memset(result, 0, sizeof(result_t));

    if (pass == NULL || packet == NULL || frame == NULL) {
        fault_set(fault, true, "no memory");
        goto done;
    }

    pass->input = input;
    pass->plan = plan;
    pass->result = result;
    pass->fault = fault;
    pass->start = AV_NOPTS_VALUE;

    good = outputs_open(pass, url, flags, destination) && outputs_start(pass) && read_all(pass, packet, frame) &&
           check(pass);

    outputs_end(pass, good);
    good = good && !fault_is_set(fault);

    av_frame_free(&pass->held);
    graph_close(pass->upright);

done:

    av_frame_free(&frame);
    av_packet_free(&packet);
    free(pass);

    return good;
}


static bool
outputs_open(pass_t *pass, const char *url, unsigned flags, destination_t *destination)
{
    size_t        i;
    video_t      *video;
    sound_t      *sound;
    const json_t *entry;
    const plan_t *plan = pass->plan;
    int64_t       size = source_size(pass->input->format->pb->opaque);

    if (plan->thumbnail || plan->animation) {
        pass->stills = stills_create(pass->input, plan->thumbnail, plan->animation, destination, pass->fault);
        if (pass->stills == NULL) {
            return false;
        }
    }

    for (i = 0; i < plan->n_rungs; i++) {
        video = video_rung(&plan->rungs[i], pass->input, threads_for(pass, plan->rungs[i].height), size, destination,
                           pass->fault);
        if (video == NULL) {
            return false;
        }

        pass->videos[pass->n_videos++] = video;
    }

    if (plan->sound && pass->input->audio != NULL) {
        sound = sound_create(pass->input, NULL, destination, pass->fault);
        if (sound == NULL) {
            return false;
        }

        pass->sounds[pass->n_sounds++] = sound;
    }

    json_array_foreach(plan->archives, i, entry)
    {
        if (i < ARCHIVES && !archive_open(pass, entry, i, url, flags, destination)) {
            return false;
        }
    }

    return true;
}


static bool
archive_open(pass_t *pass, const json_t *entry, size_t number, const char *url, unsigned flags,
             destination_t *destination)
{
    char          name[64];
    copy_t       *copy;
    video_t      *video;
    sound_t      *sound;
    rung_config_t config;

    if (!ladder_archive(&config, entry)) {
        copy = &pass->copies[pass->n_copies++];
        *copy = (copy_t){
            .url = url, .flags = flags, .input = pass->input, .destination = destination, .fault = pass->fault};
        snprintf(copy->name, sizeof(copy->name), "archival_%zu", number);
        return true;
    }

    snprintf(name, sizeof(name), "archival_%zu.mp4", number);

    video = video_archival(&config, json_object_get(entry, "encode"), pass->input, pass->plan->threads, name,
                           pass->input->audio != NULL ? 2 : 1, source_size(pass->input->format->pb->opaque),
                           destination, pass->fault);
    if (video == NULL) {
        return false;
    }

    pass->videos[pass->n_videos++] = video;

    if (pass->input->audio != NULL) {
        sound = sound_create(pass->input, video, destination, pass->fault);
        if (sound == NULL) {
            return false;
        }

        pass->sounds[pass->n_sounds++] = sound;
    }

    return true;
}


static bool
outputs_start(pass_t *pass)
{
    bool   good = pass->stills == NULL || stills_start(pass->stills);
    size_t i;

    for (i = 0; good && i < pass->n_videos; i++) {
        good = video_start(pass->videos[i]);
    }

    for (i = 0; good && i < pass->n_sounds; i++) {
        good = sound_start(pass->sounds[i]);
    }

    for (i = 0; good && i < pass->n_copies; i++) {
        pass->copies[i].running = pthread_create(&pass->copies[i].thread, NULL, copy_run, &pass->copies[i]) == 0;
        good = pass->copies[i].running || fault_set(pass->fault, true, "no thread");
    }

    return good;
}


/* Close all channels and wait for the threads; after a fault they end at once. Sounds go first: they use their video's file. */
static void
outputs_end(pass_t *pass, bool good)
{
    size_t i;
    void (*end)(channel_t * channel) = good ? channel_close : channel_break;

    if (!good) {
        fault_set(pass->fault, true, "the job has failed"); /* unless there is a reason already */
    }

    if (pass->stills != NULL) {
        end(&pass->stills->channel);
    }

    for (i = 0; i < pass->n_videos; i++) {
        end(&pass->videos[i]->channel);
    }

    for (i = 0; i < pass->n_sounds; i++) {
        end(&pass->sounds[i]->channel);
    }

    for (i = 0; i < pass->n_sounds; i++) {
        if (pass->sounds[i]->video != NULL && pass->sounds[i]->video->running) {
            pthread_join(pass->sounds[i]->video->thread, NULL);
            pass->sounds[i]->video->running = false;
        }

        sound_close(pass->sounds[i]);
    }

    for (i = 0; i < pass->n_videos; i++) {
        video_close(pass->videos[i]);
    }

    stills_close(pass->stills);

    for (i = 0; i < pass->n_copies; i++) {
        if (pass->copies[i].running) {
            pthread_join(pass->copies[i].thread, NULL);
        }
    }
}


static bool
read_all(pass_t *pass, AVPacket *packet, AVFrame *frame)
{
    int  error;
    bool good = true;

    for (;;) {
        error = av_read_frame(pass->input->format, packet);
        if (error < 0) {
            break;
        }

        if (packet->stream_index == pass->input->video->index) {
            pass->packets++;
            good = decode(pass, packet, frame);

        } else if (pass->input->audio != NULL && packet->stream_index == pass->input->audio->index) {
            good = sound_packet(pass, packet);
        }

        av_packet_unref(packet);

        if (!good || fault_is_set(pass->fault)) {
            return false;
        }
    }

    if (fault_is_set(pass->fault)) { /* the source could not be read */
        return false;
    }

    if (error != AVERROR_EOF) {
        pass->result->damaged++;
    }

    if (!decode(pass, NULL, frame)) {
        return false;
    }

    if (pass->upright != NULL && (!graph_put(pass->upright, NULL) || !upright_drain(pass, frame))) {
        return false;
    }

    return pass->held == NULL || held_emit(pass, 1);
}


static bool
sound_packet(pass_t *pass, const AVPacket *packet)
{
    size_t    i;
    AVPacket *copy;

    for (i = 0; i < pass->n_sounds; i++) {
        copy = av_packet_clone(packet);
        if (copy == NULL) {
            return fault_set(pass->fault, true, "no memory");
        }

        if (!channel_put(&pass->sounds[i]->channel, copy)) {
            return false;
        }
    }

    return true;
}


/* A packet (NULL: no more) into the decoder, and what pictures come out onwards. Damaged ones are counted. */
static bool
decode(pass_t *pass, const AVPacket *packet, AVFrame *frame)
{
    int error;

    for (;;) {
        error = avcodec_send_packet(pass->input->decoder, packet);
        if (error == AVERROR(ENOMEM)) {
            return fault_set(pass->fault, true, "no memory");
        }

        if (error < 0 && error != AVERROR(EAGAIN) && error != AVERROR_EOF) {
            pass->result->damaged++;
        }

        for (;;) {
            int got = avcodec_receive_frame(pass->input->decoder, frame);

            if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) {
                break;
            }

            if (got < 0) {
                pass->result->damaged++;
                if (packet == NULL) {
                    continue;
                }

                break;
            }

            if (!picture(pass, frame)) {
                return false;
            }
        }

        if (error != AVERROR(EAGAIN)) {
            return true;
        }
    }
}


static bool
picture(pass_t *pass, AVFrame *frame)
{
    frame->pts = frame->best_effort_timestamp;

    if (!pass->open || frame->width != pass->shape[0] || frame->height != pass->shape[1] ||
        frame->format != pass->shape[2]) {
        if (!upright_open(pass, frame)) {
            return false;
        }
    }

    if (pass->upright == NULL) {
        return at_rate(pass, frame);
    }

    return graph_put(pass->upright, frame) && upright_drain(pass, frame);
}


/* The common filters for pictures like this one. When a video changes its size, all pictures get the first one's. */
static bool
upright_open(pass_t *pass, const AVFrame *frame)
{
    char     chain[256];
    bool     scale = pass->open;
    AVFrame *rest;

    if (pass->upright != NULL) {
        rest = av_frame_alloc();
        if (rest == NULL) {
            return fault_set(pass->fault, true, "no memory");
        }

        if (!graph_put(pass->upright, NULL) || !upright_drain(pass, rest)) {
            av_frame_free(&rest);
            return false;
        }

        av_frame_free(&rest);
        graph_close(pass->upright);
        pass->upright = NULL;
    }

    if (!pass->open) {
        pass->first[0] = frame->width;
        pass->first[1] = frame->height;
        pass->shape[2] = frame->format;
    }

    snprintf(chain, sizeof(chain), "%s", pass->input->filters);

    if (scale) {
        snprintf(
            chain, sizeof(chain), "scale=w=%d:h=%d:flags=bicubic,format=%s%s%s", pass->first[0], pass->first[1],
            av_get_pix_fmt_name(pass->plan->n_rungs || pass->plan->archives ? AV_PIX_FMT_YUV420P : AV_PIX_FMT_RGB24),
            pass->input->filters[0] ? "," : "", pass->input->filters);
    }

    pass->open = true;
    pass->shape[0] = frame->width;
    pass->shape[1] = frame->height;
    pass->shape[2] = frame->format;

    if (chain[0] == '\0') {
        return true;
    }

    pass->upright = graph_open(frame, pass->input->video->time_base, chain, pass->fault);

    return pass->upright != NULL;
}


static bool
upright_drain(pass_t *pass, AVFrame *frame)
{
    while (graph_take(pass->upright, frame) == 1) {
        if (!at_rate(pass, frame)) {
            return false;
        }
    }

    return !fault_is_set(pass->fault);
}


/* With force_fps each picture stays until the next one's time; else each is given once. */
static bool
at_rate(pass_t *pass, AVFrame *frame)
{
    bool    good;
    int64_t index;

    if (pass->plan->force_fps <= 0 || frame->pts == AV_NOPTS_VALUE) {
        good = emit(pass, frame);
        av_frame_unref(frame);
        return good;
    }

    if (pass->start == AV_NOPTS_VALUE) {
        pass->start = frame->pts;
    }

    index = av_rescale_q_rnd(frame->pts - pass->start, pass->input->video->time_base, av_inv_q(pass->input->rate),
                             AV_ROUND_NEAR_INF);

    if (pass->held != NULL && !held_emit(pass, index - pass->held_index)) {
        return false;
    }

    if (pass->held == NULL) {
        pass->held = av_frame_alloc();
        if (pass->held == NULL) {
            return fault_set(pass->fault, true, "no memory");
        }
    }

    pass->held_index = index;
    av_frame_unref(pass->held);
    av_frame_move_ref(pass->held, frame);

    return true;
}


static bool
held_emit(pass_t *pass, int64_t times)
{
    if (times <= 0) {
        pass->result->dropped++;
        return true;
    }

    pass->result->doubled += times - 1;

    while (times-- > 0) {
        if (!emit(pass, pass->held)) {
            return false;
        }
    }

    return true;
}


/* The next picture, to all outputs. */
static bool
emit(pass_t *pass, AVFrame *frame)
{
    size_t  i;
    int64_t number = pass->result->frames++, expected = pass->input->frames;

    for (i = 0; i < pass->n_videos; i++) {
        if (!give(&pass->videos[i]->channel, frame, number)) {
            return false;
        }
    }

    if (pass->stills != NULL && stills_wants(pass->stills, number) && !give(&pass->stills->channel, frame, number)) {
        return false;
    }

    if (pass->plan->progress != NULL && number % 10 == 0) {
        pass->plan->progress(expected > number ? (double) number / (double) expected
                             : expected > 0    ? 1
                                               : 0,
                             pass->plan->data);
    }

    return true;
}


static bool
give(channel_t *channel, const AVFrame *frame, int64_t number)
{
    AVFrame *copy = av_frame_clone(frame);

    if (copy == NULL) {
        return false;
    }

    copy->pts = number;

    return channel_put(channel, copy);
}


/* Whether what was decoded can be called the video. */
static bool
check(pass_t *pass)
{
    const result_t *result = pass->result;

    if (result->frames == 0) {
        return fault_set(pass->fault, false, "no picture of the video can be decoded");
    }

    if (result->damaged * 2 > pass->packets) {
        return fault_set(pass->fault, false, "the video is damaged: %ld of %ld packets can not be decoded",
                         (long) result->damaged, (long) pass->packets);
    }

    return true;
}


/* An archival copy: the source's own bytes, read a second time so that no output waits for another. */
static void *
copy_run(void *closure)
{
    char            name[96], *data = malloc(COPY_BLOCK);
    copy_t         *copy = closure;
    sink_t         *sink = NULL;
    int64_t         n, at;
    double          seconds = copy->input->duration;
    const char     *codec, *suffix = strrchr(copy->name, '.');
    source_t       *source = source_open(copy->url, copy->flags, copy->fault);
    const AVStream *video = copy->input->video;

    snprintf(name, sizeof(name), "%s%s", copy->name, suffix ? "" : ".mp4");

    if (source == NULL || data == NULL) {
        fault_set(copy->fault, true, "no memory");
        goto done;
    }

    sink = copy->destination->open(copy->destination, name, source_size(source));
    if (sink == NULL) {
        goto done;
    }

    for (at = 0; (n = source_read(source, at, data, COPY_BLOCK)) > 0; at += n) {
        if (fault_is_set(copy->fault) || !sink->write(sink, data, (size_t) n)) {
            goto done;
        }
    }

    if (n < 0 || !sink->finish(sink)) {
        goto done;
    }

    codec = avcodec_get_name(video->codecpar->codec_id);

    copy->destination->add(copy->destination, "VideoFiles", "archival",
                           json_pack("{s:s,s:[i,i],s:s,s:s,s:s,s:I,s:I}", "path", sink->key, "resolution",
                                     copy->input->height, copy->input->width, "codec", codec, "codec_description",
                                     codec_description(video->codecpar->codec_id), "codec_mime", "video/mp4", "size",
                                     (json_int_t) sink->size, "bit_rate",
                                     (json_int_t) (video->codecpar->bit_rate > 0 ? video->codecpar->bit_rate
                                                   : seconds > 0 ? (int64_t) ((double) sink->size * 8 / seconds)
                                                                 : -1)));

done:

    if (sink != NULL) {
        sink->close(sink);
    }

    source_close(source);
    free(data);

    return NULL;
}


/* Encoder threads by the share of the pixels, so that small rungs do not pay for threads that have nothing to do. */
static int
threads_for(const pass_t *pass, int height)
{
    size_t i;
    double all = 0;
    int    threads;

    for (i = 0; i < pass->plan->n_rungs; i++) {
        all += (double) pass->plan->rungs[i].height * pass->plan->rungs[i].height;
    }

    threads = (int) ceil(pass->plan->threads * height * height / all);

    return threads > 1 ? threads : 1;
}
