/*
 * States: what their files share.
 */

#ifndef TATOR_REST_STATE_H
#define TATOR_REST_STATE_H

#include "annotation.h"

extern const column_t state_object_columns[], state_list_columns[], state_csv_columns[];

void state_list(rq_t *rq);
void state_count(rq_t *rq);
void state_create(rq_t *rq);
void state_patch_list(rq_t *rq);
void state_delete_list(rq_t *rq);

/* Give copies the media and localizations of their sources: array text, and rows of ids in the same order. */
void state_copy_links(rq_t *rq, const char *sources, const result_t *copies);

/* Runs of consecutive frames as JSON, [[first, last], …]; sorts `frames`. Without frames [[null, null]] (contract/annotations.md §8.3). */
const char *state_segments(rq_t *rq, int64_t *frames, size_t n);

/* After the localizations of a state changed: their media are added to it; gives the new segments, to be stored with the row. */
const char *state_links_changed(rq_t *rq, int64_t id);

#endif
