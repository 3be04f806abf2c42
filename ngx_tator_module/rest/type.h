/*
 * What media, localization, state, leaf and file types have in common (contract/annotations.md §4): each kind is a row of facts,
 * and its own file keeps creation and change.
 */

#ifndef TATOR_REST_TYPE_H
#define TATOR_REST_TYPE_H

#include "common.h"
#include "../api/columns.h"

typedef struct {
    const char     *entity;      /* "media": main_media has its instances */
    const char     *label;       /* "Media", in messages */
    const char     *model;       /* "MediaType" */
    const char     *table;       /* "main_mediatype" */
    const column_t *columns;     /* on alias t */
    const char     *order;
    const char     *links;       /* "main_localizationtype_media": the media types that it belongs to; NULL: none */
    const char     *link_column; /* "localizationtype_id" */
} type_kind_t;

void type_get(rq_t *rq, const type_kind_t *kind);
void type_list(rq_t *rq, const type_kind_t *kind);
void type_delete(rq_t *rq, const type_kind_t *kind);

/* What a creation gives: members that no schema names do not exist as columns, and the name may not be missing or `filename`: 400. */
void type_check_members(rq_t *rq);

/* Belong to these media types of the project, too; returns how many of them there are. */
int64_t type_link(rq_t *rq, const type_kind_t *kind, int64_t type, const json_t *media_types);

/* The parameter as an argument of %s resp. %p; absent and null are SQL NULL. */
const char   *sql_param(rq_t *rq, const char *name);
const json_t *sql_param_json(rq_t *rq, const char *name);

/* One that must be a UUID, else 400; empty is as good as absent. */
const char *sql_param_uuid(rq_t *rq, const char *name);

/* The parameter must be a localization type of the project: 404, 400. */
void type_check_default(rq_t *rq, const char *name);

#endif
