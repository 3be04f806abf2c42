/*
 * Row protections: permissions of users, groups and organizations on rows (contract/accounts.md §9.2, §10). They can be managed in both
 * modes, by whoever has the bit ACL on the row's target; memberships do not count here. The functions tator.*_permission compute it.
 */

#include "../api/columns.h"
#include "common.h"

static const field_t row_protection_made_fields[] = {
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"media", INTEGER(), OPTIONAL, "Media."},
    {"localization", INTEGER(), OPTIONAL, "A localization."},
    {"state", INTEGER(), OPTIONAL, "A state."},
    {"file", INTEGER(), OPTIONAL, "The file."},
    {"section", INTEGER(), OPTIONAL, "Name of the section."},
    {"algorithm", INTEGER(), OPTIONAL, "An algorithm."},
    {"version", INTEGER(), OPTIONAL, "The version."},
    {"target_organization", INTEGER(), OPTIONAL, "An organization that is protected."},
    {"target_group", INTEGER(), OPTIONAL, "A group that is protected."},
    {"job_cluster", INTEGER(), OPTIONAL, "A job cluster."},
    {"bucket", INTEGER(), OPTIONAL, "Bucket of its files."},
    {"hosted_template", INTEGER(), OPTIONAL, "A hosted template."},
    {"user", INTEGER(), OPTIONAL, "The user who may."},
    {"organization", INTEGER(), OPTIONAL, "The organization whose affiliates may."},
    {"group", INTEGER(), OPTIONAL, "The group whose members may."},
    {0},
};

static const field_t row_protection_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"created_datetime", STRING(FORMAT("date-time")), OPTIONAL, "When it was created."},
    {"created_by", INTEGER(), OPTIONAL, "User who created it."},
    {"permission", INTEGER(), OPTIONAL, "Bits that the subject has on the target."},
    {0},
};

static const field_t row_protection_spec_fields[] = {
    {"permission", INTEGER(), REQUIRED, "Bits that the subject has on the target."},
    {0},
};

static const field_t row_protection_update_spec_fields[] = {
    {"permission", INTEGER(), OPTIONAL, "Bits that the subject has on the target."},
    {0},
};

const schema_t schema_row_protection =
    OBJECT(row_protection_fields, SHARED(row_protection_made_fields), NAMED("RowProtection"));
const schema_t schema_row_protection_spec =
    OBJECT(row_protection_spec_fields, SHARED(row_protection_made_fields), NAMED("RowProtectionSpec"));
const schema_t schema_row_protection_update_spec =
    OBJECT(row_protection_update_spec_fields, NAMED("RowProtectionUpdateSpec"));

static const field_t row_protection_list_params[] = {
    {"project", INTEGER(MINIMUM(1)), OPTIONAL, "Id of the project."},
    {"media", INTEGER(MINIMUM(1)), OPTIONAL, "Only protections of this media."},
    {"file", INTEGER(MINIMUM(1)), OPTIONAL, "Only protections of this file."},
    {"section", INTEGER(MINIMUM(1)), OPTIONAL, "Only media of this section."},
    {"algorithm", INTEGER(MINIMUM(1)), OPTIONAL, "Only protections of this algorithm."},
    {"version", INTEGER(MINIMUM(1)), OPTIONAL, "Version to look in."},
    {"target_organization", INTEGER(MINIMUM(1)), OPTIONAL, "Only protections of this organization."},
    {"target_group", INTEGER(MINIMUM(1)), OPTIONAL, "Only protections of this group."},
    {"job_cluster", INTEGER(MINIMUM(1)), OPTIONAL, "Only protections of this job cluster."},
    {"bucket", INTEGER(MINIMUM(1)), OPTIONAL, "Only protections of this bucket."},
    {"hosted_template", INTEGER(MINIMUM(1)), OPTIONAL, "Only protections of this hosted template."},
    {"user", INTEGER(MINIMUM(1)), OPTIONAL, "Only this user."},
    {"organization", INTEGER(MINIMUM(1)), OPTIONAL, "Id of the organization."},
    {"group", INTEGER(MINIMUM(1)), OPTIONAL, "Only for this group."},
    {0},
};

/* What a row protects: a parameter's name, its column, the rows that there are, and the permission on it; %ld is the caller, p the row. */
typedef struct {
    const char *name, *column, *present, *permission;
} protection_target_t;

#define OF_ORGANIZATION(table, column) \
    "(SELECT tator.organization_permission(%ld::int, o.organization_id) >> 8 FROM " table " o WHERE o.id = p." column ")"

static const protection_target_t targets[] = {
    {"project", "project_id", "main_project WHERE", "tator.project_permission(%ld::int, p.project_id)"},
    {"media", "media_id", "main_media WHERE deleted = false AND", "tator.media_permission(%ld::int, p.media_id)"},
    {"file", "file_id", "main_file WHERE deleted = false AND", "tator.file_permission(%ld::int, p.file_id)"},
    {"section", "section_id", "main_section WHERE", "tator.section_permission(%ld::int, p.section_id)"},
    {"algorithm", "algorithm_id", "main_algorithm WHERE", "tator.algorithm_permission(%ld::int, p.algorithm_id)"},
    {"version", "version_id", "main_version WHERE", "tator.version_permission(%ld::int, p.version_id)"},
    {"target_organization", "target_organization_id", "main_organization WHERE",
     "tator.organization_permission(%ld::int, p.target_organization_id)"},
    {"target_group", "target_group_id", "main_group WHERE", "tator.group_permission(%ld::int, p.target_group_id)"},
    {"job_cluster", "job_cluster_id", "main_jobcluster WHERE", OF_ORGANIZATION("main_jobcluster", "job_cluster_id")},
    {"bucket", "bucket_id", "main_bucket WHERE", OF_ORGANIZATION("main_bucket", "bucket_id")},
    {"hosted_template", "hosted_template_id", "main_hostedtemplate WHERE", OF_ORGANIZATION("main_hostedtemplate", "hosted_template_id")},
};

#define TARGETS (sizeof(targets) / sizeof(targets[0]))

typedef struct {
    const char *name, *column, *table, *model;
} protection_subject_t;

static const protection_subject_t subjects[] = {
    {"user", "user_id", "main_user", "User"},
    {"organization", "organization_id", "main_organization", "Organization"},
    {"group", "group_id", "main_group", "Group"},
};

#define SUBJECTS (sizeof(subjects) / sizeof(subjects[0]))

static const column_t row_protection_columns[] = {
    {"id", "p.id", COLUMN_RAW},
    {"created_datetime", "p.created_datetime", COLUMN_TIME},
    {"created_by", "p.created_by_id", COLUMN_RAW},
    {"project", "p.project_id", COLUMN_RAW},
    {"media", "p.media_id", COLUMN_RAW},
    {"localization", "p.localization_id", COLUMN_RAW},
    {"state", "p.state_id", COLUMN_RAW},
    {"file", "p.file_id", COLUMN_RAW},
    {"section", "p.section_id", COLUMN_RAW},
    {"algorithm", "p.algorithm_id", COLUMN_RAW},
    {"version", "p.version_id", COLUMN_RAW},
    {"target_organization", "p.target_organization_id", COLUMN_RAW},
    {"target_group", "p.target_group_id", COLUMN_RAW},
    {"job_cluster", "p.job_cluster_id", COLUMN_RAW},
    {"bucket", "p.bucket_id", COLUMN_RAW},
    {"hosted_template", "p.hosted_template_id", COLUMN_RAW},
    {"user", "p.user_id", COLUMN_RAW},
    {"organization", "p.organization_id", COLUMN_RAW},
    {"group", "p.group_id", COLUMN_RAW},
    {"permission", "p.permission", COLUMN_RAW},
    {0},
};

static void row_protection_get(rq_t *rq);
static void row_protection_update(rq_t *rq);
static void row_protection_delete(rq_t *rq);
static void row_protection_list(rq_t *rq);
static void row_protection_create(rq_t *rq);
static void row_protection_delete_list(rq_t *rq);

static void                        protection_filters(rq_t *rq, sql_t *sql);
static void                        protection_permission(rq_t *rq, sql_t *sql);
static int64_t                     protection_manageable(rq_t *rq, const char *verb);
static const protection_target_t  *protection_target(rq_t *rq);
static const protection_subject_t *protection_subject(rq_t *rq);
static void                        protection_reply(rq_t *rq, const char *what, int64_t id);

const endpoint_t row_protection_endpoints[] = {
    {GET(SIGNED_IN), "/rest/RowProtection/{id}", "GetRowProtection",
     .handler = row_protection_get,
     .params = {path_id}, .reply = &schema_row_protection,
     .doc = "A row protection."},
    {PATCH(SIGNED_IN), "/rest/RowProtection/{id}", "UpdateRowProtection",
     .handler = row_protection_update,
     .params = {path_id}, .body = &schema_row_protection_update_spec,
     .reply = &schema_message_response,
     .doc = "Change a row protection."},
    {DELETE(SIGNED_IN), "/rest/RowProtection/{id}", "DeleteRowProtection",
     .handler = row_protection_delete,
     .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a row protection."},
    {GET(SIGNED_IN), "/rest/RowProtections", "GetRowProtectionList",
     .handler = row_protection_list,
     .params = {row_protection_list_params}, .reply = &schema_row_protection,
     .flags = REPLY_LIST,
     .doc = "Row protections that match."},
    {POST(SIGNED_IN), "/rest/RowProtections", "CreateRowProtection",
     .handler = row_protection_create,
     .body = &schema_row_protection_spec, .reply = &schema_create_response,
     .doc = "Create a row protection."},
    {DELETE(SIGNED_IN), "/rest/RowProtections", "destroyRowProtectionListAPI",
     .handler = row_protection_delete_list,
     .params = {row_protection_list_params},
     .doc = "Delete row protections."},
    {0},
};


static void
row_protection_get(rq_t *rq)
{
    sql_t  *sql;
    int64_t id;

    id = protection_manageable(rq, "delete"); /* so it says (R) */

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT ");
    columns_select(sql, row_protection_columns);
    sql_put(sql, " FROM main_rowprotection p WHERE p.id = %ld", id);

    reply_row(rq, 200, row_protection_columns, pg_run(rq, sql), 0);
}


static void
row_protection_update(rq_t *rq)
{
    int64_t id;

    tx_begin(rq);
    id = protection_manageable(rq, "update");

    if (!param_given(rq, "permission")) {
        fail(rq, 400, "'permission'");
    }

    pg_query(rq, "UPDATE main_rowprotection SET permission = %ld WHERE id = %ld", param_int(rq, "permission", 0), id);
    tx_commit(rq);

    protection_reply(rq, "updated", id);
}


static void
row_protection_delete(rq_t *rq)
{
    int64_t id;

    tx_begin(rq);
    id = protection_manageable(rq, "delete");
    pg_query(rq, "DELETE FROM main_rowprotection WHERE id = %ld", id);
    tx_commit(rq);

    protection_reply(rq, "deleted", id);
}


/* Rows that the caller can not manage are left out. */
static void
row_protection_list(rq_t *rq)
{
    sql_t *sql;

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT ");
    columns_select(sql, row_protection_columns);
    sql_put(sql, " FROM main_rowprotection p");
    protection_filters(rq, sql);
    sql_put(sql, " ORDER BY p.id");

    reply_rows(rq, row_protection_columns, pg_run(rq, sql));
}


static void
row_protection_create(rq_t *rq)
{
    sql_t                      *sql;
    int64_t                     id, permission;
    result_t                   *result;
    const protection_target_t  *target;
    const protection_subject_t *subject;

    target = protection_target(rq);
    subject = protection_subject(rq);

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT coalesce(");
    sql_put(sql, target->permission, rq->user.id);
    sql_put(sql, ", 0) FROM (SELECT id AS ");
    sql_raw(sql, target->column);
    sql_put(sql, " FROM ");
    sql_raw(sql, target->present);
    sql_put(sql, " id = %ld) p", param_int(rq, target->name, 0));
    result = pg_run(rq, sql);
    permission = pg_rows(result) == 0 ? 0 : pg_int(result, 0, 0);

    if (pg_rows(result) == 0 || (rq->config->fine_grain && (permission & PERMISSION_VISIBLE) != PERMISSION_VISIBLE)) {
        fail(rq, 404, "Target object %s/%ld does not exist", target->name, (long) param_int(rq, target->name, 0));
    }

    if (!(permission & PERMISSION_ACL)) {
        fail(rq, 403, "User does not have permission to create this row protection set");
    }

    sql = sql_new(rq->arena);
    sql_put(sql, "INSERT INTO main_rowprotection (created_datetime, permission, ");
    sql_raw(sql, target->column);
    sql_put(sql, ", ");
    sql_raw(sql, subject->column);
    sql_put(sql, ") SELECT now(), %ld, %ld, id FROM ", param_int(rq, "permission", 0), param_int(rq, target->name, 0));
    sql_raw(sql, subject->table);
    sql_put(sql, " WHERE id = %ld RETURNING id", param_int(rq, subject->name, 0));
    result = pg_run(rq, sql);

    if (pg_rows(result) == 0) {
        fail_no_match(rq, subject->model);
    }

    id = pg_int(result, 0, 0);
    reply_created(rq, id, "RowProtection created successfully!");
}


static void
row_protection_delete_list(rq_t *rq)
{
    sql_t *sql;

    sql = sql_new(rq->arena);
    sql_put(sql, "DELETE FROM main_rowprotection p");
    protection_filters(rq, sql);
    pg_run(rq, sql);

    reply_message(rq, 200, "RowProtections deleted successfully!");
}


/* Append the condition: matches the parameters, and the caller may manage it. */
static void
protection_filters(rq_t *rq, sql_t *sql)
{
    size_t k;

    sql_put(sql, " WHERE ");

    for (k = 0; k < TARGETS; k++) {
        if (param_given(rq, targets[k].name)) {
            sql_put(sql, "p.");
            sql_raw(sql, targets[k].column);
            sql_put(sql, " = %ld AND ", param_int(rq, targets[k].name, 0));
        }
    }

    for (k = 0; k < SUBJECTS; k++) {
        if (param_given(rq, subjects[k].name)) {
            sql_put(sql, "p.");
            sql_raw(sql, subjects[k].column);
            sql_put(sql, " = %ld AND ", param_int(rq, subjects[k].name, 0));
        }
    }

    protection_permission(rq, sql);
    sql_put(sql, " & %d <> 0", PERMISSION_ACL);
}


/* Append the caller's permission on the target of row p. */
static void
protection_permission(rq_t *rq, sql_t *sql)
{
    sql_put(sql, "coalesce(CASE");

    for (size_t k = 0; k < TARGETS; k++) {
        sql_put(sql, " WHEN p.");
        sql_raw(sql, targets[k].column);
        sql_put(sql, " IS NOT NULL THEN ");
        sql_put(sql, targets[k].permission, rq->user.id);
    }

    sql_put(sql, " END, 0)");
}


/* The row that the path names, if the caller may manage it: 404, 403. */
static int64_t
protection_manageable(rq_t *rq, const char *verb)
{
    sql_t    *sql;
    int64_t   id = param_int(rq, "id", 0);
    result_t *result;

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT ");
    protection_permission(rq, sql);
    sql_put(sql, " FROM main_rowprotection p WHERE p.id = %ld", id);
    result = pg_run(rq, sql);

    if (pg_rows(result) == 0) {
        fail(rq, 404, "RowProtection does not exist");
    }

    if (!(pg_int(result, 0, 0) & PERMISSION_ACL)) {
        fail(rq, 403, "User does not have permission to %s this row protection set", verb);
    }

    return id;
}


static const protection_target_t *
protection_target(rq_t *rq)
{
    size_t                     n = 0;
    const protection_target_t *found = NULL;

    for (size_t k = 0; k < TARGETS; k++) {
        if (param_int(rq, targets[k].name, 0) != 0) {
            found = &targets[k];
            n++;
        }
    }

    if (n != 1) {
        fail(rq, 400, "Only one destination is allowed for a row protection, found %zu", n);
    }

    return found;
}


static const protection_subject_t *
protection_subject(rq_t *rq)
{
    size_t                      n = 0;
    const protection_subject_t *found = NULL;

    for (size_t k = 0; k < SUBJECTS; k++) {
        if (param_int(rq, subjects[k].name, 0) != 0) {
            found = &subjects[k];
            n++;
        }
    }

    if (n != 1) {
        fail(rq, 400, "Only one originator is allowed for a row protection, found %zu", n);
    }

    return found;
}


static void
protection_reply(rq_t *rq, const char *what, int64_t id)
{
    reply_json(rq, 200, rq_own(rq, json_pack("{s:s, s:I}", "message", rq_format(rq, "RowProtection %s successfully!", what), "id",
                                             (json_int_t) id)));
}
