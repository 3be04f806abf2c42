/*
 * Searches by distance of vectors: the body member float_array (contract/queries.md §10). Distances are exact and computed from the
 * stored JSON: by pgvector's operators when the database has it, by a function of ours (sql/0011_vectors.sql) otherwise. Rows
 * without the attribute have no distance: any bound excludes them, an order puts them last (ascending) or first.
 */

#include <strings.h>

#include "internal.h"

typedef struct {
    const char *name;
    const char *operator; /* pgvector's */
} metric_t;

static const metric_t metrics[] = {
    {"l2norm", " <-> "},
    {"cosine", " <=> "},
    {"ip", " <#> "},
};

typedef struct {
    const char     *name;     /* of the attribute */
    const metric_t *metric;
    const char     *center;   /* as an array's text */
    size_t          size;
    bool            pgvector; /* the database has it */
} vector_t;

static void            vector_search(query_t *query, const json_t *search);
static const metric_t *vector_metric(query_t *query, const json_t *search);
static size_t          vector_center(query_t *query, const char *name, const json_t *center, const json_t *attribute);
static void            vector_stored(query_t *query, vector_t *vector);
static void            vector_bound(query_t *query, const vector_t *vector, const json_t *bound, const char *operator);
static void            vector_distance(query_t *query, sql_t *sql, const vector_t *vector);


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
        query->field = "float_array";
        query_parts(query, PARTS_NESTED);
        vector_search(query, search);
    }
}


static void
vector_search(query_t *query, const json_t *search)
{
    json_t        *center;
    vector_t       vector;
    const char    *order;
    const json_t  *attribute = NULL;
    const types_t *types;

    vector.name = json_string_value(json_object_get(search, "name"));
    center = json_object_get(search, "center");

    if (vector.name == NULL || !json_is_array(center)) {
        fail(query->rq, 400, "float_array needs name and center");
    }

    types = query_types(query, query->kind);

    for (size_t k = 0; k < types->n; k++) {
        if (types->list[k].id == query->type) {
            attribute = type_attribute(&types->list[k], vector.name);
        }
    }

    if (attribute == NULL) { /* skipped (contract/queries.md §10) */
        return;
    }

    vector.metric = vector_metric(query, search);
    vector.size = vector_center(query, vector.name, center, attribute);
    vector.center = sql_json_array(query->rq->arena, center);
    vector_stored(query, &vector);
    vector_bound(query, &vector, json_object_get(search, "upper_bound"), " <= ");
    vector_bound(query, &vector, json_object_get(search, "lower_bound"), " >= ");

    if (query->flags & QUERY_UNSLICED) { /* PUT of Medias keeps its own order (recorded from the reference) */
        return;
    }

    order = json_string_value(json_object_get(search, "order"));
    query->order = sql_new(query->rq->arena);
    vector_distance(query, query->order, &vector);
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

    fail(query->rq, 400, "Unknown metric %s", query_shown(query->rq, name));
}


/* The center's length, which must be the attribute's size. */
static size_t
vector_center(query_t *query, const char *name, const json_t *center, const json_t *attribute)
{
    size_t  k;
    int64_t size;
    json_t *item;

    size = json_integer_value(json_object_get(attribute, "size"));

    json_array_foreach(center, k, item) {
        if (!json_is_number(item)) {
            fail(query->rq, 400, "center of float_array %s must be numbers", name);
        }
    }

    if (size > 0 && (int64_t) json_array_size(center) != size) {
        fail(query->rq, 400, "center of float_array %s must have %ld numbers", name, (long) size);
    }

    return json_array_size(center);
}


/* Stored vectors must have that length, too; and what the database measures with. */
static void
vector_stored(query_t *query, vector_t *vector)
{
    sql_t    *sql;
    result_t *result;

    sql = sql_new(query->rq->arena);
    sql_put(sql, "SELECT to_regtype('vector') IS NOT NULL, EXISTS (SELECT 1 FROM ");
    sql_raw(sql, query->kind->table);
    sql_put(sql, " t WHERE ");
    sql_append(sql, query->where);
    sql_put(sql, " AND t.meta = %ld AND CASE WHEN jsonb_typeof(t.attributes -> %s::text) = 'array' THEN"
            " jsonb_array_length(t.attributes -> %s::text) <> %ld"
            " OR jsonb_path_exists(t.attributes -> %s::text, '$[*] ? (@.type() != \"number\")') END)",
            query->type, vector->name, vector->name, (int64_t) vector->size, vector->name);

    result = pg_run(query->rq, sql);
    vector->pgvector = pg_bool(result, 0, 0);

    if (pg_bool(result, 0, 1)) {
        fail(query->rq, 400, "Stored vectors of %s have another size than %zu", vector->name, vector->size);
    }
}


/* A bound of 0 or null does not count. */
static void
vector_bound(query_t *query, const vector_t *vector, const json_t *bound, const char *operator)
{
    if (json_number_value(bound) == 0) {
        return;
    }

    vector_distance(query, query_and(query->where), vector);
    sql_raw(query->where, operator);
    sql_put(query->where, "%f::float8", json_number_value(bound));
}


/* What another type keeps under the name is not touched: CASE says what is evaluated first. */
static void
vector_distance(query_t *query, sql_t *sql, const vector_t *vector)
{
    sql_put(sql, "(CASE WHEN t.meta = %ld AND jsonb_typeof(t.attributes -> %s::text) = 'array' THEN ", query->type, vector->name);

    if (vector->pgvector) {
        sql_put(sql, "(t.attributes ->> %s::text)::vector", vector->name);
        sql_raw(sql, vector->metric->operator);
        sql_put(sql, "%s::float8[]::vector", vector->center);

    } else {
        sql_put(sql, "tator.vector_distance(%s, t.attributes -> %s::text, %s::float8[])", vector->metric->name, vector->name, vector->center);
    }

    sql_put(sql, " END)");
}
