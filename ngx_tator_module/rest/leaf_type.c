/*
 * Leaf types: what attributes leaves have.
 */

#include "type.h"

static const field_t leaf_type_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"dtype", STRING(), OPTIONAL, "Kind of data."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"description", STRING(DEFAULT_TEXT("")), OPTIONAL, "Free text about it."},
    {"attribute_types", ATTRIBUTE_TYPES(), OPTIONAL, "Definitions of its attributes."},
    {"elemental_id", STRING(NULLABLE), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {0},
};

static const field_t leaf_type_spec_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"description", STRING(DEFAULT_TEXT("")), OPTIONAL, "Free text about it."},
    {"attribute_types", ATTRIBUTE_TYPES(), OPTIONAL, "Definitions of its attributes."},
    {"elemental_id", STRING(NULLABLE), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {0},
};

static const field_t leaf_type_update_fields[] = {
    {"description", STRING(), OPTIONAL, "Free text about it."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"elemental_id", STRING(NULLABLE), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {0},
};

const schema_t schema_leaf_type = OBJECT(leaf_type_fields, NAMED("LeafType"));
const schema_t schema_leaf_type_spec = OBJECT(leaf_type_spec_fields, NAMED("LeafTypeSpec"));
const schema_t schema_leaf_type_update = OBJECT(leaf_type_update_fields, NAMED("LeafTypeUpdate"));

const lookup_t lookup_leaf_type = {
    .model = "LeafType",
    .sql = "SELECT project FROM main_leaftype WHERE id = $1",
};

static const column_t leaf_type_columns[] = {
    {"id", "t.id", COLUMN_RAW},
    {"project", "t.project", COLUMN_RAW},
    {"name", "t.name", COLUMN_TEXT},
    {"description", "t.description", COLUMN_TEXT},
    {"dtype", "t.dtype", COLUMN_TEXT},
    {"attribute_types", "t.attribute_types", COLUMN_RAW},
    {"visible", "t.visible", COLUMN_BOOL},
    {"elemental_id", "t.elemental_id", COLUMN_SAFE},
    {0},
};

static const type_kind_t leaf_type_kind = {
    .entity = "leaf",
    .label = "Leaf",
    .model = "LeafType",
    .table = "main_leaftype",
    .columns = leaf_type_columns,
    .order = "t.name, t.id",
};


static void
leaf_type_get(rq_t *rq)
{
    type_get(rq, &leaf_type_kind);
}


static void
leaf_type_list(rq_t *rq)
{
    type_list(rq, &leaf_type_kind);
}


static void
leaf_type_delete(rq_t *rq)
{
    type_delete(rq, &leaf_type_kind);
}


static void
leaf_type_create(rq_t *rq)
{
    result_t *result;

    type_check_members(rq);

    result = pg_query(rq,
                      "INSERT INTO main_leaftype (dtype, name, description, visible, attribute_types, elemental_id, project)"
                      " VALUES ('leaf', %s, COALESCE(%s, ''), true, COALESCE(%p::jsonb, '[]'),"
                      " COALESCE(NULLIF(%s, '')::uuid, gen_random_uuid()), %ld) RETURNING id",
                      param_text(rq, "name"), sql_param(rq, "description"), sql_param_json(rq, "attribute_types"),
                      sql_param_uuid(rq, "elemental_id"), rq->project);

    reply_created(rq, pg_int(result, 0, 0), "Leaf type created successfully!");
}


static void
leaf_type_update(rq_t *rq)
{
    int64_t id = param_int(rq, "id", 0);

    pg_query(rq,
             "UPDATE main_leaftype SET name = COALESCE(%s, name), description = COALESCE(%s, description),"
             " elemental_id = COALESCE(NULLIF(%s, '')::uuid, elemental_id) WHERE id = %ld",
             sql_param(rq, "name"), sql_param(rq, "description"), sql_param_uuid(rq, "elemental_id"), id);

    reply_message(rq, 200, "Leaf type %ld updated successfully!", (long) id);
}


const endpoint_t leaf_type_endpoints[] = {
    {GET(VIEW), "/rest/LeafType/{id}", "GetLeafType",
     .handler = leaf_type_get,
     .lookup = &lookup_leaf_type, .params = {path_id}, .reply = &schema_leaf_type,
     .doc = "A leaf type."},
    {PATCH(FULL), "/rest/LeafType/{id}", "UpdateLeafType",
     .handler = leaf_type_update,
     .lookup = &lookup_leaf_type, .params = {path_id}, .body = &schema_leaf_type_update,
     .reply = &schema_message_response,
     .doc = "Change a leaf type."},
    {DELETE(FULL), "/rest/LeafType/{id}", "DeleteLeafType",
     .handler = leaf_type_delete,
     .lookup = &lookup_leaf_type, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a leaf type."},
    {GET(VIEW), "/rest/LeafTypes/{project}", "GetLeafTypeList",
     .handler = leaf_type_list,
     .params = {path_project, elemental_id_param}, .reply = &schema_leaf_type,
     .flags = REPLY_LIST,
     .doc = "Leaf types that match."},
    {POST(FULL), "/rest/LeafTypes/{project}", "CreateLeafType",
     .handler = leaf_type_create,
     .params = {path_project}, .body = &schema_leaf_type_spec,
     .reply = &schema_create_response,
     .doc = "Create a leaf type."},
    {0},
};
