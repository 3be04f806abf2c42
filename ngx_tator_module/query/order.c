/*
 * The parameter sort_by (contract/queries.md §5): `[-]name`, one text or a list of them; `$name` is a built-in column, any other
 * name an attribute, ordered as JSON. Vector searches order instead (vectors.c).
 */

#include "internal.h"


void
query_order(query_t *query)
{
    bool        descending;
    const char *name, *column;

    if (query->order != NULL) {
        return;
    }

    for (size_t k = 0; (name = query_item(query->rq, "sort_by", k)) != NULL; k++) {
        query->field = "sort_by";
        query_parts(query, 1);
        descending = name[0] == '-';
        name += descending;

        if (query->order == NULL) {
            query->order = sql_new(query->rq->arena);
        } else {
            sql_put(query->order, ", ");
        }

        if (name[0] != '$') {
            sql_put(query->order, "t.attributes -> %s::text", name);

        } else if (strcmp(name, "$incident") == 0 && param_given(query->rq, "encoded_related_search")) {
            sql_put(query->order, "0 + 0"); /* all are equal */

        } else if ((column = kind_sort_column(query->kind, name)) == NULL) {
            fail(query->rq, 400, "sort_by: there is no %s to sort by", query_shown(query->rq, name));

        } else {
            sql_raw(query->order, column);
        }

        sql_put(query->order, descending ? " DESC" : " ASC");
    }
}
