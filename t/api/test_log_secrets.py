"""Nothing that opens a door stands in a log: passwords, tokens, session ids, CSRF tokens, links' secrets, signatures."""
import pathlib
import re
import socket
import time
import uuid

import pytest
import requests

from t.server import Http, Server

MARK = "5ec4e7"


@pytest.fixture(scope="module")
def server():
    """One worker: each has a block of the access log of its own, and in that one the lines stand in order."""
    with Server(WORKER_PROCESSES="1") as running:
        yield running


@pytest.fixture
def secret():
    """secret() makes one that is looked for in every log at the end of the test."""
    made = []

    def make():
        made.append(MARK + uuid.uuid4().hex[6:])
        return made[-1]
    make.made = made
    return make


def everything(server):
    """What the server, its workers, the database and Redis have written, and what it says of itself."""
    texts = {str(path.relative_to(server.var)): path.read_bytes().decode(errors="replace")
             for folder in ("log", "postgres", "redis") for path in (server.var / folder).rglob("*.log")}
    texts["metrics"] = requests.get(server.url + "/metrics").text
    texts["statements"] = server.psql("SELECT string_agg(query, ';') FROM pg_stat_activity")
    return texts


def settle(server):
    """The access log is written in blocks: this request is seen in it when all before it are."""
    last = uuid.uuid4().hex
    requests.get(f"{server.url}/check-login/?last={last}")
    until = time.monotonic() + 20
    while last not in (server.var / "log" / "access.log").read_text(errors="replace"):
        assert time.monotonic() < until
        time.sleep(0.2)


def hidden(server, secrets):
    settle(server)
    found = [(name, secret) for name, text in everything(server).items() for secret in secrets if secret in text]
    assert found == []


def raw(server, data, wait=True):
    """Bytes as they are, then the end; what came back."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as peer:
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
        return peer.recv(65536) if wait else b""


def test_names_and_passwords(server, http, secret):
    name, password = "user" + uuid.uuid4().hex[:12], secret()
    person = {"username": name, "password": password, "first_name": "", "last_name": "", "email": name + "@example.com"}
    http.ok("POST", "/rest/Users", person)
    with Http(server.url) as anonymous:
        token = anonymous.ok("POST", "/rest/Token", {"username": name, "password": password})["token"]
        for body in ({"username": name, "password": secret()}, {"username": secret() + "\x00", "password": secret()},
                     {**person, "email": secret() * 200}, {"password": secret(), "reset_token": secret()}):
            anonymous.request("POST", "/rest/Token", json=body)
            anonymous.request("POST", "/rest/Users", json=body)
            anonymous.request("PATCH", "/rest/User/1", json=body)
        anonymous.request("POST", "/rest/Token", data=f'{{"username": "x", "password": "{secret()}"', headers={"Content-Type": "application/json"})
        anonymous.request("POST", "/rest/Users", json={**person, "registration_token": secret()})
        anonymous.request("GET", "/rest/Users", params={"token": secret()}, headers={"Authorization": "Token " + token})
    server.http(token).ok("GET", "/rest/User/GetCurrent")
    hidden(server, [*secret.made, token])


def test_headers_of_every_kind(server, secret):
    with Http(server.url) as anonymous:
        for value in ("Token " + secret(), "Bearer " + secret(), "Basic " + secret(), secret(), "Token " + secret() + " " + secret()):
            anonymous.request("GET", "/rest/Projects", headers={"Authorization": value})
            anonymous.request("GET", "/media/1/x", headers={"Authorization": value})
            anonymous.request("GET", "/objects/tator/x", headers={"Authorization": value})
        anonymous.request("GET", "/rest/Projects", headers={"Cookie": f"sessionid={secret()}; access_token={secret()}"})
        anonymous.request("POST", "/rest/Projects", headers={"X-CSRFToken": secret(), "Referer": f"{server.url}/x?reset_token={secret()}"})
    hidden(server, secret.made)


def test_a_browsers_session(server, user, secret):
    person = user()
    with Http(server.url) as browser:
        page = browser.request("GET", "/accounts/login/", params={"next": "/projects?token=" + secret()})
        form = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[1]
        data = {"username": person.username, "password": person.password, "csrfmiddlewaretoken": form}
        assert browser.request("POST", "/accounts/login/", data=data).status_code == 302
        browser.request("PATCH", f"/rest/User/{person.id}", json={"first_name": "x"}, headers={"X-CSRFToken": browser.cookies["csrftoken"]})
        browser.request("POST", "/accounts/login/", data={**data, "password": secret(), "csrfmiddlewaretoken": secret()})
        secrets = [*secret.made, form, person.password, browser.cookies["sessionid"], browser.cookies["csrftoken"]]
        browser.request("GET", "/accounts/logout/")
    hidden(server, secrets)


@pytest.mark.parametrize("name", ["reset_token", "registration_token", "token", "access_token", "code", "X-Amz-Signature", "x-amz-signature",
                                  "X-Amz-Security-Token", "Signature", "sig", "password", "csrfmiddlewaretoken"])
def test_urls(server, secret, name):
    with Http(server.url) as anonymous:
        for path in ("/password-reset", "/rest/Projects", "/objects/tator/key", "/media/1/x", "/callback", "/nothing/here"):
            anonymous.request("GET", path, params={"a": "1", name: secret(), "z": "2"})
            anonymous.request("GET", path, params={"next": f"/x?a=1&{name}={secret()}&z=2"})
    hidden(server, secret.made)
    log = (server.var / "log" / "access.log").read_text(errors="replace")
    assert f"/password-reset?a=1&{name}=***&z=2 HTTP/1.1" in log


def test_requests_that_are_broken(server, secret):
    """NGINX itself writes the request line into its error log then."""
    for begin, rest in (("GET /rest/Projects?token={} HTTP/1.1\r\nHost: localhost\r\n bad: 1\r\n\r\n", ""),
                        ("GET /rest/Projects?token={} HTTP/1.1\r\n\r\n", ""),
                        ("GET /rest/Projects?token={} HTTP/1.1\r\nHost: localhost\r\nX: " + "x" * 100000 + "\r\n\r\n", ""),
                        ("GET /rest/Projects?token={}" + "x" * 100000 + " HTTP/1.1\r\n\r\n", ""),
                        ("POST /rest/Users?token={} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000000\r\n\r\n", ""),
                        ("POST /rest/Users?token={} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n", "short"),
                        ("POST /rest/Users?token={} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", "nonsense"),
                        ("PUT /objects/tator/x?X-Amz-Signature={} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n", "short"),
                        ("GET /media/../../etc?token={} HTTP/1.1\r\nHost: localhost\r\n\r\n", ""),
                        ("GET /rest/Projects?token={} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token ", "{}\r\n x\r\n\r\n")):
        raw(server, (begin.format(secret()) + rest.format(secret())).encode())
    hidden(server, secret.made)
    assert re.search(r'request: "(GET|POST) \S*token=\*\*\*', server.log())


def test_a_worker_that_can_not_read_its_source(server, http, project, secret):
    project.types()
    url = f"{server.url}/objects/tator/nothing.mp4?X-Amz-Signature={secret()}&X-Amz-Credential={secret()}"
    job = http.ok("POST", f"/rest/Transcodes/{project.id}", {"type": project.video, "url": url, "name": "nothing.mp4", "section": "x",
                                                             "md5": uuid.uuid4().hex, "gid": str(uuid.uuid4()), "uid": str(uuid.uuid4())})["id"]
    until = time.monotonic() + 60
    while http.ok("GET", f"/rest/Transcode/{job}")["job"]["status"].lower() not in ("failed", "succeeded"):
        assert time.monotonic() < until
        time.sleep(0.2)
    hidden(server, [*secret.made, server.token])
    assert job in "".join(path.read_text() for path in pathlib.Path(server.var / "log").glob("worker-transcode-*.log"))


def test_settings_are_in_no_log(server):
    """What `make run` was given: the database's password, the stores' keys, the key of the sessions."""
    settings = server.settings()
    names = [name for name in settings if re.search("PASSWORD|SECRET", name)]
    assert {"POSTGRES_PASSWORD", "DJANGO_SECRET_KEY", "TATOR_OBJECTS_SECRET_KEY"} <= set(names)
    hidden(server, [settings[name] for name in names if settings[name]] + [server.password])
