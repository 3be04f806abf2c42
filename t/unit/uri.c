/* Paths that lead elsewhere: lib/uri.c. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <tator/uri.h>


static void
climbing(void **state)
{
    const char *climbs[] = {"..", ".", "../a", "a/..", "a/../b", "a/./b", "/..", "./a", "a/."};
    const char *stays[] = {"", "/", "a", "a/b", "...", "..a", "a..", "a/...", "a/..b/c", ".a", "a/.b", "a//b"};

    for (size_t k = 0; k < sizeof(climbs) / sizeof(climbs[0]); k++) {
        if (!uri_climbs(climbs[k])) {
            fail_msg("%s stays", climbs[k]);
        }
    }

    for (size_t k = 0; k < sizeof(stays) / sizeof(stays[0]); k++) {
        if (uri_climbs(stays[k])) {
            fail_msg("%s climbs", stays[k]);
        }
    }
}


static void
schemes(void **state)
{
    assert_true(uri_has_scheme("http://a"));
    assert_true(uri_has_scheme("S3+x-1.0://a"));
    assert_false(uri_has_scheme("a/b"));
    assert_false(uri_has_scheme("://a"));
    assert_false(uri_has_scheme("1http://a"));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(climbing), cmocka_unit_test(schemes)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
