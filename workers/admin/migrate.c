/*
 * tator-admin migrate: numbered SQL files, each recorded in tator.migration with its checksum. One run at a time (advisory lock).
 * A database that the reference made is adopted: the files that would make what it has are recorded as such, and only what is
 * ours is added (contract/database.md §7). A file whose first line is "-- concurrent" runs statement by statement, outside a transaction.
 */

#include <dirent.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "admin.h"

#define MIGRATE_LOCK "742190353"

/* Files up to this name make the reference's own objects; on a database of the reference they are there already. */
#define MIGRATE_LAST_OF_REFERENCE "0006"
#define MIGRATE_TRIGGERS          "0005" /* bodies that may replace the reference's in place */

/* A release 1.5.0 database has all of these (contract/database.md §6.2). */
static const char *const migrate_markers[][2] = {
    {"main_state", "latest_mark"}, {"main_section", "explicit_listing"}, {"main_section", "dtype"}, {"main_media", "primary_section_id"},
    {"main_projectlookup", "project_id"}, {"main_rowprotection", "job_cluster_id"}, {"main_statetype", "extended_info"},
    {"main_project", "extended_info"}, {"main_favorite", "localization_type_id"},
};

static const char *migrate_folder(admin_t *admin);
static int  migrate_lock(admin_t *admin);
static int  migrate_prepare(admin_t *admin, bool *adopting);
static int  migrate_markers_found(admin_t *admin);
static int  migrate_file(admin_t *admin, const char *folder, const char *name, bool adopting);
static int  migrate_apply(admin_t *admin, const char *name, const char *text, const char *sum, bool skip);
static int  migrate_concurrent(admin_t *admin, const char *name, char *text, const char *sum);
static int  migrate_record(admin_t *admin, const char *name, const char *sum);
static char *migrate_read(admin_t *admin, const char *path);
static int  migrate_sql_file(const struct dirent *entry);


int
admin_migrate(admin_t *admin)
{
    int             n, status = 1;
    bool            adopting;
    const char     *folder;
    struct dirent **entries;

    folder = migrate_folder(admin);

    n = scandir(folder, &entries, migrate_sql_file, alphasort);
    if (n <= 0) {
        fprintf(stderr, "tator-admin: no migrations in %s (--sql-dir)\n", folder);
        return 1;
    }

    if (migrate_lock(admin) == 0 && migrate_prepare(admin, &adopting) == 0) {
        status = 0;
        for (int k = 0; k < n && status == 0; k++) {
            status = migrate_file(admin, folder, entries[k]->d_name, adopting);
        }
    }

    for (int k = 0; k < n; k++) {
        free(entries[k]);
    }
    free(entries);

    return status;
}


/* The option, the environment, beside the program, where it was installed to, or the source tree's. */
static const char *
migrate_folder(admin_t *admin)
{
    char        self[1024], *beside;
    ssize_t     len;
    const char *folder;

    folder = admin_option(admin, "sql-dir");
    if (folder == NULL) {
        folder = getenv("TATOR_SQL_DIR");
    }
    if (folder != NULL) {
        return folder;
    }

    len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (len > 0) {
        self[len] = '\0';
        beside = arena_format(admin->arena, "%s/../share/tator/sql", dirname(self));
        if (access(beside, R_OK) == 0) {
            return beside;
        }
    }

    return access(TATOR_SQL_DIR, R_OK) == 0 ? TATOR_SQL_DIR : "sql";
}


/* Asked again and again: a statement that waits would be waited for by the other run's concurrent index builds. */
static int
migrate_lock(admin_t *admin)
{
    bool      locked = false;
    PGresult *result;

    while (!locked) {
        result = admin_query(admin, "SELECT pg_try_advisory_lock(" MIGRATE_LOCK ")", 0, NULL);
        if (result == NULL) {
            return 1;
        }

        locked = strcmp(PQgetvalue(result, 0, 0), "t") == 0;
        PQclear(result);

        if (!locked) {
            usleep(200000);
        }
    }

    return 0;
}


static int
migrate_prepare(admin_t *admin, bool *adopting)
{
    int       status = 1;
    PGresult *result;

    *adopting = false;

    result = admin_query(admin, "SELECT to_regclass('public.main_project') IS NOT NULL, to_regclass('tator.migration') IS NOT NULL", 0, NULL);
    if (result == NULL) {
        return 1;
    }

    if (strcmp(PQgetvalue(result, 0, 0), "t") == 0 && strcmp(PQgetvalue(result, 0, 1), "f") == 0) {
        if (migrate_markers_found(admin) != 0) {
            goto done;
        }
        *adopting = true;
        printf("adopting the database of an existing server\n");
    }

    status = admin_run(admin,
                       "CREATE SCHEMA IF NOT EXISTS tator;"
                       "CREATE TABLE IF NOT EXISTS tator.migration ("
                       "    name text PRIMARY KEY, checksum text NOT NULL, applied timestamptz NOT NULL DEFAULT now())",
                       0, NULL);

done:

    PQclear(result);

    return status;
}


static int
migrate_markers_found(admin_t *admin)
{
    int       missing;
    PGresult *result;

    for (size_t k = 0; k < sizeof(migrate_markers) / sizeof(migrate_markers[0]); k++) {
        result = admin_query(admin,
                             "SELECT FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1 AND column_name = $2",
                             2, migrate_markers[k]);
        if (result == NULL) {
            return 1;
        }

        missing = PQntuples(result) == 0;
        PQclear(result);

        if (missing) {
            fprintf(stderr, "tator-admin: this database is older than release 1.5.0 (%s.%s is missing); upgrade it with the old server first\n",
                    migrate_markers[k][0], migrate_markers[k][1]);
            return 1;
        }
    }

    return 0;
}


static int
migrate_file(admin_t *admin, const char *folder, const char *name, bool adopting)
{
    int           status;
    char         *text, *known, sum[2 * SHA256_DIGEST_LENGTH + 1];
    PGresult     *result;
    const char   *values[1] = {name};
    unsigned char digest[SHA256_DIGEST_LENGTH];

    result = admin_query(admin, "SELECT checksum FROM tator.migration WHERE name = $1", 1, values);
    if (result == NULL) {
        return 1;
    }

    known = PQntuples(result) == 1 ? arena_text(admin->arena, PQgetvalue(result, 0, 0)) : NULL;
    PQclear(result);

    text = migrate_read(admin, arena_format(admin->arena, "%s/%s", folder, name));
    if (text == NULL) {
        return 1;
    }

    SHA256((unsigned char *) text, strlen(text), digest);
    for (int k = 0; k < SHA256_DIGEST_LENGTH; k++) {
        snprintf(sum + 2 * k, 3, "%02x", digest[k]);
    }

    if (known != NULL) {
        if (strcmp(known, sum) != 0) {
            fprintf(stderr, "tator-admin: %s was applied with another text; what it has now is not applied\n", name);
        }
        return 0;
    }

    printf("%s\n", name);

    if (strncmp(text, "-- concurrent\n", 14) == 0) {
        return migrate_concurrent(admin, name, text, sum);
    }

    status = migrate_apply(admin, name, text, sum,
                           adopting && strncmp(name, MIGRATE_LAST_OF_REFERENCE, 4) <= 0 && strncmp(name, MIGRATE_TRIGGERS, 4) != 0);

    return status;
}


/* The file and its record in one transaction. */
static int
migrate_apply(admin_t *admin, const char *name, const char *text, const char *sum, bool skip)
{
    if (admin_run(admin, "BEGIN", 0, NULL) != 0 || (!skip && admin_run(admin, text, 0, NULL) != 0)
        || migrate_record(admin, name, sum) != 0)
    {
        (void) admin_run(admin, "ROLLBACK", 0, NULL);
        return 1;
    }

    return admin_run(admin, "COMMIT", 0, NULL);
}


static int
migrate_concurrent(admin_t *admin, const char *name, char *text, const char *sum)
{
    char *statement, *rest = text;

    /* an index whose build was interrupted is there but invalid, and would never be built again */
    PGresult *result = admin_query(admin,
                                   "SELECT format('DROP INDEX IF EXISTS %I.%I', n.nspname, c.relname) FROM pg_index i"
                                   " JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
                                   " WHERE NOT i.indisvalid AND c.relname LIKE 'tator\\_ix\\_%'", 0, NULL);
    if (result == NULL) {
        return 1;
    }

    for (int k = 0; k < PQntuples(result); k++) {
        if (admin_run(admin, PQgetvalue(result, k, 0), 0, NULL) != 0) {
            PQclear(result);
            return 1;
        }
    }
    PQclear(result);

    while ((statement = strsep(&rest, ";")) != NULL) {
        if (strspn(statement, " \n") == strlen(statement)) {
            continue;
        }
        if (admin_run(admin, statement, 0, NULL) != 0) {
            return 1;
        }
    }

    return migrate_record(admin, name, sum);
}


static int
migrate_record(admin_t *admin, const char *name, const char *sum)
{
    const char *values[2] = {name, sum};

    return admin_run(admin, "INSERT INTO tator.migration (name, checksum) VALUES ($1, $2)", 2, values);
}


static char *
migrate_read(admin_t *admin, const char *path)
{
    long  size;
    char *text = NULL;
    FILE *file;

    file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0 || fseek(file, 0, SEEK_SET) != 0) {
        fprintf(stderr, "tator-admin: %s can not be read\n", path);
        goto done;
    }

    text = arena_zalloc(admin->arena, (size_t) size + 1);
    if (fread(text, 1, (size_t) size, file) != (size_t) size) {
        fprintf(stderr, "tator-admin: %s can not be read\n", path);
        text = NULL;
    }

done:

    if (file != NULL) {
        fclose(file);
    }

    return text;
}


static int
migrate_sql_file(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return len > 4 && strcmp(entry->d_name + len - 4, ".sql") == 0;
}
