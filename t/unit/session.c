/* Stored sessions and CSRF tokens: lib/session.c. The signed texts were made by the framework itself (Django 4.2). */

#include "unit.h"

#include <tator/session.h>

#define KEY  "a-secret-key"
#define WHEN 1700000000

#define PLAIN  "eyJhIjoxfQ:1r31eq:T46Q3A0B3VpNeawK3vGPl326NrkvzTKcj4r0ZEPBTb0"
#define PACKED ".eJyrVoopNTBItVSyUqoYBUQDpVoAUDmQKg:1r31eq:e5_FbSMwexLiLpwPrV5zOrFy8nCx5kvQb-DdKZ0NEtI"
#define LOGIN \
    ".eJyrVopPLC3JiC8tTi2Kz0xRslIyVdJBFktKTM5OzQNJ5CZm5umBJPRCEkvyixyBLFSlGYnFGUB1BhQCpVoABm8p_g:1r31eq:" \
    "iZtCCkxJzp8MZXaKeXgBeXIXKeQs7X1iVsxCvOn1Dfw"

static void
the_frameworks_sessions_are_read(void **state)
{
    json_t *members;

    members = session_decode(arena, KEY, PLAIN);
    assert_int_equal(json_integer_value(json_object_get(members, "a")), 1);
    json_decref(members);

    members = session_decode(arena, KEY, PACKED);
    assert_int_equal(json_string_length(json_object_get(members, "\xc3\xa9")), 300);
    json_decref(members);

    members = session_decode(arena, KEY, LOGIN);
    assert_string_equal(json_string_value(json_object_get(members, "_auth_user_id")), "5");
    assert_string_equal(json_string_value(json_object_get(members, "_auth_user_backend")), "main.auth.TatorAuth");
    json_decref(members);
}


static void
a_session_is_written_as_the_framework_writes_it(void **state)
{
    json_t *members = json_pack("{s:i}", "a", 1);

    assert_string_equal(session_encode(arena, KEY, members, WHEN), PLAIN);
    json_decref(members);
}


static void
what_is_written_is_read_back(void **state)
{
    char    text[301];
    json_t *read, *members;

    memset(text, 'x', 300);
    text[300] = '\0';
    members = json_pack("{s:s, s:s, s:n}", "long", text, "\xc3\xa9", "\"\\\n", "nothing");

    read = session_decode(arena, KEY, session_encode(arena, KEY, members, WHEN));
    assert_true(json_equal(read, members));

    json_decref(read);
    json_decref(members);
}


static void
nothing_unsigned_is_read(void **state)
{
    char *data;

    assert_null(session_decode(arena, "another-key", PLAIN));

    for (size_t k = 0; k < strlen(LOGIN); k++) {
        data = arena_text(arena, LOGIN);
        data[k] = data[k] == 'a' ? 'b' : 'a';
        if (k != strlen(LOGIN) - 1) { /* the last character carries bits that base64 throws away */
            assert_null(session_decode(arena, KEY, data));
        }
    }
}


static void
damaged_texts_are_no_sessions(void **state)
{
    static const char *const texts[] = {"", ":", "::", ":::", "a", "a:b", "a:b:", "a:b:c", ".a:b:c", "eyJhIjoxfQ", "%:%:%"};

    for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
        assert_null(session_decode(arena, KEY, texts[k]));
    }
}


static void
the_password_is_part_of_a_session(void **state)
{
    assert_string_equal(session_password_hash(arena, KEY, "pbkdf2_sha256$600000$x$y"),
                        "de0bc855e4a1e8eeb191760dbb9a4825f3d2cc2527fd4360cd67d41b4a5bcb9a");
}


static void
keys_are_lower_case_and_differ(void **state)
{
    char one[SESSION_KEY + 1], two[SESSION_KEY + 1];

    session_key(one);
    session_key(two);

    assert_string_not_equal(one, two);
    assert_int_equal(strspn(one, "abcdefghijklmnopqrstuvwxyz0123456789"), SESSION_KEY);
}


static void
masks_come_off(void **state)
{
    char secret[CSRF_SECRET + 1], token[CSRF_TOKEN + 1], other[CSRF_TOKEN + 1], found[CSRF_SECRET + 1];

    for (int k = 0; k < 50; k++) {
        csrf_secret(secret);
        csrf_mask(token, secret);
        csrf_mask(other, secret);

        assert_string_not_equal(token, other);
        assert_int_equal(csrf_unmask(found, token), CSRF_GOOD);
        assert_string_equal(found, secret);
    }

    assert_int_equal(csrf_unmask(found, secret), CSRF_GOOD);
    assert_string_equal(found, secret);
}


static void
a_known_mask(void **state)
{
    char found[CSRF_SECRET + 1];

    /* a + a = a, b + b = c, 9 + b = a: indices are added modulo 62 */
    assert_int_equal(csrf_unmask(found, "ab9aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaca9aaaaaaaaaaaaaaaaaaaaaaaaaaaa"), CSRF_GOOD);
    assert_string_equal(found, "abb9aaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}


static void
malformed_tokens_are_named(void **state)
{
    char found[CSRF_SECRET + 1];

    assert_int_equal(csrf_unmask(found, ""), CSRF_BAD_LENGTH);
    assert_int_equal(csrf_unmask(found, "abc"), CSRF_BAD_LENGTH);
    assert_int_equal(csrf_unmask(found, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), CSRF_BAD_LENGTH);
    assert_int_equal(csrf_unmask(found, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-"), CSRF_BAD_CHARACTERS);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_frameworks_sessions_are_read),
        cmocka_unit_test(a_session_is_written_as_the_framework_writes_it),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(nothing_unsigned_is_read),
        cmocka_unit_test(damaged_texts_are_no_sessions),
        cmocka_unit_test(the_password_is_part_of_a_session),
        cmocka_unit_test(keys_are_lower_case_and_differ),
        cmocka_unit_test(masks_come_off),
        cmocka_unit_test(a_known_mask),
        cmocka_unit_test(malformed_tokens_are_named),
    };

    return cmocka_run_group_tests(tests, start, end);
}
