/*
 * Making media rows: for POST Medias and POST Transcodes (contract/annotations.md §5.3, media.md §12).
 */

#ifndef TATOR_MEDIA_CREATE_H
#define TATOR_MEDIA_CREATE_H

#include "../api/columns.h"

/* What a spec comes to: everything is checked, nothing is written yet. */
typedef struct {
    json_t     *spec;
    int         status;      /* 0: can be created; else the answer that it deserves … */
    const char *problem;     /* … and its message */
    int64_t     type, author;
    const char *dtype;
    int64_t     section;     /* 0: none; or to be made: */
    const char *new_section; /* name of the folder to make */
    const char *sections;    /* attribute tator_user_sections; NULL: that of the new folder */
    json_t     *attributes;
    int64_t     id;          /* after media_insert() */
} media_plan_t;

/* Check one spec in project rq->project. Members as in POST Medias; the type may be -1. Never fails by itself. */
media_plan_t *media_plan(rq_t *rq, json_t *spec);

/* Insert the row, its section when that is new, the creation's change log; in the open transaction of the caller. Leaves plan->id and plan->section. */
void media_insert(rq_t *rq, media_plan_t *plan);

/*
 * Both in one: fails with the plan's problem (400, 403, 404). In the open transaction of the caller. Imports nothing: the caller
 * fetches or transcodes afterwards. Returns the new media's id; `section` (may be NULL) gets its section's id, 0 for none.
 */
int64_t media_create(rq_t *rq, json_t *spec, int64_t *section);

/* The project's folder of that name in any case, made when there is none; in the open transaction of the caller. `sections` gets its
   tator_user_sections, NULL when it has none. */
void media_folder(rq_t *rq, int64_t project, const char *name, int64_t *section, const char **sections);

#endif
