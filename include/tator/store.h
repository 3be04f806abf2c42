/*
 * Object stores (contract/media.md §2, §3, §7): who owns an object's bytes. Pure, no input or output: this signs URLs for
 * clients and builds the requests that the module (net/fetch.h) and the workers (libcurl) send. A store is made of a
 * configuration and lives in its arena; paths are the contract's keys, without the bucket's prefix.
 *
 *     store = store_create(arena, "MINIO", config, "tator", NULL, false, &error);
 *     url = store_url(store, arena, &(store_call_t) {STORE_PUT, .path = "1/2/3/a.mp4"}, 86400, time(NULL));
 *     request = store_request(store, arena, &(store_call_t) {STORE_HEAD, .path = path}, time(NULL));
 */

#ifndef TATOR_STORE_H
#define TATOR_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <jansson.h>
#include <tator/arena.h>

#define STORE_EXPIRATION_MAX 604800 /* seconds: what signatures of all stores allow */

typedef enum { STORE_AWS, STORE_MINIO, STORE_VAST, STORE_OCI, STORE_GCP, STORE_AZURE, STORE_TYPES } store_type_t;

typedef enum {
    STORE_GET,
    STORE_HEAD,
    STORE_PUT,
    STORE_DELETE,
    STORE_LIST,            /* .path is the prefix */
    STORE_UPLOAD_START,
    STORE_UPLOAD_PART,     /* .upload_id, .part */
    STORE_UPLOAD_COMPLETE, /* .upload_id, .parts */
    STORE_UPLOAD_ABORT,    /* .upload_id */
    STORE_UPLOAD_LIST,     /* .path is the prefix; .after: from the last answer */
    STORE_TAGS_GET,
    STORE_TAG,             /* .tag, .value: replaces or merges, as the store does (contract/media.md §2) */
    STORE_CLASS,           /* .storage_class: change in place */
    STORE_RESTORE,         /* .days */
    STORE_OPERATIONS
} store_operation_t;

typedef struct {
    const char *etag;
    int         number; /* from 1 */
} store_part_t;

/* An upload in parts that was begun and not yet completed. */
typedef struct {
    const char *path, *id; /* the path without the bucket's prefix */
    int64_t     started;   /* seconds since 1970 */
} store_upload_t;

typedef struct {
    store_operation_t   operation;
    const char         *path;
    const char         *upload_id;
    int                 part;
    const store_part_t *parts; /* in order of their numbers */
    size_t              n_parts;
    bool                ranged; /* STORE_GET: bytes first … last, inclusive */
    uint64_t            first, last;
    const void         *body; /* STORE_PUT; signed */
    size_t              body_len;
    bool                streamed;     /* STORE_PUT: the body comes later, from a file: not signed */
    const char         *content_type; /* STORE_PUT, STORE_UPLOAD_START; may be NULL */
    const char         *tag, *value;
    const char         *storage_class;
    int                 days;
    int                 limit;        /* STORE_LIST: at most so many; 0: the store's own limit */
    const char         *continuation; /* STORE_LIST: from the last answer */
    const store_upload_t *after;      /* STORE_UPLOAD_LIST: what the last answer ended with; NULL: from the beginning */
} store_call_t;

typedef struct {
    const char        *method, *url;
    const char *const *headers; /* "Name: value", ended by NULL */
    const void        *body;
    size_t             body_len;
} store_request_t;

typedef struct store_s store_t;

/* The type of a name (AWS, MINIO …), -1: none. Name and label ("Amazon S3") of a type. */
int         store_type_of(const char *name);
const char *store_type_name(store_type_t type);
const char *store_type_label(store_type_t type);

/* Storage classes: the default, and whether one is allowed. */
const char *store_default_class(store_type_t type, bool archive);
bool        store_class_allowed(store_type_t type, bool archive, const char *storage_class);

/* From a Bucket row or the environment. `config` may also be a JSON text that holds JSON; it is copied. external_host may be NULL or
   empty. NULL: can not be used, and a text why. */
store_t *store_create(
    arena_t *arena, const char *type, const json_t *config, const char *bucket, const char *external_host, bool require_https, const char **error
);

store_type_t store_type(const store_t *store);

/* Where it is: a URL. And whether requests to it must not lead to private addresses: it was entered by users (tator/origin.h). */
const char *store_address(const store_t *store);
bool        store_guarded(const store_t *store);
void        store_set_guarded(store_t *store, bool guarded);

/* "endpoint_url" of a configuration as GET Bucket shows it; NULL: none. Borrowed. */
const char *store_endpoint(store_type_t type, const json_t *config);

/* A URL that a client may use for `seconds` without credentials: GET, PUT, HEAD, DELETE or a part's PUT; rewritten to the external
   host (contract/media.md §7). For an upload to GCP in parts it is the session's URL itself. NULL: the key can not sign. */
char *store_url(const store_t *store, arena_t *arena, const store_call_t *call, int seconds, time_t now);

/* A request of the server itself. NULL: nothing to do for this store, success. */
store_request_t *store_request(const store_t *store, arena_t *arena, const store_call_t *call, time_t now);

/* --- answers -------------------------------------------------------------------------------------------------------- */

/* The id for the parts' URLs and the completion, of the answer to STORE_UPLOAD_START. `location` is that header, or NULL. For AZURE,
   which has no such request, give n_parts only. NULL: not such an answer. */
char *store_upload_id(const store_t *store, arena_t *arena, const void *body, size_t len, const char *location, int n_parts);

/* An S3 error may come with status 200 (completion, copies). NULL: no error in it; otherwise its code. */
const char *store_error(arena_t *arena, const void *body, size_t len);

typedef struct {
    const char *path; /* without the bucket's prefix */
    uint64_t    size;
} store_object_t;

typedef struct {
    store_object_t *objects;
    size_t          n;
    const char     *continuation; /* NULL: that was all */
} store_list_t;

/* The answer to STORE_LIST; NULL: not such an answer. */
store_list_t *store_list(const store_t *store, arena_t *arena, const void *body, size_t len);

typedef struct {
    store_upload_t       *uploads;
    size_t                n;
    const store_upload_t *after; /* for the next call; NULL: that was all */
} store_uploads_t;

/* The answer to STORE_UPLOAD_LIST; NULL: not such an answer. GCP and AZURE have no such request: what is left of theirs they remove themselves,
   after a week. */
store_uploads_t *store_uploads(const store_t *store, arena_t *arena, const void *body, size_t len);

/* The value of a tag in the answer to STORE_TAGS_GET; NULL: not tagged. */
const char *store_tag(const store_t *store, arena_t *arena, const void *body, size_t len, const char *tag);

#endif
