/*
 * Who may do what: contract/accounts.md §8 (legacy mode) and §9 (fine-grain mode). An operation's row names its class;
 * this layer looks up what the path names, finds the caller's standing in it and refuses before the handler runs.
 */

#ifndef TATOR_ACCESS_H
#define TATOR_ACCESS_H

#include "../core/rq.h"

typedef enum {
    ACCESS_OPEN = 1,  /* anybody; the handler checks for itself */
    ACCESS_SIGNED_IN,
    ACCESS_VIEW,
    ACCESS_EDIT,
    ACCESS_TRANSFER,
    ACCESS_CLONE,
    ACCESS_EXECUTE,
    ACCESS_FULL,
    ACCESS_ORGANIZATION_MEMBER,
    ACCESS_ORGANIZATION_EDIT,
    ACCESS_ORGANIZATION_ADMIN,
    ACCESS_CLASSES
} access_class_t;

/* How a path's object leads to its project or organization. */
typedef struct {
    const char *model; /* in "No MODEL matches the given query." */
    const char *sql;   /* $1 (and $2) are the path parameters; gives the project's or organization's id, or NULL */
    const char *keys[3]; /* the path parameters bound, ended by NULL; default {"id"} */
    bool        own;     /* the caller's id is bound after them: only his own rows are there */
    /* SQL of the caller's effective permission on the row in fine-grain mode; $1 user, then the keys */
    const char *permission;
} lookup_t;

/* Run the check of rq->endpoint: fills rq->project …, or fails with 404, 400 (no credentials) or 403. */
void access_check(rq_t *rq);

/* The same check of another project (a clone's destination): fails with 404, 400 or 403. */
void access_project(rq_t *rq, int64_t project, access_class_t access);

/* true when the caller's first affiliation row with the organization exists (and is Admin). */
bool access_affiliated(rq_t *rq, int64_t organization, bool admin);

/* true when the request's method only reads: GET, HEAD, OPTIONS. */
bool access_reads(const rq_t *rq);

#endif
