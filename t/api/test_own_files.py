"""Files that the server keeps itself: temporary files, generic files, manifests; algorithms and applets made of them (contract/media.md §15,
operations.md §9, §11)."""
import os
import re
import time

import pytest

from t.server import Server

MANIFEST = b"apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec:\n  entrypoint: main\n"


@pytest.fixture
def link(http, project):
    """link(bytes) is a URL of this deployment that gives them."""
    def make(data):
        place = http.ok("GET", f"/rest/UploadInfo/{project.id}")
        assert http.request("PUT", place["urls"][0], data=data, headers={"Authorization": None}).status_code == 200
        return http.ok("POST", f"/rest/DownloadInfo/{project.id}", {"keys": [place["key"]]})[0]["url"]
    return make


def manifest(http, project, url, name="work.yaml"):
    return http.ok("POST", f"/rest/SaveAlgorithmManifest/{project.id}", {"name": name, "upload_url": url})["url"]


def files(server, project):
    folder = server.var / "media" / str(project.id)
    return sorted(os.listdir(folder)) if folder.exists() else []


def test_members_read_a_temporary_file_and_nobody_else(server, http, project, link, user, anonymous):
    data = os.urandom(3_000_000)
    made = http.ok("POST", f"/rest/TemporaryFiles/{project.id}", {"name": "a b.tar.gz", "url": link(data), "lookup": "x"})
    shown = http.ok("GET", f"/rest/TemporaryFile/{made['id']}")
    assert re.fullmatch(rf"{server.url}/media/{project.id}/[0-9a-f-]{{36}}\.gz", shown["path"])
    answer = http.request("GET", shown["path"])
    assert (answer.status_code, answer.content == data, answer.headers["Content-Length"]) == (200, True, "3000000")
    assert http.request("GET", shown["path"], headers={"Range": "bytes=10-19"}).content == data[10:20]

    stranger = user()
    assert stranger.http.request("GET", shown["path"]).status_code == 403
    assert anonymous.request("GET", shown["path"]).status_code == 403
    http.ok("POST", f"/rest/Memberships/{project.id}", {"user": stranger.id, "permission": "View Only"})
    assert stranger.http.request("GET", shown["path"]).content == data

    http.ok("DELETE", f"/rest/TemporaryFile/{made['id']}")
    assert files(server, project) == [] and http.request("GET", shown["path"]).status_code == 404


@pytest.mark.parametrize("path", ["../../etc/passwd", "..%2f..%2fetc/passwd", "%2e%2e/%2e%2e/%2e%2e/secret/port", "1/../../secret/port"])
def test_nothing_outside_of_the_folder_is_served(server, http, path):
    assert http.request("GET", f"{server.url}/media/{path}").status_code in (400, 403, 404)


def test_what_can_not_be_downloaded_leaves_nothing(server, http, project, link):
    url = link(b"x")
    for body, status in (({"name": "n", "url": "http://127.0.0.1:9/absent", "lookup": "l"}, 400), ({"name": "n", "url": url + "0", "lookup": "l"}, 400),
                         ({"name": "n", "url": "http://192.168.0.1/x", "lookup": "l"}, 403), ({"name": "n", "url": "file:///etc/passwd", "lookup": "l"}, 403),
                         ({"name": "n" * 200, "url": url, "lookup": "l"}, 400)):
        answer = http.request("POST", f"/rest/TemporaryFiles/{project.id}", json=body)
        assert answer.status_code == status, answer.text
    until = time.monotonic() + 10                # it goes with the request, which may end after its answer
    while files(server, project) and time.monotonic() < until:
        time.sleep(0.05)
    assert files(server, project) == []


@pytest.mark.parametrize("name, stored", [("page.html", r"page_[0-9a-f]{16}\.html"), ("../../up.html", r"up_[0-9a-f]{16}\.html"), ("bare", r"bare_[0-9a-f]{16}"),
                                          (".hidden", r"\.hidden_[0-9a-f]{16}"), ("x" * 300 + ".js", r"x{60}_[0-9a-f]{16}\.js")])
def test_names_of_saved_files_stay_in_their_folder(server, http, project, link, name, stored):
    answer = http.ok("POST", f"/rest/SaveGenericFile/{project.id}", {"name": name, "upload_url": link(b"text")})
    assert re.fullmatch(rf"{project.id}/{stored}", answer["url"])
    assert http.request("GET", f"{server.url}/media/{answer['url']}").content == b"text"
    assert answer["project"] == str(project.id)


def test_saving_needs_the_right_to_edit(http, project, link, user, anonymous):
    person, url = user(), link(b"text")
    for path in ("SaveGenericFile", "SaveAlgorithmManifest"):
        body = {"name": "a", "upload_url": url}
        assert anonymous.request("POST", f"/rest/{path}/{project.id}", json=body).status_code == 400
        assert person.http.request("POST", f"/rest/{path}/{project.id}", json=body).status_code == 403
        for name in ("", "..", "a/", "a\x01b"):
            assert http.request("POST", f"/rest/{path}/{project.id}", json={**body, "name": name}).status_code == 400


def test_an_algorithm_goes_with_its_manifest(server, http, project, link):
    admin = http.ok("GET", "/rest/User/GetCurrent")["id"]
    path = manifest(http, project, link(MANIFEST))
    body = {"name": "count", "user": admin, "files_per_job": 2, "manifest": f"elsewhere/{path.split('/')[1]}"}
    one = http.ok("POST", f"/rest/Algorithms/{project.id}", body)["id"]
    assert http.ok("GET", f"/rest/Algorithm/{one}")["manifest"] == path
    assert http.request("POST", f"/rest/Algorithms/{project.id}", json=body).status_code == 400

    two = http.ok("POST", f"/rest/Algorithms/{project.id}", {**body, "name": "same file"})["id"]
    http.ok("DELETE", f"/rest/Algorithm/{one}")
    assert files(server, project) == [path.split("/")[1]], "another algorithm has it"
    http.ok("DELETE", f"/rest/Algorithm/{two}")
    assert files(server, project) == []


def test_deleting_an_algorithm_touches_no_file_of_others(server, http, project, link, organization):
    admin = http.ok("GET", "/rest/User/GetCurrent")["id"]
    other = http.ok("POST", "/rest/Projects", {"name": "another", "organization": organization})["id"]
    body = {"name": "count", "user": admin, "files_per_job": 2}
    kept = http.ok("POST", f"/rest/SaveAlgorithmManifest/{other}", {"name": "kept.yaml", "upload_url": link(MANIFEST)})["url"]
    one = http.ok("POST", f"/rest/Algorithms/{project.id}", {**body, "manifest": manifest(http, project, link(MANIFEST))})["id"]
    for wrong in (kept, "../../secret/port", f"{project.id}/../{kept}"):
        http.ok("PATCH", f"/rest/Algorithm/{one}", {**body, "manifest": wrong})
        assert http.ok("GET", f"/rest/Algorithm/{one}")["manifest"] == wrong
    http.ok("DELETE", f"/rest/Algorithm/{one}")
    assert (server.var / "media" / kept).exists() and (server.var / "secret" / "port").exists()
    http.ok("DELETE", f"/rest/Project/{other}")


@pytest.mark.parametrize("text", [b"a: [1,\nb: }", b"a: *nowhere", b"a: 1\n---\nb: 2", b"\xff\xfe\x00", b"a:\n\t- b", b"x" * 1_100_000])
def test_a_manifest_must_be_yaml(http, project, link, text):
    admin = http.ok("GET", "/rest/User/GetCurrent")["id"]
    path = manifest(http, project, link(text))
    answer = http.request("POST", f"/rest/Algorithms/{project.id}", json={"name": "a", "user": admin, "files_per_job": 1, "manifest": path})
    assert answer.status_code == 400, answer.text


def test_an_applets_file_is_replaced_and_goes_with_it(server, http, project, link):
    def page(name):
        return http.ok("POST", f"/rest/SaveGenericFile/{project.id}", {"name": name, "upload_url": link(b"<p>page</p>")})["url"]
    first, second = page("first.html"), page("second.html")
    made = http.ok("POST", f"/rest/Applets/{project.id}", {"name": "a", "description": "", "html_file": first})["id"]
    assert http.ok("GET", f"/rest/Applet/{made}")["html_file"] == f"/media/{first}"
    assert http.request("PATCH", f"/rest/Applet/{made}", json={"html_file": "absent.html"}).status_code == 400
    http.ok("PATCH", f"/rest/Applet/{made}", {"html_file": second, "categories": ["x"]})
    assert files(server, project) == [second.split("/")[1]]
    shown = http.ok("GET", f"/rest/Applet/{made}")
    assert (shown["html_file"], shown["categories"], shown["name"]) == (f"/media/{second}", ["x"], "a")
    http.ok("DELETE", f"/rest/Applet/{made}")
    assert files(server, project) == [] and http.request("GET", f"/rest/Applet/{made}").status_code == 404


def test_a_client_that_goes_away_leaves_no_file(server, project, link):
    """Whatever it waits for: a directive of the tests' drops it at the n-th wait."""
    url = link(b"x" * 100_000)
    with Server(NGINX_HTTP="tator_debug_abort on;") as own:
        http = own.http()
        organization = http.ok("POST", "/rest/Organizations", {"name": "o"})["id"]
        number = http.ok("POST", "/rest/Projects", {"name": "p", "organization": organization})["id"]
        for wait in range(1, 40):
            try:
                answer = http.request("POST", f"/rest/SaveGenericFile/{number}", json={"name": "a.txt", "upload_url": url},
                                      headers={"X-Tator-Abort-At": str(wait)})
            except OSError:
                continue
            assert answer.status_code == 201
            break
        else:
            raise AssertionError("the request never came to its end")
        folder = own.var / "media" / str(number)
        assert len(list(folder.iterdir())) == 1
        assert own.alarms() == []
        for process in (own.var / "run").glob("nginx.pid"):
            parent = int(process.read_text().split()[0])
            for child in map(int, open(f"/proc/{parent}/task/{parent}/children").read().split()):
                open_files = [os.readlink(f"/proc/{child}/fd/{fd}") for fd in os.listdir(f"/proc/{child}/fd")]
                assert not [path for path in open_files if "/media/" in path]
