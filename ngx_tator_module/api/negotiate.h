/* Which form the answer takes: contract/accounts.md §2 (3), queries.md §4. */

#ifndef TATOR_NEGOTIATE_H
#define TATOR_NEGOTIATE_H

#include "../core/rq.h"

/* Fill rq->format from the query parameter `format`, else the Accept header; fails with 404 (unknown format) or 400. */
void negotiate(rq_t *rq);

#endif
