"""States: links with media and localizations, segments, marks, children, bulk changes."""
import threading
import uuid

import pytest


@pytest.fixture
def typed(http, media, project):
    """The project with types, two media, a track type and seven boxes on frames 1, 2, 3, 7, 8, 12 (first media) and 9 (second)."""
    project.media = media(2)
    project.track, project.family = (http.ok("POST", f"/rest/StateTypes/{project.id}", {
        "name": name, "association": "Localization", "media_types": [project.image, project.video], "delete_child_localizations": children,
        "attribute_types": [{"name": "Text", "dtype": "string"}]})["id"] for name, children in (("tracks", False), ("families", True)))
    project.boxes = http.ok("POST", f"/rest/Localizations/{project.id}", [
        {"media_id": project.media[place], "type": project.box, "frame": frame}
        for place, frame in ((0, 1), (0, 2), (0, 3), (0, 7), (0, 8), (0, 12), (1, 9))])["id"]
    return project


def refused(http, method, path, body=None, status=400, **query):
    answer = http.request(method, path, json=body, params=query or None)
    assert answer.status_code == status, answer.text[:300]
    return answer.json()["message"]


def create(http, typed, *specs, **more):
    return http.ok("POST", f"/rest/States/{typed.id}", [{"type": typed.track, "media_ids": typed.media[:1], **spec, **more} for spec in specs])["id"]


def rows(http, typed, **query):
    return http.ok("GET", f"/rest/States/{typed.id}", **query)


def test_creation_links_and_computes_segments(http, typed):
    box = typed.boxes
    tracked, scene = create(http, typed, {"localization_ids": [box[2], box[0], box[1], box[4], box[0]]}, {"media_ids": typed.media + typed.media})
    found = rows(http, typed)
    assert [(row["id"], row["media"], row["localizations"], row["segments"]) for row in found] == [
        (tracked, typed.media[:1], sorted([box[0], box[1], box[2], box[4]]), [[1, 3], [8, 8]]), (scene, typed.media, [], None)]
    assert "project" not in found[0] and found[0]["effective_permission"] == 0
    detail = http.ok("GET", f"/rest/State/{tracked}")
    assert sorted(detail["localizations"]) == found[0]["localizations"] and detail["media"] == typed.media[:1]


@pytest.mark.parametrize("wrong", [{"localization_ids": [2**31 - 1]}, {"media_ids": [2**31 - 1]}, {"type": 2**31 - 1}, {"version": 2**31 - 1},
                                   {"attributes": {"Text": None}}, {"frame": -1}])
def test_one_bad_spec_leaves_nothing_of_the_list(http, typed, wrong):
    refused(http, "POST", f"/rest/States/{typed.id}", [{"type": typed.track, "media_ids": typed.media}, {"type": typed.track, "media_ids": typed.media, **wrong}])
    assert rows(http, typed) == []


def test_states_on_frames_need_one(http, typed):
    assert "frame" in refused(http, "POST", f"/rest/States/{typed.id}", {"type": typed.state, "media_ids": typed.media})
    refused(http, "POST", f"/rest/States/{typed.id}", {"type": typed.track, "media_ids": []})


def test_localizations_are_added_removed_and_replaced(http, typed):
    box = typed.boxes
    one = create(http, typed, {"localization_ids": box[:2]})[0]

    def now(**body):
        http.ok("PATCH", f"/rest/State/{one}", {"in_place": 1, **body})
        row, = rows(http, typed)
        return row["localizations"], row["segments"], row["media"]

    assert now(localization_ids_add=[box[2], box[6], box[0]]) == ([*box[:3], box[6]], [[1, 3], [9, 9]], typed.media)
    assert now(localization_ids_remove=[box[6], box[1]]) == ([box[0], box[2]], [[1, 1], [3, 3]], typed.media)
    assert now(localization_ids=[box[3], box[4]], media_ids=[typed.media[1]]) == (box[3:5], [[7, 8]], typed.media)
    assert now(localization_ids_add=[2**31 - 1]) == (box[3:5], [[7, 8]], typed.media)
    assert now(localization_ids=[]) == ([], [[None, None]], typed.media)


def test_links_of_another_project_are_refused_and_rolled_back(http, typed, organization):
    one = create(http, typed, {"localization_ids": typed.boxes[:2]})[0]
    other = http.ok("POST", "/rest/Projects", {"name": "other " + uuid.uuid4().hex, "organization": organization})["id"]
    kind = http.ok("POST", f"/rest/MediaTypes/{other}", {"name": "images", "dtype": "image"})["id"]
    foreign = http.ok("POST", f"/rest/Medias/{other}", {"type": kind, "name": "a.png", "md5": "m"})["id"]
    refused(http, "PATCH", f"/rest/State/{one}", {"media_ids": [foreign], "localization_ids": []})
    row, = rows(http, typed)
    assert (row["mark"], row["media"], row["localizations"]) == (0, typed.media[:1], typed.boxes[:2])


def test_a_new_mark_copies_the_links(http, typed):
    one = create(http, typed, {"localization_ids": typed.boxes[:3]})[0]
    answer = http.ok("PATCH", f"/rest/State/{one}", {"attributes": {"Text": "newer"}, "localization_ids_remove": [typed.boxes[0]]})
    new = answer["object"]
    assert "media" not in new and "localizations" not in new and new["mark"] == 1 and new["segments"] == [[2, 3]]
    old, newer = rows(http, typed, show_all_marks=1)
    assert (old["id"], old["segments"], old["localizations"]) == (one, [[1, 3]], typed.boxes[1:3])
    assert (newer["id"], newer["media"], newer["localizations"]) == (new["id"], typed.media[:1], typed.boxes[1:3])
    assert old["created_datetime"] == newer["created_datetime"]


def test_edits_at_the_same_time_leave_no_gap_in_the_marks(server, http, typed):
    one, failed = create(http, typed, {"localization_ids": typed.boxes[:3]})[0], []

    def edit():
        with server.http() as session:
            for n in range(6):
                answer = session.patch(f"/rest/State/{one}", json={"attributes": {"Text": str(n)}})
                if answer.status_code != 200:
                    failed.append(answer.text)

    threads = [threading.Thread(target=edit) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    found = rows(http, typed, show_all_marks=1)
    assert sorted(row["mark"] for row in found) == list(range(37))
    assert all(row["localizations"] == typed.boxes[:3] for row in found)


def test_children_go_with_their_state_when_its_type_says_so(http, typed):
    family, sharing = create(http, typed, {"localization_ids": typed.boxes[:2]}, {"localization_ids": typed.boxes[1:3]}, type=typed.family)
    answer = http.ok("DELETE", f"/rest/State/{family}")
    assert answer["message"].endswith("@@0 successfully deleted!")
    left = [row["id"] for row in http.ok("GET", f"/rest/Localizations/{typed.id}")]
    assert typed.boxes[0] not in left and typed.boxes[1] in left
    assert [row["id"] for row in rows(http, typed)] == [sharing]
    http.ok("DELETE", f"/rest/State/{sharing}", {"prune": 1})
    refused(http, "GET", f"/rest/State/{sharing}", status=404)
    refused(http, "GET", f"/rest/Localization/{typed.boxes[2]}", status=404)


def test_bulk_edits_keep_links_and_bulk_deletes_do_not(http, typed):
    create(http, typed, {"localization_ids": typed.boxes[:2]}, {"localization_ids": typed.boxes[2:4]})
    path = f"/rest/States/{typed.id}"
    assert http.ok("PATCH", path + "?count=2", {"attributes": {"Text": "bulk"}})["message"] == "Successfully updated 2 states!"
    assert [(row["mark"], row["localizations"]) for row in rows(http, typed)] == [(1, typed.boxes[:2]), (1, typed.boxes[2:4])]
    assert refused(http, "DELETE", path, count=3) == "Safety check failed - expected 3 but would delete 2"
    http.ok("DELETE", path)
    assert [(row["mark"], row["localizations"], row["media"]) for row in rows(http, typed, show_deleted=1)] == [(2, [], []), (2, [], [])]


def test_lists_show_the_links_that_were_asked_for(http, typed):
    one = create(http, typed, {"localization_ids": typed.boxes[:3], "media_ids": typed.media})[0]
    assert rows(http, typed, media_id=typed.media[1])[0]["media"] == [typed.media[1]]
    assert http.ok("PUT", f"/rest/States/{typed.id}", {"localization_ids": typed.boxes[:1]})[0]["localizations"] == typed.boxes[:1]
    assert rows(http, typed, related_id=typed.boxes[1])[0]["localizations"] == [typed.boxes[1]]
    assert rows(http, typed, fields="id") == [{"id": one, "media": typed.media, "localizations": typed.boxes[:3]}]
    assert [row["id"] for row in http.ok("PUT", f"/rest/Localizations/{typed.id}", {"state_ids": [one]})] == typed.boxes[:3]
    assert http.ok("GET", f"/rest/StateCount/{typed.id}", media_id=typed.media[1]) == 1


def test_creation_and_edits_are_logged(http, typed):
    one = create(http, typed, {"localization_ids": typed.boxes[:3]})[0]
    http.ok("PATCH", f"/rest/State/{one}", {"in_place": 1, "localization_ids_add": [typed.boxes[3]]})
    created, edited = (entry["description_of_change"]
                       for entry in http.ok("GET", f"/rest/ChangeLog/{typed.id}", entity_type="state", entity_id=one))
    assert {"name": "_segments", "value": {"1": 3}} in created["new"]
    assert edited["old"] == [{"name": "_segments", "value": {"1": 3}}] and edited["new"] == [{"name": "_segments", "value": {"1": 3, "7": 7}}]


def test_states_named_by_id_go_to_another_version_as_copies(http, typed):
    one, = create(http, typed, {"localization_ids": typed.boxes[:2]})
    layer = http.ok("POST", f"/rest/Versions/{typed.id}", {"name": "Layer"})["id"]
    http.ok("PATCH", f"/rest/States/{typed.id}", {"ids": [one], "new_version": layer, "attributes": {}})
    old, new = rows(http, typed)
    assert (old["id"], old["version"], old["mark"]) == (one, typed.version, 0)
    assert (new["version"], new["mark"], new["elemental_id"], new["localizations"]) == (layer, 0, old["elemental_id"], typed.boxes[:2])
