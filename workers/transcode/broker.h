/*
 * The trusted half of a job (lane.h): it holds the user's token, reads sources over the network and sends results through REST, for a
 * process that can do neither. It gives out no address and no token, reads only the job's own sources, and writes only to the job's
 * media and to those that it made for it.
 *
 * Life: broker_open() before the fork; in the parent broker_serve() answers until the other side has ended, broker_close() ends it.
 */

#ifndef TRANSCODE_BROKER_H
#define TRANSCODE_BROKER_H

#include <jansson.h>

#include "fault.h"

typedef struct broker_s broker_t;

/* What the job is: by the spec of a queue's job (include/tator/queue.h), or by a file and a directory for its results. Texts must outlive it. */
typedef struct {
    const char   *kind; /* transcodes, images; for a file: file, image */
    const json_t *spec;
    int           attempt;
    const char   *path, *directory;
    const char   *type;      /* JSON, for a file */
    double        force_fps; /* for a file; else of the spec */
    int64_t       disk;      /* bytes that a copy of a source may take */
} order_t;

/* `lanes` are the broker's ends. NULL: no memory. */
broker_t *broker_open(const int lanes[], const order_t *order);

/* Make ready what the other side will ask for, and answer it from threads. false: the fault is noted, and it gets it as an answer. */
bool broker_serve(broker_t *broker, fault_t *fault);

/* The last step of a job that went well: the mail that was asked for. */
void broker_mail(broker_t *broker);

/* After the end of the other side: waits for the threads. */
void broker_close(broker_t *broker);

#endif
