/* link: workers/transcode/table.c */
/* Tables of annotations in archives (contract/media.md §18). */

#include "t/unit/unit.h"

#include "workers/transcode/table.h"


/* What becomes of a table of boxes on a media of 200 × 100, as JSON text, or "!" and the problem. */
static const char *
read_table(const char *text, bool state)
{
    static char  out[2048];
    char         problem[200], *written;
    json_t      *rows, *attributes;
    table_t      table = {.text = text, .len = strlen(text), .state = state, .type = 5, .media = 7, .width = 200, .height = 100};

    attributes = json_loads("[{\"name\": \"Count\", \"dtype\": \"int\"}, {\"name\": \"Score\", \"dtype\": \"float\"}, {\"name\": \"Sure\", \"dtype\": \"bool\"},"
                            " {\"name\": \"Where\", \"dtype\": \"geopos\"}, {\"name\": \"Label\", \"dtype\": \"string\"}]", 0, NULL);
    table.attributes = attributes;
    rows = table_read(&table, problem);

    if (rows == NULL) {
        snprintf(out, sizeof(out), "!%s", problem);
    } else {
        written = json_dumps(rows, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(6));
        snprintf(out, sizeof(out), "%s", written);
        free(written);
    }

    json_decref(rows);
    json_decref(attributes);

    return out;
}


static void
coordinates_are_divided_by_the_medias_size(void **state)
{
    (void) state;

    assert_string_equal(read_table("frame,x,y,width,height\n3,50,25,100,50\n", false),
                        "[{\"attributes\":{},\"frame\":3,\"height\":0.5,\"media_id\":7,\"type\":5,\"width\":0.5,\"x\":0.25,\"y\":0.25}]");
    assert_string_equal(read_table("points\n\"[[0, 0], [200, 100], [20, 50]]\"\n", false),
                        "[{\"attributes\":{},\"frame\":0,\"media_id\":7,\"points\":[[0.0,0.0],[1.0,1.0],[0.1,0.5]],\"type\":5}]");
    assert_string_equal(read_table("X,U,V\n10,-20,10", false), "[{\"attributes\":{},\"frame\":0,\"media_id\":7,\"type\":5,\"u\":-0.1,\"v\":0.1,\"x\":0.05}]");
}


static void
other_columns_are_attributes_of_their_types(void **state)
{
    (void) state;

    assert_string_equal(read_table("frame,Count,Score,Sure,Where,Label\n1,-4,2.5,TRUE,\"[1, 2]\",\"a, \"\"b\"\"\r\nc\"\n", true),
                        "[{\"attributes\":{\"Count\":-4,\"Label\":\"a, \\\"b\\\"\\r\\nc\",\"Score\":2.5,\"Sure\":true,\"Where\":[1,2]},\"frame\":1,"
                        "\"media_ids\":[7],\"type\":5}]");
    assert_string_equal(read_table("x,Count,Label\n1,,\n", true), "[{\"attributes\":{\"x\":\"1\"},\"media_ids\":[7],\"type\":5}]");
}


static void
lines_end_as_they_like(void **state)
{
    (void) state;

    assert_string_equal(read_table("\xef\xbb\xbf" "frame\r\n1\r\n\r\n  \n2", true),
                        "[{\"attributes\":{},\"frame\":1,\"media_ids\":[7],\"type\":5},{\"attributes\":{},\"frame\":2,\"media_ids\":[7],\"type\":5}]");
    assert_string_equal(read_table("frame\n", true), "[]");
}


static void
problems_name_line_and_column(void **state)
{
    (void) state;

    assert_string_equal(read_table("", false), "!line 1 has no names of columns");
    assert_string_equal(read_table("x,Count\n1,2\n1,two\n", false), "!line 3 has no proper value of Count");
    assert_string_equal(read_table("x\n1\n\nwide\n", false), "!line 4 has no proper value of x");
    assert_string_equal(read_table("x\nnan\n", false), "!line 2 has no proper value of x");
    assert_string_equal(read_table("x,y\n1,2,3\n", false), "!line 2 has more cells than there are columns");
    assert_string_equal(read_table("Label\n\"open\n", false), "!line 2 has a quote that does not end");
    assert_string_equal(read_table("points\n\"[[1]]\"\n", false), "!line 2 has no proper value of points");
    assert_string_equal(read_table("frame\n99999999999999999999\n", false), "!line 2 has no proper value of frame");
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coordinates_are_divided_by_the_medias_size),
        cmocka_unit_test(other_columns_are_attributes_of_their_types),
        cmocka_unit_test(lines_end_as_they_like),
        cmocka_unit_test(problems_name_line_and_column),
    };

    return cmocka_run_group_tests(tests, start, end);
}
