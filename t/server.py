"""A server of the tests' own: PostgreSQL, Redis, NGINX with the module and the workers, by the same scripts as `make run`."""
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import boto3
import requests

TOP = pathlib.Path(__file__).resolve().parent.parent
ALARM = re.compile(r"\[(alert|crit|emerg)\]|exited on signal|signal (11|6|7|4) ")

# What the tests need beside the defaults: what may be created, from where files may be imported, no throttling.
SETTINGS = {
    "ANONYMOUS_REGISTRATION_ENABLED": "true",
    "ALLOW_ORGANIZATION_POST": "true",
    "AUTOCREATE_ORGANIZATIONS": "true",
    "TATOR_RATE_LIMITS": "off",
    "FAST_DATABASE": "on",
    "PREPARED": "on",
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """Starts on entry, ends and removes its folder on exit. Keyword arguments are environment variables of `make run`."""

    TOP, ALARM = TOP, ALARM

    def __init__(self, **settings):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tator-test-"))
        self.folder.chmod(0o755)
        self.var = self.folder / "var"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {**os.environ, **SETTINGS, "BUILD": os.environ.get("BUILD", "build"),
                            "VAR": str(self.var), "PORT": str(self.port),
                            "SERVER_SIDE_REQUEST_ORIGINS": "http://127.0.0.1,http://localhost", **settings}
        self.read = {}
        self.command = ["bash", str(TOP / "conf/embedded/run")]

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        if not os.environ.get("KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, **settings):
        """Brings up what is down; what runs with another program or environment is restarted."""
        self.environment.update(settings)
        done = subprocess.run(self.command, env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"the server does not start:\n{done.stdout}\n{done.stderr}")
        values = dict(word.split("=", 1) for word in shlex.split((self.var / "tator.env").read_text()))
        self.user, self.password, self.token = values["TATOR_USER"], values["TATOR_PASSWORD"], values["TATOR_TOKEN"]
        self.dsn, self.redis, self.store = values["TATOR_DSN"], values["TATOR_REDIS"], pathlib.Path(values["TATOR_STORE"])
        return done.stdout

    def stop(self):
        subprocess.run(["bash", str(TOP / "conf/embedded/stop")], env=self.environment, check=True)

    def pid(self, name):
        """Of nginx, postgres, redis or worker-NAME-NUMBER."""
        return int((self.var / "run" / f"{name}.pid").read_text().split()[0])

    def kill(self, name, sign=signal.SIGKILL):
        os.kill(self.pid(name), sign)

    def reload(self):
        self.kill("nginx", signal.SIGHUP)

    def http(self, token=None):
        return Http(self.url, token or self.token)

    def settings(self):
        """The environment of module and workers."""
        return dict(line.split("=", 1) for line in (self.var / "environment").read_text().splitlines() if "=" in line)

    def objects(self, prefix=""):
        """The keys in the default bucket of the embedded store."""
        settings = self.settings()
        store = boto3.client("s3", endpoint_url=self.url + "/objects", region_name="us-east-2", aws_access_key_id=settings["TATOR_OBJECTS_ACCESS_KEY"],
                             aws_secret_access_key=settings["TATOR_OBJECTS_SECRET_KEY"])
        pages = store.get_paginator("list_objects_v2").paginate(Bucket=settings["DEFAULT_LIVE_BUCKET_NAME"], Prefix=prefix)
        return {item["Key"] for page in pages for item in page.get("Contents", [])}

    def log(self):
        path = self.var / "log" / "error.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def alarms(self):
        """What the error log and the sanitizers said since the last call."""
        found, text = [], self.log()
        new, self.read["error.log"] = text[self.read.get("error.log", 0):], len(text)
        found += [line for line in new.splitlines() if ALARM.search(line)]
        for path in sorted((self.var / "log" / "sanitizer").glob("*")):
            if path.name not in self.read:
                self.read[path.name] = True
                found.append(f"{path.name}: {path.read_text(errors='replace')[:6000]}")
        return found

    def sql(self, statement, **values):
        """The rows of a statement as dictionaries; :name and :'name' in it stand for the values, as psql has them."""
        wrapped = f"WITH answer AS ({statement}) SELECT coalesce(json_agg(answer), '[]') FROM answer"
        return json.loads(self.psql(wrapped, **values) or "[]")

    def psql(self, statement, **values):
        settings = [part for name, value in values.items() for part in ("-v", f"{name}={value}")]
        done = subprocess.run(["psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", *settings, self.dsn], input=statement,
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def busy(self):
        """Statements and transactions that the server has open."""
        return self.sql("SELECT pid, state, left(query, 200) AS query FROM pg_stat_activity WHERE backend_type = 'client backend' "
                        "AND datname = 'tator_online' AND state <> 'idle' AND pid <> pg_backend_pid()")

    def idle(self, seconds=10):
        """Waits until it has none; what remains, else []."""
        until = time.monotonic() + seconds
        while (remaining := self.busy()) and time.monotonic() < until:
            time.sleep(0.05)
        return remaining


class Http(requests.Session):
    """Plain HTTP as some user, by paths: http.get("/rest/Projects")."""

    def __init__(self, url, token=None):
        super().__init__()
        self.url = url
        if token:
            self.headers["Authorization"] = "Token " + token

    def request(self, method, path, *arguments, **options):
        options.setdefault("timeout", 120)
        options.setdefault("allow_redirects", False)
        return super().request(method, path if "://" in path else self.url + path, *arguments, **options)

    def ok(self, method, path, body=None, **query):
        """The parsed answer of a request that must succeed."""
        answer = self.request(method, path, json=body, params=query or None)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()
