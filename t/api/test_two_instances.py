"""Caches never outlive a right: after a change is committed, the very next request on any worker process of any replica sees it.

Two NGINX instances with two worker processes each stand on one database. Every connection of a client lives in one worker process, so a
few connections to each instance reach all four; before each change all of them have asked, so that every cache is warm with the old
answer. Changes come from the other instance, from this one, and from SQL as an administrator would type it.
"""
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from t.replica import Replica
from t.server import Http

CONNECTIONS = 6  # to each instance: both of its processes are among them, nearly always


@pytest.fixture(scope="module")
def replica(server):
    with Replica(server) as running:
        yield running
        assert running.alarms() == []


@pytest.fixture
def everywhere(server, replica):
    """everywhere(token) gives connections of that caller to all processes."""
    made = []

    def make(token):
        sessions = [Http(where.url, token) for where in (server, replica) for _ in range(CONNECTIONS)]
        made.extend(sessions)
        return sessions
    yield make
    for session in made:
        session.close()


def statuses(sessions, path, method="GET", body=None):
    return {session.request(method, path, json=body).status_code for session in sessions}


def warm(sessions, path):
    for _ in range(2):
        answers = statuses(sessions, path)
    return answers


@pytest.fixture
def member(http, project, user):
    """A person with a membership of level Can Edit: .person .membership"""
    person = user()
    made = http.ok("POST", f"/rest/Memberships/{project.id}", {"user": person.id, "permission": "Can Edit"})
    person.membership = made["id"]
    return person


def test_a_membership_that_goes_and_comes(http, replica, project, member, everywhere):
    sessions, path = everywhere(member.token), f"/rest/Versions/{project.id}"
    assert warm(sessions, path) == {200}
    with replica.http() as other:
        other.ok("DELETE", f"/rest/Membership/{member.membership}")
        assert statuses(sessions, path) == {403}
        http.ok("POST", f"/rest/Memberships/{project.id}", {"user": member.id, "permission": "View Only"})
        assert statuses(sessions, path) == {200}, "a cached refusal is as old as a cached right"


def test_a_level_that_falls(http, project, member, everywhere):
    sessions, path = everywhere(member.token), f"/rest/Bookmarks/{project.id}"
    body = {"name": "here", "uri": "/"}
    assert statuses(sessions, path, "POST", body) == {201}
    for level, expected in (("View Only", {403}), ("Can Edit", {201}), ("View Only", {403})):
        warm(sessions, path)
        http.ok("PATCH", f"/rest/Membership/{member.membership}", {"permission": level})
        assert statuses(sessions, path, "POST", body) == expected


def test_reading_by_id_after_the_membership(http, project, member, everywhere):
    sessions, path = everywhere(member.token), f"/rest/Version/{project.version}"
    assert warm(sessions, path) == {200}
    http.ok("DELETE", f"/rest/Membership/{member.membership}")
    assert statuses(sessions, path) == {403}


def test_a_token_that_is_made_anew(server, member, everywhere):
    sessions, path = everywhere(member.token), "/rest/User/GetCurrent"
    assert warm(sessions, path) == {200}
    body = {"username": member.username, "password": member.password, "refresh": True}
    with Http(server.url) as nobody:
        token = nobody.ok("POST", "/rest/Token", body)["token"]
    assert token != member.token
    assert statuses(sessions, path) == {400}
    assert statuses(everywhere(token), path) == {200}


def test_a_user_who_is_deactivated(server, member, everywhere):
    sessions, path = everywhere(member.token), "/rest/User/GetCurrent"
    assert warm(sessions, path) == {200}
    server.psql("UPDATE main_user SET is_active = false WHERE id = :id", id=member.id)
    assert statuses(sessions, path) == {400}
    server.psql("UPDATE main_user SET is_active = true WHERE id = :id", id=member.id)
    assert statuses(sessions, path) == {200}


def test_a_name_that_changes(server, member, everywhere):
    sessions, path = everywhere(member.token), "/rest/User/GetCurrent"
    warm(sessions, path)
    name = "Name " + uuid.uuid4().hex[:8]
    member.http.ok("PATCH", f"/rest/User/{member.id}", {"first_name": name})
    assert {session.ok("GET", path)["first_name"] for session in sessions} == {name}


@pytest.fixture
def browsers(server, replica, member):
    """Sessions of one person on all processes."""
    sessions = []
    for where in (server, replica):
        for _ in range(CONNECTIONS):
            session = Http(where.url)
            sessions.append(session)
            session.get("/accounts/login/")
            done = session.post("/accounts/login/", data={"username": member.username, "password": member.password,
                                                          "csrfmiddlewaretoken": session.cookies["csrftoken"]})
            assert done.status_code == 302
    yield sessions
    for session in sessions:
        session.close()


@pytest.fixture
def one_session(browsers):
    """All connections send the same session's cookie."""
    key = browsers[0].cookies["sessionid"]
    for session in browsers:
        del session.cookies["sessionid"]
        session.cookies.set("sessionid", key)
    return browsers


@pytest.mark.parametrize("change", ["password = 'pbkdf2_sha256$1$salt$AAAA'", "is_active = false"])
def test_cookie_sessions_end_with_the_user(server, member, browsers, change):
    path = "/rest/User/GetCurrent"
    assert warm(browsers, path) == {200}
    server.psql(f"UPDATE main_user SET {change} WHERE id = :id", id=member.id)
    assert statuses(browsers, path) == {404}, "nobody is signed in any more"


def test_a_cookie_session_is_who_the_user_is_now(server, member, browsers):
    path, name = "/rest/User/GetCurrent", "Name " + uuid.uuid4().hex[:8]
    assert warm(browsers, path) == {200}
    server.psql(f"UPDATE main_user SET first_name = '{name}' WHERE id = :id", id=member.id)
    assert {session.ok("GET", path)["first_name"] for session in browsers} == {name}


@pytest.mark.parametrize("end", ["DELETE FROM django_session WHERE session_key = :'key'",
                                 "UPDATE django_session SET expire_date = now() WHERE session_key = :'key'",
                                 "UPDATE django_session SET session_data = translate(session_data, 'abc', 'bca') WHERE session_key = :'key'"])
def test_a_cookie_session_ends_with_its_row(server, one_session, end):
    path = "/rest/User/GetCurrent"
    assert warm(one_session, path) == {200}
    server.psql(end, key=one_session[0].cookies["sessionid"])
    assert statuses(one_session, path) == {404}


def test_a_cookie_session_ends_with_a_logout_elsewhere(one_session):
    path = "/rest/User/GetCurrent"
    assert warm(one_session, path) == {200}
    one_session[-1].get("/accounts/logout/")
    assert statuses(one_session[:-1], path) == {404}


def test_a_cookie_session_ends_by_its_time(server, one_session):
    path, key = "/rest/User/GetCurrent", one_session[0].cookies["sessionid"]
    server.psql("UPDATE django_session SET expire_date = now() + interval '2 seconds' WHERE session_key = :'key'", key=key)
    assert warm(one_session, path) == {200}
    server.psql("SELECT pg_sleep(extract(epoch FROM expire_date - now()) + 0.05) FROM django_session WHERE session_key = :'key'", key=key)
    assert statuses(one_session, path) == {404}


def test_a_session_key_is_no_token(one_session, server):
    path = "/rest/User/GetCurrent"
    assert warm(one_session, path) == {200}
    with Http(server.url, one_session[0].cookies["sessionid"]) as thief:
        assert thief.request("GET", path).status_code == 400


def test_staff_rights_that_are_taken_away(server, user, everywhere):
    person, stranger = user(), user()
    server.psql("UPDATE main_user SET is_staff = true WHERE id = :id", id=person.id)
    sessions, path = everywhere(person.token), f"/rest/User/{stranger.id}"
    assert warm(sessions, path) == {200}
    server.psql("UPDATE main_user SET is_staff = false WHERE id = :id", id=person.id)
    assert statuses(sessions, path) == {403}


def test_an_affiliation_that_goes(http, organization, user, everywhere):
    person = user()
    made = http.ok("POST", f"/rest/Affiliations/{organization}", {"user": person.id, "permission": "Member"})["id"]
    sessions, path = everywhere(person.token), f"/rest/Groups/{organization}"
    assert warm(sessions, path) == {200}
    http.ok("DELETE", f"/rest/Affiliation/{made}")
    assert statuses(sessions, path) == {403}


def test_a_change_that_is_rolled_back_changes_nothing(server, project, member, everywhere):
    sessions, path = everywhere(member.token), f"/rest/Versions/{project.id}"
    warm(sessions, path)
    server.psql(f"BEGIN; DELETE FROM main_membership WHERE id = {member.membership}; ROLLBACK")
    assert statuses(sessions, path) == {200}


def test_many_changes_while_everybody_asks(http, replica, project, member, everywhere):
    """Between two requests of one client there is always a change, which all others see at their next."""
    sessions, path = everywhere(member.token), f"/rest/Sections/{project.id}"
    with ThreadPoolExecutor(len(sessions)) as pool, replica.http() as other:
        for turn in range(12):
            expected = 403 if turn % 2 == 0 else 200
            if expected == 403:
                other.ok("DELETE", f"/rest/Membership/{member.membership}")
            else:
                member.membership = http.ok("POST", f"/rest/Memberships/{project.id}", {"user": member.id, "permission": "View Only"})["id"]
            answers = list(pool.map(lambda session: session.get(path).status_code, sessions))
            assert answers == [expected] * len(sessions), f"turn {turn}"


@pytest.fixture(scope="module")
def fine(server):
    """Two instances in fine-grain mode."""
    settings = {"TATOR_FINE_GRAIN_PERMISSION": "true"}
    with Replica(server, "fine1", **settings) as one, Replica(server, "fine2", **settings) as two:
        yield one, two
        assert one.alarms() + two.alarms() == []


def test_protections_and_groups(fine, http, project, user):
    one, two = fine
    person = user()
    sessions = [where.http(person.token) for where in fine for _ in range(CONNECTIONS)]
    path = f"/rest/Versions/{project.id}"
    assert warm(sessions, path) == {403}
    with one.http() as first, two.http() as second:
        protection = first.ok("POST", "/rest/RowProtections", {"project": project.id, "user": person.id, "permission": 0x0303})["id"]
        assert statuses(sessions, path) == {200}
        second.ok("PATCH", f"/rest/RowProtection/{protection}", {"permission": 0})
        assert statuses(sessions, path) == {403}
        group = first.ok("POST", f"/rest/Groups/{project.organization}", {"name": "crew", "initial_members": []})["id"]
        first.ok("POST", "/rest/RowProtections", {"project": project.id, "group": group, "permission": 0x0303})
        assert statuses(sessions, path) == {403}
        second.ok("PATCH", f"/rest/Group/{group}", {"add_members": [person.id]})
        assert statuses(sessions, path) == {200}
        first.ok("PATCH", f"/rest/Group/{group}", {"remove_members": [person.id]})
        assert statuses(sessions, path) == {403}
    for session in sessions:
        session.close()


def test_affiliations_and_groups_that_hold_a_right(fine, server, http, project, user):
    """Subjects of protections: an organization that one is affiliated with, a group that is deleted; and a change by SQL."""
    one, two = fine
    person = user()
    elsewhere = http.ok("POST", "/rest/Organizations", {"name": "elsewhere " + uuid.uuid4().hex})["id"]
    sessions = [where.http(person.token) for where in fine for _ in range(CONNECTIONS)]
    path = f"/rest/Version/{project.version}"
    assert warm(sessions, path) == {404}
    with one.http() as first, two.http() as second:
        first.ok("POST", "/rest/RowProtections", {"project": project.id, "organization": elsewhere, "permission": 0x0303})
        assert statuses(sessions, path) == {404}
        affiliation = second.ok("POST", f"/rest/Affiliations/{elsewhere}", {"user": person.id, "permission": "Member"})["id"]
        assert statuses(sessions, path) == {200}
        first.ok("DELETE", f"/rest/Affiliation/{affiliation}")
        assert statuses(sessions, path) == {404}
        group = second.ok("POST", f"/rest/Groups/{project.organization}", {"name": "crew", "initial_members": [person.id]})["id"]
        first.ok("POST", "/rest/RowProtections", {"project": project.id, "group": group, "permission": 0x0303})
        assert statuses(sessions, path) == {200}
        second.ok("DELETE", f"/rest/Group/{group}")
        assert statuses(sessions, path) == {404}
        server.psql("INSERT INTO main_rowprotection (created_datetime, permission, version_id, user_id) VALUES (now(), 3, :version, :person)",
                    version=project.version, person=person.id)
        assert statuses(sessions, path) == {200}
        server.psql("DELETE FROM main_rowprotection WHERE user_id = :person", person=person.id)
        assert statuses(sessions, path) == {404}
    for session in sessions:
        session.close()


def test_lists_lose_rows_with_their_rights(fine, http, project, media, user):
    """A section that is hidden takes its media out of lists and counts, at once."""
    one, two = fine
    person, (number,) = user(), media(1)
    section = http.ok("GET", f"/rest/Media/{number}")["primary_section"]
    http.ok("POST", "/rest/RowProtections", {"project": project.id, "user": person.id, "permission": 0x030303})
    sessions = [where.http(person.token) for where in fine for _ in range(CONNECTIONS)]
    listed, counted = f"/rest/Medias/{project.id}", f"/rest/MediaCount/{project.id}"
    for shown, change in ((1, None), (0, ("POST", "/rest/RowProtections", {"section": section, "user": person.id, "permission": 0})), (1, "DELETE")):
        if change == "DELETE":
            one.http().ok("DELETE", f"/rest/RowProtection/{made}")
        elif change:
            made = two.http().ok(*change)["id"]
        assert {len(session.ok("GET", listed)) for session in sessions} == {shown}
        assert {session.ok("GET", counted) for session in sessions} == {shown}
    for session in sessions:
        session.close()


@pytest.mark.parametrize("noun", ["Version", "Section", "Membership", "MediaType", "LocalizationType", "Leaf", "Group", "Affiliation", "Invitation", "Bucket"])
def test_a_row_that_is_deleted(http, replica, project, user, everywhere, noun):
    """Where an object belongs is remembered; that it is gone is seen all the same."""
    project.types()
    bodies = {
        "Version": {"name": "v"}, "Section": {"name": "s", "tator_user_sections": "s"}, "Membership": {"user": user().id, "permission": "View Only"},
        "MediaType": {"name": "m", "dtype": "image"}, "LocalizationType": {"name": "l", "dtype": "box", "media_types": [project.image]},
        "Group": {"name": "g"}, "Affiliation": {"user": user().id, "permission": "Member"},
        "Invitation": {"email": "nobody@example.com", "permission": "Member"},
        "Bucket": {"name": "b", "store_type": "AWS", "config": {"endpoint_url": "http://127.0.0.1", "region_name": "r", "aws_access_key_id": "a",
                                                                "aws_secret_access_key": "s"}},
    }
    owner = project.organization if noun in ("Group", "Affiliation", "Invitation", "Bucket") else project.id
    if noun == "Leaf":
        taxon = http.ok("POST", f"/rest/LeafTypes/{project.id}", {"name": "t"})["id"]
        made = http.ok("POST", f"/rest/Leaves/{project.id}", [{"name": "leaf", "type": taxon}])["id"][0]
    else:
        made = http.ok("POST", f"/rest/{noun}s/{owner}", bodies[noun])["id"]
    sessions, path = everywhere(http.headers["Authorization"].split()[1]), f"/rest/{noun}/{made}"
    assert warm(sessions, path) == {200}
    with replica.http() as other:
        other.ok("DELETE", path)
    assert statuses(sessions, path) == {404}


def test_projects_and_organizations_that_are_deleted(http, replica, project, member, everywhere):
    sessions = everywhere(member.token)
    version, groups = f"/rest/Version/{project.version}", f"/rest/Groups/{project.organization}"
    http.ok("POST", f"/rest/Affiliations/{project.organization}", {"user": member.id, "permission": "Member"})
    assert warm(sessions, version) == warm(sessions, groups) == {200}
    with replica.http() as other:
        other.ok("DELETE", f"/rest/Project/{project.id}")
        assert statuses(sessions, version) == {404}
        assert statuses(sessions, f"/rest/Versions/{project.id}") == {404}
        other.ok("DELETE", f"/rest/Organization/{project.organization}")
        assert statuses(sessions, groups) == {404}


def test_urls_that_were_signed_before(http, server, replica, project, user, organization):
    """A remembered URL is not given to somebody whose right to it has gone, by whatever project he asks."""
    person = user()
    second = http.ok("POST", "/rest/Projects", {"name": "second " + uuid.uuid4().hex, "organization": organization})["id"]
    memberships = [http.ok("POST", f"/rest/Memberships/{number}", {"user": person.id, "permission": "Can Transfer"})["id"] for number in (project.id, second)]
    key = f"{project.organization}/{project.id}/1/file.bin"
    body = {"keys": [key]}
    sessions = [where.http(person.token) for where in (server, replica)]
    urls = {session.ok("POST", f"/rest/DownloadInfo/{project.id}", body)[0]["url"] for session in sessions}
    assert len(urls) == 1, "it is remembered, for both"
    assert statuses(sessions, f"/rest/DownloadInfo/{second}", "POST", body) == {403}
    http.ok("DELETE", f"/rest/Membership/{memberships[0]}")
    assert statuses(sessions, f"/rest/DownloadInfo/{project.id}", "POST", body) == {403}
    assert statuses(sessions, f"/rest/DownloadInfo/{second}", "POST", body) == {403}


def test_the_anonymous_gateway(server, http, project):
    """Guests are an ordinary member: what is taken from the user `anonymous` is taken from all of them."""
    with Replica(server, "gateway1", ANONYMOUS_GATEWAY_ENABLED="true") as one, Replica(server, "gateway2", ANONYMOUS_GATEWAY_ENABLED="true") as two:
        guests = []
        for where in (one, two):
            for _ in range(CONNECTIONS):
                guest = Http(where.url)
                assert guest.request("GET", "/anonymous-gateway").status_code == 302
                guests.append(guest)
        person = guests[0].ok("GET", "/rest/User/GetCurrent")["id"]
        path = f"/rest/Version/{project.version}"
        assert warm(guests, path) == {403}
        membership = http.ok("POST", f"/rest/Memberships/{project.id}", {"user": person, "permission": "View Only"})["id"]
        assert warm(guests, path) == {200}
        http.ok("DELETE", f"/rest/Membership/{membership}")
        assert statuses(guests, path) == {403}
        server.psql("UPDATE main_user SET is_active = false WHERE id = :id", id=person)
        try:
            assert statuses(guests, path) == {400}
            assert statuses(guests, "/anonymous-gateway") == {403}
        finally:
            server.psql("DELETE FROM django_session; UPDATE main_user SET is_active = true WHERE id = :id", id=person)
        for guest in guests:
            guest.close()
        assert one.alarms() + two.alarms() == []
