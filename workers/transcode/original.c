/*
 * An archival copy.
 */

#include <stdio.h>
#include <stdlib.h>

#include "original.h"
#include "video.h"

#define BLOCK (1 << 20)


static void *run(void *original);
static bool  copy(original_t *original, source_t *source, sink_t *sink);
static bool  store(const original_t *original, const sink_t *sink);


original_t *
original_create(const input_t *input, const char *url, unsigned flags, const char *name, destination_t *destination,
                fault_t *fault)
{
    original_t *original = calloc(1, sizeof(original_t));

    if (original == NULL) {
        fault_set(fault, true, "no memory");
        return NULL;
    }

    original->input = input;
    original->url = url;
    original->flags = flags;
    original->destination = destination;
    original->fault = fault;
    snprintf(original->name, sizeof(original->name), "%s", name);

    return original;
}


bool
original_start(original_t *original)
{
    original->running = pthread_create(&original->thread, NULL, run, original) == 0;

    return original->running || fault_set(original->fault, true, "no thread");
}


void
original_close(original_t *original)
{
    if (original != NULL) {
        if (original->running) {
            pthread_join(original->thread, NULL);
        }

        free(original);
    }
}


static void *
run(void *closure)
{
    sink_t     *sink = NULL;
    original_t *original = closure;
    source_t   *source = source_open(original->url, original->flags, original->fault);

    if (source != NULL) {
        sink = original->destination->open(original->destination, original->name, source_size(source));
    }

    if (sink != NULL) {
        if (copy(original, source, sink) && sink->finish(sink)) {
            store(original, sink);
        }

        sink->close(sink);
    }

    source_close(source);

    return NULL;
}


static bool
copy(original_t *original, source_t *source, sink_t *sink)
{
    char   *data = malloc(BLOCK);
    int64_t n, at;

    if (data == NULL) {
        return fault_set(original->fault, true, "no memory");
    }

    for (at = 0; (n = source_read(source, at, data, BLOCK)) > 0; at += n) {
        if (fault_is_set(original->fault) || !sink->write(sink, data, (size_t) n)) {
            n = -1;
            break;
        }
    }

    free(data);

    return n == 0;
}


static bool
store(const original_t *original, const sink_t *sink)
{
    double                   seconds = original->input->duration;
    int64_t                  bit_rate = -1;
    const AVCodecParameters *facts = original->input->video->codecpar;

    if (facts->bit_rate > 0) {
        bit_rate = facts->bit_rate;
    } else if (seconds > 0) {
        bit_rate = (int64_t) ((double) sink->size * 8 / seconds);
    }

    return original->destination->add(original->destination, "VideoFiles", "archival",
                                      json_pack("{s:s,s:[i,i],s:s,s:s,s:s,s:I,s:I}", "path", sink->key, "resolution",
                                                original->input->height, original->input->width, "codec",
                                                avcodec_get_name(facts->codec_id), "codec_description",
                                                codec_description(facts->codec_id), "codec_mime", "video/mp4", "size",
                                                (json_int_t) sink->size, "bit_rate", (json_int_t) bit_rate));
}
