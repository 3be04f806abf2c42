-- Marks and look-up rows. A group is the rows of one elemental id in one version; its newest live mark is the current one.
-- The names are those of the reference, which replaces or checks triggers by name; each does nothing while the parameter
-- pgtrigger.ignore lists it. An insert computes mark and latest mark in one go and touches older rows only where they change.

CREATE OR REPLACE FUNCTION _pgtrigger_should_ignore(trigger_name name) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    ignored text := current_setting('pgtrigger.ignore', true);
BEGIN
    RETURN ignored IS NOT NULL AND ignored <> '' AND trigger_name = ANY (ignored::text[]);
END
$$;


-- localizations

CREATE OR REPLACE FUNCTION pgtrigger_localization_mark_trigger_e0261() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    newest integer;
BEGIN
    IF _pgtrigger_should_ignore(TG_NAME) THEN
        RETURN NEW;
    END IF;
    IF NEW.elemental_id IS NULL THEN
        RAISE EXCEPTION 'elemental_id cannot be null';
    END IF;
    IF NEW.version IS NULL THEN
        RAISE EXCEPTION 'version cannot be null';
    END IF;

    PERFORM 1 FROM main_localization WHERE elemental_id = NEW.elemental_id AND version = NEW.version FOR UPDATE;
    SELECT max(mark) INTO newest FROM main_localization
        WHERE elemental_id = NEW.elemental_id AND version = NEW.version AND NOT deleted;

    NEW.mark := coalesce(newest + 1, 0);
    NEW.latest_mark := CASE WHEN NEW.deleted THEN coalesce(newest, 0) ELSE NEW.mark END;
    RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION pgtrigger_post_localization_mark_trigger_21d50() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF _pgtrigger_should_ignore(TG_NAME) OR (NEW.mark = 0 AND NOT NEW.deleted) THEN
        RETURN NULL;
    END IF;

    UPDATE main_localization SET latest_mark = NEW.latest_mark
        WHERE elemental_id = NEW.elemental_id AND version = NEW.version AND latest_mark IS DISTINCT FROM NEW.latest_mark;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION pgtrigger_post_localization_mark_trigger_update_478ac() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    newest integer;
BEGIN
    IF _pgtrigger_should_ignore(TG_NAME) THEN
        RETURN NULL;
    END IF;

    PERFORM 1 FROM main_localization WHERE elemental_id = NEW.elemental_id AND version = NEW.version FOR UPDATE;
    SELECT coalesce(max(mark), 0) INTO newest FROM main_localization
        WHERE elemental_id = NEW.elemental_id AND version = NEW.version AND NOT deleted;
    UPDATE main_localization SET latest_mark = newest
        WHERE elemental_id = NEW.elemental_id AND version = NEW.version AND latest_mark IS DISTINCT FROM newest;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION pgtrigger_post_localization_update_lookup_75055() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT _pgtrigger_should_ignore(TG_NAME) THEN
        INSERT INTO main_projectlookup (project_id, localization_id) VALUES (NEW.project, NEW.id) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;

DROP TRIGGER IF EXISTS pgtrigger_localization_mark_trigger_e0261 ON main_localization;
DROP TRIGGER IF EXISTS pgtrigger_post_localization_mark_trigger_21d50 ON main_localization;
DROP TRIGGER IF EXISTS pgtrigger_post_localization_mark_trigger_update_478ac ON main_localization;
DROP TRIGGER IF EXISTS pgtrigger_post_localization_update_lookup_75055 ON main_localization;

CREATE TRIGGER pgtrigger_localization_mark_trigger_e0261 BEFORE INSERT ON main_localization
    FOR EACH ROW EXECUTE FUNCTION pgtrigger_localization_mark_trigger_e0261();
CREATE TRIGGER pgtrigger_post_localization_mark_trigger_21d50 AFTER INSERT ON main_localization
    FOR EACH ROW EXECUTE FUNCTION pgtrigger_post_localization_mark_trigger_21d50();
CREATE TRIGGER pgtrigger_post_localization_mark_trigger_update_478ac AFTER UPDATE ON main_localization
    FOR EACH ROW WHEN (NOT OLD.deleted AND NEW.deleted) EXECUTE FUNCTION pgtrigger_post_localization_mark_trigger_update_478ac();
CREATE TRIGGER pgtrigger_post_localization_update_lookup_75055 AFTER INSERT ON main_localization
    FOR EACH ROW EXECUTE FUNCTION pgtrigger_post_localization_update_lookup_75055();

-- states

CREATE OR REPLACE FUNCTION pgtrigger_state_mark_trigger_a0799() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    newest integer;
BEGIN
    IF _pgtrigger_should_ignore(TG_NAME) THEN
        RETURN NEW;
    END IF;
    IF NEW.elemental_id IS NULL THEN
        RAISE EXCEPTION 'elemental_id cannot be null';
    END IF;
    IF NEW.version IS NULL THEN
        RAISE EXCEPTION 'version cannot be null';
    END IF;

    PERFORM 1 FROM main_state WHERE elemental_id = NEW.elemental_id AND version = NEW.version FOR UPDATE;
    SELECT max(mark) INTO newest FROM main_state
        WHERE elemental_id = NEW.elemental_id AND version = NEW.version AND NOT deleted;

    NEW.mark := coalesce(newest + 1, 0);
    NEW.latest_mark := CASE WHEN NEW.deleted THEN coalesce(newest, 0) ELSE NEW.mark END;
    RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION pgtrigger_post_state_mark_trigger_05cab() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF _pgtrigger_should_ignore(TG_NAME) OR (NEW.mark = 0 AND NOT NEW.deleted) THEN
        RETURN NULL;
    END IF;

    UPDATE main_state SET latest_mark = NEW.latest_mark
        WHERE elemental_id = NEW.elemental_id AND version = NEW.version AND latest_mark IS DISTINCT FROM NEW.latest_mark;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION pgtrigger_post_state_mark_trigger_update_cd598() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    newest integer;
BEGIN
    IF _pgtrigger_should_ignore(TG_NAME) THEN
        RETURN NULL;
    END IF;

    PERFORM 1 FROM main_state WHERE elemental_id = NEW.elemental_id AND version = NEW.version FOR UPDATE;
    SELECT coalesce(max(mark), 0) INTO newest FROM main_state
        WHERE elemental_id = NEW.elemental_id AND version = NEW.version AND NOT deleted;
    UPDATE main_state SET latest_mark = newest
        WHERE elemental_id = NEW.elemental_id AND version = NEW.version AND latest_mark IS DISTINCT FROM newest;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION pgtrigger_post_state_update_lookup_2d543() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT _pgtrigger_should_ignore(TG_NAME) THEN
        INSERT INTO main_projectlookup (project_id, state_id) VALUES (NEW.project, NEW.id) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;

DROP TRIGGER IF EXISTS pgtrigger_state_mark_trigger_a0799 ON main_state;
DROP TRIGGER IF EXISTS pgtrigger_post_state_mark_trigger_05cab ON main_state;
DROP TRIGGER IF EXISTS pgtrigger_post_state_mark_trigger_update_cd598 ON main_state;
DROP TRIGGER IF EXISTS pgtrigger_post_state_update_lookup_2d543 ON main_state;

CREATE TRIGGER pgtrigger_state_mark_trigger_a0799 BEFORE INSERT ON main_state
    FOR EACH ROW EXECUTE FUNCTION pgtrigger_state_mark_trigger_a0799();
CREATE TRIGGER pgtrigger_post_state_mark_trigger_05cab AFTER INSERT ON main_state
    FOR EACH ROW EXECUTE FUNCTION pgtrigger_post_state_mark_trigger_05cab();
CREATE TRIGGER pgtrigger_post_state_mark_trigger_update_cd598 AFTER UPDATE ON main_state
    FOR EACH ROW WHEN (NOT OLD.deleted AND NEW.deleted) EXECUTE FUNCTION pgtrigger_post_state_mark_trigger_update_cd598();
CREATE TRIGGER pgtrigger_post_state_update_lookup_2d543 AFTER INSERT ON main_state
    FOR EACH ROW EXECUTE FUNCTION pgtrigger_post_state_update_lookup_2d543();

-- media

CREATE OR REPLACE FUNCTION pgtrigger_post_media_update_lookup_5ddc9() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT _pgtrigger_should_ignore(TG_NAME) THEN
        INSERT INTO main_projectlookup (project_id, media_id) VALUES (NEW.project, NEW.id) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;

DROP TRIGGER IF EXISTS pgtrigger_post_media_update_lookup_5ddc9 ON main_media;

CREATE TRIGGER pgtrigger_post_media_update_lookup_5ddc9 AFTER INSERT ON main_media
    FOR EACH ROW EXECUTE FUNCTION pgtrigger_post_media_update_lookup_5ddc9();
