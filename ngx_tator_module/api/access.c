/*
 * The access check (access.h). Classes are data: what a class refuses stands in one table (contract/accounts.md §8). Order:
 * the object that the path names (404), credentials (400), standing (403).
 */

#include "access.h"
#include "auth.h"
#include "endpoint.h"
#include "../net/pg.h"

typedef enum { SCOPE_NONE = 1, SCOPE_PROJECT, SCOPE_ORGANIZATION } access_scope_t;

typedef struct {
    access_scope_t scope;
    bool           signed_in;
    const char    *refused; /* membership letters that may not change anything */
    bool           admin;   /* changes need the affiliation Admin */
} access_rule_t;

static const access_rule_t access_rules[ACCESS_CLASSES] = {
    [ACCESS_OPEN]                = {SCOPE_NONE, false, "", false},
    [ACCESS_SIGNED_IN]           = {SCOPE_NONE, true, "", false},
    [ACCESS_VIEW]                = {SCOPE_PROJECT, true, "", false},
    [ACCESS_EDIT]                = {SCOPE_PROJECT, true, "r", false},
    [ACCESS_TRANSFER]            = {SCOPE_PROJECT, true, "rw", false},
    [ACCESS_CLONE]               = {SCOPE_PROJECT, true, "rw", false},
    [ACCESS_EXECUTE]             = {SCOPE_PROJECT, true, "rwt", false},
    [ACCESS_FULL]                = {SCOPE_PROJECT, true, "rwtx", false},
    [ACCESS_ORGANIZATION_MEMBER] = {SCOPE_ORGANIZATION, true, "", false},
    [ACCESS_ORGANIZATION_EDIT]   = {SCOPE_ORGANIZATION, true, "", true},
    [ACCESS_ORGANIZATION_ADMIN]  = {SCOPE_ORGANIZATION, true, "", true},
};

static int64_t access_lookup(rq_t *rq, const lookup_t *lookup);
static void    access_credentials(rq_t *rq);
static void    access_organization(rq_t *rq, int64_t organization, const access_rule_t *rule);


void
access_check(rq_t *rq)
{
    int64_t              id;
    const endpoint_t    *endpoint = rq->endpoint;
    const access_rule_t *rule = &access_rules[endpoint->access];

    if (rule->scope == SCOPE_NONE) {
        if (rule->signed_in) {
            access_credentials(rq);
        }
        return;
    }

    if (endpoint->lookup != NULL) {
        id = access_lookup(rq, endpoint->lookup);
    } else {
        id = param_int(rq, rule->scope == SCOPE_PROJECT ? "project" : "organization", 0);
    }

    if (rule->scope == SCOPE_ORGANIZATION) {
        access_organization(rq, id, rule);
        return;
    }

    access_project(rq, id, endpoint->access);
    rq->project = id;

    if (endpoint->access == ACCESS_CLONE) {
        int64_t organization = rq->organization;
        char    level = rq->level;

        access_project(rq, param_int(rq, "dest_project", 0), ACCESS_CLONE);
        rq->organization = organization;
        rq->level = level;
    }
}


void
access_project(rq_t *rq, int64_t project, access_class_t access)
{
    const access_rule_t *rule = &access_rules[access];

    if (!auth_project(rq, project, &rq->organization, &rq->level)) {
        fail_missing(rq, "Project");
    }

    access_credentials(rq);

    /* `n` is no access at all, where the reference forgot it (contract/accounts.md §8, unsafe) */
    if (rq->level == 0 || rq->level == 'n') {
        fail_permission(rq);
    }

    if (!access_reads(rq) && strchr(rule->refused, rq->level) != NULL) {
        fail_permission(rq);
    }
}


bool
access_affiliated(rq_t *rq, int64_t organization, bool admin)
{
    result_t *result;

    result = pg_query(rq, "SELECT permission FROM main_affiliation WHERE organization_id = %ld AND user_id = %ld ORDER BY id LIMIT 1",
                      organization, rq->user.id);

    return pg_rows(result) == 1 && (!admin || strcmp(pg_text(result, 0, 0), "Admin") == 0);
}


bool
access_reads(const rq_t *rq)
{
    return rq->endpoint->method == METHOD_GET;
}


/* The project or organization of the object that the path names. */
static int64_t
access_lookup(rq_t *rq, const lookup_t *lookup)
{
    bool               single;
    sql_t             *sql;
    int64_t            owner;
    json_t            *value;
    uint64_t           generation;
    result_t          *result;
    static const char *id[] = {"id", NULL};
    const char *const *key;

    single = lookup->keys[0] == NULL && !lookup->own && json_is_integer(param(rq, "id"));
    if (single && access_reads(rq) && auth_object(lookup, param_int(rq, "id", 0), &owner)) {
        return owner;
    }

    generation = auth_generation();

    sql = sql_new(rq->arena);
    sql_raw(sql, lookup->sql);

    for (key = lookup->keys[0] ? lookup->keys : id; *key != NULL; key++) {
        value = param(rq, *key);
        sql_value(sql, json_is_string(value) ? json_string_value(value) : json_text(rq->arena, value));
    }

    if (lookup->own) {
        sql_value(sql, arena_format(rq->arena, "%ld", (long) rq->user.id));
    }

    result = pg_run(rq, sql);

    if (pg_rows(result) == 0 || pg_null(result, 0, 0)) {
        fail_missing(rq, lookup->model);
    }

    owner = pg_int(result, 0, 0);
    if (single) {
        auth_object_keep(lookup, param_int(rq, "id", 0), owner, generation);
    }

    return owner;
}


static void
access_credentials(rq_t *rq)
{
    if (rq->user.id == 0) {
        fail(rq, 400, "Authentication credentials were not provided.");
    }
}


static void
access_organization(rq_t *rq, int64_t organization, const access_rule_t *rule)
{
    result_t *result;

    result = pg_query(rq,
                      "SELECT (SELECT a.permission FROM main_affiliation a"
                      "        WHERE a.organization_id = o.id AND a.user_id = %ld ORDER BY a.id LIMIT 1)"
                      " FROM main_organization o WHERE o.id = %ld",
                      rq->user.id, organization);

    if (pg_rows(result) == 0) {
        fail_missing(rq, "Organization");
    }

    access_credentials(rq);

    if (pg_null(result, 0, 0)) {
        fail_permission(rq);
    }

    rq->organization = organization;
    rq->admin = strcmp(pg_text(result, 0, 0), "Admin") == 0;

    if (rule->admin && !rq->admin && !access_reads(rq)) {
        fail_permission(rq);
    }
}
