-- Effective permissions by row protections (both modes compute them for some answers; in fine-grain mode they decide). A mask is
-- bytes: the lowest is about the row itself, the next about rows one level below. A nearer target replaces a farther one; rows of
-- one target are OR-ed; NULL is "no row at all", which is not the same as 0.

CREATE OR REPLACE FUNCTION tator.subject_matches(p main_rowprotection, who integer) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT p.user_id = who
        OR p.group_id IN (SELECT group_id FROM main_groupmembership WHERE user_id = who)
        OR p.organization_id IN (SELECT organization_id FROM main_affiliation WHERE user_id = who)
$$;

CREATE OR REPLACE FUNCTION tator.project_protection(who integer, target integer) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT bit_or(p.permission) FROM main_rowprotection p
    WHERE p.project_id = target AND tator.subject_matches(p, who) IS TRUE
$$;

CREATE OR REPLACE FUNCTION tator.section_protection(who integer, target integer) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT bit_or(p.permission) FROM main_rowprotection p
    WHERE p.section_id = target AND tator.subject_matches(p, who) IS TRUE
$$;

CREATE OR REPLACE FUNCTION tator.version_protection(who integer, target integer) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT bit_or(p.permission) FROM main_rowprotection p
    WHERE p.version_id = target AND tator.subject_matches(p, who) IS TRUE
$$;

CREATE OR REPLACE FUNCTION tator.file_protection(who integer, target integer) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT bit_or(p.permission) FROM main_rowprotection p
    WHERE p.file_id = target AND tator.subject_matches(p, who) IS TRUE
$$;

CREATE OR REPLACE FUNCTION tator.algorithm_protection(who integer, target integer) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT bit_or(p.permission) FROM main_rowprotection p
    WHERE p.algorithm_id = target AND tator.subject_matches(p, who) IS TRUE
$$;

CREATE OR REPLACE FUNCTION tator.organization_protection(who integer, target integer) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT bit_or(p.permission) FROM main_rowprotection p
    WHERE p.target_organization_id = target AND tator.subject_matches(p, who) IS TRUE
$$;

CREATE OR REPLACE FUNCTION tator.group_protection(who integer, target integer) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT bit_or(p.permission) FROM main_rowprotection p
    WHERE p.target_group_id = target AND tator.subject_matches(p, who) IS TRUE
$$;

CREATE OR REPLACE FUNCTION tator.project_permission(who integer, target integer) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT coalesce(tator.project_protection(who, target), 0)
$$;

CREATE OR REPLACE FUNCTION tator.organization_permission(who integer, target integer) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT coalesce(tator.organization_protection(who, target), 0)
$$;

CREATE OR REPLACE FUNCTION tator.group_permission(who integer, target integer) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT coalesce(tator.group_protection(who, target),
                    (SELECT tator.organization_permission(who, g.organization_id) >> 24 FROM main_group g WHERE g.id = target), 0)
$$;

CREATE OR REPLACE FUNCTION tator.section_permission(who integer, target integer) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT coalesce(tator.section_protection(who, target),
                    (SELECT tator.project_permission(who, t.project) >> 8 FROM main_section t WHERE t.id = target), 0)
$$;

CREATE OR REPLACE FUNCTION tator.version_permission(who integer, target integer) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT coalesce(tator.version_protection(who, target),
                    (SELECT tator.project_permission(who, t.project_id) >> 8 FROM main_version t WHERE t.id = target), 0)
$$;

CREATE OR REPLACE FUNCTION tator.file_permission(who integer, target integer) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT coalesce(tator.file_protection(who, target),
                    (SELECT tator.project_permission(who, t.project) >> 8 FROM main_file t WHERE t.id = target), 0)
$$;

CREATE OR REPLACE FUNCTION tator.algorithm_permission(who integer, target integer) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT coalesce(tator.algorithm_protection(who, target),
                    (SELECT tator.project_permission(who, t.project) >> 8 FROM main_algorithm t WHERE t.id = target), 0)
$$;

CREATE OR REPLACE FUNCTION tator.media_permission(who integer, target integer) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN m.primary_section_id IS NOT NULL THEN tator.section_permission(who, m.primary_section_id) >> 8
                ELSE tator.project_permission(who, m.project) >> 16 END
    FROM main_media m WHERE m.id = target
$$;

CREATE OR REPLACE FUNCTION tator.localization_permission(who integer, target integer) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN m.primary_section_id IS NOT NULL
                THEN (tator.section_permission(who, m.primary_section_id) >> 16) & (tator.version_permission(who, l.version) >> 8)
                ELSE tator.project_permission(who, l.project) >> 24 END
    FROM main_localization l LEFT JOIN main_media m ON m.id = l.media WHERE l.id = target
$$;

CREATE OR REPLACE FUNCTION tator.state_permission(who integer, target integer) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN m.primary_section_id IS NOT NULL
                THEN (tator.section_permission(who, m.primary_section_id) >> 16) & (tator.version_permission(who, s.version) >> 8)
                ELSE tator.project_permission(who, s.project) >> 24 END
    FROM main_state s
    LEFT JOIN LATERAL (SELECT m.primary_section_id FROM main_state_media l JOIN main_media m ON m.id = l.media_id
                       WHERE l.state_id = s.id ORDER BY m.id LIMIT 1) m ON true
    WHERE s.id = target
$$;
