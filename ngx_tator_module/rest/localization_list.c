/*
 * Lists of localizations: reading, counting, creating and changing many at once (contract/annotations.md §7.2, §7.6, §7.7).
 */

#include "localization.h"

static json_t *localization_row(rq_t *rq, const specs_t *specs, const json_t *spec, size_t n);


void
localization_list(rq_t *rq)
{
    const column_t *columns;

    columns = query_fields(rq, localization_list_columns, NULL);
    stream_rows(rq, columns, annotation_query(rq, &kind_localization, QUERY_ROWS, columns, 0));
}


void
localization_count(rq_t *rq)
{
    reply_count(rq, annotation_query(rq, &kind_localization, QUERY_COUNT, NULL, 0));
}


/* One statement inserts all rows; triggers number the marks (bench: 500 localizations in one POST). */
void
localization_create(rq_t *rq)
{
    size_t    k;
    json_t   *rows, *spec;
    specs_t   specs;
    result_t *ids;

    specs = annotation_specs(rq, &annotation_localization);
    rows = rq_own(rq, json_array());

    json_array_foreach(rq->body, k, spec) {
        json_array_append(rows, localization_row(rq, &specs, spec, k));
    }

    tx_begin(rq);

    ids = pg_query(rq,
                   "WITH created AS ("
                   " INSERT INTO main_localization (project, meta, media, version, frame, x, y, u, v, width, height, points, parent,"
                   "   elemental_id, attributes, created_by, modified_by, \"user\", created_datetime, modified_datetime,"
                   "   deleted, variant_deleted, mark, latest_mark)"
                   " SELECT %ld, r.type, r.media, r.version, r.frame, r.x, r.y, r.u, r.v, r.width, r.height, nullif(r.points, 'null'), r.parent,"
                   "   coalesce(r.elemental_id, gen_random_uuid()), r.attributes, r.author, r.author, r.author, now(), now(),"
                   "   false, false, 0, 0"
                   " FROM jsonb_to_recordset(%p::jsonb) AS r(n int, type int, media int, version int, frame int, x float8, y float8,"
                   "   u float8, v float8, width float8, height float8, points jsonb, parent int, elemental_id uuid, attributes jsonb,"
                   "   author int)"
                   " ORDER BY r.n RETURNING id)"
                   " SELECT id FROM created ORDER BY id",
                   rq->project, rows);

    change_log_created(rq, &change_localization, annotation_array(rq, ids));
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


static json_t *
localization_row(rq_t *rq, const specs_t *specs, const json_t *spec, size_t n)
{
    json_t *row, *value;

    static const char *const members[] = {"frame", "x", "y", "u", "v", "width", "height", "points"};

    row = specs_row(rq, specs, spec, n);
    json_object_set(row, "media", json_object_get(spec, "media_id"));

    for (size_t k = 0; k < sizeof(members) / sizeof(members[0]); k++) {
        value = json_object_get(spec, members[k]);

        if (value != NULL) {
            json_object_set(row, members[k], value);
        }
    }

    return row;
}
