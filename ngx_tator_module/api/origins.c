/*
 * Allowed origins (origins.h). Only plain authorities are understood, host or host:port: what another parser could read
 * differently (user names, backslashes, blanks) is refused.
 */

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "origins.h"
#include "../net/pg.h"

typedef struct {
    str_t scheme, host;
    int   port; /* 0: the entry names none */
} origin_t;

static bool origin_parse(const char *text, size_t len, origin_t *origin);
static bool origin_listed(const origin_t *origin, const char *list);
static bool origin_matches(const origin_t *origin, const char *entry, size_t len, bool any_port);
static bool origin_own(rq_t *rq, const origin_t *origin);
static bool origin_store(rq_t *rq, const origin_t *origin, const store_config_t *store);
static bool origin_bucket(rq_t *rq, const origin_t *origin);


void
origin_check(rq_t *rq, const char *url)
{
    origin_t    origin;
    const char *list = rq->config->request_origins;

    if (!origin_parse(url, strlen(url), &origin) || origin.scheme.len == 0) {
        fail(rq, 403, "URL %.200s is not from an allowed origin.", url);
    }

    if (list == NULL || list[strspn(list, " ,")] == '\0') {
        return;
    }

    if (origin_listed(&origin, list) || origin_own(rq, &origin) || origin_bucket(rq, &origin)) {
        return;
    }

    fail(rq, 403, "URL %.200s is not from an allowed origin.", url);
}


/* "scheme://host:port…"; the scheme may be missing. false: not http(s), or an authority that is not plain. */
static bool
origin_parse(const char *text, size_t len, origin_t *origin)
{
    size_t      n;
    const char *end = text + len, *p, *colon;

    *origin = (origin_t) {{0}, {0}, 0};

    for (n = 0; n + 2 < len && text[n] != '/' && memcmp(text + n, "://", 3) != 0; n++) { /* void */ }

    if (n + 2 < len && memcmp(text + n, "://", 3) == 0) {
        origin->scheme = (str_t) {n, (unsigned char *) text};
        text += n + 3;

        if (!(n == 4 && strncasecmp((char *) origin->scheme.data, "http", 4) == 0)
            && !(n == 5 && strncasecmp((char *) origin->scheme.data, "https", 5) == 0))
        {
            return false;
        }
    }

    for (p = text, colon = NULL; p < end && *p != '/' && *p != '?' && *p != '#'; p++) {
        if (*p == '[' || *p == ']') {
            colon = NULL;
            continue;
        }
        if (*p == ':') {
            colon = p;
            continue;
        }
        if (!isalnum((unsigned char) *p) && strchr("-._", *p) == NULL) {
            return false;
        }
    }

    origin->host = (str_t) {(size_t) ((colon ? colon : p) - text), (unsigned char *) text};

    for (n = 0; colon != NULL && colon + 1 + n < p; n++) {
        if (!isdigit((unsigned char) colon[1 + n]) || n > 4) {
            return false;
        }
        origin->port = origin->port * 10 + colon[1 + n] - '0';
    }

    return origin->host.len > 0;
}


static bool
origin_listed(const origin_t *origin, const char *list)
{
    size_t n;

    for (;;) {
        list += strspn(list, " ,");
        n = strcspn(list, " ,");
        if (n == 0) {
            return false;
        }
        if ((n == 1 && *list == '*') || origin_matches(origin, list, n, true)) {
            return true;
        }
        list += n;
    }
}


/* An entry without scheme holds for both; one without port for all (any_port) or for the scheme's own. */
static bool
origin_matches(const origin_t *origin, const char *entry, size_t len, bool any_port)
{
    origin_t allowed;
    int      usual = origin->scheme.len == 5 ? 443 : 80;
    int      port = origin->port ? origin->port : usual;

    if (!origin_parse(entry, len, &allowed)) {
        return false;
    }

    if (allowed.scheme.len != 0 && allowed.scheme.len != origin->scheme.len) {
        return false;
    }

    return allowed.host.len == origin->host.len
           && strncasecmp((char *) allowed.host.data, (char *) origin->host.data, allowed.host.len) == 0
           && (allowed.port == 0 ? any_port || port == usual : allowed.port == port);
}


static bool
origin_own(rq_t *rq, const origin_t *origin)
{
    if (rq->config->main_host != NULL && origin_matches(origin, rq->config->main_host, strlen(rq->config->main_host), false)) {
        return true;
    }

    for (int kind = 0; kind < STORE_KINDS; kind++) {
        if (origin_store(rq, origin, &rq->config->stores[kind])) {
            return true;
        }
    }

    return false;
}


static bool
origin_store(rq_t *rq, const origin_t *origin, const store_config_t *store)
{
    json_t      *config;
    const char  *endpoint;
    json_error_t error;

    if (store->external_host != NULL && origin_matches(origin, store->external_host, strlen(store->external_host), false)) {
        return true;
    }

    if (store->config == NULL) {
        return false;
    }

    config = json_parse(store->config, strlen(store->config), &error);
    if (config == NULL) {
        return false;
    }
    config = rq_own(rq, config);

    if (json_is_string(config)) { /* JSON in JSON */
        config = json_parse(json_string_value(config), json_string_length(config), &error);
        if (config == NULL) {
            return false;
        }
        config = rq_own(rq, config);
    }

    endpoint = json_string_value(json_object_get(config, "endpoint_url"));

    return endpoint != NULL && origin_matches(origin, endpoint, strlen(endpoint), false);
}


static bool
origin_bucket(rq_t *rq, const origin_t *origin)
{
    result_t   *result;
    const char *text;

    result = pg_query(rq,
                      "SELECT external_host, coalesce(config ->> 'endpoint_url', config -> 'boto3_config' ->> 'endpoint_url')"
                      " FROM main_bucket WHERE organization_id = %ld",
                      rq->organization);

    for (int64_t row = 0; row < pg_rows(result); row++) {
        for (int column = 0; column < 2; column++) {
            text = pg_text(result, row, column);
            if (text != NULL && origin_matches(origin, text, strlen(text), false)) {
                return true;
            }
        }
    }

    return false;
}
