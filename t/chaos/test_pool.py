"""One database connection for each worker, many clients."""
import pytest

from t.chaos.conftest import boxes, fill
from t.chaos.load import Load
from t.server import Server


@pytest.fixture(scope="module")
def server():
    with Server(WORKER_PROCESSES="1", DATABASE_CONNECTIONS="1") as running:
        yield running


def test_64_clients_share_one_connection(server, filled):
    answers = {f"/rest/Localization/{id}": 200 for id in filled.boxes[:5]}
    answers[f"/rest/Localizations/{filled.project}?start=0&stop=500"] = 200
    answers[f"/rest/LocalizationCount/{filled.project}"] = 200
    answers["/rest/Localization/2147483000"] = 404
    paths = list(answers) * 50
    wrong = []

    def work():
        path = paths.pop() if paths else next(iter(answers))
        with server.http() as http:
            answer = http.get(path)
        if answer.status_code != answers[path]:
            wrong.append((path, answer.status_code, answer.text[:200]))
        return answer

    with Load(work, threads=64) as load:
        load.wait(600)
    assert wrong == []
    assert set(load.results) <= {200, 404}, (load.results, load.samples)


def test_transactions_queue_for_it_too(server, filled):
    made = fill(server)

    def work():
        with server.http() as http:
            return http.post(f"/rest/Localizations/{made.project}", json=boxes(made, 10))

    with Load(work, threads=32) as load:
        load.wait(100, 201)
    assert set(load.results) == {201}, (load.results, load.samples)
    assert server.http().ok("GET", f"/rest/LocalizationCount/{made.project}") == 10 * load.results[201]
