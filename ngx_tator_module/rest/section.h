/*
 * Sections, for the permissions (models.c).
 */

#ifndef TATOR_REST_SECTION_H
#define TATOR_REST_SECTION_H

#include "../api/access.h"

/* The caller's rights on the sections that the parameters select. */
rights_t section_rights(rq_t *rq);

#endif
