"""Videos whose pictures tell their number, and reading it back from any other video.

A picture is a grid of 16 x 9 cells. The upper four rows are the number in sixteen bits, two cells each way, black or white, the lowest bit at the left
above; the lower five rows are bars of the eight colours in BARS. FFmpeg enlarges the grid; for reading it averages each cell again.
"""
import json
import os
import subprocess
import uuid
from pathlib import Path
from types import SimpleNamespace

COLUMNS, ROWS = 16, 9
BARS = [(235, 235, 235), (200, 200, 20), (20, 200, 200), (20, 180, 20), (200, 20, 200), (200, 20, 20), (20, 20, 200), (128, 128, 128)]
BINARY = Path(os.environ.get("BUILD", "build")) / "tator-transcode"
LADDER = [{"resolution": 72, "crf": 10}, {"resolution": 108, "crf": 10}]


def grid(number):
    """The picture of a number, 16 x 9 pixels."""
    rows = [b"".join(bytes([230 * (number >> (half * 8 + bit) & 1)] * 3) * 2 for bit in range(8)) for half in range(2)]
    bars = b"".join(bytes(colour) * 2 for colour in BARS)
    return rows[0] * 2 + rows[1] * 2 + bars * 5


def run(command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, **options)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    return done.stdout


def paint(path, count, *output, width=192, height=108, rate="25", inputs=(), filters=""):
    """A video of `count` numbered pictures. `output`: FFmpeg's words for it; `filters` follow the enlargement; `inputs` are further ones."""
    pictures = b"".join(grid(n) for n in range(count))
    chain = f"scale={width}:{height}:flags=neighbor" + ("," + filters if filters else "")
    run(["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{COLUMNS}x{ROWS}", "-r", rate, "-i", "-", *inputs, "-vf", chain,
         *output, path], input=pictures)
    return Path(path)


def read(path, *select):
    """What the pictures of a video show: for each its number and its bars' colours."""
    data = run(["ffmpeg", "-v", "error", "-i", path, "-map", "0:v:0", *select, "-vsync", "passthrough", "-vf",
                f"scale={COLUMNS * 4}:{ROWS * 4}:flags=area+accurate_rnd,format=rgb24", "-f", "rawvideo", "-"])
    across, whole = COLUMNS * 4, COLUMNS * ROWS * 48

    def at(picture, column, row):                       # the mean of the four pixels in the middle of two cells beside each other
        spots = [picture + ((row * 4 + dy) * across + column * 4 + dx) * 3 for dy in (1, 2) for dx in (3, 4)]
        return tuple(round(sum(data[spot + k] for spot in spots) / 4) for k in range(3))

    shown = []
    for picture in range(0, len(data), whole):
        bits = [sum(at(picture, bit * 2, half * 2)) > 330 for half in range(2) for bit in range(8)]
        shown.append(SimpleNamespace(number=sum(bit << k for k, bit in enumerate(bits)), bars=[at(picture, bar * 2, 6) for bar in range(len(BARS))]))
    return shown


def numbers(path):
    return [picture.number for picture in read(path)]


def distance(bars, others=BARS):
    """The largest difference of a colour's part."""
    return max(abs(one - other) for bar, right in zip(bars, others) for one, other in zip(bar, right))


def transcode(path, folder, *options, type=None, environment=None, fails=False):
    """All outputs of a file by the worker itself: .media is what it registers, .files their paths by role, .said its words, .folder."""
    output = Path(folder) / uuid.uuid4().hex
    output.mkdir()
    done = subprocess.run([str(BINARY), "--file", str(path), "--output", str(output), "--type", json.dumps(type or {"streaming_config": LADDER}), *options],
                          capture_output=True, text=True, timeout=300, env={**os.environ, **(environment or {})})
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    media = json.loads((output / "media.json").read_text()) if (output / "media.json").exists() else {"media_files": {}}
    files = {role: [output / one["path"] for one in entries] for role, entries in media["media_files"].items()}
    return SimpleNamespace(media=media, files=files, said=done.stdout + done.stderr, folder=output)


def probe(path, entries, *options):
    """Entries of ffprobe as it writes JSON."""
    return json.loads(run(["ffprobe", "-v", "error", "-of", "json", "-show_entries", entries, *options, path]))


def counted(path):
    """The pictures that FFmpeg's decoder finds in the first stream of moving ones."""
    told = probe(path, "stream=nb_read_frames", "-count_frames", "-select_streams", "v:0")
    return int(told["streams"][0]["nb_read_frames"])
