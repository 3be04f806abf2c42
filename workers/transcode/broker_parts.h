/*
 * What the parts of the broker share: broker.c (its life), broker_task.c (what the job is), broker_answers.c (questions and answers).
 */

#ifndef TRANSCODE_BROKER_PARTS_H
#define TRANSCODE_BROKER_PARTS_H

#include "broker.h"
#include "common/rest.h"
#include "destination.h"
#include "lane.h"
#include "source.h"

#define SOURCES 1000

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

/* What the other side is to know: no address, no token. false: the broker's fault is noted. */
bool task_make(broker_t *broker);

/* The question that the lane has received. false: the other side is gone. */
bool lane_answer(lane_t *lane);

/* A text of an object. NULL: there is none of that name. */
const char *broker_text(const json_t *object, const char *name);

/* End what the lane holds: source, sink. */
void lane_clear(lane_t *lane);

#endif
