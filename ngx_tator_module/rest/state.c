/*
 * States: what holds for media, frames or tracks of localizations (contract/annotations.md §8). The single ones are here, lists in
 * state_list.c.
 */

#include <stdlib.h>
#include <string.h>

#include "state.h"

const lookup_t lookup_state = {
    .model = "State",
    .sql = "SELECT project FROM main_state WHERE id = $1 AND NOT deleted",
};

const lookup_t lookup_state_elemental = {
    .model = "State",
    .sql = "SELECT project FROM main_state WHERE version = $1 AND elemental_id = $2::uuid AND NOT deleted LIMIT 1",
    .keys = {"version", "elemental_id"},
};

static const field_t state_filters[] = {
    {"media_id", ARRAY(INTEGER()), OPTIONAL, "Only these media."},
    {"related_id", ARRAY(INTEGER()), OPTIONAL, "Only those linked with these."},
    {"section", INTEGER(), OPTIONAL, "Only media of this section."},
    {"multi_section", IDS(), OPTIONAL, "Only media of these sections."},
    {"type", INTEGER(), OPTIONAL, "Only this type."},
    {"version", ARRAY(INTEGER()), OPTIONAL, "Version to look in."},
    {"after", INTEGER(), OPTIONAL, "Only ids above this one."},
    {"elemental_id", STRING(), OPTIONAL, "UUID of the object."},
    {"merge", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("1")), OPTIONAL,
     "1: a row of an upper version hides its parent."},
    {"show_deleted", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("0")), OPTIONAL,
     "1: with those deleted in their version."},
    {"show_all_marks", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("0")), OPTIONAL, "1: with older marks."},
    {0},
};

static const field_t state_shape[] = {
    {"fields", STRING(), OPTIONAL, "Only these members, comma separated."},
    {0},
};

static const field_t state_by_elemental_id_params[] = {
    {"mark", INTEGER(MINIMUM(0)), OPTIONAL, "Only this mark."},
    {0},
};

/* Members of a state; times differ between lists and the rest (contract/queries.md §4). A list's links are only those that the query
   restricts to (§12). */
#define STATE_COLUMNS(time)                                                                                       \
    {"id", "t.id", COLUMN_RAW}, {"type", "t.meta", COLUMN_RAW}, {"segments", "t.segments", COLUMN_RAW},           \
    {"attributes", "t.attributes", COLUMN_RAW}, {"created_datetime", "t.created_datetime", time},                 \
    {"modified_datetime", "t.modified_datetime", time}, {"modified_by", "t.modified_by", COLUMN_RAW},             \
    {"created_by", "t.created_by", COLUMN_RAW}, {"variant_deleted", "t.variant_deleted", COLUMN_BOOL},            \
    {"effective_permission", "tator.state_permission(($1::jsonb ->> '$user')::int, t.id)", COLUMN_RAW},           \
    {"version", "t.version", COLUMN_RAW}, {"frame", "t.frame", COLUMN_RAW}, {"parent", "t.parent", COLUMN_RAW},   \
    {"elemental_id", "t.elemental_id", COLUMN_SAFE}, {"mark", "t.mark", COLUMN_RAW}

#define LINKS(table, column, restriction) \
    "ARRAY(SELECT l." column " FROM " table " l WHERE l.state_id = t.id" restriction " ORDER BY 1)"
#define RESTRICTED(name, column) " AND (restricted." name " IS NULL OR l." column " = ANY(restricted." name "))"

const column_t state_object_columns[] = {STATE_COLUMNS(COLUMN_TIME), {0}};

static const column_t state_columns[] = {
    STATE_COLUMNS(COLUMN_TIME),
    {"localizations", LINKS("main_state_localizations", "localization_id", ""), COLUMN_IDS},
    {"media", LINKS("main_state_media", "media_id", ""), COLUMN_IDS},
    {0},
};

const column_t state_list_columns[] = {
    STATE_COLUMNS(COLUMN_TIME_MS),
    {"localizations", LINKS("main_state_localizations", "localization_id", RESTRICTED("localizations", "localization_id")), COLUMN_IDS},
    {"media", LINKS("main_state_media", "media_id", RESTRICTED("media", "media_id")), COLUMN_IDS},
    {0},
};

/* In csv people and media go by name (contract/queries.md §4). */
const column_t state_csv_columns[] = {
    STATE_COLUMNS(COLUMN_TIME_MS),
    {"user", "(SELECT u.email FROM main_user u WHERE u.id = t.created_by)", COLUMN_TEXT},
    {"localizations", LINKS("main_state_localizations", "localization_id", RESTRICTED("localizations", "localization_id")), COLUMN_IDS},
    {"media", "ARRAY(SELECT m.name FROM main_state_media l JOIN main_media m ON m.id = l.media_id WHERE l.state_id = t.id"
              RESTRICTED("media", "media_id") " ORDER BY l.media_id)", COLUMN_TEXTS},
    {0},
};

static void state_get(rq_t *rq);
static void state_patch(rq_t *rq);
static void state_delete(rq_t *rq);
static void state_changes(rq_t *rq, const annotation_row_t *row, changes_t *changes);
static bool state_links(rq_t *rq, int64_t id);
static void state_links_check(rq_t *rq, int64_t id);
static const char *state_children(rq_t *rq, const annotation_row_t *row);

const endpoint_t state_endpoints[] = {
    {GET(VIEW), "/rest/State/{id}", "GetState", .handler = state_get,
     .lookup = &lookup_state, .params = {path_id}, .reply = &schema_state,
     .doc = "A state."},
    {PATCH(EDIT), "/rest/State/{id}", "UpdateState", .handler = state_patch,
     .lookup = &lookup_state, .params = {path_id}, .body = &schema_state_update,
     .reply = &schema_updated_state,
     .doc = "Change a state."},
    {DELETE(EDIT), "/rest/State/{id}", "DeleteState", .handler = state_delete,
     .lookup = &lookup_state, .params = {path_id}, .body = &schema_state_delete,
     .reply = &schema_message_response, .flags = BODY_OPTIONAL,
     .doc = "Delete a state."},
    {GET(VIEW), "/rest/StateCount/{project}", "GetStateCount", .handler = state_count,
     .params = {path_project, state_filters, attribute_filters, paging, related_filters},
     .reply = &schema_count,
     .doc = "How many states match."},
    {PUT(VIEW), "/rest/StateCount/{project}", "GetStateCountById", .handler = state_count,
     .params = {path_project, state_filters, attribute_filters, paging, related_filters},
     .body = &schema_state_id_query, .reply = &schema_count,
     .doc = "How many states match, with a body."},
    {GET(VIEW), "/rest/States/{project}", "GetStateList", .handler = state_list,
     .params = {path_project, state_filters, attribute_filters, paging, related_filters, state_shape},
     .reply = &schema_state, .flags = REPLY_LIST | STREAMED,
     .doc = "States that match."},
    {POST(EDIT), "/rest/States/{project}", "CreateStateList", .handler = state_create,
     .params = {path_project}, .body = &schema_state_spec,
     .reply = &schema_create_list_response, .flags = BODY_LIST,
     .doc = "Create states, one or many."},
    {PUT(VIEW), "/rest/States/{project}", "GetStateListById", .handler = state_list,
     .params = {path_project, state_filters, attribute_filters, paging, related_filters, state_shape},
     .body = &schema_state_id_query, .reply = &schema_state, .flags = REPLY_LIST | STREAMED,
     .doc = "States that match, with a body."},
    {PATCH(EDIT), "/rest/States/{project}", "UpdateStateList", .handler = state_patch_list,
     .params = {path_project, state_filters, attribute_filters, paging, related_filters, count_param},
     .body = &schema_state_bulk_update, .reply = &schema_message_response,
     .doc = "Change all states that match."},
    {DELETE(EDIT), "/rest/States/{project}", "DeleteStateList", .handler = state_delete_list,
     .params = {path_project, state_filters, attribute_filters, paging, related_filters, count_param},
     .body = &schema_state_bulk_delete, .reply = &schema_message_response, .flags = BODY_OPTIONAL,
     .doc = "Delete all states that match."},
    {GET(VIEW), "/rest/State/{version}/{elemental_id}", "GetStateByElementalId", .handler = state_get,
     .lookup = &lookup_state_elemental,
     .params = {path_version, state_by_elemental_id_params}, .reply = &schema_state,
     .doc = "The newest mark of a state in a version."},
    {PATCH(EDIT), "/rest/State/{version}/{elemental_id}", "UpdateStateByElementalId", .handler = state_patch,
     .lookup = &lookup_state_elemental, .params = {path_version},
     .body = &schema_state_update, .reply = &schema_updated_state,
     .doc = "Change a state in a version."},
    {DELETE(EDIT), "/rest/State/{version}/{elemental_id}", "DeleteStateByElementalId", .handler = state_delete,
     .lookup = &lookup_state_elemental, .params = {path_version},
     .body = &schema_state_delete, .reply = &schema_message_response, .flags = BODY_OPTIONAL,
     .doc = "Delete a state in a version."},
    {0},
};


static int
state_frame_compare(const void *one, const void *two)
{
    int64_t a = *(const int64_t *) one, b = *(const int64_t *) two;

    return (a > b) - (a < b);
}


void
state_copy_links(rq_t *rq, const char *sources, const result_t *copies)
{
    const char *copied = annotation_array(rq, copies);

    pg_query(rq,
             "INSERT INTO main_state_media (state_id, media_id)"
             " SELECT pair.copy, l.media_id FROM unnest(%s::int[], %s::int[]) AS pair(source, copy)"
             " JOIN main_state_media l ON l.state_id = pair.source ORDER BY pair.copy, l.id",
             sources, copied);
    pg_query(rq,
             "INSERT INTO main_state_localizations (state_id, localization_id)"
             " SELECT pair.copy, l.localization_id FROM unnest(%s::int[], %s::int[]) AS pair(source, copy)"
             " JOIN main_state_localizations l ON l.state_id = pair.source ORDER BY pair.copy, l.id",
             sources, copied);
}


const char *
state_segments(rq_t *rq, int64_t *frames, size_t n)
{
    text_t out;

    if (n == 0) {
        return "[[null, null]]"; /* (R) */
    }

    qsort(frames, n, sizeof(int64_t), state_frame_compare);
    text_start(&out, rq->arena, 64);
    text_printf(&out, "[[%ld, ", (long) frames[0]);

    for (size_t k = 1; k < n; k++) {
        if (frames[k] != frames[k - 1] + 1) {
            text_printf(&out, "%ld], [%ld, ", (long) frames[k - 1], (long) frames[k]);
        }
    }

    text_printf(&out, "%ld]]", (long) frames[n - 1]);

    return out.data;
}


const char *
state_links_changed(rq_t *rq, int64_t id)
{
    size_t    n;
    int64_t  *frames;
    result_t *result;

    pg_query(rq,
             "INSERT INTO main_state_media (state_id, media_id)"
             " SELECT DISTINCT l.state_id, t.media FROM main_state_localizations l JOIN main_localization t ON t.id = l.localization_id"
             " WHERE l.state_id = %ld AND t.media IS NOT NULL ON CONFLICT DO NOTHING",
             id);
    result = pg_query(rq,
                      "SELECT t.frame FROM main_state_localizations l JOIN main_localization t ON t.id = l.localization_id"
                      " WHERE l.state_id = %ld AND t.frame IS NOT NULL",
                      id);

    n = (size_t) pg_rows(result);
    frames = arena_alloc(rq->arena, (n + 1) * sizeof(int64_t));

    for (size_t k = 0; k < n; k++) {
        frames[k] = pg_int(result, (int64_t) k, 0);
    }

    return state_segments(rq, frames, n);
}


static void
state_get(rq_t *rq)
{
    sql_t          *sql;
    result_t       *result;
    const column_t *columns;

    columns = query_fields(rq, state_columns, NULL);
    sql = sql_new(rq->arena);
    query_select_list(rq, sql, columns);
    sql_put(sql, " FROM main_state t WHERE t.id = %ld AND t.deleted = false", annotation_addressed(rq, &annotation_state, false));
    result = pg_run(rq, sql);

    if (pg_rows(result) == 0) {
        fail_missing(rq, "State");
    }

    reply_row(rq, 200, columns, result, 0);
}


static void
state_patch(rq_t *rq)
{
    bool             in_place;
    json_t          *old;
    int64_t          addressed, author, id;
    result_t        *copies;
    changes_t        changes = {0};
    const char      *ids;
    annotation_row_t row;

    tx_begin(rq);

    author = annotation_author(rq, param_text(rq, "user_elemental_id"));
    in_place = param_int(rq, "in_place", 0) != 0 || author != 0;

    addressed = annotation_addressed(rq, &annotation_state, false);
    annotation_lock(rq, &annotation_state, rq_format(rq, "{%ld}", (long) addressed), annotation_target(rq, "elemental_id"));
    row = annotation_row(rq, &annotation_state, addressed);
    id = annotation_newest(rq, &annotation_state, &row, !in_place && param_int(rq, "pedantic", 0) != 0);
    row = annotation_row(rq, &annotation_state, id);
    ids = rq_format(rq, "{%ld}", (long) id);

    if (author != 0) {
        changes_set(&changes, "created_by", "%s::int", rq_format(rq, "%ld", (long) author));
    }

    state_changes(rq, &row, &changes);

    if (in_place) {
        old = change_log_row(rq, &change_state, addressed);
        annotation_change(rq, &annotation_state, &changes, ids);
        change_log_changed(rq, &change_state, old, change_log_row(rq, &change_state, id), ids);

    } else {
        copies = annotation_copy(rq, &annotation_state, &changes, ids);
        state_copy_links(rq, ids, copies);
        id = pg_int(copies, 0, 0);
    }

    tx_commit(rq);
    annotation_reply(rq, &annotation_state, id, row.mark);
}


static void
state_delete(rq_t *rq)
{
    bool             prune;
    json_t          *same, *old;
    int64_t          id;
    result_t        *copies;
    changes_t        changes = {0};
    const char      *ids, *children, *first;
    annotation_row_t row;

    tx_begin(rq);

    prune = param_int(rq, "prune", 0) != 0;
    id = annotation_addressed(rq, &annotation_state, prune);
    annotation_lock(rq, &annotation_state, rq_format(rq, "{%ld}", (long) id), NULL);
    id = annotation_addressed(rq, &annotation_state, prune); /* there may be a newer mark by now */
    ids = rq_format(rq, "{%ld}", (long) id);
    row = annotation_row(rq, &annotation_state, id);
    children = state_children(rq, &row);
    first = children[1] == '}' ? NULL : children + 1;

    if (first != NULL) {
        annotation_lock(rq, &annotation_localization, children, NULL);
    }

    if (prune) {
        annotation_prune(rq, &annotation_state, ids, id);

        if (first != NULL) {
            annotation_prune(rq, &annotation_localization, children, atol(first));
        }

    } else {
        if (param_int(rq, "pedantic", 0) != 0) {
            annotation_newest(rq, &annotation_state, &row, true);
        }

        changes_set(&changes, "variant_deleted", "true", NULL);
        changes_set(&changes, "modified_datetime", "now()", NULL);

        copies = annotation_copy(rq, &annotation_state, &changes, ids);
        state_copy_links(rq, ids, copies);
        id = pg_int(copies, 0, 0);
        same = change_log_row(rq, &change_state, id);
        change_log_changed(rq, &change_state, same, same, rq_format(rq, "{%ld}", (long) id));

        if (first != NULL) {
            changes_set(&changes, "modified_by", "%s::int", rq_format(rq, "%ld", (long) rq->user.id));
            old = change_log_row(rq, &change_localization, atol(first));
            annotation_change(rq, &annotation_localization, &changes, children);
            change_log_changed(rq, &change_localization, old, change_log_row(rq, &change_localization, atol(first)), children);
        }
    }

    tx_commit(rq);
    annotation_deleted(rq, &annotation_state, &row, id);
}


/* What the body changes in the row (contract/annotations.md §8.4). Links change at once, on the source of a new mark too (R). */
static void
state_changes(rq_t *rq, const annotation_row_t *row, changes_t *changes)
{
    json_t *attributes;

    if (param_given(rq, "frame")) {
        changes_set(changes, "frame", "%s::int", json_text(rq->arena, param(rq, "frame")));
    }

    if (state_links(rq, row->id)) {
        changes_set(changes, "segments", "%s::jsonb", state_links_changed(rq, row->id));
    }

    state_links_check(rq, row->id);
    attributes = attributes_on_patch(rq, row->attribute_types, annotation_owner(rq, row->type_name));

    if (attributes != NULL) {
        changes_set(changes, "attributes", "coalesce(t.attributes, '{}') || %s::jsonb", json_text(rq->arena, attributes));
    }

    if (param_given(rq, "elemental_id")) {
        changes_set(changes, "elemental_id", "%s::uuid", annotation_target(rq, "elemental_id"));
    }

    changes_set(changes, "modified_datetime", "now()", NULL);
    changes_set(changes, "modified_by", "%s::int", rq_format(rq, "%ld", (long) rq->user.id));
}


/* media_ids and localization_ids replace, localization_ids_add and _remove change; unknown ids are ignored. true: the localizations
   changed. */
static bool
state_links(rq_t *rq, int64_t id)
{
    bool        changed = false;
    size_t      n;
    const char *ids;

    ids = query_integers(rq, "media_ids", &n);

    if (ids != NULL) {
        pg_query(rq, "DELETE FROM main_state_media WHERE state_id = %ld AND media_id <> ALL(%s::bigint[])", id, ids);
        pg_query(rq,
                 "INSERT INTO main_state_media (state_id, media_id) SELECT %ld, id FROM main_media WHERE id = ANY(%s::bigint[])"
                 " ON CONFLICT DO NOTHING",
                 id, ids);
    }

    ids = query_integers(rq, "localization_ids", &n);

    if (ids != NULL) {
        pg_query(rq, "DELETE FROM main_state_localizations WHERE state_id = %ld AND localization_id <> ALL(%s::bigint[])", id, ids);
        changed = true;
    }

    for (int k = 0; k < 2; k++) {
        ids = query_integers(rq, k == 0 ? "localization_ids" : "localization_ids_add", &n);

        if (ids != NULL) {
            pg_query(rq,
                     "INSERT INTO main_state_localizations (state_id, localization_id)"
                     " SELECT %ld, id FROM main_localization WHERE id = ANY(%s::bigint[]) ON CONFLICT DO NOTHING",
                     id, ids);
            changed = true;
        }
    }

    ids = query_integers(rq, "localization_ids_remove", &n);

    if (ids != NULL) {
        pg_query(rq, "DELETE FROM main_state_localizations WHERE state_id = %ld AND localization_id = ANY(%s::bigint[])", id, ids);
        changed = true;
    }

    return changed;
}


/* All that the state is linked with must be of its project. */
static void
state_links_check(rq_t *rq, int64_t id)
{
    result_t *result;

    result = pg_query(rq,
                      "SELECT EXISTS (SELECT 1 FROM main_state_media l JOIN main_media t ON t.id = l.media_id"
                      "               WHERE l.state_id = %ld AND t.project IS DISTINCT FROM %ld)"
                      " OR EXISTS (SELECT 1 FROM main_state_localizations l JOIN main_localization t ON t.id = l.localization_id"
                      "            WHERE l.state_id = %ld AND t.project IS DISTINCT FROM %ld)",
                      id, rq->project, id, rq->project);

    if (pg_bool(result, 0, 0)) {
        fail(rq, 400, "Not all media and localizations are in project %ld", (long) rq->project);
    }
}


/* Localizations that go with the state: its type says so, and no other state row, other marks included (R), has them. */
static const char *
state_children(rq_t *rq, const annotation_row_t *row)
{
    result_t *result;

    result = pg_query(rq,
                      "SELECT l.localization_id FROM main_state_localizations l JOIN main_localization t ON t.id = l.localization_id"
                      " WHERE l.state_id = %ld AND t.deleted = false"
                      " AND EXISTS (SELECT 1 FROM main_statetype WHERE id = %ld AND delete_child_localizations)"
                      " AND NOT EXISTS (SELECT 1 FROM main_state_localizations o"
                      "                 WHERE o.localization_id = l.localization_id AND o.state_id <> l.state_id)"
                      " ORDER BY 1",
                      row->id, row->type);

    return annotation_array(rq, result);
}
