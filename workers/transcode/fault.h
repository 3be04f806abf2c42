/*
 * The first thing that went wrong in a job, told once, from whichever thread met it.
 */

#ifndef TRANSCODE_FAULT_H
#define TRANSCODE_FAULT_H

#include <pthread.h>
#include <stdbool.h>

typedef struct {
    pthread_mutex_t lock;
    bool            set;
    bool            again; /* it may go well another time: network, storage */
    char            text[400];
} fault_t;

#define FAULT_INITIALIZER                 \
    {                                     \
        .lock = PTHREAD_MUTEX_INITIALIZER \
    }

/* Note a fault unless there is one already. Always false, so that a function can end with it. */
bool fault_set(fault_t *fault, bool again, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same for an error number of the FFmpeg libraries, appended in words. */
bool fault_av(fault_t *fault, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

bool fault_is_set(fault_t *fault);

#endif
