"""Browsers: log-in form, cookies, CSRF. contract/accounts.md §3.2 to §3.4."""
import re

import pytest

from t.server import Http


@pytest.fixture
def browser(server, user):
    """A person's browser that is logged in: a session with cookies, without token."""
    person = user()
    http = Http(server.url)
    assert login(http, person.username, person.password).status_code == 302
    http.person = person
    yield http
    http.close()


def login(http, username, password, **query):
    page = http.request("GET", "/accounts/login/", params=query)
    secret = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[1]
    return http.request("POST", "/accounts/login/", params=query,
                        data={"username": username, "password": password, "csrfmiddlewaretoken": secret})


def change(browser, **headers):
    return browser.request("PATCH", f"/rest/User/{browser.person.id}", json={"first_name": "Changed"}, headers=headers)


def test_a_browser_logs_in_and_out(browser):
    assert browser.ok("GET", "/check-login/") == {"is_authenticated": True}
    assert browser.ok("GET", "/rest/User/GetCurrent")["id"] == browser.person.id
    assert browser.request("GET", "/accounts/logout/").headers["Location"] == "/accounts/login/"
    assert browser.ok("GET", "/check-login/") == {"is_authenticated": False}
    assert browser.request("GET", "/rest/Projects").status_code == 400


def test_a_wrong_password_shows_the_form_again(server, user):
    person = user()
    with Http(server.url) as http:
        answer = login(http, person.username, "wrong")
        assert answer.status_code == 200
        assert "Please enter a correct username and password" in answer.text
        assert "sessionid" not in http.cookies


@pytest.mark.parametrize("wanted,given", [
    ("/projects?page=2", "/projects?page=2"), ("//elsewhere.example/", "/projects"), ("/\\elsewhere.example/", "/projects"),
    ("https://elsewhere.example/", "/projects"), ("javascript:alert(1)", "/projects"), ("/\t/elsewhere.example", "/projects"), ("", "/projects"),
])
def test_a_login_never_leads_elsewhere(server, user, wanted, given):
    person = user()
    with Http(server.url) as http:
        assert login(http, person.username, person.password, next=wanted).headers["Location"] == given


def test_the_form_escapes_what_it_repeats(server):
    with Http(server.url) as http:
        answer = login(http, '"><script>alert(1)</script>', "x")
        assert "<script>" not in answer.text
        assert "&lt;script&gt;" in answer.text


def test_changes_need_the_secret(server, browser):
    assert change(browser).json() == {"message": "CSRF Failed: CSRF token missing."}
    assert change(browser, **{"X-CSRFToken": "x" * 32}).status_code == 403
    assert change(browser, Authorization="Token " + browser.person.token).status_code == 403
    secret = browser.cookies["csrftoken"]
    assert change(browser, **{"X-CSRFToken": secret, "Origin": "https://elsewhere.example"}).status_code == 403
    assert change(browser, **{"X-CSRFToken": secret, "Origin": server.url}).status_code == 200
    assert change(browser, **{"X-CSRFToken": secret}).status_code == 200


def test_another_password_ends_the_session(server, browser):
    server.psql("UPDATE main_user SET password = (SELECT password FROM main_user WHERE id = 1) WHERE id = :id", id=browser.person.id)
    assert browser.ok("GET", "/check-login/") == {"is_authenticated": False}


def test_an_expired_session_is_no_session(server, browser):
    server.psql("UPDATE django_session SET expire_date = now() - interval '1 second' WHERE session_key = :'key'", key=browser.cookies["sessionid"])
    assert browser.ok("GET", "/check-login/") == {"is_authenticated": False}


def test_a_forged_session_is_no_session(server, browser):
    server.psql("UPDATE django_session SET session_data = translate(session_data, 'abc', 'bca') WHERE session_key = :'key'",
                key=browser.cookies["sessionid"])
    assert browser.ok("GET", "/check-login/") == {"is_authenticated": False}


def test_announcements_come_once_a_day_to_a_browser_and_always_to_a_script(server, browser):
    server.psql("WITH made AS (INSERT INTO main_announcement (markdown, created_datetime, eol_datetime)"
                " VALUES ('News', now(), now() + interval '1 day') RETURNING id)"
                " INSERT INTO main_announcementtouser (announcement_id, user_id) SELECT id, :user FROM made", user=browser.person.id)
    assert [item["markdown"] for item in browser.ok("GET", "/rest/Announcements")] == ["News"]
    assert browser.ok("GET", "/rest/Announcements") == []
    for _ in range(2):
        found = browser.person.http.ok("GET", "/rest/Announcements")
        assert [item["markdown"] for item in found] == ["News"]
    browser.person.http.ok("DELETE", f"/rest/Announcement/{found[0]['id']}")
    assert browser.person.http.ok("GET", "/rest/Announcements") == []
