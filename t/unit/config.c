/* Settings from the environment: lib/config.c. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tator/config.h>

static arena_t *arena;


static int
begin(void **state)
{
    clearenv();
    arena = arena_create(NULL, NULL);

    return arena == NULL;
}


static int
end(void **state)
{
    arena_destroy(arena);

    return 0;
}


static void
an_empty_environment_gives_the_defaults(void **state)
{
    config_t config;

    assert_null(config_read(&config, arena));
    assert_string_equal(config.postgres_database, "tator_online");
    assert_int_equal(config.postgres_port, 5432);
    assert_string_equal(config.redis_host, "localhost");
    assert_int_equal(config.redis_port, 6379);
    assert_int_equal(config.expiration_age_days, 30);
    assert_true(config.rate_limits);
    assert_false(config.fine_grain);
    assert_null(config.stores[STORE_LIVE].config);
}


static void
truth_is_spelled_differently(void **state)
{
    config_t config;
    static const struct {
        const char *name, *value;
        size_t      offset;
        bool        right;
    } cases[] = {
        {"TATOR_FINE_GRAIN_PERMISSION", "true", offsetof(config_t, fine_grain), true},
        {"TATOR_FINE_GRAIN_PERMISSION", "TRUE", offsetof(config_t, fine_grain), false},
        {"ALLOW_ORGANIZATION_POST", "TRUE", offsetof(config_t, allow_organization_post), false},
        {"ALLOW_ORGANIZATION_POST", "true", offsetof(config_t, allow_organization_post), true},
        {"AUTOCREATE_ORGANIZATIONS", "false", offsetof(config_t, autocreate_organizations), true},
        {"AUTOCREATE_ORGANIZATIONS", "", offsetof(config_t, autocreate_organizations), false},
        {"REQUIRE_HTTPS", "TRUE", offsetof(config_t, require_https), true},
        {"REQUIRE_HTTPS", "true", offsetof(config_t, require_https), false},
        {"REDIS_USE_SSL", "True", offsetof(config_t, redis_tls), true},
        {"TATOR_EMAIL_NOTIFY_STAFF", "TRUE", offsetof(config_t, email_notify_staff), true},
        {"TATOR_RATE_LIMITS", "off", offsetof(config_t, rate_limits), false},
        {"TATOR_RATE_LIMITS", "no", offsetof(config_t, rate_limits), true},
    };

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        clearenv();
        setenv(cases[k].name, cases[k].value, 1);
        assert_null(config_read(&config, arena));
        if (*(bool *) ((char *) &config + cases[k].offset) != cases[k].right) {
            fail_msg("%s=%s", cases[k].name, cases[k].value);
        }
    }
}


static void
mail_needs_a_way_to_send(void **state)
{
    config_t config;

    clearenv();
    setenv("TATOR_EMAIL_ENABLED", "True", 1);
    setenv("TATOR_EMAIL_HOST", "smtp.example.com", 1);
    setenv("TATOR_EMAIL_USER", "mailer", 1);
    assert_null(config_read(&config, arena));
    assert_false(config.email_enabled);

    setenv("TATOR_EMAIL_PASSWORD", "secret", 1);
    assert_null(config_read(&config, arena));
    assert_true(config.email_enabled);
    assert_int_equal(config.email_port, 587);

    clearenv();
    setenv("TATOR_EMAIL_ENABLED", "true", 1);
    setenv("TATOR_EMAIL_CONNECTION_STRING", "endpoint=https://x/;accesskey=eA==", 1);
    assert_null(config_read(&config, arena));
    assert_true(config.email_enabled);
}


static void
a_store_may_be_packed_twice(void **state)
{
    config_t config;

    setenv("DEFAULT_LIVE_CONFIG", "{\"region_name\": \"x\"}", 1);
    setenv("DEFAULT_UPLOAD_CONFIG", "\"{\\\"region_name\\\": \\\"x\\\"}\"", 1);
    setenv("DEFAULT_BACKUP_CONFIG", "\"null\"", 1);

    assert_null(config_read(&config, arena));
    assert_string_equal(config.stores[STORE_LIVE].config, "{\"region_name\":\"x\"}");
    assert_string_equal(config.stores[STORE_UPLOAD].config, "{\"region_name\":\"x\"}");
    assert_null(config.stores[STORE_BACKUP].config);
}


static void
a_wrong_value_is_named(void **state)
{
    config_t config;
    static const char *const cases[][2] = {
        {"POSTGRES_PORT", "abc"}, {"POSTGRES_PORT", "-1"}, {"REDIS_PORT", "6379x"}, {"EXPIRATION_AGE_DAYS", "99999999999"},
        {"DEFAULT_LIVE_CONFIG", "{"}, {"DEFAULT_UPLOAD_CONFIG", "[1]"},
    };

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        clearenv();
        setenv(cases[k][0], cases[k][1], 1);
        assert_string_equal(config_read(&config, arena), cases[k][0]);
    }
}


static void
a_provider_needs_its_address_and_secret(void **state)
{
    config_t config;

    clearenv();
    setenv("KEYCLOAK_ENABLED", "TRUE", 1);
    assert_string_equal(config_read(&config, arena), "KEYCLOAK_ISSUER");
    setenv("MAIN_HOST", "tator.example.com", 1);
    assert_null(config_read(&config, arena));
    assert_string_equal(config.keycloak_issuer, "https://tator.example.com/auth/realms/tator");
    assert_string_equal(config.keycloak_client, "tator");
    assert_string_equal(config.keycloak_audience, "account");
    assert_null(config.keycloak_secret);
    assert_int_equal(config.clock_skew, 60);
    setenv("KEYCLOAK_ISSUER", "file:///etc/passwd", 1);
    assert_string_equal(config_read(&config, arena), "KEYCLOAK_ISSUER");

    clearenv();
    setenv("OKTA_OAUTH2_ISSUER", "nonsense", 1); /* of no provider that is on */
    assert_null(config_read(&config, arena));
    setenv("OKTA_ENABLED", "true", 1);
    assert_string_equal(config_read(&config, arena), "OKTA_OAUTH2_KEY");
    setenv("OKTA_OAUTH2_KEY", "key", 1);
    assert_string_equal(config_read(&config, arena), "OKTA_OAUTH2_SECRET");
    setenv("OKTA_OAUTH2_SECRET", "secret", 1);
    assert_string_equal(config_read(&config, arena), "OKTA_OAUTH2_ISSUER");
    setenv("OKTA_OAUTH2_ISSUER", "https://id.example.com/oauth2/default", 1);
    assert_null(config_read(&config, arena));
    assert_string_equal(config.okta_audience, "api://default");
    setenv("OKTA_OAUTH2_AUTH_URI", "javascript:alert(1)", 1);
    assert_string_equal(config_read(&config, arena), "OKTA_OAUTH2_AUTH_URI");
}


static void
the_connection_string_is_quoted(void **state)
{
    config_t config;

    setenv("POSTGRES_HOST", "db", 1);
    setenv("POSTGRES_USER", "o'neil", 1);
    setenv("POSTGRES_PASSWORD", "a\\b c", 1);

    assert_null(config_read(&config, arena));
    assert_string_equal(config_dsn(&config, arena), "host='db' port=5432 user='o\\'neil' dbname='tator_online' password='a\\\\b c'");
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_environment_gives_the_defaults, begin, end),
        cmocka_unit_test_setup_teardown(truth_is_spelled_differently, begin, end),
        cmocka_unit_test_setup_teardown(mail_needs_a_way_to_send, begin, end),
        cmocka_unit_test_setup_teardown(a_store_may_be_packed_twice, begin, end),
        cmocka_unit_test_setup_teardown(a_wrong_value_is_named, begin, end),
        cmocka_unit_test_setup_teardown(a_provider_needs_its_address_and_secret, begin, end),
        cmocka_unit_test_setup_teardown(the_connection_string_is_quoted, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
