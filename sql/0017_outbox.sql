-- Mail and chat messages on their way out. A request writes its messages in its own transaction; tator-mail sends what is committed, tries
-- again what fails, and deletes what was delivered. A row is one recipient of one message.

CREATE TABLE tator.outbox (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel     text NOT NULL DEFAULT 'mail' CHECK (channel IN ('mail', 'chat')),
    created     timestamptz NOT NULL DEFAULT now(),
    due         timestamptz NOT NULL DEFAULT now(),
    attempts    integer NOT NULL DEFAULT 0,
    recipient   text NOT NULL DEFAULT '',
    recipients  text[] NOT NULL DEFAULT '{}',    -- all of them, for the header To
    title       text NOT NULL DEFAULT '',
    body        text NOT NULL,
    attachments jsonb NOT NULL DEFAULT '[]',     -- [{"name", "key", "bucket"}]; bucket 0: the default store, -1: the default store of uploads
    fault       text,                            -- why the last attempt failed
    given_up    timestamptz
);

CREATE INDEX outbox_due ON tator.outbox (due) WHERE given_up IS NULL;

CREATE FUNCTION tator.notify_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('tator_outbox', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER tator_notify AFTER INSERT ON tator.outbox FOR EACH STATEMENT EXECUTE FUNCTION tator.notify_outbox();
