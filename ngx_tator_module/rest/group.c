/*
 * Groups of users inside an organization.
 */

#include "../api/columns.h"
#include "../api/delete.h"
#include "common.h"

static const field_t group_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"organization", INTEGER(), OPTIONAL, "The organization it belongs to."},
    {"members", ARRAY(INTEGER()), OPTIONAL, "Users who belong to it."},
    {0},
};

static const field_t group_spec_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {"initial_members", ARRAY(INTEGER()), OPTIONAL, "Users who belong to it from the start."},
    {0},
};

static const field_t group_update_spec_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"add_members", ARRAY(INTEGER()), OPTIONAL, "Users to add."},
    {"remove_members", ARRAY(INTEGER()), OPTIONAL, "Users to remove."},
    {0},
};

const schema_t schema_group = OBJECT(group_fields, NAMED("Group"));
const schema_t schema_group_spec = OBJECT(group_spec_fields, NAMED("GroupSpec"));
const schema_t schema_group_update_spec = OBJECT(group_update_spec_fields, NAMED("GroupUpdateSpec"));

const lookup_t lookup_group = {
    .model = "Group",
    .sql = "SELECT organization_id FROM main_group WHERE id = $1",
};

static const field_t group_list_params[] = {
    {"user", INTEGER(MINIMUM(1), MAXIMUM(18446744073709551615.0)), OPTIONAL, "Only this user."},
    {0},
};

#define GROUP_MEMBERS "(SELECT coalesce(array_agg(m.user_id ORDER BY m.user_id), '{}') FROM main_groupmembership m WHERE m.group_id = g.id"

static const column_t group_columns[] = {
    {"id", "g.id", COLUMN_RAW},
    {"name", "g.name", COLUMN_TEXT},
    {"organization", "g.organization_id", COLUMN_RAW},
    {"members", GROUP_MEMBERS ")", COLUMN_IDS},
    {0},
};

/* The list calls the organization by its column (contract/accounts.md §6.4, R). */
static const column_t group_list_columns[] = {
    {"id", "g.id", COLUMN_RAW},
    {"organization__id", "g.organization_id", COLUMN_RAW},
    {"name", "g.name", COLUMN_TEXT},
    {"members", GROUP_MEMBERS " AND (who.id = 0 OR m.user_id = who.id))", COLUMN_IDS},
    {0},
};

static void group_get(rq_t *rq);
static void group_update(rq_t *rq);
static void group_delete(rq_t *rq);
static void group_list(rq_t *rq);
static void group_create(rq_t *rq);
static void group_add(rq_t *rq, int64_t id, const char *name);

const endpoint_t group_endpoints[] = {
    {GET(ORGANIZATION_EDIT), "/rest/Group/{id}", "GetGroup", group_get,
     .lookup = &lookup_group, .params = {path_id}, .reply = &schema_group,
     .doc = "A group."},
    {PATCH(ORGANIZATION_EDIT), "/rest/Group/{id}", "UpdateGroup", group_update,
     .lookup = &lookup_group, .params = {path_id},
     .body = &schema_group_update_spec, .reply = &schema_message_response,
     .doc = "Change a group."},
    {DELETE(ORGANIZATION_EDIT), "/rest/Group/{id}", "DeleteGroup", group_delete,
     .lookup = &lookup_group, .params = {path_id},
     .reply = &schema_message_response,
     .doc = "Delete a group."},
    {GET(ORGANIZATION_EDIT), "/rest/Groups/{organization}", "GetGroupList", group_list,
     .params = {path_organization, group_list_params}, .reply = &schema_group,
     .flags = REPLY_LIST,
     .doc = "Groups that match."},
    {POST(ORGANIZATION_EDIT), "/rest/Groups/{organization}", "CreateGroup", group_create,
     .params = {path_organization}, .body = &schema_group_spec,
     .reply = &schema_create_response,
     .doc = "Create a group."},
    {0},
};


/* GET Group/{id} */
static void
group_get(rq_t *rq)
{
    sql_t *sql = sql_new(rq->arena);

    sql_put(sql, "SELECT ");
    columns_select(sql, group_columns);
    sql_put(sql, " FROM main_group g WHERE g.id = %ld", param_int(rq, "id", 0));
    reply_row(rq, 200, group_columns, pg_run(rq, sql), 0);
}


/* GET Groups/{organization}; with `user` the groups of that member, and him alone among the members */
static void
group_list(rq_t *rq)
{
    int64_t user = param_int(rq, "user", 0);
    sql_t  *sql = sql_new(rq->arena);

    sql_put(sql, "SELECT ");
    columns_select(sql, group_list_columns);
    sql_put(sql, " FROM main_group g CROSS JOIN (SELECT %ld::int AS id) who WHERE g.organization_id = %ld", user, rq->organization);

    if (user != 0) {
        sql_put(sql, " AND EXISTS (SELECT FROM main_groupmembership m WHERE m.group_id = g.id AND m.user_id = who.id)");
    }

    sql_put(sql, " ORDER BY g.id");
    reply_rows(rq, group_list_columns, pg_run(rq, sql));
}


/* POST Groups/{organization} */
static void
group_create(rq_t *rq)
{
    int64_t id;

    tx_begin(rq);
    id = pg_int(pg_query(rq, "INSERT INTO main_group (name, organization_id) VALUES (%s, %ld) RETURNING id", param_text(rq, "name"),
                         rq->organization), 0, 0);
    pg_query(rq, "INSERT INTO main_rowprotection (created_datetime, permission, target_group_id, user_id) VALUES (now(), 255, %ld, %ld)", id,
             rq->user.id);
    group_add(rq, id, "initial_members");
    tx_commit(rq);

    reply_created(rq, id, "Successfully created group.");
}


/* PATCH Group/{id} */
static void
group_update(rq_t *rq)
{
    int64_t     id = param_int(rq, "id", 0);
    const char *name = param_text(rq, "name");

    tx_begin(rq);

    if (name != NULL && *name != '\0') {
        pg_query(rq, "UPDATE main_group SET name = %s WHERE id = %ld", name, id);
    }

    group_add(rq, id, "add_members");

    if (json_is_array(param(rq, "remove_members"))) {
        pg_query(rq, "DELETE FROM main_groupmembership WHERE group_id = %ld AND user_id = ANY(%s::int[])", id,
                 sql_json_array(rq->arena, param(rq, "remove_members")));
    }

    tx_commit(rq);
    reply_message(rq, 200, "Group %ld successfully updated!", (long) id);
}


/* DELETE Group/{id}, with its protections */
static void
group_delete(rq_t *rq)
{
    int64_t id = param_int(rq, "id", 0);

    tx_begin(rq);
    delete_rows(rq, "main_group", sql_int_array(rq->arena, &id, 1));
    tx_commit(rq);

    reply_json(rq, 200, rq_own(rq, json_pack("{s:s, s:I}", "message", "Group deleted successfully!", "id", (json_int_t) id)));
}


/* Members of a list parameter: all must exist; who is in already stays once. */
static void
group_add(rq_t *rq, int64_t id, const char *name)
{
    const char *users;

    if (!json_is_array(param(rq, name))) {
        return;
    }

    users = sql_json_array(rq->arena, param(rq, name));

    if (pg_rows(pg_query(rq, "SELECT FROM unnest(%s::int[]) AS w (id) WHERE NOT EXISTS (SELECT FROM main_user u WHERE u.id = w.id)", users)) != 0) {
        fail_no_match(rq, "User");
    }

    pg_query(rq,
             "INSERT INTO main_groupmembership (group_admin, group_id, user_id) SELECT DISTINCT false, %ld::int, w.id FROM unnest(%s::int[]) AS w (id)"
             " WHERE NOT EXISTS (SELECT FROM main_groupmembership m WHERE m.group_id = %ld AND m.user_id = w.id)",
             id, users, id);
}
