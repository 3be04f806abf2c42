/*
 * Waiting, for the files of net/: one primitive. An operation (a query, a Redis command, a fetch, a thread's task)
 * embeds a wait_t, starts, and calls rq_wait(); the fiber yields. The event handler of the connection that the operation
 * uses calls rq_wake() when it is done; the fiber goes on after rq_wait(). Life of a wait:
 *
 *     idle ── rq_wait() ──▶ waiting ── rq_wake() ──▶ idle           (rq_wait returns)
 *                             └─ client gone or deadline: cancel(wait) on the main stack; the fiber never runs again
 *
 * One waiter per fiber. rq_wake() is legal from event handlers only (main stack), never from inside the fiber; when the
 * operation finishes before rq_wait() is called, do not wait at all. After cancel() the operation must not touch the wait
 * again: its memory (request's arena) goes away.
 */

#ifndef TATOR_WAIT_H
#define TATOR_WAIT_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "rq.h"

typedef struct wait_s wait_t;

struct wait_s {
    rq_t *rq;
    void (*cancel)(wait_t *wait); /* on the main stack; drops what was started */
    void *data;
    unsigned waiting : 1;
};

/* Yield until rq_wake(). May be called again for the same wait (a loop over events). */
void rq_wait(rq_t *rq, wait_t *wait);

/* Resume the fiber that waits; the request may be finished and gone when this returns. No effect when not waiting. */
void rq_wake(wait_t *wait);

ngx_log_t *rq_log(rq_t *rq);

#endif
