/*
 * Files of media that the server fetches itself: images go to the workers, thumbnails of videos are stored at once
 * (contract/media.md §12).
 */

#ifndef TATOR_MEDIA_IMPORT_H
#define TATOR_MEDIA_IMPORT_H

#include "media_create.h"

/*
 * Fetch and store what thumbnail_url and thumbnail_gif_url of a new media that is no image name, and tag the upload of its
 * url; in the open transaction. Fails with 400 when one can not be had.
 */
void media_import_thumbnails(rq_t *rq, media_plan_t *plan);

/* Enqueue the import of each new image with a url, after the commit. When the queue can not be reached the rows go again, 503. */
void media_import_images(rq_t *rq, media_plan_t **plans, size_t n);

/* The uploaded object that the URL leads to gets the media's id as a tag, where the store can; other URLs are left alone. */
void media_import_tag(rq_t *rq, int64_t media, const char *url);

/* The size of the uploaded object that the URL leads to; -1: another URL, or no such object. */
int64_t media_import_size(rq_t *rq, const char *url);

/* New media go as if they had never been: their job could not be given to the queue. */
void media_import_undo(rq_t *rq, const int64_t *media, size_t n);

/* The REST address that workers are to call. */
const char *media_import_host(rq_t *rq);

#endif
