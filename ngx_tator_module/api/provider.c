/*
 * The identity provider (provider.h). Each worker process has one copy of its addresses and keys:
 *
 *     nothing ── read ──▶ fresh ── PROVIDER_FRESH ──▶ old, still good ── PROVIDER_GOOD ──▶ dropped
 *                           ▲                          │
 *                           └────────── read ──────────┘
 *
 * One request at a time reads; it keeps others waiting only when there is nothing that they could go on with. When its client goes away in
 * the middle, the next in line reads. Between two readings are at least PROVIDER_PAUSE, so that neither a provider that is down nor tokens
 * by invented keys make one fetch each.
 */

#include "../core/wait.h"
#include "../net/fetch.h"
#include "provider.h"

#define PROVIDER_FRESH    600000 /* milliseconds */
#define PROVIDER_GOOD     3600000
#define PROVIDER_PAUSE    5000
#define PROVIDER_TIMEOUT  5000
#define PROVIDER_DOCUMENT 65536 /* bytes of the discovery document */

typedef struct {
    ngx_queue_t queue;
    wait_t      wait;
} waiter_t;

typedef struct {
    const char *name;
    bool        needed;
} member_t;

static const member_t provider_members[PROVIDER_ADDRESSES] = {
    [PROVIDER_AUTHORIZATION] = {"authorization_endpoint", true},
    [PROVIDER_TOKEN] = {"token_endpoint", true},
    [PROVIDER_USERINFO] = {"userinfo_endpoint", false},
    [PROVIDER_LOGOUT] = {"end_session_endpoint", false},
    [PROVIDER_KEYS] = {"jwks_uri", true},
};

static bool        provider_ready(rq_t *rq, bool again);
static void        provider_read(rq_t *rq);
static const char *provider_discover(rq_t *rq, char *addresses[PROVIDER_ADDRESSES]);
static const char *provider_read_keys(rq_t *rq, const char *address);
static const char *provider_fetch(rq_t *rq, const char *url, size_t limit, fetched_t **answer);
static bool        provider_same_safety(const char *issuer, const char *address);
static void        provider_reader_gone(void *rq);
static void        provider_wait(rq_t *rq);
static void        provider_cancel(wait_t *wait);
static void        provider_wake(ngx_event_t *event);

/* Process-wide. */
static struct {
    char       *addresses[PROVIDER_ADDRESSES];
    jwks_t     *keys;          /* NULL: nothing was read, or too long ago */
    ngx_msec_t  read, tried;   /* when, the last time; tried 0: never */
    rq_t       *reader;        /* who reads now */
    ngx_queue_t waiting;       /* waiter_t, for the reader */
    ngx_event_t wake;
} provider;


bool
provider_configured(rq_t *rq)
{
    return rq->config->keycloak || rq->config->okta;
}


const char *
provider_client(rq_t *rq)
{
    return rq->config->keycloak ? rq->config->keycloak_client : rq->config->okta_client;
}


const char *
provider_secret(rq_t *rq)
{
    return rq->config->keycloak ? rq->config->keycloak_secret : rq->config->okta_secret;
}


const char *
provider_audience(rq_t *rq)
{
    return rq->config->keycloak ? rq->config->keycloak_audience : rq->config->okta_audience;
}


const char *
provider_issuer(rq_t *rq)
{
    return rq->config->keycloak ? rq->config->keycloak_issuer : rq->config->okta_issuer;
}


const char *
provider_address(rq_t *rq, provider_address_t which)
{
    const char *const given[PROVIDER_ADDRESSES] = {
        [PROVIDER_AUTHORIZATION] = rq->config->okta_authorization,
        [PROVIDER_TOKEN] = rq->config->okta_token,
        [PROVIDER_USERINFO] = rq->config->okta_userinfo,
    };

    if (rq->config->okta && given[which] != NULL) {
        return given[which];
    }

    if (!provider_ready(rq, false)) {
        provider_unreachable(rq);
    }

    return provider.addresses[which] == NULL ? NULL : arena_text(rq->arena, provider.addresses[which]);
}


const json_t *
provider_claims(rq_t *rq, const char *text, const jwt_rules_t *rules, const char **fault)
{
    jwt_t         token;
    jwt_rules_t   all = *rules;
    jwt_verdict_t verdict;

    all.issuer = provider_issuer(rq);
    all.now = ngx_time();
    all.leeway = rq->config->clock_skew;

    /* what costs nothing first: only tokens that could be good make keys be read */
    *fault = jwt_read(rq->arena, text, strlen(text), &token);
    if (*fault == NULL) {
        *fault = jwt_claims_fault(token.claims, &all);
    }
    if (*fault != NULL) {
        return NULL;
    }

    if (!provider_ready(rq, false)) {
        provider_unreachable(rq);
    }

    verdict = jwt_verify(&token, provider.keys);

    if (verdict == JWT_UNKNOWN_KEY && provider_ready(rq, true)) {
        verdict = jwt_verify(&token, provider.keys);
    }

    if (verdict != JWT_GOOD) {
        *fault = verdict == JWT_BAD ? "the signature is wrong" : "the token is by a key that is not known";
        return NULL;
    }

    return token.claims;
}


void
provider_unreachable(rq_t *rq)
{
    rq->retry_after = PROVIDER_PAUSE / 1000;
    fail(rq, 503, "The identity provider gives no answer.");
}


/* Whether there are addresses and keys. `again`: those there are do not suffice. */
static bool
provider_ready(rq_t *rq, bool again)
{
    for (;;) {
        if (provider.keys != NULL && ngx_current_msec - provider.read >= PROVIDER_GOOD) {
            jwks_free(provider.keys);
            provider.keys = NULL;
        }

        if (provider.keys != NULL && !again && (provider.reader != NULL || ngx_current_msec - provider.read < PROVIDER_FRESH)) {
            return true;
        }

        if (provider.reader == NULL) {
            if (provider.tried == 0 || ngx_current_msec - provider.tried >= PROVIDER_PAUSE) {
                provider_read(rq);
            }
            return provider.keys != NULL;
        }

        provider_wait(rq);
        again = false; /* what could be had was read just now */
    }
}


static void
provider_read(rq_t *rq)
{
    char       *addresses[PROVIDER_ADDRESSES];
    const char *fault;

    provider.reader = rq;
    provider.tried = ngx_current_msec;
    arena_cleanup(rq->arena, provider_reader_gone, rq);

    fault = provider_discover(rq, addresses);
    if (fault == NULL) {
        fault = provider_read_keys(rq, addresses[PROVIDER_KEYS]);
    }

    if (fault != NULL) {
        ngx_log_error(NGX_LOG_ERR, rq_log(rq), 0, "tator: the identity provider %s is not usable: %s", provider_issuer(rq), fault);

    } else {
        for (int k = 0; k < PROVIDER_ADDRESSES; k++) {
            free(provider.addresses[k]);
            provider.addresses[k] = addresses[k] == NULL ? NULL : strdup(addresses[k]);
        }
        provider.read = ngx_current_msec;
    }

    provider_reader_gone(rq);
}


/* The addresses in the arena, NULL where there is none; or what is wrong (OpenID Connect Discovery §4.3). */
static const char *
provider_discover(rq_t *rq, char *addresses[PROVIDER_ADDRESSES])
{
    json_t     *document;
    fetched_t  *answer;
    const char *fault, *text, *issuer = provider_issuer(rq);

    fault = provider_fetch(rq, rq_format(rq, "%s%s.well-known/openid-configuration", issuer, issuer[strlen(issuer) - 1] == '/' ? "" : "/"),
                           PROVIDER_DOCUMENT, &answer);
    if (fault != NULL) {
        return fault;
    }

    document = json_parse(answer->body, answer->len, NULL);
    if (document == NULL) {
        return "its discovery document is not JSON";
    }

    rq_own(rq, document);

    text = json_string_value(json_object_get(document, "issuer"));
    if (text == NULL || strcmp(text, issuer) != 0) {
        return "its discovery document names another issuer";
    }

    for (int k = 0; k < PROVIDER_ADDRESSES; k++) {
        text = json_string_value(json_object_get(document, provider_members[k].name));

        if ((text == NULL && provider_members[k].needed) || (text != NULL && !provider_same_safety(issuer, text))) {
            return rq_format(rq, "its discovery document has no usable %s", provider_members[k].name);
        }

        addresses[k] = text == NULL ? NULL : arena_text(rq->arena, text);
    }

    return NULL;
}


/* The keys take the place of the old ones at once: what is not among them any more is not believed any more. */
static const char *
provider_read_keys(rq_t *rq, const char *address)
{
    jwks_t     *keys;
    fetched_t  *answer;
    const char *fault;

    fault = provider_fetch(rq, address, JWKS_LIMIT, &answer);
    if (fault != NULL) {
        return fault;
    }

    keys = jwks_read(answer->body, answer->len);
    if (keys == NULL || jwks_count(keys) == 0) {
        jwks_free(keys);
        return "its key set has no usable key";
    }

    jwks_free(provider.keys);
    provider.keys = keys;

    return NULL;
}


static const char *
provider_fetch(rq_t *rq, const char *url, size_t limit, fetched_t **answer)
{
    static const char *const headers[] = {"Accept: application/json", NULL};

    *answer = fetch(rq, &(fetch_t) {.url = url, .headers = headers, .limit = limit, .timeout_ms = PROVIDER_TIMEOUT});

    if ((*answer)->status == 0) {
        return rq_format(rq, "%s: %s", url, (*answer)->error);
    }

    return (*answer)->status == 200 ? NULL : rq_format(rq, "%s answers %d", url, (*answer)->status);
}


/* Who is spoken to by TLS does not lead out of it. */
static bool
provider_same_safety(const char *issuer, const char *address)
{
    return strncmp(address, "https://", 8) == 0 || (strncmp(issuer, "http://", 7) == 0 && strncmp(address, "http://", 7) == 0);
}


/* Also when the reader's client has gone away. */
static void
provider_reader_gone(void *rq)
{
    if (provider.reader != rq) {
        return;
    }

    provider.reader = NULL;

    if (provider.waiting.next != NULL && !ngx_queue_empty(&provider.waiting)) {
        provider.wake.handler = provider_wake;
        provider.wake.log = ngx_cycle->log;
        ngx_post_event(&provider.wake, &ngx_posted_events);
    }
}


static void
provider_wait(rq_t *rq)
{
    waiter_t *waiter;

    if (provider.waiting.next == NULL) {
        ngx_queue_init(&provider.waiting);
    }

    waiter = arena_zalloc(rq->arena, sizeof(waiter_t));
    waiter->wait = (wait_t) {.rq = rq, .cancel = provider_cancel, .data = waiter};
    ngx_queue_insert_tail(&provider.waiting, &waiter->queue);
    rq_wait(rq, &waiter->wait);
}


static void
provider_cancel(wait_t *wait)
{
    waiter_t *waiter = wait->data;

    ngx_queue_remove(&waiter->queue);
}


/* Those who go on may wait again, and may end others that wait: each is taken from the queue anew. */
static void
provider_wake(ngx_event_t *event)
{
    waiter_t   *waiter;
    ngx_queue_t now;

    if (ngx_queue_empty(&provider.waiting)) {
        return;
    }

    ngx_queue_init(&now);
    ngx_queue_add(&now, &provider.waiting);
    ngx_queue_init(&provider.waiting);

    while (!ngx_queue_empty(&now)) {
        waiter = ngx_queue_data(ngx_queue_head(&now), waiter_t, queue);
        ngx_queue_remove(&waiter->queue);
        rq_wake(&waiter->wait);
    }
}
