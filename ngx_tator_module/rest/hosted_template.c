/*
 * Hosted templates: texts that algorithms and applets are made of.
 */

#include <tator/jinja.h>

#include "../api/columns.h"
#include "../api/delete.h"
#include "../api/origins.h"
#include "../net/fetch.h"
#include "common.h"
#include "hosted_template.h"

#define TEMPLATE_LIMIT      (1024 * 1024)
#define TEMPLATE_TIMEOUT    10000 /* milliseconds */
#define TEMPLATE_PARAMETERS 256

static const field_t hosted_template_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"organization", INTEGER(), OPTIONAL, "The organization it belongs to."},
    {"effective_permission", INTEGER(), OPTIONAL, "What the caller may do with it, as bits."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"url", STRING(), OPTIONAL, "Its address."},
    {"tparams", ARRAY(REF(schema_parameter), DEFAULT("[]")), OPTIONAL, "Values for the template."},
    {0},
};

static const field_t hosted_template_spec_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {"url", STRING(), REQUIRED, "Its address."},
    {"tparams", ARRAY(REF(schema_parameter), DEFAULT("[]")), OPTIONAL, "Values for the template."},
    {"headers", ARRAY(REF(schema_parameter), DEFAULT("[]")), OPTIONAL,
     "HTTP headers to send when the template is fetched."},
    {0},
};

const schema_t schema_hosted_template = OBJECT(hosted_template_fields, NAMED("HostedTemplate"));
const schema_t schema_hosted_template_spec = OBJECT(hosted_template_spec_fields, NAMED("HostedTemplateSpec"));

const lookup_t lookup_hosted_template = {
    .model = "HostedTemplate",
    .sql = "SELECT organization_id FROM main_hostedtemplate WHERE id = $1",
};

/* Without headers, which may hold secrets. */
static const column_t hosted_template_columns[] = {
    {"id", "t.id", COLUMN_RAW},
    {"name", "t.name", COLUMN_TEXT},
    {"organization", "t.organization_id", COLUMN_RAW},
    {"url", "t.url", COLUMN_TEXT},
    {"tparams", "coalesce(t.tparams, '[]')", COLUMN_RAW},
    {"effective_permission", "(tator.organization_permission(%ld::int, t.organization_id) >> 8)", COLUMN_MASK},
    {0},
};

static void        hosted_template_get(rq_t *rq);
static void        hosted_template_list(rq_t *rq);
static void        hosted_template_create(rq_t *rq);
static void        hosted_template_update(rq_t *rq);
static void        hosted_template_delete(rq_t *rq);
static sql_t      *hosted_template_select(rq_t *rq);
static void        hosted_template_check(rq_t *rq);
static size_t      hosted_template_pairs(rq_t *rq, jinja_variable_t *pairs, const json_t *first, const json_t *second);
static const char *hosted_template_utf8(rq_t *rq, const char *text, size_t *len);

const endpoint_t hosted_template_endpoints[] = {
    {GET(ORGANIZATION_MEMBER), "/rest/HostedTemplate/{id}", "GetHostedTemplate", hosted_template_get,
     .lookup = &lookup_hosted_template, .params = {path_id},
     .reply = &schema_hosted_template,
     .doc = "A hosted template."},
    {PATCH(ORGANIZATION_EDIT), "/rest/HostedTemplate/{id}", "UpdateHostedTemplate", hosted_template_update,
     .lookup = &lookup_hosted_template, .params = {path_id},
     .body = &schema_hosted_template_spec, .reply = &schema_message_response, .status = 201,
     .doc = "Change a hosted template."},
    {DELETE(ORGANIZATION_EDIT), "/rest/HostedTemplate/{id}", "DeleteHostedTemplate", hosted_template_delete,
     .lookup = &lookup_hosted_template, .params = {path_id},
     .reply = &schema_message_response,
     .doc = "Delete a hosted template."},
    {GET(ORGANIZATION_MEMBER), "/rest/HostedTemplates/{organization}", "GetHostedTemplateList", hosted_template_list,
     .params = {path_organization}, .reply = &schema_hosted_template,
     .flags = REPLY_LIST,
     .doc = "All hosted templates."},
    {POST(ORGANIZATION_EDIT), "/rest/HostedTemplates/{organization}", "CreateHostedTemplate", hosted_template_create,
     .params = {path_organization}, .body = &schema_hosted_template_spec,
     .reply = &schema_create_response,
     .doc = "Create a hosted template."},
    {0},
};


/* GET HostedTemplate/{id}: reading needs the affiliation Admin, too (contract/operations.md §10) */
static void
hosted_template_get(rq_t *rq)
{
    sql_t    *sql = hosted_template_select(rq);
    result_t *result;

    sql_put(sql, " WHERE t.id = %ld", param_int(rq, "id", 0));

    result = pg_run(rq, sql);
    if (pg_rows(result) == 0) {
        fail_missing(rq, "HostedTemplate");
    }

    reply_row(rq, 200, hosted_template_columns, result, 0);
}


/* GET HostedTemplates/{organization} */
static void
hosted_template_list(rq_t *rq)
{
    sql_t *sql = hosted_template_select(rq);

    sql_put(sql, " WHERE t.organization_id = %ld ORDER BY t.id", rq->organization);
    reply_rows(rq, hosted_template_columns, pg_run(rq, sql));
}


/* POST HostedTemplates/{organization}: the URL is not fetched yet */
static void
hosted_template_create(rq_t *rq)
{
    int64_t id;

    hosted_template_check(rq);

    tx_begin(rq);
    id = pg_int(pg_query(rq,
                         "INSERT INTO main_hostedtemplate (name, url, headers, tparams, organization_id)"
                         " VALUES (%s, %s, coalesce(%p::jsonb, '[]'), coalesce(%p::jsonb, '[]'), %ld) RETURNING id",
                         param_text(rq, "name"), param_text(rq, "url"), param_given(rq, "headers") ? param(rq, "headers") : NULL,
                         param_given(rq, "tparams") ? param(rq, "tparams") : NULL, rq->organization), 0, 0);
    pg_query(rq, "INSERT INTO main_rowprotection (created_datetime, permission, hosted_template_id, user_id) VALUES (now(), 255, %ld, %ld)", id,
             rq->user.id);
    tx_commit(rq);

    reply_created(rq, id, "Successfully registered hosted template.");
}


/* PATCH HostedTemplate/{id} */
static void
hosted_template_update(rq_t *rq)
{
    int64_t id = param_int(rq, "id", 0);

    hosted_template_check(rq);

    pg_query(rq,
             "UPDATE main_hostedtemplate SET name = %s, url = %s, headers = coalesce(%p::jsonb, headers), tparams = coalesce(%p::jsonb, tparams)"
             " WHERE id = %ld",
             param_text(rq, "name"), param_text(rq, "url"), param_given(rq, "headers") ? param(rq, "headers") : NULL,
             param_given(rq, "tparams") ? param(rq, "tparams") : NULL, id);

    reply_message(rq, 200, "Hosted template %ld successfully updated!", (long) id);
}


/* DELETE HostedTemplate/{id}: what was made of it has none then */
static void
hosted_template_delete(rq_t *rq)
{
    int64_t id = param_int(rq, "id", 0);

    tx_begin(rq);
    delete_rows(rq, "main_hostedtemplate", sql_int_array(rq->arena, &id, 1));
    tx_commit(rq);

    reply_message(rq, 200, "Hosted template deleted successfully!");
}


const char *
hosted_template_render(rq_t *rq, int64_t id, const json_t *tparams, const json_t *headers, const char **fault)
{
    size_t            n, len;
    result_t         *row;
    fetched_t        *answer;
    const char       *url, *text, **lines;
    jinja_variable_t *pairs = arena_alloc(rq->arena, TEMPLATE_PARAMETERS * sizeof(jinja_variable_t));

    row = pg_query(rq, "SELECT url, coalesce(headers, '[]'), coalesce(tparams, '[]') FROM main_hostedtemplate WHERE id = %ld", id);
    if (pg_rows(row) == 0) {
        *fault = "there is no such template";
        return NULL;
    }

    url = pg_text(row, 0, 0);
    n = hosted_template_pairs(rq, pairs, pg_json(rq, row, 0, 1), headers);
    lines = arena_zalloc(rq->arena, (n + 1) * sizeof(char *));
    for (size_t k = 0; k < n; k++) {
        lines[k] = rq_format(rq, "%s: %s", pairs[k].name, pairs[k].value);
    }

    answer = fetch(rq, &(fetch_t) {.url = url, .headers = lines, .limit = TEMPLATE_LIMIT, .timeout_ms = TEMPLATE_TIMEOUT,
                                   .foreign = !origin_trusted(rq, url)});
    if (answer->status == 0) {
        *fault = rq_format(rq, "%.200s can not be read: %s", url, answer->error);
        return NULL;
    }

    len = answer->len;
    text = hosted_template_utf8(rq, answer->body, &len);
    n = hosted_template_pairs(rq, pairs, pg_json(rq, row, 0, 2), tparams);

    return jinja_render(rq->arena, text, len, pairs, n, &len, fault);
}


void
hosted_template_allowed(rq_t *rq, int64_t id, int status)
{
    result_t *row = pg_query(rq, "SELECT organization_id FROM main_hostedtemplate WHERE id = %ld", id);

    if (pg_rows(row) == 0) {
        fail(rq, 400, "Hosted template %ld does not exist!", (long) id);
    }

    if (pg_null(row, 0, 0) || !access_affiliated(rq, pg_int(row, 0, 0), true)) {
        if (status == 403) {
            fail_permission(rq);
        }
        fail(rq, status, "User %ld is no administrator of the organization of hosted template %ld!", (long) rq->user.id, (long) id);
    }
}


static sql_t *
hosted_template_select(rq_t *rq)
{
    sql_t *sql = sql_new(rq->arena);

    if (!rq->config->fine_grain && !rq->admin) {
        fail_permission(rq);
    }

    sql_put(sql, "SELECT ");
    columns_select_for(rq, sql, hosted_template_columns);
    sql_put(sql, " FROM main_hostedtemplate t");

    return sql;
}


/* A header goes out as it is: nothing in it may begin another. */
static void
hosted_template_check(rq_t *rq)
{
    size_t      k;
    json_t     *header;
    const char *name, *value;

    origin_check(rq, param_text(rq, "url"));

    json_array_foreach(param(rq, "headers"), k, header) {
        name = json_string_value(json_object_get(header, "name"));
        value = json_string_value(json_object_get(header, "value"));

        if (name == NULL || *name == '\0' || name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")] != '\0'
            || value == NULL || value[strcspn(value, "\r\n")] != '\0')
        {
            fail(rq, 400, "headers: number %zu is no HTTP header.", k + 1);
        }
    }

    if (json_array_size(param(rq, "headers")) > TEMPLATE_PARAMETERS / 2 || json_array_size(param(rq, "tparams")) > TEMPLATE_PARAMETERS / 2) {
        fail(rq, 400, "headers and tparams: there may be %d of them.", TEMPLATE_PARAMETERS / 2);
    }
}


/* Of two lists of {"name", "value"}: a later one takes the place of an earlier one of its name. */
static size_t
hosted_template_pairs(rq_t *rq, jinja_variable_t *pairs, const json_t *first, const json_t *second)
{
    size_t        k, at, n = 0;
    json_t       *pair;
    const char   *name, *value;
    const json_t *lists[] = {first, second};

    for (int list = 0; list < 2; list++) {
        json_array_foreach(lists[list], k, pair) {
            name = json_string_value(json_object_get(pair, "name"));
            value = json_string_value(json_object_get(pair, "value"));

            if (name == NULL || value == NULL || name[strcspn(name, "\r\n:")] != '\0') {
                continue;
            }

            for (at = 0; at < n && strcmp(pairs[at].name, name) != 0; at++) {
                /* the one of its name */
            }
            if (at == TEMPLATE_PARAMETERS) {
                fail(rq, 400, "A template may have %d parameters.", TEMPLATE_PARAMETERS);
            }
            pairs[at] = (jinja_variable_t) {name, value};
            n += at == n;
        }
    }

    return n;
}


/* What is no UTF-8 is taken for Latin 1, as HTTP once had it. */
static const char *
hosted_template_utf8(rq_t *rq, const char *text, size_t *len)
{
    char   *out, *end;
    json_t *value = json_stringn(text, *len);

    if (value != NULL) {
        json_decref(value);
        return text;
    }

    out = end = arena_alloc(rq->arena, 2 * *len + 1);
    for (size_t k = 0; k < *len; k++) {
        unsigned char c = (unsigned char) text[k];

        if (c >= 0x80) {
            *end++ = (char) (0xc0 | c >> 6);
            c = 0x80 | (c & 0x3f);
        }
        *end++ = (char) c;
    }
    *end = '\0';
    *len = (size_t) (end - out);

    return out;
}
