/*
 * Object searches (contract/queries.md §7, §8): a tree of `and`, `or`, `not` over leaves {attribute, operation, value, inverse},
 * compiled to one condition with bound values. Operations are a table. SQL's three-valued logic is the language's own: what
 * lacks an attribute matches neither a leaf nor its negation; a built-in column without value matches the negation, so leaves on
 * columns are never NULL.
 */

#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include <tator/base64.h>

#include "internal.h"

typedef struct {
    query_t      *query;
    const kind_t *kind;
    const json_t *value;
    bool          strict; /* below a negation */
} leaf_t;

typedef void (*leaf_pt)(leaf_t *leaf, sql_t *sql, const term_t *term, int argument);

typedef struct {
    const char *name;
    leaf_pt     compile;
    int         argument;
} search_operation_t;

typedef struct {
    const char *name;
    unsigned    kinds;
    const char *sql, *end; /* around the nested condition; one %ld is the project */
    const kind_t *kind;    /* of the nested node */
} search_special_t;

static void leaf_compare(leaf_t *leaf, sql_t *sql, const term_t *term, int argument);
static void leaf_like(leaf_t *leaf, sql_t *sql, const term_t *term, int argument);
static void leaf_in(leaf_t *leaf, sql_t *sql, const term_t *term, int argument);
static void leaf_null(leaf_t *leaf, sql_t *sql, const term_t *term, int argument);
static void leaf_date(leaf_t *leaf, sql_t *sql, const term_t *term, int argument);
static void leaf_instant(leaf_t *leaf, sql_t *sql, const term_t *term, compare_t compare, const json_t *value);
static void leaf_date_range(leaf_t *leaf, sql_t *sql, const term_t *term, int argument);
static void leaf_near(leaf_t *leaf, sql_t *sql, const term_t *term, int argument);

#define LIKE_BEFORE 1 /* anything may stand before the text */
#define LIKE_AFTER  2

static const search_operation_t search_operations[] = {
    {"eq", leaf_compare, COMPARE_EQ},
    {"gt", leaf_compare, COMPARE_GT},
    {"gte", leaf_compare, COMPARE_GTE},
    {"lt", leaf_compare, COMPARE_LT},
    {"lte", leaf_compare, COMPARE_LTE},
    {"icontains", leaf_like, LIKE_BEFORE | LIKE_AFTER},
    {"istartswith", leaf_like, LIKE_AFTER},
    {"iendswith", leaf_like, LIKE_BEFORE},
    {"iendswidth", leaf_like, LIKE_BEFORE}, /* as the published list spells it */
    {"in", leaf_in, 0},
    {"isnull", leaf_null, 0},
    {"date_eq", leaf_date, COMPARE_EQ},
    {"date_gt", leaf_date, COMPARE_GT},
    {"date_gte", leaf_date, COMPARE_GTE},
    {"date_lt", leaf_date, COMPARE_LT},
    {"date_lte", leaf_date, COMPARE_LTE},
    {"date_range", leaf_date_range, 0},
    {"distance_lte", leaf_near, 0},
};

#define STATE_FRAMES "SELECT l.media_id, t.frame FROM main_state t JOIN main_state_media l ON l.state_id = t.id"
#define BOX_FRAMES   "SELECT t.media, t.frame FROM main_localization t"

/* Nested sets are all rows of the project: deleted ones and old marks, too (R). */
static const search_special_t search_specials[] = {
    {"$coincident_states", LOCALIZATION,
     "(t.media, t.frame) IN (" STATE_FRAMES " WHERE t.frame IS NOT NULL AND t.project = %ld AND ", ")", &kind_state},
    {"$coincident_states", STATE,
     "EXISTS (SELECT 1 FROM main_state_media o WHERE o.state_id = t.id AND (o.media_id, t.frame) IN (" STATE_FRAMES
     " WHERE t.frame IS NOT NULL AND t.project = %ld AND ", "))", &kind_state},
    {"$coincident_localizations", LOCALIZATION,
     "(t.media, t.frame) IN (" BOX_FRAMES " WHERE t.media IS NOT NULL AND t.frame IS NOT NULL AND t.project = %ld AND ", ")",
     &kind_localization},
    {"$coincident_localizations", STATE,
     "EXISTS (SELECT 1 FROM main_state_media o WHERE o.state_id = t.id AND (o.media_id, t.frame) IN (" BOX_FRAMES
     " WHERE t.media IS NOT NULL AND t.frame IS NOT NULL AND t.project = %ld AND ", "))", &kind_localization},
    {"$track_membership", ANNOTATION,
     "t.id IN (SELECT l.localization_id FROM main_state t JOIN main_state_localizations l ON l.state_id = t.id"
     " WHERE t.project = %ld AND ", ")", &kind_state},
    {"$related_localizations", MEDIA,
     "t.id IN (SELECT t.media FROM main_localization t WHERE t.media IS NOT NULL AND t.project = %ld AND ", ")", &kind_localization},
    {"$related_states", MEDIA,
     "t.id IN (SELECT l.media_id FROM main_state t JOIN main_state_media l ON l.state_id = t.id WHERE t.project = %ld AND ", ")",
     &kind_state},
    {"$related_media", LOCALIZATION, "t.media IN (SELECT t.id FROM main_media t WHERE t.project = %ld AND ", ")", &kind_media},
    {"$related_media", STATE,
     "t.id IN (SELECT l.state_id FROM main_state_media l WHERE l.media_id IN (SELECT t.id FROM main_media t WHERE t.project = %ld AND ",
     "))", &kind_media},
};

static void search_node(query_t *query, sql_t *sql, const kind_t *kind, const json_t *node, bool strict);
static void search_combine(query_t *query, sql_t *sql, const kind_t *kind, const json_t *node, bool strict);
static void search_leaf(query_t *query, sql_t *sql, const kind_t *kind, const json_t *node, bool strict);
static bool search_section(query_t *query, sql_t *sql, const kind_t *kind, const char *name, const json_t *value, bool strict);
static bool search_special(query_t *query, sql_t *sql, const kind_t *kind, const json_t *node);
static bool search_term(query_t *query, const kind_t *kind, const char *name, term_t *term);
static json_t *leaf_value(leaf_t *leaf, const term_t *term, const json_t *value);


/* The parameters encoded_search and object_search. */
void
query_search(query_t *query)
{
    json_t *node;

    static const char *const fields[] = {"encoded_search", "object_search"};

    for (int k = 0; k < 2; k++) {
        query->field = fields[k];
        node = k == 0 ? query_decoded(query, fields[k]) : param_given(query->rq, fields[k]) ? param(query->rq, fields[k]) : NULL;

        if (node != NULL) {
            sql_put(query_and(query->where), "(");
            search_compile(query, query->where, query->kind, node);
            sql_put(query->where, ")");
        }
    }
}


/* A parameter of base64 JSON; NULL when it is absent. */
json_t *
query_decoded(query_t *query, const char *name)
{
    size_t         len;
    json_t        *node;
    const char    *text;
    json_error_t   error;
    unsigned char *data;

    text = query_text(query->rq, name);

    if (text == NULL) {
        return NULL;
    }

    data = base64_decode(query->rq->arena, text, strlen(text), &len);

    if (data == NULL) {
        fail(query->rq, 400, "%s is not base64", name);
    }

    node = json_parse(data, len, &error);

    if (node == NULL) {
        fail_details(query->rq, 400, rq_format(query->rq, "%s is not JSON", name), "%s", error.text);
    }

    return rq_own(query->rq, node);
}


void
search_compile(query_t *query, sql_t *sql, const kind_t *kind, const json_t *node)
{
    search_node(query, sql, kind, node, false);
}


static void
search_node(query_t *query, sql_t *sql, const kind_t *kind, const json_t *node, bool strict)
{
    if (!json_is_object(node)) {
        fail(query->rq, 400, "%s: a search is made of objects", query->field);
    }

    query_parts(query, 1);

    if (++query->depth > (unsigned) query->rq->config->search_depth) {
        fail(query->rq, 400, "%s: a search may have %d levels", query->field, query->rq->config->search_depth);
    }

    if (json_object_get(node, "method") != NULL) {
        search_combine(query, sql, kind, node, strict);
    } else {
        search_leaf(query, sql, kind, node, strict);
    }

    query->depth--;
}


static void
search_combine(query_t *query, sql_t *sql, const kind_t *kind, const json_t *node, bool strict)
{
    bool        not;
    size_t      k;
    json_t     *operations, *operation;
    const char *method;

    method = json_string_value(json_object_get(node, "method"));
    operations = json_object_get(node, "operations");

    if (method == NULL || !json_is_array(operations)) {
        fail(query->rq, 400, "%s: a combination needs a method and operations", query->field);
    }

    not = strcasecmp(method, "not") == 0;

    if (not && json_array_size(operations) > 1) {
        fail(query->rq, 400, "NOT operator can only be applied to one suboperation");
    }

    if (json_array_size(operations) == 0) {
        sql_put(sql, "true");
        return;
    }

    json_array_foreach(operations, k, operation) {
        if (k > 0) {
            sql_put(sql, strcasecmp(method, "or") == 0 ? " OR " : " AND ");
        }

        sql_put(sql, not ? "NOT (" : "(");
        search_node(query, sql, kind, operation, strict || not);
        sql_put(sql, ")");
    }
}


static void
search_leaf(query_t *query, sql_t *sql, const kind_t *kind, const json_t *node, bool strict)
{
    bool        inverse;
    leaf_t      leaf = {query, kind, json_object_get(node, "value"), false};
    term_t      term;
    const char *name, *operation;

    name = json_string_value(json_object_get(node, "attribute"));
    operation = json_string_value(json_object_get(node, "operation"));
    inverse = json_is_true(json_object_get(node, "inverse"));

    if (name == NULL || operation == NULL || leaf.value == NULL) {
        fail(query->rq, 400, "%s: a condition needs attribute, operation and value", query->field);
    }

    sql_put(sql, inverse ? "NOT (" : "(");
    leaf.strict = strict || inverse;

    if (search_section(query, sql, kind, name, leaf.value, leaf.strict) || search_special(query, sql, kind, node)) {
        sql_put(sql, ")");
        return;
    }

    if (!search_term(query, kind, name, &term)) {
        sql_put(sql, inverse ? "true)" : "false)"); /* matches nothing, inverse or not (R) */
        return;
    }

    for (size_t k = 0; k < sizeof(search_operations) / sizeof(search_operations[0]); k++) {
        if (strcmp(operation, search_operations[k].name) == 0) {
            search_operations[k].compile(&leaf, sql, &term, search_operations[k].argument);
            sql_put(sql, ")");
            return;
        }
    }

    fail(query->rq, 400, "%s: operation '%s' is not known", query->field, query_shown(query->rq, operation));
}


/* $section and tator_user_sections: whatever the operation says. */
static bool
search_section(query_t *query, sql_t *sql, const kind_t *kind, const char *name, const json_t *value, bool strict)
{
    if (!(kind->bit & ENTITY)) { /* not in sections */
        return false;
    }

    if (strcmp(name, "$section") == 0) {
        query_section(query, sql, kind, query_integer(query->rq, name, value), NULL, strict);
        return true;
    }

    if (strcmp(name, "tator_user_sections") == 0) {
        if (!json_is_string(value)) {
            fail(query->rq, 400, "tator_user_sections must be text");
        }

        query_section(query, sql, kind, 0, json_string_value(value), strict);
        return true;
    }

    return false;
}


static bool
search_special(query_t *query, sql_t *sql, const kind_t *kind, const json_t *node)
{
    bool        known = false;
    const char *name = json_string_value(json_object_get(node, "attribute"));
    const char *operation = json_string_value(json_object_get(node, "operation"));

    for (size_t k = 0; k < sizeof(search_specials) / sizeof(search_specials[0]); k++) {
        const search_special_t *special = &search_specials[k];

        if (strcmp(name, special->name) != 0) {
            continue;
        }

        known = true;

        if (!(special->kinds & kind->bit)) {
            continue;
        }

        if (strcmp(operation, "search") != 0) {
            fail(query->rq, 400, "Operation '%s' not allowed for attribute '%s'!", query_shown(query->rq, operation), name);
        }

        query_parts(query, PARTS_NESTED);
        sql_put(sql, "coalesce(");
        sql_put(sql, special->sql, query->rq->project);
        sql_put(sql, "(");
        search_node(query, sql, special->kind, json_object_get(node, "value"), false);
        sql_put(sql, ")");
        sql_raw(sql, special->end);
        sql_put(sql, ", false)");

        return true;
    }

    if (known) {
        fail(query->rq, 400, kind->bit & MEDIA ? "'%s' not valid on media!" : "'%s' not valid on metadata!", name);
    }

    return false;
}


/* A name of any type of the kind; float_array attributes can not be searched. */
static bool
search_term(query_t *query, const kind_t *kind, const char *name, term_t *term)
{
    const json_t  *attribute;
    const types_t *types;

    if (name[0] == '$') {
        return term_builtin(kind, name, true, term) && !term->missing;
    }

    types = query_types(query, kind);
    *term = (term_t) {.name = name};

    for (size_t k = 0; k < types->n; k++) {
        attribute = type_attribute(&types->list[k], name);

        if (attribute != NULL) {
            term->dtype = dtype_of(attribute);
        }
    }

    return term->dtype != DTYPE_NONE && term->dtype != DTYPE_FLOAT_ARRAY;
}


static void
leaf_compare(leaf_t *leaf, sql_t *sql, const term_t *term, int argument)
{
    term_compare(leaf->query, sql, term, (compare_t) argument, leaf_value(leaf, term, leaf->value), leaf->strict);
}


static void
leaf_like(leaf_t *leaf, sql_t *sql, const term_t *term, int argument)
{
    const char *text;

    text = json_is_string(leaf->value) ? json_string_value(leaf->value) : json_text(leaf->query->rq->arena, leaf->value);
    sql_put(sql, term->column ? "coalesce(" : "(");
    term_like(sql, term, argument & LIKE_BEFORE ? "%" : "", text, argument & LIKE_AFTER ? "%" : "");
    sql_put(sql, term->column ? ", false)" : ")");
}


/* JSON equality with any member. */
static void
leaf_in(leaf_t *leaf, sql_t *sql, const term_t *term, int argument)
{
    if (!json_is_array(leaf->value)) {
        fail(leaf->query->rq, 400, "Operation 'in' takes a list");
    }

    query_list_limit(leaf->query->rq, term->name, leaf->value);

    sql_put(sql, term->column ? "coalesce(" : "(");
    term_value_json(sql, term);
    sql_put(sql, " = ANY(ARRAY(SELECT jsonb_array_elements(%s::jsonb)))", json_text(leaf->query->rq->arena, leaf->value));
    sql_put(sql, term->column ? ", false)" : ")");
}


static void
leaf_null(leaf_t *leaf, sql_t *sql, const term_t *term, int argument)
{
    bool null;

    null = json_is_string(leaf->value) ? strcasecmp(json_string_value(leaf->value), "false") != 0 && *json_string_value(leaf->value) != '\0'
           : json_is_number(leaf->value) ? json_number_value(leaf->value) != 0
                                         : json_is_true(leaf->value);

    if (term->column != NULL) {
        sql_raw(sql, term->column);

    } else if (DTYPE_BIT(term->dtype) & DTYPES_TEXT) {
        term_json(sql, term); /* a stored null is a value of these */

    } else {
        term_text(sql, term);
    }

    sql_put(sql, null ? " IS NULL" : " IS NOT NULL");
}


static void
leaf_date(leaf_t *leaf, sql_t *sql, const term_t *term, int argument)
{
    leaf_instant(leaf, sql, term, (compare_t) argument, leaf->value);
}


/* Dates are read leniently here. */
static void
leaf_instant(leaf_t *leaf, sql_t *sql, const term_t *term, compare_t compare, const json_t *value)
{
    rq_t       *rq = leaf->query->rq;
    term_t      instant = *term;
    const char *text;

    text = instant_text(leaf->query, term->name, json_string_value(value), true);
    instant.dtype = DTYPE_DATETIME;
    term_compare(leaf->query, sql, &instant, compare, rq_own(rq, json_string(text)), leaf->strict);
}


static void
leaf_date_range(leaf_t *leaf, sql_t *sql, const term_t *term, int argument)
{
    (void) argument;

    if (json_array_size(leaf->value) != 2) {
        fail(leaf->query->rq, 400, "Operation 'date_range' takes two dates");
    }

    leaf_instant(leaf, sql, term, COMPARE_GTE, json_array_get(leaf->value, 0));
    sql_put(sql, " AND ");
    leaf_instant(leaf, sql, term, COMPARE_LTE, json_array_get(leaf->value, 1));
}


static void
leaf_near(leaf_t *leaf, sql_t *sql, const term_t *term, int argument)
{
    double  numbers[3];
    json_t *item;

    for (size_t k = 0; k < 3; k++) {
        item = json_array_get(leaf->value, k);
        numbers[k] = json_number_value(item);

        if (json_is_string(item) ? !query_number(json_string_value(item), &numbers[k]) : !json_is_number(item)) {
            fail(leaf->query->rq, 400, "Operation 'distance_lte' takes [km, latitude, longitude]");
        }
    }

    if (term->column != NULL) {
        sql_put(sql, "false");
        return;
    }

    term_near(sql, term, numbers[0], numbers[1], numbers[2]);
}


/* A value as the attribute's dtype wants it. */
static json_t *
leaf_value(leaf_t *leaf, const term_t *term, const json_t *value)
{
    double      number;
    const char *text;

    text = json_string_value(value);
    number = json_is_boolean(value) ? json_is_true(value) : json_number_value(value);

    switch (term->dtype) {

    case DTYPE_BOOL:
        if (json_is_number(value)) {
            break;
        }
        return text == NULL ? (json_t *) value : rq_own(leaf->query->rq, json_boolean(strcasecmp(text, "false") != 0 && *text != '\0'));

    case DTYPE_INT:
    case DTYPE_FLOAT:
        if (json_is_integer(value) && term->dtype == DTYPE_INT) { /* a double would round the large ones */
            return (json_t *) value;
        }

        if (text != NULL ? !query_number(text, &number) : !json_is_number(value) && !json_is_boolean(value)) {
            break;
        }

        if (term->dtype == DTYPE_INT && fabs(number) > 9e18) {
            break;
        }

        return rq_own(leaf->query->rq, term->dtype == DTYPE_INT ? json_integer((json_int_t) number) : json_real(number));

    default:
        if (json_is_object(value) || json_is_null(value)) {
            break;
        }
        return text || term->dtype != DTYPE_DATETIME ? (json_t *) value : rq_own(leaf->query->rq, json_null());
    }

    fail(leaf->query->rq, 400, "Invalid value for %s attribute %s", dtype_name(term->dtype), term->name);
}
