/*
 * Change logs: what was changed, by whom and when.
 */

#include "common.h"

static const field_t change_log_description_of_change_new_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"value", REF(schema_attribute_value), OPTIONAL, "Its value."},
    {0},
};

static const field_t change_log_description_of_change_old_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"value", REF(schema_attribute_value), OPTIONAL, "Its value."},
    {0},
};

static const field_t change_log_description_of_change_fields[] = {
    {"new", ARRAY(OBJECT(change_log_description_of_change_new_fields)), OPTIONAL, "After the change."},
    {"old", ARRAY(OBJECT(change_log_description_of_change_old_fields)), OPTIONAL, "Before the change."},
    {0},
};

static const field_t change_log_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"modified_datetime", STRING(FORMAT("date-time")), OPTIONAL, "When it was changed last."},
    {"description_of_change", OBJECT(change_log_description_of_change_fields), OPTIONAL, "Values before and after."},
    {"user", INTEGER(), OPTIONAL, "Id of the user."},
    {0},
};

const schema_t schema_change_log = OBJECT(change_log_fields, NAMED("ChangeLog"));

static const field_t change_log_list_params[] = {
    {"user_id", INTEGER(), OPTIONAL, "Only changes by this user."},
    {"entity_id", INTEGER(), OPTIONAL, "Only changes of this row."},
    {"entity_type", STRING(ENUM("media", "localization", "state", "leaf")), OPTIONAL, "Kind of the row."},
    {0},
};

const endpoint_t change_log_endpoints[] = {
    {GET, "/rest/ChangeLog/{project}", "GetChangeLogList",
     .access = ACCESS_FULL, .params = {path_project, change_log_list_params}, .reply = &schema_change_log,
     .flags = REPLY_LIST,
     .doc = "Changes in a project."},
    {0},
};
