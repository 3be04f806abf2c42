/*
 * Bookmarks: pages that a user keeps for himself.
 */

#include "common.h"

static const field_t bookmark_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"user", INTEGER(MINIMUM(1)), OPTIONAL, "Id of the user."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"uri", STRING(), OPTIONAL, "The page."},
    {0},
};

static const field_t bookmark_spec_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"uri", STRING(), OPTIONAL, "The page."},
    {0},
};

static const field_t bookmark_update_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"uri", STRING(), OPTIONAL, "The page."},
    {0},
};

const schema_t schema_bookmark = OBJECT(bookmark_fields, NAMED("Bookmark"));
const schema_t schema_bookmark_spec = OBJECT(bookmark_spec_fields, NAMED("BookmarkSpec"));
const schema_t schema_bookmark_update = OBJECT(bookmark_update_fields, NAMED("BookmarkUpdate"));

const lookup_t lookup_bookmark = {
    .model = "Bookmark",
    .sql = "SELECT project FROM main_bookmark WHERE id = $1",
};

static const field_t bookmark_list_params[] = {
    {"name", STRING(), OPTIONAL, "Only this name."},
    {0},
};

const endpoint_t bookmark_endpoints[] = {
    {GET, "/rest/Bookmark/{id}", "GetBookmark",
     .access = ACCESS_VIEW, .lookup = &lookup_bookmark, .params = {path_id}, .reply = &schema_bookmark,
     .doc = "A bookmark."},
    {PATCH, "/rest/Bookmark/{id}", "UpdateBookmark",
     .access = ACCESS_EDIT, .lookup = &lookup_bookmark, .params = {path_id}, .body = &schema_bookmark_update,
     .reply = &schema_message_response,
     .doc = "Change a bookmark."},
    {DELETE, "/rest/Bookmark/{id}", "DeleteBookmark",
     .access = ACCESS_EDIT, .lookup = &lookup_bookmark, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a bookmark."},
    {GET, "/rest/Bookmarks/{project}", "GetBookmarkList",
     .access = ACCESS_VIEW, .params = {path_project, bookmark_list_params}, .reply = &schema_bookmark,
     .flags = REPLY_LIST,
     .doc = "Bookmarks that match."},
    {POST, "/rest/Bookmarks/{project}", "CreateBookmark",
     .access = ACCESS_EDIT, .params = {path_project, bookmark_list_params}, .body = &schema_bookmark_spec,
     .reply = &schema_create_response,
     .doc = "Create a bookmark."},
    {0},
};
