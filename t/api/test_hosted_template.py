"""Hosted templates and what is made of them (contract/operations.md §9 to §11)."""
import http.server
import threading

import pytest

from t.server import Server


class Pages(http.server.BaseHTTPRequestHandler):
    pages, seen = {}, []

    def do_GET(self):
        Pages.seen.append((self.path, dict(self.headers)))
        status, body = Pages.pages.get(self.path, (404, b"gone"))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", body.decode())
            body = b""
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def web():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Pages.base = f"http://127.0.0.1:{server.server_port}"
    yield Pages
    server.shutdown()


def pair(**values):
    return [{"name": name, "value": value} for name, value in values.items()]


@pytest.fixture
def template(http, project, web):
    """template(text, **tparams) hosts a text; answers the template's id."""
    def make(text, status=200, headers=(), **tparams):
        path = f"/{len(web.pages)}"
        web.pages[path] = (status, text if isinstance(text, bytes) else text.encode())
        return http.ok("POST", f"/rest/HostedTemplates/{project.organization}", {"name": "t", "url": web.base + path, "tparams": pair(**tparams),
                                                                                  "headers": pair(**dict(headers))})["id"]
    return make


def applet(http, project, template, **more):
    return http.request("POST", f"/rest/Applets/{project.id}", json={"name": "a", "description": "d", "template": template, **more})


def rendered(http, project, template, **more):
    made = applet(http, project, template, **more)
    assert made.status_code == 201, made.text
    return http.ok("GET", f"/rest/Applet/{made.json()['id']}")["rendered"]


def test_own_values_win_over_the_templates(http, project, template):
    number = template("{{ a }}-{{ b }}-{{ c }}", a="1", b="2")
    assert rendered(http, project, number) == "1-2-"
    assert rendered(http, project, number, tparams=pair(b="x", c="y")) == "1-x-y"


def test_headers_go_to_the_host_and_are_never_shown(http, project, template, web):
    number = template("x", headers={"X-Key": "of the template", "X-Other": "1"})
    assert rendered(http, project, number, headers=pair(**{"X-Key": "of the applet"})) == "x"
    headers = web.seen[-1][1]
    assert (headers["X-Key"], headers["X-Other"]) == ("of the applet", "1") and "Authorization" not in headers
    for path in (f"HostedTemplate/{number}", f"HostedTemplates/{project.organization}", f"Applets/{project.id}"):
        assert "X-Key" not in http.request("GET", f"/rest/{path}").text


@pytest.mark.parametrize("headers", [{"X\r\nY": "1"}, {"X": "1\r\nHost: elsewhere"}, {"X:": "1"}, {"": "1"}])
def test_a_header_that_is_none_is_refused(http, project, web, headers):
    assert http.request("POST", f"/rest/HostedTemplates/{project.organization}", json={"name": "t", "url": web.base, "headers": pair(**headers)}).status_code == 400


@pytest.mark.parametrize("text", ["{% if %}", "{{ a.b.c }}", "{{ 1 / 0 }}", "{{ range(1000000000) }}", "{% include '/etc/passwd' %}"])
def test_what_can_not_be_filled_in_is_refused_with_a_reason(http, project, template, text):
    answer = applet(http, project, template(text))
    assert answer.status_code == 400 and "line 1" in answer.json()["message"]


def test_bytes_of_an_older_code_are_read(http, project, template):
    assert rendered(http, project, template("caf\xe9 {{ a }}".encode("latin-1"), a="ü")) == "café ü"


def test_an_applet_whose_template_broke_hides_no_other(http, project, template, web):
    good, bad = template("good"), template("fine yet")
    first, second = (applet(http, project, number).json()["id"] for number in (good, bad))
    web.pages[f"/{len(web.pages) - 1}"] = (200, b"{% broken")
    assert [(row["id"], row["rendered"]) for row in http.ok("GET", f"/rest/Applets/{project.id}")] == [(first, "good"), (second, None)]
    answer = http.request("GET", f"/rest/Applet/{second}")
    assert answer.status_code == 400 and "can not be filled in" in answer.json()["message"]


def test_a_deleted_template_leaves_what_was_made_of_it(http, project, template):
    number = template("text")
    made = applet(http, project, number).json()["id"]
    http.ok("DELETE", f"/rest/HostedTemplate/{number}")
    shown = http.ok("GET", f"/rest/Applet/{made}")
    assert shown["template"] is None and "rendered" not in shown


def test_only_administrators_make_and_use_templates(http, project, template, user):
    number, person = template("text"), user()
    http.ok("POST", f"/rest/Memberships/{project.id}", {"user": person.id, "permission": "Full Control"})
    assert applet(person.http, project, number).status_code == 400
    body = {"name": "a", "user": person.id, "files_per_job": 1, "template": number}
    assert person.http.request("POST", f"/rest/Algorithms/{project.id}", json=body).status_code == 403
    http.ok("POST", f"/rest/Affiliations/{project.organization}", {"user": person.id, "permission": "Member"})
    for path in (f"HostedTemplate/{number}", f"HostedTemplates/{project.organization}"):
        assert person.http.request("GET", f"/rest/{path}").status_code == 403
    assert person.http.request("DELETE", f"/rest/HostedTemplate/{number}").status_code == 403


def test_a_host_that_is_not_allowed_is_refused_also_by_redirect(web):
    """On a server without a list of origins: public addresses alone."""
    with Server(SERVER_SIDE_REQUEST_ORIGINS="") as server:
        http = server.http()
        organization = http.ok("POST", "/rest/Organizations", {"name": "o"})["id"]
        project = http.ok("POST", "/rest/Projects", {"name": "p", "organization": organization})["id"]
        number = http.ok("POST", f"/rest/HostedTemplates/{organization}", {"name": "t", "url": f"{web.base}/0"})["id"]
        before = len(web.seen)
        answer = http.request("POST", f"/rest/Applets/{project}", json={"name": "a", "description": "d", "template": number})
        assert answer.status_code == 400 and len(web.seen) == before
        assert http.request("POST", f"/rest/HostedTemplates/{organization}", json={"name": "t", "url": "file:///etc/passwd"}).status_code == 403
