/* Cookie sessions in the framework's stored format, with their CSRF rules: contract/accounts.md §3.2, §3.4, §3.6. */

#ifndef TATOR_SESSION_REQUEST_H
#define TATOR_SESSION_REQUEST_H

#include "../core/rq.h"

/* true: the cookie names a live session of an active user, now in rq->user (by_session). Under /rest a method that changes
   something must then pass the CSRF check, else 403. */
bool session_check(rq_t *rq);

#endif
