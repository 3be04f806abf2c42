/*
 * The decode pass.
 */

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "original.h"
#include "pipeline.h"
#include "remote.h"
#include "sound.h"
#include "stills.h"
#include "upright.h"
#include "video.h"

#define ARCHIVES 8
#define OUTPUTS  (LADDER_ROOM + ARCHIVES)
#define GAP      3600.0 /* seconds between two pictures that force_fps fills; longer ones are faults of the clock */

typedef struct {
    input_t       *input;  /* by which the outputs are made */
    input_t       *feed;   /* that is read: the input, or one that follows it */
    int64_t        before; /* pictures before those of the feed */
    const plan_t  *plan;
    result_t      *result;
    fault_t       *fault;
    stills_t      *stills;
    turns_t        turns;
    video_t       *videos[OUTPUTS];
    sound_t       *sounds[ARCHIVES + 1];
    original_t    *originals[ARCHIVES];
    destination_t *foreign[ARCHIVES];
    size_t         n_videos, n_sounds, n_originals, n_foreign;
    upright_t     *upright;
    AVFrame       *held; /* with force_fps: the last picture, until its time is over */
    int64_t        held_index;
    int64_t        start; /* of the first picture */
    int64_t        packets;
} pass_t;


static bool    outputs_open(pass_t *pass, const char *url, unsigned flags, destination_t *destination);
static bool    rungs_open(pass_t *pass, destination_t *destination);
static bool    archive_open(pass_t *pass, const json_t *entry, size_t number, const char *url, unsigned flags,
                            destination_t *destination);
static bool    outputs_start(pass_t *pass);
static void    outputs_end(pass_t *pass, bool good);
static int     lines_of(const plan_t *plan);
static bool    read_all(pass_t *pass, AVPacket *packet, AVFrame *frame);
static bool    feed_read(pass_t *pass, AVPacket *packet, AVFrame *frame);
static bool    sound_packet(pass_t *pass, const AVPacket *packet);
static bool    decode(pass_t *pass, const AVPacket *packet, AVFrame *frame);
static bool    upright(pass_t *pass, AVFrame *picture, AVFrame *frame);
static bool    at_rate(pass_t *pass, AVFrame *frame);
static int64_t begin_of(const pass_t *pass, int64_t pts, int64_t number);
static int64_t index_of(const pass_t *pass, int64_t pts);
static bool    once(pass_t *pass, AVFrame *frame);
static bool    held_emit(pass_t *pass, int64_t times);
static bool    emit(pass_t *pass, AVFrame *frame);
static bool    give(channel_t *channel, const AVFrame *frame, int64_t number);
static bool    check(pass_t *pass);
static int     threads_for(const pass_t *pass, int height);
static void    add(char *words, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));


bool
pipeline_run(input_t *input, const char *url, unsigned flags, const plan_t *plan, destination_t *destination,
             result_t *result, fault_t *fault)
{
    bool      good = false;
    pass_t   *pass = calloc(1, sizeof(pass_t));
    AVPacket *packet = av_packet_alloc();
    AVFrame  *frame = av_frame_alloc();

    memset(result, 0, sizeof(result_t));
    result->rate = av_q2d(input->rate);
    snprintf(result->hardware, sizeof(result->hardware), "%s", input->absent != NULL ? input->absent : "");

    if (pass == NULL || packet == NULL || frame == NULL) {
        fault_set(fault, true, "no memory");
        goto done;
    }

    pass->input = pass->feed = input;
    pass->plan = plan;
    pass->result = result;
    pass->fault = fault;
    pass->start = AV_NOPTS_VALUE;
    turns_init(&pass->turns);

    pass->upright = upright_create(input, lines_of(plan), plan->threads, fault);

    good = pass->upright != NULL && outputs_open(pass, url, flags, destination) && outputs_start(pass) &&
           read_all(pass, packet, frame) && check(pass);

    outputs_end(pass, good);
    good = good && !fault_is_set(fault);

    av_frame_free(&pass->held);
    upright_close(pass->upright);
    turns_done(&pass->turns);

done:

    av_frame_free(&frame);
    av_packet_free(&packet);
    free(pass);

    return good;
}


void
pipeline_words(const result_t *result, char *words, size_t size)
{
    words[0] = '\0';

    if (result->damaged > 0) {
        add(words, size, "%ld parts of the video are damaged and could not be decoded", (long) result->damaged);
    }

    if (result->blemished > 0) {
        add(words, size, "%ld pictures are damaged", (long) result->blemished);
    }

    if (result->dropped > 0 || result->doubled > 0) {
        add(words, size, "to keep the rate %ld pictures were left out and %ld doubled", (long) result->dropped,
            (long) result->doubled);
    }

    if (result->drift * result->rate > 2 && result->drift > 0.1) {
        add(words, size,
            "the rate varies: each picture is shown once, at %.4g a second, up to %.2f seconds from its own time",
            result->rate, result->drift);
    }

    if (result->hardware[0] != '\0' || result->encoder[0] != '\0') {
        add(words, size, "%s%s%s can not be used on this machine: the processor did the work", result->hardware,
            result->hardware[0] != '\0' && result->encoder[0] != '\0' ? " and " : "", result->encoder);
    }

    if (result->toned) {
        add(words, size, "a high dynamic range or wide gamut was mapped to BT.709");
    }
}


static bool
outputs_open(pass_t *pass, const char *url, unsigned flags, destination_t *destination)
{
    size_t        i;
    sound_t      *sound;
    const json_t *entry;
    const plan_t *plan = pass->plan;

    if (plan->thumbnail || plan->animation) {
        pass->stills = stills_create(pass->input, plan->thumbnail, plan->animation, destination, pass->fault);
        if (pass->stills == NULL) {
            return false;
        }
    }

    if (!rungs_open(pass, destination)) {
        return false;
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

    for (i = 0; i < pass->n_videos && pass->result->encoder[0] == '\0'; i++) {
        memcpy(pass->result->encoder, pass->videos[i]->choice.absent, sizeof(pass->result->encoder));
    }

    return true;
}


static bool
rungs_open(pass_t *pass, destination_t *destination)
{
    size_t        i;
    video_t      *video;
    const plan_t *plan = pass->plan;
    int64_t       size = source_size(pass->input->format->pb->opaque);

    for (i = 0; i < plan->n_rungs; i++) {
        video = video_rung(&plan->rungs[i], pass->input, threads_for(pass, plan->rungs[i].height), size, destination,
                           pass->fault);
        if (video == NULL) {
            return false;
        }

        video->turns = &pass->turns;
        video->turn = i;
        pass->videos[pass->n_videos++] = video;
    }

    return true;
}


static bool
archive_open(pass_t *pass, const json_t *entry, size_t number, const char *url, unsigned flags,
             destination_t *destination)
{
    char          name[64];
    int64_t       size = source_size(pass->input->format->pb->opaque);
    video_t      *video;
    sound_t      *sound;
    const json_t *storage = json_object_get(entry, "s3_storage");
    rung_config_t config;

    if (json_is_object(storage)) {
        destination = remote_destination_open(-1 - json_integer_value(json_object_get(storage, "entry")), pass->fault);
        if (destination == NULL) {
            return false;
        }

        pass->foreign[pass->n_foreign++] = destination;
    }

    if (!ladder_archive(&config, entry)) {
        snprintf(name, sizeof(name), "archival_%zu.mp4", number);
        pass->originals[pass->n_originals] = original_create(pass->input, url, flags, name, destination, pass->fault);

        return pass->originals[pass->n_originals++] != NULL;
    }

    snprintf(name, sizeof(name), "archival_%zu.mp4", number);

    video = video_archival(&config, json_object_get(entry, "encode"), pass->input, pass->plan->threads, name,
                           pass->input->audio != NULL ? 2 : 1, size, destination, pass->fault);
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

    for (i = 0; good && i < pass->n_originals; i++) {
        good = original_start(pass->originals[i]);
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
        if (!pass->videos[i]->running && pass->videos[i]->turns != NULL) {
            turns_pass(pass->videos[i]->turns, pass->videos[i]->turn);
        }
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

    for (i = 0; i < pass->n_originals; i++) {
        original_close(pass->originals[i]);
    }

    for (i = 0; i < pass->n_foreign; i++) {
        remote_destination_close(pass->foreign[i]);
    }
}


/* Of the largest output; 0: the source's. */
static int
lines_of(const plan_t *plan)
{
    return json_array_size(plan->archives) == 0 && plan->n_rungs > 0 ? plan->rungs[plan->n_rungs - 1].height : 0;
}


static bool
read_all(pass_t *pass, AVPacket *packet, AVFrame *frame)
{
    input_t *next;

    for (;;) {
        if (!feed_read(pass, packet, frame) || !decode(pass, NULL, frame) || !upright(pass, NULL, frame)) {
            return false;
        }

        next = pass->plan->next != NULL ? pass->plan->next(pass->plan->data) : NULL;
        if (next == NULL) {
            break;
        }

        upright_next(pass->upright, next);
        pass->feed = next;
        pass->start = AV_NOPTS_VALUE;
        pass->before = pass->result->frames;
    }

    if (fault_is_set(pass->fault)) {
        return false;
    }

    pass->result->toned = pass->upright->toned;

    return pass->held == NULL || held_emit(pass, 1);
}


static bool
feed_read(pass_t *pass, AVPacket *packet, AVFrame *frame)
{
    int  error;
    bool good = true;

    for (;;) {
        error = av_read_frame(pass->feed->format, packet);
        if (error < 0) {
            break;
        }

        if (packet->stream_index == pass->feed->video->index &&
            packet->size > 0) { /* an empty one would end the decoder */
            pass->packets++;
            pass->result->blemished += (packet->flags & AV_PKT_FLAG_CORRUPT) != 0;
            good = decode(pass, packet, frame);

        } else if (pass->feed->audio != NULL && packet->stream_index == pass->feed->audio->index) {
            good = sound_packet(pass, packet);
        }

        av_packet_unref(packet);

        if (!good || fault_is_set(pass->fault)) {
            return false;
        }
    }

    pass->result->damaged += error != AVERROR_EOF;

    return !fault_is_set(pass->fault); /* the source could not be read */
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
        error = avcodec_send_packet(pass->feed->decoder, packet);
        if (error == AVERROR(ENOMEM)) {
            return fault_set(pass->fault, true, "no memory");
        }

        if (error < 0 && error != AVERROR(EAGAIN) && error != AVERROR_EOF) {
            pass->result->damaged++;
        }

        for (;;) {
            int got = avcodec_receive_frame(pass->feed->decoder, frame);

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

            if (!input_picture(pass->feed, frame)) {
                pass->result->damaged++;
                av_frame_unref(frame);
                continue;
            }

            pass->result->blemished += frame->decode_error_flags != 0;

            if (!upright(pass, frame, frame)) {
                return false;
            }
        }

        if (error != AVERROR(EAGAIN)) {
            return true;
        }
    }
}


/* A picture (NULL: no more) through the filters that all outputs share, and what comes out of them onwards. */
static bool
upright(pass_t *pass, AVFrame *picture, AVFrame *frame)
{
    if (!upright_put(pass->upright, picture)) {
        return false;
    }

    while (upright_take(pass->upright, frame) == 1) {
        if (!at_rate(pass, frame)) {
            return false;
        }
    }

    return !fault_is_set(pass->fault);
}


/* With force_fps each picture stays until the next one's time, and of several for one time the first is taken; else each is given once. */
static bool
at_rate(pass_t *pass, AVFrame *frame)
{
    int64_t index, next;

    next = pass->held != NULL ? pass->held_index + 1 : pass->result->frames;

    if (pass->start == AV_NOPTS_VALUE && frame->pts != AV_NOPTS_VALUE) {
        pass->start = begin_of(pass, frame->pts, next);
    }

    if (pass->plan->force_fps <= 0) {
        return once(pass, frame);
    }

    index = frame->pts != AV_NOPTS_VALUE ? index_of(pass, frame->pts) : next;

    if (fabs((double) (index - next)) > GAP * pass->result->rate) { /* from now on the clock is another one */
        pass->start = begin_of(pass, frame->pts, next);
        index = next;
    }

    if (index < next) {
        pass->result->dropped++;
        av_frame_unref(frame);
        return true;
    }

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


/* The time of picture 0, when picture `number` has this one. */
static int64_t
begin_of(const pass_t *pass, int64_t pts, int64_t number)
{
    return pts - av_rescale_q(number, av_inv_q(pass->input->rate), pass->feed->video->time_base);
}


/* The place of a time at the forced rate. A quarter of a step early is in time: clocks of containers are coarse. */
static int64_t
index_of(const pass_t *pass, int64_t pts)
{
    return (int64_t) floor((double) (pts - pass->start) * av_q2d(pass->feed->video->time_base) * pass->result->rate +
                           0.25);
}


static bool
once(pass_t *pass, AVFrame *frame)
{
    bool   good;
    double away;

    if (frame->pts != AV_NOPTS_VALUE) {
        away = (double) (frame->pts - pass->start) * av_q2d(pass->feed->video->time_base) -
               (double) pass->result->frames / pass->result->rate;
        pass->result->drift = fmax(pass->result->drift, fabs(away));
    }

    good = emit(pass, frame);
    av_frame_unref(frame);

    return good;
}


static bool
held_emit(pass_t *pass, int64_t times)
{
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
    int64_t number = pass->result->frames++, shown = number - pass->before, expected = pass->feed->frames;

    for (i = 0; i < pass->n_videos; i++) {
        if (!give(&pass->videos[i]->channel, frame, number)) {
            return false;
        }
    }

    if (pass->stills != NULL && stills_wants(pass->stills, number) && !give(&pass->stills->channel, frame, number)) {
        return false;
    }

    if (pass->plan->progress != NULL && number % 10 == 0) {
        pass->plan->progress(expected > shown ? (double) shown / (double) expected
                             : expected > 0   ? 1
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


static void
add(char *words, size_t size, const char *format, ...)
{
    size_t  len = strlen(words);
    va_list args;

    if (len > 0 && len + 2 < size) {
        len += (size_t) snprintf(words + len, size - len, "; ");
    }

    va_start(args, format);
    vsnprintf(words + len, size - len, format, args);
    va_end(args);
}
