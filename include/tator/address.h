/* Which addresses and origins foreign URLs may lead to. Pure: no request, no NGINX. */

#ifndef TATOR_ADDRESS_H
#define TATOR_ADDRESS_H

#include <stdbool.h>

#include <sys/socket.h>

/*
 * false: private, loopback, link-local, shared (CGNAT), multicast, reserved and documentation ranges (RFC 6890), IPv6 that
 * embeds such an IPv4 address, and every other family.
 */
bool address_public(const struct sockaddr *address);

/* malloc'ed "scheme://host:port" of an http(s) URL, lower case, or NULL. *any_port: "scheme://host" without port was given. */
char *address_origin(const char *url, bool *any_port);

/*
 * The URL's origin is in a comma list of origins; an entry without port holds for every port of that host, "*" for
 * everything. NULL or empty: no.
 */
bool address_origin_listed(const char *list, const char *url);

/* Whether two http(s) URLs are of one origin. */
bool address_same_origin(const char *one, const char *other);

#endif
