/*
 * Uploaded files that the server keeps itself.
 */

#include "../api/origins.h"
#include "../api/own_file.h"
#include "common.h"

static const field_t algorithm_manifest_fields[] = {
    {"url", STRING(), OPTIONAL, "Its address."},
    {0},
};

static const field_t algorithm_manifest_spec_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"upload_url", STRING(), OPTIONAL, "Where the uploaded file is."},
    {0},
};

static const field_t generic_file_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"upload_url", STRING(), OPTIONAL, "Where the uploaded file is."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"url", STRING(), OPTIONAL, "Its address."},
    {0},
};

static const field_t generic_file_spec_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"upload_url", STRING(), OPTIONAL, "Where the uploaded file is."},
    {0},
};

const schema_t schema_algorithm_manifest = OBJECT(algorithm_manifest_fields, NAMED("AlgorithmManifest"));
const schema_t schema_algorithm_manifest_spec = OBJECT(algorithm_manifest_spec_fields, NAMED("AlgorithmManifestSpec"));
const schema_t schema_generic_file = OBJECT(generic_file_fields, NAMED("GenericFile"));
const schema_t schema_generic_file_spec = OBJECT(generic_file_spec_fields, NAMED("GenericFileSpec"));

static void        saved_file_manifest(rq_t *rq);
static void        saved_file_generic(rq_t *rq);
static const char *saved_file_take(rq_t *rq);

/* The reference forgot its check and lets anybody in (contract/media.md §15, unsafe): it needs what registering an algorithm needs. */
const endpoint_t saved_file_endpoints[] = {
    {POST(EDIT), "/rest/SaveAlgorithmManifest/{project}", "SaveAlgorithmManifest", saved_file_manifest,
     .params = {path_project}, .body = &schema_algorithm_manifest_spec,
     .reply = &schema_algorithm_manifest,
     .doc = "Keep an uploaded workflow."},
    {POST(EDIT), "/rest/SaveGenericFile/{project}", "SaveGenericFile", saved_file_generic,
     .params = {path_project}, .body = &schema_generic_file_spec,
     .reply = &schema_generic_file,
     .doc = "Keep an uploaded file."},
    {0},
};


/* POST SaveAlgorithmManifest/{project} */
static void
saved_file_manifest(rq_t *rq)
{
    reply_json(rq, 201, rq_own(rq, json_pack("{s:s}", "url", saved_file_take(rq))));
}


/* POST SaveGenericFile/{project}; `project` is text in the answer (R) */
static void
saved_file_generic(rq_t *rq)
{
    const char *path = saved_file_take(rq);

    reply_json(rq, 201, rq_own(rq, json_pack("{s:s, s:s, s:s, s:s}", "name", param_text(rq, "name"), "project",
                                             rq_format(rq, "%ld", (long) rq->project), "upload_url", param_text(rq, "upload_url"), "url", path)));
}


/* Keeps what upload_url gives; PROJECT/NAME of it. Where it comes from counts before what it is called. */
static const char *
saved_file_take(rq_t *rq)
{
    own_file_t *file;
    const char *stored, *name = param_text(rq, "name"), *url = param_text(rq, "upload_url");

    if (url == NULL) {
        fail(rq, 400, "upload_url is missing.");
    }

    origin_check(rq, url);
    if (name == NULL) {
        fail(rq, 400, "name is missing.");
    }

    stored = own_file_unique(rq, name);
    file = own_file_download(rq, rq->project, stored, url);
    own_file_keep(file);

    return rq_format(rq, "%ld/%s", (long) rq->project, stored);
}
