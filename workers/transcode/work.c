/*
 * Doing a job.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libavutil/log.h>

#include "archive.h"
#include "film.h"
#include "image.h"
#include "job.h"
#include "remote.h"
#include "slot.h"
#include "source.h"
#include "work.h"

typedef struct {
    bool     told;
    double   progress; /* told last */
    json_t  *task;
    fault_t *fault;
    int      threads;
} work_t;


static bool task_do(work_t *work);
static bool image_do(work_t *work);
static bool film_do(work_t *work);
static bool archive_do(work_t *work);
static bool is_archive(work_t *work, bool *archive);
static void report(work_t *work, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void progress(double part, void *work);
static int  processors(void);


int
work_main(const int lanes[], const limits_t *limits, bool told)
{
    bool    good;
    fault_t fault = FAULT_INITIALIZER;
    work_t  work = {.told = told, .fault = &fault, .threads = processors()};

    limits_set(limits);
    remote_start(lanes);
    av_log_set_level(AV_LOG_QUIET);
    setenv("SVT_LOG", "1", 1); /* errors alone */
    setenv("VIPS_WARNING", "0", 1);

    good = sandbox_enter(&fault) && (work.task = remote_task(&fault)) != NULL && task_do(&work);

    if (!good) {
        report(&work, "kind %s", fault_kind_name(fault.kind));
        report(&work, "message %s", fault.text);
    }

    json_decref(work.task);

    return good ? JOB_SUCCEEDED : fault.again ? JOB_AGAIN : JOB_FAILED;
}


static bool
task_do(work_t *work)
{
    bool        archive;
    const char *kind = json_string_value(json_object_get(work->task, "kind"));

    if (strcmp(kind, "images") == 0) {
        return image_do(work);
    }

    if (json_is_true(json_object_get(work->task, "list"))) {
        return film_do(work);
    }

    return is_archive(work, &archive) && (archive ? archive_do(work) : film_do(work));
}


static bool
image_do(work_t *work)
{
    bool           good;
    double         begun = seconds_now();
    int64_t        media = json_integer_value(json_object_get(work->task, "media_id"));
    destination_t *destination = remote_destination_open(media, work->fault);
    const char    *thumbnail = json_string_value(json_object_get(work->task, "thumbnail"));
    image_order_t  order = {.url = "0",
                            .flags = SOURCE_BROKER,
                            .thumbnail = thumbnail != NULL ? "1" : NULL,
                            .thumbnail_name = thumbnail,
                            .reference_only = json_is_true(json_object_get(work->task, "reference_only")),
                            .threads = work->threads};

    good = destination != NULL && image_import(&order, destination, work->fault);
    remote_destination_close(destination);
    report(work, "work %.3f", seconds_now() - begun);

    return good;
}


static bool
film_do(work_t *work)
{
    bool           good;
    int64_t        media = json_integer_value(json_object_get(work->task, "media_id"));
    destination_t *destination = remote_destination_open(media, work->fault);
    film_t         film = {.url = "0",
                           .flags = SOURCE_BROKER,
                           .parts = (int) json_integer_value(json_object_get(work->task, "sources")),
                           .media = json_object_get(work->task, "media"),
                           .type = json_object_get(work->task, "type"),
                           .force_fps = json_number_value(json_object_get(work->task, "force_fps")),
                           .threads = work->threads,
                           .progress = progress,
                           .data = work};

    good = destination != NULL && film_make(&film, media, destination, work->fault);
    remote_destination_close(destination);

    report(work, "open %.3f", film.opened);
    report(work, "work %.3f", film.worked);
    report(work, "finish %.3f", film.finished);
    report(work, "played %.3f", film.played);

    if (good && !work->told) {
        printf("%ld pictures%s%s\n", film.frames, film.note[0] ? "; " : "", film.note);
    } else if (good && film.note[0] != '\0') {
        report(work, "message %s", film.note);
    }

    return good;
}


static bool
archive_do(work_t *work)
{
    bool            good;
    double          begun = seconds_now();
    archive_order_t order = {.url = "0",
                             .flags = SOURCE_BROKER,
                             .task = work->task,
                             .threads = work->threads,
                             .progress = progress,
                             .data = work};

    good = archive_import(&order, work->fault);

    report(work, "work %.3f", seconds_now() - begun);
    report(work, "played %.3f", order.played);

    if (good && order.note[0] != '\0') {
        report(work, "message %s", order.note);
    }

    return good;
}


/* By its first bytes. false: the fault is noted. */
static bool
is_archive(work_t *work, bool *archive)
{
    char      head[512];
    int64_t   n, len = 0;
    source_t *source = source_open("0", SOURCE_BROKER, work->fault);

    while (source != NULL && len < (int64_t) sizeof(head) &&
           (n = source_read(source, len, head + len, sizeof(head) - (size_t) len)) != 0) {
        if (n < 0) {
            break;
        }

        len += n;
    }

    *archive = archive_is(head, (size_t) len, json_string_value(json_object_get(work->task, "name")));
    source_close(source);

    return !fault_is_set(work->fault);
}


static void
report(work_t *work, const char *format, ...)
{
    char    line[512];
    size_t  i, len;
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line) - 1, format, args);
    va_end(args);

    len = strlen(line);
    for (i = 0; i < len; i++) {
        line[i] = line[i] == '\n' ? ' ' : line[i];
    }

    if (!work->told) {
        if (strncmp(line, "message ", 8) == 0) {
            fprintf(stderr, "%s\n", line + 8);
        }

        return;
    }

    line[len++] = '\n';

    if (write(JOB_REPORT, line, len) < 0) {
        return; /* the daemon is gone, and with it soon this process */
    }
}


static void
progress(double part, void *closure)
{
    work_t *work = closure;

    if (part - work->progress >= 0.005 || part < work->progress) {
        report(work, "progress %.4f", part);
        work->progress = part;
    }
}


/* As many as there are, or TATOR_TRANSCODE_THREADS. */
static int
processors(void)
{
    long        n = sysconf(_SC_NPROCESSORS_ONLN);
    const char *text = getenv("TATOR_TRANSCODE_THREADS");

    if (text != NULL && strtol(text, NULL, 10) > 0) {
        n = strtol(text, NULL, 10);
    }

    return n < 1 ? 1 : n > 64 ? 64 : (int) n;
}
