/*
 * Where the server, and its workers on behalf of users, may fetch from (contract/media.md §20). SERVER_SIDE_REQUEST_ORIGINS is a comma
 * list of origins, "https://example.com, http://10.0.0.5:9000"; an entry without port holds for every port of that host, "*" for everything.
 */

#ifndef TATOR_ORIGINS_H
#define TATOR_ORIGINS_H

#include "../core/rq.h"

/*
 * Fail with 403 "URL … is not from an allowed origin" unless the URL is http(s) and: no list is configured, or its origin is in the list, or
 * belongs to this deployment (MAIN_HOST, object stores of the configuration or of the organization's buckets). With no list the
 * fetcher still refuses private addresses.
 */
void origin_check(rq_t *rq, const char *url);

/* true: in the list, or of this deployment's configuration. Such a URL may lead to private addresses, too: fetch_t.foreign is false for
   it. An organization's bucket is none of these: its administrators, whom nobody has to know, enter its address. */
bool origin_trusted(rq_t *rq, const char *url);

#endif
