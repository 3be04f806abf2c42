/*
 * POST Medias (contract/annotations.md §5.3, media.md §12): makes the rows, then has images imported by the workers and
 * stores the thumbnails that a video's spec names.
 */

#include "../api/origins.h"
#include "media.h"
#include "media_create.h"
#include "media_import.h"

/* Members of a spec that name something to fetch. */
static const char *const media_sources[] = {"url", "thumbnail_url", "thumbnail_gif_url", NULL};

static void    media_check_sources(rq_t *rq, const json_t *spec, bool image);
static json_t *media_objects(rq_t *rq, media_plan_t **plans, size_t n);
static void    media_answer(rq_t *rq, media_plan_t **plans, size_t n, bool many);


void
media_post(rq_t *rq)
{
    size_t        k, n = 0, total = json_array_size(rq->body);
    bool          many = total > 1;
    media_plan_t *plan, **plans;

    if (total == 0) {
        fail(rq, 400, "At least one media spec is needed.");
    }

    plans = arena_alloc(rq->arena, total * sizeof(media_plan_t *));

    for (k = 0; k < total; k++) {
        plan = media_plan(rq, json_array_get(rq->body, k));

        /* a list is of images; what is wrong with one of them leaves just that one out */
        if (plan->status != 0 && (!many || plan->dtype == NULL)) {
            fail(rq, plan->status, "%s", plan->problem);
        }
        if (many && strcmp(plan->dtype, "image") != 0) {
            fail(rq, 400, "Multiple media creation only supports images, found at least one spec with dtype %s", plan->dtype);
        }

        media_check_sources(rq, plan->spec, strcmp(plan->dtype, "image") == 0);

        if (plan->status == 0) {
            plans[n++] = plan;
        }
    }

    tx_begin(rq);
    for (k = 0; k < n; k++) {
        media_insert(rq, plans[k]);
        media_import_thumbnails(rq, plans[k]);
    }
    tx_commit(rq);

    media_import_images(rq, plans, n);
    media_answer(rq, plans, n, many);
}


static void
media_check_sources(rq_t *rq, const json_t *spec, bool image)
{
    const char *url;

    for (size_t k = 0; media_sources[k] != NULL; k++) {
        url = json_string_value(json_object_get(spec, media_sources[k]));

        /* a video's url says just where it came from */
        if (url != NULL && url[0] != '\0' && (image || k > 0)) {
            origin_check(rq, url);
        }
    }
}


static void
media_answer(rq_t *rq, media_plan_t **plans, size_t n, bool many)
{
    json_t     *objects, *ids, *answer;
    result_t   *project;
    const char *message;

    objects = media_objects(rq, plans, n);
    ids = rq_own(rq, json_array());
    for (size_t k = 0; k < n; k++) {
        json_array_append_new(ids, json_integer(plans[k]->id));
    }

    if (many) {
        message = rq_format(rq, "Started import of %zu images!", n);
    } else {
        project = pg_query(rq, "SELECT name FROM main_project WHERE id = %ld", rq->project);
        message = rq_format(rq, "Media object %ld created for %s %s on project %s", (long) plans[0]->id, plans[0]->dtype,
                            json_string_value(json_object_get(plans[0]->spec, "name")), pg_text(project, 0, 0));
    }

    if (rq->single) {
        answer = json_pack("{s:s, s:O, s:O}", "message", message, "id", json_array_get(ids, 0), "object", json_array_get(objects, 0));
    } else {
        answer = json_pack("{s:s, s:O, s:O}", "message", message, "id", ids, "object", objects);
    }

    reply_json(rq, 201, rq_own(rq, answer));
}


/* With what the caller may do by the row protections, in both modes (contract/queries.md §2). */
static json_t *
media_objects(rq_t *rq, media_plan_t **plans, size_t n)
{
    sql_t    *sql;
    json_t   *objects = rq_own(rq, json_array()), *object;
    int64_t  *ids = arena_alloc(rq->arena, (n + 1) * sizeof(int64_t));
    result_t *result;

    for (size_t k = 0; k < n; k++) {
        ids[k] = plans[k]->id;
    }

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT ");
    columns_select(sql, media_columns);
    sql_put(sql, ", tator.media_permission(%ld, t.id) FROM main_media t WHERE t.id = ANY(%s::int[]) ORDER BY t.id",
            rq->user.id, sql_int_array(rq->arena, ids, n));
    result = pg_run(rq, sql);

    for (int64_t row = 0; row < pg_rows(result); row++) {
        object = columns_object(rq, media_columns, result, row, 0);
        json_object_set_new(object, "effective_permission", json_integer(pg_int(result, row, pg_columns(result) - 1)));
        json_array_append(objects, object);
    }

    return objects;
}
