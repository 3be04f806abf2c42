/*
 * Making files with libavformat.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libavformat/avformat.h>
#include <tator/segment_map.h>

#include "muxer.h"

#define STREAMS   2
#define IO_BUFFER (256 << 10)

typedef struct {
    AVPacket  *packet;
    int        stream;
    AVRational time_base;
} waiting_t;

struct muxer_s {
    muxer_kind_t     kind;
    AVFormatContext *format;
    sink_t          *sink;
    segment_map_t   *map; /* fragmented */
    int              fd;  /* whole */
    const char      *flags;
    int              expected, added, ended;
    bool             begun;
    int64_t          shift[STREAMS]; /* to begin at time 0, in the stream's time base */
    bool             shifted[STREAMS];
    int64_t          packets[STREAMS];
    double           start; /* of the first picture, seconds */
    waiting_t       *waiting;
    size_t           n_waiting, room;
    pthread_mutex_t  lock;
    fault_t         *fault;
};


static bool streams_make(muxer_t *muxer);
static bool io_open(muxer_t *muxer);
static bool begin(muxer_t *muxer);
static bool wait_for_begin(muxer_t *muxer, int stream, AVPacket *packet, AVRational time_base);
static bool put(muxer_t *muxer, int stream, AVPacket *packet, AVRational time_base);
static bool finish(muxer_t *muxer);
static int  on_bytes(void *muxer, uint8_t *data, int len);


muxer_t *
muxer_open(muxer_kind_t kind, const char *format, const char *flags, sink_t *sink, int streams, fault_t *fault)
{
    muxer_t *muxer = calloc(1, sizeof(muxer_t));

    if (muxer == NULL) {
        sink->close(sink);
        fault_set(fault, true, "no memory");
        return NULL;
    }

    pthread_mutex_init(&muxer->lock, NULL);
    muxer->kind = kind;
    muxer->flags = flags;
    muxer->sink = sink;
    muxer->expected = streams;
    muxer->fd = -1;
    muxer->fault = fault;

    if (avformat_alloc_output_context2(&muxer->format, NULL, format, NULL) < 0 || !streams_make(muxer) ||
        !io_open(muxer)) {
        fault_set(fault, true, "a %s file can not be begun", format);
        muxer_close(muxer);
        return NULL;
    }

    return muxer;
}


void
muxer_close(muxer_t *muxer)
{
    size_t i;

    if (muxer == NULL) {
        return;
    }

    for (i = 0; i < muxer->n_waiting; i++) {
        av_packet_free(&muxer->waiting[i].packet);
    }

    if (muxer->format != NULL && muxer->format->pb != NULL) {
        if (muxer->kind != MUXER_WHOLE) {
            av_freep(&muxer->format->pb->buffer);
            avio_context_free(&muxer->format->pb);
        } else {
            avio_closep(&muxer->format->pb);
        }
    }

    if (muxer->fd != -1) {
        close(muxer->fd);
    }

    avformat_free_context(muxer->format);
    segment_map_destroy(muxer->map);
    muxer->sink->close(muxer->sink);
    pthread_mutex_destroy(&muxer->lock);
    free(muxer->waiting);
    free(muxer);
}


int
muxer_add(muxer_t *muxer, const AVCodecContext *encoder)
{
    int       number = -1;
    AVStream *stream;

    pthread_mutex_lock(&muxer->lock);

    stream = muxer->format->streams[encoder->codec_type == AVMEDIA_TYPE_VIDEO ? 0 : muxer->expected - 1];

    if (avcodec_parameters_from_context(stream->codecpar, encoder) < 0) {
        fault_set(muxer->fault, true, "no memory");
        goto done;
    }

    stream->time_base = encoder->time_base;
    if (encoder->codec_type == AVMEDIA_TYPE_VIDEO) {
        stream->avg_frame_rate = encoder->framerate;
        stream->sample_aspect_ratio = encoder->sample_aspect_ratio;
        stream->codecpar->codec_tag = encoder->codec_id == AV_CODEC_ID_HEVC   ? MKTAG('h', 'v', 'c', '1')
                                      : encoder->codec_id == AV_CODEC_ID_H264 ? MKTAG('a', 'v', 'c', '1')
                                                                              : 0;
    }

    av_dict_set(&stream->metadata, "handler_name", "tator", 0);

    muxer->added++;
    if (muxer->added < muxer->expected || begin(muxer)) {
        number = stream->index;
    }

done:

    pthread_mutex_unlock(&muxer->lock);

    return number;
}


bool
muxer_put(muxer_t *muxer, int stream, AVPacket *packet, AVRational time_base)
{
    bool good;

    pthread_mutex_lock(&muxer->lock);
    good = muxer->begun ? put(muxer, stream, packet, time_base) : wait_for_begin(muxer, stream, packet, time_base);
    pthread_mutex_unlock(&muxer->lock);

    return good;
}


bool
muxer_end(muxer_t *muxer, bool *last)
{
    bool good;

    pthread_mutex_lock(&muxer->lock);
    *last = ++muxer->ended == muxer->expected;
    good = !*last || finish(muxer);
    pthread_mutex_unlock(&muxer->lock);

    return good;
}


const sink_t *
muxer_sink(const muxer_t *muxer)
{
    return muxer->sink;
}


int64_t
muxer_packets(const muxer_t *muxer, int stream)
{
    return muxer->packets[stream];
}


json_t *
muxer_segments(muxer_t *muxer)
{
    json_t *segments = segment_map_json(muxer->map, muxer->start);

    if (segments == NULL) {
        fault_set(muxer->fault, false, "the file that was made is not whole");
    }

    return segments;
}


/* Before it is known what they are: pictures come first in a file, whichever encoder opens first. */
static bool
streams_make(muxer_t *muxer)
{
    int i;

    for (i = 0; i < muxer->expected; i++) {
        if (avformat_new_stream(muxer->format, NULL) == NULL) {
            return false;
        }
    }

    return true;
}


static bool
io_open(muxer_t *muxer)
{
    char           name[32];
    unsigned char *buffer;
    const char    *folder = getenv("TMPDIR");

    if (muxer->kind != MUXER_WHOLE) {
        buffer = av_malloc(IO_BUFFER);
        muxer->map = muxer->kind == MUXER_FRAGMENTED ? segment_map_create() : NULL;

        if (buffer != NULL && (muxer->map != NULL || muxer->kind == MUXER_LONG)) {
            muxer->format->pb = avio_alloc_context(buffer, IO_BUFFER, 1, muxer, NULL, on_bytes, NULL);
        }

        if (muxer->format->pb == NULL) {
            av_free(buffer);
        }

        return muxer->format->pb != NULL;
    }

    muxer->fd = open(folder ? folder : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (muxer->fd == -1) {
        return false;
    }

    snprintf(name, sizeof(name), "file:/proc/self/fd/%d", muxer->fd);
    muxer->format->url = av_strdup(name);

    return muxer->format->url != NULL && avio_open(&muxer->format->pb, name, AVIO_FLAG_READ_WRITE) >= 0;
}


/* All streams are there: the header, then what has waited for it. */
static bool
begin(muxer_t *muxer)
{
    int           error;
    size_t        i;
    bool          good = true;
    AVDictionary *options = NULL;

    if (muxer->kind == MUXER_FRAGMENTED) {
        av_dict_set(&options, "movflags", "frag_keyframe+empty_moov+default_base_moof", 0);
        muxer->format->avoid_negative_ts = AVFMT_AVOID_NEG_TS_MAKE_NON_NEGATIVE;
    } else if (muxer->kind == MUXER_LONG) {
        av_dict_set(&options, "movflags", "frag_keyframe+empty_moov+default_base_moof", 0);
        muxer->format->avoid_negative_ts = AVFMT_AVOID_NEG_TS_MAKE_ZERO; /* all streams by the same */
    } else {
        av_dict_set(&options, "movflags", muxer->flags != NULL && *muxer->flags ? muxer->flags : "faststart", 0);
    }

    av_dict_set(&options, "write_tmcd", "0", 0);

    error = avformat_write_header(muxer->format, &options);
    av_dict_free(&options);

    if (error < 0) {
        return fault_av(muxer->fault, error, "the file's header can not be written");
    }

    muxer->begun = true;

    for (i = 0; i < muxer->n_waiting; i++) {
        good = good && put(muxer, muxer->waiting[i].stream, muxer->waiting[i].packet, muxer->waiting[i].time_base);
        av_packet_free(&muxer->waiting[i].packet);
    }

    muxer->n_waiting = 0;

    return good;
}


static bool
wait_for_begin(muxer_t *muxer, int stream, AVPacket *packet, AVRational time_base)
{
    size_t     room;
    AVPacket  *copy;
    waiting_t *grown;

    if (muxer->n_waiting == muxer->room) {
        room = muxer->room ? muxer->room * 2 : 64;
        grown = realloc(muxer->waiting, room * sizeof(waiting_t));
        if (grown == NULL) {
            return fault_set(muxer->fault, true, "no memory");
        }

        muxer->waiting = grown;
        muxer->room = room;
    }

    copy = av_packet_alloc();
    if (copy == NULL) {
        return fault_set(muxer->fault, true, "no memory");
    }

    av_packet_move_ref(copy, packet);
    muxer->waiting[muxer->n_waiting++] = (waiting_t){copy, stream, time_base};

    return true;
}


static bool
put(muxer_t *muxer, int number, AVPacket *packet, AVRational time_base)
{
    int       error;
    AVStream *stream = muxer->format->streams[number];

    packet->stream_index = number;
    av_packet_rescale_ts(packet, time_base, stream->time_base);

    /* A fragmented file has no edit list: decoding times of reordered pictures begin at 0, and the first picture is shown a little later. */
    if (muxer->kind == MUXER_FRAGMENTED) {
        if (!muxer->shifted[number]) {
            muxer->shift[number] = packet->dts < 0 ? -packet->dts : 0;
            muxer->shifted[number] = true;
            muxer->start = (double) (packet->pts + muxer->shift[number]) * av_q2d(stream->time_base);
        }

        packet->pts += muxer->shift[number];
        packet->dts += muxer->shift[number];
    }

    muxer->packets[number]++;

    error = av_interleaved_write_frame(muxer->format, packet);

    return error >= 0 || fault_av(muxer->fault, error, "a packet can not be written");
}


static bool
finish(muxer_t *muxer)
{
    int     error;
    char   *buffer;
    bool    good;
    off_t   at;
    ssize_t n;

    if (!muxer->begun) {
        return fault_set(muxer->fault, false, "a file has no streams");
    }

    error = av_write_trailer(muxer->format);
    if (error < 0) {
        return fault_av(muxer->fault, error, "the file's end can not be written");
    }

    avio_flush(muxer->format->pb);

    if (muxer->kind != MUXER_WHOLE) {
        return muxer->sink->finish(muxer->sink);
    }

    buffer = malloc(IO_BUFFER);
    if (buffer == NULL) {
        return fault_set(muxer->fault, true, "no memory");
    }

    for (at = 0, good = true; good; at += n) {
        n = pread(muxer->fd, buffer, IO_BUFFER, at);
        if (n <= 0) {
            good = n == 0 || fault_set(muxer->fault, true, "the working file can not be read: %s", strerror(errno));
            break;
        }

        good = muxer->sink->write(muxer->sink, buffer, (size_t) n);
    }

    free(buffer);

    return good && muxer->sink->finish(muxer->sink);
}


static int
on_bytes(void *closure, uint8_t *data, int len)
{
    muxer_t *muxer = closure;

    if (muxer->map != NULL && !segment_map_feed(muxer->map, data, (size_t) len)) {
        fault_set(muxer->fault, false, "the file that is made is not MP4");
        return AVERROR(EIO);
    }

    return muxer->sink->write(muxer->sink, data, (size_t) len) ? len : AVERROR(EIO);
}
