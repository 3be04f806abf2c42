/* Arenas: lib/arena.c. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <tator/arena.h>

static jmp_buf out_of_memory;
static int     order[3], n_order;


static void
exhausted(void *data)
{
    longjmp(out_of_memory, *(int *) data);
}


static void
note(void *data)
{
    order[n_order++] = *(int *) data;
}


static void
pieces_are_aligned_and_apart(void **state)
{
    char    *pieces[500];
    arena_t *arena = arena_create(NULL, NULL);

    for (size_t k = 0; k < 500; k++) {
        pieces[k] = arena_alloc(arena, k * 7 + 1);
        assert_int_equal((uintptr_t) pieces[k] % _Alignof(max_align_t), 0);
        memset(pieces[k], (int) (k & 0xff), k * 7 + 1);
    }

    for (size_t k = 0; k < 500; k++) {
        for (size_t j = 0; j < k * 7 + 1; j++) {
            assert_int_equal((unsigned char) pieces[k][j], k & 0xff);
        }
    }

    assert_int_equal(arena_used(arena), 500 * 499 / 2 * 7 + 500);
    arena_destroy(arena);
}


static void
zeroed_and_empty(void **state)
{
    arena_t             *arena = arena_create(NULL, NULL);
    const unsigned char *zeros = arena_zalloc(arena, 100000);

    for (size_t k = 0; k < 100000; k++) {
        assert_int_equal(zeros[k], 0);
    }

    assert_non_null(arena_alloc(arena, 0));
    assert_string_equal(arena_copy(arena, NULL, 0), "");
    arena_destroy(arena);
    arena_destroy(NULL);
}


static void
texts(void **state)
{
    char     text[1200];
    arena_t *arena = arena_create(NULL, NULL);

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';

    assert_string_equal(arena_text(arena, "media"), "media");
    assert_string_equal(arena_copy(arena, "media", 3), "med");
    assert_string_equal(arena_format(arena, "%s %d", "frame", 7), "frame 7");
    assert_int_equal(strlen(arena_format(arena, "%s%s", text, text)), 2 * (sizeof(text) - 1));
    arena_destroy(arena);
}


static void
cleanups_run_newest_first(void **state)
{
    int      numbers[] = {1, 2, 3};
    arena_t *arena = arena_create(NULL, NULL);

    for (int k = 0; k < 3; k++) {
        arena_cleanup(arena, note, &numbers[k]);
    }

    arena_destroy(arena);
    assert_int_equal(n_order, 3);
    assert_int_equal(order[0], 3);
    assert_int_equal(order[2], 1);
}


static void
exhaustion_calls_the_handler(void **state)
{
    static int code = 5;
    arena_t   *volatile arena = arena_create(exhausted, &code);
    volatile size_t size = SIZE_MAX - 5;

    switch (setjmp(out_of_memory)) {
    case 0:
        (void) arena_alloc(arena, size);
        fail();
        break;
    default:
        break;
    }

    assert_string_equal(arena_text(arena, "still usable"), "still usable");
    arena_destroy(arena);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_apart), cmocka_unit_test(zeroed_and_empty),
        cmocka_unit_test(texts),                        cmocka_unit_test(cleanups_run_newest_first),
        cmocka_unit_test(exhaustion_calls_the_handler),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
