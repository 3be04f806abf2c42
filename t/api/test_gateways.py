"""Doors beside the log-in: guests, files below /media/, the page for staff. contract/accounts.md §1.1, §3.9, operations.md §21."""
import pytest
import requests

from t.server import Http, Server

GUESTS = {"ANONYMOUS_GATEWAY_ENABLED": "true", "AUTOCREATE_ORGANIZATIONS": ""}


@pytest.fixture(scope="module")
def guests():
    """A server that lets guests in and creates no organizations."""
    with Server(**GUESTS) as running:
        yield running


def test_guests_stay_out_unless_they_are_welcome(anonymous):
    answer = anonymous.get("/anonymous-gateway")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("wanted,given", [("/projects?page=2", "/projects?page=2"), ("//elsewhere.example", "/projects"),
                                          ("https://elsewhere.example", "/projects"), ("/\\elsewhere.example", "/projects"), (None, "/projects")])
def test_a_guest_enters(guests, wanted, given):
    with Http(guests.url) as http:
        answer = http.request("GET", "/anonymous-gateway", params={"redirect": wanted} if wanted else None)
        assert (answer.status_code, answer.headers["Location"]) == (302, given)
        guest = http.ok("GET", "/rest/User/GetCurrent")
        assert (guest["username"], guest["first_name"], guest["last_name"], guest["is_staff"]) == ("anonymous", "Guest", "Account", False)
        refused = guests.http().request("PATCH", f"/rest/User/{guest['id']}", json={"first_name": "Other"})
        assert (refused.status_code, refused.json()["message"]) == (400, "Anonymous user cannot be modified!")
        assert http.request("POST", "/rest/Token", json={"username": "anonymous", "password": ""}).status_code in (400, 403)


def test_the_guest_is_one_user(guests):
    for _ in range(2):
        Http(guests.url).request("GET", "/anonymous-gateway")
    assert guests.sql("SELECT count(*) AS n FROM main_user WHERE lower(username) = 'anonymous'") == [{"n": 1}]


def test_an_inactive_guest_stays_out(guests):
    Http(guests.url).request("GET", "/anonymous-gateway")
    guests.psql("UPDATE main_user SET is_active = false WHERE username = 'anonymous'")
    try:
        answer = Http(guests.url).request("GET", "/anonymous-gateway")
        assert (answer.status_code, answer.json()) == (403, {"detail": "User inactive or deleted."})
        assert "sessionid" not in answer.cookies
    finally:
        guests.psql("UPDATE main_user SET is_active = true WHERE username = 'anonymous'")


@pytest.fixture
def stored(server, project):
    """A file of the project below /media/, as (path, content)."""
    folder = server.var / "media" / str(project.id)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "note.txt").write_text("for members")
    return f"/media/{project.id}/note.txt"


def test_files_are_for_members(server, http, user, project, stored):
    member, stranger, hidden = user(), user(), user()
    http.ok("POST", f"/rest/Memberships/{project.id}", {"user": member.id, "permission": "View Only"})
    server.psql("INSERT INTO main_membership (project, \"user\", permission) VALUES (:project, :person, 'n')", project=project.id, person=hidden.id)

    assert member.http.get(stored).text == "for members"
    assert member.http.get(stored).headers["Cache-Control"] == "max-age=3600, must-revalidate"
    assert [stranger.http.get(stored).status_code, hidden.http.get(stored).status_code, Http(server.url).get(stored).status_code] == [403, 403, 403]
    assert Http(server.url, "0" * 40).get(stored).status_code == 403

    # neither a header, a query nor dots in the path make it another project's
    other = member.http.ok("POST", "/rest/Organizations", {"name": "own"})["id"]
    own = member.http.ok("POST", "/rest/Projects", {"name": "own", "summary": "", "organization": other})["id"]
    assert stranger.http.get(stored, headers={"X-Original-URI": f"/media/{own}/x"}).status_code == 403
    assert stranger.http.get(stored + f"?/media/{own}/").status_code == 403
    mine = user()
    mine_project = mine.http.ok("POST", "/rest/Projects", {"name": "mine", "summary": "", "organization": mine.http.ok(
        "POST", "/rest/Organizations", {"name": "mine"})["id"]})["id"]
    with Http(server.url, mine.token) as plain:
        for path in (f"/media/{mine_project}/..%2f{project.id}/note.txt", f"/media/{mine_project}/%2e%2e/{project.id}/note.txt",
                     f"/media//{mine_project}/../{project.id}/note.txt", f"/media/x/{mine_project}/../../{project.id}/note.txt"):
            request = plain.prepare_request(requests.Request("GET", server.url + "/"))
            request.url = server.url + path
            assert plain.send(request).status_code in (403, 404), path


def test_files_being_worked_on_are_for_nobody(http):
    assert http.get("/media/working/x").status_code == 403


def test_sub_requests_are_not_for_clients(http):
    assert http.get("/auth-project").status_code == 404
    assert http.get("/auth-admin").status_code == 404


def test_the_page_for_staff(server, user):
    with Http(server.url) as http:
        assert http.request("GET", "/admin/").headers["Location"] == "/accounts/login/?next=/admin/"
        login(http, "admin", server.password)
        assert "tator-admin" in http.get("/admin/").text
    with Http(server.url) as http:
        person = user()
        login(http, person.username, person.password)
        assert http.get("/admin/").status_code == 403


def login(http, username, password):
    secret = http.get("/accounts/login/").text.split('csrfmiddlewaretoken" value="')[1].split('"')[0]
    assert http.request("POST", "/accounts/login/", data={"username": username, "password": password, "csrfmiddlewaretoken": secret}).status_code == 302
