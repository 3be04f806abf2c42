/*
 * Passwords that were forgotten.
 */

#include <tator/uuid.h>

#include "../api/mail.h"
#include "../net/pg.h"
#include "common.h"
#include "../api/page.h"
#include "password_reset.h"

static const field_t password_reset_spec_fields[] = {
    {"email", STRING(), REQUIRED, "E-mail address."},
    {0},
};

const schema_t schema_password_reset_spec = OBJECT(password_reset_spec_fields, NAMED("PasswordResetSpec"));

static void password_reset_create(rq_t *rq);

const endpoint_t password_reset_endpoints[] = {
    {POST(OPEN), "/rest/PasswordReset", "CreatePasswordReset", password_reset_create,
     .body = &schema_password_reset_spec, .reply = &schema_message_response,
     .flags = CREDENTIALS, .doc = "Mail a link that sets a new password."},
    {0},
};


/* POST PasswordReset (contract/accounts.md §4.5): the row and its mail are one transaction. */
static void
password_reset_create(rq_t *rq)
{
    int64_t     n;
    result_t   *user;
    const char *email = param_text(rq, "email");

    user = pg_query(rq, "SELECT id, email FROM main_user WHERE upper(email) = upper(%s) LIMIT 2", email);
    n = pg_rows(user);

    if (n == 0) {
        fail(rq, 400, "Email %s is not registered with a user!", email);
    }

    if (n > 1) {
        fail(rq, 400, "Email %s is in use by multiple users!", email);
    }

    if (!rq->config->email_enabled) {
        fail(rq, 400, "Password resets are not configured! Contact your system administrator.");
    }

    tx_begin(rq);
    password_reset_mail(rq, pg_int(user, 0, 0), pg_text(user, 0, 1));
    tx_commit(rq);

    reply_message(rq, 201, "Password reset created successfully! An email was sent to %s.", pg_text(user, 0, 1));
}


void
password_reset_mail(rq_t *rq, int64_t user, const char *email)
{
    char token[UUID_SIZE];

    /* nobody may guess it from another: a time-based one, as the reference's, is nearly the same for two that are asked for together */
    uuid_v4(token);
    pg_query(rq, "INSERT INTO main_passwordreset (reset_token, created_datetime, user_id) VALUES (%s::uuid, now(), %ld)", token, user);

    mail_send(rq, email, "Tator password reset",
              "A password reset was requested for this e-mail address.\n\n"
              "If you did not ask for it, ignore this message. Otherwise set a new password here, within a day:\n\n"
              "%s/password-reset?reset_token=%s&user=%ld\n",
              page_site(rq), token, (long) user);
}
