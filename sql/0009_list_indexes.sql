-- concurrent
-- Indexes for lists on large projects (live: not deleted, not variant-deleted, newest mark). Each statement runs by itself, outside a
-- transaction, so that a working database stays writable meanwhile.

CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_localization_project ON main_localization (project, id) WHERE NOT deleted AND NOT variant_deleted AND mark = latest_mark;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_localization_type ON main_localization (project, meta, id) WHERE NOT deleted AND NOT variant_deleted AND mark = latest_mark;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_localization_version ON main_localization (version, id) WHERE NOT deleted AND NOT variant_deleted AND mark = latest_mark;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_localization_elemental ON main_localization (elemental_id, version);
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_localization_parent ON main_localization (parent) WHERE parent IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_localization_attributes ON main_localization USING gin (attributes jsonb_path_ops);
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_localization_expired ON main_localization (modified_datetime) WHERE deleted;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_localization_meta ON main_localization (meta) WHERE meta IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_state_project ON main_state (project, id) WHERE NOT deleted AND NOT variant_deleted AND mark = latest_mark;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_state_type ON main_state (project, meta, id) WHERE NOT deleted AND NOT variant_deleted AND mark = latest_mark;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_state_version ON main_state (version, id) WHERE NOT deleted AND NOT variant_deleted AND mark = latest_mark;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_state_elemental ON main_state (elemental_id, version);
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_state_parent ON main_state (parent) WHERE parent IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_state_attributes ON main_state USING gin (attributes jsonb_path_ops);
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_state_expired ON main_state (modified_datetime) WHERE deleted;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_state_meta ON main_state (meta) WHERE meta IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_localization_media ON main_localization (media, id) WHERE NOT deleted AND NOT variant_deleted AND mark = latest_mark;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_localization_frame ON main_localization (media, frame);
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_localization_thumbnail ON main_localization (thumbnail_image) WHERE thumbnail_image IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_state_extracted ON main_state (extracted) WHERE extracted IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_state_media ON main_state_media (media_id, state_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_media_order ON main_media (project, name, id) WHERE NOT deleted;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_media_section ON main_media (project, primary_section_id, name, id) WHERE NOT deleted;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_media_name ON main_media (project, upper(name)) WHERE NOT deleted;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_media_id ON main_media (project, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_media_meta ON main_media (meta) WHERE meta IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_media_gid ON main_media (gid) WHERE gid IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_media_uid ON main_media (uid) WHERE uid IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_media_archive ON main_media (archive_state) WHERE archive_state <> 'live';
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_media_attributes ON main_media USING gin (attributes jsonb_path_ops);
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_changetoobject ON main_changetoobject (ref_id, ref_table_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_section_path ON main_section USING gist (path);
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_section_name ON main_section (project, name);
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_leaf_name ON main_leaf (project, name);
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_leaf_upper ON main_leaf (project, upper(name) text_pattern_ops);
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_leaf_path ON main_leaf USING gist (path);
