/* Stored passwords: lib/password.c. The texts were made by the framework itself (Django 4.2), of one password. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <tator/password.h>

static const char password[] = "Corr\xc3\xa9""ct-horse-9";

static const struct {
    const char *stored;
    bool        outdated;
} made_by_framework[] = {
    {"pbkdf2_sha256$600000$abcdefghijklmnopqrstuv$RUgtyM1q05Yfsd6m5FW4vV8Rr1N8uA5zJHOEhXPNpyw=", false},
    {"pbkdf2_sha256$1500$abcdefghijkl$Ss0mh1Tjx6/zt53075TjWJaGeEC+zaDP5hLnGaKioRA=", true},
    {"pbkdf2_sha1$1200$abcdefghijkl$BVF7XvFfxiDTbpjlzpgTOBH6eJA=", true},
    {"scrypt$16384$abcdefghijklmnopqrstuv$8$1$nvToXADpwnPvwPgai8fQM0TWbLniWiu9LIJb5la+Pn0EI/JUDZVjP7vr9mK0vGmxnW8HDItip+Vs9YozwVosOw==",
     true},
    {"argon2$argon2id$v=19$m=102400,t=2,p=8$YWJjZGVmZ2hpamtsbW5vcHFyc3R1dg$eLox3GiSOJZvaJY/YO61qxUQN5+xhnokqEVan7PQNMU", true},
    {"bcrypt_sha256$$2b$06$abcdefghijklmnopqrstuuWIZWuu.PCwnYxO..cplFrQXnEOPdweS", true},
};

#define FORMATS (sizeof(made_by_framework) / sizeof(made_by_framework[0]))


static void
every_format_verifies(void **state)
{
    for (size_t k = 0; k < FORMATS; k++) {
        if (!password_verify(made_by_framework[k].stored, password, strlen(password))) {
            fail_msg("does not verify: %s", made_by_framework[k].stored);
        }
    }
}


static void
another_password_does_not(void **state)
{
    static const char *const wrong[] = {"", "corr\xc3\xa9""ct-horse-9", "Corr\xc3\xa9""ct-horse-9 ", "Corr\xc3\xa9""ct-horse-"};

    for (size_t k = 0; k < FORMATS; k++) {
        for (size_t j = 0; j < sizeof(wrong) / sizeof(wrong[0]); j++) {
            assert_false(password_verify(made_by_framework[k].stored, wrong[j], strlen(wrong[j])));
        }
    }
}


static void
one_changed_character_does_not(void **state)
{
    char   stored[PASSWORD_STORED];
    size_t last;

    for (size_t k = 0; k < FORMATS; k++) {
        snprintf(stored, sizeof(stored), "%s", made_by_framework[k].stored);
        last = strlen(stored) - 4;
        stored[last] = stored[last] == 'A' ? 'B' : 'A';
        assert_false(password_verify(stored, password, strlen(password)));
    }
}


static void
only_the_current_format_stays(void **state)
{
    for (size_t k = 0; k < FORMATS; k++) {
        assert_int_equal(password_outdated(made_by_framework[k].stored), made_by_framework[k].outdated);
    }

    assert_true(password_outdated("pbkdf2_sha256$600000$short$RUgtyM1q05Yfsd6m5FW4vV8Rr1N8uA5zJHOEhXPNpyw="));
}


static void
unusable_and_broken_texts_match_nothing(void **state)
{
    static const char *const stored[] = {
        "", "!", "!abcdefghijklmnopqrstuvabcdefghijklmnopqrstuv", "plain", "md5$a$b", "pbkdf2_sha256", "pbkdf2_sha256$", "pbkdf2_sha256$$$",
        "pbkdf2_sha256$0$salt$AAAA", "pbkdf2_sha256$-5$salt$AAAA", "pbkdf2_sha256$1$salt", "pbkdf2_sha256$1$a$b$c$d$e$f$g$h",
        "scrypt$3$salt$8$1$AAAA", "scrypt$1$2$3", "argon2$", "argon2$argon2id$v=19$", "bcrypt_sha256$", "bcrypt_sha256$$2b$06$short",
    };

    for (size_t k = 0; k < sizeof(stored) / sizeof(stored[0]); k++) {
        assert_false(password_verify(stored[k], "", 0));
        assert_false(password_verify(stored[k], "x", 1));
    }
}


static void
what_is_made_verifies_and_differs_each_time(void **state)
{
    char one[PASSWORD_STORED], two[PASSWORD_STORED];

    assert_true(password_make(one, password, strlen(password)));
    assert_true(password_make(two, password, strlen(password)));

    assert_string_not_equal(one, two);
    assert_true(strlen(one) <= 128); /* the column's width */
    assert_true(password_verify(one, password, strlen(password)));
    assert_false(password_verify(one, "x", 1));
    assert_false(password_outdated(one));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_verifies),
        cmocka_unit_test(another_password_does_not),
        cmocka_unit_test(one_changed_character_does_not),
        cmocka_unit_test(only_the_current_format_stays),
        cmocka_unit_test(unusable_and_broken_texts_match_nothing),
        cmocka_unit_test(what_is_made_verifies_and_differs_each_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
