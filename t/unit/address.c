/* Which addresses and origins foreign URLs may lead to: lib/address.c. */

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tator/address.h>


static bool
public_address(const char *text)
{
    struct sockaddr_in  v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        return address_public((struct sockaddr *) &v4);
    }

    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);

    return address_public((struct sockaddr *) &v6);
}


static void
addresses(void **state)
{
    struct sockaddr other = {.sa_family = AF_UNIX};
    const char     *open[] = {"8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "11.0.0.1", "223.255.255.255",
                              "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"};
    const char     *closed[] = {"0.0.0.0",     "10.1.2.3",  "100.64.0.1",      "127.0.0.1",  "127.255.255.254", "169.254.169.254", "172.16.0.1",
                                "172.31.255.255", "192.168.0.1", "192.0.0.1",  "198.18.0.1", "198.19.255.255",  "224.0.0.1",       "240.0.0.1",
                                "255.255.255.255", "::",     "::1",            "::7f00:1",   "::ffff:127.0.0.1", "::ffff:10.0.0.1",
                                "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::1", "fc00::1", "fd00:ec2::254", "fe80::1",
                                "febf::1", "fec0::1", "ff02::1", "2001::1", "2001:db8::1", "100::1"};

    for (size_t k = 0; k < sizeof(open) / sizeof(open[0]); k++) {
        if (!public_address(open[k])) {
            fail_msg("%s is refused", open[k]);
        }
    }

    for (size_t k = 0; k < sizeof(closed) / sizeof(closed[0]); k++) {
        if (public_address(closed[k])) {
            fail_msg("%s is let through", closed[k]);
        }
    }

    assert_false(address_public(&other));
}


static void
origins(void **state)
{
    bool  any_port;
    char *origin;

    origin = address_origin("HTTPS://Example.COM/path?x#y", &any_port);
    assert_string_equal(origin, "https://example.com:443");
    assert_true(any_port);
    free(origin);

    origin = address_origin("http://user:pass@[::1]:8080/", &any_port);
    assert_string_equal(origin, "http://[::1]:8080");
    assert_false(any_port);
    free(origin);

    assert_null(address_origin("file:///etc/passwd", NULL));
    assert_null(address_origin("ftp://example.com/", NULL));
    assert_null(address_origin("", NULL));
    assert_null(address_origin("//x", NULL));
}


static void
listed_origins(void **state)
{
    const char *list = "https://example.com, http://10.0.0.5:9000";

    assert_true(address_origin_listed(list, "https://example.com/a"));
    assert_true(address_origin_listed(list, "https://EXAMPLE.com:8443/a"));
    assert_true(address_origin_listed(list, "http://10.0.0.5:9000/b"));
    assert_false(address_origin_listed(list, "http://example.com/a"));
    assert_false(address_origin_listed(list, "https://example.com.evil.org/a"));
    assert_false(address_origin_listed(list, "https://example.co/a"));
    assert_false(address_origin_listed(list, "https://example.com@evil.org/a"));
    assert_false(address_origin_listed(list, "http://10.0.0.5:90/b"));
    assert_false(address_origin_listed(list, "http://10.0.0.5/b"));
    assert_true(address_origin_listed("*", "http://127.0.0.1/"));
    assert_false(address_origin_listed("*", "file:///etc/passwd"));
    assert_false(address_origin_listed("", "http://127.0.0.1/"));
    assert_false(address_origin_listed(NULL, "http://127.0.0.1/"));
    assert_false(address_origin_listed(",,nonsense,", "http://127.0.0.1/"));
}


static void
same_origins(void **state)
{
    (void) state;

    assert_true(address_same_origin("http://a.example/x", "http://A.example:80/y?z#w"));
    assert_true(address_same_origin("https://a.example:443/", "https://a.example"));
    assert_false(address_same_origin("http://a.example/", "https://a.example/"));
    assert_false(address_same_origin("http://a.example/", "http://a.example:81/"));
    assert_false(address_same_origin("http://a.example/", "http://a.example.org/"));
    assert_false(address_same_origin("file:///a", "file:///a"));
    assert_false(address_same_origin("", ""));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(addresses), cmocka_unit_test(origins), cmocka_unit_test(listed_origins), cmocka_unit_test(same_origins)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
