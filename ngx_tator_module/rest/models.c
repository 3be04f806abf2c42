/*
 * The rows behind the paths, as the permissions see them in fine-grain mode (contract/accounts.md §9.1 to §9.4): how far the mask of the
 * project or organization is shifted, whether rows have masks of their own, what a request selects and what a creation depends on.
 * The table of nouns at the end names them for each first segment of a path.
 */

#include "../api/access.h"
#include "../net/pg.h"
#include "../query/query.h"
#include "section.h"

static rights_t media_rights(rq_t *rq);
static rights_t localization_rights(rq_t *rq);
static rights_t state_rights(rq_t *rq);
static int64_t  media_parents(rq_t *rq);
static int64_t  transcode_parents(rq_t *rq);
static int64_t  annotation_parents(rq_t *rq);
static int64_t  section_parents(rq_t *rq, json_t *specs, int64_t created);

#define BELOW_PROJECT(model_, table, shift_)     {.name = model_, .shift = shift_, .rows = table " t WHERE t.project = %ld"}
#define BELOW_ORGANIZATION(model_, table, shift_) {.name = model_, .shift = shift_, .rows = table " t WHERE t.organization_id = %ld"}

static const model_t project = {.name = "Project", .shift = 0, .rows = "main_project t WHERE t.id = %ld"};
static const model_t attribute_type = {.name = "AttributeType", .shift = 0, .rows = "main_project t WHERE t.id = %ld"};
static const model_t file_type = BELOW_PROJECT("FileType", "main_filetype", 0);
static const model_t leaf_type = BELOW_PROJECT("LeafType", "main_leaftype", 0);
static const model_t localization_type = BELOW_PROJECT("LocalizationType", "main_localizationtype", 0);
static const model_t media_type = BELOW_PROJECT("MediaType", "main_mediatype", 0);
static const model_t state_type = BELOW_PROJECT("StateType", "main_statetype", 0);
static const model_t leaf = BELOW_PROJECT("Leaf", "main_leaf", 0);
static const model_t membership = BELOW_PROJECT("Membership", "main_membership", 0);

static const model_t section = {
    .name = "Section", .shift = 8, .permission = "tator.section_permission", .rows = "main_section t WHERE t.project = %ld",
    .selected = section_rights,
};

static const model_t version = {
    .name = "Version", .shift = 8, .permission = "tator.version_permission", .rows = "main_version t WHERE t.project_id = %ld",
};

static const model_t file = {
    .name = "File", .shift = 8, .permission = "tator.file_permission", .rows = "main_file t WHERE t.project = %ld",
};

static const model_t algorithm = {
    .name = "Algorithm", .shift = 8, .permission = "tator.algorithm_permission", .rows = "main_algorithm t WHERE t.project = %ld",
};

static const model_t media = {
    .name = "Media", .shift = 16, .permission = "tator.media_permission", .rows = "main_media t WHERE t.project = %ld",
    .selected = media_rights, .parents = media_parents,
};

/* Jobs on media: their lists select media. */
static const model_t transcode = {
    .name = "Transcode", .shift = 16, .permission = "tator.media_permission", .rows = "main_media t WHERE t.project = %ld",
    .selected = media_rights, .parents = transcode_parents,
};

static const model_t localization = {
    .name = "Localization", .shift = 24, .permission = "tator.localization_permission", .rows = "main_localization t WHERE t.project = %ld",
    .selected = localization_rights, .parents = annotation_parents,
};

static const model_t state = {
    .name = "State", .shift = 24, .permission = "tator.state_permission", .rows = "main_state t WHERE t.project = %ld",
    .selected = state_rights, .parents = annotation_parents,
};

static const model_t bookmark = {.name = "Bookmark", .shift = 32, .rows = "main_bookmark t WHERE t.project = %ld", .own = true};
static const model_t favorite = {.name = "Favorite", .shift = 32, .rows = "main_favorite t WHERE t.project = %ld", .own = true};
static const model_t temporary_file = {.name = "TemporaryFile", .shift = 32, .rows = "main_temporaryfile t WHERE t.project_id = %ld"};
static const model_t applet = BELOW_PROJECT("Dashboard", "main_dashboard", 32);
static const model_t change_log = {.name = "ChangeLog", .shift = 32, .rows = "main_changelog t WHERE t.project_id = %ld"};

static const model_t organization = {.name = "Organization", .shift = 0, .rows = "main_organization t WHERE t.id = %ld"};
static const model_t affiliation = BELOW_ORGANIZATION("Affiliation", "main_affiliation", 8);
static const model_t invitation = BELOW_ORGANIZATION("Invitation", "main_invitation", 8);
static const model_t bucket = BELOW_ORGANIZATION("Bucket", "main_bucket", 8);
static const model_t job_cluster = BELOW_ORGANIZATION("JobCluster", "main_jobcluster", 8);
static const model_t hosted_template = BELOW_ORGANIZATION("HostedTemplate", "main_hostedtemplate", 8);

static const model_t group = {
    .name = "Group", .shift = 24, .permission = "tator.group_permission", .rows = "main_group t WHERE t.organization_id = %ld",
};

/* Sorted. */
const noun_t access_nouns[] = {
    {"Affiliation", &affiliation, false},
    {"Affiliations", &affiliation, false},
    {"Algorithm", &algorithm, false},
    {"Algorithms", &algorithm, false},
    {"Applet", &applet, false},
    {"Applets", &applet, false},
    {"AttributeType", &attribute_type, false},
    {"AudioFile", &media, false},
    {"AudioFiles", &media, false},
    {"AuxiliaryFile", &media, false},
    {"AuxiliaryFiles", &media, false},
    {"Bookmark", &bookmark, true},
    {"Bookmarks", &bookmark, false},
    {"Bucket", &bucket, false},
    {"Buckets", &bucket, false},
    {"ChangeLog", &change_log, false},
    {"CloneMedia", &media, false},
    {"DownloadInfo", &project, true},
    {"Email", &project, true},
    {"Favorite", &favorite, true},
    {"Favorites", &favorite, false},
    {"File", &file, false},
    {"FileType", &file_type, false},
    {"FileTypes", &file_type, false},
    {"Files", &file, false},
    {"GetClip", &media, false},
    {"GetClonedMedia", &media, false},
    {"GetFrame", &media, false},
    {"Group", &group, false},
    {"Groups", &group, false},
    {"HostedTemplate", &hosted_template, false},
    {"HostedTemplates", &hosted_template, false},
    {"ImageFile", &media, false},
    {"ImageFiles", &media, false},
    {"Invitation", &invitation, false},
    {"Invitations", &invitation, false},
    {"Job", &project, false},
    {"JobCluster", &job_cluster, false},
    {"JobClusters", &job_cluster, false},
    {"Jobs", &project, false},
    {"Leaf", &leaf, true},
    {"LeafCount", &leaf, false},
    {"LeafType", &leaf_type, false},
    {"LeafTypes", &leaf_type, false},
    {"Leaves", &leaf, false},
    {"Localization", &localization, false},
    {"LocalizationCount", &localization, false},
    {"LocalizationGraphic", &localization, false},
    {"LocalizationType", &localization_type, false},
    {"LocalizationTypes", &localization_type, false},
    {"Localizations", &localization, false},
    {"Media", &media, false},
    {"MediaCount", &media, false},
    {"MediaNext", &media, true},
    {"MediaPrev", &media, true},
    {"MediaStats", &media, false},
    {"MediaType", &media_type, false},
    {"MediaTypes", &media_type, false},
    {"Medias", &media, false},
    {"Membership", &membership, false},
    {"Memberships", &membership, false},
    {"MergeStates", &state, false},
    {"Organization", &organization, false},
    {"OrganizationUploadInfo", &organization, false},
    {"Project", &project, false},
    {"SaveAlgorithmManifest", &algorithm, false},
    {"SaveGenericFile", &algorithm, false},
    {"Section", &section, true},
    {"Sections", &section, false},
    {"State", &state, false},
    {"StateCount", &state, false},
    {"StateGraphic", &state, false},
    {"StateType", &state_type, false},
    {"StateTypes", &state_type, false},
    {"States", &state, false},
    {"TemporaryFile", &temporary_file, false},
    {"TemporaryFiles", &temporary_file, false},
    {"Transcode", &transcode, true},
    {"Transcodes", &transcode, false},
    {"TrimStateEnd", &state, false},
    {"UploadCompletion", &project, true},
    {"UploadInfo", &project, true},
    {"Version", &version, false},
    {"Versions", &version, false},
    {"VideoFile", &media, false},
    {"VideoFiles", &media, false},
    {0},
};


static rights_t
media_rights(rq_t *rq)
{
    return query_rights(rq, &kind_media);
}


static rights_t
localization_rights(rq_t *rq)
{
    return query_rights(rq, &kind_localization);
}


static rights_t
state_rights(rq_t *rq)
{
    return query_rights(rq, &kind_state);
}


/* The sections that the specs name must allow what the project does; those that begin with it need the right to make sections. */
static int64_t
media_parents(rq_t *rq)
{
    return section_parents(rq, rq->body, PERMISSION_UPLOAD);
}


/* The one section must allow rows to be made in it, too (contract/operations.md §2). */
static int64_t
transcode_parents(rq_t *rq)
{
    return section_parents(rq, rq_own(rq, json_pack("[O]", rq->params)), PERMISSION_UPLOAD | PERMISSION_CREATE);
}


/* The project's mask on media AND the sections'. Sections that do not grant `needed` take the right to upload. */
static int64_t
section_parents(rq_t *rq, json_t *specs, int64_t needed)
{
    size_t    k;
    int64_t   sections;
    json_t   *spec, *id, *name, *named = rq_own(rq, json_array());
    result_t *result;

    json_array_foreach(specs, k, spec) {
        id = json_object_get(spec, "section_id");
        name = json_object_get(spec, "section");

        if (json_is_integer(id) || (json_is_string(name) && json_string_length(name) > 0)) {
            json_array_append(named, rq_own(rq, json_pack("{s:O?, s:O?}", "id", json_is_integer(id) ? id : NULL, "name",
                                                          json_is_string(name) ? name : NULL)));
        }
    }

    result = pg_query(rq,
                      "WITH spec AS MATERIALIZED (SELECT DISTINCT r.id, CASE WHEN r.id IS NULL THEN upper(r.name) END AS name"
                      "                           FROM jsonb_to_recordset(%p::jsonb) AS r(id bigint, name text)),"
                      " found AS MATERIALIZED (SELECT s.id, upper(s.name) AS name FROM main_section s WHERE s.project = %ld AND s.dtype = 'folder'"
                      "                        AND EXISTS (SELECT FROM spec))"
                      " SELECT tator.project_permission(%ld::int, %ld::int) AS project,"
                      "        (SELECT bit_and(tator.section_permission(%ld::int, f.id) >> 8) FROM found f"
                      "         WHERE f.id IN (SELECT id FROM spec) OR f.name IN (SELECT name FROM spec)) AS sections,"
                      "        EXISTS (SELECT FROM spec WHERE id IS NULL AND name NOT IN (SELECT f.name FROM found f)) AS made",
                      named, rq->project, rq->viewer, rq->project, rq->viewer);

    if (pg_bool(result, 0, 2) && !(pg_int(result, 0, 0) >> 8 & PERMISSION_CREATE)) {
        fail_permission(rq);
    }

    sections = pg_null(result, 0, 1) ? -1 : pg_int(result, 0, 1);

    return (sections & needed) == needed ? pg_int(result, 0, 0) >> 16 & sections : 0;
}


/* Versions that the specs name stand in place of the project; the sections of their media narrow it. States have no member media_id, so
   the sections of theirs have no say (contract/queries.md §2, R). */
static int64_t
annotation_parents(rq_t *rq)
{
    size_t    k;
    json_t   *spec, *versions = rq_own(rq, json_array()), *medias = rq_own(rq, json_array());
    result_t *result;

    json_array_foreach(rq->body, k, spec) {
        if (json_is_integer(json_object_get(spec, "version"))) {
            json_array_append(versions, json_object_get(spec, "version"));
        }
        if (json_is_integer(json_object_get(spec, "media_id"))) {
            json_array_append(medias, json_object_get(spec, "media_id"));
        }
    }

    result = pg_query(rq,
                      "SELECT coalesce((SELECT bit_and(tator.version_permission(%ld::int, v.id) >> 8) FROM main_version v"
                      "                 WHERE v.id = ANY(%s::bigint[])),"
                      "                tator.project_permission(%ld::int, %ld::int) >> %d)"
                      " & coalesce((SELECT bit_and(tator.section_permission(%ld::int, s.id) >> 16)"
                      "             FROM (SELECT DISTINCT primary_section_id AS id FROM main_media WHERE id = ANY(%s::bigint[])) s"
                      "             WHERE s.id IS NOT NULL), -1)",
                      rq->viewer, sql_json_array(rq->arena, versions), rq->viewer, rq->project, localization.shift, rq->viewer,
                      sql_json_array(rq->arena, medias));

    return pg_int(result, 0, 0);
}
