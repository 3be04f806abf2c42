/*
 * Asking the broker.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lane.h"
#include "remote.h"

#define PIECE (4U << 20) /* of a write */

typedef struct {
    destination_t base;
    int64_t       media;
} remote_t;

typedef struct {
    sink_t   base;
    fault_t *fault;
    int      lane;
} remote_sink_t;

/* Of the process: its lanes and which of them are in use. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t  given;
    int             lanes[LANES];
    bool            used[LANES];
} remote = {.lock = PTHREAD_MUTEX_INITIALIZER, .given = PTHREAD_COND_INITIALIZER};


static int     lane_take(void);
static void    lane_give(int lane);
static bool    ask(int lane, lane_question_t what, int64_t a, int64_t b, const void *data, size_t len, lane_message_t *answer,
                   fault_t *fault);
static json_t *ask_json(lane_question_t what, int64_t a, fault_t *fault);
static bool    tell(lane_question_t what, int64_t a, json_t *body, int64_t *result, fault_t *fault);
static sink_t *sink_open(destination_t *destination, const char *name, int64_t estimate);
static bool    sink_write(sink_t *sink, const void *data, size_t len);
static bool    sink_finish(sink_t *sink);
static void    sink_close(sink_t *sink);
static bool    add(destination_t *destination, const char *family, const char *role, json_t *definition);
static bool    set(destination_t *destination, json_t *values);


void
remote_start(const int lanes[])
{
    memcpy(remote.lanes, lanes, sizeof(remote.lanes));
}


json_t *
remote_task(fault_t *fault)
{
    return ask_json(LANE_TASK, 0, fault);
}


int
remote_source_open(int number, int64_t *size, fault_t *fault)
{
    int            lane = lane_take();
    lane_message_t answer = {0};

    if (!ask(lane, LANE_SOURCE, number, 0, NULL, 0, &answer, fault)) {
        lane_give(lane);
        lane = -1;
    }

    *size = answer.a;
    free(answer.data);

    return lane;
}


int64_t
remote_source_read(int lane, int64_t offset, void *data, size_t len, fault_t *fault)
{
    int64_t        got = -1;
    lane_message_t answer = {0};

    len = len < PIECE ? len : PIECE;

    if (ask(lane, LANE_READ, offset, (int64_t) len, NULL, 0, &answer, fault) && answer.len <= len) {
        memcpy(data, answer.data, answer.len);
        got = answer.len;
    }

    free(answer.data);

    return got;
}


void
remote_source_close(int lane)
{
    fault_t        unheard = FAULT_INITIALIZER;
    lane_message_t answer = {0};

    ask(lane, LANE_CLOSE, 0, 0, NULL, 0, &answer, &unheard);
    free(answer.data);
    lane_give(lane);
}


destination_t *
remote_destination_open(int64_t media, fault_t *fault)
{
    remote_t *destination = calloc(1, sizeof(remote_t));

    if (destination == NULL) {
        fault_set(fault, true, "no memory");
        return NULL;
    }

    destination->base = (destination_t){.fault = fault, .open = sink_open, .add = add, .set = set};
    destination->media = media;

    return &destination->base;
}


void
remote_destination_close(destination_t *destination)
{
    free(destination);
}


json_t *
remote_media(int64_t media, fault_t *fault)
{
    return ask_json(LANE_MEDIA, media, fault);
}


json_t *
remote_types(fault_t *fault)
{
    return ask_json(LANE_TYPES, 0, fault);
}


int64_t
remote_media_make(json_t *spec, fault_t *fault)
{
    int64_t media;

    return tell(LANE_MAKE, 0, spec, &media, fault) ? media : 0;
}


bool
remote_media_drop(int64_t media, fault_t *fault)
{
    return tell(LANE_DROP, media, json_object(), NULL, fault);
}


int64_t
remote_annotated(int64_t media, const char *kind, int64_t type, fault_t *fault)
{
    int64_t count;

    return tell(LANE_ANNOTATED, media, json_pack("{s:s,s:I}", "kind", kind, "type", (json_int_t) type), &count, fault) ? count
                                                                                                                      : -1;
}


bool
remote_annotate(const char *kind, json_t *list, fault_t *fault)
{
    return tell(LANE_ANNOTATE, 0, json_pack("{s:s,s:o}", "kind", kind, "list", list), NULL, fault);
}


static int
lane_take(void)
{
    int i;

    pthread_mutex_lock(&remote.lock);

    for (i = 0;; i++) {
        if (i == LANES) {
            pthread_cond_wait(&remote.given, &remote.lock);
            i = 0;
        }

        if (!remote.used[i]) {
            remote.used[i] = true;
            break;
        }
    }

    pthread_mutex_unlock(&remote.lock);

    return i;
}


static void
lane_give(int lane)
{
    pthread_mutex_lock(&remote.lock);
    remote.used[lane] = false;
    pthread_cond_signal(&remote.given);
    pthread_mutex_unlock(&remote.lock);
}


static bool
ask(int lane, lane_question_t what, int64_t a, int64_t b, const void *data, size_t len, lane_message_t *answer,
    fault_t *fault)
{
    if (!lane_send(remote.lanes[lane], what, a, b, data, len) || !lane_receive(remote.lanes[lane], answer)) {
        return fault_of(fault, FAULT_CRASH, true, "the job's broker is gone");
    }

    if (answer->what != 0) {
        return fault_of(fault, answer->a >= 0 && answer->a < FAULT_KINDS ? (fault_kind_t) answer->a : FAULT_SERVER,
                        answer->b != 0, "%s", answer->data);
    }

    return true;
}


static json_t *
ask_json(lane_question_t what, int64_t a, fault_t *fault)
{
    int            lane = lane_take();
    json_t        *value = NULL;
    lane_message_t answer = {0};

    if (ask(lane, what, a, 0, NULL, 0, &answer, fault)) {
        value = json_loadb(answer.data, answer.len, 0, NULL);
        if (value == NULL) {
            fault_set(fault, true, "no memory");
        }
    }

    free(answer.data);
    lane_give(lane);

    return value;
}


/* Owns the body. */
static bool
tell(lane_question_t what, int64_t a, json_t *body, int64_t *result, fault_t *fault)
{
    int            lane = lane_take();
    bool           good;
    char          *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    lane_message_t answer = {0};

    good = text != NULL ? ask(lane, what, a, 0, text, strlen(text), &answer, fault)
                        : fault_set(fault, true, "no memory");

    if (result != NULL) {
        *result = answer.a;
    }

    free(answer.data);
    free(text);
    json_decref(body);
    lane_give(lane);

    return good;
}


static sink_t *
sink_open(destination_t *destination, const char *name, int64_t estimate)
{
    bool           good;
    remote_sink_t *sink = calloc(1, sizeof(remote_sink_t));
    lane_message_t answer = {0};

    if (sink == NULL) {
        fault_set(destination->fault, true, "no memory");
        return NULL;
    }

    sink->base = (sink_t){.write = sink_write, .finish = sink_finish, .close = sink_close};
    sink->fault = destination->fault;
    sink->lane = lane_take();

    good = ask(sink->lane, LANE_SINK, ((remote_t *) destination)->media, estimate, name, strlen(name), &answer,
               destination->fault);
    free(answer.data);

    if (!good) {
        sink_close(&sink->base);
        return NULL;
    }

    return &sink->base;
}


static bool
sink_write(sink_t *base, const void *data, size_t len)
{
    bool           good = true;
    size_t         at, n;
    remote_sink_t *sink = (remote_sink_t *) base;
    lane_message_t answer = {0};

    for (at = 0; good && at < len; at += n) {
        n = len - at < PIECE ? len - at : PIECE;
        good = ask(sink->lane, LANE_WRITE, 0, 0, (const char *) data + at, n, &answer, sink->fault);
        base->size += (int64_t) n;
    }

    free(answer.data);

    return good;
}


static bool
sink_finish(sink_t *base)
{
    bool           good;
    remote_sink_t *sink = (remote_sink_t *) base;
    lane_message_t answer = {0};

    good = ask(sink->lane, LANE_FINISH, 0, 0, NULL, 0, &answer, sink->fault);
    if (good) {
        snprintf(base->key, sizeof(base->key), "%s", answer.data);
    }

    free(answer.data);

    return good;
}


static void
sink_close(sink_t *base)
{
    remote_source_close(((remote_sink_t *) base)->lane);
    free(base);
}


static bool
add(destination_t *destination, const char *family, const char *role, json_t *definition)
{
    return tell(LANE_ADD, ((remote_t *) destination)->media,
                json_pack("{s:s,s:s,s:o}", "family", family, "role", role, "definition", definition), NULL,
                destination->fault);
}


static bool
set(destination_t *destination, json_t *values)
{
    return tell(LANE_SET, ((remote_t *) destination)->media, values, NULL, destination->fault);
}
