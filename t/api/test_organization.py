"""Organizations, affiliations, invitations, groups: contract/accounts.md §6 (in the default mode of permissions)."""
import base64
import io
import uuid

import pytest
from PIL import Image

from t.replica import Replica

ALL = 0xFFFFFFFFFF


def refusal(answer, status=400):
    assert answer.status_code == status, answer.text
    return answer.json()["message"]


@pytest.fixture
def people(http, user, organization):
    """.admin .member .stranger of the organization."""
    class People:
        admin, member, stranger = user(), user(), user()
    for each, permission in ((People.admin, "Admin"), (People.member, "Member")):
        http.ok("POST", f"/rest/Affiliations/{organization}", {"user": each.id, "permission": permission})
    return People


# --- organizations (§6.1)


def test_creation(http, server, user):
    person, name = user(), "Org " + uuid.uuid4().hex
    made = person.http.ok("POST", "/rest/Organizations", {"name": name, "default_membership_permission": "Can Edit"})
    assert made["message"] == f"Organization {name} created!"
    assert person.http.ok("GET", f"/rest/Organization/{made['id']}") == {
        "id": made["id"], "name": name, "default_membership_permission": "Can Edit", "thumb": None, "effective_permission": 0, "permission": "Admin"}
    assert server.sql("SELECT user_id, permission FROM main_affiliation WHERE organization_id = :id", id=made["id"]) == [
        {"user_id": person.id, "permission": "Admin"}]
    assert server.sql("SELECT user_id, permission FROM main_rowprotection WHERE target_organization_id = :id", id=made["id"]) == [
        {"user_id": person.id, "permission": ALL}]
    assert refusal(person.http.request("POST", "/rest/Organizations", json={"name": name.upper()})) == "Organization with this name already exists!"
    assert http.ok("POST", "/rest/Organizations", {"name": name})["message"] == f"Organization {name} created!"


@pytest.mark.parametrize("body", [{}, {"name": 3}, {"name": "x", "effective_permission": 255}, {"name": "x", "other": 1},
                                  {"name": "x", "default_membership_permission": "Everything"}, {"name": "x" * 129}])
def test_what_no_organization_is_made_from(http, server, body):
    before = server.sql("SELECT count(*) FROM main_organization")
    assert http.request("POST", "/rest/Organizations", json=body).status_code == 400
    assert server.sql("SELECT count(*) FROM main_organization") == before


def test_only_affiliates_see_an_organization(http, organization, people, anonymous):
    listed = lambda person: [found["id"] for found in person.http.ok("GET", "/rest/Organizations")]
    assert organization in listed(people.admin) and organization in listed(people.member)
    assert listed(people.stranger) != [] and organization not in listed(people.stranger)
    assert people.member.http.ok("GET", f"/rest/Organization/{organization}")["permission"] == "Member"
    assert people.stranger.http.request("GET", f"/rest/Organization/{organization}").status_code == 403
    assert refusal(people.admin.http.request("GET", "/rest/Organization/99999999"), 404) == "No Organization matches the given query."
    assert anonymous.request("GET", "/rest/Organizations").status_code == 400
    assert anonymous.request("GET", f"/rest/Organization/{organization}").status_code == 400


def test_organizations_are_listed_by_name(user):
    person, tag = user(), uuid.uuid4().hex
    for name in ("b", "c", "a"):
        person.http.ok("POST", "/rest/Organizations", {"name": f"{tag} {name}"})
    names = [found["name"] for found in person.http.ok("GET", "/rest/Organizations")]
    assert [name for name in names if name.startswith(tag)] == [f"{tag} a", f"{tag} b", f"{tag} c"]


def test_changes(people, organization):
    path, name = f"/rest/Organization/{organization}", "New " + uuid.uuid4().hex
    change = lambda person, **members: person.http.request("PATCH", path, json=members)
    assert change(people.admin).json()["message"] == f"Organization {organization} updated successfully!"
    assert change(people.admin, name=name, default_membership_permission="View Only").status_code == 200
    found = people.member.http.ok("GET", path)
    assert (found["name"], found["default_membership_permission"]) == (name, "View Only")
    assert refusal(change(people.admin, name=name)) == "Organization with this name already exists!"
    assert change(people.member, name="x").status_code == change(people.stranger, name="x").status_code == 403
    assert change(people.admin, default_membership_permission="Everything").status_code == 400


def test_a_default_does_not_touch_members_that_are_there(http, people, organization, project):
    http.ok("POST", f"/rest/Memberships/{project.id}", {"user": people.member.id, "permission": "Can Edit"})
    http.ok("PATCH", f"/rest/Organization/{organization}", {"default_membership_permission": "Full Control"})
    found = {row["user"]: row["permission"] for row in http.ok("GET", f"/rest/Memberships/{project.id}")}
    assert found[people.member.id] == "Can Edit"


def upload(http, query):
    data = io.BytesIO()
    Image.new("RGB", (8, 8)).save(data, "PNG")
    info = http.ok("GET", query)
    assert http.request("PUT", info["urls"][0], data=data.getvalue(), headers={"Authorization": ""}).status_code == 200
    return info["key"]


def test_a_thumbnail_comes_from_the_organizations_keys(http, server, organization, project):
    path = f"/rest/Organization/{organization}"
    change = lambda thumb: http.request("PATCH", path, json={"thumb": thumb, "name": "renamed " + uuid.uuid4().hex})
    name = http.ok("GET", path)["name"]
    assert refusal(change(f"{organization + 1}/{project.id}/1/x.png")) == "Invalid thumbnail path for this organization!"
    missing = f"{organization}/{project.id}/1/none.png"
    assert refusal(change(missing)) == f"Key {missing} not found in bucket"
    assert http.ok("GET", path)["name"] == name
    key = upload(http, f"/rest/OrganizationUploadInfo/{organization}?filename=thumb.png")
    assert key.startswith(f"{organization}/")
    assert change(key).status_code == 200
    shown = http.ok("GET", path)["thumb"]
    assert http.request("GET", shown, headers={"Authorization": ""}).content.startswith(b"\x89PNG")


def test_a_deletion_takes_what_hangs_on_it_and_leaves_projects(http, server, people, organization, project):
    group = http.ok("POST", f"/rest/Groups/{organization}", {"name": "g", "initial_members": [people.member.id]})["id"]
    http.ok("POST", f"/rest/Invitations/{organization}", {"email": f"{uuid.uuid4().hex}@example.com", "permission": "Member"})
    http.ok("POST", "/rest/RowProtections", {"project": project.id, "organization": organization, "permission": 3})
    http.ok("POST", "/rest/RowProtections", {"project": project.id, "group": group, "permission": 3})
    assert people.member.http.request("DELETE", f"/rest/Organization/{organization}").status_code == 403
    assert people.admin.http.ok("DELETE", f"/rest/Organization/{organization}")["message"] == f"Organization {organization} deleted successfully!"
    for table, column in (("affiliation", "organization_id"), ("invitation", "organization_id"), ("group", "organization_id"),
                          ("rowprotection", "target_organization_id"), ("rowprotection", "organization_id")):
        assert server.sql(f"SELECT count(*) AS n FROM main_{table} WHERE {column} = :id", id=organization) == [{"n": 0}]
    assert server.sql("SELECT count(*) AS n FROM main_rowprotection WHERE group_id = :id OR target_group_id = :id", id=group) == [{"n": 0}]
    assert server.sql("SELECT count(*) AS n FROM main_groupmembership WHERE group_id = :id", id=group) == [{"n": 0}]
    assert http.ok("GET", f"/rest/Project/{project.id}")["organization"] is None
    assert http.request("GET", f"/rest/Organization/{organization}").status_code == 404


# --- affiliations (§6.2)


def test_an_affiliation(http, people, organization, user):
    person = user(first_name="Ada", last_name="King")
    path = f"/rest/Affiliations/{organization}"
    made = people.admin.http.ok("POST", path, {"user": person.id, "permission": "Member"})
    name = http.ok("GET", f"/rest/Organization/{organization}")["name"]
    assert made["message"] == f"Affiliation of Ada King to {name} created!"
    assert people.member.http.ok("GET", f"/rest/Affiliation/{made['id']}") == {
        "id": made["id"], "organization_id": organization, "user_id": person.id, "permission": "Member", "username": person.username,
        "first_name": "Ada", "last_name": "King", "email": person.email}
    change = lambda who, body: who.http.request("PATCH", f"/rest/Affiliation/{made['id']}", json=body)
    assert change(people.member, {"permission": "Admin"}).status_code == 403
    assert change(people.admin, {"permission": "Admin"}).json()["message"] == f"Affiliation of Ada King to {name} permissions updated to Admin!"
    assert refusal(change(people.admin, {})) == "'permission'"
    assert change(people.admin, {"permission": "Owner"}).status_code == 400
    assert people.member.http.request("DELETE", f"/rest/Affiliation/{made['id']}").status_code == 403
    assert people.admin.http.ok("DELETE", f"/rest/Affiliation/{made['id']}")["message"] == f"Affiliation {made['id']} successfully deleted!"
    assert refusal(people.admin.http.request("GET", f"/rest/Affiliation/{made['id']}"), 404) == "No Affiliation matches the given query."


def test_what_no_affiliation_is_made_from(people, organization, user):
    person = user()
    make = lambda who, **body: who.http.request("POST", f"/rest/Affiliations/{organization}", json=body)
    assert refusal(make(people.admin, permission="Member")) == "'user'"
    assert refusal(make(people.admin, user=person.id)) == "'permission'"
    assert make(people.admin, user=99999999, permission="Member").status_code == 404
    assert make(people.admin, user=person.id, permission="Owner").status_code == 400
    assert make(people.member, user=person.id, permission="Member").status_code == 403
    assert make(people.stranger, user=person.id, permission="Member").status_code == 403
    assert people.admin.http.request("POST", "/rest/Affiliations/99999999", json={"user": person.id, "permission": "Member"}).status_code == 404


def test_somebody_may_be_affiliated_twice(http, people, organization):
    http.ok("POST", f"/rest/Affiliations/{organization}", {"user": people.member.id, "permission": "Member"})
    found = [row["user_id"] for row in people.member.http.ok("GET", f"/rest/Affiliations/{organization}")]
    assert found.count(people.member.id) == 2


def test_affiliations_are_listed_by_last_name_or_username(http, server, user):
    owner = user(last_name="Middle")
    organization = owner.http.ok("POST", "/rest/Organizations", {"name": uuid.uuid4().hex})["id"]
    zed, none, able = user(last_name="zed"), user(last_name=""), user(last_name="Able")
    server.psql("UPDATE main_user SET username = 'bob' || username WHERE id = :id", id=none.id)
    for each in (zed, none, able):
        owner.http.ok("POST", f"/rest/Affiliations/{organization}", {"user": each.id, "permission": "Member"})
    assert [row["user_id"] for row in zed.http.ok("GET", f"/rest/Affiliations/{organization}")] == [able.id, none.id, owner.id, zed.id]


# --- invitations (§6.3)


def test_an_invitation(http, server, people, organization):
    email = f"{uuid.uuid4().hex}@example.com"
    invite = lambda who, **body: who.http.request("POST", f"/rest/Invitations/{organization}", json=body)
    answer = invite(people.admin, email=email, permission="Member")
    assert answer.status_code == 201
    made = answer.json()
    token = made["message"].rsplit("=", 1)[1]
    assert made["message"] == f"User can register at http://127.0.0.1:{server.port}/registration?registration_token={token}"
    path = f"/rest/Invitation/{made['id']}"
    found = people.admin.http.ok("GET", path)
    created = found.pop("created_datetime")
    assert found == {"id": made["id"], "email": email, "organization_id": organization, "permission": "Member", "registration_token": token,
                     "status": "Pending", "created_by_id": people.admin.id, "created_username": people.admin.username}
    assert created.endswith("Z")
    name = http.ok("GET", f"/rest/Organization/{organization}")["name"]
    assert refusal(invite(people.admin, email=email, permission="Member")) == f"Pending invitation already exists for organization {name}, email {email}!"
    assert invite(people.member, email="x" + email, permission="Member").status_code == 403
    assert people.admin.http.ok("PATCH", path, {"permission": "Admin"})["message"] == f"Invitation {made['id']} successfully updated!"
    assert people.admin.http.request("PATCH", path, json={"status": "Expired"}).status_code == 400
    assert people.admin.http.ok("PATCH", path, {"status": "Accepted"})["message"] == f"Invitation {made['id']} successfully updated!"
    found = people.admin.http.ok("GET", path)
    assert (found["permission"], found["status"]) == ("Admin", "Accepted")
    assert people.admin.http.ok("DELETE", path)["message"] == f"Invitation {made['id']} successfully deleted!"
    assert people.admin.http.request("GET", path).status_code == 404


def test_invitations_of_people_who_are_there(http, people, organization, user):
    invite = lambda email: people.admin.http.request("POST", f"/rest/Invitations/{organization}", json={"email": email, "permission": "Member"})
    assert refusal(invite(people.member.email)) == f"Affiliation already exists for email {people.member.email}!"
    answer = invite(people.stranger.email)
    assert "/accept?registration_token=" in answer.json()["message"]
    double = user(email=people.stranger.email)
    http.ok("DELETE", f"/rest/Invitation/{answer.json()['id']}")
    assert refusal(invite(double.email)) == f"Multiple users exist with email {double.email}!"


def test_invitations_are_listed_in_their_order(people, organization):
    made = [people.admin.http.ok("POST", f"/rest/Invitations/{organization}", {"email": f"{uuid.uuid4().hex}@example.com", "permission": "Member"})["id"]
            for _ in range(3)]
    assert [row["id"] for row in people.admin.http.ok("GET", f"/rest/Invitations/{organization}")] == made
    assert people.stranger.http.request("GET", f"/rest/Invitations/{organization}").status_code == 403


# --- groups (§6.4)


def test_a_group(server, people, organization):
    path = f"/rest/Groups/{organization}"
    made = people.admin.http.ok("POST", path, {"name": "Divers", "initial_members": [people.member.id, people.stranger.id]})
    assert made["message"] == "Successfully created group."
    one = f"/rest/Group/{made['id']}"
    found = people.member.http.ok("GET", one)
    assert {**found, "members": sorted(found["members"])} == {
        "id": made["id"], "name": "Divers", "organization": organization, "members": [people.member.id, people.stranger.id]}
    assert server.sql("SELECT user_id, permission FROM main_rowprotection WHERE target_group_id = :id", id=made["id"]) == [
        {"user_id": people.admin.id, "permission": 0xFF}]
    listed = [row for row in people.member.http.ok("GET", path) if row["id"] == made["id"]]
    assert set(listed[0]) == {"id", "organization__id", "name", "members"}
    only = [row for row in people.member.http.ok("GET", path, user=people.stranger.id) if row["id"] == made["id"]]
    assert only == [{"id": made["id"], "organization__id": organization, "name": "Divers", "members": [people.stranger.id]}]

    change = lambda who, **body: who.http.request("PATCH", one, json=body)
    assert change(people.member, name="x").status_code == 403
    assert change(people.admin, name="Swimmers", add_members=[people.admin.id, people.member.id], remove_members=[people.stranger.id, 99999999]).json() \
        == {"message": f"Group {made['id']} successfully updated!"}
    found = people.member.http.ok("GET", one)
    assert (found["name"], sorted(found["members"])) == ("Swimmers", sorted([people.admin.id, people.member.id]))
    assert change(people.admin, name="Lost", add_members=[people.stranger.id, 99999999]).status_code == 404
    assert change(people.admin, name="").status_code == 200
    assert people.member.http.ok("GET", one) == found

    assert people.member.http.request("DELETE", one).status_code == 403
    assert people.admin.http.ok("DELETE", one) == {"message": "Group deleted successfully!", "id": made["id"]}
    assert server.sql("SELECT count(*) AS n FROM main_rowprotection WHERE target_group_id = :id", id=made["id"]) == [{"n": 0}]


def test_an_unknown_member_makes_no_group(server, people, organization):
    answer = people.admin.http.request("POST", f"/rest/Groups/{organization}", json={"name": "none", "initial_members": [people.member.id, 99999999]})
    assert answer.status_code == 404
    assert server.sql("SELECT count(*) AS n FROM main_group WHERE organization_id = :id", id=organization) == [{"n": 0}]
    assert people.stranger.http.request("GET", f"/rest/Groups/{organization}").status_code == 403


def test_tokens_of_invitations_are_for_those_who_may_invite(server, people, organization):
    """With the token of an invitation as Admin, a Member would make himself one (§6.3, S)."""
    made = people.admin.http.ok("POST", f"/rest/Invitations/{organization}", {"email": "next@example.com", "permission": "Admin"})["id"]
    token = people.admin.http.ok("GET", f"/rest/Invitation/{made}")["registration_token"]
    assert str(uuid.UUID(token)) == token
    assert people.admin.http.ok("GET", f"/rest/Invitations/{organization}")[0]["registration_token"] == token
    seen = people.member.http.ok("GET", f"/rest/Invitation/{made}")
    assert (seen["email"], seen["registration_token"]) == ("next@example.com", None)
    assert people.member.http.ok("GET", f"/rest/Invitations/{organization}")[0]["registration_token"] is None
    with Replica(server, "invitations", TATOR_FINE_GRAIN_PERMISSION="true") as fine:
        for mask, shown in ((0x303, None), (0x703, token)):
            server.psql("DELETE FROM main_rowprotection WHERE user_id = :id; INSERT INTO main_rowprotection (created_datetime, permission, "
                        "target_organization_id, user_id) VALUES (now(), :mask, :organization, :id)", id=people.stranger.id, mask=mask,
                        organization=organization)
            assert fine.http(people.stranger.token).ok("GET", f"/rest/Invitation/{made}")["registration_token"] == shown
        assert fine.alarms() == []
