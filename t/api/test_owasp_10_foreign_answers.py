"""OWASP API10:2023, unsafe consumption of APIs: stores, template servers and whoever is asked for a file may answer anything, or never."""
import concurrent.futures
import pathlib
import time
import uuid

import pytest

from t.hostile import Hostile

# What comes to its end by itself; the others come to the server's limits of time or size.
QUICK = ("promised", "cut", "headers", "garbage", "status", "old", "nothing", "error", "denied", "bomb", "chunks", "entities", "deep", "page", "around", "away", "split")
TAKEN = ("page", "promised", "bomb") # their status is one of success
LONG = ("endless", "silent", "dripping")


def memory(server):
    """Bytes of all workers of NGINX."""
    master = server.pid("nginx")
    children = pathlib.Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return sum(int(pathlib.Path(f"/proc/{child}/statm").read_text().split()[1]) * 4096 for child in children)


@pytest.fixture
def held(server, http):
    """Whatever was answered: the workers are the same, small, and answer others at once."""
    master = server.pid("nginx")
    children, before = pathlib.Path(f"/proc/{master}/task/{master}/children").read_text(), memory(server)
    yield
    assert pathlib.Path(f"/proc/{master}/task/{master}/children").read_text() == children
    assert memory(server) - before < 64 << 20
    assert http.request("GET", "/rest/User/GetCurrent").status_code == 200


def in_form(answer):
    """A refusal, or an answer in form; of what the other side said nothing but perhaps a status."""
    assert answer.status_code in (200, 201, 400, 403, 404, 502, 503, 504), answer.text[:300]
    if answer.status_code >= 400:
        assert answer.headers["Content-Type"] == "application/json", answer.text[:300]
        assert answer.json()["message"]
    for text in ("secret!", "root:x:", "aaaaaaaaaaaaaaaaaaaa", "<script>", "X-Injected"):
        assert text not in answer.text and text not in str(answer.headers)
    return answer


def test_files_that_are_fetched(server, http, project, held):
    with Hostile() as hostile:
        for manner in QUICK:
            for path, body in ((f"/rest/SaveGenericFile/{project.id}", {"name": "x", "upload_url": hostile.url(manner)}),
                               (f"/rest/TemporaryFiles/{project.id}", {"name": "x", "url": hostile.url(manner), "lookup": uuid.uuid4().hex})):
                answer = in_form(http.request("POST", path, json=body))
                if manner in ("promised", "cut", "headers", "garbage", "status", "old", "nothing", "error", "denied", "chunks", "around", "away", "split"):
                    assert answer.status_code >= 400, (manner, path)
        assert len(hostile.asked) >= 2 * len(QUICK)
        assert sum("/around/" in line for line in hostile.asked) <= 2 * 6, "redirects end"
    left = [path for path in (server.var / "media").rglob("*") if path.is_file() and str(project.id) in str(path) and path.stat().st_size > 65 << 20]
    assert left == []


def template(http, project, url):
    """The answer to an applet whose template is there."""
    made = http.ok("POST", f"/rest/HostedTemplates/{project.organization}", {"name": uuid.uuid4().hex, "url": url, "headers": [], "tparams": []})["id"]
    return http.request("POST", f"/rest/Applets/{project.id}", json={"name": uuid.uuid4().hex, "description": "", "template": made})


def test_templates(http, project, held):
    with Hostile() as hostile, concurrent.futures.ThreadPoolExecutor(8) as pool:
        manners = [manner for manner in QUICK + LONG if manner not in ("page", "old", "promised", "entities", "deep")]
        for answer in pool.map(lambda manner: template(http, project, hostile.url(manner)), manners):
            in_form(answer)
        assert template(http, project, hostile.url("page")).status_code == 400, "a loop of a thousand million turns"


@pytest.mark.parametrize("kind", ["MINIO", "AZURE"])
def test_stores(http, project, user, held, kind):
    """All that the server itself asks of an organization's bucket: begin, complete, look, take, delete."""
    def attack(manner):
        with Hostile(manner) as hostile:
            config = {"endpoint_url": hostile.origin, "region_name": "r", "aws_access_key_id": "a", "aws_secret_access_key": "s"}
            if kind == "AZURE":
                config = {"connection_string": f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=c2VjcmV0;BlobEndpoint={hostile.origin}/a"}
            bucket = http.ok("POST", f"/rest/Buckets/{project.organization}", {"name": "hostile", "store_type": kind, "config": config})["id"]
            other = http.ok("POST", "/rest/Projects", {"name": uuid.uuid4().hex, "organization": project.organization, "bucket": bucket, "upload_bucket": bucket})["id"]
            me = http.ok("GET", "/rest/User/GetCurrent")["id"]
            in_form(http.request("GET", f"/rest/UploadInfo/{other}?num_parts=3"))
            in_form(http.request("PATCH", f"/rest/Project/{other}", json={"thumb": f"_uploads/{project.organization}/{other}/{me}/key"}))
            if manner in QUICK: # to join the parts of a large object a store may take its time
                parts = [{"ETag": "e", "PartNumber": k} for k in (1, 2)]
                answer = in_form(http.request("POST", f"/rest/UploadCompletion/{other}", json={"key": f"{project.organization}/{other}/1/x", "upload_id": "u", "parts": parts}))
                assert answer.status_code >= 400 or manner in TAKEN, (manner, answer.text)
            assert hostile.asked or kind == "AZURE" and manner in LONG, manner # AZURE begins no uploads
            http.ok("DELETE", f"/rest/Project/{other}")

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(attack, QUICK + LONG))


def test_others_are_answered_while_some_wait(server, user, project):
    """Twenty requests that wait for somebody who never answers hold nobody else."""
    person, during = user(), 0
    with Hostile() as hostile, concurrent.futures.ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(template, server.http(), project, hostile.url("silent")) for _ in range(20)]
        until = time.monotonic() + 60
        while not hostile.asked and time.monotonic() < until:
            time.sleep(0.05)
        assert hostile.asked
        while not all(future.done() for future in waiting):
            assert person.http.request("GET", "/rest/User/GetCurrent", timeout=60).status_code == 200
            during += not all(future.done() for future in waiting)
        assert during > 0, "they were answered before the others gave up"
        for future in waiting:
            in_form(future.result())
