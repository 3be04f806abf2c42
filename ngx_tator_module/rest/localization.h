/*
 * Localizations: what their two files share.
 */

#ifndef TATOR_REST_LOCALIZATION_H
#define TATOR_REST_LOCALIZATION_H

#include "annotation.h"

extern const column_t localization_columns[], localization_list_columns[], localization_csv_columns[];

void localization_list(rq_t *rq);
void localization_count(rq_t *rq);
void localization_create(rq_t *rq);
void localization_patch_list(rq_t *rq);
void localization_delete_list(rq_t *rq);

#endif
