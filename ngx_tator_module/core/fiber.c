/*
 * Fibers: stacks with a guard page, kept in a pool, and a switch of about twenty instructions (switch_*.S; elsewhere
 * ucontext). The fiber's own bookkeeping lies at the top of its stack. AddressSanitizer and valgrind are told of each switch.
 */

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fiber.h"

#if defined(__SANITIZE_ADDRESS__)
#define FIBER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#endif
#endif

#ifdef FIBER_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#if defined(__x86_64__) || defined(__aarch64__)
#define FIBER_ASSEMBLY 1
#else
#include <ucontext.h>
#endif

struct fiber_s {
    void    *stack; /* lowest address, the guard page */
    size_t   size;  /* guard page included */
    void   (*entry)(void *data);
    void    *data;
    fiber_t *next; /* in the pool */
    int      finished;
#ifdef FIBER_ASSEMBLY
    void    *own, *main; /* saved stack pointers */
#else
    ucontext_t own, main;
#endif
#ifdef FIBER_ASAN
    const void *main_stack;
    size_t      main_size;
#endif
};

/* Process-wide: stacks without a fiber. */
static struct {
    fiber_t *free;
    unsigned n;
} fiber_pool;

#ifdef FIBER_ASSEMBLY
/* Save the callee-saved registers and the stack pointer in *save, go on at `load`. */
void fiber_switch(void **save, void *load);
#endif

static fiber_t *fiber_stack(void);
static void     fiber_main(void);
static void     fiber_prepare(fiber_t *fiber);

/* The fiber that is being entered for the first time: how fiber_main() learns its fiber. */
static fiber_t *fiber_starting;


fiber_t *
fiber_create(void (*entry)(void *data), void *data)
{
    fiber_t *fiber;

    fiber = fiber_pool.free;

    if (fiber != NULL) {
        fiber_pool.free = fiber->next;
        fiber_pool.n--;

    } else {
        fiber = fiber_stack();
        if (fiber == NULL) {
            return NULL;
        }
    }

    fiber->entry = entry;
    fiber->data = data;
    fiber->finished = 0;
    fiber_prepare(fiber);

    return fiber;
}


void
fiber_resume(fiber_t *fiber)
{
#ifdef FIBER_ASAN
    void *fake;

    __sanitizer_start_switch_fiber(&fake, (char *) fiber->stack, fiber->size);
#endif

    fiber_starting = fiber;

#ifdef FIBER_ASSEMBLY
    fiber_switch(&fiber->main, fiber->own);
#else
    swapcontext(&fiber->main, &fiber->own);
#endif

#ifdef FIBER_ASAN
    __sanitizer_finish_switch_fiber(fake, NULL, NULL);
#endif
}


void
fiber_yield(fiber_t *fiber)
{
#ifdef FIBER_ASAN
    void *fake;

    __sanitizer_start_switch_fiber(fiber->finished ? NULL : &fake, fiber->main_stack, fiber->main_size);
#endif

#ifdef FIBER_ASSEMBLY
    fiber_switch(&fiber->own, fiber->main);
#else
    swapcontext(&fiber->own, &fiber->main);
#endif

#ifdef FIBER_ASAN
    __sanitizer_finish_switch_fiber(fake, &fiber->main_stack, &fiber->main_size);
#endif
}


void
fiber_release(fiber_t *fiber)
{
#ifdef FIBER_ASAN
    /* frames that were dropped without unwinding leave their red zones behind */
    __asan_unpoison_memory_region((char *) fiber->stack + getpagesize(), (char *) fiber - (char *) fiber->stack - getpagesize());
#endif

    if (fiber_pool.n >= FIBER_POOL) {
        munmap(fiber->stack, fiber->size);
        return;
    }

    fiber->next = fiber_pool.free;
    fiber_pool.free = fiber;
    fiber_pool.n++;
}


int
fiber_finished(const fiber_t *fiber)
{
    return fiber->finished;
}


void
fiber_pool_drain(void)
{
    fiber_t *fiber;

    while ((fiber = fiber_pool.free) != NULL) {
        fiber_pool.free = fiber->next;
        fiber_pool.n--;
        munmap(fiber->stack, fiber->size);
    }
}


static fiber_t *
fiber_stack(void)
{
    char    *stack;
    size_t   size, page;
    fiber_t *fiber;

    page = (size_t) getpagesize();
    size = FIBER_STACK + page;

    stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED) {
        return NULL;
    }

    if (mprotect(stack, page, PROT_NONE) != 0) {
        munmap(stack, size);
        return NULL;
    }

    fiber = (fiber_t *) (stack + size - ((sizeof(fiber_t) + 63) & ~(size_t) 63));
    fiber->stack = stack;
    fiber->size = size;

    return fiber;
}


static void
fiber_main(void)
{
    fiber_t *fiber = fiber_starting;

#ifdef FIBER_ASAN
    __sanitizer_finish_switch_fiber(NULL, &fiber->main_stack, &fiber->main_size);
#endif

    fiber->entry(fiber->data);
    fiber->finished = 1;
    fiber_yield(fiber);
    abort(); /* a finished fiber is never resumed */
}


#ifdef FIBER_ASSEMBLY

static void
fiber_prepare(fiber_t *fiber)
{
    uintptr_t *top = (uintptr_t *) ((uintptr_t) fiber & ~(uintptr_t) 15);

#if defined(__x86_64__)
    /* as fiber_switch() leaves it: six registers, then the address to return to; the entry sees an aligned call */
    *--top = 0;
    *--top = (uintptr_t) fiber_main;
    for (int k = 0; k < 6; k++) {
        *--top = 0;
    }
#else
    /* x19 … x30, d8 … d15: twenty registers; x30 is the address to return to */
    for (int k = 0; k < 20; k++) {
        *--top = 0;
    }
    top[11] = (uintptr_t) fiber_main;
#endif

    fiber->own = top;
}

#else

static void
fiber_prepare(fiber_t *fiber)
{
    size_t page = (size_t) getpagesize();

    getcontext(&fiber->own);
    fiber->own.uc_stack.ss_sp = (char *) fiber->stack + page;
    fiber->own.uc_stack.ss_size = (size_t) ((char *) fiber - (char *) fiber->stack) - page;
    fiber->own.uc_link = NULL;
    makecontext(&fiber->own, fiber_main, 0);
}

#endif
