/*
 * One video made playable: what its media still lacks, in one pass, and what the media is told of it (contract/media.md §18).
 */

#ifndef TRANSCODE_FILM_H
#define TRANSCODE_FILM_H

#include <jansson.h>

#include "destination.h"

typedef struct {
    const char   *url; /* of the source, with its flags (source.h) */
    unsigned      flags;
    int           parts;     /* above 1: so many of the job's sources, from number 0 on, are shown one after another */
    const json_t *media;     /* as REST tells it */
    const json_t *type;      /* of the media */
    double        force_fps; /* above 0 */
    int           threads;
    void (*progress)(double part, void *data);
    void *data;

    /* The outcome. */
    char   note[400];                /* what the user is to know of a success; may be empty */
    double opened, worked, finished; /* seconds */
    double played;                   /* seconds of video */
    long   frames;
    int    width, height; /* of the source as it is shown */
} film_t;

/* `media` is where its row is read again at the end; 0: nowhere. false: the fault is noted. */
bool film_make(film_t *film, int64_t media, destination_t *destination, fault_t *fault);

#endif
