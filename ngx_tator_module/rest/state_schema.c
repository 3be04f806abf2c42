/*
 * What state objects look like in requests and answers.
 */

#include "common.h"

static const field_t state_common_fields[] = {
    {"frame", INTEGER(), OPTIONAL, "Frame number, counted from 0."},
    {"parent", NUMBER(NULLABLE), OPTIONAL, "The row that it came from."},
    {"elemental_id", STRING(NULLABLE), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {"mark", INTEGER(), OPTIONAL, "Number of the edit in its version."},
    {0},
};

static const field_t state_query_fields[] = {
    {"media_query", STRING(), OPTIONAL, "Accepted and not used."},
    {"media_ids", IDS(), OPTIONAL, "Media."},
    {"localization_ids", IDS(), OPTIONAL, "Localizations."},
    {"ids", IDS(), OPTIONAL, "Ids to take."},
    {"float_array", ARRAY(REF(schema_float_array_query)), OPTIONAL, "Searches by distance of vectors."},
    {"object_search", REF(schema_attribute_operation_spec), OPTIONAL, "Search over attributes."},
    {0},
};

static const field_t state_change_fields[] = {
    {"null_attributes", ARRAY(STRING(MINIMUM(1))), OPTIONAL, "Attributes to set to null."},
    {"reset_attributes", ARRAY(STRING(MINIMUM(1))), OPTIONAL, "Attributes to set to their default."},
    {"in_place", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("0")), OPTIONAL,
     "1 changes the row itself instead of making a new mark."},
    {0},
};

static const field_t state_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"type", INTEGER(), OPTIONAL, "Id of its type."},
    {"media", ARRAY(INTEGER()), OPTIONAL, "Media."},
    {"localizations", ARRAY(INTEGER()), OPTIONAL, "Localizations of the track."},
    {"segments", ARRAY(ARRAY(INTEGER(MINIMUM(0)), MIN_ITEMS(2), MAX_ITEMS(2))), OPTIONAL,
     "Runs of frames as pairs of first and last."},
    {"attributes", ATTRIBUTES(), OPTIONAL, "Attribute values by name."},
    {"created_datetime", STRING(FORMAT("date-time")), OPTIONAL, "When it was created."},
    {"modified_datetime", STRING(FORMAT("date-time")), OPTIONAL, "When it was changed last."},
    {"modified_by", INTEGER(), OPTIONAL, "User who changed it last."},
    {"created_by", INTEGER(), OPTIONAL, "User who created it."},
    {"variant_deleted", BOOLEAN(), OPTIONAL, "Whether it is deleted in this version."},
    {"effective_permission", INTEGER(), OPTIONAL, "What the caller may do with it, as bits."},
    {"version", INTEGER(), OPTIONAL, "The version."},
    {0},
};

static const field_t state_bulk_delete_fields[] = {
    {"prune", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("0")), OPTIONAL, "1 removes the rows for good."},
    {"pedantic", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("0")), OPTIONAL,
     "1 refuses to change any but the newest mark."},
    {0},
};

static const field_t state_bulk_update_fields[] = {
    {"attributes", ATTRIBUTES(), OPTIONAL, "Attribute values by name."},
    {"new_version", INTEGER(), OPTIONAL, "Version to write to."},
    {"new_elemental_id", STRING(), OPTIONAL, "Elemental id to set."},
    {"user_elemental_id", STRING(), OPTIONAL, "Elemental id of the user to write as author."},
    {0},
};

static const field_t state_spec_fields[] = {
    {"type", INTEGER(), REQUIRED, "Id of its type."},
    {"media_ids", ARRAY(INTEGER()), REQUIRED, "Media."},
    {"localization_ids", ARRAY(INTEGER()), OPTIONAL, "Localizations."},
    {"attributes", ATTRIBUTES(), OPTIONAL, "Attribute values by name."},
    {"user_elemental_id", STRING(), OPTIONAL, "Elemental id of the user to write as author."},
    {"version", INTEGER(), OPTIONAL, "The version."},
    {0},
};

static const field_t state_update_fields[] = {
    {"attributes", ATTRIBUTES(), OPTIONAL, "Attribute values by name."},
    {"user_elemental_id", STRING(), OPTIONAL, "Elemental id of the user to write as author."},
    {"localization_ids_add", ARRAY(INTEGER()), OPTIONAL, "Localizations to add."},
    {"localization_ids_remove", ARRAY(INTEGER()), OPTIONAL, "Localizations to remove."},
    {"pedantic", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("0")), OPTIONAL,
     "1 refuses to change any but the newest mark."},
    {0},
};

static const field_t state_delete_fields[] = {
    {"prune", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("0")), OPTIONAL, "1 removes the rows for good."},
    {"pedantic", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("0")), OPTIONAL,
     "1 refuses to change any but the newest mark."},
    {0},
};

const schema_t schema_state = OBJECT(state_fields, SHARED(state_common_fields), NAMED("State"));
const schema_t schema_state_bulk_delete =
    OBJECT(state_bulk_delete_fields, SHARED(state_query_fields), NAMED("StateBulkDelete"));
const schema_t schema_state_bulk_update =
    OBJECT(state_bulk_update_fields, SHARED(state_query_fields, state_change_fields), NAMED("StateBulkUpdate"));
const schema_t schema_state_delete = OBJECT(state_delete_fields, NAMED("StateDelete"));
const schema_t schema_state_id_query = OBJECT(state_query_fields, NAMED("StateIdQuery"));
const schema_t schema_state_spec = OBJECT(state_spec_fields, SHARED(state_common_fields), NAMED("StateSpec"));
const schema_t schema_state_update =
    OBJECT(state_update_fields, SHARED(state_common_fields, state_change_fields), NAMED("StateUpdate"));
