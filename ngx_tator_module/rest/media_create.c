/*
 * Making media (media_create.h). A spec first becomes a plan: type, section, attributes and author are found and checked
 * without writing anything, so that of a list the good ones can be made and the others left out.
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <tator/uuid.h>

#include "../api/attributes.h"
#include "../api/author.h"
#include "../api/change_log.h"
#include "media_create.h"

/* Kinds of files by their name's extension: 'i' image, 'v' video, 'o' other. */
typedef struct {
    char        kind;
    const char *extensions;
} media_mime_t;

static const media_mime_t media_mimes[] = {
    {'i', " png jpg jpeg jpe jfif gif bmp tif tiff svg ico webp avif heic heif dng ief pnm pbm pgm ppm ras rgb xbm xpm xwd "},
    {'v', " mp4 mpeg mpg mpe mpa m1v m4v mov qt webm avi movie mkv flv wmv asf mts m2ts ts ogv 3gp 3g2 mj2 mxf "},
    {'o', " mp3 wav aac m4a ogg flac aif aiff mid midi au snd txt csv tsv json xml html htm css js pdf zip tar gz tgz bz2 xz 7z"
          " doc docx xls xlsx ppt pptx rtf ps eps py c h sh bin exe dll so o a obj nc hdf h5 m3u8 "},
};

/* Columns with a length, in characters (contract/annotations.md §5.1), and whether the spec's member is text. */
typedef struct {
    const char *member;
    size_t      limit;
} media_limit_t;

static const media_limit_t media_limits[] = {
    {"name", 256}, {"md5", 32}, {"gid", 36}, {"uid", 36}, {"codec", 256}, {"url", 2048}, {"section", 128},
};

static bool        media_plan_limits(rq_t *rq, media_plan_t *plan);
static bool        media_plan_type(rq_t *rq, media_plan_t *plan, result_t **type);
static bool        media_plan_section(rq_t *rq, media_plan_t *plan);
static bool        media_plan_attributes(rq_t *rq, media_plan_t *plan, const result_t *type);
static bool        attribute_required(const json_t *attribute);
static bool        media_refuse(media_plan_t *plan, int status, const char *problem);
static char        media_guess(const char *name);
static const char *media_value(rq_t *rq, const json_t *spec, const char *member);
static size_t      media_characters(const char *text);
static bool        media_uuid(const char *text);


media_plan_t *
media_plan(rq_t *rq, json_t *spec)
{
    result_t     *type;
    media_plan_t *plan = arena_zalloc(rq->arena, sizeof(media_plan_t));

    plan->spec = spec;

    if (!media_plan_type(rq, plan, &type) || !media_plan_limits(rq, plan) || !media_plan_section(rq, plan)
        || !media_plan_attributes(rq, plan, type))
    {
        return plan;
    }

    plan->author = author_find(rq, media_value(rq, spec, "user_elemental_id"), &plan->status, &plan->problem);

    return plan;
}


void
media_insert(rq_t *rq, media_plan_t *plan)
{
    bool        image = strcmp(plan->dtype, "image") == 0;
    char        uuid[UUID_SIZE];
    json_t     *spec = plan->spec;
    int64_t     id;
    result_t   *result;
    const char *elemental = media_value(rq, spec, "elemental_id");

    if (plan->new_section != NULL) {
        media_folder(rq, rq->project, plan->new_section, &plan->section, &plan->sections);
    }

    if (elemental == NULL) {
        uuid_v4(uuid);
        elemental = uuid;
    }

    if (plan->section == 0) {
        json_object_set_new(plan->attributes, "tator_user_sections", json_string(""));
    } else {
        json_object_set_new(plan->attributes, "tator_user_sections",
                            plan->sections == NULL ? json_null() : json_string(plan->sections));
    }

    result = pg_query(rq,
                      "INSERT INTO main_media (project, meta, name, md5, gid, uid, source_url, elemental_id, attributes, media_files,"
                      " primary_section_id, created_by, modified_by, num_frames, fps, codec, width, height, summary_level,"
                      " created_datetime, modified_datetime, archive_status_date, archive_state, restoration_requested, deleted)"
                      " VALUES (%ld, %ld, %s, %s, %s, %s, %s, %s, %p, %s, nullif(%ld, 0), %ld, %ld, %s, %s, %s, %s, %s, %s,"
                      " now(), now(), now(), 'live', false, false) RETURNING id",
                      rq->project, plan->type, media_value(rq, spec, "name"), media_value(rq, spec, "md5"),
                      media_value(rq, spec, "gid"), media_value(rq, spec, "uid"), media_value(rq, spec, "url"), elemental,
                      plan->attributes, image ? "{}" : NULL, plan->section, plan->author, plan->author,
                      image ? NULL : media_value(rq, spec, "num_frames"), image ? NULL : media_value(rq, spec, "fps"),
                      image ? NULL : media_value(rq, spec, "codec"), image ? NULL : media_value(rq, spec, "width"),
                      image ? NULL : media_value(rq, spec, "height"), image ? NULL : media_value(rq, spec, "summary_level"));
    id = pg_int(result, 0, 0);
    plan->id = id;

    change_log_created(rq, &change_media, sql_int_array(rq->arena, &id, 1));
}


/* Two folders of one name are never made, also by requests at once. */
void
media_folder(rq_t *rq, int64_t project, const char *name, int64_t *section, const char **sections)
{
    char      text[UUID_SIZE], elemental[UUID_SIZE];
    result_t *row;

    pg_query(rq, "SELECT pg_advisory_xact_lock(hashtextextended('section ' || %ld::text || ' ' || upper(%s), 0))", project, name);

    row = pg_query(rq,
                   "SELECT id, tator_user_sections FROM main_section"
                   " WHERE project = %ld AND dtype = 'folder' AND upper(name) = upper(%s) ORDER BY id LIMIT 1",
                   project, name);

    if (pg_rows(row) == 0) {
        uuid_v1(text);
        uuid_v4(elemental);
        row = pg_query(rq,
                       "INSERT INTO main_section (project, name, dtype, tator_user_sections, visible, elemental_id, created_datetime,"
                       " attributes, explicit_listing)"
                       " VALUES (%ld, %s, 'folder', %s, true, %s, now(), '{}', false) RETURNING id, tator_user_sections",
                       project, name, text, elemental);
    }

    *section = pg_int(row, 0, 0);
    *sections = pg_text(row, 0, 1);
}


int64_t
media_create(rq_t *rq, json_t *spec, int64_t *section)
{
    media_plan_t *plan = media_plan(rq, spec);

    if (plan->status != 0) {
        fail(rq, plan->status, "%s", plan->problem);
    }

    media_insert(rq, plan);

    if (section != NULL) {
        *section = plan->section;
    }

    return plan->id;
}


static bool
media_plan_limits(rq_t *rq, media_plan_t *plan)
{
    json_t     *value;
    const char *text;

    for (size_t k = 0; k < sizeof(media_limits) / sizeof(media_limits[0]); k++) {
        text = media_value(rq, plan->spec, media_limits[k].member);
        if (text != NULL && media_characters(text) > media_limits[k].limit) {
            return media_refuse(plan, 400, rq_format(rq, "%s is longer than %zu characters.", media_limits[k].member,
                                                     media_limits[k].limit));
        }
    }

    if (media_value(rq, plan->spec, "name") == NULL || media_value(rq, plan->spec, "md5") == NULL) {
        return media_refuse(plan, 400, media_value(rq, plan->spec, "name") == NULL ? "'name'" : "'md5'");
    }

    text = media_value(rq, plan->spec, "elemental_id");
    if (text != NULL && !media_uuid(text)) {
        return media_refuse(plan, 400, rq_format(rq, "elemental_id %.40s is not a UUID.", text));
    }

    for (size_t k = 0; k < 4; k++) {
        const char *const numbers[] = {"num_frames", "width", "height", "summary_level"};

        value = json_object_get(plan->spec, numbers[k]);
        if (json_is_integer(value) && (json_integer_value(value) > INT32_MAX || json_integer_value(value) < INT32_MIN)) {
            return media_refuse(plan, 400, rq_format(rq, "%s is out of range.", numbers[k]));
        }
    }

    return true;
}


/* Leaves type and dtype; `type` gets a row of (id, dtype, project, name, attribute_types). */
static bool
media_plan_type(rq_t *rq, media_plan_t *plan, result_t **type)
{
    char        kind;
    int64_t     id = json_integer_value(json_object_get(plan->spec, "type"));
    const char *name = media_value(rq, plan->spec, "name");

    if (id == -1) {
        kind = name ? media_guess(name) : '\0';
        if (kind == '\0') {
            return media_refuse(plan, 400, rq_format(rq, "Can not tell the type of %.256s by its name.", name ? name : ""));
        }

        /* the first of its kind, else the last of all */
        *type = pg_query(rq,
                         "SELECT id, dtype, project, name, attribute_types FROM main_mediatype WHERE project = %ld"
                         " ORDER BY dtype = %s DESC, CASE WHEN dtype = %s THEN id ELSE -id END LIMIT 1",
                         rq->project, kind == 'i' ? "image" : "video", kind == 'i' ? "image" : "video");
        if (pg_rows(*type) == 0) {
            return media_refuse(plan, 400, "The project has no media types.");
        }

    } else {
        *type = pg_query(rq, "SELECT id, dtype, project, name, attribute_types FROM main_mediatype WHERE id = %ld", id);
        if (pg_rows(*type) == 0) {
            return media_refuse(plan, 404, "MediaType matching query does not exist.");
        }
        if (pg_int(*type, 0, 2) != rq->project) {
            return media_refuse(plan, 400, rq_format(rq, "Media type %ld is not part of project %ld.", (long) id, (long) rq->project));
        }
    }

    plan->type = pg_int(*type, 0, 0);
    plan->dtype = pg_text(*type, 0, 1);

    return true;
}


static bool
media_plan_section(rq_t *rq, media_plan_t *plan)
{
    int64_t     id;
    json_t     *given = json_object_get(plan->spec, "section_id");
    result_t   *row;
    const char *name = media_value(rq, plan->spec, "section");

    if (json_is_integer(given)) {
        id = json_integer_value(given);
        row = pg_query(rq, "SELECT id, tator_user_sections FROM main_section WHERE project = %ld AND id = %ld AND dtype = 'folder'",
                       rq->project, id);
        if (pg_rows(row) == 0) {
            return media_refuse(plan, 400, rq_format(rq, "Folder with ID %ld does not exist", (long) id));
        }

    } else if (name != NULL && name[0] != '\0') {
        row = pg_query(rq,
                       "SELECT id, tator_user_sections FROM main_section"
                       " WHERE project = %ld AND dtype = 'folder' AND upper(name) = upper(%s) ORDER BY id LIMIT 1",
                       rq->project, name);
        if (pg_rows(row) == 0) {
            plan->new_section = name;
            return true;
        }

    } else {
        return true;
    }

    plan->section = pg_int(row, 0, 0);
    plan->sections = pg_text(row, 0, 1);

    return true;
}


static bool
media_plan_attributes(rq_t *rq, media_plan_t *plan, const result_t *type)
{
    size_t      k;
    json_t     *types = pg_json(rq, type, 0, 4), *given = json_object_get(plan->spec, "attributes"), *attribute, *value;
    const char *name, *problem;

    /* what attributes_on_create() would refuse */
    json_array_foreach(types, k, attribute) {
        name = json_string_value(json_object_get(attribute, "name"));
        value = json_object_get(given, name);

        if (value != NULL) {
            value = attribute_convert(rq->arena, attribute, value, &problem);
            if (value == NULL) {
                return media_refuse(plan, 400, problem);
            }
            rq_own(rq, value);
            continue;
        }

        if (attribute_required(attribute)) {
            return media_refuse(plan, 400, rq_format(rq, "Missing attribute value for \"%s\".", name));
        }
    }

    plan->attributes = attributes_on_create(rq, types, given);

    return true;
}


/* Without a value, a default or the current time; a missing member `required` counts as true. */
static bool
attribute_required(const json_t *attribute)
{
    const char *dtype = json_string_value(json_object_get(attribute, "dtype"));

    if (dtype != NULL && strcmp(dtype, "datetime") == 0) {
        return !json_is_true(json_object_get(attribute, "use_current")) && !json_is_false(json_object_get(attribute, "required"));
    }

    return json_object_get(attribute, "default") == NULL && !json_is_false(json_object_get(attribute, "required"));
}


static bool
media_refuse(media_plan_t *plan, int status, const char *problem)
{
    plan->status = status;
    plan->problem = problem;

    return false;
}


/* By the extension; '\0': unknown. */
static char
media_guess(const char *name)
{
    char        word[16];
    size_t      n;
    const char *dot = strrchr(name, '.'), *slash = strrchr(name, '/');

    if (dot == NULL || dot == name || (slash != NULL && dot <= slash + 1)) {
        return '\0';
    }

    n = strlen(dot + 1);
    if (n == 0 || n > sizeof(word) - 3 || strchr(dot + 1, ' ') != NULL) {
        return '\0';
    }

    word[0] = ' ';
    memcpy(word + 1, dot + 1, n);
    memcpy(word + 1 + n, " ", 2);

    for (size_t k = 0; k < sizeof(media_mimes) / sizeof(media_mimes[0]); k++) {
        if (strcasestr(media_mimes[k].extensions, word) != NULL) {
            return media_mimes[k].kind;
        }
    }

    return '\0';
}


/* A member as the text that SQL takes; NULL when absent or null. */
static const char *
media_value(rq_t *rq, const json_t *spec, const char *member)
{
    json_t *value = json_object_get(spec, member);

    if (value == NULL || json_is_null(value)) {
        return NULL;
    }

    return json_is_string(value) ? json_string_value(value) : json_text(rq->arena, value);
}


/* UTF-8: bytes that are no continuation. */
static size_t
media_characters(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++) {
        n += ((unsigned char) *text & 0xc0) != 0x80;
    }

    return n;
}


/* 32 hexadecimal digits, hyphens anywhere between, braces and urn: left aside. */
static bool
media_uuid(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++) {
        if (*text == '-') {
            continue;
        }
        if (strchr("0123456789abcdefABCDEF", *text) == NULL) {
            return false;
        }
        n++;
    }

    return n == 32;
}
