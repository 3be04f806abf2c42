"""Merging and trimming tracks."""
import uuid

import pytest


@pytest.fixture
def tracks(http, project):
    """.boxes at the frames 0 to 9 of two videos, .track(frames) makes a track of them, .now(state) shows it."""
    project.types()
    project.kind = http.ok("POST", f"/rest/StateTypes/{project.id}", {"name": "track", "association": "Localization", "media_types": [project.video]})["id"]
    project.videos = [http.ok("POST", f"/rest/Medias/{project.id}", {"type": project.video, "name": name, "md5": ""})["id"] for name in "ab"]
    project.boxes = http.ok("POST", f"/rest/Localizations/{project.id}", [
        {"media_id": project.videos[frame > 5], "type": project.box, "frame": frame} for frame in range(10)])["id"]

    def track(*frames, media=0):
        return http.ok("POST", f"/rest/States/{project.id}", {"type": project.kind, "media_ids": [project.videos[media]],
                                                              "localization_ids": [project.boxes[frame] for frame in frames]})["id"][0]

    def now(state):
        found, = http.ok("PUT", f"/rest/States/{project.id}", {"ids": [state]})
        return [project.boxes.index(box) for box in found["localizations"]], found["segments"], len(found["media"]), found["mark"]
    project.track, project.now = track, now
    return project


def left(http, tracks):
    return [box["frame"] for box in http.ok("GET", f"/rest/Localizations/{tracks.id}")]


def test_the_other_goes_into_this_one(http, server, tracks):
    one, two = tracks.track(0, 1, 2), tracks.track(2, 3, 7, 8, media=1)
    message = http.ok("PATCH", f"/rest/MergeStates/{one}", {"merge_state_id": two})["message"]
    assert message == f"Localizations from state {two} has been merged into {one}. State {two} has been deleted."
    assert tracks.now(one) == ([0, 1, 2, 3, 7, 8], [[0, 3], [7, 8]], 2, 0)
    assert http.get(f"/rest/State/{two}").status_code == 404
    assert server.sql("SELECT id FROM main_state WHERE id = :two", two=two) == []
    assert http.ok("GET", f"/rest/StateCount/{tracks.id}", show_all_marks=1, show_deleted=1) == 1


@pytest.mark.parametrize("other", ["itself", "nothing", "elsewhere", "deleted"])
def test_what_can_not_be_merged_changes_nothing(http, tracks, other):
    one, two = tracks.track(0, 1), tracks.track(4, 5)
    if other == "deleted":
        http.ok("DELETE", f"/rest/State/{two}", {"prune": 1})
    elif other == "elsewhere":
        project = http.ok("POST", "/rest/Projects", {"name": "elsewhere " + uuid.uuid4().hex, "summary": "", "organization": tracks.organization})["id"]
        video = http.ok("POST", f"/rest/MediaTypes/{project}", {"name": "v", "dtype": "video"})["id"]
        kind = http.ok("POST", f"/rest/StateTypes/{project}", {"name": "s", "association": "Media", "media_types": [video]})["id"]
        media = http.ok("POST", f"/rest/Medias/{project}", {"type": video, "name": "v", "md5": ""})["id"]
        two = http.ok("POST", f"/rest/States/{project}", {"type": kind, "media_ids": [media]})["id"][0]
    else:
        two = one if other == "itself" else 999999999
    answer = http.patch(f"/rest/MergeStates/{one}", json={"merge_state_id": two})
    assert answer.status_code == (400 if other == "itself" else 404)
    assert tracks.now(one)[0] == [0, 1]
    if other == "elsewhere":
        http.ok("GET", f"/rest/State/{two}")


def test_trimming_deletes_what_nobody_else_has(http, server, tracks):
    one = tracks.track(0, 1, 2, 3, 4, 5)
    tracks.track(1)
    answer = http.ok("PATCH", f"/rest/TrimStateEnd/{one}", {"frame": 2, "endpoint": "start"})
    assert answer["message"] == f"State {one} has been updated. Deleted 1 localizations."
    assert tracks.now(one) == ([2, 3, 4, 5], [[2, 5]], 1, 0)
    assert left(http, tracks) == list(range(1, 10))
    assert http.ok("PATCH", f"/rest/TrimStateEnd/{one}", {"frame": 3, "endpoint": "end"})["message"].endswith("Deleted 2 localizations.")
    assert tracks.now(one) == ([2, 3], [[2, 3]], 1, 0) and left(http, tracks) == [1, 2, 3, 6, 7, 8, 9]
    assert server.sql("SELECT count(*) AS n FROM main_localization WHERE id = ANY(:'ids'::int[])",
                      ids="{%s}" % ",".join(map(str, tracks.boxes))) == [{"n": 7}]


def test_trimming_all_leaves_an_empty_track(http, tracks):
    one = tracks.track(0, 1)
    http.ok("PATCH", f"/rest/TrimStateEnd/{one}", {"frame": 9, "endpoint": "start"})
    assert tracks.now(one) == ([], [[None, None]], 1, 0)


def test_trimming_beyond_the_end_changes_nothing(http, tracks):
    one = tracks.track(3, 4)
    assert http.ok("PATCH", f"/rest/TrimStateEnd/{one}", {"frame": 4, "endpoint": "end"})["message"].endswith("Deleted 0 localizations.")
    assert tracks.now(one)[:2] == ([3, 4], [[3, 4]])
    assert http.patch(f"/rest/TrimStateEnd/{one}", json={"frame": 4, "endpoint": "middle"}).status_code == 400
    assert http.patch(f"/rest/TrimStateEnd/{one}", json={"endpoint": "end"}).status_code == 400
    assert http.patch("/rest/TrimStateEnd/999999999", json={"frame": 4, "endpoint": "end"}).status_code == 404


def test_viewers_may_not(http, tracks, user):
    viewer = user()
    http.ok("POST", f"/rest/Memberships/{tracks.id}", {"user": viewer.id, "permission": "View Only"})
    one, two = tracks.track(0), tracks.track(1)
    assert viewer.http.patch(f"/rest/MergeStates/{one}", json={"merge_state_id": two}).status_code == 403
    assert viewer.http.patch(f"/rest/TrimStateEnd/{one}", json={"frame": 1, "endpoint": "start"}).status_code == 403
    assert tracks.now(one)[0] == [0]
