/*
 * Cookie sessions (session.h).
 */

#include "session.h"


bool
session_check(rq_t *rq)
{
    return false;
}
