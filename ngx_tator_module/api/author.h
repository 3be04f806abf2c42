/*
 * Writing in another user's name: `user_elemental_id` of media, localizations, states and files (contract/annotations.md §1).
 */

#ifndef TATOR_AUTHOR_H
#define TATOR_AUTHOR_H

#include "../core/rq.h"

/*
 * The user with that elemental id; the caller itself when `elemental_id` is NULL. Needs full control in rq->project. 0: refused,
 * `*status` (400, 403) and `*problem` say how.
 */
int64_t author_find(rq_t *rq, const char *elemental_id, int *status, const char **problem);

/* The same for handlers of one object: fails instead. */
int64_t author_of(rq_t *rq, const char *elemental_id);

#endif
