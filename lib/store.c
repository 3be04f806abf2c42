/*
 * Object stores: the table of types, configuration, answers. Signing and requests are in store_s3.c, store_gcs.c, store_azure.c.
 */

#include <stdlib.h>
#include <string.h>

#include <tator/base64.h>
#include <tator/time.h>
#include <tator/xml.h>

#include "store.h"


typedef struct {
    const char           *name, *label;
    const store_driver_t *driver;
    const char           *live, *archive;         /* default classes */
    const char           *live_classes[3], *archive_classes[3];
} store_kind_t;


static const json_t *store_s3_config(store_type_t type, const json_t *config);
static void          store_set_external(store_t *store, arena_t *arena, const char *external_host, bool require_https);
static const char   *store_without_prefix(const store_t *store, const char *key);
static bool          store_upload_read(const store_t *store, const xml_t *entry, store_upload_t *upload);


/* contract/media.md §2 */
static const store_kind_t store_kinds[STORE_TYPES] = {
    [STORE_AWS] = {"AWS", "Amazon S3", &store_s3_driver, "STANDARD", "DEEP_ARCHIVE", {"STANDARD"}, {"STANDARD", "DEEP_ARCHIVE"}},
    [STORE_MINIO] = {"MINIO", "MinIO", &store_s3_driver, "STANDARD", "STANDARD", {"STANDARD"}, {"STANDARD"}},
    [STORE_VAST] = {"VAST", "VAST", &store_s3_driver, "STANDARD", "STANDARD", {"STANDARD"}, {"STANDARD"}},
    [STORE_OCI] = {"OCI", "Oracle Cloud Storage", &store_s3_driver, "STANDARD", "STANDARD", {"STANDARD"}, {"STANDARD"}},
    [STORE_GCP] = {"GCP", "Google Cloud Storage", &store_gcs_driver, "STANDARD", "COLDLINE", {"STANDARD"}, {"STANDARD", "COLDLINE"}},
    [STORE_AZURE] = {"AZURE", "AZURE", &store_azure_driver, "STANDARD", "STANDARD", {"STANDARD"}, {"STANDARD"}},
};


int
store_type_of(const char *name)
{
    int type;

    for (type = 0; type < STORE_TYPES; type++) {
        if (name != NULL && strcmp(store_kinds[type].name, name) == 0) {
            return type;
        }
    }

    return -1;
}


const char *
store_type_name(store_type_t type)
{
    return store_kinds[type].name;
}


const char *
store_type_label(store_type_t type)
{
    return store_kinds[type].label;
}


const char *
store_default_class(store_type_t type, bool archive)
{
    return archive ? store_kinds[type].archive : store_kinds[type].live;
}


bool
store_class_allowed(store_type_t type, bool archive, const char *storage_class)
{
    const char *const *known;

    for (known = archive ? store_kinds[type].archive_classes : store_kinds[type].live_classes; *known != NULL; known++) {
        if (strcmp(*known, storage_class) == 0) {
            return true;
        }
    }

    return false;
}


store_t *
store_create(
    arena_t *arena, const char *type, const json_t *config, const char *bucket, const char *external_host, bool require_https, const char **error
)
{
    int      number;
    bool     good;
    json_t  *parsed;
    store_t *store;

    number = store_type_of(type);
    if (number < 0) {
        *error = arena_format(arena, "Unknown store type '%s'", type != NULL ? type : "");
        return NULL;
    }

    if (bucket == NULL || *bucket == '\0') {
        *error = "The store has no bucket name";
        return NULL;
    }

    store = arena_zalloc(arena, sizeof(store_t));
    store->type = (store_type_t) number;
    store->driver = store_kinds[number].driver;
    store->bucket = arena_text(arena, bucket);

    parsed = NULL;
    if (json_is_string(config)) {
        config = parsed = json_parse(json_string_value(config), json_string_length(config), NULL);
    }

    if (!json_is_object(config)) {
        *error = "The store's configuration is not a JSON object";
        json_decref(parsed);
        return NULL;
    }

    good = store->driver->configure(store, arena, store_s3_config(store->type, config), error);
    json_decref(parsed);

    if (!good) {
        return NULL;
    }

    if (external_host != NULL && *external_host != '\0') {
        store_set_external(store, arena, external_host, require_https);

    } else if (store->type == STORE_OCI) {
        *error = "An OCI store needs an external host";
        return NULL;
    }

    return store;
}


store_type_t
store_type(const store_t *store)
{
    return store->type;
}


const char *
store_address(const store_t *store)
{
    return store->endpoint;
}


bool
store_guarded(const store_t *store)
{
    return store->guarded;
}


void
store_set_guarded(store_t *store, bool guarded)
{
    store->guarded = guarded;
}


const char *
store_endpoint(store_type_t type, const json_t *config)
{
    if (type == STORE_GCP || type == STORE_AZURE) {
        return NULL;
    }

    return json_string_value(json_object_get(store_s3_config(type, config), "endpoint_url"));
}


char *
store_url(const store_t *store, arena_t *arena, const store_call_t *call, int seconds, time_t now)
{
    char  *url;
    size_t n;
    bool   download;

    url = store->driver->url(store, arena, call, seconds, now);
    download = call->operation == STORE_GET || call->operation == STORE_HEAD;

    if (url == NULL || store->external == NULL || (store->type == STORE_GCP && download)) {
        return url;
    }

    n = strlen(store->endpoint);

    return strncmp(url, store->endpoint, n) == 0 ? arena_format(arena, "%s%s", store->external, url + n) : url;
}


store_request_t *
store_request(const store_t *store, arena_t *arena, const store_call_t *call, time_t now)
{
    return store->driver->request(store, arena, call, now);
}


char *
store_upload_id(const store_t *store, arena_t *arena, const void *body, size_t len, const char *location, int n_parts)
{
    int           i;
    char          id[33];
    text_t        ids;
    xml_t        *root;
    const char   *upload_id;
    unsigned char random[16];

    switch (store->type) {

    case STORE_GCP:
        return location != NULL ? arena_text(arena, location) : NULL;

    case STORE_AZURE:
        text_start(&ids, arena, (size_t) n_parts * 33 + 1);
        for (i = 0; i < n_parts; i++) {
            random_bytes(random, sizeof(random));
            hex_encode(id, random, sizeof(random));
            text_puts(&ids, i > 0 ? "," : "");
            text_puts(&ids, id);
        }
        return arena_copy(arena, ids.data, ids.len);

    default:
        root = xml_parse(arena, body, len);
        upload_id = xml_text(root, "UploadId");
        return *upload_id != '\0' ? arena_text(arena, upload_id) : NULL;
    }
}


const char *
store_error(arena_t *arena, const void *body, size_t len)
{
    xml_t *root;

    if (len == 0) {
        return NULL;
    }

    root = xml_parse(arena, body, len);
    if (root == NULL) {
        return "NotXml";
    }

    return strcmp(root->name, "Error") == 0 ? xml_text(root, "Code") : NULL;
}


store_list_t *
store_list(const store_t *store, arena_t *arena, const void *body, size_t len)
{
    size_t        n;
    xml_t        *root, *first, *entry;
    const char   *token;
    store_list_t *list;
    bool          azure;

    azure = store->type == STORE_AZURE;
    root = xml_parse(arena, body, len);
    if (root == NULL || strcmp(root->name, azure ? "EnumerationResults" : "ListBucketResult") != 0) {
        return NULL;
    }

    list = arena_zalloc(arena, sizeof(store_list_t));
    token = xml_text(root, azure ? "NextMarker" : "NextContinuationToken");
    list->continuation = *token != '\0' ? token : NULL;

    first = azure ? xml_child(xml_child(root, "Blobs"), "Blob") : xml_child(root, "Contents");

    n = 0;
    for (entry = first; entry != NULL; entry = xml_next(entry)) {
        n++;
    }

    list->objects = arena_alloc(arena, (n + 1) * sizeof(store_object_t));

    for (entry = first; entry != NULL; entry = xml_next(entry)) {
        list->objects[list->n].path = store_without_prefix(store, xml_text(entry, azure ? "Name" : "Key"));
        list->objects[list->n].size =
            strtoull(azure ? xml_text(xml_child(entry, "Properties"), "Content-Length") : xml_text(entry, "Size"), NULL, 10);
        list->n++;
    }

    return list;
}


store_uploads_t *
store_uploads(const store_t *store, arena_t *arena, const void *body, size_t len)
{
    size_t           n = 0;
    xml_t           *root, *entry;
    store_upload_t   after = {0};
    store_uploads_t *list;

    root = xml_parse(arena, body, len);
    if (root == NULL || strcmp(root->name, "ListMultipartUploadsResult") != 0) {
        return NULL;
    }

    for (entry = xml_child(root, "Upload"); entry != NULL; entry = xml_next(entry)) {
        n++;
    }

    list = arena_zalloc(arena, sizeof(store_uploads_t));
    list->uploads = arena_alloc(arena, (n + 1) * sizeof(store_upload_t));

    for (entry = xml_child(root, "Upload"); entry != NULL; entry = xml_next(entry)) {
        list->n += store_upload_read(store, entry, &list->uploads[list->n]);
    }

    after.path = store_without_prefix(store, xml_text(root, "NextKeyMarker"));
    after.id = xml_text(root, "NextUploadIdMarker");

    if (strcmp(xml_text(root, "IsTruncated"), "true") == 0 && *after.path != '\0') {
        list->uploads[n] = after;
        list->after = &list->uploads[n];
    }

    return list;
}


const char *
store_tag(const store_t *store, arena_t *arena, const void *body, size_t len, const char *tag)
{
    xml_t *entry;

    (void) store;

    for (entry = xml_child(xml_child(xml_parse(arena, body, len), "TagSet"), "Tag"); entry != NULL; entry = xml_next(entry)) {
        if (strcmp(xml_text(entry, "Key"), tag) == 0) {
            return xml_text(entry, "Value");
        }
    }

    return NULL;
}


char *
store_object_path(const store_t *store, arena_t *arena, const char *path)
{
    if (path == NULL) {
        return arena_format(arena, "/%s", store->bucket);
    }

    return arena_format(arena, "/%s/%s%s%s", store->bucket, store->type == STORE_AWS ? store->bucket : "", store->type == STORE_AWS ? "/" : "", path);
}


const char *
store_member(arena_t *arena, const json_t *config, const char *name)
{
    const char *value;

    value = json_string_value(json_object_get(config, name));

    return value != NULL && *value != '\0' ? arena_text(arena, value) : NULL;
}


store_request_t *
store_request_make(arena_t *arena, const char *method, const char *url, const char *const *headers, size_t n)
{
    const char     **list;
    store_request_t *request;

    list = arena_zalloc(arena, (n + 1) * sizeof(char *));
    if (n > 0) {
        memcpy(list, headers, n * sizeof(char *));
    }

    request = arena_zalloc(arena, sizeof(store_request_t));
    request->method = method;
    request->url = url;
    request->headers = list;

    return request;
}


void
store_parts_xml(text_t *out, const store_call_t *call)
{
    size_t i;

    text_puts(out, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");

    for (i = 0; i < call->n_parts; i++) {
        text_printf(out, "<Part><PartNumber>%d</PartNumber><ETag>", call->parts[i].number);
        xml_escape(out, call->parts[i].etag, strlen(call->parts[i].etag));
        text_puts(out, "</ETag></Part>");
    }

    text_puts(out, "</CompleteMultipartUpload>");
}


void
store_tag_xml(text_t *out, const char *root, const char *tag, const char *value)
{
    text_printf(out, "<%s><TagSet><Tag><Key>", root);
    xml_escape(out, tag, strlen(tag));
    text_puts(out, "</Key><Value>");
    xml_escape(out, value, strlen(value));
    text_printf(out, "</Value></Tag></TagSet></%s>", root);
}


/* OCI keeps its S3 keys in a member of their own. */
static const json_t *
store_s3_config(store_type_t type, const json_t *config)
{
    return type == STORE_OCI ? json_object_get(config, "boto3_config") : config;
}


static void
store_set_external(store_t *store, arena_t *arena, const char *external_host, bool require_https)
{
    char  *external;
    size_t n;

    external = uri_has_scheme(external_host) ? arena_text(arena, external_host)
                                             : arena_format(arena, "%s://%s", require_https ? "https" : "http", external_host);

    for (n = strlen(external); n > 0 && external[n - 1] == '/'; n--) {
        external[n - 1] = '\0';
    }

    store->external = external;
}


/* false: without a time nobody can say how old it is. */
static bool
store_upload_read(const store_t *store, const xml_t *entry, store_upload_t *upload)
{
    datetime_t  started;
    const char *text = xml_text(entry, "Initiated");

    upload->path = store_without_prefix(store, xml_text(entry, "Key"));
    upload->id = xml_text(entry, "UploadId");

    if (*upload->path == '\0' || *upload->id == '\0' || !time_parse_rfc3339(text, strlen(text), &started)) {
        return false;
    }

    upload->started = time_instant(&started, 0) / 1000000;

    return true;
}


static const char *
store_without_prefix(const store_t *store, const char *key)
{
    size_t n;

    n = strlen(store->bucket);

    return store->type == STORE_AWS && strncmp(key, store->bucket, n) == 0 && key[n] == '/' ? key + n + 1 : key;
}
