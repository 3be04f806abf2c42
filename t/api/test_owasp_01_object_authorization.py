"""OWASP API1:2023, broken object level authorization: the owner of one project against the rows of another organization's project."""
import functools
import json
import uuid

import pytest

from t.api.test_matrix import SPECIAL, World, call, operations
from t.server import Http

STRANGE = (400, 403, 404)
FILTERS = {"Medias": ("localization_ids", "state_ids"), "Localizations": ("media_ids", "state_ids"), "States": ("media_ids", "localization_ids"), "Leaves": ()}


class Own:
    """A person with Full Control of everything in a project and Admin of its organization, and nothing elsewhere."""

    def __init__(self, server):
        name = uuid.uuid4().hex
        server.http().ok("POST", "/rest/Users", {"username": name, "password": "Correct-horse-9", "first_name": "", "last_name": "", "email": name + "@example.com"})
        with Http(server.url) as anonymous:
            self.token = anonymous.ok("POST", "/rest/Token", {"username": name, "password": "Correct-horse-9"})["token"]
        self.http = server.http(self.token)
        ok = self.http.ok
        self.user = ok("GET", "/rest/User/GetCurrent")["id"]
        self.organization = ok("POST", "/rest/Organizations", {"name": name})["id"]
        self.project = ok("POST", "/rest/Projects", {"name": name, "organization": self.organization})["id"]
        self.image = ok("POST", f"/rest/MediaTypes/{self.project}", {"name": "i", "dtype": "image"})["id"]
        self.video = ok("POST", f"/rest/MediaTypes/{self.project}", {"name": "v", "dtype": "video"})["id"]
        self.box = ok("POST", f"/rest/LocalizationTypes/{self.project}", {"name": "b", "dtype": "box", "media_types": [self.image]})["id"]
        self.scene = ok("POST", f"/rest/StateTypes/{self.project}", {"name": "s", "association": "Media", "media_types": [self.image]})["id"]
        self.track = ok("POST", f"/rest/StateTypes/{self.project}", {"name": "t", "association": "Localization", "media_types": [self.image]})["id"]
        self.taxon = ok("POST", f"/rest/LeafTypes/{self.project}", {"name": "t"})["id"]
        self.version = ok("GET", f"/rest/Versions/{self.project}")[0]["id"]
        self.media = ok("POST", f"/rest/Medias/{self.project}", {"type": self.image, "name": "a.png", "md5": name})["id"]
        self.localization = ok("POST", f"/rest/Localizations/{self.project}", [{"media_id": self.media, "type": self.box, "frame": 0, "version": self.version}])["id"][0]
        self.state = ok("POST", f"/rest/States/{self.project}", [{"media_ids": [self.media], "localization_ids": [self.localization], "type": self.track,
                                                                 "version": self.version}])["id"][0]
        self.leaf = ok("POST", f"/rest/Leaves/{self.project}", [{"name": "leaf", "type": self.taxon}])["id"][0]
        self.section = ok("POST", f"/rest/Sections/{self.project}", {"name": "s"})["id"]
        self.membership = ok("GET", f"/rest/Memberships/{self.project}")[0]["id"]


@pytest.fixture(scope="module")
def theirs(server):
    return World(server)


@pytest.fixture(scope="module")
def own(server):
    return Own(server)


TABLES = ("media", "localization", "state", "leaf", "section", "version", "membership", "mediatype", "localizationtype", "statetype", "leaftype",
          "filetype", "file", "bookmark", "favorite", "algorithm", "temporaryfile", "project")


@functools.lru_cache
def columns_of(_, psql):
    """{table: its columns} of TABLES."""
    text = psql("SELECT substr(table_name, 6), string_agg(column_name, ',') FROM information_schema.columns WHERE table_name LIKE 'main\\_%' GROUP BY table_name")
    found = dict(line.split("|") for line in text.splitlines())
    return {table: found[table].split(",") for table in TABLES}


def photo(server, theirs):
    """All that belongs to the other project and organization, as text of its rows."""
    parts = []
    for table, columns in columns_of(server.dsn, server.psql).items():
        column = "id" if table == "project" else "project" if "project" in columns else "project_id"
        parts.append(f"SELECT '{table}' AS t, md5(string_agg(r::text, '|' ORDER BY id)) AS h FROM main_{table} r WHERE {column} = :project")
    for table in ("bucket", "jobcluster", "hostedtemplate", "affiliation", "invitation", "group"):
        parts.append(f"SELECT '{table}', md5(string_agg(r::text, '|' ORDER BY id)) FROM main_{table} r WHERE organization_id = :organization")
    parts.append("SELECT 'organization', md5(string_agg(r::text, '|')) FROM main_organization r WHERE id = :organization")
    parts.append("SELECT 'rowprotection', md5(string_agg(r::text, '|' ORDER BY id)) FROM main_rowprotection r "
                 "WHERE project_id = :project OR target_organization_id = :organization")
    return {row["t"]: row["h"] for row in server.sql(" UNION ALL ".join(parts), project=theirs.project, organization=theirs.organization)}


class Nobodys:
    """What call() takes for the caller's own bookmark and favorite: the other's."""
    bookmark = favorite = 1
    bookmarks = favorites = [1, 1]


def test_every_operation_on_anothers_ids(server, theirs, own):
    before, wrong = photo(server, theirs), []
    for operation in operations(server.url):
        if operation.name in SPECIAL or "Gateway" in operation.name or "{" not in operation.path:
            continue
        answer = call(own.http, theirs, operation, Nobodys, False)
        if answer.status_code not in (403, 404):
            wrong.append(f"{operation.name}: {answer.status_code} {answer.text[:150]}")
    assert wrong == []
    assert photo(server, theirs) == before


def test_references_in_bodies(server, theirs, own):
    """What one's own new rows may not point to."""
    ok_localization = {"media_id": own.media, "type": own.box, "frame": 0, "version": own.version}
    ok_state = {"media_ids": [own.media], "type": own.scene, "version": own.version}
    ok_media = {"type": own.image, "name": "b.png", "md5": "x"}
    foreign = {kind: theirs.pools[kind][0] for kind in ("Localization", "State", "Leaf", "Section", "Bucket", "Version", "HostedTemplate", "JobCluster", "Group", "File")}
    foreign.update(Media=theirs.media[0])
    tries = [
        ("POST", f"/rest/Localizations/{own.project}", [{**ok_localization, "media_id": foreign["Media"]}]),
        ("POST", f"/rest/Localizations/{own.project}", [{**ok_localization, "type": theirs.box}]),
        ("POST", f"/rest/Localizations/{own.project}", [{**ok_localization, "version": theirs.version}]),
        ("POST", f"/rest/Localizations/{own.project}", [ok_localization, {**ok_localization, "media_id": foreign["Media"]}]),
        ("POST", f"/rest/States/{own.project}", [{**ok_state, "media_ids": [foreign["Media"]]}]),
        ("POST", f"/rest/States/{own.project}", [{**ok_state, "media_ids": [own.media, foreign["Media"]]}]),
        ("POST", f"/rest/States/{own.project}", [{**ok_state, "type": theirs.scene}]),
        ("POST", f"/rest/States/{own.project}", [{**ok_state, "version": theirs.version}]),
        ("POST", f"/rest/States/{own.project}", [{**ok_state, "type": own.track, "localization_ids": [foreign["Localization"]]}]),
        ("POST", f"/rest/Medias/{own.project}", {**ok_media, "type": theirs.image}),
        ("POST", f"/rest/Medias/{own.project}", {**ok_media, "section_id": foreign["Section"]}),
        ("POST", f"/rest/Leaves/{own.project}", [{"name": "x", "type": theirs.taxon}]),
        ("POST", f"/rest/Leaves/{own.project}", [{"name": "x", "type": own.taxon, "parent": foreign["Leaf"]}]),
        ("POST", f"/rest/LocalizationTypes/{own.project}", {"name": "x", "dtype": "box", "media_types": [theirs.image]}),
        ("POST", f"/rest/LocalizationTypes/{own.project}", {"name": "x", "dtype": "box", "media_types": [own.image, theirs.image]}),
        ("POST", f"/rest/StateTypes/{own.project}", {"name": "x", "association": "Media", "media_types": [theirs.image]}),
        ("POST", f"/rest/StateTypes/{own.project}", {"name": "x", "association": "Media", "media_types": [own.image], "default_localization": theirs.box}),
        ("POST", f"/rest/MediaTypes/{own.project}", {"name": "x", "dtype": "image", "default_box": theirs.box}),
        ("PATCH", f"/rest/MediaType/{own.image}", {"default_box": theirs.box}),
        ("POST", f"/rest/Versions/{own.project}", {"name": "x", "bases": [theirs.version]}),
        ("PATCH", f"/rest/Version/{own.version}", {"bases": [theirs.version]}),
        ("POST", f"/rest/Sections/{own.project}", {"name": "x", "explicit_listing": True, "media": [foreign["Media"]]}),
        ("PATCH", f"/rest/Section/{own.section}", {"explicit_listing": True, "media_add": [foreign["Media"]]}),
        ("PATCH", f"/rest/Media/{own.media}", {"primary_section": foreign["Section"]}),
        ("PATCH", f"/rest/Membership/{own.membership}", {"default_version": theirs.version}),
        ("POST", f"/rest/Files/{own.project}", {"name": "x", "description": "", "type": theirs.report}),
        ("POST", f"/rest/Favorites/{own.project}", {"name": "x", "page": 1, "type": theirs.box, "values": {}, "entity_type_name": "Localization"}),
        ("PATCH", f"/rest/MergeStates/{own.state}", {"merge_state_id": foreign["State"]}),
        ("POST", "/rest/Projects", {"name": uuid.uuid4().hex, "organization": theirs.organization}),
        ("POST", "/rest/Projects", {"name": uuid.uuid4().hex, "organization": own.organization, "bucket": foreign["Bucket"]}),
        ("POST", "/rest/Projects", {"name": uuid.uuid4().hex, "organization": own.organization, "upload_bucket": foreign["Bucket"]}),
        ("PATCH", f"/rest/Project/{own.project}", {"bucket": foreign["Bucket"]}),
        ("PATCH", f"/rest/Project/{own.project}", {"backup_bucket": foreign["Bucket"]}),
        ("POST", f"/rest/CloneMedia/{theirs.project}?media_id={foreign['Media']}", {"dest_project": own.project, "dest_type": own.image}),
        ("POST", f"/rest/CloneMedia/{own.project}?media_id={own.media}", {"dest_project": theirs.project, "dest_type": theirs.image}),
        ("POST", f"/rest/Algorithms/{own.project}", {"name": "x", "user": own.user, "files_per_job": 1, "cluster": foreign["JobCluster"], "manifest": "x"}),
        ("POST", f"/rest/Algorithms/{own.project}", {"name": "x", "user": own.user, "files_per_job": 1, "template": foreign["HostedTemplate"]}),
        ("POST", f"/rest/Applets/{own.project}", {"name": "x", "template": foreign["HostedTemplate"]}),
        ("GET", f"/rest/UploadInfo/{own.project}?media_id={foreign['Media']}&filename=x.png", None),
        ("GET", f"/rest/UploadInfo/{own.project}?file_id={foreign['File']}&filename=x.png", None),
        ("GET", f"/rest/UploadInfo/{own.project}?media_id={own.media}&filename=x.png&bucket_id={foreign['Bucket']}", None),
        ("POST", f"/rest/DownloadInfo/{own.project}", {"keys": [f"{theirs.organization}/{theirs.project}/{foreign['Media']}/x.png"]}),
        ("POST", f"/rest/DownloadInfo/{own.project}", {"keys": [f"{own.organization}/{own.project}/../../{theirs.organization}/{theirs.project}/1/x.png"]}),
        ("POST", f"/rest/UploadCompletion/{own.project}", {"key": f"{theirs.organization}/{theirs.project}/1/x", "upload_id": "u",
                                                           "parts": [{"ETag": "e", "PartNumber": k} for k in (1, 2)]}),
        ("PATCH", f"/rest/Project/{own.project}", {"thumb": f"_uploads/{theirs.organization}/{theirs.project}/1/x.png"}),
        ("POST", "/rest/RowProtections", {"permission": 255, "project": theirs.project, "user": own.user}),
        ("POST", "/rest/RowProtections", {"permission": 255, "target_organization": theirs.organization, "user": own.user}),
        ("POST", "/rest/RowProtections", {"permission": 255, "section": foreign["Section"], "user": own.user}),
        ("POST", "/rest/RowProtections", {"permission": 255, "bucket": foreign["Bucket"], "user": own.user}),
        ("POST", "/rest/RowProtections", {"permission": 255, "target_group": foreign["Group"], "user": own.user}),
        ("POST", f"/rest/Transcodes/{own.project}", {"type": theirs.image, "gid": str(uuid.uuid4()), "uid": str(uuid.uuid4()), "url": "http://127.0.0.1:9/x",
                                                     "name": "x", "section": "s", "md5": "x", "size": 1}),
        ("POST", f"/rest/Transcodes/{own.project}", {"type": own.video, "gid": str(uuid.uuid4()), "uid": str(uuid.uuid4()), "url": "http://127.0.0.1:9/x",
                                                     "name": "x", "section": "s", "md5": "x", "size": 1, "media_id": foreign["Media"]}),
        ("POST", f"/rest/Jobs/{own.project}", {"algorithm_name": "a1", "media_ids": [foreign["Media"]]}),
        ("POST", f"/rest/AttributeType/{theirs.image}", {"entity_type": "MediaType", "addition": {"name": "x", "dtype": "int"}}),
    ]
    before, wrong = photo(server, theirs), []
    for method, path, body in tries:
        answer = own.http.request(method, path, json=body)
        if answer.status_code not in STRANGE and answer.status_code != 501:
            wrong.append(f"{method} {path} {json.dumps(body)[:160]}: {answer.status_code} {answer.text[:200]}")
    assert wrong == [], "\n".join(wrong)
    assert photo(server, theirs) == before


def test_lists_of_ones_own_project_never_reach_other_rows(server, theirs, own):
    before = photo(server, theirs)
    for noun, ids in (("Medias", theirs.media), ("Localizations", theirs.pools["Localization"]), ("States", theirs.pools["State"]),
                      ("Leaves", theirs.pools["Leaf"])):
        path = f"/rest/{noun}/{own.project}"
        assert own.http.ok("PUT", path, {"ids": ids}) == []
        for key in FILTERS[noun]:
            # an empty union restricts nothing (contract/queries.md §12), so the caller's own rows may come
            rows = own.http.ok("PUT", path, {key: theirs.media if key == "media_ids" else theirs.pools[key.split("_")[0].capitalize()]})
            assert {row["project"] for row in rows} <= {own.project}, (noun, key)
        own.http.request("PATCH", path, json={"ids": ids, "attributes": {}})
        own.http.request("DELETE", path, json={"ids": ids})
    for path in (f"/rest/Localizations/{own.project}?media_id={theirs.media[0]}", f"/rest/States/{own.project}?media_id={theirs.media[0]}",
                 f"/rest/Medias/{own.project}?section={theirs.pools['Section'][0]}", f"/rest/Medias/{own.project}?media_id={theirs.media[0]}",
                 f"/rest/Localizations/{own.project}?version={theirs.version}", f"/rest/Localizations/{own.project}?type={theirs.box}",
                 f"/rest/Medias/{own.project}?related_id={theirs.pools['Localization'][0]}", f"/rest/States/{own.project}?type={theirs.scene}",
                 f"/rest/Medias/{own.project}?type={theirs.image}"):
        answer = own.http.request("GET", path)
        assert answer.status_code in STRANGE or answer.json() == [] or {row.get("project") for row in answer.json()} == {own.project}, path
    assert photo(server, theirs) == before


def test_links_to_other_rows_in_changes(server, theirs, own):
    """Members that add to a row: refused or without effect, the other side is not changed and not shown."""
    before = photo(server, theirs)
    other = theirs.pools["Localization"][0]
    own.http.request("PATCH", f"/rest/State/{own.state}", json={"localization_ids_add": [other]})
    assert other not in own.http.ok("GET", f"/rest/States/{own.project}")[0]["localizations"]
    own.http.request("PATCH", f"/rest/Localizations/{own.project}", json={"ids": [own.localization], "new_version": theirs.version})
    assert own.http.ok("GET", f"/rest/Localizations/{own.project}")[0]["version"] == own.version
    for path in (f"/rest/ImageFiles/{theirs.media[0]}?role=image", f"/rest/AuxiliaryFiles/{theirs.media[0]}"):
        assert own.http.request("GET", path).status_code in STRANGE
        assert own.http.request("POST", path, json={"path": "p", "resolution": [1, 1]}).status_code in STRANGE
    for key in (f"{theirs.organization}/{theirs.project}/{theirs.media[0]}/x.png", "/etc/passwd", "../x",
                f"{own.organization}/{own.project}/{own.media}/../../../{theirs.organization}/{theirs.project}/{theirs.media[0]}/x.png"):
        answer = own.http.request("POST", f"/rest/ImageFiles/{own.media}?role=image", json={"path": key, "resolution": [1, 1]})
        assert answer.status_code in STRANGE, (key, answer.text)
    assert photo(server, theirs) == before


def test_a_url_that_is_remembered_is_not_given_to_who_has_left(server, theirs, own):
    """Neither by the project that the key is of, nor by another that the caller is still in."""
    admin = server.http()
    key = f"{theirs.organization}/{theirs.project}/{theirs.media[0]}/x.png"
    joined = admin.ok("POST", f"/rest/Memberships/{theirs.project}", {"user": own.user, "permission": "Can Transfer"})["id"]
    assert own.http.request("POST", f"/rest/DownloadInfo/{theirs.project}", json={"keys": [key]}).status_code == 201
    admin.ok("DELETE", f"/rest/Membership/{joined}")
    for project in (theirs.project, own.project):
        assert own.http.request("POST", f"/rest/DownloadInfo/{project}", json={"keys": [key]}).status_code == 403


def test_jobs_of_others(server, theirs, own):
    uid = server.http().ok("POST", f"/rest/Transcodes/{theirs.project}", {
        "type": server.http().ok("POST", f"/rest/MediaTypes/{theirs.project}", {"name": "v", "dtype": "video"})["id"], "gid": str(uuid.uuid4()),
        "uid": str(uuid.uuid4()), "url": "http://127.0.0.1:9/x", "name": "x", "section": "s", "md5": "x", "size": 1})["id"]
    for method in ("GET", "DELETE"):
        assert own.http.request(method, f"/rest/Transcode/{uid}").status_code in (403, 404)
    assert uid not in own.http.request("GET", f"/rest/Transcodes/{own.project}").text
    own.http.request("DELETE", f"/rest/Transcodes/{own.project}")
    assert server.http().request("GET", f"/rest/Transcode/{uid}").status_code == 200


@pytest.mark.parametrize("value", ["0", "-1", "9223372036854775807", "99999999999999999999", "1e3", "0x1", "1%00", "1;DROP TABLE x", "1'--", "1 OR 1=1", "%31%20",
                                   "١", "null", "*"])
def test_ids_that_are_none(own, value):
    for noun in ("Project", "Media", "Localization", "Section", "Organization"):
        assert own.http.request("GET", f"/rest/{noun}/{value}").status_code in (400, 403, 404)
