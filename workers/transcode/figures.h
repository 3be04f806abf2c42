/*
 * What the daemon tells Prometheus. Counted by its one thread, written out by the status thread.
 */

#ifndef TRANSCODE_FIGURES_H
#define TRANSCODE_FIGURES_H

#include <stdint.h>
#include <stdio.h>

#include "slot.h"

typedef enum { ENDED_SUCCEEDED, ENDED_FAILED, ENDED_CANCELED, ENDED_RETRIED, ENDED_RETURNED, ENDINGS } ending_t;

const char *ending_name(ending_t ending);

void figures_begun(const taken_t *taken);
void figures_ended(const slot_t *slot, ending_t ending);

/* A job that had its last try with a worker that is gone. */
void figures_abandoned(queue_t queue);

/* Of the whole queue: milliseconds of age. */
void figures_depth(queue_t queue, int64_t waiting, int64_t running, int64_t age);

void figures_write(FILE *out);

#endif
