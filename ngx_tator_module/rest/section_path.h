/*
 * The path of a new section (contract/annotations.md §12): as given, or its name, as PostgreSQL's ltree can hold it.
 */

#ifndef TATOR_SECTION_PATH_H
#define TATOR_SECTION_PATH_H

#include <tator/arena.h>

#define SECTION_PATH_LABEL  255   /* characters of a label */
#define SECTION_PATH_LABELS 65535

/* What ltree can not hold is replaced by _, each character once. NULL: a label is empty or too long, or there are too many. */
const char *section_path_of(arena_t *arena, const char *text);

#endif
