/* Dates and times: lib/time.c, lib/time_reader.c. Right values are Python's (datetime, dateutil) for the same texts. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <tator/time.h>

static const datetime_t today = {.year = 2024, .month = 1, .day = 31}; /* a Wednesday */


static void
lenient_forms(void **state)
{
    char       text[TIME_TEXT];
    datetime_t out;
    static const struct {
        const char *text, *right;
    } cases[] = {
        {"2024-03-05", "2024-03-05T00:00:00"},
        {"2024-03-05T06:07:08", "2024-03-05T06:07:08"},
        {"2024-03-05 06:07", "2024-03-05T06:07:00"},
        {"2024-03-05T06:07:08.5", "2024-03-05T06:07:08.500000"},
        {"2024-03-05T06:07:08.1234567", "2024-03-05T06:07:08.123456"},
        {"2024-03-05T06:07:08,25", "2024-03-05T06:07:08.250000"},
        {"2024-03-05T06:07:08Z", "2024-03-05T06:07:08+00:00"},
        {"2024-03-05T06:07:08+05:30", "2024-03-05T06:07:08+05:30"},
        {"2024-03-05T06:07:08-0800", "2024-03-05T06:07:08-08:00"},
        {"2024-03-05T06:07:08.25+00:00", "2024-03-05T06:07:08.250000+00:00"},
        {"20240305", "2024-03-05T00:00:00"},
        {"20240305T060708", "2024-03-05T06:07:08"},
        {"20240305T0607", "2024-03-05T06:07:00"},
        {"20240305T060708.5Z", "2024-03-05T06:07:08.500000+00:00"},
        {"20240305060708", "2024-03-05T06:07:08"},
        {"2024-03-05T06", "2024-03-05T06:00:00"},
        {"240305", "2005-03-24T00:00:00"},
        {"2024", "2024-01-31T00:00:00"},
        {"2023-02", "2023-02-28T00:00:00"},
        {"Feb 2024", "2024-02-29T00:00:00"},
        {"Mar 5 2024", "2024-03-05T00:00:00"},
        {"March 5, 2024 6:07 PM", "2024-03-05T18:07:00"},
        {"5 March 2024", "2024-03-05T00:00:00"},
        {"5th of March 2024", "2024-03-05T00:00:00"},
        {"05-Mar-2024", "2024-03-05T00:00:00"},
        {"2024-Mar-05", "2024-03-05T00:00:00"},
        {"Tue, 05 Mar 2024 06:07:08 GMT", "2024-03-05T06:07:08+00:00"},
        {"Tue Mar  5 06:07:08 2024", "2024-03-05T06:07:08"},
        {"3/5/2024", "2024-03-05T00:00:00"},
        {"13/5/2024", "2024-05-13T00:00:00"},
        {"5.3.2024", "2024-05-03T00:00:00"},
        {"3/5/24", "2024-03-05T00:00:00"},
        {"3/5/99", "1999-03-05T00:00:00"},
        {"10:30", "2024-01-31T10:30:00"},
        {"10:30 pm", "2024-01-31T22:30:00"},
        {"12 am", "2024-01-31T00:00:00"},
        {"10pm", "2024-01-31T22:00:00"},
        {"10h 30m 5s", "2024-01-31T10:30:05"},
        {"Friday", "2024-02-02T00:00:00"},
        {"Wed", "2024-01-31T00:00:00"},
        {"March", "2024-03-31T00:00:00"},
        {"September", "2024-09-30T00:00:00"},
        {"7", "2024-01-07T00:00:00"},
        {"2024-03-05 06:07:08 EST", "2024-03-05T06:07:08-05:00"},
    };

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        if (!time_parse(cases[k].text, strlen(cases[k].text), &today, &out)) {
            fail_msg("\"%s\" is refused", cases[k].text);
        }
        assert_int_equal(time_write(text, &out), strlen(cases[k].right));
        assert_string_equal(text, cases[k].right);
    }
}


static void
lenient_refusals(void **state)
{
    datetime_t  out;
    const char *cases[] = {"",           " ",         "not a date", "2024-13-01", "2023-02-29",          "2024-03-05T24:00:00",
                           "2024-03-05T06:60", "13 pm", "1700000000", "32/32/32", "2024-03-05T06:07:08+99:00", "$",
                           "2024-01-01-01-01", "10:30:",     "99999-01-01"};

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        if (time_parse(cases[k], strlen(cases[k]), &today, &out)) {
            fail_msg("\"%s\" is taken for a date", cases[k]);
        }
    }
}


static void
rfc3339(void **state)
{
    datetime_t  out;
    const char *bad[] = {"2024-03-05", "2024-03-05T06:07:08", "2024-03-05T06:07Z", "2024-3-5T06:07:08Z", "2024-03-05T06:07:08.Z",
                         "2024-02-30T06:07:08Z", "2024-03-05T06:07:08+0530", "2024-03-05T06:07:08Zx", ""};

    assert_true(time_parse_rfc3339("2024-03-05T06:07:08.5+05:30", 27, &out));
    assert_int_equal(time_instant(&out, 0), 1709599028500000);
    assert_true(time_parse_rfc3339("1969-12-31T23:59:59Z", 20, &out));
    assert_int_equal(time_instant(&out, 0), -1000000);

    for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
        assert_false(time_parse_rfc3339(bad[k], strlen(bad[k]), &out));
    }
}


static void
iso_needs_a_whole_date(void **state)
{
    datetime_t out;

    assert_true(time_parse_iso("2024-03-05", 10, &out));
    assert_true(time_parse_iso("2024-03-05T06:07:08+00:00", 25, &out));
    assert_int_equal(time_instant(&out, TIME_SERVER_OFFSET), 1709618828000000);
    assert_true(time_parse_iso("2024-03-05T06:07:08", 19, &out));
    assert_int_equal(time_instant(&out, TIME_SERVER_OFFSET), 1709618828000000 + 5 * 3600 * 1000000LL);
    assert_false(time_parse_iso("5 March 2024", 12, &out));
    assert_false(time_parse_iso("2024", 4, &out));
}


static void
calendar_and_back(void **state)
{
    char       text[TIME_TEXT];
    datetime_t out;

    for (int64_t day = -719162; day < 2932897; day += 97) { /* years 1 to 9999 */
        int64_t instant = (day * 86400 + 43210) * 1000000 + 7;

        time_calendar(instant, 3600, &out);
        assert_int_equal(time_instant(&out, 0), instant);
    }

    time_write_utc(text, 1709618828000000, false);
    assert_string_equal(text, "2024-03-05T06:07:08Z");
    time_write_utc(text, 1709618828123999, false);
    assert_string_equal(text, "2024-03-05T06:07:08.123Z");
    time_write_utc(text, 1709618828000000, true);
    assert_string_equal(text, "2024-03-05T06:07:08.000Z");
    time_write_utc(text, -62135596800000000, true);
    assert_string_equal(text, "0001-01-01T00:00:00.000Z");
}


static void
database_text(void **state)
{
    char text[TIME_TEXT];
    static const struct {
        const char *text, *plain, *always;
    } cases[] = {
        {"2024-03-05 06:07:08+00", "2024-03-05T06:07:08Z", "2024-03-05T06:07:08.000Z"},
        {"2024-03-05 06:07:08.5+00", "2024-03-05T06:07:08.500Z", "2024-03-05T06:07:08.500Z"},
        {"2024-03-05 06:07:08.123456+00", "2024-03-05T06:07:08.123Z", "2024-03-05T06:07:08.123Z"},
        {"2024-03-05 06:07:08.000456+00", "2024-03-05T06:07:08.000Z", "2024-03-05T06:07:08.000Z"},
        {"2024-03-05 01:07:08.25-05", "2024-03-05T06:07:08.250Z", "2024-03-05T06:07:08.250Z"},
        {"2024-03-05 11:37:08+05:30", "2024-03-05T06:07:08Z", "2024-03-05T06:07:08.000Z"},
    };

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        assert_int_equal(time_write_database(text, cases[k].text, strlen(cases[k].text), false), strlen(cases[k].plain));
        assert_string_equal(text, cases[k].plain);
        assert_int_equal(time_write_database(text, cases[k].text, strlen(cases[k].text), true), strlen(cases[k].always));
        assert_string_equal(text, cases[k].always);
    }

    assert_int_equal(time_write_database(text, "infinity", 8, false), 0);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lenient_forms),          cmocka_unit_test(lenient_refusals), cmocka_unit_test(rfc3339),
        cmocka_unit_test(iso_needs_a_whole_date), cmocka_unit_test(calendar_and_back), cmocka_unit_test(database_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
