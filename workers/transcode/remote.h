/*
 * The broker's services, as the process that reads foreign media uses them: from any thread.
 */

#ifndef TRANSCODE_REMOTE_H
#define TRANSCODE_REMOTE_H

#include <jansson.h>

#include "destination.h"

/* Before any other call: the process's ends of the lanes, which are then its own. */
void remote_start(const int lanes[]);

/* The job. The caller owns it; NULL: the fault is noted. */
json_t *remote_task(fault_t *fault);

/* A source by its number: the lane that it holds from then on, and its size. -1: the fault is noted. */
int     remote_source_open(int number, int64_t *size, fault_t *fault);
int64_t remote_source_read(int lane, int64_t offset, void *data, size_t len, fault_t *fault);
void    remote_source_close(int lane);

/* Results of a media: the job's own, or one from remote_media_make(); -1 - N: the foreign bucket of entry N of archive_config. NULL: no memory, the fault is noted. */
destination_t *remote_destination_open(int64_t media, fault_t *fault);
void           remote_destination_close(destination_t *destination);

/* The media as REST tells it. The caller owns it; NULL: the fault is noted. */
json_t *remote_media(int64_t media, fault_t *fault);

/* Make a media in the job's project. Owns `spec`. 0: the fault is noted. */
int64_t remote_media_make(json_t *spec, fault_t *fault);

/* Remove the media that was made for this job. */
bool remote_media_drop(int64_t media, fault_t *fault);

/* Types of annotations as REST tells them: {Localizations: […], States: […]}. The caller owns it; NULL: the fault is noted. */
json_t *remote_types(fault_t *fault);

/* Annotations: `kind` Localizations or States. How many an earlier try has made (-1: the fault is noted); make more, owns `list`. */
int64_t remote_annotated(int64_t media, const char *kind, int64_t type, fault_t *fault);
bool    remote_annotate(const char *kind, json_t *list, fault_t *fault);

#endif
