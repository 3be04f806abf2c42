/*
 * One job in a process of its own: media is foreign, so a crash, an endless loop or a flood of memory must end a job and
 * nothing else. The daemon starts itself anew with the job's spec on standard input; the job tells lines on descriptor
 * JOB_REPORT: "progress 0.5" and at its end "message …"; its exit status is one of these.
 */

#ifndef TRANSCODE_JOB_H
#define TRANSCODE_JOB_H

#define JOB_REPORT 3

enum { JOB_SUCCEEDED = 0, JOB_FAILED = 10, JOB_AGAIN = 11 };

/* `kind` is the queue's name, `attempt` its number from 1 on. Returns the exit status. */
int job_main(const char *kind, int attempt);

/* Work by hand: all outputs of the file into a directory; the type's configuration may be given as JSON. Returns the exit status. */
int job_file(const char *path, const char *directory, const char *type, double force_fps);

#endif
