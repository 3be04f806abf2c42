/*
 * Threads that do something one after the other, in the order of their numbers: rungs are registered from the lowest upwards.
 * Each passes its turn at its end, also after a fault, so that none waits for ever.
 */

#ifndef TRANSCODE_TURNS_H
#define TRANSCODE_TURNS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "ladder.h"

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t  passed;
    bool            over[LADDER_ROOM];
} turns_t;

void turns_init(turns_t *turns);
void turns_done(turns_t *turns);

/* Until all with a lower number have passed their turn. */
void turns_wait(turns_t *turns, size_t number);
void turns_pass(turns_t *turns, size_t number);

#endif
