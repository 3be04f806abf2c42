/*
 * Object stores as handlers need them: which store a project's objects are in, calls to it, and the rows of main_resource that say
 * who holds an object (contract/media.md §3, §6, §7). Signing and requests themselves are those of <tator/store.h>.
 */

#ifndef TATOR_STORES_H
#define TATOR_STORES_H

#include <tator/store.h>

#include "../net/fetch.h"

/* The default store of a kind (STORE_LIVE, STORE_UPLOAD which falls back to live, STORE_BACKUP). A missing or unusable configuration
   fails with 400; NULL: there is no backup store. */
const store_t *stores_default(rq_t *rq, int kind);

/* The store of a bucket; 0 is the default one of STORE_LIVE. Fails with 400 when there is no such bucket. */
const store_t *stores_bucket(rq_t *rq, int64_t bucket);

/* The store that a project has for a kind of use: its own bucket or the default. */
const store_t *stores_project(rq_t *rq, int64_t project, int kind);

/* The store of a path that is held by a resource; NULL: no resource has it. */
const store_t *stores_path(rq_t *rq, const char *path);

/* Refuses (400) a bucket that the caller may not use: contract/media.md §4. */
void stores_bucket_allowed(rq_t *rq, int64_t bucket);

/* Send a request to a store. NULL: this store has nothing to do for it. Never fails: see status. */
fetched_t *stores_send(rq_t *rq, const store_t *store, const store_call_t *call);

/* A URL for clients. */
char *stores_url(rq_t *rq, const store_t *store, const store_call_t *call, int seconds);

/* --- resources, in the open transaction of the caller --------------------------------------------------------------------- */

typedef enum { RESOURCE_MEDIA, RESOURCE_FILE } resource_holder_t;

/* `holder` (a media's or file's id) holds the object. A new row gets the bucket, or the one of the holder's project when it is 0.
   Fails with 400 when the path is a URL. */
void resource_add(rq_t *rq, const char *path, resource_holder_t kind, int64_t holder, int64_t bucket);

/* It does not any more. */
void resource_drop(rq_t *rq, const char *path, resource_holder_t kind, int64_t holder);

/*
 * Objects that nobody holds any more: their rows go with the transaction, the objects themselves after it.
 *
 *     removal_t *removal = removal_new(rq, rq->project);
 *     tx_begin(rq);  …  resource_drop(…);  removal_add(removal, path);  …  tx_commit(rq);
 *     removal_run(removal);
 */
typedef struct removal_s removal_t;

removal_t *removal_new(rq_t *rq, int64_t project);
void       removal_add(removal_t *removal, const char *path); /* NULL is fine */
void       removal_run(removal_t *removal);                   /* faults are logged only */

#endif
