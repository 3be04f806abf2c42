/*
 * An archival copy: the source's own bytes, read a second time so that no output waits for another, in a thread of its own.
 */

#ifndef TRANSCODE_ORIGINAL_H
#define TRANSCODE_ORIGINAL_H

#include <pthread.h>

#include "destination.h"
#include "input.h"

typedef struct {
    pthread_t      thread;
    bool           running;
    const char    *url;
    unsigned       flags;
    char           name[64];
    const input_t *input;
    destination_t *destination;
    fault_t       *fault;
} original_t;

/* `url` and `flags` are those of the input's source. NULL: no memory. */
original_t *original_create(const input_t *input, const char *url, unsigned flags, const char *name,
                            destination_t *destination, fault_t *fault);
bool        original_start(original_t *original);
void        original_close(original_t *original); /* joins the thread */

#endif
