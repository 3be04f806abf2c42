"""Users, registration, password reset, as they are seen from outside: contract/accounts.md §4."""
import base64
import io
import uuid

import pytest
from PIL import Image

from t.server import Http, Server


def picture(kind="PNG", size=(2, 2)):
    data = io.BytesIO()
    Image.new("RGB", size).save(data, kind)
    return base64.b64encode(data.getvalue()).decode()


def person(**members):
    name = "user" + uuid.uuid4().hex[:12]
    return {"username": name, "first_name": "First", "last_name": "Last", "email": f"{name}@example.com", "password": "Correct-horse-9", **members}


def refusal(answer, status=400):
    assert answer.status_code == status, answer.text
    return answer.json()["message"]


def test_members_of_a_user(user):
    made = user()
    found = made.http.ok("GET", "/rest/User/GetCurrent")
    assert set(found) == {"id", "username", "first_name", "last_name", "email", "is_staff", "elemental_id", "profile"}
    assert (found["is_staff"], found["profile"], str(uuid.UUID(found["elemental_id"]))) == (False, {}, found["elemental_id"])
    for path in ("/rest/User/GetCurrent", f"/rest/User/{made.id}"):
        assert made.http.ok("GET", path, presigned=3600)["profile"] == {"avatar": None}
        for wrong in (0, 604801, "x"):
            assert made.http.request("GET", path, params={"presigned": wrong}).status_code == 400
    assert made.http.ok("GET", "/rest/Users", username=made.username, presigned=604800)[0]["profile"] == {"avatar": None}


@pytest.mark.parametrize("signed_in", [True, False])
def test_exists_takes_one_filter_by_rank(server, user, signed_in):
    made, other = user(), user()
    elemental = made.http.ok("GET", "/rest/User/GetCurrent")["elemental_id"]
    asker = other.http if signed_in else Http(server.url)
    exists = lambda **filters: asker.request("GET", "/rest/User/Exists", params=filters)
    assert exists(username=made.username.upper()).json() is True
    assert exists(email=made.email).json() is True
    assert exists(email=made.email.upper()).json() is False
    assert exists(elemental_id=elemental).json() is True
    assert exists(elemental_id=str(uuid.uuid4()), username=made.username).json() is False
    assert exists(username="no" + made.username, email=made.email).json() is False
    assert exists(elemental_id="nonsense").status_code == 400
    assert refusal(exists()) == "One of username or email must be supplied!"


def test_users_are_found_by_anybody_who_is_signed_in(user, anonymous):
    made, other = user(), user()
    find = lambda **filters: other.http.request("GET", "/rest/Users", params=filters)
    assert [found["id"] for found in find(username=made.username.upper()).json()] == [made.id]
    assert [found["id"] for found in find(email=made.email).json()] == [made.id]
    assert find(email=made.email.upper()).json() == find(username="nobody at all").json() == []
    assert refusal(find()) == "One of username or email or elemental_id must be supplied!"
    assert find(elemental_id="nonsense").status_code == 400
    assert anonymous.request("GET", "/rest/Users", params={"username": made.username}).status_code == 400


def test_who_may_look_at_a_user(http, server, user, project):
    made, other = user(), user()
    assert other.http.request("GET", f"/rest/User/{made.id}").status_code == 403
    assert other.http.request("GET", "/rest/User/99999999").status_code == 403
    for each in (made, other):
        http.ok("POST", f"/rest/Memberships/{project.id}", {"user": each.id, "permission": "View Only"})
    assert other.http.ok("GET", f"/rest/User/{made.id}")["username"] == made.username

    third = user()
    assert third.http.request("PATCH", f"/rest/User/{made.id}", json={"first_name": "x"}).status_code == 403
    server.psql("UPDATE main_user SET is_staff = true WHERE id = :id", id=third.id)
    assert third.http.ok("GET", f"/rest/User/{made.id}")["id"] == made.id
    assert refusal(third.http.request("GET", "/rest/User/99999999"), 404) == "User matching query does not exist."
    assert third.http.ok("PATCH", f"/rest/User/{made.id}", {"first_name": "By staff"})["message"] == f"Updated user {made.id} successfully!"


def test_changes_of_oneself(user):
    made, other = user(), user()
    path = f"/rest/User/{made.id}"
    change = lambda **members: made.http.request("PATCH", path, json=members)
    before = made.http.ok("GET", path)
    assert change().json()["message"] == f"Updated user {made.id} successfully!"
    assert refusal(change(email=other.email)) == f"User with email {other.email} already exists!"
    assert change(email=made.email).status_code == 200
    assert change(email=other.email.upper()).status_code == 200
    assert change(first_name="Ada", last_name="King", username="x", is_staff=True, elemental_id=str(uuid.uuid4())).status_code == 200
    after = made.http.ok("GET", path)
    assert after == {**before, "first_name": "Ada", "last_name": "King", "email": other.email.upper()}
    assert refusal(change(password="Another-horse-9")) == "Password cannot be changed without reset token!"
    assert refusal(change(password="Another-horse-9", reset_token=str(uuid.uuid4()))) == "Reset token is expired or invalid!"


def test_keys_of_a_profile(user):
    made = user()
    path = f"/rest/User/{made.id}"
    profile = lambda **members: made.http.ok("PATCH", path, members) and made.http.ok("GET", path)["profile"]
    assert profile(set_profile_keys={"theme": "dark", "speed": {"deep": [1, None]}, "nothing": None}) == {
        "theme": "dark", "speed": {"deep": [1, None]}, "nothing": None}
    assert profile(set_profile_keys={"theme": "light"}) == {"theme": "light", "speed": {"deep": [1, None]}, "nothing": None}
    assert profile(clear_profile_keys=["speed", "never there"]) == {"theme": "light", "nothing": None}
    assert profile(set_profile_keys={"theme": "new", "more": 1}, clear_profile_keys=["theme"]) == {"nothing": None, "more": 1}


@pytest.mark.parametrize("kind,ending", [("PNG", "png"), ("JPEG", "jpg")])
def test_an_avatar_replaces_the_one_before(server, user, kind, ending):
    made = user()
    path = f"/rest/User/{made.id}"
    made.http.ok("PATCH", path, {"new_avatar": picture("JPEG" if kind == "PNG" else "PNG")})
    made.http.ok("PATCH", path, {"new_avatar": picture(kind)})
    key = f"user_data/{made.id}/avatar.{ending}"
    assert made.http.ok("GET", path)["profile"] == {"avatar": key}
    assert server.objects(f"user_data/{made.id}/") == {key}
    made.http.ok("PATCH", path, {"clear_avatar": 0})
    assert made.http.ok("GET", path)["profile"] == {"avatar": key}
    made.http.ok("PATCH", path, {"clear_avatar": 1})
    assert (made.http.ok("GET", path)["profile"], server.objects(f"user_data/{made.id}/")) == ({}, set())


def test_what_no_avatar_can_be(user):
    made = user()
    change = lambda data: refusal(made.http.request("PATCH", f"/rest/User/{made.id}", json={"new_avatar": data, "first_name": "Changed"}))
    assert change(base64.b64encode(b"\x89PNG" + b"0" * 1048576).decode()) == "Supplied profile image is too large 1048580 > 1048576"
    assert change(picture("GIF")) == "Supplied image is not an acceptable mime format image/gif"
    assert "new_avatar" in change("no base64 at all!")
    assert made.http.ok("GET", "/rest/User/GetCurrent")["first_name"] == "First"


@pytest.mark.parametrize("missing", ["username", "first_name", "last_name", "email", "password"])
def test_a_registration_needs(anonymous, missing):
    body = person()
    del body[missing]
    answer = anonymous.request("POST", "/rest/Users", json=body)
    assert refusal(answer) == "Request body validation error"
    assert missing in answer.json()["details"]


def test_a_registration(server, anonymous):
    body = person(elemental_id=str(uuid.uuid4()), profile={"x": 1}, set_profile_keys={"theme": "dark"}, new_avatar=picture())
    body["username"] = f"  {body['username']} "
    answer = anonymous.request("POST", "/rest/Users", json=body)
    assert answer.status_code == 201
    made = answer.json()["id"]
    found = server.sql("SELECT username, is_staff, is_active, profile, elemental_id::text, password FROM main_user WHERE id = :id", id=made)[0]
    assert (found["username"], found["is_staff"], found["is_active"]) == (body["username"].strip(), False, True)
    assert found["profile"] == {"theme": "dark", "avatar": f"user_data/{made}/avatar.png"}
    assert found["elemental_id"] != body["elemental_id"]
    assert found["password"].startswith("pbkdf2_sha256$")
    taken = {**person(), "username": body["username"].strip().upper()}
    assert refusal(anonymous.request("POST", "/rest/Users", json=taken)) == "Username is already taken!"


def test_a_registration_says_the_name(anonymous):
    body = person()
    assert anonymous.request("POST", "/rest/Users", json=body).json()["message"] == f"User {body['username']} created!"


def test_a_registration_that_was_invited(http, server, anonymous, organization):
    body = person()
    message = http.ok("POST", f"/rest/Invitations/{organization}", {"email": body["email"], "permission": "Admin"})["message"]
    token = message.rsplit("registration_token=", 1)[1]
    assert message.startswith(f"User can register at http://127.0.0.1:{server.port}/registration?registration_token=")
    for wrong in (str(uuid.uuid4()), "nonsense"):
        assert refusal(anonymous.request("POST", "/rest/Users", json={**body, "registration_token": wrong})) == "Registration token is expired or invalid!"
    assert refusal(anonymous.request("POST", "/rest/Users", json={**body, "email": "other@example.com", "registration_token": token})) \
        == "Email address must match where registration token was sent!"
    made = anonymous.request("POST", "/rest/Users", json={**body, "registration_token": token}).json()["id"]
    assert server.sql("SELECT organization_id, permission FROM main_affiliation WHERE user_id = :id", id=made) == [
        {"organization_id": organization, "permission": "Admin"}]
    assert server.sql("SELECT status FROM main_invitation WHERE registration_token = :'token'", token=token) == [{"status": "Accepted"}]
    again = {**person(), "email": body["email"], "registration_token": token}
    assert refusal(anonymous.request("POST", "/rest/Users", json=again)) == "Registration token is expired or invalid!"


def test_without_mail_no_password_is_reset(user, server, anonymous):
    made = user()
    reset = lambda email: refusal(anonymous.request("POST", "/rest/PasswordReset", json={"email": email}))
    assert reset("nobody-" + made.email) == f"Email nobody-{made.email} is not registered with a user!"
    assert reset(made.email.upper()) == "Password resets are not configured! Contact your system administrator."
    user(email=made.email)
    assert reset(made.email) == f"Email {made.email} is in use by multiple users!"
    assert "email" in anonymous.request("POST", "/rest/PasswordReset", json={}).json()["details"]


def test_registration_without_an_invitation_is_closed_unless_told():
    with Server(ANONYMOUS_REGISTRATION_ENABLED="") as closed, Http(closed.url) as http:
        assert refusal(http.request("POST", "/rest/Users", json=person())) == "Registration token must be supplied in URL!"
