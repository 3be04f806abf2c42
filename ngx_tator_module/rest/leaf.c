/*
 * Leaves: named nodes of label trees (contract/annotations.md §10). A leaf's path is made of the names on the way from the project to
 * it; it is written when the leaf is made or moved, so a new name alone leaves it as it is (R). Lists are in leaf_list.c.
 */

#include "leaf.h"
#include "../api/attributes.h"
#include "../api/change_log.h"
#include "../api/delete.h"

static const field_t leaf_query_fields[] = {
    {"ids", IDS(), OPTIONAL, "Ids to take."},
    {"float_array", ARRAY(REF(schema_float_array_query)), OPTIONAL, "Searches by distance of vectors."},
    {"object_search", REF(schema_attribute_operation_spec), OPTIONAL, "Search over attributes."},
    {0},
};

static const field_t leaf_bulk_update_fields[] = {
    {"attributes", ATTRIBUTES(), OPTIONAL, "Attribute values by name."},
    {"null_attributes", ARRAY(STRING(MINIMUM(1))), OPTIONAL, "Attributes to set to null."},
    {"reset_attributes", ARRAY(STRING(MINIMUM(1))), OPTIONAL, "Attributes to set to their default."},
    {0},
};

static const field_t leaf_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"type", INTEGER(), OPTIONAL, "Id of its type."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"path", STRING(), OPTIONAL, "Place in the tree, dotted."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"parent", INTEGER(NULLABLE), OPTIONAL, "The row that it came from."},
    {"attributes", ATTRIBUTES(), OPTIONAL, "Attribute values by name."},
    {0},
};

static const field_t leaf_spec_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {"type", INTEGER(), REQUIRED, "Id of its type."},
    {"parent", INTEGER(NULLABLE), OPTIONAL, "The row that it came from."},
    {"attributes", ATTRIBUTES(), OPTIONAL, "Attribute values by name."},
    {0},
};

static const field_t leaf_suggestion_fields[] = {
    {"value", STRING(), OPTIONAL, "The name suggested."},
    {"group", STRING(), OPTIONAL, "Heading to show it under."},
    {"data", ATTRIBUTES(), OPTIONAL, "Attribute values of the suggestion."},
    {0},
};

static const field_t leaf_update_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"attributes", ATTRIBUTES(), OPTIONAL, "Attribute values by name."},
    {"null_attributes", ARRAY(STRING(MINIMUM(1))), OPTIONAL, "Attributes to set to null."},
    {"reset_attributes", ARRAY(STRING(MINIMUM(1))), OPTIONAL, "Attributes to set to their default."},
    {0},
};

const schema_t schema_leaf = OBJECT(leaf_fields, NAMED("Leaf"));
const schema_t schema_leaf_bulk_update =
    OBJECT(leaf_bulk_update_fields, SHARED(leaf_query_fields), NAMED("LeafBulkUpdate"));
const schema_t schema_leaf_id_query = OBJECT(leaf_query_fields, NAMED("LeafIdQuery"));
const schema_t schema_leaf_spec = OBJECT(leaf_spec_fields, NAMED("LeafSpec"));
const schema_t schema_leaf_suggestion = OBJECT(leaf_suggestion_fields, NAMED("LeafSuggestion"));
const schema_t schema_leaf_update = OBJECT(leaf_update_fields, NAMED("LeafUpdate"));

const lookup_t lookup_leaf = {
    .model = "Leaf",
    .sql = "SELECT project FROM main_leaf WHERE id = $1 AND NOT deleted",
};

static const field_t leaf_count_params[] = {
    {"type", INTEGER(), OPTIONAL, "Only this type."},
    {"name", STRING(), OPTIONAL, "Only this name."},
    {"depth", INTEGER(), OPTIONAL, "Only leaves at this depth."},
    {"leaf_id", ARRAY(INTEGER()), OPTIONAL, "Only these leaves."},
    {0},
};

static const field_t leaf_suggestion_path[] = {
    {"project", INTEGER(), PATH, "Id of the project."},
    {"ancestor", STRING(), PATH, "Path of the leaf below which to look."},
    {0},
};

static const field_t leaf_suggestion_params[] = {
    {"min_level", INTEGER(), OPTIONAL, "Depth from which to suggest."},
    {"query", STRING(), REQUIRED, "Begin of the name."},
    {0},
};

const column_t leaf_columns[] = {
    {"id", "t.id", COLUMN_RAW},          {"type", "t.meta", COLUMN_RAW},     {"project", "t.project", COLUMN_RAW},
    {"path", "t.path", COLUMN_TEXT},     {"name", "t.name", COLUMN_TEXT},    {"parent", "t.parent", COLUMN_RAW},
    {"attributes", "t.attributes", COLUMN_RAW}, {0},
};

static void    leaf_get(rq_t *rq);
static void    leaf_patch(rq_t *rq);
static void    leaf_delete(rq_t *rq);
static void    leaf_move(rq_t *rq, int64_t id);
static int64_t leaf_parent(rq_t *rq, int64_t id);
static bool    leaf_below(rq_t *rq, int64_t id, int64_t top);
static void    leaf_paths(rq_t *rq, int64_t top, int64_t id);

const endpoint_t leaf_endpoints[] = {
    {GET(VIEW), "/rest/Leaf/{id}", "GetLeaf",
     .handler = leaf_get, .lookup = &lookup_leaf, .params = {path_id}, .reply = &schema_leaf,
     .doc = "A leaf."},
    {PATCH(FULL), "/rest/Leaf/{id}", "UpdateLeaf",
     .handler = leaf_patch, .lookup = &lookup_leaf, .params = {path_id}, .body = &schema_leaf_update,
     .reply = &schema_message_response,
     .doc = "Change a leaf."},
    {DELETE(FULL), "/rest/Leaf/{id}", "DeleteLeaf",
     .handler = leaf_delete, .lookup = &lookup_leaf, .params = {path_id}, .flags = OPEN_SCHEMA,
     .doc = "Delete a leaf."},
    {GET(VIEW), "/rest/LeafCount/{project}", "GetLeafCount",
     .handler = leaf_count, .params = {path_project, leaf_count_params, attribute_filters, paging},
     .reply = &schema_count,
     .doc = "How many leaves match."},
    {PUT(VIEW), "/rest/LeafCount/{project}", "GetLeafCountById",
     .handler = leaf_count, .params = {path_project, leaf_count_params, attribute_filters, paging},
     .body = &schema_leaf_id_query, .reply = &schema_count,
     .doc = "How many leaves match, with a body."},
    {GET(VIEW), "/rest/Leaves/{project}", "GetLeafList",
     .handler = leaf_list, .params = {path_project, leaf_count_params, attribute_filters, paging},
     .reply = &schema_leaf, .flags = REPLY_LIST,
     .doc = "Leaves that match."},
    {POST(FULL), "/rest/Leaves/{project}", "CreateLeafList",
     .handler = leaf_create, .params = {path_project}, .body = &schema_leaf_spec,
     .reply = &schema_create_list_response, .flags = BODY_LIST,
     .doc = "Create leaves, one or many."},
    {PUT(VIEW), "/rest/Leaves/{project}", "GetLeafListById",
     .handler = leaf_list, .params = {path_project, leaf_count_params, attribute_filters, paging},
     .body = &schema_leaf_id_query, .reply = &schema_leaf, .flags = REPLY_LIST,
     .doc = "Leaves that match, with a body."},
    {PATCH(FULL), "/rest/Leaves/{project}", "UpdateLeafList",
     .handler = leaf_patch_list, .params = {path_project, leaf_count_params, attribute_filters, paging, count_param},
     .body = &schema_leaf_bulk_update, .reply = &schema_message_response,
     .doc = "Change all leaves that match."},
    {DELETE(FULL), "/rest/Leaves/{project}", "DeleteLeafList",
     .handler = leaf_delete_list, .params = {path_project, leaf_count_params, attribute_filters, paging, count_param},
     .body = &schema_leaf_id_query, .reply = &schema_message_response, .flags = BODY_OPTIONAL,
     .doc = "Delete all leaves that match."},
    {GET(VIEW), "/rest/Leaves/Suggestion/{ancestor}/{project}", "LeafSuggestion",
     .handler = leaf_suggestion, .params = {leaf_suggestion_path, leaf_suggestion_params},
     .reply = &schema_leaf_suggestion, .flags = REPLY_LIST,
     .doc = "Leaves whose name begins with the text."},
    {0},
};


void
leaf_lock(rq_t *rq, bool alone)
{
    sql_t *sql;

    sql = sql_new(rq->arena);
    sql_put(sql, alone ? "SELECT pg_advisory_xact_lock(" : "SELECT pg_advisory_xact_lock_shared(");
    sql_put(sql, "hashtextextended('leaves of ' || %ld::text, 0))", rq->project);
    pg_run(rq, sql);
}


static void
leaf_get(rq_t *rq)
{
    sql_t *sql;

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT ");
    columns_select(sql, leaf_columns);
    sql_put(sql, " FROM main_leaf t WHERE t.id = %ld AND t.deleted = false", param_int(rq, "id", 0));

    reply_row(rq, 200, leaf_columns, pg_run(rq, sql), 0);
}


static void
leaf_patch(rq_t *rq)
{
    json_t     *attributes, *old;
    int64_t     id = param_int(rq, "id", 0);
    result_t   *result;
    const char *owner;

    tx_begin(rq);

    if (param(rq, "parent") != NULL) {
        leaf_lock(rq, true);
    }

    result = pg_query(rq,
                      "SELECT k.attribute_types, k.name FROM main_leaf t LEFT JOIN main_leaftype k ON k.id = t.meta"
                      " WHERE t.id = %ld AND t.deleted = false FOR UPDATE OF t",
                      id);

    if (pg_rows(result) == 0) {
        fail_missing(rq, "Leaf");
    }

    owner = rq_format(rq, "entity type %s", pg_null(result, 0, 1) ? "" : pg_text(result, 0, 1));
    attributes = attributes_on_patch(rq, pg_json(rq, result, 0, 0), owner);
    old = change_log_row(rq, &change_leaf, id);

    pg_query(rq,
             "UPDATE main_leaf SET name = coalesce(%s, name), attributes = coalesce(attributes, '{}') || coalesce(%p::jsonb, '{}'),"
             " modified_by = %ld, modified_datetime = now() WHERE id = %ld",
             param_text(rq, "name"), attributes, rq->user.id, id);

    if (param(rq, "parent") != NULL) {
        leaf_move(rq, id);
    }

    change_log_changed(rq, &change_leaf, old, change_log_row(rq, &change_leaf, id), rq_format(rq, "{%ld}", (long) id));
    tx_commit(rq);

    reply_message(rq, 200, "Leaf %ld successfully updated!", (long) id);
}


/* With all that is below it. */
static void
leaf_delete(rq_t *rq)
{
    int64_t     n, id = param_int(rq, "id", 0);
    result_t   *result;
    const char *below = "";

    tx_begin(rq);
    leaf_lock(rq, true);

    result = pg_query(rq,
                      "WITH RECURSIVE below AS ("
                      " SELECT id FROM main_leaf WHERE id = %ld AND deleted = false"
                      " UNION SELECT c.id FROM below JOIN main_leaf c ON c.parent = below.id"
                      ") SELECT array_agg(id) FROM below",
                      id);

    if (pg_null(result, 0, 0)) {
        fail_missing(rq, "Leaf");
    }

    n = delete_softly(rq, "leaf", pg_text(result, 0, 0)) - 1;
    tx_commit(rq);

    if (n > 0) {
        below = rq_format(rq, "and %ld %s ", (long) n, n == 1 ? "child" : "children");
    }

    reply_message(rq, 200, "Leaf %ld %ssuccessfully deleted! ", (long) id, below);
}


/* Hang the leaf below another, or make it a root. A leaf that is below it and shall be above it takes its place first. */
static void
leaf_move(rq_t *rq, int64_t id)
{
    json_t  *old;
    int64_t  parent;

    parent = leaf_parent(rq, id);

    if (parent == id) { /* ignored */
        return;
    }

    if (parent == 0 || !leaf_below(rq, parent, id)) {
        pg_query(rq, "UPDATE main_leaf SET parent = nullif(%ld::int, 0) WHERE id = %ld", parent, id);
        leaf_paths(rq, id, id);
        return;
    }

    old = change_log_row(rq, &change_leaf, parent);

    pg_query(rq, "UPDATE main_leaf SET parent = (SELECT parent FROM main_leaf WHERE id = %ld) WHERE id = %ld", id, parent);
    pg_query(rq, "UPDATE main_leaf SET parent = %ld WHERE id = %ld", parent, id);
    leaf_paths(rq, parent, id);

    change_log_changed(rq, &change_leaf, old, change_log_row(rq, &change_leaf, parent), rq_format(rq, "{%ld}", (long) parent));
}


/* The parameter `parent`: a leaf of the project, 0 for a root. */
static int64_t
leaf_parent(rq_t *rq, int64_t id)
{
    json_t   *value;
    int64_t   parent;
    result_t *result;

    value = param(rq, "parent");

    if (json_is_null(value)) {
        return 0;
    }

    if (!json_is_integer(value)) {
        fail(rq, 400, "parent must be an integer or null");
    }

    parent = json_integer_value(value);

    if (parent == -1 || parent == id) {
        return parent == id ? id : 0;
    }

    result = pg_query(rq, "SELECT project FROM main_leaf WHERE id = %ld AND deleted = false", parent);

    if (pg_rows(result) == 0) {
        fail_no_match(rq, "Leaf");
    }

    if (pg_int(result, 0, 0) != rq->project) {
        fail(rq, 400, "Parent %ld is not a leaf of this project", (long) parent);
    }

    return parent;
}


/* true: `top` is on the way from the leaf to its root. */
static bool
leaf_below(rq_t *rq, int64_t id, int64_t top)
{
    result_t *result;

    result = pg_query(rq,
                      "WITH RECURSIVE up AS ("
                      " SELECT id, parent FROM main_leaf WHERE id = %ld"
                      " UNION SELECT p.id, p.parent FROM up JOIN main_leaf p ON p.id = up.parent"
                      ") SELECT 1 FROM up WHERE id = %ld",
                      id, top);

    return pg_rows(result) > 0;
}


/* Write the paths of a leaf and of all below it anew, with a change log for each that changed: `id` and `top` have logs of their own. */
static void
leaf_paths(rq_t *rq, int64_t top, int64_t id)
{
    pg_query(rq,
             "WITH RECURSIVE up AS ("
             " SELECT t.parent AS next, " LEAF_LABEL("t.name") " AS path FROM main_leaf t WHERE t.id = %ld"
             " UNION ALL"
             " SELECT p.parent, " LEAF_LABEL("p.name") " || '.' || up.path FROM up JOIN main_leaf p ON p.id = up.next"
             ") CYCLE next SET looped USING seen, tree AS ("
             " SELECT %ld::int AS id, " LEAF_LABEL("p.name") " || '.' || up.path AS path FROM main_project p, up"
             "  WHERE p.id = %ld AND up.next IS NULL"
             " UNION ALL"
             " SELECT c.id, tree.path || '.' || " LEAF_LABEL("c.name") " FROM tree JOIN main_leaf c ON c.parent = tree.id"
             "  WHERE c.deleted = false"
             ") CYCLE id SET looped USING seen, changed AS ("
             " UPDATE main_leaf t SET path = tree.path::ltree, modified_datetime = now() FROM tree JOIN main_leaf old ON old.id = tree.id"
             "  WHERE t.id = tree.id AND t.path <> tree.path::ltree RETURNING t.id, old.path::text AS old, t.path::text AS new"
             "), others AS ("
             " SELECT *, row_number() OVER (ORDER BY id) AS n FROM changed WHERE id NOT IN (%ld, %ld)"
             "), log AS ("
             " INSERT INTO main_changelog (project_id, user_id, modified_datetime, description_of_change)"
             "  SELECT %ld, %ld, now(), jsonb_build_object("
             "   'old', jsonb_build_array(jsonb_build_object('name', '_path', 'value', old)),"
             "   'new', jsonb_build_array(jsonb_build_object('name', '_path', 'value', new)))"
             "  FROM others ORDER BY n RETURNING id"
             "), numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM log)"
             " INSERT INTO main_changetoobject (ref_table_id, ref_id, change_id_id)"
             " SELECT (SELECT id FROM django_content_type WHERE app_label = 'main' AND model = 'leaf'), others.id, numbered.id"
             " FROM others JOIN numbered USING (n)",
             top, top, rq->project, id, top, rq->project, rq->user.id);
}
