"""OWASP API4:2023, unrestricted resource consumption: what one request may ask for ends somewhere, and the workers stay small."""
import concurrent.futures
import gzip
import pathlib
import socket
import uuid

import pytest

from t.api.test_matrix import operations
from t.api.test_parser import statuses, talk
from t.server import Http


def workers(server):
    master = server.pid("nginx")
    return pathlib.Path(f"/proc/{master}/task/{master}/children").read_text().split()


def memory(server):
    return sum(int(pathlib.Path(f"/proc/{child}/statm").read_text().split()[1]) * 4096 for child in workers(server))


@pytest.fixture(autouse=True)
def bounded(server, http):
    """No test here costs the workers more than this for good, and none of them dies of it."""
    http.request("GET", "/rest/User/GetCurrent")
    before, same = memory(server), workers(server)
    yield
    assert workers(server) == same
    assert memory(server) - before < 160 << 20
    assert http.request("GET", "/rest/User/GetCurrent").status_code == 200


def test_bodies_have_a_limit(server, http, anonymous):
    assert http.request("POST", "/rest/Organizations", data=b'{"name": "' + b"x" * (70 << 20) + b'"}', headers={"Content-Type": "application/json"}).status_code == 413
    # what is too large is refused before it is sent
    said = talk(server, "POST /rest/Organizations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 999999999999\r\n\r\n{")
    assert statuses(said) == [413]
    for path in ("/accounts/login/", "/rest/Token", "/rest/Users", "/registration", "/rest/PasswordReset"):
        said = talk(server, f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999999\r\n\r\nx")
        assert statuses(said) == [413], path


@pytest.mark.parametrize("text", ["[" * 100_000, "[" * 65 + "]" * 65, '{"a":' * 100_000 + "1" + "}" * 100_000, '{"name":' + "[" * 70 + "]" * 70 + "}"], ids=["open", "65", "objects", "inside"])
def test_json_has_a_depth(http, project, text):
    for method, path in (("POST", "/rest/Organizations"), ("POST", f"/rest/Medias/{project.id}"), ("PUT", f"/rest/Localizations/{project.id}"), ("PATCH", f"/rest/Project/{project.id}")):
        answer = http.request(method, path, data=text, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, answer.text[:200]


def test_numbers_and_names_without_end(http, project):
    for text in ('{"name": ' + "9" * 1_000_000 + "}", '{"' + "k" * 1_000_000 + '": 1}', "{" + ",".join(f'"k{n}": 1' for n in range(100_000)) + "}",
                 '{"name": 1e999999999}', '{"name": "' + "\\u0000" * 1000 + '"}'):
        answer = http.request("POST", "/rest/Organizations", data=text, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, answer.text[:200]
        assert len(answer.text) < 70_000


def test_lists_that_are_created_have_500_items(http, project, media):
    image = media()[0]
    bodies = {"Localizations": {"media_id": image, "type": project.box, "frame": 0}, "States": {"media_ids": [image], "type": project.state, "frame": 0},
              "Medias": {"type": project.image, "name": "x", "md5": "x"}}
    for noun, item in bodies.items():
        before = http.ok("GET", f"/rest/{noun[:-1]}Count/{project.id}")
        assert http.request("POST", f"/rest/{noun}/{project.id}", json=[item] * 501).status_code == 400, noun
        assert http.ok("GET", f"/rest/{noun[:-1]}Count/{project.id}") == before


def test_parameters_have_limits(http, project):
    """queries.md: what is too much is a 400, not a long wait."""
    for path in (f"/rest/UploadInfo/{project.id}?num_parts=10001", f"/rest/UploadInfo/{project.id}?expiration=99999999", f"/rest/UploadInfo/{project.id}?num_parts=0",
                 f"/rest/Medias/{project.id}?presigned=604801", "/rest/User/GetCurrent?presigned=604801", f"/rest/Medias/{project.id}?start=-1", f"/rest/Medias/{project.id}?stop=-5",
                 "/rest/User/1?presigned=999999999999999999999"):
        assert http.request("GET", path).status_code == 400, path
    assert http.request("POST", f"/rest/DownloadInfo/{project.id}?expiration=604801", json={"keys": []}).status_code == 400


def test_many_parameters_and_long_ones(server, http, project):
    longest = "&".join(f"attribute=Text::{k}" for k in range(600))
    assert http.request("GET", f"/rest/Medias/{project.id}?{longest}").status_code in (200, 400, 414)
    assert http.request("GET", f"/rest/Medias/{project.id}?" + "&".join(f"a{k}=1" for k in range(2000))).status_code in (200, 400, 414)
    assert http.request("GET", f"/rest/Medias/{project.id}?x=" + "y" * 20_000).status_code == 414
    said = talk(server, "GET /check-login/ HTTP/1.1\r\nHost: localhost\r\n" + "".join(f"X{k}: {'y' * 1000}\r\n" for k in range(200)) + "\r\n")
    assert statuses(said) == [400]
    said = talk(server, "GET /check-login/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: " + "; ".join(f"c{k}=1" for k in range(2000)) + "\r\n\r\n")
    assert statuses(said) in ([200], [400])


def test_bodies_that_are_compressed_are_not_unpacked(http):
    """A gzip bomb is no JSON: the server unpacks nothing that it is sent."""
    bomb = gzip.compress(b'{"name": "' + bytes(64 << 20) + b'"}')
    answer = http.request("POST", "/rest/Organizations", data=bomb, headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})
    assert answer.status_code == 400


def test_searches_have_a_size_and_a_depth(http, project):
    wide = {"method": "OR", "operations": [{"attribute": "$id", "operation": "eq", "value": k} for k in range(3000)]}
    deep = {"attribute": "$id", "operation": "eq", "value": 1}
    for _ in range(40):
        deep = {"method": "AND", "operations": [deep]}
    for search in (wide, deep):
        assert http.request("PUT", f"/rest/Medias/{project.id}", json={"object_search": search}).status_code == 400


@pytest.mark.parametrize("pattern", ["(a+)+$", "(" * 500 + ")" * 500, "%" * 2000, "a" * 10_000])
def test_patterns_do_not_run_away(http, project, pattern):
    """Each has its answer within the time that the client waits (t/server.py)."""
    for query in ({"attribute_contains": f"Text::{pattern}"}, {"search": pattern}, {"name_contains": pattern}, {"encoded_search": pattern}):
        assert http.request("GET", f"/rest/Medias/{project.id}", params=query).status_code in (200, 400, 414)


def test_slow_clients_hold_a_connection_and_no_worker(server, http):
    """Three hundred of them, in the middle of the head, of the body, of the answer."""
    peers = []
    try:
        for k in range(300):
            peer = socket.create_connection(("127.0.0.1", server.port))
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.sendall((b"GET /check-login/ HTTP/1.1\r\nHost: loc", b"POST /rest/Organizations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
                          b"GET /schema HTTP/1.1\r\nHost: localhost\r\n\r\n")[k % 3])
            peers.append(peer)
        for _ in range(10):
            assert http.request("GET", "/rest/User/GetCurrent", timeout=60).status_code == 200
    finally:
        for peer in peers:
            peer.close()


def test_clients_that_go_leave_nothing_running(server, http, project):
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port)) as peer:
            peer.sendall(f"GET /rest/Medias/{project.id} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {server.token}\r\n\r\n".encode())
    assert server.idle() == []


def test_a_great_many_requests_at_once_are_answered_or_sent_away(server):
    def ask(_):
        with Http(server.url, server.token) as session:
            return session.request("GET", "/rest/Projects").status_code

    with concurrent.futures.ThreadPoolExecutor(60) as pool:
        assert set(pool.map(ask, range(400))) <= {200, 503}


def test_passwords_of_any_length_cost_the_same_hash(anonymous):
    """A password of a megabyte is hashed once before the rounds: it takes no longer than the limit of bodies lets it be."""
    for password in ("x" * 5_000_000, "é" * 100_000, "\x01" * 1000):
        answer = anonymous.request("POST", "/rest/Token", json={"username": "nobody", "password": password})
        assert answer.status_code == 400
        assert len(answer.text) < 1000


def test_mails_and_names_have_a_length(http, anonymous, project):
    name = "x" * 100_000
    for method, path, body in (("POST", "/rest/Users", {"username": name, "password": "Correct-horse-9", "first_name": "", "last_name": "", "email": "a@example.com"}),
                               ("POST", "/rest/Users", {"username": uuid.uuid4().hex, "password": "Correct-horse-9", "first_name": name, "last_name": "", "email": "a@example.com"}),
                               ("POST", "/rest/Organizations", {"name": name}), ("PATCH", f"/rest/Project/{project.id}", {"name": name}),
                               ("POST", f"/rest/Sections/{project.id}", {"name": name}), ("POST", f"/rest/Versions/{project.id}", {"name": name})):
        answer = http.request(method, path, json=body)
        assert answer.status_code == 400, (path, answer.status_code)
        assert len(answer.text) < 3 * len(name)


def test_no_operation_takes_a_body_without_a_limit(server, http):
    """All of them, with a body that is just too large: refused with 413 whether or not they look at bodies."""
    wrong = []
    for operation in operations(server.url):
        if operation.method == "GET" or not operation.path.startswith("/rest/"):
            continue
        path = operation.path
        for name in ("project", "id", "organization", "version"):
            path = path.replace("{%s}" % name, "999999999")
        path = path.replace("{uid}", str(uuid.uuid4())).replace("{elemental_id}", str(uuid.uuid4()))
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as peer:
            peer.sendall(f"{operation.method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {server.token}\r\nContent-Type: application/json\r\n"
                         f"Connection: close\r\nContent-Length: {257 << 20}\r\n\r\n{{".encode())
            said = peer.recv(4096)
        if statuses(said) != [413]:
            wrong.append((operation.name, said[:80]))
    assert wrong == []


def test_answers_are_made_as_they_are_read(server, http, project, media):
    """A list of many rows for a client that reads nothing: the worker keeps but a little of it."""
    image = media()[0]
    for _ in range(6):
        http.ok("POST", f"/rest/Localizations/{project.id}", [{"media_id": image, "type": project.box, "frame": 0, "attributes": {"Text": "x" * 2000}}] * 500)
    before, peers = memory(server), []
    try:
        for _ in range(12):
            peer = socket.create_connection(("127.0.0.1", server.port))
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.sendall(f"GET /rest/Localizations/{project.id} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {server.token}\r\n\r\n".encode())
            peers.append(peer)
        assert http.ok("GET", f"/rest/LocalizationCount/{project.id}") == 3000
        assert memory(server) - before < 48 << 20
    finally:
        for peer in peers:
            peer.close()
