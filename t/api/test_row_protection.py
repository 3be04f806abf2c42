"""Row protections: who may manage them, filters, refusals. All in legacy mode, where they are kept as well."""
import pytest

VISIBLE, ACL, ALL = 0x3, 0x80, 0xFFFFFFFFFF


@pytest.fixture
def grant(http, project):
    def make(who, permission, session=http, status=201, **target):
        body = {"user": who, "permission": permission, **(target or {"project": project.id})}
        answer = session.post("/rest/RowProtections", json=body)
        assert answer.status_code == status, answer.text
        return answer.json().get("id")
    return make


def listed(http, **query):
    return [row["id"] for row in http.ok("GET", "/rest/RowProtections", **query)]


def test_the_creator_has_everything(http, api, project):
    row, = http.ok("GET", "/rest/RowProtections", project=project.id)
    assert set(row) == {"id", "created_datetime", "created_by", "project", "media", "localization", "state", "file", "section", "algorithm", "version",
                        "target_organization", "target_group", "job_cluster", "bucket", "hosted_template", "user", "organization", "group", "permission"}
    assert (row["permission"], row["project"], row["created_by"]) == (ALL, project.id, None)
    assert api.get_row_protection(row["id"]).permission == ALL


def test_creation_change_deletion(http, project, user, grant):
    person = user()
    made = grant(person.id, VISIBLE)
    again = grant(person.id, 0)
    row = http.ok("GET", f"/rest/RowProtection/{made}")
    assert (row["user"], row["permission"], row["group"], row["organization"]) == (person.id, VISIBLE, None, None)
    assert listed(http, project=project.id, user=person.id) == [made, again]
    assert http.ok("PATCH", f"/rest/RowProtection/{made}", {"permission": 0xFF}) == {"message": "RowProtection updated successfully!", "id": made}
    assert http.ok("GET", f"/rest/RowProtection/{made}")["permission"] == 0xFF
    assert http.ok("DELETE", f"/rest/RowProtection/{made}") == {"message": "RowProtection deleted successfully!", "id": made}
    assert http.get(f"/rest/RowProtection/{made}").status_code == 404
    assert http.ok("DELETE", "/rest/RowProtections?user=%d" % person.id)["message"] == "RowProtections deleted successfully!"
    assert listed(http, project=project.id, user=person.id) == []


@pytest.mark.parametrize("body, status", [
    ({"user": 1}, 400), ({"user": 1, "permission": "all"}, 400), ({"permission": 1}, 400), ({"user": 1, "group": 1, "permission": 1}, 400),
    ({"user": 1, "section": 1, "permission": 1}, 400), ({"user": 1, "project": 0, "permission": 1}, 400), ({"user": 1, "project": 0, "state": 1, "permission": 1}, 400),
    ({"user": 999999999, "permission": 1}, 404), ({"group": 999999999, "permission": 1}, 404), ({"user": 1, "project": 999999999, "permission": 1}, 404),
    ({"user": 1, "permission": 2 ** 64}, 400)])
def test_what_is_refused(http, project, body, status):
    before = listed(http, project=project.id)
    assert http.post("/rest/RowProtections", json={"project": project.id, **body}).status_code == status
    assert listed(http, project=project.id) == before


def test_absent_ones_may_be_zero(http, project, user):
    assert http.post("/rest/RowProtections", json={"project": project.id, "media": 0, "user": user().id, "group": 0, "permission": -1}).status_code == 201


def test_the_bit_acl_decides_not_membership(http, project, user, grant):
    member, manager = user(), user()
    http.ok("POST", f"/rest/Memberships/{project.id}", {"user": member.id, "permission": "Full Control"})
    mine = grant(manager.id, ACL | VISIBLE)
    grant(member.id, VISIBLE, session=member.http, status=403)
    assert listed(member.http, project=project.id) == []
    assert member.http.get(f"/rest/RowProtection/{mine}").status_code == 403
    assert member.http.patch(f"/rest/RowProtection/{mine}", json={"permission": 1}).status_code == 403
    assert member.http.delete(f"/rest/RowProtection/{mine}").status_code == 403
    made = grant(member.id, ALL, session=manager.http)
    assert set(listed(manager.http, project=project.id)) >= {mine, made}
    manager.http.ok("PATCH", f"/rest/RowProtection/{mine}", {"permission": VISIBLE})
    assert manager.http.get(f"/rest/RowProtection/{made}").status_code == 403


def test_groups_and_organizations_count(http, project, organization, user, grant):
    grouped, affiliated = user(), user()
    group = http.ok("POST", f"/rest/Groups/{organization}", {"name": "managers", "initial_members": [grouped.id]})["id"]
    http.ok("POST", f"/rest/Affiliations/{organization}", {"user": affiliated.id, "permission": "Member"})
    for subject in ({"group": group}, {"organization": organization}):
        assert http.post("/rest/RowProtections", json={"project": project.id, "permission": ACL, **subject}).status_code == 201
    for person in (grouped, affiliated):
        assert listed(person.http, project=project.id)


def test_a_nearer_target_replaces_the_project(http, project, user, grant):
    """Byte 1 of a project's mask is about its sections, byte 2 about the media in no section."""
    person = user()
    section = http.ok("POST", f"/rest/Sections/{project.id}", {"name": "s"})["id"]
    project.types()
    loose, placed = (http.ok("POST", f"/rest/Medias/{project.id}", {"type": project.image, "name": "m", "md5": "", **more})["id"]
                     for more in ({}, {"section_id": section}))
    grant(person.id, 0x83_83_03)
    grant(person.id, VISIBLE, session=person.http, section=section)
    grant(person.id, VISIBLE, session=person.http, media=loose)
    grant(person.id, VISIBLE, session=person.http, status=403)
    grant(person.id, VISIBLE, session=person.http, status=403, section=section)
    grant(person.id, VISIBLE, session=person.http, status=403, media=placed)


@pytest.mark.parametrize("kind", ["version", "file", "target_organization", "target_group", "bucket", "job_cluster", "media"])
def test_every_kind_of_target(http, server, project, organization, user, grant, kind):
    project.types()
    if kind == "file":
        report = http.ok("POST", f"/rest/FileTypes/{project.id}", {"name": "r"})["id"]
        target = http.ok("POST", f"/rest/Files/{project.id}", {"name": "f", "description": "", "type": report})["id"]
    elif kind == "target_group":
        target = http.ok("POST", f"/rest/Groups/{organization}", {"name": "g"})["id"]
    elif kind == "media":
        target = http.ok("POST", f"/rest/Medias/{project.id}", {"type": project.image, "name": "m", "md5": ""})["id"]
    elif kind in ("bucket", "job_cluster"):
        columns = {"bucket": "main_bucket (name, archive_sc, live_sc, organization_id) VALUES ('b', 'STANDARD', 'STANDARD', :organization)",
                   "job_cluster": "main_jobcluster (name, host, port, token, cert, organization_id) VALUES ('c', 'h', 1, 't', 'c', :organization)"}
        target = int(server.psql(f"INSERT INTO {columns[kind]} RETURNING id;", organization=organization).split()[0])
    else:
        target = {"version": project.version, "target_organization": organization}[kind]
    made = grant(user().id, VISIBLE, **{kind: target})
    assert made in listed(http, **{kind: target})
    assert http.ok("GET", f"/rest/RowProtection/{made}")[kind] == target


def test_deletion_of_a_list_takes_what_may_be_managed(http, project, user, grant):
    one, two = user(), user()
    grant(one.id, ACL | VISIBLE)
    grant(two.id, VISIBLE)
    section = http.ok("POST", f"/rest/Sections/{project.id}", {"name": "s"})["id"]
    kept = listed(http, section=section)
    one.http.ok("DELETE", "/rest/RowProtections")
    assert listed(http, section=section) == kept
    assert listed(http, project=project.id) == []


def test_without_credentials_nothing(anonymous, project):
    assert anonymous.get("/rest/RowProtections", params={"project": project.id}).status_code == 400
    assert anonymous.delete("/rest/RowProtections").status_code == 400
