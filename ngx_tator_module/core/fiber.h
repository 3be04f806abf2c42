/*
 * Stackful coroutines: a handler runs on a stack of its own, so that it can wait in the middle and read top to bottom.
 * The life of a fiber:
 *
 *     fiber_create() ──▶ fiber_resume() ──▶ running ── fiber_yield() ──▶ parked ── fiber_resume() ──▶ …
 *                                              └─ entry returns ──▶ finished
 *     finished or parked ── fiber_release() ──▶ its stack goes back to the pool, without unwinding
 *
 * create, resume and release are called on the main stack, yield on the fiber's own. Stacks are 256 kB of address space
 * with a guard page below; only touched pages count (about 8 kB a request), up to FIBER_POOL of them are kept.
 */

#ifndef TATOR_FIBER_H
#define TATOR_FIBER_H

#include <stddef.h>

#define FIBER_STACK (256 * 1024)
#define FIBER_POOL  256

typedef struct fiber_s fiber_t;

/* NULL: no memory. */
fiber_t *fiber_create(void (*entry)(void *data), void *data);
void     fiber_resume(fiber_t *fiber);
void     fiber_yield(fiber_t *fiber);
void     fiber_release(fiber_t *fiber);
int      fiber_finished(const fiber_t *fiber);

/* Give the pooled stacks back to the system (at the end of a worker). */
void fiber_pool_drain(void);

#endif
