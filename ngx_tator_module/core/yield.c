/*
 * A turn for the others: a handler that computes for long lets the event loop run once in between.
 */

#include "wait.h"


typedef struct {
    wait_t      wait;
    ngx_event_t event;
} turn_t;


static void turn_come(ngx_event_t *event);
static void turn_cancel(wait_t *wait);


void
rq_yield(rq_t *rq)
{
    turn_t *turn;

    turn = arena_zalloc(rq->arena, sizeof(turn_t));
    turn->wait.rq = rq;
    turn->wait.cancel = turn_cancel;
    turn->wait.data = turn;
    turn->event.data = turn;
    turn->event.handler = turn_come;
    turn->event.log = rq_log(rq);

    ngx_post_event(&turn->event, &ngx_posted_next_events);
    rq_wait(rq, &turn->wait);
}


static void
turn_come(ngx_event_t *event)
{
    turn_t *turn;

    turn = event->data;
    rq_wake(&turn->wait);
}


static void
turn_cancel(wait_t *wait)
{
    turn_t *turn;

    turn = wait->data;

    if (turn->event.posted) {
        ngx_delete_posted_event(&turn->event);
    }
}
