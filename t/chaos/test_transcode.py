"""A transcode worker dies in the middle of its work: another takes the job over, and what comes out is as if nothing had happened."""
import pathlib
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


def test_a_killed_workers_job_completes_elsewhere(server, clip):
    made = fill(server)
    api = tator.get_api(server.url, server.token)
    path = clip(seconds=20, width=1280, height=720)
    for _, answer in tator.util.upload_media(api, made.video, str(path)):
        pass
    uid = answer.uid
    workers = ("worker-transcode-1", "worker-transcode-2")

    def busiest():
        """The worker whose job process has used a second of CPU: it is encoding."""
        for name in workers:
            for child in pathlib.Path(f"/proc/{(pid := server.pid(name))}/task/{pid}/children").read_text().split():
                fields = pathlib.Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()
                if int(fields[11]) + int(fields[12]) > 100:
                    return name
        return None

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
    stored = {str(found.relative_to(server.store / "tator")) for found in (server.store / "tator").rglob("*") if found.is_file() and f"/{media[0].id}/" in str(found)}
    assert stored == known
    server.start()
