/*
 * Upload URLs and the end of multipart uploads.
 */

#include <time.h>

#include <tator/crypto.h>
#include <tator/uuid.h>

#include "../api/stores.h"
#include "../net/pg.h"
#include "common.h"

#define UPLOAD_LETTERS 10
#define UPLOAD_TURN    200 /* parts signed in one go */
#define UPLOAD_ZONE    (5 * 3600) /* keys carry the date of the zone EST, without daylight saving (contract/media.md §1) */

static const field_t upload_completion_spec_fields[] = {
    {"key", STRING(), OPTIONAL, "Object key."},
    {"upload_id", STRING(), OPTIONAL, "Id of the multipart upload."},
    {"parts", ARRAY(REF(schema_upload_part), MIN_ITEMS(2), MAX_ITEMS(10000)), OPTIONAL, "Parts of a multipart upload."},
    {"bucket_id", INTEGER(MINIMUM(1), NULLABLE), OPTIONAL, "Bucket that received the upload."},
    {0},
};

static const field_t upload_info_fields[] = {
    {"urls", ARRAY(STRING(), MIN_ITEMS(1)), OPTIONAL, "Where to put the parts."},
    {"key", STRING(), OPTIONAL, "Object key."},
    {"upload_id", STRING(), OPTIONAL, "Id of the multipart upload."},
    {0},
};

static const field_t upload_part_fields[] = {
    {"ETag", STRING(), OPTIONAL, "Entity tag that the store answered for the part."},
    {"PartNumber", INTEGER(), OPTIONAL, "Number of the part, counted from 1."},
    {0},
};

const schema_t schema_upload_completion_spec = OBJECT(upload_completion_spec_fields, NAMED("UploadCompletionSpec"));
const schema_t schema_upload_info = OBJECT(upload_info_fields, NAMED("UploadInfo"));
const schema_t schema_upload_part = OBJECT(upload_part_fields, NAMED("UploadPart"));

static const field_t organization_upload_info_params[] = {
    {"expiration", INTEGER(MINIMUM(1), MAXIMUM(604800), DEFAULT("86400")), OPTIONAL, "Seconds that the URLs hold."},
    {"num_parts", INTEGER(MINIMUM(1), MAXIMUM(10000), DEFAULT("1")), OPTIONAL, "How many parts the upload has."},
    {0},
};

static const field_t upload_info_params[] = {
    {"expiration", INTEGER(MINIMUM(1), MAXIMUM(604800), DEFAULT("86400")), OPTIONAL, "Seconds that the URLs hold."},
    {"num_parts", INTEGER(MINIMUM(1), MAXIMUM(10000), DEFAULT("1")), OPTIONAL, "How many parts the upload has."},
    {"media_id", INTEGER(MINIMUM(1)), OPTIONAL, "Only these media."},
    {"file_id", INTEGER(MINIMUM(1)), OPTIONAL, "File that the upload is for."},
    {"filename", STRING(), OPTIONAL, "Name of the file."},
    {"bucket_id", INTEGER(MINIMUM(1)), OPTIONAL, "Bucket that holds the file."},
    {0},
};

static void           upload_organization_info(rq_t *rq);
static void           upload_complete(rq_t *rq);
static void           upload_info(rq_t *rq);
static const store_t *upload_target(rq_t *rq, const char **folder);
static void           upload_belongs(rq_t *rq, const char *name, const char *sql, int64_t id);
static const char    *upload_name(rq_t *rq);
static void           upload_reply(rq_t *rq, const store_t *store, const char *key);
static const char    *upload_start(rq_t *rq, const store_t *store, const char *key, int parts);

const endpoint_t upload_endpoints[] = {
    {GET(ORGANIZATION_EDIT), "/rest/OrganizationUploadInfo/{organization}", "GetOrganizationUploadInfo", upload_organization_info,
     .params = {path_organization, organization_upload_info_params},
     .reply = &schema_upload_info,
     .doc = "URLs to upload a file of the organization."},
    {POST(TRANSFER), "/rest/UploadCompletion/{project}", "CompleteUpload", upload_complete,
     .params = {path_project}, .body = &schema_upload_completion_spec,
     .reply = &schema_message_response,
     .doc = "Finish a multipart upload."},
    {GET(TRANSFER), "/rest/UploadInfo/{project}", "GetUploadInfo", upload_info,
     .params = {path_project, upload_info_params}, .reply = &schema_upload_info,
     .doc = "URLs to upload a file of the project."},
    {0},
};


/* GET UploadInfo/{project} (contract/media.md §8) */
static void
upload_info(rq_t *rq)
{
    const char    *folder;
    const store_t *store;

    store = upload_target(rq, &folder);
    upload_reply(rq, store, rq_format(rq, "%s/%s", folder, upload_name(rq)));
}


/* GET OrganizationUploadInfo/{organization} */
static void
upload_organization_info(rq_t *rq)
{
    char uuid[UUID_SIZE];

    uuid_v1(uuid);
    upload_reply(rq, stores_default(rq, STORE_LIVE), rq_format(rq, "%ld/%s", (long) rq->organization, uuid));
}


/* POST UploadCompletion/{project}: writes nothing to the database. The key is not tied to the project (contract/media.md §8, R). */
static void
upload_complete(rq_t *rq)
{
    size_t         i;
    json_t        *part;
    fetched_t     *answer;
    const char    *key, *upload_id, *error;
    store_part_t  *parts;
    store_call_t   call;
    const store_t *store;

    static const char *const needed[] = {"key", "upload_id", "parts", NULL};

    for (i = 0; needed[i] != NULL; i++) {
        if (!param_given(rq, needed[i])) {
            fail(rq, 400, "'%s'", needed[i]);
        }
    }

    key = param_text(rq, "key");
    upload_id = param_text(rq, "upload_id");

    if (param_given(rq, "bucket_id")) {
        stores_bucket_allowed(rq, param_int(rq, "bucket_id", 0));
        store = stores_bucket(rq, param_int(rq, "bucket_id", 0));
    } else {
        store = stores_project(rq, rq->project, strncmp(key, "_uploads", 8) == 0 ? STORE_UPLOAD : STORE_LIVE);
    }

    parts = arena_alloc(rq->arena, json_array_size(param(rq, "parts")) * sizeof(store_part_t));

    json_array_foreach(param(rq, "parts"), i, part) {
        parts[i].etag = json_string_value(json_object_get(part, "ETag"));
        parts[i].number = (int) json_integer_value(json_object_get(part, "PartNumber"));

        if (parts[i].etag == NULL || parts[i].number < 1) {
            fail(rq, 400, "Each of the parts needs an ETag and a PartNumber.");
        }
    }

    call = (store_call_t) {STORE_UPLOAD_COMPLETE, .path = key, .upload_id = upload_id, .parts = parts, .n_parts = json_array_size(param(rq, "parts"))};
    answer = stores_send(rq, store, &call);

    /* S3 may tell of a failure with status 200. */
    error = answer != NULL && answer->status == 200 ? store_error(rq->arena, answer->body, answer->len) : NULL;

    if (answer != NULL && (answer->status < 200 || answer->status > 299 || error != NULL)) {
        fail(rq, 400, "Upload completion for %s failed!", key);
    }

    reply_message(rq, 201, "Upload completion for %s successful!", key);
}


/* Where the object goes: the folder of its key and the store. */
static const store_t *
upload_target(rq_t *rq, const char **folder)
{
    char      day[16];
    time_t    now = time(NULL) - UPLOAD_ZONE;
    int64_t   media = param_int(rq, "media_id", 0), file = param_int(rq, "file_id", 0), bucket = param_int(rq, "bucket_id", 0);
    struct tm tm;

    if (media != 0 && file != 0) {
        fail(rq, 400, "Both media_id and file_id are given: an upload is for one of them.");
    }

    if (bucket != 0 && media == 0) {
        fail(rq, 400, "A bucket_id needs a media_id.");
    }

    if (media != 0) {
        upload_belongs(rq, "Media", "SELECT FROM main_media WHERE project = %ld AND id = %ld", media);
        *folder = rq_format(rq, "%ld/%ld/%ld", (long) rq->organization, (long) rq->project, (long) media);

        if (bucket != 0) {
            stores_bucket_allowed(rq, bucket);
            return stores_bucket(rq, bucket);
        }
        return stores_project(rq, rq->project, STORE_LIVE);
    }

    if (file != 0) {
        upload_belongs(rq, "File", "SELECT FROM main_file WHERE project = %ld AND id = %ld", file);
        *folder = rq_format(rq, "%ld/%ld/files/%ld", (long) rq->organization, (long) rq->project, (long) file);
        return stores_project(rq, rq->project, STORE_LIVE);
    }

    gmtime_r(&now, &tm);
    strftime(day, sizeof(day), "%Y-%m-%d", &tm);
    *folder = rq_format(rq, "_uploads/%s/%ld/%ld/%ld", day, (long) rq->organization, (long) rq->project, (long) rq->user.id);

    return stores_project(rq, rq->project, STORE_UPLOAD);
}


static void
upload_belongs(rq_t *rq, const char *name, const char *sql, int64_t id)
{
    if (pg_rows(pg_query(rq, sql, rq->project, id)) == 0) {
        fail(rq, 400, "%s ID %ld does not exist in project %ld!", name, (long) id, (long) rq->project);
    }
}


/* A UUID, or the file's name with ten letters before its extension (contract/media.md §5): clients cut at the last underscore. */
static const char *
upload_name(rq_t *rq)
{
    char        uuid[UUID_SIZE], letters[UPLOAD_LETTERS + 1];
    size_t      stem;
    const char *name = param_text(rq, "filename"), *point;

    if (name == NULL || *name == '\0') {
        uuid_v1(uuid);
        return arena_text(rq->arena, uuid);
    }

    if (strchr(name, '/') != NULL) {
        fail(rq, 400, "The filename must not hold a slash.");
    }

    point = strrchr(name, '.');
    stem = point != NULL && strspn(name, ".") < (size_t) (point - name) ? (size_t) (point - name) : strlen(name);
    random_letters(letters, UPLOAD_LETTERS);

    return rq_format(rq, "%.*s_%s%s", (int) stem, name, letters, name + stem);
}


static void
upload_reply(rq_t *rq, const store_t *store, const char *key)
{
    int          part, parts = (int) param_int(rq, "num_parts", 1), seconds = (int) param_int(rq, "expiration", 86400);
    char        *url;
    time_t       now = time(NULL);
    json_t      *urls = rq_own(rq, json_array());
    arena_t     *scratch;
    const char  *upload_id = parts > 1 ? upload_start(rq, store, key, parts) : "";
    store_call_t call = {parts > 1 ? STORE_UPLOAD_PART : STORE_PUT, .path = key, .upload_id = parts > 1 ? upload_id : NULL};

    for (part = 1; part <= parts; part++) {
        /* There may be ten thousand: each leaves nothing but its text, and now and then other requests have their turn. */
        if (part % UPLOAD_TURN == 0) {
            rq_yield(rq);
        }

        scratch = arena_create(NULL, NULL);
        call.part = part;
        url = scratch != NULL ? store_url(store, scratch, &call, seconds, now) : NULL;

        if (url == NULL) {
            arena_destroy(scratch);
            fail(rq, 400, "The key of the object store can not sign.");
        }

        json_array_append_new(urls, json_string(url));
        arena_destroy(scratch);
    }

    reply_json(rq, 200, rq_own(rq, json_pack("{s:O, s:s, s:s}", "urls", urls, "key", key, "upload_id", upload_id)));
}


/* Open a multipart upload: its id. */
static const char *
upload_start(rq_t *rq, const store_t *store, const char *key, int parts)
{
    fetched_t  *answer = NULL;
    const char *id;

    if (store_type(store) != STORE_AZURE) {
        answer = stores_send(rq, store, &(store_call_t) {STORE_UPLOAD_START, .path = key});

        if (answer->status < 200 || answer->status > 299) {
            fail_details(rq, 400, "The object store refused the upload.", "%s", answer->error != NULL ? answer->error : "None");
        }
    }

    id = store_upload_id(store, rq->arena, answer != NULL ? answer->body : NULL, answer != NULL ? answer->len : 0,
                         answer != NULL ? fetched_header(rq, answer, "Location") : NULL, parts);
    if (id == NULL) {
        fail(rq, 400, "The object store gave no id for the upload.");
    }

    return id;
}
