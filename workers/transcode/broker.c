/*
 * The life of the broker.
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "broker_parts.h"
#include "common/log.h"

#define STACK (512 << 10) /* of a lane's thread */


static void       *lane_run(void *lane);


broker_t *
broker_open(const int lanes[], const order_t *order)
{
    int       i;
    broker_t *broker = calloc(1, sizeof(broker_t));

    if (broker == NULL) {
        return NULL;
    }

    broker->order = order;
    broker->host = broker_text(order->spec, "host");
    broker->token = broker_text(order->spec, "token");
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
