/*
 * Who asks: Signature Version 4, in the query (presigned URLs) or in the Authorization header. There is one pair of keys; whoever can
 * sign with it may do everything.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "objects.h"


#define AUTH_ALGORITHM "AWS4-HMAC-SHA256"
#define AUTH_SIGNED    64 /* most headers that a signature may cover */

/* What query and header spell differently. */
typedef struct {
    const char *credential, *date, *names, *signature;
    char       *key, *scope; /* the two parts of credential */
    char       *day, *region;
    bool        in_query;
} auth_t;


static bool auth_from_query(objects_request_t *request, auth_t *auth);
static bool auth_from_header(objects_request_t *request, auth_t *auth);
static bool auth_scope(objects_request_t *request, auth_t *auth);
static bool auth_in_time(objects_request_t *request, const auth_t *auth);
static bool auth_signed_headers(objects_request_t *request, const auth_t *auth, pair_t *headers, size_t *n);
static bool auth_signature(objects_request_t *request, const auth_t *auth, pair_t *headers, size_t n);
static bool auth_list_has(const char *list, const char *name);
static bool auth_payload(objects_request_t *request, const auth_t *auth);


bool
objects_authenticate(objects_request_t *request)
{
    auth_t auth;
    size_t n;
    pair_t headers[AUTH_SIGNED];

    memset(&auth, 0, sizeof(auth));
    auth.in_query = objects_query(request, "X-Amz-Algorithm") != NULL;

    if (!auth.in_query && objects_header(request, "authorization") == NULL) {
        return objects_fail(request, "AccessDenied");
    }

    if (auth.in_query ? !auth_from_query(request, &auth) : !auth_from_header(request, &auth)) {
        return false;
    }

    return auth_scope(request, &auth) && auth_in_time(request, &auth) && auth_payload(request, &auth)
        && auth_signed_headers(request, &auth, headers, &n) && auth_signature(request, &auth, headers, n);
}


static bool
auth_from_query(objects_request_t *request, auth_t *auth)
{
    auth->credential = objects_query(request, "X-Amz-Credential");
    auth->date = objects_query(request, "X-Amz-Date");
    auth->names = objects_query(request, "X-Amz-SignedHeaders");
    auth->signature = objects_query(request, "X-Amz-Signature");

    if (auth->credential == NULL || auth->date == NULL || auth->names == NULL || auth->signature == NULL
        || objects_query(request, "X-Amz-Expires") == NULL || strcmp(objects_query(request, "X-Amz-Algorithm"), AUTH_ALGORITHM) != 0)
    {
        return objects_fail(request, "AuthorizationQueryParametersError");
    }

    return true;
}


/* AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=… */
static bool
auth_from_header(objects_request_t *request, auth_t *auth)
{
    char        *text, *word, *rest;
    size_t       i, n;
    const char **places[] = {&auth->credential, &auth->names, &auth->signature};

    static const char *const names[] = {"Credential=", "SignedHeaders=", "Signature="};

    text = arena_text(request->arena, objects_header(request, "authorization"));
    n = sizeof(AUTH_ALGORITHM) - 1;

    if (strncmp(text, AUTH_ALGORITHM " ", n + 1) != 0) {
        return objects_fail(request, "AuthorizationHeaderMalformed");
    }

    for (word = strtok_r(text + n, ", ", &rest); word != NULL; word = strtok_r(NULL, ", ", &rest)) {
        for (i = 0; i < 3; i++) {
            if (strncmp(word, names[i], strlen(names[i])) == 0) {
                *places[i] = word + strlen(names[i]);
            }
        }
    }

    auth->date = objects_header(request, "x-amz-date");

    if (auth->credential == NULL || auth->names == NULL || auth->signature == NULL || auth->date == NULL) {
        return objects_fail(request, "AuthorizationHeaderMalformed");
    }

    return true;
}


/* KEY/20130524/us-east-1/s3/aws4_request: any region is ours. */
static bool
auth_scope(objects_request_t *request, auth_t *auth)
{
    char *p, *service;

    auth->key = arena_text(request->arena, auth->credential);
    p = strchr(auth->key, '/');
    if (p == NULL) {
        return objects_fail(request, "AuthorizationHeaderMalformed");
    }
    *p++ = '\0';

    auth->scope = arena_text(request->arena, p);
    auth->day = p;
    p = strchr(p, '/');
    auth->region = p != NULL ? p + 1 : NULL;
    service = auth->region != NULL ? strchr(auth->region, '/') : NULL;

    if (service == NULL || p - auth->day != 8 || strncmp(auth->day, auth->date, 8) != 0 || strcmp(service, "/s3/aws4_request") != 0) {
        return objects_fail(request, "AuthorizationHeaderMalformed");
    }
    *p = '\0';
    *service = '\0';

    if (strlen(auth->key) != strlen(request->store->access_key) || !same_bytes(auth->key, request->store->access_key, strlen(auth->key))) {
        return objects_fail(request, "InvalidAccessKeyId");
    }

    return true;
}


static bool
auth_in_time(objects_request_t *request, const auth_t *auth)
{
    char       *end;
    long        seconds;
    time_t      date;
    const char *expires;

    date = sigv4_time(auth->date);
    if (date < 0) {
        return objects_fail(request, "AuthorizationHeaderMalformed");
    }

    if (!auth->in_query) {
        return llabs((long long) (request->now - date)) <= OBJECTS_SKEW ? true : objects_fail(request, "RequestTimeTooSkewed");
    }

    expires = objects_query(request, "X-Amz-Expires");
    seconds = strtol(expires, &end, 10);
    if (end == expires || *end != '\0' || seconds < 1 || seconds > 604800) {
        return objects_fail(request, "AuthorizationQueryParametersError");
    }

    if (date > request->now + OBJECTS_SKEW || request->now > date + seconds) {
        return objects_fail(request, "ExpiredRequest");
    }

    return true;
}


static bool
auth_payload(objects_request_t *request, const auth_t *auth)
{
    const char   *payload;
    unsigned char hash[SHA256_LENGTH];

    payload = objects_header(request, "x-amz-content-sha256");

    /* A presigned URL leaves the body to whoever uses it, unless it says otherwise. */
    if (auth->in_query && !auth_list_has(auth->names, "x-amz-content-sha256")) {
        payload = objects_query(request, "X-Amz-Content-Sha256");
        payload = payload != NULL ? payload : SIGV4_UNSIGNED;
    }

    if (payload == NULL) {
        return objects_fail(request, "MissingSecurityHeader");
    }

    request->payload = payload;
    request->date = auth->date;
    request->scope = auth->scope;

    if (strcmp(payload, SIGV4_UNSIGNED) == 0 || strncmp(payload, "STREAMING-", 10) == 0) {
        return true;
    }

    return strlen(payload) == 2 * SHA256_LENGTH && hex_decode(hash, payload, SHA256_LENGTH) ? true : objects_fail(request, "InvalidArgument");
}


/* The values of the headers that the signature names. The host must be one of them, and whatever x-amz-… the request carries. */
static bool
auth_signed_headers(objects_request_t *request, const auth_t *auth, pair_t *headers, size_t *n)
{
    char       *names, *name, *rest;
    size_t      i;
    const char *value;

    *n = 0;
    names = arena_text(request->arena, auth->names);

    for (name = strtok_r(names, ";", &rest); name != NULL; name = strtok_r(NULL, ";", &rest)) {
        if (*n == AUTH_SIGNED) {
            return objects_fail(request, "AuthorizationHeaderMalformed");
        }

        value = objects_header(request, name);
        headers[(*n)++] = (pair_t) {name, value != NULL ? value : ""};
    }

    if (!auth_list_has(auth->names, "host")) {
        return objects_fail(request, "SignatureDoesNotMatch");
    }

    for (i = 0; i < request->n_headers; i++) {
        name = (char *) request->headers[i].name;

        if (strncmp(name, "x-amz-", 6) == 0 && !auth_list_has(auth->names, name) && strcmp(name, "x-amz-content-sha256") != 0
            && strcmp(name, "x-amz-user-agent") != 0)
        {
            return objects_fail(request, "AccessDenied");
        }
    }

    return true;
}


static bool
auth_signature(objects_request_t *request, const auth_t *auth, pair_t *headers, size_t n)
{
    char            made[2 * SHA256_LENGTH + 1];
    pair_t         *query, *host;
    size_t          i;
    const char    **other;
    sigv4_request_t signed_request;

    if (strlen(auth->signature) != 2 * SHA256_LENGTH) {
        return objects_fail(request, "SignatureDoesNotMatch");
    }

    query = arena_alloc(request->arena, (request->n_query + 1) * sizeof(pair_t));
    signed_request.n_query = 0;
    for (i = 0; i < request->n_query; i++) {
        if (strcmp(request->query[i].name, "X-Amz-Signature") != 0) {
            query[signed_request.n_query++] = request->query[i];
        }
    }

    signed_request.method = request->method;
    signed_request.path = request->path;
    signed_request.path_len = request->path_len;
    signed_request.query = query;
    signed_request.headers = headers;
    signed_request.n_headers = n;
    signed_request.payload = request->payload;

    sigv4_key(request->signing_key, request->store->secret_key, auth->day, auth->region, "s3");

    /* The host that the client sent, then those that a proxy before us may have replaced. */
    for (other = request->store->hosts; /* void */; other++) {
        sigv4_signature(
            made, request->signing_key,
            sigv4_string_to_sign(request->arena, AUTH_ALGORITHM, auth->date, auth->scope, sigv4_canonical(request->arena, &signed_request))
        );

        if (same_bytes(made, auth->signature, 2 * SHA256_LENGTH)) {
            request->signature = arena_text(request->arena, made);
            return true;
        }

        if (*other == NULL) {
            return objects_fail(request, "SignatureDoesNotMatch");
        }

        /* Sorting may have moved it. */
        for (host = headers; strcmp(host->name, "host") != 0; host++) {
            /* void */
        }
        host->value = *other;
    }
}


/* `name` is an element of "a;b;c". */
static bool
auth_list_has(const char *list, const char *name)
{
    size_t n;

    n = strlen(name);

    for (/* void */; list != NULL; list = strchr(list, ';') != NULL ? strchr(list, ';') + 1 : NULL) {
        if (strncmp(list, name, n) == 0 && (list[n] == ';' || list[n] == '\0')) {
            return true;
        }
    }

    return false;
}
