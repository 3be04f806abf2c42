"""The client goes away at each point where a request waits. X-Tator-Abort-At: N (with tator_debug_abort on) drops it at the N-th wait; N grows until
the request ends by itself, so each path that frees what a request holds is walked, whatever the endpoint does."""
import uuid

import pytest
import requests

from t.chaos.conftest import boxes, fill
from t.server import Server

MOST = 400


@pytest.fixture(scope="module", params=["1", "3"])
def server(request):
    with Server(NGINX_HTTP="tator_debug_abort on;", WORKER_PROCESSES="1", DATABASE_CONNECTIONS=request.param) as running:
        yield running


def walk(server, method, path, body=None, status=200):
    """Aborts it at every wait; answers the final, complete answer and how many waits there were. `body` may be a function that makes it."""
    for at in range(1, MOST):
        with server.http() as http:
            try:
                answer = http.request(method, path, json=body() if callable(body) else body, headers={"X-Tator-Abort-At": str(at)})
                answer.content
            except requests.RequestException:
                continue
            assert answer.status_code == status, answer.text[:500]
            return answer, at - 1
    raise AssertionError(f"{method} {path} waits more than {MOST} times")


READS = ["/rest/User/GetCurrent", "/rest/Projects", "/rest/Organizations", "/rest/Project/{project}", "/rest/Versions/{project}",
         "/rest/MediaTypes/{project}", "/rest/Medias/{project}", "/rest/Media/{media}", "/rest/LocalizationTypes/{project}",
         "/rest/Localizations/{project}", "/rest/Localizations/{project}?start=0&stop=10", "/rest/LocalizationCount/{project}",
         "/rest/Localization/{box}", "/rest/States/{project}", "/rest/Sections/{project}", "/rest/Memberships/{project}"]


@pytest.mark.parametrize("path", READS)
def test_reads(server, filled, path):
    path = path.format(project=filled.project, media=filled.media[0], box=filled.boxes[0])
    answer, waits = walk(server, "GET", path)
    assert waits > 0
    assert server.idle() == []
    again = server.http().get(path)
    assert again.status_code == 200 and again.json() == answer.json()


def test_creations_happen_whole_or_not_at_all(server, filled):
    made = fill(server)
    answer, waits = walk(server, "POST", f"/rest/Localizations/{made.project}", boxes(made, 7), 201)
    assert waits > 0 and len(answer.json()["id"]) == 7
    assert server.idle() == []
    # An aborted one may have reached its COMMIT; none may be there in part.
    count = server.http().ok("GET", f"/rest/LocalizationCount/{made.project}")
    assert count % 7 == 0 and count >= 7
    logged = server.sql(f"SELECT count(*) AS n FROM main_localization WHERE project = {made.project}")[0]["n"]
    assert logged == count


def test_changes_and_deletions(server, filled):
    made = fill(server, rows=20)
    walk(server, "PATCH", f"/rest/Localizations/{made.project}", {"ids": made.boxes[:10], "attributes": {"Count": 5}})
    walk(server, "PATCH", f"/rest/Media/{made.media[0]}", {"name": "renamed.png"})
    assert server.http().ok("GET", f"/rest/Media/{made.media[0]}")["name"] == "renamed.png"
    assert server.idle() == []


def test_password_check(server):
    answer, waits = walk(server, "POST", "/rest/Token", {"username": "admin", "password": server.password}, 201)
    assert waits > 0
    assert server.idle() == []


def test_files_of_the_store(server, filled):
    answer, _ = walk(server, "GET", f"/rest/UploadInfo/{filled.project}?num_parts=2&media_id={filled.media[0]}&filename=a.png")
    assert len(answer.json()["urls"]) == 2
    assert server.idle() == []


def test_many_parts_and_keys(server, filled):
    answer, waits = walk(server, "GET", f"/rest/UploadInfo/{filled.project}?num_parts=700")
    assert len(answer.json()["urls"]) == 700 and waits > 3
    keys = [f"1/{filled.project}/{filled.media[0]}/{uuid.uuid4()}" for _ in range(500)]
    answer, _ = walk(server, "POST", f"/rest/DownloadInfo/{filled.project}?expiration=3600", {"keys": keys}, 201)
    assert [entry["key"] for entry in answer.json()] == keys
    assert server.idle() == []


def test_files_of_a_media_and_their_resources_agree(server):
    made = fill(server)
    media, http = made.media[0], server.http()

    def put():
        info = http.ok("GET", f"/rest/UploadInfo/{made.project}", media_id=media)
        assert requests.put(info["urls"][0], data=b"x").status_code == 200
        return info["key"]

    def agree():
        stored = http.ok("GET", f"/rest/ImageFiles/{media}", role="image")
        held = server.sql(f"SELECT r.path FROM main_resource r JOIN main_resource_media l ON l.resource_id = r.id WHERE l.media_id = {media}")
        assert {entry["path"] for entry in stored} == {row["path"] for row in held}
        return stored

    def element():
        return {"path": put(), "resolution": [1, 1]}

    walk(server, "POST", f"/rest/ImageFiles/{media}?role=image", element, 201)
    assert len(agree()) >= 1
    walk(server, "PATCH", f"/rest/ImageFile/{media}?role=image&index=0", element)
    agree()
    walk(server, "GET", f"/rest/Permalink/{media}", status=301)
    while len(agree()) > 1:
        http.ok("DELETE", f"/rest/ImageFile/{media}", role="image", index=0)
    # Each one that is aborted may have deleted it already: another one takes its place, so that the next finds one.
    for at in range(1, 40):
        if not agree():
            http.ok("POST", f"/rest/ImageFiles/{media}", element(), role="image")
        try:
            done = http.delete(f"/rest/ImageFile/{media}", params={"role": "image", "index": 0}, headers={"X-Tator-Abort-At": str(at)})
        except requests.RequestException:
            continue
        assert done.status_code == 200
        break
    assert agree() == []
    assert server.idle() == []
