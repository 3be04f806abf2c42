/*
 * Lists of localizations: reading, counting, creating and changing many at once (contract/annotations.md §7.2, §7.6, §7.7).
 */

#include "localization.h"

static void localization_row(rq_t *rq, const specs_t *specs, const json_t *spec, size_t n, text_t *out);


void
localization_list(rq_t *rq)
{
    const column_t *columns;

    columns = query_fields(rq, rq->format == FORMAT_CSV ? localization_csv_columns : localization_list_columns, NULL);
    stream_rows(rq, columns, annotation_query(rq, &kind_localization, QUERY_ROWS, columns, 0));
}


void
localization_count(rq_t *rq)
{
    reply_count(rq, annotation_query(rq, &kind_localization, QUERY_COUNT, NULL, 0));
}


/* One statement inserts all rows (bench: 500 localizations in one POST). */
void
localization_create(rq_t *rq)
{
    size_t    k;
    sql_t    *source;
    json_t   *spec;
    text_t    rows;
    specs_t   specs;
    result_t *ids;

    specs = annotation_specs(rq, &annotation_localization);
    text_start(&rows, rq->arena, 256 * json_array_size(rq->body));
    text_puts(&rows, "[");

    json_array_foreach(rq->body, k, spec) {
        localization_row(rq, &specs, spec, k, &rows);
    }

    text_puts(&rows, "]");

    tx_begin(rq);

    specs_lock(rq, &annotation_localization, &specs);
    specs_hold(rq, &specs);

    source = sql_new(rq->arena);
    sql_put(source,
            "SELECT r.n, r.elemental_id IS NULL AS fresh,"
            "  r.attributes, now() AS created_datetime, now() AS modified_datetime, r.frame, r.x, r.y, r.u, r.v, r.width,"
            "  r.height, nullif(r.points, 'null') AS points, false AS deleted, coalesce(r.elemental_id, gen_random_uuid()) AS elemental_id,"
            "  false AS variant_deleted, r.author AS created_by, r.media, r.author AS modified_by, r.parent, %ld::int AS project,"
            "  NULL::int AS thumbnail_image, r.type AS meta, r.author AS \"user\", r.version"
            " FROM jsonb_to_recordset(%s::jsonb) AS r(n int, type int, media int, version int, frame int, x float8, y float8,"
            "  u float8, v float8, width float8, height float8, points jsonb, parent int, elemental_id uuid, attributes jsonb,"
            "  author int)",
            rq->project, rows.data);

    ids = annotation_create(rq, &annotation_localization, &specs, source);
    tx_commit(rq);
    annotation_created(rq, ids, "localizations");
}


void
localization_patch_list(rq_t *rq)
{
    annotation_patch_list(rq, &annotation_localization, "localizations", NULL);
}


void
localization_delete_list(rq_t *rq)
{
    annotation_delete_list(rq, &annotation_localization, "localizations", true);
}


static void
localization_row(rq_t *rq, const specs_t *specs, const json_t *spec, size_t n, text_t *out)
{
    json_t *value;

    static const char *const members[] = {"frame", "x", "y", "u", "v", "width", "height", "points"};

    text_puts(out, n > 0 ? "," : "");
    specs_row(rq, specs, spec, n, out);
    specs_member(out, "media", json_object_get(spec, "media_id"));

    for (size_t k = 0; k < sizeof(members) / sizeof(members[0]); k++) {
        value = json_object_get(spec, members[k]);

        if (value != NULL) {
            specs_member(out, members[k], value);
        }
    }

    text_puts(out, "}");
}
