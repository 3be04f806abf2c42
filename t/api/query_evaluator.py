"""What list queries must answer, computed row by row in Python: the rules of object searches, attribute filters, sections and related
searches, without SQL. World(server, project) holds the rows as they are stored. Conditions are True, False or None (unknown, as in SQL)."""
import datetime
import json
import math

MISSING = object()
TEXT = {"string", "enum", "blob"}
ZONE = datetime.timezone(datetime.timedelta(hours=-5))  # of the server, for dates without a zone in a request
TABLES = {"Medias": "media", "Localizations": "localization", "States": "state", "Leaves": "leaf", "Files": "file", "Sections": "section"}
BUILTINS = {
    "$x": ("float", "x"), "$y": ("float", "y"), "$u": ("float", "u"), "$v": ("float", "v"), "$width": ("float", "width"), "$height": ("float", "height"),
    "$fps": ("float", "fps"), "$version": ("int", "version"), "$user": ("int", "user"), "$type": ("int", "meta"), "$created_by": ("int", "created_by"),
    "$modified_by": ("int", "modified_by"), "$frame": ("int", "frame"), "$num_frames": ("int", "num_frames"), "$id": ("int", "id"),
    "$created_datetime": ("datetime", "created_datetime"), "$modified_datetime": ("datetime", "modified_datetime"), "$name": ("string", "name"),
    "$elemental_id": ("string", "elemental_id"), "$archive_state": ("string", "archive_state"),
}
NESTED = {"$coincident_states": "States", "$coincident_localizations": "Localizations", "$track_membership": "States",
          "$related_localizations": "Localizations", "$related_states": "States", "$related_media": "Medias"}


def same(a, b):
    """JSON equality: numbers by value, true is no number."""
    return a == b if isinstance(a, bool) == isinstance(b, bool) else False


def instant(text, zone):
    read = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return read if read.tzinfo else read.replace(tzinfo=zone)


def kilometres(place, latitude, longitude):
    """On a sphere: up to 0.6 % off."""
    a, b = math.radians(place[1]), math.radians(latitude)
    h = math.sin((a - b) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(math.radians(place[0] - longitude) / 2) ** 2
    return 2 * 6371.0088 * math.asin(math.sqrt(h))


def order(operation, a, b):
    return {"eq": a == b, "gt": a > b, "gte": a >= b, "lt": a < b, "lte": a <= b}[operation]


def negated(condition):
    return None if condition is None else not condition


def truth(value):
    return value.lower() != "false" and value != "" if isinstance(value, str) else bool(value)


def number(dtype, value):
    return int(float(value)) if dtype == "int" else float(value)


def compared(dtype, stored, operation, value):
    """One operation on one value; MISSING: the row lacks the attribute."""
    absent = stored is MISSING or stored is None and dtype not in TEXT
    if operation == "isnull":
        return absent == truth(value)
    if operation == "in" and value == []:
        return False
    if absent:
        return None
    if stored is None:  # a stored null of a string-like dtype
        return False if operation in ("eq", "in") else None
    if operation == "in":
        return any(same(stored, item) for item in value)
    if operation in ("icontains", "istartswith", "iendswith", "iendswidth"):
        text, part = str(stored).upper(), str(value).upper()
        return {"ic": part in text, "is": text.startswith(part), "ie": text.endswith(part)}[operation[:2]]
    if operation == "distance_lte":
        return kilometres(stored, value[1], value[2]) <= value[0]
    if dtype == "datetime" or operation.startswith("date_"):
        stored = instant(stored, datetime.timezone.utc)
        if operation == "date_range":
            return instant(value[0], ZONE) <= stored <= instant(value[1], ZONE)
        return order(operation.removeprefix("date_"), stored, instant(value, ZONE))
    if dtype == "bool":
        return order(operation, stored, truth(value))
    if dtype in ("int", "float"):
        return order(operation, stored, number(dtype, value))
    return order(operation, stored, value)


class World:
    def __init__(self, server, project):
        self.project = project
        self.rows, self.types = {}, {}
        for kind, table in TABLES.items():
            rows = server.sql(f"SELECT * FROM main_{table} WHERE project = :project ORDER BY id", project=project)
            self.rows[kind] = {row["id"]: row for row in rows}
            if kind == "Sections":
                self.types[kind] = {project: server.sql("SELECT attribute_types FROM main_project WHERE id = :project", project=project)[0]["attribute_types"]}
            else:
                types = server.sql(f"SELECT id, attribute_types FROM main_{table}type WHERE project = :project ORDER BY id", project=project)
                self.types[kind] = {kind["id"]: kind["attribute_types"] for kind in types}
        self.attributes = {kind: {definition["name"]: definition["dtype"] for definitions in types.values() for definition in definitions or []}
                           for kind, types in self.types.items()}

        def links(table, left, right):
            found = {}
            for row in server.sql(f"SELECT {left} AS a, {right} AS b FROM {table}"):
                found.setdefault(row["a"], set()).add(row["b"])
            return found
        self.state_media = links("main_state_media", "state_id", "media_id")
        self.state_boxes = links("main_state_localizations", "state_id", "localization_id")
        self.section_media = links("main_section_media", "section_id", "media_id")
        self.type_media = {"Localizations": links("main_localizationtype_media", "localizationtype_id", "mediatype_id"),
                           "States": links("main_statetype_media", "statetype_id", "mediatype_id")}

    # --- object search

    def matches(self, kind, row, node):
        """The condition that a search node is for a row."""
        if "method" in node:
            parts = [self.matches(kind, row, part) for part in node["operations"]]
            method = node["method"].lower()
            if not parts:
                return True
            if method == "not":
                return negated(parts[0])
            wanted = method == "or"
            return wanted if wanted in parts else None if None in parts else not wanted

        name, inverse = node["attribute"], node.get("inverse", False)
        if name in ("$section", "tator_user_sections") and kind in ("Medias", "Localizations", "States"):
            found = self.in_section(kind, row, name, node["value"])
        elif name in NESTED:
            found = self.nested(kind, row, name, node["value"])
        else:
            dtype, stored = self.value(kind, row, name, node["operation"])
            if dtype is None:
                return False  # matches nothing, inverse or not
            value = node["value"].lower() if name == "$elemental_id" and isinstance(node["value"], str) else node["value"]
            found = compared(dtype, stored, node["operation"], value)
            if name[0] == "$":
                found = bool(found)  # a column without a value matches the negation
        return negated(found) if inverse else found

    def value(self, kind, row, name, operation=None):
        """The dtype and the value of a name; None: there is no such thing."""
        if name[0] == "$":
            dtype, column = BUILTINS.get(name, (None, None))
            if name == "$width" or name == "$height":
                column = column if kind in ("Medias", "Localizations") else None
            if column is None or column not in row:
                return None, None
            stored = row[column]
            return dtype, MISSING if stored is None else stored
        dtype = self.attributes[kind].get(name)
        if dtype is None or dtype == "float_array":
            return None, None
        return dtype, (row["attributes"] or {}).get(name, MISSING)

    def media_of(self, kind, row):
        return {row["id"]} if kind == "Medias" else {row["media"]} if kind == "Localizations" else self.state_media.get(row["id"], set())

    def nested(self, kind, row, name, node):
        other = NESTED[name]
        found = [candidate for candidate in self.rows[other].values() if self.matches(other, candidate, node) is True]
        if name.startswith("$coincident"):
            frames = {(media, candidate["frame"]) for candidate in found for media in self.media_of(other, candidate) if candidate["frame"] is not None}
            return any((media, row["frame"]) in frames for media in self.media_of(kind, row))
        if name == "$track_membership":
            return any(row["id"] in self.state_boxes.get(candidate["id"], ()) for candidate in found)
        return any(self.media_of(other, candidate) & self.media_of(kind, row) for candidate in found)

    def in_section(self, kind, row, name, value):
        section = next(section for section in self.rows["Sections"].values() if section["id" if name == "$section" else name] == value)
        return any(self.media_in(section, self.rows["Medias"][media]) for media in self.media_of(kind, row))

    def media_in(self, section, media, sides=("Localizations", "States")):
        """Whether a media is in a section."""
        if section["dtype"] == "folder":
            return media["primary_section_id"] == section["id"]
        if section["dtype"] == "playlist":
            return media["id"] in self.section_media.get(section["id"], ())
        if section["object_search"]:
            return self.matches("Medias", media, section["object_search"]) is True
        if section["related_object_search"]:
            return media["id"] in self.related(section["related_object_search"], sides)
        return True

    # --- related searches

    def names(self, node):
        parts = [found for part in node["operations"] for found in self.names(part)] if "method" in node else []
        return parts + ([(node["attribute"], node["value"])] if "method" not in node else [])

    def related(self, node, sides=("Localizations", "States"), type=None):
        """Media with a current annotation that matches."""
        names, found = self.names(node), set()
        for kind in sides:
            for number, definitions in self.types[kind].items():
                wanted = any(name[0] == "$" and name != "$type" or name == "$type" and value == number or
                             name in {definition["name"] for definition in definitions} for name, value in names)
                if not wanted or type is not None and type not in self.type_media[kind].get(number, ()):
                    continue
                for row in self.rows[kind].values():
                    if row["meta"] == number and self.current(row) and self.matches(kind, row, node) is True:
                        found |= self.media_of(kind, row)
        return found

    @staticmethod
    def current(row):
        return not row["deleted"] and not row["variant_deleted"] and row["mark"] == row["latest_mark"]

    # --- attribute filters

    def filtered(self, kind, row, filters, type):
        """Attribute filters: (operation, name, value) with operations "", "_lt" … as parameters have them. None: none is effective."""
        if type is not None:
            return row["meta"] == type and self.passes(kind, row, filters, type, nulls=True)[1]
        effective = False
        for number in self.types[kind]:
            some, passed = self.passes(kind, row, filters, number)
            effective |= some
            if some and passed and row["meta"] == number:
                return True
        return False if effective else None

    def passes(self, kind, row, filters, type, nulls=False):
        """(a filter is effective for the type, the row passes)"""
        some, passed = False, True
        for operation, name, value in filters:
            if operation == "_null":
                continue
            if name[0] == "$":
                dtype, stored = self.value(kind, row, name)
            else:
                dtype = next((definition["dtype"] for definition in self.types[kind].get(type) or () if definition["name"] == name), None)
                stored = (row["attributes"] or {}).get(name, MISSING)
            if dtype is None:
                continue
            some = True
            passed = passed and stored is not MISSING and stored is not None and self.passing(dtype, stored, operation, value)
        for operation, name, value in filters:
            if operation == "_null" and (some or nulls):
                passed = passed and ((row["attributes"] or {}).get(name) is None) == (value == "true")
        return some, passed

    @staticmethod
    def passing(dtype, stored, operation, value):
        if operation == "_contains":
            return value.upper() in stored.upper()
        if operation == "_distance":
            km, latitude, longitude = (float(part) for part in value.split("::"))
            return kilometres(stored, latitude, longitude) <= km
        return bool(compared(dtype, stored, operation[1:] or "eq", value))


def json_order(value):
    """A key that sorts as stored JSON values do: null < text < number < boolean; what is missing comes last."""
    if value is MISSING:
        return 9, 0
    return (0, 0) if value is None else (1, value) if isinstance(value, str) else (3, value) if isinstance(value, bool) else (2, value)


def shown(search):
    return json.dumps(search, ensure_ascii=False)
