"""Transcodes from upload to playable files: ladder, frames, sound, archive, cancelling, take-over, damaged uploads; imports of images."""
import io
import json
import random
import subprocess
import time
import uuid

import pytest
import requests
import tator
from PIL import Image

STEP = 40                       # of colour between the levels that tell a frame's number


def number_of(pixel):
    return sum(round(level / STEP) * 7 ** k for k, level in enumerate(pixel))


@pytest.fixture(scope="module")
def numbered(tmp_path_factory):
    """numbered(count, …) makes a video whose n-th picture has the colour that tells n."""
    folder = tmp_path_factory.mktemp("numbered")

    def make(count, width=320, height=180, rate="25", suffix=".mp4", before=(), after=("-c:v", "libx264", "-crf", "12", "-pix_fmt", "yuv420p")):
        path = folder / (uuid.uuid4().hex + suffix)
        command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", rate, "-i", "-",
                   *before, *after, str(path)]
        made = subprocess.Popen(command, stdin=subprocess.PIPE)
        for n in range(count):
            made.stdin.write(bytes(STEP * (n // 7 ** k % 7) for k in range(3)) * (width * height))
        made.stdin.close()
        assert made.wait() == 0
        return path
    return make


def fetched(url):
    answer = requests.get(url, timeout=60)
    assert answer.status_code == 200
    return answer.content


def frames_of(data, folder):
    """The numbers that the pictures of a file show, and their size."""
    path = folder / (uuid.uuid4().hex + ".mp4")
    path.write_bytes(data)
    size = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height", "-of", "csv=p=0", str(path)],
                          capture_output=True, text=True, check=True).stdout.strip().split(",")[:2]
    width, height = map(int, size)
    pixels = subprocess.run(["ffmpeg", "-v", "error", "-i", str(path), "-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
                            capture_output=True, check=True).stdout
    whole, centre = width * height * 3, (height // 2 * width + width // 2) * 3
    return [number_of(pixels[at + centre:at + centre + 3]) for at in range(0, len(pixels), whole)], (width, height)


def stored_frames(definition):
    told = json.loads(fetched(definition["segment_info"]))
    return told, sum(entry.get("frame_samples", 0) for entry in told["segments"])


def test_client_upload_becomes_a_playable_media(api, server, http, project, videos, ended, files, clip, tmp_path):
    """What a user does: upload_media of the real client; every file of the default ladder, archive, sound and thumbnails."""
    kind = videos(archive_config=[{"encode": {"vcodec": "copy"}}])
    path = clip(2, 640, 360)
    answers = [answer for _, answer in tator.util.upload_media(api, kind, str(path), section="Films")]
    uid = answers[-1].id
    assert ended(uid)["status"] == "succeeded"

    number = http.ok("GET", f"/rest/Transcode/{uid}")["spec"]["media_id"]
    media = files(number)
    assert (media["num_frames"], media["fps"], media["width"], media["height"]) == (50, 25.0, 640, 360)
    assert sorted(one["resolution"] for one in media["media_files"]["streaming"]) == [[144, 256], [360, 640]]
    assert [fetched(one["path"]) == path.read_bytes() for one in media["media_files"]["archival"]] == [True]

    for one in media["media_files"]["streaming"]:
        data = fetched(one["path"])
        told, frames = stored_frames(one)
        assert len(data) == one["size"] and one["bit_rate"] > 0 and one["codec"] == "h264" and frames == 50
        assert [entry["name"] for entry in told["segments"][:2]] == ["ftyp", "moov"]
        for entry in told["segments"]:
            assert data[entry["offset"] + 4:entry["offset"] + 8].decode() == entry["name"]
        assert all(entry.get("frame_samples", 0) <= 25 for entry in told["segments"])

    sound = tmp_path / "audio.m4a"
    sound.write_bytes(fetched(media["media_files"]["audio"][0]["path"]))
    probe = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=codec_name,channels:format=duration", "-of", "csv=p=0", str(sound)],
                           capture_output=True, text=True, check=True).stdout.split()
    assert probe[0] == "aac,2" and 1.9 < float(probe[1]) < 2.2

    still = Image.open(io.BytesIO(fetched(media["media_files"]["thumbnail"][0]["path"])))
    moving = Image.open(io.BytesIO(fetched(media["media_files"]["thumbnail_gif"][0]["path"])))
    assert (still.format, still.size, moving.format, moving.size, moving.n_frames) == ("JPEG", (256, 144), "GIF", (256, 144), 2)


@pytest.mark.parametrize("count,rate,suffix,before", [
    (130, "25", ".mp4", ()),
    (121, "30000/1001", ".mkv", ("-vf", "select='not(eq(mod(n,7),3))'", "-vsync", "vfr")),
    (1, "25", ".mp4", ()),
])
def test_every_picture_is_stored_once_in_order(videos, upload, ended, files, numbered, tmp_path, count, rate, suffix, before):
    """Constant rate, variable rate, a single picture: picture n of each rung is picture n of the source."""
    kind = videos(streaming_config=[{"resolution": 90, "crf": 12}, {"resolution": 180, "crf": 12}])
    kept = [n for n in range(count) if not before or n % 7 != 3]
    uid, number = upload(numbered(count, rate=rate, suffix=suffix, before=before), kind)
    assert ended(uid)["status"] == "succeeded"

    media = files(number)
    assert media["num_frames"] == len(kept)
    for one in media["media_files"]["streaming"]:
        seen, size = frames_of(fetched(one["path"]), tmp_path)
        assert len(seen) == len(kept) == stored_frames(one)[1] and list(size) == one["resolution"][::-1]
        assert [seen[n] for n in {0, len(kept) - 1, *random.Random(count).sample(range(len(kept)), min(20, len(kept)))}] == \
            [kept[n] for n in {0, len(kept) - 1, *random.Random(count).sample(range(len(kept)), min(20, len(kept)))}]


def test_odd_sizes_are_padded_and_rotation_is_applied(videos, upload, ended, files, numbered, tmp_path):
    kind = videos(streaming_config=[{"resolution": 720}])
    odd = numbered(10, 333, 187, after=("-c:v", "libx264", "-pix_fmt", "yuv444p"))
    upright = numbered(10, 160, 96)
    turned = tmp_path / "turned.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(upright), "-c", "copy", "-metadata:s:v", "rotate=90", str(turned)], check=True)

    jobs = [upload(odd, kind), upload(turned, kind)]
    assert [ended(uid)["status"] for uid, _ in jobs] == ["succeeded", "succeeded"]
    assert [(m["width"], m["height"], m["num_frames"]) for m in (files(number) for _, number in jobs)] == [(334, 188, 10), (96, 160, 10)]


def test_a_second_transcode_adds_nothing(http, videos, upload, ended, numbered):
    kind = videos(streaming_config=[{"resolution": 90}], archive_config=[{"encode": {"vcodec": "copy"}}])
    path = numbered(20)
    uid, number = upload(path, kind)
    assert ended(uid)["status"] == "succeeded"
    first = http.ok("GET", f"/rest/Media/{number}")["media_files"]
    again, _ = upload(path, kind, media_id=number)
    assert ended(again)["status"] == "succeeded"
    assert http.ok("GET", f"/rest/Media/{number}")["media_files"] == first


def test_a_damaged_upload_fails_with_a_reason_and_the_next_succeeds(http, videos, upload, ended, numbered, tmp_path):
    kind = videos(streaming_config=[{"resolution": 90}])
    whole = numbered(20).read_bytes()
    noise, begin, end = random.Random(7), whole.index(b"mdat") + 4, whole.index(b"moov") - 4
    damaged = {"text.mp4": b"this is no video", "cut.mp4": whole[:len(whole) // 2],
               "noise.mp4": whole[:begin] + bytes(noise.randrange(256) for _ in range(begin, end)) + whole[end:]}
    jobs = []
    for name, data in damaged.items():
        (tmp_path / name).write_bytes(data)
        jobs.append(upload(tmp_path / name, kind))
    good, _ = upload(numbered(20), kind)

    for uid, number in jobs:
        job = ended(uid)
        assert job["status"] == "failed" and "video" in job["message"]
        assert "streaming" not in (http.ok("GET", f"/rest/Media/{number}")["media_files"] or {})
    assert ended(good)["status"] == "succeeded"


def test_playlists_do_not_open_other_files(videos, upload, ended, tmp_path):
    """Formats that name files are not let in."""
    kind = videos(streaming_config=[{"resolution": 90}])
    for name, text in {"list.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
                       "concat.mp4": "ffconcat version 1.0\nfile '/etc/passwd'\n"}.items():
        (tmp_path / name).write_text(text)
        uid, _ = upload(tmp_path / name, kind)
        job = ended(uid)
        assert job["status"] == "failed" and "not a video" in job["message"]


def running(http, uid, seconds=60):
    until = time.monotonic() + seconds
    while (job := http.ok("GET", f"/rest/Transcode/{uid}", verbose="true")["job"])["status"] == "pending":
        assert time.monotonic() < until
        time.sleep(0.1)
    return job


def processes(server):
    """Job processes of this server's worker."""
    found = subprocess.run(["pgrep", "-P", str(server.pid("worker-transcode-1"))], capture_output=True, text=True)
    return found.stdout.split()


def test_cancelling_ends_the_work(http, server, videos, upload, ended, clip):
    kind = videos()
    uid, number = upload(clip(20, 1280, 720), kind)
    assert running(http, uid)["status"] == "running"
    assert processes(server)
    assert http.ok("DELETE", f"/rest/Transcode/{uid}")["message"] == "Successfully canceled 1 jobs!"

    until = time.monotonic() + 10
    while processes(server):
        assert time.monotonic() < until
        time.sleep(0.1)
    assert http.request("DELETE", f"/rest/Transcode/{uid}").status_code == 400
    assert "streaming" not in (http.ok("GET", f"/rest/Media/{number}")["media_files"] or {})


def test_images_are_imported_upright(http, project, files, tmp_path):
    kind = http.ok("POST", f"/rest/MediaTypes/{project.id}", {"name": "images", "dtype": "image"})["id"]
    turned = Image.Exif()
    turned[0x0112] = 6
    cases = {"a.png": ({}, ("PNG", (300, 200), "image.png")), "b.jpg": ({}, ("JPEG", (300, 200), "image.jpeg")),
             "c.jpg": ({"exif": turned}, ("PNG", (200, 300), "image.png"))}
    made = {}
    for name, (options, _) in cases.items():
        path = tmp_path / name
        Image.new("RGB", (300, 200), (220, 40, 40)).save(path, **options)
        info = http.ok("GET", f"/rest/UploadInfo/{project.id}", filename=name)
        requests.put(info["urls"][0], data=path.read_bytes(), timeout=60)
        url = http.ok("POST", f"/rest/DownloadInfo/{project.id}", {"keys": [info["key"]]})[0]["url"]
        made[name] = http.ok("POST", f"/rest/Medias/{project.id}", {"type": kind, "name": name, "md5": uuid.uuid4().hex, "url": url, "section": "S"})["id"]

    for name, number in made.items():
        until = time.monotonic() + 60
        while not (media := files(number))["media_files"].get("image"):
            assert time.monotonic() < until
            time.sleep(0.2)
        form, size, stored = cases[name][1]
        data = fetched(media["media_files"]["image"][0]["path"])
        image, small = (Image.open(io.BytesIO(fetched(media["media_files"][role][0]["path"]))) for role in ("image", "thumbnail"))
        assert (image.format, image.size, (media["width"], media["height"])) == (form, size, size)
        assert len(data) == media["media_files"]["image"][0]["size"] and small.format == "JPEG" and max(small.size) == 256
        assert http.ok("GET", f"/rest/Media/{number}")["media_files"]["image"][0]["path"].endswith("/" + stored)
        if cases[name][0] == {}:
            assert data == (tmp_path / name).read_bytes()
