/*
 * Addresses of a media's file that hold.
 */

#include "common.h"

static const field_t permalink_params[] = {
    {"element", STRING(ENUM("auto", "streaming", "archival", "audio", "image", "thumbnail", "thumbnail_gif"), DEFAULT_TEXT("auto")), OPTIONAL,
     "Which of the files."},
    {"quality", INTEGER(MINIMUM(0), DEFAULT("720")), OPTIONAL, "Height of the video to take."},
    {0},
};

const endpoint_t permalink_endpoints[] = {
    {GET, "/rest/Permalink/{id}", "GetPermalink",
     .access = ACCESS_OPEN, .params = {path_id, permalink_params}, .status = 301, .flags = OPEN_SCHEMA,
     .doc = "Redirect to a file of the media."},
    {0},
};
