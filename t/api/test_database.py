"""The database that tator-admin makes and adopts: contract/database.md. Databases of the tests' own on the server's cluster."""
import os
import pathlib
import re
import subprocess
import urllib.parse
import uuid

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", "build"))
# Of the reference's 240 indexes 25 are dropped (sql/0013_writing.sql).
COUNTS = """SELECT
    (SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'spatial_ref_sys') AS tables,
    (SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S' AND relname LIKE '%_id_seq') AS sequences,
    (SELECT count(*) FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype = 'f' AND condeferred) AS foreign_keys,
    (SELECT count(*) FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype = 'u') AS uniques,
    (SELECT count(*) FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype = 'c'
        AND conrelid <> 'spatial_ref_sys'::regclass) AS checks,
    (SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE relnamespace = 'public'::regnamespace
        AND relname NOT LIKE 'tator_ix_%' AND relname NOT LIKE 'spatial_ref_sys%') AS indexes,
    (SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'pgtrigger_%') AS triggers,
    (SELECT count(*) FROM django_migrations) AS migrations,
    (SELECT count(*) FROM django_content_type) AS content_types,
    (SELECT count(*) FROM auth_permission) AS permissions"""
RIGHT = {"tables": 54, "sequences": 52, "foreign_keys": 135, "uniques": 18, "checks": 13, "indexes": 240 - 25, "triggers": 9, "migrations": 24,
         "content_types": 43, "permissions": 172}


class Database:
    """An empty database beside the server's own; admin() runs tator-admin on it."""

    def __init__(self, server):
        self.server = server
        self.name = "test_" + uuid.uuid4().hex
        self.dsn = server.dsn.rsplit("/", 1)[0] + "/" + self.name
        server.psql(f"CREATE DATABASE {self.name}")
        for extension in ("postgis", "ltree", "pg_trgm"):
            self.psql(f"SET client_min_messages = warning; CREATE EXTENSION {extension}")

    def admin(self, *words, check=True, **settings):
        place = urllib.parse.urlsplit(self.dsn)
        environment = {**os.environ, "POSTGRES_HOST": place.hostname, "POSTGRES_PORT": str(place.port), "POSTGRES_USER": place.username,
                       "POSTGRES_PASSWORD": place.password, "POSTGRES_DB": self.name, "ASAN_OPTIONS": "detect_leaks=0", **settings}
        done = subprocess.run([str(TOP / BUILD / "tator-admin"), *words], env=environment, capture_output=True, text=True, timeout=120)
        assert not check or done.returncode == 0, done.stderr
        return done

    def migrate(self, **options):
        return self.admin("migrate", "--sql-dir", str(TOP / "sql"), **options)

    def psql(self, statement, **values):
        return type(self.server).psql(self, statement, **values)

    def sql(self, statement, **values):
        return type(self.server).sql(self, statement, **values)

    def drop(self):
        self.server.psql(f"DROP DATABASE {self.name} WITH (FORCE)")


@pytest.fixture
def database(server):
    made = Database(server)
    yield made
    made.drop()


@pytest.fixture
def foreign(database):
    """As another program left it: the tables, and nothing of ours."""
    for path in sorted((TOP / "sql").glob("000[2-6]*.sql")):
        database.psql("SET client_min_messages = warning; SET search_path = public;" + path.read_text())
    database.psql("INSERT INTO main_user (password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined,"
                  " middle_initial, initials, failed_login_count) VALUES ('', false, 'before', '', '', '', false, true, now(), '', '', 0)")
    return database


def test_a_new_database_is_exactly_the_references(database):
    database.migrate()
    assert database.sql(COUNTS) == [RIGHT]


def test_repeating_changes_nothing(database):
    database.migrate()
    before = database.sql("SELECT * FROM tator.migration ORDER BY name")
    assert [row["name"] for row in before] == sorted(path.name for path in (TOP / "sql").glob("*.sql"))
    assert database.migrate().stdout == ""
    assert database.sql("SELECT * FROM tator.migration ORDER BY name") == before


def test_two_at_once_wait_for_each_other(database):
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: database.migrate(), range(2)))
    assert database.sql(COUNTS) == [RIGHT]


def test_a_foreign_database_is_adopted_with_its_rows(foreign):
    assert "adopting" in foreign.migrate().stdout
    assert foreign.sql(COUNTS) == [RIGHT]
    assert foreign.sql("SELECT username FROM main_user") == [{"username": "before"}]
    assert foreign.sql("SELECT to_regproc('tator.project_permission') IS NOT NULL AS there") == [{"there": True}]
    assert foreign.migrate().stdout == ""


def test_triggers_that_need_prepared_statements_are_replaced(foreign):
    foreign.psql("CREATE OR REPLACE FUNCTION pgtrigger_post_media_update_lookup_5ddc9() RETURNS trigger LANGUAGE plpgsql AS"
                 " $$ BEGIN EXECUTE 'EXECUTE update_lookup_media(1, 1)'; RETURN NULL; END $$")
    foreign.migrate()
    project = make_project(foreign)
    foreign.psql("INSERT INTO main_media (name, md5, deleted, restoration_requested, archive_state, project)"
                 " VALUES ('m', '', false, false, 'live', :project)", project=project)
    assert foreign.sql("SELECT count(*) AS n FROM main_projectlookup WHERE project_id = :project", project=project) == [{"n": 1}]


def test_an_older_database_is_refused_and_left_alone(foreign):
    foreign.psql("ALTER TABLE main_state DROP COLUMN latest_mark")
    done = foreign.migrate(check=False)
    assert done.returncode == 1
    assert "main_state.latest_mark" in done.stderr
    assert foreign.sql("SELECT to_regclass('tator.migration') AS there") == [{"there": None}]


def test_the_first_administrator_is_number_one(database):
    database.migrate()
    arguments = ("createsuperuser", "--username", "admin", "--email", "admin@example.com", "--password", "Correct-horse-9")
    database.admin(*arguments)
    database.admin(*arguments)
    assert database.sql("SELECT id, username, email, first_name, last_name, is_staff, is_superuser, is_active FROM main_user") == [
        {"id": 1, "username": "admin", "email": "admin@example.com", "first_name": "", "last_name": "", "is_staff": True,
         "is_superuser": True, "is_active": True}]
    first = database.admin("token", "--username", "admin").stdout
    assert re.fullmatch(r"[0-9a-f]{40}\n", first)
    assert database.admin("token", "--username", "admin").stdout == first
    assert database.admin("token", "--username", "nobody", check=False).returncode == 1


def test_a_new_administrators_organization(database):
    database.migrate()
    arguments = ("createsuperuser", "--username", "admin", "--email", "admin@example.com", "--password", "Correct-horse-9")
    database.admin(*arguments, AUTOCREATE_ORGANIZATIONS="true")
    database.admin(*arguments, AUTOCREATE_ORGANIZATIONS="true")
    assert database.sql("SELECT o.name, a.permission FROM main_organization o JOIN main_affiliation a ON a.organization_id = o.id") == [
        {"name": "admin's Team", "permission": "Admin"}]


def make_project(database):
    user = database.sql("SELECT id FROM main_user ORDER BY id LIMIT 1")
    if not user:
        database.admin("createsuperuser", "--username", "admin", "--email", "a@example.com", "--password", "Correct-horse-9")
        user = [{"id": 1}]
    return int(database.psql("INSERT INTO main_project (name, created, size, num_files, duration, summary, enable_downloads, usernames, creator)"
                             " VALUES ('p', now(), 0, 0, 0, '', true, '{}', :user) RETURNING id", user=user[0]["id"]).split()[0])


@pytest.fixture
def marks(database):
    """marks.add(deleted) inserts a row of one group; marks.table() is its (mark, latest_mark, deleted) in the order of ids."""
    database.migrate()
    project = make_project(database)
    version = int(database.psql("INSERT INTO main_version (name, description, number, show_empty, project_id)"
                                " VALUES ('v', '', 0, true, :project) RETURNING id", project=project).split()[0])
    elemental = str(uuid.uuid4())

    class Marks:
        def add(self, deleted=False, before=""):
            return int(database.psql(
                before + "INSERT INTO main_localization (deleted, variant_deleted, elemental_id, version, project, \"user\", latest_mark)"
                f" VALUES ({deleted}, false, '{elemental}', {version}, {project}, 1, 77) RETURNING id").split()[-3 if before else 0])

        def delete(self, row):
            database.psql(f"UPDATE main_localization SET deleted = true WHERE id = {row}")

        def table(self):
            return [(row["mark"], row["latest_mark"], row["deleted"])
                    for row in database.sql("SELECT mark, latest_mark, deleted FROM main_localization ORDER BY id")]
    Marks.database = database
    return Marks()


def test_marks_count_up_and_the_newest_live_one_is_the_latest(marks):
    first, second = marks.add(), marks.add()
    assert marks.table() == [(0, 1, False), (1, 1, False)]
    third = marks.add()
    marks.delete(third)
    assert marks.table() == [(0, 1, False), (1, 1, False), (2, 1, True)]
    marks.add()
    assert marks.table() == [(0, 2, False), (1, 2, False), (2, 2, True), (2, 2, False)]
    marks.delete(second)
    assert [row[1] for row in marks.table()] == [2, 2, 2, 2]
    assert first < second < third


def test_a_row_inserted_deleted_raises_no_mark(marks):
    marks.add()
    marks.add(deleted=True)
    assert marks.table() == [(0, 0, False), (1, 0, True)]


def test_a_group_whose_rows_are_all_deleted_starts_again(marks):
    marks.delete(marks.add())
    assert marks.table() == [(0, 0, True)]
    marks.add()
    assert marks.table() == [(0, 0, True), (0, 0, False)]


def test_triggers_can_be_switched_off_for_a_transaction(marks):
    names = marks.database.sql("SELECT tgname FROM pg_trigger WHERE tgname LIKE 'pgtrigger_%localization%'")
    ignored = "{" + ",".join(row["tgname"] for row in names) + "}"
    marks.database.psql("BEGIN; SET LOCAL pgtrigger.ignore = '" + ignored + "';"
                        "INSERT INTO main_localization (deleted, variant_deleted, project, \"user\", mark, latest_mark)"
                        " SELECT false, false, id, 1, 5, 6 FROM main_project LIMIT 1; COMMIT")
    assert marks.table() == [(5, 6, False)]
    assert marks.database.sql("SELECT count(*) AS n FROM main_projectlookup") == [{"n": 0}]


@pytest.mark.parametrize("column,text", [("elemental_id", "elemental_id cannot be null"), ("version", "version cannot be null")])
def test_an_annotation_needs_its_group(marks, column, text):
    values = {"elemental_id": f"'{uuid.uuid4()}'", "version": "1", column: "NULL"}
    with pytest.raises(RuntimeError, match=text):
        marks.database.psql("INSERT INTO main_localization (deleted, elemental_id, version, project, \"user\")"
                            f" SELECT false, {values['elemental_id']}, {values['version']}, id, 1 FROM main_project LIMIT 1")


def test_effective_permissions_follow_the_nearer_target(database):
    database.migrate()
    project = make_project(database)
    section = int(database.psql("INSERT INTO main_section (name, visible, project) VALUES ('s', true, :project) RETURNING id",
                                project=project).split()[0])
    media = [int(database.psql("INSERT INTO main_media (name, md5, deleted, restoration_requested, archive_state, project, primary_section_id)"
                               f" VALUES ('m', '', false, false, 'live', {project}, {place}) RETURNING id").split()[0]) for place in ("NULL", section)]

    def grant(column, target, mask):
        database.psql(f"INSERT INTO main_rowprotection (permission, {column}, user_id) VALUES ({mask}, {target}, 1)")

    def effective():
        return database.sql(f"SELECT to_hex(tator.project_permission(1, {project})) AS project,"
                            f" to_hex(tator.section_permission(1, {section})) AS section,"
                            f" to_hex(tator.media_permission(1, {media[0]})) AS loose, to_hex(tator.media_permission(1, {media[1]})) AS filed")[0]

    assert effective() == {"project": "0", "section": "0", "loose": "0", "filed": "0"}
    grant("project_id", project, 0x0403020100)
    assert effective() == {"project": "403020100", "section": "4030201", "loose": "40302", "filed": "40302"}
    grant("project_id", project, 0x10)
    assert effective()["project"] == "403020110"
    grant("section_id", section, 0)
    assert effective() == {"project": "403020110", "section": "0", "loose": "40302", "filed": "0"}
    grant("media_id", media[0], 0xff)
    assert effective()["loose"] == "40302"
