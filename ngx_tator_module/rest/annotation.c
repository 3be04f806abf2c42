/*
 * What localizations and states have in common (annotation.h).
 */

#include <string.h>

#include "annotation.h"

/* How often what others changed meanwhile is looked at again. */
#define ANNOTATION_TRIES 8

extern const column_t localization_columns[], state_object_columns[];

static const char *const localization_copied[] = {
    "attributes", "created_datetime", "modified_datetime", "frame", "x", "y", "u", "v", "width", "height", "points", "deleted",
    "elemental_id", "variant_deleted", "created_by", "media", "modified_by", "parent", "project", "thumbnail_image", "meta", "\"user\"",
    "version", NULL,
};

static const char *const state_copied[] = {
    "attributes", "created_datetime", "modified_datetime", "segments", "color", "frame", "deleted", "elemental_id", "variant_deleted",
    "created_by", "extracted", "modified_by", "parent", "project", "meta", "version", NULL,
};

const annotation_t annotation_localization = {
    .kind = &kind_localization,
    .change = &change_localization,
    .model = "Localization",
    .table = "main_localization",
    .types = "main_localizationtype",
    .object = localization_columns,
    .columns = localization_copied,
    .lookup = "localization_id",
    .triggers = "{pgtrigger_localization_mark_trigger_e0261,pgtrigger_post_localization_mark_trigger_21d50,"
                "pgtrigger_post_localization_update_lookup_75055}",
};

const annotation_t annotation_state = {
    .kind = &kind_state,
    .change = &change_state,
    .model = "State",
    .table = "main_state",
    .types = "main_statetype",
    .object = state_object_columns,
    .columns = state_copied,
    .lookup = "state_id",
    .triggers = "{pgtrigger_state_mark_trigger_a0799,pgtrigger_post_state_mark_trigger_05cab,"
                "pgtrigger_post_state_update_lookup_2d543}",
};

static sql_t      *annotation_numbered(rq_t *rq, const annotation_t *kind, const sql_t *source);
static sql_t      *annotation_begin(rq_t *rq, const annotation_t *kind);
static void        annotation_columns(sql_t *sql, const annotation_t *kind);
static void        annotation_looked(sql_t *sql, const annotation_t *kind);
static void        annotation_advisory(rq_t *rq, const char *elemental_ids);
static void        annotation_lock_rows(rq_t *rq, const annotation_t *kind, const char *ids);
static void        changes_put(sql_t *sql, const change_t *change);
static void        annotation_modified(rq_t *rq, changes_t *changes);


void
changes_set(changes_t *changes, const char *column, const char *sql, const char *value)
{
    changes->list[changes->n++] = (change_t) {column, sql, value};
}


int64_t
annotation_addressed(rq_t *rq, const annotation_t *kind, bool deleted)
{
    sql_t      *sql;
    result_t   *result;
    const char *elemental_id;

    if (rq->endpoint->lookup->keys[0] == NULL) {
        return param_int(rq, "id", 0);
    }

    elemental_id = query_uuid(rq, "elemental_id", param_text(rq, "elemental_id"));

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT id FROM ");
    sql_raw(sql, kind->table);
    sql_put(sql, " WHERE project = %ld AND version = %ld AND elemental_id = %s::uuid", rq->project, param_int(rq, "version", 0), elemental_id);

    if (param_given(rq, "mark")) {
        sql_put(sql, " AND mark = %ld", param_int(rq, "mark", 0));
    }

    sql_put(sql, deleted ? " ORDER BY mark DESC, id DESC LIMIT 1" : " AND deleted = false ORDER BY mark DESC, id DESC LIMIT 1");
    result = pg_run(rq, sql);

    if (pg_rows(result) == 0) {
        fail_missing(rq, kind->model);
    }

    return pg_int(result, 0, 0);
}


/* All rows of all groups are locked by one statement in the order of their ids, and advisory locks come before: nobody waits for one while he
   holds rows, so requests do not deadlock with each other. FOR NO KEY UPDATE is what an UPDATE takes; rows that only refer to these do not wait
   for it. A row that moved to another group meanwhile, or has none yet, is tried again. */
void
annotation_lock(rq_t *rq, const annotation_t *kind, const char *ids, const char *elemental_id)
{
    sql_t      *sql;
    result_t   *result;
    const char *others;

    others = elemental_id == NULL ? "{}" : rq_format(rq, "{%s}", elemental_id);

    if (elemental_id != NULL) {
        annotation_advisory(rq, others);
    }

    for (int tries = 0; tries < ANNOTATION_TRIES; tries++) {
        sql = sql_new(rq->arena);
        sql_put(sql, "WITH locked AS MATERIALIZED (SELECT t.id FROM ");
        sql_raw(sql, kind->table);
        sql_put(sql, " t WHERE t.elemental_id = ANY(ARRAY(SELECT a.elemental_id FROM ");
        sql_raw(sql, kind->table);
        sql_put(sql,
                " a WHERE a.id = ANY(%s::bigint[]) UNION SELECT unnest(%s::uuid[]))) ORDER BY t.id FOR NO KEY UPDATE)"
                " SELECT count(*) = cardinality(%s::bigint[]) FROM locked WHERE id = ANY(%s::bigint[])",
                ids, others, ids, ids);
        result = pg_run(rq, sql);

        if (pg_bool(result, 0, 0)) {
            return;
        }

        sql = sql_new(rq->arena);
        sql_put(sql, "UPDATE ");
        sql_raw(sql, kind->table);
        sql_put(sql, " SET elemental_id = gen_random_uuid() WHERE id = ANY(%s::bigint[]) AND elemental_id IS NULL", ids);
        pg_run(rq, sql);
    }
}


/* What matched may have got a newer mark or changed before its group was locked: it counts when it still matches afterwards. Rows that are
   named by id stay the same. */
matched_t
annotation_matched(rq_t *rq, const annotation_t *kind, unsigned flags, const char *verb, const char *elemental_id)
{
    matched_t before, matched;

    matched = query_matched(rq, kind->kind, flags, verb);

    for (int tries = 0; tries < ANNOTATION_TRIES; tries++) {
        if (matched.n == 0) {
            return matched;
        }

        before = matched;

        if ((flags & QUERY_ALL_MARKS) && elemental_id == NULL && !param_given(rq, "new_version")) {
            annotation_lock_rows(rq, kind, before.array);
            return before;
        }

        annotation_lock(rq, kind, before.array, elemental_id);

        if (flags & QUERY_ALL_MARKS) {
            return before;
        }

        matched = query_matched(rq, kind->kind, flags, verb);

        if (strcmp(before.array, matched.array) == 0) {
            return matched;
        }
    }

    fail(rq, 503, "Somebody else is changing the same objects. Please try again.");
}


void
annotation_lock_elemental(rq_t *rq, const annotation_t *kind, const char *elemental_ids)
{
    sql_t *sql;

    annotation_advisory(rq, elemental_ids);

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT 1 FROM ");
    sql_raw(sql, kind->table);
    sql_put(sql, " WHERE elemental_id = ANY(%s::uuid[]) ORDER BY id FOR NO KEY UPDATE", elemental_ids);
    pg_run(rq, sql);
}


const char *
annotation_target(rq_t *rq, const char *name)
{
    return param_given(rq, name) ? query_uuid(rq, name, param_text(rq, name)) : NULL;
}


annotation_row_t
annotation_row(rq_t *rq, const annotation_t *kind, int64_t id)
{
    bool             states = kind == &annotation_state;
    sql_t           *sql;
    result_t        *result;
    annotation_row_t row;

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT t.id, t.mark, t.version, t.elemental_id, t.meta, t.mark = t.latest_mark, k.dtype, k.name, k.attribute_types, ");
    sql_raw(sql, states ? "NULL" : "t.thumbnail_image");
    sql_put(sql, " FROM ");
    sql_raw(sql, kind->table);
    sql_put(sql, " t LEFT JOIN ");
    sql_raw(sql, kind->types);
    sql_put(sql, " k ON k.id = t.meta WHERE t.id = %ld", id);
    result = pg_run(rq, sql);

    if (pg_rows(result) == 0) {
        fail_missing(rq, kind->model);
    }

    row.id = pg_int(result, 0, 0);
    row.mark = pg_int(result, 0, 1);
    row.version = pg_int(result, 0, 2);
    row.elemental_id = pg_text(result, 0, 3);
    row.type = pg_int(result, 0, 4);
    row.latest = pg_bool(result, 0, 5);
    row.dtype = pg_null(result, 0, 6) ? "" : pg_text(result, 0, 6);
    row.type_name = pg_null(result, 0, 7) ? "" : pg_text(result, 0, 7);
    row.attribute_types = pg_json(rq, result, 0, 8);
    row.thumbnail = pg_int(result, 0, 9);

    return row;
}


int64_t
annotation_newest(rq_t *rq, const annotation_t *kind, const annotation_row_t *row, bool pedantic)
{
    sql_t    *sql;
    result_t *result;

    if (row->latest) {
        return row->id;
    }

    if (pedantic) {
        fail(rq, 400, "Pedantic mode is enabled. Can not edit prior object %ld of %s", (long) row->id, row->elemental_id);
    }

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT id FROM ");
    sql_raw(sql, kind->table);
    sql_put(sql,
            " WHERE project = %ld AND version = %ld AND elemental_id = %s::uuid AND mark = latest_mark AND deleted = false"
            " ORDER BY id DESC LIMIT 1",
            rq->project, row->version, row->elemental_id);
    result = pg_run(rq, sql);

    return pg_rows(result) == 0 ? row->id : pg_int(result, 0, 0);
}


void
annotation_change(rq_t *rq, const annotation_t *kind, const changes_t *changes, const char *ids)
{
    sql_t *sql;

    if (changes->n == 0) {
        return;
    }

    sql = sql_new(rq->arena);
    sql_put(sql, "UPDATE ");
    sql_raw(sql, kind->table);
    sql_put(sql, " t SET ");

    for (int k = 0; k < changes->n; k++) {
        sql_put(sql, k ? ", " : "");
        sql_raw(sql, changes->list[k].column);
        sql_put(sql, " = ");
        changes_put(sql, &changes->list[k]);
    }

    sql_put(sql, " WHERE t.id = ANY(%s::bigint[])", ids);
    pg_run(rq, sql);
}


result_t *
annotation_copy(rq_t *rq, const annotation_t *kind, const changes_t *changes, const char *ids)
{
    int                k;
    sql_t             *source;
    const char *const *column;

    source = sql_new(rq->arena);
    sql_put(source, "SELECT u.n, false AS fresh");

    for (column = kind->columns; *column != NULL; column++) {
        for (k = 0; k < changes->n && strcmp(changes->list[k].column, *column) != 0; k++) { /* void */ }

        sql_put(source, ", ");

        if (k < changes->n) {
            changes_put(source, &changes->list[k]);
        } else {
            sql_put(source, "t.");
            sql_raw(source, *column);
        }

        sql_put(source, " AS ");
        sql_raw(source, *column);
    }

    sql_put(source, " FROM unnest(%s::bigint[]) WITH ORDINALITY u(id, n) JOIN ", ids);
    sql_raw(source, kind->table);
    sql_put(source, " t ON t.id = u.id");

    return annotation_insert(rq, kind, source);
}


/* The triggers would number and link row by row (contract/database.md §3.2, §3.4); this does the same for all rows at once. */
result_t *
annotation_insert(rq_t *rq, const annotation_t *kind, const sql_t *source)
{
    sql_t *sql;

    sql = annotation_numbered(rq, kind, source);
    sql_put(sql, " RETURNING id, project)");
    annotation_looked(sql, kind);
    sql_put(sql, " SELECT id FROM created ORDER BY id");

    return pg_run(rq, sql);
}


/* What the logs tell comes back from the insert itself, and rows whose groups are new need no numbers but 0: each of the two saves a tenth of
   the time (bench: creation). */
result_t *
annotation_create(rq_t *rq, const annotation_t *kind, const specs_t *specs, const sql_t *source)
{
    sql_t    *sql;
    json_t   *types;
    result_t *result;

    if (specs->elemental_n > 0) {
        sql = annotation_numbered(rq, kind, source);

    } else {
        sql = annotation_begin(rq, kind);
        sql_put(sql, ") SELECT 0, 0");
        annotation_columns(sql, kind);
        sql_put(sql, " FROM (");
        sql_append(sql, source);
        sql_put(sql, ") s ORDER BY n");
    }

    sql_put(sql, " RETURNING ");
    change_log_columns(sql, kind->change);
    sql_put(sql, ")");
    annotation_looked(sql, kind);
    sql_put(sql, " SELECT * FROM created ORDER BY id");
    result = pg_run(rq, sql);

    types = rq_own(rq, json_object());

    for (int64_t k = 0; k < pg_rows(specs->types); k++) {
        json_object_set(types, pg_text(specs->types, k, 0), specs->attributes[k]);
    }

    change_log_created_rows(rq, kind->change, result, types);

    return result;
}


int64_t
annotation_author(rq_t *rq, const char *user_elemental_id)
{
    result_t *result;

    if (user_elemental_id == NULL) {
        return 0;
    }

    if (rq->level != 'a') {
        fail(rq, 403, "%s does not have full permission, required for authorship modifications, on %ld", rq->user.username, (long) rq->project);
    }

    result = pg_query(rq, "SELECT id FROM main_user WHERE elemental_id = %s::uuid ORDER BY id LIMIT 1",
                      query_uuid(rq, "user_elemental_id", user_elemental_id));

    if (pg_rows(result) == 0) {
        fail(rq, 400, "Couldn't find user with %s", user_elemental_id);
    }

    return pg_int(result, 0, 0);
}


int64_t
annotation_version(rq_t *rq)
{
    result_t *result;

    result = pg_query(rq,
                      "SELECT coalesce((SELECT default_version_id FROM main_membership WHERE project = %ld AND \"user\" = %ld AND NOT %d::boolean"
                      "                 ORDER BY id LIMIT 1),"
                      "                (SELECT id FROM main_version WHERE project_id = %ld AND number >= 0 ORDER BY number, id LIMIT 1))",
                      rq->project, rq->user.id, (int) rq->config->fine_grain, rq->project);

    if (pg_null(result, 0, 0)) {
        fail(rq, 400, "The project has no version");
    }

    return pg_int(result, 0, 0);
}


const char *
annotation_owner(rq_t *rq, const char *type_name)
{
    return rq_format(rq, "entity type %s", type_name);
}


void
annotation_reply(rq_t *rq, const annotation_t *kind, int64_t id, int64_t mark)
{
    sql_t    *sql;
    json_t   *answer, *object;
    result_t *result;

    sql = sql_new(rq->arena);
    query_select_list(rq, sql, kind->object);
    sql_put(sql, " FROM ");
    sql_raw(sql, kind->table);
    sql_put(sql, " t WHERE t.id = %ld", id);
    result = pg_run(rq, sql);

    object = columns_object(rq, kind->object, result, 0, 0);
    answer = rq_own(rq, json_object());
    json_object_set(answer, "message",
                    rq_own(rq, json_string(rq_format(rq, "%s %s@%ld/%ld successfully updated!", kind->model,
                                                     json_string_value(json_object_get(object, "elemental_id")),
                                                     (long) json_integer_value(json_object_get(object, "version")), (long) mark))));
    json_object_set(answer, "object", object);
    reply_json(rq, 200, answer);
}


void
annotation_patch_list(rq_t *rq, const annotation_t *kind, const char *noun, annotation_copied_pt copied)
{
    bool             in_place;
    json_t          *attributes, *old;
    int64_t          author;
    changes_t        changes = {0};
    matched_t        matched;
    const char      *elemental_id;
    annotation_row_t first;

    tx_begin(rq);

    elemental_id = annotation_target(rq, "new_elemental_id");
    author = annotation_author(rq, param_text(rq, "user_elemental_id"));
    in_place = param_int(rq, "in_place", 0) != 0 || author != 0 || json_array_size(param(rq, "ids")) > 0;

    /* states named by id go to another version as copies: their links stay with the old ones (the client's own tests) */
    if (kind == &annotation_state && param_given(rq, "new_version")) {
        in_place = param_int(rq, "in_place", 0) != 0 || author != 0;
    }

    matched = annotation_matched(rq, kind, author != 0 || json_array_size(param(rq, "ids")) > 0 ? QUERY_ALL_MARKS : 0, "update",
                                 elemental_id);

    if (matched.type == -1) {
        fail(rq, 400, "When doing a bulk patch the type id of all objects must be the same.");
    }

    if (matched.n > 0) {
        first = annotation_row(rq, kind, matched.ids[0]);
        attributes = attributes_on_patch(rq, first.attribute_types, annotation_owner(rq, first.type_name));

        changes_set(&changes, "modified_by", "%s::int", rq_format(rq, "%ld", (long) rq->user.id));

        if (attributes != NULL) {
            changes_set(&changes, "attributes", "coalesce(t.attributes, '{}') || %s::jsonb", json_text(rq->arena, attributes));
        }

        if (elemental_id != NULL) {
            changes_set(&changes, "elemental_id", "%s::uuid", elemental_id);
        }

        if (param_given(rq, "new_version")) {
            if (pg_rows(pg_query(rq, "SELECT 1 FROM main_version WHERE id = %ld AND project_id = %ld", param_int(rq, "new_version", 0), rq->project)) == 0) {
                fail_no_match(rq, "Version");
            }
            changes_set(&changes, "version", "%s::int", rq_format(rq, "%ld", (long) param_int(rq, "new_version", 0)));
        }

        if (author != 0) {
            changes_set(&changes, "created_by", "%s::int", rq_format(rq, "%ld", (long) author));
        }

        if (in_place) {
            old = change_log_row(rq, kind->change, first.id);
            annotation_change(rq, kind, &changes, matched.array);
            change_log_changed(rq, kind->change, old, change_log_row(rq, kind->change, first.id), matched.array);

        } else {
            result_t *copies;

            changes_set(&changes, "modified_datetime", "now()", NULL);
            copies = annotation_copy(rq, kind, &changes, matched.array);

            if (copied != NULL) {
                copied(rq, matched.array, copies);
            }
        }
    }

    tx_commit(rq);
    reply_message(rq, 200, "Successfully updated %ld %s!", (long) matched.n, noun);
}


void
annotation_delete_list(rq_t *rq, const annotation_t *kind, const char *noun, bool in_place)
{
    json_t   *old;
    changes_t changes = {0};
    matched_t matched;

    tx_begin(rq);
    matched = annotation_matched(rq, kind, 0, "delete", NULL);

    if (matched.n > 0) {
        if (param_int(rq, "prune", 0) != 0) {
            annotation_prune(rq, kind, matched.array, matched.ids[0]);

        } else if (in_place && param_int(rq, "in_place", 0) != 0) {
            old = change_log_row(rq, kind->change, matched.ids[0]);
            changes_set(&changes, "variant_deleted", "true", NULL);
            annotation_modified(rq, &changes);
            annotation_change(rq, kind, &changes, matched.array);
            change_log_changed(rq, kind->change, old, change_log_row(rq, kind->change, matched.ids[0]), matched.array);

        } else {
            changes_set(&changes, "variant_deleted", "true", NULL);
            changes_set(&changes, "created_datetime", "now()", NULL);
            annotation_modified(rq, &changes);
            annotation_copy(rq, kind, &changes, matched.array);
        }
    }

    tx_commit(rq);
    reply_message(rq, 200, "Successfully deleted %ld %s!", (long) matched.n, noun);
}


void
annotation_prune(rq_t *rq, const annotation_t *kind, const char *ids, int64_t first)
{
    json_t   *old;
    changes_t changes = {0};

    old = change_log_row(rq, kind->change, first);
    changes_set(&changes, "deleted", "true", NULL);
    annotation_modified(rq, &changes);
    annotation_change(rq, kind, &changes, ids);
    change_log_changed(rq, kind->change, old, change_log_row(rq, kind->change, first), ids);
}


const char *
annotation_array(rq_t *rq, const result_t *rows)
{
    int64_t *ids;

    ids = arena_alloc(rq->arena, (size_t) (pg_rows(rows) + 1) * sizeof(int64_t));

    for (int64_t k = 0; k < pg_rows(rows); k++) {
        ids[k] = pg_int(rows, k, 0);
    }

    return sql_int_array(rq->arena, ids, (size_t) pg_rows(rows));
}


void
annotation_deleted(rq_t *rq, const annotation_t *kind, const annotation_row_t *row, int64_t id)
{
    json_t *answer;

    answer = rq_own(rq, json_object());
    json_object_set(answer, "message",
                    rq_own(rq, json_string(rq_format(rq, "%s %ld/%s@@%ld successfully deleted!", kind->model, (long) row->version,
                                                     row->elemental_id, (long) row->mark))));
    json_object_set(answer, "id", rq_own(rq, json_integer(id)));
    reply_json(rq, 200, answer);
}


/* "WITH … created AS (INSERT … SELECT …": open for what is returned. */
static sql_t *
annotation_numbered(rq_t *rq, const annotation_t *kind, const sql_t *source)
{
    sql_t *sql, *insert;

    insert = annotation_begin(rq, kind);

    sql = sql_new(rq->arena);
    sql_put(sql, "WITH source AS MATERIALIZED (");
    sql_append(sql, source);
    sql_put(sql, "), numbered AS (SELECT g.*, g.first + row_number() OVER (PARTITION BY g.elemental_id, g.version ORDER BY g.n) - 1 AS mark,"
                 "  g.first + count(*) OVER (PARTITION BY g.elemental_id, g.version) - 1 AS latest_mark"
                 " FROM (SELECT s.*, CASE WHEN s.fresh THEN 0 ELSE coalesce((SELECT max(t.mark) + 1 FROM ");
    sql_raw(sql, kind->table);
    sql_put(sql,
            " t WHERE t.elemental_id = s.elemental_id AND t.version = s.version AND t.deleted = false), 0) END AS first"
            "  FROM source s OFFSET 0) g"
            "), raised AS ("
            " UPDATE ");
    sql_raw(sql, kind->table);
    sql_put(sql,
            " t SET latest_mark = n.latest_mark FROM (SELECT DISTINCT elemental_id, version, latest_mark FROM numbered WHERE NOT fresh) n"
            " WHERE t.elemental_id = n.elemental_id AND t.version = n.version AND t.latest_mark IS DISTINCT FROM n.latest_mark"
            "), ");
    sql_raw(sql, insert->text + strlen("WITH "));
    sql_put(sql, ") SELECT mark, latest_mark");
    annotation_columns(sql, kind);
    sql_put(sql, " FROM numbered ORDER BY n");

    return sql;
}


/* "WITH created AS (INSERT INTO … (mark, latest_mark, …": open for the end of the list. */
static sql_t *
annotation_begin(rq_t *rq, const annotation_t *kind)
{
    sql_t *sql;

    pg_query(rq, "SELECT set_config('pgtrigger.ignore', %s, true)", kind->triggers);

    sql = sql_new(rq->arena);
    sql_put(sql, "WITH created AS (INSERT INTO ");
    sql_raw(sql, kind->table);
    sql_put(sql, " AS t (mark, latest_mark");
    annotation_columns(sql, kind);

    return sql;
}


static void
annotation_columns(sql_t *sql, const annotation_t *kind)
{
    for (const char *const *column = kind->columns; *column != NULL; column++) {
        sql_put(sql, ", ");
        sql_raw(sql, *column);
    }
}


/* The unique constraint of look-up rows has columns that are always null, so nothing is ever in conflict. */
static void
annotation_looked(sql_t *sql, const annotation_t *kind)
{
    sql_put(sql, ", looked AS (INSERT INTO main_projectlookup (project_id, ");
    sql_raw(sql, kind->lookup);
    sql_put(sql, ") SELECT project, id FROM created)");
}


/* Only the rows: enough where they stay in their groups and make no new mark. */
static void
annotation_lock_rows(rq_t *rq, const annotation_t *kind, const char *ids)
{
    sql_t *sql;

    sql = sql_new(rq->arena);
    sql_put(sql, "WITH locked AS MATERIALIZED (SELECT id FROM ");
    sql_raw(sql, kind->table);
    sql_put(sql, " WHERE id = ANY(%s::int[]) ORDER BY id FOR NO KEY UPDATE) SELECT count(*) FROM locked", ids);
    pg_run(rq, sql);
}


/* A group without rows yet has none to lock. */
static void
annotation_advisory(rq_t *rq, const char *elemental_ids)
{
    pg_query(rq, "SELECT pg_advisory_xact_lock(hashtextextended(e::text, 0)) FROM unnest(%s::uuid[]) e ORDER BY e", elemental_ids);
}


static void
changes_put(sql_t *sql, const change_t *change)
{
    if (change->value != NULL) {
        sql_put(sql, change->sql, change->value);
    } else {
        sql_raw(sql, change->sql);
    }
}


static void
annotation_modified(rq_t *rq, changes_t *changes)
{
    changes_set(changes, "modified_datetime", "now()", NULL);
    changes_set(changes, "modified_by", "%s::int", rq_format(rq, "%ld", (long) rq->user.id));
}
