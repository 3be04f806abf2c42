"""Maintenance: what tator-cron runs by schedule and tator-admin by hand (contract/operations.md §13, §16), and the deletion of projects."""
import os
import subprocess
import threading
import time
import urllib.request
import uuid

import pytest

from t.server import TOP, Server, free_port


@pytest.fixture(scope="module", autouse=True)
def by_hand(server):
    """The server's own cron worker rests meanwhile: each job is run by the test that is about it."""
    server.kill("worker-cron-1", 15)
    yield
    server.start()


@pytest.fixture
def job(server):
    """job("prunemedia", "--min_age_days", 0) runs a job by hand and answers what it said."""
    def run(*arguments, status=0):
        program = str(TOP / server.environment["BUILD"] / "tator-admin")
        done = subprocess.run([program, *map(str, arguments)], env={**os.environ, **server.settings()}, capture_output=True, text=True, timeout=300)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr
    return run


def count(server, table, condition="true"):
    return server.sql(f"SELECT count(*) AS n FROM {table} WHERE {condition}")[0]["n"]


def upload(server, http, project, name, data=b"bytes", media=None):
    query = {"filename": name} | ({"media_id": media} if media else {})
    place = http.ok("GET", f"/rest/UploadInfo/{project}", **query)
    assert http.request("PUT", place["urls"][0], data=data, headers={"Authorization": None}).status_code == 200
    return place["key"]


def fill(server, project, image, rows):
    """Localizations with everything that hangs on them, by SQL: as many as no request should delete."""
    version = server.sql("SELECT id FROM main_version WHERE project_id = :id", id=project.id)[0]["id"]
    server.psql(f"""
        SET session_replication_role = replica;
        INSERT INTO main_localization (attributes, created_datetime, modified_datetime, project, meta, deleted, elemental_id, version, variant_deleted,
                                       mark, latest_mark, frame, x, y, width, height, media, "user", created_by, modified_by)
        SELECT '{{}}', now(), now(), {project.id}, {project.box}, false, gen_random_uuid(), {version}, false, 0, 0, 0, 0.1, 0.1, 0.2, 0.2, {image}, 1, 1, 1
        FROM generate_series(1, {rows});
        INSERT INTO main_projectlookup (project_id, localization_id) SELECT project, id FROM main_localization WHERE project = {project.id};
        INSERT INTO main_changelog (project_id, user_id, modified_datetime, description_of_change)
        SELECT {project.id}, 1, now(), '{{}}' FROM generate_series(1, {rows // 20});
        INSERT INTO main_changetoobject (ref_table_id, ref_id, change_id_id)
        SELECT (SELECT id FROM django_content_type WHERE app_label = 'main' AND model = 'localization'), 1, id FROM main_changelog WHERE project_id = {project.id};
        INSERT INTO main_state (attributes, created_datetime, modified_datetime, project, meta, deleted, elemental_id, version, variant_deleted, mark,
                                latest_mark, created_by, modified_by)
        SELECT '{{}}', now(), now(), {project.id}, {project.state}, false, gen_random_uuid(), {version}, false, 0, 0, 1, 1 FROM generate_series(1, 300);
        INSERT INTO main_state_localizations (state_id, localization_id)
        SELECT (SELECT min(id) FROM main_state WHERE project = {project.id}), id FROM main_localization WHERE project = {project.id} ORDER BY id LIMIT 500;
        SET session_replication_role = origin;
        ANALYZE main_localization;""")


OWNED = {"main_localization": "project", "main_state": "project", "main_version": "project_id", "main_changelog": "project_id",
         "main_projectlookup": "project_id", "main_section": "project", "main_membership": "project", "main_localizationtype": "project",
         "main_mediatype": "project", "main_rowprotection": "project_id", "main_project": "id", "main_media": "project", "main_file": "project"}


def test_a_large_project_is_gone_at_once_and_its_rows_follow_while_others_work(server, http, project, user, job, organization):
    project.types()
    image = http.ok("POST", f"/rest/Medias/{project.id}", {"type": project.image, "name": "a.png", "md5": "x", "section": "s"})["id"]
    other = http.ok("POST", "/rest/Projects", {"name": uuid.uuid4().hex, "organization": organization})["id"]
    fill(server, project, image, 60_000)
    mark = server.sql("SELECT min(id) AS id FROM main_localization WHERE project = :id", id=project.id)[0]["id"]
    assert http.request("GET", f"/rest/Localization/{mark}").status_code == 200

    person = user()
    http.ok("POST", f"/rest/Memberships/{project.id}", {"user": person.id, "permission": "Full Control"})
    assert person.http.request("DELETE", f"/rest/Project/{project.id}").status_code == 403

    answer = http.request("DELETE", f"/rest/Project/{project.id}")
    assert (answer.status_code, answer.json()["message"]) == (200, f"Project {project.id} deleted successfully!")
    assert count(server, "main_localization", f"project = {project.id}") > 0, "a request must not have deleted so much"
    for session in (http, person.http):
        for path in (f"Project/{project.id}", f"Localizations/{project.id}", f"Localization/{mark}", f"Media/{image}", f"Versions/{project.id}",
                     f"Memberships/{project.id}"):
            assert session.request("GET", f"/rest/{path}").status_code == 404, path
        assert project.id not in [row["id"] for row in session.ok("GET", "/rest/Projects")]
    assert http.request("DELETE", f"/rest/Project/{project.id}").status_code == 404

    done, answers = threading.Event(), []

    def work():
        with server.http() as session:
            while not done.is_set():
                answers.append(session.request("POST", f"/rest/Sections/{other}", json={"name": uuid.uuid4().hex, "path": "s" + uuid.uuid4().hex,
                                                                                         "visible": True}).status_code)
                answers.append(session.request("GET", f"/rest/Sections/{other}").status_code)
    worker = threading.Thread(target=work)
    worker.start()
    try:
        assert f"project {project.id} is gone" in job("dropprojects")
    finally:
        done.set()
        worker.join()
    assert len(answers) > 10 and set(answers) <= {200, 201}

    for table, column in OWNED.items():
        assert count(server, table, f"{column} = {project.id}") == 0, table
    assert count(server, "tator.dropped_project", f"id = {project.id}") == 0
    assert server.sql("SELECT project FROM main_media WHERE id = :id", id=image) == [{"project": None}]
    job("prunemedia", "--min_age_days", 0)
    assert count(server, "main_media", f"id = {image}") == 0


def test_a_deletion_that_was_interrupted_goes_on(server, http, project, job):
    project.types()
    image = http.ok("POST", f"/rest/Medias/{project.id}", {"type": project.image, "name": "a.png", "md5": "x", "section": "s"})["id"]
    fill(server, project, image, 8_000)
    http.ok("DELETE", f"/rest/Project/{project.id}")
    program = str(TOP / server.environment["BUILD"] / "tator-admin")
    running = subprocess.Popen([program, "dropprojects"], env={**os.environ, **server.settings()}, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 30
    while count(server, "main_localization", f"project = {project.id}") == 8_000 and time.monotonic() < until:
        time.sleep(0.01)
    running.terminate()
    assert running.wait(30) == 0
    job("dropprojects")
    for table, column in OWNED.items():
        assert count(server, table, f"{column} = {project.id}") == 0, table


def test_a_small_project_takes_its_files_along(server, http, project, job):
    kind = http.ok("POST", f"/rest/FileTypes/{project.id}", {"name": "tables", "description": "", "attribute_types": []})["id"]
    file = http.ok("POST", f"/rest/Files/{project.id}", {"name": "a", "description": "", "type": kind})["id"]
    place = http.ok("GET", f"/rest/UploadInfo/{project.id}", filename="a.csv", file_id=file)
    http.request("PUT", place["urls"][0], data=b"a,b", headers={"Authorization": None})
    http.ok("PATCH", f"/rest/File/{file}", {"path": place["key"]})
    temporary = http.ok("POST", f"/rest/TemporaryFiles/{project.id}", {"name": "t.txt", "url": http.ok(
        "POST", f"/rest/DownloadInfo/{project.id}", {"keys": [place["key"]]})[0]["url"], "lookup": "x"})["id"]
    path = http.ok("GET", f"/rest/TemporaryFile/{temporary}")["path"]
    folder = server.var / "media" / str(project.id)
    assert (folder / path.rsplit("/", 1)[1]).read_bytes() == b"a,b" and place["key"] in server.objects()
    server.psql(f"CREATE INDEX tator_proj_{project.id}_internalv2_path_btree ON main_section (path) WHERE project = {project.id}")

    http.ok("DELETE", f"/rest/Project/{project.id}")
    assert count(server, "main_project", f"id = {project.id}") == 0
    assert place["key"] not in server.objects()
    job("dropprojects")
    assert not folder.exists()
    assert count(server, "pg_indexes", f"indexname LIKE 'tator\\_proj\\_{project.id}\\_%'") == 0


def test_deleted_media_go_for_good_with_their_objects(server, http, project, media, job):
    kept, gone = media(2)
    keys = []
    for number in (kept, gone):
        key = upload(server, http, project.id, "picture.png", media=number)
        http.ok("POST", f"/rest/ImageFiles/{number}?role=image", {"path": key, "size": 5, "resolution": [1, 1], "mime": "image/png"})
        keys.append(key)
    http.ok("DELETE", f"/rest/Media/{gone}")

    job("prunemedia")
    assert count(server, "main_media", f"id = {gone}") == 1, "thirty days have not passed"
    job("prunemedia", "--min_age_days=0")
    assert count(server, "main_media", f"id = {gone}") == 0 and count(server, "main_media", f"id = {kept}") == 1
    assert [key in server.objects() for key in keys] == [True, False]
    assert count(server, "main_resource", f"path = '{keys[1]}'") == 0
    job("prunemedia", "--min_age_days", "soon", status=2)


def test_deleted_annotations_go_for_good(server, http, project, media, job):
    (image,) = media(1)
    video = http.ok("POST", f"/rest/Medias/{project.id}", {"type": project.video, "name": "v.mp4", "md5": "y", "section": "s"})["id"]
    boxes = http.ok("POST", f"/rest/Localizations/{project.id}", [{"media_id": image, "type": project.box, "version": project.version, "frame": 0, "x": 0.1,
                                                                   "y": 0.1, "width": 0.1, "height": 0.1} for _ in range(3)])["id"]
    states = http.ok("POST", f"/rest/States/{project.id}", [{"media_ids": [video], "type": project.state, "version": project.version, "frame": k}
                                                            for k in range(3)])["id"]
    http.ok("DELETE", f"/rest/Localization/{boxes[0]}?prune=1")
    http.ok("DELETE", f"/rest/State/{states[0]}")
    server.psql("UPDATE main_localization SET deleted = true WHERE id = :id", id=boxes[0])
    server.psql("UPDATE main_state SET deleted = true WHERE id = :id", id=states[0])
    server.psql("DELETE FROM main_state_media WHERE state_id = :id", id=states[1])
    job("prunelocalizations", "--min_age_days", 0)
    job("prunestates", "--min_age_days", 0)
    assert [count(server, "main_localization", f"id = {box}") for box in boxes[:3]] == [0, 1, 1]
    assert [count(server, "main_state", f"id = {state}") for state in states[:3]] == [0, 0, 1]


def test_temporary_files_end(server, http, project, job):
    source = http.ok("POST", f"/rest/DownloadInfo/{project.id}", {"keys": [upload(server, http, project.id, "a.txt")]})[0]["url"]
    ids = [http.ok("POST", f"/rest/TemporaryFiles/{project.id}", {"name": "a.txt", "url": source, "lookup": "x", "hours": 1})["id"] for _ in range(2)]
    paths = [server.var / http.ok("GET", f"/rest/TemporaryFile/{number}")["path"].split("//")[1].split("/", 1)[1] for number in ids]
    server.psql("UPDATE main_temporaryfile SET eol_datetime = now() WHERE id = :id", id=ids[0])
    assert "1 temporary files deleted" in job("prunetemporaryfiles")
    assert [path.exists() for path in paths] == [False, True]
    assert http.request("GET", f"/rest/TemporaryFile/{ids[0]}").status_code == 404


def test_what_is_old_expires(server, http, organization, user, job):
    person = user()
    invitation = http.ok("POST", f"/rest/Invitations/{organization}", {"email": "new@example.com", "permission": "Member"})["id"]
    server.psql(f"UPDATE main_invitation SET created_datetime = now() - interval '8 days' WHERE id = {invitation};"
                f"INSERT INTO main_passwordreset (reset_token, created_datetime, user_id) VALUES (gen_random_uuid(), now() - interval '2 days', {person.id}),"
                f" (gen_random_uuid(), now(), {person.id});"
                "INSERT INTO django_session (session_key, session_data, expire_date) VALUES ('old', 'x', now() - interval '1 day');"
                "INSERT INTO tator.outbox (body, given_up) VALUES ('x', now() - interval '8 days'), ('y', now())")
    for name in ("expireinvitations", "expirepasswordresets", "expiresessions", "expireoutbox"):
        job(name)
    assert http.ok("GET", f"/rest/Invitation/{invitation}")["status"] == "Expired"
    assert count(server, "main_passwordreset", f"user_id = {person.id}") == 1
    assert count(server, "django_session", "session_key = 'old'") == 0
    assert [row["body"] for row in server.sql("SELECT body FROM tator.outbox WHERE given_up IS NOT NULL")] == ["y"]


def test_announcements_reach_whom_they_are_for_and_end(server, http, project, user, job):
    member, stranger = user(), user()
    http.ok("POST", f"/rest/Memberships/{project.id}", {"user": member.id, "permission": "View Only"})
    mark = uuid.uuid4().hex
    job("announce", "--markdown", mark, "--project", project.id, "--expires_in", 2)
    (announcement,) = [row for row in member.http.ok("GET", "/rest/Announcements") if row["markdown"] == mark]
    assert mark not in [row["markdown"] for row in stranger.http.ok("GET", "/rest/Announcements")]
    assert member.http.ok("DELETE", f"/rest/Announcement/{announcement['id']}")["message"] == f"Announcement {announcement['id']} successfully deleted!"
    assert member.http.request("DELETE", f"/rest/Announcement/{announcement['id']}").status_code == 404
    job("expireannouncements")
    assert count(server, "main_announcement", f"id = {announcement['id']}") == 1
    server.psql("UPDATE main_announcement SET eol_datetime = now() - interval '1 minute' WHERE id = :id", id=announcement["id"])
    job("expireannouncements")
    assert count(server, "main_announcement", f"id = {announcement['id']}") == 0
    job("announce", status=2)


def test_idle_users_are_disabled(server, user, job):
    idle, busy = user(), user()
    server.psql("UPDATE main_user SET last_login = now() - interval '40 days' WHERE id = :id", id=idle.id)
    job("disableinactiveusers")
    assert idle.http.request("GET", "/rest/User/GetCurrent").status_code == 200
    job("disableinactiveusers", "--user-inactive-days", 30)
    assert idle.http.request("GET", "/rest/User/GetCurrent").json()["message"] == "User inactive or deleted."
    assert busy.http.request("GET", "/rest/User/GetCurrent").status_code == 200


def test_projects_show_their_numbers_and_a_picture(server, http, project, media, user, job):
    (image, other) = media(2)
    video = http.ok("POST", f"/rest/Medias/{project.id}", {"type": project.video, "name": "v.mp4", "md5": "y", "section": "s"})["id"]
    http.ok("PATCH", f"/rest/Media/{video}", {"num_frames": 250, "fps": 25.0})
    http.ok("DELETE", f"/rest/Media/{other}")
    key = upload(server, http, project.id, "small.jpg", b"a picture", media=image)
    http.ok("POST", f"/rest/ImageFiles/{image}?role=thumbnail", {"path": key, "size": 9, "resolution": [1, 1], "mime": "image/jpeg"})
    person = user(first_name="Zoe", last_name="Abel")
    http.ok("POST", f"/rest/Memberships/{project.id}", {"user": person.id, "permission": "View Only"})

    job("updateprojects")
    shown = http.ok("GET", f"/rest/Project/{project.id}")
    assert (shown["num_files"], shown["duration"], shown["usernames"]) == (2, 10, ["admin", "Zoe Abel"])
    assert http.request("GET", shown["thumb"], headers={"Authorization": None}).content == b"a picture"
    assert f"{project.organization}/{project.id}/{key.rsplit('/', 1)[1]}" in server.objects()
    assert str(project.id) in job("getprojects").split()


def test_one_leads_and_another_takes_over():
    """Of two, on a server of their own."""
    with Server() as server:
        ports = [free_port(), free_port()]
        program = str(TOP / server.environment["BUILD"] / "tator-cron")
        server.kill("worker-cron-1", 15)
        crons = [subprocess.Popen([program, "--port", str(port)], env={**os.environ, **server.settings()}, stdout=subprocess.DEVNULL) for port in ports]

        def leads(port):
            try:
                assert urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).status == 200
                return "tator_cron_leader 1" in urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
            except OSError:
                return None

        def wait(condition):
            until = time.monotonic() + 30
            while not condition():
                assert time.monotonic() < until
                time.sleep(0.1)
        try:
            wait(lambda: sorted(map(str, map(leads, ports))) == ["False", "True"])
            first = 0 if leads(ports[0]) else 1
            crons[first].terminate()
            assert crons[first].wait(20) == 0
            wait(lambda: leads(ports[1 - first]))
        finally:
            for cron in crons:
                cron.terminate()
                cron.wait(20)
