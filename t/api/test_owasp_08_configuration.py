"""OWASP API8:2023, security misconfiguration: every kind of answer, also NGINX's own, tells nothing of the inside and lets no browser be misled."""
import gzip
import re
import uuid

import pytest

from t.api.test_matrix import operations
from t.api.test_parser import talk
from t.server import TOP, Http, Server

# What an answer never says: versions, programs, paths of the machine, lines of source, texts of the database.
INSIDE = re.compile(r"nginx/\d|PostgreSQL|psql|libpq|redis|jansson|OpenSSL|Traceback|Exception|SQLSTATE|syntax error at|relation \"|column \"|main_\w+|\bERROR: |/tmp/|/usr/|/home/|"
                    r"\.c:\d+|Segmentation|core dumped|pg_\w+|127\.0\.0\.1:\d+")
SECURITY = {"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin"}


def quiet(answer):
    """Nothing of the inside is in an answer's body and headers."""
    text = answer.content.decode(errors="replace") + "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    text = text.replace(answer.request.url, "").replace(answer.request.path_url, "")
    return [found[0] for found in INSIDE.finditer(text)]


# values that break what is built of them
VALUES = ["'", "\"", "1'--", "%", "\\", "\x7f", "${jndi:ldap://x}", "{{7*7}}", "<script>alert(1)</script>", "9" * 400, "-1", "NaN", "1e999", "é" * 300, "::", "null", "[]", "../../etc/passwd"]


def test_errors_of_all_operations_are_json_without_the_inside(http, server):
    """Every operation with values that are none, in the path, in its parameters, in its body."""
    wrong, seen = [], set()
    for operation in operations(server.url):
        if "Gateway" in operation.name or not operation.path.startswith("/rest/"):
            continue
        path = re.sub(r"\{(uid|elemental_id)\}", str(uuid.uuid4()), operation.path).replace("{ancestor}", "x")
        path = re.sub(r"\{\w+\}", "999999999", path)
        for k, body in enumerate(("{", "[]", "\"x\"", "{\"name\": 7, \"ids\": \"x\", \"x\": [[[]]]}")):
            value = VALUES[(len(operation.name) + k) % len(VALUES)]
            query = {"format": ["json", "jsonl", "csv", "json"][k], "type": value, "attribute": value, "sort_by": value, "start": value, "encoded_search": value, "section": value}
            answer = http.request(operation.method, path, params=query, data=body if operation.method != "GET" else None, headers={"Content-Type": "application/json"})
            seen.add(answer.status_code)
            # what succeeds may lead to the address that was asked: signed URLs of pictures
            found = [text for text in quiet(answer) if answer.status_code >= 400 or text != server.url.removeprefix("http://")]
            if found or answer.status_code >= 500 and answer.status_code != 501 or answer.status_code >= 400 and not answer.headers["Content-Type"].startswith(("application/json", "text/plain")):
                wrong.append((operation.name, answer.status_code, answer.headers["Content-Type"], found, answer.text[:200]))
            if answer.status_code >= 400 and answer.headers["Content-Type"] == "application/json" and not {"message", "detail"} & set(answer.json()):
                wrong.append((operation.name, answer.text[:200]))
            if any(answer.headers.get(name) != text for name, text in SECURITY.items()):
                wrong.append((operation.name, answer.status_code, dict(answer.headers)))
    assert wrong == [], "\n".join(map(str, wrong[:20]))
    assert {400, 404} <= seen


def raw(server, request):
    """(status, headers, body) of an answer to bytes."""
    said = talk(server, request, 8)
    head, _, body = said.partition(b"\r\n\r\n")
    lines = head.decode(errors="replace").split("\r\n")
    return int(lines[0].split()[1]) if lines[0].startswith("HTTP/1.") else 0, {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:] if ": " in line)}, body.decode(errors="replace")


HEAD = "Host: localhost\r\nConnection: close\r\n"


@pytest.mark.parametrize("request_text,status", [
    ("GET / HTTP/1.1\r\n\r\n", 400),
    ("GARBAGE\r\n\r\n", 400),
    ("GET /%zz HTTP/1.1\r\n" + HEAD + "\r\n", 400),
    ("GET /../../etc/passwd HTTP/1.1\r\n" + HEAD + "\r\n", 400),
    ("GET /rest/Projects HTTP/3.7\r\n" + HEAD + "\r\n", 505),
    ("POST /rest/Projects HTTP/1.1\r\n" + HEAD + "Content-Length: x\r\n\r\n", 400),
    ("POST /rest/Projects HTTP/1.1\r\n" + HEAD + "Transfer-Encoding: nonsense\r\n\r\n", 501),
    ("POST /rest/Projects HTTP/1.1\r\n" + HEAD + "Content-Length: 99999999999\r\n\r\n", 413),
    ("GET /" + "a" * 40000 + " HTTP/1.1\r\n" + HEAD + "\r\n", 414),
    ("GET / HTTP/1.1\r\n" + HEAD + "X: " + "a" * 40000 + "\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\n" + HEAD + "".join(f"X{k}: {'a' * 8000}\r\n" for k in range(12)) + "\r\n", 400),
    ("TRACE / HTTP/1.1\r\n" + HEAD + "\r\n", 405),
    ("GET /media/working/x HTTP/1.1\r\n" + HEAD + "\r\n", 403),
    ("GET /media/1/x HTTP/1.1\r\n" + HEAD + "\r\n", 403),
    ("GET /media/ HTTP/1.1\r\n" + HEAD + "\r\n", 403),
    ("GET /auth-project HTTP/1.1\r\n" + HEAD + "\r\n", 404),
    ("POST /metrics HTTP/1.1\r\n" + HEAD + "Content-Length: 0\r\n\r\n", 405),
    ("GET /objects HTTP/1.1\r\n" + HEAD + "\r\n", 403),
    ("GET /objects/tator/../../etc HTTP/1.1\r\n" + HEAD + "\r\n", 404),
    ("GET /nothing HTTP/1.1\r\n" + HEAD + "\r\n", 404),
], ids=lambda value: repr(value)[:40] if isinstance(value, str) else str(value))
def test_errors_before_the_module_tell_nothing(server, request_text, status):
    got, headers, body = raw(server, request_text)
    assert got == status
    assert headers["server"] == "nginx"
    assert not INSIDE.search(body) and not INSIDE.search(str(headers))
    assert not [name for name in headers if name.startswith(("x-powered", "access-control-allow-o", "access-control-allow-c", "via", "x-runtime", "x-aspnet"))]
    assert "sec" not in headers.get("set-cookie", "")


def test_nothing_is_listed_and_nothing_beside_the_folders_is_reached(http, server, project):
    folder = server.var / "media" / str(project.id)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    (folder / "known.txt").write_text("known")
    (folder / ".hidden").write_text("hidden")
    for path in (f"/media/{project.id}/", f"/media/{project.id}", "/media/", "/objects/", "/objects/tator/", "/objects/tator"):
        answer = http.request("GET", path)
        assert "known" not in answer.text and "Index of" not in answer.text, path
        assert answer.status_code in (301, 400, 403, 404), path
    for path in (f"/media/{project.id}/../../tator.env", f"/media/{project.id}/..%2f..%2ftator.env", f"/media/{project.id}/%2e%2e/%2e%2e/tator.env", "/media../tator.env",
                 f"/media/{project.id}/..;/tator.env", f"/media/{project.id}/....//tator.env", "/media%2e%2e/environment", f"/media/{project.id}%2f..%2f..%2fenvironment",
                 "//media/../environment", "/objects/../environment", "/objects/tator/%2e%2e/%2e%2e/environment"):
        said = talk(server, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {server.token}\r\nConnection: close\r\n\r\n")
        assert b"TATOR" not in said and b"POSTGRES" not in said and not said.startswith(b"HTTP/1.1 200"), path


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://localhost.elsewhere.example", "file://", "chrome-extension://x"])
def test_no_origin_but_the_own_may_read(http, server, origin):
    """accounts.md §12: no answer lets a script of another site read it, whatever it asks for."""
    for operation in operations(server.url)[::7]:
        path = re.sub(r"\{\w+\}", "1", operation.path)
        for method in (operation.method, "OPTIONS"):
            answer = http.request(method, path, json={} if method != "GET" else None,
                                  headers={"Origin": origin, "Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "authorization"})
            assert [name for name in answer.headers if name.lower().startswith("access-control-allow")] == [], operation.name


def test_cookies_and_bodies_of_other_types_are_no_requests(server, user):
    """What a form of another site can send without asking the browser's leave is refused: types that are not JSON."""
    person = user()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/xml", "text/json"):
        answer = person.http.request("POST", "/rest/Organizations", data='{"name": "x"}', headers={"Content-Type": kind})
        assert answer.status_code == 400, kind


def test_pages_can_not_be_framed_and_what_they_repeat_is_text(anonymous):
    attack = '"><script>alert(1)</script>'
    for path in ("/accounts/login/", "/registration", "/password-reset-request", "/password-reset", "/registration-confirmation", "/" + uuid.uuid4().hex, "/admin/login/"):
        answer = anonymous.request("GET", path, params={"next": attack, "registration_token": attack, "reset_token": attack, "user": attack, "token": attack, "email": attack})
        assert "<script>alert" not in answer.text, path
        if answer.status_code not in (301,):
            assert answer.headers["X-Frame-Options"] == "DENY", path
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert not quiet(answer), path


def test_the_examples_have_what_the_tests_have():
    """The configuration that is shipped is as tight as the one that is tested."""
    for name in ("conf/nginx.conf.example", "conf/embedded/nginx.conf.template"):
        text = (TOP / name).read_text()
        for directive in (r"server_tokens\s+off", r"client_header_timeout\s+15s", r"client_body_timeout\s+60s", r"large_client_header_buffers\s+4 16k", r"location = /metrics[^}]*deny\s+all",
                          r"location ~ \^/auth-\(project\|admin\)\$ \{\s+internal", r"/media/working \{\s+return 403", r"X-Content-Type-Options nosniff"):
            assert re.search(directive, text), (name, directive)
        text = re.sub(r"#.*", "", text)
        assert not re.search(r"autoindex\s+on|debug_connection|dav_methods|tator_debug_abort\s+on|\$request\b", text), name


def test_the_environment_example_has_no_secrets_of_use():
    text = (TOP / "conf/tator.env.example").read_text()
    for name in ("DJANGO_SECRET_KEY", "POSTGRES_PASSWORD", "TATOR_OBJECTS_SECRET_KEY"):
        value = re.search(rf"^#?\s*{name}=(.*)$", text, re.M)
        assert value is None or len(value[1].strip()) < 8 or "change" in value[1].lower(), name


def test_a_made_server_keeps_its_secrets_to_itself(server):
    for name in ("environment", "tator.env"):
        assert (server.var / name).stat().st_mode & 0o077 == 0, name
    settings = server.settings()
    for name in ("DJANGO_SECRET_KEY", "TATOR_OBJECTS_SECRET_KEY", "POSTGRES_PASSWORD"):
        assert len(settings[name]) >= 20, name


def test_compressed_answers_never_mix_secrets_with_what_was_sent(http):
    """A log-in page has a secret and repeats a parameter: compressed, its length would tell of the secret (BREACH); the secret is masked anew each time."""
    pages = {http.request("GET", "/accounts/login/", params={"next": "/x"}).text for _ in range(3)}
    tokens = {re.search(r'csrfmiddlewaretoken" value="(\w+)"', page)[1] for page in pages}
    assert len(tokens) == 3
    answer = http.request("GET", "/schema", headers={"Accept-Encoding": "gzip"}, stream=True)
    data = answer.raw.read(decode_content=False)
    assert data[:2] != b"\x1f\x8b" or gzip.decompress(data)


def test_the_debugging_header_does_nothing_unless_it_is_turned_on(server):
    with Http(server.url, server.token) as http:
        for k in range(1, 6):
            assert http.request("GET", "/rest/Projects", headers={"X-Tator-Abort-At": str(k)}).status_code == 200


def test_hosts_that_are_not_served_get_nothing():
    """accounts.md §2: with MAIN_HOST set, links in mails and redirects can not be made to lead elsewhere."""
    with Server(MAIN_HOST="tator.example", ALIAS_HOSTS="127.0.0.1") as server, Http(server.url) as anonymous:
        for host, status in (("tator.example", 200), ("127.0.0.1", 200), ("elsewhere.example", 400), ("tator.example.elsewhere.example", 400), ("tator.example@elsewhere.example", 400)):
            for path in ("/check-login/", "/accounts/login/", "/schema", "/rest/User/Exists?username=x"):
                answer = anonymous.request("GET", path, headers={"Host": host, "X-Forwarded-Host": "elsewhere.example", "X-Host": "elsewhere.example"})
                assert answer.status_code == status, (host, path)
                assert "elsewhere.example" not in answer.text + str(answer.headers), (host, path)
