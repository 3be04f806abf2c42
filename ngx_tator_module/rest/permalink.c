/*
 * Addresses of a media's file that hold.
 */

#include "../api/stores.h"
#include "../net/pg.h"
#include "common.h"

#define PERMALINK_SECONDS 86400

static const field_t permalink_params[] = {
    {"element", STRING(ENUM("auto", "streaming", "archival", "audio", "image", "thumbnail", "thumbnail_gif"), DEFAULT_TEXT("auto")), OPTIONAL,
     "Which of the files."},
    {"quality", INTEGER(MINIMUM(0), DEFAULT("720")), OPTIONAL, "Height of the video to take."},
    {0},
};

static void        permalink_get(rq_t *rq);
static const char *permalink_role(rq_t *rq, const char *dtype);
static const char *permalink_path(json_t *list, int64_t quality);

const endpoint_t permalink_endpoints[] = {
    {GET(OPEN), "/rest/Permalink/{id}", "GetPermalink", permalink_get,
     .params = {path_id, permalink_params}, .status = 301, .flags = OPEN_SCHEMA,
     .doc = "Redirect to a file of the media."},
    {0},
};


/* GET Permalink/{id}: for members of the media's project, and for everybody when the user `anonymous` is one; in fine-grain mode for
   whoever sees the media, without credentials as `anonymous`. */
static void
permalink_get(rq_t *rq)
{
    json_t        *files;
    result_t      *media;
    const char    *role, *path;
    const store_t *store;

    media = pg_query(rq,
                     "SELECT m.deleted, m.media_files, t.dtype FROM main_media m JOIN main_mediatype t ON t.id = m.meta"
                     " WHERE m.id = %ld AND NOT EXISTS (SELECT FROM tator.dropped_project d WHERE d.id = m.project)"
                     " AND CASE WHEN %d::boolean THEN tator.media_permission(%ld::int, m.id) & 3 = 3"
                     " ELSE EXISTS (SELECT FROM main_membership s JOIN main_user u ON u.id = s.\"user\" WHERE s.project = m.project"
                     "              AND s.permission <> 'n' AND (u.id = %ld OR u.username = 'anonymous')) END",
                     param_int(rq, "id", 0), (int) rq->config->fine_grain, access_viewer(rq), rq->user.id);

    if (pg_rows(media) == 0) {
        if (rq->user.id == 0) {
            fail_credentials(rq);
        }
        fail_permission(rq);
    }

    if (pg_bool(media, 0, 0)) {
        fail_missing(rq, "Media");
    }

    files = pg_json(rq, media, 0, 1);
    role = permalink_role(rq, pg_text(media, 0, 2));
    path = role != NULL ? permalink_path(json_object_get(files, role), param_int(rq, "quality", 720)) : NULL;

    if (path == NULL) {
        reply_json(rq, 404, rq_own(rq, json_pack("{s:s}", "Message", "Bad Request")));
        return;
    }

    store = stores_path(rq, path);
    if (store == NULL) {
        fail(rq, 400, "No stored object has the path %s.", path);
    }

    reply_header(rq, "Location", stores_url(rq, store, &(store_call_t) {STORE_GET, .path = path}, PERMALINK_SECONDS));
    reply_json(rq, 301, rq_own(rq, json_string("")));
}


static const char *
permalink_role(rq_t *rq, const char *dtype)
{
    const char *element = param_text(rq, "element");

    if (strcmp(element, "auto") != 0) {
        return element;
    }

    return strcmp(dtype, "video") == 0 ? "streaming" : strcmp(dtype, "image") == 0 ? "image" : NULL;
}


/* The path of the nearest height, the first of several; audio has no height, so its first. */
static const char *
permalink_path(json_t *list, int64_t quality)
{
    size_t      i;
    json_t     *definition;
    int64_t     height, distance, best = INT64_MAX;
    const char *path, *found = NULL;

    json_array_foreach(list, i, definition) {
        path = json_string_value(json_object_get(definition, "path"));
        height = json_integer_value(json_array_get(json_object_get(definition, "resolution"), 0));
        distance = height > quality ? height - quality : quality - height;

        if (path != NULL && distance < best) {
            best = distance;
            found = path;
        }
    }

    return found;
}
