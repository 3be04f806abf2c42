"""OWASP API6:2023, unrestricted access to sensitive business flows: registering, inviting, resetting, mailing and making things happen once, in order, and for whom they are meant."""
import concurrent.futures
import uuid

import pytest

from t.server import Http, Server

BODY = {"password": "Correct-horse-9", "first_name": "", "last_name": ""}


def at_once(count, function):
    """The results of so many calls at the same time."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(function, range(count)))


def register(server, **fields):
    with Http(server.url) as http:
        return http.request("POST", "/rest/Users", json={**BODY, "username": uuid.uuid4().hex, "email": uuid.uuid4().hex + "@example.com", **fields})


def invite(http, organization, email, permission="Member"):
    made = http.ok("POST", f"/rest/Invitations/{organization}", {"email": email, "permission": permission})
    return made["id"], made["message"].split("registration_token=")[1]


@pytest.fixture(scope="module")
def closed():
    """Nobody registers without an invitation, nobody but staff makes organizations."""
    with Server(ANONYMOUS_REGISTRATION_ENABLED="", ALLOW_ORGANIZATION_POST="", AUTOCREATE_ORGANIZATIONS="") as running:
        yield running
        assert running.alarms() == []


def test_a_closed_server_takes_the_invited_alone(closed):
    admin = closed.http()
    organization = admin.ok("POST", "/rest/Organizations", {"name": uuid.uuid4().hex})["id"]
    for fields in ({}, {"registration_token": str(uuid.uuid4())}, {"registration_token": "x"}, {"registration_token": "%"}, {"registration_token": ""}, {"registration_token": None}):
        assert register(closed, **fields).status_code == 400, fields
    email = uuid.uuid4().hex + "@example.com"
    _, token = invite(admin, organization, email)
    assert register(closed, registration_token=token, email="other@example.com").status_code == 400
    guest = register(closed, registration_token=token, email=email)
    assert guest.status_code == 201
    assert register(closed, registration_token=token, email=email).status_code == 400, "once"
    with Http(closed.url) as http:
        name = closed.sql("SELECT username FROM main_user WHERE id = :id", id=guest.json()["id"])[0]["username"]
        own = closed.http(http.ok("POST", "/rest/Token", {"username": name, "password": BODY["password"]})["token"])
    assert own.request("POST", "/rest/Organizations", json={"name": "mine"}).status_code == 403
    assert own.request("POST", "/rest/Projects", json={"name": "mine", "organization": organization}).status_code == 403
    assert own.request("POST", f"/rest/Invitations/{organization}", json={"email": "x@example.com", "permission": "Member"}).status_code == 403
    assert Http(closed.url).request("GET", "/anonymous-gateway").status_code == 404
    with Http(closed.url) as http:
        assert http.request("POST", "/registration", data={"username": "x"}).status_code in (400, 403, 404)


def test_an_invitation_is_for_one_and_until_it_ends(server, http, organization):
    email = uuid.uuid4().hex + "@example.com"
    number, token = invite(http, organization, email)
    answers = at_once(6, lambda _: register(server, email=email, registration_token=token).status_code)
    assert sorted(answers) == [201] + [400] * 5
    assert server.sql("SELECT count(*) AS n FROM main_affiliation a JOIN main_user u ON u.id = a.user_id WHERE a.organization_id = :o AND u.email = :'email'",
                      o=organization, email=email) == [{"n": 1}]
    for status in ("Expired", "Accepted"):
        email = uuid.uuid4().hex + "@example.com"
        number, token = invite(http, organization, email)
        server.psql("UPDATE main_invitation SET status = :'status' WHERE id = :id", status=status, id=number)
        assert register(server, email=email, registration_token=token).status_code == 400
    number, token = invite(http, organization, email + "x")
    http.ok("DELETE", f"/rest/Invitation/{number}")
    assert register(server, email=email + "x", registration_token=token).status_code == 400


def test_an_invitation_gives_what_it_says_and_not_what_its_user_says(server, http, organization):
    email = uuid.uuid4().hex + "@example.com"
    _, token = invite(http, organization, email)
    made = register(server, email=email, registration_token=token, permission="Admin", organization=1, is_staff=True)
    assert made.status_code == 201
    assert server.sql("SELECT permission FROM main_affiliation WHERE user_id = :id", id=made.json()["id"]) == [{"permission": "Member"}]


def test_a_name_is_given_once(server):
    name = uuid.uuid4().hex
    answers = at_once(6, lambda k: register(server, username=name if k % 2 else name.upper()).status_code)
    assert answers.count(201) == 1 and set(answers) == {201, 400}
    assert server.sql("SELECT count(*) AS n FROM main_user WHERE upper(username) = upper(:'name')", name=name) == [{"n": 1}]


def test_a_reset_works_once_also_when_it_is_tried_twice_at_once(server, user):
    person, reset = user(), str(uuid.uuid4())
    server.psql("INSERT INTO main_passwordreset (reset_token, created_datetime, user_id) VALUES (:'reset', now(), :id)", reset=reset, id=person.id)

    def use(k):
        with Http(server.url) as http:
            return http.request("PATCH", f"/rest/User/{person.id}", json={"password": f"Horse-{k}-stable", "reset_token": reset}).status_code

    assert sorted(at_once(5, use)) == [200] + [400] * 4
    assert server.sql("SELECT count(*) AS n FROM main_passwordreset WHERE user_id = :id", id=person.id) == [{"n": 0}]


@pytest.mark.parametrize("path,body,unique", [
    ("/rest/Memberships/{project}", {"user": "{user}", "permission": "View Only"}, "SELECT count(*) AS n FROM main_membership WHERE project = :project AND \"user\" = :user"),
    ("/rest/JobClusters/{organization}", {"name": "c", "host": "h", "port": 1, "token": "t", "cert": "c"},
     "SELECT count(*) AS n FROM main_jobcluster WHERE organization_id = :organization AND name = 'c'"),
    ("/rest/Invitations/{organization}", {"email": "once@example.com", "permission": "Member"},
     "SELECT count(*) AS n FROM main_invitation WHERE organization_id = :organization AND email = 'once@example.com'"),
], ids=["membership", "cluster", "invitation"])
def test_what_there_may_be_one_of_there_is_one_of(server, http, project, user, path, body, unique):
    person = user()
    where = path.format(project=project.id, organization=project.organization)
    sent = {name: person.id if value == "{user}" else value for name, value in body.items()}
    answers = at_once(6, lambda _: server.http().request("POST", where, json=sent).status_code)
    assert sorted(answers) == [201] + [400] * 5
    assert server.sql(unique, project=project.id, organization=project.organization, user=person.id) == [{"n": 1}]


def test_nobody_mails_or_messages_in_the_servers_name_without_being_known(server, anonymous, user, project, http):
    """Notify and Email: callers without credentials and people of other projects reach nobody."""
    assert anonymous.request("POST", "/rest/Notify", json={"message": "spam"}).status_code in (400, 403)
    mail = {"recipients": ["victim@example.com"], "subject": "spam", "text": "spam"}
    stranger, viewer, editor = user(), user(), user()
    for person, permission in ((viewer, "View Only"), (editor, "Can Edit")):
        http.ok("POST", f"/rest/Memberships/{project.id}", {"user": person.id, "permission": permission})
    assert anonymous.request("POST", f"/rest/Email/{project.id}", json=mail).status_code == 400
    for person in (stranger, viewer, editor):
        assert person.http.request("POST", f"/rest/Email/{project.id}", json=mail).status_code == 403
    assert server.sql("SELECT count(*) AS n FROM tator.outbox WHERE message::text LIKE '%victim@example.com%'" if server.sql(
        "SELECT 1 FROM information_schema.columns WHERE table_schema = 'tator' AND table_name = 'outbox' AND column_name = 'message'") else "SELECT 0 AS n") == [{"n": 0}]


def test_work_is_launched_by_those_who_may(server, anonymous, user, project, http):
    """Transcodes, jobs and imports cost processors: the level for them is asked for first."""
    project.types()
    spec = {"type": project.video, "gid": str(uuid.uuid4()), "uid": str(uuid.uuid4()), "url": "http://127.0.0.1:9/x.mp4", "name": "x.mp4", "section": "s", "md5": "x", "size": 1}
    job = {"algorithm_name": "none", "media_ids": []}
    for permission, transcode in ((None, 403), ("View Only", 403), ("Can Edit", 403)):
        person = user()
        if permission:
            http.ok("POST", f"/rest/Memberships/{project.id}", {"user": person.id, "permission": permission})
        assert person.http.request("POST", f"/rest/Transcodes/{project.id}", json=spec).status_code == transcode
        assert person.http.request("POST", f"/rest/Medias/{project.id}", json={"type": project.image, "name": "x.png", "md5": "x", "url": "http://127.0.0.1:9/x.png",
                                                                              "section": "s"}).status_code == 403
        assert person.http.request("POST", f"/rest/Jobs/{project.id}", json=job).status_code in (403, 501)
    assert anonymous.request("POST", f"/rest/Transcodes/{project.id}", json=spec).status_code == 400
    assert http.ok("GET", f"/rest/Transcodes/{project.id}") == []


def test_what_is_destroyed_is_destroyed_by_its_owner(server, user, project, http):
    """A project by its creator alone; an organization by its administrators; and what was half asked for is not half done."""
    person = user()
    http.ok("POST", f"/rest/Memberships/{project.id}", {"user": person.id, "permission": "Full Control"})
    http.ok("POST", f"/rest/Affiliations/{project.organization}", {"user": person.id, "permission": "Member"})
    assert person.http.request("DELETE", f"/rest/Project/{project.id}").status_code == 403
    assert person.http.request("DELETE", f"/rest/Organization/{project.organization}").status_code == 403
    answers = at_once(4, lambda _: server.http().request("DELETE", f"/rest/Project/{project.id}").status_code)
    assert answers.count(200) == 1 and set(answers) <= {200, 404}


def test_attempts_that_fail_leave_nothing_behind(server, anonymous):
    count = "SELECT (SELECT count(*) FROM main_user) + (SELECT count(*) FROM main_organization) + (SELECT count(*) FROM main_affiliation) AS n"
    before = server.sql(count)
    for fields in ({"username": ""}, {"username": "   "}, {"password": ""}, {"new_avatar": "bm90IGEgcGljdHVyZQ=="}, {"registration_token": str(uuid.uuid4())}, {"email": 7},
                   {"username": "a\x00b"}):
        assert register(server, **fields).status_code == 400, fields
    assert server.sql(count) == before
