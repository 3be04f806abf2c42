-- Whoever keeps answers about rights in memory hears at once that they are old: every server process listens to
-- "tator_access" on each of its connections, and drops what it remembers.

CREATE OR REPLACE FUNCTION tator.notify_access() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('tator_access', '');
    RETURN NULL;
END
$$;

DO $$
DECLARE
    watched text;
BEGIN
    FOREACH watched IN ARRAY ARRAY['main_membership', 'main_affiliation', 'authtoken_token', 'main_rowprotection', 'main_groupmembership'] LOOP
        EXECUTE format('DROP TRIGGER IF EXISTS tator_notify ON %I', watched);
        EXECUTE format('CREATE TRIGGER tator_notify AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH STATEMENT EXECUTE FUNCTION tator.notify_access()', watched);
    END LOOP;
END
$$;

DROP TRIGGER IF EXISTS tator_notify ON main_user;
DROP TRIGGER IF EXISTS tator_notify_deletion ON main_user;
CREATE TRIGGER tator_notify AFTER UPDATE OF username, first_name, last_name, email, password, is_active, is_staff, is_superuser ON main_user
    FOR EACH STATEMENT EXECUTE FUNCTION tator.notify_access();
CREATE TRIGGER tator_notify_deletion AFTER DELETE ON main_user
    FOR EACH STATEMENT EXECUTE FUNCTION tator.notify_access();

DROP TRIGGER IF EXISTS tator_notify ON main_project;
DROP TRIGGER IF EXISTS tator_notify_deletion ON main_project;
CREATE TRIGGER tator_notify AFTER UPDATE OF organization ON main_project
    FOR EACH STATEMENT EXECUTE FUNCTION tator.notify_access();
CREATE TRIGGER tator_notify_deletion AFTER DELETE ON main_project
    FOR EACH STATEMENT EXECUTE FUNCTION tator.notify_access();
