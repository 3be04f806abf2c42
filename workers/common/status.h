/*
 * /healthz and /metrics of a worker, on a port of their own, answered by a thread.
 */

#ifndef TATOR_STATUS_H
#define TATOR_STATUS_H

#include <stdbool.h>
#include <stdio.h>

/* Serve on this port of all addresses until the process ends; 0: not at all. `healthy` and `metrics` (Prometheus text) are called
   from another thread. false: the port can not be used. */
bool status_serve(int port, bool (*healthy)(void), void (*metrics)(FILE *out));

#endif
