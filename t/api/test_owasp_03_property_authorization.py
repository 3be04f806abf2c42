"""OWASP API3:2023, broken object property level authorization: what the server says of a row is not what a caller may write of it, and no answer has secrets."""
import itertools
import uuid

import pytest
import yaml

from t.api.test_matrix import BODIES, QUERIES, World, operations
from t.api.test_owasp_01_object_authorization import Own
from t.server import Http

# Tables of the nouns; the answer's schema is named like the noun.
TABLES = {
    "Affiliation": "affiliation", "Algorithm": "algorithm", "Applet": "dashboard", "Bookmark": "bookmark", "Bucket": "bucket", "Favorite": "favorite", "File": "file",
    "FileType": "filetype", "Group": "group", "HostedTemplate": "hostedtemplate", "Invitation": "invitation", "JobCluster": "jobcluster", "Leaf": "leaf",
    "LeafType": "leaftype", "Localization": "localization", "LocalizationType": "localizationtype", "Media": "media", "MediaType": "mediatype",
    "Membership": "membership", "Organization": "organization", "Project": "project", "Section": "section", "State": "state", "StateType": "statetype",
    "Version": "version", "RowProtection": "rowprotection",
}
PLURAL = {**{noun + "s": noun for noun in TABLES}, "Leaves": "Leaf", "Medias": "Media"}

# What every change writes down by itself, and what a new version of a mark has anew.
BOOKKEEPING = {"modified_datetime", "modified_by", "modified_by_id"}
MARKED = {"id", "mark", "latest_mark", "created_datetime", "created_by", "created_by_id", "x", "y", "width", "height"}
# Columns that have another name than the members which the request has for them.
OTHER_NAMES = {"MediaType": {"overlay_config"}, "Media": {"meta", "section"}, "Applet": {"html_file", "name"}, "File": {"path", "meta"}, "Favorite": {"localization_type_id", "state_type_id", "media_type_id"}}


@pytest.fixture(scope="module")
def world(server):
    """The administrator's; what is sent names rows of `other`."""
    world = World(server)
    world.bookmark, world.favorite = (int(part) for part in server.psql(
        "WITH b AS (INSERT INTO main_bookmark (name, uri, project, \"user\") SELECT 'b', '/', :project, 1 RETURNING id), "
        "f AS (INSERT INTO main_favorite (type, name, page, \"values\", entity_type_name, localization_type_id, project, \"user\") "
        "SELECT :box, 'f', 1, '{}', 'Localization', :box, :project, 1 RETURNING id) SELECT (SELECT id FROM b), (SELECT id FROM f)",
        project=world.project, box=world.box).split("|"))
    world.joiner = 1
    world.protection = server.http().ok("POST", "/rest/RowProtections", {"project": world.project, "user": 1, "permission": 255})["id"]
    return world


@pytest.fixture(scope="module")
def other(server):
    return Own(server)


@pytest.fixture(scope="module")
def document(server):
    return yaml.load(Http(server.url).get("/schema/").text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def members(document, name):
    """{member: schema} of a component."""
    return document["components"]["schemas"].get(name, {}).get("properties", {})


def of_body(document, operation):
    schema = document["paths"][operation.path][operation.method.lower()]["requestBody"]["content"]["application/json"]["schema"]
    schema = schema.get("oneOf", [schema])[-1]
    return members(document, schema["$ref"].split("/")[-1])


def forged(name, schema, other):
    """A value that could be written, if it were taken: rows that exist, of somebody else."""
    named = {"project": other.project, "organization": other.organization, "organization_id": other.organization, "id": 987654321, "media": other.media,
             "version": other.version, "type": other.box, "section": other.section, "permission": None}
    if name in ("user", "user_id", "created_by", "created_by_id", "modified_by", "creator", "modified_by_id"):
        return other.user
    if name in named:
        return named[name]
    kind, form = schema.get("type"), schema.get("format")
    if form == "date-time":
        return "2001-02-03T04:05:06Z"
    if form == "uuid" or "elemental" in name:
        return "12345678-1234-4234-8234-123456789abc"
    return {"boolean": True, "integer": 4242, "number": 42.5, "string": "forged", "array": ["forged"], "object": {"forged": 1}}.get(kind, "forged")


# Columns of every table that no request writes, whether or not answers have them.
HIDDEN = {name: {"type": kind} for name, kind in (
    ("id", "integer"), ("project", "integer"), ("project_id", "integer"), ("organization", "integer"), ("organization_id", "integer"), ("created_by", "integer"),
    ("created_by_id", "integer"), ("modified_by", "integer"), ("creator", "integer"), ("deleted", "boolean"), ("variant_deleted", "boolean"), ("meta", "integer"),
    ("latest_mark", "integer"), ("effective_permission", "integer"), ("registration_token", "string"), ("is_staff", "boolean"), ("is_superuser", "boolean"),
    ("is_active", "boolean"), ("failed_login_count", "integer"), ("password", "string"), ("restoration_requested", "boolean"), ("archive_state", "string"),
    ("num_files", "integer"), ("size", "integer"), ("usernames", "array"), ("backed_up", "boolean"), ("elemental_id", "string"), ("user", "integer"), ("thumb", "string"))}
HIDDEN["created_datetime"] = {"type": "string", "format": "date-time"}


def row_of(server, noun, number):
    """The row's columns; of a mark the newest with its elemental id."""
    table = TABLES[noun]
    where = "id = :id"
    if noun in ("Localization", "State"):
        where = f"(elemental_id, version) = (SELECT elemental_id, version FROM main_{table} WHERE id = :id) ORDER BY mark DESC, id DESC LIMIT 1"
    found = server.sql(f"SELECT to_jsonb(r) AS row FROM main_{table} r WHERE {where}", id=number)
    return found[0]["row"] if found else None


def takes(row, name, value):
    """Whether a row has the value in the column of this name."""
    return value is not None and any(column in row and row[column] == value for column in (name, name + "_id"))


def body_of(world, operation):
    """A good body."""
    good = {
        "CreateAffiliation": {"user": 1, "permission": "Member"}, "CreateBookmark": {"name": "b", "uri": "/"}, "CreateFileType": {"name": uuid.uuid4().hex},
        "CreateFavorite": {"name": "f", "page": 1, "type": world.box, "values": {}, "entity_type_name": "Localization"},
        "CreateFile": {"name": "f", "description": "", "type": world.report}, "CreateInvitation": {"email": uuid.uuid4().hex + "@example.com", "permission": "Member"},
        "CreateLeafList": {"name": uuid.uuid4().hex, "type": world.taxon}, "CreateLeafType": {"name": uuid.uuid4().hex},
        "CreateLocalizationList": {"media_id": world.media[0], "type": world.box, "frame": 0, "version": world.version},
        "CreateStateList": {"media_ids": [world.media[0]], "type": world.scene, "version": world.version},
        "CreateLocalizationType": {"name": uuid.uuid4().hex, "dtype": "box", "media_types": [world.image]},
        "CreateStateType": {"name": uuid.uuid4().hex, "association": "Media", "media_types": [world.image]},
        "CreateMediaList": {"type": world.image, "name": "m.png", "md5": "x", "section": "s"}, "CreateMembership": {"user": world.joiner, "permission": "View Only"},
        "CreateSection": {"name": uuid.uuid4().hex}, "CreateVersion": {"name": uuid.uuid4().hex}, "CreateGroup": {"name": "g"},
        "CreateProject": {"name": uuid.uuid4().hex, "organization": world.organization}, "CreateOrganization": {"name": uuid.uuid4().hex},
        "CreateJobCluster": {**BODIES["CreateJobCluster"], "name": uuid.uuid4().hex}, "RegisterApplet": {"name": uuid.uuid4().hex, "description": "d"},
        "RegisterAlgorithm": {"name": uuid.uuid4().hex, "user": 1, "files_per_job": 1},
        "CreateRowProtection": {"project": world.project, "user": 1, "permission": 1}, "UpdateRowProtection": {"permission": 255},
        "UpdateAffiliation": {"permission": "Member"}, "UpdateMembership": {"permission": "Full Control"}, "UpdateInvitation": {"permission": "Member"},
        "UpdateLocalization": {"x": 0.25}, "UpdateState": {"frame": 3}, "UpdateProject": {"summary": "s"}, "UpdateOrganization": {},
        "UpdateBucket": {"name": "b"}, "UpdateAlgorithm": {"name": uuid.uuid4().hex, "user": 1, "files_per_job": 1},
    }
    return good.get(operation.name, BODIES.get(operation.name) or {"name": uuid.uuid4().hex})


def changes(server, document):
    """(operation, noun, the members to forge) of each change of one row."""
    for operation in operations(server.url):
        noun = operation.path.split("/")[2]
        if operation.method == "PATCH" and noun in TABLES and operation.path.endswith("/{id}"):
            yield operation, noun, {**HIDDEN, **members(document, noun)}


def test_a_change_writes_what_its_body_declares_and_nothing_else(server, world, other, document):
    """For every PATCH of a row: every member of the answer that the body does not declare, one by one, and columns that no answer has."""
    wrong, tried = [], 0
    for operation, noun, shown in changes(server, document):
        number = world.protection if noun == "RowProtection" else world.shared(noun, world)
        declared = set(of_body(document, operation))
        free = declared | BOOKKEEPING | OTHER_NAMES.get(noun, set()) | (MARKED if noun in ("Localization", "State") else set())
        before = row_of(server, noun, number)
        undeclared = {name: forged(name, schema, other) for name, schema in shown.items() if name not in declared}
        for name, value in undeclared.items():
            server.http().request("PATCH", operation.path.replace("{id}", str(number)), json={**body_of(world, operation), name: value})
            tried += 1
        answer = server.http().request("PATCH", operation.path.replace("{id}", str(number)), json={**body_of(world, operation), **undeclared})
        after = row_of(server, noun, number)
        assert after is not None, (operation.name, "the row is gone", answer.text)
        moved = {column for column in before if before[column] != after[column]} - free - {name + "_id" for name in declared}
        taken = [name for name, value in undeclared.items() if takes(after, name, value) and not takes(before, name, value) and name not in free]
        if moved or taken:
            wrong.append((operation.name, sorted(moved), taken))
    assert wrong == []
    assert tried > 300


def test_a_new_row_is_what_its_body_declares(server, world, other, document):
    """For every POST that makes a row: where it belongs, who made it and when is the server's to say."""
    wrong, made = [], 0
    for operation in operations(server.url):
        noun = PLURAL.get(operation.path.split("/")[2])
        if operation.method != "POST" or noun is None:
            continue
        world.joiner = other.user
        if noun == "Membership":
            server.psql("DELETE FROM main_membership WHERE project = :project AND \"user\" = :id", project=world.project, id=other.user)
        declared = set(of_body(document, operation))
        undeclared = {name: forged(name, schema, other) for name, schema in {**HIDDEN, **members(document, noun)}.items() if name not in declared}
        path = operation.path.replace("{project}", str(world.project)).replace("{organization}", str(world.organization))
        news = []
        for more in [undeclared, *({name: value} for name, value in undeclared.items())]:
            answer = server.http().request("POST", path, json={**body_of(world, operation), **more})
            if answer.status_code != 201:
                assert answer.status_code in (400, 403, 404), (operation.name, answer.status_code, answer.text)
                continue
            number = answer.json()["id"]
            news.append((number[0] if isinstance(number, list) else number, more))
            if more is undeclared:
                break # all of them at once went through: what becomes of each can be seen there
        rows = {row["row"]["id"]: row["row"] for row in server.sql(
            f"SELECT to_jsonb(r) AS row FROM main_{TABLES[noun]} r WHERE id = ANY(:'ids'::int[])", ids="{%s}" % ",".join(str(number) for number, _ in news))}
        for number, more in news:
            made += 1
            row = rows[number]
            taken = [name for name, value in more.items() if takes(row, name, value) and (noun, name) not in BY_CONTRACT]
            if taken:
                wrong.append((operation.name, taken))
            where = "project" if "project" in row else "project_id" if "project_id" in row else "organization_id" if "organization_id" in row else None
            if where and noun not in ("RowProtection", "Project") and row[where] != (world.organization if where == "organization_id" else world.project):
                wrong.append((operation.name, where, row[where]))
    assert wrong == []
    assert made > 20


# accounts.md §7.2: a new project takes these though the schema does not say so; a picture's key is signed for nobody unless it is the project's own.
BY_CONTRACT = {("Project", "thumb"), ("Project", "extended_info"), ("Project", "attribute_types"), ("Project", "usernames"), ("Project", "duration")}


def test_a_new_projects_picture_is_no_way_to_others_objects(server, other):
    key = f"{other.organization}/{other.project}/{other.media}/x.png"
    made = other.http.ok("POST", "/rest/Projects", {"name": uuid.uuid4().hex, "organization": other.organization, "thumb": key})["id"]
    assert other.http.ok("GET", f"/rest/Project/{made}")["thumb"] is None
    assert key not in other.http.get("/rest/Projects").text


def test_a_user_changes_but_what_is_his(server, user, document):
    person = user()
    columns = "to_jsonb(u) - 'profile' AS row FROM main_user u WHERE id = :id"
    before = server.sql("SELECT " + columns, id=person.id)[0]["row"]
    for name in before:
        if name in ("first_name", "last_name", "email", "password"):
            continue
        value = {"boolean": True}.get(type(before[name]).__name__, True if isinstance(before[name], bool) else 7 if isinstance(before[name], int) else str(uuid.uuid4()))
        person.http.request("PATCH", f"/rest/User/{person.id}", json={name: value})
    person.http.request("PATCH", f"/rest/User/{person.id}", json={"password": "Another-horse-9"})
    assert server.sql("SELECT " + columns, id=person.id)[0]["row"] == before

    name = uuid.uuid4().hex
    more = {"is_staff": True, "is_superuser": True, "is_active": False, "id": 1, "groups": [1], "failed_login_count": 9, "date_joined": "2001-01-01T00:00:00Z",
            "profile": {"avatar": "1/2/3"}, "elemental_id": "12345678-1234-4234-8234-123456789abc"}
    made = Http(server.url).ok("POST", "/rest/Users", {"username": name, "password": "Correct-horse-9", "first_name": "", "last_name": "",
                                                       "email": name + "@example.com", **more})["id"]
    row = server.sql("SELECT to_jsonb(u) AS row FROM main_user u WHERE id = :id", id=made)[0]["row"]
    assert (row["is_staff"], row["is_superuser"], row["is_active"], row["failed_login_count"]) == (False, False, True, 0)
    assert (row["profile"], row["elemental_id"] == more["elemental_id"], row["date_joined"][:4] == "2001", made == 1) == ({}, False, False, False)


def secrets_of(server, world):
    """{what it is: text} that belongs into no answer, whoever asks."""
    settings = server.settings()
    found = {f"the hash of user {row['id']}": row["password"] for row in server.sql("SELECT id, password FROM main_user WHERE password <> ''")}
    found.update((f"the salt and hash of user {row['id']}", row["password"].split("$")[-1]) for row in
                 server.sql("SELECT id, password FROM main_user WHERE password LIKE 'pbkdf2%'"))
    found.update((f"the token of user {row['user_id']}", row["key"]) for row in server.sql("SELECT user_id, key FROM authtoken_token"))
    found.update((f"a session {row['session_key']}", row["session_key"]) for row in server.sql("SELECT session_key FROM django_session"))
    found.update((f"a reset {row['t']}", row["t"]) for row in server.sql("SELECT reset_token::text AS t FROM main_passwordreset"))
    found.update((name, settings[name]) for name in ("DJANGO_SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "TATOR_OBJECTS_SECRET_KEY", "TATOR_EMAIL_PASSWORD")
                 if len(settings.get(name, "")) > 7)
    return found


def test_no_answer_has_secrets(server, world, user):
    """Every GET and every PUT that asks, in all formats, by a member and by the owner; also the refusals."""
    server.psql("INSERT INTO main_passwordreset (reset_token, created_datetime, user_id) VALUES (gen_random_uuid(), now(), 1)")
    bucket = {"endpoint_url": "http://127.0.0.1:9", "region_name": "r", "aws_access_key_id": "a", "aws_secret_access_key": "the bucket's secret"}
    server.http().ok("POST", f"/rest/Buckets/{world.organization}", {"name": "b", "store_type": "MINIO", "config": bucket})
    server.http().ok("POST", f"/rest/JobClusters/{world.organization}", {"name": uuid.uuid4().hex, "host": "h", "port": 1, "token": "the cluster's token", "cert": "the cluster's cert"})
    member = user()
    server.http().ok("POST", f"/rest/Memberships/{world.project}", {"user": member.id, "permission": "Full Control"})
    server.http().ok("POST", f"/rest/Affiliations/{world.organization}", {"user": member.id, "permission": "Member"})
    secrets, invited = secrets_of(server, world), {row["t"] for row in server.sql("SELECT registration_token::text AS t FROM main_invitation WHERE organization_id = :o",
                                                                                   o=world.organization)}
    of_organization = {"a bucket's secret": "the bucket's secret", "a cluster's token": "the cluster's token", "a cluster's certificate": "the cluster's cert"}
    asked = 0
    for session, administrates in ((server.http(), True), (member.http, False), (Http(server.url), False)):
        hidden = secrets if administrates else {**secrets, **of_organization, **{f"an invitation {t}": t for t in invited}}
        for operation in operations(server.url):
            if not (operation.method == "GET" or operation.method == "PUT" and operation.name.endswith("ById")) or "Gateway" in operation.name:
                continue
            path = operation.path.replace("{project}", str(world.project)).replace("{organization}", str(world.organization)).replace("{ancestor}", "x")
            path = path.replace("{uid}", str(uuid.uuid4())).replace("{version}", str(world.version))
            if "{elemental_id}" in path:
                path = path.replace("{elemental_id}", world.uuids[operation.noun][0])
            if "{id}" in path:
                special = {"User": 1, "Permalink": world.media[0], "RowProtection": world.protection}
                path = path.replace("{id}", str(special.get(operation.noun) or world.shared(operation.noun, world)))
            query = {**dict.fromkeys(operation.needs, 0), **QUERIES.get(operation.name, {}), "username": server.user}
            for form in ({}, {"format": "csv"}, {"format": "jsonl"}, {"show_deleted": "1", "presigned": "3600", "verbose": "true"})[:None if session is member.http else 1]:
                answer = session.request(operation.method, path, params={**query, **form}, json={} if operation.method == "PUT" else None)
                asked += 1
                said = answer.text + str(answer.headers)
                assert [what for what, text in hidden.items() if text in said] == [], (operation.name, form, answer.status_code)
    assert asked > 500
    # it is the administrator of the organization alone who sees these, by the contract
    own = server.http().get(f"/rest/Buckets/{world.organization}").text + server.http().get(f"/rest/JobClusters/{world.organization}").text
    assert "the cluster's token" in own


def test_a_user_is_shown_without_what_is_his_alone(server, user, http, project):
    one, another = user(), user()
    for person in (one, another):
        http.ok("POST", f"/rest/Memberships/{project.id}", {"user": person.id, "permission": "View Only"})
    seen = one.http.ok("GET", f"/rest/User/{another.id}")
    assert set(seen) == {"id", "username", "first_name", "last_name", "email", "is_staff", "elemental_id", "profile"}
    assert set(one.http.ok("GET", "/rest/Users", username=another.username)[0]) == set(seen)


def test_clients_that_fill_in_every_member_are_no_owners(server, world, other, document):
    """Bodies made of the whole answer, as careless clients send them back: what they got from one row does not move into another."""
    for noun, own in (("Section", other.section), ("Version", other.version), ("MediaType", other.image), ("LeafType", other.taxon)):
        theirs = server.http().ok("GET", f"/rest/{noun}/{world.shared(noun, world)}")
        before = row_of(server, noun, own)
        other.http.request("PATCH", f"/rest/{noun}/{own}", json={**theirs, "name": uuid.uuid4().hex})
        after = row_of(server, noun, own)
        assert {k: before[k] for k in ("id", *(c for c in ("project", "project_id") if c in before))} == {
            k: after[k] for k in ("id", *(c for c in ("project", "project_id") if c in before))}, noun
    pairs = itertools.product(("project", "organization"), (world.project, world.organization))
    for name, value in pairs:
        other.http.request("PATCH", f"/rest/Project/{other.project}", json={"summary": "s", name: value})
    assert row_of(server, "Project", other.project)["organization"] == other.organization
