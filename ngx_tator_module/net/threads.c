/*
 * CPU work off the loop (net/threads.h). The life of a job:
 *
 *     thread_run() ──▶ queued ──▶ in a thread ──▶ done (event on the main stack) ──▶ the fiber takes the copy, frees the job
 *                        └─ request gone: nobody waits, the done event frees it
 *
 * The job is malloc'ed, since the thread may still run when the request's memory is gone; it is wiped before it is freed,
 * since it holds passwords.
 */

#include <ngx_thread_pool.h>

#include "../core/process.h"
#include "../core/wait.h"
#include "threads.h"

typedef struct {
    wait_t *wait; /* NULL: the request is gone */
    void  (*work)(void *data);
    size_t  size;
    bool    done;
    _Alignas(max_align_t) unsigned char data[];
} job_t;

static void job_run(rq_t *rq, ngx_thread_pool_t *pool, void (*work)(void *data), void *data, size_t size);
static void job_work(void *data, ngx_log_t *log);
static void job_done(ngx_event_t *event);
static void job_cancel(wait_t *wait);
static void job_free(ngx_thread_task_t *task);


void
thread_run(rq_t *rq, void (*work)(void *data), void *data, size_t size)
{
    job_run(rq, tator_process.kdf, work, data, size);
}


void
thread_run_io(rq_t *rq, void (*work)(void *data), void *data, size_t size)
{
    job_run(rq, tator_process.threads, work, data, size);
}


static void
job_run(rq_t *rq, ngx_thread_pool_t *pool, void (*work)(void *data), void *data, size_t size)
{
    job_t             *job;
    wait_t             wait;
    ngx_thread_task_t *task;

    task = calloc(1, sizeof(ngx_thread_task_t));
    job = calloc(1, sizeof(job_t) + size);

    if (task == NULL || job == NULL) {
        free(task);
        free(job);
        fail(rq, 503, "No memory.");
    }

    wait = (wait_t) {.rq = rq, .cancel = job_cancel, .data = job};

    job->wait = &wait;
    job->work = work;
    job->size = size;
    ngx_memcpy(job->data, data, size);

    task->ctx = job;
    task->handler = job_work;
    task->event.data = task;
    task->event.handler = job_done;
    task->event.log = tator_process.cycle->log;

    if (ngx_thread_task_post(pool, task) != NGX_OK) {
        job_free(task);
        fail(rq, 503, "The server is busy. Please try again.");
    }

    while (!job->done) {
        rq_wait(rq, &wait);
    }

    ngx_memcpy(data, job->data, size);
    job_free(task);
}


static void
job_work(void *data, ngx_log_t *log)
{
    job_t *job = data;

    (void) log;
    job->work(job->data);
}


static void
job_done(ngx_event_t *event)
{
    ngx_thread_task_t *task = event->data;
    job_t             *job = task->ctx;

    if (job->wait == NULL) {
        job_free(task);
        return;
    }

    job->done = true;
    rq_wake(job->wait);
}


static void
job_cancel(wait_t *wait)
{
    job_t *job = wait->data;

    job->wait = NULL;
}


static void
job_free(ngx_thread_task_t *task)
{
    job_t *job = task->ctx;

    explicit_bzero(job->data, job->size);
    free(job);
    free(task);
}
