/*
 * A video made playable.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "film.h"
#include "pipeline.h"
#include "remote.h"
#include "slot.h"

typedef struct {
    film_t        *film;
    destination_t *destination;
    fault_t       *fault;
    source_t      *source;
    input_t       *input;
    int            part;  /* of the film, that is shown */
    source_t      *later; /* of a part after the first */
    input_t       *shown;
    plan_t        *plan;
    result_t       result;
} work_t;


static bool     plan_make(work_t *work, json_t **archives);
static input_t *next(void *work);
static void     part_close(work_t *work);
static void     progress(double part, void *work);
static bool     is_empty(const plan_t *plan, const json_t *media);
static bool     media_set(work_t *work, int64_t media);
static bool     size_set(work_t *work, int64_t width, int64_t height);


bool
film_make(film_t *film, int64_t media, destination_t *destination, fault_t *fault)
{
    bool    good = false;
    double  begun = seconds_now();
    work_t  work = {.film = film, .destination = destination, .fault = fault};
    json_t *archives = NULL;

    work.plan = calloc(1, sizeof(plan_t));
    if (work.plan == NULL) {
        return fault_set(fault, true, "no memory");
    }

    work.source = source_open(film->url, film->flags, fault);
    work.input = work.source != NULL ? input_open(work.source, film->force_fps, film->threads, fault) : NULL;
    film->opened = seconds_now() - begun;
    begun += film->opened;

    if (work.input == NULL || !plan_make(&work, &archives)) {
        goto done;
    }

    film->width = work.input->width;
    film->height = work.input->height;

    if (is_empty(work.plan, film->media)) {
        good = true;
        goto done;
    }

    good = pipeline_run(work.input, film->url, film->flags, work.plan, destination, &work.result, fault);
    film->worked = seconds_now() - begun;
    begun += film->worked;

    good = good && media_set(&work, media);

    if (good) {
        pipeline_words(&work.result, film->note, sizeof(film->note));
        film->frames = (long) work.result.frames;
        film->played = (double) work.result.frames / av_q2d(work.input->rate);
        film->finished = seconds_now() - begun;
    }

done:

    part_close(&work);
    input_close(work.input);
    source_close(work.source);
    json_decref(archives);
    free(work.plan);

    return good;
}


/* Only what the media does not have yet. */
static bool
plan_make(work_t *work, json_t **archives)
{
    size_t        i;
    film_t       *film = work->film;
    plan_t       *plan = work->plan;
    rung_config_t encoding;
    const json_t *files = json_object_get(film->media, "media_files"), *entry;

    plan->threads = film->threads;
    plan->force_fps = film->force_fps;
    plan->progress = film->progress != NULL ? progress : NULL;
    plan->data = work;
    plan->n_rungs = ladder_plan(plan->rungs, work->input->height, json_object_get(film->type, "streaming_config"),
                                json_object_get(files, "streaming"));
    plan->thumbnail = json_array_size(json_object_get(files, "thumbnail")) == 0;
    plan->animation = json_array_size(json_object_get(files, "thumbnail_gif")) == 0;
    plan->sound = json_array_size(json_object_get(files, "audio")) == 0;

    if (film->parts > 1) { /* (contract/media.md §18) */
        plan->next = next;
        plan->sound = false;
        work->input->audio = NULL;
    }

    *archives = json_array();
    if (*archives == NULL) {
        return fault_set(work->fault, true, "no memory");
    }

    json_array_foreach(json_object_get(film->type, "archive_config"), i, entry)
    {
        /* There is no one file to keep of several. */
        if (json_array_size(json_object_get(files, "archival")) == 0 &&
            (film->parts <= 1 || ladder_archive(&encoding, entry))) {
            json_array_append(*archives, (json_t *) entry);
        }
    }

    plan->archives = *archives;

    return true;
}


/* The part after the one that has been shown. */
static input_t *
next(void *closure)
{
    char    number[16];
    work_t *work = closure;

    part_close(work);

    if (++work->part >= work->film->parts) {
        return NULL;
    }

    snprintf(number, sizeof(number), "%d", work->part);
    work->later = source_open(number, work->film->flags, work->fault);

    if (work->later != NULL) {
        work->shown = input_open(work->later, work->film->force_fps, work->film->threads, work->fault);
    }

    if (work->shown != NULL) {
        work->shown->audio = NULL;
    }

    return work->shown;
}


static void
part_close(work_t *work)
{
    input_close(work->shown);
    source_close(work->later);
    work->shown = NULL;
    work->later = NULL;
}


/* Each part counts the same. */
static void
progress(double part, void *closure)
{
    work_t *work = closure;
    int     parts = work->film->parts > 1 ? work->film->parts : 1;

    work->film->progress((work->part + part) / parts, work->film->data);
}


static bool
is_empty(const plan_t *plan, const json_t *media)
{
    return plan->n_rungs == 0 && !plan->thumbnail && !plan->animation && !plan->sound &&
           json_array_size(plan->archives) == 0 && json_integer_value(json_object_get(media, "num_frames")) > 0;
}


/* num_frames, fps, width and height from the largest streaming file; without any nothing is set. */
static bool
media_set(work_t *work, int64_t media)
{
    size_t        i;
    json_t       *row;
    int64_t       height = 0, width = 0;
    const json_t *file, *size;

    if (media == 0) {
        return size_set(work, work->input->width, work->input->height);
    }

    row = remote_media(media, work->fault);
    if (row == NULL) {
        return false;
    }

    json_array_foreach(json_object_get(json_object_get(row, "media_files"), "streaming"), i, file)
    {
        size = json_object_get(file, "resolution");
        if (json_integer_value(json_array_get(size, 0)) > height) {
            height = json_integer_value(json_array_get(size, 0));
            width = json_integer_value(json_array_get(size, 1));
        }
    }

    json_decref(row);

    return height == 0 || size_set(work, width, height);
}


static bool
size_set(work_t *work, int64_t width, int64_t height)
{
    return work->destination->set(work->destination,
                                  json_pack("{s:I,s:f,s:I,s:I}", "num_frames", (json_int_t) work->result.frames, "fps",
                                            round(av_q2d(work->input->rate) * 1e4) / 1e4, "width", (json_int_t) width,
                                            "height", (json_int_t) height));
}
