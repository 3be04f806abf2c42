/*
 * Organizations.
 */

#include "../api/columns.h"
#include "../api/live_store.h"
#include "../api/delete.h"
#include "common.h"
#include "labels.h"

static const field_t organization_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"permission", STRING(), OPTIONAL, "What is permitted."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"default_membership_permission", STRING(ENUM_DEFAULT_MEMBERSHIP), OPTIONAL,
     "Permission that affiliates get in new projects."},
    {"thumb", STRING(), OPTIONAL, "Picture of it."},
    {"effective_permission", INTEGER(), OPTIONAL, "What the caller may do with it, as bits."},
    {0},
};

static const field_t organization_spec_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {"default_membership_permission", STRING(ENUM_DEFAULT_MEMBERSHIP), OPTIONAL,
     "Permission that affiliates get in new projects."},
    {"thumb", STRING(), OPTIONAL, "Picture of it."},
    {"effective_permission", INTEGER(), OPTIONAL, "What the caller may do with it, as bits."},
    {0},
};

static const field_t organization_update_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"default_membership_permission", STRING(ENUM_DEFAULT_MEMBERSHIP), OPTIONAL,
     "Permission that affiliates get in new projects."},
    {"thumb", STRING(), OPTIONAL, "Object key of an uploaded picture."},
    {"effective_permission", INTEGER(), OPTIONAL, "What the caller may do with it, as bits."},
    {0},
};

const schema_t schema_organization = OBJECT(organization_fields, NAMED("Organization"));
const schema_t schema_organization_spec = OBJECT(organization_spec_fields, NAMED("OrganizationSpec"));
const schema_t schema_organization_update = OBJECT(organization_update_fields, NAMED("OrganizationUpdate"));

const lookup_t lookup_organization = {
    .model = "Organization",
    .sql = "SELECT id FROM main_organization WHERE id = $1",
};

static const column_t organization_columns[] = {
    {"id", "o.id", COLUMN_RAW},
    {"name", "o.name", COLUMN_TEXT},
    {"default_membership_permission", "coalesce(" LABEL_SQL("o.default_membership_permission") ", 'No Access')", COLUMN_SAFE},
    {"thumb", "o.thumb", COLUMN_TEXT},
    {"effective_permission", "tator.organization_permission(%ld::int, o.id)", COLUMN_MASK},
    {"permission", "coalesce(a.permission, 'None')", COLUMN_SAFE},
    {0},
};

static json_t *organization_object(rq_t *rq, const result_t *result, int64_t row);
static void   organization_get(rq_t *rq);
static void   organization_update(rq_t *rq);
static void   organization_delete(rq_t *rq);
static void   organization_list(rq_t *rq);
static void   organization_create(rq_t *rq);
static sql_t *organization_select(rq_t *rq);
static void   organization_check_thumb(rq_t *rq, const char *thumb);
static void   organization_name_free(rq_t *rq, const char *name);

const endpoint_t organization_endpoints[] = {
    {GET(ORGANIZATION_MEMBER), "/rest/Organization/{id}", "GetOrganization", organization_get,
     .lookup = &lookup_organization, .params = {path_id},
     .reply = &schema_organization,
     .doc = "An organization."},
    {PATCH(ORGANIZATION_ADMIN), "/rest/Organization/{id}", "UpdateOrganization", organization_update,
     .lookup = &lookup_organization, .params = {path_id},
     .body = &schema_organization_update, .reply = &schema_message_response,
     .doc = "Change an organization."},
    {DELETE(ORGANIZATION_ADMIN), "/rest/Organization/{id}", "DeleteOrganization", organization_delete,
     .lookup = &lookup_organization, .params = {path_id},
     .reply = &schema_message_response,
     .doc = "Delete an organization."},
    {GET(SIGNED_IN), "/rest/Organizations", "GetOrganizationList", organization_list,
     .reply = &schema_organization, .flags = REPLY_LIST,
     .doc = "All organizations."},
    {POST(OPEN), "/rest/Organizations", "CreateOrganization", organization_create,
     .body = &schema_organization_spec, .reply = &schema_create_response,
     .doc = "Create an organization."},
    {0},
};


/* GET Organization/{id} */
static void
organization_get(rq_t *rq)
{
    sql_t *sql = organization_select(rq);

    sql_put(sql, " WHERE o.id = %ld", rq->organization);
    reply_json(rq, 200, organization_object(rq, pg_run(rq, sql), 0));
}


/* GET Organizations: those that the caller is affiliated with, and in fine-grain mode sees, too. */
static void
organization_list(rq_t *rq)
{
    sql_t    *sql = organization_select(rq);
    json_t   *list = rq_own(rq, json_array());
    result_t *result;

    sql_put(sql, " WHERE a.id IS NOT NULL");
    if (rq->config->fine_grain) {
        sql_put(sql, " AND tator.organization_permission(%ld::int, o.id) & 3 = 3 ORDER BY o.id", rq->viewer);
    } else {
        sql_put(sql, " ORDER BY o.name, o.id");
    }

    result = pg_run(rq, sql);
    for (int64_t row = 0; row < pg_rows(result); row++) {
        json_array_append(list, organization_object(rq, result, row));
    }

    reply_json(rq, 200, list);
}


/* POST Organizations: staff, or everybody where the operator allows it (contract/accounts.md §6.1). */
static void
organization_create(rq_t *rq)
{
    int64_t     id;
    json_t     *value;
    const char *key, *name = param_text(rq, "name");
    static const char *const known[] = {"name", "default_membership_permission", "thumb", NULL};

    if (rq->user.id == 0) {
        fail_credentials(rq);
    }

    if (!rq->user.is_staff && !rq->config->allow_organization_post) {
        fail_permission(rq);
    }

    json_object_foreach(rq->params, key, value) {
        size_t k = 0;

        while (known[k] != NULL && strcmp(known[k], key) != 0) {
            k++;
        }
        if (known[k] == NULL) {
            fail(rq, 400, "An organization has no member %s.", key);
        }
    }

    tx_begin(rq);
    organization_name_free(rq, name);
    id = pg_int(pg_query(rq, "INSERT INTO main_organization (name, default_membership_permission, thumb) VALUES (%s, %s, %s) RETURNING id",
                         name, label_letter(param_text(rq, "default_membership_permission")), param_text(rq, "thumb")), 0, 0);
    pg_query(rq, "INSERT INTO main_affiliation (permission, organization_id, user_id) VALUES ('Admin', %ld, %ld)", id, rq->user.id);
    pg_query(rq,
             "INSERT INTO main_rowprotection (created_datetime, permission, target_organization_id, user_id)"
             " VALUES (now(), 1099511627775, %ld, %ld)",
             id, rq->user.id);
    tx_commit(rq);

    reply_created(rq, id, "Organization %s created!", name);
}


/* PATCH Organization/{id} */
static void
organization_update(rq_t *rq)
{
    const char *name = param_text(rq, "name"), *label = param_text(rq, "default_membership_permission"), *thumb = param_text(rq, "thumb");

    if (thumb != NULL) {
        organization_check_thumb(rq, thumb);
    }

    tx_begin(rq);

    if (name != NULL) {
        organization_name_free(rq, name);
        pg_query(rq, "UPDATE main_organization SET name = %s WHERE id = %ld", name, rq->organization);
    }

    if (label != NULL) {
        pg_query(rq, "UPDATE main_organization SET default_membership_permission = %s WHERE id = %ld", label_letter(label), rq->organization);
    }

    if (thumb != NULL) {
        pg_query(rq, "UPDATE main_organization SET thumb = %s WHERE id = %ld", thumb, rq->organization);
    }

    tx_commit(rq);
    reply_message(rq, 200, "Organization %ld updated successfully!", (long) rq->organization);
}


/* DELETE Organization/{id}; projects, buckets and the rest stay without organization. */
static void
organization_delete(rq_t *rq)
{
    tx_begin(rq);
    delete_rows(rq, "main_organization", sql_int_array(rq->arena, &rq->organization, 1));
    tx_commit(rq);

    reply_message(rq, 200, "Organization %ld deleted successfully!", (long) rq->organization);
}


/* A key below the organization's own, of an object that is there (contract/media.md §6). */
static void
organization_check_thumb(rq_t *rq, const char *thumb)
{
    char *prefix = rq_format(rq, "%ld/", (long) rq->organization);

    if (strncmp(thumb, prefix, strlen(prefix)) != 0) {
        fail(rq, 400, "Invalid thumbnail path for this organization!");
    }

    if (!live_store_has(rq, thumb)) {
        fail(rq, 400, "Key %s not found in bucket", thumb);
    }
}


/* The thumbnail's key becomes a URL; a key that is not the organization's own is never signed. */
static json_t *
organization_object(rq_t *rq, const result_t *result, int64_t row)
{
    json_t     *organization = columns_object(rq, organization_columns, result, row, 0);
    const char *url = NULL, *thumb = json_string_value(json_object_get(organization, "thumb"));
    char       *prefix = rq_format(rq, "%ld/", (long) pg_int(result, row, 0));

    if (thumb != NULL && strncmp(thumb, prefix, strlen(prefix)) == 0) {
        url = live_store_url(rq, thumb, LIVE_STORE_SHOWN);
    }
    json_object_set_new(organization, "thumb", url == NULL ? json_null() : json_string(url));

    return organization;
}


static sql_t *
organization_select(rq_t *rq)
{
    sql_t *sql = sql_new(rq->arena);

    sql_put(sql, "SELECT ");
    columns_select_for(rq, sql, organization_columns);
    sql_put(sql,
            " FROM main_organization o LEFT JOIN LATERAL (SELECT id, permission FROM main_affiliation"
            " WHERE organization_id = o.id AND user_id = %ld ORDER BY id LIMIT 1) a ON true",
            rq->user.id);

    return sql;
}


/* Among the caller's organizations; the organization itself counts too (contract/accounts.md §6.1, R). */
static void
organization_name_free(rq_t *rq, const char *name)
{
    result_t *result;

    result = pg_query(rq,
                      "SELECT FROM main_organization o JOIN main_affiliation a ON a.organization_id = o.id"
                      " WHERE a.user_id = %ld AND upper(o.name) = upper(%s) LIMIT 1",
                      rq->user.id, name);

    if (pg_rows(result) != 0) {
        fail(rq, 400, "Organization with this name already exists!");
    }
}
