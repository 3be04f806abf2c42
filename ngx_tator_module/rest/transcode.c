/*
 * Transcodes: imports of uploaded videos and images.
 */

#include "common.h"

static const field_t transcode_fields[] = {
    {"spec", REF(schema_transcode_spec), OPTIONAL, "What was asked for."},
    {"job", REF(schema_job), OPTIONAL, "The job that does it."},
    {0},
};

static const field_t transcode_spec_email_spec_fields[] = {
    {"recipients", ARRAY(STRING()), REQUIRED, "E-mail addresses."},
    {"subject", STRING(), REQUIRED, "Subject of the mail."},
    {"text", STRING(), REQUIRED, "Text of the mail."},
    {"attachments", ARRAY(REF(schema_email_attachment_spec)), OPTIONAL, "Files to send along."},
    {0},
};

static const field_t transcode_spec_fields[] = {
    {"type", INTEGER(), REQUIRED, "Id of its type."},
    {"gid", STRING(FORMAT("uuid")), REQUIRED, "Group that the upload belonged to."},
    {"uid", STRING(), REQUIRED, "Id of the upload or job."},
    {"url", STRING(), REQUIRED, "Its address."},
    {"size", INTEGER(MINIMUM(0)), OPTIONAL, "Size in bytes."},
    {"section", STRING(), OPTIONAL, "Name of the section."},
    {"section_id", INTEGER(), OPTIONAL, "Id of the section."},
    {"name", STRING(), REQUIRED, "Its name."},
    {"md5", STRING(), OPTIONAL, "MD5 of the original file."},
    {"attributes", FREE_OBJECT(NULLABLE), OPTIONAL, "Attribute values by name."},
    {"email_spec", OBJECT(transcode_spec_email_spec_fields, NULLABLE), OPTIONAL, "Mail to send at the end."},
    {"media_id", INTEGER(NULLABLE), OPTIONAL, "A media."},
    {0},
};

const schema_t schema_transcode = OBJECT(transcode_fields, NAMED("Transcode"));
const schema_t schema_transcode_spec = OBJECT(transcode_spec_fields, NAMED("TranscodeSpec"));

const endpoint_t transcode_endpoints[] = {
    {GET, "/rest/Transcode/{uid}", "GetTranscode",
     .access = ACCESS_OPEN, .params = {path_uid}, .reply = &schema_transcode,
     .doc = "A transcode."},
    {DELETE, "/rest/Transcode/{uid}", "DeleteTranscode",
     .access = ACCESS_OPEN, .params = {path_uid}, .reply = &schema_message_response,
     .doc = "Cancel a transcode."},
    {GET, "/rest/Transcodes/{project}", "GetTranscodeList",
     .access = ACCESS_TRANSFER, .params = {path_project, media_filters, attribute_filters, paging, related_filters},
     .reply = &schema_transcode, .flags = REPLY_LIST,
     .doc = "Transcodes that match."},
    {POST, "/rest/Transcodes/{project}", "Transcode",
     .access = ACCESS_TRANSFER, .params = {path_project}, .body = &schema_transcode_spec,
     .reply = &schema_create_response,
     .doc = "Begin the import of an uploaded video or image."},
    {PUT, "/rest/Transcodes/{project}", "GetTranscodeListById",
     .access = ACCESS_TRANSFER, .params = {path_project, media_filters, attribute_filters, paging, related_filters},
     .body = &schema_media_id_query, .reply = &schema_transcode, .flags = REPLY_LIST,
     .doc = "Transcodes of media, with a body."},
    {DELETE, "/rest/Transcodes/{project}", "DeleteTranscodeList",
     .access = ACCESS_TRANSFER, .params = {path_project, media_filters, attribute_filters, paging, related_filters},
     .body = &schema_media_id_query, .reply = &schema_message_response, .flags = BODY_OPTIONAL,
     .doc = "Cancel transcodes."},
    {0},
};
