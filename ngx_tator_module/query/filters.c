/*
 * Plain filters: one parameter, one condition (contract/queries.md §11, §12), as a table. Values may come unchecked from a body.
 */

#include "internal.h"

typedef enum { FILTER_INTEGER, FILTER_INTEGERS, FILTER_ONE, FILTER_SEVERAL, FILTER_TEXT, FILTER_UUID, FILTER_UUIDS } filter_value_t;

typedef struct {
    const char    *name;
    unsigned       kinds;
    filter_value_t value;
    const char    *sql; /* one %s */
    bool           empty; /* an empty list matches nothing; else it does not restrict */
} filter_t;

static const filter_t filters[] = {
    {"type", TYPED, FILTER_INTEGER, "t.meta = %s::bigint", false},
    {"after", ENTITY, FILTER_INTEGER, "t.id > %s::bigint", false},
    {"elemental_id", ENTITY | FILE_ROW, FILTER_UUID, "t.elemental_id = %s::uuid", false},

    {"name", MEDIA, FILTER_TEXT, "upper(t.name) = upper(%s)", false},
    {"md5", MEDIA, FILTER_TEXT, "t.md5 = %s", false},
    {"gid", MEDIA, FILTER_TEXT, "t.gid = %s", false},
    {"uid", MEDIA, FILTER_TEXT, "t.uid = %s", false},
    {"after_name", MEDIA, FILTER_TEXT, "t.name > %s", false},
    {"dtype", MEDIA, FILTER_TEXT, "t.meta IN (SELECT id FROM main_mediatype WHERE dtype = %s)", false},
    {"localization_ids", MEDIA, FILTER_INTEGERS,
     "t.id = ANY(ARRAY(SELECT l.media FROM main_localization l WHERE l.id = ANY(%s::bigint[])))", true},

    {"name", LEAF | FILE_ROW, FILTER_TEXT, "t.name = %s", false},
    {"depth", LEAF, FILTER_INTEGER, "nlevel(t.path) = %s::bigint", false},

    {"version", ANNOTATION, FILTER_ONE, "t.version = (%s::bigint[])[1]", false}, /* an index may give the rows in their order */
    {"version", ANNOTATION, FILTER_SEVERAL, "t.version = ANY(%s::bigint[])", false},
    {"frame", LOCALIZATION, FILTER_INTEGER, "t.frame = %s::bigint", false},
    {"elemental_ids", ANNOTATION, FILTER_UUIDS, "t.elemental_id = ANY(%s::uuid[])", false},
    {"frame_state_ids", LOCALIZATION, FILTER_INTEGERS,
     "(t.media, t.frame) IN (SELECT l.media_id, s.frame FROM main_state s JOIN main_state_media l ON l.state_id = s.id"
     " WHERE s.variant_deleted = false AND s.frame IS NOT NULL AND s.id = ANY(%s::bigint[]))", false},
    {"ids", STATE, FILTER_INTEGERS, "t.id = ANY(%s::bigint[])", false},
    {"localization_ids", STATE, FILTER_INTEGERS,
     "t.id = ANY(ARRAY(SELECT l.state_id FROM main_state_localizations l WHERE l.localization_id = ANY(%s::bigint[])))", false},
    {"related_id", STATE, FILTER_INTEGERS,
     "t.id = ANY(ARRAY(SELECT l.state_id FROM main_state_localizations l WHERE l.localization_id = ANY(%s::bigint[])))", false},
    {"related_id", LOCALIZATION, FILTER_INTEGERS,
     "t.id = ANY(ARRAY(SELECT l.localization_id FROM main_state_localizations l WHERE l.state_id = ANY(%s::bigint[])))", false},
};

static const char *filter_value(query_t *query, const filter_t *filter);
static const char *filter_uuids(query_t *query, const char *name);
static void        filter_ids(query_t *query);
static void        filter_media(query_t *query);
static void        filter_archive(query_t *query);
static const char *filter_union(query_t *query, const char *const *names, const char *linked, const char *sql, size_t *n);


void
query_filters(query_t *query)
{
    bool        several;
    size_t      n;
    const char *value;

    filter_ids(query);
    filter_media(query);
    filter_archive(query);

    for (size_t k = 0; k < sizeof(filters) / sizeof(filters[0]); k++) {
        const filter_t *filter = &filters[k];

        if (!(filter->kinds & query->kind->bit) || !param_given(query->rq, filter->name)) {
            continue;
        }

        value = filter_value(query, filter);

        if (strcmp(value, "{}") == 0 && !filter->empty) {
            continue;
        }

        several = strchr(value, ',') != NULL;

        if (filter->value == (several ? FILTER_ONE : FILTER_SEVERAL)) {
            continue;
        }

        sql_put(query_and(query->where), filter->sql, value);
    }

    if (query->kind->bit & STATE) {
        value = query_integers(query->rq, "localization_ids", &n);
        query->localizations = n > 0 ? value : NULL;
        value = query_integers(query->rq, "related_id", &n);
        query->localizations = n > 0 ? value : query->localizations;
    }
}


static const char *
filter_value(query_t *query, const filter_t *filter)
{
    size_t      n;
    const char *text;

    switch (filter->value) {

    case FILTER_INTEGERS:
    case FILTER_ONE:
    case FILTER_SEVERAL:
        return query_integers(query->rq, filter->name, &n);

    case FILTER_UUIDS:
        return filter_uuids(query, filter->name);

    case FILTER_INTEGER:
        return rq_format(query->rq, "%ld", (long) query_integer(query->rq, filter->name, param(query->rq, filter->name)));

    default:
        text = query_text(query->rq, filter->name);

        return filter->value == FILTER_UUID ? query_uuid(query->rq, filter->name, text) : text;
    }
}


static const char *
filter_uuids(query_t *query, const char *name)
{
    size_t       n = 0;
    json_t      *list;
    const char  *text;
    const char **uuids;

    list = param(query->rq, name);
    query_list_limit(query->rq, name, list);
    uuids = arena_alloc(query->rq->arena, (json_array_size(list) + 1) * sizeof(char *));

    for (size_t k = 0; (text = query_item(query->rq, name, k)) != NULL; k++) {
        uuids[n++] = query_uuid(query->rq, name, text);
    }

    return sql_text_array(query->rq->arena, uuids, n);
}


/* Ids named directly or by what is linked with them; an empty union does not restrict, but of leaves it matches nothing. */
static void
filter_ids(query_t *query)
{
    size_t      n;
    const char *ids;

    static const char *const media_names[] = {"media_id", "ids", NULL};
    static const char *const localization_names[] = {"ids", NULL};
    static const char *const leaf_names[] = {"leaf_id", "ids", NULL};

    if (query->kind->bit & MEDIA) {
        ids = filter_union(query, media_names, "state_ids", "SELECT media_id FROM main_state_media WHERE state_id = ANY(%s::bigint[])", &n);

    } else if (query->kind->bit & LOCALIZATION) {
        ids = filter_union(query, localization_names, "state_ids",
                           "SELECT localization_id FROM main_state_localizations WHERE state_id = ANY(%s::bigint[])", &n);

    } else if (query->kind->bit & LEAF) {
        ids = filter_union(query, leaf_names, NULL, NULL, &n);

    } else {
        return;
    }

    if (n > 0 || ((query->kind->bit & LEAF) && (param_given(query->rq, "leaf_id") || param_given(query->rq, "ids")))) {
        sql_put(query_and(query->where), "t.id = ANY(%s::bigint[])", ids);
    }
}


/* Annotations on media: media_id of the query, media_ids of the body. */
static void
filter_media(query_t *query)
{
    size_t      n;
    const char *ids;

    static const char *const names[] = {"media_id", "media_ids", NULL};

    if (!(query->kind->bit & ANNOTATION)) {
        return;
    }

    ids = filter_union(query, names, NULL, NULL, &n);

    if (n == 0) {
        return;
    }

    if (query->kind->bit & LOCALIZATION) {
        sql_put(query_and(query->where), n == 1 ? "t.media = (%s::bigint[])[1]" : "t.media = ANY(%s::bigint[])", ids);
        return;
    }

    sql_put(query_and(query->where), "t.id = ANY(ARRAY(SELECT l.state_id FROM main_state_media l WHERE l.media_id = ANY(%s::bigint[])))", ids);
    query->media = ids;
}


static void
filter_archive(query_t *query)
{
    const char *cycle;

    if (!(query->kind->bit & MEDIA) || (cycle = query_text(query->rq, "archive_lifecycle")) == NULL) {
        return;
    }

    if (strcmp(cycle, "live") == 0) {
        sql_put(query_and(query->where), "t.archive_state = 'live'");

    } else if (strcmp(cycle, "archived") == 0) {
        sql_put(query_and(query->where), "t.archive_state IN ('to_archive', 'archived', 'to_live')");
    }
}


/* The union of several lists of ids and of those that a statement finds for the list `linked`. */
static const char *
filter_union(query_t *query, const char *const *names, const char *linked, const char *sql, size_t *n)
{
    size_t      count;
    sql_t      *statement;
    text_t      all;
    result_t   *result;
    const char *array;

    *n = 0;
    text_start(&all, query->rq->arena, 64);
    text_puts(&all, "{");

    for (const char *const *name = names; *name != NULL; name++) {
        array = query_integers(query->rq, *name, &count);

        if (count > 0) {
            text_puts(&all, *n > 0 ? "," : "");
            text_add(&all, array + 1, strlen(array) - 2);
            *n += count;
        }
    }

    array = linked ? query_integers(query->rq, linked, &count) : NULL;

    if (array != NULL && count > 0) {
        statement = sql_new(query->rq->arena);
        sql_put(statement, sql, array);
        result = pg_run(query->rq, statement);

        for (int64_t row = 0; row < pg_rows(result); row++) {
            text_puts(&all, *n > 0 ? "," : "");
            text_puts(&all, pg_text(result, row, 0));
            (*n)++;
        }
    }

    text_puts(&all, "}");

    return all.data;
}
