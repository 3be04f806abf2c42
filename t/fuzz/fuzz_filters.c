/* Filters: attribute filters, orders, ids, times and places of a query string, and the same names in a body, where anything may stand. */
/* link: t/fuzz/support/request.c ngx_tator_module/query/query.c ngx_tator_module/query/search.c ngx_tator_module/query/terms.c ngx_tator_module/query/attributes.c ngx_tator_module/query/filters.c ngx_tator_module/query/related.c ngx_tator_module/query/sections.c ngx_tator_module/query/vectors.c ngx_tator_module/query/kinds.c ngx_tator_module/query/order.c ngx_tator_module/query/fields.c ngx_tator_module/query/visible.c */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <tator/json.h>

#include "support/request.h"
#include "query/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
    "attribute", "attribute_lt", "attribute_lte", "attribute_gt", "attribute_gte", "attribute_contains", "attribute_distance",
    "attribute_null", "related_attribute", "related_attribute_gt", "related_attribute_contains", "related_attribute_distance",
    "related_attribute_null", "sort_by", "elemental_id", "elemental_ids", "media_id", "ids", "state_ids", "localization_ids", "version",
    "type", "after", "name", "after_name", "section", "multi_section", "frame", "depth", "archive_lifecycle", "related_id", "start", "stop",
    "merge", "float_array", "leaf_id", "dtype", "frame_state_ids",
};

#define NAMES (sizeof(names) / sizeof(names[0]))

static const column_t columns[] = {{"id", "t.id", COLUMN_RAW}, {0}};


/* A line: the parameter's number, then its value: JSON after '=', else the text of a query string's item. */
static void
give(rq_t *rq, const uint8_t *line, size_t len)
{
    json_t      *value = NULL, *list;
    const char  *name = names[line[0] % NAMES];
    json_error_t error;

    if (len < 2) {
        return;
    }

    if (line[1] == '=') {
        value = json_parse(line + 2, len - 2, &error);
    } else if (memchr(line + 1, '\0', len - 1) == NULL) {
        value = json_stringn((const char *) line + 1, len - 1);
    }

    if (value == NULL) {
        return;
    }

    rq_own(rq, value);
    list = json_object_get(rq->params, name);

    if (line[1] != '=' && strstr(name, "attribute") == name + (name[0] == 'r' ? 8 : 0)) { /* lists of the query string */
        if (!json_is_array(list)) {
            list = rq_own(rq, json_array());
            json_object_set(rq->params, name, list);
        }
        json_array_append(list, value);
        return;
    }

    json_object_set(rq->params, name, value);
}


static void
compile(fuzz_request_t *request, unsigned kind)
{
    rq_t *rq = &request->rq;

    if (setjmp(request->refused) != 0) {
        fuzz_refusal(request);
        return;
    }

    switch (kind) {

    case 0:
        fuzz_statement(media_query(rq, QUERY_ROWS, columns, 0));
        break;

    case 1:
        fuzz_statement(annotation_query(rq, &kind_localization, QUERY_COUNT, NULL, 0));
        break;

    case 2:
        fuzz_statement(annotation_query(rq, &kind_state, QUERY_ROWS, columns, 0));
        break;

    case 3:
        fuzz_statement(leaf_query(rq, QUERY_ROWS, columns));
        break;

    default:
        fuzz_statement(file_query(rq, columns));
    }
}


/* first byte: the kind of rows; then lines */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_request_t *request;
    const uint8_t  *p = data + 1, *end = data + size, *stop;

    if (size == 0) {
        return 0;
    }

    request = fuzz_request_new();
    request->config.fine_grain = data[0] & 0x80;

    for (; p < end; p = stop + 1) {
        stop = memchr(p, '\n', (size_t) (end - p));
        stop = stop ? stop : end;
        if (stop > p) {
            give(&request->rq, p, (size_t) (stop - p));
        }
    }

    compile(request, data[0] % 5);
    fuzz_request_end(request);

    return 0;
}
