-- concurrent
-- Indexes of live rows (not deleted, not variant-deleted, newest mark) by what lists filter: project, type, version, media. They replace those of
-- 0009 whose condition was mark = latest_mark: the planner takes a comparison of two columns to hold for one row in two hundred, and so chose
-- plans for a two-hundredth of the rows. For "IS TRUE" it has statistics (0013). Project comes first everywhere, since every list has it:
-- counts and ids come from the index alone.

CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_localization_live ON main_localization (project, id) WHERE NOT deleted AND NOT variant_deleted AND (mark = latest_mark) IS TRUE;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_localization_live_type ON main_localization (project, meta, id) WHERE NOT deleted AND NOT variant_deleted AND (mark = latest_mark) IS TRUE;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_localization_live_version ON main_localization (project, version, id) WHERE NOT deleted AND NOT variant_deleted AND (mark = latest_mark) IS TRUE;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_localization_live_media ON main_localization (project, media, id) WHERE NOT deleted AND NOT variant_deleted AND (mark = latest_mark) IS TRUE;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_state_live ON main_state (project, id) WHERE NOT deleted AND NOT variant_deleted AND (mark = latest_mark) IS TRUE;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_state_live_type ON main_state (project, meta, id) WHERE NOT deleted AND NOT variant_deleted AND (mark = latest_mark) IS TRUE;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_state_live_version ON main_state (project, version, id) WHERE NOT deleted AND NOT variant_deleted AND (mark = latest_mark) IS TRUE;

-- A look-up row names one of three, so two of the plain indexes hold nothing but nulls.
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_projectlookup_localization ON main_projectlookup (localization_id) WHERE localization_id IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_projectlookup_media ON main_projectlookup (media_id) WHERE media_id IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_projectlookup_state ON main_projectlookup (state_id) WHERE state_id IS NOT NULL;

DROP INDEX CONCURRENTLY IF EXISTS tator_ix_localization_project;
DROP INDEX CONCURRENTLY IF EXISTS tator_ix_localization_type;
DROP INDEX CONCURRENTLY IF EXISTS tator_ix_localization_version;
DROP INDEX CONCURRENTLY IF EXISTS tator_ix_localization_media;
DROP INDEX CONCURRENTLY IF EXISTS tator_ix_state_project;
DROP INDEX CONCURRENTLY IF EXISTS tator_ix_state_type;
DROP INDEX CONCURRENTLY IF EXISTS tator_ix_state_version;
