/*
 * Lists of leaves: reading, counting, creating and changing many at once, suggestions while a name is typed (contract/annotations.md
 * §10, queries.md §13).
 */

#include <stdlib.h>
#include <string.h>

#include "leaf.h"
#include "../api/attributes.h"
#include "../api/change_log.h"
#include "../api/delete.h"
#include "../query/query.h"

static json_t *leaf_rows(rq_t *rq);
static void    leaf_parents(rq_t *rq, const json_t *rows);
static void    leaf_created(rq_t *rq, const result_t *result, json_t *ids);
static void    suggestion_names(rq_t *rq, sql_t *sql, const char *query);

static const column_t suggestion_columns[] = {
    {"value", "t.name", COLUMN_TEXT},
    {"group", "p.heading", COLUMN_TEXT},
    {"data", "CASE WHEN t.attributes ? 'alias' THEN jsonb_build_object('alias', t.attributes -> 'alias') ELSE '{}' END", COLUMN_RAW},
    {0},
};


void
leaf_list(rq_t *rq)
{
    reply_rows(rq, leaf_columns, pg_run(rq, leaf_query(rq, QUERY_ROWS, leaf_columns)));
}


void
leaf_count(rq_t *rq)
{
    reply_count(rq, leaf_query(rq, QUERY_COUNT, NULL));
}


/* One statement inserts all rows; paths follow from the names above the parents, not from the parents' stored paths. */
void
leaf_create(rq_t *rq)
{
    json_t   *rows, *ids;
    result_t *result;

    rows = leaf_rows(rq);
    ids = rq_own(rq, json_array());

    tx_begin(rq);
    leaf_lock(rq, false);
    leaf_parents(rq, rows);

    result = pg_query(rq,
                      "WITH RECURSIVE spec AS ("
                      " SELECT * FROM jsonb_to_recordset(%p::jsonb) AS r(n int, name text, type int, parent int, attributes jsonb)"
                      "), up AS ("
                      " SELECT p.id AS leaf, p.parent AS next, " LEAF_LABEL("p.name") " AS path FROM main_leaf p"
                      "  WHERE p.id IN (SELECT parent FROM spec)"
                      " UNION ALL"
                      " SELECT up.leaf, p.parent, " LEAF_LABEL("p.name") " || '.' || up.path FROM up JOIN main_leaf p ON p.id = up.next"
                      ") CYCLE leaf, next SET looped USING seen"
                      " INSERT INTO main_leaf (name, meta, parent, attributes, path, project, deleted, created_by, modified_by,"
                      "  created_datetime, modified_datetime)"
                      " SELECT spec.name, spec.type, spec.parent, spec.attributes,"
                      "  (" LEAF_LABEL("p.name") " || coalesce('.' || up.path, '') || '.' || " LEAF_LABEL("spec.name") ")::ltree,"
                      "  p.id, false, %ld, %ld, now(), now()"
                      " FROM spec JOIN main_project p ON p.id = %ld LEFT JOIN up ON up.leaf = spec.parent AND up.next IS NULL"
                      " ORDER BY spec.n RETURNING id",
                      rows, rq->user.id, rq->user.id, rq->project);

    leaf_created(rq, result, ids);
    tx_commit(rq);

    if (json_array_size(ids) == 1) {
        reply_json(rq, 201, rq_own(rq, json_pack("{s:s, s:O}", "message", "Successfully created 1 leaf!", "id", ids)));
    } else {
        reply_json(rq, 201, rq_own(rq, json_pack("{s:s, s:O}", "message", rq_format(rq, "Successfully created %zu leaves!", json_array_size(ids)),
                                                 "id", ids)));
    }
}


/* In place; modified_by and modified_datetime stay (contract/queries.md §17). */
void
leaf_patch_list(rq_t *rq)
{
    json_t    *attributes, *old;
    result_t  *result;
    matched_t  matched;

    tx_begin(rq);
    matched = query_matched(rq, &kind_leaf, 0, "update");

    if (matched.type == -1) {
        fail(rq, 400, "When doing a bulk patch the type id of all objects must be the same.");
    }

    if (matched.n > 0) {
        pg_query(rq, "SELECT 1 FROM main_leaf WHERE id = ANY(%s::int[]) ORDER BY id FOR UPDATE", matched.array);
        result = pg_query(rq, "SELECT attribute_types, name FROM main_leaftype WHERE id = %ld", matched.type);

        if (pg_rows(result) == 0) {
            fail_no_match(rq, "LeafType");
        }

        attributes = attributes_on_patch(rq, pg_json(rq, result, 0, 0), rq_format(rq, "entity type %s", pg_text(result, 0, 1)));
        old = change_log_row(rq, &change_leaf, matched.ids[0]);
        pg_query(rq, "UPDATE main_leaf SET attributes = coalesce(attributes, '{}') || coalesce(%p::jsonb, '{}') WHERE id = ANY(%s::int[])",
                 attributes, matched.array);
        change_log_changed(rq, &change_leaf, old, change_log_row(rq, &change_leaf, matched.ids[0]), matched.array);
    }

    tx_commit(rq);
    reply_message(rq, 200, "Successfully updated %ld %s!", (long) matched.n, matched.n == 1 ? "leaf" : "leaves");
}


/* What is below the leaves stays. */
void
leaf_delete_list(rq_t *rq)
{
    matched_t matched;

    tx_begin(rq);
    leaf_lock(rq, true);
    matched = query_matched(rq, &kind_leaf, 0, "delete");

    if (matched.n > 0) {
        delete_softly(rq, "leaf", matched.array);
    }

    tx_commit(rq);
    reply_message(rq, 200, "Successfully deleted %ld %s!", (long) matched.n, matched.n == 1 ? "leaf" : "leaves");
}


/* Leaves of the ancestor's type whose path begins with its path. Groups are in the order of their characters' codes. */
void
leaf_suggestion(rq_t *rq)
{
    sql_t      *sql;
    result_t   *result;
    const char *ancestor = param_text(rq, "ancestor");

    result = pg_query(rq, "SELECT meta FROM main_leaf WHERE project = %ld AND path::text = %s AND deleted = false ORDER BY id LIMIT 1",
                      rq->project, ancestor);

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT ");
    columns_select(sql, suggestion_columns);
    sql_put(sql,
            " FROM main_leaf t CROSS JOIN LATERAL ("
            "  SELECT coalesce(max(p.name), %s) || coalesce(' (' || max(p.attributes ->> 'alias') || ')', '') AS heading"
            "  FROM main_leaf p WHERE p.id = t.parent"
            " ) p WHERE t.project = %ld AND t.deleted = false AND t.meta = %ld AND starts_with(lower(t.path::text), lower(%s))"
            " AND nlevel(t.path) >= %ld",
            ancestor, rq->project, pg_rows(result) > 0 ? pg_int(result, 0, 0) : 0L, ancestor, param_int(rq, "min_level", 1));
    suggestion_names(rq, sql, param_text(rq, "query"));
    sql_put(sql, " ORDER BY p.heading COLLATE \"C\", t.id");

    reply_rows(rq, suggestion_columns, pg_run(rq, sql));
}


/* The rows to insert: n, name, type, parent, attributes. */
static json_t *
leaf_rows(rq_t *rq)
{
    size_t      k;
    json_t     *spec, *rows, *types, *attributes, *row;
    result_t   *result;
    const char *type;

    types = rq_own(rq, json_object());

    json_array_foreach(rq->body, k, spec) {
        type = rq_format(rq, "%ld", (long) json_integer_value(json_object_get(spec, "type")));
        json_object_set(types, type, rq_own(rq, json_true()));
    }

    rows = rq_own(rq, json_array());

    json_object_foreach(types, type, row) { /* the keys are numbers */
        json_array_append(rows, rq_own(rq, json_integer(atoll(type))));
    }

    /* a type may be of another project that the caller sees: the client clones leaves so */
    result = pg_query(rq,
                      "SELECT k.id, k.attribute_types FROM main_leaftype k WHERE k.id = ANY(%s::bigint[]) AND (k.project = %ld"
                      " OR CASE WHEN %d::boolean THEN tator.project_permission(%ld::int, k.project) & 3 = 3"
                      "    ELSE EXISTS (SELECT FROM main_membership m WHERE m.project = k.project AND m.\"user\" = %ld"
                      "                 AND m.permission <> 'n') END)",
                      sql_json_array(rq->arena, rows), rq->project, (int) rq->config->fine_grain, rq->viewer, rq->user.id);

    for (int64_t n = 0; n < pg_rows(result); n++) {
        json_object_set(types, pg_text(result, n, 0), pg_json(rq, result, n, 1));
    }

    rows = rq_own(rq, json_array());

    json_array_foreach(rq->body, k, spec) {
        type = rq_format(rq, "%ld", (long) json_integer_value(json_object_get(spec, "type")));

        if (json_is_true(json_object_get(types, type))) {
            fail(rq, 400, "Leaf type %s does not exist.", type);
        }

        attributes = attributes_on_create(rq, json_object_get(types, type), json_object_get(spec, "attributes"));
        row = rq_own(rq, json_pack("{s:I, s:O, s:O, s:O}", "n", (json_int_t) k, "name", json_object_get(spec, "name"), "type",
                                   json_object_get(spec, "type"), "attributes", attributes));
        json_object_set(row, "parent", json_object_get(spec, "parent"));
        json_array_append(rows, row);
    }

    return rows;
}


/* Parents are there (404) and of the project (400). */
static void
leaf_parents(rq_t *rq, const json_t *rows)
{
    result_t *result;

    result = pg_query(rq,
                      "SELECT r.parent, p.id FROM jsonb_to_recordset(%p::jsonb) AS r(n int, parent bigint)"
                      " LEFT JOIN main_leaf p ON p.id = r.parent AND p.deleted = false"
                      " WHERE r.parent IS NOT NULL AND p.project IS DISTINCT FROM %ld ORDER BY r.n LIMIT 1",
                      rows, rq->project);

    if (pg_rows(result) == 0) {
        return;
    }

    if (pg_null(result, 0, 1)) {
        fail_no_match(rq, "Leaf");
    }

    fail(rq, 400, "Parent %s is not a leaf of this project", pg_text(result, 0, 0));
}


static void
leaf_created(rq_t *rq, const result_t *result, json_t *ids)
{
    for (int64_t k = 0; k < pg_rows(result); k++) {
        json_array_append(ids, rq_own(rq, json_integer(pg_int(result, k, 0))));
    }

    change_log_created(rq, &change_leaf, sql_json_array(rq->arena, ids));
}


/* Without * a name begins with the query; with it the pieces between are the begin, parts and the end of the name, whatever the case. */
static void
suggestion_names(rq_t *rq, sql_t *sql, const char *query)
{
    bool        any = false;
    size_t      len;
    const char *p, *star, *piece;

    for (p = query; p != NULL; p = star != NULL ? star + 1 : NULL) {
        star = strchr(p, '*');
        len = star != NULL ? (size_t) (star - p) : strlen(p);
        piece = arena_copy(rq->arena, p, len);

        if (len == 0) {
            continue;
        }

        any = true;

        if (p == query) {
            sql_put(sql, " AND starts_with(lower(t.name), lower(%s))", piece);
        } else if (star == NULL) {
            sql_put(sql, " AND right(lower(t.name), length(lower(%s))) = lower(%s)", piece, piece);
        } else {
            sql_put(sql, " AND position(lower(%s) IN lower(t.name)) > 0", piece);
        }
    }

    if (!any) {
        fail(rq, 400, "The query has no text to look for.");
    }
}
