/*
 * Related searches (contract/queries.md §9): media by what is annotated on them, annotations by their media.
 */

#include "internal.h"

static bool related_types(query_t *query, const kind_t *kind, const json_t *node, int64_t type, const char **types);
static void related_names(const json_t *node, json_t *names, unsigned depth);
static bool related_type_value(const json_t *node, int64_t type, unsigned depth);


/* The parameter encoded_related_search. */
void
query_related(query_t *query)
{
    sql_t      *sql;
    json_t     *node;

    query->field = "encoded_related_search";
    node = query_decoded(query, query->field);

    if (node == NULL) {
        return;
    }

    sql = query_and(query->where);

    if (query->kind->bit & MEDIA) {
        query_media_by_node(query, sql, node, ANNOTATION, query->type);
        return;
    }

    sql_raw(sql, query->kind->in_media);
    query_media_begin(query, sql);
    sql_put(sql, " AND t.meta IN (SELECT m.mediatype_id FROM ");
    sql_raw(sql, query->kind->type_media);
    sql_put(sql, " m JOIN ");
    sql_raw(sql, query->kind->types);
    sql_put(sql, " k ON k.id = m.");
    sql_raw(sql, query->kind->type_column);
    sql_put(sql, " WHERE k.project = %ld", query->rq->project);

    if (query->type != 0) {
        sql_put(sql, " AND k.id = %ld", query->type);
    }

    sql_put(sql, ") AND (");
    search_compile(query, sql, &kind_media, node);
    sql_put(sql, ")");
    sql_raw(sql, query->kind->in_media_end);
}


/* The condition that a media has a current localization or state (those of both that `sides` names) matching the node; `type`: of a type
   that is drawn on this media type, 0: of any. */
void
query_media_by_node(query_t *query, sql_t *sql, const json_t *node, unsigned sides, int64_t type)
{
    bool        any = false;
    const char *types;

    static const struct {
        const kind_t *kind;
        const char   *sql;
    } annotations[] = {
        {&kind_localization, "SELECT t.media FROM main_localization t"},
        {&kind_state, "SELECT l.media_id FROM main_state t JOIN main_state_media l ON l.state_id = t.id"},
    };

    query_parts(query, PARTS_NESTED);
    sql_put(sql, "t.id IN (");

    for (int k = 0; k < 2; k++) {
        if (!(annotations[k].kind->bit & sides) || !related_types(query, annotations[k].kind, node, type, &types)) {
            continue;
        }

        sql_put(sql, any ? " UNION ALL " : "");
        sql_raw(sql, annotations[k].sql);
        sql_put(sql,
                " WHERE t.project = %ld AND t.deleted = false AND t.variant_deleted = false AND " NEWEST
                " AND t.meta = ANY(%s::bigint[]) AND (",
                query->rq->project, types);
        search_compile(query, sql, annotations[k].kind, node);
        sql_put(sql, ")");
        any = true;
    }

    sql_put(sql, any ? ")" : "0)");
}


/* The annotation types that a node can be about: those that define a name in it, whose id it asks for by $type, or all when it has a
   built-in. false: none. */
static bool
related_types(query_t *query, const kind_t *kind, const json_t *node, int64_t type, const char **types)
{
    bool           wanted, all = false;
    size_t         n = 0;
    json_t        *names, *value;
    int64_t       *ids;
    sql_t         *sql;
    result_t      *result;
    const char    *name;
    const types_t *list;

    names = rq_own(query->rq, json_object());
    related_names(node, names, 0);
    list = query_types(query, kind);
    ids = arena_alloc(query->rq->arena, (list->n + 1) * sizeof(int64_t));

    json_object_foreach(names, name, value) {
        all = all || (name[0] == '$' && strcmp(name, "$type") != 0);
    }

    for (size_t k = 0; k < list->n; k++) {
        wanted = all || related_type_value(node, list->list[k].id, 0);

        json_object_foreach(names, name, value) {
            wanted = wanted || type_attribute(&list->list[k], name) != NULL;
        }

        if (wanted) {
            ids[n++] = list->list[k].id;
        }
    }

    *types = sql_int_array(query->rq->arena, ids, n);

    if (n > 0 && type != 0) { /* only those drawn on that media type */
        sql = sql_new(query->rq->arena);
        sql_put(sql, "SELECT ");
        sql_raw(sql, kind->type_column);
        sql_put(sql, " FROM ");
        sql_raw(sql, kind->type_media);
        sql_put(sql, " WHERE mediatype_id = %ld AND ", type);
        sql_raw(sql, kind->type_column);
        sql_put(sql, " = ANY(%s::bigint[])", *types);
        result = pg_run(query->rq, sql);
        n = (size_t) pg_rows(result);

        for (size_t k = 0; k < n; k++) {
            ids[k] = pg_int(result, (int64_t) k, 0);
        }

        *types = sql_int_array(query->rq->arena, ids, n);
    }

    return n > 0;
}


static void
related_names(const json_t *node, json_t *names, unsigned depth)
{
    size_t  k;
    json_t *operation;

    if (depth > JSON_DEPTH_LIMIT) {
        return;
    }

    json_array_foreach(json_object_get(node, "operations"), k, operation) {
        related_names(operation, names, depth + 1);
    }

    if (json_object_get(node, "method") == NULL && json_is_string(json_object_get(node, "attribute"))) {
        json_object_set_new(names, json_string_value(json_object_get(node, "attribute")), json_true());
    }
}


static bool
related_type_value(const json_t *node, int64_t type, unsigned depth)
{
    size_t      k;
    json_t     *operation, *value;
    const char *name;

    if (depth > JSON_DEPTH_LIMIT) {
        return false;
    }

    json_array_foreach(json_object_get(node, "operations"), k, operation) {
        if (related_type_value(operation, type, depth + 1)) {
            return true;
        }
    }

    name = json_string_value(json_object_get(node, "attribute"));
    value = json_object_get(node, "value");

    if (name == NULL || strcmp(name, "$type") != 0) {
        return false;
    }

    json_array_foreach(value, k, operation) {
        if (json_is_integer(operation) && json_integer_value(operation) == type) {
            return true;
        }
    }

    return json_is_integer(value) && json_integer_value(value) == type;
}
