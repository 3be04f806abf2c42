"""Picture n of every stream is picture n of the source: read back by number, whole and by fragments; rates that are forced."""
import json
import random

import pytest

from t.painted import numbers, paint, probe, run, transcode

LADDER = [{"resolution": 36, "crf": 12}, {"resolution": 72, "crf": 12}, {"resolution": 108, "crf": 12},
          {"resolution": 72, "vcodec": "hevc", "crf": 14, "preset": "ultrafast"}, {"resolution": 72, "vcodec": "av1", "crf": 20, "preset": "10"}]
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "10", "-pix_fmt", "yuv420p")
GROUP, COUNT = 25, 140


def some(count):
    """First, last, and twenty random ones."""
    return sorted({0, count - 1, *random.Random(count).sample(range(count), 20)})


def fragments(stream, segments, folder):
    """Pictures as a player comes to them: headers and one fragment, nothing else. (first picture, numbers that are shown) for each."""
    parts, data, shown = segments["segments"], stream.read_bytes(), []
    assert [part["name"] for part in parts[:2]] == ["ftyp", "moov"]
    assert sum(part["size"] for part in parts) == len(data) and all(
        part["offset"] == sum(one["size"] for one in parts[:n]) and data[part["offset"] + 4:part["offset"] + 8].decode() == part["name"]
        and int.from_bytes(data[part["offset"]:part["offset"] + 4], "big") == part["size"] for n, part in enumerate(parts))
    for n, part in enumerate(parts):
        if part["name"] == "moof":
            assert parts[n + 1]["name"] == "mdat" and part["frame_samples"] <= GROUP
            piece = folder / "piece.mp4"
            piece.write_bytes(b"".join(data[one["offset"]:one["offset"] + one["size"]] for one in (*parts[:2], part, parts[n + 1])))
            shown.append((part["frame_start"], numbers(piece)))
            assert len(shown[-1][1]) == part["frame_samples"]
    return shown


def constant(folder):
    return paint(folder / "source.mp4", COUNT, *X264, "-bf", "2"), list(range(COUNT))


def variable(suffix, rate):
    def make(folder):
        kept = [n for n in range(COUNT) if n % 7 != 3 and n % 13 != 5]
        return paint(folder / ("source" + suffix), COUNT, *X264, "-bf", "2", "-vsync", "vfr", rate=rate,
                     filters="select='not(eq(mod(n,7),3)+eq(mod(n,13),5))'"), kept
    return make


def negative_start(folder):
    """Three B-frames: decoding begins before time 0."""
    path = paint(folder / "source.mp4", COUNT, "-c:v", "libx264", "-bf", "3", "-b_strategy", "0", "-crf", "10", "-pix_fmt", "yuv420p", "-movflags",
                 "negative_cts_offsets+empty_moov+frag_keyframe")
    return path, list(range(COUNT))


def edited(folder):
    """An edit list hides the pictures up to the cut, which the first shown one needs for its decoding."""
    whole = paint(folder / "whole.mp4", COUNT + 8, "-c:v", "libx264", "-bf", "2", "-crf", "10", "-g", "50", "-pix_fmt", "yuv420p")
    run(["ffmpeg", "-v", "error", "-ss", "0.32", "-i", whole, "-c", "copy", folder / "source.mp4"])
    return folder / "source.mp4", list(range(8, COUNT + 8))


def late(folder):
    """An edit list that begins with a pause: the first picture is shown after a second."""
    whole = paint(folder / "whole.mp4", COUNT, *X264, "-bf", "2")
    run(["ffmpeg", "-v", "error", "-itsoffset", "1", "-i", whole, "-f", "lavfi", "-i", "sine=d=6", "-c:v", "copy", "-c:a", "aac", folder / "source.mp4"])
    return folder / "source.mp4", list(range(COUNT))


@pytest.mark.parametrize("make", [constant, variable(".mp4", "30000/1001"), variable(".mkv", "60000/1001"), negative_start, edited, late],
                         ids=["constant", "variable-mp4", "variable-mkv", "negative-start", "edit-list", "late"])
def test_every_picture_is_where_its_number_says(make, tmp_path):
    """In each stream, by its number among all, and through the one fragment that the segment map names for it."""
    source, kept = make(tmp_path)
    assert numbers(source) == kept
    done = transcode(source, tmp_path, type={"streaming_config": LADDER})
    assert done.media["num_frames"] == len(kept)

    streams = done.media["media_files"]["streaming"]
    assert [(one["codec"], one["resolution"][0]) for one in streams] == [("h264", 36), ("av1", 72), ("h264", 72), ("hevc", 72), ("h264", 108)]
    for one in streams:
        assert numbers(done.folder / one["path"]) == kept, one
        pieces = fragments(done.folder / one["path"], json.loads((done.folder / one["segment_info"]).read_text()), tmp_path)
        assert [start for start, _ in pieces] == list(range(0, len(kept), GROUP))
        for frame in some(len(kept)):
            start, shown = pieces[frame // GROUP]
            assert shown[frame - start] == kept[frame], (one, frame)


def test_pictures_are_shown_at_even_times(tmp_path):
    """Frame n is at n / fps behind the first one, in every stream."""
    source = paint(tmp_path / "source.mp4", 60, *X264, rate="30000/1001")
    done = transcode(source, tmp_path, type={"streaming_config": LADDER})
    for one in done.media["media_files"]["streaming"]:
        path = done.folder / one["path"]
        times = sorted(float(frame["best_effort_timestamp_time"]) for frame in
                       probe(path, "frame=best_effort_timestamp_time", "-select_streams", "v:0")["frames"])
        start = json.loads((done.folder / one["segment_info"]).read_text())["file"]["start"]
        assert times[0] == pytest.approx(start, abs=1e-3)
        assert all(time - times[0] == pytest.approx(n / done.media["fps"], abs=1e-3) for n, time in enumerate(times))


@pytest.mark.parametrize("force,shown,said", [
    ("50", [n for n in range(50) for _ in range(2)][:99], "49 doubled"),
    ("12.5", list(range(0, 50, 2)), "25 pictures were left out"),
    ("25", list(range(50)), None),
])
@pytest.mark.parametrize("interlaced", [False, True])
def test_a_forced_rate_doubles_and_drops_and_says_how_many(force, shown, said, interlaced, tmp_path):
    laced = ("-flags", "+ildct+ilme", "-x264-params", "tff=1") if interlaced else ()
    source = paint(tmp_path / "source.mp4", 50, "-c:v", "libx264", "-crf", "10", "-pix_fmt", "yuv420p", *laced)
    done = transcode(source, tmp_path, "--force-fps", force)
    assert (done.media["num_frames"], done.media["fps"]) == (len(shown), float(force))
    assert [numbers(stream) for stream in done.files["streaming"]] == [shown, shown]
    assert said in done.said if said else "doubled" not in done.said


def test_a_forced_rate_makes_a_variable_rate_constant(tmp_path):
    """Each picture stays until the next one's time: what is shown when is as in the source."""
    kept = [n for n in range(60) if n % 7 != 3]
    source = paint(tmp_path / "source.mp4", 60, *X264, "-vsync", "vfr", filters="select='not(eq(mod(n,7),3))'")
    done = transcode(source, tmp_path, "--force-fps", "25")
    wanted = [n if n in kept else n - 1 for n in range(59)]
    assert [numbers(stream) for stream in done.files["streaming"]] == [wanted, wanted]
    assert f"{59 - len(kept)} doubled" in done.said


def test_a_varying_rate_is_said(tmp_path):
    """Two seconds at 25, ten at 2 pictures a second."""
    source = paint(tmp_path / "source.mp4", 70, *X264, "-vsync", "vfr", filters="setpts='if(lt(N,50),N/25,2+(N-50)/2)/TB'")
    done = transcode(source, tmp_path)
    assert "rate varies" in done.said and "seconds from its own time" in done.said
    assert [numbers(stream) for stream in done.files["streaming"]] == [list(range(70))] * 2


def test_a_clock_that_jumps_does_not_fill_a_year(tmp_path):
    parts = [paint(tmp_path / f"{n}.ts", 20, *X264, "-muxdelay", "0", "-output_ts_offset", offset) for n, offset in enumerate(("0", "40000"))]
    source = tmp_path / "source.ts"
    source.write_bytes(b"".join(part.read_bytes() for part in parts))
    done = transcode(source, tmp_path, "--force-fps", "25")
    assert [numbers(stream) for stream in done.files["streaming"]] == [list(range(20)) * 2] * 2


def test_sound_stays_with_its_pictures(tmp_path):
    """A flash and a beep at the same time: two seconds in, also when the file does not begin at zero."""
    for number, output in enumerate((("-output_ts_offset", "0"), ("-output_ts_offset", "5"))):
        source = tmp_path / f"source{number}.mkv"
        run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "color=black:s=192x108:r=25:d=3,geq=lum='if(gte(T,2),235,16)':cb=128:cr=128", "-f", "lavfi", "-i",
             "aevalsrc='if(gte(t,2),0.5*sin(2*PI*440*t),0)':s=48000:d=3", *X264, "-c:a", "flac", *output, source])
        done = transcode(source, tmp_path)
        data = run(["ffmpeg", "-v", "error", "-i", done.files["audio"][0], "-f", "s16le", "-ac", "1", "-ar", "8000", "-"])
        loud = next(n for n in range(0, len(data), 2) if abs(int.from_bytes(data[n:n + 2], "little", signed=True)) > 2000)
        assert loud / 2 / 8000 == pytest.approx(2, abs=0.05)


def test_sound_whose_clock_drifts_stays_with_its_pictures(tmp_path):
    """Its times are some milliseconds late from the third second on, as recorders write them: it is stretched, and nothing is put into it."""
    source = tmp_path / "source.mkv"
    run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=s=192x108:r=25:d=6", "-f", "lavfi", "-i",
         "aevalsrc='if(gte(t,5),0.5*sin(2*PI*440*t),0)':s=48000:d=6", "-af", "asetpts='PTS+if(gte(T,3),0.006/TB,0)'", *X264, "-c:a", "pcm_s16le", source])
    done = transcode(source, tmp_path)
    data = run(["ffmpeg", "-v", "error", "-i", done.files["audio"][0], "-f", "s16le", "-ac", "1", "-ar", "8000", "-"])
    loud = next(n for n in range(0, len(data), 2) if abs(int.from_bytes(data[n:n + 2], "little", signed=True)) > 2000)
    assert loud / 2 / 8000 == pytest.approx(5, abs=0.05) and len(data) / 2 / 8000 == pytest.approx(6, abs=0.15)
