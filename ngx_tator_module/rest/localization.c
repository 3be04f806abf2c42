/*
 * Localizations: boxes, lines, dots and polygons on frames of a media.
 */

#include "common.h"

const lookup_t lookup_localization = {
    .model = "Localization",
    .sql = "SELECT project FROM main_localization WHERE id = $1 AND NOT deleted",
};

const lookup_t lookup_localization_elemental = {
    .model = "Localization",
    .sql = "SELECT project FROM main_localization WHERE version = $1 AND elemental_id = $2::uuid AND NOT deleted LIMIT 1",
    .keys = {"version", "elemental_id"},
};

static const field_t localization_filters[] = {
    {"media_id", ARRAY(INTEGER()), OPTIONAL, "Only these media."},
    {"related_id", ARRAY(INTEGER()), OPTIONAL, "Only those linked with these."},
    {"section", INTEGER(), OPTIONAL, "Only media of this section."},
    {"multi_section", IDS(), OPTIONAL, "Only media of these sections."},
    {"type", INTEGER(), OPTIONAL, "Only this type."},
    {"version", ARRAY(INTEGER()), OPTIONAL, "Version to look in."},
    {"after", INTEGER(), OPTIONAL, "Only ids above this one."},
    {"elemental_id", STRING(), OPTIONAL, "UUID of the object."},
    {"merge", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("1")), OPTIONAL,
     "1: a row of an upper version hides its parent."},
    {"show_deleted", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("0")), OPTIONAL,
     "1: with those deleted in their version."},
    {"show_all_marks", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("0")), OPTIONAL, "1: with older marks."},
    {0},
};

static const field_t localization_frame[] = {
    {"frame", INTEGER(MINIMUM(0)), OPTIONAL, "Only this frame."},
    {0},
};

static const field_t localization_shape[] = {
    {"fields", STRING(), OPTIONAL, "Only these members, comma separated."},
    {0},
};

static const field_t localization_by_elemental_id_params[] = {
    {"mark", INTEGER(MINIMUM(0)), OPTIONAL, "Only this mark."},
    {0},
};

const endpoint_t localization_endpoints[] = {
    {GET, "/rest/Localization/{id}", "GetLocalization",
     .access = ACCESS_VIEW, .lookup = &lookup_localization, .params = {path_id}, .reply = &schema_localization,
     .doc = "A localization."},
    {PATCH, "/rest/Localization/{id}", "UpdateLocalization",
     .access = ACCESS_EDIT, .lookup = &lookup_localization, .params = {path_id}, .body = &schema_localization_update,
     .reply = &schema_updated_localization,
     .doc = "Change a localization."},
    {DELETE, "/rest/Localization/{id}", "DeleteLocalization",
     .access = ACCESS_EDIT, .lookup = &lookup_localization, .params = {path_id}, .body = &schema_localization_delete,
     .reply = &schema_message_id, .flags = BODY_OPTIONAL,
     .doc = "Delete a localization."},
    {GET, "/rest/LocalizationCount/{project}", "GetLocalizationCount",
     .access = ACCESS_VIEW,
     .params = {path_project, localization_filters, attribute_filters, paging, localization_frame, related_filters},
     .reply = &schema_count,
     .doc = "How many localizations match."},
    {PUT, "/rest/LocalizationCount/{project}", "GetLocalizationCountById",
     .access = ACCESS_VIEW,
     .params = {path_project, localization_filters, attribute_filters, paging, localization_frame, related_filters},
     .body = &schema_localization_id_query, .reply = &schema_count,
     .doc = "How many localizations match, with a body."},
    {GET, "/rest/Localizations/{project}", "GetLocalizationList",
     .access = ACCESS_VIEW,
     .params = {path_project, localization_filters, attribute_filters, paging, localization_frame,
                related_filters, localization_shape}, .reply = &schema_localization, .flags = REPLY_LIST | STREAMED,
     .doc = "Localizations that match."},
    {POST, "/rest/Localizations/{project}", "CreateLocalizationList",
     .access = ACCESS_EDIT, .params = {path_project}, .body = &schema_localization_spec,
     .reply = &schema_create_list_response, .flags = BODY_LIST,
     .doc = "Create localizations, one or many."},
    {PUT, "/rest/Localizations/{project}", "GetLocalizationListById",
     .access = ACCESS_VIEW,
     .params = {path_project, localization_filters, attribute_filters, paging, localization_frame,
                related_filters, localization_shape}, .body = &schema_localization_id_query,
     .reply = &schema_localization, .flags = REPLY_LIST | STREAMED,
     .doc = "Localizations that match, with a body."},
    {PATCH, "/rest/Localizations/{project}", "UpdateLocalizationList",
     .access = ACCESS_EDIT,
     .params = {path_project, localization_filters, attribute_filters, paging, localization_frame,
                related_filters, count_param}, .body = &schema_localization_bulk_update,
     .reply = &schema_message_response,
     .doc = "Change all localizations that match."},
    {DELETE, "/rest/Localizations/{project}", "DeleteLocalizationList",
     .access = ACCESS_EDIT,
     .params = {path_project, localization_filters, attribute_filters, paging, localization_frame,
                related_filters, count_param}, .body = &schema_localization_bulk_delete,
     .reply = &schema_message_response, .flags = BODY_OPTIONAL,
     .doc = "Delete all localizations that match."},
    {GET, "/rest/Localization/{version}/{elemental_id}", "GetLocalizationByElementalId",
     .access = ACCESS_VIEW, .lookup = &lookup_localization_elemental,
     .params = {path_version, localization_by_elemental_id_params}, .reply = &schema_localization,
     .doc = "The newest mark of a localization in a version."},
    {PATCH, "/rest/Localization/{version}/{elemental_id}", "UpdateLocalizationByElementalId",
     .access = ACCESS_EDIT, .lookup = &lookup_localization_elemental, .params = {path_version},
     .body = &schema_localization_update, .reply = &schema_updated_localization,
     .doc = "Change a localization in a version."},
    {DELETE, "/rest/Localization/{version}/{elemental_id}", "DeleteLocalizationByElementalId",
     .access = ACCESS_EDIT, .lookup = &lookup_localization_elemental, .params = {path_version},
     .body = &schema_localization_delete, .reply = &schema_message_id, .flags = BODY_OPTIONAL,
     .doc = "Delete a localization in a version."},
    {0},
};
