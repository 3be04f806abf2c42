-- What a database of the reference holds before its first use: its record of migrations, the content types that change logs
-- refer to, and the framework's permissions. With them the reference's own migrate finds nothing to do.

INSERT INTO django_migrations (app, name, applied) VALUES
    ('contenttypes', '0001_initial', now()),
    ('contenttypes', '0002_remove_content_type_name', now()),
    ('auth', '0001_initial', now()),
    ('auth', '0002_alter_permission_name_max_length', now()),
    ('auth', '0003_alter_user_email_max_length', now()),
    ('auth', '0004_alter_user_username_opts', now()),
    ('auth', '0005_alter_user_last_login_null', now()),
    ('auth', '0006_require_contenttypes_0002', now()),
    ('auth', '0007_alter_validators_add_error_messages', now()),
    ('auth', '0008_alter_user_username_max_length', now()),
    ('auth', '0009_alter_user_last_name_max_length', now()),
    ('auth', '0010_alter_group_name_max_length', now()),
    ('auth', '0011_update_proxy_permissions', now()),
    ('auth', '0012_alter_user_first_name_max_length', now()),
    ('main', '0001_initial', now()),
    ('admin', '0001_initial', now()),
    ('admin', '0002_logentry_remove_auto_add', now()),
    ('admin', '0003_logentry_add_action_flag_choices', now()),
    ('authtoken', '0001_initial', now()),
    ('authtoken', '0002_auto_20160226_1747', now()),
    ('authtoken', '0003_tokenproxy', now()),
    ('authtoken', '0004_alter_tokenproxy_options', now()),
    ('django_ltree', '0001_create_extension', now()),
    ('sessions', '0001_initial', now());

INSERT INTO django_content_type (id, app_label, model) VALUES
    (1, 'admin', 'logentry'),
    (2, 'auth', 'permission'),
    (3, 'auth', 'group'),
    (4, 'contenttypes', 'contenttype'),
    (5, 'sessions', 'session'),
    (6, 'main', 'user'),
    (7, 'main', 'algorithm'),
    (8, 'main', 'announcement'),
    (9, 'main', 'bucket'),
    (10, 'main', 'changelog'),
    (11, 'main', 'file'),
    (12, 'main', 'group'),
    (13, 'main', 'hostedtemplate'),
    (14, 'main', 'jobcluster'),
    (15, 'main', 'localization'),
    (16, 'main', 'localizationtype'),
    (17, 'main', 'media'),
    (18, 'main', 'mediatype'),
    (19, 'main', 'organization'),
    (20, 'main', 'project'),
    (21, 'main', 'version'),
    (22, 'main', 'temporaryfile'),
    (23, 'main', 'statetype'),
    (24, 'main', 'state'),
    (25, 'main', 'section'),
    (26, 'main', 'rowprotection'),
    (27, 'main', 'resource'),
    (28, 'main', 'projectlookup'),
    (29, 'main', 'passwordreset'),
    (30, 'main', 'membership'),
    (31, 'main', 'leaftype'),
    (32, 'main', 'leaf'),
    (33, 'main', 'invitation'),
    (34, 'main', 'groupmembership'),
    (35, 'main', 'filetype'),
    (36, 'main', 'favorite'),
    (37, 'main', 'dashboard'),
    (38, 'main', 'changetoobject'),
    (39, 'main', 'bookmark'),
    (40, 'main', 'announcementtouser'),
    (41, 'main', 'affiliation'),
    (42, 'authtoken', 'token'),
    (43, 'authtoken', 'tokenproxy');

SELECT setval('django_content_type_id_seq', 43);

-- add, change, delete and view of each, in the content types' order
INSERT INTO auth_permission (name, content_type_id, codename)
SELECT 'Can ' || action || ' ' || coalesce(spoken.words, c.model), c.id, action || '_' || c.model
FROM django_content_type c
CROSS JOIN unnest(ARRAY['add', 'change', 'delete', 'view']) WITH ORDINALITY AS a (action, place)
LEFT JOIN (VALUES
    ('logentry', 'log entry'),
    ('contenttype', 'content type'),
    ('changelog', 'change log'),
    ('hostedtemplate', 'hosted template'),
    ('jobcluster', 'job cluster'),
    ('localizationtype', 'localization type'),
    ('mediatype', 'media type'),
    ('temporaryfile', 'temporary file'),
    ('statetype', 'state type'),
    ('rowprotection', 'row protection'),
    ('projectlookup', 'project lookup'),
    ('passwordreset', 'password reset'),
    ('leaftype', 'leaf type'),
    ('groupmembership', 'group membership'),
    ('filetype', 'file type'),
    ('changetoobject', 'change to object'),
    ('announcementtouser', 'announcement to user'),
    ('token', 'Token'),
    ('tokenproxy', 'Token')
) AS spoken (model, words) ON spoken.model = c.model
ORDER BY c.id, a.place;
