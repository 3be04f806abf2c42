/*
 * Log-in by a SAML identity provider (contract/accounts.md §1.1, §3.8; tator/saml.h has the judgement of responses):
 *
 *     sp/ ──▶ the provider's page ──▶ acs/ (a form that the provider's page posts) ──▶ a cookie session
 *
 * A response counts only in the browser that sp/ has given the request to: a cookie, named by the request and signed, says so, and where to go
 * then. Responses that nobody asked for log nobody in (anybody could post theirs from another site): they lead to sp/, and a provider where the
 * person is logged in answers that at once.
 *
 * The provider's metadata is kept for an hour in each process, and asked for again when a signature does not fit.
 */

#include <time.h>

#include <tator/base64.h>
#include <tator/crypto.h>
#include <tator/saml.h>
#include <tator/time.h>
#include <tator/uri.h>

#include "../api/page.h"
#include "../api/session.h"
#include "../net/fetch.h"
#include "../net/pg.h"
#include "../net/redis.h"
#include "../net/threads.h"
#include "common.h"
#include "user.h"

#define REQUEST_SECONDS  600
#define RESTART_SECONDS  60
#define NEXT_LIMIT       1024
#define METADATA_SECONDS 3600
#define METADATA_RETRY   3     /* seconds between two attempts to get newer metadata */
#define METADATA_STALE   86400 /* seconds that the old one is used when there is none newer */

/* What threads get. */
typedef struct {
    saml_provider_t provider;
    char            fault[128];
    size_t          len;
    char            xml[];
} metadata_task_t;

typedef struct {
    saml_provider_t provider;
    saml_login_t    login;
    int64_t         now;
    char            acs[1024];
    size_t          len;
    char            xml[];
} response_task_t;

static void                   saml_start(rq_t *rq);
static void                   saml_metadata(rq_t *rq);
static void                   saml_answer(rq_t *rq);
static void                   saml_welcome(rq_t *rq);
static void                   saml_denied(rq_t *rq);
static bool                   saml_off(rq_t *rq);
static void                   saml_post(rq_t *rq, const char *destination, const text_t *request);
static void                   saml_start_over(rq_t *rq);
static saml_login_t          *saml_judge(rq_t *rq, const unsigned char *xml, size_t len);
static void                   saml_read(void *data);
static void                   saml_enter(rq_t *rq, const saml_login_t *login, const char *next);
static bool                   saml_first_time(rq_t *rq, const saml_login_t *login);
static const saml_provider_t *saml_provider(rq_t *rq, bool newer);
static const char            *saml_provider_text(rq_t *rq, size_t *len);
static void                   saml_provider_parse(void *data);
static const char            *saml_acs(rq_t *rq);
static void                   saml_remember(rq_t *rq, const char *id, const char *next);
static const char            *saml_remembered(rq_t *rq, const char *id);
static void                   saml_cookie(rq_t *rq, const char *name, const char *value, int seconds);
static const char            *saml_cookie_signature(rq_t *rq, const char *id, long until, const char *next);
static void                   saml_refuse(rq_t *rq, int status, const char *fault);

const endpoint_t saml_endpoints[] = {
    {GET(OPEN), "/saml2_auth/sp/", .handler = saml_start, .doc = "Log in by the SAML identity provider."},
    {GET(OPEN), "/saml2_auth/acs/", .handler = saml_metadata, .doc = "What the SAML identity provider has to know of this server."},
    {POST(OPEN), "/saml2_auth/acs/", .handler = saml_answer, .flags = CREDENTIALS, .doc = "The answer of the SAML identity provider."},
    {GET(OPEN), "/saml2_auth/welcome/", .handler = saml_welcome, .doc = "Who is logged in."},
    {GET(OPEN), "/saml2_auth/denied/", .handler = saml_denied, .doc = "Nobody is logged in."},
    {0},
};

/* Process-wide: the provider, and when it was asked for; 0: not yet. */
static struct {
    saml_provider_t provider;
    time_t          made, tried;
} saml;


/* GET sp/?next=: to the identity provider. */
static void
saml_start(rq_t *rq)
{
    char                   id[SAML_ID];
    text_t                 request;
    const char            *next, *destination, *url;
    const saml_provider_t *provider;

    if (saml_off(rq)) {
        return;
    }

    page_never_kept(rq);
    provider = saml_provider(rq, false);
    if (provider == NULL) {
        saml_refuse(rq, 503, "The identity provider can not be reached. Please try again later.");
        return;
    }

    next = page_next(rq, "/projects");
    destination = provider->redirect[0] != '\0' ? provider->redirect : provider->post;

    saml_request_id(id);
    saml_remember(rq, id, strlen(next) > NEXT_LIMIT ? "/projects" : next);
    text_start(&request, rq->arena, 1024);
    saml_request_write(&request, id, time_now(), saml_acs(rq), destination);

    if (provider->redirect[0] == '\0') {
        saml_post(rq, destination, &request);
        return;
    }

    url = saml_request_url(rq->arena, destination, &request);
    if (url == NULL) {
        fail(rq, 503, "No memory.");
    }

    reply_redirect(rq, 302, url);
}


/* GET acs/: our name as an entity is this address, where others look for its metadata (saml-metadata-2.0-os §4.1). */
static void
saml_metadata(rq_t *rq)
{
    text_t text;

    if (saml_off(rq)) {
        return;
    }

    text_start(&text, rq->arena, 1024);
    saml_metadata_write(&text, saml_acs(rq));
    reply_text(rq, 200, "application/samlmetadata+xml", text.data, text.len);
}


/* POST acs/, from the provider's page in the person's browser. Without CSRF token, which that can not know: the request's cookie stands for it. */
static void
saml_answer(rq_t *rq)
{
    size_t         len = 0;
    const char    *text, *next;
    saml_login_t  *login;
    unsigned char *xml;

    if (saml_off(rq)) {
        return;
    }

    page_never_kept(rq);
    text = uri_query_value(rq->arena, rq->content, "SAMLResponse");
    xml = text == NULL || strlen(text) > 2 * SAML_LIMIT ? NULL : base64_decode(rq->arena, text, strlen(text), &len);
    if (xml == NULL) {
        saml_refuse(rq, 400, "There is no response of an identity provider in this request.");
        return;
    }

    login = saml_judge(rq, xml, len);
    if (login == NULL) {
        saml_refuse(rq, 503, "The identity provider can not be reached. Please try again later.");
        return;
    }

    if (login->fault != NULL) {
        saml_refuse(rq, 403, login->fault);
        return;
    }

    if (login->unsolicited) {
        saml_start_over(rq);
        return;
    }

    next = saml_remembered(rq, login->request);
    if (next == NULL) {
        saml_refuse(rq, 403, "This log-in was begun in another browser, or more than ten minutes ago.");
        return;
    }

    if (!saml_first_time(rq, login)) {
        saml_refuse(rq, 403, "This response was used before.");
        return;
    }

    saml_enter(rq, login, next);
}


static void
saml_welcome(rq_t *rq)
{
    text_t page;

    if (saml_off(rq)) {
        return;
    }

    page_never_kept(rq);
    if (rq->user.id == 0) {
        reply_redirect(rq, 302, "/saml2_auth/sp/");
        return;
    }

    page_begin(rq, &page, "Welcome");
    page_paragraph(&page, rq_format(rq, "You are logged in as %s.", rq->user.username));
    page_link(&page, "/projects", "Projects");
    page_close(rq, &page, 200);
}


static void
saml_denied(rq_t *rq)
{
    if (saml_off(rq)) {
        return;
    }

    page_never_kept(rq);
    saml_refuse(rq, 403, "The identity provider has not logged you in, or you may not use this server.");
}


static bool
saml_off(rq_t *rq)
{
    if (!rq->config->saml) {
        page_plain(rq, 404, "Not Found", "The requested resource was not found on this server.");
    }

    return !rq->config->saml;
}


/* The HTTP-POST binding. A button, since pages here have no scripts; and without our CSRF token, which is nobody else's business. */
static void
saml_post(rq_t *rq, const char *destination, const text_t *request)
{
    text_t page;

    page_begin(rq, &page, "Log in");
    page_paragraph(&page, "You log in at the identity provider of your organization.");
    text_puts(&page, "  <form method=\"post\" action=\"");
    page_text(&page, destination);
    text_puts(&page, "\">\n");
    page_hidden(&page, "SAMLRequest", base64_encode(rq->arena, request->data, request->len));
    page_form_end(&page, "Continue");
    page_close(rq, &page, 200);
}


/* A provider that answers only what nobody has asked would send the browser around for ever. */
static void
saml_start_over(rq_t *rq)
{
    text_t      location;
    const char *next = page_local(uri_query_value(rq->arena, rq->content, "RelayState"), "/projects");

    if (rq_cookie(rq, "saml_restart") != NULL) {
        saml_cookie(rq, "saml_restart", "", 0);
        saml_refuse(rq, 403, "The identity provider does not answer the request of this server.");
        return;
    }

    saml_cookie(rq, "saml_restart", "1", RESTART_SECONDS);
    text_start(&location, rq->arena, 256);
    text_puts(&location, "/saml2_auth/sp/?next=");
    uri_encode(&location, next, strlen(next), "/");
    reply_redirect(rq, 302, rq_format(rq, "%.*s", (int) location.len, location.data));
}


/* In a thread. With the provider's newest keys, when those that are known do not fit. NULL: there is no metadata. */
static saml_login_t *
saml_judge(rq_t *rq, const unsigned char *xml, size_t len)
{
    size_t                 size = sizeof(response_task_t) + len;
    response_task_t       *task = arena_zalloc(rq->arena, size);
    const saml_provider_t *provider;

    snprintf(task->acs, sizeof(task->acs), "%s", saml_acs(rq));
    task->len = len;
    memcpy(task->xml, xml, len);

    for (int attempt = 0; attempt < 2; attempt++) {
        provider = saml_provider(rq, attempt > 0);
        if (provider == NULL) {
            return NULL;
        }

        if (attempt > 0 && memcmp(provider, &task->provider, sizeof(saml_provider_t)) == 0) {
            break;
        }

        task->provider = *provider;
        task->now = time_now();
        thread_run(rq, saml_read, task, size);

        if (task->login.fault == NULL || !task->login.unknown_key) {
            break;
        }
    }

    return &task->login;
}


static void
saml_read(void *data)
{
    response_task_t *task = data;

    saml_response_read(&task->login, &task->provider, task->acs, task->now, task->xml, task->len);
}


/* Who has the name at the provider has it here, in whatever case; who is new gets an account (contract/accounts.md §3.8). */
static void
saml_enter(rq_t *rq, const saml_login_t *login, const char *next)
{
    int64_t     id;
    result_t   *user;
    user_new_t  person = {.username = user_trimmed(rq, login->username), .first_name = login->first_name, .last_name = login->last_name,
                          .email = login->email, .password = ""};

    user = pg_query(rq, "SELECT username FROM main_user WHERE upper(username) = upper(%s) ORDER BY username = %s DESC, id LIMIT 1",
                    person.username, person.username);
    if (pg_rows(user) == 1) {
        person.username = pg_text(user, 0, 0);
    }

    id = user_arrives(rq, &person);

    user = pg_query(rq, "UPDATE main_user SET last_login = now() WHERE id = %ld AND is_active RETURNING password", id);
    if (pg_rows(user) == 0) {
        saml_refuse(rq, 403, "Your account on this server is not active.");
        return;
    }

    session_start(rq, id, pg_text(user, 0, 0));
    saml_cookie(rq, rq_format(rq, "saml%s", login->request), "", 0);
    saml_cookie(rq, "saml_restart", "", 0);
    reply_redirect(rq, 302, next);
}


/* Of all processes and replicas; kept until the assertion has expired. */
static bool
saml_first_time(rq_t *rq, const saml_login_t *login)
{
    int64_t        seconds = (login->until - time_now()) / 1000000 + 1;
    const char    *argv[] = {"SET", rq_format(rq, "tator_saml_%s", login->id), "1", "NX", "EX", rq_format(rq, "%ld", (long) seconds)};
    redis_value_t *answer;

    if (seconds < 1) {
        return false;
    }

    answer = redis_command(rq, sizeof(argv) / sizeof(argv[0]), argv, NULL);

    return answer->type == REDIS_STATUS;
}


/* NULL: there is none. */
static const saml_provider_t *
saml_provider(rq_t *rq, bool newer)
{
    size_t           len;
    time_t           now = time(NULL);
    const char      *text;
    metadata_task_t *task;

    if (saml.made != 0 && (now - saml.tried < METADATA_RETRY || (!newer && now - saml.made < METADATA_SECONDS))) {
        return &saml.provider;
    }

    saml.tried = now;
    text = saml_provider_text(rq, &len);
    if (text != NULL) {
        task = arena_zalloc(rq->arena, sizeof(metadata_task_t) + len);
        task->len = len;
        memcpy(task->xml, text, len);
        thread_run(rq, saml_provider_parse, task, sizeof(metadata_task_t) + len);

        if (task->fault[0] == '\0') {
            saml.provider = task->provider;
            saml.made = now;
        }
    }

    return saml.made != 0 && now - saml.made < METADATA_STALE ? &saml.provider : NULL;
}


static const char *
saml_provider_text(rq_t *rq, size_t *len)
{
    fetched_t *answer;

    if (rq->config->saml_metadata != NULL) {
        *len = strlen(rq->config->saml_metadata);
        return rq->config->saml_metadata;
    }

    answer = fetch(rq, &(fetch_t) {.url = rq->config->saml_metadata_url, .limit = SAML_METADATA_LIMIT});
    *len = answer->len;

    return answer->status == 200 ? answer->body : NULL;
}


static void
saml_provider_parse(void *data)
{
    const char      *fault;
    metadata_task_t *task = data;

    fault = saml_provider_read(&task->provider, task->xml, task->len);
    if (fault != NULL) {
        snprintf(task->fault, sizeof(task->fault), "%s", fault);
    }
}


/* Our address for responses, and our name. */
static const char *
saml_acs(rq_t *rq)
{
    return rq_format(rq, "%s/saml2_auth/acs/", page_site(rq));
}


/* The cookie's name is the request: several log-ins in several tabs do not disturb each other. */
static void
saml_remember(rq_t *rq, const char *id, const char *next)
{
    long   until = (long) time(NULL) + REQUEST_SECONDS;
    text_t encoded;

    text_start(&encoded, rq->arena, 64);
    uri_encode(&encoded, next, strlen(next), "/");
    next = rq_format(rq, "%.*s", (int) encoded.len, encoded.data);

    saml_cookie(rq, rq_format(rq, "saml%s", id), rq_format(rq, "%ld.%s.%s", until, saml_cookie_signature(rq, id, until, next), next),
                REQUEST_SECONDS);
}


/* Where to go when this browser has made the request; NULL: it has not. */
static const char *
saml_remembered(rq_t *rq, const char *id)
{
    char       *end;
    long        until;
    size_t      len;
    const char *cookie, *good, *next;

    if (strlen(id) != SAML_ID - 1 || id[0] != '_' || strspn(id + 1, "0123456789abcdef") != SAML_ID - 2) {
        return NULL;
    }

    cookie = rq_cookie(rq, rq_format(rq, "saml%s", id));
    if (cookie == NULL) {
        return NULL;
    }

    until = strtol(cookie, &end, 10);
    if (*end != '.' || until < (long) time(NULL) || strlen(end) < 2 * SHA256_LENGTH + 2 || end[2 * SHA256_LENGTH + 1] != '.') {
        return NULL;
    }

    next = end + 2 * SHA256_LENGTH + 2;
    good = saml_cookie_signature(rq, id, until, next);
    if (!same_bytes(good, end + 1, strlen(good))) {
        return NULL;
    }

    return page_local(uri_decode(rq->arena, next, strlen(next), false, &len), "/projects");
}


/* The provider's page posts from another site: only SameSite=None goes with that, and only over https. Without https nothing is said, and
   browsers are lenient for the first two minutes. */
static void
saml_cookie(rq_t *rq, const char *name, const char *value, int seconds)
{
    bool secure = strncmp(page_site(rq), "https:", 6) == 0;

    reply_header(rq, "Set-Cookie", rq_format(rq, "%s=%s; HttpOnly; Max-Age=%d; Path=/saml2_auth/%s", name, value, seconds,
                                             secure ? "; SameSite=None; Secure" : ""));
}


static const char *
saml_cookie_signature(rq_t *rq, const char *id, long until, const char *next)
{
    char         *text = rq_format(rq, "%s %ld %s", id, until, next), *secret = rq_format(rq, "tator.saml %s", rq->config->secret_key);
    char          hex[2 * SHA256_LENGTH + 1];
    unsigned char key[SHA256_LENGTH], digest[SHA256_LENGTH];

    sha256(key, secret, strlen(secret));
    hmac_sha256(digest, key, sizeof(key), text, strlen(text));
    hex_encode(hex, digest, sizeof(digest));

    return arena_text(rq->arena, hex);
}


static void
saml_refuse(rq_t *rq, int status, const char *fault)
{
    text_t page;

    page_begin(rq, &page, "Not logged in");
    page_alert(&page, fault);
    page_link(&page, "/saml2_auth/sp/", "Log in again");
    page_link(&page, "/accounts/login/", "Log in by password");
    page_close(rq, &page, status);
}
