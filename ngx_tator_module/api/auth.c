/*
 * Authentication (auth.h). One shared memory zone holds tables of fixed size, each entry in the one place that its key's
 * hash names: who a token or a session's cookie is, a user's standing in a project, and where an object belongs. An entry counts only while
 * the generation that it was made in lasts: a change of rights anywhere begins a new one. The generation is read before the database is
 * asked, so that an answer which a change has overtaken is never kept.
 */

#include <ctype.h>

#include <openssl/sha.h>

#include "../core/conf.h"
#include "../core/request.h"
#include "../net/pg.h"
#include "auth.h"
#include "bearer.h"
#include "endpoint.h"
#include "session.h"

#define AUTH_CALLERS  2048
#define AUTH_PROJECTS 8192
#define AUTH_OBJECTS  16384
#define AUTH_LIFE     10000 /* ms that an entry counts at most */
#define AUTH_TEXT     256

typedef struct {
    u_char     hash[SHA256_DIGEST_LENGTH];
    ngx_uint_t generation;
    ngx_msec_t made, life;
    int64_t    id;
    bool       is_staff, by_session;
    char       texts[4][AUTH_TEXT]; /* username, first name, last name, e-mail */
} auth_caller_t;

typedef struct {
    int64_t    user, project, organization;
    ngx_uint_t generation;
    ngx_msec_t made;
    char       level;
} auth_standing_t;

typedef struct {
    const void *kind;
    int64_t     id, owner;
    ngx_uint_t  generation;
    ngx_msec_t  made;
} auth_object_t;

typedef struct {
    ngx_atomic_t    generation;
    auth_caller_t   callers[AUTH_CALLERS];
    auth_standing_t standings[AUTH_PROJECTS];
    auth_object_t   objects[AUTH_OBJECTS];
} auth_shared_t;

static ngx_int_t auth_zone_init(ngx_shm_zone_t *zone, void *old);
static void      auth_token(rq_t *rq, const char *header);
static bool      auth_caller(rq_t *rq, const u_char *hash, bool by_session);
static void      auth_caller_keep(rq_t *rq, const u_char *hash, ngx_uint_t generation, ngx_msec_t life);
static void      auth_bearer_hash(rq_t *rq, const char *token, u_char *hash);
static bool      auth_usable(rq_t *rq);
static bool      auth_fresh(ngx_uint_t generation, ngx_msec_t made, ngx_msec_t life);
static uint64_t  auth_mix(uint64_t a, uint64_t b);

/* Process-wide: the zone, and how many connections of this process hear of changes. */
static struct {
    ngx_slab_pool_t *slab;
    auth_shared_t   *shared;
    int              listening;
} auth;


ngx_int_t
auth_init(ngx_conf_t *cf)
{
    ngx_str_t       name = ngx_string("tator_auth");
    ngx_shm_zone_t *zone;

    zone = ngx_shared_memory_add(cf, &name, sizeof(auth_shared_t) + 64 * ngx_pagesize, &ngx_tator_module);
    if (zone == NULL) {
        return NGX_ERROR;
    }

    zone->init = auth_zone_init;

    return NGX_OK;
}


void
auth_check(rq_t *rq)
{
    bool        page;
    const char *header;

    rq->user = (user_t) {0};

    if (rq->config->keycloak && rq->endpoint != NULL && (rq->endpoint->flags & NO_CREDENTIALS)) {
        return; /* where tokens that have expired are renewed, they are no reason to refuse */
    }

    /* a live session wins, and the header is then not even looked at (contract/accounts.md §3.1); with Keycloak there are none (§3.7) */
    if (!rq->config->keycloak && session_check(rq)) {
        return;
    }

    /* pages are for browsers: their cookie alone says who asks */
    page = rq->endpoint != NULL && rq->endpoint->operation == NULL && !(rq->endpoint->flags & OWN_ERRORS);

    header = page ? NULL : rq_header(rq, "Authorization");
    if (header != NULL) {
        auth_token(rq, header);
    }

    if (rq->user.id == 0 && (rq->config->keycloak || (rq->config->okta && !page))) {
        bearer_check(rq);
    }
}


bool
auth_session(rq_t *rq, const char *key)
{
    u_char hash[SHA256_DIGEST_LENGTH];

    SHA256((const unsigned char *) key, strlen(key), hash);

    return auth_caller(rq, hash, true);
}


void
auth_session_keep(rq_t *rq, const char *key, ngx_uint_t generation, int64_t remaining)
{
    u_char hash[SHA256_DIGEST_LENGTH];

    if (remaining > 0) {
        SHA256((const unsigned char *) key, strlen(key), hash);
        auth_caller_keep(rq, hash, generation, (ngx_msec_t) ngx_min(remaining, AUTH_LIFE));
    }
}


bool
auth_bearer(rq_t *rq, const char *token)
{
    u_char hash[SHA256_DIGEST_LENGTH];

    auth_bearer_hash(rq, token, hash);

    return auth_caller(rq, hash, false);
}


void
auth_bearer_keep(rq_t *rq, const char *token, ngx_uint_t generation, int64_t remaining)
{
    u_char hash[SHA256_DIGEST_LENGTH];

    if (remaining > 0) {
        auth_bearer_hash(rq, token, hash);
        auth_caller_keep(rq, hash, generation, (ngx_msec_t) ngx_min(remaining, AUTH_LIFE));
    }
}


bool
auth_project(rq_t *rq, int64_t project, int64_t *organization, char *level)
{
    bool             found;
    result_t        *result;
    ngx_uint_t       generation;
    auth_standing_t *entry, copy;

    entry = &auth.shared->standings[auth_mix((uint64_t) rq->user.id, (uint64_t) project) % AUTH_PROJECTS];

    ngx_shmtx_lock(&auth.slab->mutex);
    copy = *entry;
    generation = auth.shared->generation;
    ngx_shmtx_unlock(&auth.slab->mutex);

    if (auth_usable(rq) && copy.user == rq->user.id && copy.project == project && auth_fresh(copy.generation, copy.made, AUTH_LIFE)) {
        *organization = copy.organization;
        *level = copy.level;
        request_assume(rq, copy.generation);
        return true;
    }

    result = pg_query(rq,
                      "SELECT p.organization, (SELECT m.permission FROM main_membership m"
                      "                        WHERE m.project = p.id AND m.\"user\" = %ld ORDER BY m.id LIMIT 1)"
                      " FROM main_project p WHERE p.id = %ld AND NOT EXISTS (SELECT FROM tator.dropped_project d WHERE d.id = p.id)",
                      rq->user.id, project);

    found = pg_rows(result) == 1;
    *organization = found ? pg_int(result, 0, 0) : 0;
    *level = found && !pg_null(result, 0, 1) ? pg_text(result, 0, 1)[0] : 0;

    if (found && auth.listening > 0) {
        copy = (auth_standing_t) {rq->user.id, project, *organization, generation, ngx_current_msec, *level};
        ngx_shmtx_lock(&auth.slab->mutex);
        *entry = copy;
        ngx_shmtx_unlock(&auth.slab->mutex);
    }

    return found;
}


bool
auth_object(rq_t *rq, const void *kind, int64_t id, int64_t *owner)
{
    auth_object_t *entry, copy;

    if (!auth_usable(rq)) {
        return false;
    }

    entry = &auth.shared->objects[auth_mix((uint64_t) (uintptr_t) kind, (uint64_t) id) % AUTH_OBJECTS];

    ngx_shmtx_lock(&auth.slab->mutex);
    copy = *entry;
    ngx_shmtx_unlock(&auth.slab->mutex);

    if (copy.kind != kind || copy.id != id || !auth_fresh(copy.generation, copy.made, AUTH_LIFE)) {
        return false;
    }

    *owner = copy.owner;
    request_assume(rq, copy.generation);

    return true;
}


const ngx_atomic_t *
auth_rights(void)
{
    return &auth.shared->generation;
}


ngx_uint_t
auth_generation(void)
{
    return auth.shared->generation;
}


void
auth_object_keep(const void *kind, int64_t id, int64_t owner, ngx_uint_t generation)
{
    auth_object_t *entry;

    entry = &auth.shared->objects[auth_mix((uint64_t) (uintptr_t) kind, (uint64_t) id) % AUTH_OBJECTS];

    ngx_shmtx_lock(&auth.slab->mutex);
    *entry = (auth_object_t) {kind, id, owner, generation, ngx_current_msec};
    ngx_shmtx_unlock(&auth.slab->mutex);
}


void
auth_cache_flush(void)
{
    (void) ngx_atomic_fetch_add(&auth.shared->generation, 1);
}


void
auth_cache_listening(int change)
{
    /* what changed before this connection listened, it will not hear of */
    if (change > 0) {
        auth_cache_flush();
    }

    auth.listening += change;
}


static ngx_int_t
auth_zone_init(ngx_shm_zone_t *zone, void *old)
{
    auth.slab = (ngx_slab_pool_t *) zone->shm.addr;

    if (old != NULL) { /* a reload: the same memory goes on */
        auth.shared = old;
        zone->data = old;
        return NGX_OK;
    }

    auth.shared = ngx_slab_calloc(auth.slab, sizeof(auth_shared_t));
    if (auth.shared == NULL) {
        return NGX_ERROR;
    }

    zone->data = auth.shared;
    auth.shared->generation = 1;

    return NGX_OK;
}


/* Authorization: Token KEY. Other schemes are not looked at here. */
static void
auth_token(rq_t *rq, const char *header)
{
    u_char      hash[SHA256_DIGEST_LENGTH];
    size_t      len;
    result_t   *result;
    ngx_uint_t  generation;
    const char *key;
    int         refusal = rq->endpoint != NULL && (rq->endpoint->flags & OWN_ERRORS) ? 403 : 400;

    header += strspn(header, " ");
    len = strcspn(header, " ");

    if (len != 5 || ngx_strncasecmp((u_char *) header, (u_char *) "Token", 5) != 0) {
        return;
    }

    key = header + len + strspn(header + len, " ");
    len = strlen(key);
    while (len > 0 && key[len - 1] == ' ') {
        len--;
    }

    if (len == 0) {
        fail(rq, refusal, "Invalid token header. No credentials provided.");
    }

    if (memchr(key, ' ', len) != NULL) {
        fail(rq, refusal, "Invalid token header. Token string should not contain spaces.");
    }

    for (size_t k = 0; k < len; k++) {
        if ((unsigned char) key[k] < 0x20 || (unsigned char) key[k] >= 0x7f) {
            fail(rq, refusal, "Invalid token header. Token string should not contain invalid characters.");
        }
    }

    SHA256((const unsigned char *) key, len, hash);

    if (auth_caller(rq, hash, false)) {
        return;
    }

    generation = auth.shared->generation;

    result = pg_query(rq,
                      "SELECT u.id, u.username, u.first_name, u.last_name, u.email, u.is_staff, u.is_active"
                      " FROM authtoken_token t JOIN main_user u ON u.id = t.user_id WHERE t.key = %s",
                      arena_copy(rq->arena, key, len));

    if (pg_rows(result) == 0) {
        fail(rq, refusal, "Invalid token.");
    }

    if (!pg_bool(result, 0, 6)) {
        fail(rq, refusal, "User inactive or deleted.");
    }

    rq->user.id = pg_int(result, 0, 0);
    rq->user.username = pg_text(result, 0, 1);
    rq->user.first_name = pg_text(result, 0, 2);
    rq->user.last_name = pg_text(result, 0, 3);
    rq->user.email = pg_text(result, 0, 4);
    rq->user.is_staff = pg_bool(result, 0, 5);

    auth_caller_keep(rq, hash, generation, AUTH_LIFE);
}


static bool
auth_caller(rq_t *rq, const u_char *hash, bool by_session)
{
    auth_caller_t *entry, *copy;

    if (!auth_usable(rq)) {
        return false;
    }

    entry = &auth.shared->callers[*(const uint32_t *) hash % AUTH_CALLERS];
    copy = arena_alloc(rq->arena, sizeof(auth_caller_t));

    ngx_shmtx_lock(&auth.slab->mutex);
    *copy = *entry;
    ngx_shmtx_unlock(&auth.slab->mutex);

    if (!auth_fresh(copy->generation, copy->made, copy->life) || copy->by_session != by_session
        || CRYPTO_memcmp(copy->hash, hash, sizeof(copy->hash)) != 0)
    {
        return false;
    }

    rq->user.id = copy->id;
    rq->user.is_staff = copy->is_staff;
    rq->user.username = copy->texts[0];
    rq->user.first_name = copy->texts[1];
    rq->user.last_name = copy->texts[2];
    rq->user.email = copy->texts[3];
    rq->user.by_session = by_session;
    request_assume(rq, copy->generation);

    return true;
}


static void
auth_caller_keep(rq_t *rq, const u_char *hash, ngx_uint_t generation, ngx_msec_t life)
{
    auth_caller_t *entry, *copy;
    const char    *texts[] = {rq->user.username, rq->user.first_name, rq->user.last_name, rq->user.email};

    if (auth.listening == 0) {
        return;
    }

    copy = arena_zalloc(rq->arena, sizeof(auth_caller_t));
    ngx_memcpy(copy->hash, hash, sizeof(copy->hash));
    copy->generation = generation;
    copy->made = ngx_current_msec;
    copy->life = life;
    copy->id = rq->user.id;
    copy->is_staff = rq->user.is_staff;
    copy->by_session = rq->user.by_session;

    for (int k = 0; k < 4; k++) {
        if (strlen(texts[k]) >= AUTH_TEXT) {
            return; /* no room: asked of the database each time */
        }
        strcpy(copy->texts[k], texts[k]);
    }

    entry = &auth.shared->callers[*(const uint32_t *) hash % AUTH_CALLERS];

    ngx_shmtx_lock(&auth.slab->mutex);
    *entry = *copy;
    ngx_shmtx_unlock(&auth.slab->mutex);
}


/* A token of our own that reads the same is another. */
static void
auth_bearer_hash(rq_t *rq, const char *token, u_char *hash)
{
    const char *text = rq_format(rq, "Bearer %s", token);

    SHA256((const unsigned char *) text, strlen(text), hash);
}


static bool
auth_usable(rq_t *rq)
{
    return auth.listening > 0 && !request_of(rq)->strict;
}


static bool
auth_fresh(ngx_uint_t generation, ngx_msec_t made, ngx_msec_t life)
{
    return generation == auth.shared->generation && ngx_current_msec - made < life;
}


static uint64_t
auth_mix(uint64_t a, uint64_t b)
{
    uint64_t h = a * 0x9e3779b97f4a7c15u ^ (b + 0x7f4a7c159e3779b9u);

    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93u;
    h ^= h >> 32;

    return h;
}
