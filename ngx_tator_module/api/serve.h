/*
 * What a request's fiber runs: the checks of contract/accounts.md §2 in their order, then the endpoint's handler.
 */

#ifndef TATOR_SERVE_H
#define TATOR_SERVE_H

#include "../core/rq.h"

/* Answer the request that was routed and whose body was read, or leave by fail(). core/module.c gives it to core/request.c. */
void serve(rq_t *rq);

#endif
