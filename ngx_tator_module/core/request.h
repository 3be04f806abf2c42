/*
 * The module's side of a request; handlers see its first member alone. The life of a request:
 *
 *     route ─▶ read the body ─▶ parse it (main stack) ─▶ fiber: authenticate, parameters, access, handler
 *        ─▶ the fiber switches out ─▶ send the answer or end the stream, finalize (main stack)
 *
 * While the fiber waits, `wait` names what for. A client that goes away, or the deadline, cancels that wait, drops the
 * fiber and gives back the database connection (request_abandon); the arena ends with NGINX's request pool.
 */

#ifndef TATOR_REQUEST_H
#define TATOR_REQUEST_H

#include "fiber.h"
#include "process.h"
#include "wait.h"
#include "../api/router.h"

typedef struct pg_hold_s pg_hold_t; /* what the request holds of the database: net/pg.c */

typedef enum { REPLY_NONE, REPLY_WHOLE, REPLY_STREAM } reply_state_t;

typedef struct {
    rq_t                rq; /* first: handlers' view */
    ngx_http_request_t *r;
    ngx_http_log_handler_pt log_handler; /* NGINX's own, which ours calls first */
    fiber_t            *fiber;
    wait_t             *wait;
    ngx_event_t         deadline;
    pg_hold_t          *hold;
    ngx_uint_t          waits; /* how often it waited: tests abort at the N-th */
    ngx_msec_t          started;
    ngx_uint_t          assumed; /* the state of rights that cached answers are from, until a statement confirms it; 0: none */

    /* the answer */
    reply_state_t  reply;
    int            status;
    const char    *type;
    str_t          payload;
    ngx_array_t   *headers; /* ngx_table_elt_t, beside the constant ones */
    struct stream_s *stream;
    route_t route;

    unsigned running : 1;     /* the fiber is on the stack now */
    unsigned ended : 1;       /* fiber finished or left by fail() */
    unsigned again : 1;       /* the same, since cached rights were old */
    unsigned retry : 1;       /* run the handler once more (serialization failure) */
    unsigned retried : 3;     /* how often */
    unsigned strict : 1;      /* a cached answer was old: now all is asked of the database */
    unsigned abandoned : 1;
    unsigned header_sent : 1;
    unsigned negotiated : 1;  /* the format is agreed on; the session was looked at from there on */
    unsigned complete : 1;    /* the stream's last buffer is out */
    unsigned counted : 1;     /* in process's in_flight */
    unsigned abort_at : 16;   /* tests: drop the client at this wait */
} request_t;

/* Content handler of locations with `tator on`. */
ngx_int_t request_handler(ngx_http_request_t *r);

/* Leave the handler for good; the answer is already set. */
_Noreturn void request_leave(request_t *request);

#define REQUEST_RETRIES 5

/* Leave the handler to run it once more; false when it was retried REQUEST_RETRIES times or has sent something. */
bool request_retry(request_t *request);

/*
 * Rights may come from a cache, but no answer leaves before a statement has confirmed them. A statement that begins after a change of
 * rights was committed is preceded on its connection by that change's notification (every connection listens), so: take the answer from
 * the cache, run the request's own first statement, and look whether anything was heard meanwhile. Then the request begins again, from
 * the database alone.
 *
 * request_assume() when a cached answer is used; request_confirm() after each statement (net/pg.c); request_settle() where none may
 * follow: before something is changed, before a refusal, at the end.
 */
void request_assume(rq_t *rq, ngx_uint_t rights);
void request_confirm(rq_t *rq);
void request_settle(rq_t *rq);

/* reply.c: send what the handler left, on the main stack. */
ngx_int_t reply_send(request_t *request);
void      reply_reset(request_t *request);
void      reply_error(request_t *request, int status, const char *message, const char *details);

/* stream.c, on the main stack: whatever the abandoned stream holds. */
void stream_abandon(request_t *request);

static inline request_t *
request_of(rq_t *rq)
{
    return (request_t *) rq;
}

#endif
