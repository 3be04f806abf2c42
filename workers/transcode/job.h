/*
 * One job in processes of its own: media is foreign, so a crash, an endless loop or a flood of memory must end a job and
 * nothing else. The daemon starts itself anew with the job's spec on standard input; that process becomes the job's broker and forks
 * the one that works (broker.h, work.h). Lines on descriptor JOB_REPORT tell: "progress 0.5"; at the end "message …" and, of a
 * failure, "kind …" (fault.h); "open S", "work S", "finish S", "played S": seconds. The exit status is one of these.
 */

#ifndef TRANSCODE_JOB_H
#define TRANSCODE_JOB_H

#include <stdbool.h>

#define JOB_REPORT 3

enum { JOB_SUCCEEDED = 0, JOB_FAILED = 10, JOB_AGAIN = 11 };

/* `kind` is the queue's name, `attempt` its number from 1 on. Returns the exit status. */
int job_main(const char *kind, int attempt);

/* Work by hand: all outputs of the file into a directory; the type's configuration may be given as JSON. With `image` it is imported as an image. Returns the exit status. */
int job_file(const char *path, const char *directory, const char *type, double force_fps, bool image);

#endif
