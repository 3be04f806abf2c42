"""make run and make stop: conf/embedded."""
import os
import subprocess

import pytest
import requests

from t.server import TOP, Server


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_second_run_keeps_processes_and_data(server, http, organization):
    before = {name: server.pid(name) for name in ("nginx", "postgres", "redis")}
    said = server.start()
    assert {name: server.pid(name) for name in before} == before
    assert server.url in said and server.password in said
    assert http.ok("GET", f"/rest/Organization/{organization}")["id"] == organization


def test_run_brings_back_what_is_down_and_keeps_data(server, http, organization):
    token = server.token
    server.stop()
    server.start()
    assert server.token == token
    assert http.ok("GET", f"/rest/Organization/{organization}")["id"] == organization


def test_two_run_side_by_side_and_stop_ends_only_its_own(server):
    with Server(ADMIN_PASSWORD="it's a Secret") as other:
        assert other.password == "it's a Secret"
        assert other.port != server.port and other.dsn != server.dsn
        assert other.http().ok("POST", "/rest/Token", {"username": "admin", "password": other.password})["token"] == other.token
        foreign = requests.get(other.url + "/rest/User/GetCurrent", headers={"Authorization": "Token " + server.token}, timeout=20)
        assert foreign.status_code == 400
        pids = [other.pid(name) for name in ("nginx", "postgres", "redis")]
        other.stop()
        assert not [pid for pid in pids if alive(pid)]
    assert server.http().ok("GET", "/rest/User/GetCurrent")["username"] == "admin"


def test_the_administrator_is_the_first_user(http):
    admin = http.ok("GET", "/rest/User/GetCurrent")
    assert (admin["id"], admin["username"], admin["email"], admin["is_staff"]) == (1, "admin", "admin@example.com", True)
    assert (admin["first_name"], admin["last_name"]) == ("", "")


def test_settings_of_the_caller_reach_the_module():
    with Server(MAIN_HOST="tator.example.com") as other:
        ask = {"Authorization": "Token " + other.token}
        assert requests.get(other.url + "/rest/User/GetCurrent", headers=ask | {"Host": "tator.example.com"}, timeout=20).status_code == 200
        assert requests.get(other.url + "/rest/User/GetCurrent", headers=ask | {"Host": "elsewhere.example.com"}, timeout=20).status_code == 400


def test_configure_names_the_package_of_what_is_missing(tmp_path):
    environment = {**os.environ, "PKG_CONFIG_LIBDIR": str(tmp_path)}
    done = subprocess.run([str(TOP / "configure"), f"--builddir={tmp_path}/build", f"--with-nginx={tmp_path}"], env=environment,
                          capture_output=True, text=True)
    assert done.returncode != 0
    lines = done.stderr.splitlines()
    for package in ("libpq-dev", "libhiredis-dev", "libjansson-dev", "libcurl4-openssl-dev", "libssl-dev", "libvips-dev", "nginx-dev"):
        assert len([line for line in lines if line.endswith(f"apt-get install {package}")]) == 1, package


@pytest.mark.parametrize("name,value", [("COGNITO_ENABLED", "true"), ("REDIS_USE_SSL", "True")])
def test_what_is_not_there_is_refused_at_the_start(server, name, value):
    """Who sets it relies on it."""
    environment = {**server.environment, **server.settings(), name: value}
    done = subprocess.run(["nginx", "-t", "-c", str(server.var / "nginx.conf")], env=environment, capture_output=True, text=True)
    assert done.returncode != 0
    assert name in done.stderr
    environment[name] = ""
    done = subprocess.run(["nginx", "-t", "-c", str(server.var / "nginx.conf")], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


OKTA = {"OKTA_ENABLED": "true", "OKTA_OAUTH2_KEY": "key", "OKTA_OAUTH2_SECRET": "secret", "OKTA_OAUTH2_ISSUER": "https://id.example.com"}


@pytest.mark.parametrize("settings,named", [
    ({**OKTA, "OKTA_OAUTH2_SECRET": ""}, "OKTA_OAUTH2_SECRET"), ({**OKTA, "OKTA_OAUTH2_ISSUER": "id.example.com"}, "OKTA_OAUTH2_ISSUER"),
    ({**OKTA, "OKTA_OAUTH2_TOKEN_URI": "ftp://id.example.com"}, "OKTA_OAUTH2_TOKEN_URI"), ({**OKTA, "KEYCLOAK_ENABLED": "TRUE"}, "KEYCLOAK_ENABLED"),
    ({"KEYCLOAK_ENABLED": "TRUE", "MAIN_HOST": ""}, "KEYCLOAK_ISSUER"), ({"TATOR_CLOCK_SKEW": "x"}, "TATOR_CLOCK_SKEW"), (OKTA, None),
    ({"KEYCLOAK_ENABLED": "TRUE"}, None)])
def test_a_provider_that_is_half_described_is_refused_at_the_start(server, settings, named):
    environment = {**server.environment, **server.settings(), **settings}
    done = subprocess.run(["nginx", "-t", "-c", str(server.var / "nginx.conf")], env=environment, capture_output=True, text=True)
    assert (done.returncode == 0) == (named is None), done.stderr
    assert named is None or named in done.stderr
