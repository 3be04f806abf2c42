/*
 * The definitions of a media's files by kind: video, audio, image and auxiliary files. Each is an entry of the media's
 * media_files.
 */

#include <tator/uri.h>

#include "../api/stores.h"
#include "../net/pg.h"
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

/* The media in hand: its row is locked where something changes. */
typedef struct {
    int64_t     id;
    const char *role;
    json_t     *files; /* media_files, an object; owned by the request */
    json_t     *list;  /* the role's array; NULL: there is none */
} definitions_t;

static void        definition_list(rq_t *rq);
static void        definition_get(rq_t *rq);
static void        definition_create(rq_t *rq);
static void        definition_update(rq_t *rq);
static void        definition_delete(rq_t *rq);
static void        definitions_read(rq_t *rq, definitions_t *definitions, bool lock);
static void        definitions_write(rq_t *rq, definitions_t *definitions);
static json_t     *definitions_at(rq_t *rq, definitions_t *definitions, bool must_be);
static json_t     *definition_given(rq_t *rq);
static void        definition_check_path(rq_t *rq, const definitions_t *definitions, const char *path);
static int64_t     definition_part(rq_t *rq, const char *text);
static void        definition_replaced(rq_t *rq, const definitions_t *definitions, removal_t *removal, const char *old, const char *path);
static const char *member_text(const json_t *definition, const char *name);
static bool        streams(const definitions_t *definitions);

const endpoint_t file_definition_endpoints[] = {
    {GET(VIEW), "/rest/AudioFile/{id}", "GetAudioFile", definition_get,
     .lookup = &lookup_media, .params = {path_id, audio_file_params},
     .reply = &schema_audio_definition,
     .doc = "An audio file."},
    {PATCH(TRANSFER), "/rest/AudioFile/{id}", "UpdateAudioFile", definition_update,
     .lookup = &lookup_media, .params = {path_id, audio_file_params},
     .body = &schema_audio_definition, .reply = &schema_message_response,
     .doc = "Change an audio file."},
    {DELETE(TRANSFER), "/rest/AudioFile/{id}", "DeleteAudioFile", definition_delete,
     .lookup = &lookup_media, .params = {path_id, audio_file_params},
     .reply = &schema_message_response,
     .doc = "Delete an audio file."},
    {GET(VIEW), "/rest/AudioFiles/{id}", "GetAudioFileList", definition_list,
     .lookup = &lookup_media, .params = {path_id, audio_file_list_params},
     .reply = &schema_audio_definition, .flags = REPLY_LIST,
     .doc = "Audio files that match."},
    {POST(TRANSFER), "/rest/AudioFiles/{id}", "CreateAudioFile", definition_create,
     .lookup = &lookup_media, .params = {path_id, create_audio_file_params},
     .body = &schema_audio_definition, .reply = &schema_message_response,
     .doc = "Create an audio file."},
    {GET(VIEW), "/rest/AuxiliaryFile/{id}", "GetAuxiliaryFile", definition_get,
     .lookup = &lookup_media, .params = {path_id, auxiliary_file_params},
     .reply = &schema_auxiliary_file_definition,
     .doc = "An auxiliary file."},
    {PATCH(TRANSFER), "/rest/AuxiliaryFile/{id}", "UpdateAuxiliaryFile", definition_update,
     .lookup = &lookup_media, .params = {path_id, auxiliary_file_params},
     .body = &schema_auxiliary_file_definition, .reply = &schema_message_response,
     .doc = "Change an auxiliary file."},
    {DELETE(TRANSFER), "/rest/AuxiliaryFile/{id}", "DeleteAuxiliaryFile", definition_delete,
     .lookup = &lookup_media, .params = {path_id, auxiliary_file_params},
     .reply = &schema_message_response,
     .doc = "Delete an auxiliary file."},
    {GET(VIEW), "/rest/AuxiliaryFiles/{id}", "GetAuxiliaryFileList", definition_list,
     .lookup = &lookup_media, .params = {path_id, auxiliary_file_list_params},
     .reply = &schema_auxiliary_file_definition, .flags = REPLY_LIST,
     .doc = "Auxiliary files that match."},
    {POST(TRANSFER), "/rest/AuxiliaryFiles/{id}", "CreateAuxiliaryFile", definition_create,
     .lookup = &lookup_media, .params = {path_id, create_auxiliary_file_params},
     .body = &schema_auxiliary_file_definition, .reply = &schema_message_response,
     .doc = "Create an auxiliary file."},
    {GET(VIEW), "/rest/ImageFile/{id}", "GetImageFile", definition_get,
     .lookup = &lookup_media, .params = {path_id, image_file_params},
     .reply = &schema_image_definition,
     .doc = "An image file."},
    {PATCH(TRANSFER), "/rest/ImageFile/{id}", "UpdateImageFile", definition_update,
     .lookup = &lookup_media, .params = {path_id, image_file_params},
     .body = &schema_image_definition, .reply = &schema_message_response,
     .doc = "Change an image file."},
    {DELETE(TRANSFER), "/rest/ImageFile/{id}", "DeleteImageFile", definition_delete,
     .lookup = &lookup_media, .params = {path_id, image_file_params},
     .reply = &schema_message_response,
     .doc = "Delete an image file."},
    {GET(VIEW), "/rest/ImageFiles/{id}", "GetImageFileList", definition_list,
     .lookup = &lookup_media, .params = {path_id, image_file_list_params},
     .reply = &schema_image_definition, .flags = REPLY_LIST,
     .doc = "Image files that match."},
    {POST(TRANSFER), "/rest/ImageFiles/{id}", "CreateImageFile", definition_create,
     .lookup = &lookup_media, .params = {path_id, create_image_file_params},
     .body = &schema_image_definition, .reply = &schema_message_response,
     .doc = "Create an image file."},
    {GET(VIEW), "/rest/VideoFile/{id}", "GetVideoFile", definition_get,
     .lookup = &lookup_media, .params = {path_id, video_file_params},
     .reply = &schema_video_definition,
     .doc = "A video file."},
    {PATCH(TRANSFER), "/rest/VideoFile/{id}", "UpdateVideoFile", definition_update,
     .lookup = &lookup_media, .params = {path_id, video_file_params},
     .body = &schema_video_definition, .reply = &schema_message_response,
     .doc = "Change a video file."},
    {DELETE(TRANSFER), "/rest/VideoFile/{id}", "DeleteVideoFile", definition_delete,
     .lookup = &lookup_media, .params = {path_id, video_file_params},
     .reply = &schema_message_response,
     .doc = "Delete a video file."},
    {GET(VIEW), "/rest/VideoFiles/{id}", "GetVideoFileList", definition_list,
     .lookup = &lookup_media, .params = {path_id, video_file_list_params},
     .reply = &schema_video_definition, .flags = REPLY_LIST,
     .doc = "Video files that match."},
    {POST(TRANSFER), "/rest/VideoFiles/{id}", "CreateVideoFile", definition_create,
     .lookup = &lookup_media, .params = {path_id, create_video_file_params},
     .body = &schema_video_definition, .reply = &schema_message_response,
     .doc = "Create a video file."},
    {0},
};


/* GET {Video,Audio,Image,Auxiliary}Files/{id}: paths as they are stored */
static void
definition_list(rq_t *rq)
{
    definitions_t definitions;

    definitions_read(rq, &definitions, false);
    reply_json(rq, 200, definitions.list != NULL ? definitions.list : rq_own(rq, json_array()));
}


/* GET …File/{id} */
static void
definition_get(rq_t *rq)
{
    definitions_t definitions;

    definitions_read(rq, &definitions, false);
    reply_json(rq, 200, definitions_at(rq, &definitions, false));
}


/* POST …Files/{id} (contract/media.md §11) */
static void
definition_create(rq_t *rq)
{
    bool          reference = param_int(rq, "reference_only", 0) != 0;
    json_t       *definition = definition_given(rq);
    int64_t       index = param_int(rq, "index", -1), bucket = param_int(rq, "bucket_id", 0);
    const char   *path = member_text(definition, "path");
    definitions_t definitions;

    if (bucket != 0) {
        stores_bucket_allowed(rq, bucket);
    }

    tx_begin(rq);
    definitions_read(rq, &definitions, true);
    definition_check_path(rq, &definitions, path);

    if (definitions.list == NULL) {
        definitions.list = json_array();
        json_object_set_new(definitions.files, definitions.role, definitions.list);
    }

    if (index >= (int64_t) json_array_size(definitions.list)) {
        fail(rq, 400, "Supplied index %ld is larger than current array size %zu", (long) index, json_array_size(definitions.list));
    }

    if (index >= 0) {
        json_array_insert(definitions.list, (size_t) index, definition);
    } else {
        json_array_append(definitions.list, definition);
    }
    definitions_write(rq, &definitions);

    /* What can not be held as an object is stored nevertheless, and then refused (R). */
    if (!reference && (uri_has_scheme(path) || (streams(&definitions) && member_text(definition, "segment_info") == NULL))) {
        tx_commit(rq);
        if (uri_has_scheme(path)) {
            fail(rq, 400, "Can't supply a url to a resource path");
        }
        fail(rq, 400, "'segment_info'");
    }

    if (!reference) {
        resource_add(rq, path, RESOURCE_MEDIA, definitions.id, bucket);
        if (streams(&definitions)) {
            resource_add(rq, member_text(definition, "segment_info"), RESOURCE_MEDIA, definitions.id, bucket);
        }
    }

    tx_commit(rq);
    reply_message(rq, 201, "Media file in media object %ld created!", (long) definitions.id);
}


/* PATCH …File/{id}: the element is replaced as a whole */
static void
definition_update(rq_t *rq)
{
    json_t       *old, *definition = definition_given(rq);
    removal_t    *removal = removal_new(rq, rq->project);
    const char   *path = member_text(definition, "path"), *segments = member_text(definition, "segment_info");
    definitions_t definitions;

    tx_begin(rq);
    definitions_read(rq, &definitions, true);
    old = rq_own(rq, json_incref(definitions_at(rq, &definitions, true)));

    if (streams(&definitions) && (segments == NULL || *segments == '\0')) {
        fail(rq, 400, "Streaming files are required to include a segment_info!");
    }

    definition_check_path(rq, &definitions, path);
    json_array_set(definitions.list, (size_t) param_int(rq, "index", 0), definition);
    definitions_write(rq, &definitions);

    definition_replaced(rq, &definitions, removal, member_text(old, "path"), path);
    if (streams(&definitions)) {
        definition_replaced(rq, &definitions, removal, member_text(old, "segment_info"), segments);
    }

    tx_commit(rq);
    removal_run(removal);

    reply_message(rq, 200, "Media file in media object %ld successfully updated!", (long) definitions.id);
}


/* DELETE …File/{id}: an empty array remains */
static void
definition_delete(rq_t *rq)
{
    json_t       *old;
    removal_t    *removal = removal_new(rq, rq->project);
    definitions_t definitions;

    tx_begin(rq);
    definitions_read(rq, &definitions, true);
    old = rq_own(rq, json_incref(definitions_at(rq, &definitions, true)));

    json_array_remove(definitions.list, (size_t) param_int(rq, "index", 0));
    definitions_write(rq, &definitions);

    definition_replaced(rq, &definitions, removal, member_text(old, "path"), NULL);
    if (streams(&definitions)) {
        definition_replaced(rq, &definitions, removal, member_text(old, "segment_info"), NULL);
    }

    tx_commit(rq);
    removal_run(removal);

    /* The element is gone, and yet (contract/media.md §11, R) … */
    if (streams(&definitions) && member_text(old, "segment_info") == NULL) {
        fail(rq, 400, "'segment_info'");
    }

    reply_message(rq, 200, "Media file in media object %ld successfully deleted!", (long) definitions.id);
}


static void
definitions_read(rq_t *rq, definitions_t *definitions, bool lock)
{
    sql_t    *sql = sql_new(rq->arena);
    result_t *media;

    definitions->id = param_int(rq, "id", 0);
    definitions->role = param_text(rq, "role");

    sql_put(sql, "SELECT media_files FROM main_media WHERE id = %ld AND NOT deleted", definitions->id);
    if (lock) {
        sql_put(sql, " FOR UPDATE");
    }

    media = pg_run(rq, sql);
    if (pg_rows(media) == 0) {
        fail_missing(rq, "Media");
    }

    definitions->files = pg_json(rq, media, 0, 0);
    if (!json_is_object(definitions->files)) {
        definitions->files = rq_own(rq, json_object());
    }

    definitions->list = json_object_get(definitions->files, definitions->role);
    if (!json_is_array(definitions->list)) {
        definitions->list = NULL;
    }
}


static void
definitions_write(rq_t *rq, definitions_t *definitions)
{
    pg_query(rq, "UPDATE main_media SET media_files = %p WHERE id = %ld", definitions->files, definitions->id);
}


/* The element that the query names. `must_be`: its absent list is a 404. */
static json_t *
definitions_at(rq_t *rq, definitions_t *definitions, bool must_be)
{
    int64_t index = param_int(rq, "index", 0);

    if (definitions->list == NULL && must_be) {
        fail(rq, 404, "Media %ld has no files of the role %s.", (long) definitions->id, definitions->role);
    }

    if (index >= (int64_t) json_array_size(definitions->list)) {
        fail(rq, 400, "Supplied index %ld is larger than current array size %zu", (long) index, json_array_size(definitions->list));
    }

    return json_array_get(definitions->list, (size_t) index);
}


/* What is stored: the members of the body as they were read, whatever their names, and the body's defaults. */
static json_t *
definition_given(rq_t *rq)
{
    json_t         *body, *definition, *value;
    const char     *name;
    const field_t  *field;
    const schema_t *schema = rq->endpoint->body;

    body = rq_own(rq, json_parse(rq->content.data, rq->content.len, NULL));
    definition = rq_own(rq, json_object());

    json_object_foreach(body, name, value) {
        json_object_set(definition, name, param(rq, name));
    }

    for (field = schema->fields; field != NULL && field->name != NULL; field++) {
        if (field->schema.fallback != NULL && json_object_get(definition, field->name) == NULL) {
            json_object_set(definition, field->name, param(rq, field->name));
        }
    }

    return definition;
}


/* A URL, or <organization>/<project>/<media>/<name>. */
static void
definition_check_path(rq_t *rq, const definitions_t *definitions, const char *path)
{
    char  *parts, *word, *rest, *found[5];
    size_t i, n = 0;

    const struct {
        const char *name;
        int64_t     id;
    } expected[] = {{"organization", rq->organization}, {"project", rq->project}, {"object", definitions->id}};

    if (uri_has_scheme(path)) {
        return;
    }

    parts = arena_text(rq->arena, path);
    for (word = parts; word != NULL && n < 5; word = rest) {
        rest = strchr(word, '/');
        if (rest != NULL) {
            *rest++ = '\0';
        }
        found[n++] = word;
    }

    if (n != 4) {
        fail(rq, 403, "Incorrect prefix format for file resource! Required format is <organization>/<project>/<object>/<name>.");
    }

    for (i = 0; i < 3; i++) {
        if (definition_part(rq, found[i]) != expected[i].id) {
            fail(rq, 403, "Prefix does not match expected %s!", expected[i].name);
        }
    }
}


static int64_t
definition_part(rq_t *rq, const char *text)
{
    char   *end;
    int64_t number = strtoll(text, &end, 10);

    if (end == text || *end != '\0') {
        fail(rq, 400, "invalid literal for int() with base 10: '%s'", text);
    }

    return number;
}


/* A path took the place of another one (NULL: none): who holds which object. */
static void
definition_replaced(rq_t *rq, const definitions_t *definitions, removal_t *removal, const char *old, const char *path)
{
    if (old != NULL && path != NULL && strcmp(old, path) == 0) {
        return;
    }

    /* It goes even if another element of the media has it, too (R). */
    if (old != NULL && !uri_has_scheme(old)) {
        resource_drop(rq, old, RESOURCE_MEDIA, definitions->id);
    }

    if (path != NULL && !(uri_has_scheme(path) && param_int(rq, "reference_only", 0) != 0)) {
        resource_add(rq, path, RESOURCE_MEDIA, definitions->id, 0);
    }

    removal_add(removal, old);
}


static const char *
member_text(const json_t *definition, const char *name)
{
    return json_string_value(json_object_get(definition, name));
}


static bool
streams(const definitions_t *definitions)
{
    return strcmp(definitions->role, "streaming") == 0;
}
