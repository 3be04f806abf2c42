/*
 * CPU work that would block the loop (password hashes) in an NGINX thread pool. The task gets its own copy of `data`
 * (malloc), works on it and the fiber gets the copy back; the handler must not use request memory from the task. A full queue answers 503.
 */

#ifndef TATOR_THREADS_H
#define TATOR_THREADS_H

#include "../core/rq.h"

/* Run work(copy) in the pool; data is then overwritten by the copy. */
void thread_run(rq_t *rq, void (*work)(void *data), void *data, size_t size);

/* The same in the pool "default", for what waits for a disk: it is not kept up by password hashes. */
void thread_run_io(rq_t *rq, void (*work)(void *data), void *data, size_t size);

#endif
