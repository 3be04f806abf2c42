/*
 * Answering the process that reads foreign media.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tator/address.h>
#include <tator/crypto.h>

#include "broker.h"
#include "common/log.h"
#include "common/rest.h"
#include "destination.h"
#include "foreign.h"
#include "lane.h"
#include "publish.h"
#include "source.h"

#define STACK       (512 << 10) /* of a lane's thread */
#define SOURCES     1000
#define MADE        100000
#define LIST_LIMIT  (1UL << 20) /* bytes of a list of sources */
#define READ_LIMIT  (4 << 20)

typedef struct {
    char    *url;
    unsigned flags;
} origin_t;

/* Results in a directory, for work by hand: one of each media. */
typedef struct {
    int64_t        media;
    destination_t *destination;
} folder_t;

typedef struct {
    broker_t      *broker;
    int            socket;
    pthread_t      thread;
    bool           running;
    lane_message_t question;
    fault_t        fault;
    source_t      *source;
    sink_t        *sink;
    destination_t *destination; /* of the sink */
    int64_t        media;       /* of the destination */
    rest_t        *rest;
    char          *bytes; /* of the source's last read */
} lane_t;

struct broker_s {
    const order_t  *order;
    const char     *host, *token;
    int64_t         project, media;
    json_t         *task; /* NULL: it could not be made, `fault` says why */
    fault_t         fault;
    origin_t        sources[SOURCES];
    size_t          n_sources;
    pthread_mutex_t lock; /* of the following */
    int64_t        *made;
    size_t          n_made;
    folder_t       *folders;
    size_t          n_folders;
    fault_t         folder_fault; /* of all of them */
    int64_t         image_type; /* 0: not looked for yet */
    json_t         *type;       /* the media's type */
    lane_t          lanes[LANES];
};


static bool           task_make(broker_t *broker);
static bool           task_of_file(broker_t *broker);
static bool           task_of_image(broker_t *broker);
static bool           task_of_transcode(broker_t *broker);
static bool           source_add(broker_t *broker, const char *url, unsigned flags);
static bool           list_read(broker_t *broker, const char *url);
static bool           list_add(broker_t *broker, const json_t *list, const char *url);
static bool           is_list(const char *url, const char *name);
static bool           same_origin(const char *one, const char *other);
static void          *lane_run(void *lane);
static bool           lane_answer(lane_t *lane);
static void           lane_clear(lane_t *lane);
static bool           on_task(lane_t *lane);
static bool           on_source(lane_t *lane);
static bool           on_read(lane_t *lane);
static bool           on_sink(lane_t *lane);
static bool           on_write(lane_t *lane);
static bool           on_finish(lane_t *lane);
static bool           on_close(lane_t *lane);
static bool           on_add(lane_t *lane);
static bool           on_set(lane_t *lane);
static bool           on_media(lane_t *lane);
static bool           on_make(lane_t *lane);
static bool           on_drop(lane_t *lane);
static bool           on_types(lane_t *lane);
static bool           on_annotated(lane_t *lane);
static bool           on_annotate(lane_t *lane);
static bool           reply(lane_t *lane, int64_t a, const void *data, size_t len);
static bool           reply_json(lane_t *lane, const json_t *value);
static json_t        *question_json(lane_t *lane);
static destination_t *destination_open(lane_t *lane, int64_t media);
static void           destination_close(lane_t *lane, int64_t media, destination_t *destination);
static destination_t *bucket_open(lane_t *lane, int64_t entry);
static bool           type_hide(broker_t *broker);
static destination_t *folder_open(lane_t *lane, int64_t media);
static bool           is_ours(broker_t *broker, int64_t media);
static bool           made_add(broker_t *broker, int64_t media);
static json_t        *media_spec(lane_t *lane, const json_t *wish);
static int64_t        image_type(lane_t *lane);
static int64_t        media_known(lane_t *lane, const char *uid);
static bool           call(lane_t *lane, const char *method, const char *path, const json_t *body, json_t **answer);
static const char    *text(const json_t *object, const char *name);
static bool           is_kind(const char *kind);
static bool           is_family(const char *family);

typedef bool (*handler_t)(lane_t *lane);

static const handler_t handlers[] = {
    [LANE_TASK] = on_task,   [LANE_SOURCE] = on_source, [LANE_READ] = on_read,   [LANE_SINK] = on_sink,
    [LANE_WRITE] = on_write, [LANE_FINISH] = on_finish, [LANE_CLOSE] = on_close, [LANE_ADD] = on_add,
    [LANE_SET] = on_set,     [LANE_MEDIA] = on_media,   [LANE_MAKE] = on_make,   [LANE_DROP] = on_drop,
    [LANE_TYPES] = on_types, [LANE_ANNOTATED] = on_annotated, [LANE_ANNOTATE] = on_annotate,
};


broker_t *
broker_open(const int lanes[], const order_t *order)
{
    int       i;
    broker_t *broker = calloc(1, sizeof(broker_t));

    if (broker == NULL) {
        return NULL;
    }

    broker->order = order;
    broker->host = text(order->spec, "host");
    broker->token = text(order->spec, "token");
    broker->project = json_integer_value(json_object_get(order->spec, "project"));
    broker->media = json_integer_value(json_object_get(order->spec, "media_id"));
    broker->fault = broker->folder_fault = (fault_t) FAULT_INITIALIZER;
    pthread_mutex_init(&broker->lock, NULL);

    for (i = 0; i < LANES; i++) {
        broker->lanes[i].broker = broker;
        broker->lanes[i].socket = lanes[i];
        broker->lanes[i].fault = (fault_t) FAULT_INITIALIZER;
    }

    return broker;
}


bool
broker_serve(broker_t *broker, fault_t *fault)
{
    int            i;
    bool           good = true;
    pthread_attr_t attributes;

    if (!task_make(broker)) {
        json_decref(broker->task);
        broker->task = NULL;
        fault_of(fault, broker->fault.kind, broker->fault.again, "%s", broker->fault.text);
    }

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);

    for (i = 0; i < LANES; i++) {
        broker->lanes[i].running = pthread_create(&broker->lanes[i].thread, &attributes, lane_run, &broker->lanes[i]) == 0;
        good = good && (broker->lanes[i].running || fault_set(fault, true, "no thread"));
    }

    pthread_attr_destroy(&attributes);

    return good && broker->task != NULL;
}


/* One that can not be sent is no reason to call the job failed. */
void
broker_mail(broker_t *broker)
{
    char          path[64];
    rest_t       *rest;
    const json_t *mail = json_object_get(broker->order->spec, "email_spec");

    if (!json_is_object(mail) || json_object_size(mail) == 0) {
        return;
    }

    rest = rest_open(broker->host, broker->token);
    snprintf(path, sizeof(path), "/rest/Email/%ld", (long) broker->project);

    if (rest == NULL || rest_call(rest, "POST", path, mail, NULL) != 201) {
        log_warning("the mail of media %ld was not sent: %s", (long) broker->media, rest ? rest->error : "no memory");
    }

    rest_close(rest);
}


void
broker_close(broker_t *broker)
{
    int    i;
    size_t k;

    for (i = 0; i < LANES; i++) {
        if (broker->lanes[i].running) {
            pthread_join(broker->lanes[i].thread, NULL);
        }

        lane_clear(&broker->lanes[i]);
        rest_close(broker->lanes[i].rest);
        free(broker->lanes[i].question.data);
        free(broker->lanes[i].bytes);
        close(broker->lanes[i].socket);
    }

    for (k = 0; k < broker->n_sources; k++) {
        free(broker->sources[k].url);
    }

    pthread_mutex_destroy(&broker->lock);
    json_decref(broker->task);
    json_decref(broker->type);

    for (k = 0; k < broker->n_folders; k++) {
        directory_close(broker->folders[k].destination);
    }

    free(broker->folders);
    free(broker->made);
    free(broker);
}


/* What the other side is to know: no address, no token. */
static bool
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
        text(order->spec, "url") == NULL) {
        return fault_set(&broker->fault, false, "the job's spec lacks url, host, token, project or media_id");
    }

    return strcmp(order->kind, "images") == 0 ? task_of_image(broker) : task_of_transcode(broker);
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

    if (!source_add(broker, text(spec, "url"), json_is_true(json_object_get(spec, "trusted")) ? SOURCE_TRUSTED : 0)) {
        return false;
    }

    thumbnail = text(spec, "thumbnail_url");
    if (thumbnail == NULL || *thumbnail == '\0') {
        return true;
    }

    end = thumbnail + strcspn(thumbnail, "?#");
    for (base = end; base > thumbnail && base[-1] != '/'; base--) {
        /* to the last slash of the path */
    }

    json_object_set_new(broker->task, "thumbnail", json_stringn(base, (size_t) (end - base)));
    json_object_set_new(broker->task, "name", json_string(text(spec, "name")));

    return source_add(broker, thumbnail, json_is_true(json_object_get(spec, "thumbnail_trusted")) ? SOURCE_TRUSTED : 0);
}


static bool
task_of_transcode(broker_t *broker)
{
    bool          good = false;
    char          path[64];
    json_t       *row = NULL;
    rest_t       *rest = rest_open(broker->host, broker->token);
    const char   *url = text(broker->order->spec, "url");
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

    json_object_set_new(broker->task, "name", json_string(text(spec, "name")));
    json_object_set_new(broker->task, "made", json_boolean(json_is_true(json_object_get(spec, "made"))));
    json_object_set(broker->task, "force_fps", json_object_get(spec, "force_fps"));

    good = source_add(broker, url, json_is_true(json_object_get(spec, "trusted")) ? SOURCE_TRUSTED : 0) &&
           (!is_list(url, text(spec, "name")) || list_read(broker, url));

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

        trusted = file || (flags && same_origin(url, address)) || address_origin_listed(origins, address);

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


static bool
same_origin(const char *one, const char *other)
{
    char *a = address_origin(one, NULL), *b = address_origin(other, NULL);
    bool  same = a != NULL && b != NULL && strcmp(a, b) == 0;

    free(a);
    free(b);

    return same;
}


static void *
lane_run(void *closure)
{
    lane_t *lane = closure;

    while (lane_receive(lane->socket, &lane->question)) {
        if (!lane_answer(lane)) {
            break;
        }
    }

    lane_clear(lane);

    return NULL;
}


/* false: the other side is gone. */
static bool
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


static void
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
    const char    *family = text(body, "family"), *role = text(body, "role");
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

    uid = text(spec, "uid");
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
    const char *kind = text(body, "kind");

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
    const char   *kind = text(body, "kind");
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
    char          prefix[64];
    broker_t     *broker = lane->broker;
    const json_t *storage;

    storage = json_object_get(json_array_get(json_object_get(broker->type, "archive_config"), (size_t) entry), "s3_storage");
    snprintf(prefix, sizeof(prefix), "%ld/%ld/", (long) broker->project, (long) broker->media);

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

    snprintf(seed, sizeof(seed), "%.60s %ld", text(job, "uid") ? text(job, "uid") : "",
             (long) json_integer_value(json_object_get(wish, "number")));
    md5(hash, seed, strlen(seed));
    snprintf(uid, sizeof(uid), "%02x%02x%02x%02x-%02x%02x-3%x%02x-8%x%02x-%02x%02x%02x%02x%02x%02x", hash[0], hash[1], hash[2],
             hash[3], hash[4], hash[5], hash[6] & 15, hash[7], hash[8] & 15, hash[9], hash[10], hash[11], hash[12], hash[13],
             hash[14], hash[15]);

    spec = json_pack("{s:I,s:s,s:s*,s:s,s:s*,s:O*}", "type", (json_int_t) type, "uid", uid, "name", text(wish, "name"), "md5",
                     text(wish, "md5") ? text(wish, "md5") : "", "gid", text(job, "gid"), "attributes",
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
        if (text(type, "dtype") != NULL && strcmp(text(type, "dtype"), "image") == 0 && (found == 0 || id < found)) {
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


static const char *
text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
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
