/*
 * The common part of the five kinds of types (type.h).
 */

#include "type.h"
#include "../api/delete.h"
#include "../query/query.h"

static int64_t media_type_of(rq_t *rq);


void
type_get(rq_t *rq, const type_kind_t *kind)
{
    sql_t    *sql;
    result_t *result;

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT ");
    columns_select_for(rq, sql, kind->columns);
    sql_put(sql, " FROM ");
    sql_raw(sql, kind->table);
    sql_put(sql, " AS t WHERE t.id = %ld", param_int(rq, "id", 0));

    result = pg_run(rq, sql);
    if (pg_rows(result) == 0) {
        fail_missing(rq, kind->model);
    }

    reply_row(rq, 200, kind->columns, result, 0);
}


void
type_list(rq_t *rq, const type_kind_t *kind)
{
    sql_t *sql;

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT ");
    columns_select_for(rq, sql, kind->columns);
    sql_put(sql, " FROM ");
    sql_raw(sql, kind->table);
    sql_put(sql, " AS t WHERE t.project = %ld", rq->project);

    if (param_given(rq, "elemental_id")) {
        sql_put(sql, " AND t.elemental_id = %s::uuid", query_uuid(rq, "elemental_id", param_text(rq, "elemental_id")));
    }

    if (kind->links != NULL && param_given(rq, "media_id")) {
        sql_put(sql, " AND EXISTS (SELECT 1 FROM ");
        sql_raw(sql, kind->links);
        sql_put(sql, " AS l WHERE l.mediatype_id = %ld AND t.id = l.", media_type_of(rq));
        sql_raw(sql, kind->link_column);
        sql_put(sql, ")");
    }

    sql_put(sql, " ORDER BY ");
    sql_raw(sql, rq->config->fine_grain ? "t.id" : kind->order);

    reply_rows(rq, kind->columns, pg_run(rq, sql));
}


void
type_delete(rq_t *rq, const type_kind_t *kind)
{
    int64_t id = param_int(rq, "id", 0), n;

    tx_begin(rq);
    n = delete_instances(rq, kind->entity, id);
    delete_rows(rq, kind->table, sql_int_array(rq->arena, &id, 1));
    tx_commit(rq);

    reply_message(rq, 200, "%s type %ld (and %ld instances) deleted successfully!", kind->label, (long) id, (long) n);
}


void
type_check_members(rq_t *rq)
{
    bool           known;
    json_t        *value;
    const char    *name;
    const field_t *field;
    schema_walk_t  walk;

    json_object_foreach(rq->params, name, value) {
        known = strcmp(name, "project") == 0;
        memset(&walk, 0, sizeof(walk));

        while (!known && (field = schema_next(rq->endpoint->body, &walk)) != NULL) {
            known = strcmp(field->name, name) == 0 && strcmp(name, "effective_permission") != 0;
        }

        if (!known) {
            fail(rq, 400, "The member %s can not be set.", name);
        }
    }

    name = param_text(rq, "name");

    if (name == NULL) {
        fail(rq, 400, "A type needs a name.");
    }

    if (strcmp(name, "filename") == 0) {
        fail(rq, 400, "The name filename is reserved.");
    }
}


int64_t
type_link(rq_t *rq, const type_kind_t *kind, int64_t type, const json_t *media_types)
{
    sql_t      *sql;
    const char *ids;

    if (!json_is_array(media_types)) {
        fail(rq, 400, "media_types must be a list of ids.");
    }

    ids = sql_json_array(rq->arena, media_types);

    sql = sql_new(rq->arena);
    sql_put(sql, "INSERT INTO ");
    sql_raw(sql, kind->links);
    sql_put(sql, " (");
    sql_raw(sql, kind->link_column);
    sql_put(sql, ", mediatype_id) SELECT %ld, m.id FROM main_mediatype AS m WHERE m.project = %ld AND m.id = ANY(%s::int[])"
                 " ORDER BY m.id ON CONFLICT DO NOTHING",
            type, rq->project, ids);
    pg_run(rq, sql);

    return pg_int(pg_query(rq, "SELECT count(*) FROM main_mediatype WHERE project = %ld AND id = ANY(%s::int[])", rq->project, ids), 0, 0);
}


const char *
sql_param(rq_t *rq, const char *name)
{
    json_t *value = param(rq, name);

    if (value == NULL || json_is_null(value)) {
        return NULL;
    }

    return json_is_string(value) ? json_string_value(value) : json_text(rq->arena, value);
}


const char *
sql_param_uuid(rq_t *rq, const char *name)
{
    const char *text = sql_param(rq, name);

    return text == NULL || *text == '\0' ? NULL : query_uuid(rq, name, text);
}


const json_t *
sql_param_json(rq_t *rq, const char *name)
{
    return param_given(rq, name) ? param(rq, name) : NULL;
}


void
type_check_default(rq_t *rq, const char *name)
{
    result_t *result;

    if (!param_given(rq, name)) {
        return;
    }

    result = pg_query(rq, "SELECT project FROM main_localizationtype WHERE id = %ld", param_int(rq, name, 0));

    if (pg_rows(result) == 0) {
        fail_no_match(rq, "LocalizationType");
    }

    if (pg_int(result, 0, 0) != rq->project) {
        fail(rq, 400, "%s is not a localization type of this project.", name);
    }
}


/* The type of the one media that media_id names. */
static int64_t
media_type_of(rq_t *rq)
{
    json_t   *ids = param(rq, "media_id");
    result_t *result;

    if (json_array_size(ids) != 1) {
        fail(rq, 400, "When specified, media_id must be one id.");
    }

    result = pg_query(rq, "SELECT project, meta FROM main_media WHERE id = %ld", (int64_t) json_integer_value(json_array_get(ids, 0)));

    if (pg_rows(result) == 0) {
        fail_no_match(rq, "Media");
    }

    if (pg_int(result, 0, 0) != rq->project) {
        fail(rq, 400, "The media is not part of this project.");
    }

    return pg_int(result, 0, 1);
}
