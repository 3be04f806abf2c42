/*
 * Passwords that were forgotten.
 */

#include "../net/pg.h"
#include "common.h"

static const field_t password_reset_spec_fields[] = {
    {"email", STRING(), REQUIRED, "E-mail address."},
    {0},
};

const schema_t schema_password_reset_spec = OBJECT(password_reset_spec_fields, NAMED("PasswordResetSpec"));

static void password_reset_create(rq_t *rq);

const endpoint_t password_reset_endpoints[] = {
    {POST(OPEN), "/rest/PasswordReset", "CreatePasswordReset", password_reset_create,
     .body = &schema_password_reset_spec, .reply = &schema_message_response,
     .doc = "Mail a link that sets a new password."},
    {0},
};


/* POST PasswordReset (contract/accounts.md §4.5). A link is useless before it is mailed, so nothing is stored without mail. */
static void
password_reset_create(rq_t *rq)
{
    int64_t     n;
    const char *email = param_text(rq, "email");

    n = pg_rows(pg_query(rq, "SELECT FROM main_user WHERE upper(email) = upper(%s) LIMIT 2", email));

    if (n == 0) {
        fail(rq, 400, "Email %s is not registered with a user!", email);
    }

    if (n > 1) {
        fail(rq, 400, "Email %s is in use by multiple users!", email);
    }

    if (!rq->config->email_enabled) {
        fail(rq, 400, "Password resets are not configured! Contact your system administrator.");
    }

    fail(rq, 501, "Mail is not available on this server yet.");
}
