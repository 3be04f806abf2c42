/*
 * The environment of contract/operations.md §19, read once. The module takes these as the defaults of its directives,
 * the workers use them as they are: one environment file drives everything.
 */

#ifndef TATOR_CONFIG_H
#define TATOR_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include <tator/arena.h>

/* One default object store (contract/media.md §3): LIVE, UPLOAD or BACKUP. */
typedef struct {
    const char *config; /* JSON text; NULL: not configured */
    const char *bucket_name, *store_type, *external_host;
} store_config_t;

enum { STORE_LIVE, STORE_UPLOAD, STORE_BACKUP, STORE_KINDS };

typedef struct {
    const char    *main_host, *alias_hosts, *secret_key;
    bool           require_https, fine_grain;
    const char    *postgres_host, *postgres_user, *postgres_password, *postgres_database;
    int            postgres_port;
    const char    *redis_host, *redis_password;
    int            redis_port;
    bool           redis_tls;
    store_config_t stores[STORE_KINDS];
    int            expiration_age_days, archive_age_days;
    bool           anonymous_registration, email_confirmation, anonymous_gateway, autocreate_organizations, allow_organization_post;
    bool           email_enabled;   /* TATOR_EMAIL_ENABLED, and a way to send is configured */
    const char    *email_sender, *email_host, *email_user, *email_password, *email_ca_file;
    const char    *email_connection; /* TATOR_EMAIL_CONNECTION_STRING: Azure Communication Services instead of SMTP */
    int            email_port;
    bool           email_notify_staff;
    const char    *slack_token, *slack_channel, *slack_url; /* the operators' chat; without token or channel there is none */
    int            inactive_user_days; /* DISABLE_INACTIVE_USER_DAYS; 0: never */
    const char    *media_root;      /* TATOR_MEDIA_ROOT: files that the server keeps itself, served at /media/ */
    bool           keycloak, okta, saml; /* KEYCLOAK_ENABLED, OKTA_ENABLED, SAML_ENABLED: identity providers */
    bool           cognito;         /* COGNITO_ENABLED, which is refused */
    const char    *keycloak_issuer; /* KEYCLOAK_ISSUER: the realm's address, the path for discovery begins with it */
    const char    *keycloak_client, *keycloak_secret; /* KEYCLOAK_CLIENT_ID; KEYCLOAK_CLIENT_SECRET, NULL: a public client */
    const char    *keycloak_audience; /* KEYCLOAK_AUDIENCE: whom bearer tokens must be for */
    const char    *okta_client, *okta_secret, *okta_issuer; /* OKTA_OAUTH2_KEY, OKTA_OAUTH2_SECRET, OKTA_OAUTH2_ISSUER */
    const char    *okta_authorization, *okta_token, *okta_userinfo; /* OKTA_OAUTH2_{AUTH,TOKEN,USERINFO}_URI; NULL: by discovery */
    const char    *okta_audience;   /* OKTA_OAUTH2_AUDIENCE: whom access tokens must be for */
    int            clock_skew;      /* TATOR_CLOCK_SKEW: seconds that a provider's clock may differ */
    const char    *saml_metadata_url; /* SAML_METADATA_URL: of the identity provider; https:, or file: */
    const char    *saml_metadata;   /* the file's text, which the module reads when it starts */
    const char    *saml_sso_url;    /* SAML_SSO_URL: where /redirect/login/ leads; NULL: the log-in form */
    const char    *request_origins; /* SERVER_SIDE_REQUEST_ORIGINS: comma list of origins that the server may fetch from */
    const char    *transcode_host;  /* the REST address that workers call: GUNICORN_HOST */
    bool           rate_limits;     /* TATOR_RATE_LIMITS is not off */
    int            search_nodes;    /* TATOR_SEARCH_NODES: parts that the searches and filters of a request may have */
    int            search_depth;    /* TATOR_SEARCH_DEPTH: levels of one of its searches, with the saved ones that it names */
    int            list_limit;      /* TATOR_LIST_LIMIT: items of one list of ids or values that a request filters by */
} config_t;

/* Fill from the process environment; texts live in the arena. Returns NULL, or the name of a variable whose value can not be used. */
const char *config_read(config_t *config, arena_t *arena);

/* A libpq connection string of the settings, in the arena. */
char *config_dsn(const config_t *config, arena_t *arena);

#endif
