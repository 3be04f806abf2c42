/* Pictures of projects: objects ORGANIZATION/PROJECT/NAME in the default LIVE store (contract/media.md §6, accounts.md §14). */

#ifndef TATOR_PROJECT_THUMB_H
#define TATOR_PROJECT_THUMB_H

#include "../api/stores.h"

/* Copy an upload of the caller's for this project into its place, before the transaction; fails with 400. Returns its new key. */
const char *project_thumb_take(rq_t *rq, const char *upload);

/* In the transaction: the project's picture is now `key` (NULL: none). The old object goes with the removal. */
void project_thumb_put(rq_t *rq, removal_t *removal, const char *key);

/* What answers show: a URL; NULL when there is no picture, or one that is not the project's own. */
const char *project_thumb_url(rq_t *rq, int64_t project, const char *key);

#endif
