"""A database of 10 million localizations in 200 projects, made by SQL in minutes, and the lists that people ask of it.

    bash bench/run build large_make        makes it in LARGE (a folder, default var-large; about 12 GB)
    bash bench/run build large             measures it: size of each index; first byte, time, plan and index of each query; EXPLAIN=on prints whole plans
    bash bench/run build large_write       creation and bulk changes on it, by several clients
    ROWS=1000000                           another size; projects and media shrink with it

One project has a fifth of the rows, twenty have two fifths, the rest shares the others. Rows come without change logs and look-up rows: no list
reads those. Secondary indexes are dropped first and built when the rows are there, ours by the migrations' own concurrent path.
"""
import base64
import contextlib
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode

from t.server import Server, TOP

ROWS = int(os.environ.get("ROWS", 10_000_000))
BIG, MIDDLE, SMALL = 1, 20, 179
ROUNDS = 10                                                      # rows of a project come in as many stretches, between those of the others
TABLES = ("main_localization", "main_state", "main_state_media", "main_state_localizations", "main_media")
# page costs: all pages are in memory
OPTIONS = ("-c random_page_cost=0.5 -c seq_page_cost=0.5 -c shared_buffers=8GB -c max_wal_size=8GB -c checkpoint_timeout=30min "
           "-c maintenance_work_mem=512MB -c effective_cache_size=8GB -c work_mem=64MB -c max_parallel_workers_per_gather=0 -c session_preload_libraries=auto_explain")

BOX = [{"name": "Species", "dtype": "string"}, {"name": "Count", "dtype": "int"}, {"name": "Score", "dtype": "float"},
       {"name": "Checked", "dtype": "bool"}, {"name": "Quality", "dtype": "enum", "choices": ["good", "fair", "poor"]},
       {"name": "Seen", "dtype": "datetime"}, {"name": "Place", "dtype": "geopos"}, {"name": "Note", "dtype": "string"}]
MEDIA = [{"name": "Station", "dtype": "string"}, {"name": "Depth", "dtype": "float"}, {"name": "Camera", "dtype": "enum", "choices": ["left", "right"]}]
TRACK = [{"name": "Behaviour", "dtype": "string"}, {"name": "Speed", "dtype": "float"}]


def folder():
    return Path(os.environ.get("LARGE", TOP / "var-large")).resolve()


def made():
    return (folder() / "secret/port").exists()


class Large(Server):
    """A server whose folder stays."""

    def __init__(self, **settings):
        super().__init__(PREPARED="on", DATABASE_OPTIONS=OPTIONS, TRANSCODE_WORKERS="0", **settings)
        shutil.rmtree(self.folder)
        self.var = folder()
        self.environment["VAR"] = str(self.var)
        if made():
            self.port = int((self.var / "secret/port").read_text())
            self.environment["PORT"] = str(self.port)
        self.url = f"http://127.0.0.1:{self.port}"

    def __exit__(self, *_):
        self.stop()


def timed(name, work):
    start = time.perf_counter()
    result = work()
    print(f"{name:66}{time.perf_counter() - start:>14.1f} s", flush=True)
    return result


def make():
    with Large(FAST_DATABASE="on") as server:
        if server.psql("SELECT to_regclass('bench_project') IS NOT NULL") == "t":
            raise SystemExit(f"{server.var} holds one already")
        timed("200 projects with types, versions and sections, by REST", lambda: projects(server))
        definitions = drop_indexes(server)
        timed("media", lambda: server.psql(MEDIA_ROWS))
        timed(f"{ROWS} localizations", lambda: localizations(server))
        timed("states and their links", lambda: server.psql(STATE_ROWS))
        timed("vacuum and statistics", lambda: server.psql("; ".join(f"VACUUM (ANALYZE) {table}" for table in TABLES)))
        build_indexes(server, definitions)
        server.psql("CHECKPOINT")
        sizes(server)


def projects(server):
    """The fixed rows, and bench_project, which says what each project gets."""
    server.psql("CREATE TABLE bench_project (n int, project int, rows int, media int, video int, box int, dot int, track int, version int, review int, "
                "sections int[], base int, media_base int)")
    with server.http() as http:
        organization = http.ok("POST", "/rest/Organizations", {"name": "Large"})["id"]
        for n in range(BIG + MIDDLE + SMALL):
            project = http.ok("POST", "/rest/Projects", {"name": f"Large {n}", "summary": "", "organization": organization})["id"]
            video = http.ok("POST", f"/rest/MediaTypes/{project}", {"name": "Video", "dtype": "video", "attribute_types": MEDIA})["id"]
            box, dot = (http.ok("POST", f"/rest/LocalizationTypes/{project}",
                                {"name": dtype, "dtype": dtype, "media_types": [video], "attribute_types": BOX})["id"] for dtype in ("box", "dot"))
            track = http.ok("POST", f"/rest/StateTypes/{project}", {"name": "Track", "association": "Localization", "media_types": [video],
                                                                     "attribute_types": TRACK})["id"]
            version = http.ok("GET", f"/rest/Versions/{project}")[0]["id"]
            review = http.ok("POST", f"/rest/Versions/{project}", {"name": "Review", "bases": [version]})["id"]
            sections = [http.ok("POST", f"/rest/Sections/{project}", {"name": f"Day {k}"})["id"] for k in range(10)]
            rows, media = (ROWS // 5, 5000) if n < BIG else (ROWS * 2 // 5 // MIDDLE, 1000) if n < BIG + MIDDLE else (ROWS * 2 // 5 // SMALL, 200)
            media = max(ROUNDS, media * ROWS // 10_000_000 // ROUNDS * ROUNDS)
            server.psql(f"INSERT INTO bench_project VALUES ({n}, {project}, {rows // ROUNDS * ROUNDS}, {media}, {video}, {box}, {dot}, {track}, {version}, "
                        f"{review}, '{{{','.join(map(str, sections))}}}', 0, 0)")


def drop_indexes(server):
    """The definitions of what is dropped."""
    names = server.sql("SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS definition FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
                       f"WHERE NOT i.indisunique AND i.indrelid = ANY('{{{','.join(TABLES)}}}'::regclass[])")
    server.psql("; ".join(f"DROP INDEX {row['name']}" for row in names))
    return names


def build_indexes(server, definitions):
    for row in definitions:
        if not row["name"].startswith("tator_ix"):
            timed("  " + row["name"], lambda: server.psql(row["definition"].replace(" INDEX ", " INDEX CONCURRENTLY ", 1)))
    files = [path.name for path in sorted((TOP / "sql").glob("*.sql")) if path.read_text().startswith("-- concurrent\n")]
    server.psql(f"DELETE FROM tator.migration WHERE name IN ({', '.join(repr(name) for name in files)})")
    environment = {**server.environment, **server.settings()}
    timed("tator-admin migrate: our indexes, concurrently", lambda: subprocess.run(
        [str(TOP / server.environment["BUILD"] / "tator-admin"), "migrate", "--sql-dir", str(TOP / "sql")], env=environment, check=True))


def sizes(server):
    for row in server.sql("SELECT relname AS name, pg_size_pretty(pg_relation_size(oid)) AS size FROM pg_class WHERE oid = "
                          f"ANY('{{{','.join(TABLES)}}}'::regclass[]) ORDER BY pg_relation_size(oid) DESC"):
        print(f"{row['name']:66}{row['size']:>16}")
    for row in server.sql("SELECT i.indexrelid::regclass::text AS name, pg_size_pretty(pg_relation_size(i.indexrelid)) AS size FROM pg_index i "
                          f"WHERE i.indrelid = ANY('{{{','.join(TABLES)}}}'::regclass[]) ORDER BY i.indrelid, pg_relation_size(i.indexrelid) DESC"):
        print(f"  {row['name']:64}{row['size']:>16}")
    print(f"{'the whole database':66}{server.psql('SELECT pg_size_pretty(pg_database_size(current_database()))'):>16}", flush=True)


def localizations(server):
    """In rounds, two at a time: in each, every project gets a tenth of its rows, on a tenth of its media, media after media."""
    failed = []

    def some(first):
        try:
            for turn in range(first, ROUNDS, 2):
                server.psql(LOCALIZATION_ROWS.replace(":round", str(turn)))
        except Exception as error:                               # told below
            failed.append(error)

    workers = [threading.Thread(target=some, args=(first,)) for first in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failed:
        raise failed[0]
    server.psql("SELECT setval(pg_get_serial_sequence('main_localization', 'id'), (SELECT sum(rows) FROM bench_project))")


# Ids are given, so that rows can name each other: those of round r and project p are (rows of the rounds before) + (rows of the projects before).
MEDIA_ROWS = """
SET session_replication_role = replica;
UPDATE bench_project p SET media_base = (SELECT coalesce(sum(media), 0) FROM bench_project o WHERE o.n < p.n),
    base = (SELECT coalesce(sum(rows / 10), 0) FROM bench_project o WHERE o.n < p.n);
INSERT INTO main_media (id, attributes, created_datetime, modified_datetime, archive_status_date, name, md5, num_frames, fps, codec, width, height,
    media_files, deleted, restoration_requested, archive_state, elemental_id, created_by, modified_by, primary_section_id, project, meta)
SELECT p.media_base + k, jsonb_build_object('Station', 'station ' || k % 100, 'Depth', (k * 37 % 4000) / 10.0, 'Camera', CASE k % 2 WHEN 0 THEN 'left' ELSE 'right' END),
    now() - (p.media - k) * interval '1 minute', now(), now(), to_char(k * 7919 % p.media, 'FM00000') || '_video_' || k || '.mp4', md5(k::text), 9000, 25, 'h264', 1920, 1080,
    jsonb_build_object('streaming', jsonb_build_array(jsonb_build_object('path', format('1/%s/%s/720.mp4', p.project, k), 'resolution', '[720, 1280]'::jsonb, 'codec', 'h264'))),
    false, false, 'live', gen_random_uuid(), 1, 1, p.sections[1 + (k - 1) * 10 / p.media], p.project, p.video
FROM bench_project p, generate_series(1, p.media) k ORDER BY p.n, k;
SELECT setval(pg_get_serial_sequence('main_media', 'id'), (SELECT max(id) FROM main_media));
"""

LOCALIZATION_ROWS = """
SET session_replication_role = replica;
INSERT INTO main_localization (id, attributes, created_datetime, modified_datetime, frame, x, y, width, height, deleted, elemental_id, variant_deleted,
    mark, latest_mark, created_by, media, modified_by, parent, project, meta, "user", version)
SELECT r.before + k,
    jsonb_build_object('Species', 'species ' || floor(random() ^ 3 * 2000), 'Count', floor(random() * 1000000), 'Score', round(random()::numeric, 4),
        'Checked', k % 3 = 0, 'Quality', CASE WHEN random() < 0.9 THEN 'good' WHEN random() < 0.9 THEN 'fair' ELSE 'poor' END,
        'Seen', to_char(timestamp '2020-01-01' + random() * interval '2000 days', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'))
    || CASE k % 20 WHEN 3 THEN jsonb_build_object('Note', 'note ' || md5(k::text)) WHEN 4 THEN jsonb_build_object('Place', jsonb_build_array(random() * 360 - 180, random() * 180 - 90))
        ELSE '{}' END,
    now() - (10 - :round) * interval '30 days' + k * interval '1 second', now() - (10 - :round) * interval '30 days' + k * interval '1 second',
    k * 7 % 9000, random(), random(), random() / 10, random() / 10, k % 211 = 100, md5(p.project || '-' || r.before + k - (k % 33 = 0)::int)::uuid, k % 97 = 50,
    (k % 33 = 0)::int, (k % 33 IN (0, 32) AND k < p.rows / 10)::int, 1, p.media_base + 1 + :round * (p.media / 10) + (k - 1)::bigint * (p.media / 10) / (p.rows / 10), 1,
    CASE WHEN k % 10 = 7 THEN r.before + k - 1 END, p.project, CASE WHEN k % 5 = 0 THEN p.dot ELSE p.box END, 1, CASE WHEN k % 10 = 7 THEN p.review ELSE p.version END
FROM bench_project p, LATERAL (SELECT p.base + :round * (SELECT sum(rows / 10) FROM bench_project) AS before) r, generate_series(1, p.rows / 10) k
ORDER BY p.n, k;
"""

STATE_ROWS = """
SET session_replication_role = replica;
INSERT INTO main_state (attributes, created_datetime, modified_datetime, segments, frame, deleted, elemental_id, variant_deleted, mark, latest_mark, created_by,
    modified_by, project, meta, version)
SELECT jsonb_build_object('Behaviour', 'behaviour ' || floor(random() ^ 2 * 500), 'Speed', round(random()::numeric, 4)), now(), now(), '[[0, 100]]', k * 11 % 9000, false,
    gen_random_uuid(), k % 89 = 0, 0, 0, 1, 1, p.project, p.track, p.version
FROM bench_project p, generate_series(1, p.rows / 20) k ORDER BY p.n, k;
CREATE TEMP TABLE numbered AS SELECT s.id, row_number() OVER (PARTITION BY s.project ORDER BY s.id) AS k, p.* FROM main_state s JOIN bench_project p USING (project);
INSERT INTO main_state_media (state_id, media_id)
SELECT id, media_base + 1 + k % media FROM numbered UNION SELECT id, media_base + 1 + (k + 1) % media FROM numbered WHERE k % 3 = 0;
INSERT INTO main_state_localizations (state_id, localization_id)
SELECT id, base + (k * 17 + m * 3) % (rows / 10 - 100) + 1 FROM numbered, generate_series(1, 20) m WHERE k % 5 = 0 ON CONFLICT DO NOTHING;
"""


# --- reading


def leaf(attribute, operation, value, **more):
    return {"attribute": attribute, "operation": operation, "value": value, **more}


def encoded(node):
    return base64.b64encode(json.dumps(node).encode()).decode()


def both(*nodes):
    return encoded({"method": "and", "operations": list(nodes)})


def case(name, path, body=None, goal=50, note="", **query):
    """goal: ms to the first byte; 0 where no index can give few rows at once, note says why."""
    return SimpleNamespace(name=name, path=path + ("?" + urlencode(query, doseq=True) if query else ""), body=body, goal=goal, note=note)


def cases(server, choose):
    """Each with values of its own, so that neither answers nor pages repeat."""
    big, middle, small = (server.sql(f"SELECT * FROM bench_project WHERE n = {n}")[0] for n in (0, BIG + 3, BIG + MIDDLE + 99))
    ids = [int(number) for number in server.psql(f"SELECT id FROM main_localization TABLESAMPLE SYSTEM (5) WHERE project = {big['project']} "
                                                  "AND NOT deleted LIMIT 60000").split()]
    lists, medias, states = (lambda one: f"/rest/Localizations/{one['project']}"), (lambda one: f"/rest/Medias/{one['project']}"), \
        (lambda one: f"/rest/States/{one['project']}")
    count = lambda one: f"/rest/LocalizationCount/{one['project']}"                                                      # noqa: E731
    media = lambda one: one["media_base"] + choose.randrange(1, one["media"] + 1)                                        # noqa: E731
    rare = lambda: f"species {choose.randrange(1000, 2000)}"                                                             # noqa: E731
    linear = "linear in the rows of the project"
    return [
        case("localizations of one media", lists(big), media_id=media(big)),
        case("localizations of one media, one frame", lists(big), media_id=media(big), frame=choose.randrange(9000) * 7 % 9000),
        case("localizations of one media, small project", lists(small), media_id=media(small)),
        case("localizations of 100 media, first 500", lists(big), {"media_ids": [media(big) for _ in range(100)]}, stop=500),
        case("5000 ids, PUT", lists(big), {"ids": choose.sample(ids, min(5000, len(ids)))}),
        case("attribute equality, 2 rows", lists(big), attribute=f"Count::{choose.randrange(1000000)}"),
        case("attribute equality, 300 rows", lists(big), attribute="Species::" + rare()),
        case("attribute equality with type, 300 rows", lists(big), type=big["box"], attribute="Species::" + rare()),
        case("attribute equality, 1 % of the rows, stop=100", lists(big), attribute="Quality::poor", stop=100),
        case("attribute equality, small project", lists(small), attribute="Species::" + rare()),
        case("search of three conditions, one of them selective", lists(big), encoded_search=both(
            leaf("Species", "eq", rare()), leaf("Score", "gt", 0.9), leaf("Checked", "eq", True))),
        case("search of three conditions, none selective, stop=100", lists(big), stop=100, goal=0, note="rows are walked until 100 are found",
             encoded_search=both(leaf("Quality", "eq", "fair"), leaf("Score", "gt", 0.95), leaf("Checked", "eq", True))),
        case("search of three conditions, small project", lists(small), encoded_search=both(
            leaf("Species", "icontains", "19"), leaf("Score", "gt", 0.9), leaf("Checked", "eq", True))),
        case("media <- localization, selective", medias(big), encoded_related_search=both(leaf("Species", "eq", rare()))),
        case("media <- localization, three conditions", medias(big), encoded_related_search=both(
            leaf("Species", "eq", rare()), leaf("Score", "gt", 0.9), leaf("Checked", "eq", True))),
        case("media <- localization, small project", medias(small), encoded_related_search=both(leaf("Quality", "eq", "poor"))),
        case("localization <- media, selective, stop=100", lists(big), stop=100, encoded_related_search=both(
            leaf("Depth", "lt", 5.0), leaf("Station", "eq", f"station {choose.randrange(100)}"))),
        case("count of a media", count(big), media_id=media(big)),
        case("count of an attribute's value, 300 rows", count(big), attribute="Species::" + rare()),
        case("count of a small project", count(small)),
        case("count of a project of 200,000", count(middle), goal=0, note="index only, " + linear),
        case("count of a project of 2,000,000", count(big), goal=0, note="index only, " + linear),
        case("count of a type in it", count(big), type=big["dot"], goal=0, note="index only, " + linear),
        case("sorted by an attribute, stop=100, small project", lists(small), goal=0, note="top 100 of all its rows", sort_by="Score", stop=100),
        case("sorted by an attribute, stop=100, 2,000,000 rows", lists(big), goal=0, sort_by="Score", stop=100,
             note="top 100 of all its rows: an index on an attribute would be DDL for every new one; the reference has none either"),
        case("sorted by an attribute, of one media", lists(big), media_id=media(big), sort_by="Score", stop=100),
        case("sorted by -$id, stop=100", lists(big), sort_by="-$id", stop=100),
        case("sorted by -$modified_datetime, stop=100", lists(big), sort_by="-$modified_datetime", stop=100, goal=0, note="top 100 of all its rows"),
        case("first page of 100", lists(big), stop=100),
        case("first page of 100, small project", lists(small), stop=100),
        case("page of 100 of a type, small project", lists(small), type=small["dot"], stop=100),
        case("page of 100 of a version", lists(big), version=big["review"], stop=100),
        case("page of 100 after an id", lists(big), after=choose.choice(ids), stop=100),
        case("offset 100,000, stop=100", lists(big), start=100_000, stop=100_100, goal=0, note="rows before the offset are walked"),
        case("section of a tenth of the media, stop=100", lists(big), section=choose.choice(big["sections"]), stop=100, goal=0,
             note="top 100 of its 200,000 rows' ids"),
        case("section, count", count(big), section=choose.choice(big["sections"]), goal=0, note="linear in its 200,000 rows"),
        case("two versions merged, stop=100", lists(small), version=[small["version"], small["review"]], stop=100),
        case("elemental id", lists(big), elemental_id=server.psql(f"SELECT elemental_id FROM main_localization WHERE id = {choose.choice(ids)}")),
        case("media, first page by name", medias(big), stop=100),
        case("media of a section, first page", medias(big), section=choose.choice(big["sections"]), stop=100),
        case("media by attribute", medias(big), attribute=f"Station::station {choose.randrange(100)}"),
        case("next media", f"/rest/MediaNext/{media(big)}"),
        case("previous media", f"/rest/MediaPrev/{media(big)}"),
        case("states of one media", states(big), media_id=media(big)),
        case("states by attribute", states(big), attribute=f"Behaviour::behaviour {choose.randrange(300, 500)}"),
        case("states, page of 100", states(big), stop=100),
        case("states of a localization", states(big), related_id=choose.choice(ids)),
    ]


def ask(server, one):
    """Milliseconds to the first byte and in all, and bytes."""
    command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{time_starttransfer} %{time_total} %{size_download}", "-g",
               "-H", "Authorization: Token " + server.token, server.url + one.path]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        if one.body is not None:
            json.dump(one.body, file)
            file.flush()
            command += ["-X", "PUT", "-H", "Content-Type: application/json", "--data-binary", "@" + file.name]
        code, first, total, size = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    if not code.startswith("2"):
        raise SystemExit(f"{one.path}: {code}")
    return float(first) * 1000, float(total) * 1000, int(size)


def nodes(plan, above=""):
    """Node, relation and index of what reads rows, from the top."""
    if "Relation Name" in plan or "Index Name" in plan:
        yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def explained(server, one):
    """The plan of the request's longest statement, by auto_explain."""
    path = server.var / "postgres/postgres.log"
    before = path.stat().st_size
    ask(server, one)
    time.sleep(0.05)
    with path.open() as file:
        file.seek(before)
        text = file.read()
    found = [(float(ms), json.loads(plan.replace("\n\t", "\n"))) for ms, plan in re.findall(r"duration: ([\d.]+) ms  plan:\n((?:\t.*\n)+)", text)]
    return max(((ms, plan) for ms, plan in found if "main_" in plan["Query Text"]), key=lambda pair: pair[0], default=None)


def short(plan):
    parts = []
    for node in nodes(plan["Plan"]):
        name = node.get("Index Name", "").replace("tator_ix_", "") or node["Relation Name"]
        part = f"{node['Node Type'].replace(' Scan', '').replace('Bitmap ', 'B.')} {name}"
        if part not in parts:
            parts.append(part)
    return f"{plan['Plan']['Node Type']}: " + ", ".join(parts)


def explaining(server, on):
    settings = {"log_min_duration": 0 if on else -1, "log_analyze": on, "log_buffers": on, "log_format": "json"}
    for name, value in settings.items():
        server.psql(f"ALTER SYSTEM SET auto_explain.{name} = '{value}'")
    server.psql("SELECT pg_reload_conf()")
    time.sleep(0.5)


def warm(server):
    """What a server has that runs for long: pages in memory, and no entries that wait for their index."""
    server.psql("CREATE EXTENSION IF NOT EXISTS pg_prewarm")
    relations = [row["name"] for row in server.sql(
        "SELECT oid::regclass::text AS name FROM pg_class WHERE oid = ANY(:'tables'::regclass[]) UNION ALL "
        "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = ANY(:'tables'::regclass[])", tables="{" + ",".join(TABLES) + "}")]
    timed("pages read into memory", lambda: server.psql("; ".join(f"SELECT pg_prewarm('{name}')" for name in relations)))
    server.psql("; ".join(f"SELECT gin_clean_pending_list('{name}')" for name in relations if name.endswith("_attributes")))


def measure(server, only=""):
    rounds, times, choose = int(os.environ.get("ROUNDS", 9)), {}, random.Random(1)
    for _ in range(rounds):
        for one in cases(server, choose):
            if only in one.name:
                times.setdefault(one.name, []).append(ask(server, one))
    explaining(server, True)
    plans = {one.name: explained(server, one) for one in cases(server, choose) if only in one.name}
    explaining(server, False)
    sizes(server)
    print(f"{'':58}{'first byte':>11}{'all':>9}{'kB':>8}   statement, and what it reads", flush=True)
    for one in cases(server, choose):
        if only not in one.name:
            continue
        first, total, size = (statistics.median(values) for values in zip(*times[one.name]))
        mark = f"goal {one.goal} ms MISSED  " if one.goal and first > one.goal else f"({one.note})  " if one.note else ""
        plan = plans[one.name]
        print(f"{one.name:58}{first:8.1f} ms{total:6.0f} ms{size / 1000:8.0f}   {mark}" + (f"{plan[0]:.1f} ms, {short(plan[1])}" if plan else ""), flush=True)
        if os.environ.get("EXPLAIN") == "on" and plan:
            print(plan[1]["Query Text"] + "\n" + outline(plan[1]["Plan"]), flush=True)


def outline(plan, depth=1):
    """EXPLAIN (ANALYZE, BUFFERS) in few lines."""
    detail = [f"{plan[name]}" for name in ("Index Name", "Relation Name", "Index Cond", "Filter", "Recheck Cond", "Sort Key") if name in plan]
    line = "  " * depth + (f"{plan['Node Type']} ({', '.join(detail)[:400]}) rows {plan.get('Actual Rows')} of {plan['Plan Rows']} loops {plan.get('Actual Loops')} "
                           f"in {plan.get('Actual Total Time')} ms, cost {plan['Total Cost']}, buffers {plan.get('Shared Hit Blocks')} + {plan.get('Shared Read Blocks')} read")
    return "\n".join([line] + [outline(child, depth + 1) for child in plan.get("Plans", [])])


# --- writing


WRK = """
local turn, bodies = 0, {}
for line in io.lines("%s") do bodies[#bodies + 1] = line end
function request()
    turn = turn + 1
    return wrk.format("%s", nil, {["Content-Type"] = "application/json", ["Authorization"] = "Token %s"}, bodies[(turn - 1) %% #bodies + 1])
end
"""


def rows_a_second(server, method, path, bodies, rows, clients, seconds=8):
    """By several clients at once, each sending one of the bodies after the other. Also what a row cost the server's own processes, in microseconds
    of a processor: other work on the machine changes it less than the rate."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bodies").write_text("".join(json.dumps(body) + "\n" for body in bodies))
        (Path(folder) / "script.lua").write_text(WRK % (Path(folder) / "bodies", method, server.token))
        before = spent(server)
        out = subprocess.run(["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "60s", "-s", str(Path(folder) / "script.lua"), server.url + path],
                             capture_output=True, text=True, check=True).stdout
        cost = sum(seconds - before.get(pid, 0) for pid, seconds in spent(server).items())
    if "Non-2xx" in out:
        raise SystemExit(f"{method} {path}:\n{out}")
    done = int(re.search(r"(\d+) requests in", out)[1]) * rows
    return float(re.search(r"Requests/sec:\s*([\d.]+)", out)[1]) * rows, cost / done * 1e6 if done else 0


def spent(server):
    """Seconds that each process of NGINX and PostgreSQL has had of a processor; those that end meanwhile (autovacuum's) are left out."""
    had = {}

    def look(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            had[pid] = int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                look(int(child))

    for name in ("nginx", "postgres"):
        look(server.pid(name))
    return had


def write(server):
    big = server.sql("SELECT * FROM bench_project WHERE n = 0")[0]
    spec = lambda k: {"media_id": big["media_base"] + 1 + k % big["media"], "type": big["box"], "version": big["version"], "frame": k % 9000, "x": 0.1,     # noqa: E731
                      "y": 0.1, "width": 0.2, "height": 0.2, "attributes": {"Species": f"species {k % 2000}", "Count": k, "Score": k / 1e6, "Checked": True}}
    bodies = [[spec(n * 500 + k) for k in range(500)] for n in range(20)]
    ids = [int(number) for number in server.psql(f"SELECT id FROM main_localization WHERE meta = {big['box']} AND project = {big['project']} AND NOT deleted AND "
                                                  "NOT variant_deleted AND mark = latest_mark ORDER BY id LIMIT 200000").split()]
    patches = [{"ids": ids[n:n + 5000], "attributes": {"Count": n}} for n in range(0, len(ids) - 4999, 5000)]
    for clients in (1, 2, 4):
        rate, cost = rows_a_second(server, "POST", f"/rest/Localizations/{big['project']}", bodies, 500, clients)
        print(f"{f'creation by POSTs of 500, {clients} clients, rows a second':66}{rate:16.0f}   goal 10,000; {cost:.0f} µs of a processor each", flush=True)
    for clients in (1, 2, 4):
        rate, cost = rows_a_second(server, "PATCH", f"/rest/Localizations/{big['project']}", patches, 5000, clients)
        print(f"{f'PATCH in place of 5000 ids, {clients} clients, rows a second':66}{rate:16.0f}   goal 20,000; {cost:.0f} µs of a processor each", flush=True)


def run(names):
    if names == ["large_make"]:
        return make()
    with Large(FAST_DATABASE="off") as server:
        if server.psql("SELECT to_regclass('bench_project') IS NULL") == "t":
            raise SystemExit("bash bench/run build large_make comes first")
        print(f"load: {os.getloadavg()[0]:.1f}, fsync {server.psql('SHOW fsync')}")
        explaining(server, False)
        warm(server)
        if "large" in names:
            measure(server, os.environ.get("ONLY", ""))
        if "large_write" in names:
            write(server)
    return None
