/*
 * Origins of the deployment (include/tator/origin.h).
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <tator/address.h>
#include <tator/origin.h>
#include <tator/store.h>

static bool origin_of_store(const char *origin, const store_config_t *store);


bool
origin_inside(const config_t *config, const char *url)
{
    bool  inside;
    char *origin;

    origin = address_origin(url, NULL);
    if (origin == NULL) {
        return false;
    }

    inside = address_origin_listed(config->request_origins, url) || origin_is(origin, config->main_host);

    for (int k = 0; k < STORE_KINDS && !inside; k++) {
        inside = origin_is(origin, config->stores[k].external_host) || origin_of_store(origin, &config->stores[k]);
    }

    free(origin);

    return inside;
}


bool
origin_is(const char *origin, const char *host)
{
    bool              same = false;
    char             *own, *url;
    size_t            len;
    static const char schemes[2][9] = {"http://", "https://"};

    if (host == NULL || host[0] == '\0') {
        return false;
    }

    len = strlen(host) + sizeof(schemes[1]);
    url = malloc(len);

    for (int k = 0; k < 2 && url != NULL && !same; k++) {
        snprintf(url, len, "%s%s", strstr(host, "://") ? "" : schemes[k], host);
        own = address_origin(url, NULL);
        same = own != NULL && strcmp(own, origin) == 0;
        free(own);
    }

    free(url);

    return same;
}


static bool
origin_of_store(const char *origin, const store_config_t *store)
{
    int     type = store_type_of(store->store_type);
    bool    same;
    json_t *config;

    if (store->config == NULL || type < 0) {
        return false;
    }

    config = json_loads(store->config, 0, NULL);
    same = config != NULL && origin_is(origin, store_endpoint((store_type_t) type, config));
    json_decref(config);

    return same;
}
