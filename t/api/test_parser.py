"""One request is one request: hosts, framing, sizes. What is sent here are bytes, as no client library would send them."""
import re
import socket
import time

import pytest

from t.server import TOP, Server


def talk(server, data, seconds=5):
    """All that the server says to these bytes until it closes, or is silent for so long."""
    if isinstance(data, str):
        data = data.encode()
    said = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as peer:
        try:
            peer.sendall(data)
        except OSError:
            pass
        try:
            while more := peer.recv(65536):
                said += more
        except OSError:
            pass
    return said


def statuses(said):
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) [A-Z]", said)]


def ask(server, head, body="", path="/check-login/", method="GET", version="1.1"):
    return statuses(talk(server, f"{method} {path} HTTP/{version}\r\n{head}\r\n{body}"))


@pytest.mark.parametrize("host,status", [
    ("localhost", 200), ("LOCALHOST", 200), ("localhost:80", 200), ("localhost:1", 200), ("127.0.0.1:65535", 200), ("gunicorn:8000", 200), ("[::1]:80", 200),
    ("elsewhere.example", 400), ("localhost.elsewhere.example", 400), ("elsewhere.example:80", 400), ("localhost@elsewhere.example", 400),
    ("elsewhere.example#localhost", 400), ("localhost:80:90", 400), ("localhost:x", 400), ("localhost:", 400), ("local host", 400), ("", 400),
    ("localhost,elsewhere.example", 400), ("localhost/", 400), ("[::1", 400), ("127.1", 400), ("127.0.0.1.", 400), ("2130706433", 400),
])
def test_hosts(server, host, status):
    assert ask(server, f"Host: {host}\r\nConnection: close\r\n") == [status]


def test_a_host_is_needed_and_one_only(server):
    assert ask(server, "Connection: close\r\n") == [400]
    assert ask(server, "", version="1.0") == [400]
    assert ask(server, "Host: localhost\r\nHost: elsewhere.example\r\n") == [400]
    assert ask(server, "Host: localhost\r\nX-Forwarded-Host: elsewhere.example\r\nConnection: close\r\n") == [200]


def test_absolute_addresses_do_not_bring_another_host(server):
    for path, host, status in (("http://localhost/check-login/", "localhost", 200), ("http://elsewhere.example/check-login/", "localhost", 400),
                               ("http://localhost/check-login/", "elsewhere.example", 400), ("http://elsewhere.example/check-login/", "elsewhere.example", 400)):
        assert ask(server, f"Host: {host}\r\nConnection: close\r\n", path=path) == [status]


@pytest.mark.parametrize("head,body", [
    ("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nGET /check-login/ HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\nContent-Length: 60\r\n", "0\r\n\r\nGET /check-login/ HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("Content-Length: 4\r\nContent-Length: 0\r\n", "abcd"),
    ("Content-Length: 0\r\nContent-Length: 0\r\n", ""),
    ("Content-Length: +4\r\n", "abcd"), ("Content-Length: 4,4\r\n", "abcd"), ("Content-Length: 0x4\r\n", "abcd"), ("Content-Length: -1\r\n", ""),
    ("Content-Length: 99999999999999999999\r\n", ""), ("Content-Length : 4\r\n", "abcd"), ("Content-Length: \r\n", ""),
    ("Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n"), ("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"), ("Transfer-Encoding\r\n : chunked\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\n", "zz\r\nabcd\r\n0\r\n\r\n"), ("Transfer-Encoding: chunked\r\n", "-4\r\nabcd\r\n0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nabcd\r\n0\r\n\r\n"),
    ("X-One: 1\r\n folded: 2\r\n", ""), ("\tX: 1\r\n", ""), ("X-Nul: a\0b\r\n", ""), ("Bad Name: x\r\n", ""), (": x\r\n", ""),
])
def test_ambiguous_framing_is_refused_and_what_follows_is_not_another_request(server, head, body):
    said = talk(server, f"POST /rest/Token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{head}\r\n{body}")
    found = statuses(said)
    assert len(found) == 1, said
    assert 400 <= found[0] <= 501


def test_a_name_with_a_space_before_its_colon_is_no_length(server):
    """Whether refused or ignored: the bytes behind it never become a second answer of success."""
    said = talk(server, "POST /rest/Token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length : 60\r\n\r\n{}"
                        "GET /check-login/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert statuses(said) in ([400], [400, 200])


def test_two_requests_on_a_connection_are_two(server):
    """Pipelined ones, a body by length and one in chunks with an extension and a trailer, and line ends without returns."""
    said = talk(server, "POST /rest/Token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
                        "POST /rest/Token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "1;name=\"GET / HTTP/1.1\"\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
                        "GET /check-login/ HTTP/1.1\nHost: localhost\nConnection: close\n\n")
    assert statuses(said) == [400, 400, 200]


def test_a_body_of_a_get_is_no_request(server):
    said = talk(server, "GET /check-login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 61\r\n\r\n"
                        "GET /check-login/ HTTP/1.1\r\nHost: localhost\r\nX-Inner: 123\r\n\r\n"
                        "GET /accounts/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert statuses(said) == [200, 301]


def test_an_answer_to_head_has_no_body(server):
    said = talk(server, "HEAD /check-login/ HTTP/1.1\r\nHost: localhost\r\n\r\nGET /accounts/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert statuses(said) == [200, 301]
    assert said.count(b"is_authenticated") == 0


@pytest.mark.parametrize("request_line,allowed", [
    ("GET /check-login/ HTTP/1.1", [200]), ("GET  /check-login/ HTTP/1.1", [400, 200]), ("get /check-login/ HTTP/1.1", [400, 404, 405]),
    ("GET /check-login/ HTTP/2.0", [400, 505]), ("GET /check-login/ HTTP/1.1 x", [400]), ("GET check-login HTTP/1.1", [400]), ("CONNECT localhost:80 HTTP/1.1", [400, 405]),
    ("TRACE /check-login/ HTTP/1.1", [405]), ("GET /%00 HTTP/1.1", [400]), ("GET /..%2f..%2fetc/passwd HTTP/1.1", [400, 404]),
    ("GET /media/1/..%2f..%2f..%2fenvironment HTTP/1.1", [403, 400, 404]), ("GET /objects/..%2f..%2fenvironment HTTP/1.1", [400, 403, 404]), ("GET * HTTP/1.1", [400]),
])
def test_request_lines(server, request_line, allowed):
    found = statuses(talk(server, f"{request_line}\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
    assert len(found) == 1 and found[0] in allowed, found


def test_what_is_too_large_is_refused(server):
    assert ask(server, "Host: localhost\r\nX: " + "x" * 40000 + "\r\n") == [400]
    assert ask(server, "Host: localhost\r\n" + "".join(f"X-{k}: {'x' * 500}\r\n" for k in range(400))) == [400]
    assert ask(server, "Host: localhost\r\n", path="/check-login/?" + "x" * 40000) == [414]
    assert ask(server, "Host: localhost\r\nContent-Length: 10000000000\r\n", path="/rest/Token", method="POST") == [413]
    assert ask(server, "Host: localhost\r\nConnection: close\r\nCookie: " + "; ".join(f"c{k}=x" for k in range(1500)) + "\r\n") == [200]


def test_many_headers_do_not_make_a_request_slow_for_others(server, http):
    """Header look-ups and cookies are bounded by what a request may hold at all."""
    assert ask(server, "Host: localhost\r\nConnection: close\r\n" + "".join(f"X{k}: 1\r\n" for k in range(1500))) in ([200], [400])
    assert http.ok("GET", "/rest/User/GetCurrent")["id"] == 1


def test_who_sends_nothing_is_cut():
    """A connection that sends half a header, and one that sends half a body, end by the server's own time-outs."""
    with Server(NGINX_SERVER="client_header_timeout 2s; client_body_timeout 2s;") as quick:
        for begun in (b"", b"GET / HTTP/1.1\r\nHost: loc", b"POST /rest/Token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"):
            with socket.create_connection(("127.0.0.1", quick.port), timeout=60) as peer:
                peer.sendall(begun)
                try:
                    while peer.recv(65536):
                        pass
                except ConnectionResetError:
                    pass
        assert quick.alarms() == []


def test_who_trickles_a_header_is_cut():
    """The time for a header is one time for all of it, however often a byte comes."""
    with Server(NGINX_SERVER="client_header_timeout 2s;") as quick:
        with socket.create_connection(("127.0.0.1", quick.port), timeout=60) as peer:
            peer.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
            with pytest.raises(ConnectionError):
                for k in range(600):
                    peer.sendall(b"X: 1\r\n")
                    time.sleep(0.1)


@pytest.mark.parametrize("path", ["conf/embedded/nginx.conf.template", "conf/nginx.conf.example"])
def test_configurations_have_times_and_sizes(path):
    text = (TOP / path).read_text()
    for name in ("client_header_timeout", "client_body_timeout", "large_client_header_buffers"):
        assert re.search(rf"^\s*{name}\s", text, re.M), name
