/*
 * The check in fine-grain mode (contract/accounts.md §9.4). Rows that the caller does not see are not there. What is asked of a request:
 *
 *     creation                    the bits in the mask of the parents: the project's or organization's, shifted to the new rows
 *     one row, or rows selected   the bits in the masks of all of them
 *     nothing selected            reading: the bits in the project's own byte; DELETE: that the project is visible; PATCH: refused
 *
 * Without credentials a request sees what the user named `anonymous` sees, if there is one, and may only read (§9.6).
 */

#include <stdlib.h>

#include "access.h"
#include "auth.h"
#include "endpoint.h"
#include "../net/pg.h"

static int           fine_noun_order(const void *key, const void *row);
static rights_t      fine_row(rq_t *rq, const model_t *model, int64_t owner);
static rights_t      fine_rows(rq_t *rq, const model_t *model, int64_t project, int64_t mask);
static void          fine_empty(rq_t *rq, int64_t owner, int64_t mask);
static void          fine_writes(rq_t *rq);


/* Whose masks count. */
int64_t
access_viewer(rq_t *rq)
{
    result_t *result;

    if (rq->user.id != 0 || !rq->config->fine_grain) {
        return rq->user.id;
    }

    result = pg_query(rq, "SELECT id FROM main_user WHERE username = 'anonymous' AND is_active");

    return pg_rows(result) == 0 ? 0 : pg_int(result, 0, 0);
}


/* By the first segment of an operation's path; NULL: it is not known. */
const noun_t *
access_noun(const char *path)
{
    size_t n = 0;

    while (access_nouns[n].noun != NULL) {
        n++;
    }

    return bsearch(path + sizeof("/rest/") - 1, access_nouns, n, sizeof(noun_t), fine_noun_order);
}


void
access_fine_project(rq_t *rq, int64_t project, int64_t mask)
{
    int64_t        owner;
    rights_t       rights = {0, 0};
    const noun_t  *noun = access_noun(rq->endpoint->path);
    const model_t *model = noun->model;

    if (!auth_project(rq, project, &rq->organization, &rq->level)) {
        fail_missing(rq, "Project");
    }

    owner = access_project_mask(rq, project);

    if (rq->endpoint->lookup != NULL) {
        rights = fine_row(rq, model, owner);

        if (rights.n == 0) {
            if (!noun->refused) {
                fail_missing(rq, rq->endpoint->lookup->model);
            }
            access_credentials(rq);
            fail_permission(rq);
        }
    }

    fine_writes(rq);

    if (rq->endpoint->method == METHOD_POST) {
        rights.mask = model->parents != NULL ? (rq->project = project, model->parents(rq)) : owner >> model->shift;

    } else if (rq->endpoint->lookup == NULL) {
        rq->project = project;
        rights = fine_rows(rq, model, project, owner);

        if (rights.n == 0) {
            fine_empty(rq, owner, mask);
            return;
        }
    }

    if ((rights.mask & mask) != mask) {
        access_credentials(rq);
        fail_permission(rq);
    }
}


/* A project that no parameter of the path named, by the mask of the path's rows in it; those that are there have to be visible, too. */
void
access_fine_owner(rq_t *rq, int64_t project, int64_t mask)
{
    if (!auth_project(rq, project, &rq->organization, &rq->level)) {
        fail_missing(rq, "Project");
    }

    access_credentials(rq);

    if (rq->endpoint->method != METHOD_POST) {
        mask |= PERMISSION_VISIBLE;
    }

    if (((access_project_mask(rq, project) >> access_noun(rq->endpoint->path)->model->shift) & mask) != mask) {
        fail_permission(rq);
    }
}


void
access_fine_organization(rq_t *rq, int64_t mask)
{
    int64_t        organization, owner;
    rights_t       rights = {0, 0};
    const model_t *model = access_noun(rq->endpoint->path)->model;

    if (rq->endpoint->lookup != NULL) {
        organization = access_lookup(rq);
        if (organization == 0) {
            fail(rq, 403, "%s", ""); /* as a row that is not visible (contract/accounts.md §6) */
        }

    } else {
        organization = param_int(rq, "organization", 0);
        if (pg_rows(pg_query(rq, "SELECT FROM main_organization WHERE id = %ld", organization)) == 0) {
            fail_missing(rq, "Organization");
        }
    }

    owner = access_mask(rq, "tator.organization_permission", organization);

    if (rq->endpoint->lookup != NULL) {
        rights = fine_row(rq, model, owner);

        if (rights.n == 0) {
            access_credentials(rq);
            fail(rq, 403, "%s", "");
        }

    } else if (rq->endpoint->method == METHOD_POST || model->permission == NULL) {
        rights.mask = owner >> model->shift;

    } else {
        rights = fine_rows(rq, model, organization, owner);
        rights.mask = rights.n == 0 ? owner >> model->shift : rights.mask;
    }

    fine_writes(rq);

    if ((rights.mask & mask) != mask) {
        access_credentials(rq);
        fail_permission(rq);
    }

    rq->organization = organization;
    rq->admin = true; /* handlers that ask for it mean: whoever may see what members do not */
}


/* By the first segment, whose end is the slash. */
static int
fine_noun_order(const void *key, const void *row)
{
    int           order;
    size_t        len = strcspn(key, "/");
    const noun_t *noun = row;

    order = strncmp(key, noun->noun, len);

    return order != 0 ? order : noun->noun[len] != '\0' ? -1 : 0;
}


/* The row that the path names: by its id, or all that have the path's keys. */
static rights_t
fine_row(rq_t *rq, const model_t *model, int64_t owner)
{
    bool               first = true;
    sql_t             *sql;
    json_t            *value;
    rights_t           rights;
    result_t          *result;
    const char *const *key, *const id[] = {"id", NULL};

    if (model->permission == NULL) {
        rights.mask = owner >> model->shift;
        rights.n = (rights.mask & PERMISSION_VISIBLE) == PERMISSION_VISIBLE;
        return rights;
    }

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT count(*), bit_and(mask) FROM (SELECT ");
    sql_raw(sql, model->permission);
    sql_put(sql, "(%ld::int, t.id) AS mask FROM ", rq->viewer);
    sql_raw(sql, rq_format(rq, "%.*s", (int) (strstr(model->rows, " WHERE ") - model->rows), model->rows));

    for (key = rq->endpoint->lookup->keys[0] ? rq->endpoint->lookup->keys : id; *key != NULL; key++, first = false) {
        value = param(rq, *key);
        sql_raw(sql, first ? " WHERE t." : " AND t.");
        sql_raw(sql, *key);
        sql_raw(sql, " = ");
        sql_bind(sql, json_is_string(value) ? json_string_value(value) : json_text(rq->arena, value));
    }

    sql_put(sql, " OFFSET 0) p WHERE mask & 3 = 3");
    result = pg_run(rq, sql);
    rights.n = pg_int(result, 0, 0);
    rights.mask = pg_int(result, 0, 1);

    return rights;
}


/* The rows that the parameters select. What it takes to know is not asked of the database where the answer is the same anyway. */
static rights_t
fine_rows(rq_t *rq, const model_t *model, int64_t owner, int64_t mask)
{
    bool      reads = rq->endpoint->method == METHOD_GET || rq->endpoint->method == METHOD_PUT;
    sql_t    *sql;
    rights_t  rights;
    result_t *result;

    if (model->permission == NULL) {
        rights.mask = mask >> model->shift;

        if ((rights.mask & PERMISSION_VISIBLE) != PERMISSION_VISIBLE) {
            rq->hidden = true;
            return (rights_t) {0, 0};
        }
    }

    /* whoever sees the project may look at lists; they show what is visible */
    if (reads && rq->user.id != 0 && rq->endpoint->access == ACCESS_VIEW && (mask & PERMISSION_VISIBLE) == PERMISSION_VISIBLE) {
        return (rights_t) {1, PERMISSION_VISIBLE};
    }

    if (model->selected != NULL) {
        return model->selected(rq);
    }

    sql = sql_new(rq->arena);

    if (model->permission == NULL) {
        sql_put(sql, "SELECT count(*), 0 FROM (SELECT FROM ");
    } else {
        sql_put(sql, "SELECT count(*), bit_and(mask) FROM (SELECT ");
        sql_raw(sql, model->permission);
        sql_put(sql, "(%ld::int, t.id) AS mask FROM ", rq->viewer);
    }

    sql_put(sql, model->rows, owner);

    if (model->own) {
        sql_put(sql, " AND t.\"user\" = %ld", rq->user.id);
    }

    sql_put(sql, model->permission == NULL ? " LIMIT 1) p" : " OFFSET 0) p WHERE mask & 3 = 3");
    result = pg_run(rq, sql);
    rights.n = pg_int(result, 0, 0);

    if (model->permission != NULL) {
        rights.mask = pg_int(result, 0, 1);
    }

    return rights;
}


/* No row: the project decides, by its own byte. */
static void
fine_empty(rq_t *rq, int64_t owner, int64_t mask)
{
    access_credentials(rq);

    if (rq->endpoint->method == METHOD_DELETE) {
        mask = PERMISSION_VISIBLE;
    }

    if (rq->endpoint->method == METHOD_PATCH || (owner & mask) != mask) {
        fail_permission(rq);
    }
}


/* What changes something needs somebody who did it. */
static void
fine_writes(rq_t *rq)
{
    if (rq->endpoint->method != METHOD_GET && rq->endpoint->method != METHOD_PUT) {
        access_credentials(rq);
    }
}
