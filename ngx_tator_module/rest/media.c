/*
 * Media: videos, images and what is made of several videos.
 */

#include "common.h"

const lookup_t lookup_media = {
    .model = "Media",
    .sql = "SELECT project FROM main_media WHERE id = $1 AND NOT deleted",
};

static const field_t media_params[] = {
    {"presigned", INTEGER(MINIMUM(1), MAXIMUM(604800)), OPTIONAL, "Give URLs that hold so many seconds."},
    {"no_cache", BOOLEAN(), OPTIONAL, "Make new URLs instead of cached ones."},
    {0},
};

static const field_t media_shape[] = {
    {"fields", STRING(), OPTIONAL, "Only these members, comma separated."},
    {"presigned", INTEGER(MINIMUM(1), MAXIMUM(604800)), OPTIONAL, "Give URLs that hold so many seconds."},
    {"no_cache", BOOLEAN(), OPTIONAL, "Make new URLs instead of cached ones."},
    {"presign_only", ARRAY(STRING(ENUM("thumbnail", "thumbnail_gif", "streaming", "archival", "audio", "image", "attachment"))), STYLED,
     "Give URLs for these kinds of files only."},
    {0},
};

const endpoint_t media_endpoints[] = {
    {GET, "/rest/Media/{id}", "GetMedia",
     .access = ACCESS_VIEW, .lookup = &lookup_media, .params = {path_id, media_params}, .reply = &schema_media,
     .doc = "A media."},
    {PATCH, "/rest/Media/{id}", "UpdateMedia",
     .access = ACCESS_EDIT, .lookup = &lookup_media, .params = {path_id}, .body = &schema_media_update,
     .reply = &schema_message_response,
     .doc = "Change a media."},
    {DELETE, "/rest/Media/{id}", "DeleteMedia",
     .access = ACCESS_EDIT, .lookup = &lookup_media, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a media."},
    {GET, "/rest/MediaCount/{project}", "GetMediaCount",
     .access = ACCESS_VIEW, .params = {path_project, media_filters, attribute_filters, paging, related_filters},
     .reply = &schema_count,
     .doc = "How many media match."},
    {PUT, "/rest/MediaCount/{project}", "GetMediaCountById",
     .access = ACCESS_VIEW, .params = {path_project, media_filters, attribute_filters, paging, related_filters},
     .body = &schema_media_id_query, .reply = &schema_count,
     .doc = "How many media match, with a body."},
    {GET, "/rest/MediaNext/{id}", "GetMediaNext",
     .access = ACCESS_VIEW, .lookup = &lookup_media,
     .params = {path_id, media_filters, attribute_filters, paging, related_filters}, .reply = &schema_media_next,
     .doc = "The media that follows in the order of the query."},
    {GET, "/rest/MediaPrev/{id}", "GetMediaPrev",
     .access = ACCESS_VIEW, .lookup = &lookup_media,
     .params = {path_id, media_filters, attribute_filters, paging, related_filters}, .reply = &schema_media_prev,
     .doc = "The media that precedes in the order of the query."},
    {GET, "/rest/MediaStats/{project}", "GetMediaStats",
     .access = ACCESS_VIEW, .params = {path_project, media_filters, attribute_filters, paging, related_filters},
     .reply = &schema_media_stats,
     .doc = "Number, duration and size of the media that match."},
    {GET, "/rest/Medias/{project}", "GetMediaList",
     .access = ACCESS_VIEW,
     .params = {path_project, media_filters, attribute_filters, paging, related_filters, media_shape},
     .reply = &schema_media, .flags = REPLY_LIST | STREAMED,
     .doc = "Media that match."},
    {POST, "/rest/Medias/{project}", "CreateMediaList",
     .access = ACCESS_TRANSFER, .params = {path_project}, .body = &schema_media_spec, .reply = &schema_created_media,
     .flags = BODY_LIST,
     .doc = "Create media, one or many."},
    {PUT, "/rest/Medias/{project}", "GetMediaListById",
     .access = ACCESS_VIEW,
     .params = {path_project, media_filters, attribute_filters, paging, related_filters, media_shape},
     .body = &schema_media_id_query, .reply = &schema_media, .flags = REPLY_LIST | STREAMED,
     .doc = "Media that match, with a body."},
    {PATCH, "/rest/Medias/{project}", "UpdateMediaList",
     .access = ACCESS_EDIT,
     .params = {path_project, media_filters, attribute_filters, paging, related_filters, count_param},
     .body = &schema_media_bulk_update, .reply = &schema_message_response,
     .doc = "Change all media that match."},
    {DELETE, "/rest/Medias/{project}", "DeleteMediaList",
     .access = ACCESS_EDIT,
     .params = {path_project, media_filters, attribute_filters, paging, related_filters, count_param},
     .body = &schema_media_id_query, .reply = &schema_message_response, .flags = BODY_OPTIONAL,
     .doc = "Delete all media that match."},
    {0},
};
