/* What must not be read in logs. Pure: no request, no NGINX. */

#ifndef TATOR_SECRETS_H
#define TATOR_SECRETS_H

#include <stddef.h>

/*
 * Replaces secrets in a line of a log by stars, in place: the values of parameters, members and headers that are known to hold
 * some (reset_token=…, X-Amz-Signature=…, "password": "…", Authorization: …), also where the text is percent-encoded; keys after
 * Token and Bearer; passwords in URLs. Returns the new length, never more than `len`; the text behind it is undefined.
 */
size_t secrets_mask(char *text, size_t len);

#endif
