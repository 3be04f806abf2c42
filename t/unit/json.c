/* JSON text: lib/json.c. */

#include "unit.h"

#include <float.h>
#include <math.h>

#include <tator/json.h>


static void
doubles_are_short_and_exact(void **state)
{
    char   text[32];
    double value;
    static const struct {
        double      value;
        const char *right;
    } cases[] = {{0.1, "0.1"},   {1, "1.0"},          {-0.0, "-0.0"},      {0.30000000000000004, "0.30000000000000004"},
                 {1e22, "1e+22"}, {1.0 / 3, "0.3333333333333333"}, {NAN, "null"}, {INFINITY, "null"}, {-INFINITY, "null"},
                 {DBL_MAX, "1.7976931348623157e+308"}, {5e-324, "4.94065645841247e-324"}};

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        assert_int_equal(json_double(text, cases[k].value), strlen(cases[k].right));
        assert_string_equal(text, cases[k].right);
    }

    srand(7);
    for (int k = 0; k < 20000; k++) {
        value = (rand() - RAND_MAX / 2) * pow(10, rand() % 40 - 20) / (rand() % 1000 + 1);
        assert_true(json_double(text, value) < 32);
        assert_true(strtod(text, NULL) == value);
    }
}


static void
values_read_back_the_same(void **state)
{
    json_error_t error;
    json_t      *value, *again;
    const char  *text = "{\"a\":[1,-2,0.1,1e300,true,false,null],\"b\":{\"\":\"\\u00e9\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\"},\"c\":[],\"d\":{}}";
    char        *written;

    value = json_parse(text, strlen(text), &error);
    assert_non_null(value);
    written = json_text(arena, value);
    assert_string_equal(written, "{\"a\":[1,-2,0.1,1e+300,true,false,null],\"b\":{\"\":\"\303\251\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\"},"
                                 "\"c\":[],\"d\":{}}");

    again = json_parse(written, strlen(written), &error);
    assert_true(json_equal(value, again));
    json_decref(value);
    json_decref(again);
}


static void
escaping(void **state)
{
    unsigned char all[256], out[1024], *last;
    size_t        n;
    text_t        text;

    for (int k = 0; k < 256; k++) {
        all[k] = (unsigned char) k;
    }

    n = json_escaped_length(all, 256);
    last = json_escape(out, all, 256);
    assert_int_equal(n, last - out);
    assert_memory_equal(out, "\\u0000\\u0001", 12);

    text_start(&text, arena, 0);
    json_write_text(&text, "say \"hi\"\n", 9);
    assert_string_equal(text.data, "\"say \\\"hi\\\"\\n\"");
    text_printf(&text, ",%d", 5);
    assert_string_equal(text.data, "\"say \\\"hi\\\"\\n\",5");
    assert_int_equal(text.len, strlen(text.data));
}


/* What a message cut in the middle, or a path, may bring. */
static void
what_is_not_utf8_is_replaced(void **state)
{
    text_t text;

    static const struct {
        const char *text, *written;
    } cases[] = {
        {"", "\"\""},
        {"m\xc3\xb6we \xe2\x82\xac \xf0\x9f\x90\x9f", "\"m\xc3\xb6we \xe2\x82\xac \xf0\x9f\x90\x9f\""},
        {"cut \xe2\x82", "\"cut \xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xff\"", "\"\xef\xbf\xbd\\\"\""},
        {"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},                     /* overlong */
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* half a surrogate pair */
        {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    };

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        text_start(&text, arena, 0);
        json_write_foreign(&text, cases[k].text);
        assert_string_equal(text.data, cases[k].written);
    }
}


static void
depth_is_counted_and_limited(void **state)
{
    char        *deep;
    size_t       n = 100000;
    json_error_t error;
    json_t      *value;

    assert_int_equal(json_depth("1", 1), 0);
    assert_int_equal(json_depth("[{\"a\":[]}]", 10), 3);
    assert_int_equal(json_depth("\"[[[[\"", 6), 0);
    assert_int_equal(json_depth("[\"\\\"[\"]", 7), 1);

    deep = arena_alloc(arena, 2 * n);
    memset(deep, '[', n);
    memset(deep + n, ']', n);
    assert_int_equal(json_depth(deep, 2 * n), n);
    assert_null(json_parse(deep, 2 * n, &error));
    assert_true(error.text[0] != '\0');

    value = json_parse(deep + n - JSON_DEPTH_LIMIT, 2 * JSON_DEPTH_LIMIT, &error);
    assert_non_null(value);
    json_decref(value);
    assert_null(json_parse(deep + n - JSON_DEPTH_LIMIT - 1, 2 * JSON_DEPTH_LIMIT + 2, &error));
}


static void
parsing(void **state)
{
    json_error_t error;
    json_t      *value;

    value = json_parse("5", 1, &error);
    assert_int_equal(json_integer_value(value), 5);
    json_decref(value);

    value = json_parse("{\"a\":1,\"a\":2}", 13, &error);
    assert_int_equal(json_integer_value(json_object_get(value, "a")), 2);
    json_decref(value);

    assert_null(json_parse("", 0, &error));
    assert_null(json_parse("{} x", 4, &error));
    assert_null(json_parse("[1,]", 4, &error));
    assert_null(json_parse("\"\xff\"", 3, &error));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(doubles_are_short_and_exact, start, end),
        cmocka_unit_test_setup_teardown(values_read_back_the_same, start, end),
        cmocka_unit_test_setup_teardown(escaping, start, end),
        cmocka_unit_test_setup_teardown(what_is_not_utf8_is_replaced, start, end),
        cmocka_unit_test_setup_teardown(depth_is_counted_and_limited, start, end),
        cmocka_unit_test_setup_teardown(parsing, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
