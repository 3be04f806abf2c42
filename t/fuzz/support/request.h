/*
 * A request for fuzz targets of what stands between parameters and SQL: the process around it is missing, so refusals leave by
 * longjmp, and the database answers with rows of one made-up project. Nothing here is tested; the files that a target links are.
 */

#ifndef TATOR_FUZZ_REQUEST_H
#define TATOR_FUZZ_REQUEST_H

#include <setjmp.h>

#include "net/pg.h"

typedef struct {
    rq_t        rq; /* first */
    config_t    config;
    jmp_buf     refused;
    int         status;  /* of the refusal */
    const char *message;
    const char *section_dtype;          /* of every section that is asked for */
    json_t     *object_search, *related_search; /* of it */
} fuzz_request_t;

/* One of the attribute types that the made-up types have, as JSON text: one of each dtype. */
extern const char fuzz_attribute_types[];

/* A request without parameters; its arena ends it. */
fuzz_request_t *fuzz_request_new(void);
void            fuzz_request_end(fuzz_request_t *request);

/* Aborts unless the statement is well formed: ASCII, brackets and quotes closed, and just the values $1 … $n in its text. */
void fuzz_statement(const sql_t *sql);

/* Aborts unless the refusal is a proper one: 400 or 404, and a message that is one line of UTF-8. */
void fuzz_refusal(const fuzz_request_t *request);

#endif
