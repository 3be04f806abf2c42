/*
 * Allowed origins (origins.h).
 */

#include <stdlib.h>

#include "origins.h"
#include <tator/address.h>
#include <tator/origin.h>
#include "../net/pg.h"

static bool origin_bucket(rq_t *rq, const char *url);


void
origin_check(rq_t *rq, const char *url)
{
    char       *origin;
    const char *list = rq->config->request_origins;

    origin = address_origin(url, NULL);

    if (origin != NULL && (list == NULL || list[strspn(list, " ,")] == '\0')) {
        free(origin);
        return;
    }

    free(origin);
    if (origin == NULL || !(origin_trusted(rq, url) || origin_bucket(rq, url))) {
        fail(rq, 403, "URL %.200s is not from an allowed origin.", url);
    }
}


bool
origin_trusted(rq_t *rq, const char *url)
{
    return origin_inside(rq->config, url);
}


/* Of a store that the organization has entered. */
static bool
origin_bucket(rq_t *rq, const char *url)
{
    bool      known = false;
    char     *origin;
    result_t *result;

    result = pg_query(rq,
                      "SELECT external_host, coalesce(config ->> 'endpoint_url', config -> 'boto3_config' ->> 'endpoint_url')"
                      " FROM main_bucket WHERE organization_id = %ld",
                      rq->organization);

    origin = address_origin(url, NULL);

    for (int64_t row = 0; row < pg_rows(result) && origin != NULL && !known; row++) {
        known = origin_is(origin, pg_text(result, row, 0)) || origin_is(origin, pg_text(result, row, 1));
    }

    free(origin);

    return known;
}
