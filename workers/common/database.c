/*
 * Blocking PostgreSQL by libpq (database.h).
 */

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "database.h"
#include "log.h"

static void      quiet(void *data, const char *message);
static void      lose(database_t *database, const char *why);
static PGresult *keep(database_t *database, PGresult *result);


void
database_open(database_t *database, const config_t *config)
{
    memset(database, 0, sizeof(*database));
    database->config = config;
}


void
database_close(database_t *database)
{
    PQfinish(database->pg);
    database->pg = NULL;
}


/* Names are those of public: the default path begins with a schema of the role's name, and a role may be called like our own schema. */
bool
database_ready(database_t *database)
{
    arena_t *arena;
    char     listen[100];

    if (database->pg != NULL && PQstatus(database->pg) == CONNECTION_OK) {
        return true;
    }

    database_close(database);

    arena = arena_create(NULL, NULL);
    if (arena == NULL) {
        return false;
    }
    database->pg = PQconnectdb(config_dsn(database->config, arena));
    arena_destroy(arena);

    if (PQstatus(database->pg) != CONNECTION_OK) {
        lose(database, PQerrorMessage(database->pg));
        return false;
    }

    PQsetNoticeProcessor(database->pg, quiet, NULL);
    snprintf(listen, sizeof(listen), "%s%s", database->channel == NULL ? "" : "LISTEN ", database->channel == NULL ? "" : database->channel);

    PQclear(PQexec(database->pg, "SET timezone = 'UTC'; SET client_min_messages = warning; SET search_path = public"));
    if (database->channel != NULL) {
        PQclear(PQexec(database->pg, listen));
    }

    if (database->lost) {
        log_info("the database is back");
        database->lost = false;
    }

    return true;
}


PGresult *
database_run(database_t *database, const sql_t *sql)
{
    if (!database_ready(database)) {
        return NULL;
    }

    return keep(database, PQexecParams(database->pg, sql->text, sql->n, NULL, sql->values, NULL, NULL, 0));
}


PGresult *
database_query(database_t *database, arena_t *arena, const char *format, ...)
{
    sql_t  *sql = sql_new(arena);
    va_list args;

    va_start(args, format);
    sql_vput(sql, format, args);
    va_end(args);

    return database_run(database, sql);
}


int64_t
database_do(database_t *database, arena_t *arena, const char *format, ...)
{
    sql_t    *sql = sql_new(arena);
    va_list   args;
    int64_t   changed;
    PGresult *result;

    va_start(args, format);
    sql_vput(sql, format, args);
    va_end(args);

    result = database_run(database, sql);
    if (result == NULL) {
        return -1;
    }

    changed = strtoll(PQcmdTuples(result), NULL, 10);
    PQclear(result);

    return changed;
}


const char *
database_text(const PGresult *result, int row, int column)
{
    return PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
}


int64_t
database_int(const PGresult *result, int row, int column)
{
    return PQgetisnull(result, row, column) ? 0 : strtoll(PQgetvalue(result, row, column), NULL, 10);
}


void
database_wait(database_t *database, int milliseconds)
{
    PGnotify     *notify;
    struct pollfd ready;

    if (database->pg == NULL || PQstatus(database->pg) != CONNECTION_OK) {
        poll(NULL, 0, milliseconds);
        return;
    }

    if ((notify = PQnotifies(database->pg)) == NULL) {
        ready = (struct pollfd) {.fd = PQsocket(database->pg), .events = POLLIN};

        if (poll(&ready, 1, milliseconds) > 0 && !PQconsumeInput(database->pg)) {
            lose(database, PQerrorMessage(database->pg));
            database_close(database);
            return;
        }
        notify = PQnotifies(database->pg);
    }

    while (notify != NULL) {
        PQfreemem(notify);
        notify = PQnotifies(database->pg);
    }
}


static void
quiet(void *data, const char *message)
{
    (void) data;

    if (strncmp(message, "NOTICE", 6) != 0) {
        log_warning("%s", message);
    }
}


static void
lose(database_t *database, const char *why)
{
    if (!database->lost) {
        log_warning("the database can not be reached: %s", why);
        database->lost = true;
    }
}


static PGresult *
keep(database_t *database, PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
        return result;
    }

    snprintf(database->fault, sizeof(database->fault), "%s", PQerrorMessage(database->pg));
    PQclear(result);

    if (PQstatus(database->pg) != CONNECTION_OK) {
        lose(database, database->fault);
    } else {
        log_error("a statement failed: %s", database->fault);
    }

    return NULL;
}
