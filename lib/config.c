/*
 * Settings from the environment (include/tator/config.h). Truth values differ from variable to variable in the reference;
 * the table says which spelling counts (contract/operations.md §19, accounts.md).
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>
#include <tator/config.h>

typedef enum {
    SET_TEXT,   /* NULL when unset or empty */
    SET_NUMBER, /* a whole number, not negative */
    SET_TRUE,   /* on: "true" exactly */
    SET_UPPER,  /* on: "TRUE" exactly */
    SET_EITHER, /* on: "true" in any case */
    SET_ANY,    /* on: any text at all, "false" too */
    SET_NOT_OFF /* off: "off" in any case */
} setting_kind_t;

typedef struct {
    const char    *name, *fallback;
    setting_kind_t kind;
    size_t         offset;
} setting_t;

#define SETTING(name, fallback, kind, field) {name, fallback, kind, offsetof(config_t, field)}
#define STORE(kind, index) \
    SETTING("DEFAULT_" kind "_CONFIG", NULL, SET_TEXT, stores[index].config), \
    SETTING("DEFAULT_" kind "_BUCKET_NAME", NULL, SET_TEXT, stores[index].bucket_name), \
    SETTING("DEFAULT_" kind "_STORE_TYPE", NULL, SET_TEXT, stores[index].store_type), \
    SETTING("DEFAULT_" kind "_EXTERNAL_HOST", NULL, SET_TEXT, stores[index].external_host)

static const setting_t settings[] = {
    SETTING("MAIN_HOST", NULL, SET_TEXT, main_host),
    SETTING("ALIAS_HOSTS", NULL, SET_TEXT, alias_hosts),
    SETTING("DJANGO_SECRET_KEY", "", SET_TEXT, secret_key),
    SETTING("REQUIRE_HTTPS", NULL, SET_UPPER, require_https),
    SETTING("TATOR_FINE_GRAIN_PERMISSION", NULL, SET_TRUE, fine_grain),
    SETTING("POSTGRES_HOST", "localhost", SET_TEXT, postgres_host),
    SETTING("POSTGRES_PORT", "5432", SET_NUMBER, postgres_port),
    SETTING("POSTGRES_USER", "postgres", SET_TEXT, postgres_user),
    SETTING("POSTGRES_PASSWORD", NULL, SET_TEXT, postgres_password),
    SETTING("POSTGRES_DB", "tator_online", SET_TEXT, postgres_database),
    SETTING("REDIS_HOST", "localhost", SET_TEXT, redis_host),
    SETTING("REDIS_PORT", "6379", SET_NUMBER, redis_port),
    SETTING("REDIS_PASSWORD", NULL, SET_TEXT, redis_password),
    SETTING("REDIS_USE_SSL", NULL, SET_EITHER, redis_tls),
    STORE("LIVE", STORE_LIVE),
    STORE("UPLOAD", STORE_UPLOAD),
    STORE("BACKUP", STORE_BACKUP),
    SETTING("EXPIRATION_AGE_DAYS", "30", SET_NUMBER, expiration_age_days),
    SETTING("ARCHIVE_AGE_DAYS", "7", SET_NUMBER, archive_age_days),
    SETTING("ANONYMOUS_REGISTRATION_ENABLED", NULL, SET_TRUE, anonymous_registration),
    SETTING("EMAIL_CONFIRMATION", NULL, SET_TRUE, email_confirmation),
    SETTING("ANONYMOUS_GATEWAY_ENABLED", NULL, SET_TRUE, anonymous_gateway),
    SETTING("AUTOCREATE_ORGANIZATIONS", NULL, SET_ANY, autocreate_organizations),
    SETTING("ALLOW_ORGANIZATION_POST", NULL, SET_TRUE, allow_organization_post),
    SETTING("TATOR_EMAIL_ENABLED", NULL, SET_EITHER, email_enabled),
    SETTING("TATOR_EMAIL_SENDER", NULL, SET_TEXT, email_sender),
    SETTING("TATOR_EMAIL_HOST", NULL, SET_TEXT, email_host),
    SETTING("TATOR_EMAIL_PORT", "587", SET_NUMBER, email_port),
    SETTING("TATOR_EMAIL_USER", NULL, SET_TEXT, email_user),
    SETTING("TATOR_EMAIL_PASSWORD", NULL, SET_TEXT, email_password),
    SETTING("TATOR_EMAIL_CA_FILE", NULL, SET_TEXT, email_ca_file),
    SETTING("TATOR_EMAIL_CONNECTION_STRING", NULL, SET_TEXT, email_connection),
    SETTING("TATOR_EMAIL_NOTIFY_STAFF", NULL, SET_EITHER, email_notify_staff),
    SETTING("TATOR_SLACK_TOKEN", NULL, SET_TEXT, slack_token),
    SETTING("TATOR_SLACK_CHANNEL", NULL, SET_TEXT, slack_channel),
    SETTING("TATOR_SLACK_URL", "https://slack.com/api", SET_TEXT, slack_url),
    SETTING("DISABLE_INACTIVE_USER_DAYS", "0", SET_NUMBER, inactive_user_days),
    SETTING("TATOR_MEDIA_ROOT", "/media", SET_TEXT, media_root),
    SETTING("KEYCLOAK_ENABLED", NULL, SET_UPPER, keycloak),
    SETTING("KEYCLOAK_ISSUER", NULL, SET_TEXT, keycloak_issuer),
    SETTING("KEYCLOAK_CLIENT_ID", "tator", SET_TEXT, keycloak_client),
    SETTING("KEYCLOAK_CLIENT_SECRET", NULL, SET_TEXT, keycloak_secret),
    SETTING("KEYCLOAK_AUDIENCE", "account", SET_TEXT, keycloak_audience),
    SETTING("OKTA_ENABLED", NULL, SET_TRUE, okta),
    SETTING("OKTA_OAUTH2_KEY", NULL, SET_TEXT, okta_client),
    SETTING("OKTA_OAUTH2_SECRET", NULL, SET_TEXT, okta_secret),
    SETTING("OKTA_OAUTH2_ISSUER", NULL, SET_TEXT, okta_issuer),
    SETTING("OKTA_OAUTH2_AUTH_URI", NULL, SET_TEXT, okta_authorization),
    SETTING("OKTA_OAUTH2_TOKEN_URI", NULL, SET_TEXT, okta_token),
    SETTING("OKTA_OAUTH2_USERINFO_URI", NULL, SET_TEXT, okta_userinfo),
    SETTING("OKTA_OAUTH2_AUDIENCE", "api://default", SET_TEXT, okta_audience),
    SETTING("COGNITO_ENABLED", NULL, SET_EITHER, cognito),
    SETTING("TATOR_CLOCK_SKEW", "60", SET_NUMBER, clock_skew),
    SETTING("SAML_ENABLED", NULL, SET_TRUE, saml),
    SETTING("SAML_METADATA_URL", NULL, SET_TEXT, saml_metadata_url),
    SETTING("SAML_SSO_URL", NULL, SET_TEXT, saml_sso_url),
    SETTING("SERVER_SIDE_REQUEST_ORIGINS", NULL, SET_TEXT, request_origins),
    SETTING("GUNICORN_HOST", NULL, SET_TEXT, transcode_host),
    SETTING("TATOR_RATE_LIMITS", NULL, SET_NOT_OFF, rate_limits),
    SETTING("TATOR_SEARCH_NODES", "1000", SET_NUMBER, search_nodes),
    SETTING("TATOR_SEARCH_DEPTH", "32", SET_NUMBER, search_depth),
    SETTING("TATOR_LIST_LIMIT", "1000000", SET_NUMBER, list_limit),
};

static bool config_set(void *field, setting_kind_t kind, const char *value, arena_t *arena);
static bool config_store(store_config_t *store, arena_t *arena);
static const char *config_providers(config_t *config, arena_t *arena);
static char *config_quoted(arena_t *arena, const char *value);


const char *
config_read(config_t *config, arena_t *arena)
{
    const char      *value, *wrong;
    const setting_t *setting;
    static const char *const store_names[] = {"DEFAULT_LIVE_CONFIG", "DEFAULT_UPLOAD_CONFIG", "DEFAULT_BACKUP_CONFIG"};

    memset(config, 0, sizeof(config_t));

    for (size_t k = 0; k < sizeof(settings) / sizeof(settings[0]); k++) {
        setting = &settings[k];
        value = getenv(setting->name);

        if (value == NULL || *value == '\0') {
            value = setting->fallback;
        }

        if (!config_set((char *) config + setting->offset, setting->kind, value, arena)) {
            return setting->name;
        }
    }

    for (int k = 0; k < STORE_KINDS; k++) {
        if (!config_store(&config->stores[k], arena)) {
            return store_names[k];
        }
    }

    wrong = config_providers(config, arena);
    if (wrong != NULL) {
        return wrong;
    }

    /* whoever asks for mail must be told at once that there is none (contract/operations.md §17) */
    config->email_enabled = config->email_enabled
        && (config->email_connection != NULL
            || (config->email_host != NULL && config->email_user != NULL && config->email_password != NULL));

    return NULL;
}


char *
config_dsn(const config_t *config, arena_t *arena)
{
    char *dsn;

    dsn = arena_format(arena, "host=%s port=%d user=%s dbname=%s", config_quoted(arena, config->postgres_host), config->postgres_port,
                       config_quoted(arena, config->postgres_user), config_quoted(arena, config->postgres_database));

    if (config->postgres_password != NULL) {
        dsn = arena_format(arena, "%s password=%s", dsn, config_quoted(arena, config->postgres_password));
    }

    return dsn;
}


static bool
config_set(void *field, setting_kind_t kind, const char *value, arena_t *arena)
{
    char *end;
    long  number;

    switch (kind) {

    case SET_TEXT:
        *(const char **) field = value == NULL ? NULL : arena_text(arena, value);
        return true;

    case SET_NUMBER:
        number = strtol(value, &end, 10);
        if (end == value || *end != '\0' || number < 0 || number > 2147483647) {
            return false;
        }
        *(int *) field = (int) number;
        return true;

    case SET_TRUE:
        *(bool *) field = value != NULL && strcmp(value, "true") == 0;
        return true;

    case SET_UPPER:
        *(bool *) field = value != NULL && strcmp(value, "TRUE") == 0;
        return true;

    case SET_EITHER:
        *(bool *) field = value != NULL && strcasecmp(value, "true") == 0;
        return true;

    case SET_ANY:
        *(bool *) field = value != NULL;
        return true;

    default:
        *(bool *) field = value == NULL || strcasecmp(value, "off") != 0;
        return true;
    }
}


/* The text may be JSON within a JSON string (contract/media.md §3); "null" and "{}" say that there is none. */
static bool
config_store(store_config_t *store, arena_t *arena)
{
    bool    good;
    json_t *value, *inner;
    char   *text;

    if (store->config == NULL) {
        return true;
    }

    value = json_loads(store->config, JSON_DECODE_ANY, NULL);

    if (json_is_string(value)) {
        inner = json_loads(json_string_value(value), JSON_DECODE_ANY, NULL);
        json_decref(value);
        value = inner;
    }

    if (json_is_null(value) || (json_is_object(value) && json_object_size(value) == 0)) {
        json_decref(value);
        store->config = NULL;
        return true;
    }

    good = json_is_object(value);
    text = good ? json_dumps(value, JSON_COMPACT) : NULL;
    if (text != NULL) {
        store->config = arena_text(arena, text);
        free(text);
    }

    json_decref(value);

    return good && text != NULL;
}


/* What a provider can not do without. The name of a variable that is missing or no address, or NULL. */
static const char *
config_providers(config_t *config, arena_t *arena)
{
    const struct {
        bool        needed;
        const char *name, *value;
        bool        address;
    } settings[] = {
        {config->keycloak, "KEYCLOAK_ISSUER", config->keycloak_issuer, true},
        {config->okta, "OKTA_OAUTH2_KEY", config->okta_client, false},
        {config->okta, "OKTA_OAUTH2_SECRET", config->okta_secret, false},
        {config->okta, "OKTA_OAUTH2_ISSUER", config->okta_issuer, true},
        {config->okta && config->okta_authorization != NULL, "OKTA_OAUTH2_AUTH_URI", config->okta_authorization, true},
        {config->okta && config->okta_token != NULL, "OKTA_OAUTH2_TOKEN_URI", config->okta_token, true},
        {config->okta && config->okta_userinfo != NULL, "OKTA_OAUTH2_USERINFO_URI", config->okta_userinfo, true},
    };

    for (size_t k = 0; k < sizeof(settings) / sizeof(settings[0]); k++) {
        if (settings[k].needed && settings[k].value == NULL) {
            if (k == 0 && config->main_host != NULL) { /* the reference's fixed address */
                config->keycloak_issuer = arena_format(arena, "https://%s/auth/realms/tator", config->main_host);
                continue;
            }
            return settings[k].name;
        }

        if (settings[k].needed && settings[k].address && strncmp(settings[k].value, "https://", 8) != 0
            && strncmp(settings[k].value, "http://", 7) != 0)
        {
            return settings[k].name;
        }
    }

    return NULL;
}


/* A value of a libpq connection string. */
static char *
config_quoted(arena_t *arena, const char *value)
{
    char *quoted, *out;

    quoted = arena_alloc(arena, 2 * strlen(value) + 3);
    out = quoted;
    *out++ = '\'';

    for (; *value != '\0'; value++) {
        if (*value == '\'' || *value == '\\') {
            *out++ = '\\';
        }
        *out++ = *value;
    }

    *out++ = '\'';
    *out = '\0';

    return quoted;
}
