/*
 * Media: videos, images and what is made of several videos.
 */

#include "../query/query.h"
#include "media.h"

#define MEDIA_COLUMNS(instant)                                      \
    {"id", "t.id", COLUMN_RAW},                                     \
    {"project", "t.project", COLUMN_RAW},                           \
    {"type", "t.meta", COLUMN_RAW},                                 \
    {"name", "t.name", COLUMN_TEXT},                                \
    {"attributes", "t.attributes", COLUMN_RAW},                     \
    {"primary_section", "t.primary_section_id", COLUMN_RAW},        \
    {"media_files", "t.media_files", COLUMN_RAW},                   \
    {"created_datetime", "t.created_datetime", instant},            \
    {"created_by", "t.created_by", COLUMN_RAW},                     \
    {"modified_datetime", "t.modified_datetime", instant},          \
    {"modified_by", "t.modified_by", COLUMN_RAW},                   \
    {"last_edit_start", "t.last_edit_start", instant},              \
    {"last_edit_end", "t.last_edit_end", instant},                  \
    {"md5", "t.md5", COLUMN_TEXT},                                  \
    {"num_frames", "t.num_frames", COLUMN_RAW},                     \
    {"fps", "t.fps", COLUMN_DOUBLE},                                \
    {"codec", "t.codec", COLUMN_TEXT},                              \
    {"width", "t.width", COLUMN_RAW},                               \
    {"height", "t.height", COLUMN_RAW},                             \
    {"summary_level", "t.summary_level", COLUMN_RAW},               \
    {"gid", "t.gid", COLUMN_TEXT},                                  \
    {"uid", "t.uid", COLUMN_TEXT},                                  \
    {"elemental_id", "t.elemental_id", COLUMN_SAFE},                \
    {"archive_state", "t.archive_state", COLUMN_TEXT},              \
    {"archive_status_date", "t.archive_status_date", instant},      \
    {"effective_permission", "tator.media_permission(%ld::int, t.id)", COLUMN_MASK}

const column_t media_columns[] = {MEDIA_COLUMNS(COLUMN_TIME), {0}};
const column_t media_list_columns[] = {MEDIA_COLUMNS(COLUMN_TIME_MS), {0}};

/* With encoded_related_search. */
static const column_t media_incident_columns[] = {MEDIA_COLUMNS(COLUMN_TIME_MS), {"incident", "0", COLUMN_RAW}, {0}};

static void media_get(rq_t *rq);
static void media_get_list(rq_t *rq);
static void media_count(rq_t *rq);
static void media_next(rq_t *rq);
static void media_prev(rq_t *rq);
static void media_stats(rq_t *rq);

static void    media_stream_presigned(rq_t *rq, const column_t *columns, media_presign_t *presign);
static void    media_write_presigned(rq_t *rq, text_t *out, const column_t *columns, size_t n, const result_t *row, media_presign_t *presign);
static int64_t media_neighbour(rq_t *rq, int step);

const lookup_t lookup_media = {
    .model = "Media",
    .sql = "SELECT project FROM main_media WHERE id = $1 AND NOT deleted",
};

static const field_t media_params[] = {
    {"presigned", INTEGER(MINIMUM(1), MAXIMUM(604800)), OPTIONAL, "Give URLs that hold so many seconds."},
    {"no_cache", BOOLEAN(), OPTIONAL, "Make new URLs instead of cached ones."},
    {0},
};

static const field_t media_shape[] = {
    {"fields", STRING(), OPTIONAL, "Only these members, comma separated."},
    {"presigned", INTEGER(MINIMUM(1), MAXIMUM(604800)), OPTIONAL, "Give URLs that hold so many seconds."},
    {"no_cache", BOOLEAN(), OPTIONAL, "Make new URLs instead of cached ones."},
    {"presign_only", ARRAY(STRING(ENUM("thumbnail", "thumbnail_gif", "streaming", "archival", "audio", "image", "attachment"))), STYLED,
     "Give URLs for these kinds of files only."},
    {0},
};

const endpoint_t media_endpoints[] = {
    {GET(VIEW), "/rest/Media/{id}", "GetMedia",
     .handler = media_get, .lookup = &lookup_media, .params = {path_id, media_params}, .reply = &schema_media,
     .doc = "A media."},
    {PATCH(EDIT), "/rest/Media/{id}", "UpdateMedia",
     .handler = media_patch, .lookup = &lookup_media, .params = {path_id}, .body = &schema_media_update,
     .reply = &schema_message_response,
     .doc = "Change a media."},
    {DELETE(EDIT), "/rest/Media/{id}", "DeleteMedia",
     .handler = media_delete, .lookup = &lookup_media, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a media."},
    {GET(VIEW), "/rest/MediaCount/{project}", "GetMediaCount",
     .handler = media_count, .params = {path_project, media_filters, attribute_filters, paging, related_filters},
     .reply = &schema_count,
     .doc = "How many media match."},
    {PUT(VIEW), "/rest/MediaCount/{project}", "GetMediaCountById",
     .handler = media_count, .params = {path_project, media_filters, attribute_filters, paging, related_filters},
     .body = &schema_media_id_query, .reply = &schema_count,
     .doc = "How many media match, with a body."},
    {GET(VIEW), "/rest/MediaNext/{id}", "GetMediaNext",
     .handler = media_next, .lookup = &lookup_media,
     .params = {path_id, media_filters, attribute_filters, paging, related_filters}, .reply = &schema_media_next,
     .doc = "The media that follows in the order of the query."},
    {GET(VIEW), "/rest/MediaPrev/{id}", "GetMediaPrev",
     .handler = media_prev, .lookup = &lookup_media,
     .params = {path_id, media_filters, attribute_filters, paging, related_filters}, .reply = &schema_media_prev,
     .doc = "The media that precedes in the order of the query."},
    {GET(VIEW), "/rest/MediaStats/{project}", "GetMediaStats",
     .handler = media_stats, .params = {path_project, media_filters, attribute_filters, paging, related_filters},
     .reply = &schema_media_stats,
     .doc = "Number, duration and size of the media that match."},
    {GET(VIEW), "/rest/Medias/{project}", "GetMediaList",
     .handler = media_get_list,      .params = {path_project, media_filters, attribute_filters, paging, related_filters, media_shape},
     .reply = &schema_media, .flags = REPLY_LIST | STREAMED,
     .doc = "Media that match."},
    {POST(TRANSFER), "/rest/Medias/{project}", "CreateMediaList",
     .handler = media_post, .params = {path_project}, .body = &schema_media_spec, .reply = &schema_created_media,
     .flags = BODY_LIST,
     .doc = "Create media, one or many."},
    {PUT(VIEW), "/rest/Medias/{project}", "GetMediaListById",
     .handler = media_get_list,      .params = {path_project, media_filters, attribute_filters, paging, related_filters, media_shape},
     .body = &schema_media_id_query, .reply = &schema_media, .flags = REPLY_LIST | STREAMED,
     .doc = "Media that match, with a body."},
    {PATCH(EDIT), "/rest/Medias/{project}", "UpdateMediaList",
     .handler = media_patch_list,      .params = {path_project, media_filters, attribute_filters, paging, related_filters, count_param},
     .body = &schema_media_bulk_update, .reply = &schema_message_response,
     .doc = "Change all media that match."},
    {DELETE(EDIT), "/rest/Medias/{project}", "DeleteMediaList",
     .handler = media_delete_list,      .params = {path_project, media_filters, attribute_filters, paging, related_filters, count_param},
     .body = &schema_media_id_query, .reply = &schema_message_response, .flags = BODY_OPTIONAL,
     .doc = "Delete all media that match."},
    {0},
};


static void
media_get(rq_t *rq)
{
    sql_t           *sql;
    json_t          *media;
    result_t        *result;
    const char      *files;
    json_error_t     error;
    const column_t   with_resources[] = {media_resources_column, {0}};
    media_presign_t *presign = media_presign_start(rq);

    sql = sql_new(rq->arena);
    sql_put(sql, "SELECT ");
    columns_select_for(rq, sql, media_columns);
    if (presign != NULL) {
        sql_put(sql, ", ");
        columns_select(sql, with_resources);
    }
    sql_put(sql, " FROM main_media t WHERE t.id = %ld AND NOT t.deleted", param_int(rq, "id", 0));

    result = pg_run(rq, sql);
    if (pg_rows(result) == 0) {
        fail_missing(rq, "Media");
    }

    if (presign == NULL) {
        reply_row(rq, 200, media_columns, result, 0);
        return;
    }

    media = columns_object(rq, media_columns, result, 0, 0);
    files = media_presign_files(rq, presign, json_text(rq->arena, json_object_get(media, "media_files")),
                                pg_text(result, 0, pg_columns(result) - 1));
    json_object_set(media, "media_files", rq_own(rq, json_parse(files, strlen(files), &error)));
    reply_json(rq, 200, media);
}


/* GET honours start and stop, PUT does not (contract/queries.md §5). */
static void
media_get_list(rq_t *rq)
{
    const column_t  *columns;
    media_presign_t *presign = media_presign_start(rq);

    columns = query_fields(rq, param_given(rq, "encoded_related_search") ? media_incident_columns : media_list_columns, NULL);

    if (presign != NULL && (rq->format == FORMAT_JSON || rq->format == FORMAT_JSONL)) {
        media_stream_presigned(rq, columns, presign);
        return;
    }

    stream_rows(rq, columns, media_query(rq, QUERY_ROWS, columns, access_reads(rq) ? 0 : QUERY_UNSLICED));
}


static void
media_count(rq_t *rq)
{
    reply_count(rq, media_query(rq, QUERY_COUNT, NULL, 0));
}


static void
media_next(rq_t *rq)
{
    reply_json(rq, 200, rq_own(rq, json_pack("{s:I}", "next", (json_int_t) media_neighbour(rq, 1))));
}


static void
media_prev(rq_t *rq)
{
    reply_json(rq, 200, rq_own(rq, json_pack("{s:I}", "prev", (json_int_t) media_neighbour(rq, -1))));
}


/* Frames over mean frame rate is the length of the videos (contract/queries.md §16). */
static void
media_stats(rq_t *rq)
{
    sql_t    *sql;
    double    videos, fps, frames;
    result_t *result;

    sql = sql_new(rq->arena);
    sql_put(sql, "WITH chosen AS (");
    sql_append(sql, media_query(rq, QUERY_IDS, NULL, QUERY_UNSLICED));
    sql_put(sql,
            ")"
            " SELECT count(*),"
            "        coalesce(sum((SELECT sum((file ->> 'size')::numeric)"
            "                      FROM unnest('{image,streaming,thumbnail_gif,thumbnail,archival,attachment}'::text[]) role"
            "                      CROSS JOIN jsonb_array_elements(CASE jsonb_typeof(m.media_files -> role) WHEN 'array'"
            "                                                      THEN m.media_files -> role ELSE '[]' END) file"
            "                      WHERE jsonb_typeof(file -> 'size') = 'number')), 0)::bigint,"
            "        count(*) FILTER (WHERE y.dtype = 'video'),"
            "        coalesce(sum(m.fps) FILTER (WHERE y.dtype = 'video'), 0),"
            "        coalesce(sum(m.num_frames) FILTER (WHERE y.dtype = 'video'), 0)"
            " FROM chosen JOIN main_media m ON m.id = chosen.id LEFT JOIN main_mediatype y ON y.id = m.meta");
    result = pg_run(rq, sql);

    videos = pg_double(result, 0, 2);
    fps = pg_double(result, 0, 3);
    frames = pg_double(result, 0, 4);

    reply_json(rq, 200, rq_own(rq, json_pack("{s:I, s:f, s:I, s:I}",
                                             "count", (json_int_t) pg_int(result, 0, 0),
                                             "duration", fps > 0 ? frames / (fps / videos) : 0.0,
                                             "total_size", (json_int_t) pg_int(result, 0, 1),
                                             "download_size", (json_int_t) pg_int(result, 0, 1))));
}


media_selection_t
media_selected(rq_t *rq, unsigned flags, const char *verb)
{
    result_t         *result;
    media_selection_t selection;

    result = pg_run(rq, media_query(rq, QUERY_IDS, NULL, flags));
    selection.n = pg_rows(result);

    if (param_given(rq, "count") && param_int(rq, "count", 0) != selection.n) {
        fail(rq, 400, "Safety check failed - expected %ld but would %s %ld", (long) param_int(rq, "count", 0), verb, (long) selection.n);
    }

    selection.ids = arena_alloc(rq->arena, (size_t) (selection.n + 1) * sizeof(int64_t));
    for (int64_t row = 0; row < selection.n; row++) {
        selection.ids[row] = pg_int(result, row, 0);
    }
    selection.array = sql_int_array(rq->arena, selection.ids, (size_t) selection.n);

    return selection;
}


/* The list with URLs, row by row. */
static void
media_stream_presigned(rq_t *rq, const column_t *columns, media_presign_t *presign)
{
    text_t     out;
    size_t     n;
    bool       lines = rq->format == FORMAT_JSONL, first = true;
    sql_t     *sql;
    cursor_t  *cursor;
    column_t  *extended;

    for (n = 0; columns[n].name != NULL; n++) { /* void */ }
    extended = arena_zalloc(rq->arena, (n + 2) * sizeof(column_t));
    memcpy(extended, columns, n * sizeof(column_t));
    extended[n] = media_resources_column;

    sql = media_query(rq, QUERY_ROWS, extended, access_reads(rq) ? 0 : QUERY_UNSLICED);
    text_start(&out, rq->arena, 8192);
    cursor = pg_cursor(rq, sql);
    stream_begin(rq, 200, "application/json", access_reads(rq));

    while (pg_next(rq, cursor)) {
        out.len = 0;
        text_puts(&out, lines ? "" : first ? "[" : ",");
        media_write_presigned(rq, &out, columns, n, pg_row(cursor), presign);
        text_puts(&out, lines ? "\n" : "");
        stream_write(rq, out.data, out.len);
        first = false;
    }

    if (!lines) {
        stream_write(rq, first ? "[]" : "]", first ? 2 : 1);
    }
    stream_end(rq);
}


/* Like columns_write(), with media_files replaced. */
static void
media_write_presigned(rq_t *rq, text_t *out, const column_t *columns, size_t n, const result_t *row, media_presign_t *presign)
{
    size_t      k, start;
    column_t    one[2] = {{0}, {0}};
    const char *files;

    for (k = 0; k < n; k++) {

        if (strcmp(columns[k].name, "media_files") == 0) {
            files = media_presign_files(rq, presign, pg_text(row, 0, (int) k), pg_text(row, 0, (int) n));
            text_puts(out, k == 0 ? "{\"media_files\":" : ",\"media_files\":");
            text_puts(out, files);
            continue;
        }

        one[0] = columns[k];
        start = out->len;
        columns_write(out, one, row, 0, (int) k);
        out->data[start] = k == 0 ? '{' : ',';
        out->len--; /* its closing brace */
    }

    text_puts(out, n == 0 ? "{}" : "}");
}


/* The media after (1) or before (-1) the one of the path, in the order of the query; -1: none. */
static int64_t
media_neighbour(rq_t *rq, int step)
{
    sql_t    *sql;
    result_t *result;

    sql = sql_new(rq->arena);
    sql_put(sql, "WITH list AS (SELECT id, row_number() OVER () AS place FROM (");
    sql_append(sql, media_query(rq, QUERY_IDS, NULL, QUERY_UNSLICED));
    sql_put(sql, ") ordered)"
                 " SELECT other.id FROM list JOIN list other ON other.place = list.place + %d::int WHERE list.id = %ld",
            step, param_int(rq, "id", 0));
    result = pg_run(rq, sql);

    return pg_rows(result) == 0 ? -1 : pg_int(result, 0, 0);
}
