/* Keys and file names of the object store. */
/* link: ngx_tator_module/objects/name.c */

#include "unit.h"

#include "objects/objects.h"


#define ROOT "/r/buckets/b/"

static void
keys_become_names(void **state)
{
    char   long_key[200];
    size_t i;

    static const char *const pairs[][2] = {
        {"a/b.mp4", "a/b.mp4@"},     {"../x", "%2E./x@"},   {"..", "%2E.@"},           {".", "%2E@"},
        {"a//b/", "a/%00/b/%00@"},   {"/", "%00/%00@"},     {"a@tags", "a%40tags@"},   {"a+", "a%2B@"},
        {"a%00", "a%2500@"},         {"a\\b\n", "a%5Cb%0A@"}, {"ü", "ü@"},             {"a~", "a%7E@"},
    };

    (void) state;
    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        assert_string_equal(name_path(arena, "/r", "b", pairs[i][0]), arena_format(arena, ROOT "%s", pairs[i][1]));
    }

    memset(long_key, 'n', sizeof(long_key));
    assert_string_equal(
        name_path(arena, "/r", "b", arena_copy(arena, long_key, 81)), arena_format(arena, ROOT "%.80s+/n@", long_key)
    );
    assert_string_equal(
        name_path(arena, "/r", "b", arena_copy(arena, long_key, 80)), arena_format(arena, ROOT "%.80s+/%%00@", long_key)
    );
    assert_string_equal(name_path(arena, "/r", "b", arena_copy(arena, long_key, 79)), arena_format(arena, ROOT "%.79s@", long_key));
}


static void
names_become_parts_of_keys(void **state)
{
    char   part[NAME_PART_SIZE];
    size_t i;

    static const struct {
        const char *file, *part;
        name_kind_t kind;
    } names[] = {
        {"b.mp4@", "b.mp4", NAME_OBJECT}, {"%00@", "", NAME_OBJECT},    {"a", "a/", NAME_FOLDER},        {"%00", "/", NAME_FOLDER},
        {"ab+", "ab", NAME_LONGER},       {"%2E.@", "..", NAME_OBJECT}, {"b.mp4@tags", "", NAME_OTHER}, {".", "", NAME_OTHER},
        {"a%40@", "a@", NAME_OBJECT},
    };

    (void) state;
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(name_decode(names[i].file, part), names[i].kind);
        if (names[i].kind != NAME_OTHER) {
            assert_string_equal(part, names[i].part);
        }
    }
}


static void
keys_and_buckets_refused(void **state)
{
    char  *many;
    size_t i;

    static const char *const bad[] = {"", "a\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "a\xe4\xb8"};
    static const char *const buckets[] = {"", ".", "..", "a/b", "a b", ".a", "1234567890123456789012345678901234567890123456789012345678901234"};

    (void) state;
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(name_key_good(bad[i], strlen(bad[i])));
    }
    assert_false(name_key_good("a\0b", 3));

    many = arena_alloc(arena, OBJECTS_KEY_MAX + 2);
    memset(many, '/', OBJECTS_KEY_MAX + 1);
    many[OBJECTS_KEY_MAX + 1] = '\0';
    assert_false(name_key_good(many, OBJECTS_KEY_MAX + 1));
    assert_true(name_key_good(many, OBJECTS_KEY_MAX));
    many[OBJECTS_KEY_MAX] = '\0';
    assert_null(name_path(arena, "/r", "b", many)); /* more folders than a path can hold */

    for (i = 0; i < sizeof(buckets) / sizeof(buckets[0]); i++) {
        assert_false(name_bucket_good(buckets[i]));
    }
    assert_true(name_bucket_good("tator-1.x_Y"));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_become_names, start, end),
        cmocka_unit_test_setup_teardown(names_become_parts_of_keys, start, end),
        cmocka_unit_test_setup_teardown(keys_and_buckets_refused, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
