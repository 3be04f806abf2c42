/*
 * API tokens.
 */

#include "common.h"

static const field_t credentials_fields[] = {
    {"username", STRING(), REQUIRED, "User name, in any case."},
    {"password", STRING(), REQUIRED, "The password."},
    {"refresh", BOOLEAN(), OPTIONAL, "Whether to make a new token."},
    {0},
};

static const field_t token_fields[] = {
    {"token", STRING(), OPTIONAL, "Secret for access."},
    {0},
};

const schema_t schema_credentials = OBJECT(credentials_fields, NAMED("Credentials"));
const schema_t schema_token = OBJECT(token_fields, NAMED("Token"));

const endpoint_t token_endpoints[] = {
    {POST, "/rest/Token", "CreateObtainAuthToken",
     .access = ACCESS_OPEN, .body = &schema_credentials, .reply = &schema_token, .status = 200,
     .doc = "Get the token of a user by name and password."},
    {0},
};
