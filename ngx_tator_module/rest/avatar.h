/* Pictures of users: objects user_data/ID/avatar.EXT in the default LIVE store, named by the profile's member `avatar`. */

#ifndef TATOR_AVATAR_H
#define TATOR_AVATAR_H

#include "../core/rq.h"

typedef struct {
    unsigned char *data;
    size_t         len;
    const char    *extension, *type;
} avatar_t;

/* Decode and check a picture given in base64, or fail with 400 (contract/accounts.md §4.3). */
avatar_t avatar_read(rq_t *rq, const char *text);

/* Store it; returns its path. */
const char *avatar_store(rq_t *rq, int64_t user, const avatar_t *avatar);

/* The path that a profile names, when it is one of this user's own; else NULL. */
const char *avatar_path(rq_t *rq, int64_t user, const json_t *profile);

#endif
