-- What a written row costs, and what the planner knows.
--
-- Single-column indexes that others made superfluous are dropped: an index that begins with the column is there, or the column has two values,
-- or it is null in nearly all rows and a partial index is there, or only the deletion of a user would read it. The names are the migrations'
-- or the reference's own, so they are found by what they are. 500 localizations in one POST wrote 36 index entries a row before, and write 18 now.

DO $$
DECLARE
    name text;
BEGIN
    FOR name IN
        SELECT i.indexrelid::regclass::text
        FROM pg_index i
        JOIN pg_class c ON c.oid = i.indexrelid
        JOIN pg_class r ON r.oid = i.indrelid AND r.relnamespace = 'public'::regnamespace
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        JOIN (VALUES
            ('main_localization', '{deleted,variant_deleted,elemental_id,media,parent,thumbnail_image,created_by,modified_by,user}'::text[]),
            ('main_state', '{deleted,variant_deleted,elemental_id,parent,extracted,created_by,modified_by}'),
            ('main_state_media', '{state_id,media_id}'),
            ('main_state_localizations', '{state_id}'),
            ('main_changelog', '{user_id}'),
            ('main_changetoobject', '{ref_table_id}'),
            ('main_projectlookup', '{project_id,localization_id,media_id,state_id}')) dropped (relation, columns)
            ON dropped.relation = r.relname AND a.attname = ANY (dropped.columns)
        WHERE i.indnatts = 1 AND NOT i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
    LOOP
        EXECUTE 'DROP INDEX ' || name;
    END LOOP;
END
$$;

-- Descriptions of created rows are a little longer than what PostgreSQL compresses, and by default it takes its slow method.
DO $$
BEGIN
    ALTER TABLE main_changelog ALTER COLUMN description_of_change SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    RAISE NOTICE 'this PostgreSQL was built without lz4';
END
$$;

-- A type, a version or a media is in one project: without this the planner multiplies their shares.
CREATE STATISTICS IF NOT EXISTS tator.localization_newest ON ((mark = latest_mark)) FROM main_localization;
CREATE STATISTICS IF NOT EXISTS tator.localization_place (dependencies) ON project, meta, version, media FROM main_localization;
CREATE STATISTICS IF NOT EXISTS tator.state_newest ON ((mark = latest_mark)) FROM main_state;
CREATE STATISTICS IF NOT EXISTS tator.state_place (dependencies) ON project, meta, version FROM main_state;
CREATE STATISTICS IF NOT EXISTS tator.media_place (dependencies) ON project, meta, primary_section_id FROM main_media;

-- Values of attributes are estimated from a sample of rows; with the default one, what one row in a hundred has may seem to be in none.
ALTER TABLE main_localization ALTER COLUMN attributes SET STATISTICS 1000;
ALTER TABLE main_state ALTER COLUMN attributes SET STATISTICS 1000;
ALTER TABLE main_media ALTER COLUMN attributes SET STATISTICS 1000;

ANALYZE main_localization;
ANALYZE main_state;
ANALYZE main_media;
