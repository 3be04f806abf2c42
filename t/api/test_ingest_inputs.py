"""What cameras, phones and programs write: each kind becomes streams of the right pictures, count, size, rate and colours."""
import zipfile

import pytest

from t.painted import BARS, counted, distance, paint, probe, read, run, transcode

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "10", "-pix_fmt", "yuv420p")
COUNT = 30


def holds(path, folder, count=COUNT, first=0, size=(108, 192), fps=25.0, tolerance=16, bars=BARS, kept=None, options=(), type=None):
    """Transcodes the file, and looks at every picture of every stream."""
    done = transcode(path, folder, *options, type=type)
    media, kept = done.media, list(range(first, first + count)) if kept is None else kept
    assert (media["num_frames"], media["height"], media["width"]) == (len(kept), *size)
    assert media["fps"] == pytest.approx(fps, abs=1e-3)
    assert [one["resolution"] for one in media["media_files"]["streaming"]][-1] == [-(-side // 2) * 2 for side in size]
    for stream in done.files["streaming"]:
        shown = read(stream)
        assert [picture.number for picture in shown] == kept, stream
        for picture in {0: shown[0], 1: shown[len(shown) // 2], 2: shown[-1]}.values():
            assert distance(picture.bars, bars) <= tolerance, (stream, picture.bars)
    return done


CODECS = {
    "h264": (".mp4", X264),
    "h264 with B-frames": (".mp4", ("-c:v", "libx264", "-bf", "3", "-crf", "10", "-pix_fmt", "yuv420p")),
    "h264 with B-frames from a negative start": (".mp4", ("-c:v", "libx264", "-bf", "3", "-crf", "10", "-pix_fmt", "yuv420p", "-movflags",
                                                          "negative_cts_offsets")),
    "h264 4:2:2 10 bit": (".mov", ("-c:v", "libx264", "-crf", "10", "-pix_fmt", "yuv422p10le")),
    "h264 interlaced": (".mp4", ("-c:v", "libx264", "-crf", "10", "-pix_fmt", "yuv420p", "-flags", "+ildct+ilme", "-x264-params", "tff=1")),
    "h264 bare": (".h264", X264),
    "hevc": (".mp4", ("-c:v", "libx265", "-preset", "ultrafast", "-crf", "8", "-pix_fmt", "yuv420p", "-x265-params", "log-level=none")),
    "hevc 10 bit": (".mkv", ("-c:v", "libx265", "-preset", "ultrafast", "-crf", "8", "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=none")),
    "av1": (".mp4", ("-c:v", "libsvtav1", "-preset", "10", "-crf", "12", "-pix_fmt", "yuv420p")),
    "av1 10 bit": (".mkv", ("-c:v", "libsvtav1", "-preset", "10", "-crf", "12", "-pix_fmt", "yuv420p10le")),
    "vp8": (".webm", ("-c:v", "libvpx", "-b:v", "2M", "-crf", "6", "-deadline", "realtime", "-auto-alt-ref", "1")),
    "vp9": (".webm", ("-c:v", "libvpx-vp9", "-b:v", "0", "-crf", "12", "-deadline", "realtime", "-cpu-used", "8")),
    "mpeg-2": (".mpg", ("-c:v", "mpeg2video", "-q:v", "2", "-bf", "2")),
    "mpeg-2 upper field first": (".ts", ("-c:v", "mpeg2video", "-q:v", "2", "-flags", "+ildct+ilme", "-top", "1")),
    "mpeg-2 lower field first": (".ts", ("-c:v", "mpeg2video", "-q:v", "2", "-flags", "+ildct+ilme", "-top", "0")),
    "mpeg-4 asp": (".avi", ("-c:v", "mpeg4", "-q:v", "2", "-bf", "2", "-vtag", "DIVX")),
    "xvid": (".avi", ("-c:v", "libxvid", "-q:v", "2")),
    "mjpeg": (".avi", ("-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj422p")),
    "prores": (".mov", ("-c:v", "prores_ks", "-profile:v", "3")),
    "ffv1": (".mkv", ("-c:v", "ffv1", "-pix_fmt", "yuv420p")),
    "ffv1 rgb": (".mkv", ("-c:v", "ffv1", "-pix_fmt", "bgr0")),
    "raw rgb": (".avi", ("-c:v", "rawvideo", "-pix_fmt", "bgr24")),
    "wmv": (".wmv", ("-c:v", "wmv2", "-q:v", "2")),
    "flash": (".flv", ("-c:v", "flv", "-q:v", "2")),
    "flash with h264": (".flv", X264),
    "transport stream": (".ts", X264),
    "m2ts of a camera": (".m2ts", X264),
    "mts of a camera": (".mts", (*X264, "-mpegts_m2ts_mode", "1", "-f", "mpegts")),
    "matroska": (".mkv", X264),
    "quicktime": (".mov", X264),
    "fragmented": (".mp4", (*X264, "-movflags", "frag_keyframe+empty_moov")),
    "ogg": (".ogv", ("-c:v", "libtheora", "-q:v", "10")),
    "mxf": (".mxf", ("-c:v", "mpeg2video", "-q:v", "2")),
}


@pytest.mark.parametrize("kind", CODECS)
def test_codecs_and_containers(kind, tmp_path):
    suffix, output = CODECS[kind]
    holds(paint(tmp_path / ("source" + suffix), COUNT, *output), tmp_path)


def test_dnxhd(tmp_path):
    source = paint(tmp_path / "source.mov", 8, "-c:v", "dnxhd", "-b:v", "120M", "-pix_fmt", "yuv422p", width=1920, height=1080,
                   filters="scale=out_color_matrix=bt709")
    holds(source, tmp_path, 8, size=(1080, 1920), type={"streaming_config": [{"resolution": 108, "crf": 10}, {"resolution": 1080, "crf": 14, "preset": "ultrafast"}]})


def test_gif(tmp_path):
    """Its colours are few, its pictures are parts of the one before."""
    source = paint(tmp_path / "source.gif", COUNT, "-c:v", "gif", filters="split[a][b];[a]palettegen=stats_mode=full[p];[b][p]paletteuse=dither=none")
    holds(source, tmp_path, tolerance=20)


@pytest.mark.parametrize("form", ["png", "jpg"])
def test_a_row_of_images_in_a_zip(form, tmp_path):
    paint(tmp_path / f"picture_%03d.{form}", 12, *(("-q:v", "2") if form == "jpg" else ()))
    source = tmp_path / "row.zip"
    with zipfile.ZipFile(source, "w") as archive:
        for path in sorted(tmp_path.glob("picture_*")):
            archive.write(path, path.name)
    holds(source, tmp_path, 12)


@pytest.mark.parametrize("cut", [0.13, 0.4, 0.71])
def test_a_transport_stream_from_the_middle_of_a_group(cut, tmp_path):
    """Pictures before the first key picture can not be known; from it on, all are there."""
    whole = paint(tmp_path / "whole.ts", 60, "-c:v", "libx264", "-crf", "10", "-g", "12", "-sc_threshold", "0", "-bf", "2", "-pix_fmt", "yuv420p")
    data = whole.read_bytes()
    source = tmp_path / "cut.ts"
    source.write_bytes(data[int(len(data) * cut) + 77:])
    shown = [picture.number for picture in read(source)]
    done = transcode(source, tmp_path)
    for stream in done.files["streaming"]:
        seen = [picture.number for picture in read(stream)]
        assert seen == list(range(seen[0], 60)) and seen[0] % 12 <= 0 and set(seen) <= set(shown)
        assert len(seen) == done.media["num_frames"] > 60 * (1 - cut) - 13


TURNS = {90: "transpose=clock", 180: "hflip,vflip", 270: "transpose=cclock"}       # what undoes a rotation counterclockwise


@pytest.mark.parametrize("degrees", TURNS)
def test_rotation_by_a_display_matrix(degrees, tmp_path):
    lying, source = paint(tmp_path / "lying.mp4", 10, *X264, filters=TURNS[degrees]), tmp_path / "source.mp4"
    run(["ffmpeg", "-v", "error", "-i", lying, "-c", "copy", "-metadata:s:v", f"rotate={degrees}", source])
    assert [picture.number for picture in read(source)] == list(range(10))
    holds(source, tmp_path, 10)


@pytest.mark.parametrize("degrees", TURNS)
def test_rotation_by_a_tag(degrees, tmp_path):
    """As old programs wrote it into Matroska, clockwise."""
    lying, source = paint(tmp_path / "lying.mp4", 10, *X264, filters=TURNS[360 - degrees]), tmp_path / "source.mkv"
    run(["ffmpeg", "-v", "error", "-i", lying, "-c", "copy", "-metadata:s:v", f"ROTAT_={degrees}", source])
    data = source.read_bytes()
    assert data.count(b"ROTAT_") == 1
    source.write_bytes(data.replace(b"ROTAT_", b"ROTATE"))
    holds(source, tmp_path, 10)


@pytest.mark.parametrize("matrix,turn", [((-1, 0, 0, 1), "hflip"), ((1, 0, 0, -1), "vflip"), ((0, 1, 1, 0), "transpose=cclock_flip"),
                                         ((0, -1, -1, 0), "transpose=clock_flip")])
def test_mirrored_pictures(matrix, turn, tmp_path):
    """What a phone's front camera says of its pictures; each of these undoes itself."""
    source = paint(tmp_path / "source.mp4", 10, *X264, filters=turn)
    data = source.read_bytes()
    plain = b"".join(value.to_bytes(4, "big") for value in (65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30))
    a, b, c, d = (value * 65536 for value in matrix)
    turned = b"".join(value.to_bytes(4, "big", signed=True) for value in (a, b, 0, c, d, 0, 0, 0, 1 << 30))
    at = data.index(plain, data.index(b"tkhd"))
    source.write_bytes(data[:at] + turned + data[at + len(turned):])
    holds(source, tmp_path, 10)


@pytest.mark.parametrize("width,height", [(191, 107), (192, 107), (191, 108), (34, 18)])
def test_odd_and_small_sizes(width, height, tmp_path):
    source = paint(tmp_path / "source.mp4", 10, "-c:v", "libx264", "-crf", "4", "-pix_fmt", "yuv444p", width=width, height=height)
    even = [-(-side // 2) * 2 for side in (height, width)]
    done = transcode(source, tmp_path, type={"streaming_config": [{"resolution": 1080, "crf": 6}]})
    assert [one["resolution"] for one in done.media["media_files"]["streaming"]] == [even]
    assert [picture.number for picture in read(done.files["streaming"][0])] == list(range(10))


def test_anamorphic_pixels_become_square(tmp_path):
    source = paint(tmp_path / "source.mp4", 10, *X264, width=96, filters="setsar=2/1")
    holds(source, tmp_path, 10)
    narrow = paint(tmp_path / "narrow.mkv", 10, *X264, width=144, filters="setsar=4/3")
    holds(narrow, tmp_path, 10)


@pytest.mark.parametrize("rate,fps", [("29.97", 29.97), ("30000/1001", 29.97), ("60000/1001", 59.9401), ("24000/1001", 23.976), ("240", 240.0), ("1", 1.0), ("0.5", 0.5)])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_rates(rate, fps, suffix, tmp_path):
    source = paint(tmp_path / ("source" + suffix), 40, *X264, rate=rate)
    done = holds(source, tmp_path, 40, fps=fps)
    for stream in done.files["streaming"]:
        told = probe(stream, "stream=avg_frame_rate", "-select_streams", "v:0")["streams"][0]["avg_frame_rate"].split("/")
        assert int(told[0]) / int(told[1]) == pytest.approx(fps, rel=1e-4)


VARIABLE = "select='not(eq(mod(n,7),3)+eq(mod(n,11),5))'"


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_a_variable_rate(suffix, tmp_path):
    """Each picture once, shown at the average rate."""
    codec = ("-c:v", "libvpx", "-b:v", "2M", "-crf", "6", "-deadline", "realtime") if suffix == ".webm" else X264
    kept = [n for n in range(80) if n % 7 != 3 and n % 11 != 5]
    source = paint(tmp_path / ("source" + suffix), 80, *codec, "-vsync", "vfr", filters=VARIABLE)
    holds(source, tmp_path, kept=kept, fps=len(kept) / 80 * 25 if suffix == ".mp4" else (len(kept) - 1) / (79 - 0) * 25)


def test_a_live_recording_of_a_browser(tmp_path):
    """WebM without duration, index and rate, with pauses between its pictures."""
    kept = [n for n in range(80) if n % 7 != 3 and n % 11 != 5]
    source = paint(tmp_path / "source.webm", 80, "-c:v", "libvpx", "-b:v", "2M", "-crf", "6", "-deadline", "realtime", "-vsync", "vfr", "-live", "1",
                   filters=VARIABLE)
    done = transcode(source, tmp_path)
    assert [[picture.number for picture in read(stream)] for stream in done.files["streaming"]] == [kept, kept]
    assert done.media["fps"] == pytest.approx(len(kept) / 80 * 25, rel=0.03)


def test_an_edit_list(tmp_path):
    """What an editor cut off by an edit list is not shown, and not counted."""
    whole = paint(tmp_path / "whole.mp4", 60, "-c:v", "libx264", "-crf", "10", "-g", "30", "-pix_fmt", "yuv420p")
    source = tmp_path / "source.mp4"
    run(["ffmpeg", "-v", "error", "-ss", "0.4", "-i", whole, "-c", "copy", source])
    shown = [picture.number for picture in read(source)]
    assert shown[-1] == 59 and 0 < shown[0] < 12
    holds(source, tmp_path, kept=shown)


def test_broken_and_missing_timestamps(tmp_path):
    """Doubled times, times that go back, none at all: pictures are taken in their order."""
    whole = paint(tmp_path / "whole.mkv", 40, *X264, "-bf", "0")
    stuck = tmp_path / "stuck.mkv"
    run(["ffmpeg", "-v", "quiet", "-i", whole, "-c", "copy", "-bsf:v", "setts=ts=floor(N/4)*160", stuck])
    bare = tmp_path / "bare.h264"
    run(["ffmpeg", "-v", "error", "-i", whole, "-c", "copy", bare])
    for source in (stuck, bare):
        done = transcode(source, tmp_path)
        assert [[picture.number for picture in read(stream)] for stream in done.files["streaming"]] == [list(range(40))] * 2
        assert done.media["num_frames"] == 40


def test_an_avi_with_dropped_pictures(tmp_path):
    """A capture program that lost pictures writes empty ones: what follows them is not lost."""
    whole = paint(tmp_path / "whole.avi", 30, "-c:v", "mpeg4", "-q:v", "2", "-bf", "0", "-g", "1")
    data = bytearray(whole.read_bytes())
    index = data.index(b"idx1")
    found, at = 0, data.index(b"movi") + 4
    while data[at:at + 4] == b"00dc":
        length = int.from_bytes(data[at + 4:at + 8], "little")
        if found in (10, 11, 20):
            entry = index + 8 + found * 16
            data[entry + 12:entry + 16] = (0).to_bytes(4, "little")
            data[at:at + 4], data[entry:entry + 4] = b"JUNK", b"00dc"
            data[at + 8:at + 8 + length] = bytes(length)
            padding = length - 8 - (length % 2)
            data[at:at + 8] = b"00dc" + (0).to_bytes(4, "little")
            data[at + 8:at + 16] = b"JUNK" + (padding + length % 2).to_bytes(4, "little")
        at += 8 + length + length % 2
        found += 1
    source = tmp_path / "source.avi"
    source.write_bytes(data)
    done = transcode(source, tmp_path)
    kept = [n for n in range(30) if n not in (10, 11, 20)]
    assert [[picture.number for picture in read(stream)] for stream in done.files["streaming"]] == [kept, kept]


def test_the_first_of_several_streams_is_taken(tmp_path):
    other = paint(tmp_path / "other.mp4", 20, *X264, width=96, height=54)
    first = paint(tmp_path / "first.mp4", 20, *X264)
    source = tmp_path / "source.mkv"
    run(["ffmpeg", "-v", "error", "-i", first, "-i", other, "-map", "0:v", "-map", "1:v", "-c", "copy", "-disposition:v:0", "0", "-disposition:v:1", "default",
         source])
    holds(source, tmp_path, 20)


def test_attached_pictures_are_not_the_video(tmp_path):
    cover = tmp_path / "cover.jpg"
    run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=red:s=300x300:d=1:r=1", "-frames:v", "1", cover])
    video = paint(tmp_path / "video.mp4", 20, *X264)
    source = tmp_path / "source.mp4"
    run(["ffmpeg", "-v", "error", "-i", cover, "-i", video, "-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0", "attached_pic", source])
    holds(source, tmp_path, 20)

    song = tmp_path / "song.m4a"
    run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=duration=1", "-i", cover, "-map", "0", "-map", "1", "-c:v", "copy", "-c:a", "aac",
         "-disposition:v:0", "attached_pic", song])
    assert "no video stream" in transcode(song, tmp_path, fails=True).said


@pytest.mark.parametrize("layout,channels", [("5.1", 6), ("7.1", 8), ("mono", 1), ("quad", 4)])
def test_sound_of_many_channels_becomes_stereo(layout, channels, tmp_path):
    tones = "|".join(f"0.1*sin(2*PI*{300 + 100 * k}*t)" for k in range(channels))
    source = paint(tmp_path / "source.mkv", 50, "-map", "0:v", "-map", "1:a", *X264, "-c:a", "flac", "-shortest",
                   inputs=("-f", "lavfi", "-i", f"aevalsrc='{tones}':c={layout}:d=2"))
    done = holds(source, tmp_path, 50)
    told = probe(done.files["audio"][0], "stream=codec_name,channels:format=duration")
    assert (told["streams"][0]["codec_name"], told["streams"][0]["channels"]) == ("aac", 2)
    assert float(told["format"]["duration"]) == pytest.approx(2, abs=0.1)


def test_no_sound_makes_no_sound_file(tmp_path):
    assert "audio" not in holds(paint(tmp_path / "source.mp4", 5, *X264), tmp_path, 5).files


@pytest.mark.parametrize("suffix,output", [(".mp4", X264), (".mkv", X264), (".avi", ("-c:v", "mjpeg", "-q:v", "2")), (".gif", ()), (".png", ()), (".jpg", ("-q:v", "2"))])
def test_one_picture(suffix, output, tmp_path):
    source = paint(tmp_path / ("source" + suffix), 1, *output, "-frames:v", "1")
    done = transcode(source, tmp_path)
    assert done.media["num_frames"] == 1
    for stream in done.files["streaming"]:
        shown = read(stream)
        assert [picture.number for picture in shown] == [0] and distance(shown[0].bars) <= 24


def test_a_still_image_for_a_minute(tmp_path):
    """A slide show: one picture every twenty seconds."""
    source = paint(tmp_path / "source.mp4", 3, "-c:v", "libx264", "-crf", "10", "-pix_fmt", "yuv420p", rate="1/20")
    holds(source, tmp_path, 3, fps=0.05)


@pytest.mark.parametrize("kind,output,filters", [
    ("full range", ("-c:v", "libx264", "-crf", "8", "-pix_fmt", "yuv420p", "-color_range", "pc"), "scale=out_range=pc"),
    ("full range as yuvj", ("-c:v", "libx264", "-crf", "8", "-pix_fmt", "yuvj420p"), ""),
    ("bt.709", ("-c:v", "libx264", "-crf", "8", "-pix_fmt", "yuv420p", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"),
     "scale=out_color_matrix=bt709"),
    ("bt.601", ("-c:v", "libx264", "-crf", "8", "-pix_fmt", "yuv420p", "-colorspace", "smpte170m"), "scale=out_color_matrix=smpte170m"),
    ("4:4:4 rgb", ("-c:v", "libx264rgb", "-crf", "8", "-pix_fmt", "rgb24"), ""),
    ("grey", ("-c:v", "libx264", "-crf", "8", "-pix_fmt", "gray"), ""),
])
def test_colour_ranges_and_matrices(kind, output, filters, tmp_path):
    source = paint(tmp_path / "source.mkv", 6, *output, filters=filters)
    bars = BARS if kind != "grey" else [(round(0.299 * r + 0.587 * g + 0.114 * b),) * 3 for r, g, b in BARS]
    done = holds(source, tmp_path, 6, tolerance=8, bars=bars)
    for stream in done.files["streaming"]:
        told = probe(stream, "stream=color_range,color_space,pix_fmt", "-select_streams", "v:0")["streams"][0]
        assert (told["pix_fmt"], told.get("color_range")) == ("yuv420p", "tv") and told.get("color_space", "unknown") != "unknown"


def test_an_unmarked_high_definition_source_is_bt709_in_every_stream(tmp_path):
    """Players guess by a file's height: without a mark small streams would have other colours than large ones."""
    source = paint(tmp_path / "source.mp4", 4, "-c:v", "libx264", "-preset", "ultrafast", "-crf", "10", "-pix_fmt", "yuv420p", width=1280, height=720,
                   filters="scale=out_color_matrix=bt709")
    holds(source, tmp_path, 4, size=(720, 1280), tolerance=8, type={"streaming_config": [{"resolution": 108, "crf": 8}, {"resolution": 720, "crf": 12}]})


@pytest.mark.parametrize("transfer,tolerance", [("smpte2084", 40), ("arib-std-b67", 40), ("bt2020-10", 12)])
def test_high_dynamic_range_and_wide_gamut_become_bt709_and_it_is_said(transfer, tolerance, tmp_path):
    """HDR10, HLG, BT.2020 alone. White of 203 nits comes out a little darker than white, because brighter things must find room above it."""
    source = paint(tmp_path / "source.mkv", 6, "-c:v", "libx265", "-preset", "ultrafast", "-crf", "6", "-x265-params", "log-level=none", "-color_primaries",
                   "bt2020", "-colorspace", "bt2020nc", "-color_trc", transfer, "-color_range", "tv",
                   filters=f"format=gbrp,zscale=min=gbr:pin=bt709:tin=bt709:rin=pc:p=bt2020:t={transfer}:m=bt2020nc:r=tv:npl=203,format=yuv420p10le")
    done = holds(source, tmp_path, 6, tolerance=tolerance)
    assert "BT.709" in done.said
    for stream in done.files["streaming"]:
        told = probe(stream, "stream=color_space,color_transfer,color_primaries", "-select_streams", "v:0")["streams"][0]
        assert (told["color_space"], told["color_transfer"], told["color_primaries"]) == ("bt709", "bt709", "bt709")
        white, *_, grey = read(stream)[0].bars
        assert min(white) >= 190 and max(white) - min(white) <= 6 and max(grey) - min(grey) <= 6


@pytest.mark.parametrize("suffix,output", [(".mov", ("-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le")),
                                           (".mov", ("-c:v", "qtrle", "-pix_fmt", "argb")), (".mov", ("-c:v", "png", "-pix_fmt", "rgba")),
                                           (".webm", ("-c:v", "libvpx-vp9", "-b:v", "0", "-crf", "10", "-deadline", "realtime", "-pix_fmt", "yuva420p"))])
def test_alpha(suffix, output, tmp_path):
    """Opaque pictures keep their colours."""
    holds(paint(tmp_path / ("source" + suffix), 6, *output, filters="format=rgba"), tmp_path, 6)


def test_what_is_transparent_is_shown_on_black(tmp_path):
    source = paint(tmp_path / "source.mov", 3, "-c:v", "png", "-pix_fmt", "rgba", filters="format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='if(gt(Y,H/2),0,255)'")
    done = transcode(source, tmp_path)
    for stream in done.files["streaming"]:
        shown = read(stream)
        assert [picture.number for picture in shown] == [0, 1, 2] and distance(shown[0].bars, [(0, 0, 0)] * 8) <= 8


def test_pictures_that_change_their_size(tmp_path):
    """A stream that is switched: all pictures get the first one's size."""
    parts = [paint(tmp_path / f"{n}.ts", 10, *X264, width=width, height=height) for n, (width, height) in
             enumerate([(192, 108), (320, 180), (96, 54)])]
    source = tmp_path / "source.ts"
    source.write_bytes(b"".join(part.read_bytes() for part in parts))
    done = transcode(source, tmp_path)
    for stream in done.files["streaming"]:
        assert [picture.number for picture in read(stream)] == list(range(10)) * 3 == [n % 10 for n in range(done.media["num_frames"])]


def test_a_damaged_place_is_passed_and_said(tmp_path):
    """What the decoder can make of the rest is there; the hole is seen by the pictures' times."""
    whole = bytearray(paint(tmp_path / "whole.ts", 60, "-c:v", "mpeg2video", "-q:v", "2", "-g", "6").read_bytes())
    middle = len(whole) // 2
    whole[middle:middle + 6000] = bytes(range(250)) * 24
    source = tmp_path / "source.ts"
    source.write_bytes(whole)
    done, shown = transcode(source, tmp_path), [picture.number for picture in read(source)]
    assert shown[:20] == list(range(20)) and shown[-10:] == list(range(50, 60)) and done.media["num_frames"] == len(shown)
    assert "rate varies" in done.said
    for stream in done.files["streaming"]:
        assert [picture.number for picture in read(stream)] == shown


def test_ffmpeg_counts_the_same(tmp_path):
    source = paint(tmp_path / "source.mp4", 33, *X264)
    assert counted(source) == 33 == transcode(source, tmp_path).media["num_frames"]
