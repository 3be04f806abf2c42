/*
 * Sections: what media are in one (contract/queries.md §8, §11, §12). A folder holds the media whose primary section it is, a
 * playlist has a list, a saved search finds them.
 */

#include "internal.h"

static result_t   *section_read(query_t *query, int64_t section, const char *user_section);
static void        section_media(query_t *query, sql_t *sql, const result_t *section, bool strict, unsigned sides);
static void        section_annotations(query_t *query, const result_t *section);
static const char *section_media_types(query_t *query);
static void        section_multiple(query_t *query);


/* Append the condition on t, of `kind`, that its media is in a section: one by id, or (user_section) by its tator_user_sections. `strict`: it
   stands under a negation, so it must not be NULL. */
void
query_section(query_t *query, sql_t *sql, const kind_t *kind, int64_t section, const char *user_section, bool strict)
{
    result_t *result;

    result = section_read(query, section, user_section);

    if (kind->bit & MEDIA) {
        section_media(query, sql, result, strict, ANNOTATION);
        return;
    }

    sql_raw(sql, kind->in_media);
    query_media_begin(query, sql);
    sql_put(sql, " AND ");
    section_media(query, sql, result, strict, ANNOTATION);
    sql_raw(sql, kind->in_media_end);
}


/* The parameters `section` and `multi_section`. */
void
query_sections(query_t *query)
{
    result_t *section = NULL;

    if (param_given(query->rq, "section")) {
        query->field = "section";
        section = section_read(query, query_integer(query->rq, "section", param(query->rq, "section")), NULL);
    }

    if (query->kind->bit & ANNOTATION) { /* multi_section is without effect here (R) */
        if (section != NULL) {
            section_annotations(query, section);
        }
        return;
    }

    if (section != NULL) {
        section_media(query, query_and(query->where), section, false, ANNOTATION);
    }

    section_multiple(query);
}


static result_t *
section_read(query_t *query, int64_t section, const char *user_section)
{
    static const char columns[] = "SELECT id, dtype, object_search, related_object_search FROM main_section WHERE ";
    sql_t            *sql;
    result_t         *result;

    sql = sql_new(query->rq->arena);
    sql_raw(sql, columns);

    if (user_section != NULL) {
        sql_put(sql, "tator_user_sections = %s ORDER BY id LIMIT 1", user_section);
    } else {
        sql_put(sql, "id = %ld::bigint", section);
    }

    result = pg_run(query->rq, sql);

    if (pg_rows(result) == 0) {
        fail_no_match(query->rq, "Section");
    }

    return result;
}


/* `sides`: the annotations that a saved related search asks. */
static void
section_media(query_t *query, sql_t *sql, const result_t *section, bool strict, unsigned sides)
{
    int64_t     id;
    const char *dtype;

    id = pg_int(section, 0, 0);
    dtype = pg_null(section, 0, 1) ? "" : pg_text(section, 0, 1);

    if (strcmp(dtype, "folder") == 0) {
        sql_put(sql, strict ? "coalesce(t.primary_section_id = %ld, false)" : "t.primary_section_id = %ld", id);

    } else if (strcmp(dtype, "playlist") == 0) {
        sql_put(sql, "t.id = ANY(ARRAY(SELECT media_id FROM main_section_media WHERE section_id = %ld))", id);

    } else if (strcmp(dtype, "saved_search") != 0) {
        fail(query->rq, 400, "Section %ld is no folder, playlist or saved search", (long) id);

    } else if (!pg_null(section, 0, 2)) {
        sql_put(sql, strict ? "coalesce(" : "(");
        search_compile(query, sql, &kind_media, pg_json(query->rq, section, 0, 2));
        sql_put(sql, strict ? ", false)" : ")");

    } else if (!pg_null(section, 0, 3)) {
        query_media_by_node(query, sql, pg_json(query->rq, section, 0, 3), sides, 0);

    } else {
        sql_put(sql, "true");
    }
}


/* Annotations on media of the section, of types that the annotation types in question are associated with. A saved related search is
   held against states alone; the number of states counts each as often as it has such media (both recorded from the reference). */
static void
section_annotations(query_t *query, const result_t *section)
{
    sql_t      *media, *sql;
    const char *types;

    types = section_media_types(query);
    media = sql_new(query->rq->arena);
    query_media_begin(query, media);
    sql_put(media, " AND t.meta = ANY(%s::bigint[]) AND ", types);
    section_media(query, media, section, false, STATE);

    sql = query_and(query->where);
    sql_raw(sql, query->kind->in_media);
    sql_append(sql, media);
    sql_raw(sql, query->kind->in_media_end);

    if (query->kind->bit & STATE) {
        query->counted = media;
    }
}


/* The media types that the annotation types in question are associated with, as an array; 400 when there is none. */
static const char *
section_media_types(query_t *query)
{
    sql_t    *sql;
    result_t *result;
    int64_t  *ids;

    sql = sql_new(query->rq->arena);
    sql_put(sql, "SELECT DISTINCT m.mediatype_id FROM ");
    sql_raw(sql, query->kind->types);
    sql_put(sql, " k JOIN ");
    sql_raw(sql, query->kind->type_media);
    sql_put(sql, " m ON m.");
    sql_raw(sql, query->kind->type_column);
    sql_put(sql, " = k.id WHERE k.project = %ld", query->rq->project);

    if (query->type != 0) {
        sql_put(sql, " AND k.id = %ld", query->type);
    }

    result = pg_run(query->rq, sql);

    if (pg_rows(result) == 0) {
        fail(query->rq, 400, "No media types are associated with these types");
    }

    ids = arena_alloc(query->rq->arena, (size_t) pg_rows(result) * sizeof(int64_t));

    for (int64_t k = 0; k < pg_rows(result); k++) {
        ids[k] = pg_int(result, k, 0);
    }

    return sql_int_array(query->rq->arena, ids, (size_t) pg_rows(result));
}


/* The union over folders and playlists. Sections that match none of the rows so far are skipped; when all are, nothing is filtered (R). */
static void
section_multiple(query_t *query)
{
    size_t      n;
    sql_t      *sql, *before;
    const char *ids;

    static const char members[] =
        "SELECT id FROM main_media WHERE project = %ld AND deleted = false AND primary_section_id = ANY(%s::bigint[])"
        " UNION SELECT media_id FROM main_section_media WHERE section_id = ANY(%s::bigint[])";

    ids = query_integers(query->rq, "multi_section", &n);

    if (n == 0) {
        return;
    }

    if (pg_int(pg_query(query->rq, "SELECT count(*) FROM main_section WHERE dtype = 'saved_search' AND id = ANY(%s::bigint[])", ids), 0, 0) > 0) {
        fail(query->rq, 400, "multi_section takes folders and playlists only");
    }

    before = sql_new(query->rq->arena);
    sql_append(before, query->where);

    sql = query_and(query->where);
    sql_put(sql, "(t.id = ANY(ARRAY(");
    sql_put(sql, members, query->rq->project, ids, ids);
    sql_put(sql, ")) OR NOT EXISTS (SELECT 1 FROM main_media t WHERE ");
    sql_append(sql, before);
    sql_put(sql, " AND t.id = ANY(ARRAY(");
    sql_put(sql, members, query->rq->project, ids, ids);
    sql_put(sql, "))))");
}
