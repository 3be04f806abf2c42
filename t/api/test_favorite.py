"""Favorites and bookmarks: each user's own."""
import pytest


@pytest.fixture
def typed(http, project):
    """Types of localizations and states number themselves each: here they differ."""
    project.types()
    while project.box == project.state:
        project.box = http.ok("POST", f"/rest/LocalizationTypes/{project.id}", {"name": "more", "dtype": "box", "media_types": [project.image]})["id"]
    return project


def favorite(http, typed, status=201, **more):
    body = {"name": "usual", "type": typed.box, "values": {"Text": "a", "Count": 1}, "entity_type_name": "Localization", **more}
    answer = http.post(f"/rest/Favorites/{typed.id}", json={name: value for name, value in body.items() if value is not None})
    assert answer.status_code == status, answer.text
    return answer.json().get("id")


def test_a_favorite_names_its_type(http, api, typed):
    one, two = favorite(http, typed), favorite(http, typed, type=typed.state, entity_type_name="State", page=4, values={})
    assert http.ok("GET", f"/rest/Favorite/{one}") == {
        "id": one, "project": typed.id, "user": 1, "name": "usual", "type": typed.box, "values": {"Text": "a", "Count": 1}, "page": 1,
        "entity_type_name": "Localization", "localization_type_id": typed.box, "state_type_id": None}
    listed = http.ok("GET", f"/rest/Favorites/{typed.id}")
    assert [row["id"] for row in listed] == [one, two] and listed[1]["page"] == 4
    assert (listed[1]["localization_type_id"], listed[1]["state_type_id"]) == (None, typed.state)
    assert [row.id for row in api.get_favorite_list(typed.id)] == [one, two]


def test_change_and_deletion(http, typed):
    one = favorite(http, typed)
    assert http.ok("PATCH", f"/rest/Favorite/{one}", {"name": "best"})["message"] == f"Favorite {one} updated successfully!"
    assert http.patch(f"/rest/Favorite/{one}", json={"name": "state", "entity_type_name": "State"}).status_code == 404
    assert http.ok("GET", f"/rest/Favorite/{one}")["name"] == "best"
    assert http.ok("DELETE", f"/rest/Favorite/{one}")["message"] == f"Favorite with ID {one} deleted successfully!"
    assert http.get(f"/rest/Favorite/{one}").status_code == 404


@pytest.mark.parametrize("more, status", [({"entity_type_name": None}, 400), ({"entity_type_name": "Media"}, 400), ({"type": 999999999}, 404),
                                          ({"type": None}, 400), ({"name": None}, 400), ({"values": None}, 400), ({"page": 11}, 400),
                                          ({"name": "n" * 129}, 400), ({"entity_type_name": "State"}, 404)])
def test_what_is_refused(http, typed, more, status):
    favorite(http, typed, status=status, **more)
    assert http.ok("GET", f"/rest/Favorites/{typed.id}") == []


def test_they_go_with_their_type(http, typed):
    favorite(http, typed)
    kept = favorite(http, typed, type=typed.state, entity_type_name="State")
    http.ok("DELETE", f"/rest/LocalizationType/{typed.box}")
    assert [row["id"] for row in http.ok("GET", f"/rest/Favorites/{typed.id}")] == [kept]


@pytest.mark.parametrize("kind", ["Favorite", "Bookmark"])
def test_nobody_sees_another_users(http, typed, user, kind):
    person = user()
    http.ok("POST", f"/rest/Memberships/{typed.id}", {"user": person.id, "permission": "Full Control"})
    mine = favorite(http, typed) if kind == "Favorite" else http.ok("POST", f"/rest/Bookmarks/{typed.id}", {"name": "b", "uri": "/b"})["id"]
    assert person.http.ok("GET", f"/rest/{kind}s/{typed.id}") == []
    for method in ("GET", "PATCH", "DELETE"):
        assert person.http.request(method, f"/rest/{kind}/{mine}", json={"name": "taken"}).status_code == 404
    assert http.ok("GET", f"/rest/{kind}/{mine}")["user"] == 1
