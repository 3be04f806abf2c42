/* link: ngx_tator_module/core/fiber.c ngx_tator_module/core/switch_x86_64.S ngx_tator_module/core/switch_aarch64.S */
/* Fibers: switching, many at once, dropping one in the middle, reuse of stacks. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/fiber.h"

typedef struct {
    fiber_t *fiber;
    int      steps, done;
    double   sum;
} walk_t;


static void
walk(void *data)
{
    char    text[2048];
    walk_t *self = data;

    for (int k = 1; k <= self->steps; k++) {
        snprintf(text, sizeof(text), "%d %.3f", k, self->sum);
        self->sum += k * 0.5;
        fiber_yield(self->fiber);
    }

    self->done = 1;
}


static void
runs_to_its_end(void **state)
{
    int    resumed = 0;
    walk_t self = {.steps = 5};

    self.fiber = fiber_create(walk, &self);
    assert_non_null(self.fiber);

    while (!fiber_finished(self.fiber)) {
        fiber_resume(self.fiber);
        resumed++;
    }

    assert_int_equal(resumed, 6);
    assert_int_equal(self.done, 1);
    assert_true(self.sum == 7.5);
    fiber_release(self.fiber);
}


static void
many_interleave(void **state)
{
    enum { N = 300 }; /* more than the pool keeps */
    static walk_t all[N];
    int           open = N;

    for (int k = 0; k < N; k++) {
        all[k] = (walk_t) {.steps = k % 7};
        all[k].fiber = fiber_create(walk, &all[k]);
        assert_non_null(all[k].fiber);
    }

    while (open > 0) {
        open = 0;
        for (int k = 0; k < N; k++) {
            if (!fiber_finished(all[k].fiber)) {
                fiber_resume(all[k].fiber);
                open++;
            }
        }
    }

    for (int k = 0; k < N; k++) {
        int n = k % 7;

        assert_int_equal(all[k].done, 1);
        assert_true(all[k].sum == n * (n + 1) / 4.0);
        fiber_release(all[k].fiber);
    }
}


static void
dropped_in_the_middle(void **state)
{
    for (int round = 0; round < 1000; round++) {
        walk_t self = {.steps = 5};

        self.fiber = fiber_create(walk, &self);
        assert_non_null(self.fiber);
        fiber_resume(self.fiber);
        fiber_resume(self.fiber);
        assert_false(fiber_finished(self.fiber));
        fiber_release(self.fiber);
        assert_int_equal(self.done, 0);
    }
}


int
main(void)
{
    int                     failed;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_to_its_end),
        cmocka_unit_test(many_interleave),
        cmocka_unit_test(dropped_in_the_middle),
    };

    failed = cmocka_run_group_tests(tests, NULL, NULL);
    fiber_pool_drain();

    return failed;
}
