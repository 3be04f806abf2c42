"""The queue: fairness, cancelling, retries, poison, crashes, metrics."""
import os
import signal
import time
import uuid

import pytest
import requests

from t.fileserver import FileServer
from t.server import Server, free_port


@pytest.fixture(scope="module")
def queue_port():
    return free_port()


@pytest.fixture(scope="module")
def server(queue_port):
    """One job at a time, so that their order is seen; a source's server is asked once, and then the job is put off."""
    with Server(TATOR_TRANSCODE_PORT=str(queue_port), TATOR_TRANSCODE_LEASE="5", TATOR_TRANSCODE_TRIES="1") as running:
        yield running


def worker_pid(server):
    return server.pid("worker-transcode-1")


def children(pid):
    return [int(word) for word in open(f"/proc/{pid}/task/{pid}/children").read().split()]


def jobs(server):
    """(broker, the confined process) of each job that runs."""
    found = []
    for broker in children(worker_pid(server)):
        try:
            found += [(broker, confined) for confined in children(broker)]
        except FileNotFoundError:
            pass
    return found


def until(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError("never: " + what)


def metrics(port):
    text = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if not line.startswith("#")}


def place(http):
    """An organization with a project and a video type of its own."""
    organization = http.ok("POST", "/rest/Organizations", {"name": "organization " + uuid.uuid4().hex})["id"]
    project = http.ok("POST", "/rest/Projects", {"name": "project " + uuid.uuid4().hex, "summary": "", "organization": organization})["id"]
    kind = http.ok("POST", f"/rest/MediaTypes/{project}", {"name": "videos", "dtype": "video", "streaming_config": [{"resolution": 90}]})["id"]
    return project, kind


def post(http, project, kind, url, **fields):
    body = {"type": kind, "gid": str(uuid.uuid4()), "uid": str(uuid.uuid4()), "url": url, "name": "film.mp4", "section": "S", "md5": uuid.uuid4().hex,
            "size": 1000, **fields}
    return http.ok("POST", f"/rest/Transcodes/{project}", body)["id"]


def job_of(http, uid):
    return http.ok("GET", f"/rest/Transcode/{uid}", verbose="true")["job"]


def test_many_uploads_of_one_do_not_delay_anothers(http, server, user, clip):
    """Thirty jobs wait; one of another organization, and one of another user of the same, come next but one at the latest."""
    film = clip(1, 160, 90, sound=False).read_bytes()
    busy, kind = place(http)
    other, other_kind = place(http)
    colleague = user()
    http.ok("POST", f"/rest/Memberships/{busy}", {"user": colleague.id, "permission": "Full Control"})
    with FileServer({"/film.mp4": film}) as far:
        flood = [post(http, busy, kind, far.url("/film.mp4")) for _ in range(30)]
        single = post(http, other, other_kind, far.url("/film.mp4"))
        beside = post(colleague.http, busy, kind, far.url("/film.mp4"))
        for uid in (single, beside):
            until(lambda: job_of(http, uid)["status"] == "succeeded", "the single job")
        done = sum(job_of(http, uid)["status"] == "succeeded" for uid in flood)
        assert done < 20, done
        # the flood itself goes by age
        states = [job_of(http, uid)["status"] for uid in flood]
        assert states == sorted(states, key=["succeeded", "running", "pending"].index)
        http.request("DELETE", f"/rest/Transcodes/{busy}")
        until(lambda: not jobs(server), "the end of the flood")


def test_cancelling_ends_an_encoding_job_within_two_seconds(http, server, clip):
    project, kind = place(http)
    http.ok("PATCH", f"/rest/MediaType/{kind}", {"streaming_config": [{"resolution": 720, "preset": "veryslow"}]})
    with FileServer({"/film.mp4": clip(20, 1280, 720).read_bytes()}) as far:
        uid = post(http, project, kind, far.url("/film.mp4"))
        until(lambda: job_of(http, uid)["progress"] > 0.01, "progress")
        assert http.ok("GET", f"/rest/Transcode/{uid}")["job"]["progress"] > 0
        begun = time.monotonic()
        http.ok("DELETE", f"/rest/Transcode/{uid}")
        until(lambda: not jobs(server), "the end of the processes")
        assert time.monotonic() - begun < 2


@pytest.mark.parametrize("crash, reason", [(signal.SIGSEGV, "Segmentation fault"), (signal.SIGXCPU, "more processor time than it may")])
def test_a_crash_is_a_failed_job_and_the_next_one_succeeds(http, server, clip, crash, reason):
    project, kind = place(http)
    http.ok("PATCH", f"/rest/MediaType/{kind}", {"streaming_config": [{"resolution": 720, "preset": "veryslow"}]})
    daemon = worker_pid(server)
    with FileServer({"/long.mp4": clip(20, 1280, 720).read_bytes(), "/film.mp4": clip(1, 160, 90, sound=False).read_bytes()}) as far:
        uid = post(http, project, kind, far.url("/long.mp4"))
        _, confined = until(lambda: jobs(server), "a job")[0]
        until(lambda: job_of(http, uid)["progress"] > 0, "progress")
        os.kill(confined, crash)
        until(lambda: job_of(http, uid)["status"] == "failed", "failure")
        assert reason in job_of(http, uid)["message"]
        again = post(http, project, kind, far.url("/film.mp4"))
        until(lambda: job_of(http, again)["status"] == "succeeded", "success")
    assert worker_pid(server) == daemon and os.path.exists(f"/proc/{daemon}")


def test_a_broken_broker_is_a_failed_job(http, server, clip):
    project, kind = place(http)
    http.ok("PATCH", f"/rest/MediaType/{kind}", {"streaming_config": [{"resolution": 720, "preset": "veryslow"}]})
    with FileServer({"/long.mp4": clip(20, 1280, 720).read_bytes()}) as far:
        uid = post(http, project, kind, far.url("/long.mp4"))
        broker, confined = until(lambda: jobs(server), "a job")[0]
        os.kill(broker, signal.SIGSEGV)
        until(lambda: job_of(http, uid)["status"] == "failed", "failure")
        until(lambda: not os.path.exists(f"/proc/{confined}"), "the end of the confined process")


def test_a_poison_job_ends_after_three_tries(http, server, clip):
    """One that takes its processes with it each time, by being killed from outside as the system does it when memory runs out."""
    project, kind = place(http)
    http.ok("PATCH", f"/rest/MediaType/{kind}", {"streaming_config": [{"resolution": 720, "preset": "veryslow"}]})
    with FileServer({"/long.mp4": clip(20, 1280, 720).read_bytes()}) as far:
        uid = post(http, project, kind, far.url("/long.mp4"))
        for attempt in (1, 2, 3):
            until(lambda: job_of(http, uid)["attempts"] == attempt and jobs(server), f"try {attempt}")
            for _, confined in jobs(server):
                os.kill(confined, signal.SIGKILL)
            until(lambda: not jobs(server), "the end of the processes")
        until(lambda: job_of(http, uid)["status"] == "failed", "failure")
        assert job_of(http, uid)["message"].startswith("given up after 3 tries: ") and "Killed" in job_of(http, uid)["message"]


def test_a_fault_that_may_pass_is_tried_again_later(http, server, clip):
    """After five seconds, after fifteen more, and then no more."""
    project, kind = place(http)
    film = clip(1, 160, 90, sound=False).read_bytes()
    with FileServer({"/film.mp4": film}, faults=2) as ill, FileServer({"/film.mp4": film}, faults=100) as dead:
        healed, lost = (post(http, project, kind, far.url("/faulty/film.mp4")) for far in (ill, dead))
        for uid in (healed, lost):
            until(lambda: job_of(http, uid)["status"] in ("succeeded", "failed"), "the end", 120)
        assert (job_of(http, healed)["status"], job_of(http, healed)["attempts"]) == ("succeeded", 3)
        assert (job_of(http, lost)["status"], job_of(http, lost)["attempts"]) == ("failed", 3)
        assert job_of(http, lost)["message"] == "given up after 3 tries: the source can not be read: its server answers 503"
        first, second, third = dead.times
        assert second - first >= 5 and third - second >= 15


def test_the_confined_process_is_confined(http, server, clip):
    """Filters are on, no secret is in its environment, and it holds no connection."""
    project, kind = place(http)
    http.ok("PATCH", f"/rest/MediaType/{kind}", {"streaming_config": [{"resolution": 720, "preset": "veryslow"}]})
    with FileServer({"/long.mp4": clip(20, 1280, 720).read_bytes()}) as far:
        uid = post(http, project, kind, far.url("/long.mp4"))
        broker, confined = until(lambda: jobs(server), "a job")[0]
        until(lambda: job_of(http, uid)["progress"] > 0, "progress")
        if "sanitize" not in os.environ.get("BUILD", ""):
            status = dict(line.split(":\t", 1) for line in open(f"/proc/{confined}/status").read().splitlines() if ":\t" in line)
            assert (status["Seccomp"].strip(), status["NoNewPrivs"].strip()) == ("2", "1")
        for pid in (broker, confined):
            environment = open(f"/proc/{pid}/environ", "rb").read()
            assert b"PASSWORD" not in environment and b"SECRET" not in environment and server.settings()["DJANGO_SECRET_KEY"].encode() not in environment
        tcp = {line.split()[9] for name in ("tcp", "tcp6") for line in open(f"/proc/{confined}/net/{name}").read().splitlines()[1:]}
        held = {os.readlink(f"/proc/{confined}/fd/{fd}") for fd in os.listdir(f"/proc/{confined}/fd")}
        assert not any(link == f"socket:[{inode}]" for link in held for inode in tcp)
        http.ok("DELETE", f"/rest/Transcode/{uid}")
        until(lambda: not jobs(server), "the end")


def test_metrics_tell_depth_age_stages_speed_and_failures(http, server, queue_port, clip):
    before = metrics(queue_port)
    project, kind = place(http)
    with FileServer({"/film.mp4": clip(1, 160, 90, sound=False).read_bytes(), "/text.mp4": b"no video"}) as far:
        for path in ("/film.mp4", "/text.mp4", "/missing.mp4"):
            uid = post(http, project, kind, far.url(path))
            until(lambda: job_of(http, uid)["status"] in ("succeeded", "failed"), "the end")
        after = metrics(queue_port)
        grown = lambda name: after[name] - before[name]
        label = 'queue="transcodes"'
        assert grown(f'tator_transcode_jobs_total{{{label},ending="succeeded"}}') == 1
        assert grown(f'tator_transcode_failures_total{{{label},kind="media"}}') == 1
        assert grown(f'tator_transcode_failures_total{{{label},kind="source"}}') == 1
        assert grown(f'tator_transcode_stage_seconds_total{{{label},stage="work"}}') > 0
        assert grown(f'tator_transcode_stage_seconds_total{{{label},stage="open"}}') > 0
        assert grown(f'tator_transcode_played_seconds_total{{{label}}}') == pytest.approx(1)
        assert grown(f'tator_transcode_worked_seconds_total{{{label}}}') > 0

        http.ok("PATCH", f"/rest/MediaType/{kind}", {"streaming_config": [{"resolution": 720, "preset": "veryslow"}]})
        far.files["/long.mp4"] = clip(20, 1280, 720).read_bytes()
        first, second = (post(http, project, kind, far.url("/long.mp4")) for _ in range(2))
        now = until(lambda: (found := metrics(queue_port))[f"tator_transcode_queue_waiting{{{label}}}"] == 1 and
                    found[f"tator_transcode_queue_age_seconds{{{label}}}"] > 0 and found, "the depth")
        assert now[f"tator_transcode_queue_running{{{label}}}"] == now[f"tator_transcode_running{{{label}}}"] == 1
        http.ok("DELETE", f"/rest/Transcode/{second}")
        http.ok("DELETE", f"/rest/Transcode/{first}")
        until(lambda: not jobs(server), "the end")


def test_the_same_uid_again_after_a_cancel(http, server, clip):
    project, kind = place(http)
    with FileServer({"/film.mp4": clip(1, 160, 90, sound=False).read_bytes()}) as far:
        uid = post(http, project, kind, far.url("/film.mp4"))
        until(lambda: job_of(http, uid)["status"] == "succeeded", "success")
        assert http.request("DELETE", f"/rest/Transcode/{uid}").status_code == 200
        post(http, project, kind, far.url("/film.mp4"), uid=uid)
        until(lambda: job_of(http, uid)["status"] == "succeeded", "success again")


def test_no_working_files_are_left(server):
    temporary = server.settings().get("TMPDIR", "/tmp")
    pid = worker_pid(server)
    until(lambda: not [name for name in os.listdir(temporary) if name.startswith(f"tator-transcode-{pid}-")], "an empty folder")
