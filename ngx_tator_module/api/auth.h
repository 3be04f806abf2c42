/*
 * Who asks: contract/accounts.md §3. Answers are cached in shared memory for seconds; a
 * change of rights drops the cache at once, since every database connection listens for it (net/pg_connection.c), and what a request took
 * from it is confirmed before it answers (core/request.h).
 */

#ifndef TATOR_AUTH_H
#define TATOR_AUTH_H

#include <ngx_config.h>
#include <ngx_core.h>

#include "../core/rq.h"

/* Add the shared memory zone; at configuration time. */
ngx_int_t auth_init(ngx_conf_t *cf);

/* Fill rq->user from the session cookie, the token or the identity provider's token (id 0: no credentials), or fail: 400, 401, or 403 for
   CSRF. */
void auth_check(rq_t *rq);

/* Who a session's key is, from the cache: true and rq->user. What is kept was true in `generation`, read before the database was asked, and
   counts for `remaining` ms at most, the rest of the session's life. */
bool auth_session(rq_t *rq, const char *key);
void auth_session_keep(rq_t *rq, const char *key, ngx_uint_t generation, int64_t remaining);

/* The same of an identity provider's token. */
bool auth_bearer(rq_t *rq, const char *token);
void auth_bearer_keep(rq_t *rq, const char *token, ngx_uint_t generation, int64_t remaining);

/* The project's organization (0: none) and the caller's legacy level in it (the first membership row's letter, 0: none), from
   the cache or the database. false: there is no such project. */
bool auth_project(rq_t *rq, int64_t project, int64_t *organization, char *level);

/* Where an object belongs: its project or organization, which never changes while it lives. For reading requests alone, whose own
   statement finds out whether the object is still there. `kind` is an address that stands for the kind of object. */
bool       auth_object(rq_t *rq, const void *kind, int64_t id, int64_t *owner);
ngx_uint_t auth_generation(void);
void       auth_object_keep(const void *kind, int64_t id, int64_t owner, ngx_uint_t generation);

/* Everything that the caches hold is old. Called for every notification "tator_access". */
void auth_cache_flush(void);

/* The count of such calls, in all processes of this server. */
const ngx_atomic_t *auth_rights(void);

/* +1: one more connection of this process hears notifications, -1: one less. Without any the cache is not used. */
void auth_cache_listening(int change);

#endif
