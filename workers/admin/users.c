/*
 * tator-admin createsuperuser, setpassword, token: the rows are those that the server itself writes (contract/database.md §5).
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include <tator/password.h>

#include "admin.h"

static int users_store(admin_t *admin, const char *username, char stored[PASSWORD_STORED], const char *password);
static int users_need(admin_t *admin, const char *name, const char **value);


/* An existing user of that name gets the password and becomes staff. */
int
admin_createsuperuser(admin_t *admin)
{
    int         status;
    char        stored[PASSWORD_STORED];
    const char *username, *email, *password, *values[3];

    if (users_need(admin, "username", &username) || users_need(admin, "email", &email) || users_need(admin, "password", &password)
        || users_store(admin, username, stored, password))
    {
        return 1;
    }

    values[0] = username;
    values[1] = email;
    values[2] = stored;

    status = admin_run(admin, "BEGIN", 0, NULL);

    status = status ? status : admin_run(admin,
        "WITH known AS ("
        "    UPDATE main_user SET password = $3, email = $2, is_staff = true, is_superuser = true, is_active = true, failed_login_count = 0"
        "    WHERE username = $1 RETURNING id)"
        " INSERT INTO main_user (password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined,"
        "                        middle_initial, initials, failed_login_count, elemental_id, profile)"
        " SELECT $3, true, $1, '', '', $2, true, true, now(), '', '', 0, gen_random_uuid(), '{}'"
        " WHERE NOT EXISTS (SELECT FROM known)",
        3, values);

    /* as for any new user (contract/accounts.md §4.2) */
    if (status == 0 && admin->config->autocreate_organizations) {
        status = admin_run(admin,
            "WITH fresh AS ("
            "    SELECT id, username FROM main_user u WHERE username = $1"
            "    AND NOT EXISTS (SELECT FROM main_affiliation a WHERE a.user_id = u.id)"
            "    AND NOT EXISTS (SELECT FROM main_invitation i WHERE i.email = u.email AND i.status = 'Pending')),"
            " team AS (INSERT INTO main_organization (name) SELECT username || '''s Team' FROM fresh RETURNING id)"
            " INSERT INTO main_affiliation (permission, organization_id, user_id) SELECT 'Admin', team.id, fresh.id FROM team, fresh",
            1, values);
    }

    return status ? status : admin_run(admin, "COMMIT", 0, NULL);
}


int
admin_setpassword(admin_t *admin)
{
    int         n;
    char        stored[PASSWORD_STORED];
    PGresult   *result;
    const char *username, *password, *values[2];

    if (users_need(admin, "username", &username) || users_need(admin, "password", &password)
        || users_store(admin, username, stored, password))
    {
        return 1;
    }

    values[0] = username;
    values[1] = stored;
    result = admin_query(admin, "UPDATE main_user SET password = $2, failed_login_count = 0 WHERE username = $1", 2, values);
    if (result == NULL) {
        return 1;
    }

    n = atoi(PQcmdTuples(result));
    PQclear(result);

    if (n == 0) {
        fprintf(stderr, "tator-admin: there is no user %s\n", username);
    }

    return n == 0;
}


int
admin_token(admin_t *admin)
{
    char          key[41];
    PGresult     *result;
    const char   *username, *values[2];
    unsigned char bytes[20];

    if (users_need(admin, "username", &username)) {
        return 1;
    }

    if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
        fprintf(stderr, "tator-admin: no randomness\n");
        return 1;
    }

    for (size_t k = 0; k < sizeof(bytes); k++) {
        snprintf(key + 2 * k, 3, "%02x", bytes[k]);
    }

    values[0] = username;
    values[1] = key;

    if (admin_run(admin,
                  "INSERT INTO authtoken_token (key, created, user_id) SELECT $2, now(), id FROM main_user WHERE username = $1"
                  " ON CONFLICT (user_id) DO NOTHING",
                  2, values) != 0)
    {
        return 1;
    }

    result = admin_query(admin, "SELECT t.key FROM authtoken_token t JOIN main_user u ON u.id = t.user_id WHERE u.username = $1", 1, values);
    if (result == NULL || PQntuples(result) == 0) {
        fprintf(stderr, "tator-admin: there is no user %s\n", username);
        PQclear(result);
        return 1;
    }

    printf("%s\n", PQgetvalue(result, 0, 0));
    PQclear(result);

    return 0;
}


static int
users_store(admin_t *admin, const char *username, char stored[PASSWORD_STORED], const char *password)
{
    if (!password_make(stored, password, strlen(password))) {
        fprintf(stderr, "tator-admin: no randomness for the password of %s\n", username);
        return 1;
    }

    return 0;
}


static int
users_need(admin_t *admin, const char *name, const char **value)
{
    *value = admin_option(admin, name);

    if (*value == NULL || **value == '\0') {
        fprintf(stderr, "tator-admin: --%s is needed\n", name);
        return 1;
    }

    return 0;
}
