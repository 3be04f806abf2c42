"""Localizations: creation, marks, edits in place, deletion and undo, bulk changes, change logs."""
import threading
import uuid

import pytest
import tator

from tator.util import chunked_create


@pytest.fixture
def typed(media, project):
    """The project with types and two media."""
    project.media = media(2)
    return project


@pytest.fixture
def place(http, typed):
    """place(…) creates localizations and answers their ids."""
    def make(count=1, **more):
        return http.ok("POST", f"/rest/Localizations/{typed.id}", [
            {"media_id": typed.media[0], "type": typed.box, "frame": k, "x": 0.1, "y": 0.2, "width": 0.3, "height": 0.4, **more}
            for k in range(count)])["id"]
    return make


def refused(http, method, path, body=None, status=400, **query):
    answer = http.request(method, path, json=body, params=query or None)
    assert answer.status_code == status, answer.text[:300]
    return answer.json()["message"]


def rows(http, typed, **query):
    return http.ok("GET", f"/rest/Localizations/{typed.id}", **query)


def marks(http, typed, **query):
    return [row["mark"] for row in rows(http, typed, show_all_marks=1, show_deleted=1, **query)]


def logs(http, typed, row):
    found = http.ok("GET", f"/rest/ChangeLog/{typed.id}", entity_type="localization", entity_id=row)
    return [entry["description_of_change"] for entry in found]


def named(entries):
    return {entry["name"]: entry["value"] for entry in entries}


# --- creation


def test_ids_follow_the_order_of_the_specs(http, typed, place):
    ids = place(500)
    assert ids == sorted(ids) and len(set(ids)) == 500
    found = rows(http, typed)
    assert [(row["id"], row["frame"]) for row in found] == list(zip(ids, range(500)))
    assert all(row["mark"] == 0 and row["user"] == row["created_by"] == row["modified_by"] == 1 for row in found)
    assert len({row["elemental_id"] for row in found}) == 500


def test_a_single_spec_answers_a_list_too(http, typed):
    made = http.ok("POST", f"/rest/Localizations/{typed.id}", {"media_id": typed.media[0], "type": typed.box, "frame": 3, "points": None})
    assert made["message"] == "Successfully created 1 localizations!" and len(made["id"]) == 1
    found = http.ok("GET", f"/rest/Localization/{made['id'][0]}")
    assert len(found) == 25 and found["version"] == typed.version and found["project"] == typed.id
    assert found["x"] is None and found["points"] is None and found["parent"] is None and found["thumbnail_image"] is None


@pytest.mark.parametrize("wrong", [
    {"type": 2**31 - 1}, {"media_id": 2**31 - 1}, {"version": 2**31 - 1}, {"frame": -1}, {"elemental_id": "not-a-uuid"},
    {"attributes": {"Count": "many"}}, {"attributes": {"Kind": "d"}}, {"x": 1.5}, {"u": -2}, {"points": [[0.1]]}, {"frame": 1.0}, {"x": "0.5"},
    {"user_elemental_id": str(uuid.uuid4())}])
def test_one_bad_spec_leaves_nothing_of_the_list(http, typed, wrong):
    good = {"media_id": typed.media[0], "type": typed.box, "frame": 0}
    refused(http, "POST", f"/rest/Localizations/{typed.id}", [good, {**good, **wrong}])
    assert rows(http, typed) == []


def test_a_parent_must_exist(http, typed, place):
    spec = {"media_id": typed.media[0], "type": typed.box, "frame": 0}
    refused(http, "POST", f"/rest/Localizations/{typed.id}", {**spec, "parent": 2**31 - 1}, status=404)
    parent = place()[0]
    child = http.ok("POST", f"/rest/Localizations/{typed.id}", {**spec, "parent": parent})["id"][0]
    assert http.ok("GET", f"/rest/Localization/{child}")["parent"] == parent


def test_more_than_500_are_refused(http, typed):
    spec = {"media_id": typed.media[0], "type": typed.box, "frame": 0}
    refused(http, "POST", f"/rest/Localizations/{typed.id}", [spec] * 501)
    assert http.ok("GET", f"/rest/LocalizationCount/{typed.id}") == 0


def test_the_client_creates_in_chunks_and_pages_through(api, typed):
    specs = [{"media_id": typed.media[0], "type": typed.box, "frame": k, "x": 0, "y": 0, "width": 1, "height": 1} for k in range(1100)]
    ids = [one for answer in chunked_create(api.create_localization_list, typed.id, body=specs) for one in answer.id]
    assert len(ids) == 1100
    pages, after = [], 0
    while page := api.get_localization_list(typed.id, start=0, stop=300, after=after):
        pages += [row.id for row in page]
        after = page[-1].id
    assert pages == ids


def test_the_default_version_of_the_membership_counts(http, typed, place):
    layer = http.ok("POST", f"/rest/Versions/{typed.id}", {"name": "Layer"})["id"]
    membership = http.ok("GET", f"/rest/Memberships/{typed.id}")[0]["id"]
    first = place()[0]
    http.ok("PATCH", f"/rest/Membership/{membership}", {"default_version": layer})
    second = place()[0]
    assert [http.ok("GET", f"/rest/Localization/{one}")["version"] for one in (first, second)] == [typed.version, layer]


# --- marks


def test_nothing_is_made_in_a_version_that_goes_meanwhile(server, typed):
    """Creation leaves the foreign keys' own checks out where it may; what it refers to is held all the same."""
    http = server.http()
    for turn in range(6):
        version = http.ok("POST", f"/rest/Versions/{typed.id}", {"name": f"short-lived {turn}"})["id"]
        specs = [{"media_id": typed.media[0], "type": typed.box, "frame": k, "version": version} for k in range(50)]
        statuses = []

        def create():
            with server.http() as own:
                statuses.append(own.post(f"/rest/Localizations/{typed.id}", json=specs).status_code)

        threads = [threading.Thread(target=create) for _ in range(4)]
        for thread in threads:
            thread.start()
        deleted = http.delete(f"/rest/Version/{version}").status_code
        for thread in threads:
            thread.join()
        assert set(statuses) <= {201, 400} and deleted in (200, 400)
    assert server.sql("SELECT count(*) AS n FROM main_localization l WHERE NOT EXISTS (SELECT FROM main_version v WHERE v.id = l.version)")[0]["n"] == 0
    assert server.sql("SELECT count(*) AS n FROM main_projectlookup p WHERE localization_id IS NOT NULL"
                      " AND NOT EXISTS (SELECT FROM main_localization l WHERE l.id = p.localization_id)")[0]["n"] == 0


def test_repeated_elemental_ids_in_one_request_get_marks_in_order(http, typed, place):
    elemental = str(uuid.uuid4())
    ids = place(4, elemental_id=elemental)
    assert [(row["id"], row["mark"]) for row in rows(http, typed, show_all_marks=1)] == list(zip(ids, range(4)))
    assert [row["id"] for row in rows(http, typed)] == ids[-1:]
    more = place(2, elemental_id=elemental)
    assert marks(http, typed) == list(range(6))
    assert [row["id"] for row in rows(http, typed)] == more[-1:]


def test_an_edit_is_a_new_mark_and_the_old_row_stays(http, typed, place):
    one = place()[0]
    before = http.ok("GET", f"/rest/Localization/{one}")
    answer = http.ok("PATCH", f"/rest/Localization/{one}", {"x": 0.5, "attributes": {"Text": "moved"}})
    now = answer["object"]
    assert answer["message"] == f"Localization {before['elemental_id']}@{typed.version}/0 successfully updated!"
    assert now["id"] != one and (now["mark"], now["x"], now["y"], now["attributes"]["Text"]) == (1, 0.5, 0.2, "moved")
    assert now["effective_permission"] == 0xFFFF
    assert http.ok("GET", f"/rest/Localization/{one}") == before
    assert now["created_datetime"] == before["created_datetime"] and now["modified_datetime"] > before["modified_datetime"]
    assert [row["id"] for row in rows(http, typed)] == [now["id"]]


def test_edits_at_the_same_time_leave_no_gap_in_the_marks(server, typed, place):
    one, failed = place()[0], []

    def edit(k):
        with server.http() as http:
            for n in range(10):
                answer = http.patch(f"/rest/Localization/{one}", json={"x": (k * 10 + n) / 100})
                if answer.status_code != 200:
                    failed.append(answer.text)

    threads = [threading.Thread(target=edit, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    with server.http() as http:
        assert sorted(marks(http, typed)) == list(range(81))
        assert [row["mark"] for row in rows(http, typed)] == [80]


def test_first_rows_of_one_elemental_id_at_the_same_time_differ_in_their_mark(server, typed):
    elemental, failed = str(uuid.uuid4()), []
    spec = {"media_id": typed.media[0], "type": typed.box, "frame": 0, "elemental_id": elemental}

    def create():
        with server.http() as http:
            answer = http.post(f"/rest/Localizations/{typed.id}", json=[spec, spec])
            if answer.status_code != 201:
                failed.append(answer.text)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    with server.http() as http:
        assert sorted(marks(http, typed)) == list(range(16))
        assert [row["mark"] for row in rows(http, typed)] == [15]


def test_an_old_mark_leads_to_the_newest_unless_pedantic(http, typed, place):
    one = place()[0]
    two = http.ok("PATCH", f"/rest/Localization/{one}", {"x": 0.5})["object"]["id"]
    assert "Pedantic" in refused(http, "PATCH", f"/rest/Localization/{one}", {"x": 0.6, "pedantic": 1})
    three = http.ok("PATCH", f"/rest/Localization/{one}", {"y": 0.7})["object"]
    assert (three["x"], three["y"], three["mark"]) == (0.5, 0.7, 2)
    changed = http.ok("PATCH", f"/rest/Localization/{two}", {"y": 0.8, "in_place": 1})["object"]
    assert (changed["id"], changed["y"], changed["mark"]) == (three["id"], 0.8, 2)


def test_only_geometry_of_the_dtype_changes(http, typed, place):
    one = place()[0]
    now = http.ok("PATCH", f"/rest/Localization/{one}", {"x": 0, "width": 0, "height": 0.9, "u": 0.5, "points": [[0, 0]], "in_place": 1})["object"]
    assert (now["x"], now["width"], now["height"], now["u"], now["points"]) == (0.0, 0.3, 0.9, None, None)


def test_rows_are_found_by_version_and_elemental_id(http, typed, place):
    elemental = str(uuid.uuid4())
    one = place(elemental_id=elemental)[0]
    path = f"/rest/Localization/{typed.version}/{elemental}"
    http.ok("PATCH", path, {"x": 0.5, "elemental_id": str(uuid.uuid4()), "version": 2**31 - 1})
    assert http.ok("GET", path)["mark"] == 1 and http.ok("GET", path, mark=0)["id"] == one
    refused(http, "GET", path, status=404, mark=2)
    refused(http, "GET", f"/rest/Localization/{typed.version}/{uuid.uuid4()}", status=404)
    refused(http, "GET", f"/rest/Localization/{typed.version}/none")


# --- deletion


def test_deleting_hides_and_pruning_brings_back(http, typed, place):
    one = place()[0]
    elemental = http.ok("GET", f"/rest/Localization/{one}")["elemental_id"]
    answer = http.ok("DELETE", f"/rest/Localization/{one}")
    assert answer["message"] == f"Localization {typed.version}/{elemental}@@0 successfully deleted!"
    gone = answer["id"]
    assert rows(http, typed) == []
    assert [(row["id"], row["mark"]) for row in rows(http, typed, show_deleted=1)] == [(gone, 1)]
    assert http.ok("DELETE", f"/rest/Localization/{gone}", {"prune": 1})["id"] == gone
    refused(http, "GET", f"/rest/Localization/{gone}", status=404)
    assert [row["id"] for row in rows(http, typed)] == [one]
    assert marks(http, typed) == [0]
    assert http.ok("PATCH", f"/rest/Localization/{one}", {"x": 0.9})["object"]["mark"] == 1


def test_pruning_all_marks_lets_a_version_go(http, typed, place):
    layer = http.ok("POST", f"/rest/Versions/{typed.id}", {"name": "Layer"})["id"]
    one = place(version=layer)[0]
    http.ok("PATCH", f"/rest/Localization/{one}", {"x": 0.9})
    refused(http, "DELETE", f"/rest/Version/{layer}")
    http.ok("DELETE", f"/rest/Localizations/{typed.id}?version={layer}&show_deleted=1&show_all_marks=1&merge=0", {"prune": 1})
    http.ok("DELETE", f"/rest/Version/{layer}")


# --- many at once


def test_the_count_must_be_right(http, typed, place):
    place(3)
    path = f"/rest/Localizations/{typed.id}"
    assert refused(http, "PATCH", path, {"attributes": {"Count": 1}}, count=2) == "Safety check failed - expected 2 but would update 3"
    assert refused(http, "DELETE", path, count=4) == "Safety check failed - expected 4 but would delete 3"
    assert marks(http, typed) == [0, 0, 0]
    assert http.ok("PATCH", path + "?count=3", {"attributes": {"Count": 1}})["message"] == "Successfully updated 3 localizations!"
    assert marks(http, typed) == [0, 0, 0, 1, 1, 1]
    assert http.ok("DELETE", path + "?count=3")["message"] == "Successfully deleted 3 localizations!"
    assert rows(http, typed) == [] and len(rows(http, typed, show_deleted=1)) == 3


def test_ids_are_edited_in_place_with_one_log(http, typed, place):
    ids = place(3)
    http.ok("PATCH", f"/rest/Localizations/{typed.id}", {"ids": ids[:2], "attributes": {"Text": "it's 100% \"quoted\" \\ back\nline"}})
    found = rows(http, typed, show_all_marks=1)
    assert [(row["id"], row["mark"], row["attributes"].get("Text")) for row in found] == [
        (ids[0], 0, "it's 100% \"quoted\" \\ back\nline"), (ids[1], 0, "it's 100% \"quoted\" \\ back\nline"), (ids[2], 0, None)]
    first, second = (http.ok("GET", f"/rest/ChangeLog/{typed.id}", entity_type="localization", entity_id=one)[-1] for one in ids[:2])
    assert first == second
    assert named(first["description_of_change"]["new"]) == {"Text": "it's 100% \"quoted\" \\ back\nline"}


def test_a_bulk_edit_to_another_version_numbers_there(http, typed, place):
    layer = http.ok("POST", f"/rest/Versions/{typed.id}", {"name": "Layer"})["id"]
    ids = place(2)
    http.ok("PATCH", f"/rest/Localizations/{typed.id}", {"new_version": layer})
    http.ok("PATCH", f"/rest/Localizations/{typed.id}?version={typed.version}", {"new_version": layer})
    found = rows(http, typed, show_all_marks=1)
    assert [(row["version"], row["mark"]) for row in found] == [(typed.version, 0)] * 2 + [(layer, 0)] * 2 + [(layer, 1)] * 2
    assert [row["id"] for row in rows(http, typed, version=typed.version)] == ids
    refused(http, "PATCH", f"/rest/Localizations/{typed.id}", {"new_version": 2**31 - 1}, status=404)


def test_a_refused_bulk_edit_changes_nothing(http, typed, place):
    place(3)
    for body in ({"attributes": {"Count": "many"}}, {"attributes": {"Unknown": 1}}, {"null_attributes": ["Unknown"]},
                 {"attributes": {"Count": 1}, "new_elemental_id": "none"}):
        refused(http, "PATCH", f"/rest/Localizations/{typed.id}", body)
    assert marks(http, typed) == [0, 0, 0] and all(row["attributes"] == {} for row in rows(http, typed))


def test_all_rows_of_a_bulk_edit_have_one_type(http, typed, place):
    dot = http.ok("POST", f"/rest/LocalizationTypes/{typed.id}", {"name": "dots", "dtype": "dot", "media_types": [typed.image]})["id"]
    place(2)
    place(1, type=dot)
    assert "type id" in refused(http, "PATCH", f"/rest/Localizations/{typed.id}", {"attributes": {}})
    assert http.ok("PATCH", f"/rest/Localizations/{typed.id}?type={dot}", {})["message"] == "Successfully updated 1 localizations!"


# --- authors, logs, rights


def test_another_author_needs_full_control(http, user, typed, place):
    other, author = user(), user()
    http.ok("POST", f"/rest/Memberships/{typed.id}", {"user": other.id, "permission": "Can Edit"})
    elemental = http.ok("GET", f"/rest/User/{author.id}")["elemental_id"]
    one = place()[0]
    spec = {"media_id": typed.media[0], "type": typed.box, "frame": 0, "user_elemental_id": elemental}
    refused(other.http, "POST", f"/rest/Localizations/{typed.id}", spec, status=403)
    refused(other.http, "PATCH", f"/rest/Localization/{one}", {"user_elemental_id": elemental}, status=403)
    made = http.ok("GET", f"/rest/Localization/{http.ok('POST', f'/rest/Localizations/{typed.id}', spec)['id'][0]}")
    assert (made["user"], made["created_by"], made["modified_by"]) == (author.id,) * 3
    changed = http.ok("PATCH", f"/rest/Localization/{one}", {"user_elemental_id": elemental})["object"]
    assert (changed["id"], changed["mark"], changed["user"], changed["created_by"], changed["modified_by"]) == (one, 0, author.id, author.id, 1)


def test_a_version_of_another_project_is_none_of_this_one(http, typed, place, organization):
    other = http.ok("POST", "/rest/Projects", {"name": "other " + uuid.uuid4().hex, "organization": organization})["id"]
    version = http.ok("GET", f"/rest/Versions/{other}")[0]["id"]
    box = place(1)[0]
    for body in ({"version": version}, {"version": version, "in_place": 1}):
        assert http.patch(f"/rest/Localization/{box}", json=body).status_code == 404
    for body in ({"new_version": version}, {"new_version": version, "ids": [box]}):
        assert http.patch(f"/rest/Localizations/{typed.id}", json=body).status_code == 404
    assert http.ok("GET", f"/rest/Localization/{box}")["mark"] == 0


def test_viewers_may_read_only(http, user, typed, place):
    viewer, stranger, one = user(), user(), place()[0]
    http.ok("POST", f"/rest/Memberships/{typed.id}", {"user": viewer.id, "permission": "View Only"})
    assert len(viewer.http.ok("GET", f"/rest/Localizations/{typed.id}")) == 1
    assert viewer.http.ok("PUT", f"/rest/LocalizationCount/{typed.id}", {"ids": [one]}) == 1
    refused(viewer.http, "PATCH", f"/rest/Localizations/{typed.id}", {"attributes": {"Count": 1}}, status=403)
    refused(viewer.http, "DELETE", f"/rest/Localization/{one}", status=403)
    refused(stranger.http, "GET", f"/rest/Localizations/{typed.id}", status=403)
    assert marks(http, typed) == [0]


def test_logs_say_what_changed(http, typed, place):
    one = place(attributes={"Text": "a", "Count": 2})[0]
    created, = logs(http, typed, one)
    new = named(created["new"])
    assert [entry["value"] for entry in created["old"]] == [None] * len(created["new"])
    assert (new["_id"], new["_x"], new["_frame"], new["_mark"], new["_points"], new["_media"]) == (one, 0.1, 0, 0, {}, typed.media[0])
    assert [entry["name"] for entry in created["new"]][-2:] == ["Text", "Count"]
    http.ok("PATCH", f"/rest/Localization/{one}", {"in_place": 1, "frame": 9, "attributes": {"Count": 3}})
    edited = logs(http, typed, one)[1]
    assert named(edited["old"]) == {"_frame": 0, "Count": 2} and named(edited["new"]) == {"_frame": 9, "Count": 3}
    newer = http.ok("PATCH", f"/rest/Localization/{one}", {"frame": 10})["object"]["id"]
    assert logs(http, typed, newer) == [] and len(logs(http, typed, one)) == 2


def test_each_row_of_a_list_has_a_log_of_its_own(http, typed, place):
    ids = place(30)
    for one in (ids[0], ids[17], ids[29]):
        created, = logs(http, typed, one)
        assert named(created["new"])["_id"] == one and named(created["new"])["_frame"] == ids.index(one)


def test_logs_of_one_list_are_kept_apart_by_nothing_that_a_text_can_hold(http, typed):
    texts = ["two\nlines", "\r\n", "\\n", '"}\n{"old":[]}', "\u2028 \x1f", ""]
    ids = http.ok("POST", f"/rest/Localizations/{typed.id}", [
        {"media_id": typed.media[0], "type": typed.box, "frame": k, "x": 0.1, "y": 0.2, "width": 0.3, "height": 0.4, "attributes": {"Text": text}}
        for k, text in enumerate(texts)])["id"]
    for one, text in zip(ids, texts):
        created, = logs(http, typed, one)
        assert (named(created["new"])["_id"], named(created["new"])["Text"]) == (one, text)


def test_a_bulk_edit_of_hundreds_is_linked_to_each_row(http, server, typed, place):
    ids = place(400)
    http.ok("PATCH", f"/rest/Localizations/{typed.id}", {"ids": ids, "attributes": {"Count": 5}})
    found = server.sql("SELECT l.ref_id AS id, t.model AS model FROM main_changetoobject l JOIN django_content_type t ON t.id = l.ref_table_id WHERE "
                       "l.change_id_id = (SELECT max(id) FROM main_changelog WHERE project_id = :p) ORDER BY 1", p=typed.id)
    assert found == [{"id": one, "model": "localization"} for one in ids]
    assert [named(entry["new"]) for entry in logs(http, typed, ids[399])][1:] == [{"Count": 5}]


def test_what_was_made_is_listed_for_look_up(server, typed, place):
    ids = place(3)
    found = server.sql("SELECT localization_id AS id FROM main_projectlookup WHERE project_id = :p AND localization_id IS NOT NULL ORDER BY 1", p=typed.id)
    assert [row["id"] for row in found] == ids


def test_the_client_reads_back_what_it_wrote(api, typed):
    made = api.create_localization_list(typed.id, body=[{"media_id": typed.media[1], "type": typed.box, "frame": 7, "x": 0.25, "y": 0.5, "width": 0.1,
                                                         "height": 0.2, "attributes": {"Score": 0.5, "Kind": "b", "Checked": True}}])
    found = api.get_localization(made.id[0])
    assert (found.x, found.frame, found.media, found.attributes) == (0.25, 7, typed.media[1], {"Score": 0.5, "Kind": "b", "Checked": True})
    answer = api.update_localization(found.id, localization_update={"attributes": {"Score": 1.5}})
    assert isinstance(answer, object) and api.get_localization_by_elemental_id(found.version, found.elemental_id).attributes["Score"] == 1.5
    with pytest.raises(tator.exceptions.ApiException):
        api.update_localization(found.id, localization_update={"attributes": {"Score": "high"}})
