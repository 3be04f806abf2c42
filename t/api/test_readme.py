"""README is true: its example runs as it stands, its tables are complete."""
import os
import re
import subprocess
import sys

from t.server import TOP

README = (TOP / "README.md").read_text()


def block(language, containing):
    return next(text for name, text in re.findall(r"```(\w*)\n(.*?)```", README, re.S) if name == language and containing in text)


def test_the_worked_example_runs_as_it_stands(server, tmp_path):
    (tmp_path / "example.py").write_text(block("python", "tator.get_api"))
    make_video = next(line for line in block("sh", "birds.mp4").splitlines() if line.startswith("ffmpeg"))
    subprocess.run(make_video, shell=True, cwd=tmp_path, check=True)
    environment = {**os.environ, "TATOR_URL": server.url, "TATOR_TOKEN": server.token}
    done = subprocess.run([sys.executable, "example.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    promised = block("", "is sure").strip().splitlines()
    assert done.stdout.strip().splitlines()[-len(promised):] == promised


def test_every_directive_is_documented():
    sources = "".join(path.read_text() for path in (TOP / "ngx_tator_module").rglob("*.c"))
    names = set(re.findall(r'(?:MAIN\(|\{ngx_string\()"(tator(?:_\w+)?)"', sources))
    assert {"tator", "tator_database", "tator_objects", "tator_metrics"} <= names
    assert names - set(re.findall(r"^\| `(tator\w*)", README, re.M)) == set()


def test_every_environment_variable_is_documented():
    names = set(re.findall(r'SETTING\("(\w*[A-Z])"', (TOP / "lib/config.c").read_text()))
    assert "POSTGRES_HOST" in names
    table = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", README))
    assert names - table == set()
