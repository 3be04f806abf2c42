"""Mail and chat: what requests put into the outbox, and tator-mail that sends it (contract/accounts.md §3.5, §4.5, §6.3, operations.md §17)."""
import base64
import email
import email.policy
import hashlib
import hmac
import http.server
import json
import os
import re
import ssl
import subprocess
import tempfile
import threading
import time
import uuid

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from t.server import Http, Server, free_port


class Sink:
    """An SMTP server that demands STARTTLS and log-in. Addresses reject* are refused for good, busy* the first time."""

    def __init__(self, folder):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"],
                       check=True, capture_output=True)
        self.certificate, self.mails, self.busy = f"{folder}/cert.pem", [], set()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, f"{folder}/key.pem")
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port(), tls_context=context, auth_required=True, authenticator=self.authenticate)

    def authenticate(self, server, session, envelope, mechanism, data):
        return AuthResult(success=isinstance(data, LoginPassword) and (data.login, data.password) == (b"mailer", b"mailpw"))

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("reject"):
            return "550 no such user"
        if address.startswith("busy") and address not in self.busy:
            self.busy.add(address)
            return "451 try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        assert session.ssl is not None and session.authenticated
        message = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        self.mails.append((envelope.rcpt_tos, message))
        return "250 OK"

    def to(self, address, title, seconds=15):
        """The one message of this title to the address."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = [message for people, message in self.mails if people == [address] and message["Subject"] == title]
            if found:
                assert len(found) == 1
                return found[0]
            time.sleep(0.05)
        raise AssertionError(f"no mail {title!r} to {address}: {[(people, str(m['Subject'])) for people, m in self.mails]}")


class Chat(http.server.BaseHTTPRequestHandler):
    """Slack's Web API and Azure's mail, as far as they are used."""
    calls = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        Chat.calls.append((self.path, dict(self.headers), body))
        answer = {"ok": True}
        if "getUploadURLExternal" in self.path:
            answer |= {"upload_url": f"http://127.0.0.1:{self.server.server_port}/put", "file_id": "F1"}
        self.send_response(202 if "emails:send" in self.path else 200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def sink():
    with tempfile.TemporaryDirectory(prefix="tator-smtp-") as folder:
        os.chmod(folder, 0o755)                  # the worker reads the certificate as another user
        sink = Sink(folder)
        sink.controller.start()
        yield sink
        sink.controller.stop()


@pytest.fixture(scope="module")
def chat():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Chat)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def server(sink, chat):
    with Server(TATOR_EMAIL_ENABLED="true", TATOR_EMAIL_HOST="127.0.0.1", TATOR_EMAIL_PORT=str(sink.controller.port), TATOR_EMAIL_USER="mailer",
                TATOR_EMAIL_PASSWORD="mailpw", TATOR_EMAIL_SENDER="tator@example.com", TATOR_EMAIL_CA_FILE=sink.certificate,
                TATOR_EMAIL_NOTIFY_STAFF="true", EMAIL_CONFIRMATION="true", TATOR_SLACK_TOKEN="chat-token", TATOR_SLACK_CHANNEL="C1",
                TATOR_SLACK_URL=chat) as running:
        yield running


@pytest.fixture
def person(server):
    """person() is a confirmed user: .id .username .email .http"""
    def make(**fields):
        name = "user" + uuid.uuid4().hex[:12]
        body = {"username": name, "password": "Correct-horse-9", "first_name": "First", "last_name": "Last", "email": f"{name}@example.com", **fields}
        made = Http(server.url).ok("POST", "/rest/Users", body)
        server.psql("UPDATE main_user SET is_active = true WHERE id = :id", id=made["id"])
        token = Http(server.url).ok("POST", "/rest/Token", {"username": name, "password": body["password"]})["token"]
        session = server.http(token)
        session.id, session.name, session.mail = made["id"], name, body["email"]
        return session
    return make


def text(message):
    return message.get_body(("plain",)).get_content()


def form(session, path, **values):
    """Posts a page's form as a browser does, with the fields that it hides."""
    page = session.request("GET", path)
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    action = re.search(r'action="([^"]+)"', page.text).group(1)
    return session.request("POST", action, data={**hidden, **values})


def test_a_forgotten_password_is_set_again_by_a_mailed_link_once(server, sink, person):
    someone = person()
    answer = Http(server.url).request("POST", "/rest/PasswordReset", json={"email": someone.mail.upper()})
    assert answer.status_code == 201
    link = re.search(r"http://localhost(/password-reset\?\S+)", text(sink.to(someone.mail, "Tator password reset"))).group(1)

    browser = Http(server.url)
    refused = form(browser, link, password="short", password_again="short")
    assert refused.status_code == 200 and 'role="alert"' in refused.text
    assert "not the same" in form(browser, link, password="Another-horse-9", password_again="Another-horse-8").text
    assert "The password is set" in form(browser, link, password="Another-horse-9", password_again="Another-horse-9").text
    assert "used before" in form(browser, link, password="Third-horse-9", password_again="Third-horse-9").text
    assert Http(server.url).request("POST", "/rest/Token", json={"username": someone.name, "password": "Another-horse-9"}).status_code == 201


def test_the_page_that_asks_for_a_reset_does_not_tell_who_has_an_account(server, sink, person):
    someone = person()
    browser = Http(server.url)
    known = form(browser, "/password-reset-request", email=someone.mail)
    unknown = form(browser, "/password-reset-request", email="nobody@example.com")
    assert known.status_code == unknown.status_code == 200 and known.text == unknown.text
    sink.to(someone.mail, "Tator password reset")


def test_pages_are_not_posted_from_elsewhere(server):
    for path in ("/password-reset-request", "/password-reset", "/registration", "/accept", "/registration-confirmation"):
        assert Http(server.url).request("POST", path, data={"email": "a@example.com"}).status_code == 403
    policy = Http(server.url).request("GET", "/password-reset-request").headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy and "default-src 'none'" in policy


def test_what_a_page_is_given_is_shown_as_text(server):
    page = Http(server.url).request("GET", "/registration", params={"username": '"><script>alert(1)</script>'}).text
    assert "<script" not in page and "&quot;&gt;&lt;script&gt;" in page


def test_registration_is_confirmed_by_mail(server, sink):
    name = "user" + uuid.uuid4().hex[:12]
    browser = Http(server.url)
    answer = form(browser, "/registration", first_name="Ada", last_name="King", email=f"{name}@example.com", username=name,
                  password="Correct-horse-9", password_again="Correct-horse-9")
    assert answer.status_code == 200 and "Nearly there" in answer.text
    login = {"username": name, "password": "Correct-horse-9"}
    assert Http(server.url).request("POST", "/rest/Token", json=login).status_code == 400
    link = re.search(r"http://localhost(/registration-confirmation\?\S+)", text(sink.to(f"{name}@example.com", "Tator email confirmation"))).group(1)
    assert "Confirmed" in form(browser, link).text
    assert "Not confirmed" in form(browser, link).text
    assert Http(server.url).request("POST", "/rest/Token", json=login).status_code == 201
    assert any(name in text(message) for people, message in sink.mails if people == ["admin@example.com"] and message["Subject"] == "Tator user created")


def test_an_invitation_is_accepted_with_an_account_that_exists(server, sink, person, http, organization):
    someone, other = person(), person()
    answer = http.ok("POST", f"/rest/Invitations/{organization}", {"email": someone.mail, "permission": "Member"})
    link = re.search(r"(/accept\?registration_token=\S+)$", answer["message"]).group(1)
    name = http.ok("GET", f"/rest/Organization/{organization}")["name"]
    assert link in text(sink.to(someone.mail, f"Tator invitation from {name}"))

    assert Http(server.url).request("GET", link).headers["Location"].startswith("/accounts/login/?next=/accept%3Fregistration_token%3D")
    assert other.request("GET", link).status_code == 400
    token = link.split("=")[1]
    assert other.request("POST", "/accept", data={"registration_token": token}).status_code == 400
    assert "Accept" in someone.request("GET", link).text
    assert "You now belong to" in someone.request("POST", "/accept", data={"registration_token": token}).text
    assert someone.request("POST", "/accept", data={"registration_token": token}).status_code == 400
    assert [row["permission"] for row in http.ok("GET", f"/rest/Affiliations/{organization}") if row["user_id"] == someone.id] == ["Member"]
    assert http.ok("GET", f"/rest/Invitation/{answer['id']}")["status"] == "Accepted"


def test_administrators_hear_of_a_new_affiliation(sink, person, http, organization):
    someone = person(first_name="Grace", last_name=uuid.uuid4().hex)
    http.ok("POST", f"/rest/Affiliations/{organization}", {"user": someone.id, "permission": "Member"})
    name = http.ok("GET", f"/rest/Organization/{organization}")["name"]
    assert "as Member" in text(sink.to("admin@example.com", f"Grace {http.ok('GET', f'/rest/User/{someone.id}')['last_name']} added to {name}"))


def test_a_locked_user_and_the_operators_are_told(server, sink, person):
    someone = person()
    for _ in range(4):
        Http(server.url).request("POST", "/rest/Token", json={"username": someone.name, "password": "wrong"})
    sink.to(someone.mail, "Tator account has been locked")
    wait_for(lambda: sum(someone.name in body for path, _, body in Chat.calls if path == "/chat.postMessage") == 2)


def wait_for(condition, seconds=15):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_members_are_mailed_with_files_of_the_project(server, sink, person, http, project):
    member, stranger = person(), person()
    http.ok("POST", f"/rest/Memberships/{project.id}", {"user": member.id, "permission": "View Only"})
    upload = http.ok("GET", f"/rest/UploadInfo/{project.id}", filename="notes.bin")
    data = bytes(range(256)) * 40
    assert Http(server.url).request("PUT", upload["urls"][0], data=data).status_code == 200

    body = {"recipients": [member.mail], "subject": "Zählung fertig ✓", "text": "Zeile eins\n.\nünd noch eine, " + "lang " * 300,
            "attachments": [{"key": upload["key"], "name": "notes.bin"}]}
    answer = http.request("POST", f"/rest/Email/{project.id}", json=body)
    assert (answer.status_code, answer.json()) == (201, {"message": "Email message sent!"})
    message = sink.to(member.mail, "Zählung fertig ✓")
    assert text(message).replace("\r\n", "\n").rstrip("\n") == body["text"]
    (attachment,) = message.iter_attachments()
    assert (attachment.get_filename(), attachment.get_content()) == ("notes.bin", data)
    assert message["From"] == "Tator <tator@example.com>" and message["To"] == member.mail

    for wrong in ({"recipients": ["nonsense"]}, {"recipients": []}, {"recipients": [stranger.mail]}, {"recipients": ["nobody@example.com"]},
                  {"subject": ""}, {"text": ""}, {"attachments": [{"key": "1/99999999/2/other.mp4", "name": "x"}]},
                  {"attachments": [{"key": upload["key"] + "x", "name": "x"}]},
                  {"recipients": [member.mail + "\r\nBcc: victim@example.com"]}):
        assert http.request("POST", f"/rest/Email/{project.id}", json={**body, **wrong}).status_code == 400
    assert member.request("POST", f"/rest/Email/{project.id}", json=body).status_code == 403


def test_a_line_end_in_a_title_begins_no_header(server, sink):
    server.psql("INSERT INTO tator.outbox (recipient, recipients, title, body) VALUES ('line@example.com', '{line@example.com}', "
                "E'one\\r\\nBcc: victim@example.com', 'x')")
    message = sink.to("line@example.com", "one  Bcc: victim@example.com")
    assert message["Bcc"] is None


def test_what_a_server_refuses_for_good_is_given_up_and_what_passes_is_tried_again(server, sink):
    for address in ("reject@example.com", "busy@example.com"):
        server.psql("INSERT INTO tator.outbox (recipient, recipients, title, body) VALUES (:'to', ARRAY[:'to'], 'retries', 'x')", to=address)

    def row(address):
        return server.sql("SELECT attempts, fault, given_up IS NOT NULL AS over, due > now() AS later FROM tator.outbox WHERE recipient = :'to'", to=address)
    wait_for(lambda: row("reject@example.com")[0]["over"])
    wait_for(lambda: row("busy@example.com")[0]["fault"] is not None)
    assert row("busy@example.com")[0]["over"] is False and row("busy@example.com")[0]["later"] is True

    server.psql("UPDATE tator.outbox SET due = now() WHERE recipient = 'busy@example.com'; NOTIFY tator_outbox")
    sink.to("busy@example.com", "retries")
    wait_for(lambda: row("busy@example.com") == [])


def test_messages_wait_while_the_worker_is_away(server, sink, person):
    someone = person()
    server.kill("worker-mail-1", 15)
    wait_for(lambda: not (server.var / "run" / "worker-mail-1.pid").exists() or subprocess.run(
        ["kill", "-0", str(server.pid("worker-mail-1"))], capture_output=True).returncode != 0)
    started = time.monotonic()
    assert Http(server.url).request("POST", "/rest/PasswordReset", json={"email": someone.mail}).status_code == 201
    assert time.monotonic() - started < 10
    assert server.sql("SELECT count(*) AS n FROM tator.outbox WHERE recipient = :'to' AND title = 'Tator password reset'", to=someone.mail)[0]["n"] == 1
    server.start()
    sink.to(someone.mail, "Tator password reset")


def test_notify_needs_credentials_and_reaches_the_chat(server, person, anonymous):
    someone = person()
    before = len(Chat.calls)
    assert anonymous.request("POST", "/rest/Notify", json={"message": "hello"}).status_code in (400, 403)
    assert len(Chat.calls) == before
    answer = someone.request("POST", "/rest/Notify", json={"message": "hello"})
    assert (answer.status_code, answer.json()["message"]) == (200, "Processed")
    path, headers, body = Chat.calls[-1]
    assert (path, headers["Authorization"]) == ("/chat.postMessage", "Bearer chat-token")
    assert json.loads(body) == {"channel": "C1", "text": "_First Last_ : hello"}

    assert someone.request("POST", "/rest/Notify", json={"message": "long text", "send_as_file": 1}).status_code == 200
    assert [path.split("?")[0] for path, _, _ in Chat.calls[-3:]] == ["/files.getUploadURLExternal", "/put", "/files.completeUploadExternal"]
    assert Chat.calls[-2][2] == "long text" and json.loads(Chat.calls[-1][2])["files"][0]["title"] == "Message from First Last"


def test_azure_takes_signed_mail(server, chat, person):
    key = base64.b64encode(b"access key").decode()
    server.start(TATOR_EMAIL_CONNECTION_STRING=f"endpoint={chat}/;accesskey={key}")
    try:
        before = len(Chat.calls)
        someone = person()
        Http(server.url).request("POST", "/rest/PasswordReset", json={"email": someone.mail})
        wait_for(lambda: any("emails:send" in path and someone.mail in body and "password reset" in body for path, _, body in Chat.calls[before:]))
        path, headers, body = next(call for call in Chat.calls[before:] if "emails:send" in call[0] and someone.mail in call[2] and "password reset" in call[2])
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert headers["x-ms-content-sha256"] == digest
        signed = f"POST\n{path}\n{headers['x-ms-date']};{headers['Host']};{digest}"
        right = base64.b64encode(hmac.new(b"access key", signed.encode(), hashlib.sha256).digest()).decode()
        assert headers["Authorization"] == f"HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={right}"
        assert json.loads(body)["recipients"] == {"to": [{"address": someone.mail}]}
    finally:
        server.start(TATOR_EMAIL_CONNECTION_STRING="")
