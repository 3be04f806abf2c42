"""Hostile media and addresses: nothing local is read, nothing inside is reached, nothing grows without end."""
import os
import struct
import subprocess
import time
import uuid

import pytest

from t.fileserver import FileServer
from t.server import Server

SECRET = "the-secret-of-this-machine"


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret.txt"
    path.write_text(SECRET)
    return path


def playlists(secret, far):
    """Files that name other files, by what they are called."""
    return {
        "hls.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{secret}\n#EXT-X-ENDLIST\n",
        "hls.mp4": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{far.url('/asked.ts')}\n#EXT-X-ENDLIST\n",
        "hls-concat.avi": f"#EXTM3U\n#EXTINF:2,\nconcat:{secret}|{far.url('/asked.ts')}\n#EXT-X-ENDLIST\n",
        "concat.mp4": f"ffconcat version 1.0\nfile '{secret}'\n",
        "concat-protocol.mp4": f"concat:{secret}|{secret}",
        "file.mp4": f"file://{secret}",
        "subfile.mp4": f"subfile,,start,0,end,20,,:{secret}",
        "dash.mpd": f"<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011' type='static' mediaPresentationDuration='PT1S'><Period><AdaptationSet>"
                    f"<Representation id='1' mimeType='video/mp4'><BaseURL>file://{secret}</BaseURL></Representation></AdaptationSet></Period></MPD>",
        "sdp.sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {far.server.server_address[1]} RTP/AVP 96\na=rtpmap:96 H264/90000\n",
        "smil.smil": f"<smil><body><video src='file://{secret}'/></body></smil>",
        "ram.ram": far.url("/asked.ts"),
        "image2.png": f"{secret}",
        "svg.svg": f"<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' width='100' height='100'>"
                   f"<image xlink:href='file://{secret}' width='100' height='100'/></svg>",
        "mvg.mvg": f"push graphic-context\nviewbox 0 0 640 480\nimage over 0,0 0,0 'url({far.url('/asked.png')})'\npop graphic-context\n",
        "eps.eps": f"%!PS-Adobe-3.0 EPSF-3.0\n({secret}) run\n",
    }


def test_files_that_name_other_files_open_none(worker, secret, tmp_path):
    """Neither as video nor as image; and nobody is asked for anything."""
    with FileServer({"/asked.ts": b"x", "/asked.png": b"x"}) as far:
        for name, text in playlists(secret, far).items():
            (tmp_path / name).write_text(text)
            for options in ((), ("--image",)):
                out, done = worker(tmp_path / name, *options)
                assert done.returncode == 10, (name, options, done.stderr)
                assert SECRET not in done.stderr
                assert not any(SECRET.encode() in path.read_bytes() for path in out.iterdir() if path.is_file())
        assert far.asked == []


@pytest.mark.parametrize("form", ["avi", "y4m", "gif", "ivf"])
def test_headers_that_promise_huge_pictures(worker, tmp_path, form):
    """65,535 × 65,535 pixels, in headers of videos: refused at once, and little memory is used."""
    path = tmp_path / f"huge.{form}"
    if form == "y4m":
        path.write_bytes(b"YUV4MPEG2 W65535 H65535 F25:1 Ip A1:1 C420jpeg\nFRAME\n" + bytes(100000))
    elif form == "gif":
        path.write_bytes(b"GIF89a" + struct.pack("<HH", 65535, 65535) + b"\x80\0\0" + bytes(6) + b"," + struct.pack("<HHHH", 0, 0, 65535, 65535) +
                         b"\0\x02\x02D\x01\0;")
    elif form == "ivf":
        path.write_bytes(b"DKIF" + struct.pack("<HH4sHHIIII", 0, 32, b"VP80", 65535, 65535, 25, 1, 1, 0) + struct.pack("<IQ", 10, 0) +
                         b"\x10\x02\x00\x9d\x01\x2a\xff\xff\xff\xff")
    else:
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=5:duration=1", "-c:v", "rawvideo", "-pix_fmt", "bgr24",
                        str(path)], check=True)
        data = bytearray(path.read_bytes())
        at = data.index(b"strf") + 8
        data[at + 4:at + 12] = struct.pack("<ii", 65535, 65535)
        path.write_bytes(data)
    begun = time.monotonic()
    out, done = worker(path, "--type", '{"streaming_config": [{"resolution": 144}]}')
    assert done.returncode == 10, (done.returncode, done.stderr)
    assert time.monotonic() - begun < 30
    if "sanitize" not in os.environ.get("BUILD", ""):
        assert done.peak < 500_000, done.peak


def test_memory_has_a_limit(worker, clip):
    if "sanitize" in os.environ.get("BUILD", ""):
        pytest.skip("the sanitizers need more")
    out, done = worker(clip(1, 1280, 720, sound=False), TATOR_TRANSCODE_MEMORY="60")
    assert done.returncode in (10, 11) and done.stderr, (done.returncode, done.stderr)


@pytest.fixture(scope="module")
def closed():
    """A server that lets users fetch from nowhere inside, with little room on disk for its jobs."""
    with Server(SERVER_SIDE_REQUEST_ORIGINS="", TATOR_TRANSCODE_DISK="20") as running:
        yield running


@pytest.fixture
def server(request):
    return request.getfixturevalue("closed" if "closed" in request.fixturenames else "open_server")


@pytest.fixture(scope="module")
def open_server():
    with Server(TATOR_TRANSCODE_DISK="20", SERVER_SIDE_REQUEST_ORIGINS="http://127.0.0.1,http://localhost,https://127.0.0.1") as running:
        yield running


def outcome(http, project, kind, url, **fields):
    """The end of a transcode of a URL."""
    body = {"type": kind, "gid": str(uuid.uuid4()), "uid": str(uuid.uuid4()), "url": url, "name": "film.mp4", "section": "S", "md5": uuid.uuid4().hex,
            "size": 1000, **fields}
    uid = http.ok("POST", f"/rest/Transcodes/{project.id}", body)["id"]
    end = time.monotonic() + 120
    while (job := http.ok("GET", f"/rest/Transcode/{uid}", verbose="true")["job"])["status"] not in ("succeeded", "failed"):
        assert time.monotonic() < end, job
        time.sleep(0.1)
    return job


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "127.1", "2130706433", "169.254.169.254", "10.0.0.1", "[::ffff:127.0.0.1]"])
def test_private_addresses_are_refused(closed, http, project, videos, host):
    """However they are written, also when a name leads to them; the server there hears nothing."""
    kind = videos(streaming_config=[{"resolution": 90}])
    with FileServer({"/film.mp4": b"x"}, host="127.0.0.1") as far:
        port = far.origin.rsplit(":", 1)[1]
        job = outcome(http, project, kind, f"http://{host}:{port}/film.mp4")
        assert job["status"] == "failed" and "private address" in job["message"], job
        assert far.asked == []


@pytest.mark.parametrize("scheme", ["file:///etc/passwd", "ftp://127.0.0.1/a", "gopher://127.0.0.1:6379/_INFO", "concat:/etc/passwd|/etc/passwd", "/etc/passwd",
                                    "dict://127.0.0.1:6379/info"])
def test_other_schemes_are_refused_at_once(open_server, http, project, videos, scheme):
    kind = videos(streaming_config=[{"resolution": 90}])
    answer = http.request("POST", f"/rest/Transcodes/{project.id}", json={"type": kind, "gid": str(uuid.uuid4()), "uid": str(uuid.uuid4()), "url": scheme,
                                                                           "name": "a.mp4", "section": "S", "md5": "x", "size": 10})
    assert answer.status_code in (400, 403)


def test_redirects_lead_nowhere_inside(open_server, http, project, videos, clip):
    """From an allowed origin to an allowed one they do; to any other not, and not to files or in circles."""
    kind = videos(streaming_config=[{"resolution": 90}])
    film = clip(1, 160, 90, sound=False).read_bytes()
    with FileServer({"/film.mp4": film}, host="127.0.0.2") as inside, FileServer({"/film.mp4": film}) as far:
        far.targets = [far.url("/film.mp4"), inside.url("/film.mp4"), "http://169.254.169.254/latest/meta-data", "file:///etc/passwd", far.url("/to/4/"),
                       "gopher://127.0.0.1:6379/_INFO"]
        assert outcome(http, project, kind, far.url("/to/0/film.mp4"))["status"] == "succeeded"
        for n in range(1, len(far.targets)):
            job = outcome(http, project, kind, far.url(f"/to/{n}/film.mp4"))
            assert job["status"] == "failed", (far.targets[n], job)
        assert inside.asked == []


def test_a_server_that_is_not_who_it_says_it_is(open_server, http, project, videos, tmp_path):
    """https with a certificate that nobody has signed: nothing is asked for."""
    kind = videos(streaming_config=[{"resolution": 90}])
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "both.pem", "-out", "certificate.pem", "-days", "2", "-subj", "/CN=test",
                    "-addext", "subjectAltName=IP:127.0.0.1"], cwd=tmp_path, check=True, capture_output=True)
    with open(tmp_path / "both.pem", "ab") as both:
        both.write((tmp_path / "certificate.pem").read_bytes())
    with FileServer({"/film.mp4": b"x"}, certificate=tmp_path / "both.pem") as far:
        job = outcome(http, project, kind, far.url("/film.mp4"))
        assert job["status"] == "failed" and job["attempts"] == 1 and "certificate" in job["message"], job
        assert far.asked == []


def test_a_stream_without_end_is_ended(open_server, http, project, videos):
    """By the room that a job may take on disk."""
    kind = videos(streaming_config=[{"resolution": 90}])
    with FileServer() as far:
        job = outcome(http, project, kind, far.url("/endless/film.mp4"))
        assert job["status"] == "failed" and "larger than what the disk can take" in job["message"], job
