/*
 * Physical deletion (deletion.h). One row of the table below is one cell of contract/database.md §4.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tator/deletion.h>

typedef enum {
    CASCADE = 1, /* rows of `child` that refer to it go, too, by their own rules */
    CLEAR,       /* their column becomes null */
    PROTECT,     /* they refuse the deletion */
    OWNED        /* rows of `child` that its own column `column` names go first */
} deletion_action_t;

typedef struct {
    const char     *table;
    deletion_action_t action;
    const char     *child, *column;
} deletion_rule_t;

/* So many rows of a child table are dealt with at once. */
#define DELETION_BATCH 5000

static const deletion_rule_t deletion_rules[] = {
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

#define DELETION_RULES (sizeof(deletion_rules) / sizeof(deletion_rules[0]))

static bool deletion_check(deletion_t *deletion, const char *table, const char *ids);
static bool deletion_apply(deletion_t *deletion, const deletion_rule_t *rule, const char *ids);
static bool deletion_children(deletion_t *deletion, const deletion_rule_t *rule, const char *ids);
static bool deletion_owned(deletion_t *deletion, const deletion_rule_t *rule, const char *ids);
static bool deletion_has_rules(const char *table);

const char deletion_media_paths[] =
    "SELECT DISTINCT path"
    " FROM main_media m"
    " CROSS JOIN unnest('{archival,streaming,audio,image,attachment,thumbnail,thumbnail_gif}'::text[]) role"
    " CROSS JOIN jsonb_array_elements(CASE jsonb_typeof(m.media_files -> role) WHEN 'array'"
    "                                 THEN m.media_files -> role ELSE '[]' END) definition"
    " CROSS JOIN LATERAL (VALUES (definition ->> 'path'),"
    "                            (CASE role WHEN 'streaming' THEN definition ->> 'segment_info' END)) file (path)"
    " WHERE path !~ '^[A-Za-z][A-Za-z0-9+.-]*://'"
    "   AND (role <> 'streaming' OR definition ? 'segment_info')"
    "   AND m.id = ANY(";


int64_t
deletion_rows(deletion_t *deletion, const char *table, const char *ids)
{
    sql_t      *sql;
    int64_t     affected;
    const char *values[2];

    if (!deletion_check(deletion, table, ids)) {
        return -1;
    }

    for (size_t k = 0; k < DELETION_RULES; k++) {
        if (strcmp(deletion_rules[k].table, table) == 0 && !deletion_apply(deletion, &deletion_rules[k], ids)) {
            return -1;
        }
    }

    sql = sql_new(deletion->arena);
    sql_put(sql, "DELETE FROM ");
    sql_raw(sql, table);
    sql_put(sql, " WHERE id = ANY(%s::int[])", ids);

    return deletion->run(deletion->data, sql, values, &affected) ? affected : -1;
}


/* Protecting rows refuse before anything is changed. */
static bool
deletion_check(deletion_t *deletion, const char *table, const char *ids)
{
    sql_t                 *sql;
    int64_t                affected;
    const char            *values[2];
    const deletion_rule_t *rule;

    for (rule = deletion_rules; rule < deletion_rules + DELETION_RULES; rule++) {
        if (rule->action != PROTECT || strcmp(rule->table, table) != 0) {
            continue;
        }

        sql = sql_new(deletion->arena);
        sql_put(sql, "SELECT 1, 1 FROM ");
        sql_raw(sql, rule->child);
        sql_put(sql, " WHERE ");
        sql_raw(sql, rule->column);
        sql_put(sql, " = ANY(%s::int[]) LIMIT 1", ids);

        if (!deletion->run(deletion->data, sql, values, &affected)) {
            return false;
        }

        if (values[0] != NULL) {
            snprintf(deletion->fault, sizeof(deletion->fault), "Can not be deleted: %s refers to it by %s.", rule->child, rule->column);
            return false;
        }
    }

    return true;
}


static bool
deletion_apply(deletion_t *deletion, const deletion_rule_t *rule, const char *ids)
{
    sql_t      *sql;
    int64_t     affected;
    const char *values[2];

    switch (rule->action) {

    case PROTECT:
        return true;

    case OWNED:
        return deletion_owned(deletion, rule, ids);

    case CASCADE:
        if (deletion_has_rules(rule->child)) {
            return deletion_children(deletion, rule, ids);
        }

        sql = sql_new(deletion->arena);
        sql_put(sql, "DELETE FROM ");
        sql_raw(sql, rule->child);
        sql_put(sql, " WHERE ");
        break;

    default: /* CLEAR */
        sql = sql_new(deletion->arena);
        sql_put(sql, "UPDATE ");
        sql_raw(sql, rule->child);
        sql_put(sql, " SET ");
        sql_raw(sql, rule->column);
        sql_put(sql, " = NULL WHERE ");
        break;
    }

    sql_raw(sql, rule->column);
    sql_put(sql, " = ANY(%s::int[])", ids);

    return deletion->run(deletion->data, sql, values, &affected);
}


static bool
deletion_children(deletion_t *deletion, const deletion_rule_t *rule, const char *ids)
{
    sql_t      *sql;
    int64_t     affected;
    const char *values[2];

    for (;;) {
        sql = sql_new(deletion->arena);
        sql_put(sql, "SELECT array_agg(id), count(*) FROM (SELECT id FROM ");
        sql_raw(sql, rule->child);
        sql_put(sql, " WHERE ");
        sql_raw(sql, rule->column);
        sql_put(sql, " = ANY(%s::int[]) LIMIT %d) batch", ids, DELETION_BATCH);

        if (!deletion->run(deletion->data, sql, values, &affected)) {
            return false;
        }

        if (values[0] == NULL) {
            return true;
        }

        affected = strtoll(values[1], NULL, 10);
        if (deletion_rows(deletion, rule->child, values[0]) < 0) {
            return false;
        }

        if (affected < DELETION_BATCH) {
            return true;
        }
    }
}


static bool
deletion_owned(deletion_t *deletion, const deletion_rule_t *rule, const char *ids)
{
    sql_t      *sql;
    int64_t     affected;
    const char *values[2];

    sql = sql_new(deletion->arena);
    sql_put(sql, "SELECT array_agg(DISTINCT ");
    sql_raw(sql, rule->column);
    sql_put(sql, "), 1 FROM ");
    sql_raw(sql, rule->table);
    sql_put(sql, " WHERE id = ANY(%s::int[]) AND ", ids);
    sql_raw(sql, rule->column);
    sql_put(sql, " IS NOT NULL");

    if (!deletion->run(deletion->data, sql, values, &affected)) {
        return false;
    }

    return values[0] == NULL || deletion_rows(deletion, rule->child, values[0]) >= 0;
}


static bool
deletion_has_rules(const char *table)
{
    for (size_t k = 0; k < DELETION_RULES; k++) {
        if (strcmp(deletion_rules[k].table, table) == 0) {
            return true;
        }
    }

    return false;
}
