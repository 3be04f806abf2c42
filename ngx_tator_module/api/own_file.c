/*
 * Files that the server keeps itself (own_file.h).
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tator/crypto.h>

#include "../core/wait.h"
#include "../net/fetch.h"
#include "../net/threads.h"
#include "origins.h"
#include "own_file.h"

#define OWN_FILE_LIMIT   ((size_t) 4 * 1024 * 1024 * 1024)
#define OWN_FILE_READ    (1024 * 1024)
#define OWN_FILE_TIMEOUT 240000 /* milliseconds */
#define OWN_FILE_PATH    1024

struct own_file_s {
    int  fd;
    bool kept;
    char path[OWN_FILE_PATH];
};

typedef enum { TASK_CLOSE, TASK_LOOK, TASK_READ, TASK_DELETE } task_kind_t;

/* What a thread gets and gives. */
typedef struct {
    task_kind_t kind;
    int         fd, error;
    size_t      len;
    char        folder[OWN_FILE_PATH], path[OWN_FILE_PATH];
    char        data[];
} task_t;

static task_t *own_file_task(rq_t *rq, task_kind_t kind, const char *path, size_t room);
static void    own_file_run(void *data);
static int     own_file_create(const task_t *task);
static void    own_file_take_in(task_t *task);
static void    own_file_drop(void *data);


own_file_t *
own_file_download(rq_t *rq, int64_t project, const char *name, const char *url)
{
    task_t     *task;
    fetched_t  *answer;
    own_file_t *file;

    origin_check(rq, url);

    file = arena_zalloc(rq->arena, sizeof(own_file_t));
    task = own_file_task(rq, TASK_CLOSE, rq_format(rq, "%ld/%s", (long) project, name), 0);
    if (task == NULL) {
        fail(rq, 400, "A file can not be called %s.", name);
    }

    strcpy(file->path, task->path);
    file->fd = task->fd = own_file_create(task);
    if (file->fd < 0) {
        ngx_log_error(NGX_LOG_ERR, rq_log(rq), errno, "%s can not be created", task->path);
        fail(rq, 503, "The server can not keep files now.");
    }

    arena_cleanup(rq->arena, own_file_drop, file);

    answer = fetch(rq, &(fetch_t) {.url = url, .file = file->fd, .limit = OWN_FILE_LIMIT, .timeout_ms = OWN_FILE_TIMEOUT,
                                   .foreign = !origin_trusted(rq, url)});
    if (answer->refused) {
        fail(rq, 403, "URL %.200s is not from an allowed origin.", url);
    }

    if (answer->status / 100 != 2) {
        fail(rq, 400, "%.200s can not be downloaded: %s", url, answer->status == 0 ? answer->error : rq_format(rq, "status %d", answer->status));
    }

    file->fd = -1; /* the thread closes it */
    thread_run_io(rq, own_file_run, task, sizeof(task_t));
    if (task->error != 0) {
        fail(rq, 503, "The server can not keep files now.");
    }

    return file;
}


void
own_file_keep(own_file_t *file)
{
    file->kept = true;
}


const char *
own_file_unique(rq_t *rq, const char *name)
{
    size_t        stem;
    char          hex[17];
    const char   *own = own_file_name(rq, name);
    unsigned char bytes[8];

    if (own == NULL) {
        fail(rq, 400, "name must end with a file's name.");
    }

    random_bytes(bytes, sizeof(bytes));
    hex_encode(hex, bytes, sizeof(bytes));

    stem = strlen(own) - strlen(own_file_extension(rq, own));

    return rq_format(rq, "%.*s_%s%s", (int) (stem > 60 ? 60 : stem), own, hex, own + stem);
}


const char *
own_file_name(rq_t *rq, const char *path)
{
    const char *name = strrchr(path, '/');

    (void) rq;
    name = name == NULL ? path : name + 1;

    for (const char *p = name; *p != '\0'; p++) {
        if ((unsigned char) *p < 0x20) {
            return NULL;
        }
    }

    return *name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ? NULL : name;
}


/* A name that begins with its only dot has none; one that is longer than any extension is none. */
const char *
own_file_extension(rq_t *rq, const char *name)
{
    const char *own = own_file_name(rq, name), *dot = own == NULL ? NULL : strrchr(own, '.');

    return dot == NULL || dot == own || strlen(dot) > 32 ? "" : dot;
}


bool
own_file_is(rq_t *rq, const char *path)
{
    task_t *task = own_file_task(rq, TASK_LOOK, path, 0);

    if (task == NULL) {
        return false;
    }

    thread_run_io(rq, own_file_run, task, sizeof(task_t));

    return task->error == 0;
}


const char *
own_file_read(rq_t *rq, const char *path, size_t *len)
{
    task_t *task = own_file_task(rq, TASK_READ, path, OWN_FILE_READ + 1);

    if (task == NULL) {
        return NULL;
    }

    thread_run_io(rq, own_file_run, task, sizeof(task_t) + OWN_FILE_READ + 1);
    if (task->error != 0) {
        return NULL;
    }

    *len = task->len;

    return task->data;
}


void
own_file_delete(rq_t *rq, const char *path)
{
    task_t *task = own_file_task(rq, TASK_DELETE, path, 0);

    if (task == NULL) {
        return;
    }

    thread_run_io(rq, own_file_run, task, sizeof(task_t));
    if (task->error != 0 && task->error != ENOENT) {
        ngx_log_error(NGX_LOG_WARN, rq_log(rq), 0, "%s was not deleted: %s", task->path, strerror(task->error));
    }
}


/* NULL: the path is not PROJECT/NAME. Nothing that a row holds leads out of the folder. */
static task_t *
own_file_task(rq_t *rq, task_kind_t kind, const char *path, size_t room)
{
    size_t      digits;
    task_t     *task;
    const char *name;

    if (strncmp(path, OWN_FILE_PREFIX, strlen(OWN_FILE_PREFIX)) == 0) {
        path += strlen(OWN_FILE_PREFIX);
    }

    digits = strspn(path, "0123456789");
    name = path + digits + 1;
    if (digits == 0 || path[digits] != '/' || strchr(name, '/') != NULL || own_file_name(rq, name) == NULL || strlen(name) > 250
        || strlen(rq->config->media_root) > OWN_FILE_PATH / 2)
    {
        return NULL;
    }

    task = arena_zalloc(rq->arena, sizeof(task_t) + room);
    task->kind = kind;
    snprintf(task->folder, sizeof(task->folder), "%s/%.*s", rq->config->media_root, (int) digits, path);
    snprintf(task->path, sizeof(task->path), "%s/%s", rq->config->media_root, path);

    return task;
}


/* In a thread. */
static void
own_file_run(void *data)
{
    task_t     *task = data;
    struct stat status;

    task->error = 0;

    switch (task->kind) {

    case TASK_CLOSE:
        task->error = fsync(task->fd) != 0 ? errno : 0;
        if (close(task->fd) != 0 && task->error == 0) {
            task->error = errno;
        }
        return;

    case TASK_LOOK:
        task->error = stat(task->path, &status) != 0 ? errno : S_ISREG(status.st_mode) ? 0 : EISDIR;
        return;

    case TASK_READ:
        own_file_take_in(task);
        return;

    case TASK_DELETE:
        task->error = unlink(task->path) != 0 ? errno : 0;
    }
}


/* On the loop, as NGINX opens its own temporary files: a descriptor that a thread opens for a request that goes away would be lost. */
static int
own_file_create(const task_t *task)
{
    if (mkdir(task->folder, 0755) != 0 && errno != EEXIST) {
        return -1;
    }

    return open(task->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
}


/* One byte of the room stays for the text's end. */
static void
own_file_take_in(task_t *task)
{
    int     fd;
    ssize_t n = 0;

    fd = open(task->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        task->error = errno;
        return;
    }

    while (task->len <= OWN_FILE_READ && (n = read(fd, task->data + task->len, OWN_FILE_READ + 1 - task->len)) > 0) {
        task->len += (size_t) n;
    }

    task->error = n < 0 ? errno : task->len > OWN_FILE_READ ? EFBIG : 0;
    task->data[task->len < OWN_FILE_READ ? task->len : OWN_FILE_READ] = '\0';
    close(fd);
}


static void
own_file_drop(void *data)
{
    own_file_t *file = data;

    if (file->fd >= 0) {
        close(file->fd);
    }

    if (!file->kept) {
        unlink(file->path);
    }
}
