/*
 * Affiliations: which users belong to an organization, and as what.
 */

#include "../api/columns.h"
#include "../api/mail.h"
#include "common.h"
#include "labels.h"

static const field_t affiliation_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"user_id", INTEGER(MINIMUM(1)), OPTIONAL, "The user."},
    {"username", STRING(), OPTIONAL, "User name."},
    {"first_name", STRING(), OPTIONAL, "First name."},
    {"last_name", STRING(), OPTIONAL, "Last name."},
    {"email", STRING(), OPTIONAL, "E-mail address."},
    {"permission", STRING(ENUM_AFFILIATION), OPTIONAL, "What is permitted."},
    {"organization_id", INTEGER(MINIMUM(1)), OPTIONAL, "The organization."},
    {0},
};

static const field_t affiliation_spec_fields[] = {
    {"user", INTEGER(MINIMUM(1)), OPTIONAL, "Id of the user."},
    {"permission", STRING(ENUM_AFFILIATION), OPTIONAL, "What is permitted."},
    {0},
};

static const field_t affiliation_update_fields[] = {
    {"permission", STRING(ENUM_AFFILIATION), OPTIONAL, "What is permitted."},
    {0},
};

const schema_t schema_affiliation = OBJECT(affiliation_fields, NAMED("Affiliation"));
const schema_t schema_affiliation_spec = OBJECT(affiliation_spec_fields, NAMED("AffiliationSpec"));
const schema_t schema_affiliation_update = OBJECT(affiliation_update_fields, NAMED("AffiliationUpdate"));

const lookup_t lookup_affiliation = {
    .model = "Affiliation",
    .sql = "SELECT organization_id FROM main_affiliation WHERE id = $1",
};

static const column_t affiliation_columns[] = {
    {"id", "a.id", COLUMN_RAW},
    {"organization_id", "a.organization_id", COLUMN_RAW},
    {"user_id", "a.user_id", COLUMN_RAW},
    {"permission", "a.permission", COLUMN_TEXT},
    {"username", "u.username", COLUMN_TEXT},
    {"first_name", "u.first_name", COLUMN_TEXT},
    {"last_name", "u.last_name", COLUMN_TEXT},
    {"email", "u.email", COLUMN_TEXT},
    {0},
};

static void   affiliation_get(rq_t *rq);
static void   affiliation_update(rq_t *rq);
static void   affiliation_delete(rq_t *rq);
static void   affiliation_list(rq_t *rq);
static void   affiliation_create(rq_t *rq);
static sql_t *affiliation_select(rq_t *rq);

const endpoint_t affiliation_endpoints[] = {
    {GET(ORGANIZATION_EDIT), "/rest/Affiliation/{id}", "GetAffiliation", affiliation_get,
     .lookup = &lookup_affiliation, .params = {path_id},
     .reply = &schema_affiliation,
     .doc = "An affiliation."},
    {PATCH(ORGANIZATION_EDIT), "/rest/Affiliation/{id}", "UpdateAffiliation", affiliation_update,
     .lookup = &lookup_affiliation, .params = {path_id},
     .body = &schema_affiliation_update, .reply = &schema_message_response,
     .doc = "Change an affiliation."},
    {DELETE(ORGANIZATION_EDIT), "/rest/Affiliation/{id}", "DeleteAffiliation", affiliation_delete,
     .lookup = &lookup_affiliation, .params = {path_id},
     .reply = &schema_message_response,
     .doc = "Delete an affiliation."},
    {GET(ORGANIZATION_EDIT), "/rest/Affiliations/{organization}", "GetAffiliationList", affiliation_list,
     .params = {path_organization}, .reply = &schema_affiliation,
     .flags = REPLY_LIST,
     .doc = "All affiliations."},
    {POST(ORGANIZATION_EDIT), "/rest/Affiliations/{organization}", "CreateAffiliation", affiliation_create,
     .params = {path_organization}, .body = &schema_affiliation_spec,
     .reply = &schema_create_response,
     .doc = "Create an affiliation."},
    {0},
};


/* GET Affiliation/{id} */
static void
affiliation_get(rq_t *rq)
{
    sql_t *sql = affiliation_select(rq);

    sql_put(sql, " WHERE a.id = %ld", param_int(rq, "id", 0));
    reply_row(rq, 200, affiliation_columns, pg_run(rq, sql), 0);
}


/* GET Affiliations/{organization}, by last name, or user name where there is none */
static void
affiliation_list(rq_t *rq)
{
    sql_t *sql = affiliation_select(rq);

    sql_put(sql, " WHERE a.organization_id = %ld ORDER BY lower(coalesce(nullif(u.last_name, ''), u.username)), a.id", rq->organization);
    reply_rows(rq, affiliation_columns, pg_run(rq, sql));
}


/* POST Affiliations/{organization}; a second one of the same user is accepted (contract/accounts.md §6.2, R). */
static void
affiliation_create(rq_t *rq)
{
    int64_t   id;
    result_t *names;

    if (!param_given(rq, "user")) {
        fail(rq, 400, "'user'");
    }

    if (param_text(rq, "permission") == NULL) {
        fail(rq, 400, "'permission'");
    }

    names = pg_query(rq, "SELECT " DISPLAY_NAME_SQL("u") ", o.name FROM main_user u, main_organization o WHERE u.id = %ld AND o.id = %ld",
                     param_int(rq, "user", 0), rq->organization);
    if (pg_rows(names) == 0) {
        fail_no_match(rq, "User");
    }

    tx_begin(rq);
    id = pg_int(pg_query(rq, "INSERT INTO main_affiliation (permission, organization_id, user_id) VALUES (%s, %ld, %ld) RETURNING id",
                         param_text(rq, "permission"), rq->organization, param_int(rq, "user", 0)), 0, 0);

    mail_send_admins(rq, rq->organization, rq_format(rq, "%s added to %s", pg_text(names, 0, 0), pg_text(names, 0, 1)),
                     "%s now belongs to the organization %s, as %s.\n", pg_text(names, 0, 0),
                     pg_text(names, 0, 1), param_text(rq, "permission"));
    tx_commit(rq);

    reply_created(rq, id, "Affiliation of %s to %s created!", pg_text(names, 0, 0), pg_text(names, 0, 1));
}


/* PATCH Affiliation/{id} */
static void
affiliation_update(rq_t *rq)
{
    result_t   *names;
    const char *permission = param_text(rq, "permission");

    if (permission == NULL) {
        fail(rq, 400, "'permission'");
    }

    names = pg_query(rq,
                     "UPDATE main_affiliation a SET permission = %s FROM main_user u, main_organization o"
                     " WHERE a.id = %ld AND u.id = a.user_id AND o.id = a.organization_id RETURNING " DISPLAY_NAME_SQL("u") ", o.name",
                     permission, param_int(rq, "id", 0));
    if (pg_rows(names) == 0) {
        fail_missing(rq, "Affiliation");
    }

    reply_message(rq, 200, "Affiliation of %s to %s permissions updated to %s!", pg_text(names, 0, 0), pg_text(names, 0, 1), permission);
}


/* DELETE Affiliation/{id}; memberships stay */
static void
affiliation_delete(rq_t *rq)
{
    int64_t id = param_int(rq, "id", 0);

    pg_query(rq, "DELETE FROM main_affiliation WHERE id = %ld", id);
    reply_message(rq, 200, "Affiliation %ld successfully deleted!", (long) id);
}


static sql_t *
affiliation_select(rq_t *rq)
{
    sql_t *sql = sql_new(rq->arena);

    sql_put(sql, "SELECT ");
    columns_select(sql, affiliation_columns);
    sql_put(sql, " FROM main_affiliation a JOIN main_user u ON u.id = a.user_id");

    return sql;
}
