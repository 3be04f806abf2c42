/*
 * One row describes an operation once: routing, validation, defaults, permission, the OpenAPI document and docs come
 * from it. Each resource's file ends its tables with its endpoint table; api/router.c lists the tables.
 */

#ifndef TATOR_ENDPOINT_H
#define TATOR_ENDPOINT_H

#include "../core/rq.h"
#include "access.h"
#include "schema.h"

typedef enum { METHOD_GET = 1, METHOD_POST, METHOD_PUT, METHOD_PATCH, METHOD_DELETE } method_t;

/* The first of a row says the method and who may call: {GET(VIEW), "/rest/Media/{id}", "GetMedia", …}. A row without a class of
   access.h does not compile. */
#define GET(class)    METHOD_GET, ACCESS_##class
#define POST(class)   METHOD_POST, ACCESS_##class
#define PUT(class)    METHOD_PUT, ACCESS_##class
#define PATCH(class)  METHOD_PATCH, ACCESS_##class
#define DELETE(class) METHOD_DELETE, ACCESS_##class

typedef void (*handler_pt)(rq_t *rq);

struct endpoint_s {
    method_t        method;
    access_class_t  access;
    const char     *path;      /* "/rest/Media/{id}" */
    const char     *operation; /* operationId: clients make their function names of it */
    handler_pt      handler;   /* NULL: not there yet, answers 501 */
    const lookup_t *lookup;    /* the row that the path names; NULL: {project} or {organization} themselves, or none */

    const field_t  *params[8]; /* lists of parameters (shared ones among them), ended by NULL */
    const schema_t *body;      /* the JSON body; NULL: none */
    const schema_t *reply;     /* the documented answer; NULL: none declared */
    int             status;    /* the documented status of it; 0: 201 for POST, 200 otherwise */
    unsigned        flags;
    const char     *doc;
};

#define BODY_OPTIONAL 0x001 /* the operation works without a body; then none of its defaults exist */
#define BODY_LIST     0x002 /* one object or a list of at most 500 (no lenient casts) */
#define REPLY_LIST    0x004 /* the answer is a list of .reply */
#define REPLY_IMAGE   0x008 /* image or video bytes */
#define STREAMED      0x010 /* list in the streaming formats of contract/queries.md §4 */
#define NO_ERRORS     0x020 /* documents no 400 and 404 */
#define OPEN_SCHEMA   0x040 /* documented without description of the answer's body */
#define DOCUMENTS_503 0x080 /* documents a 503 without body, too */
#define OWN_ERRORS    0x100 /* framework's error form {"detail": …} (contract/accounts.md §2) */
#define CREDENTIALS   0x200 /* gives or makes credentials: tator_rate_limit_credentials holds */
#define NO_CREDENTIALS 0x400 /* an identity provider's tokens are not looked at: it gives new ones */
#define WITH_OKTA     0x800 /* documented only where OKTA_ENABLED is set */

#define BODY_LIST_LIMIT 500

extern const endpoint_t *const endpoint_tables[]; /* each ends with a row without path; the list ends with NULL */

#endif
