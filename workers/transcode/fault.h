/*
 * The first thing that went wrong in a job, told once, from whichever thread met it.
 */

#ifndef TRANSCODE_FAULT_H
#define TRANSCODE_FAULT_H

#include <pthread.h>
#include <stdbool.h>

/* Whose fault it is: the media's own, its source's server, the REST server's or object store's, a limit that was met, an address or
   format that is not let in, a process that died, or this machine's. */
typedef enum { FAULT_MEDIA, FAULT_SOURCE, FAULT_SERVER, FAULT_LIMIT, FAULT_REFUSED, FAULT_CRASH, FAULT_MACHINE, FAULT_KINDS } fault_kind_t;

typedef struct {
    pthread_mutex_t lock;
    bool            set;
    bool            again; /* it may go well another time: network, storage */
    fault_kind_t    kind;
    char            text[400];
} fault_t;

#define FAULT_INITIALIZER                 \
    {                                     \
        .lock = PTHREAD_MUTEX_INITIALIZER \
    }

/* Note a fault unless there is one already: of the media, or with `again` of this machine. Always false, so that a function can end with it. */
bool fault_set(fault_t *fault, bool again, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same, with its kind. */
bool fault_of(fault_t *fault, fault_kind_t kind, bool again, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same for an error number of the FFmpeg libraries, appended in words. */
bool fault_av(fault_t *fault, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

bool fault_is_set(fault_t *fault);

/* "media", "source" …; an unknown name is "media". */
const char  *fault_kind_name(fault_kind_t kind);
fault_kind_t fault_kind_of(const char *name);

#endif
