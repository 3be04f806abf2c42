"""OWASP API9:2023, improper inventory management: what is answered is what is documented, by the methods that are declared, in one version."""
import re
import uuid

import pytest
import yaml

from t.api.test_parser import statuses, talk
from t.server import TOP, Http

README = (TOP / "README.md").read_text()
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PROPFIND", "MKCOL", "COPY", "MOVE", "LOCK", "PURGE", "QUERY")


@pytest.fixture(scope="module")
def document(server):
    return yaml.load(Http(server.url).get("/schema/").text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def routes():
    """{(method, path)} of the tables in the source."""
    sources = "".join(path.read_text() for path in (TOP / "ngx_tator_module").rglob("*.c"))
    found = set(re.findall(r'\{(GET|POST|PUT|PATCH|DELETE)\(\w+\),\s+"(/[^"]*)"', sources))
    assert len(found) > 230
    return found


def documented(path):
    return re.search(rf"^\| .*`{re.escape(path)}`.*\|", README, re.M)


def test_every_route_is_in_the_schema_or_in_the_readme(document):
    shown = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    hidden = {path for method, path in routes() if (method, path) not in shown}
    assert {path for path in hidden if path.startswith("/rest/")} == set()
    assert [path for path in sorted(hidden) if not documented(path)] == []


def test_every_operation_of_the_schema_has_its_route(document):
    assert {(method.upper(), path) for path, item in document["paths"].items() for method in item} - routes() == set()


def test_every_location_is_in_the_readme():
    for name in ("conf/embedded/nginx.conf.template", "conf/nginx.conf.example"):
        locations = re.findall(r"^\s+location (?:= )?(/\w*/?)", (TOP / name).read_text(), re.M)
        assert {"/media/", "/objects", "/metrics"} <= set(locations)
        assert [path for path in locations if path != "/" and not documented(path) and not path.startswith("/media/working")] == [], name


def test_methods_that_are_not_declared_are_refused_everywhere(http, document):
    """Allow says which there are; a refusal is a refusal for the administrator, too."""
    wrong, asked = [], 0
    for path, item in document["paths"].items():
        declared = {method.upper() for method in item}
        where = re.sub(r"\{(uid|elemental_id)\}", str(uuid.uuid4()), path).replace("{ancestor}", "x")
        where = re.sub(r"\{\w+\}", "999999999", where)
        for method in METHODS:
            if method in declared or not path.startswith("/rest/"):
                continue
            answer = http.request(method, where, json={})
            asked += 1
            allowed = {name for name in answer.headers.get("Allow", "").split(", ") if name != "OPTIONS"}
            if answer.status_code not in (400, 405) or allowed != declared:
                wrong.append((method, path, answer.status_code, answer.headers.get("Allow")))
    assert wrong == []
    assert asked > 1000


def test_methods_of_pages(http):
    pages = {}
    for method, path in routes():
        if not path.startswith("/rest/") and "{" not in path:
            pages.setdefault(path, set()).add(method)
    for path, declared in pages.items():
        if path.startswith("/auth-"):
            continue
        for method in METHODS:
            if method not in declared and not (method == "HEAD" and "GET" in declared):
                answer = http.request(method, path)
                assert answer.status_code == 405, (method, path, answer.status_code)
                assert set(answer.headers["Allow"].split(", ")) - {"HEAD", "OPTIONS"} == declared, path


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "TRACK", "get", "G E T", "", "GET\t", "X" * 100])
def test_methods_that_nobody_has(server, method):
    """TRACE would show a browser's own cookies and tokens to a script; what it was sent must not come back."""
    for path in ("/rest/Projects", "/schema", "/accounts/login/", "/objects/tator/x", "/media/1/x", "/metrics"):
        said = talk(server, f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nX-Secret: 7d2f\r\nConnection: close\r\n\r\n")
        found = statuses(said)
        assert len(found) == 1 and 400 <= found[0] < 500, (path, said[:200])
        assert b"7d2f" not in said


@pytest.mark.parametrize("path", ["/v1/Projects", "/v2/rest/Projects", "/api/Projects", "/api/v1/Projects", "/rest/v1/Projects", "/rest/v2/Projects", "/rest/1.0/Projects",
                                  "/rest-old/Projects", "/beta/rest/Projects", "/test/rest/Projects", "/internal/rest/Projects", "/rest/Project", "/rest/projects",
                                  "/rest/Projects.json", "/rest/Projects/", "/rest", "/rest/", "/graphql", "/rest/graphql", "/swagger.json", "/openapi.json", "/docs/", "/static/",
                                  "/rest/User", "/rest/Debug", "/rest/Health", "/index.php", "/wp-login.php", "/actuator", "/actuator/env", "/console", "/metrics/", "/media"])
def test_there_is_one_version_and_nothing_beside_it(http, path):
    answer = http.request("GET", path)
    assert answer.status_code in (301, 404), answer.text[:100]
    assert answer.status_code == 404 or path == "/media"


def test_a_version_in_headers_or_parameters_changes_nothing(http):
    plain = http.ok("GET", "/rest/User/GetCurrent")
    for headers, query in (({"Accept-Version": "0.1"}, {}), ({"X-API-Version": "0"}, {}), ({"Api-Version": "1"}, {}), ({"X-Tator-Abort-At": "1"}, {}), ({}, {"version": "0.1"}),
                           ({}, {"debug": "1"}), ({"X-Debug": "1"}, {}), ({}, {"api-version": "1"})):
        answer = http.request("GET", "/rest/User/GetCurrent", headers=headers, params=query)
        assert (answer.status_code, answer.json()) == (200, plain), (headers, query)


def test_the_schema_says_what_needs_no_credentials(server, document):
    """Without any, these answer and no others; the list is the contract's (accounts.md §1)."""
    opened = {"UserExists", "CreateUser", "CreateObtainAuthToken", "CreatePasswordReset", "UpdateUser"}
    found = set()
    with Http(server.url) as nobody:
        for path, item in document["paths"].items():
            for method, operation in item.items():
                if not path.startswith("/rest/"):
                    continue
                where = re.sub(r"\{(uid|elemental_id)\}", str(uuid.uuid4()), path).replace("{ancestor}", "x")
                answer = nobody.request(method.upper(), re.sub(r"\{\w+\}", "1", where), json={} if method != "get" else None)
                if answer.status_code < 300:
                    found.add(operation["operationId"])
    assert found - opened == set()
