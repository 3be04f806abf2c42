/*
 * Between a job's two processes. The one that reads foreign media (work.h) has no network, no files and no secrets; the other one, the
 * broker (broker.h), does for it the few things below and nothing else. Each lane is a pair of sockets on which one question
 * at a time is asked and answered; there are as many as threads may want to ask at once.
 */

#ifndef TRANSCODE_LANE_H
#define TRANSCODE_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"

#define LANES      96
#define LANE_LIMIT (64 << 20) /* bytes of a message */

typedef enum {
    LANE_TASK = 1,   /* → the job as JSON */
    LANE_SOURCE,     /* a: number → a: size. A lane holds one source or one sink until LANE_CLOSE */
    LANE_READ,       /* a: offset, b: length → bytes */
    LANE_SINK,       /* a: media, b: estimated size; its name */
    LANE_WRITE,      /* bytes */
    LANE_FINISH,     /* → the key */
    LANE_CLOSE,
    LANE_ADD,        /* a: media; JSON of family, role, definition */
    LANE_SET,        /* a: media; JSON of the members */
    LANE_MEDIA,      /* a: media → its row */
    LANE_MAKE,       /* JSON of the media to be made → a: its id */
    LANE_DROP,       /* a: media, made for this job: it is removed */
    LANE_TYPES,      /* → types of annotations: JSON of Localizations and States */
    LANE_ANNOTATED,  /* a: media; JSON of kind and type → a: how many of them this job has made before */
    LANE_ANNOTATE    /* JSON of kind and list */
} lane_question_t;

/* `what` is a question, or in an answer 0 for good and 1 for a fault (then a is its kind, b whether it may go well another time). */
typedef struct {
    uint32_t what, len;
    int64_t  a, b;
    char    *data; /* len bytes with a NUL behind them; reused for the next message, freed with free() */
    size_t   room;
} lane_message_t;

bool lane_send(int lane, uint32_t what, int64_t a, int64_t b, const void *data, size_t len);

/* Waits for a message. false: the other side is gone, or spoke nonsense. */
bool lane_receive(int lane, lane_message_t *message);

#endif
