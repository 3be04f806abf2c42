/*
 * Clones: media of one project that share their files with media of another.
 */

#include "common.h"

static const field_t clone_media_spec_fields[] = {
    {"dest_project", INTEGER(), REQUIRED, "Project to copy to."},
    {"dest_type", INTEGER(MINIMUM(-1)), REQUIRED, "Media type of the copies; -1 takes the project's only one."},
    {"dest_section", STRING(NULLABLE), OPTIONAL, "Name of the section to copy to."},
    {0},
};

static const field_t get_cloned_media_response_fields[] = {
    {"message", STRING(), OPTIONAL, "What happened, for people."},
    {"ids", ARRAY(INTEGER()), OPTIONAL, "Media that share files with it."},
    {0},
};

const schema_t schema_clone_media_spec = OBJECT(clone_media_spec_fields, NAMED("CloneMediaSpec"));
const schema_t schema_get_cloned_media_response =
    OBJECT(get_cloned_media_response_fields, NAMED("GetClonedMediaResponse"));

const endpoint_t clone_endpoints[] = {
    {POST, "/rest/CloneMedia/{project}", "CloneMediaList",
     .access = ACCESS_CLONE, .params = {path_project, media_filters, attribute_filters, paging},
     .body = &schema_clone_media_spec, .reply = &schema_create_list_response,
     .doc = "Copy media to another project; they share their files."},
    {GET, "/rest/GetClonedMedia/{id}", "GetClonedMedia",
     .access = ACCESS_EDIT, .lookup = &lookup_media, .params = {path_id}, .reply = &schema_get_cloned_media_response,
     .doc = "Media that share files with this one."},
    {0},
};
