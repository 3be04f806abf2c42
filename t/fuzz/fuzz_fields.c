/* The parameter `fields`: any text chooses columns that make a well formed select list, or is refused in words. */
/* link: t/fuzz/support/request.c ngx_tator_module/query/query.c ngx_tator_module/query/search.c ngx_tator_module/query/terms.c ngx_tator_module/query/attributes.c ngx_tator_module/query/filters.c ngx_tator_module/query/related.c ngx_tator_module/query/sections.c ngx_tator_module/query/vectors.c ngx_tator_module/query/kinds.c ngx_tator_module/query/order.c ngx_tator_module/query/fields.c ngx_tator_module/query/visible.c */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/request.h"
#include "query/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const column_t columns[] = {
    {"id", "t.id", COLUMN_RAW},          {"name", "t.name", COLUMN_TEXT},           {"attributes", "t.attributes", COLUMN_RAW},
    {"points", "t.points", COLUMN_RAW},  {"media_files", "t.media_files", COLUMN_RAW},
    {"effective_permission", "($1::jsonb ->> '$user')::int", COLUMN_RAW},           {0},
};

static const char *const always[] = {"name", NULL};


static void
choose(fuzz_request_t *request, const char *const *kept)
{
    sql_t          *sql;
    const column_t *chosen;

    if (setjmp(request->refused) != 0) {
        fuzz_refusal(request);
        return;
    }

    chosen = query_fields(&request->rq, columns, kept);
    sql = sql_new(request->rq.arena);
    query_select_list(&request->rq, sql, chosen);
    fuzz_statement(sql);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t         *text;
    fuzz_request_t *request;

    request = fuzz_request_new();
    text = memchr(data, '\0', size) == NULL ? json_stringn((const char *) data, size) : NULL;

    if (text != NULL) {
        json_object_set(request->rq.params, "fields", rq_own(&request->rq, text));
        choose(request, NULL);
        choose(request, always);
        request->config.fine_grain = true;
        choose(request, NULL);
    }

    fuzz_request_end(request);

    return 0;
}
