/*
 * An arena owns every piece of memory that one request (module) or one job step (worker) makes; all of it ends with
 * arena_destroy(). An allocation never returns NULL: when memory runs out, the handler given to arena_create() is
 * called and does not return (the module answers 503, a worker ends its job).
 */

#ifndef TATOR_ARENA_H
#define TATOR_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include <tator/str.h>

typedef struct arena_s arena_t;

/* Called when memory runs out; must not return. */
typedef void (*arena_exhausted_pt)(void *data);

/* A new arena, or NULL when there is no memory for it. Without a handler exhaustion aborts the process. */
arena_t *arena_create(arena_exhausted_pt exhausted, void *data);
void     arena_destroy(arena_t *arena);

/* Aligned for any type; not zeroed / zeroed. */
void *arena_alloc(arena_t *arena, size_t size) __attribute__((malloc, alloc_size(2), returns_nonnull));
void *arena_zalloc(arena_t *arena, size_t size) __attribute__((malloc, alloc_size(2), returns_nonnull));

/* Copies, NUL-terminated. */
char *arena_copy(arena_t *arena, const void *data, size_t len) __attribute__((returns_nonnull));
char *arena_text(arena_t *arena, const char *text) __attribute__((returns_nonnull));
char *arena_format(arena_t *arena, const char *format, ...) __attribute__((format(printf, 2, 3), returns_nonnull));
char *arena_vformat(arena_t *arena, const char *format, va_list args) __attribute__((format(printf, 2, 0), returns_nonnull));

/* Run `handler(data)` when the arena ends, newest first: for objects of other libraries. */
void arena_cleanup(arena_t *arena, void (*handler)(void *data), void *data);

/* Bytes handed out so far. */
size_t arena_used(const arena_t *arena);

#endif
