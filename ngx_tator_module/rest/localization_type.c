/*
 * Localization types: what can be drawn, and with what attributes.
 */

#include "common.h"

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

const endpoint_t localization_type_endpoints[] = {
    {GET, "/rest/LocalizationType/{id}", "GetLocalizationType",
     .access = ACCESS_VIEW, .lookup = &lookup_localization_type, .params = {path_id},
     .reply = &schema_localization_type,
     .doc = "A localization type."},
    {PATCH, "/rest/LocalizationType/{id}", "UpdateLocalizationType",
     .access = ACCESS_FULL, .lookup = &lookup_localization_type, .params = {path_id},
     .body = &schema_localization_type_update, .reply = &schema_message_response,
     .doc = "Change a localization type."},
    {DELETE, "/rest/LocalizationType/{id}", "DeleteLocalizationType",
     .access = ACCESS_FULL, .lookup = &lookup_localization_type, .params = {path_id},
     .reply = &schema_message_response,
     .doc = "Delete a localization type."},
    {GET, "/rest/LocalizationTypes/{project}", "GetLocalizationTypeList",
     .access = ACCESS_VIEW, .params = {path_project, localization_type_list_params},
     .reply = &schema_localization_type, .flags = REPLY_LIST,
     .doc = "Localization types that match."},
    {POST, "/rest/LocalizationTypes/{project}", "CreateLocalizationType",
     .access = ACCESS_FULL, .params = {path_project}, .body = &schema_localization_type_spec,
     .reply = &schema_create_response,
     .doc = "Create a localization type."},
    {0},
};
