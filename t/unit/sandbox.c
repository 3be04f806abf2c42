/* link: workers/transcode/sandbox.c workers/transcode/fault.c */
/* libraries: media */
/* What a confined process can not do any more, and what it still can. */

#include "t/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <pthread.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workers/transcode/sandbox.h"

static char folder[] = "/tmp/tator-unit-XXXXXX";

/* 0: it went well; else errno. */
typedef int (*deed_t)(void);


static int
failed(int result)
{
    int error = result == -1 ? errno : 0;

    if (result > 2) {
        close(result);
    }

    return error;
}


static int read_passwd(void) { return failed(open("/etc/passwd", O_RDONLY)); }
static int read_environment(void) { return failed(open("/proc/1/environ", O_RDONLY)); }
static int read_library(void) { return failed(open("/usr/bin/env", O_RDONLY)); }
static int write_outside(void) { return failed(open("/tmp/tator-unit-outside", O_CREAT | O_RDWR, 0600)); }
static int connect_out(void) { return failed(socket(AF_INET, SOCK_STREAM, 0)); }
static int connect_local(void) { return failed(socket(AF_UNIX, SOCK_STREAM, 0)); }
static int run_program(void) { return failed(execl("/bin/true", "true", (char *) NULL)); }
static int new_process(void) { pid_t pid = fork(); if (pid == 0) { _exit(0); } return failed(pid); }
static int look_at_others(void) { return failed((int) ptrace(PTRACE_ATTACH, getppid(), NULL, NULL)); }
static int end_others(void) { return failed(kill(getppid(), 0)); }
static int more_memory(void) { return failed(setrlimit(RLIMIT_NOFILE, &(struct rlimit) {4096, 4096})); }


static int
write_inside(void)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/file", folder);

    return failed(open(path, O_CREAT | O_RDWR, 0600)) ? errno : failed(unlink(path));
}


static void *
nothing(void *unused)
{
    return unused;
}


static int
new_thread(void)
{
    pthread_t thread;
    int       error = pthread_create(&thread, NULL, nothing, NULL);

    return error ? error : pthread_join(thread, NULL);
}


/* What the deed comes to in a confined process: 0, its errno, or 255 when the process did not live to tell. */
static int
confined(deed_t deed)
{
    int      status, error;
    pid_t    pid;
    fault_t  fault = FAULT_INITIALIZER;
    limits_t limits = {.memory = 16L << 40, .disk = 1 << 20};

    pid = fork();
    assert_int_not_equal(pid, -1);

    if (pid == 0) {
        setenv("TMPDIR", folder, 1);
        limits_set(&limits);
        error = sandbox_enter(&fault) ? deed() : 254;
        _exit(error);
    }

    assert_int_equal(waitpid(pid, &status, 0), pid);

    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}


static void
no_files_but_the_systems_and_its_own(void **state)
{
    (void) state;

    assert_int_equal(confined(read_library), 0);
    assert_int_equal(confined(write_inside), 0);
    assert_int_equal(confined(read_passwd), EACCES);
    assert_int_equal(confined(read_environment), EACCES);
    assert_int_equal(confined(write_outside), EACCES);
}


static void
no_network(void **state)
{
    (void) state;

    assert_int_equal(confined(connect_out), EPERM);
    assert_int_equal(confined(connect_local), EPERM);
}


static void
no_other_processes(void **state)
{
    (void) state;

    assert_int_equal(confined(new_thread), 0);
    assert_int_equal(confined(new_process), EPERM);
    assert_int_equal(confined(run_program), EPERM);
    assert_int_equal(confined(look_at_others), EPERM);
    assert_int_equal(confined(end_others), EPERM);
    assert_int_equal(confined(more_memory), EPERM);
}


/* The signal that ends a process with these limits at its deed; 1000 and more: its status. */
static int
limited(deed_t deed, limits_t limits)
{
    int   status;
    pid_t pid = fork();

    assert_int_not_equal(pid, -1);

    if (pid == 0) {
        limits_set(&limits);
        _exit(deed());
    }

    assert_int_equal(waitpid(pid, &status, 0), pid);

    return WIFSIGNALED(status) ? WTERMSIG(status) : 1000 + WEXITSTATUS(status);
}


static int
think_for_ever(void)
{
    volatile unsigned n = 0;

    do {
        n = n + 1;
    } while (n != 0 || time(NULL) > 0);

    return 0;
}


static int
write_much(void)
{
    int    result = 0;
    char   path[64], data[4096] = "";
    FILE  *file;
    size_t n;

    snprintf(path, sizeof(path), "%s/much", folder);
    file = fopen(path, "w");

    if (file == NULL) {
        return 1;
    }

    for (n = 0; n < 1024 && result == 0; n++) {
        result = fwrite(data, 1, sizeof(data), file) == sizeof(data) && fflush(file) == 0 ? 0 : errno;
    }

    fclose(file);
    unlink(path);

    return result;
}


static void
time_and_disk_have_limits(void **state)
{
    (void) state;

    assert_int_equal(limited(think_for_ever, (limits_t) {.memory = 16L << 40, .disk = 1 << 20, .seconds = 1}), SIGXCPU);
    assert_int_equal(limited(write_much, (limits_t) {.memory = 16L << 40, .disk = 1 << 20, .seconds = 10}), 1000 + EFBIG);
    assert_int_equal(limited(write_much, (limits_t) {.memory = 16L << 40, .disk = 16 << 20, .seconds = 10}), 1000);
}


int
main(void)
{
    int                     result;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_files_but_the_systems_and_its_own),
        cmocka_unit_test(no_network),
        cmocka_unit_test(no_other_processes),
        cmocka_unit_test(time_and_disk_have_limits),
    };

    if (mkdtemp(folder) == NULL) {
        return 1;
    }

    result = cmocka_run_group_tests(tests, start, end);
    rmdir(folder);

    return result;
}
