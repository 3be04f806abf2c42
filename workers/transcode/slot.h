/*
 * A job in its process, as the daemon sees it.
 *
 * Life: FREE → RUNNING (a process works) → ENDED (it is gone, Redis is not told yet) → FREE. The process has a folder of its own below
 * TMPDIR, which goes with the slot.
 */

#ifndef TRANSCODE_SLOT_H
#define TRANSCODE_SLOT_H

#include <sys/types.h>

#include <tator/arena.h>
#include <tator/queue.h>

#include "fault.h"

typedef enum { SLOT_FREE, SLOT_RUNNING, SLOT_ENDED } slot_state_t;
typedef enum { STOPPED_NOT, STOPPED_CANCELED, STOPPED_TIME } stopped_t;
typedef enum { STAGE_OPEN, STAGE_WORK, STAGE_FINISH, STAGES } stage_t;

typedef struct {
    slot_state_t state;
    arena_t     *arena; /* owns the ticket's texts */
    ticket_t     ticket;
    int          attempt;
    pid_t        pid;
    int          report; /* read end of the job's lines */
    char         line[600];
    size_t       line_len;
    double       progress;
    char         message[520];
    fault_kind_t kind;               /* of the failure */
    double       stages[STAGES];     /* seconds spent in each */
    double       played;             /* seconds of video that were made playable */
    double       begun, beaten, renewed; /* beaten: last try; renewed: last success */
    stopped_t    stopped;
    int          status; /* of the process */
    char         folder[256];
} slot_t;

/* "open", "work", "finish": also the word in the job's report. */
const char *stage_name(stage_t stage);

/* A job of the taken kind begins in a process. false: errno says why; the slot is to be cleared. */
bool slot_start(slot_t *slot, const taken_t *taken);

/* Read what the job has told. */
void slot_read(slot_t *slot);

/* Whether the process has just ended. */
bool slot_ended(slot_t *slot);

/* End the process, and whatever it started, at once. */
void slot_kill(slot_t *slot, stopped_t why);

/* Wait for the end of a killed process. */
void slot_wait(slot_t *slot);

/* Free what it holds, also on disk. */
void slot_clear(slot_t *slot);

/* Folders of daemons that are gone. */
void slots_sweep(void);

double seconds_now(void);

#endif
