"""Uploads in parts that nobody completes: tator-admin abortuploads, by the embedded store and by another S3 server."""
import os
import pathlib
import shlex
import subprocess
import urllib.parse
import uuid

import boto3
import pytest
import requests
from botocore.client import Config

from t.server import TOP, free_port

PEER = pathlib.Path(__file__).resolve().parents[3] / "shared" / "peers" / "s3.sh"


def job(server, *arguments):
    program = str(TOP / server.environment["BUILD"] / "tator-admin")
    done = subprocess.run([program, "abortuploads", *arguments], env={**os.environ, **server.settings()}, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def store(server):
    settings = server.settings()
    client = boto3.client("s3", endpoint_url=server.url + "/objects", region_name="us-east-2", aws_access_key_id=settings["TATOR_OBJECTS_ACCESS_KEY"],
                          aws_secret_access_key=settings["TATOR_OBJECTS_SECRET_KEY"], config=Config(s3={"addressing_style": "path"}))
    client.bucket = settings["DEFAULT_LIVE_BUCKET_NAME"]
    return client


def begun(client):
    return {entry["UploadId"]: entry["Key"] for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=client.bucket) for entry in page.get("Uploads", [])}


def test_uploads_are_listed_in_pages(store):
    mine = {store.create_multipart_upload(Bucket=store.bucket, Key=f"pages/{k % 3}")["UploadId"]: f"pages/{k % 3}" for k in range(7)}
    try:
        pages = list(store.get_paginator("list_multipart_uploads").paginate(Bucket=store.bucket, Prefix="pages/", PaginationConfig={"PageSize": 2}))
        assert [len(page["Uploads"]) for page in pages] == [2, 2, 2, 1]
        found = [(entry["Key"], entry["UploadId"]) for page in pages for entry in page["Uploads"]]
        assert sorted(found) == found and {number: key for key, number in found} == mine
    finally:
        for number, key in mine.items():
            store.abort_multipart_upload(Bucket=store.bucket, Key=key, UploadId=number)


def test_what_was_left_behind_is_ended_and_what_is_new_or_of_others_stays(server, http, project, store):
    info = http.ok("GET", f"/rest/UploadInfo/{project.id}", filename="left.mp4", num_parts=2)
    assert requests.put(info["urls"][0], data=b"x" * 5_300_000).status_code == 200
    left, new = (f"{project.organization}/{project.id}/7/{name}" for name in ("left", "new"))
    others = store.create_multipart_upload(Bucket=store.bucket, Key="backups/of/others")["UploadId"]
    numbers = {name: store.create_multipart_upload(Bucket=store.bucket, Key=name)["UploadId"] for name in (left, new)}

    def age(number, days):
        path = next((server.store / "uploads").glob(f"*/{number}/upload"))
        data = path.read_bytes()
        start = data.index(b'"started"')
        digits = data[start:].split(b":")[1].split(b",")[0].split(b"}")[0].strip()
        old = str(int(digits) - days * 86400).encode()
        assert len(old) == len(digits)
        path.write_bytes(data.replace(digits, old))

    query = urllib.parse.parse_qs(urllib.parse.urlsplit(info["urls"][0]).query)
    first = query.get("uploadId", query.get("uploadid"))[0]
    age(first, 9)
    age(numbers[left], 9)
    age(others, 9)
    age(numbers[new], 7)
    status, said = job(server)
    assert status == 0, said
    remaining = begun(store)
    assert set(remaining) & {first, *numbers.values(), others} == {numbers[new], others}
    assert not list((server.store / "uploads").glob(f"*/{first}")), "its parts are gone"
    # the same at once, and once more: nothing is left to be done
    assert job(server, "--min_age_days", "0")[0] == 0
    assert set(begun(store)) & {numbers[new], others} == {others}
    assert "0 uploads ended, 0 could not be" in job(server, "--min_age_days", "0")[1]
    assert job(server, "--min_age_days", "x")[0] == 2
    store.abort_multipart_upload(Bucket=store.bucket, Key="backups/of/others", UploadId=others)


def test_a_store_that_is_down_keeps_no_other_waiting(server, http, organization, store):
    config = {"endpoint_url": f"http://127.0.0.1:{free_port()}", "region_name": "r", "aws_access_key_id": "a", "aws_secret_access_key": "s"}
    bucket = http.ok("POST", f"/rest/Buckets/{organization}", {"name": "down", "store_type": "MINIO", "config": config})["id"]
    number = store.create_multipart_upload(Bucket=store.bucket, Key="1/1/1/x")["UploadId"]
    status, said = job(server, "--min_age_days", "0")
    assert status == 0 and "does not say which uploads it has" in said
    assert number not in begun(store)
    http.ok("DELETE", f"/rest/Bucket/{bucket}")


@pytest.fixture(scope="module")
def peer():
    """A bucket of a real S3 server that is not ours."""
    if not PEER.exists():
        pytest.skip("no other S3 server here")
    environment = {**os.environ, "S3_PORT": str(free_port()), "S3_AUX_PORT": str(20000 + os.getpid() % 1000 * 10)}

    def run(verb):
        return subprocess.run(["bash", str(PEER), verb], env=environment, capture_output=True, text=True)

    if run("status").returncode == 0:
        pytest.skip("the other S3 server is at somebody else's service")
    try:
        if run("start").returncode or run("wait").returncode:
            pytest.skip("the other S3 server does not start")
        yield dict(word.split("=", 1) for word in shlex.split(run("env").stdout) if "=" in word)
    finally:
        run("stop")


def test_another_s3_server(server, http, organization, peer):
    endpoint, access, secret = peer["S3_ENDPOINT_URL"], peer["AWS_ACCESS_KEY_ID"], peer["AWS_SECRET_ACCESS_KEY"]
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=access, aws_secret_access_key=secret, config=Config(s3={"addressing_style": "path"}))
    client.bucket = "uploads" + uuid.uuid4().hex[:12]
    client.create_bucket(Bucket=client.bucket)
    config = {"endpoint_url": endpoint, "region_name": "us-east-1", "aws_access_key_id": access, "aws_secret_access_key": secret}
    made = [http.ok("POST", f"/rest/Buckets/{organization}", {"name": client.bucket, "store_type": kind, "config": config})["id"] for kind in ("MINIO", "AWS")]
    keys = ["1/2/3/é x", "_uploads/1/2/3/y", f"{client.bucket}/4/5/6/z", "others/w"]
    numbers = {}
    for key in keys:
        numbers[key] = client.create_multipart_upload(Bucket=client.bucket, Key=key)["UploadId"]
        client.upload_part(Bucket=client.bucket, Key=key, UploadId=numbers[key], PartNumber=1, Body=b"x" * 100)
    assert set(begun(client)) == set(numbers.values())
    assert job(server)[0] == 0
    assert set(begun(client)) == set(numbers.values()), "they are of today"
    status, said = job(server, "--min_age_days", "0")
    assert status == 0, said
    assert begun(client) == {numbers["others/w"]: "others/w"}, said
    for number in made:
        http.ok("DELETE", f"/rest/Bucket/{number}")
