/*
 * Authors other than the caller (author.h).
 */

#include "author.h"
#include "../net/pg.h"


int64_t
author_find(rq_t *rq, const char *elemental_id, int *status, const char **problem)
{
    result_t *result;

    if (elemental_id == NULL) {
        return rq->user.id;
    }

    result = pg_query(rq, "SELECT 1 FROM main_membership WHERE project = %ld AND \"user\" = %ld AND permission = 'a' LIMIT 1",
                      rq->project, rq->user.id);
    if (pg_rows(result) == 0) {
        *status = 403;
        *problem = rq_format(rq, "%s does not have full permission, required for authorship modifications, on %ld",
                             rq->user.username, (long) rq->project);
        return 0;
    }

    result = pg_query(rq, "SELECT id FROM main_user WHERE elemental_id::text = lower(%s)", elemental_id);
    if (pg_rows(result) == 0) {
        *status = 400;
        *problem = rq_format(rq, "Couldn't find user with %s", elemental_id);
        return 0;
    }

    return pg_int(result, 0, 0);
}


int64_t
author_of(rq_t *rq, const char *elemental_id)
{
    int         status;
    int64_t     id;
    const char *problem;

    id = author_find(rq, elemental_id, &status, &problem);
    if (id == 0) {
        fail(rq, status, "%s", problem);
    }

    return id;
}
