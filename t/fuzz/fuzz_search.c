/* Searches: any base64, any JSON, as each parameter that takes one and as a saved search, is refused in words or becomes a well formed
   statement, the same one each time. */
/* link: t/fuzz/support/request.c ngx_tator_module/query/query.c ngx_tator_module/query/search.c ngx_tator_module/query/terms.c ngx_tator_module/query/attributes.c ngx_tator_module/query/filters.c ngx_tator_module/query/related.c ngx_tator_module/query/sections.c ngx_tator_module/query/vectors.c ngx_tator_module/query/kinds.c ngx_tator_module/query/order.c ngx_tator_module/query/fields.c ngx_tator_module/query/visible.c */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <tator/base64.h>

#include "support/request.h"
#include "query/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const kind_t *const kinds[] = {&kind_media, &kind_localization, &kind_state, &kind_leaf, &kind_file, &kind_section};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

enum { AS_TEXT, AS_ENCODED, AS_OBJECT, AS_RELATED, AS_SAVED, AS_SAVED_RELATED, AS_VECTORS, WAYS };

static const column_t columns[] = {{"id", "t.id", COLUMN_RAW}, {0}};


static void
give(fuzz_request_t *request, int way, const uint8_t *data, size_t size)
{
    rq_t        *rq = &request->rq;
    json_t      *value;
    json_error_t error;

    static const char *const names[WAYS] = {
        [AS_TEXT] = "encoded_search", [AS_ENCODED] = "encoded_search", [AS_OBJECT] = "object_search", [AS_RELATED] = "encoded_related_search",
        [AS_SAVED] = "section", [AS_SAVED_RELATED] = "section", [AS_VECTORS] = "float_array",
    };

    if (way == AS_TEXT) { /* as a query string gives it: UTF-8 */
        value = json_stringn((const char *) data, size);
    } else if (way == AS_ENCODED || way == AS_RELATED) {
        value = json_string(base64_encode(rq->arena, data, size));
    } else {
        value = json_parse(data, size, &error);
    }

    if (value == NULL) {
        return;
    }

    rq_own(rq, value);

    if (way == AS_SAVED || way == AS_SAVED_RELATED) {
        request->section_dtype = "saved_search";
        request->object_search = way == AS_SAVED ? value : NULL;
        request->related_search = way == AS_SAVED ? NULL : value;
        value = rq_own(rq, json_integer(5));
    }

    json_object_set(rq->params, names[way], value);
}


static const char *
compile(fuzz_request_t *request, const kind_t *kind)
{
    sql_t *sql;

    if (setjmp(request->refused) != 0) {
        fuzz_refusal(request);
        return request->message;
    }

    if (kind == &kind_media) {
        sql = media_query(&request->rq, QUERY_COUNT, NULL, 0);
    } else if (kind == &kind_localization || kind == &kind_state) {
        sql = annotation_query(&request->rq, kind, QUERY_ROWS, columns, 0);
    } else if (kind == &kind_leaf) {
        sql = leaf_query(&request->rq, QUERY_IDS, NULL);
    } else if (kind == &kind_file) {
        sql = file_query(&request->rq, columns);
    } else {
        sql = sql_new(request->rq.arena);
        sql_put(sql, "SELECT t.id FROM main_section t WHERE true");
        query_searched(&request->rq, kind, sql);
    }

    fuzz_statement(sql);

    return sql->text;
}


/* first byte: kind and whether a type is given; second: the way in; then the search */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char     *text;
    const kind_t   *kind;
    fuzz_request_t *request;

    if (size < 2) {
        return 0;
    }

    kind = kinds[data[0] % KINDS];
    request = fuzz_request_new();
    give(request, data[1] % WAYS, data + 2, size - 2);

    if (data[0] & 0x80) {
        json_object_set(request->rq.params, "type", rq_own(&request->rq, json_integer(1)));
    }

    text = compile(request, kind);

    if (strcmp(text, compile(request, kind)) != 0) {
        abort();
    }

    fuzz_request_end(request);

    return 0;
}
