/*
 * Answering the process that reads foreign media.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tator/crypto.h>

#include "broker_parts.h"
#include "foreign.h"
#include "publish.h"

#define MADE       100000
#define READ_LIMIT (4 << 20)


static bool on_task(lane_t *lane);
static bool on_source(lane_t *lane);
static bool on_read(lane_t *lane);
static bool on_sink(lane_t *lane);
static bool on_write(lane_t *lane);
static bool on_finish(lane_t *lane);
static bool on_close(lane_t *lane);
static bool on_add(lane_t *lane);
static bool on_set(lane_t *lane);
static bool on_media(lane_t *lane);
static bool on_make(lane_t *lane);
static bool on_drop(lane_t *lane);
static bool on_types(lane_t *lane);
static bool on_annotated(lane_t *lane);
static bool on_annotate(lane_t *lane);
static bool reply(lane_t *lane, int64_t a, const void *data, size_t len);
static bool reply_json(lane_t *lane, const json_t *value);
static json_t *question_json(lane_t *lane);
static destination_t *destination_open(lane_t *lane, int64_t media);
static void destination_close(lane_t *lane, int64_t media, destination_t *destination);
static destination_t *bucket_open(lane_t *lane, int64_t entry);
static destination_t *folder_open(lane_t *lane, int64_t media);
static bool is_ours(broker_t *broker, int64_t media);
static bool made_add(broker_t *broker, int64_t media);
static json_t *media_spec(lane_t *lane, const json_t *wish);
static int64_t image_type(lane_t *lane);
static int64_t media_known(lane_t *lane, const char *uid);
static bool call(lane_t *lane, const char *method, const char *path, const json_t *body, json_t **answer);
static bool is_kind(const char *kind);
static bool is_family(const char *family);

typedef bool (*handler_t)(lane_t *lane);

static const handler_t handlers[] = {
    [LANE_TASK] = on_task,   [LANE_SOURCE] = on_source, [LANE_READ] = on_read,   [LANE_SINK] = on_sink,
    [LANE_WRITE] = on_write, [LANE_FINISH] = on_finish, [LANE_CLOSE] = on_close, [LANE_ADD] = on_add,
    [LANE_SET] = on_set,     [LANE_MEDIA] = on_media,   [LANE_MAKE] = on_make,   [LANE_DROP] = on_drop,
    [LANE_TYPES] = on_types, [LANE_ANNOTATED] = on_annotated, [LANE_ANNOTATE] = on_annotate,
};


bool
lane_answer(lane_t *lane)
{
    uint32_t       what = lane->question.what;
    const fault_t *fault = &lane->fault;

    lane->fault.set = false;

    if (what < sizeof(handlers) / sizeof(handlers[0]) && handlers[what] != NULL && handlers[what](lane)) {
        return true;
    }

    if (!fault->set && lane->broker->folder_fault.set) {
        fault_set(&lane->fault, false, "%s", lane->broker->folder_fault.text);
    }

    if (!fault->set) {
        fault_of(&lane->fault, FAULT_CRASH, false, "the job's process asked for something strange");
    }

    return lane_send(lane->socket, 1, fault->kind, fault->again, fault->text, strlen(fault->text));
}


void
lane_clear(lane_t *lane)
{
    if (lane->sink != NULL) {
        lane->sink->close(lane->sink);
        lane->sink = NULL;
    }

    if (lane->destination != NULL) {
        destination_close(lane, lane->media, lane->destination);
        lane->destination = NULL;
    }

    source_close(lane->source);
    lane->source = NULL;
}


static bool
on_task(lane_t *lane)
{
    broker_t *broker = lane->broker;

    return broker->task != NULL ? reply_json(lane, broker->task)
                                : fault_of(&lane->fault, broker->fault.kind, broker->fault.again, "%s", broker->fault.text);
}


static bool
on_source(lane_t *lane)
{
    int64_t   number = lane->question.a;
    origin_t *origin;

    if (lane->source != NULL || lane->sink != NULL || number < 0 || (size_t) number >= lane->broker->n_sources) {
        return false;
    }

    origin = &lane->broker->sources[number];
    lane->source = source_open(origin->url, origin->flags, &lane->fault);

    return lane->source != NULL && reply(lane, source_size(lane->source), NULL, 0);
}


static bool
on_read(lane_t *lane)
{
    int64_t got, wanted = lane->question.b;

    if (lane->source == NULL || lane->question.a < 0 || wanted < 0 || wanted > READ_LIMIT) {
        return false;
    }

    if (lane->bytes == NULL) {
        lane->bytes = malloc(READ_LIMIT);
        if (lane->bytes == NULL) {
            return fault_set(&lane->fault, true, "no memory");
        }
    }

    got = source_read(lane->source, lane->question.a, lane->bytes, (size_t) wanted);

    return got >= 0 && reply(lane, source_size(lane->source), lane->bytes, (size_t) got);
}


static bool
on_sink(lane_t *lane)
{
    const char *name = lane->question.data, *bad;

    /* A name, not a path. */
    bad = strpbrk(name, "/\\");
    if (lane->sink != NULL || lane->source != NULL || bad != NULL || *name == '\0' || *name == '.' || strlen(name) > 100) {
        return false;
    }

    lane->media = lane->question.a;
    lane->destination = destination_open(lane, lane->media);
    if (lane->destination == NULL) {
        return false;
    }

    lane->sink = lane->destination->open(lane->destination, name, lane->question.b);

    return lane->sink != NULL && reply(lane, 0, NULL, 0);
}


static bool
on_write(lane_t *lane)
{
    return lane->sink != NULL && lane->sink->write(lane->sink, lane->question.data, lane->question.len) && reply(lane, 0, NULL, 0);
}


static bool
on_finish(lane_t *lane)
{
    return lane->sink != NULL && lane->sink->finish(lane->sink) && reply(lane, 0, lane->sink->key, strlen(lane->sink->key));
}


static bool
on_close(lane_t *lane)
{
    lane_clear(lane);

    return reply(lane, 0, NULL, 0);
}


static bool
on_add(lane_t *lane)
{
    bool           good;
    json_t        *body = question_json(lane), *definition = json_object_get(body, "definition");
    const char    *family = broker_text(body, "family"), *role = broker_text(body, "role");
    destination_t *destination = destination_open(lane, lane->question.a);

    if (json_is_null(json_object_get(definition, "path"))) { /* the source's own address, which only this side knows */
        json_object_set_new(definition, "path", json_string(lane->broker->sources[0].url));
    }

    good = destination != NULL && family != NULL && role != NULL && definition != NULL &&
           is_family(family) && strspn(role, "abcdefghijklmnopqrstuvwxyz_") == strlen(role) &&
           destination->add(destination, family, role, json_incref(definition)) && reply(lane, 0, NULL, 0);

    destination_close(lane, lane->question.a, destination);
    json_decref(body);

    return good;
}


static bool
on_set(lane_t *lane)
{
    bool           good;
    json_t        *body = question_json(lane);
    destination_t *destination = destination_open(lane, lane->question.a);

    good = destination != NULL && body != NULL && destination->set(destination, json_incref(body)) && reply(lane, 0, NULL, 0);

    destination_close(lane, lane->question.a, destination);
    json_decref(body);

    return good;
}


static bool
on_media(lane_t *lane)
{
    bool    good;
    char    path[64];
    json_t *row = NULL;

    if (lane->broker->order->directory != NULL) {
        return reply(lane, 0, "{}", 2);
    }

    snprintf(path, sizeof(path), "/rest/Media/%ld", (long) lane->question.a);
    good = is_ours(lane->broker, lane->question.a) && call(lane, "GET", path, NULL, &row) && reply_json(lane, row);
    json_decref(row);

    return good;
}


/* A media of an archive. One that an earlier try has made is found again by its uid. */
static bool
on_make(lane_t *lane)
{
    bool        good = false;
    char        path[512];
    json_t     *wish = question_json(lane), *spec = NULL, *answer = NULL;
    int64_t     media = 0;
    broker_t   *broker = lane->broker;
    const char *uid;

    if (wish == NULL) {
        return false;
    }

    if (broker->order->directory != NULL) {
        pthread_mutex_lock(&broker->lock);
        media = (int64_t) broker->n_made + 1;
        pthread_mutex_unlock(&broker->lock);

        snprintf(path, sizeof(path), "%s/%ld", broker->order->directory, (long) media);
        good = (mkdir(path, 0777) == 0 || access(path, W_OK) == 0) && made_add(broker, media) && reply(lane, media, NULL, 0);
        goto done;
    }

    spec = media_spec(lane, wish);
    if (spec == NULL) {
        goto done;
    }

    uid = broker_text(spec, "uid");
    media = broker->order->attempt > 1 ? media_known(lane, uid) : 0;

    if (media == 0) {
        snprintf(path, sizeof(path), "/rest/Medias/%ld", (long) broker->project);
        if (!call(lane, "POST", path, spec, &answer)) {
            goto done;
        }

        media = json_integer_value(json_object_get(answer, "id"));
    }

    good = media > 0 && made_add(broker, media) && reply(lane, media, NULL, 0);

done:

    json_decref(answer);
    json_decref(spec);
    json_decref(wish);

    return good;
}


static bool
on_drop(lane_t *lane)
{
    char      path[64];
    broker_t *broker = lane->broker;

    if (broker->order->directory != NULL) {
        return reply(lane, 0, NULL, 0);
    }

    snprintf(path, sizeof(path), "/rest/Media/%ld", (long) broker->media);

    return lane->question.a == broker->media && json_is_true(json_object_get(broker->order->spec, "made")) &&
           call(lane, "DELETE", path, NULL, NULL) && reply(lane, 0, NULL, 0);
}


/* Types of annotations. */
static bool
on_types(lane_t *lane)
{
    bool    good;
    char    path[64];
    json_t *localizations = NULL, *states = NULL, *all = NULL;
    long    project = (long) lane->broker->project;

    if (lane->broker->order->directory != NULL) {
        return reply(lane, 0, "{}", 2);
    }

    snprintf(path, sizeof(path), "/rest/LocalizationTypes/%ld", project);
    good = call(lane, "GET", path, NULL, &localizations);
    snprintf(path, sizeof(path), "/rest/StateTypes/%ld", project);
    good = good && call(lane, "GET", path, NULL, &states);

    all = json_pack("{s:O*,s:O*}", "Localizations", localizations, "States", states);
    good = good && reply_json(lane, all);

    json_decref(all);
    json_decref(localizations);
    json_decref(states);

    return good;
}


static bool
on_annotated(lane_t *lane)
{
    bool        good;
    char        path[160];
    json_t     *body = question_json(lane), *count = NULL;
    const char *kind = broker_text(body, "kind");

    if (lane->broker->order->attempt == 1 || lane->broker->order->directory != NULL) {
        json_decref(body);
        return reply(lane, 0, NULL, 0);
    }

    good = kind != NULL && is_kind(kind) && is_ours(lane->broker, lane->question.a);

    if (good) {
        snprintf(path, sizeof(path), "/rest/%.*sCount/%ld?media_id=%ld&type=%ld", (int) strlen(kind) - 1, kind,
                 (long) lane->broker->project, (long) lane->question.a,
                 (long) json_integer_value(json_object_get(body, "type")));
        good = call(lane, "GET", path, NULL, &count) && reply(lane, json_integer_value(count), NULL, 0);
    }

    json_decref(count);
    json_decref(body);

    return good;
}


static bool
on_annotate(lane_t *lane)
{
    bool          good;
    char          path[64];
    size_t        i;
    json_t       *body = question_json(lane), *list = json_object_get(body, "list");
    const char   *kind = broker_text(body, "kind");
    const json_t *entry, *media;

    good = kind != NULL && is_kind(kind) && json_is_array(list);

    json_array_foreach(list, i, entry)
    {
        media = json_object_get(entry, "media_id");
        media = media != NULL ? media : json_array_get(json_object_get(entry, "media_ids"), 0);
        good = good && is_ours(lane->broker, json_integer_value(media)) &&
               json_array_size(json_object_get(entry, "media_ids")) <= 1;
    }

    if (good && lane->broker->order->directory == NULL) {
        snprintf(path, sizeof(path), "/rest/%s/%ld", kind, (long) lane->broker->project);
        good = call(lane, "POST", path, list, NULL);
    }

    json_decref(body);

    return good && reply(lane, 0, NULL, 0);
}


static bool
reply(lane_t *lane, int64_t a, const void *data, size_t len)
{
    return lane_send(lane->socket, 0, a, 0, data, len);
}


static bool
reply_json(lane_t *lane, const json_t *value)
{
    bool  good;
    char *written = json_dumps(value, JSON_COMPACT);

    if (written == NULL) {
        return fault_set(&lane->fault, true, "no memory");
    }

    good = reply(lane, 0, written, strlen(written));
    free(written);

    return good;
}


static json_t *
question_json(lane_t *lane)
{
    return json_loadb(lane->question.data, lane->question.len, 0, NULL);
}


static destination_t *
destination_open(lane_t *lane, int64_t media)
{
    broker_t      *broker = lane->broker;
    destination_t *destination;

    if (media < 0) {
        return bucket_open(lane, -1 - media);
    }

    if (!is_ours(broker, media)) {
        return NULL;
    }

    destination = broker->order->directory != NULL
                      ? folder_open(lane, media)
                      : publish_open(broker->host, broker->token, broker->project, media,
                                           json_object_get(broker->order->spec, "uploads"), &lane->fault);

    if (destination == NULL) {
        fault_set(&lane->fault, true, "no memory");
    }

    return destination;
}


static void
destination_close(lane_t *lane, int64_t media, destination_t *destination)
{
    if (media < 0) {
        foreign_close(destination);
    } else if (lane->broker->order->directory == NULL) {
        publish_close(destination);
    }
}


/* Of an entry of archive_config: its keys are known to this side alone. */
static destination_t *
bucket_open(lane_t *lane, int64_t entry)
{
    char          prefix[64] = "";
    broker_t     *broker = lane->broker;
    const json_t *storage;

    storage = json_object_get(json_array_get(json_object_get(broker->type, "archive_config"), (size_t) entry), "s3_storage");

    if (broker->media > 0) {
        snprintf(prefix, sizeof(prefix), "%ld/%ld/", (long) broker->project, (long) broker->media);
    }

    return json_is_object(storage) ? foreign_open(storage, prefix, &lane->fault) : NULL;
}


static destination_t *
folder_open(lane_t *lane, int64_t media)
{
    char           path[1024];
    size_t         i;
    broker_t      *broker = lane->broker;
    folder_t      *grown;
    destination_t *destination = NULL;

    pthread_mutex_lock(&broker->lock);

    for (i = 0; i < broker->n_folders; i++) {
        if (broker->folders[i].media == media) {
            destination = broker->folders[i].destination;
        }
    }

    grown = destination == NULL ? realloc(broker->folders, (broker->n_folders + 1) * sizeof(folder_t)) : NULL;

    if (grown != NULL) {
        broker->folders = grown;

        if (media > 0) {
            snprintf(path, sizeof(path), "%s/%ld", broker->order->directory, (long) media);
        } else {
            snprintf(path, sizeof(path), "%s", broker->order->directory);
        }

        destination = directory_open(path, &broker->folder_fault);
        if (destination != NULL) {
            broker->folders[broker->n_folders++] = (folder_t){media, destination};
        }
    }

    pthread_mutex_unlock(&broker->lock);

    return destination;
}


/* The job's own media, or one that was made for it. */
static bool
is_ours(broker_t *broker, int64_t media)
{
    bool   found = media == broker->media;
    size_t i;

    pthread_mutex_lock(&broker->lock);

    for (i = 0; !found && i < broker->n_made; i++) {
        found = broker->made[i] == media;
    }

    pthread_mutex_unlock(&broker->lock);

    return found;
}


static bool
made_add(broker_t *broker, int64_t media)
{
    int64_t *grown;

    pthread_mutex_lock(&broker->lock);

    grown = broker->n_made < MADE ? realloc(broker->made, (broker->n_made + 1) * sizeof(int64_t)) : NULL;
    if (grown != NULL) {
        broker->made = grown;
        broker->made[broker->n_made++] = media;
    }

    pthread_mutex_unlock(&broker->lock);

    return grown != NULL;
}


/* name, md5, image and number are the other side's wishes; the rest is as in the job. */
static json_t *
media_spec(lane_t *lane, const json_t *wish)
{
    char          uid[40], seed[128];
    json_t       *spec, *section;
    int64_t       type;
    unsigned char hash[MD5_LENGTH];
    broker_t     *broker = lane->broker;
    const json_t *job = broker->order->spec;

    type = json_is_true(json_object_get(wish, "image")) ? image_type(lane) : json_integer_value(json_object_get(broker->type, "id"));
    if (type <= 0) {
        return NULL;
    }

    snprintf(seed, sizeof(seed), "%.60s %ld", broker_text(job, "uid") ? broker_text(job, "uid") : "",
             (long) json_integer_value(json_object_get(wish, "number")));
    md5(hash, seed, strlen(seed));
    snprintf(uid, sizeof(uid), "%02x%02x%02x%02x-%02x%02x-3%x%02x-8%x%02x-%02x%02x%02x%02x%02x%02x", hash[0], hash[1], hash[2],
             hash[3], hash[4], hash[5], hash[6] & 15, hash[7], hash[8] & 15, hash[9], hash[10], hash[11], hash[12], hash[13],
             hash[14], hash[15]);

    spec = json_pack("{s:I,s:s,s:s*,s:s,s:s*,s:O*}", "type", (json_int_t) type, "uid", uid, "name", broker_text(wish, "name"), "md5",
                     broker_text(wish, "md5") ? broker_text(wish, "md5") : "", "gid", broker_text(job, "gid"), "attributes",
                     json_is_object(json_object_get(job, "attributes")) ? json_object_get(job, "attributes") : NULL);
    section = json_object_get(json_object_get(broker->task, "media"), "primary_section");

    if (spec != NULL && json_integer_value(section) > 0) {
        json_object_set(spec, "section_id", section);
    }

    if (spec == NULL) {
        fault_set(&lane->fault, true, "no memory");
    }

    return spec;
}


/* The project's first type of images. 0: the fault is noted. */
static int64_t
image_type(lane_t *lane)
{
    char          path[64];
    size_t        i;
    json_t       *types = NULL;
    int64_t       found = lane->broker->image_type, id;
    const json_t *type;

    if (found > 0) {
        return found;
    }

    snprintf(path, sizeof(path), "/rest/MediaTypes/%ld", (long) lane->broker->project);
    if (!call(lane, "GET", path, NULL, &types)) {
        return 0;
    }

    json_array_foreach(types, i, type)
    {
        id = json_integer_value(json_object_get(type, "id"));
        if (broker_text(type, "dtype") != NULL && strcmp(broker_text(type, "dtype"), "image") == 0 && (found == 0 || id < found)) {
            found = id;
        }
    }

    json_decref(types);
    lane->broker->image_type = found;

    if (found == 0) {
        fault_of(&lane->fault, FAULT_REFUSED, false, "the archive has images, but the project has no media type for them");
    }

    return found;
}


static int64_t
media_known(lane_t *lane, const char *uid)
{
    char    path[128];
    json_t *found = NULL;
    int64_t media = 0;

    snprintf(path, sizeof(path), "/rest/Medias/%ld?uid=%s", (long) lane->broker->project, uid);

    if (call(lane, "GET", path, NULL, &found)) {
        media = json_integer_value(json_object_get(json_array_get(found, 0), "id"));
    }

    json_decref(found);

    return media;
}


static bool
call(lane_t *lane, const char *method, const char *path, const json_t *body, json_t **answer)
{
    int status;

    if (lane->rest == NULL) {
        lane->rest = rest_open(lane->broker->host, lane->broker->token);
        if (lane->rest == NULL) {
            return fault_set(&lane->fault, true, "no memory");
        }
    }

    status = rest_call(lane->rest, method, path, body, answer);

    return status == 200 || status == 201 || fault_of(&lane->fault, FAULT_SERVER, lane->rest->again, "%s", lane->rest->error);
}


static bool
is_kind(const char *kind)
{
    return strcmp(kind, "Localizations") == 0 || strcmp(kind, "States") == 0;
}


static bool
is_family(const char *family)
{
    return strcmp(family, "VideoFiles") == 0 || strcmp(family, "AudioFiles") == 0 || strcmp(family, "ImageFiles") == 0;
}
