/*
 * The definitions of a media's files by kind: video, audio, image and auxiliary files. Each is an entry of the media's
 * media_files.
 */

#include "common.h"

static const field_t file_definition_shared_fields[] = {
    {"path", STRING(), REQUIRED, "Object key or address of the file."},
    {"size", INTEGER(), OPTIONAL, "Size in bytes."},
    {"host", STRING(), OPTIONAL, "Host of the file, when it is elsewhere."},
    {"http_auth", STRING(), OPTIONAL, "Authorization header for the host."},
    {0},
};

static const field_t file_definition_shared_more_fields[] = {
    {"bit_rate", INTEGER(), OPTIONAL, "Bits per second."},
    {"codec", STRING(), REQUIRED, "Codec, as FFmpeg calls it."},
    {"codec_mime", STRING(), OPTIONAL, "MIME type with codecs, for a browser's media source."},
    {"codec_description", STRING(), OPTIONAL, "Codec, for people."},
    {0},
};

static const field_t auxiliary_file_definition_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"mime", STRING(), OPTIONAL, "MIME type."},
    {0},
};

static const field_t image_definition_fields[] = {
    {"resolution", ARRAY(INTEGER(MINIMUM(1)), MIN_ITEMS(2), MAX_ITEMS(2)), REQUIRED, "Height and width in pixels."},
    {"mime", STRING(), OPTIONAL, "MIME type."},
    {0},
};

static const field_t video_definition_fields[] = {
    {"resolution", ARRAY(INTEGER(MINIMUM(1)), MIN_ITEMS(2), MAX_ITEMS(2)), REQUIRED, "Height and width in pixels."},
    {"segment_info", STRING(), OPTIONAL, "Object key of the segment map."},
    {"reference_only", INTEGER(MAXIMUM(1), DEFAULT("0")), OPTIONAL, "1: the file is elsewhere and stays there."},
    {0},
};

const schema_t schema_audio_definition =
    OBJECT(file_definition_shared_fields, SHARED(file_definition_shared_more_fields), NAMED("AudioDefinition"));
const schema_t schema_auxiliary_file_definition =
    OBJECT(auxiliary_file_definition_fields, SHARED(file_definition_shared_fields), NAMED("AuxiliaryFileDefinition"));
const schema_t schema_image_definition =
    OBJECT(image_definition_fields, SHARED(file_definition_shared_fields), NAMED("ImageDefinition"));
const schema_t schema_video_definition =
    OBJECT(video_definition_fields, SHARED(file_definition_shared_fields, file_definition_shared_more_fields), NAMED("VideoDefinition"));

static const field_t audio_file_params[] = {
    {"role", STRING(ENUM("audio"), DEFAULT_TEXT("audio")), OPTIONAL, "Kind of file."},
    {"index", INTEGER(MINIMUM(0)), REQUIRED, "Place in the list of files."},
    {0},
};

static const field_t audio_file_list_params[] = {
    {"role", STRING(ENUM("audio"), DEFAULT_TEXT("audio")), OPTIONAL, "Kind of file."},
    {0},
};

static const field_t create_audio_file_params[] = {
    {"role", STRING(ENUM("audio"), DEFAULT_TEXT("audio")), OPTIONAL, "Kind of file."},
    {"index", INTEGER(MINIMUM(0)), OPTIONAL, "Place in the list of files."},
    {"bucket_id", INTEGER(), OPTIONAL, "Bucket that holds the file."},
    {0},
};

static const field_t auxiliary_file_params[] = {
    {"role", STRING(ENUM("attachment"), DEFAULT_TEXT("attachment")), OPTIONAL, "Kind of file."},
    {"index", INTEGER(MINIMUM(0)), REQUIRED, "Place in the list of files."},
    {0},
};

static const field_t auxiliary_file_list_params[] = {
    {"role", STRING(ENUM("attachment"), DEFAULT_TEXT("attachment")), OPTIONAL, "Kind of file."},
    {0},
};

static const field_t create_auxiliary_file_params[] = {
    {"role", STRING(ENUM("attachment"), DEFAULT_TEXT("attachment")), OPTIONAL, "Kind of file."},
    {"index", INTEGER(MINIMUM(0)), OPTIONAL, "Place in the list of files."},
    {"bucket_id", INTEGER(), OPTIONAL, "Bucket that holds the file."},
    {0},
};

static const field_t image_file_params[] = {
    {"role", STRING(ENUM("image", "thumbnail", "thumbnail_gif")), REQUIRED, "Kind of file."},
    {"index", INTEGER(MINIMUM(0)), REQUIRED, "Place in the list of files."},
    {0},
};

static const field_t image_file_list_params[] = {
    {"role", STRING(ENUM("image", "thumbnail", "thumbnail_gif")), REQUIRED, "Kind of file."},
    {0},
};

static const field_t create_image_file_params[] = {
    {"role", STRING(ENUM("image", "thumbnail", "thumbnail_gif")), REQUIRED, "Kind of file."},
    {"index", INTEGER(MINIMUM(0)), OPTIONAL, "Place in the list of files."},
    {"bucket_id", INTEGER(), OPTIONAL, "Bucket that holds the file."},
    {0},
};

static const field_t video_file_params[] = {
    {"role", STRING(ENUM("streaming", "archival")), REQUIRED, "Kind of file."},
    {"index", INTEGER(MINIMUM(0)), REQUIRED, "Place in the list of files."},
    {0},
};

static const field_t video_file_list_params[] = {
    {"role", STRING(ENUM("streaming", "archival")), REQUIRED, "Kind of file."},
    {0},
};

static const field_t create_video_file_params[] = {
    {"role", STRING(ENUM("streaming", "archival")), REQUIRED, "Kind of file."},
    {"index", INTEGER(MINIMUM(0)), OPTIONAL, "Place in the list of files."},
    {"bucket_id", INTEGER(), OPTIONAL, "Bucket that holds the file."},
    {0},
};

const endpoint_t file_definition_endpoints[] = {
    {GET, "/rest/AudioFile/{id}", "GetAudioFile",
     .access = ACCESS_VIEW, .lookup = &lookup_media, .params = {path_id, audio_file_params},
     .reply = &schema_audio_definition,
     .doc = "An audio file."},
    {PATCH, "/rest/AudioFile/{id}", "UpdateAudioFile",
     .access = ACCESS_TRANSFER, .lookup = &lookup_media, .params = {path_id, audio_file_params},
     .body = &schema_audio_definition, .reply = &schema_message_response,
     .doc = "Change an audio file."},
    {DELETE, "/rest/AudioFile/{id}", "DeleteAudioFile",
     .access = ACCESS_TRANSFER, .lookup = &lookup_media, .params = {path_id, audio_file_params},
     .reply = &schema_message_response,
     .doc = "Delete an audio file."},
    {GET, "/rest/AudioFiles/{id}", "GetAudioFileList",
     .access = ACCESS_VIEW, .lookup = &lookup_media, .params = {path_id, audio_file_list_params},
     .reply = &schema_audio_definition, .flags = REPLY_LIST,
     .doc = "Audio files that match."},
    {POST, "/rest/AudioFiles/{id}", "CreateAudioFile",
     .access = ACCESS_TRANSFER, .lookup = &lookup_media, .params = {path_id, create_audio_file_params},
     .body = &schema_audio_definition, .reply = &schema_message_response,
     .doc = "Create an audio file."},
    {GET, "/rest/AuxiliaryFile/{id}", "GetAuxiliaryFile",
     .access = ACCESS_VIEW, .lookup = &lookup_media, .params = {path_id, auxiliary_file_params},
     .reply = &schema_auxiliary_file_definition,
     .doc = "An auxiliary file."},
    {PATCH, "/rest/AuxiliaryFile/{id}", "UpdateAuxiliaryFile",
     .access = ACCESS_TRANSFER, .lookup = &lookup_media, .params = {path_id, auxiliary_file_params},
     .body = &schema_auxiliary_file_definition, .reply = &schema_message_response,
     .doc = "Change an auxiliary file."},
    {DELETE, "/rest/AuxiliaryFile/{id}", "DeleteAuxiliaryFile",
     .access = ACCESS_TRANSFER, .lookup = &lookup_media, .params = {path_id, auxiliary_file_params},
     .reply = &schema_message_response,
     .doc = "Delete an auxiliary file."},
    {GET, "/rest/AuxiliaryFiles/{id}", "GetAuxiliaryFileList",
     .access = ACCESS_VIEW, .lookup = &lookup_media, .params = {path_id, auxiliary_file_list_params},
     .reply = &schema_auxiliary_file_definition, .flags = REPLY_LIST,
     .doc = "Auxiliary files that match."},
    {POST, "/rest/AuxiliaryFiles/{id}", "CreateAuxiliaryFile",
     .access = ACCESS_TRANSFER, .lookup = &lookup_media, .params = {path_id, create_auxiliary_file_params},
     .body = &schema_auxiliary_file_definition, .reply = &schema_message_response,
     .doc = "Create an auxiliary file."},
    {GET, "/rest/ImageFile/{id}", "GetImageFile",
     .access = ACCESS_VIEW, .lookup = &lookup_media, .params = {path_id, image_file_params},
     .reply = &schema_image_definition,
     .doc = "An image file."},
    {PATCH, "/rest/ImageFile/{id}", "UpdateImageFile",
     .access = ACCESS_TRANSFER, .lookup = &lookup_media, .params = {path_id, image_file_params},
     .body = &schema_image_definition, .reply = &schema_message_response,
     .doc = "Change an image file."},
    {DELETE, "/rest/ImageFile/{id}", "DeleteImageFile",
     .access = ACCESS_TRANSFER, .lookup = &lookup_media, .params = {path_id, image_file_params},
     .reply = &schema_message_response,
     .doc = "Delete an image file."},
    {GET, "/rest/ImageFiles/{id}", "GetImageFileList",
     .access = ACCESS_VIEW, .lookup = &lookup_media, .params = {path_id, image_file_list_params},
     .reply = &schema_image_definition, .flags = REPLY_LIST,
     .doc = "Image files that match."},
    {POST, "/rest/ImageFiles/{id}", "CreateImageFile",
     .access = ACCESS_TRANSFER, .lookup = &lookup_media, .params = {path_id, create_image_file_params},
     .body = &schema_image_definition, .reply = &schema_message_response,
     .doc = "Create an image file."},
    {GET, "/rest/VideoFile/{id}", "GetVideoFile",
     .access = ACCESS_VIEW, .lookup = &lookup_media, .params = {path_id, video_file_params},
     .reply = &schema_video_definition,
     .doc = "A video file."},
    {PATCH, "/rest/VideoFile/{id}", "UpdateVideoFile",
     .access = ACCESS_TRANSFER, .lookup = &lookup_media, .params = {path_id, video_file_params},
     .body = &schema_video_definition, .reply = &schema_message_response,
     .doc = "Change a video file."},
    {DELETE, "/rest/VideoFile/{id}", "DeleteVideoFile",
     .access = ACCESS_TRANSFER, .lookup = &lookup_media, .params = {path_id, video_file_params},
     .reply = &schema_message_response,
     .doc = "Delete a video file."},
    {GET, "/rest/VideoFiles/{id}", "GetVideoFileList",
     .access = ACCESS_VIEW, .lookup = &lookup_media, .params = {path_id, video_file_list_params},
     .reply = &schema_video_definition, .flags = REPLY_LIST,
     .doc = "Video files that match."},
    {POST, "/rest/VideoFiles/{id}", "CreateVideoFile",
     .access = ACCESS_TRANSFER, .lookup = &lookup_media, .params = {path_id, create_video_file_params},
     .body = &schema_video_definition, .reply = &schema_message_response,
     .doc = "Create a video file."},
    {0},
};
