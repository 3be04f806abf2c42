"""The headers of every kind of answer, exactly: contract/accounts.md §12, operations.md §20."""
import re
import uuid

import pytest

from t.server import TOP, Http

# What NGINX, the connection and the content have for themselves.
TRANSPORT = {"Server", "Date", "Connection", "Content-Type", "Content-Length", "Transfer-Encoding", "Content-Encoding", "Keep-Alive"}
SECURITY = {"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin"}
SUCCESS = {"Cross-Origin-Embedder-Policy": "credentialless", "Cache-Control": "max-age=0, must-revalidate"}
UNKEPT = {**SUCCESS, "Cache-Control": "max-age=0, no-cache, no-store, must-revalidate, private", "Expires": "Thu, 01 Jan 1970 00:00:00 GMT", "Vary": "Cookie"}
NEVER = re.compile(r"Access-Control-Allow-(?!Headers)|Strict-Transport|Content-Security|WWW-Authenticate|Last-Modified|X-Powered")


def headers(answer, file=False):
    """All but what the transport needs, as {name: value}; none of those that must never be, none twice."""
    raw = answer.raw.headers.items()
    names = [name for name, _ in raw if name != "Set-Cookie"]
    assert len(names) == len({name.lower() for name in names}), names
    assert [name for name in names if NEVER.match(name) and not (file and name == "Last-Modified")] == []
    return {name: value for name, value in raw if name not in TRANSPORT and name != "Set-Cookie"}


def rest(allow, success=True, vary="Accept, Cookie"):
    return {**SECURITY, **(SUCCESS if success else {}), "Vary": vary, "Allow": allow}


@pytest.mark.parametrize("method,path,body,status,allow", [
    ("GET", "/rest/Projects", None, 200, "GET, POST"),
    ("GET", "/rest/User/GetCurrent", None, 200, "GET"),
    ("POST", "/rest/Organizations", {"name": "headers"}, 201, "GET, POST"),
    ("POST", "/rest/Organizations", {}, 400, "GET, POST"),
    ("GET", "/rest/Project/999999999", None, 404, "GET, PATCH, DELETE"),
    ("PUT", "/rest/Project/1", {}, 400, "GET, PATCH, DELETE"),
    ("OPTIONS", "/rest/Projects", None, 400, "GET, POST"),
    ("PROPFIND", "/rest/Projects", None, 400, "GET, POST"),
])
def test_rest(http, method, path, body, status, allow):
    answer = http.request(method, path, json=body, headers={"Accept-Encoding": "identity"})
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert headers(answer) == rest(allow, status < 400)
    assert "Set-Cookie" not in answer.headers


def test_refusals_and_those_before_a_session_was_looked_at(http, anonymous, user, project):
    assert headers(anonymous.request("GET", "/rest/Projects")) == rest("GET, POST", False)
    assert headers(user().http.request("GET", f"/rest/Project/{project.id}")) == rest("GET, PATCH, DELETE", False)
    for answer in (http.request("GET", "/rest/Projects", headers={"Accept": "text/html"}), http.request("GET", "/rest/Projects?format=none")):
        assert headers(answer) == rest("GET, POST", False, "Accept")


@pytest.mark.parametrize("path", ["Medias", "Localizations", "States"])
def test_streams_are_chunked_and_compressed(http, project, path):
    answer = http.request("GET", f"/rest/{path}/{project.id}", headers={"Accept-Encoding": "identity"}, stream=True)
    assert (answer.headers["Transfer-Encoding"], answer.headers["Content-Encoding"]) == ("chunked", "gzip")
    assert "Content-Length" not in answer.headers
    assert headers(answer) == rest("GET, POST, PUT, PATCH, DELETE")
    assert answer.json() == []


def test_json_is_compressed_from_a_kilobyte_on(http, project):
    project.types()
    large = http.request("GET", f"/rest/MediaTypes/{project.id}", headers={"Accept-Encoding": "gzip"})
    small = http.request("GET", "/rest/User/GetCurrent", headers={"Accept-Encoding": "gzip"})
    assert len(large.content) >= 1024
    assert large.headers["Content-Encoding"] == "gzip"
    assert len(small.content) < 1024
    assert "Content-Encoding" not in small.headers


def test_views_with_their_own_errors(anonymous):
    assert headers(anonymous.request("GET", "/rest/Notify")) == rest("POST, OPTIONS", False, "Accept")
    schema = headers(anonymous.request("GET", "/schema/"))
    assert re.fullmatch(r'"[0-9a-f]{32}"', schema.pop("ETag"))
    assert schema.pop("Vary").startswith("Accept")
    schema.pop("Allow", None)
    assert schema == {**SECURITY, **SUCCESS}


def test_pages(anonymous):
    page = anonymous.request("GET", "/accounts/login/")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers(page) == {**SECURITY, **UNKEPT}
    assert headers(anonymous.request("GET", "/accounts/logout/")) == {**SECURITY, **UNKEPT, "Location": "/accounts/login/"}
    assert headers(anonymous.request("GET", "/check-login/")) == {**SECURITY, **SUCCESS, "Vary": "Cookie"}
    missing = anonymous.request("GET", "/" + uuid.uuid4().hex)
    assert (missing.status_code, missing.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert headers(missing) == SECURITY
    assert headers(anonymous.request("GET", "/", headers={"Host": "elsewhere.example"})) == SECURITY


@pytest.mark.parametrize("path", ["/check-login", "/accounts/login", "/accounts/login?next=/x", "/redirect/login/?next=/x"])
def test_redirects_are_relative(anonymous, path):
    answer = anonymous.request("GET", path)
    assert answer.status_code in (301, 302)
    assert answer.headers["Location"].startswith("/")
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_another_origin_gets_no_leave(http, anonymous):
    """Neither for a request nor by a preflight; with REST everything that changes is refused to browsers elsewhere."""
    for session in (http, anonymous):
        for method in ("GET", "OPTIONS", "POST"):
            for path in ("/rest/Projects", "/schema", "/accounts/login/", "/check-login/"):
                answer = session.request(method, path, headers={"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"})
                assert [name for name in answer.headers if name.lower().startswith("access-control")] == []


def test_own_files(server, http, project, anonymous):
    (server.var / "media" / str(project.id)).mkdir(parents=True, exist_ok=True)
    (server.var / "media" / str(project.id)).chmod(0o755)
    (server.var / "media" / str(project.id) / "page.html").write_text("x")
    answer = http.request("GET", f"/media/{project.id}/page.html")
    found = headers(answer, file=True)
    for name in ("Accept-Ranges", "ETag", "Last-Modified", "X-Content-Type-Options"):
        found.pop(name, None)
    assert answer.status_code == 200
    assert found == {"Cache-Control": "max-age=3600, must-revalidate", "Access-Control-Allow-Headers": "Authorization,X-CSRFToken",
                     "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "credentialless"}
    refused = headers(anonymous.request("GET", f"/media/{project.id}/page.html"))
    assert refused == {"Access-Control-Allow-Headers": "Authorization,X-CSRFToken"}


def test_the_server_does_not_tell_its_version(anonymous):
    for path in ("/rest/Projects", "/objects/none", "/media/1/x", "/metrics", "/%"):
        answer = anonymous.request("GET", path)
        assert answer.headers["Server"] == "nginx"
        assert not re.search(r"nginx/\d", answer.text)
    assert "server_tokens" in (TOP / "conf/nginx.conf.example").read_text()


def test_cookies(server, user):
    person = user()
    with Http(server.url) as browser:
        page = browser.request("GET", "/accounts/login/")
        secret = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[1]
        entered = browser.request("POST", "/accounts/login/", data={"username": person.username, "password": person.password, "csrfmiddlewaretoken": secret})
        cookies = {text.split("=")[0]: text for text in entered.raw.headers.getlist("Set-Cookie")}
        date = r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"
        assert re.fullmatch(rf"sessionid=[a-z0-9]{{32}}; expires={date}; HttpOnly; Max-Age=1209600; Path=/; SameSite=Lax", cookies["sessionid"])
        assert re.fullmatch(rf"csrftoken=[a-zA-Z0-9]{{32}}; expires={date}; Max-Age=31449600; Path=/; SameSite=Lax", cookies["csrftoken"])
        left = browser.request("GET", "/accounts/logout/")
        assert left.raw.headers.getlist("Set-Cookie") == [
            'sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax']
        unknown = browser.request("GET", "/check-login/", headers={"Cookie": "sessionid=" + "x" * 32})
        assert unknown.raw.headers.getlist("Set-Cookie") == left.raw.headers.getlist("Set-Cookie")
