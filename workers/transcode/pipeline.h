/*
 * One decode pass that feeds all outputs (in parallel, each in a thread of its own): thumbnails, every rung of the
 * ladder, sound, archival files. Pictures are numbered as they are decoded; picture n is shown at n / rate in every
 * file, so that none is dropped or doubled.
 */

#ifndef TRANSCODE_PIPELINE_H
#define TRANSCODE_PIPELINE_H

#include "destination.h"
#include "input.h"
#include "ladder.h"

typedef struct {
    rung_config_t rungs[LADDER_ROOM];
    size_t        n_rungs;
    bool          thumbnail, animation, sound;
    const json_t *archives;                    /* entries of archive_config; NULL: none */
    double        force_fps;                   /* above 0: pictures are dropped and doubled to this rate */
    int           threads;                     /* processors to use */
    void (*progress)(double part, void *data); /* between 0 and 1; may be NULL */
    input_t *(*next)(void *data); /* the video that is shown after the last one; NULL: there is none; may be NULL */
    void *data;
} plan_t;

typedef struct {
    int64_t frames;           /* pictures of each output */
    int64_t damaged;          /* packets that could not be decoded */
    int64_t blemished;        /* pictures that were decoded with faults */
    int64_t dropped, doubled; /* by force_fps */
    double  rate;             /* pictures a second */
    double  drift;            /* seconds, at most, between a picture's own time and its time at that rate */
    bool    toned;            /* a high dynamic range or a wide gamut became BT.709 */
    char    hardware[32];     /* that was to decode, but is not here; empty: none */
    char    encoder[32];      /* the first that was to be used, but is not here; empty: none */
} result_t;

/* After the input come the videos of plan->next(), made like it, without sound. `url` and `flags` are those of the input's source. false: the fault is noted. */
bool pipeline_run(input_t *input, const char *url, unsigned flags, const plan_t *plan, destination_t *destination,
                  result_t *result, fault_t *fault);

/* What a person is to know of a success; empty: nothing. */
void pipeline_words(const result_t *result, char *words, size_t size);

#endif
