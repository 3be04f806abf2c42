/*
 * Physical and soft deletion (delete.h). The rules of the first stand in lib/deletion.c.
 */

#include <tator/deletion.h>

#include "delete.h"
#include "../net/pg.h"

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
static bool                   delete_run(void *data, const sql_t *sql, const char *values[2], int64_t *affected);


int64_t
delete_rows(rq_t *rq, const char *table, const char *ids)
{
    int64_t    n;
    deletion_t deletion = {.arena = rq->arena, .data = rq, .run = delete_run};

    n = deletion_rows(&deletion, table, ids);
    if (n < 0) {
        fail(rq, 400, "%s", deletion.fault);
    }

    return n;
}


json_t *
delete_media_paths(rq_t *rq, const char *ids)
{
    sql_t    *sql;
    json_t   *paths;
    result_t *result;

    sql = sql_new(rq->arena);
    sql_raw(sql, deletion_media_paths);
    sql_put(sql, "%s::int[]) ORDER BY path", ids);
    result = pg_run(rq, sql);

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


/* A statement that fails leaves the handler. */
static bool
delete_run(void *data, const sql_t *sql, const char *values[2], int64_t *affected)
{
    result_t *result = pg_run(data, sql);

    values[0] = pg_rows(result) > 0 ? pg_text(result, 0, 0) : NULL;
    values[1] = pg_rows(result) > 0 && pg_columns(result) > 1 ? pg_text(result, 0, 1) : NULL;
    *affected = pg_affected(result);

    return true;
}
