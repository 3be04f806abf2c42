/*
 * The kinds of rows that lists show, their built-in columns ($name, contract/queries.md §6) and their types.
 */

#include <strings.h>

#include "internal.h"

const kind_t kind_media = {
    .bit = MEDIA,
    .model = "Media",
    .table = "main_media",
    .types = "main_mediatype",
    .types_key = "project",
    .order = "t.name, t.id",
    .visibility = &media_visibility,
    .in_media = "t.id IN (",
    .in_media_end = ")",
};

const kind_t kind_localization = {
    .bit = LOCALIZATION,
    .model = "Localization",
    .table = "main_localization",
    .types = "main_localizationtype",
    .types_key = "project",
    .type_media = "main_localizationtype_media",
    .type_column = "localizationtype_id",
    .order = "t.id",
    .visibility = &localization_visibility,
    .in_media = "t.media = ANY(ARRAY(",
    .in_media_end = "))",
};

const kind_t kind_state = {
    .bit = STATE,
    .model = "State",
    .table = "main_state",
    .types = "main_statetype",
    .types_key = "project",
    .type_media = "main_statetype_media",
    .type_column = "statetype_id",
    .order = "t.id",
    .visibility = &state_visibility,
    .in_media = "t.id = ANY(ARRAY(SELECT l.state_id FROM main_state_media l WHERE l.media_id = ANY(ARRAY(",
    .in_media_end = "))))",
};

const kind_t kind_leaf = {
    .bit = LEAF,
    .model = "Leaf",
    .table = "main_leaf",
    .types = "main_leaftype",
    .types_key = "project",
    .order = "t.id",
};

/* Files whose type was deleted are not listed. */
const kind_t kind_file = {
    .bit = FILE_ROW,
    .model = "File",
    .table = "main_file",
    .types = "main_filetype",
    .types_key = "project",
    .order = "t.id",
    .visibility = &file_visibility,
    .base = "t.meta IN (SELECT id FROM main_filetype WHERE project = %ld)",
};

/* All sections of a project share its list of attribute types. */
const kind_t kind_section = {
    .bit = SECTION,
    .model = "Section",
    .table = "main_section",
    .types = "main_project",
    .types_key = "id",
    .order = "t.name, t.id",
    .visibility = &section_visibility,
};

static const char *const dtype_names[DTYPES] = {
    [DTYPE_NONE] = "",           [DTYPE_BOOL] = "bool",         [DTYPE_INT] = "int",
    [DTYPE_FLOAT] = "float",     [DTYPE_ENUM] = "enum",         [DTYPE_STRING] = "string",
    [DTYPE_DATETIME] = "datetime", [DTYPE_GEOPOS] = "geopos",   [DTYPE_FLOAT_ARRAY] = "float_array",
    [DTYPE_BLOB] = "blob",
};

typedef struct {
    const char *name;
    dtype_t     dtype;
    unsigned    kinds;
    const char *column;
    bool        search; /* in object searches only */
} builtin_t;

static const builtin_t builtins[] = {
    {"$x", DTYPE_FLOAT, LOCALIZATION, "t.x", false},
    {"$y", DTYPE_FLOAT, LOCALIZATION, "t.y", false},
    {"$u", DTYPE_FLOAT, LOCALIZATION, "t.u", false},
    {"$v", DTYPE_FLOAT, LOCALIZATION, "t.v", false},
    {"$width", DTYPE_FLOAT, LOCALIZATION | MEDIA, "t.width", false},
    {"$height", DTYPE_FLOAT, LOCALIZATION | MEDIA, "t.height", false},
    {"$fps", DTYPE_FLOAT, MEDIA, "t.fps", false},
    {"$version", DTYPE_INT, ANNOTATION, "t.version", false},
    {"$user", DTYPE_INT, LOCALIZATION, "t.\"user\"", false},
    {"$type", DTYPE_INT, TYPED, "t.meta", false},
    {"$created_by", DTYPE_INT, TYPED | SECTION, "t.created_by", false},
    {"$modified_by", DTYPE_INT, TYPED, "t.modified_by", false},
    {"$frame", DTYPE_INT, ANNOTATION, "t.frame", false},
    {"$num_frames", DTYPE_INT, MEDIA, "t.num_frames", false},
    {"$section", DTYPE_INT, MEDIA, "t.primary_section_id", false},
    {"$id", DTYPE_INT, TYPED | SECTION, "t.id", false},
    {"$created_datetime", DTYPE_DATETIME, TYPED | SECTION, "t.created_datetime", false},
    {"$modified_datetime", DTYPE_DATETIME, TYPED, "t.modified_datetime", false},
    {"$name", DTYPE_STRING, MEDIA | LEAF | FILE_ROW | SECTION, "t.name", false},
    {"$elemental_id", DTYPE_STRING, ENTITY | FILE_ROW | SECTION, "t.elemental_id", false},
    {"$archive_state", DTYPE_STRING, MEDIA, "t.archive_state", true},
};

/* Further columns, which lists can only be ordered by. */
static const builtin_t sort_columns[] = {
    {"$project", DTYPE_INT, TYPED, "t.project", false},
    {"$path", DTYPE_STRING, LEAF | FILE_ROW, "t.path", false},
    {"$description", DTYPE_STRING, FILE_ROW, "t.description", false},
    {"$media", DTYPE_INT, LOCALIZATION, "t.media", false},
    {"$thumbnail_image", DTYPE_INT, LOCALIZATION, "t.thumbnail_image", false},
    {"$parent", DTYPE_INT, ANNOTATION | LEAF, "t.parent", false},
    {"$mark", DTYPE_INT, ANNOTATION, "t.mark", false},
    {"$latest_mark", DTYPE_INT, ANNOTATION, "t.latest_mark", false},
    {"$variant_deleted", DTYPE_BOOL, ANNOTATION, "t.variant_deleted", false},
    {"$deleted", DTYPE_BOOL, TYPED, "t.deleted", false},
    {"$gid", DTYPE_STRING, MEDIA, "t.gid", false},
    {"$uid", DTYPE_STRING, MEDIA, "t.uid", false},
    {"$md5", DTYPE_STRING, MEDIA, "t.md5", false},
    {"$codec", DTYPE_STRING, MEDIA, "t.codec", false},
    {"$last_edit_start", DTYPE_DATETIME, MEDIA, "t.last_edit_start", false},
    {"$last_edit_end", DTYPE_DATETIME, MEDIA, "t.last_edit_end", false},
    {"$archive_status_date", DTYPE_DATETIME, MEDIA, "t.archive_status_date", false},
    {"$primary_section", DTYPE_INT, MEDIA, "t.primary_section_id", false},
    {"$summary_level", DTYPE_INT, MEDIA, "t.summary_level", false},
    {"$source_url", DTYPE_STRING, MEDIA, "t.source_url", false},
};


const types_t *
query_types(query_t *query, const kind_t *kind)
{
    rq_t          *rq = query->rq;
    sql_t         *sql;
    types_t       *types;
    result_t      *result;
    entity_type_t *list;

    for (size_t k = 0; k < query->types_n; k++) {
        if (query->types[k].kind == kind) {
            return &query->types[k];
        }
    }

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT id, attribute_types FROM ");
    sql_raw(sql, kind->types);
    sql_put(sql, " WHERE ");
    sql_raw(sql, kind->types_key);
    sql_put(sql, " = %ld ORDER BY id", rq->project);
    result = pg_run(rq, sql);

    types = &query->types[query->types_n++];
    types->kind = kind;
    types->n = (size_t) pg_rows(result);
    types->list = list = arena_zalloc(rq->arena, (types->n + 1) * sizeof(entity_type_t));

    for (size_t k = 0; k < types->n; k++) {
        list[k].id = pg_int(result, (int64_t) k, 0);
        list[k].attributes = pg_json(rq, result, (int64_t) k, 1);
    }

    return types;
}


/* The definition of an attribute in a type, or NULL. */
const json_t *
type_attribute(const entity_type_t *type, const char *name)
{
    size_t      k;
    json_t     *attribute;
    const char *own;

    json_array_foreach(type->attributes, k, attribute) {
        own = json_string_value(json_object_get(attribute, "name"));

        if (own != NULL && strcmp(own, name) == 0) {
            return attribute;
        }
    }

    return NULL;
}


dtype_t
dtype_of(const json_t *attribute)
{
    const char *name = json_string_value(json_object_get(attribute, "dtype"));

    for (dtype_t k = DTYPE_BOOL; name != NULL && k < DTYPES; k++) {
        if (strcmp(name, dtype_names[k]) == 0) {
            return k;
        }
    }

    return DTYPE_NONE;
}


const char *
dtype_name(dtype_t dtype)
{
    return dtype_names[dtype];
}


/* false: no built-in of this name. */
bool
term_builtin(const kind_t *kind, const char *name, bool search, term_t *term)
{
    for (size_t k = 0; k < sizeof(builtins) / sizeof(builtins[0]); k++) {
        const builtin_t *builtin = &builtins[k];

        if (strcmp(name, builtin->name) == 0 && (search || !builtin->search)) {
            *term = (term_t) {.name = name, .column = builtin->column, .dtype = builtin->dtype,
                              .missing = !(builtin->kinds & kind->bit)};
            return true;
        }
    }

    return false;
}


/* The SQL of a column that lists of the kind can be ordered by; NULL: there is none. */
const char *
kind_sort_column(const kind_t *kind, const char *name)
{
    term_t term;

    if (term_builtin(kind, name, true, &term)) {
        return term.missing ? NULL : term.column;
    }

    for (size_t k = 0; k < sizeof(sort_columns) / sizeof(sort_columns[0]); k++) {
        if (strcmp(name, sort_columns[k].name) == 0 && (sort_columns[k].kinds & kind->bit)) {
            return sort_columns[k].column;
        }
    }

    return NULL;
}
