"""Ratios against floors that are measured in the same run, interleaved, as medians: what a machine's speed or its other work can not change much.

    make bench                     all; with LARGE=FOLDER, or var-large, that has been made, also the next two
    bash bench/run build lists     some: requests lists creation memory transcode permissions
    bash bench/run build large     on a database of 10 million localizations, see bench/large.py
"""
import json
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import large
from bench import transcode as ladder
from t.chaos.conftest import boxes, fill
from t.server import Http, Server

ROUNDS = 5


def say(name, value, goal=None, met=None):
    mark = "" if goal is None else f"   goal {goal}" + ("" if met else "   MISSED")
    print(f"{name:66}{value:>16}{mark}", flush=True)


def wrk(server, path, connections=32, seconds=2, header=None):
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-H", header or "Authorization: Token " + server.token, server.url + path],
                         capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out:
        raise SystemExit(f"{path}:\n{out}")
    return float(re.search(r"Requests/sec:\s*([\d.]+)", out)[1])


def curl(server, path, body=None):
    """Seconds to the first byte, and in all."""
    command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{time_starttransfer} %{time_total} %{size_download}",
               "-H", "Authorization: Token " + server.token, server.url + path]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        if body is not None:
            json.dump(body, file)
            file.flush()
            command += ["-H", "Content-Type: application/json", "--data-binary", "@" + file.name]
        code, first, total, size = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    if not code.startswith("2"):
        raise SystemExit(f"{path}: {code}")
    return float(first), float(total), int(size)


def medians(*works, rounds=ROUNDS):
    """The medians of several measurements, taken in turn."""
    results = [[] for _ in works]
    for _ in range(rounds):
        for kept, work in zip(results, works):
            kept.append(work())
    return [statistics.median(kept) for kept in results]


def requests(server):
    made = fill(server, rows=500)
    paths = {"GET one localization": f"/rest/Localization/{made.boxes[0]}", "GET one media": f"/rest/Media/{made.media[0]}",
             "GET the current user": "/rest/User/GetCurrent"}
    for path in paths.values():
        wrk(server, path, seconds=1)
    floor, *found = medians(lambda: wrk(server, "/floor"), *[lambda path=path: wrk(server, path) for path in paths.values()])
    say("return 200, requests a second", f"{floor:.0f}")
    for name, value in zip(paths, found):
        goal = ("at least 0.3", value / floor >= 0.3) if "localization" in name else (None, None)
        say(f"{name}, requests a second", f"{value:.0f}")
        say(f"{name}, of return 200", f"{value / floor:.2f}", *goal)
    cookie, path = "Cookie: sessionid=" + session(server), paths["GET the current user"]
    by_token, by_session = medians(lambda: wrk(server, path), lambda: wrk(server, path, header=cookie))
    say("GET the current user by a session's cookie, requests a second", f"{by_session:.0f}")
    say("by cookie, of by token", f"{by_session / by_token:.2f}", "at least 0.9", by_session / by_token >= 0.9)


def session(server):
    """The key of a new session of the administrator."""
    with Http(server.url) as http:
        http.get("/accounts/login/")
        http.post("/accounts/login/", data={"username": server.user, "password": server.password,
                                            "csrfmiddlewaretoken": http.cookies["csrftoken"]})
        return http.cookies["sessionid"]


def fill_by_sql(server, made, count):
    """As many boxes like those made by REST; for reading, how they came there does not matter."""
    columns = server.psql("SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns WHERE table_name = 'main_localization' "
                          "AND table_schema = 'public' AND column_name NOT IN ('id', 'elemental_id', 'frame') AND is_generated = 'NEVER'")
    server.psql(f"INSERT INTO main_localization ({columns}, elemental_id, frame) SELECT {columns}, gen_random_uuid(), n FROM main_localization, "
                f"generate_series(1, {count}) n WHERE id = {made.boxes[0]}; ANALYZE main_localization")


def lists(server):
    made = fill(server, rows=1)
    fill_by_sql(server, made, 9_999)
    path = f"/rest/Localizations/{made.project}"
    answer = server.http().ok("GET", path)
    assert len(answer) == 10_000
    columns = ", ".join(row["column_name"] for row in server.sql(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'main_localization' AND table_schema = 'public'")
        if row["column_name"] in answer[0] or row["column_name"] in ("elemental_id", "created_datetime"))
    copy = f"COPY (SELECT {columns} FROM main_localization WHERE project = {made.project} ORDER BY id) TO STDOUT"

    def psql(statement):
        start = time.perf_counter()
        subprocess.run(["psql", "-X", "-q", "-c", statement, server.dsn], stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - start

    size = curl(server, path)[2]
    floor, empty, total, first = medians(lambda: psql(copy), lambda: psql("SELECT 1"), lambda: curl(server, path)[1], lambda: curl(server, path)[0],
                                         rounds=9)
    ratio = total / (floor - empty)
    say("list of 10,000 localizations, MB", f"{size / 1e6:.2f}")
    say("psql COPY of the same columns (its start taken off), ms", f"{(floor - empty) * 1000:.1f}")
    say("list of 10,000 localizations, ms", f"{total * 1000:.1f}")
    say("list, of psql COPY", f"{ratio:.2f}", "at most 1.25", ratio <= 1.25)
    say("list, first byte, ms", f"{first * 1000:.1f}", "at most 20", first <= 0.020)


def creation(server):
    made = fill(server)
    total, = medians(lambda: curl(server, f"/rest/Localizations/{made.project}", boxes(made, 500))[1], rounds=9)
    say("creation of 500 localizations in one POST, ms", f"{total * 1000:.1f}", "at most 100", total <= 0.1)


def resident(server):
    """The largest worker's memory, in MB."""
    master, most = server.pid("nginx"), 0
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    for pid in children:
        status = Path(f"/proc/{pid}/status").read_text()
        most = max(most, int(re.search(r"VmRSS:\s*(\d+)", status)[1]))
    return most / 1024


def memory(server):
    """Eight clients that read slowly, each a list of 100,000 rows."""
    with Server(WORKER_PROCESSES="1", DATABASE_CONNECTIONS="16") as server:
        made = fill(server, rows=1)
        fill_by_sql(server, made, 99_999)
        path = f"/rest/Localizations/{made.project}"
        for _ in range(3):                                      # warm: what a worker keeps anyway
            curl(server, path + "?start=0&stop=20000")
        before, most, sockets = resident(server), 0, []
        for _ in range(8):
            client = socket.create_connection(("127.0.0.1", server.port))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {server.token}\r\n\r\n".encode())
            sockets.append(client)
        end = time.monotonic() + 8
        while time.monotonic() < end:
            for client in sockets:
                assert client.recv(16 * 1024), "a list ended early"
            most = max(most, resident(server))
            time.sleep(0.05)
        for client in sockets:
            client.close()
        server.idle()
    say("worker's memory before, MB", f"{before:.1f}")
    say("with 8 slow readers of 100,000 rows, more MB", f"{most - before:+.1f}", "at most +4", most - before <= 4)


def transcode(server):
    ladder.run(server, say)


def permissions(server):
    from bench import permissions as both # it uses this module

    both.permissions(server)


def main():
    wanted = sys.argv[1:] or ["requests", "lists", "creation", "memory", "transcode", "permissions"]
    if wanted[0].startswith("large"):
        return large.run(wanted)
    floor = "location = /floor { access_log off; default_type application/json; return 200 \"{}\"; }"
    with Server(NGINX_SERVER=floor, FAST_DATABASE="off") as server:
        for name in wanted:
            globals()[name](server)
    if not sys.argv[1:] and large.made():
        large.run(["large", "large_write"])


if __name__ == "__main__":
    main()
