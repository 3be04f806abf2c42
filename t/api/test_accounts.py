"""Users, tokens, lockout, organizations, projects and their people: contract/accounts.md §3 to §8."""
import base64
import concurrent.futures
import uuid

import pytest
import requests

from t.server import Http

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNQSFgAAAGeAQPZ5cQAAAAASUVORK5CYII=")


def token(server, username, password, **more):
    return Http(server.url).request("POST", "/rest/Token", json={"username": username, "password": password, **more})


def test_the_client_knows_who_it_is(user):
    person = user(first_name="Ada", last_name="King")
    assert person.api.whoami().username == person.username
    assert person.api.get_user(person.id).email == person.email


def test_a_token_stays_until_it_is_refreshed(server, user):
    person = user()
    assert token(server, person.username.upper(), person.password).json()["token"] == person.token
    fresh = token(server, person.username, person.password, refresh=True).json()["token"]
    assert fresh != person.token
    assert person.http.request("GET", "/rest/User/GetCurrent").status_code == 400
    assert server.http(fresh).ok("GET", "/rest/User/GetCurrent")["id"] == person.id


def test_three_failures_lock_a_user_for_ten_quiet_minutes(server, user):
    person = user()
    for _ in range(3):
        assert token(server, person.username, "wrong").status_code == 400
    assert token(server, person.username, person.password).status_code == 400
    assert person.http.ok("GET", "/rest/User/GetCurrent")["id"] == person.id

    server.psql("UPDATE main_user SET last_failed_login = now() - interval '11 minutes' WHERE id = :id", id=person.id)
    assert token(server, person.username, person.password).status_code == 201
    assert server.sql("SELECT failed_login_count FROM main_user WHERE id = :id", id=person.id) == [{"failed_login_count": 0}]


def test_guesses_at_the_same_time_do_not_outrun_the_lock(server, user):
    person = user()
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        assert {answer.status_code for answer in pool.map(lambda _: token(server, person.username, "wrong"), range(6))} == {400}
    assert token(server, person.username, person.password).status_code == 400
    assert server.sql("SELECT failed_login_count AS n FROM main_user WHERE id = :id", id=person.id)[0]["n"] == 7


def test_an_old_hash_is_stored_anew_at_the_next_login(server, user):
    person = user()
    old = "pbkdf2_sha256$1500$abcdefghijkl$Ss0mh1Tjx6/zt53075TjWJaGeEC+zaDP5hLnGaKioRA="
    server.psql("UPDATE main_user SET password = :'old' WHERE id = :id", old=old, id=person.id)
    assert token(server, person.username, "Corréct-horse-9").status_code == 201
    stored = server.sql("SELECT password FROM main_user WHERE id = :id", id=person.id)[0]["password"]
    assert stored.startswith("pbkdf2_sha256$600000$")
    assert token(server, person.username, "Corréct-horse-9").status_code == 201


def test_a_deactivated_user_is_out_at_once(server, user):
    person = user()
    assert person.http.ok("GET", "/rest/User/GetCurrent")["id"] == person.id
    server.psql("UPDATE main_user SET is_active = false WHERE id = :id", id=person.id)
    answer = person.http.request("GET", "/rest/User/GetCurrent")
    assert (answer.status_code, answer.json()["message"]) == (400, "User inactive or deleted.")
    assert token(server, person.username, person.password).status_code == 400


def test_a_membership_counts_at_once_both_ways(http, user, project):
    person = user()
    assert person.http.request("GET", f"/rest/Project/{project.id}").status_code == 403
    link = http.ok("POST", f"/rest/Memberships/{project.id}", {"user": person.id, "permission": "View Only"})["id"]
    for _ in range(3):
        assert person.http.request("GET", f"/rest/Project/{project.id}").status_code == 200
    assert person.http.request("PATCH", f"/rest/Project/{project.id}", json={"summary": "x"}).status_code == 403
    http.ok("PATCH", f"/rest/Membership/{link}", {"permission": "Full Control"})
    assert person.http.request("PATCH", f"/rest/Project/{project.id}", json={"summary": "x"}).status_code == 200
    http.ok("DELETE", f"/rest/Membership/{link}")
    assert person.http.request("GET", f"/rest/Project/{project.id}").status_code == 403


def test_no_access_is_no_access(server, user, project):
    person = user()
    server.psql("INSERT INTO main_membership (permission, project, \"user\") VALUES ('n', :project, :id)", project=project.id, id=person.id)
    assert person.http.request("GET", f"/rest/Project/{project.id}").status_code == 403
    assert person.http.request("PATCH", f"/rest/Project/{project.id}", json={"summary": "x"}).status_code == 403


def test_members_of_a_new_project_come_from_its_organization(http, user, organization):
    person = user()
    http.ok("PATCH", f"/rest/Organization/{organization}", {"default_membership_permission": "Can Transfer"})
    http.ok("POST", f"/rest/Affiliations/{organization}", {"user": person.id, "permission": "Member"})
    made = http.ok("POST", "/rest/Projects", {"name": uuid.uuid4().hex, "organization": organization})["id"]
    people = {item["user"]: item["permission"] for item in http.ok("GET", f"/rest/Memberships/{made}")}
    assert people == {1: "Full Control", person.id: "Can Transfer"}
    assert [version["name"] for version in http.ok("GET", f"/rest/Versions/{made}")] == ["Baseline"]


def test_a_project_goes_with_everything_in_it(server, http, media, project):
    made = media(3)
    http.ok("POST", f"/rest/Localizations/{project.id}", [{"media_id": made[0], "type": project.box, "frame": 0}])
    http.ok("DELETE", f"/rest/Project/{project.id}")
    assert http.request("GET", f"/rest/Project/{project.id}").status_code == 404
    assert server.sql("SELECT project FROM main_media WHERE id = :id", id=made[0]) == [{"project": None}]
    for table, column in (("main_version", "project_id"), ("main_membership", "project"), ("main_localizationtype", "project"),
                          ("main_changelog", "project_id"), ("main_projectlookup", "project_id"), ("main_rowprotection", "project_id")):
        assert server.sql(f"SELECT id FROM {table} WHERE {column} = :id", id=project.id) == []
    assert server.sql("SELECT id FROM main_localization WHERE media = :id", id=made[0]) == []


def test_only_the_creator_deletes_a_project(http, user, project):
    person = user()
    http.ok("POST", f"/rest/Memberships/{project.id}", {"user": person.id, "permission": "Full Control"})
    assert person.http.request("DELETE", f"/rest/Project/{project.id}").status_code == 403


def test_a_new_user_has_an_organization_of_his_own_unless_he_was_invited(server, http, user, organization):
    person = user(first_name="Ada", last_name="King")
    assert [(item["name"], item["permission"]) for item in person.http.ok("GET", "/rest/Organizations")] == [("Ada King's Team", "Admin")]

    email = uuid.uuid4().hex + "@example.com"
    invited = http.ok("POST", f"/rest/Invitations/{organization}", {"email": email, "permission": "Member"})
    secret = invited["message"].split("registration_token=")[1]
    guest = user(email=email, registration_token=secret)
    assert [(item["id"], item["permission"]) for item in guest.http.ok("GET", "/rest/Organizations")] == [(organization, "Member")]
    again = Http(server.url).request("POST", "/rest/Users", json={
        "username": uuid.uuid4().hex, "password": "Correct-horse-9", "first_name": "", "last_name": "", "email": email, "registration_token": secret})
    assert (again.status_code, again.json()["message"]) == (400, "Registration token is expired or invalid!")


def test_a_refused_registration_leaves_nothing(server, anonymous):
    name = uuid.uuid4().hex
    answer = anonymous.request("POST", "/rest/Users", json={
        "username": name, "password": "Correct-horse-9", "first_name": "", "last_name": "", "email": "a@example.com",
        "new_avatar": base64.b64encode(b"no picture").decode()})
    assert answer.status_code == 400
    assert anonymous.ok("GET", "/rest/User/Exists", username=name) is False


def test_names_that_differ_in_case_are_the_same(anonymous, user):
    person = user()
    answer = anonymous.request("POST", "/rest/Users", json={
        "username": person.username.upper(), "password": "Correct-horse-9", "first_name": "", "last_name": "", "email": "b@example.com"})
    assert (answer.status_code, answer.json()["message"]) == (400, "Username is already taken!")


def test_a_picture_is_stored_shown_and_removed(user):
    person = user()
    path = f"/rest/User/{person.id}"
    person.http.ok("PATCH", path, {"new_avatar": base64.b64encode(PNG).decode()})
    assert person.http.ok("GET", path)["profile"] == {"avatar": f"user_data/{person.id}/avatar.png"}
    url = person.http.ok("GET", path, presigned=600)["profile"]["avatar"]
    assert requests.get(url).content == PNG
    person.http.ok("PATCH", path, {"clear_avatar": 1})
    assert person.http.ok("GET", path)["profile"] == {}
    assert requests.get(url).status_code == 404


def test_a_profile_never_signs_an_object_of_somebody_else(server, user):
    person = user()
    answer = person.http.request("PATCH", f"/rest/User/{person.id}", json={"set_profile_keys": {"avatar": "1/2/3/secret.mp4"}})
    assert answer.status_code == 400
    server.psql("UPDATE main_user SET profile = '{\"avatar\": \"1/2/3/secret.mp4\"}' WHERE id = :id", id=person.id)
    assert person.http.ok("GET", f"/rest/User/{person.id}", presigned=600)["profile"] == {"avatar": None}


def test_a_reset_token_works_once_for_its_user_and_for_a_day(server, user, anonymous):
    person, other = user(), user()

    def reset(age):
        made = str(uuid.uuid1())
        server.psql("INSERT INTO main_passwordreset (reset_token, created_datetime, user_id) VALUES (:'made', now() - :'age'::interval, :id)",
                    made=made, age=age, id=person.id)
        return made

    def use(user_id, secret, password):
        return anonymous.request("PATCH", f"/rest/User/{user_id}", json={"password": password, "reset_token": secret}).status_code

    old, good = reset("25 hours"), reset("1 minute")
    assert use(person.id, old, "Another-horse-9") == 400
    assert use(other.id, good, "Another-horse-9") == 400
    assert use(person.id, good, "Another-horse-9") == 200
    assert use(person.id, good, "Third-horse-9") == 400
    assert token(server, person.username, "Another-horse-9").status_code == 201


def test_a_projects_picture_comes_from_an_upload_of_the_caller(http, project):
    def upload():
        info = http.ok("GET", f"/rest/UploadInfo/{project.id}", filename="picture.png")
        assert requests.put(info["urls"][0], data=PNG).status_code == 200
        return info["key"]

    first = http.ok("PATCH", f"/rest/Project/{project.id}", {"thumb": upload()})["object"]["thumb"]
    assert requests.get(first).content == PNG
    second = http.ok("PATCH", f"/rest/Project/{project.id}", {"thumb": upload()})["object"]["thumb"]
    assert requests.get(second).content == PNG
    assert requests.get(first).status_code == 404
    http.ok("DELETE", f"/rest/Project/{project.id}")
    assert requests.get(second).status_code == 404


@pytest.mark.parametrize("header,message", [
    ("Token", "Invalid token header. No credentials provided."),
    ("Token a b", "Invalid token header. Token string should not contain spaces."),
    ("Token 0000", "Invalid token."),
    ("token " + "0" * 40, "Invalid token."),
])
def test_bad_tokens_say_why(anonymous, header, message):
    answer = anonymous.request("GET", "/rest/Projects", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["message"]) == (400, message)


def test_an_exception_of_the_client_names_the_reason(api, project):
    with pytest.raises(Exception, match="Membership already exists") as raised:
        api.create_membership(project.id, membership_spec={"user": 1, "permission": "Full Control"})
    assert raised.value.status == 400
