"""The server's own pages: readable for everybody, and safe. api/page.c, rest/login.c, rest/account_page.c; contract/accounts.md §3.2 to §3.5, §4.4, §4.5."""
import html.parser
import re
import urllib.parse
import uuid

import pytest

from t.server import Http, Server

REFUSED = "Please enter a correct username and password. Note that both fields may be case-sensitive."
PASSWORD = "Correct-horse-9"


class Page(html.parser.HTMLParser):
    """What of a page matters: .title .lang .headings .alerts .fields (by name, with .label) .forms .texts (by id)"""

    VOID = {"input", "meta", "link", "br"}

    def __init__(self, answer):
        super().__init__()
        self.lang, self.title, self.headings, self.alerts, self.fields, self.forms, self.texts, self.buttons = None, "", [], [], {}, [], {}, []
        self.open, self.links, self.tags = [], [], []
        self.feed(answer.text)
        self.close()
        assert self.open == [], "elements that are not closed"

    def handle_starttag(self, tag, given):
        given = dict(given)
        self.tags.append((tag, given))
        if tag == "html":
            self.lang = given.get("lang")
        if tag == "form":
            self.forms.append(given)
        if tag == "a":
            self.links.append(given["href"])
        if tag == "input":
            # inside its label
            self.fields[given["name"]] = {**given, "label": next((text for name, _, text in reversed(self.open) if name == "label"), [""])[0].strip()}
        if tag not in self.VOID:
            self.open.append((tag, given, [""]))

    def handle_data(self, data):
        for _, _, text in self.open:
            text[0] += data

    def handle_endtag(self, tag):
        name, given, text = self.open.pop()
        assert name == tag, "elements that overlap"
        if "id" in given:
            assert given["id"] not in self.texts, "two elements of one id"
            self.texts[given["id"]] = text[0].strip()
        if given.get("role") == "alert":
            self.alerts.append(text[0].strip())
        if tag == "h1":
            self.headings.append(text[0].strip())
        if tag == "title":
            self.title = text[0].strip()
        if tag == "button":
            self.buttons.append((given.get("type"), text[0].strip()))

    def described(self, name):
        """What is said with a field."""
        return [self.texts[identifier] for identifier in self.fields[name].get("aria-describedby", "").split()]

    def visible(self):
        return {name: field for name, field in self.fields.items() if field.get("type") != "hidden"}


@pytest.fixture(scope="module")
def mailing():
    """A server that has every page: mail is on (nothing is sent here), registration is confirmed by it, guests are welcome."""
    with Server(TATOR_EMAIL_ENABLED="true", TATOR_EMAIL_HOST="127.0.0.1", TATOR_EMAIL_PORT="9", TATOR_EMAIL_USER="mailer", TATOR_EMAIL_PASSWORD="x",
                ANONYMOUS_GATEWAY_ENABLED="true", REQUIRE_HTTPS="TRUE") as running:
        yield running
        assert running.alarms() == []


@pytest.fixture
def browser(mailing):
    with Http(mailing.url) as http:
        yield http


@pytest.fixture
def person(mailing):
    """A user's name, with the password PASSWORD."""
    name = "person" + uuid.uuid4().hex[:12]
    mailing.http().ok("POST", "/rest/Users", {"username": name, "password": PASSWORD, "first_name": "", "last_name": "", "email": f"{name}@example.com"})
    return name


def send(http, path, headers=None, **fields):
    """Fills in the form of a page and sends it."""
    page = Page(http.request("GET", http.url + path))
    hidden = {name: field["value"] for name, field in page.fields.items() if field.get("type") == "hidden"}
    return http.request("POST", page.forms[0]["action"], data={**hidden, **fields}, headers=headers)


def enter(http, name, password=PASSWORD, **query):
    path = "/accounts/login/" + ("?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else "")
    return send(http, path, username=name, password=password)


FORMS = {
    "/accounts/login/": {"username": "username", "password": "current-password"},
    "/registration": {"first_name": "given-name", "last_name": "family-name", "email": "email", "username": "username", "password": "new-password",
                      "password_again": "new-password"},
    "/registration-confirmation?token=x": {},
    "/password-reset-request": {"email": "email"},
    "/password-reset?reset_token=x&user=1": {"password": "new-password", "password_again": "new-password"},
}


@pytest.mark.parametrize("path", FORMS)
def test_a_form_can_be_read_by_everybody(browser, path):
    answer = browser.request("GET", path)
    page = Page(answer)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.text.startswith("<!doctype html>") and page.lang == "en"
    assert len(page.headings) == 1 and page.title == page.headings[0] + " - Tator"
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in page.tags
    assert [form["method"] for form in page.forms] == ["post"] and page.forms[0]["action"] == path.partition("?")[0]
    assert {name: field["autocomplete"] for name, field in page.visible().items()} == FORMS[path]
    assert all(field["label"] for field in page.visible().values())
    assert len({field["label"] for field in page.visible().values()}) == len(page.visible())
    assert all("required" in field for name, field in page.visible().items() if name not in ("first_name", "last_name"))
    assert [kind for kind, text in page.buttons if text] == ["submit"]
    assert page.alerts == [] and "aria-invalid" not in answer.text
    assert "tabindex" not in answer.text and "<script" not in answer.text
    if path != "/accounts/login/" and "password" in page.fields:
        assert page.described("password") == ["At least 8 characters, not only digits."]


@pytest.mark.parametrize("path", [*FORMS, "/accept?registration_token=x", "/nothing/here", "/admin/"])
def test_no_page_may_be_framed_or_kept(browser, path):
    answer = browser.request("GET", path)
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    if path in FORMS:
        assert "no-store" in answer.headers["Cache-Control"]
        assert "Cookie" in answer.headers["Vary"]


GOOD = {"first_name": "", "last_name": "", "email": "new@example.com", "username": "new", "password": PASSWORD, "password_again": PASSWORD}


@pytest.mark.parametrize("path,fields,wrong,fault", [
    ("/accounts/login/", {"username": "nobody", "password": "x"}, {"username", "password"}, REFUSED),
    ("/registration", {**GOOD, "email": "new"}, {"email"}, "An e-mail address is needed."),
    ("/registration", {**GOOD, "password": "short", "password_again": "short"}, {"password"}, "The password needs at least 8 characters, not only digits."),
    ("/registration", {**GOOD, "password": "1234567890", "password_again": "1234567890"}, {"password"}, "The password needs at least 8 characters, not only digits."),
    ("/registration", {**GOOD, "username": PASSWORD}, {"password"}, "The password must not be the user name."),
    ("/registration", {**GOOD, "password_again": "other"}, {"password_again"}, "The two passwords are not the same."),
    ("/registration", {**GOOD, "username": "ADMIN"}, {"username"}, "Username is already taken!"),
    ("/registration", {**GOOD, "username": " "}, {"username"}, "username must not be empty."),
    ("/registration", {**GOOD, "registration_token": "x"}, set(), "Registration token is expired or invalid!"),
    ("/password-reset-request", {"email": "x"}, {"email"}, "An e-mail address is needed."),
    ("/password-reset?reset_token=x&user=1", {"password": "short", "password_again": "short"}, {"password"},
     "The password needs at least 8 characters, not only digits."),
    ("/password-reset?reset_token=x&user=1", {"password": PASSWORD, "password_again": "x"}, {"password_again"}, "The two passwords are not the same."),
    ("/password-reset?reset_token=x&user=1", {"password": PASSWORD, "password_again": PASSWORD}, set(),
     "This link was used before or is older than a day. Ask for a new one."),
])
def test_what_is_wrong_is_said_with_the_field(browser, path, fields, wrong, fault):
    page = Page(send(browser, path, **fields))
    assert page.alerts == [fault]
    assert {name for name, field in page.fields.items() if field.get("aria-invalid") == "true"} == wrong
    assert {name for name in page.fields if fault in page.described(name)} == wrong
    assert all(page.fields[name].get("value", "") == "" for name in page.fields if page.fields[name].get("type") == "password")
    kept = {name: value for name, value in fields.items() if page.fields[name].get("type") != "password"}
    assert {name: page.fields[name]["value"] for name in kept} == kept


def test_an_invitation_is_for_its_address(browser, mailing):
    organization = mailing.http().ok("POST", "/rest/Organizations", {"name": uuid.uuid4().hex})["id"]
    token = mailing.http().ok("POST", f"/rest/Invitations/{organization}", {"email": "guest@example.com", "permission": "Member"})["message"].split("registration_token=")[1]
    page = Page(send(browser, f"/registration?registration_token={token}", **GOOD))
    assert page.fields["email"]["aria-invalid"] == "true"
    assert page.described("email") == ["Email address must match where registration token was sent!", "The address that the invitation was sent to."]


def test_other_ways_in(browser, anonymous):
    assert Page(browser.request("GET", "/accounts/login/")).links == ["/anonymous-gateway", "/password-reset-request"]
    assert Page(anonymous.request("GET", "/accounts/login/")).links == []


# --- where a log-in leads

TRICKS = ["//elsewhere.example", "///elsewhere.example", "/%2felsewhere.example", "%2f%2felsewhere.example", "/%5celsewhere.example", "/%09/elsewhere.example",
          "/%0d%0aSet-Cookie:%20a=b", "%0a//elsewhere.example", "https://elsewhere.example", "https:elsewhere.example", "javascript:alert(1)", "%20//elsewhere.example",
          "elsewhere.example", "/%7f", "\\\\elsewhere.example", "%5c%5celsewhere.example", "", "?x", "#x", "data:text/html,x"]


@pytest.mark.parametrize("trick", TRICKS)
def test_next_leads_nowhere_else(browser, person, trick):
    assert enter(browser, person, next=trick).headers["Location"] == "/projects"
    assert browser.request("GET", f"{browser.url}/accounts/logout/?next={trick}").headers["Location"] == "/accounts/login/"
    answer = browser.request("GET", f"{browser.url}/anonymous-gateway?redirect={trick}")
    assert (answer.status_code, answer.headers.get("Location")) == ((302, "/projects") if trick.partition("#")[0] else (400, None))


@pytest.mark.parametrize("path", ["/projects?page=2", "/12/annotation/7?frame=3#x", "/a%2f%2fb", "/a//b", "/@elsewhere.example", "/.//elsewhere.example"])
def test_next_leads_to_paths_of_this_server(browser, person, path):
    answer = enter(browser, person, next=path.replace("%", "%25").replace("#", "%23").replace("?", "%3F"))
    assert answer.headers["Location"] == path
    assert urllib.parse.urlsplit(urllib.parse.urljoin(browser.url + "/accounts/login/", path)).netloc == browser.url.removeprefix("http://")




# --- forms are posted from here alone

POSTED = ["/accounts/login/", "/accounts/logout/", "/registration", "/registration-confirmation", "/accept", "/password-reset-request", "/password-reset"]


@pytest.mark.parametrize("path", POSTED)
def test_a_form_needs_its_token(browser, mailing, path):
    secret = Page(browser.request("GET", "/accounts/login/")).fields["csrfmiddlewaretoken"]["value"]
    cookie = browser.cookies["csrftoken"]
    assert len(secret) == 64 and len(cookie) == 32
    refusals = {
        "CSRF cookie not set.": ({"csrfmiddlewaretoken": secret}, {"Cookie": "x=y"}),
        "CSRF token missing.": ({}, {}),
        "CSRF token from POST incorrect.": ({"csrfmiddlewaretoken": "a" * 32}, {}),
        "CSRF token from POST has incorrect length.": ({"csrfmiddlewaretoken": "a"}, {}),
        "CSRF token from POST has invalid characters.": ({"csrfmiddlewaretoken": "-" * 64}, {}),
        "Origin checking failed - https://elsewhere.example does not match any trusted origins.":
            ({"csrfmiddlewaretoken": secret}, {"Origin": "https://elsewhere.example"}),
        "Origin checking failed - null does not match any trusted origins.": ({"csrfmiddlewaretoken": secret}, {"Origin": "null"}),
        "Referer checking failed - no Referer.": ({"csrfmiddlewaretoken": secret}, {"X-Forwarded-Proto": "https"}),
        "Referer checking failed - Referer is insecure while host is secure.":
            ({"csrfmiddlewaretoken": secret}, {"X-Forwarded-Proto": "https", "Referer": "http://localhost/"}),
        "Referer checking failed - https://elsewhere.example/localhost does not match any trusted origins.":
            ({"csrfmiddlewaretoken": secret}, {"X-Forwarded-Proto": "https", "Referer": "https://elsewhere.example/localhost"}),
    }
    for reason, (fields, headers) in refusals.items():
        answer = browser.request("POST", path, data=fields, headers=headers)
        assert (answer.status_code, reason in answer.text) == (403, True), (reason, answer.text)
    accepted = [({"csrfmiddlewaretoken": secret}, {}), ({"csrfmiddlewaretoken": cookie}, {}), ({}, {"X-CSRFToken": secret}),
                ({"csrfmiddlewaretoken": secret}, {"Origin": browser.url}), ({"csrfmiddlewaretoken": secret}, {"Origin": "https://localhost"}),
                ({"csrfmiddlewaretoken": secret}, {"X-Forwarded-Proto": "https", "Referer": "https://localhost/x"})]
    for fields, headers in accepted:
        assert browser.request("POST", path, data=fields, headers=headers).status_code != 403


# --- sessions

def test_a_log_in_makes_a_new_session_and_a_new_secret(browser, mailing, person):
    browser.cookies.set("sessionid", "chosen" + "a" * 26, domain="127.0.0.1", path="/")
    first = enter(browser, person)
    one, secret = browser.cookies["sessionid"], browser.cookies["csrftoken"]
    assert first.status_code == 302 and re.fullmatch("[a-z0-9]{32}", one) and not one.startswith("chosen")
    assert mailing.sql("SELECT count(*) AS n FROM django_session WHERE session_key LIKE 'chosen%'") == [{"n": 0}]
    enter(browser, person)
    assert browser.cookies["sessionid"] != one and browser.cookies["csrftoken"] != secret
    with Http(browser.url) as thief:
        thief.cookies.set("sessionid", one)
        assert thief.ok("GET", "/check-login/") == {"is_authenticated": False}
    last = browser.cookies["sessionid"]
    browser.request("GET", "/accounts/logout/")
    with Http(browser.url) as thief:
        thief.cookies.set("sessionid", last)
        assert thief.ok("GET", "/check-login/") == {"is_authenticated": False}


def test_cookies_have_their_attributes(browser, person):
    given = {cookie.name: cookie for cookie in browser.request("GET", "/accounts/login/").cookies}
    assert set(given) == {"csrftoken"}
    raw = enter(browser, person).raw.headers.getlist("Set-Cookie")
    cookies = {line.partition("=")[0]: {part.partition("=")[0]: part.partition("=")[2] for part in line.split("; ")} for line in raw}
    assert cookies["sessionid"].items() >= {"HttpOnly": "", "SameSite": "Lax", "Path": "/", "Max-Age": "1209600"}.items() and "expires" in cookies["sessionid"]
    assert cookies["csrftoken"].items() >= {"SameSite": "Lax", "Path": "/", "Max-Age": "31449600"}.items() and "HttpOnly" not in cookies["csrftoken"]
    raw = browser.request("GET", "/accounts/logout/").raw.headers.getlist("Set-Cookie")
    assert raw == ['sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax']


def test_what_a_session_changes_by_rest_needs_the_header(browser, person):
    enter(browser, person)
    me = browser.ok("GET", "/rest/User/GetCurrent")["id"]
    secret = browser.cookies["csrftoken"]
    for headers, status in (({}, 403), ({"X-CSRFToken": "a" * 32}, 403), ({"X-CSRFToken": secret}, 200)):
        assert browser.request("PATCH", f"/rest/User/{me}", json={"first_name": "New"}, headers=headers).status_code == status


# --- lockout

def test_the_form_does_not_tell_why_it_refuses(browser, mailing, person):
    shown = set()
    for name, password, prepare in ((uuid.uuid4().hex, PASSWORD, None), (person, "wrong", None), (person, "", None),
                                    (person, PASSWORD, "is_active = false"), (person, PASSWORD, "is_active = true, failed_login_count = 3, last_failed_login = now()")):
        if prepare:
            mailing.psql(f"UPDATE main_user SET {prepare} WHERE username = :'name'", name=person)
        answer = enter(browser, name, password)
        assert answer.status_code == 200 and "sessionid" not in browser.cookies
        shown.add(re.sub('(csrfmiddlewaretoken" value|name="username" autocomplete="username" value)="[^"]*"', "", answer.text))
    assert len(shown) == 1 and REFUSED.replace("'", "&#39;") in shown.pop()


def test_a_locked_account_opens_after_ten_quiet_minutes(browser, mailing, person):
    with Http(browser.url) as before:
        enter(before, person)
        for _ in range(3):
            assert enter(browser, person, "wrong").status_code == 200
        assert enter(browser, person).status_code == 200
        assert before.ok("GET", "/check-login/") == {"is_authenticated": True}

    # an attempt begins the ten minutes anew
    mailing.psql("UPDATE main_user SET last_failed_login = now() - interval '9 minutes' WHERE username = :'name'", name=person)
    assert enter(browser, person).status_code == 200
    row = mailing.sql("SELECT failed_login_count AS n, last_failed_login > now() - interval '1 minute' AS now FROM main_user WHERE username = :'name'", name=person)
    assert row == [{"n": 5, "now": True}]

    mailing.psql("UPDATE main_user SET last_failed_login = now() - interval '11 minutes' WHERE username = :'name'", name=person)
    assert enter(browser, person, "wrong").status_code == 200
    assert enter(browser, person).status_code == 200
    mailing.psql("UPDATE main_user SET last_failed_login = now() - interval '11 minutes' WHERE username = :'name'", name=person)
    assert enter(browser, person).status_code == 302
    assert mailing.sql("SELECT failed_login_count AS n FROM main_user WHERE username = :'name'", name=person) == [{"n": 0}]
