-- New entries of these indexes wait in a list that every search reads whole: at its usual 4 MB that was 10 ms of each. A quarter of it costs
-- bulk writing a twentieth.

ALTER INDEX IF EXISTS tator_ix_localization_attributes SET (gin_pending_list_limit = 1024);
ALTER INDEX IF EXISTS tator_ix_state_attributes SET (gin_pending_list_limit = 1024);
ALTER INDEX IF EXISTS tator_ix_media_attributes SET (gin_pending_list_limit = 1024);
