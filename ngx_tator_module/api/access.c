/*
 * The access check (access.h). Classes are data: what each asks for stands in one table, membership letters and affiliation for
 * legacy mode (contract/accounts.md §8), masks by method for fine-grain mode (§9.3). Order: the object that the path names (404),
 * credentials (400), standing (403).
 */

#include "access.h"
#include "auth.h"
#include "endpoint.h"
#include "../net/pg.h"

typedef enum { SCOPE_NONE = 1, SCOPE_PROJECT, SCOPE_ORGANIZATION } access_scope_t;

typedef struct {
    access_scope_t scope;
    bool           signed_in;

    /* legacy mode */
    const char    *refused; /* membership letters that may not change anything */
    bool           admin;   /* changes need the affiliation Admin */

    /* fine-grain mode */
    int            masks[METHOD_DELETE + 1];
} access_rule_t;

#define ALWAYS(mask)                                       {0, mask, mask, mask, mask, mask}
#define METHODS(get, post, put, patch, delete)             {0, get, post, put, patch, delete}
#define CLONING (PERMISSION_UPLOAD | PERMISSION_CREATE | PERMISSION_MODIFY)

static const access_rule_t access_rules[] = {
    [ACCESS_OPEN]                = {SCOPE_NONE, false, "", false, ALWAYS(0)},
    [ACCESS_SIGNED_IN]           = {SCOPE_NONE, true, "", false, ALWAYS(0)},
    [ACCESS_VIEW]                = {SCOPE_PROJECT, true, "", false, ALWAYS(PERMISSION_VISIBLE)},
    [ACCESS_EDIT]                = {SCOPE_PROJECT, true, "r", false,
                                    METHODS(PERMISSION_VISIBLE, PERMISSION_CREATE, PERMISSION_VISIBLE, PERMISSION_MODIFY, PERMISSION_DELETE)},
    [ACCESS_TRANSFER]            = {SCOPE_PROJECT, true, "rw", false, ALWAYS(PERMISSION_UPLOAD)},
    [ACCESS_CLONE]               = {SCOPE_PROJECT, true, "rw", false, ALWAYS(CLONING)},
    [ACCESS_EXECUTE]             = {SCOPE_PROJECT, true, "rwt", false, ALWAYS(PERMISSION_EXECUTE)},
    [ACCESS_FULL]                = {SCOPE_PROJECT, true, "rwtx", false, ALWAYS(PERMISSION_FULL)},
    [ACCESS_ORGANIZATION_MEMBER] = {SCOPE_ORGANIZATION, true, "", false, ALWAYS(PERMISSION_EXIST)},
    [ACCESS_ORGANIZATION_EDIT]   = {SCOPE_ORGANIZATION, true, "", true,
                                    METHODS(PERMISSION_READ, PERMISSION_CREATE, PERMISSION_READ, PERMISSION_MODIFY, PERMISSION_DELETE)},
    [ACCESS_ORGANIZATION_ADMIN]  = {SCOPE_ORGANIZATION, true, "", true, ALWAYS(PERMISSION_FULL)},
};

_Static_assert(sizeof(access_rules) / sizeof(access_rules[0]) == ACCESS_CLASSES, "each class has a rule");

static void access_legacy_project(rq_t *rq, int64_t project, const access_rule_t *rule);
static void access_legacy_organization(rq_t *rq, int64_t organization, const access_rule_t *rule);


void
access_check(rq_t *rq)
{
    int64_t              id;
    const endpoint_t    *endpoint = rq->endpoint;
    const access_rule_t *rule = &access_rules[endpoint->access];

    rq->viewer = rq->user.id;
    rq->hidden = false;

    if (rule->scope == SCOPE_NONE) {
        if (rule->signed_in) {
            access_credentials(rq);
        }
        return;
    }

    rq->viewer = access_viewer(rq);

    if (rule->scope == SCOPE_ORGANIZATION && rq->config->fine_grain) {
        access_fine_organization(rq, rule->masks[endpoint->method]);
        return;
    }

    if (endpoint->lookup == NULL) {
        id = param_int(rq, rule->scope == SCOPE_PROJECT ? "project" : "organization", 0);
    } else {
        id = access_lookup(rq);
        if (id == 0) {
            fail_missing(rq, endpoint->lookup->model);
        }
    }

    if (rule->scope == SCOPE_ORGANIZATION) {
        access_legacy_organization(rq, id, rule);
        return;
    }

    if (rq->config->fine_grain) {
        access_fine_project(rq, id, rule->masks[endpoint->method]);
    } else {
        access_legacy_project(rq, id, rule);
    }

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

    rq->viewer = access_viewer(rq);

    if (rq->config->fine_grain) {
        access_fine_owner(rq, project, rule->masks[rq->endpoint->method]);
    } else {
        access_legacy_project(rq, project, rule);
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


int64_t
access_project_mask(rq_t *rq, int64_t project)
{
    return access_mask(rq, "tator.project_permission", project);
}


int64_t
access_mask(rq_t *rq, const char *permission, int64_t id)
{
    sql_t *sql;

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT ");
    sql_raw(sql, permission);
    sql_put(sql, "(%ld::int, %ld::int)", rq->viewer, id);

    return pg_int(pg_run(rq, sql), 0, 0);
}


void
access_row(rq_t *rq, const char *model, const char *permission, int64_t id, int64_t mask)
{
    int64_t found;

    if (!rq->config->fine_grain) {
        return;
    }

    found = access_mask(rq, permission, id);

    if ((found & PERMISSION_VISIBLE) != PERMISSION_VISIBLE) {
        fail_missing(rq, model);
    }

    if ((found & mask) != mask) {
        fail_permission(rq);
    }
}


const char *
access_unknown(const endpoint_t *const *tables)
{
    const noun_t     *noun;
    const endpoint_t *endpoint;

    for (noun = access_nouns; noun->noun != NULL; noun++) {
        if (noun != access_nouns && strcmp(noun[-1].noun, noun->noun) >= 0) {
            return noun->noun;
        }
    }

    for (; *tables != NULL; tables++) {
        for (endpoint = *tables; endpoint->path != NULL; endpoint++) {
            if (access_rules[endpoint->access].scope != SCOPE_NONE && access_noun(endpoint->path) == NULL) {
                return endpoint->operation;
            }
        }
    }

    return NULL;
}


void
access_credentials(rq_t *rq)
{
    if (rq->user.id == 0) {
        fail_credentials(rq);
    }
}


/* The project or organization of the object that the path names; 0: there is none. */
int64_t
access_lookup(rq_t *rq)
{
    bool               single;
    sql_t             *sql;
    int64_t            owner;
    json_t            *value;
    uint64_t           generation;
    result_t          *result;
    const lookup_t    *lookup = rq->endpoint->lookup;
    static const char *id[] = {"id", NULL};
    const char *const *key;

    single = lookup->keys[0] == NULL && !lookup->own && json_is_integer(param(rq, "id"));
    if (single && access_reads(rq) && auth_object(rq, lookup, param_int(rq, "id", 0), &owner)) {
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
        return 0;
    }

    owner = pg_int(result, 0, 0);
    if (single) {
        auth_object_keep(lookup, param_int(rq, "id", 0), owner, generation);
    }

    return owner;
}


static void
access_legacy_project(rq_t *rq, int64_t project, const access_rule_t *rule)
{
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


static void
access_legacy_organization(rq_t *rq, int64_t organization, const access_rule_t *rule)
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
