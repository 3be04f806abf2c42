/*
 * Localization types: what can be drawn, and with what attributes.
 */

#include "type.h"

static const field_t localization_type_common_fields[] = {
    {"description", STRING(), OPTIONAL, "Free text about it."},
    {"color_map", REF(schema_color_map, NULLABLE), OPTIONAL, "How to color it."},
    {"line_width", INTEGER(MINIMUM(1)), OPTIONAL, "Width of lines in pixels."},
    {"visible", BOOLEAN(DEFAULT("true")), OPTIONAL, "Whether it shows in the user interface."},
    {"drawable", BOOLEAN(DEFAULT("true")), OPTIONAL, "Whether it can be drawn in the user interface."},
    {"grouping_default", BOOLEAN(DEFAULT("true")), OPTIONAL, "Whether the user interface groups by it."},
    {"elemental_id", STRING(NULLABLE), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {0},
};

static const field_t localization_type_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"media", IDS(), OPTIONAL, "Media."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"dtype", STRING(ENUM("box", "line", "dot", "poly")), OPTIONAL, "Kind of data."},
    {"attribute_types", ATTRIBUTE_TYPES(), OPTIONAL, "Definitions of its attributes."},
    {"effective_permission", INTEGER(), OPTIONAL, "What the caller may do with it, as bits."},
    {0},
};

static const field_t localization_type_spec_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {"dtype", STRING(ENUM("box", "line", "dot", "poly")), REQUIRED, "Kind of data."},
    {"attribute_types", ATTRIBUTE_TYPES(), OPTIONAL, "Definitions of its attributes."},
    {"effective_permission", INTEGER(), OPTIONAL, "What the caller may do with it, as bits."},
    {"media_types", ARRAY(INTEGER(MINIMUM(1)), MIN_ITEMS(1)), REQUIRED, "Media types that it applies to."},
    {0},
};

static const field_t localization_type_update_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {0},
};

static const field_t color_map_fields[] = {
    {"default", REF(schema_color), OPTIONAL, "Color when no value decides."},
    {"default_fill", REF(schema_fill), OPTIONAL, "Fill when no value decides."},
    {"key", STRING(), OPTIONAL, "Attribute whose value decides."},
    {"map", FREE_OBJECT(ADDITIONAL(REF(schema_color))), OPTIONAL, "Color by value of the key."},
    {"fill_map", FREE_OBJECT(ADDITIONAL(REF(schema_fill))), OPTIONAL, "Fill by value of the key."},
    {"alpha_ranges", FREE_OBJECT(ADDITIONAL(REF(schema_alpha_range))), OPTIONAL,
     "Opacity by range of the key's value."},
    {"version", FREE_OBJECT(ADDITIONAL(REF(schema_color))), OPTIONAL, "Color by version."},
    {0},
};

static const field_t fill_fields[] = {
    {"color", REF(schema_color), OPTIONAL, "Color to fill with."},
    {"style", STRING(ENUM("fill", "blur", "gray")), OPTIONAL, "How an editor shows it."},
    {0},
};

const schema_t schema_alpha_range = ARRAY(NUMBER(), MIN_LENGTH(3), MAX_LENGTH(3), NAMED("AlphaRange"));
const schema_t schema_color = ANY(ONE_OF(&schema_rgb_color, &schema_rgba_color, &schema_hex_color), NAMED("Color"));
const schema_t schema_color_map = OBJECT(color_map_fields, NULLABLE, NAMED("ColorMap"));
const schema_t schema_fill = OBJECT(fill_fields, NAMED("Fill"));
const schema_t schema_hex_color =
    STRING(PATTERN("^#(?:[0-9a-fA-F]{3}){1,2}$"), MIN_LENGTH(7), MAX_LENGTH(7), NAMED("HexColor"));
const schema_t schema_localization_type =
    OBJECT(localization_type_fields, SHARED(localization_type_common_fields), NAMED("LocalizationType"));
const schema_t schema_localization_type_spec =
    OBJECT(localization_type_spec_fields, SHARED(localization_type_common_fields), NAMED("LocalizationTypeSpec"));
const schema_t schema_localization_type_update =
    OBJECT(localization_type_update_fields, SHARED(localization_type_common_fields), NAMED("LocalizationTypeUpdate"));
const schema_t schema_rgb_color =
    ARRAY(INTEGER(MINIMUM(0), MAXIMUM(255)), MIN_ITEMS(3), MAX_ITEMS(3), NAMED("RgbColor"));
const schema_t schema_rgba_color =
    ARRAY(INTEGER(MINIMUM(0), MAXIMUM(255)), MIN_ITEMS(4), MAX_ITEMS(4), NAMED("RgbaColor"));

const lookup_t lookup_localization_type = {
    .model = "LocalizationType",
    .sql = "SELECT project FROM main_localizationtype WHERE id = $1",
};

static const field_t localization_type_list_params[] = {
    {"media_id", ARRAY(INTEGER()), OPTIONAL, "Only these media."},
    {"type", INTEGER(), OPTIONAL, "Only this type."},
    {"elemental_id", STRING(), OPTIONAL, "UUID of the object."},
    {0},
};

static const column_t localization_type_columns[] = {
    {"id", "t.id", COLUMN_RAW},
    {"project", "t.project", COLUMN_RAW},
    {"name", "t.name", COLUMN_TEXT},
    {"description", "t.description", COLUMN_TEXT},
    {"dtype", "t.dtype", COLUMN_TEXT},
    {"attribute_types", "t.attribute_types", COLUMN_RAW},
    {"color_map", "t.color_map", COLUMN_RAW},
    {"line_width", "t.line_width", COLUMN_RAW},
    {"visible", "t.visible", COLUMN_BOOL},
    {"drawable", "t.drawable", COLUMN_BOOL},
    {"grouping_default", "t.grouping_default", COLUMN_BOOL},
    {"elemental_id", "t.elemental_id", COLUMN_SAFE},
    {"effective_permission", "tator.project_permission(%ld::int, t.project)", COLUMN_MASK},
    {"media", "ARRAY(SELECT l.mediatype_id FROM main_localizationtype_media l WHERE l.localizationtype_id = t.id ORDER BY 1)", COLUMN_IDS},
    {0},
};

static const type_kind_t localization_type_kind = {
    .entity = "localization",
    .label = "Localization",
    .model = "LocalizationType",
    .table = "main_localizationtype",
    .columns = localization_type_columns,
    .order = "t.name, t.id",
    .links = "main_localizationtype_media",
    .link_column = "localizationtype_id",
};


static void
localization_type_get(rq_t *rq)
{
    type_get(rq, &localization_type_kind);
}


static void
localization_type_list(rq_t *rq)
{
    type_list(rq, &localization_type_kind);
}


static void
localization_type_delete(rq_t *rq)
{
    type_delete(rq, &localization_type_kind);
}


static void
localization_type_create(rq_t *rq)
{
    int64_t   id;
    json_t   *media_types = param(rq, "media_types");
    result_t *result;

    type_check_members(rq);
    tx_begin(rq);

    result = pg_query(rq,
                      "INSERT INTO main_localizationtype (dtype, name, description, visible, drawable, grouping_default, color_map,"
                      " line_width, attribute_types, elemental_id, project)"
                      " VALUES (%s, %s, COALESCE(%s, ''), %d::boolean, %d::boolean, %d::boolean, %p::jsonb, COALESCE(%s::int, 3),"
                      " COALESCE(%p::jsonb, '[]'), COALESCE(NULLIF(%s, '')::uuid, gen_random_uuid()), %ld) RETURNING id",
                      param_text(rq, "dtype"), param_text(rq, "name"), sql_param(rq, "description"), param_bool(rq, "visible", true),
                      param_bool(rq, "drawable", true), param_bool(rq, "grouping_default", true), sql_param_json(rq, "color_map"),
                      sql_param(rq, "line_width"), sql_param_json(rq, "attribute_types"), sql_param_uuid(rq, "elemental_id"), rq->project);
    id = pg_int(result, 0, 0);

    if (type_link(rq, &localization_type_kind, id, media_types) != (int64_t) json_array_size(media_types)) {
        fail(rq, 404, "Could not find media IDs %s", json_text(rq->arena, media_types));
    }

    tx_commit(rq);
    reply_created(rq, id, "Localization type created successfully!");
}


/* What is absent or null stays, but for color_map; the three flags have defaults in the schema and so return to true. */
static void
localization_type_update(rq_t *rq)
{
    int64_t id = param_int(rq, "id", 0);

    tx_begin(rq);

    pg_query(rq,
             "UPDATE main_localizationtype SET name = COALESCE(%s, name), description = COALESCE(%s, description),"
             " line_width = COALESCE(%s::int, line_width), visible = COALESCE(%s::boolean, visible),"
             " drawable = COALESCE(%s::boolean, drawable), grouping_default = COALESCE(%s::boolean, grouping_default),"
             " color_map = CASE WHEN %d::boolean THEN %p::jsonb ELSE color_map END,"
             " elemental_id = COALESCE(NULLIF(%s, '')::uuid, elemental_id)"
             " WHERE id = %ld",
             sql_param(rq, "name"), sql_param(rq, "description"), sql_param(rq, "line_width"), sql_param(rq, "visible"),
             sql_param(rq, "drawable"), sql_param(rq, "grouping_default"), param(rq, "color_map") != NULL,
             sql_param_json(rq, "color_map"), sql_param_uuid(rq, "elemental_id"), id);

    if (param_given(rq, "media_types")) {
        type_link(rq, &localization_type_kind, id, param(rq, "media_types"));
    }

    tx_commit(rq);
    reply_message(rq, 200, "Localization type updated successfully!");
}


const endpoint_t localization_type_endpoints[] = {
    {GET(VIEW), "/rest/LocalizationType/{id}", "GetLocalizationType",
     .handler = localization_type_get,
     .lookup = &lookup_localization_type, .params = {path_id},
     .reply = &schema_localization_type,
     .doc = "A localization type."},
    {PATCH(FULL), "/rest/LocalizationType/{id}", "UpdateLocalizationType",
     .handler = localization_type_update,
     .lookup = &lookup_localization_type, .params = {path_id},
     .body = &schema_localization_type_update, .reply = &schema_message_response,
     .doc = "Change a localization type."},
    {DELETE(FULL), "/rest/LocalizationType/{id}", "DeleteLocalizationType",
     .handler = localization_type_delete,
     .lookup = &lookup_localization_type, .params = {path_id},
     .reply = &schema_message_response,
     .doc = "Delete a localization type."},
    {GET(VIEW), "/rest/LocalizationTypes/{project}", "GetLocalizationTypeList",
     .handler = localization_type_list,
     .params = {path_project, localization_type_list_params},
     .reply = &schema_localization_type, .flags = REPLY_LIST,
     .doc = "Localization types that match."},
    {POST(FULL), "/rest/LocalizationTypes/{project}", "CreateLocalizationType",
     .handler = localization_type_create,
     .params = {path_project}, .body = &schema_localization_type_spec,
     .reply = &schema_create_response,
     .doc = "Create a localization type."},
    {0},
};
