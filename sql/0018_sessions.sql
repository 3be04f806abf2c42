-- Who a session is, is kept in memory too: a session that is changed or deleted is told like a right. Most log-ins delete a session that is
-- not there, and those change nothing.

CREATE FUNCTION tator.notify_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM before) THEN
        PERFORM pg_notify('tator_access', '');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER tator_notify AFTER UPDATE ON django_session
    REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION tator.notify_sessions();
CREATE TRIGGER tator_notify_deletion AFTER DELETE ON django_session
    REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION tator.notify_sessions();
CREATE TRIGGER tator_notify_truncation AFTER TRUNCATE ON django_session
    FOR EACH STATEMENT EXECUTE FUNCTION tator.notify_access();
