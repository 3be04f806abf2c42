"""Two hundred damaged files of ten formats: each ends as failed or as a right result, within its limits; the program never crashes."""
import concurrent.futures
import json
import os
import random
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from PIL import Image

BINARY = Path(os.environ.get("BUILD", "build")).resolve() / "tator-transcode"
SEED, EACH = 20240817, 20
MEMORY = 400_000                # kB that a process may need, and the megabytes of its limit
FILMS = {
    "h264.mp4": ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"),
    "hevc.mkv": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p", "-c:a", "libmp3lame"),
    "mpeg2.ts": ("-c:v", "mpeg2video", "-c:a", "mp2"),
    "mjpeg.avi": ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-c:a", "pcm_s16le"),
    "vp9.webm": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"),
    "prores.mov": ("-c:v", "prores_ks", "-c:a", "pcm_s16le"),
}
IMAGES = {"a.jpg": {"quality": 90}, "b.png": {}, "c.tif": {"compression": "tiff_lzw"}, "d.webp": {"quality": 90}}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The undamaged files: name → bytes."""
    folder = tmp_path_factory.mktemp("whole")
    for name, options in FILMS.items():
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=96x64:rate=10:duration=1", "-f", "lavfi", "-i",
                        "sine=duration=1:sample_rate=48000", *options, str(folder / name)], check=True)
    image = Image.frombytes("RGB", (96, 64), random.Random(SEED).randbytes(96 * 64 * 3))
    for name, options in IMAGES.items():
        image.save(folder / name, **options)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def damaged(data, noise):
    """One of: bits turned here and there, in the first kilobyte, cut off, a piece missing, a piece of noise, a piece twice."""
    data, kind = bytearray(data), noise.randrange(6)
    at, span = noise.randrange(len(data)), noise.randrange(1, max(2, len(data) // 8))
    if kind == 0:
        for _ in range(noise.randrange(1, 40)):
            data[noise.randrange(len(data))] ^= 1 << noise.randrange(8)
    elif kind == 1:
        for _ in range(noise.randrange(1, 10)):
            data[noise.randrange(min(1024, len(data)))] ^= 1 << noise.randrange(8)
    elif kind == 2:
        del data[at:]
    elif kind == 3:
        del data[at:at + span]
    elif kind == 4:
        data[at:at + span] = noise.randbytes(len(data[at:at + span]))
    else:
        data[at:at] = data[at:at + span]
    return bytes(data)


def handled(folder, name, data):
    """(status, what it said, kB it needed, folder of the results) of the program on these bytes."""
    place = folder / uuid.uuid4().hex
    (place / "out").mkdir(parents=True)
    (place / name).write_bytes(data)
    options = ["--image"] if name in IMAGES else ["--type", '{"streaming_config": [{"resolution": 64, "preset": "ultrafast"}]}']
    measured = [sys.executable, "-c", "import resource, subprocess, sys\n"
                "done = subprocess.run(sys.argv[1:], capture_output=True, timeout=60)\n"
                "sys.stderr.buffer.write(done.stderr)\n"
                "print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)",
                str(BINARY), "--file", str(place / name), "--output", str(place / "out"), *options]
    done = subprocess.run(measured, capture_output=True, timeout=90,
                          env={**os.environ, "TATOR_TRANSCODE_MEMORY": "1000", "TATOR_TRANSCODE_DISK": "200", "TATOR_TRANSCODE_THREADS": "1", "TMPDIR": str(place)})
    status, peak = map(int, done.stdout.split())
    return status, done.stderr.decode(errors="replace"), peak, place


def right(place, name):
    """What was called a success can be read, and is what is told of it."""
    told = json.loads((place / "out" / "media.json").read_text())
    if name in IMAGES:
        stored = told["media_files"]["image"][0]
        with Image.open(place / "out" / stored["path"]) as image:
            image.load()
            return image.size == (told["width"], told["height"]) == tuple(stored["resolution"][::-1])
    count = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0",
                            str(place / "out" / told["media_files"]["streaming"][0]["path"])], capture_output=True, text=True, check=True).stdout
    return int(count.strip().strip(",")) == told["num_frames"] > 0


@pytest.mark.parametrize("name", [*FILMS, *IMAGES])
def test_damaged_files_fail_or_are_right(whole, name, tmp_path):
    noise, problems = random.Random(f"{SEED} {name}"), []
    inputs = [whole[name]] + [damaged(whole[name], noise) for _ in range(EACH)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for number, (status, said, peak, place) in enumerate(pool.map(lambda data: handled(tmp_path, name, data), inputs)):
            if status == 0:
                good = right(place, name)
            else:
                good = number > 0 and status == 10 and said.strip() and "ended by" not in said
            if not good or (peak > MEMORY and "sanitize" not in str(BINARY)):
                problems.append((number, status, said, peak, str(place)))
            else:
                shutil.rmtree(place)
    assert problems == []
