/*
 * Stores (stores.h).
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>
#include <sys/socket.h>
#include <tator/address.h>
#include <tator/origin.h>

#include "log.h"
#include "stores.h"

typedef struct {
    char  *data;
    size_t len, room, limit;
} bytes_t;

static store_t       *stores_make(const config_t *config, arena_t *arena, const store_config_t *row);
static curl_socket_t  stores_open(void *store, curlsocktype purpose, struct curl_sockaddr *address);
static size_t         stores_take(char *data, size_t size, size_t n, void *closure);


const store_t *
stores_of(database_t *database, arena_t *arena, int64_t bucket)
{
    PGresult             *result;
    store_config_t        row;
    store_t              *store = NULL;
    const store_config_t *defaults = database->config->stores;

    if (bucket == STORES_BACKUP) {
        return defaults[STORE_BACKUP].config == NULL ? NULL : stores_make(database->config, arena, &defaults[STORE_BACKUP]);
    }

    if (bucket <= 0) {
        return stores_make(database->config, arena,
                           bucket == STORES_UPLOAD && defaults[STORE_UPLOAD].config != NULL ? &defaults[STORE_UPLOAD] : &defaults[STORE_LIVE]);
    }

    result = database_query(database, arena, "SELECT config, name, store_type, external_host FROM main_bucket WHERE id = %ld", bucket);
    if (result != NULL && PQntuples(result) == 1) {
        row = (store_config_t) {.config = database_text(result, 0, 0), .bucket_name = database_text(result, 0, 1),
                                .store_type = database_text(result, 0, 2), .external_host = database_text(result, 0, 3)};
        store = stores_make(database->config, arena, &row);
        if (store != NULL) {
            store_set_guarded(store, !origin_inside(database->config, store_address(store)));
        }
    }
    PQclear(result);

    return store;
}


stored_t
stores_send(const store_t *store, arena_t *arena, const store_call_t *call, size_t limit)
{
    CURL              *curl;
    CURLcode           code;
    bytes_t            bytes = {.limit = limit};
    stored_t           stored = {0};
    struct curl_slist *headers = NULL, *more;
    store_request_t   *request = store_request(store, arena, call, time(NULL));

    if (request == NULL) { /* nothing to do for this store */
        return (stored_t) {.status = 200};
    }

    curl = curl_easy_init();
    if (curl == NULL) {
        return stored;
    }

    for (const char *const *line = request->headers; line != NULL && *line != NULL; line++) {
        more = curl_slist_append(headers, *line);
        headers = more == NULL ? headers : more;
    }

    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, stores_open);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, store);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 300L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "tator-worker");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, stores_take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &bytes);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);

    if (strcmp(request->method, "HEAD") == 0) {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else if (request->body_len > 0 || strcmp(request->method, "PUT") == 0 || strcmp(request->method, "POST") == 0) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->body_len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body_len > 0 ? request->body : "");
    }

    code = curl_easy_perform(curl);
    if (code == CURLE_OK) {
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &stored.status);
        stored.body = arena_copy(arena, bytes.data == NULL ? "" : bytes.data, bytes.len);
        stored.len = bytes.len;
    } else {
        log_warning("the object store does not answer: %s", curl_easy_strerror(code));
    }

    free(bytes.data);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);

    return stored;
}


bool
stores_delete(const store_t *store, arena_t *arena, const char *path)
{
    stored_t stored = stores_send(store, arena, &(store_call_t) {STORE_DELETE, .path = path}, 65536);

    return stored.status / 100 == 2 || stored.status == 404;
}


/* What the store's name really resolved to. */
static curl_socket_t
stores_open(void *closure, curlsocktype purpose, struct curl_sockaddr *address)
{
    const store_t *store = closure;

    (void) purpose;

    if (store_guarded(store) && !address_public(&address->addr)) {
        return CURL_SOCKET_BAD;
    }

    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}


static store_t *
stores_make(const config_t *config, arena_t *arena, const store_config_t *row)
{
    json_t     *value;
    store_t    *store;
    const char *error = "there is no configuration";

    value = row->config == NULL ? NULL : json_loads(row->config, JSON_DECODE_ANY, NULL);
    store = value == NULL ? NULL
            : store_create(arena, row->store_type, value, row->bucket_name, row->external_host, config->require_https, &error);
    json_decref(value);

    if (store == NULL) {
        log_warning("the object store %s can not be used: %s", row->bucket_name == NULL ? "" : row->bucket_name, error);
    }

    return store;
}


static size_t
stores_take(char *data, size_t size, size_t n, void *closure)
{
    char    *grown;
    size_t   room;
    bytes_t *bytes = closure;

    size *= n;
    if (size > bytes->limit - bytes->len) {
        return 0;
    }

    if (bytes->len + size > bytes->room) {
        room = (bytes->len + size) * 2;
        grown = realloc(bytes->data, room);
        if (grown == NULL) {
            return 0;
        }
        bytes->data = grown;
        bytes->room = room;
    }

    memcpy(bytes->data + bytes->len, data, size);
    bytes->len += size;

    return size;
}
