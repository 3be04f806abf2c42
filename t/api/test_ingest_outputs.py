"""What a media type's configuration asks for is what is made: ladder, encoders, archival files, sound, thumbnails; and browsers play it."""
import base64
import http.server
import json
import os
import queue
import shutil
import signal
import subprocess
import threading
import time

import boto3
import pytest
import requests
from PIL import Image

from t.painted import BARS, distance, numbers, paint, probe, read, run, transcode

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "10", "-pix_fmt", "yuv420p")
TONE = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=4")


def facts(path, entries="codec_name,width,height,pix_fmt,profile"):
    return probe(path, f"stream={entries}", "-select_streams", "v:0")["streams"][0]


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A short picture of 1920 x 1080 with sound."""
    return paint(tmp_path_factory.mktemp("large") / "source.mp4", 30, *X264, "-c:a", "aac", "-shortest", width=1920, height=1080, inputs=TONE)


@pytest.mark.parametrize("height,heights", [(1080, [144, 360, 480, 720, 1080]), (500, [144, 360, 480, 500]), (100, [100]), (144, [144])])
def test_the_default_ladder_ends_at_the_source(height, heights, tmp_path):
    source = paint(tmp_path / "source.mp4", 3, *X264, width=height * 16 // 9 // 2 * 2, height=height)
    done = transcode(source, tmp_path, type={"streaming_config": None})
    assert [one["resolution"][0] for one in done.media["media_files"]["streaming"]] == heights
    assert (done.media["height"], done.media["num_frames"]) == (height, 3)


def test_a_ladder_of_three_codecs(tmp_path):
    """Codec, quality, preset and pixel format of each entry; several of one height are different files."""
    source = paint(tmp_path / "source.mkv", 30, "-c:v", "ffv1", "-pix_fmt", "yuv422p10le", width=320, height=180)
    ladder = [{"resolution": 90, "crf": 40}, {"resolution": 180, "crf": 10, "preset": "veryfast"}, {"resolution": 180, "vcodec": "hevc", "crf": 12},
              {"resolution": 180, "vcodec": "av1", "crf": 20, "preset": "10"}, {"resolution": 90, "vcodec": "h264", "pixel_format": "yuv444p"},
              {"resolution": 90, "vcodec": "hevc", "pixel_format": "yuv420p10le"}]
    done = transcode(source, tmp_path, type={"streaming_config": ladder})
    streams = done.media["media_files"]["streaming"]
    found = {(one["codec"], *one["resolution"]): facts(done.folder / one["path"])["pix_fmt"] for one in streams}
    assert found == {("h264", 90, 160): "yuv420p", ("hevc", 90, 160): "yuv420p10le", ("h264", 180, 320): "yuv420p", ("hevc", 180, 320): "yuv420p",
                     ("av1", 180, 320): "yuv420p"}
    assert len({one["path"] for one in streams} | {one["segment_info"] for one in streams}) == 2 * len(streams)
    for one in streams:
        assert facts(done.folder / one["path"])["codec_name"] == one["codec"]
        assert set(one) == {"path", "resolution", "codec", "codec_description", "size", "bit_rate", "segment_info"}
        assert one["size"] == (done.folder / one["path"]).stat().st_size and one["bit_rate"] == pytest.approx(one["size"] * 8 / 1.2, rel=0.01)
        assert numbers(done.folder / one["path"]) == list(range(30))
        assert distance(read(done.folder / one["path"])[15].bars) <= 24


def test_crf_is_what_is_asked_for(tmp_path):
    source = tmp_path / "source.mp4"
    run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:d=2", *X264, source])
    sizes = []
    for crf in (15, 30, 45):
        done = transcode(source, tmp_path, type={"streaming_config": [{"resolution": 180, "crf": crf}]})
        sizes.append(done.media["media_files"]["streaming"][0]["size"])
    assert sizes[0] > 1.5 * sizes[1] > 2 * sizes[2]


@pytest.mark.parametrize("entry,word", [({"vcodec": "mpeg1"}, "mpeg1"), ({"preset": "warp"}, "warp"), ({"pixel_format": "bgr24"}, "bgr24"),
                                        ({"pixel_format": "nonsense"}, "nonsense")])
def test_what_an_encoder_does_not_take_is_named(entry, word, tmp_path):
    source = paint(tmp_path / "source.mp4", 3, *X264)
    assert word in transcode(source, tmp_path, type={"streaming_config": [{"resolution": 72, **entry}]}, fails=True).said


def test_every_fragment_begins_with_a_key_picture_and_needs_no_other(tmp_path):
    source = tmp_path / "source.mp4"
    run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:d=5", "-vf", "select='1',setpts=N/25/TB", *X264, source])
    ladder = [{"resolution": 90}, {"resolution": 90, "vcodec": "hevc", "preset": "ultrafast"}, {"resolution": 90, "vcodec": "av1", "preset": "10"}]
    done = transcode(source, tmp_path, type={"streaming_config": ladder})
    for one in done.media["media_files"]["streaming"]:
        packets = probe(done.folder / one["path"], "packet=flags", "-select_streams", "v:0")["packets"]
        keys = [n for n, packet in enumerate(packets) if packet["flags"].startswith("K")]
        segments = json.loads((done.folder / one["segment_info"]).read_text())["segments"]
        assert keys == [part["frame_start"] for part in segments if part["name"] == "moof"] == list(range(0, 125, 25))
        assert [part["name"] for part in segments[:2]] == ["ftyp", "moov"]
        assert [part["name"] for part in segments[2:-1]] == ["moof", "mdat"] * 5 and segments[-1]["name"] == "mfra"


def test_an_archival_copy_is_the_source(large, tmp_path):
    done = transcode(large, tmp_path, type={"streaming_config": [{"resolution": 144}], "archive_config": [{"encode": {"vcodec": "copy"}}]})
    one, = done.media["media_files"]["archival"]
    assert (done.folder / one["path"]).read_bytes() == large.read_bytes()
    assert (one["codec"], one["resolution"], one["codec_mime"], one["size"]) == ("h264", [1080, 1920], "video/mp4", large.stat().st_size)


@pytest.mark.parametrize("encode,codec,tag", [({"vcodec": "hevc", "crf": 20, "preset": "ultrafast"}, "hevc", "hvc1"),
                                              ({"vcodec": "h264", "crf": 20, "preset": "ultrafast", "movflags": "faststart"}, "h264", "avc1"),
                                              ({"vcodec": "h264", "crf": 20, "pixel_format": "yuv422p"}, "h264", "avc1")])
def test_an_archival_encoding(encode, codec, tag, tmp_path):
    """Of the source's size, with sound, in one file that begins with its header."""
    source = paint(tmp_path / "source.mkv", 60, *X264, "-c:a", "flac", "-shortest", width=320, height=180, inputs=TONE)
    done = transcode(source, tmp_path, type={"streaming_config": [{"resolution": 90}], "archive_config": [{"name": "best", "encode": encode}]})
    one, = done.media["media_files"]["archival"]
    path = done.folder / one["path"]
    assert (one["codec"], one["resolution"], one["codec_mime"], one["size"]) == (codec, [180, 320], "video/mp4", path.stat().st_size)
    assert numbers(path) == list(range(60))
    told = probe(path, "stream=codec_type,codec_name,codec_tag_string,pix_fmt,channels")["streams"]
    assert [(part["codec_type"], part["codec_name"]) for part in told] == [("video", codec), ("audio", "aac")]
    assert told[0]["codec_tag_string"] == tag and told[0]["pix_fmt"] == encode.get("pixel_format", "yuv420p")
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_two_archival_files(tmp_path):
    source = paint(tmp_path / "source.mp4", 10, *X264)
    done = transcode(source, tmp_path, type={"streaming_config": [{"resolution": 72}], "archive_config": [{"encode": {"vcodec": "copy"}}, {"encode": {
        "vcodec": "h264", "crf": 12}}]})
    assert sorted(one["path"] for one in done.media["media_files"]["archival"]) == ["archival_0.mp4", "archival_1.mp4"]
    assert numbers(done.folder / "archival_1.mp4") == list(range(10))


def test_archival_files_in_a_bucket_of_somebody_else(server, tmp_path):
    """s3_storage: the files go there, signed with its keys, and the media does not know of them."""
    settings = server.settings()
    keys = {"aws_access_key": settings["TATOR_OBJECTS_ACCESS_KEY"], "aws_secret_access_key": settings["TATOR_OBJECTS_SECRET_KEY"]}
    storage, address = {**keys, "bucket_name": settings["DEFAULT_LIVE_BUCKET_NAME"]}, {"AWS_ENDPOINT_URL": server.url + "/objects"}
    client = boto3.client("s3", endpoint_url=server.url + "/objects", region_name="us-east-2", aws_access_key_id=keys["aws_access_key"],
                          aws_secret_access_key=keys["aws_secret_access_key"])
    source = tmp_path / "source.mkv"
    run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "nullsrc=s=640x360:d=2,geq=random(1)*255:128:128", "-c:v", "rawvideo", "-pix_fmt", "yuv420p", source])
    done = transcode(source, tmp_path, environment=address, type={"streaming_config": [{"resolution": 72}], "archive_config": [
        {"encode": {"vcodec": "copy"}, "s3_storage": storage}, {"encode": {"vcodec": "h264", "crf": 40}, "s3_storage": storage}]})
    assert "archival" not in done.media["media_files"]
    assert source.stat().st_size > 16 << 20                                        # several parts
    assert client.get_object(Bucket=storage["bucket_name"], Key="archival_0.mp4")["Body"].read() == source.read_bytes()
    encoded = tmp_path / "encoded.mp4"
    encoded.write_bytes(client.get_object(Bucket=storage["bucket_name"], Key="archival_1.mp4")["Body"].read())
    assert facts(encoded)["codec_name"] == "h264" and facts(encoded)["height"] == 360

    refused = transcode(source, tmp_path, environment=address, fails=True, type={"streaming_config": [{"resolution": 72}],
                        "archive_config": [{"encode": {"vcodec": "copy"}, "s3_storage": {**storage, "aws_secret_access_key": "wrong"}}]})
    assert "s3_storage answers 403" in refused.said
    assert "s3_storage" in transcode(source, tmp_path, fails=True, type={"archive_config": [{"encode": {"vcodec": "copy"}, "s3_storage": {}}]}).said


def test_sound_is_aac_in_an_own_file(large, tmp_path):
    done = transcode(large, tmp_path, type={"streaming_config": [{"resolution": 144}]})
    one, = done.media["media_files"]["audio"]
    assert (one["codec"], one["path"]) == ("aac", "audio.m4a") and one["bit_rate"] > 0 and "AAC" in one["codec_description"]
    told = probe(done.folder / one["path"], "stream=codec_name,channels,sample_rate:format=duration,format_name")
    assert told["streams"] == [{"codec_name": "aac", "channels": 2, "sample_rate": "44100"}]
    assert float(told["format"]["duration"]) == pytest.approx(1.2, abs=0.15)
    assert all(facts["codec_type"] == "video" for facts in probe(done.files["streaming"][0], "stream=codec_type")["streams"])


def test_thumbnails(tmp_path):
    """The first picture as JPEG; one picture of each second as GIF, whose palette shows all colours."""
    source = paint(tmp_path / "source.mp4", 100, *X264, width=480, height=270)
    done = transcode(source, tmp_path, type={"streaming_config": [{"resolution": 90}]})
    still = Image.open(done.files["thumbnail"][0])
    moving = Image.open(done.files["thumbnail_gif"][0])
    assert (still.format, still.size, moving.format, moving.size, moving.n_frames) == ("JPEG", (256, 144), "GIF", (256, 144), 4)
    bars = [still.convert("RGB").getpixel((16 + 32 * n, 110)) for n in range(8)]
    assert distance(bars, BARS) <= 20
    assert [picture.number for picture in read(done.files["thumbnail_gif"][0])] == [0, 25, 50, 75]
    assert [(one["mime"], one["resolution"]) for role in ("thumbnail", "thumbnail_gif") for one in done.media["media_files"][role]] == [
        ("image/jpeg", [144, 256]), ("image/gif", [144, 256])]


@pytest.mark.parametrize("name", ["h264_nvenc", "h264_vaapi", "h264_qsv", "nonsense", "libx265"])
def test_an_encoder_that_is_not_here_gives_way(name, tmp_path):
    """Hardware that is named but absent (the confined process sees no devices), or an encoder of another codec; and it is said."""
    source = paint(tmp_path / "source.mp4", 5, *X264)
    done = transcode(source, tmp_path, environment={"TATOR_H264_ENCODER": name})
    assert numbers(done.files["streaming"][0]) == list(range(5)) and facts(done.files["streaming"][0])["codec_name"] == "h264"
    assert f"{name} can not be used" in done.said


@pytest.mark.parametrize("hardware,said", [("vaapi", "vaapi and h264_vaapi can not be used"), ("cuda", "cuda and h264_nvenc can not be used"),
                                           ("nonsense", "nonsense can not be used")])
def test_hardware_that_is_not_here_gives_way(hardware, said, tmp_path):
    source = paint(tmp_path / "source.mp4", 5, *X264)
    done = transcode(source, tmp_path, environment={"TATOR_TRANSCODE_HWACCEL": hardware})
    assert numbers(done.files["streaming"][0]) == list(range(5)) and said in done.said


def test_another_encoder_by_environment(tmp_path):
    """One that has other options, and its own words for quality."""
    source = paint(tmp_path / "source.mp4", 5, *X264)
    done = transcode(source, tmp_path, environment={"TATOR_AV1_ENCODER": "librav1e"}, type={"streaming_config": [{"resolution": 72, "vcodec": "av1", "crf": 60}]})
    assert b"rav1e" in done.files["streaming"][0].read_bytes() or numbers(done.files["streaming"][0]) == list(range(5))
    assert facts(done.files["streaming"][0])["codec_name"] == "av1"


def words_for(path):
    """The codecs parameter (RFC 6381) of an MP4 file, by its own configuration record."""
    data = path.read_bytes()
    if (at := data.find(b"avcC")) >= 0:
        return "avc1." + data[at + 5:at + 8].hex()
    at = data.index(b"av1C")
    profile, level, tier, depth = data[at + 5] >> 5, data[at + 5] & 31, data[at + 6] >> 7, 10 if data[at + 6] & 0x40 else 8
    return f"av01.{profile}.{level:02}{'MH'[tier]}.{depth:02}"


PAGE = """<body><video muted></video><script>
const files = %s, said = [];
async function play({mime, data}) {
  if (!MediaSource.isTypeSupported(mime)) return {mime, supported: false};
  const media = new MediaSource(), video = document.querySelector("video");
  video.src = URL.createObjectURL(media);
  await new Promise(done => media.addEventListener("sourceopen", done, {once: true}));
  const buffer = media.addSourceBuffer(mime);
  buffer.appendBuffer(Uint8Array.from(atob(data), letter => letter.charCodeAt(0)));
  await new Promise(done => buffer.addEventListener("updateend", done, {once: true}));
  media.endOfStream();
  const shown = new Promise(done => { video.onseeked = () => done("shown"); video.onerror = () => done(video.error.message); });
  video.currentTime = 1.5;
  return {mime, supported: true, end: buffer.buffered.length ? buffer.buffered.end(0) : 0, seek: await shown, size: [video.videoHeight, video.videoWidth]};
}
(async () => { for (const file of files) said.push(await play(file)); fetch("/said", {method: "POST", body: JSON.stringify(said)}); })();
</script>"""


def browse(page, folder):
    """What a page posts to /said when Chromium shows it; it has the time that it needs."""
    said = queue.SimpleQueue()

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.answer(200 if self.path == "/" else 404, page.encode())

        def do_POST(self):
            said.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.answer(200, b"")

        def answer(self, status, body):
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server, (folder / "chromium.log").open("w") as log:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = subprocess.Popen(["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-port=0",
                                    f"--user-data-dir={folder / 'profile'}", f"http://127.0.0.1:{server.server_port}/"],
                                   stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            return said.get(timeout=180)
        except queue.Empty:
            raise AssertionError((folder / "chromium.log").read_text()[-2000:])
        finally:
            os.killpg(browser.pid, signal.SIGKILL)
            browser.wait()
            server.shutdown()


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium")
def test_a_browser_plays_every_stream(tmp_path):
    """Chromium takes the type, appends the whole file, and shows a picture in its middle."""
    source = paint(tmp_path / "source.mp4", 75, *X264, width=320, height=180)
    ladder = [{"resolution": 90}, {"resolution": 180}, {"resolution": 180, "vcodec": "av1", "preset": "10"}]
    done = transcode(source, tmp_path, type={"streaming_config": ladder})
    files = [{"mime": f'video/mp4; codecs="{words_for(path)}"', "data": base64.b64encode(path.read_bytes()).decode()} for path in done.files["streaming"]]
    said = browse(PAGE % json.dumps(files), tmp_path)
    assert len(said) == 3
    for told, (height, width) in zip(said, [(90, 160), (180, 320), (180, 320)]):
        assert told["supported"] and told["seek"] == "shown", told
        assert told["end"] == pytest.approx(3, abs=0.15) and set(told["size"]) == {height, width}


def test_the_lowest_stream_can_be_played_while_the_others_are_made(http, videos, upload, ended, files, tmp_path):
    """Thumbnail first, then streams from the lowest upwards, each whole when it is told of; what was told stays."""
    count = 250
    source = paint(tmp_path / "source.mp4", count, *X264, "-c:a", "aac", "-shortest", width=1280, height=720,
                   inputs=("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=10"))
    uid, number = upload(source, videos(streaming_config=[{"resolution": 72, "preset": "ultrafast"}, {"resolution": 360}, {"resolution": 720, "preset": "slow"}]))
    while not (told := files(number)["media_files"] or {}).get("streaming"):
        assert http.ok("GET", f"/rest/Transcode/{uid}")["job"]["status"] in ("pending", "running")
        time.sleep(0.05)
    assert http.ok("GET", f"/rest/Transcode/{uid}")["job"]["status"] == "running"
    assert told["streaming"][0]["resolution"] == [72, 128] and len(told["thumbnail"]) == 1
    path = tmp_path / "first.mp4"
    path.write_bytes(requests.get(told["streaming"][0]["path"], timeout=60).content)
    assert numbers(path) == list(range(count))
    segments = requests.get(told["streaming"][0]["segment_info"], timeout=60).json()["segments"]
    assert sum(part.get("frame_samples", 0) for part in segments) == count
    assert ended(uid)["status"] == "succeeded"
    assert [one["resolution"][0] for one in files(number)["media_files"]["streaming"]] == [72, 360, 720]
