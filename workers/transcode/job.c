/*
 * A job's two processes: this one becomes the broker, the forked one does the work.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <curl/curl.h>

#include "broker.h"
#include "common/log.h"
#include "job.h"
#include "lane.h"
#include "sandbox.h"
#include "work.h"

#define SPEC_LIMIT    (16 << 20)
#define IMAGE_SECONDS 900 /* of processor time */
#define VIDEO_SECONDS (96 * 3600L * 64)


static int     run(order_t *order, bool told);
static pid_t   worker_start(int ours[], int theirs[], const limits_t *limits, bool told);
static int     worker_status(pid_t pid, bool told);
static json_t *spec_read(void);
static void    tell(bool told, fault_kind_t kind, const char *text);


int
job_main(const char *kind, int attempt)
{
    return run(&(order_t){.kind = kind, .attempt = attempt}, true);
}


int
job_file(const char *path, const char *directory, const char *type, double force_fps, bool image)
{
    return run(&(order_t){.kind = image ? "images" : "file",
                          .attempt = 1,
                          .path = path,
                          .directory = directory,
                          .type = type,
                          .force_fps = force_fps},
               false);
}


static int
run(order_t *order, bool told)
{
    int       status = JOB_AGAIN, ours[LANES], theirs[LANES];
    pid_t     pid;
    json_t   *spec = NULL;
    fault_t   fault = FAULT_INITIALIZER;
    limits_t  limits = limits_find(strcmp(order->kind, "images") == 0 ? IMAGE_SECONDS : VIDEO_SECONDS);
    broker_t *broker;

    log_open("tator-transcode");
    limits_set(&(limits_t){.memory = limits.memory, .disk = limits.disk});
    signal(SIGPIPE, SIG_IGN);

    pid = worker_start(ours, theirs, &limits, told);
    if (pid == -1) {
        tell(told, FAULT_MACHINE, "the job's process does not start");
        return JOB_AGAIN;
    }

    curl_global_init(CURL_GLOBAL_DEFAULT);

    if (told) {
        spec = spec_read();
        order->spec = spec;
    }

    broker = broker_open(ours, order);

    if (broker != NULL) {
        broker_serve(broker, &fault);
        status = worker_status(pid, told);

        if (status == JOB_SUCCEEDED && told) {
            broker_mail(broker);
        }

        broker_close(broker);

    } else {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        tell(told, FAULT_MACHINE, "no memory");
    }

    json_decref(spec);
    curl_global_cleanup();

    return status;
}


/* The process that does the work has its ends of the lanes and the report, and nothing else that this one holds. -1: there is none. */
static pid_t
worker_start(int ours[], int theirs[], const limits_t *limits, bool told)
{
    int   i, pair[2];
    pid_t pid, parent = getpid();

    for (i = 0; i < LANES; i++) {
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
            return -1;
        }

        ours[i] = pair[0];
        theirs[i] = pair[1];
    }

    fflush(NULL);
    pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);

        for (i = 0; i < LANES; i++) {
            close(ours[i]);
        }

        if (told) {
            close(STDIN_FILENO);
            (void) open("/dev/null", O_RDONLY);
        }

        i = getppid() == parent ? work_main(theirs, limits, told) : JOB_AGAIN;
        fflush(NULL);
        _exit(i);
    }

    for (i = 0; i < LANES; i++) {
        close(theirs[i]);
    }

    if (pid == -1) {
        for (i = 0; i < LANES; i++) {
            close(ours[i]);
        }
    }

    return pid;
}


/* Wait for its end: what it says itself, or what ended it. */
static int
worker_status(pid_t pid, bool told)
{
    int  status, signal;
    char text[200];

    while (waitpid(pid, &status, 0) == -1) {
        if (errno != EINTR) {
            return JOB_AGAIN;
        }
    }

    if (WIFEXITED(status)) {
        return WEXITSTATUS(status);
    }

    signal = WTERMSIG(status);

    if (signal == SIGXCPU) {
        tell(told, FAULT_LIMIT, "the job used more processor time than it may");
        return JOB_FAILED;
    }

    snprintf(text, sizeof(text), "the job's process was ended by: %s", strsignal(signal));
    tell(told, FAULT_CRASH, text);

    return signal == SIGKILL ? JOB_AGAIN : JOB_FAILED; /* by the system, which ran out of memory */
}


static json_t *
spec_read(void)
{
    char   *text = malloc(SPEC_LIMIT);
    json_t *spec;
    size_t  len = 0;
    ssize_t n;

    if (text == NULL) {
        return NULL;
    }

    while (len < SPEC_LIMIT &&
           ((n = read(STDIN_FILENO, text + len, SPEC_LIMIT - len)) > 0 || (n < 0 && errno == EINTR))) {
        len += n > 0 ? (size_t) n : 0;
    }

    spec = json_loadb(text, len, 0, NULL);
    free(text);

    return spec;
}


static void
tell(bool told, fault_kind_t kind, const char *text)
{
    if (!told) {
        fprintf(stderr, "%s\n", text);
        return;
    }

    dprintf(JOB_REPORT, "kind %s\nmessage %s\n", fault_kind_name(kind), text);
}
