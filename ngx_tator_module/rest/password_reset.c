/*
 * Passwords that were forgotten.
 */

#include "common.h"

static const field_t password_reset_spec_fields[] = {
    {"email", STRING(), REQUIRED, "E-mail address."},
    {0},
};

const schema_t schema_password_reset_spec = OBJECT(password_reset_spec_fields, NAMED("PasswordResetSpec"));

const endpoint_t password_reset_endpoints[] = {
    {POST, "/rest/PasswordReset", "CreatePasswordReset",
     .access = ACCESS_OPEN, .body = &schema_password_reset_spec, .reply = &schema_message_response,
     .doc = "Mail a link that sets a new password."},
    {0},
};
