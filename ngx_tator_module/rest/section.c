/*
 * Sections: folders, playlists and saved searches of media.
 */

#include "common.h"

static const field_t section_common_fields[] = {
    {"path", STRING(NULLABLE), OPTIONAL, "Place in the tree of folders, dotted."},
    {"dtype", STRING(ENUM_SECTION_DTYPE), OPTIONAL, "Kind of data."},
    {"tator_user_sections", STRING(DEPRECATED), OPTIONAL, "UUID by which older media name their section."},
    {"object_search", REF(schema_attribute_operation_spec), OPTIONAL, "Search over attributes."},
    {"related_search", REF(schema_attribute_operation_spec), OPTIONAL, "Search over related objects."},
    {"visible", BOOLEAN(), OPTIONAL, "Whether it shows in the user interface."},
    {"elemental_id", STRING(NULLABLE), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {"attributes", ATTRIBUTES(), OPTIONAL, "Attribute values by name."},
    {"explicit_listing", BOOLEAN(DEPRECATED), OPTIONAL, "Whether the section lists its media."},
    {0},
};

static const field_t section_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"created_datetime", STRING(FORMAT("date-time"), NULLABLE), OPTIONAL, "When it was created."},
    {"created_by", INTEGER(), OPTIONAL, "User who created it."},
    {"media", ARRAY(INTEGER()), OPTIONAL, "Media."},
    {0},
};

static const field_t section_spec_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {"media", ARRAY(INTEGER()), OPTIONAL, "Media."},
    {0},
};

static const field_t section_update_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"media_add", ARRAY(INTEGER()), OPTIONAL, "Media to add."},
    {"media_del", ARRAY(INTEGER()), OPTIONAL, "Media to remove."},
    {0},
};

static const field_t section_bulk_update_path_substitution_fields[] = {
    {"old", STRING(), OPTIONAL, "What the paths begin with."},
    {"new", STRING(), OPTIONAL, "What to write instead."},
    {0},
};

static const field_t section_bulk_update_fields[] = {
    {"path_substitution", OBJECT(section_bulk_update_path_substitution_fields), OPTIONAL, "Begin of paths to replace."},
    {0},
};

const schema_t schema_section = OBJECT(section_fields, SHARED(section_common_fields), NAMED("Section"));
const schema_t schema_section_bulk_update = OBJECT(section_bulk_update_fields, NAMED("SectionBulkUpdate"));
const schema_t schema_section_spec = OBJECT(section_spec_fields, SHARED(section_common_fields), NAMED("SectionSpec"));
const schema_t schema_section_update =
    OBJECT(section_update_fields, SHARED(section_common_fields), NAMED("SectionUpdate"));

const lookup_t lookup_section = {
    .model = "Section",
    .sql = "SELECT project FROM main_section WHERE id = $1",
};

static const field_t section_list_params[] = {
    {"name", STRING(), OPTIONAL, "Only this name."},
    {"encoded_search", STRING(), OPTIONAL, "A search over attributes, as JSON in base64."},
    {"elemental_id", STRING(), OPTIONAL, "UUID of the object."},
    {"match", STRING(), OPTIONAL, "Only paths that match this ltree pattern."},
    {"ancestors", STRING(), OPTIONAL, "Only sections above this path."},
    {"descendants", STRING(), OPTIONAL, "Only sections below this path."},
    {0},
};

const endpoint_t section_endpoints[] = {
    {GET, "/rest/Section/{id}", "GetSection",
     .access = ACCESS_VIEW, .lookup = &lookup_section, .params = {path_id}, .reply = &schema_section,
     .doc = "A section."},
    {PATCH, "/rest/Section/{id}", "UpdateSection",
     .access = ACCESS_EDIT, .lookup = &lookup_section, .params = {path_id}, .body = &schema_section_update,
     .doc = "Change a section."},
    {DELETE, "/rest/Section/{id}", "DeleteSection",
     .access = ACCESS_EDIT, .lookup = &lookup_section, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a section."},
    {GET, "/rest/Sections/{project}", "GetSectionList",
     .access = ACCESS_VIEW, .params = {path_project, section_list_params}, .reply = &schema_section,
     .flags = REPLY_LIST,
     .doc = "Sections that match."},
    {POST, "/rest/Sections/{project}", "CreateSection",
     .access = ACCESS_EDIT, .params = {path_project}, .body = &schema_section_spec, .reply = &schema_create_response,
     .doc = "Create a section."},
    {PATCH, "/rest/Sections/{project}", "UpdateSectionList",
     .access = ACCESS_EDIT, .params = {path_project, section_list_params}, .body = &schema_section_bulk_update,
     .reply = &schema_message_response,
     .doc = "Move sections to other paths."},
    {DELETE, "/rest/Sections/{project}", "destroySectionListAPI",
     .access = ACCESS_EDIT, .params = {path_project, section_list_params},
     .doc = "Delete sections."},
    {0},
};
