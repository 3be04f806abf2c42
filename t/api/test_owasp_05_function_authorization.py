"""OWASP API5:2023, broken function level authorization: whoever has too little of a level changes nothing, by no operation and no way of asking."""
import itertools
import json
import uuid
from types import SimpleNamespace

import pytest
import requests

from t.api.test_matrix import BODIES, CLASS, LEGACY, QUERIES, SPECIAL, World, operations
from t.api.test_owasp_01_object_authorization import photo
from t.server import Http

LAST = ("DeleteProject", "DeleteMembership") # without these rights the owner could not go on
METHODS = ("POST", "PUT", "PATCH", "DELETE")
OWNED = ("Bookmark", "Favorite")       # everybody's own rows: there is nobody else's to be had
QUERYING = ("ListById", "CountById")   # PUT that asks


@pytest.fixture(scope="module")
def world(server):
    return World(server)


@pytest.fixture(scope="module")
def people(server, world):
    """One of each that is less than the owner: .name .http, .level in the project or None, .affiliation to the organization or None."""
    made = []
    for name, level, affiliation in (("No Access", "n", None), ("View Only", "r", None), ("Can Edit", "w", None), ("Can Transfer", "t", None), ("Can Execute", "x", None),
                                     ("Member", None, "Member"), ("stranger", None, None), ("staff", None, None)):
        person = uuid.uuid4().hex
        body = {"username": person, "first_name": "", "last_name": "", "email": f"{person}@example.com", "password": "Correct-horse-9"}
        number = server.http().ok("POST", "/rest/Users", body)["id"]
        token = Http(server.url).ok("POST", "/rest/Token", {"username": person, "password": "Correct-horse-9"})["token"]
        if level:
            server.psql("INSERT INTO main_membership (project, \"user\", permission) VALUES (:project, :id, :'level')", project=world.project, id=number, level=level)
        if affiliation:
            server.http().ok("POST", f"/rest/Affiliations/{world.organization}", {"user": number, "permission": affiliation})
        if name == "staff":
            server.psql("UPDATE main_user SET is_staff = true WHERE id = :id", id=number)
        made.append(SimpleNamespace(name=name, id=number, token=token, level=level, affiliation=affiliation, http=server.http(token)))
    return [*made, SimpleNamespace(name="anonymous", id=None, level=None, affiliation=None, http=Http(server.url))]


def refused(operation, person):
    """accounts.md §8: whether this person must be refused a change."""
    level = CLASS[operation.noun][operation.method]
    if operation.name == "DeleteProject" or person.id is None:
        return True
    if level.startswith("Org"):
        return person.affiliation != "Admin"
    return person.level in (None, "n") or person.level in LEGACY[level]


def effects(world):
    """Bodies that really change something, for those operations whose bodies in the matrix are made to be harmless; what has a name gets another one."""
    mark = {"media_id": world.media[0], "type": world.box, "frame": 0, "version": world.version}
    type_change = {"entity_type": "MediaType", "addition": {"name": "x" + uuid.uuid4().hex[:8], "dtype": "int"}}
    author = world.http.ok("GET", "/rest/User/GetCurrent")["elemental_id"]
    bulk = {kind: {"ids": world.pools[kind][:3], "user_elemental_id": author} for kind in ("Media", "Localization", "State")}
    name = type_change["addition"]["name"]
    file = {"path": f"{world.organization}/{world.project}/{world.media[0]}/x.png", "codec": "c", "resolution": [1, 1], "name": "x"}
    return {
        **{f"{verb}{kind}File": file for verb in ("Create", "Update") for kind in ("Audio", "Auxiliary", "Image")},
        "ReplaceAttributeType": {"entity_type": "MediaType", "current_name": name, "attribute_type_update": {"name": name, "dtype": "float"}},
        "UpdateAttributeType": {"entity_type": "MediaType", "current_name": name, "attribute_type_update": {"description": "taken"}},
        "DeleteAttributeType": {"entity_type": "MediaType", "name": name}, "CreateJobCluster": {**BODIES["CreateJobCluster"], "name": uuid.uuid4().hex},
        "CreateLocalizationList": mark, "CreateStateList": {"media_ids": [world.media[0]], "type": world.scene, "version": world.version},
        "CreateMediaList": {"type": world.image, "name": "new.png", "md5": "x", "section": "new"}, "CreateLeafList": {"name": uuid.uuid4().hex, "type": world.taxon},
        "CreateAttributeType": type_change, "CreateMembership": {"user": 1, "permission": "Full Control"},
        "CreateLocalizationType": {"name": "new", "dtype": "box", "media_types": [world.image]},
        "CreateStateType": {"name": "new", "association": "Media", "media_types": [world.image]},
        "CreateSection": {"name": uuid.uuid4().hex}, "CreateFile": {"name": "new", "description": "", "type": world.report},
        "CreateFileType": {"name": "new"}, "CreateLeafType": {"name": "new"}, "CreateBookmark": {"name": "new", "uri": "/"},
        "CreateAffiliation": {"user": 1, "permission": "Admin"}, "RegisterApplet": {"name": uuid.uuid4().hex, "description": ""},
        "RegisterAlgorithm": {"name": uuid.uuid4().hex, "user": 1, "files_per_job": 1},
        "UpdateAffiliation": {"permission": "Admin"}, "UpdateMembership": {"permission": "Full Control"}, "UpdateInvitation": {"permission": "Admin"},
        "UpdateBucket": {"name": "taken"}, "UpdateLocalization": {"x": 0.25}, "UpdateLocalizationByElementalId": {"x": 0.25},
        "UpdateState": {"frame": 3}, "UpdateStateByElementalId": {"frame": 3}, "UpdateMediaList": bulk["Media"], "UpdateLocalizationList": bulk["Localization"],
        "UpdateStateList": bulk["State"], "DeleteMediaList": {"ids": world.pools["Media"][:3]}, "DeleteLocalizationList": {"ids": world.pools["Localization"][:3]},
        "DeleteStateList": {"ids": world.pools["State"][:3]}, "DeleteLeafList": {"ids": world.pools["Leaf"][:3]},
        "UpdateSectionList": {"path_substitution": {"old": "s", "new": "t"}}, "UpdateOrganization": {"name": uuid.uuid4().hex},
        "UpdateProject": {"name": uuid.uuid4().hex, "summary": "taken", "enable_downloads": False},
        "MergeStates": {"merge_state_id": world.pools["State"][1]}, "CloneMediaList": {"dest_project": world.project, "dest_type": world.image},
        "UpdateAlgorithm": {"name": "taken", "user": 1, "files_per_job": 1}, "Transcode": {**BODIES["Transcode"], "type": -1, "url": "http://127.0.0.1:9/v.mp4"},
        "CreateFavorite": {"name": "new", "page": 1, "type": world.box, "values": {}, "entity_type_name": "Localization"},
    }


def request(session, world, operation, bodies, path=None):
    """As the matrix asks, but with what would take effect; .path may be overridden by a function."""
    owner = SimpleNamespace(bookmark=world.bookmark, favorite=world.favorite)
    where = operation.path.replace("{project}", str(world.project)).replace("{organization}", str(world.organization)).replace("{ancestor}", "x")
    if "{elemental_id}" in where:
        where = where.replace("{version}", str(world.version)).replace("{elemental_id}", world.uuids[operation.noun][0])
    where = where.replace("{id}", str(world.shared(operation.noun, owner)) if "{id}" in where else "")
    query = {name: value for name, value in QUERIES.get(operation.name, {}).items() if name != "count"}
    for name in operation.needs:
        query.setdefault(name, {"role": "image" if operation.noun.startswith("Image") else "streaming", "index": 0}.get(name, 0))
    if operation.name == "CloneMediaList":
        query["media_id"] = world.media[0]
    if operation.name == "destroySectionListAPI":
        query["name"] = "s1"
    body = bodies.get(operation.name)
    if body is None:
        body = BODIES.get(operation.name, {"name": "taken over"})
    return session.request(operation.method, path(where) if path else where, json=body, params=query)


@pytest.fixture(scope="module", autouse=True)
def own_rows(server, world):
    world.bookmark, world.favorite = (int(part) for part in server.psql(
        "WITH b AS (INSERT INTO main_bookmark (name, uri, project, \"user\") SELECT 'b', '/', :project, 1 RETURNING id), "
        "f AS (INSERT INTO main_favorite (type, name, page, \"values\", entity_type_name, localization_type_id, project, \"user\") "
        "SELECT :box, 'f', 1, '{}', 'Localization', :box, :project, 1 RETURNING id) SELECT (SELECT id FROM b), (SELECT id FROM f)",
        project=world.project, box=world.box).split("|"))


def changing(server):
    return [o for o in operations(server.url) if o.method in METHODS and o.name not in SPECIAL and "Gateway" not in o.name and not o.name.endswith(QUERYING)]


def accounts(server):
    return server.psql("SELECT md5(string_agg(id || username || first_name || last_name || email || password || is_staff || is_superuser || is_active || profile::text, '|' "
                       "ORDER BY id)) FROM main_user") + server.psql("SELECT md5(string_agg(key, '|' ORDER BY user_id)) FROM authtoken_token")


def test_whoever_is_refused_has_changed_nothing(server, world, people):
    """Every operation that changes something, by everybody who is too little for it; the same requests by the owner do change something."""
    before, users, wrong, walked, bodies = photo(server, world), accounts(server), [], changing(server), effects(world)
    for person in people:
        for operation in walked:
            if not refused(operation, person) or (operation.noun in OWNED and operation.method != "POST" and person.id is not None):
                continue
            answer = request(person.http, world, operation, bodies)
            if answer.status_code not in (400, 403, 404) or (answer.status_code == 400 and person.id is not None):
                wrong.append(f"{person.name}: {operation.name} {answer.status_code} {answer.text[:150]}")
    assert wrong == [], "\n".join(wrong)
    assert photo(server, world) == before
    assert accounts(server) == users

    done, vain = set(), []
    for operation in sorted(walked, key=lambda o: (o.method == "DELETE", o.name == "DeleteAffiliation", o.name == "DeleteOrganization", o.name in LAST)):
        answer = request(server.http(), world, operation, bodies)
        (done.add if answer.status_code < 300 else vain.append)(operation.name if answer.status_code < 300 else f"{operation.name} {answer.status_code} {answer.text[:100]}")
    assert len(done) > 0.8 * len(walked), "\n".join(vain)
    assert photo(server, world) != before


@pytest.fixture(scope="module")
def second(server):
    """A world that nobody has deleted anything of."""
    world = World(server)
    world.bookmark = world.favorite = 1
    return world


@pytest.fixture(scope="module")
def viewer(server, second):
    person = uuid.uuid4().hex
    body = {"username": person, "first_name": "", "last_name": "", "email": f"{person}@example.com", "password": "Correct-horse-9"}
    number = server.http().ok("POST", "/rest/Users", body)["id"]
    token = Http(server.url).ok("POST", "/rest/Token", {"username": person, "password": "Correct-horse-9"})["token"]
    server.http().ok("POST", f"/rest/Memberships/{second.project}", {"user": number, "permission": "View Only"})
    return SimpleNamespace(id=number, username=person, token=token, http=server.http(token))


PRETENCES = [
    {"X-HTTP-Method-Override": "GET"}, {"X-HTTP-Method": "GET"}, {"X-Method-Override": "GET"}, {"X-Original-URI": "/rest/User/GetCurrent"},
    {"X-Original-URL": "/rest/User/GetCurrent"}, {"X-Rewrite-URL": "/rest/User/GetCurrent"}, {"X-Forwarded-User": "admin"}, {"X-Remote-User": "admin"},
    {"REMOTE-USER": "admin"}, {"X-User-Id": "1"}, {"X-Forwarded-For": "127.0.0.1"}, {"Forwarded": "for=127.0.0.1"}, {"X-Real-IP": "127.0.0.1"},
]


def test_no_header_stands_for_a_right(server, second, viewer):
    before = photo(server, second)
    for session, headers in itertools.product((viewer.http, Http(server.url)), PRETENCES):
        for method, path, body in (("PATCH", f"/rest/Project/{second.project}", {"summary": "taken"}), ("DELETE", f"/rest/Media/{second.media[0]}", None),
                                   ("DELETE", f"/rest/Organization/{second.organization}", None)):
            assert session.request(method, path, json=body, headers=headers).status_code == (403 if session is viewer.http else 400)
    assert photo(server, second) == before


def test_a_method_is_what_the_request_line_says(server, second):
    """Also for those who may: a GET that a proxy or a browser lets through never deletes."""
    before = photo(server, second)
    overrides = [{"X-HTTP-Method-Override": "DELETE"}, {"X-HTTP-Method": "DELETE"}, {"X-Method-Override": "PATCH"}]
    paths = (f"/rest/Media/{second.media[0]}", f"/rest/Project/{second.project}", f"/rest/Medias/{second.project}")
    for path, headers in itertools.product(paths, overrides):
        server.http().request("GET", path + "?_method=DELETE&_HttpMethod=DELETE", headers=headers)
    assert photo(server, second) == before


SPELLINGS = ("{0}/", "/{0}", "/rest/../{0}", "/rest/.{0}", "{0}%2f", "{0}%00", "{0};x=1", "{0}.json", "{0}?", "{0}#x", "{0}%20")


def test_no_spelling_of_a_path_gets_past_the_check(server, second, viewer):
    """As bytes: a client's library would tidy them."""
    before = photo(server, second)
    for method, path, body in (("PATCH", f"/rest/Project/{second.project}", {"summary": "taken"}), ("DELETE", f"/rest/Section/{second.pools['Section'][0]}", None),
                               ("DELETE", f"/rest/Membership/{second.members[0]['id']}", None), ("PATCH", f"/rest/Organization/{second.organization}", {"name": "taken"})):
        for start in (path, path.replace("/rest/", "/REST/"), path.replace("/rest/", "/rest//"), path.replace("/rest/", "/%72est/")):
            for spelling in SPELLINGS:
                prepared = requests.Request(method, server.url, json=body, headers={"Authorization": "Token " + viewer.token}).prepare()
                prepared.url = server.url + spelling.format(start)
                answer = viewer.http.send(prepared, allow_redirects=False)
                assert answer.status_code in (400, 403, 404), (method, prepared.url, answer.status_code, answer.text[:200])
    assert photo(server, second) == before


def test_nobody_raises_himself(server, second, viewer):
    """Every way to more than one has: members of one's own user, one's membership, an affiliation, an invitation, a group, a protection."""
    users, before = accounts(server), photo(server, second)
    membership = next(row["id"] for row in viewer.http.ok("GET", f"/rest/Memberships/{second.project}") if row["user"] == viewer.id)
    for method, path, body in (
        ("PATCH", f"/rest/Membership/{membership}", {"permission": "Full Control"}),
        ("POST", f"/rest/Memberships/{second.project}", {"user": viewer.id, "permission": "Full Control"}),
        ("POST", f"/rest/Affiliations/{second.organization}", {"user": viewer.id, "permission": "Admin"}),
        ("POST", f"/rest/Invitations/{second.organization}", {"email": f"{viewer.username}@example.com", "permission": "Admin"}),
        ("PATCH", f"/rest/Invitation/{second.pools['Invitation'][0]}", {"permission": "Admin"}),
        ("POST", f"/rest/Groups/{second.organization}", {"name": "g", "initial_members": [viewer.id]}),
        ("PATCH", f"/rest/Group/{second.pools['Group'][0]}", {"add_members": [viewer.id]}),
        ("POST", "/rest/RowProtections", {"permission": 0xFFFFFFFFFF, "project": second.project, "user": viewer.id}),
        ("POST", "/rest/Projects", {"name": uuid.uuid4().hex, "organization": second.organization}),
        ("PATCH", "/rest/User/1", {"first_name": "taken"}),
    ):
        assert viewer.http.request(method, path, json=body).status_code == 403, (method, path)
    assert (accounts(server), photo(server, second)) == (users, before)
    for body in ({"is_staff": True}, {"is_superuser": True}, {"is_active": False}, {"username": "admin"}, {"id": 1}, {"profile": {"is_staff": True}}):
        viewer.http.request("PATCH", f"/rest/User/{viewer.id}", json=body)
    assert accounts(server) == users
    me = viewer.http.ok("GET", "/rest/User/GetCurrent")
    assert (me["is_staff"], me["username"], me["id"]) == (False, viewer.username, viewer.id)
    assert viewer.http.request("GET", f"/rest/Buckets/{second.organization}").status_code == 403


def test_reading_changes_nothing(server, second):
    """Every GET, by the one who may everything."""
    before, users = photo(server, second), accounts(server)
    bodies, asked = {}, 0
    for operation in operations(server.url):
        if operation.method == "GET" and operation.name not in SPECIAL and "Gateway" not in operation.name:
            request(server.http(), second, operation, bodies)
            asked += 1
    assert asked > 75
    assert (photo(server, second), accounts(server)) == (before, users)


def test_what_is_for_operators_is_not_for_users(server, viewer):
    for session in (viewer.http, Http(server.url), server.http()):
        for path in ("/auth-project", "/auth-admin", "/auth-project/", "/media/working", "/media/working/x"):
            answer = session.request("GET", path, headers={"X-Original-URI": "/media/1/x"})
            assert answer.status_code in (403, 404), (path, answer.status_code)
        for path in ("/admin", "/admin/", "/debug", "/debug/pprof", "/status", "/stub_status", "/nginx_status", "/api", "/rest/Admin", "/server-status", "/tator.env", "/.env",
                     "/.git/config", "/conf/nginx.conf", "/rest/", "/objects/../tator.env"):
            assert session.request("GET", path).status_code in (301, 302, 400, 403, 404), path


def test_only_staff_meets_the_gates_of_staff(server, viewer, people):
    staff = next(person for person in people if person.name == "staff")
    other = server.http().ok("GET", "/rest/User/GetCurrent")["id"]
    assert staff.http.request("GET", f"/rest/User/{viewer.id}").status_code == 200
    assert viewer.http.request("GET", f"/rest/User/{staff.id}").status_code == 403
    assert viewer.http.request("PATCH", f"/rest/User/{staff.id}", json={"first_name": "x"}).status_code == 403
    # a staff's token that ceases to be staff's ceases at once
    server.psql("UPDATE main_user SET is_staff = false WHERE id = :id", id=staff.id)
    assert staff.http.request("GET", f"/rest/User/{viewer.id}").status_code == 403
    server.psql("UPDATE main_user SET is_staff = true WHERE id = :id", id=staff.id)
    assert json.loads(staff.http.request("GET", f"/rest/User/{other}").text)["id"] == other
