/*
 * The queue of transcodes and image imports in Redis, at-least-once. This only makes commands and reads answers; who has a connection
 * sends them. The layout (all keys begin with "tator:", NAME is transcodes or images, an OWNER is organization/user):
 *
 *     queue:NAME:waiting:OWNER         sorted set of uids by the time from which they may be taken (microseconds)
 *     queue:NAME:owners                set of owners that have jobs waiting
 *     queue:NAME:served                hash: when an organization or an owner was last given a worker
 *     queue:NAME:running               sorted set of uids by the end of their lease
 *     queue:NAME:wake                  list that idle workers wait for
 *     job:UID                          hash: uid gid spec status message user project start_time stop_time progress attempts …
 *     jobs:project:ID, jobs:gid:GID    sorted sets of uids by time of entry (transcodes only)
 *
 * Fairness: the next job is of the organization that has fewest running, of several of the one that was served longest ago; within
 * it the same among its users; of a user the oldest. So thousand uploads of one do not delay another's by more than the jobs that run.
 *
 * Life of a job: pending → running → succeeded | failed, from the first two also canceled. Each step is one script, so that
 * no two processes see half of it. A running job's worker renews its lease with queue_beat(); when it does not for
 * its lease another worker takes the job over. After QUEUE_TRIES tries it fails for good. A finished job's
 * hash expires 500 s after success and a year after failure (contract/operations.md §5).
 *
 * The spec is JSON for the worker. Transcodes: url size host token project type name section_id media_id gid uid attributes
 * email_spec trusted made (the media was made for this job). Images: url trusted thumbnail_url thumbnail_trusted reference_only host token
 * project media_id name, and `uploads`: a list of {name, key, url}: where image.png, image.jpeg, thumb.jpg and the named thumbnail are to
 * be put (presigned PUT URLs). A URL that is not trusted (true) must lead to public addresses.
 */

#ifndef TATOR_QUEUE_H
#define TATOR_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include <tator/arena.h>
#include <tator/redis_value.h>

#define QUEUE_LEASE 30000 /* milliseconds, unless the workers are told otherwise */
#define QUEUE_TRIES 3

typedef enum { QUEUE_TRANSCODES, QUEUE_IMAGES, QUEUE_KINDS } queue_t;

typedef struct {
    const char *uid, *gid;
    const char *spec; /* JSON text */
    int64_t     user, project, organization;
    const char *start_time, *stop_time; /* ISO 8601 UTC without zone; stop_time NULL: not yet */
    const char *status;                 /* pending, running, canceled, succeeded, failed */
    const char *message;                /* NULL: none */
    double      progress;               /* 0 … 1 */
    int         attempts;
} job_t;

/* A job in a worker's hands. */
typedef struct {
    queue_t     queue;
    const char *uid;
} ticket_t;

/* What a worker is given. */
typedef struct {
    ticket_t     ticket;
    int          attempt; /* 1 … QUEUE_TRIES */
    const char  *spec;
    bool         abandoned; /* another worker had it, and is gone */
    int64_t      waited;    /* milliseconds since it was entered */
    const char **failed;    /* uid, reason, uid, reason …: jobs that had their last try with a worker that is gone */
    size_t       n_failed;  /* texts in it */
} taken_t;

/* "2026-01-31T12:00:00.123456" */
char       *queue_now(arena_t *arena);
const char *queue_name(queue_t queue);

/* --- for who asks ------------------------------------------------------------------------------------------------------- */

/* Give a job to the workers: uid, gid, spec, user, project of `job` count. The answer: false when that uid is pending or running already. */
redis_args_t *queue_enqueue(arena_t *arena, queue_t queue, const job_t *job);
bool          queue_enqueued(const redis_value_t *answer);

/* Jobs of a group, or with `gid` NULL of a project, oldest first, without canceled ones. The answer: `n` jobs in the arena. */
redis_args_t *queue_list(arena_t *arena, int64_t project, const char *gid);
job_t        *queue_listed(arena_t *arena, const redis_value_t *answer, size_t *n);

/* One job. The answer: NULL when it is not known. */
redis_args_t *queue_get(arena_t *arena, const char *uid);
job_t        *queue_got(arena_t *arena, const redis_value_t *answer);

/* Cancel jobs in any state. The answer: whether all could be; else false and `*problem` is 0 for an unknown uid, −1 for one that is canceled already. */
redis_args_t *queue_cancel(arena_t *arena, const char *const *uids, size_t n);
bool          queue_canceled(const redis_value_t *answer, int *problem);

/* --- for workers ---------------------------------------------------------------------------------------------------------- */

/* Wait until a job may have come into one of the queues whose flag is set. The answer tells nothing. */
redis_args_t *queue_wait(arena_t *arena, const bool queues[QUEUE_KINDS], int seconds);

/* Take the next job, for `lease` milliseconds. The answer: false: there is none; `failed` is filled in any case. */
redis_args_t *queue_take(arena_t *arena, queue_t queue, const char *worker, int lease);
bool          queue_taken(arena_t *arena, queue_t queue, const redis_value_t *answer, taken_t *taken);

/* Renew the lease and tell progress. The answer: false: stop working on it, it is canceled or in other hands. */
redis_args_t *queue_beat(arena_t *arena, const ticket_t *ticket, const char *worker, int lease, double progress);
bool          queue_beaten(const redis_value_t *answer);

/* The end: succeeded or failed, with a message (may be NULL). */
redis_args_t *queue_finish(arena_t *arena, const ticket_t *ticket, const char *worker, bool succeeded, const char *message);

/* Give it back, to be taken by any worker after `delay` milliseconds; without delay it is as old as before. With `uncounted` the try does not count. */
redis_args_t *queue_release(arena_t *arena, const ticket_t *ticket, const char *worker, int delay, bool uncounted, const char *message);

/* How many wait and run, and for how many milliseconds the oldest has been waiting. The answer: false: it can not be told. */
redis_args_t *queue_depth(arena_t *arena, queue_t queue);
bool          queue_depths(const redis_value_t *answer, int64_t *waiting, int64_t *running, int64_t *age);

#endif
