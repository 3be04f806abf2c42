/*
 * Results go to a media through REST, as the user who asked for them. Files larger than a part are uploaded while they
 * are made; nothing is kept on disk. What the media has already is not registered a second time, so that a job that was
 * taken over from a dead worker leaves no duplicates.
 */

#ifndef TRANSCODE_PUBLISH_H
#define TRANSCODE_PUBLISH_H

#include "destination.h"

/*
 * The texts must outlive it. With `uploads` (include/tator/queue.h) files go to the addresses there, by name, from an unnamed file;
 * NULL: to those that REST gives out. NULL: no memory.
 */
destination_t *publish_open(const char *host, const char *token, int64_t project, int64_t media, const json_t *uploads,
                            fault_t *fault);
void           publish_close(destination_t *destination);

#endif
