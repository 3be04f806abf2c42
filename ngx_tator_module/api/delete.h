/*
 * Physical deletion by the rules of contract/database.md §4: the database has foreign keys without actions, so whoever
 * deletes a row removes or clears everything that refers to it. The rules are one table in lib/deletion.c; handlers
 * only name what goes.
 */

#ifndef TATOR_DELETE_H
#define TATOR_DELETE_H

#include "../core/rq.h"

/*
 * Delete rows of a table with all that hangs on them, in the open transaction of the caller. `ids` is a PostgreSQL array
 * text, '{1,2}' (sql_int_array()). Fails with 400 when a protecting row refers to one of them; nothing is changed then.
 * Returns how many rows of `table` went. Stored objects are not touched: ask delete_media_paths() before.
 */
int64_t delete_rows(rq_t *rq, const char *table, const char *ids);

/*
 * Paths of all stored objects of these media (contract/media.md §6: archival, streaming with segment_info, audio, image,
 * attachment, thumbnail, thumbnail_gif), without URLs, as a list of texts owned by the request. After the deletion is committed each may
 * be dropped when no resource row holds it any more.
 */
json_t *delete_media_paths(rq_t *rq, const char *ids);

/*
 * Soft-delete instances of a type before the type goes (contract/annotations.md §4): one change log for all of them, `meta`
 * stays until the type's row is deleted. `entity` is media, localization, state, leaf or file. Returns how many rows the type has.
 */
int64_t delete_instances(rq_t *rq, const char *entity, int64_t type);

/*
 * Soft-delete rows of an entity table (deleted, modified_datetime, modified_by) with one change log for each call; rows that are deleted already
 * stay as they are. `ids` as above. Returns how many changed. No change log when none did.
 */
int64_t delete_softly(rq_t *rq, const char *entity, const char *ids);

#endif
