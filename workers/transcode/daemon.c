/*
 * Supervision of jobs.
 *
 * Life of a slot: FREE → RUNNING (a process works) → ENDED (it is gone, Redis is not told yet) → FREE. A job that is canceled
 * or in other hands is killed at the next beat. A slot whose lease could not be renewed for the time of a lease is killed too, since
 * another worker may have begun it.
 */

#include <errno.h>
#include <fcntl.h>
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
#include "common/status.h"
#include "daemon.h"
#include "job.h"

#define SLOTS           64
#define TICK            200 /* milliseconds between looks at the slots */
#define IDLE_WAIT       1000
#define BEAT            1.0 /* seconds */
#define TAKE_OVER_EVERY 5.0
#define TIME_LIMIT      (96 * 3600.0)
#define RETRY_DELAY     5000 /* milliseconds, three times as long with each try */
#define UNWELL          60.0

typedef enum { SLOT_FREE, SLOT_RUNNING, SLOT_ENDED } slot_state_t;
typedef enum { STOPPED_NOT, STOPPED_CANCELED, STOPPED_TIME } stopped_t;

typedef struct {
    slot_state_t state;
    arena_t     *arena; /* owns the ticket's texts */
    ticket_t     ticket;
    int          attempt;
    pid_t        pid;
    int          report; /* read end of the job's lines */
    char         line[600];
    size_t       line_len;
    double       progress;
    char         message[520];
    double       begun, beaten, renewed; /* beaten: last try; renewed: last success */
    stopped_t    stopped;
    int          status; /* of the process */
} slot_t;

typedef struct {
    const config_t         *config;
    const daemon_options_t *options;
    redis_client_t         *redis;
    char                    name[300];
    slot_t                  slots[SLOTS];
    char                    cursors[QUEUE_KINDS][64];
    double                  looked; /* for jobs of dead workers */
} daemon_t;

typedef enum { ENDED_SUCCEEDED, ENDED_FAILED, ENDED_CANCELED, ENDED_RETRIED, ENDED_RETURNED, ENDINGS } ending_t;

static const char *const ending_names[] = {"succeeded", "failed", "canceled", "retried", "returned"};

static volatile sig_atomic_t stopping;

static atomic_long    counted[QUEUE_KINDS][ENDINGS], running[QUEUE_KINDS], depth[QUEUE_KINDS], taken_over;
static atomic_llong   milliseconds[QUEUE_KINDS];
static _Atomic double redis_seen;


static void           on_stop(int signal);
static void           tick(daemon_t *daemon);
static void           wait_for_reports(daemon_t *daemon);
static void           report_read(slot_t *slot);
static void           report_line(slot_t *slot);
static void           processes_end(daemon_t *daemon);
static void           slots_beat(daemon_t *daemon, arena_t *arena);
static void           slots_finish(daemon_t *daemon, arena_t *arena);
static bool           slot_finish(daemon_t *daemon, arena_t *arena, slot_t *slot);
static void           slot_free(daemon_t *daemon, slot_t *slot, ending_t ending);
static void           slot_kill(slot_t *slot, stopped_t why);
static void           jobs_take(daemon_t *daemon, arena_t *arena);
static void           jobs_take_over(daemon_t *daemon, arena_t *arena, const bool *free_queues);
static void           job_begin(daemon_t *daemon, arena_t *arena, const ticket_t *ticket);
static bool           job_spawn(slot_t *slot, const char *spec);
static void           give_back(daemon_t *daemon);
static slot_t        *slot_new(daemon_t *daemon);
static int            slots_used(const daemon_t *daemon, int queue);
static redis_value_t *run(daemon_t *daemon, arena_t *arena, const redis_args_t *args, int seconds);
static double         seconds_now(void);
static bool           healthy(void);
static void           metrics(FILE *out);


int
daemon_run(const config_t *config, const daemon_options_t *options)
{
    int       i;
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

    for (i = 0; i < QUEUE_KINDS; i++) {
        strcpy(daemon->cursors[i], "0-0");
    }

    if (daemon->redis == NULL) {
        free(daemon);
        return 1;
    }

    sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_stop}, NULL);
    sigaction(SIGINT, &(struct sigaction){.sa_handler = on_stop}, NULL);
    signal(SIGPIPE, SIG_IGN);

    redis_seen = seconds_now();

    if (!status_serve(options->port, healthy, metrics)) {
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
    arena_t *arena = arena_create(NULL, NULL);

    if (arena == NULL) {
        sleep(1);
        return;
    }

    wait_for_reports(daemon);
    processes_end(daemon);
    slots_beat(daemon, arena);
    slots_finish(daemon, arena);

    if (!stopping) {
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
            report_read(slots[n]);
        }
    }
}


static void
report_read(slot_t *slot)
{
    char    data[1024];
    ssize_t i, n;

    while ((n = read(slot->report, data, sizeof(data))) > 0) {
        for (i = 0; i < n; i++) {
            if (data[i] == '\n') {
                slot->line[slot->line_len] = '\0';
                report_line(slot);
                slot->line_len = 0;

            } else if (slot->line_len < sizeof(slot->line) - 1) {
                slot->line[slot->line_len++] = data[i];
            }
        }
    }

    if (n == 0) { /* closed: the process ends now; poll must not spin on it */
        usleep(10000);
    }
}


static void
report_line(slot_t *slot)
{
    if (strncmp(slot->line, "progress ", 9) == 0) {
        slot->progress = strtod(slot->line + 9, NULL);

    } else if (strncmp(slot->line, "message ", 8) == 0) {
        snprintf(slot->message, sizeof(slot->message), "%.*s", (int) sizeof(slot->message) - 1, slot->line + 8);
    }
}


static void
processes_end(daemon_t *daemon)
{
    int     i;
    slot_t *slot;

    for (i = 0; i < SLOTS; i++) {
        slot = &daemon->slots[i];

        if (slot->state == SLOT_RUNNING && waitpid(slot->pid, &slot->status, WNOHANG) == slot->pid) {
            report_read(slot);
            kill(-slot->pid, SIGKILL); /* whatever it may have left */
            close(slot->report);
            slot->state = SLOT_ENDED;
            slot->beaten = 0;
        }
    }
}


static void
slots_beat(daemon_t *daemon, arena_t *arena)
{
    int            i;
    double         now = seconds_now();
    slot_t        *slot;
    redis_value_t *answer;

    for (i = 0; i < SLOTS; i++) {
        slot = &daemon->slots[i];

        if (slot->state != SLOT_RUNNING || slot->stopped != STOPPED_NOT || now - slot->beaten < BEAT) {
            continue;
        }

        slot->beaten = now;

        if (now - slot->begun > TIME_LIMIT) {
            slot_kill(slot, STOPPED_TIME);
            continue;
        }

        answer = run(daemon, arena, queue_beat(arena, &slot->ticket, daemon->name, slot->progress), 5);

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
            slot_free(daemon, slot, ENDED_CANCELED);
        }
    }
}


/* Tell Redis how the process ended. false: it can not be told now. */
static bool
slot_finish(daemon_t *daemon, arena_t *arena, slot_t *slot)
{
    int         i, delay = RETRY_DELAY;
    bool        again = false, good = false;
    ending_t    ending;
    const char *message = slot->message[0] ? slot->message : NULL;

    if (slot->stopped == STOPPED_CANCELED) {
        ending = ENDED_CANCELED; /* queue_finish() only takes the entry away */

    } else if (slot->stopped == STOPPED_TIME) {
        message = "took longer than 96 hours";

    } else if (WIFEXITED(slot->status)) {
        good = WEXITSTATUS(slot->status) == JOB_SUCCEEDED;
        again = WEXITSTATUS(slot->status) == JOB_AGAIN;
        message = message || good
                      ? message
                      : arena_format(arena, "the job process ended with status %d", WEXITSTATUS(slot->status));

    } else {
        again = WTERMSIG(slot->status) == SIGKILL; /* by the system, which ran out of memory */
        message = arena_format(arena, "the job process was ended by %s", strsignal(WTERMSIG(slot->status)));
    }

    if (slot->stopped != STOPPED_CANCELED) {
        ending = good ? ENDED_SUCCEEDED : again && slot->attempt < QUEUE_TRIES ? ENDED_RETRIED : ENDED_FAILED;
    }

    for (i = 1; i < slot->attempt; i++) {
        delay *= 3;
    }

    if (run(daemon, arena,
            ending == ENDED_RETRIED
                ? queue_release(arena, &slot->ticket, daemon->name, daemon->options->lease, delay, false, message)
                : queue_finish(arena, &slot->ticket, daemon->name, good, message),
            5) == NULL) {
        return false;
    }

    log_write(ending == ENDED_FAILED ? LOG_WARNING : LOG_INFO, __FILE__, __LINE__,
              "job %s %s after %.1f s (try %d)%s%s", slot->ticket.uid, ending_names[ending],
              seconds_now() - slot->begun, slot->attempt, message ? ": " : "", message ? message : "");

    slot_free(daemon, slot, ending);

    return true;
}


static void
slot_free(daemon_t *daemon, slot_t *slot, ending_t ending)
{
    queue_t queue = slot->ticket.queue;

    (void) daemon;

    counted[queue][ending]++;
    running[queue]--;
    milliseconds[queue] += (long long) ((seconds_now() - slot->begun) * 1000);

    arena_destroy(slot->arena);
    memset(slot, 0, sizeof(slot_t));
}


static void
slot_kill(slot_t *slot, stopped_t why)
{
    slot->stopped = why;
    kill(-slot->pid, SIGKILL);
    kill(slot->pid, SIGKILL);
}


static void
jobs_take(daemon_t *daemon, arena_t *arena)
{
    int            queue, used = 0;
    bool           queues[QUEUE_KINDS], any = false;
    size_t         i, n;
    ticket_t       tickets[QUEUE_KINDS];
    redis_value_t *answer;

    for (queue = 0; queue < QUEUE_KINDS; queue++) {
        queues[queue] = slots_used(daemon, queue) < daemon->options->slots[queue];
        any |= queues[queue];
        used += slots_used(daemon, queue);
    }

    if (!any) {
        return;
    }

    if (seconds_now() - daemon->looked > TAKE_OVER_EVERY) {
        daemon->looked = seconds_now();
        jobs_take_over(daemon, arena, queues);
        return;
    }

    answer =
        run(daemon, arena, queue_take(arena, queues, daemon->name, used == 0 ? IDLE_WAIT : 0), 5 + IDLE_WAIT / 1000);

    if (answer == NULL) {
        if (!stopping) {
            sleep(1);
        }

        return;
    }

    if (answer->type == REDIS_FAULT) { /* no group yet, or Redis is empty again */
        for (queue = 0; queue < QUEUE_KINDS; queue++) {
            run(daemon, arena, queue_group(arena, (queue_t) queue), 5);
        }

        return;
    }

    n = queue_taken(arena, answer, tickets);

    for (i = 0; i < n; i++) {
        job_begin(daemon, arena, &tickets[i]);
    }
}


/* Jobs whose worker has not renewed its lease, or gave them back. Also tells the depth of the queues. */
static void
jobs_take_over(daemon_t *daemon, arena_t *arena, const bool *free_queues)
{
    int            queue;
    ticket_t       ticket;
    const char    *cursor;
    redis_value_t *answer;

    for (queue = 0; queue < QUEUE_KINDS; queue++) {
        answer = run(daemon, arena, queue_depth(arena, (queue_t) queue), 5);
        if (answer != NULL) {
            depth[queue] = answer->integer;
        }

        if (!free_queues[queue]) {
            continue;
        }

        answer = run(
            daemon, arena,
            queue_take_over(arena, (queue_t) queue, daemon->name, daemon->options->lease, daemon->cursors[queue]), 5);

        if (answer != NULL && queue_taken_over(arena, (queue_t) queue, answer, &ticket, &cursor)) {
            taken_over++;
            log_info("job %s is taken over", ticket.uid);
            job_begin(daemon, arena, &ticket);
            daemon->looked = 0; /* there may be more */
        }

        if (answer != NULL && answer->type == REDIS_LIST) {
            snprintf(daemon->cursors[queue], sizeof(daemon->cursors[queue]), "%s", cursor);
        }
    }
}


static void
job_begin(daemon_t *daemon, arena_t *arena, const ticket_t *ticket)
{
    int            attempt;
    slot_t        *slot;
    const char    *text;
    redis_value_t *answer = run(daemon, arena, queue_begin(arena, ticket, daemon->name), 5);

    if (answer == NULL || answer->type == REDIS_FAULT) {
        return; /* its lease runs out, and it is taken over */
    }

    attempt = queue_begun(arena, answer, &text);

    if (attempt <= 0 || text == NULL) {
        if (attempt < 0) {
            log_warning("job %s %s", ticket->uid, text);
            counted[ticket->queue][ENDED_FAILED]++;
        }

        return;
    }

    slot = slot_new(daemon);
    if (slot == NULL) {
        run(daemon, arena, queue_release(arena, ticket, daemon->name, daemon->options->lease, 0, true, NULL), 5);
        return;
    }

    slot->ticket =
        (ticket_t){ticket->queue, arena_text(slot->arena, ticket->uid), arena_text(slot->arena, ticket->entry)};
    slot->attempt = attempt;
    slot->begun = slot->renewed = slot->beaten = seconds_now();

    running[ticket->queue]++;

    if (!job_spawn(slot, text)) {
        log_error("job %s: no process: %s", ticket->uid, strerror(errno));
        run(daemon, arena, queue_release(arena, ticket, daemon->name, daemon->options->lease, RETRY_DELAY, true, NULL),
            5);
        slot_free(daemon, slot, ENDED_RETURNED);
        return;
    }

    log_info("job %s begun in process %d (%s, try %d)", ticket->uid, slot->pid, queue_name(ticket->queue), attempt);
}


static bool
job_spawn(slot_t *slot, const char *spec)
{
    int         input[2], report[2];
    size_t      len = strlen(spec), at = 0;
    ssize_t     n;
    char *const arguments[] = {"tator-transcode", "--job", (char *) queue_name(slot->ticket.queue), NULL};

    if (pipe2(input, O_CLOEXEC) != 0) {
        return false;
    }

    if (pipe2(report, O_CLOEXEC) != 0) {
        close(input[0]);
        close(input[1]);
        return false;
    }

    slot->pid = fork();

    if (slot->pid == 0) {
        setpgid(0, 0);
        /* Descriptors below 10 may be the pipes' own: out of the way first. */
        input[0] = fcntl(input[0], F_DUPFD, 10);
        report[1] = fcntl(report[1], F_DUPFD, 10);
        dup2(input[0], STDIN_FILENO);
        dup2(report[1], JOB_REPORT);
        close_range(JOB_REPORT + 1, ~0U, 0);
        execv("/proc/self/exe", arguments);
        _exit(JOB_AGAIN);
    }

    close(input[0]);
    close(report[1]);

    if (slot->pid == -1) {
        close(input[1]);
        close(report[0]);
        return false;
    }

    setpgid(slot->pid, slot->pid);

    while (at < len && ((n = write(input[1], spec + at, len - at)) > 0 || errno == EINTR)) {
        at += n > 0 ? (size_t) n : 0;
    }

    close(input[1]);

    slot->report = report[0];
    slot->state = SLOT_RUNNING;
    fcntl(slot->report, F_SETFL, O_NONBLOCK);

    return true;
}


/* The end of the daemon: running jobs go back into the queue, and the try does not count. */
static void
give_back(daemon_t *daemon)
{
    int      i;
    slot_t  *slot;
    arena_t *arena = arena_create(NULL, NULL);

    processes_end(daemon);
    slots_finish(daemon, arena);

    for (i = 0; i < SLOTS; i++) {
        slot = &daemon->slots[i];

        if (slot->state == SLOT_RUNNING) {
            slot_kill(slot, STOPPED_CANCELED);
            waitpid(slot->pid, &slot->status, 0);
            close(slot->report);
            run(daemon, arena, queue_release(arena, &slot->ticket, daemon->name, daemon->options->lease, 0, true, NULL),
                5);
            log_info("job %s is given back", slot->ticket.uid);
            slot_free(daemon, slot, ENDED_RETURNED);
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

        if (answer->type == REDIS_FAULT && strncmp(answer->text, "NOGROUP", 7) != 0 &&
            strncmp(answer->text, "BUSYGROUP", 9) != 0) {
            log_error("Redis: %s", answer->text);
        }
    }

    return answer;
}


static double
seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);

    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}


static bool
healthy(void)
{
    return seconds_now() - redis_seen < UNWELL;
}


static void
metrics(FILE *out)
{
    int queue, ending;

    fputs("# TYPE tator_transcode_jobs_total counter\n", out);
    for (queue = 0; queue < QUEUE_KINDS; queue++) {
        for (ending = 0; ending < ENDINGS; ending++) {
            fprintf(out, "tator_transcode_jobs_total{queue=\"%s\",ending=\"%s\"} %ld\n", queue_name((queue_t) queue),
                    ending_names[ending], atomic_load(&counted[queue][ending]));
        }
    }

    fputs("# TYPE tator_transcode_seconds_total counter\n", out);
    for (queue = 0; queue < QUEUE_KINDS; queue++) {
        fprintf(out, "tator_transcode_seconds_total{queue=\"%s\"} %.3f\n", queue_name((queue_t) queue),
                (double) atomic_load(&milliseconds[queue]) / 1000);
    }

    fputs("# TYPE tator_transcode_running gauge\n", out);
    for (queue = 0; queue < QUEUE_KINDS; queue++) {
        fprintf(out, "tator_transcode_running{queue=\"%s\"} %ld\n", queue_name((queue_t) queue),
                atomic_load(&running[queue]));
    }

    fputs("# TYPE tator_transcode_queue_depth gauge\n", out);
    for (queue = 0; queue < QUEUE_KINDS; queue++) {
        fprintf(out, "tator_transcode_queue_depth{queue=\"%s\"} %ld\n", queue_name((queue_t) queue),
                atomic_load(&depth[queue]));
    }

    fprintf(out, "# TYPE tator_transcode_taken_over_total counter\ntator_transcode_taken_over_total %ld\n",
            atomic_load(&taken_over));
}
