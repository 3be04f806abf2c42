/*
 * What the files of query/ share. A query gathers conditions on the alias t; nested statements use t again, so that one
 * compiler serves every level. All memory is the request's.
 */

#ifndef TATOR_QUERY_INTERNAL_H
#define TATOR_QUERY_INTERNAL_H

#include "query.h"

/* The newest mark of a group, as the indexes of live rows have it (sql/0012_live_indexes.sql). */
#define NEWEST "(t.mark = t.latest_mark) IS TRUE"

/* Bits, for tables that say where something exists. */
enum {
    MEDIA = 0x1, LOCALIZATION = 0x2, STATE = 0x4, LEAF = 0x8, FILE_ROW = 0x10, SECTION = 0x20,
    ANNOTATION = LOCALIZATION | STATE,
    ENTITY = ANNOTATION | MEDIA, /* what belongs to media */
    TYPED = ENTITY | LEAF | FILE_ROW
};

typedef enum {
    DTYPE_NONE, DTYPE_BOOL, DTYPE_INT, DTYPE_FLOAT, DTYPE_ENUM, DTYPE_STRING, DTYPE_DATETIME, DTYPE_GEOPOS, DTYPE_FLOAT_ARRAY,
    DTYPE_BLOB, DTYPES
} dtype_t;

#define DTYPE_BIT(dtype) (1u << (dtype))
#define DTYPES_TEXT (DTYPE_BIT(DTYPE_STRING) | DTYPE_BIT(DTYPE_ENUM) | DTYPE_BIT(DTYPE_BLOB)) /* string-like */

typedef struct visibility_s visibility_t; /* visible.c */

extern const visibility_t media_visibility, localization_visibility, state_visibility, file_visibility, section_visibility;

struct kind_s {
    unsigned    bit;
    const char *model;       /* "Localization" */
    const char *table;       /* "main_localization" */
    const char *types;       /* "main_localizationtype" */
    const char *types_key;   /* its column that names the project */
    const char *type_media;  /* "main_localizationtype_media", its media types; NULL for what is not on media */
    const char *type_column; /* "localizationtype_id" */
    const char *order;       /* the default */
    const visibility_t *visibility; /* in fine-grain mode; NULL: lists are not filtered */
    const char *base;        /* condition on all rows, one %ld is the project; NULL: none */
    const char *in_media, *in_media_end; /* around a statement of media ids: rows on those media */
};

typedef struct {
    int64_t id;
    json_t *attributes; /* attribute types */
} entity_type_t;

typedef struct {
    const kind_t        *kind;
    const entity_type_t *list;
    size_t               n;
} types_t;

typedef struct {
    rq_t         *rq;
    const kind_t *kind;
    unsigned      flags;
    int64_t       type;     /* parameter `type`, 0: absent */
    types_t       types[3]; /* all types of the project, read when first asked for */
    size_t        types_n;
    sql_t        *where;    /* conditions joined by AND */
    sql_t        *shown;    /* conditions that follow the merge */
    sql_t        *order;    /* NULL: the kind's default */
    const char   *media, *localizations; /* what the members of a list of states are restricted to */
    sql_t        *counted;  /* statement of media: a count is of states with each of these; NULL: of states */
    const char   *field;    /* the parameter that is read, for refusals */
    size_t        parts;    /* of searches, filters and orders, so far */
    unsigned      depth;    /* of the search that is compiled, with the saved ones that it names */
} query_t;

/* What a filter or a search compares: an attribute's value or a built-in column. */
typedef struct {
    const char *name;   /* of the attribute */
    const char *column; /* SQL of the built-in; NULL: an attribute */
    dtype_t     dtype;
    bool        missing; /* a built-in that this kind lacks */
} term_t;

typedef enum { COMPARE_EQ, COMPARE_GT, COMPARE_GTE, COMPARE_LT, COMPARE_LTE } compare_t;

/* kinds.c */
const types_t       *query_types(query_t *query, const kind_t *kind);
const json_t        *type_attribute(const entity_type_t *type, const char *name);
dtype_t              dtype_of(const json_t *attribute);
const char          *dtype_name(dtype_t dtype);
bool                 term_builtin(const kind_t *kind, const char *name, bool search, term_t *term);
const char          *kind_sort_column(const kind_t *kind, const char *name);

/* visible.c: what a statement on the rows has in fine-grain mode. `shown`: it selects the masks, too. */
void            visible_begin(query_t *query, sql_t *sql, bool shown);     /* WITH … */
void            visible_source(query_t *query, sql_t *sql, bool shown);    /* behind FROM's "table t" */
void            visible_condition(query_t *query, sql_t *sql, bool shown); /* AND … */
void            visible_mask(query_t *query, sql_t *sql);                  /* the caller's mask, where it is shown */
const column_t *visible_columns(query_t *query, const column_t *columns);  /* with the masks */

/* fields.c: bind $1, where a column uses it. */
void query_select_values(rq_t *rq, sql_t *sql, const column_t *columns);

/* filters.c */
void query_filters(query_t *query);

/* sections.c */
void query_section(query_t *query, sql_t *sql, const kind_t *kind, int64_t section, const char *user_section, bool strict);
void query_sections(query_t *query);

/* attributes.c */
void query_attributes(query_t *query);
void query_related_attributes(query_t *query);

/* terms.c: conditions on one term. `strict`: the condition stands under a negation, so a missing key must give NULL. */
void        term_compare(query_t *query, sql_t *sql, const term_t *term, compare_t compare, const json_t *value, bool strict);
void        term_like(sql_t *sql, const term_t *term, const char *before, const char *text, const char *after);
void        term_near(sql_t *sql, const term_t *term, double km, double latitude, double longitude);
void        term_text(sql_t *sql, const term_t *term);
void        term_json(sql_t *sql, const term_t *term);
void        term_value_json(sql_t *sql, const term_t *term);
void        term_instant(sql_t *sql, const term_t *term);
const char *instant_text(query_t *query, const char *name, const char *text, bool lenient);

/* search.c */
void    query_search(query_t *query);
json_t *query_decoded(query_t *query, const char *name);
void    search_compile(query_t *query, sql_t *sql, const kind_t *kind, const json_t *node);

/* related.c */
void query_related(query_t *query);
void query_media_by_node(query_t *query, sql_t *sql, const json_t *node, unsigned sides, int64_t type);

/* vectors.c */
void query_vectors(query_t *query);
bool query_has_vectors(query_t *query);

/* order.c */
void query_order(query_t *query);

/* Count parts of what a request asks for; 400 when they are too many. A set of other rows is as dear as many conditions on one row. */
#define PARTS_NESTED 20
#define PARTS_SMALL  10 /* conditions that count one: those of a filter in each type that has it */
void query_parts(query_t *query, size_t n);

/* Foreign text as it may stand in a message: its beginning. */
const char *query_shown(rq_t *rq, const char *text);

/* A number as callers may write it: decimal digits, no name or hexadecimal form. Not finite: false. */
bool query_number(const char *text, double *number);

/* The next condition of a list: " AND " except before the first. Returns the list. */
sql_t *query_and(sql_t *conditions);

/* "(SELECT t.id FROM main_media t WHERE t.project = …" without the closing bracket. */
void query_media_begin(query_t *query, sql_t *sql);

/* Text of a list parameter's items, also of one text; the n-th, or NULL behind the last. */
const char *query_item(rq_t *rq, const char *name, size_t n);

/* A parameter that is one text; NULL: absent. Of a body, where it comes unchecked, 400 when it is something else. */
const char *query_text(rq_t *rq, const char *name);

#endif
