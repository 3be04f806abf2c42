/*
 * Physical deletion by the rules of contract/database.md §4: the database has foreign keys without actions, so whoever deletes a row removes or
 * clears everything that refers to it. The rules are one table in lib/deletion.c; this makes the statements, and who has a connection runs them.
 */

#ifndef TATOR_DELETION_H
#define TATOR_DELETION_H

#include <stdbool.h>
#include <stdint.h>

#include <tator/sql.h>

typedef struct {
    arena_t *arena;
    void    *data;
    /* Run a statement: the first row's first two columns (NULL: SQL NULL, or no such), living as long as the arena, and how many rows it
       changed. false: it failed. */
    bool   (*run)(void *data, const sql_t *sql, const char *values[2], int64_t *affected);
    char     fault[160]; /* why a deletion is refused; empty: not refused */
} deletion_t;

/* Delete rows of a table with all that hangs on them, in the caller's transaction; `ids` is an array's text, '{1,2}'. Returns how many of the
   table went, -1: a statement failed, or a protecting row refers to one of them (`fault`; nothing is changed then). */
int64_t deletion_rows(deletion_t *deletion, const char *table, const char *ids);

/* A statement that gives the paths of all stored objects of media (contract/media.md §6), without URLs; an int[] and ")" are to follow. */
extern const char deletion_media_paths[];

#endif
