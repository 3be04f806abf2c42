"""Searches and filters that want to hurt: each is answered in words that name the parameter, costs bounded memory, and the next request is served."""
import base64
import json
import pathlib

import pytest

from t.server import Server

MEGABYTE = 1 << 20
LISTS = ["Localizations", "States", "Medias", "Leaves"]

ATTRIBUTES = [{"name": "Text", "dtype": "string"}, {"name": "Count", "dtype": "int"}, {"name": "Score", "dtype": "float"}, {"name": "Checked", "dtype": "bool"},
              {"name": "When", "dtype": "datetime"}, {"name": "Place", "dtype": "geopos"}, {"name": "Kind", "dtype": "enum", "choices": ["a"]},
              {"name": "Vector", "dtype": "float_array", "size": 2}]


def packed(search):
    raw = search if isinstance(search, bytes) else json.dumps(search).encode()
    return base64.b64encode(raw).decode()


def node(attribute="Count", operation="eq", value=1, **more):
    return {"attribute": attribute, "operation": operation, "value": value, **more}


def nested(levels, text='{"attribute": "Count", "operation": "eq", "value": 1}'):
    return '{"method": "not", "operations": [' * levels + text + "]}" * levels


@pytest.fixture(scope="module")
def world(server):
    """A project with all dtypes on everything, five boxes on two media, one leaf: .id, .box."""
    with server.http() as http:
        organization = http.ok("POST", "/rest/Organizations", {"name": "Hostile"})["id"]
        project = http.ok("POST", "/rest/Projects", {"name": "Hostile", "summary": "", "organization": organization})["id"]
        image = http.ok("POST", f"/rest/MediaTypes/{project}", {"name": "i", "dtype": "image", "attribute_types": ATTRIBUTES})["id"]
        box = http.ok("POST", f"/rest/LocalizationTypes/{project}", {"name": "b", "dtype": "box", "media_types": [image], "attribute_types": ATTRIBUTES})["id"]
        http.ok("POST", f"/rest/StateTypes/{project}", {"name": "s", "association": "Media", "media_types": [image], "attribute_types": ATTRIBUTES})
        leaf = http.ok("POST", f"/rest/LeafTypes/{project}", {"name": "l", "attribute_types": ATTRIBUTES})["id"]
        http.ok("POST", f"/rest/FileTypes/{project}", {"name": "f", "attribute_types": ATTRIBUTES})
        media = [http.ok("POST", f"/rest/Medias/{project}", {"type": image, "name": f"{k}.png", "md5": "0", "attributes": {"Count": k}})["id"] for k in range(2)]
        boxes = http.ok("POST", f"/rest/Localizations/{project}", [
            {"media_id": media[k % 2], "type": box, "frame": 0, "attributes": {"Count": k, "Text": "a" * 1000, "Vector": [k, k]}} for k in range(5)])["id"]
        http.ok("POST", f"/rest/Leaves/{project}", {"name": "leaf", "type": leaf})
        http.ok("POST", f"/rest/Sections/{project}", {"name": "section"})

        class Made:
            id, media_type, rows = project, image, boxes
        Made.box = box
        yield Made


def workers(server):
    """Process ids of NGINX's workers."""
    master = server.pid("nginx")
    return sorted(int(pid) for pid in pathlib.Path(f"/proc/{master}/task/{master}/children").read_text().split())


def resident(server):
    """Megabytes of the largest worker."""
    def one(pid):
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024
    return max(one(pid) for pid in workers(server))


@pytest.fixture(autouse=True)
def unharmed(server, world):
    """The same workers serve on, and have given the memory back."""
    before, memory = workers(server), resident(server)
    yield
    with server.http() as http:
        assert len(http.ok("GET", f"/rest/Localizations/{world.id}")) == 5
    assert workers(server) == before
    assert resident(server) < memory + 160


def refused(answer, *words):
    """400, JSON, and one of its two texts has each of the words."""
    assert answer.status_code == 400, f"{answer.status_code} {answer.text[:300]}"
    said = answer.json()
    text = said["message"] + " " + said["details"]
    assert len(text) < 2000
    for word in words:
        assert word in text, text
    return text


# --- what is no search at all

BAD_BASE64 = ["!", "a", "====", "=", "YQ=Y", "e30=e30=", "-_-_", "\u00fc", "é" * 100, "a" * 4001]
BAD_JSON = [b"", b"{", b"nul", b"{]", b'{"a":1}{"b":2}', b"\xff\xfe", b'{"attribute": "\xff"}', b'{"attribute": "\\ud800", "operation": "eq", "value": 1}',
            b'{"attribute": "\\udc00\\ud800"}', b'{"attribute": "a\\u0000b", "operation": "eq", "value": 1}', b"\x00", b'{"a"\x00:1}', b"1e999",
            b'{"attribute": "Count", "operation": "eq", "value": 1e999}', b'{"attribute": "Count", "operation": "eq", "value": ' + b"9" * 400 + b"}",
            b"\xef\xbb\xbf{}", b"NaN", b"{'a': 1}", b'{"a": "\t\n"}']
BAD_SEARCHES = [[], [1], 1, "text", True, {}, {"method": "and"}, {"operations": []}, {"method": 1, "operations": []}, {"method": "and", "operations": {}},
                {"method": "and", "operations": [1]}, {"method": "and", "operations": [[]]}, {"method": "not", "operations": [node(), node()]},
                {"attribute": "Count"}, {"attribute": "Count", "operation": "eq"}, {"attribute": 1, "operation": "eq", "value": 1},
                {"attribute": "Count", "operation": ["eq"], "value": 1}, node(operation="'; DROP TABLE main_media; --"), node(operation="e" * 5000),
                node(value="many"), node(value={}), node(value=[1]), node(value=None), node(value=1e300), node("Checked", value=1),
                node("Score", value="1e999"), node("Score", value="nan"), node("Score", value="0x10"), node("When", "gt", "long ago"), node("When", "date_eq", 5),
                node("When", "date_range", ["2024-01-01"]), node("When", "date_gt", "9" * 5000), node("Place", "distance_lte", [1, 2]),
                node("Place", "distance_lte", [1, 2, {}]), node("Place", "distance_lte", "1,2,3"), node("Count", "in", 1), node("$elemental_id", "eq", "x"),
                node("$elemental_id", "eq", "7" * 5000), node("$section", "eq", "x"), node("$related_media", "search", 1),
                node("$related_media", "eq", node()), node("$related_states", "search", node()), node("tator_user_sections", "eq", 5)]


@pytest.mark.parametrize("text", BAD_BASE64)
@pytest.mark.parametrize("name", ["encoded_search", "encoded_related_search"])
def test_what_is_not_base64(http, world, name, text):
    path = f"/rest/Localizations/{world.id}"
    refused(http.get(path, params={name: text}), name)
    refused(http.put(path, json={name: text}), name)


@pytest.mark.parametrize("raw", BAD_JSON)
def test_what_is_not_json(http, world, raw):
    for name in ("encoded_search", "encoded_related_search"):
        refused(http.get(f"/rest/Localizations/{world.id}", params={name: packed(raw)}), name)
    answer = http.put(f"/rest/Localizations/{world.id}", data=b'{"object_search": ' + raw + b"}", headers={"Content-Type": "application/json"})
    refused(answer)


@pytest.mark.parametrize("search", BAD_SEARCHES, ids=lambda search: json.dumps(search)[:60])
def test_what_is_no_search(http, world, search):
    path = f"/rest/Localizations/{world.id}"
    refused(http.get(path, params={"encoded_search": packed(search)}))
    refused(http.put(path, json={"encoded_search": packed(search)}))
    refused(http.put(path, json={"object_search": search}))
    refused(http.patch(path, json={"object_search": search, "attributes": {"Count": 9}}))
    refused(http.delete(path, json={"object_search": search}))


# --- too much


@pytest.mark.parametrize("noun", [*LISTS, "LocalizationCount", "MediaCount"])
def test_ten_thousand_nodes(http, world, noun):
    wide = {"method": "or", "operations": [node(value=k) for k in range(10_000)]}
    for body in ({"object_search": wide}, {"encoded_search": packed(wide)}):
        refused(http.put(f"/rest/{noun}/{world.id}", json=body), next(iter(body)), "too many parts")


def test_ten_thousand_nodes_of_sets(http, world):
    """A few sets of sets are as dear as thousands of conditions."""
    search = node()
    for _ in range(12):
        search = {"method": "and", "operations": [node("$coincident_localizations", "search", search) for _ in range(2)]}
    refused(http.put(f"/rest/Localizations/{world.id}", json={"object_search": search}), "object_search")


@pytest.mark.parametrize("levels", [33, 64, 10_000, 200_000])
def test_deep_nesting(http, world, levels):
    for raw in (nested(levels), "[" * levels + "]" * levels, '{"value":' * levels + "1" + "}" * levels, nested(levels)[:-levels]):
        text = packed(raw.encode())
        refused(http.put(f"/rest/Medias/{world.id}", json={"encoded_search": text}), "encoded_search")
        refused(http.put(f"/rest/Localizations/{world.id}", json={"encoded_related_search": text}), "encoded_related_search")
        refused(http.put(f"/rest/States/{world.id}", data='{"object_search": ' + raw + "}", headers={"Content-Type": "application/json"}))


@pytest.mark.parametrize("where", ["attribute", "operation", "value", "method", "key"])
def test_texts_of_a_megabyte(http, world, where):
    long = "x" * MEGABYTE
    search = {"attribute": node(long), "operation": node(operation=long), "value": node("Text", "icontains", long),
              "method": {"method": long, "operations": [node()]}, "key": {**node(), long: 1}}[where]
    for body in ({"object_search": search}, {"encoded_search": packed(search)}):
        answer = http.put(f"/rest/Localizations/{world.id}", json=body)
        if where == "operation":
            refused(answer, next(iter(body)))
        else:
            assert (answer.status_code, len(answer.json())) == (200, {"attribute": 0, "value": 0, "method": 1, "key": 1}[where])


@pytest.mark.parametrize("text", ["%" * MEGABYTE, "_" * MEGABYTE, "\\" * MEGABYTE, "a%" * 100_000], ids=["percent", "underscore", "backslash", "both"])
def test_patterns_are_text(http, world, text):
    for operation in ("icontains", "istartswith", "iendswith", "eq"):
        assert http.put(f"/rest/Localizations/{world.id}", json={"object_search": node("Text", operation, text)}).json() == []
    assert http.put(f"/rest/Localizations/{world.id}", json={"attribute_contains": "Text::" + text}).json() == []


@pytest.mark.parametrize("name, value, words", [
    ("attribute", ["Count::1"] * 10_000, ["too many parts"]),
    ("attribute_contains", ["Text::" + "x" * 100] * 10_000, ["too many parts"]),
    ("related_attribute", ["Count::1"] * 10_000, ["too many parts"]),
    ("sort_by", ["Count"] * 10_000, ["sort_by"]),
    ("float_array", [{"name": "Vector", "center": [1, 2]}] * 10_000, ["float_array"]),
    ("float_array", [{"name": "Vector", "center": [1] * 100_000}], ["Vector"]),
    ("ids", list(range(1, 1_000_002)), ["ids"]),
    ("media_ids", list(range(1, 1_000_002)), ["media_ids"]),
    ("elemental_ids", ["7f2c4cf1-6a5c-4bd9-a7b2-0d6a4e4d0f10"] * 1_000_001, ["elemental_ids"]),
    ("state_ids", list(range(1, 1_000_002)), ["state_ids"]),
    ("object_search", node("Count", "in", list(range(1_000_001))), ["Count"]),
])
def test_lists_that_are_too_long(http, world, name, value, words):
    refused(http.put(f"/rest/Localizations/{world.id}", json={name: value}, params={"type": world.box}), *words)


def test_filters_for_many_types_at_once(http, world):
    """A filter becomes a condition of each type that has its attribute."""
    for k in range(60):
        http.ok("POST", f"/rest/LocalizationTypes/{world.id}", {"name": f"b{k}", "dtype": "box", "media_types": [world.media_type],
                                                                "attribute_types": [{"name": "Many", "dtype": "int"}]})
    path = f"/rest/Localizations/{world.id}"
    refused(http.put(path, json={"attribute_gt": ["Many::1"] * 999}), "attribute", "too many parts")
    assert http.put(path, json={"attribute_gt": ["Many::1"] * 100}).json() == []


def test_lists_that_are_long_enough(http, world):
    """The most that is allowed is served."""
    ids = list(range(10 ** 9, 10 ** 9 + 999_990)) + world.rows
    assert len(http.put(f"/rest/Localizations/{world.id}", json={"ids": ids}).json()) == 5
    assert len(http.put(f"/rest/Localizations/{world.id}", json={"object_search": node("Count", "in", list(range(100_000)))}).json()) == 5
    assert len(http.put(f"/rest/Localizations/{world.id}", json={"object_search": {"method": "or", "operations": [node(value=k) for k in range(999)]}}).json()) == 5


# --- filters of the query string and of the body

FILTERS = ["attribute", "attribute_lt", "attribute_lte", "attribute_gt", "attribute_gte", "attribute_contains", "attribute_distance", "attribute_null"]


@pytest.mark.parametrize("name", FILTERS + ["related_" + name for name in FILTERS])
def test_filters_of_bad_form(http, world, name):
    path = f"/rest/Localizations/{world.id}"
    for raw in ("", "%00", "Count", "Count::1%00", "%ff::1", "Count::%ed%a0%80", "%c0%af::1", ",", "Count::1,"):
        assert http.get(f"{path}?type={world.box}&{name}={raw}").status_code == 400, raw
    for value in (1, True, {}, [1], [["Count::1"]], [{}], ["Count"], "Count", [None]):
        refused(http.put(path, json={name: value}, params={"type": world.box}))
    assert http.put(path, json={name: []}).status_code == 200


@pytest.mark.parametrize("query", [
    {"attribute": "Count::1e400"}, {"attribute": "Count::" + "9" * 400}, {"attribute": "Count::1.5"}, {"attribute": "Count:: "}, {"attribute": "Count::"},
    {"attribute": "Score::nan"}, {"attribute": "Score::inf"}, {"attribute": "Score::1e400"}, {"attribute": "Score::0x1p3"}, {"attribute": "Checked::"},
    {"attribute": "When::yesterday"}, {"attribute": "When::2024-13-01"}, {"attribute": "When::2024-02-30T00:00:00"}, {"attribute": "When::" + "1" * 3000},
    {"attribute_gt": "$created_datetime::infinity"}, {"attribute": "$id::99999999999999999999"}, {"attribute": "$elemental_id::x"},
    {"attribute_distance": "Place::1::2"}, {"attribute_distance": "Place::a::b::c"}, {"attribute_distance": "Place::nan::1::1"},
    {"attribute_distance": "Place::1e400::1::1"}, {"attribute_distance": "Count::1::1::1"}, {"attribute_null": "Count::maybe"}, {"attribute_null": "a::b::c"},
    {"attribute": "Place::1"}, {"attribute": "Vector::1"}, {"attribute_lt": "Text::a"}, {"attribute_contains": "Count::1"},
    {"sort_by": "$nothing"}, {"sort_by": "$" + "x" * 3000}, {"sort_by": "$id; DROP TABLE main_media"}, {"sort_by": "-"  "$"},
    {"fields": "x" * 3000}, {"fields": ""}, {"fields": "id,,frame"}, {"fields": "id.x"}, {"fields": "attributes.Count,nothing.x"}, {"fields": "*"},
    {"fields": "id\"; DROP TABLE main_media; --"}, {"start": "1e3"}, {"start": -1}, {"stop": -1}, {"stop": "9" * 30}, {"after": "9" * 30}, {"type": "9" * 30},
    {"frame": "x"}, {"version": "1,x"}, {"media_id": "1," * 2000}, {"elemental_id": "7" * 31}, {"section": "x"}, {"merge": 2}, {"show_deleted": 7},
    {"related_id": "0x10"},
], ids=lambda query: "-".join(f"{name}={str(value)[:30]}" for name, value in query.items()))
def test_values_that_can_not_be(http, world, query):
    refused(http.get(f"/rest/Localizations/{world.id}", params={"type": world.box, **query}))


@pytest.mark.parametrize("body", [
    {"type": 2**62}, {"type": 1e300}, {"type": "x"}, {"type": []}, {"type": {}}, {"frame": 1e300}, {"frame": [1]}, {"after": "x"}, {"after": {}}, {"start": 1e300},
    {"stop": -1}, {"version": ["x"]}, {"version": [{}]}, {"version": 1.5}, {"media_id": [None]}, {"related_id": True}, {"section": "x"}, {"section": [1]},
    {"elemental_id": 5}, {"elemental_ids": ["x"]}, {"elemental_ids": "x"}, {"sort_by": 5}, {"sort_by": [{}]}, {"sort_by": "$nothing"}, {"encoded_search": 5},
    {"encoded_search": []}, {"fields": 5}, {"fields": ["id"]}, {"multi_section": "x"}, {"float_array": 5}, {"float_array": [5]}, {"float_array": [{}]},
    {"float_array": [{"name": "Vector", "center": ["x", "y"]}]}, {"float_array": [{"name": "Vector", "center": [1, 2], "metric": "x"}]},
], ids=lambda body: json.dumps(body)[:50])
def test_members_of_a_body_that_can_not_be(http, world, body):
    answer = http.put(f"/rest/Localizations/{world.id}", json=body, params={} if "type" in body else {"type": world.box})
    if body in ({"type": 2**62}, {"multi_section": "x"}):  # no such type; without effect on annotations
        assert answer.status_code in (200, 400)
    else:
        refused(answer, "Negative indexing" if body == {"stop": -1} else next(iter(body)))


def test_a_megabyte_in_filters(http, world):
    long, path = "x" * MEGABYTE, f"/rest/Localizations/{world.id}"
    for name in FILTERS[:-2]:
        assert len(http.put(path, json={name: f"{long}::1"}).json()) == 5  # a name that nothing has is ignored
        refused(http.put(path, json={name: long}), "name::value")
    assert http.put(path, json={"attribute": f"Text::{long}"}).json() == []
    assert len(http.put(path, json={"sort_by": long}).json()) == 5
    refused(http.put(path, json={"sort_by": "$" + long}), "sort by")
    refused(http.put(path, json={"fields": long}), "fields")
    refused(http.put(path, json={"fields": "attributes." + "x," * 500_000}), "fields")
    assert len(http.put(path, json={"fields": "attributes." + long}).json()) == 5


# --- paths


@pytest.mark.parametrize("name", ["match", "ancestors", "descendants"])
@pytest.mark.parametrize("text", ["..", ".a", "a b", "a." * 3000, "x" * 2000, "a..b", "{", "a{1", "!", "a%", "\u00ad"])
def test_paths_that_can_not_be(http, world, name, text):
    answer = http.get(f"/rest/Sections/{world.id}", params={name: text})
    if (name, text) != ("match", "a%"):
        refused(answer)


def test_patterns_of_paths_cost_little(http, world):
    http.ok("POST", f"/rest/Sections/{world.id}", {"name": "long", "path": ".".join("a" * 300)})
    path = f"/rest/Sections/{world.id}"
    assert len(http.ok("GET", path, match="*.a.*")) == 1 and http.ok("GET", path, match="*.a.*.b") == []
    refused(http.get(path, params={"match": "*.a." * 6 + "b"}), "match")
    refused(http.get(path, params={"match": "a{1,}." * 6 + "b"}), "match")
    refused(http.delete(path, params={"match": "*.a." * 6 + "b"}), "match")
    refused(http.get(f"/rest/Leaves/Suggestion/x/{world.id}", params={"query": "*" * 3000}), "query")


# --- saved searches


def test_saved_searches_that_name_each_other(http, world):
    path = f"/rest/Sections/{world.id}"
    first = http.ok("POST", path, {"name": "first", "object_search": node()})["id"]
    second = http.ok("POST", path, {"name": "second", "object_search": node("$section", "eq", first)})["id"]
    http.ok("PATCH", f"/rest/Section/{first}", {"object_search": {"method": "or", "operations": [node("$section", "eq", second)] * 5}})
    for noun in ("Medias", "Localizations"):
        refused(http.get(f"/rest/{noun}/{world.id}", params={"section": first}))
        refused(http.put(f"/rest/{noun}/{world.id}", json={"object_search": node("$section", "eq", second)}), "object_search")


def test_limits_are_directives():
    with Server(TATOR_SEARCH_NODES="5", TATOR_SEARCH_DEPTH="2", TATOR_LIST_LIMIT="3") as server, server.http() as http:
        project = http.ok("POST", "/rest/Projects", {"name": "p", "summary": "", "organization": http.ok("POST", "/rest/Organizations", {"name": "o"})["id"]})["id"]
        path = f"/rest/Localizations/{project}"
        for many, allowed in ((4, True), (5, False)):
            answer = http.put(path, json={"object_search": {"method": "or", "operations": [node()] * many}})
            assert (answer.status_code == 200) == allowed
        for levels, allowed in ((1, True), (2, False)):
            assert (http.put(path, json={"object_search": json.loads(nested(levels))}).status_code == 200) == allowed
        for many, allowed in ((3, True), (4, False)):
            assert (http.put(path, json={"ids": [1] * many}).status_code == 200) == allowed
        assert server.alarms() == []
