"""Identity providers by OpenID Connect: bearer tokens, Keycloak's tokens in the browser, Okta's log-in. contract/accounts.md §3.7, §3.8."""
import base64
import concurrent.futures
import hashlib
import hmac
import os
import pathlib
import re
import shutil
import subprocess
import time
import urllib.parse
import uuid

import pytest
import requests
import tator

from t.provider import Key, Provider, encode
from t.server import Http, Server, free_port

PEER = pathlib.Path(__file__).resolve().parents[3] / "shared" / "peers" / "oidc.sh"
REFUSED = {"error": "Authentication failed", "detail": "Please provide or refresh your token."}
PAUSE = 5  # seconds between two readings of the provider's keys


class Browser(requests.Session):
    """Keeps cookies, those for https too, and follows nothing by itself."""

    def __init__(self, server):
        super().__init__()
        self.server = server

    def go(self, method, path, **options):
        answer = self.request(method, path if "://" in path else self.server.url + path, allow_redirects=False, timeout=60, **options)
        return answer

    def provided(self, path, **query):
        """Begins a log-in and lets the provider answer at once: the address that it sends the browser back to, and its query."""
        begun = self.go("GET", path, params=query)
        assert begun.status_code == 302, begun.text
        back = self.go("GET", begun.headers["Location"])
        assert back.status_code == 302, back.text
        return back.headers["Location"], dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back.headers["Location"]).query))


def who(server, token, **headers):
    return requests.get(server.url + "/rest/User/GetCurrent", headers={"Authorization": "Bearer " + token, **headers}, timeout=60)


def refused(server, token):
    answer = who(server, token)
    return answer.status_code == 401 and answer.json() == REFUSED


# --- Keycloak


@pytest.fixture(scope="module")
def keycloak():
    with Provider() as provider:
        with Server(KEYCLOAK_ENABLED="TRUE", KEYCLOAK_ISSUER=provider.issuer, MAIN_HOST="localhost", WORKER_PROCESSES="1") as server:
            server.provider = provider
            yield server
            assert server.alarms() == []


@pytest.fixture
def person(keycloak):
    """Somebody there: .id .http .username"""
    name = "user" + uuid.uuid4().hex[:12]
    made = keycloak.http().ok("POST", "/rest/Users", {"username": name, "password": "Correct-horse-9", "first_name": "F", "last_name": "L",
                                                      "email": f"{name}@example.com"})
    return type("Person", (), {"id": made["id"], "username": name, "subject": f"f:component:{made['id']}"})


def test_a_bearer_token_says_who_asks(keycloak, person):
    token = keycloak.provider.token(person.subject)
    answer = who(keycloak, token)
    assert (answer.status_code, answer.json()["username"]) == (200, person.username)
    assert who(keycloak, keycloak.provider.token(str(person.id))).json()["id"] == person.id
    assert who(keycloak, keycloak.provider.token(person.subject, aud=["other", "account"])).json()["id"] == person.id

    # as a cookie, and after the own token
    cookie = {"Cookie": "access_token=" + token}
    assert requests.get(keycloak.url + "/rest/User/GetCurrent", headers=cookie, timeout=60).json()["id"] == person.id
    both = {"Authorization": "Token " + keycloak.token, **cookie}
    assert requests.get(keycloak.url + "/rest/User/GetCurrent", headers=both, timeout=60).json()["username"] == "admin"


def test_the_client_works_with_either_token(keycloak, person):
    api = tator.get_api(keycloak.url, keycloak.token)
    assert api.whoami().username == "admin"
    api.session.headers["Authorization"] = "Bearer " + keycloak.provider.token(person.subject)
    assert api.whoami().username == person.username
    made = api.create_organization(organization_spec={"name": "of a bearer"})
    assert api.get_organization(made.id).permission == "Admin"


def test_changes_need_no_secret(keycloak, person):
    headers = {"Authorization": "Bearer " + keycloak.provider.token(person.subject), "Origin": "https://elsewhere.example"}
    answer = requests.patch(keycloak.url + f"/rest/User/{person.id}", json={"first_name": "Changed"}, headers=headers, timeout=60)
    assert answer.status_code == 200


def test_nobody_is_refused_by_403(keycloak):
    answer = requests.get(keycloak.url + "/rest/Projects", timeout=60)
    assert (answer.status_code, answer.json()) == (403, {"message": "Authentication credentials were not provided."})
    assert requests.get(keycloak.url + "/schema/", timeout=60).status_code == 200


def test_cookie_sessions_are_not_looked_at(keycloak):
    with Browser(keycloak) as browser:
        keycloak.psql("DELETE FROM django_session")
        browser.cookies.set("sessionid", "x" * 32)
        answer = browser.go("GET", "/rest/Projects")
        assert answer.status_code == 403
        assert "sessionid" not in answer.headers.get("Set-Cookie", "")


def test_a_token_must_be_as_the_rules_want_it(keycloak, person):
    provider, now = keycloak.provider, int(time.time())
    good = provider.token(person.subject)
    assert who(keycloak, good).status_code == 200

    for claims in ({"exp": now - 61}, {"exp": None}, {"exp": "never"}, {"nbf": now + 120}, {"iat": now + 120}, {"aud": "other"}, {"aud": None},
                   {"aud": ["accounts"]}, {"iss": "https://elsewhere.example"}, {"iss": None}):
        assert refused(keycloak, provider.token(person.subject, **claims)), claims

    # clocks may differ by a minute
    for claims in ({"exp": now - 30}, {"nbf": now + 30}, {"iat": now + 30}):
        assert who(keycloak, provider.token(person.subject, **claims)).status_code == 200, claims

    for subject in ("f:component:", "f:component:x", "f:component:-1", "f:component:0", "f:component:999999999", "admin", "", ":", "1e0", " 1",
                    "f:component:" + "9" * 30, None, 1):
        assert refused(keycloak, provider.token(subject)), subject


def test_a_token_must_be_signed_by_the_provider(keycloak, person):
    provider = keycloak.provider
    claims = provider.claims({"sub": person.subject, "aud": "account"}, {})
    key = provider.keys[0]
    header, body, signature = key.sign(claims).split(".")
    public = key.jwk()

    assert refused(keycloak, ".".join((encode({"alg": "none"}), body, "")))
    assert refused(keycloak, ".".join((encode({"alg": "none", "kid": key.kid}), body, signature)))
    for secret in (public["n"], base64.urlsafe_b64decode(public["n"] + "=="), str(public)):
        secret = secret if isinstance(secret, bytes) else secret.encode()
        text = encode({"alg": "HS256", "kid": key.kid}) + "." + body
        assert refused(keycloak, text + "." + encode(hmac.new(secret, text.encode(), hashlib.sha256).digest()))
    assert refused(keycloak, ".".join((header, encode({**claims, "sub": "f:component:1"}), signature)))
    assert refused(keycloak, ".".join((header, body, signature[:-4])))
    assert refused(keycloak, Key(key.kid).sign(claims))
    assert refused(keycloak, key.sign(claims, crit=["exp"]))
    assert refused(keycloak, key.sign(claims, jwk=Key("own").jwk(), kid="own"))
    for nonsense in ("x", "a.b.c", "..", "é", header, header + "." + body):
        assert refused(keycloak, nonsense.encode("utf-8").decode("latin-1")), nonsense
    assert who(keycloak, key.sign(claims)).status_code == 200


def test_a_bad_token_is_refused_on_any_url(keycloak):
    headers = {"Authorization": "Bearer nonsense"}
    for path in ("/rest/Projects", "/schema/", "/check-login/", "/admin/", "/media/1/x"):
        assert requests.get(keycloak.url + path, headers=headers, timeout=60, allow_redirects=False).status_code == 401, path
    # but where new ones are had
    assert requests.get(keycloak.url + "/refresh", headers=headers, timeout=60).status_code == 403
    assert requests.get(keycloak.url + "/accounts/login/", headers=headers, timeout=60, allow_redirects=False).status_code == 302


def test_who_is_not_active_any_more_is_out_at_once(keycloak, person):
    token = keycloak.provider.token(person.subject)
    assert who(keycloak, token).status_code == 200
    keycloak.psql("UPDATE main_user SET is_active = false WHERE id = :id", id=person.id)
    answer = who(keycloak, token)
    assert (answer.status_code, answer.json()) == (401, {"error": "User disabled", "detail": "User has been disabled by an administrator."})


def test_a_token_that_is_known_ends_with_its_time(keycloak, person):
    token = keycloak.provider.token(person.subject, exp=int(time.time()) - 57)
    assert who(keycloak, token).status_code == 200
    until = time.monotonic() + 20
    while who(keycloak, token).status_code == 200:
        assert time.monotonic() < until
        time.sleep(0.2)
    assert refused(keycloak, token)


def test_files_are_for_members_who_bring_a_token(keycloak, person):
    admin = keycloak.http()
    organization = admin.ok("POST", "/rest/Organizations", {"name": "files"})["id"]
    project = admin.ok("POST", "/rest/Projects", {"name": "files", "summary": "", "organization": organization})["id"]
    folder = keycloak.var / "media" / str(project)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "note.txt").write_text("for members")
    path, cookie = f"{keycloak.url}/media/{project}/note.txt", {"Cookie": "access_token=" + keycloak.provider.token(person.subject)}
    assert requests.get(path, headers=cookie, timeout=60).status_code == 403
    admin.ok("POST", f"/rest/Memberships/{project}", {"user": person.id, "permission": "View Only"})
    assert requests.get(path, headers=cookie, timeout=60).text == "for members"


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_new_keys_are_found_and_old_ones_dropped(keycloak, person, algorithm):
    provider = keycloak.provider
    old = provider.token(person.subject)
    assert who(keycloak, old).status_code == 200
    keycloak.psql("UPDATE main_user SET first_name = 'Other' WHERE id = :id", id=person.id)  # what is kept of tokens ends
    provider.rotate(algorithm)
    new = provider.token(person.subject)
    until = time.monotonic() + 4 * PAUSE
    while who(keycloak, new).status_code != 200:
        assert time.monotonic() < until
        time.sleep(0.3)
    keycloak.psql("UPDATE main_user SET first_name = 'Another' WHERE id = :id", id=person.id)
    assert refused(keycloak, old)


def test_invented_keys_do_not_make_the_provider_be_asked_each_time(keycloak, person):
    provider = keycloak.provider
    time.sleep(PAUSE + 0.5)
    before = provider.calls["certs"]
    claims = provider.claims({"sub": person.subject, "aud": "account"}, {})
    keys = [Key(f"invented {k}", "ES256") for k in range(20)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda key: refused(keycloak, key.sign(claims)), keys))
    assert provider.calls["certs"] - before <= 2
    assert who(keycloak, provider.token(person.subject)).status_code == 200


def fresh(server):
    """Worker processes that know nothing yet of the provider, in place of the old ones."""
    def workers():
        master = server.pid("nginx")
        return set(pathlib.Path(f"/proc/{master}/task/{master}/children").read_text().split())

    before, until = workers(), time.monotonic() + 60
    server.reload()
    while not workers() - before or workers() & before:
        assert time.monotonic() < until
        time.sleep(0.05)
    server.provider.calls.clear()


def test_many_first_callers_ask_the_provider_once(keycloak):
    fresh(keycloak)
    tokens = [keycloak.provider.token("f:c:1", jti=str(k)) for k in range(30)]
    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        assert set(pool.map(lambda token: who(keycloak, token).status_code, tokens)) == {200}
    assert keycloak.provider.calls == {"openid-configuration": 1, "certs": 1}


def test_a_caller_who_goes_away_leaves_the_others_their_answer(keycloak):
    """The one whose request reads the keys."""
    fresh(keycloak)
    keycloak.provider.delay = 1
    try:
        with pytest.raises(requests.exceptions.Timeout):
            requests.get(keycloak.url + "/rest/User/GetCurrent", headers={"Authorization": "Bearer " + keycloak.provider.token("f:c:1", jti="x")}, timeout=0.3)
        tokens = [keycloak.provider.token("f:c:1", jti=f"y{k}") for k in range(4)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda token: who(keycloak, token).status_code, tokens))
        assert set(found) <= {200, 503}  # 503: within the pause after a reading that was given up
        until = time.monotonic() + 4 * PAUSE
        while who(keycloak, tokens[0]).status_code != 200:
            assert time.monotonic() < until
            time.sleep(0.3)
    finally:
        keycloak.provider.delay = 0


def test_a_provider_that_is_down_is_said_to_be(keycloak):
    fresh(keycloak)
    provider, token = keycloak.provider, keycloak.provider.token("f:c:1")
    provider.down = True
    try:
        for _ in range(5):
            answer = who(keycloak, token)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert provider.calls == {"openid-configuration": 1}
        assert requests.get(keycloak.url + "/accounts/login/", timeout=60, allow_redirects=False).status_code == 503
        assert keycloak.http().ok("GET", "/rest/User/GetCurrent")["id"] == 1
    finally:
        provider.down = False

    until = time.monotonic() + 4 * PAUSE
    while who(keycloak, token).status_code != 200:
        assert time.monotonic() < until
        time.sleep(0.3)


@pytest.mark.parametrize("document", [{"issuer": "https://elsewhere.example"}, {"issuer": None}, {"jwks_uri": None}, {"jwks_uri": "file:///etc/passwd"},
                                      {"token_endpoint": 7}])
def test_a_provider_that_is_another_is_not_believed(keycloak, document):
    keycloak.provider.document = document
    try:
        fresh(keycloak)
        said = len(keycloak.log())
        assert who(keycloak, keycloak.provider.token("f:c:1")).status_code == 503
        assert "is not usable: its discovery document" in keycloak.log()[said:]
    finally:
        keycloak.provider.document = {}
        fresh(keycloak)


def exchange(browser, query, **headers):
    return browser.go("POST", "/exchange", json={"code": query.get("code"), "state": query.get("state"), "origin": browser.server.url}, headers=headers)


def cookies_of(answer):
    """(name, path) → (value, attributes)"""
    found = {}
    for line in answer.raw.headers.getlist("Set-Cookie"):
        first, *rest = line.split("; ")
        name, value = first.split("=", 1)
        attributes = {part.split("=")[0]: part.split("=")[-1] for part in rest}
        found[name, attributes["Path"]] = value, attributes
    return found


@pytest.fixture
def logged_in(keycloak, person):
    """person is who logs in at the provider."""
    keycloak.provider.user = {"sub": person.subject, "email": "x@example.org"}
    keycloak.provider.id_claims, keycloak.provider.access_claims, keycloak.provider.token_type = {}, {}, "Bearer"
    yield person
    keycloak.provider.id_claims, keycloak.provider.token_type = {}, "Bearer"


def test_a_browser_logs_in(keycloak, logged_in):
    with Browser(keycloak) as browser:
        begun = browser.go("GET", "/accounts/login/", params={"next": "/7/project-detail?x=1"})
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(begun.headers["Location"]).query))
        assert begun.headers["Location"].startswith(keycloak.provider.issuer + "/protocol/openid-connect/auth?")
        assert (asked["client_id"], asked["response_type"], asked["scope"], asked["code_challenge_method"]) == ("tator", "code", "openid", "S256")
        assert asked["redirect_uri"] == keycloak.url + "/callback"
        assert len(asked["state"]) >= 43 and len(asked["nonce"]) >= 43
        (name, _), (_, attributes), = *cookies_of(begun).keys(), *cookies_of(begun).values()
        assert name.startswith("tator_login_")
        assert (attributes["SameSite"], attributes["Max-Age"], "HttpOnly" in attributes) == ("Lax", "600", True)
        assert "no-store" in begun.headers["Cache-Control"]

        back = browser.go("GET", begun.headers["Location"]).headers["Location"]
        page = browser.go("GET", back)
        assert page.status_code == 200
        script = re.search(r"<script>(.*)</script>", page.text)[1]
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"script-src 'sha256-{digest}'; connect-src 'self';" in page.headers["Content-Security-Policy"]
        assert "'/exchange'" in script

        answer = exchange(browser, dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query)))
        body = answer.json()
        assert answer.status_code == 200
        assert set(body) == {"access_token", "expires_in", "token_type", "id_token", "next"}
        assert (body["expires_in"], body["token_type"], body["next"]) == (300, "Bearer", "/7/project-detail?x=1")
        assert who(keycloak, body["access_token"]).json()["id"] == logged_in.id

        cookies = cookies_of(answer)
        assert {key for key in cookies if not key[0].startswith("tator_login_")} == {
            ("refresh_token", "/refresh"), ("access_token", "/media"), ("access_token", "/admin"), ("access_token", "/bespoke")}
        for key, (value, attributes) in cookies.items():
            if not key[0].startswith("tator_login_"):
                assert (attributes["Max-Age"], attributes["SameSite"], "HttpOnly" in attributes, "Secure" in attributes) == ("1800", "Strict", True, True)
        assert cookies["access_token", "/media"][0] == body["access_token"]

        # the cookie of the log-in is gone, and the code with it
        assert exchange(browser, dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query))).status_code == 403


def test_tokens_are_renewed(keycloak, logged_in):
    with Browser(keycloak) as browser:
        answer = browser.go("GET", "/refresh")
        assert (answer.status_code, answer.json()) == (403, {"message": "No refresh token!"})
        given = exchange(browser, browser.provided("/accounts/login/")[1])
        assert given.json()["next"] == "/projects"
        refresh = cookies_of(given)["refresh_token", "/refresh"][0]
        answer = requests.get(keycloak.url + "/refresh", headers={"Cookie": "refresh_token=" + refresh}, timeout=60)
        assert answer.status_code == 200
        assert who(keycloak, answer.json()["access_token"]).json()["id"] == logged_in.id
        assert cookies_of(answer)["refresh_token", "/refresh"][0] != refresh
        answer = requests.get(keycloak.url + "/refresh", headers={"Cookie": "refresh_token=" + refresh}, timeout=60)
        assert (answer.status_code, answer.json()) == (403, {"message": "Failed to refresh access token!"})


def test_a_code_counts_in_the_browser_that_asked_for_it(keycloak, logged_in):
    with Browser(keycloak) as browser, Browser(keycloak) as other:
        _, query = browser.provided("/accounts/login/")
        assert exchange(other, query).status_code == 403
        other.provided("/accounts/login/")
        assert exchange(other, query).status_code == 403
        assert exchange(browser, {**query, "state": query["state"][:-1] + "x"}).status_code == 403
        assert exchange(browser, {"code": query["code"]}).status_code == 403
        assert exchange(browser, {"state": query["state"]}).status_code == 403
        assert exchange(browser, query).status_code == 200


def test_log_ins_in_several_windows_are_apart(keycloak, logged_in):
    with Browser(keycloak) as browser:
        queries = [browser.provided("/accounts/login/", next=f"/{k}/x")[1] for k in range(3)]
        assert [exchange(browser, query).json()["next"] for query in reversed(queries)] == ["/2/x", "/1/x", "/0/x"]


def test_log_ins_that_were_given_up_do_not_pile_up(keycloak):
    with Browser(keycloak) as browser:
        for _ in range(20):
            browser.go("GET", "/accounts/login/")
        assert len([cookie for cookie in browser.cookies if cookie.name.startswith("tator_login_")]) <= 7


def test_a_forged_or_old_log_in_is_none(keycloak, logged_in):
    with Browser(keycloak) as browser:
        _, query = browser.provided("/accounts/login/")
        cookie = next(cookie for cookie in browser.cookies if cookie.name.startswith("tator_login_"))
        data, when, signature = cookie.value.split(":")
        for forged in (f"{data}:{when}:{signature[::-1]}", data, "", f"{encode({'state': query['state']})}:{when}:{signature}"):
            answer = requests.post(keycloak.url + "/exchange", json=query, headers={"Cookie": f"{cookie.name}={forged}"}, timeout=60)
            assert answer.status_code == 403
        assert keycloak.provider.asked == [] or all(form.get("code") != query["code"] for form in keycloak.provider.asked)


@pytest.mark.parametrize("claims", [{"nonce": "another"}, {"nonce": None}, {"aud": "other"}, {"aud": ["tator", "other"], "azp": "other"},
                                    {"aud": ["tator", "other"], "azp": None}, {"iss": "https://elsewhere.example"}, {"exp": 1}])
def test_an_id_token_must_be_of_this_log_in(keycloak, logged_in, claims):
    with Browser(keycloak) as browser:
        keycloak.provider.id_claims = claims
        answer = exchange(browser, browser.provided("/accounts/login/")[1])
        assert (answer.status_code, answer.json()) == (403, {"message": "Failed to retrieve access token!"})
        assert "access_token" not in answer.headers.get("Set-Cookie", "")


@pytest.mark.parametrize("wanted", ["//elsewhere.example/", "/\\elsewhere.example/", "https://elsewhere.example/", "javascript:alert(1)"])
def test_a_log_in_never_leads_elsewhere(keycloak, logged_in, wanted):
    with Browser(keycloak) as browser:
        assert exchange(browser, browser.provided("/accounts/login/", next=wanted)[1]).json()["next"] == "/projects"


def test_a_refusal_of_the_provider_is_shown(keycloak):
    answer = requests.get(keycloak.url + "/callback", params={"error": "<b>access_denied", "state": "x"}, timeout=60)
    assert answer.status_code == 403
    assert "&lt;b&gt;access_denied" in answer.text and "<b>" not in answer.text


def test_log_out_ends_the_providers_session_too(keycloak):
    answer = requests.get(keycloak.url + "/accounts/logout/", timeout=60)
    assert answer.status_code == 200
    assert {name for name, _ in cookies_of(answer)} == {"access_token", "refresh_token"}
    assert all(value == "" and attributes["Max-Age"] == "0" for value, attributes in cookies_of(answer).values())
    link = re.search(r'href="([^"]+)"', answer.text)[1].replace("&amp;", "&")
    assert link.startswith(keycloak.provider.issuer + "/protocol/openid-connect/logout?")
    assert dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(link).query)) == {"client_id": "tator", "post_logout_redirect_uri": keycloak.url + "/"}
    assert "id_token_hint" in answer.text


def test_no_token_is_in_the_log(keycloak, logged_in):
    with Browser(keycloak) as browser:
        back, query = browser.provided("/accounts/login/")
        browser.go("GET", back)
        body = exchange(browser, query).json()
        who(keycloak, body["access_token"])
        time.sleep(1.2)  # the access log's buffer
        text = keycloak.log() + (keycloak.var / "log" / "access.log").read_text()
        for secret in (query["code"], body["access_token"].split(".")[2], body["id_token"].split(".")[2]):
            assert secret not in text


def test_without_a_provider_its_pages_are_not_there(server):
    for method, path in (("GET", "/callback"), ("POST", "/exchange"), ("GET", "/refresh"), ("GET", "/oauth2/login/"), ("GET", "/jwt-gateway/"),
                         ("GET", "/jwt-gateway?code=x")):
        answer = requests.request(method, server.url + path, timeout=60)
        assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (404, "text/html"), path
    assert not {"/jwt-gateway/", "/oauth2/login/"} & set(requests.get(server.url + "/schema/?format=json", timeout=60).json()["paths"])
    assert requests.get(server.url + "/rest/Projects", headers={"Authorization": "Bearer x.y.z"}, timeout=60).status_code == 400


# --- Okta, and others that end in a cookie session


@pytest.fixture(scope="module")
def okta():
    with Provider("client:1", "se/cret 2", "api://default") as provider:
        with Server(OKTA_ENABLED="true", OKTA_OAUTH2_KEY="client:1", OKTA_OAUTH2_SECRET="se/cret 2", OKTA_OAUTH2_ISSUER=provider.issuer,
                    MAIN_HOST="localhost", AUTOCREATE_ORGANIZATIONS="") as server:
            server.provider = provider
            yield server
            assert server.alarms() == []


@pytest.fixture
def somebody(okta):
    """Who logs in at the provider, and is new here."""
    name = uuid.uuid4().hex
    okta.provider.user = {"sub": "00u" + name, "email": f"{name}@example.org", "email_verified": True, "given_name": "Ada", "family_name": "Lovelace"}
    yield okta.provider.user
    okta.provider.id_claims, okta.provider.access_claims, okta.provider.info, okta.provider.token_type = {}, {}, None, "Bearer"


def enter(browser, **query):
    return browser.go("GET", browser.provided("/oauth2/login/", **query)[0])


def test_a_new_user_enters(okta, somebody):
    with Browser(okta) as browser:
        assert 'href="/oauth2/login?next=/7/x"' in browser.go("GET", "/accounts/login/?next=/7/x").text
        begun = browser.go("GET", "/oauth2/login", params={"next": "/7/x"})
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(begun.headers["Location"]).query))
        assert (asked["client_id"], asked["scope"], asked["response_mode"]) == ("client:1", "openid profile email", "query")
        assert asked["redirect_uri"] == okta.url + "/jwt-gateway"
        assert (asked["state"], asked["nonce"]) != ("ApplicationState", "SampleNonce")

        answer = browser.go("GET", browser.go("GET", begun.headers["Location"]).headers["Location"])
        assert (answer.status_code, answer.headers["Location"]) == (302, "/7/x")
        assert browser.go("GET", "/check-login/").json() == {"is_authenticated": True}
        me = browser.go("GET", "/rest/User/GetCurrent").json()
        assert (me["username"], me["email"], me["first_name"], me["last_name"], me["is_staff"]) == (
            somebody["email"], somebody["email"], "Ada", "Lovelace", False)
        row = okta.sql("SELECT okta_id, initials, password, is_active, last_login IS NOT NULL AS entered FROM main_user WHERE id = :id", id=me["id"])[0]
        assert row == {"okta_id": somebody["sub"], "initials": "AL", "password": "", "is_active": True, "entered": True}

    # the same person again, by whatever address, is the same user
    okta.provider.user = {**somebody, "email": "new@example.org"}
    with Browser(okta) as browser:
        assert enter(browser).headers["Location"] == "/projects"
        assert browser.go("GET", "/rest/User/GetCurrent").json()["id"] == me["id"]


def test_two_at_once_are_one_user(okta, somebody):
    def one(_):
        with Browser(okta) as browser:
            return enter(browser).status_code
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        assert set(pool.map(one, range(6))) == {302}
    assert okta.sql("SELECT count(*) AS n FROM main_user WHERE okta_id = :'sub'", sub=somebody["sub"]) == [{"n": 1}]


def test_changes_in_the_session_need_the_secret(okta, somebody):
    with Browser(okta) as browser:
        enter(browser)
        me = browser.go("GET", "/rest/User/GetCurrent").json()["id"]
        assert browser.go("PATCH", f"/rest/User/{me}", json={"first_name": "B"}).status_code == 403
        assert browser.go("PATCH", f"/rest/User/{me}", json={"first_name": "B"}, headers={"X-CSRFToken": browser.cookies["csrftoken"]}).status_code == 200


def account(okta, email, username=None):
    made = okta.http().ok("POST", "/rest/Users", {"username": username or email, "password": "Correct-horse-9", "first_name": "F", "last_name": "L", "email": email})
    token = Http(okta.url).ok("POST", "/rest/Token", {"username": username or email, "password": "Correct-horse-9"})["token"]
    return made["id"], token


def test_an_account_of_a_verified_address_becomes_the_users(okta, somebody):
    number, token = account(okta, somebody["email"])
    with Browser(okta) as browser:
        assert enter(browser).status_code == 302
        assert browser.go("GET", "/rest/User/GetCurrent").json()["id"] == number
    # who registered it may have been somebody else: what he knows is worth nothing any more
    assert Http(okta.url, token).get("/rest/User/GetCurrent").status_code == 400
    assert Http(okta.url).post("/rest/Token", json={"username": somebody["email"], "password": "Correct-horse-9"}).status_code == 400


@pytest.mark.parametrize("change", [{"email_verified": False}, {"email_verified": None}, {"email_verified": "true"}])
def test_an_account_of_an_unverified_address_does_not(okta, somebody, change):
    number, token = account(okta, somebody["email"])
    okta.provider.user = {name: value for name, value in {**somebody, **change}.items() if value is not None}
    with Browser(okta) as browser:
        answer = enter(browser)
        assert (answer.status_code, answer.json()) == (403, {"detail": f"There is an account {somebody['email']} already, which is not this user's."})
        assert "sessionid" not in browser.cookies
    assert Http(okta.url, token).ok("GET", "/rest/User/GetCurrent")["id"] == number


def test_an_account_of_another_person_does_not(okta, somebody):
    with Browser(okta) as browser:
        enter(browser)
    okta.provider.user = {**somebody, "sub": "another"}
    with Browser(okta) as browser:
        assert enter(browser).status_code == 403
    number, token = account(okta, "different@example.org", username="x" + somebody["email"])
    okta.provider.user = {**somebody, "sub": "yet another", "email": "x" + somebody["email"]}
    with Browser(okta) as browser:
        assert enter(browser).status_code == 403
    assert okta.sql("SELECT okta_id FROM main_user WHERE id = :id", id=number) == [{"okta_id": None}]


def test_who_is_not_active_stays_out(okta, somebody):
    with Browser(okta) as browser:
        enter(browser)
    okta.psql("UPDATE main_user SET is_active = false WHERE okta_id = :'sub'", sub=somebody["sub"])
    with Browser(okta) as browser:
        answer = enter(browser)
        assert (answer.status_code, answer.json()) == (403, {"detail": "User inactive or deleted."})
        assert "sessionid" not in browser.cookies


def test_a_short_id_token_is_completed_by_the_providers_page(okta, somebody):
    okta.provider.id_claims = {"email": None, "given_name": None, "family_name": None, "email_verified": None}
    with Browser(okta) as browser:
        enter(browser)
        assert browser.go("GET", "/rest/User/GetCurrent").json()["username"] == somebody["email"]

    okta.provider.user = {**somebody, "sub": "second " + somebody["sub"]}
    okta.provider.info = {**somebody, "sub": "third", "email": "third@example.org"}
    with Browser(okta) as browser:
        answer = enter(browser)
        assert (answer.status_code, answer.json()) == (403, {"detail": "The identity provider does not say the user's e-mail address."})


def test_a_long_id_of_the_provider_is_kept_whole(okta, somebody):
    okta.provider.user = {**somebody, "sub": "s" * 255}
    with Browser(okta) as browser:
        assert enter(browser).status_code == 302
    okta.provider.user = {**somebody, "sub": "s" * 256}
    with Browser(okta) as browser:
        assert enter(browser).json() == {"detail": "ID token is invalid"}


@pytest.mark.parametrize("tokens,claims,text", [
    ("access_claims", {"aud": "api://other"}, "Access token is invalid"), ("access_claims", {"iss": "https://elsewhere.example"}, "Access token is invalid"),
    ("access_claims", {"exp": 1}, "Access token is invalid"), ("id_claims", {"aud": "other"}, "ID token is invalid"),
    ("id_claims", {"nonce": "another"}, "ID token is invalid"), ("id_claims", {"nonce": None}, "ID token is invalid"),
    ("id_claims", {"iss": "https://elsewhere.example"}, "ID token is invalid"), ("id_claims", {"exp": 1}, "ID token is invalid")])
def test_both_tokens_are_checked(okta, somebody, tokens, claims, text):
    setattr(okta.provider, tokens, claims)
    with Browser(okta) as browser:
        answer = enter(browser)
        assert (answer.status_code, answer.json()) == (403, {"detail": text})
        assert "sessionid" not in browser.cookies
    assert okta.sql("SELECT id FROM main_user WHERE okta_id = :'sub'", sub=somebody["sub"]) == []


def test_refusals_have_the_contracts_texts(okta, somebody):
    with Browser(okta) as browser:
        answer = browser.go("GET", "/jwt-gateway/")
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})
        assert browser.go("GET", "/jwt-gateway/", params={"code": "x", "state": "ApplicationState"}).status_code == 403
        assert browser.go("GET", "/jwt-gateway/", params={"error": "access_denied"}).json() == {
            "detail": "The identity provider refused the log-in: access_denied"}
        back, query = browser.provided("/oauth2/login/")
        answer = browser.go("GET", back.replace(query["code"], "invented"))
        assert (answer.status_code, answer.json()) == (404, {"detail": "invalid token"})

        okta.provider.token_type = "mac"
        assert enter(browser).json() == {"detail": "Unsupported token type"}
        okta.provider.token_type = "Bearer"

        back, _ = browser.provided("/oauth2/login/")
        kept = browser.cookies.copy()
        assert browser.go("GET", back).status_code == 302
        browser.cookies = kept  # the same code a second time, even with the cookie
        assert browser.go("GET", back).status_code == 404
        assert browser.go("POST", "/jwt-gateway/").status_code == 405


def test_the_gateways_are_documented(okta):
    paths = requests.get(okta.url + "/schema/?format=json", timeout=60).json()["paths"]
    assert paths["/jwt-gateway/"]["get"]["operationId"] == "GetJwtGatewaySchema"
    assert list(paths["/jwt-gateway/"]["get"]["responses"]) == ["200"]
    assert "/oauth2/login/" in paths


def test_a_bearer_token_counts_beside_sessions(okta, somebody):
    provider = okta.provider
    assert refused(okta, provider.token(somebody["sub"]))  # he was never here
    with Browser(okta) as browser:
        enter(browser)
        me = browser.go("GET", "/rest/User/GetCurrent").json()["id"]
    assert who(okta, provider.token(somebody["sub"])).json()["id"] == me
    # Okta's own form: the address in sub, its id in uid
    assert who(okta, provider.token(somebody["email"], uid=somebody["sub"], cid="client:1")).json()["id"] == me
    assert refused(okta, provider.token(somebody["email"], uid=somebody["sub"]))
    assert refused(okta, provider.token(somebody["sub"], aud="client:1"))
    assert requests.get(okta.url + "/rest/Projects", timeout=60).status_code == 400


# --- a real provider


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The certified library's provider with a server that trusts it; user 1 is its account f:x:1."""
    if not PEER.exists() or shutil.which("npm") is None:
        pytest.skip("the peer services are not here")
    port = free_port()
    redirects = f"http://localhost:{port}/callback http://localhost:{port}/jwt-gateway"
    environment = {**os.environ, "OIDC_PORT": str(free_port()), "OIDC_REDIRECT_URIS": redirects, "OIDC_USER": "f:x:1", "OIDC_CLIENT_SECRET": "tator-secret"}
    folder = pathlib.Path(environment.get("PEERS_DIR", pathlib.Path.home() / ".cache" / "tator-peers"))
    own = tmp_path_factory.mktemp("peers")
    subprocess.run(["bash", str(PEER), "install"], check=True, capture_output=True, env=environment)
    for part in ("opt", "bin", "stamp"):
        (own / part).symlink_to(folder / part)
    environment["PEERS_DIR"] = str(own)
    subprocess.run(["bash", str(PEER), "start"], check=True, capture_output=True, env=environment)
    try:
        subprocess.run(["bash", str(PEER), "wait"], check=True, capture_output=True, env=environment)
        yield port, f"http://127.0.0.1:{environment['OIDC_PORT']}/realms/tator"
    finally:
        subprocess.run(["bash", str(PEER), "stop"], check=True, capture_output=True, env=environment)


def through(browser, path):
    """Follows the provider's redirects until they lead back."""
    answer = browser.go("GET", path)
    while not answer.headers["Location"].startswith(browser.server.url):
        answer = browser.go("GET", urllib.parse.urljoin(answer.url, answer.headers["Location"]))
        assert answer.status_code in (302, 303), answer.text
    return answer.headers["Location"]


def test_a_real_providers_tokens_in_the_browser(real):
    port, issuer = real
    server = Server(PORT=str(port), KEYCLOAK_ENABLED="TRUE", KEYCLOAK_ISSUER=issuer, KEYCLOAK_CLIENT_ID="tator-public")
    server.url = f"http://localhost:{port}"
    with server:
        with Browser(server) as browser:
            back = through(browser, "/accounts/login/?next=/3/x")
            answer = exchange(browser, dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query)))
            assert (answer.status_code, answer.json()["next"]) == (200, "/3/x")
            assert who(server, answer.json()["access_token"]).json()["username"] == "admin"
            refresh = cookies_of(answer)["refresh_token", "/refresh"][0]
            answer = requests.get(server.url + "/refresh", headers={"Cookie": "refresh_token=" + refresh}, timeout=60)
            assert who(server, answer.json()["access_token"]).json()["username"] == "admin"
            assert refused(server, answer.json()["access_token"][:-8] + "AAAAAAAA")


def test_a_real_providers_user_in_a_session(real):
    port, issuer = real
    server = Server(PORT=str(port), OKTA_ENABLED="true", OKTA_OAUTH2_KEY="tator", OKTA_OAUTH2_SECRET="tator-secret", OKTA_OAUTH2_ISSUER=issuer,
                    OKTA_OAUTH2_AUDIENCE="account")
    server.url = f"http://localhost:{port}"
    with server:
        with Browser(server) as browser:
            answer = browser.go("GET", through(browser, "/oauth2/login/"))
            assert (answer.status_code, answer.headers["Location"]) == (302, "/projects")
            me = browser.go("GET", "/rest/User/GetCurrent").json()
            assert (me["username"], me["last_name"]) == ("f:x:1@example.org", "Example")
