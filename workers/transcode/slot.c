/*
 * Processes of jobs.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "job.h"
#include "slot.h"

#define PREFIX      "tator-transcode-"
#define ENVIRONMENT 64

/* What of the environment a job is given: beginnings of names. Secrets of the deployment are none of its business. */
static const char *const passed_on[] = {
    "TATOR_TRANSCODE_", "TATOR_H264_", "TATOR_HEVC_", "TATOR_AV1_", "SERVER_SIDE_REQUEST_ORIGINS=", "AWS_ENDPOINT_URL=", "AWS_DEFAULT_REGION=", "PATH=", "LANG=", "LC_", "TZ=",
    "SSL_CERT_", "LIBVA_", "LD_LIBRARY_PATH=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "LSAN_OPTIONS=",
};

static const char *const stage_names[STAGES] = {"open", "work", "finish"};


static bool        folder_make(slot_t *slot);
static void        folder_remove(const char *path);
static int         entry_remove(const char *path, const struct stat *facts, int kind, struct FTW *place);
static const char *temporary(void);
static void        become(slot_t *slot, int input, int report);
static void        environment_make(char **environment, char *folder);
static void        line_read(slot_t *slot);


const char *
stage_name(stage_t stage)
{
    return stage_names[stage];
}


bool
slot_start(slot_t *slot, const taken_t *taken)
{
    int     input[2], report[2];
    size_t  len = strlen(taken->spec), at = 0;
    ssize_t n;

    slot->ticket = (ticket_t){taken->ticket.queue, arena_text(slot->arena, taken->ticket.uid)};
    slot->attempt = taken->attempt;
    slot->begun = slot->renewed = slot->beaten = seconds_now();

    if (!folder_make(slot) || pipe2(input, O_CLOEXEC) != 0) {
        return false;
    }

    if (pipe2(report, O_CLOEXEC) != 0) {
        close(input[0]);
        close(input[1]);
        return false;
    }

    slot->pid = fork();

    if (slot->pid == 0) {
        become(slot, input[0], report[1]);
    }

    close(input[0]);
    close(report[1]);

    if (slot->pid == -1) {
        close(input[1]);
        close(report[0]);
        return false;
    }

    setpgid(slot->pid, slot->pid);

    while (at < len && ((n = write(input[1], taken->spec + at, len - at)) > 0 || errno == EINTR)) {
        at += n > 0 ? (size_t) n : 0;
    }

    close(input[1]);

    slot->report = report[0];
    slot->state = SLOT_RUNNING;
    fcntl(slot->report, F_SETFL, O_NONBLOCK);

    return true;
}


void
slot_read(slot_t *slot)
{
    char    data[1024];
    ssize_t i, n;

    while ((n = read(slot->report, data, sizeof(data))) > 0) {
        for (i = 0; i < n; i++) {
            if (data[i] == '\n') {
                slot->line[slot->line_len] = '\0';
                line_read(slot);
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


bool
slot_ended(slot_t *slot)
{
    if (slot->state != SLOT_RUNNING || waitpid(slot->pid, &slot->status, WNOHANG) != slot->pid) {
        return false;
    }

    slot_read(slot);
    kill(-slot->pid, SIGKILL); /* whatever it may have left */
    close(slot->report);
    slot->state = SLOT_ENDED;
    slot->beaten = 0;

    return true;
}


void
slot_kill(slot_t *slot, stopped_t why)
{
    slot->stopped = why;
    kill(-slot->pid, SIGKILL);
    kill(slot->pid, SIGKILL);
}


void
slot_wait(slot_t *slot)
{
    waitpid(slot->pid, &slot->status, 0);
    close(slot->report);
    slot->state = SLOT_ENDED;
}


void
slot_clear(slot_t *slot)
{
    if (slot->folder[0] != '\0') {
        folder_remove(slot->folder);
    }

    arena_destroy(slot->arena);
    memset(slot, 0, sizeof(slot_t));
}


void
slots_sweep(void)
{
    DIR           *folder = opendir(temporary());
    long           pid;
    char           path[512];
    struct dirent *entry;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (strncmp(entry->d_name, PREFIX, sizeof(PREFIX) - 1) != 0) {
            continue;
        }

        /* In a container each daemon has the number of the one before. */
        pid = strtol(entry->d_name + sizeof(PREFIX) - 1, NULL, 10);
        if (pid > 0 && (pid == getpid() || (kill((pid_t) pid, 0) != 0 && errno == ESRCH))) {
            snprintf(path, sizeof(path), "%s/%s", temporary(), entry->d_name);
            folder_remove(path);
        }
    }

    if (folder != NULL) {
        closedir(folder);
    }
}


double
seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);

    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}


static bool
folder_make(slot_t *slot)
{
    if (snprintf(slot->folder, sizeof(slot->folder), "%s/" PREFIX "%d-XXXXXX", temporary(), getpid()) <
            (int) sizeof(slot->folder) &&
        mkdtemp(slot->folder) != NULL) {
        return true;
    }

    slot->folder[0] = '\0';

    return false;
}


static void
folder_remove(const char *path)
{
    nftw(path, entry_remove, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}


static int
entry_remove(const char *path, const struct stat *facts, int kind, struct FTW *place)
{
    (void) facts;
    (void) kind;
    (void) place;
    (void) remove(path);

    return 0;
}


static const char *
temporary(void)
{
    const char *path = getenv("TMPDIR");

    return path != NULL && *path ? path : "/tmp";
}


/* In the new process: the daemon's program anew, with the spec as its input. */
static void
become(slot_t *slot, int input, int report)
{
    char        attempt[16], folder[300], *environment[ENVIRONMENT + 2];
    char *const arguments[] = {
        "tator-transcode", "--job", (char *) queue_name(slot->ticket.queue), "--attempt", attempt, NULL};

    setpgid(0, 0);
    snprintf(attempt, sizeof(attempt), "%d", slot->attempt);
    snprintf(folder, sizeof(folder), "TMPDIR=%s", slot->folder);
    environment_make(environment, folder);

    /* Descriptors below 10 may be the pipes' own: out of the way first. */
    input = fcntl(input, F_DUPFD, 10);
    report = fcntl(report, F_DUPFD, 10);
    dup2(input, STDIN_FILENO);
    dup2(report, JOB_REPORT);
    close_range(JOB_REPORT + 1, ~0U, 0);
    execve("/proc/self/exe", arguments, environment);
    _exit(JOB_AGAIN);
}


static void
environment_make(char **environment, char *folder)
{
    int    n = 0;
    char **variable;
    size_t i;

    environment[n++] = folder;

    for (variable = environ; *variable != NULL && n < ENVIRONMENT; variable++) {
        for (i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++) {
            if (strncmp(*variable, passed_on[i], strlen(passed_on[i])) == 0) {
                environment[n++] = *variable;
                break;
            }
        }
    }

    environment[n] = NULL;
}


static void
line_read(slot_t *slot)
{
    int    stage;
    char  *rest = strchr(slot->line, ' ');
    size_t len;

    if (rest == NULL) {
        return;
    }

    len = (size_t) (rest++ - slot->line);

    if (strncmp(slot->line, "progress", len) == 0) {
        slot->progress = strtod(rest, NULL);

    } else if (strncmp(slot->line, "message", len) == 0) {
        snprintf(slot->message, sizeof(slot->message), "%.*s", (int) sizeof(slot->message) - 1, rest);

    } else if (strncmp(slot->line, "kind", len) == 0) {
        slot->kind = fault_kind_of(rest);

    } else if (strncmp(slot->line, "played", len) == 0) {
        slot->played = strtod(rest, NULL);
    }

    for (stage = 0; stage < STAGES; stage++) {
        if (strncmp(slot->line, stage_names[stage], len) == 0) {
            slot->stages[stage] += strtod(rest, NULL);
        }
    }
}
