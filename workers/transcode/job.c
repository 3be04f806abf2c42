/*
 * The job process: limits first, then the steps of contract/media.md §18.
 */

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <curl/curl.h>
#include <libavutil/log.h>

#include "common/log.h"
#include "common/rest.h"
#include "image.h"
#include "job.h"
#include "pipeline.h"
#include "publish.h"

#define SPEC_LIMIT (16 << 20)
#define FILES_OPEN 256

typedef struct {
    const json_t *spec;
    const char   *url, *host, *token;
    int64_t       project, media;
    unsigned      flags;      /* of the source */
    json_t       *row, *type; /* the media and its type as REST tells them */
    rest_t       *rest;
    char          note[300]; /* what the user is to know of a success */
    fault_t      *fault;
} transcode_t;


static json_t *spec_read(void);
static void    limits_set(void);
static void    report(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void    progress(double part, void *data);
static bool    transcode(transcode_t *job);
static bool    rows_read(transcode_t *job);
static bool   plan_make(plan_t *plan, json_t **archives, const json_t *media, const json_t *type, const input_t *input);
static bool   is_empty(const plan_t *plan, const json_t *media);
static bool   run(transcode_t *job, const plan_t *plan, input_t *input);
static bool   media_set(transcode_t *job, destination_t *destination, const input_t *input, int64_t frames);
static void   email_send(transcode_t *job);
static int    processors(void);
static double number(const json_t *object, const char *name, double otherwise);


int
job_main(const char *kind, int attempt)
{
    bool        good = false;
    fault_t     fault = FAULT_INITIALIZER;
    json_t     *spec;
    transcode_t job = {.fault = &fault};

    limits_set();
    log_open("tator-transcode");
    av_log_set_level(AV_LOG_QUIET);
    curl_global_init(CURL_GLOBAL_DEFAULT);

    spec = spec_read();

    if (spec == NULL) {
        fault_set(&fault, false, "the job has no readable spec");

    } else if (strcmp(kind, "images") == 0) {
        good = image_import(spec, &fault);

    } else {
        job.spec = spec;
        good = transcode(&job);
    }

    if (!good) {
        report("message %s", fault.text);
    } else if (job.note[0]) {
        report("message %s", job.note);
    }

    json_decref(spec);
    curl_global_cleanup();

    return good ? JOB_SUCCEEDED : fault.again ? JOB_AGAIN : JOB_FAILED;
}


int
job_file(const char *path, const char *directory, const char *type_text, double force_fps)
{
    bool           good = false;
    char           words[400];
    fault_t        fault = FAULT_INITIALIZER;
    plan_t        *plan = calloc(1, sizeof(plan_t));
    json_t        *type, *archives = NULL;
    input_t       *input = NULL;
    result_t       result = {0};
    source_t      *source = NULL;
    destination_t *destination = directory_open(directory, &fault);

    log_open("tator-transcode");
    av_log_set_level(AV_LOG_QUIET);
    curl_global_init(CURL_GLOBAL_DEFAULT);

    type = type_text != NULL ? json_loads(type_text, 0, NULL)
                             : json_pack("{s:[{s:{s:s}}]}", "archive_config", "encode", "vcodec", "copy");

    if (plan == NULL || destination == NULL || type == NULL) {
        fault_set(&fault, false, "the type is not JSON");
        goto done;
    }

    source = source_open(path, SOURCE_FILE | SOURCE_TRUSTED, &fault);
    input = source != NULL ? input_open(source, force_fps, processors(), &fault) : NULL;

    if (input == NULL || !plan_make(plan, &archives, NULL, type, input)) {
        goto done;
    }

    plan->force_fps = force_fps;
    good =
        pipeline_run(input, path, SOURCE_FILE | SOURCE_TRUSTED, plan, destination, &result, &fault) &&
        destination->set(destination, json_pack("{s:I,s:f,s:i,s:i}", "num_frames", (json_int_t) result.frames, "fps",
                                                av_q2d(input->rate), "width", input->width, "height", input->height));

done:

    if (good) {
        pipeline_words(&result, words, sizeof(words));
        printf("%ld pictures%s%s\n", (long) result.frames, words[0] ? "; " : "", words);
    } else {
        fprintf(stderr, "%s\n", fault.text);
    }

    input_close(input);
    source_close(source);
    directory_close(destination);
    json_decref(archives);
    json_decref(type);
    free(plan);
    curl_global_cleanup();

    return good ? JOB_SUCCEEDED : JOB_FAILED;
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


/* No core files, few descriptors, memory bounded, no new rights; the end of the daemon is the end of the job. */
static void
limits_set(void)
{
    long        megabytes, pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    const char *text = getenv("TATOR_TRANSCODE_MEMORY");

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0);

    megabytes = text != NULL ? strtol(text, NULL, 10) : 0;
    if (megabytes <= 0) {
        megabytes = (long) ((double) pages * (double) page * 0.75 / (1 << 20));
    }

    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){FILES_OPEN, FILES_OPEN});
#ifndef TATOR_SANITIZE /* whose shadow memory counts, too */
    setrlimit(RLIMIT_DATA, &(struct rlimit){(rlim_t) megabytes << 20, (rlim_t) megabytes << 20});
#endif
}


static void
report(const char *format, ...)
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

    line[len++] = '\n';

    if (write(JOB_REPORT, line, len) < 0) {
        return; /* the daemon is gone, and with it soon this process */
    }
}


static void
progress(double part, void *data)
{
    double *told = data;

    if (part - *told >= 0.005 || part < *told) {
        report("progress %.4f", part);
        *told = part;
    }
}


static bool
transcode(transcode_t *job)
{
    bool      good = false;
    double    told = 0;
    json_t   *archives = NULL;
    plan_t   *plan = calloc(1, sizeof(plan_t));
    input_t  *input = NULL;
    source_t *source = NULL;

    if (plan == NULL || !rows_read(job)) {
        goto done;
    }

    source = source_open(job->url, job->flags, job->fault);
    if (source == NULL) {
        goto done;
    }

    input = input_open(source, number(job->spec, "force_fps", -1), processors(), job->fault);
    if (input == NULL || !plan_make(plan, &archives, job->row, job->type, input)) {
        goto done;
    }

    plan->force_fps = number(job->spec, "force_fps", -1);
    snprintf(plan->prefix, sizeof(plan->prefix), "%ld/%ld/", (long) job->project, (long) job->media);
    plan->progress = progress;
    plan->data = &told;

    good = is_empty(plan, job->row) || run(job, plan, input);

    if (good) {
        email_send(job);
    }

done:

    input_close(input);
    source_close(source);
    rest_close(job->rest);
    json_decref(job->row);
    json_decref(job->type);
    json_decref(archives);
    free(plan);

    return good;
}


static bool
rows_read(transcode_t *job)
{
    char path[64];

    job->url = json_string_value(json_object_get(job->spec, "url"));
    job->host = json_string_value(json_object_get(job->spec, "host"));
    job->token = json_string_value(json_object_get(job->spec, "token"));
    job->flags = json_is_true(json_object_get(job->spec, "trusted")) ? SOURCE_TRUSTED : 0;
    job->project = json_integer_value(json_object_get(job->spec, "project"));
    job->media = json_integer_value(json_object_get(job->spec, "media_id"));

    if (job->url == NULL || job->host == NULL || job->token == NULL || job->project <= 0 || job->media <= 0) {
        return fault_set(job->fault, false, "the job's spec lacks url, host, token, project or media_id");
    }

    job->rest = rest_open(job->host, job->token);
    if (job->rest == NULL) {
        return fault_set(job->fault, true, "no memory");
    }

    snprintf(path, sizeof(path), "/rest/Media/%ld", (long) job->media);
    if (rest_call(job->rest, "GET", path, NULL, &job->row) != 200) {
        return fault_set(job->fault, job->rest->again, "%s", job->rest->error);
    }

    snprintf(path, sizeof(path), "/rest/MediaType/%ld", (long) json_integer_value(json_object_get(job->row, "type")));
    if (rest_call(job->rest, "GET", path, NULL, &job->type) != 200) {
        return fault_set(job->fault, job->rest->again, "%s", job->rest->error);
    }

    return true;
}


/* Only what the media (NULL: it has nothing) does not have yet. */
static bool
plan_make(plan_t *plan, json_t **archives, const json_t *media, const json_t *type, const input_t *input)
{
    size_t        i;
    const json_t *files = json_object_get(media, "media_files"), *entry;

    plan->threads = processors();
    plan->n_rungs = ladder_plan(plan->rungs, input->height, json_object_get(type, "streaming_config"),
                                json_object_get(files, "streaming"));
    plan->thumbnail = json_array_size(json_object_get(files, "thumbnail")) == 0;
    plan->animation = json_array_size(json_object_get(files, "thumbnail_gif")) == 0;
    plan->sound = json_array_size(json_object_get(files, "audio")) == 0;

    *archives = json_array();
    if (*archives == NULL) {
        return false;
    }

    json_array_foreach(json_object_get(type, "archive_config"), i, entry)
    {
        if (json_array_size(json_object_get(files, "archival")) == 0) {
            json_array_append(*archives, (json_t *) entry);
        }
    }

    plan->archives = *archives;

    return true;
}


static bool
is_empty(const plan_t *plan, const json_t *media)
{
    return plan->n_rungs == 0 && !plan->thumbnail && !plan->animation && !plan->sound &&
           json_array_size(plan->archives) == 0 && json_integer_value(json_object_get(media, "num_frames")) > 0;
}


static bool
run(transcode_t *job, const plan_t *plan, input_t *input)
{
    bool           good;
    result_t       result;
    destination_t *destination = publish_open(job->host, job->token, job->project, job->media, job->fault);

    if (destination == NULL) {
        return fault_set(job->fault, true, "no memory");
    }

    good = pipeline_run(input, job->url, job->flags, plan, destination, &result, job->fault) &&
           media_set(job, destination, input, result.frames);

    if (good) {
        pipeline_words(&result, job->note, sizeof(job->note));
    }

    publish_close(destination);

    return good;
}


/* num_frames, fps, width and height from the largest streaming file; without any nothing is set. */
static bool
media_set(transcode_t *job, destination_t *destination, const input_t *input, int64_t frames)
{
    char          path[64];
    size_t        i;
    json_t       *media;
    int64_t       height = 0, width = 0;
    const json_t *file, *size;

    snprintf(path, sizeof(path), "/rest/Media/%ld", (long) job->media);
    if (rest_call(job->rest, "GET", path, NULL, &media) != 200) {
        return fault_set(job->fault, job->rest->again, "%s", job->rest->error);
    }

    json_array_foreach(json_object_get(json_object_get(media, "media_files"), "streaming"), i, file)
    {
        size = json_object_get(file, "resolution");
        if (json_integer_value(json_array_get(size, 0)) > height) {
            height = json_integer_value(json_array_get(size, 0));
            width = json_integer_value(json_array_get(size, 1));
        }
    }

    json_decref(media);

    return height == 0 ||
           destination->set(destination, json_pack("{s:I,s:f,s:I,s:I}", "num_frames", (json_int_t) frames, "fps",
                                                   round(av_q2d(input->rate) * 1e4) / 1e4, "width", (json_int_t) width,
                                                   "height", (json_int_t) height));
}


/* A mail that can not be sent is no reason to call the job failed. */
static void
email_send(transcode_t *job)
{
    char          path[64];
    const json_t *mail = json_object_get(job->spec, "email_spec");

    if (json_is_object(mail) && json_object_size(mail) > 0) {
        snprintf(path, sizeof(path), "/rest/Email/%ld", (long) job->project);

        if (rest_call(job->rest, "POST", path, mail, NULL) != 201) {
            log_warning("the mail of media %ld was not sent: %s", (long) job->media, job->rest->error);
        }
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


static double
number(const json_t *object, const char *name, double otherwise)
{
    const json_t *value = json_object_get(object, name);

    return json_is_number(value) ? json_number_value(value) : otherwise;
}
