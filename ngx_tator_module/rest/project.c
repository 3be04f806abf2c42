/*
 * Projects.
 */

#include "../api/columns.h"
#include "../api/delete.h"
#include "common.h"
#include "labels.h"
#include "project_thumb.h"

static const field_t project_made_fields[] = {
    {"summary", STRING(DEFAULT_TEXT("")), OPTIONAL, "One line about it."},
    {"enable_downloads", BOOLEAN(DEFAULT("true")), OPTIONAL, "Whether members may download files."},
    {"effective_permission", INTEGER(), OPTIONAL, "What the caller may do with it, as bits."},
    {0},
};

static const field_t project_common_fields[] = {
    {"bucket", INTEGER(MINIMUM(1)), OPTIONAL, "Bucket of its files."},
    {"upload_bucket", INTEGER(MINIMUM(1)), OPTIONAL, "Bucket that receives uploads."},
    {"backup_bucket", INTEGER(MINIMUM(1)), OPTIONAL, "Bucket for copies."},
    {"elemental_id", STRING(NULLABLE), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {0},
};

static const field_t project_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"organization", INTEGER(MINIMUM(1)), OPTIONAL, "The organization it belongs to."},
    {"thumb", STRING(), OPTIONAL, "Picture of it."},
    {"created", STRING(), OPTIONAL, "When it was created."},
    {"num_files", INTEGER(), OPTIONAL, "How many media."},
    {"size", INTEGER(), OPTIONAL, "Size in bytes."},
    {"duration", INTEGER(), OPTIONAL, "Length in seconds."},
    {"usernames", ARRAY(STRING()), OPTIONAL, "Names of the members."},
    {"permission", STRING(), OPTIONAL, "What is permitted."},
    {"attribute_types", ATTRIBUTE_TYPES(), OPTIONAL, "Definitions of its attributes."},
    {"extended_info", FREE_OBJECT(ADDITIONAL_ANY), OPTIONAL, "Anything that applications want to keep with it."},
    {0},
};

static const field_t project_spec_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {"organization", INTEGER(MINIMUM(1)), REQUIRED, "The organization it belongs to."},
    {0},
};

static const field_t project_update_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"summary", STRING(), OPTIONAL, "One line about it."},
    {"thumb", STRING(), OPTIONAL, "Object key of an uploaded picture."},
    {"enable_downloads", BOOLEAN(), OPTIONAL, "Whether members may download files."},
    {0},
};

const schema_t schema_project =
    OBJECT(project_fields, SHARED(project_made_fields, project_common_fields), NAMED("Project"));
const schema_t schema_project_spec =
    OBJECT(project_spec_fields, SHARED(project_made_fields, project_common_fields), NAMED("ProjectSpec"));
const schema_t schema_project_update =
    OBJECT(project_update_fields, SHARED(project_common_fields), NAMED("ProjectUpdate"));

const lookup_t lookup_project = {
    .model = "Project",
    .sql = "SELECT id FROM main_project WHERE id = $1",
};

static const field_t project_list_params[] = {
    {"organization", INTEGER(MINIMUM(1)), OPTIONAL, "Id of the organization."},
    {"elemental_id", STRING(), OPTIONAL, "UUID of the object."},
    {0},
};

/* What the two modes call the caller's standing differs (contract/accounts.md §7.1). */
#define PROJECT_COLUMNS(permission) \
    {"id", "p.id", COLUMN_RAW},                                         \
    {"name", "p.name", COLUMN_TEXT},                                    \
    {"summary", "p.summary", COLUMN_TEXT},                              \
    {"organization", "p.organization", COLUMN_RAW},                     \
    {"enable_downloads", "p.enable_downloads", COLUMN_BOOL},            \
    {"bucket", "p.bucket", COLUMN_RAW},                                 \
    {"upload_bucket", "p.upload_bucket", COLUMN_RAW},                   \
    {"backup_bucket", "p.backup_bucket", COLUMN_RAW},                   \
    {"elemental_id", "p.elemental_id", COLUMN_SAFE},                    \
    {"thumb", "p.thumb", COLUMN_TEXT},                                  \
    {"created", "p.created", COLUMN_TIME},                              \
    {"num_files", "p.num_files", COLUMN_RAW},                           \
    {"size", "p.size", COLUMN_RAW},                                     \
    {"duration", "p.duration", COLUMN_RAW},                             \
    {"usernames", "p.usernames", COLUMN_TEXTS},                         \
    {"attribute_types", "p.attribute_types", COLUMN_RAW},               \
    {"extended_info", "p.extended_info", COLUMN_RAW},                   \
    {"effective_permission", "tator.project_permission(%ld::int, p.id)", COLUMN_MASK}, \
    {"permission", permission, COLUMN_SAFE}, {0}

static const column_t project_columns[] = {
    PROJECT_COLUMNS("CASE WHEN p.creator = me.id THEN 'Creator' ELSE coalesce(" LABEL_SQL("m.permission") ", 'No Access') END")
};

static const column_t project_fine_columns[] = {
    PROJECT_COLUMNS("(SELECT CASE WHEN mask & 255 = 255 THEN 'Full Control' WHEN mask & 32 <> 0 THEN 'Can Execute'"
                    " WHEN mask & 64 <> 0 THEN 'Can Transfer' WHEN mask & 12 <> 0 THEN 'Can Edit' WHEN mask & 2 <> 0 THEN 'View Only'"
                    " ELSE 'None' END FROM (SELECT tator.project_permission(me.viewer, p.id) AS mask OFFSET 0) standing)")
};

/* Rows of annotations, media, files and logs that are deleted within a request. */
#define PROJECT_SMALL 2000

/* The three buckets of a project: parameter and column have the same name. */
static const char *const project_buckets[] = {"bucket", "upload_bucket", "backup_bucket", NULL};

/* What POST Projects takes; JSON_NULL: its kind is checked by the schema. */
typedef struct {
    const char *name;
    json_type   type;
} project_member_t;

static const project_member_t project_members[] = {
    {"name", JSON_NULL},        {"organization", JSON_NULL},     {"summary", JSON_NULL},        {"enable_downloads", JSON_NULL},
    {"elemental_id", JSON_NULL}, {"bucket", JSON_NULL},           {"upload_bucket", JSON_NULL},  {"backup_bucket", JSON_NULL},
    {"thumb", JSON_STRING},     {"usernames", JSON_ARRAY},       {"duration", JSON_INTEGER},    {"extended_info", JSON_OBJECT},
    {"attribute_types", JSON_ARRAY}, {NULL, JSON_NULL},
};

static void     project_get(rq_t *rq);
static void     project_update(rq_t *rq);
static void     project_delete(rq_t *rq);
static bool     project_is_small(rq_t *rq);
static void     project_delete_rows(rq_t *rq, removal_t *removal);
static void     project_list(rq_t *rq);
static void     project_create(rq_t *rq);
static void     project_check_members(rq_t *rq);
static int64_t  project_insert(rq_t *rq, int64_t organization);
static bool     project_change(rq_t *rq);
static sql_t   *project_select(rq_t *rq);
static json_t  *project_object(rq_t *rq, int64_t id);
static json_t  *project_shown(rq_t *rq, const result_t *result, int64_t row);
static void     project_name_free(rq_t *rq, const char *name, bool created);
static void     project_bucket_allowed(rq_t *rq, const char *name, int64_t organization);
static void     project_people(rq_t *rq, int64_t id, int64_t organization);

const endpoint_t project_endpoints[] = {
    {GET(VIEW), "/rest/Project/{id}", "GetProject", project_get,
     .lookup = &lookup_project, .params = {path_id}, .reply = &schema_project,
     .doc = "A project."},
    {PATCH(FULL), "/rest/Project/{id}", "UpdateProject", project_update,
     .lookup = &lookup_project, .params = {path_id}, .body = &schema_project_update,
     .reply = &schema_message_response,
     .doc = "Change a project."},
    {DELETE(FULL), "/rest/Project/{id}", "DeleteProject", project_delete,
     .lookup = &lookup_project, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a project."},
    {GET(OPEN), "/rest/Projects", "GetProjectList", project_list,
     .params = {project_list_params}, .reply = &schema_project, .flags = REPLY_LIST,
     .doc = "Projects that match."},
    {POST(OPEN), "/rest/Projects", "CreateProject", project_create,
     .params = {project_list_params}, .body = &schema_project_spec,
     .reply = &schema_create_response,
     .doc = "Create a project."},
    {0},
};


/* GET Project/{id} */
static void
project_get(rq_t *rq)
{
    sql_t *sql = project_select(rq);

    sql_put(sql, " WHERE p.id = %ld", rq->project);
    reply_json(rq, 200, project_shown(rq, pg_run(rq, sql), 0));
}


/* GET Projects: those with a membership of the caller; in fine-grain mode those that he sees */
static void
project_list(rq_t *rq)
{
    sql_t    *sql = project_select(rq);
    json_t   *list = rq_own(rq, json_array());
    result_t *result;

    if (rq->user.id == 0) {
        fail_credentials(rq);
    }

    if (rq->config->fine_grain) {
        sql_put(sql, " WHERE p.id IN (SELECT r.project_id FROM main_rowprotection r WHERE r.project_id IS NOT NULL)"
                     " AND tator.project_permission(%ld::int, p.id) & 3 = 3", rq->viewer);
    } else {
        sql_put(sql, " WHERE m.id IS NOT NULL AND m.permission <> 'n'");
    }

    if (param_given(rq, "organization")) {
        sql_put(sql, " AND p.organization = %ld", param_int(rq, "organization", 0));
    }
    if (param_given(rq, "elemental_id")) {
        sql_put(sql, " AND p.elemental_id = %s::uuid", param_text(rq, "elemental_id"));
    }

    sql_put(sql, " ORDER BY p.id");

    result = pg_run(rq, sql);
    for (int64_t row = 0; row < pg_rows(result); row++) {
        json_array_append(list, project_shown(rq, result, row));
    }

    reply_json(rq, 200, list);
}


/* POST Projects (contract/accounts.md §7.2) */
static void
project_create(rq_t *rq)
{
    int64_t     id, organization = param_int(rq, "organization", 0);
    json_t     *object;
    const char *name = param_text(rq, "name");

    if (rq->user.id == 0) {
        fail_credentials(rq);
    }

    if (!access_affiliated(rq, organization, true)) {
        fail_permission(rq);
    }

    project_check_members(rq);

    tx_begin(rq);
    project_name_free(rq, name, true);

    for (size_t k = 0; project_buckets[k] != NULL; k++) {
        project_bucket_allowed(rq, project_buckets[k], organization);
    }

    id = project_insert(rq, organization);
    project_people(rq, id, organization);
    object = project_object(rq, id);
    tx_commit(rq);

    reply_json(rq, 201, rq_own(rq, json_pack("{s:s, s:I, s:O}", "message", rq_format(rq, "Project %s created!", name), "id",
                                             (json_int_t) id, "object", object)));
}


/* Members beyond the documented ones name columns, with a value of the column's kind, or are refused. */
static void
project_check_members(rq_t *rq)
{
    json_t                 *value;
    const char             *key;
    const project_member_t *member;

    json_object_foreach(rq->params, key, value) {
        for (member = project_members; member->name != NULL && strcmp(member->name, key) != 0; member++) {
            /* the last one has no name */
        }

        if (member->name == NULL) {
            fail(rq, 400, "The member %s of a project can not be given.", key);
        }

        if (member->type != JSON_NULL && !json_is_null(value) && json_typeof(value) != member->type) {
            fail(rq, 400, "The member %s of a project has the wrong type.", key);
        }
    }
}


static int64_t
project_insert(rq_t *rq, int64_t organization)
{
    result_t *result;

    result = pg_query(rq,
                      "INSERT INTO main_project (name, created, size, num_files, duration, summary, attribute_type_uuids, enable_downloads,"
                      "                          thumb, usernames, elemental_id, attribute_types, extended_info, backup_bucket, bucket,"
                      "                          creator, organization, upload_bucket)"
                      " VALUES (%s, now(), 0, 0, %ld, coalesce(%s, ''), '{}', %d, %s, %s::varchar[], coalesce(%s::uuid, gen_random_uuid()),"
                      "         coalesce(%p, '[]'::jsonb), coalesce(%p, '{}'::jsonb), nullif(%ld, 0), nullif(%ld, 0), %ld, %ld, nullif(%ld, 0))"
                      " RETURNING id",
                      param_text(rq, "name"), param_int(rq, "duration", 0), param_text(rq, "summary"),
                      (int) param_bool(rq, "enable_downloads", true), param_text(rq, "thumb"),
                      param_given(rq, "usernames") ? sql_json_array(rq->arena, param(rq, "usernames")) : "{}",
                      param_text(rq, "elemental_id"), param_given(rq, "attribute_types") ? param(rq, "attribute_types") : NULL,
                      param_given(rq, "extended_info") ? param(rq, "extended_info") : NULL, param_int(rq, "backup_bucket", 0),
                      param_int(rq, "bucket", 0), rq->user.id, organization, param_int(rq, "upload_bucket", 0));

    return pg_int(result, 0, 0);
}


/* What a new project begins with: a version, members, the creator's rights. */
static void
project_people(rq_t *rq, int64_t id, int64_t organization)
{
    pg_query(rq,
             "INSERT INTO main_version (name, description, number, created_datetime, show_empty, elemental_id, project_id)"
             " VALUES ('Baseline', 'Initial version', 0, now(), true, gen_random_uuid(), %ld)",
             id);

    pg_query(rq,
             "INSERT INTO main_membership (permission, project, \"user\")"
             " SELECT DISTINCT o.default_membership_permission, %ld::int, a.user_id FROM main_organization o"
             " JOIN main_affiliation a ON a.organization_id = o.id"
             " WHERE o.id = %ld AND o.default_membership_permission <> 'n' AND a.user_id <> %ld",
             id, organization, rq->user.id);

    pg_query(rq, "INSERT INTO main_membership (permission, project, \"user\") VALUES ('a', %ld, %ld)", id, rq->user.id);

    pg_query(rq,
             "INSERT INTO main_rowprotection (created_datetime, permission, project_id, user_id) VALUES (now(), 1099511627775, %ld, %ld)",
             id, rq->user.id);
}


/* PATCH Project/{id} */
static void
project_update(rq_t *rq)
{
    json_t     *object;
    removal_t  *removal = removal_new(rq, rq->project);
    const char *thumb = NULL;

    if (param_text(rq, "thumb") != NULL) {
        thumb = project_thumb_take(rq, param_text(rq, "thumb"));
    }

    tx_begin(rq);

    if (thumb != NULL) {
        project_thumb_put(rq, removal, thumb);
    }

    if (!project_change(rq) && thumb == NULL) {
        fail(rq, 400, "No recognized keys in request!");
    }

    object = project_object(rq, rq->project);
    tx_commit(rq);
    removal_run(removal);

    reply_json(rq, 200, rq_own(rq, json_pack("{s:s, s:O}", "message",
                                             rq_format(rq, "Project %ld updated successfully!", (long) rq->project), "object", object)));
}


/* The columns that the request names; false: none. */
static bool
project_change(rq_t *rq)
{
    bool        changed;
    const char *name = param_text(rq, "name"), *summary = param_text(rq, "summary"), *elemental = param_text(rq, "elemental_id");

    changed = name != NULL || summary != NULL || elemental != NULL || param_given(rq, "enable_downloads");

    if (name != NULL) {
        project_name_free(rq, name, false);
    }

    for (size_t k = 0; project_buckets[k] != NULL; k++) {
        project_bucket_allowed(rq, project_buckets[k], rq->organization);
        changed = changed || param_given(rq, project_buckets[k]);
    }

    if (changed) {
        pg_query(rq,
                 "UPDATE main_project SET name = coalesce(%s, name), summary = coalesce(%s, summary),"
                 "                        elemental_id = coalesce(%s::uuid, elemental_id), enable_downloads = coalesce(%s::bool, enable_downloads),"
                 "                        bucket = coalesce(nullif(%ld, 0), bucket), upload_bucket = coalesce(nullif(%ld, 0), upload_bucket),"
                 "                        backup_bucket = coalesce(nullif(%ld, 0), backup_bucket)"
                 " WHERE id = %ld",
                 name, summary, elemental,
                 param_given(rq, "enable_downloads") ? (param_bool(rq, "enable_downloads", true) ? "true" : "false") : NULL,
                 param_int(rq, "bucket", 0), param_int(rq, "upload_bucket", 0), param_int(rq, "backup_bucket", 0), rq->project);
    }

    return changed;
}


/* DELETE Project/{id}: its creator alone. Nobody sees the project from here on. A small one goes at once, the rows of a large one go in
   steps (tator-cron dropprojects). Media stay for the periodic prune, without project. */
static void
project_delete(rq_t *rq)
{
    result_t  *result;
    removal_t *removal = removal_new(rq, 0);

    tx_begin(rq);

    result = pg_query(rq, "SELECT creator FROM main_project WHERE id = %ld FOR UPDATE", rq->project);
    if (pg_rows(result) == 0) {
        fail_missing(rq, "Project");
    }

    if (pg_int(result, 0, 0) != rq->user.id) {
        fail_permission(rq);
    }

    project_thumb_put(rq, removal, NULL);
    pg_query(rq, "INSERT INTO tator.dropped_project (id) VALUES (%ld) ON CONFLICT DO NOTHING", rq->project);

    if (project_is_small(rq)) {
        project_delete_rows(rq, removal);
    } else {
        pg_query(rq, "DELETE FROM main_membership WHERE project = %ld", rq->project);
        pg_query(rq, "DELETE FROM main_rowprotection WHERE project_id = %ld", rq->project);
    }

    tx_commit(rq);
    removal_run(removal);

    reply_message(rq, 200, "Project %ld deleted successfully!", (long) rq->project);
}


/* Whether all of its rows can go while the caller waits. */
static bool
project_is_small(rq_t *rq)
{
    sql_t                   *sql = sql_new(rq->arena);
    static const char *const tables[] = {"main_localization WHERE project", "main_state WHERE project", "main_media WHERE project",
                                         "main_leaf WHERE project", "main_file WHERE project", "main_changelog WHERE project_id",
                                         "main_projectlookup WHERE project_id"};

    sql_put(sql, "SELECT 0");
    for (size_t k = 0; k < sizeof(tables) / sizeof(tables[0]); k++) {
        sql_put(sql, " + (SELECT count(*) FROM (SELECT FROM ");
        sql_raw(sql, tables[k]);
        sql_put(sql, " = %ld LIMIT %d) t)", rq->project, PROJECT_SMALL);
    }

    return pg_int(pg_run(rq, sql), 0, 0) < PROJECT_SMALL;
}


/* The objects of its files go with them. */
static void
project_delete_rows(rq_t *rq, removal_t *removal)
{
    result_t *files = pg_query(rq, "SELECT path FROM main_file WHERE project = %ld AND path <> ''", rq->project);

    delete_rows(rq, "main_project", sql_int_array(rq->arena, &rq->project, 1));

    for (int64_t row = 0; row < pg_rows(files); row++) {
        removal_add(removal, pg_text(files, row, 0));
    }
}


static sql_t *
project_select(rq_t *rq)
{
    sql_t *sql = sql_new(rq->arena);

    sql_put(sql, "SELECT ");
    columns_select_for(rq, sql, rq->config->fine_grain ? project_fine_columns : project_columns);
    sql_put(sql,
            " FROM main_project p CROSS JOIN (SELECT %ld::int AS id, %ld::int AS viewer) me"
            " LEFT JOIN LATERAL (SELECT id, permission FROM main_membership"
            " WHERE project = p.id AND \"user\" = me.id ORDER BY id LIMIT 1) m ON true",
            rq->user.id, rq->viewer);

    return sql;
}


static json_t *
project_object(rq_t *rq, int64_t id)
{
    sql_t *sql = project_select(rq);

    sql_put(sql, " WHERE p.id = %ld", id);

    return project_shown(rq, pg_run(rq, sql), 0);
}


/* A row with its picture as a URL. */
static json_t *
project_shown(rq_t *rq, const result_t *result, int64_t row)
{
    json_t     *project = columns_object(rq, project_columns, result, row, 0);
    const char *url;

    url = project_thumb_url(rq, pg_int(result, row, 0), json_string_value(json_object_get(project, "thumb")));
    json_object_set_new(project, "thumb", url == NULL ? json_null() : json_string(url));

    return project;
}


/* A new project's name among those that the caller sees; on PATCH among those that he is a member of, in both modes of permission, where the
   project itself counts, too (contract/accounts.md §7.2, R). */
static void
project_name_free(rq_t *rq, const char *name, bool created)
{
    sql_t *sql = sql_new(rq->arena);

    sql_put(sql, "SELECT FROM main_project p WHERE upper(p.name) = upper(%s)", name);

    if (created && rq->config->fine_grain) {
        sql_put(sql, " AND tator.project_permission(%ld::int, p.id) & 3 = 3", rq->user.id);
    } else {
        sql_put(sql, " AND EXISTS (SELECT FROM main_membership m WHERE m.project = p.id AND m.\"user\" = %ld)", rq->user.id);
    }

    sql_put(sql, " LIMIT 1");

    if (pg_rows(pg_run(rq, sql)) != 0) {
        fail(rq, 400, "Project with this name already exists!");
    }
}


/* A bucket must exist (404) and be of the project's organization (403); one whose organization was deleted is nobody's. */
static void
project_bucket_allowed(rq_t *rq, const char *name, int64_t organization)
{
    result_t *result;

    if (!param_given(rq, name)) {
        return;
    }

    result = pg_query(rq, "SELECT organization_id FROM main_bucket WHERE id = %ld", param_int(rq, name, 0));
    if (pg_rows(result) == 0) {
        fail_no_match(rq, "Bucket");
    }

    if (pg_null(result, 0, 0) || pg_int(result, 0, 0) != organization) {
        fail_permission(rq);
    }
}
