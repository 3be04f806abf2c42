/* Values against attribute definitions: api/attribute_value.c. */
/* link: ngx_tator_module/api/attribute_value.c */

#include "api/attributes.h"

#include "unit.h" /* behind ours: its macro fail() would change rq.h */

/* What is stored of the value, as JSON; the message in <> when it is refused. */
static const char *
stored(const char *type, const char *value)
{
    char       *text;
    json_t     *type_json = json_loads(type, 0, NULL), *value_json = json_loads(value, JSON_DECODE_ANY, NULL), *out;
    const char *message = NULL;

    out = attribute_convert(arena, type_json, value_json, &message);
    text = out ? json_text(arena, out) : arena_format(arena, "<%s>", message);
    json_decref(type_json);
    json_decref(value_json);
    json_decref(out);

    return text;
}


static void
booleans(void **state)
{
    static const char type[] = "{\"name\":\"A\",\"dtype\":\"bool\"}";

    assert_string_equal(stored(type, "true"), "true");
    assert_string_equal(stored(type, "\"FALSE\""), "false");
    assert_string_equal(stored(type, "1"), "<Invalid attribute value 1 for boolean attribute A>");
    assert_string_equal(stored(type, "\"yes\""), "<Invalid attribute value yes for boolean attribute A>");
}


static void
integers(void **state)
{
    static const char type[] = "{\"name\":\"A\",\"dtype\":\"int\",\"minimum\":-5,\"maximum\":100}";

    assert_string_equal(stored(type, "7"), "7");
    assert_string_equal(stored(type, "3.99"), "3");
    assert_string_equal(stored(type, "\"12\""), "12");
    assert_string_equal(stored(type, "true"), "1");
    assert_string_equal(stored(type, "\"1.5\""), "<Invalid attribute value 1.5 for integer attribute A>");
    assert_string_equal(stored(type, "\"\""), "<Invalid attribute value  for integer attribute A>");
    assert_string_equal(stored(type, "[1]"), "<Invalid attribute value [1] for integer attribute A>");
    assert_string_equal(stored(type, "-6"), "<-6 is below minimum -5 for int attribute A!>");
    assert_string_equal(stored(type, "101"), "<101 is above maximum 100 for int attribute A!>");
    assert_string_equal(stored("{\"name\":\"A\",\"dtype\":\"int\",\"minimum\":null}", "-9000000000"), "-9000000000");
}


static void
floats(void **state)
{
    static const char type[] = "{\"name\":\"A\",\"dtype\":\"float\",\"minimum\":-0.5,\"maximum\":1.5}";

    assert_string_equal(stored(type, "0.1"), "0.1");
    assert_string_equal(stored(type, "1"), "1.0");
    assert_string_equal(stored(type, "\"1.5\""), "1.5");
    assert_string_equal(stored(type, "false"), "0.0");
    assert_string_equal(stored(type, "\"nan\""), "<Invalid attribute value nan for float attribute A>");
    assert_string_equal(stored(type, "-0.6"), "<-0.6 is below minimum -0.5 for float attribute A!>");
}


static void
choices(void **state)
{
    static const char type[] = "{\"name\":\"A\",\"dtype\":\"enum\",\"choices\":[\"one\",\"two\"]}";

    assert_string_equal(stored(type, "\"two\""), "\"two\"");
    assert_string_equal(stored(type, "\"Two\""), "<Invalid attribute value Two for enum attribute A>");
    assert_string_equal(stored(type, "1"), "<Invalid attribute value 1 for enum attribute A>");
}


static void
texts_and_blobs_stay_as_they_are(void **state)
{
    assert_string_equal(stored("{\"name\":\"A\",\"dtype\":\"string\"}", "5"), "5");
    assert_string_equal(stored("{\"name\":\"A\",\"dtype\":\"string\"}", "\"a\\nb\""), "\"a\\nb\"");
    assert_string_equal(stored("{\"name\":\"A\",\"dtype\":\"blob\"}", "[1,2]"), "[1,2]");
}


static void
datetimes(void **state)
{
    static const char type[] = "{\"name\":\"A\",\"dtype\":\"datetime\"}";

    assert_string_equal(stored(type, "\"2024-05-06T07:08:09Z\""), "\"2024-05-06T07:08:09+00:00\"");
    assert_string_equal(stored(type, "\"2024-05-06 07:08:09.25\""), "\"2024-05-06T07:08:09.250000\"");
    assert_string_equal(stored(type, "\"2024-05-06T07:08:09+02:00\""), "\"2024-05-06T07:08:09+02:00\"");
    assert_string_equal(stored(type, "\"not a date\""), "<Invalid attribute value not a date for datetime attribute A>");
    assert_string_equal(stored(type, "5"), "<Invalid attribute value 5 for datetime attribute A>");
}


static void
positions(void **state)
{
    static const char type[] = "{\"name\":\"A\",\"dtype\":\"geopos\"}";

    assert_string_equal(stored(type, "[-70.5,41.25]"), "[-70.5,41.25]");
    assert_string_equal(stored(type, "\"41.25_-70.5\""), "[-70.5,41.25]");
    assert_string_equal(stored(type, "\"here\""), "<Invalid attribute value here for geopos attribute A>");
    assert_string_equal(stored(type, "[1,2,3]"), "<Invalid attribute value [1,2,3] for geopos attribute A>");
    assert_int_equal(stored(type, "[0,91]")[0], '<');
    assert_int_equal(stored(type, "[181,0]")[0], '<');
    assert_int_equal(stored(type, "[-180,-90]")[0], '[');
}


static void
vectors(void **state)
{
    static const char type[] = "{\"name\":\"A\",\"dtype\":\"float_array\",\"size\":3}";

    assert_string_equal(stored(type, "[1,2.5,3]"), "[1.0,2.5,3.0]");
    assert_string_equal(stored(type, "[\"1\"]"), "[1.0]");
    assert_string_equal(stored(type, "[\"a\"]"), "<Invalid attribute value [\"a\"] for float_array attribute A>");
    assert_int_equal(stored(type, "1")[0], '<');
}


static void
a_definition_without_known_dtype_takes_nothing(void **state)
{
    assert_int_equal(stored("{\"name\":\"A\",\"dtype\":\"color\"}", "1")[0], '<');
    assert_int_equal(stored("{\"name\":\"A\"}", "1")[0], '<');
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(booleans),
        cmocka_unit_test(integers),
        cmocka_unit_test(floats),
        cmocka_unit_test(choices),
        cmocka_unit_test(texts_and_blobs_stay_as_they_are),
        cmocka_unit_test(datetimes),
        cmocka_unit_test(positions),
        cmocka_unit_test(vectors),
        cmocka_unit_test(a_definition_without_known_dtype_takes_nothing),
    };

    return cmocka_run_group_tests(tests, start, end);
}
