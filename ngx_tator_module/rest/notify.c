/*
 * Messages to the operators.
 */

#include "common.h"

static const field_t notify_spec_fields[] = {
    {"message", STRING(), REQUIRED, "What happened, for people."},
    {"send_as_file", INTEGER(), OPTIONAL, "1 sends the message as a file."},
    {0},
};

const schema_t schema_notify_spec = OBJECT(notify_spec_fields, NAMED("NotifySpec"));

const endpoint_t notify_endpoints[] = {
    {POST(OPEN), "/rest/Notify", "Notify",
     .body = &schema_notify_spec, .status = 201,
     .flags = OPEN_SCHEMA | DOCUMENTS_503 | OWN_ERRORS,
     .doc = "Send a message to the operators."},
    {0},
};
