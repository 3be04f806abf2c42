/*
 * Clones: media of one project that share their files with media of another (contract/media.md §14). No object is copied: each media
 * holds the resources of its files, and an object goes when nobody holds it.
 */

#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "media_create.h"
#include "../query/query.h"

#define CLONE_LIMIT 500

static const field_t clone_media_spec_fields[] = {
    {"dest_project", INTEGER(), REQUIRED, "Project to copy to."},
    {"dest_type", INTEGER(MINIMUM(-1)), REQUIRED, "Media type of the copies; -1 takes the project's only one."},
    {"dest_section", STRING(NULLABLE), OPTIONAL, "Name of the section to copy to."},
    {0},
};

static const field_t get_cloned_media_response_fields[] = {
    {"message", STRING(), OPTIONAL, "What happened, for people."},
    {"ids", ARRAY(INTEGER()), OPTIONAL, "Media that share files with it."},
    {0},
};

const schema_t schema_clone_media_spec = OBJECT(clone_media_spec_fields, NAMED("CloneMediaSpec"));
const schema_t schema_get_cloned_media_response =
    OBJECT(get_cloned_media_response_fields, NAMED("GetClonedMediaResponse"));

/* The first file of each of these roles tells where a media comes from. */
static const char *const clone_roles[] = {"streaming", "archival", "audio", "image", "attachment"};

/* A media that was deleted still tells its clones. */
static const lookup_t lookup_cloned = {
    .model = "Media",
    .sql = "SELECT project FROM main_media WHERE id = $1",
};

static void    clone_create(rq_t *rq);
static void    clone_get(rq_t *rq);
static int64_t clone_type(rq_t *rq, int64_t project);
static json_t *clone_sources(rq_t *rq);
static void    clone_resources(rq_t *rq, const char *ids);
static int64_t clone_origin(rq_t *rq, int64_t id, json_t *paths);

const endpoint_t clone_endpoints[] = {
    {POST(CLONE), "/rest/CloneMedia/{project}", "CloneMediaList",
     .handler = clone_create,
     .params = {path_project, media_filters, attribute_filters, paging},
     .body = &schema_clone_media_spec, .reply = &schema_create_list_response,
     .doc = "Copy media to another project; they share their files."},
    {GET(EDIT), "/rest/GetClonedMedia/{id}", "GetClonedMedia",
     .handler = clone_get,
     .lookup = &lookup_cloned, .params = {path_id}, .reply = &schema_get_cloned_media_response,
     .doc = "Media that share files with this one."},
    {0},
};


/* Destination and source were both checked before (api/access.c). */
static void
clone_create(rq_t *rq)
{
    json_t     *sources, *ids;
    int64_t     section = 0, type, project = param_int(rq, "dest_project", 0);
    result_t   *result;
    const char *sections = NULL, *name = param_text(rq, "dest_section");

    type = clone_type(rq, project);

    tx_begin(rq);
    sources = clone_sources(rq);

    if (name != NULL && name[0] != '\0') {
        media_folder(rq, project, name, &section, &sections);
    }

    result = pg_query(rq,
                      "INSERT INTO main_media (project, meta, primary_section_id, attributes, created_datetime, modified_datetime,"
                      "  archive_status_date, gid, uid, name, md5, last_edit_start, last_edit_end, num_frames, fps, codec, width, height,"
                      "  media_files, deleted, restoration_requested, archive_state, source_url, summary_level, elemental_id, created_by,"
                      "  modified_by, recycled_from_id)"
                      " SELECT %ld, %ld, coalesce(nullif(%ld::int, 0), t.primary_section_id),"
                      "  CASE WHEN %ld::int = 0 THEN t.attributes"
                      "       ELSE coalesce(t.attributes, '{}') || jsonb_build_object('tator_user_sections', %s::text) END,"
                      "  now(), now(), now(), t.gid, t.uid, t.name, t.md5, t.last_edit_start, t.last_edit_end, t.num_frames, t.fps, t.codec,"
                      "  t.width, t.height, t.media_files, t.deleted, t.restoration_requested, t.archive_state, t.source_url, t.summary_level,"
                      "  t.elemental_id, t.created_by, t.modified_by, t.recycled_from_id"
                      " FROM unnest(%s::int[]) WITH ORDINALITY u(id, n) JOIN main_media t ON t.id = u.id ORDER BY u.n RETURNING id",
                      project, type, section, section, sections, sql_json_array(rq->arena, sources));

    ids = rq_own(rq, json_array());

    for (int64_t k = 0; k < pg_rows(result); k++) {
        json_array_append(ids, rq_own(rq, json_integer(pg_int(result, k, 0))));
    }

    clone_resources(rq, sql_json_array(rq->arena, ids));
    tx_commit(rq);

    reply_json(rq, 201, rq_own(rq, json_pack("{s:s, s:O}", "message",
                                             rq_format(rq, "Successfully cloned %zu medias!", json_array_size(ids)), "id", ids)));
}


static void
clone_get(rq_t *rq)
{
    json_t   *paths, *ids;
    int64_t   origin, id = param_int(rq, "id", 0);
    result_t *result;

    paths = rq_own(rq, json_array());
    origin = clone_origin(rq, id, paths);

    if (pg_rows(pg_query(rq, "SELECT 1 FROM main_media WHERE id = %ld", origin)) == 0) {
        fail_no_match(rq, "Media");
    }

    result = pg_query(rq,
                      "SELECT DISTINCT l.media_id FROM main_resource r JOIN main_resource_media l ON l.resource_id = r.id"
                      " WHERE r.path = ANY(%s::text[]) AND l.media_id <> %ld ORDER BY 1",
                      sql_json_array(rq->arena, paths), origin);

    ids = rq_own(rq, json_array());
    json_array_append(ids, rq_own(rq, json_integer(origin)));

    for (int64_t k = 0; k < pg_rows(result); k++) {
        json_array_append(ids, rq_own(rq, json_integer(pg_int(result, k, 0))));
    }

    reply_json(rq, 200, rq_own(rq, json_pack("{s:s, s:O}", "message", rq_format(rq, "Found %zu clones", json_array_size(ids)), "ids", ids)));
}


/* The parameter `dest_type`: a media type of the destination. -1 names none (R). */
static int64_t
clone_type(rq_t *rq, int64_t project)
{
    int64_t type = param_int(rq, "dest_type", 0);

    if (type == -1) {
        fail_no_match(rq, "MediaType");
    }

    if (pg_rows(pg_query(rq, "SELECT 1 FROM main_mediatype WHERE id = %ld AND project = %ld", type, project)) == 0) {
        fail(rq, 400, "Media type %ld is not part of project %ld.", (long) type, (long) project);
    }

    return type;
}


/* Ids of the media that the query selects, in its order. Their rows are locked, so that no file of theirs goes meanwhile. */
static json_t *
clone_sources(rq_t *rq)
{
    sql_t    *sql;
    json_t   *ids;
    result_t *result;

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT id FROM (");
    sql_append(sql, media_query(rq, QUERY_IDS, NULL, 0));
    sql_put(sql, ") selected LIMIT %d", CLONE_LIMIT + 1);
    result = pg_run(rq, sql);

    if (pg_rows(result) > CLONE_LIMIT) {
        fail(rq, 400, "At most %d media can be cloned at once.", CLONE_LIMIT);
    }

    ids = rq_own(rq, json_array());

    for (int64_t k = 0; k < pg_rows(result); k++) {
        json_array_append(ids, rq_own(rq, json_integer(pg_int(result, k, 0))));
    }

    pg_query(rq, "SELECT 1 FROM main_media WHERE id = ANY(%s::int[]) ORDER BY id FOR UPDATE", sql_json_array(rq->arena, ids));

    return ids;
}


/* The copies hold the objects of their files, too; paths that are URLs have none. A resource that is missing gets the source's bucket. */
static void
clone_resources(rq_t *rq, const char *ids)
{
    pg_query(rq,
             "WITH files AS ("
             " SELECT DISTINCT m.id AS media, file.path"
             " FROM main_media m"
             " CROSS JOIN unnest('{archival,streaming,audio,image,attachment,thumbnail,thumbnail_gif}'::text[]) role"
             " CROSS JOIN jsonb_array_elements(CASE jsonb_typeof(m.media_files -> role) WHEN 'array'"
             "                                 THEN m.media_files -> role ELSE '[]' END) definition"
             " CROSS JOIN LATERAL (VALUES (definition ->> 'path'),"
             "                            (CASE role WHEN 'streaming' THEN definition ->> 'segment_info' END)) file (path)"
             " WHERE m.id = ANY(%s::int[]) AND file.path !~ '^[A-Za-z][A-Za-z0-9+.-]*://'"
             "), found AS ("
             " SELECT min(r.id) AS id, r.path FROM main_resource r WHERE r.path IN (SELECT path FROM files) GROUP BY r.path"
             "), made AS ("
             " INSERT INTO main_resource (path, backed_up, bucket_id)"
             "  SELECT DISTINCT f.path, false, (SELECT bucket FROM main_project WHERE id = %ld) FROM files f"
             "  WHERE NOT EXISTS (SELECT FROM found WHERE found.path = f.path) RETURNING id, path"
             ")"
             " INSERT INTO main_resource_media (resource_id, media_id)"
             " SELECT r.id, f.media FROM files f JOIN (SELECT id, path FROM found UNION ALL SELECT id, path FROM made) r USING (path)"
             " ON CONFLICT DO NOTHING",
             ids, rq->project);
}


/* The media that the files of a media were made for: the third part of their keys. Collects the keys. */
static int64_t
clone_origin(rq_t *rq, int64_t id, json_t *paths)
{
    json_t     *files, *list;
    int64_t     origin = 0, other;
    result_t   *result;
    const char *dtype, *path, *part;

    result = pg_query(rq, "SELECT k.dtype, t.media_files FROM main_media t LEFT JOIN main_mediatype k ON k.id = t.meta WHERE t.id = %ld", id);
    dtype = pg_rows(result) == 0 || pg_null(result, 0, 0) ? "" : pg_text(result, 0, 0);

    if (strcmp(dtype, "image") != 0 && strcmp(dtype, "video") != 0) {
        fail(rq, 400, "Only images and videos have clones.");
    }

    files = pg_json(rq, result, 0, 1);

    for (size_t k = 0; k < sizeof(clone_roles) / sizeof(clone_roles[0]); k++) {
        list = json_object_get(files, clone_roles[k]);
        path = json_string_value(json_object_get(json_array_get(list, 0), "path"));

        if (path == NULL || strstr(path, "://") != NULL) {
            continue;
        }

        part = strchr(path, '/');
        part = part ? strchr(part + 1, '/') : NULL;
        other = part ? strtoll(part + 1, NULL, 10) : 0;

        if (other <= 0 || (origin != 0 && other != origin)) {
            fail(rq, 400, "The files of media %ld were made for several media.", (long) id);
        }

        origin = other;
        json_array_append(paths, rq_own(rq, json_string(path)));
    }

    return origin == 0 ? id : origin;
}
