"""What a worker can not be started with is refused by name, before it does anything: workers/common/settings.c."""
import os
import subprocess
from pathlib import Path

import pytest

BUILD = Path(os.environ.get("BUILD", "build")).resolve()


def started(program, *words, **environment):
    return subprocess.run([BUILD / program, *words], env={**os.environ, **environment}, capture_output=True, text=True, timeout=20)


@pytest.mark.parametrize("program,variable", [
    ("tator-cron", "TATOR_CRON_PORT"), ("tator-mail", "TATOR_MAIL_PORT"), ("tator-transcode", "TATOR_TRANSCODE_PORT"),
    ("tator-transcode", "TATOR_TRANSCODE_JOBS"), ("tator-transcode", "TATOR_TRANSCODE_IMAGES"), ("tator-transcode", "TATOR_TRANSCODE_LEASE"),
    ("tator-transcode", "TATOR_TRANSCODE_THREADS"), ("tator-transcode", "TATOR_TRANSCODE_MEMORY"), ("tator-transcode", "TATOR_TRANSCODE_DISK"),
    ("tator-transcode", "TATOR_TRANSCODE_TRIES")])
@pytest.mark.parametrize("value", ["1x", "99999999999999999999"])
def test_numbers_of_the_environment(program, variable, value):
    done = started(program, **{variable: value})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f'{variable}: "{value}" is no whole number from ')


@pytest.mark.parametrize("program,option", [("tator-cron", "--port"), ("tator-mail", "--port"), ("tator-transcode", "--port"),
                                            ("tator-transcode", "--transcodes"), ("tator-transcode", "--images"), ("tator-transcode", "--attempt")])
def test_numbers_of_the_command_line(program, option):
    for value in ("", "x", "1.5", "-1"):
        done = started(program, option, value)
        assert (done.returncode, done.stderr.startswith(f'{option}: "{value}" is no whole number from ')) == (2, True)


@pytest.mark.parametrize("value", ["", "fast", "25x", "nan", "inf"])
def test_a_rate(value):
    done = started("tator-transcode", "--file", "x", "--output", "y", "--force-fps", value)
    assert (done.returncode, done.stderr) == (2, f'--force-fps: "{value}" is no rate\n')


@pytest.mark.parametrize("program,words", [("tator-cron", ()), ("tator-mail", ()), ("tator-transcode", ()), ("tator-admin", ("migrate",))])
def test_settings_that_all_share(program, words):
    done = started(program, *words, POSTGRES_PORT="five")
    assert done.returncode != 0
    assert done.stderr == f"{program}: the value of POSTGRES_PORT can not be used\n"


@pytest.mark.parametrize("program", ["tator-cron", "tator-mail", "tator-transcode"])
def test_help_and_unknown_options(program):
    done = started(program, "--help")
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith(f"usage: {program} ")
    done = started(program, "--nothing")
    assert (done.returncode, done.stdout) == (2, "") and f"usage: {program} " in done.stderr
