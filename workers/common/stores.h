/*
 * Object stores for workers: which store a bucket is (contract/media.md §3), and blocking requests to it.
 */

#ifndef TATOR_WORKER_STORES_H
#define TATOR_WORKER_STORES_H

#include <tator/store.h>

#include "database.h"

#define STORES_UPLOAD (-1) /* instead of a bucket: the default store of uploads, or of backups */
#define STORES_BACKUP (-2)

/* The store of a bucket, 0: the default one. NULL: there is none, or it can not be used (logged). */
const store_t *stores_of(database_t *database, arena_t *arena, int64_t bucket);

typedef struct {
    long   status; /* 0: no answer */
    char  *body;   /* in the arena */
    size_t len;
} stored_t;

/* Send one request; an answer of more than `limit` bytes is no answer. */
stored_t stores_send(const store_t *store, arena_t *arena, const store_call_t *call, size_t limit);

/* Delete an object; one that is not there is no fault. */
bool stores_delete(const store_t *store, arena_t *arena, const char *path);

#endif
