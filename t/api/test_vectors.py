"""Searches by distance of vectors: the same answers from pgvector's operators and from the function that stands in for them."""
import math
import pathlib
import random
import subprocess

import pytest

PEER = pathlib.Path(__file__).resolve().parents[3] / "shared" / "peers" / "postgres.sh"
SIZE, ROWS = 5, 60
METRICS = {
    "l2norm": lambda a, b: math.dist(a, b),
    "cosine": lambda a, b: 1 - sum(x * y for x, y in zip(a, b)) / math.hypot(*a) / math.hypot(*b),
    "ip": lambda a, b: -sum(x * y for x, y in zip(a, b)),
}


@pytest.fixture(scope="session")
def pgvector(server):
    """pgvector for the tests' PostgreSQL; skips where there is none."""
    if PEER.exists():
        subprocess.run(["bash", str(PEER), "install"], check=True, capture_output=True)
    if not server.sql("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'"):
        pytest.skip("the database has no pgvector")


@pytest.fixture(params=["pgvector", "function"])
def measured(request, server):
    """With the extension, and without."""
    before = server.sql("SELECT 1 FROM pg_extension WHERE extname = 'vector'")
    if request.param == "pgvector":
        request.getfixturevalue("pgvector")
        server.psql("CREATE EXTENSION IF NOT EXISTS vector")
    else:
        server.psql("DROP EXTENSION IF EXISTS vector")
    yield
    if before:
        server.psql("CREATE EXTENSION IF NOT EXISTS vector")
    else:
        server.psql("DROP EXTENSION IF EXISTS vector")


@pytest.fixture
def points(http, project, media):
    """60 boxes, a third of them without a vector, and another type that keeps texts under the same name."""
    ours = media(1)[0]
    http.ok("POST", f"/rest/AttributeType/{project.box}",
            {"entity_type": "LocalizationType", "addition": {"name": "Vector", "dtype": "float_array", "size": SIZE}})
    other = http.ok("POST", f"/rest/LocalizationTypes/{project.id}", {
        "name": "other", "dtype": "dot", "media_types": [project.image], "attribute_types": [{"name": "Vector", "dtype": "string"}]})["id"]
    source = random.Random(11)
    values = [None if k % 3 == 2 else [round(source.uniform(-2, 2), 3) for _ in range(SIZE)] for k in range(ROWS)]
    path = f"/rest/Localizations/{project.id}"
    box = {"type": project.box, "media_id": ours, "frame": 0}
    ids = http.ok("POST", path, [{**box, "attributes": {"Text": "t", "Count": 1, "Score": 1, "Checked": True, "Kind": "a",
                                                        **({"Vector": value} if value else {"Vector": [1.0] * SIZE})}} for value in values])["id"]
    http.ok("PATCH", path, {"ids": [row for row, value in zip(ids, values) if value is None], "null_attributes": ["Vector"]})
    http.ok("POST", path, [{"type": other, "media_id": ours, "frame": 0, "attributes": {"Vector": text}} for text in ("words", ["a", "b"])])
    return path, project.box, dict(zip(ids, values))


@pytest.mark.parametrize("metric", METRICS)
def test_distances_order_and_bound(http, points, measured, metric):
    path, kind, values = points
    source = random.Random(metric)
    for _ in range(12):
        center = [round(source.uniform(-2, 2), 3) for _ in range(SIZE)]
        distance = {row: METRICS[metric](value, center) for row, value in values.items() if value}
        near = sorted(distance, key=distance.get)
        missing = {row for row, value in values.items() if not value}
        # bounds between two rows' distances, so that rounding does not matter
        low, high = ((distance[near[k]] + distance[near[k + 1]]) / 2 for k in (len(near) // 4, len(near) // 2))

        def found(query=None, **search):
            body = {"float_array": [{"name": "Vector", "center": center, "metric": metric, **search}]}
            return [row["id"] for row in http.ok("PUT", path, body, type=kind, **(query or {}))]

        rows = found()
        assert rows[:len(near)] == near and set(rows[len(near):]) == missing
        rows = found(order="desc")
        assert rows[len(missing):] == near[::-1] and set(rows[:len(missing)]) == missing
        assert found(upper_bound=high) == [row for row in near if distance[row] <= high]
        assert found(lower_bound=low, upper_bound=high, order="desc") == [row for row in near[::-1] if low <= distance[row] <= high]
        assert found({"start": 1, "stop": 4}, upper_bound=high) == [row for row in near if distance[row] <= high][1:4]


def test_a_vector_without_length_has_no_cosine(http, points, measured):
    path, kind, values = points
    zero = next(iter(values))
    http.ok("PATCH", path, {"ids": [zero], "attributes": {"Vector": [0] * SIZE}})
    body = {"float_array": [{"name": "Vector", "center": [1] * SIZE, "metric": "cosine"}]}
    rows = [row["id"] for row in http.ok("PUT", path, body, type=kind)]
    assert rows.index(zero) == sum(1 for value in values.values() if value) - 1  # behind every distance, before those without a vector
    body["float_array"][0]["upper_bound"] = 2
    assert zero not in [row["id"] for row in http.ok("PUT", path, body, type=kind)]


def test_a_stored_vector_of_another_length_is_refused(http, points, measured):
    path, kind, values = points
    http.ok("PATCH", path, {"ids": [next(iter(values))], "attributes": {"Vector": [1, 2]}})
    answer = http.put(path, json={"float_array": [{"name": "Vector", "center": [1] * SIZE}]}, params={"type": kind})
    assert answer.status_code == 400 and "Vector" in answer.json()["message"]
