/*
 * Leaves: what their files share.
 */

#ifndef TATOR_REST_LEAF_H
#define TATOR_REST_LEAF_H

#include "common.h"
#include "../api/columns.h"

extern const column_t leaf_columns[];

void leaf_list(rq_t *rq);
void leaf_count(rq_t *rq);
void leaf_create(rq_t *rq);
void leaf_patch_list(rq_t *rq);
void leaf_delete_list(rq_t *rq);
void leaf_suggestion(rq_t *rq);

/*
 * The tree of a project while it is changed: whoever moves or deletes takes it alone, whoever adds shares it, so that the paths
 * that are written follow from the names and parents that are there. In the open transaction.
 */
void leaf_lock(rq_t *rq, bool alone);

/* The part of a path that a name makes (contract/annotations.md §10), as SQL of the column or value `name`. */
#define LEAF_LABEL(name) "translate(" name ", ' -()', '____')"

#endif
