/*
 * A request as handlers see it. Each runs in a fiber of its own and reads top to bottom: it may call anything that
 * waits (database, Redis, HTTP, threads). What it allocates lives in the request's arena and ends with the request, also
 * when the client goes away in the middle: the fiber is then dropped where it waits, without unwinding. So a handler
 * owns nothing itself: memory comes from rq->arena, jansson values go through rq_own(), results belong to the request.
 */

#ifndef TATOR_RQ_H
#define TATOR_RQ_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>
#include <tator/arena.h>
#include <tator/config.h>
#include <tator/json.h>
#include <tator/sql.h>

typedef struct rq_s       rq_t;
typedef struct endpoint_s endpoint_t;

/* Who asks. id 0: no credentials. */
typedef struct {
    int64_t     id;
    const char *username, *first_name, *last_name, *email;
    bool        is_staff;
    bool        by_session; /* signed in by cookie: CSRF applies */
} user_t;

/* What the answer is written in: query parameter `format`, else Accept (contract/queries.md §4). */
typedef enum { FORMAT_JSON, FORMAT_JSONL, FORMAT_CSV, FORMAT_PPRINT, FORMAT_PNG, FORMAT_JPEG, FORMAT_GIF, FORMAT_MP4 } format_t;

struct rq_s {
    arena_t          *arena;
    const config_t   *config;
    const endpoint_t *endpoint; /* NULL: no such path or method; pages outside /rest have one without an operation */
    user_t            user;

    /* The flat parameter map (contract/queries.md §1): body members, path and query parameters, defaults. Read only. */
    json_t *params;
    json_t *body;   /* the body when it is a list, else NULL; BODY_LIST operations: always the list, also of a single object */
    bool    single; /* a BODY_LIST operation got a single object */
    str_t   content; /* the body as received */
    format_t format;
    int      retry_after; /* seconds, of answers that say when to come back; 0: 1 */

    /* What the access check looked up from the path (api/access.h); 0 where the path names none. */
    int64_t project;
    int64_t viewer;       /* whose row protections count: the caller, or in fine-grain mode the user `anonymous` for nobody; 0: none */
    int64_t organization; /* of the project, or the one that the path names; 0: none */
    bool    hidden;       /* fine-grain mode: the caller sees none of the project's rows of the path's sort; lists of them are empty */
    char    level;        /* legacy membership letter of the caller in the project, 0: none */
    bool    admin;        /* affiliation Admin in the organization (organization classes) */

    str_t method, uri, query, host, scheme, address; /* address: the caller's, for limits and logs */
    str_t original; /* a sub-request's: the path that the client asks for (or what a proxy says by X-Original-URI) */
    bool  subrequest;                                /* NGINX asks, not the client */
    char  id[33];                                    /* request id, hex */
};

/* --- ending ------------------------------------------------------------------------------------------------------ */

/* Answer with an error and leave the handler: {"message": …} for 403 and 404, {"message": …, "details": "None"} for 400.
   An open transaction is rolled back. Never returns; callable at any depth. */
_Noreturn void fail(rq_t *rq, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
_Noreturn void fail_details(rq_t *rq, int status, const char *message, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same with a body of its own form. */
_Noreturn void fail_json(rq_t *rq, int status, const json_t *body);

/* Nobody is signed in: 400, with an identity provider's tokens 403 (contract/accounts.md §2, §3.7). */
_Noreturn void fail_credentials(rq_t *rq);

/* The plain refusals of contract/queries.md §3. */
_Noreturn void fail_permission(rq_t *rq);                       /* 403 You do not have permission … */
_Noreturn void fail_missing(rq_t *rq, const char *model);       /* 404 No MODEL matches the given query. */
_Noreturn void fail_no_match(rq_t *rq, const char *model);      /* 404 MODEL matching query does not exist. */

/* --- parameters --------------------------------------------------------------------------------------------------- */

/* The parameter, or NULL when it is absent. JSON null is a value (json_is_null). */
json_t     *param(rq_t *rq, const char *name);
bool        param_given(rq_t *rq, const char *name);            /* present and not null */
int64_t     param_int(rq_t *rq, const char *name, int64_t otherwise);
double      param_double(rq_t *rq, const char *name, double otherwise);
bool        param_bool(rq_t *rq, const char *name, bool otherwise);
const char *param_text(rq_t *rq, const char *name);             /* NULL when absent, null or not text */

/* A header of the request, or a cookie; NULL when absent. In the arena. */
const char *rq_header(rq_t *rq, const char *name);
const char *rq_cookie(rq_t *rq, const char *name);

/* --- memory -------------------------------------------------------------------------------------------------------- */

/* Hand a new reference to the request, which drops it at its end. NULL (no memory) answers 503. Returns the value. */
json_t *rq_own(rq_t *rq, json_t *value);
char   *rq_format(rq_t *rq, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- answering (once) ------------------------------------------------------------------------------------------------ */

void reply_json(rq_t *rq, int status, json_t *value);           /* borrows value */
void reply_text(rq_t *rq, int status, const char *type, const void *data, size_t len);
void reply_message(rq_t *rq, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* {"message": …, "id": …}; 201 */
void reply_created(rq_t *rq, int64_t id, const char *format, ...) __attribute__((format(printf, 3, 4)));
void reply_redirect(rq_t *rq, int status, const char *location);
/* Before one of the above. The value is copied. */
void reply_header(rq_t *rq, const char *name, const char *value);

/* Let other requests have their turn: for handlers that compute for milliseconds. Waits, so the client may be gone then. */
void rq_yield(rq_t *rq);

/* --- streaming: a body of unknown length in bounded memory ----------------------------------------------------------- */

/* The header goes out with the first write; until then fail() still answers properly. With `gzip` the body is compressed
   and Content-Encoding says so, whatever the client accepts (contract/queries.md §4). */
void stream_begin(rq_t *rq, int status, const char *type, bool gzip);
void stream_write(rq_t *rq, const void *data, size_t len);      /* waits while the client is slow */
void stream_end(rq_t *rq);

#endif
