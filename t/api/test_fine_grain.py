"""Fine-grain mode: contract/accounts.md §9.

A model of the rules, written from the contract alone, says what each mask must be and which rows are there; random protections of everything
for users, groups and organizations are laid on one small world, and lists, counts, pages, details and bulk changes are held against the model.
"""
import random
import uuid
from types import SimpleNamespace

import pytest

from t.replica import Replica
from t.server import Http

EVERYTHING = 0xFFFFFFFFFF
SIGHT = 0x3
MASKS = [0, 0x3, 0x1, 0xFF, 0x303, 0x30303, 0x3030303, 0x0303030303, 0x1F1F1F1F03, 0x3F9FDFBFFF, EVERYTHING, 0x8303, 0x030300, 0x0F0F0F, 0x1B1B1B]
COLUMNS = {"project": "project_id", "section": "section_id", "version": "version_id", "file": "file_id", "organization": "target_organization_id",
           "group": "target_group_id", "algorithm": "algorithm_id"}
SUBJECTS = {"user": "user_id", "group": "group_id", "organization": "organization_id"}


@pytest.fixture(scope="module")
def fine(server):
    with Replica(server, "grain", TATOR_FINE_GRAIN_PERMISSION="true") as running:
        yield running
        assert running.alarms() == []


@pytest.fixture(scope="module")
def world(server):
    """Two organizations, one with a project that has everything several times; .person is in group 0 and affiliated with .other."""
    http, name = server.http(), uuid.uuid4().hex
    w = SimpleNamespace(server=server, http=http, name=name)
    w.organization, w.other = (http.ok("POST", "/rest/Organizations", {"name": f"{part} {name}"})["id"] for part in ("own", "other"))
    w.project = http.ok("POST", "/rest/Projects", {"name": "grain " + name, "organization": w.organization})["id"]
    person = "grain" + name[:12]
    w.person = http.ok("POST", "/rest/Users", {"username": person, "first_name": "", "last_name": "", "email": f"{person}@example.com",
                                               "password": "Correct-horse-9"})["id"]
    w.token = Http(server.url).ok("POST", "/rest/Token", {"username": person, "password": "Correct-horse-9"})["token"]
    http.ok("POST", f"/rest/Affiliations/{w.other}", {"user": w.person, "permission": "Member"})
    w.groups = [http.ok("POST", f"/rest/Groups/{w.organization}", {"name": f"crew {k}", "initial_members": members})["id"]
                for k, members in enumerate(([w.person], []))]
    w.sections = [http.ok("POST", f"/rest/Sections/{w.project}", {"name": f"s{k}", "tator_user_sections": f"s{k}"})["id"] for k in range(3)]
    w.versions = [http.ok("GET", f"/rest/Versions/{w.project}")[0]["id"],
                  *(http.ok("POST", f"/rest/Versions/{w.project}", {"name": f"v{k}"})["id"] for k in range(2))]
    image = http.ok("POST", f"/rest/MediaTypes/{w.project}", {"name": "i", "dtype": "image"})["id"]
    box = http.ok("POST", f"/rest/LocalizationTypes/{w.project}", {"name": "b", "dtype": "box", "media_types": [image]})["id"]
    scene = http.ok("POST", f"/rest/StateTypes/{w.project}", {"name": "s", "association": "Media", "media_types": [image]})["id"]
    report = http.ok("POST", f"/rest/FileTypes/{w.project}", {"name": "r"})["id"]
    media = [http.ok("POST", f"/rest/Medias/{w.project}", {"type": image, "name": f"{k}.png", "md5": name, "section": f"s{k % 3}"})["id"]
             for k in range(6)]
    server.psql("UPDATE main_media SET primary_section_id = NULL WHERE id = :id", id=media[5])
    w.media = {row["id"]: row["primary_section"] for row in http.ok("GET", f"/rest/Medias/{w.project}")}
    assert len(set(w.media.values())) == 4
    w.boxes, w.scenes = {}, {}
    for version in w.versions:
        made = http.ok("POST", f"/rest/Localizations/{w.project}", [{"media_id": m, "type": box, "frame": 0, "version": version} for m in media])
        w.boxes.update((one, (w.media[m], version)) for one, m in zip(made["id"], media))
        made = http.ok("POST", f"/rest/States/{w.project}", [{"media_ids": [m], "type": scene, "version": version} for m in media])
        w.scenes.update((one, (w.media[m], version)) for one, m in zip(made["id"], media))
    w.files = [http.ok("POST", f"/rest/Files/{w.project}", {"name": f"f{k}", "description": "", "type": report, "attributes": {}})["id"] for k in range(2)]
    return w


class Model:
    """accounts.md §9.2 for .person; rows: (target kind, id, subject kind, id, mask)."""

    def __init__(self, world, rows):
        self.world, self.rows = world, rows
        self.mine = {("user", world.person), ("group", world.groups[0]), ("organization", world.other)}

    def own(self, kind, number):
        found = [mask for target, which, subject, who, mask in self.rows if (target, which) == (kind, number) and (subject, who) in self.mine]
        total = 0
        for mask in found:
            total |= mask
        return total if found else None

    def project(self):
        return self.own("project", self.world.project) or 0

    def organization(self):
        return self.own("organization", self.world.organization) or 0

    def below(self, kind, number):
        own = self.own(kind, number)
        return self.project() >> 8 if own is None else own

    def group(self, number):
        own = self.own("group", number)
        return self.organization() >> 24 if own is None else own

    def media(self, section):
        return self.project() >> 16 if section is None else self.below("section", section) >> 8

    def annotation(self, place):
        section, version = place
        return self.project() >> 24 if section is None else (self.below("section", section) >> 16) & (self.below("version", version) >> 8)


def lay(world, seed):
    """Random protections instead of those that are there."""
    chance = random.Random(seed)
    targets = [("project", world.project), ("organization", world.organization), *(("section", s) for s in world.sections),
               *(("version", v) for v in world.versions), *(("file", f) for f in world.files), *(("group", g) for g in world.groups)]
    subjects = [("user", world.person), ("group", world.groups[0]), ("group", world.groups[1]), ("organization", world.other),
                ("organization", world.organization), ("user", 1)]
    rows = []
    for target in targets:
        for subject in subjects:
            likely = 0.6 if target[0] in ("project", "organization") else 0.2
            if chance.random() < likely / 2:
                rows.append((*target, *subject, chance.choice(MASKS) if chance.random() < 0.8 else chance.getrandbits(40)))
    text = ";".join(f"INSERT INTO main_rowprotection (created_datetime, permission, {COLUMNS[target]}, {SUBJECTS[subject]}) VALUES (now(), {mask}, {number}, {who})"
                    for target, number, subject, who, mask in rows)
    world.server.psql("BEGIN; DELETE FROM main_rowprotection WHERE project_id = :project OR target_organization_id = :organization OR section_id IN "
                      "(SELECT id FROM main_section WHERE project = :project) OR version_id IN (SELECT id FROM main_version WHERE project_id = :project) "
                      "OR file_id IN (SELECT id FROM main_file WHERE project = :project) OR target_group_id IN (SELECT id FROM main_group WHERE "
                      f"organization_id = :organization); {text}; COMMIT", project=world.project, organization=world.organization)
    return Model(world, rows)


def listed(http, path, allowed, masks, **query):
    """A list shows exactly the rows that may be seen, with their masks; without any it is refused unless the project may be seen."""
    answer = http.get(path, params=query)
    wanted = {number: mask for number, mask in masks.items() if mask & SIGHT == SIGHT}
    if not wanted and not allowed:
        assert answer.status_code == 403, path
        return
    assert answer.status_code == 200, (path, answer.text)
    rows = answer.json()
    assert {row["id"] for row in rows} == set(wanted), path
    if rows and "effective_permission" in rows[0]:
        assert {row["id"]: row["effective_permission"] for row in rows} == wanted, path


def detail(http, path, mask, hidden):
    answer = http.get(path)
    if mask & SIGHT != SIGHT:
        assert answer.status_code == hidden, path
        return
    assert answer.status_code == 200, (path, answer.text)
    if "effective_permission" in answer.json():
        assert answer.json()["effective_permission"] == mask, path


@pytest.mark.parametrize("seed", range(24))
def test_lists_and_rows(world, fine, seed):
    model, http, w = lay(world, seed), fine.http(world.token), world
    project, sees = model.project(), model.project() & SIGHT == SIGHT
    media = {number: model.media(section) for number, section in w.media.items()}
    boxes = {number: model.annotation(place) for number, place in w.boxes.items()}
    scenes = {number: model.annotation(place) for number, place in w.scenes.items()}
    sections = {number: model.below("section", number) for number in w.sections}
    files = {number: model.below("file", number) for number in w.files}
    versions = {number: model.below("version", number) for number in w.versions}

    detail(http, f"/rest/Project/{w.project}", project, 404)
    assert [row["id"] for row in http.ok("GET", "/rest/Projects", organization=w.organization)] == [w.project] * sees
    for path, masks in (("Sections", sections), ("Files", files), ("Versions", versions), ("Medias", media), ("Localizations", boxes), ("States", scenes)):
        listed(http, f"/rest/{path}/{w.project}", sees, masks)
    for path, masks in (("Medias", media), ("Localizations", boxes), ("States", scenes)):
        seen = sorted(number for number, mask in masks.items() if mask & SIGHT == SIGHT)
        if not seen and not sees:
            continue
        page = http.ok("GET", f"/rest/{path}/{w.project}", start=1, stop=4, sort_by="$id")
        assert [(row["id"], row["effective_permission"]) for row in page] == [(number, masks[number]) for number in seen[1:4]]
        assert http.ok("GET", f"/rest/{path[:-1]}Count/{w.project}") == len(seen)
        asked = list(masks)[::2]
        found = http.request("PUT", f"/rest/{path}/{w.project}", json={"ids": asked}).json()
        assert sorted(row["id"] for row in found) == sorted(set(asked) & set(seen))
    for noun, masks, hidden in (("Section", sections, 403), ("File", files, 404), ("Version", versions, 404), ("Media", media, 404),
                                ("Localization", boxes, 404), ("State", scenes, 404)):
        for number, mask in list(masks.items())[::2]:
            detail(http, f"/rest/{noun}/{number}", mask, hidden)


@pytest.mark.parametrize("seed", range(100, 112))
def test_organizations_and_groups(world, fine, seed):
    model, http, w = lay(world, seed), fine.http(world.token), world
    whole = model.organization()
    groups = {number: model.group(number) for number in w.groups}
    detail(http, f"/rest/Organization/{w.organization}", whole, 403)
    for number, mask in groups.items():
        detail(http, f"/rest/Group/{number}", mask, 403)
    visible = [mask for mask in groups.values() if mask & SIGHT == SIGHT]
    answer = http.get(f"/rest/Groups/{w.organization}")
    assert answer.status_code == (200 if visible or whole & 0x2000000 else 403)
    if answer.status_code == 200: # all of them, once one is seen (§9.5)
        assert [row["id"] for row in answer.json()] == w.groups
        assert set(answer.json()[0]) == {"id", "name", "organization__id", "members"}
    for noun in ("Affiliations", "Invitations", "Buckets", "JobClusters"):
        assert http.get(f"/rest/{noun}/{w.organization}").status_code == (200 if whole & 0x200 else 403), noun
    for bit, status, method, body in ((0x8, 200, "PATCH", {"name": "crew"}), (0x8, 404, "PATCH", {"add_members": [999999999]})):
        for number, mask in groups.items():
            assert http.request(method, f"/rest/Group/{number}", json=body).status_code == (status if mask & SIGHT == SIGHT and mask & bit else 403)
    assert http.request("POST", f"/rest/Groups/{w.organization}", json={"name": "x", "initial_members": [999999999]}).status_code == (
        404 if whole & 0x4000000 else 403)
    assert http.request("POST", f"/rest/Affiliations/{w.organization}", json={"user": 999999999, "permission": "Member"}).status_code == (
        404 if whole & 0x400 else 403)


@pytest.mark.parametrize("seed", range(200, 216))
def test_changes_need_the_bit_on_every_row_that_is_seen(world, fine, seed):
    """§9.4: PATCH with some rows, with all, with none."""
    model, http, w = lay(world, seed), fine.http(world.token), world
    chance = random.Random(seed)
    for path, places in (("Localizations", w.boxes), ("States", w.scenes)):
        for some in (list(places), chance.sample(list(places), 3), chance.sample(list(places), 1)):
            seen = [mask for mask in (model.annotation(places[number]) for number in some) if mask & SIGHT == SIGHT]
            answer = http.request("PATCH", f"/rest/{path}/{w.project}", json={"ids": some, "attributes": {}, "count": 999})
            may = bool(seen) and all(mask & 0x8 for mask in seen)
            assert answer.status_code == (400 if may else 403), (path, some)
            if may:
                assert answer.json()["message"].endswith(f"would update {len(seen)}")
            answer = http.request("DELETE", f"/rest/{path}/{w.project}", json={"ids": some, "count": 999})
            may = all(mask & 0x10 for mask in seen) if seen else model.project() & SIGHT == SIGHT
            assert answer.status_code == (400 if may else 403), (path, some)


@pytest.mark.parametrize("seed", range(300, 312))
def test_creation_is_the_parents_affair(world, fine, seed):
    """§9.4: the project's mask, or the versions', and the sections'."""
    model, http, w = lay(world, seed), fine.http(world.token), world
    for media, section in w.media.items():
        for version in (None, *w.versions):
            mask = model.project() >> 24 if version is None else model.below("version", version) >> 8
            mask &= -1 if section is None else model.below("section", section) >> 16
            answer = http.request("POST", f"/rest/Localizations/{w.project}", json=[{"media_id": media, "type": 999999999, "frame": 0,
                                                                                     **({"version": version} if version else {})}])
            assert (answer.status_code == 403) == (not mask & 0x4), (media, version, answer.text)
    for path, body, needed in (("Sections", {"name": ""}, 0x400), ("Versions", {"name": "v", "bases": [999999999]}, 0x400),
                               ("Files", {"name": "f", "description": "", "type": 999999999, "attributes": {}}, 0x2000),
                               ("Memberships", {"user": 999999999, "permission": "View Only"}, 0xFF)):
        answer = http.request("POST", f"/rest/{path}/{w.project}", json=body)
        assert (answer.status_code == 403) == (model.project() & needed != needed), (path, answer.text)


# --- what is not a matter of masks alone


@pytest.fixture
def person(fine, user):
    """A person with nothing but protections: .grant(target, number, mask) .ask (HTTP in fine-grain mode)."""
    found = user()
    found.ask = fine.http(found.token)

    def grant(target, number, mask):
        with fine.http() as admin:
            return admin.ok("POST", "/rest/RowProtections", {target: number, "user": found.id, "permission": mask})["id"]
    found.grant = grant
    yield found
    found.ask.close()


@pytest.mark.parametrize("mask,label", [(0xFF, "Full Control"), (0x3F, "Can Execute"), (0x63, "Can Execute"), (0x43, "Can Transfer"), (0x47, "Can Transfer"),
                                        (0x07, "Can Edit"), (0x0B, "Can Edit"), (0x03, "View Only"), (0x13, "View Only"), (0x83, "View Only"),
                                        (0x3F9FDFBF03, "View Only"), (0xFFFFFFFFFF, "Full Control")])
def test_the_label_of_a_project_is_its_low_byte(person, project, mask, label):
    person.grant("project", project.id, mask)
    found = person.ask.ok("GET", f"/rest/Project/{project.id}")
    assert (found["permission"], found["effective_permission"]) == (label, mask)
    assert [(row["id"], row["permission"]) for row in person.ask.ok("GET", "/rest/Projects")] == [(project.id, label)]


def test_memberships_and_affiliations_give_nothing(http, fine, person, project):
    http.ok("POST", f"/rest/Memberships/{project.id}", {"user": person.id, "permission": "Full Control"})
    http.ok("POST", f"/rest/Affiliations/{project.organization}", {"user": person.id, "permission": "Admin"})
    assert person.ask.ok("GET", "/rest/Projects") == []
    assert project.organization not in [row["id"] for row in person.ask.ok("GET", "/rest/Organizations")]
    for path in (f"/rest/Project/{project.id}", f"/rest/Version/{project.version}"):
        assert person.ask.get(path).status_code == 404
    for path in (f"/rest/Versions/{project.id}", f"/rest/Memberships/{project.id}", f"/rest/Organization/{project.organization}",
                 f"/rest/Affiliations/{project.organization}", f"/rest/Groups/{project.organization}"):
        assert person.ask.get(path).status_code == 403
    made = person.ask.ok("POST", "/rest/Projects", {"name": "own " + uuid.uuid4().hex, "organization": project.organization})
    assert made["object"]["effective_permission"] == EVERYTHING, "for this the affiliation still counts (§9.4)"


def test_an_organization_is_listed_for_who_sees_it_and_belongs_to_it(http, person, organization):
    listed = lambda: [row["id"] for row in person.ask.ok("GET", "/rest/Organizations")]
    person.grant("target_organization", organization, 0x3)
    assert organization not in listed()
    assert person.ask.ok("GET", f"/rest/Organization/{organization}")["permission"] == "None"
    http.ok("POST", f"/rest/Affiliations/{organization}", {"user": person.id, "permission": "Member"})
    assert organization in listed()
    assert person.ask.ok("GET", f"/rest/Organization/{organization}")["permission"] == "Member"
    assert listed() == sorted(listed()), "by id in this mode"


def test_an_organization_of_ones_own_is_seen(fine, user):
    """Made with its user; the reference forgets the protection (§4.2, S)."""
    found = user()
    with fine.http(found.token) as ask:
        own, = ask.ok("GET", "/rest/Organizations")
        assert (own["permission"], own["effective_permission"]) == ("Admin", EVERYTHING)


def test_a_projects_name_is_free_among_those_that_are_seen(http, person, project):
    own = person.ask.ok("GET", "/rest/Organizations")[0]["id"]
    create = lambda: person.ask.request("POST", "/rest/Projects", json={"name": project.name.upper(), "organization": own})
    granted = person.grant("project", project.id, 0x3)
    assert (create().status_code, create().json()["message"]) == (400, "Project with this name already exists!")
    http.ok("DELETE", f"/rest/RowProtection/{granted}")
    made = create()
    assert made.status_code == 201
    http.ok("POST", f"/rest/Memberships/{project.id}", {"user": person.id, "permission": "View Only"})
    renamed = person.ask.request("PATCH", f"/rest/Project/{made.json()['id']}", json={"name": project.name})
    assert renamed.status_code == 400, "a change looks at memberships, in both modes (§7.2)"


def test_what_a_creator_gets(server, fine, http, organization):
    """§9.7; what hangs on a row that is deleted goes with it."""
    with fine.http() as ask:
        project = ask.ok("POST", "/rest/Projects", {"name": "made " + uuid.uuid4().hex, "organization": organization})["id"]
        made = {"project": (project, EVERYTHING), "target_organization": (organization, EVERYTHING)}
        for target, path, body, mask in (("target_group", f"Groups/{organization}", {"name": "g"}, 0xFF), ("section", f"Sections/{project}",
                                         {"name": "s", "tator_user_sections": "s"}, 0xFFFFFF), ("version", f"Versions/{project}", {"name": "v"}, 0xFFFF)):
            made[target] = ask.ok("POST", "/rest/" + path, body)["id"], mask
        for target, (number, mask) in made.items():
            row, = ask.ok("GET", "/rest/RowProtections", **{target: number})
            assert {name: value for name, value in row.items() if value is not None and name not in ("id", "created_datetime")} == {
                target: number, "user": 1, "permission": mask}
        baseline = ask.ok("GET", f"/rest/Versions/{project}")[0]["id"]
        assert ask.ok("GET", "/rest/RowProtections", version=baseline) == []
        for noun, target in (("Version", "version"), ("Section", "section"), ("Group", "target_group"), ("Project", "project"),
                             ("Organization", "target_organization")):
            ask.ok("DELETE", f"/rest/{noun}/{made[target][0]}")
            column = target + "_id"
            assert server.sql(f"SELECT id FROM main_rowprotection WHERE {column} = :id", id=made[target][0]) == [], target


def test_what_fails_in_the_reference_works(fine, http, project, media):
    """§9.8"""
    media(2)
    with fine.http() as ask:
        assert ask.ok("GET", f"/rest/MediaStats/{project.id}")["count"] == 2
        assert ask.ok("GET", f"/rest/OrganizationUploadInfo/{project.organization}", filename="a.png")["key"].startswith(f"{project.organization}/")


def test_without_credentials_one_sees_what_the_user_anonymous_sees(server, fine, http, project, media):
    """§9.6: reading; what changes something is refused, whatever was granted."""
    (number,) = media(1)
    nobody = Http(fine.url)
    paths = [f"/rest/Project/{project.id}", f"/rest/Versions/{project.id}", f"/rest/Version/{project.version}", f"/rest/Medias/{project.id}",
             f"/rest/Media/{number}", f"/rest/MediaCount/{project.id}", f"/rest/Sections/{project.id}", f"/rest/MediaTypes/{project.id}"]
    refused = {path: nobody.get(path).status_code for path in paths}
    assert set(refused.values()) <= {400, 404}
    server.psql("INSERT INTO main_user (username, first_name, last_name, email, password, is_staff, is_superuser, is_active, date_joined, "
                "failed_login_count, middle_initial, initials, profile, elemental_id) SELECT 'anonymous', '', '', '', '', false, false, true, now(), 0, '', '', "
                "'{}', gen_random_uuid() WHERE NOT EXISTS (SELECT FROM main_user WHERE username = 'anonymous')")
    guest = server.sql("SELECT id FROM main_user WHERE username = 'anonymous'")[0]["id"]
    http.ok("POST", "/rest/RowProtections", {"project": project.id, "user": guest, "permission": EVERYTHING})
    assert {path: nobody.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)
    assert [row["id"] for row in nobody.ok("GET", f"/rest/Medias/{project.id}")] == [number]
    for method, path, body in (("PATCH", f"/rest/Project/{project.id}", {"summary": "x"}), ("PATCH", f"/rest/Media/{number}", {"name": "x"}),
                               ("DELETE", f"/rest/Media/{number}", {}), ("POST", f"/rest/Versions/{project.id}", {"name": "v"}),
                               ("DELETE", f"/rest/Medias/{project.id}", {"ids": [number]})):
        assert nobody.request(method, path, json=body).status_code == 400, (method, path)
    assert nobody.get("/rest/Projects").status_code == 400
    server.psql("UPDATE main_user SET is_active = false WHERE id = :id", id=guest)
    assert {path: nobody.get(path).status_code for path in paths} == refused
    server.psql("DELETE FROM main_rowprotection WHERE user_id = :id; UPDATE main_user SET is_active = true WHERE id = :id", id=guest)


def test_a_dropped_project_is_gone_for_all_rights(server, fine, person, project, media):
    """A large project's rows go later; rights on its sections and versions no longer lead to them."""
    (number,) = media(1)
    section = server.sql("SELECT primary_section_id AS id FROM main_media WHERE id = :id", id=number)[0]["id"]
    person.grant("section", section, 0xFFFFFF)
    person.grant("version", project.version, 0xFFFF)
    path = f"/rest/Media/{number}", f"/rest/Version/{project.version}", f"/rest/Permalink/{number}"
    assert [person.ask.get(one).status_code for one in path] == [200, 200, 404], "it has no file"
    server.psql("INSERT INTO tator.dropped_project (id) VALUES (:id)", id=project.id)
    assert [person.ask.get(one).status_code for one in path] == [404, 404, 403]
