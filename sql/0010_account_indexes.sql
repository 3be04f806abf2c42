-- concurrent
-- Names and addresses of users are looked up in any case: at each log-in and registration.

CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_user_username ON main_user (upper(username));
CREATE INDEX CONCURRENTLY IF NOT EXISTS tator_ix_user_email ON main_user (upper(email));
