"""Sources of transcodes: public URLs with lost connections and without ranges, lists of URLs, other buckets."""
import json
import subprocess
import uuid

import pytest
import requests

from t.fileserver import FileServer


@pytest.fixture
def transcode(http, project):
    """transcode(url, type) posts a Transcode of a URL; answers (uid, media)."""
    def post(url, kind, name="film.mp4", **fields):
        body = {"type": kind, "gid": str(uuid.uuid4()), "uid": str(uuid.uuid4()), "url": url, "name": name, "section": "Films", "md5": uuid.uuid4().hex,
                "attributes": {}, **fields}
        made = http.ok("POST", f"/rest/Transcodes/{project.id}", body)
        return made["id"], made["object"]["spec"]["media_id"]
    return post


def noisy(folder, seconds=3):
    """A video of some megabytes."""
    path = folder / "noisy.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=size=320x180:rate=25:duration={seconds},noise=alls=90:allf=t",
                    "-c:v", "libx264", "-preset", "ultrafast", "-crf", "4", "-pix_fmt", "yuv420p", str(path)], check=True)
    return path.read_bytes()


@pytest.mark.parametrize("manner", ["", "/plain", "/lossy", "/faulty", "/partly"])
def test_a_url_is_read_to_its_end(transcode, videos, ended, files, tmp_path, manner):
    """With ranges, without, with connections that break all the time, with a server that is down for a while, with one that sends less than is asked."""
    data = noisy(tmp_path)
    with FileServer({"/film.mp4": data}, step=len(data) // 3, faults=2) as far:
        uid, number = transcode(far.url(manner + "/film.mp4"), videos(streaming_config=[{"resolution": 90}],
                                                                       archive_config=[{"encode": {"vcodec": "copy"}}]))
        job = ended(uid)
        assert job["status"] == "succeeded" and job["attempts"] == 1, job
        assert files(number)["num_frames"] == 75
        assert files(number)["media_files"]["archival"][0]["size"] == len(data)
        if manner == "/lossy":  # each try goes on where the one before ended
            starts = [int(span.split("=")[1].split("-")[0]) for path, span in far.asked]
            assert len(set(starts)) >= 3


@pytest.mark.parametrize("manner, reason", [("/shifted", "another part than was asked for"), ("/growing", "has changed while it was read")])
def test_a_server_that_sends_something_else_is_not_believed(transcode, videos, ended, tmp_path, manner, reason):
    data = noisy(tmp_path)
    with FileServer({"/film.mp4": data}, step=len(data) // 2) as far:
        job = ended(transcode(far.url(manner + "/film.mp4"), videos(streaming_config=[{"resolution": 90}]))[0])
        assert job["status"] == "failed" and reason in job["message"], job


def test_a_missing_file_fails_at_once_and_a_dead_server_after_three_tries(http, transcode, videos, ended):
    kind = videos(streaming_config=[{"resolution": 90}])
    with FileServer() as far:
        uid, _ = transcode(far.url("/nothing.mp4"), kind, size=10)
        job = ended(uid)
        assert (job["status"], job["attempts"]) == ("failed", 1) and "404" in job["message"]


def test_a_list_of_urls_is_one_video(transcode, videos, ended, files, tmp_path):
    """In order, whatever their sizes and rates are, without sound; entries of any origin that is allowed."""
    made = [("red", "320x180", 25), ("blue", "200x300", 30), ("green", "640x360", 25)]
    content = {}
    for k, (colour, size, rate) in enumerate(made):
        path = tmp_path / f"{k}.mp4"
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"color=c={colour}:size={size}:rate={rate}:duration=1", "-f", "lavfi", "-i",
                        "sine=duration=1", "-pix_fmt", "yuv420p", "-c:a", "aac", str(path)], check=True)
        content[f"/{k}.mp4"] = path.read_bytes()
    with FileServer(content) as far:
        far.files["/list.json"] = json.dumps([far.url(f"/{k}.mp4") for k in range(3)]).encode()
        uid, number = transcode(far.url("/list.json"), videos(streaming_config=[{"resolution": 180}], archive_config=[{"encode": {"vcodec": "copy"}}]))
        job = ended(uid)
        assert job["status"] == "succeeded", job
        media = files(number)
        assert (media["num_frames"], media["fps"], media["width"], media["height"]) == (80, 25.0, 320, 180)
        assert sorted(media["media_files"]) == ["streaming", "thumbnail", "thumbnail_gif"]
        stored = tmp_path / "stored.mp4"
        stored.write_bytes(requests.get(media["media_files"]["streaming"][0]["path"], timeout=60).content)
        pixels = subprocess.run(["ffmpeg", "-v", "error", "-i", str(stored), "-vf", "scale=1:1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
                                capture_output=True, check=True).stdout
        shown = ["rgb"[max(range(3), key=lambda c: pixels[3 * n + c])] for n in range(80)]
        assert "".join(shown) == "r" * 25 + "b" * 30 + "g" * 25


def test_a_list_that_is_none_and_entries_elsewhere(transcode, videos, ended, tmp_path):
    kind = videos(streaming_config=[{"resolution": 90}])
    cases = {b"{}": "no JSON list", b"[]": "no JSON list", b"[1]": "no JSON list", b'["/etc/passwd"]': "not from an allowed origin",
             b'["file:///etc/passwd"]': "not from an allowed origin", b'["http://169.254.169.254/a"]': "not from an allowed origin",
             b'["http://127.0.0.2/a.mp4"]': "not from an allowed origin"}
    with FileServer({f"/{k}.json": text for k, text in enumerate(cases)}) as far:
        jobs = [transcode(far.url(f"/{k}.json"), kind)[0] for k in range(len(cases))]
        for uid, reason in zip(jobs, cases.values()):
            job = ended(uid)
            assert job["status"] == "failed" and reason in job["message"], (reason, job)
