"""Fixtures of the tests of transcodes and imports."""
import os
import pathlib
import subprocess
import time
import uuid

import pytest
import requests

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
ENDED = ("succeeded", "failed", "canceled")


@pytest.fixture
def videos(http, project):
    """videos(**fields) makes a video type of the project; answers its id."""
    def make(**fields):
        return http.ok("POST", f"/rest/MediaTypes/{project.id}", {"name": "videos " + uuid.uuid4().hex, "dtype": "video", **fields})["id"]
    return make


@pytest.fixture
def upload(http, project):
    """upload(path, type) puts a file and posts its Transcode; answers (uid of the job, id of the media)."""
    def make(path, kind, **fields):
        info = http.ok("GET", f"/rest/UploadInfo/{project.id}", filename=path.name)
        assert requests.put(info["urls"][0], data=path.read_bytes(), timeout=60).status_code == 200
        url = http.ok("POST", f"/rest/DownloadInfo/{project.id}", {"keys": [info["key"]]})[0]["url"]
        body = {"type": kind, "gid": str(uuid.uuid4()), "uid": str(uuid.uuid4()), "url": url, "name": path.name, "section": "Films",
                "md5": uuid.uuid4().hex, "attributes": {}, **fields}
        made = http.ok("POST", f"/rest/Transcodes/{project.id}", body)
        return made["id"], made["object"]["spec"]["media_id"]
    return make


@pytest.fixture
def ended(http):
    """ended(uid) waits for a job's end and answers its job member with message and attempts."""
    def wait(uid, seconds=240):
        until = time.monotonic() + seconds
        while (job := http.ok("GET", f"/rest/Transcode/{uid}", verbose="true")["job"])["status"] not in ENDED:
            assert time.monotonic() < until, job
            time.sleep(0.3)
        return job
    return wait


@pytest.fixture
def files(http):
    """files(media) answers its row with URLs in place of keys."""
    def get(number):
        return http.ok("GET", f"/rest/Media/{number}", presigned=3600, no_cache="true")
    return get


@pytest.fixture
def worker(tmp_path):
    """worker(path, option…, VARIABLE=…) runs tator-transcode on a file: (folder of its results, the finished process with .peak in kB)."""
    def run_on(path, *options, seconds=120, **environment):
        out = tmp_path / uuid.uuid4().hex
        out.mkdir()
        command = ["/usr/bin/env", "python3", "-c",
                   "import resource, subprocess, sys\n"
                   "done = subprocess.run(sys.argv[1:], capture_output=True)\n"
                   "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
                   "sys.stderr.buffer.write(done.stderr)\n"
                   "sys.exit(done.returncode)",
                   str(TOP / os.environ.get("BUILD", "build") / "tator-transcode"), "--file", str(path), "--output", str(out), *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, env={**os.environ, **environment})
        done.peak = int(done.stdout.split()[0])
        return out, done
    return run_on
