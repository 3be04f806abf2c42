"""Another NGINX on the services of a running server, with settings of its own: a second replica, or the other mode of permissions."""
import os
import re
import subprocess
import time

from t.server import Http, free_port


class Replica:
    """Starts on entry, ends on exit. Keyword arguments are environment variables."""

    def __init__(self, server, name="replica", **settings):
        self.server = server
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.token = server.token
        self.folder = server.var / name
        self.environment = {**os.environ, **server.settings(), **settings}

    def __enter__(self):
        build = os.environ.get("BUILD", "build")
        self.folder.mkdir(mode=0o755, exist_ok=True)
        self.log = self.folder / "error.log"
        text = (self.server.var / "nginx.conf").read_text()
        text = re.sub(r"\blisten +127\.0\.0\.1:\d+", f"listen 127.0.0.1:{self.port}", text)
        text = re.sub(r"^pid .*$", f"pid {self.folder}/nginx.pid;", text, flags=re.M)
        text = re.sub(r"^error_log \S+", f"error_log {self.log}", text, flags=re.M)
        text = re.sub(r"access_log \S+ main", f"access_log {self.folder}/access.log main", text)
        (self.folder / "nginx.conf").write_text(text)
        configured = (self.server.TOP / build / "config.mk").read_text()
        program = re.search(r"^NGINX_BINARY *= *(\S+)", configured, re.M)[1]
        if re.search(r"^SANITIZE *= *yes", configured, re.M):
            libraries = [subprocess.run([re.search(r"^CC *= *(\S+)", configured, re.M)[1], f"-print-file-name={name}"], capture_output=True,
                                        text=True, check=True).stdout.strip() for name in ("libasan.so", "libubsan.so")]
            self.environment.update(LD_PRELOAD=":".join(libraries), ASAN_OPTIONS="detect_odr_violation=0:detect_leaks=0:abort_on_error=1")
        done = subprocess.run([program, "-e", str(self.log), "-c", str(self.folder / "nginx.conf")], env=self.environment, capture_output=True,
                              text=True)
        assert done.returncode == 0, done.stderr
        with self.http() as session:
            until = time.monotonic() + 20
            while True:
                try:
                    if session.get("/rest/User/GetCurrent").status_code == 200:
                        return self
                except OSError:
                    pass
                assert time.monotonic() < until, self.log.read_text()[-3000:]
                time.sleep(0.05)

    def __exit__(self, *_):
        pid = int((self.folder / "nginx.pid").read_text())
        os.kill(pid, 15)
        until = time.monotonic() + 20
        while (self.folder / "nginx.pid").exists() and time.monotonic() < until:
            time.sleep(0.05)

    def http(self, token=None):
        return Http(self.url, token or self.token)

    def alarms(self):
        """What its error log says of crashes."""
        return [line for line in self.log.read_text(errors="replace").splitlines() if self.server.ALARM.search(line)]
