/*
 * The half of a job that reads foreign media: confined (sandbox.h), with the broker (broker.h) as its only way out.
 */

#ifndef TRANSCODE_WORK_H
#define TRANSCODE_WORK_H

#include <stdbool.h>

#include "sandbox.h"

/* In the forked process. `lanes` are its ends; `told`: reports go to the daemon on JOB_REPORT, else to the terminal. Returns the exit status. */
int work_main(const int lanes[], const limits_t *limits, bool told);

#endif
