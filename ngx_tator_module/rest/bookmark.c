/*
 * Bookmarks: pages that a user keeps for himself.
 */

#include "../api/columns.h"
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
    .sql = "SELECT project FROM main_bookmark WHERE id = $1 AND \"user\" = $2",
    .own = true,
};

static const field_t bookmark_list_params[] = {
    {"name", STRING(), OPTIONAL, "Only this name."},
    {0},
};

static const column_t bookmark_columns[] = {
    {"id", "b.id", COLUMN_RAW},       {"project", "b.project", COLUMN_RAW}, {"user", "b.\"user\"", COLUMN_RAW},
    {"name", "b.name", COLUMN_TEXT}, {"uri", "b.uri", COLUMN_TEXT},        {0},
};

static const column_t bookmark_list_columns[] = {
    {"id", "b.id", COLUMN_RAW},       {"project", "b.project", COLUMN_RAW}, {"user", "b.\"user\"", COLUMN_RAW},
    {"name", "b.name", COLUMN_TEXT}, {"uri", "b.uri", COLUMN_TEXT},
    {"effective_permission", "tator.project_permission(%ld::int, b.project) >> 32", COLUMN_MASK}, {0},
};

/* The member is_viewable is there in fine-grain mode alone. */
static const column_t bookmark_fine_columns[] = {
    {"id", "b.id", COLUMN_RAW},       {"project", "b.project", COLUMN_RAW}, {"user", "b.\"user\"", COLUMN_RAW},
    {"name", "b.name", COLUMN_TEXT}, {"uri", "b.uri", COLUMN_TEXT},
    {"effective_permission", "tator.project_permission(%ld::int, b.project) >> 32", COLUMN_MASK}, {"is_viewable", "3", COLUMN_RAW}, {0},
};

static void bookmark_get(rq_t *rq);
static void bookmark_update(rq_t *rq);
static void bookmark_delete(rq_t *rq);
static void bookmark_list(rq_t *rq);
static void bookmark_create(rq_t *rq);

const endpoint_t bookmark_endpoints[] = {
    {GET(VIEW), "/rest/Bookmark/{id}", "GetBookmark", bookmark_get,
     .lookup = &lookup_bookmark, .params = {path_id}, .reply = &schema_bookmark,
     .doc = "A bookmark."},
    {PATCH(EDIT), "/rest/Bookmark/{id}", "UpdateBookmark", bookmark_update,
     .lookup = &lookup_bookmark, .params = {path_id}, .body = &schema_bookmark_update,
     .reply = &schema_message_response,
     .doc = "Change a bookmark."},
    {DELETE(EDIT), "/rest/Bookmark/{id}", "DeleteBookmark", bookmark_delete,
     .lookup = &lookup_bookmark, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a bookmark."},
    {GET(VIEW), "/rest/Bookmarks/{project}", "GetBookmarkList", bookmark_list,
     .params = {path_project, bookmark_list_params}, .reply = &schema_bookmark,
     .flags = REPLY_LIST,
     .doc = "Bookmarks that match."},
    {POST(EDIT), "/rest/Bookmarks/{project}", "CreateBookmark", bookmark_create,
     .params = {path_project, bookmark_list_params}, .body = &schema_bookmark_spec,
     .reply = &schema_create_response,
     .doc = "Create a bookmark."},
    {0},
};


/* GET Bookmark/{id} */
static void
bookmark_get(rq_t *rq)
{
    sql_t *sql = sql_new(rq->arena);

    sql_put(sql, "SELECT ");
    columns_select(sql, bookmark_columns);
    sql_put(sql, " FROM main_bookmark b WHERE b.id = %ld", param_int(rq, "id", 0));
    reply_row(rq, 200, bookmark_columns, pg_run(rq, sql), 0);
}


/* GET Bookmarks/{project}: the caller's */
static void
bookmark_list(rq_t *rq)
{
    sql_t          *sql = sql_new(rq->arena);
    const column_t *columns = rq->config->fine_grain ? bookmark_fine_columns : bookmark_list_columns;

    sql_put(sql, "SELECT ");
    columns_select_for(rq, sql, columns);
    sql_put(sql, " FROM main_bookmark b WHERE b.project = %ld AND b.\"user\" = %ld", rq->project, rq->user.id);
    if (param_text(rq, "name") != NULL) {
        sql_put(sql, " AND upper(b.name) = upper(%s)", param_text(rq, "name"));
    }
    if (rq->config->fine_grain) {
        sql_put(sql, " AND tator.project_permission(%ld::int, b.project) >> 32 & 3 = 3 ORDER BY b.id", rq->viewer);
    } else {
        sql_put(sql, " ORDER BY b.name, b.id");
    }
    reply_rows(rq, columns, pg_run(rq, sql));
}


/* POST Bookmarks/{project} */
static void
bookmark_create(rq_t *rq)
{
    int64_t     id;
    const char *name = param_text(rq, "name"), *uri = param_text(rq, "uri");

    if (name == NULL) {
        fail(rq, 400, "'name'");
    }

    if (uri == NULL) {
        fail(rq, 400, "'uri'");
    }

    id = pg_int(pg_query(rq, "INSERT INTO main_bookmark (name, uri, project, \"user\") VALUES (%s, %s, %ld, %ld) RETURNING id", name, uri,
                         rq->project, rq->user.id), 0, 0);
    reply_created(rq, id, "Successfully created bookmark %ld!.", (long) id);
}


/* PATCH Bookmark/{id} */
static void
bookmark_update(rq_t *rq)
{
    int64_t id = param_int(rq, "id", 0);

    pg_query(rq, "UPDATE main_bookmark SET name = coalesce(%s, name), uri = coalesce(%s, uri) WHERE id = %ld", param_text(rq, "name"),
             param_text(rq, "uri"), id);
    reply_message(rq, 200, "Bookmark %ld updated successfully!", (long) id);
}


/* DELETE Bookmark/{id} */
static void
bookmark_delete(rq_t *rq)
{
    int64_t id = param_int(rq, "id", 0);

    pg_query(rq, "DELETE FROM main_bookmark WHERE id = %ld", id);
    reply_message(rq, 200, "Bookmark with ID %ld deleted successfully!", (long) id);
}
