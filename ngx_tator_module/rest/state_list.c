/*
 * Lists of states: reading, counting, creating and changing many at once (contract/annotations.md §8.2, §8.6).
 */

#include <string.h>

#include "state.h"

static void        state_row(rq_t *rq, const specs_t *specs, const json_t *spec, size_t n, const result_t *frames, text_t *out);
static result_t   *state_frames(rq_t *rq);
static const char *state_spec_segments(rq_t *rq, const json_t *ids, const result_t *frames);
static void        state_link(rq_t *rq, const char *sql, const char *member, const result_t *states);


void
state_list(rq_t *rq)
{
    const column_t *columns;

    static const char *const always[] = {"localizations", "media", NULL};

    columns = query_fields(rq, rq->format == FORMAT_CSV ? state_csv_columns : state_list_columns, always);
    stream_rows(rq, columns, annotation_query(rq, &kind_state, QUERY_ROWS, columns, 0));
}


void
state_count(rq_t *rq)
{
    reply_count(rq, annotation_query(rq, &kind_state, QUERY_COUNT, NULL, 0));
}


void
state_create(rq_t *rq)
{
    size_t    k;
    sql_t    *source;
    json_t   *spec;
    text_t    rows;
    specs_t   specs;
    result_t *frames, *ids;

    specs = annotation_specs(rq, &annotation_state);
    frames = state_frames(rq);
    text_start(&rows, rq->arena, 256 * json_array_size(rq->body));
    text_puts(&rows, "[");

    json_array_foreach(rq->body, k, spec) {
        state_row(rq, &specs, spec, k, frames, &rows);
    }

    text_puts(&rows, "]");

    tx_begin(rq);

    specs_lock(rq, &annotation_state, &specs);

    source = sql_new(rq->arena);
    sql_put(source,
            "SELECT r.n, r.elemental_id IS NULL AS fresh,"
            "  r.attributes, now() AS created_datetime, now() AS modified_datetime, r.segments, NULL::text AS color, r.frame,"
            "  false AS deleted, coalesce(r.elemental_id, gen_random_uuid()) AS elemental_id, false AS variant_deleted,"
            "  r.author AS created_by, NULL::int AS extracted, r.author AS modified_by, r.parent, %ld::int AS project, r.type AS meta,"
            "  r.version"
            " FROM jsonb_to_recordset(%s::jsonb) AS r(n int, type int, version int, frame int, parent int, segments jsonb,"
            "  elemental_id uuid, attributes jsonb, author int)",
            rq->project, rows.data);

    ids = annotation_create(rq, &annotation_state, &specs, source);

    state_link(rq, "INSERT INTO main_state_media (state_id, media_id) SELECT * FROM unnest(%s::int[], %s::int[]) ON CONFLICT DO NOTHING",
               "media_ids", ids);
    state_link(rq,
               "INSERT INTO main_state_localizations (state_id, localization_id) SELECT * FROM unnest(%s::int[], %s::int[])"
               " ON CONFLICT DO NOTHING",
               "localization_ids", ids);

    tx_commit(rq);
    annotation_created(rq, ids, "states");
}


void
state_patch_list(rq_t *rq)
{
    annotation_patch_list(rq, &annotation_state, "states", state_copy_links);
}


void
state_delete_list(rq_t *rq)
{
    annotation_delete_list(rq, &annotation_state, "states", false);
}


static void
state_row(rq_t *rq, const specs_t *specs, const json_t *spec, size_t n, const result_t *frames, text_t *out)
{
    json_t *frame, *ids;
    int64_t type;

    text_puts(out, n > 0 ? "," : "");
    specs_row(rq, specs, spec, n, out);
    frame = json_object_get(spec, "frame");
    type = specs_type(specs, json_integer_value(json_object_get(spec, "type")));

    if (frame != NULL && !json_is_null(frame)) {
        specs_member(out, "frame", frame);

    } else if (strcmp(pg_text(specs->types, type, 3), "Frame") == 0) {
        fail(rq, 400, "Missing required field in request body \"frame\".");
    }

    ids = json_object_get(spec, "localization_ids");

    if (json_array_size(ids) > 0) {
        text_puts(out, ",\"segments\":");
        text_puts(out, state_spec_segments(rq, ids, frames));
    }

    text_puts(out, "}");
}


/* Id and frame of every localization of the specs, by id. */
static result_t *
state_frames(rq_t *rq)
{
    size_t      n;
    result_t   *result;
    const char *ids;

    ids = specs_ids(rq, "localization_ids", &n);
    result = pg_query(rq, "SELECT id, frame FROM main_localization WHERE project = %ld AND id = ANY(%s::bigint[]) ORDER BY id", rq->project, ids);

    if ((size_t) pg_rows(result) != n) {
        fail(rq, 400, "Not all localizations are in project %ld", (long) rq->project);
    }

    return result;
}


static const char *
state_spec_segments(rq_t *rq, const json_t *ids, const result_t *frames)
{
    size_t   k, n = 0;
    json_t  *id, *seen;
    int64_t *list, low, high, middle;

    list = arena_alloc(rq->arena, json_array_size(ids) * sizeof(int64_t));
    seen = rq_own(rq, json_object());

    json_array_foreach((json_t *) ids, k, id) {
        if (json_object_get(seen, json_text(rq->arena, id)) != NULL) {
            continue;
        }

        json_object_set_new(seen, json_text(rq->arena, id), json_true());

        for (low = 0, high = pg_rows(frames) - 1; low < high;) {
            middle = (low + high) / 2;

            if (pg_int(frames, middle, 0) < json_integer_value(id)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }

        if (pg_null(frames, low, 1)) {
            fail(rq, 400, "Localization %ld has no frame", (long) json_integer_value(id));
        }

        list[n++] = pg_int(frames, low, 1);
    }

    return state_segments(rq, list, n);
}


/* Rows of a link table from a member of the specs: one statement for all. */
static void
state_link(rq_t *rq, const char *sql, const char *member, const result_t *states)
{
    size_t   k, m, n = 0, room = 1;
    sql_t   *statement;
    json_t  *spec, *id;
    int64_t *one, *other;

    json_array_foreach(rq->body, k, spec) {
        room += json_array_size(json_object_get(spec, member));
    }

    one = arena_alloc(rq->arena, room * sizeof(int64_t));
    other = arena_alloc(rq->arena, room * sizeof(int64_t));

    json_array_foreach(rq->body, k, spec) {
        json_array_foreach(json_object_get(spec, member), m, id) {
            one[n] = pg_int(states, (int64_t) k, 0);
            other[n++] = json_integer_value(id);
        }
    }

    if (n > 0) {
        statement = sql_new(rq->arena);
        sql_put(statement, sql, sql_int_array(rq->arena, one, n), sql_int_array(rq->arena, other, n));
        pg_run(rq, statement);
    }
}
