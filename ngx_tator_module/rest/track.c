/*
 * Editing of tracks: states whose frames are those of their localizations (contract/annotations.md §8.3, §9). The state's row is changed
 * in place: no new mark, no change log.
 */

#include <string.h>

#include "state.h"
#include "../api/delete.h"

static const field_t state_merge_update_fields[] = {
    {"merge_state_id", INTEGER(), REQUIRED, "The state that goes into this one."},
    {0},
};

static const field_t state_trim_update_fields[] = {
    {"frame", INTEGER(MINIMUM(0)), REQUIRED, "Frame at which to cut."},
    {"endpoint", STRING(ENUM("start", "end")), REQUIRED, "Which end to cut."},
    {0},
};

const schema_t schema_state_merge_update = OBJECT(state_merge_update_fields, NAMED("StateMergeUpdate"));
const schema_t schema_state_trim_update = OBJECT(state_trim_update_fields, NAMED("StateTrimUpdate"));

static void state_merge(rq_t *rq);
static void state_trim(rq_t *rq);
static void track_save(rq_t *rq, int64_t id);

const endpoint_t track_endpoints[] = {
    {PATCH(EDIT), "/rest/MergeStates/{id}", "MergeStates",
     .handler = state_merge,
     .lookup = &lookup_state, .params = {path_id}, .body = &schema_state_merge_update,
     .reply = &schema_message_response, .flags = NO_ERRORS,
     .doc = "Join another track into this one."},
    {PATCH(EDIT), "/rest/TrimStateEnd/{id}", "TrimStateEnd",
     .handler = state_trim,
     .lookup = &lookup_state, .params = {path_id}, .body = &schema_state_trim_update,
     .reply = &schema_message_id, .flags = NO_ERRORS,
     .doc = "Cut a track at a frame."},
    {0},
};


/* The other state must be of the same project, since only this one's was checked. */
static void
state_merge(rq_t *rq)
{
    int64_t   id = param_int(rq, "id", 0), other = param_int(rq, "merge_state_id", 0);
    result_t *result;

    if (other == id) {
        fail(rq, 400, "State %ld can not be merged into itself.", (long) id);
    }

    tx_begin(rq);
    annotation_lock(rq, &annotation_state, rq_format(rq, "{%ld,%ld}", (long) id, (long) other), NULL);

    result = pg_query(rq, "SELECT id FROM main_state WHERE id IN (%ld, %ld) AND project = %ld AND deleted = false", id, other, rq->project);

    if (pg_rows(result) != 2) {
        fail_missing(rq, "State");
    }

    access_row(rq, "State", "tator.state_permission", other, PERMISSION_DELETE);

    pg_query(rq,
             "INSERT INTO main_state_localizations (state_id, localization_id)"
             " SELECT %ld, l.localization_id FROM main_state_localizations l WHERE l.state_id = %ld ON CONFLICT DO NOTHING",
             id, other);
    track_save(rq, id);
    delete_rows(rq, "main_state", sql_int_array(rq->arena, &other, 1));
    tx_commit(rq);

    reply_message(rq, 200, "Localizations from state %ld has been merged into %ld. State %ld has been deleted.", (long) other, (long) id,
                  (long) other);
}


/* Localizations beyond the frame leave the track; those that no other state has go for good. */
static void
state_trim(rq_t *rq)
{
    bool      start;
    int64_t   id = param_int(rq, "id", 0), frame = param_int(rq, "frame", 0), n = 0;
    result_t *result;

    start = strcmp(param_text(rq, "endpoint"), "start") == 0;

    tx_begin(rq);
    annotation_lock(rq, &annotation_state, rq_format(rq, "{%ld}", (long) id), NULL);

    if (pg_rows(pg_query(rq, "SELECT 1 FROM main_state WHERE id = %ld AND deleted = false", id)) == 0) {
        fail_missing(rq, "State");
    }

    result = pg_query(rq,
                      "WITH cut AS ("
                      " DELETE FROM main_state_localizations l USING main_localization t WHERE l.state_id = %ld AND t.id = l.localization_id"
                      "  AND CASE WHEN %d::boolean THEN t.frame < %ld ELSE t.frame > %ld END RETURNING l.localization_id"
                      ") SELECT array_agg(localization_id) FROM cut WHERE NOT EXISTS ("
                      "   SELECT 1 FROM main_state_localizations o WHERE o.localization_id = cut.localization_id AND o.state_id <> %ld)",
                      id, start, frame, frame, id);

    track_save(rq, id);

    if (!pg_null(result, 0, 0)) {
        n = delete_rows(rq, "main_localization", pg_text(result, 0, 0));
    }

    tx_commit(rq);

    reply_message(rq, 200, "State %ld has been updated. Deleted %ld localizations.", (long) id, (long) n);
}


static void
track_save(rq_t *rq, int64_t id)
{
    pg_query(rq, "UPDATE main_state SET segments = %s::jsonb, modified_datetime = now() WHERE id = %ld", state_links_changed(rq, id), id);
}
