-- Identity providers name their users by up to 255 characters (OpenID Connect Core §2); only the limit is another, no row is touched.

ALTER TABLE main_user ALTER COLUMN okta_id TYPE varchar(255);
