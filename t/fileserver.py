"""An HTTP server for tests with the manners that are found on the Internet: ranges, none, lost connections, faults, redirects, no end."""
import http.server
import re
import ssl
import threading
import time

MANNERS = ("plain", "lossy", "faulty", "partly", "shifted", "growing")


class FileServer:
    """with FileServer({"/a.mp4": b"…"}, host="127.0.0.1") as server: server.url("/a.mp4"), server.asked == [(path, range), …], at server.times

    What a path does is told by its beginning: /plain/… knows no ranges; /lossy/… ends each answer after `step` bytes; /faulty/… answers 503 the
    first `faults` times; /partly/… sends `step` bytes of a range and says so; /shifted/… sends other ranges than those asked for; /growing/… has
    another size each time; /endless/… never ends; /to/N/… redirects to the N-th of `targets`.
    `certificate` is a PEM file of key and certificate, for https."""

    def __init__(self, files=None, host="127.0.0.1", step=300_000, faults=3, targets=(), certificate=None):
        outer = self
        self.files, self.step, self.faults, self.targets, self.asked, self.times, self.failed = files or {}, step, faults, list(targets), [], [], {}

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def log_message(self, *_):
                pass

            def do_HEAD(self):
                self.answer(False)

            def do_GET(self):
                outer.asked.append((self.path, self.headers.get("Range")))
                outer.times.append(time.monotonic())
                try:
                    self.answer(True)
                except (BrokenPipeError, ConnectionResetError):
                    pass

            def answer(self, body):
                manner = self.path.split("/")[1]
                if manner == "to":
                    self.send_response(302)
                    self.send_header("Location", outer.targets[int(self.path.split("/")[2])])
                    self.end_headers()
                    return
                if manner == "endless":
                    self.send_response(200)
                    self.end_headers()
                    while body:
                        self.wfile.write(bytes(65536))
                    return
                data = outer.files.get(self.path.replace("/" + manner, "", 1) if manner in MANNERS else self.path)
                if data is None:
                    self.send_error(404)
                    return
                if manner == "faulty" and body and outer.failed.setdefault(self.path, 0) < outer.faults:
                    outer.failed[self.path] += 1
                    self.send_error(503)
                    return
                first, last = 0, len(data) - 1
                asked = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
                if asked and manner != "plain":
                    first, last, size = int(asked[1]), min(int(asked[2] or last), last), len(data)
                    if manner == "partly":
                        last = min(last, first + outer.step - 1)
                    elif manner == "shifted":
                        first = first + 1
                    elif manner == "growing":
                        last, size = min(last, first + outer.step - 1), size + len(outer.asked)
                    self.send_response(206)
                    self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
                else:
                    self.send_response(200)
                self.send_header("Content-Length", str(last - first + 1))
                self.end_headers()
                if body:
                    part = data[first:last + 1]
                    self.wfile.write(part[:outer.step] if manner == "lossy" else part)

        self.server = http.server.ThreadingHTTPServer((host, 0), Handler)
        self.server.daemon_threads = True
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.origin = f"http{'s' if certificate else ''}://{host}:{self.server.server_address[1]}"

    def url(self, path):
        return self.origin + path

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
