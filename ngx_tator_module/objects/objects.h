/*
 * The embedded object store: a subset of Amazon's S3 on a directory, inside NGINX. This header is shared by its files.
 *
 *     module.c      directives                                                     NGINX's event loop
 *     request.c     the request and its body as it streams in                      event loop
 *     answer.c      what is sent                                                   event loop
 *     auth.c        who asks: SigV4 in the query or the Authorization header        event loop, pure
 *     operations.c  the table of operations and the short ones                      thread pool from here on
 *     buckets.c     buckets
 *     tags.c        tags of objects
 *     list.c        listings in the order of keys
 *     upload.c      uploads in parts
 *     chunks.c      bodies of "aws-chunked" encoding                                pure
 *     file.c        objects as files: written under no name, then put in place
 *     name.c        keys ↔ file names                                               pure
 *
 * Life of a request: the event loop makes it (objects_request_t with an arena of its own), then hands it to a thread, gets it
 * back, hands it over again for the next piece of the body, and so on; exactly one of the two works on it at any time. The
 * NGINX request counts as blocked while a thread has it, so that neither goes away under the thread. It ends with the NGINX
 * request's pool.
 *
 * The directory:
 *     buckets/BUCKET/…/NAME@       an object: its bytes, then a JSON description, then a fixed tail (file.c)
 *     buckets/BUCKET/…/NAME@tags   its tags
 *     uploads/BUCKET/ID/           an upload in parts: "upload" (description) and "part.00001" …
 *     temp/                        files on their way to their place
 */

#ifndef TATOR_OBJECTS_H
#define TATOR_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <tator/arena.h>
#include <tator/crypto.h>
#include <tator/json.h>
#include <tator/sigv4.h>
#include <tator/str.h>

#define OBJECTS_KEY_MAX     1024
#define OBJECTS_PART_MAX    10000
#define OBJECTS_LIST_MAX    1000
#define OBJECTS_XML_MAX     (2 * 1024 * 1024)
#define OBJECTS_META_MAX    8192
#define OBJECTS_ETAG        48
#define OBJECTS_ID          33
#define OBJECTS_SKEW        900 /* seconds that clocks may differ */
#define OBJECTS_TYPE        "binary/octet-stream"

typedef struct objects_request_s   objects_request_t;
typedef struct objects_operation_s objects_operation_t;

/* A location's settings; NUL-terminated, live as long as the configuration. */
typedef struct {
    const char  *root;
    const char  *access_key, *secret_key;
    const char **buckets; /* made when they are first used; ends with NULL */
    const char **hosts;   /* Host values that signatures may also cover; ends with NULL */
} objects_store_t;

/* What is known of an object beside its bytes. */
typedef struct {
    uint64_t    size;
    int64_t     modified; /* seconds */
    char        etag[OBJECTS_ETAG]; /* without quotes */
    char        id[OBJECTS_ID];     /* another one for each write: ties the tags to the bytes */
    const char *content_type, *content_disposition, *content_encoding, *cache_control, *storage_class;
    pair_t     *meta;   /* names without x-amz-meta- */
    size_t      n_meta;
} object_info_t;

/* A file on its way: it has no name (or one in temp/) until object_commit(). */
typedef struct {
    int       fd;
    char     *name; /* NULL: the file has no name yet */
    digest_t *md5;
    uint64_t  size;
} object_writer_t;

/* A body of pieces with a signature each: life in chunks.c. */
typedef struct chunks_s chunks_t;

typedef struct {
    const char *code;
    int         status;
    const char *message;
} objects_error_t;

struct objects_request_s {
    arena_t                   *arena;
    const objects_store_t     *store;
    const objects_operation_t *operation;
    time_t                     now;

    /* As received: texts are decoded and in the arena. */
    const char *method;
    const char *path; /* from the first slash of the URI */
    size_t      path_len;
    const char *prefix; /* the location, which precedes the bucket */
    const char *bucket, *key; /* NULL: none */
    pair_t     *query, *headers; /* headers: lower-case names, in the order received */
    size_t      n_query, n_headers;
    int64_t     content_length; /* -1: unknown */

    /* By auth.c. */
    const char   *payload; /* SHA-256 of the body, or one of SigV4's words */
    const char   *date, *scope, *signature;
    unsigned char signing_key[SHA256_LENGTH];

    /* The body so far: a file, or a text for those that are XML. */
    chunks_t       *chunks;
    digest_t       *sha256;
    object_writer_t writer;
    text_t          text;
    uint64_t        received; /* decoded bytes */

    /* The answer. */
    int                    status; /* 0: not answered yet */
    const objects_error_t *error;
    text_t                 xml;
    pair_t                 answer[8]; /* headers */
    size_t                 n_answer;
    int                    file; /* -1: none; its first info.size bytes are the answer */
    object_info_t          info;
};

typedef enum { BODY_NONE, BODY_XML, BODY_OBJECT } objects_body_t;

struct objects_operation_s {
    const char    *method;
    bool           bucket, key;
    const char    *query; /* a member of the query that makes it this one */
    objects_body_t body;
    void (*run)(objects_request_t *request); /* in a thread, when the whole body is there */
};

/* --- request (operations.c) --------------------------------------------------------------------------------------------- */

/* Refuse with one of S3's codes; always false. */
bool        objects_fail(objects_request_t *request, const char *code);
bool        objects_fail_errno(objects_request_t *request);
const char *objects_query(const objects_request_t *request, const char *name);  /* NULL: absent */
const char *objects_header(const objects_request_t *request, const char *name); /* NULL: absent */
void        objects_answer_header(objects_request_t *request, const char *name, const char *value);

/* Find the operation; fails when there is none. */
bool objects_dispatch(objects_request_t *request);

/* One piece of the body, in a thread; false: refused. */
bool objects_body_add(objects_request_t *request, const void *data, size_t len);

/* The body is whole: check it, then run the operation. */
void objects_body_end(objects_request_t *request);

void objects_request_free(objects_request_t *request);

/* The bucket is there (or is one of the store's own, and is made); fails otherwise. */
bool objects_bucket(objects_request_t *request);

/* --- auth.c ----------------------------------------------------------------------------------------------------------------- */

bool objects_authenticate(objects_request_t *request);

/* --- chunks.c --------------------------------------------------------------------------------------------------------------- */

/* NULL: the payload is not of this encoding. */
chunks_t *chunks_create(objects_request_t *request);

/* Decoded bytes go to chunks_sink_pt. false: malformed, or a signature that does not match (the request is failed). */
typedef bool (*chunks_sink_pt)(objects_request_t *request, const void *data, size_t len);
bool chunks_add(chunks_t *chunks, const void *data, size_t len, chunks_sink_pt sink);
bool chunks_end(chunks_t *chunks);
void chunks_free(chunks_t *chunks);

/* --- name.c ------------------------------------------------------------------------------------------------------------------- */

#define OBJECT_SUFFIX      "@"
#define OBJECT_TAGS_SUFFIX "@tags"

bool name_bucket_good(const char *bucket);

/* S3's rules for keys: 1 … 1024 bytes of UTF-8. */
bool name_key_good(const char *key, size_t len);

/* The object's file below the root; NULL: too long. */
char *name_path(arena_t *arena, const char *root, const char *bucket, const char *key);

/* What an entry of a directory stands for: the part of the key that it adds (with a slash when it is a folder of keys). */
#define NAME_PART_SIZE 258
typedef enum { NAME_OTHER, NAME_OBJECT, NAME_FOLDER, NAME_LONGER } name_kind_t;
name_kind_t name_decode(const char *file, char part[NAME_PART_SIZE]);

/* --- file.c ------------------------------------------------------------------------------------------------------------------- */

bool object_create(objects_request_t *request, object_writer_t *writer, bool digest);
bool object_write(objects_request_t *request, object_writer_t *writer, const void *data, size_t len);
/* Append bytes of an open file; adds them to the digest when there is one. */
bool object_copy(objects_request_t *request, object_writer_t *writer, int fd, uint64_t offset, uint64_t len);
/* Describe, make durable, put in place of what may be there. Fills info->size, id, modified; etag when it is empty. */
bool object_commit(objects_request_t *request, object_writer_t *writer, object_info_t *info, const char *path);
void object_drop(object_writer_t *writer);

/* Open an object's file and read its description; -1: errno says why (ENOENT, EBADMSG: not an object's file). */
int object_open(arena_t *arena, const char *path, object_info_t *info);

/* Remove an object (true also when there is none) and the folders that become empty. */
bool object_remove(objects_request_t *request, const char *path);

/* Make the folders of a path, durable. */
bool object_make_folders(const char *path);

/* A small file of ours as a whole, atomically; and its JSON, NULL when there is none. */
bool    object_put_json(objects_request_t *request, const char *path, json_t *value);
json_t *object_get_json(const char *path);

bool sync_folder_of(const char *path);

/* Remove what a crash left in temp/ long ago. */
void object_sweep(const char *root, time_t now);

/* The description that a request's headers give. */
void object_describe(objects_request_t *request, object_info_t *info);

/* --- tags.c, buckets.c ------------------------------------------------------------------------------------------------------------ */

void objects_tags_get(objects_request_t *request);
void objects_tags_put(objects_request_t *request);
void objects_tags_delete(objects_request_t *request);

/* "a=1&b=2" as an object; and tags (which are taken) put beside the object whose last write was `id`. */
json_t *objects_tags_of_header(const char *header, arena_t *arena);
bool    objects_store_tags(objects_request_t *request, const char *path, const char *id, json_t *tags);

void objects_buckets(objects_request_t *request);
void objects_bucket_create(objects_request_t *request);
void objects_bucket_head(objects_request_t *request);
void objects_bucket_delete(objects_request_t *request);
void objects_location(objects_request_t *request);
void objects_versioning(objects_request_t *request);

/* --- list.c, upload.c, operations.c ------------------------------------------------------------------------------------------------ */

void objects_list(objects_request_t *request);
bool objects_folder_used(arena_t *arena, const char *path); /* an object is somewhere below */

void objects_upload_start(objects_request_t *request);
void objects_upload_part(objects_request_t *request);
void objects_upload_complete(objects_request_t *request);
void objects_upload_abort(objects_request_t *request);
void objects_upload_parts(objects_request_t *request);
void objects_uploads(objects_request_t *request);

void objects_xml_begin(objects_request_t *request, const char *root);
void objects_xml_end(objects_request_t *request, const char *root);
void objects_xml_put(objects_request_t *request, const char *element, const char *text);
void objects_xml_number(objects_request_t *request, const char *element, uint64_t number);
void objects_xml_time(objects_request_t *request, const char *element, int64_t time);

/* The file of the request's object; NULL: failed. */
char *objects_key_path(objects_request_t *request);

/* Open the object of x-amz-copy-source; -1: failed. */
int objects_copy_source(objects_request_t *request, object_info_t *info);

#endif
