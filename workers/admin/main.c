/*
 * tator-admin: the command line for operators. It reads the same environment as the server and speaks to the same database.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin.h"
#include "common/log.h"
#include "common/settings.h"
#include "jobs/jobs.h"

typedef struct {
    const char *name, *usage, *doc;
    int (*run)(admin_t *admin);
} command_t;

static const command_t commands[] = {
    {"migrate", "[--sql-dir DIR]", "make or update the database's tables; safe to repeat", admin_migrate},
    {"createsuperuser", "--username NAME --email ADDRESS --password TEXT", "make a staff user, or set his password", admin_createsuperuser},
    {"setpassword", "--username NAME --password TEXT", "set a user's password", admin_setpassword},
    {"token", "--username NAME", "print a user's API token, making one when there is none", admin_token},
    {"convert-permissions", "", "groups and row protections for all memberships, for the change to fine-grain mode; safe to repeat",
     admin_convert},
};

static int  maintain(const maintenance_t *job, const config_t *config, admin_t *admin);
static const char *option(void *data, const char *name);
static void stop(int number);
static int  usage(void);
static void quiet(void *data, const char *message);


int
main(int argc, char **argv)
{
    int              status = 1;
    config_t         config;
    admin_t          admin = {0};
    const command_t *command = NULL;
    const maintenance_t *job = argc > 1 ? maintenance_find(argv[1]) : NULL;

    for (size_t k = 0; argc > 1 && k < sizeof(commands) / sizeof(commands[0]); k++) {
        if (strcmp(argv[1], commands[k].name) == 0) {
            command = &commands[k];
        }
    }

    if (command == NULL && job == NULL) {
        return usage();
    }

    admin.arena = settings_read(&config, "tator-admin");
    if (admin.arena == NULL) {
        return 1;
    }

    admin.config = &config;
    admin.argc = argc - 2;
    admin.argv = argv + 2;

    if (job != NULL) {
        status = maintain(job, &config, &admin);
        goto done;
    }

    admin.pg = PQconnectdb(config_dsn(&config, admin.arena));

    if (PQstatus(admin.pg) != CONNECTION_OK) {
        fprintf(stderr, "tator-admin: %s", PQerrorMessage(admin.pg));
        goto done;
    }

    PQsetNoticeProcessor(admin.pg, quiet, NULL);

    /* the default path begins with a schema of the role's name, and a role may be called like our own schema */
    status = admin_run(&admin, "SET timezone = 'UTC'; SET client_min_messages = warning; SET search_path = public", 0, NULL);
    if (status == 0) {
        status = command->run(&admin);
    }

done:

    PQfinish(admin.pg);
    arena_destroy(admin.arena);

    return status;
}


const char *
admin_option(const admin_t *admin, const char *name)
{
    size_t len = strlen(name);

    for (int k = 0; k < admin->argc; k++) {
        if (strncmp(admin->argv[k], "--", 2) != 0 || strncmp(admin->argv[k] + 2, name, len) != 0) {
            continue;
        }
        if (admin->argv[k][len + 2] == '=') {
            return admin->argv[k] + len + 3;
        }
        if (admin->argv[k][len + 2] == '\0' && k + 1 < admin->argc) {
            return admin->argv[k + 1];
        }
    }

    return NULL;
}


PGresult *
admin_query(const admin_t *admin, const char *sql, int n, const char *const *values)
{
    PGresult *result;

    result = n == 0 ? PQexec(admin->pg, sql) : PQexecParams(admin->pg, sql, n, NULL, values, NULL, NULL, 0);

    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK) {
        fprintf(stderr, "tator-admin: %s", PQerrorMessage(admin->pg));
        PQclear(result);
        return NULL;
    }

    return result;
}


int
admin_run(const admin_t *admin, const char *sql, int n, const char *const *values)
{
    PGresult *result;

    result = admin_query(admin, sql, n, values);
    if (result == NULL) {
        return 1;
    }

    PQclear(result);

    return 0;
}


/* A maintenance job, by hand. */
static int
maintain(const maintenance_t *job, const config_t *config, admin_t *admin)
{
    int        status;
    work_t     work = {.config = config, .option = option, .data = admin};
    database_t database;

    log_open("tator-admin");
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = stop}, NULL);
    sigaction(SIGINT, &(struct sigaction){.sa_handler = stop}, NULL);

    database_open(&database, config);
    work.database = &database;
    status = job->run(&work);
    database_close(&database);

    return status;
}


static const char *
option(void *data, const char *name)
{
    return admin_option(data, name);
}


static void
stop(int number)
{
    (void) number;
    jobs_stopping = 1;
}


static int
usage(void)
{
    fprintf(stderr, "usage: tator-admin COMMAND\n\n");

    for (size_t k = 0; k < sizeof(commands) / sizeof(commands[0]); k++) {
        fprintf(stderr, "  %s %s\n      %s\n", commands[k].name, commands[k].usage, commands[k].doc);
    }

    fprintf(stderr, "\nmaintenance, which tator-cron runs by itself:\n\n");

    for (const maintenance_t *job = maintenance_jobs; job->name != NULL; job++) {
        fprintf(stderr, "  %s %s\n      %s\n", job->name, job->usage, job->doc);
    }

    return 2;
}


static void
quiet(void *data, const char *message)
{
    if (strncmp(message, "NOTICE", 6) != 0) {
        fputs(message, stderr);
    }
}
