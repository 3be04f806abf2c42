"""Random entities and random searches: what the server answers is what an evaluator in Python finds (query_evaluator.py). The seed is
printed; QUERY_SEED=… repeats a run, QUERY_TREES=… makes it longer."""
import base64
import gzip
import http.client
import json
import os
import random
import urllib.parse
import uuid

import pytest

from t.api.query_evaluator import MISSING, NESTED, World, json_order, kilometres, shown

SEED = int(os.environ.get("QUERY_SEED", 20240611))
TREES = int(os.environ.get("QUERY_TREES", 5000))

CHOICES = ["coral", "kelp", "sand"]
DTYPES = {"Flag": "bool", "Count": "int", "Depth": "float", "Kind": "enum", "Title": "string", "Word": "string", "When": "datetime", "Place": "geopos",
          "Text": "blob", "Vector": "float_array"}
TITLES = ["Alpha one", "alpha two", "Beta", "beta-Gamma", "100%", "under_score", "Éel", "o'clock", "x::y", "", "$1"]
WORDS = ["ant", "bee", "cod", "dove", "eel", "fly"]
TIMES = [f"2024-0{1 + k % 6}-1{k % 8}T{k * 5 % 24:02}:30:00{('Z', '+05:00', '', '-03:30')[k % 4]}" for k in range(24)]


def definitions(*names):
    return [{"name": name, "dtype": DTYPES[name], **({"choices": CHOICES} if name == "Kind" else {}), **({"size": 3} if name == "Vector" else {}),
             "required": False} for name in names]


class Source(random.Random):
    """Where all that is random comes from."""

    def chance(self, part):
        return self.random() < part

    def stored(self, name):
        """A value of an attribute as rows have it."""
        return {"bool": lambda: self.chance(0.5), "int": lambda: self.randint(-3, 6), "float": lambda: self.randint(-8, 16) / 4,
                "enum": lambda: self.choice(CHOICES), "datetime": lambda: self.choice(TIMES),
                "geopos": lambda: [self.randint(-40, 40) / 10, 45 + self.randint(-40, 40) / 10], "float_array": lambda: [self.random() for _ in range(3)],
                "blob": lambda: f"text {self.randint(0, 9)}", "string": lambda: self.choice(WORDS if name == "Word" else TITLES)}[DTYPES[name]]()

    def attributes(self, names):
        return {name: self.stored(name) for name in names if self.chance(0.75)}


@pytest.fixture(scope="module")
def world(server):
    """A project with rows of all kinds, many with missing and null attributes, old marks, deleted rows, sections of all kinds."""
    source, session = Source(SEED), server.http()

    def post(path, body, key="id"):
        return session.ok("POST", f"/rest/{path}", body)[key]

    organization = post("Organizations", {"name": "organization " + uuid.uuid4().hex})
    project = post("Projects", {"name": "project " + uuid.uuid4().hex, "summary": "random", "organization": organization})

    names = {"image": list(DTYPES), "video": ["Count", "Depth", "Title", "Word"]}
    types = {name: post(f"MediaTypes/{project}", {"name": name, "dtype": name, "attribute_types": definitions(*names[name])}) for name in names}
    names |= {"box": list(DTYPES), "dot": ["Count", "Title", "Kind"], "line": ["Flag", "Depth", "Word"],
              "scene": ["Title", "Count", "Word"], "event": [name for name in DTYPES if name != "Vector"], "track": ["Depth", "Kind"]}
    for name, media in (("box", ("image", "video")), ("dot", ("image",)), ("line", ("image", "video"))):
        types[name] = post(f"LocalizationTypes/{project}", {"name": name, "dtype": name, "media_types": [types[kind] for kind in media],
                                                            "attribute_types": definitions(*names[name])})
    for name, association, media in (("scene", "Media", ("image", "video")), ("event", "Frame", ("image", "video")), ("track", "Localization", ("video",))):
        types[name] = post(f"StateTypes/{project}", {"name": name, "association": association, "media_types": [types[kind] for kind in media],
                                                     "attribute_types": definitions(*names[name])})
    names |= {"taxon": ["Count", "Word", "Title", "Flag", "Place"], "rank": ["Count", "Word", "When"], "note": ["Title", "Depth", "Kind"], "report": ["Title", "Count"]}
    for name, path in (("taxon", "LeafTypes"), ("rank", "LeafTypes"), ("note", "FileTypes"), ("report", "FileTypes")):
        types[name] = post(f"{path}/{project}", {"name": name, "attribute_types": definitions(*names[name])})
    for definition in definitions("Count", "Title", "Word", "When"):
        session.ok("POST", f"/rest/AttributeType/{project}", {"entity_type": "Section", "addition": definition})

    def section(name, **more):
        return post(f"Sections/{project}", {"name": name, "attributes": source.attributes(["Count", "Title", "Word", "When"]),
                                            "tator_user_sections": str(uuid.uuid4()), **more})

    folders = [section(f"folder {k}") for k in range(3)]
    media = []
    for k in range(16):
        kind = "image" if k % 5 < 3 else "video"
        numbers = {} if kind == "image" else {"fps": 20.0 + k, "num_frames": 100 * k if k % 2 else None, "width": 640, "height": 360}
        media.append(post(f"Medias/{project}", {
            "type": types[kind], "name": source.choice(["gull", "crab", "Éel"]) + f" {k}", "md5": uuid.uuid4().hex,
            "attributes": source.attributes(names[kind]), **{name: value for name, value in numbers.items() if value is not None},
            **({"section_id": source.choice(folders)} if source.chance(0.7) else {})}))
    section("playlist", dtype="playlist", media=source.sample(media, 5))
    section("crabs", object_search={"method": "or", "operations": [{"attribute": "$name", "operation": "istartswith", "value": "CRAB"},
                                                                     {"attribute": "Count", "operation": "gt", "value": 4, "inverse": True}]})
    section("kelp", related_search={"attribute": "Kind", "operation": "eq", "value": "kelp"})

    base = session.ok("GET", f"/rest/Versions/{project}")[0]["id"]
    second = post(f"Versions/{project}", {"name": "second", "bases": [base]})
    rows = {"Localizations": [], "States": []}

    def box(k, kind, **more):
        return {"type": types[kind], "media_id": source.choice(media), "frame": source.randint(0, 5), "version": base,
                "x": source.randint(0, 9) / 10 if k % 4 else None, "y": 0.5, "attributes": source.attributes(names[kind]), **more}

    rows["Localizations"] = post(f"Localizations/{project}", [box(k, source.choice(["box", "box", "dot", "line"])) for k in range(60)])
    rows["Localizations"] += post(f"Localizations/{project}", [
        box(k, "box", version=second, parent=source.choice(rows["Localizations"]) if k % 2 else None) for k in range(12)])
    rows["States"] = post(f"States/{project}", [{
        "type": types[kind], "media_ids": source.sample(media, source.randint(1, 2)), "version": source.choice([base, base, second]),
        **({"frame": source.randint(0, 5)} if kind == "event" else {}),
        **({"localization_ids": source.sample(rows["Localizations"], 3)} if kind == "track" else {}),
        "attributes": source.attributes(names[kind])} for kind in ("scene", "event", "track") for _ in range(12)])

    own = {"Localizations": ("box", "dot", "line"), "States": ("scene", "event", "track")}
    for kind, ids in rows.items():
        path = f"/rest/{kind}/{project}"
        single = f"/rest/{kind[:-1]}"
        for row in source.sample(ids, 8):  # new marks, some deleted again
            session.ok("PATCH", f"{single}/{row}", {"attributes": {}, **({"x": 0.3} if kind == "Localizations" else {})})
        for row in source.sample(ids, 5):
            session.ok("DELETE", f"{single}/{row}", {"prune": source.randint(0, 1)})
        for row in session.ok("GET", path, show_all_marks=1, show_deleted=1):
            if source.chance(0.25):
                mine = next(name for name in own[kind] if types[name] == row["type"])
                known = [name for name in names[mine] if DTYPES[name] not in ("geopos", "float_array")]
                session.ok("PATCH", path, {"ids": [row["id"]], "null_attributes": source.sample(known, min(2, len(known)))})
    for row in source.sample(media, 6):
        session.ok("PATCH", f"/rest/Media/{row}", {"null_attributes": source.sample(["Count", "Depth", "Title"], 2)})
    leaves = []
    for k in range(14):
        kind = source.choice(["taxon", "rank"])
        leaves += post(f"Leaves/{project}", [{"type": types[kind], "name": f"leaf {k}", "parent": source.choice(leaves) if leaves and k % 3 else None,
                                              "attributes": source.attributes(names[kind])}])
    for k in range(10):
        kind = source.choice(["note", "report"])
        post(f"Files/{project}", {"type": types[kind], "name": f"file {k % 4}", "description": "random", "attributes": source.attributes(names[kind])})
    session.close()

    made = World(server, project)
    made.versions, made.folders = [base, second], folders
    return made


class Searches:
    """Random searches in a world."""

    def __init__(self, world, source):
        self.world, self.source = world, source

    def tree(self, kind, depth=3):
        if depth and self.source.chance(0.55):
            method = self.source.choice(["and", "or", "AND", "Or", "not"])
            parts = 1 if method == "not" else self.source.choice([0, 1, 2, 2, 3])
            return {"method": method, "operations": [self.tree(kind, depth - 1) for _ in range(parts)]}
        return self.leaf(kind, depth)

    def leaf(self, kind, depth):
        source, world = self.source, self.world
        inverse = {"inverse": True} if source.chance(0.25) else {"inverse": False} if source.chance(0.1) else {}
        special = {"Medias": ["$related_localizations", "$related_states"], "States": ["$coincident_states", "$coincident_localizations", "$related_media"],
                   "Localizations": ["$coincident_states", "$coincident_localizations", "$track_membership", "$related_media"]}.get(kind)
        if special and source.chance(0.12) and depth:
            name = source.choice(special)
            return {"attribute": name, "operation": "search", "value": self.tree(NESTED[name], depth - 1), **inverse}
        if special and source.chance(0.1):
            section = source.choice([section for section in world.rows["Sections"].values() if section["dtype"] != "playlist"])
            if source.chance(0.5):
                return {"attribute": "$section", "operation": "eq", "value": section["id"], **inverse}
            return {"attribute": "tator_user_sections", "operation": "eq", "value": section["tator_user_sections"], **inverse}
        if source.chance(0.05):
            return {"attribute": source.choice(["Unknown", "$deleted", "$nothing", "Vector"]), "operation": "eq", "value": 1, **inverse}
        if source.chance(0.3):
            return {**self.builtin(kind), **inverse}
        names = [name for name, dtype in world.attributes[kind].items() if dtype != "float_array"]
        name = source.choice(names)
        return {"attribute": name, **self.operation(name, world.attributes[kind][name], kind), **inverse}

    def operation(self, name, dtype, kind):
        source = self.source
        if source.chance(0.08):
            return {"operation": "isnull", "value": source.choice([True, False, "true", "false"])}
        if source.chance(0.12) and dtype not in ("geopos", "datetime"):
            return {"operation": "in", "value": [source.stored(name) for _ in range(source.randint(0, 3))]}
        ordering = source.choice(["eq", "gt", "gte", "lt", "lte"])
        value = source.stored(name)
        if dtype == "bool":
            return {"operation": "eq", "value": source.choice([value, str(value), str(value).lower()])}
        if dtype == "int":
            return {"operation": ordering, "value": source.choice([value, value, str(value), value + 0.5 if ordering == "eq" else value])}
        if dtype == "float":
            return {"operation": ordering, "value": source.choice([value, str(value)])}
        if dtype == "datetime":
            value = source.choice([value, value[:10], value[:16]])
            operation = source.choice([ordering, "date_" + ordering, "date_range"])
            if operation == "date_range":
                return {"operation": operation, "value": sorted([value, source.choice(TIMES)], key=lambda text: text[:10])}
            return {"operation": operation, "value": value}
        if dtype == "geopos":
            return {"operation": "distance_lte", "value": self.near(kind, name)}
        if name == "Word" and source.chance(0.5):
            return {"operation": ordering, "value": value}
        if source.chance(0.5):
            return {"operation": "eq", "value": value}
        part = value[source.randint(0, len(value)):][:source.randint(0, 4)]
        return {"operation": source.choice(["icontains", "istartswith", "iendswith", "iendswidth"]), "value": source.choice([part, part.upper(), part.lower()])}

    def near(self, kind, name):
        """A distance that no row is close to: the evaluator measures on a sphere."""
        while True:
            km, latitude, longitude = self.source.randint(20, 700), 45 + self.source.randint(-40, 40) / 10, self.source.randint(-40, 40) / 10
            places = [row["attributes"].get(name) for row in self.world.rows[kind].values() if row["attributes"]]
            if all(abs(kilometres(place, latitude, longitude) / km - 1) > 0.01 for place in places if place):
                return [km, latitude, longitude]

    def builtin(self, kind):
        source, rows = self.source, list(self.world.rows[kind].values())
        row = source.choice(rows)
        names = {"Medias": ["$id", "$type", "$name", "$fps", "$num_frames", "$width", "$height", "$created_datetime", "$archive_state", "$elemental_id"],
                 "Localizations": ["$id", "$type", "$frame", "$x", "$y", "$u", "$version", "$user", "$modified_by", "$modified_datetime", "$elemental_id"],
                 "States": ["$id", "$type", "$frame", "$version", "$created_by", "$created_datetime", "$elemental_id"],
                 "Leaves": ["$id", "$type", "$name", "$created_datetime"], "Files": ["$id", "$type", "$name", "$elemental_id"],
                 "Sections": ["$id", "$name", "$created_datetime", "$elemental_id"]}[kind]
        name = source.choice(names)
        dtype, stored = self.world.value(kind, row, name)
        if source.chance(0.1):
            return {"attribute": name, "operation": "isnull", "value": source.chance(0.5)}
        ordering = source.choice(["eq", "gt", "gte", "lt", "lte"])
        if dtype == "datetime":
            return {"attribute": name, "operation": source.choice(["", "date_"]) + ordering, "value": stored}
        if name == "$elemental_id":
            return {"attribute": name, "operation": "eq", "value": source.choice([stored, stored.upper(), str(uuid.uuid4())])}
        if dtype == "string":
            return {"attribute": name, "operation": source.choice(["eq", "icontains", "istartswith", "iendswith"]), "value": source.choice([stored, stored[:2]])}
        if source.chance(0.2) and dtype == "int":
            values = [self.world.value(kind, source.choice(rows), name)[1] for _ in range(3)]
            return {"attribute": name, "operation": "in", "value": [value for value in values if value is not MISSING]}
        return {"attribute": name, "operation": ordering, "value": 2 if stored is MISSING else source.choice([stored, str(stored)])}

    def filters(self, kind, type):
        """Attribute filters as (operation, name, value), and whether all that have no comma may stand in a query string."""
        source, world, found = self.source, self.world, []
        names = [name for name, dtype in world.attributes[kind].items() if dtype != "float_array"]
        if kind == "Leaves":
            names = [name for name in names if all(name in {d["name"] for d in definitions} for definitions in world.types[kind].values())]
        for _ in range(source.choice([1, 1, 2, 3])):
            name = source.choice(names + ["Unknown"])
            dtype = world.attributes[kind].get(name, "string")
            if source.chance(0.15):
                found.append(("_null", name, source.choice(["true", "false"])))
                continue
            value = source.stored(name) if name in DTYPES else "x"
            ordering = source.choice(["", "_lt", "_lte", "_gt", "_gte"])
            if dtype == "bool":
                found.append(("", name, str(value).lower()))
            elif dtype == "geopos":
                found.append(("_distance", name, "::".join(str(part) for part in self.near(kind, name))))
            elif dtype in ("int", "float", "datetime"):
                found.append((ordering, name, str(value)))
            elif dtype == "blob":
                continue
            elif source.chance(0.5) and value:
                found.append(("_contains", name, source.choice([value[:3], value[-2:].upper()])))
            elif value:
                found.append(("", name, value))
        return [part for part in found if "," not in part[2] and part[2] != ""]


class Asked:
    """One random request: its parameters, and the ids that it must answer."""

    def __init__(self, world, source):
        self.world, self.source, self.trees = world, source, 0
        self.kind = source.choice(["Medias", "Medias", "Localizations", "Localizations", "Localizations", "States", "States", "Leaves", "Files", "Sections"])
        self.query, self.body = {}, {}
        self.rows = [row for row in world.rows[self.kind].values() if not row.get("deleted", False)]
        self.searches = Searches(world, source)
        self.type = None
        self.restrict()
        self.search()
        self.finish()

    def keep(self, condition):
        self.rows = [row for row in self.rows if condition(row)]

    def restrict(self):
        source, world, kind = self.source, self.world, self.kind
        annotation = kind in ("Localizations", "States")
        if kind == "Sections":
            return
        if source.chance(0.3):
            self.type = source.choice(list(world.types[kind]))
            self.query["type"] = self.type
            self.keep(lambda row: row["meta"] == self.type)
        if kind in ("Localizations", "States", "Medias") and source.chance(0.15):
            ids = source.sample(list(world.rows["Medias"]), source.randint(1, 6))
            self.query["media_id"] = ",".join(map(str, ids))
            self.keep(lambda row: world.media_of(kind, row) & set(ids))
        if annotation and source.chance(0.25):
            versions = source.choice([world.versions, world.versions[:1], world.versions[1:]])
            self.query["version"] = ",".join(map(str, versions))
            self.keep(lambda row: row["version"] in versions)
        if kind in ("Localizations", "States", "Medias") and source.chance(0.1):
            after = source.choice(list(world.rows[kind]))
            self.query["after"] = after
            self.keep(lambda row: row["id"] > after)
        if source.chance(0.35):
            filters = self.searches.filters(kind, self.type)
            if filters:
                self.filter("attribute", filters)
                passed = {row["id"]: world.filtered(kind, row, filters, self.type) for row in self.rows}
                self.keep(lambda row: passed[row["id"]] is not False)
        if kind in ("Localizations", "States", "Medias") and source.chance(0.12):
            section = source.choice(list(world.rows["Sections"].values()))
            self.query["section"] = section["id"]
            if annotation:
                relevant = [self.type] if self.type else list(world.types[kind])
                allowed = {media for number in relevant for media in world.type_media[kind].get(number, ())}
                inside = {media["id"] for media in world.rows["Medias"].values() if media["meta"] in allowed and world.media_in(section, media, ("States",))}
            else:
                inside = {media["id"] for media in world.rows["Medias"].values() if world.media_in(section, media)}
            self.keep(lambda row: world.media_of(kind, row) & inside)
        if kind == "Medias" and source.chance(0.08):
            sections = source.sample(world.folders, 2)
            self.query["multi_section"] = ",".join(map(str, sections))
            inside = [row for row in self.rows if row["primary_section_id"] in sections]
            self.rows = inside or self.rows

    def filter(self, prefix, filters):
        for operation, name, value in filters:
            self.query.setdefault(prefix + operation, []).append(f"{name}::{value}")
        for name in [name for name in self.query if name.startswith(prefix)]:
            if isinstance(self.query[name], list):
                self.query[name] = ",".join(self.query[name])

    def search(self):
        source, world, kind = self.source, self.world, self.kind
        if kind in ("Localizations", "States", "Medias") and source.chance(0.15):
            other = "Medias" if kind != "Medias" else source.choice(["Localizations", "States"])
            node = self.searches.tree(other, 2)
            if kind == "Medias":
                node = self.shared(node)
                found = world.related(node, type=self.type) if node else set()
                self.keep(lambda row: row["id"] in found)
            else:
                relevant = [self.type] if self.type else list(world.types[kind])
                allowed = {media for number in relevant for media in world.type_media[kind].get(number, ())}
                found = {media["id"] for media in world.rows["Medias"].values() if media["meta"] in allowed and world.matches("Medias", media, node) is True}
                self.keep(lambda row: world.media_of(kind, row) & found)
            if node:
                self.add("encoded_related_search", node)
        for name in ("encoded_search", "object_search"):
            if source.chance(0.75 if name == "encoded_search" else 0.35) and (name == "encoded_search" or kind not in ("Files", "Sections")):
                node = self.searches.tree(kind)
                self.add(name, node)
                self.keep(lambda row: world.matches(kind, row, node) is True)

    def shared(self, node):
        """A related search of media is asked of localizations and states: only what both understand."""
        names = {name for name, _ in self.world.names(node)}
        both = set(self.world.attributes["Localizations"]) & set(self.world.attributes["States"]) | {"$id", "$type", "$frame", "$version", "$elemental_id"}
        return node if names <= both and "operations" not in node or names and names <= both else {"attribute": "Kind", "operation": "eq", "value": "kelp"}

    def add(self, name, node):
        self.trees += 1
        if name == "object_search":
            self.body[name] = node
        else:
            self.query[name] = base64.b64encode(json.dumps(node).encode()).decode()

    def finish(self):
        source, kind = self.source, self.kind
        if kind in ("Localizations", "States"):
            if len(self.query.get("version", "").split(",")) > 1:
                merge = source.choice([None, 0, 1])
                if merge is not None:
                    self.query["merge"] = merge
                if merge != 0:
                    hidden = {row["parent"] for row in self.rows}
                    self.keep(lambda row: row["id"] not in hidden)
            for name, visible in (("show_deleted", lambda row: not row["variant_deleted"]), ("show_all_marks", lambda row: row["mark"] == row["latest_mark"])):
                if source.chance(0.2):
                    self.query[name] = 1
                else:
                    self.keep(visible)
        self.ids = [row["id"] for row in sorted(self.rows, key=lambda row: row["id"])]
        if kind in ("Medias", "Sections"):
            self.ordered = False
        else:
            self.ordered = True
        if kind in ("Localizations", "States", "Leaves") and source.chance(0.25):
            name = source.choice([name for name in ("Count", "Depth", "Word", "Flag") if name in self.world.attributes[kind]])
            back, back_id = source.chance(0.5), source.chance(0.5)
            self.body["sort_by"] = [("-" if back else "") + name, ("-" if back_id else "") + "$id"]
            rows = sorted(self.rows, key=lambda row: row["id"], reverse=back_id)
            rows = sorted(rows, key=lambda row: json_order(row["attributes"].get(name, MISSING)), reverse=back)
            self.ids = [row["id"] for row in rows]
        if self.ordered and kind != "Sections" and source.chance(0.2):
            start, stop = source.randint(0, 5), source.randint(0, 20)
            self.query |= {"start": start, "stop": stop}
            self.ids = self.ids[start:stop]

    def __str__(self):
        searches = {name: shown(json.loads(base64.b64decode(value))) for name, value in self.query.items() if name.startswith("encoded")}
        return f"{self.kind} {dict(self.query, **searches)} {shown(self.body)}"


class Connection:
    """Ids of lists over one connection that stays open."""

    def __init__(self, server):
        self.http = http.client.HTTPConnection("127.0.0.1", server.port)
        self.headers = {"Authorization": "Token " + server.token}

    def ids(self, asked, project):
        query = dict(asked.query)
        if asked.kind in ("Medias", "Localizations", "States"):
            query["fields"] = "id"
        path = f"/rest/{asked.kind}/{project}?{urllib.parse.urlencode(query)}"
        if asked.body:
            self.http.request("PUT", path, json.dumps(asked.body), {**self.headers, "Content-Type": "application/json"})
        else:
            self.http.request("GET", path, headers=self.headers)
        answer = self.http.getresponse()
        data = answer.read()
        if answer.headers.get("Content-Encoding") == "gzip":
            data = gzip.decompress(data)
        assert answer.status == 200, f"seed {SEED}: {answer.status} {data[:300]!r} for {asked}"
        return [row["id"] for row in json.loads(data)]


def test_answers_agree_with_the_evaluator(server, world):
    source, connection = Source(SEED), Connection(server)
    trees = requests = rows = 0
    differences = []
    while trees < TREES:
        asked = Asked(world, source)
        found = connection.ids(asked, world.project)
        if not asked.ordered:
            found, asked.ids = sorted(found), sorted(asked.ids)
        if found != asked.ids:
            differences.append(f"{asked}\n  expected {asked.ids}\n  got      {found}")
        assert len(differences) < 10, f"seed {SEED}:\n" + "\n".join(differences)
        trees, requests, rows = trees + asked.trees, requests + 1, rows + len(found)
    print(f"seed {SEED}: {trees} searches in {requests} requests found {rows} rows")
    assert differences == [], f"seed {SEED}:\n" + "\n".join(differences)
    assert rows > requests  # the searches are about something
