/*
 * Who may do what: contract/accounts.md §8 (legacy mode) and §9 (fine-grain mode). An operation's row names its class; one table
 * says what a class asks for in each mode (access.c). This layer looks up what the path names, finds the caller's standing in it and
 * refuses before the handler runs. In fine-grain mode it has to know the rows behind a path, too: the table of nouns (rest/models.c).
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

/* Bits of a mask's byte (contract/accounts.md §9.1). */
#define PERMISSION_EXIST   0x01
#define PERMISSION_READ    0x02
#define PERMISSION_CREATE  0x04
#define PERMISSION_MODIFY  0x08
#define PERMISSION_DELETE  0x10
#define PERMISSION_EXECUTE 0x20
#define PERMISSION_UPLOAD  0x40
#define PERMISSION_ACL     0x80
#define PERMISSION_VISIBLE (PERMISSION_EXIST | PERMISSION_READ)
#define PERMISSION_FULL    0xFF

/* How a path's object leads to its project or organization. */
typedef struct {
    const char *model; /* in "No MODEL matches the given query." */
    const char *sql;   /* $1 (and $2) are the path parameters; gives the project's or organization's id, or NULL */
    const char *keys[3]; /* the path parameters bound, ended by NULL; default {"id"} */
    bool        own;     /* the caller's id is bound after them: only his own rows are there */
} lookup_t;

/* The rows that a request is about, those that the caller sees: how many, and the AND of their masks. */
typedef struct {
    int64_t n, mask;
} rights_t;

/* What fine-grain mode knows of a sort of rows. */
typedef struct {
    const char *name;       /* "Section" */
    int         shift;      /* of the project's or organization's mask, down to these rows */
    const char *permission; /* SQL function of (user, id) where rows have masks of their own; NULL: all have the owner's, shifted */
    const char *rows;       /* "main_section t WHERE t.project = %ld": those of an owner */
    bool        own;        /* among them only the caller's: column t."user" */
    /* The rows that the parameters select, without paging and with all marks; NULL: all of the owner's. */
    rights_t  (*selected)(rq_t *rq);
    /* What the rows named by the specs of a creation leave of the project's mask for it; NULL: that mask, shifted. */
    int64_t   (*parents)(rq_t *rq);
} model_t;

/* A path's first segment behind /rest. */
typedef struct {
    const char    *noun; /* "Sections" */
    const model_t *model;
    bool           refused; /* a row that the caller does not see is refused (403) instead of missing (404) */
} noun_t;

extern const noun_t access_nouns[]; /* ended by a row without noun; sorted */

/* Run the check of rq->endpoint: fills rq->project …, or fails with 404, 400 (no credentials) or 403. */
void access_check(rq_t *rq);

/* The same check of a project that a handler looked up (a job's, a clone's destination): fails with 404, 400 or 403. */
void access_project(rq_t *rq, int64_t project, access_class_t access);

/* true when the caller's first affiliation row with the organization exists (and is Admin). */
bool access_affiliated(rq_t *rq, int64_t organization, bool admin);

/* true when the request's method only reads: GET, HEAD, OPTIONS. */
bool access_reads(const rq_t *rq);

/* The caller's mask by the row protections, in both modes: on a project, and by an SQL function of (user, id). */
int64_t access_project_mask(rq_t *rq, int64_t project);
int64_t access_mask(rq_t *rq, const char *permission, int64_t id);

/* In fine-grain mode: the caller sees a row that the path does not name, and has these bits on it; else 404, 403. */
void access_row(rq_t *rq, const char *model, const char *permission, int64_t id, int64_t mask);

/* The operation of a table whose rows are not among access_nouns, or of access_nouns itself a row out of order; NULL: all are known. */
struct endpoint_s;
const char *access_unknown(const struct endpoint_s *const *tables);

/* 400 without credentials. */
void access_credentials(rq_t *rq);

/* --- access_fine.c, for access.c --- */

void    access_fine_project(rq_t *rq, int64_t project, int64_t mask);
void    access_fine_organization(rq_t *rq, int64_t mask);
void    access_fine_owner(rq_t *rq, int64_t project, int64_t mask);
int64_t access_lookup(rq_t *rq);
int64_t access_viewer(rq_t *rq);
const noun_t *access_noun(const char *path);

#endif
