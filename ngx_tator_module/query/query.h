/*
 * List queries: from a request's parameters (contract/queries.md §5-§12, §16, §17) to one SQL statement. What is wrong in
 * the parameters fails with 400 or 404 here, before the list begins. The functions may wait (types and sections are read
 * from the database), so they are called in the handler, outside a cursor's loop.
 *
 * The rows' table has the alias t: main_media t, main_localization t, main_leaf t … Columns (api/columns.h) are written on
 * it. Lists of states have a second FROM item, restricted(media, localizations): two int[] or NULL, the ids that the query
 * restricts to, since the members `media` and `localizations` show only those (contract/queries.md §12):
 *
 *     ARRAY(SELECT l.media_id FROM main_state_media l WHERE l.state_id = t.id
 *           AND (restricted.media IS NULL OR l.media_id = ANY(restricted.media)) ORDER BY 1)
 */

#ifndef TATOR_QUERY_H
#define TATOR_QUERY_H

#include "../api/access.h"
#include "../api/columns.h"

typedef enum {
    QUERY_ROWS,  /* SELECT columns … ORDER BY …, with start and stop */
    QUERY_IDS,   /* SELECT t.id … ORDER BY …, with start and stop: for bulk changes, prefetches, and as a sub-select */
    QUERY_COUNT  /* SELECT count(*), with start and stop */
} query_select_t;

#define QUERY_UNSLICED 0x1 /* start, stop and distances as an order have no effect: PATCH and PUT of Medias, MediaNext, MediaPrev (quirks of §5, §16, §17) */
#define QUERY_ALL_MARKS 0x2 /* as with show_all_marks */

/* A sort of rows: its table, types, built-in columns and filters; query/kinds.c. */
typedef struct kind_s kind_t;

extern const kind_t kind_media, kind_localization, kind_state, kind_leaf, kind_file, kind_section;

/* The statement for the request's parameters in the project rq->project. `columns` counts with QUERY_ROWS only. */
sql_t *media_query(rq_t *rq, query_select_t what, const column_t *columns, unsigned flags);
sql_t *annotation_query(rq_t *rq, const kind_t *kind, query_select_t what, const column_t *columns, unsigned flags);
sql_t *leaf_query(rq_t *rq, query_select_t what, const column_t *columns);
sql_t *file_query(rq_t *rq, const column_t *columns);

/* The caller's rights on the rows that the request selects, for the access check in fine-grain mode: without start and stop, all marks. */
rights_t query_rights(rq_t *rq, const kind_t *kind);

/* In fine-grain mode: begin a statement with "WITH acl AS (…) ", and append " AND …" so that rows which the caller does not see are not
   there. In legacy mode: nothing. For statements on the kind's table as t that are not made here. */
void query_acl(rq_t *rq, sql_t *sql, const kind_t *kind);
void query_visible(rq_t *rq, sql_t *sql, const kind_t *kind);

/* Append " AND (…)" for the searches among the parameters (encoded_search, object_search), on the alias t, to a statement made elsewhere. */
void query_searched(rq_t *rq, const kind_t *kind, sql_t *sql);

/* The columns that the parameter `fields` asks for (all without it), in the request's arena: `a.b` gives member b of the
   JSON column a, several of them become one object. `always`: a NULL-ended list of members kept whatever it says, or NULL.
   An unknown name: 400. In legacy mode columns that use $1 (effective_permission) become 0; in fine-grain mode lists made here show
   the mask that they are filtered by. */
const column_t *query_fields(rq_t *rq, const column_t *columns, const char *const *always);

/* The rows that a bulk edit touches, in order. With the parameter `count` another number of them is refused: 400 "Safety check
   failed - expected A but would VERB B" (contract/queries.md §17). `type`: the one type of all, -1 when they differ, 0 without rows
   or when the type was deleted. */
typedef struct {
    int64_t     n;
    int64_t    *ids;
    const char *array; /* '{1,2}' for "= ANY(%s::int[])" */
    int64_t     type;
} matched_t;

matched_t query_matched(rq_t *rq, const kind_t *kind, unsigned flags, const char *verb);

/* A list of integers of the parameters, as array text; a body's member may come unchecked: 400 unless it is an integer (also
   as text) or a list of them. NULL: absent. `n` is how many. */
const char *query_integers(rq_t *rq, const char *name, size_t *n);

/* 400 when a list has too many items. */
void query_list_limit(rq_t *rq, const char *name, const json_t *list);

/* One of them. */
int64_t query_integer(rq_t *rq, const char *name, const json_t *value);

/* A text that must be a UUID, else 400; lower case with hyphens. */
const char *query_uuid(rq_t *rq, const char *name, const char *text);

/* Begin a statement with "SELECT columns"; it must be empty. A column may use $1, a JSON object whose member $user is the caller's id. */
void query_select_list(rq_t *rq, sql_t *sql, const column_t *columns);

/* The answer to … /…Count: a bare integer. */
void reply_count(rq_t *rq, const sql_t *sql);

#endif
