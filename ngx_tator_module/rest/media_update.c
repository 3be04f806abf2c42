/*
 * Changing media: one by one and in bulk. Attributes and primary section stay in step (contract/annotations.md §5.4), multi,
 * concat and live media get their parts (§5.5, media.md §13), archive states move by one table of transitions.
 */

#include "../api/attributes.h"
#include "../api/author.h"
#include "../api/change_log.h"
#include "../query/query.h"
#include "media.h"

/* Members of PATCH Media that are columns of the same name. */
static const char *const media_plain[] = {
    "name", "last_edit_start", "last_edit_end", "fps", "num_frames", "codec", "width", "height", "summary_level", "elemental_id",
    NULL,
};

/* What makes a bulk change one. */
static const char *const media_bulk_members[] = {
    "attributes", "reset_attributes", "null_attributes", "user_elemental_id", "primary_section", "archive_state", NULL,
};

/* A compound: which roles of media_files rule it out. */
typedef struct {
    const char *member, *refused;
    void (*apply)(rq_t *rq, json_t *files, json_t *value);
} media_compound_t;

static void media_set_multi(rq_t *rq, json_t *files, json_t *value);
static void media_set_concat(rq_t *rq, json_t *files, json_t *value);
static void media_set_live(rq_t *rq, json_t *files, json_t *value);

static const media_compound_t media_compounds[] = {
    {"multi", "streaming archival image live concat", media_set_multi},
    {"concat", "streaming archival image live", media_set_concat},
    {"live", "streaming archival image ids", media_set_live},
};

/* New attribute values and section of one change. */
typedef struct {
    json_t *attributes; /* to merge over the stored ones; NULL: none */
    bool    moved;      /* primary_section changes: */
    int64_t section;    /* 0: none */
} media_change_t;

static media_change_t media_changes(rq_t *rq, int64_t type, bool bulk);
static void           media_follow_section(rq_t *rq, media_change_t *change, int64_t section);
static void           media_follow_attribute(rq_t *rq, media_change_t *change);
static const char    *media_compound_files(rq_t *rq, json_t *files);
static void           media_check_parts(rq_t *rq, const char *array, size_t n, const char *what);
static int64_t        media_archive(rq_t *rq, const char *ids, bool authored);
static void           media_put_changes(sql_t *sql, const media_change_t *change);


void
media_patch(rq_t *rq)
{
    sql_t         *sql;
    json_t        *old, *value;
    int64_t        id = param_int(rq, "id", 0);
    result_t      *row;
    const char    *array, *files;
    media_change_t change;

    if (param_given(rq, "elemental_id")) {
        query_uuid(rq, "elemental_id", param_text(rq, "elemental_id"));
    }

    array = sql_int_array(rq->arena, &id, 1);
    tx_begin(rq);

    row = pg_query(rq, "SELECT meta, media_files FROM main_media WHERE id = %ld AND NOT deleted FOR UPDATE", id);
    if (pg_rows(row) == 0) {
        fail_missing(rq, "Media");
    }

    old = change_log_row(rq, &change_media, id);
    change = media_changes(rq, pg_int(row, 0, 0), false);
    files = media_compound_files(rq, pg_json(rq, row, 0, 1));

    sql = sql_new(rq->arena);
    sql_put(sql, "UPDATE main_media SET id = id");
    for (size_t k = 0; media_plain[k] != NULL; k++) {
        if (param_given(rq, media_plain[k])) {
            value = param(rq, media_plain[k]);
            sql_raw(sql, ", ");
            sql_raw(sql, media_plain[k]);
            sql_raw(sql, " = ");
            sql_bind(sql, json_is_string(value) ? json_string_value(value) : json_text(rq->arena, value));
        }
    }
    media_put_changes(sql, &change);
    if (files != NULL) {
        sql_put(sql, ", media_files = %s", files);
    }
    if (param_given(rq, "user_elemental_id")) {
        sql_put(sql, ", created_by = %ld", author_of(rq, param_text(rq, "user_elemental_id")));
    }
    sql_put(sql, " WHERE id = %ld", id);
    pg_run(rq, sql);

    change_log_changed(rq, &change_media, old, change_log_row(rq, &change_media, id), array);

    if (param_given(rq, "archive_state")) {
        media_archive(rq, array, true);
    }

    tx_commit(rq);
    reply_message(rq, 200, "Media %ld successfully updated!", (long) id);
}


void
media_patch_list(rq_t *rq)
{
    sql_t            *sql;
    json_t           *old;
    int64_t           n;
    result_t         *types;
    media_change_t    change;
    media_selection_t media;

    for (n = 0; media_bulk_members[n] != NULL && !param_given(rq, media_bulk_members[n]); n++) { /* void */ }
    if (media_bulk_members[n] == NULL) {
        fail(rq, 400, "Must specify at least one of attributes, reset_attributes, null_attributes, user_elemental_id,"
                      " primary_section and archive_state.");
    }

    tx_begin(rq);
    media = media_selected(rq, QUERY_UNSLICED, "update");

    if (media.n == 0) {
        tx_commit(rq);
        reply_message(rq, 200, "Successfully patched 0 medias!");
        return;
    }

    types = pg_query(rq, "SELECT DISTINCT meta FROM main_media WHERE id = ANY(%s::int[])", media.array);
    if (pg_rows(types) > 1) {
        fail(rq, 400, "When doing a bulk patch the type id of all objects must be the same.");
    }

    old = change_log_row(rq, &change_media, media.ids[0]);
    change = media_changes(rq, pg_int(types, 0, 0), true);

    sql = sql_new(rq->arena);
    sql_put(sql, "UPDATE main_media SET id = id");
    media_put_changes(sql, &change);
    if (param_given(rq, "user_elemental_id")) {
        sql_put(sql, ", created_by = %ld", author_of(rq, param_text(rq, "user_elemental_id")));
    }
    sql_put(sql, " WHERE id = ANY(%s::int[])", media.array);

    if (change.attributes != NULL || change.moved || param_given(rq, "user_elemental_id")) {
        pg_run(rq, sql);
        change_log_changed(rq, &change_media, old, change_log_row(rq, &change_media, media.ids[0]), media.array);
    }

    n = media.n;
    if (param_given(rq, "archive_state")) {
        n = media_archive(rq, media.array, false);
    }

    tx_commit(rq);
    reply_message(rq, 200, "Successfully patched %ld medias!", (long) (n > media.n ? n : media.n));
}


/* What the attribute members and primary_section come to for media of that type. */
static media_change_t
media_changes(rq_t *rq, int64_t type, bool bulk)
{
    int64_t        section;
    result_t      *row;
    media_change_t change = {NULL, false, 0};

    row = pg_query(rq, "SELECT name, attribute_types FROM main_mediatype WHERE id = %ld", type);

    if (param_given(rq, "attributes") || param_given(rq, "reset_attributes") || param_given(rq, "null_attributes")) {
        if (pg_rows(row) == 0) {
            fail_no_match(rq, "MediaType");
        }
        change.attributes = attributes_on_patch(rq, pg_json(rq, row, 0, 1), rq_format(rq, "entity type %s", pg_text(row, 0, 0)));
    }

    section = param_int(rq, "primary_section", 0);

    /* a bulk change ignores 0 */
    if (param_given(rq, "primary_section") && (section != 0 || !bulk)) {
        media_follow_section(rq, &change, section);
        return change;
    }

    media_follow_attribute(rq, &change);

    return change;
}


/* The section is given: the attribute follows. */
static void
media_follow_section(rq_t *rq, media_change_t *change, int64_t section)
{
    result_t *row;

    row = pg_query(rq, "SELECT tator_user_sections FROM main_section WHERE project = %ld AND id = %ld", rq->project, section);

    if (pg_rows(row) == 0 && section >= 0) {
        fail(rq, 400, "Folder with ID %ld does not exist", (long) section);
    }

    if (change->attributes == NULL) {
        change->attributes = rq_own(rq, json_object());
    }

    json_object_set_new(change->attributes, "tator_user_sections",
                        pg_rows(row) == 0 ? json_string("") : pg_null(row, 0, 0) ? json_null() : json_string(pg_text(row, 0, 0)));
    change->moved = true;
    change->section = pg_rows(row) == 0 ? 0 : section;
}


/* The attribute is given: the section follows. */
static void
media_follow_attribute(rq_t *rq, media_change_t *change)
{
    json_t   *value = json_object_get(param(rq, "attributes"), "tator_user_sections");
    result_t *row;

    if (value == NULL) {
        return;
    }

    row = pg_query(rq, "SELECT id FROM main_section WHERE project = %ld AND tator_user_sections = %s ORDER BY id LIMIT 1",
                   rq->project, json_is_string(value) ? json_string_value(value) : json_text(rq->arena, value));
    change->moved = true;
    change->section = pg_rows(row) == 0 ? 0 : pg_int(row, 0, 0);
}


static void
media_put_changes(sql_t *sql, const media_change_t *change)
{
    if (change->attributes != NULL) {
        sql_put(sql, ", attributes = coalesce(attributes, '{}') || %p::jsonb", change->attributes);
    }

    if (change->moved) {
        sql_put(sql, ", primary_section_id = nullif(%ld, 0)", change->section);
    }
}


/* media_files with what multi, concat and live set in it, as JSON text; NULL: it stays. */
static const char *
media_compound_files(rq_t *rq, json_t *files)
{
    bool                    changed = false;
    char                   *role, *save, *refused;
    json_t                 *held;
    const media_compound_t *compound;

    files = json_is_object(files) ? rq_own(rq, json_copy(files)) : rq_own(rq, json_object());

    for (compound = media_compounds; compound < media_compounds + 3; compound++) {
        if (!param_given(rq, compound->member)) {
            continue;
        }

        refused = arena_text(rq->arena, compound->refused);
        for (role = strtok_r(refused, " ", &save); role != NULL; role = strtok_r(NULL, " ", &save)) {
            held = json_object_get(files, role);
            if (json_array_size(held) > 0 || json_object_size(held) > 0) {
                fail(rq, 400, "Can not set %s of a media that has %s.", compound->member, role);
            }
        }

        compound->apply(rq, files, param(rq, compound->member));
        changed = true;
    }

    return changed ? json_text(rq->arena, files) : NULL;
}


static void
media_set_multi(rq_t *rq, json_t *files, json_t *value)
{
    bool        empty;
    json_t     *ids = json_object_get(value, "ids"), *member;
    const char *key;

    media_check_parts(rq, sql_json_array(rq->arena, ids ? ids : rq_own(rq, json_array())), json_array_size(ids), "multi");

    json_object_foreach(value, key, member) {
        empty = json_is_array(member) ? json_array_size(member) == 0 : json_is_number(member) && json_number_value(member) == 0;
        if (!empty && !json_is_null(member)) {
            json_object_set(files, key, member);
        }
    }
}


static void
media_set_concat(rq_t *rq, json_t *files, json_t *value)
{
    size_t  k;
    json_t *ids, *part, *id;

    ids = rq_own(rq, json_array());
    json_array_foreach(value, k, part) {
        id = json_object_get(part, "id");
        if (id == NULL) {
            fail(rq, 400, "A member of concat lacks its id.");
        }
        json_array_append(ids, id);
    }

    media_check_parts(rq, sql_json_array(rq->arena, ids), json_array_size(ids), "concat");
    json_object_set(files, "concat", value);
}


static void
media_set_live(rq_t *rq, json_t *files, json_t *value)
{
    (void) rq;

    json_object_set(files, "layout", json_object_get(value, "layout"));
    json_object_set(files, "live", json_object_get(value, "streams"));
}


/* A part that comes twice counts once in a concatenation, not in a grid. */
static void
media_check_parts(rq_t *rq, const char *array, size_t n, const char *what)
{
    result_t *result;

    result = pg_query(rq,
                      "SELECT count(*), (SELECT count(DISTINCT part) FROM unnest(%s::int[]) part)"
                      " FROM main_media WHERE project = %ld AND id = ANY(%s::int[])",
                      array, rq->project, array);

    if (pg_int(result, 0, 0) != (strcmp(what, "multi") == 0 ? (int64_t) n : pg_int(result, 0, 1))) {
        fail(rq, 400, "Not all media of %s exist in project %ld.", what, (long) rq->project);
    }
}


/*
 * Move the archive states of these media to where `archive_state` asks, with the parts of multi media. Each row moves at most
 * once, by the state that it, or the multi media it is part of, had before. Returns how many moved.
 */
static int64_t
media_archive(rq_t *rq, const char *ids, bool authored)
{
    json_t   *old;
    int64_t   n, first;
    result_t *moves, *moved;

    moves = pg_query(rq,
                     "WITH moves (wanted, source, target) AS (VALUES"
                     "  ('to_live', 'archived', 'to_live'), ('to_live', 'to_archive', 'live'), ('to_archive', 'live', 'to_archive')),"
                     " chosen AS (SELECT m.id, m.media_files, moves.target FROM main_media m"
                     "  JOIN moves ON moves.wanted = %s AND moves.source = m.archive_state WHERE m.id = ANY(%s::int[])),"
                     " planned AS (SELECT id, target, 0 AS part FROM chosen"
                     "  UNION ALL SELECT part::int, target, 1 FROM chosen"
                     "  CROSS JOIN jsonb_array_elements_text(CASE jsonb_typeof(media_files -> 'ids') WHEN 'array'"
                     "                                       THEN media_files -> 'ids' ELSE '[]' END) part),"
                     " once AS (SELECT DISTINCT ON (id) id, target FROM planned ORDER BY id, part)"
                     " SELECT array_agg(id ORDER BY id), array_agg(target ORDER BY id), min(id)"
                     " FROM once JOIN main_media m USING (id) WHERE m.project = %ld",
                     param_text(rq, "archive_state"), ids, rq->project);

    if (pg_null(moves, 0, 0)) {
        return 0;
    }

    first = pg_int(moves, 0, 2);
    old = change_log_row(rq, &change_media, first);

    moved = pg_query(rq,
                     "UPDATE main_media m SET archive_state = move.target, archive_status_date = now(), modified_datetime = now(),"
                     " modified_by = CASE WHEN %d::bool THEN %ld ELSE modified_by END"
                     " FROM unnest(%s::int[], %s::text[]) move (id, target) WHERE m.id = move.id",
                     authored, rq->user.id, pg_text(moves, 0, 0), pg_text(moves, 0, 1));
    n = pg_affected(moved);

    change_log_changed(rq, &change_media, old, change_log_row(rq, &change_media, first), pg_text(moves, 0, 0));

    return n;
}
