/*
 * Uploaded files that the server keeps itself.
 */

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

const endpoint_t saved_file_endpoints[] = {
    {POST(OPEN), "/rest/SaveAlgorithmManifest/{project}", "SaveAlgorithmManifest",
     .params = {path_project}, .body = &schema_algorithm_manifest_spec,
     .reply = &schema_algorithm_manifest,
     .doc = "Keep an uploaded workflow."},
    {POST(OPEN), "/rest/SaveGenericFile/{project}", "SaveGenericFile",
     .params = {path_project}, .body = &schema_generic_file_spec,
     .reply = &schema_generic_file,
     .doc = "Keep an uploaded file."},
    {0},
};
