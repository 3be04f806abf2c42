-- Row protections in bulk. The functions of one target are faster (whom a row is for is looked up once, not for every row), and lists get
-- the caller's masks of a whole project at once: two arrays, ids in order and the mask that begins at each, so that
-- masks[width_bucket(id, keys)] finds a row's mask in a binary search, without a join. Ids without a protection that matches have the
-- project's mask of that level.

DO $$
DECLARE
    target text;
    -- function's name and column of main_rowprotection
    targets constant text[][] := '{{project,project_id},{section,section_id},{version,version_id},{file,file_id},{algorithm,algorithm_id},
                                   {organization,target_organization_id},{group,target_group_id}}';
    listed constant text[][] := '{{section,project},{version,project_id},{file,project}}';
BEGIN
    FOR k IN 1 .. array_length(targets, 1) LOOP
        EXECUTE format($f$
            CREATE OR REPLACE FUNCTION tator.%1$s_protection(who integer, target integer) RETURNS bigint LANGUAGE sql STABLE AS $b$
                SELECT bit_or(p.permission) FROM main_rowprotection p
                WHERE p.%2$s = target
                AND (p.user_id = who
                     OR p.group_id IN (SELECT m.group_id FROM main_groupmembership m WHERE m.user_id = who)
                     OR p.organization_id IN (SELECT a.organization_id FROM main_affiliation a WHERE a.user_id = who))
            $b$ $f$, targets[k][1], targets[k][2]);
    END LOOP;

    FOR k IN 1 .. array_length(listed, 1) LOOP
        EXECUTE format($f$
            CREATE OR REPLACE FUNCTION tator.%1$s_masks(who integer, owner integer, OUT keys integer[], OUT masks bigint[])
            LANGUAGE sql STABLE AS $b$
                WITH otherwise AS MATERIALIZED (SELECT tator.project_permission(who, owner) >> 8 AS mask),
                own AS MATERIALIZED (
                    SELECT t.id, bit_or(p.permission) AS mask FROM main_%1$s t JOIN main_rowprotection p ON p.%1$s_id = t.id
                    WHERE t.%2$s = owner
                    AND (p.user_id = who
                         OR p.group_id IN (SELECT m.group_id FROM main_groupmembership m WHERE m.user_id = who)
                         OR p.organization_id IN (SELECT a.organization_id FROM main_affiliation a WHERE a.user_id = who))
                    GROUP BY t.id
                ),
                step AS (
                    SELECT -2147483648 AS id, mask FROM otherwise
                    UNION ALL SELECT id, mask FROM own
                    UNION ALL SELECT o.id + 1, otherwise.mask FROM own o, otherwise WHERE NOT EXISTS (SELECT FROM own n WHERE n.id = o.id + 1)
                )
                SELECT array_agg(id ORDER BY id), array_agg(mask ORDER BY id) FROM step
            $b$ $f$, listed[k][1], listed[k][2]);
    END LOOP;
END
$$;

DROP FUNCTION IF EXISTS tator.subject_matches(main_rowprotection, integer);
