/*
 * The door for callers without credentials.
 */

#include "common.h"

static const field_t anonymous_gateway_schema_params[] = {
    {"redirect", STRING(), OPTIONAL, "Where to go next."},
    {0},
};

const endpoint_t gateway_endpoints[] = {
    {GET(OPEN), "/anonymous-gateway", "GetAnonymousGatewaySchema",
     .params = {anonymous_gateway_schema_params}, .reply = &schema_anything_list,
     .flags = NO_ERRORS | OWN_ERRORS,
     .doc = "Enter as the anonymous user."},
    {0},
};
