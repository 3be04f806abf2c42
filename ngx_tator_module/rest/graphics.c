/*
 * Pictures and clips cut from media.
 */

#include "common.h"

static const field_t video_clip_fields[] = {
    {"segment_start_frames", ARRAY(INTEGER()), OPTIONAL, "First frame of each piece."},
    {"segment_end_frames", ARRAY(INTEGER()), OPTIONAL, "Last frame of each piece."},
    {"file", REF(schema_temporary_file), OPTIONAL, "The file."},
    {0},
};

const schema_t schema_video_clip = OBJECT(video_clip_fields, NAMED("VideoClip"));

static const field_t clip_params[] = {
    {"frame_ranges", ARRAY(STRING()), REQUIRED, "Ranges of frames, first:last."},
    {"quality", INTEGER(MINIMUM(0)), OPTIONAL, "Height of the video to take."},
    {"reencode", INTEGER(MINIMUM(0)), OPTIONAL, "1: encode again for players that need it."},
    {0},
};

static const field_t frame_params[] = {
    {"frames", ARRAY(INTEGER(MINIMUM(0)), MAX_LENGTH(32), DEFAULT("[0]")), OPTIONAL, "Frames to take."},
    {"tile", STRING(), OPTIONAL, "Columns and rows of a mosaic: 2x3."},
    {"roi", STRING(), OPTIONAL, "Part of the picture: width:height:x:y, relative."},
    {"force_scale", STRING(), OPTIONAL, "Size of the result: 100x100."},
    {"animate", INTEGER(MINIMUM(0), MAXIMUM(15)), OPTIONAL, "Frames per second of an animation."},
    {"quality", INTEGER(MINIMUM(0)), OPTIONAL, "Height of the video to take."},
    {0},
};

static const field_t localization_graphic_params[] = {
    {"force_scale", STRING(), OPTIONAL, "Size of the result: 100x100."},
    {"use_default_margins", BOOLEAN(DEFAULT("true")), OPTIONAL, "Whether to add the type's usual margin."},
    {"margin_x", INTEGER(), OPTIONAL, "Pixels to add left and right."},
    {"margin_y", INTEGER(), OPTIONAL, "Pixels to add above and below."},
    {0},
};

static const field_t state_graphic_params[] = {
    {"mode", STRING(ENUM("animate", "tile"), DEFAULT_TEXT("animate")), OPTIONAL, "Animation or mosaic."},
    {"fps", NUMBER(DEFAULT("2")), OPTIONAL, "Frames per second."},
    {"force_scale", STRING(NULLABLE, DEFAULT_TEXT("224x224")), OPTIONAL, "Size of the result: 100x100."},
    {"length", INTEGER(MAXIMUM(100), DEFAULT("100")), OPTIONAL, "How many pictures."},
    {"offset", INTEGER(DEFAULT("0")), OPTIONAL, "Skip so many pictures."},
    {0},
};

const endpoint_t graphics_endpoints[] = {
    {GET(VIEW), "/rest/GetClip/{id}", "GetClip",
     .lookup = &lookup_media, .params = {path_id, clip_params}, .reply = &schema_video_clip,
     .doc = "A piece of the video as a temporary file."},
    {GET(VIEW), "/rest/GetFrame/{id}", "GetFrame",
     .lookup = &lookup_media, .params = {path_id, frame_params}, .flags = REPLY_IMAGE,
     .doc = "Frames as a picture or animation."},
    {GET(VIEW), "/rest/LocalizationGraphic/{id}", "GetLocalizationGraphic",
     .lookup = &lookup_localization, .params = {path_id, localization_graphic_params},
     .flags = REPLY_IMAGE,
     .doc = "What the localization encloses, as a picture."},
    {GET(VIEW), "/rest/StateGraphic/{id}", "GetStateGraphic",
     .lookup = &lookup_state, .params = {path_id, state_graphic_params}, .flags = REPLY_IMAGE,
     .doc = "What the track encloses, as pictures."},
    {0},
};
