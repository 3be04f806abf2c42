/*
 * Between the files of lib/store*.c.
 */

#ifndef TATOR_STORE_PRIVATE_H
#define TATOR_STORE_PRIVATE_H

#include <tator/json.h>
#include <tator/sigv4.h>
#include <tator/store.h>
#include <tator/uri.h>

#define STORE_HEADERS 16

typedef struct store_driver_s store_driver_t;

struct store_s {
    store_type_t          type;
    const store_driver_t *driver;
    bool                  guarded;
    const char           *bucket;
    const char           *endpoint; /* scheme, authority and path, no slash at the end */
    const char           *external; /* the same for clients; NULL: they use the endpoint, too */

    /* S3: keys and region. GCP: client_email and the key in PEM form. AZURE: account and its key, decoded. */
    const char          *access_key, *secret_key, *region;
    const unsigned char *account_key;
    size_t               account_key_len;
};

struct store_driver_s {
    bool (*configure)(store_t *store, arena_t *arena, const json_t *config, const char **error);
    char *(*url)(const store_t *store, arena_t *arena, const store_call_t *call, int seconds, time_t now);
    store_request_t *(*request)(const store_t *store, arena_t *arena, const store_call_t *call, time_t now);
};

extern const store_driver_t store_s3_driver, store_gcs_driver, store_azure_driver;

/* "/bucket/key", decoded, below the endpoint; the AWS type's keys begin with the bucket's name once more (contract/media.md §2). */
char *store_object_path(const store_t *store, arena_t *arena, const char *path);

/* A member of a configuration, copied; NULL: absent, empty or not text. */
const char *store_member(arena_t *arena, const json_t *config, const char *name);

/* A request without body whose list of headers is `n` texts. */
store_request_t *store_request_make(arena_t *arena, const char *method, const char *url, const char *const *headers, size_t n);

/* <CompleteMultipartUpload> of the call's parts, <Tagging> of its tag. */
void store_parts_xml(text_t *out, const store_call_t *call);
void store_tag_xml(text_t *out, const char *root, const char *tag, const char *value);

#endif
