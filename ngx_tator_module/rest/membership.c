/*
 * Memberships: what a user may do in a project.
 */

#include "../api/columns.h"
#include "common.h"
#include "labels.h"

static const field_t membership_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"user", INTEGER(MINIMUM(1)), OPTIONAL, "Id of the user."},
    {"username", STRING(), OPTIONAL, "User name."},
    {"first_name", STRING(), OPTIONAL, "First name."},
    {"last_name", STRING(), OPTIONAL, "Last name."},
    {"email", STRING(), OPTIONAL, "E-mail address."},
    {"permission", STRING(ENUM_MEMBERSHIP), OPTIONAL, "What is permitted."},
    {"default_version", INTEGER(MINIMUM(1)), OPTIONAL, "Version that the member writes to."},
    {0},
};

static const field_t membership_spec_fields[] = {
    {"user", INTEGER(MINIMUM(1)), REQUIRED, "Id of the user."},
    {"permission", STRING(ENUM_MEMBERSHIP), REQUIRED, "What is permitted."},
    {"default_version", INTEGER(MINIMUM(1)), OPTIONAL, "Version that the member writes to."},
    {0},
};

static const field_t membership_update_fields[] = {
    {"permission", STRING(ENUM_MEMBERSHIP), OPTIONAL, "What is permitted."},
    {"default_version", INTEGER(MINIMUM(1)), OPTIONAL, "Version that the member writes to."},
    {0},
};

const schema_t schema_membership = OBJECT(membership_fields, NAMED("Membership"));
const schema_t schema_membership_spec = OBJECT(membership_spec_fields, NAMED("MembershipSpec"));
const schema_t schema_membership_update = OBJECT(membership_update_fields, NAMED("MembershipUpdate"));

const lookup_t lookup_membership = {
    .model = "Membership",
    .sql = "SELECT project FROM main_membership WHERE id = $1",
};

static const column_t membership_columns[] = {
    {"id", "m.id", COLUMN_RAW},
    {"project", "m.project", COLUMN_RAW},
    {"user", "m.\"user\"", COLUMN_RAW},
    {"default_version", "m.default_version_id", COLUMN_RAW},
    {"username", "u.username", COLUMN_TEXT},
    {"first_name", "u.first_name", COLUMN_TEXT},
    {"last_name", "u.last_name", COLUMN_TEXT},
    {"email", "u.email", COLUMN_TEXT},
    {"permission", "nullif(" LABEL_SQL("m.permission") ", 'No Access')", COLUMN_SAFE},
    {0},
};

static void   membership_get(rq_t *rq);
static void   membership_update(rq_t *rq);
static void   membership_delete(rq_t *rq);
static void   membership_list(rq_t *rq);
static void   membership_create(rq_t *rq);
static sql_t *membership_select(rq_t *rq);
static void   membership_version_exists(rq_t *rq);

const endpoint_t membership_endpoints[] = {
    {GET(VIEW), "/rest/Membership/{id}", "GetMembership", membership_get,
     .lookup = &lookup_membership, .params = {path_id}, .reply = &schema_membership,
     .doc = "A membership."},
    {PATCH(FULL), "/rest/Membership/{id}", "UpdateMembership", membership_update,
     .lookup = &lookup_membership, .params = {path_id}, .body = &schema_membership_update,
     .reply = &schema_message_response,
     .doc = "Change a membership."},
    {DELETE(FULL), "/rest/Membership/{id}", "DeleteMembership", membership_delete,
     .lookup = &lookup_membership, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a membership."},
    {GET(VIEW), "/rest/Memberships/{project}", "GetMembershipList", membership_list,
     .params = {path_project}, .reply = &schema_membership, .flags = REPLY_LIST,
     .doc = "All memberships."},
    {POST(FULL), "/rest/Memberships/{project}", "CreateMembership", membership_create,
     .params = {path_project}, .body = &schema_membership_spec,
     .reply = &schema_create_response,
     .doc = "Create a membership."},
    {0},
};


/* GET Membership/{id} */
static void
membership_get(rq_t *rq)
{
    sql_t *sql = membership_select(rq);

    sql_put(sql, " WHERE m.id = %ld", param_int(rq, "id", 0));
    reply_row(rq, 200, membership_columns, pg_run(rq, sql), 0);
}


/* GET Memberships/{project} */
static void
membership_list(rq_t *rq)
{
    sql_t *sql = membership_select(rq);

    sql_put(sql, " WHERE m.project = %ld ORDER BY u.last_name, u.username, m.id", rq->project);
    reply_rows(rq, membership_columns, pg_run(rq, sql));
}


/* POST Memberships/{project} */
static void
membership_create(rq_t *rq)
{
    int64_t   id, user = param_int(rq, "user", 0);
    result_t *names;

    tx_begin(rq);

    /* one at a time, and what it sees is what the one before has left: a statement that locks sees what was there before it waited */
    pg_query(rq, "SELECT FROM main_project WHERE id = %ld FOR NO KEY UPDATE", rq->project);

    names = pg_query(rq,
                     "SELECT " DISPLAY_NAME_SQL("u") ", p.name,"
                     "       EXISTS (SELECT FROM main_membership m WHERE m.project = p.id AND m.\"user\" = u.id)"
                     " FROM main_user u, main_project p WHERE u.id = %ld AND p.id = %ld",
                     user, rq->project);
    if (pg_rows(names) == 0) {
        fail_no_match(rq, "User");
    }

    if (pg_bool(names, 0, 2)) {
        fail(rq, 400, "Membership already exists for project %ld, user %ld!", (long) rq->project, (long) user);
    }

    membership_version_exists(rq);

    id = pg_int(pg_query(rq, "INSERT INTO main_membership (permission, default_version_id, project, \"user\") VALUES (%s, %s, %ld, %ld) RETURNING id",
                         label_letter(param_text(rq, "permission")),
                         param_given(rq, "default_version") ? rq_format(rq, "%ld", (long) param_int(rq, "default_version", 0)) : NULL,
                         rq->project, user), 0, 0);
    tx_commit(rq);

    reply_created(rq, id, "Membership of %s to %s created!", pg_text(names, 0, 0), pg_text(names, 0, 1));
}


/* PATCH Membership/{id} */
static void
membership_update(rq_t *rq)
{
    int64_t     id = param_int(rq, "id", 0);
    const char *permission = param_text(rq, "permission");

    tx_begin(rq);

    if (permission != NULL) {
        pg_query(rq, "UPDATE main_membership SET permission = %s WHERE id = %ld", label_letter(permission), id);
    }

    if (param_given(rq, "default_version")) {
        membership_version_exists(rq);
        pg_query(rq, "UPDATE main_membership SET default_version_id = %ld WHERE id = %ld", param_int(rq, "default_version", 0), id);
    }

    tx_commit(rq);
    reply_message(rq, 200, "Membership %ld successfully updated!", (long) id);
}


/* DELETE Membership/{id} */
static void
membership_delete(rq_t *rq)
{
    int64_t id = param_int(rq, "id", 0);

    pg_query(rq, "DELETE FROM main_membership WHERE id = %ld", id);
    reply_message(rq, 200, "Membership %ld successfully deleted!", (long) id);
}


static sql_t *
membership_select(rq_t *rq)
{
    sql_t *sql = sql_new(rq->arena);

    sql_put(sql, "SELECT ");
    columns_select(sql, membership_columns);
    sql_put(sql, " FROM main_membership m JOIN main_user u ON u.id = m.\"user\"");

    return sql;
}


/* The reference takes a version of any project (contract/accounts.md §7.3, S): annotations would go there. */
static void
membership_version_exists(rq_t *rq)
{
    if (param_given(rq, "default_version")
        && pg_rows(pg_query(rq, "SELECT FROM main_version WHERE id = %ld AND project_id = %ld", param_int(rq, "default_version", 0), rq->project)) == 0)
    {
        fail_no_match(rq, "Version");
    }
}
