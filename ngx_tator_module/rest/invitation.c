/*
 * Invitations to an organization.
 */

#include <tator/uuid.h>

#include "../api/columns.h"
#include "../api/mail.h"
#include "common.h"

static const field_t invitation_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"organization", INTEGER(MINIMUM(1)), OPTIONAL, "The organization it belongs to."},
    {"created_by", INTEGER(), OPTIONAL, "User who created it."},
    {"created_username", STRING(), OPTIONAL, "Name of the user who created it."},
    {"created_datetime", STRING(FORMAT("date-time")), OPTIONAL, "When it was created."},
    {"status", STRING(ENUM("Pending", "Expired", "Accepted")), OPTIONAL, "How it stands."},
    {"registration_token", STRING(), OPTIONAL, "Secret of the invitation."},
    {"email", STRING(), OPTIONAL, "E-mail address."},
    {"permission", STRING(ENUM_AFFILIATION), OPTIONAL, "What is permitted."},
    {0},
};

static const field_t invitation_spec_fields[] = {
    {"email", STRING(), REQUIRED, "E-mail address."},
    {"permission", STRING(ENUM_AFFILIATION), REQUIRED, "What is permitted."},
    {0},
};

static const field_t invitation_update_fields[] = {
    {"status", STRING(ENUM("Accepted")), OPTIONAL, "How it stands."},
    {"permission", STRING(ENUM_AFFILIATION), OPTIONAL, "What is permitted."},
    {0},
};

const schema_t schema_invitation = OBJECT(invitation_fields, NAMED("Invitation"));
const schema_t schema_invitation_spec = OBJECT(invitation_spec_fields, NAMED("InvitationSpec"));
const schema_t schema_invitation_update = OBJECT(invitation_update_fields, NAMED("InvitationUpdate"));

const lookup_t lookup_invitation = {
    .model = "Invitation",
    .sql = "SELECT organization_id FROM main_invitation WHERE id = $1",
};

static const column_t invitation_columns[] = {
    {"id", "i.id", COLUMN_RAW},
    {"email", "i.email", COLUMN_TEXT},
    {"organization_id", "i.organization_id", COLUMN_RAW},
    {"permission", "i.permission", COLUMN_TEXT},
    {"registration_token", "CASE WHEN reader.invites THEN i.registration_token END", COLUMN_SAFE},
    {"status", "i.status", COLUMN_TEXT},
    {"created_by_id", "i.created_by_id", COLUMN_RAW},
    {"created_datetime", "i.created_datetime", COLUMN_TIME},
    {"created_username", "u.username", COLUMN_TEXT},
    {0},
};

static void   invitation_get(rq_t *rq);
static void   invitation_update(rq_t *rq);
static void   invitation_delete(rq_t *rq);
static void   invitation_list(rq_t *rq);
static void   invitation_create(rq_t *rq);
static sql_t *invitation_select(rq_t *rq);

const endpoint_t invitation_endpoints[] = {
    {GET(ORGANIZATION_EDIT), "/rest/Invitation/{id}", "GetInvitation", invitation_get,
     .lookup = &lookup_invitation, .params = {path_id},
     .reply = &schema_invitation,
     .doc = "An invitation."},
    {PATCH(ORGANIZATION_EDIT), "/rest/Invitation/{id}", "UpdateInvitation", invitation_update,
     .lookup = &lookup_invitation, .params = {path_id},
     .body = &schema_invitation_update, .reply = &schema_message_response,
     .doc = "Change an invitation."},
    {DELETE(ORGANIZATION_EDIT), "/rest/Invitation/{id}", "DeleteInvitation", invitation_delete,
     .lookup = &lookup_invitation, .params = {path_id},
     .reply = &schema_message_response,
     .doc = "Delete an invitation."},
    {GET(ORGANIZATION_EDIT), "/rest/Invitations/{organization}", "GetInvitationList", invitation_list,
     .params = {path_organization}, .reply = &schema_invitation,
     .flags = REPLY_LIST,
     .doc = "All invitations."},
    {POST(ORGANIZATION_EDIT), "/rest/Invitations/{organization}", "CreateInvitation", invitation_create,
     .params = {path_organization}, .body = &schema_invitation_spec,
     .reply = &schema_create_response,
     .doc = "Create an invitation."},
    {0},
};


/* GET Invitation/{id} */
static void
invitation_get(rq_t *rq)
{
    sql_t *sql = invitation_select(rq);

    sql_put(sql, " WHERE i.id = %ld", param_int(rq, "id", 0));
    reply_row(rq, 200, invitation_columns, pg_run(rq, sql), 0);
}


/* GET Invitations/{organization}, oldest first */
static void
invitation_list(rq_t *rq)
{
    sql_t *sql = invitation_select(rq);

    sql_put(sql, " WHERE i.organization_id = %ld ORDER BY i.created_datetime, i.id", rq->organization);
    reply_rows(rq, invitation_columns, pg_run(rq, sql));
}


/* POST Invitations/{organization}: the answer's message carries the URL (contract/accounts.md §6.3). */
static void
invitation_create(rq_t *rq)
{
    char        token[UUID_SIZE];
    int64_t     id;
    result_t   *facts;
    const char *url, *email = param_text(rq, "email");

    tx_begin(rq);

    /* one at a time; a statement of its own, so that the next one sees what the one before has left */
    pg_query(rq, "SELECT FROM main_organization WHERE id = %ld FOR NO KEY UPDATE", rq->organization);

    facts = pg_query(rq,
                     "SELECT o.name, (SELECT count(*) FROM main_user u WHERE u.email = w.email),"
                     "       EXISTS (SELECT FROM main_invitation i WHERE i.organization_id = o.id AND i.email = w.email AND i.status = 'Pending'),"
                     "       EXISTS (SELECT FROM main_affiliation a JOIN main_user u ON u.id = a.user_id"
                     "               WHERE a.organization_id = o.id AND u.email = w.email)"
                     " FROM main_organization o CROSS JOIN (SELECT %s::text AS email) w WHERE o.id = %ld",
                     email, rq->organization);

    if (pg_rows(facts) == 0) {
        fail_missing(rq, "Organization");
    }

    if (pg_bool(facts, 0, 2)) {
        fail(rq, 400, "Pending invitation already exists for organization %s, email %s!", pg_text(facts, 0, 0), email);
    }

    if (pg_int(facts, 0, 1) > 1) {
        fail(rq, 400, "Multiple users exist with email %s!", email);
    }

    if (pg_bool(facts, 0, 3)) {
        fail(rq, 400, "Affiliation already exists for email %s!", email);
    }

    uuid_v4(token);
    id = pg_int(pg_query(rq,
                         "INSERT INTO main_invitation (email, permission, registration_token, status, created_datetime, created_by_id, organization_id)"
                         " VALUES (%s, %s, %s::uuid, 'Pending', now(), %ld, %ld) RETURNING id",
                         email, param_text(rq, "permission"), token, rq->user.id, rq->organization), 0, 0);

    url = rq_format(rq, "%s://%.*s/%s?registration_token=%s", (char *) rq->scheme.data, (int) rq->host.len, (char *) rq->host.data,
                    pg_int(facts, 0, 1) == 1 ? "accept" : "registration", token);
    mail_send(rq, email, rq_format(rq, "Tator invitation from %s", pg_text(facts, 0, 0)),
              "You are invited to join the organization %s in Tator.\n\nFollow this link, within a week:\n\n%s\n", pg_text(facts, 0, 0), url);
    tx_commit(rq);

    reply_created(rq, id, "User can register at %s", url);
}


/* PATCH Invitation/{id} */
static void
invitation_update(rq_t *rq)
{
    int64_t     id = param_int(rq, "id", 0);
    const char *status = param_text(rq, "status");

    if (status != NULL && strcmp(status, "Accepted") != 0) {
        fail(rq, 400, "The status of an invitation can only become Accepted.");
    }

    pg_query(rq, "UPDATE main_invitation SET permission = coalesce(%s, permission), status = coalesce(%s, status) WHERE id = %ld",
             param_text(rq, "permission"), status, id);
    reply_message(rq, 200, "Invitation %ld successfully updated!", (long) id);
}


/* DELETE Invitation/{id} */
static void
invitation_delete(rq_t *rq)
{
    int64_t id = param_int(rq, "id", 0);

    pg_query(rq, "DELETE FROM main_invitation WHERE id = %ld", id);
    reply_message(rq, 200, "Invitation %ld successfully deleted!", (long) id);
}


/* Who may not invite does not see the tokens: with one, anybody becomes what the invitation says (contract/accounts.md §6.3, S). */
static sql_t *
invitation_select(rq_t *rq)
{
    sql_t *sql = sql_new(rq->arena);

    sql_put(sql, "SELECT ");
    columns_select(sql, invitation_columns);
    sql_put(sql, " FROM main_invitation i LEFT JOIN main_user u ON u.id = i.created_by_id CROSS JOIN (SELECT ");

    if (rq->config->fine_grain) {
        sql_put(sql, "tator.organization_permission(%ld::int, %ld::int) >> 8 & %d <> 0", rq->user.id, rq->organization, PERMISSION_CREATE);
    } else {
        sql_put(sql, "%d::boolean", (int) rq->admin);
    }

    sql_put(sql, " AS invites) reader");

    return sql;
}
