/*
 * What a job's processes may do. Media is foreign: whoever takes a decoder over by it shall find nothing.
 */

#ifndef TRANSCODE_SANDBOX_H
#define TRANSCODE_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "fault.h"

typedef struct {
    int64_t memory;  /* bytes; from TATOR_TRANSCODE_MEMORY, else three quarters of the machine's */
    int64_t disk;    /* bytes of a file; from TATOR_TRANSCODE_DISK, else three quarters of what TMPDIR has free */
    int64_t seconds; /* of processor time; 0: no limit */
} limits_t;

/* The limits of this job. */
limits_t limits_find(int64_t seconds);

/* For both processes: no core files, few descriptors, bounded memory and files, no new rights; the end of the parent is the end of the process. */
void limits_set(const limits_t *limits);

/*
 * For the process that reads foreign media, before it reads: no network, no other processes, no programs; files are only read where
 * the system's libraries are, and written in TMPDIR (Landlock and seccomp, both as far as the kernel has them). With
 * TATOR_TRANSCODE_SANDBOX=off, for encoders that need devices, nothing is done. false: the fault is noted.
 */
bool sandbox_enter(fault_t *fault);

#endif
