-- concurrent
-- What has to be read of a project's media to filter its annotations in fine-grain mode.

CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_media_place ON main_media (project, id) INCLUDE (primary_section_id);
