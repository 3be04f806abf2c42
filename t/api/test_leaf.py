"""Leaves: paths, moves, lists and counts, bulk edits, deletion with what is below, suggestions, change logs."""
import threading
import uuid

import pytest


@pytest.fixture
def tree(http, project):
    """animals > fish > cod, carp; animals > crab; plants: .type, .project and an id by name."""
    project.type = http.ok("POST", f"/rest/LeafTypes/{project.id}", {"name": "Taxon", "attribute_types": [
        {"name": "alias", "dtype": "string"}, {"name": "Rank", "dtype": "int", "default": 1}]})["id"]
    project.ids = {}

    def grow(parent, *names, **attributes):
        specs = [{"name": name, "type": project.type, "parent": project.ids.get(parent), "attributes": attributes} for name in names]
        project.ids.update(zip(names, http.ok("POST", f"/rest/Leaves/{project.id}", specs)["id"]))
    project.grow = grow
    grow(None, "animals", "plants")
    grow("animals", "fish", "crab")
    grow("fish", "cod", "carp", Rank="4")
    return project


def leaves(http, tree, **query):
    return {leaf["name"]: leaf for leaf in http.ok("GET", f"/rest/Leaves/{tree.id}", **query)}


def paths(http, tree):
    """Without the project's part."""
    return {name: leaf["path"].split(".", 1)[1] for name, leaf in leaves(http, tree).items()}


def logs(http, tree, name):
    return [entry["description_of_change"] for entry in http.ok("GET", f"/rest/ChangeLog/{tree.id}", entity_type="leaf", entity_id=tree.ids[name])]


def changed(description):
    return {new["name"]: (old["value"], new["value"]) for old, new in zip(description["old"], description["new"])}


# --- creation


def test_one_spec_answers_a_list(http, tree):
    made = http.ok("POST", f"/rest/Leaves/{tree.id}", {"name": "stones", "type": tree.type})
    assert len(made["id"]) == 1 and made["message"] == "Successfully created 1 leaf!"
    assert http.ok("GET", f"/rest/Leaf/{made['id'][0]}") == {
        "id": made["id"][0], "type": tree.type, "project": tree.id, "name": "stones", "parent": None, "attributes": {"Rank": 1},
        "path": tree.name.replace(" ", "_") + ".stones"}


def test_the_client_creates_many_in_order(api, tree):
    names = [f"leaf {k:03}" for k in range(500)]
    made = api.create_leaf_list(tree.id, [{"name": name, "type": tree.type, "parent": tree.ids["cod"]} for name in names])
    assert made.message == "Successfully created 500 leaves!" and made.id == sorted(made.id)
    found = api.get_leaf_list_by_id(tree.id, {"ids": made.id})
    assert [leaf.name for leaf in found] == names
    assert found[7].path.endswith(".animals.fish.cod.leaf_007")


def test_names_become_labels(http, tree):
    tree.grow("plants", "Kelp-(red) one")
    assert paths(http, tree)["Kelp-(red) one"] == "plants.Kelp__red__one"


def test_a_path_follows_from_the_names_above(http, tree):
    """Not from the parent's stored path, which a new name leaves as it is."""
    http.ok("PATCH", f"/rest/Leaf/{tree.ids['fish']}", {"name": "fishes"})
    tree.grow("cod", "liver")
    found = paths(http, tree)
    assert (found["fishes"], found["cod"], found["liver"]) == ("animals.fish", "animals.fish.cod", "animals.fishes.cod.liver")


@pytest.mark.parametrize("spec, status", [({"parent": 999999999}, 404), ({"type": 999999999}, 400), ({"name": "a/b"}, 400), ({"name": "n" * 256}, 400),
                                          ({"attributes": {"Rank": "high"}}, 400), ({"type": "1"}, 400)])
def test_what_is_wrong_leaves_nothing_behind(http, tree, spec, status):
    good = {"name": "good", "type": tree.type}
    answer = http.post(f"/rest/Leaves/{tree.id}", json=[good, {**good, **spec}])
    assert answer.status_code == status, answer.text
    assert "good" not in leaves(http, tree)


def test_a_type_of_another_project_serves_those_who_see_that_project(http, tree, organization, user):
    """The client clones leaves with the types of their source."""
    other = http.ok("POST", "/rest/Projects", {"name": "elsewhere " + uuid.uuid4().hex, "summary": "", "organization": organization})["id"]
    made = http.ok("POST", f"/rest/Leaves/{other}", {"name": "x", "type": tree.type, "attributes": {"Rank": 1}})["id"][0]
    found = http.ok("GET", f"/rest/Leaf/{made}")
    assert (found["type"], found["project"], found["attributes"]["Rank"]) == (tree.type, other, 1)

    person = user()
    http.ok("POST", f"/rest/Memberships/{other}", {"user": person.id, "permission": "Full Control"})
    assert person.http.post(f"/rest/Leaves/{other}", json={"name": "y", "type": tree.type}).status_code == 400
    http.ok("POST", f"/rest/Memberships/{tree.id}", {"user": person.id, "permission": "View Only"})
    assert person.http.post(f"/rest/Leaves/{other}", json={"name": "y", "type": tree.type}).status_code == 201


def test_a_parent_of_another_project_is_refused(http, tree, organization):
    other = http.ok("POST", "/rest/Projects", {"name": "elsewhere " + uuid.uuid4().hex, "summary": "", "organization": organization})["id"]
    kind = http.ok("POST", f"/rest/LeafTypes/{other}", {"name": "Other"})["id"]
    answer = http.post(f"/rest/Leaves/{other}", json={"name": "x", "type": kind, "parent": tree.ids["cod"]})
    assert answer.status_code == 400
    mine = http.ok("POST", f"/rest/Leaves/{other}", {"name": "x", "type": kind})["id"][0]
    assert http.patch(f"/rest/Leaf/{mine}", json={"parent": tree.ids["cod"]}).status_code == 400


def test_viewers_may_read_only(http, tree, user):
    viewer = user()
    http.ok("POST", f"/rest/Memberships/{tree.id}", {"user": viewer.id, "permission": "Can Execute"})
    assert viewer.http.ok("GET", f"/rest/LeafCount/{tree.id}") == 6
    assert viewer.http.ok("PUT", f"/rest/LeafCount/{tree.id}", {"ids": [tree.ids["cod"]]}) == 1
    for method, path in (("POST", f"/rest/Leaves/{tree.id}"), ("PATCH", f"/rest/Leaves/{tree.id}"), ("DELETE", f"/rest/Leaves/{tree.id}"),
                         ("PATCH", f"/rest/Leaf/{tree.ids['cod']}"), ("DELETE", f"/rest/Leaf/{tree.ids['cod']}")):
        body = {"name": "x", "type": tree.type, "attributes": {"Rank": 2}}
        assert viewer.http.request(method, path, json=body).status_code == 403


# --- lists


def test_filters(http, tree):
    assert list(leaves(http, tree)) == ["animals", "plants", "fish", "crab", "cod", "carp"]
    assert list(leaves(http, tree, depth=3)) == ["fish", "crab"]
    assert list(leaves(http, tree, name="Cod")) == []
    assert list(leaves(http, tree, attribute="Rank::4", type=tree.type)) == ["cod", "carp"]
    assert list(leaves(http, tree, leaf_id=f"{tree.ids['cod']},{tree.ids['crab']}")) == ["crab", "cod"]
    assert list(leaves(http, tree, sort_by="-$path", stop=2)) == ["plants", "cod"]
    assert http.ok("GET", f"/rest/LeafCount/{tree.id}", start=4) == 2


def test_no_ids_are_no_leaves(http, tree):
    assert http.ok("PUT", f"/rest/Leaves/{tree.id}", {"ids": []}) == []
    assert http.ok("PUT", f"/rest/LeafCount/{tree.id}", {"ids": []}) == 0
    assert len(http.ok("PUT", f"/rest/Leaves/{tree.id}", {"ids": [tree.ids["cod"]]}, leaf_id=tree.ids["crab"])) == 2


def test_searches(http, tree):
    search = {"method": "and", "operations": [{"attribute": "Rank", "operation": "gt", "value": 2},
                                              {"attribute": "$name", "operation": "istartswith", "value": "CO"}]}
    assert [leaf["name"] for leaf in http.ok("PUT", f"/rest/Leaves/{tree.id}", {"object_search": search})] == ["cod"]
    for extra in ({"section": 1}, {"related_attribute": ["Rank::1"]}, {"encoded_related_search": "e30="}): # not about leaves
        assert len(http.ok("PUT", f"/rest/Leaves/{tree.id}", extra)) == 6


# --- changes


def test_a_new_name_keeps_the_path(http, tree):
    answer = http.ok("PATCH", f"/rest/Leaf/{tree.ids['cod']}", {"name": "Gadus", "attributes": {"Rank": "7"}})
    assert answer["message"] == f"Leaf {tree.ids['cod']} successfully updated!"
    leaf = http.ok("GET", f"/rest/Leaf/{tree.ids['cod']}")
    assert (leaf["name"], leaf["attributes"], leaf["path"].split(".")[-1]) == ("Gadus", {"Rank": 7}, "cod")
    assert changed(logs(http, tree, "cod")[-1]) == {"_name": ("cod", "Gadus"), "Rank": (4, 7)}


def test_a_branch_moves(http, tree):
    http.ok("PATCH", f"/rest/Leaf/{tree.ids['fish']}", {"parent": tree.ids["plants"]})
    found = paths(http, tree)
    assert (found["fish"], found["carp"], found["crab"]) == ("plants.fish", "plants.fish.carp", "animals.crab")
    assert set(changed(logs(http, tree, "fish")[-1])) == {"_parent", "_path"}
    before, after = changed(logs(http, tree, "carp")[-1])["_path"]
    assert before.endswith(".animals.fish.carp") and after.endswith(".plants.fish.carp")
    assert len(logs(http, tree, "crab")) == 1


@pytest.mark.parametrize("parent", [None, -1])
def test_a_leaf_becomes_a_root(http, tree, parent):
    http.ok("PATCH", f"/rest/Leaf/{tree.ids['fish']}", {"parent": parent})
    found = paths(http, tree)
    assert (found["fish"], found["cod"]) == ("fish", "fish.cod")
    assert leaves(http, tree)["fish"]["parent"] is None


def test_itself_as_parent_is_ignored(http, tree):
    http.ok("PATCH", f"/rest/Leaf/{tree.ids['fish']}", {"parent": tree.ids["fish"], "name": "fishes"})
    assert paths(http, tree)["fishes"] == "animals.fish"


def test_a_descendant_as_parent_takes_the_place(http, tree):
    http.ok("PATCH", f"/rest/Leaf/{tree.ids['animals']}", {"parent": tree.ids["fish"]})
    found = paths(http, tree)
    assert (found["fish"], found["animals"], found["crab"], found["cod"]) == ("fish", "fish.animals", "fish.animals.crab", "fish.cod")
    assert set(changed(logs(http, tree, "fish")[-1])) == {"_parent", "_path"}
    http.ok("PATCH", f"/rest/Leaf/{tree.ids['animals']}", {"parent": tree.ids["crab"]})
    found = paths(http, tree)
    assert (found["crab"], found["animals"]) == ("fish.crab", "fish.crab.animals")


@pytest.mark.parametrize("body, status", [({"parent": 999999999}, 404), ({"parent": "fish"}, 400), ({"attributes": {"nothing": 1}}, 400),
                                          ({"attributes": {"Rank": "x"}}, 400)])
def test_a_refused_change_changes_nothing(http, tree, body, status):
    before = leaves(http, tree)
    assert http.patch(f"/rest/Leaf/{tree.ids['fish']}", json={"name": "other", **body}).status_code == status
    assert leaves(http, tree) == before and len(logs(http, tree, "fish")) == 1


def test_moves_at_once_make_no_circle(http, server, tree):
    """Each of two leaves shall hang below the other: whoever is second takes the place of the first."""
    moves = [("fish", "crab"), ("crab", "fish")] * 8
    statuses = []

    def move(leaf, parent):
        with server.http() as session:
            statuses.append(session.patch(f"/rest/Leaf/{tree.ids[leaf]}", json={"parent": tree.ids[parent]}).status_code)
    threads = [threading.Thread(target=move, args=pair) for pair in moves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * len(moves)
    found = leaves(http, tree)
    by_id = {leaf["id"]: leaf for leaf in found.values()}
    for leaf in found.values():
        names, up = [], leaf
        while up is not None:
            names.insert(0, up["name"])
            up = by_id.get(up["parent"])
        assert leaf["path"].split(".")[1:] == names


def test_many_are_changed_at_once(http, tree):
    answer = http.ok("PATCH", f"/rest/Leaves/{tree.id}", {"ids": [tree.ids["cod"], tree.ids["carp"]], "attributes": {"Rank": 9},
                                                          "null_attributes": ["alias"]})
    assert answer["message"] == "Successfully updated 2 leaves!"
    assert [leaves(http, tree)[name]["attributes"] for name in ("cod", "carp", "crab")] == [{"Rank": 9, "alias": None}] * 2 + [{"Rank": 1}]
    assert logs(http, tree, "cod")[-1] == logs(http, tree, "carp")[-1]
    assert changed(logs(http, tree, "cod")[-1]) == {"Rank": (4, 9)}
    assert http.ok("PATCH", f"/rest/Leaves/{tree.id}", {"attributes": {"Rank": 3}}, name="crab")["message"] == "Successfully updated 1 leaf!"
    assert http.ok("PATCH", f"/rest/Leaves/{tree.id}", {"attributes": {"Rank": 3}}, name="nobody")["message"] == "Successfully updated 0 leaves!"


def test_the_safety_check_holds(http, tree):
    for method in ("PATCH", "DELETE"):
        answer = http.request(method, f"/rest/Leaves/{tree.id}", json={"attributes": {"Rank": 3}}, params={"depth": 3, "count": 3})
        assert answer.status_code == 400 and "expected 3 but would" in answer.json()["message"]
    assert len(leaves(http, tree, depth=3)) == 2


# --- deletion


def test_deletion_takes_what_is_below(http, tree):
    gone = tree.ids["fish"]
    assert http.ok("DELETE", f"/rest/Leaf/{gone}")["message"] == f"Leaf {gone} and 2 children successfully deleted! "
    assert list(leaves(http, tree)) == ["animals", "plants", "crab"]
    assert http.get(f"/rest/Leaf/{tree.ids['cod']}").status_code == 404 and http.delete(f"/rest/Leaf/{gone}").status_code == 404
    one, none = tree.ids["animals"], tree.ids["plants"]
    assert http.ok("DELETE", f"/rest/Leaf/{one}")["message"] == f"Leaf {one} and 1 child successfully deleted! "
    assert http.ok("DELETE", f"/rest/Leaf/{none}")["message"] == f"Leaf {none} successfully deleted! "
    assert changed(logs(http, tree, "cod")[-1])["_deleted"] == (False, True)


def test_deletion_of_a_list_leaves_what_is_below(http, tree):
    assert http.ok("DELETE", f"/rest/Leaves/{tree.id}", depth=3)["message"] == "Successfully deleted 2 leaves!"
    assert list(leaves(http, tree)) == ["animals", "plants", "cod", "carp"]


# --- suggestions


def test_suggestions(http, tree):
    tree.grow("fish", "Coelacanth", alias="Latimeria")
    http.ok("PATCH", f"/rest/Leaf/{tree.ids['fish']}", {"attributes": {"alias": "Pisces"}})
    root = tree.name.replace(" ", "_")

    def suggest(query, ancestor="animals", **more):
        found = http.ok("GET", f"/rest/Leaves/Suggestion/{root}.{ancestor}/{tree.id}", query=query, **more)
        return [(entry["value"], entry["group"], entry["data"]) for entry in found]
    assert suggest("CO") == [("cod", "fish (Pisces)", {}), ("Coelacanth", "fish (Pisces)", {"alias": "Latimeria"})]
    assert [value for value, _, _ in suggest("c")] == ["crab", "cod", "carp", "Coelacanth"]
    assert [value for value, _, _ in suggest("c*R*p")] == ["carp"]
    assert [value for value, _, _ in suggest("*d")] == ["cod"]
    assert [value for value, _, _ in suggest("c", min_level=4)] == ["cod", "carp", "Coelacanth"]
    assert suggest("animals") == [("animals", f"{root}.animals", {})]
    assert suggest("%") == [] and suggest("c", "nothing") == []
    assert http.get(f"/rest/Leaves/Suggestion/{root}.animals/{tree.id}", params={"query": "*"}).status_code == 400
