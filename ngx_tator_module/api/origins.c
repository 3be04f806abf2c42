/*
 * Allowed origins (origins.h).
 */

#include <stdlib.h>

#include "origins.h"
#include <tator/address.h>
#include "../net/pg.h"

static bool        origin_own(rq_t *rq, const char *origin);
static bool        origin_bucket(rq_t *rq, const char *origin);
static const char *origin_endpoint(rq_t *rq, const char *config);
static bool        origin_is(rq_t *rq, const char *origin, const char *host);


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
    if (origin == NULL || !origin_trusted(rq, url)) {
        fail(rq, 403, "URL %.200s is not from an allowed origin.", url);
    }
}


bool
origin_trusted(rq_t *rq, const char *url)
{
    char *origin;

    origin = address_origin(url, NULL);
    if (origin == NULL) {
        return false;
    }
    arena_cleanup(rq->arena, free, origin);

    return address_origin_listed(rq->config->request_origins, url) || origin_own(rq, origin) || origin_bucket(rq, origin);
}


static bool
origin_own(rq_t *rq, const char *origin)
{
    const store_config_t *store;

    if (origin_is(rq, origin, rq->config->main_host)) {
        return true;
    }

    for (store = rq->config->stores; store < rq->config->stores + STORE_KINDS; store++) {
        if (origin_is(rq, origin, store->external_host) || origin_is(rq, origin, origin_endpoint(rq, store->config))) {
            return true;
        }
    }

    return false;
}


static bool
origin_bucket(rq_t *rq, const char *origin)
{
    result_t *result;

    result = pg_query(rq,
                      "SELECT external_host, coalesce(config ->> 'endpoint_url', config -> 'boto3_config' ->> 'endpoint_url')"
                      " FROM main_bucket WHERE organization_id = %ld",
                      rq->organization);

    for (int64_t row = 0; row < pg_rows(result); row++) {
        if (origin_is(rq, origin, pg_text(result, row, 0)) || origin_is(rq, origin, pg_text(result, row, 1))) {
            return true;
        }
    }

    return false;
}


/* endpoint_url of a configuration, which may be JSON in JSON; NULL: none. */
static const char *
origin_endpoint(rq_t *rq, const char *text)
{
    json_t      *config;
    json_error_t error;

    for (int depth = 0; text != NULL && depth < 2; depth++) {
        config = json_parse(text, strlen(text), &error);
        if (config == NULL) {
            return NULL;
        }

        rq_own(rq, config);
        if (json_is_object(config)) {
            return json_string_value(json_object_get(config, "endpoint_url"));
        }

        text = json_string_value(config);
    }

    return NULL;
}


/* `host` is a URL, or host:port for both schemes. */
static bool
origin_is(rq_t *rq, const char *origin, const char *host)
{
    char             *own;
    bool              same = false;
    static const char schemes[2][9] = {"http://", "https://"};

    if (host == NULL || host[0] == '\0') {
        return false;
    }

    for (int k = 0; k < 2 && !same; k++) {
        own = address_origin(strstr(host, "://") ? host : rq_format(rq, "%s%s", schemes[k], host), NULL);
        same = own != NULL && strcmp(own, origin) == 0;
        free(own);
    }

    return same;
}
