"""How often a caller may ask, counted for all workers together: contract/operations.md §19, accounts.md §2."""
import concurrent.futures
import subprocess
import time
import uuid

import pytest

from t.server import Http, Server

THROTTLED = "Request was throttled. Expected available in 1 second."


@pytest.fixture(scope="module")
def limited():
    """A server with the contract's limits and four workers."""
    with Server(TATOR_RATE_LIMITS="on", WORKER_PROCESSES="4") as running:
        yield running
        assert running.alarms() == []


@pytest.fixture
def address():
    """The header of an address that nobody else has."""
    return {"X-Forwarded-For": uuid.uuid4().hex}


def ask(server, path="/rest/User/Exists?username=nobody", token=None, method="GET", **options):
    """On a connection of its own, so that any worker may get it."""
    with Http(server.url, token) as http:
        return http.request(method, path, **options)


def burst(server, count, **options):
    """The answers of so many requests at the same time, and how many of them a limit of `limit` in a second lets through at most."""
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: ask(server, **options), range(count)))
    return answers, int(time.monotonic() - started) + 1


def good(answers):
    return [answer for answer in answers if answer.status_code == 200]


def until_good(server, **options):
    """Asks on and on until it is let through."""
    for _ in range(2000):
        if (answer := ask(server, **options)).status_code == 200:
            return answer
    raise AssertionError("never let through again")


def test_ten_a_second_without_credentials_for_all_workers_together(limited, address):
    answers, seconds = burst(limited, 80, headers=address)
    assert 10 <= len(good(answers)) <= 10 * seconds
    refused = next(answer for answer in answers if answer.status_code != 200)
    assert (refused.status_code, refused.json()) == (400, {"message": THROTTLED, "details": "None"})
    assert "Retry-After" not in refused.headers


def test_what_is_refused_is_not_counted(limited, address):
    burst(limited, 40, headers=address)
    until_good(limited, headers=address)


def test_each_address_and_each_user_counts_alone(limited, address):
    token = ask(limited, "/rest/Token", method="POST", json={"username": limited.user, "password": limited.password}, headers=address).json()["token"]
    burst(limited, 40, headers=address)
    assert ask(limited, headers={"X-Forwarded-For": uuid.uuid4().hex}).status_code == 200
    answers, _ = burst(limited, 60, token=token, headers=address)
    assert len(good(answers)) == 60


def test_a_hundred_a_second_for_a_user_wherever_he_is(limited):
    answers, seconds = [], 0
    for _ in range(3):
        more, lasted = burst(limited, 300, token=limited.token, path="/rest/User/Exists?username=nobody", headers={"X-Forwarded-For": uuid.uuid4().hex})
        answers, seconds = answers + more, seconds + lasted
    assert 100 <= len(good(answers)) <= 100 * seconds


@pytest.mark.parametrize("path,method", [("/schema", "GET"), ("/schema/", "GET"), ("/rest/Notify", "POST")])
def test_what_has_its_own_errors_says_when_to_come_back(limited, address, path, method):
    answers, _ = burst(limited, 60, path=path, method=method, headers=address)
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].json() == {"detail": THROTTLED}
    assert refused[0].headers["Retry-After"] == "1"


def test_pages_are_not_counted(limited, address):
    answers, _ = burst(limited, 40, path="/check-login/", headers=address)
    assert len(good(answers)) == 40
    assert ask(limited, headers=address).status_code == 200


def test_limits_are_directives(limited, address):
    limited.start(NGINX_HTTP="tator_rate_limit_anonymous 3; tator_rate_limit_user 5; tator_rate_limit_credentials 4;")
    answers, seconds = burst(limited, 30, headers=address)
    assert 3 <= len(good(answers)) <= 3 * seconds
    time.sleep(3)       # the server's start asked as this user: a whole second without, also by the clock of a worker that was kept waiting
    answers, seconds = burst(limited, 30, token=limited.token)
    assert 5 <= len(good(answers)) <= 5 * seconds, [(a.status_code, a.text[:60]) for a in answers]


def test_credentials_are_limited_by_the_minute_when_asked_for(limited):
    limited.start(NGINX_HTTP="tator_rate_limit_credentials 4;")
    for path, body, refusal in (("/rest/Token", {"json": {"username": "nobody", "password": "wrong"}}, 400),
                                ("/rest/PasswordReset", {"json": {"email": "nobody@example.com"}}, 400),
                                ("/accounts/login/", {"data": {"username": "nobody", "password": "wrong"}}, 429)):
        address = {"X-Forwarded-For": uuid.uuid4().hex}
        answers = [ask(limited, path, method="POST", headers=address, **body) for _ in range(6)]
        assert ["throttled" in answer.text for answer in answers] == [False] * 4 + [True] * 2
        assert answers[5].status_code == refusal
        assert ("Retry-After" in answers[5].headers) == (refusal == 429)


def test_clients_that_reach_nginx_directly_do_not_choose_their_address(limited):
    limited.start(NGINX_HTTP="tator_forwarded_for off; tator_rate_limit_anonymous 3;")
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        started = time.monotonic()
        answers = list(pool.map(lambda _: ask(limited, headers={"X-Forwarded-For": uuid.uuid4().hex}), range(40)))
    assert len(good(answers)) <= 3 * (int(time.monotonic() - started) + 1)


def test_none_is_none(limited, address):
    limited.start(NGINX_HTTP="tator_rate_limit_anonymous 0; tator_rate_limit_user 0;")
    answers, _ = burst(limited, 60, headers=address)
    assert len(good(answers)) == 60
    answers, _ = burst(limited, 150, token=limited.token)
    assert len(good(answers)) == 150


@pytest.mark.parametrize("value", ["1001", "-1", "many", ""])
def test_a_limit_that_can_not_be_is_refused(limited, value, tmp_path):
    text = (limited.var / "nginx.conf").read_text().replace("tator_database_connections", f"tator_rate_limit_user {value};\n    tator_database_connections")
    path = tmp_path / "nginx.conf"
    path.write_text(text)
    environment = {**limited.environment, **limited.settings()}
    done = subprocess.run(["nginx", "-t", "-c", str(path)], env=environment, capture_output=True, text=True)
    assert done.returncode != 0
    assert f"{path}:" in done.stderr
