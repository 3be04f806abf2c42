/* Which addresses and origins foreign URLs may lead to (address.h). */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <netinet/in.h>

#include <tator/address.h>

typedef struct {
    uint32_t network;
    int      bits;
} range4_t;

typedef struct {
    unsigned char network[16];
    int           bits;
} range6_t;

#define V4(a, b, c, d) (((uint32_t) (a) << 24) | ((b) << 16) | ((c) << 8) | (d))

/* The special-purpose registry of IANA (RFC 6890), what is not globally reachable; multicast and reserved. */
static const range4_t closed4[] = {
    {V4(0, 0, 0, 0), 8},       {V4(10, 0, 0, 0), 8},     {V4(100, 64, 0, 0), 10},  {V4(127, 0, 0, 0), 8},
    {V4(169, 254, 0, 0), 16},  {V4(172, 16, 0, 0), 12},  {V4(192, 0, 0, 0), 24},   {V4(192, 0, 2, 0), 24},
    {V4(192, 88, 99, 0), 24},  {V4(192, 168, 0, 0), 16}, {V4(198, 18, 0, 0), 15},  {V4(198, 51, 100, 0), 24},
    {V4(203, 0, 113, 0), 24},  {V4(224, 0, 0, 0), 4},    {V4(240, 0, 0, 0), 4},
};

static const range6_t closed6[] = {
    {{0x01}, 8},                   /* 100::/8, discard-only in it */
    {{0x20, 0x01}, 23},            /* protocol assignments, Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x3f, 0xff}, 20},            /* documentation */
    {{0x5f}, 16},                  /* segment routing */
    {{0xfc}, 7},                   /* unique local */
    {{0xfe, 0x80}, 10},            /* link-local */
    {{0xfe, 0xc0}, 10},            /* site-local */
    {{0xff}, 8},                   /* multicast */
    {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48}, /* local translation */
};

static bool address_public4(uint32_t address);
static bool address_public6(const unsigned char *address);
static bool address_in(const unsigned char *address, const unsigned char *network, int bits);


bool
address_public(const struct sockaddr *address)
{
    switch (address->sa_family) {

    case AF_INET:
        return address_public4(ntohl(((const struct sockaddr_in *) (const void *) address)->sin_addr.s_addr));

    case AF_INET6:
        return address_public6(((const struct sockaddr_in6 *) (const void *) address)->sin6_addr.s6_addr);

    default:
        return false;
    }
}


char *
address_origin(const char *url, bool *any_port)
{
    char  *scheme = NULL, *host = NULL, *port = NULL, *given = NULL, *origin = NULL;
    size_t len;
    CURLU *parts;

    parts = curl_url();
    if (parts == NULL) {
        return NULL;
    }

    if (curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK && curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK
        && curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK
        && curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK
        && (strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0))
    {
        (void) curl_url_get(parts, CURLUPART_PORT, &given, 0);

        len = strlen(scheme) + strlen(host) + strlen(port) + 5;
        origin = malloc(len);
        if (origin != NULL) {
            snprintf(origin, len, "%s://%s:%s", scheme, host, port);
            for (char *p = origin; *p != '\0'; p++) {
                *p = (char) (*p >= 'A' && *p <= 'Z' ? *p | 0x20 : *p);
            }
        }

        if (any_port != NULL) {
            *any_port = given == NULL;
        }
    }

    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_free(given);
    curl_url_cleanup(parts);

    return origin;
}


bool
address_origin_listed(const char *list, const char *url)
{
    bool        listed = false, any_port;
    char        entry[512], *origin, *allowed;
    size_t      n, len;
    const char *p;

    origin = address_origin(url, NULL);
    if (origin == NULL) {
        return false;
    }

    for (p = list; p != NULL && *p != '\0' && !listed; p += n + (p[n] == ',')) {
        n = strcspn(p, ",");
        len = 0;

        for (size_t k = 0; k < n && len < sizeof(entry) - 1; k++) {
            if (p[k] != ' ' && p[k] != '\t') {
                entry[len++] = p[k];
            }
        }
        entry[len] = '\0';

        if (strcmp(entry, "*") == 0) {
            listed = true;
            break;
        }

        any_port = false;
        allowed = address_origin(entry, &any_port);
        if (allowed == NULL) {
            continue;
        }

        len = any_port ? (size_t) (strrchr(allowed, ':') - allowed) + 1 : strlen(allowed) + 1;
        listed = strncmp(allowed, origin, len) == 0 && (!any_port || strrchr(origin, ':') == origin + len - 1);
        free(allowed);
    }

    free(origin);

    return listed;
}


bool
address_same_origin(const char *one, const char *other)
{
    char *a = address_origin(one, NULL), *b = address_origin(other, NULL);
    bool  same = a != NULL && b != NULL && strcmp(a, b) == 0;

    free(a);
    free(b);

    return same;
}


static bool
address_public4(uint32_t address)
{
    for (size_t k = 0; k < sizeof(closed4) / sizeof(closed4[0]); k++) {
        if ((address ^ closed4[k].network) >> (32 - closed4[k].bits) == 0) {
            return false;
        }
    }

    return true;
}


static bool
address_public6(const unsigned char *address)
{
    size_t                     at;
    static const unsigned char zeros[12] = {0}, mapped[12] = {[10] = 0xff, [11] = 0xff}, nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    static const unsigned char six_to_four[2] = {0x20, 0x02};

    at = memcmp(address, mapped, 12) == 0 || memcmp(address, nat64, 12) == 0 ? 12 : memcmp(address, six_to_four, 2) == 0 ? 2 : 0;

    if (at != 0) { /* an IPv4 address in it decides */
        return address_public4(((uint32_t) address[at] << 24) | ((uint32_t) address[at + 1] << 16) | ((uint32_t) address[at + 2] << 8)
                               | address[at + 3]);
    }

    if (memcmp(address, zeros, 12) == 0) { /* unspecified, loopback, IPv4-compatible */
        return false;
    }

    for (size_t k = 0; k < sizeof(closed6) / sizeof(closed6[0]); k++) {
        if (address_in(address, closed6[k].network, closed6[k].bits)) {
            return false;
        }
    }

    return true;
}


static bool
address_in(const unsigned char *address, const unsigned char *network, int bits)
{
    int rest = bits % 8;

    if (memcmp(address, network, (size_t) bits / 8) != 0) {
        return false;
    }

    return rest == 0 || ((address[bits / 8] ^ network[bits / 8]) >> (8 - rest)) == 0;
}
