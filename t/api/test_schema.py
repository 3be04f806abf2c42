"""The OpenAPI document at /schema: complete, consistent, cached."""
import json

import yaml


def every(value, key):
    """All values of a key at any depth."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name == key:
                yield item
            yield from every(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from every(item, key)


def test_it_needs_no_credentials_and_has_both_spellings(anonymous):
    plain, slash = anonymous.request("GET", "/schema"), anonymous.request("GET", "/schema/")
    assert plain.status_code == slash.status_code == 200
    assert plain.headers["Content-Type"] == "application/vnd.oai.openapi"
    assert plain.content == slash.content


def test_yaml_and_json_say_the_same(anonymous):
    text = yaml.load(anonymous.request("GET", "/schema").text, Loader=yaml.CSafeLoader)
    plain = anonymous.request("GET", "/schema", headers={"Accept": "application/json"})
    assert plain.headers["Content-Type"] == "application/json"
    document = plain.json()
    for each in (text, document):       # a double holds the largest 64-bit number a little higher
        for name in ("maximum", "minimum"):
            for number in every(each, name):
                assert isinstance(number, (int, float, dict))
    assert json.loads(json.dumps(document).replace("1.8446744073709552e+19", "18446744073709551615")) == text
    assert anonymous.request("GET", "/schema", params={"format": "json"}).json() == document
    assert anonymous.request("GET", "/schema", params={"format": "openapi"}).headers["Content-Type"] == "application/vnd.oai.openapi"


def test_an_unknown_format_is_not_found(anonymous):
    answer = anonymous.request("GET", "/schema", params={"format": "xml"})
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


def test_every_reference_leads_somewhere_and_every_operation_is_described(anonymous):
    document = anonymous.request("GET", "/schema", params={"format": "json"}).json()
    components = document["components"]["schemas"]
    assert len(components) == 166
    assert {reference.rsplit("/", 1)[1] for reference in every(document, "$ref")} <= set(components)

    operations = [(path, method, operation) for path, item in document["paths"].items() for method, operation in item.items()]
    assert len(operations) == 232
    assert len({operation["operationId"] for _, _, operation in operations}) == 232
    for path, method, operation in operations:
        assert operation["description"], path
        named = {name.strip("{}") for name in path.split("/") if name.startswith("{")}
        assert {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"} == named, path
        assert all(parameter["description"] for parameter in operation["parameters"]), path
        assert operation.get("x-tator-status") in (None, "planned")


def test_the_document_is_kept_by_its_etag(anonymous):
    first = anonymous.request("GET", "/schema")
    tag = first.headers["ETag"]
    again = anonymous.request("GET", "/schema", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == tag
    assert anonymous.request("GET", "/schema", headers={"If-None-Match": '"other"'}).status_code == 200
    other = anonymous.request("GET", "/schema", headers={"Accept": "application/json"}).headers["ETag"]
    assert other != tag


def test_head_has_the_same_headers_without_body(anonymous):
    head, whole = anonymous.request("HEAD", "/schema"), anonymous.request("GET", "/schema")
    assert head.status_code == 200 and head.content == b""
    assert head.headers["ETag"] == whole.headers["ETag"]


def test_operations_to_come_say_so(http, anonymous, project):
    document = anonymous.request("GET", "/schema", params={"format": "json"}).json()
    planned = [path for path, item in document["paths"].items() if item.get("get", {}).get("x-tator-status") == "planned"
               and path.endswith("{project}") and path.count("{") == 1 and not any(p.get("required") and p["in"] == "query" for p in item["get"]["parameters"])]
    for path in planned:
        answer = http.request("GET", path.replace("{project}", str(project.id)))
        assert answer.status_code == 501 and "not available" in answer.json()["message"], path
