"""A name server for tests, and servers that ask it: names lead where the test says, also elsewhere each time."""
import os
import pathlib
import socket
import struct
import subprocess
import tempfile
import threading

from t.server import TOP, Server

ADDRESS = "127.0.0.153"


class Names:
    """with Names({"a.example": [["8.8.8.8"], ["127.0.0.1", "::1"]]}): the answers in turn, the last one for good; .asked == [names]"""

    def __init__(self, names):
        self.names, self.asked = {name: list(answers) for name, answers in names.items()}, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((ADDRESS, 53))
        self.socket.settimeout(0.2)
        self.open = True
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.open = False
        self.thread.join()
        self.socket.close()

    def serve(self):
        while self.open:
            try:
                query, peer = self.socket.recvfrom(4096)
            except TimeoutError:
                continue
            self.socket.sendto(self.answer(query), peer)

    def answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        kind, name = struct.unpack(">H", query[at + 1:at + 3])[0], ".".join(labels).lower()
        answers, records = self.names.get(name), []
        if answers and kind == 1:                       # the turn goes on with each look-up, which begins with A
            self.asked.append(name)
        if answers:
            turn = min(self.asked.count(name), len(answers)) - 1
            for text in answers[max(turn, 0)]:
                family = socket.AF_INET6 if ":" in text else socket.AF_INET
                if (kind == 28) == (family == socket.AF_INET6):
                    data = socket.inet_pton(family, text)
                    records.append(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(data)) + data)
        head = query[:2] + struct.pack(">HHHHH", 0x8180 if answers else 0x8183, 1, len(records), 0, 0)
        return head + query[12:at + 5] + b"".join(records)


def possible():
    """A folder of mounts of one's own, and the port of name servers."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0


class NamedServer(Server):
    """A server whose processes ask the test's name server."""

    def start(self, **settings):
        resolver = pathlib.Path(tempfile.mkdtemp(prefix="tator-names-", dir=self.folder)) / "resolv.conf"
        resolver.parent.chmod(0o755)
        resolver.write_text(f"nameserver {ADDRESS}\noptions timeout:1 attempts:2\n")
        self.command = ["unshare", "-m", "bash", "-c", f"mount --bind {resolver} /etc/resolv.conf && exec bash {TOP}/conf/embedded/run"]
        return super().start(**settings)
