/*
 * Azure Blob Storage: every request carries a service SAS made with the account's key, so that clients' URLs and the server's own
 * requests are made alike. https://learn.microsoft.com/rest/api/storageservices/create-service-sas
 */

#include <string.h>

#include <tator/base64.h>
#include <tator/xml.h>

#include "store.h"


#define AZURE_VERSION "2021-12-02"
#define AZURE_SECONDS 300 /* life of the server's own signatures */
#define AZURE_PAIRS   14

typedef struct {
    const char *method;
    const char *component;  /* comp=… */
    const char *permission; /* sp=… */
} azure_operation_t;


static bool             azure_configure(store_t *store, arena_t *arena, const json_t *config, const char **error);
static char            *azure_url(const store_t *store, arena_t *arena, const store_call_t *call, int seconds, time_t now);
static store_request_t *azure_request(const store_t *store, arena_t *arena, const store_call_t *call, time_t now);
static char            *azure_setting(arena_t *arena, const char *connection, const char *name);
static char            *azure_block(arena_t *arena, const char *upload_id, int number);
static char            *azure_signature(const store_t *store, arena_t *arena, const store_call_t *call, const char *expiry);


const store_driver_t store_azure_driver = {azure_configure, azure_url, azure_request};

static const azure_operation_t azure_operations[STORE_OPERATIONS] = {
    [STORE_GET] = {"GET", NULL, "r"},
    [STORE_HEAD] = {"HEAD", NULL, "r"},
    [STORE_PUT] = {"PUT", NULL, "cw"},
    [STORE_DELETE] = {"DELETE", NULL, "d"},
    [STORE_LIST] = {"GET", "list", "l"},
    [STORE_UPLOAD_PART] = {"PUT", "block", "cw"},
    [STORE_UPLOAD_COMPLETE] = {"PUT", "blocklist", "cw"},
    [STORE_TAGS_GET] = {"GET", "tags", "t"},
    [STORE_TAG] = {"PUT", "tags", "t"},
    [STORE_CLASS] = {"PUT", "tier", "w"},
    [STORE_RESTORE] = {"PUT", "tier", "w"},
};


static bool
azure_configure(store_t *store, arena_t *arena, const json_t *config, const char **error)
{
    char       *key, *endpoint, *protocol, *suffix;
    const char *connection;

    connection = store_member(arena, config, "connection_string");
    if (connection == NULL) {
        *error = "The store's configuration lacks connection_string";
        return false;
    }

    store->access_key = azure_setting(arena, connection, "AccountName");
    key = azure_setting(arena, connection, "AccountKey");
    if (store->access_key == NULL || key == NULL) {
        *error = "The store's connection_string lacks AccountName or AccountKey";
        return false;
    }

    store->account_key = base64_decode(arena, key, strlen(key), &store->account_key_len);
    if (store->account_key == NULL) {
        *error = "The store's AccountKey is not base64";
        return false;
    }

    endpoint = azure_setting(arena, connection, "BlobEndpoint");
    if (endpoint == NULL) {
        protocol = azure_setting(arena, connection, "DefaultEndpointsProtocol");
        suffix = azure_setting(arena, connection, "EndpointSuffix");
        endpoint = arena_format(
            arena, "%s://%s.blob.%s", protocol != NULL ? protocol : "https", store->access_key, suffix != NULL ? suffix : "core.windows.net"
        );
    }

    while (*endpoint != '\0' && endpoint[strlen(endpoint) - 1] == '/') {
        endpoint[strlen(endpoint) - 1] = '\0';
    }

    store->endpoint = endpoint;

    return true;
}


static char *
azure_url(const store_t *store, arena_t *arena, const store_call_t *call, int seconds, time_t now)
{
    char                     expiry[32];
    bool                     list;
    time_t                   end;
    text_t                   url;
    pair_t                   query[AZURE_PAIRS];
    size_t                   n;
    struct tm                tm;
    const char              *path;
    const azure_operation_t *operation;

    operation = &azure_operations[call->operation];
    list = call->operation == STORE_LIST;

    end = now + seconds;
    gmtime_r(&end, &tm);
    strftime(expiry, sizeof(expiry), "%Y-%m-%dT%H:%M:%SZ", &tm);

    n = 0;
    query[n++] = (pair_t) {"sv", AZURE_VERSION};
    query[n++] = (pair_t) {"sr", list ? "c" : "b"};
    query[n++] = (pair_t) {"se", expiry};
    query[n++] = (pair_t) {"sp", operation->permission};
    query[n++] = (pair_t) {"sig", azure_signature(store, arena, call, expiry)};

    if (operation->component != NULL) {
        query[n++] = (pair_t) {"comp", operation->component};
    }

    if (call->operation == STORE_UPLOAD_PART) {
        query[n++] = (pair_t) {"blockid", azure_block(arena, call->upload_id, call->part)};
    }

    if (list) {
        query[n++] = (pair_t) {"restype", "container"};
        query[n++] = (pair_t) {"prefix", call->path};
        if (call->limit > 0) {
            query[n++] = (pair_t) {"maxresults", arena_format(arena, "%d", call->limit)};
        }
        if (call->continuation != NULL) {
            query[n++] = (pair_t) {"marker", call->continuation};
        }
    }

    path = store_object_path(store, arena, list ? NULL : call->path);

    text_start(&url, arena, 512);
    text_puts(&url, store->endpoint);
    uri_encode(&url, path, strlen(path), "/");
    text_puts(&url, "?");
    sigv4_query(&url, query, n);

    return arena_copy(arena, url.data, url.len);
}


static store_request_t *
azure_request(const store_t *store, arena_t *arena, const store_call_t *call, time_t now)
{
    text_t           text;
    size_t           i, n;
    const char      *lines[STORE_HEADERS];
    store_request_t *request;

    /* Blocks that no list names go away by themselves. */
    if (azure_operations[call->operation].method == NULL) {
        return NULL;
    }

    n = 0;
    lines[n++] = "x-ms-version: " AZURE_VERSION;

    if (call->ranged) {
        lines[n++] = arena_format(arena, "Range: bytes=%llu-%llu", (unsigned long long) call->first, (unsigned long long) call->last);
    }
    if (call->operation == STORE_PUT) {
        lines[n++] = "x-ms-blob-type: BlockBlob";
    }
    if (call->content_type != NULL) {
        lines[n++] = arena_format(arena, "Content-Type: %s", call->content_type);
    }
    if (call->operation == STORE_CLASS || call->operation == STORE_RESTORE) {
        lines[n++] = arena_format(
            arena, "x-ms-access-tier: %s", call->storage_class == NULL || strcmp(call->storage_class, "STANDARD") == 0 ? "Hot" : call->storage_class
        );
    }

    request = store_request_make(
        arena, azure_operations[call->operation].method, azure_url(store, arena, call, AZURE_SECONDS, now), lines, n
    );

    text_start(&text, arena, 256);

    if (call->operation == STORE_PUT) {
        request->body = call->body;
        request->body_len = call->body_len;

    } else if (call->operation == STORE_TAG) {
        store_tag_xml(&text, "Tags", call->tag, call->value);

    } else if (call->operation == STORE_UPLOAD_COMPLETE) {
        text_puts(&text, "<BlockList>");
        for (i = 0; i < call->n_parts; i++) {
            text_printf(&text, "<Latest>%s</Latest>", azure_block(arena, call->upload_id, call->parts[i].number));
        }
        text_puts(&text, "</BlockList>");
    }

    if (text.len > 0) {
        request->body = arena_copy(arena, text.data, text.len);
        request->body_len = text.len;
    }

    return request;
}


/* "Name=value;…": values may hold '='. */
static char *
azure_setting(arena_t *arena, const char *connection, const char *name)
{
    size_t      n, len;
    const char *p;

    n = strlen(name);

    for (p = connection; p != NULL && *p != '\0'; p = strchr(p, ';') != NULL ? strchr(p, ';') + 1 : NULL) {
        if (strncmp(p, name, n) == 0 && p[n] == '=') {
            p += n + 1;
            len = strcspn(p, ";");
            return len > 0 ? arena_copy(arena, p, len) : NULL;
        }
    }

    return NULL;
}


/* The id of a part: the part's place in the list that the upload's id is. */
static char *
azure_block(arena_t *arena, const char *upload_id, int number)
{
    size_t      len;
    const char *p;

    for (p = upload_id; number > 1 && p != NULL; number--) {
        p = strchr(p, ',');
        p = p != NULL ? p + 1 : NULL;
    }

    if (p == NULL) {
        return arena_text(arena, "");
    }

    len = strcspn(p, ",");

    return base64_encode(arena, p, len);
}


static char *
azure_signature(const store_t *store, arena_t *arena, const store_call_t *call, const char *expiry)
{
    bool          list;
    char         *to_sign;
    unsigned char signature[SHA256_LENGTH];

    list = call->operation == STORE_LIST;

    to_sign = arena_format(
        arena,
        "%s\n"                  /* permission */
        "\n"                    /* start */
        "%s\n"                  /* expiry */
        "/blob/%s%s\n"          /* resource */
        "\n\n\n"                /* identifier, address, protocol */
        AZURE_VERSION "\n%s\n"  /* version, kind of resource */
        "\n\n\n\n\n\n",         /* snapshot, encryption scope, five answer headers */
        azure_operations[call->operation].permission, expiry, store->access_key, store_object_path(store, arena, list ? NULL : call->path),
        list ? "c" : "b"
    );

    hmac_sha256(signature, store->account_key, store->account_key_len, to_sign, strlen(to_sign));

    return base64_encode(arena, signature, SHA256_LENGTH);
}
