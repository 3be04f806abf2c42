"""Clones of media: columns, sections, shared objects, permission in both projects."""
import uuid

import pytest
import requests


@pytest.fixture
def there(http, project):
    """A second project with media types."""
    project.types()
    project.there = http.ok("POST", "/rest/Projects", {"name": "there " + uuid.uuid4().hex, "summary": "", "organization": project.organization})["id"]
    project.kind = http.ok("POST", f"/rest/MediaTypes/{project.there}", {"name": "images", "dtype": "image"})["id"]
    return project


@pytest.fixture
def still(http, there):
    """An image with a file of the store: its id; .key is the object's."""
    media = http.ok("POST", f"/rest/Medias/{there.id}", {"type": there.image, "name": "still.png", "md5": "m", "gid": "g", "section": "Here",
                                                         "attributes": {"Count": 3}})["id"]
    info = http.ok("GET", f"/rest/UploadInfo/{there.id}", media_id=media, filename="still.png")
    assert requests.put(info["urls"][0], data=b"picture").status_code == 200
    http.ok("POST", f"/rest/ImageFiles/{media}", {"path": info["key"], "size": 7, "resolution": [1, 1], "mime": "image/png"}, role="image")
    there.key = info["key"]
    return media


def clone(http, there, media, status=201, project=None, kind=None, **more):
    body = {"dest_project": there.there if project is None else project, "dest_type": kind or there.kind, **more}
    answer = http.post(f"/rest/CloneMedia/{there.id}", json=body, params={"media_id": media})
    assert answer.status_code == status, answer.text
    return answer.json().get("id")


def exists(http, there, media):
    return requests.get(http.ok("GET", f"/rest/Media/{media}", presigned=60)["media_files"]["image"][0]["path"]).status_code == 200


def test_a_clone_is_the_same_but_for_its_place(http, there, still):
    copy, = clone(http, there, still, dest_section="Arrivals")
    old, new = (http.ok("GET", f"/rest/Media/{media}") for media in (still, copy))
    section, = http.ok("GET", f"/rest/Sections/{there.there}")
    assert (section["name"], section["dtype"]) == ("Arrivals", "folder")
    assert (new.pop("project"), new.pop("type"), new.pop("primary_section")) == (there.there, there.kind, section["id"])
    assert new.pop("attributes") == {"Count": 3, "tator_user_sections": section["tator_user_sections"]}
    for member in ("id", "created_datetime", "modified_datetime", "archive_status_date"):
        assert new.pop(member) > old[member]
    assert new == {member: old[member] for member in new}
    assert http.ok("GET", f"/rest/ChangeLog/{there.there}", entity_type="media") == []


def test_a_folder_is_found_in_any_case(http, there, still):
    first, = clone(http, there, still, dest_section="Arrivals")
    second, = clone(http, there, still, dest_section="arrivals")
    assert len(http.ok("GET", f"/rest/Sections/{there.there}")) == 1
    assert http.ok("GET", f"/rest/MediaCount/{there.there}", section=http.ok("GET", f"/rest/Media/{second}")["primary_section"]) == 2


def test_without_a_section_the_source_is_named(http, there, still):
    copy, = clone(http, there, still, project=there.id, kind=there.image)
    assert http.ok("GET", f"/rest/Media/{copy}")["primary_section"] == http.ok("GET", f"/rest/Media/{still}")["primary_section"]


def test_the_answer_is_in_the_order_of_the_query(http, api, there):
    for name in ("c", "a", "b"):
        http.ok("POST", f"/rest/Medias/{there.id}", {"type": there.image, "name": name, "md5": ""})
    made = api.clone_media_list(there.id, clone_media_spec={"dest_project": there.there, "dest_type": there.kind})
    assert made.message == "Successfully cloned 3 medias!"
    assert [api.get_media(media).name for media in made.id] == ["a", "b", "c"]


def test_the_object_lives_as_long_as_anybody_has_it(http, server, there, still):
    copy, = clone(http, there, still)
    url = http.ok("GET", f"/rest/Media/{copy}", presigned=60)["media_files"]["image"][0]["path"]
    assert requests.get(url).content == b"picture"
    http.ok("DELETE", f"/rest/ImageFile/{still}", role="image", index=0)
    assert requests.get(url).content == b"picture" and exists(http, there, copy)
    http.ok("DELETE", f"/rest/ImageFile/{copy}", role="image", index=0)
    assert requests.get(url).status_code == 404
    assert server.sql("SELECT id FROM main_resource WHERE path = :'key'", key=there.key) == []


def test_urls_are_cloned_too(http, there):
    media = http.ok("POST", f"/rest/Medias/{there.id}", {"type": there.image, "name": "far.png", "md5": ""})["id"]
    http.ok("POST", f"/rest/ImageFiles/{media}", {"path": "https://files.example.com/far.png", "resolution": [1, 1], "mime": "image/png",
                                                "reference_only": 1}, role="image")
    copy, = clone(http, there, media)
    assert http.ok("GET", f"/rest/Media/{copy}")["media_files"]["image"][0]["path"] == "https://files.example.com/far.png"
    assert http.ok("GET", f"/rest/GetClonedMedia/{copy}")["ids"] == [copy]


def test_clones_are_found_from_each(http, there, still):
    first, = clone(http, there, still)
    second, = clone(http, there, still)
    for media in (still, first, second):
        answer = http.ok("GET", f"/rest/GetClonedMedia/{media}")
        assert answer == {"message": "Found 3 clones", "ids": [still, first, second]}
    http.ok("DELETE", f"/rest/Media/{still}")
    assert http.ok("GET", f"/rest/GetClonedMedia/{still}")["ids"] == [still, first, second]


def test_a_media_without_files_is_its_own(http, there, media):
    empty, = media()
    assert http.ok("GET", f"/rest/GetClonedMedia/{empty}") == {"message": "Found 1 clones", "ids": [empty]}
    kind = http.ok("POST", f"/rest/MediaTypes/{there.id}", {"name": "m", "dtype": "multi"})["id"]
    multi = http.ok("POST", f"/rest/Medias/{there.id}", {"type": kind, "name": "m", "md5": ""})["id"]
    assert http.get(f"/rest/GetClonedMedia/{multi}").status_code == 400
    assert http.get("/rest/GetClonedMedia/999999999").status_code == 404


def test_what_is_refused_makes_nothing(http, server, there, still):
    clone(http, there, still, status=404, kind=-1)
    clone(http, there, still, status=400, kind=there.image)
    clone(http, there, still, status=404, project=999999999)
    clone(http, there, still, status=400, dest_section="s" * 129)
    assert http.ok("GET", f"/rest/MediaCount/{there.there}") == 0 and http.ok("GET", f"/rest/Sections/{there.there}") == []


def test_more_than_500_are_refused(http, server, there):
    server.psql("INSERT INTO main_media (project, meta, name, md5, attributes, deleted, restoration_requested, archive_state, elemental_id,"
                " created_datetime, modified_datetime) SELECT :project, :kind, 'many ' || n, '', '{}', false, false, 'live', gen_random_uuid(),"
                " now(), now() FROM generate_series(1, 501) n;", project=there.id, kind=there.image)
    assert http.post(f"/rest/CloneMedia/{there.id}", json={"dest_project": there.there, "dest_type": there.kind}).status_code == 400
    answer = http.ok("POST", f"/rest/CloneMedia/{there.id}", {"dest_project": there.there, "dest_type": there.kind}, stop=500)
    assert len(answer["id"]) == 500


@pytest.mark.parametrize("here, other, status", [("Can Transfer", "Can Transfer", 201), ("Can Edit", "Full Control", 403), ("Full Control", "Can Edit", 403),
                                                 ("Full Control", None, 403), (None, "Full Control", 403)])
def test_both_projects_must_allow(http, there, still, user, here, other, status):
    person = user()
    for project, level in ((there.id, here), (there.there, other)):
        if level:
            http.ok("POST", f"/rest/Memberships/{project}", {"user": person.id, "permission": level})
    clone(person.http, there, still, status=status)
    assert http.ok("GET", f"/rest/MediaCount/{there.there}") == (status == 201)
