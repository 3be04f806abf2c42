/* Signing against the published examples of Amazon and the requests of each kind of store. */

#include "unit.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <tator/base64.h>
#include <tator/sigv4.h>
#include <tator/store.h>
#include <tator/uri.h>
#include <tator/uuid.h>
#include <tator/xml.h>


#define KEY    "AKIAIOSFODNN7EXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define SCOPE  "20130524/us-east-1/s3/aws4_request"
#define DATE   "20130524T000000Z"
#define HOST   "examplebucket.s3.amazonaws.com"

static void
expect_signature(sigv4_request_t *request, const char *signature)
{
    char          made[2 * SHA256_LENGTH + 1];
    unsigned char key[SHA256_LENGTH];

    request->path_len = strlen(request->path);
    sigv4_key(key, SECRET, DATE, "us-east-1", "s3");
    sigv4_signature(made, key, sigv4_string_to_sign(arena, "AWS4-HMAC-SHA256", DATE, SCOPE, sigv4_canonical(arena, request)));
    assert_string_equal(made, signature);
}


/* https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "GET Object" */
static void
amazon_get_object(void **state)
{
    pair_t headers[] = {{"x-amz-date", DATE}, {"range", "bytes=0-9"}, {"x-amz-content-sha256", SIGV4_EMPTY}, {"host", HOST}};

    (void) state;
    expect_signature(
        &(sigv4_request_t) {.method = "GET", .path = "/test.txt", .headers = headers, .n_headers = 4, .payload = SIGV4_EMPTY},
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    );
}


/* The same page, "PUT Object" */
static void
amazon_put_object(void **state)
{
    char          payload[65];
    unsigned char hash[32];
    pair_t        headers[] = {
        {"host", HOST},
        {"date", "Fri, 24 May 2013 00:00:00 GMT"},
        {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
        {"x-amz-date", DATE},
        {"x-amz-content-sha256", payload}};

    (void) state;
    sha256(hash, "Welcome to Amazon S3.", 21);
    hex_encode(payload, hash, 32);
    assert_string_equal(payload, "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
    expect_signature(
        &(sigv4_request_t) {.method = "PUT", .path = "/test$file.text", .headers = headers, .n_headers = 5, .payload = payload},
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
    );
}


/* The same page, "GET Bucket (List Objects)" and "GET Bucket Lifecycle" */
static void
amazon_bucket(void **state)
{
    pair_t headers[] = {{"host", HOST}, {"x-amz-date", DATE}, {"x-amz-content-sha256", SIGV4_EMPTY}};
    pair_t list[] = {{"prefix", "J"}, {"max-keys", "2"}};
    pair_t lifecycle[] = {{"lifecycle", ""}};

    (void) state;
    expect_signature(
        &(sigv4_request_t) {"GET", "/", 1, list, 2, headers, 3, SIGV4_EMPTY}, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
    );
    expect_signature(
        &(sigv4_request_t) {"GET", "/", 1, lifecycle, 1, headers, 3, SIGV4_EMPTY}, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
    );
}


/* https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html */
static void
amazon_query(void **state)
{
    pair_t host[] = {{"host", HOST}};
    pair_t query[] = {
        {"X-Amz-SignedHeaders", "host"},
        {"X-Amz-Algorithm", "AWS4-HMAC-SHA256"},
        {"X-Amz-Credential", KEY "/" SCOPE},
        {"X-Amz-Date", DATE},
        {"X-Amz-Expires", "86400"}};

    (void) state;
    expect_signature(
        &(sigv4_request_t) {"GET", "/test.txt", 9, query, 5, host, 1, SIGV4_UNSIGNED},
        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    );
}


static void
dates(void **state)
{
    char date[SIGV4_DATE_LENGTH + 1];

    (void) state;
    sigv4_date(date, 1369353600);
    assert_string_equal(date, DATE);
    assert_int_equal(sigv4_time(DATE), 1369353600);
    assert_int_equal(sigv4_time("20130524T000000"), -1);
    assert_int_equal(sigv4_time("2013-05-24T0000Z"), -1);
}


static store_t *
store_of(const char *type, const char *config, const char *external)
{
    json_t     *value;
    store_t    *store;
    const char *error;

    error = NULL;
    value = json_loads(config, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    store = store_create(arena, type, value, "media", external, false, &error);
    json_decref(value);
    return store;
}


static const char s3_config[] = "{\"endpoint_url\": \"http://store:9000\", \"region_name\": \"us-east-2\","
                                "\"aws_access_key_id\": \"" KEY "\", \"aws_secret_access_key\": \"" SECRET "\"}";


static bool
begins(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}


static void
s3_urls(void **state)
{
    char         *url;
    store_t      *store;
    store_call_t  call = {STORE_GET, .path = "1/2/3/a b+ü.mp4"};

    (void) state;
    store = store_of("MINIO", s3_config, NULL);
    url = store_url(store, arena, &call, 3600, 1369353600);
    assert_true(begins(url, "http://store:9000/media/1/2/3/a%20b%2B%C3%BC.mp4?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" KEY "%2F20130524%2Fus-east-2"));
    assert_non_null(strstr(url, "&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature="));

    /* The signature stays that of the endpoint; only what precedes the bucket is another. */
    store = store_of("MINIO", s3_config, "https://public.example/objects/");
    assert_string_equal(
        store_url(store, arena, &call, 3600, 1369353600), arena_format(arena, "https://public.example/objects%s", url + strlen("http://store:9000"))
    );

    store = store_of("MINIO", s3_config, "public.example");
    assert_true(begins(store_url(store, arena, &call, 3600, 1369353600), "http://public.example/media/1/2/3/"));

    /* Amazon's keys begin with the bucket. */
    store = store_of("AWS", s3_config, NULL);
    assert_true(begins(store_url(store, arena, &call, 3600, 1369353600), "http://store:9000/media/media/1/2/3/"));

    url = store_url(store, arena, &(store_call_t) {STORE_UPLOAD_PART, .path = "k", .upload_id = "u/1", .part = 7}, 60, 1369353600);
    assert_non_null(strstr(url, "&partNumber=7&uploadId=u%2F1&X-Amz-Signature="));
}


static void
s3_virtual_host_becomes_path_style(void **state)
{
    store_t *store;

    (void) state;
    store = store_of("AWS", "{\"endpoint_url\": \"https://media.s3.amazonaws.com/\", \"region_name\": \"us-east-2\","
                            "\"aws_access_key_id\": \"a\", \"aws_secret_access_key\": \"b\"}", NULL);
    assert_true(begins(store_url(store, arena, &(store_call_t) {STORE_PUT, .path = "k"}, 60, 0), "https://s3.amazonaws.com/media/media/k?"));
}


static void
s3_requests(void **state)
{
    store_t         *store;
    store_part_t     parts[] = {{"\"aa\"", 1}, {"bb", 2}};
    store_request_t *request;

    (void) state;
    store = store_of("MINIO", s3_config, "https://public.example");

    request = store_request(store, arena, &(store_call_t) {STORE_GET, .path = "k", .ranged = true, .first = 5, .last = 9}, 1369353600);
    assert_string_equal(request->method, "GET");
    assert_string_equal(request->url, "http://store:9000/media/k");
    assert_string_equal(request->headers[0], "host: store:9000");
    assert_string_equal(request->headers[1], "range: bytes=5-9");

    request = store_request(store, arena, &(store_call_t) {STORE_UPLOAD_COMPLETE, .path = "k", .upload_id = "u", .parts = parts, .n_parts = 2}, 0);
    assert_string_equal(request->url, "http://store:9000/media/k?uploadId=u");
    assert_string_equal(
        (const char *) request->body, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                                      "<Part><PartNumber>1</PartNumber><ETag>&quot;aa&quot;</ETag></Part>"
                                      "<Part><PartNumber>2</PartNumber><ETag>bb</ETag></Part></CompleteMultipartUpload>"
    );

    request = store_request(store, arena, &(store_call_t) {STORE_LIST, .path = "1/2", .limit = 1}, 0);
    assert_string_equal(request->url, "http://store:9000/media?list-type=2&max-keys=1&prefix=1%2F2");

    request = store_request(store, arena, &(store_call_t) {STORE_UPLOAD_LIST, .path = "", .limit = 2, .after = &(store_upload_t) {"1/a b", "u", 0}}, 0);
    assert_string_equal(request->method, "GET");
    assert_string_equal(request->url, "http://store:9000/media?key-marker=1%2Fa%20b&max-uploads=2&prefix=&upload-id-marker=u&uploads=");

    request = store_request(store_of("AWS", s3_config, NULL), arena, &(store_call_t) {STORE_UPLOAD_LIST, .path = "1/"}, 0);
    assert_string_equal(request->url, "http://store:9000/media?prefix=media%2F1%2F&uploads=");

    request = store_request(store, arena, &(store_call_t) {STORE_UPLOAD_ABORT, .path = "k", .upload_id = "u"}, 0);
    assert_string_equal(request->method, "DELETE");
    assert_string_equal(request->url, "http://store:9000/media/k?uploadId=u");

    assert_non_null(store_request(store, arena, &(store_call_t) {STORE_TAG, .path = "k", .tag = "media_id", .value = "3"}, 0));
    assert_null(store_request(store_of("VAST", s3_config, NULL), arena, &(store_call_t) {STORE_TAG, .path = "k", .tag = "media_id", .value = "3"}, 0));
}


static void
s3_answers(void **state)
{
    store_t         *store;
    store_list_t    *list;
    store_uploads_t *ups;

    static const char uploads[] = "<ListMultipartUploadsResult xmlns=\"x\"><IsTruncated>true</IsTruncated><NextKeyMarker>media/1/3</NextKeyMarker>"
                                  "<NextUploadIdMarker>u2</NextUploadIdMarker><Upload><Key>media/1/2/x</Key><UploadId>u1</UploadId>"
                                  "<Initiated>2013-05-24T00:00:00.000Z</Initiated></Upload><Upload><Key>media/1/3</Key><UploadId>u2</UploadId></Upload>"
                                  "</ListMultipartUploadsResult>";
    static const char upload[] = "<?xml version=\"1.0\"?><InitiateMultipartUploadResult xmlns=\"x\"><UploadId>a&amp;b</UploadId></InitiateMultipartUploadResult>";
    static const char error[] = "<Error><Code>NoSuchUpload</Code><Message>m</Message></Error>";
    static const char listing[] = "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
                                  "<Contents><Key>media/1/2</Key><Size>5000000000</Size></Contents><Contents><Key>media/3</Key><Size>0</Size></Contents></ListBucketResult>";
    static const char tags[] = "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>archive</Key><Value>true</Value></Tag></TagSet></Tagging>";

    (void) state;
    store = store_of("AWS", s3_config, NULL);
    assert_string_equal(store_upload_id(store, arena, upload, sizeof(upload) - 1, NULL, 0), "a&b");
    assert_null(store_upload_id(store, arena, error, sizeof(error) - 1, NULL, 0));
    assert_string_equal(store_error(arena, error, sizeof(error) - 1), "NoSuchUpload");
    assert_null(store_error(arena, upload, sizeof(upload) - 1));

    list = store_list(store, arena, listing, sizeof(listing) - 1);
    assert_int_equal(list->n, 2);
    assert_string_equal(list->objects[0].path, "1/2");
    assert_true(list->objects[0].size == 5000000000);
    assert_string_equal(list->continuation, "t");

    ups = store_uploads(store, arena, uploads, sizeof(uploads) - 1);
    assert_int_equal(ups->n, 1);
    assert_string_equal(ups->uploads[0].path, "1/2/x");
    assert_string_equal(ups->uploads[0].id, "u1");
    assert_int_equal(ups->uploads[0].started, 1369353600);
    assert_string_equal(ups->after->path, "1/3");
    assert_string_equal(ups->after->id, "u2");
    assert_null(store_uploads(store, arena, listing, sizeof(listing) - 1));
    assert_null(store_uploads(store, arena, "", 0));

    assert_string_equal(store_tag(store, arena, tags, sizeof(tags) - 1, "archive"), "true");
    assert_null(store_tag(store, arena, tags, sizeof(tags) - 1, "other"));
}


static void
xml_refuses_entities_and_depth(void **state)
{
    char deep[400];
    int  i;

    static const char bomb[] = "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>";

    (void) state;
    assert_null(xml_parse(arena, bomb, sizeof(bomb) - 1));
    assert_null(xml_parse(arena, "<a><b></a>", 10));

    deep[0] = '\0';
    for (i = 0; i < 20; i++) {
        strcat(deep, "<a>");
    }
    for (i = 0; i < 20; i++) {
        strcat(deep, "</a>");
    }
    assert_null(xml_parse(arena, deep, strlen(deep)));
}


static void
azure_urls(void **state)
{
    char            *url;
    store_t         *store;
    store_part_t     parts[] = {{"x", 1}, {"y", 2}};
    store_request_t *request;

    (void) state;
    store = store_of("AZURE", "{\"connection_string\": \"DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=a2V5PT0=;EndpointSuffix=core.windows.net\"}", NULL);
    url = store_url(store, arena, &(store_call_t) {STORE_GET, .path = "1/a b"}, 3600, 1369353600);
    assert_true(begins(url, "https://acc.blob.core.windows.net/media/1/a%20b?se=2013-05-24T01%3A00%3A00Z&sig="));
    assert_non_null(strstr(url, "&sp=r&sr=b&sv="));

    url = store_url(store, arena, &(store_call_t) {STORE_UPLOAD_PART, .path = "k", .upload_id = "aaaa,bbbb", .part = 2}, 60, 0);
    assert_non_null(strstr(url, "?blockid=YmJiYg%3D%3D&comp=block&se="));

    request = store_request(store, arena, &(store_call_t) {STORE_UPLOAD_COMPLETE, .path = "k", .upload_id = "aaaa,bbbb", .parts = parts, .n_parts = 2}, 0);
    assert_string_equal((const char *) request->body, "<BlockList><Latest>YWFhYQ==</Latest><Latest>YmJiYg==</Latest></BlockList>");
}


/* The signature of a GCS URL is checked with the public half of its key. */
static void
gcs_urls(void **state)
{
    BIO           *out;
    char          *pem, *url, *config, *signature, *to_sign, *canonical;
    long           len;
    size_t         n;
    json_t        *value;
    pair_t         host[] = {{"host", "storage.googleapis.com"}};
    EVP_PKEY      *key;
    EVP_MD_CTX    *context;
    store_t       *store;
    const char    *error;
    unsigned char  bytes[256];
    pair_t         query[] = {
        {"X-Goog-Algorithm", "GOOG4-RSA-SHA256"},
        {"X-Goog-Credential", "robot@x/20130524/auto/storage/goog4_request"},
        {"X-Goog-Date", DATE},
        {"X-Goog-Expires", "60"},
        {"X-Goog-SignedHeaders", "host"}};

    (void) state;
    key = EVP_RSA_gen(2048);
    out = BIO_new(BIO_s_mem());
    assert_true(PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL));
    len = BIO_get_mem_data(out, &pem);
    value = json_pack("{s:s, s:s%}", "client_email", "robot@x", "private_key", pem, (size_t) len);
    config = json_dumps(value, 0);
    json_decref(value);

    /* The environment may hold JSON in a JSON text. */
    value = json_string(config);
    store = store_create(arena, "GCP", value, "media", "ignored.example", true, &error);
    assert_non_null(store);
    json_decref(value);
    free(config);

    url = store_url(store, arena, &(store_call_t) {STORE_GET, .path = "1/a"}, 60, 1369353600);
    assert_true(begins(url, "https://storage.googleapis.com/media/1/a?X-Goog-Algorithm=GOOG4-RSA-SHA256&"));

    signature = strstr(url, "&X-Goog-Signature=");
    assert_non_null(signature);
    signature += strlen("&X-Goog-Signature=");
    n = strlen(signature) / 2;
    assert_int_equal(n, 256);
    assert_true(hex_decode(bytes, signature, n));

    canonical = sigv4_canonical(arena, &(sigv4_request_t) {"GET", "/media/1/a", 10, query, 5, host, 1, SIGV4_UNSIGNED});
    to_sign = sigv4_string_to_sign(arena, "GOOG4-RSA-SHA256", DATE, "20130524/auto/storage/goog4_request", canonical);
    context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestVerify(context, bytes, n, (unsigned char *) to_sign, strlen(to_sign)), 1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    BIO_free(out);

    assert_null(store_request(store, arena, &(store_call_t) {STORE_UPLOAD_COMPLETE, .path = "k", .upload_id = "u"}, 0));
}


static void
configurations_refused(void **state)
{
    (void) state;
    assert_null(store_of("FTP", "{}", NULL));
    assert_null(store_of("MINIO", "{}", NULL));
    assert_null(store_of("MINIO", "\"no json\"", NULL));
    assert_null(store_of("GCP", "{}", NULL));
    assert_null(store_of("AZURE", "{\"connection_string\": \"AccountName=a\"}", NULL));
    assert_null(store_of("OCI", "{\"boto3_config\": {\"endpoint_url\": \"http://a\", \"aws_access_key_id\": \"a\", \"aws_secret_access_key\": \"b\"}}", NULL));
}


static void
classes(void **state)
{
    (void) state;
    assert_string_equal(store_default_class(STORE_AWS, true), "DEEP_ARCHIVE");
    assert_true(store_class_allowed(STORE_GCP, true, "COLDLINE"));
    assert_false(store_class_allowed(STORE_GCP, false, "COLDLINE"));
    assert_false(store_class_allowed(STORE_MINIO, true, "DEEP_ARCHIVE"));
}


static void
base64_both_ways(void **state)
{
    size_t         i, len;
    unsigned char *back;

    static const char *const pairs[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};

    (void) state;
    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        assert_string_equal(base64_encode(arena, pairs[i][0], strlen(pairs[i][0])), pairs[i][1]);
        back = base64_decode(arena, pairs[i][1], strlen(pairs[i][1]), &len);
        assert_string_equal((char *) back, pairs[i][0]);
        assert_int_equal(len, strlen(pairs[i][0]));
    }

    assert_null(base64_decode(arena, "Zg=a", 4, &len));
    assert_null(base64_decode(arena, "Z", 1, &len));
    assert_null(base64_decode(arena, "Zm9*", 4, &len));
}


static void
uris(void **state)
{
    uri_t uri;

    (void) state;
    uri = uri_split("http://a.b:80/c/d?e=1&f=%20+#g");
    assert_memory_equal(uri.authority.data, "a.b:80", uri.authority.len);
    assert_memory_equal(uri.path.data, "/c/d", uri.path.len);
    assert_string_equal(uri_query_value(arena, uri.query, "f"), "  ");
    assert_string_equal(uri_query_value(arena, uri.query, "e"), "1");
    assert_null(uri_query_value(arena, uri.query, "g"));
    assert_true(uri_has_scheme("s3+x://b"));
    assert_false(uri_has_scheme("1/2://b"));
    assert_string_equal(uri_decode(arena, "%4", 2, false, NULL), "%4");
}


static void
uuids(void **state)
{
    char one[UUID_SIZE], other[UUID_SIZE];

    (void) state;
    uuid_v1(one);
    uuid_v1(other);
    assert_string_not_equal(one, other);
    assert_int_equal(strlen(one), 36);
    assert_int_equal(one[14], '1');
    uuid_v4(one);
    assert_int_equal(one[14], '4');
    assert_non_null(strchr("89ab", one[19]));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(amazon_get_object, start, end),
        cmocka_unit_test_setup_teardown(amazon_put_object, start, end),
        cmocka_unit_test_setup_teardown(amazon_bucket, start, end),
        cmocka_unit_test_setup_teardown(amazon_query, start, end),
        cmocka_unit_test_setup_teardown(dates, start, end),
        cmocka_unit_test_setup_teardown(s3_urls, start, end),
        cmocka_unit_test_setup_teardown(s3_virtual_host_becomes_path_style, start, end),
        cmocka_unit_test_setup_teardown(s3_requests, start, end),
        cmocka_unit_test_setup_teardown(s3_answers, start, end),
        cmocka_unit_test_setup_teardown(xml_refuses_entities_and_depth, start, end),
        cmocka_unit_test_setup_teardown(azure_urls, start, end),
        cmocka_unit_test_setup_teardown(gcs_urls, start, end),
        cmocka_unit_test_setup_teardown(configurations_refused, start, end),
        cmocka_unit_test_setup_teardown(classes, start, end),
        cmocka_unit_test_setup_teardown(base64_both_ways, start, end),
        cmocka_unit_test_setup_teardown(uris, start, end),
        cmocka_unit_test_setup_teardown(uuids, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
