"""Media, localization, state, leaf and file types; versions; sections; attribute definitions and values."""
import uuid

import pytest


def refused(http, method, path, body=None, status=400, **query):
    answer = http.request(method, path, json=body, params=query or None)
    assert answer.status_code == status, answer.text[:300]
    return answer.json()["message"]


@pytest.fixture
def made(http, project):
    """made(kind, **members) creates a type of that kind; answers its path and what a GET of it says."""
    def make(kind, **members):
        found = http.ok("POST", f"/rest/{kind}Types/{project.id}", {"name": f"a {kind}", **members})
        assert found["message"] == f"{kind} type created successfully!"
        path = f"/rest/{kind}Type/{found['id']}"
        return path, http.ok("GET", path)
    return make


# --- types


@pytest.mark.parametrize("kind, members", [
    ("Media", {"dtype": "image"}), ("Localization", {"dtype": "box", "media_types": True}), ("State", {"association": "Media", "media_types": True}),
    ("Leaf", {}), ("File", {})])
def test_a_type_needs_a_name_that_is_free_and_a_good_elemental_id(http, project, kind, members):
    project.types()
    members = {name: [project.image] if value is True else value for name, value in members.items()}
    path = f"/rest/{kind}Types/{project.id}"
    assert "filename" in refused(http, "POST", path, {"name": "filename", **members})
    assert "elemental_id" in refused(http, "POST", path, {"name": "x", "elemental_id": "x", **members})
    assert "elemental_id" in refused(http, "GET", path, elemental_id="x")
    refused(http, "POST", path, members)
    made = http.ok("POST", path, {"name": "x", "elemental_id": "", **members})["id"]
    assert "elemental_id" in refused(http, "PATCH", f"/rest/{kind}Type/{made}", {"elemental_id": "x"})


def test_what_the_database_refuses_is_named(http, project, media):
    def details(method, path, body=None, **query):
        answer = http.request(method, path, json=body, params=query or None)
        assert answer.status_code == 400, answer.text
        return answer.json()["details"]

    one = media()[0]
    assert details("PATCH", f"/rest/Media/{one}", {"name": "\u00e4" * 257}).startswith("name: ")
    assert details("PATCH", f"/rest/Media/{one}", {"name": "\u00e4" * 256, "codec": "x" * 257}).startswith("codec: ")
    assert details("POST", f"/rest/Bookmarks/{project.id}", {"name": "n", "uri": "u" * 1025}).startswith("uri: ")
    boxes = [{"media_id": one, "type": project.box, "frame": 0}, {"media_id": one, "type": project.box, "frame": 2 ** 40}]
    assert details("POST", f"/rest/Localizations/{project.id}", boxes).startswith("[1].frame: ")
    assert details("GET", f"/rest/Sections/{project.id}", match="..").startswith("match: ")
    assert details("GET", f"/rest/Sections/{project.id}", ancestors="a b").startswith("ancestors: ")
    section = http.ok("POST", f"/rest/Sections/{project.id}", {"name": "s"})["id"]
    assert details("PATCH", f"/rest/Section/{section}", {"path": "a b"}).startswith("path: ")


def test_a_media_type_has_defaults(made, project):
    _, found = made("Media", dtype="video")
    assert uuid.UUID(found.pop("elemental_id"))
    assert {key: found[key] for key in found if key != "id"} == {
        "project": project.id, "name": "a Media", "description": "", "dtype": "video", "attribute_types": [], "file_format": None,
        "default_volume": 0, "visible": True, "archive_config": None, "streaming_config": None, "overlay_config": None, "default_box": None,
        "default_line": None, "default_dot": None, "effective_permission": 0}


def test_definitions_get_their_defaults_when_they_come_with_a_type(made):
    _, found = made("Media", dtype="image", attribute_types=[{"name": "A", "dtype": "int", "autocomplete": {"serviceUrl": "u"}, "mine": [1]}])
    assert found["attribute_types"] == [{"name": "A", "dtype": "int", "description": "", "required": False, "order": 0, "mine": [1],
                                         "autocomplete": {"serviceUrl": "u", "match_any": False, "mode": "tator"}}]


def test_encoding_settings_get_their_defaults(made):
    _, found = made("Media", dtype="video", archive_config=[{"encode": {"crf": 20}}], streaming_config=[{"resolution": 720}])
    assert found["archive_config"] == [{"encode": {"crf": 20, "vcodec": "hevc", "preset": "fast", "movflags": "", "tune": "fastdecode",
                                                   "pixel_format": "yuv420p"}}]
    assert found["streaming_config"] == [{"resolution": 720, "vcodec": "h264", "crf": 23, "preset": "", "pixel_format": "yuv420p"}]


def test_what_is_given_changes_and_the_rest_stays(http, made):
    path, before = made("Media", dtype="video", description="Before", file_format="mp4")
    assert http.ok("PATCH", path, {"name": "New", "default_volume": "7", "visible": False, "overlay_config": {"mode": "constant"}}) == {
        "message": "Media type updated successfully!"}
    assert http.ok("GET", path) == {**before, "name": "New", "default_volume": 7, "visible": False, "overlay_config": {"mode": "constant"}}


def test_localization_types_belong_to_media_types(http, made, project):
    image = made("Media", dtype="image")[1]["id"]
    video = made("Media", dtype="video")[1]["id"]
    path, found = made("Localization", dtype="box", media_types=[image])
    assert (found["media"], found["line_width"], found["visible"], found["drawable"], found["color_map"]) == ([image], 3, True, True, None)
    http.ok("PATCH", path, {"media_types": [video, 999999999]})
    assert http.ok("GET", path)["media"] == sorted([image, video])
    assert "media" in refused(http, "POST", f"/rest/LocalizationTypes/{project.id}", {"name": "n", "dtype": "box", "media_types": [999999999]}, 404)
    refused(http, "POST", f"/rest/StateTypes/{project.id}", {"name": "n", "association": "Media", "media_types": [999999999]})
    assert [kind["id"] for kind in http.ok("GET", f"/rest/LocalizationTypes/{project.id}")] == [found["id"]]
    assert http.ok("GET", f"/rest/StateTypes/{project.id}") == []


def test_flags_of_localization_types_return_to_true(http, made):
    image = made("Media", dtype="image")[1]["id"]
    path, _ = made("Localization", dtype="dot", media_types=[image], visible=False, drawable=False, grouping_default=False,
                   color_map={"default": [1, 2, 3]})
    http.ok("PATCH", path, {"description": "only this"})
    found = http.ok("GET", path)
    assert (found["visible"], found["drawable"], found["grouping_default"], found["color_map"]) == (True, True, True, {"default": [1, 2, 3]})
    http.ok("PATCH", path, {"color_map": None})
    assert http.ok("GET", path)["color_map"] is None


def test_a_state_type_has_defaults_and_words(http, made, project):
    image = made("Media", dtype="image")[1]["id"]
    path, found = made("State", association="Frame", media_types=[image])
    assert (found["dtype"], found["interpolation"], found["extended_info"], found["delete_child_localizations"]) == ("state", "latest", {}, False)
    http.ok("PATCH", path, {"association": "Localization", "interpolation": "none"})
    refused(http, "PATCH", path, {"association": "Version"})
    refused(http, "PATCH", path, {"interpolation": 5})
    found = http.ok("GET", path)
    assert (found["association"], found["interpolation"]) == ("Localization", "none")


def test_types_of_a_media(http, made, project):
    image, video = made("Media", dtype="image")[1]["id"], made("Media", dtype="video")[1]["id"]
    box = made("Localization", dtype="box", media_types=[image])[1]["id"]
    made("Localization", dtype="box", media_types=[video])
    media = http.ok("POST", f"/rest/Medias/{project.id}", {"type": image, "name": "n", "md5": "m"})["id"]
    path = f"/rest/LocalizationTypes/{project.id}"
    assert [kind["id"] for kind in http.ok("GET", path + f"?media_id={media}")] == [box]
    refused(http, "GET", path, media_id=f"{media},{media}")
    refused(http, "GET", path, status=404, media_id=999999999)


@pytest.mark.parametrize("members, status", [
    ({"dtype": "sound"}, 400), ({"dtype": "video", "default_volume": 101}, 400), ({}, 400), ({"dtype": "video", "strange": 1}, 400),
    ({"dtype": "video", "effective_permission": 1}, 400), ({"dtype": "video", "default_box": 999999999}, 404),
    ({"dtype": "video", "file_format": "toolong"}, 400), ({"dtype": "video", "elemental_id": "no uuid"}, 400)])
def test_a_bad_type_is_refused_and_nothing_is_made(http, project, members, status):
    refused(http, "POST", f"/rest/MediaTypes/{project.id}", {"name": "bad", **members}, status)
    assert http.ok("GET", f"/rest/MediaTypes/{project.id}") == []


def test_deleting_a_type_deletes_its_instances(http, media, project):
    ids = media(3)
    assert http.ok("DELETE", f"/rest/MediaType/{project.image}") == {
        "message": f"Media type {project.image} (and 3 instances) deleted successfully!"}
    refused(http, "GET", f"/rest/MediaType/{project.image}", status=404)
    for each in ids:
        refused(http, "GET", f"/rest/Media/{each}", status=404)
    assert http.ok("GET", f"/rest/LocalizationType/{project.box}")["media"] == [project.video]


def test_lists_are_ordered_by_name_and_filtered_by_elemental_id(http, made, project):
    same = str(uuid.uuid4())
    for name in ("b", "a", "c"):
        made("Leaf", name=name, **({"elemental_id": same} if name == "a" else {}))
    path = f"/rest/LeafTypes/{project.id}"
    assert [kind["name"] for kind in http.ok("GET", path)] == ["a", "b", "c"]
    assert [kind["name"] for kind in http.ok("GET", path + f"?elemental_id={same}")] == ["a"]
    refused(http, "GET", path, elemental_id="no uuid")


def test_who_may_only_view_may_not_make_types(http, user, project):
    person = user()
    http.ok("POST", f"/rest/Memberships/{project.id}", {"user": person.id, "permission": "Can Execute"})
    assert person.http.ok("GET", f"/rest/MediaTypes/{project.id}") == []
    refused(person.http, "POST", f"/rest/MediaTypes/{project.id}", {"name": "n", "dtype": "image"}, 403)


# --- versions


def test_versions_count_up_and_stand_on_bases(http, project):
    path = f"/rest/Versions/{project.id}"
    layer = http.ok("POST", path, {"name": "Layer", "bases": [project.version]})
    assert layer["message"] == "Created version successfully!"
    top = http.ok("POST", path, {"name": "Top", "bases": [project.version, layer["id"]], "show_empty": False})["id"]
    found = http.ok("GET", path)
    assert [(each["name"], each["number"], each["bases"]) for each in found] == [
        ("Baseline", 0, []), ("Layer", 1, [project.version]), ("Top", 2, sorted([project.version, layer["id"]]))]
    assert found[0]["created_by"] is None and found[2]["created_by"] is not None and found[2]["show_empty"] is False
    http.ok("PATCH", f"/rest/Version/{top}", {"bases": []})
    assert http.ok("GET", f"/rest/Version/{top}")["bases"] == []
    assert http.ok("GET", f"/rest/Version/{top}")["show_empty"] is True        # absent members with a default return to it


def test_an_unknown_base_leaves_nothing(http, project):
    path = f"/rest/Versions/{project.id}"
    refused(http, "POST", path, {"name": "Lost", "bases": [999999999]})
    assert [each["name"] for each in http.ok("GET", path)] == ["Baseline"]
    refused(http, "PATCH", f"/rest/Version/{project.version}", {"name": "Renamed", "bases": [999999999]})
    assert http.ok("GET", f"/rest/Version/{project.version}")["name"] == "Baseline"


def test_a_version_with_annotations_stays(http, media, project):
    shot = media(1)[0]
    layer = http.ok("POST", f"/rest/Versions/{project.id}", {"name": "Layer"})["id"]
    box = http.ok("POST", f"/rest/Localizations/{project.id}", [{"media_id": shot, "type": project.box, "version": layer, "frame": 0, "x": 0.1,
                                                                 "y": 0.1, "width": 0.1, "height": 0.1}])["id"][0]
    assert refused(http, "DELETE", f"/rest/Version/{layer}") == "Cannot delete version with annotations! Found 1 localizations, 0 states!"
    http.ok("DELETE", f"/rest/Localization/{box}")
    assert http.ok("DELETE", f"/rest/Version/{layer}") == {"message": f"Version {layer} deleted successfully!"}
    refused(http, "GET", f"/rest/Version/{layer}", status=404)
    refused(http, "GET", f"/rest/Localization/{box}", status=404)


# --- sections


@pytest.fixture
def section(http, project):
    def make(name, **members):
        return http.ok("POST", f"/rest/Sections/{project.id}", {"name": name, **members})["id"]
    return make


def test_a_section_gets_its_path_from_its_name(http, section, project):
    one = section("Tiefe (40 m) Ä")
    found = http.ok("GET", f"/rest/Section/{one}")
    assert (found["path"], found["dtype"], found["visible"], found["attributes"]) == ("Tiefe__40_m___", "folder", True, {})
    assert refused(http, "POST", f"/rest/Sections/{project.id}", {"name": "Tiefe (40 m) Ä"}) == "Section with this path already exists!"
    for path in ("", ".a", "a..b", "a."):
        refused(http, "POST", f"/rest/Sections/{project.id}", {"name": "n", "path": path})


def test_sections_are_found_along_the_tree(http, section, project):
    for path in ("Sea", "Sea.Deep", "Sea.Deep.Trench", "Land"):
        section(path, path=path)
    def names(**query):
        return [each["name"] for each in http.ok("GET", f"/rest/Sections/{project.id}?" + "&".join(f"{k}={v}" for k, v in query.items()))]
    assert names() == ["Land", "Sea", "Sea.Deep", "Sea.Deep.Trench"]
    assert names(name="sea") == ["Sea"]
    assert names(ancestors="Sea.Deep") == ["Sea", "Sea.Deep"]
    assert names(descendants="Sea.Deep") == ["Sea.Deep", "Sea.Deep.Trench"]
    assert names(match="*.Deep.*") == ["Sea.Deep", "Sea.Deep.Trench"]
    refused(http, "GET", f"/rest/Sections/{project.id}", descendants="a..b")
    refused(http, "GET", f"/rest/Sections/{project.id}", match="{")
    assert http.ok("PATCH", f"/rest/Sections/{project.id}?descendants=Sea", {"path_substitution": {"old": "Sea", "new": "Ocean.Salt"}}) == {
        "message": "Successfully patched 3 sections!"}
    assert [each["path"] for each in http.ok("GET", f"/rest/Sections/{project.id}?descendants=Ocean")] == [
        "Ocean.Salt", "Ocean.Salt.Deep", "Ocean.Salt.Deep.Trench"]
    assert http.ok("DELETE", f"/rest/Sections/{project.id}?descendants=Ocean.Salt.Deep") == {"message": "Successfully deleted 2 sections!"}
    assert names() == ["Land", "Sea"]


def test_a_playlist_holds_media(http, media, section, project):
    one, two = media(2)
    made = section("List", dtype="playlist", media=[one, two])
    http.ok("PATCH", f"/rest/Section/{made}", {"media_del": [one]})
    assert http.ok("GET", f"/rest/Section/{made}")["media"] == [two]
    http.ok("PATCH", f"/rest/Section/{made}", {"media_add": [one]})
    assert http.ok("GET", f"/rest/Section/{made}")["media"] == sorted([one, two])
    refused(http, "PATCH", f"/rest/Section/{made}", {"name": "Renamed", "media_add": [999999999]})
    assert http.ok("GET", f"/rest/Section/{made}")["name"] == "List"
    http.ok("DELETE", f"/rest/Section/{made}")
    refused(http, "GET", f"/rest/Section/{made}", status=404)


# --- attribute definitions


def test_an_attribute_is_added_with_its_default(http, media, project):
    shot = media(1)[0]
    assert http.ok("POST", f"/rest/AttributeType/{project.image}", {"entity_type": "MediaType", "addition": {
        "name": "Depth", "dtype": "float", "default": "3"}}) == {"message": "New attribute type 'Depth' added"}
    assert http.ok("GET", f"/rest/Media/{shot}")["attributes"]["Depth"] == 3.0
    definition = http.ok("GET", f"/rest/MediaType/{project.image}")["attribute_types"][-1]
    assert definition == {"name": "Depth", "dtype": "float", "default": 3.0, "description": "", "required": False, "order": 0}


def test_a_rename_moves_the_values(http, media, project):
    shot = media(1)[0]
    http.ok("PATCH", f"/rest/Media/{shot}", {"attributes": {"Count": 5}})
    answer = http.ok("PATCH", f"/rest/AttributeType/{project.image}", {"entity_type": "MediaType", "current_name": "Count",
                                                                       "attribute_type_update": {"name": "Number"}})
    assert answer == {"message": "Attribute 'Count' renamed to 'Number'."}
    attributes = http.ok("GET", f"/rest/Media/{shot}")["attributes"]
    assert attributes["Number"] == 5 and "Count" not in attributes


def test_only_some_dtypes_may_change(http, project):
    project.types()
    def change(name, dtype, **more):
        return {"entity_type": "MediaType", "current_name": name, "attribute_type_update": {"name": name, "dtype": dtype, **more}}
    path = f"/rest/AttributeType/{project.image}"
    http.ok("PATCH", path, change("Count", "float"))
    http.ok("PATCH", path, change("Kind", "string"))
    http.ok("PATCH", path, change("Kind", "enum", choices=["a"]))
    refused(http, "PATCH", path, change("Checked", "int"))
    refused(http, "PATCH", path, change("Kind", "int"))
    refused(http, "PATCH", path, {"entity_type": "MediaType", "current_name": "Text", "attribute_type_update": {"description": "new"}})
    refused(http, "PATCH", path, change("Missing", "int"))
    assert [each["dtype"] for each in http.ok("GET", f"/rest/MediaType/{project.image}")["attribute_types"]] == [
        "string", "float", "float", "bool", "enum"]


def test_replacing_forgets_what_is_not_given(http, project):
    project.types()
    path = f"/rest/AttributeType/{project.image}"
    http.ok("PUT", path, {"entity_type": "MediaType", "current_name": "Kind", "attribute_type_update": {"name": "Kind", "dtype": "string"}})
    assert http.ok("GET", f"/rest/MediaType/{project.image}")["attribute_types"][-1] == {"name": "Kind", "dtype": "string"}


def test_removing_an_attribute_removes_its_values(http, media, project):
    shot = media(1)[0]
    http.ok("PATCH", f"/rest/Media/{shot}", {"attributes": {"Count": 5}})
    assert http.ok("DELETE", f"/rest/AttributeType/{project.image}", {"entity_type": "MediaType", "name": "Count"}) == {
        "message": "Attribute 'Count' deleted"}
    assert "Count" not in http.ok("GET", f"/rest/Media/{shot}")["attributes"]
    refused(http, "DELETE", f"/rest/AttributeType/{project.image}", {"entity_type": "MediaType", "name": "Count"})


@pytest.mark.parametrize("addition", [
    {"dtype": "int"}, {"name": "A"}, {"name": "$a", "dtype": "int"}, {"name": "a.b", "dtype": "int"}, {"name": "E", "dtype": "enum"},
    {"name": "V", "dtype": "float_array"}, {"name": "I", "dtype": "int", "default": "x"}, {"name": "Count", "dtype": "int"}])
def test_bad_definitions_are_refused(http, project, addition):
    project.types()
    before = http.ok("GET", f"/rest/MediaType/{project.image}")
    refused(http, "POST", f"/rest/AttributeType/{project.image}", {"entity_type": "MediaType", "addition": addition})
    assert http.ok("GET", f"/rest/MediaType/{project.image}") == before


def test_attributes_of_sections_are_the_projects(http, section, project):
    one = section("One")
    path = f"/rest/AttributeType/{project.id}"
    http.ok("POST", path, {"entity_type": "Section", "addition": {"name": "Depth", "dtype": "int", "default": 4}})
    assert http.ok("GET", f"/rest/Section/{one}")["attributes"] == {"Depth": 4}
    http.ok("PATCH", f"/rest/Section/{one}", {"attributes": {"Depth": "7"}})
    assert http.ok("GET", f"/rest/Section/{one}")["attributes"] == {"Depth": 7}
    http.ok("PATCH", f"/rest/Section/{one}", {"reset_attributes": ["Depth"]})
    assert http.ok("GET", f"/rest/Section/{one}")["attributes"] == {"Depth": 4}
    http.ok("PATCH", f"/rest/Section/{one}", {"null_attributes": ["Depth"]})
    assert http.ok("GET", f"/rest/Section/{one}")["attributes"] == {"Depth": None}
    assert "Height" in refused(http, "PATCH", f"/rest/Section/{one}", {"attributes": {"Height": 1}})


def test_an_unknown_type_of_attribute_owner_is_not_found(http, project):
    refused(http, "POST", "/rest/AttributeType/999999999", {"entity_type": "MediaType", "addition": {"name": "A", "dtype": "int"}}, 404)
    refused(http, "POST", f"/rest/AttributeType/{project.id}", {"addition": {"name": "A", "dtype": "int"}}, 404)
