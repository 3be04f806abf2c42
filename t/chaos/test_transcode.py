"""A transcode worker dies in the middle of its work: another takes the job over, and what comes out is as if nothing had happened."""
import pathlib
import signal
import time

import pytest
import tator

from t.chaos.conftest import fill
from t.server import Server


@pytest.fixture(scope="module")
def server():
    with Server(TRANSCODE_WORKERS="2", TATOR_TRANSCODE_LEASE="5") as running:
        yield running


def until(condition, what, seconds=240):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.2)
    raise AssertionError("never: " + what)


def spent(pid):
    """CPU time of a process and those it started, in hundredths of a second."""
    try:
        fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
        children = open(f"/proc/{pid}/task/{pid}/children").read().split()
    except FileNotFoundError:
        return 0
    return int(fields[11]) + int(fields[12]) + sum(spent(child) for child in children)


def test_a_killed_workers_job_completes_elsewhere(server, clip):
    made = fill(server)
    api = tator.get_api(server.url, server.token)
    api.update_media_type(made.video, media_type_update={"archive_config": [{"encode": {"vcodec": "copy"}}]})
    path = clip(seconds=20, width=640, height=360)
    for _, answer in tator.util.upload_media(api, made.video, str(path)):
        pass
    uid = answer.id
    workers = ("worker-transcode-1", "worker-transcode-2")

    def busiest():
        ticks = {name: spent(server.pid(name)) for name in workers}
        name = max(ticks, key=ticks.get)
        return name if ticks[name] > 100 else None      # more than a second of CPU: it is encoding

    victim = until(busiest, "a worker has started")
    server.kill(victim)
    job = until(lambda: (found := api.get_transcode(uid)).job.status.lower() in ("succeeded", "failed") and found, "the job ends")
    assert job.job.status.lower() == "succeeded"

    media = api.get_media_list(made.project, type=made.video)
    assert len(media) == 1
    files = media[0].media_files
    heights = [tuple(file.resolution) for file in files.streaming]
    assert len(heights) == len(set(heights)) and len(files.archival) == 1 and len(files.thumbnail) == 1
    assert media[0].num_frames == 500
    # Each file that the media has is in the store once, and nothing else of this media is.
    known = {row["path"] for row in server.sql(f"SELECT path FROM main_resource r JOIN main_resource_media m ON m.resource_id = r.id WHERE m.media_id = {media[0].id}")}
    stored = server.objects(f"{made.organization}/{made.project}/{media[0].id}/")
    assert stored == known
    server.start()


def busy(server, names=("worker-transcode-1", "worker-transcode-2")):
    """Workers that have a job's process."""
    return [name for name in names if open(f"/proc/{server.pid(name)}/task/{server.pid(name)}/children").read().split()]


def test_a_worker_that_is_told_to_stop_gives_its_job_back(server, clip):
    """At once: the other worker has it within seconds, not after a lease; and the try does not count."""
    made = fill(server)
    api = tator.get_api(server.url, server.token)
    path = clip(seconds=20, width=640, height=360)
    for _, answer in tator.util.upload_media(api, made.video, str(path)):
        pass
    until(lambda: busy(server), "a worker has started")
    first = busy(server)[0]
    second = ({"worker-transcode-1", "worker-transcode-2"} - {first}).pop()
    process = server.pid(first)
    begun = time.monotonic()
    server.kill(first, signal.SIGTERM)
    until(lambda: not pathlib.Path(f"/proc/{process}").exists() or open(f"/proc/{process}/stat").read().rsplit(")", 1)[1].split()[0] == "Z",
          "the worker ends", 10)
    until(lambda: busy(server, (second,)), "the other one goes on", 10)
    assert time.monotonic() - begun < 4.5       # the lease is five seconds
    with server.http() as http:
        until(lambda: http.ok("GET", f"/rest/Transcode/{answer.id}")["job"]["status"] == "succeeded", "the job ends")
        assert http.ok("GET", f"/rest/Transcode/{answer.id}", verbose="true")["job"]["attempts"] == 1
    media = api.get_media_list(made.project, type=made.video)
    assert [row.num_frames for row in media] == [500]
    heights = [tuple(file.resolution) for file in media[0].media_files.streaming]
    assert len(heights) == len(set(heights))
    server.start()


def test_two_workers_share_the_jobs_and_none_is_done_twice(server, clip):
    made = fill(server)
    api = tator.get_api(server.url, server.token)
    path = clip(seconds=2, width=320, height=180, sound=False)
    uids, both = [], 0
    for _ in range(8):
        for _, answer in tator.util.upload_media(api, made.video, str(path)):
            pass
        uids.append(answer.id)
    with server.http() as http:
        states = []
        while not states or {"pending", "running"} & set(states):
            both = max(both, len(busy(server)))
            states = [http.ok("GET", f"/rest/Transcode/{uid}", verbose="true")["job"]["status"] for uid in uids]
        assert states == ["succeeded"] * 8 and both == 2
        assert {http.ok("GET", f"/rest/Transcode/{uid}", verbose="true")["job"]["attempts"] for uid in uids} == {1}
    media = api.get_media_list(made.project, type=made.video)
    assert len(media) == 8 and all(len(row.media_files.streaming) == 2 and row.num_frames == 50 for row in media)
