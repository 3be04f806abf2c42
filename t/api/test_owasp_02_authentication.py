"""OWASP API2:2023, broken authentication: tokens, sessions and passwords, all the ways that they are got, kept, lost and guessed."""
import base64
import concurrent.futures
import json
import re
import uuid

from t.api.test_matrix import operations
from t.api.test_sessions import login
from t.server import TOP, Http


def token(server, username, password, **more):
    with Http(server.url) as http:
        return http.request("POST", "/rest/Token", json={"username": username, "password": password, **more})


def stored(server, number, column):
    return server.sql(f"SELECT {column} AS value FROM main_user WHERE id = :id", id=number)[0]["value"]


def test_credentials_go_in_one_header_alone(server, user):
    """Never in an address, where logs and referrers keep them, and not in headers that others may set."""
    person = user()
    basic = base64.b64encode(f"{person.username}:{person.password}".encode()).decode()
    with Http(server.url) as http:
        for name in ("token", "access_token", "Authorization", "auth_token", "api_key", "key", "sessionid"):
            assert http.request("GET", "/rest/Projects", params={name: person.token}).status_code == 400
            assert http.request("GET", "/rest/Projects", headers={"Cookie": f"{name}={person.token}"}).status_code == 400
        for headers in ({"Authorization": f"Bearer {person.token}"}, {"Authorization": f"Basic {basic}"}, {"X-Authorization": f"Token {person.token}"}, {"Token": person.token},
                        {"X-Api-Key": person.token}, {"Proxy-Authorization": f"Token {person.token}"}, {"X-Auth-Token": person.token}):
            assert http.request("GET", "/rest/Projects", headers=headers).status_code == 400, headers
        assert http.request("POST", "/rest/Token", json={"username": person.username}, params={"password": person.password}).status_code == 400


NEARLY = [
    lambda t: t.upper(), lambda t: t[:-1], lambda t: t + "0", lambda t: t[:20], lambda t: "%", lambda t: "_" * 40, lambda t: t[:-1] + "_", lambda t: "' OR '1'='1", lambda t: t + "%00",
    lambda t: "0" * 40, lambda t: "null", lambda t: "undefined", lambda t: t[::-1], lambda t: t + "\u00a0", lambda t: "Token " + t, lambda t: t + "," + t,
]


def test_what_is_nearly_a_token_is_none(server, user):
    person = user()
    for change in NEARLY:
        changed = change(person.token)
        if changed == person.token:
            continue
        with Http(server.url) as http:
            http.headers["Authorization"] = ("Token " + changed).encode()
            assert http.request("GET", "/rest/Projects").status_code == 400, changed


def test_unsigned_bearer_tokens_are_nobodys(server, http):
    """Without an identity provider a JWT is nothing, signed or not."""
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    for algorithm in ("none", "None", "HS256", "RS256"):
        forged = part({"alg": algorithm, "typ": "JWT"}) + "." + part({"sub": "f:x:1", "aud": "account", "exp": 99999999999}) + "."
        for headers in ({"Authorization": "Bearer " + forged}, {"Cookie": "access_token=" + forged}, {"Authorization": "Token " + forged}):
            with Http(server.url) as anonymous:
                assert anonymous.request("GET", "/rest/Projects", headers=headers).status_code == 400


def test_tokens_are_long_random_and_never_the_same(server, user):
    person, seen = user(), set()
    for _ in range(8):
        answer = token(server, person.username, person.password, refresh=True)
        assert re.fullmatch(r"[0-9a-f]{40}", answer.json()["token"])
        seen.add(answer.json()["token"])
    assert len(seen) == 8
    assert len({text[k:k + 8] for text in seen for k in range(0, 40, 8)}) == 40, "no part of one is in another"
    assert server.sql("SELECT count(*) AS n FROM authtoken_token WHERE user_id = :id", id=person.id) == [{"n": 1}]


def test_whoever_is_deactivated_is_out_by_every_door_and_back_when_he_is_let_in(server, user):
    person = user()
    with Http(server.url) as browser:
        assert login(browser, person.username, person.password).status_code == 302
        server.psql("UPDATE main_user SET is_active = false WHERE id = :id", id=person.id)
        assert browser.ok("GET", "/check-login/") == {"is_authenticated": False}
        assert browser.request("GET", "/rest/Projects").status_code == 400
        assert person.http.request("GET", "/rest/Projects").status_code == 400
        assert token(server, person.username, person.password).status_code == 400
        with Http(server.url) as other:
            assert login(other, person.username, person.password).status_code == 200
            assert "sessionid" not in other.cookies
        server.psql("UPDATE main_user SET is_active = true, failed_login_count = 0 WHERE id = :id", id=person.id)
        assert person.http.request("GET", "/rest/Projects").status_code == 200


def test_a_session_that_was_there_before_is_not_the_one_after(server, user):
    """Session fixation: neither an invented id nor that of another person's session goes on after a log-in."""
    person, attacker = user(), user()
    with Http(server.url) as bad, Http(server.url) as browser:
        login(bad, attacker.username, attacker.password)
        for planted in ("a" * 32, bad.cookies["sessionid"]):
            browser.cookies.clear()
            browser.cookies.set("sessionid", planted)
            login(browser, person.username, person.password)
            got = [cookie.value for cookie in browser.cookies if cookie.name == "sessionid"]
            assert got and got[-1] != planted
            assert server.sql("SELECT count(*) AS n FROM django_session WHERE session_key = :'key'", key=planted) == [{"n": 0}]
        assert bad.ok("GET", "/check-login/") == {"is_authenticated": False}


def test_the_secret_of_forms_is_another_after_a_log_in(server, user):
    person = user()
    with Http(server.url) as browser:
        browser.request("GET", "/accounts/login/")
        before = browser.cookies["csrftoken"]
        login(browser, person.username, person.password)
        assert browser.cookies["csrftoken"] != before


def test_a_log_out_ends_the_session_itself(server, user):
    """Not just the browser's cookie: a copy of it is worth nothing."""
    person = user()
    with Http(server.url) as browser, Http(server.url) as thief:
        login(browser, person.username, person.password)
        thief.cookies.update(browser.cookies)
        assert thief.ok("GET", "/check-login/") == {"is_authenticated": True}
        browser.request("GET", "/accounts/logout/")
        assert thief.ok("GET", "/check-login/") == {"is_authenticated": False}
        assert thief.request("GET", "/rest/User/GetCurrent").status_code == 404


def test_a_new_password_ends_all_sessions_and_all_older_resets(server, user, anonymous):
    person, resets = user(), [str(uuid.uuid4()) for _ in range(3)]
    for reset in resets:
        server.psql("INSERT INTO main_passwordreset (reset_token, created_datetime, user_id) VALUES (:'reset', now(), :id)", reset=reset, id=person.id)
    with Http(server.url) as one, Http(server.url) as other:
        for browser in (one, other):
            login(browser, person.username, person.password)
        anonymous.ok("PATCH", f"/rest/User/{person.id}", {"password": "Another-horse-9", "reset_token": resets[0]})
        for browser in (one, other):
            assert browser.ok("GET", "/check-login/") == {"is_authenticated": False}
    for reset in resets:
        assert anonymous.request("PATCH", f"/rest/User/{person.id}", json={"password": "Third-horse-9", "reset_token": reset}).status_code == 400
    assert token(server, person.username, person.password).status_code == 400
    assert token(server, person.username, "Another-horse-9").status_code == 201


def test_passwords_change_by_a_reset_alone(server, user, http):
    """A stolen token or session does not get to keep the account."""
    person = user()
    before = stored(server, person.id, "password")
    for session in (person.http, http):
        assert session.request("PATCH", f"/rest/User/{person.id}", json={"password": "Another-horse-9"}).status_code == 400
        assert session.request("PATCH", f"/rest/User/{person.id}", json={"password": "Another-horse-9", "reset_token": str(uuid.uuid4())}).status_code == 400
        assert session.request("PATCH", f"/rest/User/{person.id}", json={"password": "Another-horse-9", "reset_token": ""}).status_code == 400
        assert session.request("PATCH", f"/rest/User/{person.id}", json={"password": "Another-horse-9", "reset_token": "%"}).status_code == 400
    assert stored(server, person.id, "password") == before


def test_unknown_names_and_wrong_passwords_say_the_same(server, user):
    """Also locked ones, inactive ones, and those without a password."""
    known, locked, inactive, bare = user(), user(), user(), user()
    server.psql("UPDATE main_user SET failed_login_count = 3, last_failed_login = now() WHERE id = :id", id=locked.id)
    server.psql("UPDATE main_user SET is_active = false WHERE id = :id", id=inactive.id)
    server.psql("UPDATE main_user SET password = '' WHERE id = :id", id=bare.id)
    tries = [("nobody" + uuid.uuid4().hex, "x"), (known.username, "wrong"), (locked.username, locked.password), (inactive.username, inactive.password), (bare.username, ""),
             (bare.username, bare.password)]
    answers = [token(server, *pair) for pair in tries]
    assert {(answer.status_code, answer.text, str(sorted(set(answer.headers) - {"Date"}))) for answer in answers[:4] + answers[5:]} == {
        (400, answers[0].text, str(sorted(set(answers[0].headers) - {"Date"})))}
    pages = set()
    for username, password in tries:
        with Http(server.url) as http:
            text = login(http, username, password).text
            pages.add(re.sub(r'value="[^"]*"', "", text))
    assert len(pages) == 1


NO_HASHES = ["", "!", "!x", "pbkdf2_sha256$1$x$x", "$", "pbkdf2_sha256$0$a$", "argon2$", "plain", "md5$$d41d8cd98f00b204e9800998ecf8427e"]


def test_stored_texts_that_are_no_hashes_let_nobody_in(server, user):
    person = user()
    for password in NO_HASHES:
        server.psql("UPDATE main_user SET password = :'password', failed_login_count = 0 WHERE id = :id", password=password, id=person.id)
        for given in (password, person.password):
            assert token(server, person.username, given).status_code == 400


def test_the_lock_counts_both_doors_and_a_token_is_no_key_to_it(server, user):
    person = user()
    assert token(server, person.username, "wrong").status_code == 400
    for _ in range(2):
        with Http(server.url) as http:
            login(http, person.username, "wrong")
    assert stored(server, person.id, "failed_login_count") == 3
    with Http(server.url) as http:
        login(http, person.username, person.password)
        assert "sessionid" not in http.cookies
    assert person.http.request("POST", "/rest/Token", json={"username": person.username, "password": person.password}).status_code == 400
    assert stored(server, person.id, "failed_login_count") == 5
    assert person.http.request("GET", "/rest/User/GetCurrent").status_code == 200


def test_names_in_any_spelling_share_one_lock(server, user):
    person = user()
    for spelling in (person.username.upper(), person.username.capitalize(), person.username):
        token(server, spelling, "wrong")
    assert stored(server, person.id, "failed_login_count") == 3
    assert token(server, person.username, person.password).status_code == 400


def test_passwords_are_kept_as_the_contract_says_and_are_not_empty(server, user, anonymous):
    """accounts.md §3.6: 600,000 rounds of PBKDF2, a salt of 22, never twice the same."""
    one, other = user(), user()
    hashes = [stored(server, person.id, "password") for person in (one, other)]
    for text in hashes:
        assert re.fullmatch(r"pbkdf2_sha256\$600000\$[A-Za-z0-9]{22}\$[A-Za-z0-9+/]{43}=", text)
    assert hashes[0] != hashes[1]
    assert server.sql("SELECT count(*) AS n FROM main_user WHERE password LIKE '%Correct-horse-9%'") == [{"n": 0}]
    body = {"username": uuid.uuid4().hex, "first_name": "", "last_name": "", "email": "a@example.com"}
    for wrong in ("", None, 7, ["x"], True):
        assert anonymous.request("POST", "/rest/Users", json={**body, "password": wrong}).status_code == 400
    assert anonymous.request("POST", "/rest/Users", json=body).status_code == 400


def test_a_browser_changes_nothing_by_its_cookie_alone(server, user):
    """Every operation that changes something, with a session's cookie and no token of a form: refused before anything else is looked at."""
    person, wrong = user(), []
    with Http(server.url) as browser:
        login(browser, person.username, person.password)
        for operation in operations(server.url):
            if operation.method == "GET" or not operation.path.startswith("/rest/"):
                continue
            path = re.sub(r"\{(uid|elemental_id)\}", str(uuid.uuid4()), operation.path)
            for headers in ({}, {"Origin": "https://elsewhere.example"}, {"Authorization": "Token " + person.token}, {"X-CSRFToken": "x" * 32}, {"X-CSRFToken": ""}):
                answer = browser.request(operation.method, re.sub(r"\{\w+\}", "1", path), json={}, headers=headers)
                said = answer.json().get("message") or answer.json().get("detail") # of views with their own form of errors
                if answer.status_code != 403 or not said.startswith("CSRF Failed"):
                    wrong.append((operation.name, headers, answer.status_code, answer.text[:100]))
    assert wrong == []


def test_guesses_at_the_same_time_count_each(server, user):
    person = user()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda k: token(server, person.username, person.password if k == 7 else "wrong"), range(8)))
    assert sum(answer.status_code == 201 for answer in answers) <= 1
    assert stored(server, person.id, "failed_login_count") >= 3 or any(answer.status_code == 201 for answer in answers)


def test_secrets_are_compared_in_constant_time_and_made_of_good_randomness():
    """Of the sources: who compares a hash or a signature does it by CRYPTO_memcmp, and nobody uses the C library's random numbers."""
    sources = {path: path.read_text() for folder in ("lib", "ngx_tator_module", "workers") for path in (TOP / folder).rglob("*.c")}
    for name in ("lib/password.c", "lib/session.c", "ngx_tator_module/objects/auth.c"):
        text = sources[TOP / name]
        assert "CRYPTO_memcmp" in text or "same_bytes(" in text, name
    for path, text in sources.items():
        assert not re.search(r"\b(rand|random|srand|drand48|lrand48)\(", text), path
        for line in text.splitlines():
            secret = re.search(r"\b(?:str|mem)n?cmp\(([^;]*)\)", line)
            assert not secret or not re.search(r"\b(signature|digest|mac|password_hash|secret)\b(?!\")", re.sub(r'"[^"]*"', '""', secret[1])), (path.name, line)
