/*
 * Supervision of jobs. A job that is canceled or in other hands is killed at the next beat. A slot whose lease could not be renewed for
 * the time of a lease is killed too, since another worker may have begun it.
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/redis_client.h"
#include "common/settings.h"
#include "common/status.h"
#include "daemon.h"
#include "figures.h"
#include "job.h"
#include "slot.h"

#define SLOTS       64
#define TICK        200 /* milliseconds between looks at the slots */
#define IDLE_WAIT   1   /* seconds */
#define BEAT        0.5 /* seconds */
#define DEPTH_EVERY 2.0
#define RETRY_DELAY 5000 /* milliseconds, three times as long with each try */
#define UNWELL      60.0

/* Seconds that a job may take (contract/operations.md §3 for videos). */
static const double time_limits[QUEUE_KINDS] = {96 * 3600.0, 1800.0};

typedef struct {
    const config_t         *config;
    const daemon_options_t *options;
    redis_client_t         *redis;
    char                    name[300];
    slot_t                  slots[SLOTS];
    int                     first;   /* the queue that is asked first, in turn */
    double                  counted; /* when the depth was asked last */
} daemon_t;

static volatile sig_atomic_t stopping;

static _Atomic double redis_seen;


static void           on_stop(int signal);
static void           tick(daemon_t *daemon);
static void           wait_for_reports(daemon_t *daemon);
static void           slots_beat(daemon_t *daemon, arena_t *arena);
static void           slot_beat(daemon_t *daemon, arena_t *arena, slot_t *slot);
static void           slots_finish(daemon_t *daemon, arena_t *arena);
static bool           slot_finish(daemon_t *daemon, arena_t *arena, slot_t *slot);
static ending_t       slot_ending(slot_t *slot, arena_t *arena, const char **message);
static void           slot_free(slot_t *slot, ending_t ending);
static void           jobs_take(daemon_t *daemon, arena_t *arena);
static bool           job_take(daemon_t *daemon, arena_t *arena, queue_t queue);
static void           job_begin(daemon_t *daemon, arena_t *arena, const taken_t *taken);
static void           depths(daemon_t *daemon, arena_t *arena);
static void           give_back(daemon_t *daemon);
static slot_t        *slot_new(daemon_t *daemon);
static int            slots_used(const daemon_t *daemon, int queue);
static redis_value_t *run(daemon_t *daemon, arena_t *arena, const redis_args_t *args, int seconds);
static bool           healthy(void);


int
daemon_run(const config_t *config, const daemon_options_t *options)
{
    char      host[128] = "";
    daemon_t *daemon = calloc(1, sizeof(daemon_t));

    log_open("tator-transcode");

    if (daemon == NULL) {
        return 1;
    }

    daemon->config = config;
    daemon->options = options;
    daemon->redis = redis_client_create(config);

    gethostname(host, sizeof(host) - 1);
    snprintf(daemon->name, sizeof(daemon->name), "%s-%d-%lx", host, getpid(), (unsigned long) time(NULL));

    if (daemon->redis == NULL) {
        free(daemon);
        return 1;
    }

    settings_signals(on_stop);

    redis_seen = seconds_now();
    slots_sweep();

    if (!status_serve(options->port, healthy, figures_write)) {
        log_error("port %d can not be used: %s", options->port, strerror(errno));
        redis_client_destroy(daemon->redis);
        free(daemon);
        return 1;
    }

    log_info("started as %s: %d transcodes and %d images at a time", daemon->name, options->slots[QUEUE_TRANSCODES],
             options->slots[QUEUE_IMAGES]);

    while (!stopping) {
        tick(daemon);
    }

    give_back(daemon);
    log_info("stopped");

    redis_client_destroy(daemon->redis);
    free(daemon);

    return 0;
}


static void
on_stop(int signal)
{
    (void) signal;
    stopping = 1;
}


static void
tick(daemon_t *daemon)
{
    int      i;
    arena_t *arena = arena_create(NULL, NULL);

    if (arena == NULL) {
        sleep(1);
        return;
    }

    wait_for_reports(daemon);

    for (i = 0; i < SLOTS; i++) {
        slot_ended(&daemon->slots[i]);
    }

    slots_beat(daemon, arena);
    slots_finish(daemon, arena);

    if (!stopping) {
        depths(daemon, arena);
        jobs_take(daemon, arena);
    }

    arena_destroy(arena);
}


/* While nothing runs the wait is in jobs_take(). */
static void
wait_for_reports(daemon_t *daemon)
{
    int           i;
    nfds_t        n = 0;
    slot_t       *slots[SLOTS];
    struct pollfd ready[SLOTS];

    for (i = 0; i < SLOTS; i++) {
        if (daemon->slots[i].state == SLOT_RUNNING) {
            slots[n] = &daemon->slots[i];
            ready[n++] = (struct pollfd){.fd = daemon->slots[i].report, .events = POLLIN};
        }
    }

    if (n == 0 || poll(ready, n, TICK) <= 0) {
        return;
    }

    while (n-- > 0) {
        if (ready[n].revents != 0) {
            slot_read(slots[n]);
        }
    }
}


static void
slots_beat(daemon_t *daemon, arena_t *arena)
{
    int     i;
    double  now = seconds_now();
    slot_t *slot;

    for (i = 0; i < SLOTS; i++) {
        slot = &daemon->slots[i];

        if (slot->state == SLOT_RUNNING && slot->stopped == STOPPED_NOT && now - slot->beaten >= BEAT) {
            slot->beaten = now;
            slot_beat(daemon, arena, slot);
        }
    }
}


static void
slot_beat(daemon_t *daemon, arena_t *arena, slot_t *slot)
{
    double         now = slot->beaten;
    redis_value_t *answer;

    if (now - slot->begun > time_limits[slot->ticket.queue]) {
        slot_kill(slot, STOPPED_TIME);
        return;
    }

    answer = run(daemon, arena,
                 queue_beat(arena, &slot->ticket, daemon->name, daemon->options->lease, slot->progress), 5);

    if (answer != NULL && answer->type != REDIS_FAULT) {
        if (queue_beaten(answer)) {
            slot->renewed = now;
        } else {
            log_info("job %s is %s: its process is ended", slot->ticket.uid, answer->text);
            slot_kill(slot, STOPPED_CANCELED);
        }

    } else if (now - slot->renewed > daemon->options->lease / 1000.0) {
        log_warning("the lease of job %s ran out: its process is ended", slot->ticket.uid);
        slot_kill(slot, STOPPED_CANCELED);
    }
}


static void
slots_finish(daemon_t *daemon, arena_t *arena)
{
    int     i;
    double  now = seconds_now();
    slot_t *slot;

    for (i = 0; i < SLOTS; i++) {
        slot = &daemon->slots[i];

        if (slot->state != SLOT_ENDED || now - slot->beaten < BEAT) {
            continue;
        }

        slot->beaten = now;

        if (!slot_finish(daemon, arena, slot) && now - slot->renewed > 2 * daemon->options->lease / 1000.0) {
            log_error("job %s has ended, but Redis can not be told: another worker will find out", slot->ticket.uid);
            slot_free(slot, ENDED_CANCELED);
        }
    }
}


/* Tell Redis how the process ended. false: it can not be told now. */
static bool
slot_finish(daemon_t *daemon, arena_t *arena, slot_t *slot)
{
    int         i, delay = RETRY_DELAY;
    ending_t    ending;
    const char *message;

    ending = slot_ending(slot, arena, &message);

    for (i = 1; i < slot->attempt; i++) {
        delay *= 3;
    }

    if (run(daemon, arena,
            ending == ENDED_RETRIED
                ? queue_release(arena, &slot->ticket, daemon->name, delay, false, message)
                : queue_finish(arena, &slot->ticket, daemon->name, ending == ENDED_SUCCEEDED, message),
            5) == NULL) {
        return false;
    }

    log_write(ending == ENDED_FAILED ? LOG_WARNING : LOG_INFO, __FILE__, __LINE__,
              "job %s %s after %.1f s (try %d)%s%s", slot->ticket.uid, ending_name(ending),
              seconds_now() - slot->begun, slot->attempt, message ? ": " : "", message ? message : "");

    slot_free(slot, ending);

    return true;
}


static ending_t
slot_ending(slot_t *slot, arena_t *arena, const char **message)
{
    bool again;
    int  status = slot->status;

    *message = slot->message[0] ? slot->message : NULL;

    if (slot->stopped == STOPPED_CANCELED) {
        return ENDED_CANCELED; /* queue_finish() only takes it from the running ones */
    }

    if (slot->stopped == STOPPED_TIME) {
        slot->kind = FAULT_LIMIT;
        *message = arena_format(arena, "took longer than %.1f hours", time_limits[slot->ticket.queue] / 3600);
        return ENDED_FAILED;
    }

    if (WIFEXITED(status) && WEXITSTATUS(status) == JOB_SUCCEEDED) {
        return ENDED_SUCCEEDED;
    }

    if (WIFSIGNALED(status)) {
        again = WTERMSIG(status) == SIGKILL; /* by the system, which ran out of memory */
        slot->kind = FAULT_CRASH;
        *message = arena_format(arena, "the job process was ended by %s", strsignal(WTERMSIG(status)));

    } else {
        again = WEXITSTATUS(status) == JOB_AGAIN;
        *message = *message ? *message
                            : arena_format(arena, "the job process ended with status %d", WEXITSTATUS(status));
    }

    if (again && slot->attempt < QUEUE_TRIES) {
        return ENDED_RETRIED;
    }

    if (again) {
        *message = arena_format(arena, "given up after %d tries: %s", slot->attempt, *message);
    }

    return ENDED_FAILED;
}


static void
slot_free(slot_t *slot, ending_t ending)
{
    figures_ended(slot, ending);
    slot_clear(slot);
}


/* One job for each queue that has a free slot. */
static void
jobs_take(daemon_t *daemon, arena_t *arena)
{
    int  i, queue, used = 0;
    bool queues[QUEUE_KINDS], any = false, got = false;

    for (queue = 0; queue < QUEUE_KINDS; queue++) {
        queues[queue] = slots_used(daemon, queue) < daemon->options->slots[queue];
        any |= queues[queue];
        used += slots_used(daemon, queue);
    }

    daemon->first = (daemon->first + 1) % QUEUE_KINDS;

    for (i = 0; i < QUEUE_KINDS; i++) {
        queue = (daemon->first + i) % QUEUE_KINDS;
        got |= queues[queue] && job_take(daemon, arena, (queue_t) queue);
    }

    if (got || used > 0) {
        return;
    }

    if ((!any || run(daemon, arena, queue_wait(arena, queues, IDLE_WAIT), IDLE_WAIT + 5) == NULL) && !stopping) {
        sleep(1);
    }
}


static bool
job_take(daemon_t *daemon, arena_t *arena, queue_t queue)
{
    bool           any;
    size_t         i;
    taken_t        taken;
    redis_value_t *answer = run(daemon, arena, queue_take(arena, queue, daemon->name, daemon->options->lease), 5);

    if (answer == NULL) {
        return false;
    }

    any = queue_taken(arena, queue, answer, &taken);

    for (i = 0; i + 1 < taken.n_failed; i += 2) {
        log_warning("job %s %s", taken.failed[i], taken.failed[i + 1]);
        figures_abandoned(queue);
    }

    if (any) {
        job_begin(daemon, arena, &taken);
    }

    return any;
}


static void
job_begin(daemon_t *daemon, arena_t *arena, const taken_t *taken)
{
    slot_t *slot = slot_new(daemon);

    if (slot == NULL) {
        run(daemon, arena, queue_release(arena, &taken->ticket, daemon->name, RETRY_DELAY, true, NULL), 5);
        return;
    }

    figures_begun(taken);

    if (!slot_start(slot, taken)) {
        log_error("job %s: no process: %s", taken->ticket.uid, strerror(errno));
        run(daemon, arena, queue_release(arena, &taken->ticket, daemon->name, RETRY_DELAY, true, NULL), 5);
        slot_free(slot, ENDED_RETURNED);
        return;
    }

    log_info("job %s %s in process %d (%s, try %d)", taken->ticket.uid, taken->abandoned ? "is taken over" : "begun",
             slot->pid, queue_name(taken->ticket.queue), taken->attempt);
}


/* For the metrics. */
static void
depths(daemon_t *daemon, arena_t *arena)
{
    int            queue;
    int64_t        waiting, running, age;
    redis_value_t *answer;

    if (daemon->options->port <= 0 || seconds_now() - daemon->counted < DEPTH_EVERY) {
        return;
    }

    daemon->counted = seconds_now();

    for (queue = 0; queue < QUEUE_KINDS; queue++) {
        answer = run(daemon, arena, queue_depth(arena, (queue_t) queue), 5);
        if (answer != NULL && queue_depths(answer, &waiting, &running, &age)) {
            figures_depth((queue_t) queue, waiting, running, age);
        }
    }
}


/* The end of the daemon: running jobs go back into the queue, and the try does not count. */
static void
give_back(daemon_t *daemon)
{
    int      i;
    slot_t  *slot;
    arena_t *arena = arena_create(NULL, NULL);

    for (i = 0; i < SLOTS; i++) {
        slot_ended(&daemon->slots[i]);
    }

    if (arena == NULL) { /* the leases run out */
        return;
    }

    slots_finish(daemon, arena);

    for (i = 0; i < SLOTS; i++) {
        slot = &daemon->slots[i];

        if (slot->state == SLOT_RUNNING) {
            slot_kill(slot, STOPPED_CANCELED);
            slot_wait(slot);
            run(daemon, arena, queue_release(arena, &slot->ticket, daemon->name, 0, true, NULL), 5);
            log_info("job %s is given back", slot->ticket.uid);
            slot_free(slot, ENDED_RETURNED);
        }
    }

    arena_destroy(arena);
}


static slot_t *
slot_new(daemon_t *daemon)
{
    int i;

    for (i = 0; i < SLOTS; i++) {
        if (daemon->slots[i].state == SLOT_FREE) {
            daemon->slots[i].arena = arena_create(NULL, NULL);
            return daemon->slots[i].arena != NULL ? &daemon->slots[i] : NULL;
        }
    }

    return NULL;
}


static int
slots_used(const daemon_t *daemon, int queue)
{
    int i, n = 0;

    for (i = 0; i < SLOTS; i++) {
        n += daemon->slots[i].state != SLOT_FREE && (int) daemon->slots[i].ticket.queue == queue;
    }

    return n;
}


static redis_value_t *
run(daemon_t *daemon, arena_t *arena, const redis_args_t *args, int seconds)
{
    redis_value_t *answer = redis_client_run(daemon->redis, arena, args, seconds);

    if (answer != NULL) {
        redis_seen = seconds_now();

        if (answer->type == REDIS_FAULT) {
            log_error("Redis: %s", answer->text);
        }
    }

    return answer;
}


static bool
healthy(void)
{
    return seconds_now() - redis_seen < UNWELL;
}
