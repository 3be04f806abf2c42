"""PostgreSQL and Redis go away under load; NGINX reloads under load."""
import signal
import time

import pytest

from t.chaos.load import Load
from t.server import Server


@pytest.fixture(scope="module")
def server():
    with Server() as running:
        yield running


def crash(server):
    """PostgreSQL ends at once and cuts its connections in the middle. The tests' runs without synchronous commits, so what it has is written first."""
    server.psql("CHECKPOINT")
    server.kill("postgres", signal.SIGQUIT)


def test_postgresql_restarts(server, filled):
    nginx = server.pid("nginx")

    def work():
        with server.http() as http:
            return http.get(f"/rest/Localization/{filled.boxes[0]}")

    with Load(work) as load:
        load.wait(50)
        crash(server)
        load.wait(20, 503)
        server.start()
        load.wait(200)
    assert set(load.results) == {200, 503}, (load.results, load.samples)
    assert server.pid("nginx") == nginx


def test_a_list_that_is_cut_does_not_look_complete(server, filled):
    def work():
        with server.http() as http:
            answer = http.get(f"/rest/Localizations/{filled.project}")
            if answer.status_code == 200:
                assert len(answer.json()) == 2000
            return answer

    with Load(work, threads=4) as load:
        load.wait(5)
        crash(server)
        time.sleep(0.5)
        server.start()
        load.wait(10)
    assert set(load.results) <= {200, 503, "ChunkedEncodingError", "ConnectionError"}, (load.results, load.samples)


def test_backends_are_terminated_while_idle(server, filled):
    with server.http() as http:
        http.ok("GET", f"/rest/Localization/{filled.boxes[0]}")
        server.psql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
        for _ in range(20):
            assert http.get(f"/rest/Localization/{filled.boxes[0]}").status_code in (200, 503)
        http.ok("GET", f"/rest/Localization/{filled.boxes[0]}")


def test_redis_restarts(server, filled):
    nginx = server.pid("nginx")

    def work():
        with server.http() as http:
            return http.get(f"/rest/Transcodes/{filled.project}")

    with Load(work) as load:
        load.wait(50)
        server.kill("redis")
        load.wait(10, 503)
        server.start()
        load.wait(100)
    assert set(load.results) == {200, 503}, (load.results, load.samples)
    assert server.pid("nginx") == nginx


def test_reload_drops_nothing(server, filled):
    def work():
        with server.http() as http:
            answer = http.get(f"/rest/Localizations/{filled.project}", headers={"Connection": "close"})
            assert len(answer.json()) == 2000
            return answer

    with Load(work) as load:
        for _ in range(5):
            load.wait(5)
            server.reload()
        load.wait(20)
    assert set(load.results) == {200}, (load.results, load.samples)
