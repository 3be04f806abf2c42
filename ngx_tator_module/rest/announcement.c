/*
 * Announcements of the operators that a user has not dismissed yet.
 */

#include "../api/columns.h"
#include "../api/session.h"
#include "common.h"

static const field_t announcement_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"created_datetime", STRING(), OPTIONAL, "When it was created."},
    {"eol_datetime", STRING(), OPTIONAL, "When it ends."},
    {"markdown", STRING(), OPTIONAL, "The text, in Markdown."},
    {0},
};

const schema_t schema_announcement = OBJECT(announcement_fields, NAMED("Announcement"));

static const column_t announcement_columns[] = {
    {"id", "a.id", COLUMN_RAW},
    {"markdown", "a.markdown", COLUMN_TEXT},
    {"created_datetime", "a.created_datetime", COLUMN_TIME},
    {"eol_datetime", "a.eol_datetime", COLUMN_TIME},
    {0},
};

static void announcement_list(rq_t *rq);
static void announcement_dismiss(rq_t *rq);

const endpoint_t announcement_endpoints[] = {
    {DELETE(SIGNED_IN), "/rest/Announcement/{id}", "DeleteAnnouncement", announcement_dismiss,
     .params = {path_id}, .reply = &schema_message_response,
     .doc = "Do not show an announcement again."},
    {GET(SIGNED_IN), "/rest/Announcements", "GetAnnouncementList", announcement_list,
     .reply = &schema_announcement, .flags = REPLY_LIST,
     .doc = "Announcements not dismissed yet."},
    {0},
};


/* GET Announcements; a browser's session gets them once a day (contract/accounts.md §5). */
static void
announcement_list(rq_t *rq)
{
    sql_t *sql;

    if (rq->user.by_session && !session_announces(rq)) {
        reply_json(rq, 200, rq_own(rq, json_array()));
        return;
    }

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT ");
    columns_select(sql, announcement_columns);
    sql_put(sql, " FROM main_announcement a JOIN main_announcementtouser t ON t.announcement_id = a.id WHERE t.user_id = %ld ORDER BY a.id",
            rq->user.id);
    reply_rows(rq, announcement_columns, pg_run(rq, sql));
}


/* DELETE Announcement/{id}: for the caller */
static void
announcement_dismiss(rq_t *rq)
{
    int64_t id = param_int(rq, "id", 0);

    if (pg_rows(pg_query(rq, "DELETE FROM main_announcementtouser WHERE announcement_id = %ld AND user_id = %ld RETURNING id", id,
                         rq->user.id)) == 0)
    {
        fail_no_match(rq, "AnnouncementToUser");
    }

    reply_message(rq, 200, "Announcement %ld successfully deleted!", (long) id);
}
