/*
 * Files that the server keeps itself, PROJECT/NAME below TATOR_MEDIA_ROOT (contract/media.md §15): temporary files, algorithms' manifests,
 * pages of applets. NGINX serves them at /media/PROJECT/NAME to members of the project. The life of a new one:
 *
 *     file = own_file_download(rq, project, name, url);      below a name of its own, gone with the request …
 *     tx_begin(rq);  …its row…  tx_commit(rq);
 *     own_file_keep(file);                                   … unless it is kept
 *
 * Disks are waited for in threads.
 */

#ifndef TATOR_OWN_FILE_H
#define TATOR_OWN_FILE_H

#include "../core/rq.h"

#define OWN_FILE_PREFIX "/media/" /* what paths in rows and answers begin with, wherever the folder is */

typedef struct own_file_s own_file_t;

/* Fetch what a user's URL gives into the project's folder. Fails with 403 for an origin that is not allowed, with 400 when it can not be had. */
own_file_t *own_file_download(rq_t *rq, int64_t project, const char *name, const char *url);
void        own_file_keep(own_file_t *file);

/* "report_0123456789abcdef.csv" of any name: its last part, made unique. */
const char *own_file_unique(rq_t *rq, const char *name);

/* The last part of a path, NULL when there is none that can be a file. The extension of a name, with its dot, "" when it has none. */
const char *own_file_name(rq_t *rq, const char *path);
const char *own_file_extension(rq_t *rq, const char *name);

/* `path` is PROJECT/NAME, OWN_FILE_PREFIX before it is fine. Whether there is such a file; its bytes (NULL: none, or more than a megabyte);
   deleting it, where a file that is not there is no fault. */
bool        own_file_is(rq_t *rq, const char *path);
const char *own_file_read(rq_t *rq, const char *path, size_t *len);
void        own_file_delete(rq_t *rq, const char *path);

#endif
