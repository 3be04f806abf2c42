"""Prometheus metrics: core/metrics.c."""
import os
import re
import signal
import time

SAMPLE = re.compile(r'^([a-z_]+)(?:\{((?:[a-z]+="[^"]*",?)+)\})? (-?[0-9.]+)$')


def read(session):
    """{(name, labels): value}; every line is well formed and belongs to a family that was described before."""
    answer = session.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found, described = {}, {}
    for line in answer.text.splitlines():
        if line.startswith("# "):
            _, what, name, text = line.split(" ", 3)
            assert (what, name) not in described
            described[what, name] = text
            continue
        name, labels, value = SAMPLE.match(line).groups()
        family = re.sub("_(bucket|sum|count)$", "", name) if ("TYPE", name) not in described else name
        assert ("HELP", family) in described and described["TYPE", family] in ("counter", "gauge", "histogram")
        assert (name, labels or "") not in found
        found[name, labels or ""] = float(value)
    return found


def test_requests_are_counted_by_operation_and_status(anonymous, http):
    good, bad = ('tator_requests_total', 'operation="Whoami",status="200"'), ('tator_requests_total', 'operation="GetProject",status="404"')
    before = read(anonymous)
    for _ in range(3):
        http.ok("GET", "/rest/User/GetCurrent")
    assert http.get("/rest/Project/999999999").status_code == 404
    after = read(anonymous)
    assert after[good] - before.get(good, 0) == 3
    assert after[bad] - before.get(bad, 0) == 1
    assert after["tator_request_duration_seconds_count", 'operation="Whoami"'] - before.get(
        ("tator_request_duration_seconds_count", 'operation="Whoami"'), 0) == 3
    assert after["tator_database_statements_total", ""] >= before["tator_database_statements_total", ""]


def test_histograms_are_cumulative(anonymous, http):
    http.ok("GET", "/rest/User/GetCurrent")
    found = read(anonymous)
    buckets = [(labels, value) for (name, labels), value in found.items() if name == "tator_request_duration_seconds_bucket"
               and labels.startswith('operation="Whoami",')]
    assert [value for _, value in buckets] == sorted(value for _, value in buckets)
    assert buckets[-1] == ('operation="Whoami",le="+Inf"', found["tator_request_duration_seconds_count", 'operation="Whoami"'])


def test_nothing_runs_between_requests(anonymous, http):
    http.ok("GET", "/rest/User/GetCurrent")
    found = read(anonymous)
    assert found["tator_fibers", ""] == 0
    assert found["tator_database_connections_used", ""] == 0
    assert found["tator_database_connections", ""] >= 1


def test_counters_outlive_a_reload_and_gauges_a_killed_worker(server, anonymous, http):
    http.ok("GET", "/rest/User/GetCurrent")
    counted = read(anonymous)["tator_requests_total", 'operation="Whoami",status="200"']
    os.kill(server.pid("nginx"), signal.SIGHUP)
    time.sleep(1)
    with server.http() as session:
        session.ok("GET", "/rest/User/GetCurrent")
        found = read(session)
    assert found["tator_requests_total", 'operation="Whoami",status="200"'] == counted + 1
    assert found["tator_fibers", ""] == 0
    assert 1 <= found["tator_database_connections", ""]
