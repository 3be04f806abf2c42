"""An HTTP server that answers as nobody should: too much, too slowly, never, in pieces, with lies and detours."""
import contextlib
import gzip
import socket
import threading
import time

BOMB = gzip.compress(bytes(64 << 20))


def head(status="200 OK", **headers):
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\nConnection: close\r\n{lines}\r\n".encode()


class Hostile:
    """with Hostile() as server: server.url("endless") …; .asked has the request lines.

    The first part of a path, or the whole server by `manner`, says what is done."""

    def __init__(self, manner=None):
        self.manner, self.asked, self.open = manner, [], True
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def url(self, manner):
        return f"{self.origin}/{manner}/x.png"

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.open = False
        self.listener.close()

    def accept(self):
        while self.open:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        with peer, contextlib.suppress(OSError, IndexError):
            peer.settimeout(60)
            text = b""
            while b"\r\n\r\n" not in text:
                more = peer.recv(65536)
                if not more:
                    return
                text += more
            line = text.split(b"\r\n")[0].decode(errors="replace")
            self.asked.append(line)
            getattr(self, self.manner or line.split("/")[1])(peer)

    def endless(self, peer):
        peer.sendall(head(Content_Type="text/plain"))
        while self.open:
            peer.sendall(b"x" * 65536)

    def promised(self, peer):
        peer.sendall(head(Content_Length=10 ** 15) + b"x")

    def cut(self, peer):
        peer.sendall(head(Content_Length=1000) + b"x" * 10)

    def headers(self, peer):
        peer.sendall(head()[:-2])
        while self.open:
            peer.sendall(b"X-Much: " + b"x" * 8000 + b"\r\n")

    def silent(self, peer):
        while self.open:
            time.sleep(0.05)

    def dripping(self, peer):
        for byte in head(Content_Length=100) + b"x" * 100:
            if not self.open:
                return
            peer.sendall(bytes([byte]))
            time.sleep(0.5)

    def garbage(self, peer):
        peer.sendall(bytes(range(256)) * 40)

    def status(self, peer):
        peer.sendall(b"HTTP/1.1 99999999999 \r\n\r\n")

    def old(self, peer):
        peer.sendall(b"<html>HTTP/0.9 is this</html>")

    def nothing(self, peer):
        pass

    def error(self, peer):
        peer.sendall(head("500 Internal Server Error", Content_Length=7) + b"secret!")

    def denied(self, peer):
        peer.sendall(head("401 Unauthorized", WWW_Authenticate="Basic realm=x", Content_Length=0))

    def bomb(self, peer):
        peer.sendall(head(Content_Encoding="gzip", Content_Length=len(BOMB)) + BOMB)

    def chunks(self, peer):
        peer.sendall(head(Transfer_Encoding="chunked") + b"FFFFFFFFFFFFFFFFF\r\nxxx\r\n-1\r\n")

    def entities(self, peer):
        body = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]><x>&b;&c;</x>'
        peer.sendall(head(Content_Type="application/xml", Content_Length=len(body)) + body)

    def deep(self, peer):
        body = b"<a>" * 20000 + b"</a>" * 20000
        peer.sendall(head(Content_Type="application/xml", Content_Length=len(body)) + body)

    def page(self, peer):
        body = b"<html><script>alert(1)</script>{{ 7 * 7 }}{% for x in range(999999999) %}{% endfor %}</html>"
        peer.sendall(head(Content_Type="text/html", Content_Length=len(body)) + body)

    def around(self, peer):
        peer.sendall(head("302 Found", Location=self.url("around"), Content_Length=0))

    def away(self, peer):
        peer.sendall(head("302 Found", Location="file:///etc/passwd", Content_Length=0))

    def split(self, peer):
        peer.sendall(head("302 Found", Location="http://127.0.0.1:1/%0d%0aX-Injected:%20yes", Content_Length=0))
