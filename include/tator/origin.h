/* Which origins are the deployment's own, or were allowed by whoever runs it. Such ones may be at private addresses. */

#ifndef TATOR_ORIGIN_H
#define TATOR_ORIGIN_H

#include <stdbool.h>

#include <tator/config.h>

/*
 * The http(s) URL's origin is in SERVER_SIDE_REQUEST_ORIGINS, or is MAIN_HOST or a default object store. What users enter, the
 * buckets of organizations too, never is by itself.
 */
bool origin_inside(const config_t *config, const char *url);

/* `host` is a URL, or host:port for both schemes, and has this origin ("scheme://host:port"). NULL and "" have none. */
bool origin_is(const char *origin, const char *host);

#endif
