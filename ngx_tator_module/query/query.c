/*
 * Assembling list statements (query.h): filters gather conditions, then
 *
 *     SELECT … FROM main_x t [, restricted] WHERE t.project = $n AND t.deleted = false AND … ORDER BY … LIMIT … OFFSET …
 *
 * The select list's own values stand in one JSON object bound as $1: names of sub-members that `fields` asks for, and the user
 * whose permission is shown; so columns can be written once, as text of the source.
 */

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "internal.h"

static query_t    *query_new(rq_t *rq, const kind_t *kind, unsigned flags);
static query_t    *query_read(rq_t *rq, const kind_t *kind, unsigned flags, bool shown);
static void        query_merge(query_t *query);
static void        query_from(query_t *query, sql_t *sql, const sql_t *media, bool shown);
static void        query_source(query_t *query, sql_t *sql, bool shown);
static void        query_page(query_t *query, sql_t *sql);
static void        query_table(query_t *query, sql_t *sql, bool shown);
static void        query_conditions(query_t *query, sql_t *sql);
static bool        query_sliced(const query_t *query);
static void        query_slice(query_t *query, sql_t *sql);
static sql_t      *query_select(query_t *query, query_select_t what, const column_t *columns);


sql_t *
media_query(rq_t *rq, query_select_t what, const column_t *columns, unsigned flags)
{
    return query_select(query_read(rq, &kind_media, flags, what == QUERY_ROWS), what, columns);
}


sql_t *
annotation_query(rq_t *rq, const kind_t *kind, query_select_t what, const column_t *columns, unsigned flags)
{
    return query_select(query_read(rq, kind, flags, what == QUERY_ROWS), what, columns);
}


sql_t *
leaf_query(rq_t *rq, query_select_t what, const column_t *columns)
{
    return query_select(query_read(rq, &kind_leaf, 0, what == QUERY_ROWS), what, columns);
}


sql_t *
file_query(rq_t *rq, const column_t *columns)
{
    return query_select(query_read(rq, &kind_file, 0, true), QUERY_ROWS, columns);
}


rights_t
query_rights(rq_t *rq, const kind_t *kind)
{
    sql_t    *sql;
    query_t  *query;
    result_t *result;

    query = query_read(rq, kind, QUERY_UNSLICED | QUERY_ALL_MARKS, true);
    sql = sql_new(rq->arena);
    visible_begin(query, sql, true);
    sql_put(sql, "SELECT count(*), bit_and(");
    visible_mask(query, sql);
    sql_put(sql, ")");
    query_from(query, sql, NULL, true);
    result = pg_run(rq, sql);

    return (rights_t) {pg_int(result, 0, 0), pg_int(result, 0, 1)};
}


void
query_acl(rq_t *rq, sql_t *sql, const kind_t *kind)
{
    visible_begin(query_new(rq, kind, 0), sql, false);
}


void
query_visible(rq_t *rq, sql_t *sql, const kind_t *kind)
{
    visible_condition(query_new(rq, kind, 0), sql, false);
}


void
query_searched(rq_t *rq, const kind_t *kind, sql_t *sql)
{
    query_t *query;

    query = query_new(rq, kind, 0);
    query_search(query);

    if (query->where->len > 0) {
        sql_put(sql, " AND ");
        sql_append(sql, query->where);
    }
}


void
reply_count(rq_t *rq, const sql_t *sql)
{
    result_t *result;

    result = pg_run(rq, sql);

    if (rq->format == FORMAT_CSV) {
        reply_text(rq, 200, "text/plain; charset=utf-8", pg_text(result, 0, 0), pg_length(result, 0, 0));
        return;
    }

    reply_json(rq, 200, rq_own(rq, json_integer(pg_int(result, 0, 0))));
}


matched_t
query_matched(rq_t *rq, const kind_t *kind, unsigned flags, const char *verb)
{
    sql_t    *sql;
    int64_t   type;
    result_t *result;
    matched_t matched = {0};

    static const column_t columns[] = {{"id", "t.id", COLUMN_RAW}, {"type", "t.meta", COLUMN_RAW}, {0}};

    sql = query_select(query_read(rq, kind, flags, true), QUERY_ROWS, columns);
    result = pg_run(rq, sql);

    matched.n = pg_rows(result);
    matched.ids = arena_alloc(rq->arena, (size_t) (matched.n + 1) * sizeof(int64_t));

    for (int64_t k = 0; k < matched.n; k++) {
        matched.ids[k] = pg_int(result, k, 0);
        type = pg_int(result, k, 1);
        matched.type = k == 0 || matched.type == type ? type : -1;
    }

    matched.array = sql_int_array(rq->arena, matched.ids, (size_t) matched.n);

    if (param_given(rq, "count") && param_int(rq, "count", 0) != matched.n) {
        fail(rq, 400, "Safety check failed - expected %ld but would %s %ld", (long) param_int(rq, "count", 0), verb, (long) matched.n);
    }

    return matched;
}


const char *
query_integers(rq_t *rq, const char *name, size_t *n)
{
    size_t   k;
    json_t  *value, *item;
    int64_t *list;

    value = param(rq, name);
    *n = 0;

    if (value == NULL || json_is_null(value)) {
        return NULL;
    }

    query_list_limit(rq, name, value);

    list = arena_alloc(rq->arena, (json_array_size(value) + 1) * sizeof(int64_t));

    if (!json_is_array(value)) {
        list[(*n)++] = query_integer(rq, name, value);
    }

    json_array_foreach(value, k, item) {
        list[(*n)++] = query_integer(rq, name, item);
    }

    return sql_int_array(rq->arena, list, *n);
}


void
query_list_limit(rq_t *rq, const char *name, const json_t *list)
{
    if (json_array_size(list) > (size_t) rq->config->list_limit) {
        fail(rq, 400, "%s may have at most %d items", name, rq->config->list_limit);
    }
}


int64_t
query_integer(rq_t *rq, const char *name, const json_t *value)
{
    char       *end;
    long long   number;
    const char *text = json_string_value(value);

    if (json_is_integer(value)) {
        return json_integer_value(value);
    }

    if (text != NULL && *text != '\0') {
        errno = 0;
        number = strtoll(text, &end, 10);

        if (*end == '\0' && errno == 0) {
            return number;
        }
    }

    fail(rq, 400, "%s must be an integer or a list of integers", name);
}


const char *
query_uuid(rq_t *rq, const char *name, const char *text)
{
    char out[37];
    int  n = 0;

    for (const char *p = text; p != NULL && *p != '\0'; p++) {
        char c = *p | 0x20;

        if (*p == '-' || *p == '{' || *p == '}') {
            continue;
        }

        if (n == 36 || strchr("0123456789abcdef", c) == NULL || *p == '\r') {
            n = 0;
            break;
        }

        out[n++] = c >= 'a' ? c : *p;

        if (n == 8 || n == 13 || n == 18 || n == 23) {
            out[n++] = '-';
        }
    }

    if (n != 36) {
        fail_details(rq, 400, rq_format(rq, "Invalid UUID in %s", name), "%s", query_shown(rq, text));
    }

    out[36] = '\0';

    return arena_text(rq->arena, out);
}


const char *
query_item(rq_t *rq, const char *name, size_t n)
{
    json_t *value = param(rq, name);

    if (json_is_array(value) ? n >= json_array_size(value) : n > 0 || !param_given(rq, name)) {
        return NULL;
    }

    value = json_is_array(value) ? json_array_get(value, n) : value;

    if (!json_is_string(value)) {
        fail(rq, 400, "%s must be text", name);
    }

    return json_string_value(value);
}


const char *
query_text(rq_t *rq, const char *name)
{
    if (json_is_array(param(rq, name))) {
        fail(rq, 400, "%s must be text", name);
    }

    return query_item(rq, name, 0);
}


void
query_parts(query_t *query, size_t n)
{
    query->parts += n;

    if (query->parts > (size_t) query->rq->config->search_nodes) {
        fail(query->rq, 400, "%s: too many parts, the searches, filters and sort keys of a request may have %d", query->field,
             query->rq->config->search_nodes);
    }
}


const char *
query_shown(rq_t *rq, const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;

    if (len <= 100) {
        return text != NULL ? text : "null";
    }

    for (len = 100; ((unsigned char) text[len] & 0xc0) == 0x80; len--) { /* void */ }

    return rq_format(rq, "%.*s…", (int) len, text);
}


bool
query_number(const char *text, double *number)
{
    char  *end;
    size_t len;

    text += strspn(text, " ");
    len = strspn(text, "0123456789+-.eE");
    *number = strtod(text, &end);

    return len > 0 && end == text + len && end[strspn(end, " ")] == '\0' && isfinite(*number);
}


sql_t *
query_and(sql_t *conditions)
{
    if (conditions->len > 0) {
        sql_put(conditions, " AND ");
    }

    return conditions;
}


void
query_media_begin(query_t *query, sql_t *sql)
{
    sql_put(sql, "SELECT t.id FROM main_media t WHERE t.project = %ld", query->rq->project);
}


static query_t *
query_new(rq_t *rq, const kind_t *kind, unsigned flags)
{
    query_t *query;

    query = arena_zalloc(rq->arena, sizeof(query_t));
    query->rq = rq;
    query->kind = kind;
    query->flags = flags;
    query->type = param_given(rq, "type") ? query_integer(rq, "type", param(rq, "type")) : 0;
    query->where = sql_new(rq->arena);
    query->shown = sql_new(rq->arena);
    query->field = "";

    return query;
}


static query_t *
query_read(rq_t *rq, const kind_t *kind, unsigned flags, bool shown)
{
    query_t *query;

    query = query_new(rq, kind, flags);
    sql_put(query->where, "t.project = %ld AND t.deleted = false", rq->project);

    if (kind->base != NULL) {
        sql_put(query_and(query->where), kind->base, rq->project);
    }

    visible_condition(query, query->where, shown);
    query_filters(query);
    query_attributes(query);

    if (kind->bit & ENTITY) {
        query_sections(query);
        query_related_attributes(query);
        query_related(query);
    }

    query_search(query);
    query_vectors(query);
    query_merge(query);
    query_order(query);

    return query;
}


/* What follows the filters of annotations: merge, show_deleted, show_all_marks (contract/queries.md §12, 9 to 12). */
static void
query_merge(query_t *query)
{
    rq_t   *rq = query->rq;
    size_t  versions;
    sql_t  *children;

    if (!(query->kind->bit & ANNOTATION)) {
        return;
    }

    query_integers(rq, "version", &versions);

    if (versions >= 2 && param_int(rq, "merge", 1) != 0) {
        children = sql_new(rq->arena);
        sql_put(children, "t.id <> ALL(ARRAY(SELECT t.parent");
        query_source(query, children, false);
        sql_put(children, " WHERE t.parent IS NOT NULL AND ");
        sql_append(children, query->where);
        sql_put(children, "))");
        sql_append(query_and(query->shown), children);
    }

    if (param_int(rq, "show_deleted", 0) == 0) {
        sql_put(query_and(query->shown), "t.variant_deleted = false");
    }

    if (param_int(rq, "show_all_marks", 0) == 0 && !(query->flags & QUERY_ALL_MARKS)) {
        sql_put(query_and(query->shown), NEWEST);
    }
}


static sql_t *
query_select(query_t *query, query_select_t what, const column_t *columns)
{
    sql_t *sql;

    sql = sql_new(query->rq->arena);
    sql->once = true;
    columns = what == QUERY_ROWS ? visible_columns(query, columns) : NULL;

    if (what == QUERY_ROWS) {
        query_select_values(query->rq, sql, columns);
    }

    visible_begin(query, sql, what == QUERY_ROWS);

    switch (what) {

    case QUERY_ROWS:
        sql_put(sql, "SELECT ");
        columns_select_for(query->rq, sql, columns);

        if (query_sliced(query)) {
            query_page(query, sql);
            return sql;
        }

        query_from(query, sql, NULL, true);
        break;

    case QUERY_IDS:
        sql_put(sql, "SELECT t.id");
        query_from(query, sql, NULL, false);
        break;

    case QUERY_COUNT:
        if (!param_given(query->rq, "start") && !param_given(query->rq, "stop")) {
            sql_put(sql, "SELECT count(*)");
            query_from(query, sql, query->counted, false);
            return sql;
        }

        sql_put(sql, "SELECT count(*) FROM (SELECT t.id");
        query_from(query, sql, query->counted, false);
        query_slice(query, sql);
        sql_put(sql, ") counted");
        return sql;
    }

    sql_put(sql, " ORDER BY ");

    if (query->order != NULL) {
        sql_append(sql, query->order);
    } else {
        sql_raw(sql, query->kind->order);
    }

    query_slice(query, sql);

    return sql;
}


/* A page in the order of ids. The ids come first, where it can be from an index alone, and then the rows of the page: the first 100 of
   190,000 rows in a section in 0.1 of the time (bench: large). */
static void
query_page(query_t *query, sql_t *sql)
{
    query_table(query, sql, true);
    sql_put(sql, " WHERE t.id = ANY(ARRAY(SELECT t.id");
    query_source(query, sql, true);
    sql_put(sql, " WHERE ");
    query_conditions(query, sql);
    sql_put(sql, " ORDER BY t.id");
    query_slice(query, sql);
    sql_put(sql, ")) ORDER BY t.id");
}


/* `media`: with each of these that a state is on. */
static void
query_from(query_t *query, sql_t *sql, const sql_t *media, bool shown)
{
    query_table(query, sql, shown);

    if (media != NULL) {
        sql_put(sql, ", main_state_media counted WHERE counted.state_id = t.id AND counted.media_id = ANY(ARRAY(");
        sql_append(sql, media);
        sql_put(sql, ")) AND ");
    } else {
        sql_put(sql, " WHERE ");
    }

    query_conditions(query, sql);
}


static void
query_table(query_t *query, sql_t *sql, bool shown)
{
    query_source(query, sql, shown);

    if (query->kind->bit & STATE) {
        sql_put(sql, ", (SELECT %s::bigint[] AS media, %s::bigint[] AS localizations) restricted", query->media, query->localizations);
    }
}


static void
query_conditions(query_t *query, sql_t *sql)
{
    sql_append(sql, query->where);

    if (query->shown->len > 0) {
        sql_put(sql, " AND ");
        sql_append(sql, query->shown);
    }
}


/* FROM, the rows and what their masks need. `shown`: the statement selects the masks, too. */
static void
query_source(query_t *query, sql_t *sql, bool shown)
{
    sql_put(sql, " FROM ");
    sql_raw(sql, query->kind->table);
    sql_put(sql, " t");

    visible_source(query, sql, shown);
}


/* A page in the order of ids is asked for. */
static bool
query_sliced(const query_t *query)
{
    return (query->kind->bit & ANNOTATION) && query->order == NULL && !(query->flags & QUERY_UNSLICED)
           && (param_given(query->rq, "start") || param_given(query->rq, "stop"));
}


static void
query_slice(query_t *query, sql_t *sql)
{
    rq_t   *rq = query->rq;
    int64_t start, stop;

    if (query->flags & QUERY_UNSLICED) {
        return;
    }

    start = param_int(rq, "start", 0);
    stop = param_int(rq, "stop", INT64_MAX);

    if (start < 0 || stop < 0) {
        fail(rq, 400, "Negative indexing is not supported.");
    }

    if (param_given(rq, "stop")) {
        sql_put(sql, " LIMIT %ld", stop > start ? stop - start : 0L);
    }

    if (start > 0) {
        sql_put(sql, " OFFSET %ld", start);
    }
}
