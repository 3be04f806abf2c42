/*
 * Templates in the language of Jinja (hosted templates, contract/operations.md §10): expressions with filters and tests, if, for, set, with,
 * macro, filter, raw, block and comments, white space control. There is nothing that reads files or other templates, so include, import, extends
 * and call are faults. Rendering is bounded in steps, output, memory and depth: templates come from users.
 */

#ifndef TATOR_JINJA_H
#define TATOR_JINJA_H

#include <tator/arena.h>

typedef struct {
    const char *name, *value;
} jinja_variable_t;

/* The text, NUL-terminated in the arena; of variables with the same name the last counts. NULL: `*fault` says why, with the line. */
char *jinja_render(arena_t *arena, const char *source, size_t len, const jinja_variable_t *variables, size_t n, size_t *out_len, const char **fault);

#endif
