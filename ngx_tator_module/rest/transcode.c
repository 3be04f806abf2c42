/*
 * Transcodes: imports of uploaded videos (contract/operations.md §2). The media is made here; the work is done by
 * tator-transcode, which takes it from the queue (include/tator/queue.h).
 */

#include <stdlib.h>
#include <string.h>

#include <tator/queue.h>

#include "../api/origins.h"
#include "../net/fetch.h"
#include "../net/redis.h"
#include "../query/query.h"
#include "../api/params.h"
#include "common.h"
#include "media_create.h"
#include "media_import.h"
#include "token.h"

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

/* Members of the request that the media is made of, and those that the job keeps as they are. */
static const char *const transcode_media_members[] = {"type", "gid", "uid", "url", "name", "section", "section_id", "md5", "attributes", NULL};
static const char *const transcode_job_members[] = {"type", "gid", "uid", "url", "name", "attributes", "email_spec", NULL};

/* Members of the job's spec that clients see. */
static const char *const transcode_spec_members[] = {"type", "gid", "uid", "url", "size", "section_id", "name", "attributes", "media_id", NULL};

static void           transcode_type_check(rq_t *rq);
static int64_t        transcode_size(rq_t *rq, const char *url);
static int64_t        transcode_media(rq_t *rq, int64_t *section);
static const char    *transcode_spec(rq_t *rq, int64_t media, bool made, int64_t section, int64_t size, const char *token);
static bool           transcode_enqueue(rq_t *rq, const job_t *job, bool *busy);
static void           transcode_undo(rq_t *rq, int64_t media, bool made);
static json_t        *transcode_members(rq_t *rq, const json_t *source, const char *const *names);
static redis_value_t *transcode_run(rq_t *rq, const redis_args_t *args);
static job_t         *transcode_selected(rq_t *rq, size_t *n);
static bool           transcode_is_filtered(rq_t *rq);
static bool           transcode_is_on(rq_t *rq, const job_t *job, const result_t *media);
static job_t         *transcode_known(rq_t *rq);
static void           transcode_cancel(rq_t *rq, const char *const *uids, size_t n);
static json_t        *transcode_json(rq_t *rq, const job_t *job);


/* POST Transcodes (contract/operations.md §2). */
static void
transcode_create(rq_t *rq)
{
    job_t       job = {.uid = param_text(rq, "uid"), .gid = param_text(rq, "gid"), .user = rq->user.id, .project = rq->project,
                       .organization = rq->organization};
    bool        made = !param_given(rq, "media_id"), busy;
    json_t     *answer;
    int64_t     media, size, section;
    const char *url = param_text(rq, "url"), *token;

    transcode_type_check(rq);
    origin_check(rq, url);
    size = transcode_size(rq, url);

    tx_begin(rq);
    token = token_of(rq, rq->user.id);
    media = transcode_media(rq, &section);
    pg_query(rq,
             "UPDATE main_media SET modified_datetime = now(), attributes = coalesce(attributes, '{}'::jsonb) ||"
             " jsonb_build_object('_tator_import_workflow', CASE jsonb_typeof(attributes -> '_tator_import_workflow')"
             " WHEN 'array' THEN attributes -> '_tator_import_workflow' ELSE '[]'::jsonb END || to_jsonb(%s::text)) WHERE id = %ld",
             job.uid, media);
    tx_commit(rq);

    media_import_tag(rq, media, url);

    /* After the commit, since a worker may begin at once. */
    job.spec = transcode_spec(rq, media, made, section, size, token);
    if (!transcode_enqueue(rq, &job, &busy)) {
        transcode_undo(rq, media, made);
        fail(rq, busy ? 400 : 503, busy ? "A job %s is waiting or running already." : "The job %s can not be given to the queue.", job.uid);
    }

    job.status = "pending";
    job.start_time = queue_now(rq->arena);

    answer = json_pack("{s:s, s:s, s:O}", "message",
                       rq_format(rq, "Transcode job %s started for file %s on project %s", job.uid, param_text(rq, "name"),
                                 pg_text(pg_query(rq, "SELECT name FROM main_project WHERE id = %ld", rq->project), 0, 0)),
                       "id", job.uid, "object", transcode_json(rq, &job));
    reply_json(rq, 201, rq_own(rq, answer));
}


/* GET and PUT Transcodes. */
static void
transcode_list(rq_t *rq)
{
    size_t  k, n;
    job_t  *jobs = transcode_selected(rq, &n);
    json_t *list = rq_own(rq, json_array());

    for (k = 0; k < n; k++) {
        json_array_append(list, transcode_json(rq, &jobs[k]));
    }

    reply_json(rq, 200, list);
}


/* DELETE Transcodes. */
static void
transcode_cancel_list(rq_t *rq)
{
    size_t       k, n;
    job_t       *jobs = transcode_selected(rq, &n);
    const char **uids = arena_alloc(rq->arena, (n + 1) * sizeof(char *));

    for (k = 0; k < n; k++) {
        uids[k] = jobs[k].uid;
    }

    transcode_cancel(rq, uids, n);
}


/* GET Transcode. */
static void
transcode_get(rq_t *rq)
{
    reply_json(rq, 200, transcode_json(rq, transcode_known(rq)));
}


/* DELETE Transcode. */
static void
transcode_cancel_one(rq_t *rq)
{
    transcode_cancel(rq, &transcode_known(rq)->uid, 1);
}


/* The type must be one of videos; -1 with a media leaves it open. */
static void
transcode_type_check(rq_t *rq)
{
    int64_t   type = param_int(rq, "type", -1);
    result_t *found;

    found = pg_query(rq, "SELECT 1 FROM main_mediatype WHERE project = %ld AND (%ld = -1 OR (id = %ld AND dtype = 'video')) LIMIT 1",
                     rq->project, type, type);

    if (pg_rows(found) == 0) {
        fail(rq, 400, "For project %ld given type %ld, can not find a destination media type", (long) rq->project, (long) type);
    }

    if (type == -1 && !param_given(rq, "media_id")) {
        fail(rq, 400, "Type -1 needs a media_id.");
    }
}


/* Of the uploaded object; else as given; else as the URL's server says it, -1 when it does not. */
static int64_t
transcode_size(rq_t *rq, const char *url)
{
    int64_t     size = media_import_size(rq, url);
    fetched_t  *answer;
    const char *length;

    if (size < 0) {
        size = param_int(rq, "size", -1);
    }

    if (size >= 0) {
        return size;
    }

    answer = fetch(rq, &(fetch_t) {.method = "HEAD", .url = url, .foreign = !origin_trusted(rq, url)});
    if (answer->status == 0) {
        fail(rq, 400, "The URL can not be reached: %s", answer->error);
    }

    length = fetched_header(rq, answer, "Content-Length");
    size = answer->status == 200 && length != NULL ? strtoll(length, NULL, 10) : 0;

    return size > 0 ? size : -1;
}


/* The media that the video is for: the given one, or a new one. In the open transaction. */
static int64_t
transcode_media(rq_t *rq, int64_t *section)
{
    int64_t   media;
    result_t *row;

    if (!param_given(rq, "media_id")) {
        if (!param_given(rq, "section_id") && !param_given(rq, "section")) {
            fail(rq, 400, "One of section and section_id is needed.");
        }

        return media_create(rq, transcode_members(rq, rq->params, transcode_media_members), section);
    }

    *section = -1;
    media = param_int(rq, "media_id", 0);
    row = pg_query(rq, "SELECT project FROM main_media WHERE id = %ld AND deleted IS NOT TRUE FOR UPDATE", media);

    if (pg_rows(row) == 0) {
        fail_missing(rq, "Media");
    }

    if (pg_int(row, 0, 0) != rq->project) {
        fail(rq, 400, "Media ID %ld does not exist in project %ld!", (long) media, (long) rq->project);
    }

    return media;
}


/* What the worker needs (include/tator/queue.h). */
static const char *
transcode_spec(rq_t *rq, int64_t media, bool made, int64_t section, int64_t size, const char *token)
{
    json_t *spec = transcode_members(rq, rq->params, transcode_job_members);

    json_object_set_new(spec, "size", json_integer(size));
    json_object_set_new(spec, "trusted", json_boolean(origin_trusted(rq, param_text(rq, "url"))));
    json_object_set_new(spec, "host", json_string(media_import_host(rq)));
    json_object_set_new(spec, "token", json_string(token));
    json_object_set_new(spec, "project", json_integer(rq->project));
    json_object_set_new(spec, "section_id", json_integer(section));
    json_object_set_new(spec, "media_id", json_integer(media));
    json_object_set_new(spec, "made", json_boolean(made));

    return json_text(rq->arena, spec);
}


/* false: Redis can not be reached, or with `busy` the job is there already. */
static bool
transcode_enqueue(rq_t *rq, const job_t *job, bool *busy)
{
    redis_args_t  *args = queue_enqueue(rq->arena, QUEUE_TRANSCODES, job);
    redis_value_t *answer = redis_try(rq, rq->arena, args->argc, args->argv, args->lengths);

    *busy = answer != NULL && answer->type == REDIS_INTEGER;

    return answer != NULL && queue_enqueued(answer);
}


/* No job, so no new media, and no word of the job in an old one. */
static void
transcode_undo(rq_t *rq, int64_t media, bool made)
{
    if (made) {
        media_import_undo(rq, &media, 1);
        return;
    }

    pg_query(rq,
             "UPDATE main_media SET attributes = jsonb_set(attributes, '{_tator_import_workflow}',"
             " (attributes -> '_tator_import_workflow') - -1) WHERE id = %ld", media);
}


static json_t *
transcode_members(rq_t *rq, const json_t *source, const char *const *names)
{
    json_t *members = rq_own(rq, json_object()), *value;

    for (; *names != NULL; names++) {
        value = json_object_get(source, *names);
        if (value != NULL) {
            json_object_set(members, *names, value);
        }
    }

    return members;
}


static redis_value_t *
transcode_run(rq_t *rq, const redis_args_t *args)
{
    return redis_command(rq, args->argc, args->argv, args->lengths);
}


/* The jobs of the group, or of the project, on media that the query matches. */
static job_t *
transcode_selected(rq_t *rq, size_t *n)
{
    size_t      k, all, kept = 0;
    job_t      *jobs;
    result_t   *media = NULL;
    const char *gid = param_text(rq, "gid");

    if (transcode_is_filtered(rq)) {
        media = pg_run(rq, media_query(rq, QUERY_IDS, NULL, 0));
    }

    jobs = queue_listed(rq->arena, transcode_run(rq, queue_list(rq->arena, rq->project, gid)), &all);

    for (k = 0; k < all; k++) {
        if (jobs[k].project != rq->project) {
            fail(rq, 400, "%s", "");
        }

        if (media == NULL || transcode_is_on(rq, &jobs[k], media)) {
            jobs[kept++] = jobs[k];
        }
    }

    *n = kept;

    return jobs;
}


/* Whether anything but project and gid is asked for. */
static bool
transcode_is_filtered(rq_t *rq)
{
    json_t     *value;
    const char *name;

    json_object_foreach(rq->params, name, value)
    {
        if (strcmp(name, "project") != 0 && strcmp(name, "gid") != 0) {
            return true;
        }
    }

    return false;
}


static bool
transcode_is_on(rq_t *rq, const job_t *job, const result_t *media)
{
    int64_t      k, id;
    json_t      *spec;
    json_error_t error;

    spec = rq_own(rq, json_parse(job->spec, strlen(job->spec), &error));
    id = json_integer_value(json_object_get(spec, "media_id"));

    for (k = 0; k < pg_rows(media); k++) {
        if (pg_int(media, k, 0) == id) {
            return true;
        }
    }

    return false;
}


/* The job that the path names, if the caller may handle it: 404 or 403 else. */
static job_t *
transcode_known(rq_t *rq)
{
    job_t *job = queue_got(rq->arena, transcode_run(rq, queue_get(rq->arena, param_text(rq, "uid"))));

    if (job == NULL) {
        fail(rq, 404, "Job with UID %.100s does not exist.", param_text(rq, "uid"));
    }

    access_project(rq, job->project, ACCESS_TRANSFER);

    return job;
}


static void
transcode_cancel(rq_t *rq, const char *const *uids, size_t n)
{
    int problem;

    if (n > 0 && !queue_canceled(transcode_run(rq, queue_cancel(rq->arena, uids, n)), &problem) && problem != 0) {
        fail(rq, 400, "Job is canceled already.");
    }

    reply_message(rq, 200, "Successfully canceled %zu jobs!", n);
}


/* A transcode as clients see it: the reference's members, and beyond them how far a running one is. With the undocumented
   query verbose=true also why it failed: the recorded answers of failed ones are compared to the last member. */
static json_t *
transcode_json(rq_t *rq, const job_t *job)
{
    json_t      *spec, *seen, *mail, *facts;
    bool         all;
    const char  *verbose;
    json_error_t error;

    spec = rq_own(rq, json_parse(job->spec, strlen(job->spec), &error));
    seen = transcode_members(rq, spec, transcode_spec_members);

    if (json_object_get(seen, "attributes") == NULL) {
        json_object_set_new(seen, "attributes", json_null());
    }

    mail = json_object_get(spec, "email_spec");
    if (json_object_size(mail) > 0) {
        json_object_set(seen, "email_spec", mail);
    }

    facts = json_pack("{s:s, s:s, s:s, s:I, s:I, s:[], s:s, s:s, s:s?}", "id", job->uid, "uid", job->uid, "gid", job->gid, "user",
                      (json_int_t) job->user, "project", (json_int_t) job->project, "nodes", "status", job->status, "start_time",
                      job->start_time, "stop_time", job->stop_time);

    verbose = query_value(rq->arena, rq->query, "verbose");

    all = verbose != NULL && strcmp(verbose, "true") == 0;

    if (all || strcmp(job->status, "running") == 0) {
        json_object_set_new(facts, "progress", json_real(job->progress));
    }

    if (all) {
        json_object_set_new(facts, "message", job->message ? json_string(job->message) : json_null());
        json_object_set_new(facts, "attempts", json_integer(job->attempts));
    }

    return rq_own(rq, json_pack("{s:O, s:o}", "spec", seen, "job", facts));
}


const endpoint_t transcode_endpoints[] = {
    {GET(OPEN), "/rest/Transcode/{uid}", "GetTranscode",
     .handler = transcode_get,
     .params = {path_uid}, .reply = &schema_transcode,
     .doc = "A transcode."},
    {DELETE(OPEN), "/rest/Transcode/{uid}", "DeleteTranscode",
     .handler = transcode_cancel_one,
     .params = {path_uid}, .reply = &schema_message_response,
     .doc = "Cancel a transcode."},
    {GET(TRANSFER), "/rest/Transcodes/{project}", "GetTranscodeList",
     .handler = transcode_list,
     .params = {path_project, media_filters, attribute_filters, paging, related_filters},
     .reply = &schema_transcode, .flags = REPLY_LIST,
     .doc = "Transcodes that match."},
    {POST(TRANSFER), "/rest/Transcodes/{project}", "Transcode",
     .handler = transcode_create,
     .params = {path_project}, .body = &schema_transcode_spec,
     .reply = &schema_create_response,
     .doc = "Begin the import of an uploaded video."},
    {PUT(TRANSFER), "/rest/Transcodes/{project}", "GetTranscodeListById",
     .handler = transcode_list,
     .params = {path_project, media_filters, attribute_filters, paging, related_filters},
     .body = &schema_media_id_query, .reply = &schema_transcode, .flags = REPLY_LIST,
     .doc = "Transcodes of media, with a body."},
    {DELETE(TRANSFER), "/rest/Transcodes/{project}", "DeleteTranscodeList",
     .handler = transcode_cancel_list,
     .params = {path_project, media_filters, attribute_filters, paging, related_filters},
     .body = &schema_media_id_query, .reply = &schema_message_response, .flags = BODY_OPTIONAL,
     .doc = "Cancel transcodes."},
    {0},
};
