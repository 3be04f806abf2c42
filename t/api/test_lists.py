"""Lists of media, localizations and states: filters, order, slices, fields, formats, searches."""
import base64
import gzip
import json
import uuid

import pytest


def packed(search):
    return base64.b64encode(json.dumps(search).encode()).decode()


def node(attribute, operation, value, **more):
    return {"attribute": attribute, "operation": operation, "value": value, **more}


def refused(http, path, status=400, method="GET", body=None, **query):
    answer = http.request(method, path, json=body, params=query)
    assert answer.status_code == status, answer.text[:300]
    return answer.json()["message"]


TEXTS = ["plain", "it's", "100%", "under_score", "back\\slash", "a \"quote\"", "Ünder", "x::y", "$1", "'; DROP TABLE main_localization; --"]


@pytest.fixture
def world(http, media, project):
    """Ten localizations on two media: frame k, Count k, Score k / 4, Text TEXTS[k], Kind a b c in turn but for the last, Checked on even."""
    project.media = media(2)
    project.path = f"/rest/Localizations/{project.id}"
    project.rows = http.ok("POST", project.path, [
        {"media_id": project.media[k % 2], "type": project.box, "frame": k, "x": k / 10, "y": 0.5, "width": 0.1, "height": 0.1,
         "attributes": {"Count": k, "Score": k / 4, "Text": TEXTS[k], "Checked": k % 2 == 0, **({"Kind": "abc"[k % 3]} if k < 9 else {})}}
        for k in range(10)])["id"]
    return project


@pytest.fixture
def find(http, world):
    """find(…) answers which of the ten rows a list has, in its order."""
    def ask(body=None, **query):
        query = {name: packed(value) if name.startswith("encoded") else value for name, value in query.items()}
        found = http.request("GET" if body is None else "PUT", world.path, json=body, params=query)
        assert found.status_code == 200, found.text[:300]
        found = [world.rows.index(row["id"]) for row in found.json()]
        count = http.request("GET" if body is None else "PUT", world.path.replace("Localizations", "LocalizationCount"), json=body, params=query)
        assert count.json() == len(found)
        return found
    return ask


# --- attribute filters


@pytest.mark.parametrize("query, expected", [
    ({"attribute": "Count::3"}, [3]),
    ({"attribute": "Score::0.75"}, [3]),
    ({"attribute": "Checked::TRUE,Kind::a"}, [0, 6]),
    ({"attribute_gt": "Count::7"}, [8, 9]),
    ({"attribute_gte": "Score::2"}, [8, 9]),
    ({"attribute_lt": "Count::1", "attribute_lte": "Score::9"}, [0]),
    ({"attribute_contains": "Text::UNDER"}, [3]),
    ({"attribute_contains": "Text::%"}, [2]),
    ({"attribute_contains": "Text::_"}, [3, 9]),
    ({"attribute_contains": "Text::\\"}, [4]),
    ({"attribute": "$frame::4"}, [4]),
    ({"attribute_gte": "$x::0.8"}, [8, 9]),
    ({"attribute_null": "Kind::true", "type": True}, [9]),
    ({"attribute_null": "Kind::false", "attribute_gt": "Count::6"}, [7, 8]),
    ({"attribute": "Unknown::1"}, list(range(10))),
])
def test_attribute_filters(find, world, query, expected):
    if "type" in query:
        query = {**query, "type": world.box}
    assert find(**query) == expected


@pytest.mark.parametrize("text", TEXTS)
def test_values_stay_values(find, text):
    assert find(attribute=f"Text::{text}") == [TEXTS.index(text)]
    assert find(encoded_search=node("Text", "eq", text)) == [TEXTS.index(text)]
    assert find(encoded_search=node("Text", "icontains", text)) == [TEXTS.index(text)]


@pytest.mark.parametrize("query", [
    {"attribute": "Count"}, {"attribute": "Count::1.5"}, {"attribute_gt": "Text::a"}, {"attribute_contains": "Count::1"}, {"attribute": "$fps::1"},
    {"attribute_null": "Kind::perhaps"}, {"attribute_null": "Kind::true::x"}, {"attribute_gt": "$created_datetime::long ago"}, {"start": -1},
    {"stop": -1}, {"sort_by": "$nothing"}, {"fields": "nothing"}, {"elemental_id": "x"}, {"media_id": "a"}, {"media_id": ""}, {"version": "1,,2"},
    {"encoded_search": "!"}, {"encoded_search": packed([1])}, {"encoded_search": packed({"attribute": "Count"})},
    {"encoded_search": packed(node("Count", "eq", "many"))}, {"encoded_search": packed(node("Count", "bites", 1))},
    {"encoded_search": packed({"method": "not", "operations": [node("Count", "eq", 1)] * 2})},
])
def test_bad_filters_are_refused_before_the_list_begins(http, world, query):
    assert refused(http, world.path, **query)


# --- searches


@pytest.mark.parametrize("search, expected", [
    (node("Count", "in", [1, 5, 77]), [1, 5]),
    (node("Text", "istartswith", "ITS"), []),
    (node("Text", "istartswith", "it'"), [1]),
    (node("Text", "iendswith", "QUOTE\""), [5]),
    (node("Kind", "isnull", True), [9]),
    (node("Kind", "eq", "a", inverse=True), [1, 2, 4, 5, 7, 8]),
    (node("Score", "gt", 1.75), [8, 9]),
    (node("$frame", "lte", 1), [0, 1]),
    (node("Unknown", "eq", 1), []),
    ({"method": "AND", "operations": [node("Checked", "eq", True), node("Count", "gte", 4)]}, [4, 6, 8]),
    ({"method": "or", "operations": [node("Kind", "eq", "b"), node("Count", "eq", 0)]}, [0, 1, 4, 7]),
    ({"method": "not", "operations": [{"method": "or", "operations": [node("Count", "lt", 8), node("Kind", "eq", "c")]}]}, []),
    ({"method": "and", "operations": []}, list(range(10))),
])
def test_object_searches(find, search, expected):
    assert find(encoded_search=search) == expected
    assert find({"object_search": search}) == expected


def test_a_search_can_not_grow_without_end(http, world):
    deep = node("Count", "eq", 1)
    for _ in range(40):
        deep = {"method": "not", "operations": [deep]}
    assert refused(http, world.path, method="PUT", body={"object_search": deep})
    wide = {"method": "or", "operations": [node("Count", "eq", k) for k in range(2000)]}
    assert "too many" in refused(http, world.path, method="PUT", body={"object_search": wide})


def test_searches_reach_over_to_media_and_states(http, find, world):
    http.ok("PATCH", f"/rest/Media/{world.media[1]}", {"attributes": {"Text": "odd"}})
    odd = [1, 3, 5, 7, 9]
    assert find(encoded_search=node("$related_media", "search", node("Text", "eq", "odd"))) == odd
    assert find(encoded_related_search=node("Text", "eq", "odd")) == odd
    assert find(related_attribute="Text::odd") == odd
    track = http.ok("POST", f"/rest/StateTypes/{world.id}", {"name": "tracks", "association": "Localization", "media_types": [world.image],
                                                             "attribute_types": [{"name": "Text", "dtype": "string"}]})["id"]
    state = http.ok("POST", f"/rest/States/{world.id}", {"type": track, "media_ids": world.media, "localization_ids": world.rows[2:4], "frame": 6,
                                                         "attributes": {"Text": "both"}})["id"][0]
    assert find(encoded_search=node("$track_membership", "search", node("Text", "eq", "both"))) == [2, 3]
    assert find(encoded_search=node("$coincident_states", "search", node("Text", "eq", "both"))) == [6]
    assert find(related_id=state) == [2, 3] and find({"state_ids": [state]}) == [2, 3] and find({"frame_state_ids": [state]}) == [6]
    media = http.ok("GET", f"/rest/Medias/{world.id}", encoded_related_search=packed(node("Count", "eq", 3)))
    assert [(row["id"], row["incident"]) for row in media] == [(world.media[1], 0)]


def test_distance_of_places(http, world):
    http.ok("POST", f"/rest/AttributeType/{world.box}", {"entity_type": "LocalizationType", "addition": {"name": "Place", "dtype": "geopos"}})
    http.ok("PATCH", world.path, {"ids": world.rows[:1], "attributes": {"Place": [4.9, 52.37]}})
    http.ok("PATCH", world.path, {"ids": world.rows[1:2], "attributes": {"Place": [2.35, 48.86]}})
    near = [row["id"] for row in http.ok("GET", world.path, attribute_distance="Place::100::52.1::5.1")]
    assert near == world.rows[:1]
    far = http.ok("GET", world.path, encoded_search=packed(node("Place", "distance_lte", [600, 52.1, 5.1])))
    assert [row["id"] for row in far] == world.rows[:2]


def test_distance_of_vectors(http, world):
    http.ok("POST", f"/rest/AttributeType/{world.box}",
            {"entity_type": "LocalizationType", "addition": {"name": "Vector", "dtype": "float_array", "size": 2}})
    for k, vector in enumerate(([0, 0], [3, 4], [0, 1])):
        http.ok("PATCH", world.path, {"ids": [world.rows[k]], "attributes": {"Vector": vector}})

    def found(**search):
        rows = http.ok("PUT", world.path, {"float_array": [{"name": "Vector", "center": [0, 0], **search}]}, type=world.box)
        return [world.rows.index(row["id"]) for row in rows]

    assert found(upper_bound=10) == [0, 2, 1]
    assert found(upper_bound=10, order="desc") == [1, 2, 0]
    assert found(lower_bound=1, upper_bound=5) == [2, 1]
    assert found(metric="ip", center=[1, 0], upper_bound=-1) == [1]
    assert found()[:3] == [0, 2, 1] and len(found()) == 10
    refused(http, world.path, method="PUT", body={"float_array": [{"name": "Vector", "center": [0, 0]}]})
    refused(http, world.path, method="PUT", body={"float_array": [{"name": "Vector", "center": [0]}]}, type=world.box)


# --- order, slices, members


def test_order_and_slices(find):
    assert find(sort_by="-$frame", stop=3) == [9, 8, 7]
    assert find(sort_by="-Count", start=2, stop=4) == [7, 6]
    assert find({"sort_by": ["Kind", "-$id"]}) == [6, 3, 0, 7, 4, 1, 8, 5, 2, 9]
    assert find(start=8) == [8, 9] and find(start=4, stop=2) == [] and find(start=3, stop=4) == [3]


def test_ids_come_from_query_and_body(find, world):
    assert find({"ids": world.rows[2:4]}) == [2, 3]
    assert find({"ids": []}) == list(range(10))
    assert find(media_id=f"{world.media[0]}", attribute_gt="Count::5") == [6, 8]
    assert find({"media_ids": [world.media[1]]}, after=world.rows[5]) == [7, 9]
    assert find(frame=4) == [4] and find(media_id=2**31 - 1) == [] and find(after=2**40) == []


def test_members_can_be_chosen(http, world):
    path = world.path
    assert http.ok("GET", path, fields="id", stop=1) == [{"id": world.rows[0]}]
    assert http.ok("GET", path, fields="frame,attributes.Count,attributes.$1,attributes.it's", stop=1) == [
        {"frame": 0, "attributes": {"Count": 0, "$1": None, "it's": None}}]
    assert http.ok("GET", path, fields="attributes.Count,attributes,x", stop=1)[0]["attributes"]["Text"] == "plain"
    refused(http, path, fields="frame.x")


def test_layers_hide_their_parents(http, world):
    layer = http.ok("POST", f"/rest/Versions/{world.id}", {"name": "Layer", "bases": [world.version]})["id"]
    child = http.ok("POST", world.path, {"media_id": world.media[0], "type": world.box, "frame": 0, "version": layer, "parent": world.rows[0]})["id"][0]

    def ids(**query):
        return [row["id"] for row in http.ok("GET", world.path, **query)]

    both = f"{world.version},{layer}"
    assert ids(version=both) == [*world.rows[1:], child] and ids(version=both, merge=0) == [*world.rows, child]
    assert ids() == [*world.rows, child] and ids(version=layer) == [child]
    http.ok("DELETE", f"/rest/Localization/{child}")
    assert ids(version=both) == world.rows[1:]
    assert ids(version=both, attribute_lt="Count::2") == world.rows[:2]


def test_sections_narrow_annotations(http, find, world):
    folder = http.ok("POST", f"/rest/Sections/{world.id}", {"name": "Folder"})["id"]
    playlist = http.ok("POST", f"/rest/Sections/{world.id}", {"name": "List", "dtype": "playlist", "media": world.media[1:]})["id"]
    search = http.ok("POST", f"/rest/Sections/{world.id}", {"name": "Found", "object_search": node("$name", "eq", "media0.png")})["id"]
    http.ok("PATCH", f"/rest/Media/{world.media[0]}", {"primary_section": folder})
    even, odd = [0, 2, 4, 6, 8], [1, 3, 5, 7, 9]
    assert find(section=folder) == even and find(section=search) == even and find(section=playlist) == odd
    assert find(encoded_search=node("$section", "eq", playlist)) == odd and find(encoded_search=node("$section", "eq", playlist, inverse=True)) == even
    refused(http, world.path, status=404, section=2**31 - 1)


# --- formats


def test_lists_are_compressed_whatever_the_client_accepts(http, world):
    with http.get(world.path, headers={"Accept-Encoding": "identity"}, stream=True) as answer:
        assert answer.headers["Content-Encoding"] == "gzip" and answer.headers["Content-Type"] == "application/json"
        assert len(json.loads(gzip.decompress(answer.raw.read(decode_content=False)))) == 10
    with http.put(world.path, json={}, headers={"Accept-Encoding": "identity"}, stream=True) as answer:
        assert "Content-Encoding" not in answer.headers
        assert len(json.loads(answer.raw.read(decode_content=False))) == 10


def test_times_have_milliseconds_in_lists_only(http, world):
    row = http.ok("GET", world.path, stop=1)[0]
    assert len(row["created_datetime"]) == 24 and row["created_datetime"][-5] == "." and row["created_datetime"].endswith("Z")


def test_other_formats(http, world):
    lines = http.get(world.path, params={"format": "jsonl"}).text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == world.rows
    head, *rows = http.get(world.path, params={"format": "csv", "stop": 2}).text.splitlines()
    first = dict(zip(head.split(","), rows[0].split(",")))
    assert (first["id"], first["media"], first["user"], first["parent"], first["Count"], first["variant_deleted"]) == (
        str(world.rows[0]), "media0.png", "admin@example.com", "None", "0", "False")
    assert len(rows) == 2 and "attributes" not in first
    chosen = http.get(world.path, params={"format": "csv", "stop": 1, "fields": "id,media,attributes"}).text.splitlines()
    assert chosen == ["id,media,Checked,Count,Kind,Score,Text", f"{world.rows[0]},media0.png,True,0,a,0.0,plain"]
    assert http.get(world.path, params={"format": "csv", "stop": 1, "fields": "frame"}).text == "frame\n0\n"
    assert http.get(world.path.replace("Localizations", "States"), params={"format": "csv", "fields": "id"}).text == "id,localizations,media\n"
    assert http.get(world.path, params={"format": "xml"}).status_code == 404


def test_every_list_is_of_its_project_alone(http, world, organization):
    other = http.ok("POST", "/rest/Projects", {"name": "other " + uuid.uuid4().hex, "organization": organization})["id"]
    assert http.ok("GET", f"/rest/Localizations/{other}") == [] and http.ok("PUT", f"/rest/Localizations/{other}", {"ids": world.rows}) == []
    assert http.ok("DELETE", f"/rest/Localizations/{other}", {"ids": world.rows})["message"] == "Successfully deleted 0 localizations!"
    assert http.ok("GET", f"/rest/LocalizationCount/{world.id}") == 10
