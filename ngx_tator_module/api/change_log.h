/*
 * Writing change logs (contract/annotations.md §16): what a row's logged values were before and after. All in the open transaction.
 *
 *     json_t *old = change_log_row(rq, &change_media, id);
 *     … UPDATE …
 *     change_log_changed(rq, &change_media, old, change_log_row(rq, &change_media, id), sql_int_array(…));
 */

#ifndef TATOR_CHANGE_LOG_H
#define TATOR_CHANGE_LOG_H

#include "../net/pg.h"

typedef struct change_kind_s change_kind_t;

extern const change_kind_t change_media, change_localization, change_state, change_leaf;

/* The logged values of one row as they are now, deleted or not; {} when there is no such row. Owned by the request. */
json_t *change_log_row(rq_t *rq, const change_kind_t *kind, int64_t id);

/* One log of the differences between two such values, linked to all rows of `ids` ('{1,2}'), by the caller in rq->project. Equal
   values give a log with empty lists. No ids: nothing is written. */
void change_log_changed(rq_t *rq, const change_kind_t *kind, const json_t *old, const json_t *new, const char *ids);

/* One log of creation for each row of `ids`, set-based. */
void change_log_created(rq_t *rq, const change_kind_t *kind, const char *ids);

/* The same from rows that are known already: what change_log_columns() selects (of "t"; the first is the id), ascending. `types` has attribute
   types by the type's id: logs name attributes in their order. */
void change_log_columns(sql_t *sql, const change_kind_t *kind);
void change_log_created_rows(rq_t *rq, const change_kind_t *kind, const result_t *rows, json_t *types);

#endif
