/* link: workers/transcode/input.c workers/transcode/source.c workers/transcode/remote.c workers/transcode/lane.c workers/transcode/fault.c */
/* libraries: media */
/* Videos: demuxer, decoder and what is concluded from their headers. */

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libavutil/log.h>

#include "workers/transcode/input.h"

#define PIXELS  (1 << 20)
#define PACKETS 60

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
decode(input_t *input)
{
    int       n;
    AVFrame  *frame = av_frame_alloc();
    AVPacket *packet = av_packet_alloc();

    input->decoder->max_pixels = PIXELS;

    for (n = 0; n < PACKETS && av_read_frame(input->format, packet) >= 0; n++) {
        if (packet->stream_index == input->video->index && packet->size > 0) {
            avcodec_send_packet(input->decoder, packet);

            while (avcodec_receive_frame(input->decoder, frame) >= 0) {
                if (input_picture(input, frame) && (frame->width <= 0 || frame->height <= 0)) {
                    abort();
                }
            }
        }

        av_packet_unref(packet);
    }

    av_packet_free(&packet);
    av_frame_free(&frame);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int       fd = memfd_create("film", 0);
    char      number[16];
    fault_t   fault = FAULT_INITIALIZER;
    input_t  *input;
    source_t *source;

    av_log_set_level(AV_LOG_QUIET);
    snprintf(number, sizeof(number), "%d", fd);

    if (fd == -1 || write(fd, data, size) != (ssize_t) size) {
        abort();
    }

    source = source_open(number, SOURCE_DESCRIPTOR, &fault);
    input = source != NULL ? input_open(source, 0, 1, &fault) : NULL;

    if (input != NULL) {
        if (input->width <= 0 || input->height <= 0 || input->rate.num <= 0 || input->rate.den <= 0 || !isfinite(input->duration) ||
            input->frames < 0) {
            abort();
        }

        decode(input);

    } else if (source != NULL && !fault_is_set(&fault)) {
        abort();
    }

    input_close(input);
    source_close(source);
    close(fd);

    return 0;
}
