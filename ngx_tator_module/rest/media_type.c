/*
 * Media types: kinds of media, their attributes and how they are encoded.
 */

#include "type.h"

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

static const column_t media_type_columns[] = {
    {"id", "t.id", COLUMN_RAW},
    {"project", "t.project", COLUMN_RAW},
    {"name", "t.name", COLUMN_TEXT},
    {"description", "t.description", COLUMN_TEXT},
    {"dtype", "t.dtype", COLUMN_TEXT},
    {"attribute_types", "t.attribute_types", COLUMN_RAW},
    {"file_format", "t.file_format", COLUMN_TEXT},
    {"default_volume", "t.default_volume", COLUMN_RAW},
    {"visible", "t.visible", COLUMN_BOOL},
    {"archive_config", "t.archive_config", COLUMN_RAW},
    {"streaming_config", "t.streaming_config", COLUMN_RAW},
    {"overlay_config", "t.overlay_config", COLUMN_RAW},
    {"default_box", "t.default_box_id", COLUMN_RAW},
    {"default_line", "t.default_line_id", COLUMN_RAW},
    {"default_dot", "t.default_dot_id", COLUMN_RAW},
    {"elemental_id", "t.elemental_id", COLUMN_SAFE},
    {"effective_permission", "tator.project_permission(%ld::int, t.project)", COLUMN_MASK},
    {0},
};

static const type_kind_t media_type_kind = {
    .entity = "media",
    .label = "Media",
    .model = "MediaType",
    .table = "main_mediatype",
    .columns = media_type_columns,
    .order = "t.name, t.id",
};


static void
media_type_get(rq_t *rq)
{
    type_get(rq, &media_type_kind);
}


static void
media_type_list(rq_t *rq)
{
    type_list(rq, &media_type_kind);
}


static void
media_type_delete(rq_t *rq)
{
    type_delete(rq, &media_type_kind);
}


static void
media_type_create(rq_t *rq)
{
    result_t *result;

    type_check_members(rq);
    type_check_default(rq, "default_box");
    type_check_default(rq, "default_line");
    type_check_default(rq, "default_dot");

    result = pg_query(rq,
                      "INSERT INTO main_mediatype (dtype, name, description, visible, file_format, default_volume, attribute_types,"
                      " archive_config, streaming_config, overlay_config, elemental_id, default_box_id, default_line_id,"
                      " default_dot_id, project)"
                      " VALUES (%s, %s, COALESCE(%s, ''), COALESCE(%s::boolean, true), %s, COALESCE(%s::int, 0),"
                      " COALESCE(%p::jsonb, '[]'), %p::jsonb, %p::jsonb, %p::jsonb, COALESCE(NULLIF(%s, '')::uuid, gen_random_uuid()),"
                      " %s::int, %s::int, %s::int, %ld) RETURNING id",
                      param_text(rq, "dtype"), param_text(rq, "name"), sql_param(rq, "description"), sql_param(rq, "visible"),
                      sql_param(rq, "file_format"), sql_param(rq, "default_volume"), sql_param_json(rq, "attribute_types"),
                      sql_param_json(rq, "archive_config"), sql_param_json(rq, "streaming_config"), sql_param_json(rq, "overlay_config"),
                      sql_param_uuid(rq, "elemental_id"), sql_param(rq, "default_box"), sql_param(rq, "default_line"),
                      sql_param(rq, "default_dot"), rq->project);

    reply_created(rq, pg_int(result, 0, 0), "Media type created successfully!");
}


/* What is absent or null stays. */
static void
media_type_update(rq_t *rq)
{
    type_check_default(rq, "default_box");
    type_check_default(rq, "default_line");
    type_check_default(rq, "default_dot");

    pg_query(rq,
             "UPDATE main_mediatype SET name = COALESCE(%s, name), description = COALESCE(%s, description),"
             " file_format = COALESCE(%s, file_format), archive_config = COALESCE(%p::jsonb, archive_config),"
             " streaming_config = COALESCE(%p::jsonb, streaming_config), overlay_config = COALESCE(%p::jsonb, overlay_config),"
             " visible = COALESCE(%s::boolean, visible), default_volume = COALESCE(%s::int, default_volume),"
             " elemental_id = COALESCE(NULLIF(%s, '')::uuid, elemental_id), default_box_id = COALESCE(%s::int, default_box_id),"
             " default_line_id = COALESCE(%s::int, default_line_id), default_dot_id = COALESCE(%s::int, default_dot_id)"
             " WHERE id = %ld",
             sql_param(rq, "name"), sql_param(rq, "description"), sql_param(rq, "file_format"), sql_param_json(rq, "archive_config"),
             sql_param_json(rq, "streaming_config"), sql_param_json(rq, "overlay_config"), sql_param(rq, "visible"),
             sql_param(rq, "default_volume"), sql_param_uuid(rq, "elemental_id"), sql_param(rq, "default_box"), sql_param(rq, "default_line"),
             sql_param(rq, "default_dot"), param_int(rq, "id", 0));

    reply_message(rq, 200, "Media type updated successfully!");
}


const endpoint_t media_type_endpoints[] = {
    {GET(VIEW), "/rest/MediaType/{id}", "GetMediaType",
     .handler = media_type_get,
     .lookup = &lookup_media_type, .params = {path_id}, .reply = &schema_media_type,
     .doc = "A media type."},
    {PATCH(FULL), "/rest/MediaType/{id}", "UpdateMediaType",
     .handler = media_type_update,
     .lookup = &lookup_media_type, .params = {path_id}, .body = &schema_media_type_update,
     .reply = &schema_message_response,
     .doc = "Change a media type."},
    {DELETE(FULL), "/rest/MediaType/{id}", "DeleteMediaType",
     .handler = media_type_delete,
     .lookup = &lookup_media_type, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a media type."},
    {GET(VIEW), "/rest/MediaTypes/{project}", "GetMediaTypeList",
     .handler = media_type_list,
     .params = {path_project, elemental_id_param}, .reply = &schema_media_type,
     .flags = REPLY_LIST,
     .doc = "Media types that match."},
    {POST(FULL), "/rest/MediaTypes/{project}", "CreateMediaType",
     .handler = media_type_create,
     .params = {path_project}, .body = &schema_media_type_spec,
     .reply = &schema_create_response,
     .doc = "Create a media type."},
    {0},
};
