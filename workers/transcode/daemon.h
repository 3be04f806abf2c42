/*
 * The daemon: takes jobs from the queues, runs each in a process of its own, renews their leases, ends those that are
 * canceled, and gives them back when it is told to stop.
 */

#ifndef TRANSCODE_DAEMON_H
#define TRANSCODE_DAEMON_H

#include <tator/config.h>
#include <tator/queue.h>

typedef struct {
    int slots[QUEUE_KINDS]; /* jobs at a time */
    int lease;              /* milliseconds without a beat until another worker takes a job over */
    int port;               /* of /healthz and /metrics; 0: none */
} daemon_options_t;

/* Until SIGTERM or SIGINT. Returns the exit status. */
int daemon_run(const config_t *config, const daemon_options_t *options);

#endif
