"""Fixtures of all suites. One server a session; after each test its log, the sanitizers and the database are looked at."""
import subprocess
import uuid
from types import SimpleNamespace

import pytest
import tator

from t.server import Http, Server


@pytest.fixture(scope="session")
def server():
    with Server() as running:
        yield running


@pytest.fixture(autouse=True)
def quiet(request):
    """Nothing crashed, nothing was reported, no statement was left behind, whatever the test was about."""
    yield
    running = request.node.funcargs.get("server") if hasattr(request.node, "funcargs") else None
    if running is None:
        return
    assert running.alarms() == []
    assert running.idle() == []


@pytest.fixture
def http(server):
    """Plain HTTP as the administrator."""
    with server.http() as session:
        yield session


@pytest.fixture
def anonymous(server):
    """Plain HTTP without credentials."""
    with Http(server.url) as session:
        yield session


@pytest.fixture(scope="session")
def api(server):
    """The real client, as the administrator."""
    return tator.get_api(server.url, server.token)


@pytest.fixture
def user(server, http):
    """user() makes a person: .id .username .password .token .http .api"""
    def make(**fields):
        name = "user" + uuid.uuid4().hex[:12]
        body = {"username": name, "password": "Correct-horse-9", "first_name": "First", "last_name": "Last", "email": f"{name}@example.com", **fields}
        made = http.ok("POST", "/rest/Users", body)
        token = Http(server.url).ok("POST", "/rest/Token", {"username": body["username"], "password": body["password"]})["token"]
        return SimpleNamespace(id=made["id"], username=body["username"], password=body["password"], email=body["email"], token=token,
                               http=server.http(token), api=tator.get_api(server.url, token))
    return make


@pytest.fixture
def organization(http):
    """An organization's id."""
    return http.ok("POST", "/rest/Organizations", {"name": "organization " + uuid.uuid4().hex})["id"]


@pytest.fixture
def project(http, organization):
    """A project of an organization of its own: .id .name .organization .version, and .types() for media and annotation types."""
    name = "project " + uuid.uuid4().hex
    made = http.ok("POST", "/rest/Projects", {"name": name, "summary": "made by a test", "organization": organization})["id"]
    found = SimpleNamespace(id=made, name=name, organization=organization, version=http.ok("GET", f"/rest/Versions/{made}")[0]["id"])

    def types():
        attributes = [{"name": "Text", "dtype": "string"}, {"name": "Count", "dtype": "int"}, {"name": "Score", "dtype": "float"},
                      {"name": "Checked", "dtype": "bool"}, {"name": "Kind", "dtype": "enum", "choices": ["a", "b", "c"]}]
        found.image = http.ok("POST", f"/rest/MediaTypes/{made}", {"name": "images", "dtype": "image", "attribute_types": attributes})["id"]
        found.video = http.ok("POST", f"/rest/MediaTypes/{made}", {"name": "videos", "dtype": "video", "attribute_types": attributes})["id"]
        found.box = http.ok("POST", f"/rest/LocalizationTypes/{made}", {"name": "boxes", "dtype": "box", "media_types": [found.image, found.video],
                                                                         "attribute_types": attributes})["id"]
        found.state = http.ok("POST", f"/rest/StateTypes/{made}", {"name": "states", "association": "Frame", "media_types": [found.video],
                                                                    "attribute_types": attributes})["id"]
        return found
    found.types = types
    return found


@pytest.fixture
def media(http, project):
    """media(n) makes n image rows without files in the project (with types) and answers their ids."""
    project.types()

    def make(count=1, kind="image"):
        return [http.ok("POST", f"/rest/Medias/{project.id}", {"type": getattr(project, kind), "name": f"media{k}.png", "md5": uuid.uuid4().hex,
                                                               "section": "a section"})["id"] for k in range(count)]
    return make


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """clip(seconds, width, height, rate) makes a video with sound, once of each kind; answers its path."""
    folder = tmp_path_factory.mktemp("clips")

    def make(seconds=2, width=320, height=240, rate=25, sound=True):
        path = folder / f"clip-{seconds}-{width}x{height}-{rate}-{int(sound)}.mp4"
        if not path.exists():
            tone = ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={seconds}", "-c:a", "aac"] if sound else []
            subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=size={width}x{height}:rate={rate}:duration={seconds}",
                            *tone, "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", str(path)], check=True)
        return path
    return make
