/*
 * Cookie sessions of requests (session.h).
 */

#include <strings.h>
#include <time.h>

#include <tator/crypto.h>
#include <tator/session.h>
#include <tator/uri.h>

#include "../core/conf.h"
#include "../core/request.h"
#include "../net/pg.h"
#include "auth.h"
#include "session.h"

#define SESSION_BACKEND "main.auth.TatorAuth"

static bool        session_read(rq_t *rq, const char *key);
static bool        session_user(rq_t *rq, const char *data);
static void        session_cookie(rq_t *rq, const char *key);
static void        session_drop_cookie(rq_t *rq);
static void        session_csrf_cookie(rq_t *rq, const char *secret);
static const char *session_date(rq_t *rq, time_t when);
static bool        session_changes(rq_t *rq);
static bool        csrf_origin_known(rq_t *rq, const char *origin);
static const char *csrf_referer_fault(rq_t *rq);
static bool        csrf_host_known(const char *host, size_t len);


bool
session_check(rq_t *rq)
{
    const char *key, *fault;

    key = rq_cookie(rq, "sessionid");
    if (key == NULL || *key == '\0' || strlen(key) > 40) {
        return false;
    }

    if (!auth_session(rq, key) && !session_read(rq, key)) {
        return false;
    }

    if (rq->uri.len > 6 && memcmp(rq->uri.data, "/rest/", 6) == 0 && session_changes(rq)) {
        fault = session_csrf_fault(rq, NULL);
        if (fault != NULL) {
            fail(rq, 403, "CSRF Failed: %s", fault);
        }
    }

    return true;
}


void
session_start(rq_t *rq, int64_t user, const char *stored)
{
    char        key[SESSION_KEY + 1], secret[CSRF_SECRET + 1];
    json_t     *members;
    const char *old = rq_cookie(rq, "sessionid");
    time_t      now = time(NULL);

    session_key(key);
    members = rq_own(rq, json_pack("{s:s, s:s, s:s}", "_auth_user_id", rq_format(rq, "%ld", (long) user),
                                   "_auth_user_backend", SESSION_BACKEND, "_auth_user_hash",
                                   session_password_hash(rq->arena, rq->config->secret_key, stored)));

    pg_query(rq,
             "WITH old AS (DELETE FROM django_session WHERE session_key = %s)"
             " INSERT INTO django_session (session_key, session_data, expire_date) VALUES (%s, %s, now() + %d * interval '1 second')",
             old == NULL ? "" : old, key, session_encode(rq->arena, rq->config->secret_key, members, now), SESSION_SECONDS);

    session_cookie(rq, key);

    csrf_secret(secret);
    session_csrf_cookie(rq, secret);
}


void
session_end(rq_t *rq)
{
    const char *key = rq_cookie(rq, "sessionid");

    if (key == NULL) {
        return;
    }

    pg_query(rq, "DELETE FROM django_session WHERE session_key = %s", key);
    session_drop_cookie(rq);
}


bool
session_announces(rq_t *rq)
{
    char        text[40];
    json_t     *members;
    time_t      now = time(NULL), then = now - 86400;
    result_t   *result;
    struct tm   parts;
    const char *last, *key = rq_cookie(rq, "sessionid");

    result = pg_query(rq, "SELECT session_data FROM django_session WHERE session_key = %s", key);
    members = pg_rows(result) == 0 ? NULL : session_decode(rq->arena, rq->config->secret_key, pg_text(result, 0, 0));
    if (members == NULL) {
        return true;
    }

    rq_own(rq, members);
    last = json_string_value(json_object_get(members, "last_announcement"));

    localtime_r(&then, &parts);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
    if (last != NULL && strcmp(last, text) > 0) {
        return false;
    }

    localtime_r(&now, &parts);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
    json_object_set_new(members, "last_announcement", json_string(text));

    pg_query(rq, "UPDATE django_session SET session_data = %s, expire_date = now() + %d * interval '1 second' WHERE session_key = %s",
             session_encode(rq->arena, rq->config->secret_key, members, now), SESSION_SECONDS, key);
    session_cookie(rq, key);

    return true;
}


const char *
session_form_token(rq_t *rq)
{
    char        secret[CSRF_SECRET + 1], token[CSRF_TOKEN + 1];
    const char *cookie = rq_cookie(rq, "csrftoken");

    if (cookie == NULL || csrf_unmask(secret, cookie) != CSRF_GOOD) {
        csrf_secret(secret);
    }

    session_csrf_cookie(rq, secret);
    csrf_mask(token, secret);

    return arena_text(rq->arena, token);
}


const char *
session_csrf_fault(rq_t *rq, const char *field)
{
    char        secret[CSRF_SECRET + 1], given[CSRF_SECRET + 1];
    const char *origin, *cookie, *token, *fault;
    const char *source = field != NULL && *field != '\0' ? "POST" : "the 'X-Csrftoken' HTTP header";

    origin = rq_header(rq, "Origin");

    if (origin != NULL) {
        if (!csrf_origin_known(rq, origin)) {
            return rq_format(rq, "Origin checking failed - %s does not match any trusted origins.", origin);
        }

    } else if (rq->scheme.len == 5) {
        fault = csrf_referer_fault(rq);
        if (fault != NULL) {
            return fault;
        }
    }

    cookie = rq_cookie(rq, "csrftoken");
    if (cookie == NULL) {
        return "CSRF cookie not set.";
    }

    switch (csrf_unmask(secret, cookie)) {
    case CSRF_BAD_LENGTH:
        return "CSRF cookie has incorrect length.";
    case CSRF_BAD_CHARACTERS:
        return "CSRF cookie has invalid characters.";
    default:
        break;
    }

    token = field != NULL && *field != '\0' ? field : rq_header(rq, "X-CSRFToken");
    if (token == NULL || *token == '\0') {
        return "CSRF token missing.";
    }

    switch (csrf_unmask(given, token)) {
    case CSRF_BAD_LENGTH:
        return rq_format(rq, "CSRF token from %s has incorrect length.", source);
    case CSRF_BAD_CHARACTERS:
        return rq_format(rq, "CSRF token from %s has invalid characters.", source);
    default:
        return same_bytes(secret, given, CSRF_SECRET) ? NULL : rq_format(rq, "CSRF token from %s incorrect.", source);
    }
}


static bool
session_read(rq_t *rq, const char *key)
{
    result_t  *result;
    ngx_uint_t generation = auth_generation();

    result = pg_query(rq,
                      "SELECT session_data, floor(extract(epoch FROM expire_date - now()) * 1000)::bigint"
                      " FROM django_session WHERE session_key = %s AND expire_date > now()", key);

    if (pg_rows(result) == 0) {
        session_drop_cookie(rq);
        return false;
    }

    if (!session_user(rq, pg_text(result, 0, 0))) {
        return false;
    }

    auth_session_keep(rq, key, generation, pg_int(result, 0, 1));

    return true;
}


static bool
session_user(rq_t *rq, const char *data)
{
    json_t     *members;
    result_t   *result;
    const char *id, *backend, *hash, *good;

    members = session_decode(rq->arena, rq->config->secret_key, data);
    if (members == NULL) {
        return false;
    }

    rq_own(rq, members);
    id = json_string_value(json_object_get(members, "_auth_user_id"));
    backend = json_string_value(json_object_get(members, "_auth_user_backend"));
    hash = json_string_value(json_object_get(members, "_auth_user_hash"));

    if (id == NULL || backend == NULL || hash == NULL || strcmp(backend, SESSION_BACKEND) != 0) {
        return false;
    }

    result = pg_query(rq,
                      "SELECT id, username, first_name, last_name, email, is_staff, password FROM main_user"
                      " WHERE id = %ld AND is_active", strtol(id, NULL, 10));

    if (pg_rows(result) == 0) {
        return false;
    }

    good = session_password_hash(rq->arena, rq->config->secret_key, pg_text(result, 0, 6));
    if (strlen(hash) != strlen(good) || !same_bytes(hash, good, strlen(good))) {
        session_end(rq);
        return false;
    }

    rq->user.id = pg_int(result, 0, 0);
    rq->user.username = pg_text(result, 0, 1);
    rq->user.first_name = pg_text(result, 0, 2);
    rq->user.last_name = pg_text(result, 0, 3);
    rq->user.email = pg_text(result, 0, 4);
    rq->user.is_staff = pg_bool(result, 0, 5);
    rq->user.by_session = true;

    return true;
}


static void
session_cookie(rq_t *rq, const char *key)
{
    reply_header(rq, "Set-Cookie", rq_format(rq, "sessionid=%s; expires=%s; HttpOnly; Max-Age=%d; Path=/; SameSite=Lax", key,
                                             session_date(rq, time(NULL) + SESSION_SECONDS), SESSION_SECONDS));
}


static void
session_drop_cookie(rq_t *rq)
{
    reply_header(rq, "Set-Cookie", "sessionid=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax");
}


static void
session_csrf_cookie(rq_t *rq, const char *secret)
{
    reply_header(rq, "Set-Cookie", rq_format(rq, "csrftoken=%s; expires=%s; Max-Age=%d; Path=/; SameSite=Lax", secret,
                                             session_date(rq, time(NULL) + CSRF_SECONDS), CSRF_SECONDS));
}


static const char *
session_date(rq_t *rq, time_t when)
{
    char      text[40];
    struct tm parts;

    gmtime_r(&when, &parts);
    strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts);

    return arena_text(rq->arena, text);
}


static bool
session_changes(rq_t *rq)
{
    static const str_t safe[] = {{3, (unsigned char *) "GET"}, {4, (unsigned char *) "HEAD"}, {7, (unsigned char *) "OPTIONS"},
                                 {5, (unsigned char *) "TRACE"}};

    for (size_t k = 0; k < sizeof(safe) / sizeof(safe[0]); k++) {
        if (rq->method.len == safe[k].len && memcmp(rq->method.data, safe[k].data, safe[k].len) == 0) {
            return false;
        }
    }

    return true;
}


/* The page's own origin, or a host that is served here, without a port. */
static bool
csrf_origin_known(rq_t *rq, const char *origin)
{
    const char *host = strstr(origin, "://");

    if (host == NULL) {
        return false;
    }

    if (strcmp(origin, rq_format(rq, "%.*s://%.*s", (int) rq->scheme.len, (char *) rq->scheme.data, (int) rq->host.len,
                                 (char *) rq->host.data)) == 0)
    {
        return true;
    }

    return (strncmp(origin, "http://", 7) == 0 || strncmp(origin, "https://", 8) == 0) && csrf_host_known(host + 3, strlen(host + 3));
}


static const char *
csrf_referer_fault(rq_t *rq)
{
    uri_t       parts;
    const char *referer = rq_header(rq, "Referer");

    if (referer == NULL) {
        return "Referer checking failed - no Referer.";
    }

    parts = uri_split(referer);
    if (parts.scheme.len == 0 || parts.authority.len == 0) {
        return "Referer checking failed - Referer is malformed.";
    }

    if (parts.scheme.len != 5 || strncasecmp((char *) parts.scheme.data, "https", 5) != 0) {
        return "Referer checking failed - Referer is insecure while host is secure.";
    }

    if ((parts.authority.len == rq->host.len && strncasecmp((char *) parts.authority.data, (char *) rq->host.data, rq->host.len) == 0)
        || csrf_host_known((char *) parts.authority.data, parts.authority.len))
    {
        return NULL;
    }

    return rq_format(rq, "Referer checking failed - %s does not match any trusted origins.", referer);
}


static bool
csrf_host_known(const char *host, size_t len)
{
    ngx_str_t *known = tator_process.conf->hosts.elts;

    for (ngx_uint_t k = 0; k < tator_process.conf->hosts.nelts; k++) {
        if (known[k].len == len && ngx_strncasecmp(known[k].data, (u_char *) host, len) == 0) {
            return true;
        }
    }

    return false;
}
