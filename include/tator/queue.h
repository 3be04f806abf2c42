/*
 * The queue of transcodes and image imports: Redis streams with a consumer group, at-least-once. This only makes commands
 * and reads answers; who has a connection sends them. The layout (all keys begin with "tator:"):
 *
 *     queue:transcodes, queue:images   streams of {uid}; group `workers`; an entry leaves its stream when its job ends
 *     job:UID                          hash: uid gid spec status message user project start_time stop_time progress attempts …
 *     jobs:project:ID, jobs:gid:GID    sorted sets of uids by time of entry (transcodes only)
 *
 * Life of a job: pending → running → succeeded | failed, from the first two also canceled. Each step is one script, so that
 * no two processes see half of it. A running job's worker renews its lease with queue_beat(); when it does not for
 * its lease another worker takes the job over. After QUEUE_TRIES tries it fails for good. A finished job's
 * hash expires 500 s after success and a year after failure (contract/operations.md §5).
 *
 * The spec is JSON for the worker. Transcodes: url size host token project type name section_id media_id gid uid attributes
 * email_spec trusted. Images: url trusted thumbnail_url thumbnail_trusted reference_only host token project media_id name, and `uploads`: a list of
 * {name, key, url}: where image.png, image.jpeg, thumb.jpg and the named thumbnail are to be put (presigned PUT URLs). A URL that is not
 * trusted (true) must lead to public addresses.
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
    int64_t     user, project;
    const char *start_time, *stop_time; /* ISO 8601 UTC without zone; stop_time NULL: not yet */
    const char *status;                 /* pending, running, canceled, succeeded, failed */
    const char *message;                /* NULL: none */
    double      progress;               /* 0 … 1 */
    int         attempts;
} job_t;

/* A job in a worker's hands. */
typedef struct {
    queue_t     queue;
    const char *uid, *entry;
} ticket_t;

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

/* Make the group; an answer of REDIS_FAULT that begins with BUSYGROUP says it is there. */
redis_args_t *queue_group(arena_t *arena, queue_t queue);

/* The next new entry of each queue whose flag is set, waiting up to `wait` milliseconds for one (0: not). The answer: how many tickets are filled. */
redis_args_t *queue_take(arena_t *arena, const bool queues[QUEUE_KINDS], const char *worker, int wait);
size_t        queue_taken(arena_t *arena, const redis_value_t *answer, ticket_t tickets[QUEUE_KINDS]);

/* An entry whose lease has run out, looking from `cursor` on ("0-0" first). The answer: false: none in this stretch; `*cursor` for the next time. */
redis_args_t *queue_take_over(arena_t *arena, queue_t queue, const char *worker, int lease, const char *cursor);
bool          queue_taken_over(arena_t *arena, queue_t queue, const redis_value_t *answer, ticket_t *ticket,
                               const char **cursor);

/* Begin what was taken. The answer: its try (1 …) and its spec; 0: there is nothing to do; −1: it has failed too often, `*text` says why. */
redis_args_t *queue_begin(arena_t *arena, const ticket_t *ticket, const char *worker);
int           queue_begun(arena_t *arena, const redis_value_t *answer, const char **text);

/* Renew the lease and tell progress. The answer: false: stop working on it, it is canceled or in other hands. */
redis_args_t *queue_beat(arena_t *arena, const ticket_t *ticket, const char *worker, double progress);
bool          queue_beaten(const redis_value_t *answer);

/* The end: succeeded or failed, with a message (may be NULL). */
redis_args_t *queue_finish(arena_t *arena, const ticket_t *ticket, const char *worker, bool succeeded,
                           const char *message);

/* Give it back, to be taken by any worker after `delay` milliseconds. With `uncounted` the try does not count. */
redis_args_t *queue_release(arena_t *arena, const ticket_t *ticket, const char *worker, int lease, int delay,
                            bool uncounted, const char *message);

/* Entries that are not finished: waiting and running. The answer is an integer. */
redis_args_t *queue_depth(arena_t *arena, queue_t queue);

#endif
