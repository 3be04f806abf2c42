/*
 * Small objects of the server itself in the default LIVE store: avatars and thumbnails (contract/media.md §3, §6).
 */

#ifndef TATOR_LIVE_STORE_H
#define TATOR_LIVE_STORE_H

#include "../core/rq.h"

#define LIVE_STORE_SHOWN 28800 /* seconds that URLs of thumbnails hold */

/* A URL that gives the object without credentials for `seconds`; NULL: no store is configured, or it can not sign. */
const char *live_store_url(rq_t *rq, const char *path, int seconds);

/* Whether the object is there; also false when the store does not answer. */
bool live_store_has(rq_t *rq, const char *path);

/* Fails with 503 when the store does not take it. */
void live_store_put(rq_t *rq, const char *path, const void *data, size_t len, const char *type);

/* An object that is not there counts as deleted. false: the store refused or did not answer. */
bool live_store_delete(rq_t *rq, const char *path);

#endif
