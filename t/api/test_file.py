"""Files: lists, changes, paths and the objects they hold, deletion."""
import uuid

import pytest
import requests


@pytest.fixture
def shelf(http, project):
    project.report = http.ok("POST", f"/rest/FileTypes/{project.id}", {"name": "Report", "attribute_types": [
        {"name": "Pages", "dtype": "int", "default": 1}, {"name": "Title", "dtype": "string"}]})["id"]
    project.note = http.ok("POST", f"/rest/FileTypes/{project.id}", {"name": "Note"})["id"]

    def make(name, kind="report", **more):
        return http.ok("POST", f"/rest/Files/{project.id}", {"name": name, "description": "", "type": getattr(project, kind), **more})["id"]
    project.make = make
    return project


def names(http, shelf, **query):
    return [row["name"] for row in http.ok("GET", f"/rest/Files/{shelf.id}", **query)]


def upload(http, shelf, row, data):
    info = http.ok("GET", f"/rest/UploadInfo/{shelf.id}", file_id=row, filename="report.txt")
    assert requests.put(info["urls"][0], data=data).status_code == 200
    return info["key"]


def read(http, shelf, key):
    answer = http.post(f"/rest/DownloadInfo/{shelf.id}", json={"keys": [key]})
    return requests.get(answer.json()[0]["url"]) if answer.status_code < 300 else None


def test_a_list_has_its_members(http, shelf):
    row = shelf.make("one", attributes={"Title": "A"})
    listed, = http.ok("GET", f"/rest/Files/{shelf.id}")
    detail = http.ok("GET", f"/rest/File/{row}")
    assert listed["type"] == detail.pop("meta") == shelf.report
    assert detail.pop("deleted") is False
    assert {**detail, "type": shelf.report} == listed
    assert listed["attributes"] == {"Pages": 1, "Title": "A"} and listed["id"] == row


def test_filters(http, shelf):
    for k, name in enumerate(("b.txt", "a.txt", "c.txt")):
        shelf.make(name, attributes={"Pages": k})
    shelf.make("note", kind="note", elemental_id="7c8d9e0f-1a2b-4c3d-8e4f-5a6b7c8d9e0f")
    assert names(http, shelf) == ["b.txt", "a.txt", "c.txt", "note"]
    assert names(http, shelf, type=shelf.note) == names(http, shelf, elemental_id="7c8d9e0f-1a2b-4c3d-8e4f-5a6b7c8d9e0f") == ["note"]
    assert names(http, shelf, name="A.TXT") == [] and names(http, shelf, name="a.txt") == ["a.txt"]
    assert names(http, shelf, attribute_gte="Pages::1", type=shelf.report) == ["a.txt", "c.txt"]
    assert names(http, shelf, sort_by="-$name", start=1, stop=3) == ["c.txt", "b.txt"]
    assert len(names(http, shelf, after=10 ** 9)) == 4
    assert http.get(f"/rest/Files/{shelf.id}", params={"type": 999999999}).status_code == 404


def test_a_project_without_types_has_no_files(http, project):
    assert http.ok("GET", f"/rest/Files/{project.id}") == []


def test_changes(http, api, shelf):
    row = shelf.make("one", attributes={"Pages": 7, "Title": "A"})
    before = http.ok("GET", f"/rest/File/{row}")
    assert api.update_file(row, {"name": "two", "description": "d", "attributes": {"Pages": 12}}).message == f"File {row} successfully updated!"
    after = http.ok("GET", f"/rest/File/{row}")
    assert (after["name"], after["description"], after["attributes"]) == ("two", "d", {"Pages": 12, "Title": "A"})
    assert after["created_datetime"] == before["created_datetime"] and after["modified_datetime"] > before["modified_datetime"]
    http.ok("PATCH", f"/rest/File/{row}", {"reset_attributes": ["Pages"], "null_attributes": ["Title"]})
    assert http.ok("GET", f"/rest/File/{row}")["attributes"] == {"Pages": 1, "Title": None}


def test_another_author(http, shelf, user):
    person = user()
    http.ok("POST", f"/rest/Memberships/{shelf.id}", {"user": person.id, "permission": "Can Execute"})
    row = shelf.make("one")
    mine, theirs = (session.ok("GET", "/rest/User/GetCurrent") for session in (http, person.http))
    assert person.http.patch(f"/rest/File/{row}", json={"user_elemental_id": mine["elemental_id"], "name": "x"}).status_code == 403
    assert http.ok("GET", f"/rest/File/{row}")["name"] == "one"
    elemental = str(uuid.uuid4())
    http.ok("PATCH", f"/rest/User/{person.id}", {"elemental_id": elemental}) if theirs.get("elemental_id") is None else None
    http.ok("PATCH", f"/rest/File/{row}", {"user_elemental_id": theirs.get("elemental_id") or elemental})
    found = http.ok("GET", f"/rest/File/{row}")
    assert (found["created_by"], found["modified_by"]) == (person.id, mine["id"])


def test_a_path_holds_its_object(http, server, shelf):
    row = shelf.make("one")
    first, second = (upload(http, shelf, row, data) for data in (b"first", b"second"))
    http.ok("PATCH", f"/rest/File/{row}", {"path": first})
    assert http.ok("GET", f"/rest/File/{row}")["path"] == first
    assert read(http, shelf, first).content == b"first"
    http.ok("PATCH", f"/rest/File/{row}", {"path": first})
    assert read(http, shelf, first).content == b"first"
    url = read(http, shelf, first).request.url
    http.ok("PATCH", f"/rest/File/{row}", {"path": second})
    assert requests.get(url).status_code == 404
    url = read(http, shelf, second).request.url
    assert http.ok("DELETE", f"/rest/File/{row}")["message"] == "Registered file deleted successfully!"
    assert requests.get(url).status_code == 404
    assert server.sql("SELECT count(*) AS n FROM main_resource WHERE path LIKE :'paths'",
                      paths=f"{shelf.organization}/{shelf.id}/files/%") == [{"n": 0}]
    assert http.get(f"/rest/File/{row}").status_code == 404 and http.delete(f"/rest/File/{row}").status_code == 404


def test_a_path_is_of_the_files_own_folder(http, server, shelf):
    one, two = shelf.make("one"), shelf.make("two")
    own = f"{shelf.organization}/{shelf.id}/files"
    for path in (f"{own}/{two}/x", f"{own}/{one}/", f"{own}/{one}/a/b", f"{own}/{one}/..", f"{shelf.organization}/{shelf.id}/{one}/x",
                 f"{shelf.organization + 1}/{shelf.id}/files/{one}/x", "https://example.com/x", ""):
        assert http.patch(f"/rest/File/{one}", json={"path": path, "name": "changed"}).status_code == 403, path
    assert http.ok("GET", f"/rest/File/{one}")["name"] == "one"
    assert http.patch(f"/rest/File/{one}", json={"path": f"{own}/{one}/{'n' * 100}"}).status_code == 400


@pytest.mark.parametrize("body", [{"attributes": {"nothing": 1}}, {"attributes": {"Pages": "few"}}, {"name": "n" * 129}, {"description": "d" * 1025}])
def test_a_refused_change_changes_nothing(http, shelf, body):
    row = shelf.make("one")
    before = http.ok("GET", f"/rest/File/{row}")
    assert http.patch(f"/rest/File/{row}", json={"description": "other", **body}).status_code == 400
    assert http.ok("GET", f"/rest/File/{row}") == before


def test_of_a_deleted_type_only_the_detail_remains(http, shelf):
    row = shelf.make("one")
    http.ok("DELETE", f"/rest/FileType/{shelf.report}")
    assert names(http, shelf) == []
    found = http.ok("GET", f"/rest/File/{row}")
    assert found["deleted"] is True and found["meta"] is None


def test_editors_may_read_only(http, shelf, user):
    person = user()
    http.ok("POST", f"/rest/Memberships/{shelf.id}", {"user": person.id, "permission": "Can Transfer"})
    row = shelf.make("one")
    assert person.http.ok("GET", f"/rest/File/{row}")["id"] == row
    assert person.http.patch(f"/rest/File/{row}", json={"name": "x"}).status_code == 403
    assert person.http.delete(f"/rest/File/{row}").status_code == 403
