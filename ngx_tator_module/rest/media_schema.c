/*
 * What media objects look like in requests and answers.
 */

#include "common.h"

static const field_t media_changeable_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"media_files", REF(schema_media_files), OPTIONAL, "Files of the media."},
    {"last_edit_start", STRING(FORMAT("date-time")), OPTIONAL, "When the last editing session began."},
    {"last_edit_end", STRING(FORMAT("date-time")), OPTIONAL, "When the last editing session ended."},
    {"primary_section", INTEGER(), OPTIONAL, "Folder that it lies in."},
    {"fps", NUMBER(), OPTIONAL, "Frames per second."},
    {"codec", STRING(), OPTIONAL, "Codec, as FFmpeg calls it."},
    {"width", INTEGER(), OPTIONAL, "Width in pixels."},
    {"height", INTEGER(), OPTIONAL, "Height in pixels."},
    {0},
};

static const field_t media_change_fields[] = {
    {"archive_state", STRING(ENUM("to_archive", "to_live")), OPTIONAL, "Where the files are in the archive's life."},
    {"null_attributes", ARRAY(STRING(MINIMUM(1))), OPTIONAL, "Attributes to set to null."},
    {"reset_attributes", ARRAY(STRING(MINIMUM(1))), OPTIONAL, "Attributes to set to their default."},
    {0},
};

static const field_t media_query_fields[] = {
    {"ids", IDS(), OPTIONAL, "Ids to take."},
    {"localization_ids", IDS(), OPTIONAL, "Localizations."},
    {"state_ids", IDS(), OPTIONAL, "States."},
    {"float_array", ARRAY(REF(schema_float_array_query)), OPTIONAL, "Searches by distance of vectors."},
    {"object_search", REF(schema_attribute_operation_spec), OPTIONAL, "Search over attributes."},
    {0},
};

static const field_t media_shared_fields[] = {
    {"ids", ARRAY(INTEGER()), OPTIONAL, "The videos that it is made of."},
    {"frameOffset", ARRAY(INTEGER()), OPTIONAL, "Frames by which each video is shifted."},
    {"layout", ARRAY(INTEGER()), OPTIONAL, "Rows and columns of the grid."},
    {"quality", INTEGER(), OPTIONAL, "Height of the picture to play."},
    {0},
};

static const field_t media_fields[] = {
    {"attributes", ATTRIBUTES(), OPTIONAL, "Attribute values by name."},
    {"elemental_id", STRING(NULLABLE), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"type", INTEGER(), OPTIONAL, "Id of its type."},
    {"created_datetime", STRING(), OPTIONAL, "When it was created."},
    {"created_by", INTEGER(), OPTIONAL, "User who created it."},
    {"modified_datetime", STRING(), OPTIONAL, "When it was changed last."},
    {"modified_by", INTEGER(), OPTIONAL, "User who changed it last."},
    {"md5", STRING(), OPTIONAL, "MD5 of the original file."},
    {"num_frames", INTEGER(), OPTIONAL, "How many frames."},
    {"summary_level", INTEGER(), OPTIONAL, "Frames between two looks at an overview."},
    {"gid", STRING(), OPTIONAL, "Group that the upload belonged to."},
    {"uid", STRING(), OPTIONAL, "Id of the upload or job."},
    {"archive_state", STRING(ENUM("archived", "to_archive", "live", "to_live")), OPTIONAL,
     "Where the files are in the archive's life."},
    {"archive_status_date", STRING(FORMAT("date-time")), OPTIONAL, "When the archive state changed."},
    {"incident", INTEGER(NULLABLE), OPTIONAL, "How often the related search matched."},
    {"effective_permission", INTEGER(NULLABLE), OPTIONAL, "What the caller may do with it, as bits."},
    {0},
};

static const field_t media_bulk_update_fields[] = {
    {"attributes", ATTRIBUTES(), OPTIONAL, "Attribute values by name."},
    {"user_elemental_id", STRING(), OPTIONAL, "Elemental id of the user to write as author."},
    {0},
};

static const field_t media_files_fields[] = {
    {"archival", ARRAY(REF(schema_video_definition)), OPTIONAL, "Videos kept in archival quality."},
    {"streaming", ARRAY(REF(schema_video_definition)), OPTIONAL, "Videos for playing."},
    {"concat", ARRAY(REF(schema_concat_definition)), OPTIONAL, "Videos that make up one after the other."},
    {"audio", ARRAY(REF(schema_audio_definition)), OPTIONAL, "Audio tracks."},
    {"image", ARRAY(REF(schema_image_definition)), OPTIONAL, "Pictures."},
    {"attachment", ARRAY(REF(schema_auxiliary_file_definition)), OPTIONAL, "Other files that belong to the media."},
    {"thumbnail", ARRAY(REF(schema_image_definition)), OPTIONAL, "Small pictures."},
    {"thumbnail_gif", ARRAY(REF(schema_image_definition)), OPTIONAL, "Small moving pictures."},
    {"live", ARRAY(REF(schema_live_definition)), OPTIONAL, "Live streams."},
    {0},
};

static const field_t media_update_fields[] = {
    {"attributes", ATTRIBUTES(), OPTIONAL, "Attribute values by name."},
    {"elemental_id", STRING(), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {"num_frames", INTEGER(MINIMUM(0)), OPTIONAL, "How many frames."},
    {"summary_level", INTEGER(), OPTIONAL, "Frames between two looks at an overview."},
    {"multi", REF(schema_multi_definition), OPTIONAL, "The videos that it is made of."},
    {"live", REF(schema_live_update_definition), OPTIONAL, "Live streams."},
    {"concat", ARRAY(REF(schema_concat_definition)), OPTIONAL, "Videos that make up one after the other."},
    {"user_elemental_id", STRING(), OPTIONAL, "Elemental id of the user to write as author."},
    {0},
};

static const field_t concat_definition_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Id of the video."},
    {"timestampOffset", NUMBER(), OPTIONAL, "Seconds by which the video is shifted."},
    {0},
};

static const field_t feed_definition_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {"resolution", ARRAY(INTEGER(MINIMUM(1)), MIN_ITEMS(2), MAX_ITEMS(2)), REQUIRED, "Height and width in pixels."},
    {0},
};

static const field_t live_definition_fields[] = {
    {"url", STRING(), REQUIRED, "Its address."},
    {"feeds", ARRAY(REF(schema_feed_definition)), REQUIRED, "Streams of the camera."},
    {0},
};

static const field_t live_update_definition_fields[] = {
    {"streams", ARRAY(REF(schema_live_definition)), REQUIRED, "The cameras."},
    {"layout", ARRAY(INTEGER()), REQUIRED, "Rows and columns of the grid."},
    {0},
};

static const field_t media_next_fields[] = {
    {"next", INTEGER(MINIMUM(0)), OPTIONAL, "The media after it; -1: none."},
    {0},
};

static const field_t media_prev_fields[] = {
    {"prev", INTEGER(MINIMUM(0)), OPTIONAL, "The media before it; -1: none."},
    {0},
};

static const field_t media_spec_fields[] = {
    {"type", INTEGER(MINIMUM(-1)), REQUIRED, "Id of its type."},
    {"gid", STRING(), OPTIONAL, "Group that the upload belonged to."},
    {"uid", STRING(), OPTIONAL, "Id of the upload or job."},
    {"url", STRING(), OPTIONAL, "Its address."},
    {"thumbnail_url", STRING(), OPTIONAL, "Where a small picture is."},
    {"thumbnail_gif_url", STRING(), OPTIONAL, "Where a small moving picture is."},
    {"section", STRING(), OPTIONAL, "Name of the section."},
    {"section_id", INTEGER(), OPTIONAL, "Id of the section."},
    {"name", STRING(), REQUIRED, "Its name."},
    {"md5", STRING(), REQUIRED, "MD5 of the original file."},
    {"num_frames", INTEGER(NULLABLE), OPTIONAL, "How many frames."},
    {"fps", NUMBER(NULLABLE), OPTIONAL, "Frames per second."},
    {"codec", STRING(NULLABLE), OPTIONAL, "Codec, as FFmpeg calls it."},
    {"width", INTEGER(NULLABLE), OPTIONAL, "Width in pixels."},
    {"height", INTEGER(NULLABLE), OPTIONAL, "Height in pixels."},
    {"summary_level", INTEGER(), OPTIONAL, "Frames between two looks at an overview."},
    {"attributes", ATTRIBUTES(NULLABLE), OPTIONAL, "Attribute values by name."},
    {"elemental_id", STRING(), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {"user_elemental_id", STRING(), OPTIONAL, "Elemental id of the user to write as author."},
    {"reference_only", INTEGER(MAXIMUM(1), DEFAULT("0")), OPTIONAL, "1: the file is elsewhere and stays there."},
    {0},
};

static const field_t media_stats_fields[] = {
    {"count", INTEGER(MINIMUM(0)), OPTIONAL, "How many."},
    {"download_size", INTEGER(MINIMUM(0)), OPTIONAL, "Bytes of all files."},
    {"total_size", INTEGER(MINIMUM(0)), OPTIONAL, "Bytes of all files."},
    {"duration", NUMBER(MINIMUM(0)), OPTIONAL, "Length in seconds."},
    {0},
};

const schema_t schema_concat_definition = OBJECT(concat_definition_fields, NAMED("ConcatDefinition"));
const schema_t schema_feed_definition = OBJECT(feed_definition_fields, NAMED("FeedDefinition"));
const schema_t schema_live_definition = OBJECT(live_definition_fields, NAMED("LiveDefinition"));
const schema_t schema_live_update_definition = OBJECT(live_update_definition_fields, NAMED("LiveUpdateDefinition"));
const schema_t schema_media = OBJECT(media_fields, SHARED(media_changeable_fields), NAMED("Media"));
const schema_t schema_media_bulk_update =
    OBJECT(media_bulk_update_fields, SHARED(media_change_fields, media_query_fields), NAMED("MediaBulkUpdate"));
const schema_t schema_media_files = OBJECT(media_files_fields, SHARED(media_shared_fields), NAMED("MediaFiles"));
const schema_t schema_media_id_query = OBJECT(media_query_fields, NAMED("MediaIdQuery"));
const schema_t schema_media_next = OBJECT(media_next_fields, NAMED("MediaNext"));
const schema_t schema_media_prev = OBJECT(media_prev_fields, NAMED("MediaPrev"));
const schema_t schema_media_spec = OBJECT(media_spec_fields, NAMED("MediaSpec"));
const schema_t schema_media_stats = OBJECT(media_stats_fields, NAMED("MediaStats"));
const schema_t schema_media_update =
    OBJECT(media_update_fields, SHARED(media_changeable_fields, media_change_fields), NAMED("MediaUpdate"));
const schema_t schema_multi_definition = OBJECT(media_shared_fields, NAMED("MultiDefinition"));
