/*
 * PostgreSQL for workers: one blocking connection that comes back by itself. Statements are those of <tator/sql.h>; a fault is logged and
 * gives NULL. Not shared between threads.
 */

#ifndef TATOR_WORKER_DATABASE_H
#define TATOR_WORKER_DATABASE_H

#include <stdbool.h>

#include <libpq-fe.h>
#include <tator/config.h>
#include <tator/sql.h>

typedef struct {
    const config_t *config;
    PGconn         *pg;      /* NULL: not connected */
    const char     *channel; /* to listen to after each connect; NULL: none */
    bool            lost;    /* said so already */
    char            fault[400]; /* of the last statement */
} database_t;

/* Connects when it is first needed. `config` must outlive it. */
void database_open(database_t *database, const config_t *config);
void database_close(database_t *database);

/* true: there is a connection, now or after another try. */
bool database_ready(database_t *database);

/* Run one statement; the caller clears the result. NULL: it failed. */
PGresult *database_run(database_t *database, const sql_t *sql);
PGresult *database_query(database_t *database, arena_t *arena, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same for statements whose rows nobody asks for: how many rows it changed, -1: it failed. */
int64_t database_do(database_t *database, arena_t *arena, const char *format, ...) __attribute__((format(printf, 3, 4)));

const char *database_text(const PGresult *result, int row, int column); /* NULL for SQL NULL */
int64_t     database_int(const PGresult *result, int row, int column);  /* 0 for SQL NULL */

/* Wait for a notification or until `milliseconds` have passed. */
void database_wait(database_t *database, int milliseconds);

#endif
