"""Searches over sections by encoded_search: reading, moving and deleting those that match."""
import base64
import json

import pytest


@pytest.fixture
def sections(http, project):
    for name, kind in (("Depth", "int"), ("Ship", "string")):
        http.ok("POST", f"/rest/AttributeType/{project.id}", {"entity_type": "Section", "addition": {"name": name, "dtype": kind}})
    for k, name in enumerate(("North", "South", "East", "West")):
        http.ok("POST", f"/rest/Sections/{project.id}", {"name": name, "attributes": {"Depth": k * 10, "Ship": f"Ship {k % 2}"}})

    def found(search=None, method="GET", body=None):
        query = {"encoded_search": base64.b64encode(json.dumps(search).encode()).decode()} if search else {}
        answer = http.ok(method, f"/rest/Sections/{project.id}", body, **query)
        return [row["name"] for row in answer] if method == "GET" else answer["message"]
    return found


def node(attribute, operation, value):
    return {"attribute": attribute, "operation": operation, "value": value}


def test_by_attributes_and_columns(sections):
    assert sections(node("Depth", "gte", 20)) == ["East", "West"]
    assert sections(node("Ship", "eq", "Ship 1")) == ["South", "West"]
    assert sections(node("$name", "icontains", "ST")) == ["East", "West"]
    assert sections({"method": "not", "operations": [node("Depth", "lt", 15)]}) == ["East", "West"]
    assert sections(node("Unknown", "eq", 1)) == [] and sections(node("tator_user_sections", "eq", "x")) == []


def test_only_those_found_move_and_go(sections):
    move = {"path_substitution": {"old": "West", "new": "East.West"}}
    assert sections(node("Depth", "lt", 25), "PATCH", move) == "Successfully patched 0 sections!"
    assert sections(node("Depth", "gt", 25), "PATCH", move) == "Successfully patched 1 sections!"
    assert sections(node("Depth", "gt", 15), "DELETE") == "Successfully deleted 2 sections!"
    assert sections() == ["North", "South"]
