"""60 s of 1080p30 with sound, all outputs of the default ladder: the worker against FFmpeg's command line, with equal settings.

Against one command that makes everything from one decoding; against a pass for each output; and against what the client's pipeline in Python runs (its
commands alone, without its uploads). Seconds and processor seconds, taken in turn. Then by the server: when thumbnail and first stream can be used.
TRANSCODE_SECONDS= takes a shorter clip, TRANSCODE_ROUNDS= other than three rounds.
"""
import json
import os
import statistics
import subprocess
import tempfile
import threading
import time
import uuid
from pathlib import Path
from types import SimpleNamespace

import tator

from t.chaos.conftest import fill

SECONDS = int(os.environ.get("TRANSCODE_SECONDS", 60))
ROUNDS = int(os.environ.get("TRANSCODE_ROUNDS", 3))
HEIGHTS = [144, 360, 480, 720, 1080]
BINARY = Path(os.environ.get("BUILD", "build")) / "tator-transcode"
FFMPEG = ["ffmpeg", "-v", "error", "-y"]
VIDEO = ["-an", "-c:v", "libx264", "-preset", "fast", "-tune", "fastdecode", "-crf", "23", "-g", "25", "-keyint_min", "25", "-sc_threshold", "0", "-pix_fmt",
         "yuv420p", "-movflags", "frag_keyframe+empty_moov+default_base_moof"]
SOUND = ["-vn", "-c:a", "aac", "-ac", "2"]
STILL = "select='eq(n,0)',scale=256:-2:flags=lanczos"
MOVING = "select='not(mod(n,30))',setpts=N/4/TB,scale=256:-2:flags=lanczos,split[ga][gb];[ga]palettegen[gp];[gb][gp]paletteuse"


def clip(folder):
    path = Path(folder) / "clip.mp4"
    subprocess.run([*FFMPEG, "-f", "lavfi", "-i", f"testsrc2=size=1920x1080:rate=30:duration={SECONDS}", "-f", "lavfi", "-i",
                    f"sine=frequency=440:sample_rate=48000:duration={SECONDS}", "-vf", "noise=alls=5:allf=t", "-c:v", "libx264", "-preset", "veryfast", "-crf",
                    "20", "-pix_fmt", "yuv420p", "-c:a", "aac", path], check=True)
    return path


def one_command(source, folder):
    splits = "".join(f"[s{height}]" for height in HEIGHTS)
    scales = ";".join(f"[s{height}]scale=-2:{height}[v{height}]" for height in HEIGHTS)
    graph = f"[0:v]split={len(HEIGHTS) + 2}{splits}[st][mo];{scales};[st]{STILL}[jpg];[mo]{MOVING}[gif]"
    rungs = [word for height in HEIGHTS for word in ["-map", f"[v{height}]", *VIDEO, folder / f"{height}.mp4"]]
    return [[*FFMPEG, "-i", source, "-filter_complex", graph, *rungs, "-map", "0:a", *SOUND, folder / "audio.m4a", "-map", "[jpg]", "-frames:v", "1",
             folder / "thumbnail.jpg", "-map", "[gif]", folder / "thumbnail.gif"]]


def separate_passes(source, folder):
    rungs = [[*VIDEO, "-vf", f"scale=-2:{height}", folder / f"{height}.mp4"] for height in HEIGHTS]
    rest = [[*SOUND, folder / "audio.m4a"], ["-vf", STILL, "-frames:v", "1", folder / "thumbnail.jpg"], ["-filter_complex", MOVING, folder / "thumbnail.gif"]]
    return [[*FFMPEG, "-i", source, *command] for command in [*rungs, *rest]]


def as_the_client(source, folder):
    """Thumbnail, ladder up to 1080 lines in one command with black pictures at its end, sound, animation of the smallest stream above 256 lines."""
    splits = "".join(f"[s{height}]" for height in HEIGHTS)
    scales = ";".join(f"[s{height}]scale=-2:{height},pad=ceil(iw/2)*2:ceil(ih/2)*2[v{height}]" for height in HEIGHTS)
    graph = (f"[0:v]null,setsar=1,fps=30[film];[1:v]setsar=1,fps=30[black];[film][black]concat=n=2:v=1:a=0,split={len(HEIGHTS)}{splits};{scales}")
    rungs = [word for height in HEIGHTS for word in ["-map", f"[v{height}]", *VIDEO, folder / f"{height}.mp4"]]
    probe = ["ffprobe", "-v", "error", "-show_entries", "stream", "-of", "json"]
    return [[*probe, source], [*FFMPEG, "-i", source, "-vf", "scale=256:-2", "-frames:v", "1", folder / "thumbnail.jpg"], [*probe, source],
            [*FFMPEG, "-i", source, "-f", "lavfi", "-i", "color=black:s=1920x1080:r=30:d=0.2", "-filter_complex_threads", "1", "-filter_complex", graph, *rungs],
            *[[*probe, folder / f"{height}.mp4"] for height in HEIGHTS], [*FFMPEG, "-i", source, *SOUND, folder / "audio.m4a"],
            [*FFMPEG, "-i", folder / "360.mp4", "-filter_complex", MOVING, folder / "thumbnail.gif"]]


def by_the_worker(source, folder):
    return [[BINARY, "--file", source, "--output", folder]]


def measure(make, source):
    """Wall and processor seconds of some commands, and the memory of all their processes at most, in MB."""
    with tempfile.TemporaryDirectory() as folder:
        spent = SimpleNamespace(wall=0, cpu=0, memory=0)
        for command in make(source, Path(folder)):
            start = time.perf_counter()
            child = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL)
            ended = threading.Event()
            watch = threading.Thread(target=lambda: watch_memory(child.pid, ended, spent))
            watch.start()
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = status
            ended.set()
            watch.join()
            assert status == 0, command
            spent.wall += time.perf_counter() - start
            spent.cpu += used.ru_utime + used.ru_stime
        return spent


def watch_memory(pid, ended, spent):
    while not ended.wait(0.25):
        spent.memory = max(spent.memory, sum(proportional(one) for one in [pid, *descendants(pid)]))


def descendants(pid):
    try:
        children = [int(word) for task in Path(f"/proc/{pid}/task").iterdir() for word in (task / "children").read_text().split()]
    except OSError:
        return []
    return children + [below for child in children for below in descendants(child)]


def proportional(pid):
    """A process's share of memory, MB."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:                                 # it has just ended
        return 0
    return int(text.split("\nPss:")[1].split()[0]) / 1024


def through_the_server(server, source):
    """Seconds from the order to: thumbnail, first stream, all."""
    made = fill(server)
    api = tator.get_api(server.url, server.token)
    for _, response in tator.util.upload_media(api, made.video, str(source), fname=uuid.uuid4().hex + ".mp4"):
        pass
    start, seen = time.perf_counter(), {}
    media = api.get_transcode(response.id).spec.media_id
    while True:
        files = server.http().ok("GET", f"/rest/Media/{media}")["media_files"] or {}
        status = api.get_transcode(response.id).job.status.lower()
        for role in ("thumbnail", "streaming"):
            if files.get(role):
                seen.setdefault(role, time.perf_counter() - start)
        if status in ("succeeded", "failed"):
            assert status == "succeeded" and len(files["streaming"]) == len(HEIGHTS), (status, json.dumps(files))
            return seen["thumbnail"], seen["streaming"], time.perf_counter() - start
        time.sleep(0.05)


def run(server, say):
    with tempfile.TemporaryDirectory() as folder:
        source = clip(folder)
        ways = {"FFmpeg, all in one command": one_command, "FFmpeg, a pass for each output": separate_passes,
                "the commands of the client's pipeline": as_the_client, "the worker": by_the_worker}
        found = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, make in ways.items():
                found[name].append(measure(make, source))

        def median(name, what):
            return statistics.median(getattr(one, what) for one in found[name])

        for name in ways:
            say(f"{name}: seconds, processor seconds, MB", f"{median(name, 'wall'):.1f} {median(name, 'cpu'):.1f} {median(name, 'memory'):.0f}")
        ours, goals = "the worker", [1.05, 0.6, None]
        for name, goal in zip(list(ways)[:-1], goals):
            ratios = [statistics.median(getattr(one, what) / getattr(other, what) for one, other in zip(found[ours], found[name])) for what in ("wall", "cpu")]
            say(f"the worker, of {name}", f"{ratios[0]:.2f} {ratios[1]:.2f}", goal and f"at most {goal}", goal is None or ratios[0] <= goal)

        thumbnail, first, whole = through_the_server(server, source)
        say("by the server: thumbnail after, s", f"{thumbnail:.1f}", "at most 5", thumbnail <= 5)
        say("by the server: first stream after, s", f"{first:.1f}")
        say("by the server: all after, s", f"{whole:.1f}")
