/*
 * tator-cron: runs maintenance jobs by their schedule. Any number may run, one leads: it holds an advisory lock of the database. Each job is a
 * process of its own, and there is one of each at most.
 */

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>

#include "common/log.h"
#include "common/settings.h"
#include "common/status.h"
#include "jobs/jobs.h"

#define LOCK   "742190354"
#define TICK   1000 /* milliseconds */
#define JOBS   32
#define UNWELL 90   /* seconds without the database */

/* What is known of each job of the table; read by /metrics, too. */
typedef struct {
    pid_t       pid; /* 0: does not run */
    time_t      begun;
    atomic_long runs, failures, seconds, last;
} running_t;

static const struct option options[] = {
    {"port", required_argument, NULL, 'p'},
    {"run", required_argument, NULL, 'r'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static const char usage[] =
    "usage: tator-cron [--port N]\n"
    "\n"
    "Runs maintenance jobs by their schedule; tator-admin runs them by hand. Settings come from the environment, and\n"
    "  TATOR_CRON_PORT  --port: of /healthz and /metrics (none)\n";

extern char **environ;

static running_t      running[JOBS];
static atomic_int     leading;
static _Atomic time_t seen;

static int         lead(const config_t *config, int port);
static int         run_one(const config_t *config, const char *name);
static void        take_lead(database_t *database);
static void        start_due(time_t from, time_t to);
static bool        is_due(const maintenance_t *job, time_t from, time_t to);
static void        start(size_t k);
static void        reap(void);
static void        end_all(void);
static void        on_stop(int number);
static const char *no_option(void *data, const char *name);
static bool        healthy(void);
static void        metrics(FILE *out);


int
main(int argc, char **argv)
{
    int         option, status, port = 0;
    arena_t    *arena;
    config_t    config;
    const char *name = NULL;

    if (!settings_variable("TATOR_CRON_PORT", 0, 65535, &port)) {
        return 2;
    }

    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'p':
            if (!settings_number("--port", optarg, 0, 65535, &port)) {
                return 2;
            }
            break;
        case 'r':
            name = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            return 0;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }

    arena = settings_read(&config, "tator-cron");
    if (arena == NULL) {
        return 2;
    }

    log_open("tator-cron");
    settings_signals(on_stop);

    status = name != NULL ? run_one(&config, name) : lead(&config, port);
    arena_destroy(arena);

    return status;
}


static int
lead(const config_t *config, int port)
{
    time_t     last = time(NULL), now;
    database_t database;

    seen = last;
    if (!status_serve(port, healthy, metrics)) {
        log_error("port %d can not be used: %s", port, strerror(errno));
        return 1;
    }

    database_open(&database, config);
    log_info("started");

    while (!jobs_stopping) {
        take_lead(&database);
        now = time(NULL);

        if (leading) {
            start_due(last, now);
        }
        last = now;

        reap();
        database_wait(&database, TICK);
    }

    end_all();
    database_close(&database);
    log_info("stopped");

    return 0;
}


static int
run_one(const config_t *config, const char *name)
{
    int                  status;
    work_t               work = {.config = config, .option = no_option};
    database_t           database;
    const maintenance_t *job = maintenance_find(name);

    if (job == NULL) {
        fprintf(stderr, "tator-cron: there is no job %s\n", name);
        return 2;
    }

    curl_global_init(CURL_GLOBAL_DEFAULT);
    database_open(&database, config);
    work.database = &database;
    status = job->run(&work);
    database_close(&database);
    curl_global_cleanup();

    return status;
}


/* The lock is the connection's: a new connection has to ask again. */
static void
take_lead(database_t *database)
{
    bool             led = leading, connected = database->pg != NULL && PQstatus(database->pg) == CONNECTION_OK;
    arena_t         *arena;
    PGresult        *result;
    static const char ask[] = "SELECT pg_try_advisory_lock(" LOCK ")", look[] = "SELECT true";

    arena = arena_create(NULL, NULL);
    if (arena == NULL) {
        return;
    }

    result = led && connected ? database_query(database, arena, look) : database_query(database, arena, ask);
    leading = result != NULL && strcmp(database_text(result, 0, 0), "t") == 0;
    if (result != NULL) {
        seen = time(NULL);
    }

    if (leading != led) {
        log_info(leading ? "leads" : "does not lead any more");
    }

    PQclear(result);
    arena_destroy(arena);
}


static void
start_due(time_t from, time_t to)
{
    for (size_t k = 0; maintenance_jobs[k].name != NULL && k < JOBS; k++) {
        if (running[k].pid == 0 && is_due(&maintenance_jobs[k], from, to)) {
            start(k);
        }
    }
}


/* Whether a minute of its schedule begins after `from`, up to `to`. */
static bool
is_due(const maintenance_t *job, time_t from, time_t to)
{
    time_t    minute = (from / 60 + 1) * 60;
    struct tm parts;

    if (job->hour == NEVER || to - from > 3600) { /* a clock that was set */
        return false;
    }

    for (/* void */; minute <= to; minute += 60) {
        gmtime_r(&minute, &parts);
        if ((job->hour == EVERY || job->hour == parts.tm_hour) && (job->minute == EVERY || job->minute == parts.tm_min)) {
            return true;
        }
    }

    return false;
}


static void
start(size_t k)
{
    pid_t pid;
    char *argv[] = {(char *) "tator-cron", (char *) "--run", (char *) maintenance_jobs[k].name, NULL};

    if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ) != 0) {
        log_error("%s does not start: %s", maintenance_jobs[k].name, strerror(errno));
        running[k].failures++;
        return;
    }

    running[k].pid = pid;
    running[k].begun = time(NULL);
    log_debug("%s begins", maintenance_jobs[k].name);
}


static void
reap(void)
{
    int   status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (size_t k = 0; k < JOBS; k++) {
            if (running[k].pid != pid) {
                continue;
            }

            running[k].pid = 0;
            running[k].runs++;
            running[k].seconds += time(NULL) - running[k].begun;

            if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
                running[k].last = time(NULL);
                log_debug("%s is done", maintenance_jobs[k].name);
            } else {
                running[k].failures++;
                log_error("%s failed: %s %d", maintenance_jobs[k].name, WIFEXITED(status) ? "status" : "signal",
                          WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
            }
        }
    }
}


/* They end after their current step. */
static void
end_all(void)
{
    bool any = true;

    for (size_t k = 0; k < JOBS; k++) {
        if (running[k].pid != 0) {
            kill(running[k].pid, SIGTERM);
        }
    }

    for (int tenths = 0; any && tenths < 150; tenths++) {
        any = false;
        reap();
        for (size_t k = 0; k < JOBS; k++) {
            any = any || running[k].pid != 0;
        }
        if (any) {
            usleep(100000);
        }
    }
}


static void
on_stop(int number)
{
    (void) number;
    jobs_stopping = 1;
}


static const char *
no_option(void *data, const char *name)
{
    (void) data;
    (void) name;

    return NULL;
}


static bool
healthy(void)
{
    return time(NULL) - seen < UNWELL;
}


static void
metrics(FILE *out)
{
    static const struct {
        const char *name, *type, *help;
        size_t      offset;
    } figures[] = {
        {"tator_cron_runs_total", "counter", "Runs of a job that have ended.", offsetof(running_t, runs)},
        {"tator_cron_failures_total", "counter", "Those that failed.", offsetof(running_t, failures)},
        {"tator_cron_seconds_total", "counter", "Time that they took.", offsetof(running_t, seconds)},
        {"tator_cron_last_success_timestamp_seconds", "gauge", "When one last succeeded.", offsetof(running_t, last)},
    };

    fprintf(out, "# HELP tator_cron_leader Whether this process leads.\n# TYPE tator_cron_leader gauge\ntator_cron_leader %d\n", leading);

    for (size_t f = 0; f < sizeof(figures) / sizeof(figures[0]); f++) {
        fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", figures[f].name, figures[f].help, figures[f].name, figures[f].type);
        for (size_t k = 0; maintenance_jobs[k].name != NULL && k < JOBS; k++) {
            fprintf(out, "%s{job=\"%s\"} %ld\n", figures[f].name, maintenance_jobs[k].name,
                    (long) *(atomic_long *) ((char *) &running[k] + figures[f].offset));
        }
    }
}
