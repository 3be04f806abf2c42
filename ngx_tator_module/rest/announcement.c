/*
 * Announcements of the operators that a user has not dismissed yet.
 */

#include "common.h"

static const field_t announcement_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"created_datetime", STRING(), OPTIONAL, "When it was created."},
    {"eol_datetime", STRING(), OPTIONAL, "When it ends."},
    {"markdown", STRING(), OPTIONAL, "The text, in Markdown."},
    {0},
};

const schema_t schema_announcement = OBJECT(announcement_fields, NAMED("Announcement"));

const endpoint_t announcement_endpoints[] = {
    {DELETE, "/rest/Announcement/{id}", "DeleteAnnouncement",
     .access = ACCESS_OPEN, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Do not show an announcement again."},
    {GET, "/rest/Announcements", "GetAnnouncementList",
     .access = ACCESS_OPEN, .reply = &schema_announcement, .flags = REPLY_LIST,
     .doc = "Announcements not dismissed yet."},
    {0},
};
