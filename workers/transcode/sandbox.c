/*
 * Limits, Landlock and seccomp.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <seccomp.h>

#include "lane.h"
#include "sandbox.h"

#define FILES_OPEN (LANES + 160)
#define NET_BIND   (1ULL << 0) /* by their numbers: the headers may be older than the kernel */
#define NET_TCP    (1ULL << 1)
#define SCOPED     3ULL /* abstract sockets and signals */
#define FILE_READ  (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ALL_FIRST  ((1ULL << 13) - 1) /* what the first version knows */
#define REFER      (1ULL << 13)
#define TRUNCATE   (1ULL << 14)
#define DEVICES    (1ULL << 15)

/* Of the newest version that is used here. */
typedef struct {
    uint64_t files, network, scoped;
} ruleset_t;

/* Where libraries, their modules and facts about the machine are. */
static const char *const readable[] = {
    "/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/sys/devices/system", "/proc/cpuinfo", "/proc/meminfo",
    "/proc/self/status", "/dev/null", "/dev/urandom",
};

/* What decoding and encoding need: memory, threads, time, open files. Whatever is not here fails with EPERM. */
static const int allowed[] = {
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(lseek),
    SCMP_SYS(close), SCMP_SYS(close_range), SCMP_SYS(fstat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx),
    SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(open), SCMP_SYS(openat),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getdents64), SCMP_SYS(getcwd), SCMP_SYS(unlink), SCMP_SYS(unlinkat),
    SCMP_SYS(ftruncate), SCMP_SYS(fallocate), SCMP_SYS(fadvise64), SCMP_SYS(fcntl), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3),
    SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(umask), SCMP_SYS(fchmod),
    SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(mincore),
    SCMP_SYS(memfd_create), SCMP_SYS(get_mempolicy), SCMP_SYS(set_mempolicy), SCMP_SYS(mbind), SCMP_SYS(membarrier), SCMP_SYS(mlock), SCMP_SYS(munlock),
    SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(get_robust_list), SCMP_SYS(rseq), SCMP_SYS(set_tid_address), SCMP_SYS(exit),
    SCMP_SYS(exit_group), SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
    SCMP_SYS(getegid), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_setaffinity), SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler), SCMP_SYS(sched_get_priority_max), SCMP_SYS(sched_get_priority_min), SCMP_SYS(getpriority),
    SCMP_SYS(setpriority), SCMP_SYS(getcpu), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(times), SCMP_SYS(getrusage), SCMP_SYS(getrlimit),
    SCMP_SYS(getrandom), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall), SCMP_SYS(sysinfo), SCMP_SYS(uname), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(pipe), SCMP_SYS(pipe2),
    SCMP_SYS(eventfd2), SCMP_SYS(arch_prctl),
};

/* Allowed with this value of an argument alone (under the mask). */
typedef struct {
    int      call;
    unsigned argument;
    uint64_t mask, value;
} condition_t;


static bool     landlock_enter(void);
static void     landlock_allow(int ruleset, const char *path, uint64_t access);
static bool     seccomp_enter(bool files_held);
static bool     conditions_add(scmp_filter_ctx filter, bool files_held);
static int64_t  megabytes(const char *name, double otherwise);
static uint64_t known_files(long version);


limits_t
limits_find(int64_t seconds)
{
    const char    *folder = getenv("TMPDIR");
    struct statvfs disk;
    double         room = 0;

    if (statvfs(folder != NULL ? folder : "/tmp", &disk) == 0) {
        room = (double) disk.f_bavail * (double) disk.f_frsize;
    }

    return (limits_t){
        .memory = megabytes("TATOR_TRANSCODE_MEMORY", (double) sysconf(_SC_PHYS_PAGES) * (double) sysconf(_SC_PAGESIZE) * 0.75),
        .disk = megabytes("TATOR_TRANSCODE_DISK", room * 0.75),
        .seconds = seconds,
    };
}


void
limits_set(const limits_t *limits)
{
    rlim_t cpu = (rlim_t) limits->seconds;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0);
    signal(SIGXFSZ, SIG_IGN); /* a write above the limit fails */

    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){FILES_OPEN, FILES_OPEN});
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){(rlim_t) limits->disk, (rlim_t) limits->disk});

    if (cpu > 0) {
        setrlimit(RLIMIT_CPU, &(struct rlimit){cpu, cpu + 5});
    }

#ifndef TATOR_SANITIZE /* whose shadow memory counts, too */
    setrlimit(RLIMIT_DATA, &(struct rlimit){(rlim_t) limits->memory, (rlim_t) limits->memory});
#endif
}


bool
sandbox_enter(fault_t *fault)
{
    bool        held;
    const char *wanted = getenv("TATOR_TRANSCODE_SANDBOX");

    if (wanted != NULL && strcmp(wanted, "off") == 0) {
        return true;
    }

#ifdef TATOR_SANITIZE /* which looks at processes and writes reports */
    (void) held;
    return true;
#endif

    held = landlock_enter();

    return seccomp_enter(held) ||
           fault_of(fault, FAULT_MACHINE, false, "the job's process can not be confined: %s", strerror(errno));
}


/* false: the kernel has none. */
static bool
landlock_enter(void)
{
    int         ruleset;
    long        version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    size_t      i, size;
    ruleset_t   rules = {0};
    const char *folder = getenv("TMPDIR");

    if (version < 1) {
        return false;
    }

    rules.files = known_files(version);
    rules.network = version >= 4 ? NET_BIND | NET_TCP : 0;
    rules.scoped = version >= 6 ? SCOPED : 0;
    size = version >= 6 ? 24 : version >= 4 ? 16 : 8;

    ruleset = (int) syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    if (ruleset < 0) {
        return false;
    }

    for (i = 0; i < sizeof(readable) / sizeof(readable[0]); i++) {
        landlock_allow(ruleset, readable[i], FILE_READ);
    }

    landlock_allow(ruleset, folder != NULL && *folder ? folder : "/tmp",
                   rules.files & (FILE_READ | TRUNCATE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                                  LANDLOCK_ACCESS_FS_REMOVE_FILE));

    if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
        close(ruleset);
        return false;
    }

    close(ruleset);

    return true;
}


static uint64_t
known_files(long version)
{
    return ALL_FIRST | (version >= 2 ? REFER : 0) | (version >= 3 ? TRUNCATE : 0) | (version >= 5 ? DEVICES : 0);
}


/* What is not there needs no permission. */
static void
landlock_allow(int ruleset, const char *path, uint64_t access)
{
    int                                  file = open(path, O_PATH | O_CLOEXEC);
    struct landlock_path_beneath_attr    rule = {.allowed_access = access, .parent_fd = file};

    if (file == -1) {
        return;
    }

    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0 && errno == EINVAL) {
        rule.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE; /* a file, not a folder */
        (void) syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    }

    close(file);
}


static bool
seccomp_enter(bool files_held)
{
    bool            good = true;
    size_t          i;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));

    if (filter == NULL) {
        errno = ENOMEM;
        return false;
    }

    for (i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        /* Without Landlock files are opened for reading alone. */
        if (!files_held && (allowed[i] == SCMP_SYS(open) || allowed[i] == SCMP_SYS(openat))) {
            continue;
        }

        good = good && seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0) == 0;
    }

    good = good && conditions_add(filter, files_held) && seccomp_load(filter) == 0;
    seccomp_release(filter);

    return good;
}


static bool
conditions_add(scmp_filter_ctx filter, bool files_held)
{
    bool              good = true;
    size_t            i;
    const condition_t conditions[] = {
        {SCMP_SYS(clone), 0, CLONE_THREAD, CLONE_THREAD},
        {SCMP_SYS(tgkill), 0, UINT64_MAX, (uint64_t) getpid()},
        {SCMP_SYS(kill), 0, UINT64_MAX, (uint64_t) getpid()},
        {SCMP_SYS(prlimit64), 2, UINT64_MAX, 0},
        {SCMP_SYS(sched_setscheduler), 0, UINT64_MAX, 0},
        {SCMP_SYS(prctl), 0, UINT64_MAX, PR_SET_NAME},
        {SCMP_SYS(prctl), 0, UINT64_MAX, PR_GET_NAME},
        {SCMP_SYS(prctl), 0, UINT64_MAX, 0x53564d41}, /* names of memory areas */
        {SCMP_SYS(open), 1, O_ACCMODE, O_RDONLY},
        {SCMP_SYS(openat), 2, O_ACCMODE, O_RDONLY},
    };

    /* glibc then takes clone, whose flags can be seen. */
    good = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;

    for (i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
        if (files_held && (conditions[i].call == SCMP_SYS(open) || conditions[i].call == SCMP_SYS(openat))) {
            continue;
        }

        good = good && seccomp_rule_add(filter, SCMP_ACT_ALLOW, conditions[i].call, 1,
                                        SCMP_CMP(conditions[i].argument, SCMP_CMP_MASKED_EQ, conditions[i].mask,
                                                 conditions[i].value)) == 0;
    }

    return good;
}


/* Of a variable, or so many bytes. */
static int64_t
megabytes(const char *name, double otherwise)
{
    const char *text = getenv(name);
    long        value = text != NULL ? strtol(text, NULL, 10) : 0;

    return value > 0 ? (int64_t) value << 20 : (int64_t) otherwise;
}
