"""Every operation of the schema, by everybody, in both modes of permission.

The rules below are written from the contract alone (accounts.md §1, §8, §9), as tables; the test computes what each caller must meet at each
operation and holds the answer against it. One NGINX has legacy mode, another on the same database fine-grain mode.

    allowed      the check let the request in; what the operation then says of its parameters is not this test's concern
    anonymous    400 for want of credentials
    refused      403
    missing      404
"""
import itertools
import json
import uuid
from types import SimpleNamespace

import pytest
import yaml

from t.replica import Replica
from t.server import Http

ALLOWED, ANONYMOUS, REFUSED, MISSING = "allowed", "anonymous", "refused", "missing"

# accounts.md §1: class of reads | of writes, by first segment; single methods before them. PUT lists are reads, but for Transcodes.
CLASSES = """
Affiliation, Affiliations: OrgEdit                      Algorithm, Algorithms: View|Edit
Applet, Applets: Execute                                AttributeType: View, PUT View|Full
AudioFile, AudioFiles: View|Transfer                    AuxiliaryFile, AuxiliaryFiles: View|Transfer
Bookmark, Bookmarks: View|Edit                          Bucket, Buckets: OrgEdit
ChangeLog: Full                                         CloneMedia: Clone
DownloadInfo: Transfer                                  Email: Execute
Favorite, Favorites: View|Edit                          File, Files: View|Execute
FileType, FileTypes: View|Full                          GetClip: View
GetClonedMedia: Edit                                    GetFrame: View
Group, Groups: OrgEdit                                  HostedTemplate, HostedTemplates: OrgMember|OrgEdit
ImageFile, ImageFiles: View|Transfer                    Invitation, Invitations: OrgEdit
JobCluster, JobClusters: OrgEdit                        Leaf, Leaves: View, PUT View|Full
LeafCount: View                                         LeafType, LeafTypes: View|Full
Localization, Localizations: View, PUT View|Edit        LocalizationCount, LocalizationGraphic: View
LocalizationType, LocalizationTypes: View|Full          Media: View|Edit
MediaCount, MediaNext, MediaPrev, MediaStats: View      Medias: View, PUT View, POST Transfer|Edit
MediaType, MediaTypes: View|Full                        Membership, Memberships: View|Full
MergeStates: Edit                                       Organization: OrgMember|OrgAdmin
OrganizationUploadInfo: OrgEdit                         Project: View|Full
Section, Sections: View|Edit                            State, States: View, PUT View|Edit
StateCount, StateGraphic: View                          StateType, StateTypes: View|Full
TemporaryFile, TemporaryFiles: Edit                     Transcodes: Transfer
TrimStateEnd: Edit                                      UploadCompletion, UploadInfo: Transfer
Version, Versions: View|Edit                            VideoFile, VideoFiles: View|Transfer
SaveAlgorithmManifest, SaveGenericFile: Edit            Jobs: View|Execute
Transcode: Transfer
"""

# accounts.md §8: letters refused when something is changed
LEGACY = {"View": "n", "Edit": "nr", "Transfer": "nrw", "Clone": "nrw", "Execute": "nrwt", "Full": "nrwtx"}

# accounts.md §9.3
EVERY = dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"))
MASKS = {
    "View": dict.fromkeys(EVERY, 0x3),
    "Edit": {"GET": 0x3, "PUT": 0x3, "POST": 0x4, "PATCH": 0x8, "DELETE": 0x10},
    "Transfer": dict.fromkeys(EVERY, 0x40),
    "Execute": dict.fromkeys(EVERY, 0x20),
    "Full": dict.fromkeys(EVERY, 0xFF),
    "Clone": dict.fromkeys(EVERY, 0x4C),
    "OrgMember": dict.fromkeys(EVERY, 0x1),
    "OrgEdit": {"GET": 0x2, "POST": 0x4, "PATCH": 0x8, "DELETE": 0x10},
    "OrgAdmin": dict.fromkeys(EVERY, 0xFF),
}

# accounts.md §9.1: the byte of the project's or organization's mask; what is not named has byte 0
BYTES = {
    1: "Section Sections Version Versions File Files Algorithm Algorithms SaveAlgorithmManifest SaveGenericFile "
       "Affiliation Affiliations Invitation Invitations Bucket Buckets JobCluster JobClusters HostedTemplate HostedTemplates",
    2: "Media Medias MediaCount MediaStats MediaNext MediaPrev VideoFile VideoFiles ImageFile ImageFiles AudioFile AudioFiles AuxiliaryFile "
       "AuxiliaryFiles GetClip GetFrame GetClonedMedia CloneMedia Transcode Transcodes",
    3: "Localization Localizations LocalizationCount LocalizationGraphic State States StateCount StateGraphic MergeStates TrimStateEnd "
       "Group Groups",
    4: "Bookmark Bookmarks Favorite Favorites TemporaryFile TemporaryFiles Applet Applets ChangeLog",
}
BYTE = {noun: byte for byte, nouns in BYTES.items() for noun in nouns.split()}

# accounts.md §9.4: a row that is not seen is refused instead of missing
UNSEEN_REFUSED = {"Section", "Leaf", "Bookmark", "Favorite", "MediaNext", "MediaPrev", "Transcode", "UploadInfo", "DownloadInfo"}

# media.md §4, operations.md §8 and §10: whoever reads must be Admin after all, in legacy mode
ADMIN_READS = {"Bucket", "Buckets", "JobCluster", "JobClusters", "HostedTemplate", "HostedTemplates"}

# accounts.md §8 and §1: operations without a class, and what they say to whom; see test_operations_without_a_class
SPECIAL = {"GetProjectList", "CreateProject", "GetOrganizationList", "CreateOrganization", "GetPermalink", "GetUser", "UpdateUser", "GetUserList",
           "CreateUser", "UserExists", "Whoami", "GetAnnouncementList", "DeleteAnnouncement", "CreateObtainAuthToken", "CreatePasswordReset", "Notify",
           "GetRowProtection", "UpdateRowProtection", "DeleteRowProtection", "GetRowProtectionList", "CreateRowProtection",
           "destroyRowProtectionListAPI", "GetJob", "DeleteJob", "CreateJobList"}

BODIES = {
    "UpdateAlgorithm": {"name": "a", "user": 1, "files_per_job": 1}, "RegisterAlgorithm": {"name": "a", "user": 1, "files_per_job": 1},
    "CreateAttributeType": {"entity_type": "MediaType"}, "DeleteAttributeType": {"entity_type": "MediaType", "name": "none"},
    "ReplaceAttributeType": {"entity_type": "MediaType", "current_name": "none", "attribute_type_update": {}},
    "UpdateAttributeType": {"entity_type": "MediaType", "current_name": "none", "attribute_type_update": {}},
    "CreateBucket": {"name": "", "store_type": "AWS",
                     "config": {"endpoint_url": "http://127.0.0.1", "region_name": "r", "aws_access_key_id": "a", "aws_secret_access_key": "s"}},
    "CloneMediaList": {"dest_project": "project", "dest_type": "image"},
    "GetDownloadInfo": {"keys": []}, "SendEmail": {"recipients": [], "subject": "", "text": ""}, "CreateGroup": {"name": "g"},
    "UpdateHostedTemplate": {"name": "t", "url": "http://127.0.0.1/t"}, "CreateHostedTemplate": {"name": "t", "url": "http://127.0.0.1/t"},
    "CreateInvitation": {"email": "nobody@example.com", "permission": "Member"},
    "UpdateJobCluster": {"name": "c", "host": "h", "port": 1, "token": "t", "cert": "c"},
    "CreateJobCluster": {"name": "c", "host": "h", "port": 1, "token": "t", "cert": "c"},
    "CreateLeafList": [], "CreateLocalizationList": [], "CreateStateList": [], "CreateMediaList": [],
    "CreateLocalizationType": {"name": "l", "dtype": "box", "media_types": [999999999]}, "CreateMediaType": {"name": "m", "dtype": "image"},
    "CreateMembership": {"user": 999999999, "permission": "View Only"},
    "MergeStates": {"merge_state_id": 999999999}, "TrimStateEnd": {"frame": 1, "endpoint": "end"},
    "CreateSection": {"name": ""}, "CreateStateType": {"name": "s", "association": "Media", "media_types": [999999999]},
    "CreateTemporaryFile": {"name": "t", "url": "http://192.0.2.1/t", "lookup": "l"}, "CreateVersion": {"name": "v"},
    "Transcode": {"type": -1, "gid": str(uuid.uuid4()), "uid": str(uuid.uuid4()), "url": "http://192.0.2.1/v.mp4", "name": "v.mp4"},
    "UpdateProject": {"summary": "s"},
}
FILE = {"path": "p", "codec": "c", "resolution": [1, 1]}
for kind, verb in itertools.product(("Audio", "Auxiliary", "Image", "Video"), ("Create", "Update")):
    BODIES[f"{verb}{kind}File"] = FILE

# accounts.md §2 and §6
CLASS_REFUSALS = {"You do not have permission to perform this action.", ""}

# What keeps bulk operations from their work: the check comes first.
QUERIES = {"CloneMediaList": {"media_id": 999999999}, "GetChangeLogList": {"entity_type": "media"}, "GetClip": {"frame_ranges": "0:1"},
           "LeafSuggestion": {"query": "x"}, "DeleteTemporaryFileList": {"expired": 1}}
QUERIES.update(dict.fromkeys(("DeleteMediaList", "UpdateMediaList", "DeleteLocalizationList", "UpdateLocalizationList", "DeleteStateList",
                              "UpdateStateList", "DeleteLeafList", "UpdateLeafList"), {"count": 999999}))


def classes():
    """{noun: {method: class}}"""
    found = {}
    for entry in (part.strip() for line in CLASSES.splitlines() for part in line.split("   ")):
        if not entry:
            continue
        nouns, text = entry.split(": ")
        reads, writes = text.split("|") if "|" in text else (text, None)
        head, *singles = reads.split(", ")
        methods = dict.fromkeys(EVERY, writes or head)
        methods["GET"] = head
        methods.update(single.split() for single in singles)
        found.update(dict.fromkeys(nouns.split(", "), methods))
    return found


CLASS = classes()


def operations(url):
    document = yaml.load(Http(url).get("/schema/").text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return [SimpleNamespace(name=operation["operationId"], method=method.upper(), path=path, noun=path.split("/")[2],
                            needs=[p["name"] for p in operation.get("parameters", []) if p["in"] == "query" and p.get("required")])
            for path, methods in document["paths"].items() if path.startswith("/rest/") for method, operation in methods.items()
            if method in ("get", "post", "put", "patch", "delete")]


class World:
    """A project and an organization with rows of every sort; take() gives one that may be deleted."""

    def __init__(self, server):
        self.server, self.http = server, server.http()
        ok, name = self.http.ok, uuid.uuid4().hex
        self.organization = ok("POST", "/rest/Organizations", {"name": "matrix " + name})["id"]
        self.project = ok("POST", "/rest/Projects", {"name": "matrix " + name, "organization": self.organization})["id"]
        self.image = ok("POST", f"/rest/MediaTypes/{self.project}", {"name": "i", "dtype": "image"})["id"]
        self.video = ok("POST", f"/rest/MediaTypes/{self.project}", {"name": "v", "dtype": "video"})["id"]
        self.box = ok("POST", f"/rest/LocalizationTypes/{self.project}", {"name": "b", "dtype": "box", "media_types": [self.image]})["id"]
        self.scene = ok("POST", f"/rest/StateTypes/{self.project}", {"name": "s", "association": "Media", "media_types": [self.image]})["id"]
        self.taxon = ok("POST", f"/rest/LeafTypes/{self.project}", {"name": "t"})["id"]
        self.report = ok("POST", f"/rest/FileTypes/{self.project}", {"name": "r"})["id"]
        self.version = ok("GET", f"/rest/Versions/{self.project}")[0]["id"]
        count = range(40)
        self.media = ok("POST", f"/rest/Medias/{self.project}", [{"type": self.image, "name": f"{k}.png", "md5": name} for k in count])["id"]
        entry = json.dumps([{"path": "p", "codec": "c", "resolution": [1, 1]}] * 40)
        server.psql("UPDATE main_media SET media_files = jsonb_build_object('image', :'entry'::jsonb, 'streaming', :'entry'::jsonb, 'audio', "
                    ":'entry'::jsonb, 'attachment', :'entry'::jsonb, 'thumbnail', :'entry'::jsonb) WHERE project = :project",
                    entry=entry, project=self.project)
        self.pools = {
            "Media": self.media[1:],
            "Localization": ok("POST", f"/rest/Localizations/{self.project}", [{"media_id": self.media[0], "type": self.box, "frame": 0,
                                                                              "version": self.version} for _ in count])["id"],
            "State": ok("POST", f"/rest/States/{self.project}", [{"media_ids": [self.media[0]], "type": self.scene, "version": self.version}
                                                                for _ in count])["id"],
            "Leaf": ok("POST", f"/rest/Leaves/{self.project}", [{"name": f"leaf{k}", "type": self.taxon} for k in count])["id"],
        }
        self.uuids = {kind: [row["elemental_id"] for row in ok("GET", f"/rest/{kind}s/{self.project}")] for kind in ("Localization", "State")}
        rows = {
            "Algorithm": "main_algorithm (name, files_per_job, project, \"user\") SELECT 'a' || k, 1, :project, 1",
            "Applet": "main_dashboard (name, description, project) SELECT 'a' || k, '', :project",
            "HostedTemplate": "main_hostedtemplate (name, url, organization_id) SELECT 't' || k, 'http://127.0.0.1/t', :organization",
            "JobCluster": "main_jobcluster (name, host, port, token, cert, organization_id) SELECT 'c' || k, 'h', 1, 't', 'c', :organization",
            "Bucket": "main_bucket (name, store_type, archive_sc, live_sc, config, organization_id) "
                      "SELECT 'b' || k, 'AWS', 'STANDARD', 'STANDARD', '{}', :organization",
            "TemporaryFile": "main_temporaryfile (name, lookup, created_datetime, eol_datetime, project_id, user_id) "
                             "SELECT 't', 'l', now(), now() + interval '1 day', :project, 1",
            "Section": "main_section (name, dtype, tator_user_sections, visible, created_datetime, explicit_listing, attributes, project) "
                       "SELECT 's' || k, 'folder', 's' || k, true, now(), false, '{}', :project",
            "Version": "main_version (name, number, created_datetime, show_empty, elemental_id, description, project_id) "
                       "SELECT 'v', 10 + k, now(), true, gen_random_uuid(), '', :project",
            "File": "main_file (name, description, meta, attributes, deleted, created_datetime, modified_datetime, project) "
                    "SELECT 'f', '', :report, '{}', false, now(), now(), :project",
            "FileType": "main_filetype (name, dtype, description, attribute_types, elemental_id, project) "
                        "SELECT 'f', 'file', '', '[]', gen_random_uuid(), :project",
            "Group": "main_group (name, organization_id) SELECT 'g', :organization",
            "Affiliation": "main_affiliation (permission, organization_id, user_id) SELECT 'Member', :organization, 1",
            "Invitation": "main_invitation (email, permission, registration_token, status, created_datetime, created_by_id, organization_id) "
                          "SELECT k || '@example.com', 'Member', gen_random_uuid(), 'Pending', now(), 1, :organization",
        }
        for noun, text in rows.items():
            made = server.psql(f"WITH made AS (INSERT INTO {text} FROM generate_series(1, 40) k RETURNING id) SELECT string_agg(id::text, ',') FROM made",
                               project=self.project, organization=self.organization, report=self.report)
            self.pools[noun] = [int(number) for number in made.split(",")]
        self.members = ok("GET", f"/rest/Memberships/{self.project}")
        self.transcode = self.transcoding()

    def transcoding(self):
        """The uid of a transcode that waits."""
        body = {**BODIES["Transcode"], "type": self.video, "gid": str(uuid.uuid4()), "uid": str(uuid.uuid4()), "section": "s1", "md5": "m",
                "url": self.server.url + "/schema/"}
        return self.http.ok("POST", f"/rest/Transcodes/{self.project}", body)["id"]

    def take(self, noun):
        if noun in ("MediaType", "LocalizationType", "StateType", "LeafType"):
            body = {"name": "x", "dtype": "image"} if noun == "MediaType" else {"name": "x", "dtype": "box", "media_types": [self.image]}
            body = {"name": "x", "association": "Media", "media_types": [self.image]} if noun == "StateType" else body
            body = {"name": "x"} if noun == "LeafType" else body
            return self.http.ok("POST", f"/rest/{noun}s/{self.project}", body)["id"]
        if noun == "Membership":
            return int(self.server.psql("INSERT INTO main_membership (project, \"user\", permission) VALUES (:project, 1, 'r') RETURNING id",
                                        project=self.project).split()[0])
        return self.pools[noun].pop() if len(self.pools[noun]) > 1 else self.pools[noun][0]

    def shared(self, noun, caller):
        own = {"Project": self.project, "Organization": self.organization, "MediaType": self.image, "LocalizationType": self.box,
               "StateType": self.scene, "LeafType": self.taxon, "AttributeType": self.image, "Membership": self.members[0]["id"],
               "Bookmark": caller.bookmark, "Favorite": caller.favorite}
        alias = {"LocalizationGraphic": "Localization", "StateGraphic": "State", "MergeStates": "State", "TrimStateEnd": "State"}
        if noun in own:
            return own[noun]
        noun = alias.get(noun, noun)
        return self.pools[noun][0] if noun in self.pools else self.media[0]


@pytest.fixture(scope="module")
def world(server):
    return World(server)


@pytest.fixture(scope="module")
def callers(server, world):
    """Makes callers: their token, bookmark and favorite, and what the mode's rules need to know of them."""
    def make(name, **facts):
        person = "matrix" + uuid.uuid4().hex[:12]
        admin = server.http()
        body = {"username": person, "first_name": "", "last_name": "", "email": f"{person}@example.com", "password": "Correct-horse-9"}
        number = admin.ok("POST", "/rest/Users", body)["id"]
        token = Http(server.url).ok("POST", "/rest/Token", {"username": person, "password": "Correct-horse-9"})["token"]
        own = server.psql(
            "WITH b AS (INSERT INTO main_bookmark (name, uri, project, \"user\") SELECT 'b', '/', :project, :id FROM generate_series(1, 2) RETURNING id), "
            "f AS (INSERT INTO main_favorite (type, name, page, \"values\", entity_type_name, localization_type_id, project, \"user\") "
            "SELECT :box, 'f', 1, '{}', 'Localization', :box, :project, :id FROM generate_series(1, 2) RETURNING id) "
            "SELECT (SELECT string_agg(id::text, ',') FROM b), (SELECT string_agg(id::text, ',') FROM f)", project=world.project, id=number, box=world.box)
        bookmarks, favorites = ([int(x) for x in part.split(",")] for part in own.split("|"))
        return SimpleNamespace(name=name, id=number, token=token, bookmark=bookmarks[0], favorite=favorites[0], bookmarks=bookmarks, favorites=favorites,
                               **facts)
    return make


@pytest.fixture(scope="module")
def legacy_callers(server, world, callers):
    made = []
    for letter in "nrwtxa":
        caller = callers("member " + letter, level=letter, affiliation=None)
        server.psql("INSERT INTO main_membership (project, \"user\", permission) VALUES (:project, :id, :'letter')", project=world.project, id=caller.id,
                    letter=letter)
        made.append(caller)
    for permission in ("Member", "Admin"):
        caller = callers("affiliate " + permission, level=None, affiliation=permission)
        world.http.ok("POST", f"/rest/Affiliations/{world.organization}", {"user": caller.id, "permission": permission})
        made.append(caller)
    made.append(callers("stranger", level=None, affiliation=None))
    staff = callers("staff", level=None, affiliation=None)
    server.psql("UPDATE main_user SET is_staff = true WHERE id = :id", id=staff.id)
    other = callers("another organization's administrator", level=None, affiliation=None)
    server.http(other.token).ok("POST", "/rest/Organizations", {"name": "other " + uuid.uuid4().hex})
    return [*made, staff, other, SimpleNamespace(name="anonymous", id=None, token=None, bookmark=1, favorite=1)]


@pytest.fixture(scope="module")
def fine_callers(server, world, callers):
    ones = 0x0101010101
    masks = {"no row": None, "a row of 0": 0, "existence alone": ones, "everything": 0xFF * ones}
    masks.update({f"bit {bit:#x} and sight": (0x3 | bit) * ones for bit in (0x4, 0x8, 0x10, 0x20, 0x40, 0x80)})
    masks.update({f"bit {bit:#x} alone": bit * ones for bit in (0x2, 0x4, 0x8, 0x10, 0x20, 0x40, 0x80)})
    masks.update({f"byte {byte} alone": 0xFF << 8 * byte for byte in range(5)})
    masks.update({f"sight but in byte {byte}": (0x3 * ones) & ~(0xFF << 8 * byte) for byte in range(5)})
    made = []
    for name, mask in masks.items():
        caller = callers(name, mask=mask or 0)
        if mask is not None:
            server.psql("INSERT INTO main_rowprotection (created_datetime, permission, project_id, user_id) VALUES (now(), :mask, :project, :id);"
                        "INSERT INTO main_rowprotection (created_datetime, permission, target_organization_id, user_id) "
                        "VALUES (now(), :mask, :organization, :id)", mask=mask, project=world.project, organization=world.organization, id=caller.id)
        made.append(caller)
    staff = callers("staff", mask=0)
    server.psql("UPDATE main_user SET is_staff = true WHERE id = :id", id=staff.id)
    member = callers("a member without rows", mask=0) # memberships and affiliations give nothing
    server.psql("INSERT INTO main_membership (project, \"user\", permission) VALUES (:project, :id, 'a');"
                "INSERT INTO main_affiliation (organization_id, user_id, permission) VALUES (:organization, :id, 'Admin')",
                project=world.project, organization=world.organization, id=member.id)
    other = callers("another organization's administrator", mask=0)
    server.http(other.token).ok("POST", "/rest/Organizations", {"name": "other " + uuid.uuid4().hex})
    return [*made, staff, member, other, SimpleNamespace(name="anonymous", id=None, token=None, bookmark=1, favorite=1, mask=0)]


def expected_legacy(operation, caller):
    level = CLASS[operation.noun][operation.method]
    if caller.id is None:
        return MISSING if operation.noun in ("Bookmark", "Favorite") else ANONYMOUS
    if level.startswith("Org"):
        if caller.affiliation is None:
            return REFUSED
        admin = level != "OrgMember" if operation.method != "GET" else operation.noun in ADMIN_READS
        return ALLOWED if not admin or caller.affiliation == "Admin" else REFUSED
    if caller.level in (None, "n"):
        return REFUSED
    if operation.name == "DeleteProject": # its creator alone
        return REFUSED
    return REFUSED if operation.method != "GET" and caller.level in LEGACY[level] else ALLOWED


def expected_fine(operation, caller):
    level, method = CLASS[operation.noun][operation.method], operation.method
    needed, shift = MASKS[level][method], 8 * BYTE.get(operation.noun, 0)
    mask, own = caller.mask, caller.mask >> shift
    visible = own & 3 == 3
    detail = "{project}" not in operation.path and "{organization}" not in operation.path

    if operation.noun in ("Bookmark", "Favorite") and caller.id is None:
        return MISSING # nobody has own rows
    if level.startswith("Org"):
        if caller.id is None:
            return ANONYMOUS
        if detail and not visible:
            return REFUSED
        return ALLOWED if own & needed == needed else REFUSED
    if detail and not visible:
        return MISSING if operation.noun not in UNSEEN_REFUSED else ANONYMOUS if caller.id is None else REFUSED
    if caller.id is None:
        return ANONYMOUS
    if operation.name == "DeleteProject":
        return REFUSED
    if detail or method == "POST" or visible:
        return ALLOWED if own & needed == needed else REFUSED
    # nothing to see among what the request selects
    if method == "PATCH":
        return REFUSED
    needed = 0x3 if method == "DELETE" else needed
    return ALLOWED if mask & needed == needed else REFUSED


def outcome(answer):
    if answer.status_code == 400 and "credentials were not provided" in answer.text:
        return ANONYMOUS
    if answer.status_code == 403 and answer.json()["message"] not in CLASS_REFUSALS:
        return ALLOWED # refused by the operation itself, for what its parameters name
    return {403: REFUSED, 404: MISSING}.get(answer.status_code, ALLOWED)


def call(session, world, operation, caller, destroys):
    """The request; `destroys`: it will go through, so that what it deletes must be of no further use."""
    path = operation.path.replace("{project}", str(world.project)).replace("{organization}", str(world.organization)).replace("{ancestor}", "x")
    if "{elemental_id}" in path:
        uuids = world.uuids[operation.noun]
        chosen = uuids.pop() if destroys and len(uuids) > 1 else uuids[0]
        path = path.replace("{version}", str(world.version)).replace("{elemental_id}", chosen)
    if "{uid}" in path:
        path = path.replace("{uid}", world.transcoding() if destroys else world.transcode)
    if "{id}" in path:
        simple = operation.noun not in ("AudioFile", "AuxiliaryFile", "ImageFile", "VideoFile", "Bookmark", "Favorite", "AttributeType")
        if operation.noun in ("Bookmark", "Favorite") and destroys:
            row = (caller.bookmarks if operation.noun == "Bookmark" else caller.favorites)[1]
        elif operation.noun == "Organization" and destroys:
            row = world.http.ok("POST", "/rest/Organizations", {"name": "gone " + uuid.uuid4().hex})["id"]
            world.server.psql("INSERT INTO main_affiliation (permission, organization_id, user_id) VALUES ('Admin', :row, :id);"
                              "INSERT INTO main_rowprotection (created_datetime, permission, target_organization_id, user_id) VALUES (now(), 255, :row, :id)",
                              row=row, id=caller.id)
        else:
            row = world.take(operation.noun) if simple and destroys else world.shared(operation.noun, caller)
        path = path.replace("{id}", str(row))
    query = dict(QUERIES.get(operation.name, {}))
    for name in operation.needs:
        query.setdefault(name, {"role": "image" if operation.noun.startswith("Image") else "streaming", "index": 0, "frame_ranges": "0:1"}.get(name, 0))
    if operation.name == "destroySectionListAPI" and destroys:
        world.take("Section")
        query["name"] = f"s{len(world.pools['Section']) + 1}"
    body = BODIES.get(operation.name, {})
    if operation.name == "CloneMediaList":
        body = {"dest_project": world.project, "dest_type": world.image}
    return session.request(operation.method, path, json=None if operation.method == "GET" else body, params=query)


def check(url, world, callers, expected):
    wrong, seen, walked = [], set(), operations(url)
    for caller in callers:
        with Http(url, caller.token) as session:
            # what is deleted is deleted after all others were asked
            for operation in sorted(walked, key=lambda o: o.method == "DELETE"):
                if operation.name in SPECIAL:
                    continue
                right = expected(operation, caller)
                answer = call(session, world, operation, caller, operation.method == "DELETE" and right == ALLOWED)
                if answer.status_code == 501 and operation.noun in ADMIN_READS:
                    continue # who asks is the handler, and it is not there yet
                got = outcome(answer)
                seen.add((operation.name, right))
                if got != right and not (right == ALLOWED and got == MISSING and operation.name in RIGHTLY_MISSING):
                    wrong.append(f"{caller.name}: {operation.name} {right} expected, got {answer.status_code} {answer.text[:120]}")
                elif answer.status_code >= 500 and answer.status_code != 501:
                    wrong.append(f"{caller.name}: {operation.name} {answer.status_code} {answer.text[:120]}")
    assert wrong == [], f"{len(wrong)} of {len(callers) * len(walked)}:\n" + "\n".join(wrong[:60])
    return seen


# Let in, these do not find what the matrix's bodies name.
RIGHTLY_MISSING = {"CreateMembership", "CreateLocalizationType", "MergeStates", "LeafSuggestion", "GetClip", "GetFrame", "GetLocalizationGraphic", "GetStateGraphic"}


def test_every_operation_has_a_rule(server):
    unknown = [operation.name for operation in operations(server.url) if operation.name not in SPECIAL and operation.noun not in CLASS]
    assert [name for name in unknown if "Gateway" not in name] == []


def test_legacy_mode(server, world, legacy_callers):
    seen = check(server.url, world, legacy_callers, expected_legacy)
    assert {right for _, right in seen} == {ALLOWED, ANONYMOUS, REFUSED, MISSING}


def test_fine_grain_mode(server, world, fine_callers):
    with Replica(server, "matrix", TATOR_FINE_GRAIN_PERMISSION="true") as fine:
        seen = check(fine.url, world, fine_callers, expected_fine)
        assert fine.alarms() == []
    assert {right for _, right in seen} == {ALLOWED, ANONYMOUS, REFUSED, MISSING}


@pytest.mark.parametrize("fine", [False, True], ids=["legacy", "fine"])
def test_operations_without_a_class(server, world, user, fine):
    """accounts.md §1 to §6, §8, §10: what they check themselves."""
    person, other = user(), user()
    with Replica(server, "special", TATOR_FINE_GRAIN_PERMISSION="true" if fine else "") as where:
        own, nobody = where.http(person.token), Http(where.url)
        made = world.http.ok("POST", "/rest/RowProtections", {"project": world.project, "user": other.id, "permission": 0})["id"]
        rules = [ # method, path, body, status for a stranger, without credentials
            ("GET", "/rest/Projects", None, 200, 400),
            ("POST", "/rest/Projects", {"name": "p", "organization": world.organization}, 403, 400),
            ("GET", "/rest/Organizations", None, 200, 400),
            ("GET", "/rest/User/GetCurrent", None, 200, 404),
            ("GET", "/rest/User/Exists?username=nobody", None, 200, 200),
            ("GET", f"/rest/Users?username={other.username}", None, 200, 400),
            ("GET", f"/rest/User/{other.id}", None, 403, 400),
            ("GET", f"/rest/User/{person.id}", None, 200, 400),
            ("PATCH", f"/rest/User/{other.id}", {"first_name": "x"}, 403, 400),
            ("PATCH", f"/rest/User/{person.id}", {"first_name": "x"}, 200, 400),
            ("GET", f"/rest/Permalink/{world.media[0]}", None, 403, 400),
            ("GET", "/rest/Permalink/999999999", None, 403, 400),
            ("GET", "/rest/Announcements", None, 200, 400),
            ("DELETE", "/rest/Announcement/999999999", None, 404, 400),
            ("GET", f"/rest/RowProtection/{made}", None, 403, 400),
            ("PATCH", f"/rest/RowProtection/{made}", {"permission": 1}, 403, 400),
            ("DELETE", f"/rest/RowProtection/{made}", None, 403, 400),
            ("GET", f"/rest/RowProtections?project={world.project}", None, 200, 400),
            ("POST", "/rest/RowProtections", {"project": world.project, "user": person.id, "permission": 1}, 404 if fine else 403, 400),
            ("GET", "/rest/Job/" + str(uuid.uuid4()), None, 404, 404),
            ("GET", "/rest/Transcode/" + str(uuid.uuid4()), None, 404, 404),
            ("DELETE", "/rest/Transcode/" + str(uuid.uuid4()), None, 404, 404),
            ("POST", "/rest/Notify", {"message": "m"}, 503, 400),
            ("GET", "/rest/User/Exists", None, 400, 400),
            ("POST", "/rest/Users", {"username": ""}, 400, 400),
            ("POST", "/rest/PasswordReset", {"email": "nobody@example.com"}, 400, 400),
            ("POST", "/rest/Token", {"username": "nobody", "password": "x"}, 400, 400),
            ("DELETE", f"/rest/RowProtections?project={world.project}&user={other.id}", None, 200, 400),
        ]
        got = [(method, path, own.request(method, path, json=body).status_code, nobody.request(method, path, json=body).status_code)
               for method, path, body, *_ in rules]
        wanted = [(method, path, *statuses) for method, path, _, *statuses in rules]
        skipped = [k for k, row in enumerate(got) if 501 in row]
        assert [row for k, row in enumerate(got) if k not in skipped] == [row for k, row in enumerate(wanted) if k not in skipped]
        assert own.get(f"/rest/RowProtections?project={world.project}").json() == [], "rows that the caller can not manage are left out"
        assert where.http().get(f"/rest/RowProtection/{made}").status_code == 200, "nothing was deleted"
        assert where.alarms() == []
