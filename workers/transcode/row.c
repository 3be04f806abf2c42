/*
 * Images as packets of a NUT file, whose clock is exact.
 */

#include <string.h>
#include <unistd.h>

#include <libavformat/avformat.h>
#include <tator/picture.h>

#include "row.h"

#define IMAGE_LIMIT (256 << 20)
#define BUFFER      (64 << 10)


static bool open_file(AVFormatContext **format, double rate, const picture_t *like, int *to, fault_t *fault);
static bool image_add(AVFormatContext *format, int from, const row_image_t *image, int64_t number, const picture_t *like,
                      fault_t *fault);
static bool image_read(AVPacket *packet, int from, const row_image_t *image, fault_t *fault);
static int  on_write(void *to, uint8_t *data, int len);


bool
row_film(int from, const row_image_t *images, size_t n, double rate, int to, fault_t *fault)
{
    bool             good;
    size_t           i;
    AVPacket        *packet = av_packet_alloc();
    picture_t        like;
    AVFormatContext *format = NULL;

    good = packet != NULL ? image_read(packet, from, &images[0], fault) : fault_set(fault, true, "no memory");
    good = good && (picture_probe(packet->data, (size_t) packet->size, &like) ||
                    fault_set(fault, false, "the first image of the row is damaged"));
    good = good && open_file(&format, rate, &like, &to, fault);

    for (i = 0; good && i < n; i++) {
        good = image_add(format, from, &images[i], (int64_t) i, &like, fault);
    }

    if (good) {
        good = av_write_trailer(format) >= 0 || fault_of(fault, FAULT_LIMIT, false, "the working file can not be written");
    }

    if (format != NULL) {
        if (format->pb != NULL) {
            av_freep(&format->pb->buffer);
            avio_context_free(&format->pb);
        }

        avformat_free_context(format);
    }

    av_packet_free(&packet);

    return good;
}


static bool
open_file(AVFormatContext **format, double rate, const picture_t *like, int *to, fault_t *fault)
{
    int            error;
    uint8_t       *buffer = av_malloc(BUFFER);
    AVStream      *stream;
    AVIOContext   *io;

    io = buffer != NULL ? avio_alloc_context(buffer, BUFFER, 1, to, NULL, on_write, NULL) : NULL;

    if (io == NULL || avformat_alloc_output_context2(format, NULL, "nut", NULL) < 0) {
        av_free(buffer);
        avio_context_free(&io);
        return fault_set(fault, true, "no memory");
    }

    (*format)->pb = io;

    stream = avformat_new_stream(*format, NULL);
    if (stream == NULL) {
        return fault_set(fault, true, "no memory");
    }

    stream->codecpar->codec_type = AVMEDIA_TYPE_VIDEO;
    stream->codecpar->codec_id = strcmp(like->format, "png") == 0 ? AV_CODEC_ID_PNG : AV_CODEC_ID_MJPEG;
    stream->codecpar->width = like->width;
    stream->codecpar->height = like->height;
    stream->avg_frame_rate = av_d2q(rate, 1001000);
    stream->time_base = av_inv_q(stream->avg_frame_rate);

    error = avformat_write_header(*format, NULL);

    return error >= 0 || fault_av(fault, error, "the row of images can not be written");
}


static bool
image_add(AVFormatContext *format, int from, const row_image_t *image, int64_t number, const picture_t *like,
          fault_t *fault)
{
    bool      good;
    AVPacket *packet = av_packet_alloc();
    AVStream *stream = format->streams[0];
    picture_t its;

    good = packet != NULL ? image_read(packet, from, image, fault) : fault_set(fault, true, "no memory");

    good = good && ((picture_probe(packet->data, (size_t) packet->size, &its) && strcmp(its.format, like->format) == 0 &&
                     its.width == like->width && its.height == like->height) ||
                    fault_set(fault, false, "image %ld of the row is damaged, or of another size or format", (long) number + 1));

    if (good) {
        packet->pts = packet->dts = av_rescale_q(number, av_inv_q(stream->avg_frame_rate), stream->time_base);
        packet->duration = av_rescale_q(1, av_inv_q(stream->avg_frame_rate), stream->time_base);
        packet->flags |= AV_PKT_FLAG_KEY;

        good = av_write_frame(format, packet) >= 0 || fault_of(fault, FAULT_LIMIT, false, "the working file can not be written");
    }

    av_packet_free(&packet);

    return good;
}


static bool
image_read(AVPacket *packet, int from, const row_image_t *image, fault_t *fault)
{
    ssize_t n;
    off_t   at = 0;

    if (image->len <= 0 || image->len > IMAGE_LIMIT) {
        return fault_of(fault, FAULT_LIMIT, false, "an image of %ld bytes can not be in a row", (long) image->len);
    }

    if (av_new_packet(packet, (int) image->len) < 0) {
        return fault_set(fault, true, "no memory");
    }

    for (; at < image->len; at += n) {
        n = pread(from, packet->data + at, (size_t) (image->len - at), image->at + at);
        if (n <= 0) {
            return fault_set(fault, true, "the working file can not be read");
        }
    }

    return true;
}


static int
on_write(void *to, uint8_t *data, int len)
{
    ssize_t n;
    int     at;

    for (at = 0; at < len; at += (int) n) {
        n = write(*(int *) to, data + at, (size_t) (len - at));
        if (n <= 0) {
            return AVERROR(ENOSPC);
        }
    }

    return len;
}
