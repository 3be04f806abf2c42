"""Media: creation, lists, changes, compounds, archive states, deletion, presigned URLs."""
import gzip
import io
import json
import threading
import time
import uuid

import pytest
import requests
from PIL import Image


def spec(kind, name, **more):
    return {"type": kind, "name": name, "md5": uuid.uuid4().hex, **more}


def refused(http, method, path, body=None, status=400, **query):
    answer = http.request(method, path, json=body, params=query or None)
    assert answer.status_code == status, answer.text[:300]
    return answer.json()["message"]


@pytest.fixture
def typed(project):
    return project.types()


# --- creation


def test_one_spec_answers_one_id_and_the_object(http, typed):
    made = http.ok("POST", f"/rest/Medias/{typed.id}", spec(typed.video, "film.mp4", num_frames=100, fps=29.97, codec="h264", width=640,
                                                            height=480, gid="g", uid="u", summary_level=3, attributes={"Count": 4}))
    assert isinstance(made["id"], int)
    found = http.ok("GET", f"/rest/Media/{made['id']}")
    assert made["object"].pop("effective_permission") == 0xFFFFFF and found.pop("effective_permission") == 0
    assert found == made["object"]
    assert (found["fps"], found["num_frames"], found["codec"], found["width"], found["gid"]) == (29.97, 100, "h264", 640, "g")
    assert found["attributes"] == {"Count": 4, "tator_user_sections": ""}
    assert found["media_files"] is None and found["primary_section"] is None and found["archive_state"] == "live"
    assert made["message"] == f"Media object {made['id']} created for video film.mp4 on project {typed.name}"


def test_a_list_of_one_answers_lists(http, typed):
    made = http.ok("POST", f"/rest/Medias/{typed.id}", [spec(typed.image, "a.png", width=5)])
    assert made["id"] == [made["object"][0]["id"]]
    assert made["object"][0]["width"] is None and made["object"][0]["media_files"] == {}


def test_the_client_gets_an_id_for_one_and_ids_for_many(api, typed):
    assert isinstance(api.create_media_list(typed.id, spec(typed.image, "a.png")).id, int)
    many = api.create_media_list(typed.id, [spec(typed.image, f"{k}.png") for k in range(3)])
    assert len(many.id) == 3 and many.message == "Started import of 3 images!"


def test_in_a_list_of_images_a_bad_one_is_left_out(http, typed):
    made = http.ok("POST", f"/rest/Medias/{typed.id}", [spec(typed.image, "good.png"), spec(typed.image, "bad.png", attributes={"Count": "x"}),
                                                        spec(typed.image, "n" * 257), spec(typed.image, "fine.png")])
    assert [item["name"] for item in made["object"]] == ["good.png", "fine.png"]
    assert http.ok("GET", f"/rest/MediaCount/{typed.id}") == 2


def test_a_list_with_a_video_makes_nothing(http, typed):
    message = refused(http, "POST", f"/rest/Medias/{typed.id}", [spec(typed.image, "a.png"), spec(typed.video, "a.mp4")])
    assert message == "Multiple media creation only supports images, found at least one spec with dtype video"
    assert http.ok("GET", f"/rest/MediaCount/{typed.id}") == 0


@pytest.mark.parametrize("name, kind", [("a.PNG", "image"), ("b.jpeg", "image"), ("c.dng", "image"), ("d.mp4", "video"), ("e.M2TS", "video"),
                                        ("f.txt", "video")])
def test_type_minus_one_goes_by_the_name(http, typed, name, kind):
    assert http.ok("POST", f"/rest/Medias/{typed.id}", spec(-1, name))["object"]["type"] == getattr(typed, kind)


def test_what_can_not_be_created_is_refused_without_traces(http, typed):
    path = f"/rest/Medias/{typed.id}"
    refused(http, "POST", path, spec(-1, "nothing"))
    refused(http, "POST", path, spec(-1, "a.xyzzy"))
    refused(http, "POST", path, spec(999999999, "a.png"), status=404)
    refused(http, "POST", path, spec(typed.image, "a.png", section_id=999999999))
    refused(http, "POST", path, spec(typed.image, "a.png", section="Fresh", attributes={"Count": "many"}))
    refused(http, "POST", path, spec(typed.image, "a.png", section="Fresh", elemental_id="1"))
    refused(http, "POST", path, spec(typed.image, "a.png", section="Fresh", user_elemental_id=str(uuid.uuid4())))
    refused(http, "POST", path, {"type": typed.image, "name": "a.png", "section": "Fresh"})
    assert http.ok("GET", f"/rest/MediaCount/{typed.id}") == 0
    assert http.ok("GET", f"/rest/Sections/{typed.id}") == []


def test_sections_are_found_by_name_in_any_case_or_made_once(http, typed):
    made = [http.ok("POST", f"/rest/Medias/{typed.id}", spec(typed.image, "a.png", section=name))["object"] for name in ("Reef", "REEF")]
    section, = http.ok("GET", f"/rest/Sections/{typed.id}")
    assert [item["primary_section"] for item in made] == [section["id"]] * 2
    assert made[0]["attributes"]["tator_user_sections"] == section["tator_user_sections"]
    assert uuid.UUID(section["tator_user_sections"]).version == 1


def test_a_section_made_by_many_at_once_is_one(server, typed):
    def create():
        server.http().ok("POST", f"/rest/Medias/{typed.id}", spec(typed.image, "a.png", section="Together"))

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.http().ok("GET", f"/rest/Sections/{typed.id}")) == 1
    assert server.http().ok("GET", f"/rest/MediaCount/{typed.id}") == 8


def test_a_creation_is_logged(server, http, typed):
    made = http.ok("POST", f"/rest/Medias/{typed.id}", spec(typed.image, "a.png"))["id"]
    log, = server.sql("SELECT l.description_of_change AS text FROM main_changelog l JOIN main_changetoobject o ON o.change_id_id = l.id"
                      " JOIN django_content_type c ON c.id = o.ref_table_id AND c.model = 'media' WHERE o.ref_id = :id", id=made)
    assert {"name": "_name", "value": "a.png"} in log["text"]["new"]
    assert all(item["value"] is None for item in log["text"]["old"])


@pytest.mark.parametrize("member", ["url", "thumbnail_url"])
def test_foreign_origins_are_refused(http, typed, member):
    for url in ("https://www.example.com/a.png", "http://127.0.0.1@www.example.com/a.png", "ftp://127.0.0.1/a.png", "file:///etc/passwd"):
        message = refused(http, "POST", f"/rest/Medias/{typed.id}", spec(typed.image, "a.png", **{member: url}), status=403)
        assert "not from an allowed origin" in message
    assert http.ok("GET", f"/rest/MediaCount/{typed.id}") == 0


def test_an_uploaded_image_is_imported(http, typed, server):
    picture = io.BytesIO()
    Image.new("RGB", (600, 300), (200, 30, 30)).save(picture, "PNG")
    upload = http.ok("GET", f"/rest/UploadInfo/{typed.id}", filename="red.png")
    requests.put(upload["urls"][0], data=picture.getvalue(), timeout=60).raise_for_status()
    url = http.ok("POST", f"/rest/DownloadInfo/{typed.id}", {"keys": [upload["key"]]})[0]["url"]
    made = http.ok("POST", f"/rest/Medias/{typed.id}", spec(typed.image, "red.png", url=url))["id"]

    until = time.monotonic() + 120
    while not (http.ok("GET", f"/rest/Media/{made}")["media_files"] or {}).get("image") and time.monotonic() < until:
        time.sleep(0.2)
    found = http.ok("GET", f"/rest/Media/{made}", presigned=600)
    assert (found["width"], found["height"]) == (600, 300)
    image, thumbnail = (found["media_files"][role][0] for role in ("image", "thumbnail"))
    assert image["resolution"] == [300, 600] and image["mime"] == "image/png" and thumbnail["resolution"] == [128, 256]
    assert requests.get(image["path"], timeout=60).content == picture.getvalue()
    assert Image.open(io.BytesIO(requests.get(thumbnail["path"], timeout=60).content)).size == (256, 128)


def test_thumbnails_of_a_video_are_stored(http, typed):
    urls = {}
    for name, form in (("still.png", "PNG"), ("moving.gif", "GIF")):
        picture = io.BytesIO()
        Image.new("RGB", (64, 32), (10, 20, 30)).save(picture, form)
        upload = http.ok("GET", f"/rest/UploadInfo/{typed.id}", filename=name)
        requests.put(upload["urls"][0], data=picture.getvalue(), timeout=60).raise_for_status()
        urls[name] = http.ok("POST", f"/rest/DownloadInfo/{typed.id}", {"keys": [upload["key"]]})[0]["url"]
    made = http.ok("POST", f"/rest/Medias/{typed.id}", spec(typed.video, "a.mp4", thumbnail_url=urls["still.png"],
                                                            thumbnail_gif_url=urls["moving.gif"]))["id"]
    files = http.ok("GET", f"/rest/Media/{made}")["media_files"]
    assert (files["thumbnail"][0]["mime"], files["thumbnail_gif"][0]["mime"]) == ("image/png", "image/gif")
    assert files["thumbnail"][0]["resolution"] == [32, 64]
    assert files["thumbnail"][0]["path"].startswith(f"{typed.organization}/{typed.id}/{made}/still_")
    signed = http.ok("GET", f"/rest/Media/{made}", presigned=60)["media_files"]["thumbnail"][0]
    assert len(requests.get(signed["path"], timeout=60).content) == signed["size"]


# --- lists


def test_lists_are_gzip_json_in_the_order_of_names(http, media, project):
    ids = media(3)
    answer = http.get(f"/rest/Medias/{project.id}", headers={"Accept-Encoding": "identity"}, stream=True)
    assert answer.headers["Content-Type"].startswith("application/json") and answer.headers["Content-Encoding"] == "gzip"
    found = json.loads(gzip.decompress(answer.raw.read(decode_content=False)))
    assert [item["id"] for item in found] == ids
    assert found[0]["created_datetime"][-5] == "." and found[0]["created_datetime"].endswith("Z")
    put = http.put(f"/rest/Medias/{project.id}", json={"ids": ids[:2]})
    assert "Content-Encoding" not in put.headers or len(put.content) >= 1024
    assert [item["id"] for item in put.json()] == ids[:2]


def test_an_empty_list_is_a_list(http, typed):
    assert http.ok("GET", f"/rest/Medias/{typed.id}") == []
    assert http.ok("GET", f"/rest/Medias/{typed.id}", presigned=60) == []
    assert http.ok("GET", f"/rest/MediaStats/{typed.id}") == {"count": 0, "duration": 0.0, "total_size": 0, "download_size": 0}


def test_fields_and_other_forms(http, media, project):
    media(2)
    path = f"/rest/Medias/{project.id}"
    assert http.ok("GET", path, fields="name") == [{"name": "media0.png"}, {"name": "media1.png"}]
    assert [json.loads(line)["name"] for line in http.get(path, params={"format": "jsonl"}).text.splitlines()] == ["media0.png", "media1.png"]
    rows = http.get(path, params={"format": "csv"}).text.splitlines()
    assert len(rows) == 3 and "name" in rows[0].split(",")


def test_neighbours_follow_the_order_of_the_query(http, media):
    one, two, three = media(3)
    assert http.ok("GET", f"/rest/MediaNext/{one}") == {"next": two}
    assert http.ok("GET", f"/rest/MediaPrev/{one}") == {"prev": -1}
    assert http.ok("GET", f"/rest/MediaPrev/{three}") == {"prev": two}
    assert http.ok("GET", f"/rest/MediaNext/{one}", sort_by="-$name") == {"next": -1}
    assert http.ok("GET", f"/rest/MediaNext/{one}", name="media1.png") == {"next": -1}


def test_statistics_sum_files_and_length(server, http, typed):
    for frames, fps in ((100, 10), (300, 30)):
        http.ok("POST", f"/rest/Medias/{typed.id}", spec(typed.video, "a.mp4", num_frames=frames, fps=fps))
    server.psql("UPDATE main_media SET media_files = '{\"streaming\": [{\"path\": \"a\", \"size\": 7}, {\"path\": \"b\", \"size\": 5}],"
                " \"audio\": [{\"path\": \"c\", \"size\": 100}]}' WHERE project = :id", id=typed.id)
    assert http.ok("GET", f"/rest/MediaStats/{typed.id}") == {"count": 2, "duration": 20.0, "total_size": 24, "download_size": 24}


def test_urls_are_cached_unless_told_otherwise(http, server, media, project):
    made, = media(1)
    key = f"{project.organization}/{project.id}/{made}/a.png"
    http.ok("POST", f"/rest/ImageFiles/{made}", {"path": key, "resolution": [1, 1]}, role="image")

    def ask(path, **query):
        found = http.ok("GET", path, **query)
        return (found[0] if isinstance(found, list) else found)["media_files"]["image"][0]["path"]

    for path in (f"/rest/Media/{made}", f"/rest/Medias/{project.id}"):
        assert ask(path) == key
        url = ask(path, presigned=7200)
        time.sleep(1.1)
        assert ask(path, presigned=7200) == url and url.startswith("http")
        assert ask(path, presigned=7200, no_cache="true") != url
    assert ask(f"/rest/Medias/{project.id}", presigned=60, presign_only="streaming") == key
    assert ask(f"/rest/Medias/{project.id}", presigned=7200, presign_only="streaming,image").startswith("http")
    assert http.ok("GET", f"/rest/Medias/{project.id}", presigned=7200, fields="media_files,id")[0]["id"] == made


# --- changes


def test_patch_changes_what_it_names_and_keeps_the_time(http, media):
    made, = media(1)
    before = http.ok("GET", f"/rest/Media/{made}")
    assert http.ok("PATCH", f"/rest/Media/{made}", {"name": "new.png", "width": 5, "fps": 2.5, "attributes": {"Count": 7},
                                                    "last_edit_start": "2024-01-02T03:04:05Z"}) == {"message": f"Media {made} successfully updated!"}
    after = http.ok("GET", f"/rest/Media/{made}")
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"name", "width", "fps", "attributes", "last_edit_start"}
    assert after["last_edit_start"] == "2024-01-02T03:04:05Z" and after["attributes"]["Count"] == 7


def test_a_refused_patch_changes_nothing(http, server, media):
    made, = media(1)
    before = http.ok("GET", f"/rest/Media/{made}")
    logs = server.sql("SELECT count(*) AS n FROM main_changelog")
    refused(http, "PATCH", f"/rest/Media/{made}", {"name": "never.png", "attributes": {"Unknown": 1}})
    refused(http, "PATCH", f"/rest/Media/{made}", {"name": "never.png", "primary_section": 999999999})
    refused(http, "PATCH", f"/rest/Media/{made}", {"name": "never.png", "multi": {"ids": [999999999], "layout": [1, 1]}})
    refused(http, "PATCH", f"/rest/Media/{made}", {"name": "n" * 257})
    assert http.ok("GET", f"/rest/Media/{made}") == before
    assert server.sql("SELECT count(*) AS n FROM main_changelog") == logs


def test_section_and_attribute_stay_in_step(http, media, project):
    one, two = media(2)
    section = http.ok("POST", f"/rest/Sections/{project.id}", {"name": "Reef", "tator_user_sections": "reef-text"})["id"]

    def place(number):
        found = http.ok("GET", f"/rest/Media/{number}")
        return found["primary_section"], found["attributes"]["tator_user_sections"]

    http.ok("PATCH", f"/rest/Media/{one}", {"primary_section": section})
    assert place(one) == (section, "reef-text")
    http.ok("PATCH", f"/rest/Media/{one}", {"attributes": {"tator_user_sections": "other"}})
    assert place(one) == (None, "other")
    http.ok("PATCH", f"/rest/Medias/{project.id}", {"ids": [one, two], "primary_section": section})
    assert place(one) == place(two) == (section, "reef-text")
    http.ok("PATCH", f"/rest/Medias/{project.id}", {"ids": [two], "primary_section": -1})
    assert place(two) == (None, "")


def test_bulk_patch_counts_before_it_changes(http, media, project):
    ids = media(3)
    path = f"/rest/Medias/{project.id}"
    message = refused(http, "PATCH", path, {"ids": ids, "attributes": {"Count": 1}}, count=2)
    assert message == "Safety check failed - expected 2 but would update 3"
    refused(http, "PATCH", path, {"ids": ids})
    assert all("Count" not in item["attributes"] for item in http.ok("GET", path))
    assert http.ok("PATCH", path, {"ids": ids[:2], "attributes": {"Text": "it's \"100%\" \\ new\nline"}}, count=2)["message"] == "Successfully patched 2 medias!"
    assert [item["attributes"].get("Text") for item in http.ok("GET", path)] == ["it's \"100%\" \\ new\nline"] * 2 + [None]
    assert http.ok("PATCH", path, {"ids": [999999999], "attributes": {"Count": 1}})["message"] == "Successfully patched 0 medias!"


def test_bulk_patch_wants_one_type(http, media, project):
    ids = media(1) + media(1, "video")
    assert "must be the same" in refused(http, "PATCH", f"/rest/Medias/{project.id}", {"ids": ids, "attributes": {"Count": 1}})


def test_reset_and_null_attributes(http, typed):
    kind = http.ok("POST", f"/rest/MediaTypes/{typed.id}", {"name": "more", "dtype": "image", "attribute_types": [
        {"name": "Depth", "dtype": "float", "default": 1.5}, {"name": "Title", "dtype": "string"}]})["id"]
    made = http.ok("POST", f"/rest/Medias/{typed.id}", spec(kind, "a.png", attributes={"Depth": 9, "Title": "x"}))["id"]
    http.ok("PATCH", f"/rest/Media/{made}", {"reset_attributes": ["Depth"], "null_attributes": ["Title"]})
    found = http.ok("GET", f"/rest/Media/{made}")["attributes"]
    assert (found["Depth"], found["Title"]) == (1.5, None)
    refused(http, "PATCH", f"/rest/Media/{made}", {"null_attributes": ["Unknown"]})


def test_compounds_exclude_one_another(http, media):
    one, two, grid, joined = media(4, "video")
    http.ok("PATCH", f"/rest/Media/{grid}", {"multi": {"ids": [one, two], "layout": [1, 2], "quality": 360}})
    assert http.ok("GET", f"/rest/Media/{grid}")["media_files"] == {"ids": [one, two], "layout": [1, 2], "quality": 360}
    refused(http, "PATCH", f"/rest/Media/{grid}", {"live": {"layout": [1, 1], "streams": []}})
    http.ok("PATCH", f"/rest/Media/{joined}", {"concat": [{"id": one, "timestampOffset": 0}, {"id": one, "timestampOffset": 2.5}]})
    assert len(http.ok("GET", f"/rest/Media/{joined}")["media_files"]["concat"]) == 2
    refused(http, "PATCH", f"/rest/Media/{joined}", {"multi": {"ids": [one], "layout": [1, 1]}})


def test_archive_states_follow_the_table(http, media):
    one, two, grid = media(3, "video")
    http.ok("PATCH", f"/rest/Media/{grid}", {"multi": {"ids": [one, two], "layout": [1, 2]}})

    def states():
        return [http.ok("GET", f"/rest/Media/{number}")["archive_state"] for number in (grid, one, two)]

    for wanted, expected in (("to_live", "live"), ("to_archive", "to_archive"), ("to_archive", "to_archive"), ("to_live", "live")):
        before = http.ok("GET", f"/rest/Media/{grid}")["modified_datetime"]
        http.ok("PATCH", f"/rest/Media/{grid}", {"archive_state": wanted})
        assert states() == [expected] * 3
    assert http.ok("GET", f"/rest/Media/{grid}")["modified_datetime"] > before
    refused(http, "PATCH", f"/rest/Media/{grid}", {"archive_state": "live"})


def test_archiving_in_bulk_counts_the_parts(http, media, project):
    one, two, grid = media(3, "video")
    http.ok("PATCH", f"/rest/Media/{grid}", {"multi": {"ids": [one, two], "layout": [1, 2]}})
    answer = http.ok("PATCH", f"/rest/Medias/{project.id}", {"ids": [grid], "archive_state": "to_archive"})
    assert answer["message"] == "Successfully patched 3 medias!"


# --- deletion


def test_annotations_go_with_their_media(http, media, project):
    one, two = media(2, "video")
    http.ok("POST", f"/rest/Localizations/{project.id}", [{"media_id": number, "type": project.box, "frame": 0} for number in (one, two)])
    both, alone = http.ok("POST", f"/rest/States/{project.id}", [{"media_ids": ids, "type": project.state, "frame": 0}
                                                                 for ids in ([one, two], [one])])["id"]
    assert http.ok("DELETE", f"/rest/Media/{one}")["message"] == f"Media {one} successfully deleted!"
    refused(http, "GET", f"/rest/Media/{one}", status=404)
    refused(http, "DELETE", f"/rest/Media/{one}", status=404)
    assert http.ok("GET", f"/rest/LocalizationCount/{project.id}") == 1
    assert [item["id"] for item in http.ok("GET", f"/rest/States/{project.id}")] == [both]
    refused(http, "DELETE", f"/rest/Medias/{project.id}", count=5)
    assert http.ok("DELETE", f"/rest/Medias/{project.id}", count=1)["message"] == "Successfully deleted 1 medias!"
    assert [http.ok("GET", f"/rest/{kind}Count/{project.id}") for kind in ("Media", "Localization", "State")] == [0, 0, 0]


def test_viewers_may_look_and_not_touch(http, user, media, project):
    made, = media(1)
    viewer = user()
    http.ok("POST", f"/rest/Affiliations/{project.organization}", {"user": viewer.id, "permission": "Member"})
    http.ok("POST", f"/rest/Memberships/{project.id}", {"user": viewer.id, "permission": "View Only"})
    assert viewer.http.ok("GET", f"/rest/Media/{made}")["id"] == made
    for method, path, body in (("PATCH", f"/rest/Media/{made}", {"name": "x"}), ("DELETE", f"/rest/Media/{made}", None),
                               ("POST", f"/rest/Medias/{project.id}", spec(project.image, "a.png"))):
        refused(viewer.http, method, path, body, status=403)
