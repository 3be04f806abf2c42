/*
 * What the files of the resource Media share.
 */

#ifndef TATOR_MEDIA_H
#define TATOR_MEDIA_H

#include "../api/columns.h"
#include "common.h"

/* A media on the alias t (main_media t): single objects, and lists with their form of instants. */
extern const column_t media_columns[], media_list_columns[];

/* Handlers of media_create.c, media_update.c and media_delete.c. */
void media_post(rq_t *rq);
void media_patch(rq_t *rq);
void media_patch_list(rq_t *rq);
void media_delete(rq_t *rq);
void media_delete_list(rq_t *rq);

/* The ids that the request's query selects, in its order, and the array text of them. Checks `count`: fails with 400 when other than
   that many would be changed; `verb` is "update" or "delete". */
typedef struct {
    int64_t     n;
    int64_t    *ids;
    const char *array;
} media_selection_t;

media_selection_t media_selected(rq_t *rq, unsigned flags, const char *verb);

/*
 * Presigned URLs in media_files (contract/annotations.md §5.2, media.md §7).
 */
typedef struct media_presign_s media_presign_t;

/* Read `presigned`, `no_cache` and `presign_only`; NULL when no URLs are asked for. */
media_presign_t *media_presign_start(rq_t *rq);

/* A column with what media_presign_files() needs to know of the row's resources; on the alias t. */
extern const column_t media_resources_column;

/* media_files (JSON text; NULL: null) with URLs in place of keys. `resources` is the value of the column above. */
const char *media_presign_files(rq_t *rq, media_presign_t *presign, const char *media_files, const char *resources);

#endif
