/*
 * What localization objects look like in requests and answers.
 */

#include "common.h"

static const field_t localization_common_fields[] = {
    {"x", NUMBER(MINIMUM(0), MAXIMUM(1), NULLABLE), OPTIONAL, "Left edge, relative to the picture's width."},
    {"y", NUMBER(MINIMUM(0), MAXIMUM(1), NULLABLE), OPTIONAL, "Upper edge, relative to the picture's height."},
    {"width", NUMBER(MINIMUM(0), MAXIMUM(1), NULLABLE), OPTIONAL, "Width, relative to the picture."},
    {"height", NUMBER(MINIMUM(0), MAXIMUM(1), NULLABLE), OPTIONAL, "Height, relative to the picture."},
    {"u", NUMBER(MINIMUM(-1), MAXIMUM(1), NULLABLE), OPTIONAL,
     "Width of the line, with sign, relative to the picture."},
    {"v", NUMBER(MINIMUM(-1), MAXIMUM(1), NULLABLE), OPTIONAL,
     "Height of the line, with sign, relative to the picture."},
    {"points", ARRAY(ARRAY(NUMBER(MINIMUM(0), MAXIMUM(1)), MIN_ITEMS(2), MAX_ITEMS(2)), NULLABLE), OPTIONAL,
     "Corners as pairs of x and y, relative to the picture."},
    {"parent", NUMBER(NULLABLE), OPTIONAL, "The row that it came from."},
    {"elemental_id", STRING(NULLABLE), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {"mark", INTEGER(), OPTIONAL, "Number of the edit in its version."},
    {0},
};

static const field_t localization_query_fields[] = {
    {"media_query", STRING(), OPTIONAL, "Accepted and not used."},
    {"media_ids", IDS(), OPTIONAL, "Media."},
    {"ids", IDS(), OPTIONAL, "Ids to take."},
    {"elemental_ids", ARRAY(STRING(MINIMUM(1))), OPTIONAL, "Elemental ids to take."},
    {"state_ids", IDS(), OPTIONAL, "States."},
    {"frame_state_ids", IDS(), OPTIONAL, "States on whose frames to look."},
    {"float_array", ARRAY(REF(schema_float_array_query)), OPTIONAL, "Searches by distance of vectors."},
    {"object_search", REF(schema_attribute_operation_spec), OPTIONAL, "Search over attributes."},
    {0},
};

static const field_t localization_change_fields[] = {
    {"null_attributes", ARRAY(STRING(MINIMUM(1))), OPTIONAL, "Attributes to set to null."},
    {"reset_attributes", ARRAY(STRING(MINIMUM(1))), OPTIONAL, "Attributes to set to their default."},
    {"in_place", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("0")), OPTIONAL,
     "1 changes the row itself instead of making a new mark."},
    {0},
};

static const field_t localization_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"type", INTEGER(), OPTIONAL, "Id of its type."},
    {"media", INTEGER(), OPTIONAL, "Media."},
    {"thumbnail_image", STRING(), OPTIONAL, "Media that shows it."},
    {"version", INTEGER(), OPTIONAL, "The version."},
    {"attributes", ATTRIBUTES(), OPTIONAL, "Attribute values by name."},
    {"created_by", INTEGER(), OPTIONAL, "User who created it."},
    {"created_datetime", STRING(FORMAT("date-time")), OPTIONAL, "When it was created."},
    {"modified_datetime", STRING(FORMAT("date-time")), OPTIONAL, "When it was changed last."},
    {"modified_by", INTEGER(), OPTIONAL, "User who changed it last."},
    {"user", INTEGER(), OPTIONAL, "Id of the user."},
    {"variant_deleted", BOOLEAN(), OPTIONAL, "Whether it is deleted in this version."},
    {"effective_permission", INTEGER(), OPTIONAL, "What the caller may do with it, as bits."},
    {"frame", INTEGER(), OPTIONAL, "Frame number, counted from 0."},
    {0},
};

static const field_t localization_bulk_delete_fields[] = {
    {"prune", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("0")), OPTIONAL, "1 removes the rows for good."},
    {"pedantic", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("0")), OPTIONAL,
     "1 refuses to change any but the newest mark."},
    {0},
};

static const field_t localization_bulk_update_fields[] = {
    {"attributes", ATTRIBUTES(), OPTIONAL, "Attribute values by name."},
    {"new_version", INTEGER(), OPTIONAL, "Version to write to."},
    {"new_elemental_id", STRING(), OPTIONAL, "Elemental id to set."},
    {"user_elemental_id", STRING(), OPTIONAL, "Elemental id of the user to write as author."},
    {0},
};

static const field_t localization_spec_fields[] = {
    {"media_id", INTEGER(), REQUIRED, "A media."},
    {"type", INTEGER(), REQUIRED, "Id of its type."},
    {"version", INTEGER(), OPTIONAL, "The version."},
    {"frame", INTEGER(), REQUIRED, "Frame number, counted from 0."},
    {"attributes", ATTRIBUTES(), OPTIONAL, "Attribute values by name."},
    {"user_elemental_id", STRING(), OPTIONAL, "Elemental id of the user to write as author."},
    {0},
};

static const field_t localization_update_fields[] = {
    {"frame", INTEGER(), OPTIONAL, "Frame number, counted from 0."},
    {"attributes", ATTRIBUTES(), OPTIONAL, "Attribute values by name."},
    {"user_elemental_id", STRING(), OPTIONAL, "Elemental id of the user to write as author."},
    {"pedantic", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("0")), OPTIONAL,
     "1 refuses to change any but the newest mark."},
    {0},
};

static const field_t localization_delete_fields[] = {
    {"prune", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("0")), OPTIONAL, "1 removes the rows for good."},
    {"pedantic", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("0")), OPTIONAL,
     "1 refuses to change any but the newest mark."},
    {0},
};

const schema_t schema_localization =
    OBJECT(localization_fields, SHARED(localization_common_fields), NAMED("Localization"));
const schema_t schema_localization_bulk_delete =
    OBJECT(localization_bulk_delete_fields, SHARED(localization_query_fields), NAMED("LocalizationBulkDelete"));
const schema_t schema_localization_bulk_update =
    OBJECT(localization_bulk_update_fields, SHARED(localization_query_fields, localization_change_fields), NAMED("LocalizationBulkUpdate"));
const schema_t schema_localization_delete = OBJECT(localization_delete_fields, NAMED("LocalizationDelete"));
const schema_t schema_localization_id_query = OBJECT(localization_query_fields, NAMED("LocalizationIdQuery"));
const schema_t schema_localization_spec =
    OBJECT(localization_spec_fields, SHARED(localization_common_fields), NAMED("LocalizationSpec"));
const schema_t schema_localization_update =
    OBJECT(localization_update_fields, SHARED(localization_common_fields, localization_change_fields), NAMED("LocalizationUpdate"));
