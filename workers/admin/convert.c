/*
 * tator-admin convert-permissions: memberships and affiliations as groups with row protections (contract/accounts.md §9.7), for a change to
 * fine-grain mode. Each level that is used in a project becomes a group of its organization with that level's mask, "PROJECT LABEL";
 * each organization gets "ORGANIZATION Admin" and "ORGANIZATION User". Memberships stay. Run again, it adds whom the groups lack.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin.h"

/* What is to be there: target's column and id, organization, name, mask, members, and the group, if it is there already. Projects without an
   organization can have no group: their rows have neither, and their members get rows of their own. */
static const char wanted[] =
    "WITH level (letter, label, mask) AS (VALUES ('r', 'View Only', x'0303030303'::bigint), ('w', 'Can Edit', x'1F1F1F1F03'::bigint),"
    "  ('t', 'Can Transfer', x'1F1F5F1F03'::bigint), ('x', 'Can Execute', x'3F1F5F3F23'::bigint), ('a', 'Full Control', x'3F9FDFBFFF'::bigint)),"
    " standing (permission, label, mask) AS (VALUES ('Admin', 'Admin', x'9F009FFF'::bigint), ('Member', 'User', x'1F000103'::bigint)),"
    " member AS (SELECT DISTINCT ON (project, \"user\") project, \"user\" AS id, permission FROM main_membership ORDER BY project, \"user\", id),"
    " affiliate AS (SELECT DISTINCT ON (organization_id, user_id) organization_id, user_id AS id, permission FROM main_affiliation"
    "               ORDER BY organization_id, user_id, id),"
    " row AS ("
    "  SELECT 'project_id' AS kind, p.id, p.organization, left(p.name, 127 - length(l.label)) || ' ' || l.label AS name, l.mask,"
    "         array_agg(m.id) AS members"
    "  FROM member m JOIN main_project p ON p.id = m.project JOIN level l ON l.letter = m.permission GROUP BY p.id, l.label, l.mask"
    "  UNION ALL"
    "  SELECT 'target_organization_id', o.id, o.id, left(o.name, 127 - length(s.label)) || ' ' || s.label, s.mask, array_agg(a.id)"
    "  FROM affiliate a JOIN main_organization o ON o.id = a.organization_id JOIN standing s ON s.permission = a.permission"
    "  GROUP BY o.id, s.label, s.mask"
    " )"
    " SELECT row.kind, row.id, row.organization, row.name, row.mask, row.members, (SELECT min(g.id) FROM main_group g JOIN main_rowprotection r"
    "        ON r.group_id = g.id WHERE g.organization_id = row.organization AND g.name = row.name"
    "        AND CASE row.kind WHEN 'project_id' THEN r.project_id ELSE r.target_organization_id END = row.id)"
    " FROM row ORDER BY row.kind, row.id, row.name";

static const char added[] =
    "INSERT INTO main_groupmembership (group_admin, group_id, user_id) SELECT false, $1::int, m FROM unnest($2::int[]) m"
    " WHERE NOT EXISTS (SELECT FROM main_groupmembership g WHERE g.group_id = $1::int AND g.user_id = m)";

static const char granted[] =
    "INSERT INTO main_rowprotection (created_datetime, permission, project_id, user_id) SELECT now(), $2::bigint, $1::int, m"
    " FROM unnest($3::int[]) m WHERE NOT EXISTS (SELECT FROM main_rowprotection r WHERE r.project_id = $1::int AND r.user_id = m"
    "                                            AND r.permission & $2::bigint = $2::bigint)";

static int  convert(const admin_t *admin, const PGresult *rows, int row);
static long changed(const PGresult *result);


int
admin_convert(admin_t *admin)
{
    int       status = 1;
    long      members = 0;
    PGresult *rows = NULL;

    if (admin_run(admin, "BEGIN", 0, NULL) != 0
        || admin_run(admin, "LOCK TABLE main_group IN SHARE ROW EXCLUSIVE MODE", 0, NULL) != 0)
    {
        return 1;
    }

    rows = admin_query(admin, wanted, 0, NULL);
    if (rows == NULL) {
        goto done;
    }

    for (int row = 0; row < PQntuples(rows); row++) {
        int n = convert(admin, rows, row);

        if (n < 0) {
            goto done;
        }
        members += n;
    }

    status = admin_run(admin, "COMMIT", 0, NULL);
    if (status == 0) {
        printf("%d levels, %ld people added\n", PQntuples(rows), members);
    }

done:

    PQclear(rows);
    return status;
}


/* One row of `wanted`; how many people it let in, or -1. */
static int
convert(const admin_t *admin, const PGresult *rows, int row)
{
    int         n = -1;
    char        group[24];
    PGresult   *result;
    const char *kind = PQgetvalue(rows, row, 0), *id = PQgetvalue(rows, row, 1), *mask = PQgetvalue(rows, row, 4);

    if (PQgetisnull(rows, row, 2)) {
        result = admin_query(admin, granted, 3, (const char *[]) {id, mask, PQgetvalue(rows, row, 5)});
        if (result != NULL) {
            n = (int) changed(result);
            PQclear(result);
        }
        return n;
    }

    snprintf(group, sizeof(group), "%s", PQgetvalue(rows, row, 6));

    if (PQgetisnull(rows, row, 6)) {
        result = admin_query(admin, "INSERT INTO main_group (name, organization_id) VALUES ($1, $2) RETURNING id", 2,
                             (const char *[]) {PQgetvalue(rows, row, 3), PQgetvalue(rows, row, 2)});
        if (result == NULL) {
            return -1;
        }

        snprintf(group, sizeof(group), "%s", PQgetvalue(result, 0, 0));
        PQclear(result);

        if (admin_run(admin,
                      strcmp(kind, "project_id") == 0
                          ? "INSERT INTO main_rowprotection (created_datetime, permission, project_id, group_id) VALUES (now(), $1, $2, $3)"
                          : "INSERT INTO main_rowprotection (created_datetime, permission, target_organization_id, group_id)"
                            " VALUES (now(), $1, $2, $3)",
                      3, (const char *[]) {mask, id, group}) != 0)
        {
            return -1;
        }
    }

    result = admin_query(admin, added, 2, (const char *[]) {group, PQgetvalue(rows, row, 5)});
    if (result != NULL) {
        n = (int) changed(result);
        PQclear(result);
    }

    return n;
}


static long
changed(const PGresult *result)
{
    return atol(PQcmdTuples((PGresult *) result));
}
