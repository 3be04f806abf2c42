/*
 * Favorites: sets of attribute values that a user keeps for himself.
 */

#include <string.h>

#include "../api/columns.h"
#include "common.h"

static const field_t favorite_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"user", INTEGER(MINIMUM(1)), OPTIONAL, "Id of the user."},
    {"type", INTEGER(), OPTIONAL, "Id of the localization or state type."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"values", FREE_OBJECT(ADDITIONAL_ANY), OPTIONAL, "Values by attribute name."},
    {"page", INTEGER(MINIMUM(1), MAXIMUM(10), DEFAULT("1")), OPTIONAL, "Page of the favorites."},
    {"entity_type_name", STRING(ENUM("Localization", "State")), OPTIONAL, "What the values are for."},
    {0},
};

static const field_t favorite_spec_fields[] = {
    {"type", INTEGER(MINIMUM(1)), OPTIONAL, "Id of the localization or state type."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"values", FREE_OBJECT(ADDITIONAL_ANY), OPTIONAL, "Values by attribute name."},
    {"page", INTEGER(MINIMUM(1), MAXIMUM(10), DEFAULT("1")), OPTIONAL, "Page of the favorites."},
    {"entity_type_name", STRING(ENUM("Localization", "State")), OPTIONAL, "What the values are for."},
    {0},
};

static const field_t favorite_update_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"entity_type_name", STRING(ENUM("Localization", "State")), OPTIONAL, "What the values are for."},
    {0},
};

const schema_t schema_favorite = OBJECT(favorite_fields, NAMED("Favorite"));
const schema_t schema_favorite_spec = OBJECT(favorite_spec_fields, NAMED("FavoriteSpec"));
const schema_t schema_favorite_update = OBJECT(favorite_update_fields, NAMED("FavoriteUpdate"));

const lookup_t lookup_favorite = {
    .model = "Favorite",
    .sql = "SELECT project FROM main_favorite WHERE id = $1 AND \"user\" = $2",
    .own = true,
};

#define FAVORITE_COLUMNS                                                                                                      \
    {"id", "f.id", COLUMN_RAW}, {"project", "f.project", COLUMN_RAW}, {"user", "f.\"user\"", COLUMN_RAW},                     \
    {"localization_type_id", "f.localization_type_id", COLUMN_RAW}, {"state_type_id", "f.state_type_id", COLUMN_RAW},         \
    {"type", "f.type", COLUMN_RAW}, {"name", "f.name", COLUMN_TEXT}, {"page", "f.page", COLUMN_RAW},                          \
    {"values", "f.values", COLUMN_RAW}, {"entity_type_name", "f.entity_type_name", COLUMN_TEXT}

static const column_t favorite_columns[] = {FAVORITE_COLUMNS, {0}};
#define FAVORITE_MASK {"effective_permission", "tator.project_permission(%ld::int, f.project) >> 32", COLUMN_MASK}

/* The member is_viewable is there in fine-grain mode alone. */
static const column_t favorite_list_columns[] = {FAVORITE_COLUMNS, FAVORITE_MASK, {0}};
static const column_t favorite_fine_columns[] = {FAVORITE_COLUMNS, FAVORITE_MASK, {"is_viewable", "3", COLUMN_RAW}, {0}};

static void    favorite_get(rq_t *rq);
static void    favorite_update(rq_t *rq);
static void    favorite_delete(rq_t *rq);
static void    favorite_list(rq_t *rq);
static void    favorite_create(rq_t *rq);
static int64_t favorite_state(rq_t *rq, int64_t type);

const endpoint_t favorite_endpoints[] = {
    {GET(VIEW), "/rest/Favorite/{id}", "GetFavorite", favorite_get,
     .lookup = &lookup_favorite, .params = {path_id}, .reply = &schema_favorite,
     .doc = "A favorite."},
    {PATCH(EDIT), "/rest/Favorite/{id}", "UpdateFavorite", favorite_update,
     .lookup = &lookup_favorite, .params = {path_id}, .body = &schema_favorite_update,
     .reply = &schema_message_response,
     .doc = "Change a favorite."},
    {DELETE(EDIT), "/rest/Favorite/{id}", "DeleteFavorite", favorite_delete,
     .lookup = &lookup_favorite, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a favorite."},
    {GET(VIEW), "/rest/Favorites/{project}", "GetFavoriteList", favorite_list,
     .params = {path_project}, .reply = &schema_favorite, .flags = REPLY_LIST,
     .doc = "All favorites."},
    {POST(EDIT), "/rest/Favorites/{project}", "CreateFavorite", favorite_create,
     .params = {path_project}, .body = &schema_favorite_spec,
     .reply = &schema_create_response,
     .doc = "Create a favorite."},
    {0},
};


/* GET Favorite/{id} */
static void
favorite_get(rq_t *rq)
{
    sql_t *sql = sql_new(rq->arena);

    sql_put(sql, "SELECT ");
    columns_select(sql, favorite_columns);
    sql_put(sql, " FROM main_favorite f WHERE f.id = %ld", param_int(rq, "id", 0));
    reply_row(rq, 200, favorite_columns, pg_run(rq, sql), 0);
}


/* GET Favorites/{project}: the caller's */
static void
favorite_list(rq_t *rq)
{
    sql_t          *sql = sql_new(rq->arena);
    const column_t *columns = rq->config->fine_grain ? favorite_fine_columns : favorite_list_columns;

    sql_put(sql, "SELECT ");
    columns_select_for(rq, sql, columns);
    sql_put(sql, " FROM main_favorite f WHERE f.project = %ld AND f.\"user\" = %ld", rq->project, rq->user.id);
    if (rq->config->fine_grain) {
        sql_put(sql, " AND tator.project_permission(%ld::int, f.project) >> 32 & 3 = 3", rq->viewer);
    }
    sql_put(sql, " ORDER BY f.id");
    reply_rows(rq, columns, pg_run(rq, sql));
}


/* POST Favorites/{project} */
static void
favorite_create(rq_t *rq)
{
    int64_t id, state, type;

    static const char *const needed[] = {"type", "name", "values", "entity_type_name"};

    for (size_t k = 0; k < sizeof(needed) / sizeof(needed[0]); k++) {
        if (!param_given(rq, needed[k])) {
            fail(rq, 400, "'%s'", needed[k]);
        }
    }

    type = param_int(rq, "type", 0);
    state = favorite_state(rq, type);

    id = pg_int(pg_query(rq,
                         "INSERT INTO main_favorite (type, name, page, \"values\", entity_type_name, localization_type_id, state_type_id,"
                         " project, \"user\") VALUES (%ld, %s, %ld, %p::jsonb, %s, nullif(%ld::int, 0), nullif(%ld::int, 0), %ld, %ld)"
                         " RETURNING id",
                         type, param_text(rq, "name"), param_int(rq, "page", 1), param(rq, "values"), param_text(rq, "entity_type_name"),
                         state ? 0L : type, state, rq->project, rq->user.id), 0, 0);
    reply_created(rq, id, "Successfully created favorite %ld!.", (long) id);
}


/* PATCH Favorite/{id}: entity_type_name only says which of the two columns the type goes to (R) */
static void
favorite_update(rq_t *rq)
{
    int64_t id = param_int(rq, "id", 0), type, state;

    tx_begin(rq);
    pg_query(rq, "UPDATE main_favorite SET name = coalesce(%s, name) WHERE id = %ld", param_text(rq, "name"), id);

    if (param_given(rq, "entity_type_name")) {
        type = pg_int(pg_query(rq, "SELECT coalesce(max(type), 0) FROM main_favorite WHERE id = %ld", id), 0, 0);
        state = favorite_state(rq, type);
        pg_query(rq, "UPDATE main_favorite SET localization_type_id = nullif(%ld::int, 0), state_type_id = nullif(%ld::int, 0) WHERE id = %ld",
                 state ? 0L : type, state, id);
    }

    tx_commit(rq);
    reply_message(rq, 200, "Favorite %ld updated successfully!", (long) id);
}


/* DELETE Favorite/{id} */
static void
favorite_delete(rq_t *rq)
{
    int64_t id = param_int(rq, "id", 0);

    pg_query(rq, "DELETE FROM main_favorite WHERE id = %ld", id);
    reply_message(rq, 200, "Favorite with ID %ld deleted successfully!", (long) id);
}


/* The type when entity_type_name is State, 0 when it is Localization. The type must be one of the project's of that kind: 404. */
static int64_t
favorite_state(rq_t *rq, int64_t type)
{
    bool      state = strcmp(param_text(rq, "entity_type_name"), "State") == 0;
    result_t *result;

    if (state) {
        result = pg_query(rq, "SELECT 1 FROM main_statetype WHERE id = %ld AND project = %ld", type, rq->project);
    } else {
        result = pg_query(rq, "SELECT 1 FROM main_localizationtype WHERE id = %ld AND project = %ld", type, rq->project);
    }

    if (pg_rows(result) == 0) {
        fail_no_match(rq, state ? "StateType" : "LocalizationType");
    }

    return state ? type : 0;
}
