"""The embedded object store: S3 by boto3 and by plain HTTP, what must not pass, and what a crash leaves."""
import hashlib
import hmac
import os
import re
import signal
import socket
import subprocess
import time
import urllib.parse
import uuid

import boto3
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.client import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

MB = 1024 * 1024


class Store:
    """The keys and the address of a server's store."""

    def __init__(self, server):
        environment = dict(line.split("=", 1) for line in (server.var / "environment").read_text().splitlines() if "=" in line)
        self.keys = Credentials(environment["TATOR_OBJECTS_ACCESS_KEY"], environment["TATOR_OBJECTS_SECRET_KEY"])
        self.server = server
        self.root = server.store
        self.url = server.url + "/objects"
        self.client = self.client_of(self.keys.secret_key)
        self.bucket = "test-" + uuid.uuid4().hex[:12]
        self.client.create_bucket(Bucket=self.bucket)

    def client_of(self, secret):
        return boto3.client("s3", endpoint_url=self.url, region_name="us-east-2", aws_access_key_id=self.keys.access_key,
                            aws_secret_access_key=secret,
                            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, signature_version="s3v4"))

    def presign(self, operation, key, expires=600, **more):
        return self.client.generate_presigned_url(operation, Params={"Bucket": self.bucket, "Key": key, **more}, ExpiresIn=expires)

    def files(self):
        """All files of the store."""
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file())

    def put(self, key, body=b"x", **more):
        return self.client.put_object(Bucket=self.bucket, Key=key, Body=body, **more)

    def get(self, key, **more):
        return self.client.get_object(Bucket=self.bucket, Key=key, **more)["Body"].read()


@pytest.fixture
def store(server):
    made = Store(server)
    yield made
    while page := made.client.list_objects_v2(Bucket=made.bucket).get("Contents"):
        made.client.delete_objects(Bucket=made.bucket, Delete={"Objects": [{"Key": entry["Key"]} for entry in page]})
    made.client.delete_bucket(Bucket=made.bucket)


def refused(answer, status, code):
    assert answer.status_code == status, answer.text
    assert f"<Code>{code}</Code>" in answer.text


# --- objects

def test_an_object_comes_back_as_it_was(store):
    body = os.urandom(3 * MB + 7)
    answer = store.put("a/b.bin", body, ContentType="video/mp4", Metadata={"owner": "me"}, CacheControl="no-store")
    assert answer["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'

    found = store.client.get_object(Bucket=store.bucket, Key="a/b.bin")
    assert found["Body"].read() == body
    assert (found["ContentType"], found["Metadata"], found["CacheControl"]) == ("video/mp4", {"owner": "me"}, "no-store")
    head = store.client.head_object(Bucket=store.bucket, Key="a/b.bin")
    assert (head["ContentLength"], head["ETag"]) == (len(body), answer["ETag"])


def test_an_empty_object(store):
    store.put("empty", b"")
    assert store.get("empty") == b""
    assert store.client.head_object(Bucket=store.bucket, Key="empty")["ContentLength"] == 0


def test_a_presigned_url_needs_nothing_else(store):
    url = store.presign("put_object", "by url.bin")
    answer = requests.put(url, data=b"hello")
    assert answer.status_code == 200
    assert answer.headers["ETag"] == f'"{hashlib.md5(b"hello").hexdigest()}"'

    url = store.presign("get_object", "by url.bin", ResponseContentDisposition='attachment; filename="n.bin"')
    answer = requests.get(url)
    assert answer.content == b"hello"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="n.bin"'
    assert answer.headers["Content-Length"] == "5"


@pytest.mark.parametrize("value, status, part", [
    ("bytes=0-9", 206, slice(0, 10)), ("bytes=5-", 206, slice(5, None)), ("bytes=-7", 206, slice(-7, None)),
    ("bytes=1000-9999999", 206, slice(1000, None)), ("bytes=9999999-", 416, None)])
def test_ranges(store, value, status, part):
    body = os.urandom(5000)
    store.put("r", body)
    answer = requests.get(store.presign("get_object", "r"), headers={"Range": value})
    assert answer.status_code == status
    if part is not None:
        assert answer.content == body[part]
        assert answer.headers["Content-Range"].endswith("/5000")


def test_conditions(store):
    tag = store.put("c", b"one")["ETag"]
    url = store.presign("get_object", "c")
    changed = requests.get(url).headers["Last-Modified"]
    assert requests.get(url, headers={"If-None-Match": tag}).status_code == 304
    assert requests.get(url, headers={"If-Modified-Since": changed}).status_code == 304
    assert requests.get(url, headers={"If-Match": '"other"'}).status_code == 412
    assert requests.get(url, headers={"If-Match": tag}).status_code == 200
    assert requests.put(store.presign("put_object", "c"), data=b"two", headers={"If-None-Match": "*"}).status_code == 412
    assert store.get("c") == b"one"


def test_writing_again_replaces(store):
    store.put("k", b"first", Tagging="a=1")
    store.put("k", b"second, and longer")
    assert store.get("k") == b"second, and longer"
    assert store.client.get_object_tagging(Bucket=store.bucket, Key="k")["TagSet"] == []


def test_deleting(store):
    store.put("x/y/z")
    store.client.put_object_tagging(Bucket=store.bucket, Key="x/y/z", Tagging={"TagSet": [{"Key": "a", "Value": "1"}]})
    store.client.delete_object(Bucket=store.bucket, Key="x/y/z")
    store.client.delete_object(Bucket=store.bucket, Key="x/y/z")
    with pytest.raises(ClientError, match="NoSuchKey"):
        store.get("x/y/z")
    assert not (store.root / "buckets" / store.bucket / "x").exists()


def test_tags(store):
    store.put("t", Tagging="media_id=3&b=c%20d")
    assert {tag["Key"]: tag["Value"] for tag in store.client.get_object_tagging(Bucket=store.bucket, Key="t")["TagSet"]} == {"media_id": "3", "b": "c d"}
    store.client.put_object_tagging(Bucket=store.bucket, Key="t", Tagging={"TagSet": [{"Key": "archive", "Value": "true"}]})
    assert store.client.get_object_tagging(Bucket=store.bucket, Key="t")["TagSet"] == [{"Key": "archive", "Value": "true"}]
    store.client.delete_object_tagging(Bucket=store.bucket, Key="t")
    assert store.client.get_object_tagging(Bucket=store.bucket, Key="t")["TagSet"] == []


def test_copies(store):
    body = os.urandom(2 * MB)
    store.put("from", body, Metadata={"a": "b"})
    store.client.copy_object(Bucket=store.bucket, Key="to ü", CopySource={"Bucket": store.bucket, "Key": "from"})
    assert store.get("to ü") == body
    assert store.client.head_object(Bucket=store.bucket, Key="to ü")["Metadata"] == {"a": "b"}
    store.client.copy_object(Bucket=store.bucket, Key="from", CopySource={"Bucket": store.bucket, "Key": "from"}, StorageClass="DEEP_ARCHIVE",
                             MetadataDirective="COPY")
    assert store.client.head_object(Bucket=store.bucket, Key="from")["StorageClass"] == "DEEP_ARCHIVE"
    assert store.get("from") == body


# --- keys

KEYS = ["a", "a/b", "a/b/", "a//b", "a-b", "a.b", "../../etc/passwd", "..", "./x", "x/../y", ".hidden", "%2e%2e/z", "ü/名前.mp4", "a b+c&d=e?#",
        "n" * 79, "n" * 80, "n" * 81, "n" * 80 + "/x", "n" * 200 + "/" + "m" * 300, "name@", "name@tags", "plus+", "-", "~", "q\"<>'", "/lead", "a/"]


def test_any_key_keeps_to_its_bucket(store):
    before = set(store.files())
    for number, key in enumerate(KEYS):
        url = store.presign("put_object", key)
        # A client library would resolve the points: the bytes are sent as they were signed.
        parts = urllib.parse.urlsplit(url)
        with socket.create_connection((parts.hostname, parts.port)) as connection:
            body = str(number).encode()
            connection.sendall(f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {len(body)}\r\n"
                               "Connection: close\r\n\r\n".encode() + body)
            answer = connection.recv(4096)
        status = int(answer.split()[1])
        # What NGINX resolves to a path outside of the store's location never reaches it.
        if "../" in key or key == "..":
            assert status in (200, 400, 404, 405), (key, answer)
        else:
            assert status == 200, (key, answer)
    for path in set(store.files()) - before:
        assert path.startswith(f"buckets/{store.bucket}/"), path
    listed = [entry["Key"] for entry in store.client.list_objects_v2(Bucket=store.bucket)["Contents"]]
    assert listed == sorted(listed, key=str.encode)
    assert set(listed) >= {key for key in KEYS if "../" not in key and key != ".."}
    for key in listed:
        store.client.head_object(Bucket=store.bucket, Key=key)


def test_listing_keeps_the_order_of_keys_over_pages(store):
    keys = sorted(KEYS[:4] + KEYS[4:6] + ["n" * 79, "n" * 80, "n" * 80 + "-x", "n" * 80 + "/y", "n" * 80 + "z", "n" * 81 + "/q", "z"], key=str.encode)
    for key in keys:
        store.put(key)
    for size in (1, 2, 3, 1000):
        pages = store.client.get_paginator("list_objects_v2").paginate(Bucket=store.bucket, PaginationConfig={"PageSize": size})
        assert [entry["Key"] for page in pages for entry in page.get("Contents", [])] == keys
        pages = store.client.get_paginator("list_objects").paginate(Bucket=store.bucket, PaginationConfig={"PageSize": size})
        assert [entry["Key"] for page in pages for entry in page.get("Contents", [])] == keys


def test_listing_by_prefix_and_delimiter(store):
    for key in ["1/2/3/a", "1/2/3/b", "1/2/4/a", "1/22/a", "1/2", "x"]:
        store.put(key)

    def listed(**query):
        keys, prefixes = [], []
        for page in store.client.get_paginator("list_objects_v2").paginate(Bucket=store.bucket, **query):
            keys += [entry["Key"] for entry in page.get("Contents", [])]
            prefixes += [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
        return keys, prefixes

    for size in (1, 2, 1000):
        paged = {"PaginationConfig": {"PageSize": size}}
        assert listed(Prefix="1/2/", **paged) == (["1/2/3/a", "1/2/3/b", "1/2/4/a"], [])
        assert listed(Prefix="1/2", **paged) == (["1/2", "1/2/3/a", "1/2/3/b", "1/2/4/a", "1/22/a"], [])
        assert listed(Delimiter="/", **paged) == (["x"], ["1/"])
        assert listed(Prefix="1/2/", Delimiter="/", **paged) == ([], ["1/2/3/", "1/2/4/"])
        assert listed(Prefix="1/", Delimiter="/", **paged) == (["1/2"], ["1/2/", "1/22/"])
        assert listed(Prefix="1/", Delimiter="2", **paged) == ([], ["1/2"])
        assert listed(Prefix="nothing", **paged) == ([], [])
    assert listed(StartAfter="1/2/3/a", Prefix="1/2/") == (["1/2/3/b", "1/2/4/a"], [])


# --- uploads in parts

def test_an_upload_in_parts(store):
    parts = [os.urandom(5 * MB), os.urandom(5 * MB), os.urandom(3)]
    upload = store.client.create_multipart_upload(Bucket=store.bucket, Key="m", ContentType="video/mp4")["UploadId"]
    # Out of order, one of them twice, each by a URL of its own as Tator's clients do.
    tags = {}
    for number in (3, 1, 2, 1):
        url = store.presign("upload_part", "m", UploadId=upload, PartNumber=number)
        tags[number] = requests.put(url, data=parts[number - 1]).headers["ETag"]
        assert tags[number] == f'"{hashlib.md5(parts[number - 1]).hexdigest()}"'
    assert [part["Size"] for part in store.client.list_parts(Bucket=store.bucket, Key="m", UploadId=upload)["Parts"]] == [5 * MB, 5 * MB, 3]
    assert [entry["Key"] for entry in store.client.list_multipart_uploads(Bucket=store.bucket)["Uploads"]] == ["m"]

    named = {"Parts": [{"PartNumber": number, "ETag": tags[number]} for number in (1, 2, 3)]}
    tag = store.client.complete_multipart_upload(Bucket=store.bucket, Key="m", UploadId=upload, MultipartUpload=named)["ETag"]
    assert tag == '"' + hashlib.md5(b"".join(hashlib.md5(part).digest() for part in parts)).hexdigest() + '-3"'
    found = store.client.get_object(Bucket=store.bucket, Key="m")
    assert (found["Body"].read(), found["ContentType"], found["ETag"]) == (b"".join(parts), "video/mp4", tag)

    with pytest.raises(ClientError, match="NoSuchUpload"):
        store.client.complete_multipart_upload(Bucket=store.bucket, Key="m", UploadId=upload, MultipartUpload=named)
    assert not [path for path in store.files() if path.startswith(f"uploads/{store.bucket}/")]


def test_an_upload_that_does_not_fit_together(store):
    upload = store.client.create_multipart_upload(Bucket=store.bucket, Key="m")["UploadId"]
    tag = store.client.upload_part(Bucket=store.bucket, Key="m", UploadId=upload, PartNumber=1, Body=b"1")["ETag"]

    def complete(*parts, key="m", id=upload):
        store.client.complete_multipart_upload(Bucket=store.bucket, Key=key, UploadId=id, MultipartUpload={
            "Parts": [{"PartNumber": number, "ETag": value} for number, value in parts]})

    with pytest.raises(ClientError, match="InvalidPart\\b"):
        complete((1, tag), (2, tag))
    with pytest.raises(ClientError, match="InvalidPart\\b"):
        complete((1, '"0"'))
    with pytest.raises(ClientError, match="InvalidPartOrder"):
        complete((2, tag), (1, tag))
    with pytest.raises(ClientError, match="NoSuchUpload"):
        complete((1, tag), key="other")
    with pytest.raises(ClientError, match="NoSuchUpload"):
        complete((1, tag), id="../" + upload)
    with pytest.raises(ClientError, match="NoSuchKey"):
        store.get("m")
    store.client.abort_multipart_upload(Bucket=store.bucket, Key="m", UploadId=upload)
    with pytest.raises(ClientError, match="NoSuchUpload"):
        complete((1, tag))
    assert not [path for path in store.files() if path.startswith(f"uploads/{store.bucket}/")]


def test_the_transfer_manager_and_the_command_line(store, tmp_path):
    body = os.urandom(20 * MB)
    (tmp_path / "in").write_bytes(body)
    store.client.upload_file(str(tmp_path / "in"), store.bucket, "by manager")
    store.client.download_file(store.bucket, "by manager", str(tmp_path / "out"))
    assert (tmp_path / "out").read_bytes() == body

    def aws(*words):
        environment = {**os.environ, "AWS_ACCESS_KEY_ID": store.keys.access_key, "AWS_SECRET_ACCESS_KEY": store.keys.secret_key,
                       "AWS_DEFAULT_REGION": "us-east-2"}
        done = subprocess.run(["aws", "--endpoint-url", store.url, "s3", *words], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    aws("cp", "--only-show-errors", str(tmp_path / "in"), f"s3://{store.bucket}/cli/in")
    aws("cp", "--only-show-errors", f"s3://{store.bucket}/cli/in", f"s3://{store.bucket}/cli/copy")
    aws("cp", "--only-show-errors", f"s3://{store.bucket}/cli/copy", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == body
    assert re.search(rf"{len(body)} copy\n", aws("ls", f"s3://{store.bucket}/cli/"))
    assert store.bucket in aws("ls")
    aws("rm", "--recursive", f"s3://{store.bucket}/cli")
    assert "cli" not in aws("ls", f"s3://{store.bucket}")


# --- bodies

def signed(store, method, key, body, payload, **headers):
    """A request signed in its header with any value for x-amz-content-sha256."""
    request = AWSRequest(method=method, url=f"{store.url}/{store.bucket}/{key}", data=body, headers={"x-amz-content-sha256": payload, **headers})
    signer = SigV4Auth(store.keys, "s3", "us-east-2")
    signer.payload = lambda _: payload
    signer.add_auth(request)
    return signer, request


def test_a_body_that_is_not_the_signed_one(store):
    _, request = signed(store, "PUT", "s", b"good", hashlib.sha256(b"good").hexdigest())
    headers = dict(request.headers)
    refused(requests.put(request.url, data=b"evil", headers=headers), 400, "XAmzContentSHA256Mismatch")
    with pytest.raises(ClientError, match="NoSuchKey"):
        store.get("s")
    assert requests.put(request.url, data=b"good", headers=headers).status_code == 200
    with pytest.raises(ClientError, match="BadDigest"):
        store.put("s", b"other", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==")
    assert store.get("s") == b"good"


def chunked(store, pieces, spoil=None):
    """PUT in signed pieces, one of them spoilt."""
    word = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    signer, request = signed(store, "PUT", "pieces", b"", word, **{"x-amz-decoded-content-length": str(sum(map(len, pieces))), "content-encoding": "aws-chunked"})
    previous = request.headers["Authorization"].rsplit("=", 1)[1]
    date = request.context["timestamp"]
    scope = f"{date[:8]}/us-east-2/s3/aws4_request"
    body = b""
    for number, piece in enumerate([*pieces, b""]):
        text = "\n".join(["AWS4-HMAC-SHA256-PAYLOAD", date, scope, previous, hashlib.sha256(b"").hexdigest(), hashlib.sha256(piece).hexdigest()])
        previous = signer.signature(text, request)
        sent = bytes([piece[0] ^ 1]) + piece[1:] if number == spoil else piece
        body += f"{len(piece):x};chunk-signature={previous}\r\n".encode() + sent + b"\r\n"
    return requests.put(request.url, data=body, headers=dict(request.headers))


def test_a_body_of_signed_pieces(store):
    pieces = [os.urandom(65536), os.urandom(65536), os.urandom(100)]
    answer = chunked(store, pieces)
    assert answer.status_code == 200, answer.text
    assert store.get("pieces") == b"".join(pieces)
    assert "ContentEncoding" not in store.client.head_object(Bucket=store.bucket, Key="pieces")
    for spoil in range(3):
        refused(chunked(store, [b"new", b"bytes", b"!"], spoil), 403, "SignatureDoesNotMatch")
    assert store.get("pieces") == b"".join(pieces)


def test_a_body_with_a_checksum_behind_it(store):
    word = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    for checksum, status in (("NhCmhg==", 200), ("AAAAAA==", 400)):
        _, request = signed(store, "PUT", "trailer", b"", word, **{"x-amz-decoded-content-length": "5", "x-amz-trailer": "x-amz-checksum-crc32"})
        body = f"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:{checksum}\r\n\r\n".encode()
        answer = requests.put(request.url, data=body, headers=dict(request.headers))
        assert answer.status_code == status, answer.text
    assert store.get("trailer") == b"hello"


def test_a_body_cut_short_leaves_nothing(store):
    before = store.files()
    parts = urllib.parse.urlsplit(store.presign("put_object", "cut"))
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        connection.sendall(f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: 1000000\r\n\r\n".encode() + b"x" * 500000)
        time.sleep(0.3)
    with pytest.raises(ClientError, match="NoSuchKey"):
        store.get("cut")
    assert store.files() == before


# --- who may

def test_nobody_comes_in_without_a_signature(store):
    store.put("secret")
    url = f"{store.url}/{store.bucket}/secret"
    refused(requests.get(url), 403, "AccessDenied")
    refused(requests.put(url, data=b"x"), 403, "AccessDenied")
    refused(requests.delete(url), 403, "AccessDenied")
    refused(requests.get(f"{store.url}/{store.bucket}"), 403, "AccessDenied")
    refused(requests.get(store.url), 403, "AccessDenied")
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        store.client_of("another secret").get_object(Bucket=store.bucket, Key="secret")


def test_a_signature_is_for_what_it_was_made_for(store):
    store.put("one")
    store.put("two")
    url = store.presign("get_object", "one")
    assert requests.get(url).status_code == 200
    for tampered in (url.replace("/one?", "/two?"), url.replace("X-Amz-Expires=600", "X-Amz-Expires=601"), url + "&response-content-type=text%2Fhtml",
                     url[:-1] + ("0" if url[-1] != "0" else "1"), url.replace("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=date")):
        refused(requests.get(tampered), 403, "SignatureDoesNotMatch")
    refused(requests.put(url, data=b"x"), 403, "SignatureDoesNotMatch")
    refused(requests.get(url, headers={"Host": "other.example"}), 403, "SignatureDoesNotMatch")
    refused(requests.get(url, headers={"x-amz-copy-source": "a/b"}), 403, "AccessDenied")
    refused(requests.get(re.sub("&X-Amz-Signature=.*", "", url)), 400, "AuthorizationQueryParametersError")
    refused(requests.get(url.replace(store.keys.access_key, "A" * len(store.keys.access_key))), 403, "InvalidAccessKeyId")


def test_a_signature_ends(store):
    store.put("brief")

    def url_made(seconds_ago):
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - seconds_ago))
        scope = f"{date[:8]}/us-east-2/s3/aws4_request"
        path = f"/objects/{store.bucket}/brief"
        query = urllib.parse.urlencode({"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"{store.keys.access_key}/{scope}",
                                        "X-Amz-Date": date, "X-Amz-Expires": 60, "X-Amz-SignedHeaders": "host"})
        host = urllib.parse.urlsplit(store.url).netloc
        canonical = f"GET\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
        key = ("AWS4" + store.keys.secret_key).encode()
        for word in scope.split("/"):
            key = hmac.digest(key, word.encode(), "sha256")
        text = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        return f"http://{host}{path}?{query}&X-Amz-Signature={hmac.digest(key, text.encode(), 'sha256').hex()}"

    assert requests.get(url_made(0)).status_code == 200
    refused(requests.get(url_made(100)), 403, "ExpiredRequest")
    refused(requests.get(url_made(-2000)), 403, "ExpiredRequest")


def test_browsers_may_ask_and_see_etags(store):
    answer = requests.options(f"{store.url}/{store.bucket}/k", headers={"Origin": "http://a", "Access-Control-Request-Method": "PUT"})
    assert answer.status_code == 204
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
    answer = requests.put(store.presign("put_object", "k"), data=b"1", headers={"Origin": "http://a"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("method, path, code", [
    ("GET", "?acl", "NotImplemented"), ("GET", "/k?acl", "NotImplemented"), ("PATCH", "/k", "MethodNotAllowed"), ("POST", "/k", "MethodNotAllowed")])
def test_what_the_store_does_not_have(store, method, path, code):
    request = AWSRequest(method=method, url=f"{store.url}/{store.bucket}{path}", headers={"x-amz-content-sha256": hashlib.sha256(b"").hexdigest()})
    SigV4Auth(store.keys, "s3", "us-east-2").add_auth(request)
    answer = requests.request(method, request.url, headers=dict(request.headers))
    assert f"<Code>{code}</Code>" in answer.text, answer.text


def test_buckets(store):
    assert store.bucket in [bucket["Name"] for bucket in store.client.list_buckets()["Buckets"]]
    store.client.head_bucket(Bucket=store.bucket)
    with pytest.raises(ClientError, match="NoSuchBucket"):
        store.client.list_objects_v2(Bucket="not-there")
    with pytest.raises(ClientError, match="NoSuchBucket"):
        store.client.put_object(Bucket="not-there", Key="k", Body=b"1")
    store.put("k")
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        store.client.delete_bucket(Bucket=store.bucket)


# --- crashes

def worker(server):
    """A process of NGINX that serves."""
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(server.pid("nginx"))], capture_output=True, text=True).stdout.split()
    return [int(pid) for pid in children]


def test_a_killed_worker_leaves_the_old_object(server, store):
    old = os.urandom(100000)
    store.put("crash", old)
    before = store.files()
    parts = urllib.parse.urlsplit(store.presign("put_object", "crash"))
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        connection.sendall(f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: 9000000\r\n\r\n".encode() + b"x" * 6000000)
        time.sleep(0.2)
        killed = worker(server)
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            assert store.get("crash") == old
            break
        except Exception as error:
            last = error
            time.sleep(0.1)
    else:
        raise last
    assert store.files() == before

    # The kills themselves are no alarm.
    while time.monotonic() < until and not all(f"process {pid} exited on signal 9" in server.log() for pid in killed):
        time.sleep(0.1)
    assert len(server.alarms()) == len(killed)
