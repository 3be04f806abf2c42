/*
 * Creation of localizations and states: what the specs of a POST name is looked up at once and checked against the project, before
 * anything is written (contract/annotations.md §7.2, §8.2).
 */

#include <stdlib.h>

#include "annotation.h"


specs_t
annotation_specs(rq_t *rq, const annotation_t *kind)
{
    bool        states = kind == &annotation_state;
    size_t      k, types_n, media_n, versions_n, parents_n, spec_versions = 0;
    sql_t      *sql;
    json_t     *spec;
    specs_t     specs = {0};
    result_t   *result;
    const char *types, *media, *versions, *parents, *author;

    types = specs_ids(rq, "type", &types_n);
    media = specs_ids(rq, states ? "media_ids" : "media_id", &media_n);
    versions = specs_ids(rq, "version", &versions_n);
    parents = specs_ids(rq, "parent", &parents_n);

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT id, attribute_types, name, ");
    sql_raw(sql, states ? "association" : "dtype");
    sql_put(sql, " FROM ");
    sql_raw(sql, kind->types);
    sql_put(sql, " WHERE project = %ld AND id = ANY(%s::bigint[]) ORDER BY id", rq->project, types);
    specs.types = pg_run(rq, sql);

    if ((size_t) pg_rows(specs.types) != types_n) {
        fail(rq, 400, "Not all types are types of project %ld", (long) rq->project);
    }

    sql = sql_new(rq->arena);
    sql_put(sql,
            "SELECT (SELECT count(*) FROM unnest(%s::bigint[]) u(id) JOIN main_media t ON t.id = u.id WHERE t.project = %ld),"
            " (SELECT count(*) FROM unnest(%s::bigint[]) u(id) JOIN main_version t ON t.id = u.id WHERE t.project_id = %ld),"
            " (SELECT count(*) FROM unnest(%s::bigint[]) u(id) JOIN ",
            media, rq->project, versions, rq->project, parents);
    sql_raw(sql, kind->table);
    sql_put(sql, " t ON t.id = u.id)");
    result = pg_run(rq, sql);

    if ((size_t) pg_int(result, 0, 0) != media_n || media_n == 0) {
        fail(rq, 400, "Not all media are in project %ld", (long) rq->project);
    }

    if ((size_t) pg_int(result, 0, 1) != versions_n) {
        fail(rq, 400, "Not all versions are in project %ld", (long) rq->project);
    }

    if ((size_t) pg_int(result, 0, 2) != parents_n) {
        fail_no_match(rq, kind->model);
    }

    specs.attributes = arena_alloc(rq->arena, (types_n + 1) * sizeof(json_t *));

    for (k = 0; k < types_n; k++) {
        specs.attributes[k] = pg_json(rq, specs.types, (int64_t) k, 1);
    }

    specs.authors = rq_own(rq, json_object());

    json_array_foreach(rq->body, k, spec) {
        spec_versions += json_object_get(spec, "version") != NULL && !json_is_null(json_object_get(spec, "version"));
        author = json_string_value(json_object_get(spec, "user_elemental_id"));

        if (author != NULL && json_object_get(specs.authors, author) == NULL) {
            json_object_set(specs.authors, author, rq_own(rq, json_integer(annotation_author(rq, author))));
        }
    }

    if (spec_versions < json_array_size(rq->body)) {
        specs.version = annotation_version(rq);
    }

    return specs;
}


int64_t
specs_type(const specs_t *specs, int64_t type)
{
    int64_t k = 0;

    while (pg_int(specs->types, k, 0) != type) {
        k++;
    }

    return k;
}


json_t *
specs_row(rq_t *rq, const specs_t *specs, const json_t *spec, size_t n)
{
    json_t     *row, *author, *parent, *version;
    int64_t     type;
    const char *elemental_id;

    type = specs_type(specs, json_integer_value(json_object_get(spec, "type")));
    version = json_object_get(spec, "version");
    parent = json_object_get(spec, "parent");
    elemental_id = json_string_value(json_object_get(spec, "elemental_id"));
    author = json_object_get(spec, "user_elemental_id");
    author = json_is_string(author) ? json_object_get(specs->authors, json_string_value(author)) : rq_own(rq, json_integer(rq->user.id));

    row = rq_own(rq, json_object());
    json_object_set(row, "n", rq_own(rq, json_integer((json_int_t) n)));
    json_object_set(row, "type", json_object_get(spec, "type"));
    json_object_set(row, "version", json_is_integer(version) ? version : rq_own(rq, json_integer(specs->version)));
    json_object_set(row, "author", author);
    json_object_set(row, "attributes",
                    attributes_on_create(rq, specs->attributes[type], json_object_get(spec, "attributes")));

    if (json_is_number(parent)) {
        json_object_set(row, "parent", rq_own(rq, json_integer((json_int_t) json_number_value(parent))));
    }

    if (elemental_id != NULL) {
        json_object_set(row, "elemental_id", rq_own(rq, json_string(query_uuid(rq, "elemental_id", elemental_id))));
    }

    return row;
}


void
specs_lock(rq_t *rq, const annotation_t *kind, const json_t *rows)
{
    size_t       k, n = 0;
    json_t      *row;
    const char **ids;

    ids = arena_alloc(rq->arena, (json_array_size(rows) + 1) * sizeof(char *));

    json_array_foreach((json_t *) rows, k, row) {
        if (json_object_get(row, "elemental_id") != NULL) {
            ids[n++] = json_string_value(json_object_get(row, "elemental_id"));
        }
    }

    if (n > 0) {
        annotation_lock_elemental(rq, kind, sql_text_array(rq->arena, ids, n));
    }
}


void
specs_hold(rq_t *rq, const specs_t *specs)
{
    size_t      types_n, media_n, versions_n, parents_n, users_n = 1;
    json_t     *author;
    int64_t    *users;
    result_t   *result;
    const char *key, *types, *media, *versions, *parents;

    types = specs_ids(rq, "type", &types_n);
    media = specs_ids(rq, "media_id", &media_n);
    versions = specs_ids(rq, "version", &versions_n);
    parents = specs_ids(rq, "parent", &parents_n);

    users = arena_alloc(rq->arena, (json_object_size(specs->authors) + 1) * sizeof(int64_t));
    users[0] = rq->user.id;

    json_object_foreach(specs->authors, key, author) {
        users[users_n++] = json_integer_value(author);
    }

    result = pg_query(rq,
                      "WITH t AS (SELECT id FROM main_localizationtype WHERE id = ANY(%s::int[]) FOR KEY SHARE),"
                      " m AS (SELECT id FROM main_media WHERE id = ANY(%s::int[]) FOR KEY SHARE),"
                      " v AS (SELECT id FROM main_version WHERE id = ANY(%s::int[] || nullif(%ld, 0)::int) FOR KEY SHARE),"
                      " l AS (SELECT id FROM main_localization WHERE id = ANY(%s::int[]) FOR KEY SHARE),"
                      " u AS (SELECT id FROM main_user WHERE id = ANY(%s::int[]) FOR KEY SHARE),"
                      " p AS (SELECT id FROM main_project WHERE id = %ld FOR KEY SHARE)"
                      " SELECT ARRAY(SELECT id FROM t) @> %s::int[] AND ARRAY(SELECT id FROM m) @> %s::int[]"
                      "   AND ARRAY(SELECT id FROM v) @> (%s::int[] || array_remove(ARRAY[nullif(%ld, 0)::int], NULL))"
                      "   AND ARRAY(SELECT id FROM l) @> %s::int[] AND ARRAY(SELECT id FROM u) @> %s::int[] AND EXISTS (SELECT FROM p)",
                      types, media, versions, specs->version, parents, sql_int_array(rq->arena, users, users_n), rq->project, types, media,
                      versions, specs->version, parents, sql_int_array(rq->arena, users, users_n));

    if (!pg_bool(result, 0, 0)) {
        fail(rq, 400, "Something that the new localizations refer to is being deleted.");
    }

    pg_query(rq, "SELECT set_config('session_replication_role', 'replica', true) FROM pg_roles WHERE rolname = current_user AND rolsuper");
}


const char *
specs_ids(rq_t *rq, const char *name, size_t *n)
{
    size_t      k, member;
    json_t     *ids, *spec, *value, *item;
    int64_t    *list;
    const char *key;

    ids = rq_own(rq, json_object());

    json_array_foreach(rq->body, k, spec) {
        value = json_object_get(spec, name);

        if (json_is_number(value)) {
            json_object_set_new(ids, rq_format(rq, "%ld", (long) json_number_value(value)), json_true());
        }

        json_array_foreach(value, member, item) {
            json_object_set_new(ids, rq_format(rq, "%ld", (long) json_number_value(item)), json_true());
        }
    }

    *n = 0;
    list = arena_alloc(rq->arena, (json_object_size(ids) + 1) * sizeof(int64_t));

    json_object_foreach(ids, key, value) {
        list[(*n)++] = atoll(key);
    }

    return sql_int_array(rq->arena, list, *n);
}


void
annotation_created(rq_t *rq, const result_t *rows, const char *noun)
{
    json_t *answer, *ids;

    answer = rq_own(rq, json_object());
    ids = rq_own(rq, json_array());

    for (int64_t k = 0; k < pg_rows(rows); k++) {
        json_array_append(ids, rq_own(rq, json_integer(pg_int(rows, k, 0))));
    }

    json_object_set(answer, "message",
                    rq_own(rq, json_string(rq_format(rq, "Successfully created %ld %s!", (long) pg_rows(rows), noun))));
    json_object_set(answer, "id", ids);
    reply_json(rq, 201, answer);
}
