"""Many writers on the same localizations and states: marks stay gapless and unique, no edit is lost, deadlocks are retried."""
import random
import subprocess
import threading
import time
import uuid
from types import SimpleNamespace

import pytest

WRITERS = 32

KINDS = {
    "Localization": SimpleNamespace(one="Localization", many="Localizations", table="main_localization", types="LocalizationTypes"),
    "State": SimpleNamespace(one="State", many="States", table="main_state", types="StateTypes"),
}


@pytest.fixture(params=KINDS)
def kind(request, http, media, project):
    """A kind of annotations with a type that has an attribute for each writer; spec() makes one's body."""
    made = SimpleNamespace(**vars(KINDS[request.param]), project=project.id, version=project.version, media=media(1)[0])
    made.second = http.ok("POST", f"/rest/Versions/{project.id}", {"name": "second"})["id"]
    attributes = [{"name": f"Writer {k}", "dtype": "int", "default": -1} for k in range(WRITERS)]
    body = {"name": "written by many", "media_types": [project.image], "attribute_types": attributes}
    body.update({"dtype": "box"} if made.one == "Localization" else {"association": "Frame"})
    made.type = http.ok("POST", f"/rest/{made.types}/{project.id}", body)["id"]

    def spec(**more):
        place = {"media_id": made.media, "x": 0.1, "y": 0.1, "width": 0.2, "height": 0.2} if made.one == "Localization" else {"media_ids": [made.media]}
        return {"type": made.type, "frame": 0, "version": made.version, **place, **more}
    made.spec = spec
    made.list = f"/rest/{made.many}/{project.id}"
    return made


def together(server, works):
    """Runs work(http) of each at the same time; what failed is told by text."""
    failed, gate = [], threading.Barrier(len(works))

    def run(work):
        with server.http() as http:
            gate.wait()
            try:
                work(http)
            except AssertionError as error:
                failed.append(str(error)[:300])

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def groups(server, kind):
    """The marks of each elemental id and version, and what rows take for the newest."""
    return server.sql(f"SELECT elemental_id::text, version, array_agg(mark ORDER BY mark) AS marks, array_agg(DISTINCT latest_mark) AS latest "
                      f"FROM {kind.table} WHERE project = {kind.project} AND NOT deleted GROUP BY elemental_id, version")


def gapless(server, kind):
    """The number of rows, when all marks are as they should be."""
    found = groups(server, kind)
    for group in found:
        assert group["marks"] == list(range(len(group["marks"]))), group
        assert group["latest"] == [len(group["marks"]) - 1], group
    return sum(len(group["marks"]) for group in found)


def test_no_edit_is_lost_among_thirty_two_writers(server, http, kind):
    ids = http.ok("POST", kind.list, [kind.spec() for _ in range(3)])["id"]
    elementals = [http.ok("GET", f"/rest/{kind.one}/{row}")["elemental_id"] for row in ids]
    before, turns, made = gapless(server, kind), 4, []

    def writer(k):
        choose = random.Random(k)

        def work(session):
            for n in range(turns):
                for row, elemental in zip(ids, elementals):
                    values = {"attributes": {f"Writer {k}": n}}
                    way = choose.randrange(4)
                    if way == 0:
                        session.ok("PATCH", f"/rest/{kind.one}/{row}", values)
                    elif way == 1:
                        session.ok("PATCH", f"/rest/{kind.one}/{kind.version}/{elemental}", values)
                    elif way == 2:
                        answer = session.ok("PATCH", kind.list, {**values, "elemental_ids": [elemental]})
                        assert answer["message"].startswith("Successfully updated 1 "), answer
                    else:
                        session.ok("PATCH", f"/rest/{kind.one}/{row}", {**values, "in_place": 1})
                    made.append(way != 3)
        return work

    together(server, [writer(k) for k in range(WRITERS)])
    assert gapless(server, kind) == before + sum(made)
    newest = http.ok("GET", kind.list)
    assert sorted(row["elemental_id"] for row in newest) == sorted(elementals)
    for row in newest:
        assert row["attributes"] == {f"Writer {k}": turns - 1 for k in range(WRITERS)}


def test_marks_stay_gapless_whatever_is_done_at_once(server, http, kind):
    ids = http.ok("POST", kind.list, [kind.spec() for _ in range(4)])["id"]
    elementals = [http.ok("GET", f"/rest/{kind.one}/{row}")["elemental_id"] for row in ids]
    new = [str(uuid.uuid4()) for _ in range(2)]
    rows = []

    def writer(k):
        choose = random.Random(100 + k)

        def work(session):
            for n in range(6):
                row, elemental = choose.choice(list(zip(ids, elementals)))
                values = {"attributes": {f"Writer {k}": n}}
                way = choose.randrange(9)
                if way == 0:
                    session.ok("PATCH", f"/rest/{kind.one}/{row}", values)
                elif way == 1:
                    session.ok("PATCH", f"/rest/{kind.one}/{kind.version}/{elemental}", values)
                elif way == 2:
                    session.ok("DELETE", f"/rest/{kind.one}/{row}")
                elif way == 3:
                    session.ok("DELETE", f"/rest/{kind.one}/{kind.version}/{elemental}")
                elif way == 4:
                    session.ok("POST", kind.list, [kind.spec(elemental_id=other) for other in choose.sample(elementals + new, 3)])
                elif way == 5:
                    answer = session.ok("PATCH", kind.list, {**values, "elemental_ids": choose.sample(elementals, 3)})
                elif way == 6:
                    answer = session.ok("DELETE", kind.list, {"elemental_ids": choose.sample(elementals, 2)})
                elif way == 7:
                    session.ok("PATCH", kind.list, {**values, "ids": choose.sample(ids, 3)})
                else:
                    answer = session.ok("PATCH", f"/rest/{kind.one}/{row}", {"elemental_id": choose.choice(new)})
                rows.append({0: 1, 1: 1, 2: 1, 3: 1, 4: 3, 7: 0, 8: 1}.get(way) if way not in (5, 6) else int(answer["message"].split()[2]))
        return work

    together(server, [writer(k) for k in range(WRITERS)])
    assert gapless(server, kind) == 4 + sum(rows)
    assert {group["elemental_id"] for group in groups(server, kind)} <= set(elementals + new)


def test_bulk_edits_in_opposite_order_all_succeed(server, http, kind):
    ids = http.ok("POST", kind.list, [kind.spec() for _ in range(60)])["id"]

    def writer(k):
        order = ids if k % 2 == 0 else ids[::-1]

        def work(session):
            for n in range(4):
                assert session.ok("PATCH", kind.list, {"ids": order, "attributes": {f"Writer {k}": n}})["message"].startswith("Successfully updated 60 ")
        return work

    together(server, [writer(k) for k in range(8)])
    for row in http.ok("GET", kind.list):
        assert [row["attributes"][f"Writer {k}"] for k in range(8)] == [3] * 8


def deadlocks(server):
    server.psql("SELECT pg_stat_clear_snapshot()")
    return server.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")[0]["deadlocks"]


def test_a_request_that_a_deadlock_ended_runs_again(server, http, kind):
    first, second = http.ok("POST", kind.list, [kind.spec(), kind.spec()])["id"]
    before, answers = deadlocks(server), []

    with subprocess.Popen(["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", server.dsn], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as other:
        def run(statement, wait=True):
            other.stdin.write(statement + ";\n" + ("SELECT 'done';\n" if wait else ""))
            other.stdin.flush()
            if wait:
                assert other.stdout.readline() == "done\n"

        run(f"SET deadlock_timeout = '1h'; BEGIN; UPDATE {kind.table} SET frame = 7 WHERE id = {second}")
        request = threading.Thread(target=lambda: answers.append(http.patch(
            kind.list, json={"ids": [second, first], "attributes": {"Writer 0": 5}, "in_place": 1})))
        request.start()                                          # holds the first, wants the second
        until = time.monotonic() + 20
        while not server.sql("SELECT 1 FROM pg_locks WHERE NOT granted") and time.monotonic() < until:
            time.sleep(0.02)
        run(f"UPDATE {kind.table} SET frame = 8 WHERE id = {first}")      # each waits for the other, until PostgreSQL ends the request's
        run("COMMIT")
        request.join()
        other.stdin.close()
        assert other.stderr.read() == ""

    assert [answer.status_code for answer in answers] == [200], answers[0].text
    found = {row["id"]: row for row in http.ok("GET", kind.list)}
    assert [(found[row]["frame"], found[row]["attributes"]["Writer 0"]) for row in (first, second)] == [(8, 5), (7, 5)]
    until = time.monotonic() + 20
    while deadlocks(server) == before and time.monotonic() < until:       # statistics come a little later
        time.sleep(0.1)
    assert deadlocks(server) > before


def test_rows_that_swap_their_elemental_ids_at_once(server, http, kind):
    """Each request holds its own group and wants the other's."""
    for _ in range(3):
        one, two = http.ok("POST", kind.list, [kind.spec(), kind.spec()])["id"]
        names = {row: http.ok("GET", f"/rest/{kind.one}/{row}")["elemental_id"] for row in (one, two)}

        def move(row, other):
            return lambda session: session.ok("PATCH", f"/rest/{kind.one}/{row}", {"elemental_id": names[other], "attributes": {"Writer 1": row}})

        together(server, [move(one, two), move(two, one)])
        gapless(server, kind)
        for row in (one, two):
            marks = server.sql(f"SELECT mark FROM {kind.table} WHERE elemental_id = :'name' ORDER BY mark", name=names[row])
            assert [mark["mark"] for mark in marks] == [0, 1]


def test_a_change_to_a_list_is_all_or_nothing(server, http, kind):
    ids = http.ok("POST", kind.list, [kind.spec() for _ in range(3)])["id"]
    before = http.ok("GET", kind.list)
    count = server.sql("SELECT count(*) AS n FROM main_changelog")[0]["n"]
    for method, body in (("POST", [kind.spec(), kind.spec(elemental_id=str(uuid.uuid4()), frame=-1)]), ("POST", [kind.spec(), kind.spec(parent=2**31 - 1)]),
                         ("PATCH", {"ids": ids, "attributes": {"Writer 0": 1}, "new_version": 2**31 - 1}),
                         ("PATCH", {"attributes": {"Writer 0": "none"}}), ("PATCH", {"attributes": {"Writer 0": 1}, "count": 2})):
        query = {"count": body.pop("count")} if "count" in body else None
        assert http.request(method, kind.list, json=body, params=query).status_code in (400, 404)
        assert http.ok("GET", kind.list) == before
    assert server.sql("SELECT count(*) AS n FROM main_changelog")[0]["n"] == count
