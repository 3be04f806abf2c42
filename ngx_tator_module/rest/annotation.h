/*
 * What localizations and states have in common (contract/annotations.md §6–§8): rows that are addressed by id or by version and
 * elemental id, edits that make a new mark or change the row in place, authors, versions.
 *
 * All rows with one (version, elemental id) are a group. Whoever edits locks the whole group first, oldest row first, so edits
 * of one group follow each other and marks stay gapless.
 */

#ifndef TATOR_REST_ANNOTATION_H
#define TATOR_REST_ANNOTATION_H

#include "../api/attributes.h"
#include "../api/change_log.h"
#include "../query/query.h"
#include "common.h"

typedef struct {
    const kind_t            *kind;
    const change_kind_t     *change;
    const char              *model, *table, *types;
    const column_t          *object;  /* the members of `object` in answers to PATCH */
    const char *const       *columns; /* all but id, mark and latest_mark; a copy takes them from its source */
    const char              *lookup;  /* its column in main_projectlookup */
    const char              *triggers; /* of inserts, by name */
} annotation_t;

extern const annotation_t annotation_localization, annotation_state;

/* What the specs of a POST name: types, media, versions, parents and authors, checked against the project. */
typedef struct {
    const result_t *types;      /* id, attribute_types, name, association or dtype */
    json_t        **attributes; /* attribute types by the result's row */
    int64_t         version;
    json_t         *authors; /* user id by user_elemental_id */
    const char    **elemental_ids;
    size_t          elemental_n;                                      /* 0: each row gets one of its own */
    const char     *type_ids, *media_ids, *version_ids, *parent_ids; /* arrays, each id once */
} specs_t;

/* A row and the type that it has. */
typedef struct {
    int64_t     id, mark, version, type, thumbnail;
    bool        latest;
    const char *elemental_id;
    const char *dtype, *type_name;
    json_t     *attribute_types;
} annotation_row_t;

/* New values of columns; `sql` holds one %s for `value`, or none. */
typedef struct {
    const char *column, *sql, *value;
} change_t;

typedef struct {
    change_t list[32];
    int      n;
} changes_t;

void changes_set(changes_t *changes, const char *column, const char *sql, const char *value);

/* The id of the row that the path names; `deleted`: also a deleted one of the elemental id. 404 when there is none. */
int64_t annotation_addressed(rq_t *rq, const annotation_t *kind, bool deleted);

/* Lock the groups of rows, in all versions, and that of an elemental id that they may go to (NULL: none); give rows an elemental id that have
   none. In the caller's transaction, once and before other locks of it. */
void annotation_lock(rq_t *rq, const annotation_t *kind, const char *ids, const char *elemental_id);

/* The same for elemental ids (array text) that rows come to, which may be new. */
void annotation_lock_elemental(rq_t *rq, const annotation_t *kind, const char *elemental_ids);

/* The rows that the query's filters match, with their groups locked; 400 when their number is not `count`. Otherwise as annotation_lock(). */
matched_t annotation_matched(rq_t *rq, const annotation_t *kind, unsigned flags, const char *verb, const char *elemental_id);

/* The elemental id that a member of the body names, or NULL; 400 when it is malformed. */
const char *annotation_target(rq_t *rq, const char *name);

/* The row, with its type; 404 when it is gone. */
annotation_row_t annotation_row(rq_t *rq, const annotation_t *kind, int64_t id);

/* The newest mark of the row's group, or the row itself when that is it. `pedantic`: 400 when it is not. */
int64_t annotation_newest(rq_t *rq, const annotation_t *kind, const annotation_row_t *row, bool pedantic);

/* Change the rows of `ids` in place. */
void annotation_change(rq_t *rq, const annotation_t *kind, const changes_t *changes, const char *ids);

/* Copies of the rows of `ids` with changes, in their order, as new marks; their ids, ascending, in the same order. */
result_t *annotation_copy(rq_t *rq, const annotation_t *kind, const changes_t *changes, const char *ids);

/* Insert what `source` selects: all of kind->columns by name, n, the order, and fresh, whether its elemental id was made for it just now, so that
   no other row can have it. Marks and look-up rows follow from it. The groups are locked already. Ids as above. */
result_t *annotation_insert(rq_t *rq, const annotation_t *kind, const sql_t *source);

/* The same for rows that the specs of a POST make, with their logs of creation. */
result_t *annotation_create(rq_t *rq, const annotation_t *kind, const specs_t *specs, const sql_t *source);

/* The author that user_elemental_id names, 0 when absent. 403 without full control, 400 when unknown. */
int64_t annotation_author(rq_t *rq, const char *user_elemental_id);

/* The version that a new row goes to when its spec names none (contract/annotations.md §6); 400 when there is none. */
int64_t annotation_version(rq_t *rq);

/* "entity type NAME" for refusals of attributes. */
const char *annotation_owner(rq_t *rq, const char *type_name);

/* Answer to a PATCH: the row as it is now, with its permission by row protections in both modes. */
void annotation_reply(rq_t *rq, const annotation_t *kind, int64_t id, int64_t mark);

/* PATCH of a list (contract/annotations.md §7.6, §8.6): `copied` is called with sources and copies of a new mark, or NULL. */
typedef void (*annotation_copied_pt)(rq_t *rq, const char *sources, const result_t *copies);
void annotation_patch_list(rq_t *rq, const annotation_t *kind, const char *noun, annotation_copied_pt copied);

/* DELETE of a list (§7.7, §8.6). */
void annotation_delete_list(rq_t *rq, const annotation_t *kind, const char *noun, bool in_place);

/* Mark rows as deleted (prune), with one change log. */
void annotation_prune(rq_t *rq, const annotation_t *kind, const char *ids, int64_t first);

specs_t annotation_specs(rq_t *rq, const annotation_t *kind);

/* The result's row of a type of the specs. */
int64_t specs_type(const specs_t *specs, int64_t type);

/* Begin the JSON object of the n-th row in `out` with the members that rows of both kinds have: n, type, version, parent, elemental_id, author,
   attributes. The caller adds his own by specs_member(), and "}". */
void specs_row(rq_t *rq, const specs_t *specs, const json_t *spec, size_t n, text_t *out);
void specs_member(text_t *out, const char *name, const json_t *value);

/* Lock the elemental ids that the specs bring. */
void specs_lock(rq_t *rq, const annotation_t *kind, const specs_t *specs);

/* Hold every row that new localizations will refer to until the transaction ends, as the foreign keys' own checks would: one statement
   instead of seven look-ups a row. Where the role may (a superuser), those checks are then left out for this transaction: 500 rows in
   0.42 of the time (bench: creation; 332 to 139 ms on a busy machine). Fails with 400 when one of them has gone since annotation_specs(). */
void specs_hold(rq_t *rq, const specs_t *specs);

/* All ids in `rq->body`'s member (an id or a list of them), as array text without repetitions. `n`: how many. */
const char *specs_ids(rq_t *rq, const char *name, size_t *n);

/* '{1,2}' of a result's first column. */
const char *annotation_array(rq_t *rq, const result_t *rows);

/* Answer to a DELETE of one row; `row` as it was addressed, `id` of the row that says so now. */
void annotation_deleted(rq_t *rq, const annotation_t *kind, const annotation_row_t *row, int64_t id);

/* Answer to a POST. */
void annotation_created(rq_t *rq, const result_t *rows, const char *noun);

#endif
