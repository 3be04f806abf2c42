/*
 * What a job is, as the process that does it sees it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <tator/address.h>

#include "broker_parts.h"

#define LIST_LIMIT (1UL << 20) /* bytes of a list of sources */


static bool task_of_file(broker_t *broker);
static bool task_of_image(broker_t *broker);
static bool task_of_transcode(broker_t *broker);
static bool source_add(broker_t *broker, const char *url, unsigned flags);
static bool list_read(broker_t *broker, const char *url);
static bool list_add(broker_t *broker, const json_t *list, const char *url);
static bool is_list(const char *url, const char *name);
static bool type_hide(broker_t *broker);


bool
task_make(broker_t *broker)
{
    const order_t *order = broker->order;

    broker->task = json_object();
    if (broker->task == NULL) {
        return fault_set(&broker->fault, true, "no memory");
    }

    json_object_set_new(broker->task, "kind", json_string(order->kind));
    json_object_set_new(broker->task, "attempt", json_integer(order->attempt));
    json_object_set_new(broker->task, "media_id", json_integer(broker->media));

    if (order->path != NULL) {
        return task_of_file(broker);
    }

    if (broker->host == NULL || broker->token == NULL || broker->project <= 0 || broker->media <= 0 ||
        broker_text(order->spec, "url") == NULL) {
        return fault_set(&broker->fault, false, "the job's spec lacks url, host, token, project or media_id");
    }

    return strcmp(order->kind, "images") == 0 ? task_of_image(broker) : task_of_transcode(broker);
}


const char *
broker_text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}


static bool
task_of_file(broker_t *broker)
{
    const char   *base = strrchr(broker->order->path, '/');
    const order_t *order = broker->order;

    broker->type = order->type != NULL ? json_loads(order->type, 0, NULL)
                                       : json_pack("{s:[{s:{s:s}}]}", "archive_config", "encode", "vcodec", "copy");

    if (!json_is_object(broker->type)) {
        return fault_set(&broker->fault, false, "the type is not JSON");
    }

    json_object_set_new(broker->task, "media", json_object());
    if (!type_hide(broker)) {
        return fault_set(&broker->fault, true, "no memory");
    }

    json_object_set_new(broker->task, "force_fps", json_real(order->force_fps));
    json_object_set_new(broker->task, "name", json_string(base != NULL ? base + 1 : order->path));

    if (!source_add(broker, order->path, SOURCE_FILE | SOURCE_TRUSTED)) {
        return false;
    }

    if (strcmp(order->kind, "file") == 0 && is_list(order->path, order->path) && !list_read(broker, order->path)) {
        return false;
    }

    json_object_set_new(broker->task, "sources", json_integer((json_int_t) broker->n_sources));

    return true;
}


static bool
task_of_image(broker_t *broker)
{
    const char   *thumbnail, *base, *end;
    const json_t *spec = broker->order->spec;

    json_object_set_new(broker->task, "reference_only",
                        json_boolean(json_integer_value(json_object_get(spec, "reference_only")) == 1));

    if (!source_add(broker, broker_text(spec, "url"), json_is_true(json_object_get(spec, "trusted")) ? SOURCE_TRUSTED : 0)) {
        return false;
    }

    thumbnail = broker_text(spec, "thumbnail_url");
    if (thumbnail == NULL || *thumbnail == '\0') {
        return true;
    }

    end = thumbnail + strcspn(thumbnail, "?#");
    for (base = end; base > thumbnail && base[-1] != '/'; base--) {
        /* to the last slash of the path */
    }

    json_object_set_new(broker->task, "thumbnail", json_stringn(base, (size_t) (end - base)));
    json_object_set_new(broker->task, "name", json_string(broker_text(spec, "name")));

    return source_add(broker, thumbnail, json_is_true(json_object_get(spec, "thumbnail_trusted")) ? SOURCE_TRUSTED : 0);
}


static bool
task_of_transcode(broker_t *broker)
{
    bool          good = false;
    char          path[64];
    json_t       *row = NULL;
    rest_t       *rest = rest_open(broker->host, broker->token);
    const char   *url = broker_text(broker->order->spec, "url");
    const json_t *spec = broker->order->spec;

    if (rest == NULL) {
        return fault_set(&broker->fault, true, "no memory");
    }

    snprintf(path, sizeof(path), "/rest/Media/%ld", (long) broker->media);
    if (rest_call(rest, "GET", path, NULL, &row) != 200) {
        fault_of(&broker->fault, FAULT_SERVER, rest->again, "%s", rest->error);
        goto done;
    }

    snprintf(path, sizeof(path), "/rest/MediaType/%ld", (long) json_integer_value(json_object_get(row, "type")));
    if (rest_call(rest, "GET", path, NULL, &broker->type) != 200) {
        fault_of(&broker->fault, FAULT_SERVER, rest->again, "%s", rest->error);
        goto done;
    }

    json_object_set(broker->task, "media", row);
    if (!type_hide(broker)) {
        fault_set(&broker->fault, true, "no memory");
        goto done;
    }

    json_object_set_new(broker->task, "name", json_string(broker_text(spec, "name")));
    json_object_set_new(broker->task, "made", json_boolean(json_is_true(json_object_get(spec, "made"))));
    json_object_set(broker->task, "force_fps", json_object_get(spec, "force_fps"));

    good = source_add(broker, url, json_is_true(json_object_get(spec, "trusted")) ? SOURCE_TRUSTED : 0) &&
           (!is_list(url, broker_text(spec, "name")) || list_read(broker, url));

    json_object_set_new(broker->task, "sources", json_integer((json_int_t) broker->n_sources));

done:

    json_decref(row);
    rest_close(rest);

    return good;
}


/* The type as the other side sees it: with the numbers of foreign buckets in place of their keys. */
static bool
type_hide(broker_t *broker)
{
    size_t  i;
    json_t *type = json_deep_copy(broker->type), *entry;

    json_array_foreach(json_object_get(type, "archive_config"), i, entry)
    {
        if (json_is_object(json_object_get(entry, "s3_storage"))) {
            json_object_set_new(entry, "s3_storage", json_pack("{s:i}", "entry", (int) i));
        }
    }

    return type != NULL && json_object_set_new(broker->task, "type", type) == 0;
}


static bool
source_add(broker_t *broker, const char *url, unsigned flags)
{
    if (broker->n_sources == SOURCES) {
        return fault_of(&broker->fault, FAULT_LIMIT, false, "the list has more than %d files", SOURCES);
    }

    broker->sources[broker->n_sources] = (origin_t){strdup(url), flags};

    return broker->sources[broker->n_sources++].url != NULL || fault_set(&broker->fault, true, "no memory");
}


/* A .json source is a list of files that are to be put together (contract/media.md §18): its entries take its place. */
static bool
list_read(broker_t *broker, const char *url)
{
    bool      good;
    char     *data;
    size_t    len;
    json_t   *list;
    origin_t  origin = broker->sources[0];
    source_t *source = source_open(origin.url, origin.flags, &broker->fault);

    data = source != NULL ? source_whole(source, LIST_LIMIT, &len) : NULL;
    source_close(source);

    if (data == NULL) {
        return false;
    }

    list = json_loadb(data, len, 0, NULL);
    free(data);

    broker->n_sources = 0;
    good = (json_is_array(list) && json_array_size(list) > 0 && list_add(broker, list, url)) ||
           fault_of(&broker->fault, FAULT_MEDIA, false, "the list of files is no JSON list of URLs");
    json_object_set_new(broker->task, "list", json_true());

    json_decref(list);
    free(origin.url);

    return good;
}


/* An entry may lead to private addresses when the list may and is of the same origin, or when it is configured so. */
static bool
list_add(broker_t *broker, const json_t *list, const char *url)
{
    bool          file = broker->order->path != NULL, trusted;
    size_t        i;
    unsigned      flags = broker->order->spec != NULL && json_is_true(json_object_get(broker->order->spec, "trusted"));
    const json_t *entry;
    const char   *address, *origins = getenv("SERVER_SIDE_REQUEST_ORIGINS");

    json_array_foreach(list, i, entry)
    {
        address = json_string_value(entry);
        if (address == NULL) {
            return false;
        }

        trusted = file || (flags && address_same_origin(url, address)) || address_origin_listed(origins, address);

        if (!trusted && origins != NULL && origins[strspn(origins, " ,")] != '\0') {
            return fault_of(&broker->fault, FAULT_REFUSED, false, "%.200s is not from an allowed origin", address);
        }

        if (!source_add(broker, address, (trusted ? SOURCE_TRUSTED : 0) | (file ? SOURCE_FILE : 0))) {
            return false;
        }
    }

    return true;
}


static bool
is_list(const char *url, const char *name)
{
    size_t len = strcspn(url, "?#"), n = name != NULL ? strlen(name) : 0;

    return (len > 5 && strncasecmp(url + len - 5, ".json", 5) == 0) || (n > 5 && strcasecmp(name + n - 5, ".json") == 0);
}
