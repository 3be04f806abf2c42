/*
 * What unit tests begin with: the headers that cmocka wants before its own, and an arena that lives as long as a test.
 */

#ifndef TATOR_UNIT_H
#define TATOR_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tator/arena.h>

#include <cmocka.h>

static arena_t *arena;


static int
start(void **state)
{
    arena = arena_create(NULL, NULL);

    return arena == NULL;
}


static int
end(void **state)
{
    arena_destroy(arena);

    return 0;
}

#endif
