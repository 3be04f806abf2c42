/*
 * Listings: keys in the order of their bytes, from a point on, with a prefix and a delimiter. The tree of folders is walked in that
 * order (name.c says why it is one); of each folder only as many entries are held as could still be answered, so that memory does
 * not depend on how many objects there are.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tator/base64.h>
#include <tator/uri.h>
#include <tator/xml.h>

#include "objects.h"


#define LIST_WINDOW   4096 /* entries of one folder held at a time; more than OBJECTS_LIST_MAX + 1 */
#define LIST_KEY_SIZE (OBJECTS_KEY_MAX + NAME_PART_SIZE)

typedef struct {
    char       *part; /* of the key */
    char       *file;
    name_kind_t kind;
} list_entry_t;

typedef struct {
    objects_request_t *request;
    const char        *prefix, *delimiter, *after;
    size_t             prefix_len, after_len;
    bool               encode; /* encoding-type=url */
    bool               version2, truncated;
    size_t             limit, n;
    const char        *last;        /* what was answered last: a key or a common prefix */
    text_t             prefixes;    /* XML of the common ones, which follow the keys */
} list_t;

typedef struct {
    list_entry_t *entries;
    size_t        n;
    arena_t      *arena;
    bool          more; /* entries beyond the window were left out */
} list_folder_t;


static bool list_walk(list_t *list, const char *path, const char *key);
static bool list_read(list_t *list, list_folder_t *folder, const char *path, const char *key, const char *from);
static bool list_object(list_t *list, const char *path, const char *key);
static bool list_prefix(list_t *list, const char *key, size_t len);
static bool list_room(list_t *list);
static bool list_wanted(const list_t *list, const char *key, bool folder);
static void list_key(list_t *list, text_t *out, const char *element, const char *key, size_t len);
static int  list_compare(const void *one, const void *other);
static void list_write(list_t *list, text_t *keys);
static bool begins_with(const char *text, const char *start);


void
objects_list(objects_request_t *request)
{
    list_t      list;
    text_t      body;
    size_t      len;
    const char *value, *type;

    memset(&list, 0, sizeof(list));
    list.request = request;
    list.prefix = objects_query(request, "prefix");
    list.prefix = list.prefix != NULL ? list.prefix : "";
    list.prefix_len = strlen(list.prefix);
    list.delimiter = objects_query(request, "delimiter");
    list.delimiter = list.delimiter != NULL && *list.delimiter != '\0' ? list.delimiter : NULL;

    type = objects_query(request, "list-type");
    list.version2 = type != NULL && strcmp(type, "2") == 0;

    type = objects_query(request, "encoding-type");
    list.encode = type != NULL && strcmp(type, "url") == 0;

    value = objects_query(request, "max-keys");
    list.limit = value != NULL ? strtoul(value, NULL, 10) : OBJECTS_LIST_MAX;
    list.limit = list.limit < OBJECTS_LIST_MAX ? list.limit : OBJECTS_LIST_MAX;

    value = objects_query(request, list.version2 ? "start-after" : "marker");
    list.after = value != NULL ? value : "";

    value = objects_query(request, "continuation-token");
    if (list.version2 && value != NULL && *value != '\0') {
        list.after = (const char *) base64_decode(request->arena, value, strlen(value), &len);
        if (list.after == NULL) {
            objects_fail(request, "InvalidArgument");
            return;
        }
    }
    list.after_len = strlen(list.after);

    text_start(&list.prefixes, request->arena, 256);
    text_start(&request->xml, request->arena, 4096);

    if (list.limit > 0 && !list_walk(&list, arena_format(request->arena, "%s/buckets/%s", request->store->root, request->bucket), "")
        && request->error != NULL)
    {
        return;
    }

    body = request->xml;
    list_write(&list, &body);
}


bool
objects_folder_used(arena_t *arena, const char *path)
{
    DIR           *scan;
    bool           used;
    char           part[NAME_PART_SIZE];
    name_kind_t    kind;
    struct dirent *entry;

    scan = opendir(path);
    if (scan == NULL) {
        return false;
    }

    used = false;
    while (!used && (entry = readdir(scan)) != NULL) {
        kind = name_decode(entry->d_name, part);
        used = kind == NAME_OBJECT || (kind != NAME_OTHER && objects_folder_used(arena, arena_format(arena, "%s/%s", path, entry->d_name)));
    }

    closedir(scan);

    return used;
}


/* All keys below a folder that stands for keys beginning with `key`. false: enough, or failed. */
static bool
list_walk(list_t *list, const char *path, const char *key)
{
    char         *from, *whole, *file;
    bool          going;
    size_t        i;
    arena_t      *arena;
    const char   *delimiter;
    list_entry_t *entry;
    list_folder_t folder;

    from = NULL;
    going = true;

    do {
        /* A window's memory ends with it. */
        arena = arena_create(NULL, NULL);
        if (arena == NULL) {
            return objects_fail(list->request, "SlowDown");
        }

        folder = (list_folder_t) {.arena = arena};
        if (!list_read(list, &folder, path, key, from)) {
            arena_destroy(arena);
            return false;
        }

        free(from);
        from = folder.more ? strdup(folder.entries[folder.n - 1].part) : NULL;

        for (i = 0; going && i < folder.n; i++) {
            entry = &folder.entries[i];
            whole = arena_format(arena, "%s%s", key, entry->part);
            file = arena_format(arena, "%s/%s", path, entry->file);

            if (entry->kind == NAME_OBJECT) {
                going = list_object(list, file, whole);
                continue;
            }

            delimiter = list->delimiter != NULL && strlen(whole) > list->prefix_len && begins_with(whole, list->prefix)
                      ? strstr(whole + list->prefix_len, list->delimiter) : NULL;

            /* A whole folder that is one common prefix need not be walked, unless the listing begins inside it. */
            if (delimiter != NULL && !(list->after_len > strlen(whole) && begins_with(list->after, whole))) {
                if (objects_folder_used(arena, file)) {
                    going = list_prefix(list, whole, (size_t) (delimiter - whole) + strlen(list->delimiter));
                }
                continue;
            }

            going = list_walk(list, file, whole);
        }

        arena_destroy(arena);
    } while (going && from != NULL);

    free(from);

    return going;
}


/* The first LIST_WINDOW wanted entries of a folder after `from`, sorted. */
static bool
list_read(list_t *list, list_folder_t *folder, const char *path, const char *key, const char *from)
{
    DIR           *scan;
    char           part[NAME_PART_SIZE], whole[LIST_KEY_SIZE];
    name_kind_t    kind;
    struct dirent *found;

    folder->entries = arena_alloc(folder->arena, 2 * LIST_WINDOW * sizeof(list_entry_t));

    scan = opendir(path);
    if (scan == NULL) {
        return errno == ENOENT ? true : objects_fail_errno(list->request);
    }

    while ((found = readdir(scan)) != NULL) {
        kind = name_decode(found->d_name, part);
        if (kind == NAME_OTHER || (from != NULL && strcmp(part, from) <= 0)
            || (folder->more && strcmp(part, folder->entries[LIST_WINDOW - 1].part) > 0))
        {
            continue;
        }

        snprintf(whole, sizeof(whole), "%s%s", key, part);
        if (!list_wanted(list, whole, kind != NAME_OBJECT)) {
            continue;
        }

        folder->entries[folder->n++] = (list_entry_t) {arena_text(folder->arena, part), arena_text(folder->arena, found->d_name), kind};

        if (folder->n == 2 * LIST_WINDOW) {
            qsort(folder->entries, folder->n, sizeof(list_entry_t), list_compare);
            folder->n = LIST_WINDOW;
            folder->more = true;
        }
    }

    closedir(scan);
    qsort(folder->entries, folder->n, sizeof(list_entry_t), list_compare);

    if (folder->more && folder->n > LIST_WINDOW) {
        folder->n = LIST_WINDOW;
    }

    return true;
}


/* Could the key (or one that begins with it) be answered? */
static bool
list_wanted(const list_t *list, const char *key, bool folder)
{
    if (!begins_with(key, list->prefix) && !(folder && begins_with(list->prefix, key))) {
        return false;
    }

    if (strcmp(key, list->after) > 0) {
        return true;
    }

    /* With a delimiter, a listing that ended with a common prefix goes on behind all its keys. */
    return folder && begins_with(list->after, key) && !(list->delimiter != NULL && strcmp(list->after, key) == 0 && strlen(key) > list->prefix_len);
}


static bool
list_object(list_t *list, const char *path, const char *key)
{
    int           fd;
    arena_t      *arena;
    const char   *delimiter;
    text_t       *out;
    object_info_t info;

    if (list->delimiter != NULL) {
        delimiter = strstr(key + list->prefix_len, list->delimiter);
        if (delimiter != NULL) {
            return list_prefix(list, key, (size_t) (delimiter - key) + strlen(list->delimiter));
        }
    }

    arena = arena_create(NULL, NULL);
    if (arena == NULL) {
        return objects_fail(list->request, "SlowDown");
    }

    fd = object_open(arena, path, &info);

    if (fd < 0 || !list_room(list)) {
        if (fd >= 0) {
            close(fd);
        }
        arena_destroy(arena);
        return !list->truncated; /* it may have been removed meanwhile */
    }
    close(fd);

    out = &list->request->xml;
    text_puts(out, "<Contents>");
    list_key(list, out, "Key", key, strlen(key));
    objects_xml_time(list->request, "LastModified", info.modified);
    objects_xml_put(list->request, "ETag", arena_format(arena, "\"%s\"", info.etag));
    objects_xml_number(list->request, "Size", info.size);
    objects_xml_put(list->request, "StorageClass", info.storage_class != NULL ? info.storage_class : "STANDARD");
    text_puts(out, "</Contents>");

    list->last = arena_text(list->request->arena, key);
    arena_destroy(arena);

    return true;
}


static bool
list_prefix(list_t *list, const char *key, size_t len)
{
    /* The same one again, or that of the page before. */
    if ((list->last != NULL && strlen(list->last) == len && memcmp(list->last, key, len) == 0)
        || (list->after_len == len && memcmp(list->after, key, len) == 0))
    {
        return true;
    }

    if (!list_room(list)) {
        return false;
    }

    list->last = arena_copy(list->request->arena, key, len);
    text_puts(&list->prefixes, "<CommonPrefixes>");
    list_key(list, &list->prefixes, "Prefix", key, len);
    text_puts(&list->prefixes, "</CommonPrefixes>");

    return true;
}


static bool
list_room(list_t *list)
{
    if (list->n == list->limit) {
        list->truncated = true;
        return false;
    }

    list->n++;

    return true;
}


static void
list_key(list_t *list, text_t *out, const char *element, const char *key, size_t len)
{
    text_printf(out, "<%s>", element);

    if (list->encode) {
        uri_encode(out, key, len, "/");
    } else {
        xml_escape(out, key, len);
    }

    text_printf(out, "</%s>", element);
}


/* The whole document; `keys` are its Contents. */
static void
list_write(list_t *list, text_t *keys)
{
    text_t            *out;
    const char        *value;
    objects_request_t *request;

    request = list->request;
    objects_xml_begin(request, "ListBucketResult");
    out = &request->xml;

    objects_xml_put(request, "Name", request->bucket);
    list_key(list, out, "Prefix", list->prefix, list->prefix_len);
    if (list->delimiter != NULL) {
        list_key(list, out, "Delimiter", list->delimiter, strlen(list->delimiter));
    }
    if (list->encode) {
        objects_xml_put(request, "EncodingType", "url");
    }
    objects_xml_number(request, "MaxKeys", list->limit);
    objects_xml_put(request, "IsTruncated", list->truncated ? "true" : "false");

    if (list->version2) {
        objects_xml_number(request, "KeyCount", list->n);
        value = objects_query(request, "continuation-token");
        if (value != NULL) {
            objects_xml_put(request, "ContinuationToken", value);
        }
        if (list->truncated) {
            objects_xml_put(request, "NextContinuationToken", base64_encode(request->arena, list->last, strlen(list->last)));
        }

    } else {
        list_key(list, out, "Marker", list->after, list->after_len);
        if (list->truncated) {
            list_key(list, out, "NextMarker", list->last, strlen(list->last));
        }
    }

    text_add(out, keys->data, keys->len);
    text_add(out, list->prefixes.data, list->prefixes.len);
    objects_xml_end(request, "ListBucketResult");
}


static int
list_compare(const void *one, const void *other)
{
    int                 order;
    const list_entry_t *a, *b;

    a = one;
    b = other;
    order = strcmp(a->part, b->part);

    return order != 0 ? order : (int) a->kind - (int) b->kind;
}


static bool
begins_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}
