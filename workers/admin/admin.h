/* tator-admin: what its commands share. Each command gets a connection and its own arguments, and returns an exit status. */

#ifndef TATOR_ADMIN_H
#define TATOR_ADMIN_H

#include <libpq-fe.h>

#include <tator/config.h>

typedef struct {
    PGconn         *pg;
    arena_t        *arena;
    const config_t *config;
    int             argc; /* after the command's name */
    char          **argv;
} admin_t;

/* The value after --NAME, or NULL. */
const char *admin_option(const admin_t *admin, const char *name);

/* Run a statement; NULL and a line on stderr when it fails. The caller clears the result. */
PGresult *admin_query(const admin_t *admin, const char *sql, int n, const char *const *values);

/* The same for statements without rows, several in one text allowed when n is 0. 0: done. */
int admin_run(const admin_t *admin, const char *sql, int n, const char *const *values);

int admin_migrate(admin_t *admin);
int admin_createsuperuser(admin_t *admin);
int admin_setpassword(admin_t *admin);
int admin_token(admin_t *admin);
int admin_convert(admin_t *admin);

#endif
