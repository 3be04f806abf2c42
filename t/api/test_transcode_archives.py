"""Archives of videos, images and tables of annotations become media with annotations; hostile ones touch nothing."""
import glob
import io
import subprocess
import tarfile
import uuid
import zipfile

import pytest
import requests
from PIL import Image


def packed(kind, members):
    """The bytes of an archive: zip, tar or tgz, of (name, bytes) in order."""
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members:
                archive.writestr(name, data)
    else:
        with tarfile.open(fileobj=out, mode="w:gz" if kind == "tgz" else "w") as archive:
            for name, data in members:
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def picture(size=(200, 100), colour=(200, 30, 30), form="JPEG"):
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, form)
    return out.getvalue()


@pytest.fixture
def typed(http, project, videos):
    """The project with types of images, videos, boxes and states; answers their ids."""
    attributes = [{"name": "Label", "dtype": "string"}, {"name": "Count", "dtype": "int"}, {"name": "Sure", "dtype": "bool"}]
    video = videos(streaming_config=[{"resolution": 90}])
    image = http.ok("POST", f"/rest/MediaTypes/{project.id}", {"name": "images", "dtype": "image"})["id"]
    box = http.ok("POST", f"/rest/LocalizationTypes/{project.id}", {"name": "boxes", "dtype": "box", "media_types": [video, image],
                                                                     "attribute_types": attributes})["id"]
    state = http.ok("POST", f"/rest/StateTypes/{project.id}", {"name": "states", "association": "Frame", "media_types": [video],
                                                                "attribute_types": attributes})["id"]
    return {"video": video, "image": image, "box": box, "state": state}


@pytest.mark.parametrize("kind", ["zip", "tar", "tgz"])
def test_members_become_media_with_their_annotations(http, user, project, typed, upload, ended, clip, tmp_path, kind):
    film, box, state = clip(1, 320, 180, sound=False).read_bytes(), typed["box"], typed["state"]
    rows = "".join(f"{n % 25},{n % 100},18,32,9,fish {n},{n},{'true' if n % 2 else 'false'}\n" for n in range(1203))
    members = [("dive/readme.txt", b"no media"), ("__MACOSX/dive/._clip.mp4", b"\0\0"), ("dive/clip.mp4", film),
               (f"dive/clip/localizations/{box}.csv", ("frame,x,y,width,height,Label,Count,Sure\n" + rows).encode()),
               (f"dive/clip/states/{state}.csv", b"\xef\xbb\xbfframe,Label,Count\r\n3,\"calm, \"\"clear\"\"\",\r\n10,murky,4\r\n"),
               ("dive/photo.jpg", picture()), (f"dive/photo/localizations/{box}.csv", b"x,y,width,height,Label\n50,25,100,50,coral\n")]
    path = tmp_path / f"dive.{kind}"
    path.write_bytes(packed(kind, members))
    uid, number = upload(path, typed["video"], attributes={})
    job = ended(uid)
    assert job["status"] == "succeeded", job

    media = {one["name"]: one for one in http.ok("GET", f"/rest/Medias/{project.id}")}
    assert sorted(media) == ["clip.mp4", "photo.jpg"]   # and not the archive's own
    clip_row, photo = media["clip.mp4"], media["photo.jpg"]
    assert (clip_row["type"], clip_row["num_frames"], photo["type"], photo["width"], photo["height"]) == (typed["video"], 25, typed["image"], 200, 100)
    assert len(clip_row["media_files"]["streaming"]) == 1 and photo["media_files"]["image"][0]["mime"] == "image/jpeg"
    assert clip_row["primary_section"] == photo["primary_section"] is not None
    assert len(clip_row["md5"]) == 32

    found = http.ok("GET", f"/rest/Localizations/{project.id}", media_id=clip_row["id"])
    assert len(found) == 1203
    one = next(row for row in found if row["attributes"]["Count"] == 1202)
    assert (one["frame"], one["type"], one["attributes"]) == (1202 % 25, box, {"Label": "fish 1202", "Count": 1202, "Sure": False})
    assert [round(one[side], 6) for side in ("x", "y", "width", "height")] == [round(2 / 320, 6), 0.1, 0.1, 0.05]
    told = http.ok("GET", f"/rest/States/{project.id}", media_id=clip_row["id"])
    assert sorted((row["frame"], row["attributes"].get("Label"), row["attributes"].get("Count")) for row in told) == \
        [(3, 'calm, "clear"', None), (10, "murky", 4)]
    drawn = http.ok("GET", f"/rest/Localizations/{project.id}", media_id=photo["id"])
    assert [(row["x"], row["y"], row["width"], row["height"], row["attributes"]["Label"]) for row in drawn] == [(0.25, 0.25, 0.5, 0.5, "coral")]


def test_annotations_are_the_requesting_users(http, user, project, typed, tmp_path, ended, server, clip):
    """Who posts the transcode is the author of all of it."""
    person = user()
    http.ok("POST", f"/rest/Memberships/{project.id}", {"user": person.id, "permission": "Full Control"})
    path = tmp_path / "one.zip"
    path.write_bytes(packed("zip", [("photo.png", picture(form="PNG")), ("photo/localizations/%d.csv" % typed["box"], b"x,y,width,height\n0,0,10,10\n")]))
    info = person.http.ok("GET", f"/rest/UploadInfo/{project.id}", filename=path.name)
    assert requests.put(info["urls"][0], data=path.read_bytes(), timeout=60).status_code == 200
    url = person.http.ok("POST", f"/rest/DownloadInfo/{project.id}", {"keys": [info["key"]]})[0]["url"]
    made = person.http.ok("POST", f"/rest/Transcodes/{project.id}", {"type": typed["video"], "gid": str(uuid.uuid4()), "uid": str(uuid.uuid4()), "url": url,
                                                                     "name": "one.zip", "section": "S", "md5": uuid.uuid4().hex})
    assert ended(made["id"])["status"] == "succeeded"
    rows = http.ok("GET", f"/rest/Localizations/{project.id}")
    assert [row["created_by"] for row in rows] == [person.id]


def test_an_archive_with_one_video_is_that_video(http, project, typed, upload, ended, files, clip, tmp_path):
    path = tmp_path / "single.zip"
    path.write_bytes(packed("zip", [("deep/down/clip.mp4", clip(1, 320, 180, sound=False).read_bytes())]))
    uid, number = upload(path, typed["video"])
    assert ended(uid)["status"] == "succeeded"
    assert [one["id"] for one in http.ok("GET", f"/rest/Medias/{project.id}")] == [number]
    assert (files(number)["num_frames"], files(number)["name"]) == (25, "single.zip")


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_row_of_numbered_images_is_a_video(http, project, typed, upload, ended, files, tmp_path, form):
    """In the order of their numbers, not of the archive."""
    colours = [(250, 10, 10) if n < 7 else (10, 10, 250) for n in range(12)]
    order = sorted(range(12), key=lambda n: str(n + 4))
    path = tmp_path / "row.zip"
    path.write_bytes(packed("zip", [(f"row/img_{n + 4}.{form.lower()}", picture((160, 90), colours[n], form)) for n in order]))
    uid, number = upload(path, typed["video"])
    job = ended(uid)
    assert job["status"] == "succeeded", job
    media = files(number)
    assert (media["num_frames"], media["fps"], media["width"], media["height"]) == (12, 25.0, 160, 90)
    stored = tmp_path / "stored.mp4"
    stored.write_bytes(requests.get(media["media_files"]["streaming"][0]["path"], timeout=60).content)
    pixels = subprocess.run(["ffmpeg", "-v", "error", "-i", str(stored), "-vf", "scale=1:1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
                            capture_output=True, check=True).stdout
    assert ["rgb"[max(range(3), key=lambda c: pixels[3 * n + c])] for n in range(12)] == ["r"] * 7 + ["b"] * 5


def test_damaged_members_and_tables_are_named(http, project, typed, upload, ended, tmp_path):
    """The others are imported all the same."""
    box, good = typed["box"], picture()
    cases = {
        "member": ([("a.jpg", good), ("b.jpg", good[:60]), ("notes.mp4", b"no video"), ("c.jpg", good)], "b.jpg", "2 of 4"),
        "number": ([("a.jpg", good), (f"a/localizations/{box}.csv", b"x,y\n1,2\n1,zwei\n")], f"a/localizations/{box}.csv: line 3 has no proper value of y", "0 of 1"),
        "cells": ([("a.jpg", good), (f"a/localizations/{box}.csv", b"x,y\n1,2,3\n")], "line 2 has more cells", "0 of 1"),
        "type": ([("a.jpg", good), ("a/localizations/999999.csv", b"x,y\n1,2\n")], "no such type", "0 of 1"),
        "empty": ([("readme.txt", b"hello")], "no video and no image", ""),
        "name": ([("a.jpg", good), ("a/states/mine.csv", b"frame\n1\n")], "not named by the id of a type", ""),
    }
    for name, (members, reason, count) in cases.items():
        path = tmp_path / f"{name}.zip"
        path.write_bytes(packed("zip", members))
        uid, _ = upload(path, typed["video"])
        job = ended(uid)
        assert job["status"] == "failed" and reason in job["message"] and count in job["message"], (name, job)
    assert len([one for one in http.ok("GET", f"/rest/Medias/{project.id}") if one["name"] in ("a.jpg", "c.jpg") and one["media_files"].get("image")]) == 5


def test_an_archive_without_a_type_for_its_images(http, project, videos, upload, ended, tmp_path):
    path = tmp_path / "photos.zip"
    path.write_bytes(packed("zip", [("eel.jpg", picture()), ("ray.jpg", picture())]))
    uid, _ = upload(path, videos(streaming_config=[{"resolution": 90}]))
    job = ended(uid)
    assert job["status"] == "failed" and "no media type" in job["message"], job


def hostile(name):
    out = io.BytesIO()
    if name == "links.tar":
        with tarfile.open(fileobj=out, mode="w") as archive:
            for member, kind, target in (("passwd.mp4", tarfile.SYMTYPE, "/etc/passwd"), ("dir", tarfile.SYMTYPE, "/etc"), ("hard.jpg", tarfile.LNKTYPE, "/etc/passwd"),
                                         ("null.png", tarfile.CHRTYPE, ""), ("pipe.jpg", tarfile.FIFOTYPE, "")):
                info = tarfile.TarInfo(member)
                info.type, info.linkname = kind, target
                archive.addfile(info)
            info = tarfile.TarInfo("dir/clip.jpg")
            info.size = 5
            archive.addfile(info, io.BytesIO(b"hello"))
        return out.getvalue()
    if name == "link.zip":
        with zipfile.ZipFile(out, "w") as archive:
            info = zipfile.ZipInfo("shadow.mp4")
            info.create_system, info.external_attr = 3, 0o120777 << 16
            archive.writestr(info, "/etc/shadow")
        return out.getvalue()
    if name == "bomb.zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            with archive.open("huge.mp4", "w") as member:
                for _ in range(300):
                    member.write(bytes(1 << 20))
        return out.getvalue()
    if name == "many.zip":
        with zipfile.ZipFile(out, "w") as archive:
            for n in range(100_001):
                archive.writestr(f"{n}.txt", b"")
        return out.getvalue()
    raise AssertionError(name)


@pytest.mark.parametrize("name,reason", [("links.tar", "no video and no image"), ("link.zip", "no video and no image"), ("bomb.zip", "larger than what the disk can take"),
                                         ("many.zip", "more than 100000 entries")])
def test_hostile_archives(worker, tmp_path, name, reason):
    """Links are not followed, devices not opened, what unpacks without end is stopped."""
    (tmp_path / name).write_bytes(hostile(name))
    out, done = worker(tmp_path / name, TATOR_TRANSCODE_DISK="100")
    assert done.returncode == 10 and reason in done.stderr, (done.returncode, done.stderr)
    assert not any(path.suffix in (".mp4", ".png", ".jpg", ".jpeg") for path in out.rglob("*"))


def test_paths_lead_nowhere(worker, tmp_path):
    """A member's path is a name and nothing else."""
    (tmp_path / "evil.zip").write_bytes(packed("zip", [("../../../../tmp/tator-evil.png", picture(form="PNG")), ("/tmp/tator-evil-2.png", picture(form="PNG")),
                                                       ("..\\..\\tator-evil-3.png", picture(form="PNG"))]))
    out, done = worker(tmp_path / "evil.zip")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out.iterdir()) == ["1", "2", "3"]
    assert not glob.glob("/tmp/tator-evil*")
