"""Uploads, downloads, permalinks, files of a media, buckets and who holds an object: by the real client and by plain HTTP."""
import concurrent.futures
import json
import os
import re
import urllib.parse
import uuid

import boto3
import pytest
import requests
import tator
from botocore.client import Config
from tator.util._upload_file import _upload_file

MD5 = "d41d8cd98f00b204e9800998ecf8427e"


@pytest.fixture
def media(http, project):
    """An image media without files: its id."""
    project.types()
    return http.ok("POST", f"/rest/Medias/{project.id}", {"type": project.image, "name": "one", "md5": MD5})["id"]


def put(http, project, data, **query):
    """Upload bytes: the key."""
    info = http.ok("GET", f"/rest/UploadInfo/{project.id}", **query)
    answer = requests.put(info["urls"][0], data=data)
    assert answer.status_code == 200, answer.text
    return info["key"]


def url_of(http, project, key, **query):
    return http.ok("POST", f"/rest/DownloadInfo/{project.id}", {"keys": [key]}, **query)[0]["url"]


def exists(url):
    return requests.get(url, headers={"Range": "bytes=0-0"}).status_code < 400


def resources(server, key):
    return server.sql("SELECT r.bucket_id, (SELECT json_agg(media_id ORDER BY media_id) FROM main_resource_media WHERE resource_id = r.id) AS media"
                      " FROM main_resource r WHERE r.path = :'key'", key=key)


# --- uploads and downloads

@pytest.mark.parametrize("size", [5, 10 * 1024 * 1024 + 1, 25 * 1024 * 1024])
def test_the_client_uploads_and_what_it_downloads_is_the_same(api, http, project, media, tmp_path, size):
    path = tmp_path / "film.v2.bin"
    path.write_bytes(os.urandom(size))
    info = None
    for progress, answer in _upload_file(api, project.id, str(path), media_id=media, filename="film.v2.bin"):
        info = answer or info
    assert progress == 100
    assert re.fullmatch(rf"{project.organization}/{project.id}/{media}/film\.v2_[A-Za-z]{{10}}\.bin", info.key)
    assert requests.get(url_of(http, project, info.key)).content == path.read_bytes()


def test_the_clients_attachment(api, project, media, tmp_path):
    (tmp_path / "notes.txt").write_text("foo")
    for _, answer in tator.util.upload_attachment(api, media, str(tmp_path / "notes.txt")):
        pass
    for _ in tator.util.download_attachment(api, api.get_media(media), str(tmp_path / "back.txt")):
        pass
    assert (tmp_path / "back.txt").read_text() == "foo"


def test_the_clients_download(api, http, project, media, tmp_path):
    data = os.urandom(100000)
    key = put(http, project, data, media_id=media)
    http.ok("POST", f"/rest/ImageFiles/{media}", {"path": key, "resolution": [10, 20], "size": len(data)}, role="image")
    for _ in tator.util.download_media(api, api.get_media(media), str(tmp_path / "out")):
        pass
    assert (tmp_path / "out").read_bytes() == data


def test_many_parts(http, project):
    info = http.ok("GET", f"/rest/UploadInfo/{project.id}", num_parts=10000)
    assert len(set(info["urls"])) == 10000
    assert info["upload_id"]
    numbers = [urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["partNumber"][0] for url in info["urls"]]
    assert numbers == [str(number) for number in range(1, 10001)]


def test_a_url_ends(http, project):
    url = http.ok("GET", f"/rest/UploadInfo/{project.id}", expiration=600)["urls"][0]
    assert urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["X-Amz-Expires"] == ["600"]


@pytest.mark.parametrize("query", [{"filename": "../../x"}, {"filename": "a/b"}])
def test_a_name_does_not_leave_its_folder(http, project, query):
    assert http.get(f"/rest/UploadInfo/{project.id}", params=query).status_code == 400


def test_a_completion_that_fails(http, project):
    info = http.ok("GET", f"/rest/UploadInfo/{project.id}", num_parts=2)
    parts = [{"ETag": requests.put(url, data=b"x").headers["ETag"], "PartNumber": number} for number, url in enumerate(info["urls"], 1)]
    path = f"/rest/UploadCompletion/{project.id}"
    body = {"key": info["key"], "upload_id": info["upload_id"]}
    answer = http.post(path, json={**body, "parts": parts[::-1]})
    assert (answer.status_code, answer.json()["message"]) == (400, f"Upload completion for {info['key']} failed!")
    assert http.post(path, json={**body, "parts": [parts[0], {**parts[1], "ETag": '"0"'}]}).status_code == 400
    assert http.post(path, json={**body, "parts": parts, "bucket_id": None}).status_code == 201
    assert requests.get(url_of(http, project, info["key"])).content == b"xx"


def test_downloads_of_another_project_are_refused(http, project, organization, user):
    other = http.ok("POST", "/rest/Projects", {"name": uuid.uuid4().hex, "organization": project.organization})["id"]
    path = f"/rest/DownloadInfo/{project.id}"
    assert http.post(path, json={"keys": [f"1/{other}/3/x"]}).status_code == 403
    assert http.post(path, json={"keys": [f"_uploads/2026-01-01/1/{other}/3/x"]}).status_code == 403
    for key in ("x", "a/b/c", "_uploads/1/2", ""):
        assert http.post(path, json={"keys": [key]}).status_code == 400
    assert user().http.post(path, json={"keys": []}).status_code == 403


def test_download_urls_are_kept_in_the_cache(http, project):
    key = put(http, project, b"1")
    first = url_of(http, project, key, expiration=7200)
    assert url_of(http, project, key, expiration=60) == first
    other = put(http, project, b"2")
    brief = url_of(http, project, other, expiration=3600)
    assert "X-Amz-Expires=3600" in brief
    assert "X-Amz-Expires=3601" in url_of(http, project, other, expiration=3601)


# --- files of a media and who holds them

def test_objects_go_with_the_last_that_holds_them(server, http, project, media):
    second = http.ok("POST", f"/rest/Medias/{project.id}", {"type": project.image, "name": "two", "md5": MD5})["id"]
    key = put(http, project, b"shared", media_id=media)
    http.ok("POST", f"/rest/ImageFiles/{media}", {"path": key, "resolution": [1, 1]}, role="image")
    server.psql("INSERT INTO main_resource_media (resource_id, media_id) SELECT id, :media FROM main_resource WHERE path = :'key'", media=second, key=key)
    url = url_of(http, project, key)

    http.ok("DELETE", f"/rest/ImageFile/{media}", role="image", index=0)
    assert exists(url)
    assert resources(server, key) == [{"bucket_id": None, "media": [second]}]

    server.psql(f"UPDATE main_media SET media_files = :'files' WHERE id = {second}", files=json.dumps({"image": [{"path": key, "resolution": [1, 1]}]}))
    http.ok("DELETE", f"/rest/ImageFile/{second}", role="image", index=0)
    assert not exists(url)
    assert resources(server, key) == []


def test_a_new_path_takes_the_old_object_with_it(server, http, project, media):
    old, new = (put(http, project, name, media_id=media) for name in (b"old", b"new"))
    urls = [url_of(http, project, key) for key in (old, new)]
    http.ok("POST", f"/rest/ImageFiles/{media}", {"path": old, "resolution": [1, 1]}, role="thumbnail")
    http.ok("PATCH", f"/rest/ImageFile/{media}", {"path": new, "resolution": [2, 2]}, role="thumbnail", index=0)
    assert [exists(url) for url in urls] == [False, True]
    assert (resources(server, old), resources(server, new)) == ([], [{"bucket_id": None, "media": [media]}])


def test_a_refused_change_writes_nothing(server, http, project, media):
    key = put(http, project, b"1", media_id=media)
    http.ok("POST", f"/rest/ImageFiles/{media}", {"path": key, "resolution": [1, 1]}, role="image")
    before = http.ok("GET", f"/rest/Media/{media}")
    for body in ({"path": "x", "resolution": [1, 1]}, {"path": "http://a/b", "resolution": [1, 1]}, {"path": key}):
        assert http.patch(f"/rest/ImageFile/{media}", json=body, params={"role": "image", "index": 0}).status_code in (400, 403)
    assert http.ok("GET", f"/rest/Media/{media}") == before
    assert exists(url_of(http, project, key))


def test_two_at_once_both_stay(server, http, project, media):
    """The row is locked: of many writers none is lost."""
    keys = [put(http, project, b"%d" % number, media_id=media) for number in range(12)]

    def add(key):
        with server.http() as session:
            return session.post(f"/rest/AuxiliaryFiles/{media}", json={"path": key}).status_code

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        assert list(pool.map(add, keys)) == [201] * 12
    assert {entry["path"] for entry in http.ok("GET", f"/rest/AuxiliaryFiles/{media}")} == set(keys)


# --- permalinks

def test_a_permalink_leads_to_the_object(http, anonymous, project, media):
    key = put(http, project, b"picture", media_id=media)
    http.ok("POST", f"/rest/ImageFiles/{media}", {"path": key, "resolution": [1, 1]}, role="image")
    answer = http.get(f"/rest/Permalink/{media}", allow_redirects=False)
    assert answer.status_code == 301
    assert requests.get(answer.headers["Location"]).content == b"picture"
    assert http.get(f"/rest/Permalink/{media}", params={"element": "audio"}).status_code == 404
    assert anonymous.get(f"/rest/Permalink/{media}").status_code == 400


# --- buckets

def test_a_bucket_of_its_own(server, http, project, media):
    environment = dict(line.split("=", 1) for line in (server.var / "environment").read_text().splitlines() if "=" in line)
    config = {"endpoint_url": server.url + "/objects", "region_name": "us-east-2",
              "aws_access_key_id": environment["TATOR_OBJECTS_ACCESS_KEY"], "aws_secret_access_key": environment["TATOR_OBJECTS_SECRET_KEY"]}
    name = "own-" + uuid.uuid4().hex[:8]
    boto3.client("s3", endpoint_url=config["endpoint_url"], region_name="us-east-2", aws_access_key_id=config["aws_access_key_id"],
                 aws_secret_access_key=config["aws_secret_access_key"], config=Config(s3={"addressing_style": "path"})).create_bucket(Bucket=name)
    bucket = http.ok("POST", f"/rest/Buckets/{project.organization}", {"name": name, "store_type": "AWS", "config": config})["id"]

    # For one upload …
    key = put(http, project, b"in bucket", media_id=media, bucket_id=bucket)
    assert (server.store / "buckets" / name / name / f"{key}@").exists()    # AWS keys begin with the bucket's name
    http.ok("POST", f"/rest/ImageFiles/{media}", {"path": key, "resolution": [1, 1], "bucket_id": bucket}, role="image")
    assert resources(server, key) == [{"bucket_id": bucket, "media": [media]}]
    assert requests.get(url_of(http, project, key)).content == b"in bucket"
    assert http.delete(f"/rest/Bucket/{bucket}").status_code == 400
    http.ok("DELETE", f"/rest/ImageFile/{media}", role="image", index=0)
    assert not list((server.store / "buckets" / name).rglob("*@"))

    # … and for all of the project's.
    http.ok("PATCH", f"/rest/Project/{project.id}", {"bucket": bucket})
    key = put(http, project, b"project's", media_id=media)
    assert (server.store / "buckets" / name / name / f"{key}@").exists()
    http.ok("DELETE", f"/rest/Bucket/{bucket}")
    assert http.ok("GET", f"/rest/Project/{project.id}")["bucket"] is None


def test_a_bucket_never_shows_its_keys(http, organization):
    config = {"endpoint_url": "http://a.example", "region_name": "r", "aws_access_key_id": "key", "aws_secret_access_key": "hidden secret"}
    for kind in ("MINIO", "AWS", "VAST"):
        bucket = http.ok("POST", f"/rest/Buckets/{organization}", {"name": "b", "store_type": kind, "config": config})["id"]
        assert "hidden" not in http.get(f"/rest/Bucket/{bucket}").text
        assert http.ok("GET", f"/rest/Bucket/{bucket}")["endpoint_url"] == "http://a.example"
    assert "hidden" not in http.get(f"/rest/Buckets/{organization}").text


def test_a_store_that_is_away_is_a_clear_refusal(http, project, media):
    config = {"endpoint_url": "http://127.0.0.1:9", "region_name": "r", "aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    bucket = http.ok("POST", f"/rest/Buckets/{project.organization}", {"name": "away", "store_type": "MINIO", "config": config})["id"]
    answer = http.get(f"/rest/UploadInfo/{project.id}", params={"num_parts": 2, "media_id": media, "bucket_id": bucket})
    assert (answer.status_code, "message" in answer.json()) == (400, True)
    answer = http.post(f"/rest/UploadCompletion/{project.id}", json={"key": "k", "upload_id": "u", "bucket_id": bucket,
                       "parts": [{"ETag": "a", "PartNumber": 1}, {"ETag": "b", "PartNumber": 2}]})
    assert (answer.status_code, answer.json()["message"]) == (400, "Upload completion for k failed!")
