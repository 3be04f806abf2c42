"""The client goes away at each point where a request about accounts waits; nothing may be there in part."""
import base64
import uuid

import requests

from t.chaos.test_abort import MOST, server, walk  # noqa: F401  (the fixture)
from t.server import Http

PNG = base64.b64encode(base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNQSFgAAAGeAQPZ5cQAAAAASUVORK5CYII=")).decode()


def attempts(server, method, path, body):  # noqa: F811
    """Like walk(), with a body of its own for each attempt; answers all bodies that were sent."""
    sent = []
    for at in range(1, MOST):
        sent.append(body())
        with server.http() as http:
            try:
                answer = http.request(method, path, json=sent[-1], headers={"X-Tator-Abort-At": str(at)})
                answer.content
            except requests.RequestException:
                continue
            assert answer.status_code == 201, answer.text[:500]
            assert at > 1
            return sent
    raise AssertionError(f"{method} {path} waits more than {MOST} times")


def test_registrations(server):  # noqa: F811
    def body():
        return {"username": uuid.uuid4().hex, "password": "Correct-horse-9", "first_name": "", "last_name": "", "email": uuid.uuid4().hex + "@example.com"}
    names = "{" + ",".join(item["username"] for item in attempts(server, "POST", "/rest/Users", body)) + "}"
    assert server.idle() == []
    people = server.sql("SELECT (SELECT count(*) FROM main_affiliation a WHERE a.user_id = u.id) AS n FROM main_user u"
                        " WHERE username = ANY (:'names'::text[])", names=names)
    assert people and all(person["n"] == 1 for person in people)


def test_projects(server):  # noqa: F811
    organization = server.http().ok("POST", "/rest/Organizations", {"name": uuid.uuid4().hex})["id"]
    attempts(server, "POST", "/rest/Projects", lambda: {"name": uuid.uuid4().hex, "organization": organization})
    assert server.idle() == []
    made = server.sql("SELECT (SELECT count(*) FROM main_version v WHERE v.project_id = p.id) AS versions,"
                      " (SELECT count(*) FROM main_membership m WHERE m.project = p.id) AS members"
                      " FROM main_project p WHERE organization = :organization", organization=organization)
    assert made and all(project == {"versions": 1, "members": 1} for project in made)


def test_pictures(server):  # noqa: F811
    walk(server, "PATCH", "/rest/User/1", {"new_avatar": PNG})
    walk(server, "PATCH", "/rest/User/1", {"clear_avatar": 1})
    assert server.idle() == []
    assert "avatar" not in server.http().ok("GET", "/rest/User/1")["profile"]


def test_pages(server):  # noqa: F811
    for path in ("/accounts/login/", "/check-login/", "/rest/Announcements"):
        for at in range(1, MOST):
            with Http(server.url) as http:
                try:
                    answer = http.request("GET", path, headers={"X-Tator-Abort-At": str(at), "Cookie": "sessionid=" + "0" * 32})
                    break
                except requests.RequestException:
                    continue
        assert answer.status_code == (400 if "rest" in path else 200)
    assert server.idle() == []
