/*
 * Arenas (include/tator/arena.h): small pieces are cut from blocks that double up to ARENA_BLOCK_MAX, large ones get a
 * block of their own. Under AddressSanitizer each piece is a block, so that an overflow is seen.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <tator/arena.h>

#define ARENA_ALIGN     16
#define ARENA_BLOCK_MIN 4096
#define ARENA_BLOCK_MAX 65536

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_PIECES 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_PIECES 1
#endif
#endif

typedef struct block_s   block_t;
typedef struct cleanup_s cleanup_t;

struct block_s {
    block_t *next;
    size_t   size; /* with this head, for the padding below */
};

struct cleanup_s {
    void     (*handler)(void *data);
    void      *data;
    cleanup_t *next;
};

struct arena_s {
    block_t           *blocks;
    char              *pos, *end; /* what is left of the newest small block */
    size_t             block, used;
    cleanup_t         *cleanups;
    arena_exhausted_pt exhausted;
    void              *data;
};

static void *arena_block(arena_t *arena, size_t size);


arena_t *
arena_create(arena_exhausted_pt exhausted, void *data)
{
    arena_t *arena;

    arena = calloc(1, sizeof(arena_t));
    if (arena == NULL) {
        return NULL;
    }

    arena->block = ARENA_BLOCK_MIN;
    arena->exhausted = exhausted;
    arena->data = data;

    return arena;
}


void
arena_destroy(arena_t *arena)
{
    block_t   *block, *next;
    cleanup_t *cleanup;

    if (arena == NULL) {
        return;
    }

    while ((cleanup = arena->cleanups) != NULL) {
        arena->cleanups = cleanup->next;
        cleanup->handler(cleanup->data);
    }

    for (block = arena->blocks; block != NULL; block = next) {
        next = block->next;
        free(block);
    }

    free(arena);
}


void *
arena_alloc(arena_t *arena, size_t size)
{
    char  *piece;
    size_t room;

    if (size > SIZE_MAX - ARENA_BLOCK_MAX) {
        return arena_block(arena, SIZE_MAX); /* runs out */
    }

    arena->used += size;

#ifdef ARENA_PIECES
    (void) room;
    (void) piece;
    return arena_block(arena, size);
#else
    room = (size + ARENA_ALIGN - 1) & ~(size_t) (ARENA_ALIGN - 1);

    if (room <= (size_t) (arena->end - arena->pos)) {
        piece = arena->pos;
        arena->pos += room;
        return piece;
    }

    if (room >= arena->block / 2) {
        return arena_block(arena, room);
    }

    piece = arena_block(arena, arena->block);
    arena->pos = piece + room;
    arena->end = piece + arena->block;

    if (arena->block < ARENA_BLOCK_MAX) {
        arena->block *= 2;
    }

    return piece;
#endif
}


void *
arena_zalloc(arena_t *arena, size_t size)
{
    return memset(arena_alloc(arena, size), 0, size);
}


char *
arena_copy(arena_t *arena, const void *data, size_t len)
{
    char *copy;

    copy = arena_alloc(arena, len + 1);
    if (len > 0) {
        memcpy(copy, data, len);
    }
    copy[len] = '\0';

    return copy;
}


char *
arena_text(arena_t *arena, const char *text)
{
    return arena_copy(arena, text, strlen(text));
}


char *
arena_format(arena_t *arena, const char *format, ...)
{
    char   *text;
    va_list args;

    va_start(args, format);
    text = arena_vformat(arena, format, args);
    va_end(args);

    return text;
}


char *
arena_vformat(arena_t *arena, const char *format, va_list args)
{
    int     n;
    char   *text, small[256];
    va_list again;

    va_copy(again, args);
    n = vsnprintf(small, sizeof(small), format, args);

    if (n < 0) {
        va_end(again);
        return arena_text(arena, "");
    }

    if ((size_t) n < sizeof(small)) {
        text = arena_copy(arena, small, (size_t) n);

    } else {
        text = arena_alloc(arena, (size_t) n + 1);
        vsnprintf(text, (size_t) n + 1, format, again);
    }

    va_end(again);

    return text;
}


void
arena_cleanup(arena_t *arena, void (*handler)(void *data), void *data)
{
    cleanup_t *cleanup;

    cleanup = arena_alloc(arena, sizeof(cleanup_t));
    cleanup->handler = handler;
    cleanup->data = data;
    cleanup->next = arena->cleanups;
    arena->cleanups = cleanup;
}


size_t
arena_used(const arena_t *arena)
{
    return arena->used;
}


static void *
arena_block(arena_t *arena, size_t size)
{
    size_t   head = (sizeof(block_t) + ARENA_ALIGN - 1) & ~(size_t) (ARENA_ALIGN - 1);
    block_t *block = NULL;

    if (size <= SIZE_MAX - head) {
        block = malloc(head + size);
    }

    if (block == NULL) {
        if (arena->exhausted != NULL) {
            arena->exhausted(arena->data);
        }
        abort();
    }

    block->size = head + size;
    block->next = arena->blocks;
    arena->blocks = block;

    return (char *) block + head;
}
