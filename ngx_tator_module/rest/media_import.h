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

#endif
