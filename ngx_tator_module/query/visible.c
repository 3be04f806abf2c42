/*
 * Which rows a list shows in fine-grain mode, and with which mask (contract/accounts.md §9.2, §9.5), as parts of the list's own statement:
 *
 *     WITH acl AS (the caller's masks of the project, its sections, its versions)
 *     SELECT …, mask FROM main_localization t JOIN … WHERE … AND (open OR mask & 3 >= 3)
 *
 * Masks come as two arrays, ids in order and the mask that begins at each (sql/0014), so that masks[width_bucket(id, keys)] finds one
 * without a join. `open` is true when nothing is hidden from the caller; then no row is looked at for it.
 *
 * An annotation's mask needs its media's section. Pages, and lists of rows or media given by id, look it up row by row; whole lists have an
 * array of the project's media, too (bench/permissions.py: 100,000 localizations in 1.2 instead of 1.5 times the legacy list's time).
 */

#include "internal.h"

/* How one sort of statement finds masks. */
typedef struct {
    const char *media; /* the array of the project's media is needed; NULL: not */
    const char *joins; /* behind the table; NULL: nothing */
    const char *mask;
} visible_way_t;

struct visibility_s {
    const char   *masks; /* items of FROM in acl; each %ld pair is the caller and the project */
    const char   *open;  /* SQL on them */
    visible_way_t way, whole, whole_unshown; /* mask NULL: as `way` */
    const char   *member, *member_sql; /* a list of ids that the joins give, too, unless the request restricts it; NULL: none */
};

#define SECTION_MASKS ", tator.section_masks(%ld::int, %ld::int) AS section (section_keys, section_masks)"
#define VERSION_MASKS ", tator.version_masks(%ld::int, %ld::int) AS version (version_keys, version_masks)"
#define FILE_MASKS    ", tator.file_masks(%ld::int, %ld::int) AS file (file_keys, file_masks)"

#define OPEN(masks, shift) "NOT EXISTS (SELECT FROM unnest(" masks ") AS u (mask) WHERE u.mask >> " shift " & 3 <> 3)"

#define MASK_IN(table, of, id) "(SELECT " of "_masks FROM " table ")[width_bucket(" id ", (SELECT " of "_keys FROM " table "))]"
#define MASK(of, id)           MASK_IN("acl", of, id)
#define PROJECT_MASK           "(SELECT project FROM acl)"

/* Of media without a section; no mask of one can be it, for those are shifted. */
#define NO_SECTION "(-9223372036854775808)"

#define MEDIA_MASKS                                                                                                                \
    ", acl_media AS MATERIALIZED (SELECT array_agg(m.id) AS media_keys, array_agg(m.mask) AS media_masks FROM (SELECT m.id,"      \
    " coalesce(" MASK("section", "m.primary_section_id") " >> 16, " NO_SECTION ") AS mask FROM main_media m WHERE m.project = %ld" \
    " ORDER BY m.id) m) "

#define ANNOTATION_MASK(section) "coalesce(" section " & (" MASK("version", "t.version") " >> 8), " PROJECT_MASK " >> 24)"
#define JOINED_MASK       ANNOTATION_MASK("(" MASK("section", "acl_place.section") " >> 16)")
#define WHOLE_MASK(media) ANNOTATION_MASK("nullif(" MASK_IN("acl_media", "media", media) ", " NO_SECTION ")")

#define ANNOTATIONS_OPEN "project >> 24 & 3 = 3 AND " OPEN("section_masks", "16") " AND " OPEN("version_masks", "8")

#define PLACE                                                                                              \
    "LEFT JOIN (SELECT m.id, m.project, m.primary_section_id AS section FROM main_media m) acl_place"      \
    " ON acl_place.project = t.project AND acl_place.id = "

/* The list shows them anyway; the first one's section counts. */
#define STATE_MEDIA                                                                                        \
    " CROSS JOIN LATERAL (SELECT ARRAY(SELECT l.media_id FROM main_state_media l WHERE l.state_id = t.id"  \
    " ORDER BY 1) AS media OFFSET 0) acl_state"

const visibility_t media_visibility = {
    .masks = SECTION_MASKS,
    .open = "project >> 16 & 3 = 3 AND " OPEN("section_masks", "8"),
    .way = {.mask = "coalesce(" MASK("section", "t.primary_section_id") " >> 8, " PROJECT_MASK " >> 16)"},
};

const visibility_t localization_visibility = {
    .masks = SECTION_MASKS VERSION_MASKS,
    .open = ANNOTATIONS_OPEN,
    .way = {.joins = " " PLACE "t.media", .mask = JOINED_MASK},
    .whole = {.media = MEDIA_MASKS, .mask = WHOLE_MASK("t.media")},
};

const visibility_t state_visibility = {
    .masks = SECTION_MASKS VERSION_MASKS,
    .open = ANNOTATIONS_OPEN,
    .way = {.joins = STATE_MEDIA " " PLACE "acl_state.media[1]", .mask = JOINED_MASK},
    .whole = {.media = MEDIA_MASKS, .joins = STATE_MEDIA, .mask = WHOLE_MASK("acl_state.media[1]")},
    .whole_unshown = {.media = MEDIA_MASKS, .mask = WHOLE_MASK("(SELECT min(l.media_id) FROM main_state_media l WHERE l.state_id = t.id)")},
    .member = "media",
    .member_sql = "acl_state.media",
};

const visibility_t file_visibility = {
    .masks = FILE_MASKS,
    .open = OPEN("file_masks", "0"),
    .way = {.mask = MASK("file", "t.id")},
};

const visibility_t section_visibility = {
    .masks = SECTION_MASKS,
    .open = OPEN("section_masks", "0"),
    .way = {.mask = MASK("section", "t.id")},
};

/* Parameters that leave few rows. */
static const char *const visible_few[] = {"stop", "media_id", "media_ids", "ids", "localization_ids", "state_ids", "elemental_id", "elemental_ids",
                                          NULL};

static bool                 visible_filtered(const query_t *query);
static const visible_way_t *visible_way(const query_t *query, bool shown);


void
visible_begin(query_t *query, sql_t *sql, bool shown)
{
    int64_t              viewer = query->rq->viewer, project = query->rq->project;
    const visible_way_t *way;
    const visibility_t  *visibility = query->kind->visibility;

    if (!visible_filtered(query)) {
        return;
    }

    sql_put(sql, "WITH acl AS MATERIALIZED (SELECT *, ");
    sql_raw(sql, visibility->open);
    sql_put(sql, " AS open FROM (SELECT tator.project_permission(%ld::int, %ld::int) AS project) project", viewer, project);
    sql_put(sql, visibility->masks, viewer, project, viewer, project);
    sql_put(sql, ") ");

    way = visible_way(query, shown);
    if (way->media != NULL) {
        sql_put(sql, way->media, project);
    }
}


void
visible_source(query_t *query, sql_t *sql, bool shown)
{
    if (visible_filtered(query) && visible_way(query, shown)->joins != NULL) {
        sql_raw(sql, visible_way(query, shown)->joins);
    }
}


void
visible_condition(query_t *query, sql_t *sql, bool shown)
{
    if (!visible_filtered(query)) {
        return;
    }

    /* as an inequality, of which the planner expects more rows than of an equation */
    sql_put(sql, " AND ((SELECT open FROM acl) OR (");
    sql_raw(sql, visible_way(query, shown)->mask);
    sql_put(sql, " & %d) >= %d)", PERMISSION_VISIBLE, PERMISSION_VISIBLE);
}


void
visible_mask(query_t *query, sql_t *sql)
{
    sql_raw(sql, visible_way(query, true)->mask);
}


const column_t *
visible_columns(query_t *query, const column_t *columns)
{
    size_t              n = 0;
    column_t           *masked;
    const visibility_t *visibility = query->kind->visibility;

    if (!visible_filtered(query)) {
        return columns;
    }

    while (columns[n].name != NULL) {
        n++;
    }

    masked = arena_alloc(query->rq->arena, (n + 1) * sizeof(column_t));
    memcpy(masked, columns, (n + 1) * sizeof(column_t));

    for (n = 0; masked[n].name != NULL; n++) {

        if (strcmp(masked[n].name, "effective_permission") == 0) {
            masked[n].sql = visible_way(query, true)->mask;
            masked[n].kind = COLUMN_RAW;

        } else if (visibility->member != NULL && query->media == NULL && masked[n].kind == COLUMN_IDS
                   && strcmp(masked[n].name, visibility->member) == 0)
        {
            masked[n].sql = visibility->member_sql;
        }
    }

    return masked;
}


static bool
visible_filtered(const query_t *query)
{
    return query->rq->config->fine_grain && query->kind->visibility != NULL;
}


static const visible_way_t *
visible_way(const query_t *query, bool shown)
{
    const visibility_t *visibility = query->kind->visibility;

    for (const char *const *name = visible_few; *name != NULL; name++) {
        if (param_given(query->rq, *name)) {
            return &visibility->way;
        }
    }

    if (!shown && visibility->whole_unshown.mask != NULL) {
        return &visibility->whole_unshown;
    }

    return visibility->whole.mask != NULL ? &visibility->whole : &visibility->way;
}
