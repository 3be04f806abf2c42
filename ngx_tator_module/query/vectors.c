/*
 * Searches by distance of vectors: the body member float_array (contract/queries.md §10). Distances are exact and computed from the
 * stored JSON. Rows without the attribute have no distance: any bound excludes them, an order puts them last (ascending) or first.
 */

#include <strings.h>

#include "internal.h"

typedef struct {
    const char *name, *sql; /* over pairs a, b of the two vectors */
} metric_t;

static const metric_t metrics[] = {
    {"l2norm", "sqrt(sum((a - b) * (a - b)))"},
    {"cosine", "1 - sum(a * b) / nullif(sqrt(sum(a * a)) * sqrt(sum(b * b)), 0)"},
    {"ip", "-sum(a * b)"},
};

static void            vector_search(query_t *query, const json_t *search);
static const metric_t *vector_metric(query_t *query, const json_t *search);
static void            vector_distance(query_t *query, sql_t *sql, const json_t *search);
static void            vector_sizes(query_t *query, const json_t *search, const json_t *attribute);
static void            vector_bound(query_t *query, const json_t *search, const char *name, const char *operator);


bool
query_has_vectors(query_t *query)
{
    return json_array_size(param(query->rq, "float_array")) > 0;
}


void
query_vectors(query_t *query)
{
    size_t  k;
    json_t *list, *search;

    list = param(query->rq, "float_array");

    if (json_array_size(list) == 0) {
        return;
    }

    if (query->type == 0) {
        fail(query->rq, 400, "Must supply 'type' if supplying a float_query.");
    }

    json_array_foreach(list, k, search) {
        vector_search(query, search);
    }
}


static void
vector_search(query_t *query, const json_t *search)
{
    const char    *name, *order;
    const json_t  *attribute = NULL;
    const types_t *types;

    name = json_string_value(json_object_get(search, "name"));

    if (name == NULL || !json_is_array(json_object_get(search, "center"))) {
        fail(query->rq, 400, "float_array needs name and center");
    }

    types = query_types(query, query->kind);

    for (size_t k = 0; k < types->n; k++) {
        if (types->list[k].id == query->type) {
            attribute = type_attribute(&types->list[k], name);
        }
    }

    if (attribute == NULL) { /* skipped (contract/queries.md §10) */
        return;
    }

    vector_sizes(query, search, attribute);
    vector_bound(query, search, "upper_bound", " <= ");
    vector_bound(query, search, "lower_bound", " >= ");

    if (query->flags & QUERY_UNSLICED) { /* PUT of Medias keeps its own order (recorded from the reference) */
        return;
    }

    order = json_string_value(json_object_get(search, "order"));
    query->order = sql_new(query->rq->arena);
    vector_distance(query, query->order, search);
    sql_put(query->order, order != NULL && strcasecmp(order, "desc") == 0 ? " DESC" : " ASC");
}


static const metric_t *
vector_metric(query_t *query, const json_t *search)
{
    const char *name = json_string_value(json_object_get(search, "metric"));

    for (size_t k = 0; k < sizeof(metrics) / sizeof(metrics[0]); k++) {
        if (strcmp(name ? name : "l2norm", metrics[k].name) == 0) {
            return &metrics[k];
        }
    }

    fail(query->rq, 400, "Unknown metric %s", name);
}


static void
vector_distance(query_t *query, sql_t *sql, const json_t *search)
{
    sql_put(sql, "(SELECT ");
    sql_raw(sql, vector_metric(query, search)->sql);
    sql_put(sql,
            " FROM (SELECT s.value::float8 AS a, c.value AS b"
            " FROM jsonb_array_elements_text(CASE WHEN jsonb_typeof(t.attributes -> %s::text) = 'array' THEN t.attributes -> %s::text END)"
            " WITH ORDINALITY s(value, n) JOIN unnest(%s::float8[]) WITH ORDINALITY c(value, n) USING (n)) pairs)",
            json_string_value(json_object_get(search, "name")), json_string_value(json_object_get(search, "name")),
            sql_json_array(query->rq->arena, json_object_get(search, "center")));
}


/* The center must have the attribute's size, stored vectors too. */
static void
vector_sizes(query_t *query, const json_t *search, const json_t *attribute)
{
    size_t      k;
    int64_t     size;
    json_t     *center, *item;
    sql_t      *sql;
    const char *name;

    name = json_string_value(json_object_get(search, "name"));
    size = json_integer_value(json_object_get(attribute, "size"));
    center = json_object_get(search, "center");

    json_array_foreach(center, k, item) {
        if (!json_is_number(item)) {
            fail(query->rq, 400, "center of float_array %s must be numbers", name);
        }
    }

    if (size > 0 && (int64_t) json_array_size(center) != size) {
        fail(query->rq, 400, "center of float_array %s must have %ld numbers", name, (long) size);
    }

    sql = sql_new(query->rq->arena);
    sql_put(sql, "SELECT 1 FROM ");
    sql_raw(sql, query->kind->table);
    sql_put(sql, " t WHERE ");
    sql_append(sql, query->where);
    sql_put(sql, " AND CASE WHEN jsonb_typeof(t.attributes -> %s::text) = 'array' THEN jsonb_array_length(t.attributes -> %s::text) <> %ld END LIMIT 1",
            name, name, (int64_t) json_array_size(center));

    if (pg_rows(pg_run(query->rq, sql)) > 0) {
        fail(query->rq, 400, "Stored vectors of %s have another size than %zu", name, json_array_size(center));
    }
}


/* A bound of 0 or null does not count. */
static void
vector_bound(query_t *query, const json_t *search, const char *name, const char *operator)
{
    double bound;

    bound = json_number_value(json_object_get(search, name));

    if (bound == 0) {
        return;
    }

    vector_distance(query, query_and(query->where), search);
    sql_raw(query->where, operator);
    sql_put(query->where, "%f::float8", bound);
}
