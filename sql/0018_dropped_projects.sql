-- Projects that are deleted but still have rows. Nobody sees them any more; the cron worker removes what is left in small steps.

CREATE TABLE tator.dropped_project (
    id      integer PRIMARY KEY,
    dropped timestamptz NOT NULL DEFAULT now()
);

CREATE TRIGGER tator_notify AFTER INSERT ON tator.dropped_project FOR EACH STATEMENT EXECUTE FUNCTION tator.notify_access();
