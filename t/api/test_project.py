"""Projects and memberships: contract/accounts.md §7 (in the default mode of permissions)."""
import uuid

import pytest

LABELS = ["View Only", "Can Edit", "Can Transfer", "Can Execute", "Full Control"]


def refusal(answer, status=400):
    assert answer.status_code == status, answer.text
    return answer.json()["message"]


def test_members_of_a_project(http, server, organization):
    name = "Project " + uuid.uuid4().hex
    answer = http.ok("POST", "/rest/Projects", {"name": name, "organization": organization})
    assert answer["message"] == f"Project {name} created!"
    found = http.ok("GET", f"/rest/Project/{answer['id']}")
    assert answer["object"] == found
    assert str(uuid.UUID(found.pop("elemental_id"))) and found.pop("created").endswith("Z")
    assert found == {"id": answer["id"], "name": name, "summary": "", "organization": organization, "enable_downloads": True, "bucket": None,
                     "upload_bucket": None, "backup_bucket": None, "thumb": None, "num_files": 0, "size": 0, "duration": 0, "usernames": [],
                     "attribute_types": [], "extended_info": {}, "effective_permission": 0, "permission": "Creator"}
    assert [version["name"] for version in http.ok("GET", f"/rest/Versions/{answer['id']}")] == ["Baseline"]
    mine = [(row["permission"], row["default_version"]) for row in http.ok("GET", f"/rest/Memberships/{answer['id']}")]
    assert mine == [("Full Control", None)]
    assert server.sql("SELECT permission FROM main_rowprotection WHERE project_id = :id", id=answer["id"]) == [{"permission": 0xFFFFFFFFFF}]
    assert refusal(http.request("POST", "/rest/Projects", json={"name": name.upper(), "organization": organization})) \
        == "Project with this name already exists!"


@pytest.mark.parametrize("members", [{"effective_permission": 1}, {"size": 1}, {"num_files": 1}, {"creator": 1}, {"nothing": 1}, {"elemental_id": "x"},
                                     {"name": 3}, {"organization": "x"}, {"enable_downloads": "sometimes"}])
def test_what_no_project_is_made_from(http, server, organization, members):
    body = {"name": uuid.uuid4().hex, "organization": organization, **members}
    assert http.request("POST", "/rest/Projects", json=body).status_code == 400
    assert server.sql("SELECT count(*) AS n FROM main_project WHERE organization = :id", id=organization) == [{"n": 0}]


def test_only_an_admin_of_the_organization_makes_projects(http, user, organization):
    person = user()
    make = lambda place: person.http.request("POST", "/rest/Projects", json={"name": uuid.uuid4().hex, "organization": place})
    assert make(organization).status_code == make(99999999).status_code == 403
    link = http.ok("POST", f"/rest/Affiliations/{organization}", {"user": person.id, "permission": "Member"})["id"]
    assert make(organization).status_code == 403
    http.ok("PATCH", f"/rest/Affiliation/{link}", {"permission": "Admin"})
    assert make(organization).status_code == 201


@pytest.mark.parametrize("column", ["bucket", "upload_bucket", "backup_bucket"])
def test_buckets_are_the_organizations(http, organization, project, column):
    other = http.ok("POST", "/rest/Organizations", {"name": uuid.uuid4().hex})["id"]
    bucket = lambda place: http.ok("POST", f"/rest/Buckets/{place}", {
        "name": "b" + uuid.uuid4().hex[:20], "store_type": "AWS", "config": {
            "aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-2", "endpoint_url": "http://127.0.0.1:1"}})["id"]
    ours, theirs = bucket(organization), bucket(other)
    make = lambda value: http.request("POST", "/rest/Projects", json={"name": uuid.uuid4().hex, "organization": organization, column: value})
    assert make(ours).json()["object"][column] == ours
    assert (make(theirs).status_code, make(99999999).status_code) == (403, 404)
    change = lambda value: http.request("PATCH", f"/rest/Project/{project.id}", json={column: value})
    assert (change(ours).status_code, change(theirs).status_code, change(99999999).status_code) == (200, 403, 404)
    assert http.ok("GET", f"/rest/Project/{project.id}")[column] == ours


def test_lists_of_projects(http, user, organization, project):
    person, elemental = user(), str(uuid.uuid4())
    second = http.ok("POST", "/rest/Projects", {"name": uuid.uuid4().hex, "organization": organization, "elemental_id": elemental})["id"]
    listed = lambda who, **query: [found["id"] for found in who.ok("GET", "/rest/Projects", **query)]
    assert listed(http, organization=organization) == [project.id, second]
    assert listed(http, elemental_id=elemental) == [second]
    assert listed(http, organization=99999999) == []
    assert http.request("GET", "/rest/Projects", params={"organization": 0}).status_code == 400
    assert http.request("GET", "/rest/Projects", params={"elemental_id": "nonsense"}).status_code == 400
    assert listed(person.http) == []
    http.ok("POST", f"/rest/Memberships/{second}", {"user": person.id, "permission": "View Only"})
    assert [(row["id"], row["permission"]) for row in person.http.ok("GET", "/rest/Projects")] == [(second, "View Only")]


def test_changes_of_a_project(http, user, project):
    person, elemental = user(), str(uuid.uuid4())
    link = http.ok("POST", f"/rest/Memberships/{project.id}", {"user": person.id, "permission": "Can Execute"})["id"]
    change = lambda who, **members: who.request("PATCH", f"/rest/Project/{project.id}", json=members)
    assert change(person.http, summary="x").status_code == 403
    http.ok("PATCH", f"/rest/Membership/{link}", {"permission": "Full Control"})
    answer = change(person.http, name="New " + elemental, summary="Anew", enable_downloads=False, elemental_id=elemental)
    assert answer.json()["message"] == f"Project {project.id} updated successfully!"
    assert answer.json()["object"] == person.http.ok("GET", f"/rest/Project/{project.id}")
    found = http.ok("GET", f"/rest/Project/{project.id}")
    assert (found["name"], found["summary"], found["enable_downloads"], found["elemental_id"]) == ("New " + elemental, "Anew", False, elemental)
    assert change(http, elemental_id=None, summary="Kept").json()["object"]["elemental_id"] == elemental
    assert refusal(change(http, name="NEW " + elemental.upper())) == "Project with this name already exists!"
    assert refusal(change(http)) == "No recognized keys in request!"
    assert refusal(http.request("PATCH", "/rest/Project/99999999", json={"summary": "x"}), 404) == "No Project matches the given query."


def test_a_creator_without_membership_is_out(http, server, user, project):
    person = user()
    http.ok("POST", f"/rest/Memberships/{project.id}", {"user": person.id, "permission": "Full Control"})
    mine = next(row["id"] for row in http.ok("GET", f"/rest/Memberships/{project.id}") if row["user"] != person.id)
    assert person.http.ok("DELETE", f"/rest/Membership/{mine}")["message"] == f"Membership {mine} successfully deleted!"
    assert http.request("GET", f"/rest/Project/{project.id}").status_code == 403
    assert person.http.request("DELETE", f"/rest/Project/{project.id}").status_code == 403


# --- memberships (§7.3)


@pytest.mark.parametrize("label", LABELS)
def test_a_membership(http, user, project, label):
    person = user(first_name="Ada", last_name="King")
    path = f"/rest/Memberships/{project.id}"
    made = http.ok("POST", path, {"user": person.id, "permission": label, "default_version": project.version})
    assert made["message"] == f"Membership of Ada King to {project.name} created!"
    assert person.http.ok("GET", f"/rest/Membership/{made['id']}") == {
        "id": made["id"], "project": project.id, "user": person.id, "default_version": project.version, "username": person.username,
        "first_name": "Ada", "last_name": "King", "email": person.email, "permission": label}
    assert person.http.ok("GET", f"/rest/Project/{project.id}")["permission"] == label
    assert refusal(http.request("POST", path, json={"user": person.id, "permission": label})) \
        == f"Membership already exists for project {project.id}, user {person.id}!"


@pytest.mark.parametrize("members,status", [({"permission": "No Access"}, 400), ({"permission": "Everything"}, 400), ({"permission": None}, 400),
                                            ({"user": 99999999}, 404), ({"default_version": 99999999}, 404), ({"user": "x"}, 400)])
def test_what_no_membership_is_made_from(http, user, project, members, status):
    before = http.ok("GET", f"/rest/Memberships/{project.id}")
    body = {"user": user().id, "permission": "View Only", **members}
    assert http.request("POST", f"/rest/Memberships/{project.id}", json=body).status_code == status
    assert http.ok("GET", f"/rest/Memberships/{project.id}") == before


def test_changes_of_a_membership(http, user, project):
    person = user()
    made = http.ok("POST", f"/rest/Memberships/{project.id}", {"user": person.id, "permission": "Can Execute"})["id"]
    change = lambda who, **members: who.request("PATCH", f"/rest/Membership/{made}", json=members)
    assert change(person.http, permission="Full Control").status_code == 403
    assert change(http).json()["message"] == f"Membership {made} successfully updated!"
    assert change(http, default_version=project.version, permission="Can Edit").status_code == 200
    assert change(http, default_version=None).status_code == 400
    assert change(http, permission="Everything", default_version=project.version).status_code == 400
    found = http.ok("GET", f"/rest/Membership/{made}")
    assert (found["permission"], found["default_version"]) == ("Can Edit", project.version)
    assert refusal(http.request("GET", "/rest/Membership/99999999"), 404) == "No Membership matches the given query."


def test_a_deleted_version_is_no_default_any_more(http, user, project):
    version = http.ok("POST", f"/rest/Versions/{project.id}", {"name": "Second", "description": ""})["id"]
    made = http.ok("POST", f"/rest/Memberships/{project.id}", {"user": user().id, "permission": "Can Edit", "default_version": version})["id"]
    http.ok("DELETE", f"/rest/Version/{version}")
    assert http.ok("GET", f"/rest/Membership/{made}")["default_version"] is None


def test_no_access_is_shown_as_null(http, server, user, project):
    person = user()
    made = http.ok("POST", f"/rest/Memberships/{project.id}", {"user": person.id, "permission": "View Only"})["id"]
    server.psql("UPDATE main_membership SET permission = 'n' WHERE id = :id", id=made)
    assert http.ok("GET", f"/rest/Membership/{made}")["permission"] is None
    assert person.http.request("GET", f"/rest/Project/{project.id}").status_code == 403


def test_members_are_listed_by_last_name_and_username(http, user, project):
    people = [user(last_name=name) for name in ("Zed", "Able", "Able", "Moth")]
    for person in people:
        http.ok("POST", f"/rest/Memberships/{project.id}", {"user": person.id, "permission": "View Only"})
    listed = [(row["last_name"], row["username"]) for row in http.ok("GET", f"/rest/Memberships/{project.id}") if row["user"] in [p.id for p in people]]
    assert listed == sorted(listed)


def test_a_bucket_of_a_deleted_organization_is_nobodys(http, organization, project):
    """Neither has an organization any more: that is nothing they have in common."""
    elsewhere = http.ok("POST", "/rest/Organizations", {"name": "gone " + uuid.uuid4().hex})["id"]
    bucket = http.ok("POST", f"/rest/Buckets/{elsewhere}", {"name": "b", "store_type": "AWS", "config": {
        "endpoint_url": "http://127.0.0.1", "region_name": "r", "aws_access_key_id": "a", "aws_secret_access_key": "s"}})["id"]
    http.ok("DELETE", f"/rest/Organization/{elsewhere}")
    http.ok("DELETE", f"/rest/Organization/{organization}")
    assert http.ok("GET", f"/rest/Project/{project.id}")["organization"] is None
    for column in ("bucket", "upload_bucket", "backup_bucket"):
        assert http.request("PATCH", f"/rest/Project/{project.id}", json={column: bucket}).status_code == 403
    assert http.ok("PATCH", f"/rest/Project/{project.id}", {"summary": "still works"})["object"]["bucket"] is None
