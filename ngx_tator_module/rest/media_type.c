/*
 * Media types: kinds of media, their attributes and how they are encoded.
 */

#include "common.h"

static const field_t media_type_made_fields[] = {
    {"description", STRING(DEFAULT_TEXT("")), OPTIONAL, "Free text about it."},
    {"attribute_types", ATTRIBUTE_TYPES(), OPTIONAL, "Definitions of its attributes."},
    {"overlay_config", FREE_OBJECT(ADDITIONAL_ANY), OPTIONAL, "Text shown over the video."},
    {"effective_permission", INTEGER(), OPTIONAL, "What the caller may do with it, as bits."},
    {0},
};

static const field_t media_type_common_fields[] = {
    {"file_format", STRING(MAX_LENGTH(4)), OPTIONAL, "Suffix of the files."},
    {"default_volume", INTEGER(MINIMUM(0), MAXIMUM(100)), OPTIONAL, "Volume of the player in percent."},
    {"archive_config", ARRAY(REF(schema_archive_config)), OPTIONAL, "How archival copies are encoded."},
    {"streaming_config", ARRAY(REF(schema_resolution_config)), OPTIONAL, "Which videos for playing are made."},
    {"visible", BOOLEAN(), OPTIONAL, "Whether it shows in the user interface."},
    {"default_box", INTEGER(), OPTIONAL, "Type of boxes drawn by default."},
    {"default_line", INTEGER(), OPTIONAL, "Type of lines drawn by default."},
    {"default_dot", INTEGER(), OPTIONAL, "Type of dots drawn by default."},
    {"elemental_id", STRING(NULLABLE), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {0},
};

static const field_t media_type_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"dtype", STRING(ENUM_MEDIA_DTYPE), OPTIONAL, "Kind of data."},
    {0},
};

static const field_t media_type_spec_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {"dtype", STRING(ENUM_MEDIA_DTYPE), REQUIRED, "Kind of data."},
    {0},
};

static const field_t media_type_update_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"description", STRING(), OPTIONAL, "Free text about it."},
    {0},
};

static const field_t archive_config_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"encode", REF(schema_encode_config), REQUIRED, "How to encode."},
    {"s3_storage", REF(schema_s3_storage_config), OPTIONAL, "Where to store."},
    {0},
};

static const field_t encode_config_fields[] = {
    {"vcodec", STRING(ENUM("copy", "h264", "hevc"), DEFAULT_TEXT("hevc")), OPTIONAL,
     "Video codec of the archival copy."},
    {"crf", INTEGER(MINIMUM(0), MAXIMUM(51), DEFAULT("23")), OPTIONAL, "Constant rate factor: lower is better."},
    {"preset", STRING(ENUM("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"), DEFAULT_TEXT("fast")), OPTIONAL,
     "Speed of the encoder."},
    {"movflags", STRING(DEFAULT_TEXT("")), OPTIONAL, "Flags for the MP4 writer."},
    {"tune", STRING(ENUM("film", "animation", "grain", "stillimage", "fastdecode", "zerolatency", "psnr", "ssim"), DEFAULT_TEXT("fastdecode")), OPTIONAL,
     "What the encoder is tuned for."},
    {"pixel_format", STRING(ENUM_PIXEL_FORMAT, DEFAULT_TEXT("yuv420p")), OPTIONAL, "Pixel format, as FFmpeg calls it."},
    {0},
};

static const field_t resolution_config_fields[] = {
    {"vcodec", STRING(ENUM("h264", "av1"), DEFAULT_TEXT("h264")), OPTIONAL, "Video codec."},
    {"crf", INTEGER(MINIMUM(0), MAXIMUM(63), DEFAULT("23")), OPTIONAL, "Constant rate factor: lower is better."},
    {"resolution", INTEGER(MINIMUM(0), MAXIMUM(8192)), OPTIONAL, "Height in pixels."},
    {"preset", STRING(DEFAULT_TEXT("")), OPTIONAL, "Speed of the encoder."},
    {"pixel_format", STRING(ENUM_PIXEL_FORMAT, DEFAULT_TEXT("yuv420p")), OPTIONAL, "Pixel format, as FFmpeg calls it."},
    {0},
};

static const field_t s3_storage_config_fields[] = {
    {"aws_access_key", STRING(), OPTIONAL, "Access key of the store."},
    {"aws_secret_access_key", STRING(), OPTIONAL, "Secret of the access key."},
    {"bucket_name", STRING(), OPTIONAL, "Bucket to store in."},
    {0},
};

const schema_t schema_archive_config = OBJECT(archive_config_fields, NAMED("ArchiveConfig"));
const schema_t schema_encode_config = OBJECT(encode_config_fields, ADDITIONAL_ANY, NAMED("EncodeConfig"));
const schema_t schema_media_type =
    OBJECT(media_type_fields, SHARED(media_type_made_fields, media_type_common_fields), NAMED("MediaType"));
const schema_t schema_media_type_spec =
    OBJECT(media_type_spec_fields, SHARED(media_type_made_fields, media_type_common_fields), NAMED("MediaTypeSpec"));
const schema_t schema_media_type_update =
    OBJECT(media_type_update_fields, SHARED(media_type_common_fields), NAMED("MediaTypeUpdate"));
const schema_t schema_resolution_config = OBJECT(resolution_config_fields, ADDITIONAL_ANY, NAMED("ResolutionConfig"));
const schema_t schema_s3_storage_config = OBJECT(s3_storage_config_fields, NAMED("S3StorageConfig"));

const lookup_t lookup_media_type = {
    .model = "MediaType",
    .sql = "SELECT project FROM main_mediatype WHERE id = $1",
};

const endpoint_t media_type_endpoints[] = {
    {GET, "/rest/MediaType/{id}", "GetMediaType",
     .access = ACCESS_VIEW, .lookup = &lookup_media_type, .params = {path_id}, .reply = &schema_media_type,
     .doc = "A media type."},
    {PATCH, "/rest/MediaType/{id}", "UpdateMediaType",
     .access = ACCESS_FULL, .lookup = &lookup_media_type, .params = {path_id}, .body = &schema_media_type_update,
     .reply = &schema_message_response,
     .doc = "Change a media type."},
    {DELETE, "/rest/MediaType/{id}", "DeleteMediaType",
     .access = ACCESS_FULL, .lookup = &lookup_media_type, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a media type."},
    {GET, "/rest/MediaTypes/{project}", "GetMediaTypeList",
     .access = ACCESS_VIEW, .params = {path_project, elemental_id_param}, .reply = &schema_media_type,
     .flags = REPLY_LIST,
     .doc = "Media types that match."},
    {POST, "/rest/MediaTypes/{project}", "CreateMediaType",
     .access = ACCESS_FULL, .params = {path_project}, .body = &schema_media_type_spec,
     .reply = &schema_create_response,
     .doc = "Create a media type."},
    {0},
};
