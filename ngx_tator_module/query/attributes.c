/*
 * Attribute filters (contract/queries.md §6): parameters `attribute`, `attribute_lt` … hold texts `name::value`. With `type` all of
 * them apply to rows of that type; without it the result is the union over types of the rows that satisfy the filters which the
 * type defines. The same for the other side of a relation: `related_attribute` … (§9).
 */

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "internal.h"

typedef enum { OPERATION_COMPARE, OPERATION_CONTAINS, OPERATION_DISTANCE, OPERATION_NULL } operation_kind_t;

typedef struct {
    const char      *param;   /* after "attribute" */
    operation_kind_t kind;
    compare_t        compare;
    unsigned         dtypes;  /* that it may be used with */
} operation_t;

#define ORDERED (DTYPE_BIT(DTYPE_FLOAT) | DTYPE_BIT(DTYPE_DATETIME) | DTYPE_BIT(DTYPE_INT))
#define TEXTUAL (DTYPE_BIT(DTYPE_STRING) | DTYPE_BIT(DTYPE_ENUM))

static const operation_t operations[] = {
    {"", OPERATION_COMPARE, COMPARE_EQ, ORDERED | TEXTUAL | DTYPE_BIT(DTYPE_BOOL)},
    {"_lt", OPERATION_COMPARE, COMPARE_LT, ORDERED},
    {"_lte", OPERATION_COMPARE, COMPARE_LTE, ORDERED},
    {"_gt", OPERATION_COMPARE, COMPARE_GT, ORDERED},
    {"_gte", OPERATION_COMPARE, COMPARE_GTE, ORDERED},
    {"_contains", OPERATION_CONTAINS, COMPARE_EQ, TEXTUAL},
    {"_distance", OPERATION_DISTANCE, COMPARE_EQ, DTYPE_BIT(DTYPE_GEOPOS)},
    {"_null", OPERATION_NULL, COMPARE_EQ, ~0u},
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

typedef struct {
    const operation_t *operation;
    const char        *name, *value;
} attribute_filter_t;

typedef struct {
    attribute_filter_t *list;
    size_t              n;
    bool                any; /* one is not attribute_null */
} attribute_filters_t;

static attribute_filters_t attribute_read(query_t *query, const char *prefix);
static attribute_filter_t  attribute_split(query_t *query, const operation_t *operation, const char *text);
static bool                attribute_type(query_t *query, sql_t *sql, const kind_t *kind, const attribute_filters_t *filters,
                                          const entity_type_t *type, bool nulls);
static bool                attribute_term(query_t *query, const kind_t *kind, const attribute_filter_t *filter,
                                          const entity_type_t *type, term_t *term);
static void                attribute_condition(query_t *query, sql_t *sql, const attribute_filter_t *filter, const term_t *term);
static void                attribute_null(query_t *query, sql_t *sql, const attribute_filter_t *filter);
static void                attribute_near(query_t *query, sql_t *sql, const attribute_filter_t *filter, const term_t *term);
static json_t             *attribute_value(query_t *query, const attribute_filter_t *filter, const term_t *term);
static bool                attribute_union(query_t *query, sql_t *sql, const kind_t *kind, const attribute_filters_t *filters,
                                           const char *only, bool mixed);
static void                attribute_everywhere(query_t *query, const types_t *types, const attribute_filters_t *filters);
static const char         *attribute_related_types(query_t *query, const kind_t *kind);


void
query_attributes(query_t *query)
{
    sql_t              *sql;
    entity_type_t       none = {0, json_null()};
    const types_t      *types;
    attribute_filters_t filters;

    filters = attribute_read(query, "attribute");

    if (filters.n == 0) {
        return;
    }

    types = query_types(query, query->kind);
    sql = sql_new(query->rq->arena);

    if (query->kind->bit & LEAF) {
        attribute_everywhere(query, types, &filters);
    }

    if (query->type == 0) {
        filters.any = filters.any || query_has_vectors(query);

        if (attribute_union(query, sql, query->kind, &filters, NULL, false)) {
            sql_append(query_and(query->where), sql);
        }
        return;
    }

    for (size_t k = 0; k < types->n; k++) {
        if (types->list[k].id == query->type) {
            none = types->list[k];
        }
    }

    attribute_type(query, sql, query->kind, &filters, &none, true);

    if (sql->len > 0) {
        sql_append(query_and(query->where), sql);
    }
}


/* The filters on the other side: media of annotations, annotations of media. Deleted rows and old marks count (R). */
void
query_related_attributes(query_t *query)
{
    bool                first, second;
    sql_t              *where, *states, *sql;
    attribute_filters_t filters;

    filters = attribute_read(query, "related_attribute");

    if (!filters.any) { /* related_attribute_null alone is ignored (R) */
        return;
    }

    where = sql_new(query->rq->arena);
    sql = sql_new(query->rq->arena);

    if (query->kind->bit & ANNOTATION) {
        if (!attribute_union(query, where, &kind_media, &filters, attribute_related_types(query, query->kind), true)) {
            return;
        }

        sql_raw(sql, query->kind->in_media);
        query_media_begin(query, sql);
        sql_put(sql, " AND ");
        sql_append(sql, where);
        sql_raw(sql, query->kind->in_media_end);
        sql_append(query_and(query->where), sql);
        return;
    }

    states = sql_new(query->rq->arena);
    first = attribute_union(query, where, &kind_localization, &filters, attribute_related_types(query, &kind_localization), false);
    second = attribute_union(query, states, &kind_state, &filters, attribute_related_types(query, &kind_state), false);

    if (!first && !second) {
        return;
    }

    sql_put(sql, "t.id IN (");

    if (first) {
        sql_put(sql, "SELECT t.media FROM main_localization t WHERE t.project = %ld AND ", query->rq->project);
        sql_append(sql, where);
    }

    sql_put(sql, first && second ? " UNION ALL " : "");

    if (second) {
        sql_put(sql, "SELECT l.media_id FROM main_state t JOIN main_state_media l ON l.state_id = t.id WHERE t.project = %ld AND ",
                query->rq->project);
        sql_append(sql, states);
    }

    sql_put(sql, ")");
    sql_append(query_and(query->where), sql);
}


static attribute_filters_t
attribute_read(query_t *query, const char *prefix)
{
    char                name[64];
    size_t              room = 0;
    const char         *text;
    attribute_filters_t filters = {0};

    for (size_t k = 0; k < OPERATIONS; k++) {
        snprintf(name, sizeof(name), "%s%s", prefix, operations[k].param);
        room += 1 + json_array_size(param(query->rq, name));
    }

    filters.list = arena_alloc(query->rq->arena, room * sizeof(attribute_filter_t));

    for (size_t k = 0; k < OPERATIONS; k++) {
        snprintf(name, sizeof(name), "%s%s", prefix, operations[k].param);
        query->field = prefix;

        for (size_t item = 0; (text = query_item(query->rq, name, item)) != NULL; item++) {
            query_parts(query, 1);
            filters.list[filters.n++] = attribute_split(query, &operations[k], text);
            filters.any = filters.any || operations[k].kind != OPERATION_NULL;
        }
    }

    return filters;
}


static attribute_filter_t
attribute_split(query_t *query, const operation_t *operation, const char *text)
{
    const char *colons = strstr(text, "::");

    if (colons == NULL || (operation->kind == OPERATION_NULL && strstr(colons + 2, "::") != NULL)) {
        fail(query->rq, 400, "Attribute filter '%s' is not of the form name::value", query_shown(query->rq, text));
    }

    if (operation->kind == OPERATION_NULL && strcasecmp(colons + 2, "true") != 0 && strcasecmp(colons + 2, "false") != 0) {
        fail(query->rq, 400, "attribute_null takes true or false, not '%s'", query_shown(query->rq, colons + 2));
    }

    return (attribute_filter_t) {operation, arena_copy(query->rq->arena, text, (size_t) (colons - text)), colons + 2};
}


/* Append the conditions of one type, joined by AND. true: at least one filter is effective in it. */
static bool
attribute_type(query_t *query, sql_t *sql, const kind_t *kind, const attribute_filters_t *filters, const entity_type_t *type, bool nulls)
{
    bool   effective = false;
    term_t term;

    for (size_t k = 0; k < filters->n; k++) {
        if (filters->list[k].operation->kind != OPERATION_NULL && attribute_term(query, kind, &filters->list[k], type, &term)) {
            attribute_condition(query, query_and(sql), &filters->list[k], &term);
            effective = true;
        }
    }

    for (size_t k = 0; (nulls || effective) && k < filters->n; k++) {
        if (filters->list[k].operation->kind == OPERATION_NULL) {
            attribute_null(query, query_and(sql), &filters->list[k]);
        }
    }

    return effective;
}


/* "(t.meta = A AND … OR t.meta = B AND …)"; `only`: the types to ask as ",1,2,", NULL: all.
   `mixed`: what a type asks for, rows of all types may be. false: no type has such attributes. */
static bool
attribute_union(query_t *query, sql_t *sql, const kind_t *kind, const attribute_filters_t *filters, const char *only, bool mixed)
{
    bool           any = false;
    size_t         conditions_n = 0;
    sql_t         *conditions;
    const types_t *types;

    types = query_types(query, kind);

    for (size_t k = 0; k < types->n; k++) {
        if (only != NULL && strstr(only, rq_format(query->rq, ",%ld,", (long) types->list[k].id)) == NULL) {
            continue;
        }

        conditions = sql_new(query->rq->arena);

        if (!attribute_type(query, conditions, kind, filters, &types->list[k], false)) {
            continue;
        }

        conditions_n += filters->n;

        sql_put(sql, any ? " OR " : "(");

        if (mixed) {
            sql_put(sql, "(");
            sql_append(sql, conditions);
            sql_put(sql, ")");

        } else {
            sql_put(sql, "t.meta = %ld AND ", types->list[k].id);
            sql_append(sql, conditions);
        }

        any = true;
    }

    sql_put(sql, any ? ")" : "");
    query->field = "attribute";
    query_parts(query, conditions_n / PARTS_SMALL);

    return any;
}


/* Resolve a filter's name in a type; false: not defined there. The check of dtypes covers every consulted type. */
static bool
attribute_term(query_t *query, const kind_t *kind, const attribute_filter_t *filter, const entity_type_t *type, term_t *term)
{
    const json_t *attribute;

    if (filter->name[0] == '$') {
        if (!term_builtin(kind, filter->name, false, term)) {
            return false;
        }

    } else if ((attribute = type_attribute(type, filter->name)) != NULL) {
        *term = (term_t) {.name = filter->name, .dtype = dtype_of(attribute)};

    } else if (strcmp(filter->name, "tator_user_sections") == 0) {
        *term = (term_t) {.name = filter->name, .dtype = DTYPE_STRING};

    } else {
        return false;
    }

    if (!(filter->operation->dtypes & DTYPE_BIT(term->dtype))) {
        fail(query->rq, 400, "Filter operation 'attribute%s' not allowed for dtype '%s'!", filter->operation->param, dtype_name(term->dtype));
    }

    if (term->missing) {
        fail(query->rq, 400, "%s has no %s", kind->model, filter->name);
    }

    return true;
}


static void
attribute_condition(query_t *query, sql_t *sql, const attribute_filter_t *filter, const term_t *term)
{
    switch (filter->operation->kind) {

    case OPERATION_CONTAINS:
        term_like(sql, term, "%", filter->value, "%");
        break;

    case OPERATION_DISTANCE:
        attribute_near(query, sql, filter, term);
        break;

    default:
        term_compare(query, sql, term, filter->operation->compare, attribute_value(query, filter, term), false);
    }
}


/* name::true: the key is missing or null. Also for $ names, which are no keys. */
static void
attribute_null(query_t *query, sql_t *sql, const attribute_filter_t *filter)
{
    sql_put(sql, "(t.attributes ->> %s::text) ", filter->name);
    sql_raw(sql, strcasecmp(filter->value, "true") == 0 ? "IS NULL" : "IS NOT NULL");
}


static void
attribute_near(query_t *query, sql_t *sql, const attribute_filter_t *filter, const term_t *term)
{
    double      numbers[3];
    const char *text = filter->value, *colons;

    for (size_t k = 0; k < 3; k++) {
        colons = k < 2 ? strstr(text, "::") : text + strlen(text);

        if (colons == NULL || !query_number(arena_copy(query->rq->arena, text, (size_t) (colons - text)), &numbers[k])) {
            fail(query->rq, 400, "attribute_distance takes name::km::latitude::longitude");
        }

        text = colons + 2;
    }

    term_near(sql, term, numbers[0], numbers[1], numbers[2]);
}


static json_t *
attribute_value(query_t *query, const attribute_filter_t *filter, const term_t *term)
{
    char       *end;
    double      real;
    long long   integer;
    const char *text = filter->value;

    switch (term->dtype) {

    case DTYPE_BOOL:
        if (*text == '\0') {
            break;
        }
        return rq_own(query->rq, json_boolean(strcasecmp(text, "false") != 0));

    case DTYPE_INT:
        errno = 0;
        integer = strtoll(text, &end, 10);

        if (end == text || *end != '\0' || errno != 0) {
            break;
        }
        return rq_own(query->rq, json_integer(integer));

    case DTYPE_FLOAT:
        if (!query_number(text, &real)) {
            break;
        }
        return rq_own(query->rq, json_real(real));

    default:
        return rq_own(query->rq, json_string(text));
    }

    fail(query->rq, 400, "Invalid value '%s' for %s attribute %s", query_shown(query->rq, text), dtype_name(term->dtype), filter->name);
}


/* Leaves: a filter that some types of the project define must be defined by all of them, whatever `type` says (recorded from the
   reference). */
static void
attribute_everywhere(query_t *query, const types_t *types, const attribute_filters_t *filters)
{
    size_t      n;
    const char *name;

    for (size_t k = 0; k < filters->n; k++) {
        name = filters->list[k].name;

        if (filters->list[k].operation->kind == OPERATION_NULL || name[0] == '$' || strcmp(name, "tator_user_sections") == 0) {
            continue;
        }

        n = 0;

        for (size_t type = 0; type < types->n; type++) {
            n += type_attribute(&types->list[type], name) != NULL;
        }

        if (n > 0 && n < types->n) {
            fail(query->rq, 400, "Attribute %s is not defined by all leaf types of the project", name);
        }
    }
}


/* The types on the other side of a relation as ",1,2,": media types of the annotation types in question, or (kind asked for a
   media list) the annotation types of the media type in question. NULL: all. */
static const char *
attribute_related_types(query_t *query, const kind_t *kind)
{
    bool        media = query->kind->bit & MEDIA;
    sql_t      *sql;
    text_t      out;
    result_t   *result;

    if (media && query->type == 0) {
        return NULL;
    }

    sql = sql_new(query->rq->arena);
    sql_put(sql, "SELECT DISTINCT ");
    sql_raw(sql, media ? kind->type_column : "mediatype_id");
    sql_put(sql, " FROM ");
    sql_raw(sql, kind->type_media);

    if (media) {
        sql_put(sql, " WHERE mediatype_id = %ld", query->type);

    } else {
        sql_put(sql, " WHERE ");
        sql_raw(sql, kind->type_column);

        if (query->type != 0) {
            sql_put(sql, " = %ld", query->type);
        } else {
            sql_put(sql, " IN (SELECT id FROM ");
            sql_raw(sql, kind->types);
            sql_put(sql, " WHERE project = %ld)", query->rq->project);
        }
    }

    result = pg_run(query->rq, sql);
    text_start(&out, query->rq->arena, 64);
    text_puts(&out, ",");

    for (int64_t k = 0; k < pg_rows(result); k++) {
        text_printf(&out, "%ld,", (long) pg_int(result, k, 0));
    }

    return out.data;
}
