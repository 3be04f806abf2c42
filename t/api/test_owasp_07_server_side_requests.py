"""OWASP API7:2023, server-side request forgery: nothing that a user names leads inside, however it is written, redirected or resolved."""
import time
import uuid

import pytest

from t import dns
from t.fileserver import FileServer
from t.server import Http, Server

# What stands for this machine or its neighbours.
HOSTS = ["127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "017700000001", "0x7f.1", "0", "0.0.0.0", "localhost", "LOCALHOST", "localhost.",
         "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "169.254.169.254",
         "[fd00:ec2::254]", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "[fe80::1]", "user:word@127.0.0.1", "example.com@127.0.0.1",
         "127.0.0.1%2f.example.com", "①②⑦.⓪.⓪.①"]
MEMORY = b"the inside's secret"


@pytest.fixture(scope="module")
def closed():
    """Nothing is listed: any public address may be fetched from, no other."""
    with Server(SERVER_SIDE_REQUEST_ORIGINS="") as running:
        yield running
        assert running.alarms() == []


@pytest.fixture
def inside():
    with FileServer({"/secret": MEMORY, "/secret.png": MEMORY, "/bucket/key": MEMORY}) as running:
        yield running


class Project:
    """A person's own organization and project on a server, and everything there that takes a URL."""

    def __init__(self, server):
        name = uuid.uuid4().hex
        server.http().ok("POST", "/rest/Users", {"username": name, "password": "Correct-horse-9", "first_name": "", "last_name": "", "email": name + "@example.com"})
        with Http(server.url) as anonymous:
            token = anonymous.ok("POST", "/rest/Token", {"username": name, "password": "Correct-horse-9"})["token"]
        self.http = server.http(token)
        self.organization = self.http.ok("POST", "/rest/Organizations", {"name": name})["id"]
        self.id = self.http.ok("POST", "/rest/Projects", {"name": name, "organization": self.organization})["id"]
        self.image = self.http.ok("POST", f"/rest/MediaTypes/{self.id}", {"name": "i", "dtype": "image"})["id"]
        self.video = self.http.ok("POST", f"/rest/MediaTypes/{self.id}", {"name": "v", "dtype": "video"})["id"]

    def fetch_all(self, url):
        """The answers of all operations that fetch it at once."""
        file = {"name": "a.png", "upload_url": url}
        media = {"type": self.image, "name": "a.png", "md5": "x", "section": "s", "gid": str(uuid.uuid4()), "uid": str(uuid.uuid4()), "url": url}
        return {
            "TemporaryFiles": self.http.request("POST", f"/rest/TemporaryFiles/{self.id}", json={"name": "a", "url": url, "lookup": "l"}),
            "SaveGenericFile": self.http.request("POST", f"/rest/SaveGenericFile/{self.id}", json=file),
            "SaveAlgorithmManifest": self.http.request("POST", f"/rest/SaveAlgorithmManifest/{self.id}", json=file),
            "Transcodes": self.http.request("POST", f"/rest/Transcodes/{self.id}", json={**media, "type": self.video}),
            "Medias": self.http.request("POST", f"/rest/Medias/{self.id}", json={**media, "thumbnail_url": url}),
        }

    def wait(self):
        """Until no job of the project is running."""
        until = time.monotonic() + 90
        while any(job["job"]["status"].lower() not in ("succeeded", "failed", "canceled") for job in self.http.ok("GET", f"/rest/Transcodes/{self.id}")):
            assert time.monotonic() < until
            time.sleep(0.2)


@pytest.fixture
def project(closed):
    return Project(closed)


def refused(project, url):
    answers = project.fetch_all(url)
    for name in ("TemporaryFiles", "SaveGenericFile", "SaveAlgorithmManifest"):
        assert answers[name].status_code in (400, 403), (name, url, answers[name].text)
    for answer in answers.values():
        assert MEMORY.decode() not in answer.text


def test_addresses_inside_however_they_are_written(closed, project, inside):
    port = inside.origin.rsplit(":", 1)[1]
    for host in HOSTS:
        refused(project, f"http://{host}:{port}/secret.png")
    project.wait()
    assert inside.asked == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "gopher://127.0.0.1:6379/_INFO", "dict://127.0.0.1:6379/info", "ftp://127.0.0.1/x", "ldap://127.0.0.1/",
                                 "unix:///var/run/docker.sock", "//127.0.0.1/x", "127.0.0.1/x", "http:///x", "http://", "jar:http://127.0.0.1!/", "data:,x",
                                 "http://127.0.0.1:99999/", "http://127.0.0.1:0/", "http://[::1/", "\thttp://127.0.0.1/", "http://127.0.0.1\r\nX: 1/", ""])
def test_other_schemes_and_what_is_no_url(project, url):
    refused(project, url)


def test_the_deployment_itself_may_be_asked_but_by_nobody(closed, project):
    """Its own stores are reached by signed URLs alone, its API without the caller's credentials."""
    for path in ("/rest/User/GetCurrent", "/metrics", "/objects/tator/none", "/media/1/x", "/auth-project"):
        answer = project.http.request("POST", f"/rest/SaveGenericFile/{project.id}", json={"name": "x", "upload_url": closed.url + path})
        assert answer.status_code in (400, 403) or "metrics" in path


def test_a_bucket_does_not_open_the_inside(closed, project, inside):
    """Whoever runs an organization enters the address of its stores: it is not thereby one of the deployment."""
    port = inside.origin.rsplit(":", 1)[1]
    for endpoint in (inside.origin, f"http://localhost:{port}", "http://169.254.169.254"):
        config = {"endpoint_url": endpoint, "region_name": "r", "aws_access_key_id": "a", "aws_secret_access_key": "s"}
        bucket = project.http.ok("POST", f"/rest/Buckets/{project.organization}", {"name": "bucket", "store_type": "MINIO", "config": config,
                                                                                  "external_host": endpoint})["id"]
        refused(project, endpoint + "/secret.png")
        # the server's own requests to that store
        other = project.http.ok("POST", "/rest/Projects", {"name": uuid.uuid4().hex, "organization": project.organization, "bucket": bucket})["id"]
        user = project.http.ok("GET", "/rest/User/GetCurrent")["id"]
        project.http.request("PATCH", f"/rest/Project/{other}", json={"thumb": f"_uploads/{project.organization}/{other}/{user}/key"})
        project.http.request("POST", f"/rest/DownloadInfo/{other}", json={"keys": [f"{project.organization}/{other}/1/x"]})
        project.http.request("POST", f"/rest/UploadCompletion/{other}", json={"key": f"{project.organization}/{other}/1/x", "upload_id": "u",
                                                                             "parts": [{"ETag": "e", "PartNumber": 1}, {"ETag": "e", "PartNumber": 2}]})
        project.http.request("GET", f"/rest/UploadInfo/{other}?num_parts=3")
        kind = project.http.ok("POST", f"/rest/FileTypes/{other}", {"name": "f"})["id"]
        file = project.http.ok("POST", f"/rest/Files/{other}", {"name": "f", "description": "", "type": kind})["id"]
        project.http.request("PATCH", f"/rest/File/{file}", json={"path": f"{project.organization}/{other}/files/{file}/x"})
        project.http.request("DELETE", f"/rest/File/{file}")
    project.wait()
    assert inside.asked == []


def test_headers_of_a_template_are_one_line_each(closed, project):
    answer = project.http.request("POST", f"/rest/HostedTemplates/{project.organization}", json={
        "name": "t", "url": "http://192.0.2.1/t", "headers": [{"name": "X", "value": "a\r\nHost: inside"}], "tparams": []})
    if answer.status_code == 201:
        applet = project.http.request("POST", f"/rest/Applets/{project.id}", json={"name": "a", "template": answer.json()["id"]})
        assert applet.status_code in (201, 400, 403)


@pytest.mark.skipif(not dns.possible(), reason="needs a name server's port")
def test_names_that_lead_inside_and_names_that_change(inside):
    """Judged is the address that the connection goes to: of each look-up anew, also of several addresses, also of the second hop."""
    port = inside.origin.rsplit(":", 1)[1]
    names = {"inside.example": [["127.0.0.1"]], "mapped.example": [["::ffff:127.0.0.1"]], "both.example": [["192.88.99.1", "127.0.0.1"]],
             "six.example": [["::1"]], "metadata.example": [["169.254.169.254"]],
             "rebind.example": [["192.88.99.1"], ["127.0.0.1"]], "rebind2.example": [["127.0.0.1"], ["192.88.99.1"], ["127.0.0.1"]]}
    with dns.Names(names) as asked, dns.NamedServer(SERVER_SIDE_REQUEST_ORIGINS="") as server:
        project = Project(server)
        for _ in range(2):
            for name in names:
                refused(project, f"http://{name}:{port}/secret.png")
        project.wait()
        assert set(asked.asked) == set(names)
        assert inside.asked == []
        assert server.alarms() == []


@pytest.mark.skipif(not dns.possible(), reason="needs a name server's port")
def test_a_redirect_from_what_is_allowed_leads_no_further(inside):
    """An allowed origin that sends elsewhere: to addresses, to names, to other schemes, without end."""
    port = inside.origin.rsplit(":", 1)[1]
    with FileServer(host="127.0.0.2") as far, dns.Names({"far.example": [["127.0.0.2"]], "inside.example": [["127.0.0.1"]]}) as asked:
        far_port = far.origin.rsplit(":", 1)[1]
        far.targets = [f"http://127.0.0.1:{port}/secret.png", f"http://inside.example:{port}/secret.png", f"http://[::ffff:127.0.0.1]:{port}/secret.png",
                       "file:///etc/passwd", "gopher://127.0.0.1:6379/_INFO", f"http://far.example:{far_port}/to/5/x", "//127.0.0.1/x"]
        far.files["/fine"] = b"fine"
        with dns.NamedServer(SERVER_SIDE_REQUEST_ORIGINS="http://far.example") as server:
            project = Project(server)
            fine = project.http.request("POST", f"/rest/SaveGenericFile/{project.id}", json={"name": "x", "upload_url": f"http://far.example:{far_port}/fine"})
            assert fine.status_code == 201, fine.text
            for n in range(len(far.targets)):
                refused(project, f"http://far.example:{far_port}/to/{n}/x")
            project.wait()
            assert "far.example" in asked.asked and len(far.asked) > len(far.targets)
            assert inside.asked == []
            assert server.alarms() == []
