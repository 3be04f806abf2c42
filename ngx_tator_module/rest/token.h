/* API tokens for jobs that work in a user's name. */

#ifndef TATOR_TOKEN_H
#define TATOR_TOKEN_H

#include "../core/rq.h"

/* The user's token, made when there is none. */
const char *token_of(rq_t *rq, int64_t user);

#endif
