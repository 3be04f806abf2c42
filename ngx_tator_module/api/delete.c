/*
 * Physical and soft deletion (delete.h). One row of the table below is one cell of contract/database.md §4.
 */

#include "delete.h"
#include "../net/pg.h"

typedef enum {
    CASCADE = 1, /* rows of `child` that refer to it go, too, by their own rules */
    CLEAR,       /* their column becomes null */
    PROTECT,     /* they refuse the deletion */
    OWNED        /* rows of `child` that its own column `column` names go first */
} delete_action_t;

typedef struct {
    const char     *table;
    delete_action_t action;
    const char     *child, *column;
} delete_rule_t;

/* So many rows of a child table are dealt with at once. */
#define DELETE_BATCH 5000

static const delete_rule_t delete_rules[] = {
    {"main_organization", CASCADE, "main_affiliation", "organization_id"},
    {"main_organization", CASCADE, "main_invitation", "organization_id"},
    {"main_organization", CASCADE, "main_group", "organization_id"},
    {"main_organization", CASCADE, "main_rowprotection", "organization_id"},
    {"main_organization", CASCADE, "main_rowprotection", "target_organization_id"},
    {"main_organization", CLEAR, "main_bucket", "organization_id"},
    {"main_organization", CLEAR, "main_jobcluster", "organization_id"},
    {"main_organization", CLEAR, "main_hostedtemplate", "organization_id"},
    {"main_organization", CLEAR, "main_project", "organization"},

    {"main_group", CASCADE, "main_groupmembership", "group_id"},
    {"main_group", CASCADE, "main_rowprotection", "group_id"},
    {"main_group", CASCADE, "main_rowprotection", "target_group_id"},

    {"main_project", CLEAR, "main_media", "project"},
    {"main_project", CLEAR, "main_media", "recycled_from_id"},
    {"main_project", CASCADE, "main_version", "project_id"},
    {"main_project", CLEAR, "main_localization", "project"},
    {"main_project", CLEAR, "main_state", "project"},
    {"main_project", CLEAR, "main_leaf", "project"},
    {"main_project", CASCADE, "main_mediatype", "project"},
    {"main_project", CASCADE, "main_localizationtype", "project"},
    {"main_project", CASCADE, "main_statetype", "project"},
    {"main_project", CASCADE, "main_leaftype", "project"},
    {"main_project", CASCADE, "main_file", "project"},
    {"main_project", CASCADE, "main_filetype", "project"},
    {"main_project", CASCADE, "main_membership", "project"},
    {"main_project", CASCADE, "main_section", "project"},
    {"main_project", CASCADE, "main_algorithm", "project"},
    {"main_project", CASCADE, "main_dashboard", "project"},
    {"main_project", CASCADE, "main_bookmark", "project"},
    {"main_project", CASCADE, "main_favorite", "project"},
    {"main_project", CASCADE, "main_temporaryfile", "project_id"},
    {"main_project", CASCADE, "main_changelog", "project_id"},
    {"main_project", CASCADE, "main_projectlookup", "project_id"},
    {"main_project", CASCADE, "main_groupmembership", "project_id"},
    {"main_project", CASCADE, "main_rowprotection", "project_id"},

    {"main_version", CASCADE, "main_localization", "version"},
    {"main_version", CASCADE, "main_state", "version"},
    {"main_version", CASCADE, "main_version_bases", "from_version_id"},
    {"main_version", CASCADE, "main_version_bases", "to_version_id"},
    {"main_version", CASCADE, "main_rowprotection", "version_id"},
    {"main_version", CLEAR, "main_membership", "default_version_id"},

    {"main_section", CASCADE, "main_section_media", "section_id"},
    {"main_section", CASCADE, "main_rowprotection", "section_id"},
    {"main_section", CLEAR, "main_media", "primary_section_id"},

    {"main_mediatype", CASCADE, "main_localizationtype_media", "mediatype_id"},
    {"main_mediatype", CASCADE, "main_statetype_media", "mediatype_id"},
    {"main_mediatype", CLEAR, "main_media", "meta"},
    {"main_mediatype", CLEAR, "main_project", "default_media"},

    {"main_localizationtype", CASCADE, "main_localizationtype_media", "localizationtype_id"},
    {"main_localizationtype", CASCADE, "main_favorite", "localization_type_id"},
    {"main_localizationtype", CLEAR, "main_localization", "meta"},
    {"main_localizationtype", CLEAR, "main_mediatype", "default_box_id"},
    {"main_localizationtype", CLEAR, "main_mediatype", "default_dot_id"},
    {"main_localizationtype", CLEAR, "main_mediatype", "default_line_id"},
    {"main_localizationtype", CLEAR, "main_mediatype", "default_poly_id"},
    {"main_localizationtype", CLEAR, "main_statetype", "default_localization_id"},

    {"main_statetype", CASCADE, "main_statetype_media", "statetype_id"},
    {"main_statetype", CASCADE, "main_favorite", "state_type_id"},
    {"main_statetype", CLEAR, "main_state", "meta"},

    {"main_leaftype", CLEAR, "main_leaf", "meta"},
    {"main_filetype", CLEAR, "main_file", "meta"},

    {"main_media", CASCADE, "main_state_media", "media_id"},
    {"main_media", CASCADE, "main_section_media", "media_id"},
    {"main_media", CASCADE, "main_resource_media", "media_id"},
    {"main_media", CASCADE, "main_projectlookup", "media_id"},
    {"main_media", CASCADE, "main_rowprotection", "media_id"},
    {"main_media", CLEAR, "main_localization", "media"},
    {"main_media", CLEAR, "main_localization", "thumbnail_image"},
    {"main_media", CLEAR, "main_state", "extracted"},

    {"main_localization", OWNED, "main_media", "thumbnail_image"},
    {"main_localization", CASCADE, "main_state_localizations", "localization_id"},
    {"main_localization", CASCADE, "main_projectlookup", "localization_id"},
    {"main_localization", CASCADE, "main_rowprotection", "localization_id"},
    {"main_localization", CLEAR, "main_localization", "parent"},

    {"main_state", CASCADE, "main_state_media", "state_id"},
    {"main_state", CASCADE, "main_state_localizations", "state_id"},
    {"main_state", CASCADE, "main_projectlookup", "state_id"},
    {"main_state", CASCADE, "main_rowprotection", "state_id"},
    {"main_state", CLEAR, "main_state", "parent"},

    {"main_leaf", CLEAR, "main_leaf", "parent"},

    {"main_file", CASCADE, "main_resource_generic_files", "file_id"},
    {"main_file", CASCADE, "main_rowprotection", "file_id"},

    {"main_bucket", PROTECT, "main_resource", "bucket_id"},
    {"main_bucket", PROTECT, "main_resource", "backup_bucket_id"},
    {"main_bucket", CASCADE, "main_rowprotection", "bucket_id"},
    {"main_bucket", CLEAR, "main_project", "bucket"},
    {"main_bucket", CLEAR, "main_project", "upload_bucket"},
    {"main_bucket", CLEAR, "main_project", "backup_bucket"},

    {"main_resource", CASCADE, "main_resource_media", "resource_id"},
    {"main_resource", CASCADE, "main_resource_generic_files", "resource_id"},

    {"main_algorithm", CASCADE, "main_rowprotection", "algorithm_id"},
    {"main_jobcluster", CASCADE, "main_rowprotection", "job_cluster_id"},
    {"main_jobcluster", CLEAR, "main_algorithm", "cluster"},
    {"main_hostedtemplate", CASCADE, "main_rowprotection", "hosted_template_id"},
    {"main_hostedtemplate", CLEAR, "main_algorithm", "template_id"},
    {"main_hostedtemplate", CLEAR, "main_dashboard", "template_id"},
    {"main_announcement", CASCADE, "main_announcementtouser", "announcement_id"},
    {"main_changelog", CLEAR, "main_changetoobject", "change_id_id"},
};

#define DELETE_RULES (sizeof(delete_rules) / sizeof(delete_rules[0]))

typedef struct {
    const char *entity, *table, *type_table;
    bool        logged; /* changes are written to the change log */
} delete_entity_t;

static const delete_entity_t delete_entities[] = {
    {"media", "main_media", "main_mediatype", true},
    {"localization", "main_localization", "main_localizationtype", true},
    {"state", "main_state", "main_statetype", true},
    {"leaf", "main_leaf", "main_leaftype", true},
    {"file", "main_file", "main_filetype", false},
};

static const delete_entity_t *delete_entity(rq_t *rq, const char *name);
static void                   delete_check(rq_t *rq, const char *table, const char *ids);
static void                   delete_apply(rq_t *rq, const delete_rule_t *rule, const char *ids);
static void                   delete_children(rq_t *rq, const delete_rule_t *rule, const char *ids);
static void                   delete_owned(rq_t *rq, const delete_rule_t *rule, const char *ids);
static bool                   delete_has_rules(const char *table);


int64_t
delete_rows(rq_t *rq, const char *table, const char *ids)
{
    sql_t *sql;
    size_t k;

    delete_check(rq, table, ids);

    for (k = 0; k < DELETE_RULES; k++) {
        if (strcmp(delete_rules[k].table, table) == 0) {
            delete_apply(rq, &delete_rules[k], ids);
        }
    }

    sql = sql_new(rq->arena);
    sql_put(sql, "DELETE FROM ");
    sql_raw(sql, table);
    sql_put(sql, " WHERE id = ANY(%s::int[])", ids);

    return pg_affected(pg_run(rq, sql));
}


json_t *
delete_media_paths(rq_t *rq, const char *ids)
{
    json_t   *paths;
    result_t *result;

    result = pg_query(rq,
                      "SELECT DISTINCT path"
                      " FROM main_media m"
                      " CROSS JOIN unnest('{archival,streaming,audio,image,attachment,thumbnail,thumbnail_gif}'::text[]) role"
                      " CROSS JOIN jsonb_array_elements(CASE jsonb_typeof(m.media_files -> role) WHEN 'array'"
                      "                                 THEN m.media_files -> role ELSE '[]' END) definition"
                      " CROSS JOIN LATERAL (VALUES (definition ->> 'path'),"
                      "                            (CASE role WHEN 'streaming' THEN definition ->> 'segment_info' END)) file (path)"
                      " WHERE m.id = ANY(%s::int[])"
                      "   AND path !~ '^[A-Za-z][A-Za-z0-9+.-]*://'"
                      "   AND (role <> 'streaming' OR definition ? 'segment_info')"
                      " ORDER BY path",
                      ids);

    paths = rq_own(rq, json_array());
    for (int64_t row = 0; row < pg_rows(result); row++) {
        json_array_append_new(paths, json_string(pg_text(result, row, 0)));
    }

    return paths;
}


int64_t
delete_instances(rq_t *rq, const char *entity, int64_t type)
{
    sql_t                 *sql;
    result_t              *result;
    const delete_entity_t *kind = delete_entity(rq, entity);

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT count(*), array_agg(id) FILTER (WHERE NOT deleted) FROM ");
    sql_raw(sql, kind->table);
    sql_put(sql, " WHERE meta = %ld", type);
    result = pg_run(rq, sql);

    if (!pg_null(result, 0, 1)) {
        delete_softly(rq, entity, pg_text(result, 0, 1));
    }

    return pg_int(result, 0, 0);
}


int64_t
delete_softly(rq_t *rq, const char *entity, const char *ids)
{
    sql_t                 *sql;
    result_t              *result;
    const delete_entity_t *kind = delete_entity(rq, entity);

    sql = sql_new(rq->arena);
    sql_put(sql, "WITH old AS (SELECT id, modified_by FROM ");
    sql_raw(sql, kind->table);
    sql_put(sql, " WHERE id = ANY(%s::int[]) AND NOT deleted ORDER BY id FOR UPDATE), changed AS (UPDATE ", ids);
    sql_raw(sql, kind->table);
    sql_put(sql,
            " e SET deleted = true, modified_datetime = now(), modified_by = %ld FROM old WHERE e.id = old.id RETURNING e.id),"
            " first AS (SELECT old.modified_by FROM old JOIN changed USING (id) ORDER BY id LIMIT 1),"
            " log AS (INSERT INTO main_changelog (project_id, user_id, modified_datetime, description_of_change)"
            "  SELECT %ld, %ld, now(), jsonb_build_object("
            "   'old', CASE WHEN modified_by IS DISTINCT FROM %ld"
            "          THEN jsonb_build_array(jsonb_build_object('name', '_modified_by', 'value', modified_by)) ELSE '[]' END"
            "          || jsonb_build_array(jsonb_build_object('name', '_deleted', 'value', false)),"
            "   'new', CASE WHEN modified_by IS DISTINCT FROM %ld"
            "          THEN jsonb_build_array(jsonb_build_object('name', '_modified_by', 'value', %ld::int)) ELSE '[]' END"
            "          || jsonb_build_array(jsonb_build_object('name', '_deleted', 'value', true)))"
            "  FROM first WHERE %d::bool RETURNING id),"
            " links AS (INSERT INTO main_changetoobject (ref_table_id, ref_id, change_id_id)"
            "  SELECT c.id, changed.id, log.id FROM log CROSS JOIN changed"
            "  JOIN django_content_type c ON c.app_label = 'main' AND c.model = %s)"
            " SELECT count(*) FROM changed",
            rq->user.id, rq->project, rq->user.id, rq->user.id, rq->user.id, rq->user.id, kind->logged, entity);
    result = pg_run(rq, sql);

    return pg_int(result, 0, 0);
}


static const delete_entity_t *
delete_entity(rq_t *rq, const char *name)
{
    for (size_t k = 0; k < sizeof(delete_entities) / sizeof(delete_entities[0]); k++) {
        if (strcmp(delete_entities[k].entity, name) == 0) {
            return &delete_entities[k];
        }
    }

    fail(rq, 500, "No entity %s.", name);
}


/* Protecting rows refuse before anything is changed. */
static void
delete_check(rq_t *rq, const char *table, const char *ids)
{
    sql_t               *sql;
    const delete_rule_t *rule;

    for (rule = delete_rules; rule < delete_rules + DELETE_RULES; rule++) {
        if (rule->action != PROTECT || strcmp(rule->table, table) != 0) {
            continue;
        }

        sql = sql_new(rq->arena);
        sql_put(sql, "SELECT 1 FROM ");
        sql_raw(sql, rule->child);
        sql_put(sql, " WHERE ");
        sql_raw(sql, rule->column);
        sql_put(sql, " = ANY(%s::int[]) LIMIT 1", ids);

        if (pg_rows(pg_run(rq, sql)) > 0) {
            fail(rq, 400, "Can not be deleted: %s refers to it by %s.", rule->child, rule->column);
        }
    }
}


static void
delete_apply(rq_t *rq, const delete_rule_t *rule, const char *ids)
{
    sql_t *sql;

    switch (rule->action) {

    case PROTECT:
        return;

    case OWNED:
        delete_owned(rq, rule, ids);
        return;

    case CASCADE:
        if (delete_has_rules(rule->child)) {
            delete_children(rq, rule, ids);
            return;
        }

        sql = sql_new(rq->arena);
        sql_put(sql, "DELETE FROM ");
        sql_raw(sql, rule->child);
        sql_put(sql, " WHERE ");
        break;

    default: /* CLEAR */
        sql = sql_new(rq->arena);
        sql_put(sql, "UPDATE ");
        sql_raw(sql, rule->child);
        sql_put(sql, " SET ");
        sql_raw(sql, rule->column);
        sql_put(sql, " = NULL WHERE ");
        break;
    }

    sql_raw(sql, rule->column);
    sql_put(sql, " = ANY(%s::int[])", ids);
    pg_run(rq, sql);
}


static void
delete_children(rq_t *rq, const delete_rule_t *rule, const char *ids)
{
    sql_t    *sql;
    result_t *result;

    for (;;) {
        sql = sql_new(rq->arena);
        sql_put(sql, "SELECT array_agg(id), count(*) FROM (SELECT id FROM ");
        sql_raw(sql, rule->child);
        sql_put(sql, " WHERE ");
        sql_raw(sql, rule->column);
        sql_put(sql, " = ANY(%s::int[]) LIMIT %d) batch", ids, DELETE_BATCH);
        result = pg_run(rq, sql);

        if (pg_null(result, 0, 0)) {
            return;
        }

        delete_rows(rq, rule->child, pg_text(result, 0, 0));

        if (pg_int(result, 0, 1) < DELETE_BATCH) {
            return;
        }
    }
}


static void
delete_owned(rq_t *rq, const delete_rule_t *rule, const char *ids)
{
    sql_t    *sql;
    result_t *result;

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT array_agg(DISTINCT ");
    sql_raw(sql, rule->column);
    sql_put(sql, ") FROM ");
    sql_raw(sql, rule->table);
    sql_put(sql, " WHERE id = ANY(%s::int[]) AND ", ids);
    sql_raw(sql, rule->column);
    sql_put(sql, " IS NOT NULL");
    result = pg_run(rq, sql);

    if (!pg_null(result, 0, 0)) {
        delete_rows(rq, rule->child, pg_text(result, 0, 0));
    }
}


static bool
delete_has_rules(const char *table)
{
    for (size_t k = 0; k < DELETE_RULES; k++) {
        if (strcmp(delete_rules[k].table, table) == 0) {
            return true;
        }
    }

    return false;
}
