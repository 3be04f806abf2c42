/*
 * Change logs: what was changed, by whom and when.
 */

#include <string.h>

#include "../api/columns.h"
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

static const column_t change_log_columns[] = {
    {"id", "t.id", COLUMN_RAW},
    {"project", "t.project_id", COLUMN_RAW},
    {"user", "t.user_id", COLUMN_RAW},
    {"description_of_change", "t.description_of_change", COLUMN_RAW},
    {"modified_datetime", "t.modified_datetime", COLUMN_TIME},
    {0},
};

static void change_log_list(rq_t *rq);

const endpoint_t change_log_endpoints[] = {
    {GET(FULL), "/rest/ChangeLog/{project}", "GetChangeLogList", .handler = change_log_list,
     .params = {path_project, change_log_list_params}, .reply = &schema_change_log,
     .flags = REPLY_LIST,
     .doc = "Changes in a project."},
    {0},
};


/* Logs by user, row or kind of row; one of them must be given (contract/annotations.md §16). */
static void
change_log_list(rq_t *rq)
{
    sql_t      *sql;
    const char *type = param_text(rq, "entity_type");

    if (!param_given(rq, "user_id") && !param_given(rq, "entity_id") && type == NULL) {
        fail(rq, 400, "Must specify at least one of the following query parameters: user_id, entity_id, entity_type");
    }

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT ");
    columns_select(sql, change_log_columns);
    sql_put(sql, " FROM main_changelog t WHERE t.project_id = %ld", rq->project);

    if (param_given(rq, "user_id")) {
        sql_put(sql, " AND t.user_id = %ld", param_int(rq, "user_id", 0));
    }

    if (param_given(rq, "entity_id") || type != NULL) {
        sql_put(sql, " AND t.id IN (SELECT o.change_id_id FROM main_changetoobject o WHERE true");

        if (param_given(rq, "entity_id")) {
            sql_put(sql, " AND o.ref_id = %ld", param_int(rq, "entity_id", 0));
        }

        if (type != NULL) {
            sql_put(sql, " AND o.ref_table_id = (SELECT id FROM django_content_type WHERE app_label = 'main' AND model = %s)", type);
        }

        sql_put(sql, ")");
    }

    sql_put(sql, " ORDER BY t.id");
    reply_rows(rq, change_log_columns, pg_run(rq, sql));
}
