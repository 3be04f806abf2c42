/*
 * Creation of localizations and states: what the specs of a POST name is looked up at once and checked against the project, before
 * anything is written (contract/annotations.md §7.2, §8.2).
 */

#include <stdlib.h>

#include "annotation.h"

static void specs_elemental(rq_t *rq, specs_t *specs);
static int  specs_order(const void *left, const void *right);


specs_t
annotation_specs(rq_t *rq, const annotation_t *kind)
{
    bool        states = kind == &annotation_state;
    size_t      k, types_n, media_n, versions_n, parents_n, spec_versions = 0;
    sql_t      *sql;
    json_t     *spec;
    specs_t     specs = {0};
    result_t   *result;
    const char *author;

    specs.type_ids = specs_ids(rq, "type", &types_n);
    specs.media_ids = specs_ids(rq, states ? "media_ids" : "media_id", &media_n);
    specs.version_ids = specs_ids(rq, "version", &versions_n);
    specs.parent_ids = specs_ids(rq, "parent", &parents_n);

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT id, attribute_types, name, ");
    sql_raw(sql, states ? "association" : "dtype");
    sql_put(sql, " FROM ");
    sql_raw(sql, kind->types);
    sql_put(sql, " WHERE project = %ld AND id = ANY(%s::bigint[]) ORDER BY id", rq->project, specs.type_ids);
    specs.types = pg_run(rq, sql);

    if ((size_t) pg_rows(specs.types) != types_n) {
        fail(rq, 400, "Not all types are types of project %ld", (long) rq->project);
    }

    sql = sql_new(rq->arena);
    sql_put(sql,
            "SELECT (SELECT count(*) FROM unnest(%s::bigint[]) u(id) JOIN main_media t ON t.id = u.id WHERE t.project = %ld),"
            " (SELECT count(*) FROM unnest(%s::bigint[]) u(id) JOIN main_version t ON t.id = u.id WHERE t.project_id = %ld),"
            " (SELECT count(*) FROM unnest(%s::bigint[]) u(id) JOIN ",
            specs.media_ids, rq->project, specs.version_ids, rq->project, specs.parent_ids);
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

    specs_elemental(rq, &specs);

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


void
specs_row(rq_t *rq, const specs_t *specs, const json_t *spec, size_t n, text_t *out)
{
    json_t     *author, *parent, *version;
    int64_t     type, user = rq->user.id;
    const char *elemental_id;

    type = specs_type(specs, json_integer_value(json_object_get(spec, "type")));
    version = json_object_get(spec, "version");
    parent = json_object_get(spec, "parent");
    elemental_id = json_string_value(json_object_get(spec, "elemental_id"));
    author = json_object_get(spec, "user_elemental_id");

    if (json_is_string(author)) {
        user = json_integer_value(json_object_get(specs->authors, json_string_value(author)));
    }

    text_printf(out, "{\"n\":%zu,\"author\":%ld,\"version\":%ld", n, (long) user,
                (long) (json_is_integer(version) ? json_integer_value(version) : specs->version));
    specs_member(out, "type", json_object_get(spec, "type"));
    specs_member(out, "attributes", attributes_on_create(rq, specs->attributes[type], json_object_get(spec, "attributes")));

    if (json_is_number(parent)) {
        text_printf(out, ",\"parent\":%ld", (long) json_number_value(parent));
    }

    if (elemental_id != NULL) {
        text_printf(out, ",\"elemental_id\":\"%s\"", query_uuid(rq, "elemental_id", elemental_id));
    }
}


void
specs_member(text_t *out, const char *name, const json_t *value)
{
    text_puts(out, ",\"");
    text_puts(out, name);
    text_puts(out, "\":");
    json_write(out, value);
}


void
specs_lock(rq_t *rq, const annotation_t *kind, const specs_t *specs)
{
    if (specs->elemental_n > 0) {
        annotation_lock_elemental(rq, kind, sql_text_array(rq->arena, specs->elemental_ids, specs->elemental_n));
    }
}


void
specs_hold(rq_t *rq, const specs_t *specs)
{
    size_t      users_n = 1;
    json_t     *author;
    int64_t    *list;
    result_t   *result;
    const char *key, *users;

    list = arena_alloc(rq->arena, (json_object_size(specs->authors) + 1) * sizeof(int64_t));
    list[0] = rq->user.id;

    json_object_foreach(specs->authors, key, author) {
        list[users_n++] = json_integer_value(author);
    }

    users = sql_int_array(rq->arena, list, users_n);
    result = pg_query(rq,
                      "WITH t AS (SELECT id FROM main_localizationtype WHERE id = ANY(%s::int[]) FOR KEY SHARE),"
                      " m AS (SELECT id FROM main_media WHERE id = ANY(%s::int[]) FOR KEY SHARE),"
                      " v AS (SELECT id FROM main_version WHERE id = ANY(%s::int[] || nullif(%ld, 0)::int) FOR KEY SHARE),"
                      " l AS (SELECT id FROM main_localization WHERE id = ANY(%s::int[]) FOR KEY SHARE),"
                      " u AS (SELECT id FROM main_user WHERE id = ANY(%s::int[]) FOR KEY SHARE),"
                      " p AS (SELECT id FROM main_project WHERE id = %ld FOR KEY SHARE)"
                      " SELECT (SELECT count(*) FROM t) = cardinality(%s::int[]) AND (SELECT count(*) FROM m) = cardinality(%s::int[])"
                      "   AND ARRAY(SELECT id FROM v) @> (%s::int[] || array_remove(ARRAY[nullif(%ld, 0)::int], NULL))"
                      "   AND (SELECT count(*) FROM l) = cardinality(%s::int[]) AND ARRAY(SELECT id FROM u) @> %s::int[]"
                      "   AND EXISTS (SELECT FROM p)",
                      specs->type_ids, specs->media_ids, specs->version_ids, specs->version, specs->parent_ids, users, rq->project,
                      specs->type_ids, specs->media_ids, specs->version_ids, specs->version, specs->parent_ids, users);

    if (!pg_bool(result, 0, 0)) {
        fail(rq, 400, "Something that the new localizations refer to is being deleted.");
    }

    pg_references(rq, false);
}


const char *
specs_ids(rq_t *rq, const char *name, size_t *n)
{
    size_t   k, member, found = 0, room = 1;
    json_t  *spec, *value, *item;
    int64_t *list;

    json_array_foreach(rq->body, k, spec) {
        value = json_object_get(spec, name);
        room += json_is_array(value) ? json_array_size(value) : 1;
    }

    list = arena_alloc(rq->arena, room * sizeof(int64_t));

    json_array_foreach(rq->body, k, spec) {
        value = json_object_get(spec, name);

        if (json_is_number(value)) {
            list[found++] = (int64_t) json_number_value(value);
        }

        json_array_foreach(value, member, item) {
            list[found++] = (int64_t) json_number_value(item);
        }
    }

    qsort(list, found, sizeof(int64_t), specs_order);
    *n = 0;

    for (k = 0; k < found; k++) {
        if (k == 0 || list[k] != list[k - 1]) {
            list[(*n)++] = list[k];
        }
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


static void
specs_elemental(rq_t *rq, specs_t *specs)
{
    size_t      k;
    json_t     *spec;
    const char *elemental_id;

    specs->elemental_ids = arena_alloc(rq->arena, (json_array_size(rq->body) + 1) * sizeof(char *));

    json_array_foreach(rq->body, k, spec) {
        elemental_id = json_string_value(json_object_get(spec, "elemental_id"));

        if (elemental_id != NULL) {
            specs->elemental_ids[specs->elemental_n++] = query_uuid(rq, "elemental_id", elemental_id);
        }
    }
}


static int
specs_order(const void *left, const void *right)
{
    int64_t a = *(const int64_t *) left, b = *(const int64_t *) right;

    return (a > b) - (a < b);
}
