/* Answers of object stores, URLs and base64, as a foreign server could send them. */

#include <stdint.h>

#include <tator/base64.h>
#include <tator/store.h>
#include <tator/uri.h>
#include <tator/xml.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int         type;
    char       *text;
    size_t      len;
    json_t     *config;
    arena_t    *arena;
    store_t    *store;
    const char *error;

    static const char *const types[] = {"MINIO", "AWS", "AZURE"};

    arena = arena_create(NULL, NULL);
    text = arena_copy(arena, data, size);
    config = json_pack("{s:s, s:s, s:s, s:s}", "endpoint_url", "http://a:1/b", "aws_access_key_id", "k", "aws_secret_access_key", "s",
                       "connection_string", "AccountName=a;AccountKey=a2V5");

    for (type = 0; type < 3; type++) {
        store = store_create(arena, types[type], config, "media", NULL, false, &error);
        store_list(store, arena, data, size);
        store_tag(store, arena, data, size, "archive");
        store_upload_id(store, arena, data, size, NULL, 2);
        store_url(store, arena, &(store_call_t) {STORE_UPLOAD_PART, .path = text, .upload_id = text, .part = 2}, 60, 0);
    }

    store_error(arena, data, size);
    base64_decode(arena, text, size, &len);
    uri_split(text);
    uri_query_value(arena, (str_t) {size, (unsigned char *) text}, "a");

    /* A connection string or a config of any form. */
    json_decref(config);
    config = json_pack("{s:s%}", "connection_string", text, strlen(text));
    if (config != NULL) {
        store_create(arena, "AZURE", config, "media", text, false, &error);
        json_decref(config);
    }

    arena_destroy(arena);

    return 0;
}
