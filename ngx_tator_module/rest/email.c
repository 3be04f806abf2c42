/*
 * Mail to people, with files of the project.
 */

#include "common.h"

static const field_t email_attachment_spec_fields[] = {
    {"key", STRING(), REQUIRED, "Object key."},
    {"name", STRING(), REQUIRED, "Its name."},
    {0},
};

static const field_t email_spec_fields[] = {
    {"recipients", ARRAY(STRING()), REQUIRED, "E-mail addresses."},
    {"subject", STRING(), REQUIRED, "Subject of the mail."},
    {"text", STRING(), REQUIRED, "Text of the mail."},
    {"attachments", ARRAY(REF(schema_email_attachment_spec)), OPTIONAL, "Files to send along."},
    {0},
};

const schema_t schema_email_attachment_spec = OBJECT(email_attachment_spec_fields, NAMED("EmailAttachmentSpec"));
const schema_t schema_email_spec = OBJECT(email_spec_fields, NAMED("EmailSpec"));

const endpoint_t email_endpoints[] = {
    {POST(EXECUTE), "/rest/Email/{project}", "SendEmail",
     .params = {path_project}, .body = &schema_email_spec,
     .reply = &schema_message_response,
     .doc = "Send a mail."},
    {0},
};
