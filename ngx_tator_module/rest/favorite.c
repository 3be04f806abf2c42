/*
 * Favorites: sets of attribute values that a user keeps for himself.
 */

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
    .sql = "SELECT project FROM main_favorite WHERE id = $1",
};

const endpoint_t favorite_endpoints[] = {
    {GET, "/rest/Favorite/{id}", "GetFavorite",
     .access = ACCESS_VIEW, .lookup = &lookup_favorite, .params = {path_id}, .reply = &schema_favorite,
     .doc = "A favorite."},
    {PATCH, "/rest/Favorite/{id}", "UpdateFavorite",
     .access = ACCESS_EDIT, .lookup = &lookup_favorite, .params = {path_id}, .body = &schema_favorite_update,
     .reply = &schema_message_response,
     .doc = "Change a favorite."},
    {DELETE, "/rest/Favorite/{id}", "DeleteFavorite",
     .access = ACCESS_EDIT, .lookup = &lookup_favorite, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a favorite."},
    {GET, "/rest/Favorites/{project}", "GetFavoriteList",
     .access = ACCESS_VIEW, .params = {path_project}, .reply = &schema_favorite, .flags = REPLY_LIST,
     .doc = "All favorites."},
    {POST, "/rest/Favorites/{project}", "CreateFavorite",
     .access = ACCESS_EDIT, .params = {path_project}, .body = &schema_favorite_spec,
     .reply = &schema_create_response,
     .doc = "Create a favorite."},
    {0},
};
